//! Commands that are decided and committed together, and how each of them is answered.

use std::sync::Arc;

use super::{Answer, Fault, Job, OpenError, Reply};
use crate::domain::event::Event;
use crate::store::{Commit, Committed, JournalError, Position, StoredReply};

/// A command decided in the current round, its answer not yet sent.
pub(super) struct Pending {
    pub(super) job: Job,
    pub(super) reply: Reply,
}

/// Commands that were decided together, with what they want to write.
pub(super) struct Round {
    /// Where the journal stood, or will stand, when it is written.
    pub(super) expected: Position,
    pub(super) commit: Commit,
    pub(super) events: Vec<Arc<Event>>,
    pub(super) pending: Vec<Pending>,
    /// Their keys are in this round already: they wait for its answers and repeat them.
    pub(super) later: Vec<Job>,
}

impl Round {
    pub(super) fn jobs(self) -> impl Iterator<Item = Job> {
        self.pending.into_iter().map(|one| one.job).chain(self.later)
    }
}

pub(super) type Landed = (Round, Result<Committed, JournalError>);

/// Names for commits, none of which any process gives twice.
pub(super) struct Names {
    process: u64,
    given: u64,
}

impl Names {
    pub(super) fn new() -> Result<Self, OpenError> {
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| JournalError::Away(format!("no randomness for the names of commits: {error}")))?;
        Ok(Self { process: u64::from_ne_bytes(random), given: 0 })
    }

    pub(super) fn next(&mut self) -> String {
        self.given += 1;
        format!("{:x}-{}", self.process, self.given)
    }
}

pub(super) fn refuse(job: Job, fault: Fault) {
    // The caller may have gone; then nobody needs to know.
    let _gone = job.answer.send(Err(fault));
}

pub(super) fn answer(pending: Pending) {
    let _gone = pending.job.answer.send(Ok(Answer { reply: pending.reply, replayed: false }));
}

/// Answers those whose key was used before; gives back the others.
pub(super) fn answer_repeated(pending: Vec<Pending>, repeated: &[(usize, StoredReply)]) -> Vec<Pending> {
    let mut rest = Vec::with_capacity(pending.len());
    let mut keyed = 0_usize;
    for one in pending {
        let Some(key) = &one.job.request.key else {
            rest.push(one);
            continue;
        };
        let earlier = repeated.iter().find(|(index, _)| *index == keyed).map(|(_, stored)| stored);
        keyed += 1;
        match earlier {
            None => rest.push(one),
            Some(stored) if stored.fingerprint != key.fingerprint => refuse(one.job, Fault::KeyReused),
            Some(stored) => {
                let reply = Reply { status: stored.status, body: stored.body.clone() };
                let _gone = one.job.answer.send(Ok(Answer { reply, replayed: true }));
            }
        }
    }
    rest
}
