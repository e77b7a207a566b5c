//! Finds calls and orders that only history has: by number, customer, flat and text, newest first, never past a seal.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde::de::DeserializeOwned;

use super::archive::rows_max;
use super::project::to_db;
use super::records::{order_key, question_words};
use super::rows::word;
use super::spell::phrase;
use super::{History, HistoryError};
use crate::domain::hotline_call::HotlineCall;
use crate::domain::ids::{HotlineCallId, OrderNo, TeamId};
use crate::domain::work_order::{OrderState, WorkOrder};

/// Records given at once at most.
pub const RECORDS_PAGE_MAX: usize = 500;

/// The highest number that a call can have here.
const NUMBER_MAX: u64 = u64::MAX / 2;

/// What a search text asks for: a text, and a whole telephone number in its normal form where it is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    pub text: String,
    /// The word of the number, from [`crate::domain::hotline::phone_word`].
    pub number: Option<String>,
}

/// Which calls are asked for; the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallQuery {
    /// Found under at least one of these, of [`crate::domain::hotline_call::CallFields::words`]; empty is all.
    pub words: Vec<String>,
    /// And by this text.
    pub text: Option<Asked>,
    /// Only older ones than this.
    pub before: Option<HotlineCallId>,
    /// At most this many; never more than [`RECORDS_PAGE_MAX`].
    pub limit: usize,
    /// Whether the reader may know who a sealed caller is. Without it no sealed record is found by who it is of.
    pub sees_sealed: bool,
}

/// Which orders are asked for; the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderQuery {
    /// The team that had it last.
    pub team: Option<TeamId>,
    /// Only in these states; empty is all.
    pub states: Vec<OrderState>,
    /// Found under at least one of these, of [`WorkOrder::words`]; empty is all.
    pub words: Vec<String>,
    /// And by this text.
    pub text: Option<Asked>,
    /// Only older ones than this.
    pub before: Option<OrderNo>,
    /// At most this many; never more than [`RECORDS_PAGE_MAX`].
    pub limit: usize,
    /// Whether the reader may know who a sealed customer is. Without it no sealed record is found by who it is of.
    pub sees_sealed: bool,
}

/// The tables of one kind of record.
struct Kind {
    rows: &'static str,
    key: &'static str,
    words: &'static str,
    texts: &'static str,
}

const CALLS: Kind = Kind { rows: "hotline_calls", key: "call", words: "hotline_call_words", texts: "hotline_call_texts" };
const ORDERS: Kind = Kind { rows: "work_orders", key: "key", words: "work_order_words", texts: "work_order_texts" };

/// A question in the making: conditions on the rows, each with its values.
struct Find {
    kind: &'static Kind,
    conditions: Vec<String>,
    values: Vec<Value>,
    /// Only rows with a lower key.
    before: Option<i64>,
    limit: i64,
}

impl History {
    /// The calls asked for, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn calls(&self, query: CallQuery) -> Result<Vec<HotlineCall>, HistoryError> {
        let look = move |conn: &Connection| {
            let mut find = Find::new(&CALLS, query.limit);
            find.before = query.before.map(|before| to_db(before.0.min(NUMBER_MAX))).transpose()?;
            find.under(&query.words, query.sees_sealed);
            find.run(conn, query.text.as_ref(), query.sees_sealed)
        };
        self.inner.base.read(look).await
    }

    /// One call.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn call(&self, id: HotlineCallId) -> Result<Option<HotlineCall>, HistoryError> {
        self.inner.base.read(move |conn| one(conn, &CALLS, to_db(id.0)?)).await
    }

    /// The orders asked for, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn orders(&self, query: OrderQuery) -> Result<Vec<WorkOrder>, HistoryError> {
        let look = move |conn: &Connection| {
            let mut find = Find::new(&ORDERS, query.limit);
            find.before = query.before.map(order_key).transpose()?;
            if let Some(team) = &query.team {
                find.and("r.team = ?".to_owned(), [Value::from(team.as_str().to_owned())]);
            }
            if !query.states.is_empty() {
                let states = query.states.iter().map(|state| Ok(Value::from(word(state)?)));
                let states: Vec<Value> = states.collect::<Result<_, HistoryError>>()?;
                find.and(format!("r.state IN ({})", marks(states.len())), states);
            }
            find.under(&query.words, query.sees_sealed);
            find.run(conn, query.text.as_ref(), query.sees_sealed)
        };
        self.inner.base.read(look).await
    }

    /// One order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn order(&self, no: OrderNo) -> Result<Option<WorkOrder>, HistoryError> {
        self.inner.base.read(move |conn| one(conn, &ORDERS, order_key(no)?)).await
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, HistoryError> {
    serde_json::from_str(json).map_err(|e| HistoryError::Damaged(format!("a record cannot be read: {e}")))
}

