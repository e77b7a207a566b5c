//! What the calendar promises, by example and over random weeks in zones whose clocks jump.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Timelike, Utc};
use proptest::prelude::*;

use super::*;

const ZONES: [&str; 6] = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Africa/Cairo", "America/Santiago"];

/// Moments at which the clocks of one of the zones jump.
const JUMPS: [&str; 12] = [
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-03-08T07:00:00Z",
    "2026-11-01T06:00:00Z",
    "2026-04-04T15:00:00Z",
    "2026-10-03T15:30:00Z",
    "2026-04-23T22:00:00Z",
    "2026-10-29T21:00:00Z",
    "2026-04-05T03:00:00Z",
    "2026-09-06T04:00:00Z",
    "2027-03-28T01:00:00Z",
    "2027-10-31T01:00:00Z",
];

pub(in crate::domain) fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The heating hall of the examples: lunch break, closed on Sundays, one holiday, one make-up Sunday.
pub(in crate::domain) fn hall() -> Calendar {
    toml::from_str(
        r#"
        zone = "Asia/Shanghai"
        enforce_hours = true
        last_issue_before_close_min = 15
        [week]
        mon = ["08:30-12:00", "13:30-17:30"]
        tue = ["08:30-12:00", "13:30-17:30"]
        wed = ["08:30-12:00", "13:30-17:30"]
        thu = ["08:30-12:00", "13:30-17:30"]
        fri = ["08:30-12:00", "13:30-17:30"]
        sat = ["09:00-12:00"]
        [closed]
        "2026-10-01" = { zh = "国庆节", en = "National Day" }
        [special]
        "2026-10-11" = ["08:30-12:00"]
        "#,
    )
    .unwrap()
}

fn with_week(zone: &str, hours: &[&str]) -> Calendar {
    let mut calendar = Calendar::round_the_clock(zone.parse().unwrap());
    let day: Vec<Hours> = hours.iter().map(|text| text.parse().unwrap()).collect();
    calendar.week =
        Week { mon: day.clone(), tue: day.clone(), wed: day.clone(), thu: day.clone(), fri: day.clone(), sat: day.clone(), sun: day };
    calendar
}

#[test]
fn a_working_day_from_night_to_night() {
    let hall = hall();
    hall.check().unwrap();
    let noon = Some(utc("2026-11-23T04:00:00Z"));
    let afternoon = Some(utc("2026-11-23T05:30:00Z"));
    let morning = Some(utc("2026-11-23T00:30:00Z"));
    let tomorrow = Some(utc("2026-11-24T00:30:00Z"));
    assert_eq!(hall.standing(utc("2026-11-22T21:00:00Z")), Standing::BeforeOpening { opens_at: morning });
    assert_eq!(hall.standing(utc("2026-11-23T00:29:59.999Z")), Standing::BeforeOpening { opens_at: morning });
    assert_eq!(hall.standing(utc("2026-11-23T00:30:00Z")), Standing::Open { until: noon });
    assert_eq!(hall.standing(utc("2026-11-23T04:00:00Z")), Standing::Break { opens_at: afternoon });
    assert_eq!(hall.standing(utc("2026-11-23T09:30:00Z")), Standing::AfterClosing { opens_at: tomorrow });
    assert_eq!(hall.next_opening(utc("2026-11-23T01:00:00Z")), afternoon, "while open: the opening after the next closing");
}

#[test]
fn days_off_holidays_and_made_up_days() {
    let hall = hall();
    let monday = Some(utc("2026-11-30T00:30:00Z"));
    assert_eq!(hall.standing(utc("2026-11-29T02:00:00Z")), Standing::DayOff { opens_at: monday });
    let name = Text { zh: "国庆节".to_owned(), en: "National Day".to_owned() };
    let friday = Some(utc("2026-10-02T00:30:00Z"));
    assert_eq!(hall.standing(utc("2026-10-01T02:00:00Z")), Standing::Holiday { name, opens_at: friday });
    let noon = Some(utc("2026-10-11T04:00:00Z"));
    assert_eq!(hall.standing(utc("2026-10-11T02:00:00Z")), Standing::Open { until: noon }, "a Sunday made up for");
}

