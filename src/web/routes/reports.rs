//! `/reports`: figures for leads and managers.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Door;
use crate::web::ask::{Given, Look};
use crate::web::problem::{Code, Problem};
use crate::web::rights::SeeReports;

/// The longest span of a report, in days.
const SPAN_DAYS_MAX: i64 = 366;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::look("/reports/forecast", "How good the promised waits were.", forecast)]
}

/// From when to when; today without them.
#[derive(Debug, Deserialize, IntoParams)]
struct Span {
    #[param(value_type = Option<String>)]
    from: Option<NaiveDate>,
    #[param(value_type = Option<String>)]
    to: Option<NaiveDate>,
}

/// How many promises were given, and how many were kept.
#[derive(Debug, Serialize, ToSchema)]
struct ForecastReport {
    /// For each day and service: `day, service, given, kept, kept_rate, mean_error_min`.
    #[schema(value_type = Vec<Object>)]
    days: Vec<Value>,
    today: Today,
}

/// Today's promises whose outcome is known.
#[derive(Debug, Serialize, ToSchema)]
struct Today {
    given: u32,
    kept: u32,
    /// Of the latest, from 0 to 1; `null` before there are enough to say.
    kept_rate: Option<f64>,
}

async fn forecast(look: Look<SeeReports, (), Span>) -> Result<Given<ForecastReport>, Problem> {
    let (today, day) = look.state.keeper.read(|hall| {
        let kept_rate = hall.calibration.kept_permille().map(|permille| f64::from(permille) / 1_000.0);
        (Today { given: hall.calibration.judged(), kept: hall.calibration.kept(), kept_rate }, hall.day)
    });
    let day = day.unwrap_or_else(|| look.state.now().date_naive());
    let (from, to) = (look.query.from.unwrap_or(day), look.query.to.unwrap_or(day));
    let span_days = (to - from).num_days();
    if !(0..=SPAN_DAYS_MAX).contains(&span_days) {
        return Err(Problem::from(Code::InvalidField).field("to", "is not before from, and at most 366 days after it"));
    }
    let days = match &look.state.archive {
        Some(archive) => archive.forecast_report(from, to).await?,
        None => Vec::new(),
    };
    Given::ok(&ForecastReport { days, today })
}
