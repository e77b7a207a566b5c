//! Exchanges tell of calls at both webhooks and on a manager line; repeated, out of order, wrong, and looked at afterwards.

use awc::http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use warmhall::domain::actor::Role;
use warmhall::domain::profile::Profile;
use warmhall::domain::telephone::{CallBack, Dialled, Direction, HangupCause, PhoneCall, PhoneState};
use warmhall::settings::sample_profile;
use warmhall::settings::telephony::{AmiLine, Secret, TelephonyPlan};
use warmhall::web::WebSettings;

use crate::app::{Setting, TestApp};
use crate::people::{Answer, Person};
use crate::work::Operator;

const TOKEN: &str = "PhXp3ZG63QyJfcb1pVOnBKJWIbI";
const NUMBER: &str = "13900000001";

async fn hall(telephony: TelephonyPlan) -> TestApp {
    TestApp::with(Setting { web: WebSettings { telephony, ..WebSettings::default() }, ..Setting::default() }).await
}

async fn with_zammad() -> TestApp {
    hall(TelephonyPlan { zammad_token: Some(Secret::from(TOKEN)), ..TelephonyPlan::default() }).await
}

/// What an exchange sends, with no header that it would not send.
async fn knocks(app: &TestApp, token: &str, kind: &str, body: &str) -> Answer {
    let exchange = app.visitor().and("content-type", kind);
    exchange.send(Method::POST, &format!("/api/v1/cti/{token}"), Some(body.as_bytes().to_vec())).await
}

async fn zammad(app: &TestApp, body: Value) -> Answer {
    knocks(app, TOKEN, "application/json", &body.to_string()).await
}

fn calls(app: &TestApp) -> Vec<PhoneCall> {
    app.keeper.read(|hall| hall.hotline.telephone.calls().cloned().collect())
}

fn tasks(app: &TestApp) -> Vec<CallBack> {
    app.keeper.read(|hall| hall.hotline.telephone.call_backs(None).collect())
}

fn rev(app: &TestApp) -> u64 {
    app.keeper.read(|hall| hall.rev)
}

fn message(event: &str, mut more: Value) -> Value {
    let mut message = json!({ "event": event, "from": NUMBER, "to": "96777", "direction": "in", "callId": "c1" });
    message.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
    message
}

#[actix_web::test]
async fn a_call_told_by_zammad_s_webhook_is_known_once_in_whatever_order() {
    let app = with_zammad().await;
    // The answer overtakes the ringing; everything comes twice.
    for event in ["answer", "newCall", "newCall", "answer", "hangup", "hangup"] {
        let more = if event == "hangup" { json!({ "cause": "normalClearing" }) } else { json!({ "answeringNumber": "801" }) };
        let answer = zammad(&app, message(event, more)).await;
        assert_eq!((answer.status, answer.text.as_str(), answer.header("content-type")), (200, "{}", "application/json"));
    }
    let told = calls(&app);
    let call = told.first().unwrap();
    assert_eq!((told.len(), call.state(), call.agent(), call.queue()), (1, PhoneState::Ended, Some("801"), Some("96777")));
    let before = rev(&app);
    zammad(&app, message("newCall", json!({ "answeringNumber": "801" }))).await.ok();
    assert_eq!(rev(&app), before, "what is known makes no event");

    let again = app.again().await;
    assert_eq!(calls(&again), told, "the journal tells the same after a restart");
}

#[actix_web::test]
async fn a_missed_caller_waits_to_be_called_back() {
    let app = with_zammad().await;
    knocks(
        &app,
        TOKEN,
        "application/x-www-form-urlencoded",
        &format!("event=newCall&from={NUMBER}&to=96777&direction=in&callId=f1&user[]=A"),
    )
    .await
    .ok();
    knocks(&app, TOKEN, "application/x-www-form-urlencoded", "event=hangup&direction=in&call_id=f1&cause=cancel").await.ok();
    let open = tasks(&app);
    assert_eq!(open.iter().map(|task| (task.caller.clone(), task.count)).collect::<Vec<_>>(), [(Some(NUMBER.into()), 1)]);
    zammad(&app, json!({ "event": "answer", "from": "96777", "to": NUMBER, "direction": "out", "callId": "back" })).await.ok();
    assert_eq!(tasks(&app).len(), 0);
}

