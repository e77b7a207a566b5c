//! The table of doors: registers them, describes them, and says who may pass; all three from the handlers' own signatures.

pub mod accounts;
pub mod addresses;
pub mod announcements;
pub mod cases;
pub mod counters;
pub mod demo;
pub mod devices;
pub mod events;
pub mod hotline;
pub mod incidents;
pub mod live;
pub mod notices;
pub mod order_list;
pub mod orders;
pub mod plan;
pub mod public;
pub mod queue;
pub mod reports;
pub mod search;
pub mod services;
pub mod session;
pub mod setup;
pub mod status;
pub mod teams;
pub mod telephony;
pub mod tickets;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;

use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::{FromRequest, Handler, HttpResponse, Responder, ResponseError, guard, web};
use serde::de::DeserializeOwned;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoParams, ToSchema};

use super::ask::{Ask, Look, Told};
use super::problem::{Code, Problem};
use super::rights::{Admits, Right};
use crate::web::assets;

/// The prefix of everything that programs use.
pub const BASE: &str = "/api/v1";

/// The type of a body or answer, as the description of the API needs it.
#[derive(Clone, Copy)]
pub struct Shape {
    pub name: fn() -> Cow<'static, str>,
    pub schema: fn() -> RefOr<Schema>,
    pub parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: T::schema, parts: T::schemas }
    }
}

/// What a door gives.
#[derive(Clone, Copy)]
pub enum Gives {
    /// JSON of a type.
    Json(Shape),
    /// Nothing (204).
    Nothing,
    /// Something else, of this content type.
    Other(&'static str),
}

/// One door: a method and a path, who may pass, what it takes and gives.
pub struct Door {
    pub method: Method,
    /// With `{parameters}`, from the root.
    pub path: String,
    pub summary: &'static str,
    pub right: &'static str,
    pub admits: Admits,
    /// Whether it changes the hall.
    pub changes: bool,
    pub query: Vec<utoipa::openapi::path::Parameter>,
    pub takes: Option<Shape>,
    pub gives: Gives,
    /// What it gives instead, where that is asked for; media types.
    pub files: &'static [&'static str],
    /// The status when all is well.
    pub status: u16,
    /// Its own problems, beside those of every door.
    pub problems: &'static [Code],
    route: Box<dyn Fn() -> actix_web::Route>,
}

impl Door {
    fn bare<R: Right>(method: Method, path: &str, summary: &'static str, route: Box<dyn Fn() -> actix_web::Route>) -> Self {
        Self {
            changes: method != Method::GET,
            method,
            path: path.to_owned(),
            summary,
            right: R::WORD,
            admits: R::ADMITS,
            query: Vec::new(),
            takes: None,
            gives: Gives::Nothing,
            files: &[],
            status: 200,
            problems: &[],
            route,
        }
    }

    /// A door that answers a question.
    pub fn look<R, P, Q, F, Fut>(path: &str, summary: &'static str, handler: F) -> Self
    where
        R: Right,
        P: DeserializeOwned + 'static,
        Q: DeserializeOwned + IntoParams + 'static,
        F: Fn(Look<R, P, Q>) -> Fut + Clone + 'static,
        Fut: Future + 'static,
        Fut::Output: Told,
        <Fut::Output as Told>::Of: ToSchema,
    {
        let route = move || getting().to(handler.clone());
        Self {
            query: Q::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query)),
            gives: Gives::Json(Shape::of::<<Fut::Output as Told>::Of>()),
            ..Self::bare::<R>(Method::GET, &format!("{BASE}{path}"), summary, Box::new(route))
        }
    }

    /// The same as files of these media types, where they are asked for.
    #[must_use]
    pub fn or_files(self, files: &'static [&'static str]) -> Self {
        Self { files, ..self }
    }

    /// A door that answers a question with something else than JSON; `path` is from the root.
    pub fn fetch<R, P, Q, F, Fut>(path: &str, kind: &'static str, summary: &'static str, handler: F) -> Self
    where
        R: Right,
        P: DeserializeOwned + 'static,
        Q: DeserializeOwned + IntoParams + 'static,
        F: Fn(Look<R, P, Q>) -> Fut + Clone + 'static,
        Fut: Future + 'static,
        Fut::Output: Responder + 'static,
    {
        let route = move || getting().to(handler.clone());
        Self {
            query: Q::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query)),
            gives: Gives::Other(kind),
            ..Self::bare::<R>(Method::GET, path, summary, Box::new(route))
        }
    }

    /// A door that sees to its authority itself; `path` is from the root.
    pub fn open<R, F, Args>(path: &str, kind: &'static str, summary: &'static str, handler: F) -> Self
    where
        R: Right,
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = move || getting().to(handler.clone());
        Self { gives: Gives::Other(kind), ..Self::bare::<R>(Method::GET, path, summary, Box::new(route)) }
    }

    /// A door that changes the hall.
    pub fn ask<R, P, B, F, Fut>(method: Method, path: &str, summary: &'static str, handler: F) -> Self
    where
        R: Right,
        P: DeserializeOwned + 'static,
        B: DeserializeOwned + ToSchema + 'static,
        F: Fn(Ask<R, P, B>) -> Fut + Clone + 'static,
        Fut: Future + 'static,
        Fut::Output: Told,
        <Fut::Output as Told>::Of: ToSchema,
    {
        let verb = method.clone();
        let route = move || web::method(verb.clone()).to(handler.clone());
        Self {
            takes: Some(Shape::of::<B>()),
            gives: Gives::Json(Shape::of::<<Fut::Output as Told>::Of>()),
            ..Self::bare::<R>(method, &format!("{BASE}{path}"), summary, Box::new(route))
        }
    }

    /// A door for another system's message, of whatever content type; `path` is below the base.
    pub fn hook<R, F, Args>(path: &str, summary: &'static str, handler: F) -> Self
    where
        R: Right,
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = move || web::post().to(handler.clone());
        Self {
            gives: Gives::Other("application/json"),
            ..Self::bare::<R>(Method::POST, &format!("{BASE}{path}"), summary, Box::new(route))
        }
    }

    /// What may be asked of it in the query.
    #[must_use]
    pub fn asks<Q: IntoParams>(self) -> Self {
        Self { query: Q::into_params(|| Some(utoipa::openapi::path::ParameterIn::Query)), ..self }
    }

    /// It makes something: 201.
    #[must_use]
    pub fn makes(self) -> Self {
        Self { status: 201, ..self }
    }

    /// It gives nothing: 204.
    #[must_use]
    pub fn silent(self) -> Self {
        Self { status: 204, gives: Gives::Nothing, ..self }
    }

    /// Its own problems.
    #[must_use]
    pub fn refuses(self, problems: &'static [Code]) -> Self {
        Self { problems, ..self }
    }
}

