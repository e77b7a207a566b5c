//! Spells every Redis key of a hall; nobody else does.
//!
//! All keys of a hall share one hash tag (`wh:{<hall id>}:…`), so that a hall is one slot of a cluster and one
//! script may touch all of it. What stands beside the log is named by a *suffix* from this file.

use thiserror::Error;

use super::Suffix;

/// The longest hall id, in characters.
pub const HALL_ID_CHARS_MAX: usize = 32;

/// Suffixes the journal keeps for itself: no write beside the log may name them.
const RESERVED: [&str; 3] = ["meta", "events", "snapshot"];
const RESERVED_REPLIES: &str = "replies:";

/// Why a name cannot become a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The hall id is empty, too long, or has other characters than `a-z`, `0-9` and `-`.
    #[error("a hall id is 1 to {HALL_ID_CHARS_MAX} characters of a-z, 0-9 and '-': {0:?}")]
    HallId(String),
    /// The suffix belongs to the journal itself.
    #[error("the key {0:?} belongs to the journal itself")]
    Reserved(String),
}

/// The keys of one hall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HallKeys {
    hall_id: String,
    prefix: String,
}

impl HallKeys {
    /// Checks the hall id; a hall's keys can then never meet another hall's.
    ///
    /// # Errors
    /// [`KeyError::HallId`] when it cannot stand in a key.
    pub fn new(hall_id: &str) -> Result<Self, KeyError> {
        let letters = hall_id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if hall_id.is_empty() || hall_id.len() > HALL_ID_CHARS_MAX || !letters {
            return Err(KeyError::HallId(hall_id.to_owned()));
        }
        Ok(Self { hall_id: hall_id.to_owned(), prefix: format!("wh:{{{hall_id}}}:") })
    }

    /// The hall these keys belong to.
    #[must_use]
    pub fn hall_id(&self) -> &str {
        &self.hall_id
    }

    /// Hash: `epoch`, `rev`, `chain`, `base`, `base_chain`, `version`, `owner`.
    pub(crate) fn meta(&self) -> String {
        self.with("meta")
    }

    /// Stream: one entry `<rev>-0` for each event, fields `event` (JSON) and `h` (chained hash).
    pub(crate) fn events(&self) -> String {
        self.with("events")
    }

    /// Hash: rev, json, sum.
    pub(crate) fn snapshot(&self) -> String {
        self.with("snapshot")
    }

    /// Hash: the replies given on one service day, by [`reply_field`].
    pub(crate) fn replies(&self, day: &str) -> String {
        format!("{}{RESERVED_REPLIES}{day}", self.prefix)
    }

    /// The full key of something beside the log. The journal's own keys are refused.
    pub(crate) fn beside(&self, suffix: &str) -> Result<String, KeyError> {
        if RESERVED.contains(&suffix) || suffix.starts_with(RESERVED_REPLIES) {
            return Err(KeyError::Reserved(suffix.to_owned()));
        }
        Ok(self.with(suffix))
    }

    fn with(&self, suffix: &str) -> String {
        format!("{}{suffix}", self.prefix)
    }
}

/// The field of a kept reply: the scope's length keeps `a` + `b:c` apart from `a:b` + `c`.
pub(crate) fn reply_field(scope: &str, key: &str) -> String {
    format!("{}:{scope}:{key}", scope.len())
}

/// Sorted set: who waits at a service.
#[must_use]
pub fn line(service: &str) -> Suffix {
    format!("line:{service}").into()
}

/// Sorted set: who waits for one counter.
#[must_use]
pub fn counter_line(counter: &str) -> Suffix {
    format!("line@{counter}").into()
}

/// Hash: today's tickets, each as `number state service counter`.
#[must_use]
pub fn tickets() -> Suffix {
    Suffix::Borrowed("tickets")
}

/// Hash: the counters and their states.
#[must_use]
pub fn counters() -> Suffix {
    Suffix::Borrowed("counters")
}

/// Text: the service day that is open.
#[must_use]
pub fn day() -> Suffix {
    Suffix::Borrowed("day")
}

/// Hash: the work orders that are not over, each as `state team handler`.
#[must_use]
pub fn orders() -> Suffix {
    Suffix::Borrowed("orders")
}

/// Sorted set: the orders that wait for somebody of a team to claim them, by their next due clock.
#[must_use]
pub fn team_orders(team: &str) -> Suffix {
    format!("orders:{team}").into()
}

/// Sorted set: everything that falls due, by due time.
#[must_use]
pub fn due() -> Suffix {
    Suffix::Borrowed("due")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_hall_shares_its_hash_tag() {
        let keys = HallKeys::new("heating-01").unwrap();
        for key in [keys.meta(), keys.events(), keys.snapshot(), keys.replies("2026-11-23"), keys.beside("line:A").unwrap()] {
            assert!(key.starts_with("wh:{heating-01}:"), "{key}");
        }
    }

    #[test]
    fn hall_ids_that_could_break_out_of_the_tag_are_refused() {
        for bad in ["", "A", "a}b", "a:b", "a b", "厅", &"a".repeat(33)] {
            assert_eq!(HallKeys::new(bad), Err(KeyError::HallId(bad.to_owned())));
        }
        assert!(HallKeys::new(&"a".repeat(32)).is_ok());
    }

    #[test]
    fn the_journals_own_keys_cannot_be_written_beside_it() {
        let keys = HallKeys::new("h").unwrap();
        for own in ["meta", "events", "snapshot", "replies:2026-11-23"] {
            assert_eq!(keys.beside(own), Err(KeyError::Reserved(own.to_owned())));
        }
    }

    #[test]
    fn a_scope_cannot_imitate_another_scopes_key() {
        assert_ne!(reply_field("a", "b:c"), reply_field("a:b", "c"));
    }
}