#[test]
fn numbers_stop_a_little_before_the_last_closing_not_before_lunch() {
    let mut hall = hall();
    assert_eq!(hall.issuing(utc("2026-11-23T03:59:00Z")), Issuing::Yes);
    assert_eq!(hall.issuing(utc("2026-11-23T09:14:59Z")), Issuing::Yes);
    let closes_at = utc("2026-11-23T09:30:00Z");
    let opens_at = Some(utc("2026-11-24T00:30:00Z"));
    assert_eq!(hall.issuing(utc("2026-11-23T09:15:00Z")), Issuing::TooLate { closes_at, opens_at });
    assert!(matches!(hall.issuing(utc("2026-11-23T04:30:00Z")), Issuing::Closed(Standing::Break { .. })));
    hall.last_issue_before_close_min = 0;
    assert_eq!(hall.issuing(utc("2026-11-23T09:29:59.999Z")), Issuing::Yes);
    hall.enforce_hours = false;
    assert_eq!(hall.issuing(utc("2026-11-23T18:00:00Z")), Issuing::Yes, "hours are only shown");
}

#[test]
fn a_hall_that_never_closes_and_one_that_never_opens() {
    let calendar = Calendar::round_the_clock(chrono_tz::Europe::Berlin);
    calendar.check().unwrap();
    assert_eq!(calendar.standing(utc("2026-03-29T01:00:00Z")), Standing::Open { until: None });
    let (a, b) = (utc("2026-03-28T00:00:00Z"), utc("2026-11-04T12:34:56.789Z"));
    assert_eq!(calendar.between(a, b), b.signed_duration_since(a).num_milliseconds(), "no minute is lost at midnight");
    let mut never = calendar;
    never.week = Week::default();
    assert_eq!(never.standing(a), Standing::DayOff { opens_at: None });
    assert_eq!(never.add(a, 1), None);
    assert_eq!(never.between(a, b), 0);
    never.enforce_hours = true;
    assert_eq!(never.check(), Err(CalendarError::NeverOpen));
}

#[test]
fn the_service_day_turns_at_the_cutover() {
    let hall = hall();
    assert_eq!(hall.cutover.to_string(), "04:00");
    assert_eq!(hall.service_day(utc("2026-11-23T19:59:59.999Z")), date("2026-11-23"));
    assert_eq!(hall.service_day(utc("2026-11-23T20:00:00Z")), date("2026-11-24"));
    assert_eq!(hall.service_day_start(date("2026-11-24")), utc("2026-11-23T20:00:00Z"));
}

#[test]
fn clocks_set_back_across_the_cutover_do_not_reopen_a_day() {
    let mut calendar = Calendar::round_the_clock(chrono_tz::Europe::Berlin);
    calendar.cutover = "02:30".parse().unwrap();
    assert_eq!(calendar.service_day(utc("2026-10-25T00:29:59Z")), date("2026-10-24"));
    assert_eq!(calendar.service_day(utc("2026-10-25T00:30:00Z")), date("2026-10-25"), "02:30, the first time");
    assert_eq!(calendar.service_day(utc("2026-10-25T01:15:00Z")), date("2026-10-25"), "02:15 again: still the new day");
    assert_eq!(calendar.service_day(utc("2026-03-29T00:59:59Z")), date("2026-03-28"));
    assert_eq!(calendar.service_day(utc("2026-03-29T01:00:00Z")), date("2026-03-29"), "02:30 does not exist: the jump turns it");
}

#[test]
fn clocks_that_go_back_lengthen_the_interval_and_jumps_shorten_it() {
    let calendar = with_week("Europe/Berlin", &["01:00-04:00"]);
    let hours = |a, b| calendar.between(utc(a), utc(b)) / 3_600_000;
    assert_eq!(hours("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"), 4);
    assert_eq!(hours("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"), 2);
    let inside_the_gap = with_week("Europe/Berlin", &["02:10-02:40"]);
    assert_eq!(inside_the_gap.between(utc("2026-03-28T12:00:00Z"), utc("2026-03-29T12:00:00Z")), 0);
}

#[test]
fn work_due_at_closing_is_due_at_closing() {
    let hall = hall();
    let half_hour = 30 * 60_000;
    assert_eq!(hall.add(utc("2026-11-27T09:00:00Z"), half_hour), Some(utc("2026-11-27T09:30:00Z")));
    assert_eq!(hall.add(utc("2026-11-27T09:00:00Z"), half_hour + 1), Some(utc("2026-11-28T01:00:00.001Z")));
    assert_eq!(hall.add(utc("2026-11-23T04:10:00Z"), half_hour), Some(utc("2026-11-23T06:00:00Z")), "the lunch break does not count");
    assert_eq!(hall.between(utc("2026-11-23T02:00:00Z"), utc("2026-11-23T01:00:00Z")), -3_600_000);
}

