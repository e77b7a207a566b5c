//! `/counters`: a clerk opens one, calls the next, pauses, and closes it.

use actix_web::http::Method;

use super::Door;
use crate::domain::command::{Command, CounterStep};
use crate::domain::event::EventBody;
use crate::domain::ids::CounterNo;
use crate::domain::profile::Offer;
use crate::keeper::Decided;
use crate::web::ask::{Ask, Given};
use crate::web::problem::{Code, Problem};
use crate::web::rights::{CallChosen, PlanCounter, WorkCounter};
use crate::web::wire::counter::{CallBody, CounterAnswer, CounterBrief, NextBody, PlanBody};
use crate::web::wire::reply::{at, render_or};
use crate::web::wire::ticket::{Fenced, FencedReason, NextAnswer, Ticket, Why};

pub(super) fn doors() -> Vec<Door> {
    let post = Method::POST;
    let seat: &[Code] = &[Code::UnknownCounter, Code::CounterTakenOver, Code::CounterNotOpen, Code::CounterPaused];
    vec![
        Door::ask(post.clone(), "/counters/{no}/open", "Takes the counter, with a new fence.", open).refuses(&[Code::UnknownCounter]),
        Door::ask(post.clone(), "/counters/{no}/pause", "Calls nobody for a while.", pause).refuses(seat),
        Door::ask(post.clone(), "/counters/{no}/resume", "Calls again.", resume).refuses(seat),
        Door::ask(post.clone(), "/counters/{no}/close", "Leaves the counter.", close).refuses(&[
            Code::UnknownCounter,
            Code::CounterTakenOver,
            Code::CounterNotOpen,
            Code::TicketInHand,
        ]),
        Door::ask(post.clone(), "/counters/{no}/next", "Finishes who is in hand and calls the next.", next).refuses(&[
            Code::UnknownCounter,
            Code::CounterTakenOver,
            Code::CounterNotOpen,
            Code::CounterPaused,
            Code::CounterMovedOn,
            Code::TicketInHand,
            Code::RefusalNeedsReasonAndSolution,
            Code::MissingMaterialsNeedsList,
        ]),
        Door::ask(post, "/counters/{no}/call", "Calls a chosen ticket, with a reason.", call).refuses(&[
            Code::UnknownCounter,
            Code::CounterTakenOver,
            Code::CounterNotOpen,
            Code::CounterPaused,
            Code::CounterMovedOn,
            Code::TicketInHand,
            Code::WrongState,
            Code::CounterDoesNotServe,
        ]),
        Door::ask(Method::PUT, "/counters/{no}/services", "Gives the counter other services.", plan).refuses(&[Code::UnknownCounter]),
    ]
}

type Worked = Result<Given<CounterAnswer>, Problem>;

/// Has one step of a counter decided.
async fn step<R>(ask: Ask<R, CounterNo, ()>, step: CounterStep, fence: Option<u64>) -> Worked {
    let (counter, no) = (ask.path.clone(), ask.path.clone());
    let worked = move |decided: &Decided<'_>| {
        let counter = CounterBrief::from(decided.hall.counters.get(&no)?);
        Some(CounterAnswer { counter, at: at(decided) })
    };
    ask.submit(Command::Counter { counter, step, fence }, render_or(200, Problem::at_counter, worked)).await
}

async fn open(ask: Ask<WorkCounter, CounterNo, Fenced>) -> Worked {
    let (ask, _fence_of_before) = ask.split();
    step(ask, CounterStep::Open, None).await
}

async fn pause(ask: Ask<WorkCounter, CounterNo, FencedReason>) -> Worked {
    let (ask, FencedReason { fence, reason }) = ask.split();
    step(ask, CounterStep::Pause { reason }, fence).await
}

async fn resume(ask: Ask<WorkCounter, CounterNo, Fenced>) -> Worked {
    let (ask, Fenced { fence }) = ask.split();
    step(ask, CounterStep::Resume, fence).await
}

async fn close(ask: Ask<WorkCounter, CounterNo, FencedReason>) -> Worked {
    let (ask, FencedReason { fence, reason }) = ask.split();
    step(ask, CounterStep::Close { reason }, fence).await
}

async fn plan(ask: Ask<PlanCounter, CounterNo, PlanBody>) -> Worked {
    let (ask, body) = ask.split();
    // Without an offset the counter never serves it.
    let offers = body.services.into_iter().filter_map(|offer| Some(Offer { service: offer.service, offset_min: offer.offset_min? }));
    let services = offers.collect();
    step(ask, CounterStep::Plan { services }, None).await
}

type Called = Result<Given<NextAnswer>, Problem>;

async fn next(ask: Ask<WorkCounter, CounterNo, NextBody>) -> Called {
    let (ask, NextBody { fence, expect, finish }) = ask.split();
    calling(ask, CounterStep::Next { expect, finish: finish.map(Into::into) }, fence).await
}

async fn call(ask: Ask<CallChosen, CounterNo, CallBody>) -> Called {
    let (ask, CallBody { fence, ticket, expect, reason }) = ask.split();
    calling(ask, CounterStep::Call { ticket, expect, reason }, fence).await
}

async fn calling<R>(ask: Ask<R, CounterNo, ()>, step: CounterStep, fence: Option<u64>) -> Called {
    let counter = ask.path.clone();
    ask.submit(Command::Counter { counter, step, fence }, render_or(200, Problem::at_counter, called)).await
}

/// Whom the events called, and why.
#[expect(clippy::unnecessary_wraps, reason = "every maker of a reply may find nothing")]
fn called(decided: &Decided<'_>) -> Option<NextAnswer> {
    let called = decided.events.iter().find_map(|event| {
        let EventBody::TicketCalled { of, .. } = &event.body else { return None };
        decided.hall.tickets.get(&of.ticket)
    });
    Some(NextAnswer { ticket: called.map(Ticket::from), why: called.and_then(Why::of), at: at(decided) })
}
