//! Hands what exchanges say to the hall, whichever way it came, and writes down what became of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::ami::{self, Condition};
use super::recent::{Made, Recent, Way};
use super::zammad::{self, ZammadError};
use crate::clock::Clock;
use crate::domain::ids::PhoneCallId;
use crate::domain::phone::AreaCode;
use crate::domain::telephone::{Dialled, Direction, Signal, SignalProblem, SignalState};
use crate::keeper::Fault;
use crate::settings::telephony::{Secret, TelephonyPlan};

/// How long to wait before a signal is offered again to a hall that is away, in milliseconds.
const RETRY_MS: u64 = 500;

/// What the hall made of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    News(PhoneCallId),
    /// It was known already.
    Known(PhoneCallId),
    /// It is too old to be counted.
    TooOld,
}

/// Why the hall did not take a signal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkFault {
    /// The signal itself cannot be taken.
    #[error("{0}")]
    Invalid(#[from] SignalProblem),
    /// The hall cannot take any just now. The same signal may be offered again: signals are idempotent.
    #[error("{0}")]
    Hall(#[from] Fault),
}

/// The hall, as this module needs it.
pub trait Sink: Send + Sync + 'static {
    /// Has a signal decided and committed.
    fn take(&self, signal: Signal) -> BoxFuture<'_, Result<Taken, SinkFault>>;

    /// The town's area code, which local numbers leave out.
    fn local_area(&self) -> Option<AreaCode> {
        None
    }
}

/// Everything that listens to exchanges. Clones are the same.
#[derive(Clone)]
pub struct Telephony {
    inner: Arc<Inner>,
}

struct Inner {
    sink: Arc<dyn Sink>,
    clock: Clock,
    recent: Recent,
    /// SHA-256 of the token in the address of the Zammad-compatible door.
    zammad_token: Option<[u8; 32]>,
    /// Callers whom nobody is to answer.
    blocked: Vec<Dialled>,
    ami: Option<Ami>,
}

/// A line to an Asterisk, and what carries its signals to the hall.
pub(super) struct Ami {
    condition: watch::Receiver<Condition>,
    forwarder: JoinHandle<()>,
}

impl Telephony {
    /// Starts what is planned, on the current tokio runtime.
    #[must_use]
    pub fn start(plan: &TelephonyPlan, clock: Clock, sink: Arc<dyn Sink>) -> Self {
        let recent = Recent::default();
        let ami = plan.ami.clone().map(|line| {
            let which = ami::Which { source: ami::source(), queues: line.queues, internal_digits: line.internal_digits };
            let secret = line.secret.reveal().unwrap_or_default().to_owned();
            let account = ami::Account { username: line.username, secret, plain: line.plain };
            let options = ami::Options { address: line.address, account, which, pace: ami::Pace::default() };
            Ami::start(options, clock.clone(), recent.clone(), Arc::clone(&sink))
        });
        let zammad_token = plan.zammad_token.as_ref().and_then(Secret::reveal).map(digest);
        let blocked = plan.blocked.clone();
        Self { inner: Arc::new(Inner { sink, clock, recent, zammad_token, blocked, ami }) }
    }

    /// Whether this token opens the Zammad-compatible door; compared in constant time.
    ///
    /// # Errors
    /// When the door is not set up, or the token is another.
    pub fn check_token(&self, token: &str) -> Result<(), ZammadError> {
        let ours = self.inner.zammad_token.as_ref().ok_or(ZammadError::Disabled)?;
        if digest(token).ct_eq(ours).into() {
            return Ok(());
        }
        // An exchange with a mistyped token sends calls that never appear: somebody will look for them.
        self.refused(Way::Zammad, zammad::SOURCE, "…", ZammadError::Token.to_string());
        Err(ZammadError::Token)
    }

