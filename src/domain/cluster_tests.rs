//! Whole seeded days of calls: ordinary ones stay quiet, outages are found in time, and the arithmetic is what books say.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

const COMMUNITIES: usize = 500;
const DAY_MS: u64 = 86_400_000;
/// Calls by the hour of the day, in parts of a thousand: nearly none at night, most before and after work.
const HOURS: [u64; 24] = [5, 4, 3, 3, 4, 12, 35, 70, 85, 80, 70, 55, 40, 40, 50, 52, 55, 62, 75, 80, 60, 35, 15, 10];

pub(in crate::domain) struct Dice(pub(in crate::domain) u64);

impl Dice {
    pub(in crate::domain) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    /// One of those whose weights run up to `sums`.
    fn weighted(&mut self, sums: &[u64]) -> usize {
        let point = self.below(*sums.last().unwrap());
        sums.partition_point(|sum| *sum <= point)
    }
}

fn sums(weights: &[u64]) -> Vec<u64> {
    let run = |all: &mut u64, weight: &u64| {
        *all += weight;
        Some(*all)
    };
    weights.iter().scan(0, run).collect()
}

pub(in crate::domain) fn moment(ms: u64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_794_870_000_000 + i64::try_from(ms).unwrap()).unwrap()
}

pub(in crate::domain) fn name(community: usize) -> String {
    format!("小区{community}")
}

/// A city: communities of 60 to 3,500 rooms, a few large, most small.
pub(in crate::domain) struct City {
    rooms: Vec<u64>,
}

impl City {
    pub(in crate::domain) fn of(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let rooms = (0..COMMUNITIES).map(|_| 60 + dice.below(60) * dice.below(60)).collect();
        Self { rooms }
    }

    pub(in crate::domain) fn share_ppm(&self, community: usize) -> u32 {
        u32::try_from(self.rooms[community] * 1_000_000 / self.rooms.iter().sum::<u64>()).unwrap()
    }

    /// A community with about as many rooms as most.
    pub(in crate::domain) fn ordinary(&self) -> usize {
        let mut by_size: Vec<usize> = (0..COMMUNITIES).collect();
        by_size.sort_by_key(|at| self.rooms[*at]);
        by_size[COMMUNITIES / 2]
    }

    pub(in crate::domain) fn day(&self, seed: u64, calls: usize) -> Vec<(u64, usize)> {
        let mut dice = Dice(seed ^ 0xCA11);
        let (hours, rooms) = (sums(&HOURS), sums(&self.rooms));
        let mut day: Vec<(u64, usize)> = (0..calls)
            .map(|_| {
                let hour = u64::try_from(dice.weighted(&hours)).unwrap();
                (hour * 3_600_000 + dice.below(3_600_000), dice.weighted(&rooms))
            })
            .collect();
        day.sort_unstable();
        day
    }
}

/// Plays calls; gives what was suspected, and when.
fn play(watch: &mut ClusterWatch, city: &City, calls: &[(u64, usize)], shares: bool) -> Vec<(u64, Suspicion)> {
    let mut found = Vec::new();
    for (at, community) in calls {
        let share = shares.then(|| city.share_ppm(*community));
        found.extend(watch.note(moment(*at), &name(*community), share).map(|suspicion| (*at, suspicion)));
    }
    found
}

#[test]
fn ordinary_days_are_quiet() {
    for (calls, seeds) in [(300, 24), (3_000, 24), (16_000, 8)] {
        let mut all = 0;
        for seed in 0..seeds {
            let city = City::of(seed);
            let found = play(&mut ClusterWatch::default(), &city, &city.day(seed, calls), true);
            assert!(found.len() <= 1, "seed {seed}, {calls} calls: {found:?}");
            all += found.len();
        }
        assert!(all <= 2, "{calls} calls a day: {all} false suggestions in {seeds} days");
    }
}

#[test]
fn ordinary_days_are_quiet_without_an_address_book() {
    for (calls, seeds) in [(300, 20), (3_000, 20), (16_000, 4)] {
        for seed in 0..seeds {
            let city = City::of(seed);
            let mut watch = ClusterWatch::default();
            let first = play(&mut watch, &city, &city.day(seed, calls), false);
            assert!(first.len() <= 1, "seed {seed}, {calls} calls: {first:?}");
        }
    }
}

