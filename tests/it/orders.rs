//! Work orders over HTTP: every operation beside the straight way, who may do it, and what is refused with which word.

use serde_json::{Value, json};
use warmhall::domain::actor::Role;
use warmhall::domain::command::Command;

use crate::app::TestApp;
use crate::people::Person;
use crate::work::{EAST, Handler, MASKED, NUMBER, encoded, flat, seen, step};

/// The state after a step that went well.
async fn moved(person: &Person, no: &str, what: &str, body: Value) -> String {
    step(person, no, what, body).await.ok()["work_order"]["state"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn nothing_is_resolved_without_contact_arrival_and_action() {
    let app = TestApp::start().await;
    let no = app.operator().orders("502").await;
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    let refused = handler.step("resolve", json!({ "cause": "U" })).await.refused(422, "resolution_incomplete");
    let missing: Vec<_> = refused["fields"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(missing, ["action", "arrive", "contact"]);
    handler.moves("contact", json!({})).await;
    handler.moves("arrive", json!({})).await;
    handler.step("resolve", json!({ "cause": "U" })).await.refused(422, "resolution_incomplete");
    handler.step("resolve", json!({ "cause": "NONE", "action": "排气" })).await.refused(422, "unknown_cause");
    handler.step("resolve", json!({ "cause": "U", "action": "排气", "solved": false })).await.refused(422, "invalid_field");
    assert_eq!(handler.moves("resolve", json!({ "cause": "U", "action": "排气" })).await, "resolved");
    let again = handler.post(&format!("/work-orders/{no}/resolve"), json!({ "cause": "U" })).await.refused(409, "wrong_state");
    assert_eq!(again["state"], "resolved");
}

#[actix_web::test]
async fn a_call_back_is_made_by_somebody_else_and_a_bad_grade_reopens() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let lead = Handler::accepts(app.staff("lead"), &no).await;
    lead.works().await;
    step(&lead, &no, "callback", json!({ "solved": true })).await.refused(409, "callback_by_handler");
    step(&app.staff("handler"), &no, "callback", json!({ "solved": true })).await.refused(403, "forbidden");
    step(&operator, &no, "callback", json!({ "reached": false, "give_up": true })).await.refused(422, "invalid_field");
    assert_eq!(moved(&operator, &no, "callback", json!({ "reached": false })).await, "resolved");
    assert_eq!(moved(&operator, &no, "callback", json!({ "grade": 2, "solved": true })).await, "dispatched");
    let order = seen(&operator, &no).await;
    assert_eq!((order["reopened"].as_u64(), order["state"].as_str()), (Some(1), Some("dispatched")));
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    handler.works().await;
    assert_eq!(moved(&operator, &no, "callback", json!({ "solved": false })).await, "dispatched");
    let handler = Handler::accepts(handler.person, &no).await;
    handler.works().await;
    assert_eq!(moved(&operator, &no, "callback", json!({ "grade": 4 })).await, "closed");
    step(&operator, &no, "reopen", json!({})).await.refused(422, "invalid_field");
    assert_eq!(moved(&operator, &no, "reopen", json!({ "reason": "又不热了" })).await, "dispatched");
}

#[actix_web::test]
async fn a_stale_lease_is_refused_and_a_full_hand_takes_no_more() {
    let app = TestApp::start().await;
    let operator = app.operator();
    for room in 0..6 {
        operator.orders(&format!("{room}01")).await;
    }
    let handler = app.staff("handler");
    let first = Handler::claims(handler.clone(), EAST).await;
    first.moves("accept", json!({})).await;
    let stale = first.post(&format!("/work-orders/{}/contact", first.no), json!({ "token": first.token + 100 })).await;
    stale.refused(409, "stale_lease");
    step(&first, &first.no, "contact", json!({})).await.refused(409, "stale_lease");
    let other = step(&app.lead(), &first.no, "arrive", json!({ "token": first.token })).await;
    other.refused(409, "stale_lease");
    for _ in 0..4 {
        Handler::claims(handler.clone(), EAST).await;
    }
    let full = handler.post(&format!("/teams/{EAST}/claim"), json!({})).await.refused(409, "wip_limit");
    assert_eq!(full["max"], 5);
    handler.post("/teams/nobody/claim", json!({})).await.refused(404, "unknown_team");
    handler.post(&format!("/teams/{EAST}/claim"), json!({ "lease_s": 3601 })).await.refused(422, "invalid_field");
    let last = Handler::claims(app.hires("second", &[Role::Handler], &[EAST]).await, EAST).await;
    // Nobody else is told the token.
    assert_eq!(seen(&last, &last.no).await["lease"]["token"], last.token);
    assert!(seen(&handler, &last.no).await["lease"].get("token").is_none());
    let nothing = last.post(&format!("/teams/{EAST}/claim"), json!({})).await.ok();
    assert_eq!((&nothing["work_order"], &nothing["lease"]), (&Value::Null, &Value::Null));
    // An offer that nobody accepts goes back, one step up.
    app.passes(301);
    app.submit(warmhall::domain::command::Command::FallDue).await;
    let order = seen(&operator, &last.no).await;
    assert_eq!((order["state"].as_str(), order["escalation"].as_u64(), &order["lease"]), (Some("dispatched"), Some(1), &Value::Null));
    last.step("accept", json!({})).await.refused(409, "stale_lease");
}

#[actix_web::test]
async fn an_order_that_comes_back_twice_goes_to_the_lead() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    handler.step("return", json!({})).await.refused(422, "invalid_field");
    assert_eq!(handler.moves("return", json!({ "reason": "不是供热问题" })).await, "review");
    assert_eq!(moved(&operator, &no, "dispatch", json!({ "team": "metering", "category": "R2" })).await, "dispatched");
    step(&operator, &no, "dispatch", json!({ "team": "nobody" })).await.refused(422, "unknown_team");
    let handler = Handler::accepts(handler.person, &no).await;
    handler.moves("return", json!({ "reason": "不归我们" })).await;
    let order = seen(&operator, &no).await;
    assert_eq!((order["returns"].as_array().map(Vec::len), order["escalation"].as_u64()), (Some(2), Some(1)));
    step(&operator, &no, "dispatch", json!({ "team": EAST })).await.refused(403, "lead_only");
    assert_eq!(moved(&app.lead(), &no, "dispatch", json!({ "team": EAST })).await, "dispatched");
    step(&operator, &no, "reassign", json!({ "team": "fees" })).await.refused(403, "forbidden");
    let order = step(&app.lead(), &no, "reassign", json!({ "team": "repair-west" })).await.ok();
    assert_eq!((order["work_order"]["team"].as_str(), order["work_order"]["category"].as_str()), (Some("repair-west"), Some("R2")));
}

#[actix_web::test]
async fn another_team_helps_and_somebody_watches() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let helper = app.hires("meter", &[Role::Handler], &["metering"]).await;
    helper.get(&format!("/work-orders/{no}")).await.refused(404, "not_found");
    step(&operator, &no, "co-assign", json!({ "team": EAST })).await.refused(409, "already_exists");
    step(&operator, &no, "co-assign", json!({ "team": "metering", "reason": "先测温", "limit_min": 60 })).await.ok();
    assert_eq!(seen(&helper, &no).await["co_teams"][0]["team"], "metering");
    let mut screen = helper.watch("view=team&team=metering").await.unwrap();
    screen.until(|state| state["helping"][0]["no"] == *no).await;
    let finished = step(&helper, &no, "co-finish", json!({ "team": "metering", "note": "17.5 度" })).await.ok();
    assert!(finished["work_order"]["co_teams"][0]["done_at"].is_string());
    step(&operator, &no, "urge", json!({ "note": "家里有老人" })).await.ok();
    step(&app.staff("manager"), &no, "supervise", json!({ "note": "今天必须办完" })).await.ok();
    let order = seen(&operator, &no).await;
    assert_eq!((order["urges"].as_u64(), order["supervised"].as_u64()), (Some(1), Some(1)));
    assert_eq!(order["urges_list"][0]["note"], "家里有老人");
}

