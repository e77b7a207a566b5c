//! A simulated clerk: opens a counter, calls, waits, serves, ends; leaves at once when a real person sits down there.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::dice::Dice;
use crate::cli::access::submit_as;
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::{Command, CounterStep, TicketStep};
use crate::domain::counter::CounterState;
use crate::domain::ids::{CounterNo, ServiceId, TicketId};
use crate::domain::text::FreeText;
use crate::domain::ticket::{Finish, Outcome, Target, TicketState, TransferPlace};
use crate::keeper::HallKeeper;

/// A counter that a real person closed is left alone for this long.
const LEFT_ALONE_MS: i64 = 60_000;
/// A customer takes this many seconds for each minute of the service, at least and at most.
const PACE_S: (u64, u64) = (20, 60);

pub(super) struct Clerk {
    keeper: HallKeeper,
    counter: CounterNo,
    caller: Caller,
    dice: Dice,
    switch: watch::Receiver<bool>,
}

/// Who sits at the counter.
enum Seat {
    Mine { fence: u64, state: CounterState, ticket: Option<TicketId> },
    Free,
    Taken,
}

/// The counter is not ours any more, or the journal is away: begin again.
struct Lost;

impl Clerk {
    pub(super) fn new(
        keeper: HallKeeper,
        counter: CounterNo,
        username: &str,
        seed: u64,
        number: u64,
        switch: watch::Receiver<bool>,
    ) -> Self {
        let caller = Caller::new(Actor::new(Role::Clerk, username, None), false);
        Self { keeper, counter, caller, dice: Dice::new(seed, number), switch }
    }

    /// Works until the task is aborted.
    pub(super) async fn work(mut self) {
        self.rest(300, 2_500).await;
        loop {
            let is_on = *self.switch.borrow();
            let went = match self.seat() {
                Seat::Mine { fence, state, ticket } if is_on => self.go_on(fence, state, ticket).await,
                Seat::Mine { fence, ticket, .. } => self.leave(fence, ticket).await,
                Seat::Free if is_on => self.does(CounterStep::Open, None).await,
                Seat::Free | Seat::Taken => {
                    // Nothing to do until the switch is turned or the seat is free.
                    let _turned = timeout(Duration::from_secs(5), self.switch.changed()).await;
                    Ok(())
                }
            };
            if went.is_err() {
                sleep(Duration::from_secs(2)).await;
            }
        }
    }

    fn seat(&self) -> Seat {
        let now = self.keeper.clock().now();
        self.keeper.read(|hall| {
            let Some(counter) = hall.counters.get(&self.counter) else { return Seat::Taken };
            let mine = counter.clerk.as_ref().is_some_and(|clerk| clerk.actor == self.caller.actor.actor);
            match counter.state {
                CounterState::Open | CounterState::Paused if mine => {
                    Seat::Mine { fence: counter.fence, state: counter.state, ticket: counter.ticket }
                }
                CounterState::Open | CounterState::Paused => Seat::Taken,
                CounterState::Closed => {
                    let closed_ms = counter.since.map_or(i64::MAX, |since| (now - since).num_milliseconds());
                    let just_left = !mine && counter.clerk.is_some() && closed_ms < LEFT_ALONE_MS;
                    if just_left { Seat::Taken } else { Seat::Free }
                }
            }
        })
    }

    async fn go_on(&mut self, fence: u64, state: CounterState, ticket: Option<TicketId>) -> Result<(), Lost> {
        if let Some(ticket) = ticket {
            return self.serve(ticket, fence).await;
        }
        if state == CounterState::Paused {
            self.rest(15_000, 40_000).await;
            return self.does(CounterStep::Resume, Some(fence)).await;
        }
        if self.dice.chance(2) {
            return self.does(CounterStep::Pause { reason: FreeText::parse("break").ok() }, Some(fence)).await;
        }
        self.does(CounterStep::Next { expect: None, finish: None }, Some(fence)).await?;
        if matches!(self.seat(), Seat::Mine { ticket: None, .. }) {
            self.rest(1_500, 4_000).await;
        }
        Ok(())
    }

    /// Ends with the customer in hand and closes the counter.
    async fn leave(&mut self, fence: u64, ticket: Option<TicketId>) -> Result<(), Lost> {
        if let Some(ticket) = ticket {
            self.step(ticket, TicketStep::Finish(done(Outcome::Done)), fence).await?;
        }
        self.does(CounterStep::Close { reason: None }, Some(fence)).await
    }

