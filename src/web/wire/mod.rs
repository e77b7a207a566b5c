//! How things look on the wire: types of their own, so that what is served never changes because a rule did.

pub mod address;
pub mod call;
pub mod call_body;
pub mod case;
pub mod counter;
pub mod events;
pub mod hall;
pub mod incident;
pub mod look;
pub mod order;
pub mod order_body;
pub mod order_parts;
pub mod order_words;
pub mod people;
pub mod plan;
pub mod reader;
pub mod reply;
pub mod temperature;
pub mod ticket;
pub mod words;
