//! Numbers a second over HTTP and how long one takes, at 1, 8, 64 and 256 kiosks.

use std::sync::Arc;

use super::deciding::Desk;
use super::duel::{self, Side};
use super::house::{House, Reference, hall_file};
use super::load::Crowd;
use super::people::Kiosk;
use super::{Options, SERVICES};

const KIOSKS: [usize; 4] = [1, 8, 64, 256];
const COUNTERS: usize = 12;

pub async fn run(options: &Options) {
    let house = House::new(&hall_file(SERVICES, COUNTERS));
    let token = house.token("kiosk", "k1");
    let ours = house.open();
    let reference = Reference::beside(&house);
    let theirs = reference.open();
    let services = u64::try_from(SERVICES).unwrap();
    let mut desk = Desk::new(COUNTERS);
    let mut table = duel::table("Issue: POST /api/v1/tickets, appendfsync always");
    for kiosks in KIOSKS.into_iter().filter(|kiosks| options.wants_at(*kiosks)) {
        let people = |who: &str, token: &Arc<str>| {
            let named = move |index| format!("{who}-{kiosks}-{index}");
            (0..kiosks).map(|index| Kiosk::new(named(index), token, services)).collect::<Vec<_>>()
        };
        let mut our = Side { running: &ours, crowd: Crowd::connect(ours.address, people("k", &token)).await.unwrap() };
        let mut their = Side { running: &theirs, crowd: Crowd::connect(theirs.address, people("k", &token)).await.unwrap() };
        duel::row(&mut table, kiosks, options.rounds, &mut our, &mut their, async |_| {}, || desk.issue_us()).await;
    }
    table.print();
}
