//! Plays recorded-style conversations with an Asterisk over a real socket, and asks what the hall then knows of the calls.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::domain::ids::PhoneCallId;
use crate::domain::telephone::{Direction, HangupCause, PhoneCall, PhoneChange, PhoneState, Telephone, TimeSource, Verdict};
use crate::keeper::Fault;
use crate::telephony::link::{Ami, Sink, SinkFault, Taken};

const NEVER: Duration = Duration::from_mins(10);
const ANSWERED: &str = include_str!("transcripts/queue_answered.txt");
const ABANDONED: &str = include_str!("transcripts/queue_abandoned.txt");
const RING_GROUP: &str = include_str!("transcripts/ring_group.txt");
const TRANSFER: &str = include_str!("transcripts/transfer.txt");
const RECONNECT: &str = include_str!("transcripts/reconnect.txt");
const NO_TIMESTAMPS: &str = include_str!("transcripts/no_timestamps.txt");
const GARBAGE: &str = include_str!("transcripts/garbage.txt");

/// When the transcripts begin.
fn t(s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_420_800_250 + s * 1_000).unwrap()
}

/// One side's turn in a conversation.
#[derive(Debug, PartialEq)]
enum Turn {
    /// The client says a packet with at least these headers.
    Expect(Vec<String>),
    Say(String),
    Cut,
}

/// `> ` is what the client has to say, `=== cut` is the end of a connection, all else is the exchange's.
fn turns(transcript: &str) -> Vec<Turn> {
    let mut turns = Vec::new();
    for line in transcript.lines() {
        match (line.strip_prefix("> "), turns.last_mut()) {
            _ if line == "=== cut" => turns.push(Turn::Cut),
            (Some(header), Some(Turn::Expect(headers))) => headers.push(header.to_owned()),
            (Some(header), _) => turns.push(Turn::Expect(vec![header.to_owned()])),
            (None, Some(Turn::Say(text))) => text.push_str(&format!("{line}\r\n")),
            (None, _) => turns.push(Turn::Say(format!("{line}\r\n"))),
        }
    }
    turns
}

/// A hall that takes everything, and says on a channel when it did.
struct Hall {
    telephone: Mutex<Telephone>,
    taken: mpsc::Sender<Taken>,
    /// How often it is away before it takes the next.
    away: Mutex<u32>,
}

impl Hall {
    fn new() -> (Arc<Self>, mpsc::Receiver<Taken>) {
        let (taken, told) = mpsc::channel(1_000);
        (Arc::new(Self { telephone: Mutex::default(), taken, away: Mutex::new(0) }), told)
    }

    fn hear(&self, signal: &Signal, now: DateTime<Utc>) -> Result<Taken, SinkFault> {
        let mut away = self.away.lock().unwrap();
        if *away > 0 {
            *away -= 1;
            return Err(SinkFault::Hall(Fault::Away));
        }
        let mut telephone = self.telephone.lock().unwrap();
        let minted = PhoneCallId(u64::try_from(telephone.calls().count()).unwrap() + 1);
        let taken = match telephone.judge(signal, minted, now).unwrap() {
            Verdict::News(PhoneChange::Signalled { phone_call, signal }) => {
                telephone.signalled(phone_call, &signal, now);
                Taken::News(phone_call)
            }
            Verdict::News(PhoneChange::Handled { .. } | PhoneChange::Lapsed { .. }) | Verdict::TooOld => Taken::TooOld,
            Verdict::Known(id) => Taken::Known(id),
        };
        self.taken.try_send(taken).unwrap();
        Ok(taken)
    }

    fn sink(self: &Arc<Self>) -> Arc<dyn Sink> {
        Arc::<Self>::clone(self)
    }

    fn call(&self, number: &str) -> PhoneCall {
        let call_id: Arc<str> = format!("1795420800.{number}").into();
        self.telephone.lock().unwrap().find(&source(), &call_id).unwrap().clone()
    }

    fn count(&self) -> usize {
        self.telephone.lock().unwrap().calls().count()
    }
}

impl Sink for Hall {
    fn take(&self, signal: Signal) -> BoxFuture<'_, Result<Taken, SinkFault>> {
        async move { self.hear(&signal, t(400)) }.boxed()
    }
}

fn which() -> Which {
    Which { source: source(), queues: vec!["heat".to_owned()], internal_digits: 4 }
}

