//! Proves what the journal promises, on the memory journal and on real Redis servers.

mod contract;
mod real;
