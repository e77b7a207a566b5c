//! The hotline over HTTP: a call from its first ring to a customer who was told the result, drafts, ends, lists and screens.

use awc::http::Method;
use serde_json::{Value, json};
use warmhall::domain::actor::Role;

use crate::app::TestApp;
use crate::people::new_key;
use crate::work::{EAST, Handler, MASKED, NUMBER, Operator, encoded, flat, seen, step};

#[actix_web::test]
async fn from_a_ringing_phone_to_a_customer_who_was_told_the_result() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = operator.logs("139 1234 5678").await;
    let written = operator
        .writes(
            &call,
            json!({ "caller_name": "王小明", "category": "R1", "address": flat("502"), "description": "客厅不热", "vulnerable": ["elderly"] }),
        )
        .await
        .ok();
    assert_eq!(written["call"]["caller_number"], NUMBER, "who logs it sees the number");
    assert_eq!(written["known"]["same_flat"], Value::Null);
    let ended = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    let order = &ended["work_order"];
    assert_eq!((order["state"].as_str(), order["team"].as_str()), (Some("dispatched"), Some(EAST)));
    assert_eq!((order["phone_masked"].as_str(), order["customer_masked"].as_str()), (Some(MASKED), Some("王**")));
    assert_eq!(order["clocks"]["accept"]["state"], "running");
    assert_eq!((ended["urged"].as_bool(), ended["call"]["disposition"].as_str()), (Some(false), Some("work_order")));
    let no = order["no"].as_str().unwrap();

    let handler = Handler::claims(app.staff("handler"), EAST).await;
    assert_eq!(handler.no, no);
    assert_eq!(handler.moves("accept", json!({})).await, "accepted");
    assert_eq!(handler.moves("contact", json!({ "outcome": "reached" })).await, "contacted");
    assert_eq!(handler.moves("arrive", json!({})).await, "arrived");
    handler.moves("act", json!({ "what": "立管排气" })).await;
    let slip = json!({ "measured_at": app.clock.now(), "room": "客厅", "reading_tenths": 205, "point_ok": true, "doors_shut_min": 30,
        "stable_min": 10, "instrument": "T-7", "signature": { "signed": "王小明" } });
    handler.moves("measure", slip).await;
    assert_eq!(handler.moves("resolve", json!({ "cause": "U" })).await, "resolved");
    assert_eq!(
        step(&operator, no, "reply", json!({ "public_reply": "已排气，室温 20.5 度" })).await.ok()["work_order"]["state"],
        "replied"
    );
    let closed = step(&operator, no, "callback", json!({ "solved": true, "grade": 5 })).await.ok();
    assert_eq!(closed["work_order"]["state"], "closed");
    let told = seen(&app.lead(), no).await;
    let story: Vec<_> = told["story"].as_array().unwrap().iter().map(|line| line["type"].as_str().unwrap()).collect();
    let expected = ["created", "dispatched", "claimed", "accepted", "contacted", "arrived", "acted", "measured", "resolved", "replied"];
    let expected: Vec<_> = expected.into_iter().chain(["called_back", "closed"]).map(|what| format!("work_order.{what}")).collect();
    assert_eq!(story, expected);
    assert_eq!(told["temperatures"][0]["signature"], json!({ "signed": "王小明" }));
}

#[actix_web::test]
async fn a_draft_is_kept_as_it_is_typed() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = operator.logs(NUMBER).await;
    operator.writes(&call, json!({ "description": "不热", "urgency": "urgent", "sealed": true })).await.ok();
    let again = operator.writes(&call, json!({ "description": null, "urgency": null, "confidential": false, "safety": true })).await.ok();
    let fields = &again["call"];
    assert_eq!((&fields["description"], fields["urgency"].as_str()), (&Value::Null, Some("normal")));
    assert_eq!((fields["sealed"].as_bool(), fields["safety"].as_bool()), (Some(false), Some(true)));
    let bad = operator.writes(&call, json!({ "caller_number": "abc" })).await.refused(422, "invalid_field");
    assert!(bad["fields"]["caller_number"].is_string());
    operator.writes(&call, json!({ "category": "NONE" })).await.refused(422, "unknown_category");
    operator.writes(&call, json!({ "surplus": 1 })).await.refused(422, "unknown_field");
    operator.writes("hc_999999", json!({})).await.refused(404, "not_found");
    // A restart loses nothing of it.
    let later = app.again().await.operator().get(&format!("/hotline/calls/{call}")).await.ok();
    assert_eq!((later["safety"].as_bool(), later["caller_number"].as_str()), (Some(true), Some(NUMBER)));
    operator.ends(&call, json!({ "disposition": "answered_directly", "note": "告知供热时间" })).await.ok();
    operator.writes(&call, json!({ "safety": false })).await.refused(409, "call_ended");
    // What only becomes known afterwards still has its place.
    let after = operator.writes(&call, json!({ "recording_ref": "pbx://2026/11/23/0001.wav", "satisfaction": 5 })).await.ok();
    assert_eq!((&after["call"]["recording_ref"], &after["call"]["satisfaction"]), (&json!("pbx://2026/11/23/0001.wav"), &json!(5)));
    operator.writes(&call, json!({ "satisfaction": 6 })).await.refused(422, "invalid_field");
    operator.writes(&call, json!({ "satisfaction": 4, "safety": false })).await.refused(409, "call_ended");
    operator.ends(&call, json!({ "disposition": "invalid" })).await.refused(409, "call_ended");
}

