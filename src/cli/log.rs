//! Where log lines go and how they look.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::fault::Fault;
use crate::settings::{Log, LogFormat};

/// What tells of every start and every connection; the level of the settings comes after it and can name them again.
const QUIET: &str = "redis=error,actix_server=warn,rusqlite_migration=warn";

/// Starts logging to standard error, as the settings say.
pub(super) fn start(log: &Log) -> Result<(), Fault> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", log.level))
        .map_err(|error| Fault::usage(format!("log.level 有误 / is wrong: {error}")))?;
    // A log line that cannot be written (a full disk) is lost; telling standard error of it would only panic.
    let lines = fmt().with_env_filter(filter).log_internal_errors(false).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| Fault::of("日志无法启动", "logging cannot start", &error))
}
