//! One phone call, or whatever came instead of one, as the operator writes it down, and how it ended.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use super::ids::{CategoryId, HotlineCallId, IncidentId, OrderNo, PhoneCallId, TeamId};
use super::phone::{Phone, narrow_char};
use super::place::part_key;
use super::telephone::{Direction, PhoneCall};
use super::text::{FreeText, Language};

/// The most rooms or other symptoms that one record lists.
pub const SYMPTOMS_MAX: usize = 20;
/// Digits from which on a piece of a flat's number tells the flat.
const FLAT_DIGITS_MIN: usize = 3;
/// The lowest and highest room temperature that is believed, in tenths of a degree Celsius.
pub const ROOM_TENTHS_RANGE: (i16, i16) = (-300, 600);

/// How the customer reached the hotline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    #[default]
    Phone,
    /// At a counter or in the lobby.
    Hall,
    /// Handed over by the city's 12345.
    #[serde(rename = "transfer_12345")]
    Transfer12345,
    Wechat,
    Letter,
}

/// Who rang whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    #[default]
    In,
    Out,
    /// We rang back somebody whose call was missed.
    Callback,
    Missed,
}

impl From<Direction> for CallDirection {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::In => Self::In,
            Direction::Out => Self::Out,
        }
    }
}

/// What the caller is to the flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerRole {
    Owner,
    Tenant,
    /// The property management.
    Property,
    Company,
    Other,
}

/// How soon somebody has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    #[default]
    Normal,
    Urgent,
    /// Life or property is at risk.
    Emergency,
}

/// Who in the flat suffers more than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vulnerable {
    Elderly,
    Infant,
    Patient,
}

/// What the company's own books say of the flat's heat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeatStatus {
    /// 用热
    Heated,
    /// 报停
    Stopped,
    /// 欠费
    Arrears,
    /// 新入网
    New,
}

/// Where it is. Community to room come from the address book where it knows them; `text` is what the caller said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Address {
    pub community: Option<FreeText>,
    pub building: Option<FreeText>,
    pub unit: Option<FreeText>,
    pub room: Option<FreeText>,
    pub text: Option<FreeText>,
    pub station: Option<FreeText>,
    pub area: Option<FreeText>,
    /// The pipe that feeds the flat.
    pub riser: Option<FreeText>,
    pub team: Option<TeamId>,
    /// The community's share of all rooms, in millionths, where the address book knows it.
    pub share_ppm: Option<u32>,
}

impl Address {
    /// The flat as a key: the same flat gives the same text. `None` where the flat is not known to the room.
    #[must_use]
    pub fn flat(&self) -> Option<String> {
        let community = self.community.as_ref()?;
        let room = self.room.as_ref()?;
        let part = |text: &Option<FreeText>| text.as_ref().map_or(String::new(), |text| part_key(text.as_str()));
        let (building, unit) = (part(&self.building), part(&self.unit));
        Some(format!("{}|{building}|{unit}|{}", community.as_str().to_lowercase(), part_key(room.as_str())))
    }

    /// What would tell the flat in a text, in the ways in which people write it.
    #[must_use]
    pub fn telling(&self) -> Vec<String> {
        let parts = [&self.unit, &self.room, &self.riser, &self.text];
        let parts = parts.into_iter().flatten().map(FreeText::as_str);
        let mut words: Vec<String> = parts.clone().filter(|part| !is_bare(part)).map(ToOwned::to_owned).collect();
        words.extend(parts.flat_map(digit_runs).filter(|run| run.len() >= FLAT_DIGITS_MIN));
        // One or two digits stand in every text: they tell something only beside their word.
        let beside = |part: &Option<FreeText>, zh: &str, en: &str| {
            let bare = part.as_ref().map(FreeText::as_str).filter(|part| is_bare(part));
            bare.map_or_else(Vec::new, |part| vec![format!("{part}{zh}"), format!("{en}{part}")])
        };
        words.extend(beside(&self.unit, "单元", "unit"));
        words.extend(beside(&self.room, "室", "room"));
        let digits = |part: &Option<FreeText>| part.as_ref().map_or_else(String::new, |part| digit_runs(part.as_str()).concat());
        let (unit, room) = (digits(&self.unit), digits(&self.room));
        words.extend((!unit.is_empty() && !room.is_empty()).then(|| format!("{unit}-{room}")));
        words
    }
}

