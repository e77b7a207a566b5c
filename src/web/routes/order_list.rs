//! `/work-orders`: one order with its whole story, and lists of them: by number, or as they wait at a desk.

use std::ops::Bound;
use std::sync::Arc;

use serde::Deserialize;
use utoipa::IntoParams;

use super::Door;
use crate::domain::hall::Hall;
use crate::domain::ids::{OrderNo, TeamId};
use crate::domain::orders::Desk;
use crate::domain::work_order as of;
use crate::domain::work_order::OrderState;
use crate::web::app::AppState;
use crate::web::ask::{Given, Look};
use crate::web::find::Question;
use crate::web::page;
use crate::web::past;
use crate::web::problem::{Code, Problem};
use crate::web::rights::SeeOrders;
use crate::web::wire::call_body::area_of;
use crate::web::wire::hall::Items;
use crate::web::wire::order::{OrderBrief, WorkOrder};
use crate::web::wire::order_words;
use crate::web::wire::reader::{Reader, Scrub};

/// Orders looked at before others get their turn with the hall.
const STRIDE: usize = 1_000;

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::look("/work-orders", "Orders, newest first; those of a desk in the order in which they are due.", list)
            .refuses(&[Code::InvalidField]),
        Door::look("/work-orders/{no}", "One order, with its whole story.", one),
    ]
}

async fn one(look: Look<SeeOrders, OrderNo>) -> Result<Given<WorkOrder>, Problem> {
    let (no, reader, now) = (look.path, look.who.reader(), look.state.now());
    let kept_days = look.state.settings.records_days_kept;
    let shown =
        |hall: &Hall, order: &of::WorkOrder| reader.may_see(order).then(|| WorkOrder::of(hall, order, &reader, now).kept_for(kept_days));
    let here = look.state.keeper.read(|hall| hall.orders.get(no).map(|order| shown(hall, order)));
    let found = match here {
        Some(found) => found,
        None => past::order(&look.state, no).await?.and_then(|order| look.state.keeper.read(|hall| shown(hall, &order))),
    };
    Given::ok(&found.ok_or(Code::NotFound)?)
}

/// Which orders are asked for.
#[derive(Debug, Deserialize, IntoParams)]
struct ListQuery {
    team: Option<String>,
    /// One or more states, with commas; `open` is all that are not over.
    state: Option<String>,
    /// In numbers, titles, communities; a whole telephone number or its last four digits; a customer's number or name.
    q: Option<String>,
    /// What waits for somebody who decides or calls back.
    #[param(inline)]
    desk: Option<order_words::Desk>,
    /// `true`: only what the caller has in hand.
    mine: Option<String>,
    /// At most so many, 1 to 500; 50 without it.
    limit: Option<usize>,
    /// From an earlier answer's `next`.
    cursor: Option<String>,
}

/// What an order has to be.
pub(super) struct Filter {
    team: Option<TeamId>,
    states: Vec<OrderState>,
    question: Option<Question>,
    mine: bool,
    reader: Reader,
}

impl Filter {
    fn of(look: &Look<SeeOrders, (), ListQuery>) -> Result<Self, Problem> {
        let query = &look.query;
        let area = look.state.keeper.read(area_of);
        let team = query.team.as_deref().filter(|team| !team.is_empty()).map(str::parse).transpose();
        Ok(Self {
            team: team.map_err(|bad: crate::domain::ids::BadId| Problem::invalid("team", bad.expected))?,
            states: states(query.state.as_deref())?,
            question: Question::read(query.q.as_deref(), area.as_ref())?,
            mine: query.mine.as_deref().is_some_and(|mine| !matches!(mine, "false" | "0")),
            reader: look.who.reader(),
        })
    }

    /// Every order that a text means.
    pub(super) const fn meant(question: Question, reader: Reader) -> Self {
        Self { team: None, states: Vec::new(), question: Some(question), mine: false, reader }
    }

    /// Whether an order is meant; history finds more than a reader may look for, such as a piece of a name.
    fn fits(&self, hall: &Hall, order: &of::WorkOrder) -> bool {
        let is_mine = || order.lease.as_ref().is_some_and(|lease| lease.handler == self.reader.actor);
        let is_meant = || {
            let scrub = || Scrub::of(hall, order, &self.reader);
            self.question.as_ref().is_none_or(|question| question.means_order(order, &self.reader, &scrub()))
        };
        self.team.as_ref().is_none_or(|team| order.team.as_ref() == Some(team))
            && (self.states.is_empty() || self.states.contains(&order.state))
            && (!self.mine || is_mine())
            && self.reader.may_see(order)
            && is_meant()
    }