#[actix_web::test]
async fn answers_and_ends_need_no_direction_and_the_new_call_s_holds() {
    let app = with_zammad().await;
    let bare = |event: &str, id: &str| json!({ "event": event, "callId": id, "cause": "normalClearing" });
    // We rang out, and the end overtook the beginning: nobody was missed.
    zammad(&app, bare("hangup", "o1")).await.ok();
    zammad(&app, json!({ "event": "newCall", "from": "96777", "to": NUMBER, "direction": "out", "callId": "o1" })).await.ok();
    assert_eq!(tasks(&app).len(), 0);
    zammad(&app, message("newCall", json!({}))).await.ok();
    zammad(&app, bare("answer", "c1")).await.ok();
    zammad(&app, bare("hangup", "c1")).await.ok();
    let states: Vec<_> = calls(&app).iter().map(|call| (call.direction(), call.state())).collect();
    assert_eq!(states, [(Direction::Out, PhoneState::Ended), (Direction::In, PhoneState::Ended)]);
}

#[actix_web::test]
async fn an_operator_says_that_a_missed_caller_was_called_back() {
    let app = with_zammad().await;
    for id in ["m1", "m2"] {
        zammad(&app, message("hangup", json!({ "callId": id, "cause": "noAnswer" }))).await.ok();
    }
    let open = tasks(&app);
    assert_eq!(open.iter().map(|task| task.count).collect::<Vec<_>>(), [2]);
    let path = format!("/telephony/missed/{}/handled", open[0].last_call);
    let operator = app.staff("operator");
    operator.post(&path, json!({ "call": "hc_999" })).await.refused(422, "invalid_field");
    let first = operator.post(&path, json!({})).await.ok();
    assert_eq!(tasks(&app).len(), 0);
    assert_eq!(operator.post(&path, json!({})).await.ok()["rev"], first["rev"], "a second time changes nothing");
    operator.post("/telephony/missed/pc_999/handled", json!({})).await.refused(404, "not_found");
    app.staff("handler").post(&path, json!({})).await.refused(403, "forbidden");
}

#[actix_web::test]
async fn what_zammad_s_door_refuses_is_told_in_zammad_s_words() {
    let app = with_zammad().await;
    let refused = |answer: Answer, status: u16, error: &str| {
        assert_eq!((answer.status, &answer.body, answer.header("content-type")), (status, &json!({ "error": error }), "application/json"));
    };
    refused(zammad(&app, message("newCall", json!({ "direction": "up" }))).await, 422, "Invalid direction!");
    refused(zammad(&app, message("dance", json!({}))).await, 422, "Unknown event!");
    refused(zammad(&app, message("answer", json!({ "callId": "x".repeat(251) }))).await, 422, "callId is longer than 250 characters!");
    refused(knocks(&app, TOKEN, "application/json", "{").await, 422, "Invalid body!");
    let token = "Invalid token, please contact your admin!";
    refused(knocks(&app, "another-token-entirely", "application/json", &message("newCall", json!({})).to_string()).await, 401, token);
    refused(knocks(&app, TOKEN, "application/json", &" ".repeat(65 * 1024)).await, 413, "The body is too large");
    assert!(calls(&app).is_empty());

    let closed = TestApp::start().await;
    refused(zammad(&closed, message("newCall", json!({}))).await, 422, "Feature is disabled, please contact your administrator!");
}

#[actix_web::test]
async fn a_flood_of_guesses_at_zammad_s_door_is_slowed_down() {
    let app = with_zammad().await;
    let body = message("newCall", json!({})).to_string();
    let guess = || knocks(&app, "another-token-entirely", "application/json", &body);
    let mut turned = 0;
    for _ in 0..1_010 {
        turned += usize::from(guess().await.status == 429);
    }
    assert_eq!(turned, 10);
    let answer = guess().await;
    assert_eq!((answer.status, answer.body["error"].is_string(), answer.header("retry-after").is_empty()), (429, true, false));
    assert_eq!(zammad(&app, message("newCall", json!({}))).await.status, 429, "the right token from there has to wait as well");
    app.passes(60);
    assert_eq!(zammad(&app, message("newCall", json!({}))).await.status, 200);
}

