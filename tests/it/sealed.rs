//! A sealed caller is not there for those who handle orders: not in any answer, list, search, screen or event that they can reach.

use serde_json::{Value, json};
use warmhall::domain::actor::Role;
use warmhall::domain::command::Command;
use warmhall::domain::ids::HotlineCallId;
use warmhall::web::rights::{Admits, admits};
use warmhall::web::routes::doors;

use crate::app::{Setting, TestApp};
use crate::people::Person;
use crate::work::{Handler, Operator, encoded, seen, step};

const NAME: &str = "密封canary";
const NUMBER: &str = "13877776666";
const CUSTOMER_NO: &str = "CANARY-77";
const ROOM: &str = "1703室";
const UNIT: &str = "七单元";
/// Everything that would tell who it was; the masked number too.
const TELLING: [&str; 7] = [NAME, NUMBER, "138****6666", CUSTOMER_NO, ROOM, UNIT, "七单元门口"];

#[track_caller]
fn tells_nothing(text: &str, call: &str, from: &str) {
    for canary in TELLING.iter().chain(&[call]) {
        assert!(!text.to_lowercase().contains(&canary.to_lowercase()), "{from} tells {canary}: {text}");
    }
}

/// A complaint whose caller asked not to be named, and the call it came from.
async fn complaint(app: &TestApp) -> (String, String) {
    let operator = app.operator();
    let call = operator.logs(NUMBER).await;
    let address =
        json!({ "community": "阳光花园", "building": "3", "unit": UNIT, "room": ROOM, "text": "七单元门口", "riser": "七单元立管" });
    let fields = json!({ "caller_name": NAME, "customer_no": CUSTOMER_NO, "address": address, "category": "C2", "confidential": true,
        "description": format!("{NAME}（{NUMBER}）说维修工态度不好") });
    operator.writes(&call, fields).await.ok();
    let order = json!({ "team": "complaints", "title": format!("{NAME}投诉") });
    let ended = operator.ends(&call, json!({ "disposition": "work_order", "order": order })).await.ok();
    let no = ended["work_order"]["no"].as_str().unwrap().to_owned();
    step(&operator, &no, "urge", json!({ "call": call, "note": format!("{NAME}又来电") })).await.ok();
    (no, call)
}

#[actix_web::test]
async fn a_sealed_caller_is_in_nothing_that_a_handler_can_read() {
    let app = TestApp::start().await;
    let people = [app.staff("handler"), app.token(Role::Handler), app.hires("tan", &[Role::Handler], &["complaints"]).await];
    let mut screen = people[2].watch("view=team&team=complaints").await.unwrap();
    let (no, call) = complaint(&app).await;
    // Whatever a handler may read, with this order where it can be named.
    for door in doors() {
        let readable = door.method == awc::http::Method::GET && admits(door.admits, &[Role::Handler]);
        if !readable || matches!(door.admits, Admits::Anyone(_)) || door.path.ends_with("/live") {
            continue;
        }
        let path = door.path.replace("{no}", &no).replace("{id}", &call).replace("{team}", "complaints");
        for person in &people {
            let answer = person.send(awc::http::Method::GET, &path, None).await;
            tells_nothing(&answer.text, &call, &path);
        }
    }
    for query in [NAME, NUMBER, "6666", CUSTOMER_NO, ROOM, "七单元门口"] {
        for person in &people {
            let list = person.get(&format!("/work-orders?q={}", encoded(query))).await.ok();
            assert_eq!(list["items"], json!([]), "found by {query}");
            let found = person.get(&format!("/search?q={}", encoded(query))).await.ok();
            let nothing = ["tickets", "calls", "orders"].iter().all(|kind| found[kind] == json!([]));
            assert!(nothing, "{query} finds {found}");
        }
        let list = app.operator().get(&format!("/work-orders?q={}", encoded(query))).await.ok();
        assert_eq!(list["items"][0]["no"], *no, "not found by {query}");
    }
    screen.until(|state| state["queue"][0]["no"] == *no && state["queue"][0]["urges"] == 1).await;
    tells_nothing(&screen.state.to_string(), &call, "the screen");
    tells_nothing(&Value::from(screen.events).to_string(), &call, "the screen's events");
}

