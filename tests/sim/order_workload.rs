//! What operators, handlers and leads do in a simulated hotline: random commands that are mostly sensible and sometimes not.

use chrono::{Duration, NaiveDate};
use warmhall::domain::actor::{Actor, Caller, Role};
use warmhall::domain::command::{Command, LogCall};
use warmhall::domain::hall::Hall;
use warmhall::domain::hotline_call::{Address, CallEnd, CallPatch, Disposition, Symptoms, Urgency, Vulnerable};
use warmhall::domain::ids::{HotlineCallId, IncidentId, OrderNo, TeamId};
use warmhall::domain::incident::IncidentFacts;
use warmhall::domain::orders::Desk;
use warmhall::domain::phone::Phone;
use warmhall::domain::profile::Profile;
use warmhall::domain::sla::ClockKind;
use warmhall::domain::text::FreeText;
use warmhall::domain::work_order::{
    ActionKind, CallbackStep, CoAssignStep, Customer, NewOrder, OrderState, OrderStep, Reached, ResolveStep, WorkOrder,
};

use crate::order_auditor::Agreed;
use crate::random::Chance;
use crate::workload::PROFILE;

const TEAMS: [&str; 3] = ["east", "west", "desk"];
/// Handlers: name, teams (none is all), skills (none is everything).
const HANDLERS: [(&str, &[&str], &[&str]); 7] = [
    ("wang", &["east"], &[]),
    ("chen", &["east"], &[]),
    ("liu", &["east", "west"], &[]),
    ("zhang", &["west"], &["welding", "wiring"]),
    ("yang", &["west"], &["wiring"]),
    ("zhao", &["desk"], &[]),
    ("huang", &[], &[]),
];

/// The simulated hall with teams, categories and clocks.
pub fn profile() -> Profile {
    let text = format!("{PROFILE}\n{}", include_str!("order_plan.toml"));
    let profile: Profile = toml::from_str(&text).expect("the simulated profile is well written");
    profile.check().expect("the simulated profile is sound");
    profile
}

/// What the auditor has to know of the profile.
pub fn agreed(profile: &Profile) -> Agreed {
    let plan = &profile.orders;
    let of = |skills: &[&str]| skills.iter().map(ToString::to_string).collect();
    Agreed {
        wip: plan.teams.iter().map(|team| (team.id.to_string(), usize::try_from(team.wip_max).unwrap())).collect(),
        visits: plan.categories.iter().filter(|category| category.visit).map(|category| category.id.to_string()).collect(),
        skills: plan.categories.iter().map(|c| (c.id.to_string(), c.skills.iter().map(ToString::to_string).collect())).collect(),
        able: HANDLERS
            .iter()
            .filter(|(_, _, skills)| !skills.is_empty())
            .map(|(name, _, skills)| (format!("handler:{name}"), of(skills)))
            .collect(),
        callback_attempts: usize::try_from(plan.rules.callback_attempts_max).unwrap(),
        bad_grade: u64::from(plan.rules.reopen_grade_max),
        kept_days: i64::from(plan.rules.closed_kept_days),
        masked: false,
    }
}

pub fn handler(name: &str) -> Caller {
    let (_, teams, skills) = HANDLERS.iter().find(|(own, _, _)| *own == name).unwrap_or(&HANDLERS[0]);
    Caller {
        teams: teams.iter().map(|team| team.parse().unwrap()).collect(),
        skills: skills.iter().map(|skill| skill.parse().unwrap()).collect(),
        ..Caller::new(Actor::new(Role::Handler, name, None), false)
    }
}

fn some_handler(chance: &mut Chance) -> Caller {
    handler(chance.pick(&HANDLERS).unwrap().0)
}

fn operator(chance: &mut Chance) -> Caller {
    // One of the operators also goes out to customers.
    let name = *chance.pick(&["li", "ma", "wang"]).unwrap();
    Caller::new(Actor::new(Role::Operator, name, None), false)
}

fn lead() -> Caller {
    Caller::new(Actor::new(Role::Lead, "zhou", None), true)
}

fn words(text: &str) -> FreeText {
    FreeText::parse(text).unwrap()
}

fn number(chance: &mut Chance) -> Option<Phone> {
    Phone::read(&format!("139{:08}", chance.below(30)), None).unwrap()
}

fn address(chance: &mut Chance) -> Address {
    let flat = chance.permille(800);
    Address {
        community: Some(words(&format!("小区{}", chance.below(5)))),
        building: flat.then(|| words(&format!("{}号楼", chance.below(4)))),
        room: flat.then(|| words(&format!("{}", 101 + chance.below(12)))),
        team: chance.permille(300).then(|| chance.pick(&TEAMS).unwrap().parse().unwrap()),
        share_ppm: Some(200_000),
        ..Address::default()
    }
}