#[actix_web::test]
async fn more_time_is_asked_for_before_the_deadline() {
    let app = TestApp::start().await;
    let (operator, lead) = (app.operator(), app.lead());
    let no = operator.orders("502").await;
    let handler = Handler::accepts(app.token(Role::Handler), &no).await;
    let due = |order: &Value| order["clocks"]["resolve"]["due"].as_str().unwrap().to_owned();
    let before = due(&seen(&operator, &no).await);
    let later = "2026-11-26T00:00:00Z";
    step(&lead, &no, "grant", json!({})).await.refused(409, "no_extension_asked");
    handler.step("extend", json!({ "until": "2026-11-23T02:30:00Z", "reason": "缺件" })).await.refused(422, "invalid_field");
    handler.moves("extend", json!({ "until": later, "reason": "缺件" })).await;
    handler.step("extend", json!({ "until": later, "reason": "缺件" })).await.refused(409, "already_exists");
    let waiting = lead.get("/work-orders?desk=extension").await.ok();
    assert_eq!(waiting["items"][0]["no"], *no);
    let denied = step(&lead, &no, "deny", json!({ "note": "今天有货" })).await.ok();
    assert_eq!((due(&denied["work_order"]), &denied["work_order"]["extension"]["decision"]["granted"]), (before, &json!(false)));
    handler.moves("extend", json!({ "clock": "resolve", "until": later, "reason": "厂家发货" })).await;
    step(&operator, &no, "grant", json!({})).await.refused(403, "forbidden");
    let granted = step(&lead, &no, "grant", json!({})).await.ok();
    assert_eq!(due(&granted["work_order"]), later);
    app.passes(4 * 86_400);
    let more = json!({ "until": "2026-12-30T00:00:00Z", "reason": "还要" });
    handler.step("extend", more.clone()).await.refused(409, "stale_lease");
    step(&app.token(Role::Lead), &no, "extend", more).await.refused(409, "extension_too_late");
}

