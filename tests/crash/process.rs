//! A real server in a real folder: started, killed, stopped and started again as a careless world would.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to be ready in a test; far beyond what it does take.
const READY: Duration = Duration::from_secs(60);

/// The program under test.
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_warmhall"))
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A hall's folder and the process that serves it.
pub struct Server {
    pub dir: PathBuf,
    pub port: u16,
    redis_url: Option<String>,
    env: Vec<(String, String)>,
    child: Option<Child>,
    _own: Option<TempDir>,
}

impl Server {
    /// A new folder, nothing started.
    pub fn new() -> Self {
        let own = TempDir::with_prefix("wh").unwrap();
        Self { dir: own.path().join("d"), port: free_port(), redis_url: None, env: Vec::new(), child: None, _own: Some(own) }
    }

    /// A folder that somebody else owns, e.g. on a small disk.
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), port: free_port(), redis_url: None, env: Vec::new(), child: None, _own: None }
    }

    pub fn with_redis(mut self, url: &str) -> Self {
        self.redis_url = Some(url.to_owned());
        self
    }

    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A bearer token, minted with the server running or not.
    pub fn token(&self, role: &str, name: &str) -> String {
        let out = program().args(["token", "--role", role, "--name", name, "--data-dir"]).arg(&self.dir).output().unwrap();
        assert!(out.status.success(), "token: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    /// Starts the server and gives back at once.
    pub fn start(&mut self) {
        let mut command = program();
        command.arg("serve").arg("--data-dir").arg(&self.dir).args(["--listen", &format!("127.0.0.1:{}", self.port)]);
        if let Some(url) = &self.redis_url {
            command.args(["--redis-url", url]);
        }
        for (name, value) in &self.env {
            command.env(name, value);
        }
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    fn log(&self) -> PathBuf {
        self.dir.parent().unwrap().join(format!("server-{}.log", self.port))
    }

    /// What the server printed so far.
    pub fn printed(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = fs::File::open(self.log()) {
            let _ = file.read_to_string(&mut text);
        }
        text
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Waits until the server says that it is ready.
    pub fn ready(&self) {
        let until = Instant::now() + READY;
        while Instant::now() < until {
            if ureq::get(self.url("/health/ready")).call().is_ok_and(|r| r.status() == 200) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the server is not ready:\n{}", self.printed());
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.as_ref().expect("started").id()).unwrap()
    }

    /// The private Redis, as the child of the server.
    pub fn redis_pid(&self) -> Option<i32> {
        let out = Command::new("pgrep").args(["-P", &self.pid().to_string(), "-f", "redis"]).output().unwrap();
        String::from_utf8(out.stdout).unwrap().split_whitespace().next().and_then(|pid| pid.parse().ok())
    }

    /// Power off for this process.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the server to close, and says how long it took and whether it was clean.
    pub fn terminate(&mut self) -> (Duration, bool) {
        let asked = Instant::now();
        signal(self.pid(), "TERM");
        let status = self.child.take().unwrap().wait().unwrap();
        (asked.elapsed(), status.success())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The library that bends a process's time; `./test` installs it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// A time of its own for a server.
pub struct BentTime {
    shift: tempfile::NamedTempFile,
    redis: TempDir,
}

impl BentTime {
    /// The real time, until it is set.
    pub fn new() -> Self {
        assert!(Path::new(FAKETIME).exists(), "./test installs faketime");
        let bent = Self { shift: tempfile::NamedTempFile::new().unwrap(), redis: TempDir::with_prefix("whc").unwrap() };
        bent.set("+0");
        // Redis keeps the real time: its allocator does not start under the library, and nothing of ours asks its clock.
        fs::write(bent.program(), "#!/bin/sh\nunset LD_PRELOAD\nexec redis-server \"$@\"\n").unwrap();
        fs::set_permissions(bent.program(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        bent
    }

    fn program(&self) -> PathBuf {
        self.redis.path().join("redis-server")
    }

    /// How far the server's time is from the real one, as `+2h` or `-30`.
    pub fn set(&self, shift: &str) {
        fs::write(self.shift.path(), shift).unwrap();
    }

    /// The server with this time.
    pub fn on(&self, server: Server) -> Server {
        server
            .with_env("WARMHALL__REDIS_SERVER", self.program().to_str().unwrap())
            .with_env("LD_PRELOAD", FAKETIME)
            .with_env("FAKETIME_TIMESTAMP_FILE", self.shift.path().to_str().unwrap())
            .with_env("FAKETIME_NO_CACHE", "1")
            .with_env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }
}

/// Sends a signal by name.
pub fn signal(pid: i32, name: &str) {
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
}
