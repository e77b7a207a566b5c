//! Two servers under the same load in turns: who is first changes every round, and nobody starts before the other has come to rest.

use std::time::Duration;

use tokio::time::sleep;

use super::house::Running;
use super::load::{Crowd, Measured, Pace, Person};
use super::people::Bystander;
use super::table::{Table, at_least, at_most, float, median, median_ratio};

/// How long each is loaded in a round, fully and on schedule.
const FULL: Duration = Duration::from_millis(1_500);
const PACED: Duration = Duration::from_secs(2);
/// On schedule for longer where few ask: of fewer questions one stall of the disk would be the hundredth.
const PACED_QUESTIONS_MIN: f64 = 6_000.0;
/// Before each is asked on schedule. What a server keeps for a moment in which nobody presses (saving itself, say) it does then, and
/// not while it is the other's turn on the same disk.
const REST: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_millis(700);
/// On schedule, the slower of both is asked for this part of what it can carry.
const SCHEDULED_PART: f64 = 0.5;
/// One alone is asked for less: an answer to somebody who comes now and then takes longer than one of many in a row (processors and
/// disk have gone to rest), and at half the rate each question would already stand behind the last. That would time a queue, in which
/// every stall of anybody counts many times over.
const SCHEDULED_PART_ALONE: f64 = 0.2;
/// Processor time is counted by the system in ticks of 10 ms.
const TICK_US: f64 = 10_000.0;

/// One of both, with its people.
pub struct Side<'a, P> {
    pub running: &'a Running,
    pub crowd: Crowd<P>,
}

/// What one side did, round by round.
#[derive(Default)]
struct Rounds {
    rate: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    cpu_us: Vec<f64>,
    redis_us: Vec<f64>,
    failed: u64,
}

impl Rounds {
    fn full(&mut self, measured: &Measured, server: u64, redis: u64) {
        let each_us = |ticks: u64| float(ticks) * TICK_US / float(measured.answered.max(1));
        self.rate.push(measured.rate());
        self.cpu_us.push(each_us(server + redis));
        self.redis_us.push(each_us(redis));
        self.failed += measured.failed;
    }

    fn paced(&mut self, measured: &Measured) {
        self.p50.push(measured.ms(0.5));
        self.p99.push(measured.ms(0.99));
        self.failed += measured.failed;
    }
}

impl<P: Person> Side<'_, P> {
    async fn full(&mut self, rounds: &mut Rounds) {
        let (server, redis) = (self.running.usage().ticks, self.running.redis_ticks());
        let measured = self.crowd.run(Pace::Full, FULL).await;
        self.running.settle().await;
        rounds.full(&measured, self.running.usage().ticks - server, self.running.redis_ticks() - redis);
    }

    async fn paced(&mut self, (gap, length): (Duration, Duration), rounds: &mut Rounds) {
        sleep(REST).await;
        rounds.paced(&self.crowd.run(Pace::Every(gap), length).await);
        self.running.settle().await;
    }
}

/// A new table for presses.
pub fn table(what: &str) -> Table {
    let columns = [
        "at once",
        "ours /s",
        "reference /s",
        "times",
        "nothing kept /s",
        "times",
        "asked /s",
        "p50 ms",
        "reference",
        "p99 ms",
        "reference",
        "times",
        "CPU µs",
        "reference",
        "Redis µs",
        "reference",
        "deciding µs",
        "at best /s",
        "times",
    ];
    let mut table = Table::new(what, &columns);
    table.note(
        "`/s`: as fast as answers come. `nothing kept`: a door of the reference that only answers; no program on this machine is faster \
         under this generator. `asked /s`: an open-loop schedule both can carry; times count from when a question was due. \
         `CPU µs`: processor time of the server and its Redis for each answer, with all that follows after it; `Redis µs`: that of \
         Redis alone. `deciding µs`: to judge a press, fold its events in once and write them down, in a loop with nothing around it. \
         `at best`: what the processors could carry if a press of ours cost the door that keeps nothing, its Redis and that loop: \
         no check of who asks, no second look, nobody told, nothing remembered, nothing waited for.",
    );
    table
}

