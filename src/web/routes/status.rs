//! `/health`, `/metrics` and `/api/v1/openapi.json`: for those who watch over the server, and those who program against it.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::{BASE, Door};
use crate::web::app::AppState;
use crate::web::ask::Look;
use crate::web::gate::{admit, is_local};
use crate::web::health::{Ailment, Voice};
use crate::web::openapi;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{SeeHall, SeeMetrics};

pub(super) fn doors() -> Vec<Door> {
    let description = format!("{BASE}/openapi.json");
    vec![
        Door::fetch(&description, "application/json", "The description of this API.", description_of_the_api),
        Door::open::<SeeHall, _, _>("/health/live", "application/json", "Whether the process answers.", live),
        Door::open::<SeeHall, _, _>("/health/ready", "application/json", "Whether the hall can be served; 503 with reasons.", ready),
        Door::open::<SeeMetrics, _, _>("/metrics", "text/plain", "Measurements for Prometheus; not public.", metrics)
            .refuses(&[Code::Unauthenticated, Code::Forbidden]),
    ]
}

async fn description_of_the_api(_look: Look<SeeHall>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi::json())
}

/// How the server is, in words that tell an outsider nothing.
#[derive(Debug, Serialize, ToSchema)]
struct Ready {
    status: &'static str,
    epoch: String,
    rev: u64,
    reasons: Vec<Ailment>,
    voice: &'static str,
}

// Whoever watches the server asks without a right and without a limit; the answers cost nothing.
async fn live(_request: HttpRequest) -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

async fn ready(state: web::Data<AppState>) -> HttpResponse {
    let reasons = state.health.ailments(&state.keeper);
    let voice = match (state.health.voice)() {
        Voice::Ok => "ok",
        Voice::NoDevice(_) => "no_device",
        Voice::Off => "off",
    };
    let epoch = state.keeper.epoch().to_string();
    let rev = state.keeper.read(|hall| hall.rev);
    let well = reasons.is_empty();
    let ready = Ready { status: if well { "ready" } else { "not_ready" }, epoch, rev, reasons, voice };
    if well { HttpResponse::Ok().json(ready) } else { HttpResponse::ServiceUnavailable().json(ready) }
}

/// For the machine itself, and for those with the right.
async fn metrics(state: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if !is_local(&request) {
        admit::<SeeMetrics>(&state, &request)?;
    }
    let text = state.metrics.text(&state).ok_or(Code::Internal)?;
    Ok(HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text))
}
