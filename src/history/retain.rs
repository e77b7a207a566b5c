//! Forgets in time: old tickets and events here, and in the journal what is safely here.

use chrono::{DateTime, Days, NaiveDate, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::project::{self, Segment, from_db, to_db};
use super::{History, HistoryError};

/// Events that stay in the journal at least, however safely they are remembered here.
pub const JOURNAL_EVENTS_KEPT_MIN: u64 = 50_000;
/// Rows deleted in one transaction at most: the projector must not wait long.
const CHUNK_ROWS_MAX: u32 = 1_000;

/// Pages of an index that are written anew in one go, so that the projector need not wait long.
const MERGE_PAGES: i64 = 500;
/// An index that changed no more rows than this had nothing left to write anew.
const MERGE_IDLE_CHANGES_MAX: u64 = 1;

/// One kind of record, and where it lies.
struct Records {
    rows: &'static str,
    key: &'static str,
    time: &'static str,
    words: &'static str,
    texts: &'static str,
}

const CALLS: Records =
    Records { rows: "hotline_calls", key: "call", time: "logged_at_ms", words: "hotline_call_words", texts: "hotline_call_texts" };
const ORDERS: Records =
    Records { rows: "work_orders", key: "key", time: "closed_at_ms", words: "work_order_words", texts: "work_order_texts" };
/// Tables of what reports count, with their keys and their times.
const COUNTED: [(&str, &str, &str); 3] = [
    ("call_facts", "segment, call", "logged_at_ms"),
    ("phone_facts", "segment, phone_call", "began_at_ms"),
    ("order_marks", "at_ms, rev, seq", "at_ms"),
];

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub events: u64,
    pub tickets: u64,
    /// Calls of the hotline.
    pub calls: u64,
    /// Work orders.
    pub orders: u64,
}

impl History {
    /// Forgets the service days that are more than `days` before `today`: their tickets, and the events up to the opening
    /// of the first day that stays. What is deleted is overwritten in the file. The day that is open always stays.
    ///
    /// # Errors
    /// When `days` is 0, or the file cannot be written; what was forgotten until then stays forgotten.
    pub async fn retain(&self, today: NaiveDate, days: u32) -> Result<Forgotten, HistoryError> {
        let first_kept = today.checked_sub_days(Days::new(days.into())).filter(|_| days > 0);
        let first_kept = first_kept.ok_or(HistoryError::BadQuery("at least one day has to be remembered"))?.to_string();
        let mut forgotten = Forgotten::default();
        let segments = self.inner.base.write(|conn| project::segments(conn)).await?;
        let current = segments.last().map(|segment| segment.no);
        for segment in segments {
            let day = first_kept.clone();
            let is_current = current == Some(segment.no);
            let through = self.inner.base.write(move |conn| forgettable(conn, segment, &day, is_current)).await?;
            forgotten.events += self.repeat(move |conn| forget_events(conn, segment.no, through)).await?;
        }
        let day = first_kept.clone();
        forgotten.tickets = self.repeat(move |conn| forget_tickets(conn, &day)).await?;
        let day = first_kept.clone();
        let before_ms = self.inner.base.write(move |conn| opened_ms(conn, &day)).await?;
        for counted in COUNTED {
            self.repeat(move |conn| forget_counted(conn, counted, before_ms)).await?;
        }
        self.inner.base.write(move |conn| tidy(conn, &first_kept)).await?;
        if forgotten != Forgotten::default() {
            tracing::info!(events = forgotten.events, tickets = forgotten.tickets, "the history has forgotten what is too old");
        }
        Ok(forgotten)
    }