#[actix_web::test]
async fn not_even_who_works_the_order_is_told() {
    let app = TestApp::start().await;
    let (no, call) = complaint(&app).await;
    let handler = Handler::claims(app.hires("tan", &[Role::Handler], &["complaints"]).await, "complaints").await;
    let steps = [
        ("accept", json!({})),
        ("contact", json!({ "note": "经热线转告" })),
        ("act", json!({ "kind": "investigation", "what": "调取录音" })),
        ("wait", json!({ "reason": "等待核实" })),
        ("continue", json!({})),
        ("resolve", json!({ "cause": "K", "action": "约谈维修工", "public_reply": "已约谈" })),
    ];
    for (what, body) in steps {
        let answer = handler.step(what, body).await;
        tells_nothing(&answer.text, &call, what);
        answer.ok();
    }
    let refused = step(&handler, &no, "reveal", json!({ "reason": "想知道" })).await;
    tells_nothing(&refused.text, &call, "reveal");
    refused.refused(403, "forbidden");
    let order = seen(&handler, &no).await;
    assert_eq!((&order["customer"], &order["room"], &order["origin"]["calls"]), (&Value::Null, &Value::Null, &json!([])));
    assert_eq!((order["community"].as_str(), order["description"].as_str()), (Some("阳光花园"), Some("***（***）说维修工态度不好")));
    // Whoever answers the telephone still calls them back.
    let operator = app.operator();
    let shown = step(&operator, &no, "reveal", json!({ "reason": "回访" })).await.ok();
    assert_eq!(shown["customer"]["phone"], NUMBER);
    assert_eq!(step(&operator, &no, "callback", json!({ "solved": true, "grade": 5 })).await.ok()["work_order"]["state"], "closed");
}

#[actix_web::test]
async fn a_seal_outlives_the_call_that_asked_for_it() {
    const OTHER: &str = "13866665555";
    let app = TestApp::start().await;
    let operator = Operator(app.token(Role::Operator));
    let call = operator.logs(NUMBER).await;
    let fields = json!({ "caller_name": NAME, "callback_number": OTHER, "category": "C2", "confidential": true,
        "description": format!("{NAME}：打{NUMBER}或{OTHER}") });
    operator.writes(&call, fields).await.ok();
    let ended = operator.ends(&call, json!({ "disposition": "work_order", "order": { "team": "complaints" } })).await.ok();
    let no = ended["work_order"]["no"].as_str().unwrap();
    let handler = app.token(Role::Handler);
    let reads = async || {
        let order = handler.get(&format!("/work-orders/{no}")).await;
        let found = handler.get(&format!("/search?q={no}")).await;
        for answer in [&order, &found] {
            assert!(
                answer.text.contains(no) && ![NAME, NUMBER, OTHER].iter().any(|canary| answer.text.contains(canary)),
                "{}",
                answer.text
            );
        }
        assert_eq!(order.ok()["description"], "***：打***或***");
    };
    reads().await;
    app.passes(3 * 86_400);
    operator.logs("13700000000").await;
    app.keeper
        .read(|hall| assert!(!hall.hotline.calls.contains_key(&call.parse::<HotlineCallId>().unwrap()), "the hall let go of the call"));
    reads().await;
    // What keeps the seal is itself in no event that others read.
    let events = app.token(Role::Integration).get("/events?after=0&limit=500").await;
    assert!(!events.text.contains(OTHER) && events.text.contains("hotline_call.archived"));
}

/// What `person` is shown of an order and of the lists it stands in.
async fn reads(person: &Person, no: &str) -> String {
    let order = person.get(&format!("/work-orders/{no}")).await;
    let list = person.get("/work-orders").await;
    assert!(order.text.contains(no) && list.text.contains(no), "{} {}", order.text, list.text);
    format!("{} {}", order.text, list.text)
}

#[actix_web::test]
async fn whoever_calls_again_about_a_sealed_order_is_kept_too() {
    const SECOND: &str = "13611112222";
    let app = TestApp::start().await;
    let (no, _) = complaint(&app).await;
    let operator = Operator(app.token(Role::Operator));
    let call = operator.logs(SECOND).await;
    let address = json!({ "community": "阳光花园", "building": "3", "unit": UNIT, "room": ROOM });
    let fields = json!({ "caller_name": "李邻居", "customer_no": CUSTOMER_NO, "category": "C2", "address": address });
    operator.writes(&call, fields).await.ok();
    let again = operator.post("/work-orders", json!({ "call": call })).await.ok();
    assert_eq!((again["work_order"]["no"].as_str(), again["urged"].as_bool()), (Some(&*no), Some(true)));
    step(&operator, &no, "supervise", json!({ "note": "李邻居（136 1111 2222）代为来电" })).await.refused(403, "forbidden");
    step(&app.lead(), &no, "supervise", json!({ "note": "李邻居（136 1111 2222）代为来电" })).await.ok();
    step(&operator, &no, "urge", json!({ "note": "李邻居，尾号2222" })).await.ok();
    operator.ends(&call, json!({ "disposition": "work_order", "work_order": no })).await.ok();
    let handler = app.token(Role::Handler);
    let free = |text: String| {
        for canary in ["李邻居", SECOND, "136 1111 2222", "2222", &call] {
            assert!(!text.contains(canary), "tells {canary}: {text}");
        }
    };
    free(reads(&handler, &no).await);
    app.passes(3 * 86_400);
    operator.logs("13700000000").await;
    app.keeper
        .read(|hall| assert!(!hall.hotline.calls.contains_key(&call.parse::<HotlineCallId>().unwrap()), "the hall let go of the call"));
    free(reads(&handler, &no).await);
}

