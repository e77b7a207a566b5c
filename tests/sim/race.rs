//! Sixteen workers race on ten thousand orders of one team, on a real Redis: some die with an order in hand, some come back too late,
//! Redis is killed under them and the server is replaced. Nobody shares an order, and none is lost.
//!
//! `RACE_ORDERS=n cargo test --test sim race` plays with another number of orders.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::Value;
use tokio::sync::watch;
use warmhall::clock::Clock;
use warmhall::domain::actor::{Actor, Caller, Role};
use warmhall::domain::command::Command;
use warmhall::domain::ids::OrderNo;
use warmhall::domain::profile::Profile;
use warmhall::domain::text::FreeText;
use warmhall::domain::work_order::{NewOrder, OrderStep, Reached, ResolveStep};
use warmhall::keeper::{Fault, Keeper, Options, Reply};
use warmhall::store::{self, Journal, OpenOptions, OpenStore, RedisJournal};

use crate::order_auditor::OrderAuditor;
use crate::orders::{Looked, Real, check_beside, check_places, looker_at};
use crate::random::Chance;
use crate::{order_workload, request, wish, workload};

/// Orders raced for by default.
const ORDERS: usize = 10_000;
const WORKERS: usize = 16;
/// What one worker has in hand at a time.
const HANDS: usize = 8;
/// Orders asked for at once while they are made.
const MAKERS: usize = 400;
/// The hall's seconds in one of ours: leases run out while one looks on.
const HASTE: i64 = 200;

const PLAN: &str = r#"
[orders]
rules = { lease_s = 60, hold_s = 600 }
[[orders.teams]]
id = "race"
name = { zh = "抢单", en = "Race" }
wip_max = 10
[[orders.categories]]
id = "F1"
name = { zh = "收费", en = "Bill" }
team = "race"
[[orders.causes]]
id = "U1"
name = { zh = "气堵", en = "Air" }
[[orders.clocks]]
category = "F1"
limits = { accept = { pace = "natural", minutes = 3000 }, resolve = { pace = "natural", minutes = 9000 } }
"#;

/// The server as it is at the moment: replaced when it is killed.
struct Desk {
    keeper: watch::Sender<Option<Keeper<RedisJournal>>>,
    keys: AtomicUsize,
    over: AtomicBool,
    /// Order → who was told that they resolved it, and with which token.
    resolved: Mutex<BTreeMap<String, (String, u64)>>,
    died: AtomicUsize,
    came_late: AtomicUsize,
}

fn words(text: &str) -> FreeText {
    FreeText::parse(text).unwrap()
}

impl Desk {
    /// Asks with one key until there is an answer, whichever server gives it.
    async fn ask(&self, command: Command, caller: &Caller) -> Reply {
        let key = format!("r{}", self.keys.fetch_add(1, Ordering::Relaxed));
        let request = request(command, caller.clone(), Some(&key));
        let mut keeper = self.keeper.subscribe();
        loop {
            let open = keeper.wait_for(Option::is_some).await.unwrap().clone().unwrap();
            match open.submit(request.clone()).await {
                Ok(answer) => return answer.reply,
                Err(Fault::Away | Fault::Unknown | Fault::Overloaded | Fault::Closing) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(other @ (Fault::Unsafe(_) | Fault::KeyReused)) => panic!("{other}"),
            }
        }
    }

    async fn step(&self, no: OrderNo, step: OrderStep, token: u64, caller: &Caller) -> Reply {
        self.ask(Command::Order { no, step: Box::new(step), token: Some(token) }, caller).await
    }

