//! `/cti`, `/integrations/…/calls`: where exchanges tell of calls; `/telephony`: what they told lately, and who was called back.

use std::fmt;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Door;
use crate::domain::command::Command;
use crate::domain::ids::{HotlineCallId, PhoneCallId};
use crate::domain::telephone::{Signal, SignalState};
use crate::keeper::Render;
use crate::telephony::SinkFault;
use crate::telephony::ami::Condition;
use crate::telephony::neutral::NeutralCall;
use crate::telephony::recent::{Heard, Made, Way};
use crate::telephony::zammad::ZammadError;
use crate::web::app::AppState;
use crate::web::ask::{Ask, Given, Look, path_of, state_of};
use crate::web::gate::admit;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{KnockAsExchange, ReturnCalls, SeeCalls, SeeTelephony, TellCalls};
use crate::web::views::MissedCaller;
use crate::web::wire::hall::{Committed, Items};
use crate::web::wire::reply::{at, committed, render};
use crate::web::{body, page};

/// Minutes that are looked back when nothing is said.
const MINUTES: i64 = 5;
/// Minutes that can be looked back at most.
const MINUTES_MAX: i64 = 60;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::hook::<KnockAsExchange, _, _>("/cti/{token}", "Tells of a call, in the words of Zammad's generic CTI.", cti),
        Door::ask(Method::POST, "/integrations/{source}/calls", "Tells of a call; the same message may come again.", tell),
        Door::look("/telephony/missed", "Callers who were missed and wait to be called back, whoever waits longest first.", missed),
        Door::ask(
            Method::POST,
            "/telephony/missed/{id}/handled",
            "The caller was called back; every earlier miss of the same number is settled.",
            handled,
        )
        .refuses(&[Code::WrongState]),
        Door::look("/telephony/recent", "What telephone exchanges sent lately, and what was made of it.", recent),
    ]
}

/// A message at the Zammad-compatible door whose token was right.
struct Knock {
    state: web::Data<AppState>,
    content_type: Option<String>,
    body: Bytes,
}

/// A refusal at that door: in Zammad's words, or in ours where Zammad has none.
#[derive(Debug)]
enum Turned {
    Zammad(ZammadError),
    Problem(Problem),
}

impl From<ZammadError> for Turned {
    fn from(error: ZammadError) -> Self {
        Self::Zammad(error)
    }
}

impl From<Problem> for Turned {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl fmt::Display for Turned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zammad(error) => error.fmt(f),
            Self::Problem(problem) => f.write_str(problem.code.word()),
        }
    }
}

impl ResponseError for Turned {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Zammad(error) => StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
            Self::Problem(problem) => problem.status_code(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Zammad(error) => HttpResponse::build(self.status_code()).content_type("application/json").body(error.body()),
            Self::Problem(problem) => {
                // Exchanges read `error`, whatever went wrong; the status and when to come again are those of every door.
                let ours = problem.error_response();
                let mut response = HttpResponse::build(ours.status());
                if let Some(seconds) = ours.headers().get(RETRY_AFTER) {
                    response.insert_header((RETRY_AFTER, seconds.clone()));
                }
                response.json(serde_json::json!({ "error": problem.code.title() }))
            }
        }
    }
}

impl FromRequest for Knock {
    type Error = Turned;
    type Future = LocalBoxFuture<'static, Result<Self, Turned>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let state = state_of(&request)?;
            admit::<KnockAsExchange>(&state, &request)?;
            let token: String = path_of(&request).await?;
            state.telephony.check_token(&token)?;
            let body = body::read_any(&request, &mut payload).await?;
            let content_type = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_owned);
            Ok(Self { state, content_type, body })
        })
    }
}

async fn cti(knock: Knock) -> Result<HttpResponse, Turned> {
    let heard = knock.state.telephony.zammad(knock.content_type.as_deref(), &knock.body).await;
    let answer = heard.map_err(problem_of)??;
    Ok(HttpResponse::Ok().content_type("application/json").body(answer))
}

fn problem_of(fault: SinkFault) -> Problem {
    match fault {
        SinkFault::Invalid(problem) => Problem::invalid(problem.field, problem.problem),
        SinkFault::Hall(fault) => fault.into(),
    }
}

/// The part of a [`CallTold`] by which an answer, also one that was kept, is known.
#[derive(Debug, Deserialize)]
struct Outcome {
    phone_call: Option<String>,
    news: bool,
}

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
struct CallTold {
    /// The hall's id of the call; null where the message is too old to be counted.
    phone_call: Option<String>,
    /// Whether it told the hall anything new.
    news: bool,
    #[serde(flatten)]
    at: Committed,
}

/// What became of a signal; the same for everybody who tells it.
fn told(signal: &Signal) -> Render {
    let (source, call_id) = (Arc::clone(&signal.source), Arc::clone(&signal.call_id));
    render(200, move |decided| {
        let phone_call = decided.hall.hotline.telephone.id_of(&source, &call_id).map(|id| id.to_string());
        Some(CallTold { phone_call, news: !decided.events.is_empty(), at: at(decided) })
    })
}

/// For the page of what came lately.
fn made_of(told: &Result<Given<CallTold>, Problem>, state: SignalState) -> Made {
    let given = match told {
        Ok(given) => given,
        Err(problem) if problem.status_code().is_server_error() => return Made::Lost(problem.code.title().to_owned()),
        Err(problem) => return Made::Refused(problem.code.title().to_owned()),
    };
    let Ok(Outcome { phone_call, news }) = serde_json::from_str(&given.json) else { return Made::Refused("refused".to_owned()) };
    match (phone_call.is_some(), news && !given.replayed) {
        (false, _) => Made::Ignored("too old"),
        (true, true) => Made::News(state),
        (true, false) => Made::Known(state),
    }
}