const CATEGORIES: [&str; 7] = ["R1", "R1", "R1", "R2", "E1", "F1", "T1"];

fn patch(chance: &mut Chance) -> CallPatch {
    let mut patch = CallPatch::default();
    match chance.below(9) {
        0..=2 => patch.address = Some(address(chance)),
        3 | 4 => patch.category = Some(Some(chance.pick(&CATEGORIES).unwrap().parse().unwrap())),
        5 => patch.description = Some(chance.permille(800).then(|| words(&format!("暖气不热 {}", chance.below(1_000))))),
        6 => {
            patch.callback_number = Some(number(chance).filter(|_| chance.permille(700)));
            patch.caller_name = Some(Some(words(&format!("客户{}", chance.below(50)))));
            patch.customer_no = Some(chance.permille(300).then(|| words(&format!("{:06}", chance.below(20)))));
        }
        7 => {
            patch.vulnerable = Some(if chance.permille(300) { vec![Vulnerable::Elderly] } else { Vec::new() });
            patch.symptoms = Some(Symptoms { room_tenths: Some(155), rooms: vec![words("主卧")], ..Symptoms::default() });
        }
        _ => {
            patch.sealed = Some(chance.permille(500));
            patch.urgency = Some(if chance.permille(300) { Urgency::Urgent } else { Urgency::Normal });
        }
    }
    patch
}

fn new_order(chance: &mut Chance, hall: &Hall) -> NewOrder {
    let incident = hall.hotline.open_incidents().next().map(|incident| incident.id).filter(|_| chance.permille(50));
    NewOrder {
        category: Some(chance.pick(&CATEGORIES).unwrap().parse().unwrap()),
        description: Some(words(&format!("工单 {}", chance.below(10_000)))),
        customer: Some(Customer { phone: number(chance), ..Customer::default() }),
        address: Some(address(chance)),
        team: chance.permille(100).then(|| chance.pick(&TEAMS).unwrap().parse().unwrap()),
        separate: chance.permille(300),
        incident,
        ..NewOrder::default()
    }
}

fn end_call(chance: &mut Chance, hall: &Hall, call: HotlineCallId) -> Command {
    let incident = hall.hotline.open_incidents().next().map(|incident| incident.id);
    let disposition = match chance.below(10) {
        0 | 1 => Disposition::AnsweredDirectly,
        2 => Disposition::Invalid,
        3 | 4 if incident.is_some() => Disposition::Attached,
        _ => Disposition::WorkOrder,
    };
    let order = chance.permille(100).then(|| Box::new(NewOrder { incident: None, ..new_order(chance, hall) }));
    let incident = incident.filter(|_| disposition == Disposition::Attached);
    let end = CallEnd { disposition, note: chance.permille(200).then(|| words("已答复")), work_order: None, incident };
    Command::EndCall { call, end, order }
}

fn call(chance: &mut Chance, hall: &Hall) -> (Command, Caller) {
    let open: Vec<_> = hall.hotline.open_calls().map(|call| call.id).collect();
    let caller = operator(chance);
    let some = if chance.permille(30) { hall.hotline.calls.keys().next().copied() } else { chance.pick(&open).copied() };
    let command = match (some, chance.below(10)) {
        (Some(call), 0..=4) => Command::ChangeCall { call, patch: Box::new(patch(chance)) },
        (Some(call), 5..=7) => end_call(chance, hall, call),
        (Some(_) | None, _) => {
            let seat = chance.permille(500).then(|| words("3号席"));
            Command::LogCall(LogCall { caller_number: number(chance), seat, ..LogCall::default() })
        }
    };
    (command, caller)
}

fn incident(chance: &mut Chance, hall: &Hall) -> (Command, Caller) {
    let open: Vec<IncidentId> = hall.hotline.open_incidents().map(|incident| incident.id).collect();
    let calls: Vec<HotlineCallId> = hall.hotline.calls.keys().copied().collect();
    let call = chance.pick(&calls).copied();
    let facts = Box::new(IncidentFacts {
        title: words("换热站跳闸"),
        communities: vec![words(&format!("小区{}", chance.below(5)))],
        station: None,
        category: "R1".parse().unwrap(),
        script: None,
        expected_end: None,
    });
    let command = match (chance.pick(&open).copied(), call, chance.below(10)) {
        (Some(incident), Some(call), 0..=5) => Command::AttachCall { incident, call },
        (Some(incident), _, 6 | 7) => {
            Command::ResolveIncident { incident, cause: "U1".parse().unwrap(), public_reply: words("已恢复供热") }
        }
        (Some(incident), _, 8) => Command::ChangeIncident { incident, facts },
        (Some(_), _, _) => Command::DismissSuspicion { community: words("小区1") },
        (None, call, _) => Command::OpenIncident { facts, call: call.filter(|_| chance.permille(500)) },
    };
    (command, operator(chance))
}