#[actix_web::test]
async fn another_spelling_tells_no_more() {
    let app = TestApp::start().await;
    let (no, call) = complaint(&app).await;
    let operator = app.operator();
    let written = [
        "回电138 7777 6666",
        "回电138-7777-6666",
        "回电１３８７７７７６６６６",
        "回电0532-8888 6666",
        "密封CANARY本人",
        "密封 Canary",
        "canary77",
        "住1703",
        "七单元1703",
        "七单元立管",
        "尾号6666",
    ];
    for note in written {
        step(&operator, &no, "urge", json!({ "note": note })).await.ok();
    }
    let handler = Handler::claims(app.hires("tan", &[Role::Handler], &["complaints"]).await, "complaints").await;
    let text = reads(&handler, &no).await.to_lowercase();
    for canary in ["7777", "6666", "８８", "８７", "canary", "1703", "七单元", "立管", &call] {
        assert!(!text.contains(canary), "tells {canary}: {text}");
    }
    assert_eq!(seen(&operator, &no).await["urges"], written.len() + 1, "whoever may know reads all of it");
}

#[actix_web::test]
async fn the_rooms_of_the_symptoms_do_not_tell_it_either() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let body = json!({ "category": "R1", "sealed": true, "customer": { "name": NAME, "phone": NUMBER }, "address": { "community": "阳光花园", "room": ROOM },
        "symptoms": { "rooms": ["1703主卧", "密封Canary的房间", "客厅"] } });
    let no = operator.orders_with(body).await;
    let order = seen(&app.token(Role::Handler), &no).await;
    assert_eq!(order["symptoms"]["rooms"], json!(["***主卧", "***的房间", "客厅"]));
    assert_eq!(seen(&operator, &no).await["symptoms"]["rooms"][0], "1703主卧");
}

/// The types of an order's story.
fn story(order: &Value) -> Vec<&str> {
    order["story"].as_array().unwrap().iter().map(|line| line["type"].as_str().unwrap()).collect()
}

/// A call of somebody who asks to be kept in confidence, or not.
async fn calls(operator: &Operator, fields: Value) -> String {
    let call = operator.logs(NUMBER).await;
    operator.writes(&call, json!({ "caller_name": NAME, "customer_no": CUSTOMER_NO, "category": "C2" })).await.ok();
    operator.writes(&call, fields).await.ok();
    call
}

#[actix_web::test]
async fn no_form_undoes_what_the_caller_asked_for() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = calls(&operator, json!({ "confidential": true })).await;
    let order = json!({ "team": "complaints", "sealed": false });
    let ended = operator.ends(&call, json!({ "disposition": "work_order", "order": order })).await.ok();
    assert_eq!(ended["work_order"]["sealed"], true);
    // Without a caller who asked for it, the form may say no to the category's own habit.
    let open = operator.orders_with(json!({ "category": "C1", "sealed": false })).await;
    assert_eq!(seen(&operator, &open).await["sealed"], false);
}

#[actix_web::test]
async fn whoever_asks_for_it_later_is_sealed_from_then_on() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let handler = app.token(Role::Handler);
    let call = calls(&operator, json!({})).await;
    let made = operator.post("/work-orders", json!({ "call": call, "team": "complaints" })).await;
    let no = made.body["work_order"]["no"].as_str().unwrap();
    assert_eq!(seen(&handler, no).await["sealed"], false);
    operator.writes(&call, json!({ "confidential": true })).await.ok();
    let order = seen(&handler, no).await;
    assert_eq!((&order["sealed"], &order["customer"]), (&json!(true), &Value::Null));
    assert_eq!(story(&order), ["work_order.created", "work_order.dispatched", "work_order.sealed"]);
    // One way only.
    operator.writes(&call, json!({ "confidential": false })).await.ok();
    assert_eq!(seen(&handler, no).await["sealed"], true);
    // Also when the telephone was laid down already; nothing else is changed then.
    let late = calls(&operator, json!({ "customer_no": "CANARY-78" })).await;
    let ended = operator.ends(&late, json!({ "disposition": "work_order", "order": { "team": "complaints" } })).await.ok();
    let no = ended["work_order"]["no"].as_str().unwrap();
    operator.writes(&late, json!({ "confidential": true, "caller_name": "别人" })).await.refused(409, "call_ended");
    operator.writes(&late, json!({ "confidential": true })).await.ok();
    let shown = handler.get(&format!("/work-orders/{no}")).await;
    tells_nothing(&shown.text, &late, "sealed afterwards");
    assert_eq!(shown.ok()["sealed"], true);
    step(&handler, no, "reveal", json!({ "reason": "想知道" })).await.refused(403, "forbidden");
}

