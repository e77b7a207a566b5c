//! Keeps a private Redis running: mended before every start, restarted when it dies, stopped with us.
//!
//! One thread lives as long as the supervisor and starts every child, because the signal "your parent died" follows
//! the *thread* that started it.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

use super::aof::{self, Condition, Damage, LookError};
use super::disk::free_bytes;
use super::folder::RedisFolder;
use super::lock::FolderLock;
use super::program::Program;
use super::resp;

/// Pause between two looks at a Redis that is starting.
const START_LOOK: Duration = Duration::from_millis(10);
/// Pause between two looks at the disk.
const DISK_LOOK: Duration = Duration::from_millis(500);
/// Below this much room writes are refused, so that Redis never meets a full disk itself, in bytes.
const DISK_RESERVE_BYTES: u64 = 2 * 1_024 * 1_024;
/// Looks at the disk (10 s) after which a running Redis counts as stable and its next restart is immediate again.
const STABLE_LOOKS: u32 = 20;
/// First pause before a restart that did not help; doubled each time …
const RESTART_PAUSE: Duration = Duration::from_millis(50);
/// … up to this.
const RESTART_PAUSE_MAX: Duration = Duration::from_secs(1);
/// How long a Redis may take to end when asked.
const END_PATIENCE: Duration = Duration::from_millis(1_500);
/// Lines of Redis's own log that are kept to explain an end.
const LOG_LINES_KEPT: usize = 12;
/// What Redis says when it cannot load what is on the disk (and trying again would not help).
const UNLOADABLE: [&str; 9] = [
    "FATAL AOF MANIFEST FILE ERROR",
    "Bad file format",
    "Unexpected end of file",
    "AOF loading aborted",
    "Unrecoverable error reading",
    "Wrong signature",
    "RDB checksum",
    "Unexpected EOF reading RDB",
    "RDB CRC error",
];
/// How long the last lines of an ended Redis are waited for: pauses of this length …
const LOG_PAUSE: Duration = Duration::from_millis(2);
/// … at most this many times. (A rewriting child of the dead Redis may hold its log open.)
const LOG_PAUSES_MAX: u32 = 50;

/// What the private Redis is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChildState {
    /// Started, not yet answering.
    Starting,
    /// Reading its data from the disk.
    Loading,
    /// Serving.
    Ready,
    /// Serving reads; writes are refused until there is room on the disk again.
    DiskFull,
    /// Ended unasked; it will be started again.
    Restarting,
    /// Not started, because it would lose or alter what was acknowledged.
    Damaged(Damage),
    /// Ended as asked.
    Stopped,
}

/// How the private Redis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildHealth {
    pub state: ChildState,
    /// Times it was started again since we began.
    pub restarts: u32,
    /// Why it ended last, in Redis's or the system's words.
    pub last_error: Option<String>,
}

enum Event {
    Exited(io::Result<ExitStatus>),
    Stop,
}

/// How one life of a child ended.
enum End {
    Stopped,
    Died(String),
    Damaged(Damage),
}

/// A private Redis under supervision. Dropping it asks the Redis to end; `shutdown` waits for that.
#[derive(Debug)]
pub struct PrivateRedis {
    health: watch::Receiver<ChildHealth>,
    events: Sender<Event>,
    socket: PathBuf,
}

impl PrivateRedis {
    /// Starts one in `folder`. `expected` says that a journal was served from here before, so that an empty folder is
    /// damage and not a beginning.
    pub(super) fn start(folder: RedisFolder, program: Program, lock: Arc<FolderLock>, expected: bool) -> io::Result<Self> {
        let begin = ChildHealth { state: ChildState::Starting, restarts: 0, last_error: None };
        let (health, watched) = watch::channel(begin);
        let (events, inbox) = channel();
        let socket = folder.socket.clone();
        let supervisor = Supervisor { folder, program, lock, expected, health, inbox, events: events.clone(), failures: 0, fenced: false };
        thread::Builder::new().name("private-redis".to_owned()).spawn(move || supervisor.run())?;
        Ok(Self { health: watched, events, socket })
    }

    /// Its state, and every change of it.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<ChildHealth> {
        self.health.clone()
    }

    /// Where it listens.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.socket.clone()
    }

    /// Ends it: asked first, killed after 1.5 s. Returns when it is gone.
    pub async fn shutdown(&self) {
        let _gone_already = self.events.send(Event::Stop);
        let mut health = self.health.clone();
        let _supervisor_ended = health.wait_for(|health| health.state == ChildState::Stopped).await;
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        let _gone_already = self.events.send(Event::Stop);
    }
}

