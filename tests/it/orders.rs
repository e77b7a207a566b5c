//! Work orders over HTTP: every operation beside the straight way, who may do it, and what is refused with which word.

use serde_json::{Value, json};
use warmhall::domain::actor::Role;
use warmhall::domain::command::Command;
use warmhall::domain::text::TEXT_CHARS_MAX;
use warmhall::history;
use warmhall::settings::sample_profile;
use warmhall::web::WebSettings;

use crate::app::{Setting, TestApp, account};
use crate::people::Person;
use crate::work::{EAST, Handler, MASKED, NUMBER, Operator, encoded, flat, seen, step};

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
        step(&handler, &fees, what, body).await.refused(403, "not_your_team");
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

/// The kinds of clocks that an order has.
fn kinds(order: &Value) -> Vec<String> {
    let mut kinds: Vec<String> = order["clocks"].as_object().unwrap().keys().cloned().collect();
    kinds.sort();
    kinds
}

#[actix_web::test]
async fn an_order_that_waits_comes_back_by_itself_and_climbs_to_somebody_with_a_name() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    handler.step("wait", json!({ "reason": "家里没人", "until": "2027-01-23T00:00:00Z" })).await.refused(422, "invalid_field");
    handler.moves("wait", json!({ "reason": "家里没人", "until": "2026-11-23T04:00:00Z" })).await;
    assert_eq!(seen(&operator, &no).await["waiting_until"], "2026-11-23T04:00:00Z");
    app.passes(7_200);
    app.submit(Command::FallDue).await;
    let order = seen(&operator, &no).await;
    assert_eq!((order["state"].as_str(), &order["lease"], &order["waiting_until"]), (Some("dispatched"), &Value::Null, &Value::Null));
    assert_eq!((order["escalation"].as_u64(), order["escalated_to"]["zh"].as_str()), (Some(1), Some("班长")));
    assert_eq!(order["clocks"]["resolve"]["paused_total_s"], 7_200);
    let climbed = order["story"].as_array().unwrap().iter().find(|line| line["type"] == "work_order.escalated").unwrap().clone();
    assert_eq!((climbed["note"].as_str(), climbed["to"]["en"].as_str()), (Some("1"), Some("Team leader")));
    let events = app.token(Role::Integration).get("/events?limit=500").await.ok();
    let event = events["events"].as_array().unwrap().iter().find(|event| event["type"] == "work_order.escalated").unwrap().clone();
    assert_eq!((event["cause"].as_str(), event["to"]["zh"].as_str()), (Some("wait_ended"), Some("班长")));
}

#[actix_web::test]
async fn the_first_days_of_the_season_have_limits_of_their_own() {
    let app = TestApp::start().await;
    // Nobody's session lasts three days.
    let operator = Operator(app.token(Role::Operator));
    let hours = |order: &Value| order["clocks"]["arrive"]["total_s"].as_i64().unwrap() / 3_600;
    // The ninth day: the sample's season began on the fifteenth.
    let order = seen(&operator, &operator.orders("501").await).await;
    assert_eq!((order["phase"].as_str(), hours(&order)), (Some("first"), 5));
    app.passes(3 * 86_400);
    let order = seen(&operator, &operator.orders("502").await).await;
    assert_eq!((order["phase"].as_str(), hours(&order)), (Some("main"), 6));
}

#[actix_web::test]
async fn clocks_warn_at_half_and_at_four_fifths_of_their_time() {
    let app = TestApp::start().await;
    let no = app.operator().orders("502").await;
    let integration = app.token(Role::Integration);
    let mut told = Vec::new();
    // Thirty minutes to accept.
    for minutes in [14, 15, 23, 24, 30] {
        app.passes(minutes * 60 - told.last().map_or(0, |(at, _): &(i64, usize)| at * 60));
        app.submit(Command::FallDue).await;
        let events = integration.get("/events?limit=500").await.ok();
        let of_accept = |event: &&Value| event["clock"] == "accept" && event["no"] == *no;
        told.push((minutes, events["events"].as_array().unwrap().iter().filter(of_accept).count()));
    }
    assert_eq!(told, [(14, 0), (15, 1), (23, 1), (24, 2), (30, 3)]);
    let events = integration.get("/events?limit=500").await.ok();
    let marks: Vec<_> = events["events"].as_array().unwrap().iter().filter(|event| event["clock"] == "accept").cloned().collect();
    let told: Vec<_> = marks.iter().map(|event| (event["type"].as_str().unwrap(), event["mark"].as_str())).collect();
    let warned = "work_order.clock_warned";
    assert_eq!(told, [(warned, Some("warn50")), (warned, Some("warn80")), ("work_order.clock_breached", None)]);
    assert_eq!(marks[0]["due"], "2026-11-23T02:30:00Z");
}

