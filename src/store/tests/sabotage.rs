//! What is done to a hall's data behind its back is found before anything is served.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::contract::{commit, position};
use super::private::{commit_to, opened, options};
use super::real::TestRedis;
use crate::store::{
    BackupError, ChildState, Damage, Journal, JournalError, OpenError, OpenOptions, OpenStore, Position, Reached, SafetyStop, backup, open,
    restore,
};

async fn refused(options: OpenOptions) -> SafetyStop {
    match open(options).await {
        Err(OpenError::Safety(stop)) => {
            assert!(stop.zh().contains("启动") && stop.en().contains("ot started"), "{stop}");
            stop
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("served"),
    }
}

/// A hall that served up to `rev` and was closed in good order.
async fn served(dir: &Path, rev: u64) -> Position {
    let store = opened(dir).await;
    let at = commit_to(&store, rev).await;
    tell(&store, &at);
    store.close().await;
    at
}

fn tell(store: &OpenStore, at: &Position) {
    let last_numbers = BTreeMap::from([("A".to_owned(), 7)]);
    store.guard.reached(Reached { position: at.clone(), service_day: "2026-11-23".into(), last_numbers });
}

fn incr(dir: &Path) -> PathBuf {
    dir.join("redis/appendonlydir/appendonly.aof.1.incr.aof")
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn a_missing_manifest_is_not_a_new_beginning() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 3).await;
    fs::remove_file(dir.path().join("redis/appendonlydir/appendonly.aof.manifest")).unwrap();
    let before = fs::read(incr(dir.path())).unwrap();
    for _ in 0..2 {
        assert!(matches!(refused(options(dir.path())).await, SafetyStop::Damaged(Damage::ManifestMissing(_))));
    }
    assert_eq!(fs::read(incr(dir.path())).unwrap(), before, "nothing was written over");
}

#[tokio::test]
async fn an_emptied_folder_is_not_a_new_beginning() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 3).await;
    fs::remove_dir_all(dir.path().join("redis/appendonlydir")).unwrap();
    assert_eq!(refused(options(dir.path())).await, SafetyStop::JournalGone { rev: 3, service_day: "2026-11-23".into() });
    fs::remove_dir_all(dir.path().join("redis")).unwrap();
    assert_eq!(refused(options(dir.path())).await, SafetyStop::JournalGone { rev: 3, service_day: "2026-11-23".into() });
}

#[tokio::test]
async fn a_missing_or_emptied_file_of_the_journal_is_found() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 3).await;
    let kept = fs::read(incr(dir.path())).unwrap();
    fs::remove_file(incr(dir.path())).unwrap();
    assert!(matches!(refused(options(dir.path())).await, SafetyStop::Damaged(Damage::FileMissing(_))));
    fs::write(incr(dir.path()), b"").unwrap();
    assert!(matches!(refused(options(dir.path())).await, SafetyStop::JournalGone { .. }));
    fs::write(incr(dir.path()), kept).unwrap();
    fs::write(dir.path().join("redis/appendonlydir/appendonly.aof.manifest"), b"").unwrap();
    assert!(matches!(refused(options(dir.path())).await, SafetyStop::Damaged(Damage::ManifestUnreadable(_))));
}

#[tokio::test]
async fn an_old_backup_put_in_place_is_refused_and_the_right_data_served_again() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 2).await;
    copy_dir(&dir.path().join("redis"), &dir.path().join("old"));
    let at = served(dir.path(), 5).await;
    fs::rename(dir.path().join("redis"), dir.path().join("right")).unwrap();
    copy_dir(&dir.path().join("old"), &dir.path().join("redis"));
    assert_eq!(refused(options(dir.path())).await, SafetyStop::RolledBack { found: 2, rev: 5, service_day: "2026-11-23".into() });
    fs::remove_dir_all(dir.path().join("redis")).unwrap();
    fs::rename(dir.path().join("right"), dir.path().join("redis")).unwrap();
    let store = opened(dir.path()).await;
    assert_eq!(store.journal.position().await.unwrap(), at);
    assert_eq!(store.mark.as_ref().unwrap().last_numbers["A"], 7);
    store.close().await;
}

#[tokio::test]
async fn a_copy_that_went_its_own_way_is_refused() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    served(dir.path(), 2).await;
    copy_dir(dir.path(), other.path());
    served(dir.path(), 4).await;
    let store = opened(other.path()).await;
    let at = store.journal.load().await.unwrap().position;
    for rev in 3..=6 {
        store.journal.commit(&position(&at, rev - 1), &commit(rev, "another way")).await.unwrap();
    }
    store.close().await;
    fs::remove_dir_all(dir.path().join("redis")).unwrap();
    copy_dir(&other.path().join("redis"), &dir.path().join("redis"));
    assert_eq!(refused(options(dir.path())).await, SafetyStop::OtherHistory { rev: 4 });
}

#[tokio::test]
async fn another_halls_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 1).await;
    let stop = refused(OpenOptions { hall_id: "other".into(), ..options(dir.path()) }).await;
    assert_eq!(stop, SafetyStop::OtherHall { found: "hall".into(), asked: "other".into() });
}

#[tokio::test]
async fn a_flipped_byte_inside_an_event_is_found_when_it_is_read() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 3).await;
    let mut bytes = fs::read(incr(dir.path())).unwrap();
    let at = bytes.windows(5).position(|bytes| bytes == br#"{"x":"#).unwrap() + 6;
    bytes[at] ^= 1;
    fs::write(incr(dir.path()), bytes).unwrap();
    let store = opened(dir.path()).await;
    let error = store.journal.since(0, 10).await.unwrap_err();
    assert!(matches!(&error, JournalError::Unsafe(why) if why.contains("altered")), "{error}");
    store.close().await;
}