#[test]
fn an_outage_is_found_within_five_minutes_of_its_first_call() {
    for calls in [300, 3_000, 16_000] {
        for seed in 0..24 {
            let city = City::of(seed);
            let ill = city.ordinary();
            for hour in [3, 8, 13, 19] {
                let mut dice = Dice(seed + hour * 1_000);
                let start = hour * 3_600_000 + dice.below(3_000_000);
                let mut outage: Vec<u64> = (0..7).map(|_| start + dice.below(280_000)).chain([start]).collect();
                outage.sort_unstable();
                let mut day = city.day(seed, calls);
                // Half an hour before is what the watch knows, some minutes after is what is asked of it.
                day.retain(|(at, _)| (start.saturating_sub(3_600_000)..start + 900_000).contains(at));
                day.extend(outage.iter().map(|at| (*at, ill)));
                day.sort_unstable();
                let found = play(&mut ClusterWatch::default(), &city, &day, true);
                let first = found.iter().find(|(at, suspicion)| *suspicion.community == name(ill) && *at >= start);
                let (at, suspicion) = first.unwrap_or_else(|| panic!("seed {seed}, {calls} calls, {hour} h: not found"));
                assert!(at - start <= 300_000, "seed {seed}, {calls} calls: found after {} s", (at - start) / 1_000);
                assert!(suspicion.calls >= CALLS_MIN && suspicion.chance_exponent >= 5, "{suspicion:?}");
                let again = found.iter().filter(|(_, suspicion)| *suspicion.community == name(ill)).count();
                assert_eq!(again, 1, "seed {seed}: suggested again while it lasted");
            }
        }
    }
}

#[test]
fn an_outage_is_found_without_an_address_book_too() {
    for seed in 0..20 {
        let city = City::of(seed);
        let ill = city.ordinary();
        let mut watch = ClusterWatch::default();
        // The day before teaches how many communities there are.
        play(&mut watch, &city, &city.day(seed, 3_000), false);
        let mut day = city.day(seed + 100, 3_000);
        day.extend((0..8).map(|i| (8 * 3_600_000 + i * 35_000, ill)));
        day.sort_unstable();
        let day: Vec<_> = day.iter().map(|(at, community)| (at + DAY_MS, *community)).collect();
        let found = play(&mut watch, &city, &day, false);
        assert!(found.iter().any(|(_, suspicion)| *suspicion.community == name(ill)), "seed {seed}");
    }
}

#[test]
fn without_an_address_book_an_outage_of_the_first_hours_is_found_too() {
    // Twenty to forty communities have called once: all within the same minutes, over an hour, or over the whole day.
    for communities in [20, 30, 40] {
        for gap_ms in [4_000, 90_000, 2_000_000] {
            for ill in [name(0), name(communities - 1), "阳光花园".to_owned()] {
                let mut watch = ClusterWatch::default();
                let mut at = 0;
                for community in 0..communities {
                    at += gap_ms;
                    assert_eq!(watch.note(moment(at), &name(community), None), None);
                }
                let found = (0..8).find_map(|call| watch.note(moment(at + call * 40_000), &ill, None));
                assert_eq!(found.map(|one| one.community.to_string()), Some(ill), "{communities} communities, one in {gap_ms} ms");
            }
        }
    }
}

#[test]
fn a_small_town_without_an_address_book_is_quiet_too() {
    // A few large estates make most of the calls: also in the first hours that is no outage.
    for (communities, calls) in [(12, 400), (60, 1_000), (60, 3_000), (150, 3_000)] {
        for seed in 0..16 {
            let mut city = City::of(seed);
            city.rooms.truncate(communities);
            let found = play(&mut ClusterWatch::default(), &city, &city.day(seed, calls), false);
            assert!(found.len() <= 1, "seed {seed}, {calls} calls over {communities}: {found:?}");
        }
    }
}

#[test]
fn a_town_is_as_large_as_its_calls_let_expect() {
    for (calls, heard, least, most) in
        [(0, 0, 0, 0), (1, 0, 0, 0), (3, 2, 3, 4), (20, 19, 180, 210), (40, 39, 500, 500), (1_000, 432, 495, 505)]
    {
        let town = town_of(calls, heard);
        assert!((least..=most).contains(&town), "{calls} calls from {heard}: {town}");
    }
    // A watch that was stored before calls were counted goes by the communities it has heard of.
    let mut watch = ClusterWatch::default();
    (0..40).for_each(|community| watch.count(moment(0), &name(community)));
    let mut json = serde_json::to_value(&watch).unwrap();
    json.as_object_mut().unwrap().remove("counted");
    let mut old: ClusterWatch = serde_json::from_value(json).unwrap();
    old.count(moment(0), &name(40));
    assert_eq!((old.counted, watch.counted), (0, 40));
    assert!(old.unknown_share(0) > 70_000 && watch.unknown_share(0) < 10_000);
}

