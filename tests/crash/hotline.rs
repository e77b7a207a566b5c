//! Operators who type and teams who work over real HTTP, while the server and its Redis are killed under them: nothing that was
//! acknowledged is lost or altered, and nobody shares an order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::order_auditor::{Agreed, OrderAuditor};
use crate::people::{Answer, Person, fresh_key};
use crate::process::{BentTime, Server, signal};
use crate::random::Chance;
use crate::{alone, profile};

/// What the people of the hotline were told.
#[derive(Default)]
struct Heard {
    /// Keys of what was acknowledged and had an effect.
    keys: Vec<String>,
    /// Call → what was acknowledged of it, field by field.
    typed: BTreeMap<String, Map<String, Value>>,
    /// Order → the call that it was made of.
    made: BTreeMap<String, String>,
    /// Order → token under which somebody was told that it is resolved.
    resolved: BTreeMap<String, u64>,
    closed: Vec<String>,
}

struct Floor {
    stop: AtomicBool,
    heard: Mutex<Heard>,
}

impl Floor {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn hear(&self, key: &str, note: impl FnOnce(&mut Heard)) {
        let mut heard = self.heard.lock().unwrap();
        heard.keys.push(key.to_owned());
        note(&mut heard);
    }

    fn count(&self) -> usize {
        self.heard.lock().unwrap().keys.len()
    }