#[actix_web::test]
async fn numbers_and_names_are_masked_for_everybody_else() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = operator.logs(NUMBER).await;
    operator.writes(&call, json!({ "caller_name": "王小明", "callback_number": "0532-88886666" })).await.ok();
    let path = format!("/hotline/calls/{call}");
    let by_lead = app.lead().get(&path).await;
    assert!(!by_lead.text.contains(NUMBER) && !by_lead.text.contains("王小明") && !by_lead.text.contains("88886666"), "{}", by_lead.text);
    assert_eq!(by_lead.ok()["caller_number"], MASKED);
    operator.ends(&call, json!({ "disposition": "transferred" })).await.ok();
    assert_eq!(operator.get(&path).await.ok()["caller_number"], MASKED, "the call is over");
    let journal = app.token(Role::Integration).get("/events?limit=500").await.text;
    assert!(journal.contains("hotline_call.logged") && !journal.contains(NUMBER) && !journal.contains("王小明"), "{journal}");
}

#[actix_web::test]
async fn the_same_flat_is_urged_and_not_ordered_twice() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let first = operator.orders("502").await;
    let call = operator.logs("13800000000").await;
    let written = operator.writes(&call, json!({ "category": "R2", "address": flat("502") })).await.ok();
    assert_eq!(written["known"]["same_flat"]["no"], *first);
    let ended = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    assert_eq!((ended["urged"].as_bool(), ended["work_order"]["no"].as_str()), (Some(true), Some(first.as_str())));
    let again = operator.post("/work-orders", json!({ "category": "R1", "address": flat("502") })).await;
    assert_eq!((again.status, again.body["urged"].as_bool()), (200, Some(true)));
    assert_eq!(seen(&operator, &first).await["urges"], 2);
    // Another matter, another flat, or another order on purpose.
    assert_ne!(operator.orders_with(json!({ "category": "F1", "address": flat("502") })).await, first);
    assert_ne!(operator.orders("503").await, first);
    assert_ne!(operator.orders_with(json!({ "category": "R1", "address": flat("502"), "separate": true })).await, first);
}

#[actix_web::test]
async fn a_call_becomes_an_order_only_with_a_category() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = operator.logs(NUMBER).await;
    let refused = operator.ends(&call, json!({ "disposition": "work_order" })).await.refused(422, "work_order_missing");
    assert!(refused["fields"]["category"].is_string(), "{refused}");
    operator.ends(&call, json!({ "disposition": "work_order", "work_order": "20261123-0099" })).await.refused(422, "work_order_missing");
    operator.ends(&call, json!({ "disposition": "attached" })).await.refused(422, "invalid_field");
    let ended = operator.ends(&call, json!({ "disposition": "work_order", "order": { "category": "F1", "title": "账单" } })).await.ok();
    assert_eq!((ended["work_order"]["team"].as_str(), ended["work_order"]["title"].as_str()), (Some("fees"), Some("账单")));
    operator.post("/work-orders", json!({})).await.refused(422, "invalid_field");
    operator.post("/work-orders", json!({ "category": "R1", "team": "nobody" })).await.refused(422, "unknown_team");
}

#[actix_web::test]
async fn a_caller_is_known_by_number_by_customer_and_by_flat() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = operator.logs(NUMBER).await;
    operator.writes(&call, json!({ "category": "R1", "customer_no": "HD-77", "address": flat("502") })).await.ok();
    let no = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok()["work_order"]["no"].clone();
    let place = format!("community={}&building=3&unit=2&room=502", encoded("阳光花园"));
    for query in ["phone=%2B86%20139-1234-5678", "customer_no=hd-77", &place] {
        let known = operator.get(&format!("/hotline/known?{query}")).await.ok();
        assert_eq!((known["calls"][0]["id"].as_str(), &known["orders"][0]["no"]), (Some(call.as_str()), &no), "{query}");
    }
    let nobody = operator.get("/hotline/known?phone=13800000000").await.ok();
    assert_eq!((nobody["calls"].as_array().map(Vec::len), &nobody["same_flat"]), (Some(0), &Value::Null));
    operator.get("/hotline/known?phone=abc").await.refused(422, "invalid_field");
}

