//! The live line through its own door: who may look at what, from which page, and what a day looks like from the wall.

use std::time::Duration;

use actix_web::web::Bytes;
use actix_ws::ProtocolError;
use awc::ws::{Frame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use serde_json::{Value, json};
use tokio::time::timeout;
use warmhall::domain::actor::Role;

use crate::app::TestApp;

/// Nothing here takes longer, unless it is broken.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client's end of a WebSocket.
trait Line: Stream<Item = Result<Frame, ProtocolError>> + Sink<Message, Error = ProtocolError> + Unpin {}

impl<T: Stream<Item = Result<Frame, ProtocolError>> + Sink<Message, Error = ProtocolError> + Unpin> Line for T {}

/// A screen that looks.
pub struct Watching {
    line: Box<dyn Line>,
    /// The sub-protocol that the server chose.
    protocol: Option<String>,
    pub state: Value,
    pub events: Vec<Value>,
    /// How often it was told the whole state without what led to it.
    pub snapshots: usize,
    pub rev: u64,
}

impl Watching {
    pub fn new(
        response: &awc::ClientResponse,
        line: impl Stream<Item = Result<Frame, ProtocolError>> + Sink<Message, Error = ProtocolError> + Unpin + 'static,
    ) -> Self {
        let protocol = response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned());
        Self { line: Box::new(line), protocol, state: Value::Null, events: Vec::new(), snapshots: 0, rev: 0 }
    }

    /// Takes in the next text; the code of a `bye`, or what closed the line.
    pub async fn next(&mut self) -> Result<(), String> {
        loop {
            match timeout(PATIENCE, self.line.next()).await.expect("something comes") {
                Some(Ok(Frame::Text(text))) => {
                    let frame: Value = serde_json::from_slice(&text).unwrap();
                    if frame["type"] == "bye" {
                        return Err(frame["code"].as_str().unwrap().to_owned());
                    }
                    if let Some(state) = frame.get("state") {
                        self.state = state.clone();
                    }
                    self.snapshots += usize::from(frame["type"] == "snapshot");
                    self.events.extend(frame["events"].as_array().into_iter().flatten().cloned());
                    self.rev = frame["rev"].as_u64().unwrap();
                    return Ok(());
                }
                Some(Ok(Frame::Ping(bytes))) => self.line.send(Message::Pong(bytes)).await.unwrap(),
                Some(Ok(Frame::Close(reason))) => return Err(format!("{:?}", reason.map(|reason| u16::from(reason.code)))),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err("gone".to_owned()),
            }
        }
    }

    /// Looks until it sees what is so.
    pub async fn until(&mut self, so: impl Fn(&Value) -> bool) {
        while !so(&self.state) {
            self.next().await.unwrap();
        }
    }

    /// Looks until it is cut; the code it was told.
    pub async fn end(&mut self) -> String {
        loop {
            if let Err(end) = self.next().await {
                return end;
            }
        }
    }
}

/// Who may look at what, as the wire promises.
fn may_watch(view: &str, role: Role) -> bool {
    match view {
        "board" => role.is_staff() || matches!(role, Role::Board | Role::CounterDisplay | Role::Speaker | Role::Kiosk),
        "display&counter=1" => role.is_staff() || role == Role::CounterDisplay,
        "display&counter=2" => role.is_staff(),
        "kiosk" => role.is_staff() || role == Role::Kiosk,
        "counter&counter=1" => matches!(role, Role::Clerk | Role::Lead | Role::Admin),
        "lead" => matches!(role, Role::Lead | Role::Manager | Role::Admin),
        "hotline" => matches!(role, Role::Operator | Role::Lead | Role::Manager | Role::Admin),
        "team&team=repair-east" => matches!(role, Role::Handler | Role::Operator | Role::Lead | Role::Manager | Role::Admin),
        other => panic!("{other}"),
    }
}

#[actix_web::test]
async fn every_role_at_every_view() {
    let app = TestApp::start().await;
    for view in
        ["board", "display&counter=1", "display&counter=2", "kiosk", "counter&counter=1", "lead", "hotline", "team&team=repair-east"]
    {
        let query = format!("view={view}");
        assert_eq!(app.visitor().watch(&query).await.err(), Some(401), "{view} by nobody");
        for role in Role::ALL {
            let expected = if may_watch(view, role) { None } else { Some(403) };
            assert_eq!(app.token(role).watch(&query).await.err(), expected, "{view} by the token of {role}");
            // A page that was refused asks why, without a WebSocket.
            let asked = app.token(role).get(&format!("/live?{query}")).await;
            asked.refused(expected.unwrap_or(400), if expected.is_some() { "forbidden" } else { "bad_request" });
            if role.is_staff() {
                assert_eq!(app.staff(role.word()).watch(&query).await.err(), expected, "{view} by {role}");
            }
        }
    }
}

#[actix_web::test]
async fn what_is_not_there_cannot_be_watched() {
    let app = TestApp::start().await;
    let lead = app.lead();
    lead.get("/live?view=counter&counter=99").await.refused(404, "unknown_counter");
    lead.get("/live?view=counter").await.refused(400, "bad_request");
    lead.get("/live?view=team&team=nobody").await.refused(404, "unknown_team");
    lead.get("/live?view=team").await.refused(400, "bad_request");
    lead.get("/live?view=nothing").await.refused(400, "bad_request");
    lead.get("/live").await.refused(400, "bad_request");
    let visitor = app.visitor();
    visitor.get("/live?view=ticket&secret=nothing").await.refused(404, "not_found");
    assert_eq!(visitor.watch("view=ticket&secret=nothing").await.err(), Some(404));
    let mistaken = visitor.and("authorization", "Bearer wh_nobody");
    mistaken.get("/live?view=board").await.refused(401, "unauthenticated");
}

