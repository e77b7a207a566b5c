//! What a hall can write down for its orders, which limit wins, when the season is, and what is refused.

use chrono::{DateTime, NaiveDate, Utc};

use super::*;
use crate::domain::calendar::Week;
use crate::domain::sla::{ClockKind, Pace};

fn text(zh: &str) -> Text {
    Text { zh: zh.to_owned(), en: zh.to_owned() }
}

fn category(id: &str, parent: Option<&str>) -> Category {
    Category {
        id: id.parse().unwrap(),
        parent: parent.map(|parent| parent.parse().unwrap()),
        name: text(id),
        visit: false,
        skills: Vec::new(),
        team: None,
        answer_directly: false,
        urges: false,
        emergency: false,
        sealed_default: false,
    }
}

fn team(id: &str) -> TeamPlan {
    TeamPlan { id: id.parse().unwrap(), name: text(id), wip_max: 5, ladder: vec![text("班长")], phone: None }
}

fn rule(category: &str, phase: Option<SeasonPhase>, customer_class: Option<CustomerClass>, arrive: u32) -> ClockRule {
    let limits = Limits { arrive: Some(Limit { pace: Pace::Natural, minutes: arrive }), ..Limits::default() };
    ClockRule { category: category.parse().unwrap(), phase, customer_class, limits }
}

fn season(start: &str, end: &str) -> Season {
    Season { start: start.parse().unwrap(), end: end.parse().unwrap(), first_days: 10 }
}

fn plan() -> OrderPlan {
    let mut repair = category("R", None);
    repair.team = Some("east".parse().unwrap());
    OrderPlan {
        teams: vec![team("east"), team("metering")],
        categories: vec![repair, category("R1", Some("R")), category("R1-1", Some("R1"))],
        season: Some(season("11-15", "03-15")),
        ..OrderPlan::default()
    }
}

fn arrive(plan: &OrderPlan, category: &str, phase: Option<SeasonPhase>, class: CustomerClass) -> Option<u32> {
    plan.limits_for(&category.parse().unwrap(), phase, class).arrive.map(|limit| limit.minutes)
}

#[test]
fn the_nearest_category_wins_then_the_class_then_the_phase() {
    use CustomerClass::{Company, Ordinary, Vulnerable};
    let first = Some(SeasonPhase::First);
    let mut plan = plan();
    plan.clocks = vec![
        rule("R", None, None, 1),
        rule("R", first, Some(Vulnerable), 2),
        rule("R1", first, None, 3),
        rule("R1", None, Some(Vulnerable), 4),
        rule("R1", None, None, 5),
        rule("R1", first, Some(Company), 6),
    ];
    plan.check().unwrap();
    let found = |category, phase, class| arrive(&plan, category, phase, class);
    assert_eq!(found("R1-1", None, Ordinary), Some(5), "an ancestor matches");
    assert_eq!(found("R1-1", first, Ordinary), Some(3));
    assert_eq!(found("R1", first, Vulnerable), Some(4), "the class before the phase");
    assert_eq!(found("R1", first, Company), Some(6), "both");
    assert_eq!(found("R1", Some(SeasonPhase::Main), Company), Some(5));
    assert_eq!(found("R", first, Vulnerable), Some(2));
    assert_eq!(found("R", None, Vulnerable), Some(1), "no phase, no rule of a phase");
    assert_eq!(found("Q", None, Ordinary), None, "an unknown category has no limits");
    plan.clocks.reverse();
    assert_eq!(arrive(&plan, "R1", first, Vulnerable), Some(4), "the order of the rows does not matter");
}

#[test]
fn each_clock_is_looked_up_by_itself_and_none_is_an_answer() {
    let minutes = |minutes| Some(Limit { pace: Pace::Working, minutes });
    let mut plan = plan();
    plan.clocks = vec![rule("R", None, None, 60), rule("R1", None, None, 30), rule("R1-1", None, None, 0)];
    plan.clocks[0].limits.callback = minutes(780);
    plan.clocks[1].limits.accept = minutes(15);
    plan.check().unwrap();
    let limits = plan.limits_for(&"R1-1".parse().unwrap(), None, CustomerClass::Ordinary);
    let found: Vec<_> = limits.iter().map(|(kind, limit)| (kind, limit.minutes)).collect();
    assert_eq!(found, [(ClockKind::Accept, 15), (ClockKind::Callback, 780)], "0 takes the wider rule's clock away");
    assert_eq!(Limit { pace: Pace::Working, minutes: LIMIT_MINUTES_MAX }.ms(), 31_622_400_000);
}

#[test]
fn a_category_is_its_nearest_ancestors_teams() {
    let mut plan = plan();
    let found = |plan: &OrderPlan, id: &str| plan.team_for(&id.parse().unwrap()).map(ToString::to_string);
    assert_eq!(found(&plan, "R1-1").as_deref(), Some("east"));
    plan.categories[1].team = Some("metering".parse().unwrap());
    assert_eq!(found(&plan, "R1-1").as_deref(), Some("metering"));
    assert_eq!(found(&plan, "Q"), None);
    let lineage: Vec<_> = plan.lineage(&"R1-1".parse().unwrap()).map(|one| one.id.to_string()).collect();
    assert_eq!(lineage, ["R1-1", "R1", "R"]);
}

