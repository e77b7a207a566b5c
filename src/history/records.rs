//! Keeps calls and orders that the hall lets go of, whole and findable, together with the event that brings them or not at all.

use rusqlite::{Connection, params};

use super::HistoryError;
use super::project::to_db;
use super::rows::{json, word};
use super::spell::joined;
use crate::domain::event::{Event, EventBody};
use crate::domain::hotline::{customer_word, phone_word};
use crate::domain::hotline_call::HotlineCall;
use crate::domain::hotline_event::CallEvent;
use crate::domain::ids::{HotlineCallId, OrderNo, TeamId};
use crate::domain::phone::Phone;
use crate::domain::text::FreeText;
use crate::domain::work_order::{OrderChange, WorkOrder};

/// Last digits of a number by which it is found: those that a masked number shows.
const TAIL_DIGITS: usize = 4;
/// Numbers of a day in an order's key: `OrderNo` has at most nine digits for them.
const SEQ_BASE: i64 = 1_000_000_000;

/// The word of the end of a telephone number.
pub(super) fn tail_word(tail: &str) -> String {
    format!("t:{tail}")
}

/// The word of the number that another office gave an order.
pub(super) fn external_word(no: &str) -> String {
    format!("x:{}", no.to_lowercase())
}

/// An order's number as one that sorts like it: the day, then the place.
pub(super) fn order_key(no: OrderNo) -> Result<i64, HistoryError> {
    let day: i64 =
        no.day.format("%Y%m%d").to_string().parse().map_err(|_| HistoryError::BadQuery("an order's day has four digits of year"))?;
    Ok(day * SEQ_BASE + i64::from(no.seq))
}

/// Keeps what the journal's own event says of somebody. What is kept of the event itself says it no longer, so this happens
/// when the event comes and never again.
pub(super) fn put(conn: &Connection, event: &Event) -> Result<(), HistoryError> {
    if let EventBody::Call(of) = &event.body {
        match of.as_ref() {
            CallEvent::Logged { call, changes, .. } => caller(conn, *call, changes.caller_number.as_ref(), event.at.timestamp_millis()),
            CallEvent::Changed { call, changes } => {
                let begun = "SELECT max(logged_at_ms) FROM call_facts WHERE call = ?1";
                let at_ms: Option<i64> = conn.prepare_cached(begun)?.query_row([to_db(call.0)?], |row| row.get(0))?;
                caller(conn, *call, changes.caller_number.as_ref(), at_ms.unwrap_or(event.at.timestamp_millis()))
            }
            CallEvent::Archived { record, .. } => call(conn, record),
            CallEvent::Ended { .. } => Ok(()),
        }
    } else if let EventBody::Order(of) = &event.body
        && let OrderChange::Archived { order } = &of.change
    {
        self::order(conn, order)
    } else {
        Ok(())
    }
}

/// The number of a call that goes on, as it was corrected last.
fn caller(conn: &Connection, call: HotlineCallId, number: Option<&Option<Phone>>, at_ms: i64) -> Result<(), HistoryError> {
    let Some(number) = number else { return Ok(()) };
    let id = to_db(call.0)?;
    conn.prepare_cached("DELETE FROM hotline_call_words WHERE call = ?1")?.execute([id])?;
    match number {
        Some(phone) => call_word(conn, &phone_word(phone.number()), at_ms, id),
        None => Ok(()),
    }
}

fn call_word(conn: &Connection, word: &str, at_ms: i64, call: i64) -> Result<(), HistoryError> {
    let insert = "INSERT OR IGNORE INTO hotline_call_words (word, at_ms, call) VALUES (?1, ?2, ?3)";
    conn.prepare_cached(insert)?.execute(params![word, at_ms, call])?;
    Ok(())
}

fn texts<'a>(texts: &[Option<&'a FreeText>]) -> Vec<&'a str> {
    texts.iter().copied().flatten().map(FreeText::as_str).collect()
}

/// What is indexed of a record: what all may know, who it is, and what its seal keeps. People write a name into a description
/// too: so a seal keeps all that was written.
fn columns(sealed: bool, place: &[&str], written: &[&str], named: &[&str]) -> [String; 3] {
    let all = |texts: &[&[&str]]| joined(texts.iter().flat_map(|texts| texts.iter().copied()));
    if sealed { [all(&[place]), String::new(), all(&[written, named])] } else { [all(&[place, written]), all(&[named]), String::new()] }
}