fn resolve(chance: &mut Chance) -> OrderStep {
    let solved = chance.permille(900);
    OrderStep::Resolve(Box::new(ResolveStep {
        action: chance.permille(700).then(|| words("放气")),
        parts: None,
        cause: "U1".parse().unwrap(),
        solved,
        unsolved_reason: (!solved).then(|| words("需停暖期施工")),
        valid_claim: true,
        out_of_scope: false,
        public_reply: chance.permille(800).then(|| words("管道有气，已排除")),
        signature: None,
        refund_days: None,
    }))
}

/// What the holder of an order in hand does next.
fn hand_step(chance: &mut Chance, order: &WorkOrder) -> OrderStep {
    let outcome = *chance.pick(&[Reached::Reached, Reached::Reached, Reached::NoAnswer]).unwrap();
    match (order.state, chance.below(20)) {
        (_, 0) => OrderStep::Return { code: None, reason: Some(words("不属本班")) },
        (_, 1) => OrderStep::Wait { reason: words("用户不在家"), until: None },
        (_, 2 | 6) => extend(chance, order),
        (_, 3) => OrderStep::Act { kind: ActionKind::Note, what: words("备注"), parts: None, photo_ref: None },
        (_, 4) => resolve(chance),
        (_, 5) => OrderStep::Arrive { note: None },
        (OrderState::Accepted, _) => OrderStep::Contact { outcome, number: None, note: None },
        (OrderState::Contacted, _) => OrderStep::Arrive { note: Some(words("到了")) },
        (OrderState::Arrived, 7..=9) => OrderStep::Act { kind: ActionKind::Work, what: words("换阀门"), parts: None, photo_ref: None },
        (_, _) => resolve(chance),
    }
}

fn extend(chance: &mut Chance, order: &WorkOrder) -> OrderStep {
    let running: Vec<ClockKind> = order.clocks.iter().filter(|(_, clock)| clock.running_since.is_some()).map(|(kind, _)| kind).collect();
    let kind = chance.pick(&running).copied().unwrap_or(ClockKind::Resolve);
    let due = order.clocks.get(kind).and_then(|clock| clock.due).unwrap_or(order.created_at);
    OrderStep::Extend { clock: kind, until: due + Duration::minutes(30), reason: words("等配件") }
}

fn heard(chance: &mut Chance) -> OrderStep {
    let reached = chance.permille(600);
    let solved = chance.permille(800);
    let grade = u8::try_from(1 + chance.below(5)).unwrap();
    OrderStep::Callback(CallbackStep {
        reached,
        solved: reached.then_some(solved),
        grade: (reached && chance.permille(800)).then_some(grade.max(if chance.permille(700) { 3 } else { 1 })),
        remark: None,
        give_up: !reached && chance.permille(500),
    })
}

fn some_order(chance: &mut Chance, hall: &Hall, fits: impl Fn(&WorkOrder) -> bool) -> Option<OrderNo> {
    let wild = chance.permille(40);
    let fitting: Vec<OrderNo> = hall.orders.all.values().filter(|order| wild || fits(order)).map(|order| order.no).collect();
    chance.pick(&fitting).copied()
}

/// Somebody with a lease goes on with what they have in hand; sometimes somebody else tries.
fn in_hand(chance: &mut Chance, hall: &Hall, stale: &[(String, String, u64)]) -> Option<(Command, Caller)> {
    if let Some((no, who, token)) = chance.pick(stale).filter(|_| chance.permille(80)) {
        let no: OrderNo = no.parse().unwrap();
        let step = match hall.orders.get(no) {
            Some(order) if chance.permille(700) => hand_step(chance, order),
            Some(_) | None => OrderStep::Accept,
        };
        let caller = handler(who.split_once(':').map_or("", |(_, name)| name));
        return Some((Command::Order { no, step: Box::new(step), token: Some(*token) }, caller));
    }
    let no = some_order(chance, hall, |order| order.lease.is_some())?;
    let order = hall.orders.get(no)?;
    let lease = order.lease.as_ref()?;
    let owner = handler(lease.handler.split_once(':').map_or("", |(_, name)| name));
    let caller = if chance.permille(950) { owner } else { some_handler(chance) };
    let token = Some(lease.token).filter(|_| chance.permille(970));
    let step = if order.state == OrderState::Dispatched && chance.permille(900) {
        OrderStep::Accept
    } else if order.state == OrderState::WaitingCustomer {
        OrderStep::Continue { note: None }
    } else {
        hand_step(chance, order)
    };
    Some((Command::Order { no, step: Box::new(step), token }, caller))
}

fn on(no: Option<OrderNo>, step: OrderStep, caller: Caller) -> Option<(Command, Caller)> {
    Some((Command::Order { no: no?, step: Box::new(step), token: None }, caller))
}

