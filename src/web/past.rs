//! What the hall itself no longer remembers: the one place where calls and orders of history are joined to those in its memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::app::AppState;
use super::find::Question;
use super::problem::Problem;
use crate::domain::hotline_call::HotlineCall;
use crate::domain::ids::{HotlineCallId, OrderNo, TeamId};
use crate::domain::work_order::{OrderState, WorkOrder};
use crate::history::{CallQuery, OrderQuery, RECORDS_PAGE_MAX};

/// How often history is asked for one answer, where most of what it has does not fit.
const ROUNDS_MAX: usize = 20;

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

/// An order that was archived.
///
/// # Errors
/// When history cannot answer.
pub async fn order(state: &AppState, no: OrderNo) -> Result<Option<Arc<WorkOrder>>, Problem> {
    let Some(history) = &state.history else { return Ok(None) };
    Ok(history.order(no).await?.map(Arc::new))
}

/// Orders that were archived and fit.
///
/// # Errors
/// When history cannot answer.
pub async fn orders(state: &AppState, asked: OlderOrders, fits: impl Fn(&WorkOrder) -> bool) -> Result<Vec<Arc<WorkOrder>>, Problem> {
    let Some(history) = &state.history else { return Ok(Vec::new()) };
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
    let Some(history) = &state.history else { return Ok(None) };
    Ok(history.call(id).await?.map(Arc::new))
}

/// Calls that were archived and fit.
///
/// # Errors
/// When history cannot answer.
pub async fn calls(state: &AppState, asked: OlderCalls, fits: impl Fn(&HotlineCall) -> bool) -> Result<Vec<Arc<HotlineCall>>, Problem> {
    let Some(history) = &state.history else { return Ok(Vec::new()) };
    let mut query = CallQuery {
        words: asked.words.iter().map(ToString::to_string).collect(),
        text: asked.question.as_ref().map(Question::to_history),
        before: asked.before,
        limit: asked.limit.clamp(1, RECORDS_PAGE_MAX),
        sees_sealed: true,
    };
    let mut found = Vec::new();
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
