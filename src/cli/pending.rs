//! Changes that wait for the server: written while it is closed, carried out before it listens again.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::access::{Change, carry_out};
use super::fault::Fault;
use crate::keeper::Keeper;
use crate::store::Journal;

const FILE: &str = "access-pending.jsonl";
/// A file larger than this was not written by us, in bytes.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The file of changes in a data folder.
pub(super) struct PendingFile {
    path: PathBuf,
}

impl PendingFile {
    pub(super) fn in_dir(data_dir: &Path) -> Self {
        Self { path: data_dir.join(FILE) }
    }

    /// Adds a change; on disk when this returns. The folder is made when it is not there.
    pub(super) fn append(&self, change: &Change) -> Result<(), Fault> {
        self.try_append(change).map_err(|error| self.fault(&error))
    }

    fn try_append(&self, change: &Change) -> io::Result<()> {
        if let Some(dir) = self.path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        let mut file = OpenOptions::new().append(true).read(true).create(true).mode(0o600).open(&self.path)?;
        file.lock()?;
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        // What a power cut left behind must not run into our line.
        if !ends_whole(&mut file)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line)?;
        file.sync_all()
    }

    /// The changes that wait. Lines that cannot be read (a power cut while one was written) are passed over.
    pub(super) fn read(&self) -> Result<Vec<Change>, Fault> {
        match File::open(&self.path) {
            Ok(mut file) => read_changes(&mut file).map_err(|error| self.fault(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Carries them all out and empties the file. What the hall refuses is logged and dropped.
    pub(super) async fn take_in<J: Journal>(&self, keeper: &Keeper<J>) -> Result<(), Fault> {
        let mut file = match OpenOptions::new().read(true).write(true).open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(self.fault(&error)),
        };
        // Held to the end, so that no line is added between reading and emptying; carried out twice does no harm.
        file.lock().map_err(|error| self.fault(&error))?;
        for change in read_changes(&mut file).map_err(|error| self.fault(&error))? {
            if let Err(words) = carry_out(keeper, &change).await? {
                tracing::warn!(?change, %words, "a change made while the server was closed was refused");
            }
        }
        file.set_len(0).and_then(|()| file.sync_all()).map_err(|error| self.fault(&error))
    }

    fn fault(&self, error: &io::Error) -> Fault {
        let path = self.path.display();
        Fault::failed(format!("{path} 无法使用 / {path} cannot be used: {error}"))
    }
}

fn ends_whole(file: &mut File) -> io::Result<bool> {
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes.last().is_none_or(|last| *last == b'\n'))
}

fn read_changes(file: &mut File) -> io::Result<Vec<Change>> {
    let mut text = String::new();
    file.take(FILE_BYTES_MAX).read_to_string(&mut text)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Ok(lines
        .filter_map(|line| match serde_json::from_str(line) {
            Ok(change) => Some(change),
            Err(error) => {
                tracing::warn!(%error, "a change made while the server was closed cannot be read");
                None
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use super::*;
    use crate::clock::Clock;
    use crate::domain::actor::Role;
    use crate::keeper::Options;
    use crate::store::MemoryJournal;

    fn board(digest: &str) -> Change {
        Change::AddDevice {
            kind: Role::Board,
            name: "b1".to_owned(),
            counter: None,
            digest: digest.into(),
            teams: Vec::new(),
            skills: Vec::new(),
        }
    }

    async fn keeper() -> Keeper<MemoryJournal> {
        let journal = Arc::new(MemoryJournal::new("e"));
        Keeper::open(Options { journal, clock: Clock::System, shared: false }).await.unwrap()
    }

    #[tokio::test]
    async fn what_was_written_down_is_carried_out_once() {
        let dir = tempfile::tempdir().unwrap();
        let pending = PendingFile::in_dir(&dir.path().join("new"));
        let keeper = keeper().await;
        pending.take_in(&keeper).await.unwrap();
        pending.append(&board("d1")).unwrap();
        pending.append(&board("d2")).unwrap();
        pending.append(&board("d2")).unwrap();
        assert_eq!(pending.read().unwrap().len(), 3);
        let mode = std::fs::metadata(&pending.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        pending.take_in(&keeper).await.unwrap();
        pending.take_in(&keeper).await.unwrap();
        assert_eq!(keeper.read(|hall| hall.access.devices.len()), 2);
        assert!(pending.read().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_line_cut_short_by_a_power_cut_costs_only_itself() {
        let dir = tempfile::tempdir().unwrap();
        let pending = PendingFile::in_dir(dir.path());
        std::fs::write(&pending.path, "{\"do\":\"add_dev").unwrap();
        pending.append(&board("d1")).unwrap();
        let keeper = keeper().await;
        pending.take_in(&keeper).await.unwrap();
        assert_eq!(keeper.read(|hall| hall.access.devices.len()), 1);
    }
}
