//! Keeps a journal in memory for tests and simulation, with the faults a real one can have.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::{Commit, Committed, Entry, IdempotencyKey, Journal, JournalError, Loaded, Position, Snapshot, StoredReply, Write};

/// How long `wait` waits when nothing happens.
const WAIT: Duration = Duration::from_secs(5);

/// What happens to one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing goes wrong.
    None,
    /// `Away`, and not applied.
    Refused,
    /// `Unknown`, and not applied.
    LostBefore,
    /// `Unknown`, but applied.
    LostAfter,
}

type Planner = Box<dyn FnMut(&Position, &Commit) -> Fault + Send>;

/// How long a commit is on its way there, and its answer on its way back.
type Way = Box<dyn FnMut() -> (Duration, Duration) + Send>;

/// What stands beside the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Beside {
    pub hashes: BTreeMap<String, BTreeMap<String, String>>,
    pub sorted_sets: BTreeMap<String, BTreeMap<String, f64>>,
    pub texts: BTreeMap<String, String>,
}

impl Beside {
    fn apply(&mut self, write: &Write) {
        match write {
            Write::HashSet { key, field, value } => {
                self.hashes.entry(key.to_string()).or_default().insert(field.clone(), value.clone());
            }
            Write::HashDelete { key, field } => {
                if let Some(hash) = self.hashes.get_mut(&**key) {
                    hash.remove(field);
                }
                self.hashes.retain(|_, hash| !hash.is_empty());
            }
            Write::SortedSetAdd { key, member, score } => {
                self.sorted_sets.entry(key.to_string()).or_default().insert(member.clone(), *score);
            }
            Write::SortedSetRemove { key, member } => {
                if let Some(set) = self.sorted_sets.get_mut(&**key) {
                    set.remove(member);
                }
                self.sorted_sets.retain(|_, set| !set.is_empty());
            }
            Write::Set { key, value } => {
                self.texts.insert(key.to_string(), value.clone());
            }
            Write::Delete { key } => {
                self.hashes.remove(&**key);
                self.sorted_sets.remove(&**key);
                self.texts.remove(&**key);
            }
        }
    }
}

struct Kept {
    position: Position,
    /// Events after `base`.
    base: u64,
    events: Vec<Entry>,
    snapshot: Option<Snapshot>,
    replies: BTreeMap<String, BTreeMap<(String, String), StoredReply>>,
    beside: Beside,
    /// The name of the last commit.
    last: String,
    planner: Option<Planner>,
    way: Option<Way>,
    away: bool,
}

struct Shared {
    kept: Mutex<Kept>,
    appended: Notify,
}

/// A journal in memory; clones are further processes on the same journal.
#[derive(Clone)]
pub struct MemoryJournal {
    shared: Arc<Shared>,
}

impl MemoryJournal {
    /// A new, empty journal under `epoch`.
    #[must_use]
    pub fn new(epoch: &str) -> Self {
        let kept = Kept {
            position: Position { epoch: epoch.into(), rev: 0 },
            base: 0,
            events: Vec::new(),
            snapshot: None,
            replies: BTreeMap::new(),
            beside: Beside::default(),
            last: String::new(),
            planner: None,
            way: None,
            away: false,
        };
        Self { shared: Arc::new(Shared { kept: Mutex::new(kept), appended: Notify::new() }) }
    }

    /// Lets `planner` decide what happens to each commit from now on.
    pub fn plan(&self, planner: impl FnMut(&Position, &Commit) -> Fault + Send + 'static) {
        self.kept().planner = Some(Box::new(planner));
    }

    /// Lets each commit take time from now on: there, and the answer back. Commits may then overtake one another.
    pub fn take_time(&self, way: impl FnMut() -> (Duration, Duration) + Send + 'static) {
        self.kept().way = Some(Box::new(way));
    }

    /// Takes the journal away (every method answers `Away`) or brings it back.
    pub fn set_away(&self, away: bool) {
        self.kept().away = away;
    }

    /// Appends as another process would: without looking at what anybody decided on. Gives the new position.
    pub fn append_elsewhere(&self, events: impl IntoIterator<Item = Arc<str>>) -> Position {
        let mut kept = self.kept();
        for json in events {
            kept.append(json);
        }
        kept.last.clear();
        let position = kept.position.clone();
        drop(kept);
        self.shared.appended.notify_waiters();
        position
    }

    /// What stands beside the log now.
    #[must_use]
    pub fn beside(&self) -> Beside {
        self.kept().beside.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, expected: &Position, commit: &Commit) -> Result<Committed, JournalError> {
        let mut kept = self.reachable()?;
        let fault = kept.planner.as_mut().map_or(Fault::None, |planner| planner(expected, commit));
        match fault {
            Fault::Refused => return Err(JournalError::Away("planned refusal".to_owned())),
            Fault::LostBefore => return Err(JournalError::Unknown("planned loss before".to_owned())),
            Fault::None | Fault::LostAfter => {}
        }
        if commit.events.iter().zip(expected.rev + 1..).any(|(event, rev)| event.rev != rev) {
            return Err(JournalError::Away("the events do not follow one another".to_owned()));
        }
        let ended = if kept.follows(expected, commit)? {
            let repeated = kept.repeated(commit);
            if repeated.is_empty() {
                kept.apply(commit);
                Committed::Done
            } else {
                Committed::Repeated(repeated)
            }
        } else {
            Committed::Stale(kept.position.clone())
        };
        drop(kept);
        self.shared.appended.notify_waiters();
        match fault {
            Fault::LostAfter => Err(JournalError::Unknown("planned loss after".to_owned())),
            Fault::None | Fault::Refused | Fault::LostBefore => Ok(ended),
        }
    }

