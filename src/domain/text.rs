//! Words people read: a text in both languages, and free text that is trimmed, bounded and safe to store.

use serde::{Deserialize, Deserializer, Serialize};

/// The longest free text anywhere (reasons, remedies, notices), in characters.
pub const TEXT_CHARS_MAX: usize = 500;

/// A text in Chinese and English, both required.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

/// The languages the hall speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    Zh,
    En,
}

/// Free text typed by a person: trimmed, without control characters, at most [`TEXT_CHARS_MAX`] characters.
/// The doors bring it to NFC before it comes here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FreeText(String);

impl FreeText {
    /// Reads a free text.
    ///
    /// # Errors
    /// When nothing is left after trimming, or it is too long, or holds control or direction-changing characters.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty");
        }
        if text.chars().count() > TEXT_CHARS_MAX {
            return Err("is longer than 500 characters");
        }
        if text.chars().any(is_hostile) {
            return Err("holds control or direction-changing characters");
        }
        Ok(Self(text.to_owned()))
    }

    /// What stands where a text was that must not be told.
    #[must_use]
    pub fn blank() -> Self {
        Self("***".to_owned())
    }

    /// A name as people write it into texts: whole, and each of its words.
    #[must_use]
    pub fn as_name(&self) -> Vec<String> {
        /// Words of a name that are shorter stand in other words too, in characters.
        const WORD_CHARS_MIN: usize = 3;
        let words = self.0.split_whitespace().filter(|word| word.chars().count() >= WORD_CHARS_MIN);
        [self.0.as_str()].into_iter().chain(words).map(ToOwned::to_owned).collect()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for FreeText {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Characters that could change how the rest of a line is shown, printed or spoken.
fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_text_is_trimmed_and_bounded() {
        assert_eq!(FreeText::parse("  缺房产证 ").unwrap().as_str(), "缺房产证");
        assert!(FreeText::parse(" \n ").is_err());
        assert!(FreeText::parse("a\u{202E}b").is_err());
        assert!(FreeText::parse("a\u{0}b").is_err());
        assert!(FreeText::parse(&"供".repeat(500)).is_ok());
        assert!(FreeText::parse(&"供".repeat(501)).is_err());
    }
}