    /// Forgets the calls that began and the orders that ended before `before`, with every name, number and word by which they
    /// were found. What is deleted is overwritten in the file.
    ///
    /// # Errors
    /// When the file cannot be written; what was forgotten until then stays forgotten.
    pub async fn retain_records(&self, before: DateTime<Utc>) -> Result<Forgotten, HistoryError> {
        let before_ms = before.timestamp_millis();
        let calls = self.repeat(move |conn| forget_records(conn, &CALLS, before_ms)).await?;
        // The number of a call that the hall never let go of, in a journal that is no more.
        let strays = self.repeat(move |conn| forget_stray_words(conn, before_ms)).await?;
        let orders = self.repeat(move |conn| forget_records(conn, &ORDERS, before_ms)).await?;
        if calls + strays + orders == 0 {
            return Ok(Forgotten::default());
        }
        for texts in [CALLS.texts, ORDERS.texts] {
            self.inner.base.write(move |conn| merge(conn, texts, -MERGE_PAGES)).await?;
            while self.inner.base.write(move |conn| merge(conn, texts, MERGE_PAGES)).await? > MERGE_IDLE_CHANGES_MAX {}
        }
        self.inner.base.write(give_back).await?;
        tracing::info!(calls, orders, "the history has forgotten calls and orders that are too old");
        Ok(Forgotten { calls, orders, ..Forgotten::default() })
    }

    /// Does a chunk again until it finds nothing more; others may write in between.
    async fn repeat(
        &self,
        chunk: impl Fn(&mut Connection) -> Result<usize, HistoryError> + Clone + Send + 'static,
    ) -> Result<u64, HistoryError> {
        let mut all = 0;
        loop {
            let done = self.inner.base.write(chunk.clone()).await?;
            if done == 0 {
                return Ok(all);
            }
            all += u64::try_from(done).unwrap_or(0);
        }
    }

    /// Up to which revision the journal `epoch` may be trimmed, where it has a snapshot at `snapshot_rev`: what is on this
    /// disk for certain, less the `kept_min` latest events. `None` when there is nothing to trim.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn trim_through(&self, epoch: &str, snapshot_rev: u64, kept_min: u64) -> Result<Option<u64>, HistoryError> {
        let epoch = epoch.to_owned();
        let sure = move |conn: &mut Connection| {
            if secure(conn)? { Ok(project::segment(conn, &epoch)?.map(|segment| segment.rev)) } else { Ok(None) }
        };
        let Some(rev) = self.inner.base.write(sure).await? else { return Ok(None) };
        let through = rev.min(snapshot_rev).saturating_sub(kept_min);
        Ok((through > 0).then_some(through))
    }
}

