//! What only a real Redis can show: lost answers, stopped and returning servers, foreign changes.

use std::io::{Read, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::contract::{commit, day, event, keyed, position};
use crate::store::{Commit, Committed, Journal, JournalError, RedisAddress, RedisJournal, Snapshot, Write};

/// A redis-server of its own for one test, killed when dropped.
pub(super) struct TestRedis {
    dir: tempfile::TempDir,
    child: Child,
}

impl TestRedis {
    pub(super) fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = spawn(dir.path());
        Self { dir, child }
    }

    pub(super) fn address(&self) -> RedisAddress {
        RedisAddress::Socket(self.dir.path().join("s"))
    }

    pub(super) fn journal(&self) -> RedisJournal {
        RedisJournal::new(&self.address(), "hall", true).unwrap()
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").arg(signal).arg(self.child.id().to_string()).status().unwrap();
        assert!(done.success());
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn again(&mut self) {
        self.child = spawn(self.dir.path());
    }

    pub(super) async fn raw(&self, words: &[&str]) -> redis::Value {
        let client = self.address().client().unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut connection).await.unwrap()
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn spawn(dir: &Path) -> Child {
    let socket: PathBuf = dir.join("s");
    let _old = std::fs::remove_file(&socket);
    let child = Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "always"])
        .arg("--dir")
        .arg(dir)
        .arg("--unixsocket")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !answers(&socket) {
        std::thread::yield_now();
    }
    child
}

fn answers(socket: &Path) -> bool {
    let ask = || -> std::io::Result<[u8; 5]> {
        let mut stream = UnixStream::connect(socket)?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| &answer == b"+PONG")
}

#[tokio::test]
async fn a_thousand_events_and_three_thousand_writes_are_one_commit() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    let writes =
        (0..3_000).map(|n| Write::SortedSetAdd { key: "line:A".into(), member: format!("A{n:04}"), score: f64::from(n) }).collect();
    let replies = (0..1_000).map(|n| keyed(&format!("k{n}"), "body")).collect::<Vec<_>>();
    let big = Commit { events: (1..=1_000).map(|rev| event(rev, "x")).collect(), writes, replies, ..day("2026-11-23") };
    assert_eq!(journal.commit(&at, &big).await.unwrap(), Committed::Done);
    assert_eq!(journal.since(0, 2_000).await.unwrap(), big.events);
    assert_eq!(redis.raw(&["ZCARD", "wh:{hall}:line:A"]).await, redis::Value::Int(3_000));
    let Committed::Repeated(given) =
        journal.commit(&position(&at, 1_000), &Commit { events: vec![event(1_001, "y")], ..big }).await.unwrap()
    else {
        panic!("every reply was given before");
    };
    assert_eq!(given.len(), 1_000);
    assert!(given.iter().enumerate().all(|(n, (index, reply))| n == *index && reply.body == "body"));
}

