//! Who may come in: accounts, sessions, devices and pairings, with secrets only as digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::actor::Role;
use super::ids::{CounterNo, DeviceId, PairingId, SessionId, SkillId, TeamId, Username};

/// At most this many accounts.
pub const ACCOUNTS_MAX: usize = 5_000;
/// At most this many devices and tokens that are not revoked.
pub const DEVICES_MAX: usize = 5_000;
/// At most this many devices waiting for approval.
pub const PAIRINGS_MAX: usize = 50;
/// At most this many sessions of one account; the oldest ends.
pub const SESSIONS_PER_ACCOUNT_MAX: usize = 10;
/// How long a pairing code is good for, in seconds.
pub const PAIRING_S: i64 = 600;
/// How long a session lasts at most, in seconds.
pub const SESSION_S: i64 = 12 * 3600;

/// A staff member's account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub username: Username,
    /// The name on the account, for staff screens only.
    pub name: String,
    /// The number on the badge, shown beside the counter.
    pub badge: Option<String>,
    pub roles: Vec<Role>,
    /// argon2id, PHC string; never leaves the server.
    pub password_hash: Arc<str>,
    #[serde(default)]
    pub disabled: bool,
    /// The teams whose orders this person works; none named is all of them.
    #[serde(default)]
    pub teams: Vec<TeamId>,
    /// What this person can do; nothing named is everything.
    #[serde(default)]
    pub skills: Vec<SkillId>,
}

/// A stay at a browser. The cookie's value is known only as its SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    pub username: Username,
    pub digest: Arc<str>,
    pub started_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

/// Whatever holds a bearer token: a paired screen, a provisioned token, an integration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    pub kind: Role,
    pub name: String,
    /// The counter that a counter display belongs to.
    pub counter: Option<CounterNo>,
    /// SHA-256 of the token, hex; never leaves the server.
    pub digest: Arc<str>,
    pub added_at: DateTime<Utc>,
    /// Of a handler's token: the teams whose orders it works; none named is all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<TeamId>,
    /// Of a handler's token: what its holder can do; nothing named is everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<SkillId>,
}

/// A device that shows a code and waits for somebody to approve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairing {
    pub id: PairingId,
    pub kind: Role,
    pub code: Arc<str>,
    /// SHA-256 of the claim secret that only the device knows, hex.
    pub claim_digest: Arc<str>,
    pub expires_at: DateTime<Utc>,
    /// What it may become; the token is handed out at the claim.
    #[serde(default)]
    pub approved: Option<Approved>,
}

/// What a lead said of a device when approving it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    pub name: String,
    /// The counter that a counter display belongs to.
    pub counter: Option<CounterNo>,
}

/// Everybody and everything that may come in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// The key of the links on tickets (hex), made once for a hall.
    pub link_key: Option<Arc<str>>,
    pub accounts: BTreeMap<Username, Account>,
    pub sessions: BTreeMap<SessionId, Session>,
    pub devices: BTreeMap<DeviceId, Device>,
    pub pairings: BTreeMap<PairingId, Pairing>,
    #[serde(skip)]
    by_digest: BTreeMap<Arc<str>, Holder>,
}

/// What a digest belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    Session(SessionId),
    Device(DeviceId),
}

impl Access {
    /// The session whose cookie has this digest, and its account, unless ended, expired or disabled.
    #[must_use]
    pub fn session(&self, digest: &str, now: DateTime<Utc>) -> Option<(&Session, &Account)> {
        let Holder::Session(id) = self.by_digest.get(digest)? else { return None };
        let session = self.sessions.get(id).filter(|s| s.expires_at > now)?;
        let account = self.accounts.get(&session.username).filter(|a| !a.disabled)?;
        Some((session, account))
    }

    /// The device whose token has this digest.
    #[must_use]
    pub fn device(&self, digest: &str) -> Option<&Device> {
        let Holder::Device(id) = self.by_digest.get(digest)? else { return None };
        self.devices.get(id)
    }

    /// The pairing whose claim has this digest, expired or not.
    #[must_use]
    pub fn pairing_by_claim(&self, claim_digest: &str) -> Option<&Pairing> {
        self.pairings.values().find(|p| *p.claim_digest == *claim_digest)
    }

    /// The live pairing that shows this code.
    #[must_use]
    pub fn pairing_by_code(&self, code: &str, now: DateTime<Utc>) -> Option<&Pairing> {
        self.pairings.values().find(|p| &*p.code == code && p.expires_at > now && p.approved.is_none())
    }

    /// Whether an administrator who can sign in exists.
    #[must_use]
    pub fn has_admin(&self) -> bool {
        self.admins().next().is_some()
    }

    /// The accounts that may administer.
    pub fn admins(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values().filter(|a| !a.disabled && a.roles.contains(&Role::Admin))
    }

    /// The sessions of one account, oldest first.
    pub fn sessions_of(&self, username: &Username) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(move |s| &s.username == username)
    }

    pub(super) fn put_session(&mut self, session: Session) {
        self.by_digest.insert(session.digest.clone(), Holder::Session(session.id));
        self.sessions.insert(session.id, session);
    }

    pub(super) fn end_session(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            self.by_digest.remove(&session.digest);
        }
    }

    pub(super) fn put_device(&mut self, device: Device) {
        self.by_digest.insert(device.digest.clone(), Holder::Device(device.id));
        self.devices.insert(device.id, device);
    }

    pub(super) fn revoke_device(&mut self, id: DeviceId) {
        if let Some(device) = self.devices.remove(&id) {
            self.by_digest.remove(&device.digest);
        }
    }

    /// Makes the lookup by digest again, after a saved state was read.
    pub(super) fn reindex(&mut self) {
        let sessions = self.sessions.values().map(|s| (s.digest.clone(), Holder::Session(s.id)));
        let devices = self.devices.values().map(|d| (d.digest.clone(), Holder::Device(d.id)));
        self.by_digest = sessions.chain(devices).collect();
    }
}
