//! The hall's back rooms, opened and closed in order: store, keeper, feed, history, voice. The doors come after them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::access::submit;
use super::fault::Fault;
use super::pending::PendingFile;
use super::place::open_options;
use super::secrets;
use crate::announcer::{self, Announcer, INPUTS_MAX, Loudspeaker, Studio, Voice};
use crate::clock::Clock;
use crate::domain::command::Command;
use crate::domain::hall::Hall;
use crate::domain::ids::Prefix;
use crate::domain::profile::Profile;
use crate::feed::Feed;
use crate::history::{self, History, JOURNAL_EVENTS_KEPT_MIN};
use crate::keeper::{self, HallKeeper, Keeper};
use crate::settings::{HistorySettings, Settings};
use crate::store::{self, Journal, Mark, OpenStore, Position, Reached, RedisJournal, Teller};

/// Between two attempts to write into a journal that is away, while the hall opens.
const PREPARE_AGAIN: Duration = Duration::from_millis(500);
/// The high-water mark is told of the hall's progress at most this often.
const TELL_PAUSE: Duration = Duration::from_millis(50);
/// How often old history is forgotten and the journal trimmed, beside every turn of the day.
const HOUSEKEEPING: Duration = Duration::from_mins(15);
/// How often it is looked whether the day has turned.
const DAY_LOOK: Duration = Duration::from_secs(2);
/// How long the last things may take when the hall closes: enough to write down a hundred thousand tickets.
const CLOSING_STEP: Duration = Duration::from_millis(900);

/// An open hall, without its doors.
pub(super) struct OpenHall {
    pub(super) keeper: HallKeeper,
    pub(super) feed: Feed,
    /// `None` where the file cannot be used; the hall serves all the same.
    pub(super) history: Option<History>,
    pub(super) studio: Arc<Studio>,
    pub(super) voice: tokio::sync::watch::Receiver<announcer::VoiceStatus>,
    pub(super) store: OpenStore,
    tasks: Vec<JoinHandle<()>>,
    speaking: JoinHandle<()>,
}

/// Opens the hall of the settings; what was written down while it was closed is carried out before this returns.
pub(super) async fn open(settings: &Settings, profile: Profile) -> Result<OpenHall, Fault> {
    let voice = Voice::load(&settings.voice).map_err(|error| Fault::usage(error.to_string()))?;
    let options = open_options(settings)?;
    let shared = options.redis_url.is_some();
    let store = store::open(options).await?;
    let journal = Arc::new(store.journal.clone());
    let keeper = match Keeper::open(keeper::Options { journal: Arc::clone(&journal), clock: Clock::System, shared }).await {
        Ok(keeper) => keeper,
        Err(error) => {
            store.close().await;
            return Err(error.into());
        }
    };
    let mut tasks = Vec::new();
    let pending = PendingFile::in_dir(&settings.data_dir);
    let preparing = Preparing { keeper: keeper.clone(), profile, given: given_before(store.mark.as_ref()), pending };
    if let Err(fault) = preparing.run().await {
        // A full disk or a Redis that is just away: whoever reads is served meanwhile.
        tracing::warn!(%fault, "the hall cannot be written to yet; trying again");
        tasks.push(tokio::spawn(preparing.run_until_done()));
    }
    let rev = *keeper.rev().borrow();
    let feed = Feed::start(Arc::clone(&journal), rev);
    tasks.push(tokio::spawn(fold_back(feed.clone(), keeper.clone(), rev)));
    tasks.push(tokio::spawn(tell_guard(keeper.clone(), store.guard.teller())));
    let history = open_history(settings.data_dir.join(history::FILE)).await;
    if let Some(history) = &history {
        let (follower, feed, epoch) = (history.clone(), feed.clone(), keeper.epoch());
        tasks.push(tokio::spawn(async move { follower.follow(feed, epoch).await }));
        tasks.push(tokio::spawn(keep_house(history.clone(), keeper.clone(), Arc::clone(&journal), settings.history)));
    }
    let studio = Arc::new(Studio::new(voice, &settings.voice, Some(&settings.data_dir)));
    let (speaking, voice) = start_voice(settings, &keeper, &feed, &studio);
    Ok(OpenHall { keeper, feed, history, studio, voice, store, tasks, speaking })
}

/// What has to be written before a hall can serve.
struct Preparing {
    keeper: HallKeeper,
    profile: Profile,
    /// The service day and the last numbers that were given when the hall was last served, whatever the journal says now.
    given: Option<(NaiveDate, BTreeMap<Prefix, u32>)>,
    pending: PendingFile,
}

fn given_before(mark: Option<&Mark>) -> Option<(NaiveDate, BTreeMap<Prefix, u32>)> {
    let mark = mark?;
    let last = mark.last_numbers.iter().filter_map(|(prefix, last)| Some((prefix.parse().ok()?, *last)));
    Some((mark.service_day.parse().ok()?, last.collect()))
}

impl Preparing {
    async fn run(&self) -> Result<(), Fault> {
        if self.keeper.read(|hall| hall.access.link_key.is_none()) {
            submit(&self.keeper, Command::Create { link_key: secrets::secret()?.into() }).await?;
        }
        let profile = Box::new(self.profile.clone());
        if self.keeper.read(|hall| hall.profile != *profile)
            && let Some(words) = submit(&self.keeper, Command::SetProfile { profile }).await?
        {
            return Err(Fault::failed(words));
        }
        if let Some((service_day, last)) = self.given.clone() {
            submit(&self.keeper, Command::SkipNumbers { service_day, last }).await?;
        }
        self.pending.take_in(&self.keeper).await
    }

