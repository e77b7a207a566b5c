//! The screens' types: made from the server's own, and kept true in `kiosk-ui/src/wire.ts`.

use std::fmt::Write;

use ts_rs::{Config, TS};
use warmhall::domain::text::TEXT_CHARS_MAX;
use warmhall::web::problem::Code;
use warmhall::web::views;
use warmhall::web::wire::{
    address, call, case, counter, hall, incident, look, order, order_parts, order_words, people, plan, ticket, words,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/kiosk-ui/src/wire.ts");

const HEAD: &str = "/// The wire types, made from the server's Rust types by `UPDATE=1 cargo test --test it wire`. Never edited.\n";

/// What has no type in Rust: texts put together by hand, and the problem's open form.
const BY_HAND: &str = r"
// Live frames.
export type LiveEvent = {
  rev: number;
  type: string;
  at: string;
  number?: string;
  service?: string;
  counter?: string;
  calls?: number;
  language?: string;
  [field: string]: unknown;
};
export type SnapshotFrame<S> = { type: 'snapshot'; epoch: string; rev: number; at: string; state: S };
export type EventsFrame<S> = { type: 'events'; epoch: string; prev: number; rev: number; at: string; events: LiveEvent[]; state: S };
export type BeatFrame = { type: 'beat'; epoch: string; prev: number; rev: number; at: string };
export type ByeFrame = { type: 'bye'; code: 'slow' | 'restart' | 'revoked'; retry_ms: number };
export type Frame<S> = SnapshotFrame<S> | EventsFrame<S> | BeatFrame | ByeFrame;

export type ProblemBody = {
  type: string;
  title: string;
  status: number;
  code: ProblemCode;
  detail?: string;
  retry_after_s?: number;
  fields?: Record<string, string>;
  request_id?: string;
  applied?: boolean | 'unknown';
  [more: string]: unknown;
};
";

fn declare<T: TS>(text: &mut String) {
    // Without a shelf for imports there is one file; documentation stays with the Rust types.
    let decl = T::decl(&Config::default());
    let plain: Vec<&str> = decl.lines().map(str::trim).filter(|line| !line.starts_with(['*', '/'])).collect();
    let _always = writeln!(text, "export {}", tidy(&plain.join(" ").replace('"', "'")));
}

/// One field a line, so that a change shows as one.
fn tidy(decl: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::new();
    let mut rest = decl.chars().peekable();
    let fields = decl.contains(" = { ") && !decl.contains(" | {");
    while let Some(c) = rest.next() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let field_ends = c == ',' && depth == 0 && fields;
        out.push(if field_ends { ';' } else { c });
        if (field_ends || (c == '{' && fields)) && rest.next_if_eq(&' ').is_some() {
            out.push_str(if rest.peek() == Some(&'}') { "\n" } else { "\n  " });
        }
    }
    out
}

macro_rules! declare_all {
    ($text:ident: $($type:ty),* $(,)?) => { $(declare::<$type>(&mut $text);)* };
}

fn orders() -> String {
    let mut text = "\n// The hotline and its orders.\n".to_owned();
    declare_all!(text: order_parts::OrderClock, order_parts::OrderClocks, order_parts::NextClock, order_parts::Address, order_parts::Symptoms,
        order_parts::OrderCustomer, order_parts::Revealed, order_parts::OrderOrigin, order_parts::Appointment, order_parts::OrderLease,
        order_parts::OrderContact, order_parts::OrderAction, order_parts::Signature, order_parts::RoomTemperature,
        order_parts::OrderResolution, order_parts::OrderReply, order_parts::OrderCallback, order_parts::OrderReturn,
        order_parts::OrderCoTeam, order_parts::ExtensionDecision, order_parts::OrderExtension, order_parts::OrderUrge,
        order_parts::StoryLine, order::OrderBrief, order::WorkOrder, order::GivenLease, order::OrderMade, order::OrderAnswer,
        order::RevealAnswer, order::ClaimAnswer, incident::Incident, incident::Suspicion, incident::Attached, incident::IncidentFull,
        address::AddressItem, incident::IncidentAnswer, incident::AttachAnswer, call::CallTimes, call::HotlineCall, call::CallBrief, call::KnownPerson, call::Known, call::CallLogged,
        call::CallChanged, call::CallEnded, case::CaseStep, case::Case, plan::PlanTeam, plan::PlanCategory, plan::PlanWord,
        plan::PlanRules, plan::Plan, views::RingingCall, views::MissedCaller, views::DeskCounts, views::TeamLoad, views::OpenCall,
        views::PhoneToday, views::HotlineToday, views::HotlineState, views::TeamHead, views::TeamState, views::LeadOrders);
    text
}

