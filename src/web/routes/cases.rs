//! `/cases`: customers look up their own order by its number and the last four digits of their telephone number.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::domain::hall::Hall;
use crate::domain::ids::OrderNo;
use crate::domain::text::FreeText;
use crate::domain::work_order::WorkOrder;
use crate::web::app::AppState;
use crate::web::ask::{Given, Look};
use crate::web::past;
use crate::web::problem::{Code, Problem};
use crate::web::rights::LookUpCase;
use crate::web::wire::case::Case;

/// Calls of long ago that are looked at for a promise.
const PROMISING_CALLS_MAX: usize = 3;
/// Digits of the telephone number that a customer tells.
const TAIL_DIGITS: usize = 4;

pub(super) fn doors() -> Vec<Door> {
    let summary = "How an order goes, for its customer; a wrong number and a wrong tail look the same.";
    vec![Door::look("/cases/{no}", summary, case).refuses(&[Code::NotFound])]
}

/// What only the customer knows.
#[derive(Debug, Deserialize, IntoParams)]
struct CaseQuery {
    /// The last four digits of the telephone number that was given.
    phone_tail: Option<String>,
}

async fn case(look: Look<LookUpCase, OrderNo, CaseQuery>) -> Result<Given<Case>, Problem> {
    let (no, now) = (look.path, look.state.now());
    let tail = look.query.phone_tail.as_deref().map_or("", str::trim);
    let guessed = look.state.limits.wrong_tails.attempt(&no, now.timestamp_millis());
    guessed.map_err(|seconds| Problem::from(Code::TooManyRequests).retry_after(seconds))?;
    let here = look.state.keeper.read(|hall| hall.orders.get(no).cloned().map(Arc::new));
    let order = match here {
        Some(order) => Some(order),
        None => past::order(&look.state, no).await?,
    };
    // Whoever works a sealed order may not try numbers at it here.
    let kept = |order: &WorkOrder| order.sealed && look.who.only_handles();
    let order = order.filter(|order| is_their_own(order, tail) && !kept(order)).ok_or(Code::NotFound)?;
    look.state.limits.wrong_tails.right(&no);
    let promise = promise(&look.state, &order).await?;
    Given::ok(&look.state.keeper.read(|hall| Case::of(hall, &order, promise.as_ref(), now)))
}

/// What the operator promised in the latest call about it in which something was promised. The hall keeps calls for two days.
async fn promise(state: &AppState, order: &WorkOrder) -> Result<Option<FreeText>, Problem> {
    let calls = order.calls();
    let promised = |hall: &Hall| {
        let mut here = calls.iter().rev().filter_map(|id| hall.hotline.calls.get(id));
        here.find_map(|call| call.fields.promise.clone())
    };
    if let Some(promise) = state.keeper.read(promised) {
        return Ok(Some(promise));
    }
    for id in order.origin.calls.iter().rev().take(PROMISING_CALLS_MAX) {
        if let Some(promise) = past::call(state, *id).await?.and_then(|call| call.fields.promise.clone()) {
            return Ok(Some(promise));
        }
    }
    Ok(None)
}

/// Whether the end of the number that the order was given is this.
fn is_their_own(order: &WorkOrder, tail: &str) -> bool {
    let own = order.customer.phone.as_ref().map_or("", |phone| phone.tail(TAIL_DIGITS));
    own.len() == TAIL_DIGITS && own == tail
}
