//! Simulated customers: they come, take a number, come back when they missed their call, and sometimes rate.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::dice::Dice;
use crate::cli::access::submit_as;
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::{Command, Issue, TicketStep};
use crate::domain::ids::{ServiceId, TicketId};
use crate::domain::profile::Class;
use crate::domain::text::Language;
use crate::domain::ticket::{Ticket, TicketState};
use crate::keeper::HallKeeper;
use crate::web::forecaster::Forecaster;

/// The kiosk that simulated customers use; their tickets are known by it.
const KIOSK: &str = "sim";
/// Nobody comes while so many wait.
const WAITING_MAX: usize = 26;
/// A missed customer comes back after this long, at the earliest.
const BACK_AFTER_MS: i64 = 20_000;

pub(super) struct Crowd {
    keeper: HallKeeper,
    forecaster: Forecaster,
    dice: Dice,
    switch: watch::Receiver<bool>,
    kiosk: Caller,
    greeter: Caller,
}

impl Crowd {
    pub(super) fn new(keeper: HallKeeper, forecaster: Forecaster, seed: u64, switch: watch::Receiver<bool>) -> Self {
        let kiosk = Caller::new(Actor::new(Role::Kiosk, KIOSK, None), false);
        let greeter = Caller::new(Actor::new(Role::Greeter, KIOSK, None), false);
        Self { keeper, forecaster, dice: Dice::new(seed, 0), switch, kiosk, greeter }
    }

    /// Goes on until the task is aborted.
    pub(super) async fn come_and_go(mut self) {
        loop {
            if self.switch.wait_for(|on| *on).await.is_err() {
                return;
            }
            let waiting = self.waiting();
            if waiting < WAITING_MAX {
                self.take_number().await;
            }
            if self.dice.chance(40) {
                self.come_back().await;
            }
            if self.dice.chance(30) {
                self.rate().await;
            }
            let gap = match waiting {
                // A hall that has just been opened fills at once.
                0..8 => self.dice.time(500, 1_500),
                8..15 => self.dice.time(4_000, 9_000),
                _ => self.dice.time(8_000, 16_000),
            };
            let _turned_off = timeout(gap, self.switch.wait_for(|on| !on)).await;
        }
    }

    fn waiting(&self) -> usize {
        self.keeper.read(|hall| hall.profile.services.iter().map(|service| hall.waiting(&service.id)).sum())
    }

    async fn take_number(&mut self) {
        // Short matters are common ones.
        let services: Vec<(ServiceId, u64)> =
            self.keeper.read(|hall| hall.profile.services.iter().map(|s| (s.id.clone(), 60 / u64::from(s.minutes).max(1))).collect());
        let Some(service) = self.dice.pick(&services).cloned() else { return };
        let class = if self.dice.chance(12) { Class::Courtesy } else { Class::Ordinary };
        let language = if self.dice.chance(12) { Language::En } else { Language::Zh };
        let wait = self.forecaster.current(&service, class);
        let issue = Issue { service, class, language, appointment_at: None, wait };
        self.does(self.kiosk.clone(), Command::Issue(issue)).await;
    }

    /// Somebody who was called in vain stands at the greeter's desk.
    async fn come_back(&mut self) {
        let now = self.keeper.clock().now();
        let back = self.keeper.read(|hall| {
            let missed = hall.missed.iter().filter_map(|id| hall.tickets.get(id)).filter(|ticket| is_simulated(ticket));
            let long_ago = |ticket: &&Ticket| ticket.called_at.is_some_and(|at| (now - at).num_milliseconds() > BACK_AFTER_MS);
            missed.filter(long_ago).map(|ticket| ticket.id).next()
        });
        if let Some(ticket) = back {
            self.does(self.greeter.clone(), Command::Ticket { ticket, step: TicketStep::Reinstate, fence: None }).await;
        }
    }

    async fn rate(&mut self) {
        let Some(ticket) = self.keeper.read(|hall| hall.tickets.values().rev().take(80).find(|t| can_rate(t)).map(|t| t.id)) else {
            return;
        };
        let Some(grade) = self.dice.pick(&[(5, 60), (4, 25), (3, 9), (2, 4), (1, 2)]).copied() else { return };
        self.does(customer(ticket), Command::Rate { ticket, grade }).await;
    }

    async fn does(&self, caller: Caller, command: Command) {
        // A customer whom the hall refuses, or who finds it closed for a moment, comes again later.
        if submit_as(&self.keeper, caller, command).await.is_err() {
            sleep(Duration::from_secs(1)).await;
        }
    }
}

fn is_simulated(ticket: &Ticket) -> bool {
    ticket.source.strip_prefix("kiosk:") == Some(KIOSK)
}

fn can_rate(ticket: &Ticket) -> bool {
    let unrated = ticket.closing.as_ref().is_some_and(|closing| closing.finish.is_some() && closing.rating.is_none());
    ticket.state == TicketState::Closed && unrated && is_simulated(ticket)
}

fn customer(ticket: TicketId) -> Caller {
    Caller::new(Actor { actor: format!("customer:{ticket}").into(), device: None }, false)
}