#[actix_web::test]
async fn calls_are_listed_newest_first_and_page_by_page() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let mut calls = Vec::new();
    for n in 0..5 {
        calls.push(operator.logs(&format!("1380000000{n}")).await);
    }
    operator.writes(&calls[1], json!({ "description": "暖气片漏水" })).await.ok();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = operator.get(&format!("/hotline/calls?limit=2{cursor}")).await.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    calls.reverse();
    assert_eq!(seen, calls);
    let leak = format!("q={}", encoded("漏水"));
    for (query, found) in [(leak.as_str(), 3), ("q=0002", 2), ("phone=13800000004", 0), ("q=13800000001", 3)] {
        let list = operator.get(&format!("/hotline/calls?{query}")).await.ok();
        let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(|call| call["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [calls[found].as_str()], "{query}");
    }
    assert_eq!(operator.get("/hotline/calls?q=138000").await.ok()["items"].as_array().map(Vec::len), Some(0), "no piece of a number");
    operator.get("/hotline/calls?limit=501").await.refused(422, "invalid_field");
    operator.get("/hotline/calls?cursor=nonsense").await.refused(400, "bad_request");
}

#[actix_web::test]
async fn a_retry_makes_nothing_twice() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let (key, body) = (new_key(), json!({ "category": "R1", "address": flat("502") }));
    let first = operator.ask(Method::POST, "/work-orders", &body, &key).await;
    let again = operator.ask(Method::POST, "/work-orders", &body, &key).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, "true"));
    assert_eq!(first.text, again.text);
    operator.ask(Method::POST, "/work-orders", &json!({ "category": "R2" }), &key).await.refused(422, "idempotency_key_reused");
    let token = app.token(Role::Operator);
    let bare = token.and("content-type", "application/json").send(Method::POST, "/api/v1/work-orders", Some(b"{}".to_vec())).await;
    bare.refused(400, "idempotency_key_missing");
}

#[actix_web::test]
async fn the_screens_follow() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let mut desk = operator.watch("view=hotline").await.unwrap();
    let mut team = app.staff("handler").watch(&format!("view=team&team={EAST}")).await.unwrap();
    let mut lead = app.lead().watch("view=lead").await.unwrap();
    // What comes before a screen's first text is in that text, not an event behind it.
    team.next().await.unwrap();
    let call = operator.logs(NUMBER).await;
    desk.until(|state| state["open_calls"][0]["id"] == *call && state["today"]["logged"] == 1).await;
    assert_eq!(desk.state["today"]["telephone"], Value::Null, "no exchange, no rate");
    operator.writes(&call, json!({ "category": "R1", "address": flat("502") })).await.ok();
    operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    team.until(|state| state["waiting"] == 1 && state["queue"][0]["room"] == "502").await;
    let handler = Handler::claims(app.staff("handler"), EAST).await;
    team.until(|state| state["waiting"] == 0 && state["held"][0]["handler"] == "handler:handler").await;
    handler.moves("accept", json!({})).await;
    handler.works().await;
    desk.until(|state| state["desks"]["callback"] == 1 && state["callbacks"][0]["no"] == *handler.no).await;
    lead.until(|state| state["orders"]["desks"]["callback"] == 1).await;
    assert_eq!(lead.state["orders"]["teams"].as_array().map(Vec::len), Some(7));
    let mine: Vec<_> = team.events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert!(mine.starts_with(&["work_order.dispatched", "work_order.claimed"]), "{mine:?}");
    assert_eq!(team.snapshots, 1, "it is told everything that happens");
    for event in desk.events.iter().chain(&team.events) {
        assert!(!event.to_string().contains(NUMBER), "{event}");
    }
    let stranger = app.hires("west", &[Role::Handler], &["repair-west"]).await;
    assert_eq!(stranger.watch(&format!("view=team&team={EAST}")).await.err(), Some(403));
    assert!(stranger.watch("view=team&team=repair-west").await.is_ok());
}

#[actix_web::test]
async fn the_plan_tells_the_screens_what_there_is() {
    let app = TestApp::start().await;
    let plan = app.staff("handler").get("/plan").await.ok();
    let ids = |what: &str| plan[what].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert!(
        ids("teams").contains(&EAST.to_owned()) && ids("categories").contains(&"R1".to_owned()) && ids("causes").contains(&"U".to_owned())
    );
    let repair = plan["categories"].as_array().unwrap().iter().find(|one| one["id"] == "R1").unwrap();
    assert_eq!((repair["team"].as_str(), repair["visit"].as_bool()), (Some(EAST), Some(true)));
    assert_eq!(plan["rules"]["repeat_days"], 7);
}