fn index(conn: &Connection, table: &str, row: i64, [open, named, sealed]: &[String; 3]) -> Result<(), HistoryError> {
    conn.prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?1"))?.execute([row])?;
    let insert = format!("INSERT INTO {table} (rowid, open, named, sealed) VALUES (?1, ?2, ?3, ?4)");
    conn.prepare_cached(&insert)?.execute(params![row, open, named, sealed])?;
    Ok(())
}

/// The words of telephone numbers: whole, and their ends.
fn tails<'a>(phones: impl Iterator<Item = &'a Phone>) -> impl Iterator<Item = String> {
    phones.map(|phone| tail_word(phone.tail(TAIL_DIGITS)))
}

fn call(conn: &Connection, record: &HotlineCall) -> Result<(), HistoryError> {
    let (id, at_ms, fields) = (to_db(record.id.0)?, record.logged_at.timestamp_millis(), &record.fields);
    let insert = "INSERT OR REPLACE INTO hotline_calls (call, logged_at_ms, sealed, json) VALUES (?1, ?2, ?3, ?4)";
    conn.prepare_cached(insert)?.execute(params![id, at_ms, fields.sealed, json(record)?])?;
    conn.prepare_cached("DELETE FROM hotline_call_words WHERE call = ?1")?.execute([id])?;
    let numbers = fields.caller_number.iter().chain(&fields.callback_number);
    for word in fields.words().iter().map(ToString::to_string).chain(tails(numbers)) {
        call_word(conn, &word, at_ms, id)?;
    }
    let address = &fields.address;
    let place = texts(&[address.community.as_ref(), address.building.as_ref()]);
    let written = texts(&[fields.description.as_ref(), fields.promise.as_ref()]);
    let named = texts(&[fields.caller_name.as_ref(), address.text.as_ref()]);
    index(conn, "hotline_call_texts", id, &columns(fields.sealed, &place, &written, &named))
}

fn order(conn: &Connection, order: &WorkOrder) -> Result<(), HistoryError> {
    let key = order_key(order.no)?;
    let insert = "INSERT OR REPLACE INTO work_orders (key, created_at_ms, closed_at_ms, team, state, category, sealed, json)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let closed_at_ms = order.closed_at.unwrap_or(order.changed_at).timestamp_millis();
    let team = order.team.as_ref().map(TeamId::as_str);
    let (created_at_ms, category) = (order.created_at.timestamp_millis(), order.category.as_str());
    let values = params![key, created_at_ms, closed_at_ms, team, word(&order.state)?, category, order.sealed, json(order)?];
    conn.prepare_cached(insert)?.execute(values)?;
    conn.prepare_cached("DELETE FROM work_order_words WHERE key = ?1")?.execute([key])?;
    let external = order.origin.external_no.iter().map(|no| external_word(no.as_str()));
    for word in order.words().iter().map(ToString::to_string).chain(tails(order.customer.phone.iter())).chain(external) {
        conn.prepare_cached("INSERT OR IGNORE INTO work_order_words (word, key) VALUES (?1, ?2)")?.execute(params![word, key])?;
    }
    let (address, no) = (&order.address, order.no.to_string());
    let mut place = texts(&[address.community.as_ref(), address.building.as_ref()]);
    place.push(&no);
    let written = texts(&[order.title.as_ref(), order.description.as_ref()]);
    let named = texts(&[order.customer.name.as_ref(), address.text.as_ref(), address.room.as_ref()]);
    index(conn, "work_order_texts", key, &columns(order.sealed, &place, &written, &named))
}

/// The words that a typed question may be: a customer's number, the end of a telephone number, another office's number.
pub(super) fn question_words(question: &str) -> Vec<String> {
    let plain = question.trim();
    let is_tail = plain.len() == TAIL_DIGITS && plain.bytes().all(|b| b.is_ascii_digit());
    let mut words = vec![customer_word(plain), external_word(plain)];
    words.extend(is_tail.then(|| tail_word(plain)));
    words
}