fn options(address: String, secret: &str, plain: bool) -> Options {
    let account = Account { username: "warmhall".to_owned(), secret: secret.to_owned(), plain };
    let pace = Pace { retry_first: Duration::from_millis(1), retry_max: Duration::from_millis(2), ping_every: NEVER, silence_max: NEVER };
    Options { address, account, which: which(), pace }
}

/// What the events of a transcript come to, without a socket.
fn played(transcript: &str, which: Which) -> Arc<Hall> {
    let (hall, _told) = Hall::new();
    let mut calls = Calls::new(which);
    for turn in turns(transcript) {
        let Turn::Say(text) = turn else { continue };
        let mut framer = Framer::default();
        for packet in framer.push(text.as_bytes()).unwrap().into_iter().flatten() {
            if let Meaning::Signal(signal) = calls.read(&packet, t(400)) {
                signal.check().unwrap();
                hall.hear(&signal, t(400)).unwrap();
            }
        }
    }
    hall
}

/// Says one side of a conversation on a real socket; ends when all is said, and the client has hung up or was hung up on.
async fn exchange(listener: TcpListener, transcript: &'static str) {
    let mut script = turns(transcript).into_iter().peekable();
    while script.peek().is_some() {
        let (mut stream, _peer) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        let mut cut = false;
        for turn in script.by_ref() {
            match turn {
                Turn::Say(text) => stream.write_all(text.as_bytes()).await.unwrap(),
                Turn::Expect(headers) => {
                    let said = packet_of(&mut stream, &mut heard).await;
                    for header in headers {
                        assert!(said.lines().any(|line| line == header), "{header:?} is not in {said:?}");
                    }
                }
                Turn::Cut => {
                    cut = true;
                    break;
                }
            }
        }
        if !cut {
            // Reading until the client hangs up: what was said is then not lost with the socket.
            let mut rest = Vec::new();
            drop(stream.read_to_end(&mut rest).await);
        }
    }
}

async fn packet_of(stream: &mut TcpStream, heard: &mut Vec<u8>) -> String {
    loop {
        if let Some(end) = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let rest = heard.split_off(end + 4);
            return String::from_utf8(std::mem::replace(heard, rest)).unwrap();
        }
        assert!(stream.read_buf(heard).await.unwrap() > 0, "the client hung up");
    }
}

/// Plays a conversation over a socket until the hall has taken so many signals.
async fn over_the_wire(transcript: &'static str, signals: usize) -> (Arc<Hall>, Recent) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = options(listener.local_addr().unwrap().to_string(), "geheim", false);
    let exchange = tokio::spawn(exchange(listener, transcript));
    let (hall, mut told) = Hall::new();
    let recent = Recent::default();
    let line = Ami::start(options, Clock::manual(t(400)), recent.clone(), hall.sink());
    for _ in 0..signals {
        told.recv().await.unwrap();
    }
    line.close();
    exchange.await.unwrap();
    (hall, recent)
}

#[test]
fn a_call_in_a_queue_is_answered() {
    let hall = played(ANSWERED, which());
    let call = hall.call("18");
    assert_eq!((call.state(), call.direction(), call.cause()), (PhoneState::Ended, Direction::In, Some(HangupCause::NormalClearing)));
    assert_eq!((call.rang_at(), call.answered_at(), call.ended_at()), (Some(t(0)), Some(t(9)), Some(t(84))));
    assert_eq!((call.agent(), call.agent_name(), call.queue()), (Some("801"), Some("Wang Fang"), Some("heat")));
    assert_eq!((call.caller().cloned(), call.callee().cloned()), (Some("13900000001".into()), Some("96777".into())));
    assert_eq!((hall.count(), call.time_source()), (1, TimeSource::Exchange));
}

#[test]
fn telephones_that_ring_in_vain_do_not_make_a_waiting_caller_missed() {
    let mut calls = Calls::new(which());
    let mut states = Vec::new();
    for turn in turns(ABANDONED) {
        let Turn::Say(text) = turn else { continue };
        for packet in Framer::default().push(text.as_bytes()).unwrap().into_iter().flatten() {
            if let Meaning::Signal(signal) = calls.read(&packet, t(400)) {
                states.push(signal.state.word());
            }
        }
    }
    assert_eq!(states, ["ringing", "ringing", "missed", "ended"]);
    let hall = played(ABANDONED, which());
    let call = hall.call("30");
    assert_eq!((call.state(), call.cause(), call.ended_at()), (PhoneState::Missed, Some(HangupCause::Cancel), Some(t(27))));
    assert_eq!(hall.telephone.lock().unwrap().call_back_count(), 1);
}