#[test]
fn a_season_over_new_year_has_a_first_a_last_and_a_tenth_day() {
    let season = season("11-15", "03-15");
    let on = |date: &str| season.phase_on(date.parse::<NaiveDate>().unwrap());
    for (date, phase) in [
        ("2026-11-14", SeasonPhase::Off),
        ("2026-11-15", SeasonPhase::First),
        ("2026-11-24", SeasonPhase::First),
        ("2026-11-25", SeasonPhase::Main),
        ("2026-12-31", SeasonPhase::Main),
        ("2027-01-01", SeasonPhase::Main),
        ("2028-02-29", SeasonPhase::Main),
        ("2027-03-15", SeasonPhase::Main),
        ("2027-03-16", SeasonPhase::Off),
        ("2027-07-01", SeasonPhase::Off),
    ] {
        assert_eq!(on(date), phase, "{date}");
    }
}

#[test]
fn a_season_within_a_year_and_one_that_begins_at_its_end_of_the_year() {
    let summer = season("05-01", "09-30");
    let on = |date: &str| summer.phase_on(date.parse::<NaiveDate>().unwrap());
    assert_eq!((on("2026-04-30"), on("2026-05-01"), on("2026-05-11")), (SeasonPhase::Off, SeasonPhase::First, SeasonPhase::Main));
    assert_eq!((on("2026-09-30"), on("2026-10-01"), on("2027-01-01")), (SeasonPhase::Main, SeasonPhase::Off, SeasonPhase::Off));
    let winter = season("12-28", "01-20");
    assert_eq!(winter.phase_on("2027-01-06".parse().unwrap()), SeasonPhase::First, "the first days reach into the next year");
    assert_eq!(winter.phase_on("2027-01-07".parse().unwrap()), SeasonPhase::Main);
}

#[test]
fn the_season_turns_with_the_halls_own_midnight() {
    let season = season("11-15", "03-15");
    let at = |now: &str| season.phase_at(now.parse::<DateTime<Utc>>().unwrap(), chrono_tz::Asia::Shanghai);
    assert_eq!(at("2026-11-14T15:59:59.999Z"), SeasonPhase::Off);
    assert_eq!(at("2026-11-14T16:00:00Z"), SeasonPhase::First);
    assert_eq!(at("2027-03-15T15:59:59.999Z"), SeasonPhase::Main);
    assert_eq!(at("2027-03-15T16:00:00Z"), SeasonPhase::Off);
    for end in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        let _ = season.phase_at(end, chrono_tz::Asia::Shanghai);
    }
}

#[test]
fn days_of_the_year_are_read_as_they_are_written() {
    assert_eq!("03-05".parse::<MonthDay>().unwrap().to_string(), "03-05");
    for bad in ["", "3-5", "02-29", "02-30", "13-01", "00-10", "11/15", "11-15-2026", "１1-15"] {
        assert!(bad.parse::<MonthDay>().is_err(), "{bad}");
    }
}

fn refused(change: impl FnOnce(&mut OrderPlan)) -> String {
    let mut plan = plan();
    change(&mut plan);
    plan.check().unwrap_err()
}

#[test]
fn a_fault_is_named_with_its_place() {
    let id = |text: &str| text.parse().unwrap();
    let cases: [(&str, String); 15] = [
        ("teams: east stands twice", refused(|plan| plan.teams.push(team("east")))),
        ("teams.east.wip_max", refused(|plan| plan.teams[0].wip_max = 0)),
        ("teams.east.phone", refused(|plan| plan.teams[0].phone = Some(" ".to_owned()))),
        ("desk: no team is called night", refused(|plan| plan.desk = Some("night".parse().unwrap()))),
        ("categories: R1 stands twice", refused(|plan| plan.categories.push(category("R1", Some("R"))))),
        ("categories.R1.parent: R does not stand before it", refused(|plan| plan.categories.swap(0, 1))),
        ("categories.R.parent: R does not stand before it", refused(|plan| plan.categories[0].parent = Some(id("R")))),
        ("categories.R1.team: no team is called night", refused(|plan| plan.categories[1].team = Some("night".parse().unwrap()))),
        ("clocks.Q: no category has this code", refused(|plan| plan.clocks.push(rule("Q", None, None, 5)))),
        ("clocks.R.arrive: at most 527040 minutes", refused(|plan| plan.clocks.push(rule("R", None, None, LIMIT_MINUTES_MAX + 1)))),
        ("clocks.R: stands twice", refused(|plan| plan.clocks = vec![rule("R", None, None, 5), rule("R", None, None, 6)])),
        (
            "clocks.R: a phase needs a season",
            refused(|plan| {
                plan.season = None;
                plan.clocks.push(rule("R", Some(SeasonPhase::First), None, 5));
            }),
        ),
        ("season.end", refused(|plan| plan.season = Some(season("11-15", "11-15")))),
        ("bad_grade: at least one minute", refused(|plan| plan.bad_grade = Some(Limit::NONE))),
        ("rules.lease_s: 1 to", refused(|plan| plan.rules.lease_s = 0)),
    ];
    for (place, problem) in cases {
        assert!(problem.starts_with(place), "{problem} does not name {place}");
    }
}

