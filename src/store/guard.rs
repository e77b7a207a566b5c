//! Remembers apart from Redis how far a hall had come, and refuses to serve when Redis knows less.
//!
//! Redis starts empty, without a word, when the list of its files is missing, and gladly serves an old backup. The
//! hall would then issue numbers again. The mark beside it (epoch, revision, hash, last numbers) is written and synced
//! off the commit path, always behind the truth and never ahead of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::aof::Damage;
use super::folder::write_private;
use super::{JournalError, Position, RedisJournal};

const FILE: &str = "high-water.json";
/// The mark is at most this far behind what was committed.
const PAUSE: Duration = Duration::from_millis(250);

/// How long the mark waits for the hash it would like to have; a clean end must not hang on a Redis that does.
const HASH_PATIENCE: Duration = Duration::from_millis(200);

/// How far a hall had come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub hall: String,
    pub epoch: String,
    pub rev: u64,
    /// The hash of that revision's event, when it could be asked for.
    pub hash: Option<String>,
    /// `YYYY-MM-DD`; empty before the first day.
    pub service_day: String,
    /// The last number of each series on that day.
    pub last_numbers: BTreeMap<String, u32>,
}

/// What the keeper says after a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub position: Position,
    /// `YYYY-MM-DD`.
    pub service_day: String,
    /// The last number issued in each series on that day.
    pub last_numbers: BTreeMap<String, u32>,
}

/// Why a hall must not be served. Each says what happened and what to do, in Chinese and in English.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} / {}", self.zh(), self.en())]
pub enum SafetyStop {
    /// There is no journal where one was.
    JournalGone { rev: u64, service_day: String },
    /// The journal ends before what was served.
    RolledBack { found: u64, rev: u64, service_day: String },
    /// The journal is under another epoch: restored or begun anew elsewhere.
    OtherEpoch { found: String, epoch: String, rev: u64 },
    /// Same epoch, but other events: a copy that went its own way.
    OtherHistory { rev: u64 },
    /// This data folder belongs to another hall.
    OtherHall { found: String, asked: String },
    /// The mark itself cannot be read.
    MarkUnreadable { path: PathBuf },
    /// The files of the private Redis are damaged.
    Damaged(Damage),
    /// The journal contradicts itself.
    Inconsistent(String),
}

impl SafetyStop {
    /// 给值班人员看的话：发生了什么，怎么办。
    #[must_use]
    pub fn zh(&self) -> String {
        let what = match self {
            Self::JournalGone { rev, service_day } => format!("Redis 里的数据不见了：此前已服务到第 {rev} 条记录（{service_day}）。"),
            Self::RolledBack { found, rev, service_day } => {
                format!("Redis 里的数据是旧的：只到第 {found} 条记录，而此前已服务到第 {rev} 条（{service_day}）。")
            }
            Self::OtherEpoch { found, epoch, rev } => format!("Redis 里是另一份数据（{found}），此前服务的是 {epoch} 的第 {rev} 条记录。"),
            Self::OtherHistory { rev } => format!("Redis 里第 {rev} 条记录与此前服务的不同：这是一份另外发展的副本。"),
            Self::OtherHall { found, asked } => {
                return format!("这个数据目录属于大厅 {found}，不是 {asked}。为避免混淆，没有启动。请改用正确的数据目录或大厅编号。");
            }
            Self::MarkUnreadable { path } => format!("服务进度文件 {} 无法读取。", path.display()),
            Self::Damaged(damage) => format!("Redis 的数据文件已损坏（{damage}）。"),
            Self::Inconsistent(why) => format!("Redis 里的数据前后不一致（{why}）。"),
        };
        format!("{what}为避免重复发号，没有启动。请把最近的 redis 目录备份放回原处，或运行 warmhall restore <备份>。")
    }

    /// The same for English readers: what happened and what to do.
    #[must_use]
    pub fn en(&self) -> String {
        let what = match self {
            Self::JournalGone { rev, service_day } => {
                format!("The data in Redis is gone; record {rev} ({service_day}) had been served.")
            }
            Self::RolledBack { found, rev, service_day } => {
                format!("The data in Redis is old: it ends at record {found}, but record {rev} ({service_day}) had been served.")
            }
            Self::OtherEpoch { found, epoch, rev } => {
                format!("Redis holds other data ({found}); record {rev} of {epoch} had been served.")
            }
            Self::OtherHistory { rev } => format!("Record {rev} in Redis is not the one that had been served: this copy went its own way."),
            Self::OtherHall { found, asked } => {
                return format!("This data folder belongs to hall {found}, not {asked}. Not started. Use the right folder or hall id.");
            }
            Self::MarkUnreadable { path } => format!("The progress file {} cannot be read.", path.display()),
            Self::Damaged(damage) => format!("The data files of Redis are damaged ({damage})."),
            Self::Inconsistent(why) => format!("The data in Redis contradicts itself ({why})."),
        };
        format!(
            "{what} Not started, so that no number is issued twice. Put the latest backup of the redis folder back in place, or run: warmhall restore <backup>"
        )
    }
}

/// Reads the mark of a data folder; `None` when nothing was ever served from it.
pub(super) fn read_mark(data_dir: &Path) -> Result<Option<Mark>, SafetyStop> {
    let path = data_dir.join(FILE);
    match std::fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| SafetyStop::MarkUnreadable { path }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(SafetyStop::MarkUnreadable { path }),
    }
}

