//! Holds the record of a call to its laws: the same in every order, counted once, kept as long as somebody has to care, no longer.

use super::*;
use crate::domain::actor::Caller;
use crate::domain::command::Command;
use crate::domain::event::{EVENT_VERSION, Event, EventBody};
use crate::domain::hall::Hall;
use crate::domain::{apply, decide};
use proptest::prelude::*;

const SOURCE: &str = "pbx";

fn t(s: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_420_800 + s, 0).unwrap()
}

fn signal(call_id: &str, state: SignalState) -> Signal {
    Signal { caller: Some("13900000001".into()), ..Signal::new(SOURCE, call_id, state, Direction::In) }
}

fn timed(call_id: &str, state: SignalState, at: i64) -> Signal {
    Signal { at: Some(t(at)), ..signal(call_id, state) }
}

fn ended(call_id: &str, cause: HangupCause) -> Signal {
    Signal { cause: Some(cause), ..signal(call_id, SignalState::Ended) }
}

/// A telephone with a minting of ids, as the hall has it.
#[derive(Default)]
struct Desk {
    telephone: Telephone,
    rev: u64,
}

impl Desk {
    fn hear(&mut self, signal: &Signal, now: DateTime<Utc>) -> Verdict {
        let verdict = self.telephone.judge(signal, PhoneCallId(self.rev + 1), now).unwrap();
        if let Verdict::News(PhoneChange::Signalled { phone_call, signal }) = &verdict {
            self.rev += 1;
            self.telephone.signalled(*phone_call, signal, now);
            assert!(matches!(self.telephone.judge(signal, PhoneCallId(self.rev + 1), now), Ok(Verdict::Known(_))), "folded, it is no news");
        }
        verdict
    }

    fn all(signals: &[Signal], now: DateTime<Utc>) -> Self {
        let mut desk = Self::default();
        for signal in signals {
            desk.hear(signal, now);
        }
        desk
    }

    fn tasks(&self) -> Vec<CallBack> {
        let tasks: Vec<_> = self.telephone.call_backs(None).collect();
        assert_eq!(tasks.len(), self.telephone.call_back_count());
        tasks
    }

    fn only(&self) -> &PhoneCall {
        assert_eq!(self.telephone.calls().count(), 1);
        self.telephone.calls().next().unwrap()
    }

    fn day(&self) -> Option<CallCounts> {
        self.telephone.counts(t(0), t(86_400))
    }
}

fn any_signal() -> impl Strategy<Value = Signal> {
    let state = prop_oneof![Just(SignalState::Ringing), Just(SignalState::Answered), Just(SignalState::Ended), Just(SignalState::Missed)];
    let cause = prop_oneof![
        Just(None),
        Just(Some(HangupCause::NormalClearing)),
        Just(Some(HangupCause::Cancel)),
        Just(Some(HangupCause::Forwarded)),
        Just(Some(HangupCause::NoAnswer))
    ];
    let text = |list: &'static [&'static str]| proptest::option::of(proptest::sample::select(list));
    let direction = prop_oneof![9 => Just(Direction::In), 1 => Just(Direction::Out)];
    let parts = (state, direction, cause, proptest::option::of(0i64..120));
    let texts = (text(&["13900000001", "+86 139 0000 0001", "0532-5550001"]), text(&["96777"]), text(&["801", "voicemail", "802"]));
    (parts, texts, text(&["heat", "bills"])).prop_map(|((state, direction, cause, at), (caller, callee, agent), queue)| Signal {
        caller: caller.map(Dialled::from),
        callee: callee.map(Dialled::from),
        agent: agent.map(Arc::from),
        queue: queue.map(Arc::from),
        cause,
        at: at.map(t),
        ..Signal::new(SOURCE, "c1", state, direction)
    })
}

