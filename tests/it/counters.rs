//! Clerks at their counters: opening, calling, and what keeps two of them apart.

use serde_json::json;

use crate::app::TestApp;

#[actix_web::test]
async fn a_double_click_calls_one_customer() {
    let app = TestApp::start().await;
    let first = app.kiosk().takes("pay").await;
    app.kiosk().takes("pay").await;
    let wang = app.clerk("clerk").at("4").await;
    let (a, b) =
        futures_util::future::join(wang.counter("next", json!({ "expect": null })), wang.counter("next", json!({ "expect": null }))).await;
    let (went, stayed) = if a.status == 200 { (a, b) } else { (b, a) };
    assert_eq!(went.ok()["ticket"]["id"], *first.id);
    assert_eq!(stayed.refused(409, "counter_moved_on")["current"], *first.id);
}

#[actix_web::test]
async fn next_finishes_who_is_in_hand() {
    let app = TestApp::start().await;
    let first = app.kiosk().takes("pay").await;
    let second = app.kiosk().takes("pay").await;
    let wang = app.clerk("clerk").at("4").await;
    wang.calls().await;
    let held = wang.counter("next", json!({ "expect": first.id })).await;
    assert_eq!(held.refused(409, "ticket_in_hand")["current"], *first.id);
    let next = wang.counter("next", json!({ "expect": first.id, "finish": { "outcome": "done" } })).await.ok();
    assert_eq!(next["ticket"]["id"], *second.id);
    let last = wang.counter("next", json!({ "expect": second.id, "finish": { "outcome": "info_only" } })).await.ok();
    assert!(last["ticket"].is_null() && last["why"].is_null() && last["rev"].is_u64());
}

#[actix_web::test]
async fn a_counter_opens_pauses_resumes_and_closes() {
    let app = TestApp::start().await;
    let wang = app.clerk("clerk").at("4").await;
    let paused = wang.counter("pause", json!({ "reason": "meeting" })).await.ok();
    assert_eq!(paused["counter"]["state"], "paused");
    wang.counter("next", json!({ "expect": null })).await.refused(409, "counter_paused");
    assert_eq!(wang.counter("resume", json!({})).await.ok()["counter"]["state"], "open");
    let number = app.kiosk().takes("pay").await;
    wang.calls().await;
    wang.counter("close", json!({})).await.refused(409, "ticket_in_hand");
    wang.moves(&number.id, "finish", json!({ "outcome": "done" })).await;
    assert_eq!(wang.counter("close", json!({})).await.ok()["counter"]["state"], "closed");
    wang.counter("next", json!({ "expect": null })).await.refused(409, "counter_not_open");
}

#[actix_web::test]
async fn an_older_browser_and_another_clerk_are_told_so() {
    let app = TestApp::start().await;
    let old = app.clerk("clerk").at("4").await;
    let new = app.clerk("clerk").at("4").await;
    assert_eq!((old.fence, new.fence), (Some(1), Some(2)));
    old.counter("next", json!({ "expect": null })).await.refused(409, "counter_taken_over");
    let number = app.kiosk().takes("pay").await;
    new.calls().await;
    let li = app.clerk("clerk2").at("5").await;
    let mut foreign = app.clerk("clerk2");
    foreign.counter = "4".to_owned();
    foreign.counter("next", json!({ "expect": number.id })).await.refused(409, "counter_taken_over");
    let no = li.post(&format!("/tickets/{}/start", number.id), json!({})).await;
    no.refused(403, "not_your_counter");
    assert_eq!(app.lead().post(&format!("/tickets/{}/start", number.id), json!({})).await.ok()["ticket"]["state"], "serving");
}

#[actix_web::test]
async fn a_chosen_number_is_called_with_a_reason() {
    let app = TestApp::start().await;
    app.kiosk().takes("pay").await;
    let second = app.kiosk().takes("pay").await;
    let other = app.kiosk().takes("connect").await;
    let wang = app.clerk("clerk").at("4").await;
    let bare = wang.counter("call", json!({ "ticket": second.id, "expect": null })).await;
    assert_eq!(bare.refused(422, "invalid_field")["fields"]["reason"], "is missing");
    let foreign = wang.counter("call", json!({ "ticket": other.id, "expect": null, "reason": "急 / urgent" })).await;
    foreign.refused(409, "counter_does_not_serve");
    let called = wang.counter("call", json!({ "ticket": second.id, "expect": null, "reason": "急 / urgent" })).await.ok();
    assert_eq!((called["ticket"]["id"].as_str(), called["why"]["rule"].as_str()), (Some(&*second.id), Some("chosen")));
    assert_eq!((called["why"]["reason"].as_str(), called["ticket"]["calls"].as_u64()), (Some("急 / urgent"), Some(1)));
}

#[actix_web::test]
async fn a_lead_gives_a_counter_other_services() {
    let app = TestApp::start().await;
    let put = |body: serde_json::Value| {
        let lead = app.lead().0;
        async move { lead.ask(awc::http::Method::PUT, "/counters/4/services", &body, &crate::people::new_key()).await }
    };
    put(json!({ "services": [{ "service": "repair", "offset_min": 0 }, { "service": "pay", "offset_min": null }] })).await.ok();
    app.kiosk().takes("pay").await;
    let number = app.kiosk().takes("repair").await;
    let wang = app.clerk("clerk").at("4").await;
    assert_eq!(wang.calls().await["id"], *number.id);
    put(json!({ "services": [{ "service": "nothing", "offset_min": 0 }] })).await.refused(422, "invalid_field");
}

#[actix_web::test]
async fn services_and_notices_are_the_leads() {
    let app = TestApp::start().await;
    let lead = app.lead();
    assert!(lead.post("/services/pay/close", json!({ "reason": "系统维护" })).await.ok()["rev"].is_u64());
    app.kiosk().post("/tickets", json!({ "service": "pay" })).await.refused(409, "service_closed");
    let hall = app.visitor().get("/hall").await.ok();
    let pay = hall["services"].as_array().unwrap().iter().find(|s| s["id"] == "pay").unwrap();
    assert_eq!((pay["open"].as_bool(), pay["closed_reason"].as_str()), (Some(false), Some("closed_by_staff")));
    lead.post("/services/pay/open", json!({})).await.ok();
    app.kiosk().takes("pay").await;
    lead.post("/services/nothing/open", json!({})).await.refused(404, "not_found");

    let posted = lead.post("/notices", json!({ "text": { "zh": "今日停电", "en": "No power today" } })).await;
    assert_eq!(posted.status, 201);
    let id = posted.ok()["notice"]["id"].as_str().unwrap().to_owned();
    assert_eq!(app.visitor().get("/hall").await.ok()["notices"][0]["id"], *id);
    assert_eq!(lead.delete(&format!("/notices/{id}")).await.status, 204);
    lead.delete(&format!("/notices/{id}")).await.refused(404, "not_found");
}
