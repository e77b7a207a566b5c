//! The private Redis under supervision: started, killed, orphaned, short of disk, stopped.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::contract::{commit, position};
use crate::store::lock::{FolderLock, LockError, Owner};
use crate::store::rewrite;
use crate::store::{ChildState, Committed, Journal, JournalError, OpenError, OpenOptions, OpenStore, Position, attach, open};

/// Set in a copy of this program that only serves a folder until it is killed.
const SERVE: &str = "WARMHALL_TEST_SERVE";

pub(super) fn options(data_dir: &Path) -> OpenOptions {
    OpenOptions { data_dir: data_dir.to_owned(), hall_id: "hall".into(), redis_url: None, redis_server: None }
}

pub(super) async fn opened(data_dir: &Path) -> OpenStore {
    open(options(data_dir)).await.unwrap()
}

/// Commits events `rev + 1 ..= to`, one by one.
pub(super) async fn commit_to(store: &OpenStore, to: u64) -> Position {
    let mut at = store.journal.load().await.unwrap().position;
    for rev in at.rev + 1..=to {
        assert_eq!(store.journal.commit(&at, &commit(rev, "x")).await.unwrap(), Committed::Done);
        at = position(&at, rev);
    }
    at
}

/// The pid of the Redis whose folder this is.
fn redis_pid(data_dir: &Path) -> Option<u32> {
    let folder = data_dir.canonicalize().unwrap().join("redis");
    fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok()).find(|pid: &u32| {
        let is_redis =
            fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("redis") || name.starts_with("valkey"));
        is_redis && fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == folder)
    })
}

fn kill(pid: u32) {
    assert!(Command::new("kill").arg("-KILL").arg(pid.to_string()).status().unwrap().success());
}

async fn until(store: &OpenStore, wanted: impl Fn(&ChildState, u32) -> bool) {
    let mut health = store.child.as_ref().unwrap().health();
    health.wait_for(|health| wanted(&health.state, health.restarts)).await.unwrap();
}

#[tokio::test]
async fn a_new_hall_opens_closes_and_opens_again_under_the_same_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = opened(&data).await;
    let at = commit_to(&store, 3).await;
    for (path, mode) in [
        ("", 0o700),
        ("redis", 0o700),
        ("redis/redis.conf", 0o600),
        ("lock", 0o600),
        ("connection.json", 0o600),
        ("high-water.json", 0o600),
    ] {
        assert_eq!(fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777, mode, "{path}");
    }
    store.close().await;
    assert_eq!(redis_pid(&data), None, "it was waited for");
    let store = opened(&data).await;
    assert_eq!(store.journal.load().await.unwrap().position, at);
    store.close().await;
}

#[tokio::test]
async fn a_killed_redis_is_back_by_itself_with_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    let at = commit_to(&store, 2).await;
    for round in 1..=3 {
        kill(redis_pid(dir.path()).unwrap());
        until(&store, |state, restarts| restarts == round && *state == ChildState::Ready).await;
        assert_eq!(store.journal.position().await.unwrap(), at);
    }
    assert_eq!(store.journal.since(0, 10).await.unwrap().len(), 2);
    assert!(store.child.as_ref().unwrap().health().borrow().last_error.as_ref().unwrap().contains("signal: 9"));
    commit_to(&store, 3).await;
    store.close().await;
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_refused_and_says_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let first = opened(dir.path()).await;
    let Err(error) = open(options(dir.path())).await else { panic!("two servers on one folder") };
    assert!(matches!(&error, OpenError::Taken { pid, .. } if *pid == std::process::id().to_string()), "{error}");
    assert!(error.to_string().contains("另一个 warmhall") && error.to_string().contains("another warmhall serves this folder"));
    commit_to(&first, 1).await;
    first.close().await;
}

#[tokio::test]
async fn the_lock_lives_as_long_as_the_redis_that_inherited_it() {
    let dir = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(dir.path()).await.unwrap();
    lock.sign(&Owner::this(None));
    let mut heir = Command::new("sleep").arg("60").stdin(Stdio::from(lock.share().unwrap())).spawn().unwrap();
    drop(lock);
    assert!(matches!(FolderLock::take(dir.path()).await, Err(LockError::Taken(Some(_)))));
    heir.kill().unwrap();
    heir.wait().unwrap();
    FolderLock::take(dir.path()).await.unwrap();
}

