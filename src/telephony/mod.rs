//! Listens to telephone exchanges: turns what they send into signals of the hall, and remembers for a while what they sent.

pub mod ami;
mod hall;
mod link;
pub mod neutral;
pub mod recent;
pub mod zammad;

pub use link::{Sink, SinkFault, Taken, Telephony};
