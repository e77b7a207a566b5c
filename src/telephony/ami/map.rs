//! What an event of the manager interface says of a call. Queues tell of agents and callers; ring groups have only `Dial` events.
//!
//! In a queue every telephone that is rung in vain ends its own dial: only what the queue itself says of the caller counts.
//! Outside of queues a call is missed when its last telephone has stopped ringing, or when its caller is gone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::frame::Packet;
use crate::domain::telephone::{AGENT_NAME_CHARS_MAX, Dialled, Direction, HangupCause, PARTY_CHARS_MAX, Signal, SignalState, tidy};

/// Calls that are followed at once; beyond it the oldest is no longer followed.
pub const FOLLOWED_MAX: usize = 2_000;
/// Telephones that are followed in one call; more count as one.
pub const LEGS_MAX: usize = 64;
/// Queues that may be named.
pub const QUEUES_MAX: usize = 64;

/// What an event comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    Signal(Signal),
    /// Nothing to do with a call of ours, and why.
    Nothing(&'static str),
}

/// Which calls are ours.
#[derive(Debug, Clone)]
pub struct Which {
    /// The name of the exchange.
    pub source: Arc<str>,
    /// Only these queues; none named means all.
    pub queues: Vec<String>,
    /// A number with at most so many digits is an extension of ours.
    pub internal_digits: u8,
}

/// What is known of a call that is under way.
#[derive(Debug, Default)]
struct Followed {
    direction: Option<Direction>,
    /// It waits in a queue.
    queued: bool,
    /// It is none of ours: another queue, or between two of our telephones.
    foreign: bool,
    answered: bool,
    agent_rung: bool,
    /// Telephones that ring outside of a queue.
    ringing: BTreeSet<String>,
}

/// Follows the calls of one exchange; kept over a reconnection.
#[derive(Debug)]
pub struct Calls {
    which: Which,
    followed: BTreeMap<String, Followed>,
    /// The same, oldest first.
    order: VecDeque<String>,
}

impl Calls {
    /// Follows nothing yet.
    #[must_use]
    pub fn new(which: Which) -> Self {
        Self { which, followed: BTreeMap::new(), order: VecDeque::new() }
    }

    /// What one event says. `now` is for what Asterisk tells as a duration up to now.
    pub fn read(&mut self, packet: &Packet, now: DateTime<Utc>) -> Meaning {
        match packet.event().unwrap_or_default() {
            "QueueCallerJoin" => self.joined(packet),
            "QueueEntry" => self.waiting(packet, now),
            "AgentCalled" => self.agent_called(packet),
            "AgentConnect" => self.agent_connect(packet),
            "AgentComplete" => self.agent_complete(packet),
            "QueueCallerAbandon" => self.abandoned(packet),
            "QueueCallerLeave" => self.left(packet),
            "DialBegin" => self.dial_begin(packet),
            "DialEnd" => self.dial_end(packet),
            "Hangup" => self.hangup(packet),
            "AgentRingNoAnswer" | "QueueMemberPause" | "QueueMemberStatus" => Meaning::Nothing("about an agent, not a call"),
            _ => Meaning::Nothing("not an event about calls"),
        }
    }

    fn joined(&mut self, packet: &Packet) -> Meaning {
        let Some(id) = call_id(packet) else { return Meaning::Nothing("without Linkedid") };
        let foreign = !self.is_ours(packet.get("Queue"));
        let call = self.follow(&id);
        (call.queued, call.foreign, call.direction) = (true, foreign, Some(Direction::In));
        if foreign {
            return Meaning::Nothing("another queue");
        }
        Meaning::Signal(self.caller(&id, SignalState::Ringing, packet))
    }

