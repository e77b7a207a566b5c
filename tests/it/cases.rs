//! Customers look up their own order: by its number and the end of their own, and nobody guesses at it.

use serde_json::{Value, json};

use warmhall::domain::actor::Role;

use crate::app::TestApp;
use crate::work::{Handler, NUMBER, flat, step};

#[actix_web::test]
async fn a_customer_sees_how_it_goes_and_what_comes_next() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let visitor = app.visitor();
    let case = visitor.get(&format!("/cases/{no}?phone_tail=5678")).await;
    for canary in [NUMBER, "139****5678", "王", "502", "阳光花园", "operator"] {
        assert!(!case.text.contains(canary), "{}", case.text);
    }
    let case = case.ok();
    assert_eq!((case["state"].as_str(), case["category"]["zh"].as_str()), (Some("dispatched"), Some("不热")));
    assert!(case["promise_due"].is_string() && case["next_step"]["en"].is_string());
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    handler.works().await;
    step(&operator, &no, "reply", json!({ "text": "已排气" })).await.ok();
    let later = visitor.get(&format!("/cases/{no}?phone_tail=5678")).await.ok();
    assert_eq!((later["state"].as_str(), later["public_reply"].as_str()), (Some("replied"), Some("已排气")));
    let kinds: Vec<_> = later["steps"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert!(kinds.starts_with(&["work_order.created", "work_order.dispatched", "work_order.accepted"]), "{kinds:?}");
}

#[actix_web::test]
async fn a_wrong_number_and_a_wrong_tail_look_the_same() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let silent = operator.orders_with(json!({ "category": "F1" })).await;
    let visitor = app.visitor();
    let wrong = visitor.get(&format!("/cases/{no}?phone_tail=0000")).await;
    let paths = [
        "/cases/20261123-9999?phone_tail=5678".to_owned(),
        format!("/cases/{no}"),
        format!("/cases/{no}?phone_tail="),
        format!("/cases/{no}?phone_tail=345678"),
        format!("/cases/{silent}?phone_tail="),
        "/cases/nonsense?phone_tail=5678".to_owned(),
    ];
    for path in paths {
        let answer = visitor.get(&path).await;
        assert_eq!((answer.status, &answer.text), (404, &wrong.text), "{path}");
    }
    wrong.refused(404, "not_found");
}

#[actix_web::test]
async fn nobody_guesses_a_tail_from_anywhere() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let (no, other) = (operator.orders("502").await, operator.orders("503").await);
    let path = |no: &str, tail: &str| format!("/cases/{no}?phone_tail={tail}");
    // Signed in or not, from one place or another: the case counts.
    for (n, person) in [app.visitor().0, app.staff("clerk"), app.visitor().0, app.lead().0, app.visitor().0].iter().enumerate() {
        person.get(&path(&no, &format!("000{n}"))).await.refused(404, "not_found");
    }
    let refused = app.visitor().get(&path(&no, "5678")).await;
    assert_eq!(refused.header("retry-after"), "901");
    refused.refused(429, "too_many_requests");
    app.visitor().get(&path(&other, "5678")).await.ok();
    app.passes(15 * 60 + 1);
    for _ in 0..10 {
        app.visitor().get(&path(&no, "5678")).await.ok();
    }
    // What is not there is counted alike.
    for n in 0..5 {
        app.visitor().get(&path("20261123-9999", &format!("000{n}"))).await.refused(404, "not_found");
    }
    app.visitor().get(&path("20261123-9999", "5678")).await.refused(429, "too_many_requests");
}

#[actix_web::test]
async fn one_address_looks_up_only_so_often() {
    let app = TestApp::start().await;
    let mut statuses: Vec<u16> = Vec::new();
    for n in 1..=40 {
        statuses.push(app.visitor().get(&format!("/cases/20261123-{n:04}?phone_tail=0000")).await.status);
    }
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(30));
    app.passes(60);
    let again: Value = app.visitor().get("/cases/20261123-0001?phone_tail=0000").await.refused(404, "not_found");
    assert!(again.get("fields").is_none());
}

