//! What people do in a simulated hall: random commands that are mostly sensible and sometimes not.

use std::sync::Arc;

use warmhall::domain::actor::{Actor, Caller, Role};
use warmhall::domain::command::{Command, CounterStep, Issue, TicketStep};
use warmhall::domain::hall::Hall;
use warmhall::domain::ids::TicketId;
use warmhall::domain::profile::{Class, Profile};
use warmhall::domain::text::{FreeText, Language};
use warmhall::domain::ticket::{Finish, Outcome, Target, TicketState, TransferPlace};

use crate::random::Chance;

/// The simulated hall: three services, four counters that help each other out.
pub const PROFILE: &str = r#"
languages = ["zh", "en"]
name = { zh = "模拟厅", en = "Simulated hall" }
[calendar]
zone = "Europe/Berlin"
[calendar.week]
mon = ["08:30-17:00"]
[[classes]]
class = "ordinary"
name = { zh = "普通", en = "Ordinary" }
credit_min = 0
[[classes]]
class = "courtesy"
name = { zh = "优先", en = "Courtesy" }
credit_min = 20
[[classes]]
class = "statutory"
name = { zh = "法定优先", en = "Statutory" }
credit_min = 1440
[[classes]]
class = "appointment"
name = { zh = "预约", en = "Appointment" }
credit_min = 30
[[services]]
id = "connect"
prefix = "A"
name = { zh = "报装", en = "Connection" }
minutes = 12
[[services]]
id = "pay"
prefix = "B"
name = { zh = "缴费", en = "Payment" }
minutes = 4
daily_cap = 60
[[services]]
id = "repair"
prefix = "C"
name = { zh = "报修", en = "Repair" }
minutes = 8
[[counters]]
no = "1"
services = [{ service = "connect" }, { service = "pay", offset_min = 5 }]
[[counters]]
no = "2"
services = [{ service = "pay" }]
[[counters]]
no = "3"
services = [{ service = "repair" }, { service = "pay", offset_min = 3 }]
[[counters]]
no = "4"
services = [{ service = "repair", offset_min = 1 }, { service = "connect" }]
"#;

pub fn profile() -> Profile {
    let profile: Profile = toml::from_str(PROFILE).expect("the simulated profile is well written");
    profile.check().expect("the simulated profile is sound");
    profile
}

pub fn clerk(no: &str) -> Caller {
    Caller::new(Actor::new(Role::Clerk, &format!("c{no}"), None), false)
}

fn lead() -> Caller {
    Caller::new(Actor::new(Role::Lead, "lead", None), true)
}

fn words(text: &str) -> FreeText {
    FreeText::parse(text).unwrap()
}

fn finish(chance: &mut Chance) -> Finish {
    let outcome = [Outcome::Done, Outcome::Done, Outcome::InfoOnly, Outcome::Refused, Outcome::MissingMaterials, Outcome::WorkOrder];
    let outcome = *chance.pick(&outcome).unwrap();
    let spoken = chance.permille(800);
    Finish {
        outcome,
        reason: spoken.then(|| words("缺少房产证")),
        solution: spoken.then(|| words("带来后优先办理")),
        materials: if spoken { vec![words("房产证")] } else { Vec::new() },
        checks: Vec::new(),
    }
}

fn issue(chance: &mut Chance, profile: &Profile) -> (Command, Caller) {
    let class =
        *chance.pick(&[Class::Ordinary, Class::Ordinary, Class::Ordinary, Class::Courtesy, Class::Statutory, Class::Appointment]).unwrap();
    let service = chance.pick(&profile.services).unwrap().id.clone();
    let language = if chance.permille(300) { Language::En } else { Language::Zh };
    let kiosk = Caller::new(Actor::new(Role::Kiosk, &format!("k{}", chance.below(3)), None), false);
    (Command::Issue(Issue { service, class, language, appointment_at: None, wait: None }), kiosk)
}