#[test]
fn faults_are_named() {
    let fault = |change: fn(&mut Calendar)| {
        let mut hall = hall();
        change(&mut hall);
        hall.check().unwrap_err().to_string()
    };
    let overlap = fault(|hall| hall.week.tue = vec!["08:00-12:00".parse().unwrap(), "11:00-13:00".parse().unwrap()]);
    assert_eq!(overlap, "week.tue: 11:00-13:00 begins before 08:00-12:00 has ended; write intervals in order, without overlap");
    assert!(fault(|hall| hall.cutover = TimeOfDay::END).contains("cutover"));
    assert!(fault(|hall| hall.last_issue_before_close_min = 1_441).contains("last_issue"));
    let both = fault(|hall| {
        hall.special.insert("2026-10-01".parse().unwrap(), vec![]);
    });
    assert!(both.contains("2026-10-01"), "{both}");
    assert!(fault(|hall| hall.week.mon = vec![Hours::ALL_DAY; DAY_INTERVALS_MAX + 1]).contains("at most 12"));
    let unknown = toml::from_str::<Calendar>("zone = \"Asia/Shanghai\"\nholidays = []").unwrap_err();
    assert!(unknown.to_string().contains("holidays"));
    assert!(toml::from_str::<Calendar>("zone = \"Asia/Atlantis\"").is_err());
}

#[test]
fn a_calendar_reads_back_as_it_was_written() {
    let hall = hall();
    let json = serde_json::to_string(&hall).unwrap();
    assert!(json.contains("\"zone\":\"Asia/Shanghai\"") && json.contains("\"13:30-17:30\""), "{json}");
    assert_eq!(serde_json::from_str::<Calendar>(&json).unwrap(), hall);
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for zone in ZONES {
        let calendar = with_week(zone, &["00:00-24:00"]);
        for now in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
            let _ = (calendar.service_day(now), calendar.standing(now), calendar.next_opening(now), calendar.add(now, i64::MAX));
            let _ = calendar.between(now, utc("2026-01-01T00:00:00Z"));
        }
    }
}

pub(in crate::domain) fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let anywhere = (1_735_689_600_000_i64..1_830_297_600_000).prop_map(|ms| DateTime::from_timestamp_millis(ms).unwrap());
    let near_a_jump = (0..JUMPS.len(), -16_200_000_i64..16_200_000).prop_map(|(jump, ms)| utc(JUMPS[jump]) + TimeDelta::milliseconds(ms));
    prop_oneof![anywhere, near_a_jump]
}

/// Up to three intervals in order, sometimes touching, often at night when clocks jump.
fn day() -> impl Strategy<Value = Vec<Hours>> {
    prop::collection::btree_set(prop_oneof![0_u16..=28, 0_u16..=96], 0..=6).prop_map(|quarters| {
        let times: Vec<_> = quarters.iter().map(|quarter| TimeOfDay::at(quarter / 4, quarter % 4 * 15).unwrap()).collect();
        times.chunks_exact(2).map(|pair| Hours::new(pair[0], pair[1]).unwrap()).collect()
    })
}

