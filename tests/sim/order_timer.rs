//! The clocks of a work order as the order auditor knows them: what one may do, told from the journal's text.

use serde_json::Value;

/// One of an order's six clocks.
#[derive(Debug, Clone)]
pub struct Timer {
    pub json: Value,
    /// The breach of this due was told.
    pub told: bool,
    pub warned: u64,
}

pub fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_else(|| panic!("{field} is missing in {event}"))
}

pub fn word(value: &Value) -> Option<String> {
    value.as_str().map(ToOwned::to_owned)
}

pub fn ms(value: &Value) -> Option<i64> {
    value.as_str().map(|at| chrono::DateTime::parse_from_rfc3339(at).expect("an instant").timestamp_millis())
}

pub fn number(clock: &Value, field: &str) -> i64 {
    clock[field].as_i64().unwrap_or_else(|| panic!("{field} is missing in {clock}"))
}

/// The least use of a clock, in milliseconds, at which a mark is reached.
pub fn mark_ms(total: i64, percent: u64) -> i64 {
    match percent {
        50 => total - total / 2,
        80 => total - total / 5,
        _ => total,
    }
}

impl Timer {
    pub fn runs(&self) -> bool {
        self.json["running_since"].is_string()
    }

    pub fn due(&self) -> Option<i64> {
        ms(&self.json["due"])
    }
}

/// A clock that stops keeps what was left, to the millisecond; one that goes on has what it had.
pub fn moved(what: &str, no: &str, old: &Value, new: &Value, at: i64) {
    let natural = new["pace"] == "natural";
    let (was, is) = (number(old, "remaining_ms"), number(new, "remaining_ms"));
    let since = ms(&old["running_since"]);
    match (since, ms(&new["running_since"])) {
        (Some(since), None) if natural => assert_eq!(is, was - (at.max(since) - since), "{no}: {what} stopped a clock inexactly"),
        (None, None) if what != "extension_granted" => assert_eq!(is, was, "{no}: {what} changed a clock that stood"),
        (None, Some(_)) if what != "extension_granted" => assert_eq!(is, was, "{no}: {what} gave a clock other time than it had"),
        (Some(_), Some(_)) if what != "extension_granted" => {
            assert_eq!((is, &new["due"]), (was, &old["due"]), "{no}: {what} moved a due");
        }
        _ => {}
    }
}

/// Warnings and breaches: of a clock that runs, at its instant or later, once.
pub fn check_told(what: &str, no: &str, timer: &Timer, event: &Value, at: i64) {
    let kind = text(event, "clock");
    assert!(timer.runs() && !timer.told, "{no}: {what} of {kind}, which does not run or was told: {}", timer.json);
    assert_eq!(ms(&event["due"]), timer.due(), "{no}: {what} of another due");
    if what == "clock_breached" {
        assert!(timer.due().is_some_and(|due| due <= at), "{no}: {kind} was told to be late before it was");
        return;
    }
    let percent = if event["mark"] == "warn50" { 50 } else { 80 };
    assert!(percent > timer.warned, "{no}: {kind} was warned of twice");
    if timer.json["pace"] == "natural" {
        let (total, left) = (number(&timer.json, "total_ms"), number(&timer.json, "remaining_ms"));
        let since = ms(&timer.json["running_since"]).expect("it runs");
        assert!(since + mark_ms(total, percent) - (total - left) <= at, "{no}: {kind} was warned of early");
    }
}

pub fn name(actor: &str) -> String {
    actor.split_once(':').map_or(actor, |(_, name)| name).to_owned()
}
