//! Calls and orders that the hall let go of: whole, found, never past a seal, gone when they are too old.

use std::sync::Arc;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::desk::{Desk, free, staff};
use super::sim::{dump, holds, open, run};
use crate::domain::actor::Role;
use crate::domain::hotline::{customer_word, flat_word, phone_word};
use crate::domain::hotline_call::{Address, CallPatch, Disposition};
use crate::domain::ids::OrderNo;
use crate::domain::phone::Phone;
use crate::domain::work_order::{OrderState, OrderStep};
use crate::history::{Asked, CallQuery, History, OrderQuery, project};

/// A number that stands in no file when it is to be gone.
const CANARY: &str = "13955501234";
/// What people wrote.
const WORDS: &str = "孔雀蓝阀门漏水";

fn patch(room: &str, name: &str, sealed: bool) -> CallPatch {
    let address = Address {
        community: Some(free("阳光花园")),
        building: Some(free("3")),
        room: Some(free(room)),
        text: Some(free("东门进去第二栋")),
        ..Address::default()
    };
    CallPatch {
        address: Some(address),
        caller_name: Some(Some(free(name))),
        customer_no: Some(Some(free(&format!("RX-{room}")))),
        category: Some(Some("R1".parse().unwrap())),
        description: Some(Some(free(&format!("{WORDS}，{name}家不热")))),
        promise: Some(Some(free("今天上门"))),
        sealed: Some(sealed),
        ..CallPatch::default()
    }
}

fn withdraw(desk: &mut Desk, no: OrderNo) {
    desk.step(no, OrderStep::Withdraw { reason: free("重复") }, &staff(Role::Operator, "li"));
}

/// Two calls that became orders, the second sealed; all long over.
fn two() -> (Desk, OrderNo, OrderNo) {
    let mut desk = Desk::new();
    let call = desk.call(CANARY, patch("501", "王小明", false));
    let plain = desk.end(call, Disposition::WorkOrder).unwrap();
    desk.passes(3);
    let call = desk.call("13812348888", patch("602", "李大海", true));
    let sealed = desk.end(call, Disposition::WorkOrder).unwrap();
    withdraw(&mut desk, plain);
    withdraw(&mut desk, sealed);
    for _ in 0..9 {
        desk.passes(24 * 60);
    }
    assert_eq!((desk.archived_calls().len(), desk.archived_orders().len()), (2, 2));
    (desk, plain, sealed)
}

async fn written(dir: &std::path::Path, desk: &Desk) -> History {
    let history = open(dir).await;
    history.write(&Arc::from("e1"), desk.lines()).await.unwrap();
    history
}

fn asked(text: &str) -> Asked {
    let number = Phone::read(text, None).ok().flatten().map(|phone| phone_word(phone.number()));
    Asked { text: text.to_owned(), number }
}

async fn orders(history: &History, text: &str, sees_sealed: bool) -> Vec<OrderNo> {
    let query = OrderQuery { text: Some(asked(text)), limit: 50, sees_sealed, ..OrderQuery::default() };
    history.orders(query).await.unwrap().iter().map(|order| order.no).collect()
}

async fn calls(history: &History, text: &str, sees_sealed: bool) -> usize {
    let query = CallQuery { text: Some(asked(text)), limit: 50, sees_sealed, ..CallQuery::default() };
    history.calls(query).await.unwrap().len()
}

#[tokio::test]
async fn what_the_hall_let_go_of_is_here_whole() {
    let (desk, plain, sealed) = two();
    let dir = tempfile::tempdir().unwrap();
    let history = written(dir.path(), &desk).await;
    let all = OrderQuery { limit: 50, sees_sealed: true, ..OrderQuery::default() };
    assert_eq!(history.orders(all.clone()).await.unwrap(), desk.archived_orders());
    assert_eq!(history.calls(CallQuery { limit: 50, ..CallQuery::default() }).await.unwrap(), desk.archived_calls());
    for order in desk.archived_orders() {
        assert_eq!(history.order(order.no).await.unwrap(), Some(order));
    }
    for call in desk.archived_calls() {
        assert_eq!(history.call(call.id).await.unwrap(), Some(call));
    }
    assert_eq!(history.order("20250101-0001".parse().unwrap()).await.unwrap(), None);
    let of = |query: OrderQuery| async { history.orders(query).await.unwrap().into_iter().map(|order| order.no).collect::<Vec<_>>() };
    assert_eq!(of(OrderQuery { team: Some("repair-east".parse().unwrap()), ..all.clone() }).await, [sealed, plain]);
    assert_eq!(of(OrderQuery { team: Some("repair-west".parse().unwrap()), ..all.clone() }).await, []);
    assert_eq!(of(OrderQuery { states: vec![OrderState::Closed], ..all.clone() }).await, []);
    assert_eq!(of(OrderQuery { states: vec![OrderState::Closed, OrderState::Withdrawn], ..all.clone() }).await, [sealed, plain]);
    let words = |word: String| OrderQuery { words: vec![word], ..all.clone() };
    assert_eq!(of(words(phone_word(CANARY))).await, [plain]);
    assert_eq!(of(words(customer_word("rx-602"))).await, [sealed]);
    assert_eq!(of(words(flat_word("阳光花园|3||501"))).await, [plain]);
    assert_eq!(of(OrderQuery { sees_sealed: false, ..words(customer_word("rx-602")) }).await, []);
    assert_eq!(of(OrderQuery { before: Some(sealed), ..all }).await, [plain]);
}

