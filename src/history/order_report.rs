//! The report on work orders: what came and went, which clocks were kept, and what customers said when they were called back.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use super::csv::{Cell, Table};
use super::hotline_report::{quarter_at, span_ms};
use super::report::{all_cell, check_days, decimal, header, none_cell, share};
use super::rows::from_word;
use super::{History, HistoryError};
use crate::domain::calendar::Calendar;
use crate::domain::sla::ClockKind;
use crate::domain::text::Language;

/// The lowest grade of a satisfied customer, of 1 to 5.
pub(super) const SATISFIED_GRADE_MIN: u8 = 3;

/// How the clocks of one kind ran out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ClockFigures {
    /// What they measure happened in time.
    pub kept: u32,
    /// It was late, or is.
    pub breached: u32,
    /// `kept` of both.
    pub on_time_share: Option<f64>,
}

/// What happened to orders of one team and category, or of all, on one day.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OrderRow {
    pub day: NaiveDate,
    /// Whose it was; empty where no team had it; `None`: all.
    pub team: Option<String>,
    /// The category's code; empty where it is not known any more; `None`: all.
    pub category: Option<String>,
    pub created: u32,
    /// Sent to a team, each time.
    pub dispatched: u32,
    pub closed: u32,
    pub withdrawn: u32,
    pub reopened: u32,
    /// 退单
    pub returned: u32,
    /// `returned` of `dispatched`.
    pub return_share: Option<f64>,
    /// By the clock's name; each run of a clock counts on the day on which it was decided.
    pub clocks: BTreeMap<&'static str, ClockFigures>,
    /// Attempts to call back.
    pub callbacks: u32,
    /// Attempts at which the customer answered.
    pub reached: u32,
    /// `reached` of `callbacks`.
    pub reached_share: Option<f64>,
    /// Call-backs with a grade.
    pub rated: u32,
    /// Of these, with [`SATISFIED_GRADE_MIN`] or better.
    pub satisfied: u32,
    /// 满意率: `satisfied` of `rated`.
    pub satisfaction: Option<f64>,
    /// Orders closed without a grade: they are in no rate.
    pub unrated: u32,
    pub escalated: u32,
}

/// What happened to orders.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OrderReport {
    /// One row a day, team and category.
    pub days: Vec<OrderRow>,
    /// One row a day, of all teams and categories.
    pub totals: Vec<OrderRow>,
}

impl History {
    /// What happened to orders from `from` to `to`, both service days of `calendar` included.
    ///
    /// # Errors
    /// When there are more than [`super::REPORT_DAYS_MAX`] days, or none.
    pub async fn order_report(&self, from: NaiveDate, to: NaiveDate, calendar: Calendar) -> Result<OrderReport, HistoryError> {
        check_days(from, to)?;
        self.inner.base.read(move |conn| order_report(conn, from, to, &calendar)).await
    }
}

/// So many marks of one kind.
struct Marks {
    what: String,
    clock: Option<ClockKind>,
    reached: bool,
    grade: Option<u8>,
    count: u32,
}

impl Marks {
    fn read(row: &Row<'_>) -> Result<Self, HistoryError> {
        let clock: Option<String> = row.get(4)?;
        Ok(Self {
            what: row.get(3)?,
            clock: clock.map(from_word).transpose()?,
            reached: row.get::<_, Option<bool>>(5)?.unwrap_or(false),
            grade: row.get(6)?,
            count: row.get(7)?,
        })
    }
}

impl OrderRow {
    fn of(day: NaiveDate, team: Option<String>, category: Option<String>) -> Self {
        let clocks = ClockKind::ALL.map(|kind| (kind.word(), ClockFigures::default())).into();
        Self { day, team, category, clocks, ..Self::default() }
    }

    fn add(&mut self, marks: &Marks) {
        let count = marks.count;
        match marks.what.as_str() {
            "created" => self.created += count,
            "dispatched" => self.dispatched += count,
            "closed" => {
                self.closed += count;
                self.unrated += if marks.grade == Some(0) { count } else { 0 };
            }
            "withdrawn" => self.withdrawn += count,
            "reopened" => self.reopened += count,
            "returned" => self.returned += count,
            "escalated" => self.escalated += count,
            "callback" => {
                self.callbacks += count;
                self.reached += if marks.reached { count } else { 0 };
                self.rated += if marks.grade.is_some() { count } else { 0 };
                self.satisfied += if marks.grade >= Some(SATISFIED_GRADE_MIN) { count } else { 0 };
            }
            ended @ ("kept" | "breached") => {
                if let Some(clock) = marks.clock {
                    let figures = self.clocks.entry(clock.word()).or_default();
                    if ended == "kept" {
                        figures.kept += count;
                    } else {
                        figures.breached += count;
                    }
                }
            }
            _ => {}
        }
    }

    fn with_shares(mut self) -> Self {
        self.return_share = share(self.returned, self.dispatched);
        self.reached_share = share(self.reached, self.callbacks);
        self.satisfaction = share(self.satisfied, self.rated);
        for figures in self.clocks.values_mut() {
            figures.on_time_share = share(figures.kept, figures.kept + figures.breached);
        }
        self
    }
}

