//! What this process was told about telephone exchanges: the token of the webhook, and how to listen to an Asterisk.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::empty_is_none;
use super::file::{SettingsError, read_text};
use crate::domain::telephone::{Dialled, number_key};

/// The shortest token, in characters: it stands in an address, and nothing else protects the door.
pub const TOKEN_CHARS_MIN: usize = 16;
/// The longest token or secret, in characters.
pub const SECRET_CHARS_MAX: usize = 128;
/// Queues that may be named.
pub const QUEUES_MAX: usize = 64;
/// The longest name of a queue, in characters.
pub const QUEUE_CHARS_MAX: usize = 64;
/// Numbers that may be blocked.
pub const BLOCKED_MAX: usize = 200;
/// The most digits of an extension.
pub const INTERNAL_DIGITS_MAX: u8 = 8;

/// A secret; it is not shown where settings are.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself; none where it is empty.
    #[must_use]
    pub fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&self.0)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "…" })
    }
}

/// The `[telephony]` section.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelephonySettings {
    /// The token in the address of the Zammad-compatible webhook; none closes the door.
    pub zammad_token: Secret,
    /// A file that holds it.
    #[serde(with = "empty_is_none")]
    pub zammad_token_file: Option<PathBuf>,
    /// Callers whom nobody is to answer: the exchange is told so when they ring.
    pub blocked_numbers: Vec<String>,
    pub ami: AmiSettings,
}

/// The `[telephony.ami]` section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AmiSettings {
    /// `host:port`; none does not listen.
    #[serde(with = "empty_is_none")]
    pub address: Option<String>,
    pub username: String,
    pub secret: Secret,
    /// A file that holds it.
    #[serde(with = "empty_is_none")]
    pub secret_file: Option<PathBuf>,
    pub login: Login,
    /// Only calls of these queues; none means all.
    pub queues: Vec<String>,
    /// A number with at most so many digits is an extension.
    pub internal_digits: u8,
}

/// How to prove who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Login {
    /// By an answer to a challenge (MD5); the secret is not sent.
    #[default]
    Challenge,
    /// By the secret itself.
    Plain,
}

impl Default for AmiSettings {
    fn default() -> Self {
        Self {
            address: None,
            username: String::new(),
            secret: Secret::default(),
            secret_file: None,
            login: Login::default(),
            queues: Vec::new(),
            internal_digits: 4,
        }
    }
}

/// A line to an Asterisk, with its secret read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmiLine {
    pub address: String,
    pub username: String,
    pub secret: Secret,
    /// Send the secret itself.
    pub plain: bool,
    pub queues: Vec<String>,
    pub internal_digits: u8,
}

/// What is to be listened to, with its secrets read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TelephonyPlan {
    /// The token of the Zammad-compatible webhook; none closes the door.
    pub zammad_token: Option<Secret>,
    /// Callers whom nobody is to answer.
    pub blocked: Vec<Dialled>,
    pub ami: Option<AmiLine>,
}

impl TelephonySettings {
    /// What is to be listened to.
    ///
    /// # Errors
    /// When a file with a secret cannot be read, or holds none.
    pub fn plan(&self) -> Result<TelephonyPlan, SettingsError> {
        let zammad_token = self.zammad_token()?.as_deref().map(Secret::from);
        let blocked = self.blocked_numbers.iter().map(|number| Dialled::from(number.as_str())).collect();
        Ok(TelephonyPlan { zammad_token, blocked, ami: self.ami.options()? })
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if self.zammad_token.reveal().is_some() && self.zammad_token_file.is_some() {
            return Err(refuse("zammad_token_file", "与 zammad_token 只能写一个 / either this or zammad_token, not both"));
        }
        if let Some(token) = self.zammad_token.reveal() {
            check_token("zammad_token", token)?;
        }
        if self.blocked_numbers.len() > BLOCKED_MAX || self.blocked_numbers.iter().any(|number| number_key(number).is_none()) {
            return Err(refuse("blocked_numbers", "最多 200 个电话号码 / at most 200 telephone numbers"));
        }
        self.ami.check()
    }