    /// What only history can have of it; nothing of what somebody has in hand.
    fn of_past(&self, before: Option<OrderNo>, limit: usize) -> Option<past::OlderOrders> {
        let only_team = if self.reader.handles && self.reader.teams.len() == 1 { self.reader.teams.first() } else { None };
        let over = self.states.is_empty() || self.states.iter().any(|state| state.is_over());
        (!self.mine && over).then(|| past::OlderOrders {
            before,
            team: self.team.as_ref().or(only_team).cloned(),
            states: self.states.clone(),
            question: self.question.clone(),
            limit,
            sees_sealed: !self.reader.handles,
        })
    }
}

fn states(asked: Option<&str>) -> Result<Vec<OrderState>, Problem> {
    let mut states = Vec::new();
    for word in asked.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty()) {
        if word == "open" {
            states.extend(OrderState::ALL.into_iter().filter(|state| !state.is_over()));
            continue;
        }
        let known = OrderState::ALL.into_iter().find(|state| state.word() == word);
        states.push(known.ok_or_else(|| Problem::invalid("state", "is no state of an order"))?);
    }
    Ok(states)
}

async fn list(look: Look<SeeOrders, (), ListQuery>) -> Result<Given<Items<OrderBrief>>, Problem> {
    let limit = page::limit(look.query.limit)?;
    let filter = Filter::of(&look)?;
    let cursor = look.query.cursor.as_deref();
    // One more than shown tells whether there are more.
    let mut found = match look.query.desk {
        Some(desk) => at_desk(&look.state, &filter, desk.into(), page::after_due(cursor)?, limit + 1),
        None => by_number(&look.state, &filter, page::after_order(cursor)?, limit + 1).await?,
    };
    let more = found.len() > limit;
    found.truncate(limit);
    let by_due = look.query.desk.is_some();
    let last = found.last().filter(|_| more);
    let next = last.map(|order| page::order_cursor(by_due.then(|| order.next_due_ms()), order.no));
    let now = look.state.now();
    let items = look.state.keeper.read(|hall| found.iter().map(|order| OrderBrief::of(hall, order, &filter.reader, now)).collect());
    Given::ok(&Items { items, next })
}

/// What waits at a desk, most urgent first.
fn at_desk(state: &AppState, filter: &Filter, desk: Desk, after: Option<(i64, OrderNo)>, limit: usize) -> Vec<Arc<of::WorkOrder>> {
    state.keeper.read(|hall| {
        let waiting = hall.orders.at_desk(desk).filter(|order| after.is_none_or(|after| (order.next_due_ms(), order.no) > after));
        let fitting = waiting.filter(|order| filter.fits(hall, order)).take(limit);
        fitting.filter_map(|order| hall.orders.all.get(&order.no)).map(Arc::clone).collect()
    })
}

/// Newest first: what the hall has, and among it what only history has.
pub(super) async fn by_number(
    state: &AppState,
    filter: &Filter,
    before: Option<OrderNo>,
    limit: usize,
) -> Result<Vec<Arc<of::WorkOrder>>, Problem> {
    // The hall is asked first: what is archived meanwhile is then found twice, and not missed.
    let here = remembered(state, filter, before, limit).await;
    let archived = match filter.of_past(before, limit) {
        // A hall that was restored may have an archived one again: then it knows better.
        Some(asked) => {
            let fits = |order: &of::WorkOrder| state.keeper.read(|hall| hall.orders.get(order.no).is_none() && filter.fits(hall, order));
            past::orders(state, asked, fits).await?
        }
        None => Vec::new(),
    };
    Ok(past::joined(here, archived, |order| order.no, limit))
}

/// What the hall has, newest first.
async fn remembered(state: &AppState, filter: &Filter, before: Option<OrderNo>, limit: usize) -> Vec<Arc<of::WorkOrder>> {
    let mut found: Vec<Arc<of::WorkOrder>> = Vec::new();
    let mut at = before;
    loop {
        let (seen, last) = state.keeper.read(|hall| stretch(hall, filter, at, limit, &mut found));
        at = last.or(at);
        if found.len() >= limit || seen < STRIDE {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

/// Looks at the next orders: how many they were, and the last of them.
fn stretch(
    hall: &Hall,
    filter: &Filter,
    before: Option<OrderNo>,
    limit: usize,
    found: &mut Vec<Arc<of::WorkOrder>>,
) -> (usize, Option<OrderNo>) {
    let older = hall.orders.all.range((Bound::Unbounded, before.map_or(Bound::Unbounded, Bound::Excluded)));
    let (mut seen, mut last) = (0, None);
    for (no, order) in older.rev().take(STRIDE) {
        (seen, last) = (seen + 1, Some(*no));
        if filter.fits(hall, order) {
            found.push(Arc::clone(order));
            if found.len() >= limit {
                break;
            }
        }
    }
    (seen, last)
}