const MARKS: &str = "
    SELECT at_ms / 900000, coalesce(team, ''), coalesce(category, ''), what, clock, reached, grade, count(*)
    FROM order_marks WHERE at_ms >= ?1 AND at_ms < ?2 GROUP BY 1, 2, 3, 4, 5, 6, 7";

fn order_report(conn: &Connection, from: NaiveDate, to: NaiveDate, calendar: &Calendar) -> Result<OrderReport, HistoryError> {
    let span = span_ms(from, to, calendar);
    let mut find = conn.prepare_cached(MARKS)?;
    let mut found = find.query(params![span.0, span.1])?;
    let mut days: BTreeMap<(NaiveDate, String, String), OrderRow> = BTreeMap::new();
    let mut totals: BTreeMap<NaiveDate, OrderRow> = BTreeMap::new();
    while let Some(row) = found.next()? {
        let day = calendar.service_day(quarter_at(row.get(0)?));
        let (team, category): (String, String) = (row.get(1)?, row.get(2)?);
        let marks = Marks::read(row)?;
        let one = days.entry((day, team.clone(), category.clone()));
        one.or_insert_with(|| OrderRow::of(day, Some(team), Some(category))).add(&marks);
        totals.entry(day).or_insert_with(|| OrderRow::of(day, None, None)).add(&marks);
    }
    Ok(OrderReport {
        days: days.into_values().map(OrderRow::with_shares).collect(),
        totals: totals.into_values().map(OrderRow::with_shares).collect(),
    })
}

/// The heads of the columns before those of the clocks.
const HEAD: [(&str, &str); 10] = [
    ("日期", "day"),
    ("班组", "team"),
    ("类别", "category"),
    ("新建", "created"),
    ("派单", "dispatched"),
    ("办结", "closed"),
    ("撤销", "withdrawn"),
    ("重办", "reopened"),
    ("退单", "returned"),
    ("退单率", "return share"),
];
/// The heads of the columns behind those of the clocks.
const TAIL: [(&str, &str); 8] = [
    ("回访", "call-backs"),
    ("回访接通", "reached"),
    ("回访接通率", "reached share"),
    ("已评价", "rated"),
    ("满意(3分及以上)", "satisfied (3 or better)"),
    ("满意率", "satisfaction"),
    ("未评价", "unrated"),
    ("升级", "escalated"),
];

const fn clock_heads(kind: ClockKind) -> [(&'static str, &'static str); 3] {
    match kind {
        ClockKind::Accept => [("签收按时", "accept in time"), ("签收超时", "accept late"), ("签收按时率", "accept on-time share")],
        ClockKind::Contact => [("联系按时", "contact in time"), ("联系超时", "contact late"), ("联系按时率", "contact on-time share")],
        ClockKind::Arrive => [("到场按时", "arrive in time"), ("到场超时", "arrive late"), ("到场按时率", "arrive on-time share")],
        ClockKind::Resolve => [("处理按时", "resolve in time"), ("处理超时", "resolve late"), ("处理按时率", "resolve on-time share")],
        ClockKind::Reply => [("答复按时", "reply in time"), ("答复超时", "reply late"), ("答复按时率", "reply on-time share")],
        ClockKind::Callback => {
            [("回访按时", "call-back in time"), ("回访超时", "call-back late"), ("回访按时率", "call-back on-time share")]
        }
    }
}

impl OrderReport {
    /// The report as a table: the teams and categories of every day, then the days as a whole.
    #[must_use]
    pub fn table(&self, language: Language) -> Table {
        let mut words = HEAD.to_vec();
        words.extend(ClockKind::ALL.into_iter().flat_map(clock_heads));
        words.extend(TAIL);
        let rows = self.days.iter().chain(&self.totals).map(|row| cells(row, language)).collect();
        Table { header: header(&words, language), rows }
    }
}

fn cells(row: &OrderRow, language: Language) -> Vec<Cell> {
    let code = |code: &Option<String>| {
        Cell::Text(match code {
            None => all_cell(language).to_owned(),
            Some(none) if none.is_empty() => none_cell(language).to_owned(),
            Some(code) => code.clone(),
        })
    };
    let mut cells = vec![
        Cell::Text(row.day.to_string()),
        code(&row.team),
        code(&row.category),
        Cell::number(row.created),
        Cell::number(row.dispatched),
        Cell::number(row.closed),
        Cell::number(row.withdrawn),
        Cell::number(row.reopened),
        Cell::number(row.returned),
        decimal(row.return_share),
    ];
    for kind in ClockKind::ALL {
        let figures = row.clocks.get(kind.word()).copied().unwrap_or_default();
        cells.extend([Cell::number(figures.kept), Cell::number(figures.breached), decimal(figures.on_time_share)]);
    }
    cells.extend([
        Cell::number(row.callbacks),
        Cell::number(row.reached),
        decimal(row.reached_share),
        Cell::number(row.rated),
        Cell::number(row.satisfied),
        decimal(row.satisfaction),
        Cell::number(row.unrated),
        Cell::number(row.escalated),
    ]);
    cells
}
