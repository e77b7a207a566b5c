//! What the clocks promise, by example and over random calendars.
