//! From an announcement to words: the phrases of each language, what the screen shows and what the voice says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::reading::{self, SIGNS_MAX};
use crate::settings::voice::{Language, SayOne, VoiceSettings, code};

/// Longest phrase of a phrase file, characters.
pub const PHRASE_CHARS_MAX: usize = 160;
/// Largest phrase file, bytes.
pub const PHRASE_FILE_BYTES_MAX: u64 = 64 * 1024;
/// Silence for a comma, milliseconds.
const COMMA_MS: u32 = 220;
/// Silence for a full stop, milliseconds.
const STOP_MS: u32 = 400;

const ZH_DEFAULT: &str = include_str!("../../config/phrases/zh.toml");
const EN_DEFAULT: &str = include_str!("../../config/phrases/en.toml");

/// What happened to the hall itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// Fire.
    Fire,
    /// Earthquake.
    Earthquake,
    /// Network or computers down: people stay, numbers are called by hand.
    Network,
    /// Anything else.
    Other,
    /// The danger is over.
    Over,
}

impl Alarm {
    /// Whether people leave their places, so that calls made before it mean nothing any more.
    #[must_use]
    pub const fn clears_the_hall(self) -> bool {
        match self {
            Self::Fire | Self::Earthquake | Self::Other => true,
            Self::Network | Self::Over => false,
        }
    }
}

/// What is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// A number goes to a counter; `calls` counts from 1.
    Call {
        /// How often it has been called, this time included.
        calls: u32,
    },
    /// The same again.
    Recall {
        /// How often it has been called, this time included.
        calls: u32,
    },
    /// A number did not come.
    Missed,
    /// A number goes on to another counter.
    Transfer,
    /// No more numbers today.
    Closing,
    /// The hall itself is in trouble, or no longer.
    Emergency {
        /// What it is.
        what: Alarm,
        /// Whether it is a drill, which is said first.
        drill: bool,
    },
}

impl Kind {
    /// The alarm, if it is one.
    #[must_use]
    pub const fn alarm(&self) -> Option<(Alarm, bool)> {
        match self {
            Self::Emergency { what, drill } => Some((*what, *drill)),
            Self::Call { .. } | Self::Recall { .. } | Self::Missed | Self::Transfer | Self::Closing => None,
        }
    }
}

/// One thing to be said aloud once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Announcement {
    /// Revision of the event it was made from; its identity and its place in line.
    pub rev: u64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What is announced.
    #[serde(flatten)]
    pub kind: Kind,
    /// The ticket's number as printed, where the phrase has one.
    pub number: Option<String>,
    /// The counter's name, where the phrase has one.
    pub counter: Option<String>,
    /// Languages in the order they are said; empty means the hall's order.
    #[serde(default)]
    pub languages: Vec<Language>,
}

/// A piece of sound in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A recording that must exist.
    Clip(String),
    /// A sign of a number; left out when nobody recorded it (it still stands in the text).
    Sign(String),
    /// Silence, milliseconds.
    Pause(u32),
}

/// One sentence in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Its language.
    pub language: Language,
    /// What a screen shows: numbers as they are printed.
    pub text: String,
    /// What a voice reads: numbers in words.
    pub spoken: String,
    /// The recordings, in order.
    pub words: Vec<Word>,
}