fn neutral(state: &str, mut more: Value) -> Value {
    let mut message = json!({ "state": state, "call_id": "n1", "direction": "in", "caller": NUMBER, "queue": "heat" });
    message.as_object_mut().unwrap().append(more.as_object_mut().unwrap());
    message
}

async fn tells(who: &Person, source: &str, body: &Value) -> Answer {
    let path = format!("/api/v1/integrations/{source}/calls");
    who.and("content-type", "application/json").send(Method::POST, &path, Some(body.to_string().into_bytes())).await
}

#[actix_web::test]
async fn our_own_words_need_a_token_and_no_idempotency_key() {
    let app = TestApp::start().await;
    let exchange = app.token(Role::Integration);
    let first = tells(&exchange, "pbx-1", &neutral("ringing", json!({ "at": "2026-11-23T01:59:50Z" }))).await.ok();
    assert_eq!((&first["news"], first["rev"].as_u64()), (&json!(true), Some(rev(&app))));
    assert!(first["epoch"].is_string());
    let again = tells(&exchange, "pbx-1", &neutral("ringing", json!({ "at": "2026-11-23T01:59:50Z" }))).await.ok();
    let at = json!({ "epoch": first["epoch"], "rev": first["rev"] });
    assert_eq!(again, json!({ "phone_call": first["phone_call"], "news": false, "epoch": at["epoch"], "rev": at["rev"] }));
    let other = tells(&exchange, "pbx-2", &neutral("ringing", json!({}))).await.ok();
    assert_ne!(other["phone_call"], first["phone_call"], "another exchange counts its own calls");
    tells(&exchange, "pbx-1", &neutral("answered", json!({ "agent": "801", "at": "2026-11-23T01:59:59Z" }))).await.ok();
    let old = tells(&exchange, "pbx-1", &neutral("missed", json!({ "call_id": "old", "at": "2026-11-21T00:00:00Z" }))).await.ok();
    assert_eq!((&old["phone_call"], &old["news"]), (&Value::Null, &json!(false)));
    let call = calls(&app).into_iter().next().unwrap();
    assert_eq!(
        (call.id.to_string(), call.waited().map(|wait| wait.num_seconds())),
        (first["phone_call"].as_str().unwrap().to_owned(), Some(9))
    );

    tells(&exchange, "pbx-1", &neutral("ringing", json!({ "colour": "red" }))).await.refused(422, "unknown_field");
    tells(&exchange, "pbx-1", &neutral("singing", json!({}))).await.refused(422, "invalid_field");
    tells(&exchange, "PBX", &neutral("ringing", json!({}))).await.refused(422, "invalid_field");
    let long = tells(&exchange, "pbx-1", &neutral("ringing", json!({ "call_id": "x".repeat(251) }))).await.refused(422, "invalid_field");
    assert!(long["fields"]["call_id"].is_string());
    tells(&app.token(Role::Kiosk), "pbx-1", &neutral("ringing", json!({}))).await.refused(403, "forbidden");
    tells(&app.visitor(), "pbx-1", &neutral("ringing", json!({}))).await.refused(401, "unauthenticated");
}

