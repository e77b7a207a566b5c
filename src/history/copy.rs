//! Copies the history's file to a safe place, whole, also while it is being written.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::HistoryError;

/// Copies the file `from` to the new file `into`; nothing where there is no history yet. Blocks for as long as it takes.
///
/// # Errors
/// When the disk refuses, or `into` exists.
pub fn copy(from: &Path, into: &Path) -> Result<(), HistoryError> {
    if !from.exists() {
        return Ok(());
    }
    let database = |error: rusqlite::Error| HistoryError::Database(error.to_string());
    let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(database)?;
    let into = into.to_str().ok_or(HistoryError::BadQuery("the path is not UTF-8"))?;
    connection.execute("VACUUM INTO ?1", [into]).map(|_rows| ()).map_err(database)
}
