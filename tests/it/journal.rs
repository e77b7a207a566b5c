//! The journal for integrations: complete, in order, and without what would let somebody in.

use std::sync::Arc;

use serde_json::{Value, json};
use warmhall::domain::actor::{Caller, Role};
use warmhall::domain::command::Command;
use warmhall::keeper::{Decided, Fault, Reply, Request};

use crate::app::{Setting, TestApp};
use crate::people::Person;
use crate::work::{EAST, Handler, NUMBER, Operator, step};

#[actix_web::test]
async fn the_journal_is_read_from_a_cursor() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("pay").await;
    let wang = app.clerk("clerk").at("4").await;
    wang.calls().await;
    wang.moves(&number.id, "finish", json!({ "outcome": "refused", "reason": "缺证明", "solution": "补办后再来" })).await;
    let other = app.token(Role::Integration);
    let mut after = 0;
    let mut kinds = Vec::new();
    loop {
        let page = other.get(&format!("/events?after={after}&limit=7")).await.ok();
        assert_eq!((page["first"].as_u64(), page["epoch"].is_string()), (Some(1), true));
        for event in page["events"].as_array().unwrap() {
            after += 1;
            assert_eq!(event["rev"].as_u64(), Some(after));
            assert!(event["at"].is_string() && event["by"]["actor"].is_string() && event.get("key").is_some());
            kinds.push(event["type"].as_str().unwrap().to_owned());
        }
        if page["last"].as_u64() == Some(after) {
            break;
        }
    }
    for kind in ["hall.changed", "day.opened", "ticket.issued", "ticket.called", "ticket.finished", "counter.opened", "session.started"] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}");
    }
    let all = other.get("/events?limit=500").await;
    for secret in ["argon2", "0123456789abcdef", "digest", "password", "link_key"] {
        assert!(!all.text.contains(secret), "{secret}");
    }
    assert!(all.text.contains("补办后再来"));
    assert_eq!(other.get("/events?after=999999").await.ok()["events"], json!([]));
    other.get("/events?after=-1").await.refused(400, "bad_request");
    other.get("/events?limit=0").await.refused(422, "invalid_field");
}

#[actix_web::test]
async fn reports_are_there_without_a_history() {
    let app = TestApp::start().await;
    let report = app.staff("manager").get("/reports/forecast").await.ok();
    assert_eq!((report["days"].clone(), report["today"]["given"].as_u64()), (json!([]), Some(0)));
    app.staff("manager").get("/reports/forecast?from=2026-01-01&to=2027-06-01").await.refused(422, "invalid_field");
    app.staff("manager").get("/reports/forecast?from=2026-02-30").await.refused(400, "bad_request");
    let csv = app.staff("lead").get("/reports/waits?format=csv").await;
    assert!(csv.status == 200 && csv.header("content-type").starts_with("text/csv"));
    for name in ["hotline", "orders"] {
        let report = app.staff("manager").get(&format!("/reports/{name}")).await.ok();
        assert_eq!((&report["days"], &report["totals"]), (&json!([]), &json!([])));
        app.staff("operator").get(&format!("/reports/{name}")).await.refused(403, "forbidden");
        app.staff("lead").get(&format!("/reports/{name}?from=2026-11-23&to=2026-11-22")).await.refused(422, "invalid_field");
    }
    let csv = app.staff("lead").get("/reports/hotline?format=csv").await;
    assert!(csv.text.starts_with("\u{FEFF}日期,时段,类别,来电"), "{}", csv.text);
    let csv = app.staff("lead").get("/reports/orders?format=csv&language=en").await;
    assert!(csv.text.starts_with("\u{FEFF}day,team,category,created"), "{}", csv.text);
    app.staff("lead").get("/reports/nothing").await.refused(404, "not_found");
}

#[actix_web::test]
async fn a_keeper_that_crashed_is_over_and_what_it_committed_is_there() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("repair").await;
    assert!(!app.keeper.has_ended());
    // A fault of ours, in the middle of its work.
    let render = Arc::new(|_: &Decided<'_>| -> Reply { panic!("an answer that cannot be made") });
    let command = Command::CloseService { service: "repair".parse().unwrap(), reason: None };
    let request = Request { command, caller: Caller::hall(), key: None, render };
    assert!(matches!(app.keeper.submit(request).await, Err(Fault::Closing)));
    app.keeper.ended().await;
    assert!(app.keeper.has_ended());
    app.kiosk().post("/tickets", json!({ "service": "repair" })).await.refused(503, "shutting_down");
    let again = app.again().await;
    assert!(again.keeper.read(|hall| hall.tickets.values().any(|ticket| *ticket.number == *number.number)));
    assert_ne!(again.kiosk().takes("repair").await.number, number.number);
}