    /// Read from its file where it stands in one.
    fn zammad_token(&self) -> Result<Option<String>, SettingsError> {
        let Some(token) = secret(&self.zammad_token, self.zammad_token_file.as_deref(), "zammad_token_file")? else { return Ok(None) };
        check_token("zammad_token_file", &token)?;
        Ok(Some(token))
    }
}

impl AmiSettings {
    fn check(&self) -> Result<(), SettingsError> {
        if self.secret.reveal().is_some() && self.secret_file.is_some() {
            return Err(refuse("ami.secret_file", "与 secret 只能写一个 / either this or secret, not both"));
        }
        if self.queues.len() > QUEUES_MAX || self.queues.iter().any(|queue| queue.is_empty() || queue.chars().count() > QUEUE_CHARS_MAX) {
            return Err(refuse("ami.queues", "最多 64 个，每个 1–64 个字符 / at most 64, each of 1 to 64 characters"));
        }
        if self.internal_digits == 0 || self.internal_digits > INTERNAL_DIGITS_MAX {
            return Err(refuse("ami.internal_digits", "1–8"));
        }
        if self.secret.0.chars().count() > SECRET_CHARS_MAX || self.username.chars().count() > SECRET_CHARS_MAX {
            return Err(refuse("ami.secret", "最多 128 个字符 / at most 128 characters"));
        }
        let Some(address) = &self.address else { return Ok(()) };
        let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            return Err(refuse("ami.address", "写成 主机:端口，如 10.0.0.5:5038 / written as host:port, e.g. 10.0.0.5:5038"));
        }
        if self.username.is_empty() {
            return Err(refuse("ami.username", "不能为空 / must not be empty"));
        }
        if self.secret.reveal().is_none() && self.secret_file.is_none() {
            return Err(refuse("ami.secret", "请写 secret 或 secret_file / write secret or secret_file"));
        }
        Ok(())
    }

    /// None where no address is written.
    fn options(&self) -> Result<Option<AmiLine>, SettingsError> {
        let Some(address) = self.address.clone() else { return Ok(None) };
        let secret = secret(&self.secret, self.secret_file.as_deref(), "ami.secret_file")?;
        Ok(Some(AmiLine {
            address,
            username: self.username.clone(),
            secret: Secret(secret.unwrap_or_default()),
            plain: self.login == Login::Plain,
            queues: self.queues.clone(),
            internal_digits: self.internal_digits,
        }))
    }
}

fn check_token(key: &str, token: &str) -> Result<(), SettingsError> {
    let in_address = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (TOKEN_CHARS_MIN..=SECRET_CHARS_MAX).contains(&token.len()) && token.bytes().all(in_address) {
        return Ok(());
    }
    Err(refuse(key, "16–128 个字符 a-z、A-Z、0-9、-、_ / 16 to 128 of a-z, A-Z, 0-9, - and _"))
}

fn secret(written: &Secret, file: Option<&Path>, key: &str) -> Result<Option<String>, SettingsError> {
    let Some(path) = file else { return Ok(written.reveal().map(str::to_owned)) };
    let text = read_text(path)?.trim().to_owned();
    if text.is_empty() {
        return Err(refuse(key, "文件为空 / the file is empty"));
    }
    Ok(Some(text))
}

