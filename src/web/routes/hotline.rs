//! `/hotline`: calls are written down while they are spoken, ended, and looked up; and what is known of a caller is told at once.

use std::sync::Arc;

use actix_web::http::Method;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{Door, addresses};
use crate::domain::command::{Command, LogCall};
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::hotline::{customer_word, phone_word};
use crate::domain::hotline_call as of;
use crate::domain::ids::HotlineCallId;
use crate::domain::phone::{AreaCode, Phone};
use crate::domain::refusal::Refusal;
use crate::domain::text::FreeText;
use crate::keeper::Decided;
use crate::web::app::AppState;
use crate::web::ask::{Ask, Given, Look};
use crate::web::find::Question;
use crate::web::page;
use crate::web::past;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{LogCalls, MakeOrders, SeeCalls};
use crate::web::routes::orders::{asked_again, first_order};
use crate::web::views::{Asked, known};
use crate::web::wire::call::{CallBrief, CallChanged, CallEnded, CallLogged, HotlineCall, Known};
use crate::web::wire::call_body::{CallBody, EndBody, LogCallBody, area_of};
use crate::web::wire::hall::Items;
use crate::web::wire::incident::Suspicion;
use crate::web::wire::order::WorkOrder;
use crate::web::wire::reply::{at, render, render_or};

/// Calls looked at before others get their turn with the hall.
const STRIDE: usize = 1_000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::ask(Method::POST, "/hotline/calls", "A call begins.", log).makes().refuses(&[Code::LimitReached]),
        Door::look("/hotline/calls", "Calls, newest first.", list).refuses(&[Code::InvalidField]),
        Door::look("/hotline/calls/{id}", "One call.", one),
        Door::ask(Method::PATCH, "/hotline/calls/{id}", "Writes down what is mentioned; null clears.", change)
            .refuses(&[Code::CallEnded, Code::UnknownCategory]),
        Door::ask(Method::POST, "/hotline/calls/{id}/end", "The call is over; perhaps an order becomes of it.", end).refuses(&[
            Code::CallEnded,
            Code::WorkOrderMissing,
            Code::UnknownCategory,
            Code::UnknownTeam,
            Code::IncidentResolved,
            Code::AlreadyAttached,
            Code::LimitReached,
        ]),
        Door::look("/hotline/known", "What is known of a caller and a flat.", known_of).refuses(&[Code::InvalidField]),
    ]
}

async fn log(ask: Ask<LogCalls, (), LogCallBody>) -> Result<Given<CallLogged>, Problem> {
    let (ask, body) = ask.split();
    let area = ask.state.keeper.read(area_of);
    let log = LogCall {
        channel: body.channel.into(),
        direction: body.direction.map(Into::into),
        caller_number: body.caller_number.phone("caller_number", area.as_ref())?,
        phone_call: body.phone_call,
        seat: body.seat.0,
    };
    let told = |hall: &Hall| hall.hotline.telephone.call(log.phone_call?)?.customer_phone(area.as_ref());
    let number = log.caller_number.clone().or_else(|| ask.state.keeper.read(told));
    let asked = Asked { phones: number.into_iter().collect(), ..Asked::default() };
    let past = past::of_one(&ask.state, &asked.words()).await;
    let reader = ask.who.reader();
    let logged = move |decided: &Decided<'_>| {
        let id = decided.events.iter().find_map(|event| if let EventBody::Call(call) = &event.body { Some(call.call()) } else { None })?;
        let call = decided.hall.hotline.calls.get(&id)?;
        let known = known(decided.hall, &Asked::from(call.as_ref()), &past, decided.now);
        Some(CallLogged { call: HotlineCall::of(decided.hall, call, &reader), known, at: at(decided) })
    };
    ask.submit(Command::LogCall(log), render(201, logged)).await
}

