//! Holds the connection that carries a journal's commands, and says of each failure whether it may have been applied.
//!
//! Not the client's own reconnecting manager: that one cannot tell "could not connect" (surely not applied) from
//! "the answer was lost" (maybe applied), and the keeper's honesty stands on the difference.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    Value,
};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::JournalError;

/// How long one answer may take. A slow disk sync is waited for; a stopped Redis is given up in time for the caller.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(1_500);
/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(400);
/// How long the first caller after a loss tries to connect: a private Redis is back within this.
const CONNECT_PATIENCE: Duration = Duration::from_millis(800);
/// Pause between attempts to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(20);
/// Unanswered requests in a row after which a connection is given up.
const UNANSWERED_MAX: u32 = 3;
/// Requests that may wait inside the connection.
const PIPELINE_REQUESTS_MAX: usize = 256;

/// Refusals that Redis gives before it has changed anything.
const REFUSED_WHOLE: [&str; 16] = [
    "LOADING",
    "READONLY",
    "MISCONF",
    "OOM",
    "BUSY",
    "MASTERDOWN",
    "NOREPLICAS",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MOVED",
    "ASK",
    "NOAUTH",
    "WRONGPASS",
    "NOPERM",
    "NOSCRIPT",
    "CROSSSLOT",
];

/// Where a Redis listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisAddress {
    /// The unix socket of a private Redis.
    Socket(PathBuf),
    /// `redis://…` or `unix://…` of a Redis kept by somebody else.
    Url(String),
}

impl RedisAddress {
    /// The address as a client understands it. Errors are about the text of a URL only; nothing is connected.
    pub(crate) fn client(&self) -> Result<Client, RedisError> {
        let info = match self {
            Self::Socket(path) => ConnectionAddr::Unix(path.clone()).into_connection_info()?,
            Self::Url(url) => url.as_str().into_connection_info()?,
        };
        // RESP3, because only then does the connection say at once that it was lost.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Client::open(info.set_redis_settings(settings))
    }

    /// The unix socket, when it is one given as a path.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        match self {
            Self::Socket(path) => Some(path),
            Self::Url(_) => None,
        }
    }
}

/// How asking failed.
#[derive(Debug, Clone)]
pub(crate) enum LinkError {
    /// No connection: surely not applied.
    NotSent(String),
    /// Redis refused before changing anything: surely not applied.
    Refused(String),
    /// Redis answered with an error that may come from the middle of something.
    Failed(String),
    /// Sent, or perhaps sent, and no answer.
    NoAnswer(String),
}

impl From<LinkError> for JournalError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::NotSent(why) | LinkError::Refused(why) => Self::Away(why),
            LinkError::Failed(why) | LinkError::NoAnswer(why) => Self::Unknown(why),
        }
    }
}

#[derive(Clone)]
struct Live {
    connection: MultiplexedConnection,
    id: i64,
    lost: Arc<AtomicBool>,
    unanswered: Arc<AtomicU32>,
}

#[derive(Default)]
struct Slot {
    live: Option<Live>,
    /// A connection given up without an answer: Redis may still hold requests it sent.
    abandoned: Option<i64>,
}

/// One connection for commands, made again when it is lost.
pub(crate) struct Link {
    client: Client,
    slot: Mutex<Slot>,
    /// One caller connects; the others wait for what it finds.
    turn: Semaphore,
    /// The last attempt to connect failed: callers then try once instead of waiting.
    down: AtomicBool,
    /// Attempts that have ended: whoever waited for one that failed does not try again behind it.
    attempts: AtomicU64,
}

