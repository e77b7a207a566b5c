//! The report on the hotline: what was called about and when, how calls ended, and what the exchange told of answering them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use rusqlite::{Connection, params};
use serde::Serialize;

use super::csv::{Cell, Table};
use super::report::{all_cell, check_days, decimal, header, number, share};
use super::rows::from_word;
use super::{History, HistoryError, report};
use crate::domain::calendar::Calendar;
use crate::domain::hotline_call::Disposition;
use crate::domain::telephone::ORPHAN_H;
use crate::domain::text::Language;

/// What stands where the exchange told nothing: no number can be given then.
pub const NO_CALL_DATA: &str = "无话务数据 / no call data";
/// A call from the same number within so many days is a repeated one.
pub(super) const REPEAT_DAYS: i64 = 7;
/// The stretch in which calls are counted, in milliseconds; the offsets of all time zones are multiples of it.
pub(super) const QUARTER_MS: i64 = 900_000;

/// What was called about, in one hour, on one day or on one category.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HotlineRow {
    /// `None`: the whole span.
    pub day: Option<NaiveDate>,
    /// The hour by the clock on the wall; `None`: the whole day.
    pub hour: Option<u32>,
    /// The category's code; empty where none was written down; `None`: all.
    pub category: Option<String>,
    pub calls: u32,
    pub ended: u32,
    pub answered_directly: u32,
    pub work_order: u32,
    pub attached: u32,
    pub transferred: u32,
    pub invalid: u32,
    pub emergency: u32,
    /// Answered directly, and the number did not ring again within [`REPEAT_DAYS`].
    pub first_contact: u32,
    /// `first_contact` of those that ended and were not invalid.
    pub first_contact_share: Option<f64>,
    /// Whose number had called within [`REPEAT_DAYS`] before.
    pub repeats: u32,
    /// `repeats` of `calls`.
    pub repeat_share: Option<f64>,
    /// From the beginning to the end of the operator's record, on average.
    pub mean_handling_s: Option<u32>,
}

/// What the exchange told of one day's calls to the hotline.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct PhoneFigures {
    pub offered: u32,
    pub answered: u32,
    /// `answered` of `offered`.
    pub answer_rate: Option<f64>,
    /// Answered calls whose wait is known.
    pub wait_known: u32,
    /// Of these, answered within 15 seconds.
    pub within_15_s: u32,
    /// `within_15_s` of `wait_known`.
    pub within_15_s_rate: Option<f64>,
    pub missed: u32,
    /// Handed on outside of the hall.
    pub forwarded: u32,
    /// The exchange never told how they ended.
    pub lost: u32,
}

/// A day of the hotline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HotlineDay {
    #[serde(flatten)]
    pub all: HotlineRow,
    /// `None` where the exchange told nothing that day.
    pub telephone: Option<PhoneFigures>,
    /// [`NO_CALL_DATA`] where the exchange told nothing that day.
    pub telephone_note: Option<&'static str>,
}

/// What was called about.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct HotlineReport {
    /// One row an hour of the clock and category, over the whole span.
    pub hours: Vec<HotlineRow>,
    /// One row a day and category.
    pub days: Vec<HotlineRow>,
    /// One row a day.
    pub totals: Vec<HotlineDay>,
}

impl History {
    /// What was called about from `from` to `to`, both service days of `calendar` included.
    ///
    /// # Errors
    /// When there are more than [`super::REPORT_DAYS_MAX`] days, or none.
    pub async fn hotline_report(&self, from: NaiveDate, to: NaiveDate, calendar: Calendar) -> Result<HotlineReport, HistoryError> {
        check_days(from, to)?;
        self.inner.base.read(move |conn| hotline_report(conn, from, to, &calendar)).await
    }
}

/// Calls as they are counted, before shares are worked out.
#[derive(Debug, Clone, Default)]
struct Sum {
    calls: u32,
    ended: u32,
    by_disposition: BTreeMap<Disposition, u32>,
    first_contact: u32,
    repeats: u32,
    handling_ms: i64,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.ended += other.ended;
        for (disposition, count) in &other.by_disposition {
            *self.by_disposition.entry(*disposition).or_insert(0) += count;
        }
        self.first_contact += other.first_contact;
        self.repeats += other.repeats;
        self.handling_ms += other.handling_ms;
    }

    fn row(&self, day: Option<NaiveDate>, hour: Option<u32>, category: Option<String>) -> HotlineRow {
        let of = |disposition| self.by_disposition.get(&disposition).copied().unwrap_or(0);
        let mean_ms = self.handling_ms.checked_div(i64::from(self.ended));
        HotlineRow {
            day,
            hour,
            category,
            calls: self.calls,
            ended: self.ended,
            answered_directly: of(Disposition::AnsweredDirectly),
            work_order: of(Disposition::WorkOrder),
            attached: of(Disposition::Attached),
            transferred: of(Disposition::Transferred),
            invalid: of(Disposition::Invalid),
            emergency: of(Disposition::Emergency),
            first_contact: self.first_contact,
            first_contact_share: share(self.first_contact, self.ended.saturating_sub(of(Disposition::Invalid))),
            repeats: self.repeats,
            repeat_share: share(self.repeats, self.calls),
            mean_handling_s: mean_ms.and_then(|ms| u32::try_from(ms / 1_000).ok()),
        }
    }
}

