//! Simulated callers, operators and teams: the telephone rings, orders are made, worked and called back.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::dice::Dice;
use crate::cli::access::submit_as;
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::command::{Command, LogCall};
use crate::domain::hotline_call::{Address, CallEnd, CallPatch, Disposition};
use crate::domain::ids::{CategoryId, CauseId, HotlineCallId, OrderNo, TeamId};
use crate::domain::orders::Desk;
use crate::domain::phone::Phone;
use crate::domain::text::FreeText;
use crate::domain::work_order::{CallbackStep, OrderState, OrderStep, Reached, ResolveStep};
use crate::keeper::HallKeeper;

/// Nobody calls while so many orders are open.
const OPEN_MAX: usize = 30;
/// The team that is left to whoever tries the hall out.
const LEFT_FREE: &str = "repair-east";

/// Where simulated callers live, and which team works there; all of them are in the sample address book.
const COMMUNITIES: [(&str, &str, u64); 5] = [
    ("绿城佳苑二期", "repair-east", 3),
    ("嘉禾华庭", "repair-east", 2),
    ("重华佳苑A区", "repair-west", 3),
    ("万和小区", "repair-west", 2),
    ("望江公寓", "repair-west", 2),
];
/// What they call about: category, words, weight. A category that the hall does not have is not called about.
const MATTERS: [(&str, &str, u64); 6] = [
    ("R1", "家里暖气不热，客厅和卧室都凉", 40),
    ("R2", "室温不到十八度，要求上门测温", 15),
    ("R3", "暖气片接头渗水", 10),
    ("Z1", "询问今年供热到几号", 20),
    ("F1", "对热费账单上的面积有疑问", 10),
    ("C2", "报修两天还没有人上门", 5),
];

/// The caller and the operator who answers.
pub(super) struct Desks {
    keeper: HallKeeper,
    dice: Dice,
    switch: watch::Receiver<bool>,
    operator: Caller,
    colleague: Caller,
}

/// What a command did not do, because the hall refused it or its journal is away.
struct Lost;

async fn submit(keeper: &HallKeeper, caller: &Caller, command: Command) -> Result<(), Lost> {
    match submit_as(keeper, caller.clone(), command).await {
        Ok(None) => Ok(()),
        Ok(Some(_)) | Err(_) => Err(Lost),
    }
}

fn free(text: &str) -> Option<FreeText> {
    FreeText::parse(text).ok()
}

impl Desks {
    pub(super) fn new(keeper: HallKeeper, seed: u64, switch: watch::Receiver<bool>) -> Self {
        let of = |name: &str| Caller::new(Actor::new(Role::Operator, name, None), false);
        Self { keeper, dice: Dice::new(seed, 70), switch, operator: of("sim-li"), colleague: of("sim-sun") }
    }

    /// Goes on until the task is aborted.
    pub(super) async fn answer(mut self) {
        loop {
            if self.switch.wait_for(|on| *on).await.is_err() {
                return;
            }
            let open = self.keeper.read(|hall| hall.orders.open_count());
            let went = if open < OPEN_MAX { self.take_call().await } else { Ok(()) };
            let called = if self.dice.chance(60) { self.call_back().await } else { Ok(()) };
            if went.is_err() || called.is_err() {
                sleep(Duration::from_secs(2)).await;
            }
            let (low, high) = if open < 8 { (1_500, 4_000) } else { (12_000, 35_000) };
            let gap = self.dice.time(low, high);
            let _turned_off = timeout(gap, self.switch.wait_for(|on| !on)).await;
        }
    }

    async fn take_call(&mut self) -> Result<(), Lost> {
        let Some((category, words)) = self.matter() else { return Ok(()) };
        let number = format!("138{:08}", self.dice.between(10_000_000, 99_999_999));
        let log = LogCall { caller_number: Phone::read(&number, None).ok().flatten(), ..LogCall::default() };
        submit(&self.keeper, &self.operator, Command::LogCall(log)).await?;
        let own = self.operator.actor.actor.clone();
        let call = self.keeper.read(|hall| hall.hotline.open_calls().filter(|call| call.operator == own).last().map(|call| call.id));
        let Some(call) = call else { return Ok(()) };
        self.rest(2_000, 6_000).await;
        let patch = CallPatch {
            address: Some(self.address()),
            category: Some(Some(category.clone())),
            description: Some(free(words)),
            ..CallPatch::default()
        };
        submit(&self.keeper, &self.operator, Command::ChangeCall { call, patch: Box::new(patch) }).await?;
        self.rest(3_000, 9_000).await;
        self.end(call, &category).await
    }

    async fn end(&self, call: HotlineCallId, category: &CategoryId) -> Result<(), Lost> {
        let asks = category.as_str().starts_with('Z');
        let disposition = if asks { Disposition::AnsweredDirectly } else { Disposition::WorkOrder };
        let note = if asks { free("供热期到三月十五日") } else { None };
        let end = CallEnd { disposition, note, work_order: None, incident: None };
        submit(&self.keeper, &self.operator, Command::EndCall { call, end, order: None }).await
    }