/// Why phrases cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PhraseError {
    /// The file cannot be read.
    #[error("读不到词句文件 / cannot read phrases {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the disk said.
        source: std::io::Error,
    },
    /// The file is larger than [`PHRASE_FILE_BYTES_MAX`].
    #[error("词句文件过大 / phrase file too large: {0}")]
    TooLarge(PathBuf),
    /// Not TOML, an unknown key, or a missing one.
    #[error("词句文件有误 / phrases {origin}: {reason}")]
    File {
        /// Where it came from.
        origin: String,
        /// What is wrong, with its line.
        reason: String,
    },
    /// The file is in the other language's place.
    #[error("语言不符 / {origin} says language {found:?}, expected {expected:?}")]
    Language {
        /// Where it came from.
        origin: String,
        /// What it says.
        found: Language,
        /// What its name says.
        expected: Language,
    },
    /// A phrase has braces that mean nothing here, nothing to say, or too much.
    #[error("词句有误 / phrase `{key}` in {origin}: {reason}")]
    Phrase {
        /// Where it came from.
        origin: String,
        /// The phrase's key.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The announcement lacks what its phrase needs.
    #[error("announcement {rev} has no {what}")]
    Lacks {
        /// The announcement.
        rev: u64,
        /// `number` or `counter`.
        what: &'static str,
    },
    /// A number or counter name is longer than [`SIGNS_MAX`].
    #[error("announcement {rev}: {what} is longer than {SIGNS_MAX} signs")]
    TooLong {
        /// The announcement.
        rev: u64,
        /// `number` or `counter`.
        what: &'static str,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PhraseFile {
    language: Language,
    call: String,
    recall: String,
    missed: String,
    transfer: String,
    closing: String,
    drill: String,
    emergency: EmergencyFile,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EmergencyFile {
    fire: String,
    earthquake: String,
    network: String,
    other: String,
    over: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Number,
    Counter,
    Times,
}

impl Slot {
    fn named(name: &str) -> Option<Self> {
        match name {
            "number" => Some(Self::Number),
            "counter" => Some(Self::Counter),
            "times" => Some(Self::Times),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Slot(Slot),
}

type Template = Vec<Part>;

#[derive(Debug, Clone)]
struct Templates {
    call: Template,
    recall: Template,
    missed: Template,
    transfer: Template,
    closing: Template,
    drill: Template,
    fire: Template,
    earthquake: Template,
    network: Template,
    other: Template,
    over: Template,
}

impl Templates {
    fn parse(text: &str, origin: &str, expected: Language) -> Result<Self, PhraseError> {
        let file: PhraseFile =
            toml::from_str(text).map_err(|error| PhraseError::File { origin: origin.to_owned(), reason: error.to_string() })?;
        if file.language != expected {
            return Err(PhraseError::Language { origin: origin.to_owned(), found: file.language, expected });
        }
        let both = [Slot::Number, Slot::Counter];
        let all = [Slot::Number, Slot::Counter, Slot::Times];
        let read = |key: &'static str, text: &str, slots: &[Slot]| {
            template(text, slots).map_err(|reason| PhraseError::Phrase { origin: origin.to_owned(), key, reason })
        };
        Ok(Self {
            call: read("call", &file.call, &both)?,
            recall: read("recall", &file.recall, &all)?,
            missed: read("missed", &file.missed, &[Slot::Number])?,
            transfer: read("transfer", &file.transfer, &both)?,
            closing: read("closing", &file.closing, &[])?,
            drill: read("drill", &file.drill, &[])?,
            fire: read("emergency.fire", &file.emergency.fire, &[])?,
            earthquake: read("emergency.earthquake", &file.emergency.earthquake, &[])?,
            network: read("emergency.network", &file.emergency.network, &[])?,
            other: read("emergency.other", &file.emergency.other, &[])?,
            over: read("emergency.over", &file.emergency.over, &[])?,
        })
    }

    fn all(&self) -> [&Template; 11] {
        [
            &self.call,
            &self.recall,
            &self.missed,
            &self.transfer,
            &self.closing,
            &self.drill,
            &self.fire,
            &self.earthquake,
            &self.network,
            &self.other,
            &self.over,
        ]
    }

    fn of(&self, kind: Kind) -> Vec<&Template> {
        match kind {
            Kind::Call { .. } => vec![&self.call],
            Kind::Recall { .. } => vec![&self.recall],
            Kind::Missed => vec![&self.missed],
            Kind::Transfer => vec![&self.transfer],
            Kind::Closing => vec![&self.closing],
            Kind::Emergency { what, drill } => {
                let alarm = match what {
                    Alarm::Fire => &self.fire,
                    Alarm::Earthquake => &self.earthquake,
                    Alarm::Network => &self.network,
                    Alarm::Other => &self.other,
                    Alarm::Over => &self.over,
                };
                if drill { vec![&self.drill, alarm] } else { vec![alarm] }
            }
        }
    }
}

fn template(text: &str, allowed: &[Slot]) -> Result<Template, String> {
    if text.chars().count() > PHRASE_CHARS_MAX {
        return Err(format!("超过 / longer than {PHRASE_CHARS_MAX}"));
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}').ok_or("括号不成对 / a brace is not closed")?;
        let slot = Slot::named(name).filter(|slot| allowed.contains(slot));
        let slot = slot.ok_or_else(|| format!("这里不能用 / not usable here: {{{name}}}"))?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(Part::Slot(slot));
        rest = tail;
    }
    parts.push(Part::Text(rest.to_owned()));
    if text.contains('}') && parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('}'))) {
        return Err("括号不成对 / a brace is not opened".to_owned());
    }
    parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
    let sounds = |word: &Word| matches!(word, Word::Clip(_) | Word::Sign(_));
    let silent = parts.iter().all(|part| matches!(part, Part::Text(text) if !pieces(text).iter().any(sounds)));
    if silent { Err("没有词 / nothing to say".to_owned()) } else { Ok(parts) }
}

