//! Knows what must be true of calls, work orders and incidents, from the journal's text alone: its own small model, written apart
//! from the product's rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::order_timer::{Timer, check_told, moved, ms, name, number, text, word};

/// An order without a running clock stands behind all others: a hundred years after its beginning.
const NEVER_MS: i64 = 100 * 366 * 86_400_000;

/// What the hall under audit has agreed on.
#[derive(Debug, Clone, Default)]
pub struct Agreed {
    /// Team → orders that one person may hold.
    pub wip: BTreeMap<String, usize>,
    /// Categories for which somebody has to go there.
    pub visits: BTreeSet<String>,
    /// Category → what its handler must be able to do.
    pub skills: BTreeMap<String, BTreeSet<String>>,
    /// Handler → what they can do; who is not here can do everything.
    pub able: BTreeMap<String, BTreeSet<String>>,
    pub callback_attempts: usize,
    pub bad_grade: u64,
    pub kept_days: i64,
    /// The journal was read through a door that masks who called.
    pub masked: bool,
}

/// Who has an order in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub who: String,
    pub token: u64,
    pub until: Option<i64>,
}

/// One order, as far as the auditor follows it.
#[derive(Debug, Clone)]
pub struct Followed {
    pub state: String,
    pub team: Option<String>,
    pub holder: Option<Holder>,
    pub category: String,
    /// Everything it was when it began.
    pub intake: Value,
    pub merged_into: Option<String>,
    pub extension: bool,
    pub urges: u64,
    created_ms: i64,
    closed_ms: i64,
    deferred_ms: Option<i64>,
    waiting_ms: Option<i64>,
    /// Names of everybody who had it in hand or did something about it.
    workers: BTreeSet<String>,
    resolver: Option<String>,
    waited_from: String,
    reached: bool,
    tries: usize,
    arrived: bool,
    acted: bool,
    unreached: usize,
    /// The last call-back: revision, whether somebody was reached, whether it was good.
    heard: Option<(u64, bool, bool)>,
    escalation: u64,
    timers: BTreeMap<String, Timer>,
}

/// One call as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    pub fields: Map<String, Value>,
    pub ended: bool,
    ended_ms: i64,
}

/// Reads events in order and complains of what must never be.
#[derive(Debug, Default)]
pub struct OrderAuditor {
    agreed: Agreed,
    day: String,
    last_seq: u64,
    last_token: u64,
    pub orders: BTreeMap<String, Followed>,
    pub archived: BTreeSet<String>,
    pub calls: BTreeMap<String, Typed>,
    pub archived_calls: BTreeSet<String>,
    /// Incident → master, attached calls with their orders, whether it still goes on.
    incidents: BTreeMap<String, (String, BTreeMap<String, String>, bool)>,
    /// Incident and call, of everybody who was ever attached.
    attached: BTreeSet<(String, String)>,
    held: BTreeMap<String, usize>,
    /// Instants at which something must be told, (ms, order, clock or `lease`, `deferred` or `waiting`), with the instant since when it is known.
    owed: BTreeMap<(i64, String, String), i64>,
    /// Where in `owed` an order stands.
    owes: BTreeMap<String, BTreeMap<String, i64>>,
    /// Team → who waits, most urgent first.
    lines: BTreeMap<String, BTreeSet<(i64, usize, String)>>,
    /// The token that was in force before each event of an order.
    pub token_before: BTreeMap<u64, Option<u64>>,
    /// Leases that are over: order, who, token.
    pub stale: Vec<(String, String, u64)>,
    pub kinds: BTreeMap<String, usize>,
    /// How late breaches were told, in milliseconds.
    pub lateness_ms: Vec<i64>,
}

impl Followed {
    /// The least due of the clocks that run: the order of its team's queue.
    pub fn next_due(&self) -> i64 {
        let dues = self.timers.values().filter(|timer| timer.runs()).filter_map(Timer::due);
        dues.min().unwrap_or(self.created_ms + NEVER_MS)
    }

