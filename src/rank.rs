//! How a thread with work that can wait makes way for those that somebody at a kiosk or counter waits for.

use std::thread;

/// The rank of such work; the lowest that there is.
const LAST: i32 = 19;

/// From now on this thread, and no other of the process, runs where nobody else wants to. A system that refuses has it run as all do.
pub(crate) fn make_way() {
    let _as_it_was = rustix::process::setpriority_process(None, LAST);
}

/// Lets those pass who wait for this processor, if there are any. Rank alone does not do it: a system lets also the lowest finish its
/// turn of several milliseconds, whoever wakes up meanwhile. So that nobody waits so long, work that can wait asks this in each part
/// of a millisecond.
pub(crate) fn let_pass() {
    thread::yield_now();
}
