//! What a hall may set about its voice, the bounds of each setting, and how loud it speaks at a given time of day.

use std::path::PathBuf;

use chrono::{NaiveTime, Timelike};
use serde::{Deserialize, Serialize};

/// Times a sentence may be repeated in one announcement.
pub const REPEATS_MAX: u8 = 5;
/// Longest silence between two announcements, milliseconds.
pub const GAP_MS_MAX: u32 = 10_000;
/// Oldest call that may still be spoken, seconds, at most.
pub const AGE_S_MAX: u32 = 3_600;
/// Announcements that may wait, at most.
pub const QUEUE_MAX: u16 = 256;
/// Stretches of quiet hours in a day.
pub const QUIET_HOURS_MAX: usize = 8;
/// Parts of an external command.
pub const COMMAND_ARGS_MAX: usize = 32;
/// Longest an external command may take, milliseconds.
pub const COMMAND_TIMEOUT_MS_MAX: u32 = 30_000;
/// Largest sound an external command may hand back, bytes.
pub const COMMAND_OUTPUT_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// Largest folder of kept sounds of an external command, bytes.
pub const COMMAND_CACHE_BYTES_MAX: u64 = 1024 * 1024 * 1024;

pub use crate::domain::text::Language;

/// The languages the lobby can be spoken to in, Chinese first.
pub const LANGUAGES: [Language; 2] = [Language::Zh, Language::En];

/// The two letters of a language in files, folders and on the wire.
#[must_use]
pub const fn code(language: Language) -> &'static str {
    match language {
        Language::Zh => "zh",
        Language::En => "en",
    }
}

/// How the digit 1 is read in a Chinese number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SayOne {
    /// 一.
    #[default]
    Yi,
    /// 幺, as on the telephone.
    Yao,
}

/// A stretch of the day with its own volume; half open, may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First minute, hall time.
    #[serde(with = "minute_of_day")]
    pub from: NaiveTime,
    /// First minute after it, hall time.
    #[serde(with = "minute_of_day")]
    pub to: NaiveTime,
}

impl QuietHours {
    /// Whether the time of day lies in the stretch.
    #[must_use]
    pub fn contains(&self, time: NaiveTime) -> bool {
        if self.from <= self.to { self.from <= time && time < self.to } else { time >= self.from || time < self.to }
    }
}

/// A program that turns text (standard input) into a WAV (standard output).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandSettings {
    /// Program and arguments; `{language}` becomes `zh` or `en`. No shell reads it.
    pub argv: Vec<String>,
    /// Longest one sentence may take, milliseconds.
    #[serde(default = "command_timeout_ms")]
    pub timeout_ms: u32,
    /// Largest WAV taken, bytes.
    #[serde(default = "command_output_bytes_max")]
    pub output_bytes_max: u32,
    /// Most that is kept of sentences already made, bytes; the oldest go first. 0 keeps nothing.
    #[serde(default = "command_cache_bytes_max")]
    pub cache_bytes_max: u64,
}

const fn command_timeout_ms() -> u32 {
    4_000
}

const fn command_output_bytes_max() -> u32 {
    4 * 1024 * 1024
}

const fn command_cache_bytes_max() -> u64 {
    64 * 1024 * 1024
}

