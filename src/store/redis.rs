//! Keeps a hall's journal in Redis: dense revisions in a stream, guarded by one script, vouched for by a chained hash.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{Cmd, Script, Value};

use super::answer::{self, Items, Row};
use super::bell::Bell;
use super::kept;
use super::keys::{HallKeys, KeyError, reply_field};
use super::link::{Link, LinkError, RedisAddress};
use super::own::Own;
use super::rewrite;
use super::{Commit, Committed, Entry, IdempotencyKey, Journal, JournalError, Loaded, Position, Snapshot, StoredReply, Write};

/// The layout of the data in Redis. A journal with a greater one was written by a newer program and is not touched.
pub const DATA_VERSION: u32 = 1;
/// Events that one read may return.
const READ_EVENTS_MAX: usize = 10_000;
/// To a private Redis only the shell writes beside the server, and can wait; each commit of a busy hour would otherwise cost Redis a
/// second answer, which goes before that of whoever pressed.
const HUSH_PRIVATE: Duration = Duration::from_millis(100);
/// Letters of a new epoch.
const EPOCH_CHARS: usize = 12;
const EPOCH_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a journal handle could not be made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AddressError {
    /// The hall id cannot be a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The URL of the Redis cannot be read.
    #[error("the address of Redis cannot be read: {0}")]
    Url(String),
}

/// A handle to one hall's journal in Redis; clones share the connection and what was seen.
#[derive(Clone)]
pub struct RedisJournal {
    shared: Arc<Shared>,
}

struct Shared {
    keys: HallKeys,
    link: Link,
    scripts: Scripts,
    may_create: bool,
    seen: Mutex<Seen>,
    /// Rings when the journal grows, whoever wrote.
    bell: Bell,
    /// What this process wrote itself and the tail has not taken yet.
    own: Own,
    /// Nobody but this server and its shell uses this Redis.
    is_private: bool,
}

/// What this process knows to be true; the journal may only grow from here.
#[derive(Default)]
struct Seen {
    position: Option<Position>,
    /// The latest revision read while waiting, with its hash.
    tail: Option<(u64, String)>,
}

/// Room made for a script's command at once, in words and bytes: what a lone press needs. More is found as it comes.
const COMMAND_WORDS: usize = 64;
const COMMAND_BYTES: usize = 4 << 10;
/// Sent whole each time: beside what it saves its own text is nothing.
const SAVE_SNAPSHOT: &str = include_str!("lua/save_snapshot.lua");

struct Scripts {
    commit: Text,
    load: Text,
    create: Text,
    since: Text,
    trim: Text,
}

struct Text {
    text: &'static str,
    sha: String,
}

impl Text {
    fn new(text: &'static str) -> Self {
        Self { text, sha: Script::new(text).get_hash().to_owned() }
    }
}

