//! Every rule, state and id of the hall; pure: no clock, no wire, no disk.

pub mod calendar;
pub mod forecast;
pub mod line;
pub mod text;
