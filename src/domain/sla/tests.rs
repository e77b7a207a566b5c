//! What the clocks promise, by example and over random calendars with breaks, holidays, make-up days and clocks that jump.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;
use crate::domain::calendar::tests::{calendars, hall, instants, utc};

const HOUR_MS: i64 = 3_600_000;

fn any_time() -> Calendar {
    Calendar::round_the_clock(chrono_tz::Asia::Shanghai)
}

/// The marks that a clock tells by itself when nobody touches it, each told at its instant.
fn tell_all(mut clock: Clock) -> Vec<(DateTime<Utc>, Mark)> {
    std::iter::from_fn(|| {
        let (at, mark) = clock.next_mark()?;
        assert!(clock.mark(mark, at), "told once");
        Some((at, mark))
    })
    .collect()
}

#[test]
fn words_are_the_wire() {
    for kind in ClockKind::ALL {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.word()));
    }
    assert_eq!(serde_json::to_string(&Mark::Warn80).unwrap(), "\"warn80\"");
}

#[test]
fn thirty_minutes_by_day_and_night() {
    let cal = any_time();
    let clock = Clock::start(Pace::Natural, HOUR_MS / 2, utc("2026-11-15T23:50:00Z"), &cal);
    assert_eq!(
        tell_all(clock),
        [
            (utc("2026-11-16T00:05:00Z"), Mark::Warn50),
            (utc("2026-11-16T00:14:00Z"), Mark::Warn80),
            (utc("2026-11-16T00:20:00Z"), Mark::Breach),
        ]
    );
    assert_eq!(clock.state(utc("2026-11-16T00:19:59.999Z")), ClockState::Running);
    assert_eq!(clock.state(utc("2026-11-16T00:20:00Z")), ClockState::Breached);
}

#[test]
fn working_time_leaves_out_lunch_and_sunday() {
    let cal = hall();
    // Friday 16:30 in Shanghai, an hour before closing; Saturday is open from nine to noon, Sunday closed.
    let clock = Clock::start(Pace::Working, 5 * HOUR_MS, utc("2026-11-27T08:30:00Z"), &cal);
    assert_eq!(
        tell_all(clock),
        [
            (utc("2026-11-28T02:30:00Z"), Mark::Warn50),
            (utc("2026-11-28T04:00:00Z"), Mark::Warn80),
            (utc("2026-11-30T01:30:00Z"), Mark::Breach),
        ]
    );
}

#[test]
fn a_pause_takes_the_due_and_the_marks_away_and_brings_them_back_later() {
    let cal = any_time();
    let mut clock = Clock::start(Pace::Natural, 10 * HOUR_MS, utc("2026-11-16T00:00:00Z"), &cal);
    clock.pause(utc("2026-11-16T06:00:00Z"), &cal);
    assert_eq!(clock.due, None);
    assert_eq!(clock.state(utc("2027-01-01T00:00:00Z")), ClockState::Paused);
    assert_eq!(clock.next_mark(), Some((utc("2026-11-16T05:00:00Z"), Mark::Warn50)), "what has passed untold is still told");
    assert!(clock.mark(Mark::Warn50, utc("2026-11-16T06:00:00Z")));
    assert_eq!(clock.next_mark(), None);
    clock.resume(utc("2026-11-18T00:00:00Z"), &cal);
    assert_eq!(clock.due, Some(utc("2026-11-18T04:00:00Z")));
    assert_eq!(clock.next_mark(), Some((utc("2026-11-18T02:00:00Z"), Mark::Warn80)));
    assert_eq!(clock.paused_ms_total, 42 * HOUR_MS);
}

#[test]
fn one_that_is_late_stays_late_by_as_much_through_a_pause() {
    for pace in [Pace::Natural, Pace::Working] {
        let cal = hall();
        let mut clock = Clock::start(pace, HOUR_MS, utc("2026-11-23T01:00:00Z"), &cal);
        assert_eq!(clock.come(utc("2026-11-23T03:00:00Z")), Some((utc("2026-11-23T02:00:00Z"), Mark::Breach)), "not the warnings");
        clock.mark(Mark::Breach, utc("2026-11-23T02:00:00Z"));
        assert_eq!(clock.next_mark(), None);
        clock.pause(utc("2026-11-23T03:00:00Z"), &cal);
        assert_eq!(clock.remaining_ms, -HOUR_MS);
        clock.resume(utc("2026-11-24T01:00:00Z"), &cal);
        assert_eq!(clock.due, Some(utc("2026-11-23T02:00:00Z")), "when it ran out");
        assert_eq!((clock.next_mark(), clock.state(utc("2026-11-24T01:00:00Z"))), (None, ClockState::Breached));
        assert_eq!(clock.left_ms(utc("2026-11-24T01:30:00Z"), &cal), -HOUR_MS - HOUR_MS / 2);
    }
}

