//! `/demo`: what the start page of a hall that is tried out hands over; not there in a real hall.

use actix_web::http::Method;

use super::Door;
use crate::web::app::Demo;
use crate::web::ask::{Ask, Given, Look};
use crate::web::problem::{Code, Problem};
use crate::web::rights::{OwnTicket, SeeHall};
use crate::web::wire::hall::Text;
use crate::web::wire::people::{DemoAccount, DemoAnswer, DemoDevice, DemoScreen, SimulationBody};
use crate::web::wire::words::DeviceKind;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::look("/demo", "Accounts, devices and screens of a demonstration.", demo).refuses(&[Code::NotFound]),
        Door::ask(Method::POST, "/demo/simulation", "Lets simulated customers come and go, or stops them.", simulate)
            .refuses(&[Code::NotFound]),
    ]
}

async fn demo(look: Look<SeeHall>) -> Result<Given<DemoAnswer>, Problem> {
    Given::ok(&answer(look.state.demo.as_ref().ok_or(Code::NotFound)?))
}

fn answer(demo: &Demo) -> DemoAnswer {
    let accounts = demo.accounts.iter().map(|account| DemoAccount {
        username: account.username.clone(),
        password: account.password.clone(),
        roles: account.roles.iter().copied().map(Into::into).collect(),
    });
    let devices = demo.devices.iter().filter_map(|device| {
        let kind = DeviceKind::of(device.kind)?;
        Some(DemoDevice { kind, name: device.name.clone(), token: device.token.clone() })
    });
    let screens = demo.screens.iter().map(|(path, name)| DemoScreen { path: path.clone(), name: Text::from(name) });
    DemoAnswer {
        simulation: *demo.simulation.borrow(),
        accounts: accounts.collect(),
        devices: devices.collect(),
        screens: screens.collect(),
    }
}

async fn simulate(ask: Ask<OwnTicket, (), SimulationBody>) -> Result<Given<SimulationBody>, Problem> {
    let demo = ask.state.demo.as_ref().ok_or(Code::NotFound)?;
    demo.simulation.send_replace(ask.body.on);
    Given::ok(&SimulationBody { on: ask.body.on })
}
