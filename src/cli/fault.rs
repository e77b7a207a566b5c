//! How a command ends when it does not succeed: words for people and a code for programs.

use std::fmt::Display;
use std::process::ExitCode;

use crate::domain::refusal::Refusal;
use crate::keeper;
use crate::settings::SettingsError;
use crate::store;

/// Why a command ended; printed as it stands.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(super) struct Fault {
    words: String,
    code: u8,
}

impl Fault {
    /// It failed; the words say why and what to do, in Chinese and in English.
    pub(super) fn failed(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: 1 }
    }

    /// What was asked for cannot be.
    pub(super) fn usage(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: 2 }
    }

    /// Something that should have worked did not: what was tried, in both languages, and what the system said.
    pub(super) fn of(zh: &str, en: &str, error: &dyn Display) -> Self {
        Self::failed(format!("{zh} / {en}: {error}"))
    }

    /// The folder or port is somebody else's.
    pub(super) fn taken(words: impl Into<String>) -> Self {
        Self { words: words.into(), code: 4 }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl From<SettingsError> for Fault {
    fn from(error: SettingsError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<store::OpenError> for Fault {
    fn from(error: store::OpenError) -> Self {
        use store::OpenError;
        let code = match &error {
            OpenError::Safety(_) => 3,
            OpenError::Taken { .. } => 4,
            OpenError::Address(_) => 2,
            OpenError::Program(_) | OpenError::Start(_) | OpenError::Away(_) | OpenError::Folder { .. } => 1,
        };
        Self { words: error.to_string(), code }
    }
}

impl From<keeper::OpenError> for Fault {
    fn from(error: keeper::OpenError) -> Self {
        let words = format!(
            "大厅的记录无法读取，没有启动 / the hall's records cannot be read; not started: {error}\n\
             请运行 warmhall restore <备份>，或换用写下这些记录的版本。 / Run: warmhall restore <backup>, or use the version that wrote them."
        );
        let code = match error {
            keeper::OpenError::Journal(_) => 1,
            keeper::OpenError::Unreadable { .. } => 3,
        };
        Self { words, code }
    }
}

impl From<keeper::Fault> for Fault {
    fn from(fault: keeper::Fault) -> Self {
        use keeper::Fault as Kept;
        Self::failed(match fault {
            Kept::Away => "Redis 暂时无法访问，没有改动，请重试 / Redis is away; nothing was changed, try again".to_owned(),
            Kept::Unknown => "Redis 没有回答，改动可能已生效，请查看后重试 / Redis did not answer; look whether it was done".to_owned(),
            Kept::Unsafe(why) => format!("数据不安全，没有改动 / the data is not safe; nothing was changed: {why}"),
            Kept::Overloaded | Kept::Closing | Kept::KeyReused => format!("没有改动，请重试 / nothing was changed, try again: {fault}"),
        })
    }
}

/// A refusal of the hall's in plain words, in both languages.
#[expect(clippy::wildcard_enum_match_arm, reason = "a shell meets few refusals; the others are told as they are")]
pub(super) fn refusal_words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotFound => "没有找到 / not found".to_owned(),
        Refusal::AlreadyExists => "已经存在 / it exists already".to_owned(),
        Refusal::LastAdmin => "最后一个管理员不能停用或删除 / the last administrator stays".to_owned(),
        Refusal::UnknownCounter => "没有这个窗口 / there is no such counter".to_owned(),
        Refusal::UnknownTeam => "没有这个班组 / there is no such team".to_owned(),
        Refusal::UnknownService => "没有这项业务 / there is no such service".to_owned(),
        Refusal::InvalidField { field, problem } => format!("{field} 有误 / {field} is wrong: {problem}"),
        Refusal::TooMany { what, max } => format!("太多了，最多 {max} / too many {what}, at most {max}"),
        other => format!("大厅拒绝了 / the hall refused: {other:?}"),
    }
}
