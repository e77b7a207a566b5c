//! `/tickets`: a number is taken, moved through its states, and looked up.

use actix_web::http::Method;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::domain::command::{Command, Issue, TicketStep};
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::ids::{CounterNo, ServiceId, TicketId};
use crate::domain::ticket::Target;
use crate::history::{TICKETS_PAGE_MAX, TicketQuery};
use crate::keeper::Decided;
use crate::web::ask::{Ask, Given, Look};
use crate::web::page;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{IssueTicket, SeeTickets, WorkTicket};
use crate::web::secrets::link_secret;
use crate::web::wire::hall::Items;
use crate::web::wire::reply::{at, render};
use crate::web::wire::ticket::{
    Fenced, FencedReason, FinishBody, IssueAnswer, IssueBody, PutBackBody, ResumeBody, Ticket, TicketAnswer, TicketFull, TransferBody,
};
use crate::web::wire::words::TicketState;

/// What an operation on a ticket may be refused with.
const STEP: &[Code] = &[Code::WrongState, Code::NotYourCounter, Code::CounterTakenOver];

pub(super) fn doors() -> Vec<Door> {
    let post = Method::POST;
    let step = |name: &str| format!("/tickets/{{id}}/{name}");
    vec![
        Door::ask(post.clone(), "/tickets", "Takes a number.", issue).makes().refuses(&[
            Code::UnknownService,
            Code::HallClosed,
            Code::ServiceClosed,
            Code::ServiceFull,
            Code::HallFull,
        ]),
        Door::look("/tickets", "Tickets of a service day, in the order of their issue.", list),
        Door::look("/tickets/{id}", "One ticket, with its story.", one),
        Door::ask(post.clone(), &step("recall"), "Calls it again.", recall).refuses(&[
            Code::WrongState,
            Code::NotYourCounter,
            Code::CounterTakenOver,
            Code::RecallTooSoon,
        ]),
        Door::ask(post.clone(), &step("start"), "Its holder has come: serving begins.", start).refuses(STEP),
        Door::ask(post.clone(), &step("miss"), "Its holder did not come.", miss).refuses(STEP),
        Door::ask(post.clone(), &step("reinstate"), "A missed one comes back into the line.", reinstate).refuses(STEP),
        Door::ask(post.clone(), &step("park"), "Sets it aside while its holder fetches something.", park).refuses(STEP),
        Door::ask(post.clone(), &step("resume"), "Takes up a parked one.", resume).refuses(&[
            Code::WrongState,
            Code::NotYourCounter,
            Code::UnknownCounter,
            Code::CounterNotOpen,
            Code::TicketInHand,
        ]),
        Door::ask(post.clone(), &step("put-back"), "Puts it back into its line, to be called later.", put_back).refuses(STEP),
        Door::ask(post.clone(), &step("transfer"), "Sends it to another service or counter.", transfer).refuses(&[
            Code::WrongState,
            Code::NotYourCounter,
            Code::UnknownService,
            Code::UnknownCounter,
        ]),
        Door::ask(post.clone(), &step("finish"), "Finishes it, saying how it ended.", finish).refuses(&[
            Code::WrongState,
            Code::NotYourCounter,
            Code::RefusalNeedsReasonAndSolution,
            Code::MissingMaterialsNeedsList,
        ]),
        Door::ask(post, &step("cancel"), "Takes it out of the hall.", cancel).refuses(STEP),
    ]
}

async fn issue(ask: Ask<IssueTicket, (), IssueBody>) -> Result<Given<IssueAnswer>, Problem> {
    let (class, language) = (ask.body.class.into(), ask.body.language.into());
    let wait = ask.state.forecaster.current(&ask.body.service, class);
    let issue = Issue { service: ask.body.service.clone(), class, language, appointment_at: ask.body.appointment_at, wait };
    let base = ask.state.settings.public_url.clone().unwrap_or_default();
    ask.submit(Command::Issue(issue), render(201, move |decided| issued(decided, &base))).await
}

fn issued(decided: &Decided<'_>, base: &str) -> Option<IssueAnswer> {
    let EventBody::TicketIssued { ticket, ahead, wait, .. } = &decided.events.first()?.body else { return None };
    let link_key = decided.hall.access.link_key.as_deref().unwrap_or_default();
    Some(IssueAnswer {
        ticket: Ticket::from(decided.hall.tickets.get(ticket)?),
        ahead: usize::try_from(*ahead).ok()?,
        wait: wait.map(Into::into),
        status_url: format!("{base}/t/{}", link_secret(link_key, *ticket)),
        at: at(decided),
    })
}

type Moved = Result<Given<TicketAnswer>, Problem>;

/// Has one step of a ticket decided.
async fn step(ask: Ask<WorkTicket, TicketId, ()>, step: TicketStep, fence: Option<u64>) -> Moved {
    let ticket = ask.path;
    let moved = move |decided: &Decided<'_>| {
        let ticket = Ticket::from(decided.hall.tickets.get(&ticket)?);
        Some(TicketAnswer { ticket, at: at(decided) })
    };
    ask.submit(Command::Ticket { ticket, step, fence }, render(200, moved)).await
}

async fn recall(ask: Ask<WorkTicket, TicketId, Fenced>) -> Moved {
    let (ask, Fenced { fence }) = ask.split();
    step(ask, TicketStep::Recall, fence).await
}

async fn start(ask: Ask<WorkTicket, TicketId, Fenced>) -> Moved {
    let (ask, Fenced { fence }) = ask.split();
    step(ask, TicketStep::Start, fence).await
}

