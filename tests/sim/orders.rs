//! Whole days of a hotline and its teams, played from a seed: calls, orders, leases, clocks and incidents, with faults, restarts and
//! jumps of the clock, under the order auditor's eyes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{Duration, TimeZone, Utc};
use serde_json::Value;
use warmhall::clock::Clock;
use warmhall::domain::actor::Caller;
use warmhall::domain::apply;
use warmhall::domain::command::Command;
use warmhall::domain::event::Event;
use warmhall::domain::hall::Hall;
use warmhall::domain::hotline_call::CallFields;
use warmhall::domain::orders::Desk;
use warmhall::domain::profile::Profile;
use warmhall::domain::work_order::OrderState;
use warmhall::keeper::{Keeper, Options, Reply};
use warmhall::store::memory::MemoryJournal;
use warmhall::store::{self, Journal, OpenOptions, OpenStore, RedisJournal};

use crate::auditor::Auditor;
use crate::order_auditor::OrderAuditor;
use crate::order_workload;
use crate::random::Chance;
use crate::{ask_together, ask_until_answered, make_troublesome, offers, request, wish};

/// Commands played for one seed.
const COMMANDS: usize = 3_000;
/// Seeds played by default.
const SEEDS: u64 = 3;
/// Commands played on a real Redis.
const REAL_COMMANDS: usize = 1_000;
/// A breach is told within this of its due, or of the recovery from whatever stood in the way.
const TOLD_WITHIN_MS: i64 = 5_000;

/// What stands beside the log: sorted sets and hashes by their key behind the hall's prefix.
#[derive(Debug, Default)]
pub struct Beside {
    pub sets: BTreeMap<String, BTreeMap<String, f64>>,
    pub orders: BTreeMap<String, String>,
}

/// A journal whose sets can be looked at, as `redis-cli` would.
pub trait Looked: Journal + Clone {
    fn look(&self, teams: &[String]) -> Beside;
}

impl Looked for MemoryJournal {
    fn look(&self, _teams: &[String]) -> Beside {
        let mut beside = self.beside();
        Beside { sets: beside.sorted_sets, orders: beside.hashes.remove("orders").unwrap_or_default() }
    }
}

/// A real Redis, with a second connection that only looks.
#[derive(Clone)]
pub struct Real {
    pub journal: RedisJournal,
    pub looker: redis::Client,
}

/// A second line to the private Redis.
pub fn looker_at(store: &OpenStore) -> redis::Client {
    let socket = store.child.as_ref().expect("a private Redis").socket();
    redis::Client::open(format!("redis+unix://{}", socket.display())).unwrap()
}

impl Looked for Real {
    fn look(&self, teams: &[String]) -> Beside {
        let mut connection = self.looker.get_connection().expect("the private Redis answers");
        let mut beside = Beside::default();
        for key in teams.iter().map(|team| format!("orders:{team}")).chain(["due".to_owned()]) {
            let members: Vec<(String, f64)> =
                redis::cmd("ZRANGE").arg(format!("wh:{{sim}}:{key}")).arg(0).arg(-1).arg("WITHSCORES").query(&mut connection).unwrap();
            if !members.is_empty() {
                beside.sets.insert(key, members.into_iter().collect());
            }
        }
        beside.orders = redis::cmd("HGETALL").arg("wh:{sim}:orders").query(&mut connection).unwrap();
        beside
    }
}

impl Journal for Real {
    async fn load(&self) -> Result<store::Loaded, store::JournalError> {
        self.journal.load().await
    }
    async fn commit(&self, expected: &store::Position, commit: &store::Commit) -> Result<store::Committed, store::JournalError> {
        self.journal.commit(expected, commit).await
    }
    async fn since(&self, after: u64, limit: usize) -> Result<Vec<store::Entry>, store::JournalError> {
        self.journal.since(after, limit).await
    }
    async fn wait(&self, after: u64, limit: usize) -> Result<Vec<store::Entry>, store::JournalError> {
        self.journal.wait(after, limit).await
    }
    async fn position(&self) -> Result<store::Position, store::JournalError> {
        self.journal.position().await
    }
    async fn reply(&self, key: &store::IdempotencyKey, days: &[String]) -> Result<Option<store::StoredReply>, store::JournalError> {
        self.journal.reply(key, days).await
    }
    async fn save_snapshot(&self, epoch: &str, snapshot: &store::Snapshot) -> Result<(), store::JournalError> {
        self.journal.save_snapshot(epoch, snapshot).await
    }
    async fn trim(&self, through: u64) -> Result<(), store::JournalError> {
        self.journal.trim(through).await
    }
    async fn tidy(&self) -> Result<(), store::JournalError> {
        self.journal.tidy().await
    }
}