async fn change(ask: Ask<LogCalls, HotlineCallId, CallBody>) -> Result<Given<CallChanged>, Problem> {
    let (ask, mut body) = ask.split();
    if let Some(Some(address)) = &mut body.address {
        addresses::fill(&ask.state, address).await;
    }
    let area = ask.state.keeper.read(area_of);
    let patch = Box::new(body.into_patch(area.as_ref())?);
    let (id, reader) = (ask.path, ask.who.reader());
    let becomes = ask.state.keeper.read(|hall| hall.hotline.calls.get(&id).map(|call| of::HotlineCall::clone(call)));
    let asked = becomes.map(|mut call| {
        patch.write(&mut call.fields);
        Asked::from(&call)
    });
    let past = past::of_one(&ask.state, &asked.unwrap_or_default().words()).await;
    let changed = move |decided: &Decided<'_>| {
        let call = decided.hall.hotline.calls.get(&id)?;
        let community = call.fields.address.community.as_ref().map(FreeText::as_str);
        let suspected = decided.hall.hotline.suspicions.iter().find(|one| Some(&*one.suspicion.community) == community);
        Some(CallChanged {
            call: HotlineCall::of(decided.hall, call, &reader),
            known: known(decided.hall, &Asked::from(call.as_ref()), &past, decided.now),
            suggestion: suspected.map(Suspicion::from),
            at: at(decided),
        })
    };
    ask.submit(Command::ChangeCall { call: id, patch }, render(200, changed)).await
}

/// What is missing for an order, by the field that would mend it.
fn missing(refusal: &Refusal, field: &str, problem: &str) -> Problem {
    let told = Problem::from(refusal);
    if told.code == Code::WorkOrderMissing { told.field(field, problem) } else { told }
}

fn without_order(refusal: &Refusal) -> Problem {
    missing(refusal, "work_order", "is not known")
}

fn without_category(refusal: &Refusal) -> Problem {
    missing(refusal, "category", "is needed")
}

async fn end(ask: Ask<LogCalls, HotlineCallId, EndBody>) -> Result<Given<CallEnded>, Problem> {
    let (ask, mut body) = ask.split();
    if let Some(address) = body.order.as_mut().and_then(|order| order.address.as_mut()) {
        addresses::fill(&ask.state, address).await;
    }
    let area = ask.state.keeper.read(area_of);
    let order = body.order.map(|order| order.into_domain(area.as_ref())).transpose()?.map(Box::new);
    let end = of::CallEnd { disposition: body.disposition.into(), note: body.note.0, work_order: body.work_order, incident: body.incident };
    let (id, reader) = (ask.path, ask.who.reader());
    let refuse = if end.work_order.is_some() { without_order } else { without_category };
    let ended = move |decided: &Decided<'_>| {
        let call = decided.hall.hotline.calls.get(&id)?;
        let order = call.end.as_ref().and_then(|end| end.work_order).and_then(|no| decided.hall.orders.get(no));
        let (urged, reopened) = first_order(decided.events).map_or((false, false), asked_again);
        Some(CallEnded {
            call: HotlineCall::of(decided.hall, call, &reader),
            work_order: order.map(|order| WorkOrder::of(decided.hall, order, &reader, decided.now)),
            urged,
            reopened,
            at: at(decided),
        })
    };
    ask.submit(Command::EndCall { call: id, end, order }, render_or(200, refuse, ended)).await
}

async fn one(look: Look<SeeCalls, HotlineCallId>) -> Result<Given<HotlineCall>, Problem> {
    let here = look.state.keeper.read(|hall| hall.hotline.calls.get(&look.path).cloned());
    let found = match here {
        Some(call) => Some(call),
        None => past::call(&look.state, look.path).await?,
    };
    let found = found.ok_or(Code::NotFound)?;
    let reader = look.who.reader();
    Given::ok(&look.state.keeper.read(|hall| HotlineCall::of(hall, &found, &reader)))
}

/// Which calls are asked for.
#[derive(Debug, Deserialize, IntoParams)]
struct ListQuery {
    /// A whole telephone number.
    phone: Option<String>,
    customer_no: Option<String>,
    /// In names, communities and descriptions; a whole telephone number or its last four digits; a customer's number.
    q: Option<String>,
    /// At most so many, 1 to 500; 50 without it.
    limit: Option<usize>,
    /// From an earlier answer's `next`.
    cursor: Option<String>,
}

fn text(asked: Option<&str>) -> Option<&str> {
    asked.map(str::trim).filter(|text| !text.is_empty())
}

fn number(asked: Option<&str>, area: Option<&AreaCode>) -> Result<Option<Phone>, Problem> {
    let Some(asked) = text(asked) else { return Ok(None) };
    Phone::read(asked, area).map_err(|bad| Problem::invalid("phone", &bad.to_string()))
}

/// What a call has to be.
pub(super) struct Filter {
    /// Words under which the hall finds calls at once, all of which it has to be found under.
    words: Vec<Arc<str>>,
    question: Option<Question>,
}

impl Filter {
    /// Every call that a text means.
    pub(super) const fn meant(question: Question) -> Self {
        Self { words: Vec::new(), question: Some(question) }
    }

