//! The compiled-in tree and presets are whole, and a hall's own rows change what they name.

use super::*;
use crate::settings::{SAMPLE_HALL, sample_profile};

fn category_id(text: &str) -> CategoryId {
    text.parse().unwrap()
}

/// The sample hall's orders with a change in the text of the file.
fn sample_with(from: &str, to: &str) -> OrderPlan {
    assert!(SAMPLE_HALL.contains(from), "{from}");
    let text = SAMPLE_HALL.replacen(from, to, 1);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let settings = crate::settings::Settings { hall_file: Some(file.path().to_owned()), ..crate::settings::Settings::default() };
    crate::settings::hall_profile(&settings).unwrap().orders
}

/// Rows at the end of the sample hall's file.
fn sample_and(rows: &str) -> Result<OrderPlan, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SAMPLE_HALL}\n{rows}")).unwrap();
    let settings = crate::settings::Settings { hall_file: Some(file.path().to_owned()), ..crate::settings::Settings::default() };
    crate::settings::hall_profile(&settings).map(|hall| hall.orders).map_err(|e| e.to_string())
}

fn minutes(plan: &OrderPlan, category: &str, phase: SeasonPhase, kind: ClockKind) -> Option<(Pace, u32)> {
    let limits = plan.limits_for(&category_id(category), Some(phase), CustomerClass::Ordinary);
    limits.get(kind).map(|limit| (limit.pace, limit.minutes))
}

#[test]
fn the_sample_hall_has_its_teams_and_the_whole_tree() {
    let plan = sample_profile().unwrap().orders;
    for id in ["repair-east", "repair-west", "metering", "fees", "business", "complaints", "hotline-desk"] {
        assert_eq!(plan.team(&id.parse().unwrap()).map(|team| team.ladder.is_empty()), Some(false), "{id}");
    }
    let ladder: Vec<_> = plan.teams[1].ladder.iter().map(|step| step.zh.as_str()).collect();
    assert_eq!(ladder, ["班长", "综合服务岗", "分管领导", "上级"]);
    let children = |of: &str| plan.categories.iter().filter(|one| one.parent.as_ref().is_some_and(|parent| parent.as_str() == of)).count();
    for (parent, count) in
        [("E", 3), ("E1", 4), ("R", 6), ("R1", 5), ("R3", 4), ("F", 5), ("F3", 3), ("B", 7), ("B5", 2), ("Z", 5), ("C", 7), ("X", 4)]
    {
        assert_eq!(children(parent), count, "{parent}");
    }
    let tops: String = plan.categories.iter().filter(|one| one.parent.is_none()).map(|one| one.id.as_str()).collect();
    assert_eq!(tops, "ERFBZCSXV");
    for category in &plan.categories {
        assert!(plan.team_for(&category.id).is_some(), "{} is nobody's", category.id);
        assert!(!category.name.zh.is_empty() && !category.name.en.is_empty(), "{}", category.id);
    }
    for letter in ["U", "N", "S", "H", "P", "D", "O", "K", "W"] {
        assert!(plan.cause(&letter.parse().unwrap()).is_some(), "{letter}");
    }
    assert!(plan.return_reasons.len() >= 5);
    assert_eq!(plan.preset.as_ref().map(Preset::mark).as_deref(), Some("general@1"));
}

#[test]
fn children_are_as_their_parents_unless_they_say_otherwise() {
    let plan = sample_profile().unwrap().orders;
    let found = |id: &str| plan.category(&category_id(id)).unwrap();
    assert!(found("E1-2").visit && found("E1-2").emergency && found("R1-5").visit && found("Z5").answer_directly);
    assert!(!found("R1").emergency && !found("B2").visit && found("B3").visit && found("C1").sealed_default && !found("C2").sealed_default);
    assert_eq!(plan.team_for(&category_id("R2")).unwrap().as_str(), "metering");
    assert_eq!(plan.team_for(&category_id("R1-5")).unwrap().as_str(), "repair-east");
}

#[test]
fn every_preset_is_a_sample_that_fits_the_tree() {
    for (name, text) in CLOCK_PRESETS {
        assert!(text.contains("示例") && text.contains("sample"), "{name}");
        let plan = sample_with("clocks = \"general\"", &format!("clocks = \"{name}\""));
        let preset = plan.preset.clone().unwrap();
        assert_eq!(preset.name, name, "the file says whose it is");
        assert!(preset.label.zh.ends_with("（示例）") && preset.label.en.ends_with("(sample)") && !preset.adapted, "{name}");
        for category in plan.categories.iter().filter(|one| one.id.as_str() != "V") {
            let limits = plan.limits_for(&category.id, Some(SeasonPhase::Main), CustomerClass::Ordinary);
            assert!(limits.accept.is_some() && limits.reply.is_some(), "{name}: {} would never come due", category.id);
            assert_eq!(limits.arrive.is_some(), category.visit && !category.id.as_str().starts_with(['B', 'C']), "{name}: {}", category.id);
        }
        let file: PresetFile = toml::from_str(text).unwrap();
        let known = |row: &ClockRow| plan.category(&row.category).is_some();
        assert!(file.clock.iter().all(known), "{name} names a category that is not in the tree");
    }
}

