//! What the hall itself no longer remembers: the one place where calls and orders of history are joined to those in its memory.
//!
//! A record is in the hall, or in history, or for a moment in both, never in neither: history is asked after the hall was looked
//! at, and once it has come to where the hall last let go of something.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::app::AppState;
use super::find::Question;
use super::problem::Problem;
use crate::domain::hotline_call::HotlineCall;
use crate::domain::ids::{HotlineCallId, OrderNo, TeamId};
use crate::domain::work_order::{OrderState, WorkOrder};
use crate::history::{CallQuery, History, HistoryError, OrderQuery, RECORDS_PAGE_MAX};

/// How often history is asked for one answer, where most of what it has does not fit.
const ROUNDS_MAX: usize = 20;
/// How long a question waits for history to have read what the hall just let go of, in milliseconds.
const CATCH_UP_MS_MAX: u64 = 500;
/// Records of one caller or flat that are looked at at most.
const OF_ONE_MAX: usize = 20;

/// Which orders of history are asked for, newest first.
#[derive(Debug, Clone, Default)]
pub struct OlderOrders {
    /// Only older ones than this.
    pub before: Option<OrderNo>,
    pub team: Option<TeamId>,
    /// Only in these states; empty is all.
    pub states: Vec<OrderState>,
    pub question: Option<Question>,
    pub limit: usize,
    /// Whether the reader may know who a sealed caller is.
    pub sees_sealed: bool,
}

/// Which calls of history are asked for, newest first; for those who answer the telephone and lead.
#[derive(Debug, Clone, Default)]
pub struct OlderCalls {
    /// Only older ones than this.
    pub before: Option<HotlineCallId>,
    /// Found under at least one of these; empty is all.
    pub words: Vec<Arc<str>>,
    pub question: Option<Question>,
    pub limit: usize,
}

/// What history knows of one caller or flat, and what the hall may let go of before it is asked itself; newest first.
#[derive(Debug, Clone, Default)]
pub struct Past {
    pub calls: Vec<HotlineCall>,
    pub orders: Vec<WorkOrder>,
}

/// History, with everything in it that the hall has let go of; the hall lets go only while a day turns.
async fn history(state: &AppState) -> Option<&History> {
    let history = state.history.as_ref()?;
    let now = state.now();
    let rev = state.keeper.read(|hall| if hall.day_is_over(now) { hall.rev } else { hall.day_opened_rev });
    history.reach(rev, Duration::from_millis(CATCH_UP_MS_MAX)).await;
    Some(history)
}

/// What is known under any of these words, for those who may know who a sealed caller is. A call is written down whether
/// history can answer or not: then nothing earlier is told.
pub async fn of_one(state: &AppState, words: &[Arc<str>]) -> Past {
    if words.is_empty() {
        return Past::default();
    }
    // The command that is to follow may turn the day, and these go to history before its answer is made.
    let here = state.keeper.read(|hall| {
        let over = hall.orders.found(words).filter(|order| order.state.is_over());
        let ended = hall.hotline.found(words).filter(|call| call.end.is_some());
        Past { calls: ended.take(OF_ONE_MAX).cloned().collect(), orders: over.take(OF_ONE_MAX).cloned().collect() }
    });
    let Some(history) = history(state).await else { return here };
    match of_words(history, words).await {
        Ok(archived) => Past {
            calls: joined(here.calls, archived.calls, |call| call.id, OF_ONE_MAX),
            orders: joined(here.orders, archived.orders, |order| order.no, OF_ONE_MAX),
        },
        Err(error) => {
            tracing::warn!(%error, "what is known of a caller is told without history");
            here
        }
    }
}

async fn of_words(history: &History, words: &[Arc<str>]) -> Result<Past, HistoryError> {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    let calls = CallQuery { words: words.clone(), limit: OF_ONE_MAX, sees_sealed: true, ..CallQuery::default() };
    let orders = OrderQuery { words, limit: OF_ONE_MAX, sees_sealed: true, ..OrderQuery::default() };
    Ok(Past { calls: history.calls(calls).await?, orders: history.orders(orders).await? })
}