#[actix_web::test]
async fn a_key_that_an_exchange_sends_is_honoured() {
    let app = TestApp::start().await;
    let exchange = app.token(Role::Integration).and("idempotency-key", "once");
    let body = neutral("ringing", json!({}));
    let first = tells(&exchange, "pbx-1", &body).await;
    let again = tells(&exchange, "pbx-1", &body).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""));
    assert_eq!((again.status, again.header("idempotency-replayed"), &again.text), (200, "true", &first.text));
    tells(&exchange, "pbx-1", &neutral("answered", json!({}))).await.refused(422, "idempotency_key_reused");
    tells(&exchange, "pbx-2", &body).await.refused(422, "idempotency_key_reused");
    assert_eq!(calls(&app).iter().map(PhoneCall::state).collect::<Vec<_>>(), [PhoneState::Ringing]);
    tells(&exchange.and("idempotency-key", "two words"), "pbx-1", &body).await.refused(400, "bad_idempotency_key");
    let seen = app.lead().get("/telephony/recent").await.ok();
    let made: Vec<_> = seen["items"].as_array().unwrap().iter().map(|item| item["made"].as_str().unwrap()).collect();
    assert_eq!(made, ["refused", "refused", "known", "news"]);
}

#[actix_web::test]
async fn missed_callers_are_a_list_of_pages_without_a_number_in_full() {
    let app = with_zammad().await;
    for n in 0..5 {
        let from = format!("1390000000{n}");
        zammad(&app, message("hangup", json!({ "callId": format!("m{n}"), "from": from, "cause": "noAnswer" }))).await.ok();
        app.passes(1);
    }
    for id in ["w1", "w2"] {
        zammad(&app, message("hangup", json!({ "callId": id, "from": "anonymous", "cause": "cancel" }))).await.ok();
    }
    let operator = app.operator();
    let (mut path, mut seen) = ("/telephony/missed?limit=2".to_owned(), Vec::new());
    loop {
        let page = operator.get(&path).await;
        assert!(!page.text.contains("1390000000"), "{}", page.text);
        let page = page.ok();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|item| (item["caller_masked"].as_str().map(str::to_owned), item["misses"].as_u64().unwrap())));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/telephony/missed?limit=2&cursor={next}");
    }
    let mut all: Vec<_> = (0..5).map(|n| (Some(format!("139****000{n}")), 1)).collect();
    all.push((None, 2));
    assert_eq!(seen, all, "whoever waits longest first; those without a number together");
    for cursor in ["c1", "m1"] {
        operator.get(&format!("/telephony/missed?cursor={cursor}")).await.refused(400, "bad_request");
    }
    operator.get("/telephony/missed?limit=501").await.refused(422, "invalid_field");
    app.lead().get("/telephony/missed").await.ok();
    app.staff("clerk").get("/telephony/missed").await.refused(403, "forbidden");

    let withheld = operator.get("/telephony/missed").await.ok()["items"][5]["phone_call"].as_str().unwrap().to_owned();
    operator.post(&format!("/telephony/missed/{withheld}/handled"), json!({})).await.ok();
    assert_eq!(operator.get("/telephony/missed").await.ok()["items"].as_array().unwrap().len(), 5);
}

#[actix_web::test]
async fn a_missed_caller_waits_for_weeks_and_then_lapses_where_everybody_sees_it() {
    let app = with_zammad().await;
    zammad(&app, message("hangup", json!({ "cause": "noAnswer" }))).await.ok();
    let missed = calls(&app)[0].id;
    app.passes(29 * 86_400);
    zammad(&app, message("newCall", json!({ "callId": "c2", "from": "13800000002" }))).await.ok();
    assert_eq!(tasks(&app).len(), 1);
    app.passes(2 * 86_400);
    let operator = Operator(app.token(Role::Operator));
    operator.logs("13800000002").await;
    assert!(tasks(&app).iter().all(|task| task.last_call != missed));
    operator.watch("view=hotline").await.unwrap().until(|state| state["today"]["lapsed"] == 1).await;
    let journal = app.token(Role::Integration).get("/events?limit=500").await.ok();
    let lapsed: Vec<_> = journal["events"].as_array().unwrap().iter().filter(|event| event["type"] == "phone_call.lapsed").collect();
    assert_eq!(lapsed.iter().map(|event| event["phone_call"].as_str().unwrap()).collect::<Vec<_>>(), [missed.to_string()]);
}

