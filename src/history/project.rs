//! Brings a batch of events into the tables, together with the cursor or not at all.

use std::borrow::Cow;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::{HistoryError, records, rows};
use crate::domain::event::{EVENT_VERSION, Event};
use crate::rank;

/// One event as read, and as it stands in the journal.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) event: Arc<Event>,
    pub(super) json: Arc<str>,
}

/// The segments that have an event at this revision, the latest first.
const PARENTS: &str = "SELECT s.no, s.first_rev, s.rev, e.json FROM segments s CROSS JOIN events e ON e.segment = s.no AND e.rev = ?1
                       ORDER BY s.no DESC";

/// One journal's history, as far as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) no: i64,
    /// From here on every event is kept.
    pub(super) first: u64,
    /// Everything up to it is in the tables.
    pub(super) rev: u64,
}

/// A revision as SQLite has it.
pub(super) fn to_db(rev: u64) -> Result<i64, HistoryError> {
    i64::try_from(rev).map_err(|_| HistoryError::Unreadable { rev, problem: "the revision is too large".to_owned() })
}

/// A revision as SQLite had it; it never holds negative ones.
pub(super) fn from_db(rev: i64) -> u64 {
    u64::try_from(rev).unwrap_or(0)
}

/// The segment of an epoch, where one was begun.
pub(super) fn segment(conn: &Connection, epoch: &str) -> Result<Option<Segment>, HistoryError> {
    let mut find = conn.prepare_cached("SELECT no, first_rev, rev FROM segments WHERE epoch = ?1")?;
    Ok(find.query_row([epoch], segment_of).optional()?)
}

/// Every segment, the oldest first.
pub(super) fn segments(conn: &Connection) -> Result<Vec<Segment>, HistoryError> {
    let mut find = conn.prepare_cached("SELECT no, first_rev, rev FROM segments ORDER BY no")?;
    let found = find.query_map([], segment_of)?.collect::<Result<_, _>>()?;
    Ok(found)
}

fn segment_of(row: &Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment { no: row.get(0)?, first: from_db(row.get(1)?), rev: from_db(row.get(2)?) })
}

pub(super) fn begin(conn: &mut Connection) -> Result<Transaction<'_>, HistoryError> {
    // A deferred transaction could be refused in its middle.
    Ok(conn.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// Brings `lines` into the tables; those that are there already are compared and passed over. Gives the new cursor.
pub(super) fn project(conn: &mut Connection, epoch: &str, lines: &[Line]) -> Result<u64, HistoryError> {
    let tx = begin(conn)?;
    let segment = match segment(&tx, epoch)? {
        Some(known) => known,
        None => new_segment(&tx, epoch, 1, 0)?,
    };
    let rev = take(&tx, segment, lines)?;
    tx.commit()?;
    Ok(rev)
}

/// As [`project`], inside a transaction.
pub(super) fn take(tx: &Transaction<'_>, segment: Segment, lines: &[Line]) -> Result<u64, HistoryError> {
    let mut rev = segment.rev;
    for line in lines {
        rank::let_pass();
        let event = &*line.event;
        if event.rev <= rev {
            check_same(tx, segment.no, line)?;
            continue;
        }
        if event.rev != rev + 1 {
            return Err(HistoryError::Gap { expected: rev + 1, got: event.rev });
        }
        store(tx, segment.no, line)?;
        rows::put(tx, segment.no, event)?;
        records::put(tx, event)?;
        rev = event.rev;
    }
    set_cursor(tx, segment.no, rev)?;
    Ok(rev)
}

fn new_segment(tx: &Transaction<'_>, epoch: &str, first: u64, rev: u64) -> Result<Segment, HistoryError> {
    let insert = "INSERT INTO segments (epoch, first_rev, rev) VALUES (?1, ?2, ?3)";
    tx.execute(insert, params![epoch, to_db(first)?, to_db(rev)?])?;
    Ok(Segment { no: tx.last_insert_rowid(), first, rev })
}

fn set_cursor(tx: &Transaction<'_>, segment: i64, rev: u64) -> Result<(), HistoryError> {
    tx.prepare_cached("UPDATE segments SET rev = ?2 WHERE no = ?1")?.execute(params![segment, to_db(rev)?])?;
    Ok(())
}

/// Reads a kept event and checks that it is the one it should be.
pub(super) fn read(rev: u64, json: &str) -> Result<Event, HistoryError> {
    let unreadable = |problem: String| HistoryError::Unreadable { rev, problem };
    let event: Event = serde_json::from_str(json).map_err(|e| unreadable(e.to_string()))?;
    if event.v > EVENT_VERSION {
        return Err(unreadable("it was written by a newer version".to_owned()));
    }
    if event.rev != rev {
        return Err(unreadable(format!("it says that it is revision {}", event.rev)));
    }
    Ok(event)
}

/// The text that is kept of an event: the journal's own, or without its secrets.
fn kept_text(line: &Line) -> Result<Cow<'_, str>, HistoryError> {
    if line.event.body.holds_secrets() { clean_text(&line.event).map(Cow::Owned) } else { Ok(Cow::Borrowed(&line.json)) }
}

fn clean_text(event: &Event) -> Result<String, HistoryError> {
    let clean = Event { body: event.body.clone().without_secrets(), ..event.clone() };
    serde_json::to_string(&clean).map_err(|e| HistoryError::Unreadable { rev: event.rev, problem: e.to_string() })
}