/// Everything that people can type of one order, each with a canary in it, until it is closed.
async fn whole_life(app: &TestApp) -> String {
    let (operator, lead) = (app.operator(), app.lead());
    let said = |what: &str| format!("CANARY {what}");
    let call = operator.logs(NUMBER).await;
    let address = json!({ "community": "阳光花园", "building": said("building"), "unit": said("unit"), "room": said("room"),
        "text": said("text"), "riser": said("riser") });
    let symptoms = json!({ "rooms": [said("symptoms")] });
    let fields = json!({ "caller_name": said("name"), "customer_no": said("no"), "address": address, "symptoms": symptoms, "category": "R1",
        "description": said("description"), "promise": said("promise"), "dialect": said("dialect"), "kb_article": said("article"),
        "recording_ref": said("recording") });
    operator.writes(&call, fields).await.ok();
    let order = json!({ "title": said("title"), "external_no": said("external"), "team": EAST });
    let ended = operator.ends(&call, json!({ "disposition": "work_order", "note": said("note"), "order": order })).await.ok();
    let no = ended["work_order"]["no"].as_str().unwrap().to_owned();
    let beside = async |who: &Person, what: &str, body: Value| drop(step(who, &no, what, body).await.ok());
    beside(&operator, "urge", json!({ "note": said("urge"), "call": call })).await;
    beside(&lead, "supervise", json!({ "note": said("supervise") })).await;
    beside(&operator, "reveal", json!({ "reason": said("reveal") })).await;
    beside(&operator, "co-assign", json!({ "team": "repair-west", "reason": said("co-assign") })).await;
    beside(&lead, "co-finish", json!({ "team": "repair-west", "note": said("co-finish") })).await;
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    handler.moves("return", json!({ "reason": said("return") })).await;
    beside(&operator, "dispatch", json!({ "team": EAST })).await;
    beside(&lead, "reassign", json!({ "team": EAST, "reason": said("reassign") })).await;
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    for (until, answer) in [("2026-11-25T02:00:00Z", "grant"), ("2026-11-26T02:00:00Z", "deny")] {
        handler.moves("extend", json!({ "clock": "resolve", "until": until, "reason": said("extend") })).await;
        beside(&lead, answer, json!({ "note": said(answer) })).await;
    }
    handler.moves("contact", json!({ "note": said("contact") })).await;
    handler.moves("wait", json!({ "reason": said("wait") })).await;
    handler.moves("continue", json!({})).await;
    handler.moves("arrive", json!({ "note": said("arrive") })).await;
    handler.moves("act", json!({ "what": said("act"), "parts": said("parts"), "photo_ref": said("photo") })).await;
    let measured = json!({ "measured_at": "2026-11-23T01:50:00Z", "room": said("room"), "reading_tenths": 165, "point_ok": true,
        "doors_shut_min": 30, "stable_min": 10, "instrument": said("instrument"), "signature": { "signed": said("signed") },
        "objection": said("objection") });
    handler.moves("measure", measured).await;
    let resolved = json!({ "cause": "U", "action": said("action"), "solved": false, "unsolved_reason": said("unsolved"),
        "public_reply": said("public"), "signature": { "refused": said("witness") } });
    handler.moves("resolve", resolved.clone()).await;
    beside(&operator, "reply", json!({ "text": said("reply") })).await;
    beside(&operator, "reopen", json!({ "reason": said("reopen") })).await;
    beside(&lead, "defer", json!({ "until": "2026-11-24", "reason": said("defer") })).await;
    beside(&lead, "continue", json!({})).await;
    beside(&operator, "withdraw", json!({ "reason": said("withdraw") })).await;
    no
}

#[actix_web::test]
async fn what_people_typed_leaves_the_hall_in_no_event() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let app = TestApp::with(Setting { history: Some(path.clone()), ..Setting::default() }).await;
    let no = whole_life(&app).await;
    app.passes(10 * 86_400);
    let operator = Operator(app.token(Role::Operator));
    operator.logs("13700000000").await;
    app.remembered().await;
    let events = app.token(Role::Integration).get("/events?after=0&limit=500").await;
    let types: Vec<String> =
        events.body["events"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    let kept = rusqlite::Connection::open(&path).unwrap();
    let mut rows = kept.prepare("SELECT json FROM events ORDER BY rev").unwrap();
    let rows: Vec<String> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), types.len());
    for text in rows.iter().chain([&events.text]) {
        let told = text.split("CANARY").nth(1).map(|rest| rest.chars().take(40).collect::<String>());
        assert_eq!(told, None, "an event tells what was typed");
        assert!(!text.contains(NUMBER));
    }
    for kind in ["urged", "returned", "extension_denied", "measured", "resolved", "reopened", "deferred", "withdrawn", "archived"] {
        assert!(types.contains(&format!("work_order.{kind}")), "{kind} is missing: {types:?}");
    }
    // Whoever may know still finds all of it: history took it from the event before it was masked.
    let order = operator.get(&format!("/work-orders/{no}")).await.ok();
    assert_eq!(order["urges_list"][0]["note"], "CANARY urge");
    assert!(order["story"].to_string().contains("CANARY withdraw") && order["actions"][0]["what"] == "CANARY act");
}
