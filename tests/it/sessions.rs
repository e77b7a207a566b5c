//! Staff at a browser: signing in and out, cookies, timeouts, passwords, accounts.

use awc::http::Method;
use serde_json::json;

use crate::app::{PASSWORD, TestApp};
use crate::people::{Person, new_key};

/// Signs in and gives a browser with the cookie.
async fn sign_in(app: &TestApp, name: &str, password: &str) -> Person {
    let answer = app.visitor().post("/session", json!({ "username": name, "password": password })).await;
    let cookie = answer.header("set-cookie").split(';').next().unwrap().trim_start_matches("wh_session=").to_owned();
    let body = answer.ok();
    assert_eq!(body["user"]["username"], name);
    Person::with_cookie(app, &cookie)
}

#[actix_web::test]
async fn a_session_begins_lives_and_ends() {
    let app = TestApp::start().await;
    let answer = app.visitor().post("/session", json!({ "username": "clerk", "password": PASSWORD })).await;
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["wh_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let value = cookie.split(';').next().unwrap().trim_start_matches("wh_session=").to_owned();
    let wang = Person::with_cookie(&app, &value);
    let me = wang.get("/session").await.ok();
    assert_eq!((me["user"]["roles"].clone(), me["user"]["badge"].as_str()), (json!(["clerk"]), Some("1023")));
    assert_eq!(me["expires_at"], "2026-11-23T14:00:00Z");
    assert!(!me.to_string().contains("argon2"));

    let again = wang.post("/session", json!({ "username": "clerk", "password": PASSWORD })).await;
    assert!(!again.header("set-cookie").contains(&value), "signing in again gives another cookie");
    wang.get("/session").await.refused(401, "session_expired");

    let li = sign_in(&app, "clerk2", PASSWORD).await;
    let out = li.delete("/session").await;
    assert_eq!(out.status, 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    li.get("/session").await.refused(401, "session_expired");
    app.visitor().get("/session").await.refused(401, "unauthenticated");
}

#[actix_web::test]
async fn a_session_left_alone_ends_and_none_lasts_past_a_shift() {
    let app = TestApp::start().await;
    let wang = sign_in(&app, "clerk", PASSWORD).await;
    for _ in 0..7 {
        app.passes(6_000);
        wang.get("/session").await.ok();
    }
    app.passes(2_000);
    wang.get("/session").await.refused(401, "session_expired");
    let li = sign_in(&app, "clerk2", PASSWORD).await;
    app.passes(2 * 3600 + 1);
    li.get("/session").await.refused(401, "session_expired");
}

#[actix_web::test]
async fn wrong_sign_ins_look_alike_and_are_counted() {
    let app = TestApp::start().await;
    let visitor = app.visitor();
    let wrong = visitor.post("/session", json!({ "username": "clerk", "password": "wrong" })).await;
    let unknown = visitor.post("/session", json!({ "username": "nobody", "password": "wrong" })).await;
    assert_eq!(wrong.text, unknown.text);
    wrong.refused(401, "bad_credentials");
    for _ in 0..3 {
        visitor.post("/session", json!({ "username": "clerk", "password": "wrong" })).await.refused(401, "bad_credentials");
    }
    let sixth = visitor.post("/session", json!({ "username": "clerk", "password": PASSWORD })).await;
    assert!(!sixth.header("retry-after").is_empty());
    assert_eq!(sixth.refused(429, "too_many_attempts")["retry_after_s"], 60);
    app.passes(60);
    sign_in(&app, "clerk", PASSWORD).await;
    for hostile in ["", "a b", "../x", &"x".repeat(300)] {
        app.passes(120);
        visitor.post("/session", json!({ "username": hostile, "password": "x" })).await.refused(401, "bad_credentials");
    }
}

#[actix_web::test]
async fn a_password_is_changed_by_who_knows_it() {
    let app = TestApp::start().await;
    let wang = sign_in(&app, "clerk", PASSWORD).await;
    wang.post("/session/password", json!({ "old": "wrong", "new": "another-kettle-7" })).await.refused(401, "bad_credentials");
    wang.post("/session/password", json!({ "old": PASSWORD, "new": "short" })).await.refused(422, "weak_password");
    let changed = wang.post("/session/password", json!({ "old": PASSWORD, "new": "another-kettle-7" })).await;
    assert_eq!(changed.status, 204);
    wang.get("/session").await.refused(401, "session_expired");
    let value = changed.header("set-cookie").split(';').next().unwrap().trim_start_matches("wh_session=").to_owned();
    Person::with_cookie(&app, &value).get("/session").await.ok();
    sign_in(&app, "clerk", "another-kettle-7").await;
}

#[actix_web::test]
async fn accounts_are_made_changed_and_removed() {
    let app = TestApp::start().await;
    let admin = app.staff("admin");
    let body = json!({ "username": "zhao", "password": "warm-radiator-9", "name": "赵", "badge": "2001", "roles": ["clerk"] });
    let made = admin.post("/accounts", body.clone()).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.ok()["account"]["roles"], json!(["clerk"]));
    admin.post("/accounts", body).await.refused(409, "already_exists");
    let weak = json!({ "username": "qian", "password": "qian2026", "roles": ["clerk"] });
    admin.post("/accounts", weak).await.refused(422, "weak_password");
    let device = json!({ "username": "qian", "password": "warm-radiator-9", "roles": ["kiosk"] });
    admin.post("/accounts", device).await.refused(422, "invalid_field");
    let more = json!({ "username": "qian", "password": "warm-radiator-9", "roles": ["clerk"], "password_hash": "x" });
    admin.post("/accounts", more).await.refused(422, "unknown_field");

    let zhao = sign_in(&app, "zhao", "warm-radiator-9").await;
    let patch = |body| {
        let admin = admin.clone();
        async move { admin.ask(Method::PATCH, "/accounts/zhao", &body, &new_key()).await }
    };
    let changed = patch(json!({ "name": "赵先生", "badge": null })).await.ok();
    assert_eq!((changed["account"]["name"].as_str(), changed["account"]["badge"].is_null()), (Some("赵先生"), true));
    zhao.get("/session").await.ok();
    patch(json!({ "roles": ["lead"] })).await.ok();
    zhao.get("/session").await.refused(401, "session_expired");
    patch(json!({ "disabled": true })).await.ok();
    app.visitor().post("/session", json!({ "username": "zhao", "password": "warm-radiator-9" })).await.refused(401, "bad_credentials");
    let listed = admin.get("/accounts").await;
    assert!(!listed.text.contains("argon2") && !listed.text.contains("password"));
    assert!(listed.ok()["items"].as_array().unwrap().iter().any(|a| a["username"] == "zhao" && a["disabled"] == true));
    assert_eq!(admin.delete("/accounts/zhao").await.status, 204);
    admin.delete("/accounts/zhao").await.refused(404, "not_found");
    admin.delete("/accounts/admin").await.refused(409, "last_admin");
}

#[actix_web::test]
async fn a_session_that_is_over_takes_its_screens_with_it() {
    let app = TestApp::start().await;
    let wang = sign_in(&app, "clerk", PASSWORD).await;
    let mut screen = wang.watch("view=board").await.unwrap();
    screen.next().await.unwrap();
    wang.delete("/session").await;
    assert_eq!(screen.end().await, "revoked", "signed out");

    // Who only looks does nothing: the session ends, however busy the board is.
    let li = sign_in(&app, "clerk2", PASSWORD).await;
    let mut screen = li.watch("view=board").await.unwrap();
    screen.next().await.unwrap();
    app.passes(2 * 3600);
    app.kiosk().takes("repair").await;
    screen.next().await.unwrap();
    app.passes(1);
    assert_eq!(screen.end().await, "revoked", "idle for too long");
    assert_eq!(li.watch("view=board").await.err(), Some(401));

    let zhao = sign_in(&app, "lead", PASSWORD).await;
    let mut screen = zhao.watch("view=board").await.unwrap();
    for _ in 0..7 {
        app.passes(6_000);
        zhao.get("/session").await.ok();
    }
    app.passes(1_200);
    assert_eq!(screen.end().await, "revoked", "longer than a shift");
}
