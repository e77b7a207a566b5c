//! The journal for integrations: complete, in order, and without what would let somebody in.

use std::sync::Arc;

use serde_json::json;
use warmhall::domain::actor::{Caller, Role};
use warmhall::domain::command::Command;
use warmhall::keeper::{Decided, Fault, Reply, Request};

use crate::app::TestApp;

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
