//! A flood from one place costs nobody else anything.

use awc::http::Method;
use serde_json::json;
use warmhall::domain::actor::Role;
use warmhall::web::WebSettings;

use crate::app::{Setting, TestApp};

#[actix_web::test]
async fn the_phone_page_is_limited_and_the_kiosk_is_not() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("pay").await;
    let visitor = app.visitor();
    let path = format!("{}/rating", number.link);
    let mut limited = 0;
    for _ in 0..100 {
        let answer = visitor.post(&path, json!({ "grade": 5 })).await;
        if answer.status == 429 {
            assert!(!answer.header("retry-after").is_empty());
            answer.refused(429, "too_many_requests");
            limited += 1;
        }
    }
    assert_eq!(limited, 70);
    for _ in 0..60 {
        app.kiosk().takes("pay").await;
        app.staff("lead").get("/hall").await.ok();
    }
    app.passes(60);
    visitor.post(&path, json!({ "grade": 5 })).await.refused(409, "wrong_state");
}

#[actix_web::test]
async fn reading_what_is_public_is_limited_by_address() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let mut last = 0;
    for _ in 0..301 {
        last = visitor.get("/setup").await.status;
    }
    assert_eq!(last, 429);
    app.token(Role::Kiosk).get("/hall").await.ok();
}

#[actix_web::test]
async fn who_asks_is_told_by_trusted_proxies_only() {
    let exhaust = |app: &TestApp, from: &str| {
        let visitor = app.visitor().and("x-forwarded-for", from);
        async move {
            for _ in 0..5 {
                visitor.post("/setup", json!({ "token": "x", "username": "a", "password": "b" })).await.refused(409, "setup_done");
            }
            visitor.post("/setup", json!({ "token": "x", "username": "a", "password": "b" })).await.refused(429, "too_many_requests");
        }
    };
    let app = TestApp::start().await;
    exhaust(&app, "203.0.113.1").await;
    let other = app.visitor().and("x-forwarded-for", "203.0.113.2");
    other.post("/setup", json!({ "token": "x", "username": "a", "password": "b" })).await.refused(429, "too_many_requests");

    let web = WebSettings { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..WebSettings::default() };
    let app = TestApp::with(Setting { web, ..Setting::default() }).await;
    exhaust(&app, "198.51.100.1, 203.0.113.1").await;
    exhaust(&app, "198.51.100.1, 203.0.113.2").await;
    let same = app.visitor().and("x-forwarded-for", "spoofed, 203.0.113.1");
    same.post("/setup", json!({ "token": "x", "username": "a", "password": "b" })).await.refused(429, "too_many_requests");
}

#[actix_web::test]
async fn tokens_that_are_none_get_nowhere() {
    let app = TestApp::start().await;
    let long = "x".repeat(5_000);
    for token in ["Bearer nothing", "Bearer ", "Basic YTpi", "bearer", &format!("Bearer {long}")] {
        let answer = app.visitor().and("authorization", token).get("/queue").await;
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        answer.refused(401, "unauthenticated");
    }
    app.visitor().and("authorization", "Bearer nothing").send(Method::GET, "/api/v1/hall", None).await.ok();
}