impl RedisJournal {
    /// A handle to the journal of `hall_id`; connects when first asked. `may_create` says whether `load` may begin a
    /// new journal when none is there.
    ///
    /// # Errors
    /// When the hall id or the URL cannot be read; nothing is connected yet.
    pub fn new(address: &RedisAddress, hall_id: &str, may_create: bool) -> Result<Self, AddressError> {
        let keys = HallKeys::new(hall_id)?;
        let client = address.client().map_err(|error| AddressError::Url(error.to_string()))?;
        let scripts = Scripts {
            commit: Text::new(include_str!("lua/commit.lua")),
            load: Text::new(include_str!("lua/load.lua")),
            create: Text::new(include_str!("lua/create.lua")),
            since: Text::new(include_str!("lua/since.lua")),
            trim: Text::new(include_str!("lua/trim.lua")),
        };
        let shared = Shared {
            keys,
            link: Link::new(client),
            scripts,
            may_create,
            seen: Mutex::default(),
            bell: Bell::default(),
            own: Own::default(),
            is_private: address.socket().is_some(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Where the journal stands and the hash of its last event, or `None` when there is no journal.
    /// Creates nothing and remembers nothing.
    ///
    /// # Errors
    /// `Away` when Redis cannot be asked, `Unsafe` when its answer makes no sense.
    pub async fn peek(&self) -> Result<Option<(Position, String)>, JournalError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.shared.keys.meta()).arg("epoch").arg("rev").arg("chain");
        let value = self.shared.link.ask(&command).await.map_err(read_error)?;
        let mut items = Items::of(value)?;
        let Some(epoch) = items.text_or_nil()? else { return Ok(None) };
        let rev = items.number()?;
        Ok(Some((Position { epoch: epoch.into(), rev }, items.text()?)))
    }

    /// The hash kept with one event, when the event is still in the journal.
    ///
    /// # Errors
    /// As [`RedisJournal::peek`].
    pub async fn hash_at(&self, rev: u64) -> Result<Option<String>, JournalError> {
        let mut command = redis::cmd("XRANGE");
        command.arg(self.shared.keys.events()).arg(format!("{rev}-0")).arg(format!("{rev}-0"));
        let rows = answer::rows(self.shared.link.ask(&command).await.map_err(read_error)?)?;
        Ok(rows.into_iter().next().map(|row| row.hash))
    }

    /// Says one thing to the Redis itself (backup and restore). Gives its answer as text; `""` when it is none.
    pub(super) async fn administer(&self, words: &[&str]) -> Result<String, JournalError> {
        let value = self.ask(words).await?;
        Ok(if let Value::VerbatimString { text, .. } = value { text } else { String::new() })
    }

    /// The same, with the answer as it is.
    pub(super) async fn ask(&self, words: &[&str]) -> Result<Value, JournalError> {
        let mut words = words.iter();
        let mut command = redis::cmd(words.next().copied().unwrap_or_default());
        words.for_each(|word| {
            command.arg(*word);
        });
        Ok(self.shared.link.ask(&command).await?)
    }

    /// Puts the journal under a new epoch: it was restored, and nobody may take it for what was there before.
    pub(super) async fn renew_epoch(&self) -> Result<Position, JournalError> {
        let (found, _) = self.peek().await?.ok_or_else(|| self.missing())?;
        let epoch = new_epoch()?;
        let mut command = redis::cmd("HSET");
        command.arg(self.shared.keys.meta()).arg("epoch").arg(&epoch);
        self.shared.link.ask(&command).await?;
        Ok(Position { epoch: epoch.into(), rev: found.rev })
    }

    /// Runs a script; `fill` adds the number of keys, the keys and the arguments.
    async fn run(&self, script: &Text, fill: impl Fn(&mut Cmd)) -> Result<Value, LinkError> {
        let mut known = Cmd::with_capacity(COMMAND_WORDS, COMMAND_BYTES);
        known.arg("EVALSHA").arg(&script.sha);
        fill(&mut known);
        match self.shared.link.ask(&known).await {
            Err(LinkError::Refused(why)) if why.starts_with("NOSCRIPT") => {
                let mut whole = redis::cmd("EVAL");
                whole.arg(script.text);
                fill(&mut whole);
                self.shared.link.ask(&whole).await
            }
            answer => answer,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_load(&self, part: Part) -> Result<Items, JournalError> {
        let keys = &self.shared.keys;
        let value = self
            .run(&self.shared.scripts.load, |command| {
                command.arg(3).arg(keys.meta()).arg(keys.events()).arg(keys.snapshot()).arg(part.word());
            })
            .await
            .map_err(read_error)?;
        Items::of(value)
    }

    /// Where the journal stands and the revision of its saved state, without reading that; begins the journal where there is none.
    ///
    /// # Errors
    /// As [`Journal::load`].
    pub async fn head(&self) -> Result<(Position, Option<u64>), JournalError> {
        let (head, _) = self.look(Part::Head).await?;
        Ok((head.position, head.saved_rev))
    }

    /// Asks for the head, and gives what follows it in the answer.
    async fn look(&self, part: Part) -> Result<(Head, Items), JournalError> {
        let floor = self.floor();
        let mut items = self.ask_load(part).await?;
        let mut found = items.text()?;
        if found == "missing" && self.shared.may_create && floor.is_none() {
            self.create().await?;
            items = self.ask_load(part).await?;
            found = items.text()?;
        }
        match found.as_str() {
            "open" => {}
            "missing" => return Err(self.missing()),
            _ => return Err(JournalError::Unsafe("there are events without the record of where they end".to_owned())),
        }
        let version = items.number()?;
        if version > u64::from(DATA_VERSION) {
            return Err(JournalError::Unsafe(format!("its data version {version} is newer than this program's {DATA_VERSION}")));
        }
        let position = self.note_items(floor.as_ref(), &mut items)?;
        let base = items.number()?;
        let saved = items.text()?;
        let saved_rev = if saved.is_empty() { None } else { Some(answer::number(&saved)?) };
        if saved_rev.is_some_and(|rev| rev > position.rev) {
            return Err(JournalError::Unsafe("the saved state is ahead of the events".to_owned()));
        }
        if base > saved_rev.unwrap_or(0) {
            return Err(JournalError::Unsafe(format!("events up to {base} are gone and no saved state covers them")));
        }
        Ok((Head { position, base, saved_rev }, items))
    }

    async fn create(&self) -> Result<(), JournalError> {
        let keys = &self.shared.keys;
        let epoch = new_epoch()?;
        let owner = concat!("warmhall ", env!("CARGO_PKG_VERSION"));
        self.run(&self.shared.scripts.create, |command| {
            command.arg(3).arg(keys.meta()).arg(keys.events()).arg(keys.snapshot()).arg(&epoch).arg(DATA_VERSION).arg(owner);
        })
        .await?;
        Ok(())
    }

    /// What is known now. Taken before a question, because answers may arrive in another order than they were given.
    fn floor(&self) -> Option<Position> {
        self.seen().position.clone()
    }

    /// Checks a position that Redis gave against what was known when it was asked, and remembers it.
    fn note(&self, floor: Option<&Position>, position: &Position) -> Result<(), JournalError> {
        if let Some(floor) = floor {
            if floor.epoch != position.epoch {
                return Err(JournalError::Unsafe(format!("its epoch was {} and is now {}", floor.epoch, position.epoch)));
            }
            if position.rev < floor.rev {
                return Err(JournalError::Unsafe(format!("it stood at revision {} and now stands at {}", floor.rev, position.rev)));
            }
        }
        let mut seen = self.seen();
        if seen.position.as_ref().is_none_or(|known| known.rev < position.rev) {
            seen.position = Some(position.clone());
        }
        Ok(())
    }

    /// Reads `(epoch, rev)` off an answer and checks it.
    fn note_items(&self, floor: Option<&Position>, items: &mut Items) -> Result<Position, JournalError> {
        let position = Position { epoch: items.text()?.into(), rev: items.number()? };
        self.note(floor, &position)?;
        Ok(position)
    }

    fn missing(&self) -> JournalError {
        JournalError::Unsafe(format!("the journal of hall {} is no longer in Redis", self.shared.keys.hall_id()))
    }

    /// Waits until there is something after `after`: `None` when this process wrote it itself and has it, else what Redis shows of it.
    async fn grown(&self, after: u64, limit: usize) -> Result<Option<Vec<Row>>, JournalError> {
        let Shared { own, bell, link, keys, is_private, .. } = &*self.shared;
        let hush = if *is_private { HUSH_PRIVATE } else { Duration::ZERO };
        while !own.has(after) {
            // Whoever wrote just now is most likely to write next, and that is known without asking.
            if !own.is_ahead(after) {
                tokio::select! {
                    biased;
                    () = own.news() => continue,
                    () = own.quiet(hush) => {}
                }
            }
            // While this process writes, Redis need only say that there is something: what it is, is known here.
            let told = if own.is_lively() { 1 } else { limit };
            let mut hung = bell.hang(link, &keys.events(), after, told).await?;
            let rung = tokio::select! {
                biased;
                () = own.news() => None,
                rows = bell.rings(&mut hung) => Some(rows?),
            };
            let Some(rows) = rung else {
                bell.leave(hung);
                continue;
            };
            // It may ring for a commit of our own whose answer comes a moment later.
            own.landed().await;
            // It may have been hung for what was taken from memory meanwhile.
            if !own.has(after) && hung.after == after {
                return Ok(Some(rows));
            }
        }
        Ok(None)
    }

    /// Reads events together with where the journal stands, proves them, and gives the hash of the last.
    async fn read(&self, after: u64, limit: usize) -> Result<(Vec<Entry>, String), JournalError> {
        let floor = self.floor();
        let keys = &self.shared.keys;
        let value = self
            .run(&self.shared.scripts.since, |command| {
                command.arg(2).arg(keys.meta()).arg(keys.events()).arg(after).arg(limit);
            })
            .await
            .map_err(read_error)?;
        let mut items = Items::of(value)?;
        let epoch = items.text()?;
        if items.is_empty() {
            return Err(self.missing());
        }
        let position = Position { epoch: epoch.into(), rev: items.number()? };
        self.note(floor.as_ref(), &position)?;
        let (base, base_chain) = (items.number()?, items.text()?);
        let mut rows = answer::rows(items.value()?)?;
        if after > position.rev {
            return Err(rolled_back(after, position.rev));
        }
        if after < base {
            return Err(JournalError::Trimmed { first: base + 1 });
        }
        let hash = match rows.first() {
            Some(row) if row.rev == after => rows.remove(0).hash,
            _ if after == base => base_chain,
            _ => return Err(JournalError::Unsafe(format!("event {after} is missing from the journal"))),
        };
        rows.truncate(limit);
        let wanted = u64::try_from(limit).unwrap_or(u64::MAX).min(position.rev - after);
        let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if found != wanted {
            return Err(JournalError::Unsafe(format!("{found} of {wanted} events after {after} are in the journal")));
        }
        follow(after, hash, rows)
    }
}

fn rolled_back(read: u64, end: u64) -> JournalError {
    JournalError::Unsafe(format!("it was read up to revision {read} and now ends at {end}"))
}

/// Proves that `rows` follow `(rev, hash)` without a gap and unchanged; gives them and the hash of the last.
fn follow(mut rev: u64, mut hash: String, rows: Vec<Row>) -> Result<(Vec<Entry>, String), JournalError> {
    let mut entries = Vec::with_capacity(rows.len());
    for row in rows {
        rev += 1;
        if row.rev != rev {
            return Err(JournalError::Unsafe(format!("event {rev} is missing from the journal (found {})", row.rev)));
        }
        hash = chained(&hash, rev, &row.json);
        if hash != row.hash {
            return Err(JournalError::Unsafe(format!("event {rev} was altered after it was written")));
        }
        entries.push(Entry::read(rev, row.json.into()));
    }
    Ok((entries, hash))
}

/// The hash kept with an event: over the one before, the revision and the event. `commit.lua` computes the same.
fn chained(before: &str, rev: u64, json: &str) -> String {
    let mut sha = sha1_smol::Sha1::new();
    sha.update(before.as_bytes());
    sha.update(rev.to_string().as_bytes());
    sha.update(json.as_bytes());
    let mut hex = sha.digest().to_string();
    hex.truncate(16);
    hex
}

/// How much of a journal is asked for when it is opened.
#[derive(Clone, Copy)]
enum Part {
    Head,
    /// With the saved state.
    Whole,
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Whole => "whole",
        }
    }
}

/// Where a journal stands.
struct Head {
    position: Position,
    /// Events up to this one were trimmed.
    base: u64,
    saved_rev: Option<u64>,
}

fn new_epoch() -> Result<String, JournalError> {
    let mut random = [0_u8; EPOCH_CHARS];
    getrandom::fill(&mut random).map_err(|error| JournalError::Away(format!("no randomness for a new epoch: {error}")))?;
    Ok(random.iter().filter_map(|byte| EPOCH_ALPHABET.get(usize::from(byte % 32))).map(|letter| char::from(*letter)).collect())
}

/// A commit as the script takes it.
struct Packed<'a> {
    expected: &'a Position,
    commit: &'a Commit,
    keys: Vec<String>,
    /// Fields and values.
    replies: Vec<(String, Vec<u8>)>,
    groups: Vec<Group<'a>>,
}

