//! The life of a number over HTTP: every state, every operation.

use serde_json::json;

use crate::app::TestApp;

#[actix_web::test]
async fn a_number_is_taken_called_served_and_rated() {
    let app = TestApp::start().await;
    let taken = app.kiosk().post("/tickets", json!({ "service": "repair", "class": "ordinary", "language": "en" })).await;
    assert_eq!(taken.status, 201);
    let body = taken.ok();
    let ticket = &body["ticket"];
    assert_eq!((ticket["number"].as_str(), ticket["state"].as_str()), (Some("B001"), Some("waiting")));
    assert_eq!(
        (ticket["service"].as_str(), ticket["class"].as_str(), ticket["language"].as_str()),
        (Some("repair"), Some("ordinary"), Some("en"))
    );
    assert_eq!((ticket["service_day"].as_str(), ticket["source"].as_str()), (Some("2026-11-23"), Some("kiosk:kiosk-1")));
    assert!(ticket["counter"].is_null() && ticket["called_at"].is_null() && ticket["calls"] == 0);
    assert_eq!((body["ahead"].as_u64(), ticket["id"].as_str()), (Some(0), Some(format!("tk_{}", body["rev"]).as_str())));
    assert!(body["status_url"].as_str().unwrap().starts_with("/t/"));
    assert_eq!(ticket["issued_at"], "2026-11-23T02:00:00Z");

    let wang = app.clerk("clerk").at("3").await;
    let next = wang.counter("next", json!({ "expect": null })).await.ok();
    let id = next["ticket"]["id"].as_str().unwrap().to_owned();
    assert_eq!((next["ticket"]["state"].as_str(), next["ticket"]["counter"].as_str()), (Some("called"), Some("3")));
    assert_eq!((next["why"]["rule"].as_str(), next["why"]["service"].as_str()), (Some("least_score"), Some("repair")));
    assert_eq!(wang.moves(&id, "start", json!({})).await, "serving");

    let link = format!("/t/{}", body["status_url"].as_str().unwrap().trim_start_matches("/t/"));
    let seen = app.visitor().get(&link).await.ok();
    assert_eq!((seen["state"].as_str(), seen["counter"].as_str(), seen["can_rate"].as_bool()), (Some("serving"), Some("3"), Some(false)));
    let finish = json!({ "outcome": "done", "checks": [{ "material": "account_no", "mark": "received" }] });
    assert_eq!(wang.moves(&id, "finish", finish).await, "closed");
    let rated = app.visitor().post(&format!("{link}/rating"), json!({ "grade": 5, "comment": "谢谢" })).await;
    assert!(rated.ok()["rev"].is_u64());
    app.visitor().post(&format!("{link}/rating"), json!({ "grade": 1 })).await.refused(409, "already_rated");
    let whole = app.staff("lead").get(&format!("/tickets/{id}")).await.ok();
    assert_eq!((whole["outcome"].as_str(), whole["rating"].as_u64()), (Some("done"), Some(5)));
    assert_eq!(whole["legs"][0]["end"], "finished");
}

#[actix_web::test]
async fn a_number_is_recalled_missed_and_comes_back() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("pay").await;
    let wang = app.clerk("clerk").at("4").await;
    wang.calls().await;
    let soon = wang.ticket(&number.id, "recall", json!({})).await;
    assert_eq!(soon.header("retry-after"), "5");
    assert_eq!(soon.refused(409, "recall_too_soon")["retry_after_s"], 5);
    app.passes(5);
    let again = wang.ticket(&number.id, "recall", json!({})).await.ok();
    assert_eq!(again["ticket"]["calls"], 2);
    assert_eq!(wang.moves(&number.id, "miss", json!({})).await, "missed");
    assert_eq!(wang.moves(&number.id, "reinstate", json!({})).await, "waiting");
    assert_eq!(wang.calls().await["id"], *number.id);
}

#[actix_web::test]
async fn a_number_is_parked_resumed_put_back_and_sent_on() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("repair").await;
    let wang = app.clerk("clerk").at("3").await;
    wang.calls().await;
    assert_eq!(wang.moves(&number.id, "park", json!({ "reason": "去复印 / copying" })).await, "parked");
    assert_eq!(wang.moves(&number.id, "resume", json!({ "counter": "3" })).await, "called");
    assert_eq!(wang.moves(&number.id, "put-back", json!({ "delay_s": 60 })).await, "waiting");
    let queue = app.staff("lead").get("/queue").await.ok();
    assert_eq!((queue["held"][0]["id"].as_str(), queue["held"][0]["until"].as_str()), (Some(&*number.id), Some("2026-11-23T02:01:00Z")));
    assert!(wang.calls().await.is_null(), "a number that was put back is not called before its time");
    app.passes(60);
    assert_eq!(wang.calls().await["id"], *number.id);
    assert_eq!(wang.moves(&number.id, "transfer", json!({ "service": "pay", "place": "front" })).await, "waiting");
    let li = app.clerk("clerk2").at("4").await;
    assert_eq!(li.calls().await["number"], *number.number);
    assert_eq!(li.moves(&number.id, "transfer", json!({ "counter": "5", "place": "end" })).await, "waiting");
    let queue = app.staff("lead").get("/queue").await.ok();
    assert_eq!(queue["reserved"]["5"][0]["id"], *number.id);
    let whole = app.staff("manager").get(&format!("/tickets/{}", number.id)).await.ok();
    assert_eq!(whole["legs"].as_array().unwrap().len(), 3);
}

