//! `/devices`: a screen shows a code, a lead approves it, the screen fetches its token once; and tokens are revoked.

use actix_web::http::Method;

use super::Door;
use crate::domain::access::Pairing;
use crate::domain::actor::Caller;
use crate::domain::command::Command;
use crate::domain::event::EventBody;
use crate::domain::ids::{DeviceId, PairingId};
use crate::keeper::{Decided, Request};
use crate::web::app::AppState;
use crate::web::ask::{Ask, Given, Look};
use crate::web::body::Nothing;
use crate::web::problem::{Code, Problem};
use crate::web::rights::{ClaimPairing, ManageDevices, StartPairing};
use crate::web::secrets::{SECRET_LENGTH_MAX, digest, pairing_code, secret, token};
use crate::web::wire::hall::{Committed, Items};
use crate::web::wire::people::{ApproveBody, Device, PairedDevice, PairingAnswer, PairingBody, PairingOpened, PairingWaiting};
use crate::web::wire::reply::{committed, no_content, render};
use crate::web::wire::words::DeviceKind;

/// How often another code is drawn when one is taken.
const DRAWS_MAX: usize = 5;

pub(super) fn doors() -> Vec<Door> {
    let post = Method::POST;
    vec![
        Door::ask(post.clone(), "/devices/pairings", "Asks to become a device.", start).makes(),
        Door::look("/devices/pairings", "Devices that wait for approval.", waiting),
        Door::look("/devices/pairings/{claim}", "What became of a pairing; tells the token once.", claim).refuses(&[
            Code::NotFound,
            Code::PairingExpired,
            Code::PairingUsed,
        ]),
        Door::ask(post, "/devices/pairings/{code}/approve", "Admits the device that shows this code.", approve)
            .refuses(&[Code::NotFound, Code::UnknownCounter]),
        Door::look("/devices", "Every device and token.", list),
        Door::ask(Method::DELETE, "/devices/{id}", "Revokes a device or token at once.", revoke).silent().refuses(&[Code::NotFound]),
    ]
}

async fn start(ask: Ask<StartPairing, (), PairingBody>) -> Result<Given<PairingOpened>, Problem> {
    let mut refused = None;
    for _ in 0..DRAWS_MAX {
        let code = pairing_code().map_err(|_| Code::Internal)?;
        let claim = secret().map_err(|_| Code::Internal)?;
        let command = Command::StartPairing { kind: ask.body.kind.into(), code: code.clone().into(), claim_digest: digest(&claim).into() };
        let opened = move |decided: &Decided<'_>| {
            let EventBody::PairingStarted { pairing } = &decided.events.first()?.body else { return None };
            Some(PairingOpened { code: code.clone(), claim: claim.clone(), expires_at: pairing.expires_at })
        };
        let given = ask.submit_unkept(command, render(201, opened)).await?;
        if given.status != Code::AlreadyExists.status() {
            return Ok(given);
        }
        // A code that is in use, or more pairings than the hall has room for; only the first can be helped.
        refused = Some(given);
    }
    refused.ok_or_else(|| Code::Internal.into())
}

async fn waiting(look: Look<ManageDevices>) -> Result<Given<Items<PairingWaiting>>, Problem> {
    let now = look.state.now();
    let items = look.state.keeper.read(|hall| {
        let live = hall.access.pairings.values().filter(|p| p.expires_at > now && p.approved.is_none());
        let waiting =
            |p: &Pairing| Some(PairingWaiting { code: p.code.to_string(), kind: DeviceKind::of(p.kind)?, expires_at: p.expires_at });
        live.filter_map(waiting).collect()
    });
    Given::ok(&Items::all(items))
}

async fn approve(ask: Ask<ManageDevices, String, ApproveBody>) -> Result<Given<Committed>, Problem> {
    let (ask, ApproveBody { name, scope }) = ask.split();
    let command = Command::ApprovePairing { code: ask.path.as_str().into(), name, counter: scope.map(|scope| scope.counter) };
    ask.submit(command, committed()).await
}

/// What a claim has come to.
enum Claimed {
    Nothing,
    Expired,
    Pending,
    Approved(PairingId),
}

async fn claim(look: Look<ClaimPairing, String>) -> Result<Given<PairingAnswer>, Problem> {
    if look.path.len() > SECRET_LENGTH_MAX {
        return Err(Code::NotFound.into());
    }
    let claim_digest = digest(&look.path);
    let now = look.state.now();
    let claimed = look.state.keeper.read(|hall| match hall.access.pairing_by_claim(&claim_digest) {
        None => Claimed::Nothing,
        Some(pairing) if pairing.expires_at <= now => Claimed::Expired,
        Some(pairing) if pairing.approved.is_none() => Claimed::Pending,
        Some(pairing) => Claimed::Approved(pairing.id),
    });
    match claimed {
        Claimed::Nothing if look.state.claims.were_used(&claim_digest) => Err(Code::PairingUsed.into()),
        Claimed::Nothing => Err(Code::NotFound.into()),
        Claimed::Expired => Err(Code::PairingExpired.into()),
        Claimed::Pending => Given::ok(&PairingAnswer::Pending),
        Claimed::Approved(pairing) => hand_over(&look.state, &look.who.caller(), pairing, claim_digest).await,
    }
}

/// Makes the token, keeps its digest, and tells it this once.
async fn hand_over(state: &AppState, caller: &Caller, pairing: PairingId, claim_digest: String) -> Result<Given<PairingAnswer>, Problem> {
    let token = token().map_err(|_| Code::Internal)?;
    let command = Command::ClaimPairing { pairing, token_digest: digest(&token).into() };
    let told = move |decided: &Decided<'_>| {
        let EventBody::DeviceAdded { device } = &decided.events.first()?.body else { return None };
        Some(PairingAnswer::Approved { token: token.clone(), device: PairedDevice::of(device)? })
    };
    let request = Request { command, caller: caller.clone(), key: None, render: render(200, told) };
    let given: Given<PairingAnswer> = state.keeper.submit(request).await?.into();
    if given.is_success() {
        state.claims.note_used(claim_digest);
    }
    Ok(given)
}

async fn list(look: Look<ManageDevices>) -> Result<Given<Items<Device>>, Problem> {
    Given::ok(&Items::all(look.state.keeper.read(|hall| hall.access.devices.values().map(Device::from).collect())))
}

async fn revoke(ask: Ask<ManageDevices, DeviceId>) -> Result<Given<Nothing>, Problem> {
    let device = ask.path;
    ask.submit(Command::RevokeDevice { device }, no_content()).await
}