proptest! {
    #[test]
    fn the_order_and_number_of_messages_change_nothing(
        (signals, played) in proptest::collection::vec(any_signal(), 1..6).prop_flat_map(|signals| {
            let twice: Vec<_> = signals.iter().chain(&signals).cloned().collect();
            (Just(signals), Just(twice).prop_shuffle())
        })
    ) {
        let now = t(200);
        let (once, shuffled) = (Desk::all(&signals, now), Desk::all(&played, now));
        prop_assert_eq!(once.only(), shuffled.only());
        prop_assert_eq!(once.day(), shuffled.day());
        prop_assert_eq!(once.tasks(), shuffled.tasks());
    }

    #[test]
    fn with_the_exchange_s_times_it_does_not_matter_when_messages_come(
        (signals, shuffled) in proptest::collection::vec((any_signal(), 0i64..120), 1..6)
            .prop_map(|all| all.into_iter().map(|(signal, at)| Signal { at: Some(t(at)), ..signal }).collect::<Vec<_>>())
            .prop_flat_map(|signals| (Just(signals.clone()), Just(signals).prop_shuffle()))
    ) {
        let play = |signals: &[Signal]| {
            let mut desk = Desk::default();
            for (second, signal) in (200..).zip(signals) {
                desk.hear(signal, t(second));
            }
            desk
        };
        let (a, b) = (play(&signals), play(&shuffled));
        prop_assert_eq!(a.only(), b.only());
        prop_assert_eq!(a.day().map(|day| day.total), b.day().map(|day| day.total));
    }

    #[test]
    fn a_saved_telephone_is_the_same_and_its_counts_are_those_of_its_calls(
        calls in proptest::collection::vec((any_signal(), 0u8..6), 0..40)
    ) {
        let mut desk = Desk::default();
        for (signal, call) in &calls {
            desk.hear(&Signal { call_id: call.to_string().into(), ..signal.clone() }, t(200));
        }
        let saved = serde_json::to_string(&desk.telephone).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Telephone>(&saved).unwrap(), &desk.telephone);
        let mut sum = Tally::default();
        desk.telephone.calls().for_each(|call| sum.add(Tally::of(call)));
        prop_assert_eq!(desk.day().map_or(Tally::default(), |day| day.total), sum);
        prop_assert!(sum.offered >= sum.answered + sum.missed + sum.forwarded + sum.lost);
    }
}

#[test]
fn a_call_is_rung_answered_and_ended() {
    let mut desk = Desk::default();
    let answer = Signal { agent: Some("801".into()), ..timed("c1", SignalState::Answered, 12) };
    for (signal, state) in [
        (timed("c1", SignalState::Ringing, 0), PhoneState::Ringing),
        (answer, PhoneState::Answered),
        (Signal { at: Some(t(60)), ..ended("c1", HangupCause::NormalClearing) }, PhoneState::Ended),
    ] {
        desk.hear(&signal, t(61));
        assert_eq!(desk.only().state(), state);
    }
    let call = desk.only();
    assert_eq!((call.rang_at(), call.answered_at(), call.ended_at()), (Some(t(0)), Some(t(12)), Some(t(60))));
    assert_eq!((call.agent(), call.time_source()), (Some("801"), TimeSource::Exchange));
    let total = desk.day().unwrap().total;
    assert_eq!((total.offered, total.answered, total.answered_within_15s, total.missed), (1, 1, 1, 0));
    assert!(desk.tasks().is_empty());
}

