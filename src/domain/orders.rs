//! The hall's work orders as they are, and the queues they wait in: by team, by due time, by handler, by customer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::hall::Hall;
use super::hotline::words;
use super::ids::{CategoryId, OrderNo, TeamId};
use super::text::FreeText;
use super::work_order::{OrderState, WorkOrder};

/// Orders that are not over, in one hall.
pub const OPEN_ORDERS_MAX: usize = 100_000;

/// Where an order is filed, all of it worked out from the order itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filing {
    queue: Option<(TeamId, i64)>,
    held_by: Option<Arc<str>>,
    due: Option<i64>,
    desk: Option<(Desk, i64)>,
    team: Option<TeamId>,
    /// The team for which somebody has it in hand.
    held_for: Option<TeamId>,
    /// The teams that help with it and are not done.
    helped_by: Vec<TeamId>,
    /// It climbed, and is not over.
    climbed: bool,
    words: Vec<Arc<str>>,
}

/// Whose turn it is when no team's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desk {
    /// Somebody has to say which team it is for.
    Review,
    /// Somebody has to call the customer back.
    Callback,
    /// A lead has to say yes or no to more time.
    Extension,
}

/// The orders of a hall: a part of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Orders {
    /// Open orders, and those closed lately.
    pub all: OrdMap<OrderNo, Arc<WorkOrder>>,
    /// Lease tokens given so far; the next is one more.
    pub last_token: u64,
    /// What every team did today.
    pub today: BTreeMap<TeamId, TeamTally>,
    #[serde(skip)]
    queues: BTreeMap<TeamId, BTreeSet<(i64, OrderNo)>>,
    #[serde(skip)]
    held: BTreeMap<Arc<str>, BTreeSet<OrderNo>>,
    #[serde(skip)]
    due: BTreeSet<(i64, OrderNo)>,
    #[serde(skip)]
    desks: BTreeMap<Desk, BTreeSet<(i64, OrderNo)>>,
    #[serde(skip)]
    by_team: BTreeMap<TeamId, BTreeSet<OrderNo>>,
    #[serde(skip)]
    held_for: BTreeMap<TeamId, BTreeSet<OrderNo>>,
    #[serde(skip)]
    helped_by: BTreeMap<TeamId, BTreeSet<OrderNo>>,
    #[serde(skip)]
    climbed: BTreeSet<OrderNo>,
    #[serde(skip)]
    by_word: BTreeMap<Arc<str>, BTreeSet<OrderNo>>,
    #[serde(skip)]
    open: usize,
}

/// What one team did today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamTally {
    pub dispatched: u32,
    pub resolved: u32,
    pub returned: u32,
    pub breached: u32,
    pub expired: u32,
}

/// The letter that a category's code begins with: what a matter is about, in the large.
fn letter(category: &CategoryId) -> Option<u8> {
    category.as_str().bytes().next()
}

impl Hall {
    /// The order about the same matter that is found under any of `words` (a flat, a customer's number): an open one, else
    /// one closed within the repeat days. Without a category any open one; so for a category by which callers ask how it stands.
    #[must_use]
    pub fn same_matter(&self, words: &[Arc<str>], category: Option<&CategoryId>, now: DateTime<Utc>) -> Option<&WorkOrder> {
        let repeat = TimeDelta::days(i64::from(self.profile.orders.rules.repeat_days));
        let lately = |order: &WorkOrder| order.closed_at.is_some_and(|at| at + repeat >= now) && order.state == OrderState::Closed;
        let category = category.filter(|category| self.profile.orders.category(category).is_none_or(|known| !known.urges));
        let is_same = |order: &&WorkOrder| category.is_none_or(|category| letter(&order.category) == letter(category));
        let same: Vec<&WorkOrder> = self.orders.found(words).filter(is_same).collect();
        let open = same.iter().find(|order| !order.state.is_over());
        let no = open.or_else(|| same.iter().find(|order| category.is_some() && lately(order)))?.no;
        self.orders.get(no)
    }
}

impl WorkOrder {
    /// The words under which this order is found.
    #[must_use]
    pub fn words(&self) -> Vec<Arc<str>> {
        words(self.customer.phone.iter(), self.customer.customer_no.as_ref().map(FreeText::as_str), self.address.flat())
    }

