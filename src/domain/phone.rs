//! A caller's telephone number: as it came, as it is compared and dialled, and as it may be shown.
//!
//! The rules are China's: mobiles of eleven digits, area codes `010`, `02x` and `0xxx` before seven or eight digits,
//! service numbers of three to six digits. Whatever is not understood is kept as its digits and never guessed at.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// The longest number as it came from a person or an exchange, in characters.
pub const PHONE_CHARS_MAX: usize = 40;
/// The most digits of a number, without its extension; E.164 has 15, an IP-dial prefix adds five.
pub const PHONE_DIGITS_MAX: usize = 20;
/// The fewest digits: an internal seat.
pub const PHONE_DIGITS_MIN: usize = 2;
/// The most digits of an extension.
pub const EXTENSION_DIGITS_MAX: usize = 6;

/// The fewest digits, in a row or with signs between them, that are taken for a telephone number in a text.
pub const TEXT_DIGITS_MIN: usize = 7;
/// Last digits by which a number is known without the rest: those that a masked number shows.
const TAIL_DIGITS: usize = 4;

/// What exchanges write when the caller does not show a number.
const WITHHELD: [&str; 14] = [
    "",
    "-",
    "anonymous",
    "unknown",
    "<unknown>",
    "withheld",
    "private",
    "restricted",
    "unavailable",
    "asserted",
    "匿名",
    "未知",
    "隐藏号码",
    "无主叫",
];
/// Prefixes that send a call over an IP or a discount carrier; they are not part of the number.
const CARRIER_PREFIXES: [&str; 18] = [
    "17900", "17901", "17908", "17909", "17910", "17911", "17930", "17931", "17950", "17951", "17960", "17961", "17968", "17969", "17990",
    "17991", "12593", "10193",
];
/// What stands before an extension; the longer first.
const EXTENSION_MARKS: [&str; 8] = ["extension", "ext.", "ext", "分机", "转", "轉", "#", "x"];

/// Why a text is not a telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadPhone {
    /// More than [`PHONE_CHARS_MAX`] characters, or more than [`PHONE_DIGITS_MAX`] digits: perhaps two numbers.
    TooLong,
    /// Fewer than [`PHONE_DIGITS_MIN`] digits.
    TooShort,
    /// A letter or sign that no number has.
    Unreadable,
    /// What follows 转 or # is not one to six digits.
    Extension,
}

impl fmt::Display for BadPhone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "is too long for one telephone number",
            Self::TooShort => "has fewer than two digits",
            Self::Unreadable => "holds what no telephone number has",
            Self::Extension => "has an extension that is not one to six digits",
        })
    }
}

impl std::error::Error for BadPhone {}

/// The area code that the hall's town dials from outside, e.g. `0532`; it is put before bare local numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct AreaCode(Arc<str>);

impl AreaCode {
    /// The digits, with the leading zero.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AreaCode {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if is_digits(text) && area_length(text) == Some(text.len()) {
            Ok(Self(Arc::from(text)))
        } else {
            Err("an area code: 010, 02x, or 0 and three more digits")
        }
    }
}

impl<'de> Deserialize<'de> for AreaCode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a number looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// `1[3-9]` and nine more digits.
    Mobile,
    /// An area code and seven or eight digits.
    Landline,
    /// `+` and a country other than China.
    Foreign,
    /// Three to six digits: `110`, `12345`, `96777`, a seat; or a `400` or `800` number.
    Service,
    /// Digits that fit nothing above, e.g. a local number in a hall whose area code is not known.
    Other,
}

/// A telephone number. Its `Debug` text is masked, so that no log tells it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Phone {
    raw: String,
    number: String,
    extension: Option<String>,
}