/// Brings everything that is committed onto the disk itself. A commit alone survives the end of the process, not a power
/// cut; so nothing may be trimmed from the journal before this said yes.
pub(super) fn secure(conn: &mut Connection) -> Result<bool, HistoryError> {
    let (blocked, written, moved): (i64, i64, i64) =
        conn.query_row("PRAGMA wal_checkpoint(FULL)", [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(blocked == 0 && written == moved)
}

/// The last event of a segment that is too old: the one before the opening of the first day that stays.
fn forgettable(conn: &Connection, segment: Segment, first_kept: &str, current: bool) -> Result<u64, HistoryError> {
    let ask = |sql: &str| conn.query_row(sql, params![segment.no, first_kept], |row| row.get::<_, Option<i64>>(0));
    // What stands before the first day belongs to it.
    let Some(last_old) = ask("SELECT max(rev) FROM days WHERE segment = ?1 AND day < ?2")? else { return Ok(0) };
    let opened = ask("SELECT min(rev) FROM days WHERE segment = ?1 AND day >= ?2")?.or(current.then_some(last_old));
    Ok(opened.map_or(segment.rev, |rev| from_db(rev).saturating_sub(1)))
}

fn forget_events(conn: &mut Connection, segment: i64, through: u64) -> Result<usize, HistoryError> {
    let tx = project::begin(conn)?;
    let chunk = "SELECT max(rev) FROM (SELECT rev FROM events WHERE segment = ?1 AND rev <= ?2 ORDER BY rev LIMIT ?3)";
    let last: Option<i64> = tx.query_row(chunk, params![segment, to_db(through)?, CHUNK_ROWS_MAX], |row| row.get(0)).optional()?.flatten();
    let Some(last) = last else { return Ok(0) };
    let done = tx.execute("DELETE FROM events WHERE segment = ?1 AND rev <= ?2", params![segment, last])?;
    tx.execute("UPDATE segments SET first_rev = max(first_rev, ?2 + 1) WHERE no = ?1", params![segment, last])?;
    tx.commit()?;
    Ok(done)
}

fn forget_tickets(conn: &mut Connection, first_kept: &str) -> Result<usize, HistoryError> {
    let tx = project::begin(conn)?;
    let keys: Vec<(i64, i64)> = {
        let mut find = tx.prepare_cached("SELECT segment, ticket FROM tickets WHERE day < ?1 ORDER BY day LIMIT ?2")?;
        find.query_map(params![first_kept, CHUNK_ROWS_MAX], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?
    };
    for (segment, ticket) in &keys {
        for table in ["legs", "calls", "forecasts", "tickets"] {
            let delete = format!("DELETE FROM {table} WHERE segment = ?1 AND ticket = ?2");
            tx.prepare_cached(&delete)?.execute(params![segment, ticket])?;
        }
    }
    tx.commit()?;
    Ok(keys.len())
}

/// When the first day that stays was opened, in Unix milliseconds; the open day always stays.
fn opened_ms(conn: &Connection, first_kept: &str) -> Result<i64, HistoryError> {
    let find = "SELECT coalesce((SELECT min(opened_at_ms) FROM days WHERE day >= ?1), (SELECT max(opened_at_ms) FROM days), 0)";
    Ok(conn.query_row(find, [first_kept], |row| row.get(0))?)
}

fn forget_counted(conn: &mut Connection, (table, key, time): (&str, &str, &str), before_ms: i64) -> Result<usize, HistoryError> {
    let delete = format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {time} < ?1 LIMIT ?2)");
    Ok(conn.prepare_cached(&delete)?.execute(params![before_ms, CHUNK_ROWS_MAX])?)
}

fn forget_records(conn: &mut Connection, kind: &Records, before_ms: i64) -> Result<usize, HistoryError> {
    let Records { rows, key, time, words, texts } = kind;
    let tx = project::begin(conn)?;
    let keys: Vec<i64> = {
        let mut find = tx.prepare_cached(&format!("SELECT {key} FROM {rows} WHERE {time} < ?1 ORDER BY {time} LIMIT ?2"))?;
        find.query_map(params![before_ms, CHUNK_ROWS_MAX], |row| row.get(0))?.collect::<Result<_, _>>()?
    };
    for one in &keys {
        for (table, key) in [(rows, *key), (words, *key), (texts, "rowid")] {
            tx.prepare_cached(&format!("DELETE FROM {table} WHERE {key} = ?1"))?.execute([one])?;
        }
    }
    tx.commit()?;
    Ok(keys.len())
}

fn forget_stray_words(conn: &mut Connection, before_ms: i64) -> Result<usize, HistoryError> {
    let delete = "DELETE FROM hotline_call_words WHERE (word, at_ms, call) IN (
                    SELECT word, at_ms, call FROM hotline_call_words WHERE at_ms < ?1 LIMIT ?2)";
    Ok(conn.prepare_cached(delete)?.execute(params![before_ms, CHUNK_ROWS_MAX])?)
}

/// Works on writing an index anew, without what was deleted of it: a negative count of pages begins, a positive one goes on.
/// Gives how much it changed.
fn merge(conn: &mut Connection, texts: &str, pages: i64) -> Result<u64, HistoryError> {
    let before = conn.total_changes();
    conn.prepare_cached(&format!("INSERT INTO {texts} ({texts}, rank) VALUES ('merge', ?1)"))?.execute([pages])?;
    Ok(conn.total_changes() - before)
}

/// Forgets the days, and gives the pages back.
fn tidy(conn: &mut Connection, first_kept: &str) -> Result<(), HistoryError> {
    conn.execute("DELETE FROM days WHERE day < ?1", [first_kept])?;
    give_back(conn)
}

/// Gives the pages back and empties the side file, which still holds what was overwritten.
fn give_back(conn: &mut Connection) -> Result<(), HistoryError> {
    for pragma in ["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        let mut run = conn.prepare(pragma)?;
        let mut rows = run.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}