fn callback(chance: &mut Chance, hall: &Hall) -> Option<(Command, Caller)> {
    let desk: Vec<OrderNo> = hall.orders.at_desk(Desk::Callback).map(|order| order.no).take(20).collect();
    let no = if chance.permille(950) { chance.pick(&desk).copied() } else { some_order(chance, hall, |_| true) };
    let caller = match chance.below(10) {
        0 => some_handler(chance),
        1 => lead(),
        _ => operator(chance),
    };
    let step = if chance.permille(250) { OrderStep::Reply { text: words("已修好") } } else { heard(chance) };
    on(no, step, caller)
}

/// What leads and dispatchers do beside the work itself.
fn beside(chance: &mut Chance, hall: &Hall) -> Option<(Command, Caller)> {
    let team: TeamId = chance.pick(&TEAMS).unwrap().parse().unwrap();
    let reason = words("调整");
    let any = some_order(chance, hall, |order| !order.state.is_over());
    let waiting = some_order(chance, hall, WorkOrder::is_waiting);
    let other = some_order(chance, hall, |order| !order.state.is_over() && order.merged_into.is_none());
    let tomorrow: NaiveDate = hall.day.unwrap_or_default() + chrono::Days::new(1);
    match chance.below(22) {
        0..=4 => {
            let review = some_order(chance, hall, |order| order.state == OrderState::Review);
            let category = chance.permille(300).then(|| chance.pick(&CATEGORIES).unwrap().parse().unwrap());
            on(review, OrderStep::Dispatch { team, category }, lead())
        }
        5 => on(waiting, OrderStep::Dispatch { team, category: None }, operator(chance)),
        6 => on(any, OrderStep::Reassign { team, reason: Some(reason) }, lead()),
        7 | 8 => on(any, OrderStep::CoAssign(CoAssignStep { team, reason: None, limit_min: Some(10) }), lead()),
        9 => on(any, OrderStep::CoFinish { team, note: None }, some_handler(chance)),
        10 | 11 => {
            let calls: Vec<_> = hall.hotline.open_calls().map(|call| call.id).collect();
            on(any, OrderStep::Urge { call: chance.pick(&calls).copied(), note: None }, operator(chance))
        }
        12 => {
            let step = extend(chance, hall.orders.get(waiting?)?);
            on(waiting, step, lead())
        }
        13 if chance.permille(500) => on(any, OrderStep::Supervise { note: None }, lead()),
        13 => on(any, OrderStep::Reveal { reason: None }, operator(chance)),
        14 | 15 => {
            let asked = some_order(chance, hall, |order| order.extension.as_ref().is_some_and(|one| one.decision.is_none()));
            let step = if chance.permille(700) { OrderStep::Grant { note: None } } else { OrderStep::Deny { note: None } };
            on(asked, step, lead())
        }
        16 => on(any, OrderStep::Defer { until: tomorrow, reason }, lead()),
        17 => on(any, OrderStep::Merge { into: other? }, operator(chance)),
        18 => {
            let merged = some_order(chance, hall, |order| order.state == OrderState::Merged);
            on(merged, OrderStep::Unmerge, lead())
        }
        19 => {
            let over = some_order(chance, hall, |order| order.state.is_worked() || order.state == OrderState::Closed);
            on(over, OrderStep::Reopen { reason }, lead())
        }
        20 => on(any.filter(|_| chance.permille(300)), OrderStep::Withdraw { reason }, operator(chance)),
        _ => {
            let still = some_order(chance, hall, |order| matches!(order.state, OrderState::WaitingCustomer | OrderState::Deferred));
            on(still, OrderStep::Continue { note: None }, lead())
        }
    }
}

/// The next thing somebody does, seen from the hall as it is; `stale` are leases that are over.
pub fn next(chance: &mut Chance, hall: &Hall, profile: &std::sync::Arc<Profile>, stale: &[(String, String, u64)]) -> (Command, Caller) {
    let done = match chance.below(100) {
        0..=25 => None,
        26..=29 => Some((Command::CreateOrder(Box::new(new_order(chance, hall))), operator(chance))),
        30..=33 => Some(incident(chance, hall)),
        34..=43 => {
            let team = chance.pick(&TEAMS).unwrap().parse().unwrap();
            let lease_s = chance.permille(300).then(|| u32::try_from(1 + chance.below(200)).unwrap());
            Some((Command::Claim { team, lease_s }, some_handler(chance)))
        }
        44..=45 => {
            let waiting = some_order(chance, hall, WorkOrder::is_waiting);
            on(waiting, OrderStep::Accept, some_handler(chance))
        }
        46..=70 => in_hand(chance, hall, stale),
        71..=78 => callback(chance, hall),
        79..=92 => beside(chance, hall),
        _ => Some(crate::workload::next(chance, hall, profile)),
    };
    done.unwrap_or_else(|| call(chance, hall))
}