#[test]
fn missed_is_what_the_exchange_s_own_rule_says() {
    let missed = |signals: &[Signal]| Desk::all(signals, t(9)).only().state() == PhoneState::Missed;
    let ring = signal("c1", SignalState::Ringing);
    let answer = |agent: &str| Signal { agent: Some(agent.into()), ..signal("c1", SignalState::Answered) };
    assert!(missed(&[ring.clone(), ended("c1", HangupCause::Cancel)]));
    assert!(missed(&[ring.clone(), ended("c1", HangupCause::NormalClearing)]));
    assert!(missed(&[ring.clone(), answer("Voicemail"), ended("c1", HangupCause::NormalClearing)]));
    assert!(missed(&[ring.clone(), answer("voicemail"), ended("c1", HangupCause::Forwarded)]));
    assert!(!missed(&[ring.clone(), ended("c1", HangupCause::Forwarded)]));
    assert!(!missed(&[ring.clone(), answer("801"), ended("c1", HangupCause::NormalClearing)]));
    let out = |signal: Signal| Signal { direction: Direction::Out, ..signal };
    assert!(!missed(&[out(ring), out(ended("c1", HangupCause::NoAnswer))]));
}

#[test]
fn an_answer_after_the_end_is_recorded_and_changes_no_state() {
    let late =
        Desk::all(&[signal("c1", SignalState::Ringing), ended("c1", HangupCause::Cancel), signal("c1", SignalState::Answered)], t(9));
    assert_eq!(late.only().state(), PhoneState::Missed);
    assert_eq!((late.only().answered_at(), late.only().late_answer_at()), (None, Some(t(9))));
    let by_clock = [
        timed("c1", SignalState::Ringing, 0),
        Signal { at: Some(t(5)), ..ended("c1", HangupCause::NormalClearing) },
        timed("c1", SignalState::Answered, 6),
    ];
    assert_eq!(Desk::all(&by_clock, t(9)).only().state(), PhoneState::Missed);
    // The message was late, the answer was not.
    let overtaken = [ended("c1", HangupCause::NormalClearing), signal("c1", SignalState::Answered), signal("c1", SignalState::Ringing)];
    assert_eq!(Desk::all(&overtaken, t(9)).only().state(), PhoneState::Ended);
}

#[test]
fn in_a_ring_group_one_answer_outweighs_what_the_others_missed() {
    let leg = |cause| Signal { cause: Some(cause), ..signal("c1", SignalState::Missed) };
    let mut desk = Desk::all(&[signal("c1", SignalState::Ringing), leg(HangupCause::NoAnswer)], t(0));
    assert_eq!(desk.only().state(), PhoneState::Missed);
    desk.hear(&signal("c1", SignalState::Answered), t(5));
    desk.hear(&leg(HangupCause::Cancel), t(5));
    assert_eq!((desk.only().state(), desk.only().cause()), (PhoneState::Answered, None));
    desk.hear(&signal("c1", SignalState::Ended), t(50));
    assert_eq!((desk.only().state(), desk.only().cause()), (PhoneState::Ended, None));
    assert_eq!(desk.day().unwrap().total.missed, 0);
}

#[test]
fn a_caller_who_was_missed_is_one_task_until_somebody_talks_to_them() {
    let miss = |id: &str, caller: &str, at| Signal { caller: Some(caller.into()), ..timed(id, SignalState::Missed, at) };
    let mut desk = Desk::default();
    for one in [miss("a", "13900000002", 10), miss("b", "13900000001", 20), miss("c", "+86 139-0000-0002", 30), miss("d", "anonymous", 31)]
    {
        desk.hear(&one, t(40));
    }
    let number = |task: &CallBack| task.caller.as_ref().map(|caller| caller.as_str().to_owned());
    let tasks = desk.tasks();
    let seen: Vec<_> = tasks.iter().map(|task| (number(task), task.count, task.first_at)).collect();
    let told = |number: &str| Some(number.to_owned());
    assert_eq!(seen, [(told("+86 139-0000-0002"), 2, t(10)), (told("13900000001"), 1, t(20)), (None, 1, t(31))]);

    let back =
        Signal { callee: Some("013900000002".into()), caller: None, direction: Direction::Out, ..timed("e", SignalState::Ringing, 50) };
    desk.hear(&back, t(60));
    assert_eq!(desk.tasks().len(), 3, "it only rings");
    desk.hear(&Signal { state: SignalState::Answered, at: Some(t(55)), ..back }, t(60));
    let tasks = desk.tasks();
    assert_eq!(tasks.iter().map(number).collect::<Vec<_>>(), [told("13900000001"), None]);

    let id = tasks.first().unwrap().last_call;
    let change = desk.telephone.judge_handled(id, Some(HotlineCallId(7))).unwrap();
    assert_eq!(change, Some(PhoneChange::Handled { phone_call: id, hotline_call: Some(HotlineCallId(7)) }));
    desk.telephone.handled(id, Some(HotlineCallId(7)), t(70));
    assert_eq!(desk.tasks().iter().map(number).collect::<Vec<_>>(), [None]);
    assert_eq!(desk.telephone.judge_handled(id, None), Ok(None));
    assert_eq!(desk.telephone.judge_handled(PhoneCallId(99), None), Err(NotHandled::Unknown));
    assert_eq!(desk.telephone.call(id).map(PhoneCall::state), Some(PhoneState::Handled));
    assert_eq!(desk.day().unwrap().total.missed, 4, "what was missed stays counted");

    desk.hear(&miss("f", "13900000002", 80), t(90));
    assert_eq!(desk.tasks().last().map(|task| (number(task), task.count)), Some((told("13900000002"), 1)), "a new miss is a new task");
}

