//! `/setup`: the first administrator, made with the one-time link that the server printed.

use actix_web::http::Method;

use super::Door;
use super::accounts::account_answer;
use crate::domain::access::Account;
use crate::domain::actor::Role;
use crate::domain::command::Command;
use crate::domain::refusal::Refusal;
use crate::keeper::Decided;
use crate::web::ask::{Ask, Given, Look};
use crate::web::passwords::check_strength;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{SeeHall, SetUp};
use crate::web::wire::people::{AccountAnswer, SetUpAnswer, SetUpBody};
use crate::web::wire::reply::render_or;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::look("/setup", "Whether the hall has no administrator yet.", needed),
        Door::ask(Method::POST, "/setup", "Makes the first administrator.", set_up).makes().refuses(&[
            Code::Forbidden,
            Code::SetupDone,
            Code::WeakPassword,
        ]),
    ]
}

async fn needed(look: Look<SeeHall>) -> Result<Given<SetUpAnswer>, Problem> {
    Given::ok(&SetUpAnswer { needed: look.state.keeper.read(|hall| !hall.access.has_admin()) })
}

async fn set_up(ask: Ask<SetUp, (), SetUpBody>) -> Result<Given<AccountAnswer>, Problem> {
    let (ask, SetUpBody { token, username, password, name }) = ask.split();
    if ask.state.keeper.read(|hall| hall.access.has_admin()) {
        return Err(Code::SetupDone.into());
    }
    if !ask.state.setup.as_ref().is_some_and(|setup| setup.is(&token)) {
        return Err(Code::Forbidden.into());
    }
    check_strength(&password, username.as_str())?;
    let password_hash = ask.state.passwords.hash(password).await?;
    let name = name.unwrap_or_else(|| username.to_string());
    let of = username.clone();
    let account = Account {
        username,
        name,
        badge: None,
        roles: vec![Role::Admin],
        password_hash,
        disabled: false,
        teams: Vec::new(),
        skills: Vec::new(),
    };
    let made = move |decided: &Decided<'_>| account_answer(decided, &of);
    ask.submit_unkept(Command::CreateFirstAdmin { account }, render_or(201, refuse, made)).await
}

/// Somebody else was faster.
fn refuse(refusal: &Refusal) -> Problem {
    if *refusal == Refusal::AlreadyExists { Code::SetupDone.into() } else { Problem::from(refusal) }
}
