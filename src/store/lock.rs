//! Makes sure that one server at a time serves a data folder, and that nobody starts over an orphaned Redis.
//!
//! The lock belongs to the open file, which the private Redis inherits as its standard input: as long as either the
//! server or its Redis lives, the folder is taken.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::resp;

const FILE: &str = "lock";
/// How long a lock that is held is waited for: pauses of this length …
const PAUSE: Duration = Duration::from_millis(20);
/// … this many times (3 s in all).
const PAUSES_MAX: u32 = 150;
/// Pauses between two attempts to end an orphan.
const PAUSES_PER_SHUTDOWN: u32 = 25;

/// Who holds the folder, as it stands in the lock file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Owner {
    pid: u32,
    /// When that process started, in clock ticks since boot: a pid alone may be somebody else's by now.
    started: u64,
    /// The socket of its private Redis, if it has one.
    socket: Option<PathBuf>,
}

impl Owner {
    /// This process.
    pub(super) fn this(socket: Option<PathBuf>) -> Self {
        let pid = std::process::id();
        Self { pid, started: started(pid).unwrap_or(0), socket }
    }

    pub(super) fn is_alive(&self) -> bool {
        started(self.pid) == Some(self.started)
    }
}

/// A data folder that is ours until this is dropped (and its Redis is gone).
#[derive(Debug)]
pub(super) struct FolderLock {
    file: File,
}

/// Why a folder could not be had.
#[derive(Debug)]
pub(super) enum LockError {
    /// Somebody serves it; the pid as far as known.
    Taken(Option<u32>),
    Io(io::Error),
}

impl FolderLock {
    /// Takes the folder, waiting a little for one that is being left, and ending a Redis that outlived its server.
    pub(super) async fn take(data_dir: &Path) -> Result<Self, LockError> {
        let path = data_dir.join(FILE);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(LockError::Io)?;
        for pause in 0..PAUSES_MAX {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
            }
            if pause % PAUSES_PER_SHUTDOWN == 0
                && let Some(Owner { socket: Some(socket), .. }) = owner(data_dir).filter(|owner| !owner.is_alive())
            {
                tracing::warn!("a Redis outlived its server; it is asked to end");
                let _ended_or_tried_again = resp::ask(&socket, &["SHUTDOWN", "NOSAVE"]);
            }
            sleep(PAUSE).await;
        }
        Err(LockError::Taken(owner(data_dir).map(|owner| owner.pid)))
    }

    /// Writes down who holds the folder. Best effort: the lock itself does not depend on it.
    pub(super) fn sign(&self, owner: &Owner) {
        let mut file = &self.file;
        let written = serde_json::to_vec(owner).map_err(io::Error::other).and_then(|text| {
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&text)?;
            file.set_len(u64::try_from(text.len()).unwrap_or(0))
        });
        if let Err(error) = written {
            tracing::warn!(%error, "the lock file could not be signed");
        }
    }

    /// The same lock for a child to inherit: it is held until every copy is closed.
    pub(super) fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

/// Who signed the lock file last.
pub(super) fn owner(data_dir: &Path) -> Option<Owner> {
    let mut text = String::new();
    File::open(data_dir.join(FILE)).ok()?.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

/// The start time of a living process, from the 22nd field of its stat line (the 20th behind the name).
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    // A zombie has ended, whatever its line says.
    let alive = fields.next().is_some_and(|state| state != "Z" && state != "X");
    fields.nth(18)?.parse().ok().filter(|_| alive)
}