/// An order that was archived.
///
/// # Errors
/// When history cannot answer.
pub async fn order(state: &AppState, no: OrderNo) -> Result<Option<Arc<WorkOrder>>, Problem> {
    let Some(history) = history(state).await else { return Ok(None) };
    Ok(history.order(no).await?.map(Arc::new))
}

/// Orders that were archived and fit.
///
/// # Errors
/// When history cannot answer.
pub async fn orders(state: &AppState, asked: OlderOrders, fits: impl Fn(&WorkOrder) -> bool) -> Result<Vec<Arc<WorkOrder>>, Problem> {
    let Some(history) = history(state).await else { return Ok(Vec::new()) };
    let mut query = OrderQuery {
        team: asked.team,
        states: asked.states,
        words: Vec::new(),
        text: asked.question.as_ref().map(Question::to_history),
        before: asked.before,
        limit: asked.limit.clamp(1, RECORDS_PAGE_MAX),
        sees_sealed: asked.sees_sealed,
    };
    let mut found = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let page = history.orders(query.clone()).await?;
        let is_last = page.len() < query.limit;
        query.before = page.last().map(|order| order.no).or(query.before);
        found.extend(page.into_iter().filter(|order| fits(order)).map(Arc::new));
        if is_last || found.len() >= asked.limit {
            break;
        }
        query.limit = RECORDS_PAGE_MAX;
    }
    Ok(found)
}

/// A call that was archived.
///
/// # Errors
/// When history cannot answer.
pub async fn call(state: &AppState, id: HotlineCallId) -> Result<Option<Arc<HotlineCall>>, Problem> {
    let Some(history) = history(state).await else { return Ok(None) };
    Ok(history.call(id).await?.map(Arc::new))
}

/// Calls that were archived and fit.
///
/// # Errors
/// When history cannot answer.
pub async fn calls(state: &AppState, asked: OlderCalls, fits: impl Fn(&HotlineCall) -> bool) -> Result<Vec<Arc<HotlineCall>>, Problem> {
    let Some(history) = history(state).await else { return Ok(Vec::new()) };
    let mut query = CallQuery {
        words: asked.words.iter().map(ToString::to_string).collect(),
        text: asked.question.as_ref().map(Question::to_history),
        before: asked.before,
        limit: asked.limit.clamp(1, RECORDS_PAGE_MAX),
        sees_sealed: true,
    };
    let mut found = Vec::new();
    // Its index knows no call by its own id.
    if let Some(id) = asked.question.as_ref().and_then(Question::as_call).filter(|id| asked.before.is_none_or(|before| *id < before)) {
        found.extend(history.call(id).await?.filter(|call| fits(call)).map(Arc::new));
    }
    for _ in 0..ROUNDS_MAX {
        let page = history.calls(query.clone()).await?;
        let is_last = page.len() < query.limit;
        query.before = page.last().map(|call| call.id).or(query.before);
        found.extend(page.into_iter().filter(|call| fits(call)).map(Arc::new));
        if is_last || found.len() >= asked.limit {
            break;
        }
        query.limit = RECORDS_PAGE_MAX;
    }
    Ok(found)
}

/// What the hall has and what history has in one list, newest first, each once. An order that is still open may be older than
/// one that was archived, so neither list goes before the other; what both have, the hall knows better.
#[must_use]
pub fn joined<K: Ord, T>(here: Vec<T>, archived: Vec<T>, key: impl Fn(&T) -> K, limit: usize) -> Vec<T> {
    let all: BTreeMap<K, T> = archived.into_iter().chain(here).map(|one| (key(&one), one)).collect();
    all.into_values().rev().take(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_memories_are_one_list() {
        let (here, archived) = (vec![(9, "here"), (4, "here"), (3, "here")], vec![(8, "past"), (4, "past"), (1, "past")]);
        let joined = joined(here, archived, |one| one.0, 4);
        assert_eq!(joined, [(9, "here"), (8, "past"), (4, "here"), (3, "here")]);
    }
}
