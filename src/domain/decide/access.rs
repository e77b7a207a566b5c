//! Judges what is asked of accounts, sessions, devices and pairings.

use chrono::{DateTime, Duration, Utc};

use crate::domain::access::{
    ACCOUNTS_MAX, Account, Approved, DEVICES_MAX, PAIRING_S, PAIRINGS_MAX, Pairing, SESSION_S, SESSIONS_PER_ACCOUNT_MAX, Session,
};
use crate::domain::actor::Role;
use crate::domain::command::{Command, NewDevice};
use crate::domain::event::EventBody;
use crate::domain::hall::Hall;
use crate::domain::ids::{DeviceId, PairingId, SessionId, Username};
use crate::domain::refusal::Refusal;

/// The longest name of a device or person, in characters.
const NAME_CHARS_MAX: usize = 64;

pub(super) fn decide(hall: &Hall, command: &Command, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    match command {
        Command::CreateAccount { account } => create_account(hall, account),
        Command::CreateFirstAdmin { account } => {
            if hall.access.has_admin() {
                return Err(Refusal::AlreadyExists);
            }
            create_account(hall, account)
        }
        Command::ChangeAccount { account } => change_account(hall, account),
        Command::RemoveAccount { username } => remove_account(hall, username),
        Command::StartSession { username, digest, replaces } => start_session(hall, username, digest, *replaces, now),
        Command::EndSession { session } => {
            let session = hall.access.sessions.get(session);
            Ok(session.map(ended).into_iter().collect())
        }
        Command::StartPairing { kind, code, claim_digest } => start_pairing(hall, *kind, code, claim_digest, now),
        Command::ApprovePairing { code, name, counter } => {
            let pairing = hall.access.pairing_by_code(code, now).ok_or(Refusal::BadCode)?;
            check_name(name)?;
            if counter.as_ref().is_some_and(|no| hall.profile.counter(no).is_none()) {
                return Err(Refusal::UnknownCounter);
            }
            let approved = Approved { name: name.clone(), counter: counter.clone() };
            Ok(vec![EventBody::PairingApproved { pairing: pairing.id, approved }])
        }
        Command::ClaimPairing { pairing, token_digest } => claim_pairing(hall, *pairing, token_digest, now),
        Command::AddDevice { device } => add_device(hall, device, now).map(|event| vec![event]),
        Command::RevokeDevice { device } => {
            hall.access.devices.get(device).ok_or(Refusal::NotFound)?;
            Ok(vec![EventBody::DeviceRevoked { device: *device }])
        }
        Command::Issue(_)
        | Command::Ticket { .. }
        | Command::Counter { .. }
        | Command::Rate { .. }
        | Command::Leave { .. }
        | Command::OpenService { .. }
        | Command::CloseService { .. }
        | Command::PostNotice { .. }
        | Command::RemoveNotice { .. }
        | Command::SetProfile { .. }
        | Command::Create { .. }
        | Command::SkipNumbers { .. }
        | Command::FallDue
        | Command::LogCall(_)
        | Command::ChangeCall { .. }
        | Command::EndCall { .. }
        | Command::CreateOrder(_)
        | Command::Claim { .. }
        | Command::Order { .. }
        | Command::OpenIncident { .. }
        | Command::ChangeIncident { .. }
        | Command::AttachCall { .. }
        | Command::ResolveIncident { .. }
        | Command::DismissSuspicion { .. }
        | Command::PhoneSignal(_)
        | Command::HandlePhoneCall { .. } => Ok(Vec::new()),
    }
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let chars = name.chars().count();
    if chars == 0 || chars > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Refusal::InvalidField { field: "name", problem: "is 1 to 64 characters, none of them control characters".to_owned() });
    }
    Ok(())
}

fn check_account(account: &Account) -> Result<(), Refusal> {
    check_name(&account.name)?;
    if account.roles.is_empty() || !account.roles.iter().all(|role| role.is_staff()) {
        return Err(Refusal::InvalidField { field: "roles", problem: "at least one, and only roles of people".to_owned() });
    }
    if account.badge.as_ref().is_some_and(|b| b.is_empty() || b.len() > 16 || !b.bytes().all(|c| c.is_ascii_alphanumeric())) {
        return Err(Refusal::InvalidField { field: "badge", problem: "is 1 to 16 letters or digits".to_owned() });
    }
    Ok(())
}

fn create_account(hall: &Hall, account: &Account) -> Result<Vec<EventBody>, Refusal> {
    check_account(account)?;
    if hall.access.accounts.contains_key(&account.username) {
        return Err(Refusal::AlreadyExists);
    }
    if hall.access.accounts.len() >= ACCOUNTS_MAX {
        return Err(Refusal::TooMany { what: "accounts", max: ACCOUNTS_MAX });
    }
    Ok(vec![EventBody::AccountCreated { account: account.clone() }])
}