#[test]
fn once_suspected_it_rests_until_calm() {
    let mut watch = ClusterWatch::default();
    let mut at = 0;
    let mut call = |gap_ms: u64| {
        at += gap_ms;
        watch.note(moment(at), "金色家园二期", Some(2_000))
    };
    assert_eq!([call(0), call(1_000)], [None, None]);
    assert_eq!(call(1_000).unwrap().calls, 3);
    // It goes on for two hours, a call every five minutes.
    assert!((0..24).all(|_| call(300_000).is_none()));
    // Then silence, then another one.
    assert_eq!([call(1_800_000), call(1_000)], [None, None]);
    assert!(call(1_000).is_some());
}

#[test]
fn a_marked_community_is_not_suggested() {
    let mut watch = ClusterWatch::default();
    for ms in 0..3 {
        watch.count(moment(ms), "阳光花园");
    }
    watch.mark("阳光花园");
    assert_eq!(watch.suspected().collect::<Vec<_>>(), ["阳光花园"]);
    assert_eq!(watch.note(moment(4), "阳光花园", Some(1_000)), None);
    assert_eq!(watch.calls(moment(4), "阳光花园"), 4);
    watch.count(moment(1_900_000), "河畔");
    assert_eq!(watch.suspected().count(), 0);
}

#[test]
fn two_calls_are_never_a_cluster_and_everybody_is_none_either() {
    let mut watch = ClusterWatch::default();
    assert!((0..2).all(|ms| watch.note(moment(ms), "a", Some(1)).is_none()));
    assert!(watch.note(moment(3), "a", Some(1)).is_some());
    let mut watch = ClusterWatch::default();
    assert!((0..500).all(|ms| watch.note(moment(ms), "a", Some(1_000_000)).is_none()));
    // Nothing is known of a town whose only calls come from here.
    let mut watch = ClusterWatch::default();
    assert!((0..500).all(|ms| watch.note(moment(ms), "a", None).is_none()));
}

#[test]
fn the_window_is_bounded_and_forgets() {
    let mut watch = ClusterWatch::default();
    for call in 0..=u64::from(CALLS_MAX) {
        watch.count(moment(call * 30), &name(usize::try_from(call % 700).unwrap()));
    }
    let kept: u32 = watch.bins.iter().map(|bin| bin.total).sum();
    assert!(kept <= CALLS_MAX && kept > CALLS_MAX * 9 / 10, "{kept}");
    watch.count(moment(DAY_MS), "a");
    assert_eq!((watch.bins.len(), watch.calls(moment(DAY_MS), &name(1))), (1, 0));
}

#[test]
fn a_clock_that_goes_back_counts_in_the_newest_bin() {
    let mut watch = ClusterWatch::default();
    watch.count(moment(3_600_000), "a");
    watch.count(moment(0), "a");
    assert_eq!((watch.bins.len(), watch.calls(moment(0), "a")), (1, 2));
}

#[test]
fn the_tail_is_what_tables_say() {
    for (lambda, k, p) in
        [(0.5, 1, 0.393_469_3), (1.0, 3, 0.080_301_4), (2.0, 5, 0.052_653_0), (0.125, 4, 9.207_6e-6), (10.0, 25, 4.694_9e-5)]
    {
        let told = tail(lambda, k);
        assert!((told / p - 1.0).abs() < 1e-3, "{lambda} {k}: {told} instead of {p}");
    }
    assert!(tail(5.0, 5) >= 1.0 && tail(0.0, 0) >= 1.0);
    assert!(tail(1.0, 50_000) < 1e-300);
    assert_eq!((exponent(0.5), exponent(9e-6), exponent(1e-40)), (0, 5, EXPONENT_MAX));
}

proptest! {
    #[test]
    fn what_is_stored_comes_back_and_goes_on_the_same(calls in prop::collection::vec((0_u64..400_000, 0_usize..6), 1..120), cut in 0_usize..120) {
        let mut whole = ClusterWatch::default();
        let mut stored = ClusterWatch::default();
        let mut at = 0;
        for (index, (gap, community)) in calls.iter().enumerate() {
            at += gap;
            if index == cut {
                stored = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
            }
            let share = (community % 2 == 0).then_some(20_000);
            let judged = stored.judge(moment(at), &name(*community), share);
            let noted = stored.note(moment(at), &name(*community), share);
            prop_assert_eq!(&judged, &noted);
            prop_assert_eq!(whole.note(moment(at), &name(*community), share), noted);
            prop_assert_eq!(&whole, &stored);
            let span = stored.bins.back().unwrap().at - stored.bins.front().unwrap().at;
            prop_assert!(span < i64::from(WINDOW_BINS));
        }
    }
}

#[test]
fn half_an_hour_is_half_an_hour() {
    let window = TimeDelta::milliseconds(BIN_MS * i64::from(WINDOW_BINS));
    assert_eq!(window, TimeDelta::minutes(30));
}
