//! What the exchanges sent lately and what was made of it, for whoever has to find out why no call appears; numbers are masked.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;

use crate::domain::phone::{narrow_char, numbers_in};
use crate::domain::telephone::{Signal, SignalState, number_key};

/// Messages that are remembered.
pub const RECENT_MAX: usize = 500;
/// How much of one message is remembered, in characters.
pub const RECENT_TEXT_CHARS_MAX: usize = 400;
/// Digits from which on a number's beginning is shown beside its end.
const LONG_DIGITS: usize = 11;
/// How often the escapes of a form are undone.
const ESCAPES_UNDONE: usize = 3;
/// Shown at the end of a number.
const TAIL_DIGITS: usize = 4;
/// Shown at the beginning of a long number.
const HEAD_DIGITS: usize = 3;

/// The way by which a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The Zammad-compatible webhook.
    Zammad,
    /// Our own webhook.
    Neutral,
    /// The manager interface of an Asterisk.
    Ami,
}

/// What was made of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// A signal that told the hall something new.
    News(SignalState),
    /// A signal that told nothing new.
    Known(SignalState),
    /// Not about a call of ours, and why.
    Ignored(&'static str),
    /// It cannot be taken, and why.
    Refused(String),
    /// The hall could not take it in.
    Lost(String),
    /// A word about the connection itself.
    Line,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub at: DateTime<Utc>,
    pub way: Way,
    /// Which exchange.
    pub source: Arc<str>,
    /// The message, cut, with its numbers masked.
    pub text: String,
    /// The exchange's id of the call, where it was understood.
    pub call_id: Option<Arc<str>>,
    pub made: Made,
}

/// The last messages of all exchanges. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Recent(Arc<Mutex<VecDeque<Heard>>>);

impl Recent {
    /// Remembers a message; beyond [`RECENT_MAX`] the oldest is forgotten.
    pub fn push(&self, at: DateTime<Utc>, way: Way, source: &str, text: &str, about: Option<&Signal>, made: Made) {
        let call_id = about.map(|signal| Arc::clone(&signal.call_id));
        let heard = Heard { at, way, source: Arc::from(source), text: masked(text), call_id, made };
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever knocks again and again with the same nonsense must not push out what others sent.
        let again = |last: &&mut Heard| about.is_none() && (last.way, &last.text, &last.made) == (way, &heard.text, &heard.made);
        if let Some(last) = list.back_mut().filter(again) {
            last.at = at;
            return;
        }
        if list.len() >= RECENT_MAX {
            list.pop_front();
        }
        list.push_back(heard);
    }

    /// What came at `since` or later, newest first.
    #[must_use]
    pub fn since(&self, since: DateTime<Utc>) -> Vec<Heard> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().rev().filter(|heard| heard.at >= since).cloned().collect()
    }
}

/// A text cut to [`RECENT_TEXT_CHARS_MAX`], without control characters, in which no telephone number can be read.
#[must_use]
pub fn masked(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    // Masked before it is cut: half a number at the cut would not look like one.
    let chars: Vec<char> = unescaped(text).chars().take(RECENT_TEXT_CHARS_MAX.saturating_mul(2)).map(plain).collect();
    // Forms have more signs that may stand between digits than people write.
    let spaced: Vec<char> = chars.iter().map(|c| if matches!(c, '+' | '%' | '_') { ' ' } else { *c }).collect();
    let mut shown = String::new();
    let mut from = 0;
    for number in numbers_in(&spaced) {
        shown.extend(chars.get(from..number.start).into_iter().flatten());
        shown.push_str(&masked_digits(chars.get(number.clone()).unwrap_or_default()));
        from = number.end;
    }
    shown.extend(chars.get(from..).into_iter().flatten());
    shown.chars().take(RECENT_TEXT_CHARS_MAX).collect()
}

/// A text with the escapes of forms undone, as often as somebody may have escaped it; what stays of them parts no number.
fn unescaped(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..ESCAPES_UNDONE {
        if !text.contains('%') {
            break;
        }
        text = Cow::Owned(percent_decode_str(&text).decode_utf8_lossy().into_owned());
    }
    text
}

/// A number, with what stands between its digits, of which only the ends are shown.
fn masked_digits(number: &[char]) -> String {
    let digits: String = number.iter().copied().map(narrow_char).filter(char::is_ascii_digit).collect();
    let head = if digits.len() >= LONG_DIGITS { digits.get(..HEAD_DIGITS).unwrap_or_default() } else { "" };
    let tail = digits.get(digits.len().saturating_sub(TAIL_DIGITS)..).unwrap_or_default();
    format!("{head}****{tail}")
}

/// A number for a screen on which nobody has to dial it.
#[must_use]
pub fn masked_number(raw: &str) -> String {
    number_key(raw).map_or_else(|| masked(raw), |number| number.masked())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::telephone::Direction;

    fn at(s: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(s, 0).unwrap()
    }

    #[test]
    fn no_number_can_be_read() {
        for (text, shown) in [
            ("from=13900000001&to=96777", "from=139****0001&to=96777"),
            ("{\"from\":\"+86 139-0000-0001\"}", "{\"from\":\"+861****0001\"}"),
            ("Exten: 5550001", "Exten: ****0001"),
            ("(0532) 8888 6666 x", "(053****6666 x"),
            ("a\r\nb\u{7}", "a  b "),
            ("from=139+0000+0001&to=96777", "from=139****0001&to=96777"),
            ("from=139%200000%200001&to=96777", "from=139****0001&to=96777"),
            ("from=139%2B0000%252D0001&to=96777", "from=139****0001&to=96777"),
            ("from=%31390000%300001&user%5B%5D=%E7%8E%8B", "from=139****0001&user[]=王"),
            ("100%", "100%"),
        ] {
            assert_eq!(masked(text), shown);
        }
        assert_eq!(masked(&"供".repeat(RECENT_TEXT_CHARS_MAX + 1)).chars().count(), RECENT_TEXT_CHARS_MAX);
        let at_the_cut = format!("{}13900000001", "x".repeat(RECENT_TEXT_CHARS_MAX - 8));
        assert!(!masked(&at_the_cut).contains("0000"), "a number is masked before it is cut");
        assert_eq!(masked_number("+86 139 0000 0001"), "139****0001");
        assert_eq!(masked_number("sip:13900000001@x"), "sip:139****0001@x");
    }

    #[test]
    fn at_most_so_many_are_remembered_and_the_newest_comes_first() {
        let recent = Recent::default();
        let signal = Signal::new("pbx", "c1", SignalState::Ringing, Direction::In);
        for n in 0..=i64::try_from(RECENT_MAX).unwrap() {
            recent.push(at(n), Way::Neutral, "pbx", "{}", Some(&signal), Made::News(SignalState::Ringing));
        }
        let all = recent.since(at(0));
        assert_eq!(all.len(), RECENT_MAX);
        assert_eq!((all.first().map(|heard| heard.at), all.last().map(|heard| heard.at)), (Some(at(500)), Some(at(1))));
        assert_eq!(recent.since(at(499)).len(), 2);
        assert_eq!(all.first().and_then(|heard| heard.call_id.as_deref()), Some("c1"));
        for n in 600..700 {
            recent.push(at(n), Way::Zammad, "zammad", "x", None, Made::Refused("token".to_owned()));
        }
        assert_eq!((recent.since(at(600)).len(), recent.since(at(699)).len()), (1, 1), "the same nonsense is one entry");
    }
}
