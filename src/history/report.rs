//! Reports on service days: how long people waited, and how good the promised waits were.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::csv::{Cell, Table};
use super::rows::from_word;
use super::{History, HistoryError, ticket};
use crate::domain::ids::ServiceId;
use crate::domain::text::Language;

/// Service days in one report at most.
pub const DAYS_MAX: i64 = 366;

const MINUTE_MS: i64 = 60_000;

/// How good the promised waits of one service on one day were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ForecastRow {
    pub day: NaiveDate,
    /// `None`: the whole hall.
    pub service: Option<ServiceId>,
    /// Waits that were told.
    pub given: u32,
    /// Of these, whose customer was called: only they can be judged.
    pub judged: u32,
    /// Of the judged, who did not wait longer than the upper end.
    pub kept: u32,
    /// `kept` of `judged`.
    pub kept_rate: Option<f64>,
    /// How far the wait lay from the middle of the range, in minutes, on average.
    pub mean_error_min: Option<f64>,
}

/// How good the promised waits were.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ForecastReport {
    /// One row a day and service.
    pub days: Vec<ForecastRow>,
    /// One row a day, of all services.
    pub totals: Vec<ForecastRow>,
}

/// How long people waited for one service on one day, each stay at a service by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitsRow {
    pub day: NaiveDate,
    /// `None`: the whole hall.
    pub service: Option<ServiceId>,
    /// Numbers issued for it.
    pub issued: u32,
    pub served: u32,
    /// Times that somebody was called and did not come.
    pub missed: u32,
    pub cancelled: u32,
    /// Sent on to another service or counter.
    pub transferred: u32,
    /// Still there when the day ended.
    pub day_ended: u32,
    /// Called at least once; the waits are theirs, from joining the line to the first call.
    pub called: u32,
    pub wait_median_s: Option<u32>,
    pub wait_p90_s: Option<u32>,
    pub wait_max_s: Option<u32>,
    /// The share of the called who waited at most 15 minutes.
    pub within_15_min: Option<f64>,
    /// The share of the called who waited at most 30 minutes.
    pub within_30_min: Option<f64>,
    /// From the start at the counter to the finish.
    pub serving_median_s: Option<u32>,
}

/// How long people waited.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WaitsReport {
    /// One row a day and service.
    pub days: Vec<WaitsRow>,
    /// One row a day, of all services.
    pub totals: Vec<WaitsRow>,
}

impl History {
    /// How good the promised waits from `from` to `to` were, both days included.
    ///
    /// # Errors
    /// When there are more than [`DAYS_MAX`] days, or none.
    pub async fn forecast_report(&self, from: NaiveDate, to: NaiveDate) -> Result<ForecastReport, HistoryError> {
        check_days(from, to)?;
        self.inner.base.read(move |conn| forecast_report(conn, from, to)).await
    }

    /// How long people waited from `from` to `to`, both days included.
    ///
    /// # Errors
    /// When there are more than [`DAYS_MAX`] days, or none.
    pub async fn waits_report(&self, from: NaiveDate, to: NaiveDate) -> Result<WaitsReport, HistoryError> {
        check_days(from, to)?;
        self.inner.base.read(move |conn| waits_report(conn, from, to)).await
    }
}

pub(super) fn check_days(from: NaiveDate, to: NaiveDate) -> Result<(), HistoryError> {
    let days = (to - from).num_days();
    if days < 0 {
        return Err(HistoryError::BadQuery("the last day lies before the first"));
    }
    if days >= DAYS_MAX { Err(HistoryError::BadQuery("a report covers at most 366 days")) } else { Ok(()) }
}

/// `part` of `whole`, to a thousandth.
pub(super) fn share(part: u32, whole: u32) -> Option<f64> {
    let permille = (u64::from(part) * 1_000 + u64::from(whole) / 2).checked_div(whole.into())?;
    Some(f64::from(u32::try_from(permille).ok()?) / 1_000.0)
}

/// Rows of one day, by service; `None` is the whole hall.
type ByService<T> = BTreeMap<Option<ServiceId>, T>;

/// Splits the rows of a day into those of services and the hall's own.
fn split<T, R>(
    day: NaiveDate,
    sums: ByService<T>,
    days: &mut Vec<R>,
    totals: &mut Vec<R>,
    row: impl Fn(NaiveDate, Option<ServiceId>, T) -> R,
) {
    for (service, sum) in sums {
        let to = if service.is_some() { &mut *days } else { &mut *totals };
        to.push(row(day, service, sum));
    }
}

#[derive(Default, Clone, Copy)]
struct Promises {
    given: u32,
    judged: u32,
    kept: u32,
    error_ms: i64,
}

