//! The closed sets of words of the wire, each the mirror of one of the domain's.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::domain;

/// A wire enum with the same variants as a domain enum, and the way to and fro.
macro_rules! mirrors {
    ($($(#[$doc:meta])* $name:ident = $of:ty [$case:literal] { $($variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema, TS)]
        #[serde(rename_all = $case)]
        #[ts(rename_all = $case)]
        pub enum $name { $($variant),* }

        impl From<$of> for $name {
            fn from(of: $of) -> Self {
                match of { $(<$of>::$variant => Self::$variant),* }
            }
        }

        impl From<$name> for $of {
            fn from(of: $name) -> Self {
                match of { $($name::$variant => <$of>::$variant),* }
            }
        }
    )*};
}

pub(super) use mirrors;

mirrors! {
    /// Where a ticket stands in its life.
    TicketState = domain::ticket::TicketState ["snake_case"] { Booked, Waiting, Called, Serving, Parked, Missed, Closed }
    /// How a clerk finished with a customer.
    Outcome = domain::ticket::Outcome ["snake_case"] { Done, Refused, MissingMaterials, InfoOnly, WorkOrder }
    /// What a clerk found of one material.
    MaterialMark = domain::ticket::Mark ["snake_case"] { Received, Missing, Doubtful }
    /// Where a transferred ticket is put in its new line.
    Place = domain::ticket::TransferPlace ["snake_case"] { Front, End, ByAge }
    /// Whether a counter calls people.
    CounterStanding = domain::counter::CounterState ["snake_case"] { Open, Paused, Closed }
    /// The languages the hall speaks.
    Language = domain::text::Language ["lowercase"] { Zh, En }
    /// Whose time counts more.
    Class = domain::profile::Class ["lowercase"] { Ordinary, Courtesy, Statutory, Appointment }
    /// What somebody is in the hall.
    Role = domain::actor::Role ["snake_case"] {
        Kiosk, Board, CounterDisplay, Speaker, Clerk, Greeter, Operator, Handler, Lead, Manager, Admin, Integration,
    }
    /// How a stay at one service ended.
    LegEnd = domain::ticket::LegEnd ["snake_case"] { Finished, Transferred, Cancelled, DayEnded }
}

/// Why a ticket was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum WhyRule {
    /// The longest counted wait among the lines that the counter serves.
    LeastScore,
    /// The clerk chose it, and said why.
    Chosen,
    /// It had been sent to this very counter.
    Reserved,
}

impl From<domain::ticket::CallRule> for WhyRule {
    fn from(rule: domain::ticket::CallRule) -> Self {
        match rule {
            domain::ticket::CallRule::LongestWait => Self::LeastScore,
            domain::ticket::CallRule::Reserved => Self::Reserved,
            domain::ticket::CallRule::Chosen => Self::Chosen,
        }
    }
}

/// What a screen in the hall can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename_all = "snake_case")]
pub enum DeviceKind {
    Kiosk,
    Board,
    CounterDisplay,
    Speaker,
}

impl DeviceKind {
    /// The kind of screen, unless the role is a person's or a program's.
    #[must_use]
    pub const fn of(role: domain::actor::Role) -> Option<Self> {
        use domain::actor::Role;
        match role {
            Role::Kiosk => Some(Self::Kiosk),
            Role::Board => Some(Self::Board),
            Role::CounterDisplay => Some(Self::CounterDisplay),
            Role::Speaker => Some(Self::Speaker),
            Role::Clerk | Role::Greeter | Role::Operator | Role::Handler | Role::Lead | Role::Manager | Role::Admin | Role::Integration => {
                None
            }
        }
    }
}

impl From<DeviceKind> for domain::actor::Role {
    fn from(kind: DeviceKind) -> Self {
        match kind {
            DeviceKind::Kiosk => Self::Kiosk,
            DeviceKind::Board => Self::Board,
            DeviceKind::CounterDisplay => Self::CounterDisplay,
            DeviceKind::Speaker => Self::Speaker,
        }
    }
}