/// Writes the mark, whole or not at all, and waits until the disk has it.
pub(super) fn write_mark(data_dir: &Path, mark: &Mark) -> std::io::Result<()> {
    let mut text = serde_json::to_vec_pretty(mark)?;
    text.push(b'\n');
    write_private(&data_dir.join(FILE), &text)
}

/// Why a journal was not cleared for service.
#[derive(Debug)]
pub(super) enum CheckError {
    Stop(SafetyStop),
    Journal(JournalError),
}

/// Compares a journal with the mark.
pub(super) async fn check(journal: &RedisJournal, mark: Option<&Mark>) -> Result<(), CheckError> {
    let Some(mark) = mark else { return Ok(()) };
    let found = journal.peek().await.map_err(CheckError::Journal)?;
    let Some((found, _)) = found else {
        // Nothing had been issued yet: a new journal takes nothing away from anybody.
        return if mark.rev == 0 { Ok(()) } else { Err(CheckError::Stop(gone(mark))) };
    };
    if *found.epoch != *mark.epoch {
        let (found, epoch) = (found.epoch.to_string(), mark.epoch.clone());
        return Err(CheckError::Stop(SafetyStop::OtherEpoch { found, epoch, rev: mark.rev }));
    }
    if found.rev < mark.rev {
        let stop = SafetyStop::RolledBack { found: found.rev, rev: mark.rev, service_day: mark.service_day.clone() };
        return Err(CheckError::Stop(stop));
    }
    let kept = journal.hash_at(mark.rev).await.map_err(CheckError::Journal)?;
    match (&mark.hash, kept) {
        (Some(known), Some(kept)) if *known != kept => Err(CheckError::Stop(SafetyStop::OtherHistory { rev: mark.rev })),
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// The journal that `mark` speaks of is not there.
pub(super) fn gone(mark: &Mark) -> SafetyStop {
    SafetyStop::JournalGone { rev: mark.rev, service_day: mark.service_day.clone() }
}

/// Writes the mark as the hall goes on. Cheap to tell; the disk is met elsewhere.
#[derive(Debug)]
pub struct Guard {
    reached: watch::Sender<Option<Reached>>,
    stop: mpsc::Sender<oneshot::Sender<()>>,
    writer: JoinHandle<()>,
}

impl Guard {
    pub(super) fn start(data_dir: PathBuf, journal: RedisJournal, hall: String) -> Self {
        let (reached, seen) = watch::channel(None);
        let (stop, stops) = mpsc::channel(1);
        let writer = Writer { data_dir, journal, hall, written: None };
        Self { reached, stop, writer: tokio::spawn(writer.run(seen, stops)) }
    }

    /// Tells how far the hall has come. Only what is committed may be told.
    pub fn reached(&self, reached: Reached) {
        self.reached.send_replace(Some(reached));
    }

    /// A handle that only tells.
    #[must_use]
    pub fn teller(&self) -> Teller {
        Teller { reached: self.reached.clone() }
    }

    /// Writes what was told last and ends.
    pub async fn close(self) {
        let (done, written) = oneshot::channel();
        if self.stop.send(done).await.is_ok() {
            let _written_or_gone = written.await;
        }
        self.writer.abort();
    }
}

/// Tells the guard how far the hall has come; for the keeper.
#[derive(Debug, Clone)]
pub struct Teller {
    reached: watch::Sender<Option<Reached>>,
}

impl Teller {
    /// Tells how far the hall has come. Only what is committed may be told.
    pub fn reached(&self, reached: Reached) {
        self.reached.send_replace(Some(reached));
    }
}

struct Writer {
    data_dir: PathBuf,
    journal: RedisJournal,
    hall: String,
    written: Option<Reached>,
}

impl Writer {
    async fn run(mut self, mut seen: watch::Receiver<Option<Reached>>, mut stops: mpsc::Receiver<oneshot::Sender<()>>) {
        loop {
            let stop = tokio::select! {
                changed = seen.changed() => match changed {
                    Ok(()) => None,
                    Err(_guard_dropped) => return,
                },
                stop = stops.recv() => stop,
            };
            let reached = seen.borrow_and_update().clone();
            if let Some(reached) = reached {
                self.write(reached).await;
            }
            match stop {
                Some(done) => {
                    let _nobody_waits = done.send(());
                    return;
                }
                None => {
                    // A clean end does not wait for the pause.
                    tokio::select! {
                        () = sleep(PAUSE) => {}
                        stop = stops.recv() => {
                            let reached = seen.borrow_and_update().clone();
                            if let Some(reached) = reached {
                                self.write(reached).await;
                            }
                            if let Some(done) = stop {
                                let _nobody_waits = done.send(());
                            }
                            return;
                        }
                    }
                }
            }
        }
    }

    async fn write(&mut self, reached: Reached) {
        if self.written.as_ref() == Some(&reached) {
            return;
        }
        let asked = timeout(HASH_PATIENCE, self.journal.hash_at(reached.position.rev)).await;
        let hash = asked.ok().and_then(Result::ok).flatten();
        let mark = Mark {
            hall: self.hall.clone(),
            epoch: reached.position.epoch.to_string(),
            rev: reached.position.rev,
            hash,
            service_day: reached.service_day.clone(),
            last_numbers: reached.last_numbers.clone(),
        };
        let data_dir = self.data_dir.clone();
        match tokio::task::spawn_blocking(move || write_mark(&data_dir, &mark)).await {
            Ok(Ok(())) => self.written = Some(reached),
            Ok(Err(error)) => tracing::warn!(%error, "the high-water mark could not be written"),
            Err(error) => tracing::warn!(%error, "the high-water mark could not be written"),
        }
    }
}