/// Every figure in a preset stands beside where it comes from.
#[test]
fn every_figure_names_its_source() {
    for (name, text) in CLOCK_PRESETS {
        assert!(text.contains("出处") && text.contains("Source"), "{name}");
        for line in text.lines().filter(|line| ClockKind::ALL.iter().any(|kind| line.starts_with(&format!("{} =", kind.word())))) {
            assert!(line.split_once(" # ").is_some_and(|(_, source)| !source.is_empty()), "{name}: {line}");
        }
    }
}

#[test]
fn the_presets_say_what_their_cities_promise() {
    let (first, main) = (SeasonPhase::First, SeasonPhase::Main);
    let natural = |minutes: u32| Some((Pace::Natural, minutes));
    let of = |name: &str| sample_with("clocks = \"general\"", &format!("clocks = \"{name}\""));
    let general = of("general");
    assert_eq!(minutes(&general, "E1-4", main, ClockKind::Accept), natural(15));
    assert_eq!(minutes(&general, "E1-4", main, ClockKind::Arrive), natural(30));
    assert_eq!(minutes(&general, "R1-1", main, ClockKind::Accept), natural(30));
    assert_eq!(minutes(&general, "R1-1", main, ClockKind::Contact), natural(60));
    assert_eq!(minutes(&general, "R1-1", main, ClockKind::Arrive), natural(6 * 60));
    assert_eq!(minutes(&general, "R1-1", first, ClockKind::Arrive), natural(5 * 60));
    assert_eq!(minutes(&general, "R1-1", first, ClockKind::Resolve), natural(24 * 60));
    assert_eq!(minutes(&general, "R2", first, ClockKind::Arrive), natural(24 * 60));
    assert_eq!(minutes(&general, "F1", main, ClockKind::Reply), natural(3 * 1_440));
    assert_eq!(minutes(&general, "C2", main, ClockKind::Contact), natural(1_440));
    // A working day of the sample hall is three hours and three and a half.
    assert_eq!(minutes(&general, "B4", main, ClockKind::Resolve), Some((Pace::Working, 3 * 390)));
    assert_eq!(minutes(&general, "R1", main, ClockKind::Callback), Some((Pace::Working, 2 * 390)));
    assert_eq!(general.bad_grade, Some(Limit { pace: Pace::Working, minutes: 15 * 390 }));
    let qingdao = of("qingdao");
    assert_eq!(minutes(&qingdao, "E1-1", main, ClockKind::Arrive), natural(60));
    assert_eq!(minutes(&qingdao, "R1-2", first, ClockKind::Arrive), natural(5 * 60));
    assert_eq!(minutes(&qingdao, "R1-2", main, ClockKind::Arrive), natural(2 * 60));
    assert_eq!(minutes(&qingdao, "R1-2", main, ClockKind::Resolve), natural(24 * 60), "as in the general preset");
    let beijing = of("beijing");
    assert_eq!(minutes(&beijing, "R1", first, ClockKind::Arrive), natural(6 * 60));
    assert_eq!(minutes(&beijing, "R2", main, ClockKind::Resolve), natural(24 * 60));
    assert_eq!(minutes(&of("weihai"), "Z1", main, ClockKind::Reply), natural(3 * 1_440));
    assert_eq!(minutes(&of("tianjin"), "R4", main, ClockKind::Accept), natural(30));
}