#[actix_web::test]
async fn only_a_missed_call_can_be_marked_as_handled() {
    let app = with_zammad().await;
    let operator = app.operator();
    zammad(&app, message("newCall", json!({}))).await.ok();
    let path = format!("/telephony/missed/{}/handled", calls(&app)[0].id);
    let refused = operator.post(&path, json!({})).await.refused(409, "wrong_state");
    assert_eq!(refused["state"], "ringing");
    zammad(&app, message("hangup", json!({ "cause": "cancel" }))).await.ok();
    assert_eq!(tasks(&app).len(), 1, "what was tried before its end does not settle it");
    operator.post(&path, json!({})).await.ok();
    assert_eq!(tasks(&app).len(), 0);
    zammad(&app, message("answer", json!({ "callId": "c2" }))).await.ok();
    let path = format!("/telephony/missed/{}/handled", calls(&app)[1].id);
    assert_eq!(operator.post(&path, json!({})).await.refused(409, "wrong_state")["state"], "answered");
}

#[actix_web::test]
async fn a_call_handed_on_is_nobody_s_task_and_one_that_a_machine_took_is() {
    let app = with_zammad().await;
    zammad(&app, message("newCall", json!({ "callId": "on" }))).await.ok();
    zammad(&app, message("hangup", json!({ "callId": "on", "cause": "forwarded" }))).await.ok();
    assert_eq!(tasks(&app).len(), 0);
    zammad(&app, message("newCall", json!({ "callId": "box" }))).await.ok();
    zammad(&app, message("answer", json!({ "callId": "box", "answeringNumber": "voicemail" }))).await.ok();
    zammad(&app, message("hangup", json!({ "callId": "box", "cause": "normalClearing" }))).await.ok();
    assert_eq!(calls(&app).iter().map(PhoneCall::state).collect::<Vec<_>>(), [PhoneState::Ended, PhoneState::Missed]);
    let mut desk = app.operator().watch("view=hotline").await.unwrap();
    desk.until(|state| state["missed_count"] == 1 && state["missed"][0]["misses"] == 1).await;
    let today = &desk.state["today"]["telephone"];
    assert_eq!((&today["offered"], &today["answered"], &today["missed"]), (&json!(2), &json!(0), &json!(1)));
}

#[actix_web::test]
async fn the_hotline_s_screen_shows_who_rings_and_who_was_missed_without_their_numbers() {
    let app = with_zammad().await;
    for role in ["operator", "manager"] {
        let mut desk = app.staff(role).watch("view=hotline").await.unwrap();
        zammad(&app, message("newCall", json!({ "callId": format!("{role}-ring") }))).await.ok();
        zammad(&app, message("hangup", json!({ "callId": format!("{role}-miss"), "from": "13800000002", "cause": "cancel" }))).await.ok();
        zammad(&app, message("hangup", json!({ "callId": format!("{role}-none"), "from": "anonymous", "cause": "cancel" }))).await.ok();
        desk.until(|state| state["missed_count"] == 2 && !state["ringing"].as_array().unwrap().is_empty()).await;
        let shown = desk.state.to_string();
        assert!(!shown.contains(NUMBER) && !shown.contains("13800000002"), "{shown}");
        assert_eq!(desk.state["ringing"][0]["caller_masked"], "139****0001");
        let missed: Vec<_> = desk.state["missed"].as_array().unwrap().iter().map(|one| one["caller_masked"].as_str()).collect();
        assert_eq!(missed, [Some("138****0002"), None], "{role}");
    }
}