async fn miss(ask: Ask<WorkTicket, TicketId, Fenced>) -> Moved {
    let (ask, Fenced { fence }) = ask.split();
    step(ask, TicketStep::Miss, fence).await
}

async fn reinstate(ask: Ask<WorkTicket, TicketId, Fenced>) -> Moved {
    let (ask, Fenced { fence }) = ask.split();
    step(ask, TicketStep::Reinstate, fence).await
}

async fn park(ask: Ask<WorkTicket, TicketId, FencedReason>) -> Moved {
    let (ask, FencedReason { fence, reason }) = ask.split();
    step(ask, TicketStep::Park { reason }, fence).await
}

async fn resume(ask: Ask<WorkTicket, TicketId, ResumeBody>) -> Moved {
    let (ask, ResumeBody { fence, counter }) = ask.split();
    step(ask, TicketStep::Resume { counter }, fence).await
}

async fn put_back(ask: Ask<WorkTicket, TicketId, PutBackBody>) -> Moved {
    let (ask, PutBackBody { fence, delay_s, reason }) = ask.split();
    step(ask, TicketStep::PutBack { delay_s, reason }, fence).await
}

async fn transfer(ask: Ask<WorkTicket, TicketId, TransferBody>) -> Moved {
    let (ask, TransferBody { fence, service, counter, place, reason }) = ask.split();
    let to = target(service, counter)?;
    step(ask, TicketStep::Transfer { to, place: place.into(), reason }, fence).await
}

/// A transfer leads to a service or to a counter.
fn target(service: Option<ServiceId>, counter: Option<CounterNo>) -> Result<Target, Problem> {
    match (service, counter) {
        (Some(service), None) => Ok(Target::Service(service)),
        (None, Some(counter)) => Ok(Target::Counter(counter)),
        (Some(_), Some(_)) => Err(Problem::invalid("counter", "give a service or a counter, not both")),
        (None, None) => Err(Problem::invalid("service", "give a service or a counter")),
    }
}

async fn finish(ask: Ask<WorkTicket, TicketId, FinishBody>) -> Moved {
    let (ask, body) = ask.split();
    let fence = body.fence;
    step(ask, TicketStep::Finish(body.into()), fence).await
}

async fn cancel(ask: Ask<WorkTicket, TicketId, FencedReason>) -> Moved {
    let (ask, FencedReason { fence, reason }) = ask.split();
    step(ask, TicketStep::Cancel { reason }, fence).await
}

async fn one(look: Look<SeeTickets, TicketId>) -> Result<Given<TicketFull>, Problem> {
    let today = look.state.keeper.read(|hall| hall.tickets.get(&look.path).map(TicketFull::from));
    let found = match (today, &look.state.history) {
        (Some(found), _) => Some(found),
        (None, Some(history)) => history.ticket(look.path).await?.as_ref().map(TicketFull::from),
        (None, None) => None,
    };
    Given::ok(&found.ok_or(Code::NotFound)?)
}

/// Which tickets are asked for.
#[derive(Debug, Deserialize, IntoParams)]
struct ListQuery {
    #[param(inline)]
    state: Option<TicketState>,
    service: Option<String>,
    number: Option<String>,
    /// A service day; today's without it.
    #[param(value_type = Option<String>)]
    day: Option<chrono::NaiveDate>,
    /// At most so many, 1 to 500; 50 without it.
    limit: Option<usize>,
    /// From an earlier answer's `next`.
    cursor: Option<String>,
}

async fn list(look: Look<SeeTickets, (), ListQuery>) -> Result<Given<Items<TicketFull>>, Problem> {
    let limit = page::limit(look.query.limit)?;
    let after = page::after(look.query.cursor.as_deref())?;
    let today = look.state.keeper.read(|hall| hall.day);
    let earlier = look.query.day.filter(|day| Some(*day) != today);
    match (earlier, &look.state.history) {
        (None, _) => Given::ok(&look.state.keeper.read(|hall| list_of(hall, &look.query, after, limit))),
        (Some(_), None) => Given::ok(&Items::all(Vec::new())),
        (Some(day), Some(history)) => {
            let service = look.query.service.as_deref().map(str::parse).transpose().map_err(|_| Code::UnknownService)?;
            let state = look.query.state.map(Into::into);
            // One more than shown tells whether there are more.
            let limit = limit.min(TICKETS_PAGE_MAX - 1);
            let query =
                TicketQuery { day, state, service, number: look.query.number.clone(), after: Some(TicketId(after)), limit: limit + 1 };
            let found = history.tickets(query).await?;
            Given::ok(&page_of(found.iter(), limit))
        }
    }
}

/// One page, and where the next begins.
fn page_of<'a>(fitting: impl Iterator<Item = &'a crate::domain::ticket::Ticket>, limit: usize) -> Items<TicketFull> {
    let mut fitting = fitting.peekable();
    let mut last = None;
    let items = fitting.by_ref().take(limit).inspect(|ticket| last = Some(ticket.id)).map(TicketFull::from).collect();
    let more = fitting.peek().is_some();
    Items { items, next: last.filter(|_| more).map(|id| page::cursor(id.0)) }
}

fn list_of(hall: &Hall, query: &ListQuery, after: u64, limit: usize) -> Items<TicketFull> {
    let behind = hall.tickets.range(TicketId(after.saturating_add(1))..);
    let fitting = behind.filter(|ticket| {
        query.state.is_none_or(|state| TicketState::from(ticket.state) == state)
            && query.service.as_deref().is_none_or(|service| ticket.service().as_str() == service)
            && query.number.as_deref().is_none_or(|number| *ticket.number == *number)
    });
    page_of(fitting, limit)
}