#[tokio::test]
async fn records_are_found_by_what_was_said_and_who_it_was() {
    let (desk, plain, sealed) = two();
    let dir = tempfile::tempdir().unwrap();
    let history = written(dir.path(), &desk).await;
    for text in ["阀门", "孔雀蓝阀门漏水", "阳光花园", "孔雀", "阳光", "20261123"] {
        assert_eq!(orders(&history, text, true).await, [sealed, plain], "{text}");
    }
    for text in ["王小明", "小明", "501", "13955501234", "139 5550 1234", "1234", "RX-501", "rx-501", "王小明家不热", "20261123-0001"]
    {
        assert_eq!(orders(&history, text, true).await, [plain], "{text}");
        assert_eq!(orders(&history, text, false).await, [plain], "{text}");
    }
    for text in ["13955", "55501234", "", "  ", "NOT 阀门", "\"", "阀门 OR 漏", "漏水阀门", "*"] {
        assert_eq!(orders(&history, text, true).await, [], "{text}");
    }
    for (text, found) in [("阀门漏水", 2), ("李大海", 1), ("今天上门", 2), ("8888", 1), ("13812348888", 1), ("9999", 0)] {
        assert_eq!(calls(&history, text, true).await, found, "{text}");
    }
}

#[tokio::test]
async fn nobody_finds_a_sealed_record_by_who_it_is() {
    let (desk, plain, sealed) = two();
    let dir = tempfile::tempdir().unwrap();
    let history = written(dir.path(), &desk).await;
    for text in ["李大海", "大海", "602", "13812348888", "138 1234 8888", "8888", "RX-602", "李大海家不热", "家不热李"] {
        assert!(!orders(&history, text, false).await.contains(&sealed), "{text}");
        assert_eq!(calls(&history, text, false).await, 0, "{text}");
    }
    assert_eq!(orders(&history, "李大海家不热", true).await, [sealed]);
    assert_eq!(orders(&history, "东门进去", true).await, [sealed, plain]);
    assert_eq!(orders(&history, "东门进去", false).await, [plain]);
    assert_eq!(orders(&history, "阳光花园", false).await, [sealed, plain], "where it is everybody may know");
}

