//! Answers from what is remembered: events older than the journal, tickets of earlier days.

use chrono::NaiveDate;
use rusqlite::{Connection, params};

use super::project::{self, from_db, to_db};
use super::{History, HistoryError, ticket};
use crate::domain::event::Event;
use crate::domain::ids::{ServiceId, TicketId};
use crate::domain::ticket::{Ticket, TicketState};

/// Events given at once at most.
pub const EVENTS_PAGE_MAX: usize = 500;
/// Tickets given at once at most.
pub const TICKETS_PAGE_MAX: usize = 500;

/// Which tickets of a day are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketQuery {
    pub day: NaiveDate,
    pub state: Option<TicketState>,
    /// Where it is, or was last.
    pub service: Option<ServiceId>,
    pub number: Option<String>,
    /// Only ids behind this one; they are in the order of their ids.
    pub after: Option<TicketId>,
    /// At most this many; never more than [`TICKETS_PAGE_MAX`].
    pub limit: usize,
}

pub(super) fn rows_max(limit: usize, most: usize) -> i64 {
    i64::try_from(limit.clamp(1, most)).unwrap_or(1)
}

impl History {
    /// The oldest revision of the journal `epoch` from which on every event is remembered, up to the cursor; `None` where
    /// nothing is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn first_rev(&self, epoch: &str) -> Result<Option<u64>, HistoryError> {
        let epoch = epoch.to_owned();
        let look = move |conn: &Connection| Ok(project::segment(conn, &epoch)?.filter(|s| s.rev >= s.first).map(|s| s.first));
        self.inner.base.read(look).await
    }

    /// At most `limit` events of the journal `epoch` after `after` and before `before`, in order, none missing, their secrets
    /// blanked. Empty where nothing lies between, or nothing is remembered yet.
    ///
    /// # Errors
    /// [`HistoryError::Gone`] when the event after `after` is not remembered any more.
    pub async fn events(&self, epoch: &str, after: u64, before: u64, limit: usize) -> Result<Vec<Event>, HistoryError> {
        let epoch = epoch.to_owned();
        self.inner.base.read(move |conn| events(conn, &epoch, after, before, limit)).await
    }

    /// The tickets of a day, in the order of their ids.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn tickets(&self, query: TicketQuery) -> Result<Vec<Ticket>, HistoryError> {
        self.inner.base.read(move |conn| tickets(conn, &query)).await
    }

    /// The tickets with this number, of whatever day, the latest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn tickets_numbered(&self, number: &str, limit: usize) -> Result<Vec<Ticket>, HistoryError> {
        let number = number.to_owned();
        let look = move |conn: &Connection| {
            let sql = "SELECT segment, ticket FROM tickets WHERE number = ?1 AND superseded = 0 ORDER BY issued_at_ms DESC LIMIT ?2";
            let mut find = conn.prepare_cached(sql)?;
            let values = params![number, rows_max(limit, TICKETS_PAGE_MAX)];
            let keys: Vec<(i64, i64)> = find.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            let found = keys.into_iter().map(|(segment, id)| ticket::load(conn, segment, id));
            found.filter_map(Result::transpose).collect()
        };
        self.inner.base.read(look).await
    }

    /// The ticket with this id, of the latest history that knows it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn ticket(&self, id: TicketId) -> Result<Option<Ticket>, HistoryError> {
        self.inner.base.read(move |conn| ticket::by_id(conn, id)).await
    }

    /// The service days that are remembered, oldest first, at most `limit` of the latest.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn days(&self, limit: usize) -> Result<Vec<NaiveDate>, HistoryError> {
        let look = move |conn: &Connection| {
            let mut find = conn.prepare_cached("SELECT DISTINCT day FROM days ORDER BY day DESC LIMIT ?1")?;
            let found = find.query_map([rows_max(limit, TICKETS_PAGE_MAX)], |row| row.get::<_, String>(0))?;
            let mut days = Vec::new();
            for day in found {
                days.push(ticket::day(&day?)?);
            }
            days.reverse();
            Ok(days)
        };
        self.inner.base.read(look).await
    }
}

fn events(conn: &Connection, epoch: &str, after: u64, before: u64, limit: usize) -> Result<Vec<Event>, HistoryError> {
    let Some(segment) = project::segment(conn, epoch)? else { return Ok(Vec::new()) };
    let before = before.min(segment.rev + 1);
    if after.saturating_add(1) >= before {
        return Ok(Vec::new());
    }
    if after.saturating_add(1) < segment.first {
        return Err(HistoryError::Gone { first: Some(segment.first) });
    }
    let mut find =
        conn.prepare_cached("SELECT rev, json FROM events WHERE segment = ?1 AND rev > ?2 AND rev < ?3 ORDER BY rev LIMIT ?4")?;
    let mut found = find.query(params![segment.no, to_db(after)?, to_db(before)?, rows_max(limit, EVENTS_PAGE_MAX)])?;
    let mut page = Vec::new();
    let mut expected = after + 1;
    while let Some(row) = found.next()? {
        let rev = from_db(row.get(0)?);
        if rev != expected {
            return Err(HistoryError::Damaged(format!("event {expected} is missing from its table")));
        }
        let json: String = row.get(1)?;
        page.push(project::read(rev, &json)?);
        expected += 1;
    }
    Ok(page)
}

fn tickets(conn: &Connection, query: &TicketQuery) -> Result<Vec<Ticket>, HistoryError> {
    // One ticket id can stand for two tickets of a day where a journal was lost in between: the later history wins.
    let mut find = conn.prepare_cached(
        "SELECT max(segment), ticket FROM tickets
         WHERE day = ?1 AND superseded = 0 AND ticket > ?2
           AND (?3 IS NULL OR state = ?3) AND (?4 IS NULL OR service = ?4) AND (?5 IS NULL OR number = ?5)
         GROUP BY ticket ORDER BY ticket LIMIT ?6",
    )?;
    let after = query.after.map_or(Ok(0), |id| to_db(id.0))?;
    let state = query.state.map(TicketState::word);
    let service = query.service.as_ref().map(ServiceId::as_str);
    let limit = rows_max(query.limit, TICKETS_PAGE_MAX);
    let values = params![query.day.to_string(), after, state, service, query.number, limit];
    let keys: Vec<(i64, i64)> = find.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let mut page = Vec::with_capacity(keys.len());
    for (segment, id) in keys {
        page.extend(ticket::load(conn, segment, id)?);
    }
    Ok(page)
}
