//! Notices that a community calls more often than chance explains: the first sign of an outage (片区事件).
//!
//! A fixed rule ("three calls in half an hour") cries wolf on busy days and sleeps on quiet ones. Here the calls of one
//! community are compared with what everybody else's calls foretell of it. Under the ordinary course, a community that
//! holds the share *s* of all rooms makes *s / (1 − s)* calls for each call of the others, as a Poisson variable *K*; the
//! watch speaks when `P(K ≥ k)`, the upper tail at the *k* calls that came, is below [`CHANCE_MAX`]. That tail is
//! `Σ_{i ≥ k} e^{−λ} λ^i / i!` (any text on the Poisson distribution; NIST/SEMATECH e-Handbook of Statistical Methods,
//! 1.3.6.6.19). Against 500 communities and 3,000 calls a day a fixed threshold of three gives about twenty false
//! clusters a day, this one less than a tenth of one; the threshold follows the rate: about 3 calls at 300 a day, 5 at 3,000.
//!
//! The watch looks whenever a call comes, and a call sees the other `k − 1` as the ordinary course brings them (Slivnyak's
//! theorem). So `P(K ≥ k − 1)` is how often a call raises a false alarm, and at the present pace of calls that may come to
//! no more than [`FALSE_A_DAY_MAX`].
//!
//! Two windows are looked at: half an hour, for what comes slowly, and five minutes, because on the first cold day half an
//! hour of 16,000 calls hides eight. Each may err half as often, so that both together keep the promise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The length of a bin, in milliseconds: calls are counted, not kept.
const BIN_MS: i64 = 30_000;
/// The long window, in bins: half an hour.
pub const WINDOW_BINS: u32 = 60;
/// The short window, in bins: five minutes, and the one that has begun.
pub const SHORT_BINS: u32 = 11;
/// Calls in the long window; beyond, the oldest bins are dropped. Half an hour at twenty calls a second is 36,000.
pub const CALLS_MAX: u32 = 50_000;
/// Fewer calls than this are never a suspicion, however unlikely.
pub const CALLS_MIN: u32 = 3;
/// A suspicion is as unlikely as this in the ordinary course, or more.
pub const CHANCE_MAX: f64 = 1e-5;
/// False suggestions a day that chance may raise, both windows together.
pub const FALSE_A_DAY_MAX: f64 = 0.1;
/// Where a community's share is not known, it is taken to be this many times the mean.
const UNKNOWN_TIMES_MEAN: u32 = 3;
/// Communities that few calls can make believe in: without an address book a town is taken to have no more than this until more
/// were heard of.
const TOWN_BELIEVED_MAX: u32 = 500;
/// Words of the sketch that counts communities: 4,096 bits.
const SKETCH_WORDS: u32 = 128;
/// All of the rooms, in millionths.
const WHOLE_PPM: u32 = 1_000_000;
/// Long windows in a day.
const WINDOWS_A_DAY: u32 = 48;
/// The smallest chance that is told, as a power of ten.
const EXPONENT_MAX: u8 = 30;

/// A community that calls more often than chance explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspicion {
    pub community: Arc<str>,
    /// Its calls in the window, the present one included.
    pub calls: u32,
    /// The window's length, in seconds.
    pub window_s: u32,
    /// The calls that the others' calls foretell of it, in thousandths of a call.
    pub expected_milli: u32,
    /// So many calls, or more, come with a chance below one in ten to the power of this.
    pub chance_exponent: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bin {
    /// Number of the bin since 1970.
    at: i64,
    total: u32,
    calls: BTreeMap<Arc<str>, u32>,
}

/// Counts calls by community over the last half hour. It lives in the hall's state: what goes in and what is stored are
/// whole numbers and names, so the same calls give the same watch everywhere; only [`ClusterWatch::judge`] computes
/// with fractions, and what it finds becomes an event before anybody folds it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterWatch {
    /// Oldest first; only bins with calls.
    bins: VecDeque<Bin>,
    /// Suspected and not yet calm.
    suspected: BTreeSet<Arc<str>>,
    /// A bit for each community that ever called, by its hash; empty before the first.
    seen: Vec<u32>,
    /// Calls that were ever counted. Zero beside `seen` in a watch that was stored before they were: then how many there were is not known.
    counted: u64,
}

impl ClusterWatch {
    /// Counts a call, and tells whether its community has become suspect with it. The same as [`Self::judge`],
    /// [`Self::count`] and, on a suspicion, [`Self::mark`].
    ///
    /// A repeated call of the same caller is not to be counted: it says nothing new about the area.
    pub fn note(&mut self, at: DateTime<Utc>, community: &str, share_ppm: Option<u32>) -> Option<Suspicion> {
        let found = self.judge(at, community, share_ppm);
        self.count(at, community);
        if found.is_some() {
            self.mark(community);
        }
        found
    }