#[actix_web::test]
async fn only_our_own_pages_may_open_a_line() {
    let app = TestApp::start().await;
    let (clerk, board) = (app.staff("clerk"), app.token(Role::Board));
    for person in [&clerk, &board] {
        for foreign in ["https://evil.example", "null", "http://127.0.0.1"] {
            assert_eq!(person.and("origin", foreign).watch("view=board").await.err(), Some(403), "{foreign}");
        }
    }
    assert_eq!(clerk.without("origin").watch("view=board").await.err(), Some(403), "a cookie without a page");
    assert!(clerk.watch("view=board").await.is_ok());
    assert!(board.watch("view=board").await.is_ok());
    // A browser without a cookie can only send its token as a sub-protocol.
    let offers = format!("warmhall.v1, bearer.wh_test-token-of-{}", Role::Board);
    let own = format!("http://{}", app.address);
    let browser = app.visitor().and("sec-websocket-protocol", &offers).and("origin", &own);
    assert_eq!(browser.watch("view=board").await.unwrap().protocol.as_deref(), Some("warmhall.v1"));
    assert_eq!(browser.watch("view=lead").await.err(), Some(403));
}

#[actix_web::test]
async fn a_customers_way_is_seen_on_the_wall_and_on_the_phone() {
    let app = TestApp::start().await;
    let mut wall = app.token(Role::Board).watch("view=board").await.unwrap();
    let mut above = app.token(Role::CounterDisplay).watch("view=display&counter=1").await.unwrap();
    let mut desk = app.staff("clerk").watch("view=counter&counter=1").await.unwrap();
    wall.next().await.unwrap();
    let clerk = app.clerk("clerk").at("1").await;
    let service = app.keeper.read(|hall| hall.profile.counters[0].services[0].service.to_string());
    let number = app.kiosk().takes(&service).await;
    let secret = number.link.rsplit('/').next().unwrap();
    let mut phone = app.visitor().watch(&format!("view=ticket&secret={secret}")).await.unwrap();
    phone.until(|state| state["ahead"] == 0 && state["can_cancel"] == true).await;
    wall.until(|state| state["waiting"][&service] == 1).await;
    clerk.calls().await;
    wall.until(|state| state["calls"][0]["number"] == *number.number && state["calls"][0]["counter"] == "1").await;
    above.until(|state| state["counter"]["number"] == *number.number && state["counter"]["ticket_state"] == "called").await;
    desk.until(|state| state["ticket"]["id"] == *number.id && state["why"]["rule"] == "least_score").await;
    phone.until(|state| state["state"] == "called" && state["counter"] == "1").await;
    clerk.ticket(&number.id, "finish", json!({ "outcome": "done" })).await.ok();
    wall.until(|state| state["calls"][0]["state"] == "done" && state["counters"][0]["number"].is_null()).await;
    phone.until(|state| state["can_rate"] == true).await;
    let types: Vec<_> = wall.events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert!(types.starts_with(&["counter.opened", "ticket.issued", "ticket.called"]), "{types:?}");
    let public = ["rev", "type", "at", "number", "service", "counter", "calls", "language", "notice"];
    for event in wall.events.iter().chain(&phone.events) {
        assert!(event.as_object().unwrap().keys().all(|key| public.contains(&key.as_str())), "{event}");
    }
}

#[actix_web::test]
async fn a_line_ends_with_the_right_to_it() {
    let app = TestApp::start().await;
    let clerk = app.staff("clerk");
    let mut desk = clerk.watch("view=counter&counter=1").await.unwrap();
    desk.next().await.unwrap();
    clerk.delete("/session").await;
    assert_eq!(desk.end().await, "revoked");
    let mut wall = app.token(Role::Board).watch("view=board").await.unwrap();
    wall.next().await.unwrap();
    let board = app.keeper.read(|hall| hall.access.devices.values().find(|device| device.kind == Role::Board).map(|device| device.id));
    app.lead().delete(&format!("/devices/{}", board.unwrap())).await;
    assert_eq!(wall.end().await, "revoked");
    assert_eq!(app.token(Role::Board).watch("view=board").await.err(), Some(401));
}

#[actix_web::test]
async fn a_server_that_closes_says_so() {
    let app = TestApp::start().await;
    let mut wall = app.token(Role::Board).watch("view=board").await.unwrap();
    wall.next().await.unwrap();
    app.live.close().await;
    assert_eq!(wall.end().await, "restart");
    assert_eq!(app.token(Role::Board).watch("view=board").await.err(), Some(503));
    // The other doors stay open until the server itself is stopped.
    app.visitor().get("/hall").await.ok();
}

#[actix_web::test]
async fn a_large_frame_closes_the_line() {
    let app = TestApp::start().await;
    let mut wall = app.token(Role::Board).watch("view=board").await.unwrap();
    wall.next().await.unwrap();
    wall.line.send(Message::Binary(Bytes::from(vec![0; 2 << 20]))).await.ok();
    let end = wall.end().await;
    assert!(end == "Some(1009)" || end == "gone", "{end}");
}
