//! What the doors remember in memory only: when a session was last used, and which pairings were redeemed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::domain::ids::SessionId;

/// A session that is not used ends after this long, in milliseconds.
pub const IDLE_MS_MAX: i64 = 2 * 3_600_000;
/// Sessions remembered before the forgotten ones are cleared out.
const REMEMBERED_MAX: usize = 20_000;

/// When each session was last used. After a restart all count as just used; the absolute limit holds all the same.
#[derive(Debug, Default)]
pub struct IdleTimes {
    used_ms: Mutex<HashMap<SessionId, i64>>,
}

impl IdleTimes {
    /// Notes that a session is used now; false when it had been idle for too long.
    #[must_use]
    pub fn touch(&self, session: SessionId, now_ms: i64) -> bool {
        let mut used = self.used_ms.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= REMEMBERED_MAX {
            used.retain(|_, at| now_ms.saturating_sub(*at) <= IDLE_MS_MAX);
        }
        let last = used.entry(session).or_insert(now_ms);
        // What has been idle for too long stays so, however often it is tried.
        if now_ms.saturating_sub(*last) > IDLE_MS_MAX {
            return false;
        }
        *last = now_ms.max(*last);
        true
    }

    /// Whether a session has been idle for too long. Looking at a screen is no use of it.
    #[must_use]
    pub fn is_over(&self, session: SessionId, now_ms: i64) -> bool {
        let used = self.used_ms.lock().unwrap_or_else(PoisonError::into_inner);
        used.get(&session).is_some_and(|last| now_ms.saturating_sub(*last) > IDLE_MS_MAX)
    }

    /// Forgets a session that was ended.
    pub fn forget(&self, session: SessionId) {
        self.used_ms.lock().unwrap_or_else(PoisonError::into_inner).remove(&session);
    }
}

/// Pairing claims that were redeemed lately, by their digests: whoever asks again is told so, not that they never existed.
#[derive(Debug, Default)]
pub struct UsedClaims {
    digests: Mutex<VecDeque<String>>,
}

/// Redeemed claims remembered.
const CLAIMS_MAX: usize = 200;

impl UsedClaims {
    /// Notes that a claim was redeemed.
    pub fn note_used(&self, digest: String) {
        let mut digests = self.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if digests.len() >= CLAIMS_MAX {
            digests.pop_front();
        }
        digests.push_back(digest);
    }

    /// Whether a claim was redeemed lately.
    #[must_use]
    pub fn were_used(&self, digest: &str) -> bool {
        self.digests.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|used| used == digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_left_alone_ends_and_stays_ended() {
        let idle = IdleTimes::default();
        assert!(idle.touch(SessionId(1), 0));
        assert!(idle.touch(SessionId(1), IDLE_MS_MAX));
        assert!(!idle.is_over(SessionId(1), 2 * IDLE_MS_MAX) && idle.is_over(SessionId(1), 2 * IDLE_MS_MAX + 1));
        assert!(!idle.is_over(SessionId(3), 2 * IDLE_MS_MAX), "what was not used since the start counts as just used");
        assert!(!idle.touch(SessionId(1), 2 * IDLE_MS_MAX + 1));
        assert!(!idle.touch(SessionId(1), 2 * IDLE_MS_MAX + 2));
        assert!(idle.touch(SessionId(2), 2 * IDLE_MS_MAX));
    }
}