fn one<T: DeserializeOwned>(conn: &Connection, kind: &Kind, key: i64) -> Result<Option<T>, HistoryError> {
    let mut find = conn.prepare_cached(&format!("SELECT json FROM {} WHERE {} = ?1", kind.rows, kind.key))?;
    let json: Option<String> = find.query_row([key], |row| row.get(0)).optional()?;
    json.map(|json| read(&json)).transpose()
}

impl Find {
    fn new(kind: &'static Kind, limit: usize) -> Self {
        Self { kind, conditions: Vec::new(), values: Vec::new(), before: None, limit: rows_max(limit, RECORDS_PAGE_MAX) }
    }

    fn and(&mut self, condition: String, values: impl IntoIterator<Item = Value>) {
        self.conditions.push(condition);
        self.values.extend(values);
    }

    /// Only what is found under one of `words`.
    fn under(&mut self, words: &[String], sees_sealed: bool) {
        if words.is_empty() {
            return;
        }
        let Kind { key, words: table, .. } = self.kind;
        let seal = if sees_sealed { "" } else { "r.sealed = 0 AND " };
        let condition = format!("{seal}r.{key} IN (SELECT {key} FROM {table} WHERE word IN ({}))", marks(words.len()));
        self.and(condition, words.iter().map(|word| Value::from(word.clone())));
    }

    /// Runs it: by text in the index and, beside it, by the words that the text may be.
    fn run<T: DeserializeOwned>(mut self, conn: &Connection, text: Option<&Asked>, sees_sealed: bool) -> Result<Vec<T>, HistoryError> {
        let mut found: Vec<(i64, String)> = Vec::new();
        if let Some(asked) = text {
            let columns = if sees_sealed { "open named sealed" } else { "open named" };
            if let Some(phrase) = phrase(&asked.text, columns) {
                let mut by_text = Self { conditions: self.conditions.clone(), values: self.values.clone(), ..self };
                by_text.and(format!("{} MATCH ?", by_text.kind.texts), [Value::from(phrase)]);
                found.extend(by_text.jsons(conn, true)?);
            }
            let mut words = question_words(&asked.text);
            words.extend(asked.number.clone());
            self.under(&words, sees_sealed);
        }
        found.extend(self.jsons(conn, false)?);
        found.sort_unstable_by_key(|(key, _)| std::cmp::Reverse(*key));
        found.dedup_by_key(|(key, _)| *key);
        let limit = usize::try_from(self.limit).unwrap_or(RECORDS_PAGE_MAX);
        found.iter().take(limit).map(|(_, json)| read(json)).collect()
    }

    /// The rows that fit, newest first; `by_text` walks the index, which is in the same order.
    fn jsons(&self, conn: &Connection, by_text: bool) -> Result<Vec<(i64, String)>, HistoryError> {
        let Kind { rows, key, texts, .. } = self.kind;
        let from = if by_text { format!("{texts} CROSS JOIN {rows} r ON r.{key} = {texts}.rowid") } else { format!("{rows} r") };
        let order = if by_text { format!("{texts}.rowid") } else { format!("r.{key}") };
        let mut conditions = self.conditions.clone();
        conditions.push(format!("{order} < ?"));
        let before = Value::from(self.before.unwrap_or(i64::MAX));
        let conditions = conditions.join(" AND ");
        let sql = format!("SELECT r.{key}, r.json FROM {from} WHERE {conditions} ORDER BY {order} DESC LIMIT {}", self.limit);
        let mut find = conn.prepare_cached(&sql)?;
        let found = find.query_map(params_from_iter(self.values.iter().chain([&before])), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}