#[actix_web::test]
async fn being_signed_in_is_no_leave_to_look_up_more() {
    let app = TestApp::start().await;
    let people = [app.staff("handler"), app.token(Role::Handler), app.token(Role::Kiosk), app.visitor().0];
    let mut statuses: Vec<u16> = Vec::new();
    for n in 1..=40 {
        statuses.push(people[n % people.len()].get(&format!("/cases/20261123-{n:04}?phone_tail=0000")).await.status);
    }
    assert_eq!(statuses.iter().position(|status| *status == 429), Some(30));
}

#[actix_web::test]
async fn a_sealed_case_is_not_there_for_those_who_work_it() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let body = json!({ "category": "C1", "sealed": true, "customer": { "name": "王小明", "phone": NUMBER } });
    let no = operator.orders_with(body).await;
    let open = operator.orders("502").await;
    let path = |no: &str| format!("/cases/{no}?phone_tail=5678");
    let handlers =
        [app.staff("handler"), app.token(Role::Handler), app.hires("gu", &[Role::Handler, Role::Greeter], &["complaints"]).await];
    for handler in &handlers {
        handler.get(&path(&no)).await.refused(404, "not_found");
        handler.get(&path(&open)).await.ok();
    }
    app.visitor().get(&path(&no)).await.ok();
    app.hires("bo", &[Role::Handler, Role::Operator], &[]).await.get(&path(&no)).await.ok();
}

#[actix_web::test]
async fn a_part_of_a_larger_trouble_is_promised_what_that_is_promised() {
    let app = TestApp::start().await;
    let (operator, lead) = (app.operator(), app.lead());
    let case = async |no: &str| app.visitor().get(&format!("/cases/{no}?phone_tail=5678")).await.ok();
    // Merged by hand: the master's own promise.
    let (master, child) = (operator.orders("502").await, operator.orders("503").await);
    step(&operator, &child, "merge", json!({ "into": master })).await.ok();
    let due = case(&master).await["promise_due"].clone();
    assert!(due.is_string());
    assert_eq!(case(&child).await["promise_due"], due);
    // Put off, and its parts with it.
    step(&lead, &master, "defer", json!({ "until": "2026-12-01", "reason": "等配件" })).await.ok();
    let deferred = case(&master).await;
    assert!(
        deferred["deferred_until"].as_str().unwrap().starts_with("2026-11-30")
            || deferred["deferred_until"].as_str().unwrap().starts_with("2026-12-01")
    );
    assert_eq!(deferred["promise_due"], deferred["deferred_until"]);
    assert_eq!(case(&child).await["promise_due"], deferred["deferred_until"]);
    // A caller of an incident: what is said of the incident.
    let call = operator.logs(NUMBER).await;
    operator.writes(&call, json!({ "address": flat("601"), "category": "R1" })).await.ok();
    let ends_at = "2026-11-23T08:00:00Z";
    let facts = json!({ "title": "循环泵停了", "communities": ["阳光花园"], "category": "R1", "expected_end": ends_at });
    let incident = operator.post("/incidents", facts).await.ok();
    let id = incident["incident"]["id"].as_str().unwrap();
    let ended = operator.ends(&call, json!({ "disposition": "attached", "incident": id })).await.ok();
    let attached = ended["work_order"]["no"].as_str().unwrap();
    let shown = case(attached).await;
    assert_eq!((shown["state"].as_str(), shown["promise_due"].as_str()), (Some("merged"), Some(ends_at)));
}

#[actix_web::test]
async fn what_the_operator_promised_is_shown_and_names_nobody() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = operator.logs(NUMBER).await;
    let fields = json!({ "caller_name": "王小明", "address": flat("502"), "category": "R1", "promise": "今天18点前到王小明家502，先打139 1234 5678" });
    operator.writes(&call, fields).await.ok();
    let ended = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    let no = ended["work_order"]["no"].as_str().unwrap();
    let case = app.visitor().get(&format!("/cases/{no}?phone_tail=5678")).await.ok();
    assert_eq!(case["promise"], "今天18点前到***家***，先打***");
    let silent = operator.orders("503").await;
    assert_eq!(app.visitor().get(&format!("/cases/{silent}?phone_tail=5678")).await.ok()["promise"], Value::Null);
}
