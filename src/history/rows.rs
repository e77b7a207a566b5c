//! What one event changes in the derived tables; the same fold as the hall's own, written as SQL.

use rusqlite::{Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::project::to_db;
use super::{HistoryError, facts};
use crate::domain::event::{Event, EventBody, TicketRef};
use crate::domain::forecast::Range;
use crate::domain::ids::{CounterNo, TicketId};
use crate::domain::text::FreeText;
use crate::domain::ticket::{Finish, LegEnd};

/// The word of one of our enums or ids, as in JSON.
pub(super) fn word<T: Serialize>(value: &T) -> Result<String, HistoryError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(_) | Err(_) => Err(HistoryError::Damaged("a value is not a word".to_owned())),
    }
}

/// The enum or id with this word.
pub(super) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, HistoryError> {
    serde_json::from_value(serde_json::Value::String(word)).map_err(|e| HistoryError::Damaged(e.to_string()))
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<String, HistoryError> {
    serde_json::to_string(value).map_err(|e| HistoryError::Damaged(e.to_string()))
}

/// Where the rows of one event go.
struct Put<'t> {
    tx: &'t Transaction<'t>,
    segment: i64,
    event: &'t Event,
    rev: i64,
    at_ms: i64,
}

/// The current leg of a ticket: its last.
const LEG_NOW: &str = "segment = ?1 AND ticket = ?2 AND leg = (SELECT max(leg) FROM legs WHERE segment = ?1 AND ticket = ?2)";

/// Brings one event into the derived tables.
pub(super) fn put(tx: &Transaction<'_>, segment: i64, event: &Event) -> Result<(), HistoryError> {
    let put = Put { tx, segment, event, rev: to_db(event.rev)?, at_ms: event.at.timestamp_millis() };
    match &event.body {
        EventBody::DayOpened { service_day } => {
            // A day is opened once; the same day in a journal that begins anew is another row.
            let sql = "INSERT OR IGNORE INTO days (segment, day, rev, opened_at_ms) VALUES (?1, ?2, ?3, ?4)";
            tx.prepare_cached(sql)?.execute(params![segment, service_day.to_string(), put.rev, put.at_ms])?;
            facts::settle_phone(tx, put.at_ms)
        }
        EventBody::TicketIssued { .. } => put.issued(),
        EventBody::TicketCalled { of, .. } => put.called(of),
        EventBody::TicketRecalled { of, .. } => put.announced(of),
        EventBody::TicketStarted { of } => put.started(of),
        EventBody::TicketMissed { of } => put.missed(of),
        EventBody::TicketReinstated { of, .. } | EventBody::TicketPutBack { of, .. } => put.waits_again(of),
        EventBody::TicketParked { of } => put.parked(of),
        EventBody::TicketResumed { of } => put.resumed(of),
        EventBody::TicketTransferred { of, .. } => put.transferred(of),
        EventBody::TicketFinished { of, .. } => put.finished(of),
        EventBody::TicketCancelled { of } => put.closed(of, LegEnd::Cancelled, None),
        EventBody::TicketDayEnded { of } => put.closed(of, LegEnd::DayEnded, None),
        EventBody::TicketRated { of, grade } => {
            let sql = "UPDATE tickets SET rating = ?3 WHERE segment = ?1 AND ticket = ?2 AND state = 'closed'";
            tx.prepare_cached(sql)?.execute(params![segment, to_db(of.ticket.0)?, grade])?;
            Ok(())
        }
        EventBody::HallChanged { .. }
        | EventBody::HallCreated { .. }
        | EventBody::CounterOpened(_)
        | EventBody::CounterPaused(_)
        | EventBody::CounterResumed(_)
        | EventBody::CounterClosed(_)
        | EventBody::CounterPlanned { .. }
        | EventBody::ServiceOpened { .. }
        | EventBody::ServiceClosed { .. }
        | EventBody::NoticePosted { .. }
        | EventBody::NumbersSkipped { .. }
        | EventBody::NoticeRemoved { .. }
        | EventBody::AccountCreated { .. }
        | EventBody::AccountChanged { .. }
        | EventBody::AccountRemoved { .. }
        | EventBody::SessionStarted { .. }
        | EventBody::SessionEnded { .. }
        | EventBody::PairingStarted { .. }
        | EventBody::PairingApproved { .. }
        | EventBody::PairingEnded { .. }
        | EventBody::DeviceAdded { .. }
        | EventBody::DeviceRevoked { .. }
        | EventBody::Incident(_) => Ok(()),
        EventBody::Call(of) => facts::call(tx, segment, of, event),
        EventBody::Phone(of) => facts::phone(tx, segment, of, event),
        EventBody::Order(of) => facts::order(tx, segment, of, event),
    }
}

