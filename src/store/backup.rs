//! Copies a private Redis's journal to a safe place while it is served, and puts a copy back in place.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use tokio::time::sleep;

use super::aof::{self, LookError};
use super::guard::{self, Mark};
use super::open::{OpenError, OpenOptions, start_private, take};
use super::rewrite;
use super::{Damage, Journal, JournalError, Position, RedisAddress, RedisJournal, SafetyStop};

/// Pause between two looks at a rewrite.
const REWRITE_LOOK: Duration = Duration::from_millis(20);
/// Looks at a rewrite before it is given up (two minutes).
const REWRITE_LOOKS_MAX: u32 = 6_000;
/// Times a copy is begun again because the files changed under it.
const COPIES_MAX: u32 = 3;
/// Where `restore` puts what was there before.
const ASIDE: &str = "redis.before-restore";
/// Sets put aside that are kept apart from each other.
const ASIDE_MAX: u32 = 1_000;

/// Why a backup was not made or not put back.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The copy is damaged.
    #[error("备份已损坏 / the backup is damaged: {0}")]
    Damaged(Damage),
    /// There is no journal in the folder.
    #[error("{0} 里没有备份 / there is no backup in {0}")]
    Empty(PathBuf),
    /// The rewrite did not come to an end.
    #[error("Redis 没有完成整理 / Redis did not finish its rewrite")]
    Rewrite,
    /// The journal did not answer.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The folder cannot be had or its Redis not be started.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<LookError> for BackupError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Damage(damage) => Self::Damaged(damage),
            LookError::Io(error) => Self::Io(error),
        }
    }
}

/// Copies the journal served from `data_dir` into the new folder `into`, while it is served. What was committed before
/// the call is in the copy. Gives the position that was reached when it began.
///
/// # Errors
/// When the journal does not answer or a file cannot be copied; `into` is then incomplete and must not be used.
pub async fn backup(journal: &RedisJournal, data_dir: &Path, into: &Path) -> Result<Position, BackupError> {
    let begun = journal.position().await?;
    DirBuilder::new().mode(0o700).create(into)?;
    rewrite::hold(journal).await?;
    let outcome = rewrite_and_copy(journal, &data_dir.join("redis"), &into.join("redis")).await;
    rewrite::release(journal).await?;
    outcome?;
    Ok(begun)
}

async fn rewrite_and_copy(journal: &RedisJournal, from: &Path, into: &Path) -> Result<(), BackupError> {
    match rewrite::begin(journal).await {
        // "Already in progress" is as good.
        Ok(()) | Err(JournalError::Unknown(_)) => {}
        Err(other) => return Err(other.into()),
    }
    for _ in 0..REWRITE_LOOKS_MAX {
        if !rewrite::is_running(journal).await? {
            return copy(from, into);
        }
        sleep(REWRITE_LOOK).await;
    }
    Err(BackupError::Rewrite)
}

/// Copies the files of the manifest; a tail that was being written comes out torn and is cut off.
fn copy(from: &Path, into: &Path) -> Result<(), BackupError> {
    let mut last = None;
    for _ in 0..COPIES_MAX {
        let _begun_before = fs::remove_dir_all(into);
        match aof::copy(from, into) {
            Ok(()) => {
                aof::mend(into)?;
                return Ok(());
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or(BackupError::Rewrite, BackupError::Io))
}

/// Puts a backup in place of the journal in `options.data_dir`, under a new epoch: every screen begins anew, and
/// nobody takes the old for the new. What was there is put aside, not deleted. Nobody may be serving the folder.
///
/// # Errors
/// When the folder is being served, or the backup is missing, damaged, or of another hall.
pub async fn restore(options: &OpenOptions, from: &Path) -> Result<Position, BackupError> {
    let OpenOptions { data_dir, hall_id, redis_server, .. } = options;
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let lock = take(data_dir).await?;
    let served = guard::read_mark(data_dir).ok().flatten();
    let source = from.join("redis");
    if !source.try_exists()? {
        return Err(BackupError::Empty(from.to_owned()));
    }
    let staged = data_dir.join("redis.restoring");
    let _begun_before = fs::remove_dir_all(&staged);
    DirBuilder::new().mode(0o700).create(&staged)?;
    aof::copy(&source, &staged)?;
    if aof::mend(&staged)? == aof::Condition::Fresh {
        return Err(BackupError::Empty(from.to_owned()));
    }
    put_aside(&data_dir.join("redis"))?;
    fs::rename(&staged, data_dir.join("redis"))?;
    let child = start_private(data_dir, redis_server.as_deref(), &lock, None).await?;
    let renewed = renew(&RedisAddress::Socket(child.socket()), hall_id, data_dir, served).await;
    child.shutdown().await;
    renewed
}

/// Gives the restored journal a new epoch and the folder a mark for it. The last numbers of the mark that was there
/// stay, so that the hall can go on behind them.
async fn renew(address: &RedisAddress, hall_id: &str, data_dir: &Path, served: Option<Mark>) -> Result<Position, BackupError> {
    let journal = RedisJournal::new(address, hall_id, false).map_err(OpenError::from)?;
    let position = journal.renew_epoch().await?;
    journal.load().await.map_err(OpenError::from)?;
    let hash = journal.hash_at(position.rev).await?;
    let (service_day, last_numbers) = served.map(|mark| (mark.service_day, mark.last_numbers)).unwrap_or_default();
    let mark = Mark { hall: hall_id.to_owned(), epoch: position.epoch.to_string(), rev: position.rev, hash, service_day, last_numbers };
    guard::write_mark(data_dir, &mark)?;
    Ok(position)
}

fn put_aside(dir: &Path) -> Result<(), BackupError> {
    if !dir.try_exists()? {
        return Ok(());
    }
    for n in 1..=ASIDE_MAX {
        let aside = dir.with_file_name(format!("{ASIDE}-{n}"));
        if !aside.try_exists()? {
            fs::rename(dir, aside)?;
            return Ok(());
        }
    }
    Err(io::Error::other(format!("there are {ASIDE_MAX} sets put aside already")).into())
}

impl From<SafetyStop> for BackupError {
    fn from(stop: SafetyStop) -> Self {
        Self::Open(OpenError::Safety(stop))
    }
}
