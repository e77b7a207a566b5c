//! `/events`: the journal itself, for integrations that replay it from their own cursor.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Door;
use crate::domain::event::Event;
use crate::keeper::Past;
use crate::web::app::AppState;
use crate::web::ask::{Given, Look};
use crate::web::page;
use crate::web::problem::{Code, Problem};
use crate::web::rights::SeeJournal;
use crate::web::wire::events::event_json;

pub(super) fn doors() -> Vec<Door> {
    vec![Door::look("/events", "The journal, in order, from a revision on.", events).refuses(&[Code::Gone])]
}

/// From where, and how much.
#[derive(Debug, Deserialize, IntoParams)]
struct EventsQuery {
    /// The last revision known; 0 from the beginning.
    #[serde(default)]
    after: u64,
    /// At most so many, 1 to 500; 50 without it.
    limit: Option<usize>,
}

/// A stretch of the journal.
#[derive(Debug, Serialize, ToSchema)]
struct Stretch {
    epoch: String,
    /// Each with `rev`, `type`, `at`, `by`, `key` and its own fields.
    #[schema(value_type = Vec<Object>)]
    events: Vec<Value>,
    /// The first revision that can still be read.
    first: u64,
    /// The last revision of the journal; behind the last event when there is more.
    last: u64,
}

async fn events(look: Look<SeeJournal, (), EventsQuery>) -> Result<Given<Stretch>, Problem> {
    let limit = page::limit(look.query.limit)?;
    let last = look.state.keeper.read(|hall| hall.rev);
    let first = first(&look.state).await?;
    // Behind the end there is nothing; the journal itself would take the question for a sign of loss.
    let events = if look.query.after >= last { Vec::new() } else { after(&look.state, look.query.after, limit).await? };
    let epoch = look.state.keeper.epoch().to_string();
    Given::ok(&Stretch { epoch, events: events.iter().map(event_json).collect(), first, last })
}

/// The first revision that can still be read, in the journal or in history.
async fn first(state: &AppState) -> Result<u64, Problem> {
    let journal = match state.keeper.events(0, 1).await? {
        Past::Events(events) => events.first().map_or(0, |event| event.rev),
        Past::Trimmed { first } => first,
    };
    let remembered = match &state.history {
        Some(history) if journal > 1 => history.first_rev(&state.keeper.epoch()).await?,
        Some(_) | None => None,
    };
    Ok(remembered.map_or(journal, |first| first.min(journal)))
}

/// What the journal no longer has comes from history.
async fn after(state: &AppState, after: u64, limit: usize) -> Result<Vec<Event>, Problem> {
    let first = match state.keeper.events(after, limit).await? {
        Past::Events(events) => return Ok(events),
        Past::Trimmed { first } => first,
    };
    let gone = || Problem::from(Code::Gone).detail(format!("the oldest revision is {first}"));
    let history = state.history.as_ref().ok_or_else(gone)?;
    Ok(history.events(&state.keeper.epoch(), after, first, limit).await?)
}
