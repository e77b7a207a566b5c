//! From a clerk's press until the last of many boards has it, what a board costs in memory, and what a board that does not read
//! costs the others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::house::{House, Reference, Running, get, hall_file};
use super::load::{Answer, Crowd, Person, post};
use super::people::Clerk;
use super::table::{Table, at_most, float, median, median_ratio, ms, none};
use super::wall::{Told, Wall, stalled};
use super::{Options, SERVICES};

const BOARDS: [usize; 4] = [1, 100, 1_000, 5_000];
const COUNTERS: usize = 12;
const WAITING: u64 = 6_000;
/// Calls of each side in a round.
const CALLS: u32 = 20;
/// Boards beside the one that never reads.
const BESIDE_STALLED: usize = 1_000;
/// Fewer boards weigh less than what a server keeps of a round of calls anyway.
const WEIGHED_MIN: usize = 1_000;
/// What a board may cost the server, in KiB.
const BOARD_KIB_MAX: f64 = 20.0;

/// A wall with somebody who calls.
struct Side {
    wall: Wall,
    clerk: Crowd<Caller>,
    told: Told,
    missed: u64,
}

/// A clerk who remembers the revision of the last call.
struct Caller {
    clerk: Clerk,
    rev: Arc<std::sync::Mutex<u64>>,
    /// The last refusal, for whoever has to find out why.
    refused: String,
}

impl Person for Caller {
    fn ask(&mut self, out: &mut Vec<u8>) {
        self.clerk.ask(out);
    }

    fn told(&mut self, answer: &Answer<'_>) {
        self.clerk.told(answer);
        if answer.status >= 300 {
            self.refused = String::from_utf8_lossy(answer.body).into_owned();
        }
        let body = std::str::from_utf8(answer.body).unwrap_or_default();
        let rev = body.rsplit_once(r#""rev":"#).map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        *self.rev.lock().unwrap() = rev.and_then(|rev| rev.parse().ok()).unwrap_or(0);
    }
}

impl Side {
    async fn new(running: &Running, told: Told, token: &Arc<str>) -> (Self, Arc<std::sync::Mutex<u64>>) {
        let rev = Arc::default();
        let caller = Caller { clerk: Clerk::new("caller".to_owned(), token, 1), rev: Arc::clone(&rev), refused: String::new() };
        let mut clerk = Crowd::connect(running.address, [caller]).await.unwrap();
        // A line on which nothing was asked is closed after seconds; the boards take longer to come.
        clerk.times(1).await;
        (Self { wall: Wall::new(told), clerk, told, missed: 0 }, rev)
    }