fn refuse(key: &str, problem: &str) -> SettingsError {
    SettingsError::Value { key: format!("telephony.{key}"), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "PhXp3ZG63QyJfcb1pVOnBKJWIbI";

    fn key_refused(settings: &TelephonySettings) -> String {
        match settings.check() {
            Err(SettingsError::Value { key, .. }) => key,
            other => panic!("{other:?}"),
        }
    }

    fn line() -> AmiSettings {
        AmiSettings {
            address: Some("10.0.0.5:5038".to_owned()),
            username: "warmhall".to_owned(),
            secret: "s".into(),
            ..AmiSettings::default()
        }
    }

    fn with(ami: AmiSettings) -> TelephonySettings {
        TelephonySettings { ami, ..TelephonySettings::default() }
    }

    #[test]
    fn nothing_is_on_by_default() {
        let settings = TelephonySettings::default();
        settings.check().unwrap();
        assert_eq!(settings.plan().unwrap(), TelephonyPlan::default());
    }

    #[test]
    fn a_weak_token_is_refused() {
        for bad in ["short", "with/slash/in/the/middle", &"a".repeat(SECRET_CHARS_MAX + 1)] {
            assert_eq!(
                key_refused(&TelephonySettings { zammad_token: bad.into(), ..TelephonySettings::default() }),
                "telephony.zammad_token"
            );
        }
        let good = TelephonySettings { zammad_token: TOKEN.into(), ..TelephonySettings::default() };
        good.check().unwrap();
        assert_eq!(good.zammad_token().unwrap().as_deref(), Some(TOKEN));
        assert!(!format!("{good:?}").contains(TOKEN), "settings that are shown tell no secret");
    }

    #[test]
    fn blocked_numbers_are_telephone_numbers() {
        let blocking = |numbers: Vec<String>| TelephonySettings { blocked_numbers: numbers, ..TelephonySettings::default() };
        let good = blocking(vec!["139 0000 0001".to_owned(), "0532-88886666".to_owned()]);
        good.check().unwrap();
        assert_eq!(good.plan().unwrap().blocked.len(), 2);
        for numbers in [vec!["anonymous".to_owned()], vec![String::new()], vec!["13900000001".to_owned(); BLOCKED_MAX + 1]] {
            assert_eq!(key_refused(&blocking(numbers)), "telephony.blocked_numbers");
        }
    }

    #[test]
    fn secrets_may_stand_in_files() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{TOKEN}\n")).unwrap();
        let path = Some(file.path().to_owned());
        let settings = TelephonySettings {
            zammad_token_file: path.clone(),
            ami: AmiSettings { secret: Secret::default(), secret_file: path.clone(), ..line() },
            ..TelephonySettings::default()
        };
        settings.check().unwrap();
        assert_eq!(settings.zammad_token().unwrap().as_deref(), Some(TOKEN));
        assert_eq!(settings.plan().unwrap().ami.unwrap().secret.reveal(), Some(TOKEN));
        let both = TelephonySettings { zammad_token: TOKEN.into(), ..settings };
        assert_eq!(key_refused(&both), "telephony.zammad_token_file");
        std::fs::write(file.path(), " \n").unwrap();
        assert!(TelephonySettings { zammad_token_file: path, ..TelephonySettings::default() }.zammad_token().is_err());
    }

    #[test]
    fn a_line_that_cannot_work_is_refused_by_its_key() {
        with(line()).check().unwrap();
        for (ami, key) in [
            (AmiSettings { address: Some("10.0.0.5".to_owned()), ..line() }, "telephony.ami.address"),
            (AmiSettings { address: Some(":5038".to_owned()), ..line() }, "telephony.ami.address"),
            (AmiSettings { username: String::new(), ..line() }, "telephony.ami.username"),
            (AmiSettings { secret: Secret::default(), ..line() }, "telephony.ami.secret"),
            (AmiSettings { secret: "s".repeat(SECRET_CHARS_MAX + 1).as_str().into(), ..line() }, "telephony.ami.secret"),
            (AmiSettings { queues: vec!["q".to_owned(); QUEUES_MAX + 1], ..line() }, "telephony.ami.queues"),
            (AmiSettings { queues: vec!["q".repeat(QUEUE_CHARS_MAX + 1)], ..line() }, "telephony.ami.queues"),
            (AmiSettings { internal_digits: INTERNAL_DIGITS_MAX + 1, ..line() }, "telephony.ami.internal_digits"),
        ] {
            assert_eq!(key_refused(&with(ami)), key);
        }
    }
}