    fn fits(&self, call: &of::HotlineCall) -> bool {
        let own = if self.words.is_empty() { Vec::new() } else { call.fields.words() };
        self.words.iter().all(|word| own.contains(word)) && self.question.as_ref().is_none_or(|question| question.means_call(call))
    }
}

async fn list(look: Look<SeeCalls, (), ListQuery>) -> Result<Given<Items<CallBrief>>, Problem> {
    let query = &look.query;
    let limit = page::limit(query.limit)?;
    let area = look.state.keeper.read(area_of);
    let phone = number(query.phone.as_deref(), area.as_ref())?.map(|phone| Arc::from(phone_word(phone.number())));
    let customer = text(query.customer_no.as_deref()).map(|no| Arc::from(customer_word(no)));
    let words = phone.into_iter().chain(customer).collect();
    let filter = Filter { words, question: Question::read(query.q.as_deref(), area.as_ref())? };
    let before = match page::after(query.cursor.as_deref())? {
        0 => HotlineCallId(u64::MAX),
        before => HotlineCallId(before),
    };
    let mut found = newest(&look.state, &filter, before, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|call| page::cursor(call.id.0));
    let items = look.state.keeper.read(|hall| found.iter().map(|call| CallBrief::of(hall, call)).collect());
    Given::ok(&Items { items, next })
}

/// Newest first: what the hall has, and among it what only history has.
pub(super) async fn newest(
    state: &AppState,
    filter: &Filter,
    before: HotlineCallId,
    limit: usize,
) -> Result<Vec<Arc<of::HotlineCall>>, Problem> {
    let mut here = Vec::new();
    let mut at = before;
    loop {
        let looked = state.keeper.read(|hall| stretch(hall, at));
        at = looked.last().map_or(at, |call| call.id);
        let is_last = looked.len() < STRIDE;
        let missing = limit - here.len();
        here.extend(looked.into_iter().filter(|call| filter.fits(call)).take(missing));
        if is_last || here.len() >= limit {
            break;
        }
        tokio::task::yield_now().await;
    }
    let question = filter.question.clone();
    let asked = past::OlderCalls { before: Some(before), words: filter.words.clone(), question, limit };
    // A hall that was restored may have an archived one again: then it knows better.
    let fits = |call: &of::HotlineCall| filter.fits(call) && state.keeper.read(|hall| !hall.hotline.calls.contains_key(&call.id));
    let archived = past::calls(state, asked, fits).await?;
    Ok(past::joined(here, archived, |call| call.id, limit))
}

fn stretch(hall: &Hall, before: HotlineCallId) -> Vec<Arc<of::HotlineCall>> {
    hall.hotline.calls.range(..before).rev().take(STRIDE).map(|(_, call)| Arc::clone(call)).collect()
}

/// Of whom and what something may be known.
#[derive(Debug, Deserialize, IntoParams)]
struct KnownQuery {
    phone: Option<String>,
    customer_no: Option<String>,
    community: Option<String>,
    building: Option<String>,
    unit: Option<String>,
    room: Option<String>,
    /// With it, the flat's order about the same is told even where it was closed lately.
    category: Option<String>,
}

async fn known_of(look: Look<MakeOrders, (), KnownQuery>) -> Result<Given<Known>, Problem> {
    let query = &look.query;
    let area = look.state.keeper.read(area_of);
    let part =
        |field: &str, asked: Option<&str>| text(asked).map(FreeText::parse).transpose().map_err(|problem| Problem::invalid(field, problem));
    let address = of::Address {
        community: part("community", query.community.as_deref())?,
        building: part("building", query.building.as_deref())?,
        unit: part("unit", query.unit.as_deref())?,
        room: part("room", query.room.as_deref())?,
        ..of::Address::default()
    };
    let category = text(query.category.as_deref()).map(str::parse).transpose();
    let asked = Asked {
        phones: number(query.phone.as_deref(), area.as_ref())?.into_iter().collect(),
        customer_no: text(query.customer_no.as_deref()).map(ToOwned::to_owned),
        address,
        category: category.map_err(|bad: crate::domain::ids::BadId| Problem::invalid("category", bad.expected))?,
        in_call: None,
    };
    let now = look.state.now();
    let past = past::of_one(&look.state, &asked.words()).await;
    Given::ok(&look.state.keeper.read(|hall| known(hall, &asked, &past, now)))
}