#[test]
fn a_hall_changes_single_rows() {
    let rows = r#"
        [[orders.clock_rows]]
        category = "R1"
        customer_class = "vulnerable"
        arrive = "3h"
        [[orders.clock_rows]]
        category = "R1"
        phase = "first"
        contact = "8wh"
        [[orders.clock_rows]]
        category = "R4"
        arrive = "none"
        [[orders.categories]]
        id = "R5"
        skills = ["metering"]
        [[orders.categories]]
        id = "R7"
        parent = "R"
        name = { zh = "暖气试水", en = "Filling" }
        [[orders.causes]]
        id = "W"
        name = { zh = "无故障", en = "No fault" }
    "#;
    let plan = sample_and(rows).unwrap();
    assert_eq!(plan.preset.as_ref().map(Preset::mark).as_deref(), Some("general@1+"));
    let vulnerable = plan.limits_for(&category_id("R1-1"), Some(SeasonPhase::First), CustomerClass::Vulnerable);
    assert_eq!(vulnerable.arrive.map(|limit| limit.minutes), Some(180));
    assert_eq!(minutes(&plan, "R1", SeasonPhase::First, ClockKind::Contact), Some((Pace::Working, 480)));
    assert_eq!(minutes(&plan, "R1", SeasonPhase::First, ClockKind::Arrive), Some((Pace::Natural, 300)), "what the row does not name stays");
    assert_eq!(minutes(&plan, "R4", SeasonPhase::Main, ClockKind::Arrive), None);
    assert_eq!(minutes(&plan, "R4", SeasonPhase::Main, ClockKind::Accept), Some((Pace::Natural, 30)));
    let (valve, filling) = (plan.category(&category_id("R5")).unwrap(), plan.category(&category_id("R7")).unwrap());
    assert_eq!((valve.skills.len(), valve.name.zh.as_str(), valve.visit), (1, "阀门、热表、温控器故障", true));
    assert!(filling.visit, "a new category is as its parent");
    assert_eq!(
        plan.causes.iter().filter(|cause| cause.id.as_str() == "W").map(|cause| cause.name.en.as_str()).collect::<Vec<_>>(),
        ["No fault"]
    );
}

#[test]
fn a_hall_leaves_categories_out_and_may_start_from_nothing() {
    let plan = sample_with("tree = \"heating\"", "tree = \"heating\"\nwithout = [\"R1\", \"B6\"]");
    for gone in ["R1", "R1-5", "B6"] {
        assert!(plan.category(&category_id(gone)).is_none(), "{gone}");
    }
    assert!(plan.clocks.iter().all(|rule| rule.category.as_str() != "R1"), "with its rows of the preset");
    let bare = r#"
        tree = "none"
        categories = [{ id = "W", name = { zh = "停水", en = "No water" } }]
        clock_rows = [{ category = "W", arrive = "2h" }]
    "#;
    let file: OrdersFile = toml::from_str(bare).unwrap();
    let plan = file.resolve(&Calendar::round_the_clock(chrono_tz::UTC)).unwrap();
    plan.check().unwrap();
    assert_eq!((plan.categories.len(), plan.causes.len(), plan.preset), (1, 0, None));
}

#[test]
fn what_is_wrong_is_shown_where_it_is() {
    for (rows, place) in [
        ("[[orders.clock_rows]]\ncategory = \"R1\"\narrive = \"3 Stunden\"", "line "),
        ("[[orders.clock_rows]]\ncategory = \"R1\"\narrives = \"3h\"", "arrives"),
        ("[[orders.clock_rows]]\ncategory = \"Q9\"\narrive = \"3h\"", "orders.clocks.Q9"),
        ("[[orders.categories]]\nid = \"R9\"", "orders.categories.R9"),
        ("[[orders.categories]]\nid = \"r9\"", "a category code"),
        ("[[orders.categories]]\nid = \"R9\"\nparent = \"Q\"\nname = { zh = \"a\", en = \"a\" }", "orders.categories.R9.parent"),
        ("[[orders.teams]]\nid = \"fees\"\nwip_max = 3\nname = { zh = \"a\", en = \"a\" }", "orders.teams: fees stands twice"),
    ] {
        let problem = sample_and(rows).unwrap_err();
        assert!(problem.contains(place), "{problem} does not name {place}");
    }
    let settings = |text: &str| -> String {
        let file: OrdersFile = toml::from_str(text).unwrap();
        file.resolve(&Calendar::round_the_clock(chrono_tz::UTC)).unwrap_err()
    };
    assert_eq!(settings("clocks = \"paris\""), "clocks: no preset is called `paris`; there are general, beijing, qingdao, weihai, tianjin");
    assert_eq!(settings("without = [\"Q\"]"), "without: no category is called Q");
    assert_eq!(settings("routes = { Q = \"fees\" }"), "routes.Q: no category has this code");
    assert!(toml::from_str::<OrdersFile>("tree = \"oak\"").unwrap_err().to_string().contains("heating"));
}

#[test]
fn limits_are_read_as_they_are_written() {
    for (text, span) in [
        ("30min", Span::Minutes(30)),
        ("6h", Span::Minutes(360)),
        ("3d", Span::Minutes(4_320)),
        ("8wh", Span::WorkingMinutes(480)),
        ("2wd", Span::WorkingDays(2)),
        ("none", Span::None),
    ] {
        assert_eq!(text.parse::<Span>(), Ok(span), "{text}");
    }
    for bad in ["", "30", "min", "0h", "-3h", "3 h", "3hours", "4294967296min", "99999999d", "３h"] {
        assert!(bad.parse::<Span>().is_err(), "{bad}");
    }
}
