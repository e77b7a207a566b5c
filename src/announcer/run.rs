//! The announcer itself: takes what the hall tells it, lets one thing at a time be said, and keeps its place.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::cursor_file::CursorFile;
use super::output::{Output, OutputError, Sound, SpeakerState};
use super::pcm::Pcm;
use super::phrase::Announcement;
use super::playlist::{Cursor, Dropped, Limits, Playlist, Why};
use super::studio::Studio;
use crate::settings::voice::{Language, VoiceSettings};

/// Inputs on their way, at most.
pub const INPUTS_MAX: usize = 256;
/// Revisions without anything to say that may pass before the cursor is written; a restart reads them again.
const REVS_UNSAVED_MAX: u64 = 4_096;
/// What was not said is written down at most this often: a rush drops many, and each write syncs the disk that numbers wait for.
const LEISURE: Duration = Duration::from_secs(1);
/// While the loudspeaker is away, how often old calls are looked through.
const WAIT_FOR_DEVICE: Duration = Duration::from_secs(1);

/// What the hall tells its voice. Revisions come in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Something is to be said.
    Announce(Announcement),
    /// A number needs no calling any more: the customer came, was served, missed it or left.
    Retract {
        /// Revision of the event.
        rev: u64,
        /// The number as printed.
        number: String,
    },
    /// The journal has come to this revision with nothing for the voice.
    Seen(u64),
    /// The journal was restored or lost: revisions start anew under this epoch.
    Epoch(String),
}

/// What is being said, for the screens: shown as long as it is heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saying {
    /// Its revision.
    pub rev: u64,
    /// The sentence in each language, in the order they are said.
    pub text: Vec<(Language, String)>,
    /// When it began.
    pub since: DateTime<Utc>,
    /// How long it takes, milliseconds.
    pub length_ms: u64,
}

/// How the voice is, for health, metrics and the lead's screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VoiceStatus {
    /// The loudspeaker.
    pub speaker: SpeakerState,
    /// What is being said now.
    pub saying: Option<Saying>,
    /// Announcements that wait.
    pub waiting: usize,
    /// Announcements heard to their end since the start.
    pub heard: u64,
    /// Announcements not said, for whatever reason, since the start.
    pub dropped: u64,
    /// Sentences the recordings said because text to speech failed, since the start.
    pub fallbacks: u64,
    /// Whether the place in the journal could be written.
    pub cursor_kept: bool,
}

/// Asked for the time; the announcer has no clock of its own.
pub type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What an announcer is made of.
pub struct Parts<O> {
    /// The hall's settings.
    pub settings: VoiceSettings,
    /// The hall's time zone, for quiet hours.
    pub zone: Tz,
    /// Where sound is made.
    pub studio: Arc<Studio>,
    /// Where it comes out.
    pub output: O,
    /// The time.
    pub now: Now,
}

/// One loudspeaker's voice.
pub struct Announcer<O> {
    settings: VoiceSettings,
    zone: Tz,
    studio: Arc<Studio>,
    output: O,
    desk: Desk,
}

/// The part that changes while a sound is playing.
struct Desk {
    now: Now,
    limits: Limits,
    playlist: Playlist,
    epoch: String,
    file: CursorFile,
    saved: Cursor,
    status: watch::Sender<VoiceStatus>,
    /// Something was said or dropped since the cursor was written.
    settled: bool,
    /// Something was dropped unsaid since then; that may wait for [`LEISURE`].
    let_go: bool,
    saved_at: Option<Instant>,
    open: bool,
}

/// How waiting for something ended.
enum Attended<T> {
    Done(T),
    CutOff,
}

impl<O: Output> Announcer<O> {
    /// An announcer that goes on where the cursor file in `data_dir` stopped.
    #[must_use]
    pub fn new(parts: Parts<O>, data_dir: &Path, epoch: &str) -> Self {
        let Parts { settings, zone, studio, output, now } = parts;
        let file = CursorFile::in_dir(data_dir);
        let cursor = file.load(epoch);
        let limits = Limits::from(&settings);
        let speaker = output.state().borrow().clone();
        let status =
            watch::Sender::new(VoiceStatus { speaker, saying: None, waiting: 0, heard: 0, dropped: 0, fallbacks: 0, cursor_kept: true });
        let playlist = Playlist::resume(limits, &cursor);
        let epoch = epoch.to_owned();
        let desk =
            Desk { now, limits, playlist, epoch, file, saved: cursor, status, settled: false, let_go: false, saved_at: None, open: true };
        Self { settings, zone, studio, output, desk }
    }

