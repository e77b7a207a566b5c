//! What is too old is gone, from the rows and from the bytes; what is not, stays whole.

use std::sync::Arc;

use chrono::Duration;

use super::sim::{Op, Sim, WORDS, holds, open};
use crate::domain::text::Language;
use crate::history::{Forgotten, HistoryError, csv};

fn day_of(words: bool) -> Vec<Op> {
    let mut ops = Vec::new();
    for n in 0..12 {
        ops.push(Op::Issue { service: n % 3, class: 0, wait: Some((1, 5)) });
    }
    for n in 0..10 {
        ops.push(Op::Pass { s: 60 });
        // Every finish carries the words of a clerk.
        ops.push(Op::Next { counter: n % 2, outcome: 0 });
    }
    if !words {
        ops.retain(|op| !matches!(op, Op::Next { .. }));
    }
    ops.push(Op::Day);
    ops
}

#[tokio::test]
async fn old_days_are_forgotten_to_the_last_byte() {
    let mut ops = day_of(true);
    ops.extend(day_of(true));
    ops.extend(day_of(false));
    ops.extend(day_of(false));
    let sim = Sim::after(&ops);
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    history.write(&Arc::from("e1"), sim.lines()).await.unwrap();
    history.settle().await.unwrap();
    assert!(holds(dir.path(), WORDS));
    let today = sim.hall.day.unwrap();
    let days = history.days(10).await.unwrap();
    assert_eq!(days.len(), 4);
    assert_eq!(history.retain(today, 0).await, Err(HistoryError::BadQuery("at least one day has to be remembered")));
    assert_eq!(history.retain(today, 3).await.unwrap(), Forgotten::default(), "nothing is that old");

    let forgotten = history.retain(today, 1).await.unwrap();
    assert_eq!(forgotten.tickets, 24);
    assert_eq!(history.days(10).await.unwrap(), days[2..]);
    assert!(!holds(dir.path(), WORDS), "the bytes are still there");
    for (id, ticket) in &sim.tickets {
        let expected = (ticket.service_day >= days[2]).then_some(ticket);
        assert_eq!(history.ticket(*id).await.unwrap().as_ref(), expected);
    }
    let first = history.first_rev("e1").await.unwrap().unwrap();
    assert_eq!(first, forgotten.events + 1);
    assert_eq!(history.events("e1", 0, u64::MAX, 10).await, Err(HistoryError::Gone { first: Some(first) }));
    let kept = history.events("e1", first - 1, u64::MAX, 500).await.unwrap();
    assert_eq!(kept, sim.clean()[usize::try_from(first).unwrap() - 1..]);

    // However late, the open day stays, and the projector goes on.
    history.retain(today + Duration::days(5_000), 1).await.unwrap();
    assert_eq!(history.first_rev("e1").await.unwrap(), Some(sim.hall.day_opened_rev));
    let mut later = sim.clone();
    later.play(&Op::Issue { service: 0, class: 0, wait: None });
    history.write(&Arc::from("e1"), later.lines()[sim.events.len()..].to_vec()).await.unwrap();
    assert!(history.ticket(*later.tickets.keys().last().unwrap()).await.unwrap().is_some());
}

#[tokio::test]
async fn reports_are_bounded_and_can_be_read_by_a_spreadsheet() {
    let sim = Sim::after(&day_of(true));
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    history.write(&Arc::from("e1"), sim.lines()).await.unwrap();
    let (from, to) = sim.days();
    assert!(matches!(history.waits_report(to + Duration::days(1), to).await, Err(HistoryError::BadQuery(_))));
    assert!(matches!(history.waits_report(from, from + Duration::days(366)).await, Err(HistoryError::BadQuery(_))));
    let report = history.waits_report(from, from + Duration::days(365)).await.unwrap();
    let table = report.table(Language::Zh);
    assert_eq!(table.rows.len(), 3 + 1, "three services and the whole hall");
    assert!(table.rows.iter().all(|row| row.len() == table.header.len()));
    let text = csv::Table::to_csv(&history.forecast_report(from, to).await.unwrap().table(Language::En));
    assert!(text.starts_with("\u{FEFF}day,service,given,judged,kept,kept rate,mean error (min)\r\n"));
    assert!(text.contains(",all,12,"));
}