impl Link {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            slot: Mutex::new(Slot::default()),
            turn: Semaphore::new(1),
            down: AtomicBool::new(false),
            attempts: AtomicU64::new(0),
        }
    }

    /// Sends one command and gives its answer.
    pub(crate) async fn ask(&self, command: &Cmd) -> Result<Value, LinkError> {
        let mut live = self.live().await?;
        match command.query_async::<Value>(&mut live.connection).await {
            Ok(value) => {
                live.unanswered.store(0, Ordering::Relaxed);
                Ok(value)
            }
            Err(error) => Err(self.judge(&live, &error)),
        }
    }

    /// Sends one command over a connection that is made for it and closed behind it: a large text holds nobody up who asks meanwhile,
    /// and no buffer keeps its size.
    pub(crate) async fn ask_apart(&self, command: &Cmd) -> Result<Value, LinkError> {
        let asked = async {
            let mut connection = self.own_connection().await?;
            let answered = command.query_async::<Value>(&mut connection).await;
            answered.map_err(|error| refusal(&error).unwrap_or_else(|| LinkError::NoAnswer(error.to_string())))
        };
        timeout(RESPONSE_TIMEOUT, asked).await.unwrap_or_else(|_elapsed| Err(no_answer_in_time()))
    }

    /// A connection of its own without a time limit on answers, for commands that block.
    pub(crate) async fn own_connection(&self) -> Result<MultiplexedConnection, LinkError> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT)).set_response_timeout(None);
        self.client.get_multiplexed_async_connection_with_config(&config).await.map_err(|error| LinkError::NotSent(error.to_string()))
    }

    fn judge(&self, live: &Live, error: &RedisError) -> LinkError {
        if let Some(refused) = refusal(error) {
            live.unanswered.store(0, Ordering::Relaxed);
            if error.code() == Some("READONLY") {
                // Demoted to a replica: the next connection may find the new master.
                live.lost.store(true, Ordering::Release);
            }
            return refused;
        }
        if error.is_timeout() {
            // The connection is kept, so that a later read stands in line behind what was sent and settles it.
            if live.unanswered.fetch_add(1, Ordering::AcqRel) + 1 >= UNANSWERED_MAX {
                self.abandon(live);
            }
            return no_answer_in_time();
        }
        live.lost.store(true, Ordering::Release);
        LinkError::NoAnswer(error.to_string())
    }

    fn abandon(&self, live: &Live) {
        live.lost.store(true, Ordering::Release);
        let mut slot = self.slot();
        if slot.live.as_ref().is_some_and(|current| current.id == live.id) {
            slot.live = None;
            slot.abandoned = Some(live.id);
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Option<Live> {
        self.slot().live.as_ref().filter(|live| !live.lost.load(Ordering::Acquire)).cloned()
    }

    async fn live(&self) -> Result<Live, LinkError> {
        if let Some(live) = self.current() {
            return Ok(live);
        }
        let waited_for = self.attempts.load(Ordering::Acquire);
        let _turn = self.turn.acquire().await.map_err(|closed| LinkError::NotSent(closed.to_string()))?;
        if let Some(live) = self.current() {
            return Ok(live);
        }
        if self.attempts.load(Ordering::Acquire) != waited_for {
            return Err(LinkError::NotSent("nothing listens".to_owned()));
        }
        let found = if self.down.load(Ordering::Acquire) { self.connect().await } else { self.connect_patiently().await };
        self.down.store(found.is_err(), Ordering::Release);
        self.attempts.fetch_add(1, Ordering::AcqRel);
        found
    }

    async fn connect_patiently(&self) -> Result<Live, LinkError> {
        let mut last = LinkError::NotSent("nothing listens".to_owned());
        let attempts = async {
            loop {
                match self.connect().await {
                    Ok(live) => return live,
                    Err(error) => last = error,
                }
                sleep(CONNECT_PAUSE).await;
            }
        };
        match timeout(CONNECT_PATIENCE, attempts).await {
            Ok(live) => Ok(live),
            Err(_elapsed) => Err(last),
        }
    }

    async fn connect(&self) -> Result<Live, LinkError> {
        match timeout(CONNECT_TIMEOUT, self.connect_once()).await {
            Ok(Ok(live)) => Ok(live),
            Ok(Err(error)) => Err(LinkError::NotSent(error.to_string())),
            Err(_elapsed) => Err(LinkError::NotSent(format!("no connection within {} ms", CONNECT_TIMEOUT.as_millis()))),
        }
    }

    async fn connect_once(&self) -> Result<Live, RedisError> {
        let lost = Arc::new(AtomicBool::new(false));
        let noticed = Arc::clone(&lost);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_pipeline_buffer_size(PIPELINE_REQUESTS_MAX)
            .set_push_sender(move |push: PushInfo| -> Result<(), ()> {
                if push.kind == PushKind::Disconnection {
                    noticed.store(true, Ordering::Release);
                }
                Ok(())
            });
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        let abandoned = self.slot().abandoned;
        if let Some(id) = abandoned {
            // What the abandoned connection still has in its pipe must not be executed after a read that
            // settled its fate. (Ids start anew with Redis; at worst another client reconnects.)
            let _killed: Value = redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async(&mut connection).await?;
        }
        let id: i64 = redis::cmd("CLIENT").arg("ID").query_async(&mut connection).await?;
        let live = Live { connection, id, lost, unanswered: Arc::new(AtomicU32::new(0)) };
        *self.slot() = Slot { live: Some(live.clone()), abandoned: None };
        Ok(live)
    }
}

/// The error that Redis answered with, if it answered at all.
fn refusal(error: &RedisError) -> Option<LinkError> {
    if !matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension) {
        return None;
    }
    let code = error.code().unwrap_or_default();
    let text = format!("{code} {}", error.detail().unwrap_or_default());
    Some(if REFUSED_WHOLE.contains(&code) { LinkError::Refused(text) } else { LinkError::Failed(text) })
}

fn no_answer_in_time() -> LinkError {
    LinkError::NoAnswer(format!("no answer within {} ms", RESPONSE_TIMEOUT.as_millis()))
}
