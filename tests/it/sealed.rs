//! A sealed caller is not there for those who handle orders: not in any answer, list, search, screen or event that they can reach.

use serde_json::{Value, json};
use warmhall::domain::actor::Role;
use warmhall::web::rights::{Admits, admits};
use warmhall::web::routes::doors;

use crate::app::TestApp;
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
    app.keeper.read(|hall| assert!(!hall.hotline.calls.contains_key(&call.parse().unwrap()), "the hall let go of the call"));
    reads().await;
    // What keeps the seal is itself in no event that others read.
    let events = app.token(Role::Integration).get("/events?after=0&limit=500").await;
    assert!(!events.text.contains(OTHER) && events.text.contains("hotline_call.archived"));
}