#[test]
fn a_breach_that_nobody_told_survives_a_pause() {
    let cal = any_time();
    let mut clock = Clock::start(Pace::Natural, HOUR_MS, utc("2026-11-23T01:00:00Z"), &cal);
    clock.pause(utc("2026-11-23T03:00:00Z"), &cal);
    assert_eq!(clock.come(utc("2026-11-23T03:00:00Z")), Some((utc("2026-11-23T02:00:00Z"), Mark::Breach)));
    clock.resume(utc("2026-11-23T05:00:00Z"), &cal);
    assert_eq!(clock.come(utc("2026-11-23T05:00:00Z")), Some((utc("2026-11-23T02:00:00Z"), Mark::Breach)));
    clock.finish(utc("2026-11-23T06:00:00Z"), &cal);
    assert_eq!((clock.breached_at, clock.next_mark()), (Some(utc("2026-11-23T02:00:00Z")), None));
    assert!(!clock.mark(Mark::Breach, utc("2026-11-23T06:00:00Z")), "done is done");
}

#[test]
fn in_time_until_the_last_millisecond() {
    let cal = any_time();
    let started = Clock::start(Pace::Natural, HOUR_MS, utc("2026-11-23T01:00:00Z"), &cal);
    for (end, late) in [("2026-11-23T01:59:59.999Z", false), ("2026-11-23T02:00:00Z", true)] {
        let mut clock = started;
        clock.finish(utc(end), &cal);
        assert_eq!((clock.was_late(), clock.state(utc(end))), (late, ClockState::Done), "{end}");
        assert_eq!(clock.due, started.due, "a done clock shows the due it had");
    }
}

#[test]
fn an_extension_moves_the_due_and_arms_the_marks_ahead() {
    let cal = any_time();
    let start = utc("2026-11-23T00:00:00Z");
    let mut clock = Clock::start(Pace::Natural, 10 * HOUR_MS, start, &cal);
    clock.mark(Mark::Warn50, utc("2026-11-23T05:00:00Z"));
    clock.mark(Mark::Warn80, utc("2026-11-23T08:00:00Z"));
    let now = utc("2026-11-23T09:00:00Z");
    for not_later in ["2026-11-23T10:00:00Z", "2026-11-23T09:30:00Z", "2026-11-23T08:00:00Z"] {
        assert!(!clock.extend_to(utc(not_later), now, &cal), "{not_later}");
    }
    let mut longer = clock;
    assert!(longer.extend_to(utc("2026-11-23T16:00:00Z"), now, &cal));
    assert_eq!((longer.total_ms, longer.warned), (16 * HOUR_MS, 50), "nine hours of sixteen are more than half");
    assert_eq!(tell_all(longer), [(start + TimeDelta::minutes(768), Mark::Warn80), (utc("2026-11-23T16:00:00Z"), Mark::Breach)]);
    let mut much_longer = clock;
    assert!(much_longer.extend_to(utc("2026-11-25T00:00:00Z"), now, &cal));
    assert_eq!((much_longer.warned, much_longer.next_mark()), (0, Some((utc("2026-11-24T00:00:00Z"), Mark::Warn50))));
    let mut late = clock;
    late.mark(Mark::Breach, utc("2026-11-23T10:00:00Z"));
    assert!(late.extend_to(utc("2026-11-23T16:00:00Z"), utc("2026-11-23T12:00:00Z"), &cal));
    assert_eq!(late.breached_at, Some(utc("2026-11-23T10:00:00Z")), "an extension does not undo a breach");
    assert_eq!(late.state(utc("2026-11-23T12:00:00Z")), ClockState::Running);
    assert_eq!(late.next_mark(), Some((utc("2026-11-23T12:48:00Z"), Mark::Warn80)));
}

#[test]
fn an_extension_into_a_day_off_is_kept_exactly() {
    let cal = hall();
    // Saturday 11:00 in Shanghai, an hour before closing, with half an hour left; granted until Sunday noon.
    let mut clock = Clock::start(Pace::Working, HOUR_MS / 2, utc("2026-11-28T03:00:00Z"), &cal);
    let sunday_noon = utc("2026-11-29T04:00:00Z");
    assert!(clock.extend_to(sunday_noon, utc("2026-11-28T03:00:00Z"), &cal));
    assert_eq!((clock.due, clock.total_ms), (Some(sunday_noon), HOUR_MS));
    assert_eq!(tell_all(clock).last(), Some(&(sunday_noon, Mark::Breach)));
}