    fn matter(&mut self) -> Option<(CategoryId, &'static str)> {
        let known: Vec<((CategoryId, &'static str), u64)> = self.keeper.read(|hall| {
            let plan = &hall.profile.orders;
            let known =
                |(id, words, weight): (&str, &'static str, u64)| Some(((plan.category(&id.parse().ok()?)?.id.clone(), words), weight));
            MATTERS.into_iter().filter_map(known).collect()
        });
        self.dice.pick(&known).cloned()
    }

    fn address(&mut self) -> Address {
        let communities = COMMUNITIES.map(|(name, team, weight)| ((name, team), weight));
        let (community, team) = self.dice.pick(&communities).copied().unwrap_or(("嘉禾华庭", LEFT_FREE));
        let (building, unit) = (self.dice.between(1, 3), self.dice.between(1, 2));
        let room = self.dice.between(1, 6) * 100 + self.dice.between(1, 3);
        let team: Option<TeamId> = team.parse().ok();
        Address {
            community: free(community),
            building: free(&format!("{building}号楼")),
            unit: free(&format!("{unit}单元")),
            room: free(&room.to_string()),
            team: team.filter(|team| self.keeper.read(|hall| hall.profile.orders.team(team).is_some())),
            ..Address::default()
        }
    }

    /// Rings back a customer whose order was worked by simulated people.
    async fn call_back(&mut self) -> Result<(), Lost> {
        let worked = self.keeper.read(|hall| {
            let simulated = |by: &str| by.contains(":sim-");
            let waits = hall.orders.at_desk(Desk::Callback);
            waits.filter(|order| order.resolution.as_ref().is_some_and(|how| simulated(&how.by))).map(|order| order.no).next()
        });
        let Some(no) = worked else { return Ok(()) };
        let Some(grade) = self.dice.pick(&[(5, 60), (4, 25), (3, 10), (2, 5)]).copied() else { return Ok(()) };
        let step =
            OrderStep::Callback(CallbackStep { reached: true, solved: Some(grade > 2), grade: Some(grade), remark: None, give_up: false });
        submit(&self.keeper, &self.colleague, Command::Order { no, step: Box::new(step), token: None }).await
    }

    async fn rest(&mut self, low_ms: u64, high_ms: u64) {
        let time = self.dice.time(low_ms, high_ms);
        let _turned_off = timeout(time, self.switch.wait_for(|on| !on)).await;
    }
}

/// A simulated member of a team.
pub(super) struct Handler {
    keeper: HallKeeper,
    team: TeamId,
    caller: Caller,
    dice: Dice,
    switch: watch::Receiver<bool>,
}

impl Handler {
    /// One for every team but the one that is left free.
    pub(super) fn of_teams(keeper: &HallKeeper, seed: u64, switch: &watch::Receiver<bool>) -> Vec<Self> {
        let teams: Vec<TeamId> = keeper.read(|hall| hall.profile.orders.teams.iter().map(|team| team.id.clone()).collect());
        let worked = teams.into_iter().filter(|team| team.as_str() != LEFT_FREE);
        let of = |(number, team): (u64, TeamId)| {
            let caller = Caller::new(Actor::new(Role::Handler, &format!("sim-{team}"), None), false);
            Self { keeper: keeper.clone(), team, caller, dice: Dice::new(seed, number), switch: switch.clone() }
        };
        (80_u64..).zip(worked).map(of).collect()
    }

    /// Works until the task is aborted.
    pub(super) async fn work(mut self) {
        loop {
            if self.switch.wait_for(|on| *on).await.is_err() {
                return;
            }
            let held = self.held();
            let went = match held {
                Some((no, token, state)) => self.go_on(no, token, state).await,
                None => submit(&self.keeper, &self.caller, Command::Claim { team: self.team.clone(), lease_s: None }).await,
            };
            let (low, high) = if went.is_ok() && held.is_some() { (4_000, 15_000) } else { (8_000, 20_000) };
            let gap = self.dice.time(low, high);
            let _turned_off = timeout(gap, self.switch.wait_for(|on| !on)).await;
        }
    }

    fn held(&self) -> Option<(OrderNo, u64, OrderState)> {
        self.keeper.read(|hall| {
            let order = hall.orders.held_by(&self.caller.actor.actor).next()?;
            Some((order.no, order.lease.as_ref()?.token, order.state))
        })
    }

    async fn go_on(&mut self, no: OrderNo, token: u64, state: OrderState) -> Result<(), Lost> {
        let step = match state {
            OrderState::Dispatched => OrderStep::Accept,
            OrderState::Accepted => OrderStep::Contact { outcome: Reached::Reached, number: None, note: None },
            OrderState::Contacted => OrderStep::Arrive { note: None },
            OrderState::Arrived => match self.resolving() {
                Some(step) => step,
                None => return Ok(()),
            },
            OrderState::WaitingCustomer => OrderStep::Continue { note: None },
            OrderState::Review
            | OrderState::Deferred
            | OrderState::Merged
            | OrderState::Resolved
            | OrderState::Replied
            | OrderState::Closed
            | OrderState::Withdrawn => return Ok(()),
        };
        submit(&self.keeper, &self.caller, Command::Order { no, step: Box::new(step), token: Some(token) }).await
    }

    fn resolving(&mut self) -> Option<OrderStep> {
        let causes: Vec<(CauseId, u64)> =
            self.keeper.read(|hall| hall.profile.orders.causes.iter().map(|cause| (cause.id.clone(), 1)).collect());
        let cause = self.dice.pick(&causes)?.clone();
        Some(OrderStep::Resolve(Box::new(ResolveStep {
            action: free("上门排气，调节阀门，温度恢复"),
            parts: None,
            cause,
            solved: true,
            unsolved_reason: None,
            valid_claim: true,
            out_of_scope: false,
            public_reply: free("已上门处理，室温恢复正常"),
            signature: None,
            refund_days: None,
        })))
    }
}