/// An acknowledged command, as far as the end has to know it.
struct Acknowledged {
    command: Command,
    caller: Caller,
    key: String,
    reply: Reply,
}

struct World<J: Looked> {
    seed: u64,
    chance: Chance,
    clock: Clock,
    journal: J,
    profile: Arc<Profile>,
    keepers: Vec<Keeper<J>>,
    acknowledged: Vec<Acknowledged>,
    refused: BTreeMap<String, usize>,
    keys: u64,
    /// Everything the journal ever held; it may be trimmed meanwhile.
    read: Vec<Arc<str>>,
    auditor: OrderAuditor,
    tickets: Auditor,
    /// The fold of the journal, made apart from every keeper.
    folded: Hall,
    restarts: usize,
}

async fn open<J: Looked>(journal: &J, clock: &Clock) -> Keeper<J> {
    Keeper::open(Options { journal: Arc::new(journal.clone()), clock: clock.clone(), shared: true }).await.expect("the hall opens")
}

impl<J: Looked> World<J> {
    async fn new(seed: u64, journal: J) -> Self {
        // A Saturday before clocks go back, in the morning.
        let clock = Clock::manual(Utc.with_ymd_and_hms(2026, 10, 24, 7, 0, 0).unwrap());
        let profile = Arc::new(order_workload::profile());
        let first = open(&journal, &clock).await;
        let set = Command::SetProfile { profile: Box::new((*profile).clone()) };
        first.submit(request(set, Caller::hall(), None)).await.expect("the profile is set");
        let second = open(&journal, &clock).await;
        Self {
            seed,
            chance: Chance::seeded(seed),
            auditor: OrderAuditor::new(order_workload::agreed(&profile)),
            tickets: Auditor::new(offers(&profile)),
            clock,
            journal,
            profile,
            keepers: vec![first, second],
            acknowledged: Vec::new(),
            refused: BTreeMap::new(),
            keys: 0,
            read: Vec::new(),
            folded: Hall::default(),
            restarts: 0,
        }
    }

    /// Reads what the journal has, and has both auditors read it.
    async fn follow(&mut self) {
        loop {
            let after = u64::try_from(self.read.len()).unwrap();
            let entries = self.journal.since(after, 1_000).await.expect("the journal is whole");
            if entries.is_empty() {
                return;
            }
            for entry in entries {
                self.tickets.read(&entry.json);
                self.auditor.read(&entry.json);
                let event: Event = serde_json::from_str(&entry.json).unwrap();
                apply(&mut self.folded, &event);
                self.read.push(entry.json);
            }
        }
    }

    async fn act_together(&mut self, people: usize) {
        let mut acts = Vec::new();
        let recent = self.auditor.stale.len().saturating_sub(30);
        for _ in 0..people {
            let keeper = self.keepers[self.chance.below(self.keepers.len())].clone();
            let stale = &self.auditor.stale[recent..];
            let (command, caller) = keeper.read(|hall| order_workload::next(&mut self.chance, hall, &self.profile, stale));
            self.keys += 1;
            acts.push((keeper, command, caller, format!("k{}", self.keys)));
        }
        let answers = ask_together(&acts, &mut self.chance, &mut self.refused).await;
        for ((_, command, caller, key), (reply, _)) in acts.into_iter().zip(answers) {
            self.acknowledged.push(Acknowledged { command, caller, key, reply });
        }
        self.follow().await;
        self.auditor.check_incidents();
    }

    /// Somebody asks again with an old key: the same answer, and no second effect.
    async fn repeat_one(&mut self) {
        let recent = self.acknowledged.len().saturating_sub(200);
        let Some(old) = self.chance.pick(self.acknowledged.get(recent..).unwrap_or_default()) else { return };
        let request = request(old.command.clone(), old.caller.clone(), Some(&old.key));
        let (reply, _) = ask_until_answered(&self.keepers[self.chance.below(2)], request).await;
        assert_eq!(reply, old.reply, "seed {}: a repeated key got another answer", self.seed);
    }