impl Phone {
    /// Reads a number as people and exchanges write it; `local` is put before bare local numbers.
    /// `None` is a caller who shows no number (`anonymous`, 匿名, nothing at all).
    ///
    /// # Errors
    /// When the text is no telephone number; the reason reads on after "it ".
    pub fn read(raw: &str, local: Option<&AreaCode>) -> Result<Option<Self>, BadPhone> {
        let raw = raw.trim();
        if raw.chars().count() > PHONE_CHARS_MAX {
            return Err(BadPhone::TooLong);
        }
        let plain = narrow(raw);
        if WITHHELD.contains(&plain.as_str()) {
            return Ok(None);
        }
        let (main, extension) = cut_extension(&plain)?;
        let (number, extension) = match (joined(main)?, extension) {
            (digits, None) => cut_dashed(main, &digits, local).unwrap_or_else(|| (canonical(&digits, local), None)),
            (digits, extension) => (canonical(&digits, local), extension),
        };
        well_formed(&number)?;
        Ok(Some(Self { raw: raw.to_owned(), number, extension }))
    }

    /// The number as it came, trimmed.
    #[must_use]
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The number by which callers are compared: digits only, or `+` and digits for a foreign one.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The forms in which people write it: as it came, and as it is compared.
    #[must_use]
    pub fn spellings(&self) -> [String; 2] {
        [self.raw.clone(), self.number.clone()]
    }

    /// What would tell the number in a text: its forms, and its end where that is not the number itself.
    #[must_use]
    pub fn telling(&self) -> Vec<String> {
        let tail = (self.number.len() >= TEXT_DIGITS_MIN).then(|| self.tail(TAIL_DIGITS).to_owned());
        self.spellings().into_iter().chain(tail).collect()
    }

    /// The area code of a landline.
    #[must_use]
    pub fn area_code(&self) -> Option<AreaCode> {
        let length = area_length(&self.number).filter(|_| self.kind() == PhoneKind::Landline)?;
        self.number.get(..length)?.parse().ok()
    }

    /// The extension, one to six digits.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// What the number looks like.
    #[must_use]
    pub fn kind(&self) -> PhoneKind {
        kind_of(&self.number)
    }

    /// The number with its middle hidden: `139****1234`, `0532****6666`. What nobody is called by at home stays:
    /// service numbers and seats. The extension is left out.
    #[must_use]
    pub fn masked(&self) -> String {
        let (head, tail) = match self.kind() {
            PhoneKind::Mobile => (3, 4),
            PhoneKind::Landline => (area_length(&self.number).unwrap_or(3), 4),
            PhoneKind::Foreign => (3, 2),
            PhoneKind::Service => return self.number.clone(),
            PhoneKind::Other => (0, 4),
        };
        let hidden_to = self.number.chars().count().saturating_sub(tail).max(head);
        let mask = |(at, c): (usize, char)| if at < head || at >= hidden_to { c } else { '*' };
        self.number.chars().enumerate().map(mask).collect()
    }

    /// The last `count` digits; the whole number where it has fewer.
    #[must_use]
    pub fn tail(&self, count: usize) -> &str {
        // Only ASCII is in a number, so every offset is a character's.
        self.number.get(self.number.len().saturating_sub(count)..).unwrap_or(&self.number)
    }
}

impl fmt::Display for Phone {
    /// The whole number, as it can be dialled and read again: `053288886666转801`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.number)?;
        self.extension.as_deref().map_or(Ok(()), |extension| write!(f, "转{extension}"))
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({})", self.masked())
    }
}

/// A phone as it stands in the journal. How numbers are read may change from version to version; what was
/// written stays as it was, so only its form is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    raw: String,
    number: String,
    extension: Option<String>,
}

impl TryFrom<Written> for Phone {
    type Error = BadPhone;
    fn try_from(written: Written) -> Result<Self, BadPhone> {
        let Written { raw, number, extension } = written;
        if raw.chars().count() > PHONE_CHARS_MAX {
            return Err(BadPhone::TooLong);
        }
        well_formed(&number)?;
        if extension.as_deref().is_some_and(|e| !is_digits(e) || e.len() > EXTENSION_DIGITS_MAX) {
            return Err(BadPhone::Extension);
        }
        Ok(Self { raw, number, extension })
    }
}

