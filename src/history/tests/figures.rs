//! The reports on the hotline and on orders, against days that were counted by hand.

use std::sync::Arc;

use super::desk::{Desk, free, staff};
use super::sim::open;
use crate::domain::actor::Role;
use crate::domain::command::Command;
use crate::domain::hotline_call::{CallPatch, Disposition};
use crate::domain::incident::IncidentFacts;
use crate::domain::telephone::{HangupCause, SignalState};
use crate::domain::text::Language;
use crate::domain::work_order::OrderStep;
use crate::history::{ClockFigures, History, HotlineReport, NO_CALL_DATA, OrderReport, OrderRow};

fn about(category: &str) -> CallPatch {
    CallPatch { category: Some(Some(category.parse().unwrap())), ..CallPatch::default() }
}

async fn reports(desk: &Desk) -> (tempfile::TempDir, History, HotlineReport, OrderReport) {
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    history.write(&Arc::from("e1"), desk.lines()).await.unwrap();
    let (from, to) = ("2026-11-23".parse().unwrap(), "2026-12-20".parse().unwrap());
    let calendar = desk.hall.profile.calendar.clone();
    let hotline = history.hotline_report(from, to, calendar.clone()).await.unwrap();
    let orders = history.order_report(from, to, calendar).await.unwrap();
    (dir, history, hotline, orders)
}

#[tokio::test]
async fn calls_are_counted_by_hour_category_and_end() {
    let mut desk = Desk::new();
    let first = desk.call("13900000001", about("R1"));
    desk.passes(2);
    desk.end(first, Disposition::AnsweredDirectly);
    let second = desk.call("13900000002", about("R1"));
    desk.passes(1);
    desk.end(second, Disposition::AnsweredDirectly);
    desk.passes(120);
    let again = desk.call("13900000001", about("C1"));
    desk.end(again, Disposition::WorkOrder);
    let wrong = desk.call("13900000003", CallPatch::default());
    desk.end(wrong, Disposition::Invalid);
    let open = desk.call("13900000004", about("R1"));
    assert!(desk.hall.hotline.calls[&open].end.is_none());
    let (_dir, history, hotline, _) = reports(&desk).await;
    let hours: Vec<_> = hotline.hours.iter().map(|row| (row.hour.unwrap(), row.category.clone().unwrap(), row.calls)).collect();
    let row = |hour, category: &str, calls| (hour, category.to_owned(), calls);
    assert_eq!(hours, [row(10, "R1", 2), row(12, "", 1), row(12, "C1", 1), row(12, "R1", 1)]);
    let day = &hotline.totals[0].all;
    assert_eq!((day.calls, day.ended, day.answered_directly, day.work_order, day.invalid), (5, 4, 2, 1, 1));
    assert_eq!((day.repeats, day.repeat_share), (1, Some(0.2)), "the first number rang twice");
    assert_eq!((day.first_contact, day.first_contact_share), (1, Some(0.333)), "the first caller had to ring again");
    assert_eq!(day.mean_handling_s, Some(45));
    assert_eq!(hotline.days.iter().map(|row| row.calls).sum::<u32>(), 5);
    // What a corrected number says counts, not what was typed first.
    let corrected = CallPatch { caller_number: Some(None), ..CallPatch::default() };
    desk.ask(crate::domain::command::Command::ChangeCall { call: open, patch: Box::new(corrected) }, &staff(Role::Operator, "li")).unwrap();
    drop(history);
    let typed = desk.call("13900000004", about("R1"));
    desk.end(typed, Disposition::AnsweredDirectly);
    let (_dir, _, hotline, _) = reports(&desk).await;
    assert_eq!(hotline.totals[0].all.repeats, 1);
}

