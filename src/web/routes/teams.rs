//! `/teams`: a team's people take the most urgent order of its queue.

use actix_web::http::Method;

use super::Door;
use crate::domain::command::Command;
use crate::domain::ids::TeamId;
use crate::domain::refusal::Refusal;
use crate::keeper::Decided;
use crate::web::ask::{Ask, Given};
use crate::web::problem::{Code, Problem};
use crate::web::rights::HandleOrders;
use crate::web::routes::orders::first_order;
use crate::web::wire::order::{ClaimAnswer, GivenLease, WorkOrder};
use crate::web::wire::order_body::ClaimBody;
use crate::web::wire::reply::{at, render_or};

pub(super) fn doors() -> Vec<Door> {
    let summary = "Takes the most urgent order of the team's queue that fits; nothing where none does.";
    vec![Door::ask(Method::POST, "/teams/{team}/claim", summary, claim).refuses(&[Code::UnknownTeam, Code::NotYourTeam, Code::WipLimit])]
}

/// A team in the path that is not there is not found.
fn at_team(refusal: &Refusal) -> Problem {
    let problem = Problem::from(refusal);
    if problem.code == Code::NotFound { Problem { status: 404, ..Problem::from(Code::UnknownTeam) } } else { problem }
}

async fn claim(ask: Ask<HandleOrders, TeamId, ClaimBody>) -> Result<Given<ClaimAnswer>, Problem> {
    let (ask, ClaimBody { lease_s }) = ask.split();
    let reader = ask.who.reader();
    let claimed = move |decided: &Decided<'_>| {
        let order = first_order(decided.events).and_then(|event| decided.hall.orders.get(event.no));
        Some(ClaimAnswer {
            work_order: order.map(|order| WorkOrder::of(decided.hall, order, &reader, decided.now)),
            lease: order.and_then(|order| GivenLease::of(order, &reader.actor)),
            at: at(decided),
        })
    };
    ask.submit(Command::Claim { team: ask.path.clone(), lease_s }, render_or(200, at_team, claimed)).await
}