/// The instants between which the service days lie, in Unix milliseconds.
pub(super) fn span_ms(from: NaiveDate, to: NaiveDate, calendar: &Calendar) -> (i64, i64) {
    let after = to.succ_opt().unwrap_or(to);
    (calendar.service_day_start(from).timestamp_millis(), calendar.service_day_start(after).timestamp_millis())
}

/// The beginning of a quarter of an hour.
pub(super) fn quarter_at(quarter: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(quarter.saturating_mul(QUARTER_MS)).unwrap_or_default()
}

const CALLS: &str = "
    WITH counted AS (
      SELECT f.logged_at_ms / 900000 AS quarter, coalesce(f.category, '') AS category, f.disposition, f.ended_at_ms,
             max(f.ended_at_ms - f.logged_at_ms, 0) AS handling_ms,
             EXISTS (SELECT 1 FROM hotline_call_words w JOIN hotline_call_words o
                     ON o.word = w.word AND o.at_ms < w.at_ms AND o.at_ms >= w.at_ms - ?3
                     WHERE w.call = f.call AND w.word GLOB 'p:*') AS repeat,
             f.disposition = 'answered_directly' AND NOT EXISTS (
                     SELECT 1 FROM hotline_call_words w JOIN hotline_call_words o
                     ON o.word = w.word AND o.at_ms > w.at_ms AND o.at_ms <= w.at_ms + ?3
                     WHERE w.call = f.call AND w.word GLOB 'p:*') AS first
      FROM call_facts f WHERE f.logged_at_ms >= ?1 AND f.logged_at_ms < ?2 AND f.superseded = 0)
    SELECT quarter, category, disposition, count(*), count(ended_at_ms), coalesce(sum(handling_ms), 0), sum(repeat),
           coalesce(sum(first), 0)
    FROM counted GROUP BY quarter, category, disposition ORDER BY quarter";

fn hotline_report(conn: &Connection, from: NaiveDate, to: NaiveDate, calendar: &Calendar) -> Result<HotlineReport, HistoryError> {
    let span = span_ms(from, to, calendar);
    let mut find = conn.prepare_cached(CALLS)?;
    let mut found = find.query(params![span.0, span.1, REPEAT_DAYS * 86_400_000])?;
    let mut hours: BTreeMap<(u32, String), Sum> = BTreeMap::new();
    let mut days: BTreeMap<(NaiveDate, String), Sum> = BTreeMap::new();
    let mut totals: BTreeMap<NaiveDate, Sum> = BTreeMap::new();
    while let Some(row) = found.next()? {
        let at = quarter_at(row.get(0)?);
        let (day, hour) = (calendar.service_day(at), at.with_timezone(&calendar.zone).hour());
        let category: String = row.get(1)?;
        let disposition: Option<String> = row.get(2)?;
        let mut sum = Sum {
            calls: row.get(3)?,
            ended: row.get(4)?,
            handling_ms: row.get(5)?,
            repeats: row.get(6)?,
            first_contact: row.get(7)?,
            by_disposition: BTreeMap::new(),
        };
        if let Some(disposition) = disposition {
            sum.by_disposition.insert(from_word(disposition)?, sum.ended);
        }
        hours.entry((hour, category.clone())).or_default().add(&sum);
        days.entry((day, category)).or_default().add(&sum);
        totals.entry(day).or_default().add(&sum);
    }
    let mut telephone = telephone(conn, span, calendar)?;
    for day in telephone.keys() {
        totals.entry(*day).or_default();
    }
    let day_of = |(day, sum): (NaiveDate, Sum)| {
        let telephone = telephone.remove(&day);
        let telephone_note = telephone.is_none().then_some(NO_CALL_DATA);
        HotlineDay { all: sum.row(Some(day), None, None), telephone, telephone_note }
    };
    Ok(HotlineReport {
        totals: totals.into_iter().map(day_of).collect(),
        hours: hours.into_iter().map(|((hour, category), sum)| sum.row(None, Some(hour), Some(category))).collect(),
        days: days.into_iter().map(|((day, category), sum)| sum.row(Some(day), None, Some(category))).collect(),
    })
}

const PHONE: &str = "
    SELECT began_at_ms / 900000, sum(offered), sum(answered), sum(wait_known), sum(within_15_s), sum(missed), sum(forwarded),
           sum(offered AND NOT over AND NOT answered AND seen_at_ms < ?3)
    FROM phone_facts WHERE began_at_ms >= ?1 AND began_at_ms < ?2 AND superseded = 0 GROUP BY 1 HAVING sum(offered) > 0";

