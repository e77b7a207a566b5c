//! Reads the manager interface (AMI) of an Asterisk: signs in to listen, never to command, and comes back when the line is cut.

mod frame;
mod map;
mod session;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

pub use frame::{Framer, LINE_BYTES_MAX, NONSENSE_BYTES_MAX, Nonsense, PACKET_LINES_MAX, Packet, Spoiled};
pub use map::{Calls, FOLLOWED_MAX, LEGS_MAX, Meaning, QUEUES_MAX, Which};

use super::recent::{Made, Recent, Way};
use crate::clock::Clock;
use crate::domain::telephone::Signal;
use session::{Cut, Session};

/// The name of the exchange behind this line.
pub const SOURCE: &str = "asterisk";
/// Signals that may wait for the hall; beyond it new ones are lost, and the page of recent messages says so.
pub const WAITING_SIGNALS_MAX: usize = 1_024;

/// How patient the line is.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The first wait before connecting again; each further one is twice as long.
    pub retry_first: Duration,
    /// The longest, also after a refused sign-in.
    pub retry_max: Duration,
    /// How often the other side is asked whether it is there.
    pub ping_every: Duration,
    /// How long it may be silent, and how long connecting and each step of signing in may take.
    pub silence_max: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            retry_first: Duration::from_secs(1),
            retry_max: Duration::from_mins(1),
            ping_every: Duration::from_secs(30),
            silence_max: Duration::from_secs(75),
        }
    }
}

/// How to sign in.
#[derive(Clone)]
pub struct Account {
    pub username: String,
    pub secret: String,
    /// Sends the secret itself instead of proving that we know it.
    pub plain: bool,
}

/// What the line needs.
#[derive(Clone)]
pub struct Options {
    /// `host:port`.
    pub address: String,
    pub account: Account,
    pub which: Which,
    pub pace: Pace,
}

/// How the line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Connecting, or waiting to; with what went wrong last.
    Away(Option<String>),
    /// Signed in.
    Listening,
}

/// Where the line's parts meet.
pub(super) struct Line {
    pub(super) options: Options,
    pub(super) clock: Clock,
    pub(super) recent: Recent,
    pub(super) signals: mpsc::Sender<(Signal, String)>,
    pub(super) condition: watch::Sender<Condition>,
}

impl Line {
    /// Listens until the receiver of the signals is gone.
    pub(super) async fn run(self) {
        let pace = self.options.pace;
        let mut calls = Calls::new(self.options.which.clone());
        let mut wait = pace.retry_first;
        while !self.signals.is_closed() {
            let (cut, listened) = self.listen(&mut calls).await;
            self.say(&cut.to_string());
            self.condition.send_replace(Condition::Away(Some(cut.to_string())));
            if listened {
                wait = pace.retry_first;
            } else if matches!(cut, Cut::Refused(_)) {
                // An exchange bans who knocks too often with a wrong word.
                wait = pace.retry_max;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.signals.closed() => return,
            }
            wait = wait.saturating_mul(2).min(pace.retry_max);
        }
    }

    /// One connection, from its beginning to its end; and whether it came to listening.
    async fn listen(&self, calls: &mut Calls) -> (Cut, bool) {
        let Options { address, account, pace, .. } = &self.options;
        let stream = match timeout(pace.silence_max, TcpStream::connect(address.as_str())).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return (Cut::Io(error), false),
            Err(_) => return (Cut::Silent, false),
        };
        let mut session = Session::new(stream, *pace);
        if let Err(cut) = session.sign_in(account).await {
            return (cut, false);
        }
        self.say("signed in");
        self.condition.send_replace(Condition::Listening);
        let cut = loop {
            tokio::select! {
                packet = session.next() => match packet {
                    Ok(packet) => self.hear(calls, packet.as_ref()),
                    Err(cut) => break cut,
                },
                () = self.signals.closed() => break Cut::Closed,
            }
        };
        (cut, true)
    }

    fn hear(&self, calls: &mut Calls, packet: Result<&Packet, &Spoiled>) {
        let Ok(packet) = packet else {
            let made = Made::Ignored("too long, or no packet");
            return self.recent.push(self.clock.now(), Way::Ami, SOURCE, "…", None, made);
        };
        if packet.event().is_none() {
            return;
        }
        let text = shown(packet);
        match calls.read(packet, self.clock.now()) {
            Meaning::Nothing(why) => self.recent.push(self.clock.now(), Way::Ami, SOURCE, &text, None, Made::Ignored(why)),
            Meaning::Signal(signal) => {
                if let Err(full) = self.signals.try_send((signal, text)) {
                    let (signal, text) = full.into_inner();
                    let made = Made::Lost("too many signals wait for the hall".to_owned());
                    self.recent.push(self.clock.now(), Way::Ami, SOURCE, &text, Some(&signal), made);
                }
            }
        }
    }

    fn say(&self, word: &str) {
        self.recent.push(self.clock.now(), Way::Ami, SOURCE, word, None, Made::Line);
    }
}

/// The headers that tell something of a call; the names of callers are not among them.
fn shown(packet: &Packet) -> String {
    const TELLING: [&str; 20] = [
        "Event",
        "Queue",
        "Linkedid",
        "Uniqueid",
        "Channel",
        "CallerIDNum",
        "Exten",
        "DestChannel",
        "DestUniqueid",
        "DialString",
        "DialStatus",
        "Interface",
        "MemberName",
        "Position",
        "HoldTime",
        "RingTime",
        "TalkTime",
        "Reason",
        "Cause",
        "Wait",
    ];
    let telling = packet.headers().filter(|(name, _)| TELLING.contains(name));
    telling.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("; ")
}

/// Starts the line on the current tokio runtime; its signals come out of the channel with the text they were read from.
#[must_use]
pub fn start(options: Options, clock: Clock, recent: Recent) -> (mpsc::Receiver<(Signal, String)>, watch::Receiver<Condition>) {
    let (signals, heard) = mpsc::channel(WAITING_SIGNALS_MAX);
    let (condition, told) = watch::channel(Condition::Away(None));
    let line = Line { options, clock, recent, signals, condition };
    drop(tokio::spawn(line.run()));
    (heard, told)
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account").field("username", &self.username).field("secret", &"…").field("plain", &self.plain).finish()
    }
}

/// Names the source for a [`Which`].
#[must_use]
pub fn source() -> Arc<str> {
    Arc::from(SOURCE)
}
