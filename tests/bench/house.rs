//! The real server as a process of its own, with its folder and its private Redis; and the reference, started alike.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::Instant;

use super::load::Crowd;
use super::people::{Kiosk, Opener, Writer};

/// How long a server may take to be ready; far beyond what it does take.
const READY_MAX: Duration = Duration::from_mins(2);
/// How long what a server still has to do after a load may take.
const SETTLE_MAX: Duration = Duration::from_secs(20);
/// Processor time that counts as doing nothing, in ticks of 10 ms in a tenth of a second.
const IDLE_TICKS: u64 = 1;
/// Kiosks that fill a hall.
const FILLERS: usize = 128;

/// A folder on a real disk, gone with the value.
pub fn folder() -> TempDir {
    TempDir::with_prefix_in("bench-", env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// What one process uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Resident memory in KiB.
    pub rss_kib: u64,
    /// The part of it that is not read from files: code and screens that the system can drop are left out.
    pub anon_kib: u64,
    pub threads: u64,
    pub files: u64,
    /// Processor time in ticks of 10 ms.
    pub ticks: u64,
}

impl Usage {
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Self {
            rss_kib: number("VmRSS:").unwrap_or(0),
            anon_kib: number("RssAnon:").unwrap_or(0),
            threads: number("Threads:").unwrap_or(0),
            files: fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| u64::try_from(files.count()).unwrap_or(0)),
            ticks,
        }
    }
}

/// A server that is compared: the product or the reference.
pub struct Running {
    pub address: SocketAddr,
    child: Child,
    /// A Redis that is not the server's own child process.
    redis: Option<Child>,
    pub started: Instant,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn usage(&self) -> Usage {
        Usage::of(self.pid())
    }

    /// The Redis behind it.
    pub fn redis_pid(&self) -> Option<u32> {
        if let Some(redis) = &self.redis {
            return Some(redis.id());
        }
        let out = Command::new("pgrep").args(["-P", &self.pid().to_string(), "-f", "redis-server|valkey-server"]).output().ok()?;
        String::from_utf8(out.stdout).ok()?.split_whitespace().next()?.parse().ok()
    }

    /// Processor time of its Redis.
    pub fn redis_ticks(&self) -> u64 {
        self.redis_pid().map_or(0, |pid| Usage::of(pid).ticks)
    }

    /// Processor time of the server and its Redis together.
    fn ticks(&self) -> u64 {
        self.usage().ticks + self.redis_ticks()
    }

    /// Waits until it has nothing more to do, so that the next round of somebody else is not disturbed.
    pub async fn settle(&self) {
        let until = Instant::now() + SETTLE_MAX;
        loop {
            let before = self.ticks();
            tokio::time::sleep(Duration::from_millis(100)).await;
            if self.ticks() - before <= IDLE_TICKS || Instant::now() > until {
                return;
            }
        }
    }

    /// Asks every millisecond until the path answers 200; gives the time since the start of the process.
    pub fn ready(&self, path: &str) -> Duration {
        loop {
            if get(self.address, path).is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                return self.started.elapsed();
            }
            assert!(self.started.elapsed() < READY_MAX, "not ready");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Asks it to end, and waits.
    pub fn close(mut self) {
        let _gone = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status();
        let _ended = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for child in std::iter::once(&mut self.child).chain(&mut self.redis) {
            let _gone = child.kill();
            let _ended = child.wait();
        }
    }
}

/// One GET on a line of its own.
pub fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: hall\r\nConnection: close\r\n\r\n").as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// A zone in which it is about noon: no service day ends while something is measured.
fn zone_at_noon() -> String {
    use chrono::Timelike as _;
    let hour = i64::from(warmhall::clock::Clock::System.now().hour());
    // These zones are named by how far UTC is ahead of them.
    let behind = hour - 12;
    if behind < 0 { format!("Etc/GMT{behind}") } else { format!("Etc/GMT+{behind}") }
}

/// A hall of so many services and counters, each counter for two services, where it is noon.
pub fn hall_file(services: usize, counters: usize) -> String {
    hall_file_in(&zone_at_noon(), services, counters)
}

/// A hall of so many services and counters, each counter for two services.
pub fn hall_file_in(zone: &str, services: usize, counters: usize) -> String {
    let mut text = format!(
        "name = {{ zh = \"测试\", en = \"Bench\" }}\nlanguages = [\"zh\", \"en\"]\n[calendar]\nzone = \"{zone}\"\ncutover = \"04:00\"\n\
         enforce_hours = false\n[calendar.week]\nmon = [\"08:30-17:00\"]\n[rules]\nday_tickets_max = 4000000\n\
         [[classes]]\nclass = \"ordinary\"\nname = {{ zh = \"普通\", en = \"Ordinary\" }}\ncredit_min = 0\nat_kiosk = true\n",
    );
    for service in 0..services {
        let prefix = char::from(b'A' + u8::try_from(service).unwrap());
        writeln!(
            text,
            "[[services]]\nid = \"s{service}\"\nprefix = \"{prefix}\"\nname = {{ zh = \"业务\", en = \"Service {service}\" }}\nminutes = 6"
        )
        .unwrap();
    }
    for counter in 0..counters {
        let (first, second) = (counter % services, (counter + 1) % services);
        let offers = format!("[{{ service = \"s{first}\" }}, {{ service = \"s{second}\", offset_min = 5 }}]");
        writeln!(text, "[[counters]]\nno = \"{}\"\nservices = {offers}", counter + 1).unwrap();
    }
    text
}

/// The sample hall, with its teams and categories.
pub const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/halls/heating.toml");

/// The hotline and the work orders of the sample hall, for the end of a hall file.
pub fn hotline_part() -> String {
    let sample = fs::read_to_string(SAMPLE).unwrap();
    let at = sample.find("\n[orders]\n").unwrap();
    format!("{}\n", &sample[at..])
}

/// The product: a folder with a hall in it.
pub struct House {
    folder: TempDir,
    settings: Vec<(String, String)>,
}

impl House {
    pub fn new(hall: &str) -> Self {
        let folder = folder();
        fs::write(folder.path().join("hall.toml"), hall).unwrap();
        Self { folder, settings: Vec::new() }
    }

