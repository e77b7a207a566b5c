//! `/cases`: customers look up their own order by its number and the last four digits of their telephone number.

use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::domain::hall::Hall;
use crate::domain::ids::OrderNo;
use crate::domain::work_order::WorkOrder;
use crate::web::ask::{Given, Look};
use crate::web::past;
use crate::web::problem::{Code, Problem};
use crate::web::rights::LookUpCase;
use crate::web::wire::case::Case;

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
    let shown = |hall: &Hall, order: &WorkOrder| is_their_own(order, tail).then(|| Case::of(hall, order, now));
    let here = look.state.keeper.read(|hall| hall.orders.get(no).map(|order| shown(hall, order)));
    let found = match here {
        Some(found) => found,
        None => past::order(&look.state, no).await?.and_then(|order| look.state.keeper.read(|hall| shown(hall, &order))),
    };
    let found = found.ok_or(Code::NotFound)?;
    look.state.limits.wrong_tails.right(&no);
    Given::ok(&found)
}

/// Whether the end of the number that the order was given is this.
fn is_their_own(order: &WorkOrder, tail: &str) -> bool {
    let own = order.customer.phone.as_ref().map_or("", |phone| phone.tail(TAIL_DIGITS));
    own.len() == TAIL_DIGITS && own == tail
}