#[test]
fn a_calendar_that_never_opens_lets_nothing_come_due() {
    let mut cal = hall();
    cal.week = crate::domain::calendar::Week::default();
    cal.special.clear();
    let now = utc("2026-11-23T01:00:00Z");
    let mut clock = Clock::start(Pace::Working, HOUR_MS, now, &cal);
    assert_eq!((clock.due, clock.next_mark(), clock.state(now)), (None, None, ClockState::Running));
    clock.recalendar(utc("2026-11-23T02:00:00Z"), &cal, &hall());
    assert_eq!(clock.due, Some(utc("2026-11-23T03:00:00Z")), "until it has hours again");
}

#[test]
fn nothing_to_use_is_used_at_once() {
    let (cal, now) = (any_time(), utc("2026-11-23T01:00:00.000900Z"));
    let clock = Clock::start(Pace::Natural, -5, now, &cal);
    assert_eq!((clock.total_ms, clock.due), (0, Some(utc("2026-11-23T01:00:00Z"))));
    assert_eq!(clock.come(now), Some((utc("2026-11-23T01:00:00Z"), Mark::Breach)));
}

/// A hall holds 20,000 orders of six clocks, in two copies: 32 MB at this size, in bytes.
#[test]
fn a_clock_is_small() {
    const CLOCK_BYTES_MAX: usize = 136;
    assert!(size_of::<Clock>() <= CLOCK_BYTES_MAX, "{}", size_of::<Clock>());
    assert_eq!(size_of::<Option<Clock>>(), size_of::<Clock>());
}

/// Something that happens to a clock, and how long after the thing before, in milliseconds.
#[derive(Debug, Clone)]
enum Step {
    Pause,
    Resume,
    /// Everything that has come is told.
    Tell,
    ExtendBy(i64),
    Recalendar,
}

fn steps() -> impl Strategy<Value = Vec<(i64, Step)>> {
    let step = prop_oneof![
        3 => Just(Step::Pause),
        3 => Just(Step::Resume),
        2 => Just(Step::Tell),
        1 => (0_i64..200_000_000).prop_map(Step::ExtendBy),
        1 => Just(Step::Recalendar),
    ];
    prop::collection::vec((prop_oneof![0_i64..4, 0_i64..100_000_000], step), 0..12)
}

fn paces() -> impl Strategy<Value = Pace> {
    prop_oneof![Just(Pace::Natural), Just(Pace::Working)]
}

