//! Folds what happened to a work order.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::calendar::Calendar;
use crate::domain::event::Event;
use crate::domain::hall::Hall;
use crate::domain::ids::{HotlineCallId, OrderNo};
use crate::domain::profile::order_series;
use crate::domain::work_order::{
    ActionKind, ENTRIES_MAX, Intake, Lease, OrderChange, OrderEvent, OrderState, Progress, Reached, STORY_LINES_MAX, StoryLine, WorkOrder,
};

/// Folds one event of one order.
pub(super) fn order(hall: &mut Hall, of: &OrderEvent, event: &Event) {
    tally(hall, of);
    if let OrderChange::Created { order } = &of.change {
        create(hall, of, order, event);
    } else if let OrderChange::Archived { order } = &of.change {
        hall.orders.drop_order(of.no);
        if let Some(master) = order.merged_into {
            leave(hall, master, of.no);
        }
    } else {
        family(hall, of.no, &of.change);
        hall.orders.change(of.no, |order| {
            fold(order, of, event);
            tell(order, of, event);
        });
        if let Some(call) = later_call(&of.change) {
            ask_again(hall, call, of.no);
        }
        if let Some(token) = token_of(&of.change) {
            hall.orders.last_token = hall.orders.last_token.max(token);
        }
    }
}

/// The call by which somebody asked again.
const fn later_call(change: &OrderChange) -> Option<HotlineCallId> {
    if let OrderChange::Urged { urge } = change {
        urge.call
    } else if let OrderChange::Reopened { call, .. } | OrderChange::Sealed { call } = change {
        *call
    } else {
        None
    }
}

fn token_of(change: &OrderChange) -> Option<u64> {
    if let OrderChange::Claimed { lease } | OrderChange::Accepted { lease } = change { Some(lease.token) } else { None }
}

/// Keeps a master's list of children in step.
fn family(hall: &mut Hall, no: OrderNo, change: &OrderChange) {
    if let OrderChange::Merged { into } = change {
        hall.orders.change(*into, |master| {
            master.children.insert(no);
        });
    } else if let OrderChange::Unmerged { from } = change {
        leave(hall, *from, no);
    } else if let OrderChange::Reopened { .. } = change
        && let Some(master) = hall.orders.get(no).and_then(|order| order.merged_into)
    {
        // It is worked by itself from now on.
        leave(hall, master, no);
    }
}

/// An order knows who called about it later, and they the order.
pub(super) fn ask_again(hall: &mut Hall, call: HotlineCallId, no: OrderNo) {
    if hall.hotline.calls.contains_key(&call) {
        link(hall, call, no);
        hall.orders.change(no, |order| {
            if !order.origin.calls.contains(&call) {
                order.later_calls.insert(call);
            }
        });
    }
}

/// A call knows the orders that it made or urged.
fn link(hall: &mut Hall, call: HotlineCallId, no: OrderNo) {
    hall.hotline.change(call, |record| {
        if !record.orders.contains(&no) {
            record.orders.push(no);
        }
    });
}

fn leave(hall: &mut Hall, master: OrderNo, no: OrderNo) {
    hall.orders.change(master, |master| {
        master.children.remove(&no);
    });
}

fn create(hall: &mut Hall, of: &OrderEvent, intake: &Intake, event: &Event) {
    let mut order = WorkOrder::begin(of.no, intake.clone(), of.clocks.clone(), event);
    tell(&mut order, of, event);
    for call in &intake.origin.calls {
        link(hall, *call, of.no);
    }
    hall.orders.put(order);
    let last = hall.numbers.entry(order_series()).or_insert(0);
    *last = (*last).max(of.no.seq);
}

