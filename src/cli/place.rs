//! Finds the hall that a command is about: its settings, its running server, or its closed data folder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::access::{Change, carry_out};
use super::args::Place;
use super::fault::Fault;
use super::pending::PendingFile;
use crate::clock::Clock;
use crate::domain::access::Access;
use crate::keeper::{Keeper, Options};
use crate::settings::{self, Settings, SettingsError};
use crate::store::{self, OpenOptions, Position, RedisAddress, RedisJournal};

/// Says that a hall was served from a folder before.
const SERVED_BEFORE: &str = "high-water.json";

/// How long a running server may take to say that it knows of a change; it does within half a second.
const KNOWN_WITHIN: Duration = Duration::from_secs(5);
/// Between two looks whether it has.
const KNOWN_LOOK: Duration = Duration::from_millis(10);

/// When a change holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Now,
    /// From the server's next start.
    NextStart,
}

impl Place {
    /// The settings in force: defaults, file, environment, command line.
    pub(super) fn settings(&self) -> Result<Settings, SettingsError> {
        let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut settings = settings::load(self.config.as_deref(), named)?;
        if let Some(dir) = &self.data_dir {
            settings.data_dir.clone_from(dir);
        }
        if let Some(url) = &self.redis_url {
            settings.redis_url = Some(url.clone());
            settings.redis_url_file = None;
        }
        Ok(settings)
    }
}

/// The options of the store that follow from the settings.
pub(super) fn open_options(settings: &Settings) -> Result<OpenOptions, SettingsError> {
    Ok(OpenOptions {
        data_dir: settings.data_dir.clone(),
        hall_id: settings.hall_id.clone(),
        redis_url: settings.redis_address()?,
        redis_server: settings.redis_server.clone(),
    })
}

/// A keeper beside that of the running server; `None` when none runs.
async fn beside_server(data_dir: &Path) -> Result<Option<Keeper<RedisJournal>>, Fault> {
    let Some(journal) = store::attach(data_dir)? else { return Ok(None) };
    let keeper = Keeper::open(Options { journal: Arc::new(journal), clock: Clock::System, shared: true }).await?;
    Ok(Some(keeper))
}

/// Has a change carried out by the running server's hall, or written down for the next start.
pub(super) async fn make(settings: &Settings, change: &Change) -> Result<Holds, Fault> {
    if let Some(keeper) = beside_server(&settings.data_dir).await? {
        carry_out(&keeper, change).await?.map_err(Fault::failed)?;
        return known(&settings.data_dir, &keeper).await;
    }
    let pending = PendingFile::in_dir(&settings.data_dir);
    pending.append(change)?;
    // A server that started meanwhile may have looked before our line was there.
    match beside_server(&settings.data_dir).await? {
        Some(keeper) => {
            pending.take_in(&keeper).await?;
            known(&settings.data_dir, &keeper).await
        }
        None => Ok(Holds::NextStart),
    }
}

/// Waits until the running server knows what was just written beside it: whoever was shut out must not come in a moment later.
async fn known(data_dir: &Path, keeper: &Keeper<RedisJournal>) -> Result<Holds, Fault> {
    let position = Position { epoch: keeper.epoch(), rev: *keeper.rev().borrow() };
    let said = async {
        while !store::has_reached(data_dir, &position)? {
            sleep(KNOWN_LOOK).await;
        }
        Ok(Holds::Now)
    };
    timeout(KNOWN_WITHIN, said).await.unwrap_or_else(|_| {
        Err(Fault::failed(
            "已写入，但服务器没有确认；请检查服务器。 / Written, but the server did not confirm it; please look at the server.",
        ))
    })
}

/// Everybody who may come in, and what waits for the next start.
pub(super) async fn look(settings: &Settings) -> Result<(Access, Vec<Change>), Fault> {
    let dir = &settings.data_dir;
    if let Some(keeper) = beside_server(dir).await? {
        return Ok((keeper.read(|hall| hall.access.clone()), Vec::new()));
    }
    let waiting = PendingFile::in_dir(dir).read()?;
    if !dir.join(SERVED_BEFORE).exists() {
        return Ok((Access::default(), waiting));
    }
    Ok((look_closed(settings).await?, waiting))
}

/// Opens the journal of a closed hall to read it.
async fn look_closed(settings: &Settings) -> Result<Access, Fault> {
    if let Some(url) = settings.redis_address()? {
        let journal = RedisJournal::new(&RedisAddress::Url(url), &settings.hall_id, false).map_err(store::OpenError::from)?;
        let keeper = Keeper::open(Options { journal: Arc::new(journal), clock: Clock::System, shared: true }).await?;
        return Ok(keeper.read(|hall| hall.access.clone()));
    }
    let open = store::open(open_options(settings)?).await?;
    let keeper = Keeper::open(Options { journal: Arc::new(open.journal.clone()), clock: Clock::System, shared: false }).await;
    let access = keeper.map(|keeper| keeper.read(|hall| hall.access.clone()));
    open.close().await;
    Ok(access?)
}