fn after(t: DateTime<Utc>, ms: i64) -> DateTime<Utc> {
    t + TimeDelta::milliseconds(ms)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_time_until_the_due_is_the_time_given(pace in paces(), cal in calendars(), t in instants(), total in 0_i64..300_000_000) {
        let clock = Clock::start(pace, total, t, &cal);
        if let Some(due) = clock.due {
            prop_assert_eq!(pace.between(t, due, &cal), total);
            prop_assert_eq!(clock.left_ms(due, &cal), 0);
        }
    }

    #[test]
    fn marks_come_in_order_and_never_early(pace in paces(), cal in calendars(), t in instants(), total in 1_i64..300_000_000) {
        let clock = Clock::start(pace, total, t, &cal);
        let told = tell_all(clock);
        prop_assert!(told.is_sorted());
        prop_assert_eq!(told.len(), if clock.due.is_some() { 3 } else { told.len() });
        for (at, mark) in told {
            let share = |at| clock.used_ms(at, &cal) * 100 >= total * i64::from(mark.percent());
            prop_assert!(share(at), "{mark:?} is not told early");
            prop_assert!(!share(at - TimeDelta::milliseconds(1)), "{mark:?} is told at the first such instant");
            if mark == Mark::Breach {
                prop_assert_eq!(Some(at), clock.due);
            }
        }
    }

    #[test]
    fn pauses_at_any_instants_change_nothing_of_what_is_left(
        pace in paces(), cal in calendars(), t in instants(), total in 0_i64..300_000_000,
        gaps in prop::collection::vec(prop_oneof![0_i64..4, 0_i64..200_000_000], 0..9),
    ) {
        let (mut clock, mut now, mut ran, mut stood) = (Clock::start(pace, total, t, &cal), t, 0, 0);
        for (index, gap) in gaps.into_iter().enumerate() {
            let next = after(now, gap);
            if index % 2 == 0 {
                ran += pace.between(now, next, &cal);
                clock.pause(next, &cal);
            } else {
                stood += gap;
                clock.resume(next, &cal);
            }
            now = next;
            prop_assert_eq!(clock.left_ms(now, &cal), total - ran);
            prop_assert_eq!(clock.used_ms(now, &cal), ran);
            prop_assert_eq!(clock.paused_ms_total, stood);
            if let (Some(due), true) = (clock.due, total > ran) {
                prop_assert_eq!(pace.between(now, due, &cal), total - ran);
            }
        }
    }

    #[test]
    fn the_finest_parts_of_a_second_do_not_add_up(cal in calendars(), t in instants(), nanos in prop::collection::vec(0_i64..5_000_000, 1..20)) {
        let (mut clock, mut now) = (Clock::start(Pace::Natural, HOUR_MS, t, &cal), t);
        let mut ran = 0;
        for (index, nanos) in nanos.into_iter().enumerate() {
            let next = now + TimeDelta::nanoseconds(nanos);
            if index % 2 == 0 {
                ran += next.timestamp_millis() - now.timestamp_millis();
                clock.pause(next, &cal);
            } else {
                clock.resume(next, &cal);
            }
            now = next;
        }
        prop_assert_eq!(clock.left_ms(now, &cal), HOUR_MS - ran);
    }

    #[test]
    fn another_calendar_keeps_what_is_left(old in calendars(), new in calendars(), t in instants(), total in 0_i64..300_000_000, gap in 0_i64..400_000_000, more in 0_i64..100_000_000) {
        let mut clock = Clock::start(Pace::Working, total, t, &old);
        let now = after(t, gap);
        let left = clock.left_ms(now, &old);
        let told_by_then = clock.next_mark().filter(|(at, _)| *at <= now);
        clock.recalendar(now, &old, &new);
        prop_assert_eq!(clock.left_ms(now, &new), left);
        prop_assert_eq!(clock.left_ms(after(now, more), &new), left - new.between(now, after(now, more)));
        if left > 0 {
            prop_assert_eq!(clock.due, new.add(now, left));
        }
        if told_by_then.is_some() {
            prop_assert_eq!(clock.next_mark(), told_by_then, "what has passed is not forgotten");
        }
        let mut natural = Clock::start(Pace::Natural, total, t, &old);
        let before = natural;
        natural.recalendar(now, &old, &new);
        prop_assert_eq!(natural, before);
    }

    #[test]
    fn whatever_happens_marks_stay_in_order_and_the_end_leaves_none(
        pace in paces(), cals in [calendars(), calendars()], t in instants(), total in 0_i64..100_000_000, steps in steps(), last in 0_i64..100_000_000,
    ) {
        let (mut clock, mut now, mut cal, mut breaches, mut dues) = (Clock::start(pace, total, t, &cals[0]), t, 0, 0, 1);
        for (gap, step) in steps {
            now = after(now, gap);
            let left = clock.left_ms(now, &cals[cal]);
            match step {
                Step::Pause => clock.pause(now, &cals[cal]),
                Step::Resume => clock.resume(now, &cals[cal]),
                Step::Tell => while let Some((at, mark)) = clock.come(now) {
                    prop_assert!(clock.mark(mark, at));
                    breaches += i32::from(mark == Mark::Breach);
                },
                Step::ExtendBy(ms) => {
                    let total = clock.total_ms;
                    if clock.extend_to(after(now, ms), now, &cals[cal]) {
                        dues += 1;
                        prop_assert!(clock.total_ms >= total);
                        prop_assert_eq!(clock.left_ms(now, &cals[cal]) - left, clock.total_ms - total);
                    }
                }
                Step::Recalendar => {
                    clock.recalendar(now, &cals[cal], &cals[1 - cal]);
                    cal = 1 - cal;
                }
            }
            if !matches!(step, Step::ExtendBy(_)) {
                prop_assert_eq!(clock.left_ms(now, &cals[cal]), left, "only an extension gives time");
            }
            let ahead: Vec<_> = tell_all(clock);
            prop_assert!(ahead.is_sorted(), "{ahead:?}");
            prop_assert_eq!(clock.due.is_some() && clock.running_since.is_none(), false);
            let read: Clock = serde_json::from_str(&serde_json::to_string(&clock).unwrap()).unwrap();
            prop_assert_eq!(read, clock, "a restart finds the same instants");
        }
        prop_assert!(breaches <= dues, "a breach is told once for each due");
        now = after(now, last);
        let left = clock.left_ms(now, &cals[cal]);
        clock.finish(now, &cals[cal]);
        let done = clock;
        clock.pause(after(now, 1), &cals[cal]);
        clock.resume(after(now, 2), &cals[cal]);
        clock.finish(after(now, 3), &cals[cal]);
        prop_assert!(!clock.extend_to(after(now, 9), now, &cals[cal]));
        prop_assert_eq!(clock, done, "nothing more happens to a clock that is done");
        prop_assert_eq!((clock.next_mark(), clock.come(DateTime::<Utc>::MAX_UTC)), (None, None));
        for cal in &cals {
            prop_assert_eq!(clock.left_ms(after(now, 1_000_000_000), cal), left, "what was left stays written");
        }
    }
}
