//! The address book behind the operator's one box: found as it is typed, and filled into what is logged.

use serde_json::json;
use warmhall::addresses::{AddressBook, SAMPLE_CSV};

use crate::app::{Setting, TestApp};

/// A hall with the sample's address book.
async fn with_book(dir: &tempfile::TempDir) -> TestApp {
    let addresses = AddressBook::open(dir.path());
    addresses.import(SAMPLE_CSV.as_bytes(), None).unwrap();
    TestApp::with(Setting { addresses, ..Setting::default() }).await
}

#[actix_web::test]
async fn a_flat_is_found_by_initials_and_numbers_and_only_by_staff_who_need_it() {
    let dir = tempfile::tempdir().unwrap();
    let app = with_book(&dir).await;
    let operator = app.operator();
    let found = operator.get("/addresses?q=wjgy%201-1-101").await.ok();
    let first = &found["items"][0];
    assert_eq!(
        (first["community"].as_str(), first["room"].as_str(), first["depth"].as_str()),
        (Some("望江公寓"), Some("101"), Some("room"))
    );
    assert_eq!(first["team"], "repair-west");
    operator.get(&format!("/addresses?q={}", "x".repeat(2_000))).await.refused(422, "invalid_field");
    operator.get("/addresses?q=x&limit=51").await.refused(422, "invalid_field");
    app.staff("handler").get("/addresses?q=wjgy").await.refused(403, "forbidden");
}

#[actix_web::test]
async fn what_the_book_knows_of_a_flat_is_filled_in() {
    let dir = tempfile::tempdir().unwrap();
    let app = with_book(&dir).await;
    let operator = app.operator();
    let call = operator.logs("13912345678").await;
    let address = json!({ "community": "望江公寓", "building": "1号楼", "unit": "1单元", "room": "101" });
    let told = operator.writes(&call, json!({ "address": address, "category": "R1" })).await.ok();
    assert_eq!(told["call"]["address"]["team"], "repair-west");
    assert_eq!(told["call"]["address"]["station"], "3号热力站");
    let ended = operator.ends(&call, json!({ "disposition": "work_order" })).await.ok();
    assert_eq!(ended["work_order"]["team"], "repair-west");
}