fn forecast_report(conn: &Connection, from: NaiveDate, to: NaiveDate) -> Result<ForecastReport, HistoryError> {
    let mut find = conn.prepare_cached(
        "SELECT f.day, f.service, count(*), count(f.waited_ms), coalesce(sum(f.kept), 0),
                coalesce(sum(abs(f.waited_ms - (f.low_min + f.high_min) * 30000)), 0)
         FROM forecasts f JOIN tickets t ON t.segment = f.segment AND t.ticket = f.ticket
         WHERE f.day BETWEEN ?1 AND ?2 AND t.superseded = 0 GROUP BY f.day, f.service ORDER BY f.day, f.service",
    )?;
    let mut found = find.query(params![from.to_string(), to.to_string()])?;
    let mut by_day: BTreeMap<NaiveDate, ByService<Promises>> = BTreeMap::new();
    while let Some(row) = found.next()? {
        let sums = by_day.entry(ticket::day(&row.get::<_, String>(0)?)?).or_default();
        let one = Promises { given: row.get(2)?, judged: row.get(3)?, kept: row.get(4)?, error_ms: row.get(5)? };
        for service in [Some(from_word(row.get(1)?)?), None] {
            let sum = sums.entry(service).or_default();
            sum.given += one.given;
            sum.judged += one.judged;
            sum.kept += one.kept;
            sum.error_ms += one.error_ms;
        }
    }
    let mut report = ForecastReport { days: Vec::new(), totals: Vec::new() };
    for (day, sums) in by_day {
        split(day, sums, &mut report.days, &mut report.totals, forecast_row);
    }
    Ok(report)
}

fn forecast_row(day: NaiveDate, service: Option<ServiceId>, sum: Promises) -> ForecastRow {
    let Promises { given, judged, kept, error_ms } = sum;
    // To a tenth of a minute.
    let tenths = (error_ms + i64::from(judged) * 3_000).checked_div(i64::from(judged) * MINUTE_MS / 10);
    let mean_error_min = tenths.and_then(|tenths| u32::try_from(tenths).ok()).map(|tenths| f64::from(tenths) / 10.0);
    ForecastRow { day, service, given, judged, kept, kept_rate: share(kept, judged), mean_error_min }
}

#[derive(Default)]
struct Stays {
    issued: u32,
    served: u32,
    missed: u32,
    cancelled: u32,
    transferred: u32,
    day_ended: u32,
    waits_ms: Vec<i64>,
    serving_ms: Vec<i64>,
}

/// One stay at a service, as a row has it.
struct Stay {
    first: bool,
    misses: u32,
    wait_ms: Option<i64>,
    serving_ms: Option<i64>,
    end: Option<String>,
}

impl Stay {
    fn read(row: &Row<'_>) -> Result<Self, HistoryError> {
        Ok(Self { first: row.get(2)?, misses: row.get(3)?, wait_ms: row.get(4)?, serving_ms: row.get(5)?, end: row.get(6)? })
    }
}

impl Stays {
    fn add(&mut self, stay: &Stay) {
        self.issued += u32::from(stay.first);
        self.missed += stay.misses;
        // A clock that was set back makes no negative waits.
        self.waits_ms.extend(stay.wait_ms.map(|ms| ms.max(0)));
        match stay.end.as_deref() {
            Some("finished") => {
                self.served += 1;
                self.serving_ms.extend(stay.serving_ms.map(|ms| ms.max(0)));
            }
            Some("cancelled") => self.cancelled += 1,
            Some("transferred") => self.transferred += 1,
            Some("day_ended") => self.day_ended += 1,
            Some(_) | None => {}
        }
    }
}

fn waits_report(conn: &Connection, from: NaiveDate, to: NaiveDate) -> Result<WaitsReport, HistoryError> {
    let mut find = conn.prepare_cached(
        "SELECT t.day, l.service, l.leg = 0, l.misses, l.called_at_ms - l.joined_at_ms, l.ended_at_ms - l.started_at_ms, l.\"end\"
         FROM tickets t JOIN legs l ON l.segment = t.segment AND l.ticket = t.ticket
         WHERE t.day BETWEEN ?1 AND ?2 AND t.superseded = 0 ORDER BY t.day",
    )?;
    let mut found = find.query(params![from.to_string(), to.to_string()])?;
    let mut report = WaitsReport { days: Vec::new(), totals: Vec::new() };
    // One day at a time: a year's waits would not have to be in memory together.
    let mut open: Option<NaiveDate> = None;
    let mut sums = ByService::<Stays>::new();
    while let Some(row) = found.next()? {
        let day = ticket::day(&row.get::<_, String>(0)?)?;
        if let Some(done) = open.filter(|open| *open != day) {
            split(done, std::mem::take(&mut sums), &mut report.days, &mut report.totals, waits_row);
        }
        open = Some(day);
        let stay = Stay::read(row)?;
        for service in [Some(from_word(row.get(1)?)?), None] {
            sums.entry(service).or_default().add(&stay);
        }
    }
    if let Some(done) = open {
        split(done, sums, &mut report.days, &mut report.totals, waits_row);
    }
    Ok(report)
}