#[test]
fn without_an_exchange_there_is_no_number() {
    assert_eq!(Desk::default().day(), None);
    let mut desk = Desk::default();
    desk.hear(&Signal { direction: Direction::Out, ..signal("c1", SignalState::Ringing) }, t(0));
    assert_eq!(desk.day(), None, "our own calls say nothing of how customers fare");
    desk.hear(&timed("c2", SignalState::Missed, 7_200), t(7_200));
    let day = desk.day().unwrap();
    assert_eq!(day.by_hour, [(t(7_200), Tally { offered: 1, missed: 1, ..Tally::default() })]);
    assert_eq!(desk.telephone.counts(t(86_400), t(2 * 86_400)), None);
}

#[test]
fn a_call_without_an_end_is_given_up_as_lost_and_its_end_is_still_heard() {
    let mut desk = Desk::all(&[signal("c1", SignalState::Ringing)], t(0));
    desk.telephone.sweep(t(ORPHAN_H * 3_600));
    assert_eq!(desk.only().state(), PhoneState::Ringing);
    desk.telephone.sweep(t(ORPHAN_H * 3_600 + 61));
    assert_eq!((desk.only().state(), desk.only().cause()), (PhoneState::Missed, Some(HangupCause::Lost)));
    assert_eq!(desk.telephone.live().count(), 0);
    let total = desk.day().unwrap().total;
    assert_eq!((total.lost, total.missed, total.answered), (1, 0, 0), "nobody knows, so it counts as neither");
    desk.hear(&ended("c1", HangupCause::Forwarded), t(ORPHAN_H * 3_600 + 90));
    assert_eq!((desk.only().state(), desk.only().cause()), (PhoneState::Ended, Some(HangupCause::Forwarded)));
}

#[test]
fn finished_calls_are_forgotten_after_a_day_and_missed_ones_when_somebody_saw_to_them() {
    let mut desk = Desk::default();
    desk.hear(&timed("answered", SignalState::Answered, 0), t(0));
    desk.hear(&ended("answered", HangupCause::NormalClearing), t(60));
    desk.hear(&Signal { caller: Some("0532-5550001".into()), ..timed("missed", SignalState::Missed, 0) }, t(60));
    let names = |desk: &Desk| desk.telephone.calls().map(|call| call.call_id.to_string()).collect::<Vec<_>>();
    desk.telephone.sweep(t(FINISHED_KEPT_H * 3_600));
    assert_eq!(names(&desk), ["answered", "missed"]);
    desk.telephone.sweep(t(FINISHED_KEPT_H * 3_600 + 61));
    assert_eq!(names(&desk), ["missed"]);
    let late = t(MISSED_KEPT_D * 86_400 + 61);
    desk.telephone.sweep(late - TimeDelta::seconds(2));
    assert_eq!((desk.tasks().len(), desk.telephone.overdue(late - TimeDelta::seconds(2)).count()), (1, 0));
    let id = desk.tasks()[0].last_call;
    assert_eq!(desk.telephone.overdue(late).collect::<Vec<_>>(), [id]);
    desk.telephone.sweep(late);
    assert_eq!(names(&desk), ["missed"], "only the hall says that a call lapses");
    desk.telephone.lapsed(id, late);
    assert!(names(&desk).is_empty() && desk.tasks().is_empty());
    assert_eq!(desk.day(), None, "counts are kept for two days");
}

