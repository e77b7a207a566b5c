//! When a private Redis writes its file anew: in a quiet moment, for a backup, and never while its files are copied.
//!
//! By itself it does so while people press, and every press that comes meanwhile waits for a processor or the disk, up to some tenths
//! of a second.

use std::collections::HashMap;

use super::{JournalError, RedisJournal};

/// What has to be new in the file, in bytes.
const GROWN_BYTES_MIN: u64 = 8 << 20;
/// The file as it was last written, in parts of which one has to be new: by itself Redis waits until all of it is new again.
const GROWN_PART: u64 = 2;
/// How much has to be new before Redis begins by itself, in percent; nothing says that no rewrite may begin.
pub(super) const BY_ITSELF: &str = "auto-aof-rewrite-percentage";
/// As much as there is: where nobody copies the files.
pub(super) const WHEN_DOUBLED: &str = "100";

/// From now on nobody begins a rewrite, also no other process: it would take files away while they are copied.
pub(super) async fn hold(journal: &RedisJournal) -> Result<(), JournalError> {
    journal.administer(&["CONFIG", "SET", BY_ITSELF, "0"]).await.map(drop)
}

/// From now on it may be begun again.
pub(super) async fn release(journal: &RedisJournal) -> Result<(), JournalError> {
    journal.administer(&["CONFIG", "SET", BY_ITSELF, WHEN_DOUBLED]).await.map(drop)
}

/// Begins a rewrite; does not wait for its end.
pub(super) async fn begin(journal: &RedisJournal) -> Result<(), JournalError> {
    journal.administer(&["BGREWRITEAOF"]).await.map(drop)
}

/// Whether one is running or about to.
pub(super) async fn is_running(journal: &RedisJournal) -> Result<bool, JournalError> {
    Ok(runs(&info(journal).await?))
}

/// Begins a rewrite where it is worth it and nobody copies the files.
pub(super) async fn tidy(journal: &RedisJournal) -> Result<(), JournalError> {
    if is_worth_it(&info(journal).await?) && !is_held(journal).await? { begin(journal).await } else { Ok(()) }
}

/// Whether somebody copies the files, or nobody can tell.
async fn is_held(journal: &RedisJournal) -> Result<bool, JournalError> {
    let set: Result<HashMap<String, String>, _> = redis::from_redis_value(journal.ask(&["CONFIG", "GET", BY_ITSELF]).await?);
    Ok(!set.is_ok_and(|set| set.get(BY_ITSELF).is_some_and(|percent| percent != "0")))
}

async fn info(journal: &RedisJournal) -> Result<String, JournalError> {
    journal.administer(&["INFO", "persistence"]).await
}

fn runs(info: &str) -> bool {
    !(info.contains("aof_rewrite_in_progress:0") && info.contains("aof_rewrite_scheduled:0"))
}

fn is_worth_it(info: &str) -> bool {
    let number = |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':')?.parse::<u64>().ok());
    let (Some(written), Some(size), false) = (number("aof_base_size"), number("aof_current_size"), runs(info)) else { return false };
    size.saturating_sub(written) >= GROWN_BYTES_MIN.max(written / GROWN_PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(running: u32, written: u64, size: u64) -> String {
        format!(
            "# Persistence\r\naof_enabled:1\r\naof_rewrite_in_progress:{running}\r\naof_rewrite_scheduled:0\r\naof_current_size:{size}\r\naof_base_size:{written}\r\n"
        )
    }

    #[test]
    fn a_file_is_written_anew_when_enough_of_it_is_new() {
        assert!(is_worth_it(&info(0, 0, 8 << 20)));
        assert!(!is_worth_it(&info(0, 0, (8 << 20) - 1)), "little is not worth it");
        assert!(!is_worth_it(&info(0, 40 << 20, 59 << 20)), "much is worth it only when much is new");
        assert!(is_worth_it(&info(0, 40 << 20, 60 << 20)));
        assert!(!is_worth_it(&info(1, 0, 8 << 20)), "it is being written anew");
        assert!(!is_worth_it("aof_enabled:0\r\n"), "there is no file");
    }
}
