//! A folder with a hall in it, the program that serves it, and a plain HTTP client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Between two looks at something that is to come.
const LOOK: Duration = Duration::from_millis(50);
/// Looks after which it is said not to come.
const LOOKS_MAX: u32 = 1_200;

/// The program, with nothing of this machine's settings.
pub(crate) fn warmhall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warmhall"));
    command.env("WARMHALL__VOICE__ENABLED", "false").env("WARMHALL__LOG__LEVEL", "warn").stdin(Stdio::null());
    command
}

pub(crate) struct Ended {
    pub(crate) success: bool,
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) struct House {
    folder: tempfile::TempDir,
    name: String,
}

impl House {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), name: "data".to_owned() }
    }

    /// Another folder, kept as long as the caller keeps this.
    pub(crate) fn elsewhere(&self) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), name: "other".to_owned() }
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = warmhall();
        command.args(words).arg("--data-dir").arg(self.dir());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        self.run_in(words, &[])
    }

    pub(crate) fn run_in(&self, words: &[&str], environment: &[(&str, &str)]) -> Ended {
        ended(self.command(words).envs(environment.iter().copied()).output().unwrap())
    }

    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Ended {
        let mut child = self.command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        ended(child.wait_with_output().unwrap())
    }

    /// A new token; nothing else may stand on standard output.
    pub(crate) fn token(&self, role: &str, name: &str) -> String {
        let minted = self.run(&["token", "--role", role, "--name", name]);
        assert!(minted.success, "{}", minted.stderr);
        let token = minted.stdout.strip_suffix('\n').unwrap().to_owned();
        assert!(token.starts_with("wh_") && token.len() == 46, "{token:?}");
        token
    }

    pub(crate) fn serve(&self) -> Open {
        Open::start(self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }

    pub(crate) fn demo(&self, words: &[&str]) -> Open {
        Open::start(self.command(&[&["demo", "--listen", "127.0.0.1:0"], words].concat()))
    }

    /// The Redis servers that work in this folder.
    pub(crate) fn redis_pids(&self) -> Vec<String> {
        let here = self.dir().join("redis");
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut found: Vec<_> = processes.filter(|process| is_redis_in(&process.path(), &here)).collect();
        found.drain(..).map(|process| process.file_name().to_string_lossy().into_owned()).collect()
    }

    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        for _ in 0..LOOKS_MAX {
            if is_so() {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("waited in vain in {}: {what}", self.dir().display());
    }
}

fn is_redis_in(process: &Path, folder: &Path) -> bool {
    let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
    let works_here = std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == folder);
    (name.starts_with("redis") || name.starts_with("valkey")) && works_here
}

fn ended(output: std::process::Output) -> Ended {
    Ended {
        success: output.status.success(),
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A hall that is open; closed when dropped.
pub(crate) struct Open {
    child: Child,
    pub(crate) port: u16,
    /// What it printed when it opened.
    pub(crate) greeting: String,
}

impl Open {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        // The last line of the greeting says how to close.
        for line in lines.by_ref().map_while(Result::ok) {
            greeting.push_str(&line);
            greeting.push('\n');
            if line.contains("Ctrl-C") {
                break;
            }
        }
        let port = greeting.split("http://127.0.0.1:").nth(1).and_then(|rest| rest.split('/').next()).and_then(|port| port.parse().ok());
        Self { child, port: port.unwrap_or_else(|| panic!("it did not open: {greeting}")), greeting }
    }

    /// Closes it as an operator does.
    pub(crate) fn close(mut self) -> ExitStatus {
        self.end()
    }

    fn end(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        let _gone_already = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
        self.child.wait().unwrap()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end();
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

pub(crate) fn get(port: u16, path: &str, token: &str) -> Answer {
    ask(port, "GET", path, token, "", "")
}

pub(crate) fn post(port: u16, path: &str, token: &str, key: &str, body: &str) -> Answer {
    ask(port, "POST", path, token, key, body)
}

fn ask(port: u16, method: &str, path: &str, token: &str, key: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n");
    if !token.is_empty() {
        head.push_str(&format!("Authorization: Bearer {token}\r\n"));
    }
    if !key.is_empty() {
        head.push_str(&format!("Idempotency-Key: {key}\r\n"));
    }
    if !body.is_empty() {
        head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    }
    write!(stream, "{head}\r\n{body}").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
    let body = text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Answer { status, body }
}