#[test]
fn a_message_that_comes_again_after_its_call_was_forgotten_is_no_new_call() {
    let mut desk = Desk::default();
    desk.hear(&signal("c1", SignalState::Ringing), t(0));
    desk.hear(&signal("c1", SignalState::Answered), t(5));
    desk.hear(&ended("c1", HangupCause::NormalClearing), t(60));
    let id = desk.only().id;
    let forgotten = FINISHED_KEPT_H * 3_600 + 61;
    desk.telephone.sweep(t(forgotten));
    assert_eq!(desk.telephone.calls().count(), 0);
    let mut again = Desk { telephone: serde_json::from_str(&serde_json::to_string(&desk.telephone).unwrap()).unwrap(), rev: desk.rev };
    for desk in [&mut desk, &mut again] {
        for late in [ended("c1", HangupCause::NormalClearing), signal("c1", SignalState::Answered), signal("c1", SignalState::Missed)] {
            assert_eq!(desk.hear(&late, t(forgotten + 1)), Verdict::Known(id));
        }
        assert!(desk.tasks().is_empty());
        // Some exchanges begin to count again: not for ever does an id stand for one call.
        desk.telephone.sweep(t(forgotten + FORGOTTEN_KEPT_H * 3_600 + 61));
        assert!(matches!(desk.hear(&signal("c1", SignalState::Ringing), t(forgotten * 3)), Verdict::News(_)));
    }
}

/// A desk that has as many calls as it can remember, each missed, from numbers of their own.
fn full_of_missed() -> Desk {
    let mut desk = Desk::default();
    for n in 0..CALLS_MAX {
        let caller = Dialled::from(&*format!("138{n:08}"));
        desk.rev += 1;
        let missed = Signal { caller: Some(caller), ..signal(&format!("m{n}"), SignalState::Missed) };
        desk.telephone.signalled(PhoneCallId(desk.rev), &missed, t(1));
    }
    desk
}

#[test]
fn at_most_so_many_calls_are_remembered_and_no_missed_one_goes_in_silence() {
    let mut desk = full_of_missed();
    assert_eq!((desk.telephone.calls().count(), desk.tasks().len()), (CALLS_MAX, CALLS_MAX));
    let oldest = desk.telephone.calls().next().unwrap().id;
    assert_eq!(desk.telephone.crowded_out(), Some(oldest));
    desk.telephone.lapsed(oldest, t(2));
    // Whoever is done with makes room first.
    desk.hear(&Signal { direction: Direction::Out, ..signal("o1", SignalState::Ended) }, t(3));
    assert_eq!((desk.telephone.calls().count(), desk.telephone.crowded_out()), (CALLS_MAX, None));
    desk.hear(&Signal { direction: Direction::Out, ..signal("o2", SignalState::Ended) }, t(4));
    assert_eq!(desk.telephone.calls().count(), CALLS_MAX);
    assert_eq!(desk.telephone.calls().last().map(|call| &*call.call_id), Some("o2"));
    assert_eq!(desk.tasks().len(), CALLS_MAX - 1);
    // A first cold day is saved in some megabytes.
    let saved = serde_json::to_string(&desk.telephone).unwrap().len();
    assert!(saved < 300 * CALLS_MAX, "{saved}");
}

