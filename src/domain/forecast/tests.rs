//! What the forecast promises, on small halls whose answer is known.

use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_800_000_000_000;

fn service(minutes: u32) -> ServicePace {
    ServicePace { configured_ms: minutes * 60_000, no_show_ms: 60_000, ..ServicePace::default() }
}

fn waiting(people: u64, since_ms: i64) -> LineNow {
    let place = |order| Place { score_ms: NOW - since_ms, order };
    LineNow { places: (1..=people).map(place).collect(), unlisted: 0 }
}

fn counter(services: &[usize], availability: Availability) -> CounterNow {
    let offers = services.iter().map(|service| OfferNow { service: *service, offset_ms: 0 }).collect();
    CounterNow { offers, availability }
}

fn hall(people: u64, counters: usize) -> Input {
    Input {
        now_ms: NOW,
        services: vec![service(5)],
        lines: vec![waiting(people, 60_000)],
        counters: vec![counter(&[0], Availability::Idle); counters],
        pauses: PausePace { every_ms: 0, length_ms: 0 },
        arrivals: Vec::new(),
    }
}

fn median_min(input: &Input, asked: Asked) -> i64 {
    estimate(input, &[asked], 1)[0].unwrap().median_ms / MINUTE_MS
}

#[test]
fn ranges_are_rounded_outward() {
    let range = |low, high| {
        let range = Range::outward(low, high);
        (range.low_min, range.high_min)
    };
    assert_eq!(range(0, 0), (0, 1));
    assert_eq!(range(10 * MINUTE_MS + 59_999, 17 * MINUTE_MS + 1), (10, 18));
    assert_eq!(range(29 * MINUTE_MS, 31 * MINUTE_MS), (29, 35));
    assert_eq!(range(44 * MINUTE_MS, 91 * MINUTE_MS), (40, 100));
    assert_eq!(range(i64::MIN, i64::MAX), (0, WAIT_MIN_MAX));
    assert_eq!(range(i64::MAX, i64::MIN), (WAIT_MIN_MAX, WAIT_MIN_MAX));
    assert!(Range { low_min: 1, high_min: 2 }.kept(120_000) && !Range { low_min: 1, high_min: 2 }.kept(120_001));
}

#[test]
fn nobody_waits_where_a_counter_is_idle() {
    let calm = Calibration::default();
    assert_eq!(forecast_arrivals(&hall(0, 1), &calm, 1), BTreeMap::from([(0, Range { low_min: 0, high_min: 1 })]));
}

#[test]
fn no_promise_where_no_open_counter_serves() {
    let mut input = hall(3, 1);
    input.services.push(service(5));
    input.lines.push(waiting(2, 60_000));
    input.counters.push(counter(&[1], Availability::Away { back_ms: None }));
    let calm = Calibration::default();
    assert_eq!(forecast_arrivals(&input, &calm, 1).into_keys().collect::<Vec<_>>(), vec![0]);
    assert_eq!(forecast(&input, Asked::newcomer(1, NOW, 0), &calm, 1), None);
    input.counters[1].availability = Availability::Away { back_ms: Some(NOW + 20 * MINUTE_MS) };
    let range = forecast(&input, Asked::newcomer(1, NOW, 0), &calm, 1).unwrap();
    assert!(range.low_min >= 20, "{range:?}");
}

#[test]
fn more_people_wait_longer_and_more_counters_shorten_it() {
    let newcomer = Asked::newcomer(0, NOW, 0);
    let (ten, twenty, shared) =
        (median_min(&hall(10, 1), newcomer), median_min(&hall(20, 1), newcomer), median_min(&hall(20, 4), newcomer));
    assert!((38..=58).contains(&ten), "{ten}");
    assert!((80..=115).contains(&twenty), "{twenty}");
    assert!((18..=30).contains(&shared), "{shared}");
}

#[test]
fn a_credit_is_a_place_further_ahead() {
    let mut input = hall(0, 1);
    input.lines[0].places = (1..=20).map(|order| Place { score_ms: NOW - i64::try_from(21 - order).unwrap() * MINUTE_MS, order }).collect();
    let ordinary = median_min(&input, Asked::newcomer(0, NOW, 0));
    let courtesy = median_min(&input, Asked::newcomer(0, NOW, 10 * MINUTE_MS));
    let statutory = median_min(&input, Asked::newcomer(0, NOW, 1_440 * MINUTE_MS));
    assert!(statutory == 0 && courtesy < ordinary * 7 / 10, "{statutory} {courtesy} {ordinary}");
    let fifth = median_min(&input, Asked { service: 0, place: input.lines[0].places[4] });
    let last = median_min(&input, Asked { service: 0, place: input.lines[0].places[19] });
    assert!(fifth < courtesy && courtesy < last && last <= ordinary, "{fifth} {courtesy} {last} {ordinary}");
}

#[test]
fn a_counter_that_helps_out_is_slower_to_do_so() {
    let mut input = hall(6, 1);
    input.services.push(service(5));
    input.lines.push(LineNow::default());
    let busy = Availability::Busy { service: 0, since_ms: NOW };
    input.counters = vec![counter(&[0, 1], busy)];
    let mine = median_min(&input, Asked::newcomer(1, NOW - 2 * MINUTE_MS, 0));
    input.counters[0].offers[1].offset_ms = 30 * MINUTE_MS;
    let helped = median_min(&input, Asked::newcomer(1, NOW - 2 * MINUTE_MS, 0));
    assert!(mine < 8 && helped > 20, "{mine} {helped}");
}

