//! `/work-orders`: orders are made, moved through their states, and their customers revealed; where a lease is held, under its token.

use std::sync::Arc;

use actix_web::http::Method;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::{Door, addresses};
use crate::domain::command::Command;
use crate::domain::event::{Event, EventBody};
use crate::domain::ids::OrderNo;
use crate::domain::work_order::{OrderChange, OrderEvent};
use crate::keeper::{Decided, Render, Reply};
use crate::web::app::AppState;
use crate::web::ask::{Ask, Given};
use crate::web::problem::{Code, Problem};
use crate::web::rights::{
    CallBack, DispatchOrders, HandleOrders, JoinOrders, LeadOrders, MakeOrders, ReplyOrders, RevealCustomer, Right, SuperviseOrders,
    UrgeOrders,
};
use crate::web::wire::call_body::area_of;
use crate::web::wire::order::{GivenLease, OrderAnswer, OrderMade, RevealAnswer, WorkOrder};
use crate::web::wire::order_body::{
    AcceptBody, ActBody, ArriveBody, CallbackBody, CoAssignBody, CoFinishBody, ContactBody, ContinueBody, DeferBody, DenyBody,
    DispatchBody, ExtendBody, GrantBody, MeasureBody, MergeBody, OrderBody, ReassignBody, ReopenBody, ReplyBody, ResolveBody, ReturnBody,
    RevealBody, StepBody, SuperviseBody, UnmergeBody, UrgeBody, WaitBody, WithdrawBody,
};
use crate::web::wire::order_parts::Revealed;
use crate::web::wire::reader::Reader;
use crate::web::wire::reply::{at, render};

/// What a step under a lease may be refused with.
const HELD: &[Code] = &[Code::WrongState, Code::StaleLease, Code::NotYourTeam];
/// What any other step may be refused with.
const FREE: &[Code] = &[Code::WrongState, Code::StaleLease];
/// What sending an order to a team may be refused with.
const SENT: &[Code] = &[Code::WrongState, Code::StaleLease, Code::UnknownTeam, Code::UnknownCategory];

pub(super) fn doors() -> Vec<Door> {
    handling().into_iter().chain(deciding()).collect()
}

/// From its making to the call-back.
fn handling() -> Vec<Door> {
    vec![
        Door::ask(Method::POST, "/work-orders", "Makes an order, or asks again for the flat's open one (200).", create).makes().refuses(&[
            Code::UnknownCategory,
            Code::UnknownTeam,
            Code::IncidentResolved,
            Code::AlreadyAttached,
            Code::LimitReached,
        ]),
        door::<DispatchOrders, DispatchBody>("dispatch", "Sends it to a team.", SENT),
        door::<HandleOrders, AcceptBody>(
            "accept",
            "Takes it in hand.",
            &[Code::WrongState, Code::StaleLease, Code::NotYourTeam, Code::SkillMissing, Code::WipLimit],
        ),
        door::<HandleOrders, ContactBody>("contact", "Its customer was rung.", HELD),
        door::<HandleOrders, ArriveBody>("arrive", "Somebody is there.", HELD),
        door::<HandleOrders, ActBody>("act", "Something was done.", HELD),
        door::<HandleOrders, MeasureBody>("measure", "A room's temperature was measured.", HELD),
        door::<HandleOrders, ResolveBody>(
            "resolve",
            "The work is done.",
            &[Code::WrongState, Code::StaleLease, Code::NotYourTeam, Code::UnknownCause, Code::ResolutionIncomplete],
        ),
        door::<ReplyOrders, ReplyBody>(
            "reply",
            "Its customer was told the result.",
            &[Code::WrongState, Code::StaleLease, Code::ReplyMissing],
        ),
        door::<CallBack, CallbackBody>(
            "callback",
            "Its customer was called back, by somebody who did not handle it.",
            &[Code::WrongState, Code::StaleLease, Code::CallbackByHandler, Code::ReplyMissing],
        ),
        door::<HandleOrders, ReturnBody>("return", "The team gives it back.", HELD),
        Door::ask(Method::POST, "/work-orders/{no}/reveal", "Shows its customer's name and number, and writes it down.", reveal)
            .refuses(&[Code::StaleLease, Code::NotYourTeam]),
    ]
}

