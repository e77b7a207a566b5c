//! The rows against the hall's own fold.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::sim::{CANARY, Sim, dump, holds, open, ops, run};
use crate::domain::event::EventBody;
use crate::domain::forecast::Range;
use crate::domain::ids::ServiceId;
use crate::domain::ticket::Ticket;
use crate::history::project::{self, Line};
use crate::history::{EVENTS_PAGE_MAX, History, HistoryError, TICKETS_PAGE_MAX, TicketQuery};

fn epoch() -> Arc<str> {
    "e1".into()
}

async fn all_events(history: &History) -> Vec<crate::domain::event::Event> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or(0, |event: &crate::domain::event::Event| event.rev);
        let page = history.events("e1", after, u64::MAX, EVENTS_PAGE_MAX).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn check_tickets(history: &History, sim: &Sim) {
    for (id, ticket) in &sim.tickets {
        assert_eq!(history.ticket(*id).await.unwrap().as_ref(), Some(ticket));
    }
    let mut listed = 0;
    for day in history.days(100).await.unwrap() {
        let query = TicketQuery { day, state: None, service: None, number: None, after: None, limit: TICKETS_PAGE_MAX };
        for ticket in history.tickets(query.clone()).await.unwrap() {
            assert_eq!(Some(&ticket), sim.tickets.get(&ticket.id));
            let one = TicketQuery {
                state: Some(ticket.state),
                service: Some(ticket.service().clone()),
                number: Some(ticket.number.to_string()),
                ..query.clone()
            };
            assert_eq!(history.tickets(one).await.unwrap(), std::slice::from_ref(&ticket));
            let numbered = history.tickets_numbered(&ticket.number, TICKETS_PAGE_MAX).await.unwrap();
            assert!(numbered.contains(&ticket) && numbered.iter().all(|one| one.number == ticket.number));
            assert!(numbered.is_sorted_by_key(|one| std::cmp::Reverse(one.issued_at)));
            listed += 1;
        }
    }
    assert_eq!(listed, sim.tickets.len());
}

/// The reports against what the hall counted, and against sums over the raw events.
async fn check_reports(history: &History, sim: &Sim) {
    let mut sim = sim.clone();
    sim.note_day();
    let (from, to) = sim.days();
    let waits = history.waits_report(from, to).await.unwrap();
    for row in &waits.days {
        let tally = sim.tallies.get(&(row.day, row.service.clone().unwrap())).cloned().unwrap_or_default();
        let counted = (row.issued, row.served, row.missed, row.cancelled);
        assert_eq!(counted, (tally.issued, tally.served, tally.missed, tally.cancelled), "{row:?}");
    }
    assert_eq!(waits.days.iter().map(|row| row.issued).sum::<u32>(), waits.totals.iter().map(|row| row.issued).sum::<u32>());
    for row in &waits.totals {
        let legs = sim.tickets.values().filter(|t| t.service_day == row.day).flat_map(Ticket::legs);
        let mut all: Vec<i64> = legs.filter_map(|leg| Some((leg.called_at? - leg.joined_at).num_milliseconds().max(0))).collect();
        all.sort_unstable();
        assert_eq!(usize::try_from(row.called).unwrap(), all.len());
        assert_eq!(row.wait_max_s.map(i64::from), all.last().map(|ms| ms / 1_000));
        assert_eq!(row.wait_median_s.map(i64::from), all.len().checked_sub(1).map(|last| all[last / 2] / 1_000));
    }
    let forecast = history.forecast_report(from, to).await.unwrap();
    let summed = promises(&sim);
    assert_eq!(forecast.days.iter().map(|row| row.given).sum::<u32>(), summed.values().map(|(given, ..)| given).sum::<u32>());
    for row in &forecast.days {
        let (given, judged, kept) = summed[&(row.day, row.service.clone().unwrap())];
        assert_eq!((row.given, row.judged, row.kept), (given, judged, kept));
    }
    for row in &forecast.totals {
        assert_eq!((row.judged, row.kept), sim.promises[&row.day], "as the hall's own calibration counted");
    }
}

