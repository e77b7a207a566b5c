//! Which devices are looking now, and when each was heard last: in memory, for the lead's screen.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::hall::Hall;
use crate::domain::ids::DeviceId;
use crate::web::views::DeviceSeen;
use crate::web::wire::words::DeviceKind;

/// Devices remembered before those are forgotten that are not looking.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Seen {
    sockets: u32,
    at: DateTime<Utc>,
}

/// Which devices are looking now. Clones are the same register.
#[derive(Debug, Clone, Default)]
pub struct Presence {
    seen: Arc<Mutex<HashMap<DeviceId, Seen>>>,
}

impl Presence {
    fn lock(&self) -> MutexGuard<'_, HashMap<DeviceId, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device has opened a socket; it looks until the guard is dropped.
    #[must_use]
    pub(super) fn came(&self, device: DeviceId, now: DateTime<Utc>) -> Looking {
        let mut seen = self.lock();
        if seen.len() >= REMEMBERED_MAX {
            seen.retain(|_, one| one.sockets > 0);
        }
        let one = seen.entry(device).or_insert(Seen { sockets: 0, at: now });
        one.sockets += 1;
        one.at = now;
        Looking { presence: self.clone(), device }
    }

    /// The screens of the hall, and when each was heard last.
    #[must_use]
    pub fn of(&self, hall: &Hall) -> Vec<DeviceSeen> {
        let seen = self.lock();
        let told = hall.access.devices.values().filter_map(|device| {
            let one = seen.get(&device.id);
            Some(DeviceSeen {
                id: device.id.to_string(),
                // Other tokens belong to people and programs.
                kind: DeviceKind::of(device.kind)?,
                name: device.name.clone(),
                online: one.is_some_and(|one| one.sockets > 0),
                last_seen: one.map(|one| one.at),
            })
        });
        told.collect()
    }
}

/// A device that looks, until this is dropped.
#[derive(Debug)]
pub(super) struct Looking {
    presence: Presence,
    device: DeviceId,
}

impl Looking {
    /// The device was heard.
    pub(super) fn heard(&self, now: DateTime<Utc>) {
        if let Some(one) = self.presence.lock().get_mut(&self.device) {
            one.at = now;
        }
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(one) = self.presence.lock().get_mut(&self.device) {
            one.sockets = one.sockets.saturating_sub(1);
        }
    }
}
