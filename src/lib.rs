//! Warmhall: queue numbers, window calls, hotline records and work orders for a public-utility hall.

pub mod announcer;
pub mod domain;
pub mod store;