    /// With a variable for every process of it.
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_warmhall"));
        command.envs(self.settings.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// A bearer token, minted with the server running or not.
    pub fn token(&self, role: &str, name: &str) -> Arc<str> {
        let out = self.command().args(["token", "--role", role, "--name", name, "--data-dir"]).arg(self.dir()).output().unwrap();
        assert!(out.status.success(), "token: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().into()
    }

    /// Starts the server; it is not ready yet.
    pub fn start(&self) -> Running {
        let address = free_address();
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = self.command();
        command.arg("serve").arg("--data-dir").arg(self.dir()).arg("--listen").arg(address.to_string());
        command.arg("--hall-file").arg(self.folder.path().join("hall.toml"));
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let started = Instant::now();
        Running { address, child: command.spawn().unwrap(), redis: None, started }
    }

    /// Starts the server and waits until it serves.
    pub fn open(&self) -> Running {
        let running = self.start();
        running.ready("/health/ready");
        running
    }

    /// The folder of its private Redis.
    pub fn redis_dir(&self) -> PathBuf {
        self.dir().join("redis")
    }

    /// Tickets, taken over HTTP as fast as it goes.
    pub async fn fill(&self, running: &Running, tickets: u64, name: &str, token: &Arc<str>, services: u64) {
        let kiosks = (0..FILLERS).map(|index| Kiosk::new(format!("{name}-{index}"), token, services));
        let mut crowd = Crowd::connect(running.address, kiosks).await.unwrap();
        let filled = crowd.times(tickets).await;
        assert_eq!(filled.failed, 0, "filling a hall");
        running.settle().await;
    }

    /// Open work orders, each for a flat of its own.
    pub async fn fill_orders(&self, running: &Running, orders: u64, token: &Arc<str>) {
        let writers = (0..FILLERS).map(|index| Writer::new(format!("orders-{index}"), token));
        let mut crowd = Crowd::connect(running.address, writers).await.unwrap();
        let filled = crowd.times(orders).await;
        assert_eq!(filled.failed, 0, "filling a hall with orders");
        running.settle().await;
    }

    /// Opens so many counters, all by one lead.
    pub async fn open_counters(&self, running: &Running, token: &Arc<str>, counters: usize) {
        let mut crowd = Crowd::connect(running.address, [Opener::new(token, counters)]).await.unwrap();
        let opened = crowd.times(u64::try_from(counters).unwrap()).await;
        assert_eq!(opened.failed, 0, "opening counters");
    }
}

/// The reference: this program again, on a Redis with the settings that the product wrote for its own.
pub struct Reference {
    folder: TempDir,
}

impl Reference {
    pub fn beside(house: &House) -> Self {
        let folder = folder();
        let settings = fs::read_to_string(house.redis_dir().join("redis.conf")).unwrap();
        let (theirs, ours) = (house.redis_dir().canonicalize().unwrap(), folder.path().canonicalize().unwrap());
        let settings = settings.replace(theirs.to_str().unwrap(), ours.to_str().unwrap());
        fs::write(folder.path().join("redis.conf"), settings).unwrap();
        Self { folder }
    }

    /// The folder of its Redis.
    pub fn dir(&self) -> &Path {
        self.folder.path()
    }

    fn redis(&self) -> Child {
        let mut command = Command::new("redis-server");
        command.arg(self.dir().join("redis.conf")).current_dir(self.dir()).stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn().unwrap()
    }

    pub fn start(&self) -> Running {
        let address = free_address();
        let started = Instant::now();
        let redis = self.redis();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["reference", &address.to_string()]).arg(self.dir().join("redis.sock")).stdin(Stdio::null());
        Running { address, child: command.spawn().unwrap(), redis: Some(redis), started }
    }

    pub fn open(&self) -> Running {
        let running = self.start();
        running.ready("/health/ready");
        running
    }

    /// Tickets, taken over HTTP as fast as it goes.
    pub async fn fill(&self, running: &Running, tickets: u64, name: &str, services: u64) {
        let token: Arc<str> = "none".into();
        let kiosks = (0..FILLERS).map(|index| Kiosk::new(format!("{name}-{index}"), &token, services));
        let mut crowd = Crowd::connect(running.address, kiosks).await.unwrap();
        let filled = crowd.times(tickets).await;
        assert_eq!(filled.failed, 0, "filling the reference");
        running.settle().await;
    }
}