    /// One of the two processes catches up with the journal, or both.
    async fn feed(&mut self, which: std::ops::Range<usize>) {
        for keeper in &self.keepers[which] {
            let known = keeper.read(|hall| hall.rev);
            let entries = self.journal.since(known, 10_000).await.expect("the journal is whole");
            let last = entries.last().map_or(known, |entry| entry.rev);
            keeper.fold_foreign(&entries).await;
            keeper.rev().wait_for(|rev| *rev >= last).await.expect("the keeper lives");
        }
    }

    /// A process dies and another takes its place: it stands where the journal stands, its clocks included.
    async fn restart_one(&mut self) {
        let which = self.chance.below(2);
        self.follow().await;
        let opened = open(&self.journal, &self.clock).await;
        let hall = opened.read(Clone::clone);
        self.follow().await;
        if hall.rev == self.folded.rev {
            assert!(hall == self.folded, "seed {}: a reopened hall is not the fold of its journal", self.seed);
            self.restarts += 1;
        }
        self.keepers[which] = opened;
    }

    /// Both look at the whole journal; what is saved may then be forgotten, so that the next restart begins with the saved state.
    async fn trim(&mut self) {
        self.feed(0..2).await;
        let saved = self.journal.load().await.expect("the journal is whole").snapshot.map_or(0, |snapshot| snapshot.rev);
        self.follow().await;
        self.journal.trim(saved).await.expect("the journal is whole");
    }

    fn teams(&self) -> Vec<String> {
        self.profile.orders.teams.iter().map(|team| team.id.to_string()).collect()
    }

    /// The queues that `redis-cli` shows are the real ones, and every order is in exactly one place.
    async fn check_places(&mut self) {
        let before = self.read.len();
        self.follow().await;
        let beside = self.journal.look(&self.teams());
        let now = self.journal.position().await.expect("the journal is whole").rev;
        if usize::try_from(now).unwrap() == self.read.len() {
            check_beside(&beside, &self.auditor, &self.folded);
        } else {
            assert!(self.read.len() >= before);
        }
        check_places(&self.auditor, &self.folded, &self.teams());
    }

    async fn turn(&mut self) {
        let people = 1 + self.chance.below(8);
        self.act_together(people).await;
        if self.chance.permille(700) {
            let which = self.chance.below(2);
            self.feed(which..which + 1).await;
        }
        if self.chance.permille(20) {
            self.repeat_one().await;
        }
        if self.chance.permille(15) {
            self.restart_one().await;
        }
        if self.chance.permille(50) {
            self.check_places().await;
        }
        if self.chance.permille(10) {
            self.trim().await;
        }
    }

    /// Everything that must be true when nobody acts any more.
    async fn audit(&mut self) {
        for which in 0..self.keepers.len() {
            // On a real clock a keeper tells by itself what fell due, also between two looks: they are compared at the same revision.
            loop {
                self.follow().await;
                self.feed(which..which + 1).await;
                let compared = self.keepers[which].read(|hall| (hall.rev == self.folded.rev).then(|| *hall == self.folded));
                if let Some(same) = compared {
                    assert!(same, "a keeper's hall is not the fold of the journal");
                    break;
                }
            }
        }
        self.check_places().await;
        self.check_acknowledged();
        check_records(&self.auditor, &self.folded);
        let late = self.auditor.lateness_ms.iter().filter(|late| **late > TOLD_WITHIN_MS).count();
        println!(
            "seed {}: {} events, {} orders ({} in history), {} breaches ({late} late), {} leases over, {} restarts, refused {:?}, {:?}",
            self.seed,
            self.read.len(),
            self.auditor.orders.len() + self.auditor.archived.len(),
            self.auditor.archived.len(),
            self.auditor.lateness_ms.len(),
            self.auditor.stale.len(),
            self.restarts,
            self.refused,
            self.auditor.kinds
        );
    }

