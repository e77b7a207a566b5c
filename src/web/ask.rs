//! The arguments of every handler: who asks, by which right, about what, and saying what — parsed, or refused before it runs.

use std::marker::PhantomData;

use actix_web::body::BoxBody;
use actix_web::cookie::Cookie;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, Responder, ResponseError, web};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::app::AppState;
use super::gate::{Proof, Who, admit, check_origin};
use super::idempotency::Key;
use super::problem::{Code, PROBLEM_JSON, Problem, retry_after_of};
use super::rights::Right;
use super::{body, idempotency};
use crate::domain::command::Command;
use crate::keeper::{Answer, Render, Request};

/// A query of which nothing is read.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
pub struct Unasked {}

/// A question: authority `R`, path `P`, query `Q`.
pub struct Look<R, P = (), Q = Unasked> {
    pub state: web::Data<AppState>,
    pub request: HttpRequest,
    pub who: Who,
    pub path: P,
    pub query: Q,
    right: PhantomData<R>,
}

/// A request for a change: authority `R`, path `P`, body `B`.
pub struct Ask<R, P = (), B = body::Nothing> {
    pub state: web::Data<AppState>,
    pub request: HttpRequest,
    pub who: Who,
    pub path: P,
    pub body: B,
    key: Option<Key>,
    right: PhantomData<R>,
}

pub(super) fn state_of(request: &HttpRequest) -> Result<web::Data<AppState>, Problem> {
    request.app_data::<web::Data<AppState>>().cloned().ok_or_else(|| Code::Internal.into())
}

/// A path that names nothing of ours is a thing that is not there.
pub(super) async fn path_of<P: DeserializeOwned + 'static>(request: &HttpRequest) -> Result<P, Problem> {
    let path = web::Path::<P>::extract(request).await;
    path.map(web::Path::into_inner).map_err(|_| Code::NotFound.into())
}

impl<R: Right, P: DeserializeOwned + 'static, Q: DeserializeOwned + 'static> FromRequest for Look<R, P, Q> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let state = state_of(&request)?;
            let who = admit::<R>(&state, &request)?;
            let path = path_of(&request).await?;
            let query = query_of(&request)?;
            // Nobody is shown less than what anybody was told before.
            state.keeper.fresh().await?;
            Ok(Self { state, request, who, path, query, right: PhantomData })
        })
    }
}

fn query_of<Q: DeserializeOwned>(request: &HttpRequest) -> Result<Q, Problem> {
    let query = web::Query::<Q>::from_query(request.query_string());
    query.map(web::Query::into_inner).map_err(|_| Problem::from(Code::BadRequest).detail("the query cannot be understood"))
}

impl<R: Right, P: DeserializeOwned + 'static, B: DeserializeOwned + 'static> FromRequest for Ask<R, P, B> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let state = state_of(&request)?;
            let who = admit::<R>(&state, &request)?;
            check_origin(&state, &request, &who)?;
            let path = path_of(&request).await?;
            let raw = body::read(&request, &mut payload).await?;
            let key = idempotency::key_of(&request, &raw, matches!(who.proof, Proof::Bearer { .. }) && !R::REPEATABLE)?;
            let body = body::parse(&raw)?;
            Ok(Self { state, request, who, path, body, key, right: PhantomData })
        })
    }
}

impl<R, P, B> Ask<R, P, B> {
    /// The body, and the request without it.
    #[must_use]
    pub fn split(self) -> (Ask<R, P, ()>, B) {
        let Self { state, request, who, path, body, key, right } = self;
        (Ask { state, request, who, path, body: (), key, right }, body)
    }

    /// Has a command decided and committed; the answer is what `render` makes of it.
    ///
    /// # Errors
    /// When it was not decided.
    pub async fn submit<T>(&self, command: Command, render: Render) -> Result<Given<T>, Problem> {
        self.submit_as(&self.who, command, render).await
    }

    /// Like [`Ask::submit`], for somebody who proved who they are in the path or body.
    ///
    /// # Errors
    /// When it was not decided.
    pub async fn submit_as<T>(&self, who: &Who, command: Command, render: Render) -> Result<Given<T>, Problem> {
        let key = self.key.as_ref().and_then(|key| Some(key.in_scope(who.key_scope()?)));
        let request = Request { command, caller: who.caller(), key, render };
        self.state.keeper.submit(request).await.map(Given::from).map_err(Problem::from)
    }