/// Changing what an account may do, or its password, ends its sessions.
fn change_account(hall: &Hall, account: &Account) -> Result<Vec<EventBody>, Refusal> {
    let old = hall.access.accounts.get(&account.username).ok_or(Refusal::NotFound)?;
    check_account(account)?;
    let still_admin = account.roles.contains(&Role::Admin) && !account.disabled;
    if !still_admin && is_last_admin(hall, &account.username) {
        return Err(Refusal::LastAdmin);
    }
    if old == account {
        return Ok(Vec::new());
    }
    let narrowed = old.roles != account.roles || old.password_hash != account.password_hash || account.disabled;
    let narrowed = narrowed || old.teams != account.teams;
    let mut events = vec![EventBody::AccountChanged { account: account.clone() }];
    if narrowed {
        events.extend(hall.access.sessions_of(&account.username).map(ended));
    }
    Ok(events)
}

fn remove_account(hall: &Hall, username: &Username) -> Result<Vec<EventBody>, Refusal> {
    hall.access.accounts.get(username).ok_or(Refusal::NotFound)?;
    if is_last_admin(hall, username) {
        return Err(Refusal::LastAdmin);
    }
    let mut events: Vec<_> = hall.access.sessions_of(username).map(ended).collect();
    events.push(EventBody::AccountRemoved { username: username.clone() });
    Ok(events)
}

fn is_last_admin(hall: &Hall, username: &Username) -> bool {
    hall.access.admins().all(|admin| &admin.username == username) && hall.access.has_admin()
}

fn ended(session: &Session) -> EventBody {
    EventBody::SessionEnded { session: session.id, username: session.username.clone() }
}

fn start_session(
    hall: &Hall,
    username: &Username,
    digest: &std::sync::Arc<str>,
    replaces: Option<SessionId>,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    hall.access.accounts.get(username).filter(|a| !a.disabled).ok_or(Refusal::NotFound)?;
    let mut events: Vec<_> = replaces.and_then(|id| hall.access.sessions.get(&id)).map(ended).into_iter().collect();
    let live: Vec<_> = hall.access.sessions_of(username).filter(|s| Some(s.id) != replaces).collect();
    if live.len() >= SESSIONS_PER_ACCOUNT_MAX {
        events.extend(live.first().map(|oldest| ended(oldest)));
    }
    let minted = hall.rev + 1 + u64::try_from(events.len()).unwrap_or(0);
    events.push(EventBody::SessionStarted {
        session: Session {
            id: SessionId(minted),
            username: username.clone(),
            digest: digest.clone(),
            started_at: now,
            expires_at: now + Duration::seconds(SESSION_S),
        },
    });
    Ok(events)
}

fn start_pairing(
    hall: &Hall,
    kind: Role,
    code: &std::sync::Arc<str>,
    claim_digest: &std::sync::Arc<str>,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Refusal> {
    if !matches!(kind, Role::Kiosk | Role::Board | Role::CounterDisplay | Role::Speaker) {
        return Err(Refusal::InvalidField { field: "kind", problem: "kiosk, board, counter_display or speaker".to_owned() });
    }
    let live = hall.access.pairings.values().filter(|p| p.expires_at > now).count();
    if live >= PAIRINGS_MAX {
        return Err(Refusal::TooMany { what: "pairings", max: PAIRINGS_MAX });
    }
    if hall.access.pairing_by_code(code, now).is_some() {
        return Err(Refusal::AlreadyExists);
    }
    let pairing = Pairing {
        id: PairingId(hall.rev + 1),
        kind,
        code: code.clone(),
        claim_digest: claim_digest.clone(),
        expires_at: now + Duration::seconds(PAIRING_S),
        approved: None,
    };
    Ok(vec![EventBody::PairingStarted { pairing }])
}

fn claim_pairing(hall: &Hall, id: PairingId, token_digest: &std::sync::Arc<str>, now: DateTime<Utc>) -> Result<Vec<EventBody>, Refusal> {
    let pairing = hall.access.pairings.get(&id).ok_or(Refusal::PairingUsed)?;
    if pairing.expires_at <= now {
        return Err(Refusal::PairingExpired);
    }
    let approved = pairing.approved.as_ref().ok_or(Refusal::NotFound)?;
    let device = NewDevice {
        kind: pairing.kind,
        name: approved.name.clone(),
        counter: approved.counter.clone(),
        digest: token_digest.clone(),
        teams: Vec::new(),
        skills: Vec::new(),
    };
    Ok(vec![add_device(hall, &device, now)?, EventBody::PairingEnded { pairing: id }])
}

fn add_device(hall: &Hall, device: &NewDevice, now: DateTime<Utc>) -> Result<EventBody, Refusal> {
    check_name(&device.name)?;
    if hall.access.devices.len() >= DEVICES_MAX {
        return Err(Refusal::TooMany { what: "devices", max: DEVICES_MAX });
    }
    if hall.access.device(&device.digest).is_some() {
        return Err(Refusal::AlreadyExists);
    }
    Ok(EventBody::DeviceAdded { device: device.clone().with_id(DeviceId(hall.rev + 1), now) })
}