#[tokio::test]
async fn a_killed_redis_is_away_and_back_with_everything() {
    let mut redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    journal.commit(&at, &commit(1, "a")).await.unwrap();
    redis.kill();
    // The first to notice may have been sending; whoever comes after surely was not.
    let _either = journal.commit(&position(&at, 1), &commit(2, "b")).await.unwrap_err();
    let error = journal.commit(&position(&at, 1), &commit(2, "b")).await.unwrap_err();
    assert!(matches!(error, JournalError::Away(_)), "{error}");
    redis.again();
    assert_eq!(journal.commit(&position(&at, 1), &commit(2, "b")).await.unwrap(), Committed::Done);
    assert_eq!(journal.since(0, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_stopped_redis_was_sent_is_settled_by_the_read_behind_it() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    journal.commit(&at, &commit(1, "a")).await.unwrap();
    redis.signal("-STOP");
    let error = journal.commit(&position(&at, 1), &commit(2, "b")).await.unwrap_err();
    assert!(matches!(error, JournalError::Unknown(_)), "{error}");
    redis.signal("-CONT");
    assert_eq!(journal.since(1, 10).await.unwrap(), commit(2, "b").events);
}

#[tokio::test]
async fn a_connection_given_up_can_no_longer_write() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    redis.signal("-STOP");
    for _ in 0..3 {
        assert!(matches!(journal.commit(&at, &commit(1, "a")).await.unwrap_err(), JournalError::Unknown(_)));
    }
    let error = journal.commit(&at, &commit(1, "a")).await.unwrap_err();
    assert!(matches!(error, JournalError::Away(_)), "the connection was given up, nothing is sent: {error}");
    redis.signal("-CONT");
    let settled = journal.since(0, 10).await.unwrap();
    assert_eq!(journal.since(0, 10).await.unwrap(), settled, "what was read stays true");
    let clients = redis.raw(&["CLIENT", "LIST"]).await;
    let redis::Value::VerbatimString { text, .. } = clients else { panic!("{clients:?}") };
    assert_eq!(text.lines().count(), 2, "the journal's connection and this one: {text}");
}

#[tokio::test]
async fn a_waiting_read_comes_back_when_another_process_commits() {
    let redis = TestRedis::start();
    let (reader, writer) = (redis.journal(), redis.journal());
    let at = writer.load().await.unwrap().position;
    reader.load().await.unwrap();
    for rev in 1..=3 {
        let (before, next) = (position(&at, rev - 1), commit(rev, "x"));
        let (read, done) = tokio::join!(reader.wait(rev - 1, 10), writer.commit(&before, &next));
        done.unwrap();
        assert_eq!(read.unwrap(), commit(rev, "x").events);
    }
}

#[tokio::test]
async fn a_wait_that_is_given_up_does_not_delay_the_next() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    assert!(tokio::time::timeout(Duration::from_millis(20), journal.wait(0, 10)).await.is_err());
    journal.commit(&at, &commit(1, "x")).await.unwrap();
    assert_eq!(journal.wait(0, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_altered_event_is_not_served() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    journal.commit(&at, &Commit { events: (1..=3).map(|rev| event(rev, "x")).collect(), ..day("2026-11-23") }).await.unwrap();
    let redis::Value::Array(entries) = redis.raw(&["XRANGE", "wh:{hall}:events", "3-0", "3-0"]).await else { panic!() };
    let text = format!("{entries:?}");
    let hash = text.rsplit('\'').nth(1).unwrap();
    redis.raw(&["XTRIM", "wh:{hall}:events", "MAXLEN", "2"]).await;
    redis.raw(&["XDEL", "wh:{hall}:events", "3-0"]).await;
    redis.raw(&["XSETID", "wh:{hall}:events", "2-0"]).await;
    redis.raw(&["XADD", "wh:{hall}:events", "3-0", "event", "{\"x\":\"forged\"}", "h", hash]).await;
    let error = journal.since(2, 10).await.unwrap_err();
    assert!(matches!(&error, JournalError::Unsafe(why) if why.contains("altered")), "{error}");
    let error = journal.since(0, 10).await.unwrap_err();
    assert!(matches!(&error, JournalError::Unsafe(why) if why.contains("2 of 3")), "{error}");
}

#[tokio::test]
async fn a_journal_lost_or_replaced_under_us_is_never_served() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    journal.commit(&at, &commit(1, "x")).await.unwrap();
    redis.raw(&["FLUSHALL"]).await;
    let unsafe_now = |error: JournalError| assert!(matches!(error, JournalError::Unsafe(_)), "{error}");
    unsafe_now(journal.load().await.unwrap_err());
    unsafe_now(journal.position().await.unwrap_err());
    unsafe_now(journal.commit(&position(&at, 1), &commit(2, "x")).await.unwrap_err());
    unsafe_now(journal.since(1, 1).await.unwrap_err());
    redis.journal().load().await.unwrap();
    unsafe_now(journal.commit(&position(&at, 1), &commit(2, "x")).await.unwrap_err());
    unsafe_now(journal.position().await.unwrap_err());
}

#[tokio::test]
async fn events_without_their_record_are_not_covered_by_a_new_journal() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    journal.commit(&at, &commit(1, "x")).await.unwrap();
    redis.raw(&["DEL", "wh:{hall}:meta"]).await;
    assert!(matches!(redis.journal().load().await.unwrap_err(), JournalError::Unsafe(_)));
}

