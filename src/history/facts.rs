//! What one event of the hotline, the exchange or a work order counts for in reports.

use rusqlite::{OptionalExtension, Transaction, params};

use super::HistoryError;
use super::project::to_db;
use super::records::order_key;
use super::rows::word;
use crate::domain::event::Event;
use crate::domain::hotline_event::{CallEvent, PhoneEvent};
use crate::domain::ids::{CategoryId, HotlineCallId, OrderNo, PhoneCallId, TeamId};
use crate::domain::sla::ClockKind;
use crate::domain::telephone::{PhoneCall, Signal, Tally};
use crate::domain::work_order::{OrderChange, OrderEvent, ReopenCause};

/// How long more may be told of a call of the exchange, in milliseconds: over a weekend.
const PHONE_OPEN_MS: i64 = 72 * 3_600_000;

fn damaged(error: impl std::fmt::Display) -> HistoryError {
    HistoryError::Damaged(error.to_string())
}

/// A call of the hotline.
pub(super) fn call(tx: &Transaction<'_>, segment: i64, of: &CallEvent, event: &Event) -> Result<(), HistoryError> {
    let at_ms = event.at.timestamp_millis();
    match of {
        CallEvent::Logged { call, changes, .. } => {
            let id = to_db(call.0)?;
            let again = "UPDATE call_facts SET superseded = 1 WHERE call = ?1 AND logged_at_ms = ?2 AND segment < ?3";
            tx.prepare_cached(again)?.execute(params![id, at_ms, segment])?;
            let insert = "INSERT INTO call_facts (segment, call, logged_at_ms) VALUES (?1, ?2, ?3)";
            tx.prepare_cached(insert)?.execute(params![segment, id, at_ms])?;
            categorised(tx, segment, *call, changes.category.as_ref())
        }
        CallEvent::Changed { call, changes } => categorised(tx, segment, *call, changes.category.as_ref()),
        CallEvent::Ended { call, end } => {
            let sql = "UPDATE call_facts SET ended_at_ms = ?3, disposition = ?4 WHERE segment = ?1 AND call = ?2";
            tx.prepare_cached(sql)?.execute(params![segment, to_db(call.0)?, at_ms, word(&end.disposition)?])?;
            Ok(())
        }
        CallEvent::Archived { .. } => Ok(()),
    }
}

fn categorised(tx: &Transaction<'_>, segment: i64, call: HotlineCallId, to: Option<&Option<CategoryId>>) -> Result<(), HistoryError> {
    let Some(category) = to else { return Ok(()) };
    let category = category.as_ref().map(CategoryId::as_str);
    let sql = "UPDATE call_facts SET category = ?3 WHERE segment = ?1 AND call = ?2";
    tx.prepare_cached(sql)?.execute(params![segment, to_db(call.0)?, category])?;
    Ok(())
}

/// A call of the exchange. Who rang is not kept.
pub(super) fn phone(tx: &Transaction<'_>, segment: i64, of: &PhoneEvent, event: &Event) -> Result<(), HistoryError> {
    match of {
        PhoneEvent::Signalled { phone_call, signal } => signalled(tx, segment, *phone_call, signal, event),
        PhoneEvent::Handled { .. } | PhoneEvent::Lapsed { .. } => Ok(()),
    }
}

fn signalled(tx: &Transaction<'_>, segment: i64, id: PhoneCallId, signal: &Signal, event: &Event) -> Result<(), HistoryError> {
    let signal = Signal { caller: None, callee: None, ..signal.clone() };
    let key = to_db(id.0)?;
    let find = "SELECT merged FROM phone_facts WHERE segment = ?1 AND phone_call = ?2";
    let held: Option<Option<String>> = tx.prepare_cached(find)?.query_row(params![segment, key], |row| row.get(0)).optional()?;
    let call = match held {
        Some(Some(json)) => {
            let mut call: PhoneCall = serde_json::from_str(&json).map_err(damaged)?;
            call.merge(&signal, event.at);
            call
        }
        Some(None) => return Ok(()),
        None => {
            let again = "UPDATE phone_facts SET superseded = 1 WHERE phone_call = ?1 AND seen_at_ms = ?2 AND segment < ?3";
            tx.prepare_cached(again)?.execute(params![key, event.at.timestamp_millis(), segment])?;
            PhoneCall::begin(id, &signal, event.at)
        }
    };
    let Tally { offered, answered, wait_known, answered_within_15s, missed, forwarded, lost: _ } = Tally::of(&call);
    let insert = "INSERT OR REPLACE INTO phone_facts (segment, phone_call, seen_at_ms, began_at_ms, over, offered, answered, wait_known,
                                                      within_15_s, missed, forwarded, merged)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    tx.prepare_cached(insert)?.execute(params![
        segment,
        key,
        call.first_seen.timestamp_millis(),
        call.began_at().timestamp_millis(),
        call.is_over(),
        offered,
        answered,
        wait_known,
        answered_within_15s,
        missed,
        forwarded,
        serde_json::to_string(&call).map_err(damaged)?
    ])?;
    Ok(())
}

