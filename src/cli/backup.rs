//! `warmhall backup` and `warmhall restore`: a copy of everything a hall knows, and the way back.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::args::{BackupArgs, RestoreArgs};
use super::fault::Fault;
use super::place::open_options;
use crate::addresses::{self, AddressBook};
use crate::clock::Clock;
use crate::history::{self, History, HistoryError};
use crate::store::{self, BackupError};

/// Where backups go that name no folder, inside the data folder.
const FOLDER: &str = "backups";

pub(super) async fn backup(args: BackupArgs) -> Result<(), Fault> {
    let settings = args.place.settings()?;
    let dir = &settings.data_dir;
    if settings.redis_address()?.is_some() {
        return Err(Fault::usage(
            "这个大厅用的是外部 Redis（redis_url），请用它自己的办法备份。\n\
             This hall uses a Redis of yours (redis_url); back that up in its own way.",
        ));
    }
    let into = match args.into {
        Some(into) => into,
        None => named_by_time(dir).map_err(|error| Fault::of("备份目录无法建立", "the backup folder cannot be made", &error))?,
    };
    let position = match store::attach(dir)? {
        Some(journal) => store::backup(&journal, dir, &into).await,
        None => {
            let open = store::open(open_options(&settings)?).await?;
            let made = store::backup(&open.journal, dir, &into).await;
            open.close().await;
            made
        }
    };
    let position = position.map_err(fault)?;
    copy_history(dir, &into).await.map_err(|error| Fault::of("历史数据没有备份", "history was not backed up", &error))?;
    let copied = AddressBook::open(dir).copy_to(&into.join(addresses::FILE));
    copied.map_err(|error| Fault::of("地址簿没有备份", "the address book was not backed up", &error))?;
    println!("{}", into.display());
    eprintln!("已备份到第 {} 条记录 / backed up, to record {}", position.rev, position.rev);
    Ok(())
}

pub(super) async fn restore(args: RestoreArgs) -> Result<(), Fault> {
    let settings = args.place.settings()?;
    let position = store::restore(&open_options(&settings)?, &args.from).await.map_err(fault)?;
    for file in [history::FILE, addresses::FILE] {
        let (from, into) = (args.from.join(file), settings.data_dir.join(file));
        // What this machine remembers goes further than the backup; only a new machine needs the copy.
        if from.exists() && !into.exists() {
            let copied = std::fs::copy(&from, &into);
            copied.map_err(|error| Fault::of(&format!("{file} 没有恢复"), &format!("{file} was not restored"), &error))?;
        }
    }
    let rev = position.rev;
    eprintln!(
        "已恢复到第 {rev} 条记录；原来的数据放在 redis.before-restore / restored, to record {rev}; what was there is in redis.before-restore"
    );
    Ok(())
}

/// Copies the history as it is now, also while the server writes to it.
async fn copy_history(data_dir: &Path, into: &Path) -> Result<(), HistoryError> {
    let path = data_dir.join(history::FILE);
    if !path.exists() {
        return Ok(());
    }
    let history = History::open(history::Options { path }).await?;
    history.copy_to(into.join(history::FILE)).await
}

fn named_by_time(data_dir: &Path) -> std::io::Result<PathBuf> {
    let folder = data_dir.join(FOLDER);
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    Ok(folder.join(Clock::System.now().format("%Y%m%d-%H%M%S").to_string()))
}

fn fault(error: BackupError) -> Fault {
    match error {
        BackupError::Open(error) => error.into(),
        BackupError::Damaged(_) | BackupError::Empty(_) | BackupError::Rewrite | BackupError::Journal(_) | BackupError::Io(_) => {
            Fault::of("没有完成，原数据未动", "not done; the data is as it was", &error)
        }
    }
}