struct Supervisor {
    folder: RedisFolder,
    program: Program,
    lock: Arc<FolderLock>,
    expected: bool,
    health: watch::Sender<ChildHealth>,
    inbox: Receiver<Event>,
    events: Sender<Event>,
    /// Lives in a row that ended before they were stable.
    failures: u32,
    /// Redis refuses writes, because the disk is nearly full.
    fenced: bool,
}

type LastLines = Arc<Mutex<VecDeque<String>>>;

impl Supervisor {
    fn run(mut self) {
        loop {
            match self.live() {
                End::Stopped => break,
                End::Damaged(damage) => {
                    tracing::error!(%damage, "the private Redis is not started");
                    self.health.send_modify(|health| health.state = ChildState::Damaged(damage));
                    // Another try would read the same files: wait for a person.
                    while let Ok(event) = self.inbox.recv() {
                        if matches!(event, Event::Stop) {
                            break;
                        }
                    }
                    break;
                }
                End::Died(why) => {
                    tracing::error!(why, "the private Redis ended and is started again");
                    self.health.send_modify(|health| {
                        health.state = ChildState::Restarting;
                        health.restarts = health.restarts.saturating_add(1);
                        health.last_error = Some(why);
                    });
                    if self.pause() {
                        break;
                    }
                }
            }
        }
        self.set(ChildState::Stopped);
    }

    /// Waits before the next start; true when asked to stop meanwhile. The first restart does not wait.
    fn pause(&mut self) -> bool {
        let failures = self.failures;
        self.failures = failures.saturating_add(1);
        let pause = match failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => RESTART_PAUSE.saturating_mul(2_u32.saturating_pow(doublings)).min(RESTART_PAUSE_MAX),
        };
        matches!(self.inbox.recv_timeout(pause), Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected))
    }

    fn set(&self, state: ChildState) {
        self.health.send_if_modified(|health| {
            let changed = health.state != state;
            health.state = state;
            changed
        });
    }

    /// One life: look, mend, start, watch.
    fn live(&mut self) -> End {
        self.set(ChildState::Starting);
        match aof::mend(&self.folder.dir) {
            Ok(Condition::Fresh) if self.expected => return End::Damaged(Damage::Gone(self.folder.dir.clone())),
            Ok(Condition::Fresh | Condition::Sound) => {}
            Ok(Condition::Mended { cut_bytes }) => tracing::warn!(cut_bytes, "the journal ended in an unfinished write, which was cut off"),
            Err(LookError::Damage(damage)) => return End::Damaged(damage),
            Err(LookError::Io(error)) => return End::Died(format!("the journal cannot be looked at: {error}")),
        }
        let lines = LastLines::default();
        let child = match self.spawn(&lines) {
            Ok(pid) => pid,
            Err(error) => return End::Died(format!("it could not be started: {error}")),
        };
        let Some(status) = self.attend() else {
            self.end(child);
            return End::Stopped;
        };
        let served = matches!(self.health.borrow().state, ChildState::Ready | ChildState::DiskFull);
        if served && status.as_ref().is_ok_and(|status| status.signal().is_some()) {
            // Somebody killed it: nothing says that the next one will not live.
            self.failures = 0;
        }
        explain(&status, &lines)
    }

    fn spawn(&mut self, lines: &LastLines) -> io::Result<Pid> {
        // A socket left behind by a killed Redis would answer nobody.
        let _none_left = std::fs::remove_file(&self.folder.socket);
        self.fenced = self.disk_is_full();
        let mut command = self.program.command();
        command.arg(&self.folder.config).args(["--min-replicas-to-write", fence(self.fenced)]);
        // The lock travels as standard input: it is held as long as this Redis lives, even when we do not.
        command.current_dir(&self.folder.dir).stdin(Stdio::from(self.lock.share()?)).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no pid"))?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no log"))?;
        let lines = Arc::clone(lines);
        let logger = thread::Builder::new().name("redis-log".to_owned()).spawn(move || log(stdout, &lines))?;
        let events = self.events.clone();
        thread::Builder::new().name("redis-wait".to_owned()).spawn(move || wait(child, &logger, &events))?;
        Ok(pid)
    }

    /// Watches a living child until it exits (`Some`) or a stop is asked for (`None`).
    fn attend(&mut self) -> Option<io::Result<ExitStatus>> {
        let mut ready = false;
        let mut looks = 0_u32;
        loop {
            match self.inbox.recv_timeout(if ready { DISK_LOOK } else { START_LOOK }) {
                Ok(Event::Exited(status)) => return Some(status),
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if ready {
                looks = looks.saturating_add(1);
                if looks == STABLE_LOOKS {
                    self.failures = 0;
                }
                self.mind_the_disk();
            } else {
                ready = self.look();
            }
        }
    }

    /// Does it answer yet?
    fn look(&mut self) -> bool {
        let Ok(answer) = resp::ask(&self.folder.socket, &["PING"]) else { return false };
        if answer == "+PONG" {
            self.expected = true;
            self.set(if self.fenced { ChildState::DiskFull } else { ChildState::Ready });
            return true;
        }
        if answer.starts_with("-LOADING") {
            self.set(ChildState::Loading);
        }
        false
    }

    /// Refuses writes while there is hardly any room, and allows them again when there is.
    fn mind_the_disk(&mut self) {
        let full = self.disk_is_full();
        if full == self.fenced {
            return;
        }
        match resp::ask(&self.folder.socket, &["CONFIG", "SET", "min-replicas-to-write", fence(full)]) {
            Ok(answer) if answer == "+OK" => {
                self.fenced = full;
                tracing::warn!(full, "the disk of the private Redis");
                self.set(if full { ChildState::DiskFull } else { ChildState::Ready });
            }
            Ok(_) | Err(_) => {} // Busy or gone: the next look finds out.
        }
    }

    fn disk_is_full(&self) -> bool {
        free_bytes(&self.folder.dir).is_ok_and(|free| free < DISK_RESERVE_BYTES)
    }

    fn end(&self, child: Pid) {
        let _ended_already = kill_process(child, Signal::TERM);
        if !self.exited_within(END_PATIENCE) {
            tracing::warn!("the private Redis did not end when asked and is killed");
            let _ended_already = kill_process(child, Signal::KILL);
            self.exited_within(END_PATIENCE);
        }
        let _gone_already = std::fs::remove_file(&self.folder.socket);
    }

    fn exited_within(&self, patience: Duration) -> bool {
        loop {
            match self.inbox.recv_timeout(patience) {
                Ok(Event::Exited(_)) => return true,
                Ok(Event::Stop) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
            }
        }
    }
}

