//! Warmhall: queue numbers, window calls, hotline records and work orders for a public-utility hall.

pub mod addresses;
pub mod announcer;
pub mod cli;
pub mod clock;
pub mod domain;
pub mod feed;
pub mod history;
mod json;
pub mod keeper;
mod rank;
pub mod settings;
pub mod store;
pub mod telephony;
pub mod web;
