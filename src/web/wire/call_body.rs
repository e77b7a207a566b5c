//! What operators send of a call: only what is mentioned changes, `null` and empty texts clear; numbers are read as people write them.

use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::order_body::OrderBody;
use super::order_words::{CallDirection, CallerRole, Channel, Disposition, HeatStatus, Leak, Urgency, Vulnerable};
use super::words::Language;
use crate::domain::hall::Hall;
use crate::domain::hotline_call as of;
use crate::domain::ids::{CategoryId, IncidentId, OrderNo, PhoneCallId, TeamId};
use crate::domain::phone::{AreaCode, Phone};
use crate::domain::text::FreeText;
use crate::web::problem::Problem;

/// A share of the whole, in millionths, at most.
const WHOLE_PPM: u32 = 1_000_000;

/// A text or nothing; an empty one is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub Option<FreeText>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(d)?.filter(|text| !text.trim().is_empty());
        text.map(|text| FreeText::parse(&text)).transpose().map(Self).map_err(serde::de::Error::custom)
    }
}

impl Words {
    /// The number that the text is; nothing for a caller who shows none.
    ///
    /// # Errors
    /// Names the field when the text is no number.
    pub fn phone(&self, field: &str, area: Option<&AreaCode>) -> Result<Option<Phone>, Problem> {
        let Some(text) = &self.0 else { return Ok(None) };
        Phone::read(text.as_str(), area).map_err(|bad| Problem::invalid(field, &bad.to_string()))
    }
}

/// The area code that stands before bare local numbers in this hall.
#[must_use]
pub fn area_of(hall: &Hall) -> Option<AreaCode> {
    hall.profile.local_area()
}

/// Tells what is mentioned from what is absent.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<T>, D::Error> {
    T::deserialize(d).map(Some)
}

/// Where it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub community: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub building: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub unit: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub room: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub text: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub station: Option<FreeText>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub area: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub riser: Words,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub team: Option<TeamId>,
    #[serde(default)]
    pub share_ppm: Option<u32>,
    /// The room's id in the address book, from `GET /addresses`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub place_id: Words,
}

impl From<AddressBody> for of::Address {
    fn from(body: AddressBody) -> Self {
        Self {
            community: body.community.0,
            building: body.building.0,
            unit: body.unit.0,
            room: body.room.0,
            text: body.text.0,
            station: body.station,
            area: body.area.0,
            riser: body.riser.0,
            team: body.team,
            share_ppm: body.share_ppm.filter(|share| *share <= WHOLE_PPM),
        }
    }
}

/// What is wrong in the flat, as the caller tells it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SymptomsBody {
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 20)]
    pub rooms: Vec<FreeText>,
    #[serde(default)]
    pub since: Option<chrono::DateTime<chrono::Utc>>,
    /// In tenths of a degree Celsius.
    #[serde(default)]
    pub room_tenths: Option<i16>,
    #[serde(default)]
    pub neighbours_too: Option<bool>,
    #[serde(default)]
    pub leak: Option<Leak>,
    #[serde(default)]
    pub electricity_risk: Option<bool>,
}

impl From<SymptomsBody> for of::Symptoms {
    fn from(body: SymptomsBody) -> Self {
        Self {
            rooms: body.rooms,
            since: body.since,
            room_tenths: body.room_tenths,
            neighbours_too: body.neighbours_too,
            leak: body.leak.map(Into::into),
            electricity_risk: body.electricity_risk,
        }
    }
}

/// `POST /hotline/calls`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogCallBody {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub caller_number: Words,
    #[serde(default)]
    pub channel: Channel,
    /// Without it, that of the exchange's call; without that, `in`.
    #[serde(default)]
    pub direction: Option<CallDirection>,
    /// The exchange's call, where it told of one: it tells the number where the body has none. With the direction `callback`, the
    /// missed one that is returned; that one waits until it is marked as handled.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub phone_call: Option<PhoneCallId>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub seat: Words,
}

/// `PATCH /hotline/calls/{id}`: what is absent stays; `null` or an empty text clears.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallBody {
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub caller_number: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub caller_name: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<CallerRole>)]
    pub caller_role: Option<Option<CallerRole>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub callback_number: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub customer_no: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<AddressBody>)]
    pub address: Option<Option<AddressBody>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<HeatStatus>)]
    pub heat_status: Option<Option<HeatStatus>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u32>)]
    pub area_m2: Option<Option<u32>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub category: Option<Option<CategoryId>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<SymptomsBody>)]
    pub symptoms: Option<Option<SymptomsBody>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub description: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Urgency>)]
    pub urgency: Option<Option<Urgency>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<bool>)]
    pub safety: Option<Option<bool>>,
    #[serde(default, deserialize_with = "said", alias = "confidential")]
    #[schema(value_type = Option<bool>)]
    pub sealed: Option<Option<bool>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Language>)]
    pub language: Option<Option<Language>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub dialect: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Vec<Vulnerable>>)]
    pub vulnerable: Option<Option<Vec<Vulnerable>>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub kb_article: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub promise: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub recording_ref: Option<Words>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    pub seat: Option<Words>,
    /// 1 to 5.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<u8>, minimum = 1, maximum = 5)]
    pub satisfaction: Option<Option<u8>>,
}