/// The day turns: of old calls of the exchange nothing more is told.
pub(super) fn settle_phone(tx: &Transaction<'_>, at_ms: i64) -> Result<(), HistoryError> {
    let sql = "UPDATE phone_facts SET merged = NULL WHERE merged IS NOT NULL AND seen_at_ms < ?1";
    tx.prepare_cached(sql)?.execute([at_ms - PHONE_OPEN_MS])?;
    Ok(())
}

/// An order before the event.
#[derive(Default)]
struct Now {
    team: Option<String>,
    category: Option<String>,
    /// Clocks that were told to be late, by name, with commas.
    late: Vec<String>,
    graded: bool,
}

/// Counts one event of one order.
struct Count<'t> {
    tx: &'t Transaction<'t>,
    segment: i64,
    event: &'t Event,
    now: Now,
    seq: u32,
}

/// A line of what reports count.
#[derive(Default)]
struct Mark<'a> {
    what: &'a str,
    clock: Option<ClockKind>,
    reached: Option<bool>,
    grade: Option<u8>,
    /// Another team than the one that has it now.
    team: Option<&'a TeamId>,
}

/// A work order.
pub(super) fn order(tx: &Transaction<'_>, segment: i64, of: &OrderEvent, event: &Event) -> Result<(), HistoryError> {
    let now = if matches!(of.change, OrderChange::Created { .. }) { Now::default() } else { before(tx, segment, of.no)? };
    let mut count = Count { tx, segment, event, now, seq: 0 };
    count.follow(of);
    count.marks(of)?;
    count.clocks(of)?;
    count.keep(of)
}

fn before(tx: &Transaction<'_>, segment: i64, no: OrderNo) -> Result<Now, HistoryError> {
    let find = "SELECT team, category, late, graded FROM order_now WHERE segment = ?1 AND key = ?2";
    let found = tx.prepare_cached(find)?.query_row(params![segment, order_key(no)?], |row| {
        let late: String = row.get(2)?;
        let late = late.split(',').filter(|kind| !kind.is_empty()).map(ToOwned::to_owned).collect();
        Ok(Now { team: row.get(0)?, category: row.get(1)?, late, graded: row.get(3)? })
    });
    Ok(found.optional()?.unwrap_or_default())
}