impl<'a> Packed<'a> {
    fn new(keys: &HallKeys, expected: &'a Position, commit: &'a Commit) -> Result<Self, JournalError> {
        if let Some((event, rev)) = commit.events.iter().zip(expected.rev + 1..).find(|(event, rev)| event.rev != *rev) {
            return Err(JournalError::Away(format!("event {} does not follow {}", event.rev, rev - 1)));
        }
        let groups = groups_of(keys, &commit.writes)?;
        let days = commit.search_reply_days.iter().chain([&commit.reply_day]).chain(&commit.forget_reply_days);
        let own = [keys.meta(), keys.events()].into_iter().chain(days.map(|day| keys.replies(day)));
        let replies = commit.replies.iter().map(|reply| (reply_field(&reply.key.scope, &reply.key.key), kept::pack(reply)));
        Ok(Self {
            expected,
            commit,
            keys: own.chain(groups.iter().map(|group| group.key.clone())).collect(),
            replies: replies.collect(),
            groups,
        })
    }

    fn fill(&self, command: &mut Cmd) {
        let Self { expected, commit, keys, replies, groups } = self;
        command.arg(keys.len()).arg(keys).arg(&*expected.epoch).arg(expected.rev);
        command.arg(&commit.name).arg(commit.behind.as_deref().unwrap_or_default());
        command.arg(commit.events.len()).arg(replies.len());
        command.arg(commit.search_reply_days.len()).arg(commit.forget_reply_days.len()).arg(groups.len());
        for event in &commit.events {
            command.arg(&*event.json);
        }
        for (field, value) in replies {
            command.arg(field).arg(value);
        }
        for group in groups {
            command.arg(group.operation).arg(group.args.len()).arg(&group.args);
        }
    }
}