fn getting() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Every door of the API.
#[must_use]
pub fn doors() -> Vec<Door> {
    let all = [
        tickets::doors(),
        queue::doors(),
        counters::doors(),
        services::doors(),
        notices::doors(),
        public::doors(),
        hotline::doors(),
        orders::doors(),
        order_list::doors(),
        teams::doors(),
        incidents::doors(),
        plan::doors(),
        cases::doors(),
        session::doors(),
        setup::doors(),
        accounts::doors(),
        devices::doors(),
        addresses::doors(),
        announcements::doors(),
        events::doors(),
        live::doors(),
        search::doors(),
        reports::doors(),
        demo::doors(),
        status::doors(),
        telephony::doors(),
    ];
    all.into_iter().flatten().collect()
}

/// Registers every door, the screens, and the answers to everything else.
pub fn configure(config: &mut web::ServiceConfig) {
    // A request is compared with one path after the other: fixed ones come first, because that is quick and they are asked for most.
    let mut fixed: BTreeMap<String, Vec<Door>> = BTreeMap::new();
    // The others by what stands before their first parameter: only those behind the same words are compared.
    let mut behind: BTreeMap<String, BTreeMap<String, Vec<Door>>> = BTreeMap::new();
    for door in doors() {
        match split_at_parameter(&door.path) {
            None => fixed.entry(door.path.clone()).or_default().push(door),
            Some((words, rest)) => {
                let (words, rest) = (words.to_owned(), rest.to_owned());
                behind.entry(words).or_default().entry(rest).or_default().push(door);
            }
        }
    }
    for (path, doors) in fixed {
        config.service(resource(&path, &doors));
    }
    // Backwards, so that `/devices/pairings` comes before `/devices`: what is behind a word is looked for nowhere else.
    for (words, paths) in behind.into_iter().rev() {
        let scope = paths.into_iter().fold(web::scope(&words), |scope, (path, doors)| scope.service(resource(&path, &doors)));
        config.service(scope);
    }
    assets::configure(config);
}

/// The fixed words of a path, and the rest that begins with the slash before its first parameter.
fn split_at_parameter(path: &str) -> Option<(&str, &str)> {
    let slash = path.get(..path.find('{')?)?.rfind('/')?;
    path.split_at_checked(slash)
}

fn resource(path: &str, doors: &[Door]) -> actix_web::Resource {
    let methods: Vec<&str> = doors.iter().map(|door| door.method.as_str()).collect();
    let allow = methods.join(", ");
    let resource = doors.iter().fold(web::resource(path), |resource, door| resource.route((door.route)()));
    resource.default_service(web::to(move || std::future::ready(not_this_way(&allow))))
}

fn not_this_way(allow: &str) -> HttpResponse {
    let mut response = Problem::from(Code::MethodNotAllowed).error_response();
    if let Ok(allow) = allow.parse() {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