#[tokio::test]
async fn an_altered_saved_state_is_not_served() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    journal.commit(&at, &commit(1, "x")).await.unwrap();
    journal.save_snapshot(&at.epoch, &Snapshot::of(1, &"7").unwrap()).await.unwrap();
    journal.load().await.unwrap();
    // The text of another state, which can be read as well as the right one.
    journal.commit(&position(&at, 1), &commit(2, "x")).await.unwrap();
    let kept: String = redis::from_redis_value(redis.raw(&["HGET", "wh:{hall}:snapshot", "lz4"]).await).unwrap();
    journal.save_snapshot(&at.epoch, &Snapshot::of(2, &"8").unwrap()).await.unwrap();
    redis.raw(&["HSET", "wh:{hall}:snapshot", "lz4", &kept]).await;
    let error = journal.load().await.unwrap_err();
    assert!(matches!(&error, JournalError::Unsafe(why) if why.contains("altered")), "{error}");
}

#[tokio::test]
async fn a_full_memory_refuses_the_whole_commit_and_still_reads() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    journal.commit(&at, &commit(1, "x")).await.unwrap();
    redis.raw(&["CONFIG", "SET", "maxmemory", "1mb"]).await;
    let error = journal.commit(&position(&at, 1), &commit(2, "x")).await.unwrap_err();
    assert!(matches!(&error, JournalError::Away(why) if why.starts_with("OOM")), "{error}");
    assert_eq!(journal.since(0, 10).await.unwrap().len(), 1);
    redis.raw(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(journal.commit(&position(&at, 1), &commit(2, "x")).await.unwrap(), Committed::Done);
}

#[tokio::test]
async fn a_key_of_a_foreign_type_beside_the_log_does_not_break_a_commit() {
    let redis = TestRedis::start();
    let journal = redis.journal();
    let at = journal.load().await.unwrap().position;
    redis.raw(&["SET", "wh:{hall}:line:A", "foreign"]).await;
    let write = Write::SortedSetAdd { key: "line:A".into(), member: "A001".into(), score: 1.5 };
    let done = journal.commit(&at, &Commit { writes: vec![write], ..commit(1, "x") }).await.unwrap();
    assert_eq!(done, Committed::Done);
    assert_eq!(redis.raw(&["ZCARD", "wh:{hall}:line:A"]).await, redis::Value::Int(1));
}

#[tokio::test]
async fn a_second_process_is_told_where_the_journal_stands() {
    let redis = TestRedis::start();
    let (first, second) = (redis.journal(), redis.journal());
    let at = first.load().await.unwrap().position;
    assert_eq!(second.load().await.unwrap().position, at);
    first.commit(&at, &commit(1, "a")).await.unwrap();
    assert_eq!(second.commit(&at, &commit(1, "b")).await.unwrap(), Committed::Stale(position(&at, 1)));
}

#[tokio::test]
async fn nobody_listening_is_away() {
    let dir = tempfile::tempdir().unwrap();
    let journal = RedisJournal::new(&RedisAddress::Socket(dir.path().join("none")), "hall", true).unwrap();
    assert!(matches!(journal.load().await.unwrap_err(), JournalError::Away(_)));
    assert!(matches!(journal.wait(0, 1).await.unwrap_err(), JournalError::Away(_)));
}

impl TestRedis {
    /// Everything beside the log is exactly this.
    pub(super) async fn assert_beside(&self, beside: &crate::store::memory::Beside) {
        let client = self.address().client().unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let keys: Vec<String> = redis::cmd("KEYS").arg("wh:{hall}:*:*").query_async(&mut connection).await.unwrap();
        assert_eq!(keys.len(), beside.hashes.len() + beside.sorted_sets.len() + beside.texts.len(), "{keys:?}");
        for (key, fields) in &beside.hashes {
            let found: std::collections::BTreeMap<String, String> =
                redis::cmd("HGETALL").arg(format!("wh:{{hall}}:{key}")).query_async(&mut connection).await.unwrap();
            assert_eq!(&found, fields);
        }
        for (key, members) in &beside.sorted_sets {
            for (member, score) in members {
                let found: f64 =
                    redis::cmd("ZSCORE").arg(format!("wh:{{hall}}:{key}")).arg(member).query_async(&mut connection).await.unwrap();
                assert_eq!(found.to_bits(), score.to_bits());
            }
            let count: usize = redis::cmd("ZCARD").arg(format!("wh:{{hall}}:{key}")).query_async(&mut connection).await.unwrap();
            assert_eq!(count, members.len());
        }
        for (key, text) in &beside.texts {
            let found: String = redis::cmd("GET").arg(format!("wh:{{hall}}:{key}")).query_async(&mut connection).await.unwrap();
            assert_eq!(&found, text);
        }
    }
}
