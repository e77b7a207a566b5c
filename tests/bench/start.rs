//! From the start of the process to `/health/ready`, with an empty hall and with a full one, and what both take in memory.

use std::time::Duration;

use super::house::{House, Reference, Running, Usage, hall_file, hotline_part};
use super::table::{Table, at_most, float, median};
use super::{Options, SERVICES};

const COUNTERS: usize = 12;
const TICKETS: u64 = 100_000;
const ORDERS: u64 = 20_000;
const EMPTY_S_MAX: f64 = 0.3;
const FULL_S_MAX: f64 = 2.0;
const IDLE_MIB_MAX: f64 = 30.0;
/// An idle server is looked at after so long.
const REST: Duration = Duration::from_secs(2);

/// How the last process of a server ended.
#[derive(Clone, Copy)]
enum End {
    Closed,
    Killed,
}

#[derive(Default)]
struct Starts {
    seconds: Vec<f64>,
    server_mib: Vec<f64>,
    server_own_mib: Vec<f64>,
    redis_mib: Vec<f64>,
}

impl Starts {
    async fn note(&mut self, running: Running, took: Duration, end: End) {
        tokio::time::sleep(REST).await;
        let mib = |kib: u64| float(kib) / 1_024.0;
        self.seconds.push(took.as_secs_f64());
        self.server_mib.push(mib(running.usage().rss_kib));
        self.server_own_mib.push(mib(running.usage().anon_kib));
        self.redis_mib.push(running.redis_pid().map_or(0.0, |pid| mib(Usage::of(pid).rss_kib)));
        match end {
            End::Closed => running.close(),
            End::Killed => drop(running),
        }
    }
}

async fn compare(options: &Options, table: &mut Table, what: &str, house: &House, reference: &Reference, end: End, most_s: f64) {
    let (mut our, mut their) = (Starts::default(), Starts::default());
    for _ in 0..options.rounds {
        let ours = house.start();
        let took = ours.ready("/health/ready");
        our.note(ours, took, end).await;
        let theirs = reference.start();
        let took = theirs.ready("/health/ready");
        their.note(theirs, took, end).await;
    }
    let idle = median(&our.server_mib);
    table.row(vec![
        what.to_owned(),
        at_most(median(&our.seconds), most_s),
        format!("{:.2}", median(&their.seconds)),
        if most_s < 1.0 { at_most(idle, IDLE_MIB_MAX) } else { format!("{idle:.1}") },
        format!("{:.1}", median(&our.server_own_mib)),
        format!("{:.1}", median(&our.redis_mib)),
        format!("{:.1}", median(&their.server_mib)),
        format!("{:.1}", median(&their.redis_mib)),
    ]);
}

pub async fn run(options: &Options) {
    let house = House::new(&(hall_file(SERVICES, COUNTERS) + &hotline_part()));
    let (token, operator) = (house.token("kiosk", "k1"), house.token("operator", "o1"));
    house.open().close();
    let reference = Reference::beside(&house);
    let columns = ["hall", "ready s", "reference", "server MiB", "of it its own", "Redis MiB", "reference MiB", "its Redis"];
    let mut table = Table::new("Start: process start to /health/ready, and resident memory two seconds later", &columns);
    table.note("`of it its own`: without pages of the program's file. Reference: its Redis has loaded as many tickets and no orders, and its door answers.");
    compare(options, &mut table, "empty", &house, &reference, End::Closed, EMPTY_S_MAX).await;
    let (ours, theirs) = (house.open(), reference.open());
    let services = u64::try_from(SERVICES).unwrap();
    house.fill(&ours, TICKETS, "fill", &token, services).await;
    house.fill_orders(&ours, ORDERS, &operator).await;
    reference.fill(&theirs, TICKETS, "fill", services).await;
    ours.close();
    theirs.close();
    compare(options, &mut table, "100,000 live tickets, 20,000 open orders, closed before", &house, &reference, End::Closed, FULL_S_MAX)
        .await;
    compare(options, &mut table, "100,000 live tickets, 20,000 open orders, killed before", &house, &reference, End::Killed, FULL_S_MAX)
        .await;
    table.print();
}