/// A number of one or two digits and nothing else, or one character.
fn is_bare(part: &str) -> bool {
    let count = part.chars().count();
    count == 1 || (count < FLAT_DIGITS_MIN && part.chars().all(|c| narrow_char(c).is_ascii_digit()))
}

/// The digits of a text, in narrow ones, as far as they stand together.
fn digit_runs(text: &str) -> Vec<String> {
    let narrow: String = text.chars().map(narrow_char).collect();
    narrow.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).map(ToOwned::to_owned).collect()
}

/// What is wrong in the flat, as the caller tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Symptoms {
    /// Which rooms, at most [`SYMPTOMS_MAX`].
    pub rooms: Vec<FreeText>,
    pub since: Option<DateTime<Utc>>,
    /// The temperature told, in tenths of a degree Celsius.
    pub room_tenths: Option<i16>,
    pub neighbours_too: Option<bool>,
    /// How much water comes.
    pub leak: Option<Leak>,
    /// Water near electricity.
    pub electricity_risk: Option<bool>,
}

/// How much water comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leak {
    Drops,
    Flows,
    Gushes,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// 咨询: answered straight away.
    AnsweredDirectly,
    WorkOrder,
    /// Attached to an area incident.
    Attached,
    Transferred,
    /// Nobody there, wrong number, harassing.
    Invalid,
    /// Handed to 119 or 110.
    Emergency,
}

/// What is written of a call while it goes on. Every field can be corrected until the call is ended; where its recording is and
/// how its caller graded it also afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFields {
    pub caller_number: Option<Phone>,
    pub caller_name: Option<FreeText>,
    pub caller_role: Option<CallerRole>,
    pub callback_number: Option<Phone>,
    /// 热用户号 or card number.
    pub customer_no: Option<FreeText>,
    pub address: Address,
    pub heat_status: Option<HeatStatus>,
    /// Heated area, in whole square metres.
    pub area_m2: Option<u32>,
    pub category: Option<CategoryId>,
    pub symptoms: Symptoms,
    pub description: Option<FreeText>,
    pub urgency: Urgency,
    /// Somebody may be hurt.
    pub safety: bool,
    /// The caller asked that their name be kept from those they speak of.
    pub sealed: bool,
    pub language: Language,
    pub dialect: Option<FreeText>,
    pub vulnerable: Vec<Vulnerable>,
    /// The article the answer was taken from.
    pub kb_article: Option<FreeText>,
    /// What the caller was promised.
    pub promise: Option<FreeText>,
    /// Where the exchange keeps the recording; no sound is kept here.
    pub recording_ref: Option<FreeText>,
    pub seat: Option<FreeText>,
    /// 1 to 5, where the caller graded the call.
    pub satisfaction: Option<u8>,
}

/// Tells "not mentioned" from "cleared": `null` clears a field.
#[expect(clippy::option_option, reason = "absent, cleared and given are three things")]
fn mentioned<'de, T: Deserialize<'de>, D: Deserializer<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

impl CallFields {
    /// Who the caller is and where they live, as people write it into texts.
    #[must_use]
    pub fn identity(&self) -> Vec<String> {
        let names = self.caller_name.iter().flat_map(FreeText::as_name).chain(self.customer_no.iter().map(|no| no.as_str().to_owned()));
        let numbers = self.caller_number.iter().chain(&self.callback_number);
        names.chain(numbers.flat_map(Phone::telling)).chain(self.address.telling()).collect()
    }
}

macro_rules! call_patch {
    ($(clears $cleared:ident: $cleared_type:ty;)* $(sets $set:ident: $set_type:ty;)*) => {
        /// What an operator changes of a call: only what is mentioned; `null` clears what may be empty.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct CallPatch {
            $(
                #[serde(deserialize_with = "mentioned", skip_serializing_if = "Option::is_none")]
                pub $cleared: Option<Option<$cleared_type>>,
            )*
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $set: Option<$set_type>,
            )*
        }

        impl CallPatch {
            /// Writes what is mentioned into `fields`.
            pub fn write(&self, fields: &mut CallFields) {
                $(if let Some(value) = &self.$cleared { fields.$cleared.clone_from(value); })*
                $(if let Some(value) = &self.$set { fields.$set.clone_from(value); })*
            }

            /// Keeps only what differs from `fields`, so that a draft sent again says nothing.
            #[must_use]
            pub fn against(mut self, fields: &CallFields) -> Self {
                $(if self.$cleared.as_ref() == Some(&fields.$cleared) { self.$cleared = None; })*
                $(if self.$set.as_ref() == Some(&fields.$set) { self.$set = None; })*
                self
            }
        }
    };
}