#[actix_web::test]
async fn whoever_picks_a_call_up_is_told_its_number_and_its_times_by_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(Setting { history: Some(folder.path().join("history.sqlite")), ..Setting::default() }).await;
    let exchange = app.token(Role::Integration);
    let operator = Operator(app.token(Role::Operator));
    let earlier = operator.logs(NUMBER).await;
    let told = tells(&exchange, "pbx-1", &neutral("ringing", json!({ "at": "2026-11-23T01:59:40Z" }))).await.ok();
    tells(&exchange, "pbx-1", &neutral("answered", json!({ "agent": "801", "at": "2026-11-23T01:59:52Z" }))).await.ok();
    let begun = operator.post("/hotline/calls", json!({ "phone_call": told["phone_call"] })).await.ok();
    let call = &begun["call"];
    assert_eq!((call["caller_number"].as_str(), call["direction"].as_str()), (Some(NUMBER), Some("in")));
    assert_eq!(begun["known"]["calls"][0]["id"], *earlier);
    let times = |call: &Value| call["times"].clone();
    let rung = json!({ "ring_at": "2026-11-23T01:59:40Z", "answered_at": "2026-11-23T01:59:52Z", "ended_at": null, "queue_seconds": 12,
        "time_source": "cti" });
    assert_eq!(times(call), rung);
    // Whoever was told is on the record.
    let journal = exchange.get("/events?limit=500").await.ok();
    let logged = journal["events"].as_array().unwrap().iter().rfind(|event| event["type"] == "hotline_call.logged").unwrap();
    assert_eq!(logged["phone_call"], told["phone_call"]);
    assert!(logged["by"].to_string().contains("operator"), "{logged}");
    let path = format!("/hotline/calls/{}", call["id"].as_str().unwrap());
    tells(&exchange, "pbx-1", &neutral("ended", json!({ "cause": "normal_clearing", "at": "2026-11-23T02:00:00Z" }))).await.ok();
    operator.ends(call["id"].as_str().unwrap(), json!({ "disposition": "answered_directly" })).await.ok();
    assert_eq!(times(&operator.get(&path).await.ok())["ended_at"], "2026-11-23T02:00:00Z");
    let by_hand = operator.get(&format!("/hotline/calls/{earlier}")).await.ok();
    assert_eq!((&by_hand["times"]["time_source"], &by_hand["times"]["answered_at"]), (&json!("manual"), &by_hand["logged_at"]));
    // They stay when the record goes to history, long after the exchange's call is forgotten.
    app.passes(4 * 86_400);
    tells(&exchange, "pbx-1", &neutral("ringing", json!({ "call_id": "n2" }))).await.ok();
    assert_eq!(calls(&app).len(), 1);
    assert!(app.keeper.read(|hall| hall.hotline.calls.values().all(|call| call.end.is_none())), "the hall let go of it");
    app.remembered().await;
    let kept = operator.get(&path).await.ok();
    assert_eq!((times(&kept)["queue_seconds"].as_u64(), times(&kept)["ended_at"].as_str()), (Some(12), Some("2026-11-23T02:00:00Z")));
}

#[actix_web::test]
async fn a_missed_caller_is_rung_back_by_a_record_that_is_told_the_number() {
    let app = with_zammad().await;
    zammad(&app, message("hangup", json!({ "cause": "noAnswer" }))).await.ok();
    let operator = app.operator();
    let missed = operator.get("/telephony/missed").await.ok()["items"][0]["phone_call"].clone();
    let begun = operator.post("/hotline/calls", json!({ "phone_call": missed, "direction": "callback" })).await.ok();
    let call = &begun["call"];
    assert_eq!((call["caller_number"].as_str(), call["direction"].as_str()), (Some(NUMBER), Some("callback")));
    assert_eq!((&call["phone_call"], &call["times"]["time_source"]), (&missed, &json!("manual")));
    assert_eq!(tasks(&app).len(), 1, "whoever is about to ring has not reached anybody");
    let path = format!("/telephony/missed/{}/handled", missed.as_str().unwrap());
    operator.post(&path, json!({ "call": call["id"] })).await.ok();
    assert_eq!(tasks(&app).len(), 0);
    // A manager watches; to be told a number is for those who ring.
    app.staff("manager").post("/hotline/calls", json!({ "phone_call": missed })).await.refused(403, "forbidden");
    operator.post("/hotline/calls", json!({ "phone_call": "pc_999999" })).await.refused(422, "invalid_field");
    // What the operator says goes before what the exchange told.
    zammad(&app, message("answer", json!({ "callId": "c2", "answeringNumber": "801" }))).await.ok();
    let said = json!({ "phone_call": calls(&app)[1].id, "caller_number": "13800000002", "direction": "out" });
    let call = operator.post("/hotline/calls", said).await.ok()["call"].clone();
    assert_eq!((call["caller_number"].as_str(), call["direction"].as_str()), (Some("13800000002"), Some("out")));
}

