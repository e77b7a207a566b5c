//! Presses of "next" a second over HTTP and how long one takes, at 1, 8, 64 and 200 clerks (a hall has no more counters).

use std::sync::Arc;

use super::duel::{self, Side};
use super::house::{House, Reference, hall_file};
use super::load::Crowd;
use super::people::Clerk;
use super::{Options, SERVICES};

const CLERKS: [usize; 4] = [1, 8, 64, 200];
/// Who waits before each row, so that nobody calls into an empty hall.
const WAITING_PER_ROUND: u64 = 20_000;

pub async fn run(options: &Options) {
    let counters = CLERKS.iter().copied().max().unwrap_or(1);
    let house = House::new(&hall_file(SERVICES, counters));
    let (kiosk, lead) = (house.token("kiosk", "k1"), house.token("lead", "l1"));
    let ours = house.open();
    house.open_counters(&ours, &lead, counters).await;
    let reference = Reference::beside(&house);
    let theirs = reference.open();
    let services = u64::try_from(SERVICES).unwrap();
    let mut table = duel::table("Next: POST /api/v1/counters/{no}/next, the one in hand finished by it, appendfsync always");
    let mut hired = 0;
    for clerks in CLERKS.into_iter().filter(|clerks| options.wants_at(*clerks)) {
        let waiting = WAITING_PER_ROUND * u64::try_from(options.rounds).unwrap() / if clerks == 1 { 4 } else { 1 };
        house.fill(&ours, waiting, &format!("fill-{clerks}"), &kiosk, services).await;
        reference.fill(&theirs, waiting, &format!("fill-{clerks}"), services).await;
        let people = |token: &Arc<str>| {
            let named = move |index| format!("c-{clerks}-{index}");
            // Counters that were not used in an earlier row: there, somebody is still in hand.
            (0..clerks).map(|index| Clerk::new(named(index), token, (hired + index) % counters + 1)).collect::<Vec<_>>()
        };
        let mut our = Side { running: &ours, crowd: Crowd::connect(ours.address, people(&lead)).await.unwrap() };
        let mut their = Side { running: &theirs, crowd: Crowd::connect(theirs.address, people(&lead)).await.unwrap() };
        duel::row(&mut table, clerks, options.rounds, &mut our, &mut their).await;
        hired += clerks;
    }
    table.print();
}