    /// Waits until so many more things were acknowledged.
    fn until_alive(&self, more: usize) {
        let from = self.count();
        for _ in 0..6_000 {
            if self.count() >= from + more {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the hotline did not come back to life");
    }
}

/// Types calls, field by field; most become orders, some stay drafts.
fn operate(who: &Person, seed: u64, floor: &Floor) {
    let mut chance = Chance::seeded(seed);
    for turn in 0.. {
        if floor.stopped() {
            return;
        }
        let key = fresh_key("call");
        let begun = who.post("/hotline/calls", &json!({"caller_number": format!("139{:08}", chance.below(90_000))}), &key);
        assert_eq!(begun.status, 201, "{begun:?}");
        let id = begun.body["call"]["id"].as_str().unwrap().to_owned();
        floor.hear(&key, |heard| drop(heard.typed.insert(id.clone(), Map::new())));
        for field in 0..2 + chance.below(4) {
            let typed = match field {
                0 => json!({"category": "F1", "description": format!("第 {seed}-{turn} 通来电")}),
                1 => json!({"promise": format!("{field}-{turn} 小时内答复"), "urgency": "urgent"}),
                2 => json!({"customer_no": format!("{seed}-{turn}"), "safety": false, "sealed": chance.permille(200)}),
                _ => json!({"description": format!("第 {seed}-{turn} 通来电，改 {field} 次")}),
            };
            let key = fresh_key("typed");
            let answer = who.patch(&format!("/hotline/calls/{id}"), &typed, &key);
            assert_eq!(answer.status, 200, "{answer:?}");
            floor.hear(&key, |heard| heard.typed.get_mut(&id).unwrap().extend(typed.as_object().unwrap().clone()));
        }
        if chance.permille(850) {
            let key = fresh_key("end");
            let ended = who.post(&format!("/hotline/calls/{id}/end"), &json!({"disposition": "work_order"}), &key);
            assert_eq!(ended.status, 200, "{ended:?}");
            let no = ended.body["work_order"]["no"].as_str().unwrap().to_owned();
            floor.hear(&key, |heard| assert_eq!(heard.made.insert(no.clone(), id.clone()), None, "{no} was given twice"));
        }
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Claims and works; sometimes walks away with an order in hand.
fn work(who: &Person, seed: u64, floor: &Floor) {
    let mut chance = Chance::seeded(seed);
    while !floor.stopped() {
        let key = fresh_key("claim");
        let claimed = who.post("/teams/fees/claim", &json!({"lease_s": 2}), &key);
        let Some(no) = claimed.body["work_order"]["no"].as_str().map(ToOwned::to_owned) else {
            assert!(claimed.status == 200 || claimed.body["code"] == "wip_limit", "{claimed:?}");
            std::thread::sleep(Duration::from_millis(15));
            continue;
        };
        floor.hear(&key, |_| {});
        if chance.permille(80) {
            continue;
        }
        let token = claimed.body["lease"]["token"].as_u64().expect("a token for its holder");
        let resolve = json!({"token": token, "action": "核对账单", "cause": "U1", "public_reply": "已更正"});
        let steps = [("accept", json!({"token": token})), ("contact", json!({"token": token})), ("resolve", resolve)];
        for (step, body) in steps {
            let key = fresh_key(step);
            let answer = who.post(&format!("/work-orders/{no}/{step}"), &body, &key);
            if !moved(&answer) {
                break;
            }
            floor.hear(&key, |heard| {
                if step == "resolve" {
                    assert_eq!(heard.resolved.insert(no.clone(), token), None, "{no} was resolved twice");
                }
            });
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A step was taken, or the lease had run out while the server was down.
fn moved(answer: &Answer) -> bool {
    let late = answer.body["code"] == "stale_lease" || answer.body["code"] == "wrong_state" || answer.body["code"] == "not_found";
    assert!(answer.status == 200 || late, "{answer:?}");
    answer.status == 200
}

/// Calls customers back.
fn call_back(who: &Person, floor: &Floor) {
    while !floor.stopped() {
        let waiting = who.get("/work-orders?desk=callback&limit=20");
        for order in waiting["items"].as_array().unwrap() {
            let no = order["no"].as_str().unwrap().to_owned();
            let key = fresh_key("callback");
            let answer = who.post(&format!("/work-orders/{no}/callback"), &json!({"solved": true, "grade": 5}), &key);
            if moved(&answer) {
                floor.hear(&key, |heard| heard.closed.push(no));
            }
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn agreed() -> Agreed {
    let profile = profile();
    let plan = &profile.orders;
    Agreed {
        wip: plan.teams.iter().map(|team| (team.id.to_string(), usize::try_from(team.wip_max).unwrap())).collect(),
        visits: plan.categories.iter().filter(|category| category.visit).map(|category| category.id.to_string()).collect(),
        callback_attempts: usize::try_from(plan.rules.callback_attempts_max).unwrap(),
        bad_grade: u64::from(plan.rules.reopen_grade_max),
        kept_days: i64::from(plan.rules.closed_kept_days),
        masked: true,
        ..Agreed::default()
    }
}

#[test]
fn killed_servers_lose_no_word_that_was_typed_and_no_order() {
    let _alone = alone();
    let mut server = Server::new();
    let base = server.url("");
    let person = |role: &str, name: &str| Person::new(&base, &server.token(role, name));
    let operators: Vec<Person> = (1..=3).map(|n| person("operator", &format!("o{n}"))).collect();
    let workers: Vec<Person> = (1..=4).map(|n| person("handler", &format!("h{n}"))).collect();
    let (desk, reader, lead) = (person("operator", "desk"), person("manager", "m1"), person("lead", "l1"));
    server.start();
    server.ready();
    let floor = Arc::new(Floor { stop: AtomicBool::new(false), heard: Mutex::default() });
    let mut threads = Vec::new();
    for (seed, who) in (1..).zip(operators) {
        let floor = Arc::clone(&floor);
        threads.push(std::thread::spawn(move || operate(&who, seed, &floor)));
    }
    for (seed, who) in (11..).zip(workers) {
        let floor = Arc::clone(&floor);
        threads.push(std::thread::spawn(move || work(&who, seed, &floor)));
    }
    let at_desk = Arc::clone(&floor);
    threads.push(std::thread::spawn(move || call_back(&desk, &at_desk)));
    let mut chance = Chance::seeded(31);
    for round in 0..9 {
        floor.until_alive(60 + chance.below(100));
        if round % 3 != 0
            && let Some(redis) = server.redis_pid()
        {
            signal(redis, "KILL");
        }
        if round % 3 != 1 {
            server.kill();
            server.start();
        }
    }
    floor.until_alive(150);
    floor.stop.store(true, Ordering::SeqCst);
    for thread in threads {
        thread.join().expect("somebody met something that must not be");
    }
    let heard = Arc::into_inner(floor).unwrap().heard.into_inner().unwrap();
    check(&heard, &reader.journal(), &lead);
}

/// What was acknowledged is in the journal, and the doors tell it as it was typed.
fn check(heard: &Heard, journal: &[Value], reader: &Person) {
    let mut auditor = OrderAuditor::new(agreed());
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    let mut resolved = BTreeMap::new();
    for event in journal {
        auditor.read(&event.to_string());
        *keys.entry(event["key"].as_str().unwrap_or_default()).or_default() += 1;
        if event["type"] == "work_order.resolved" {
            let token = auditor.token_before[&event["rev"].as_u64().unwrap()].unwrap();
            assert_eq!(resolved.insert(event["no"].as_str().unwrap().to_owned(), token), None, "resolved twice");
        }
    }
    for key in &heard.keys {
        assert!(keys.contains_key(key.as_str()), "{key} was acknowledged and is not in the journal");
    }
    assert_eq!(heard.resolved, resolved, "somebody was told what is not so");
    assert_eq!(heard.typed.keys().collect::<Vec<_>>(), auditor.calls.keys().collect::<Vec<_>>(), "calls came or went");
    for (id, typed) in &heard.typed {
        let kept = reader.get(&format!("/hotline/calls/{id}"));
        for (field, value) in typed.iter().filter(|(field, _)| *field != "customer_no") {
            assert_eq!(&kept[field], value, "{id}: {field} is not what was acknowledged");
        }
    }
    assert_eq!(heard.made.keys().collect::<Vec<_>>(), auditor.orders.keys().collect::<Vec<_>>(), "orders came or went");
    for (no, call) in &heard.made {
        let order = reader.get(&format!("/work-orders/{no}"));
        assert_eq!(order["description"], heard.typed[call]["description"], "{no} does not say what its caller said");
        assert_eq!(order["state"].as_str(), Some(auditor.orders[no].state.as_str()), "{no}");
    }
    for no in &heard.closed {
        assert_eq!(auditor.orders[no].state, "closed", "{no} was closed");
    }
    let (calls, orders, over) = (heard.typed.len(), heard.made.len(), auditor.stale.len());
    println!("{} acknowledged: {calls} calls, {orders} orders, {over} leases over, {} closed", heard.keys.len(), heard.closed.len());
    assert!(orders > 50 && heard.resolved.len() > 30 && !heard.closed.is_empty(), "a day in which little happens proves little");
}

/// How late a breach may be told, after its due or after the server is there again.
const TOLD_WITHIN: Duration = Duration::from_secs(5);

/// The due instants of an order's running clocks, the first first.
fn dues(reader: &Person, no: &str) -> Vec<(DateTime<Utc>, String)> {
    let order = reader.get(&format!("/work-orders/{no}"));
    let clocks = order["clocks"].as_object().unwrap().iter().filter(|(_, clock)| clock["done_at"].is_null());
    let mut dues: Vec<_> = clocks.map(|(kind, clock)| (clock["due"].as_str().unwrap().parse().unwrap(), kind.clone())).collect();
    dues.sort();
    dues
}

/// When it was told that a clock of an order is late; each time.
fn breaches(reader: &Person, no: &str, kind: &str) -> Vec<DateTime<Utc>> {
    let journal = reader.journal();
    let told = journal.iter().filter(|event| event["type"] == "work_order.clock_breached" && event["no"] == *no && event["clock"] == *kind);
    told.map(|event| event["at"].as_str().unwrap().parse().unwrap()).collect()
}

/// Bends the time so that an instant is so many seconds away.
fn approach(time: &BentTime, due: DateTime<Utc>, seconds: i64) {
    time.set(&format!("+{}", (due - Utc::now()).num_seconds() - seconds));
}

/// Waits for the first telling, and no longer than a promise allows.
fn first_breach(reader: &Person, no: &str, kind: &str) -> DateTime<Utc> {
    let until = Instant::now() + TOLD_WITHIN;
    loop {
        if let Some(at) = breaches(reader, no, kind).first() {
            return *at;
        }
        assert!(Instant::now() < until, "{kind} of {no} is late, and nobody is told");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_due_instant_outlives_a_kill_and_its_breach_is_told_once_and_in_time() {
    let _alone = alone();
    let time = BentTime::new();
    let mut server = time.on(Server::new());
    let base = server.url("");
    let person = |role: &str, name: &str| Person::new(&base, &server.token(role, name));
    let (operator, reader) = (person("operator", "o1"), person("manager", "m1"));
    server.start();
    server.ready();
    let made = operator.post("/work-orders", &json!({"category": "R1", "team": "repair-east"}), &fresh_key("order"));
    let no = made.body["work_order"]["no"].as_str().unwrap().to_owned();
    let before = dues(&reader, &no);
    assert!(before.len() > 2, "{before:?}");
    server.kill();
    server.start();
    server.ready();
    assert_eq!(dues(&reader, &no), before, "a clock was counted anew");

    // The first falls due while nobody is there.
    let (due, kind) = &before[0];
    approach(&time, *due, 4);
    std::thread::sleep(Duration::from_secs(1));
    assert!(breaches(&reader, &no, kind).is_empty(), "told before it was due");
    assert_eq!(dues(&reader, &no), before);
    server.kill();
    std::thread::sleep(Duration::from_secs(5));
    server.start();
    server.ready();
    let told = first_breach(&reader, &no, kind);
    assert!(told >= *due, "{kind} is due at {due} and was told at {told}");

    // The next one while the server is there.
    let (next_due, next) = before.iter().find(|(other, _)| other > due).expect("a later clock");
    approach(&time, *next_due, 2);
    std::thread::sleep(Duration::from_millis(500));
    assert!(breaches(&reader, &no, next).is_empty(), "told before it was due");
    std::thread::sleep(Duration::from_millis(1_500));
    let late = first_breach(&reader, &no, next) - *next_due;
    assert!((0..=5_000).contains(&late.num_milliseconds()), "{next} was told {late} late");

    // Nothing is told again, whoever dies.
    server.kill();
    server.start();
    server.ready();
    std::thread::sleep(Duration::from_secs(1));
    for kind in [kind, next] {
        assert_eq!(breaches(&reader, &no, kind).len(), 1, "{kind}");
    }
    assert_eq!(dues(&reader, &no), before);
}
