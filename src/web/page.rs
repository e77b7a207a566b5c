//! Pages of lists: how many at once, and the opaque cursor at which the next one begins.

use chrono::{DateTime, Utc};

use super::problem::{Code, Problem};
use crate::domain::ids::{OrderNo, PhoneCallId};

/// Items on a page when nothing is said.
pub const LIMIT: usize = 50;
/// Items on a page at most.
pub const LIMIT_MAX: usize = 500;

/// How many are asked for.
///
/// # Errors
/// When it is none, or more than [`LIMIT_MAX`].
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(LIMIT),
        Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::invalid("limit", "is 1 to 500")),
    }
}

/// The cursor behind an item with this number.
#[must_use]
pub fn cursor(number: u64) -> String {
    format!("c{number:x}")
}

/// The number behind which to go on; 0 without a cursor.
///
/// # Errors
/// When it is no cursor of ours.
pub fn after(cursor: Option<&str>) -> Result<u64, Problem> {
    let Some(cursor) = cursor else { return Ok(0) };
    let number = cursor.strip_prefix('c').and_then(|hex| u64::from_str_radix(hex, 16).ok());
    number.ok_or_else(not_ours)
}

fn not_ours() -> Problem {
    Problem::from(Code::BadRequest).detail("the cursor is not one of ours")
}

/// The cursor behind an order: in a list by number, or in one by due instant.
#[must_use]
pub fn order_cursor(due_ms: Option<i64>, no: OrderNo) -> String {
    match due_ms {
        None => format!("n{no}"),
        Some(due_ms) => format!("d{due_ms}.{no}"),
    }
}

/// The order behind which a list by number goes on.
///
/// # Errors
/// When it is no cursor of ours.
pub fn after_order(cursor: Option<&str>) -> Result<Option<OrderNo>, Problem> {
    let no = |cursor: &str| cursor.strip_prefix('n')?.parse().ok();
    cursor.map(|cursor| no(cursor).ok_or_else(not_ours)).transpose()
}

/// The due instant, in Unix milliseconds, and order behind which a list by due instant goes on.
///
/// # Errors
/// When it is no cursor of ours.
pub fn after_due(cursor: Option<&str>) -> Result<Option<(i64, OrderNo)>, Problem> {
    let key = |cursor: &str| {
        let (due_ms, no) = cursor.strip_prefix('d')?.split_once('.')?;
        Some((due_ms.parse().ok()?, no.parse().ok()?))
    };
    cursor.map(|cursor| key(cursor).ok_or_else(not_ours)).transpose()
}

/// The cursor behind a missed caller: the instant in Unix nanoseconds, and the call, of the first miss.
#[must_use]
pub fn missed_cursor(first_at: DateTime<Utc>, first_call: PhoneCallId) -> String {
    format!("m{}.{}", first_at.timestamp_nanos_opt().unwrap_or(i64::MAX), first_call.0)
}

/// The first miss of the caller behind whom a list of missed callers goes on.
///
/// # Errors
/// When it is no cursor of ours.
pub fn after_missed(cursor: Option<&str>) -> Result<Option<(DateTime<Utc>, PhoneCallId)>, Problem> {
    let first = |cursor: &str| {
        let (at, call) = cursor.strip_prefix('m')?.split_once('.')?;
        Some((DateTime::from_timestamp_nanos(at.parse().ok()?), PhoneCallId(call.parse().ok()?)))
    };
    cursor.map(|cursor| first(cursor).ok_or_else(not_ours)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_where_it_was_made() {
        let no: OrderNo = "20261123-0001".parse().unwrap();
        assert_eq!(after_order(Some(&order_cursor(None, no))).unwrap(), Some(no));
        assert_eq!(after_due(Some(&order_cursor(Some(-7), no))).unwrap(), Some((-7, no)));
        assert_eq!(after(Some(&cursor(7))).unwrap(), 7);
        let missed = (DateTime::from_timestamp(1_795_420_800, 1).unwrap(), PhoneCallId(7));
        assert_eq!(after_missed(Some(&missed_cursor(missed.0, missed.1))).unwrap(), Some(missed));
        assert!(after_missed(Some("m1")).is_err() && after_missed(Some("m1.pc_1")).is_err());
        for bad in ["", "n", "nonsense", "d1", "d.20261123-0001", "c", "cx"] {
            assert!(after_order(Some(bad)).is_err() && after_due(Some(bad)).is_err() && after(Some(bad)).is_err(), "{bad}");
        }
    }
}