/// Redis refuses every write while it wants a replica that it does not have.
fn fence(up: bool) -> &'static str {
    if up { "1" } else { "0" }
}

/// Waits for a child to end and for the last it had to say.
fn wait(mut child: Child, logger: &JoinHandle<()>, events: &Sender<Event>) {
    let status = child.wait();
    for _ in 0..LOG_PAUSES_MAX {
        if logger.is_finished() {
            break;
        }
        thread::sleep(LOG_PAUSE);
    }
    let _supervisor_ended = events.send(Event::Exited(status));
}

/// Passes Redis's own log on, and keeps the last lines.
fn log(stdout: ChildStdout, lines: &LastLines) {
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        // "1234:M 23 Nov 2026 08:00:00.000 * text": the mark before the text tells how much it matters.
        let mut parts = line.splitn(7, ' ');
        let mark = parts.nth(5).unwrap_or("*");
        let text = parts.next().unwrap_or(&line).to_owned();
        if mark == "#" {
            tracing::warn!(target: "redis", "{text}");
        } else {
            tracing::debug!(target: "redis", "{text}");
        }
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LOG_LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(text);
    }
}

/// Says why a child ended: by what it wrote last, if it ended by itself.
fn explain(status: &io::Result<ExitStatus>, lines: &LastLines) -> End {
    let ended = match status {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let by_itself = status.as_ref().is_ok_and(|status| status.code() == Some(1));
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    let unloadable = lines.iter().find(|line| UNLOADABLE.iter().any(|words| line.contains(words)));
    match unloadable {
        Some(line) if by_itself => End::Damaged(Damage::Refused(line.clone())),
        Some(_) | None => End::Died(lines.back().map_or_else(|| ended.clone(), |line| format!("{ended}: {line}"))),
    }
}