#[actix_web::test]
async fn how_it_ends_is_said_properly() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("pay").await;
    let wang = app.clerk("clerk").at("4").await;
    wang.calls().await;
    let no = wang.ticket(&number.id, "finish", json!({ "outcome": "refused", "reason": "缺证明" })).await;
    no.refused(422, "refusal_needs_reason_and_solution");
    let no = wang.ticket(&number.id, "finish", json!({ "outcome": "missing_materials" })).await;
    no.refused(422, "missing_materials_needs_list");
    let list = json!({ "outcome": "missing_materials", "materials": ["account_no", "户口本"] });
    assert_eq!(wang.moves(&number.id, "finish", list).await, "closed");
    assert_eq!(wang.ticket(&number.id, "start", json!({})).await.refused(409, "wrong_state")["state"], "closed");
}

#[actix_web::test]
async fn its_holder_leaves_the_line_by_the_link() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("pay").await;
    let seen = app.visitor().get(&number.link).await.ok();
    assert_eq!((seen["number"].as_str(), seen["ahead"].as_u64(), seen["can_cancel"].as_bool()), (Some("C001"), Some(0), Some(true)));
    assert_eq!(seen["service"]["name"]["en"].as_str().map(str::is_empty), Some(false));
    app.visitor().post(&format!("{}/cancel", number.link), json!({})).await.ok();
    app.visitor().post(&format!("{}/cancel", number.link), json!({})).await.refused(409, "wrong_state");
    let guessed = format!("{}x", &number.link[..number.link.len() - 1]);
    app.visitor().get(&guessed).await.refused(404, "not_found");
    let plain = app.visitor().send(awc::http::Method::GET, &number.link, None).await;
    assert_eq!((plain.status, plain.body["state"].as_str()), (200, Some("closed")));
    let page = app.visitor().and("accept", "text/html").send(awc::http::Method::GET, &number.link, None).await;
    assert!(page.status == 200 && page.header("content-type").starts_with("text/html") && page.header("referrer-policy") == "no-referrer");
    app.passes(24 * 3600);
    app.kiosk().takes("pay").await;
    app.visitor().get(&number.link).await.refused(410, "gone");
}

#[actix_web::test]
async fn lists_come_in_pages() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(app.kiosk().takes("pay").await.id);
    }
    app.kiosk().takes("repair").await;
    let lead = app.lead();
    let first = lead.get("/tickets?service=pay&limit=2").await.ok();
    let second = lead.get(&format!("/tickets?service=pay&limit=3&cursor={}", first["next"].as_str().unwrap())).await.ok();
    let seen: Vec<&str> =
        [&first, &second].iter().flat_map(|page| page["items"].as_array().unwrap()).map(|t| t["id"].as_str().unwrap()).collect();
    assert_eq!(seen, ids);
    assert!(second["next"].is_null());
    let one = lead.get("/tickets?number=B001&state=waiting").await.ok();
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(lead.get("/tickets?day=2026-11-22").await.ok()["items"].as_array().unwrap().len(), 0);
    lead.get("/tickets?limit=501").await.refused(422, "invalid_field");
    lead.get("/tickets?limit=abc").await.refused(400, "bad_request");
    lead.get("/tickets?cursor=x").await.refused(400, "bad_request");
    lead.get("/tickets?state=eaten").await.refused(400, "bad_request");
}

#[actix_web::test]
async fn the_queue_is_one_cut() {
    let app = TestApp::start().await;
    let wang = app.clerk("clerk").at("4").await;
    let first = app.kiosk().takes("pay").await;
    let second = app.kiosk().takes("pay").await;
    assert_eq!(second.ahead, 1);
    wang.calls().await;
    let queue = app.staff("greeter").get("/queue").await.ok();
    assert_eq!(queue["lines"]["pay"][0]["id"], *second.id);
    assert_eq!(queue["lines"]["pay"][0]["place"], 0);
    let four = queue["counters"].as_array().unwrap().iter().find(|c| c["no"] == "4").unwrap();
    assert_eq!((four["ticket"]["id"].as_str(), four["clerk"].as_str(), four["fence"].as_u64()), (Some(&*first.id), Some("clerk"), Some(1)));
    assert!(queue["rev"].is_u64() && queue["epoch"].is_string() && queue["lines"]["repair"].is_array());
}

#[actix_web::test]
async fn the_wait_is_told_once_somebody_serves() {
    let app = TestApp::start().await;
    let nobody = app.kiosk().post("/tickets", json!({ "service": "pay" })).await.ok();
    assert!(nobody["wait"].is_null());
    let _wang = app.clerk("clerk").at("4").await;
    let mut rev = app.keeper.rev();
    // The forecaster is a moment behind: ask until it has seen the open counter.
    let wait = loop {
        let hall = app.visitor().get("/hall").await.ok();
        let pay = hall["services"].as_array().unwrap().iter().find(|s| s["id"] == "pay").unwrap().clone();
        if !pay["wait"].is_null() {
            break pay["wait"].clone();
        }
        // Not so often that a visitor is told to come again later.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        rev.borrow_and_update();
    };
    assert!(wait["low_min"].as_u64() <= wait["high_min"].as_u64());
    let told = app.kiosk().post("/tickets", json!({ "service": "pay" })).await.ok();
    assert!(told["wait"]["high_min"].is_u64());
}
