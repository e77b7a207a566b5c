//! One search over today and long ago, what is known of a caller, and reports; each as far as the asker may see it.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use warmhall::domain::actor::Role;

use crate::app::{Setting, TestApp};
use crate::people::Person;
use crate::work::{EAST, NUMBER, Operator, encoded, flat, seen, step};

const DAY_S: i64 = 86_400;
const SEALED_NAME: &str = "李密封";
const SEALED_NUMBER: &str = "13877776666";

/// An old order that stays open, two newer ones and a sealed one that history has, and a new one.
struct Years {
    app: TestApp,
    _folder: tempfile::TempDir,
    gone: Vec<String>,
    sealed: String,
    call: String,
}

/// Sessions end within days; a token does not.
fn operator(app: &TestApp) -> Operator {
    Operator(app.token(Role::Operator))
}

async fn withdraws(person: &Person, no: &str) {
    step(person, no, "withdraw", json!({ "reason": "不用了" })).await.ok();
}

impl Years {
    async fn pass() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = TestApp::with(Setting { history: Some(folder.path().join("history.sqlite")), ..Setting::default() }).await;
        let operator = operator(&app);
        let open = operator.orders("101").await;
        let gone = vec![operator.orders("102").await, operator.orders("103").await];
        let body = json!({ "category": "R1", "team": EAST, "sealed": true, "address": flat("1704"), "title": format!("{SEALED_NAME}家不热"),
            "customer": { "name": SEALED_NAME, "phone": SEALED_NUMBER, "customer_no": "RX-1704" } });
        let sealed = operator.orders_with(body).await;
        let call = operator.logs(NUMBER).await;
        operator.writes(&call, json!({ "description": "问供热时间，暖气管" })).await.ok();
        operator.ends(&call, json!({ "disposition": "answered_directly" })).await.ok();
        for no in gone.iter().chain([&sealed]) {
            withdraws(&operator, no).await;
        }
        for _ in 0..9 {
            app.passes(DAY_S);
            // The first command of a day turns it.
            operator.logs("13711110000").await;
        }
        let new = operator.orders("104").await;
        app.keeper.read(|hall| {
            let here: Vec<_> = hall.orders.all.keys().map(ToString::to_string).collect();
            assert_eq!(here, [open.clone(), new.clone()], "the others are in history only");
        });
        app.remembered().await;
        Self { app, _folder: folder, gone, sealed, call }
    }
}

