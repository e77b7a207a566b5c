//! Who may ask: finds out who a request is from, and lets it through only with the right that the handler names.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use chrono::{DateTime, Utc};

use super::app::AppState;
use super::limits::Gauge;
use super::problem::{Code, Problem};
use super::rights::{Admits, Right, admits};
use super::secrets::{SECRET_LENGTH_MAX, digest};
use crate::domain::access::Account;
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::ids::{CounterNo, DeviceId, SessionId, SkillId, TeamId, TicketId, Username};
use crate::web::wire::reader::Reader;

/// The cookie of a staff member's session.
pub const SESSION_COOKIE: &str = "wh_session";

/// How somebody proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A token, sent with every request.
    Bearer { device: DeviceId },
    /// A cookie, which browsers send by themselves: mutations need an own origin beside it.
    Cookie { session: SessionId, username: Username, expires_at: DateTime<Utc> },
    /// The secret in a ticket's link.
    Link { ticket: TicketId },
    /// Nothing at all.
    Nothing,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub roles: Vec<Role>,
    /// The account's or device's own name.
    pub name: Arc<str>,
    pub proof: Proof,
    /// The counter a counter display belongs to.
    pub counter: Option<CounterNo>,
    /// The teams whose orders this person works; none named is all of them.
    pub teams: Arc<[TeamId]>,
    /// What this person can do; nothing named is everything.
    pub skills: Arc<[SkillId]>,
}

/// Who may know who a sealed caller is: everybody who sees orders but those who only handle them.
const KNOWING: [Role; 5] = [Role::Admin, Role::Manager, Role::Lead, Role::Clerk, Role::Operator];

/// Roles from the most to the least trusted: of several, people act in the first.
const RANK: [Role; 12] = [
    Role::Admin,
    Role::Manager,
    Role::Lead,
    Role::Clerk,
    Role::Operator,
    Role::Handler,
    Role::Greeter,
    Role::Integration,
    Role::Kiosk,
    Role::CounterDisplay,
    Role::Board,
    Role::Speaker,
];

impl Who {
    fn plain(roles: Vec<Role>, name: Arc<str>, proof: Proof) -> Self {
        Self { roles, name, proof, counter: None, teams: Arc::default(), skills: Arc::default() }
    }

    /// Somebody on the network.
    #[must_use]
    pub fn nobody() -> Self {
        Self::plain(Vec::new(), Arc::from(""), Proof::Nothing)
    }

    /// A customer, by the link on the ticket.
    #[must_use]
    pub fn customer(ticket: TicketId) -> Self {
        Self::plain(Vec::new(), Arc::from(ticket.to_string()), Proof::Link { ticket })
    }

    /// A member of staff, in one session.
    #[must_use]
    pub fn of_account(account: &Account, session: SessionId, expires_at: DateTime<Utc>) -> Self {
        let proof = Proof::Cookie { session, username: account.username.clone(), expires_at };
        let (teams, skills) = (account.teams.as_slice().into(), account.skills.as_slice().into());
        Self { teams, skills, ..Self::plain(account.roles.clone(), Arc::from(account.username.as_str()), proof) }
    }

    /// Who it is as written into events.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let device = if let Proof::Bearer { device } = self.proof { Some(device) } else { None };
        match RANK.iter().find(|role| self.roles.contains(role)) {
            Some(role) => Actor::new(*role, &self.name, device),
            None if self.name.is_empty() => Actor { actor: Arc::from("visitor"), device },
            None => Actor { actor: Arc::from(format!("customer:{}", self.name)), device },
        }
    }

    /// Who asks, as the hall has to know it.
    #[must_use]
    pub fn caller(&self) -> Caller {
        let any_counter = self.roles.iter().any(|role| matches!(role, Role::Lead | Role::Admin));
        Caller { teams: Arc::clone(&self.teams), skills: Arc::clone(&self.skills), ..Caller::new(self.actor(), any_counter) }
    }

    /// Who reads, as far as it decides what they are shown of calls and orders.
    #[must_use]
    pub fn reader(&self) -> Reader {
        let handles = !self.roles.iter().any(|role| KNOWING.contains(role));
        Reader { actor: self.actor().actor, handles, teams: Arc::clone(&self.teams) }
    }

    /// Whether this person works orders and may not know who a sealed caller is.
    #[must_use]
    pub fn only_handles(&self) -> bool {
        self.roles.contains(&Role::Handler) && self.reader().handles
    }

    /// Where an idempotency key means something; `None` where it cannot.
    #[must_use]
    pub fn key_scope(&self) -> Option<String> {
        match &self.proof {
            Proof::Bearer { device } => Some(format!("device:{device}")),
            Proof::Cookie { username, .. } => Some(format!("user:{username}")),
            Proof::Link { ticket } => Some(format!("ticket:{ticket}")),
            Proof::Nothing => None,
        }
    }
}

/// Finds out who a request is from. `Ok(None)` is nobody in particular.
///
/// # Errors
/// When a token or cookie is shown that is not, or no longer, good.
pub fn identify(state: &AppState, request: &HttpRequest) -> Result<Option<Who>, Problem> {
    if let Some(header) = request.headers().get(AUTHORIZATION) {
        let token = header.to_str().ok().and_then(bearer_token).ok_or(Code::Unauthenticated)?;
        return identify_token(state, token).map(Some);
    }
    match request.cookie(SESSION_COOKIE) {
        Some(cookie) => identify_cookie(state, cookie.value()).map(Some),
        None => Ok(None),
    }
}

fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Who holds a bearer token.
///
/// # Errors
/// When nobody does, or its device was revoked.
pub fn identify_token(state: &AppState, token: &str) -> Result<Who, Problem> {
    if token.len() > SECRET_LENGTH_MAX {
        return Err(Code::Unauthenticated.into());
    }
    let digest = digest(token);
    let found = state.keeper.read(|hall| {
        let device = hall.access.device(&digest)?;
        let proof = Proof::Bearer { device: device.id };
        let (teams, skills) = (device.teams.as_slice().into(), device.skills.as_slice().into());
        let who = Who::plain(vec![device.kind], Arc::from(device.name.as_str()), proof);
        Some(Who { counter: device.counter.clone(), teams, skills, ..who })
    });
    found.ok_or_else(|| Code::Unauthenticated.into())
}

/// Whose session a cookie is.
///
/// # Errors
/// When it is over: signed out, too old, idle for too long, its account disabled.
pub fn identify_cookie(state: &AppState, cookie: &str) -> Result<Who, Problem> {
    if cookie.len() > SECRET_LENGTH_MAX {
        return Err(Code::SessionExpired.into());
    }
    let digest = digest(cookie);
    let now = state.now();
    let found = state.keeper.read(|hall| {
        let (session, account) = hall.access.session(&digest, now)?;
        Some((session.id, Who::of_account(account, session.id, session.expires_at)))
    });
    let (session, who) = found.ok_or(Code::SessionExpired)?;
    if state.idle.touch(session, now.timestamp_millis()) { Ok(who) } else { Err(Code::SessionExpired.into()) }
}

/// Lets a request through a right, and says who it is from.
///
/// # Errors
/// Not known, not allowed, or too often.
pub fn admit<R: Right>(state: &AppState, request: &HttpRequest) -> Result<Who, Problem> {
    match R::ADMITS {
        Admits::Anyone(gauge) => {
            // A stale cookie must not keep anybody from what everybody may do.
            let who = identify(state, request).ok().flatten();
            // Who guesses at cases is not let off for being signed in.
            if who.is_none() || gauge == Gauge::Case {
                let now_ms = state.now().timestamp_millis();
                let taken = state.limits.take(gauge, client_address(state, request), now_ms);
                taken.map_err(|seconds| Problem::from(Code::TooManyRequests).retry_after(seconds))?;
            }
            Ok(who.unwrap_or_else(Who::nobody))
        }
        Admits::Roles(_) => {
            let who = identify(state, request)?.ok_or(Code::Unauthenticated)?;
            if admits(R::ADMITS, &who.roles) { Ok(who) } else { Err(Code::Forbidden.into()) }
        }
    }
}

/// The address to count by: the peer's, or what a trusted proxy says of its own peer.
#[must_use]
pub fn client_address(state: &AppState, request: &HttpRequest) -> IpAddr {
    let peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |address| address.ip());
    let trusted = |address: &IpAddr| state.settings.trusted_proxies.contains(address);
    if !trusted(&peer) {
        return peer;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> = forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|hop| !trusted(hop)).unwrap_or(peer)
}

/// Whether the request came straight from this very machine.
#[must_use]
pub fn is_local(request: &HttpRequest) -> bool {
    let forwarded = ["x-forwarded-for", "forwarded", "x-real-ip"];
    let direct = forwarded.iter().all(|name| !request.headers().contains_key(*name));
    direct && request.peer_addr().is_some_and(|address| address.ip().is_loopback())
}

/// Refuses what a foreign page makes a browser send. With a cookie, or from a browser, the origin must be our own.
///
/// # Errors
/// When the origin is foreign, or missing where a cookie is the proof.
pub fn check_origin(state: &AppState, request: &HttpRequest, who: &Who) -> Result<(), Problem> {
    let refused = || Problem::from(Code::OriginRefused);
    let site = header(request, &HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(refused());
    }
    match header(request, &ORIGIN) {
        Some(origin) if is_own_origin(state, request, origin) => Ok(()),
        Some(_) => Err(refused()),
        None if request.headers().contains_key(ORIGIN) => Err(refused()),
        None if matches!(who.proof, Proof::Cookie { .. }) && site.is_none() => Err(refused()),
        None => Ok(()),
    }
}

/// Whether an `Origin` header names this server: its own host, or one that was set.
#[must_use]
pub fn is_own_origin(state: &AppState, request: &HttpRequest, origin: &str) -> bool {
    if state.settings.origins.iter().any(|own| own == origin) {
        return true;
    }
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://").filter(|_| !state.settings.tls));
    host.is_some() && host == header(request, &HOST)
}

fn header<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Whether the body is said to be JSON; `None` when nothing is said.
#[must_use]
pub fn says_json(request: &HttpRequest) -> Option<bool> {
    let kind = request.headers().get(CONTENT_TYPE)?;
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    Some(essence.eq_ignore_ascii_case("application/json"))
}
