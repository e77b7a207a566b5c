//! Reads the file in which a hall's people wrote down their services, counters and hours.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Settings;
use super::file::{SettingsError, read_text};
use super::orders::OrdersFile;
use crate::domain::calendar::Calendar;
use crate::domain::phone::AreaCode;
use crate::domain::profile::{ClassPlan, CounterPlan, Profile, Rules, Service};
use crate::domain::text::{Language, Text};

/// The sample hall: a district-heating company's.
pub const SAMPLE_HALL: &str = include_str!("../../config/halls/heating.toml");
/// Where the sample hall stands in the source tree, for messages.
const SAMPLE_PATH: &str = "config/halls/heating.toml";

/// A hall as its file has it: a [`Profile`] whose orders still name presets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HallFile {
    name: Text,
    hotline: Option<String>,
    area_code: Option<AreaCode>,
    languages: Vec<Language>,
    calendar: Calendar,
    #[serde(default)]
    rules: Rules,
    classes: Vec<ClassPlan>,
    services: Vec<Service>,
    counters: Vec<CounterPlan>,
    orders: Option<OrdersFile>,
}

impl HallFile {
    /// The profile with every preset looked up.
    fn resolve(self) -> Result<Profile, String> {
        let orders = self.orders.map(|orders| orders.resolve(&self.calendar)).transpose().map_err(|e| format!("orders.{e}"))?;
        Ok(Profile {
            name: self.name,
            hotline: self.hotline,
            area_code: self.area_code,
            languages: self.languages,
            calendar: self.calendar,
            rules: self.rules,
            classes: self.classes,
            services: self.services,
            counters: self.counters,
            orders: orders.unwrap_or_default(),
        })
    }
}

/// The hall of the settings: its file, or the sample where none is named.
///
/// # Errors
/// When the file cannot be read, or says something unknown or impossible (with line and column where there is one).
pub fn hall_profile(settings: &Settings) -> Result<Profile, SettingsError> {
    match &settings.hall_file {
        Some(path) => parse(path, &read_text(path)?),
        None => sample_profile(),
    }
}

/// The sample hall that is compiled in.
///
/// # Errors
/// Never in a build whose tests passed.
pub fn sample_profile() -> Result<Profile, SettingsError> {
    parse(&PathBuf::from(SAMPLE_PATH), SAMPLE_HALL)
}

fn parse(path: &Path, text: &str) -> Result<Profile, SettingsError> {
    let file: HallFile = toml::from_str(text)
        .map_err(|error| SettingsError::Parse { path: path.to_owned(), problem: error.to_string().trim_end().to_owned() })?;
    let refuse = |problem| SettingsError::Hall { path: path.to_owned(), problem };
    let profile = file.resolve().map_err(refuse)?;
    profile.check().map_err(refuse)?;
    Ok(profile)
}