    /// Each acknowledged command is in the journal word for word, and no step was taken with a token that was not in force.
    fn check_acknowledged(&self) {
        let mut told = BTreeSet::new();
        for done in &self.acknowledged {
            if done.reply.status != 200 {
                continue;
            }
            let events: Vec<Value> = serde_json::from_str(&done.reply.body).unwrap();
            for event in &events {
                let rev = event["rev"].as_u64().unwrap();
                let kept: Value = serde_json::from_str(&self.read[usize::try_from(rev).unwrap() - 1]).unwrap();
                assert_eq!(&kept, event, "the journal does not say what was acknowledged");
                told.insert(rev);
            }
            if let (Command::Order { token: Some(token), .. }, Some(first)) = (&done.command, events.first()) {
                let rev = first["rev"].as_u64().unwrap();
                let before = self.auditor.token_before.get(&rev).copied().flatten();
                assert_eq!(before, Some(*token), "{:?} succeeded with a stale token", done.command);
            }
        }
        let asked = self.read.iter().map(|json| serde_json::from_str::<Value>(json).unwrap());
        let asked: BTreeSet<u64> = asked.filter(|event| event["key"].is_string()).map(|event| event["rev"].as_u64().unwrap()).collect();
        assert_eq!(told, asked, "something exists that nobody was told of");
    }
}

/// The sorted sets and the hash beside the log are what the journal says, by the auditor's model and by the product's fold.
pub fn check_beside(beside: &Beside, auditor: &OrderAuditor, hall: &Hall) {
    let score = |ms: i64| ms.to_string();
    let shown = |key: &str| -> BTreeMap<String, String> {
        let set = beside.sets.get(key).cloned().unwrap_or_default();
        set.into_iter().map(|(member, at)| (member, format!("{at:.0}"))).collect()
    };
    let mut queues = auditor.queues();
    for team in hall.profile.orders.teams.iter().map(|team| &team.id) {
        let model: BTreeMap<String, String> =
            queues.remove(team.as_str()).unwrap_or_default().into_iter().map(|(no, at)| (no, score(at))).collect();
        let folded: BTreeMap<String, String> = hall.orders.queue(team).map(|o| (o.no.to_string(), score(o.next_due_ms()))).collect();
        assert_eq!(shown(&format!("orders:{team}")), model, "the queue of {team} beside the log is not the auditor's");
        assert_eq!(folded, model, "the hall's queue of {team} is not the auditor's");
    }
    assert!(queues.is_empty(), "a queue of a team that is not there: {queues:?}");
    let due = hall.orders.all.values().filter_map(|order| Some((order.no.to_string(), score(order.next_event_ms()?))));
    assert_eq!(shown("due"), due.collect::<BTreeMap<_, _>>(), "what falls due beside the log is not the hall's");
    let open = auditor.orders.iter().filter(|(_, order)| !order.is_over()).map(|(no, order)| {
        let holder = order.holder.as_ref().map_or("-", |holder| &holder.who);
        (no.clone(), format!("{} {} {holder}", order.state, order.team.as_deref().unwrap_or("-")))
    });
    assert_eq!(beside.orders, open.collect(), "the orders beside the log are not the auditor's");
}

/// Every order is in exactly one place of the hall, and it is the auditor's.
pub fn check_places(auditor: &OrderAuditor, hall: &Hall, teams: &[String]) {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut put = |no: String, place: String| places.entry(no).or_default().push(place);
    for team in teams {
        for order in hall.orders.queue(&team.parse().unwrap()) {
            put(order.no.to_string(), format!("queue {team}"));
        }
    }
    for desk in [Desk::Review, Desk::Callback] {
        for order in hall.orders.at_desk(desk).filter(|order| order.state == OrderState::Review || order.state.is_worked()) {
            put(order.no.to_string(), order.state.word().to_owned());
        }
    }
    let holders: BTreeSet<_> = hall.orders.all.values().filter_map(|order| Some(order.lease.as_ref()?.handler.clone())).collect();
    for order in holders.iter().flat_map(|who| hall.orders.held_by(who)) {
        let in_hand = if order.state.is_in_hand() { "in hand" } else { order.state.word() };
        let place = if order.state == OrderState::Dispatched { "offered" } else { in_hand };
        put(order.no.to_string(), place.to_owned());
    }
    for order in hall.orders.all.values() {
        for child in order.children.iter().filter_map(|no| hall.orders.get(*no)) {
            assert_eq!(child.merged_into, Some(order.no), "{} is a child of {} and does not know", child.no, order.no);
            if child.state == OrderState::Merged {
                put(child.no.to_string(), "merged".to_owned());
            }
        }
        let asked = order.extension.as_ref().is_some_and(|extension| extension.decision.is_none()) && !order.state.is_over();
        if asked && order.state.is_worked() {
            put(order.no.to_string(), order.state.word().to_owned());
        }
        if order.state.is_over() || order.state == OrderState::Deferred {
            put(order.no.to_string(), order.state.word().to_owned());
        }
    }
    let expected: BTreeMap<String, Vec<String>> = auditor.orders.iter().map(|(no, order)| (no.clone(), vec![order.place()])).collect();
    let asked: BTreeSet<String> = hall.orders.at_desk(Desk::Extension).map(|order| order.no.to_string()).collect();
    let asks = auditor.orders.iter().filter(|(_, order)| order.extension).map(|(no, _)| no.clone());
    assert_eq!(asked, asks.collect(), "those who ask for time");
    assert_eq!(places, expected, "an order is in no place, in two, or in the wrong one");
    assert_eq!(hall.orders.open_count(), auditor.orders.values().filter(|order| !order.is_over()).count());
}

