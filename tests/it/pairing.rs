//! Screens become devices: the code, the approval, the token that is told once, and its end.

use serde_json::json;
use warmhall::domain::actor::Role;

use crate::app::TestApp;
use crate::people::Person;

#[actix_web::test]
async fn a_screen_is_paired_and_revoked() {
    let app = TestApp::start().await;
    let screen = app.visitor();
    let opened = screen.post("/devices/pairings", json!({ "kind": "kiosk" })).await;
    assert_eq!(opened.status, 201);
    let opened = opened.ok();
    let (code, claim) = (opened["code"].as_str().unwrap().to_owned(), opened["claim"].as_str().unwrap().to_owned());
    assert!(code.len() == 8 && code.bytes().all(|b| b.is_ascii_digit()) && claim.len() == 43);
    let path = format!("/devices/pairings/{claim}");
    assert_eq!(screen.get(&path).await.ok(), json!({ "state": "pending" }));

    let lead = app.lead();
    let waiting = lead.get("/devices/pairings").await.ok();
    assert_eq!(waiting["items"][0]["code"], *code);
    let approve = format!("/devices/pairings/{code}/approve");
    app.staff("clerk").post(&approve, json!({ "name": "门口", "scope": null })).await.refused(403, "forbidden");
    lead.post("/devices/pairings/00000000/approve", json!({ "name": "x", "scope": null })).await.refused(404, "not_found");
    lead.post(&approve, json!({ "name": "门口", "scope": { "counter": "99" } })).await.refused(422, "unknown_counter");
    lead.post(&approve, json!({ "name": "门口", "scope": null })).await.ok();
    lead.post(&approve, json!({ "name": "again", "scope": null })).await.refused(404, "not_found");

    let told = screen.get(&path).await.ok();
    let token = told["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("wh_") && token.len() == 46);
    assert_eq!(
        (told["state"].as_str(), told["device"]["kind"].as_str(), told["device"]["name"].as_str()),
        (Some("approved"), Some("kiosk"), Some("门口"))
    );
    screen.get(&path).await.refused(410, "pairing_used");
    let kiosk = Person::with_token(&app, &token);
    kiosk.post("/tickets", json!({ "service": "pay" })).await.ok();

    let listed = lead.get("/devices").await;
    assert!(!listed.text.contains("digest") && !listed.text.contains(&token));
    let id = told["device"]["id"].as_str().unwrap();
    assert!(listed.ok()["items"].as_array().unwrap().iter().any(|d| d["id"] == id));
    assert_eq!(lead.delete(&format!("/devices/{id}")).await.status, 204);
    kiosk.post("/tickets", json!({ "service": "pay" })).await.refused(401, "unauthenticated");
}

#[actix_web::test]
async fn a_pairing_expires() {
    let app = TestApp::start().await;
    let opened = app.visitor().post("/devices/pairings", json!({ "kind": "board" })).await.ok();
    app.passes(601);
    let path = format!("/devices/pairings/{}", opened["claim"].as_str().unwrap());
    app.visitor().get(&path).await.refused(410, "pairing_expired");
    app.visitor().get("/devices/pairings/nothing").await.refused(404, "not_found");
    let late = app
        .lead()
        .post(&format!("/devices/pairings/{}/approve", opened["code"].as_str().unwrap()), json!({ "name": "x", "scope": null }))
        .await;
    late.refused(404, "not_found");
}

#[actix_web::test]
async fn only_screens_are_paired() {
    let app = TestApp::start().await;
    for kind in ["admin", "clerk", "integration", "lead"] {
        app.visitor().post("/devices/pairings", json!({ "kind": kind })).await.refused(422, "invalid_field");
    }
}

#[actix_web::test]
async fn a_device_does_one_thing() {
    let app = TestApp::start().await;
    app.token(Role::Board).post("/tickets", json!({ "service": "pay" })).await.refused(403, "forbidden");
    let number = app.kiosk().takes("pay").await;
    app.kiosk().get(&format!("/tickets/{}", number.id)).await.refused(403, "forbidden");
    app.kiosk().get("/queue").await.refused(403, "forbidden");
    app.token(Role::Board).get("/hall").await.ok();
}
