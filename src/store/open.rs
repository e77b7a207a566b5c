//! Opens a hall's store: takes the folder, starts or finds its Redis, and clears the journal for service.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::aof::{self, Condition, LookError};
use super::child::{ChildHealth, ChildState, PrivateRedis};
use super::folder::{RedisFolder, write_private_if_other};
use super::guard::{self, CheckError, Guard, Mark, SafetyStop};
use super::keys::HallKeys;
use super::lock::{self, FolderLock, LockError, Owner};
use super::program::{Program, ProgramError};
use super::redis::AddressError;
use super::{JournalError, Position, RedisAddress, RedisJournal};

const CONNECTION: &str = "connection.json";
/// Starts of a private Redis that may fail before opening is given up.
const FAILED_STARTS_MAX: u32 = 5;

/// What to open.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// The hall's own folder on this machine; made when missing.
    pub data_dir: PathBuf,
    /// 1 to 32 characters of `a-z`, `0-9` and `-`.
    pub hall_id: String,
    /// A Redis kept by somebody else; `None` starts a private one in the data folder.
    pub redis_url: Option<String>,
    /// The server program for a private Redis; `None` looks for one.
    pub redis_server: Option<PathBuf>,
}

/// Why a hall was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Serving would issue numbers again or show what never was.
    #[error(transparent)]
    Safety(#[from] SafetyStop),
    /// Another process serves this folder.
    #[error("另一个 warmhall 正在使用目录 {dir}（进程 {pid}） / another warmhall serves this folder: {dir} (process {pid})")]
    Taken { dir: PathBuf, pid: String },
    /// No Redis can be started on this machine.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The private Redis does not come up.
    #[error("Redis 启动失败 / Redis does not start: {0}")]
    Start(String),
    /// The journal cannot be reached.
    #[error("Redis 无法访问 / Redis cannot be reached: {0}")]
    Away(String),
    /// The hall id or the address cannot be used.
    #[error("设置有误 / the settings are wrong: {0}")]
    Address(#[from] AddressError),
    /// The data folder cannot be used.
    #[error("数据目录 {dir} 无法使用 / the data folder {dir} cannot be used: {error}")]
    Folder { dir: PathBuf, error: io::Error },
}

impl From<CheckError> for OpenError {
    fn from(error: CheckError) -> Self {
        match error {
            CheckError::Stop(stop) => Self::Safety(stop),
            CheckError::Journal(error) => error.into(),
        }
    }
}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Away(why) | JournalError::Unknown(why) => Self::Away(why),
            JournalError::Unsafe(why) => Self::Safety(SafetyStop::Inconsistent(why)),
            JournalError::Trimmed { first } => Self::Safety(SafetyStop::Inconsistent(format!("events before {first} are gone"))),
        }
    }
}

/// A hall's store, open and cleared for service.
pub struct OpenStore {
    /// The journal; clones share its connection.
    pub journal: RedisJournal,
    /// The private Redis, when there is one.
    pub child: Option<PrivateRedis>,
    /// Told by the keeper how far the hall has come.
    pub guard: Guard,
    /// How far the hall had come when it was last served, if ever.
    pub mark: Option<Mark>,
    data_dir: PathBuf,
    _lock: Arc<FolderLock>,
}

impl OpenStore {
    /// Writes the last mark, ends the private Redis and leaves the folder. Takes less than two seconds.
    pub async fn close(self) {
        self.guard.close().await;
        let _already_gone = fs::remove_file(self.data_dir.join(CONNECTION));
        if let Some(child) = self.child {
            child.shutdown().await;
        }
    }
}

/// Opens a hall's store.
///
/// # Errors
/// [`OpenError::Safety`] when the hall must not be served; the others when it cannot be.
pub async fn open(options: OpenOptions) -> Result<OpenStore, OpenError> {
    let OpenOptions { data_dir, hall_id, redis_url, redis_server } = options;
    HallKeys::new(&hall_id).map_err(AddressError::Key)?;
    let folder_error = |error| OpenError::Folder { dir: data_dir.clone(), error };
    DirBuilder::new().recursive(true).mode(0o700).create(&data_dir).map_err(folder_error)?;
    let lock = take(&data_dir).await?;
    let mark = guard::read_mark(&data_dir)?;
    if let Some(mark) = mark.as_ref().filter(|mark| mark.hall != hall_id) {
        return Err(SafetyStop::OtherHall { found: mark.hall.clone(), asked: hall_id }.into());
    }
    let (address, child) = if let Some(url) = redis_url {
        lock.sign(&Owner::this(None));
        (RedisAddress::Url(url), None)
    } else {
        let child = start_private(&data_dir, redis_server.as_deref(), &lock, mark.as_ref()).await?;
        (RedisAddress::Socket(child.socket()), Some(child))
    };
    match clear(&address, &hall_id, mark.as_ref(), &data_dir).await {
        Ok(journal) => {
            announce(&data_dir, &address, &hall_id);
            let guard = Guard::start(data_dir.clone(), journal.clone(), hall_id);
            Ok(OpenStore { journal, child, guard, mark, data_dir, _lock: lock })
        }
        Err(error) => {
            if let Some(child) = child {
                child.shutdown().await;
            }
            Err(error)
        }
    }
}

pub(super) async fn take(data_dir: &Path) -> Result<Arc<FolderLock>, OpenError> {
    match FolderLock::take(data_dir).await {
        Ok(lock) => Ok(Arc::new(lock)),
        Err(LockError::Taken(pid)) => {
            let pid = pid.map_or_else(|| "?".to_owned(), |pid| pid.to_string());
            Err(OpenError::Taken { dir: data_dir.to_owned(), pid })
        }
        Err(LockError::Io(error)) => Err(OpenError::Folder { dir: data_dir.to_owned(), error }),
    }
}