/// What is decided about it beside the work.
fn deciding() -> Vec<Door> {
    vec![
        door::<LeadOrders, ReassignBody>("reassign", "Gives it to another team.", SENT),
        door::<JoinOrders, CoAssignBody>(
            "co-assign",
            "Has another team help.",
            &[Code::WrongState, Code::StaleLease, Code::UnknownTeam, Code::AlreadyExists, Code::LimitReached],
        ),
        door::<HandleOrders, CoFinishBody>(
            "co-finish",
            "The helping team is done.",
            &[Code::WrongState, Code::StaleLease, Code::NotYourTeam, Code::UnknownTeam],
        ),
        door::<UrgeOrders, UrgeBody>("urge", "Its customer asks again.", FREE),
        door::<SuperviseOrders, SuperviseBody>("supervise", "Somebody above watches over it.", FREE),
        door::<HandleOrders, ExtendBody>(
            "extend",
            "Asks for more time, before the deadline.",
            &[Code::WrongState, Code::StaleLease, Code::NotYourTeam, Code::ExtensionTooLate, Code::AlreadyExists],
        ),
        door::<LeadOrders, GrantBody>("grant", "Gives the time asked for.", &[Code::WrongState, Code::StaleLease, Code::NoExtensionAsked]),
        door::<LeadOrders, DenyBody>("deny", "Refuses the time asked for.", &[Code::WrongState, Code::StaleLease, Code::NoExtensionAsked]),
        door::<HandleOrders, WaitBody>("wait", "It waits for its customer; its clocks stand still.", HELD),
        door::<HandleOrders, ContinueBody>(
            "continue",
            "It goes on.",
            &[Code::WrongState, Code::StaleLease, Code::NotYourTeam, Code::LeadOnly],
        ),
        door::<LeadOrders, DeferBody>("defer", "Puts it off to a date, on which it comes back.", FREE),
        door::<JoinOrders, MergeBody>(
            "merge",
            "Makes it a part of another order.",
            &[Code::WrongState, Code::StaleLease, Code::OrderHasChildren, Code::IncidentGoesOn, Code::LimitReached],
        ),
        door::<LeadOrders, UnmergeBody>("unmerge", "Takes it out of the order it was merged into.", FREE),
        door::<JoinOrders, ReopenBody>("reopen", "Opens it again.", FREE),
        door::<JoinOrders, WithdrawBody>(
            "withdraw",
            "Its customer no longer wants it.",
            &[Code::WrongState, Code::StaleLease, Code::OrderHasChildren, Code::IncidentGoesOn],
        ),
    ]
}

/// The door of one step.
fn door<R: Right, B: StepBody + DeserializeOwned + ToSchema + 'static>(
    name: &str,
    summary: &'static str,
    problems: &'static [Code],
) -> Door {
    Door::ask(Method::POST, &format!("/work-orders/{{no}}/{name}"), summary, step::<R, B>).refuses(problems)
}

/// The first of a command's events about an order.
pub(super) fn first_order(events: &[Arc<Event>]) -> Option<&OrderEvent> {
    events.iter().find_map(|event| if let EventBody::Order(order) = &event.body { Some(order.as_ref()) } else { None })
}

/// Whether an order was only asked for again, or opened again; else it was made.
#[expect(clippy::wildcard_enum_match_arm, reason = "of many changes two are asked for")]
pub(super) fn asked_again(event: &OrderEvent) -> (bool, bool) {
    match event.change {
        OrderChange::Urged { .. } => (true, false),
        OrderChange::Reopened { .. } => (false, true),
        _ => (false, false),
    }
}