    pub fn waits(&self) -> bool {
        self.state == "dispatched" && self.holder.is_none()
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "closed" | "withdrawn")
    }

    fn is_worked(&self) -> bool {
        matches!(self.state.as_str(), "resolved" | "replied")
    }

    fn is_unworked(&self) -> bool {
        !self.is_over() && !self.is_worked() && self.state != "merged"
    }

    fn in_hand(&self) -> bool {
        matches!(self.state.as_str(), "accepted" | "contacted" | "arrived")
    }

    /// The one place where it is.
    pub fn place(&self) -> String {
        match self.state.as_str() {
            "dispatched" if self.holder.is_none() => format!("queue {}", self.team.as_deref().expect("a queue is a team's")),
            "dispatched" => "offered".to_owned(),
            "accepted" | "contacted" | "arrived" => "in hand".to_owned(),
            other => other.to_owned(),
        }
    }

    /// Nobody has it: it waits for its team, or for somebody who names one.
    fn free(&mut self) {
        self.holder = None;
        self.deferred_ms = None;
        self.waiting_ms = None;
        self.extension = false;
        if self.team.is_some() { "dispatched" } else { "review" }.clone_into(&mut self.state);
    }
}

impl OrderAuditor {
    pub fn new(agreed: Agreed) -> Self {
        Self { agreed, ..Self::default() }
    }

    /// Reads one event; what is not about calls, orders, incidents or days is passed over.
    pub fn read(&mut self, json: &str) {
        let event: Value = serde_json::from_str(json).expect("an event is JSON");
        let kind = text(&event, "type").to_owned();
        let at = ms(&event["at"]).expect("at");
        *self.kinds.entry(kind.clone()).or_default() += 1;
        if event["by"]["actor"] != "hall" {
            self.check_nothing_owed(at);
        }
        match kind.split_once('.') {
            Some(("day", "opened")) => {
                text(&event, "service_day").clone_into(&mut self.day);
                self.last_seq = 0;
            }
            Some(("numbers", _)) => {
                let given = event["last"]["ZZWO"].as_u64().unwrap_or(0);
                self.last_seq = self.last_seq.max(given);
            }
            Some(("hotline_call", what)) => self.call(what, &event, at),
            Some(("incident", what)) => self.incident(what, &event),
            Some(("work_order", "created")) => self.create(&event, at),
            Some(("work_order", what)) => self.step(what, &event, at),
            _ => {}
        }
    }

    /// Whatever fell due was told before anybody did anything.
    fn check_nothing_owed(&self, at: i64) {
        for ((due, no, what), known) in self.owed.iter().take_while(|((due, _, _), _)| *due <= at) {
            assert_eq!(*known, at, "{no}: {what} fell due at {due} and nobody was told before {at}");
        }
    }

    /// The first instant at which something has to be told.
    pub fn first_owed(&self) -> Option<&(i64, String, String)> {
        self.owed.first_key_value().map(|(owed, _)| owed)
    }