    /// The feed has to be read from the revision after this one.
    #[must_use]
    pub fn resume_after(&self) -> u64 {
        self.desk.playlist.cursor().resume_after()
    }

    /// How the voice is, now and later.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<VoiceStatus> {
        self.desk.status.subscribe()
    }

    /// Speaks until the inputs end and what waits has been said; what cannot be said then stays open for the next start.
    /// Dropping the future stops the sound at once and loses nothing either.
    pub async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut state = self.output.state();
        loop {
            let speaker = state.borrow_and_update().clone();
            self.desk.tell(|status| status.speaker = speaker.clone());
            self.desk.expire();
            match &speaker {
                SpeakerState::Off(_) => {
                    let gone = self.desk.playlist.drop_all(Why::Silent);
                    self.desk.dropped(gone);
                }
                SpeakerState::Playing | SpeakerState::Idle | SpeakerState::NoDevice(_) => {}
            }
            let next = if speaker.can_speak() { self.desk.playlist.start_next() } else { None };
            if let Some(announcement) = next {
                self.say(announcement, &mut inputs).await;
            } else if self.desk.open {
                self.wait(&mut inputs, &mut state).await;
            } else {
                break;
            }
            self.desk.save_if_due(false).await;
        }
        self.desk.save_if_due(true).await;
    }

    /// Nothing can be said now: waits for an input, for the loudspeaker, or for calls to grow old.
    async fn wait(&mut self, inputs: &mut mpsc::Receiver<Input>, state: &mut watch::Receiver<SpeakerState>) {
        let blocked = !self.desk.playlist.is_empty();
        tokio::select! {
            input = inputs.recv() => {
                self.desk.take(input);
                // In a rush what waits is looked through once for many; but what can be said is not kept from being said.
                for _ in 0..INPUTS_MAX {
                    if !blocked && !self.desk.playlist.is_empty() {
                        break;
                    }
                    let Ok(input) = inputs.try_recv() else { break };
                    self.desk.take(Some(input));
                }
            }
            changed = state.changed() => {
                if changed.is_err() {
                    // The loudspeaker's thread is gone and will say nothing more.
                    tokio::time::sleep(WAIT_FOR_DEVICE).await;
                }
            }
            () = tokio::time::sleep(WAIT_FOR_DEVICE), if blocked => {}
            () = tokio::time::sleep(LEISURE), if self.desk.let_go => {}
        }
    }

    async fn say(&mut self, announcement: Announcement, inputs: &mut mpsc::Receiver<Input>) {
        let Self { settings, zone, studio, output, desk } = self;
        let time = (desk.now)().with_timezone(&*zone).time();
        let volume_percent = settings.volume_percent_at(time, announcement.kind.alarm().is_some());
        if volume_percent == 0 {
            desk.gave_up(Why::Silent);
            return;
        }
        let pcm = match desk.attend(studio.sound(&announcement), inputs).await {
            Attended::Done(Ok(pcm)) => Arc::new(pcm),
            Attended::Done(Err(error)) => {
                tracing::warn!(rev = announcement.rev, %error, "cannot be said");
                desk.gave_up(Why::Unspeakable);
                return;
            }
            Attended::CutOff => return,
        };
        desk.began(studio, &announcement, &pcm);
        let sound = Sound { pcm, gap_ms: settings.gap_ms, volume_percent };
        let played = desk.attend(output.play(sound), inputs).await;
        desk.tell(|status| status.saying = None);
        match played {
            Attended::Done(Ok(())) => desk.heard(),
            Attended::Done(Err(OutputError::Off(_))) => desk.gave_up(Why::Silent),
            Attended::Done(Err(error @ (OutputError::NoDevice(_) | OutputError::Busy))) => {
                tracing::warn!(rev = announcement.rev, %error, "not heard; it keeps its place");
                desk.interrupted();
            }
            Attended::CutOff => {}
        }
    }
}

