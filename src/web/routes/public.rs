//! `/hall` and `/t/{secret}`: what everybody may see, and what the holder of a number may do with it.

use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, VARY};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Door;
use crate::domain::command::Command;
use crate::domain::ids::TicketId;
use crate::domain::text::FreeText;
use crate::web::app::AppState;
use crate::web::ask::{Ask, Given, Look};
use crate::web::assets;
use crate::web::body::Nothing;
use crate::web::gate::Who;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{OwnTicket, SeeHall};
use crate::web::secrets::link_ticket;
use crate::web::wire::hall::Committed;
use crate::web::wire::look::{HallAnswer, KioskState, TicketView};
use crate::web::wire::reply::committed;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::look("/hall", "The hall as everybody may see it.", hall),
        Door::look("/t/{secret}", "A ticket, for its holder.", ticket).refuses(&[Code::NotFound, Code::Gone]),
        Door::fetch("/t/{secret}", "text/html", "The phone page of a ticket; JSON for programs.", ticket_page),
        Door::ask(Method::POST, "/t/{secret}/cancel", "Its holder leaves the line.", cancel).refuses(&[
            Code::NotFound,
            Code::Gone,
            Code::WrongState,
        ]),
        Door::ask(Method::POST, "/t/{secret}/rating", "Its holder rates the service, once.", rate).refuses(&[
            Code::NotFound,
            Code::Gone,
            Code::WrongState,
            Code::AlreadyRated,
        ]),
    ]
}

async fn hall(look: Look<SeeHall>) -> Result<Given<HallAnswer>, Problem> {
    let waits = look.state.forecaster.latest();
    let (at, demo) = (look.state.now(), look.state.demo.is_some());
    let epoch = look.state.keeper.epoch().to_string();
    let answer = look.state.keeper.read(|hall| HallAnswer { state: KioskState::of(hall, &waits, demo, at), epoch, rev: hall.rev, at });
    Given::ok(&answer)
}

/// The ticket of a link. An unknown one is not found; one of an earlier day is gone.
pub(super) fn find(state: &AppState, secret: &str) -> Result<TicketId, Problem> {
    let found = state.keeper.read(|hall| {
        let ticket = link_ticket(hall.access.link_key.as_deref()?, secret)?;
        Some((ticket, hall.tickets.contains_key(&ticket)))
    });
    match found {
        None => Err(Code::NotFound.into()),
        Some((_, false)) => Err(Code::Gone.into()),
        Some((ticket, true)) => Ok(ticket),
    }
}

fn view(state: &AppState, secret: &str) -> Result<TicketView, Problem> {
    let ticket = find(state, secret)?;
    let waits = state.forecaster.latest();
    let view = state.keeper.read(|hall| hall.tickets.get(&ticket).map(|ticket| TicketView::of(hall, ticket, &waits)));
    view.ok_or_else(|| Code::Gone.into())
}

async fn ticket(look: Look<SeeHall, String>) -> Result<Given<TicketView>, Problem> {
    Given::ok(&view(&look.state, &look.path)?)
}

/// The printed link: a page for browsers, JSON for everything else.
async fn ticket_page(look: Look<SeeHall, String>) -> HttpResponse {
    let html = look.request.headers().get_all(ACCEPT).any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    let mut response = if html {
        assets::page(&look.request, "ticket.html")
    } else {
        respond(view(&look.state, &look.path).and_then(|view| Given::ok(&view)), &look.request)
    };
    response.headers_mut().insert(VARY, actix_web::http::header::HeaderValue::from_static("accept, accept-encoding"));
    response
}

fn respond<T>(given: Result<Given<T>, Problem>, request: &HttpRequest) -> HttpResponse {
    match given {
        Ok(given) => given.respond_to(request),
        Err(problem) => problem.error_response(),
    }
}

async fn cancel(ask: Ask<OwnTicket, String, Nothing>) -> Result<Given<Committed>, Problem> {
    let ticket = find(&ask.state, &ask.path)?;
    ask.submit_as(&Who::customer(ticket), Command::Leave { ticket }, committed()).await
}

/// How content the customer was.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RatingBody {
    /// 1 (very dissatisfied) to 5 (very satisfied).
    #[schema(minimum = 1, maximum = 5)]
    grade: u8,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    #[expect(dead_code, reason = "read and checked, but the hall keeps only the grade so far")]
    comment: Option<FreeText>,
}

async fn rate(ask: Ask<OwnTicket, String, RatingBody>) -> Result<Given<Committed>, Problem> {
    let ticket = find(&ask.state, &ask.path)?;
    let grade = ask.body.grade;
    ask.submit_as(&Who::customer(ticket), Command::Rate { ticket, grade }, committed()).await
}

impl IntoParams for crate::web::ask::Unasked {
    fn into_params(_of: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>) -> Vec<utoipa::openapi::path::Parameter> {
        Vec::new()
    }
}
