//! `/reports`: figures for leads and managers, as JSON or for a spreadsheet.

use std::collections::BTreeSet;

use actix_web::web;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Door;
use crate::domain::hall::Hall;
use crate::domain::ids::OrderNo;
use crate::domain::work_order::WorkOrder;
use crate::history::Table;
use crate::web::app::AppState;
use crate::web::ask::{CSV, Exported, Given, Look, XLSX};
use crate::web::problem::{Code, Problem};
use crate::web::rights::SeeReports;
use crate::web::wire::temperature::{TemperatureRow, table};
use crate::web::wire::words::Language;

/// The longest span of a report, in days.
const SPAN_DAYS_MAX: i64 = 366;

pub(super) fn doors() -> Vec<Door> {
    let doors = vec![
        Door::look("/reports/forecast", "How good the promised waits were.", forecast),
        Door::look("/reports/hotline", "What was called about and when, how calls ended, and how they were answered.", hotline),
        Door::look("/reports/orders", "What came and went of work orders, which clocks were kept, what customers said.", orders),
        Door::look("/reports/temperatures", "What was measured in rooms, and whether it is evidence.", temperatures),
        Door::look("/reports/waits", "How long people waited.", waits),
    ];
    doors.into_iter().map(|door| door.refuses(&[Code::InvalidField]).or_files(&[CSV, XLSX])).collect()
}

/// How a report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
    /// A workbook of Excel.
    Xlsx,
}

/// From when to when; today without them.
#[derive(Debug, Deserialize, IntoParams)]
struct Span {
    #[param(value_type = Option<String>)]
    from: Option<NaiveDate>,
    #[param(value_type = Option<String>)]
    to: Option<NaiveDate>,
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// Of a table's head and of a workbook's sheet; Chinese without it.
    #[param(inline)]
    language: Option<Language>,
}

impl Span {
    /// The two days, in order and not too far apart.
    fn days(&self, state: &AppState) -> Result<(NaiveDate, NaiveDate), Problem> {
        let today = state.keeper.read(|hall| hall.day).unwrap_or_else(|| state.now().date_naive());
        let (from, to) = (self.from.unwrap_or(today), self.to.unwrap_or(today));
        if (0..SPAN_DAYS_MAX).contains(&(to - from).num_days()) {
            return Ok((from, to));
        }
        Err(Problem::invalid("to", "is not before from, and at most 366 days from it"))
    }

    async fn export<T: Serialize>(
        &self,
        sheet: Sheet,
        json: &T,
        table: impl FnOnce(crate::domain::text::Language) -> Table + Send + 'static,
    ) -> Exporting<T> {
        let language = self.language.unwrap_or(Language::Zh);
        let Sheet { file, zh, en } = sheet;
        let name = match language {
            Language::Zh => zh,
            Language::En => en,
        };
        match self.format {
            Format::Json => Ok(Exported::Json(Given::ok(json)?)),
            Format::Csv => Ok(Exported::Csv(format!("{file}.csv"), table(language.into()).to_csv())),
            Format::Xlsx => {
                // A year of every team and category takes a while to be packed: others are answered meanwhile.
                let packed = web::block(move || table(language.into()).to_xlsx(name)).await.map_err(|_| Code::Internal)?;
                let bytes = packed.map_err(|error| {
                    tracing::error!(%error, "a report could not be written");
                    Problem::from(Code::Internal)
                })?;
                Ok(Exported::Xlsx(format!("{file}.xlsx"), bytes))
            }
        }
    }
}

/// What a report's file and sheet are called.
#[derive(Debug, Clone, Copy)]
struct Sheet {
    file: &'static str,
    zh: &'static str,
    en: &'static str,
}

const FORECAST: Sheet = Sheet { file: "forecast", zh: "预计等候", en: "promised waits" };
const WAITS: Sheet = Sheet { file: "waits", zh: "等候", en: "waits" };
const HOTLINE: Sheet = Sheet { file: "hotline", zh: "热线", en: "hotline" };
const TEMPERATURES: Sheet = Sheet { file: "temperatures", zh: "测温", en: "room temperatures" };
const ORDERS: Sheet = Sheet { file: "orders", zh: "工单", en: "work orders" };

type Exporting<T> = Result<Exported<T>, Problem>;

