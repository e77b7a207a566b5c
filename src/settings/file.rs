//! Reads the settings: the compiled-in defaults, over them the file, over that the environment.

use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use super::Settings;

/// The complete, commented file of defaults.
pub const DEFAULTS: &str = include_str!("../../config/warmhall.toml");
/// What a setting's name in the environment begins with; sections are joined by two underscores.
pub const ENVIRONMENT_PREFIX: &str = "WARMHALL__";
/// A settings file larger than this is not one, in bytes.
pub(super) const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why the settings cannot be used. Each says it in Chinese and in English.
#[derive(Debug, Error)]
pub enum SettingsError {
    #[error("无法读取 {path}：{error} / cannot read {path}: {error}")]
    Read { path: PathBuf, error: std::io::Error },
    #[error("{path} 太大 / {path} is too large")]
    TooLarge { path: PathBuf },
    /// Says line and column.
    #[error("{path} 有误 / {path} is wrong\n{problem}")]
    Parse { path: PathBuf, problem: String },
    #[error("环境变量 {name} 有误 / the environment variable {name} is wrong: {problem}")]
    Environment { name: String, problem: String },
    #[error("设置 {key} 有误 / the setting {key} is wrong: {problem}")]
    Value { key: String, problem: String },
    #[error("大厅文件 {path} 有误 / the hall's file {path} is wrong: {problem}")]
    Hall { path: PathBuf, problem: String },
}

/// Reads the settings from `file` (none: the defaults alone) and from the variables of the environment.
///
/// # Errors
/// When the file cannot be read or says something unknown (with line and column), or a variable does.
pub fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> Result<Settings, SettingsError> {
    let mut settings = match file {
        Some(path) => parse_file(path)?,
        None => Settings::default(),
    };
    let mut named: Vec<_> =
        environment.filter_map(|(name, value)| Some((name.strip_prefix(ENVIRONMENT_PREFIX)?.to_owned(), value))).collect();
    named.sort();
    for (name, value) in named {
        settings = with_variable(&settings, &name, value)?;
    }
    settings.check()?;
    Ok(settings)
}

fn parse_file(path: &Path) -> Result<Settings, SettingsError> {
    let text = read_text(path)?;
    toml::from_str(&text).map_err(|error| SettingsError::Parse { path: path.to_owned(), problem: error.to_string().trim_end().to_owned() })
}

/// A text file of a size that a person wrote.
pub(super) fn read_text(path: &Path) -> Result<String, SettingsError> {
    let read_error = |error| SettingsError::Read { path: path.to_owned(), error };
    if std::fs::metadata(path).map_err(read_error)?.len() > FILE_BYTES_MAX {
        return Err(SettingsError::TooLarge { path: path.to_owned() });
    }
    std::fs::read_to_string(path).map_err(read_error)
}

/// The settings with one variable put in.
fn with_variable(settings: &Settings, name: &str, value: String) -> Result<Settings, SettingsError> {
    let refuse = |problem: String| SettingsError::Environment { name: format!("{ENVIRONMENT_PREFIX}{name}"), problem };
    let mut root = Table::try_from(settings).map_err(|e| refuse(e.to_string()))?;
    let path = name.to_ascii_lowercase();
    let mut keys = path.split("__").peekable();
    let mut table = &mut root;
    while let Some(key) = keys.next() {
        if keys.peek().is_none() {
            let is_text = matches!(table.get(key), Some(Value::String(_)));
            let value = if is_text { Value::String(value) } else { guessed(value) };
            table.insert(key.to_owned(), value);
            break;
        }
        table = match table.get_mut(key) {
            Some(Value::Table(inner)) => inner,
            Some(_) | None => return Err(refuse(format!("没有 [{key}] 这一节 / there is no section [{key}]"))),
        };
    }
    root.try_into().map_err(|e| refuse(e.to_string().trim_end().to_owned()))
}

/// A number, a list or a truth where the text is one; else the text itself.
fn guessed(text: String) -> Value {
    toml::from_str::<Table>(&format!("value = {text}")).ok().and_then(|mut table| table.remove("value")).unwrap_or(Value::String(text))
}
