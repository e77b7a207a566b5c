//! `warmhall serve`: opens a hall and its doors, says where to go, and closes everything when told to.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use super::args::ServeArgs;
use super::fault::Fault;
use super::hall::{self, OpenHall};
use super::{demo, log};
use crate::addresses::AddressBook;
use crate::announcer::{BoardSounds, SpeakerState};
use crate::domain::profile::Profile;
use crate::domain::text::Language;
use crate::keeper;
use crate::settings::{self, Settings};
use crate::store::{self, ChildState};
use crate::web::health::Voice;
use crate::web::{self, AppState, Demo, Health, Parts, SetUp, Sounds, WebSettings};

/// How long answers under way may take when the doors close.
const DOORS_CLOSE: Duration = Duration::from_millis(700);
/// How long tasks that are still busy may take at the very end.
const LAST_TASKS: Duration = Duration::from_millis(100);
const BYTES_PER_MIB: u64 = 1024 * 1024;

pub(super) fn serve(args: ServeArgs) -> Result<(), Fault> {
    let mut settings = args.place.settings()?;
    if let Some(listen) = args.listen {
        settings.listen = listen;
    }
    if args.hall_file.is_some() {
        settings.hall_file = args.hall_file;
    }
    log::start(&settings.log)?;
    let profile = settings::hall_profile(&settings)?;
    run(&Opening { settings, profile, people: None })
}

/// A hall to be opened.
pub(super) struct Opening {
    pub(super) settings: Settings,
    pub(super) profile: Profile,
    /// The people of a demo hall.
    pub(super) people: Option<demo::People>,
}

/// Opens the hall and serves it until the process is told to end.
pub(super) fn run(opening: &Opening) -> Result<(), Fault> {
    let listener = listen(opening.settings.listen)?;
    // One thread for the keeper, the feed and the store; requests have threads of their own and cannot starve them. One, because they
    // hand each press to one another: between threads, each time would cost a wake-up. And first come, first served: whoever is woken
    // first goes first.
    let runtime = tokio::runtime::Builder::new_current_thread().thread_name("hall").enable_all().build();
    let runtime = runtime.map_err(|error| Fault::of("无法启动", "cannot start", &error))?;
    let ended = runtime.block_on(until_closed(opening, listener));
    runtime.shutdown_timeout(LAST_TASKS);
    ended
}

/// Takes the port before anything else is started, so that a taken one costs nothing.
#[expect(clippy::wildcard_enum_match_arm, reason = "the list of the system is not ours and grows")]
fn listen(address: SocketAddr) -> Result<TcpListener, Fault> {
    use std::io::ErrorKind;
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => Fault::taken(format!(
            "端口被占用：{address}。可能暖厅已在运行；或用 --listen 换一个端口。\n\
             {address} is taken. Warmhall may be running already; or choose another port with --listen."
        )),
        ErrorKind::PermissionDenied => Fault::failed(format!(
            "没有权限监听 {address}：1024 以下的端口需要管理员权限，请用 --listen 换一个。\n\
             {address} may not be listened on: ports below 1024 need privileges; choose another with --listen."
        )),
        ErrorKind::AddrNotAvailable => Fault::usage(format!(
            "本机没有地址 {address}。用 0.0.0.0 监听所有网卡。\n\
             This machine has no address {address}. 0.0.0.0 listens on every network."
        )),
        _ => Fault::of(&format!("无法监听 {address}"), &format!("cannot listen on {address}"), &error),
    })
}

