//! What the hall and the doors refuse, each with its own code.

use awc::http::Method;
use serde_json::json;
use warmhall::settings::sample_profile;

use crate::app::{Setting, TestApp};

#[actix_web::test]
async fn numbers_that_cannot_be_had() {
    let mut profile = sample_profile().unwrap();
    profile.calendar.enforce_hours = true;
    profile.services[2].daily_cap = Some(1);
    profile.rules.day_tickets_max = 2;
    let app = TestApp::with(Setting { profile, ..Setting::default() }).await;
    let kiosk = app.kiosk();
    kiosk.post("/tickets", json!({ "service": "nothing" })).await.refused(422, "unknown_service");
    kiosk.takes("pay").await;
    kiosk.post("/tickets", json!({ "service": "pay" })).await.refused(409, "service_full");
    kiosk.takes("repair").await;
    kiosk.post("/tickets", json!({ "service": "repair" })).await.refused(409, "hall_full");
    app.clock.set("2026-11-23T04:00:00Z".parse().unwrap());
    let lunch = kiosk.post("/tickets", json!({ "service": "repair" })).await.refused(409, "hall_closed");
    assert_eq!((lunch["standing"].as_str(), lunch["opens_at"].as_str()), (Some("break"), Some("2026-11-23T05:30:00.000Z")));
    let hall = app.visitor().get("/hall").await.ok();
    assert_eq!(
        (hall["open"].as_bool(), hall["standing"].as_str(), hall["opens_at"].as_str()),
        (Some(false), Some("break"), Some("2026-11-23T05:30:00Z"))
    );
}

#[actix_web::test]
async fn things_that_are_not_there() {
    let app = TestApp::start().await;
    let lead = app.lead();
    for path in ["/tickets/tk_999999", "/tickets/nonsense", "/tickets/tk_01", "/nothing", "/tickets/tk_1/nothing"] {
        lead.get(path).await.refused(404, "not_found");
    }
    lead.post("/tickets/tk_999999/recall", json!({})).await.refused(404, "not_found");
    lead.post("/counters/99/open", json!({})).await.refused(404, "unknown_counter");
    lead.post("/counters/99/next", json!({ "expect": null })).await.refused(404, "unknown_counter");
    let number = app.kiosk().takes("pay").await;
    let to = lead.post(&format!("/tickets/{}/transfer", number.id), json!({ "counter": "99" })).await;
    to.refused(422, "unknown_counter");
    let both = lead.post(&format!("/tickets/{}/transfer", number.id), json!({ "counter": "4", "service": "pay" })).await;
    both.refused(422, "invalid_field");
    lead.post(&format!("/tickets/{}/transfer", number.id), json!({})).await.refused(422, "invalid_field");
}

#[actix_web::test]
async fn methods_that_are_not_done() {
    let app = TestApp::start().await;
    let refused = app.lead().send(Method::DELETE, "/api/v1/tickets", None).await;
    assert_eq!(refused.header("allow"), "POST, GET");
    refused.refused(405, "method_not_allowed");
    app.lead().send(Method::GET, "/api/v1/counters/1/open", None).await.refused(405, "method_not_allowed");
    app.lead().send(Method::OPTIONS, "/api/v1/tickets", None).await.refused(405, "method_not_allowed");
    app.visitor().send(Method::POST, "/nothing", None).await.refused(404, "not_found");
}

#[actix_web::test]
async fn a_customer_rates_only_what_was_served() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("pay").await;
    app.visitor().post(&format!("{}/rating", number.link), json!({ "grade": 5 })).await.refused(409, "wrong_state");
    let wang = app.clerk("clerk").at("4").await;
    wang.calls().await;
    wang.moves(&number.id, "finish", json!({ "outcome": "done" })).await;
    for bad in [0, 6] {
        app.visitor().post(&format!("{}/rating", number.link), json!({ "grade": bad })).await.refused(422, "invalid_field");
    }
    app.visitor().post(&format!("{}/rating", number.link), json!({ "grade": 300 })).await.refused(422, "invalid_field");
}