fn wire() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n// Words.\n");
    declare_all!(text: words::Language, words::TicketState, words::CounterStanding, words::Outcome, words::MaterialMark, words::Place,
        words::Class, words::Role, words::DeviceKind, words::LegEnd, words::WhyRule, look::Standing, look::ClosedReason, views::CallState);
    declare_all!(text: order_words::OrderState, order_words::Urgency, order_words::Vulnerable, order_words::HeatStatus, order_words::CallerRole,
        order_words::Leak, order_words::CallDirection, order_words::Channel, order_words::Disposition, order_words::Reached,
        order_words::TemperatureLack, order_words::ActionKind, order_words::ClockKind, order_words::Pace, order_words::ClockState, order_words::SeasonPhase,
        order_words::Desk, order_words::PhoneState, order_words::TimeSource, incident::IncidentState, incident::Answering);
    let codes: Vec<String> = Code::ALL.iter().map(|code| format!("'{}'", code.word())).collect();
    let _always = writeln!(text, "export type ProblemCode = {};", codes.join(" | "));
    let _always =
        writeln!(text, "\n// The longest text that is taken anywhere, in characters.\nexport const textCharsMax = {TEXT_CHARS_MAX};");
    text.push_str(BY_HAND);
    text.push_str("\n// The hall.\n");
    declare_all!(text: hall::Text, hall::Range, hall::Notice, hall::Committed, hall::Items<()>, look::HallProfile, look::Hours, look::Material,
        look::ServiceClass, look::NamedService, look::KioskService, look::CounterOutline, look::KioskState, look::HallAnswer);
    text.push_str("\n// Tickets and counters.\n");
    declare_all!(text: ticket::Ticket, ticket::TicketBrief, ticket::Leg, ticket::TicketFull, ticket::PassedOver, ticket::Why,
        ticket::IssueAnswer, ticket::TicketAnswer, ticket::NextAnswer, counter::CounterBrief, counter::CounterAnswer, look::TicketView);
    text.push_str(&orders());
    text.push_str("\n// What screens show.\n");
    declare_all!(text: views::BoardCall, views::BoardService, views::BoardCounter, views::BoardState, views::DisplayCounter,
        views::DisplayState, views::CounterService, views::CounterSeat, views::CounterLine, views::CounterToday, views::CounterState,
        views::LeadService, views::LeadOffer, views::LeadCounter, views::DeviceSeen, views::ForecastKept, views::Totals,
        views::StoreHealth, views::VoiceHealth, views::HealthBrief, views::LeadState);
    text.push_str("\n// People and devices.\n");
    declare_all!(text: people::User, people::SessionAnswer, people::Account, people::DeviceScope, people::Device, people::PairedDevice, people::PairingOpened,
        people::PairingAnswer, people::PairingWaiting, people::DemoAccount, people::DemoDevice, people::DemoScreen, people::DemoAnswer);
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how the file is made anew")]
fn the_screens_types_are_the_servers() {
    let now = wire();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, &now).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(kept == now, "the wire has changed: `UPDATE=1 cargo test --test it wire`, then `npm run check` in kiosk-ui");
}
