//! The first cold day: twenty calls a second become orders that teams claim and work, beside the hall's own traffic.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::join;

use super::Options;
use super::house::{House, SAMPLE};
use super::load::{Answer, Crowd, Measured, Pace, Person, post};
use super::people::Clerk;
use super::table::{Table, at_most, float, none};

/// Calls of the whole day (Taiyuan's first day).
const DAY_CALLS: u64 = 16_000;
/// Calls a second at the peak.
const PEAK: u64 = 20;
/// Calls of a run that is not `--full`.
const SHORT_CALLS: u64 = 2_400;
/// Each asks once a second, three requests a call: three operators for each call a second.
const OPERATORS: u64 = PEAK * 3;
/// Each asks once a second, five requests an order: enough to keep up with the calls.
const HANDLERS: u64 = PEAK * 5;
/// Kiosks that each take a number every two seconds, and clerks that each call every four.
const KIOSKS: usize = 6;
const CLERKS: usize = 6;
/// The target for intake and claim, in milliseconds, with `appendfsync always` on two cores.
const P99_MS: f64 = 20.0;
/// The teams that the simulated communities belong to.
const TEAMS: [&str; 2] = ["repair-east", "repair-west"];

/// An operator: a call begins, is written down, and ends as an order.
struct Operator {
    name: String,
    token: Arc<str>,
    turn: u64,
    call: Option<String>,
    written: bool,
    kind: &'static str,
}

impl Person for Operator {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let key = format!("{}-{}", self.name, self.turn);
        let Some(call) = self.call.clone() else {
            self.kind = "log";
            let body = format!(r#"{{"caller_number":"139{:08}"}}"#, self.turn * 97 % 100_000_000);
            return post(out, "/api/v1/hotline/calls", &self.token, &key, &body);
        };
        if self.written {
            self.kind = "end";
            return post(out, &format!("/api/v1/hotline/calls/{call}/end"), &self.token, &key, r#"{"disposition":"work_order"}"#);
        }
        self.kind = "write";
        let team = TEAMS[usize::try_from(self.turn % 2).unwrap()];
        // A flat of its own for each call: nobody asks twice. A community in five hundred: no outage is made up.
        let body = format!(
            r#"{{"category":"R1","description":"不热","address":{{"community":"小区{}","building":"{}","unit":"1","room":"{}","team":"{team}"}}}}"#,
            self.turn * 31 % 500,
            self.name,
            self.turn
        );
        let mut request = Vec::new();
        post(&mut request, &format!("/api/v1/hotline/calls/{call}"), &self.token, &key, &body);
        out.extend_from_slice(b"PATCH");
        out.extend_from_slice(&request[4..]);
    }

    fn told(&mut self, answer: &Answer<'_>) {
        match self.kind {
            "log" => {
                let body = std::str::from_utf8(answer.body).unwrap_or_default();
                self.call = body.split_once(r#""id":""#).and_then(|(_, rest)| rest.split_once('"')).map(|(id, _)| id.to_owned());
            }
            "write" => self.written = true,
            _ => (self.call, self.written) = (None, false),
        }
    }

    fn kind(&self) -> Option<&'static str> {
        Some(self.kind)
    }
}

/// A handler: claims, accepts, contacts, arrives, resolves.
struct Handler {
    name: String,
    token: Arc<str>,
    team: &'static str,
    turn: u64,
    held: Option<(String, u64)>,
    done: usize,
}

const STEPS: [&str; 4] = ["accept", "contact", "arrive", "resolve"];

impl Person for Handler {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let key = format!("{}-{}", self.name, self.turn);
        let Some((no, token)) = &self.held else {
            return post(out, &format!("/api/v1/teams/{}/claim", self.team), &self.token, &key, "{}");
        };
        let step = STEPS[self.done];
        let body = if step == "resolve" {
            format!(r#"{{"token":{token},"action":"排气","cause":"U1","public_reply":"已排气"}}"#)
        } else {
            format!(r#"{{"token":{token}}}"#)
        };
        post(out, &format!("/api/v1/work-orders/{no}/{step}"), &self.token, &key, &body);
    }

    fn told(&mut self, answer: &Answer<'_>) {
        if self.held.is_some() {
            self.done += 1;
            if self.done == STEPS.len() || answer.status >= 300 {
                (self.held, self.done) = (None, 0);
            }
            return;
        }
        let body: Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let no = body["work_order"]["no"].as_str().map(ToOwned::to_owned);
        self.held = no.zip(body["lease"]["token"].as_u64());
    }

    fn kind(&self) -> Option<&'static str> {
        Some(if self.held.is_some() { "step" } else { "claim" })
    }
}

/// A kiosk of the hall beside it.
struct Lobby {
    name: String,
    token: Arc<str>,
    turn: u64,
}

impl Person for Lobby {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.turn += 1;
        let key = format!("{}-{}", self.name, self.turn);
        post(out, "/api/v1/tickets", &self.token, &key, r#"{"service":"repair","class":"ordinary","language":"zh"}"#);
    }

