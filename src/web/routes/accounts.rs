//! `/accounts`: administrators make, change and remove the accounts of staff.

use actix_web::http::Method;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::domain;
use crate::domain::command::Command;
use crate::domain::ids::{SkillId, TeamId, Username};
use crate::domain::order_plan::TEAMS_MAX;
use crate::keeper::Decided;
use crate::web::app::AppState;
use crate::web::ask::{Ask, Given, Look};
use crate::web::body::Nothing;
use crate::web::page;
use crate::web::passwords::check_strength;
use crate::web::problem::{Code, Problem};
use crate::web::rights::ManageAccounts;
use crate::web::wire::hall::Items;
use crate::web::wire::people::{Account, AccountAnswer, AccountPatch, NewAccountBody};
use crate::web::wire::reply::{at, no_content, render};

/// Skills of one account.
const SKILLS_MAX: usize = 100;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::look("/accounts", "Every account.", list),
        Door::ask(Method::POST, "/accounts", "Makes an account.", make).makes().refuses(&[
            Code::AlreadyExists,
            Code::WeakPassword,
            Code::UnknownTeam,
        ]),
        Door::ask(Method::PATCH, "/accounts/{username}", "Changes an account; ends its sessions where it may do less.", change).refuses(&[
            Code::NotFound,
            Code::LastAdmin,
            Code::WeakPassword,
            Code::UnknownTeam,
        ]),
        Door::ask(Method::DELETE, "/accounts/{username}", "Removes an account.", remove)
            .silent()
            .refuses(&[Code::NotFound, Code::LastAdmin]),
    ]
}

/// Which accounts are asked for.
#[derive(Debug, Deserialize, IntoParams)]
struct ListQuery {
    /// At most so many, 1 to 500; without it all of them up to 500.
    limit: Option<usize>,
    /// From an earlier answer's `next`.
    cursor: Option<String>,
}

async fn list(look: Look<ManageAccounts, (), ListQuery>) -> Result<Given<Items<Account>>, Problem> {
    let limit = page::limit(look.query.limit.or(Some(page::LIMIT_MAX)))?;
    let after: Option<Username> = match &look.query.cursor {
        None => None,
        Some(cursor) => Some(cursor.parse().map_err(|_| Code::BadRequest)?),
    };
    let page = look.state.keeper.read(|hall| {
        let behind = hall.access.accounts.values().filter(|account| after.as_ref().is_none_or(|after| account.username > *after));
        behind.take(limit + 1).map(Account::from).collect::<Vec<_>>()
    });
    let next = (page.len() > limit).then(|| page.get(limit - 1).map(|last| last.user.username.clone())).flatten();
    Given::ok(&Items { items: page.into_iter().take(limit).collect(), next })
}

/// Teams must be there: one that is not would keep its people from every order. Lists stay short.
fn check_teams(state: &AppState, teams: &[TeamId], skills: &[SkillId]) -> Result<(), Problem> {
    if teams.len() > TEAMS_MAX {
        return Err(Problem::invalid("teams", "lists too many"));
    }
    if skills.len() > SKILLS_MAX {
        return Err(Problem::invalid("skills", "lists too many"));
    }
    let known = state.keeper.read(|hall| teams.iter().all(|team| hall.profile.orders.team(team).is_some()));
    if known { Ok(()) } else { Err(Problem::from(Code::UnknownTeam).field("teams", "no such team")) }
}

/// An account as it stands once a command is folded in.
pub(super) fn account_answer(decided: &Decided<'_>, username: &Username) -> Option<AccountAnswer> {
    let account = Account::from(decided.hall.access.accounts.get(username)?);
    Some(AccountAnswer { account, at: at(decided) })
}

async fn make(ask: Ask<ManageAccounts, (), NewAccountBody>) -> Result<Given<AccountAnswer>, Problem> {
    let (ask, body) = ask.split();
    let NewAccountBody { username, password, name, badge, roles, disabled, teams, skills } = body;
    check_teams(&ask.state, &teams, &skills)?;
    check_strength(&password, username.as_str())?;
    let password_hash = ask.state.passwords.hash(password).await?;
    let roles = roles.into_iter().map(Into::into).collect();
    let name = name.unwrap_or_else(|| username.to_string());
    let of = username.clone();
    let account = domain::access::Account { username, name, badge, roles, password_hash, disabled, teams, skills };
    ask.submit(Command::CreateAccount { account }, render(201, move |decided| account_answer(decided, &of))).await
}

async fn change(ask: Ask<ManageAccounts, Username, AccountPatch>) -> Result<Given<AccountAnswer>, Problem> {
    let (ask, patch) = ask.split();
    let of = ask.path.clone();
    let old = ask.state.keeper.read(|hall| hall.access.accounts.get(&of).cloned()).ok_or(Code::NotFound)?;
    check_teams(&ask.state, patch.teams.as_deref().unwrap_or_default(), patch.skills.as_deref().unwrap_or_default())?;
    let password_hash = match patch.password {
        None => old.password_hash,
        Some(password) => {
            check_strength(&password, of.as_str())?;
            ask.state.passwords.hash(password).await?
        }
    };
    let account = domain::access::Account {
        username: old.username,
        name: patch.name.unwrap_or(old.name),
        badge: patch.badge.unwrap_or(old.badge),
        roles: patch.roles.map_or(old.roles, |roles| roles.into_iter().map(Into::into).collect()),
        password_hash,
        disabled: patch.disabled.unwrap_or(old.disabled),
        teams: patch.teams.unwrap_or(old.teams),
        skills: patch.skills.unwrap_or(old.skills),
    };
    ask.submit(Command::ChangeAccount { account }, render(200, move |decided| account_answer(decided, &of))).await
}

async fn remove(ask: Ask<ManageAccounts, Username>) -> Result<Given<Nothing>, Problem> {
    let username = ask.path.clone();
    ask.submit(Command::RemoveAccount { username }, no_content()).await
}
