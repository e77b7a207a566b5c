//! Measurements of rooms as evidence: one line each with its order and flat, for a report and its files.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use utoipa::ToSchema;

use super::hall::Text;
use super::order::category_name;
use super::order_parts::{RoomTemperature, Signature};
use super::order_words::TemperatureLack;
use super::reader::{Reader, Scrub, masked_name};
use crate::domain::hall::Hall;
use crate::domain::text::{FreeText, Language};
use crate::domain::work_order as of;
use crate::history::{Cell, Table};

/// One measurement. Who signed is masked, and of a sealed caller not told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TemperatureRow {
    /// The order's number.
    pub no: String,
    pub category: String,
    pub category_name: Text,
    pub team: Option<String>,
    pub community: Option<String>,
    pub building: Option<String>,
    pub unit: Option<String>,
    /// The flat's own number; `room` is the room in it.
    pub flat: Option<String>,
    #[serde(flatten)]
    pub slip: RoomTemperature,
}

/// The head of the table.
const HEAD: [(&str, &str); 26] = [
    ("工单", "order"),
    ("类别", "category"),
    ("班组", "team"),
    ("小区", "community"),
    ("楼栋", "building"),
    ("单元", "unit"),
    ("户号", "flat"),
    ("房间", "room"),
    ("预约时间", "appointed at"),
    ("测温时间", "measured at"),
    ("记录时间", "recorded at"),
    ("测温人", "by"),
    ("读数(℃)", "reading (°C)"),
    ("室外(℃)", "outdoor (°C)"),
    ("标准(℃)", "standard (°C)"),
    ("测点合规", "point as prescribed"),
    ("关门(分钟)", "doors shut (min)"),
    ("稳定(分钟)", "stable (min)"),
    ("仪器", "instrument"),
    ("检定有效期", "calibrated until"),
    ("有效", "valid"),
    ("欠缺", "lacks"),
    ("签字", "signature"),
    ("异议", "objection"),
    ("第三方检测", "laboratory"),
    ("结论", "result"),
];

impl TemperatureRow {
    /// Every measurement of an order from `span.0` until before `span.1`.
    #[must_use]
    pub fn of_order(hall: &Hall, order: &of::WorkOrder, reader: &Reader, span: (DateTime<Utc>, DateTime<Utc>)) -> Vec<Self> {
        let kept = reader.is_kept_from(order);
        let scrub = Scrub::of(hall, order, reader);
        let text = |text: &Option<FreeText>| text.as_ref().map(|text| text.as_str().to_owned());
        let row = |one: &of::RoomTemperature| {
            let mut slip = RoomTemperature::of(one, &scrub, kept, hall.profile.calendar.zone);
            slip.signature = masked(slip.signature);
            Self {
                no: order.no.to_string(),
                category: order.category.to_string(),
                category_name: category_name(hall, &order.category),
                team: order.team.as_ref().map(ToString::to_string),
                community: text(&order.address.community),
                building: text(&order.address.building),
                unit: text(&order.address.unit).filter(|_| !kept),
                flat: text(&order.address.room).filter(|_| !kept),
                slip,
            }
        };
        let within = order.temperatures.iter().filter(|one| (span.0..span.1).contains(&one.measured_at));
        within.map(row).collect()
    }