impl Count<'_> {
    /// Whose it is and what it is about, after the event.
    fn follow(&mut self, of: &OrderEvent) {
        if let Some(team) = &of.team {
            self.now.team = Some(team.to_string());
        }
        if let OrderChange::Created { order } = &of.change {
            self.now.category = Some(order.category.to_string());
        } else if let OrderChange::Dispatched { category: Some(category), .. } = &of.change {
            self.now.category = Some(category.to_string());
        }
    }

    fn marks(&mut self, of: &OrderEvent) -> Result<(), HistoryError> {
        let plain = |what| Mark { what, ..Mark::default() };
        if let OrderChange::Created { .. } = &of.change {
            self.mark(&plain("created"))
        } else if let OrderChange::Dispatched { .. } | OrderChange::Reassigned { .. } = &of.change {
            self.mark(&plain("dispatched"))
        } else if let OrderChange::Closed { no_customer, .. } = &of.change {
            let graded = std::mem::take(&mut self.now.graded);
            // Nobody could have graded an incident's master: it is not among the unrated.
            self.mark(&Mark { grade: (!no_customer).then_some(graded.into()), ..plain("closed") })
        } else if let OrderChange::Withdrawn { .. } = &of.change {
            self.mark(&plain("withdrawn"))
        } else if let OrderChange::Reopened { .. } = &of.change {
            self.now.graded = false;
            self.mark(&plain("reopened"))
        } else if let OrderChange::Returned { returned } = &of.change {
            self.mark(&Mark { team: returned.team.as_ref(), ..plain("returned") })?;
            self.now.team = of.team.as_ref().map(ToString::to_string);
            Ok(())
        } else if let OrderChange::CalledBack { callback } = &of.change {
            self.now.graded |= callback.grade.is_some();
            self.mark(&Mark { reached: Some(callback.reached), grade: callback.grade, ..plain("callback") })
        } else if let OrderChange::Escalated { .. } = &of.change {
            self.mark(&plain("escalated"))
        } else if let OrderChange::ClockBreached { clock, .. } = &of.change {
            self.now.late.push(clock.word().to_owned());
            self.mark(&Mark { clock: Some(*clock), ..plain("breached") })
        } else {
            Ok(())
        }
    }

    /// Each run of a clock counts once: as kept when its thing happened in time, as breached when it was told to be late, or
    /// when its thing happened late before anybody was told.
    fn clocks(&mut self, of: &OrderEvent) -> Result<(), HistoryError> {
        for (kind, clock) in of.clocks.iter() {
            let told = self.now.late.iter().any(|late| late == kind.word());
            if told && clock.breached_at.is_none() {
                // A new run.
                self.now.late.retain(|late| late != kind.word());
            }
            if clock.done_at.is_none() || !happened(&of.change, kind) || (told && clock.was_late()) {
                continue;
            }
            let what = if clock.was_late() { "breached" } else { "kept" };
            self.mark(&Mark { what, clock: Some(kind), ..Mark::default() })?;
        }
        Ok(())
    }

    fn mark(&mut self, mark: &Mark<'_>) -> Result<(), HistoryError> {
        let insert = "INSERT OR IGNORE INTO order_marks (at_ms, rev, seq, team, category, what, clock, reached, grade)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let team = mark.team.map(TeamId::as_str).or(self.now.team.as_deref());
        self.tx.prepare_cached(insert)?.execute(params![
            self.event.at.timestamp_millis(),
            to_db(self.event.rev)?,
            self.seq,
            team,
            self.now.category,
            mark.what,
            mark.clock.map(ClockKind::word),
            mark.reached,
            mark.grade
        ])?;
        self.seq += 1;
        Ok(())
    }

    fn keep(&self, of: &OrderEvent) -> Result<(), HistoryError> {
        let key = order_key(of.no)?;
        if matches!(of.change, OrderChange::Archived { .. }) {
            let delete = "DELETE FROM order_now WHERE segment = ?1 AND key = ?2";
            self.tx.prepare_cached(delete)?.execute(params![self.segment, key])?;
            return Ok(());
        }
        let Now { team, category, late, graded } = &self.now;
        let insert = "INSERT OR REPLACE INTO order_now (segment, key, team, category, late, graded) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.tx.prepare_cached(insert)?.execute(params![self.segment, key, team, category, late.join(","), graded])?;
        Ok(())
    }
}

/// Whether what a clock measures has happened with this event: clocks also end with an order that is merged or withdrawn.
fn happened(change: &OrderChange, kind: ClockKind) -> bool {
    if let OrderChange::Accepted { .. } = change {
        kind == ClockKind::Accept
    } else if let OrderChange::Contacted { .. } = change {
        kind == ClockKind::Contact
    } else if let OrderChange::Arrived { .. } = change {
        kind == ClockKind::Arrive
    } else if let OrderChange::Resolved { .. } = change {
        kind == ClockKind::Resolve
    } else if let OrderChange::Replied { .. } = change {
        kind == ClockKind::Reply
    } else if let OrderChange::Closed { .. } | OrderChange::Reopened { cause: ReopenCause::NotSolved | ReopenCause::LowGrade, .. } = change
    {
        kind == ClockKind::Callback
    } else {
        false
    }
}
