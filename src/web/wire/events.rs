//! The journal's events as integrations read them: everything but what would let somebody in.

use serde_json::{Map, Value, json};

use super::people::Account;
use crate::domain::event::{Event, EventBody};

/// One event for those who may read the journal. Password hashes, digests, codes and the key of the links never leave.
#[must_use]
pub fn event_json(event: &Event) -> Value {
    let mut told = Map::new();
    told.insert("rev".to_owned(), json!(event.rev));
    told.insert("v".to_owned(), json!(event.v));
    told.insert("type".to_owned(), json!(event.body.kind()));
    told.insert("at".to_owned(), json!(event.at));
    told.insert("by".to_owned(), json!(event.by));
    told.insert("key".to_owned(), json!(event.key));
    if let Value::Object(fields) = body_json(&event.body) {
        told.extend(fields);
    }
    Value::Object(told)
}

fn body_json(body: &EventBody) -> Value {
    match body {
        EventBody::HallCreated { link_key: _ } => json!({}),
        EventBody::AccountCreated { account } | EventBody::AccountChanged { account } => json!({ "account": Account::from(account) }),
        EventBody::SessionStarted { session } => {
            json!({ "session": session.id, "username": session.username, "expires_at": session.expires_at })
        }
        EventBody::PairingStarted { pairing } => json!({ "pairing": pairing.id, "kind": pairing.kind, "expires_at": pairing.expires_at }),
        EventBody::DeviceAdded { device } => {
            json!({ "device": device.id, "kind": device.kind, "name": device.name, "counter": device.counter, "teams": device.teams })
        }
        EventBody::Call(_) | EventBody::Phone(_) | EventBody::Order(_) => json!(body.clone().without_secrets()),
        EventBody::Incident(_)
        | EventBody::AccountRemoved { .. }
        | EventBody::SessionEnded { .. }
        | EventBody::PairingApproved { .. }
        | EventBody::PairingEnded { .. }
        | EventBody::DeviceRevoked { .. }
        | EventBody::DayOpened { .. }
        | EventBody::HallChanged { .. }
        | EventBody::TicketIssued { .. }
        | EventBody::TicketCalled { .. }
        | EventBody::TicketRecalled { .. }
        | EventBody::TicketStarted { .. }
        | EventBody::TicketMissed { .. }
        | EventBody::TicketReinstated { .. }
        | EventBody::TicketParked { .. }
        | EventBody::TicketResumed { .. }
        | EventBody::TicketPutBack { .. }
        | EventBody::TicketTransferred { .. }
        | EventBody::TicketFinished { .. }
        | EventBody::TicketCancelled { .. }
        | EventBody::TicketDayEnded { .. }
        | EventBody::TicketRated { .. }
        | EventBody::CounterOpened(_)
        | EventBody::CounterPaused(_)
        | EventBody::CounterResumed(_)
        | EventBody::CounterClosed(_)
        | EventBody::CounterPlanned { .. }
        | EventBody::ServiceOpened { .. }
        | EventBody::ServiceClosed { .. }
        | EventBody::NoticePosted { .. }
        | EventBody::NumbersSkipped { .. }
        | EventBody::NoticeRemoved { .. } => json!(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain;
    use crate::domain::actor::{Actor, Role};
    use crate::domain::ids::{DeviceId, PairingId, SessionId};

    fn told(body: EventBody) -> String {
        let at = "2026-11-23T01:02:03.456Z".parse().unwrap();
        event_json(&Event { rev: 7, v: 1, at, by: Actor::hall(), key: Some("k".into()), body }).to_string()
    }

    #[test]
    fn nothing_that_lets_somebody_in_is_told() {
        let at = "2026-11-23T01:02:03.456Z".parse().unwrap();
        let account = domain::access::Account {
            username: "wang".parse().unwrap(),
            name: "王".to_owned(),
            badge: None,
            roles: vec![Role::Clerk],
            password_hash: "CANARY".into(),
            disabled: false,
            teams: Vec::new(),
            skills: Vec::new(),
        };
        let session = domain::access::Session {
            id: SessionId(1),
            username: "wang".parse().unwrap(),
            digest: "CANARY".into(),
            started_at: at,
            expires_at: at,
        };
        let pairing = domain::access::Pairing {
            id: PairingId(1),
            kind: Role::Board,
            code: "CANARY".into(),
            claim_digest: "CANARY".into(),
            expires_at: at,
            approved: None,
        };
        let device = domain::access::Device {
            id: DeviceId(1),
            kind: Role::Board,
            name: "b".to_owned(),
            counter: None,
            digest: "CANARY".into(),
            added_at: at,
            teams: Vec::new(),
            skills: Vec::new(),
        };
        let secret = [
            EventBody::HallCreated { link_key: "CANARY".into() },
            EventBody::AccountCreated { account: account.clone() },
            EventBody::AccountChanged { account },
            EventBody::SessionStarted { session },
            EventBody::PairingStarted { pairing },
            EventBody::DeviceAdded { device },
        ];
        for body in secret {
            let kind = body.kind();
            let told = told(body);
            assert!(!told.contains("CANARY"), "{told}");
            assert!(told.contains(kind) && told.contains("\"rev\":7"), "{told}");
        }
    }

    #[test]
    fn the_common_fields_stand_beside_the_own() {
        let told: Value = serde_json::from_str(&told(EventBody::DayOpened { service_day: "2026-11-23".parse().unwrap() })).unwrap();
        assert_eq!((told["type"].as_str(), told["service_day"].as_str()), (Some("day.opened"), Some("2026-11-23")));
        assert_eq!((told["by"]["actor"].as_str(), told["key"].as_str()), (Some("hall"), Some("k")));
    }
}