#[actix_web::test]
async fn clocks_stand_still_while_an_order_waits_or_is_put_off() {
    let app = TestApp::start().await;
    let (operator, lead) = (app.operator(), app.lead());
    let no = operator.orders("502").await;
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    assert_eq!(handler.moves("wait", json!({ "reason": "家里没人" })).await, "waiting_customer");
    let order = seen(&operator, &no).await;
    let left = order["clocks"]["resolve"]["remaining_s"].clone();
    assert_eq!((order["clocks"]["resolve"]["state"].as_str(), order["waiting_reason"].as_str()), (Some("paused"), Some("家里没人")));
    app.passes(3_600);
    assert_eq!(seen(&operator, &no).await["clocks"]["resolve"]["remaining_s"], left);
    assert_eq!(handler.moves("continue", json!({})).await, "accepted");
    assert_eq!(moved(&lead, &no, "defer", json!({ "until": "2027-04-01", "reason": "夏季换阀" })).await, "deferred");
    step(&lead, &no, "defer", json!({ "until": "2020-01-01", "reason": "太晚" })).await.refused(422, "invalid_field");
    assert!(seen(&operator, &no).await["deferred_until"].as_str().unwrap().starts_with("2027-0"));
    step(&app.staff("handler"), &no, "continue", json!({})).await.refused(403, "lead_only");
    assert_eq!(moved(&lead, &no, "continue", json!({})).await, "dispatched");
}

#[actix_web::test]
async fn orders_are_joined_and_taken_apart() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let (one, two) = (operator.orders("501").await, operator.orders("502").await);
    step(&operator, &two, "merge", json!({ "into": two })).await.refused(422, "invalid_field");
    assert_eq!(moved(&operator, &two, "merge", json!({ "into": one })).await, "merged");
    let master = seen(&operator, &one).await;
    assert_eq!((master["children"].as_u64(), &master["children_list"][0]), (Some(1), &json!(two)));
    step(&operator, &one, "withdraw", json!({ "reason": "重复" })).await.refused(409, "order_has_children");
    step(&operator, &one, "merge", json!({ "into": two })).await.refused(409, "order_has_children");
    assert_eq!(moved(&app.lead(), &two, "unmerge", json!({})).await, "dispatched");
    moved(&operator, &two, "merge", json!({ "into": one })).await;
    // Worked with its master, it is still told and called back by itself.
    Handler::accepts(app.staff("handler"), &one).await.works().await;
    let child = seen(&operator, &two).await;
    assert_eq!((child["state"].as_str(), child["merged_into"].as_str()), (Some("resolved"), Some(one.as_str())));
    step(&operator, &two, "reply", json!({ "text": "已恢复" })).await.ok();
    assert_eq!(moved(&operator, &two, "callback", json!({ "solved": true })).await, "closed");
    let three = operator.orders("503").await;
    assert_eq!(moved(&operator, &three, "withdraw", json!({ "reason": "用户撤回" })).await, "withdrawn");
}