fn well_formed(number: &str) -> Result<(), BadPhone> {
    let digits = number.strip_prefix('+').unwrap_or(number);
    if digits.len() < PHONE_DIGITS_MIN {
        return Err(BadPhone::TooShort);
    }
    if digits.len() > PHONE_DIGITS_MAX {
        return Err(BadPhone::TooLong);
    }
    if is_digits(digits) { Ok(()) } else { Err(BadPhone::Unreadable) }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A full-width letter, digit or sign as the narrow one, an ASCII letter small.
#[must_use]
pub fn narrow_char(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c).to_ascii_lowercase(),
        _ => c.to_ascii_lowercase(),
    }
}

/// Full-width letters, digits and signs as narrow ones, letters small.
fn narrow(text: &str) -> String {
    text.chars().map(narrow_char).collect()
}

/// Where telephone numbers stand in a text: digits, narrow or full-width, with the signs that people put between them.
#[must_use]
pub fn numbers_in(text: &[char]) -> Vec<Range<usize>> {
    let (mut found, mut from, mut end, mut digits) = (Vec::new(), 0, 0, 0);
    // Behind the last character stands one that ends a number.
    for (at, c) in text.iter().copied().map(narrow_char).chain(['\0']).enumerate() {
        if c.is_ascii_digit() {
            from = if digits == 0 { at } else { from };
            end = at + 1;
            digits += 1;
        } else if !is_separator(c) {
            if digits >= TEXT_DIGITS_MIN {
                found.push(from..end);
            }
            digits = 0;
        }
    }
    found
}

/// The number before the first mark of an extension, and the extension.
fn cut_extension(text: &str) -> Result<(&str, Option<String>), BadPhone> {
    let found = EXTENSION_MARKS.iter().filter_map(|mark| text.find(mark).map(|at| (at, *mark))).min_by_key(|(at, _)| *at);
    let Some((at, mark)) = found else { return Ok((text, None)) };
    let main = text.get(..at).unwrap_or(text);
    let rest = text.get(at + mark.len()..).unwrap_or_default();
    let digits: String = rest.chars().filter(|c| !is_separator(*c) && *c != ':').collect();
    if digits.is_empty() {
        return Ok((main, None));
    }
    if !is_digits(&digits) || digits.len() > EXTENSION_DIGITS_MAX {
        return Err(BadPhone::Extension);
    }
    Ok((main, Some(digits)))
}

/// Signs that people put between digits.
fn is_separator(c: char) -> bool {
    c.is_whitespace() || is_dash(c) || matches!(c, '/' | '(' | ')' | '.' | '·')
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The digits, after a `+` where one led them.
fn joined(text: &str) -> Result<String, BadPhone> {
    let mut digits = String::new();
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => digits.push(c),
            _ if is_separator(c) => {}
            _ => return Err(BadPhone::Unreadable),
        }
    }
    Ok(digits)
}

/// `88886666-801`: where the whole fits nothing, but what stands before the last dash is a landline, the rest is an extension.
fn cut_dashed(main: &str, digits: &str, local: Option<&AreaCode>) -> Option<(String, Option<String>)> {
    let whole = canonical(digits, local);
    if kind_of(&whole) != PhoneKind::Other || whole != digits {
        return None;
    }
    let (before, after) = main.rsplit_once(is_dash)?;
    let extension = joined(after).ok().filter(|e| is_digits(e) && e.len() <= EXTENSION_DIGITS_MAX)?;
    let number = canonical(&joined(before).ok()?, local);
    (kind_of(&number) == PhoneKind::Landline).then_some((number, Some(extension)))
}

/// The number by which callers are compared.
fn canonical(digits: &str, local: Option<&AreaCode>) -> String {
    if let Some(abroad) = digits.strip_prefix('+').or_else(|| digits.strip_prefix("00")) {
        let country = abroad.trim_start_matches('0');
        return match country.strip_prefix("86") {
            Some(home) => from_abroad(home, local),
            None if country.len() == abroad.len() || digits.starts_with('+') => format!("+{country}"),
            None => digits.to_owned(),
        };
    }
    at_home(digits, local)
}