    fn told(&mut self, _answer: &Answer<'_>) {}
}

fn hall() -> String {
    let text = std::fs::read_to_string(SAMPLE).unwrap();
    // Every handler is one token here, whose people hold many orders.
    text.replace("wip_max = 5", "wip_max = 1000")
}

pub async fn run(options: &Options) {
    let house = House::new(&hall());
    let (operator, handler) = (house.token("operator", "o1"), house.token("handler", "h1"));
    let (kiosk, lead, reader) = (house.token("kiosk", "k1"), house.token("lead", "l1"), house.token("admin", "a1"));
    let running = house.open();
    house.open_counters(&running, &lead, CLERKS).await;
    let calls = if options.full { DAY_CALLS } else { SHORT_CALLS };
    let length = Duration::from_secs(calls / PEAK);
    let operators = (0..OPERATORS).map(|index| Operator {
        name: format!("o{index}"),
        token: Arc::clone(&operator),
        turn: index * 1_000_000,
        call: None,
        written: false,
        kind: "log",
    });
    let handlers = (0..HANDLERS).map(|index| Handler {
        name: format!("h{index}"),
        token: Arc::clone(&handler),
        team: TEAMS[usize::try_from(index % 2).unwrap()],
        turn: 0,
        held: None,
        done: 0,
    });
    let lobby = (0..KIOSKS).map(|index| Lobby { name: format!("k{index}"), token: Arc::clone(&kiosk), turn: 0 });
    let clerks = (0..CLERKS).map(|index| Clerk::new(format!("c{index}"), &lead, index + 1));
    let mut desk = Crowd::connect(running.address, operators).await.unwrap();
    let mut teams = Crowd::connect(running.address, handlers).await.unwrap();
    let mut hall = Crowd::connect(running.address, lobby).await.unwrap();
    let mut counters = Crowd::connect(running.address, clerks).await.unwrap();
    let every = |seconds| Pace::Every(Duration::from_secs(seconds));
    let (desk, teams, hall, counters) =
        join!(desk.run(every(1), length), teams.run(every(1), length), hall.run(every(2), length), counters.run(every(4), length));
    let order = claims_in_order(running.address, &reader);
    tell(calls, [&desk, &teams, &hall, &counters], &order);
}

fn tell(calls: u64, [desk, teams, hall, counters]: [&Measured; 4], order: &Order) {
    let mut table = Table::new(
        &format!(
            "The first cold day: {calls} calls at {PEAK} a second, each an order that is claimed and worked; {KIOSKS} kiosks and {CLERKS} clerks beside it"
        ),
        &["what", "answers", "p50 ms", "p99 ms", "failed"],
    );
    let mut row = |name: &str, measured: &Measured, kind: Option<&'static str>, target: bool| {
        let times = kind.map_or(Some(&measured.times), |kind| measured.kinds.get(kind));
        let Some(times) = times else { return };
        let at = |quantile| float(times.value_at_quantile(quantile)) / 1_000.0;
        let p99 = if target { at_most(at(0.99), P99_MS) } else { format!("{:.2}", at(0.99)) };
        table.row(vec![name.to_owned(), times.len().to_string(), format!("{:.2}", at(0.5)), p99, none(measured.failed)]);
    };
    row("intake: a call begins", desk, Some("log"), true);
    row("intake: it is written down", desk, Some("write"), true);
    row("intake: it ends as an order", desk, Some("end"), true);
    row("claim", teams, Some("claim"), true);
    row("a step of the work", teams, Some("step"), false);
    row("a number at the kiosk", hall, None, false);
    row("next at a counter", counters, None, false);
    table.note(&format!(
        "Orders made: {}, claimed: {}, claims that passed over an order with an earlier clock: {}.",
        order.made,
        order.claimed,
        none(order.passed_over)
    ));
    table.print();
}

/// What the journal says of the order of claims.
#[derive(Default)]
struct Order {
    made: u64,
    claimed: u64,
    passed_over: u64,
}

/// Replays the journal: every claim took the order whose next clock was due first, of those that waited for that team.
fn claims_in_order(address: SocketAddr, token: &str) -> Order {
    let mut order = Order::default();
    let mut due: HashMap<String, BTreeMap<String, i64>> = HashMap::new();
    let mut waiting: HashMap<String, BTreeSet<(i64, String)>> = HashMap::new();
    let mut after = 0;
    loop {
        let page = read(address, &format!("/api/v1/events?after={after}&limit=500"), token);
        let events = page["events"].as_array().cloned().unwrap_or_default();
        let Some(last) = events.last().and_then(|event| event["rev"].as_u64()) else { return order };
        after = last;
        for event in &events {
            let (Some(no), Some(kind)) = (event["no"].as_str(), event["type"].as_str()) else { continue };
            let clocks = due.entry(no.to_owned()).or_default();
            for clock in event["clocks"].as_array().into_iter().flatten() {
                let name = clock[0].as_str().unwrap_or_default();
                let due = clock[1]["due"].as_str().and_then(|at| at.parse::<DateTime<Utc>>().ok());
                match due.filter(|_| clock[1]["running_since"].is_string()) {
                    Some(due) => clocks.insert(name.to_owned(), due.timestamp_millis()),
                    None => clocks.remove(name),
                };
            }
            let first = clocks.values().min().copied().unwrap_or(i64::MAX);
            let team = waiting.entry(event["team"].as_str().unwrap_or_default().to_owned()).or_default();
            match kind {
                "work_order.created" => order.made += 1,
                "work_order.dispatched" => {
                    team.insert((first, no.to_owned()));
                }
                "work_order.claimed" => {
                    order.claimed += 1;
                    if team.first().is_some_and(|(_, head)| head != no) {
                        order.passed_over += 1;
                    }
                    team.retain(|(_, other)| other != no);
                }
                _ => {}
            }
        }
    }
}

fn read(address: SocketAddr, path: &str, token: &str) -> Value {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: hall\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).unwrap()
}