#[actix_web::test]
async fn a_blocked_caller_is_turned_away_recorded_and_never_a_task() {
    let plan = TelephonyPlan {
        zammad_token: Some(Secret::from(TOKEN)),
        blocked: vec![Dialled::from("139 0000 0001"), Dialled::from("88886666")],
        ..TelephonyPlan::default()
    };
    let profile = Profile { area_code: Some("0532".parse().unwrap()), ..sample_profile().unwrap() };
    let web = WebSettings { telephony: plan, ..WebSettings::default() };
    let app = TestApp::with(Setting { web, profile, ..Setting::default() }).await;
    for (id, from) in [("b1", "+86 139 0000 0001"), ("b2", "0532-88886666")] {
        let answer = zammad(&app, message("newCall", json!({ "callId": id, "from": from }))).await;
        assert_eq!((answer.status, &answer.body), (200, &json!({ "action": "reject", "reason": "busy" })));
        let end = zammad(&app, message("hangup", json!({ "callId": id, "from": from, "cause": "busy" }))).await;
        assert_eq!((end.status, end.text.as_str()), (200, "{}"));
    }
    assert!(calls(&app).iter().all(|call| call.cause() == Some(HangupCause::Rejected) && call.state() == PhoneState::Ended));
    assert_eq!((calls(&app).len(), tasks(&app).len()), (2, 0));
    let out = json!({ "event": "newCall", "from": "96777", "to": NUMBER, "direction": "out", "callId": "o1" });
    for other in [message("newCall", json!({ "callId": "c2", "from": "13800000002" })), out] {
        assert_eq!(zammad(&app, other).await.text, "{}");
    }
}

#[actix_web::test]
async fn a_form_s_numbers_cannot_be_read_on_the_page_of_what_came() {
    let app = with_zammad().await;
    for (n, from) in ["139+0000+0001", "139%200000%200001", "%2B86139%2D0000%2D0001"].into_iter().enumerate() {
        let body = format!("event=newCall&direction=in&to=96777&callId=f{n}&from={from}");
        knocks(&app, TOKEN, "application/x-www-form-urlencoded", &body).await.ok();
    }
    let seen = app.lead().get("/telephony/recent").await;
    assert!(!seen.text.contains("0000"), "{}", seen.text);
    assert_eq!(seen.ok()["items"].as_array().unwrap().len(), 3);
}

#[actix_web::test]
async fn leads_see_what_the_exchanges_sent_and_no_number() {
    let app = with_zammad().await;
    zammad(&app, message("newCall", json!({}))).await.ok();
    zammad(&app, message("newCall", json!({}))).await.ok();
    assert_eq!(zammad(&app, message("dance", json!({}))).await.status, 422);
    tells(&app.token(Role::Integration), "pbx-1", &neutral("missed", json!({}))).await.ok();
    let seen = app.lead().get("/telephony/recent").await;
    assert!(!seen.text.contains(NUMBER) && seen.text.contains("139****0001"), "{}", seen.text);
    let seen = seen.ok();
    let made: Vec<_> =
        seen["items"].as_array().unwrap().iter().map(|item| (item["way"].as_str().unwrap(), item["made"].as_str().unwrap())).collect();
    assert_eq!(made, [("neutral", "news"), ("zammad", "refused"), ("zammad", "known"), ("zammad", "news")]);
    assert_eq!((&seen["zammad"], &seen["ami"], seen["last_signal_at"].is_string()), (&json!(true), &json!("off"), true));

    app.passes(301);
    assert_eq!(app.lead().get("/telephony/recent").await.ok()["items"], json!([]));
    assert_eq!(app.lead().get("/telephony/recent?minutes=60").await.ok()["items"].as_array().unwrap().len(), 4);
    app.lead().get("/telephony/recent?minutes=61").await.refused(422, "invalid_field");
    app.staff("clerk").get("/telephony/recent").await.refused(403, "forbidden");
}

