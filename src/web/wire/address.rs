//! The address book's suggestions on the wire.

use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::order_words::HeatStatus;
use crate::addresses::{Depth, Place, Suggestion};

/// One thing that the text may mean.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema, TS)]
pub struct AddressItem {
    /// The room's id; empty where it is not a room.
    pub id: String,
    /// In full; typed into the box it is found again.
    pub label: String,
    #[schema(value_type = String)]
    #[ts(type = "'community' | 'building' | 'unit' | 'room'")]
    pub depth: Depth,
    pub community: String,
    pub building: Option<String>,
    pub unit: Option<String>,
    pub room: Option<String>,
    pub station: Option<String>,
    pub area: Option<String>,
    pub team: Option<String>,
    pub riser: Option<String>,
    pub customer_no: Option<String>,
    pub heat_status: Option<HeatStatus>,
    /// In whole square metres.
    pub area_m2: Option<u32>,
    /// The community's share of all rooms, in millionths.
    pub share_ppm: u32,
}

fn named(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn heat_status(word: &str) -> Option<HeatStatus> {
    match word {
        "用热" => Some(HeatStatus::Heated),
        "报停" => Some(HeatStatus::Stopped),
        "欠费" => Some(HeatStatus::Arrears),
        "新入网" => Some(HeatStatus::New),
        _ => None,
    }
}

/// Square metres without their fraction; a book's area is far below what a flat can have.
fn whole_metres(area_m2: f64) -> Option<u32> {
    format!("{area_m2:.0}").parse().ok()
}

impl From<Suggestion> for AddressItem {
    fn from(found: Suggestion) -> Self {
        let place = found.place;
        let of = |field: fn(&Place) -> Option<String>| place.as_ref().and_then(field);
        Self {
            id: of(|place| Some(place.id.clone())).unwrap_or_default(),
            label: found.text,
            depth: found.depth,
            community: found.community,
            building: named(found.building),
            unit: named(found.unit),
            room: of(|place| Some(place.room.clone())),
            station: found.station,
            area: found.area,
            team: found.team.map(|team| team.to_string()),
            riser: of(|place| place.riser.clone()),
            customer_no: of(|place| place.customer_no.clone()),
            heat_status: place.as_ref().and_then(|place| heat_status(place.heat_status.as_deref()?)),
            area_m2: place.as_ref().and_then(|place| whole_metres(place.area_m2?)),
            share_ppm: found.share_ppm,
        }
    }
}
