//! `warmhall voice make`: makes the recordings that the announcer speaks with.

use super::args::{Tongue, VoiceArgs, VoiceStep};
use super::fault::Fault;
use crate::announcer::PhraseBook;
use crate::announcer::pack::{self, Maker};
use crate::domain::text::Language;
use crate::settings::voice::VoiceSettings;

pub(super) fn voice(args: VoiceArgs) -> Result<(), Fault> {
    let VoiceStep::Make { dir, phrases_dir, language } = args.step;
    let languages = match language {
        None => vec![Language::Zh, Language::En],
        Some(Tongue::Zh) => vec![Language::Zh],
        Some(Tongue::En) => vec![Language::En],
    };
    let settings = VoiceSettings { phrases_dir, ..VoiceSettings::default() };
    let book = PhraseBook::load(&settings).map_err(|error| Fault::usage(error.to_string()))?;
    for language in languages {
        let made = pack::make(&dir, language, &Maker::shipped(language), &book).map_err(|error| Fault::failed(error.to_string()))?;
        let (clips, kib, seconds) = (made.clips, made.bytes / 1024, made.length_ms / 1000);
        println!("{language:?}: {clips} 条录音 / recordings, {kib} KiB, {seconds} s");
    }
    Ok(())
}