#[test]
fn every_list_has_an_end() {
    let many = |count: usize| (0..count).map(|n| format!("N{n}"));
    let full = |over: usize| {
        let mut plan = plan();
        plan.teams = (0..TEAMS_MAX + over).map(|n| team(&format!("t{n}"))).collect();
        plan.categories.clear();
        plan
    };
    full(0).check().unwrap();
    assert_eq!(full(1).check().unwrap_err(), "teams: at most 100");
    type Fill<'a> = &'a dyn Fn(&mut OrderPlan, usize);
    let with = |change: Fill<'_>, over: usize| {
        let mut plan = plan();
        change(&mut plan, over);
        plan.check()
    };
    let lists: [(&str, Fill<'_>); 7] = [
        ("categories", &|plan, over| plan.categories = many(CATEGORIES_MAX + over).map(|id| category(&id, None)).collect()),
        ("causes", &|plan, over| {
            plan.causes = many(CAUSES_MAX + over).map(|id| Cause { id: id.parse().unwrap(), name: text("因") }).collect();
        }),
        ("return_reasons", &|plan, over| {
            let ids = (0..REASONS_MAX + over).map(|n| format!("n{n}").parse().unwrap());
            plan.return_reasons = ids.map(|id| ReturnReason { id, name: text("理由") }).collect();
        }),
        ("clocks", &|plan, over| {
            plan.categories = many(200).map(|id| category(&id, None)).collect();
            let classes = [Some(CustomerClass::Ordinary), Some(CustomerClass::Vulnerable), Some(CustomerClass::Company), None];
            let all = many(200).flat_map(|id| classes.map(|class| rule(&id, None, class, 5)));
            plan.clocks = all.take(CLOCK_RULES_MAX + over).collect();
        }),
        ("teams.east.ladder", &|plan, over| plan.teams[0].ladder = vec![text("班长"); LADDER_MAX + over]),
        ("categories.R.skills", &|plan, over| {
            plan.categories[0].skills = (0..CATEGORY_SKILLS_MAX + over).map(|n| format!("s{n}").parse().unwrap()).collect();
        }),
        ("categories.D4.parent", &|plan, over| {
            let level = |n: usize| category(&format!("D{n}"), n.checked_sub(1).map(|n| format!("D{n}")).as_deref());
            plan.categories = (0..CATEGORY_DEPTH_MAX + over).map(level).collect();
        }),
    ];
    for (place, change) in lists {
        with(change, 0).unwrap_or_else(|problem| panic!("{place}: {problem}"));
        let problem = with(change, 1).unwrap_err();
        assert!(problem.starts_with(place) && problem.contains("at most"), "{problem}");
    }
    let longest = |over: usize| with(&|plan, over| plan.teams[0].phone = Some("9".repeat(PHONE_CHARS_MAX + over)), over);
    assert!(longest(0).is_ok() && longest(1).is_err());
    let busiest = |over: u32| with(&|plan, _| plan.teams[0].wip_max = WIP_MAX_MAX + over, 0);
    assert!(busiest(0).is_ok() && busiest(1).is_err());
}

#[test]
fn working_time_needs_a_week_with_hours() {
    let mut plan = plan();
    let mut calendar = Calendar::round_the_clock(chrono_tz::Asia::Shanghai);
    calendar.week = Week::default();
    plan.check_calendar(&calendar).unwrap();
    plan.clocks.push(rule("R", None, None, 5));
    plan.check_calendar(&calendar).unwrap();
    plan.clocks[0].limits.callback = Some(Limit { pace: Pace::Working, minutes: 780 });
    assert!(plan.check_calendar(&calendar).unwrap_err().contains("working time"));
}

#[test]
fn a_plan_reads_back_as_it_was_written_and_an_old_profile_has_none() {
    let mut plan = plan();
    plan.clocks = vec![rule("R", Some(SeasonPhase::First), Some(CustomerClass::Vulnerable), 5)];
    plan.preset = Some(Preset { name: "qingdao".to_owned(), version: 2, label: text("青岛"), adapted: true });
    assert_eq!(plan.preset.as_ref().map(Preset::mark).as_deref(), Some("qingdao@2+"));
    assert_eq!(serde_json::from_str::<OrderPlan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
    let old = serde_json::to_value(crate::domain::profile::Profile::default()).unwrap();
    assert!(old.get("orders").is_none(), "a hall without orders is written as before");
    assert!(serde_json::from_value::<crate::domain::profile::Profile>(old).unwrap().orders.is_unwritten());
}