#[test]
fn those_who_will_overtake_are_counted() {
    let mut input = hall(6, 1);
    let ordinary = |input: &Input| median_min(input, Asked::newcomer(0, NOW, 0));
    let courtesy = |input: &Input| median_min(input, Asked::newcomer(0, NOW, 20 * MINUTE_MS));
    let (alone, ahead) = (ordinary(&input), courtesy(&input));
    input.arrivals = vec![ArrivalPace { service: 0, credit_ms: 20 * MINUTE_MS, gap_ms: 10 * 60_000 }];
    let overtaken = ordinary(&input);
    assert!((alone + 7..=alone + 14).contains(&overtaken), "two courtesy tickets of five minutes each: {alone} {overtaken}");
    assert!(courtesy(&input) <= ahead + 1, "of one class, who comes first is first");
    input.arrivals = vec![ArrivalPace { service: 0, credit_ms: 0, gap_ms: 30_000 }];
    assert!(ordinary(&input) <= alone + 3, "who comes later stands behind");
}

#[test]
fn the_same_question_has_the_same_answer() {
    let input = hall(30, 3);
    let calm = Calibration::default();
    assert_eq!(forecast_arrivals(&input, &calm, 9), forecast_arrivals(&input, &calm, 9));
}

#[test]
fn a_hall_that_is_too_full_to_play_is_still_answered() {
    let full = |people| {
        let mut input = hall(people, 10);
        input.services.push(service(5));
        input.lines.push(waiting(people / 4, 30_000));
        input.counters.push(counter(&[0, 1], Availability::Idle));
        input
    };
    let newcomer = Asked::newcomer(1, NOW, 0);
    let (played, cut) = (median_min(&full(1_500), newcomer), median_min(&full(6_000), newcomer));
    assert!((played * 7 / 2..played * 9 / 2).contains(&cut), "four times the people, four times the wait: {played} {cut}");
    let mut unlisted = full(1_500);
    unlisted.lines[0].unlisted = 4_500;
    let longer = median_min(&unlisted, newcomer);
    assert!((cut * 2 / 5..cut).contains(&longer), "the unlisted are counted: {cut} {longer}");
}

proptest! {
    #[test]
    fn any_hall_gets_an_answer_where_a_counter_serves(
        lines in prop::collection::vec(prop::collection::btree_set((0_i64..3_600_000, 1_u64..5_000), 0..60), 0..5),
        services in prop::collection::vec((0_u32..3_600_000, prop::collection::vec(0_u32..7_200_000, 0..80), 0_u16..2_000), 0..5),
        counters in prop::collection::vec((prop::collection::vec((0_usize..7, -900_000_i64..900_000), 0..5), 0_u8..5, -9_000_000_i64..9_000_000), 0..8),
        asked in prop::collection::vec((0_usize..7, -7_200_000_i64..100_000), 0..6),
        pauses in (0_u32..20_000_000, 0_u32..4_000_000),
        arrivals in prop::collection::vec((0_usize..7, -1_000_000_i64..100_000_000, 0_u32..3_000_000), 0..5),
        seed in any::<u64>(),
    ) {
        let place = |(ago, order): (i64, u64)| Place { score_ms: NOW - 3_600_000 + ago, order };
        let input = Input {
            now_ms: NOW,
            services: services.into_iter().map(|(configured_ms, observed_ms, no_show_permille)| ServicePace { configured_ms, observed_ms, no_show_permille, no_show_ms: 60_000 }).collect(),
            lines: lines.into_iter().map(|line| LineNow { places: line.into_iter().map(place).collect(), unlisted: 0 }).collect(),
            counters: counters.into_iter().map(|(offers, state, at)| CounterNow {
                offers: offers.into_iter().map(|(service, offset_ms)| OfferNow { service, offset_ms }).collect(),
                availability: match state {
                    0 => Availability::Idle,
                    1 => Availability::Busy { service: 0, since_ms: NOW + at },
                    2 => Availability::Away { back_ms: Some(NOW + at) },
                    3 => Availability::Paused,
                    _ => Availability::Away { back_ms: None },
                },
            }).collect(),
            pauses: PausePace { every_ms: pauses.0, length_ms: pauses.1 },
            arrivals: arrivals.into_iter().map(|(service, credit_ms, gap_ms)| ArrivalPace { service, credit_ms, gap_ms }).collect(),
        };
        let asked: Vec<Asked> = asked.into_iter().map(|(service, at)| Asked::newcomer(service, NOW + at, 0)).collect();
        let estimates = estimate(&input, &asked, seed);
        prop_assert_eq!(estimates.len(), asked.len());
        for (one, estimate) in asked.iter().zip(estimates) {
            let served = one.service < input.services.len()
                && input.counters.iter().any(|counter| counter.availability != (Availability::Away { back_ms: None }) && counter.offers.iter().any(|offer| offer.service == one.service));
            prop_assert_eq!(estimate.is_some(), served);
            if let Some(estimate) = estimate {
                prop_assert!(0 <= estimate.low_ms && estimate.low_ms <= estimate.median_ms && estimate.median_ms <= estimate.high_ms);
            }
        }
    }
}