/// Writes to one key by one command: a busy round writes a hundred tickets into one hash, and that is one command of Redis then.
struct Group<'a> {
    key: String,
    operation: &'static str,
    args: Vec<Cow<'a, str>>,
}

/// The writes in groups. Each key sees its writes in their order; what different keys see first is nobody's concern, because all of
/// it happens at once.
fn groups_of<'a>(keys: &HallKeys, writes: &'a [Write]) -> Result<Vec<Group<'a>>, JournalError> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut last_of: BTreeMap<&str, usize> = BTreeMap::new();
    for write in writes {
        let (suffix, operation) = match write {
            Write::HashSet { key, .. } => (key, "HSET"),
            Write::HashDelete { key, .. } => (key, "HDEL"),
            Write::SortedSetAdd { key, .. } => (key, "ZADD"),
            Write::SortedSetRemove { key, .. } => (key, "ZREM"),
            Write::Set { key, .. } => (key, "SET"),
            Write::Delete { key } => (key, "DEL"),
        };
        let known = last_of.get(&**suffix).copied().filter(|at| groups.get(*at).is_some_and(|group| group.operation == operation));
        let at = match known {
            // The latest text is the one that stays.
            Some(at) if operation != "SET" => at,
            Some(_) | None => {
                let key = keys.beside(suffix).map_err(|error| JournalError::Away(error.to_string()))?;
                groups.push(Group { key, operation, args: Vec::new() });
                last_of.insert(suffix, groups.len() - 1);
                groups.len() - 1
            }
        };
        let Some(group) = groups.get_mut(at) else { continue };
        match write {
            Write::HashSet { field, value, .. } => group.args.extend([Cow::from(field), value.into()]),
            Write::SortedSetAdd { member, score, .. } => {
                if score.is_nan() {
                    return Err(JournalError::Away(format!("the score of {member} is not a number")));
                }
                group.args.extend([score.to_string().into(), member.into()]);
            }
            Write::HashDelete { field: one, .. } | Write::SortedSetRemove { member: one, .. } | Write::Set { value: one, .. } => {
                group.args.push(one.into());
            }
            Write::Delete { .. } => {}
        }
    }
    Ok(groups)
}

