//! Who did it: the person or device behind a command, and what it may do at any counter.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ids::{DeviceId, SkillId, TeamId};

/// What somebody is in the hall; also the roles of accounts and tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Kiosk,
    Board,
    CounterDisplay,
    Speaker,
    Clerk,
    Greeter,
    Operator,
    Handler,
    Lead,
    Manager,
    Admin,
    /// Another system that reads the journal.
    Integration,
}

impl Role {
    /// Every role, in the order of the picture of rights.
    pub const ALL: [Self; 12] = [
        Self::Kiosk,
        Self::Board,
        Self::CounterDisplay,
        Self::Speaker,
        Self::Clerk,
        Self::Greeter,
        Self::Operator,
        Self::Handler,
        Self::Lead,
        Self::Manager,
        Self::Admin,
        Self::Integration,
    ];

    /// The role's word, as in JSON and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kiosk => "kiosk",
            Self::Board => "board",
            Self::CounterDisplay => "counter_display",
            Self::Speaker => "speaker",
            Self::Clerk => "clerk",
            Self::Greeter => "greeter",
            Self::Operator => "operator",
            Self::Handler => "handler",
            Self::Lead => "lead",
            Self::Manager => "manager",
            Self::Admin => "admin",
            Self::Integration => "integration",
        }
    }

    /// The role with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether a person can have it (an account), not only a device.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        match self {
            Self::Clerk | Self::Greeter | Self::Operator | Self::Handler | Self::Lead | Self::Manager | Self::Admin => true,
            Self::Kiosk | Self::Board | Self::CounterDisplay | Self::Speaker | Self::Integration => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Who did it, as written into events: `clerk:wang`, `kiosk:k1`, `customer:tk_7`, `hall`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Actor {
    pub actor: Arc<str>,
    /// The device or token it was done from.
    #[serde(default)]
    pub device: Option<DeviceId>,
}

impl Actor {
    /// The hall itself: due times, the turn of the day.
    #[must_use]
    pub fn hall() -> Self {
        Self { actor: Arc::from("hall"), device: None }
    }

    /// Somebody in a role.
    #[must_use]
    pub fn new(role: Role, name: &str, device: Option<DeviceId>) -> Self {
        Self { actor: Arc::from(format!("{role}:{name}")), device }
    }

    /// The person's or device's own name, without the role.
    #[must_use]
    pub fn name(&self) -> &str {
        self.actor.split_once(':').map_or(&self.actor, |(_, name)| name)
    }
}

/// Who asks, with what the hall itself has to know of their authority; the doors checked the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub actor: Actor,
    /// A lead may act on any counter's ticket, and decides about orders; a clerk acts only on their own counter's.
    pub any_counter: bool,
    /// The teams whose orders this person works; none named is all of them.
    pub teams: Arc<[TeamId]>,
    /// What this person can do; nothing named is everything.
    pub skills: Arc<[SkillId]>,
}

impl Caller {
    /// Somebody who works for every team and can do everything.
    #[must_use]
    pub fn new(actor: Actor, any_counter: bool) -> Self {
        Self { actor, any_counter, teams: Arc::default(), skills: Arc::default() }
    }

    /// The hall itself.
    #[must_use]
    pub fn hall() -> Self {
        Self::new(Actor::hall(), true)
    }

    /// Whether this person works for a team.
    #[must_use]
    pub fn is_of(&self, team: &TeamId) -> bool {
        self.teams.is_empty() || self.teams.contains(team)
    }
}