    /// Whether `community` becomes suspect with one more call at `at`. `share_ppm` is its share of all rooms in millionths,
    /// from the address book; where it is not known, three times the mean is taken, see [`Self::unknown_share`].
    ///
    /// A community once suspected is not found again until it has calmed: fewer than [`CALLS_MIN`] calls in half an hour.
    #[must_use]
    pub fn judge(&self, at: DateTime<Utc>, community: &str, share_ppm: Option<u32>) -> Option<Suspicion> {
        let now = self.bin_of(at);
        let (long_all, long_own) = self.counted(now, WINDOW_BINS, community);
        if long_own.saturating_add(1) < CALLS_MIN || (long_own >= CALLS_MIN && self.suspected.contains(community)) {
            return None;
        }
        let share = share_ppm.filter(|share| *share > 0).unwrap_or_else(|| self.unknown_share(long_own)).min(WHOLE_PPM);
        let (short_all, short_own) = self.counted(now, SHORT_BINS, community);
        // One call more than the others made: an empty window must not foretell nothing at all.
        let long_others = (long_all - long_own).saturating_add(1);
        let short_others = (short_all - short_own).saturating_add(1);
        // Of a rate that rises and one that falls, the higher foretells the short window.
        let steady = long_others.saturating_mul(SHORT_BINS).div_ceil(WINDOW_BINS);
        let looks = [(WINDOW_BINS, long_own, long_others), (SHORT_BINS, short_own, short_others.max(steady))];
        // Each window has half of the chance and of the false alarms.
        let alarm_max = FALSE_A_DAY_MAX / 2.0 / f64::from(long_others.saturating_mul(WINDOWS_A_DAY));
        looks.into_iter().find_map(|(bins, own, others)| {
            let calls = own.saturating_add(1);
            let mean = expected(others, share)?;
            let chance = tail(mean, calls);
            let strange = calls >= CALLS_MIN && chance < CHANCE_MAX / 2.0 && tail(mean, own) < alarm_max;
            strange.then(|| Suspicion {
                community: Arc::from(community),
                calls,
                window_s: bins * u32::try_from(BIN_MS / 1_000).unwrap_or(u32::MAX),
                expected_milli: expected_milli(others, share),
                chance_exponent: exponent(chance),
            })
        })
    }

    /// Counts a call. Time does not go back here: a call from before the newest bin is counted in it.
    pub fn count(&mut self, at: DateTime<Utc>, community: &str) {
        let now = self.bin_of(at);
        self.forget_before(now);
        if self.counted > 0 || self.seen.is_empty() {
            self.counted = self.counted.saturating_add(1);
        }
        self.remember(community);
        if self.bins.back().is_none_or(|bin| bin.at < now) {
            self.bins.push_back(Bin { at: now, total: 0, calls: BTreeMap::new() });
        }
        if let Some(bin) = self.bins.back_mut() {
            bin.total = bin.total.saturating_add(1);
            match bin.calls.get_mut(community) {
                Some(calls) => *calls = calls.saturating_add(1),
                None => {
                    bin.calls.insert(Arc::from(community), 1);
                }
            }
        }
    }

    /// Takes a community as known to be in trouble: nothing is suggested of it until it has calmed. Also for incidents that
    /// people opened themselves, once its calls are counted.
    pub fn mark(&mut self, community: &str) {
        self.suspected.insert(Arc::from(community));
    }

    /// Calls of a community in the half hour before `at`.
    #[must_use]
    pub fn calls(&self, at: DateTime<Utc>, community: &str) -> u32 {
        self.counted(self.bin_of(at), WINDOW_BINS, community).1
    }

    /// Communities that are suspected and, as of the last counted call, not calm.
    pub fn suspected(&self) -> impl Iterator<Item = &str> {
        self.suspected.iter().map(AsRef::as_ref)
    }

    fn bin_of(&self, at: DateTime<Utc>) -> i64 {
        let bin = at.timestamp_millis().div_euclid(BIN_MS);
        self.bins.back().map_or(bin, |newest| newest.at.max(bin))
    }

    /// All calls, and those of one community, in the last `bins` bins.
    fn counted(&self, now: i64, bins: u32, community: &str) -> (u32, u32) {
        let first = now - i64::from(bins);
        let window = self.bins.iter().rev().take_while(|bin| bin.at > first);
        window.fold((0, 0), |(all, own), bin| {
            (all.saturating_add(bin.total), own.saturating_add(bin.calls.get(community).copied().unwrap_or(0)))
        })
    }

