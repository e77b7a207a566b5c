//! Reads a hall from its journal: the saved state, and every event after it.

use super::{OpenError, READ_EVENTS_MAX};
use crate::domain::apply;
use crate::domain::event::{EVENT_VERSION, Event};
use crate::domain::hall::Hall;
use crate::store::{Entry, Journal, Snapshot};

/// A hall as the journal has it.
pub(super) struct Read {
    pub(super) hall: Hall,
    pub(super) epoch: std::sync::Arc<str>,
    /// The revision of the saved state that it was read from.
    pub(super) saved_rev: u64,
}

pub(super) async fn read<J: Journal>(journal: &J) -> Result<Read, OpenError> {
    let loaded = journal.load().await?;
    let mut hall = match &loaded.snapshot {
        Some(saved) => read_snapshot(saved)?,
        None => Hall::default(),
    };
    let saved_rev = hall.rev;
    while hall.rev < loaded.position.rev {
        let entries = journal.since(hall.rev, READ_EVENTS_MAX).await?;
        if entries.is_empty() {
            return Err(OpenError::Unreadable { rev: hall.rev + 1, problem: "it is missing".to_owned() });
        }
        fold(&mut hall, &entries)?;
    }
    Ok(Read { hall, epoch: loaded.position.epoch, saved_rev })
}

fn read_snapshot(saved: &Snapshot) -> Result<Hall, OpenError> {
    let unreadable = |problem: String| OpenError::Unreadable { rev: saved.rev, problem };
    let json = saved.json().map_err(|e| unreadable(e.to_string()))?;
    let mut hall: Hall = serde_json::from_str(&json).map_err(|e| unreadable(e.to_string()))?;
    if hall.rev != saved.rev {
        return Err(unreadable(format!("the saved state says revision {}", hall.rev)));
    }
    hall.reindex();
    Ok(hall)
}

/// Folds journal entries into a hall; those it has already are passed over.
pub(super) fn fold(hall: &mut Hall, entries: &[Entry]) -> Result<(), OpenError> {
    for entry in entries {
        if entry.rev <= hall.rev {
            continue;
        }
        let unreadable = |problem: String| OpenError::Unreadable { rev: entry.rev, problem };
        if entry.rev != hall.rev + 1 {
            return Err(unreadable(format!("revision {} is missing", hall.rev + 1)));
        }
        let event: Event = serde_json::from_str(&entry.json).map_err(|e| unreadable(e.to_string()))?;
        if event.rev != entry.rev || event.v > EVENT_VERSION {
            return Err(unreadable("it was written by a newer version".to_owned()));
        }
        apply(hall, &event);
    }
    Ok(())
}
