//! Presses of "next" a second over HTTP and how long one takes, at 1, 8, 64 and 200 clerks (a hall has no more counters).

use std::sync::Arc;

use super::deciding::Desk;
use super::duel::{self, Side};
use super::house::{House, Reference, hall_file};
use super::load::Crowd;
use super::people::Clerk;
use super::{Options, SERVICES};

const CLERKS: [usize; 4] = [1, 8, 64, 200];
/// Who comes before each round, for each clerk and at most: more than are called, so that nobody calls into an empty hall. Ours keeps
/// everybody of the day in mind, so no more than needed come to it; and the less is written just before, the less the disk has to do.
const COMING_PER_CLERK: u64 = 15_000;
const COMING_MAX_OURS: u64 = 36_000;
const COMING_MAX: u64 = 110_000;

pub async fn run(options: &Options) {
    let counters = CLERKS.iter().copied().max().unwrap_or(1);
    let house = House::new(&hall_file(SERVICES, counters));
    let (kiosk, lead) = (house.token("kiosk", "k1"), house.token("lead", "l1"));
    let ours = house.open();
    house.open_counters(&ours, &lead, counters).await;
    let reference = Reference::beside(&house);
    let theirs = reference.open();
    let mut desk = Desk::new(counters);
    let mut table = duel::table("Next: POST /api/v1/counters/{no}/next, the one in hand finished by it, appendfsync always");
    let mut hired = 0;
    for clerks in CLERKS.into_iter().filter(|clerks| options.wants_at(*clerks)) {
        let coming = COMING_PER_CLERK * u64::try_from(clerks).unwrap();
        // One clerk alone draws from the first line.
        let services = u64::try_from(SERVICES.min(clerks)).unwrap();
        let refill = async |round: usize| {
            house.fill(&ours, coming.min(COMING_MAX_OURS), &format!("fill-{clerks}-{round}"), &kiosk, services).await;
            reference.fill(&theirs, coming.min(COMING_MAX), &format!("fill-{clerks}-{round}"), services).await;
        };
        let people = |token: &Arc<str>| {
            let named = move |index| format!("c-{clerks}-{index}");
            // Counters that were not used in an earlier row: there, somebody is still in hand.
            (0..clerks).map(|index| Clerk::new(named(index), token, (hired + index) % counters + 1)).collect::<Vec<_>>()
        };
        let mut our = Side { running: &ours, crowd: Crowd::connect(ours.address, people(&lead)).await.unwrap() };
        let mut their = Side { running: &theirs, crowd: Crowd::connect(theirs.address, people(&lead)).await.unwrap() };
        duel::row(&mut table, clerks, options.rounds, &mut our, &mut their, refill, || desk.next_us()).await;
        let empty: u64 = our.crowd.people().chain(their.crowd.people()).map(Clerk::found_nobody).sum();
        assert_eq!(empty, 0, "somebody called into an empty hall: the row says nothing");
        hired += clerks;
    }
    table.print();
}