impl Put<'_> {
    /// Runs an update on one ticket: ?1 the segment, ?2 the ticket, then `more`.
    fn ticket(&self, of: &TicketRef, sql: &str, more: &[&dyn rusqlite::ToSql]) -> Result<(), HistoryError> {
        let ticket = to_db(of.ticket.0)?;
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![&self.segment, &ticket];
        values.extend_from_slice(more);
        self.tx.prepare_cached(sql)?.execute(values.as_slice())?;
        Ok(())
    }

    /// Runs an update on the current leg of one ticket.
    fn leg(&self, of: &TicketRef, set: &str, more: &[&dyn rusqlite::ToSql]) -> Result<(), HistoryError> {
        self.ticket(of, &format!("UPDATE legs SET {set} WHERE {LEG_NOW}"), more)
    }

    fn issued(&self) -> Result<(), HistoryError> {
        let EventBody::TicketIssued { ticket, number, service, class, language, service_day, source, late, wait, .. } = &self.event.body
        else {
            return Ok(());
        };
        let id = to_db(ticket.0)?;
        // A later history tells this ticket anew.
        let again = "UPDATE tickets SET superseded = 1 WHERE ticket = ?1 AND number = ?2 AND issued_at_ms = ?3 AND segment < ?4";
        self.tx.prepare_cached(again)?.execute(params![id, &**number, self.at_ms, self.segment])?;
        let (day, class) = (service_day.to_string(), word(class)?);
        let insert = "INSERT INTO tickets (segment, ticket, day, number, service, class, language, source, late, issued_at_ms, state)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'waiting')";
        self.tx.prepare_cached(insert)?.execute(params![
            self.segment,
            id,
            day,
            &**number,
            service.as_str(),
            class,
            word(language)?,
            &**source,
            late,
            self.at_ms
        ])?;
        self.join(*ticket, service.as_str(), None)?;
        match wait {
            Some(range) => self.told(id, &day, service.as_str(), &class, *range),
            None => Ok(()),
        }
    }

    fn told(&self, ticket: i64, day: &str, service: &str, class: &str, range: Range) -> Result<(), HistoryError> {
        let insert = "INSERT INTO forecasts (segment, ticket, day, service, class, low_min, high_min, told_at_ms)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![self.segment, ticket, day, service, class, range.low_min, range.high_min, self.at_ms];
        self.tx.prepare_cached(insert)?.execute(values)?;
        Ok(())
    }

    /// Begins a leg.
    fn join(&self, ticket: TicketId, service: &str, reserved: Option<&str>) -> Result<(), HistoryError> {
        let insert = "INSERT INTO legs (segment, ticket, leg, service, reserved, joined_at_ms)
                      SELECT ?1, ?2, coalesce((SELECT max(leg) + 1 FROM legs WHERE segment = ?1 AND ticket = ?2), 0), ?3, ?4, ?5
                      WHERE EXISTS (SELECT 1 FROM tickets WHERE segment = ?1 AND ticket = ?2)";
        let values = params![self.segment, to_db(ticket.0)?, service, reserved, self.at_ms];
        self.tx.prepare_cached(insert)?.execute(values)?;
        Ok(())
    }

    fn called(&self, of: &TicketRef) -> Result<(), HistoryError> {
        let EventBody::TicketCalled { service, why, .. } = &self.event.body else { return Ok(()) };
        self.judge(of)?;
        self.ticket(of, "UPDATE tickets SET calls = 0 WHERE segment = ?1 AND ticket = ?2", &[])?;
        let by = &*self.event.by.actor;
        let insert = "INSERT INTO calls (segment, ticket, rev, at_ms, service, counter, \"by\", why)
                      SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
                      WHERE EXISTS (SELECT 1 FROM tickets WHERE segment = ?1 AND ticket = ?2)";
        let counter = of.counter.as_ref().map(CounterNo::as_str);
        self.ticket(of, insert, &[&self.rev, &self.at_ms, &service.as_str(), &counter, &by, &json(why)?])?;
        self.leg(of, "clerk = ?3", &[&by])?;
        self.announced(of)
    }

    /// The first call tells what became of the wait that was told.
    fn judge(&self, of: &TicketRef) -> Result<(), HistoryError> {
        let sql = "UPDATE forecasts SET called_at_ms = ?3, waited_ms = max(?3 - told_at_ms, 0),
                          kept = max(?3 - told_at_ms, 0) <= high_min * 60000
                   WHERE segment = ?1 AND ticket = ?2 AND called_at_ms IS NULL
                     AND NOT EXISTS (SELECT 1 FROM legs WHERE segment = ?1 AND ticket = ?2 AND (leg > 0 OR called_at_ms IS NOT NULL))";
        self.ticket(of, sql, &[&self.at_ms])
    }

    /// A call or recall: the ticket is at the counter.
    fn announced(&self, of: &TicketRef) -> Result<(), HistoryError> {
        let Some(no) = of.counter.as_ref().map(CounterNo::as_str) else { return Ok(()) };
        let sql = "UPDATE tickets SET state = 'called', counter = ?3, calls = calls + 1, called_at_ms = ?4
                   WHERE segment = ?1 AND ticket = ?2";
        self.ticket(of, sql, &[&no, &self.at_ms])?;
        self.leg(of, "counter = ?3, called_at_ms = coalesce(called_at_ms, ?4)", &[&no, &self.at_ms])
    }

    fn started(&self, of: &TicketRef) -> Result<(), HistoryError> {
        self.ticket(of, "UPDATE tickets SET state = 'serving' WHERE segment = ?1 AND ticket = ?2", &[])?;
        self.leg(of, "started_at_ms = coalesce(started_at_ms, ?3), clerk = ?4", &[&self.at_ms, &&*self.event.by.actor])
    }

    fn missed(&self, of: &TicketRef) -> Result<(), HistoryError> {
        self.ticket(of, "UPDATE tickets SET state = 'missed', counter = NULL WHERE segment = ?1 AND ticket = ?2", &[])?;
        self.leg(of, "misses = misses + 1", &[])
    }

    fn waits_again(&self, of: &TicketRef) -> Result<(), HistoryError> {
        self.ticket(of, "UPDATE tickets SET state = 'waiting', counter = NULL WHERE segment = ?1 AND ticket = ?2", &[])
    }

    fn parked(&self, of: &TicketRef) -> Result<(), HistoryError> {
        let reason = of.reason.as_ref().map(FreeText::as_str);
        self.ticket(of, "UPDATE tickets SET state = 'parked', park_reason = ?3 WHERE segment = ?1 AND ticket = ?2", &[&reason])
    }

    fn resumed(&self, of: &TicketRef) -> Result<(), HistoryError> {
        let no = of.counter.as_ref().map(CounterNo::as_str);
        let sql = "UPDATE tickets SET state = 'called', counter = ?3, called_at_ms = ?4, park_reason = NULL
                   WHERE segment = ?1 AND ticket = ?2";
        self.ticket(of, sql, &[&no, &self.at_ms])?;
        self.leg(of, "counter = ?3, clerk = ?4", &[&no, &&*self.event.by.actor])
    }

    fn transferred(&self, of: &TicketRef) -> Result<(), HistoryError> {
        let EventBody::TicketTransferred { to, to_counter, .. } = &self.event.body else { return Ok(()) };
        self.end_leg(of, LegEnd::Transferred)?;
        let sql = "UPDATE tickets SET state = 'waiting', counter = NULL, called_at_ms = NULL, calls = 0, service = ?3
                   WHERE segment = ?1 AND ticket = ?2";
        self.ticket(of, sql, &[&to.as_str()])?;
        self.join(of.ticket, to.as_str(), to_counter.as_ref().map(CounterNo::as_str))
    }

    fn end_leg(&self, of: &TicketRef, end: LegEnd) -> Result<(), HistoryError> {
        self.leg(of, "ended_at_ms = ?3, \"end\" = ?4", &[&self.at_ms, &word(&end)?])
    }

    fn finished(&self, of: &TicketRef) -> Result<(), HistoryError> {
        let EventBody::TicketFinished { outcome, solution, materials, checks, .. } = &self.event.body else { return Ok(()) };
        let finish = Finish {
            outcome: *outcome,
            reason: of.reason.clone(),
            solution: solution.clone(),
            materials: materials.clone(),
            checks: checks.clone(),
        };
        self.closed(of, LegEnd::Finished, Some(&finish))
    }

    fn closed(&self, of: &TicketRef, end: LegEnd, finish: Option<&Finish>) -> Result<(), HistoryError> {
        self.end_leg(of, end)?;
        let outcome = finish.map(|finish| word(&finish.outcome)).transpose()?;
        let finish = finish.map(json).transpose()?;
        let sql = "UPDATE tickets SET state = 'closed', outcome = ?3, finish = ?4, ended_by = ?5, rating = NULL
                   WHERE segment = ?1 AND ticket = ?2";
        self.ticket(of, sql, &[&outcome, &finish, &&*self.event.by.actor])
    }
}