#[actix_web::test]
async fn a_customer_is_revealed_on_record_only() {
    let app = TestApp::start().await;
    let no = app.operator().orders("502").await;
    let handler = app.staff("handler");
    let before = handler.get(&format!("/work-orders/{no}")).await;
    assert!(!before.text.contains(NUMBER) && !before.text.contains("王小明"), "{}", before.text);
    assert_eq!(before.ok()["phone_masked"], MASKED);
    let shown = step(&handler, &no, "reveal", json!({ "reason": "上门前联系" })).await.ok();
    assert_eq!(shown["customer"], json!({ "name": "王小明", "phone": NUMBER, "customer_no": null }));
    let order = app.lead().get(&format!("/work-orders/{no}")).await;
    assert!(!order.text.contains(NUMBER), "{}", order.text);
    let last = order.ok()["story"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["type"].as_str(), last["by"].as_str()), (Some("work_order.revealed"), Some("handler:handler")));
    step(&app.staff("manager"), &no, "reveal", json!({})).await.refused(403, "forbidden");
}

#[actix_web::test]
async fn handlers_see_and_touch_only_their_own_teams_orders() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let east = operator.orders("502").await;
    let fees = operator.orders_with(json!({ "category": "F1", "customer": { "phone": NUMBER } })).await;
    let handler = app.hires("zhao", &[Role::Handler], &[EAST]).await;
    let numbers =
        |list: &Value| list["items"].as_array().unwrap().iter().map(|one| one["no"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(numbers(&handler.get("/work-orders").await.ok()), [east.as_str()]);
    assert_eq!(numbers(&handler.get(&format!("/work-orders?q={NUMBER}")).await.ok()), [east.as_str()]);
    assert_eq!(numbers(&operator.get("/work-orders").await.ok()), [fees.as_str(), east.as_str()]);
    handler.get(&format!("/work-orders/{fees}")).await.refused(404, "not_found");
    for (what, body) in [("accept", json!({})), ("contact", json!({})), ("reveal", json!({})), ("return", json!({ "reason": "不归我" }))]
    {
        step(&handler, &fees, what, body).await.refused(404, "not_found");
    }
    handler.post("/teams/fees/claim", json!({})).await.refused(403, "not_your_team");
    // An order that a handler gave back is no longer theirs, but the answer to the giving back comes again.
    let own = Handler::claims(handler, EAST).await;
    let key = crate::people::new_key();
    let (path, body) = (format!("/work-orders/{east}/return"), json!({ "token": own.token, "reason": "不归我" }));
    let first = own.ask(awc::http::Method::POST, &path, &body, &key).await;
    let again = own.ask(awc::http::Method::POST, &path, &body, &key).await;
    assert_eq!((again.status, &again.text), (200, &first.text));
    own.get(&format!("/work-orders/{east}")).await.refused(404, "not_found");
}

#[actix_web::test]
async fn orders_are_listed_by_what_is_asked() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let mut all = Vec::new();
    for room in 0..5 {
        all.push(operator.orders(&format!("{room}01")).await);
    }
    let review = operator.orders_with(json!({ "category": "F1", "address": flat("101"), "title": "账单疑问" })).await;
    let handler = Handler::accepts(app.staff("handler"), &all[2]).await;
    let found = async |query: &str| -> Vec<String> {
        let list = operator.get(&format!("/work-orders?{query}")).await.ok();
        list["items"].as_array().unwrap().iter().map(|one| one["no"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("state=accepted").await, [all[2].as_str()]);
    assert_eq!(found("state=open&limit=500").await.len(), 6);
    assert_eq!(found("state=accepted,dispatched&team=repair-east").await.len(), 5);
    assert_eq!(found(&format!("q={}", encoded("账单"))).await, [review.as_str()]);
    assert_eq!(found(&format!("q={}", all[4])).await, [all[4].as_str()]);
    assert_eq!((found("q=5678").await.len(), found("q=1391234").await.len()), (5, 0));
    let mine = handler.get("/work-orders?mine=true").await.ok();
    assert_eq!(mine["items"][0]["no"], *all[2]);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = operator.get(&format!("/work-orders?limit=2{cursor}")).await.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["no"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    all.push(review);
    all.reverse();
    assert_eq!(seen, all);
    operator.get("/work-orders?state=nonsense").await.refused(422, "invalid_field");
    operator.get("/work-orders?cursor=zz").await.refused(400, "bad_request");
    operator.get("/work-orders?limit=501").await.refused(422, "invalid_field");
    for who in [Role::Greeter, Role::Kiosk, Role::Integration] {
        app.token(who).get("/work-orders").await.refused(403, "forbidden");
    }
    operator.get("/work-orders/20261123-9999").await.refused(404, "not_found");
    operator.get("/work-orders/nonsense").await.refused(404, "not_found");
}

#[actix_web::test]
async fn a_complaint_is_looked_into_by_the_lead_and_called_back_by_somebody_else() {
    let app = TestApp::start().await;
    let (operator, lead) = (app.operator(), app.lead());
    let body = json!({ "category": "C2", "team": "complaints", "customer": { "name": "王小明", "phone": NUMBER } });
    let no = operator.orders_with(body).await;
    let looks = json!({ "kind": "investigation", "what": "调取录音" });
    // While it waits, and while somebody has it in hand; nobody's lease is touched.
    assert_eq!(moved(&lead, &no, "act", looks.clone()).await, "dispatched");
    let handler = Handler::accepts(app.hires("tan", &[Role::Handler], &["complaints"]).await, &no).await;
    let until = seen(&lead, &no).await["lease"]["until"].clone();
    app.passes(60);
    assert_eq!(moved(&lead, &no, "act", looks.clone()).await, "accepted");
    assert_eq!(moved(&lead, &no, "act", json!({ "kind": "note", "what": "请先电话道歉" })).await, "accepted");
    assert_eq!(seen(&lead, &no).await["lease"]["until"], until);
    // The work itself is its handler's; and nobody else looks into it without having it.
    step(&lead, &no, "act", json!({ "kind": "work", "what": "约谈" })).await.refused(409, "stale_lease");
    step(&app.staff("handler"), &no, "act", looks.clone()).await.refused(409, "stale_lease");
    handler.moves("contact", json!({})).await;
    handler.step("resolve", json!({ "cause": "K", "public_reply": "已约谈" })).await.refused(422, "resolution_incomplete");
    handler.moves("act", json!({ "kind": "investigation", "what": "约谈维修工" })).await;
    assert_eq!(handler.moves("resolve", json!({ "cause": "K", "public_reply": "已约谈" })).await, "resolved");
    let order = seen(&lead, &no).await;
    let kinds: Vec<_> = order["actions"].as_array().unwrap().iter().map(|action| action["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["investigation", "investigation", "note", "investigation"]);
    // Whoever looked into it does not ask whether that was done well.
    let heard = json!({ "solved": true, "grade": 5 });
    step(&lead, &no, "callback", heard.clone()).await.refused(409, "callback_by_handler");
    assert_eq!(moved(&operator, &no, "callback", heard).await, "closed");
    step(&lead, &no, "act", looks).await.refused(409, "wrong_state");
}

#[actix_web::test]
async fn an_order_taken_for_a_cellar_is_still_theirs_an_hour_later() {
    let app = TestApp::start().await;
    let no = app.operator().orders("502").await;
    let handler = app.staff("handler");
    handler.post("/teams/repair-east/claim", json!({ "lease_s": 3_601 })).await.refused(422, "invalid_field");
    // As the team's screen claims; what was pressed without a network comes one after the other.
    let claimed = handler.post("/teams/repair-east/claim", json!({ "lease_s": 3_600 })).await.ok();
    let handler = Handler { person: handler, no, token: claimed["lease"]["token"].as_u64().unwrap() };
    app.passes(55 * 60);
    app.submit(Command::FallDue).await;
    assert_eq!(handler.moves("accept", json!({})).await, "accepted");
    handler.works().await;
}