/// How many promises were given, and how many were kept.
#[derive(Debug, Serialize, ToSchema)]
struct ForecastReport {
    /// For each day and service: `day, service, given, judged, kept, kept_rate, mean_error_min`.
    #[schema(value_type = Vec<Object>)]
    days: Value,
    /// The same for all services together.
    #[schema(value_type = Vec<Object>)]
    totals: Value,
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

async fn forecast(look: Look<SeeReports, (), Span>) -> Exporting<ForecastReport> {
    let (from, to) = look.query.days(&look.state)?;
    let report = match &look.state.history {
        Some(history) => history.forecast_report(from, to).await?,
        None => crate::history::ForecastReport { days: Vec::new(), totals: Vec::new() },
    };
    let today = look.state.keeper.read(|hall| {
        let kept_rate = hall.calibration.kept_permille().map(|permille| f64::from(permille) / 1_000.0);
        Today { given: hall.calibration.judged(), kept: hall.calibration.kept(), kept_rate }
    });
    let json = ForecastReport { days: value(&report.days)?, totals: value(&report.totals)?, today };
    look.query.export(FORECAST, &json, move |language| report.table(language)).await
}

/// How long people waited and were served.
#[derive(Debug, Serialize, ToSchema)]
struct WaitsReport {
    /// For each day and service: counts, and the median, 90th percentile and maximum of the waits in seconds.
    #[schema(value_type = Vec<Object>)]
    days: Value,
    /// The same for all services together.
    #[schema(value_type = Vec<Object>)]
    totals: Value,
}

async fn waits(look: Look<SeeReports, (), Span>) -> Exporting<WaitsReport> {
    let (from, to) = look.query.days(&look.state)?;
    let report = match &look.state.history {
        Some(history) => history.waits_report(from, to).await?,
        None => crate::history::WaitsReport { days: Vec::new(), totals: Vec::new() },
    };
    let json = WaitsReport { days: value(&report.days)?, totals: value(&report.totals)? };
    look.query.export(WAITS, &json, move |language| report.table(language)).await
}

/// What was called about, when, and how calls ended.
#[derive(Debug, Serialize, ToSchema)]
struct HotlineReport {
    /// For each hour of the clock and category, over the whole span: `hour, category, calls, ended`, the endings,
    /// `first_contact, first_contact_share, repeats, repeat_share, mean_handling_s`.
    #[schema(value_type = Vec<Object>)]
    hours: Value,
    /// The same for each day and category.
    #[schema(value_type = Vec<Object>)]
    days: Value,
    /// The same for each day, with `telephone`: what the exchange told; `null`, with the reason in `telephone_note`, where it
    /// told nothing that day.
    #[schema(value_type = Vec<Object>)]
    totals: Value,
}

async fn hotline(look: Look<SeeReports, (), Span>) -> Exporting<HotlineReport> {
    let (from, to) = look.query.days(&look.state)?;
    let calendar = look.state.keeper.read(|hall| hall.profile.calendar.clone());
    let report = match &look.state.history {
        Some(history) => history.hotline_report(from, to, calendar).await?,
        None => crate::history::HotlineReport::default(),
    };
    let json = HotlineReport { hours: value(&report.hours)?, days: value(&report.days)?, totals: value(&report.totals)? };
    look.query.export(HOTLINE, &json, move |language| report.table(language)).await
}

/// What happened to work orders.
#[derive(Debug, Serialize, ToSchema)]
struct OrderReport {
    /// For each day, team and category: `created, dispatched, closed, withdrawn, reopened, returned, return_share`, `clocks` by
    /// their names with `kept, breached, on_time_share`, `callbacks, reached, reached_share, rated, satisfied, satisfaction,
    /// unrated, escalated`.
    #[schema(value_type = Vec<Object>)]
    days: Value,
    /// The same for each day.
    #[schema(value_type = Vec<Object>)]
    totals: Value,
}

async fn orders(look: Look<SeeReports, (), Span>) -> Exporting<OrderReport> {
    let (from, to) = look.query.days(&look.state)?;
    let calendar = look.state.keeper.read(|hall| hall.profile.calendar.clone());
    let report = match &look.state.history {
        Some(history) => history.order_report(from, to, calendar).await?,
        None => crate::history::OrderReport::default(),
    };
    let json = OrderReport { days: value(&report.days)?, totals: value(&report.totals)? };
    look.query.export(ORDERS, &json, move |language| report.table(language)).await
}

/// What was measured in rooms.
#[derive(Debug, Serialize, ToSchema)]
struct TemperatureReport {
    /// In the order in which they were measured.
    measurements: Vec<TemperatureRow>,
}

async fn temperatures(look: Look<SeeReports, (), Span>) -> Exporting<TemperatureReport> {
    let (from, to) = look.query.days(&look.state)?;
    let calendar = look.state.keeper.read(|hall| hall.profile.calendar.clone());
    let zone = calendar.zone;
    let span = (calendar.service_day_start(from), calendar.service_day_start(to.succ_opt().unwrap_or(to)));
    let reader = look.who.reader();
    // The hall first: what it lets go of meanwhile is in history by then, and what both have is told once.
    let here: Vec<_> = look.state.keeper.read(|hall| hall.orders.all.values().filter(|order| is_measured(order)).cloned().collect());
    let archived = match &look.state.history {
        Some(history) => history.measured(from, to, calendar).await?,
        None => Vec::new(),
    };
    let known: BTreeSet<OrderNo> = here.iter().map(|order| order.no).collect();
    let orders = here.iter().map(AsRef::as_ref).chain(archived.iter().filter(|order| !known.contains(&order.no)));
    let rows = |hall: &Hall| orders.flat_map(|order| TemperatureRow::of_order(hall, order, &reader, span)).collect();
    let mut measurements: Vec<TemperatureRow> = look.state.keeper.read(rows);
    measurements.sort_by(|a, b| (a.slip.measured_at, &a.no).cmp(&(b.slip.measured_at, &b.no)));
    let table_of = measurements.clone();
    look.query.export(TEMPERATURES, &TemperatureReport { measurements }, move |language| table(&table_of, zone, language)).await
}

const fn is_measured(order: &WorkOrder) -> bool {
    !order.temperatures.is_empty()
}

fn value<T: Serialize>(rows: &T) -> Result<Value, Problem> {
    serde_json::to_value(rows).map_err(|_| Code::Internal.into())
}