    fn create(&mut self, event: &Value, at: i64) {
        let no = text(event, "no").to_owned();
        let (day, seq) = no.split_once('-').expect("day and number");
        assert_eq!(day, self.day.replace('-', ""), "{no} is not of the open day {}", self.day);
        self.last_seq += 1;
        assert_eq!(seq.parse::<u64>().unwrap(), self.last_seq, "{no} leaves a gap or is given again");
        assert!(!self.archived.contains(&no), "{no} was given before");
        let order = Followed {
            state: "review".to_owned(),
            team: None,
            holder: None,
            category: text(&event["order"], "category").to_owned(),
            intake: event["order"].clone(),
            merged_into: None,
            extension: false,
            urges: 0,
            created_ms: at,
            closed_ms: 0,
            deferred_ms: None,
            waiting_ms: None,
            workers: BTreeSet::new(),
            resolver: None,
            waited_from: String::new(),
            reached: false,
            tries: 0,
            arrived: false,
            acted: false,
            unreached: 0,
            heard: None,
            escalation: 0,
            timers: BTreeMap::new(),
        };
        assert!(self.orders.insert(no.clone(), order).is_none(), "{no} was given before");
        self.clocks("created", &no, event, at);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event, read side by side")]
    fn step(&mut self, what: &str, event: &Value, at: i64) {
        let no = text(event, "no").to_owned();
        let rev = event["rev"].as_u64().expect("rev");
        let before = self.orders.get(&no).unwrap_or_else(|| panic!("{what} of {no}, which is not there")).clone();
        self.token_before.insert(rev, before.holder.as_ref().map(|holder| holder.token));
        let by = text(&event["by"], "actor").to_owned();
        self.check(what, &no, &before, event, at);
        let mut order = before.clone();
        match what {
            "dispatched" | "reassigned" => {
                order.team = word(&event["team"]);
                order.category = word(&event["category"]).unwrap_or(order.category);
                order.free();
            }
            "claimed" | "accepted" => self.take(what, &no, &mut order, event),
            "contacted" | "arrived" | "acted" | "measured" => work(what, &mut order, event, &by),
            "resolved" => {
                order.free();
                "resolved".clone_into(&mut order.state);
                order.resolver = Some(name(text(&event["resolution"], "by")));
                (order.unreached, order.heard) = (0, None);
            }
            "replied" => "replied".clone_into(&mut order.state),
            "called_back" => {
                let callback = &event["callback"];
                let reached = callback["reached"] == true;
                let low = callback["grade"].as_u64().is_some_and(|grade| grade <= self.agreed.bad_grade);
                order.heard = Some((rev, reached, callback["solved"] != false && !low));
                order.unreached += usize::from(!reached);
            }
            "closed" | "withdrawn" => {
                order.free();
                (order.state, order.closed_ms) = (what.to_owned(), at);
            }
            "returned" => {
                order.team = None;
                order.free();
            }
            "lease_expired" => order.free(),
            "merged" => {
                order.free();
                (order.state, order.merged_into) = ("merged".to_owned(), word(&event["into"]));
            }
            "unmerged" | "reopened" => {
                (order.merged_into, order.resolver) = (None, None);
                order.free();
                if let Some(call) = word(&event["call"]) {
                    let calls = order.intake["origin"]["calls"].as_array_mut().expect("calls");
                    if !calls.contains(&Value::from(call.as_str())) {
                        calls.push(call.into());
                    }
                }
                for (_, attached, _) in self.incidents.values_mut() {
                    attached.retain(|_, attached| *attached != no);
                }
            }
            "urged" => order.urges += 1,
            "sealed" => order.intake["sealed"] = Value::Bool(true),
            "extension_asked" => order.extension = true,
            "extension_granted" | "extension_denied" => order.extension = false,
            "paused" => {
                order.waited_from = std::mem::replace(&mut order.state, "waiting_customer".to_owned());
                order.waiting_ms = ms(&event["until"]);
                assert!(order.waiting_ms.is_some_and(|until| until > at), "{no} waits for ever: {event}");
                if let Some(holder) = &mut order.holder {
                    holder.until = None;
                }
            }
            "continued" => {
                let holder = order.holder.take();
                order.free();
                if let Some(until) = ms(&event["lease"]["until"]) {
                    order.holder = holder.map(|holder| Holder { until: Some(until), ..holder });
                }
                text(event, "state").clone_into(&mut order.state);
            }
            "deferred" => {
                (order.holder, order.waiting_ms) = (None, None);
                "deferred".clone_into(&mut order.state);
                order.deferred_ms = ms(&event["until"]);
            }
            "escalated" => order.escalation = event["level"].as_u64().expect("level"),
            "co_assigned" | "co_finished" | "co_overdue" | "supervised" | "clock_warned" | "clock_breached" | "revealed" => {}
            "archived" => return self.archive(&no, &before, event),
            other => panic!("the auditor does not know work_order.{other}"),
        }
        self.count_holders(&no, &before, &order, at);
        self.line_up(&no, &before, false);
        self.orders.insert(no.clone(), order);
        self.clocks(what, &no, event, at);
        if let Some(order) = self.orders.get(&no).cloned() {
            self.line_up(&no, &order, true);
            assert!(!order.is_over() || order.holder.is_none(), "{no} is over and still in somebody's hands");
            assert!(order.holder.is_none() || order.state != "merged", "{no} is merged and still in somebody's hands");
        }
    }

    /// Whether the order's state, holder and clocks allow this event.
    #[expect(clippy::too_many_lines, reason = "one arm for each event, read side by side")]
    fn check(&self, what: &str, no: &str, order: &Followed, event: &Value, at: i64) {
        let allow = |allowed: bool| assert!(allowed, "{what} of {no} in state {}: {event}", order.state);
        let by = text(&event["by"], "actor");
        let holds = || order.holder.as_ref().is_some_and(|holder| holder.who == by);
        match what {
            "dispatched" => allow(order.state == "review" || order.waits()),
            "claimed" => {
                allow(order.waits());
                self.check_first(no, order, by);
            }
            "accepted" => allow(order.waits() || (order.state == "dispatched" && holds())),
            "acted" if event["lease"].is_null() => {
                allow(!order.is_over() && order.state != "merged" && event["action"]["kind"] != "work");
            }
            "contacted" | "arrived" | "acted" | "measured" | "paused" => allow(order.in_hand() && holds()),
            "sealed" => allow(order.intake["sealed"] == false),
            "resolved" => match word(&event["with"]) {
                Some(master) => {
                    allow(order.state == "merged");
                    assert_eq!(order.merged_into, Some(master), "{no} was resolved with an order that it does not belong to");
                }
                // An incident that is ended takes its master with it, wherever that is.
                None if self.is_master(no, false) => allow(order.is_unworked()),
                None => {
                    allow(order.in_hand() && holds());
                    let visit = self.agreed.visits.contains(&order.category);
                    assert!(
                        order.reached || order.tries >= 3 || self.is_master(no, true),
                        "{no} was resolved and nobody spoke with the customer"
                    );
                    assert!(!visit || order.arrived, "{no} was resolved and nobody was there");
                    assert!(order.acted, "{no} was resolved and nothing was done");
                }
            },
            "replied" => allow(order.is_worked()),
            "called_back" => {
                allow(order.is_worked());
                let took_part = order.workers.contains(&name(by)) || order.resolver == Some(name(by));
                assert!(!took_part, "{by} called back about {no}, which they worked on");
            }
            // It has no customer; those of its callers are called back about their own.
            "closed" if self.is_master(no, true) || self.is_master(no, false) => allow(order.is_worked()),
            "closed" => {
                allow(order.is_worked());
                let rev = event["rev"].as_u64().expect("rev");
                let (heard, reached, good) = order.heard.unwrap_or_else(|| panic!("{no} closed without a call-back"));
                assert_eq!(heard + 1, rev, "{no} closed without a call-back");
                if event["unreached"] == true {
                    assert!(!reached && order.unreached >= self.agreed.callback_attempts, "{no} was given up too early");
                } else {
                    assert!(reached && good && order.state == "replied", "{no} closed though its customer is not content, or not told");
                }
            }
            "returned" => allow(order.state == "dispatched" || order.in_hand()),
            "lease_expired" => {
                let until = order.holder.as_ref().and_then(|holder| holder.until);
                assert!(until.is_some_and(|until| until <= at), "the lease on {no} was taken away early: {until:?}");
            }
            "reassigned" | "co_assigned" | "deferred" => allow(order.is_unworked()),
            "merged" => {
                allow(order.is_unworked());
                assert!(self.children(no).next().is_none(), "{no} has children and was merged");
            }
            "unmerged" => allow(order.state == "merged"),
            "urged" | "supervised" | "co_overdue" => allow(!order.is_over()),
            "co_finished" | "revealed" => {}
            "extension_asked" => allow(!order.extension),
            "extension_granted" | "extension_denied" => allow(order.extension),
            "continued" => {
                allow(matches!(order.state.as_str(), "waiting_customer" | "deferred"));
                if order.state == "waiting_customer" && by == "hall" {
                    assert!(order.waiting_ms.is_some_and(|until| until <= at), "{no} came back before its customer was waited for");
                    assert_eq!(word(&event["state"]).as_deref(), Some("dispatched"), "{no} goes on in nobody's hands");
                } else if order.state == "waiting_customer" {
                    assert_eq!(word(&event["state"]), Some(order.waited_from.clone()), "{no} goes on somewhere else");
                } else if by == "hall" {
                    assert!(order.deferred_ms.is_some_and(|until| until <= at), "{no} came back early");
                }
            }
            "reopened" => allow(order.is_worked() || order.state == "closed"),
            "withdrawn" => {
                allow(!order.is_over());
                let merged = self.children(no).find(|child| self.orders[*child].state == "merged");
                assert_eq!(merged, None, "{no} was withdrawn with a child");
            }
            "clock_warned" | "clock_breached" => {
                let timer = order.timers.get(text(event, "clock")).unwrap_or_else(|| panic!("{no} has no such clock: {event}"));
                check_told(what, no, timer, event, at);
            }
            "escalated" => assert_eq!(event["level"].as_u64(), Some(order.escalation + 1), "{no} climbs one step at a time"),
            "archived" => {
                allow(order.is_over());
                assert!(order.closed_ms + self.agreed.kept_days * 86_400_000 <= at, "{no} went to history early");
            }
            other => panic!("the auditor does not know work_order.{other}"),
        }
    }

    /// Whether it is the master of an incident that goes on, or of one that is over.
    fn is_master(&self, no: &str, goes_on: bool) -> bool {
        self.incidents.values().any(|(master, _, open)| master == no && *open == goes_on)
    }

    fn children<'a>(&'a self, master: &'a str) -> impl Iterator<Item = &'a str> {
        let of = self.orders.iter().filter(move |(_, order)| order.merged_into.as_deref() == Some(master));
        of.map(|(no, _)| no.as_str())
    }

    fn is_able(&self, who: &str, category: &str) -> bool {
        let Some(able) = self.agreed.able.get(who) else { return true };
        self.agreed.skills.get(category).is_none_or(|asked| asked.is_subset(able))
    }

    /// The most urgent order that its claimer can work.
    fn check_first(&self, no: &str, claimed: &Followed, who: &str) {
        assert!(self.is_able(who, &claimed.category), "{who} was given {no}, which they cannot work");
        let line = claimed.team.as_ref().and_then(|team| self.lines.get(team)).into_iter().flatten();
        let first = line.map(|(_, _, other)| other).find(|other| self.is_able(who, &self.orders[*other].category));
        assert_eq!(first.map(String::as_str), Some(no), "{who} was given another order than the most urgent");
    }

    fn take(&mut self, what: &str, no: &str, order: &mut Followed, event: &Value) {
        let lease = &event["lease"];
        let (who, token) = (text(lease, "handler").to_owned(), lease["token"].as_u64().expect("token"));
        assert_eq!(who, text(&event["by"], "actor"), "{no} was taken for somebody else");
        match &order.holder {
            Some(holder) => assert_eq!((&who, token), (&holder.who, holder.token), "{no} has two holders"),
            None => {
                assert_eq!(token, self.last_token + 1, "tokens grow by one");
                self.last_token = token;
                let team = order.team.as_deref().unwrap_or_default();
                let limit = self.agreed.wip.get(team).copied().unwrap_or(usize::MAX);
                let held = self.held.get(&who).copied().unwrap_or(0);
                assert!(held < limit, "{who} holds {held} orders and took one more of {team}");
            }
        }
        order.holder = Some(Holder { who: who.clone(), token, until: ms(&lease["until"]) });
        if what == "accepted" {
            "accepted".clone_into(&mut order.state);
            order.workers.insert(name(&who));
            (order.reached, order.tries, order.arrived, order.acted) = (false, 0, false, false);
        }
    }

    fn count_holders(&mut self, no: &str, before: &Followed, after: &Followed, at: i64) {
        let (old, new) = (before.holder.as_ref(), after.holder.as_ref());
        self.owe(no, "lease", new.and_then(|holder| holder.until), at);
        self.owe(no, "deferred", after.deferred_ms, at);
        self.owe(no, "waiting", after.waiting_ms, at);
        if old.map(|holder| holder.token) == new.map(|holder| holder.token) {
            return;
        }
        if let Some(holder) = old {
            self.stale.push((no.to_owned(), holder.who.clone(), holder.token));
            let held = self.held.get_mut(&holder.who).expect("somebody who held it");
            *held -= 1;
        }
        if let Some(holder) = new {
            *self.held.entry(holder.who.clone()).or_default() += 1;
        }
    }

    /// Takes over the clocks that an event moves, and checks that they moved as clocks may.
    fn clocks(&mut self, what: &str, no: &str, event: &Value, at: i64) {
        let order = self.orders.get_mut(no).expect("it is there");
        let mut owing = Vec::new();
        for pair in event["clocks"].as_array().into_iter().flatten() {
            let (kind, clock) = (pair[0].as_str().expect("a clock's name"), &pair[1]);
            let old = order.timers.get(kind).cloned();
            let mut timer = Timer { json: clock.clone(), told: false, warned: 0 };
            let fresh = clock["running_since"].is_string()
                && clock["total_ms"] == clock["remaining_ms"]
                && [&clock["paused_ms_total"], &clock["warned"], &clock["breached_at"]].into_iter().all(Value::is_null)
                && !matches!(what, "extension_granted" | "clock_warned" | "clock_breached");
            match old {
                Some(old) if !fresh => {
                    (timer.told, timer.warned) = (old.told, old.warned);
                    moved(what, no, &old.json, clock, at);
                }
                Some(_) | None => assert!(fresh || clock["done_at"].is_string(), "{no}: {kind} begins in the middle: {clock}"),
            }
            match what {
                "clock_breached" => {
                    (timer.told, timer.warned) = (true, 100);
                    self.lateness_ms.push(at - timer.due().expect("it is late"));
                }
                "clock_warned" => timer.warned = if event["mark"] == "warn50" { 50 } else { 80 },
                "extension_granted" => (timer.told, timer.warned) = (false, 0),
                _ => {}
            }
            if clock["pace"] == "natural" && timer.runs() && !timer.told {
                let due = ms(&clock["running_since"]).expect("it runs") + number(clock, "remaining_ms");
                assert_eq!(timer.due(), Some(due), "{no}: the due of {kind} is not what is left: {clock}");
            }
            owing.push((kind.to_owned(), timer.due().filter(|_| timer.runs() && !timer.told)));
            order.timers.insert(kind.to_owned(), timer);
        }
        let still = order.is_over() || matches!(order.state.as_str(), "waiting_customer" | "deferred" | "merged");
        let runs = order.timers.values().find(|timer| timer.runs());
        assert!(!still || runs.is_none(), "{no} is {} and a clock runs: {runs:?}", order.state);
        for (kind, due) in owing {
            self.owe(no, &kind, due, at);
        }
    }

    /// From now on something must be told of an order at `due`, or nothing of that kind.
    fn owe(&mut self, no: &str, what: &str, due: Option<i64>, at: i64) {
        let owes = self.owes.entry(no.to_owned()).or_default();
        if let Some(old) = owes.remove(what) {
            self.owed.remove(&(old, no.to_owned(), what.to_owned()));
        }
        if let Some(due) = due {
            owes.insert(what.to_owned(), due);
            self.owed.insert((due, no.to_owned(), what.to_owned()), at);
        }
    }

    /// Puts an order into its team's line, or takes it out.
    fn line_up(&mut self, no: &str, order: &Followed, waits: bool) {
        let Some(team) = order.team.clone().filter(|_| order.waits()) else { return };
        let line = self.lines.entry(team).or_default();
        // Longer numbers are later ones.
        let place = (order.next_due(), no.len(), no.to_owned());
        if waits {
            line.insert(place);
        } else {
            line.remove(&place);
        }
    }

    fn archive(&mut self, no: &str, order: &Followed, event: &Value) {
        if !self.agreed.masked {
            let kept = &event["order"];
            for (field, value) in order.intake.as_object().expect("fields") {
                let same = field == "category" || kept[field] == *value;
                assert!(same, "{no} went to history with another {field}: {} instead of {value}", kept[field]);
            }
            assert_eq!(text(kept, "category"), order.category);
            assert_eq!(text(kept, "state"), order.state);
        }
        self.orders.remove(no);
        self.archived.insert(no.to_owned());
    }

    fn call(&mut self, what: &str, event: &Value, at: i64) {
        let id = text(event, "call").to_owned();
        if what == "logged" {
            let typed = Typed { fields: event["changes"].as_object().expect("fields").clone(), ..Typed::default() };
            assert!(self.calls.insert(id.clone(), typed).is_none() && !self.archived_calls.contains(&id), "{id} was given before");
            return;
        }
        let call = self.calls.get_mut(&id).unwrap_or_else(|| panic!("{what} of {id}, which is not there"));
        match what {
            "changed" => {
                let seals = event["changes"] == serde_json::json!({"sealed": true});
                assert!(!call.ended || seals, "{id} is over and was changed");
                call.fields.extend(event["changes"].as_object().expect("fields").clone());
            }
            "ended" => {
                assert!(!call.ended, "{id} ended twice");
                (call.ended, call.ended_ms) = (true, at);
                if event["disposition"] == "work_order" {
                    let no = text(event, "work_order");
                    assert!(self.orders.contains_key(no), "{id} became {no}, which is not there");
                }
                if event["disposition"] == "attached" {
                    let told = (text(event, "incident").to_owned(), id.clone());
                    assert!(self.attached.contains(&told), "{id} ended as attached and is not");
                }
            }
            "archived" => {
                assert!(call.ended && call.ended_ms + 48 * 3_600_000 <= at, "{id} went to history early");
                let call = self.calls.remove(&id).expect("it is there");
                if !self.agreed.masked {
                    call.check_kept(&id, &event["record"]["fields"]);
                }
                self.archived_calls.insert(id);
            }
            other => panic!("the auditor does not know hotline_call.{other}"),
        }
    }

    fn incident(&mut self, what: &str, event: &Value) {
        match what {
            "opened" => {
                let (id, master) = (text(event, "incident").to_owned(), text(event, "master").to_owned());
                assert!(self.orders.contains_key(&master), "{id} has no master");
                assert!(self.incidents.insert(id.clone(), (master, BTreeMap::new(), true)).is_none(), "{id} was opened twice");
            }
            "attached" => {
                let (call, no) = (text(event, "call").to_owned(), text(event, "order").to_owned());
                let (master, attached, open) = self.incidents.get_mut(text(event, "incident")).expect("an incident");
                assert!(*open, "{call} was attached to what is over");
                assert_eq!(self.orders[&no].merged_into.as_ref(), Some(&*master), "{no} does not belong to the incident's master");
                assert!(attached.insert(call.clone(), no).is_none(), "{call} was attached twice");
                self.attached.insert((text(event, "incident").to_owned(), call));
            }
            "resolved" => {
                let (_, _, open) = self.incidents.get_mut(text(event, "incident")).expect("an incident");
                assert!(std::mem::replace(open, false), "an incident was resolved twice");
            }
            "changed" | "suggested" | "dismissed" => {}
            other => panic!("the auditor does not know incident.{other}"),
        }
    }

    /// Between two commands: whoever was attached to what is over is being answered.
    pub fn check_incidents(&self) {
        for (master, attached, _) in self.incidents.values().filter(|(_, _, open)| !open) {
            for no in attached.values() {
                let Some(order) = self.orders.get(no) else { continue };
                let left = order.state == "merged" && order.merged_into.as_ref() == Some(master);
                assert!(!left, "{no} was forgotten when its incident ended");
            }
        }
    }

    /// The queues as the auditor has them: team → number → score.
    pub fn queues(&self) -> BTreeMap<String, BTreeMap<String, i64>> {
        let mut queues: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
        for (no, order) in self.orders.iter().filter(|(_, order)| order.waits()) {
            let team = order.team.clone().expect("a queue is a team's");
            queues.entry(team).or_default().insert(no.clone(), order.next_due());
        }
        queues
    }
}

impl Typed {
    /// Whether a kept record says what was typed; what was never typed is as a new record has it.
    pub fn check_kept(&self, id: &str, kept: &Value) {
        for (field, value) in &self.fields {
            assert_eq!(&kept[field], value, "{id}: {field} is not what was acknowledged");
        }
    }
}

fn work(what: &str, order: &mut Followed, event: &Value, by: &str) {
    let lease = &event["lease"];
    if lease.is_null() {
        if event["action"]["kind"] != "note" {
            order.workers.insert(name(by));
        }
        return;
    }
    let holder = order.holder.as_mut().expect("it was checked");
    assert_eq!(lease["token"].as_u64(), Some(holder.token), "{what} renewed another lease");
    holder.until = ms(&lease["until"]);
    order.workers.insert(name(by));
    match what {
        "contacted" => {
            order.tries += 1;
            order.reached |= event["contact"]["outcome"] == "reached";
            if order.state == "accepted" {
                "contacted".clone_into(&mut order.state);
            }
        }
        "arrived" => {
            order.arrived = true;
            "arrived".clone_into(&mut order.state);
        }
        "acted" => order.acted |= event["action"]["kind"] != "note",
        _ => {}
    }
}