    /// Calls on schedule; the milliseconds from when each was due until the last board had it.
    async fn calls(&mut self, rev: &std::sync::Mutex<u64>, gap: Duration) -> Vec<f64> {
        let begin = Instant::now() + gap;
        let mut times = Vec::new();
        for call in 0..CALLS {
            let due = begin + gap * call;
            let late = Instant::now() >= due;
            self.wall.before_call();
            let frame = self.wall.next_frame();
            if !late {
                sleep_until(due).await;
            }
            let from = if late { due } else { Instant::now() };
            let failed = self.clerk.times(1).await.failed;
            assert_eq!(failed, 0, "a call was refused: {}", self.clerk.people().map(|caller| caller.refused.as_str()).collect::<String>());
            let mark = if self.told == Told::Frames { frame } else { *rev.lock().unwrap() };
            match self.wall.all_have(mark).await {
                Some(at) => times.push(ms(at.duration_since(from))),
                None => self.missed += 1,
            }
        }
        times
    }
}

/// Gives the reference the text that the product sent.
async fn set_frame(address: SocketAddr, text: &str) {
    struct Setter(String);
    impl Person for Setter {
        fn ask(&mut self, out: &mut Vec<u8>) {
            post(out, "/frame", "none", "frame", &self.0);
        }
        fn told(&mut self, _answer: &Answer<'_>) {}
    }
    let set = Crowd::connect(address, [Setter(text.to_owned())]).await.unwrap().times(1).await;
    assert_eq!(set.failed, 0, "the reference has its frame");
}

/// The silence between two calls: what was asked for, or enough for the slower side.
fn gap(options: &Options, boards: usize) -> Duration {
    options.gap.unwrap_or_else(|| Duration::from_millis(40 + u64::try_from(boards).unwrap_or(0) / 12))
}

pub async fn run(options: &Options) {
    let house = House::new(&hall_file(SERVICES, COUNTERS));
    let (kiosk, lead, board) = (house.token("kiosk", "k1"), house.token("lead", "l1"), house.token("board", "b1"));
    let ours = house.open();
    house.open_counters(&ours, &lead, COUNTERS).await;
    let services = u64::try_from(SERVICES).unwrap();
    house.fill(&ours, WAITING, "fill", &kiosk, services).await;
    let reference = Reference::beside(&house);
    let theirs = reference.open();
    reference.fill(&theirs, WAITING, "fill", services).await;
    let (mut our, our_rev) = Side::new(&ours, Told::Revisions, &lead).await;
    let (mut their, their_rev) = Side::new(&theirs, Told::Frames, &lead).await;
    let columns = ["boards", "p50 ms", "reference", "times", "p99 ms", "reference", "KiB a board", "reference", "missed"];
    let mut table = Table::new("Call to board: a clerk's press until the last of N boards has the frame", &columns);
    table.note("Reference: one Lua script for the press, then one text of the same length, made beforehand, to every board.");
    let (our_empty, their_empty) = (ours.usage().rss_kib, theirs.usage().rss_kib);
    for boards in BOARDS.into_iter().filter(|boards| options.wants_at(*boards)) {
        our.wall.grow_to(boards, ours.address, &board).await;
        their.wall.grow_to(boards, theirs.address, &board).await;
        let gap = gap(options, boards);
        our.calls(&our_rev, gap).await;
        set_frame(theirs.address, &our.wall.text()).await;
        let (mut all_ours, mut all_theirs, mut p50s) = (Vec::new(), Vec::new(), (Vec::new(), Vec::new()));
        for round in 0..options.rounds {
            let (first, second);
            if round % 2 == 0 {
                first = our.calls(&our_rev, gap).await;
                second = their.calls(&their_rev, gap).await;
            } else {
                second = their.calls(&their_rev, gap).await;
                first = our.calls(&our_rev, gap).await;
            }
            p50s.0.push(median(&first));
            p50s.1.push(median(&second));
            all_ours.extend(first);
            all_theirs.extend(second);
        }
        let each = |now: u64, empty: u64| float(now.saturating_sub(empty)) / float(u64::try_from(boards).unwrap());
        table.row(vec![
            boards.to_string(),
            format!("{:.2}", median(&p50s.0)),
            format!("{:.2}", median(&p50s.1)),
            at_most(median_ratio(&p50s.0, &p50s.1), 1.3),
            format!("{:.2}", tail(&all_ours)),
            format!("{:.2}", tail(&all_theirs)),
            if boards < WEIGHED_MIN { "-".to_owned() } else { at_most(each(ours.usage().rss_kib, our_empty), BOARD_KIB_MAX) },
            if boards < WEIGHED_MIN { "-".to_owned() } else { format!("{:.1}", each(theirs.usage().rss_kib, their_empty)) },
            none(our.wall.missed() + our.missed),
        ]);
    }
    table.print();
    drop((our, their));
    beside_stalled(options, &house, &ours).await;
}

/// The worst but one in a hundred.
fn tail(times: &[f64]) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len() * 99).div_ceil(100).saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Rounds without and with a board that never reads, by turns.
async fn beside_stalled(options: &Options, house: &House, ours: &Running) {
    let (lead, board) = (house.token("lead", "l2"), house.token("board", "b2"));
    let (mut side, rev) = Side::new(ours, Told::Revisions, &lead).await;
    side.wall.grow_to(BESIDE_STALLED, ours.address, &board).await;
    // Whoever was in hand before is told of by the refusal.
    side.clerk.times(1).await;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        without.push(median(&side.calls(&rev, gap(options, BESIDE_STALLED)).await));
        let deaf = stalled(ours.address, &board).await;
        with.push(median(&side.calls(&rev, gap(options, BESIDE_STALLED)).await));
        drop(deaf);
    }
    let columns = ["boards", "p50 ms without", "p50 ms with", "times", "missed"];
    let mut table = Table::new("A board that never reads, beside a thousand that do", &columns);
    table.row(vec![
        BESIDE_STALLED.to_string(),
        format!("{:.2}", median(&without)),
        format!("{:.2}", median(&with)),
        at_most(median_ratio(&with, &without), 1.1),
        none(side.wall.missed() + side.missed),
    ]);
    table.print();
    assert!(get(ours.address, "/health/ready").is_some());
}
