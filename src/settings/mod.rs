//! What this process was told before it opened: the settings file, the environment, and the hall's own file.
//!
//! `config/warmhall.toml` is complete, commented and compiled in; a test holds it to the types below.

mod file;
mod hall;
mod orders;
pub mod telephony;
pub mod voice;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use file::{DEFAULTS, ENVIRONMENT_PREFIX, SettingsError, load};
pub use hall::{SAMPLE_HALL, hall_profile, sample_profile};
pub use orders::{CATEGORIES, CLOCK_PRESETS};

use telephony::TelephonySettings;
use voice::VoiceSettings;

/// Most HTTP threads that are started where the settings name none.
const WORKERS_MAX: usize = 8;
/// Proxies that may be trusted.
const TRUSTED_PROXIES_MAX: usize = 64;
/// HTTP threads that may be asked for at most.
const WORKERS_ASKED_MAX: usize = 64;

/// How long the hall remembers unless somebody decides otherwise, in days: three years.
pub const HISTORY_DAYS_KEPT: u32 = 1_095;
/// The longest time that the hall may be told to remember, in days: thirty years.
const HISTORY_DAYS_KEPT_MAX: u32 = 10_950;

/// Everything this process was told. What each key means stands in `config/warmhall.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    pub hall_id: String,
    #[serde(with = "empty_is_none")]
    pub hall_file: Option<PathBuf>,
    #[serde(with = "empty_is_none")]
    pub public_url: Option<url::Url>,
    pub tls_in_front: bool,
    pub trusted_proxies: Vec<IpAddr>,
    #[serde(with = "empty_is_none")]
    pub redis_url: Option<String>,
    /// A file that holds the address, so that its password stands in no settings file.
    #[serde(with = "empty_is_none")]
    pub redis_url_file: Option<PathBuf>,
    #[serde(with = "empty_is_none")]
    pub redis_server: Option<PathBuf>,
    pub limits: Limits,
    pub history: HistorySettings,
    pub voice: VoiceSettings,
    pub telephony: TelephonySettings,
    pub log: Log,
}

/// The `[limits]` section.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// HTTP threads; 0 is the number of cores, at most eight.
    pub workers: usize,
}

/// The `[history]` section: how long the hall remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HistorySettings {
    /// Service days of tickets, events and figures.
    pub days_kept: u32,
    /// Days of calls and orders, with the names and numbers in them.
    pub records_days_kept: u32,
}

impl Default for HistorySettings {
    fn default() -> Self {
        Self { days_kept: HISTORY_DAYS_KEPT, records_days_kept: HISTORY_DAYS_KEPT }
    }
}

/// The `[log]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// A level, or levels by module.
    pub level: String,
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For log systems.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            data_dir: PathBuf::from("./data"),
            hall_id: "hall".to_owned(),
            hall_file: None,
            public_url: None,
            tls_in_front: false,
            trusted_proxies: Vec::new(),
            redis_url: None,
            redis_url_file: None,
            redis_server: None,
            limits: Limits::default(),
            history: HistorySettings::default(),
            voice: VoiceSettings::default(),
            telephony: TelephonySettings::default(),
            log: Log::default(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

impl Settings {
    /// Says what cannot be, in words that name the key.
    ///
    /// # Errors
    /// The first setting that is out of its bounds.
    pub fn check(&self) -> Result<(), SettingsError> {
        let refuse = |key: &str, problem: &str| Err(SettingsError::Value { key: key.to_owned(), problem: problem.to_owned() });
        let id_fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.hall_id.is_empty() || self.hall_id.len() > 32 || !self.hall_id.bytes().all(id_fits) {
            return refuse("hall_id", "1–32 个字符 a-z、0-9、- / 1 to 32 of a-z, 0-9 and -");
        }
        if self.redis_url.is_some() && self.redis_url_file.is_some() {
            return refuse("redis_url_file", "与 redis_url 只能写一个 / either this or redis_url, not both");
        }
        if self.trusted_proxies.len() > TRUSTED_PROXIES_MAX {
            return refuse("trusted_proxies", "最多 64 个 / at most 64");
        }
        if self.limits.workers > WORKERS_ASKED_MAX {
            return refuse("limits.workers", "0–64");
        }
        self.telephony.check()?;
        for (key, days) in [("history.days_kept", self.history.days_kept), ("history.records_days_kept", self.history.records_days_kept)] {
            if !(1..=HISTORY_DAYS_KEPT_MAX).contains(&days) {
                return refuse(key, "1–10950");
            }
        }
        let scheme = self.public_url.as_ref().map(url::Url::scheme);
        if scheme.is_some_and(|scheme| scheme != "http" && scheme != "https") {
            return refuse("public_url", "以 http:// 或 https:// 开头 / starts with http:// or https://");
        }
        self.voice.check().map_err(|e| SettingsError::Value { key: format!("voice.{}", e.key), problem: e.allowed })
    }

    /// The Redis kept by somebody else, if one is named; read from its file where it stands in one.
    ///
    /// # Errors
    /// When that file cannot be read or is empty.
    pub fn redis_address(&self) -> Result<Option<String>, SettingsError> {
        let Some(path) = &self.redis_url_file else { return Ok(self.redis_url.clone()) };
        let text = std::fs::read_to_string(path).map_err(|error| SettingsError::Read { path: path.clone(), error })?;
        let text = text.trim();
        if text.is_empty() {
            return Err(SettingsError::Value { key: "redis_url_file".to_owned(), problem: "文件为空 / the file is empty".to_owned() });
        }
        Ok(Some(text.to_owned()))
    }

    /// How many HTTP threads to start.
    #[must_use]
    pub fn workers(&self) -> usize {
        match self.limits.workers {
            0 => std::thread::available_parallelism().map_or(2, usize::from).min(WORKERS_MAX),
            given => given,
        }
    }
}

/// An empty text is nothing, so that the file of defaults can name every key.
mod empty_is_none {
    use std::fmt::Display;
    use std::path::PathBuf;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    /// What can be written as a text, and as an empty one when it is not there.
    pub(super) trait Spelled {
        fn spelled(&self) -> String;
    }

    impl Spelled for String {
        fn spelled(&self) -> String {
            self.clone()
        }
    }

    impl Spelled for PathBuf {
        fn spelled(&self) -> String {
            self.display().to_string()
        }
    }

    impl Spelled for url::Url {
        fn spelled(&self) -> String {
            self.to_string()
        }
    }

    #[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<T: Spelled, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.as_ref().map(Spelled::spelled).unwrap_or_default())
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr,
        T::Err: Display,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(from)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