/// What the exchange told, by day; a day of which it told nothing is not there.
fn telephone(conn: &Connection, span: (i64, i64), calendar: &Calendar) -> Result<BTreeMap<NaiveDate, PhoneFigures>, HistoryError> {
    let last = "SELECT coalesce((SELECT at_ms FROM events ORDER BY segment DESC, rev DESC LIMIT 1), 0)";
    let last_ms: i64 = conn.prepare_cached(last)?.query_row([], |row| row.get(0))?;
    let mut find = conn.prepare_cached(PHONE)?;
    let mut found = find.query(params![span.0, span.1, last_ms - ORPHAN_H * 3_600_000])?;
    let mut days: BTreeMap<NaiveDate, PhoneFigures> = BTreeMap::new();
    while let Some(row) = found.next()? {
        let sum = days.entry(calendar.service_day(quarter_at(row.get(0)?))).or_default();
        sum.offered += row.get::<_, u32>(1)?;
        sum.answered += row.get::<_, u32>(2)?;
        sum.wait_known += row.get::<_, u32>(3)?;
        sum.within_15_s += row.get::<_, u32>(4)?;
        sum.missed += row.get::<_, u32>(5)?;
        sum.forwarded += row.get::<_, u32>(6)?;
        sum.lost += row.get::<_, u32>(7)?;
    }
    for sum in days.values_mut() {
        sum.answer_rate = share(sum.answered, sum.offered);
        sum.within_15_s_rate = share(sum.within_15_s, sum.wait_known);
    }
    Ok(days)
}

/// The heads of the columns, in both languages.
const HEAD: [(&str, &str); 23] = [
    ("日期", "day"),
    ("时段", "hour"),
    ("类别", "category"),
    ("来电", "calls"),
    ("已结束", "ended"),
    ("直接答复", "answered directly"),
    ("转工单", "work order"),
    ("并入片区事件", "attached"),
    ("转接", "transferred"),
    ("无效", "invalid"),
    ("应急", "emergency"),
    ("一次解决", "first contact"),
    ("一次解决率", "first-contact share"),
    ("重复来电", "repeats"),
    ("重复来电率", "repeat share"),
    ("平均处理时长(秒)", "mean handling (s)"),
    ("呼入", "offered"),
    ("接通", "answered"),
    ("接通率", "answer rate"),
    ("15秒内接通率", "within 15 s"),
    ("未接", "missed"),
    ("外转", "forwarded"),
    ("结果不明", "lost"),
];
/// How many of the columns are the exchange's.
const PHONE_COLUMNS: usize = 7;

impl HotlineReport {
    /// The report as a table: the hours of the span, the categories of every day, then the days as a whole. Only these have
    /// figures of the exchange.
    #[must_use]
    pub fn table(&self, language: Language) -> Table {
        let span = match (self.totals.first(), self.totals.last()) {
            (Some(first), Some(last)) => report::days_cell(first.all.day, last.all.day),
            (Some(_) | None, _) => String::new(),
        };
        let part = |row: &HotlineRow| {
            let mut cells = cells(row, &span, language);
            cells.extend(std::iter::repeat_n(Cell::Empty, PHONE_COLUMNS));
            cells
        };
        let day = |day: &HotlineDay| {
            let mut cells = cells(&day.all, &span, language);
            cells.extend(phone_cells(day.telephone.as_ref()));
            cells
        };
        let rows = self.hours.iter().chain(&self.days).map(part).chain(self.totals.iter().map(day)).collect();
        Table { header: header(&HEAD, language), rows }
    }
}

fn cells(row: &HotlineRow, span: &str, language: Language) -> Vec<Cell> {
    let category = match &row.category {
        None => all_cell(language).to_owned(),
        Some(none) if none.is_empty() => report::none_cell(language).to_owned(),
        Some(code) => code.clone(),
    };
    vec![
        Cell::Text(row.day.map_or_else(|| span.to_owned(), |day| day.to_string())),
        row.hour.map_or_else(|| Cell::Text(all_cell(language).to_owned()), Cell::number),
        Cell::Text(category),
        Cell::number(row.calls),
        Cell::number(row.ended),
        Cell::number(row.answered_directly),
        Cell::number(row.work_order),
        Cell::number(row.attached),
        Cell::number(row.transferred),
        Cell::number(row.invalid),
        Cell::number(row.emergency),
        Cell::number(row.first_contact),
        decimal(row.first_contact_share),
        Cell::number(row.repeats),
        decimal(row.repeat_share),
        number(row.mean_handling_s),
    ]
}

fn phone_cells(told: Option<&PhoneFigures>) -> Vec<Cell> {
    let Some(told) = told else { return vec![Cell::Text(NO_CALL_DATA.to_owned()); PHONE_COLUMNS] };
    vec![
        Cell::number(told.offered),
        Cell::number(told.answered),
        decimal(told.answer_rate),
        decimal(told.within_15_s_rate),
        Cell::number(told.missed),
        Cell::number(told.forwarded),
        Cell::number(told.lost),
    ]
}