fn texts(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn an_archived_order_is_shown_whole_and_to_its_customer() {
    let years = Years::pass().await;
    let app = &years.app;
    let order = seen(&operator(app), &years.gone[0]).await;
    assert_eq!((order["state"].as_str(), order["customer"]["phone_masked"].as_str()), (Some("withdrawn"), Some("139****5678")));
    assert!(order["story"].as_array().unwrap().iter().any(|line| line["type"] == "work_order.withdrawn"));
    let case = app.visitor().get(&format!("/cases/{}?phone_tail=5678", years.gone[0])).await.ok();
    assert_eq!(case["state"], "withdrawn");
    app.visitor().get(&format!("/cases/{}?phone_tail=9999", years.gone[0])).await.refused(404, "not_found");
    app.token(Role::Greeter).get(&format!("/work-orders/{}", years.gone[0])).await.refused(403, "forbidden");
    operator(app).get("/work-orders/20200101-0001").await.refused(404, "not_found");
    // What is known of a caller reaches back.
    let known = operator(app).get(&format!("/hotline/known?phone={NUMBER}")).await.ok();
    assert_eq!(known["calls"].as_array().unwrap().len(), 1, "{known}");
    let logged = operator(app).post("/hotline/calls", json!({ "caller_number": NUMBER })).await.ok();
    assert_eq!(texts(&logged["known"]["calls"], "id"), texts(&known["calls"], "id"));
    let call = operator(app).logs("13700000000").await;
    let changed = operator(app).writes(&call, json!({ "caller_number": NUMBER })).await.ok();
    assert_eq!(changed["known"]["calls"].as_array().unwrap().len(), 2, "the archived one, and the one that goes on");
}

#[actix_web::test]
async fn a_seal_holds_in_history() {
    let years = Years::pass().await;
    let app = &years.app;
    let handlers = [app.token(Role::Handler), app.hires("tan", &[Role::Handler], &[EAST]).await];
    for handler in &handlers {
        // Names are shown masked: a handler finds nobody by a piece of one, as in the hall.
        assert!(!handler.get(&format!("/work-orders?q={}", encoded("小明"))).await.text.contains(&years.gone[0]));
        for text in [SEALED_NAME, SEALED_NUMBER, "6666", "RX-1704", "1704"] {
            for path in [format!("/work-orders?q={}", encoded(text)), format!("/search?q={}", encoded(text))] {
                let answer = handler.get(&path).await;
                assert!(answer.status == 200 && !answer.text.contains(&years.sealed), "{path}: {}", answer.text);
            }
        }
        for path in ["/work-orders".to_owned(), format!("/work-orders/{}", years.sealed), format!("/search?q={}", encoded("阳光花园"))]
        {
            let answer = handler.get(&path).await;
            assert!(answer.text.contains(&years.sealed), "{path}");
            for telling in [SEALED_NAME, SEALED_NUMBER, "138****6666", "RX-1704", "1704"] {
                assert!(!answer.text.contains(telling), "{path} tells {telling}");
            }
        }
    }
    let elsewhere = app.hires("he", &[Role::Handler], &["complaints"]).await;
    assert_eq!(elsewhere.get("/work-orders").await.ok()["items"], json!([]));
    elsewhere.get(&format!("/work-orders/{}", years.sealed)).await.refused(404, "not_found");
    for text in [SEALED_NAME, SEALED_NUMBER, "6666", "rx-1704"] {
        let found = operator(app).get(&format!("/work-orders?q={}", encoded(text))).await.ok();
        assert_eq!(texts(&found["items"], "no"), std::slice::from_ref(&years.sealed), "{text}");
    }
}

#[actix_web::test]
async fn one_search_finds_numbers_calls_and_orders_as_far_as_the_asker_may_see() {
    let years = Years::pass().await;
    let app = &years.app;
    let number = app.kiosk().takes("repair").await.number;
    let search = |person: Person, text: &str| {
        let path = format!("/search?q={}", encoded(text));
        async move { person.get(&path).await.ok() }
    };
    let found = search(app.token(Role::Greeter), &number.to_lowercase()).await;
    assert_eq!(texts(&found["tickets"], "number"), [number]);
    assert_eq!((&found["calls"], &found["orders"]), (&json!([]), &json!([])));
    let found = search(app.token(Role::Operator), NUMBER).await;
    assert_eq!((found["calls"].as_array().unwrap().len(), found["orders"].as_array().unwrap().len()), (1, 4));
    assert!(!found.to_string().contains(NUMBER), "numbers are masked");
    let found = search(app.token(Role::Clerk), NUMBER).await;
    assert_eq!((found["calls"].as_array().unwrap().len(), found["orders"].as_array().unwrap().len()), (0, 4));
    assert_eq!(search(app.token(Role::Greeter), NUMBER).await["orders"], json!([]));
    let found = search(app.token(Role::Lead), &years.gone[1]).await;
    assert_eq!(texts(&found["orders"], "no"), [years.gone[1].clone()]);
    let found = search(app.token(Role::Lead), &years.call).await;
    assert_eq!((texts(&found["calls"], "id"), &found["orders"]), (vec![years.call.clone()], &json!([])));
    let few = app.token(Role::Lead).get(&format!("/search?limit=2&q={NUMBER}")).await.ok();
    assert_eq!((texts(&few["orders"], "no").len(), &few["more"]["orders"]), (2, &json!(true)));
    for bad in ["/search", "/search?q=", "/search?q=x&limit=51", "/search?q=x&limit=0"] {
        app.token(Role::Lead).get(bad).await.refused(422, "invalid_field");
    }
    app.visitor().get("/search?q=x").await.refused(401, "unauthenticated");
}

#[actix_web::test]
async fn reports_count_what_passed() {
    let years = Years::pass().await;
    let lead = years.app.token(Role::Lead);
    let report = lead.get("/reports/orders?from=2026-11-23&to=2026-12-31").await.ok();
    let first = &report["totals"][0];
    assert_eq!((first["day"].as_str(), first["created"].as_u64(), first["withdrawn"].as_u64()), (Some("2026-11-23"), Some(4), Some(3)));
    let report = lead.get("/reports/hotline?from=2026-11-23&to=2026-12-31").await.ok();
    let first = &report["totals"][0];
    assert_eq!((first["calls"].as_u64(), first["answered_directly"].as_u64()), (Some(1), Some(1)));
    assert_eq!((&first["telephone"], first["telephone_note"].as_str()), (&Value::Null, Some("无话务数据 / no call data")));
    let book = lead.get("/reports/hotline?from=2026-11-23&to=2026-12-31&format=xlsx&language=en").await;
    assert_eq!(book.header("content-type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    assert_eq!(book.header("content-disposition"), "attachment; filename=\"hotline.xlsx\"");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(book.bytes)).unwrap();
    let sheet = book.worksheet_range("hotline").unwrap();
    let rows: Vec<_> = sheet.rows().map(|row| (row[0].to_string(), row[1].to_string(), row[2].to_string(), row[3].clone())).collect();
    assert_eq!(rows[0].3, Data::String("calls".to_owned()));
    let day = ("2026-11-23".to_owned(), "all".to_owned(), "all".to_owned(), Data::Float(1.0));
    assert!(rows.contains(&day), "{rows:?}");
    lead.get("/reports/hotline?format=pdf").await.refused(400, "bad_request");
    let csv = lead.get("/reports/hotline?from=2026-11-23&to=2026-12-31&format=csv").await;
    assert!(csv.text.contains("2026-11-23,全部,全部,1,1,1") && csv.text.contains("无话务数据"), "{}", csv.text);
}
