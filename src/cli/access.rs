//! Changes to who may come in, as the command line makes them: carried out at once, or written down for the next start.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fault::refusal_words;
use crate::domain::access::Account;
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::{Command, NewDevice};
use crate::domain::hall::Hall;
use crate::domain::ids::{CounterNo, DeviceId, SkillId, TeamId, Username};
use crate::domain::refusal::Refusal;
use crate::keeper::{Decided, Fault, Keeper, Render, Reply, Request};
use crate::store::Journal;

/// A change to who may come in. Secrets only as digests and hashes: it may be written to a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Change {
    AddDevice {
        kind: Role,
        name: String,
        counter: Option<CounterNo>,
        digest: Arc<str>,
        #[serde(default)]
        teams: Vec<TeamId>,
        #[serde(default)]
        skills: Vec<SkillId>,
    },
    RevokeDevice {
        device: DeviceId,
    },
    AddAccount {
        account: Account,
    },
    SetPassword {
        username: Username,
        password_hash: Arc<str>,
    },
    SetDisabled {
        username: Username,
        disabled: bool,
    },
    RemoveAccount {
        username: Username,
    },
}

/// A team that is not there would keep its people from every order.
fn known_teams(hall: &Hall, teams: &[TeamId]) -> Result<(), Refusal> {
    if teams.iter().all(|team| hall.profile.orders.team(team).is_some()) { Ok(()) } else { Err(Refusal::UnknownTeam) }
}

impl Change {
    /// The command for it, on the hall as it stands.
    fn command(&self, hall: &Hall) -> Result<Command, Refusal> {
        let account = |username: &Username| hall.access.accounts.get(username).cloned().ok_or(Refusal::NotFound);
        Ok(match self {
            Self::AddDevice { kind, name, counter, digest, teams, skills } => {
                known_teams(hall, teams)?;
                if counter.as_ref().is_some_and(|no| hall.profile.counter(no).is_none()) {
                    return Err(Refusal::UnknownCounter);
                }
                let (teams, skills) = (teams.clone(), skills.clone());
                let device = NewDevice { kind: *kind, name: name.clone(), counter: counter.clone(), digest: digest.clone(), teams, skills };
                Command::AddDevice { device }
            }
            Self::RevokeDevice { device } => Command::RevokeDevice { device: *device },
            Self::AddAccount { account } => {
                known_teams(hall, &account.teams)?;
                Command::CreateAccount { account: account.clone() }
            }
            Self::SetPassword { username, password_hash } => {
                Command::ChangeAccount { account: Account { password_hash: password_hash.clone(), ..account(username)? } }
            }
            Self::SetDisabled { username, disabled } => {
                Command::ChangeAccount { account: Account { disabled: *disabled, ..account(username)? } }
            }
            Self::RemoveAccount { username } => Command::RemoveAccount { username: username.clone() },
        })
    }

    /// Whether the hall has it already: what was written down may be carried out twice.
    fn is_done(&self, hall: &Hall) -> bool {
        match self {
            Self::AddDevice { digest, .. } => hall.access.device(digest).is_some(),
            Self::RevokeDevice { device } => !hall.access.devices.contains_key(device),
            Self::AddAccount { account } => hall.access.accounts.get(&account.username) == Some(account),
            Self::SetPassword { .. } | Self::SetDisabled { .. } | Self::RemoveAccount { .. } => false,
        }
    }
}

/// Has the hall carry out a change; the inner error says in plain words why the hall refused.
pub(super) async fn carry_out<J: Journal>(keeper: &Keeper<J>, change: &Change) -> Result<Result<(), String>, Fault> {
    let command = match keeper.read(|hall| change.command(hall)) {
        Ok(command) => command,
        Err(refusal) => return Ok(Err(refusal_words(&refusal))),
    };
    let refused = submit(keeper, command).await?;
    Ok(if refused.is_some() && keeper.read(|hall| change.is_done(hall)) { Ok(()) } else { refused.map_or(Ok(()), Err) })
}

/// Has a command of the shell's decided; gives the words of the refusal, if the hall refused.
pub(super) async fn submit<J: Journal>(keeper: &Keeper<J>, command: Command) -> Result<Option<String>, Fault> {
    let caller = Caller::new(Actor::new(Role::Admin, "shell", None), true);
    submit_as(keeper, caller, command).await
}

/// Has somebody's command decided; gives the words of the refusal, if the hall refused.
pub(super) async fn submit_as<J: Journal>(keeper: &Keeper<J>, caller: Caller, command: Command) -> Result<Option<String>, Fault> {
    let render: Render = Arc::new(|decided: &Decided<'_>| match decided.refusal {
        None => Reply { status: 200, body: String::new() },
        Some(refusal) => Reply { status: 409, body: refusal_words(refusal) },
    });
    let answer = keeper.submit(Request { command, caller, key: None, render }).await?;
    Ok((answer.reply.status != 200).then_some(answer.reply.body))
}
