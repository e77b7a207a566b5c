//! Where sound is made: the external command first, the recordings when it fails, recent WAVs remembered.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::command::SpeechCommand;
use super::pcm::Pcm;
use super::phrase::{Announcement, Phrase};
use super::render::{RenderError, Voice};
use crate::settings::voice::{Language, VoiceSettings};

/// WAVs remembered, at most.
pub const WAVS_KEPT_MAX: usize = 64;
/// WAVs remembered, bytes at most.
pub const WAVS_KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Folder below the data folder where the external command's sentences are kept.
pub const SENTENCES_DIR: &str = "voice-cache";

/// Makes sound for the loudspeaker and for the boards; they hear the same.
#[derive(Debug)]
pub struct Studio {
    voice: Voice,
    command: Option<SpeechCommand>,
    kept: Mutex<Kept>,
    fallbacks: AtomicU64,
}

/// What makes two announcements sound alike: everything but revision and time.
type Key = Announcement;

fn key(announcement: &Announcement) -> Key {
    Announcement { rev: 0, at: chrono::DateTime::UNIX_EPOCH, ..announcement.clone() }
}

/// Least recently used first.
#[derive(Debug, Default)]
struct Kept {
    wavs: VecDeque<(Key, Bytes)>,
    bytes: usize,
}

impl Kept {
    fn get(&mut self, key: &Key) -> Option<Bytes> {
        let index = self.wavs.iter().position(|(kept, _)| kept == key)?;
        let found = self.wavs.remove(index)?;
        let wav = found.1.clone();
        self.wavs.push_back(found);
        Some(wav)
    }

    fn put(&mut self, key: Key, wav: Bytes) {
        if self.get(&key).is_some() {
            return;
        }
        self.bytes = self.bytes.saturating_add(wav.len());
        self.wavs.push_back((key, wav));
        while self.wavs.len() > WAVS_KEPT_MAX || self.bytes > WAVS_KEPT_BYTES_MAX {
            let Some((_, oldest)) = self.wavs.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.len());
        }
    }
}

impl Studio {
    /// A voice, with the external command of the settings, which remembers its sentences below `data_dir`.
    #[must_use]
    pub fn new(voice: Voice, settings: &VoiceSettings, data_dir: Option<&Path>) -> Self {
        let command = settings.command.clone();
        let command = command.map(|command| SpeechCommand::new(command, data_dir.map(|dir| dir.join(SENTENCES_DIR))));
        Self { voice, command, kept: Mutex::default(), fallbacks: AtomicU64::new(0) }
    }

    /// The voice of the recordings.
    #[must_use]
    pub const fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Sentences for which the external command failed and the recordings stepped in, since the start.
    #[must_use]
    pub fn fallbacks(&self) -> u64 {
        self.fallbacks.load(Ordering::Relaxed)
    }

    /// The sound of an announcement.
    ///
    /// # Errors
    /// The announcement lacks what its phrase needs.
    pub async fn sound(&self, announcement: &Announcement) -> Result<Pcm, RenderError> {
        let Some(command) = &self.command else { return self.voice.render(announcement) };
        let mut sentences = Vec::new();
        for phrase in self.voice.book().phrases(announcement)? {
            sentences.push(self.sentence(command, &phrase).await);
        }
        Ok(self.voice.assemble(announcement, &sentences))
    }

    async fn sentence(&self, command: &SpeechCommand, phrase: &Phrase) -> (Language, Pcm) {
        let said = match command.say(phrase.language, &phrase.spoken).await {
            Ok(said) => said.resampled(self.voice.rate_hz()),
            Err(error) => {
                self.fallbacks.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "text to speech failed; the recordings step in");
                self.voice.sentence(phrase)
            }
        };
        (phrase.language, said)
    }

    /// The sound of an announcement as a WAV; the same announcement is made once.
    ///
    /// # Errors
    /// As [`Studio::sound`], or more sound than a WAV can hold.
    pub async fn wav(&self, announcement: &Announcement) -> Result<Bytes, RenderError> {
        let key = key(announcement);
        if let Some(wav) = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(wav);
        }
        let wav = Bytes::from(self.sound(announcement).await?.to_wav()?);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).put(key, wav.clone());
        Ok(wav)
    }
}

/// A studio shared by the loudspeaker and the web.
pub type SharedStudio = Arc<Studio>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announcer::phrase::Kind;
    use crate::announcer::render::render_wav;
    use crate::settings::voice::CommandSettings;

    fn call(rev: u64, number: &str) -> Announcement {
        Announcement {
            rev,
            at: chrono::DateTime::UNIX_EPOCH,
            kind: Kind::Call { calls: 1 },
            number: Some(number.to_owned()),
            counter: Some("2".to_owned()),
            languages: Vec::new(),
        }
    }

    fn studio(settings: &VoiceSettings) -> Studio {
        Studio::new(Voice::load(settings).unwrap(), settings, None)
    }

    #[tokio::test]
    async fn the_same_call_is_made_once_and_what_is_kept_is_bounded() {
        let studio = studio(&VoiceSettings { repeats: 1, ..VoiceSettings::default() });
        let first = studio.wav(&call(1, "A001")).await.unwrap();
        assert_eq!(first, render_wav(studio.voice(), &call(1, "A001")).unwrap());
        let again = studio.wav(&call(2, "A001")).await.unwrap();
        assert_eq!(first.as_ptr(), again.as_ptr(), "the revision does not change the sound");
        for number in 0..WAVS_KEPT_MAX + 9 {
            studio.wav(&call(3, &format!("B{number:03}"))).await.unwrap();
        }
        let kept = studio.kept.lock().unwrap();
        assert!(kept.wavs.len() <= WAVS_KEPT_MAX && kept.bytes <= WAVS_KEPT_BYTES_MAX);
        assert_eq!(kept.bytes, kept.wavs.iter().map(|(_, wav)| wav.len()).sum::<usize>());
    }

    #[tokio::test]
    async fn the_recordings_step_in_when_the_command_fails() {
        let argv = vec!["/nowhere/tts".to_owned()];
        let command = CommandSettings { argv, timeout_ms: 5_000, output_bytes_max: 1_000_000, cache_bytes_max: 0 };
        let studio = studio(&VoiceSettings { command: Some(command), ..VoiceSettings::default() });
        let sound = studio.sound(&call(1, "A001")).await.unwrap();
        assert_eq!(sound, studio.voice().render(&call(1, "A001")).unwrap());
        assert_eq!(studio.fallbacks(), 2);
    }

    #[tokio::test]
    async fn the_command_s_own_sound_is_used_at_the_pack_s_rate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("said.wav");
        std::fs::write(&path, Pcm::tone(22_050, 440.0, 1_000, 0.5).to_wav().unwrap()).unwrap();
        let argv = vec!["cat".to_owned(), path.display().to_string()];
        let command = CommandSettings { argv, timeout_ms: 20_000, output_bytes_max: 1_000_000, cache_bytes_max: 0 };
        let settings = VoiceSettings { command: Some(command), repeats: 1, ..VoiceSettings::default() };
        let studio = studio(&settings);
        let sound = studio.sound(&call(1, "A001")).await.unwrap();
        assert_eq!((sound.rate_hz(), studio.fallbacks()), (studio.voice().rate_hz(), 0));
        assert!(sound.length_ms() < studio.voice().render(&call(1, "A001")).unwrap().length_ms());
    }
}