/// The `[voice]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VoiceSettings {
    /// Whether this machine speaks; boards may still fetch the sound.
    pub enabled: bool,
    /// Sound device by name; `default` is the machine's own choice.
    pub device: String,
    /// Order of languages where an announcement names none.
    pub languages: Vec<Language>,
    /// How 1 is read in Chinese numbers.
    pub one_as: SayOne,
    /// Times each language says a call.
    pub repeats: u8,
    /// Times each language says an emergency.
    pub emergency_repeats: u8,
    /// Loudness, percent.
    pub volume_percent: u8,
    /// When `quiet_volume_percent` holds, hall time.
    pub quiet_hours: Vec<QuietHours>,
    /// Loudness in quiet hours, percent; 0 is silence. Emergencies ignore quiet hours.
    pub quiet_volume_percent: u8,
    /// Silence after each announcement, milliseconds.
    pub gap_ms: u32,
    /// A call older than this is not spoken any more, seconds.
    pub age_s_max: u32,
    /// Announcements that may wait; beyond it the oldest is dropped.
    pub queue_max: u16,
    /// The hall's own recordings (`zh/manifest.toml`, `en/manifest.toml`); they win word by word.
    pub clips_dir: Option<PathBuf>,
    /// The hall's own phrases (`zh.toml`, `en.toml`).
    pub phrases_dir: Option<PathBuf>,
    /// External text to speech; the clips step in when it fails.
    pub command: Option<CommandSettings>,
}

impl Default for VoiceSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            device: "default".to_owned(),
            languages: vec![Language::Zh, Language::En],
            one_as: SayOne::Yi,
            repeats: 2,
            emergency_repeats: 3,
            volume_percent: 80,
            quiet_hours: Vec::new(),
            quiet_volume_percent: 30,
            gap_ms: 600,
            age_s_max: 90,
            queue_max: 64,
            clips_dir: None,
            phrases_dir: None,
            command: None,
        }
    }
}

/// A setting that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("voice.{key} 不在允许范围 / out of bounds: {allowed}")]
pub struct VoiceSettingsError {
    /// The key below `[voice]`.
    pub key: &'static str,
    /// What would be accepted.
    pub allowed: String,
}

impl VoiceSettings {
    /// Refuses what is out of bounds.
    ///
    /// # Errors
    /// The first setting out of its bounds, with what would be accepted.
    pub fn check(&self) -> Result<(), VoiceSettingsError> {
        let refuse = |key, allowed: String| Err(VoiceSettingsError { key, allowed });
        if self.languages.is_empty() || self.languages.len() > LANGUAGES.len() {
            return refuse("languages", format!("1–{}", LANGUAGES.len()));
        }
        for (key, value, low, high) in self.numbers() {
            if value < low || value > high {
                return refuse(key, format!("{low}–{high}"));
            }
        }
        if self.quiet_hours.len() > QUIET_HOURS_MAX {
            return refuse("quiet_hours", format!("≤ {QUIET_HOURS_MAX}"));
        }
        if self.quiet_hours.iter().any(|quiet| quiet.from == quiet.to) {
            return refuse("quiet_hours", "from ≠ to".to_owned());
        }
        let Some(command) = &self.command else { return Ok(()) };
        let empty = command.argv.first().is_none_or(String::is_empty);
        if empty || command.argv.len() > COMMAND_ARGS_MAX {
            return refuse("command.argv", format!("1–{COMMAND_ARGS_MAX}"));
        }
        Ok(())
    }

    fn numbers(&self) -> Vec<(&'static str, u64, u64, u64)> {
        let repeats_max = u64::from(REPEATS_MAX);
        let mut all = vec![
            ("repeats", u64::from(self.repeats), 1, repeats_max),
            ("emergency_repeats", u64::from(self.emergency_repeats), 1, repeats_max),
            ("volume_percent", u64::from(self.volume_percent), 0, 100),
            ("quiet_volume_percent", u64::from(self.quiet_volume_percent), 0, 100),
            ("gap_ms", u64::from(self.gap_ms), 0, u64::from(GAP_MS_MAX)),
            ("age_s_max", u64::from(self.age_s_max), 5, u64::from(AGE_S_MAX)),
            ("queue_max", u64::from(self.queue_max), 1, u64::from(QUEUE_MAX)),
        ];
        if let Some(command) = &self.command {
            let output_max = u64::from(COMMAND_OUTPUT_BYTES_MAX);
            all.push(("command.timeout_ms", u64::from(command.timeout_ms), 100, u64::from(COMMAND_TIMEOUT_MS_MAX)));
            all.push(("command.output_bytes_max", u64::from(command.output_bytes_max), 1024, output_max));
            all.push(("command.cache_bytes_max", command.cache_bytes_max, 0, COMMAND_CACHE_BYTES_MAX));
        }
        all
    }

