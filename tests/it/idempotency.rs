//! One key, one effect, one answer; also after a restart.

use awc::http::Method;
use serde_json::json;

use crate::app::TestApp;

#[actix_web::test]
async fn the_same_key_gives_the_same_number() {
    let app = TestApp::start().await;
    let kiosk = app.kiosk();
    let body = json!({ "service": "pay" });
    let first = kiosk.ask(Method::POST, "/tickets", &body, "once").await;
    let again = kiosk.ask(Method::POST, "/tickets", &body, "once").await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(first.text, again.text);
    let other = kiosk.ask(Method::POST, "/tickets", &json!({ "service": "repair" }), "once").await;
    other.refused(422, "idempotency_key_reused");
    let elsewhere = kiosk.ask(Method::POST, "/tickets", &body, "twice").await;
    assert_eq!(elsewhere.ok()["ticket"]["number"], "C002");

    let restarted = app.again().await;
    let later = restarted.kiosk().ask(Method::POST, "/tickets", &body, "once").await;
    assert_eq!((later.status, later.header("idempotency-replayed")), (201, "true"));
    assert_eq!(later.text, first.text);
}

#[actix_web::test]
async fn a_key_means_nothing_to_another_caller() {
    let app = TestApp::start().await;
    let body = json!({ "service": "pay" });
    let kiosk = app.kiosk().ask(Method::POST, "/tickets", &body, "mine").await.ok();
    let lead = app.lead().ask(Method::POST, "/tickets", &body, "mine").await;
    assert_eq!(lead.header("idempotency-replayed"), "");
    assert_ne!(lead.ok()["ticket"]["id"], kiosk["ticket"]["id"]);
}

#[actix_web::test]
async fn a_refusal_is_repeated_as_it_was() {
    let app = TestApp::start().await;
    let lead = app.lead();
    let body = json!({ "service": "pay" });
    lead.post("/services/pay/close", json!({})).await.ok();
    let first = app.kiosk().ask(Method::POST, "/tickets", &body, "closed").await;
    lead.post("/services/pay/open", json!({})).await.ok();
    let again = app.kiosk().ask(Method::POST, "/tickets", &body, "closed").await;
    assert_eq!((first.text.as_str(), again.header("idempotency-replayed")), (again.text.as_str(), "true"));
    again.refused(409, "service_closed");
}

#[actix_web::test]
async fn devices_must_bring_a_key_and_keys_have_a_shape() {
    let app = TestApp::start().await;
    let kiosk = app.kiosk().and("content-type", "application/json");
    let body = json!({ "service": "pay" });
    let bare = kiosk.send(Method::POST, "/api/v1/tickets", Some(body.to_string().into_bytes())).await;
    bare.refused(400, "idempotency_key_missing");
    for bad in ["", "two words", &"x".repeat(65)] {
        kiosk.ask(Method::POST, "/tickets", &body, bad).await.refused(400, "bad_idempotency_key");
    }
    kiosk.ask(Method::POST, "/tickets", &body, &"x".repeat(64)).await.ok();
    let lead = app.lead().and("content-type", "application/json");
    assert_eq!(lead.send(Method::POST, "/api/v1/tickets", Some(body.to_string().into_bytes())).await.status, 201);
}

#[actix_web::test]
async fn many_at_once_under_one_key_take_one_number() {
    let app = TestApp::start().await;
    let body = json!({ "service": "pay" });
    let kiosk = app.kiosk();
    let asked = (0..10).map(|_| kiosk.ask(Method::POST, "/tickets", &body, "rush"));
    let answers = futures_util::future::join_all(asked).await;
    let ids: std::collections::BTreeSet<String> = answers.into_iter().map(|a| a.ok()["ticket"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
}