#[tokio::test]
async fn a_redis_that_outlived_its_server_is_ended_and_its_data_served() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    let at = commit_to(&store, 2).await;
    store.close().await;
    // As it stands when a server without setpriv was killed: its Redis runs on and holds the lock.
    let lock = FolderLock::take(dir.path()).await.unwrap();
    let mut dead = Command::new("true").spawn().unwrap();
    dead.wait().unwrap();
    let socket = dir.path().canonicalize().unwrap().join("redis/redis.sock");
    let owner = serde_json::json!({ "pid": dead.id(), "started": 1, "socket": socket });
    fs::write(dir.path().join("lock"), owner.to_string()).unwrap();
    let mut orphan = Command::new("redis-server")
        .arg(dir.path().join("redis/redis.conf"))
        .current_dir(dir.path().join("redis"))
        .stdin(Stdio::from(lock.share().unwrap()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    drop(lock);
    while !socket.exists() {
        std::thread::yield_now();
    }
    let store = opened(dir.path()).await;
    assert!(orphan.wait().unwrap().success(), "it ended as asked");
    assert_eq!(commit_to(&store, 2).await, at);
    store.close().await;
}

/// Not a test of its own: a server in another process, for the next one.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "the parent test tells its child what to do")]
async fn serve_until_killed() {
    let Some(data_dir) = std::env::var_os(SERVE).map(PathBuf::from) else { return };
    let store = opened(&data_dir).await;
    commit_to(&store, 3).await;
    fs::write(data_dir.join("serving"), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_server_takes_its_redis_with_it_and_the_next_one_serves_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::private::serve_until_killed"])
        .env(SERVE, dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !dir.path().join("serving").exists() {
        std::thread::yield_now();
    }
    let attached = attach(dir.path()).unwrap().unwrap();
    assert_eq!(attached.position().await.unwrap().rev, 3);
    assert_eq!(attached.load().await.unwrap().position.rev, 3);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(attach(dir.path()).unwrap().is_none(), "nobody serves");
    let store = opened(dir.path()).await;
    assert_eq!(commit_to(&store, 4).await.rev, 4);
    assert!(attach(dir.path()).unwrap().is_some());
    store.close().await;
    assert!(attach(dir.path()).unwrap().is_none());
}

/// A small file system of its own, for as long as this lives.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "tmpfs"]).arg(dir.path()).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(dir))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _best_effort = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

/// Only root may make a small file system; elsewhere there is nothing to see.
#[tokio::test]
async fn a_full_disk_refuses_writes_honestly_and_heals_by_itself() {
    let Some(disk) = SmallDisk::mount() else { return eprintln!("a full disk cannot be made here: not root") };
    let data = disk.0.path().join("data");
    let store = opened(&data).await;
    let at = commit_to(&store, 3).await;
    let fill = disk.0.path().join("fill");
    // Full at one blow: the next write meets the full disk before anybody looked.
    let _no_space_left = fs::write(&fill, vec![1; 32 * 1_024 * 1_024]);
    let big = commit(4, &"x".repeat(64 * 1_024));
    let error = store.journal.commit(&at, &big).await.unwrap_err();
    assert!(matches!(error, JournalError::Unknown(_) | JournalError::Away(_)), "{error}");
    until(&store, |state, _| *state == ChildState::DiskFull).await;
    assert_eq!(store.journal.since(0, 10).await.unwrap().len(), 3, "what was acknowledged is there and can be read");
    let error = store.journal.commit(&at, &big).await.unwrap_err();
    assert!(matches!(&error, JournalError::Away(why) if why.starts_with("NOREPLICAS")), "{error}");
    let restarts = store.child.as_ref().unwrap().health().borrow().restarts;
    assert!(restarts <= 1, "no loop of crashes: {restarts}");
    fs::remove_file(&fill).unwrap();
    until(&store, |state, _| *state == ChildState::Ready).await;
    assert_eq!(store.journal.commit(&at, &big).await.unwrap(), Committed::Done);
    store.close().await;
}

/// Which file of its folder the Redis wrote last as a whole.
async fn base_file(store: &OpenStore, data_dir: &Path) -> String {
    loop {
        if !rewrite::is_running(&store.journal).await.unwrap() {
            let manifest = fs::read_dir(data_dir.join("redis/appendonlydir")).unwrap().map(|entry| entry.unwrap().path());
            let manifest = fs::read_to_string(manifest.into_iter().find(|path| path.extension().unwrap() == "manifest").unwrap()).unwrap();
            return manifest.lines().find(|line| line.ends_with("type b")).unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Events of 64 KB each.
async fn commit_big_to(store: &OpenStore, to: u64) -> Position {
    let mut at = store.journal.load().await.unwrap().position;
    for rev in at.rev + 1..=to {
        assert_eq!(store.journal.commit(&at, &commit(rev, &"x".repeat(64 * 1_024))).await.unwrap(), Committed::Done);
        at = position(&at, rev);
    }
    at
}

#[tokio::test]
async fn a_file_that_grew_is_written_anew_when_asked_but_not_while_it_is_copied() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await;
    let first = base_file(&store, dir.path()).await;
    commit_big_to(&store, 100).await;
    store.journal.tidy().await.unwrap();
    assert_eq!(base_file(&store, dir.path()).await, first, "little is new");
    let at = commit_big_to(&store, 140).await;
    rewrite::hold(&store.journal).await.unwrap();
    store.journal.tidy().await.unwrap();
    assert_eq!(base_file(&store, dir.path()).await, first, "the files are being copied");
    rewrite::release(&store.journal).await.unwrap();
    store.journal.tidy().await.unwrap();
    let anew = base_file(&store, dir.path()).await;
    assert_ne!(anew, first);
    store.journal.tidy().await.unwrap();
    assert_eq!(base_file(&store, dir.path()).await, anew, "nothing is new");
    store.close().await;
    let store = opened(dir.path()).await;
    assert_eq!(store.journal.load().await.unwrap().position, at);
    store.close().await;
}
