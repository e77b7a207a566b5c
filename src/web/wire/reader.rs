//! Who reads a call or an order, as far as that decides what they are shown: names and numbers are masked for everybody, and a
//! sealed identity is kept from those who handle orders.

use std::sync::Arc;

use crate::domain::hall::Hall;
use crate::domain::ids::TeamId;
use crate::domain::phone::Phone;
use crate::domain::text::FreeText;
use crate::domain::work_order::WorkOrder;

/// What stands in a text where a sealed identity stood.
pub const BLANK: &str = "***";
/// Words of an identity that are shorter than this are not looked for in texts, in characters.
const TELLING_CHARS_MIN: usize = 2;
/// The same for the number of a flat: `3` stands in every text.
const ROOM_CHARS_MIN: usize = 3;

/// Somebody who reads, or a screen that several read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// As written into events.
    pub actor: Arc<str>,
    /// Reads as a handler only: sealed identities stay sealed.
    pub handles: bool,
    /// The teams whose orders a handler sees; none named is all of them.
    pub teams: Arc<[TeamId]>,
}

impl Reader {
    /// A team's screen, whoever looks at it: it shows no more than a handler may see.
    #[must_use]
    pub fn team_screen() -> Self {
        Self { actor: Arc::from("team"), handles: true, teams: Arc::default() }
    }

    /// The screens of those who answer the telephone and lead.
    #[must_use]
    pub fn desk_screen() -> Self {
        Self { actor: Arc::from("desk"), handles: false, teams: Arc::default() }
    }

    /// Whether this order is shown at all.
    #[must_use]
    pub fn may_see(&self, order: &WorkOrder) -> bool {
        if !self.handles || self.teams.is_empty() {
            return true;
        }
        let own = order.team.iter().chain(order.co_teams.iter().map(|co| &co.team)).any(|team| self.teams.contains(team));
        own || order.lease.as_ref().is_some_and(|lease| lease.handler == self.actor)
    }

    /// Whether who asked is kept from this reader.
    #[must_use]
    pub const fn is_kept_from(&self, order: &WorkOrder) -> bool {
        self.handles && order.sealed
    }
}

/// A name of which only the first character is told.
#[must_use]
pub fn masked_name(name: &FreeText) -> String {
    name.as_str().chars().take(1).chain("**".chars()).collect()
}

/// Takes what would tell a sealed identity out of texts that people typed.
#[derive(Debug, Clone, Default)]
pub struct Scrub(Vec<String>);

impl Scrub {
    /// For one order and one reader; takes nothing out where nothing is kept from them.
    #[must_use]
    pub fn of(hall: &Hall, order: &WorkOrder, reader: &Reader) -> Self {
        if !reader.is_kept_from(order) {
            return Self::default();
        }
        let mut words = Vec::new();
        let customer = &order.customer;
        words.extend(customer.name.iter().chain(&customer.customer_no).chain(&order.address.text).map(|text| text.as_str().to_owned()));
        words.extend(customer.phone.iter().flat_map(Phone::spellings));
        words.extend(order.origin.external_no.iter().map(|no| no.as_str().to_owned()));
        words.extend(order.sealed_words.iter().map(ToString::to_string));
        words.extend(order.origin.calls.iter().filter_map(|id| hall.hotline.calls.get(id)).flat_map(|call| call.fields.identity()));
        words.retain(|word| word.chars().count() >= TELLING_CHARS_MIN);
        let room = order.address.room.iter().map(|room| room.as_str().to_owned());
        words.extend(room.filter(|room| room.chars().count() >= ROOM_CHARS_MIN));
        // The longer first, so that no piece of it is left.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        Self(words)
    }

    /// The text without it.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, word| text.replace(word.as_str(), BLANK))
    }

    /// The text without it, where there is one.
    #[must_use]
    pub fn option(&self, text: Option<&FreeText>) -> Option<String> {
        text.map(|text| self.text(text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> FreeText {
        FreeText::parse(text).unwrap()
    }

    #[test]
    fn a_name_keeps_its_first_character() {
        assert_eq!(masked_name(&text("王小明")), "王**");
        assert_eq!(masked_name(&text("Li")), "L**");
    }

    #[test]
    fn a_sealed_identity_is_taken_out_of_texts() {
        let scrub = Scrub(vec!["13912341234".to_owned(), "王小明".to_owned()]);
        assert_eq!(scrub.text("王小明（13912341234）说王小明家不热"), "***（***）说***家不热");
        assert_eq!(Scrub::default().text("王小明"), "王小明");
    }
}