/// Starts the private Redis and waits until it serves.
pub(super) async fn start_private(
    data_dir: &Path,
    server: Option<&Path>,
    lock: &Arc<FolderLock>,
    mark: Option<&Mark>,
) -> Result<PrivateRedis, OpenError> {
    let folder_error = |error| OpenError::Folder { dir: data_dir.to_owned(), error };
    let folder = RedisFolder::prepare(data_dir).map_err(folder_error)?;
    // Looked at before anything is started: an empty Redis must not even come to be where a journal was.
    match aof::mend(&folder.dir) {
        Ok(Condition::Fresh) => {
            if let Some(mark) = mark.filter(|mark| mark.rev > 0) {
                return Err(guard::gone(mark).into());
            }
        }
        Ok(Condition::Sound) => {}
        Ok(Condition::Mended { cut_bytes }) => tracing::warn!(cut_bytes, "the journal ended in an unfinished write, which was cut off"),
        Err(LookError::Damage(damage)) => return Err(SafetyStop::Damaged(damage).into()),
        Err(LookError::Io(error)) => return Err(folder_error(error)),
    }
    lock.sign(&Owner::this(Some(folder.socket.clone())));
    let program = Program::find(server, &folder.dir)?;
    let child = PrivateRedis::start(folder, program, Arc::clone(lock), false).map_err(folder_error)?;
    let mut health = child.health();
    let came = health.wait_for(settled).await.map(|health| health.clone());
    let problem = match came {
        Ok(ChildHealth { state: ChildState::Ready | ChildState::DiskFull, .. }) => return Ok(child),
        Ok(ChildHealth { state: ChildState::Damaged(damage), .. }) => SafetyStop::Damaged(damage).into(),
        Ok(ChildHealth { last_error, .. }) => OpenError::Start(last_error.unwrap_or_default()),
        Err(_supervisor_ended) => OpenError::Start(String::new()),
    };
    child.shutdown().await;
    Err(problem)
}

/// Serving, or not going to.
fn settled(health: &ChildHealth) -> bool {
    match health.state {
        ChildState::Ready | ChildState::DiskFull | ChildState::Damaged(_) | ChildState::Stopped => true,
        ChildState::Starting | ChildState::Loading | ChildState::Restarting => health.restarts >= FAILED_STARTS_MAX,
    }
}

/// Compares the journal with the mark, begins it when there is none, and leaves a first mark.
async fn clear(address: &RedisAddress, hall_id: &str, mark: Option<&Mark>, data_dir: &Path) -> Result<RedisJournal, OpenError> {
    let may_begin = mark.is_none_or(|mark| mark.rev == 0);
    let journal = RedisJournal::new(address, hall_id, may_begin)?;
    guard::check(&journal, mark).await?;
    let (position, _) = journal.head().await?;
    if mark.is_none_or(|mark| mark.rev == 0) {
        let hash = journal.hash_at(position.rev).await?;
        let first = Mark {
            hall: hall_id.to_owned(),
            epoch: position.epoch.to_string(),
            rev: position.rev,
            hash,
            service_day: String::new(),
            last_numbers: std::collections::BTreeMap::new(),
        };
        guard::write_mark(data_dir, &first).map_err(|error| OpenError::Folder { dir: data_dir.to_owned(), error })?;
    }
    Ok(journal)
}

/// Where the running server's Redis is, for other processes on this machine.
#[derive(Debug, Serialize, Deserialize)]
struct Connection {
    hall: String,
    socket: Option<PathBuf>,
    url: Option<String>,
}

/// Best effort: without it only the command line cannot find us.
fn announce(data_dir: &Path, address: &RedisAddress, hall_id: &str) {
    let (socket, url) = match address {
        RedisAddress::Socket(socket) => (Some(socket.clone()), None),
        RedisAddress::Url(url) => (None, Some(url.clone())),
    };
    let connection = Connection { hall: hall_id.to_owned(), socket, url };
    let written = serde_json::to_vec(&connection)
        .map_err(io::Error::other)
        .and_then(|text| write_private_if_other(&data_dir.join(CONNECTION), &text));
    if let Err(error) = written {
        tracing::warn!(%error, "other processes will not find this server");
    }
}

/// The journal of the hall that is being served from `data_dir`; `None` when nobody serves it.
///
/// # Errors
/// When the folder says something that cannot be understood.
pub fn attach(data_dir: &Path) -> Result<Option<RedisJournal>, OpenError> {
    let folder_error = |error| OpenError::Folder { dir: data_dir.to_owned(), error };
    if !lock::owner(data_dir).is_some_and(|owner| owner.is_alive()) {
        return Ok(None);
    }
    let text = match fs::read(data_dir.join(CONNECTION)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(folder_error(error)),
    };
    let connection: Connection = serde_json::from_slice(&text).map_err(|error| folder_error(error.into()))?;
    let address = match (connection.socket, connection.url) {
        (Some(socket), _) => RedisAddress::Socket(socket),
        (None, Some(url)) => RedisAddress::Url(url),
        (None, None) => return Ok(None),
    };
    Ok(Some(RedisJournal::new(&address, &connection.hall, false)?))
}

/// Whether the server of `data_dir` has said that its hall stands at `position` or further on.
///
/// # Errors
/// When what it said cannot be read.
pub fn has_reached(data_dir: &Path, position: &Position) -> Result<bool, OpenError> {
    let mark = guard::read_mark(data_dir).map_err(OpenError::Safety)?;
    Ok(mark.is_some_and(|mark| *mark.epoch == *position.epoch && mark.rev >= position.rev))
}
