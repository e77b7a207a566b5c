//! Knows what must be true, from the journal's text alone: its own small model of the hall, written apart from the product's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One ticket, as far as the auditor follows it.
#[derive(Debug, Clone)]
struct Followed {
    number: String,
    day: String,
    state: &'static str,
    line: String,
    counter: Option<String>,
    score: i64,
    order: u64,
    not_before: i64,
}

/// What a counter takes from: line name and offset in milliseconds.
pub type Offers = BTreeMap<String, Vec<(String, i64)>>;

/// Reads events in order and complains of what must never be.
#[derive(Debug, Default)]
pub struct Auditor {
    offers: Offers,
    rev: u64,
    day: String,
    tickets: BTreeMap<String, Followed>,
    holds: BTreeMap<String, String>,
    numbers: BTreeSet<(String, String)>,
    last_of_series: BTreeMap<(String, String), u64>,
    /// Idempotency key → the revisions it stands on.
    pub keys: BTreeMap<String, Vec<u64>>,
    /// Ticket id → number, of everything ever issued.
    pub issued: BTreeMap<String, String>,
    pub calls: usize,
    pub kinds: BTreeMap<String, usize>,
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_else(|| panic!("{field} is missing in {event}"))
}

impl Auditor {
    pub fn new(offers: Offers) -> Self {
        Self { offers, ..Self::default() }
    }

    /// Reads one event.
    pub fn read(&mut self, json: &str) {
        let event: Value = serde_json::from_str(json).expect("an event is JSON");
        let rev = event["rev"].as_u64().expect("rev");
        assert_eq!(rev, self.rev + 1, "revisions are dense");
        self.rev = rev;
        if let Some(key) = event["key"].as_str() {
            self.keys.entry(key.to_owned()).or_default().push(rev);
        }
        let kind = text(&event, "type").to_owned();
        *self.kinds.entry(kind.clone()).or_default() += 1;
        match kind.as_str() {
            "day.opened" => self.open_day(text(&event, "service_day")),
            "ticket.issued" => self.issue(&event, rev),
            kind if kind.starts_with("ticket.") => self.step(kind, &event, rev),
            _ => {}
        }
        self.check_holds();
    }

    fn open_day(&mut self, day: &str) {
        assert!(day > self.day.as_str(), "the service day only moves forward: {} then {day}", self.day);
        assert!(self.tickets.values().all(|t| t.state == "closed"), "the day turned over a ticket that was not closed");
        assert!(self.holds.is_empty(), "the day turned with a ticket at a counter");
        day.clone_into(&mut self.day);
        self.tickets.clear();
    }

