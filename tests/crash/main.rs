//! Real servers, real Redis, real power cuts of processes: whatever is killed, cut, stalled or filled up, nothing that was
//! acknowledged is lost, nothing happens twice, and every board ends with the same picture.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::as_conversions,
    clippy::duration_suboptimal_units,
    clippy::assigning_clones,
    unreachable_pub,
    reason = "a test says what is wrong by panicking"
)]

#[path = "../sim/auditor.rs"]
#[allow(dead_code, reason = "the simulation uses all of it")]
mod auditor;
mod board;
mod hotline;
#[path = "../sim/order_auditor.rs"]
#[allow(dead_code, reason = "the simulation uses all of it")]
mod order_auditor;
#[path = "../sim/order_timer.rs"]
mod order_timer;
mod people;
mod process;
mod proxy;
#[path = "../sim/random.rs"]
#[allow(dead_code, reason = "the simulation uses all of it")]
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use warmhall::domain::profile::Profile;

use auditor::{Auditor, Offers};
use board::Board;
use people::{Crowd, Person, Told, check_away, fresh_key};
use process::{BentTime, Server, free_port, signal};
use proxy::{Line, Proxy};
use random::Chance;

/// The scenarios share two cores: one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn profile() -> Profile {
    warmhall::settings::sample_profile().expect("the sample hall is well written")
}

fn offers() -> Offers {
    let of = |plan: &warmhall::domain::profile::CounterPlan| {
        plan.services.iter().map(|o| (o.service.to_string(), i64::from(o.offset_min) * 60_000)).collect()
    };
    profile().counters.iter().map(|plan| (plan.no.to_string(), of(plan))).collect()
}

/// Kiosks, one clerk for each of three counters, and somebody who may read the journal.
struct Staff {
    kiosks: Vec<Person>,
    clerks: Vec<(Person, String)>,
    reader: Person,
    board: String,
}

fn staff(server: &Server, base: &str) -> Staff {
    let person = |role: &str, name: &str| Person::new(base, &server.token(role, name));
    let counters: Vec<String> = profile().counters.iter().take(3).map(|c| c.no.to_string()).collect();
    Staff {
        kiosks: (1..=3).map(|n| person("kiosk", &format!("k{n}"))).collect(),
        clerks: counters.iter().map(|no| (person("clerk", &format!("c{no}")), no.clone())).collect(),
        reader: person("manager", "m1"),
        board: server.token("board", "b1"),
    }
}

/// The journal obeys every rule, and holds exactly what the crowd was told.
fn audit(journal: &[Value], told: &Told) {
    let mut auditor = Auditor::new(offers());
    for event in journal {
        auditor.read(&event.to_string());
    }
    let mut numbers: BTreeMap<String, String> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for (key, body, answer) in &told.done {
        assert!(asked.insert(key.clone()), "{key} was answered twice to one person");
        let revs = auditor.keys.get(key).cloned().unwrap_or_default();
        if answer["ticket"].is_object() || !body["finish"].is_null() {
            assert!(!revs.is_empty(), "{key} was acknowledged and is not in the journal: {answer}");
        }
        if answer["status_url"].is_string() {
            assert_eq!(revs.len(), 1, "{key} issued {} times", revs.len());
            let (id, number) = (answer["ticket"]["id"].as_str().unwrap(), answer["ticket"]["number"].as_str().unwrap());
            assert_eq!(auditor.issued.get(id).map(String::as_str), Some(number), "the journal has another number for {id}");
            assert!(numbers.insert(number.to_owned(), id.to_owned()).is_none(), "{number} was handed out twice");
        }
    }
    println!("{} events, {} acknowledged, {} calls", journal.len(), told.done.len(), auditor.calls);
    assert!(auditor.calls > 20 && told.done.len() > 100, "a test in which little happens proves little");
}

