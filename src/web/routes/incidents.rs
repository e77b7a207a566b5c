//! `/incidents`: an area's trouble is opened, callers are attached to it, and it ends with an answer for each of them.

use actix_web::http::Method;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::domain::command::Command;
use crate::domain::event::EventBody;
use crate::domain::hotline_event::IncidentEvent;
use crate::domain::ids::IncidentId;
use crate::keeper::Decided;
use crate::web::ask::{Ask, Given, Look};
use crate::web::page;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{OpenIncidents, ResolveIncidents, SeeIncidents};
use crate::web::wire::hall::{Committed, Items};
use crate::web::wire::incident::{
    Answering, AttachAnswer, AttachBody, Attached, DismissBody, Incident, IncidentAnswer, IncidentBody, IncidentFull, ResolveIncidentBody,
};
use crate::web::wire::order::{OrderBrief, WorkOrder};
use crate::web::wire::reply::{at, committed, render};

/// Attached callers that one answer lists.
const ATTACHED_TOLD_MAX: usize = 500;

pub(super) fn doors() -> Vec<Door> {
    let post = Method::POST;
    vec![
        Door::look("/incidents", "Incidents, open ones and those resolved lately; newest first.", list),
        Door::look("/incidents/{id}", "One incident, with the callers attached to it.", one),
        Door::ask(post.clone(), "/incidents", "Opens an incident, with its master order.", open).makes().refuses(&[
            Code::UnknownCategory,
            Code::AlreadyAttached,
            Code::CallEnded,
            Code::LimitReached,
        ]),
        Door::ask(Method::PUT, "/incidents/{id}", "Tells other facts of it.", change)
            .refuses(&[Code::UnknownCategory, Code::IncidentResolved]),
        Door::ask(post.clone(), "/incidents/{id}/attach", "Attaches a caller.", attach).refuses(&[
            Code::IncidentResolved,
            Code::AlreadyAttached,
            Code::LimitReached,
        ]),
        Door::ask(post.clone(), "/incidents/{id}/resolve", "The area is well again: every caller is to be told.", resolve)
            .refuses(&[Code::IncidentResolved, Code::UnknownCause]),
        Door::ask(post, "/incidents/suggestions/dismiss", "It is no incident.", dismiss),
    ]
}

/// Which incidents are asked for.
#[derive(Debug, Deserialize, IntoParams)]
struct ListQuery {
    /// At most so many, 1 to 500; 50 without it.
    limit: Option<usize>,
    /// From an earlier answer's `next`.
    cursor: Option<String>,
}

async fn list(look: Look<SeeIncidents, (), ListQuery>) -> Result<Given<Items<Incident>>, Problem> {
    let limit = page::limit(look.query.limit)?;
    let before = match page::after(look.query.cursor.as_deref())? {
        0 => IncidentId(u64::MAX),
        before => IncidentId(before),
    };
    let page = look.state.keeper.read(|hall| {
        let older = hall.hotline.incidents.range(..before).rev().map(|(id, incident)| (*id, Incident::from(incident)));
        older.take(limit + 1).collect::<Vec<_>>()
    });
    let next = if page.len() > limit { page.get(limit - 1).map(|(id, _)| page::cursor(id.0)) } else { None };
    Given::ok(&Items { items: page.into_iter().take(limit).map(|(_, incident)| incident).collect(), next })
}

async fn one(look: Look<SeeIncidents, IncidentId>) -> Result<Given<IncidentFull>, Problem> {
    let (reader, now) = (look.who.reader(), look.state.now());
    let found = look.state.keeper.read(|hall| {
        let incident = hall.hotline.incidents.get(&look.path)?;
        let orders = incident.attached.iter().rev().filter_map(|(call, no)| Some((call, hall.orders.get(*no)?)));
        let mut callers: Vec<_> = orders.map(|(call, order)| (Answering::from(order), call, order)).collect();
        let untold = callers.iter().filter(|(answering, ..)| *answering == Answering::NotYet).count();
        callers.sort_by_key(|(answering, ..)| *answering != Answering::NotYet);
        let attached = callers.into_iter().take(ATTACHED_TOLD_MAX).map(|(answering, call, order)| {
            let order = OrderBrief::of(hall, order, &reader, now);
            Attached { call: call.to_string(), order, answering }
        });
        Some(IncidentFull { incident: Incident::from(incident), untold, attached_list: attached.collect() })
    });
    Given::ok(&found.ok_or(Code::NotFound)?)
}

/// The incident as it stands once a command is folded in.
fn answer(decided: &Decided<'_>, id: IncidentId) -> Option<IncidentAnswer> {
    Some(IncidentAnswer { incident: Incident::from(decided.hall.hotline.incidents.get(&id)?), at: at(decided) })
}

async fn open(ask: Ask<OpenIncidents, (), IncidentBody>) -> Result<Given<IncidentAnswer>, Problem> {
    let (ask, body) = ask.split();
    let call = body.call;
    let facts = Box::new(body.into_facts()?);
    let opened = |decided: &Decided<'_>| {
        let id = decided.events.iter().find_map(|event| {
            let EventBody::Incident(incident) = &event.body else { return None };
            if let IncidentEvent::Opened { incident, .. } = incident.as_ref() { Some(*incident) } else { None }
        });
        answer(decided, id?)
    };
    ask.submit(Command::OpenIncident { facts, call }, render(201, opened)).await
}

async fn change(ask: Ask<OpenIncidents, IncidentId, IncidentBody>) -> Result<Given<IncidentAnswer>, Problem> {
    let (ask, body) = ask.split();
    if body.call.is_some() {
        return Err(Problem::invalid("call", "is told only when an incident is opened; attach it"));
    }
    let incident = ask.path;
    let facts = Box::new(body.into_facts()?);
    ask.submit(Command::ChangeIncident { incident, facts }, render(200, move |decided| answer(decided, incident))).await
}

async fn attach(ask: Ask<OpenIncidents, IncidentId, AttachBody>) -> Result<Given<AttachAnswer>, Problem> {
    let (ask, AttachBody { call }) = ask.split();
    let (incident, reader) = (ask.path, ask.who.reader());
    let attached = move |decided: &Decided<'_>| {
        let found = decided.hall.hotline.incidents.get(&incident)?;
        let order = decided.hall.orders.get(*found.attached.get(&call)?)?;
        let work_order = WorkOrder::of(decided.hall, order, &reader, decided.now);
        Some(AttachAnswer { incident: Incident::from(found), work_order, at: at(decided) })
    };
    ask.submit(Command::AttachCall { incident, call }, render(200, attached)).await
}

async fn resolve(ask: Ask<ResolveIncidents, IncidentId, ResolveIncidentBody>) -> Result<Given<IncidentAnswer>, Problem> {
    let (ask, ResolveIncidentBody { cause, public_reply }) = ask.split();
    let incident = ask.path;
    let command = Command::ResolveIncident { incident, cause, public_reply };
    ask.submit(command, render(200, move |decided| answer(decided, incident))).await
}

async fn dismiss(ask: Ask<OpenIncidents, (), DismissBody>) -> Result<Given<Committed>, Problem> {
    let (ask, DismissBody { community }) = ask.split();
    ask.submit(Command::DismissSuspicion { community }, committed()).await
}
