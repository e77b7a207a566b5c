//! What the doors share: the keeper, what this server is set to, and the seams to history, sound and demonstration.

use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::forecaster::Forecaster;
use super::health::Health;
use super::limits::Limits;
use super::live::{self, Live};
use super::metrics::Metrics;
use super::passwords::Passwords;
use super::sessions::{IdleTimes, UsedClaims};
use super::setup::SetUp;
use super::views::HealthBrief;
use super::{headers, routes};
use crate::addresses::AddressBook;
use crate::domain::actor::Role;
use crate::domain::text::{Language, Text};
use crate::feed::Feed;
use crate::history::History;
use crate::keeper::{Fault, HallKeeper};
use crate::settings::telephony::TelephonyPlan;
use crate::telephony::Telephony;

/// What the doors are set to.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Browsers reach the server through TLS (its own or a proxy's): cookies are `Secure`, HSTS is sent.
    pub tls: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origins beside the request's own host that browsers may come from, e.g. `https://hall.example`.
    pub origins: Vec<String>,
    /// What the links on tickets begin with, e.g. `https://hall.example`; without it they begin where the browser is.
    pub public_url: Option<String>,
    /// Days for which calls and orders are kept in history after their end; 0 where nobody says how long.
    pub records_days_kept: u32,
    /// Which telephone exchanges are listened to.
    pub telephony: TelephonyPlan,
}

/// Where the sound of a call comes from.
pub trait Sounds: Send + Sync + 'static {
    /// The WAV of what is said at this revision, in these languages in order, or as the lobby hears it where none is named;
    /// `None` where nothing is said. Asked only for what is committed.
    fn wav(&self, rev: u64, languages: Vec<Language>) -> BoxFuture<'_, Result<Option<Bytes>, Fault>>;
}

/// A hall that is tried out: what the start page hands over. Never set in a real hall.
pub struct Demo {
    pub accounts: Vec<DemoAccount>,
    pub devices: Vec<DemoDevice>,
    pub screens: Vec<(String, Text)>,
    /// Whether simulated customers come and go.
    pub simulation: tokio::sync::watch::Sender<bool>,
}

/// A staff account of a demonstration.
pub struct DemoAccount {
    pub username: String,
    pub password: String,
    pub roles: Vec<Role>,
}

/// A device of a demonstration.
pub struct DemoDevice {
    pub kind: Role,
    pub name: String,
    pub token: String,
}

/// What [`AppState::new`] is made from.
pub struct Parts {
    pub keeper: HallKeeper,
    pub settings: WebSettings,
    pub health: Health,
    /// The digest of the one-time set-up secret, where the hall has no administrator.
    pub setup: Option<SetUp>,
    /// What remembers longer than the journal and the hall do.
    pub history: Option<History>,
    pub sounds: Option<Arc<dyn Sounds>>,
    pub demo: Option<Arc<Demo>>,
    pub addresses: AddressBook,
}

/// What the doors share; one for all workers, behind `web::Data`.
pub struct AppState {
    pub keeper: HallKeeper,
    pub settings: WebSettings,
    pub health: Health,
    pub setup: Option<SetUp>,
    pub history: Option<History>,
    pub sounds: Option<Arc<dyn Sounds>>,
    pub demo: Option<Arc<Demo>>,
    /// Where people live, and who works there.
    pub addresses: AddressBook,
    pub forecaster: Forecaster,
    pub limits: Limits,
    pub idle: Arc<IdleTimes>,
    pub claims: UsedClaims,
    pub passwords: Passwords,
    pub metrics: Metrics,
    /// The telephone exchanges.
    pub telephony: Telephony,
    /// Set once the feed runs.
    live: OnceLock<Live>,
}

impl AppState {
    /// Makes the shared state and starts the forecaster and the lines to exchanges on the current tokio runtime.
    #[must_use]
    pub fn new(parts: Parts) -> web::Data<Self> {
        let Parts { keeper, settings, health, setup, history, sounds, demo, addresses } = parts;
        web::Data::new(Self {
            forecaster: Forecaster::start(keeper.clone()),
            limits: Limits::default(),
            idle: Arc::default(),
            claims: UsedClaims::default(),
            passwords: Passwords::default(),
            metrics: Metrics::default(),
            telephony: Telephony::start(&settings.telephony, keeper.clock().clone(), Arc::new(keeper.clone())),
            live: OnceLock::new(),
            keeper,
            settings,
            health,
            setup,
            history,
            sounds,
            demo,
            addresses,
        })
    }

    /// Starts the live line from a feed of the keeper's journal, on the current tokio runtime. Close it before the server is
    /// stopped: its sockets are then told to come back.
    pub fn go_live(&self, feed: Feed) -> Live {
        let (forecaster, health, idle) = (self.forecaster.clone(), self.health.clone(), Arc::clone(&self.idle));
        let options = live::Options {
            waits: Arc::new(move || forecaster.latest()),
            health: Arc::new(move || HealthBrief::of(&health)),
            is_idle: Arc::new(move |session, now| idle.is_over(session, now.timestamp_millis())),
            demo: self.demo.is_some(),
            sockets_max: live::SOCKETS_MAX,
            anonymous_max: live::ANONYMOUS_SOCKETS_MAX,
        };
        self.live.get_or_init(|| Live::start(self.keeper.clone(), feed, options)).clone()
    }

    /// The live line, once it runs.
    #[must_use]
    pub fn live(&self) -> Option<&Live> {
        self.live.get()
    }

    /// The time, from the keeper's clock.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.keeper.clock().now()
    }
}

/// A browser or device is cut off when its request head takes longer, in seconds.
const HEAD_S_MAX: u64 = 10;
/// An idle connection is kept this long, in seconds.
const KEEP_ALIVE_S: u64 = 75;
/// A connection that closes gets this long for the rest, in seconds.
const CLOSING_S_MAX: u64 = 2;
/// When told to stop, answers under way get this long, in seconds.
const SHUTDOWN_S_MAX: u64 = 5;
/// Connections of one worker.
const CONNECTIONS_MAX: usize = 20_000;

/// Adds every door to an actix application; what has to stand around them is [`headers::wrap`].
pub fn configure(config: &mut web::ServiceConfig, state: web::Data<AppState>) {
    config.app_data(state);
    config.app_data(web::Data::new(live::Local::default()));
    routes::configure(config);
}

/// Serves every door on a listening socket until told to stop; signals are the caller's.
///
/// # Errors
/// When the socket cannot be served.
pub fn serve(state: web::Data<AppState>, listener: TcpListener, workers: usize) -> std::io::Result<Server> {
    let factory = move || App::new().configure(|config| configure(config, state.clone())).wrap(from_fn(headers::wrap));
    let server = HttpServer::new(factory)
        .workers(workers)
        .max_connections(CONNECTIONS_MAX)
        .client_request_timeout(Duration::from_secs(HEAD_S_MAX))
        .client_disconnect_timeout(Duration::from_secs(CLOSING_S_MAX))
        .keep_alive(Duration::from_secs(KEEP_ALIVE_S))
        .shutdown_timeout(SHUTDOWN_S_MAX)
        // A connection's buffer takes another piece only while it holds less than one.
        .h1_write_buffer_size(live::PIECE_BYTES_MAX)
        .on_connect(live::mind_the_line)
        .disable_signals()
        .listen(listener)?;
    Ok(server.run())
}
