//! Writes values down as JSON in memory that is about large enough from the beginning: growing it step by step costs a small press
//! as much as the writing.

use serde::Serialize;
use serde::ser::Error as _;

/// Large enough for most events, in bytes.
pub(crate) const EVENT_BYTES: usize = 640;
/// Large enough for most answers, in bytes.
pub(crate) const ANSWER_BYTES: usize = 1_536;
/// Large enough for what most screens show, in bytes.
pub(crate) const SCREEN_BYTES: usize = 6_144;

/// The text of a value, which is expected to be about `bytes` long and may be of any length.
///
/// # Errors
/// When the value has no text.
pub(crate) fn text(value: &(impl Serialize + ?Sized), bytes: usize) -> serde_json::Result<String> {
    let mut out = Vec::with_capacity(bytes);
    serde_json::to_writer(&mut out, value)?;
    String::from_utf8(out).map_err(serde_json::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_length_changes_nothing() {
        let value = ["暖厅", "Warmhall"];
        for bytes in [0, 8, 4_096] {
            assert_eq!(text(&value, bytes).unwrap(), serde_json::to_string(&value).unwrap());
        }
    }
}
