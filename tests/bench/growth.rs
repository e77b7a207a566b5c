//! What issue and next cost as more people wait and more counters are open.

use std::sync::Arc;

use super::house::{House, Running, hall_file};
use super::load::Crowd;
use super::people::{Clerk, Kiosk};
use super::table::{Table, at_most, float, median, median_ratio};
use super::{Options, SERVICES};

const WAITING: [u64; 3] = [10, 1_000, 100_000];
const WAITING_COUNTERS: usize = 12;
const COUNTERS: [usize; 3] = [1, 12, 100];
const COUNTERS_WAITING: u64 = 1_000;
/// One after the other: what somebody waits.
const SINGLE: u64 = 10;
/// At once: what the server can carry.
const AT_ONCE: usize = 8;
const BURST: u64 = 80;
/// Turns of every hall in a round.
const TURNS: usize = 25;

/// A hall with a steady number of people in it.
struct Hall {
    name: String,
    running: Running,
    kiosks: Crowd<Kiosk>,
    clerks: Crowd<Clerk>,
    one_kiosk: Crowd<Kiosk>,
    one_clerk: Crowd<Clerk>,
    rounds: Costs,
    _house: House,
}

/// Milliseconds, one for each round.
#[derive(Default)]
struct Costs {
    issue_ms: Vec<f64>,
    next_ms: Vec<f64>,
    issue_burst_us: Vec<f64>,
    next_burst_us: Vec<f64>,
}

impl Hall {
    async fn open(name: String, waiting: u64, counters: usize) -> Self {
        let house = House::new(&hall_file(SERVICES, counters));
        let (kiosk, lead) = (house.token("kiosk", "k1"), house.token("lead", "l1"));
        let running = house.open();
        house.open_counters(&running, &lead, counters).await;
        // With one counter, only its own services are ever called.
        let services = u64::try_from(SERVICES.min(counters + 1)).unwrap();
        // Whoever is in hand at a counter does not wait any more.
        let in_hand = u64::try_from(AT_ONCE.min(counters) + 1).unwrap();
        house.fill(&running, waiting + in_hand, "fill", &kiosk, services).await;
        let address = running.address;
        let people = |who: &'static str, count: usize| {
            let kiosk = Arc::clone(&kiosk);
            (0..count).map(move |index| Kiosk::new(format!("{who}-{index}"), &kiosk, services))
        };
        let clerks = (0..AT_ONCE.min(counters)).map(|index| Clerk::new(format!("c-{index}"), &lead, index + 1));
        let kiosks = Crowd::connect(address, people("k", AT_ONCE)).await.unwrap();
        let clerks = Crowd::connect(address, clerks).await.unwrap();
        let one_kiosk = Crowd::connect(address, people("one", 1)).await.unwrap();
        let one_clerk = Crowd::connect(address, [Clerk::new("one".to_owned(), &lead, counters)]).await.unwrap();
        let mut hall = Self { name, running, kiosks, clerks, one_kiosk, one_clerk, rounds: Costs::default(), _house: house };
        hall.turn(&mut Costs::default()).await;
        hall
    }

    /// As many come as are called. A counter that another crowd left with somebody in hand refuses once and says whom.
    async fn turn(&mut self, costs: &mut Costs) {
        let each = |took: std::time::Duration, times: u64| took.as_secs_f64() * 1_000.0 / float(times);
        costs.issue_ms.push(each(self.one_kiosk.times(SINGLE).await.took, SINGLE));
        costs.next_ms.push(each(self.one_clerk.times(SINGLE).await.took, SINGLE));
        costs.issue_burst_us.push(each(self.kiosks.times(BURST).await.took, BURST) * 1_000.0);
        costs.next_burst_us.push(each(self.clerks.times(BURST).await.took, BURST) * 1_000.0);
    }
}

async fn compare(options: &Options, title: &str, what: &str, halls: &mut [Hall]) {
    for _ in 0..options.rounds {
        let mut round: Vec<Costs> = halls.iter().map(|_| Costs::default()).collect();
        for _ in 0..TURNS {
            for (hall, costs) in halls.iter_mut().zip(&mut round) {
                hall.turn(costs).await;
            }
        }
        for (hall, costs) in halls.iter_mut().zip(&round) {
            hall.rounds.issue_ms.push(median(&costs.issue_ms));
            hall.rounds.next_ms.push(median(&costs.next_ms));
            hall.rounds.issue_burst_us.push(median(&costs.issue_burst_us));
            hall.rounds.next_burst_us.push(median(&costs.next_burst_us));
            hall.running.settle().await;
        }
    }
    let columns = [what, "issue ms", "times", "next ms", "times", "issue µs, 8 at once", "times", "next µs, 8 at once", "times"];
    let mut table = Table::new(title, &columns);
    let last = halls.len() - 1;
    let first = &halls[0].rounds;
    for (index, hall) in halls.iter().enumerate() {
        let times = |own: &[f64], of: &[f64]| {
            let times = median_ratio(own, of);
            if index == last { at_most(times, 1.5) } else { format!("{times:.2}") }
        };
        let own = &hall.rounds;
        table.row(vec![
            hall.name.clone(),
            format!("{:.2}", median(&own.issue_ms)),
            times(&own.issue_ms, &first.issue_ms),
            format!("{:.2}", median(&own.next_ms)),
            times(&own.next_ms, &first.next_ms),
            format!("{:.0}", median(&own.issue_burst_us)),
            times(&own.issue_burst_us, &first.issue_burst_us),
            format!("{:.0}", median(&own.next_burst_us)),
            times(&own.next_burst_us, &first.next_burst_us),
        ]);
    }
    table.print();
}

pub async fn run(options: &Options) {
    let mut halls = Vec::new();
    for waiting in WAITING {
        halls.push(Hall::open(waiting.to_string(), waiting, WAITING_COUNTERS).await);
    }
    compare(options, "Growth: people waiting, 12 counters", "waiting", &mut halls).await;
    drop(halls);
    let mut halls = Vec::new();
    for counters in COUNTERS {
        halls.push(Hall::open(counters.to_string(), COUNTERS_WAITING, counters).await);
    }
    // One clerk cannot be eight: at once, each has its own counter as far as there are any.
    compare(options, "Growth: counters open, 1,000 waiting", "counters", &mut halls).await;
}
