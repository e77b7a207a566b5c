//! Benchmarks: the product beside the thinnest program that does the same, in one run and by turns, so that a noisy machine
//! flatters neither.
//!
//! `cargo bench` runs all; `cargo bench -- issue boards` some; `--full` the long ones at full length, `--rounds N` more
//! rounds, `--at N` only the row for so many at once, `--day N` a soak with days of so many seconds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a benchmark that cannot be run says so by panicking, and measures real time"
)]

use std::time::Duration;

mod addresses;
mod boards;
mod deciding;
mod duel;
mod forecast;
mod growth;
mod hotline;
mod house;
mod issue;
mod load;
mod next;
mod people;
mod reference;
mod soak;
mod start;
mod table;
mod wall;

/// Services of the measured halls.
pub const SERVICES: usize = 4;
/// Rounds of each comparison; the middle one counts.
const ROUNDS: usize = 5;

/// How the benchmarks are to be run.
pub struct Options {
    pub rounds: usize,
    pub full: bool,
    /// How long a service day of the soak takes.
    pub day: Option<Duration>,
    /// The silence between two calls to the boards; without one, enough for the slower side.
    pub gap: Option<Duration>,
    /// Of the rows, only the one for so many at once.
    at: Option<usize>,
    names: Vec<String>,
}

impl Options {
    fn read(words: &[String]) -> Self {
        let mut options = Self { rounds: ROUNDS, full: false, day: None, gap: None, at: None, names: Vec::new() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--full" => options.full = true,
                "--rounds" => options.rounds = words.next().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS).max(1),
                "--day" => options.day = words.next().and_then(|n| n.parse().ok()).map(Duration::from_secs),
                "--gap" => options.gap = words.next().and_then(|n| n.parse().ok()).map(Duration::from_millis),
                "--at" => options.at = words.next().and_then(|n| n.parse().ok()),
                // Cargo says that this is a benchmark.
                "--bench" => {}
                name => options.names.push(name.to_owned()),
            }
        }
        options
    }

    /// Whether the row for so many is wanted.
    #[must_use]
    pub fn wants_at(&self, many: usize) -> bool {
        self.at.is_none_or(|at| at == many)
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "reference") {
        return reference::run(&words[1..]);
    }
    let options = Options::read(&words);
    println!("{}", machine());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if options.wants("issue") {
            issue::run(&options).await;
        }
        if options.wants("next") {
            next::run(&options).await;
        }
        if options.wants("boards") {
            boards::run(&options).await;
        }
        if options.wants("growth") {
            growth::run(&options).await;
        }
        if options.wants("hotline") {
            hotline::run(&options).await;
        }
        if options.wants("addresses") {
            addresses::run(&options).await;
        }
        if options.wants("start") {
            start::run(&options).await;
        }
        if options.wants("forecast") {
            forecast::run(&options);
        }
        if options.wants("soak") {
            soak::run(&options).await;
        }
    });
}

/// What it is measured on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (cpu, load) = (read("/proc/cpuinfo"), read("/proc/loadavg"));
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("?", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("{model}, {cores} cores, Linux {}; load before: {}", kernel.trim(), load.trim())
}