/// Cuts fixed text at its punctuation into recordings and silences.
fn pieces(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut open = String::new();
    let close = |open: &mut String, words: &mut Vec<Word>| {
        let word = open.trim().to_owned();
        open.clear();
        if !word.is_empty() {
            words.push(Word::Clip(word));
        }
    };
    for sign in text.chars() {
        let pause = match sign {
            '，' | ',' | '、' | '；' | ';' | '：' | ':' => COMMA_MS,
            '。' | '.' | '！' | '!' | '？' | '?' => STOP_MS,
            _ => {
                open.push(sign);
                continue;
            }
        };
        close(&mut open, &mut words);
        words.push(Word::Pause(pause));
    }
    close(&mut open, &mut words);
    words
}

/// The phrases of both languages.
#[derive(Debug, Clone)]
pub struct PhraseBook {
    zh: Templates,
    en: Templates,
    one: SayOne,
    languages: Vec<Language>,
}

impl PhraseBook {
    /// The hall's phrases where it has a file for a language, else those compiled in.
    ///
    /// # Errors
    /// A file that cannot be read, has unknown or missing keys, or a phrase that cannot be said.
    pub fn load(settings: &VoiceSettings) -> Result<Self, PhraseError> {
        Ok(Self {
            zh: load_one(settings.phrases_dir.as_deref(), Language::Zh, ZH_DEFAULT)?,
            en: load_one(settings.phrases_dir.as_deref(), Language::En, EN_DEFAULT)?,
            one: settings.one_as,
            languages: settings.languages.clone(),
        })
    }

    const fn of(&self, language: Language) -> &Templates {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }

    /// Every recording the phrases and numbers of a language need.
    #[must_use]
    pub fn words_needed(&self, language: Language) -> BTreeSet<String> {
        let mut needed: BTreeSet<String> = reading::words(language).into_iter().collect();
        for part in self.of(language).all().into_iter().flatten() {
            let Part::Text(text) = part else { continue };
            needed.extend(pieces(text).into_iter().filter_map(|word| match word {
                Word::Clip(word) => Some(word),
                Word::Sign(_) | Word::Pause(_) => None,
            }));
        }
        needed
    }

    /// The languages an announcement is said in, in order, each once.
    #[must_use]
    pub fn languages_of(&self, announcement: &Announcement) -> Vec<Language> {
        let asked = if announcement.languages.is_empty() { &self.languages } else { &announcement.languages };
        let mut order = Vec::new();
        for language in asked {
            if !order.contains(language) {
                order.push(*language);
            }
        }
        order
    }

    /// The sentence for an announcement in each of its languages, in order.
    ///
    /// # Errors
    /// The announcement lacks a number or counter its phrase needs, or one is too long to be read.
    pub fn phrases(&self, announcement: &Announcement) -> Result<Vec<Phrase>, PhraseError> {
        let languages = self.languages_of(announcement);
        languages.into_iter().map(|language| self.phrase(announcement, language)).collect()
    }

    /// The sentence for an announcement in one language.
    ///
    /// # Errors
    /// As [`PhraseBook::phrases`].
    pub fn phrase(&self, announcement: &Announcement, language: Language) -> Result<Phrase, PhraseError> {
        let mut phrase = Phrase { language, text: String::new(), spoken: String::new(), words: Vec::new() };
        for (index, template) in self.of(language).of(announcement.kind).into_iter().enumerate() {
            if index > 0 && language == Language::En {
                phrase.text.push(' ');
                phrase.spoken.push(' ');
            }
            for part in template {
                match part {
                    Part::Text(text) => {
                        phrase.text.push_str(text);
                        phrase.spoken.push_str(text);
                        phrase.words.extend(pieces(text));
                    }
                    Part::Slot(slot) => self.fill(announcement, *slot, &mut phrase)?,
                }
            }
        }
        Ok(phrase)
    }