impl WorkOrder {
    /// An order as it begins.
    fn begin(no: OrderNo, intake: Intake, clocks: crate::domain::work_order::Clocks, event: &Event) -> Self {
        Self {
            no,
            rev: event.rev,
            created_at: event.at,
            created_by: Arc::clone(&event.by.actor),
            changed_at: event.at,
            origin: intake.origin,
            category: intake.category,
            title: intake.title,
            description: intake.description,
            customer: intake.customer,
            address: intake.address,
            symptoms: intake.symptoms,
            urgency: intake.urgency,
            sealed: intake.sealed,
            later_calls: std::collections::BTreeSet::new(),
            sealed_words: std::collections::BTreeSet::new(),
            appointment: intake.appointment,
            phase: intake.phase,
            clocks_by: intake.clocks_by,
            clocks,
            state: OrderState::Review,
            team: None,
            lease: None,
            handlers: std::collections::BTreeSet::new(),
            co_teams: Vec::new(),
            accepted_at: None,
            progress: Progress::default(),
            contacts: Vec::new(),
            arrived_at: None,
            actions: Vec::new(),
            temperatures: Vec::new(),
            resolution: None,
            reply: None,
            callbacks: Vec::new(),
            returns: Vec::new(),
            extension: None,
            urges: Vec::new(),
            urge_count: 0,
            supervised: 0,
            escalation: 0,
            escalated_to: None,
            waiting_reason: None,
            waiting_until: None,
            waited_from: None,
            deferred_until: None,
            merged_into: None,
            children: std::collections::BTreeSet::new(),
            reopened: 0,
            closed_at: None,
            closed_by: None,
            story: Vec::new(),
        }
    }
}

/// Appends to a list that keeps its first entry and the latest ones.
fn push<T>(list: &mut Vec<T>, entry: T, max: usize) {
    if list.len() >= max {
        list.remove(1);
    }
    list.push(entry);
}

fn tell(order: &mut WorkOrder, of: &OrderEvent, event: &Event) {
    order.rev = event.rev;
    order.changed_at = event.at;
    let line = StoryLine {
        rev: event.rev,
        at: event.at,
        by: Arc::clone(&event.by.actor),
        what: Arc::from(of.change.kind()),
        note: of.change.note(),
        to: of.change.to().cloned(),
    };
    push(&mut order.story, line, STORY_LINES_MAX);
}

/// The handler said something: the lease goes on.
fn renew(order: &mut WorkOrder, lease: Option<&Lease>) {
    if lease.is_some() {
        order.lease = lease.cloned();
    }
}

fn fold(order: &mut WorkOrder, of: &OrderEvent, event: &Event) {
    for (kind, clock) in of.clocks.iter() {
        order.clocks.put(kind, *clock);
    }
    match &of.change {
        OrderChange::Created { .. }
        | OrderChange::Archived { .. }
        | OrderChange::Revealed { .. }
        | OrderChange::ClockWarned { .. }
        | OrderChange::ClockBreached { .. } => {}
        OrderChange::Dispatched { category, .. } => {
            order.team.clone_from(&of.team);
            order.category = category.clone().unwrap_or_else(|| order.category.clone());
            back_to_queue(order);
        }
        OrderChange::Reassigned { .. } => {
            order.team.clone_from(&of.team);
            back_to_queue(order);
        }
        OrderChange::LeaseExpired { .. } => back_to_queue(order),
        OrderChange::Returned { returned } => {
            push(&mut order.returns, returned.clone(), ENTRIES_MAX);
            order.team = None;
            back_to_queue(order);
        }
        OrderChange::Merged { into } => {
            back_to_queue(order);
            order.merged_into = Some(*into);
            order.state = OrderState::Merged;
        }
        OrderChange::Unmerged { .. } => {
            order.merged_into = None;
            back_to_queue(order);
        }
        OrderChange::Sealed { .. } => order.sealed = true,
        OrderChange::Supervised { level, .. } => order.supervised = *level,
        OrderChange::Escalated { level, to, .. } => {
            order.escalation = *level;
            order.escalated_to.clone_from(to);
        }
        OrderChange::Urged { urge } => {
            order.urge_count += 1;
            push(&mut order.urges, urge.clone(), ENTRIES_MAX);
        }
        OrderChange::ExtensionAsked { extension } => order.extension = Some(extension.clone()),
        OrderChange::ExtensionGranted { decision } | OrderChange::ExtensionDenied { decision } => {
            if let Some(extension) = &mut order.extension {
                extension.decision = Some(decision.clone());
            }
        }
        OrderChange::CoAssigned { .. } | OrderChange::CoFinished { .. } | OrderChange::CoOverdue { .. } => {
            co_team(order, &of.change, event);
        }
        OrderChange::Paused { .. } | OrderChange::Continued { .. } | OrderChange::Deferred { .. } => wait(order, &of.change),
        OrderChange::Resolved { .. }
        | OrderChange::Replied { .. }
        | OrderChange::CalledBack { .. }
        | OrderChange::Closed { .. }
        | OrderChange::Reopened { .. }
        | OrderChange::Withdrawn { .. } => end(order, &of.change, event),
        OrderChange::Claimed { .. }
        | OrderChange::Accepted { .. }
        | OrderChange::Contacted { .. }
        | OrderChange::Arrived { .. }
        | OrderChange::Acted { .. }
        | OrderChange::Measured { .. } => work(order, &of.change, event),
    }
}