impl Desk {
    /// Waits for something while taking inputs; an emergency cuts it off.
    async fn attend<T>(&mut self, work: impl Future<Output = T>, inputs: &mut mpsc::Receiver<Input>) -> Attended<T> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Attended::Done(done),
                input = inputs.recv(), if self.open => self.take(input),
            }
            self.save_if_due(false).await;
            if self.playlist.playing().is_none() {
                return Attended::CutOff;
            }
            if self.playlist.must_stop() {
                self.interrupted();
                return Attended::CutOff;
            }
        }
    }

    fn take(&mut self, input: Option<Input>) {
        let gone = match input {
            Some(Input::Announce(announcement)) => self.playlist.announce(announcement, (self.now)()),
            Some(Input::Retract { rev, number }) => self.playlist.retract(&number, rev),
            Some(Input::Seen(rev)) => {
                self.playlist.seen(rev);
                Vec::new()
            }
            Some(Input::Epoch(epoch)) => self.turn_to(epoch),
            None => {
                self.open = false;
                Vec::new()
            }
        };
        self.dropped(gone);
    }

    fn turn_to(&mut self, epoch: String) -> Vec<Dropped> {
        if epoch == self.epoch {
            return Vec::new();
        }
        let mut gone = self.playlist.drop_all(Why::Known);
        gone.extend(self.playlist.gave_up(Why::Known));
        self.epoch = epoch;
        self.settled = true;
        self.playlist = Playlist::resume(self.limits, &Cursor::default());
        gone
    }

    fn began(&self, studio: &Studio, announcement: &Announcement, pcm: &Pcm) {
        let phrases = studio.voice().book().phrases(announcement).unwrap_or_default();
        let saying = Saying {
            rev: announcement.rev,
            text: phrases.into_iter().map(|phrase| (phrase.language, phrase.text)).collect(),
            since: (self.now)(),
            length_ms: pcm.length_ms(),
        };
        self.tell(|status| {
            status.saying = Some(saying);
            status.fallbacks = studio.fallbacks();
        });
    }

    fn heard(&mut self) {
        self.playlist.finished();
        self.settled = true;
        self.tell(|status| status.heard = status.heard.saturating_add(1));
    }

    fn gave_up(&mut self, why: Why) {
        let gone = self.playlist.gave_up(why);
        self.dropped(gone);
    }

    fn interrupted(&mut self) {
        let gone = self.playlist.interrupted();
        self.dropped(gone);
    }

    fn expire(&mut self) {
        let gone = self.playlist.expire((self.now)());
        self.dropped(gone);
    }

    fn dropped(&mut self, gone: impl IntoIterator<Item = Dropped>) {
        let mut count: u64 = 0;
        for Dropped { rev, why } in gone {
            tracing::debug!(rev, ?why, "not said");
            // What a restart would drop again by itself is not worth a write: a long journal is full of it.
            self.let_go |= why != Why::Known && why != Why::TooOld;
            if why != Why::Known {
                count = count.saturating_add(1);
            }
        }
        if count > 0 || self.status.borrow().waiting != self.playlist.len() {
            self.tell(|status| status.dropped = status.dropped.saturating_add(count));
        }
    }

    fn tell(&self, change: impl FnOnce(&mut VoiceStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            status.waiting = self.playlist.len();
            *status != before
        });
    }

    /// Writes the cursor when something was said or dropped, or when it has fallen far behind.
    async fn save_if_due(&mut self, whatever: bool) {
        let behind = self.playlist.last_seen().saturating_sub(self.saved.seen) > REVS_UNSAVED_MAX;
        let at_leisure = self.let_go && self.saved_at.is_none_or(|at| at.elapsed() >= LEISURE);
        if !(self.settled || behind || at_leisure || whatever) {
            return;
        }
        let cursor = self.playlist.cursor();
        if cursor == self.saved {
            return;
        }
        let (file, epoch, kept) = (self.file.clone(), self.epoch.clone(), cursor.clone());
        let written = tokio::task::spawn_blocking(move || file.save(&epoch, &kept)).await;
        let written = written.map_err(std::io::Error::other).and_then(|written| written);
        if let Err(error) = &written {
            tracing::warn!(%error, "the voice's place in the journal could not be written");
        }
        self.saved = cursor;
        self.settled = false;
        self.let_go = false;
        self.saved_at = Some(Instant::now());
        self.tell(|status| status.cursor_kept = written.is_ok());
    }
}