    /// From the call to the end with one customer.
    async fn serve(&mut self, ticket: TicketId, fence: u64) -> Result<(), Lost> {
        let Some((state, minutes)) = self.keeper.read(|hall| {
            let ticket = hall.tickets.get(&ticket)?;
            Some((ticket.state, hall.profile.service(ticket.service())?.minutes))
        }) else {
            return Err(Lost);
        };
        if state == TicketState::Called {
            self.rest(3_000, 8_000).await;
            if self.dice.chance(6) {
                return self.call_in_vain(ticket, fence).await;
            }
            self.step(ticket, TicketStep::Start, fence).await?;
        }
        let minutes = u64::from(minutes) * 1_000;
        self.rest(minutes * PACE_S.0, minutes * PACE_S.1).await;
        self.end(ticket, fence).await?;
        self.rest(1_500, 5_000).await;
        Ok(())
    }

    async fn call_in_vain(&mut self, ticket: TicketId, fence: u64) -> Result<(), Lost> {
        for _ in 0..2 {
            self.rest(9_000, 14_000).await;
            self.step(ticket, TicketStep::Recall, fence).await?;
        }
        self.rest(9_000, 14_000).await;
        self.step(ticket, TicketStep::Miss, fence).await
    }

    async fn end(&mut self, ticket: TicketId, fence: u64) -> Result<(), Lost> {
        let step = match self.dice.between(0, 99) {
            0..5 => self.elsewhere(ticket),
            5..11 => self.something_missing(ticket),
            11..14 => Some(TicketStep::Finish(refused())),
            14..22 => Some(TicketStep::Finish(done(Outcome::InfoOnly))),
            _ => None,
        };
        self.step(ticket, step.unwrap_or_else(|| TicketStep::Finish(done(Outcome::Done))), fence).await
    }

    /// It turns out to be a matter of another service.
    fn elsewhere(&mut self, ticket: TicketId) -> Option<TicketStep> {
        let services: Vec<(ServiceId, u64)> = self.keeper.read(|hall| {
            let own = hall.tickets.get(&ticket).map(|ticket| ticket.service().clone());
            let others = hall.profile.services.iter().filter(|service| Some(&service.id) != own.as_ref());
            others.map(|service| (service.id.clone(), 1)).collect()
        });
        let service = self.dice.pick(&services)?.clone();
        Some(TicketStep::Transfer { to: Target::Service(service), place: TransferPlace::ByAge, reason: None })
    }

    fn something_missing(&self, ticket: TicketId) -> Option<TicketStep> {
        let material = self.keeper.read(|hall| {
            let service = hall.profile.service(hall.tickets.get(&ticket)?.service())?;
            service.materials.first().map(|material| material.id.to_string())
        })?;
        let materials = vec![FreeText::parse(&material).ok()?];
        Some(TicketStep::Finish(Finish { materials, ..done(Outcome::MissingMaterials) }))
    }

    async fn step(&mut self, ticket: TicketId, step: TicketStep, fence: u64) -> Result<(), Lost> {
        self.submit(Command::Ticket { ticket, step, fence: Some(fence) }).await
    }

    async fn does(&mut self, step: CounterStep, fence: Option<u64>) -> Result<(), Lost> {
        self.submit(Command::Counter { counter: self.counter.clone(), step, fence }).await
    }

    async fn submit(&mut self, command: Command) -> Result<(), Lost> {
        match submit_as(&self.keeper, self.caller.clone(), command).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) | Err(_) => Err(Lost),
        }
    }

    /// Lets time pass as a person would; short when the switch is turned off.
    async fn rest(&mut self, low_ms: u64, high_ms: u64) {
        let time = self.dice.time(low_ms, high_ms);
        let _turned_off = timeout(time, self.switch.wait_for(|on| !on)).await;
    }
}

fn done(outcome: Outcome) -> Finish {
    Finish { outcome, reason: None, solution: None, materials: Vec::new(), checks: Vec::new() }
}

fn refused() -> Finish {
    Finish {
        reason: FreeText::parse("不属于本公司供热范围").ok(),
        solution: FreeText::parse("请联系小区物业或拨打 12345").ok(),
        ..done(Outcome::Refused)
    }
}