#[test]
fn where_too_many_wait_the_hall_says_which_call_lapses() {
    let telephone = full_of_missed().telephone;
    let oldest = telephone.calls().next().unwrap().id;
    let mut hall = Hall { rev: 2 * u64::try_from(CALLS_MAX).unwrap(), ..Hall::default() };
    hall.hotline.telephone = telephone;
    let command = |id: &str| Command::PhoneSignal(Box::new(signal(id, SignalState::Ringing)));
    let told = decide(&hall, &command("new"), &Caller::hall(), t(2)).unwrap();
    assert_eq!(told.iter().map(EventBody::kind).collect::<Vec<_>>(), ["phone_call.lapsed", "phone_call.signalled"]);
    for body in told {
        let event = Event { rev: hall.rev + 1, v: EVENT_VERSION, at: t(2), by: Caller::hall().actor, key: None, body };
        apply(&mut hall, &event);
    }
    let telephone = &hall.hotline.telephone;
    assert_eq!((telephone.calls().count(), telephone.call(oldest).is_none(), hall.hotline.today.lapsed), (CALLS_MAX, true, 1));
    // More of a call that is known crowds nobody out.
    let known = decide(&hall, &Command::PhoneSignal(Box::new(ended("new", HangupCause::Cancel))), &Caller::hall(), t(3)).unwrap();
    assert_eq!(known.len(), 1);
    assert!(decide(&hall, &command("m0"), &Caller::hall(), t(3)).unwrap().is_empty(), "its id is known still");
}

#[test]
fn a_call_of_which_everything_was_told_is_saved_small() {
    let full = |signal: Signal| Signal {
        callee: Some("96777".into()),
        agent: Some("801".into()),
        agent_name: Some("王芳".into()),
        queue: Some("heat".into()),
        ..signal
    };
    let mut desk = Desk::default();
    let id = "307fa962-de8d-4ffc-817b-7f6993204159";
    for (state, at) in [(SignalState::Ringing, 0), (SignalState::Answered, 9), (SignalState::Ended, 60)] {
        desk.hear(&full(Signal { cause: Some(HangupCause::NormalClearing), ..timed(id, state, at) }), t(60));
    }
    let bytes = serde_json::to_string(desk.only()).unwrap().len();
    assert!(bytes < 900, "{bytes}");
}

#[test]
fn names_of_forgotten_calls_are_bounded() {
    let mut desk = Desk::default();
    for n in 0..=CALLS_MAX + FORGOTTEN_MAX {
        desk.rev += 1;
        let done = Signal { direction: Direction::Out, ..signal(&n.to_string(), SignalState::Ended) };
        desk.telephone.signalled(PhoneCallId(desk.rev), &done, t(1));
    }
    assert_eq!((desk.telephone.calls().count(), desk.telephone.forgotten.len()), (CALLS_MAX, FORGOTTEN_MAX));
    assert_eq!(desk.telephone.by_name.len(), CALLS_MAX + FORGOTTEN_MAX);
}

#[test]
fn a_missed_call_that_was_settled_does_not_come_back_when_the_call_that_settled_it_is_forgotten() {
    let mut desk = Desk::default();
    // Rung first, answered after the other was missed: forgotten before it.
    desk.hear(&timed("talk", SignalState::Ringing, 0), t(0));
    desk.hear(&timed("missed", SignalState::Missed, 30), t(30));
    desk.hear(&timed("talk", SignalState::Answered, 40), t(40));
    desk.hear(&Signal { at: Some(t(60)), ..ended("talk", HangupCause::NormalClearing) }, t(60));
    assert!(desk.tasks().is_empty());
    desk.telephone.sweep(t(FINISHED_KEPT_H * 3_600 + 1));
    desk.telephone.sweep(t(FINISHED_KEPT_H * 3_600 + 15));
    assert!(desk.tasks().is_empty());
    assert_eq!(desk.telephone.calls().count(), 0);
}

