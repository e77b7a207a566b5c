//! What a search text means, and whether a call or an order is meant by it: only what the reader may be shown is looked at.

use crate::domain::hotline::phone_word;
use crate::domain::hotline_call::HotlineCall;
use crate::domain::ids::HotlineCallId;
use crate::domain::phone::{AreaCode, Phone};
use crate::domain::text::FreeText;
use crate::domain::work_order::WorkOrder;
use crate::history::Asked;
use crate::web::problem::Problem;
use crate::web::wire::reader::{Reader, Scrub};

/// The longest search text, in characters.
pub const SEARCH_CHARS_MAX: usize = 100;
/// How many last digits of a number are enough: those that a masked number shows.
const TAIL: usize = 4;
/// The fewest digits of a text that is taken for a whole number.
const NUMBER_DIGITS_MIN: usize = 7;

/// A search text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// In small letters.
    text: String,
    /// The whole number that it is.
    number: Option<String>,
    /// The end of a number that it is.
    tail: Option<String>,
}

impl Question {
    /// Reads a search text; an empty one asks for everything.
    ///
    /// # Errors
    /// When it is too long.
    pub fn read(text: Option<&str>, area: Option<&AreaCode>) -> Result<Option<Self>, Problem> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
        if text.chars().count() > SEARCH_CHARS_MAX {
            return Err(Problem::invalid("q", "is longer than 100 characters"));
        }
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let number = if digits < NUMBER_DIGITS_MIN { None } else { Phone::read(text, area).ok().flatten() };
        let tail = (digits == TAIL && text.len() == TAIL).then(|| text.to_owned());
        Ok(Some(Self { text: text.to_lowercase(), number: number.map(|phone| phone.number().to_owned()), tail }))
    }

    /// The same question to history.
    #[must_use]
    pub fn to_history(&self) -> Asked {
        Asked { text: self.text.clone(), number: self.number.as_deref().map(phone_word) }
    }

    /// The call whose id it is.
    #[must_use]
    pub fn as_call(&self) -> Option<HotlineCallId> {
        self.text.parse().ok()
    }

    /// A piece of a longer number finds nothing: else a masked number could be guessed digit by digit.
    fn is_number(&self, phone: Option<&Phone>) -> bool {
        let Some(phone) = phone else { return false };
        self.number.as_deref() == Some(phone.number()) || self.tail.as_deref() == Some(phone.tail(TAIL))
    }

    fn is_in(&self, text: Option<&FreeText>) -> bool {
        text.is_some_and(|text| text.as_str().to_lowercase().contains(&self.text))
    }

    fn is_code(&self, code: Option<&FreeText>) -> bool {
        code.is_some_and(|code| code.as_str().to_lowercase() == self.text)
    }

    /// Whether this order is meant, as far as `reader` may know; `scrub` is what is kept from them.
    #[must_use]
    pub fn means_order(&self, order: &WorkOrder, reader: &Reader, scrub: &Scrub) -> bool {
        let told = |text: Option<&FreeText>| scrub.option(text).is_some_and(|text| text.to_lowercase().contains(&self.text));
        let address = &order.address;
        if order.no.to_string().contains(&self.text) || told(order.title.as_ref()) || told(order.description.as_ref()) {
            return true;
        }
        if self.is_in(address.community.as_ref()) || self.is_code(address.building.as_ref()) {
            return true;
        }
        if reader.is_kept_from(order) {
            return false;
        }
        let customer = &order.customer;
        let flat = self.is_code(address.room.as_ref()) || self.is_in(address.text.as_ref());
        let codes = self.is_code(customer.customer_no.as_ref()) || self.is_code(order.origin.external_no.as_ref());
        // Names are shown masked: by a piece of one only those find it who write names down.
        let named = if reader.handles { self.is_code(customer.name.as_ref()) } else { self.is_in(customer.name.as_ref()) };
        flat || codes || named || self.is_number(customer.phone.as_ref())
    }

    /// Whether this call is meant; for those who answer the telephone and lead.
    #[must_use]
    pub fn means_call(&self, call: &HotlineCall) -> bool {
        let fields = &call.fields;
        let address = &fields.address;
        let texts = [&fields.caller_name, &fields.description, &address.community, &address.text, &fields.promise];
        call.id.to_string() == self.text
            || texts.into_iter().any(|text| self.is_in(text.as_ref()))
            || self.is_code(fields.customer_no.as_ref())
            || self.is_number(fields.caller_number.as_ref())
            || self.is_number(fields.callback_number.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> Question {
        Question::read(Some(text), None).unwrap().unwrap()
    }

    #[test]
    fn a_masked_number_cannot_be_guessed_digit_by_digit() {
        let phone = Phone::read("13912345678", None).unwrap();
        for (asked, found) in
            [("13912345678", true), ("139 1234 5678", true), ("5678", true), ("1234", false), ("1391234", false), ("12345678", false)]
        {
            assert_eq!(question(asked).is_number(phone.as_ref()), found, "{asked}");
        }
    }

    #[test]
    fn a_search_text_has_its_bounds() {
        assert_eq!(Question::read(Some("  "), None).unwrap(), None);
        assert!(Question::read(Some(&"x".repeat(SEARCH_CHARS_MAX)), None).is_ok());
        assert!(Question::read(Some(&"x".repeat(SEARCH_CHARS_MAX + 1)), None).is_err());
    }
}