/// Whether a kept text is of this event. An earlier version may have kept more of it than is kept today.
fn is_same(known: &str, line: &Line) -> Result<bool, HistoryError> {
    let text = kept_text(line)?;
    if text == known || !line.event.body.holds_secrets() {
        return Ok(text == known);
    }
    read(line.event.rev, known).map_or(Ok(false), |event| Ok(clean_text(&event)? == text))
}

fn store(tx: &Transaction<'_>, segment: i64, line: &Line) -> Result<(), HistoryError> {
    let event = &*line.event;
    let text = kept_text(line)?;
    let mut insert = tx.prepare_cached("INSERT INTO events (segment, rev, type, at_ms, \"by\", json) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let at_ms = event.at.timestamp_millis();
    insert.execute(params![segment, to_db(event.rev)?, event.body.kind(), at_ms, &*event.by.actor, text])?;
    Ok(())
}

/// The text kept for a revision, where it is still remembered.
pub(super) fn stored(conn: &Connection, segment: i64, rev: u64) -> Result<Option<String>, HistoryError> {
    let mut find = conn.prepare_cached("SELECT json FROM events WHERE segment = ?1 AND rev = ?2")?;
    Ok(find.query_row(params![segment, to_db(rev)?], |row| row.get(0)).optional()?)
}

/// Refuses a journal that tells a known revision differently.
pub(super) fn check_same(conn: &Connection, segment: i64, line: &Line) -> Result<(), HistoryError> {
    let rev = line.event.rev;
    let Some(known) = stored(conn, segment, rev)? else { return Ok(()) };
    if is_same(&known, line)? { Ok(()) } else { Err(HistoryError::Diverged { rev }) }
}

/// Begins the history of a journal that was restored without its beginning: `first` is its oldest event. What came before
/// is taken from the history that tells this event in the same words; without one there is a gap.
pub(super) fn adopt(conn: &mut Connection, epoch: &str, first: &Line) -> Result<u64, HistoryError> {
    let first_rev = first.event.rev;
    let gap = HistoryError::Gap { expected: 1, got: first_rev };
    let tx = begin(conn)?;
    let parent = parent_of(&tx, first)?.ok_or(gap)?;
    let segment = new_segment(&tx, epoch, parent.first.min(first_rev), first_rev - 1)?;
    let copy = "INSERT INTO events (segment, rev, type, at_ms, \"by\", json)
                SELECT ?1, rev, type, at_ms, \"by\", json FROM events WHERE segment = ?2 AND rev < ?3 ORDER BY rev";
    tx.execute(copy, params![segment.no, parent.no, to_db(first_rev)?])?;
    derive(&tx, segment.no)?;
    tx.commit()?;
    Ok(segment.rev)
}

/// The latest segment that tells this event.
fn parent_of(tx: &Transaction<'_>, line: &Line) -> Result<Option<Segment>, HistoryError> {
    let mut find = tx.prepare(PARENTS)?;
    let mut found = find.query([to_db(line.event.rev)?])?;
    while let Some(row) = found.next()? {
        let known: String = row.get(3)?;
        if is_same(&known, line)? {
            return Ok(Some(segment_of(row)?));
        }
    }
    Ok(None)
}

/// Begins, or goes on, where the journal still is: what lies between is lost, and somebody decided so.
pub(super) fn accept_hole(conn: &mut Connection, epoch: &str, through: u64) -> Result<u64, HistoryError> {
    let tx = begin(conn)?;
    let rev = match segment(&tx, epoch)? {
        Some(known) if known.rev >= through => known.rev,
        Some(known) => {
            let skip = "UPDATE segments SET first_rev = ?2, rev = ?3 WHERE no = ?1";
            tx.execute(skip, params![known.no, to_db(through + 1)?, to_db(through)?])?;
            through
        }
        None => new_segment(&tx, epoch, through + 1, through)?.rev,
    };
    tx.commit()?;
    Ok(rev)
}

/// The tables that are made from the events kept here.
const DERIVED: [&str; 9] = ["days", "tickets", "legs", "calls", "forecasts", "call_facts", "phone_facts", "order_now", "order_marks"];

/// Makes every derived row again, from the events that are kept. Archived calls and orders stay: these events no longer say
/// whose they are.
pub(super) fn derive_all(conn: &mut Connection) -> Result<(), HistoryError> {
    let tx = begin(conn)?;
    for table in DERIVED {
        tx.execute(&format!("DELETE FROM {table}"), [])?;
    }
    for segment in segments(&tx)? {
        derive(&tx, segment.no)?;
    }
    tx.commit()?;
    Ok(())
}

/// Makes the derived rows of one segment from its events; there must be none yet.
fn derive(tx: &Transaction<'_>, segment: i64) -> Result<(), HistoryError> {
    let mut all = tx.prepare("SELECT rev, json FROM events WHERE segment = ?1 ORDER BY rev")?;
    let mut found = all.query([segment])?;
    while let Some(row) = found.next()? {
        let json: String = row.get(1)?;
        let event = read(from_db(row.get(0)?), &json)?;
        rows::put(tx, segment, &event)?;
    }
    Ok(())
}
