//! A work order as its customer may look it up: where it stands, what comes next and by when; no name, no number, no flat.

use chrono::{DateTime, Utc};
use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::Text;
use super::order::category_name;
use super::order_words::OrderState;
use super::reader::Scrub;
use crate::domain::hall::Hall;
use crate::domain::sla::{ClockKind, ClockState};
use crate::domain::text::FreeText;
use crate::domain::work_order as of;

/// Steps that are told at most; the latest.
const STEPS_MAX: usize = 50;

/// One step on an order's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct CaseStep {
    pub at: DateTime<Utc>,
    /// The event's type.
    #[serde(rename = "type")]
    #[ts(rename = "type")]
    pub kind: String,
    pub text: Text,
}

/// `GET /cases/{no}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Case {
    pub no: String,
    pub category: Text,
    pub state: OrderState,
    pub state_text: Text,
    pub next_step: Text,
    /// Until when the next thing was promised: by its own clock, by the trouble of the area that it belongs to, or by the date to
    /// which it was put off.
    pub promise_due: Option<DateTime<Utc>>,
    /// The date to which it was put off.
    pub deferred_until: Option<DateTime<Utc>>,
    /// What the operator promised on the telephone.
    pub promise: Option<String>,
    pub created_at: DateTime<Utc>,
    pub steps: Vec<CaseStep>,
    /// What the customer was told.
    pub public_reply: Option<String>,
    /// The telephone hotline; empty where there is none.
    pub hotline: String,
}

fn text(zh: &str, en: &str) -> Text {
    Text { zh: zh.to_owned(), en: en.to_owned() }
}

/// Where it stands, and what comes next.
fn standing(state: of::OrderState) -> (Text, Text) {
    use of::OrderState as State;
    let (now, next) = match state {
        State::Review => (("已受理，正在派单", "Received, being passed to a team"), ("派给负责的班组", "It goes to the team in charge")),
        State::Dispatched => {
            (("已派单，等待接单", "With the team, waiting for somebody to take it"), ("维修人员接单", "A technician takes it"))
        }
        State::Accepted => (("已接单", "Taken by a technician"), ("维修人员会与您联系", "The technician contacts you")),
        State::Contacted => (("已与您联系", "The technician has contacted you"), ("按约定上门或处理", "The visit or the work as agreed")),
        State::Arrived => (("正在处理", "Being worked on"), ("处理完成后告知您结果", "You are told the result when it is done")),
        State::WaitingCustomer => {
            (("等待您的配合", "Waiting for you"), ("请与热线联系，约定时间", "Please call the hotline to agree on a time"))
        }
        State::Deferred => (("已安排在以后处理", "Put off to a later date"), ("到约定日期继续处理", "It goes on at the agreed date")),
        State::Merged => (
            ("与同一片区的问题一并处理", "Handled together with a trouble of the area"),
            ("处理完成后逐户告知", "Every household is told when it is done"),
        ),
        State::Resolved => {
            (("已处理，等待告知结果", "Worked on; you will be told the result"), ("告知您处理结果", "You are told the result"))
        }
        State::Replied => {
            (("已告知结果，等待回访", "You were told the result"), ("我们会电话回访", "We call you back to hear how it went"))
        }
        State::Closed => (("已办结", "Closed"), ("如仍有问题，请再次来电", "Please call again if anything is still wrong")),
        State::Withdrawn => (("已撤销", "Withdrawn"), ("如仍需要，请再次来电", "Please call again if you still need it")),
    };
    (text(now.0, now.1), text(next.0, next.1))
}

/// What the customer is told of a line of the story; most lines are the hall's own business.
fn step(kind: &str) -> Option<Text> {
    Some(match kind {
        "work_order.created" => text("已受理", "Received"),
        "work_order.dispatched" | "work_order.reassigned" => text("已派给班组", "Passed to a team"),
        "work_order.accepted" => text("已接单", "Taken by a technician"),
        "work_order.contacted" => text("已联系", "Contacted"),
        "work_order.arrived" => text("已到场", "On the spot"),
        "work_order.paused" => text("等待用户配合", "Waiting for the customer"),
        "work_order.continued" => text("继续处理", "Work goes on"),
        "work_order.deferred" => text("安排在以后处理", "Put off to a later date"),
        "work_order.merged" => text("与片区问题一并处理", "Joined with a trouble of the area"),
        "work_order.urged" => text("已催办", "Asked again"),
        "work_order.resolved" => text("已处理", "Worked on"),
        "work_order.replied" => text("已告知结果", "Result told"),
        "work_order.called_back" => text("已回访", "Called back"),
        "work_order.reopened" => text("重新办理", "Opened again"),
        "work_order.closed" => text("已办结", "Closed"),
        "work_order.withdrawn" => text("已撤销", "Withdrawn"),
        _ => return None,
    })
}

/// Until when the next thing is promised. A part of a larger trouble has no clock of its own: what is said of that one holds.
fn promise_due(hall: &Hall, order: &of::WorkOrder, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if order.state == of::OrderState::Deferred {
        return order.deferred_until;
    }
    let Some(master) = order.merged_into.filter(|_| order.state == of::OrderState::Merged) else { return awaited(order, now) };
    let incidents = hall.hotline.incidents.values();
    let expected = incidents.filter(|incident| incident.master == master).find_map(|incident| incident.facts.expected_end);
    let master = || {
        hall.orders
            .get(master)
            .and_then(|master| if master.state == of::OrderState::Deferred { master.deferred_until } else { awaited(master, now) })
    };
    expected.or_else(master)
}

/// The clock that the customer waits for, where it still runs.
fn awaited(order: &of::WorkOrder, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let awaited = [ClockKind::Contact, ClockKind::Arrive, ClockKind::Resolve, ClockKind::Reply, ClockKind::Callback];
    let running = awaited.into_iter().filter_map(|kind| order.clocks.get(kind)).filter(|clock| match clock.state(now) {
        ClockState::Running | ClockState::Breached => true,
        ClockState::Paused | ClockState::Done => false,
    });
    running.filter_map(|clock| clock.due).min()
}

impl Case {
    /// An order as its customer sees it at `now`.
    #[must_use]
    pub fn of(hall: &Hall, order: &of::WorkOrder, promise: Option<&FreeText>, now: DateTime<Utc>) -> Self {
        let (state_text, next_step) = standing(order.state);
        let steps =
            order.story.iter().filter_map(|line| Some(CaseStep { at: line.at, kind: line.what.to_string(), text: step(&line.what)? }));
        let mut steps: Vec<_> = steps.collect();
        steps.drain(..steps.len().saturating_sub(STEPS_MAX));
        Self {
            no: order.no.to_string(),
            category: category_name(hall, &order.category),
            state: order.state.into(),
            state_text,
            next_step,
            promise_due: promise_due(hall, order, now),
            deferred_until: order.deferred_until,
            // Operators write names and flats into it too, and four digits are soon told.
            promise: promise.map(|promise| Scrub::whole(hall, order).text(promise.as_str())),
            created_at: order.created_at,
            steps,
            public_reply: order.reply.as_ref().map(|reply| reply.text.as_str().to_owned()),
            hotline: hall.profile.hotline.clone().unwrap_or_default(),
        }
    }
}