/// The exchange's side of a line, from a recorded conversation; what the client says is only waited for.
async fn asterisk(listener: TcpListener) {
    const TALK: &str = include_str!("../../src/telephony/ami/transcripts/queue_abandoned.txt");
    let (mut stream, _peer) = listener.accept().await.unwrap();
    let mut waiting = false;
    for line in TALK.lines() {
        if line.starts_with("> ") {
            waiting = true;
            continue;
        }
        if std::mem::take(&mut waiting) {
            packet(&mut stream).await;
        }
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }
    drop(stream.read_to_end(&mut Vec::new()).await);
}

async fn packet(stream: &mut TcpStream) {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        heard.push(stream.read_u8().await.unwrap());
    }
}

#[actix_web::test]
async fn a_manager_line_makes_calls_of_the_hall() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = AmiLine {
        address: listener.local_addr().unwrap().to_string(),
        username: "warmhall".to_owned(),
        secret: Secret::from("geheim"),
        plain: false,
        queues: Vec::new(),
        internal_digits: 4,
    };
    let app = hall(TelephonyPlan { ami: Some(line), ..TelephonyPlan::default() }).await;
    let mut rev = app.keeper.rev();
    let asterisk = actix_web::rt::spawn(asterisk(listener));
    rev.wait_for(|_| calls(&app).iter().any(|call| call.cause().is_some())).await.unwrap();
    let call = calls(&app).remove(0);
    assert_eq!((&*call.source, &*call.call_id, call.state()), ("asterisk", "1795420800.30", PhoneState::Missed));
    let seen = app.lead().get("/telephony/recent").await.ok();
    assert_eq!((&seen["ami"], &seen["ami_detail"]), (&json!("listening"), &Value::Null));
    asterisk.abort();
}

#[actix_web::test]
async fn a_transferred_call_is_on_the_screen_of_each_who_answered() {
    let app = with_zammad().await;
    let mut desk = app.operator().watch("view=hotline").await.unwrap();
    zammad(&app, message("newCall", json!({}))).await.ok();
    zammad(&app, message("answer", json!({ "answeringNumber": "801" }))).await.ok();
    desk.until(|state| state["ringing"][0]["answerers"] == json!(["801"])).await;
    zammad(&app, message("answer", json!({ "answeringNumber": "802" }))).await.ok();
    desk.until(|state| state["ringing"][0]["answerers"] == json!(["801", "802"])).await;
}

#[actix_web::test]
async fn a_caller_from_next_door_is_the_same_without_the_area_code() {
    const FULL: &str = "053288886666";
    let profile = Profile { area_code: Some("0532".parse().unwrap()), ..sample_profile().unwrap() };
    let plan = TelephonyPlan { zammad_token: Some(Secret::from(TOKEN)), ..TelephonyPlan::default() };
    let web = WebSettings { telephony: plan, ..WebSettings::default() };
    let app = TestApp::with(Setting { web, profile, ..Setting::default() }).await;
    for (id, from) in [("a", "88886666"), ("b", "0532-88886666"), ("c", "8888 6666")] {
        zammad(&app, message("hangup", json!({ "callId": id, "from": from, "cause": "noAnswer" }))).await.ok();
    }
    let open = tasks(&app);
    assert_eq!(open.iter().map(|task| (task.number.clone(), task.count)).collect::<Vec<_>>(), [(Some(FULL.into()), 3)]);
    // Whoever rings is known under either spelling, and a call back to either settles the task.
    let operator = app.operator();
    let call = operator.logs("88886666").await;
    let known = operator.get(&format!("/hotline/known?phone={FULL}")).await.ok();
    assert_eq!(known["calls"][0]["id"], *call);
    assert_eq!(operator.get("/hotline/calls?q=88886666").await.ok()["items"][0]["id"], *call);
    zammad(&app, json!({ "event": "answer", "from": "96777", "to": "88886666", "direction": "out", "callId": "back" })).await.ok();
    assert_eq!(tasks(&app).len(), 0);
}
