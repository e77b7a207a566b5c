//! Every rule, state and id of the hall; pure: no clock, no wire, no disk.

pub mod access;
pub mod actor;
mod apply;
pub mod calendar;
pub mod cluster;
pub mod command;
pub mod counter;
mod decide;
pub mod event;
pub mod forecast;
pub mod hall;
pub mod hotline;
pub mod hotline_call;
pub mod hotline_event;
pub mod ids;
pub mod incident;
pub mod line;
pub mod order_plan;
pub mod orders;
pub mod outlook;
pub mod phone;
pub mod place;
pub mod profile;
pub mod refusal;
pub mod sla;
pub mod telephone;
pub mod text;
pub mod ticket;
pub mod tickets;
pub mod work_order;

pub use apply::apply;
pub use decide::{decide, turn_day};

#[cfg(test)]
mod order_duty_tests;
#[cfg(test)]
mod order_tests;
#[cfg(test)]
mod outage_tests;
