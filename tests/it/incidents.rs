//! Area incidents over HTTP: suspected, opened, callers attached with one key, ended with an answer for each of them.

use awc::http::Method;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::people::new_key;
use crate::work::{Operator, seen, step};

fn facts() -> Value {
    json!({ "title": "阳光花园换热站停运", "communities": ["阳光花园"], "station": "HZ-012", "category": "E3",
        "script": { "zh": "换热站抢修，预计今晚恢复", "en": "The station is being repaired; heat is back tonight" },
        "expected_end": "2026-11-23T12:00:00Z" })
}

/// Somebody of the community rings.
async fn rings(operator: &Operator, community: &str, n: u32) -> (String, Value) {
    let call = operator.logs(&format!("1370000{n:04}")).await;
    let address = json!({ "community": community, "building": "3", "unit": "1", "room": n.to_string() });
    let written = operator.writes(&call, json!({ "category": "R1", "address": address })).await.ok();
    (call, written)
}

#[actix_web::test]
async fn from_the_first_calls_to_an_answer_for_everybody() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let mut desk = operator.watch("view=hotline").await.unwrap();
    for n in 0..40 {
        rings(&operator, &format!("小区{n}"), n).await;
    }
    let mut callers = Vec::new();
    let mut suggestion = Value::Null;
    for n in 100..110 {
        let (call, written) = rings(&operator, "阳光花园", n).await;
        callers.push(call);
        suggestion = written["suggestion"].clone();
        app.passes(20);
    }
    assert_eq!(suggestion["community"], "阳光花园");
    assert!(suggestion["expected"].as_f64().unwrap() < suggestion["calls"].as_f64().unwrap());
    desk.until(|state| state["suspicions"][0]["community"] == "阳光花园").await;

    let mut body = facts();
    body["call"] = json!(callers[0]);
    let opened = operator.post("/incidents", body).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let incident = opened.body["incident"].clone();
    let id = incident["id"].as_str().unwrap();
    assert_eq!((incident["state"].as_str(), incident["attached"].as_u64()), (Some("open"), Some(1)));
    desk.until(|state| state["incidents"][0]["id"] == *id && state["suspicions"] == json!([])).await;

    // The next caller's screen knows it while the telephone rings; one key attaches.
    let (next, written) = rings(&operator, "阳光花园", 200).await;
    assert_eq!(written["known"]["incidents"][0]["id"], *id);
    let attached = operator.post(&format!("/incidents/{id}/attach"), json!({ "call": next })).await.ok();
    assert_eq!((attached["incident"]["attached"].as_u64(), attached["work_order"]["state"].as_str()), (Some(2), Some("merged")));
    operator.post(&format!("/incidents/{id}/attach"), json!({ "call": next })).await.refused(409, "already_attached");
    let third = operator.ends(&callers[1], json!({ "disposition": "attached", "incident": id })).await.ok();
    assert_eq!(third["call"]["incident"], *id);

    let lead = app.lead();
    let bad = json!({ "cause": "NONE", "public_reply": "已恢复" });
    lead.post(&format!("/incidents/{id}/resolve"), bad).await.refused(422, "unknown_cause");
    operator.post(&format!("/incidents/{id}/resolve"), json!({ "cause": "S", "public_reply": "已恢复" })).await.refused(403, "forbidden");
    let ended = lead.post(&format!("/incidents/{id}/resolve"), json!({ "cause": "S", "public_reply": "已恢复供热" })).await.ok();
    assert_eq!(ended["incident"]["state"], "resolved");
    // Its master is over with it; whoever called is to be told in time.
    let master = seen(&operator, incident["master"].as_str().unwrap()).await;
    assert_eq!((master["state"].as_str(), &master["next_clock"]), (Some("closed"), &Value::Null));
    let full = operator.get(&format!("/incidents/{id}")).await.ok();
    let list = full["attached_list"].as_array().unwrap();
    assert_eq!((list.len(), full["untold"].as_u64()), (3, Some(3)));
    assert!(list.iter().all(|one| one["answering"] == "not_yet" && one["order"]["phone_masked"].as_str().unwrap().contains("****")));
    // Who is still to be told comes first, with how many they are.
    let newest = list[0]["order"]["no"].as_str().unwrap();
    step(&operator, newest, "reply", json!({ "text": "已恢复供热" })).await.ok();
    let later = operator.get(&format!("/incidents/{id}")).await.ok();
    let told: Vec<_> = later["attached_list"].as_array().unwrap().iter().map(|one| one["answering"].as_str().unwrap()).collect();
    assert_eq!((told, later["untold"].as_u64()), (vec!["not_yet", "not_yet", "told"], Some(2)));
    assert_eq!(later["attached_list"][2]["order"]["no"], *newest);
    for one in list {
        let no = one["order"]["no"].as_str().unwrap();
        assert_eq!(one["order"]["state"], "resolved");
        assert!(seen(&operator, no).await["clocks"]["reply"]["total_s"].is_i64());
        assert_eq!(step(&operator, no, "callback", json!({ "solved": true })).await.ok()["work_order"]["state"], "closed");
        assert_eq!(seen(&operator, no).await["reply"]["text"], "已恢复供热");
    }
    operator.post(&format!("/incidents/{id}/attach"), json!({ "call": callers[2] })).await.refused(409, "incident_resolved");
}