#[test]
fn what_is_done_before_a_call_is_over_does_not_settle_it() {
    let mut desk = Desk::all(&[signal("c1", SignalState::Ringing)], t(0));
    let id = desk.only().id;
    assert_eq!(desk.telephone.judge_handled(id, None), Err(NotHandled::State(PhoneState::Ringing)));
    desk.telephone.handled(id, Some(HotlineCallId(7)), t(1));
    desk.hear(&ended("c1", HangupCause::Cancel), t(5));
    assert_eq!((desk.only().state(), desk.only().hotline_call(), desk.tasks().len()), (PhoneState::Missed, Some(HotlineCallId(7)), 1));
    desk.telephone.handled(id, None, t(9));
    assert_eq!((desk.only().state(), desk.tasks().len()), (PhoneState::Handled, 0));
    // Without any end, a record says that somebody had the caller.
    let mut lost = Desk::all(&[signal("c1", SignalState::Ringing)], t(0));
    lost.telephone.handled(id, Some(HotlineCallId(7)), t(1));
    lost.telephone.sweep(t(ORPHAN_H * 3_600 + 61));
    assert_eq!((lost.only().state(), lost.tasks().len()), (PhoneState::Handled, 0));
    let answered = Desk::all(&[signal("c1", SignalState::Answered)], t(0));
    assert_eq!(answered.telephone.judge_handled(id, None), Err(NotHandled::State(PhoneState::Answered)));
}

#[test]
fn callers_without_a_number_are_one_task_that_only_a_word_settles() {
    let withheld = |id: &str, state, at| Signal { caller: None, ..timed(id, state, at) };
    let mut desk = Desk::default();
    for (id, at) in [("a", 10), ("b", 20)] {
        desk.hear(&withheld(id, SignalState::Missed, at), t(40));
    }
    desk.hear(&withheld("c", SignalState::Answered, 50), t(50));
    let tasks = desk.tasks();
    assert_eq!(tasks.iter().map(|task| (task.number.is_none(), task.count, task.first_at)).collect::<Vec<_>>(), [(true, 2, t(10))]);
    desk.telephone.handled(tasks[0].last_call, None, t(60));
    assert!(desk.tasks().is_empty(), "the last settles all");
}

#[test]
fn a_caller_who_was_turned_away_is_recorded_and_nobody_s_task() {
    let blocked = |state| Signal { rejected: true, ..signal("c1", state) };
    let mut desk = Desk::all(&[blocked(SignalState::Ringing)], t(0));
    assert_eq!(
        (desk.only().state(), desk.only().cause(), desk.telephone.live().count()),
        (PhoneState::Ended, Some(HangupCause::Rejected), 0)
    );
    assert_eq!(desk.only().ended_at(), Some(t(0)));
    desk.hear(&Signal { cause: Some(HangupCause::Busy), ..blocked(SignalState::Ended) }, t(1));
    assert_eq!((desk.only().cause(), desk.tasks().len(), desk.day()), (Some(HangupCause::Rejected), 0, None));
    // An exchange that puts it through all the same is believed.
    desk.hear(&signal("c1", SignalState::Answered), t(1));
    assert_eq!(desk.day().map(|day| day.total.offered), Some(1));
}

#[test]
fn an_exchange_s_clock_is_believed_within_reason() {
    let mut desk = Desk::default();
    assert_eq!(desk.hear(&timed("old", SignalState::Missed, 0), t(SIGNAL_AGE_H_MAX * 3_600 + 1)), Verdict::TooOld);
    desk.hear(&timed("c1", SignalState::Ringing, CLOCK_AHEAD_MIN_MAX * 60 + 1), t(0));
    assert_eq!((desk.only().rang_at(), desk.only().time_source()), (Some(t(0)), TimeSource::Received));
    desk.hear(&timed("c1", SignalState::Answered, 4), t(4));
    assert_eq!(desk.only().waited(), None, "two clocks measure no wait");
}

