//! `/live`: who may look at what over a WebSocket, checked before anything is upgraded.

use actix_web::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL, UPGRADE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{BASE, Door};
use crate::domain::ids::{CounterNo, TeamId};
use crate::web::app::AppState;
use crate::web::gate::{Proof, Who, admit, client_address, identify, identify_token, is_own_origin};
use crate::web::live::{Admitted, BEARER_PROTOCOL, Holder, Local, NotOpened, open};
use crate::web::problem::{Code, Problem, RETRY_S};
use crate::web::rights::{Right, SeeHall, WatchBoard, WatchCounter, WatchDisplay, WatchHotline, WatchKiosk, WatchLead, WatchTeam, admits};
use crate::web::routes::public;
use crate::web::views::View;

pub(super) fn doors() -> Vec<Door> {
    let path = format!("{BASE}/live");
    let summary = "The live line of one screen: a WebSocket, sub-protocol `warmhall.v1`.";
    let door = Door::open::<SeeHall, _, _>(&path, "application/json", summary, live);
    vec![door.asks::<LiveQuery>().refuses(&[
        Code::Unauthenticated,
        Code::SessionExpired,
        Code::Forbidden,
        Code::OriginRefused,
        Code::NotFound,
        Code::Gone,
        Code::UnknownCounter,
        Code::UnknownTeam,
        Code::NotYourTeam,
        Code::ShuttingDown,
    ])]
}

/// What is looked at, and what the client has of it.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct LiveQuery {
    /// `board`, `display`, `kiosk`, `counter`, `lead`, `hotline`, `team` or `ticket`.
    view: String,
    /// Of `display` and `counter`.
    counter: Option<String>,
    /// Of `team`.
    team: Option<String>,
    /// Of `ticket`: the one in its link.
    secret: Option<String>,
    /// With `rev`: what the client has; it is then told what it missed.
    epoch: Option<String>,
    rev: Option<u64>,
}

async fn live(
    state: web::Data<AppState>,
    local: web::Data<Local>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let query = web::Query::<LiveQuery>::from_query(request.query_string());
    let LiveQuery { view, counter, team, secret, epoch, rev } =
        query.map_err(|_| Problem::from(Code::BadRequest).detail("the query needs a view"))?.into_inner();
    let upgrades = request.headers().contains_key(UPGRADE);
    let (view, who) = if view == "ticket" {
        let who = admit::<SeeHall>(&state, &request)?;
        let secret = secret.ok_or_else(|| Problem::from(Code::BadRequest).detail("the query needs a secret"))?;
        check_origin(&state, &request, upgrades, true)?;
        state.keeper.fresh().await?;
        (View::Ticket(public::find(&state, &secret)?), who)
    } else {
        let (who, by_token) = identify_watcher(&state, &request)?;
        check_origin(&state, &request, upgrades, by_token)?;
        state.keeper.fresh().await?;
        (staff_view(&state, &who, &view, counter.as_deref(), team.as_deref())?, who)
    };
    if !upgrades {
        return Err(Problem::from(Code::BadRequest).detail("this door is for WebSockets"));
    }
    let holder = match who.proof {
        Proof::Bearer { device } => Holder::Device(device),
        Proof::Cookie { session, .. } => Holder::Session(session),
        Proof::Link { .. } | Proof::Nothing => Holder::Anyone(client_address(&state, &request)),
    };
    let live = state.live().ok_or_else(|| Problem::from(Code::ShuttingDown).retry_after(RETRY_S))?;
    let admitted = Admitted { view, holder, has: epoch.zip(rev) };
    open(live, &local, &request, body, admitted).map_err(|not| match not {
        NotOpened::NotAWebSocket => Problem::from(Code::BadRequest).detail("this door is for WebSockets"),
        NotOpened::Full => Problem::from(Code::Overloaded).retry_after(RETRY_S),
        NotOpened::TooManyFromThere => Problem::from(Code::TooManyRequests).retry_after(RETRY_S),
        NotOpened::Closing => Problem::from(Code::ShuttingDown).retry_after(RETRY_S),
    })
}