    /// A caller who waited already when we connected. Its `Linkedid` is not told; that of an incoming call is its `Uniqueid`.
    fn waiting(&mut self, packet: &Packet, now: DateTime<Utc>) -> Meaning {
        let Some(id) = packet.get("Uniqueid").map(str::to_owned) else { return Meaning::Nothing("without Uniqueid") };
        if self.followed.contains_key(&id) {
            return Meaning::Nothing("known already");
        }
        match self.joined(packet) {
            Meaning::Signal(signal) => {
                // It began to ring before we asked.
                let waited = packet.get("Wait").and_then(|seconds| seconds.parse::<u32>().ok()).map(i64::from);
                let at = waited.map(|seconds| signal.at.unwrap_or(now) - TimeDelta::seconds(seconds));
                Meaning::Signal(Signal { at: at.or(signal.at), ..signal })
            }
            nothing @ Meaning::Nothing(_) => nothing,
        }
    }

    fn agent_called(&mut self, packet: &Packet) -> Meaning {
        let (id, call) = match self.queue_call(packet) {
            Ok(found) => found,
            Err(why) => return Meaning::Nothing(why),
        };
        if std::mem::replace(&mut call.agent_rung, true) {
            return Meaning::Nothing("one more telephone rings");
        }
        Meaning::Signal(with_member(self.caller(&id, SignalState::Ringing, packet), packet))
    }

    fn agent_connect(&mut self, packet: &Packet) -> Meaning {
        let (id, call) = match self.queue_call(packet) {
            Ok(found) => found,
            Err(why) => return Meaning::Nothing(why),
        };
        (call.answered, call.queued) = (true, false);
        Meaning::Signal(with_member(self.caller(&id, SignalState::Answered, packet), packet))
    }

    fn agent_complete(&mut self, packet: &Packet) -> Meaning {
        let (id, call) = match self.queue_call(packet) {
            Ok(found) => found,
            Err(why) => return Meaning::Nothing(why),
        };
        (call.answered, call.queued) = (true, false);
        if packet.get("Reason") == Some("transfer") {
            return Meaning::Nothing("handed on; the call goes on");
        }
        let signal = with_member(self.caller(&id, SignalState::Ended, packet), packet);
        Meaning::Signal(Signal { cause: Some(HangupCause::NormalClearing), ..signal })
    }

    fn abandoned(&mut self, packet: &Packet) -> Meaning {
        let (id, call) = match self.queue_call(packet) {
            Ok(found) => found,
            Err(why) => return Meaning::Nothing(why),
        };
        call.queued = false;
        Meaning::Signal(Signal { cause: Some(HangupCause::Cancel), ..self.caller(&id, SignalState::Missed, packet) })
    }

    /// To an agent, or on in the dial plan: what is dialled from now on counts.
    fn left(&mut self, packet: &Packet) -> Meaning {
        if let Some(call) = call_id(packet).and_then(|id| self.followed.get_mut(&id)) {
            call.queued = false;
        }
        Meaning::Nothing("left the queue; what comes next tells why")
    }

    fn dial_begin(&mut self, packet: &Packet) -> Meaning {
        let Some(id) = call_id(packet) else { return Meaning::Nothing("without Linkedid") };
        if packet.get("Channel").is_none() {
            return Meaning::Nothing("dialled by the exchange itself, for nobody");
        }
        let direction = self.direction(packet);
        let call = self.follow(&id);
        if call.foreign || call.queued {
            return Meaning::Nothing("a telephone rings for a queue");
        }
        let Some(direction) = call.direction.or(direction) else {
            call.foreign = true;
            return Meaning::Nothing("between two telephones of ours");
        };
        let first = call.direction.replace(direction).is_none();
        if let Some(leg) = packet.get("DestUniqueid").filter(|_| call.ringing.len() < LEGS_MAX) {
            call.ringing.insert(leg.to_owned());
        }
        if !first {
            return Meaning::Nothing("one more telephone rings");
        }
        Meaning::Signal(self.dialled(&id, SignalState::Ringing, direction, packet))
    }

