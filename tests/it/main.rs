//! The hall from outside: the real app on a real socket with a real Redis, and the people who use it.

#![allow(unreachable_pub, reason = "a test binary exports nothing")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::assigning_clones,
    reason = "a test says what it expects by failing"
)]

mod addresses;
mod app;
mod cases;
mod counters;
mod fuzz;
mod headers;
mod hotline;
mod idempotency;
mod incidents;
mod journal;
mod limits;
mod live;
mod malformed;
mod orders;
mod pairing;
mod past;
mod people;
mod refusals;
mod rights;
mod sealed;
mod search;
mod sessions;
mod setup;
mod telephony;
mod tickets;
mod wire;
mod work;
