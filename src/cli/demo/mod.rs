//! `warmhall demo`: a sample hall that is alive, for somebody who wants to see what this is.

mod clerk;
mod crowd;
mod dice;
mod hotline;
mod people;

use std::fmt::{Display, Write};
use std::path::Path;

use super::args::{DemoArgs, Place, Switch};
use super::fault::Fault;
use super::log;
use super::serve::{Opening, run};
use crate::addresses::{AddressBook, SAMPLE_CSV};
use crate::domain::calendar::Calendar;
use crate::domain::ids::CounterNo;
use crate::settings;
use crate::web::Demo;

pub(super) use people::People;

/// So many times quicker than in a real hall is everything done.
const QUICKER: u32 = 8;

pub(super) fn demo(args: DemoArgs) -> Result<(), Fault> {
    let place = Place { config: args.config, data_dir: Some(args.data_dir), redis_url: args.redis_url };
    let mut settings = place.settings()?;
    settings.listen = args.listen;
    log::start(&settings.log)?;
    let mut profile = settings::hall_profile(&settings)?;
    // Whoever tries it out at night sees an open hall.
    profile.calendar = Calendar::round_the_clock(profile.calendar.zone);
    profile.name.zh.push_str("（演示）");
    profile.name.en.push_str(" (demo)");
    // A demo is quick, and its waits are told accordingly.
    for service in &mut profile.services {
        service.minutes = service.minutes.div_ceil(QUICKER);
    }
    let counters: Vec<CounterNo> = profile.counters.iter().map(|counter| counter.no.clone()).collect();
    let alive = args.simulation == Switch::On && !args.quiet;
    let people = People::of_folder(&settings.data_dir, &counters, alive, args.seed)?;
    furnish(&settings.data_dir)?;
    run(&Opening { settings, profile, people: Some(people) })
}

/// Gives a demo hall without an address book the sample's.
fn furnish(dir: &Path) -> Result<(), Fault> {
    let unusable = |error: &dyn Display| Fault::of("示例地址簿无法导入", "the sample's address book cannot be imported", error);
    let book = AddressBook::open(dir);
    if book.count().map_err(|error| unusable(&error))?.rooms == 0 {
        book.import(SAMPLE_CSV.as_bytes(), None).map_err(|error| unusable(&error))?;
    }
    Ok(())
}

/// What is printed of a demo hall: where to look, and who may sign in.
pub(super) fn leaflet(demo: &Demo, base: &str) -> String {
    let mut text = String::from("\n账号 / accounts                密码 / password\n");
    for account in &demo.accounts {
        let roles: Vec<_> = account.roles.iter().map(|role| role.word()).collect();
        // Writing to a text cannot fail.
        let _written = writeln!(text, "  {:<12} {:<16} {}", account.username, roles.join(","), account.password);
    }
    text.push_str("\n屏幕 / screens\n");
    for (path, name) in &demo.screens {
        let _written = writeln!(text, "  {base}{path}  {} / {}", name.zh, name.en);
    }
    text
}