/// Who wants to look, and whether a token says so: in the header, or as a sub-protocol, which is all that a browser can send.
fn identify_watcher(state: &AppState, request: &HttpRequest) -> Result<(Who, bool), Problem> {
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|value| value.to_str().ok());
    let token = offered.flat_map(|value| value.split(',')).find_map(|one| one.trim().strip_prefix(BEARER_PROTOCOL));
    let who = match token {
        Some(token) => identify_token(state, token)?,
        None => identify(state, request)?.ok_or(Code::Unauthenticated)?,
    };
    let by_token = matches!(who.proof, Proof::Bearer { .. });
    Ok((who, by_token))
}

/// A browser says where its page is from, and that must be here. Only who shows a secret of their own may leave it out, and
/// who upgrades nothing: a page asks so why it was refused.
fn check_origin(state: &AppState, request: &HttpRequest, upgrades: bool, by_secret: bool) -> Result<(), Problem> {
    let Some(origin) = request.headers().get(ORIGIN) else {
        return if by_secret || !upgrades { Ok(()) } else { Err(Code::OriginRefused.into()) };
    };
    let own = origin.to_str().is_ok_and(|origin| is_own_origin(state, request, origin));
    if own { Ok(()) } else { Err(Code::OriginRefused.into()) }
}

fn allow<R: Right>(who: &Who) -> Result<(), Problem> {
    if admits(R::ADMITS, &who.roles) { Ok(()) } else { Err(Code::Forbidden.into()) }
}

fn staff_view(state: &AppState, who: &Who, view: &str, counter: Option<&str>, team: Option<&str>) -> Result<View, Problem> {
    match view {
        "board" => allow::<WatchBoard>(who).map(|()| View::Board),
        "kiosk" => allow::<WatchKiosk>(who).map(|()| View::Kiosk),
        "lead" => allow::<WatchLead>(who).map(|()| View::Lead),
        "hotline" => allow::<WatchHotline>(who).map(|()| View::Hotline),
        "team" => {
            allow::<WatchTeam>(who)?;
            let id = known_team(state, team)?;
            let reader = who.reader();
            // A handler looks only at their own teams.
            let own = !reader.handles || who.caller().is_of(&id);
            if own { Ok(View::Team(id)) } else { Err(Code::NotYourTeam.into()) }
        }
        "counter" => {
            allow::<WatchCounter>(who)?;
            known_counter(state, counter).map(View::Counter)
        }
        "display" => {
            allow::<WatchDisplay>(who)?;
            // A display belongs to one counter, and need not name it.
            let own = who.counter.as_ref().map(CounterNo::as_str);
            let no = known_counter(state, counter.or(own))?;
            let own = who.roles.iter().any(|role| role.is_staff()) || who.counter.as_ref() == Some(&no);
            if own { Ok(View::Display(no)) } else { Err(Code::Forbidden.into()) }
        }
        _ => Err(Problem::from(Code::BadRequest).detail("no such view")),
    }
}

fn known_team(state: &AppState, team: Option<&str>) -> Result<TeamId, Problem> {
    let asked = team.ok_or_else(|| Problem::from(Code::BadRequest).detail("the query needs a team"))?;
    let id = asked.parse::<TeamId>().ok().filter(|id| state.keeper.read(|hall| hall.profile.orders.team(id).is_some()));
    id.ok_or_else(|| Problem { status: 404, ..Problem::from(Code::UnknownTeam) })
}

fn known_counter(state: &AppState, counter: Option<&str>) -> Result<CounterNo, Problem> {
    let asked = counter.ok_or_else(|| Problem::from(Code::BadRequest).detail("the query needs a counter"))?;
    let no = asked.parse::<CounterNo>().ok().filter(|no| state.keeper.read(|hall| hall.counters.contains_key(no)));
    no.ok_or_else(|| Problem { status: 404, ..Problem::from(Code::UnknownCounter) })
}