async fn tell(ask: Ask<TellCalls, String, NeutralCall>) -> Result<Given<CallTold>, Problem> {
    let (ask, call) = ask.split();
    let text = serde_json::to_string(&call).unwrap_or_default();
    let signal = call.signal(&ask.path);
    if let Err(problem) = signal.check() {
        ask.state.telephony.heard(Way::Neutral, &signal, &text, Made::Refused(problem.to_string()));
        return Err(Problem::invalid(problem.field, problem.problem));
    }
    let answer = ask.submit(Command::PhoneSignal(Box::new(signal.clone())), told(&signal)).await;
    ask.state.telephony.heard(Way::Neutral, &signal, &text, made_of(&answer, signal.state));
    answer
}

/// Which missed callers are asked for.
#[derive(Debug, Deserialize, IntoParams)]
struct MissedQuery {
    /// At most so many, 1 to 500; 50 without it.
    limit: Option<usize>,
    /// From an earlier answer's `next`.
    cursor: Option<String>,
}

async fn missed(look: Look<SeeCalls, (), MissedQuery>) -> Result<Given<Items<MissedCaller>>, Problem> {
    let limit = page::limit(look.query.limit)?;
    let after = page::after_missed(look.query.cursor.as_deref())?;
    let mut found: Vec<_> = look.state.keeper.read(|hall| hall.hotline.telephone.call_backs(after).take(limit + 1).collect());
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| page::missed_cursor(last.first_at, last.first_call));
    Given::ok(&Items { items: found.into_iter().map(Into::into).collect(), next })
}

/// How a missed caller was seen to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HandledBody {
    /// The operator's record of the call-back.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    call: Option<HotlineCallId>,
}

async fn handled(ask: Ask<ReturnCalls, PhoneCallId, HandledBody>) -> Result<Given<Committed>, Problem> {
    let (ask, HandledBody { call }) = ask.split();
    if let Some(call) = call
        && !ask.state.keeper.read(|hall| hall.hotline.calls.contains_key(&call))
    {
        return Err(Problem::invalid("call", "is not a call that is remembered"));
    }
    ask.submit(Command::HandlePhoneCall { phone_call: ask.path, call }, committed()).await
}

/// How far to look back.
#[derive(Debug, Deserialize, IntoParams)]
struct RecentQuery {
    /// Minutes, 1 to 60; 5 without it.
    minutes: Option<i64>,
}

/// What the exchanges sent lately.
#[derive(Debug, Serialize, ToSchema)]
struct RecentAnswer {
    at: DateTime<Utc>,
    /// Whether the Zammad-compatible door is open.
    zammad: bool,
    ami: LineState,
    /// What was wrong with the line to the Asterisk last.
    ami_detail: Option<String>,
    /// When any exchange last told of a call; null where none ever did.
    last_signal_at: Option<DateTime<Utc>>,
    /// Newest first.
    items: Vec<RecentItem>,
}

/// How the line to an Asterisk is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum LineState {
    /// None is set.
    Off,
    Away,
    Listening,
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
struct RecentItem {
    at: DateTime<Utc>,
    /// `zammad`, `neutral` or `ami`.
    way: &'static str,
    source: String,
    /// The message, cut, with its numbers masked.
    text: String,
    call_id: Option<String>,
    /// `news`, `known`, `ignored`, `refused`, `lost` or `line`.
    made: &'static str,
    /// The state that was told, or why nothing was made of it.
    detail: Option<String>,
}

impl From<Heard> for RecentItem {
    fn from(heard: Heard) -> Self {
        let (made, detail) = match heard.made {
            Made::News(state) => ("news", Some(state.word().to_owned())),
            Made::Known(state) => ("known", Some(state.word().to_owned())),
            Made::Ignored(why) => ("ignored", Some(why.to_owned())),
            Made::Refused(why) => ("refused", Some(why)),
            Made::Lost(why) => ("lost", Some(why)),
            Made::Line => ("line", None),
        };
        let way = match heard.way {
            Way::Zammad => "zammad",
            Way::Neutral => "neutral",
            Way::Ami => "ami",
        };
        let call_id = heard.call_id.map(|id| id.to_string());
        Self { at: heard.at, way, source: heard.source.to_string(), text: heard.text, call_id, made, detail }
    }
}

async fn recent(look: Look<SeeTelephony, (), RecentQuery>) -> Result<Given<RecentAnswer>, Problem> {
    let minutes = look.query.minutes.unwrap_or(MINUTES);
    if !(1..=MINUTES_MAX).contains(&minutes) {
        return Err(Problem::invalid("minutes", "is 1 to 60"));
    }
    let (at, telephony) = (look.state.now(), &look.state.telephony);
    let items = telephony.recent().since(at - TimeDelta::minutes(minutes)).into_iter().map(Into::into).collect();
    let (ami, ami_detail) = match telephony.ami() {
        None => (LineState::Off, None),
        Some(Condition::Away(why)) => (LineState::Away, why),
        Some(Condition::Listening) => (LineState::Listening, None),
    };
    let last_signal_at = look.state.keeper.read(|hall| hall.hotline.telephone.last_signal_at());
    Given::ok(&RecentAnswer { at, zammad: telephony.zammad_is_open(), ami, ami_detail, last_signal_at, items })
}