#[test]
fn a_signal_out_of_bounds_is_refused_by_name() {
    let good = signal("c1", SignalState::Ringing);
    assert_eq!(good.check(), Ok(()));
    let long = |n: usize| -> Arc<str> { "供".repeat(n).into() };
    let refused = |signal: Signal| signal.check().unwrap_err().field;
    assert_eq!(Signal { call_id: long(CALL_ID_CHARS_MAX), ..good.clone() }.check(), Ok(()));
    assert_eq!(refused(Signal { call_id: long(CALL_ID_CHARS_MAX + 1), ..good.clone() }), "call_id");
    assert_eq!(refused(Signal { call_id: "".into(), ..good.clone() }), "call_id");
    assert_eq!(refused(Signal { call_id: "a\u{202E}b".into(), ..good.clone() }), "call_id");
    assert_eq!(refused(Signal { source: "a:b".into(), ..good.clone() }), "source");
    assert_eq!(refused(Signal { source: "a".repeat(SOURCE_CHARS_MAX + 1).into(), ..good.clone() }), "source");
    assert_eq!(refused(Signal { caller: Some(long(PARTY_CHARS_MAX + 1).into()), ..good.clone() }), "caller");
    assert_eq!(refused(Signal { agent_name: Some(long(AGENT_NAME_CHARS_MAX + 1)), ..good.clone() }), "agent_name");
    assert_eq!(refused(Signal { queue: Some("".into()), ..good.clone() }), "queue");
    assert_eq!(refused(Signal { cause: Some(HangupCause::Lost), ..good }), "cause");
    assert_eq!(tidy(" a\u{0}\u{202E}b供热 ", 3).as_deref(), Some("ab供"));
    assert_eq!(tidy(" \n ", 9), None);
}

#[test]
fn numbers_are_compared_in_one_form_and_no_log_tells_them() {
    for spelled in ["13900000001", "+86 139 0000 0001", "0086-13900000001", "013900000001"] {
        assert_eq!(number_key(spelled), Some("13900000001".into()), "{spelled}");
    }
    assert_eq!(number_key("anonymous"), None);
    let told = format!("{:?}", Desk::all(&[signal("c1", SignalState::Ringing)], t(0)).telephone)
        + &format!("{:?}", signal("c1", SignalState::Ended));
    assert!(told.contains("139****0001") && !told.contains("13900000001"), "{told}");
}

#[test]
fn everybody_who_answered_a_transferred_call_is_remembered_up_to_a_limit() {
    let answer = |agent: &str| Signal { agent: Some(Arc::from(agent)), ..signal("c1", SignalState::Answered) };
    let desk = Desk::all(&[signal("c1", SignalState::Ringing), answer("802"), answer("voicemail"), answer("801"), answer("802")], t(10));
    assert_eq!(desk.only().answerers().collect::<Vec<_>>(), ["801", "802"]);
    let many: Vec<_> = (100..=100 + ANSWERERS_MAX).map(|n| answer(&n.to_string())).collect();
    let backwards: Vec<_> = many.iter().rev().cloned().collect();
    let (a, b) = (Desk::all(&many, t(10)), Desk::all(&backwards, t(10)));
    assert_eq!(a.only().answerers().count(), ANSWERERS_MAX);
    assert_eq!(a.only(), b.only());
}

#[test]
fn a_local_number_gets_the_town_s_area_code_and_others_stay() {
    let area = "0532".parse().unwrap();
    let full = |raw: &str| Dialled::from(raw).with_area(&area).map(|number| number.as_str().to_owned());
    assert_eq!(full("8888 6666").as_deref(), Some("053288886666"));
    for raw in ["053288886666", "13900000001", "96777", "801", "anonymous", "010-88886666"] {
        assert_eq!(full(raw), None, "{raw}");
    }
}