impl CallBody {
    /// As the hall is asked for it.
    ///
    /// # Errors
    /// Names a number that is none.
    pub fn into_patch(self, area: Option<&AreaCode>) -> Result<of::CallPatch, Problem> {
        let phone = |field: &str, words: Option<Words>| words.map(|words| words.phone(field, area)).transpose();
        let text = |words: Option<Words>| words.map(|Words(text)| text);
        Ok(of::CallPatch {
            caller_number: phone("caller_number", self.caller_number)?,
            caller_name: text(self.caller_name),
            caller_role: self.caller_role.map(|role| role.map(Into::into)),
            callback_number: phone("callback_number", self.callback_number)?,
            customer_no: text(self.customer_no),
            heat_status: self.heat_status.map(|status| status.map(Into::into)),
            area_m2: self.area_m2,
            category: self.category,
            description: text(self.description),
            dialect: text(self.dialect),
            kb_article: text(self.kb_article),
            promise: text(self.promise),
            recording_ref: text(self.recording_ref),
            seat: text(self.seat),
            satisfaction: self.satisfaction,
            address: self.address.map(|address| address.map(Into::into).unwrap_or_default()),
            symptoms: self.symptoms.map(|symptoms| symptoms.map(Into::into).unwrap_or_default()),
            urgency: self.urgency.map(|urgency| urgency.map(Into::into).unwrap_or_default()),
            safety: self.safety.map(Option::unwrap_or_default),
            sealed: self.sealed.map(Option::unwrap_or_default),
            language: self.language.map(|language| language.map(Into::into).unwrap_or_default()),
            vulnerable: self.vulnerable.map(|all| vulnerable(all.unwrap_or_default())),
        })
    }
}

/// Each once, in one order, so that the same said again is the same.
#[must_use]
pub fn vulnerable(all: Vec<Vulnerable>) -> Vec<of::Vulnerable> {
    let each: std::collections::BTreeSet<of::Vulnerable> = all.into_iter().map(Into::into).collect();
    each.into_iter().collect()
}

/// `POST /hotline/calls/{id}/end`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndBody {
    pub disposition: Disposition,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub note: Words,
    /// The order that there is already.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub work_order: Option<OrderNo>,
    /// The incident to attach the caller to.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub incident: Option<IncidentId>,
    /// What the order made of it says otherwise than the call.
    #[serde(default)]
    pub order: Option<OrderBody>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::body::parse;

    fn patch(body: &str) -> of::CallPatch {
        parse::<CallBody>(body.as_bytes()).unwrap().into_patch(None).unwrap()
    }

    #[test]
    fn absent_null_and_empty_are_told_apart() {
        assert!(patch("{}").is_empty());
        let cleared = patch(r#"{"caller_name":null,"description":" ","caller_number":"","category":null,"urgency":null}"#);
        assert_eq!((cleared.caller_name, cleared.description, cleared.category), (Some(None), Some(None), Some(None)));
        assert_eq!((cleared.caller_number, cleared.urgency), (Some(None), Some(of::Urgency::Normal)));
        let given = patch(r#"{"caller_number":"139 1234 5678","confidential":true,"vulnerable":["infant","elderly","infant"]}"#);
        assert_eq!(given.caller_number.unwrap().unwrap().number(), "13912345678");
        assert_eq!((given.sealed, given.vulnerable.map(|all| all.len())), (Some(true), Some(2)));
    }

    #[test]
    fn a_number_that_is_none_is_named() {
        let problem = parse::<CallBody>(br#"{"callback_number":"abc"}"#).unwrap().into_patch(None).unwrap_err();
        assert_eq!(problem.fields.into_keys().collect::<Vec<_>>(), ["callback_number"]);
    }

    #[test]
    fn bare_local_numbers_get_the_hotlines_area_code() {
        let hall = |hotline: &str| {
            let mut hall = Hall::default();
            hall.profile.hotline = Some(hotline.to_owned());
            hall
        };
        assert_eq!(area_of(&hall("0532-88886666")).unwrap().as_str(), "0532");
        assert_eq!(area_of(&hall("010-88886666")).unwrap().as_str(), "010");
        assert_eq!(area_of(&hall("96777")), None);
    }
}
