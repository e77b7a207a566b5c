//! An open-loop load generator: people who each ask on a schedule of their own, whether or not the server keeps up.
//!
//! The time of an answer counts from when the question was due, not from when the last answer let it go: a server that
//! stands still is charged for everybody who would have come meanwhile (no coordinated omission). Where the person was free
//! at the due instant the clock starts when the question is sent, so that a late timer of ours is not charged to the server.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// The longest answer that is told apart, in microseconds.
const ANSWER_US_MAX: u64 = 60_000_000;

/// What a server said.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

/// Somebody who asks one thing after the other.
pub trait Person {
    /// Writes the next request.
    fn ask(&mut self, out: &mut Vec<u8>);
    /// Hears the answer.
    fn told(&mut self, answer: &Answer<'_>);
    /// What the request written last was, where it is to be timed by itself.
    fn kind(&self) -> Option<&'static str> {
        None
    }
}

/// How often one person asks.
#[derive(Clone, Copy)]
pub enum Pace {
    /// Again as soon as there is an answer: for what a server can carry at most. Says nothing of latency.
    Full,
    /// Once in so long, on schedule.
    Every(Duration),
}

/// What came of a load.
pub struct Measured {
    pub answered: u64,
    /// Answers other than 2xx, and lines that broke.
    pub failed: u64,
    /// The same by status; 0 is a line that broke.
    pub refusals: BTreeMap<u16, u64>,
    pub took: Duration,
    /// Microseconds from when each question was due.
    pub times: Histogram<u64>,
    /// The same by kind of question.
    pub kinds: BTreeMap<&'static str, Histogram<u64>>,
}

impl Measured {
    /// Answers in a second.
    pub fn rate(&self) -> f64 {
        super::table::float(self.answered) / self.took.as_secs_f64()
    }

    /// A quantile of the times, in milliseconds.
    pub fn ms(&self, quantile: f64) -> f64 {
        super::table::float(self.times.value_at_quantile(quantile)) / 1_000.0
    }
}

/// One person's line to a server.
struct Line<P> {
    address: SocketAddr,
    stream: TcpStream,
    person: P,
    out: Vec<u8>,
    heard: Vec<u8>,
}

/// People with a line each, kept open from one load to the next.
pub struct Crowd<P> {
    lines: Vec<Line<P>>,
}

impl<P: Person> Crowd<P> {
    pub async fn connect(address: SocketAddr, people: impl IntoIterator<Item = P>) -> io::Result<Self> {
        let mut lines = Vec::new();
        for person in people {
            lines.push(Line { address, stream: open(address).await?, person, out: Vec::new(), heard: Vec::new() });
        }
        Ok(Self { lines })
    }

    /// Everybody, after what they heard.
    pub fn people(&self) -> impl Iterator<Item = &P> {
        self.lines.iter().map(|line| &line.person)
    }

    /// Has everybody ask for so long.
    pub async fn run(&mut self, pace: Pace, length: Duration) -> Measured {
        let begin = Instant::now();
        let end = begin + length;
        let count = u32::try_from(self.lines.len()).unwrap_or(1).max(1);
        let people = self.lines.iter_mut().zip(0_u32..).map(|(line, index)| {
            let first = match pace {
                Pace::Full => begin,
                // Spread evenly: nobody's turn is another's.
                Pace::Every(gap) => begin + gap * index / count,
            };
            line.keep_asking(pace, first, end)
        });
        let mut all = Measured { took: length, ..nothing() };
        for one in join_all(people).await {
            all.answered += one.answered;
            all.failed += one.failed;
            all.times.add(&one.times).unwrap();
            for (status, count) in &one.refusals {
                *all.refusals.entry(*status).or_default() += count;
            }
            for (kind, times) in &one.kinds {
                all.kinds.entry(kind).or_insert_with(histogram).add(times).unwrap();
            }
        }
        // The last answers come a little after the end.
        all.took = begin.elapsed();
        all
    }

    /// Has everybody together ask so many times, as fast as it goes.
    pub async fn times(&mut self, times: u64) -> Measured {
        let begin = Instant::now();
        let lines = u64::try_from(self.lines.len()).unwrap_or(1).max(1);
        let people =
            self.lines.iter_mut().zip(0_u64..).map(|(line, index)| line.ask_times(times / lines + u64::from(index < times % lines)));
        let mut all = nothing();
        for one in join_all(people).await {
            all.answered += one.answered;
            all.failed += one.failed;
        }
        all.took = begin.elapsed();
        all
    }
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Before anything was asked.
fn nothing() -> Measured {
    Measured { answered: 0, failed: 0, refusals: BTreeMap::new(), took: Duration::ZERO, times: histogram(), kinds: BTreeMap::new() }
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(ANSWER_US_MAX, 3).unwrap()
}

impl<P: Person> Line<P> {
    async fn keep_asking(&mut self, pace: Pace, first: Instant, end: Instant) -> Measured {
        let mut own = nothing();
        let mut due = first;
        while due < end {
            let late = Instant::now() >= due;
            if !late {
                sleep_until(due).await;
            }
            let from = if late { due } else { Instant::now() };
            let status = self.ask_once().await.unwrap_or(0);
            let took = u64::try_from(from.elapsed().as_micros()).unwrap_or(ANSWER_US_MAX).clamp(1, ANSWER_US_MAX);
            own.times.record(took).unwrap();
            if let Some(kind) = self.person.kind() {
                own.kinds.entry(kind).or_insert_with(histogram).record(took).unwrap();
            }
            own.answered += 1;
            if !(200..300).contains(&status) {
                own.failed += 1;
                *own.refusals.entry(status).or_default() += 1;
                if status == 0 {
                    return own;
                }
            }
            due = match pace {
                Pace::Full => Instant::now(),
                Pace::Every(gap) => due + gap,
            };
        }
        own
    }

    async fn ask_times(&mut self, times: u64) -> Measured {
        let mut own = nothing();
        for _ in 0..times {
            let status = self.ask_once().await.unwrap_or(0);
            own.answered += 1;
            if !(200..300).contains(&status) {
                own.failed += 1;
                if status == 0 {
                    return own;
                }
            }
        }
        own
    }

    /// One question and its answer; gives the status. A line that was closed is opened again, as any kiosk does.
    async fn ask_once(&mut self) -> io::Result<u16> {
        self.out.clear();
        self.person.ask(&mut self.out);
        if let Ok(status) = self.exchange().await {
            return Ok(status);
        }
        self.stream = open(self.address).await?;
        self.exchange().await
    }

    async fn exchange(&mut self) -> io::Result<u16> {
        self.stream.write_all(&self.out).await?;
        self.heard.clear();
        loop {
            if let Some((status, body)) = whole(&self.heard) {
                self.person.told(&Answer { status, body });
                return Ok(status);
            }
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Status and body, once all of an answer is there. Servers of ours say the length of every answer.
fn whole(heard: &[u8]) -> Option<(u16, &[u8])> {
    let head_ends = heard.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(heard.get(..head_ends)?).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = heard.get(head_ends + 4..)?;
    Some((status, body.get(..length.unwrap_or(0))?))
}

/// A POST as a browser or device sends it.
pub fn post(out: &mut Vec<u8>, path: &str, token: &str, key: &str, body: &str) {
    use std::io::Write as _;
    write!(
        out,
        "POST {path} HTTP/1.1\r\nHost: hall\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: {key}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
}
