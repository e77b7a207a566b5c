//! Finds a redis-server or valkey-server on this machine, and the way to start it so that it dies with us.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use thiserror::Error;

/// Servers looked for on the PATH, the better first.
const NAMES: [&str; 2] = ["valkey-server", "redis-server"];
/// Debian's redis-tools carries the whole server under this name; it acts by the name it is called.
const TOOLS: [&str; 2] = ["/usr/bin/redis-check-rdb", "/usr/local/bin/redis-check-rdb"];
/// The oldest Redis that can run the scripts (their flags came with 7.0).
const MAJOR_MIN: u32 = 7;

/// A server program that answered when asked for its version.
#[derive(Debug, Clone)]
pub(super) struct Program {
    path: PathBuf,
    /// `setpriv` is there: the server gets a signal when its parent dies.
    guarded: bool,
}

/// Why none can be started.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// Nothing was found.
    #[error(
        "没有找到 redis-server 或 valkey-server。Debian/Ubuntu：apt install redis-tools；或在设置里给出 redis_url。 / \
         No redis-server or valkey-server was found. Debian/Ubuntu: apt install redis-tools; or set redis_url."
    )]
    NotFound,
    /// What was given does not start.
    #[error("{path} 不能作为 Redis 启动 / {path} does not start as a Redis server: {why}")]
    Broken { path: PathBuf, why: String },
    /// Too old.
    #[error("Redis 版本太旧：{found}，需要 7.0 以上 / this Redis is too old: {found}; 7.0 or newer is needed")]
    TooOld { found: String },
    /// The folder for the name of the server could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Program {
    /// Finds one: the given path, else the names on the PATH, else the tools under their other name (as a link in `dir`).
    pub(super) fn find(given: Option<&Path>, dir: &Path) -> Result<Self, ProgramError> {
        let guarded = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "true"])
            .stdin(Stdio::null())
            .output()
            .is_ok_and(|out| out.status.success());
        if let Some(path) = given {
            return match check_version(path) {
                Ok(()) => Ok(Self { path: path.to_owned(), guarded }),
                Err(ProgramError::NotFound) => Err(ProgramError::Broken { path: path.to_owned(), why: "not found".to_owned() }),
                Err(other) => Err(other),
            };
        }
        for name in NAMES.map(PathBuf::from) {
            match check_version(&name) {
                Ok(()) => return Ok(Self { path: name, guarded }),
                Err(ProgramError::NotFound) => {}
                Err(other) => return Err(other),
            }
        }
        let tool = TOOLS.map(Path::new).into_iter().find(|tool| tool.exists()).ok_or(ProgramError::NotFound)?;
        let link = dir.join("redis-server");
        if fs::read_link(&link).ok().as_deref() != Some(tool) {
            let _old = fs::remove_file(&link);
            symlink(tool, &link)?;
        }
        check_version(&link)?;
        Ok(Self { path: link, guarded })
    }

    /// The command that starts it.
    pub(super) fn command(&self) -> Command {
        if !self.guarded {
            return Command::new(&self.path);
        }
        let mut command = Command::new("setpriv");
        command.args([OsString::from("--pdeathsig"), OsString::from("TERM"), self.path.clone().into_os_string()]);
        command
    }
}

fn check_version(path: &Path) -> Result<(), ProgramError> {
    let out = match Command::new(path).arg("--version").stdin(Stdio::null()).output() {
        Ok(out) => out,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ProgramError::NotFound),
        Err(error) => return Err(ProgramError::Broken { path: path.to_owned(), why: error.to_string() }),
    };
    let text = String::from_utf8_lossy(&out.stdout);
    let Some(version) = text.split_ascii_whitespace().find_map(|word| word.strip_prefix("v=")) else {
        return Err(ProgramError::Broken { path: path.to_owned(), why: text.trim().to_owned() });
    };
    match version.split('.').next().and_then(|major| major.parse::<u32>().ok()) {
        Some(MAJOR_MIN..) => Ok(()),
        Some(_) | None => Err(ProgramError::TooOld { found: version.to_owned() }),
    }
}