/// Every board has the picture that a new board is given.
fn same_picture(boards: Vec<Board>, port: u16, token: &str, last: u64) {
    let fresh = Board::watch(port, token).finish_at(last);
    for board in boards {
        let picture = board.finish_at(last);
        assert_eq!(picture.epoch, fresh.epoch);
        assert!(picture.rev >= last, "a board stopped at {} of {last}", picture.rev);
        let calls = |p: &board::Picture| p.state["calls"].clone();
        assert_eq!(calls(&picture), calls(&fresh), "a board shows other calls than a new one");
        assert_eq!(picture.state["waiting"], fresh.state["waiting"]);
        let mut once = picture.calls.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once, picture.calls, "a call was told twice or out of order");
    }
}

fn last_rev(journal: &[Value]) -> u64 {
    journal.last().unwrap()["rev"].as_u64().unwrap()
}

/// Waits until the crowd has done `more` things than before: the hall is alive.
fn until_alive(crowd: &Crowd, more: usize) {
    let from = crowd.acknowledged();
    for _ in 0..6_000 {
        if crowd.acknowledged() >= from + more {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the hall did not come back to life");
}

#[test]
fn killed_servers_and_killed_redis_lose_and_double_nothing() {
    let _alone = alone();
    let mut server = Server::new();
    let base = server.url("");
    let staff = staff(&server, &base);
    server.start();
    server.ready();
    let crowd = Crowd::start(&staff.kiosks, &staff.clerks);
    let boards: Vec<Board> = (0..3).map(|_| Board::watch(server.port, &staff.board)).collect();
    let mut chance = Chance::seeded(11);
    for round in 0..14 {
        until_alive(&crowd, 20 + chance.below(60));
        match round % 3 {
            0 => {
                server.kill();
                server.start();
            }
            1 => signal(server.redis_pid().expect("a private redis"), "KILL"),
            _ => {
                if let Some(redis) = server.redis_pid() {
                    signal(redis, "KILL");
                }
                server.kill();
                server.start();
            }
        }
    }
    until_alive(&crowd, 40);
    let told = crowd.finish();
    let journal = staff.reader.journal();
    audit(&journal, &told);
    same_picture(boards, server.port, &staff.board, last_rev(&journal));
}

#[test]
fn a_retried_key_has_one_effect_even_after_a_restart() {
    let _alone = alone();
    let mut server = Server::new();
    let base = server.url("");
    let kiosk = Person::new(&base, &server.token("kiosk", "k1"));
    let other = Person::new(&base, &server.token("kiosk", "k2"));
    server.start();
    server.ready();
    let service = profile().services[0].id.to_string();
    let body = json!({"service": service, "class": "ordinary", "language": "zh"});
    let first = kiosk.post("/tickets", &body, "again");
    assert_eq!((first.status, first.replayed), (201, false));
    let again = kiosk.post("/tickets", &body, "again");
    assert_eq!((again.status, again.replayed, &again.body), (201, true, &first.body));
    server.kill();
    server.start();
    server.ready();
    let later = kiosk.post("/tickets", &body, "again");
    assert_eq!((later.status, later.replayed, &later.body), (201, true, &first.body));
    let reused = kiosk.post("/tickets", &json!({"service": service, "class": "courtesy", "language": "zh"}), "again");
    assert_eq!((reused.status, reused.body["code"].as_str()), (422, Some("idempotency_key_reused")));
    let elsewhere = other.post("/tickets", &body, "again");
    assert_eq!((elsewhere.status, elsewhere.replayed), (201, false), "a key means nothing to somebody else");
    assert_ne!(elsewhere.body["ticket"]["number"], first.body["ticket"]["number"]);
}

/// An external Redis, started for one test.
struct ExternalRedis {
    child: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl ExternalRedis {
    fn start() -> Self {
        let (dir, port) = (tempfile::TempDir::with_prefix("whr").unwrap(), free_port());
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--appendonly", "yes", "--appendfsync", "always", "--save", ""])
            .arg("--dir")
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let redis = Self { child, port, _dir: dir };
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        redis
    }
}

impl Drop for ExternalRedis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn two_servers_on_a_breakable_line_are_one_hall() {
    let _alone = alone();
    let redis = ExternalRedis::start();
    let line = Proxy::to(redis.port);
    let url = format!("redis://127.0.0.1:{}", line.port);
    let mut one = Server::new().with_redis(&url);
    let mut two = Server::new().with_redis(&url);
    let base = one.url("");
    let at_one = staff(&one, &base);
    one.start();
    one.ready();
    two.start();
    two.ready();
    // The second server's people hold tokens that were minted at the first: one hall, one list.
    let other_base = two.url("");
    let far_kiosks: Vec<Person> = (5..=6).map(|n| Person::new(&other_base, &one.token("kiosk", &format!("k{n}")))).collect();
    let far_counter = profile().counters[3].no.to_string();
    let far_clerks = vec![(Person::new(&other_base, &one.token("clerk", "far")), far_counter)];
    let near = Crowd::start(&at_one.kiosks, &at_one.clerks);
    let far = Crowd::start(&far_kiosks, &far_clerks);
    let boards = vec![Board::watch(one.port, &at_one.board), Board::watch(two.port, &at_one.board)];
    let mut chance = Chance::seeded(23);
    for round in 0..9 {
        until_alive(&near, 15);
        until_alive(&far, 5);
        line.set([Line::Cut, Line::DeafToAnswers, Line::Stalled][round % 3]);
        std::thread::sleep(Duration::from_millis(300 + 200 * u64::try_from(chance.below(8)).unwrap()));
        line.set(Line::Cut);
        line.set(Line::Whole);
    }
    until_alive(&near, 15);
    until_alive(&far, 5);
    let mut told = near.finish();
    told.done.extend(far.finish().done);
    let journal = at_one.reader.journal();
    audit(&journal, &told);
    same_picture(boards, two.port, &at_one.board, last_rev(&journal));
}

#[test]
fn a_frozen_redis_gives_honest_answers_and_nothing_twice() {
    let _alone = alone();
    let mut server = Server::new();
    let base = server.url("");
    let staff = staff(&server, &base);
    server.start();
    server.ready();
    let crowd = Crowd::start(&staff.kiosks, &staff.clerks);
    until_alive(&crowd, 50);
    let redis = server.redis_pid().expect("a private redis");
    signal(redis, "STOP");
    let service = profile().services[0].id.to_string();
    let visitor = &staff.kiosks[0];
    let mut worst = Duration::ZERO;
    for _ in 0..5 {
        let body = json!({"service": service, "class": "ordinary", "language": "zh"});
        let answer = visitor.post_once("/tickets", &body, &fresh_key("frozen")).expect("an answer, not silence");
        assert_eq!(answer.status, 503, "{answer:?}");
        check_away(&answer);
        worst = worst.max(answer.took);
    }
    println!("the slowest door took {worst:?} while Redis stood still");
    signal(redis, "CONT");
    until_alive(&crowd, 30);
    signal(server.pid(), "STOP");
    std::thread::sleep(Duration::from_secs(2));
    signal(server.pid(), "CONT");
    until_alive(&crowd, 30);
    let mut told = crowd.finish();
    // What was answered 503 "unknown" above may stand in the journal: it was asked for, but not told.
    told.done.retain(|(key, _, _)| !key.starts_with("frozen"));
    audit(&staff.reader.journal(), &told);
}

#[test]
fn a_full_disk_refuses_and_heals_by_itself() {
    let _alone = alone();
    let mount = tempfile::TempDir::with_prefix("whd").unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=192m", "tmpfs"]).arg(mount.path()).status().unwrap();
    if !mounted.success() {
        println!("a small disk can only be made by root; this promise was not looked at");
        return;
    }
    let mut server = Server::at(&mount.path().join("d"));
    let base = server.url("");
    let staff = staff(&server, &base);
    server.start();
    server.ready();
    let crowd = Crowd::start(&staff.kiosks, &staff.clerks);
    until_alive(&crowd, 60);
    let filler = mount.path().join("filler");
    let _full = Command::new("dd").args(["if=/dev/zero", &format!("of={}", filler.display()), "bs=1M"]).stderr(Stdio::null()).status();
    let visitor = &staff.kiosks[0];
    let service = profile().services[0].id.to_string();
    let body = json!({"service": service, "class": "ordinary", "language": "zh"});
    let mut refused = false;
    for _ in 0..400 {
        let answer = visitor.post_once("/tickets", &body, &fresh_key("full"));
        if let Ok(answer) = answer {
            assert!(answer.status == 201 || answer.status == 503, "{answer:?}");
            refused |= answer.status == 503;
        }
        if refused {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(refused, "a full disk was never noticed");
    assert_eq!(staff.reader.get_once("/queue").map(|a| a.status), Ok(200), "reading goes on while the disk is full");
    std::fs::remove_file(&filler).unwrap();
    until_alive(&crowd, 40);
    let told = crowd.finish();
    audit(&staff.reader.journal(), &told);
    server.kill();
    drop(server);
    let _unmounted = Command::new("umount").arg("-l").arg(mount.path()).status();
}

#[test]
fn a_clock_that_jumps_issues_no_number_twice() {
    let _alone = alone();
    let time = BentTime::new();
    let mut server = time.on(Server::new());
    let base = server.url("");
    let staff = staff(&server, &base);
    server.start();
    server.ready();
    people::DAYS_TURN.store(true, std::sync::atomic::Ordering::SeqCst);
    let crowd = Crowd::start(&staff.kiosks, &staff.clerks);
    let boards = vec![Board::watch(server.port, &staff.board)];
    for jump in ["+2h", "-2h", "+0", "+24h", "-24h", "+26h", "+0"] {
        until_alive(&crowd, 25);
        time.set(jump);
    }
    until_alive(&crowd, 25);
    server.kill();
    server.start();
    until_alive(&crowd, 25);
    let told = crowd.finish();
    people::DAYS_TURN.store(false, std::sync::atomic::Ordering::SeqCst);
    let journal = staff.reader.journal();
    let days = journal.iter().filter(|e| e["type"] == "day.opened").count();
    println!("{days} service days");
    // Numbers restart with a service day, so the same one may come again on another: the auditor knows, this list does not.
    let mut auditor = Auditor::new(offers());
    for event in &journal {
        auditor.read(&event.to_string());
    }
    for (key, _, answer) in told.done.iter().filter(|(_, _, answer)| answer["status_url"].is_string()) {
        let id = answer["ticket"]["id"].as_str().unwrap();
        assert_eq!(auditor.issued.get(id).map(String::as_str), answer["ticket"]["number"].as_str(), "{key}");
    }
    same_picture(boards, server.port, &staff.board, last_rev(&journal));
}

#[test]
fn a_second_server_on_the_folder_and_a_lost_manifest_are_refused_in_plain_words() {
    let _alone = alone();
    let mut server = Server::new();
    let base = server.url("");
    let staff = staff(&server, &base);
    server.start();
    server.ready();
    let service = profile().services[0].id.to_string();
    let body = json!({"service": service, "class": "ordinary", "language": "zh"});
    for n in 0..5 {
        assert_eq!(staff.kiosks[0].post("/tickets", &body, &format!("n{n}")).status, 201);
    }
    let mut second = process::program();
    let out = second.args(["serve", "--listen", &format!("127.0.0.1:{}", free_port()), "--data-dir"]).arg(&server.dir).output().unwrap();
    assert!(!out.status.success());
    let words = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
    assert!(words.contains(|c: char| ('\u{4e00}'..'\u{9fff}').contains(&c)) && words.contains("folder"), "{words}");
    let (_, clean) = server.terminate();
    assert!(clean, "a closed server ends well:\n{}", server.printed());
    let manifest = walk(&server.dir).into_iter().find(|p| p.extension().is_some_and(|e| e == "manifest")).expect("a manifest");
    std::fs::remove_file(manifest).unwrap();
    let out = process::program()
        .args(["serve", "--listen", &format!("127.0.0.1:{}", server.port), "--data-dir"])
        .arg(&server.dir)
        .output()
        .unwrap();
    assert!(!out.status.success(), "a hall that lost its journal must not be served");
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            files.extend(walk(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}