#[actix_web::test]
async fn orders_go_to_those_who_can_work_them() {
    let mut profile = sample_profile().unwrap();
    let metering: warmhall::domain::ids::SkillId = "metering".parse().unwrap();
    let category = profile.orders.categories.iter_mut().find(|category| category.id.as_str() == "R5").unwrap();
    category.skills = vec![metering.clone()];
    let app = TestApp::with(Setting { profile, ..Setting::default() }).await;
    let body = json!({ "category": "R5", "address": flat("502"), "team": EAST });
    let no = app.operator().orders_with(body).await;
    for (name, skill) in [("pipes", "welding"), ("meters", "metering")] {
        let account = warmhall::domain::access::Account {
            teams: vec![EAST.parse().unwrap()],
            skills: vec![skill.parse().unwrap()],
            ..account(name, &[Role::Handler])
        };
        app.admits(account).await;
    }
    let (pipes, meters) = (app.staff("pipes"), app.staff("meters"));
    step(&pipes, &no, "accept", json!({})).await.refused(403, "skill_missing");
    assert_eq!(pipes.post(&format!("/teams/{EAST}/claim"), json!({})).await.ok()["work_order"], Value::Null);
    assert_eq!(Handler::claims(meters, EAST).await.no, no);
}

#[actix_web::test]
async fn a_helping_team_is_told_to_be_late_and_who_finished_is_known() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    step(&operator, &no, "co-assign", json!({ "team": "metering", "limit_min": 60 })).await.ok();
    app.passes(3_599);
    app.submit(Command::FallDue).await;
    assert_eq!(seen(&operator, &no).await["co_teams"][0]["overdue"], false);
    app.passes(1);
    app.submit(Command::FallDue).await;
    let events = app.token(Role::Integration).get("/events?limit=500").await.ok();
    let late = events["events"].as_array().unwrap().iter().filter(|event| event["type"] == "work_order.co_overdue").count();
    let order = seen(&operator, &no).await;
    assert_eq!((late, &order["co_teams"][0]["overdue"], &order["co_teams"][0]["done_by"]), (1, &json!(true), &Value::Null));
    let helper = app.hires("meter", &[Role::Handler], &["metering"]).await;
    let done = step(&helper, &no, "co-finish", json!({ "team": "metering" })).await.ok();
    assert_eq!(done["work_order"]["co_teams"][0]["done_by"], "handler:meter");
    app.passes(60);
    app.submit(Command::FallDue).await;
    let events = app.token(Role::Integration).get("/events?limit=500").await.ok();
    assert_eq!(events["events"].as_array().unwrap().iter().filter(|event| event["type"] == "work_order.co_overdue").count(), 1);
}

#[actix_web::test]
async fn supervision_goes_up_to_three_levels() {
    let app = TestApp::start().await;
    let no = app.operator().orders("502").await;
    let manager = app.staff("manager");
    for level in [1, 2, 3, 3] {
        let answer = step(&manager, &no, "supervise", json!({ "note": "请尽快" })).await.ok();
        assert_eq!(answer["work_order"]["supervised"], level);
    }
}

