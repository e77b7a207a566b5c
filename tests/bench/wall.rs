//! Many boards on one wall: sockets that read every frame, check that nothing is missing, and say when the last of them has it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// How long the last board may take; longer, and it has missed something.
const LAST_MAX: Duration = Duration::from_secs(20);
/// The room that a board which never reads gives to what is sent to it, in bytes: as little as the system allows.
const STALLED_ROOM: u32 = 4_096;

/// What counts as having seen a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Frames with `prev` and `rev`: the product's.
    Revisions,
    /// One frame a call: the reference's.
    Frames,
}

#[derive(Default)]
struct Seen {
    /// The last revision, or the number of frames.
    marks: Vec<u64>,
    /// Marks with their instants since the call.
    since: Vec<Vec<(u64, Instant)>>,
    target: Option<u64>,
    reached: usize,
    /// Frames that did not follow the one before.
    gaps: u64,
    closed: u64,
    text: String,
}

/// The boards.
pub struct Wall {
    seen: Arc<Mutex<Seen>>,
    all: Arc<Notify>,
    told: Told,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Wall {
    pub fn new(told: Told) -> Self {
        Self { seen: Arc::default(), all: Arc::default(), told, tasks: Vec::new() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }

    /// Hangs up boards until there are so many.
    pub async fn grow_to(&mut self, boards: usize, address: SocketAddr, token: &str) {
        while self.tasks.len() < boards {
            let (stream, rest) = open(TcpStream::connect(address).await.unwrap(), token).await;
            let index = self.tasks.len();
            {
                let mut seen = self.seen();
                // Whoever comes later has had none of the frames before, and misses none of them.
                let before = if self.told == Told::Frames { seen.marks.iter().copied().max().unwrap_or(0) } else { 0 };
                seen.marks.push(before);
                seen.since.push(Vec::new());
            }
            let board = Board { index, seen: Arc::clone(&self.seen), all: Arc::clone(&self.all), told: self.told };
            self.tasks.push(tokio::spawn(board.watch(stream, rest)));
        }
        if self.told == Told::Revisions {
            while self.seen().marks.contains(&0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    /// Forgets the instants of earlier calls.
    pub fn before_call(&self) {
        let mut seen = self.seen();
        seen.target = None;
        seen.since.iter_mut().for_each(Vec::clear);
    }

    /// The number of frames that every board will have had after the next call.
    pub fn next_frame(&self) -> u64 {
        self.seen().marks.iter().copied().max().unwrap_or(0) + 1
    }

    /// When the last board had what is at `mark` or beyond; `None` when one of them never got it.
    pub async fn all_have(&self, mark: u64) -> Option<Instant> {
        {
            let mut seen = self.seen();
            seen.target = Some(mark);
            seen.reached = seen.marks.iter().filter(|own| **own >= mark).count();
        }
        let everybody = async {
            while self.seen().reached < self.tasks.len() {
                self.all.notified().await;
            }
        };
        timeout(LAST_MAX, everybody).await.ok()?;
        let seen = self.seen();
        seen.since.iter().filter_map(|own| own.iter().find(|(own, _)| *own >= mark)).map(|(_, at)| *at).max()
    }

    /// Frames that did not follow the one before, and boards that were let go.
    pub fn missed(&self) -> u64 {
        let seen = self.seen();
        seen.gaps + seen.closed
    }

    /// The latest frame.
    pub fn text(&self) -> String {
        self.seen().text.clone()
    }
}

impl Drop for Wall {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// A board that never reads; it hangs as long as the value lives.
pub async fn stalled(address: SocketAddr, token: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(STALLED_ROOM).unwrap();
    open(socket.connect(address).await.unwrap(), token).await.0
}

async fn open(mut stream: TcpStream, token: &str) -> (TcpStream, Vec<u8>) {
    let request = format!(
        "GET /api/v1/live?view=board HTTP/1.1\r\nHost: hall\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Protocol: warmhall.v1\r\n\r\n"
    );
    stream.set_nodelay(true).unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    loop {
        if let Some(ends) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
            assert!(heard.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&heard));
            let rest = heard.split_off(ends + 4);
            return (stream, rest);
        }
        assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "a board was not let in");
    }
}

struct Board {
    index: usize,
    seen: Arc<Mutex<Seen>>,
    all: Arc<Notify>,
    told: Told,
}

impl Board {
    async fn watch(self, mut stream: TcpStream, mut heard: Vec<u8>) {
        loop {
            while let Some((code, begin, end)) = frame(&heard) {
                match code {
                    // A ping is answered in kind; an empty mask changes nothing.
                    9 => {
                        let length = u8::try_from(end - begin).unwrap_or(0);
                        let mut pong = vec![0x8A, 0x80 | length, 0, 0, 0, 0];
                        pong.extend_from_slice(&heard[begin..end]);
                        let _gone = stream.write_all(&pong).await;
                    }
                    1 => self.told(&heard[begin..end]),
                    _ => return self.gone(),
                }
                heard.drain(..end);
            }
            match stream.read_buf(&mut heard).await {
                Ok(0) | Err(_) => return self.gone(),
                Ok(_) => {}
            }
        }
    }

    fn gone(&self) {
        self.seen.lock().unwrap().closed += 1;
    }

    fn told(&self, text: &[u8]) {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap();
        let before = seen.marks[self.index];
        let mark = match self.told {
            Told::Frames => before + 1,
            Told::Revisions => {
                let (prev, rev) = (number(text, b"\"prev\":"), number(text, b"\"rev\":"));
                // A snapshot has no `prev`; only the first frame may be one.
                if prev.unwrap_or(0) != before {
                    seen.gaps += 1;
                }
                rev.unwrap_or(before)
            }
        };
        seen.marks[self.index] = mark;
        seen.since[self.index].push((mark, now));
        if self.index == 0 && text.starts_with(b"{\"type\":\"events\"") {
            seen.text = String::from_utf8_lossy(text).into_owned();
        }
        if seen.target.is_some_and(|target| before < target && target <= mark) {
            seen.reached += 1;
            if seen.reached == seen.marks.len() {
                self.all.notify_one();
            }
        }
    }
}

/// Code, begin and end of the first frame, once all of it is there. Servers do not mask.
fn frame(heard: &[u8]) -> Option<(u8, usize, usize)> {
    let code = heard.first()? & 0x0F;
    let (begin, length) = match heard.get(1)? & 0x7F {
        126 => (4, usize::from(u16::from_be_bytes(heard.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(heard.get(2..10)?.try_into().ok()?)).ok()?),
        short => (2, usize::from(short)),
    };
    (heard.len() >= begin + length).then_some((code, begin, begin + length))
}

/// The number behind a name, in the head of a frame.
fn number(text: &[u8], name: &[u8]) -> Option<u64> {
    let head = &text[..text.len().min(200)];
    let at = head.windows(name.len()).position(|window| window == name)? + name.len();
    let digits: Vec<u8> = head[at..].iter().copied().take_while(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}
