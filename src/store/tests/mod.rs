//! Proves what the store promises, on the memory journal and on real Redis servers.

mod contract;
mod private;
mod real;
mod sabotage;
