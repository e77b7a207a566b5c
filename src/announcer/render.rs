//! From an announcement to sound, purely: chime, then each language in turn, said as often as the hall wants.

use super::clips::{ClipError, Clips};
use super::pcm::{Pcm, WavError};
use super::phrase::{Announcement, Phrase, PhraseBook, PhraseError, Word};
use crate::settings::voice::{Language, VoiceSettings, VoiceSettingsError};

/// Silence between the chime and the first word, milliseconds.
const AFTER_CHIME_MS: u32 = 250;
/// Silence between two words, milliseconds.
const BETWEEN_WORDS_MS: u32 = 25;
/// Silence between two sentences, milliseconds.
const BETWEEN_SENTENCES_MS: u32 = 700;
/// Longest announcement, milliseconds; a longer one loses its last repeats.
pub const SOUND_MS_MAX: u64 = 180_000;

/// Why the voice cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// A setting is out of bounds.
    #[error(transparent)]
    Settings(#[from] VoiceSettingsError),
    /// A phrase file cannot be used.
    #[error(transparent)]
    Phrases(#[from] PhraseError),
    /// A recording is missing or cannot be used.
    #[error(transparent)]
    Clips(#[from] ClipError),
}

/// Why an announcement has no sound.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// It has no sentence.
    #[error(transparent)]
    Phrase(#[from] PhraseError),
    /// It cannot be written as a WAV.
    #[error(transparent)]
    Wav(#[from] WavError),
}

/// Phrases, recordings and repeats: all that is needed to make sound without a sound card.
#[derive(Debug, Clone)]
pub struct Voice {
    book: PhraseBook,
    clips: Clips,
    repeats: u8,
    emergency_repeats: u8,
}

impl Voice {
    /// Loads phrases and recordings and checks that every word can be said.
    ///
    /// # Errors
    /// A setting out of bounds, or a phrase or recording that cannot be used; the message names it.
    pub fn load(settings: &VoiceSettings) -> Result<Self, VoiceError> {
        settings.check()?;
        let book = PhraseBook::load(settings)?;
        let clips = Clips::load(settings.clips_dir.as_deref())?;
        clips.check(&book)?;
        Ok(Self { book, clips, repeats: settings.repeats, emergency_repeats: settings.emergency_repeats })
    }

    /// The phrases.
    #[must_use]
    pub const fn book(&self) -> &PhraseBook {
        &self.book
    }

    /// Samples per second of everything this voice says.
    #[must_use]
    pub const fn rate_hz(&self) -> u32 {
        self.clips.rate_hz()
    }

    /// One sentence from the recordings.
    #[must_use]
    pub fn sentence(&self, phrase: &Phrase) -> Pcm {
        let mut sound = Pcm::empty(self.rate_hz());
        for word in &phrase.words {
            match word {
                Word::Clip(word) | Word::Sign(word) => {
                    if let Some(clip) = self.clips.get(phrase.language, word) {
                        sound.join(&clip);
                        sound.rest(BETWEEN_WORDS_MS);
                    }
                }
                Word::Pause(length_ms) => sound.rest(*length_ms),
            }
        }
        sound
    }

    /// The whole announcement from its sentences: chime, each language with its repeats.
    #[must_use]
    pub fn assemble(&self, announcement: &Announcement, sentences: &[(Language, Pcm)]) -> Pcm {
        let emergency = announcement.kind.alarm().is_some();
        let repeats = if emergency { self.emergency_repeats } else { self.repeats };
        let mut sound = if emergency { alarm_chime(self.rate_hz()) } else { chime(self.rate_hz()) };
        sound.rest(AFTER_CHIME_MS);
        let mut first = true;
        // An emergency is understood by everybody within its first seconds, so its languages alternate.
        for (_, sentence) in in_turn(sentences, repeats, emergency) {
            if sound.length_ms().saturating_add(sentence.length_ms()) > SOUND_MS_MAX {
                break;
            }
            if !first {
                sound.rest(BETWEEN_SENTENCES_MS);
            }
            first = false;
            sound.join(sentence);
        }
        sound
    }

    /// The whole announcement from the recordings.
    ///
    /// # Errors
    /// The announcement lacks what its phrase needs.
    pub fn render(&self, announcement: &Announcement) -> Result<Pcm, RenderError> {
        let phrases = self.book.phrases(announcement)?;
        let sentences: Vec<(Language, Pcm)> = phrases.iter().map(|phrase| (phrase.language, self.sentence(phrase))).collect();
        Ok(self.assemble(announcement, &sentences))
    }
}

fn in_turn(sentences: &[(Language, Pcm)], repeats: u8, alternate: bool) -> Vec<&(Language, Pcm)> {
    let mut order = Vec::new();
    if alternate {
        for _ in 0..repeats {
            order.extend(sentences);
        }
    } else {
        for sentence in sentences {
            order.extend(std::iter::repeat_n(sentence, usize::from(repeats)));
        }
    }
    order
}

/// The announcement as a WAV, from the recordings alone.
///
/// # Errors
/// As [`Voice::render`].
pub fn render_wav(voice: &Voice, announcement: &Announcement) -> Result<Vec<u8>, RenderError> {
    Ok(voice.render(announcement)?.to_wav()?)
}

/// 叮咚: two struck tones.
#[must_use]
pub fn chime(rate_hz: u32) -> Pcm {
    let mut sound = Pcm::tone(rate_hz, 659.26, 420, 0.55);
    sound.join(&Pcm::tone(rate_hz, 523.25, 700, 0.55));
    sound
}

/// Six quick strokes, unlike the calling chime.
#[must_use]
pub fn alarm_chime(rate_hz: u32) -> Pcm {
    let mut sound = Pcm::empty(rate_hz);
    for hertz in [880.0, 660.0, 880.0, 660.0, 880.0, 660.0] {
        sound.join(&Pcm::tone(rate_hz, hertz, 220, 0.85));
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announcer::phrase::{Alarm, Kind};
    use chrono::DateTime;

    pub(super) fn announcement(kind: Kind) -> Announcement {
        Announcement {
            rev: 9,
            at: DateTime::UNIX_EPOCH,
            kind,
            number: Some("B007".to_owned()),
            counter: Some("12".to_owned()),
            languages: Vec::new(),
        }
    }

    fn every_kind() -> Vec<Kind> {
        let mut kinds = vec![Kind::Call { calls: 1 }, Kind::Recall { calls: 2 }, Kind::Missed, Kind::Transfer, Kind::Closing];
        for what in [Alarm::Fire, Alarm::Earthquake, Alarm::Network, Alarm::Other, Alarm::Over] {
            kinds.extend([false, true].map(|drill| Kind::Emergency { what, drill }));
        }
        kinds
    }

    #[test]
    fn every_default_phrase_renders_from_the_shipped_pack() {
        let voice = Voice::load(&VoiceSettings::default()).unwrap();
        for kind in every_kind() {
            let announcement = announcement(kind);
            for phrase in voice.book().phrases(&announcement).unwrap() {
                let length_ms = voice.sentence(&phrase).length_ms();
                assert!((1_500..25_000).contains(&length_ms), "{}: {length_ms} ms", phrase.spoken);
            }
            let sound = voice.render(&announcement).unwrap();
            let wav = render_wav(&voice, &announcement).unwrap();
            assert_eq!(wav.len(), 44 + 2 * sound.samples().len());
            assert_eq!(Pcm::from_wav(&wav, 200).unwrap(), sound);
        }
    }

    #[test]
    fn a_call_is_chime_then_each_language_as_often_as_set() {
        let call = announcement(Kind::Call { calls: 1 });
        for repeats in 1..=3_u8 {
            let voice = Voice::load(&VoiceSettings { repeats, ..VoiceSettings::default() }).unwrap();
            let said: u64 = voice.book().phrases(&call).unwrap().iter().map(|phrase| voice.sentence(phrase).length_ms()).sum();
            let times = u64::from(repeats);
            let silences = (2 * times - 1) * u64::from(BETWEEN_SENTENCES_MS) + u64::from(AFTER_CHIME_MS);
            let expected = chime(voice.rate_hz()).length_ms() + times * said + silences;
            assert!(voice.render(&call).unwrap().length_ms().abs_diff(expected) <= 4 * times + 2);
        }
    }

    #[test]
    fn different_numbers_sound_different_and_the_same_sounds_the_same() {
        let voice = Voice::load(&VoiceSettings::default()).unwrap();
        let seven = announcement(Kind::Call { calls: 1 });
        let eight = Announcement { number: Some("B008".to_owned()), ..seven.clone() };
        assert_ne!(voice.render(&seven).unwrap(), voice.render(&eight).unwrap());
        assert_eq!(voice.render(&seven).unwrap(), voice.render(&seven).unwrap());
    }

    #[test]
    fn a_sign_nobody_recorded_is_left_out_not_refused() {
        let voice = Voice::load(&VoiceSettings::default()).unwrap();
        let plain = announcement(Kind::Missed);
        let odd = Announcement { number: Some("东B007".to_owned()), ..plain.clone() };
        assert_eq!(voice.render(&odd).unwrap(), voice.render(&plain).unwrap());
    }

    #[test]
    fn a_phrase_without_its_recording_is_refused_when_loading() {
        let dir = tempfile::tempdir().unwrap();
        let own = include_str!("../../config/phrases/en.toml").replace("No more tickets today", "We are closed");
        std::fs::write(dir.path().join("en.toml"), own).unwrap();
        let settings = VoiceSettings { phrases_dir: Some(dir.path().to_owned()), ..VoiceSettings::default() };
        let error = Voice::load(&settings).unwrap_err().to_string();
        assert!(error.contains("We are closed"), "{error}");
    }
}