    fn issue(&mut self, event: &Value, rev: u64) {
        let (id, number, day) = (text(event, "ticket"), text(event, "number"), text(event, "service_day"));
        assert_eq!(day, self.day, "a number belongs to the open day");
        assert!(self.numbers.insert((day.to_owned(), number.to_owned())), "{number} was issued twice on {day}");
        assert!(self.issued.insert(id.to_owned(), number.to_owned()).is_none(), "{id} was issued twice");
        let (series, digits) = number.split_at(1);
        let last = self.last_of_series.entry((day.to_owned(), series.to_owned())).or_default();
        let digits: u64 = digits.parse().expect("digits");
        assert_eq!(digits, *last + 1, "{number} leaves a gap");
        *last = digits;
        let ticket = Followed {
            number: number.to_owned(),
            day: day.to_owned(),
            state: "waiting",
            line: text(event, "service").to_owned(),
            counter: None,
            score: event["score_ms"].as_i64().expect("score"),
            order: rev,
            not_before: 0,
        };
        self.tickets.insert(id.to_owned(), ticket);
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each event, read side by side")]
    fn step(&mut self, kind: &str, event: &Value, rev: u64) {
        let id = text(event, "ticket").to_owned();
        let counter = event["counter"].as_str().map(ToOwned::to_owned);
        let at = chrono::DateTime::parse_from_rfc3339(text(event, "at")).expect("at").timestamp_millis();
        let ticket = self.tickets.get(&id).unwrap_or_else(|| panic!("{kind} of {id}, which is not of today")).clone();
        assert_eq!(ticket.number, text(event, "number"), "a number never changes");
        assert_eq!(ticket.day, self.day);
        let from = |allowed: &[&str]| assert!(allowed.contains(&ticket.state), "{kind} of {id} in state {}", ticket.state);
        let mut next = ticket.clone();
        match kind {
            "ticket.called" => {
                from(&["waiting"]);
                let counter = counter.expect("a call names its counter");
                self.check_rule(&id, &ticket, &counter, event, at);
                assert!(self.holds.insert(counter.clone(), id.clone()).is_none(), "{counter} called two at once");
                (next.state, next.counter) = ("called", Some(counter));
                self.calls += 1;
            }
            "ticket.recalled" => from(&["called"]),
            "ticket.started" => {
                from(&["called"]);
                next.state = "serving";
            }
            "ticket.missed" => {
                from(&["called"]);
                self.release(&id, &mut next, "missed");
            }
            "ticket.parked" => {
                from(&["called", "serving"]);
                self.release(&id, &mut next, "parked");
            }
            "ticket.resumed" => {
                from(&["parked"]);
                let counter = counter.expect("a resumed ticket is at a counter");
                assert!(self.holds.insert(counter.clone(), id.clone()).is_none(), "{counter} holds two");
                (next.state, next.counter) = ("called", Some(counter));
            }
            "ticket.reinstated" => {
                from(&["missed"]);
                Self::wait(&mut next, event, rev);
                self.check_behind(&next, 3);
            }
            "ticket.put_back" => {
                from(&["called", "serving"]);
                self.release(&id, &mut next, "waiting");
                Self::wait(&mut next, event, rev);
                next.not_before = event["not_before_ms"].as_i64().expect("not_before_ms");
            }
            "ticket.transferred" => {
                from(&["called", "serving", "waiting", "parked", "missed"]);
                self.release(&id, &mut next, "waiting");
                Self::wait(&mut next, event, rev);
                next.line = event["to_counter"].as_str().map_or_else(|| text(event, "to").to_owned(), |no| format!("@{no}"));
            }
            "ticket.finished" => {
                from(&["serving"]);
                if event["outcome"] == "refused" {
                    assert!(event["reason"].is_string() && event["solution"].is_string(), "refused without reason or remedy");
                }
                self.release(&id, &mut next, "closed");
            }
            "ticket.cancelled" => {
                from(&["waiting", "parked", "missed"]);
                next.state = "closed";
            }
            "ticket.day_ended" => {
                assert_ne!(ticket.state, "closed");
                self.release(&id, &mut next, "closed");
            }
            "ticket.rated" => from(&["closed"]),
            other => panic!("the auditor does not know {other}"),
        }
        self.tickets.insert(id, next);
    }

    fn wait(ticket: &mut Followed, event: &Value, rev: u64) {
        ticket.state = "waiting";
        ticket.score = event["score_ms"].as_i64().expect("score_ms");
        ticket.order = rev;
        ticket.not_before = 0;
    }

    fn release(&mut self, id: &str, ticket: &mut Followed, state: &'static str) {
        if let Some(counter) = &ticket.counter
            && self.holds.get(counter).is_some_and(|held| held == id)
        {
            self.holds.remove(counter);
        }
        ticket.state = state;
        if state != "parked" {
            ticket.counter = None;
        }
    }

    /// The rule: of everybody who could be called at this counter, the least score plus offset.
    fn check_rule(&self, id: &str, called: &Followed, counter: &str, event: &Value, at: i64) {
        if event["why"]["rule"] == "chosen" {
            return;
        }
        let offers = self.offers.get(counter).expect("a known counter");
        let own = format!("@{counter}");
        let offset = |line: &str| {
            if line == own { Some(0) } else { offers.iter().find(|(service, _)| service == line).map(|(_, offset)| *offset) }
        };
        let mine = called.score + offset(&called.line).unwrap_or_else(|| panic!("{counter} does not serve {}", called.line));
        for (other_id, other) in &self.tickets {
            let rival = other.state == "waiting" && other.not_before <= at && other_id != id;
            if let Some(offset) = offset(&other.line).filter(|_| rival) {
                let first = (mine, called.order) <= (other.score + offset, other.order);
                assert!(first, "{counter} called {} though {} was first", called.number, other.number);
            }
        }
    }

    /// A missed ticket that came back has `k` others before it, or everybody.
    fn check_behind(&self, ticket: &Followed, k: usize) {
        let waiting = self.tickets.values().filter(|t| t.state == "waiting" && t.line == ticket.line && t.number != ticket.number);
        let before = waiting.clone().filter(|t| (t.score, t.order) < (ticket.score, ticket.order)).count();
        assert!(before >= k.min(waiting.count()), "{} came back before others", ticket.number);
    }

    fn check_holds(&self) {
        for (counter, id) in &self.holds {
            let ticket = &self.tickets[id];
            assert!(matches!(ticket.state, "called" | "serving"), "{counter} holds {id} in state {}", ticket.state);
            assert_eq!(ticket.counter.as_ref(), Some(counter), "{id} is held by two counters");
        }
    }

    /// The waiting lines as the auditor has them: line → ticket ids in order.
    pub fn lines(&self) -> BTreeMap<String, Vec<String>> {
        let mut lines: BTreeMap<String, Vec<(i64, u64, String)>> = BTreeMap::new();
        for (id, ticket) in self.tickets.iter().filter(|(_, t)| t.state == "waiting") {
            lines.entry(ticket.line.clone()).or_default().push((ticket.score, ticket.order, id.clone()));
        }
        let sorted = lines.into_iter().map(|(line, mut all)| {
            all.sort();
            (line, all.into_iter().map(|(_, _, id)| id).collect())
        });
        sorted.collect()
    }

    /// How many tickets of the open day are in each state.
    pub fn states(&self) -> BTreeMap<&'static str, usize> {
        let mut states = BTreeMap::new();
        for ticket in self.tickets.values() {
            *states.entry(ticket.state).or_default() += 1;
        }
        states
    }
}
