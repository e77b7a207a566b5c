//! `/session`: staff sign in at a browser, see who they are, change their password, sign out.

use actix_web::cookie::time::Duration as CookieDuration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::Method;

use super::Door;
use crate::domain::access::SESSION_S;
use crate::domain::command::Command;
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::ids::{SessionId, Username};
use crate::keeper::{Decided, Render, Request};
use crate::web::app::AppState;
use crate::web::ask::{Ask, Cookied, Given, Look};
use crate::web::body::Nothing;
use crate::web::gate::{Proof, SESSION_COOKIE, Who, client_address};
use crate::web::passwords::{PASSWORD_BYTES_MAX, check_strength};
use crate::web::problem::{Code, Problem};
use crate::web::rights::{OwnSession, SignIn};
use crate::web::secrets::{digest, secret};
use crate::web::wire::people::{PasswordBody, SessionAnswer, SignInBody, User};
use crate::web::wire::reply::{no_content, render};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::ask(Method::POST, "/session", "Signs in; sets the session's cookie.", sign_in)
            .refuses(&[Code::BadCredentials, Code::TooManyAttempts]),
        Door::look("/session", "Whose session this is.", mine),
        Door::ask(Method::DELETE, "/session", "Signs out.", sign_out).silent(),
        Door::ask(Method::POST, "/session/password", "Changes one's own password; ends one's other sessions.", change_password)
            .silent()
            .refuses(&[Code::BadCredentials, Code::WeakPassword, Code::TooManyAttempts]),
    ]
}

fn cookie(state: &AppState, value: String) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(state.settings.tls)
        .max_age(CookieDuration::seconds(SESSION_S))
        .finish()
}

fn no_cookie(state: &AppState) -> Cookie<'static> {
    let mut cookie = cookie(state, String::new());
    cookie.make_removal();
    cookie
}

async fn sign_in(ask: Ask<SignIn, (), SignInBody>) -> Result<Cookied<SessionAnswer>, Problem> {
    let (ask, SignInBody { username, password }) = ask.split();
    let account = check(&ask.state, client_address(&ask.state, &ask.request), &username, password).await?;
    let replaces = if let Proof::Cookie { session, .. } = ask.who.proof { Some(session) } else { None };
    start(&ask.state, account, replaces).await
}

/// Whether this is the password of the account; costs the same whether or not there is one.
async fn check(state: &AppState, address: std::net::IpAddr, username: &str, password: String) -> Result<Username, Problem> {
    let now_ms = state.now().timestamp_millis();
    let counted: String = username.chars().take(64).flat_map(char::to_lowercase).collect();
    let attempt = state.limits.attempt(&counted, address, now_ms);
    attempt.map_err(|seconds| Problem::from(Code::TooManyAttempts).retry_after(seconds))?;
    let account = username.parse::<Username>().ok();
    let hash = account.as_ref().and_then(|username| {
        state.keeper.read(|hall| hall.access.accounts.get(username).filter(|a| !a.disabled).map(|a| a.password_hash.clone()))
    });
    let password = if password.len() > PASSWORD_BYTES_MAX { String::new() } else { password };
    let right = state.passwords.is_right(password, hash).await?;
    let account = account.filter(|_| right).ok_or(Code::BadCredentials)?;
    state.limits.succeeded(&counted, address);
    Ok(account)
}

/// Starts a session, in place of the one the browser had.
async fn start(state: &AppState, username: Username, replaces: Option<SessionId>) -> Result<Cookied<SessionAnswer>, Problem> {
    let value = secret().map_err(|_| Code::Internal)?;
    let caller = state.keeper.read(|hall| {
        let account = hall.access.accounts.get(&username)?;
        Some(Who::of_account(account, SessionId(0), state.now()).caller())
    });
    let digest = digest(&value);
    let command = Command::StartSession { username, digest: digest.as_str().into(), replaces };
    let request = Request { command, caller: caller.ok_or(Code::BadCredentials)?, key: None, render: started() };
    let given: Given<SessionAnswer> = state.keeper.submit(request).await?.into();
    let (now, access) = (state.now(), |hall: &Hall| Some(hall.access.session(&digest, state.now())?.0.id));
    if let Some(session) = state.keeper.read(access) {
        // Its idle time runs from the signing in, not from the first use.
        let _fresh = state.idle.touch(session, now.timestamp_millis());
    }
    let cookie = given.is_success().then(|| cookie(state, value));
    Ok(Cookied { given, cookie })
}

fn started() -> Render {
    render(200, |decided: &Decided<'_>| {
        let EventBody::SessionStarted { session } = &decided.events.last()?.body else { return None };
        let user = User::from(decided.hall.access.accounts.get(&session.username)?);
        Some(SessionAnswer { user, expires_at: session.expires_at })
    })
}

async fn mine(look: Look<OwnSession>) -> Result<Given<SessionAnswer>, Problem> {
    let Proof::Cookie { username, expires_at, .. } = &look.who.proof else { return Err(Code::Forbidden.into()) };
    let user = look.state.keeper.read(|hall| hall.access.accounts.get(username).map(User::from));
    Given::ok(&SessionAnswer { user: user.ok_or(Code::SessionExpired)?, expires_at: *expires_at })
}

async fn sign_out(ask: Ask<OwnSession>) -> Result<Cookied<Nothing>, Problem> {
    let Proof::Cookie { session, .. } = ask.who.proof else { return Err(Code::Forbidden.into()) };
    let given = ask.submit_unkept(Command::EndSession { session }, no_content()).await?;
    ask.state.idle.forget(session);
    Ok(Cookied { given, cookie: Some(no_cookie(&ask.state)) })
}

async fn change_password(ask: Ask<OwnSession, (), PasswordBody>) -> Result<Cookied<Nothing>, Problem> {
    let (ask, PasswordBody { old, new }) = ask.split();
    let Proof::Cookie { username, .. } = ask.who.proof.clone() else { return Err(Code::Forbidden.into()) };
    let username = check(&ask.state, client_address(&ask.state, &ask.request), username.as_str(), old).await?;
    check_strength(&new, username.as_str())?;
    let password_hash = ask.state.passwords.hash(new).await?;
    let account = ask.state.keeper.read(|hall| hall.access.accounts.get(&username).cloned()).ok_or(Code::SessionExpired)?;
    let account = crate::domain::access::Account { password_hash, ..account };
    let given: Given<Nothing> = ask.submit_unkept(Command::ChangeAccount { account }, no_content()).await?;
    if !given.is_success() {
        return Ok(Cookied { given, cookie: None });
    }
    // The change has ended every session of the account; this browser goes on with a new one.
    let Cookied { cookie, .. } = start(&ask.state, username, None).await?;
    Ok(Cookied { given, cookie })
}