#[actix_web::test]
async fn a_repeat_call_in_confidence_seals_the_order_that_is_there() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let handler = app.token(Role::Handler);
    let first = calls(&operator, json!({})).await;
    let ended = operator.ends(&first, json!({ "disposition": "work_order", "order": { "team": "complaints" } })).await.ok();
    let no = ended["work_order"]["no"].as_str().unwrap();
    let again = calls(&operator, json!({ "confidential": true })).await;
    let urged = operator.ends(&again, json!({ "disposition": "work_order" })).await.ok();
    assert_eq!((urged["work_order"]["no"].as_str(), urged["urged"].as_bool()), (Some(no), Some(true)));
    let order = seen(&handler, no).await;
    assert_eq!((&order["sealed"], &order["customer"]), (&json!(true), &Value::Null));
    assert!(story(&order).ends_with(&["work_order.urged", "work_order.sealed"]), "{order}");
    tells_nothing(&order.to_string(), &first, "the order");
    // So does one that is only told of by hand.
    let other = operator.orders_with(json!({ "category": "C4", "customer": { "name": "王", "phone": "13900000001" } })).await;
    let call = calls(&operator, json!({ "confidential": true })).await;
    step(&operator, &other, "urge", json!({ "call": call })).await.ok();
    assert_eq!(seen(&operator, &other).await["sealed"], true);
}

#[actix_web::test]
async fn who_also_handles_knows_what_the_other_role_knows() {
    let app = TestApp::start().await;
    let (no, call) = complaint(&app).await;
    let both = app.hires("bo", &[Role::Handler, Role::Operator], &["complaints"]).await;
    let order = seen(&both, &no).await;
    assert_eq!((&order["customer"]["phone_masked"], &order["room"]), (&json!("138****6666"), &json!(ROOM)));
    // A role that has nothing to do with callers adds nothing.
    let greets = app.hires("gu", &[Role::Handler, Role::Greeter], &["complaints"]).await;
    tells_nothing(&reads(&greets, &no).await, &call, "the greeter's order");
    step(&greets, &no, "reveal", json!({ "reason": "想知道" })).await.refused(403, "forbidden");
}

#[actix_web::test]
async fn the_leads_live_picture_and_the_reports_tell_no_sealed_identity() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(Setting { history: Some(folder.path().join("history.sqlite")), ..Setting::default() }).await;
    let lead = app.lead();
    let mut picture = lead.watch("view=lead").await.unwrap();
    assert_eq!(app.token(Role::Handler).watch("view=lead").await.err(), Some(403));
    let (no, call) = complaint(&app).await;
    // Somebody lets it lie, and it climbs to the lead.
    Handler::claims(app.token(Role::Handler), "complaints").await;
    app.passes(301);
    app.submit(Command::FallDue).await;
    picture.until(|state| state["orders"]["escalated"][0]["no"] == *no).await;
    let order = &picture.state["orders"]["escalated"][0];
    assert_eq!((&order["customer_masked"], &order["phone_masked"]), (&json!("密**"), &json!("138****6666")));
    // A lead may know which call it was, and asks for the number where it is needed: it is on no screen by itself.
    for canary in [NUMBER, CUSTOMER_NO] {
        assert!(!picture.state.to_string().contains(canary), "the lead's picture tells {canary}");
    }
    let events = Value::from(picture.events).to_string();
    for canary in TELLING {
        assert!(!events.contains(canary), "the picture's events tell {canary}: {events}");
    }
    app.remembered().await;
    // A workbook is made of the same table as the CSV.
    for door in doors().iter().filter(|door| door.path.starts_with("/api/v1/reports/")) {
        for format in ["json", "csv"] {
            let path = format!("{}?from=2026-11-23&to=2026-11-23&format={format}", door.path);
            let answer = lead.send(awc::http::Method::GET, &path, None).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text);
            tells_nothing(&answer.text, &call, &path);
        }
    }
    let orders = lead.get("/reports/orders?from=2026-11-23&to=2026-11-23&format=csv").await;
    assert!(orders.status == 200 && orders.text.contains("complaints"), "{}", orders.text);
}
