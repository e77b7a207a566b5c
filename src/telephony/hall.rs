//! The hall as the taker of signals: each becomes a command, and the answer says whether it was news.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::link::{Sink, SinkFault, Taken};
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::Command;
use crate::domain::ids::PhoneCallId;
use crate::domain::phone::AreaCode;
use crate::domain::telephone::{Signal, SignalProblem};
use crate::keeper::{Decided, HallKeeper, Reply, Request};

/// What the keeper replies; nobody else reads it.
#[derive(Serialize, Deserialize)]
struct Told {
    /// None where the signal was too old.
    phone_call: Option<PhoneCallId>,
    news: bool,
}

impl Sink for HallKeeper {
    fn take(&self, signal: Signal) -> BoxFuture<'_, Result<Taken, SinkFault>> {
        async move {
            let caller = Caller { actor: Actor::new(Role::Integration, &signal.source, None), ..Caller::hall() };
            let (source, call_id) = (Arc::clone(&signal.source), Arc::clone(&signal.call_id));
            let render = Arc::new(move |decided: &Decided<'_>| reply(decided, &source, &call_id));
            let request = Request { command: Command::PhoneSignal(Box::new(signal)), caller, key: None, render };
            let answer = self.submit(request).await?;
            // A signal was checked before it came here, and the hall knows no other reason to refuse one.
            let refused = SignalProblem { field: "signal", problem: "was refused by the hall" };
            let told: Option<Told> = (answer.reply.status == 200).then(|| serde_json::from_str(&answer.reply.body).ok()).flatten();
            match told.ok_or(refused)? {
                Told { phone_call: None, .. } => Ok(Taken::TooOld),
                Told { phone_call: Some(id), news: true } => Ok(Taken::News(id)),
                Told { phone_call: Some(id), news: false } => Ok(Taken::Known(id)),
            }
        }
        .boxed()
    }

    fn local_area(&self) -> Option<AreaCode> {
        self.read(|hall| hall.profile.local_area())
    }
}

fn reply(decided: &Decided<'_>, source: &Arc<str>, call_id: &Arc<str>) -> Reply {
    if decided.refusal.is_some() {
        return Reply { status: 422, body: String::new() };
    }
    let phone_call = decided.hall.hotline.telephone.id_of(source, call_id);
    let told = Told { phone_call, news: !decided.events.is_empty() };
    Reply { status: 200, body: serde_json::to_string(&told).unwrap_or_default() }
}
