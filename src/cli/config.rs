//! `warmhall config`: shows the settings, explains them, and says what is wrong with a file.

use super::args::{ConfigArgs, ConfigStep};
use super::fault::Fault;
use crate::domain::order_plan::Preset;
use crate::settings::telephony::Secret;
use crate::settings::{self, Settings};

pub(super) fn config(args: ConfigArgs) -> Result<(), Fault> {
    match args.step {
        ConfigStep::Default => print!("{}", settings::DEFAULTS),
        ConfigStep::Hall => print!("{}", settings::SAMPLE_HALL),
        ConfigStep::Check { place } => {
            let settings = place.settings()?;
            let hall = settings::hall_profile(&settings)?;
            settings.redis_address()?;
            settings.telephony.plan()?;
            let (services, counters) = (hall.services.len(), hall.counters.len());
            println!("正确 / correct: {}, {services} 项业务 / services, {counters} 个窗口 / counters", hall.name.zh);
            if !hall.orders.is_unwritten() {
                let (teams, categories) = (hall.orders.teams.len(), hall.orders.categories.len());
                let clocks = hall.orders.preset.as_ref().map_or_else(|| "–".to_owned(), Preset::mark);
                println!("工单 / orders: {teams} 个班组 / teams, {categories} 个分类 / categories, 时限 / clocks: {clocks}");
            }
        }
        ConfigStep::Print { place } => {
            let settings = without_secrets(place.settings()?);
            let text = toml::to_string(&settings);
            print!("{}", text.map_err(|error| Fault::of("设置无法打印", "the settings cannot be printed", &error))?);
        }
    }
    Ok(())
}

/// The settings without the password in the address of Redis, and without the secrets of the telephone.
fn without_secrets(mut settings: Settings) -> Settings {
    if let Some(mut url) = settings.redis_url.as_deref().and_then(|url| url::Url::parse(url).ok())
        && url.password().is_some()
        && url.set_password(Some("***")).is_ok()
    {
        settings.redis_url = Some(url.to_string());
    }
    for secret in [&mut settings.telephony.zammad_token, &mut settings.telephony.ami.secret] {
        if secret.reveal().is_some() {
            *secret = Secret::from("***");
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        let mut settings = Settings { redis_url: Some("redis://u:secret@h:1/".to_owned()), ..Settings::default() };
        settings.telephony.zammad_token = Secret::from("PhXp3ZG63QyJfcb1pVOnBKJWIbI");
        settings.telephony.ami.secret = Secret::from("geheim");
        let shown = without_secrets(settings);
        assert_eq!(shown.redis_url.as_deref(), Some("redis://u:***@h:1/"));
        let text = toml::to_string(&shown).unwrap();
        assert!(!text.contains("PhXp3") && !text.contains("geheim"), "{text}");
    }
}
