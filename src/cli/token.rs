//! `warmhall token` and `warmhall device`: what holds a bearer token.

use std::sync::Arc;

use super::access::Change;
use super::args::{DeviceArgs, DeviceStep, Place, TokenArgs};
use super::fault::Fault;
use super::place::{self, Holds};
use super::secrets;
use crate::domain::actor::Role;
use crate::domain::ids::CounterNo;

/// Prints a new token, and nothing else, on standard output.
pub(super) async fn token(args: TokenArgs) -> Result<(), Fault> {
    let change = Change::AddDevice {
        kind: args.role,
        name: args.name,
        counter: args.counter,
        digest: Arc::default(),
        teams: args.teams,
        skills: args.skills,
    };
    mint(&args.place, change).await
}

pub(super) async fn device(args: DeviceArgs) -> Result<(), Fault> {
    match args.step {
        DeviceStep::List { place } => list(&place).await,
        DeviceStep::Add { kind, name, counter, place } => {
            let change = Change::AddDevice { kind, name, counter, digest: Arc::default(), teams: Vec::new(), skills: Vec::new() };
            mint(&place, change).await
        }
        DeviceStep::Revoke { device, place } => {
            let settings = place.settings()?;
            let (access, _) = place::look(&settings).await?;
            if !access.devices.contains_key(&device) {
                return Err(Fault::failed(format!("没有设备 {device} / there is no device {device}")));
            }
            say(place::make(&settings, &Change::RevokeDevice { device }).await?, &format!("{device} 已吊销 / revoked"));
            Ok(())
        }
    }
}

/// Adds a device with a new secret, and prints it.
async fn mint(place: &Place, mut change: Change) -> Result<(), Fault> {
    let Change::AddDevice { kind, name, counter, digest, .. } = &mut change else { return Ok(()) };
    if name.is_empty() || name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(Fault::usage("名称为 1–64 个字符 / a name is 1 to 64 characters"));
    }
    if *kind == Role::CounterDisplay && counter.is_none() {
        return Err(Fault::usage("窗口屏需要 --counter / a counter display needs --counter"));
    }
    let settings = place.settings()?;
    let token = secrets::token()?;
    *digest = secrets::digest(&token);
    if place::make(&settings, &change).await? == Holds::NextStart {
        eprintln!("服务器未运行：令牌在下次启动时生效 / the server is closed: the token holds from its next start");
    }
    println!("{token}");
    Ok(())
}

async fn list(place: &Place) -> Result<(), Fault> {
    let (access, waiting) = place::look(&place.settings()?).await?;
    for device in access.devices.values() {
        let counter = device.counter.as_ref().map_or("-", CounterNo::as_str);
        let added = device.added_at.format("%Y-%m-%d");
        println!("{}\t{}\t{}\t{counter}\t{added}", device.id, device.kind, device.name);
    }
    for change in waiting {
        if let Change::AddDevice { kind, name, counter, .. } = change {
            let counter = counter.as_ref().map_or("-", CounterNo::as_str);
            println!("-\t{kind}\t{name}\t{counter}\t下次启动生效 / from the next start");
        }
    }
    Ok(())
}

/// Tells a person what was done and since when it holds.
pub(super) fn say(holds: Holds, what: &str) {
    match holds {
        Holds::Now => eprintln!("{what}"),
        Holds::NextStart => eprintln!("{what}（下次启动时生效 / from the next start）"),
    }
}