    fn fill(&self, announcement: &Announcement, slot: Slot, phrase: &mut Phrase) -> Result<(), PhraseError> {
        let language = phrase.language;
        let (shown, said) = match slot {
            Slot::Number => {
                let number = needed(announcement, announcement.number.as_deref(), "number")?;
                (number.to_owned(), reading::spelled(language, number, self.one))
            }
            Slot::Counter => {
                let counter = needed(announcement, announcement.counter.as_deref(), "counter")?;
                (counter.to_owned(), reading::counted(language, counter, self.one))
            }
            Slot::Times => {
                let times = match announcement.kind {
                    Kind::Call { calls } | Kind::Recall { calls } => calls,
                    Kind::Missed | Kind::Transfer | Kind::Closing | Kind::Emergency { .. } => 1,
                };
                (times.to_string(), reading::number(language, times))
            }
        };
        phrase.text.push_str(&shown);
        phrase.spoken.push_str(&said.join(match language {
            Language::Zh => "",
            Language::En => " ",
        }));
        phrase.words.extend(said.into_iter().map(Word::Sign));
        Ok(())
    }
}

fn needed<'a>(from: &Announcement, value: Option<&'a str>, what: &'static str) -> Result<&'a str, PhraseError> {
    let value = value.map(str::trim).filter(|value| !value.is_empty());
    let value = value.ok_or(PhraseError::Lacks { rev: from.rev, what })?;
    if value.chars().count() > SIGNS_MAX {
        return Err(PhraseError::TooLong { rev: from.rev, what });
    }
    Ok(value)
}

