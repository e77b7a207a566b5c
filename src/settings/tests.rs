//! The file of defaults says what the program does, and mistakes are shown where they stand.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::*;
use crate::domain::profile::Class;

fn no_environment() -> std::iter::Empty<(String, String)> {
    std::iter::empty()
}

fn variables<'a>(pairs: &'a [(&str, &str)]) -> impl Iterator<Item = (String, String)> + 'a {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
}

fn file_with(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

/// Every key with its sections, as `voice.enabled`.
#[expect(clippy::wildcard_enum_match_arm, reason = "everything that is no table is a leaf")]
fn key_paths(table: &Table, above: &str, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => key_paths(inner, &format!("{above}{key}."), found),
            _ => drop(found.insert(format!("{above}{key}"))),
        }
    }
}

#[test]
fn the_file_of_defaults_is_complete_and_says_what_holds() {
    let written: Settings = toml::from_str(DEFAULTS).unwrap();
    assert_eq!(written, Settings::default());
    written.check().unwrap();
    let mut in_file = BTreeSet::new();
    key_paths(&toml::from_str(DEFAULTS).unwrap(), "", &mut in_file);
    let mut in_types = BTreeSet::new();
    key_paths(&Table::try_from(Settings::default()).unwrap(), "", &mut in_types);
    assert_eq!(in_file, in_types);
    // What is nothing by default stands in the file as a comment.
    for key in ["clips_dir", "phrases_dir", "command"] {
        assert!(DEFAULTS.contains(&format!("\n# {key} = ")), "{key}");
    }
}

#[test]
fn every_default_is_explained_in_both_languages() {
    let mut above = String::new();
    for line in DEFAULTS.lines() {
        if line.starts_with('#') {
            above.push_str(line);
            continue;
        }
        if line.contains('=') {
            assert!(above.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{line} is not explained in Chinese");
            assert!(above.chars().filter(char::is_ascii_lowercase).count() > 8, "{line} is not explained in English");
        }
        above.clear();
    }
}

#[test]
fn a_file_changes_only_what_it_names() {
    let file = file_with("listen = \"0.0.0.0:9000\"\nredis_url = \"redis://h/\"\n[voice]\nenabled = false\n");
    let settings = load(Some(file.path()), no_environment()).unwrap();
    assert_eq!(settings.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(settings.redis_url.as_deref(), Some("redis://h/"));
    assert!(!settings.voice.enabled);
    assert_eq!(settings.voice.repeats, VoiceSettings::default().repeats);
    assert_eq!(settings.hall_id, "hall");
}

#[test]
fn an_unknown_key_is_shown_with_line_and_column() {
    for (text, place) in [
        ("\nlisten_at = \"x\"\n", "line 2, column 1"),
        ("[voice]\nvolume = 3\n", "line 2, column 1"),
        ("[log]\nlevel = 3\n", "line 2, column 9"),
        ("listen = \"nowhere\"\n", "line 1, column 10"),
    ] {
        let file = file_with(text);
        let error = load(Some(file.path()), no_environment()).unwrap_err().to_string();
        assert!(error.contains(place), "{error}");
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = file_with("redis_url = \"redis://file/\"\n[limits]\nworkers = 3\n");
    let given = [
        ("WARMHALL__REDIS_URL", "redis://environment/"),
        ("WARMHALL__VOICE__ENABLED", "false"),
        ("WARMHALL__VOICE__CLIPS_DIR", "/srv/clips"),
        ("WARMHALL__TRUSTED_PROXIES", "[\"10.0.0.1\"]"),
        ("WARMHALL__HALL_ID", "7"),
        ("PATH", "/bin"),
    ];
    let settings = load(Some(file.path()), variables(&given)).unwrap();
    assert_eq!(settings.redis_url.as_deref(), Some("redis://environment/"));
    assert!(!settings.voice.enabled);
    assert_eq!(settings.voice.clips_dir, Some(PathBuf::from("/srv/clips")));
    assert_eq!(settings.trusted_proxies, ["10.0.0.1".parse::<IpAddr>().unwrap()]);
    assert_eq!(settings.hall_id, "7");
    assert_eq!(settings.limits.workers, 3);
}

#[test]
fn an_unknown_variable_is_named() {
    for (name, value) in [("WARMHALL__REDIS", "x"), ("WARMHALL__VOICES__ENABLED", "true"), ("WARMHALL__VOICE__ENABLED", "perhaps")] {
        let error = load(None, variables(&[(name, value)])).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn impossible_values_are_refused_with_their_key() {
    for (text, key) in [
        ("hall_id = \"A\"", "hall_id"),
        ("hall_id = \"\"", "hall_id"),
        ("redis_url = \"a\"\nredis_url_file = \"b\"", "redis_url_file"),
        ("public_url = \"ftp://x\"", "public_url"),
        ("[limits]\nworkers = 65", "limits.workers"),
        ("[history]\ndays_kept = 0", "history.days_kept"),
        ("[history]\nrecords_days_kept = 10951", "history.records_days_kept"),
        ("[voice]\nrepeats = 0", "voice.repeats"),
    ] {
        let file = file_with(text);
        let error = load(Some(file.path()), no_environment()).unwrap_err().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn an_address_with_a_password_can_stand_in_a_file() {
    let secret = file_with("redis://:secret@h/\n");
    let settings = Settings { redis_url_file: Some(secret.path().to_owned()), ..Settings::default() };
    assert_eq!(settings.redis_address().unwrap().as_deref(), Some("redis://:secret@h/"));
}

#[test]
fn the_sample_hall_can_open() {
    let hall = sample_profile().unwrap();
    assert_eq!(hall.services.len(), 7);
    assert_eq!(hall.counters.len(), 6);
    assert!(!hall.calendar.enforce_hours);
    let plans: BTreeSet<_> = hall.counters.iter().map(|c| format!("{:?}", c.services)).collect();
    assert_eq!(plans.len(), hall.counters.len(), "no two counters offer the same");
    for service in &hall.services {
        let served = hall.counters.iter().any(|c| c.services.iter().any(|o| o.service == service.id && o.offset_min == 0));
        assert!(served, "{} is nobody's own service", service.id);
    }
    let classes: Vec<_> = hall.classes.iter().map(|c| (c.class, c.credit_min, c.at_kiosk)).collect();
    assert!(classes.contains(&(Class::Courtesy, 20, true)));
    assert!(classes.contains(&(Class::Statutory, 1440, false)));
}

#[test]
fn a_wrong_hall_is_shown_where_it_is_wrong() {
    let file = file_with(&SAMPLE_HALL.replace("minutes = 15", "minuets = 15"));
    let settings = Settings { hall_file: Some(file.path().to_owned()), ..Settings::default() };
    let error = hall_profile(&settings).unwrap_err().to_string();
    assert!(error.contains("line ") && error.contains("minuets"), "{error}");
    let file = file_with(&SAMPLE_HALL.replace("{ service = \"pay\" }]", "{ service = \"lunch\" }]"));
    let settings = Settings { hall_file: Some(file.path().to_owned()), ..Settings::default() };
    assert!(hall_profile(&settings).unwrap_err().to_string().contains("lunch"));
}