#[tokio::test]
async fn the_events_kept_here_say_nothing_of_who_called() {
    let (desk, ..) = two();
    let dir = tempfile::tempdir().unwrap();
    let history = written(dir.path(), &desk).await;
    let told = serde_json::to_string(&history.events("e1", 0, u64::MAX, 500).await.unwrap()).unwrap();
    for secret in [CANARY, "王小明", "李大海", "RX-501", "\"501\"", "东门进去", WORDS, "今天上门", "13900001111"] {
        assert!(!told.contains(secret), "{secret}");
    }
    let mut worked = Desk::new();
    let call = worked.call(CANARY, patch("501", "王小明", false));
    let no = worked.end(call, Disposition::WorkOrder).unwrap();
    worked.work(no);
    worked.signal("c1", crate::domain::telephone::SignalState::Ringing, None);
    let dir = tempfile::tempdir().unwrap();
    let history = written(dir.path(), &worked).await;
    let told = serde_json::to_string(&history.events("e1", 0, u64::MAX, 500).await.unwrap()).unwrap();
    assert!(told.contains("work_order.resolved") && told.contains("phone_call.signalled"));
    for secret in [CANARY, "王小明", "13900001111"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn what_is_too_old_is_gone_to_the_last_byte() {
    let (mut desk, ..) = two();
    let dir = tempfile::tempdir().unwrap();
    let cut = desk.now;
    let call = desk.call("13700007777", patch("701", "赵新", false));
    desk.end(call, Disposition::AnsweredDirectly);
    for _ in 0..3 {
        desk.passes(24 * 60);
    }
    let history = written(dir.path(), &desk).await;
    history.settle().await.unwrap();
    let token = |text: &str| text.to_owned();
    let gone = [token(CANARY), token("13812348888"), token("王小明"), token("RX-501"), token("rx-602")];
    for secret in &gone {
        assert!(holds(dir.path(), secret), "{secret} was never there");
    }
    assert_eq!(history.retain_records(cut - TimeDelta::days(100)).await.unwrap(), crate::history::Forgotten::default());
    let forgotten = history.retain_records(cut).await.unwrap();
    assert_eq!((forgotten.calls, forgotten.orders), (2, 2));
    for secret in &gone {
        assert!(!holds(dir.path(), secret), "{secret} is still in a file");
    }
    assert_eq!(orders(&history, "阀门", true).await, []);
    assert_eq!(calls(&history, "阀门", true).await, 1, "the newer call stays");
    assert_eq!(calls(&history, "13700007777", true).await, 1);
    assert!(holds(dir.path(), "13700007777"));
    // The index itself: a character that only the forgotten records had.
    let rare = |conn: &rusqlite::Connection| {
        conn.execute_batch("CREATE VIRTUAL TABLE IF NOT EXISTS temp.v USING fts5vocab (main, hotline_call_texts, row)")?;
        Ok(conn.query_row("SELECT count(*) FROM temp.v WHERE term IN ('海', '王')", [], |row| row.get::<_, i64>(0))?)
    };
    assert_eq!(history.inner.base.write(move |conn| rare(conn)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_journal_told_again_makes_no_record_and_no_figure_twice() {
    let (desk, ..) = two();
    let dir = tempfile::tempdir().unwrap();
    let history = written(dir.path(), &desk).await;
    let calendar = desk.hall.profile.calendar.clone();
    let (from, to) = ("2026-11-20".parse().unwrap(), "2026-12-10".parse().unwrap());
    let reports = || async {
        let hotline = history.hotline_report(from, to, calendar.clone()).await.unwrap();
        (hotline, history.order_report(from, to, calendar.clone()).await.unwrap())
    };
    let before = reports().await;
    assert_eq!(before.0.totals.iter().map(|day| day.all.calls).sum::<u32>(), 2);
    history.write(&Arc::from("e2"), desk.lines()).await.unwrap();
    assert_eq!(reports().await, before);
    assert_eq!(history.calls(CallQuery { limit: 50, ..CallQuery::default() }).await.unwrap(), desk.archived_calls());
    assert_eq!(orders(&history, "阀门", true).await.len(), 2);
    let rows = dump(&history).await;
    history.inner.base.write(project::derive_all).await.unwrap();
    assert_eq!(dump(&history).await, rows, "made again from the events, the rows are the same, and the records stay");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Page by page, whatever the size of a page: everything once, newest first.
    #[test]
    fn pages_meet_without_a_seam(count in 1_usize..14, limit in 1_usize..6, text in any::<bool>()) {
        let mut desk = Desk::new();
        for n in 0..count {
            let call = desk.call(&format!("1390000{n:04}"), patch(&format!("{n}01"), "王小明", n % 3 == 0));
            let no = desk.end(call, Disposition::WorkOrder).unwrap();
            withdraw(&mut desk, no);
            desk.passes(if n % 4 == 0 { 24 * 60 } else { 1 });
        }
        for _ in 0..9 {
            desk.passes(24 * 60);
        }
        let dir = tempfile::tempdir().unwrap();
        run(async {
            let history = written(dir.path(), &desk).await;
            let text = text.then(|| asked("阀门"));
            let (mut orders, mut calls) = (Vec::new(), Vec::new());
            loop {
                let before = orders.last().map(|order: &crate::domain::work_order::WorkOrder| order.no);
                let page = history.orders(OrderQuery { before, limit, text: text.clone(), sees_sealed: true, ..OrderQuery::default() }).await.unwrap();
                assert!(page.len() <= limit);
                if page.is_empty() {
                    break;
                }
                orders.extend(page);
            }
            loop {
                let before = calls.last().map(|call: &crate::domain::hotline_call::HotlineCall| call.id);
                let page = history.calls(CallQuery { before, limit, text: text.clone(), sees_sealed: true, ..CallQuery::default() }).await.unwrap();
                if page.is_empty() {
                    break;
                }
                calls.extend(page);
            }
            assert_eq!(orders, desk.archived_orders());
            assert_eq!(calls, desk.archived_calls());
            assert_eq!(orders.len(), count);
        });
    }
}
