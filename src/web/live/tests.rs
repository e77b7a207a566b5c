//! What the live line promises, over real sockets: every revision once, a state that is true at its revision, and nobody waits
//! for anybody.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::{App, HttpServer, web};
use awc::ws;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use actix_ws::ProtocolError;

use super::*;
use crate::domain::actor::{Caller, Role};
use crate::domain::command::{Command, CounterStep, Issue, NewDevice};
use crate::domain::event::Event;
use crate::domain::hall::Hall;
use crate::domain::profile::Class;
use crate::domain::text::{Language, Text};
use crate::domain::{apply, ticket};
use crate::keeper::{Options as KeeperOptions, Reply, Request};
use crate::store::MemoryJournal;
use crate::web::views::{Around, event_for, state_json};

/// Nothing here takes longer, unless it is broken.
const PATIENCE: Duration = Duration::from_secs(25);

fn noon() -> DateTime<Utc> {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

/// One process that serves a hall.
struct Rig {
    keeper: Keeper<MemoryJournal>,
    feed: Feed,
    live: Live,
    address: SocketAddr,
    server: actix_web::dev::ServerHandle,
}

impl Drop for Rig {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl Rig {
    async fn start() -> Self {
        Self::on(MemoryJournal::new("e1"), false).await.with_counters().await
    }

    async fn with_counters(self) -> Self {
        let profile = Box::new(crate::settings::sample_profile().unwrap());
        self.ask(Command::SetProfile { profile }).await;
        for no in ["1", "2", "3"] {
            self.at(no, CounterStep::Open).await;
        }
        self
    }

    async fn on(journal: MemoryJournal, shared: bool) -> Self {
        let journal = Arc::new(journal);
        let clock = Clock::manual(noon());
        let keeper = Keeper::open(KeeperOptions { journal: Arc::clone(&journal), clock, shared }).await.unwrap();
        let known = *keeper.rev().borrow();
        let feed = Feed::start(journal, known);
        let (mut cursor, folding) = (feed.subscribe(known), keeper.clone());
        tokio::spawn(async move {
            while let Ok(batch) = cursor.next().await {
                folding.fold_foreign(&batch.entries).await;
            }
        });
        let options = Options {
            waits: Arc::new(Arc::<Waits>::default),
            health: Arc::new(HealthBrief::default),
            is_idle: Arc::new(|_, _| false),
            demo: false,
            sockets_max: 500,
            anonymous_max: 3,
        };
        let live = Live::start(keeper.clone(), feed.clone(), options);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = live.clone();
        let app = move || {
            let door = web::get().to(door);
            App::new().app_data(web::Data::new(shared.clone())).app_data(web::Data::new(Local::default())).route("/", door)
        };
        let server = HttpServer::new(app).workers(2).on_connect(mind_the_line).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { keeper, feed, live, address, server: handle }
    }

    async fn ask(&self, command: Command) -> u64 {
        let render = Arc::new(|decided: &crate::keeper::Decided<'_>| {
            assert!(decided.refusal.is_none(), "{:?}", decided.refusal);
            Reply { status: 200, body: decided.rev.to_string() }
        });
        let request = Request { command, caller: Caller::hall(), key: None, render };
        self.keeper.submit(request).await.unwrap().reply.body.parse().unwrap()
    }

    async fn at(&self, no: &str, step: CounterStep) -> u64 {
        self.ask(Command::Counter { counter: no.parse().unwrap(), step, fence: None }).await
    }

    async fn issue(&self) -> u64 {
        let service = self.keeper.read(|hall| hall.profile.services[0].id.clone());
        let issue = Issue { service, class: Class::Ordinary, language: Language::Zh, appointment_at: None, wait: None };
        self.ask(Command::Issue(issue)).await
    }

    async fn notice(&self, text: &str) -> u64 {
        self.ask(Command::PostNotice { text: Text { zh: text.to_owned(), en: text.to_owned() } }).await
    }

    /// One customer, from the number to the door.
    async fn serve_one(&self, no: &str) {
        self.issue().await;
        self.at(no, CounterStep::Next { expect: None, finish: None }).await;
        let counter = no.parse().unwrap();
        let in_hand = self.keeper.read(|hall: &Hall| hall.counters.get::<crate::domain::ids::CounterNo>(&counter).and_then(|c| c.ticket));
        let Some(ticket) = in_hand else { return };
        let finish = ticket::Finish { outcome: ticket::Outcome::Done, reason: None, solution: None, materials: vec![], checks: vec![] };
        let step = crate::domain::command::TicketStep::Finish(finish);
        self.ask(Command::Ticket { ticket, step, fence: None }).await;
    }

    /// Every event of the journal.
    async fn history(&self) -> Vec<Arc<Event>> {
        let last = *self.keeper.rev().borrow();
        self.feed.reached(last).await.unwrap();
        let mut all = Vec::new();
        let mut at = 0;
        while at < last {
            let batch = self.feed.since(at, 1_000).await.unwrap();
            all.extend(batch.events.iter().cloned());
            at = batch.last;
        }
        all
    }

    async fn watch(&self, query: &str) -> Watcher {
        Watcher::open(self.address, query).await
    }
}

/// The gate of these tests: who looks is said in the query.
async fn door(
    request: HttpRequest,
    body: web::Payload,
    live: web::Data<Live>,
    local: web::Data<Local>,
    query: web::Query<BTreeMap<String, String>>,
) -> HttpResponse {
    let of = |name: &str| query.get(name).cloned().unwrap_or_default();
    let view = match of("view").as_str() {
        "board" => View::Board,
        "lead" => View::Lead,
        "kiosk" => View::Kiosk,
        "counter" => View::Counter(of("counter").parse().unwrap()),
        "display" => View::Display(of("counter").parse().unwrap()),
        _ => View::Ticket(of("ticket").parse().unwrap()),
    };
    let holder = match (of("device").parse(), of("session").parse()) {
        (Ok(device), _) => Holder::Device(device),
        (_, Ok(session)) => Holder::Session(session),
        _ if query.contains_key("phone") => Holder::Anyone([10, 0, 0, 1].into()),
        _ => Holder::Anyone(std::net::Ipv6Addr::from(u128::from(live.new_id())).into()),
    };
    let has = query.get("epoch").cloned().zip(query.get("rev").and_then(|rev| rev.parse().ok()));
    match open(&live, &local, &request, body, Admitted { view, holder, has }) {
        Ok(response) => response,
        Err(NotOpened::NotAWebSocket) => HttpResponse::BadRequest().finish(),
        Err(NotOpened::TooManyFromThere) => HttpResponse::TooManyRequests().finish(),
        Err(NotOpened::Full | NotOpened::Closing) => HttpResponse::ServiceUnavailable().finish(),
    }
}

/// A client's end of a WebSocket.
trait Wire: Stream<Item = Result<ws::Frame, ProtocolError>> + Sink<ws::Message, Error = ProtocolError> + Unpin {}

impl<T: Stream<Item = Result<ws::Frame, ProtocolError>> + Sink<ws::Message, Error = ProtocolError> + Unpin> Wire for T {}

/// A screen, as strict as a screen can be.
struct Watcher {
    line: Box<dyn Wire>,
    epoch: String,
    rev: u64,
    state: Value,
    /// Every state it was shown, by revision.
    states: Vec<(u64, Value)>,
    events: Vec<Value>,
    snapshots: usize,
}

/// What ends a line.
#[derive(Debug, PartialEq)]
enum End {
    Bye(String),
    Closed(Option<u16>),
}

impl Watcher {
    async fn open(address: SocketAddr, query: &str) -> Self {
        let url = format!("http://{address}/?{query}");
        let client = awc::Client::builder().max_http_version(awc::http::Version::HTTP_11).finish();
        let request = client.ws(url).protocols([PROTOCOL, "bearer.secret"]).max_frame_size(16 << 20);
        let (response, line) = request.connect().await.unwrap();
        assert_eq!(response.headers().get("sec-websocket-protocol").unwrap(), PROTOCOL);
        let line = Box::new(line);
        Self { line, epoch: String::new(), rev: 0, state: Value::Null, states: Vec::new(), events: Vec::new(), snapshots: 0 }
    }

    /// Continues another's picture.
    async fn resume(self, address: SocketAddr, query: &str) -> Self {
        let query = format!("{query}&epoch={}&rev={}", self.epoch, self.rev);
        let line = Self::open(address, &query).await.line;
        Self { line, ..self }
    }

    /// The next text, whatever it is.
    async fn frame(&mut self) -> Result<Value, End> {
        loop {
            let message = timeout(PATIENCE, self.line.next()).await.expect("something comes");
            match message {
                Some(Ok(ws::Frame::Text(text))) => {
                    let frame: Value = serde_json::from_slice(&text).unwrap();
                    if frame["type"] == "bye" {
                        return Err(End::Bye(frame["code"].as_str().unwrap().to_owned()));
                    }
                    return Ok(frame);
                }
                Some(Ok(ws::Frame::Ping(bytes))) => self.line.send(ws::Message::Pong(bytes)).await.unwrap(),
                Some(Ok(ws::Frame::Close(reason))) => return Err(End::Closed(reason.map(|reason| reason.code.into()))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(End::Closed(None)),
            }
        }
    }

    /// Takes in the next text, and checks that it follows the last one.
    async fn next(&mut self) -> Result<Value, End> {
        let frame = self.frame().await?;
        let rev = frame["rev"].as_u64().unwrap();
        match frame["type"].as_str().unwrap() {
            "snapshot" => {
                self.snapshots += 1;
                self.epoch = frame["epoch"].as_str().unwrap().to_owned();
            }
            "events" | "beat" => {
                assert_eq!(frame["epoch"], *self.epoch);
                assert_eq!(frame["prev"].as_u64(), Some(self.rev), "no gap");
            }
            other => panic!("{other}"),
        }
        assert!(rev >= self.rev);
        if frame["type"] == "events" {
            let events = frame["events"].as_array().unwrap();
            assert!(events.iter().all(|event| (self.rev + 1..=rev).contains(&event["rev"].as_u64().unwrap())));
            self.events.extend(events.iter().cloned());
        }
        self.rev = rev;
        if frame["type"] != "beat" {
            self.state = frame["state"].clone();
            self.states.push((rev, self.state.clone()));
        }
        Ok(frame)
    }

    async fn until(&mut self, rev: u64) {
        while self.rev < rev {
            self.next().await.unwrap();
        }
    }

    async fn end(&mut self) -> End {
        loop {
            if let Err(end) = self.frame().await {
                return end;
            }
        }
    }
}

/// A view of the hall as it was at each revision, by folding the journal.
fn folded(history: &[Arc<Event>], view: &View) -> BTreeMap<u64, Value> {
    let mut hall = Hall::default();
    let around = Around { now: noon(), demo: false, waits: &Waits::default(), devices: &|_| Vec::new(), health: &HealthBrief::default };
    let mut states = BTreeMap::new();
    for event in history {
        apply(&mut hall, event);
        if let Some(json) = state_json(view, &hall, &around) {
            states.insert(event.rev, serde_json::from_str(&json).unwrap());
        }
    }
    states
}

/// What a view is told of these events.
fn told(history: &[Arc<Event>], view: &View, after: u64) -> Vec<Value> {
    let told = history.iter().filter(|event| event.rev > after).filter_map(|event| event_for(view, event));
    told.map(|event| serde_json::to_value(event).unwrap()).collect()
}

#[actix_web::test]
async fn under_load_every_screen_is_told_every_event_once_and_shown_only_what_was_so() {
    let rig = Rig::start().await;
    let views = [
        ("view=board", View::Board),
        ("view=kiosk", View::Kiosk),
        ("view=lead", View::Lead),
        ("view=counter&counter=2", View::Counter("2".parse().unwrap())),
        ("view=display&counter=2", View::Display("2".parse().unwrap())),
    ];
    let mut watchers = Vec::new();
    for (query, view) in views.iter().cycle().take(40) {
        let mut watcher = rig.watch(query).await;
        watcher.next().await.unwrap();
        let joined = watcher.rev;
        // Everybody looks on while the hall works.
        let looking = actix_web::rt::spawn(async move {
            while !watcher.state.to_string().contains("all is done") {
                watcher.next().await.unwrap();
            }
            watcher
        });
        watchers.push((looking, view, joined));
    }
    let work = async {
        let clerk = |no: &'static str| {
            let rig = &rig;
            async move {
                for _ in 0..40 {
                    rig.serve_one(no).await;
                }
            }
        };
        tokio::join!(clerk("1"), clerk("2"), clerk("3"));
        rig.notice("all is done").await
    };
    work.await;
    let history = rig.history().await;
    for (looking, view, joined) in watchers {
        let watcher = looking.await.unwrap();
        assert_eq!(watcher.snapshots, 1);
        assert_eq!(watcher.events, told(&history, view, joined), "{view:?}");
        let so = folded(&history, view);
        for (rev, state) in &watcher.states {
            assert_eq!(state, &so[rev], "{view:?} at {rev}");
        }
    }
}

/// Waits until the board is drawn for a revision that is not written yet.
async fn drawn(rig: &Rig) -> u64 {
    let drawn = async {
        loop {
            match rig.live.shared.foresight.rev() {
                Some(rev) if rev > *rig.keeper.rev().borrow() => return rev,
                Some(_) | None => tokio::task::yield_now().await,
            }
        }
    };
    timeout(PATIENCE, drawn).await.expect("it is drawn")
}

/// A hall with two people waiting, its board, and a journal in which a commit takes a while from now on.
async fn slow_rig() -> (Rig, MemoryJournal, Watcher) {
    let journal = MemoryJournal::new("e1");
    let rig = Rig::on(journal.clone(), false).await.with_counters().await;
    rig.issue().await;
    let last = rig.issue().await;
    let mut board = rig.watch("view=board").await;
    board.next().await.unwrap();
    board.until(last).await;
    journal.take_time(|| (Duration::from_millis(60), Duration::ZERO));
    (rig, journal, board)
}

#[actix_web::test]
async fn a_call_that_comes_alone_is_drawn_while_it_is_written() {
    let (rig, _journal, mut board) = slow_rig().await;
    let call = rig.at("1", CounterStep::Next { expect: None, finish: None });
    let (written, foreseen) = tokio::join!(call, drawn(&rig));
    assert_eq!(written, foreseen);
    board.until(written).await;
    assert_eq!(rig.live.shared.foresight.rev(), None, "what was drawn was shown");
    assert_eq!(board.state, folded(&rig.history().await, &View::Board)[&written]);
    assert_eq!(board.state["calls"].as_array().map(Vec::len), Some(1));
}

#[actix_web::test]
async fn what_was_drawn_and_came_otherwise_is_never_shown() {
    let (rig, journal, mut board) = slow_rig().await;
    let left = board.rev;
    let call = rig.at("1", CounterStep::Next { expect: None, finish: None });
    let elsewhere = async {
        let foreseen = drawn(&rig).await;
        // Another process is faster, and what it writes ends just where the call would have.
        let history = rig.history().await;
        let opened = history.iter().rev().filter(|event| event.body.kind() == "counter.opened");
        let closed = opened.zip(left + 1..=foreseen).map(|(opened, rev)| {
            let mut closes = serde_json::to_value(&**opened).unwrap();
            (closes["rev"], closes["type"]) = (rev.into(), "counter.closed".into());
            closes.to_string().into()
        });
        assert_eq!(journal.append_elsewhere(closed).rev, foreseen);
        foreseen
    };
    let (written, foreseen) = tokio::join!(call, elsewhere);
    assert!(written > foreseen, "{written} {foreseen}");
    board.until(written).await;
    let so = folded(&rig.history().await, &View::Board);
    for (rev, state) in board.states.iter().filter(|(rev, _)| *rev > left) {
        assert_eq!(state, &so[rev], "{rev}");
    }
}

#[actix_web::test]
async fn who_comes_back_is_told_exactly_what_it_missed() {
    let rig = Rig::start().await;
    let mut board = rig.watch("view=board").await;
    board.next().await.unwrap();
    let left_at = board.rev;
    drop(board.line.close().await);
    for _ in 0..30 {
        rig.serve_one("1").await;
    }
    let now = rig.notice("back").await;
    let mut board = board.resume(rig.address, "view=board").await;
    let first = board.next().await.unwrap();
    assert_eq!((first["type"].as_str(), first["prev"].as_u64(), first["rev"].as_u64()), (Some("events"), Some(left_at), Some(now)));
    assert_eq!(board.events, told(&rig.history().await, &View::Board, left_at));
    // And it goes on from there like everybody else.
    let next = rig.notice("next").await;
    board.until(next).await;
    assert_eq!(board.state["notice"]["text"]["en"], "next");
    assert_eq!(board.snapshots, 1);
}

#[actix_web::test]
async fn what_a_stranger_claims_to_have_is_replaced_by_a_snapshot() {
    let rig = Rig::start().await;
    for query in ["view=board&epoch=another&rev=1", "view=board&epoch=e1&rev=999999"] {
        let first = rig.watch(query).await.next().await.unwrap();
        assert_eq!(first["type"], "snapshot", "{query}");
    }
}

#[actix_web::test]
async fn a_silent_hall_still_beats() {
    let rig = Rig::start().await;
    let mut board = rig.watch("view=board").await;
    board.next().await.unwrap();
    let beat = board.next().await.unwrap();
    assert_eq!(beat["type"], "beat");
    assert_eq!(beat["prev"], beat["rev"]);
}

#[actix_web::test]
async fn who_does_not_read_is_cut_and_the_others_are_told_everything() {
    let rig = Rig::start().await;
    let mut board = rig.watch("view=board").await;
    board.next().await.unwrap();
    let deaf = deaf(rig.address).await;
    let open = rig.live.sockets();
    assert_eq!(open, 2);
    // Large notices: the picture of the board grows until no buffer holds it.
    let long = "暖".repeat(500);
    for _ in 0..19 {
        rig.notice(&long).await;
    }
    let mut last = 0;
    while rig.live.sockets() > 1 {
        let notice = rig.keeper.read(|hall| *hall.notices.keys().next().unwrap());
        rig.ask(Command::RemoveNotice { notice }).await;
        last = rig.notice(&long).await;
        board.until(last).await;
    }
    board.until(last).await;
    assert_eq!(board.snapshots, 1);
    drop(deaf);
}

/// Opens a board that never reads, with as little room as the system gives.
async fn deaf(address: SocketAddr) -> tokio::net::TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request = format!(
        "GET /?view=board HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // The server has it once it answers.
    stream.readable().await.unwrap();
    stream
}

#[actix_web::test]
async fn a_device_that_is_revoked_and_a_session_that_ends_are_shown_out() {
    let rig = Rig::start().await;
    let device =
        NewDevice { kind: Role::Board, name: "lobby".to_owned(), counter: None, digest: "d".into(), teams: Vec::new(), skills: Vec::new() };
    rig.ask(Command::AddDevice { device }).await;
    let id = rig.keeper.read(|hall| *hall.access.devices.keys().next().unwrap());
    let mut lead = rig.watch("view=lead").await;
    let mut board = rig.watch(&format!("view=board&device={id}")).await;
    board.next().await.unwrap();
    assert!(rig.keeper.read(|hall| rig.live.presence().of(hall))[0].online);
    rig.ask(Command::RevokeDevice { device: id }).await;
    assert_eq!(board.end().await, End::Bye("revoked".to_owned()));
    let mut nobody = rig.watch("view=board&session=se_1").await;
    assert_eq!(nobody.end().await, End::Bye("revoked".to_owned()));
    lead.next().await.unwrap();
}

#[actix_web::test]
async fn a_client_may_say_little_and_nothing_it_says_matters() {
    let rig = Rig::start().await;
    let mut board = rig.watch("view=board").await;
    board.next().await.unwrap();
    board.line.send(ws::Message::Text("hello".into())).await.unwrap();
    board.line.send(ws::Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    let last = rig.notice("unmoved").await;
    board.until(last).await;
    board.line.send(ws::Message::Binary(Bytes::from(vec![0; CLIENT_FRAME_BYTES_MAX + 1]))).await.unwrap();
    assert_eq!(board.end().await, End::Closed(Some(1009)));
}

#[actix_web::test]
async fn a_closing_server_says_goodbye_and_lets_nobody_in() {
    let rig = Rig::start().await;
    let mut board = rig.watch("view=board").await;
    let mut lead = rig.watch("view=lead").await;
    board.next().await.unwrap();
    lead.next().await.unwrap();
    rig.live.close().await;
    assert_eq!(rig.live.sockets(), 0);
    assert_eq!(board.end().await, End::Bye("restart".to_owned()));
    assert_eq!(lead.end().await, End::Bye("restart".to_owned()));
    let url = format!("http://{}/?view=board", rig.address);
    assert!(awc::Client::new().ws(url).connect().await.is_err());
}

#[actix_web::test]
async fn one_address_has_its_share_of_places_and_gets_them_back() {
    let rig = Rig::start().await;
    let ticket = rig.issue().await;
    let query = format!("view=ticket&ticket=tk_{ticket}&phone");
    let mut phones = Vec::new();
    for _ in 0..3 {
        let mut phone = rig.watch(&query).await;
        assert_eq!(phone.next().await.unwrap()["state"]["ahead"], 0);
        phones.push(phone);
    }
    let url = format!("http://{}/?{query}", rig.address);
    let refused = awc::Client::new().ws(url).connect().await.err();
    assert!(matches!(refused, Some(awc::error::WsClientError::InvalidResponseStatus(status)) if status == 429));
    // A phone is told of its own call at once.
    rig.at("1", CounterStep::Next { expect: None, finish: None }).await;
    while phones[0].state["state"] != "called" {
        phones[0].next().await.unwrap();
    }
    assert_eq!(phones[0].events[0]["type"], "ticket.called");
    assert!(phones[0].events.iter().all(|event| event.get("ticket").is_none() && event.get("by").is_none()));
}

#[actix_web::test]
async fn a_ticket_that_is_not_there_is_refused_and_one_whose_day_ended_is_let_go() {
    let rig = Rig::start().await;
    assert_eq!(rig.watch("view=ticket&ticket=tk_999").await.end().await, End::Bye("revoked".to_owned()));
    let ticket = rig.issue().await;
    let mut phone = rig.watch(&format!("view=ticket&ticket=tk_{ticket}")).await;
    phone.next().await.unwrap();
    rig.keeper.clock().set(noon() + chrono::Duration::days(1));
    rig.notice("a new day").await;
    assert_eq!(phone.end().await, End::Bye("revoked".to_owned()));
}

#[actix_web::test]
async fn what_another_process_commits_is_told_here_too() {
    let journal = MemoryJournal::new("e1");
    let here = Rig::on(journal.clone(), true).await;
    let there = Rig::on(journal, true).await;
    there.ask(Command::SetProfile { profile: Box::new(crate::settings::sample_profile().unwrap()) }).await;
    let mut board = here.watch("view=board").await;
    board.next().await.unwrap();
    let last = there.notice("from over there").await;
    board.until(last).await;
    assert_eq!(board.state["notice"]["text"]["en"], "from over there");
    // A screen that goes from one process to the other keeps its picture.
    drop(board.line.close().await);
    let mut board = board.resume(there.address, "view=board").await;
    let next = here.notice("and back").await;
    board.until(next).await;
    assert_eq!(board.snapshots.min(1), 1);
}