#[tokio::test]
async fn flipped_framing_is_found_before_anything_is_started_and_nothing_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 3).await;
    let mut bytes = fs::read(incr(dir.path())).unwrap();
    let at = bytes.windows(5).position(|bytes| bytes == b"XADD\r").unwrap() - 4;
    bytes[at] ^= 1;
    fs::write(incr(dir.path()), &bytes).unwrap();
    assert!(matches!(refused(options(dir.path())).await, SafetyStop::Damaged(Damage::Middle { .. })));
    assert_eq!(fs::read(incr(dir.path())).unwrap(), bytes);
}

#[tokio::test]
async fn what_redis_refuses_to_load_is_said_and_not_tried_again_and_again() {
    let dir = tempfile::tempdir().unwrap();
    served(dir.path(), 3).await;
    let base = dir.path().join("redis/appendonlydir/appendonly.aof.1.base.rdb");
    let mut bytes = fs::read(&base).unwrap();
    bytes[0] ^= 1;
    fs::write(&base, bytes).unwrap();
    assert!(matches!(refused(options(dir.path())).await, SafetyStop::Damaged(Damage::Refused(_))));
}

#[tokio::test]
async fn a_journal_damaged_while_it_is_served_is_not_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    let at = commit_to(&store, 2).await;
    fs::remove_dir_all(dir.path().join("redis/appendonlydir")).unwrap();
    let socket = store.child.as_ref().unwrap().socket();
    let _ends = crate::store::resp::ask(&socket, &["SHUTDOWN", "NOSAVE", "FORCE"]);
    let mut health = store.child.as_ref().unwrap().health();
    health.wait_for(|health| matches!(health.state, ChildState::Damaged(_))).await.unwrap();
    let mut error = store.journal.commit(&at, &commit(3, "x")).await.unwrap_err();
    if matches!(error, JournalError::Unknown(_)) {
        error = store.journal.commit(&at, &commit(3, "x")).await.unwrap_err();
    }
    assert!(matches!(error, JournalError::Away(_)), "{error}");
    store.close().await;
}

/// At every cut: one start, more commits, a second start. Plain Redis merges two transactions at the second.
#[tokio::test]
async fn a_torn_tail_is_cut_at_a_transaction_and_stays_sound() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    commit_to(&store, 3).await;
    let whole = fs::metadata(incr(dir.path())).unwrap().len();
    commit_to(&store, 4).await;
    let all = fs::metadata(incr(dir.path())).unwrap().len();
    store.close().await;
    for cut in (whole + 1..all).step_by(23) {
        let torn = tempfile::tempdir().unwrap();
        copy_dir(dir.path(), torn.path());
        fs::OpenOptions::new().write(true).open(incr(torn.path())).unwrap().set_len(cut).unwrap();
        let store = opened(torn.path()).await;
        assert_eq!(store.journal.position().await.unwrap().rev, 3, "cut at {cut}");
        commit_to(&store, 6).await;
        store.close().await;
        let store = opened(torn.path()).await;
        assert_eq!(store.journal.since(0, 10).await.unwrap().len(), 6, "cut at {cut}");
        commit_to(&store, 7).await;
        store.close().await;
    }
}

#[tokio::test]
async fn the_mark_guards_a_redis_of_somebody_else_too() {
    let dir = tempfile::tempdir().unwrap();
    let redis = TestRedis::start();
    let external = || {
        let url = format!("unix://{}", redis.address().socket().unwrap().display());
        OpenOptions { redis_url: Some(url), ..options(dir.path()) }
    };
    let store = open(external()).await.unwrap();
    let at = commit_to(&store, 2).await;
    tell(&store, &at);
    store.close().await;
    open(external()).await.unwrap().close().await;
    redis.raw(&["FLUSHALL"]).await;
    assert!(matches!(refused(external()).await, SafetyStop::JournalGone { rev: 2, .. }));
    redis.journal().load().await.unwrap();
    assert!(matches!(refused(external()).await, SafetyStop::OtherEpoch { rev: 2, .. }));
}

#[tokio::test]
async fn the_mark_follows_while_the_hall_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    let at = commit_to(&store, 2).await;
    tell(&store, &at);
    let path = dir.path().join("high-water.json");
    while !fs::read_to_string(&path).unwrap().contains("\"rev\": 2") {
        tokio::task::yield_now().await;
    }
    let mark: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_eq!(mark["hash"].as_str(), store.journal.hash_at(2).await.unwrap().as_deref());
    store.close().await;
}

#[tokio::test]
async fn a_backup_made_while_serving_comes_back_under_a_new_epoch() {
    let (dir, safe) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let into = safe.path().join("monday");
    let store = opened(dir.path()).await;
    let at = commit_to(&store, 3).await;
    assert_eq!(backup(&store.journal, dir.path(), &into).await.unwrap(), at);
    let at = commit_to(&store, 5).await;
    tell(&store, &at);
    assert!(matches!(restore(&options(dir.path()), &into).await, Err(BackupError::Open(OpenError::Taken { .. }))), "it is being served");
    store.close().await;
    assert!(matches!(restore(&options(dir.path()), safe.path()).await, Err(BackupError::Empty(_))));
    let restored = restore(&options(dir.path()), &into).await.unwrap();
    assert_eq!(restored.rev, 3);
    assert_ne!(restored.epoch, at.epoch);
    let store = opened(dir.path()).await;
    assert_eq!(store.journal.load().await.unwrap().position, restored);
    assert_eq!(store.journal.since(0, 10).await.unwrap().len(), 3);
    assert_eq!(store.mark.as_ref().unwrap().last_numbers["A"], 7, "the hall can go on behind what was issued");
    commit_to(&store, 4).await;
    store.close().await;
    assert!(dir.path().join("redis.before-restore-1/appendonlydir").exists());
}