    fn forget_before(&mut self, now: i64) {
        let first = now - i64::from(WINDOW_BINS);
        let mut total = self.bins.iter().fold(0, |all: u32, bin| all.saturating_add(bin.total));
        while let Some(oldest) = self.bins.front().filter(|bin| bin.at <= first || total >= CALLS_MAX) {
            total = total.saturating_sub(oldest.total);
            self.bins.pop_front();
        }
        let calm = |one: &Arc<str>| self.counted(now, WINDOW_BINS, one).1 < CALLS_MIN;
        let calmed: Vec<Arc<str>> = self.suspected.iter().filter(|one| calm(one)).cloned().collect();
        for one in calmed {
            self.suspected.remove(&one);
        }
    }

    fn remember(&mut self, community: &str) {
        let words = usize::try_from(SKETCH_WORDS).unwrap_or(0);
        if self.seen.len() != words {
            self.seen.resize(words, 0);
        }
        let hash = fnv1a(community);
        let word = usize::try_from(hash / u32::BITS % SKETCH_WORDS).unwrap_or(0);
        if let Some(word) = self.seen.get_mut(word) {
            *word |= 1 << (hash % u32::BITS);
        }
    }

    /// The share taken where none is known: some times the mean of the communities that the calls let expect.
    ///
    /// The communities heard of so far are too few in the first hours: forty calls from forty communities are no town of forty,
    /// for in one of those some would have called twice by then. In a town of *N* equal ones, *n* calls are heard from about
    /// *N (1 − e^(−n/N))* different ones; the *N* that fits is taken, from one community fewer than there were, so that three
    /// calls that happen to differ prove nothing. When many have called it comes down to those heard of. Unequal
    /// communities, and those that fall on the same bit, make it smaller, which errs to the quiet side. The `own` calls of the
    /// community that is judged say nothing of the others.
    fn unknown_share(&self, own: u32) -> u32 {
        let seen: u32 = self.seen.iter().map(|word| word.count_ones()).sum();
        let others = seen.saturating_sub(u32::from(own > 0));
        let calls = u32::try_from(self.counted.saturating_sub(u64::from(own))).unwrap_or(u32::MAX);
        let town = town_of(calls, others.saturating_sub(1)).max(others).max(1);
        (WHOLE_PPM / town).saturating_mul(UNKNOWN_TIMES_MEAN)
    }
}

/// How many equal communities a town has in which `calls` calls are heard from `heard` of them: the most that still let expect
/// no more, up to [`TOWN_BELIEVED_MAX`]; none where nothing can be told.
fn town_of(calls: u32, heard: u32) -> u32 {
    if heard == 0 || heard >= calls {
        return 0;
    }
    let lets_expect = |town: u32| f64::from(town) * -(-f64::from(calls) / f64::from(town)).exp_m1();
    // What is expected grows with the town.
    let (mut fits, mut too_large) = (heard, TOWN_BELIEVED_MAX.max(heard) + 1);
    while too_large - fits > 1 {
        let town = u32::midpoint(fits, too_large);
        if lets_expect(town) <= f64::from(heard) {
            fits = town;
        } else {
            too_large = town;
        }
    }
    fits
}

/// FNV-1a, 32 bits: the same on every machine.
fn fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Calls foretold of a community with `share` when the others make `others`; `None` when it is everybody.
fn expected(others: u32, share_ppm: u32) -> Option<f64> {
    let rest = WHOLE_PPM.checked_sub(share_ppm).filter(|rest| *rest > 0)?;
    Some(f64::from(others) * f64::from(share_ppm) / f64::from(rest))
}

/// The same, told in thousandths.
fn expected_milli(others: u32, share_ppm: u32) -> u32 {
    let rest = u64::from(WHOLE_PPM.saturating_sub(share_ppm).max(1));
    let milli = u64::from(others) * u64::from(share_ppm) * 1_000 / rest;
    u32::try_from(milli).unwrap_or(u32::MAX)
}

/// `P(K ≥ k)` of a Poisson variable with mean `lambda`. Where `k` is not above the mean, 1 is told: nothing to wonder at.
fn tail(lambda: f64, k: u32) -> f64 {
    if f64::from(k) <= lambda || lambda <= 0.0 {
        return 1.0;
    }
    // By logarithms, so that neither the power nor the factorial overflows; then the terms only fall.
    let ln_first = (1..=k).fold(-lambda, |sum, i| sum + (lambda / f64::from(i)).ln());
    let mut term = ln_first.exp();
    let mut sum = 0.0;
    for i in k.. {
        sum += term;
        term *= lambda / (f64::from(i) + 1.0);
        if term <= sum * 1e-12 {
            break;
        }
    }
    f64::min(sum, 1.0)
}

/// The largest whole number e with `chance < 10^−e`.
fn exponent(chance: f64) -> u8 {
    let mut bound = 0.1;
    let mut exponent = 0;
    while chance < bound && exponent < EXPONENT_MAX {
        exponent += 1;
        bound /= 10.0;
    }
    exponent
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
pub(super) mod tests;