    async fn run_until_done(self) {
        loop {
            sleep(PREPARE_AGAIN).await;
            match self.run().await {
                Ok(()) => return tracing::info!("the hall can be written to again"),
                Err(fault) => tracing::debug!(%fault, "the hall cannot be written to yet"),
            }
        }
    }
}

async fn open_history(path: PathBuf) -> Option<History> {
    match History::open(history::Options { path }).await {
        Ok(history) => Some(history),
        Err(error) => {
            tracing::error!(%error, "there is no history: searches and reports are empty; numbers are issued all the same");
            None
        }
    }
}

/// Hands to the keeper what other processes committed: another server, or the command line beside this one.
async fn fold_back(feed: Feed, keeper: HallKeeper, after: u64) {
    let mut place = feed.subscribe(after);
    loop {
        match place.next().await {
            Ok(batch) => keeper.fold_foreign(&batch.entries).await,
            Err(error) => {
                if error == crate::feed::FeedError::Ended {
                    return;
                }
                tracing::error!(%error, "what other processes do is not seen");
                sleep(PREPARE_AGAIN).await;
            }
        }
    }
}

/// Tells the high-water mark how far the hall has come.
async fn tell_guard(keeper: HallKeeper, teller: Teller) {
    let mut rev = keeper.rev();
    // Also what was there from the beginning: another process may have written it and wait to hear that it is known here.
    teller.reached(reached(&keeper));
    while rev.changed().await.is_ok() {
        // Boards are told first.
        sleep(TELL_PAUSE).await;
        teller.reached(reached(&keeper));
    }
}

fn reached(keeper: &HallKeeper) -> Reached {
    let epoch = keeper.epoch();
    keeper.read(|hall: &Hall| Reached {
        position: Position { epoch, rev: hall.rev },
        service_day: hall.day.map_or_else(String::new, |day| day.to_string()),
        last_numbers: hall.numbers.iter().map(|(prefix, last)| (prefix.to_string(), *last)).collect(),
    })
}

/// Forgets what is older than it may be, and trims from the journal what history has on disk: now and then, and when a day has
/// turned, because that is when most of it becomes old.
async fn keep_house(history: History, keeper: HallKeeper, journal: Arc<RedisJournal>, kept: HistorySettings) {
    loop {
        let day = keeper.read(|hall| hall.day);
        let turned = async {
            while keeper.read(|hall| hall.day) == day {
                sleep(DAY_LOOK).await;
            }
        };
        // Either is a reason; the state of the new day is saved meanwhile.
        let _either = timeout(HOUSEKEEPING, turned).await;
        sleep(DAY_LOOK).await;
        if let Err(error) = forget(&history, &keeper, &journal, kept).await {
            tracing::warn!(%error, "old history was not forgotten; trying again later");
        }
    }
}

async fn forget(
    history: &History,
    keeper: &HallKeeper,
    journal: &RedisJournal,
    kept: HistorySettings,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Some(today) = keeper.read(|hall| hall.day) else { return Ok(()) };
    history.retain(today, kept.days_kept).await?;
    if let Some(first) = today.checked_sub_days(Days::new(kept.records_days_kept.into())) {
        history.retain_records(keeper.read(|hall| hall.profile.calendar.service_day_start(first))).await?;
    }
    let (_, saved_rev) = journal.head().await?;
    if let Some(through) = history.trim_through(&keeper.epoch(), saved_rev.unwrap_or(0), JOURNAL_EVENTS_KEPT_MIN).await? {
        journal.trim(through).await?;
    }
    Ok(())
}

fn start_voice(
    settings: &Settings,
    keeper: &HallKeeper,
    feed: &Feed,
    studio: &Arc<Studio>,
) -> (JoinHandle<()>, tokio::sync::watch::Receiver<announcer::VoiceStatus>) {
    let parts = announcer::run::Parts {
        settings: settings.voice.clone(),
        zone: keeper.read(|hall| hall.profile.calendar.zone),
        studio: Arc::clone(studio),
        output: Loudspeaker::open(&settings.voice),
        now: {
            let keeper = keeper.clone();
            Arc::new(move || keeper.clock().now())
        },
    };
    let announcer = Announcer::new(parts, &settings.data_dir, &keeper.epoch());
    let status = announcer.status();
    let (inputs, heard) = mpsc::channel(INPUTS_MAX);
    let listening = announcer::follow(feed.clone(), announcer.resume_after(), settings.voice.clone(), inputs);
    let speaking = tokio::spawn(async move {
        tokio::join!(announcer.run(heard), listening);
    });
    (speaking, status)
}

impl OpenHall {
    /// Closes everything in order: the feed and its readers, the saved state, the mark, Redis. Well under two seconds.
    pub(super) async fn close(self) {
        let Self { keeper, feed, history, store, tasks, speaking, .. } = self;
        // Dropped in the middle of a word, it says the number again after the next start, if that is soon.
        speaking.abort();
        feed.stop();
        let save = async {
            if let Err(error) = keeper.save().await {
                tracing::warn!(%error, "the state was not saved; the next start reads more events");
            }
        };
        let settle = async {
            if let Some(history) = &history
                && let Err(error) = history.settle().await
            {
                tracing::warn!(%error, "history was not brought to the disk; it will be read again from the journal");
            }
        };
        if timeout(CLOSING_STEP, async { tokio::join!(save, settle) }).await.is_err() {
            tracing::warn!("the state was not saved in time; the next start reads more events");
        }
        for task in tasks {
            task.abort();
        }
        store.guard.reached(reached(&keeper));
        store.close().await;
    }
}
