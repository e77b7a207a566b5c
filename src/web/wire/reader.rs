//! Who reads a call or an order, as far as that decides what they are shown: names and numbers are masked for everybody, and a
//! sealed identity is kept from those who handle orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::hall::Hall;
use crate::domain::ids::TeamId;
use crate::domain::phone::{narrow_char, numbers_in};
use crate::domain::text::FreeText;
use crate::domain::work_order::WorkOrder;

/// What stands in a text where a sealed identity stood.
pub const BLANK: &str = "***";
/// Words of an identity that are shorter than this are not looked for in texts, in letters and digits.
const TELLING_CHARS_MIN: usize = 2;
/// Latin words and numbers that are shorter than this are looked for only where they stand alone.
const PIECE_CHARS_MIN: usize = 3;

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

/// A word of an identity in small letters and digits: how it is spaced, dashed or written large does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Word(Vec<char>);

/// Letters and digits of a text, small and narrow, each with its place.
fn letters(text: &[char]) -> Vec<(usize, char)> {
    let small = |c: char| narrow_char(c).to_lowercase().next().unwrap_or(c);
    text.iter().enumerate().filter(|(_, c)| c.is_alphanumeric()).map(|(at, c)| (at, small(*c))).collect()
}

impl Word {
    fn of(text: &str) -> Option<Self> {
        let chars: Vec<char> = text.chars().collect();
        let word: Vec<char> = letters(&chars).into_iter().map(|(_, letter)| letter).collect();
        (word.len() >= TELLING_CHARS_MIN).then_some(Self(word))
    }

    /// Marks where it stands in a text.
    fn mark(&self, letters: &[(usize, char)], hidden: &mut [bool]) {
        let short = self.0.len() < PIECE_CHARS_MIN && self.0.iter().all(char::is_ascii);
        let touches = |one: Option<&(usize, char)>, at: usize| one.is_some_and(|(place, c)| c.is_ascii() && place.abs_diff(at) == 1);
        for (start, found) in letters.windows(self.0.len()).enumerate() {
            let (Some((first, _)), Some((last, _))) = (found.first(), found.last()) else { continue };
            let before = start.checked_sub(1).and_then(|before| letters.get(before));
            let alone = !touches(before, *first) && !touches(letters.get(start + found.len()), *last);
            if found.iter().map(|(_, letter)| letter).eq(&self.0) && (alone || !short) {
                hidden.get_mut(*first..=*last).into_iter().flatten().for_each(|one| *one = true);
            }
        }
    }
}

/// Takes what would tell a sealed identity out of texts that people typed; nothing where nothing is kept from who reads.
#[derive(Debug, Clone, Default)]
pub struct Scrub(Option<BTreeSet<Word>>);

impl Scrub {
    /// For one order and one reader; takes nothing out where nothing is kept from them.
    #[must_use]
    pub fn of(hall: &Hall, order: &WorkOrder, reader: &Reader) -> Self {
        if reader.is_kept_from(order) { Self::whole(hall, order) } else { Self::default() }
    }

    /// Whatever would tell whose order it is: its own customer and flat, and everybody's who called about it.
    #[must_use]
    pub fn whole(hall: &Hall, order: &WorkOrder) -> Self {
        let calls = order.calls().into_iter().filter_map(|id| hall.hotline.calls.get(&id)).flat_map(|call| call.fields.identity());
        let kept = order.sealed_words.iter().map(ToString::to_string);
        Self::without(order.telling().into_iter().chain(calls).chain(kept))
    }

    fn without(words: impl Iterator<Item = String>) -> Self {
        Self(Some(words.filter_map(|word| Word::of(&word)).collect()))
    }

    /// The text without it, and without any telephone number: nobody can say whose it is.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let Some(words) = &self.0 else { return text.to_owned() };
        let chars: Vec<char> = text.chars().collect();
        let mut hidden = vec![false; chars.len()];
        for number in numbers_in(&chars) {
            hidden.get_mut(number).into_iter().flatten().for_each(|one| *one = true);
        }
        let letters = letters(&chars);
        for word in words {
            word.mark(&letters, &mut hidden);
        }
        let mut shown = String::with_capacity(text.len());
        let mut inside = false;
        for (c, hide) in chars.into_iter().zip(hidden) {
            if hide && !inside {
                shown.push_str(BLANK);
            } else if !hide {
                shown.push(c);
            }
            inside = hide;
        }
        shown
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
    use crate::domain::hotline_call::Address;

    fn text(text: &str) -> FreeText {
        FreeText::parse(text).unwrap()
    }

    #[test]
    fn a_name_keeps_its_first_character() {
        assert_eq!(masked_name(&text("王小明")), "王**");
        assert_eq!(masked_name(&text("Li")), "L**");
    }

    fn scrubbed(words: &[&str], text: &str) -> String {
        Scrub::without(words.iter().map(ToString::to_string)).text(text)
    }

    #[test]
    fn a_sealed_identity_is_taken_out_of_texts() {
        let words = ["13912341234", "王小明"];
        assert_eq!(scrubbed(&words, "王小明（13912341234）说王小明家不热"), "***（***）说***家不热");
        assert_eq!(Scrub::default().text("王小明 13912341234"), "王小明 13912341234");
    }

    #[test]
    fn another_spelling_is_the_same_word() {
        let words = ["Li Wei", "Wei", "CANARY-77", "王明", "13877776666"];
        for text in [
            "LI WEI",
            "liwei",
            "Canary 77",
            "canary77",
            "王 明",
            "138 7777 6666",
            "138-7777-6666",
            "138，7777，6666",
            "１３８７７７７６６６６",
        ] {
            assert_eq!(scrubbed(&words, &format!("问{text}。")), "问***。");
        }
        // Nobody knows whose number that is.
        assert_eq!(scrubbed(&[], "打0532-8888 6666转801"), "打***转801");
        assert_eq!(scrubbed(&["12", "李"], "12度，2012年，李家"), "***度，2012年，李家");
    }

    #[test]
    fn a_flat_is_told_in_none_of_its_ways() {
        let some = |text: &str| FreeText::parse(text).ok();
        let address =
            Address { unit: some("2"), room: some("1703室"), riser: some("西立管"), text: some("东门进去"), ..Address::default() };
        let words = address.telling();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for text in ["1703", "１７０３室", "2单元", "2 单元", "Unit 2", "2-1703", "西立管", "东门进去"] {
            assert_eq!(scrubbed(&words, &format!("在{text}。")), "在***。");
        }
        assert_eq!(scrubbed(&words, "3号楼，2次，18度"), "3号楼，2次，18度");
    }
}
