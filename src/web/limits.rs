//! How often one address or account may ask: token buckets in a bounded map, so that a flood costs nobody else anything.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::ids::OrderNo;

/// Addresses or accounts remembered by one gauge.
pub const REMEMBERED_MAX: usize = 10_000;
/// A token in thousandths, so that slow refills stay whole numbers.
const WHOLE: u64 = 1_000;

/// Wrong tails of one case within [`CASE_WINDOW_MS`]; then nobody may guess at it any more.
pub const CASE_GUESSES_MAX: u32 = 5;
/// In milliseconds.
pub const CASE_WINDOW_MS: i64 = 15 * 60 * 1_000;

/// Names every gauge once: the list that makes the buckets is the one of the type, so none can be forgotten.
macro_rules! gauges {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What is counted apart.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Gauge {
            $($(#[$doc])* $name,)*
        }

        impl Gauge {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

gauges! {
    /// Reading what everybody may read.
    Public,
    /// A customer's own ticket: leaving the line, rating.
    Customer,
    /// Asking to sign in, right or wrong.
    SignIn,
    /// Failed sign-ins.
    Failure,
    /// Making the first administrator.
    SetUp,
    /// Asking to become a device.
    StartPairing,
    /// Fetching what became of that.
    ClaimPairing,
    /// A telephone exchange at its webhook.
    Exchange,
    /// Looking up a case.
    Case,
}

impl Gauge {
    /// How many at once, and how many a minute after that.
    #[must_use]
    pub const fn rate(self) -> Rate {
        match self {
            // Many phones of one lobby share one address.
            Self::Public => Rate { burst: 300, per_minute: 1_200 },
            Self::Customer => Rate { burst: 30, per_minute: 60 },
            Self::SignIn => Rate { burst: 60, per_minute: 60 },
            Self::Failure => Rate { burst: 5, per_minute: 1 },
            Self::SetUp => Rate { burst: 5, per_minute: 2 },
            Self::StartPairing => Rate { burst: 10, per_minute: 5 },
            Self::ClaimPairing => Rate { burst: 60, per_minute: 120 },
            // Twenty calls a second, each with its few messages.
            Self::Exchange => Rate { burst: 1_000, per_minute: 6_000 },
            Self::Case => Rate { burst: 30, per_minute: 30 },
        }
    }
}

/// The size and the refill of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    pub burst: u32,
    pub per_minute: u32,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// In thousandths.
    tokens: u64,
    at_ms: i64,
}

/// Buckets of one rate, by key.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    remembered_max: usize,
    map: Mutex<HashMap<K, Bucket>>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Full buckets.
    #[must_use]
    pub fn new(rate: Rate, remembered_max: usize) -> Self {
        Self { rate, remembered_max, map: Mutex::default() }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// After how many seconds there is one again.
    pub fn take(&self, key: &K, now_ms: i64) -> Result<(), u32> {
        let mut map = self.lock();
        if map.len() >= self.remembered_max && !map.contains_key(key) {
            self.make_room(&mut map, now_ms);
        }
        let full = u64::from(self.rate.burst) * WHOLE;
        let bucket = map.entry(key.clone()).or_insert(Bucket { tokens: full, at_ms: now_ms });
        bucket.tokens = self.refilled(bucket, now_ms);
        bucket.at_ms = now_ms;
        if bucket.tokens >= WHOLE {
            bucket.tokens -= WHOLE;
            return Ok(());
        }
        let missing = WHOLE - bucket.tokens;
        let rest_s = (missing * 60).div_ceil(WHOLE * u64::from(self.rate.per_minute.max(1)));
        Err(u32::try_from(rest_s.max(1)).unwrap_or(u32::MAX))
    }

    /// Forgets what a key has used up.
    pub fn forgive(&self, key: &K) {
        self.lock().remove(key);
    }

    /// A clock that was set back refills nothing, and takes nothing away.
    fn refilled(&self, bucket: &Bucket, now_ms: i64) -> u64 {
        let elapsed_ms = u64::try_from(now_ms.saturating_sub(bucket.at_ms)).unwrap_or(0);
        let gained = elapsed_ms.saturating_mul(u64::from(self.rate.per_minute)) / 60;
        bucket.tokens.saturating_add(gained).min(u64::from(self.rate.burst) * WHOLE)
    }

    /// Forgets whoever is full again; if nobody is, everybody: a flood from everywhere is not stopped by remembering it.
    fn make_room(&self, map: &mut HashMap<K, Bucket>, now_ms: i64) {
        let full = u64::from(self.rate.burst) * WHOLE;
        map.retain(|_, bucket| self.refilled(bucket, now_ms) < full);
        if map.len() >= self.remembered_max {
            map.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Bucket>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wrong guesses at things, by what was guessed at: so many within a window, then none until it is over.
#[derive(Debug)]
pub struct Guesses<K> {
    max: u32,
    window_ms: i64,
    /// The first of the present window, and how many.
    map: Mutex<HashMap<K, (i64, u32)>>,
}

impl<K: Hash + Eq + Clone> Guesses<K> {
    fn new(max: u32, window_ms: i64) -> Self {
        Self { max, window_ms, map: Mutex::default() }
    }

    /// Counts a guess as a wrong one until [`Guesses::right`] says otherwise.
    ///
    /// # Errors
    /// After how many seconds one may guess again.
    pub fn attempt(&self, key: &K, now_ms: i64) -> Result<(), u32> {
        let mut map = self.lock();
        let is_over = |since: i64| now_ms.saturating_sub(since) >= self.window_ms;
        if map.len() >= REMEMBERED_MAX && !map.contains_key(key) {
            map.retain(|_, (since, _)| !is_over(*since));
        }
        // Whoever guesses at everything takes the place of the oldest, not of all.
        if map.len() >= REMEMBERED_MAX
            && !map.contains_key(key)
            && let Some(oldest) = map.iter().min_by_key(|(_, (since, _))| *since).map(|(key, _)| key.clone())
        {
            map.remove(&oldest);
        }
        let (since, count) = map.entry(key.clone()).or_insert((now_ms, 0));
        if is_over(*since) {
            (*since, *count) = (now_ms, 0);
        }
        if *count >= self.max {
            let left_ms = since.saturating_add(self.window_ms).saturating_sub(now_ms);
            return Err(u32::try_from(left_ms.div_euclid(1_000).saturating_add(1)).unwrap_or(u32::MAX));
        }
        *count += 1;
        Ok(())
    }

    /// The guess was right: it does not count.
    pub fn right(&self, key: &K) {
        if let Some((_, count)) = self.lock().get_mut(key) {
            *count = count.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, (i64, u32)>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every gauge of a server.
#[derive(Debug)]
pub struct Limits {
    by_gauge: HashMap<Gauge, Buckets<IpAddr>>,
    failures_of_accounts: Buckets<String>,
    /// Wrong guesses at a case, from anywhere.
    pub wrong_tails: Guesses<OrderNo>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            by_gauge: Gauge::ALL.iter().map(|gauge| (*gauge, Buckets::new(gauge.rate(), REMEMBERED_MAX))).collect(),
            failures_of_accounts: Buckets::new(Gauge::Failure.rate(), REMEMBERED_MAX),
            wrong_tails: Guesses::new(CASE_GUESSES_MAX, CASE_WINDOW_MS),
        }
    }
}

impl Limits {
    /// Takes a token of an address.
    ///
    /// # Errors
    /// After how many seconds there is one again.
    pub fn take(&self, gauge: Gauge, address: IpAddr, now_ms: i64) -> Result<(), u32> {
        self.by_gauge.get(&gauge).map_or(Ok(()), |buckets| buckets.take(&network(address), now_ms))
    }

    /// Counts an attempt to sign in as a failure until [`Limits::succeeded`] says otherwise.
    ///
    /// # Errors
    /// After how many seconds this account or address may try again.
    pub fn attempt(&self, account: &str, address: IpAddr, now_ms: i64) -> Result<(), u32> {
        self.take(Gauge::Failure, address, now_ms)?;
        self.failures_of_accounts.take(&account.to_owned(), now_ms)
    }

    /// The attempt was right.
    pub fn succeeded(&self, account: &str, address: IpAddr) {
        if let Some(buckets) = self.by_gauge.get(&Gauge::Failure) {
            buckets.forgive(&network(address));
        }
        self.failures_of_accounts.forgive(&account.to_owned());
    }
}

/// Who has one IPv6 address has a whole /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX))),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn five_at_once_then_one_a_minute() {
        let buckets = Buckets::new(Gauge::Failure.rate(), 10);
        assert!((0..5).all(|_| buckets.take(&"wang", 1_000).is_ok()));
        assert_eq!(buckets.take(&"wang", 1_000), Err(60));
        assert_eq!(buckets.take(&"wang", 31_000), Err(30));
        assert!(buckets.take(&"li", 31_000).is_ok());
        assert!(buckets.take(&"wang", 61_000).is_ok());
        assert!(buckets.take(&"wang", 61_000).is_err());
    }

    #[test]
    fn a_clock_set_back_gives_and_takes_nothing() {
        let buckets = Buckets::new(Rate { burst: 1, per_minute: 60 }, 10);
        assert!(buckets.take(&1, 10_000).is_ok());
        assert!(buckets.take(&1, 0).is_err());
        assert!(buckets.take(&1, 1_000).is_ok());
    }

    #[test]
    fn five_wrong_guesses_then_a_quarter_of_an_hour() {
        let guesses = Guesses::new(CASE_GUESSES_MAX, CASE_WINDOW_MS);
        assert!((0..5).all(|at| guesses.attempt(&"a", at).is_ok()));
        assert_eq!(guesses.attempt(&"a", 5), Err(900));
        assert_eq!((guesses.attempt(&"b", 5), guesses.attempt(&"a", CASE_WINDOW_MS)), (Ok(()), Ok(())));
    }

    #[test]
    fn right_guesses_do_not_count() {
        let guesses = Guesses::new(CASE_GUESSES_MAX, CASE_WINDOW_MS);
        for _ in 0..50 {
            assert!(guesses.attempt(&"a", 0).is_ok());
            guesses.right(&"a");
        }
    }

    #[test]
    fn guesses_at_everything_are_forgotten_one_by_one() {
        let guesses = Guesses::new(1, CASE_WINDOW_MS);
        let many = i64::try_from(REMEMBERED_MAX).unwrap();
        assert!((0..many + 10).all(|key| guesses.attempt(&key, key).is_ok()));
        assert!(guesses.lock().len() <= REMEMBERED_MAX);
        assert!(guesses.attempt(&many, many + 10).is_err());
    }

    #[test]
    fn memory_stays_bounded() {
        let buckets = Buckets::new(Rate { burst: 2, per_minute: 1 }, 100);
        for key in 0..10_000 {
            let _first = buckets.take(&key, 0);
        }
        assert!(buckets.lock().len() <= 100);
    }

    #[test]
    fn every_gauge_runs_out() {
        let limits = Limits::default();
        for gauge in Gauge::ALL {
            let burst = gauge.rate().burst;
            let took = (0..=burst).filter(|_| limits.take(*gauge, IpAddr::V4(Ipv4Addr::LOCALHOST), 0).is_ok()).count();
            assert_eq!(u32::try_from(took), Ok(burst), "{gauge:?}");
        }
    }

    #[test]
    fn one_network_is_one_address() {
        let limits = Limits::default();
        let at = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, n, 0, 0, n));
        let asked = (0..20).filter(|n| limits.take(Gauge::SetUp, at(*n), 0).is_ok()).count();
        assert_eq!(asked, 5);
    }
}