/// Nobody has it in hand: it waits for its team, or for somebody who names one.
fn back_to_queue(order: &mut WorkOrder) {
    order.lease = None;
    order.deferred_until = None;
    order.waiting_reason = None;
    order.waiting_until = None;
    order.waited_from = None;
    order.extension = order.extension.take().filter(|extension| extension.decision.is_some());
    order.state = if order.team.is_some() { OrderState::Dispatched } else { OrderState::Review };
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`fold` names every variant and sends only these here")]
fn work(order: &mut WorkOrder, change: &OrderChange, event: &Event) {
    match change {
        OrderChange::Claimed { lease } => {
            order.handlers.insert(Arc::clone(&lease.handler));
            order.lease = Some(lease.clone());
        }
        OrderChange::Accepted { lease } => {
            order.handlers.insert(Arc::clone(&lease.handler));
            order.lease = Some(lease.clone());
            order.accepted_at = Some(event.at);
            order.progress = Progress::default();
            order.state = OrderState::Accepted;
        }
        OrderChange::Contacted { contact, lease } => {
            renew(order, lease.as_ref());
            order.progress.tries += 1;
            order.progress.reached |= contact.outcome == Reached::Reached;
            push(&mut order.contacts, contact.clone(), ENTRIES_MAX);
            if order.state == OrderState::Accepted {
                order.state = OrderState::Contacted;
            }
        }
        OrderChange::Arrived { lease, .. } => {
            renew(order, lease.as_ref());
            order.arrived_at = Some(event.at);
            order.progress.arrived = true;
            order.state = OrderState::Arrived;
        }
        OrderChange::Acted { action, lease } => {
            renew(order, lease.as_ref());
            // What a lead adds beside the work is not what its handler did.
            order.progress.acted |= lease.is_some() && action.kind != ActionKind::Note;
            push(&mut order.actions, action.clone(), ENTRIES_MAX);
        }
        OrderChange::Measured { temperature, lease } => {
            renew(order, lease.as_ref());
            push(&mut order.temperatures, temperature.as_ref().clone(), ENTRIES_MAX);
        }
        _ => {}
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`fold` names every variant and sends only these here")]
fn co_team(order: &mut WorkOrder, change: &OrderChange, event: &Event) {
    match change {
        OrderChange::CoAssigned { co_team } => order.co_teams.push(co_team.clone()),
        OrderChange::CoFinished { co_team, .. } => {
            if let Some(helping) = order.co_teams.iter_mut().find(|one| one.team == *co_team && one.done_at.is_none()) {
                helping.done_at = Some(event.at);
                helping.done_by = Some(Arc::clone(&event.by.actor));
            }
        }
        OrderChange::CoOverdue { co_team } => {
            if let Some(helping) = order.co_teams.iter_mut().find(|one| one.team == *co_team && one.done_at.is_none()) {
                helping.overdue = true;
            }
        }
        _ => {}
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`fold` names every variant and sends only these here")]
fn wait(order: &mut WorkOrder, change: &OrderChange) {
    match change {
        OrderChange::Paused { reason, until } => {
            order.waited_from = Some(order.state);
            order.waiting_until = *until;
            order.waiting_reason = Some(reason.clone());
            order.state = OrderState::WaitingCustomer;
            if let Some(lease) = &mut order.lease {
                lease.until = None;
            }
        }
        OrderChange::Continued { state, lease } => {
            back_to_queue(order);
            order.lease.clone_from(lease);
            order.state = *state;
        }
        OrderChange::Deferred { until, reason } => {
            order.lease = None;
            order.waiting_until = None;
            order.deferred_until = Some(*until);
            order.waiting_reason = Some(reason.clone());
            order.state = OrderState::Deferred;
        }
        _ => {}
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "`fold` names every variant and sends only these here")]
fn end(order: &mut WorkOrder, change: &OrderChange, event: &Event) {
    match change {
        OrderChange::Resolved { resolution, .. } => {
            back_to_queue(order);
            order.resolution = Some(resolution.as_ref().clone());
            order.progress.unreached = 0;
            order.state = OrderState::Resolved;
        }
        OrderChange::Replied { reply } => {
            order.reply = Some(reply.clone());
            order.state = OrderState::Replied;
        }
        OrderChange::CalledBack { callback } => {
            order.progress.unreached += u32::from(!callback.reached);
            push(&mut order.callbacks, callback.clone(), ENTRIES_MAX);
        }
        OrderChange::Closed { .. } | OrderChange::Withdrawn { .. } => {
            back_to_queue(order);
            order.state = if matches!(change, OrderChange::Closed { .. }) { OrderState::Closed } else { OrderState::Withdrawn };
            order.closed_at = Some(event.at);
            order.closed_by = Some(Arc::clone(&event.by.actor));
        }
        OrderChange::Reopened { call, .. } => {
            back_to_queue(order);
            if let Some(call) = call.filter(|call| !order.origin.calls.contains(call)) {
                push(&mut order.origin.calls, call, ENTRIES_MAX);
            }
            order.reopened += 1;
            order.resolution = None;
            order.reply = None;
            order.merged_into = None;
            order.closed_at = None;
            order.closed_by = None;
        }
        _ => {}
    }
}

fn tally(hall: &mut Hall, of: &OrderEvent) {
    let team = of.team.clone().or_else(|| hall.orders.get(of.no)?.team.clone());
    let Some(team) = team else { return };
    let tally = hall.orders.today.entry(team).or_default();
    if let OrderChange::Dispatched { .. } | OrderChange::Reassigned { .. } = of.change {
        tally.dispatched += 1;
    } else if let OrderChange::Resolved { .. } = of.change {
        tally.resolved += 1;
    } else if let OrderChange::Returned { .. } = of.change {
        tally.returned += 1;
    } else if let OrderChange::ClockBreached { .. } = of.change {
        tally.breached += 1;
    } else if let OrderChange::LeaseExpired { .. } = of.change {
        tally.expired += 1;
    }
}

/// Carries every working clock that runs to another calendar.
pub(super) fn recalendar(hall: &mut Hall, new: &Calendar, at: DateTime<Utc>) {
    let old = hall.profile.working().clone();
    if old == *new {
        return;
    }
    let open: Vec<OrderNo> = hall.orders.all.values().filter(|order| !order.state.is_over()).map(|order| order.no).collect();
    for no in open {
        hall.orders.change(no, |order| order.clocks.each(|clock| clock.recalendar(at, &old, new)));
    }
}
