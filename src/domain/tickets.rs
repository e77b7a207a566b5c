//! The tickets of a service day by their ids, each shared by the copies of the hall until one of them changes it.

use std::ops::RangeBounds;
use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use super::ids::TicketId;
use super::ticket::Ticket;

/// Tickets in the order in which they were issued. A clone shares them all, and costs the same for one as for a hundred thousand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tickets(OrdMap<TicketId, Arc<Ticket>>);

impl Tickets {
    /// One ticket.
    #[must_use]
    pub fn get(&self, id: &TicketId) -> Option<&Ticket> {
        self.0.get(id).map(AsRef::as_ref)
    }

    /// One ticket, to be changed; other copies of the hall keep it as it was.
    pub(super) fn get_mut(&mut self, id: TicketId) -> Option<&mut Ticket> {
        self.0.get_mut(&id).map(Arc::make_mut)
    }

    /// Keeps one ticket together with another copy of the hall, where both have it alike.
    pub fn share(&mut self, id: TicketId, other: &Self) {
        if let (Some(own), Some(others)) = (self.0.get_mut(&id), other.0.get(&id))
            && !Arc::ptr_eq(own, others)
            && own == others
        {
            *own = Arc::clone(others);
        }
    }

    pub(super) fn insert(&mut self, ticket: Ticket) {
        self.0.insert(ticket.id, Arc::new(ticket));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether there is such a ticket.
    #[must_use]
    pub fn contains_key(&self, id: &TicketId) -> bool {
        self.0.contains_key(id)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their ids, oldest first.
    pub fn ids(&self) -> impl Iterator<Item = TicketId> {
        self.0.keys().copied()
    }

    /// All of them, oldest first.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Ticket> {
        self.0.values().map(AsRef::as_ref)
    }

    /// Those with ids in a range, oldest first.
    pub fn range(&self, ids: impl RangeBounds<TicketId>) -> impl DoubleEndedIterator<Item = &Ticket> {
        self.0.range(ids).map(|(_, ticket)| ticket.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::actor::Actor;
    use crate::domain::apply;
    use crate::domain::event::{EVENT_VERSION, Event};
    use crate::domain::hall::Hall;

    /// A hall in which one number was issued.
    fn hall() -> Hall {
        let issued = json!({
            "rev": 1, "v": EVENT_VERSION, "at": "2026-03-02T10:00:00Z", "by": Actor::hall(), "type": "ticket.issued",
            "ticket": "tk_1", "number": "A001", "service": "s", "class": "ordinary", "language": "zh", "service_day": "2026-03-02",
            "source": "kiosk", "score_ms": 0, "late": false, "ahead": 0, "wait": null,
        });
        let mut hall = Hall::default();
        apply(&mut hall, &serde_json::from_value::<Event>(issued).unwrap());
        hall
    }

    #[test]
    fn what_two_halls_have_alike_is_kept_once_and_what_differs_is_left() {
        let (mut one, mut other) = (hall().tickets, hall().tickets);
        let id = one.ids().next().unwrap();
        let is_shared = |one: &Tickets, other: &Tickets| Arc::ptr_eq(&one.0[&id], &other.0[&id]);
        assert!(!is_shared(&one, &other));
        one.share(id, &other);
        assert!(is_shared(&one, &other));
        other.get_mut(id).unwrap().calls = 7;
        one.share(id, &other);
        assert!(!is_shared(&one, &other));
        assert_eq!((one.get(&id).unwrap().calls, other.get(&id).unwrap().calls), (0, 7));
    }
}