/// One row: so many people at once, in so many rounds; `prepare` is done for both before each of them, with the number of the round;
/// `deciding_us` says what judging one press costs.
pub async fn row<P: Person>(
    table: &mut Table,
    people: usize,
    rounds: usize,
    ours: &mut Side<'_, P>,
    theirs: &mut Side<'_, P>,
    mut prepare: impl AsyncFnMut(usize),
    mut deciding_us: impl FnMut() -> f64,
) {
    let token = "none".into();
    let bystanders = (0..people).map(|_| Bystander::new(&token));
    let mut bystanders = Crowd::connect(theirs.running.address, bystanders).await.unwrap();
    let (mut floor, mut deciding, mut best) = (Vec::new(), Vec::new(), Vec::new());
    prepare(0).await;
    let warm = |measured: Measured| measured.rate();
    let slower = warm(ours.crowd.run(Pace::Full, WARM_UP).await);
    ours.running.settle().await;
    let slower = slower.min(warm(theirs.crowd.run(Pace::Full, WARM_UP).await));
    let asked = slower * if people == 1 { SCHEDULED_PART_ALONE } else { SCHEDULED_PART };
    let gap = Duration::from_secs_f64(float(u64::try_from(people).unwrap_or(1)) / asked);
    let pace = (gap, PACED.max(Duration::from_secs_f64(PACED_QUESTIONS_MIN / asked)));
    let (mut our, mut their) = (Rounds::default(), Rounds::default());
    for round in 0..rounds {
        prepare(round + 1).await;
        if round % 2 == 0 {
            ours.full(&mut our).await;
            theirs.full(&mut their).await;
            theirs.paced(pace, &mut their).await;
            ours.paced(pace, &mut our).await;
        } else {
            theirs.full(&mut their).await;
            ours.full(&mut our).await;
            ours.paced(pace, &mut our).await;
            theirs.paced(pace, &mut their).await;
        }
        let bare = bystanders.run(Pace::Full, WARM_UP).await.rate();
        let decided_us = deciding_us();
        best.push(at_best(bare, our.redis_us.last().copied().unwrap_or(f64::NAN) + decided_us));
        floor.push(bare);
        deciding.push(decided_us);
    }
    let times = median_ratio(&our.rate, &their.rate);
    let tail = median_ratio(&our.p99, &their.p99);
    table.row(vec![
        people.to_string(),
        format!("{:.0}", median(&our.rate)),
        format!("{:.0}", median(&their.rate)),
        if people == 64 { at_least(times, 1.5) } else { format!("{times:.2}") },
        format!("{:.0}", median(&floor)),
        format!("{:.2}", median_ratio(&floor, &their.rate)),
        format!("{asked:.0}"),
        format!("{:.2}", median(&our.p50)),
        format!("{:.2}", median(&their.p50)),
        format!("{:.2}", median(&our.p99)),
        format!("{:.2}", median(&their.p99)),
        if people == 1 { at_most(tail, 1.3) } else { format!("{tail:.2}") },
        format!("{:.0}", median(&our.cpu_us)),
        format!("{:.0}", median(&their.cpu_us)),
        format!("{:.0}", median(&our.redis_us)),
        format!("{:.0}", median(&their.redis_us)),
        format!("{:.1}", median(&deciding)),
        format!("{:.0}", median(&best)),
        format!("{:.2}", median_ratio(&best, &their.rate)),
    ]);
    let failed = our.failed + their.failed;
    if failed > 0 {
        table.note(&format!("At {people}: {} of ours and {} of the reference's answers were refusals.", our.failed, their.failed));
    }
}

/// Answers a second of a program that answers at `floor` with all processors busy, if each answer also cost so much more.
fn at_best(floor: f64, more_us: f64) -> f64 {
    let processors = float(std::thread::available_parallelism().map_or(1, |count| u64::try_from(count.get()).unwrap_or(1)));
    let second_us = processors * 1_000_000.0;
    second_us / (second_us / floor + more_us)
}