/// No call and no order is lost or altered: each is in the hall as it was typed, or went to history as it was.
fn check_records(auditor: &OrderAuditor, hall: &Hall) {
    let fresh = serde_json::to_value(CallFields::default()).unwrap();
    let kept: BTreeMap<String, Value> =
        hall.hotline.calls.values().map(|call| (call.id.to_string(), serde_json::to_value(&call.fields).unwrap())).collect();
    assert_eq!(kept.keys().collect::<Vec<_>>(), auditor.calls.keys().collect::<Vec<_>>(), "calls came or went");
    for (id, typed) in &auditor.calls {
        typed.check_kept(id, &kept[id]);
        for (field, value) in kept[id].as_object().unwrap() {
            assert!(typed.fields.contains_key(field) || *value == fresh[field], "{id}: {field} was never typed");
        }
    }
    for (no, followed) in &auditor.orders {
        let order = serde_json::to_value(hall.orders.get(no.parse().unwrap()).unwrap_or_else(|| panic!("{no} is lost"))).unwrap();
        for (field, value) in followed.intake.as_object().unwrap().iter().filter(|(field, _)| *field != "category") {
            assert_eq!(&order[field], value, "{no}: {field} is not what was acknowledged");
        }
        assert_eq!(order["category"], *followed.category);
        assert_eq!(order["state"], *followed.state);
        assert_eq!(order["urge_count"], followed.urges);
    }
}

impl World<MemoryJournal> {
    /// Time passes for clocks and timers alike, a second at a time.
    async fn pass(&mut self, seconds: usize) {
        for _ in 0..seconds {
            self.clock.set(self.clock.now() + Duration::seconds(1));
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }

    /// Nothing is owed for longer than is promised.
    async fn check_told(&mut self) {
        self.follow().await;
        if let Some((due, no, what)) = self.auditor.first_owed() {
            let late = self.clock.now().timestamp_millis() - due;
            assert!(late <= TOLD_WITHIN_MS, "seed {}: {no}: {what} is owed since {late} ms", self.seed);
        }
    }

    async fn let_time_pass(&mut self) {
        let hours = |hours| Duration::hours(hours);
        match self.chance.below(1_000) {
            0..=3 => self.clock.set(self.clock.now() + hours(24)),
            4 => self.clock.set(self.clock.now() - hours(24)),
            5 | 6 => self.clock.set(self.clock.now() + hours(2)),
            7 | 8 => self.clock.set(self.clock.now() - hours(2)),
            9..=28 => self.pass(37 * 60).await,
            29..=33 => {
                // The disk is gone for a while; the hall recovers and makes up for it.
                self.journal.set_away(true);
                self.pass(90).await;
                self.journal.set_away(false);
            }
            34..=200 => return self.pass(0).await,
            _ => {
                let seconds = self.chance.below(12);
                return self.pass(seconds).await;
            }
        }
        self.pass(5).await;
        self.check_told().await;
    }
}

/// Plays a seed; gives how often each kind of event was seen, restarts and archived orders among them.
fn play(seed: u64) -> BTreeMap<String, usize> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let journal = MemoryJournal::new("sim");
        let mut world = World::new(seed, journal.clone()).await;
        let behind = make_troublesome(&journal, Chance::seeded(seed ^ 0xFA17));
        while world.acknowledged.len() < COMMANDS {
            world.turn().await;
            world.let_time_pass().await;
        }
        world.audit().await;
        assert!(behind.load(Ordering::Relaxed) > 100, "few commits were sent while another was on its way");
        let mut seen = world.auditor.kinds.clone();
        seen.insert("restarts".to_owned(), world.restarts);
        seen.insert("archived".to_owned(), world.auditor.archived.len());
        seen
    })
}

