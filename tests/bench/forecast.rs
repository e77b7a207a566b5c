//! What a forecast of 64 rollouts costs for a hall with 200 waiting and 12 counters. The server makes it on a thread for
//! blocking work (`web::forecaster`), never on the keeper's task.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::time::Instant;
use warmhall::domain::forecast::{Asked, Availability, CounterNow, Input, LineNow, OfferNow, PausePace, ServicePace, estimate};
use warmhall::domain::line::Place;

use super::table::{Table, at_most, median, ms};
use super::{Options, SERVICES};

const WAITING: usize = 200;
const COUNTERS: usize = 12;
const ROLLOUTS: usize = 64;
const FORECASTS: usize = 200;
const NOW_MS: i64 = 1_795_000_000_000;
const MEAN_MS: i64 = 6 * 60_000;
const FORECAST_MS_MAX: f64 = 1.0;

/// A busy hall: every counter has somebody, every service was seen fifty times today.
fn input() -> Input {
    let observed: Vec<u32> = (0..50).map(|turn| 120_000 + turn * 9_600).collect();
    let pace = ServicePace { configured_ms: 360_000, observed_ms: observed, no_show_permille: 40, no_show_ms: 60_000 };
    let line = |service: usize| {
        let joined = |index: usize| NOW_MS - i64::try_from((WAITING - index) * 9_000 + service).unwrap();
        let places = (0..WAITING).filter(|index| index % SERVICES == service);
        let places = places.map(|index| Place { score_ms: joined(index), order: u64::try_from(index).unwrap() }).collect();
        LineNow { places, unlisted: 0 }
    };
    let counter = |no: usize| {
        let offer = |service: usize, offset_ms: i64| OfferNow { service: service % SERVICES, offset_ms };
        let since_ms = NOW_MS - i64::try_from(no).unwrap() * 20_000;
        CounterNow {
            offers: vec![offer(no, 0), offer(no + 1, 300_000)],
            availability: Availability::Busy { service: no % SERVICES, since_ms },
        }
    };
    Input {
        now_ms: NOW_MS,
        services: vec![pace; SERVICES],
        lines: (0..SERVICES).map(line).collect(),
        counters: (0..COUNTERS).map(counter).collect(),
        pauses: PausePace::default(),
        arrivals: Vec::new(),
    }
}

/// A newcomer of every service, and everybody who waits: what the server asks.
fn asked(input: &Input) -> Vec<Asked> {
    let newcomers = (0..SERVICES).map(|service| Asked::newcomer(service, input.now_ms, 0));
    let waiting =
        input.lines.iter().enumerate().flat_map(|(service, line)| line.places.iter().map(move |place| Asked { service, place: *place }));
    newcomers.chain(waiting).collect()
}

/// The thinnest: one line, twelve counters, every service as long as a die says.
fn reference(seed: u64) -> i64 {
    let mut die = seed | 1;
    let mut throw = move || {
        die = die.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        MEAN_MS / 2 + i64::try_from(die >> 33).unwrap_or(0) % MEAN_MS
    };
    let mut waits = Vec::with_capacity(ROLLOUTS * WAITING);
    for _ in 0..ROLLOUTS {
        let mut free: BinaryHeap<Reverse<i64>> = (0..COUNTERS).map(|_| Reverse(throw())).collect();
        for _ in 0..WAITING {
            let at = free.pop().map_or(0, |Reverse(at)| at);
            waits.push(at);
            free.push(Reverse(at + throw()));
        }
    }
    waits.sort_unstable();
    waits[waits.len() / 2]
}

pub fn run(options: &Options) {
    let input = input();
    let asked = asked(&input);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut our_worst, mut sum) = (Vec::new(), 0);
    for round in 0..options.rounds {
        let (mut our, mut their) = (Vec::new(), Vec::new());
        for turn in 0..FORECASTS {
            let seed = u64::try_from(round * FORECASTS + turn).unwrap();
            let begin = Instant::now();
            let told = estimate(std::hint::black_box(&input), std::hint::black_box(&asked), seed);
            our.push(ms(begin.elapsed()));
            assert!(told.iter().all(Option::is_some));
            let begin = Instant::now();
            sum += reference(std::hint::black_box(seed));
            their.push(ms(begin.elapsed()));
        }
        ours.push(median(&our));
        theirs.push(median(&their));
        our.sort_by(f64::total_cmp);
        our_worst.push(our[our.len() * 99 / 100]);
    }
    std::hint::black_box(sum);
    let columns = ["waiting", "counters", "rollouts", "asked", "p50 ms", "p99 ms", "reference p50 ms"];
    let mut table = Table::new("Forecast: one set of rollouts for everybody in the hall", &columns);
    table.note(
        "Reference: one line and no rule. In the server it runs on a thread for blocking work; the keeper's task never waits for it.",
    );
    table.row(vec![
        WAITING.to_string(),
        COUNTERS.to_string(),
        ROLLOUTS.to_string(),
        asked.len().to_string(),
        at_most(median(&ours), FORECAST_MS_MAX),
        format!("{:.2}", median(&our_worst)),
        format!("{:.2}", median(&theirs)),
    ]);
    table.print();
}
