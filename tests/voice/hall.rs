//! A hall in processes of its own: the server, a loudspeaker on another machine, and the people who make it speak.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::ears::{Ears, settings};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two looks at something that cannot be waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

static KEYS: AtomicU64 = AtomicU64::new(1);

/// Waits for something to become true that only looking tells.
#[expect(clippy::disallowed_methods, reason = "a test gives up by the clock of its machine")]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "it never came to this: {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

fn warmhall() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warmhall"));
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// Whether everything up to `rev` was said or dropped, by the cursor that is kept in a folder.
fn said(folder: &Path, rev: u64) {
    until(&format!("revision {rev} was said, in {}", folder.display()), || {
        let kept: Value = serde_json::from_slice(&std::fs::read(folder.join("voice-cursor.json")).ok()?).ok()?;
        let open = kept["cursor"]["open"].as_array()?;
        (kept["cursor"]["seen"].as_u64()? >= rev && open.is_empty()).then_some(())
    });
}

/// A hall's folder, and who may do what in it.
pub struct Hall {
    dir: TempDir,
    lead_token: String,
    kiosk_token: String,
    pub speaker_token: String,
}

impl Hall {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let voice = toml::to_string(&toml::Table::from_iter([("voice".to_owned(), toml::Value::try_from(settings()).unwrap())])).unwrap();
        std::fs::write(dir.path().join("warmhall.toml"), voice).unwrap();
        let data = dir.path().join("data");
        let token = |role: &str| {
            let made = warmhall().args(["token", "--role", role, "--name", role, "--data-dir"]).arg(&data).output().unwrap();
            assert!(made.status.success());
            String::from_utf8(made.stdout).unwrap().trim().to_owned()
        };
        let (lead_token, kiosk_token, speaker_token) = (token("lead"), token("kiosk"), token("speaker"));
        Self { dir, lead_token, kiosk_token, speaker_token }
    }

    /// Takes the loudspeaker's token back.
    pub fn revoke_speaker(&self) {
        let data = self.dir.path().join("data");
        let listed = warmhall().args(["device", "list", "--data-dir"]).arg(&data).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let device = listed.lines().find(|line| line.contains("speaker")).unwrap().split('\t').next().unwrap();
        assert!(warmhall().args(["device", "revoke", device, "--data-dir"]).arg(&data).status().unwrap().success());
    }

    /// Waits until the server has said everything up to a revision.
    pub fn said(&self, rev: u64) {
        said(&self.dir.path().join("data"), rev);
    }
}

