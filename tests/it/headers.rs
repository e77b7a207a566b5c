//! What stands around every answer: the headers that keep browsers safe, the origin of what changes something, the checks of the watch.

use std::sync::Arc;

use awc::http::Method;
use serde_json::json;
use warmhall::domain::actor::Role;
use warmhall::web::{Health, WebSettings};

use crate::app::{Setting, TestApp};
use crate::people::{Person, new_key};

#[actix_web::test]
async fn every_answer_keeps_browsers_safe() {
    let app = TestApp::start().await;
    for path in ["/", "/kiosk", "/api/v1/hall", "/api/v1/nothing", "/t/nothing", "/health/live", "/metrics", "/assets/nothing.js"] {
        let answer = app.visitor().and("origin", "https://evil.example").send(Method::GET, path, None).await;
        assert!(answer.header("content-security-policy").starts_with("default-src 'self';"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!((answer.header("x-content-type-options"), answer.header("referrer-policy")), ("nosniff", "no-referrer"));
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control")));
        assert_eq!(answer.header("strict-transport-security"), "");
        assert_eq!(answer.header("x-request-id").len(), 16);
        if path.starts_with("/api") {
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}

#[actix_web::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let web = WebSettings { tls: true, ..WebSettings::default() };
    let app = TestApp::with(Setting { web, ..Setting::default() }).await;
    let answer = app.visitor().get("/hall").await;
    assert!(answer.header("strict-transport-security").contains("max-age="));
    let signed = app.visitor().post("/session", json!({ "username": "clerk", "password": crate::app::PASSWORD })).await;
    assert!(signed.header("set-cookie").contains("Secure"));
    // Behind TLS, a page that came without it is not ours.
    app.staff("lead").post("/services/pay/close", json!({})).await.refused(403, "origin_refused");
    let own = app.staff("lead").and("origin", &format!("https://{}", app.address));
    own.post("/services/pay/close", json!({})).await.ok();
}

#[actix_web::test]
async fn a_foreign_page_changes_nothing() {
    let app = TestApp::start().await;
    let lead = app.lead();
    let foreign = ["https://evil.example", "null", "http://127.0.0.1:1"];
    for origin in foreign {
        lead.and("origin", origin).post("/services/pay/close", json!({})).await.refused(403, "origin_refused");
        app.kiosk().and("origin", origin).post("/tickets", json!({ "service": "pay" })).await.refused(403, "origin_refused");
        app.visitor()
            .and("origin", origin)
            .post("/session", json!({ "username": "a", "password": "b" }))
            .await
            .refused(403, "origin_refused");
    }
    let number = app.kiosk().takes("pay").await;
    app.visitor()
        .and("origin", "https://evil.example")
        .post(&format!("{}/cancel", number.link), json!({}))
        .await
        .refused(403, "origin_refused");
    lead.and("sec-fetch-site", "cross-site").post("/services/pay/close", json!({})).await.refused(403, "origin_refused");
    lead.without("origin").post("/services/pay/close", json!({})).await.refused(403, "origin_refused");
    lead.without("origin").and("sec-fetch-site", "same-origin").post("/services/pay/close", json!({})).await.ok();
    let form = lead.and("content-type", "text/plain").and("idempotency-key", &new_key());
    let sent = form.send(Method::POST, "/api/v1/services/pay/open", Some(b"{}".to_vec())).await;
    sent.refused(415, "unsupported_media_type");
    let hall = app.visitor().get("/hall").await.ok();
    assert!(hall["services"].as_array().unwrap().iter().any(|s| s["id"] == "pay" && s["open"] == false), "reading changes nothing");
}

#[actix_web::test]
async fn a_trusted_origin_is_our_own() {
    let web = WebSettings { origins: vec!["https://hall.example".to_owned()], ..WebSettings::default() };
    let app = TestApp::with(Setting { web, ..Setting::default() }).await;
    app.lead().and("origin", "https://hall.example").post("/services/pay/close", json!({})).await.ok();
}

#[actix_web::test]
async fn the_watch_is_told_how_things_are() {
    let health = Health { disk_free_mib: Arc::new(|| Some(1)), redis_runs: Arc::new(|| false), ..Health::default() };
    let app = TestApp::with(Setting { health, ..Setting::default() }).await;
    assert_eq!(app.visitor().send(Method::GET, "/health/live", None).await.status, 200);
    let ready = app.visitor().send(Method::GET, "/health/ready", None).await;
    assert_eq!((ready.status, ready.body["status"].as_str()), (503, Some("not_ready")));
    assert_eq!(ready.body["reasons"], json!(["redis_down", "disk_full"]));
    let well = TestApp::start().await;
    let ready = well.visitor().send(Method::GET, "/health/ready", None).await;
    assert_eq!((ready.status, ready.body["status"].as_str(), ready.body["voice"].as_str()), (200, Some("ready"), Some("off")));
}

#[actix_web::test]
async fn measurements_are_not_public() {
    let app = TestApp::start().await;
    app.kiosk().takes("pay").await;
    let local = app.visitor().send(Method::GET, "/metrics", None).await;
    assert!(local.text.contains("warmhall_journal_rev") && local.text.contains("warmhall_waiting{of=\"pay\"} 1"), "{}", local.text);
    assert!(local.text.contains("route=\"/api/v1/tickets\""));
    let through = |person: Person| person.and("x-forwarded-for", "203.0.113.9");
    through(app.visitor().0).send(Method::GET, "/metrics", None).await.refused(401, "unauthenticated");
    through(app.token(Role::Kiosk)).send(Method::GET, "/metrics", None).await.refused(403, "forbidden");
    assert_eq!(through(app.token(Role::Integration)).send(Method::GET, "/metrics", None).await.status, 200);
}

#[actix_web::test]
async fn the_description_is_served() {
    let app = TestApp::start().await;
    let described = app.visitor().get("/openapi.json").await.ok();
    assert_eq!(described["openapi"], "3.1.0");
    assert!(described["paths"]["/api/v1/tickets"]["post"]["requestBody"].is_object());
    assert_eq!(described["paths"]["/api/v1/counters/{no}/next"]["post"]["x-right"], "work_counter");
}