    fn reachable(&self) -> Result<MutexGuard<'_, Kept>, JournalError> {
        let kept = self.kept();
        if kept.away { Err(JournalError::Away("taken away".to_owned())) } else { Ok(kept) }
    }
}

impl Kept {
    fn append(&mut self, json: Arc<str>) {
        self.position.rev += 1;
        self.events.push(Entry::read(self.position.rev, json));
    }

    fn check(&self, expected: &Position) -> Result<bool, JournalError> {
        if self.position.epoch != expected.epoch {
            return Err(JournalError::Unsafe(format!("its epoch was {} and is now {}", expected.epoch, self.position.epoch)));
        }
        if self.position.rev < expected.rev {
            return Err(rolled_back(expected.rev, self.position.rev));
        }
        Ok(self.position.rev == expected.rev)
    }

    /// Whether a commit follows the last one.
    fn follows(&self, expected: &Position, commit: &Commit) -> Result<bool, JournalError> {
        match &commit.behind {
            Some(behind) if *behind != self.last && self.position.epoch == expected.epoch => Ok(false),
            Some(_) | None => self.check(expected),
        }
    }

    fn repeated(&self, commit: &Commit) -> Vec<(usize, StoredReply)> {
        let find = |key: &IdempotencyKey| self.reply(key, &commit.search_reply_days);
        commit.replies.iter().enumerate().filter_map(|(index, reply)| find(&reply.key).map(|given| (index, given))).collect()
    }

    fn reply(&self, key: &IdempotencyKey, days: &[String]) -> Option<StoredReply> {
        let field = (key.scope.clone(), key.key.clone());
        days.iter().find_map(|day| self.replies.get(day)?.get(&field).cloned())
    }

    fn apply(&mut self, commit: &Commit) {
        for event in &commit.events {
            self.append(Arc::clone(&event.json));
        }
        for write in &commit.writes {
            self.beside.apply(write);
        }
        for reply in &commit.replies {
            let field = (reply.key.scope.clone(), reply.key.key.clone());
            let stored = StoredReply { fingerprint: reply.key.fingerprint.clone(), status: reply.status, body: reply.body.clone() };
            self.replies.entry(commit.reply_day.clone()).or_default().insert(field, stored);
        }
        for day in &commit.forget_reply_days {
            self.replies.remove(day);
        }
        self.last.clone_from(&commit.name);
    }

    fn since(&self, after: u64, limit: usize) -> Result<Vec<Entry>, JournalError> {
        if after > self.position.rev {
            return Err(rolled_back(after, self.position.rev));
        }
        if after < self.base {
            return Err(JournalError::Trimmed { first: self.base + 1 });
        }
        Ok(self.events.iter().filter(|event| event.rev > after).take(limit.max(1)).cloned().collect())
    }
}

fn rolled_back(known: u64, end: u64) -> JournalError {
    JournalError::Unsafe(format!("it stood at revision {known} and now stands at {end}"))
}

impl Journal for MemoryJournal {
    async fn load(&self) -> Result<Loaded, JournalError> {
        let kept = self.reachable()?;
        let first = if kept.base < kept.position.rev { kept.base + 1 } else { 0 };
        Ok(Loaded { position: kept.position.clone(), snapshot: kept.snapshot.clone(), first })
    }

    async fn commit(&self, expected: &Position, commit: &Commit) -> Result<Committed, JournalError> {
        let way = self.kept().way.as_mut().map(|way| way());
        let Some((there, back)) = way else { return self.write(expected, commit) };
        sleep(there).await;
        let answer = self.write(expected, commit);
        sleep(back).await;
        answer
    }

    async fn since(&self, after: u64, limit: usize) -> Result<Vec<Entry>, JournalError> {
        self.reachable()?.since(after, limit)
    }

    async fn wait(&self, after: u64, limit: usize) -> Result<Vec<Entry>, JournalError> {
        // Register interest, then look: what is appended in between is not missed.
        let appended = self.shared.appended.notified();
        let mut appended = std::pin::pin!(appended);
        appended.as_mut().enable();
        let found = self.reachable()?.since(after, limit)?;
        if !found.is_empty() {
            return Ok(found);
        }
        let _woken_or_not = timeout(WAIT, appended).await;
        self.reachable()?.since(after, limit)
    }

    async fn position(&self) -> Result<Position, JournalError> {
        Ok(self.reachable()?.position.clone())
    }

    async fn reply(&self, key: &IdempotencyKey, days: &[String]) -> Result<Option<StoredReply>, JournalError> {
        Ok(self.reachable()?.reply(key, days))
    }

    async fn save_snapshot(&self, epoch: &str, snapshot: &Snapshot) -> Result<(), JournalError> {
        let mut kept = self.reachable()?;
        let expected = Position { epoch: epoch.into(), rev: snapshot.rev };
        kept.check(&expected)?;
        if kept.snapshot.as_ref().is_none_or(|saved| saved.rev < snapshot.rev) {
            kept.snapshot = Some(snapshot.clone());
        }
        Ok(())
    }

    async fn tidy(&self) -> Result<(), JournalError> {
        Ok(())
    }

    async fn trim(&self, through: u64) -> Result<(), JournalError> {
        let mut kept = self.reachable()?;
        let through = through.min(kept.snapshot.as_ref().map_or(0, |snapshot| snapshot.rev));
        if through > kept.base {
            kept.base = through;
            kept.events.retain(|event| event.rev > through);
        }
        Ok(())
    }
}