#[tokio::test]
async fn without_the_exchange_there_is_no_answer_rate() {
    let mut desk = Desk::new();
    let call = desk.call("13900000001", about("R1"));
    desk.end(call, Disposition::AnsweredDirectly);
    let (_dir, _, hotline, _) = reports(&desk).await;
    assert_eq!((hotline.totals[0].telephone, hotline.totals[0].telephone_note), (None, Some(NO_CALL_DATA)));
    let json = serde_json::to_value(&hotline).unwrap();
    assert_eq!((json["totals"][0]["telephone"].is_null(), &json["totals"][0]["telephone_note"]), (true, &NO_CALL_DATA.into()));
    let csv = hotline.table(Language::Zh).to_csv();
    assert!(csv.lines().last().unwrap().ends_with(&[NO_CALL_DATA; 7].join(",")), "{csv}");

    // The next day it speaks.
    desk.passes(24 * 60);
    for n in 0..5 {
        desk.signal(&format!("c{n}"), SignalState::Ringing, None);
    }
    for n in 0..3 {
        desk.passes(i64::from(n == 2));
        desk.signal(&format!("c{n}"), SignalState::Answered, None);
        desk.signal(&format!("c{n}"), SignalState::Ended, Some(HangupCause::NormalClearing));
        desk.signal(&format!("c{n}"), SignalState::Ended, Some(HangupCause::NormalClearing));
    }
    desk.signal("c3", SignalState::Ended, Some(HangupCause::Cancel));
    let (_dir, history, hotline, _) = reports(&desk).await;
    assert_eq!(hotline.totals.len(), 2, "a day with nothing but the exchange is a day");
    assert_eq!(hotline.totals[0].telephone, None);
    let told = hotline.totals[1].telephone.unwrap();
    assert_eq!((told.offered, told.answered, told.missed, told.lost), (5, 3, 1, 0));
    assert_eq!((told.answer_rate, told.within_15_s, told.within_15_s_rate), (Some(0.6), 2, Some(0.667)));
    // As the hall itself counted.
    let counts =
        desk.hall.hotline.telephone.counts(desk.now - chrono::TimeDelta::hours(12), desk.now + chrono::TimeDelta::hours(1)).unwrap();
    assert_eq!((counts.total.offered, counts.total.answered, counts.total.answered_within_15s), (5, 3, 2));
    let rows = |conn: &rusqlite::Connection| {
        Ok(conn.query_row("SELECT count(*), group_concat(merged) FROM phone_facts", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
        })?)
    };
    let (count, merged) = history.inner.base.read(rows).await.unwrap();
    assert_eq!(count, 5);
    assert!(!merged.contains("13900001111"), "who rang is not kept");
}

fn total(report: &OrderReport) -> OrderRow {
    let mut sum = OrderRow::default();
    for row in &report.totals {
        sum.created += row.created;
        sum.dispatched += row.dispatched;
        sum.closed += row.closed;
        sum.withdrawn += row.withdrawn;
        sum.reopened += row.reopened;
        sum.returned += row.returned;
        sum.callbacks += row.callbacks;
        sum.reached += row.reached;
        sum.rated += row.rated;
        sum.satisfied += row.satisfied;
        sum.unrated += row.unrated;
        sum.escalated += row.escalated;
        for (kind, figures) in &row.clocks {
            let of = sum.clocks.entry(kind).or_default();
            of.kept += figures.kept;
            of.breached += figures.breached;
        }
    }
    sum
}