    fn filing(&self) -> Filing {
        let due_ms = self.next_due_ms();
        let asks_for_time = self.extension.as_ref().is_some_and(|extension| extension.decision.is_none());
        let desk = if self.state.is_over() {
            None
        } else if asks_for_time {
            Some(Desk::Extension)
        } else if self.state == OrderState::Review {
            Some(Desk::Review)
        } else if self.state.is_worked() {
            Some(Desk::Callback)
        } else {
            None
        };
        Filing {
            queue: self.team.clone().filter(|_| self.is_waiting()).map(|team| (team, due_ms)),
            held_by: self.lease.as_ref().map(|lease| Arc::clone(&lease.handler)),
            due: self.next_event_ms(),
            desk: desk.map(|desk| (desk, due_ms)),
            team: self.team.clone().filter(|_| !self.state.is_over()),
            held_for: self.team.clone().filter(|_| self.lease.is_some()),
            helped_by: self.co_teams.iter().filter(|co| co.done_at.is_none() && !self.state.is_over()).map(|co| co.team.clone()).collect(),
            climbed: self.escalation > 0 && !self.state.is_over(),
            words: self.words(),
        }
    }
}

/// Puts `item` in or takes it out of the set under `key`; an empty set goes.
fn file<K: Ord, T: Ord>(sets: &mut BTreeMap<K, BTreeSet<T>>, key: K, item: T, keep: bool) {
    if keep {
        sets.entry(key).or_default().insert(item);
    } else if let Some(set) = sets.get_mut(&key) {
        set.remove(&item);
        if set.is_empty() {
            sets.remove(&key);
        }
    }
}

impl Orders {
    /// Makes the queues and lookups that are not saved.
    pub(super) fn reindex(&mut self) {
        let filings: Vec<_> = self.all.values().map(|order| (order.no, order.filing(), !order.state.is_over())).collect();
        self.open = 0;
        for (no, filing, open) in filings {
            self.file(no, filing, true);
            self.open += usize::from(open);
        }
    }

    fn file(&mut self, no: OrderNo, filing: Filing, keep: bool) {
        if let Some((team, due_ms)) = filing.queue {
            file(&mut self.queues, team, (due_ms, no), keep);
        }
        if let Some(handler) = filing.held_by {
            file(&mut self.held, handler, no, keep);
        }
        if let Some(due_ms) = filing.due {
            if keep {
                self.due.insert((due_ms, no));
            } else {
                self.due.remove(&(due_ms, no));
            }
        }
        if let Some((desk, due_ms)) = filing.desk {
            file(&mut self.desks, desk, (due_ms, no), keep);
        }
        if let Some(team) = filing.team {
            file(&mut self.by_team, team, no, keep);
        }
        if let Some(team) = filing.held_for {
            file(&mut self.held_for, team, no, keep);
        }
        for team in filing.helped_by {
            file(&mut self.helped_by, team, no, keep);
        }
        if filing.climbed {
            if keep {
                self.climbed.insert(no);
            } else {
                self.climbed.remove(&no);
            }
        }
        for word in filing.words {
            file(&mut self.by_word, word, no, keep);
        }
    }

    /// What is saved of them.
    pub(super) fn to_save(&self) -> Self {
        Self { all: self.all.clone(), last_token: self.last_token, today: self.today.clone(), ..Self::default() }
    }

    pub(super) fn put(&mut self, order: WorkOrder) {
        let (no, filing, open) = (order.no, order.filing(), !order.state.is_over());
        self.all.insert(no, Arc::new(order));
        self.file(no, filing, true);
        self.open += usize::from(open);
    }

    /// Changes one order, keeping the queues in step.
    pub(super) fn change(&mut self, no: OrderNo, change: impl FnOnce(&mut WorkOrder)) {
        let Some(order) = self.all.get_mut(&no) else { return };
        let order = Arc::make_mut(order);
        let (before, was_open) = (order.filing(), !order.state.is_over());
        change(order);
        let (after, is_open) = (order.filing(), !order.state.is_over());
        self.open = self.open + usize::from(is_open) - usize::from(was_open);
        if before != after {
            self.file(no, before, false);
            self.file(no, after, true);
        }
    }