call_patch! {
    clears caller_number: Phone;
    clears caller_name: FreeText;
    clears caller_role: CallerRole;
    clears callback_number: Phone;
    clears customer_no: FreeText;
    clears heat_status: HeatStatus;
    clears area_m2: u32;
    clears category: CategoryId;
    clears description: FreeText;
    clears dialect: FreeText;
    clears kb_article: FreeText;
    clears promise: FreeText;
    clears recording_ref: FreeText;
    clears seat: FreeText;
    clears satisfaction: u8;
    sets address: Address;
    sets symptoms: Symptoms;
    sets urgency: Urgency;
    sets safety: bool;
    sets sealed: bool;
    sets language: Language;
    sets vulnerable: Vec<Vulnerable>;
}

impl CallPatch {
    /// Whether it mentions only what becomes known when a call is over: where its recording is, how its caller graded it, and that they
    /// want their name to be kept after all.
    #[must_use]
    pub fn is_of_afterwards(&self) -> bool {
        let sealed = self.sealed.filter(|sealed| *sealed);
        *self == Self { recording_ref: self.recording_ref.clone(), satisfaction: self.satisfaction, sealed, ..Self::default() }
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a call ended, as the operator says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEnd {
    pub disposition: Disposition,
    /// What was answered, whither it was transferred.
    #[serde(default)]
    pub note: Option<FreeText>,
    /// The order it became, or the child order of the incident it was attached to.
    #[serde(default)]
    pub work_order: Option<OrderNo>,
    #[serde(default)]
    pub incident: Option<IncidentId>,
}

/// When the exchange's call rang, was answered and was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTimes {
    #[serde(default)]
    pub ring_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub answered_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub ended_at: Option<DateTime<Utc>>,
    /// How long the caller waited to be answered, where that is known.
    #[serde(default)]
    pub queue_seconds: Option<u32>,
}

impl From<&PhoneCall> for CallTimes {
    fn from(call: &PhoneCall) -> Self {
        Self {
            ring_at: call.rang_at(),
            answered_at: call.answered_at(),
            ended_at: call.ended_at(),
            queue_seconds: call.waited().and_then(|wait| u32::try_from(wait.num_seconds()).ok()),
        }
    }
}

/// One call, as the operator wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HotlineCall {
    pub id: HotlineCallId,
    pub channel: Channel,
    pub direction: CallDirection,
    /// Who logs it, as `operator:li`.
    pub operator: Arc<str>,
    pub logged_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    #[serde(default)]
    pub ended_at: Option<DateTime<Utc>>,
    /// The exchange's call, where it told of one; for a call-back, the missed one that is returned.
    #[serde(default)]
    pub phone_call: Option<PhoneCallId>,
    /// What the exchange told of its times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<CallTimes>,
    pub fields: CallFields,
    #[serde(default)]
    pub end: Option<CallEnd>,
    /// Orders that this call made or urged.
    #[serde(default)]
    pub orders: Vec<OrderNo>,
    /// An earlier call from the same number on the same day: it says nothing new of the area.
    #[serde(default)]
    pub repeat_of: Option<HotlineCallId>,
    /// The incident it was attached to.
    #[serde(default)]
    pub incident: Option<IncidentId>,
    /// Counted for its community when that became known.
    #[serde(default)]
    pub counted: bool,
}

impl HotlineCall {
    /// The community and its share of all rooms, where the call says something of the area's heat and was not counted yet.
    #[must_use]
    pub fn to_count(&self) -> Option<(&str, Option<u32>)> {
        let community = self.fields.address.community.as_ref().filter(|_| !self.counted && self.repeat_of.is_none())?;
        // 应急 and 报修; what is not known yet may be one of them.
        let of_heat = self.fields.category.as_ref().is_none_or(|category| category.as_str().starts_with(['E', 'R']));
        of_heat.then_some((community.as_str(), self.fields.address.share_ppm))
    }
}
