//! Pages of lists: how many at once, and the opaque cursor at which the next one begins.

use super::problem::{Code, Problem};

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
    number.ok_or_else(|| Problem::from(Code::BadRequest).detail("the cursor is not one of ours"))
}
