//! Keeps the voice's place in the journal on disk, so that a restart neither repeats nor loses.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::playlist::Cursor;

/// Name of the file in the data folder.
pub const CURSOR_FILE: &str = "voice-cursor.json";
/// Largest cursor file that is read, bytes.
pub const CURSOR_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    epoch: String,
    cursor: Cursor,
}

/// The file that holds a cursor, together with the epoch of the journal it belongs to.
#[derive(Debug, Clone)]
pub struct CursorFile {
    path: PathBuf,
}

impl CursorFile {
    /// The cursor file of a data folder.
    #[must_use]
    pub fn in_dir(data_dir: &Path) -> Self {
        Self { path: data_dir.join(CURSOR_FILE) }
    }

    /// The journal the kept cursor belongs to, if one is kept.
    #[must_use]
    pub fn epoch(&self) -> Option<String> {
        self.read().ok().flatten().map(|kept| kept.epoch)
    }

    /// The cursor for a journal; the beginning when there is none, it belongs to another epoch, or it cannot be read
    /// (old calls are then held back by their age).
    #[must_use]
    pub fn load(&self, epoch: &str) -> Cursor {
        match self.read() {
            Ok(Some(kept)) if kept.epoch == epoch => kept.cursor,
            Ok(Some(_)) => {
                tracing::info!(epoch, "the voice starts anew: the journal has another epoch");
                Cursor::default()
            }
            Ok(None) => Cursor::default(),
            Err(error) => {
                tracing::warn!(path = %self.path.display(), %error, "voice cursor not readable; starting anew");
                Cursor::default()
            }
        }
    }

    fn read(&self) -> std::io::Result<Option<Kept>> {
        let size = match std::fs::metadata(&self.path) {
            Ok(about) => about.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if size > CURSOR_BYTES_MAX {
            return Err(std::io::Error::other("too large"));
        }
        let bytes = std::fs::read(&self.path)?;
        serde_json::from_slice(&bytes).map(Some).map_err(std::io::Error::other)
    }

    /// Replaces the file: a power cut leaves the old one or the new one, never half of one.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn save(&self, epoch: &str, cursor: &Cursor) -> std::io::Result<()> {
        let kept = Kept { epoch: epoch.to_owned(), cursor: cursor.clone() };
        let bytes = serde_json::to_vec(&kept).map_err(std::io::Error::other)?;
        let new = self.path.with_extension("json.new");
        let mut file = std::fs::File::create(&new)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        drop(file);
        std::fs::rename(&new, &self.path)?;
        match self.path.parent() {
            Some(folder) => std::fs::File::open(folder)?.sync_data(),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_kept_for_its_epoch_only() {
        let dir = tempfile::tempdir().unwrap();
        let file = CursorFile::in_dir(dir.path());
        assert_eq!(file.load("e1"), Cursor::default());
        let cursor = Cursor { seen: 40, open: vec![38, 40] };
        file.save("e1", &cursor).unwrap();
        assert_eq!(file.load("e1"), cursor);
        assert_eq!(file.load("e2"), Cursor::default());
        assert_eq!(file.epoch().as_deref(), Some("e1"));
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [CURSOR_FILE]);
    }

    #[test]
    fn a_spoilt_cursor_starts_anew() {
        let dir = tempfile::tempdir().unwrap();
        let file = CursorFile::in_dir(dir.path());
        for spoilt in ["", "{\"epoch\":\"e1\"", "{\"epoch\":\"e1\",\"cursor\":{\"seen\":-1,\"open\":[]}}"] {
            std::fs::write(dir.path().join(CURSOR_FILE), spoilt).unwrap();
            assert_eq!((file.load("e1"), file.epoch()), (Cursor::default(), None));
        }
        assert!(CursorFile::in_dir(Path::new("/nowhere/at/all")).save("e1", &Cursor::default()).is_err());
    }
}