impl Journal for RedisJournal {
    async fn load(&self) -> Result<Loaded, JournalError> {
        let (head, mut items) = self.look(Part::Whole).await?;
        let (text, sum) = (items.text()?, items.text()?);
        let Head { position, base, saved_rev } = head;
        let snapshot = match saved_rev {
            None => None,
            Some(rev) => {
                let saved = Snapshot::kept(rev, text);
                if saved.sum() != sum {
                    return Err(JournalError::Unsafe(format!("the saved state at revision {rev} was altered after it was written")));
                }
                Some(saved)
            }
        };
        Ok(Loaded { first: if base < position.rev { base + 1 } else { 0 }, position, snapshot })
    }

    async fn commit(&self, expected: &Position, commit: &Commit) -> Result<Committed, JournalError> {
        let packed = Packed::new(&self.shared.keys, expected, commit)?;
        let _on_its_way = self.shared.own.departs();
        // What it was decided upon may still be on its way, and may be refused.
        let floor = if commit.behind.is_some() { self.floor() } else { Some(expected.clone()) };
        let answered = self.run(&self.shared.scripts.commit, |command| packed.fill(command)).await;
        let value = match answered {
            Ok(value) => value,
            // XADD is the script's first write: when it fails, the stream disagrees with meta and nothing was written.
            Err(LinkError::Failed(why)) if why.contains("specified in XADD") || why.contains("WRONGTYPE") => {
                return Err(JournalError::Unsafe(format!("the events do not end where the record says: {why}")));
            }
            Err(error) => return Err(error.into()),
        };
        let mut items = Items::of(value)?;
        match items.text()?.as_str() {
            "done" => {
                let added = u64::try_from(commit.events.len()).unwrap_or(u64::MAX);
                let position = Position { epoch: Arc::clone(&expected.epoch), rev: expected.rev.saturating_add(added) };
                self.note(floor.as_ref(), &position)?;
                self.shared.own.wrote(&commit.events);
                Ok(Committed::Done)
            }
            "stale" => Ok(Committed::Stale(self.note_items(floor.as_ref(), &mut items)?)),
            "missing" => Err(self.missing()),
            _ => {
                let mut replies = Vec::new();
                while !items.is_empty() {
                    let index = usize::try_from(items.number()?.saturating_sub(1)).unwrap_or(usize::MAX);
                    replies.push((index, kept::unpack(items.bytes()?)?));
                }
                Ok(Committed::Repeated(replies))
            }
        }
    }