/// A number after `+86`: landlines come without the zero of their area code there.
fn from_abroad(digits: &str, local: Option<&AreaCode>) -> String {
    // Two zeros lead abroad again; behind the country's own code they are a slip, and would be read otherwise the next time.
    let digits = if digits.starts_with("00") { digits.trim_start_matches('0') } else { digits };
    let dialled = format!("0{digits}");
    if !is_mobile(digits) && !digits.starts_with('0') && kind_of(digits) != PhoneKind::Service && is_landline(&dialled) {
        return dialled;
    }
    at_home(digits, local)
}

/// A number as dialled within the country.
fn at_home(digits: &str, local: Option<&AreaCode>) -> String {
    if is_mobile(digits) || is_landline(digits) {
        return digits.to_owned();
    }
    if let Some(mobile) = digits.strip_prefix('0').filter(|rest| is_mobile(rest)) {
        return mobile.to_owned();
    }
    for prefix in CARRIER_PREFIXES {
        if let Some(rest) = digits.strip_prefix(prefix) {
            let inner = at_home(rest, local);
            if is_mobile(&inner) || is_landline(&inner) {
                return inner;
            }
        }
    }
    // Some exchanges write the country's code without a sign before it.
    if let Some(home) = digits.strip_prefix("86").filter(|_| (12..=13).contains(&digits.len())) {
        let inner = from_abroad(home, None);
        if is_mobile(&inner) || is_landline(&inner) {
            return inner;
        }
    }
    match local {
        Some(area) if is_local(digits) => format!("{}{digits}", area.as_str()),
        _ => digits.to_owned(),
    }
}

fn kind_of(number: &str) -> PhoneKind {
    if number.starts_with('+') {
        return PhoneKind::Foreign;
    }
    if is_mobile(number) {
        return PhoneKind::Mobile;
    }
    if is_landline(number) {
        return PhoneKind::Landline;
    }
    let free = number.len() == 10 && (number.starts_with("400") || number.starts_with("800"));
    if free || number.len() <= 6 { PhoneKind::Service } else { PhoneKind::Other }
}

fn is_mobile(digits: &str) -> bool {
    let mut head = digits.bytes();
    digits.len() == 11 && is_digits(digits) && head.next() == Some(b'1') && head.next().is_some_and(|b| (b'3'..=b'9').contains(&b))
}

fn is_landline(digits: &str) -> bool {
    area_length(digits).and_then(|length| digits.get(length..)).is_some_and(is_local)
}

/// Seven or eight digits that begin as local numbers do.
fn is_local(digits: &str) -> bool {
    matches!(digits.len(), 7 | 8) && is_digits(digits) && digits.bytes().next().is_some_and(|b| (b'2'..=b'8').contains(&b))
}

