//! The one read that waits in Redis for the journal to grow, kept waiting while this process takes its own commits from memory.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use redis::Value;
use redis::aio::MultiplexedConnection;
use tokio::time::timeout;

use super::JournalError;
use super::answer::{self, Row};
use super::link::Link;

/// How long Redis holds a waiting reader when nothing happens, in milliseconds.
const BLOCK_MS: u32 = 5_000;
/// After this a waiting reader takes its connection for half open.
const BLOCK_TIMEOUT: Duration = Duration::from_secs(10);

type Rung = Result<(Vec<Row>, MultiplexedConnection), JournalError>;

/// Where the bell hangs between two waits. It is taken out for each of them, so that a wait that is given up half way closes its
/// connection rather than leaving others in line behind it.
#[derive(Default)]
pub(super) struct Bell {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    hung: Option<Hung>,
    idle: Option<MultiplexedConnection>,
}

/// A read that waits for what comes after a revision.
pub(super) struct Hung {
    pub(super) after: u64,
    rung: BoxFuture<'static, Rung>,
}

impl Bell {
    /// The read that waits already, which may be for something earlier, or a new one: for at most `limit` events after `after`.
    pub(super) async fn hang(&self, link: &Link, stream: &str, after: u64, limit: usize) -> Result<Hung, JournalError> {
        let (hung, idle) = {
            let mut kept = self.kept();
            (kept.hung.take(), kept.idle.take())
        };
        if let Some(hung) = hung {
            return Ok(hung);
        }
        let mut connection = match idle {
            Some(connection) => connection,
            None => link.own_connection().await?,
        };
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(limit).arg("BLOCK").arg(BLOCK_MS);
        command.arg("STREAMS").arg(stream).arg(format!("{after}-0"));
        let rung = async move {
            let answered = timeout(BLOCK_TIMEOUT, command.query_async::<Value>(&mut connection)).await;
            // A read changes nothing, so whatever went wrong, nothing was applied.
            let away = |why: String| JournalError::Away(why);
            let value = answered.map_err(|_elapsed| away("a waiting read was not answered".to_owned()))?;
            Ok((answer::stream(value.map_err(|error| away(error.to_string()))?)?, connection))
        };
        Ok(Hung { after, rung: rung.boxed() })
    }

    /// Waits until it rings. May be dropped and called again.
    pub(super) async fn rings(&self, hung: &mut Hung) -> Result<Vec<Row>, JournalError> {
        let (rows, connection) = (&mut hung.rung).await?;
        self.kept().idle = Some(connection);
        Ok(rows)
    }

    /// Leaves a read waiting that has not been answered yet.
    pub(super) fn leave(&self, hung: Hung) {
        self.kept().hung = Some(hung);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
