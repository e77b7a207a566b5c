//! How things look on the wire: types of their own, so that what is served never changes because a rule did.

pub mod counter;
pub mod events;
pub mod hall;
pub mod look;
pub mod people;
pub mod reply;
pub mod ticket;
pub mod words;