    /// Reads a message of the Zammad-compatible door and hands it to the hall; gives the body of the answer.
    ///
    /// # Errors
    /// `Ok(Err(_))` when the message is not understood; `Err` when the hall did not take it.
    pub async fn zammad(&self, content_type: Option<&str>, body: &[u8]) -> Result<Result<&'static str, ZammadError>, SinkFault> {
        let text = String::from_utf8_lossy(body);
        match zammad::parse(content_type, body) {
            Ok(signal) => {
                // Where somebody answered all the same, it is a call like any other.
                let blocked = signal.direction == Direction::In && signal.state != SignalState::Answered && self.is_blocked(&signal);
                let signal = Signal { rejected: blocked, ..signal };
                let answer = if blocked && signal.state == SignalState::Ringing { zammad::REJECT } else { zammad::TAKEN };
                self.hear(Way::Zammad, signal, &text).await?;
                Ok(Ok(answer))
            }
            Err(error) => {
                self.refused(Way::Zammad, zammad::SOURCE, &text, error.to_string());
                Ok(Err(error))
            }
        }
    }

    async fn hear(&self, way: Way, signal: Signal, text: &str) -> Result<Taken, SinkFault> {
        let taken = self.inner.sink.take(signal.clone()).await;
        note(&self.inner.recent, &self.inner.clock, way, &signal, text, &taken);
        taken
    }

    fn is_blocked(&self, signal: &Signal) -> bool {
        let Some(caller) = signal.caller.as_ref().filter(|_| !self.inner.blocked.is_empty()) else { return false };
        let area = self.inner.sink.local_area();
        let full = |number: &Dialled| area.as_ref().and_then(|area| number.with_area(area)).or_else(|| number.key());
        full(caller).is_some_and(|caller| self.inner.blocked.iter().any(|blocked| full(blocked).as_ref() == Some(&caller)))
    }

    /// Writes down a signal that was handed to the hall elsewhere.
    pub fn heard(&self, way: Way, signal: &Signal, text: &str, made: Made) {
        self.inner.recent.push(self.inner.clock.now(), way, &signal.source, text, Some(signal), made);
    }

    /// Writes down a message that was not understood.
    pub fn refused(&self, way: Way, source: &str, text: &str, why: String) {
        self.inner.recent.push(self.inner.clock.now(), way, source, text, None, Made::Refused(why));
    }

    /// What the exchanges sent lately.
    #[must_use]
    pub fn recent(&self) -> &Recent {
        &self.inner.recent
    }

    /// How the line to an Asterisk is; none where none is set.
    #[must_use]
    pub fn ami(&self) -> Option<Condition> {
        self.inner.ami.as_ref().map(|ami| ami.condition.borrow().clone())
    }

    /// Whether the Zammad-compatible door is open.
    #[must_use]
    pub fn zammad_is_open(&self) -> bool {
        self.inner.zammad_token.is_some()
    }

    /// Hangs up on the exchanges.
    pub fn close(&self) {
        if let Some(ami) = &self.inner.ami {
            ami.close();
        }
    }
}

impl Ami {
    pub(super) fn start(options: ami::Options, clock: Clock, recent: Recent, sink: Arc<dyn Sink>) -> Self {
        let (signals, condition) = ami::start(options, clock.clone(), recent.clone());
        Self { condition, forwarder: tokio::spawn(forward(signals, clock, recent, sink)) }
    }

    /// With the receiver of its signals the line ends as well.
    pub(super) fn close(&self) {
        self.forwarder.abort();
    }
}

/// Offers each signal to the hall until it is taken or refused; meanwhile the others wait in their channel.
async fn forward(mut signals: mpsc::Receiver<(Signal, String)>, clock: Clock, recent: Recent, sink: Arc<dyn Sink>) {
    while let Some((signal, text)) = signals.recv().await {
        let mut told = false;
        loop {
            let taken = sink.take(signal.clone()).await;
            let away = matches!(taken, Err(SinkFault::Hall(_)));
            if !(away && std::mem::replace(&mut told, true)) {
                note(&recent, &clock, Way::Ami, &signal, &text, &taken);
            }
            if !away {
                break;
            }
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
        }
    }
}

fn note(recent: &Recent, clock: &Clock, way: Way, signal: &Signal, text: &str, taken: &Result<Taken, SinkFault>) {
    let made = match taken {
        Ok(Taken::News(_)) => Made::News(signal.state),
        Ok(Taken::Known(_)) => Made::Known(signal.state),
        Ok(Taken::TooOld) => Made::Ignored("too old"),
        Err(SinkFault::Invalid(problem)) => Made::Refused(problem.to_string()),
        Err(SinkFault::Hall(fault)) => Made::Lost(fault.to_string()),
    };
    recent.push(clock.now(), way, &signal.source, text, Some(signal), made);
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
