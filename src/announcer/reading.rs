//! How numbers are said: ticket numbers sign by sign, counters as numbers, in Chinese and English.

use crate::settings::voice::{Language, SayOne};

/// Signs of a ticket number or counter name that are read, at most.
pub const SIGNS_MAX: usize = 16;
/// Counters up to this are read as numbers; above it digit by digit.
pub const COUNTED_MAX: u32 = 999;

const ZH_DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const ZH_ONE_YAO: &str = "幺";
const ZH_TEN: &str = "十";
const ZH_HUNDRED: &str = "百";
const EN_SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const EN_TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const EN_HUNDRED: &str = "hundred";
const EN_AND: &str = "and";

/// Every word the functions here can ask for in a language.
#[must_use]
pub fn words(language: Language) -> Vec<String> {
    let letters = ('A'..='Z').map(String::from);
    let numbers: Vec<&str> = match language {
        Language::Zh => ZH_DIGITS.iter().copied().chain([ZH_ONE_YAO, ZH_TEN, ZH_HUNDRED]).collect(),
        Language::En => EN_SMALL.iter().chain(&EN_TENS).copied().chain([EN_HUNDRED, EN_AND]).collect(),
    };
    letters.chain(numbers.into_iter().map(str::to_owned)).collect()
}

/// Reads sign by sign: `A003` is A 零 零 三. Signs that are neither letter nor digit (a hyphen, a space) are not read.
#[must_use]
pub fn spelled(language: Language, text: &str, one: SayOne) -> Vec<String> {
    let signs = text.chars().filter(|sign| sign.is_alphanumeric());
    signs.map(|sign| sign_word(language, sign, one)).collect()
}

fn sign_word(language: Language, sign: char, one: SayOne) -> String {
    let digit = sign.to_digit(10).and_then(|value| usize::try_from(value).ok());
    match (digit, language) {
        (Some(1), Language::Zh) if one == SayOne::Yao => ZH_ONE_YAO.to_owned(),
        (Some(value), Language::Zh) => word_at(&ZH_DIGITS, value),
        (Some(value), Language::En) => word_at(&EN_SMALL, value),
        (None, Language::Zh | Language::En) => sign.to_ascii_uppercase().to_string(),
    }
}

/// Reads a counter name: a plain number as a number (`12` is 十二), anything else sign by sign (`VIP`, `3A`, `0`).
#[must_use]
pub fn counted(language: Language, text: &str, one: SayOne) -> Vec<String> {
    let plain = !text.is_empty() && text.chars().all(|sign| sign.is_ascii_digit());
    let value = if plain { text.parse::<u32>().ok() } else { None };
    match value {
        Some(value) if (1..=COUNTED_MAX).contains(&value) => number(language, value),
        Some(_) | None => spelled(language, text, one),
    }
}

/// Reads a number from 1 to [`COUNTED_MAX`]; a larger one digit by digit.
#[must_use]
pub fn number(language: Language, value: u32) -> Vec<String> {
    if value == 0 || value > COUNTED_MAX {
        return spelled(language, &value.to_string(), SayOne::Yi);
    }
    match language {
        Language::Zh => number_zh(value),
        Language::En => number_en(value),
    }
}

fn number_zh(value: u32) -> Vec<String> {
    let (hundreds, tens, units) = (value / 100, value / 10 % 10, value % 10);
    let digit = |value: u32| word_at(&ZH_DIGITS, usize::try_from(value).unwrap_or(usize::MAX));
    let mut said = Vec::new();
    if hundreds > 0 {
        said.extend([digit(hundreds), ZH_HUNDRED.to_owned()]);
    }
    if tens > 0 {
        if tens > 1 || hundreds > 0 {
            said.push(digit(tens));
        }
        said.push(ZH_TEN.to_owned());
    } else if hundreds > 0 && units > 0 {
        said.push(digit(0));
    }
    if units > 0 {
        said.push(digit(units));
    }
    said
}

fn number_en(value: u32) -> Vec<String> {
    let (hundreds, rest) = (value / 100, value % 100);
    let index = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
    let mut said = Vec::new();
    if hundreds > 0 {
        said.extend([word_at(&EN_SMALL, index(hundreds)), EN_HUNDRED.to_owned()]);
        if rest > 0 {
            said.push(EN_AND.to_owned());
        }
    }
    if rest >= 20 {
        said.push(word_at(&EN_TENS, index(rest / 10 - 2)));
    }
    let last = if rest >= 20 { rest % 10 } else { rest };
    if last > 0 {
        said.push(word_at(&EN_SMALL, index(last)));
    }
    said
}

/// The word of a small number; empty beyond the table, which the callers' ranges exclude.
fn word_at(table: &[&str], index: usize) -> String {
    table.get(index).copied().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::voice::LANGUAGES;
    use proptest::prelude::*;

    #[test]
    fn ticket_numbers_are_read_sign_by_sign() {
        let cases = [
            (Language::Zh, "A003", SayOne::Yi, "A零零三"),
            (Language::Zh, "b-117", SayOne::Yi, "B一一七"),
            (Language::Zh, "B117", SayOne::Yao, "B幺幺七"),
            (Language::En, "A003", SayOne::Yao, "Azerozerothree"),
            (Language::Zh, "东1", SayOne::Yi, "东一"),
        ];
        for (language, text, one, said) in cases {
            assert_eq!(spelled(language, text, one).concat(), said, "{text}");
        }
    }

    #[test]
    fn counters_are_read_as_numbers_and_names_are_spelled() {
        let cases = [
            ("2", "二", "two"),
            ("02", "二", "two"),
            ("10", "十", "ten"),
            ("12", "十二", "twelve"),
            ("20", "二十", "twenty"),
            ("35", "三十五", "thirty five"),
            ("100", "一百", "one hundred"),
            ("101", "一百零一", "one hundred and one"),
            ("110", "一百一十", "one hundred and ten"),
            ("219", "二百一十九", "two hundred and nineteen"),
            ("999", "九百九十九", "nine hundred and ninety nine"),
            ("1001", "一零零一", "one zero zero one"),
            ("0", "零", "zero"),
            ("VIP", "VIP", "V I P"),
            ("3a", "三A", "three A"),
            ("", "", ""),
        ];
        for (text, zh, en) in cases {
            assert_eq!(counted(Language::Zh, text, SayOne::Yi).concat(), zh, "{text}");
            assert_eq!(counted(Language::En, text, SayOne::Yi).join(" "), en, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_word_that_is_read_is_in_the_list(value in 0_u32..20_000, name in "[A-Z0-9]{0,6}") {
            for language in LANGUAGES {
                let known = words(language);
                for one in [SayOne::Yi, SayOne::Yao] {
                    let said = [number(language, value), counted(language, &name, one), spelled(language, &name, one)];
                    for word in said.concat() {
                        prop_assert!(known.contains(&word), "{}", word);
                    }
                }
            }
        }
    }
}