    pub(super) fn drop_order(&mut self, no: OrderNo) {
        if let Some(order) = self.all.remove(&no) {
            self.open -= usize::from(!order.state.is_over());
            self.file(no, order.filing(), false);
        }
    }

    /// How many are not over.
    #[must_use]
    pub const fn open_count(&self) -> usize {
        self.open
    }

    /// One order.
    #[must_use]
    pub fn get(&self, no: OrderNo) -> Option<&WorkOrder> {
        self.all.get(&no).map(AsRef::as_ref)
    }

    /// A team's queue in the order in which it is claimed.
    pub fn queue(&self, team: &TeamId) -> impl Iterator<Item = &WorkOrder> {
        self.queues.get(team).into_iter().flatten().filter_map(|(_, no)| self.get(*no))
    }

    /// How many wait in a team's queue.
    #[must_use]
    pub fn waiting(&self, team: &TeamId) -> usize {
        self.queues.get(team).map_or(0, BTreeSet::len)
    }

    /// What one person has in hand, oldest first; the name as in events.
    pub fn held_by(&self, handler: &str) -> impl Iterator<Item = &WorkOrder> {
        self.held.get(handler).into_iter().flatten().filter_map(|no| self.get(*no))
    }

    /// How many orders one person has in hand.
    #[must_use]
    pub fn held_count(&self, handler: &str) -> usize {
        self.held.get(handler).map_or(0, BTreeSet::len)
    }

    /// What the people of a team have in hand, oldest first.
    pub fn held_for(&self, team: &TeamId) -> impl Iterator<Item = &WorkOrder> {
        self.held_for.get(team).into_iter().flatten().filter_map(|no| self.get(*no))
    }

    /// How many orders of a team are in somebody's hand.
    #[must_use]
    pub fn held_for_count(&self, team: &TeamId) -> usize {
        self.held_for.get(team).map_or(0, BTreeSet::len)
    }

    /// How many orders of a team, waiting or in hand, are past their next due at `now_ms`.
    #[must_use]
    pub fn overdue(&self, team: &TeamId, now_ms: i64) -> usize {
        let waiting = self.queues.get(team).map_or(0, |queue| queue.iter().take_while(|(due_ms, _)| *due_ms <= now_ms).count());
        waiting + self.held_for(team).filter(|order| order.next_due_ms() <= now_ms).count()
    }

    /// Open orders with which a team helps another, oldest first.
    pub fn helped_by(&self, team: &TeamId) -> impl Iterator<Item = &WorkOrder> {
        self.helped_by.get(team).into_iter().flatten().filter_map(|no| self.get(*no))
    }

    /// Open orders that climbed, newest first.
    pub fn climbed(&self) -> impl Iterator<Item = &WorkOrder> {
        self.climbed.iter().rev().filter_map(|no| self.get(*no))
    }

    /// Open orders of one team, oldest first.
    pub fn of_team(&self, team: &TeamId) -> impl Iterator<Item = &WorkOrder> {
        self.by_team.get(team).into_iter().flatten().filter_map(|no| self.get(*no))
    }

    /// What waits at a desk, most urgent first.
    pub fn at_desk(&self, desk: Desk) -> impl Iterator<Item = &WorkOrder> {
        self.desks.get(&desk).into_iter().flatten().filter_map(|(_, no)| self.get(*no))
    }

    /// How many wait at a desk.
    #[must_use]
    pub fn desk_count(&self, desk: Desk) -> usize {
        self.desks.get(&desk).map_or(0, BTreeSet::len)
    }

    /// Orders found under any of `words`, newest first, each once.
    pub fn found<'a>(&'a self, words: &'a [Arc<str>]) -> impl Iterator<Item = &'a WorkOrder> + 'a {
        let numbers: BTreeSet<_> = words.iter().filter_map(|word| self.by_word.get(word)).flatten().copied().collect();
        numbers.into_iter().rev().filter_map(|no| self.get(no))
    }

    /// When the hall itself has something to do, in Unix milliseconds.
    #[must_use]
    pub fn next_due_ms(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Orders that have something due at `now_ms`, most overdue first.
    pub(super) fn due(&self, now_ms: i64) -> impl Iterator<Item = &WorkOrder> {
        self.due.iter().take_while(move |(at, _)| *at <= now_ms).filter_map(|(_, no)| self.get(*no))
    }
}
