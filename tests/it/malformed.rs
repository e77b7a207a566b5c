//! What strangers send: always a refusal in our own form, never a fault, and nothing of ours in it.

use awc::http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::app::TestApp;
use crate::people::{Answer, new_key};

async fn raw(app: &TestApp, body: &[u8]) -> Answer {
    let kiosk = app.kiosk().and("idempotency-key", &new_key()).and("content-type", "application/json");
    kiosk.send(Method::POST, "/api/v1/tickets", Some(body.to_vec())).await
}

#[actix_web::test]
async fn bodies_that_are_not_json() {
    let app = TestApp::start().await;
    let deep = ["{\"a\":".repeat(6_000), "1".to_owned(), "}".repeat(6_000)].concat();
    let deep_list = ["[".repeat(20_000), "]".repeat(20_000)].concat();
    let bad: [&[u8]; 9] = [
        b"{",
        b"nonsense",
        b"\x00",
        b"{\"service\":\"pay\xff\"}",
        b"{\"service\":\"\\ud800\"}",
        b"{\"service\":\"pay\"} {}",
        b"{\"service\":\"a\x01b\"}",
        deep.as_bytes(),
        deep_list.as_bytes(),
    ];
    for body in bad {
        raw(&app, body).await.refused(400, "malformed_json");
    }
    for body in ["[]", "3", "null", "\"pay\""] {
        raw(&app, body.as_bytes()).await.refused(400, "bad_request");
    }
}

#[actix_web::test]
async fn bodies_that_do_not_fit() {
    let app = TestApp::start().await;
    let unknown = raw(&app, br#"{"service":"pay","state":"serving"}"#).await.refused(422, "unknown_field");
    assert_eq!(unknown["fields"]["state"], "is not known");
    let bad = [
        "{}",
        r#"{"service":7}"#,
        r#"{"service":null}"#,
        r#"{"service":"PAY:1"}"#,
        r#"{"service":"缴费"}"#,
        r#"{"service":"pay","class":"vip"}"#,
        r#"{"service":"pay","language":"fr"}"#,
        r#"{"service":"pay","appointment_at":"tomorrow"}"#,
        r#"{"service":{"pay":true}}"#,
    ];
    for body in bad {
        let told = raw(&app, body.as_bytes()).await.refused(422, "invalid_field");
        assert!(told["fields"].is_object(), "{body}");
    }
    let number = app.kiosk().takes("pay").await;
    let lead = app.lead();
    for reason in ["a\u{202e}b", "a\u{0}b", " ", "\u{7f}", &"供".repeat(501)] {
        let refused = lead.post(&format!("/tickets/{}/cancel", number.id), json!({ "reason": reason })).await;
        refused.refused(422, "invalid_field");
    }
}

#[actix_web::test]
async fn bodies_that_are_too_large_or_of_another_kind() {
    let app = TestApp::start().await;
    let large = json!({ "service": "x".repeat(65 * 1024) }).to_string();
    raw(&app, large.as_bytes()).await.refused(413, "payload_too_large");
    raw(&app, &vec![b' '; 10 * 1024 * 1024]).await.refused(413, "payload_too_large");
    let kiosk = app.kiosk().and("idempotency-key", &new_key());
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx"] {
        let sent = kiosk.and("content-type", kind).send(Method::POST, "/api/v1/tickets", Some(b"{\"service\":\"pay\"}".to_vec())).await;
        sent.refused(415, "unsupported_media_type");
    }
    let charset = kiosk.and("content-type", "application/json; charset=utf-8");
    charset.send(Method::POST, "/api/v1/tickets", Some(b"{\"service\":\"pay\"}".to_vec())).await.ok();
}

#[actix_web::test]
async fn texts_are_kept_trimmed_and_composed() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("pay").await;
    let wang = app.clerk("clerk").at("4").await;
    wang.calls().await;
    wang.moves(&number.id, "park", json!({ "reason": "  cafe\u{301}  " })).await;
    assert_eq!(app.lead().get(&format!("/tickets/{}", number.id)).await.ok()["park_reason"], "caf\u{e9}");
}

/// What a socket says back to bytes that no client would send.
async fn says(app: &TestApp, bytes: &[u8]) -> String {
    let mut socket = tokio::net::TcpStream::connect(&app.address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut said = Vec::new();
    let mut part = [0; 4096];
    loop {
        match socket.read(&mut part).await {
            Ok(0) | Err(_) => break,
            Ok(read) => said.extend_from_slice(&part[..read]),
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[actix_web::test]
async fn paths_lead_nowhere_else() {
    let app = TestApp::start().await;
    let paths = [
        "/../../etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/%00",
        "/api/v1/tickets/%ff%fe",
        "/api/v1/../../x",
        "//etc/passwd",
        "/api/v1/tickets/tk_1%0d%0aSet-Cookie:x=1",
        "/t/%F0%9F%92%A9",
        "/api/v1/t/a-b-c",
    ];
    for path in paths {
        let said = says(&app, format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).await;
        let status: u16 = said.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        assert!((400..500).contains(&status), "{path}: {said}");
        assert!(!said.contains("root:") && !said.contains("[package]") && !said.contains("Set-Cookie"), "{path}: {said}");
    }
}

#[actix_web::test]
async fn no_refusal_names_anything_of_ours() {
    let app = TestApp::start().await;
    let bodies: [&[u8]; 6] = [b"{", b"{\"service\":7}", b"{\"service\":[1]}", b"{\"x\":1}", b"[]", b"{\"service\":\"pay\",\"class\":{}}"];
    for body in bodies {
        let told = raw(&app, body).await;
        for ours in ["struct", "enum", "::", "IssueBody", "src/", "panicked", "serde", "redis"] {
            assert!(!told.text.contains(ours), "{}", told.text);
        }
    }
}
