//! Calls and orders that the hall let go of: found by the same doors, by the same rules, from history.

use serde_json::{Value, json};
use warmhall::domain::actor::Role;

use crate::app::{Setting, TestApp};
use crate::people::Person;
use crate::work::{Handler, MASKED, NUMBER, Operator, encoded, flat, step};

fn numbers(list: &Value) -> Vec<String> {
    list["items"].as_array().unwrap().iter().map(|one| one["no"].as_str().unwrap().to_owned()).collect()
}

/// Worked, called back and closed.
async fn closes(app: &TestApp, operator: &Person, no: &str) {
    Handler::accepts(app.token(Role::Handler), no).await.works().await;
    assert_eq!(step(operator, no, "callback", json!({ "solved": true })).await.ok()["work_order"]["state"], "closed");
}

#[actix_web::test]
async fn what_the_hall_let_go_of_is_found_by_the_same_doors() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(Setting { history: Some(folder.path().join("history.sqlite")), ..Setting::default() }).await;
    let operator = Operator(app.token(Role::Operator));
    let open = operator.orders("501").await;
    let closed = operator.orders("502").await;
    closes(&app, &operator, &closed).await;
    let body =
        json!({ "category": "R1", "sealed": true, "address": flat("503"), "customer": { "name": "密封canary", "phone": "13877776666" } });
    let sealed = operator.orders_with(body).await;
    closes(&app, &operator, &sealed).await;
    let call = operator.logs(NUMBER).await;
    operator.writes(&call, json!({ "description": "咨询供热时间" })).await.ok();
    operator.ends(&call, json!({ "disposition": "answered_directly" })).await.ok();
    app.passes(9 * 86_400);
    let today = operator.logs("13800000000").await;
    let gone = app.keeper.read(|hall| hall.orders.get(closed.parse().unwrap()).is_none() && hall.hotline.calls.len() == 1);
    assert!(gone, "the hall let go of them");
    app.remembered().await;

    let one = operator.get(&format!("/work-orders/{closed}")).await;
    assert!(!one.text.contains(NUMBER) && !one.text.contains("王小明"), "{}", one.text);
    let one = one.ok();
    assert_eq!((one["state"].as_str(), one["phone_masked"].as_str()), (Some("closed"), Some(MASKED)));
    // An open order is older than a closed one: one list, newest first, page by page.
    assert_eq!(numbers(&operator.get("/work-orders").await.ok()), [sealed.as_str(), &closed, &open]);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = operator.get(&format!("/work-orders?limit=1{cursor}")).await.ok();
        seen.extend(numbers(&page));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, [sealed.as_str(), &closed, &open]);
    assert_eq!(numbers(&operator.get("/work-orders?state=closed").await.ok()), [sealed.as_str(), &closed]);
    assert_eq!(numbers(&operator.get("/work-orders?state=open").await.ok()), [open.as_str()]);
    for query in ["5678", NUMBER] {
        assert_eq!(numbers(&operator.get(&format!("/work-orders?q={query}")).await.ok()), [closed.as_str(), &open], "{query}");
    }
    assert_eq!(numbers(&operator.get(&format!("/work-orders?q={}", encoded("密封canary"))).await.ok()), [sealed.as_str()]);

    let calls = operator.get("/hotline/calls").await.ok();
    let ids: Vec<_> = calls["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [today.as_str(), &call]);
    assert_eq!(operator.get(&format!("/hotline/calls?phone={NUMBER}")).await.ok()["items"][0]["id"], *call);
    assert_eq!(operator.get(&format!("/hotline/calls/{call}")).await.ok()["caller_number"], MASKED);

    let case = app.visitor().get(&format!("/cases/{closed}?phone_tail=5678")).await.ok();
    assert_eq!(case["state"], "closed");
    app.visitor().get(&format!("/cases/{closed}?phone_tail=0000")).await.refused(404, "not_found");
}

#[actix_web::test]
async fn history_keeps_a_seal_and_a_teams_own() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(Setting { history: Some(folder.path().join("history.sqlite")), ..Setting::default() }).await;
    let operator = Operator(app.token(Role::Operator));
    let customer = json!({ "name": "密封canary", "phone": "13877776666", "customer_no": "CANARY-9" });
    let body = json!({ "category": "R1", "sealed": true, "address": flat("1703室"), "customer": customer, "title": "密封canary反映" });
    let sealed = operator.orders_with(body).await;
    closes(&app, &operator, &sealed).await;
    app.passes(9 * 86_400);
    operator.logs("13800000000").await;
    app.remembered().await;
    let handler = app.token(Role::Handler);
    let shown = handler.get(&format!("/work-orders/{sealed}")).await;
    let listed = handler.get("/work-orders").await;
    assert_eq!(numbers(&listed.body), [sealed.as_str()]);
    for canary in ["密封canary", "13877776666", "6666", "CANARY-9", "1703室"] {
        assert!(!shown.text.contains(canary) && !listed.text.contains(canary), "{canary}: {} {}", shown.text, listed.text);
        let found = handler.get(&format!("/work-orders?q={}", encoded(canary))).await.ok();
        assert_eq!(found["items"], json!([]), "found by {canary}");
    }
    let stranger = app.hires("west", &[Role::Handler], &["repair-west"]).await;
    stranger.get(&format!("/work-orders/{sealed}")).await.refused(404, "not_found");
    assert_eq!(stranger.get("/work-orders").await.ok()["items"], json!([]));
}
