//! Accounts, sessions, devices and pairings on the wire; no password, hash or digest is ever among what is sent out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::{Committed, Text};
use super::words::{DeviceKind, Role};
use crate::domain;
use crate::domain::ids::{CounterNo, SkillId, TeamId, Username};

/// A member of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct User {
    pub username: String,
    pub name: String,
    pub badge: Option<String>,
    pub roles: Vec<Role>,
    /// The teams whose orders they work; none named is all of them.
    pub teams: Vec<String>,
    /// What they can do; nothing named is everything.
    pub skills: Vec<String>,
}

impl From<&domain::access::Account> for User {
    fn from(account: &domain::access::Account) -> Self {
        Self {
            username: account.username.to_string(),
            name: account.name.clone(),
            badge: account.badge.clone(),
            roles: account.roles.iter().copied().map(Role::from).collect(),
            teams: account.teams.iter().map(ToString::to_string).collect(),
            skills: account.skills.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A session: whose, and until when.
#[derive(Debug, Clone, Serialize, ToSchema, TS)]
pub struct SessionAnswer {
    pub user: User,
    #[ts(type = "string")]
    pub expires_at: DateTime<Utc>,
}

/// An account, for administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Account {
    #[serde(flatten)]
    #[ts(flatten)]
    pub user: User,
    pub disabled: bool,
}

impl From<&domain::access::Account> for Account {
    fn from(account: &domain::access::Account) -> Self {
        Self { user: User::from(account), disabled: account.disabled }
    }
}

/// An account that was made or changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountAnswer {
    pub account: Account,
    #[serde(flatten)]
    pub at: Committed,
}

/// `POST /session`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInBody {
    #[schema(max_length = 256)]
    pub username: String,
    #[schema(max_length = 256)]
    pub password: String,
}

/// `POST /session/password`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordBody {
    pub old: String,
    pub new: String,
}

/// `GET /setup`.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetUpAnswer {
    /// Whether the hall has no administrator yet.
    pub needed: bool,
}

/// `POST /setup`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUpBody {
    /// From the one-time link that the server printed at its first start.
    pub token: String,
    #[schema(value_type = String)]
    pub username: Username,
    pub password: String,
    #[serde(default)]
    pub name: Option<String>,
}

/// `POST /accounts`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountBody {
    #[schema(value_type = String)]
    pub username: Username,
    pub password: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub badge: Option<String>,
    #[schema(max_items = 12)]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub disabled: bool,
    /// The teams whose orders they work; none named is all of them.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 100)]
    pub teams: Vec<TeamId>,
    /// What they can do; nothing named is everything.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 100)]
    pub skills: Vec<SkillId>,
}

/// `PATCH /accounts/{username}`: what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    #[serde(default)]
    pub name: Option<String>,
    /// `null` takes the badge away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    pub badge: Option<Option<String>>,
    #[serde(default)]
    #[schema(max_items = 12)]
    pub roles: Option<Vec<Role>>,
    #[serde(default)]
    pub disabled: Option<bool>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    pub teams: Option<Vec<TeamId>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 100)]
    pub skills: Option<Vec<SkillId>>,
    #[serde(default)]
    pub password: Option<String>,
}

/// Tells `null` from what is absent.
#[expect(clippy::option_option, reason = "absent, null and a badge are three things to say")]
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// What a device is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct DeviceScope {
    pub counter: String,
}

/// A device or token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Device {
    /// `dv_12`.
    pub id: String,
    pub kind: Role,
    pub name: String,
    pub scope: Option<DeviceScope>,
    #[ts(type = "string")]
    pub added_at: DateTime<Utc>,
    /// Of a handler's token: the teams whose orders it works; none named is all of them.
    pub teams: Vec<String>,
}

impl From<&domain::access::Device> for Device {
    fn from(device: &domain::access::Device) -> Self {
        Self {
            id: device.id.to_string(),
            kind: device.kind.into(),
            name: device.name.clone(),
            scope: device.counter.as_ref().map(|no| DeviceScope { counter: no.to_string() }),
            added_at: device.added_at,
            teams: device.teams.iter().map(ToString::to_string).collect(),
        }
    }
}

/// `POST /devices/pairings`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingBody {
    pub kind: DeviceKind,
}

/// What the device shows, and what only it knows.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct PairingOpened {
    /// Eight digits, for the screen.
    pub code: String,
    /// For the device alone.
    pub claim: String,
    #[ts(type = "string")]
    pub expires_at: DateTime<Utc>,
}

/// What a screen has become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct PairedDevice {
    /// `dv_12`.
    pub id: String,
    pub kind: DeviceKind,
    pub name: String,
    pub scope: Option<DeviceScope>,
}

impl PairedDevice {
    /// A device that is a screen.
    #[must_use]
    pub fn of(device: &domain::access::Device) -> Option<Self> {
        let Device { id, kind: _, name, scope, added_at: _, teams: _ } = Device::from(device);
        Some(Self { id, kind: DeviceKind::of(device.kind)?, name, scope })
    }
}

/// What became of a pairing. The token is told once.
#[derive(Debug, Serialize, ToSchema, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
#[ts(tag = "state", rename_all = "snake_case")]
pub enum PairingAnswer {
    Pending,
    Approved { token: String, device: PairedDevice },
}

/// A device that waits for approval.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct PairingWaiting {
    pub code: String,
    pub kind: DeviceKind,
    #[ts(type = "string")]
    pub expires_at: DateTime<Utc>,
}

/// `POST /devices/pairings/{code}/approve`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveBody {
    #[schema(max_length = 64)]
    pub name: String,
    #[serde(default)]
    pub scope: Option<ScopeBody>,
}

/// What a device is bound to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeBody {
    #[schema(value_type = String)]
    pub counter: CounterNo,
}

/// A staff account of a demonstration.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct DemoAccount {
    pub username: String,
    pub password: String,
    pub roles: Vec<Role>,
}

/// A device of a demonstration.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct DemoDevice {
    pub kind: DeviceKind,
    pub name: String,
    pub token: String,
}

/// A screen of a demonstration.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct DemoScreen {
    pub path: String,
    pub name: Text,
}

/// `GET /demo`.
#[derive(Debug, Serialize, ToSchema, TS)]
pub struct DemoAnswer {
    /// Whether simulated customers come and go.
    pub simulation: bool,
    pub accounts: Vec<DemoAccount>,
    pub devices: Vec<DemoDevice>,
    pub screens: Vec<DemoScreen>,
}

/// `POST /demo/simulation`.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulationBody {
    pub on: bool,
}
