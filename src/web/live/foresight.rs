//! The board as it will be: drawn while the journal writes a call, so that it is ready when that is written.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::{Duration, Instant};

use crate::domain::event::Event;

/// Boards are told at most once in so many milliseconds; more often nothing has to be ready.
const DRAW_MS_MIN: u64 = super::hub::ROUND_MS_MIN;

/// At most one drawing, of the call that was sent last.
#[derive(Default)]
pub(super) struct Foresight {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Whether anybody looks at a board.
    wanted: bool,
    drawn_at: Option<Instant>,
    drawn: Option<Drawn>,
}

struct Drawn {
    /// The event after which the board looks so. When it is written, so is all that went before it in the same commit.
    last: Arc<Event>,
    state: Arc<str>,
}

impl Foresight {
    /// Whether anybody looks at a board: otherwise nothing is drawn.
    pub(super) fn want(&self, wanted: bool) {
        self.kept().wanted = wanted;
    }

    /// Draws the board as it will be after `last`, and forgets what was drawn before.
    pub(super) fn draw(&self, last: &Arc<Event>, board: impl FnOnce() -> Option<String>) {
        let now = Instant::now();
        {
            let mut kept = self.kept();
            kept.drawn = None;
            let soon = kept.drawn_at.is_some_and(|at| now.duration_since(at) < Duration::from_millis(DRAW_MS_MIN));
            if !kept.wanted || soon {
                return;
            }
            kept.drawn_at = Some(now);
        }
        let drawn = board().map(|state| Drawn { last: Arc::clone(last), state: state.into() });
        self.kept().drawn = drawn;
    }

    /// The board after `last`, where that very event was foreseen: another that took its revision is not the same one.
    pub(super) fn take(&self, last: &Event) -> Option<Arc<str>> {
        let drawn = self.kept().drawn.take_if(|drawn| *drawn.last == *last)?;
        Some(drawn.state)
    }

    /// Which revision was foreseen, if any was.
    #[cfg(test)]
    pub(super) fn rev(&self) -> Option<u64> {
        self.kept().drawn.as_ref().map(|drawn| drawn.last.rev)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