#[actix_web::test]
async fn an_incident_is_changed_listed_and_waved_away() {
    let app = TestApp::start().await;
    let operator = app.operator();
    let mut ids = Vec::new();
    for n in 0..3 {
        let mut body = facts();
        body["title"] = json!(format!("停热{n}"));
        ids.push(operator.post("/incidents", body).await.ok()["incident"]["id"].as_str().unwrap().to_owned());
    }
    let mut body = facts();
    body["script"] = Value::Null;
    let changed = operator.ask(Method::PUT, &format!("/incidents/{}", ids[0]), &body, &new_key()).await.ok();
    assert_eq!(changed["incident"]["script"], Value::Null);
    body["call"] = json!("hc_1");
    operator.ask(Method::PUT, &format!("/incidents/{}", ids[0]), &body, &new_key()).await.refused(422, "invalid_field");
    let page = operator.get("/incidents?limit=2").await.ok();
    assert_eq!((page["items"][0]["id"].as_str(), page["items"].as_array().map(Vec::len)), (Some(ids[2].as_str()), Some(2)));
    let rest = operator.get(&format!("/incidents?limit=2&cursor={}", page["next"].as_str().unwrap())).await.ok();
    assert_eq!((rest["items"][0]["id"].as_str(), &rest["next"]), (Some(ids[0].as_str()), &Value::Null));
    operator.post("/incidents/suggestions/dismiss", json!({ "community": "阳光花园" })).await.ok();
    operator.post("/incidents", json!({ "title": "x", "communities": [], "category": "NONE" })).await.refused(422, "unknown_category");
    operator.get("/incidents/in_999999").await.refused(404, "not_found");
    app.staff("handler").get("/incidents").await.refused(403, "forbidden");
}

#[actix_web::test]
async fn the_master_of_an_incident_stays_until_it_is_over_and_a_child_can_leave_it() {
    let app = TestApp::start().await;
    let (operator, lead) = (app.operator(), app.lead());
    let opened = operator.post("/incidents", facts()).await.ok()["incident"].clone();
    let (id, master) = (opened["id"].as_str().unwrap(), opened["master"].as_str().unwrap());
    let other = operator.orders("101").await;
    step(&lead, master, "withdraw", json!({ "reason": "误报" })).await.refused(409, "incident_goes_on");
    step(&lead, master, "merge", json!({ "into": other })).await.refused(409, "incident_goes_on");
    // A call is attached once, by whichever door.
    let (call, _) = rings(&operator, "阳光花园", 7).await;
    let body = json!({ "call": call, "incident": id });
    let made = operator.post("/work-orders", body.clone()).await;
    assert_eq!((made.status, made.body["work_order"]["state"].as_str()), (201, Some("merged")));
    let again = operator.ask(Method::POST, "/work-orders", &body, &new_key()).await;
    again.refused(409, "already_attached");
    // One of them turns out to have a trouble of its own.
    let child = made.body["work_order"]["no"].as_str().unwrap();
    let out = step(&lead, child, "unmerge", json!({})).await.ok();
    let out = &out["work_order"];
    assert_eq!(
        (out["state"].as_str(), &out["merged_into"], out["clocks"]["resolve"]["state"].as_str()),
        (Some("review"), &Value::Null, Some("running"))
    );
    lead.post(&format!("/incidents/{id}/resolve"), json!({ "cause": "S", "public_reply": "已恢复" })).await.ok();
    assert_eq!(seen(&operator, child).await["state"], "review", "it is worked by itself");
    assert_eq!(seen(&operator, master).await["state"], "closed");
}