#[test]
fn a_ring_group_has_only_dial_events() {
    let hall = played(RING_GROUP, which());
    let answered = hall.call("40");
    assert_eq!((answered.state(), answered.agent(), answered.answered_at()), (PhoneState::Ended, Some("802"), Some(t(11))));
    let missed = hall.call("50");
    assert_eq!((missed.state(), missed.cause()), (PhoneState::Missed, Some(HangupCause::NoAnswer)));
    let made = hall.call("60");
    assert_eq!((made.direction(), made.callee().cloned(), made.agent()), (Direction::Out, Some("13900000001".into()), Some("802")));
    assert_eq!(made.answered_at(), Some(t(206)));
    assert_eq!(hall.count(), 3, "what two telephones of ours say to each other is not the hall's");
    let numbers: Vec<_> =
        hall.telephone.lock().unwrap().call_backs(None).filter_map(|task| Some(task.caller?.as_str().to_owned())).collect();
    assert_eq!(numbers, ["053255500001"]);
}

#[test]
fn a_transferred_call_is_one_call_and_ends_with_its_caller() {
    let hall = played(TRANSFER, which());
    let call = hall.call("80");
    assert_eq!((hall.count(), call.state(), call.agent()), (1, PhoneState::Ended, Some("801")));
    assert_eq!((call.answered_at(), call.ended_at()), (Some(t(6)), Some(t(300))));
}

#[test]
fn a_line_that_was_cut_goes_on_and_learns_who_waits() {
    let hall = played(RECONNECT, which());
    assert_eq!((hall.call("90").state(), hall.call("90").answered_at()), (PhoneState::Ended, Some(t(10))));
    let waiting = hall.call("91");
    assert_eq!((waiting.state(), waiting.caller().cloned()), (PhoneState::Missed, Some("13900000002".into())));
    assert_eq!(waiting.rang_at(), Some(t(380)), "it had waited for twenty seconds");
}

#[test]
fn without_the_exchange_s_clock_ours_is_used_and_said() {
    let call = played(NO_TIMESTAMPS, which()).call("18");
    assert_eq!((call.state(), call.answered_at(), call.time_source()), (PhoneState::Ended, Some(t(400)), TimeSource::Received));
}

#[test]
fn nonsense_and_other_queues_are_passed_over() {
    let hall = played(GARBAGE, which());
    assert_eq!((hall.count(), hall.call("30").state()), (1, PhoneState::Missed));
    let every_queue = Which { queues: Vec::new(), ..which() };
    assert_eq!(played(GARBAGE, every_queue).count(), 2);
}

#[test]
fn the_order_of_a_transcript_s_events_changes_no_end() {
    for transcript in [ANSWERED, RING_GROUP] {
        let Some(Turn::Say(text)) = turns(transcript).pop() else { panic!("no events") };
        let mut signals = Vec::new();
        let mut calls = Calls::new(which());
        for packet in Framer::default().push(text.as_bytes()).unwrap().into_iter().flatten() {
            if let Meaning::Signal(signal) = calls.read(&packet, t(400)) {
                signals.push(signal);
            }
        }
        let end = |signals: Vec<&Signal>| {
            let (hall, _told) = Hall::new();
            for signal in signals {
                hall.hear(signal, t(400)).unwrap();
            }
            let telephone = hall.telephone.lock().unwrap();
            let mut calls: Vec<_> =
                telephone.calls().map(|call| (call.call_id.clone(), call.state(), call.answered_at(), call.ended_at())).collect();
            calls.sort();
            calls
        };
        assert_eq!(end(signals.iter().collect()), end(signals.iter().rev().collect()));
    }
}