    fn cells(&self, zone: Tz, language: Language) -> Vec<Cell> {
        let text = |text: Option<&String>| text.map_or(Cell::Empty, |text| Cell::Text(text.clone()));
        let at = |at: Option<DateTime<Utc>>| at.map_or(Cell::Empty, |at| Cell::Text(stamp(at, zone)));
        let slip = &self.slip;
        vec![
            Cell::Text(self.no.clone()),
            Cell::Text(self.category.clone()),
            text(self.team.as_ref()),
            text(self.community.as_ref()),
            text(self.building.as_ref()),
            text(self.unit.as_ref()),
            text(self.flat.as_ref()),
            Cell::Text(slip.room.clone()),
            at(slip.appointed_at),
            at(Some(slip.measured_at)),
            at(slip.recorded_at),
            text(slip.by.as_ref()),
            degrees(Some(slip.reading_tenths)),
            degrees(slip.outdoor_tenths),
            degrees(slip.standard_tenths),
            Cell::Text(yes_no(slip.point_ok, language).to_owned()),
            Cell::Number(slip.doors_shut_min.to_string()),
            Cell::Number(slip.stable_min.to_string()),
            Cell::Text(slip.instrument.clone()),
            slip.calibrated_until.map_or(Cell::Empty, |day| Cell::Text(day.to_string())),
            Cell::Text(yes_no(slip.valid, language).to_owned()),
            Cell::Text(slip.lacks.iter().map(|lack| lack_word(*lack, language)).collect::<Vec<_>>().join("、")),
            Cell::Text(signature_words(&slip.signature, language)),
            text(slip.objection.as_ref()),
            text(slip.lab.as_ref()),
            text(slip.result.as_ref()),
        ]
    }
}

/// The measurements as a table, times by the clock of `zone`.
#[must_use]
pub fn table(rows: &[TemperatureRow], zone: Tz, language: Language) -> Table {
    let pick = |(zh, en): (&str, &str)| (if language == Language::Zh { zh } else { en }).to_owned();
    let rows = rows.iter().map(|row| row.cells(zone, language)).collect();
    Table { header: HEAD.into_iter().map(pick).collect(), rows }
}

/// That somebody signed stays; of a name its first character.
fn masked(signature: Signature) -> Signature {
    let short = |name: &FreeText| FreeText::parse(&masked_name(name)).unwrap_or_else(|_| FreeText::blank());
    match signature {
        Signature::Signed(name) => Signature::Signed(short(&name)),
        Signature::Verbal => Signature::Verbal,
        Signature::Refused(witness) => Signature::Refused(short(&witness)),
    }
}

fn stamp(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// Tenths of a degree as people write them: `17.5`, `-0.5`.
fn degrees(tenths: Option<i16>) -> Cell {
    let written = |tenths: i16| {
        let sign = if tenths < 0 { "-" } else { "" };
        let size = tenths.unsigned_abs();
        Cell::Number(format!("{sign}{}.{}", size / 10, size % 10))
    };
    tenths.map_or(Cell::Empty, written)
}

const fn yes_no(yes: bool, language: Language) -> &'static str {
    match (yes, language) {
        (true, Language::Zh) => "是",
        (false, Language::Zh) => "否",
        (true, Language::En) => "yes",
        (false, Language::En) => "no",
    }
}

const fn lack_word(lack: TemperatureLack, language: Language) -> &'static str {
    match (lack, language) {
        (TemperatureLack::Point, Language::Zh) => "测点不合规",
        (TemperatureLack::Doors, Language::Zh) => "关门不足30分钟",
        (TemperatureLack::Stable, Language::Zh) => "稳定不足10分钟",
        (TemperatureLack::Calibration, Language::Zh) => "检定过期或未填",
        (TemperatureLack::Point, Language::En) => "point not as prescribed",
        (TemperatureLack::Doors, Language::En) => "doors shut for less than 30 min",
        (TemperatureLack::Stable, Language::En) => "stable for less than 10 min",
        (TemperatureLack::Calibration, Language::En) => "calibration expired or not told",
    }
}

fn signature_words(signature: &Signature, language: Language) -> String {
    match (signature, language) {
        (Signature::Signed(name), Language::Zh) => format!("已签：{}", name.as_str()),
        (Signature::Verbal, Language::Zh) => "口头确认".to_owned(),
        (Signature::Refused(witness), Language::Zh) => format!("拒签，见证人：{}", witness.as_str()),
        (Signature::Signed(name), Language::En) => format!("signed: {}", name.as_str()),
        (Signature::Verbal, Language::En) => "verbal".to_owned(),
        (Signature::Refused(witness), Language::En) => format!("refused, witness: {}", witness.as_str()),
    }
}
