//! Reads the file in which a hall's people wrote down their services, counters and hours.

use std::path::{Path, PathBuf};

use super::Settings;
use super::file::{SettingsError, read_text};
use crate::domain::profile::Profile;

/// The sample hall: a district-heating company's.
pub const SAMPLE_HALL: &str = include_str!("../../config/halls/heating.toml");
/// Where the sample hall stands in the source tree, for messages.
const SAMPLE_PATH: &str = "config/halls/heating.toml";

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
    let profile: Profile = toml::from_str(text)
        .map_err(|error| SettingsError::Parse { path: path.to_owned(), problem: error.to_string().trim_end().to_owned() })?;
    profile.check().map_err(|problem| SettingsError::Hall { path: path.to_owned(), problem })?;
    Ok(profile)
}
