//! The closed sets of words of calls and work orders, each the mirror of one of the domain's.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::words::mirrors;
use crate::domain;

mirrors! {
    /// Where a work order stands.
    OrderState = domain::work_order::OrderState ["snake_case"] {
        Review, Dispatched, Accepted, Contacted, Arrived, WaitingCustomer, Deferred, Merged, Resolved, Replied, Closed, Withdrawn,
    }
    /// How soon somebody has to act.
    Urgency = domain::hotline_call::Urgency ["snake_case"] { Normal, Urgent, Emergency }
    /// Who in the flat suffers more than others.
    Vulnerable = domain::hotline_call::Vulnerable ["snake_case"] { Elderly, Infant, Patient }
    /// What the company's books say of the flat's heat.
    HeatStatus = domain::hotline_call::HeatStatus ["snake_case"] { Heated, Stopped, Arrears, New }
    /// What the caller is to the flat.
    CallerRole = domain::hotline_call::CallerRole ["snake_case"] { Owner, Tenant, Property, Company, Other }
    /// How much water comes.
    Leak = domain::hotline_call::Leak ["snake_case"] { Drops, Flows, Gushes }
    /// Who rang whom.
    CallDirection = domain::hotline_call::CallDirection ["snake_case"] { In, Out, Callback, Missed }
    /// How a call ended.
    Disposition = domain::hotline_call::Disposition ["snake_case"] {
        AnsweredDirectly, WorkOrder, Attached, Transferred, Invalid, Emergency,
    }
    /// What came of ringing the customer.
    Reached = domain::work_order::Reached ["snake_case"] { Reached, NoAnswer, WrongNumber, Refused }
    /// What a measurement lacks to be evidence.
    TemperatureLack = domain::work_order::TemperatureLack ["snake_case"] { Point, Doors, Stable, Calibration }
    /// What an action was for.
    ActionKind = domain::work_order::ActionKind ["snake_case"] { Work, Investigation, Note }
    /// What a clock on an order measures.
    ClockKind = domain::sla::ClockKind ["snake_case"] { Accept, Contact, Arrive, Resolve, Reply, Callback }
    /// Which time a clock counts.
    Pace = domain::sla::Pace ["snake_case"] { Natural, Working }
    /// How a clock stands.
    ClockState = domain::sla::ClockState ["snake_case"] { Running, Paused, Breached, Done }
    /// Where in the heating year an order was made.
    SeasonPhase = domain::order_plan::SeasonPhase ["snake_case"] { Off, First, Main }
    /// Whose turn it is when no team's.
    Desk = domain::orders::Desk ["snake_case"] { Review, Callback, Extension }
    /// How a telephone call stands.
    PhoneState = domain::telephone::PhoneState ["snake_case"] { Ringing, Answered, Ended, Missed, Handled }
}

/// Who told when a call rang, was answered and was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum TimeSource {
    /// The exchange.
    Cti,
    /// The operator, by beginning and ending the record.
    Manual,
}

/// How the customer reached the hotline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum Channel {
    #[default]
    Phone,
    /// At a counter or in the lobby.
    Hall,
    /// Handed over by the city's 12345.
    #[serde(rename = "transfer_12345")]
    #[ts(rename = "transfer_12345")]
    Transfer12345,
    Wechat,
    Letter,
}

impl From<domain::hotline_call::Channel> for Channel {
    fn from(of: domain::hotline_call::Channel) -> Self {
        use domain::hotline_call::Channel as Of;
        match of {
            Of::Phone => Self::Phone,
            Of::Hall => Self::Hall,
            Of::Transfer12345 => Self::Transfer12345,
            Of::Wechat => Self::Wechat,
            Of::Letter => Self::Letter,
        }
    }
}

impl From<Channel> for domain::hotline_call::Channel {
    fn from(of: Channel) -> Self {
        match of {
            Channel::Phone => Self::Phone,
            Channel::Hall => Self::Hall,
            Channel::Transfer12345 => Self::Transfer12345,
            Channel::Wechat => Self::Wechat,
            Channel::Letter => Self::Letter,
        }
    }
}