fn waits_row(day: NaiveDate, service: Option<ServiceId>, mut sum: Stays) -> WaitsRow {
    sum.waits_ms.sort_unstable();
    sum.serving_ms.sort_unstable();
    let called = u32::try_from(sum.waits_ms.len()).unwrap_or(u32::MAX);
    let within = |minutes: i64| {
        let count = sum.waits_ms.partition_point(|ms| *ms <= minutes * MINUTE_MS);
        share(u32::try_from(count).unwrap_or(u32::MAX), called)
    };
    WaitsRow {
        day,
        service,
        issued: sum.issued,
        served: sum.served,
        missed: sum.missed,
        cancelled: sum.cancelled,
        transferred: sum.transferred,
        day_ended: sum.day_ended,
        called,
        wait_median_s: percentile_s(&sum.waits_ms, 50),
        wait_p90_s: percentile_s(&sum.waits_ms, 90),
        wait_max_s: percentile_s(&sum.waits_ms, 100),
        within_15_min: within(15),
        within_30_min: within(30),
        serving_median_s: percentile_s(&sum.serving_ms, 50),
    }
}

/// The smallest of the sorted times that so many percent do not exceed, in whole seconds.
fn percentile_s(sorted_ms: &[i64], percent: usize) -> Option<u32> {
    let rank = (sorted_ms.len() * percent).div_ceil(100).checked_sub(1)?;
    u32::try_from(sorted_ms.get(rank)? / 1_000).ok()
}

pub(super) fn number(value: Option<u32>) -> Cell {
    value.map_or(Cell::Empty, Cell::number)
}

pub(super) fn decimal(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, Cell::number)
}

/// The cell of all of something together.
pub(super) const fn all_cell(language: Language) -> &'static str {
    match language {
        Language::Zh => "全部",
        Language::En => "all",
    }
}

/// The cell of what was not written down.
pub(super) const fn none_cell(language: Language) -> &'static str {
    match language {
        Language::Zh => "未填",
        Language::En => "none",
    }
}

/// The cell of several days together.
pub(super) fn days_cell(first: Option<NaiveDate>, last: Option<NaiveDate>) -> String {
    match (first, last) {
        (Some(first), Some(last)) if first != last => format!("{first}/{last}"),
        (Some(day), _) | (None, Some(day)) => day.to_string(),
        (None, None) => String::new(),
    }
}

/// The cell of a service: its id, or the word for the whole hall.
fn service_cell(service: Option<&ServiceId>, language: Language) -> Cell {
    Cell::Text(service.map_or_else(|| all_cell(language), ServiceId::as_str).to_owned())
}

pub(super) fn header(words: &[(&str, &str)], language: Language) -> Vec<String> {
    let pick = |(zh, en): &(&str, &str)| match language {
        Language::Zh => (*zh).to_owned(),
        Language::En => (*en).to_owned(),
    };
    words.iter().map(pick).collect()
}

impl ForecastReport {
    /// The report as a table: the services of every day, then the days as a whole.
    #[must_use]
    pub fn table(&self, language: Language) -> Table {
        let words = [
            ("日期", "day"),
            ("业务", "service"),
            ("已告知", "given"),
            ("可核对", "judged"),
            ("兑现", "kept"),
            ("兑现率", "kept rate"),
            ("平均误差(分钟)", "mean error (min)"),
        ];
        let row = |row: &ForecastRow| {
            vec![
                Cell::Text(row.day.to_string()),
                service_cell(row.service.as_ref(), language),
                Cell::number(row.given),
                Cell::number(row.judged),
                Cell::number(row.kept),
                decimal(row.kept_rate),
                decimal(row.mean_error_min),
            ]
        };
        Table { header: header(&words, language), rows: self.days.iter().chain(&self.totals).map(row).collect() }
    }
}

impl WaitsReport {
    /// The report as a table: the services of every day, then the days as a whole.
    #[must_use]
    pub fn table(&self, language: Language) -> Table {
        let words = [
            ("日期", "day"),
            ("业务", "service"),
            ("取号", "issued"),
            ("办结", "served"),
            ("过号次数", "missed"),
            ("取消", "cancelled"),
            ("转办", "transferred"),
            ("闭厅未办", "left at day's end"),
            ("叫号", "called"),
            ("等候中位数(秒)", "median wait (s)"),
            ("等候九成值(秒)", "90th percentile wait (s)"),
            ("最长等候(秒)", "longest wait (s)"),
            ("15分钟内", "within 15 min"),
            ("30分钟内", "within 30 min"),
            ("办理中位数(秒)", "median serving (s)"),
        ];
        let row = |row: &WaitsRow| {
            vec![
                Cell::Text(row.day.to_string()),
                service_cell(row.service.as_ref(), language),
                Cell::number(row.issued),
                Cell::number(row.served),
                Cell::number(row.missed),
                Cell::number(row.cancelled),
                Cell::number(row.transferred),
                Cell::number(row.day_ended),
                Cell::number(row.called),
                number(row.wait_median_s),
                number(row.wait_p90_s),
                number(row.wait_max_s),
                decimal(row.within_15_min),
                decimal(row.within_30_min),
                number(row.serving_median_s),
            ]
        };
        Table { header: header(&words, language), rows: self.days.iter().chain(&self.totals).map(row).collect() }
    }
}