/// How long the area code is that a number begins with.
fn area_length(digits: &str) -> Option<usize> {
    let mut head = digits.bytes();
    match (head.next()?, head.next()?, head.next()?) {
        (b'0', b'1', b'0') | (b'0', b'2', _) => Some(3),
        (b'0', b'3'..=b'9', _) if digits.len() >= 4 => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn qingdao() -> AreaCode {
        "0532".parse().unwrap()
    }

    fn read(raw: &str) -> Phone {
        Phone::read(raw, Some(&qingdao())).unwrap().unwrap()
    }

    #[test]
    fn numbers_are_found_in_texts_however_they_are_spelt() {
        let found = |text: &str| {
            let chars: Vec<char> = text.chars().collect();
            numbers_in(&chars).into_iter().map(|at| chars[at].iter().collect()).collect::<Vec<String>>()
        };
        assert_eq!(found("打138 7777 6666，或138-7777-6666。"), ["138 7777 6666", "138-7777-6666"]);
        assert_eq!(found("１３８７７７７６６６６ (0532) 8888–6666 "), ["１３８７７７７６６６６ (0532) 8888–6666"]);
        assert_eq!(found("5551234"), ["5551234"]);
        assert!(found("3号楼2单元1703，18.5度，96777").is_empty());
    }

    #[test]
    fn what_is_written_and_what_is_meant() {
        let table = [
            ("13912341234", "13912341234"),
            (" 139-1234-1234 ", "13912341234"),
            ("139 1234 1234", "13912341234"),
            ("１３９１２３４１２３４", "13912341234"),
            ("+86 139 1234 1234", "13912341234"),
            ("+86(0)13912341234", "13912341234"),
            ("008613912341234", "13912341234"),
            ("8613912341234", "13912341234"),
            ("013912341234", "13912341234"),
            ("1795113912341234", "13912341234"),
            ("17951013912341234", "13912341234"),
            ("17909 0532 8888 6666", "053288886666"),
            ("17951123456", "17951123456"),
            ("0532-88886666", "053288886666"),
            ("(0532) 8888 6666", "053288886666"),
            ("（0532）88886666", "053288886666"),
            ("+86-532-88886666", "053288886666"),
            ("0086 10 8888 6666", "01088886666"),
            ("8653288886666", "053288886666"),
            ("862188886666", "02188886666"),
            ("010/88886666", "01088886666"),
            ("0631-5231234", "06315231234"),
            ("88886666", "053288886666"),
            ("8888-6666", "053288886666"),
            ("5231234", "05325231234"),
            ("12345", "12345"),
            ("95598", "95598"),
            ("96777", "96777"),
            ("110", "110"),
            ("8012", "8012"),
            ("400-123-4567", "4001234567"),
            ("+86 400 123 4567", "4001234567"),
            ("0532-12345", "053212345"),
            ("+49 30 1234567", "+49301234567"),
            ("0049 30 1234567", "+49301234567"),
            ("95212345", "95212345"),
        ];
        for (raw, number) in table {
            let phone = read(raw);
            assert_eq!((phone.number(), phone.extension(), phone.raw()), (number, None, raw.trim()), "{raw}");
        }
    }

    #[test]
    fn extensions_are_kept_beside_the_number() {
        let table = [
            ("0532-88886666转801", "053288886666", "801"),
            ("88886666 转 801", "053288886666", "801"),
            ("053288886666#8012", "053288886666", "8012"),
            ("053288886666 ext. 12", "053288886666", "12"),
            ("053288886666EXT12", "053288886666", "12"),
            ("053288886666x12", "053288886666", "12"),
            ("88886666分机：12", "053288886666", "12"),
            ("0532-88886666-801", "053288886666", "801"),
            ("88886666-801", "053288886666", "801"),
            ("4001234567转2", "4001234567", "2"),
        ];
        for (raw, number, extension) in table {
            let phone = read(raw);
            assert_eq!((phone.number(), phone.extension()), (number, Some(extension)), "{raw}");
        }
        assert_eq!(read("12345#").extension(), None);
    }

    #[test]
    fn without_an_area_code_a_local_number_stays_as_it_is() {
        let phone = Phone::read("8888 6666", None).unwrap().unwrap();
        assert_eq!((phone.number(), phone.kind()), ("88886666", PhoneKind::Other));
        assert_eq!(phone.masked(), "****6666");
    }

    #[test]
    fn who_shows_no_number_has_none() {
        for raw in ["anonymous", "Anonymous", " ", "", "匿名", "<unknown>", "unavailable"] {
            assert_eq!(Phone::read(raw, Some(&qingdao())), Ok(None), "{raw}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_with_its_reason() {
        let table = [
            ("热线", BadPhone::Unreadable),
            ("139a1234", BadPhone::Unreadable),
            ("139+1234", BadPhone::Unreadable),
            ("1", BadPhone::TooShort),
            ("+86", BadPhone::TooShort),
            ("13912341234/13812341234", BadPhone::TooLong),
            ("88886666转1234567", BadPhone::Extension),
            ("88886666转前台", BadPhone::Extension),
        ];
        for (raw, why) in table {
            assert_eq!(Phone::read(raw, None), Err(why), "{raw}");
        }
        assert_eq!(Phone::read(&"1".repeat(PHONE_DIGITS_MAX), None).unwrap().unwrap().number().len(), PHONE_DIGITS_MAX);
        assert_eq!(Phone::read(&"1".repeat(PHONE_DIGITS_MAX + 1), None), Err(BadPhone::TooLong));
        assert_eq!(Phone::read(&format!("1{}2", " ".repeat(PHONE_CHARS_MAX - 2)), None).unwrap().unwrap().number(), "12");
        assert_eq!(Phone::read(&format!("1{}2", " ".repeat(PHONE_CHARS_MAX - 1)), None), Err(BadPhone::TooLong));
    }

    #[test]
    fn the_middle_is_hidden_and_the_tail_is_not() {
        let table = [
            ("13912341234", "139****1234", "1234"),
            ("0532-88886666", "0532****6666", "6666"),
            ("0631-5231234", "0631***1234", "1234"),
            ("010-88886666", "010****6666", "6666"),
            ("12345", "12345", "2345"),
            ("110", "110", "110"),
            ("400-123-4567", "4001234567", "4567"),
            ("+49 30 1234567", "+49*******67", "4567"),
        ];
        for (raw, masked, tail) in table {
            let phone = read(raw);
            assert_eq!((phone.masked().as_str(), phone.tail(4)), (masked, tail), "{raw}");
        }
        assert_eq!(format!("{:?}", read("13912341234转8")), "Phone(139****1234)");
    }

    #[test]
    fn the_journal_keeps_three_fields() {
        let phone = read("0532-8888 6666转801");
        let json = serde_json::to_string(&phone).unwrap();
        assert_eq!(json, r#"{"raw":"0532-8888 6666转801","number":"053288886666","extension":"801"}"#);
        assert_eq!(serde_json::from_str::<Phone>(&json).unwrap(), phone);
        for bad in [
            r#"{"raw":"1","number":"1","extension":null}"#,
            r#"{"raw":"","number":"<b>","extension":null}"#,
            r#"{"raw":"","number":"12345","extension":"x"}"#,
        ] {
            assert!(serde_json::from_str::<Phone>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn area_codes_have_their_form() {
        for good in ["010", "021", "029", "0532", "0991"] {
            assert_eq!(good.parse::<AreaCode>().unwrap().as_str(), good);
        }
        for bad in ["", "0", "01", "011", "0532 ", "532", "05321", "02", "0a1", "０１０"] {
            assert!(bad.parse::<AreaCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn zeros_behind_the_countrys_code_lead_nowhere() {
        assert_eq!(Phone::read("+860010", None).unwrap().unwrap().number(), "10");
        assert_eq!(Phone::read("+86001", None), Err(BadPhone::TooShort));
    }

    proptest! {
        #[test]
        fn reading_what_was_read_changes_nothing(raw in "[0-9+()/ -]{0,24}((转|#|ext|x)[0-9]{1,6})?", known in any::<bool>()) {
            let local = known.then(qingdao);
            if let Ok(Some(phone)) = Phone::read(&raw, local.as_ref()) {
                let again = Phone::read(&phone.to_string(), local.as_ref()).unwrap().unwrap();
                prop_assert_eq!(again.number(), phone.number());
                prop_assert_eq!(again.extension(), phone.extension());
                let json = serde_json::to_string(&phone).unwrap();
                prop_assert_eq!(serde_json::from_str::<Phone>(&json).unwrap(), phone);
            }
        }

        #[test]
        fn digits_shaped_like_numbers_are_read_the_same_twice(
            raw in "(\\+|00|\\+86|0086|86|17951|12593|0)?(0|010|0532|021|1[3-9][0-9])?[0-9]{3,9}"
        ) {
            if let Ok(Some(phone)) = Phone::read(&raw, Some(&qingdao())) {
                let again = Phone::read(&phone.to_string(), Some(&qingdao())).unwrap().unwrap();
                prop_assert_eq!(again.number(), phone.number());
            }
        }

        #[test]
        fn no_text_brings_it_down(raw in "\\PC{0,60}") {
            if let Ok(Some(phone)) = Phone::read(&raw, None) {
                prop_assert!(phone.masked().len() == phone.number().len());
                prop_assert!(phone.tail(4).len() <= 4);
            }
        }

        #[test]
        fn a_mobile_shows_seven_digits(mobile in "1[3-9][0-9]{9}") {
            let phone = Phone::read(&mobile, None).unwrap().unwrap();
            prop_assert_eq!(phone.masked(), format!("{}****{}", &mobile[..3], &mobile[7..]));
        }
    }
}