#[tokio::test]
async fn orders_are_counted_from_their_beginning_to_their_call_back() {
    let mut desk = Desk::new();
    let begin = |desk: &mut Desk, number: &str| {
        let call = desk.call(number, about("R1"));
        desk.end(call, Disposition::WorkOrder).unwrap()
    };
    // In time, and praised.
    let good = begin(&mut desk, "13900000001");
    desk.passes(5);
    desk.work(good);
    desk.call_back(good, true, Some(5));
    // Accepted late, answered badly, done again and closed without a grade.
    let bad = begin(&mut desk, "13900000002");
    desk.passes(45);
    desk.work(bad);
    desk.call_back(bad, false, Some(2));
    desk.passes(5);
    desk.work(bad);
    desk.call_back(bad, true, None);
    // Sent back by its team, then taken back by the caller: no clock of these was kept.
    let returned = begin(&mut desk, "13900000003");
    desk.passes(5);
    desk.step(returned, OrderStep::Return { code: None, reason: Some(free("不归我们")) }, &staff(Role::Handler, "wang"));
    desk.step(returned, OrderStep::Withdraw { reason: free("不用了") }, &staff(Role::Operator, "li"));
    let (_dir, _, _, orders) = reports(&desk).await;
    let sum = total(&orders);
    assert_eq!((sum.created, sum.dispatched, sum.closed, sum.withdrawn), (3, 3, 2, 1));
    assert_eq!((sum.reopened, sum.returned), (1, 1));
    assert_eq!((sum.callbacks, sum.reached, sum.rated, sum.satisfied, sum.unrated), (3, 3, 2, 1, 1));
    let clock = |kind: &str| (sum.clocks[kind].kept, sum.clocks[kind].breached);
    assert_eq!(clock("accept"), (2, 1), "one was late, once, although it was told and then done");
    assert_eq!((clock("contact"), clock("arrive"), clock("resolve")), ((3, 0), (3, 0), (3, 0)));
    assert_eq!(clock("callback"), (3, 0), "the bad call-back was made in time as well");
    assert!(sum.escalated >= 1, "a breach climbs");
    let day = &orders.totals[0];
    assert_eq!((day.satisfaction, day.return_share), (Some(0.5), Some(0.333)));
    assert_eq!(day.clocks["accept"], ClockFigures { kept: 2, breached: 1, on_time_share: Some(0.667) });
    let teams: Vec<_> = orders.days.iter().map(|row| (row.team.clone().unwrap(), row.category.clone().unwrap(), row.returned)).collect();
    assert!(teams.contains(&("repair-east".to_owned(), "R1".to_owned(), 1)), "what was returned is the team's that returned it: {teams:?}");
    let table = orders.table(Language::En);
    assert!(table.rows.iter().all(|row| row.len() == table.header.len()));
    assert!(table.to_csv().contains("accept on-time share"));
    assert!(orders.table(Language::Zh).to_csv().contains("满意率"));
}

#[tokio::test]
async fn the_master_of_an_incident_is_not_among_the_unrated() {
    let mut desk = Desk::new();
    let facts = IncidentFacts {
        title: free("泵停"),
        communities: vec![free("阳光花园")],
        station: None,
        category: "R1".parse().unwrap(),
        script: None,
        expected_end: None,
    };
    let lead = staff(Role::Lead, "zhao");
    desk.ask(Command::OpenIncident { facts: Box::new(facts), call: None }, &lead).unwrap();
    let incident = desk.hall.hotline.open_incidents().next().unwrap().id;
    desk.passes(5);
    desk.ask(Command::ResolveIncident { incident, cause: "U1".parse().unwrap(), public_reply: free("已恢复") }, &lead).unwrap();
    let (_dir, _, _, orders) = reports(&desk).await;
    let sum = total(&orders);
    assert_eq!((sum.created, sum.closed, sum.unrated, sum.callbacks), (1, 1, 0, 0));
}

#[tokio::test]
async fn figures_are_bounded_and_forgotten_with_their_days() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        let call = desk.call("13900000001", about("R1"));
        desk.end(call, Disposition::WorkOrder);
        desk.signal(&format!("c{}", desk.hall.rev), SignalState::Ringing, None);
        desk.passes(24 * 60);
    }
    let (_dir, history, hotline, orders) = reports(&desk).await;
    assert!(hotline.totals.len() >= 3 && orders.totals.len() >= 3);
    let calendar = desk.hall.profile.calendar.clone();
    let (from, to) = ("2026-01-01".parse().unwrap(), "2027-01-02".parse().unwrap());
    assert!(matches!(history.hotline_report(from, to, calendar.clone()).await, Err(crate::history::HistoryError::BadQuery(_))));
    assert!(matches!(history.order_report(to, from, calendar.clone()).await, Err(crate::history::HistoryError::BadQuery(_))));
    let today = desk.hall.day.unwrap();
    history.retain(today, 1).await.unwrap();
    let to = "2026-12-31".parse().unwrap();
    let left = history.hotline_report(from, to, calendar.clone()).await.unwrap();
    let first = today.pred_opt().unwrap();
    assert!(left.totals.iter().all(|day| day.all.day.unwrap() >= first) && left.totals.iter().any(|day| day.all.calls > 0));
    assert!(history.order_report(from, to, calendar).await.unwrap().totals.iter().all(|row| row.day >= first));
}