    /// Like [`Ask::submit`], but never kept under a key: for answers that carry a secret.
    ///
    /// # Errors
    /// When it was not decided.
    pub async fn submit_unkept<T>(&self, command: Command, render: Render) -> Result<Given<T>, Problem> {
        let request = Request { command, caller: self.who.caller(), key: None, render };
        self.state.keeper.submit(request).await.map(Given::from).map_err(Problem::from)
    }
}

/// An answer whose JSON is a `T`; the type is what the API's description says of the route.
#[derive(Debug)]
pub struct Given<T> {
    pub status: u16,
    pub json: String,
    pub replayed: bool,
    of: PhantomData<T>,
}

impl<T> From<Answer> for Given<T> {
    fn from(answer: Answer) -> Self {
        Self { status: answer.reply.status, json: answer.reply.body, replayed: answer.replayed, of: PhantomData }
    }
}

impl<T: Serialize> Given<T> {
    /// A 200 with this value.
    ///
    /// # Errors
    /// When the value cannot be written down, which would be a fault of ours.
    pub fn ok(value: &T) -> Result<Self, Problem> {
        Self::with(200, value)
    }

    /// An answer with this status and value.
    ///
    /// # Errors
    /// As [`Given::ok`].
    pub fn with(status: u16, value: &T) -> Result<Self, Problem> {
        let json = serde_json::to_string(value).map_err(|_| Code::Internal)?;
        Ok(Self { status, json, replayed: false, of: PhantomData })
    }
}

impl<T> Given<T> {
    /// A 200 with JSON that is written already.
    #[must_use]
    pub fn raw(json: String) -> Self {
        Self { status: 200, json, replayed: false, of: PhantomData }
    }

    /// Whether the hall agreed.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// An answer that also sets or takes away the session's cookie.
pub struct Cookied<T> {
    pub given: Given<T>,
    pub cookie: Option<Cookie<'static>>,
}

impl<T> Responder for Cookied<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let mut response = self.given.respond_to(request);
        if let Some(cookie) = self.cookie
            && response.add_cookie(&cookie).is_err()
        {
            return Problem::from(Code::Internal).error_response();
        }
        response
    }
}

/// A report, as JSON or as a table for a spreadsheet.
pub enum Exported<T> {
    Json(Given<T>),
    /// The name of the file, and its text.
    Csv(String, String),
    /// The name of the file, and its bytes.
    Xlsx(String, Vec<u8>),
}

impl<T> Responder for Exported<T> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match self {
            Self::Json(given) => given.respond_to(request),
            Self::Csv(name, text) => attached(CSV, &name).body(text),
            Self::Xlsx(name, bytes) => attached(XLSX, &name).body(bytes),
        }
    }
}

/// The media type of a table as text.
pub const CSV: &str = "text/csv; charset=utf-8";
/// The media type of a workbook, as registered with IANA.
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The beginning of an answer that is a file.
fn attached(kind: &str, name: &str) -> HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response.content_type(kind).insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    response
}

impl<T: 'static> Told for Result<Exported<T>, Problem> {
    type Of = T;
}

/// What a handler gives, and the type of its JSON.
pub trait Told: Responder + 'static {
    /// The type of the JSON.
    type Of;
}

impl<T: 'static> Told for Result<Given<T>, Problem> {
    type Of = T;
}

impl<T: 'static> Told for Result<Cookied<T>, Problem> {
    type Of = T;
}

impl<T> Responder for Given<T> {
    type Body = BoxBody;

    fn respond_to(self, _request: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::build(StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        if self.replayed {
            response.insert_header(("idempotency-replayed", "true"));
        }
        if self.status == 204 {
            return response.finish();
        }
        let kind = if self.is_success() { "application/json" } else { PROBLEM_JSON };
        response.insert_header((CONTENT_TYPE, HeaderValue::from_static(kind)));
        if let Some(seconds) = (!self.is_success()).then(|| retry_after_of(&self.json)).flatten() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.body(self.json)
    }
}