/// Given, judged and kept, from the events alone.
fn promises(sim: &Sim) -> BTreeMap<(chrono::NaiveDate, ServiceId), (u32, u32, u32)> {
    let mut told = BTreeMap::new();
    let mut sums: BTreeMap<_, (u32, u32, u32)> = BTreeMap::new();
    for event in &sim.events {
        if let EventBody::TicketIssued { ticket, service, service_day, wait: Some(range), .. } = &event.body {
            told.insert(*ticket, (*service_day, service.clone(), event.at, *range));
            sums.entry((*service_day, service.clone())).or_default().0 += 1;
        } else if let EventBody::TicketTransferred { of, .. } = &event.body {
            // Only the first service's first call was promised.
            told.remove(&of.ticket);
        } else if let EventBody::TicketCalled { of, .. } = &event.body
            && let Some((day, service, at, range)) = told.remove(&of.ticket)
        {
            let waited_ms = (event.at - at).num_milliseconds().max(0);
            let sum = sums.entry((day, service)).or_default();
            sum.1 += 1;
            sum.2 += u32::from(Range::kept(range, waited_ms));
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever happens, in whatever batches, sent again or not, with restarts in between: the rows are the hall's own fold.
    #[test]
    fn rows_are_the_fold_of_the_events(ops in ops(120), cuts in proptest::collection::vec((1_usize..40, 0_usize..10, any::<bool>()), 1..30)) {
        let sim = Sim::after(&ops);
        let lines = sim.lines();
        let dir = tempfile::tempdir().unwrap();
        run(async {
            let mut history = open(dir.path()).await;
            let (mut done, mut cuts) = (0, cuts.iter().cycle());
            while done < lines.len() {
                let (size, again, restart) = *cuts.next().unwrap();
                let end = (done + size).min(lines.len());
                let sent: Vec<Line> = lines[done.saturating_sub(again)..end].to_vec();
                history.write(&epoch(), sent).await.unwrap();
                done = end;
                if restart {
                    history.settle().await.unwrap();
                    drop(history);
                    history = open(dir.path()).await;
                }
            }
            assert_eq!(all_events(&history).await, sim.clean());
            check_tickets(&history, &sim).await;
            check_reports(&history, &sim).await;
            let before = dump(&history).await;
            history.write(&epoch(), lines.clone()).await.unwrap();
            assert_eq!(dump(&history).await, before, "the same again changes nothing");
            history.inner.base.write(project::derive_all).await.unwrap();
            assert_eq!(dump(&history).await, before, "made again from the events, the rows are the same");
            history.settle().await.unwrap();
            assert!(!holds(dir.path(), CANARY), "a secret lies in the history");
        });
    }

    /// A batch is there as a whole or not at all, wherever its writing ends.
    #[test]
    fn half_a_batch_leaves_nothing(ops in ops(60), half in 0.0_f64..1.0) {
        let sim = Sim::after(&ops);
        let lines = sim.lines();
        let dir = tempfile::tempdir().unwrap();
        run(async {
            let history = open(dir.path()).await;
            let split = lines.len() / 2;
            history.write(&epoch(), lines[..split].to_vec()).await.unwrap();
            let before = dump(&history).await;
            let rest = lines[split..].to_vec();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, clippy::as_conversions, reason = "a share of a small count")]
            let part = (rest.len() as f64 * half) as usize;
            let begun = rest[..part].to_vec();
            history.inner.base.write(move |conn| {
                let tx = project::begin(conn)?;
                let segment = project::segment(&tx, "e1")?.unwrap();
                project::take(&tx, segment, &begun)?;
                // The process ends here: what was not committed is not there.
                Ok(())
            }).await.unwrap();
            assert_eq!(dump(&history).await, before);
            drop(history);
            let history = open(dir.path()).await;
            assert_eq!(dump(&history).await, before);
            history.write(&epoch(), rest).await.unwrap();
            check_tickets(&history, &sim).await;
        });
    }
}

#[tokio::test]
async fn a_missing_revision_is_refused_with_its_batch() {
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let mut lines = Sim::new().lines();
    assert!(lines.len() >= 4);
    lines.remove(2);
    let refused = history.write(&epoch(), lines).await;
    assert_eq!(refused, Err(HistoryError::Gap { expected: 3, got: 4 }));
    assert_eq!(dump(&history).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_revision_told_differently_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let mut lines = Sim::new().lines();
    history.write(&epoch(), lines.clone()).await.unwrap();
    let last = lines.last_mut().unwrap();
    let other = crate::domain::event::Event { at: last.event.at + chrono::Duration::seconds(1), ..(*last.event).clone() };
    *last = Line { json: serde_json::to_string(&other).unwrap().into(), event: Arc::new(other) };
    let rev = last.event.rev;
    assert_eq!(history.write(&epoch(), lines).await, Err(HistoryError::Diverged { rev }));
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(crate::history::FILE);
    drop(open(dir.path()).await);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = History::open(crate::history::Options { path }).await.err();
    assert_eq!(refused, Some(HistoryError::TooNew));
}

#[tokio::test]
async fn a_copy_is_whole_private_and_never_over_another_file() {
    let dir = tempfile::tempdir().unwrap();
    let history = open(dir.path()).await;
    let lines = Sim::new().lines();
    history.write(&epoch(), lines.clone()).await.unwrap();
    let into = dir.path().join("copy");
    std::fs::create_dir(&into).unwrap();
    let file = into.join(crate::history::FILE);
    history.copy_to(file.clone()).await.unwrap();
    assert!(matches!(history.copy_to(file.clone()).await, Err(HistoryError::Database(_))));
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let copy = open(&into).await;
    assert_eq!(dump(&copy).await, dump(&history).await);
    copy.write(&epoch(), lines).await.unwrap();
}