    fn done(&self) -> usize {
        self.resolved.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn resolve() -> OrderStep {
    OrderStep::Resolve(Box::new(ResolveStep {
        action: Some(words("核对账单")),
        parts: None,
        cause: "U1".parse().unwrap(),
        solved: true,
        unsolved_reason: None,
        valid_claim: true,
        out_of_scope: false,
        public_reply: None,
        signature: None,
        refund_days: None,
    }))
}

/// One hand of a worker: claims, and mostly goes through with it.
async fn work(desk: Arc<Desk>, who: usize, hand: usize) {
    let caller = Caller::new(Actor::new(Role::Handler, &format!("w{who}"), None), false);
    let mut chance = Chance::seeded(u64::try_from(who * HANDS + hand).unwrap());
    while !desk.over.load(Ordering::Relaxed) {
        let claimed = desk.ask(Command::Claim { team: "race".parse().unwrap(), lease_s: None }, &caller).await;
        let events: Vec<Value> = if claimed.status == 200 { serde_json::from_str(&claimed.body).unwrap() } else { Vec::new() };
        let Some(event) = events.first() else {
            // The queue is empty, or those who died hold up to the limit: leases will run out.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let no: OrderNo = event["no"].as_str().unwrap().parse().unwrap();
        let token = event["lease"]["token"].as_u64().unwrap();
        match chance.below(100) {
            0..=2 => {
                desk.died.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            3 => tokio::time::sleep(Duration::from_millis(400)).await,
            _ => {}
        }
        let contact = OrderStep::Contact { outcome: Reached::Reached, number: None, note: None };
        let mut held = true;
        for step in [OrderStep::Accept, contact, resolve()] {
            let last = matches!(step, OrderStep::Resolve(_));
            let reply = desk.step(no, step, token, &caller).await;
            if reply.status != 200 {
                assert!(reply.body.contains("StaleLease") || reply.body.contains("OrderWrongState"), "{}", reply.body);
                desk.came_late.fetch_add(1, Ordering::Relaxed);
                held = false;
                break;
            }
            if !last && chance.below(200) == 0 {
                // Dies in the middle of the work.
                desk.died.fetch_add(1, Ordering::Relaxed);
                held = false;
                break;
            }
        }
        if held {
            let told = (caller.actor.actor.to_string(), token);
            let earlier = desk.resolved.lock().unwrap_or_else(PoisonError::into_inner).insert(no.to_string(), told);
            assert_eq!(earlier, None, "{no} was resolved twice");
        }
    }
}

async fn make(desk: &Arc<Desk>, orders: usize) {
    let caller = Caller::new(Actor::new(Role::Operator, "li", None), false);
    let mut tasks = Vec::new();
    for maker in 0..MAKERS.min(orders) {
        let (desk, caller) = (Arc::clone(desk), caller.clone());
        tasks.push(tokio::spawn(async move {
            for n in (maker..orders).step_by(MAKERS) {
                let description = Some(words(&format!("账单 {n}")));
                let new = NewOrder { category: Some("F1".parse().unwrap()), description, ..NewOrder::default() };
                assert_eq!(desk.ask(Command::CreateOrder(Box::new(new)), &caller).await.status, 200);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn serve(dir: &std::path::Path, clock: &Clock) -> (OpenStore, Keeper<RedisJournal>) {
    let options = OpenOptions { data_dir: dir.join("d"), hall_id: "sim".to_owned(), redis_url: None, redis_server: None };
    let store = store::open(options).await.unwrap();
    let journal = Arc::new(store.journal.clone());
    let keeper = Keeper::open(Options { journal, clock: clock.clone(), shared: false }).await.unwrap();
    (store, keeper)
}

fn kill_redis(store: &OpenStore) {
    let mut connection = looker_at(store).get_connection().unwrap();
    let info: String = redis::cmd("INFO").arg("server").query(&mut connection).unwrap();
    let pid = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap().trim();
    assert!(std::process::Command::new("kill").args(["-KILL", pid]).status().unwrap().success());
}

/// Waits until so many orders are resolved.
async fn until_done(desk: &Desk, orders: usize) {
    while desk.done() < orders {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn race(orders: usize) {
    let dir = tempfile::TempDir::with_prefix("whq").unwrap();
    let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 11, 23, 1, 0, 0).unwrap());
    let (store, keeper) = serve(dir.path(), &clock).await;
    let desk = Arc::new(Desk {
        keeper: watch::Sender::new(Some(keeper)),
        keys: AtomicUsize::new(0),
        over: AtomicBool::new(false),
        resolved: Mutex::default(),
        died: AtomicUsize::new(0),
        came_late: AtomicUsize::new(0),
    });
    let profile: Profile = toml::from_str(&format!("{}\n{PLAN}", workload::PROFILE)).unwrap();
    desk.ask(Command::SetProfile { profile: Box::new(profile.clone()) }, &Caller::hall()).await;
    let begun = tokio::time::Instant::now();
    make(&desk, orders).await;
    println!("{orders} orders made in {:?}", begun.elapsed());
    let hurry = tokio::spawn({
        let clock = clock.clone();
        async move {
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                clock.set(clock.now() + TimeDelta::milliseconds(10 * HASTE));
            }
        }
    });
    let hands = (0..WORKERS * HANDS).map(|n| tokio::spawn(work(Arc::clone(&desk), n / HANDS, n % HANDS))).collect::<Vec<_>>();
    until_done(&desk, orders / 3).await;
    kill_redis(&store);
    until_done(&desk, orders * 2 / 3).await;
    // The server goes as well, with everything that was under way, and another takes its place.
    desk.keeper.send_replace(None);
    kill_redis(&store);
    store.close().await;
    let (store, keeper) = serve(dir.path(), &clock).await;
    desk.keeper.send_replace(Some(keeper.clone()));
    until_done(&desk, orders).await;
    desk.over.store(true, Ordering::Relaxed);
    for hand in hands {
        hand.await.unwrap();
    }
    hurry.abort();
    println!("all resolved after {:?}", begun.elapsed());
    audit(&desk, &store, &keeper, &profile, orders).await;
    desk.keeper.send_replace(None);
    drop(keeper);
    store.close().await;
    println!("looked at after {:?}", begun.elapsed());
}

/// Each order was in one hand at a time, and each is resolved by whoever was told so.
async fn audit(desk: &Desk, store: &OpenStore, keeper: &Keeper<RedisJournal>, profile: &Profile, orders: usize) {
    let mut auditor = OrderAuditor::new(order_workload::agreed(profile));
    let mut resolved = BTreeMap::new();
    let mut rev = 0;
    loop {
        let entries = store.journal.since(rev, 2_000).await.unwrap();
        let Some(last) = entries.last() else { break };
        rev = last.rev;
        for entry in &entries {
            auditor.read(&entry.json);
            if entry.json.contains("work_order.resolved") {
                let event: Value = serde_json::from_str(&entry.json).unwrap();
                let token = auditor.token_before[&entry.rev].unwrap();
                let by = event["by"]["actor"].as_str().unwrap().to_owned();
                assert_eq!(resolved.insert(event["no"].as_str().unwrap().to_owned(), (by, token)), None, "resolved twice");
            }
        }
    }
    let told = desk.resolved.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(told, resolved, "somebody was told what is not so");
    assert_eq!(resolved.len(), orders);
    let team = vec!["race".to_owned()];
    let real = Real { journal: store.journal.clone(), looker: looker_at(store) };
    keeper.read(|hall| {
        assert_eq!(hall.rev, rev);
        check_beside(&real.look(&team), &auditor, hall);
        check_places(&auditor, hall, &team);
    });
    let (died, late) = (desk.died.load(Ordering::Relaxed), desk.came_late.load(Ordering::Relaxed));
    let expired = auditor.kinds["work_order.lease_expired"];
    println!("{rev} events, {died} died with an order in hand, {late} came back too late, {expired} leases ran out");
    assert!(died > 0 && expired >= died && late > 0, "a race in which nobody falls proves little");
}

#[test]
fn sixteen_workers_racing_never_share_an_order_and_never_lose_one() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let orders = wish("RACE_ORDERS").map_or(ORDERS, |orders| usize::try_from(orders).unwrap());
    runtime.block_on(race(orders));
}
