//! Keeps the waits that newcomers would be told up to date, a moment behind the hall, so that nobody waits for a forecast.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::{io, thread};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::sleep;

use crate::domain::forecast::{Calibration, Range, estimate_in_parts};
use crate::domain::ids::{ServiceId, TicketId};
use crate::domain::outlook::{Outlook, outlook};
use crate::domain::profile::Class;
use crate::keeper::HallKeeper;
use crate::rank;

/// Between two forecasts, at least, in milliseconds.
const PAUSE_MS: u64 = 200;
/// Without any change the forecast is made anew after this long, in seconds: those in hand get on meanwhile.
const REFRESH_S: u64 = 15;

/// The waits of one moment.
#[derive(Debug, Default)]
pub struct Waits {
    /// The revision they were made at.
    pub rev: u64,
    newcomers: BTreeMap<(ServiceId, Class), Range>,
    waiting: BTreeMap<TicketId, Range>,
}

/// The latest waits; clones see the same.
#[derive(Clone)]
pub struct Forecaster {
    waits: watch::Receiver<Arc<Waits>>,
}

impl Forecaster {
    /// Starts forecasting on the current tokio runtime, until the last clone is dropped.
    #[must_use]
    pub fn start(keeper: HallKeeper) -> Self {
        let (told, waits) = watch::channel(Arc::new(Waits::default()));
        tokio::spawn(run(keeper, told));
        Self { waits }
    }

    /// What a newcomer would be told; `None` when no counter will serve it, or nothing is known yet.
    #[must_use]
    pub fn current(&self, service: &ServiceId, class: Class) -> Option<Range> {
        self.waits.borrow().of(service, class)
    }

    /// The latest waits.
    #[must_use]
    pub fn latest(&self) -> Arc<Waits> {
        self.waits.borrow().clone()
    }

    /// The latest waits, and their changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Waits>> {
        self.waits.clone()
    }
}

impl Waits {
    /// What a newcomer would be told.
    #[must_use]
    pub fn of(&self, service: &ServiceId, class: Class) -> Option<Range> {
        self.newcomers.get(&(service.clone(), class)).copied()
    }

    /// How long it will still take for somebody who waits; `None` far back in a line, or when no counter will serve it.
    #[must_use]
    pub fn of_ticket(&self, ticket: TicketId) -> Option<Range> {
        self.waiting.get(&ticket).copied()
    }
}

/// A moment of the hall, of which the waits are to be told.
struct Moment {
    rev: u64,
    seen: Outlook,
    calibration: Calibration,
}

impl Moment {
    fn waits(self) -> Waits {
        let Self { rev, seen, calibration } = self;
        let estimates = estimate_in_parts(&seen.input, &seen.asked, rev, rank::let_pass);
        let mut ranges = estimates.into_iter().map(|one| one.map(|one| calibration.range(one)));
        let newcomers = seen.newcomers.into_iter().zip(ranges.by_ref()).filter_map(|(whom, range)| Some((whom, range?))).collect();
        let waiting = seen.waiting.into_iter().zip(ranges).filter_map(|(ticket, range)| Some((ticket, range?))).collect();
        Waits { rev, newcomers, waiting }
    }
}

/// Starts a thread that makes way: a forecast computes for milliseconds, and whoever presses would wait until a processor is free.
fn start_thread() -> io::Result<mpsc::Sender<(Moment, oneshot::Sender<Waits>)>> {
    let (ask, mut asked) = mpsc::channel::<(Moment, oneshot::Sender<Waits>)>(1);
    thread::Builder::new().name("forecast".to_owned()).spawn(move || {
        rank::make_way();
        while let Some((moment, answer)) = asked.blocking_recv() {
            let _gone = answer.send(moment.waits());
        }
    })?;
    Ok(ask)
}

async fn run(keeper: HallKeeper, told: watch::Sender<Arc<Waits>>) {
    let thread = match start_thread() {
        Ok(thread) => thread,
        Err(error) => return tracing::error!(%error, "no thread for forecasts: nobody is told how long to wait"),
    };
    let mut rev = keeper.rev();
    while !told.is_closed() {
        let now = keeper.clock().now();
        let (answer, computed) = oneshot::channel();
        let moment = keeper.read(|hall| Moment { rev: hall.rev, seen: outlook(hall, now), calibration: hall.calibration.clone() });
        if thread.send((moment, answer)).await.is_err() {
            return;
        }
        let Ok(waits) = computed.await else { return };
        told.send_replace(Arc::new(waits));
        tokio::select! {
            changed = rev.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = sleep(Duration::from_secs(REFRESH_S)) => {}
            () = told.closed() => return,
        }
        sleep(Duration::from_millis(PAUSE_MS)).await;
    }
}