#[test]
fn what_is_followed_is_bounded() {
    let mut calls = Calls::new(which());
    for n in 0..=FOLLOWED_MAX {
        let join = Packet::of(&format!("Event: QueueCallerJoin\nLinkedid: {n}\nUniqueid: {n}\nQueue: heat\nCallerIDNum: 139{n:08}"));
        assert!(matches!(calls.read(&join, t(0)), Meaning::Signal(_)));
    }
    let hangup = |n: usize| Packet::of(&format!("Event: Hangup\nLinkedid: {n}\nUniqueid: {n}\nCause: 16"));
    assert_eq!(calls.read(&hangup(0), t(0)), Meaning::Nothing("not a call that is followed"));
    assert!(matches!(calls.read(&hangup(1), t(0)), Meaning::Signal(_)));

    let dial = |event: &str, leg: usize, more: &str| {
        Packet::of(&format!(
            "Event: {event}\nLinkedid: x\nUniqueid: x\nChannel: c\nCallerIDNum: 13900000001\nDestUniqueid: leg{leg}\n{more}"
        ))
    };
    for leg in 0..=LEGS_MAX {
        calls.read(&dial("DialBegin", leg, ""), t(0));
    }
    let ends: Vec<_> = (0..=LEGS_MAX).map(|leg| calls.read(&dial("DialEnd", leg, "DialStatus: NOANSWER"), t(0))).collect();
    let missed = ends.iter().filter(|end| matches!(end, Meaning::Signal(signal) if signal.state.word() == "missed")).count();
    assert_eq!(missed, 1, "the last of those that are followed tells it");
}

#[tokio::test]
async fn the_whole_conversation_is_held_over_a_socket() {
    // Join, called, connect, complete, hangup.
    let (hall, recent) = over_the_wire(ANSWERED, 5).await;
    assert_eq!(hall.call("18").state(), PhoneState::Ended);
    let heard = recent.since(t(0));
    assert!(heard.iter().any(|one| one.text.contains("QueueCallerJoin") && one.text.contains("139****0001")));
    assert!(heard.iter().all(|one| !one.text.contains("13900000001")));
}

#[tokio::test]
async fn a_cut_line_is_taken_up_again() {
    // Join, called; then the entry, connect, hangup, abandon, hangup.
    let (hall, recent) = over_the_wire(RECONNECT, 7).await;
    assert_eq!((hall.call("90").state(), hall.call("91").state()), (PhoneState::Ended, PhoneState::Missed));
    let words: Vec<_> = recent.since(t(0)).into_iter().filter(|one| one.made == Made::Line).map(|one| one.text).collect();
    assert!(words.iter().any(|word| word.contains("closed the connection")), "{words:?}");
    assert_eq!(words.iter().filter(|word| *word == "signed in").count(), 2);
}

#[tokio::test]
async fn garbage_does_not_end_the_line() {
    let (hall, recent) = over_the_wire(GARBAGE, 3).await;
    assert_eq!(hall.call("30").state(), PhoneState::Missed);
    assert!(recent.since(t(0)).iter().any(|one| one.made == Made::Ignored("too long, or no packet")));
}

#[tokio::test]
async fn a_hall_that_is_away_gets_every_signal_later() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = options(listener.local_addr().unwrap().to_string(), "geheim", false);
    drop(tokio::spawn(exchange(listener, ABANDONED)));
    let (hall, mut told) = Hall::new();
    *hall.away.lock().unwrap() = 1;
    let line = Ami::start(options, Clock::manual(t(400)), Recent::default(), hall.sink());
    for _ in 0..4 {
        told.recv().await.unwrap();
    }
    line.close();
    assert_eq!(hall.call("30").rang_at(), Some(t(0)), "the first signal was the one that was refused");
}

/// Answers a connection with a few words and tells the line's first complaint.
async fn complaint(transcript: &'static str, plain: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = options(listener.local_addr().unwrap().to_string(), "geheim", plain);
    drop(tokio::spawn(exchange(listener, transcript)));
    let (signals, mut condition) = start(options, Clock::manual(t(0)), Recent::default());
    let told = condition.wait_for(|condition| matches!(condition, Condition::Away(Some(_)))).await.unwrap().clone();
    drop(signals);
    match told {
        Condition::Away(Some(why)) => why,
        Condition::Away(None) | Condition::Listening => panic!("no complaint"),
    }
}

#[tokio::test]
async fn a_refused_sign_in_and_a_stranger_are_told_apart() {
    let refused = "Asterisk Call Manager/13.0.0\n> Action: Login\n> Secret: geheim\nResponse: Error\nMessage: Authentication failed\n\n";
    assert!(complaint(refused, true).await.contains("Authentication failed"));
    assert!(complaint("SSH-2.0-OpenSSH_9.6\n", false).await.contains("manager interface"));
    assert!(complaint("GET / HTTP/1.1\n\n=== cut\n", false).await.contains("manager interface"));
}
