//! How often one address or account may ask: token buckets in a bounded map, so that a flood costs nobody else anything.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Addresses or accounts remembered by one gauge.
pub const REMEMBERED_MAX: usize = 10_000;
/// A token in thousandths, so that slow refills stay whole numbers.
const WHOLE: u64 = 1_000;

/// What is counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gauge {
    /// Reading what everybody may read.
    Public,
    /// A customer's own ticket: leaving the line, rating.
    Customer,
    /// Asking to sign in, right or wrong.
    SignIn,
    /// Failed sign-ins.
    Failure,
    SetUp,
    StartPairing,
    ClaimPairing,
    /// A telephone exchange at its webhook.
    Exchange,
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

/// Every gauge of a server.
#[derive(Debug)]
pub struct Limits {
    by_gauge: HashMap<Gauge, Buckets<IpAddr>>,
    failures_of_accounts: Buckets<String>,
}

impl Default for Limits {
    fn default() -> Self {
        let gauges =
            [Gauge::Public, Gauge::Customer, Gauge::SignIn, Gauge::Failure, Gauge::SetUp, Gauge::StartPairing, Gauge::ClaimPairing];
        Self {
            by_gauge: gauges.into_iter().map(|gauge| (gauge, Buckets::new(gauge.rate(), REMEMBERED_MAX))).collect(),
            failures_of_accounts: Buckets::new(Gauge::Failure.rate(), REMEMBERED_MAX),
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
    fn memory_stays_bounded() {
        let buckets = Buckets::new(Rate { burst: 2, per_minute: 1 }, 100);
        for key in 0..10_000 {
            let _first = buckets.take(&key, 0);
        }
        assert!(buckets.lock().len() <= 100);
    }

    #[test]
    fn one_network_is_one_address() {
        let limits = Limits::default();
        let at = |n: u16| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, n, 0, 0, n));
        let asked = (0..20).filter(|n| limits.take(Gauge::SetUp, at(*n), 0).is_ok()).count();
        assert_eq!(asked, 5);
    }
}