    fn dial_end(&mut self, packet: &Packet) -> Meaning {
        let Some(id) = call_id(packet) else { return Meaning::Nothing("without Linkedid") };
        let status = packet.get("DialStatus").unwrap_or_default();
        let direction = self.direction(packet);
        let known = self.followed.contains_key(&id);
        let call = self.follow(&id);
        if call.foreign || call.queued {
            return Meaning::Nothing("a telephone of a queue stopped ringing");
        }
        let Some(direction) = call.direction.or(direction) else {
            call.foreign = true;
            return Meaning::Nothing("between two telephones of ours");
        };
        call.direction = Some(direction);
        let was_ringing = packet.get("DestUniqueid").is_some_and(|leg| call.ringing.remove(leg));
        let cause = match status {
            "ANSWER" => {
                call.answered = true;
                return Meaning::Signal(with_dialled_agent(self.dialled(&id, SignalState::Answered, direction, packet), direction, packet));
            }
            "CANCEL" => HangupCause::Cancel,
            "NOANSWER" => HangupCause::NoAnswer,
            "BUSY" => HangupCause::Busy,
            "CONGESTION" | "CHANUNAVAIL" => HangupCause::Congestion,
            _ => return Meaning::Nothing("a dial that ended in a way that says nothing of the caller"),
        };
        if call.answered || !call.ringing.is_empty() || (known && !was_ringing) {
            return Meaning::Nothing("one telephone less rings");
        }
        Meaning::Signal(Signal { cause: Some(cause), ..self.dialled(&id, SignalState::Missed, direction, packet) })
    }

    /// The caller's own channel is gone: whatever was not told is over.
    fn hangup(&mut self, packet: &Packet) -> Meaning {
        let Some(id) = call_id(packet) else { return Meaning::Nothing("without Linkedid") };
        if packet.get("Uniqueid") != Some(&id) {
            return Meaning::Nothing("one telephone hung up");
        }
        let Some(call) = self.forget(&id) else { return Meaning::Nothing("not a call that is followed") };
        let Some(direction) = call.direction.filter(|_| !call.foreign) else { return Meaning::Nothing("not a call of ours") };
        let code = packet.get("Cause").and_then(|code| code.parse().ok()).unwrap_or(0);
        let cause = if call.answered { HangupCause::NormalClearing } else { unanswered_cause(code) };
        Meaning::Signal(Signal { cause: Some(cause), ..self.signal(&id, SignalState::Ended, direction, packet) })
    }

    /// The call of an event of `app_queue`, unless it is none of ours.
    fn queue_call(&mut self, packet: &Packet) -> Result<(String, &mut Followed), &'static str> {
        let id = call_id(packet).ok_or("without Linkedid")?;
        let foreign = !self.is_ours(packet.get("Queue"));
        let call = self.follow(&id);
        if foreign || call.foreign {
            call.foreign = true;
            return Err("another queue");
        }
        call.direction = Some(Direction::In);
        Ok((id, call))
    }

    fn is_ours(&self, queue: Option<&str>) -> bool {
        self.which.queues.is_empty() || queue.is_some_and(|queue| self.which.queues.iter().any(|ours| ours == queue))
    }

    fn follow(&mut self, id: &str) -> &mut Followed {
        if !self.followed.contains_key(id) {
            if self.followed.len() >= FOLLOWED_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.followed.remove(&oldest);
            }
            self.order.push_back(id.to_owned());
        }
        self.followed.entry(id.to_owned()).or_default()
    }

    fn forget(&mut self, id: &str) -> Option<Followed> {
        self.order.retain(|held| held != id);
        self.followed.remove(id)
    }

    /// Who rang whom, by the length of their numbers; none where both are ours.
    fn direction(&self, packet: &Packet) -> Option<Direction> {
        let caller = packet.get("CallerIDNum").map(|number| self.is_internal(number));
        let callee = dialled_number(packet).map(|number| self.is_internal(&number));
        match (caller, callee) {
            (Some(true), Some(true)) => None,
            (Some(true), Some(false) | None) => Some(Direction::Out),
            (Some(false) | None, _) => Some(Direction::In),
        }
    }

    fn is_internal(&self, number: &str) -> bool {
        !number.is_empty() && number.len() <= usize::from(self.which.internal_digits) && number.bytes().all(|b| b.is_ascii_digit())
    }

    fn signal(&self, id: &str, state: SignalState, direction: Direction, packet: &Packet) -> Signal {
        Signal { at: timestamp(packet), ..Signal::new(&self.which.source, id, state, direction) }
    }

    /// A signal about the caller of a queue.
    fn caller(&self, id: &str, state: SignalState, packet: &Packet) -> Signal {
        Signal {
            caller: number(packet.get("CallerIDNum")),
            callee: number(packet.get("Exten").filter(|exten| exten.bytes().all(|b| b.is_ascii_digit() || b == b'+'))),
            queue: packet.get("Queue").and_then(|queue| tidy(queue, PARTY_CHARS_MAX)),
            ..self.signal(id, state, Direction::In, packet)
        }
    }

    /// A signal about a call that was dialled without a queue.
    fn dialled(&self, id: &str, state: SignalState, direction: Direction, packet: &Packet) -> Signal {
        let rung = match direction {
            Direction::In => packet.get("Exten").filter(|exten| exten.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned),
            Direction::Out => dialled_number(packet),
        };
        Signal { caller: number(packet.get("CallerIDNum")), callee: number(rung.as_deref()), ..self.signal(id, state, direction, packet) }
    }
}