fn load_one(dir: Option<&Path>, language: Language, compiled_in: &str) -> Result<Templates, PhraseError> {
    let path = dir.map(|dir| dir.join(format!("{}.toml", code(language)))).filter(|path| path.exists());
    let Some(path) = path else {
        return Templates::parse(compiled_in, "(compiled in)", language);
    };
    let read = |path: &Path| {
        let size = std::fs::metadata(path)?.len();
        let text = if size > PHRASE_FILE_BYTES_MAX { None } else { Some(std::fs::read_to_string(path)?) };
        Ok(text)
    };
    match read(&path) {
        Ok(Some(text)) => Templates::parse(&text, &path.display().to_string(), language),
        Ok(None) => Err(PhraseError::TooLarge(path)),
        Err(source) => Err(PhraseError::Read { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(text: &str) -> PhraseBook {
        PhraseBook::load(&toml::from_str(text).unwrap()).unwrap()
    }

    fn announcement(kind: Kind, number: &str, counter: &str) -> Announcement {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Announcement { rev: 1, at: DateTime::UNIX_EPOCH, kind, number: some(number), counter: some(counter), languages: Vec::new() }
    }

    fn said(book: &PhraseBook, announcement: &Announcement) -> (String, String) {
        let spoken = |language| book.phrase(announcement, language).unwrap().spoken;
        (spoken(Language::Zh), spoken(Language::En))
    }

    #[test]
    fn every_kind_is_said_in_both_languages() {
        let fire = Kind::Emergency { what: Alarm::Fire, drill: true };
        let table = [
            (Kind::Call { calls: 1 }, "A003", "2", "请A零零三号到二号窗口办理", "Ticket A zero zero three, please go to counter two."),
            (Kind::Call { calls: 1 }, "B117", "12", "请B一一七号到十二号窗口办理", "Ticket B one one seven, please go to counter twelve."),
            (Kind::Call { calls: 1 }, "C9", "VIP", "请C九号到VIP号窗口办理", "Ticket C nine, please go to counter V I P."),
            (
                Kind::Recall { calls: 2 },
                "A003",
                "2",
                "第二次呼叫，请A零零三号到二号窗口办理",
                "Repeat call. Ticket A zero zero three, please go to counter two.",
            ),
            (
                Kind::Recall { calls: 11 },
                "A003",
                "2",
                "第十一次呼叫，请A零零三号到二号窗口办理",
                "Repeat call. Ticket A zero zero three, please go to counter two.",
            ),
            (
                Kind::Missed,
                "A003",
                "",
                "A零零三号已过号，请到咨询台",
                "Ticket A zero zero three, your turn has passed. Please come to the information desk.",
            ),
            (Kind::Transfer, "A003", "3", "请A零零三号到三号窗口继续办理", "Ticket A zero zero three, please continue at counter three."),
            (Kind::Closing, "", "", "今日取号已停止", "No more tickets today."),
            (
                fire,
                "",
                "",
                "现在是演练。请注意，大厅发生火情，请听从工作人员指挥，有序撤离。",
                "This is a drill. Attention please. There is a fire. Leave by the nearest exit, follow the staff.",
            ),
        ];
        let book = book("");
        for (kind, number, counter, zh, en) in table {
            assert_eq!(said(&book, &announcement(kind, number, counter)), (zh.to_owned(), en.to_owned()));
        }
    }

    #[test]
    fn the_screen_shows_numbers_as_printed() {
        let phrases = book("").phrases(&announcement(Kind::Recall { calls: 2 }, "B007", "12")).unwrap();
        let shown: Vec<&str> = phrases.iter().map(|phrase| phrase.text.as_str()).collect();
        assert_eq!(shown, ["第2次呼叫，请B007号到12号窗口办理", "Repeat call. Ticket B007, please go to counter 12."]);
    }

    #[test]
    fn one_may_be_yao_in_numbers_but_not_in_counters() {
        let call = announcement(Kind::Call { calls: 1 }, "A101", "11");
        assert_eq!(said(&book("one_as = \"yao\""), &call).0, "请A幺零幺号到十一号窗口办理");
        assert_eq!(said(&book(""), &call).0, "请A一零一号到十一号窗口办理");
    }

    #[test]
    fn words_are_the_stretches_between_punctuation_and_numbers() {
        let missed = announcement(Kind::Missed, "A3", "");
        let words = book("").phrase(&missed, Language::Zh).unwrap().words;
        let clip = |text: &str| Word::Clip(text.to_owned());
        let sign = |text: &str| Word::Sign(text.to_owned());
        assert_eq!(words, [sign("A"), sign("三"), clip("号已过号"), Word::Pause(COMMA_MS), clip("请到咨询台")]);
    }

    #[test]
    fn languages_follow_the_ticket_then_the_hall() {
        let mut call = announcement(Kind::Closing, "", "");
        let english_first = book("languages = [\"en\", \"zh\"]");
        assert_eq!(english_first.languages_of(&call), [Language::En, Language::Zh]);
        call.languages = vec![Language::Zh, Language::Zh];
        assert_eq!(english_first.languages_of(&call), [Language::Zh]);
    }

    #[test]
    fn an_announcement_that_lacks_its_number_is_refused() {
        let book = book("");
        let no_number = announcement(Kind::Call { calls: 1 }, " ", "2");
        assert!(matches!(book.phrases(&no_number), Err(PhraseError::Lacks { what: "number", .. })));
        let endless = announcement(Kind::Call { calls: 1 }, "A1", &"9".repeat(SIGNS_MAX + 1));
        assert!(matches!(book.phrases(&endless), Err(PhraseError::TooLong { what: "counter", .. })));
    }

    #[test]
    fn phrase_files_with_unknown_keys_or_slots_are_refused() {
        let parse = |text: &str| Templates::parse(text, "test", Language::Zh);
        parse(ZH_DEFAULT).unwrap();
        assert!(matches!(parse(EN_DEFAULT), Err(PhraseError::Language { .. })));
        assert!(matches!(parse(&format!("surprise = \"x\"\n{ZH_DEFAULT}")), Err(PhraseError::File { .. })));
        for bad in ["请{name}号", "请{number号", "请number}号", "", "，。", &"长".repeat(PHRASE_CHARS_MAX + 1)] {
            let text = ZH_DEFAULT.replace("请{number}号到{counter}号窗口办理\"\nrecall", &format!("{bad}\"\nrecall"));
            assert_ne!(text, ZH_DEFAULT);
            assert!(matches!(parse(&text), Err(PhraseError::Phrase { key: "call", .. })), "{bad}");
        }
    }

    #[test]
    fn a_hall_may_bring_its_own_phrases_for_one_language() {
        let dir = tempfile::tempdir().unwrap();
        let own = ZH_DEFAULT.replace("今日取号已停止", "今天不再发号");
        std::fs::write(dir.path().join("zh.toml"), own).unwrap();
        let settings = VoiceSettings { phrases_dir: Some(dir.path().to_owned()), ..VoiceSettings::default() };
        let (zh, en) = said(&PhraseBook::load(&settings).unwrap(), &announcement(Kind::Closing, "", ""));
        assert!(zh.starts_with("今天不再发号"), "{zh}");
        assert!(en.starts_with("No more tickets"), "{en}");
    }
}
