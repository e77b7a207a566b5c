//! How many may look at once, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sockets of one process at most.
pub const SOCKETS_MAX: usize = 20_000;
/// Sockets of one address whose holders did not say who they are: phones behind the lobby's own network share one.
pub const ANONYMOUS_SOCKETS_MAX: u32 = 50;

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    Full,
    TooManyFromThere,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    anonymous: HashMap<IpAddr, u32>,
}

/// The places of one process. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Places {
    taken: Arc<Mutex<Taken>>,
    sockets_max: usize,
    anonymous_max: u32,
}

impl Places {
    pub(super) fn new(sockets_max: usize, anonymous_max: u32) -> Self {
        Self { taken: Arc::default(), sockets_max, anonymous_max }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sockets are open.
    pub(super) fn taken(&self) -> usize {
        self.lock().all
    }

    /// Takes a place until the guard is dropped; `anonymous` is the address of somebody who did not say who they are.
    pub(super) fn take(&self, anonymous: Option<IpAddr>) -> Result<Place, NoPlace> {
        let mut taken = self.lock();
        if taken.all >= self.sockets_max {
            return Err(NoPlace::Full);
        }
        if let Some(address) = anonymous {
            let there = taken.anonymous.entry(address).or_insert(0);
            if *there >= self.anonymous_max {
                return Err(NoPlace::TooManyFromThere);
            }
            *there += 1;
        }
        taken.all += 1;
        Ok(Place { places: self.clone(), anonymous })
    }
}

/// A place that is taken, until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    anonymous: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(address) = self.anonymous
            && let Some(there) = taken.anonymous.get_mut(&address)
        {
            *there = there.saturating_sub(1);
            if *there == 0 {
                taken.anonymous.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back_and_never_more_than_there_are() {
        let places = Places::new(3, 2);
        let phone = Some(IpAddr::from([10, 0, 0, 1]));
        let first = places.take(phone).unwrap();
        let _second = places.take(phone).unwrap();
        assert_eq!(places.take(phone).unwrap_err(), NoPlace::TooManyFromThere);
        let _board = places.take(None).unwrap();
        assert_eq!(places.take(None).unwrap_err(), NoPlace::Full);
        drop(first);
        assert_eq!(places.taken(), 2);
        assert!(places.take(phone).is_ok());
        assert_eq!(places.lock().anonymous.len(), 1);
    }
}