/// The same for all channels of a call, also through transfers.
fn call_id(packet: &Packet) -> Option<String> {
    let id = ["Linkedid", "DestLinkedid", "Uniqueid"].iter().find_map(|name| packet.get(name))?;
    Some(id.to_owned())
}

/// The exchange's own time, where `timestampevents` is on.
fn timestamp(packet: &Packet) -> Option<DateTime<Utc>> {
    let (seconds, fraction) = packet.get("Timestamp")?.split_once('.')?;
    let millis = fraction.get(..3)?.parse::<i64>().ok()?;
    DateTime::from_timestamp_millis(seconds.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(millis)?)
}

fn number(text: Option<&str>) -> Option<Dialled> {
    tidy(text.filter(|text| !text.eq_ignore_ascii_case("anonymous"))?, PARTY_CHARS_MAX).map(Dialled::from)
}

/// The number in a `DialString` such as `801`, `trunk/13900000001` or `13900000001@trunk`.
fn dialled_number(packet: &Packet) -> Option<String> {
    let dialled = packet.get("DialString").or_else(|| packet.get("DestCallerIDNum"))?;
    let name = dialled.split(',').next().unwrap_or_default();
    let last = name.split('@').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let digits = last.strip_prefix('+').unwrap_or(last);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| last.to_owned())
}

/// The telephone of a channel or interface: `801` of `PJSIP/801-0000001f`, of `Local/801@from-queue/n`.
fn telephone(interface: &str) -> Option<Arc<str>> {
    let name = interface.split_once('/').map_or(interface, |(_, rest)| rest);
    let name = name.split(['@', '/', ';']).next().unwrap_or_default();
    let name = name
        .rsplit_once('-')
        .filter(|(_, tail)| tail.len() == 8 && tail.bytes().all(|b| b.is_ascii_hexdigit()))
        .map_or(name, |(head, _)| head);
    tidy(name, PARTY_CHARS_MAX)
}

/// The agent of a queue.
fn with_member(signal: Signal, packet: &Packet) -> Signal {
    let interface = packet.get("Interface").or_else(|| packet.get("DestChannel"));
    let agent = interface.and_then(telephone);
    let name = packet.get("MemberName").filter(|name| Some(*name) != interface).and_then(|name| tidy(name, AGENT_NAME_CHARS_MAX));
    let agent_name = name.filter(|name| Some(name) != agent.as_ref());
    Signal { agent, agent_name, ..signal }
}

/// Who answered a call without a queue; of a call that we made, who made it.
fn with_dialled_agent(signal: Signal, direction: Direction, packet: &Packet) -> Signal {
    let channel = match direction {
        Direction::In => packet.get("DestChannel"),
        Direction::Out => packet.get("Channel"),
    };
    Signal { agent: channel.and_then(telephone), ..signal }
}

/// Q.850: why a call that nobody answered was cleared.
const fn unanswered_cause(code: u16) -> HangupCause {
    match code {
        1 | 3 | 20 | 28 => HangupCause::NotFound,
        17 => HangupCause::Busy,
        18 | 19 | 21 => HangupCause::NoAnswer,
        27 | 34 | 38 | 41 | 42 | 44 => HangupCause::Congestion,
        _ => HangupCause::Cancel,
    }
}
