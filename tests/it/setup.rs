//! A new hall and its first administrator.

use awc::http::Method;
use serde_json::json;

use crate::app::{Setting, TestApp};

#[actix_web::test]
async fn the_first_administrator_is_made_once_with_the_link() {
    let app = TestApp::with(Setting { people: false, ..Setting::default() }).await;
    let visitor = app.visitor();
    assert_eq!(visitor.get("/setup").await.ok(), json!({ "needed": true }));
    let body = |token: &str, password: &str| json!({ "token": token, "username": "boss", "password": password, "name": "主任" });
    visitor.post("/setup", body("guessed", "warm-radiator-9")).await.refused(403, "forbidden");
    visitor.post("/setup", body(&app.setup_secret, "password")).await.refused(422, "weak_password");
    let made = visitor.post("/setup", body(&app.setup_secret, "warm-radiator-9")).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.ok()["account"]["roles"], json!(["admin"]));
    visitor.post("/setup", body(&app.setup_secret, "warm-radiator-9")).await.refused(409, "setup_done");
    assert_eq!(visitor.get("/setup").await.ok(), json!({ "needed": false }));
    let signed = visitor.post("/session", json!({ "username": "boss", "password": "warm-radiator-9" })).await;
    assert!(signed.header("set-cookie").starts_with("wh_session="));
    visitor.post("/setup", body("guessed", "warm-radiator-9")).await.refused(409, "setup_done");
    visitor.post("/setup", body("guessed", "warm-radiator-9")).await.refused(429, "too_many_requests");
}

#[actix_web::test]
async fn nobody_has_a_default_password_and_no_demo_is_there() {
    let app = TestApp::with(Setting { people: false, ..Setting::default() }).await;
    for (name, password) in [("admin", "admin"), ("admin", "password"), ("root", "root"), ("warmhall", "warmhall")] {
        let tried = app.visitor().post("/session", json!({ "username": name, "password": password })).await;
        tried.refused(401, "bad_credentials");
    }
    app.visitor().get("/demo").await.refused(404, "not_found");
    app.visitor().post("/demo/simulation", json!({ "on": true })).await.refused(404, "not_found");
}

#[actix_web::test]
async fn screens_are_there_or_say_how_to_build_them() {
    let app = TestApp::start().await;
    for path in [
        "/",
        "/kiosk",
        "/board",
        "/display",
        "/counter",
        "/lead",
        "/hotline",
        "/team",
        "/orders",
        "/case",
        "/case/20261123-0001",
        "/signin",
        "/setup",
        "/pair",
    ] {
        let page = app.visitor().send(Method::GET, path, None).await;
        assert!(page.status == 200 && page.header("content-type").starts_with("text/html"), "{path} {}", page.status);
        let head = app.visitor().send(Method::HEAD, path, None).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
    }
}
