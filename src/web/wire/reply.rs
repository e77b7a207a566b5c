//! Makes the keeper's replies: JSON of the hall as it stands once the command is folded in, or the problem it was refused with.

use std::sync::Arc;

use serde::Serialize;

use super::hall::Committed;
use crate::domain::refusal::Refusal;
use crate::json;
use crate::keeper::{Decided, Render, Reply};
use crate::web::problem::{Code, Problem};

/// How a refusal is told.
pub type Refuse = fn(&Refusal) -> Problem;

/// Answers `status` with what `make` finds in the hall.
pub fn render<T: Serialize + 'static>(status: u16, make: impl Fn(&Decided<'_>) -> Option<T> + Send + Sync + 'static) -> Render {
    render_or(status, |refusal| Problem::from(refusal), make)
}

/// Like [`render`], with another way of telling refusals.
pub fn render_or<T: Serialize + 'static>(
    status: u16,
    refuse: Refuse,
    make: impl Fn(&Decided<'_>) -> Option<T> + Send + Sync + 'static,
) -> Render {
    Arc::new(move |decided| match decided.refusal {
        Some(refusal) => refuse(refusal).reply(),
        None => match make(decided).and_then(|body| json::text(&body, json::ANSWER_BYTES).ok()) {
            Some(body) => Reply { status, body },
            None => Problem::from(Code::Internal).reply(),
        },
    })
}

/// Answers only where the command stands.
#[must_use]
pub fn committed() -> Render {
    render(200, |decided| Some(at(decided)))
}

/// Answers nothing.
#[must_use]
pub fn no_content() -> Render {
    Arc::new(|decided| match decided.refusal {
        Some(refusal) => Problem::from(refusal).reply(),
        None => Reply { status: 204, body: String::new() },
    })
}

/// Where the hall stands with the command folded in.
#[must_use]
pub fn at(decided: &Decided<'_>) -> Committed {
    Committed { epoch: decided.epoch.to_owned(), rev: decided.rev }
}
