//! The sound of a call for the boards that play it themselves: by its revision, the same as the loudspeaker's.

use std::sync::Arc;

use bytes::Bytes;

use super::listen::announcement_for;
use super::studio::Studio;
use crate::feed::Feed;
use crate::settings::voice::{Language, VoiceSettings};

/// Where boards get their sound.
#[derive(Clone)]
pub struct BoardSounds {
    /// What happened.
    pub feed: Feed,
    /// Where sound is made.
    pub studio: Arc<Studio>,
    /// The hall's settings.
    pub settings: VoiceSettings,
}

impl BoardSounds {
    /// The WAV of what is said at a revision, in these languages in this order; none of them means as the loudspeaker says it.
    /// `None` where nothing is said there, or the journal has it no longer.
    pub async fn wav(&self, rev: u64, languages: &[Language]) -> Option<Bytes> {
        let batch = match self.feed.since(rev.checked_sub(1)?, 1).await {
            Ok(batch) => batch,
            Err(error) => {
                tracing::debug!(rev, %error, "no sound for a board");
                return None;
            }
        };
        let event = batch.events.first().filter(|event| event.rev == rev)?;
        let mut announcement = announcement_for(event, &self.settings)?;
        if !languages.is_empty() {
            announcement.languages = languages.to_vec();
        }
        match self.studio.wav(&announcement).await {
            Ok(wav) => Some(wav),
            Err(error) => {
                tracing::warn!(rev, %error, "a board's sound could not be made");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announcer::Voice;
    use crate::store::MemoryJournal;

    fn missed(rev: u64) -> Arc<str> {
        let by = serde_json::to_string(&crate::domain::actor::Actor::hall()).unwrap();
        let at = "\"at\":\"2026-11-23T01:02:03Z\"";
        format!("{{\"rev\":{rev},\"v\":1,{at},\"by\":{by},\"type\":\"ticket.missed\",\"ticket\":\"tk_1\",\"number\":\"B007\"}}").into()
    }

    fn removed(rev: u64) -> Arc<str> {
        missed(rev).replace("ticket.missed", "notice.removed").replace("\"ticket\":\"tk_1\"", "\"notice\":\"nt_1\"").into()
    }

    #[tokio::test]
    async fn a_board_gets_the_sound_of_what_is_said_and_nothing_else() {
        let journal = Arc::new(MemoryJournal::new("e"));
        journal.append_elsewhere([removed(1), missed(2)]);
        let feed = Feed::start(journal, 0);
        feed.reached(2).await.unwrap();
        let settings = VoiceSettings::default();
        let studio = Arc::new(Studio::new(Voice::load(&settings).unwrap(), &settings, None));
        let boards = BoardSounds { feed, studio, settings };
        for rev in [0, 1, 3, u64::MAX] {
            assert!(boards.wav(rev, &[]).await.is_none(), "{rev}");
        }
        let both = boards.wav(2, &[]).await.unwrap();
        let chinese = boards.wav(2, &[Language::Zh]).await.unwrap();
        assert!(both.starts_with(b"RIFF") && chinese.len() < both.len());
        assert_eq!(boards.wav(2, &[Language::Zh, Language::En]).await.unwrap(), both);
    }
}