/// The signals that close the hall.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn watch() -> Result<Self, Fault> {
        let of = |kind| signal(kind).map_err(|error| Fault::of("无法接收信号", "signals cannot be received", &error));
        Ok(Self { terminate: of(SignalKind::terminate())?, interrupt: of(SignalKind::interrupt())? })
    }

    async fn come(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn until_closed(opening: &Opening, listener: TcpListener) -> Result<(), Fault> {
    let mut ends = Ends::watch()?;
    let settings = &opening.settings;
    let hall = tokio::select! {
        opened = hall::open(settings, opening.profile.clone()) => opened?,
        () = ends.come() => return Ok(()),
    };
    match serve_doors(opening, &hall, listener, &mut ends).await {
        Ok(()) => tracing::info!("the doors are closed"),
        Err(fault) => {
            hall.close().await;
            return Err(fault);
        }
    }
    hall.close().await;
    Ok(())
}

/// Why the doors close.
enum Ending {
    /// Somebody said so.
    Told,
    /// The web server is over by itself.
    Server(std::io::Result<()>),
    /// Whoever decides is gone: every request would be refused for ever.
    Keeper,
}

/// Opens the doors and waits for a signal, or for the server's or the keeper's own end.
async fn serve_doors(opening: &Opening, hall: &OpenHall, listener: TcpListener, ends: &mut Ends) -> Result<(), Fault> {
    let settings = &opening.settings;
    let server_fault = |error: &dyn std::fmt::Display| Fault::of("服务器无法运行", "the server cannot run", error);
    let address = listener.local_addr().map_err(|error| server_fault(&error))?;
    let new = hall.keeper.read(|hall| !hall.access.has_admin());
    let (setup, secret) = match &opening.people {
        None if new => SetUp::draw().map(|(setup, secret)| (Some(setup), Some(secret))).map_err(|error| server_fault(&error))?,
        None | Some(_) => (None, None),
    };
    let demo = match &opening.people {
        Some(people) => Some(Arc::new(people.settle_in(&hall.keeper).await?)),
        None => None,
    };
    let state = AppState::new(parts(settings, hall, setup, demo.clone())?);
    let (live, telephony) = (state.go_live(hall.feed.clone()), state.telephony.clone());
    let simulation = demo.as_ref().zip(opening.people.as_ref());
    let simulation = simulation.map(|(demo, people)| people.start(&hall.keeper, &state.forecaster, demo.simulation.subscribe()));
    let mut server = web::serve(state, listener, settings.workers()).map_err(|error| server_fault(&error))?;
    let handle = server.handle();
    greet(settings, address, secret.as_deref(), demo.as_deref());
    let ended = tokio::select! {
        ended = &mut server => Ending::Server(ended),
        () = ends.come() => Ending::Told,
        () = hall.keeper.ended() => Ending::Keeper,
    };
    simulation.into_iter().flatten().for_each(|person| person.abort());
    telephony.close();
    match ended {
        Ending::Server(Ok(())) => Err(Fault::failed("服务器意外结束 / the server ended unasked")),
        Ending::Server(Err(error)) => Err(server_fault(&error)),
        Ending::Told | Ending::Keeper => {
            live.close().await;
            close_doors(&handle, server).await;
            // What is committed is in the journal: whoever starts us again finds the hall as it was.
            let crashed = "内部故障，业务处理已停止；请查看日志并重新启动，已记录的内容都在。\n\
                           A fault of ours stopped the keeper. See the log and start again; everything recorded is there.";
            if matches!(ended, Ending::Keeper) { Err(Fault::failed(crashed)) } else { Ok(()) }
        }
    }
}

/// Lets nobody in any more, and those inside finish, but not for long.
async fn close_doors(handle: &ServerHandle, server: actix_web::dev::Server) {
    let stop = handle.stop(true);
    if timeout(DOORS_CLOSE, async { tokio::join!(stop, server) }).await.is_err() {
        tracing::info!("some connections were cut when the doors closed");
    }
}

fn parts(settings: &Settings, hall: &OpenHall, setup: Option<SetUp>, demo: Option<Arc<Demo>>) -> Result<Parts, Fault> {
    let origins = settings.public_url.iter().map(|url| url.origin().ascii_serialization()).collect();
    let public_url = settings.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    let tls = settings.tls_in_front || settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    let sounds = BoardSounds { feed: hall.feed.clone(), studio: Arc::clone(&hall.studio), settings: settings.voice.clone() };
    let telephony = settings.telephony.plan()?;
    Ok(Parts {
        keeper: hall.keeper.clone(),
        settings: WebSettings {
            tls,
            trusted_proxies: settings.trusted_proxies.clone(),
            origins,
            public_url,
            records_days_kept: settings.history.records_days_kept,
            telephony,
        },
        health: health(settings, hall),
        setup,
        history: hall.history.clone(),
        sounds: Some(Arc::new(Boards(sounds))),
        demo,
        addresses: AddressBook::open(&settings.data_dir),
    })
}

/// The announcer's sounds as the doors want them.
struct Boards(BoardSounds);

impl Sounds for Boards {
    fn wav(&self, rev: u64, languages: Vec<Language>) -> BoxFuture<'_, Result<Option<Bytes>, keeper::Fault>> {
        let heard = async move { self.0.wav(rev, &languages).await };
        heard.map_err(|_the_feed_stands_still| keeper::Fault::Away).boxed()
    }
}

fn health(settings: &Settings, hall: &OpenHall) -> Health {
    let dir = settings.data_dir.clone();
    let child = hall.store.child.as_ref().map(store::PrivateRedis::health);
    let voice = hall.voice.clone();
    let history = hall.history.as_ref().map(crate::history::History::health);
    Health {
        disk_free_mib: Arc::new(move || store::free_bytes(&dir).ok().map(|bytes| bytes / BYTES_PER_MIB)),
        redis_runs: Arc::new(move || {
            child.as_ref().is_none_or(|health| matches!(health.borrow().state, ChildState::Ready | ChildState::DiskFull))
        }),
        voice: Arc::new(move || match &voice.borrow().speaker {
            SpeakerState::Playing | SpeakerState::Idle => Voice::Ok,
            SpeakerState::NoDevice(reason) => Voice::NoDevice(reason.clone()),
            SpeakerState::Off(_) => Voice::Off,
        }),
        history_lag_events: Arc::new(move || history.as_ref().map_or(0, |health| health.borrow().lag_events())),
    }
}

/// Says where to go.
fn greet(settings: &Settings, listening: SocketAddr, setup_secret: Option<&str>, demo: Option<&Demo>) {
    let base = match &settings.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("http://{}", reachable(listening)),
    };
    let mut text = format!("\n暖厅已开门 / Warmhall is open:  {base}/\n");
    if let Some(secret) = setup_secret {
        text.push_str(&format!(
            "\n首次使用：打开这个一次性链接，建立管理员 / First use: this one-time link creates the administrator:\n  {base}/setup?token={secret}\n"
        ));
    }
    if let Some(demo) = demo {
        text.push_str(&demo::leaflet(demo, &base));
    }
    if !listening.ip().is_loopback() && !settings.tls_in_front {
        text.push_str(
            "\n注意：局域网可以访问，且未经加密。请放在可信的网络里，或前置 HTTPS 代理。\n\
             Note: the network can reach this server, and nothing is encrypted. Keep it in a trusted network, or behind an HTTPS proxy.\n",
        );
    }
    text.push_str("\n关闭：Ctrl-C / To close: Ctrl-C\n\n");
    // Nobody reads it where the output is closed; the hall is open all the same.
    let _closed = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
}

/// An address that a browser on this machine can open.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => listening.ip(),
    };
    SocketAddr::new(ip, listening.port())
}