#[actix_web::test]
async fn since_when_it_is_cold_goes_from_the_call_into_the_order() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let call = operator.logs(NUMBER).await;
    let symptoms = json!({ "since": "2026-11-22T12:00:00Z", "room_tenths": 145, "rooms": ["北卧"] });
    let written = operator.writes(&call, json!({ "category": "R1", "address": flat("501"), "symptoms": symptoms })).await.ok();
    assert_eq!(written["call"]["symptoms"]["since"], "2026-11-22T12:00:00Z");
    let ended = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    let order = seen(&operator, ended["work_order"]["no"].as_str().unwrap()).await;
    assert_eq!((&order["symptoms"]["since"], &order["symptoms"]["room_tenths"]), (&json!("2026-11-22T12:00:00Z"), &json!(145)));
    let cleared = operator.writes(&operator.logs(NUMBER).await, json!({ "symptoms": { "since": "yesterday" } })).await;
    cleared.refused(422, "invalid_field");
}

#[actix_web::test]
async fn a_number_under_which_an_order_was_made_is_known_with_its_caller() {
    let app = TestApp::start().await;
    let number = app.kiosk().takes("repair").await;
    let clerk = Operator(app.token(Role::Clerk));
    let customer = json!({ "name": "王小明", "phone": NUMBER });
    clerk.orders_with(json!({ "category": "R1", "ticket": number.id, "address": flat("501"), "customer": customer })).await;
    for query in [format!("phone={NUMBER}"), format!("community={}&building=3&unit=2&room=501", encoded("阳光花园"))] {
        let known = clerk.get(&format!("/hotline/known?{query}")).await.ok();
        assert_eq!((known["tickets"][0]["number"].as_str(), known["tickets"].as_array().map(Vec::len)), (Some(&*number.number), Some(1)));
    }
    assert_eq!(clerk.get("/hotline/known?phone=13800000000").await.ok()["tickets"], json!([]));
}

#[actix_web::test]
async fn who_rang_before_from_a_number_is_known() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let earlier = operator.logs(NUMBER).await;
    let said =
        json!({ "caller_name": "王小明", "caller_role": "tenant", "customer_no": "10023", "category": "R1", "address": flat("502") });
    operator.writes(&earlier, said).await.ok();
    operator.ends(&earlier, json!({ "disposition": "work_order" })).await.ok();
    // The owner of another flat, from the same telephone.
    let other = json!({ "name": "李芳", "phone": NUMBER, "role": "owner" });
    operator.orders_with(json!({ "category": "F1", "address": flat("601"), "customer": other })).await;
    let rings = operator.post("/hotline/calls", json!({ "caller_number": NUMBER })).await;
    let people = rings.body["known"]["people"].as_array().unwrap().clone();
    let told = |one: &Value| ["name_masked", "role", "customer_no", "room"].map(|field| one[field].as_str().unwrap_or("·").to_owned());
    let told: Vec<_> = people.iter().map(told).collect();
    let expected = [["李**", "owner", "·", "601"], ["王**", "tenant", "10023", "502"]];
    assert!(told.len() == 2 && expected.iter().all(|one| told.contains(&one.map(ToOwned::to_owned))), "{told:?}");
    assert!(!rings.text.contains("王小明") && !rings.text.contains("李芳"), "{}", rings.text);
    // By the customer's number from another telephone too; a neighbour of the flat is not one of them.
    let by_number = operator.get("/hotline/known?customer_no=10023").await.ok();
    assert_eq!(by_number["people"][0]["name_masked"], "王**");
    let by_flat = format!("/hotline/known?community={}&building=3&unit=2&room=502", encoded("阳光花园"));
    assert_eq!(operator.get(&by_flat).await.ok()["people"], json!([]));
}

#[actix_web::test]
async fn a_second_caller_is_heard_by_the_handler_and_a_question_makes_no_second_order() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let no = operator.orders("502").await;
    let call = operator.logs("13700001111").await;
    operator.writes(&call, json!({ "category": "R3", "address": flat("502"), "description": "现在天花板也滴水" })).await.ok();
    operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    let handler = Handler::accepts(app.staff("handler"), &no).await;
    assert_eq!(seen(&handler, &no).await["urges_list"][0]["note"], "现在天花板也滴水");
    let asks = operator.logs("13700002222").await;
    let known = operator.writes(&asks, json!({ "category": "Z5", "address": flat("502") })).await.ok();
    assert_eq!(known["known"]["same_flat"]["no"], *no);
    let ended = operator.ends(&asks, json!({ "disposition": "work_order" })).await.ok();
    assert_eq!((ended["urged"].as_bool(), ended["work_order"]["no"].as_str()), (Some(true), Some(no.as_str())));
    // What handlers cannot read of calls, other systems do not either.
    let journal = app.token(Role::Integration).get("/events?limit=500").await.text;
    assert!(journal.contains("work_order.urged") && !journal.contains("现在天花板也滴水"), "{journal}");
}
