//! The SQLite file: one writer on its own thread, a few readers, and the migrations.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, MigrationDefinitionError, Migrations};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::HistoryError;
use crate::rank;

/// Jobs that may wait for the writer.
const WRITER_JOBS_MAX: usize = 16;
/// Connections that read at the same time.
const READERS_MAX: usize = 4;
/// How long a question waits for a reader, in milliseconds.
const READER_WAIT_MS_MAX: u64 = 5_000;
/// How long a connection waits for a lock of another, in milliseconds.
const LOCK_WAIT_MS_MAX: u64 = 5_000;
/// Statements that a connection keeps prepared.
const STATEMENTS_KEPT_MAX: usize = 64;

const STEPS: &[M<'_>] = &[M::up(include_str!("sql/0001_base.sql")), M::up(include_str!("sql/0002_hotline.sql"))];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The file and its connections.
pub(super) struct Base {
    path: PathBuf,
    writer: mpsc::Sender<Job>,
    /// One permit a reader; the list holds those that nobody uses.
    permits: Semaphore,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch) => {
                Self::Damaged(error.to_string())
            }
            Some(_) | None => Self::Database(error.to_string()),
        }
    }
}

impl Base {
    pub(super) async fn open(path: PathBuf) -> Result<Self, HistoryError> {
        let at = path.clone();
        let opened = tokio::task::spawn_blocking(move || open_writer(&at)).await;
        let conn = opened.map_err(|_| HistoryError::Closed)??;
        let (writer, jobs) = mpsc::channel(WRITER_JOBS_MAX);
        let thread = std::thread::Builder::new().name("history".to_owned());
        let spawned = thread.spawn(move || work(conn, jobs));
        // The thread ends when the last sender is gone; what it was given is done before.
        let _detached = spawned.map_err(|e| HistoryError::Database(e.to_string()))?;
        Ok(Self { path, writer, permits: Semaphore::new(READERS_MAX), idle: Arc::new(Mutex::new(Vec::new())) })
    }

    /// Has the writer do something; what it began is finished even when the caller goes away.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            // The caller may have gone; then nobody needs to know.
            let _gone = answer.send(job(conn));
        });
        self.writer.send(job).await.map_err(|_| HistoryError::Closed)?;
        answered.await.map_err(|_| HistoryError::Closed)?
    }

    /// Asks something of one consistent state of the file.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, HistoryError> {
        let permit = tokio::time::timeout(Duration::from_millis(READER_WAIT_MS_MAX), self.permits.acquire()).await;
        let _permit = permit.map_err(|_| HistoryError::Busy)?.map_err(|_| HistoryError::Closed)?;
        let idle = Arc::clone(&self.idle);
        let path = self.path.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut conn = kept.map_or_else(|| open_reader(&path), Ok)?;
            let cut = conn.transaction()?;
            let found = look(&cut);
            cut.finish()?;
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
            found
        });
        asked.await.map_err(|_| HistoryError::Closed)?
    }
}

fn work(mut conn: Connection, mut jobs: mpsc::Receiver<Job>) {
    // A rush at the kiosks comes first: the journal holds what is not remembered yet.
    rank::make_way();
    while let Some(job) = jobs.blocking_recv() {
        job(&mut conn);
    }
    if let Err((_conn, error)) = conn.close() {
        tracing::warn!(%error, "the history file was not closed cleanly; nothing is lost, the journal has it");
    }
}

fn make(path: &Path, how: &mut OpenOptions) -> Result<(), HistoryError> {
    let made = how.write(true).mode(0o600).open(path);
    made.map(drop).map_err(|e| HistoryError::Database(format!("{}: {e}", path.display())))
}

/// Copies what `conn` sees into a new file.
pub(super) fn copy(conn: &Connection, into: &Path) -> Result<(), HistoryError> {
    make(into, OpenOptions::new().create_new(true))?;
    Ok(conn.backup(rusqlite::MAIN_DB, into, None)?)
}

/// Brings what the side file holds into the file, as far as nobody reads it.
pub(super) fn checkpoint(conn: &mut Connection) -> Result<(), HistoryError> {
    Ok(conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_row| Ok(()))?)
}

fn open_writer(path: &Path) -> Result<Connection, HistoryError> {
    // Made by us first, so that nobody else can read it at any moment; SQLite gives its side files the same rights.
    make(path, OpenOptions::new().create(true).truncate(false))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(Duration::from_millis(LOCK_WAIT_MS_MAX))?;
    // Before the first table: pages of what was forgotten are given back, and their content is overwritten.
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    // The journal is the truth: what a power cut takes here is read there again. See `retain::secure` for trimming.
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "secure_delete", "ON")?;
    conn.pragma_update(None, "foreign_keys", "ON")?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    let too_new = rusqlite_migration::Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead);
    MIGRATIONS.to_latest(&mut conn).map_err(|e| if e == too_new { HistoryError::TooNew } else { HistoryError::Database(e.to_string()) })?;
    Ok(conn)
}

fn open_reader(path: &Path) -> Result<Connection, HistoryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(Duration::from_millis(LOCK_WAIT_MS_MAX))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_KEPT_MAX);
    Ok(conn)
}