pub(in crate::domain) fn calendars() -> impl Strategy<Value = Calendar> {
    let special = prop::collection::btree_map((0_i64..900).prop_map(|days| date("2025-06-01") + TimeDelta::days(days)), day(), 0..40);
    (0..ZONES.len(), prop::collection::vec(day(), 7), special, 0_u16..96, prop::collection::btree_set(0_i64..900, 0..40)).prop_map(
        |(zone, week, special, cutover, closed)| {
            let mut calendar = with_week(ZONES[zone], &[]);
            let mut week = week.into_iter();
            let mut next = || week.next().unwrap();
            calendar.week = Week { mon: next(), tue: next(), wed: next(), thu: next(), fri: next(), sat: next(), sun: next() };
            calendar.cutover = TimeOfDay::at(cutover / 4, cutover % 4 * 15).unwrap();
            let name = Text { zh: "假日".to_owned(), en: "holiday".to_owned() };
            let days = closed.into_iter().map(|days| date("2025-06-01") + TimeDelta::days(days));
            calendar.closed = days.filter(|day| !special.contains_key(day)).map(|day| (day, name.clone())).collect();
            calendar.special = special;
            calendar
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn service_days_only_move_forward(calendar in calendars(), a in instants(), ahead_ms in 0_i64..200_000_000) {
        prop_assert_eq!(calendar.check(), Ok(()));
        let b = a + TimeDelta::milliseconds(ahead_ms);
        let day = calendar.service_day(a);
        prop_assert!(day <= calendar.service_day(b));
        prop_assert!(calendar.service_day_start(day) <= a);
        let next = calendar.service_day_start(day.succ_opt().unwrap());
        prop_assert!(a < next);
        prop_assert_eq!(calendar.service_day(b) > day, next <= b, "a day is over when the next one begins");
    }

    #[test]
    fn without_jumps_the_service_day_is_the_shifted_wall_date(cutover in 0_u16..1_440, now in instants()) {
        let mut calendar = Calendar::round_the_clock(chrono_tz::Asia::Shanghai);
        calendar.cutover = TimeOfDay::at(cutover / 60, cutover % 60).unwrap();
        let shifted = now.naive_utc() + TimeDelta::hours(8) - TimeDelta::minutes(i64::from(cutover));
        prop_assert_eq!(calendar.service_day(now), shifted.date());
    }

    #[test]
    fn working_time_added_is_working_time_between(calendar in calendars(), t in instants(), x in 0_i64..400_000_000, more in 0_i64..90_000_000) {
        if let Some(due) = calendar.add(t, x) {
            prop_assert!(due >= t);
            prop_assert_eq!(calendar.between(t, due), x);
            if x > 0 {
                prop_assert!(calendar.between(t, due - TimeDelta::milliseconds(1)) < x, "the first such instant");
            }
            if let Some(later) = calendar.add(t, x + more) {
                prop_assert!(due <= later);
            }
            if let Some(later) = calendar.add(t + TimeDelta::milliseconds(more), x) {
                prop_assert!(due <= later);
            }
        }
    }

    #[test]
    fn a_clock_paused_and_resumed_keeps_what_remained(calendar in calendars(), t in instants(), x in 1_i64..100_000_000, after in 0_i64..500_000_000, pause in 0_i64..500_000_000) {
        if let Some(due) = calendar.add(t, x) {
            let paused = (t + TimeDelta::milliseconds(after)).min(due);
            let remaining = calendar.between(paused, due);
            let resumed = paused + TimeDelta::milliseconds(pause);
            if let Some(due_again) = calendar.add(resumed, remaining) {
                prop_assert_eq!(calendar.between(resumed, due_again), remaining);
                prop_assert_eq!(calendar.between(t, paused) + remaining, x);
            }
        }
    }

    #[test]
    fn working_time_adds_up_and_never_exceeds_real_time(calendar in calendars(), a in instants(), ab in 0_i64..900_000_000, bc in 0_i64..900_000_000) {
        let b = a + TimeDelta::milliseconds(ab);
        let c = b + TimeDelta::milliseconds(bc);
        prop_assert_eq!(calendar.between(a, b) + calendar.between(b, c), calendar.between(a, c));
        prop_assert!((0..=ab).contains(&calendar.between(a, b)));
        prop_assert_eq!(calendar.between(b, a), -calendar.between(a, b));
    }

    #[test]
    fn standing_openings_and_working_time_agree(calendar in calendars(), now in instants()) {
        let tick = TimeDelta::milliseconds(1);
        match calendar.standing(now) {
            Standing::Open { until } => {
                prop_assert_eq!(calendar.between(now, now + tick), 1);
                if let Some(until) = until {
                    prop_assert_eq!(calendar.between(now, until), (until - now).num_milliseconds());
                    prop_assert_eq!(calendar.between(until, until + tick), 0);
                }
            }
            Standing::Break { opens_at }
            | Standing::BeforeOpening { opens_at }
            | Standing::AfterClosing { opens_at }
            | Standing::DayOff { opens_at }
            | Standing::Holiday { opens_at, .. } => {
                prop_assert_eq!(calendar.between(now, now + tick), 0);
                prop_assert_eq!(calendar.next_opening(now), opens_at);
                if let Some(opens_at) = opens_at {
                    prop_assert_eq!(calendar.between(now, opens_at), 0);
                    let open = matches!(calendar.standing(opens_at), Standing::Open { .. });
                    prop_assert!(open, "open when it was said to open");
                }
            }
        }
    }

    #[test]
    fn without_jumps_open_means_that_the_wall_clock_is_in_an_interval(calendar in calendars(), now in instants()) {
        let mut calendar = calendar;
        calendar.zone = chrono_tz::Asia::Shanghai;
        let wall = now.naive_utc() + TimeDelta::hours(8);
        let minute = u16::try_from(wall.num_seconds_from_midnight() / 60).unwrap();
        let hours = calendar.hours_on(wall.date());
        let inside = hours.iter().any(|one| (one.open().minute()..one.close().minute()).contains(&minute));
        prop_assert_eq!(matches!(calendar.standing(now), Standing::Open { .. }), inside, "{} {:?}", wall.weekday(), hours);
    }
}