/// A ticket in one of these states, or (seldom) any.
fn some_ticket(chance: &mut Chance, hall: &Hall, states: &[TicketState]) -> Option<TicketId> {
    let wild = chance.permille(50);
    let fitting: Vec<_> = hall.tickets.values().filter(|t| wild || states.contains(&t.state)).map(|t| t.id).collect();
    chance.pick(&fitting).copied()
}

fn step(chance: &mut Chance, profile: &Profile) -> (TicketStep, &'static [TicketState]) {
    use TicketState::{Called, Missed, Parked, Serving, Waiting};
    match chance.below(12) {
        0 => (TicketStep::Recall, &[Called]),
        1 | 2 => (TicketStep::Start, &[Called]),
        3 | 4 => (TicketStep::Miss, &[Called]),
        5 => (TicketStep::Reinstate, &[Missed]),
        6 => (TicketStep::Park { reason: None }, &[Called, Serving]),
        7 => (TicketStep::Resume { counter: None }, &[Parked]),
        8 => (TicketStep::PutBack { delay_s: Some(60), reason: None }, &[Called, Serving]),
        9 => {
            let place = *chance.pick(&[TransferPlace::Front, TransferPlace::End, TransferPlace::ByAge]).unwrap();
            let to = if chance.permille(500) {
                Target::Service(chance.pick(&profile.services).unwrap().id.clone())
            } else {
                Target::Counter(chance.pick(&profile.counters).unwrap().no.clone())
            };
            (TicketStep::Transfer { to, place, reason: None }, &[Called, Serving, Waiting])
        }
        10 => (TicketStep::Finish(finish(chance)), &[Called, Serving]),
        _ => (TicketStep::Cancel { reason: None }, &[Waiting, Parked, Missed]),
    }
}

/// The next thing somebody does, seen from the hall as it is.
pub fn next(chance: &mut Chance, hall: &Hall, profile: &Arc<Profile>) -> (Command, Caller) {
    let counter = chance.pick(&profile.counters).unwrap().no.clone();
    let at = &hall.counters[&counter];
    // Mostly the clerk who sits there; sometimes a colleague, an old browser or a lead.
    let caller = if chance.permille(900) { clerk(counter.as_str()) } else { lead() };
    let fence = (!chance.permille(950)).then(|| u64::try_from(chance.below(5)).unwrap());
    let expect = if chance.permille(950) { at.ticket } else { some_ticket(chance, hall, &[TicketState::Waiting]) };
    match chance.below(100) {
        0..=34 => issue(chance, profile),
        35..=64 => {
            let finish = chance.permille(900).then(|| finish(chance));
            (Command::Counter { counter, step: CounterStep::Next { expect, finish }, fence }, caller)
        }
        65..=89 => {
            let (step, states) = step(chance, profile);
            let Some(ticket) = some_ticket(chance, hall, states) else { return issue(chance, profile) };
            let holder = hall.tickets.get(&ticket).unwrap().counter.clone();
            let caller = holder.filter(|_| chance.permille(900)).map_or_else(lead, |no| clerk(no.as_str()));
            (Command::Ticket { ticket, step, fence }, caller)
        }
        90..=93 => (Command::Counter { counter, step: CounterStep::Open, fence: None }, caller),
        94 => (Command::Counter { counter, step: CounterStep::Pause { reason: None }, fence }, caller),
        95..=96 => (Command::Counter { counter, step: CounterStep::Resume, fence }, caller),
        97 => (Command::Counter { counter, step: CounterStep::Close { reason: None }, fence }, caller),
        98 => match some_ticket(chance, hall, &[TicketState::Waiting]) {
            Some(ticket) => {
                let step = CounterStep::Call { ticket, expect: at.ticket, reason: words("行动不便") };
                (Command::Counter { counter, step, fence }, caller)
            }
            None => issue(chance, profile),
        },
        _ => match some_ticket(chance, hall, &[TicketState::Closed]) {
            Some(ticket) => (Command::Rate { ticket, grade: 5 }, lead()),
            None => issue(chance, profile),
        },
    }
}