/// A process and what it prints.
struct Process {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Process {
    fn start(command: &mut Command, ears: &Ears) -> Self {
        let mut child = command.env("ALSA_CONFIG_PATH", ears.config()).stdout(Stdio::piped()).spawn().unwrap();
        let (tell, lines) = mpsc::channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(tell.send(line))));
        Self { child, lines }
    }

    /// The next line with a word in it.
    fn line_with(&self, word: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("nothing was printed with “{word}”"));
            if line.contains(word) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let told = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    fn ended_with(mut self, code: i32) {
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A running server.
pub struct Server {
    process: Process,
    address: String,
    lead_token: String,
    kiosk_token: String,
}

/// A ticket that was called, or otherwise moved.
pub struct Called {
    pub id: String,
    pub number: String,
    pub rev: u64,
}

impl Server {
    /// Opens the hall; on the port it had before, if it had one.
    pub fn open(hall: &Hall, ears: &Ears) -> Self {
        let port_file = hall.dir.path().join("port");
        let listen = std::fs::read_to_string(&port_file).unwrap_or_else(|_| "127.0.0.1:0".to_owned());
        let mut command = warmhall();
        command.arg("serve").arg("--config").arg(hall.dir.path().join("warmhall.toml"));
        command.arg("--data-dir").arg(hall.dir.path().join("data")).args(["--listen", &listen]);
        let process = Process::start(&mut command, ears);
        let line = process.line_with("http://");
        let address = line.rsplit("http://").next().unwrap().trim_end_matches('/').to_owned();
        std::fs::write(port_file, &address).unwrap();
        Self { process, address, lead_token: hall.lead_token.clone(), kiosk_token: hall.kiosk_token.clone() }
    }

    /// Closes it as an administrator does.
    pub fn stop(self) {
        self.process.signal("-TERM");
        self.process.ended_with(0);
    }

    /// Closes it as a power cut does.
    pub fn kill(self) {
        self.process.signal("-KILL");
    }

    /// The lead sits down at a counter.
    pub fn take_seat(&self, counter: &str) {
        self.ask(&format!("/api/v1/counters/{counter}/open"), &self.lead_token, &json!({}));
    }

    /// A customer takes a number and is called.
    pub fn call_new(&self, counter: &str, service: &str, language: &str) -> Called {
        self.ask("/api/v1/tickets", &self.kiosk_token, &json!({"service": service, "class": "ordinary", "language": language}));
        let answer = self.ask(&format!("/api/v1/counters/{counter}/next"), &self.lead_token, &json!({"expect": null}));
        Self::called(&answer)
    }

    fn called(answer: &Value) -> Called {
        let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Called { id: text(&answer["ticket"]["id"]), number: text(&answer["ticket"]["number"]), rev: answer["rev"].as_u64().unwrap() }
    }

    /// Does something with a ticket; gives the revision.
    pub fn ticket_step(&self, ticket: &Called, step: &str, body: &Value) -> u64 {
        let answer = self.ask(&format!("/api/v1/tickets/{}/{step}", ticket.id), &self.lead_token, body);
        answer["rev"].as_u64().unwrap()
    }

    /// The customer at a counter has been served.
    pub fn finish(&self, ticket: &Called) {
        self.ticket_step(ticket, "finish", &json!({"outcome": "done"}));
    }

    fn ask(&self, path: &str, token: &str, body: &Value) -> Value {
        let body = body.to_string();
        let key = KEYS.fetch_add(1, Ordering::Relaxed);
        let head =
            format!("POST {path} HTTP/1.1\r\nIdempotency-Key: k{key}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
        let (status, answer) = self.exchange(&head, token, &body);
        let answer = String::from_utf8(answer).unwrap();
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// What is at a path.
    pub fn fetch(&self, path: &str, token: &str) -> (u16, Vec<u8>) {
        self.exchange(&format!("GET {path} HTTP/1.1"), token, "")
    }

    fn exchange(&self, head: &str, token: &str, body: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "{head}\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n{body}",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        assert!(!head.to_lowercase().contains("transfer-encoding: chunked"), "{head}");
        (head.split(' ').nth(1).unwrap().parse().unwrap(), answer.split_off(end + 4))
    }
}

/// A loudspeaker on another machine.
pub struct Speaker {
    process: Process,
    folder: std::path::PathBuf,
}

impl Speaker {
    /// Switches it on.
    pub fn start(hall: &Hall, server: &Server, ears: &Ears) -> Self {
        Self::start_with(&hall.speaker_token, hall, server, ears)
    }

    /// Switches it on with some token.
    pub fn start_with(token: &str, hall: &Hall, server: &Server, ears: &Ears) -> Self {
        let folder = hall.dir.path().join("speaker");
        let mut command = warmhall();
        command
            .args(["announce", "--server", &format!("http://{}", server.address), "--config"])
            .arg(hall.dir.path().join("warmhall.toml"));
        command.arg("--data-dir").arg(&folder).env("WARMHALL_TOKEN", token);
        Self { process: Process::start(&mut command, ears), folder }
    }

    /// Waits until it listens.
    pub fn connected(&self) {
        self.process.line_with("connected");
    }

    /// Waits until it has said everything up to a revision.
    pub fn said(&self, rev: u64) {
        said(&self.folder, rev);
    }

    /// Waits until it ends by itself, with this code.
    pub fn ends_with(self, code: i32) {
        self.process.ended_with(code);
    }

    /// Switches it off as a service manager does.
    pub fn stop(self) {
        self.process.signal("-TERM");
        self.process.ended_with(0);
    }
}
