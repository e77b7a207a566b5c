//! The sound of a call for the boards that play it themselves: by its revision, the same as the loudspeaker's.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::timeout;

use super::listen::announcement_for;
use super::studio::Studio;
use crate::feed::{Feed, FeedError};
use crate::settings::voice::{Language, VoiceSettings};

/// How long a board's question waits for the feed: whoever pressed the call may ask for its sound before the feed has read it.
const REACH_MAX: Duration = Duration::from_millis(1_500);

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
    /// `None` where nothing is said there, or the journal has it no longer. A revision that the feed has not come to is waited for:
    /// ask only for one that is committed.
    ///
    /// # Errors
    /// When the feed does not come there in time.
    pub async fn wav(&self, rev: u64, languages: &[Language]) -> Result<Option<Bytes>, FeedError> {
        let reached = timeout(REACH_MAX, self.feed.reached(rev)).await;
        reached.map_err(|_| FeedError::Away(format!("the feed has not come to revision {rev}")))??;
        let batch = match self.feed.since(rev.saturating_sub(1), 1).await {
            Ok(batch) => batch,
            Err(FeedError::Trimmed { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let event = batch.events.first().filter(|event| event.rev == rev);
        let Some(mut announcement) = event.and_then(|event| announcement_for(event, &self.settings)) else { return Ok(None) };
        if !languages.is_empty() {
            announcement.languages = languages.to_vec();
        }
        match self.studio.wav(&announcement).await {
            Ok(wav) => Ok(Some(wav)),
            Err(error) => {
                tracing::warn!(rev, %error, "a board's sound could not be made");
                Ok(None)
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

    fn boards(journal: &Arc<MemoryJournal>) -> BoardSounds {
        let settings = VoiceSettings::default();
        let studio = Arc::new(Studio::new(Voice::load(&settings).unwrap(), &settings, None));
        BoardSounds { feed: Feed::start(Arc::clone(journal), 0), studio, settings }
    }

    #[tokio::test]
    async fn a_board_gets_the_sound_of_what_is_said_and_nothing_else() {
        let journal = Arc::new(MemoryJournal::new("e"));
        journal.append_elsewhere([removed(1), missed(2)]);
        let boards = boards(&journal);
        for rev in [0, 1] {
            assert!(boards.wav(rev, &[]).await.unwrap().is_none(), "{rev}");
        }
        let both = boards.wav(2, &[]).await.unwrap().unwrap();
        let chinese = boards.wav(2, &[Language::Zh]).await.unwrap().unwrap();
        assert!(both.starts_with(b"RIFF") && chinese.len() < both.len());
        assert_eq!(boards.wav(2, &[Language::Zh, Language::En]).await.unwrap().unwrap(), both);
    }

    #[tokio::test]
    async fn a_board_that_asks_before_the_feed_has_read_the_call_waits_for_it() {
        let journal = Arc::new(MemoryJournal::new("e"));
        let boards = boards(&journal);
        let asked = tokio::spawn({
            let boards = boards.clone();
            async move { boards.wav(1, &[]).await }
        });
        tokio::task::yield_now().await;
        journal.append_elsewhere([missed(1)]);
        assert!(asked.await.unwrap().unwrap().unwrap().starts_with(b"RIFF"));
        assert!(matches!(boards.wav(2, &[]).await, Err(FeedError::Away(_))), "and not for ever");
    }
}