/// Days in which little happens prove little.
fn check_seen(seen: &BTreeMap<String, usize>) {
    let count = |kind: &str| seen.get(kind).copied().unwrap_or(0);
    for kind in ["closed", "lease_expired", "clock_breached", "reopened", "returned", "merged", "extension_granted", "deferred"] {
        assert!(count(&format!("work_order.{kind}")) > 0, "days without {kind} prove little: {seen:?}");
    }
    for kind in ["incident.resolved", "restarts", "archived"] {
        assert!(count(kind) > 0, "days without {kind} prove little: {seen:?}");
    }
}

#[test]
fn days_at_the_hotline_leave_every_promise_kept() {
    if let Some(seed) = wish("SIM_SEED") {
        play(seed);
        return;
    }
    let mut seen = BTreeMap::<String, usize>::new();
    for seed in 1..=wish("SIM_SEEDS").unwrap_or(SEEDS) {
        let played = std::panic::catch_unwind(|| play(seed));
        assert!(played.is_ok(), "seed {seed} broke a promise: replay it with SIM_SEED={seed} cargo test --test sim hotline");
        for (kind, times) in played.unwrap_or_default() {
            *seen.entry(kind).or_default() += times;
        }
    }
    check_seen(&seen);
}

#[test]
fn the_queues_that_redis_shows_are_the_real_ones() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let dir = tempfile::TempDir::with_prefix("whs").unwrap();
        let options = OpenOptions { data_dir: dir.path().join("d"), hall_id: "sim".to_owned(), redis_url: None, redis_server: None };
        let store = store::open(options).await.unwrap();
        let mut world = World::new(99, Real { journal: store.journal.clone(), looker: looker_at(&store) }).await;
        while world.acknowledged.len() < REAL_COMMANDS {
            world.turn().await;
            // How the real one's answers interleave is nobody's choice: what must be seen is made to happen.
            if world.restarts == 0 && world.acknowledged.len() > REAL_COMMANDS / 2 {
                world.restart_one().await;
            }
            let minutes = if world.chance.permille(20) { 60 } else { 0 };
            let seconds = world.chance.below(20);
            world.clock.set(world.clock.now() + Duration::minutes(minutes) + Duration::seconds(i64::try_from(seconds).unwrap()));
        }
        world.audit().await;
        assert!(world.auditor.lateness_ms.len() > 20 && world.restarts > 0);
        drop(world);
        store.close().await;
    });
}

/// Other working hours move dues without a word about each order: the sets beside the log move with them.
#[test]
fn another_calendar_moves_the_queues_that_redis_shows() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let journal = MemoryJournal::new("sim");
        let mut world = World::new(5, journal.clone()).await;
        while world.acknowledged.len() < 300 {
            world.act_together(4).await;
        }
        let mut profile = (*world.profile).clone();
        profile.orders.working.as_mut().unwrap().week.sat = vec!["00:00-08:00".parse().unwrap()];
        let set = Command::SetProfile { profile: Box::new(profile) };
        let before = world.folded.orders.next_due_ms();
        let dues = |hall: &Hall| hall.orders.all.values().map(|order| (order.no, order.next_due_ms())).collect::<BTreeMap<_, _>>();
        let old = dues(&world.folded);
        world.keepers[0].submit(request(set, Caller::hall(), None)).await.expect("the profile is set");
        world.follow().await;
        assert_ne!(dues(&world.folded), old, "the other hours move nothing: {before:?}");
        let beside = journal.look(&[]);
        for team in world.folded.profile.orders.teams.iter().map(|team| &team.id) {
            let queue = world.folded.orders.queue(team).map(|order| (order.no.to_string(), format!("{}", order.next_due_ms())));
            let shown = beside.sets.get(&format!("orders:{team}")).into_iter().flatten();
            let shown = shown.map(|(no, at)| (no.clone(), format!("{at:.0}")));
            assert_eq!(shown.collect::<BTreeMap<_, _>>(), queue.collect::<BTreeMap<_, _>>(), "the queue of {team}");
        }
    });
}