#[actix_web::test]
async fn a_repeat_call_opens_an_order_that_is_resolved_and_not_closed_yet() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    Handler::accepts(app.staff("handler"), &no).await.works().await;
    let call = operator.logs("13700001111").await;
    operator.writes(&call, json!({ "category": "R1", "address": flat("502"), "description": "刚修好又不热了" })).await.ok();
    let ended = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    assert_eq!((ended["reopened"].as_bool(), ended["work_order"]["state"].as_str()), (Some(true), Some("dispatched")));
    let order = seen(&operator, &no).await;
    assert_eq!((order["origin"]["calls"][0].as_str(), order["reopened"].as_u64()), (Some(call.as_str()), Some(1)));
    let last = order["story"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["type"].as_str(), last["note"].as_str()), (Some("work_order.reopened"), Some("刚修好又不热了")));
    assert_eq!(operator.get(&format!("/hotline/calls/{call}")).await.ok()["orders"], json!([no]));
    assert_eq!(operator.get("/work-orders?desk=callback").await.ok()["items"], json!([]), "nobody is to be called back yet");
}

#[actix_web::test]
async fn what_an_order_is_made_from_and_urged_by_is_there() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let body = json!({ "category": "R1", "address": flat("502"), "ticket": "tk_999999" });
    let refused = operator.post("/work-orders", body).await.refused(422, "invalid_field");
    assert!(refused["fields"]["ticket"].is_string(), "{refused}");
    let no = operator.orders("502").await;
    let refused = step(&operator, &no, "urge", json!({ "call": "hc_999999" })).await.refused(422, "invalid_field");
    assert!(refused["fields"]["call"].is_string(), "{refused}");
    let call = operator.logs(NUMBER).await;
    operator.writes(&call, json!({ "description": "水已经漫到客厅" })).await.ok();
    step(&operator, &no, "urge", json!({ "call": call })).await.ok();
    assert_eq!(seen(&app.staff("handler"), &no).await["urges_list"][0]["note"], "水已经漫到客厅");
    assert_eq!(operator.get(&format!("/hotline/calls/{call}")).await.ok()["orders"], json!([no]));
}

#[actix_web::test]
async fn an_order_is_given_back_with_a_reason_of_the_list_or_in_words() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let bodies = [
        (json!({ "code": "wrong-team" }), "不属本班组", json!("wrong-team")),
        (json!({ "reason": "wrong-address" }), "地址有误", json!("wrong-address")),
        (json!({ "code": "duplicate", "reason": "与昨天的工单相同" }), "与昨天的工单相同", json!("duplicate")),
        (json!({ "reason": "门卫不让进" }), "门卫不让进", Value::Null),
    ];
    for (room, (body, words, code)) in bodies.into_iter().enumerate() {
        let no = operator.orders(&format!("{room}01")).await;
        let handler = Handler::accepts(app.staff("handler"), &no).await;
        let refused = handler.step("return", json!({ "code": "no-such-reason" })).await.refused(422, "invalid_field");
        assert!(refused["fields"]["code"].is_string(), "{refused}");
        handler.moves("return", body).await;
        let returned = seen(&operator, &no).await["returns"][0].clone();
        assert_eq!((returned["reason"].as_str(), &returned["code"]), (Some(words), &code));
    }
}

#[actix_web::test]
async fn a_category_put_right_leaves_no_clock_of_the_wrong_one() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    assert_eq!(kinds(&seen(&operator, &no).await), ["accept", "arrive", "contact", "reply", "resolve"]);
    let moved = step(&operator, &no, "dispatch", json!({ "team": "complaints", "category": "C2" })).await.ok();
    let running = |order: &Value| kinds(order).into_iter().filter(|kind| order["clocks"][kind]["done_at"].is_null()).collect::<Vec<_>>();
    assert_eq!(running(&moved["work_order"]), ["accept", "contact", "reply"]);
}

#[actix_web::test]
async fn a_text_as_long_as_the_screens_let_it_be_is_taken() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let longest = "热".repeat(TEXT_CHARS_MAX);
    let call = operator.logs(NUMBER).await;
    let written = operator.writes(&call, json!({ "description": longest, "category": "R1", "address": flat("502") })).await.ok();
    assert_eq!(written["call"]["description"], longest);
    let ended = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    let handler = Handler::accepts(app.staff("handler"), ended["work_order"]["no"].as_str().unwrap()).await;
    handler.moves("act", json!({ "what": longest })).await;
    handler.step("act", json!({ "what": format!("{longest}热") })).await.refused(422, "invalid_field");
}