    /// The order of languages for a ticket: its own first, then the hall's others.
    #[must_use]
    pub fn order_for(&self, ticket: Language) -> Vec<Language> {
        let others = self.languages.iter().copied().filter(|language| *language != ticket);
        std::iter::once(ticket).chain(others).collect()
    }

    /// Loudness at a time of day in the hall, percent.
    #[must_use]
    pub fn volume_percent_at(&self, time: NaiveTime, emergency: bool) -> u8 {
        let quiet = self.quiet_hours.iter().any(|quiet| quiet.contains(time));
        if emergency {
            100
        } else if quiet {
            self.quiet_volume_percent
        } else {
            self.volume_percent
        }
    }
}

/// `HH:MM` on the page, a time of day in the program.
mod minute_of_day {
    use super::{NaiveTime, Timelike};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Writes `HH:MM`.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    pub(super) fn serialize<S: Serializer>(time: &NaiveTime, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:02}:{:02}", time.hour(), time.minute()))
    }

    /// Reads `HH:MM`.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<NaiveTime, D::Error> {
        let text = String::deserialize(from)?;
        NaiveTime::parse_from_str(&text, "%H:%M").map_err(|_| D::Error::custom("时间写作 / a time is written HH:MM"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
    }

    #[test]
    fn defaults_are_within_bounds_and_survive_toml() {
        let settings = VoiceSettings::default();
        settings.check().unwrap();
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<VoiceSettings>(&text).unwrap(), settings);
    }

    #[test]
    fn a_ticket_s_own_language_comes_first() {
        let both = VoiceSettings::default();
        assert_eq!(both.order_for(Language::En), [Language::En, Language::Zh]);
        let chinese = VoiceSettings { languages: vec![Language::Zh], ..both };
        assert_eq!(chinese.order_for(Language::Zh), [Language::Zh]);
        assert_eq!(chinese.order_for(Language::En), [Language::En, Language::Zh]);
    }

    #[test]
    fn unknown_keys_and_impossible_values_are_refused() {
        assert!(toml::from_str::<VoiceSettings>("volume = 3").is_err());
        let cases = [
            ("volume_percent = 101", "volume_percent"),
            ("languages = []", "languages"),
            ("repeats = 0", "repeats"),
            ("queue_max = 0", "queue_max"),
            ("age_s_max = 1", "age_s_max"),
            ("quiet_hours = [{ from = \"12:00\", to = \"12:00\" }]", "quiet_hours"),
            ("command = { argv = [] }", "command.argv"),
            ("command = { argv = [\"x\"], timeout_ms = 1 }", "command.timeout_ms"),
        ];
        for (text, key) in cases {
            let settings: VoiceSettings = toml::from_str(text).unwrap();
            assert_eq!(settings.check().unwrap_err().key, key, "{text}");
        }
        assert!(toml::from_str::<VoiceSettings>("quiet_hours = [{ from = \"25:00\", to = \"12:00\" }]").is_err());
    }

    #[test]
    fn quiet_hours_are_half_open_and_may_pass_midnight() {
        let settings: VoiceSettings = toml::from_str(
            "quiet_hours = [{ from = \"12:30\", to = \"13:30\" }, { from = \"22:00\", to = \"06:00\" }]\nquiet_volume_percent = 10",
        )
        .unwrap();
        let cases = [(12, 29, 80), (12, 30, 10), (13, 29, 10), (13, 30, 80), (23, 0, 10), (5, 59, 10), (6, 0, 80)];
        for (hour, minute, percent) in cases {
            assert_eq!(settings.volume_percent_at(at(hour, minute), false), percent, "{hour}:{minute}");
        }
        assert_eq!(settings.volume_percent_at(at(12, 45), true), 100);
    }
}
