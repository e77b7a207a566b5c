//! Folds what happened at the hotline: calls, incidents, and what the exchange told.

use std::sync::Arc;

use crate::domain::event::Event;
use crate::domain::hall::Hall;
use crate::domain::hotline::{RESOLVED_INCIDENTS_MAX, SUSPICIONS_MAX};
use crate::domain::hotline_call::{CallFields, CallTimes, HotlineCall};
use crate::domain::hotline_event::{CallEvent, IncidentEvent, PhoneEvent};
use crate::domain::ids::{HotlineCallId, PhoneCallId};
use crate::domain::incident::{Incident, Suspected};

pub(super) fn call(hall: &mut Hall, of: &CallEvent, event: &Event) {
    match of {
        CallEvent::Logged { call, channel, direction, operator, phone_call, changes } => {
            let mut fields = CallFields::default();
            changes.write(&mut fields);
            let record = HotlineCall {
                id: *call,
                channel: *channel,
                direction: *direction,
                operator: Arc::clone(operator),
                logged_at: event.at,
                changed_at: event.at,
                ended_at: None,
                phone_call: *phone_call,
                times: None,
                repeat_of: earlier(hall, &fields, event),
                fields,
                end: None,
                orders: Vec::new(),
                incident: None,
                counted: false,
            };
            hall.hotline.put(record);
            hall.hotline.today.logged += 1;
            count(hall, *call, event);
        }
        CallEvent::Changed { call, changes } => {
            hall.hotline.change(*call, |record| {
                changes.write(&mut record.fields);
                record.changed_at = event.at;
            });
            count(hall, *call, event);
        }
        CallEvent::Ended { call, end } => {
            let mut taken_ms = 0;
            let mut category = None;
            hall.hotline.change(*call, |record| {
                record.end = Some(end.clone());
                record.ended_at = Some(event.at);
                taken_ms = u64::try_from((event.at - record.logged_at).num_milliseconds()).unwrap_or(0);
                category.clone_from(&record.fields.category);
            });
            if let Some(no) = end.work_order {
                super::order::ask_again(hall, *call, no);
            }
            let today = &mut hall.hotline.today;
            today.ended += 1;
            today.handling_ms += taken_ms;
            *today.by_disposition.entry(end.disposition).or_insert(0) += 1;
            if let Some(category) = category {
                *today.by_category.entry(category).or_insert(0) += 1;
            }
        }
        CallEvent::Archived { call, record } => {
            keep_seals(hall, record);
            hall.hotline.drop_call(*call);
        }
    }
}

/// An order outlives its calls, and may be sealed later: what must not be read in its texts is told by the order from then on.
fn keep_seals(hall: &mut Hall, record: &HotlineCall) {
    for no in &record.orders {
        let Some(order) = hall.orders.get(*no) else { continue };
        let own = order.telling();
        let more: Vec<Arc<str>> = record.fields.identity().into_iter().filter(|word| !own.contains(word)).map(Arc::from).collect();
        if !more.is_empty() || order.later_calls.contains(&record.id) {
            hall.orders.change(*no, |order| {
                order.sealed_words.extend(more);
                order.later_calls.remove(&record.id);
            });
        }
    }
}

/// An earlier call of the same day from the same number.
fn earlier(hall: &Hall, fields: &CallFields, event: &Event) -> Option<HotlineCallId> {
    let words: Vec<_> = fields.caller_number.iter().map(|phone| Arc::from(crate::domain::hotline::phone_word(phone.number()))).collect();
    let day_ago = event.at - chrono::TimeDelta::hours(24);
    hall.hotline.found(&words).find(|earlier| earlier.logged_at > day_ago).map(|earlier| earlier.id)
}

/// Counts a call for its community, once.
fn count(hall: &mut Hall, id: HotlineCallId, event: &Event) {
    let Some(call) = hall.hotline.calls.get(&id) else { return };
    let Some((community, _)) = call.to_count() else { return };
    let community: Arc<str> = Arc::from(community);
    hall.hotline.watch.count(event.at, &community);
    hall.hotline.change(id, |record| record.counted = true);
}

pub(super) fn incident(hall: &mut Hall, of: &IncidentEvent, event: &Event) {
    let hotline = &mut hall.hotline;
    match of {
        IncidentEvent::Suggested { call, suspicion } => {
            hotline.watch.mark(&suspicion.community);
            hotline.suspicions.push_back(Suspected { at: event.at, call: *call, suspicion: suspicion.clone() });
            if hotline.suspicions.len() > SUSPICIONS_MAX {
                hotline.suspicions.pop_front();
            }
        }
        IncidentEvent::Dismissed { community } => {
            hotline.suspicions.retain(|one| *one.suspicion.community != *community.as_str());
        }
        IncidentEvent::Opened { incident, facts, master } => {
            hotline.suspicions.retain(|one| facts.communities.iter().all(|community| *one.suspicion.community != *community.as_str()));
            let opened = Incident {
                id: *incident,
                facts: facts.clone(),
                master: *master,
                opened_at: event.at,
                opened_by: Arc::clone(&event.by.actor),
                attached: std::collections::BTreeMap::new(),
                resolved_at: None,
                public_reply: None,
            };
            hotline.incidents.insert(*incident, opened);
        }
        IncidentEvent::Changed { incident, facts } => {
            if let Some(incident) = hotline.incidents.get_mut(incident) {
                incident.facts = facts.clone();
            }
        }
        IncidentEvent::Attached { incident, call, order } => {
            if let Some(incident) = hotline.incidents.get_mut(incident) {
                incident.attached.insert(*call, *order);
            }
            hotline.change(*call, |record| record.incident = Some(*incident));
            super::order::ask_again(hall, *call, *order);
        }
        IncidentEvent::Resolved { incident, public_reply } => {
            if let Some(incident) = hotline.incidents.get_mut(incident) {
                incident.resolved_at = Some(event.at);
                incident.public_reply.clone_from(public_reply);
            }
            let resolved: Vec<_> = hotline.incidents.values().filter(|incident| !incident.is_open()).map(|incident| incident.id).collect();
            for old in resolved.iter().take(resolved.len().saturating_sub(RESOLVED_INCIDENTS_MAX)) {
                hotline.incidents.remove(old);
            }
        }
    }
}

pub(super) fn phone(hall: &mut Hall, of: &PhoneEvent, event: &Event) {
    match of {
        PhoneEvent::Signalled { phone_call, signal } => {
            hall.hotline.telephone.signalled(*phone_call, signal, event.at);
            keep_times(hall, *phone_call);
        }
        PhoneEvent::Handled { phone_call, hotline_call } => {
            hall.hotline.telephone.handled(*phone_call, *hotline_call, event.at);
            keep_times(hall, *phone_call);
        }
        PhoneEvent::Lapsed { phone_call } => {
            hall.hotline.telephone.lapsed(*phone_call, event.at);
            hall.hotline.today.lapsed += 1;
        }
    }
}

/// The exchange's call is forgotten long before what was written of it: its times are kept there.
fn keep_times(hall: &mut Hall, phone_call: PhoneCallId) {
    let Some(call) = hall.hotline.telephone.call(phone_call) else { return };
    let (times, records) = (CallTimes::from(call), call.records().collect::<Vec<_>>());
    for record in records {
        hall.hotline.change(record, |record| record.times = Some(times));
    }
}