/// A slip as it is sent.
fn slip(app: &TestApp, more: &Value) -> Value {
    let mut slip = json!({ "measured_at": app.clock.now(), "room": "客厅", "reading_tenths": 175, "standard_tenths": 180, "point_ok": true,
        "doors_shut_min": 30, "stable_min": 10, "instrument": "T-7", "calibrated_until": "2026-11-23", "signature": { "signed": "王小明" } });
    for (field, value) in more.as_object().unwrap() {
        slip[field] = value.clone();
    }
    slip
}

#[actix_web::test]
async fn measurements_are_evidence_and_can_be_taken_along() {
    let dir = tempfile::tempdir().unwrap();
    let web = WebSettings { records_days_kept: 1_095, ..WebSettings::default() };
    let history = Some(dir.path().join(history::FILE));
    let app = TestApp::with(Setting { web, history, ..Setting::default() }).await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    handler.moves("contact", json!({ "number": "0532-88886666", "outcome": "reached" })).await;
    handler.step("contact", json!({ "number": "abc" })).await.refused(422, "invalid_field");
    handler.moves("arrive", json!({})).await;
    let more = json!({ "appointed_at": "2026-11-23T01:00:00Z", "objection": "用户有异议", "lab": "市计量院", "result": "不达标" });
    handler.moves("measure", slip(&app, &more)).await;
    for (more, lack) in [
        (json!({ "doors_shut_min": 29 }), "doors"),
        (json!({ "stable_min": 9 }), "stable"),
        (json!({ "point_ok": false }), "point"),
        (json!({ "calibrated_until": "2026-11-22" }), "calibration"),
        (json!({ "calibrated_until": null }), "calibration"),
    ] {
        app.passes(60);
        let told = handler.step("measure", slip(&app, &more)).await.ok();
        let last = told["work_order"]["temperatures"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["valid"], &last["lacks"]), (&json!(false), &json!([lack])));
    }
    let order = seen(&operator, &no).await;
    let first = &order["temperatures"][0];
    assert_eq!((&first["valid"], &first["by"], &first["lab"]), (&json!(true), &json!("handler:handler"), &json!("市计量院")));
    assert_eq!((&first["recorded_at"], &first["result"]), (&json!("2026-11-23T02:00:00Z"), &json!("不达标")));
    assert!(order["contacts"][0]["number_masked"].as_str().unwrap().contains("***"), "{}", order["contacts"][0]);
    assert_eq!(order["retention_until"], Value::Null);
    handler.moves("resolve", json!({ "cause": "N", "action": "调平", "public_reply": "已调平" })).await;
    step(&operator, &no, "callback", json!({ "solved": true })).await.ok();
    assert!(seen(&operator, &no).await["retention_until"].as_str().unwrap().starts_with("2029-11-22"));

    let lead = app.lead();
    let rows = |report: &Value| report["measurements"].as_array().unwrap().len();
    let path = "/reports/temperatures?from=2026-11-23&to=2026-11-23";
    let report = lead.get(path).await.ok();
    let row = &report["measurements"][0];
    assert_eq!(
        (rows(&report), row["no"].as_str(), row["flat"].as_str(), row["room"].as_str()),
        (6, Some(no.as_str()), Some("502"), Some("客厅"))
    );
    assert_eq!(row["signature"], json!({ "signed": "王**" }));
    assert_eq!(rows(&lead.get("/reports/temperatures?from=2026-11-22&to=2026-11-22").await.ok()), 0);
    operator.get(path).await.refused(403, "forbidden");
    let csv = lead.get(&format!("{path}&format=csv")).await.text;
    assert!(csv.contains("17.5") && csv.contains("关门不足30分钟") && csv.contains("2026-11-23 10:00:00"), "{csv}");
    let sheet = lead.get(&format!("{path}&format=xlsx&language=en")).await;
    assert_eq!(sheet.status, 200);
    // The order has gone to history; what was measured has not gone with it.
    app.passes(9 * 86_400);
    let (operator, lead) = (Operator(app.token(Role::Operator)), app.token(Role::Lead));
    operator.logs("13700001111").await;
    app.remembered().await;
    assert!(app.keeper.read(|hall| hall.orders.all.is_empty()), "archived");
    assert_eq!(lead.get(path).await.ok(), report);
}
