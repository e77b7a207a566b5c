//! Customers look up their own order: by its number and the end of their own, and nobody guesses at it.

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::work::{Handler, NUMBER, step};

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
