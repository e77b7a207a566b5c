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

#[actix_web::test]
async fn what_the_book_cannot_know_is_not_invented() {
    let dir = tempfile::tempdir().unwrap();
    let app = with_book(&dir).await;
    let operator = app.operator();
    let call = operator.logs("13912345678").await;
    // The first question since the hall opened: the community alone gives its share, station and team.
    let told = operator.writes(&call, json!({ "address": { "community": "望江公寓" } })).await.ok();
    let address = &told["call"]["address"];
    assert_eq!((address["station"].as_str(), address["team"].as_str()), (Some("3号热力站"), Some("repair-west")));
    assert!(address["share_ppm"].as_u64() > Some(0), "{address}");
    // Four stairwells have a 101.
    let told = operator.writes(&call, json!({ "address": { "community": "望江公寓", "room": "101" } })).await.ok();
    let address = &told["call"]["address"];
    assert_eq!((address["building"].as_str(), address["unit"].as_str(), address["room"].as_str()), (None, None, Some("101")));
    assert_eq!(address["team"], "repair-west");
    // A room that is not in the book.
    let told = operator.writes(&call, json!({ "address": { "community": "望江公寓", "building": "1", "room": "9999" } })).await.ok();
    let address = &told["call"]["address"];
    assert_eq!((address["building"].as_str(), address["room"].as_str()), (Some("1号楼"), Some("9999")));
    assert_eq!((address["station"].as_str(), address["unit"].as_str()), (Some("3号热力站"), None));
    assert!(address["share_ppm"].as_u64() > Some(0), "{address}");
}

#[actix_web::test]
async fn a_flat_said_in_two_spellings_is_one_flat_and_has_one_order() {
    let dir = tempfile::tempdir().unwrap();
    let app = with_book(&dir).await;
    let operator = app.operator();
    let first = operator.logs("13912345678").await;
    let address = json!({ "community": "望江公寓", "building": "1号楼", "unit": "1单元", "room": "101" });
    operator.writes(&first, json!({ "address": address, "category": "R1" })).await.ok();
    let made = operator.ends(&first, json!({ "disposition": "work_order" })).await.ok();
    let second = operator.logs("13987654321").await;
    let address = json!({ "community": "望江公寓", "building": "1", "unit": "一", "room": "101室" });
    let told = operator.writes(&second, json!({ "address": address, "category": "R1" })).await.ok();
    assert_eq!(told["known"]["same_flat"]["no"], made["work_order"]["no"]);
    let urged = operator.ends(&second, json!({ "disposition": "work_order" })).await.ok();
    assert_eq!((urged["urged"].as_bool(), &urged["work_order"]["no"]), (Some(true), &made["work_order"]["no"]));
}