async fn create(ask: Ask<MakeOrders, (), OrderBody>) -> Result<Given<OrderMade>, Problem> {
    let (ask, mut body) = ask.split();
    if let Some(address) = &mut body.address {
        addresses::fill(&ask.state, address).await;
    }
    let area = ask.state.keeper.read(area_of);
    let new = body.into_domain(area.as_ref())?;
    let reader = ask.who.reader();
    ask.submit(Command::CreateOrder(Box::new(new)), making(reader)).await
}

/// 201 for an order that was made, 200 for one that was there.
fn making(reader: Reader) -> Render {
    let made = move |decided: &Decided<'_>| {
        let event = first_order(decided.events)?;
        let (urged, reopened) = asked_again(event);
        let order = decided.hall.orders.get(event.no)?;
        let work_order = WorkOrder::of(decided.hall, order, &reader, decided.now);
        let body = serde_json::to_string(&OrderMade { work_order, urged, reopened, at: at(decided) }).ok()?;
        let is_new = matches!(event.change, OrderChange::Created { .. });
        Some(Reply { status: if is_new { 201 } else { 200 }, body })
    };
    Arc::new(move |decided| match decided.refusal {
        Some(refusal) => Problem::from(refusal).reply(),
        None => made(decided).unwrap_or_else(|| Problem::from(Code::Internal).reply()),
    })
}

/// An order of other teams is not a handler's to move, who never had it in hand; that a sealed one is there is not told. What
/// is not there at all, the hall says.
fn may_act(state: &AppState, reader: &Reader, no: OrderNo) -> Result<(), Problem> {
    let refused = state.keeper.read(|hall| {
        let order = hall.orders.get(no)?;
        let was_theirs = order.handlers.contains(&reader.actor) || order.returns.iter().any(|returned| returned.by == reader.actor);
        let code = if order.sealed { Code::NotFound } else { Code::NotYourTeam };
        (!was_theirs && !reader.may_see(order)).then_some(code)
    });
    refused.map_or(Ok(()), |code| Err(code.into()))
}

/// Has one step of an order decided.
async fn step<R, B: StepBody>(ask: Ask<R, OrderNo, B>) -> Result<Given<OrderAnswer>, Problem> {
    let (ask, body) = ask.split();
    let (token, step) = body.step();
    let (no, reader) = (ask.path, ask.who.reader());
    may_act(&ask.state, &reader, no)?;
    let kept_days = ask.state.settings.records_days_kept;
    let moved = move |decided: &Decided<'_>| {
        let order = decided.hall.orders.get(no)?;
        let work_order = WorkOrder::of(decided.hall, order, &reader, decided.now).kept_for(kept_days);
        Some(OrderAnswer { work_order, lease: GivenLease::of(order, &reader.actor), at: at(decided) })
    };
    ask.submit(Command::Order { no, step: Box::new(step), token }, render(200, moved)).await
}

async fn reveal(ask: Ask<RevealCustomer, OrderNo, RevealBody>) -> Result<Given<RevealAnswer>, Problem> {
    let (ask, body) = ask.split();
    let (token, step) = body.step();
    let (no, reader) = (ask.path, ask.who.reader());
    may_act(&ask.state, &reader, no)?;
    if ask.state.keeper.read(|hall| hall.orders.get(no).is_some_and(|order| reader.is_kept_from(order))) {
        return Err(Problem::from(Code::Forbidden).detail("who asked is sealed"));
    }
    let shown = move |decided: &Decided<'_>| {
        let order = decided.hall.orders.get(no)?;
        let work_order = WorkOrder::of(decided.hall, order, &reader, decided.now);
        // It may have been sealed since it was looked at.
        let customer = if reader.is_kept_from(order) { Revealed::default() } else { Revealed::from(&order.customer) };
        Some(RevealAnswer { work_order, lease: GivenLease::of(order, &reader.actor), customer, at: at(decided) })
    };
    ask.submit(Command::Order { no, step: Box::new(step), token }, render(200, shown)).await
}
