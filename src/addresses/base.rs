//! The book's SQLite file: its tables, its readers, and noticing that it was replaced.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tokio::sync::Semaphore;

use super::index::{Index, Row};
use super::{AddressError, READERS_MAX};

/// The book's file inside the data folder.
pub const FILE: &str = "addresses.sqlite";
/// The layout of the tables; a book of another is imported again.
pub(super) const LAYOUT: i64 = 1;
/// How long a connection waits for another, in milliseconds.
const LOCK_WAIT_MS_MAX: u64 = 5_000;
/// Statements that a connection keeps prepared.
const STATEMENTS_KEPT_MAX: usize = 64;
/// Pages that the importer keeps in memory, in KiB.
const IMPORT_CACHE_KIB: i64 = 65_536;

/// Everything is dropped and made anew in one transaction: either the old book is there or the new one.
pub(super) const TABLES: &str = "
DROP TABLE IF EXISTS book; DROP TABLE IF EXISTS community; DROP TABLE IF EXISTS unit; DROP TABLE IF EXISTS room;
CREATE TABLE book (layout INTEGER NOT NULL, version INTEGER NOT NULL, rooms INTEGER NOT NULL) STRICT;
CREATE TABLE community (id INTEGER PRIMARY KEY, name TEXT NOT NULL, rooms INTEGER NOT NULL DEFAULT 0,
  station TEXT, area TEXT, team TEXT) STRICT;
CREATE TABLE room (id INTEGER PRIMARY KEY, community INTEGER NOT NULL,
  building TEXT NOT NULL, unit TEXT NOT NULL, room TEXT NOT NULL,
  b_key TEXT NOT NULL, u_key TEXT NOT NULL, r_key TEXT NOT NULL,
  station TEXT, area TEXT, team TEXT, riser TEXT, customer_no TEXT, c_key TEXT, heat_status TEXT, area_m2_centi INTEGER) STRICT;
CREATE UNIQUE INDEX room_place ON room (community, b_key, u_key, r_key);
CREATE INDEX room_customer ON room (c_key) WHERE c_key IS NOT NULL;
";

/// What is known of all rooms of a building's unit, and of a community.
pub(super) const SUMS: &str = "
CREATE TABLE unit AS SELECT community, b_key, u_key, min(building) AS building, min(unit) AS unit, count(*) AS rooms,
  iif(count(station) = count(*) AND min(station) = max(station), min(station), NULL) AS station,
  iif(count(area) = count(*) AND min(area) = max(area), min(area), NULL) AS area,
  iif(count(team) = count(*) AND min(team) = max(team), min(team), NULL) AS team
FROM room GROUP BY community, b_key, u_key;
CREATE INDEX unit_place ON unit (community, b_key, u_key);
UPDATE community SET (rooms, station, area, team) = (SELECT sum(rooms),
  iif(count(station) = count(*) AND min(station) = max(station), min(station), NULL),
  iif(count(area) = count(*) AND min(area) = max(area), min(area), NULL),
  iif(count(team) = count(*) AND min(team) = max(team), min(team), NULL)
FROM unit WHERE unit.community = community.id);
";

/// The file, its idle readers, and its communities in memory.
pub(super) struct Base {
    path: PathBuf,
    pub(super) permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
    index: RwLock<Arc<Index>>,
}

impl From<rusqlite::Error> for AddressError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.to_string())
    }
}

impl Base {
    pub(super) fn new(path: PathBuf) -> Self {
        let index = RwLock::new(Arc::new(Index::default()));
        Self { path, permits: Semaphore::new(READERS_MAX), idle: Mutex::new(Vec::new()), index }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn copy_to(&self, into: &Path) -> Result<(), AddressError> {
        if !self.path.exists() {
            return Ok(());
        }
        let conn = open_reader(&self.path)?;
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(into);
        made.map_err(|error| AddressError::Database(format!("{}: {error}", into.display())))?;
        Ok(conn.backup(rusqlite::MAIN_DB, into, None)?)
    }

    /// The communities as of the last question.
    pub(super) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks something of one consistent state of the book; of an empty index where there is none.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Connection, &Index) -> Result<T, AddressError>) -> Result<T, AddressError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut conn = match kept {
            Some(conn) => conn,
            // Without a file there is nothing to find; an empty one in memory says so in the same words.
            None if !self.path.exists() => return look(&Connection::open_in_memory()?, &Index::default()),
            None => open_reader(&self.path)?,
        };
        let cut = conn.transaction()?;
        let index = self.current(&cut)?;
        let found = look(&cut, &index);
        cut.finish()?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_MAX {
            idle.push(conn);
        }
        found
    }

    /// The communities of the book that `conn` sees.
    fn current(&self, conn: &Connection) -> Result<Arc<Index>, AddressError> {
        let Some((version, rooms)) = version(conn)? else { return Ok(Arc::default()) };
        let known = self.index();
        if known.version == version {
            return Ok(known);
        }
        let mut statement = conn.prepare_cached("SELECT id, name, rooms FROM community")?;
        let rows = statement.query_map((), |row| Ok(Row { id: row.get(0)?, name: row.get(1)?, rooms: row.get(2)? }))?;
        let index = Arc::new(Index::build(version, rooms, rows.collect::<Result<_, _>>()?));
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&index);
        Ok(index)
    }
}

/// The version of the book and its rooms; `None` where nothing was imported.
fn version(conn: &Connection) -> Result<Option<(i64, u64)>, AddressError> {
    let there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'book'";
    if conn.prepare_cached(there)?.query_row((), |_| Ok(())).optional()?.is_none() {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached("SELECT layout, version, rooms FROM book")?;
    let row = statement.query_row((), |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, i64>(2)?))).optional()?;
    match row {
        Some((LAYOUT, version, rooms)) => Ok(Some((version, u64::try_from(rooms).unwrap_or(0)))),
        Some(_) => Err(AddressError::OtherVersion),
        None => Ok(None),
    }
}

/// The version that the next import writes.
pub(super) fn next_version(conn: &Connection) -> Result<i64, AddressError> {
    match version(conn) {
        Ok(found) => Ok(found.map_or(1, |(version, _)| version.wrapping_add(1))),
        // Its number means nothing here; any other than those seen will do.
        Err(AddressError::OtherVersion) => Ok(1 << 32),
        Err(error) => Err(error),
    }
}

/// Opens the file for an import, making it readable by its owner only.
pub(super) fn open_writer(path: &Path) -> Result<Connection, AddressError> {
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    made.map_err(|error| AddressError::Database(format!("{}: {error}", path.display())))?;
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(Duration::from_millis(LOCK_WAIT_MS_MAX))?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "cache_size", -IMPORT_CACHE_KIB)?;
    Ok(conn)
}

fn open_reader(path: &Path) -> Result<Connection, AddressError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(Duration::from_millis(LOCK_WAIT_MS_MAX))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    Ok(conn)
}