    async fn since(&self, after: u64, limit: usize) -> Result<Vec<Entry>, JournalError> {
        self.read(after, limit.clamp(1, READ_EVENTS_MAX)).await.map(|(entries, _)| entries)
    }

    async fn wait(&self, after: u64, limit: usize) -> Result<Vec<Entry>, JournalError> {
        let limit = limit.clamp(1, READ_EVENTS_MAX);
        let Some(rows) = self.grown(after, limit).await? else { return Ok(self.shared.own.take(after, limit).unwrap_or_default()) };
        if rows.is_empty() {
            // Silence is either peace or a journal that was lost or rolled back under us.
            let now = self.position().await?;
            if now.rev < after {
                return Err(rolled_back(after, now.rev));
            }
            return Ok(Vec::new());
        }
        let tail = self.seen().tail.clone();
        let (entries, hash) = match tail {
            Some((rev, hash)) if rev == after => follow(after, hash, rows)?,
            // Nothing here vouches for the first of them, or some were trimmed away: read with proof.
            Some(_) | None => self.read(after, limit).await?,
        };
        if let Some(last) = entries.last() {
            self.seen().tail = Some((last.rev, hash));
        }
        Ok(entries)
    }

    async fn position(&self) -> Result<Position, JournalError> {
        let floor = self.floor();
        let (position, _) = self.peek().await?.ok_or_else(|| self.missing())?;
        self.note(floor.as_ref(), &position)?;
        Ok(position)
    }

    async fn reply(&self, key: &IdempotencyKey, days: &[String]) -> Result<Option<StoredReply>, JournalError> {
        let field = reply_field(&key.scope, &key.key);
        for day in days {
            let mut command = redis::cmd("HGET");
            command.arg(self.shared.keys.replies(day)).arg(&field);
            let value = self.shared.link.ask(&command).await.map_err(read_error)?;
            if let Some(reply) = answer::bytes_or_nil(value)? {
                return kept::unpack(reply).map(Some);
            }
        }
        Ok(None)
    }

    async fn save_snapshot(&self, epoch: &str, snapshot: &Snapshot) -> Result<(), JournalError> {
        let keys = &self.shared.keys;
        let mut command = redis::cmd("EVAL");
        command.arg(SAVE_SNAPSHOT).arg(2).arg(keys.meta()).arg(keys.snapshot());
        command.arg(epoch).arg(snapshot.rev).arg(snapshot.text()).arg(snapshot.sum());
        let value = self.shared.link.ask_apart(&command).await?;
        self.done_or_unsafe(value)
    }

    async fn tidy(&self) -> Result<(), JournalError> {
        if self.shared.is_private { rewrite::tidy(self).await } else { Ok(()) }
    }

    async fn trim(&self, through: u64) -> Result<(), JournalError> {
        self.shared.own.forget(through);
        let epoch = match self.floor() {
            Some(position) => position.epoch,
            None => self.position().await?.epoch,
        };
        let keys = &self.shared.keys;
        let value = self
            .run(&self.shared.scripts.trim, |command| {
                command.arg(3).arg(keys.meta()).arg(keys.events()).arg(keys.snapshot()).arg(&*epoch).arg(through);
            })
            .await?;
        self.done_or_unsafe(value)
    }
}

impl RedisJournal {
    fn done_or_unsafe(&self, value: Value) -> Result<(), JournalError> {
        let mut items = Items::of(value)?;
        match items.text()?.as_str() {
            "missing" => Err(self.missing()),
            "stale" => Err(JournalError::Unsafe(format!("it stands at revision {1} of epoch {0}", items.text()?, items.text()?))),
            _ => Ok(()),
        }
    }
}

/// A read changes nothing: however it failed, nothing was applied.
fn read_error(error: LinkError) -> JournalError {
    match error {
        LinkError::NotSent(why) | LinkError::Refused(why) | LinkError::Failed(why) | LinkError::NoAnswer(why) => JournalError::Away(why),
    }
}
