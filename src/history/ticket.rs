//! Reads a ticket back as the hall knew it.

use chrono::{DateTime, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::HistoryError;
use super::project::{from_db, to_db};
use super::rows::from_word;
use crate::domain::forecast::Range;
use crate::domain::ids::TicketId;
use crate::domain::text::FreeText;
use crate::domain::ticket::{Closing, Leg, Ticket, TicketState, Why};

fn broken(what: impl std::fmt::Display) -> HistoryError {
    HistoryError::Damaged(format!("a row cannot be read: {what}"))
}

/// A service day as it is written.
pub(super) fn day(text: &str) -> Result<NaiveDate, HistoryError> {
    text.parse().map_err(broken)
}

fn at(ms: i64) -> Result<DateTime<Utc>, HistoryError> {
    DateTime::from_timestamp_millis(ms).ok_or_else(|| broken("a time"))
}

fn maybe_at(ms: Option<i64>) -> Result<Option<DateTime<Utc>>, HistoryError> {
    ms.map(at).transpose()
}

fn maybe_word<T: serde::de::DeserializeOwned>(word: Option<String>) -> Result<Option<T>, HistoryError> {
    word.map(from_word).transpose()
}

/// The ticket with this id, of the latest segment that has one.
pub(super) fn by_id(conn: &Connection, id: TicketId) -> Result<Option<Ticket>, HistoryError> {
    let ticket = to_db(id.0)?;
    let mut find = conn.prepare_cached("SELECT max(segment) FROM tickets WHERE ticket = ?1")?;
    let segment: Option<i64> = find.query_row([ticket], |row| row.get(0))?;
    match segment {
        Some(segment) => load(conn, segment, ticket),
        None => Ok(None),
    }
}

/// The ticket with this key. Its place in a line is not remembered.
pub(super) fn load(conn: &Connection, segment: i64, ticket: i64) -> Result<Option<Ticket>, HistoryError> {
    let mut find = conn.prepare_cached(
        "SELECT t.number, t.class, t.language, t.state, t.issued_at_ms, t.day, t.source, t.late, t.counter, t.calls,
                t.called_at_ms, t.park_reason, t.finish, t.rating, f.low_min, f.high_min
         FROM tickets t LEFT JOIN forecasts f ON f.segment = t.segment AND f.ticket = t.ticket
         WHERE t.segment = ?1 AND t.ticket = ?2",
    )?;
    let key = params![segment, ticket];
    let legs = legs(conn, segment, ticket)?;
    let whys = whys(conn, segment, ticket)?;
    let read = find.query_row(key, |row| Ok(assemble(row, ticket, legs, whys))).optional()?;
    read.transpose()
}

fn assemble(row: &Row<'_>, ticket: i64, mut legs: Vec<Leg>, whys: Vec<Why>) -> Result<Ticket, HistoryError> {
    let leg = legs.pop().ok_or_else(|| broken("a ticket without a leg"))?;
    let state: TicketState = from_word(row.get(3)?)?;
    let low: Option<u32> = row.get(14)?;
    let high: Option<u32> = row.get(15)?;
    let park_reason: Option<String> = row.get(11)?;
    Ok(Ticket {
        id: TicketId(from_db(ticket)),
        number: row.get::<_, String>(0)?.into(),
        class: from_word(row.get(1)?)?,
        language: from_word(row.get(2)?)?,
        state,
        issued_at: at(row.get(4)?)?,
        service_day: day(&row.get::<_, String>(5)?)?,
        source: row.get::<_, String>(6)?.into(),
        late: row.get(7)?,
        counter: maybe_word(row.get(8)?)?,
        calls: row.get(9)?,
        called_at: maybe_at(row.get(10)?)?,
        place: None,
        not_before_ms: None,
        miss_at_ms: None,
        leg,
        past_legs: legs,
        forecast: low.zip(high).map(|(low_min, high_min)| Range { low_min, high_min }),
        park_reason: park_reason.map(|text| FreeText::parse(&text).map_err(broken)).transpose()?,
        whys,
        closing: closing(row, state)?.map(Box::new),
    })
}

fn closing(row: &Row<'_>, state: TicketState) -> Result<Option<Closing>, HistoryError> {
    if state != TicketState::Closed {
        return Ok(None);
    }
    let finish: Option<String> = row.get(12)?;
    let finish = finish.map(|json| serde_json::from_str(&json).map_err(broken)).transpose()?;
    Ok(Some(Closing { finish, rating: row.get(13)? }))
}

fn legs(conn: &Connection, segment: i64, ticket: i64) -> Result<Vec<Leg>, HistoryError> {
    let mut find = conn.prepare_cached(
        "SELECT service, reserved, counter, joined_at_ms, called_at_ms, started_at_ms, ended_at_ms, \"end\"
         FROM legs WHERE segment = ?1 AND ticket = ?2 ORDER BY leg",
    )?;
    let mut found = find.query(params![segment, ticket])?;
    let mut legs = Vec::new();
    while let Some(row) = found.next()? {
        legs.push(Leg {
            service: from_word(row.get(0)?)?,
            reserved: maybe_word(row.get(1)?)?,
            counter: maybe_word(row.get(2)?)?,
            joined_at: at(row.get(3)?)?,
            called_at: maybe_at(row.get(4)?)?,
            started_at: maybe_at(row.get(5)?)?,
            ended_at: maybe_at(row.get(6)?)?,
            end: maybe_word(row.get(7)?)?,
        });
    }
    Ok(legs)
}

fn whys(conn: &Connection, segment: i64, ticket: i64) -> Result<Vec<Why>, HistoryError> {
    let mut find = conn.prepare_cached("SELECT why FROM calls WHERE segment = ?1 AND ticket = ?2 ORDER BY rev")?;
    let mut found = find.query(params![segment, ticket])?;
    let mut whys = Vec::new();
    while let Some(row) = found.next()? {
        whys.push(serde_json::from_str(&row.get::<_, String>(0)?).map_err(broken)?);
    }
    Ok(whys)
}
