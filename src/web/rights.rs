//! Who may do what: one table of rights, each a type of its own that a handler names in its signature.

use super::limits::Gauge;
use crate::domain::actor::Role;

/// Whom a right admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admits {
    /// Anybody on the network, as often as the gauge allows for one address.
    Anyone(Gauge),
    /// Only who has one of these roles.
    Roles(&'static [Role]),
}

/// One right, as a type.
pub trait Right: 'static {
    /// Its name in the picture of rights.
    const WORD: &'static str;
    /// Whom it admits.
    const ADMITS: Admits;
    /// Whether what it does may be repeated without an idempotency key, because the thing itself carries one.
    const REPEATABLE: bool = false;
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident $word:literal: $admits:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Right for $name {
            const WORD: &'static str = $word;
            const ADMITS: Admits = $admits;
        }
    )*};
}

/// Everybody who sees work orders; handlers only those of their teams, and of sealed ones not who asked.
const ORDERS: &[Role] = &[Role::Clerk, Role::Operator, Role::Handler, Role::Lead, Role::Manager, Role::Admin];
const STAFF: &[Role] = &[Role::Clerk, Role::Greeter, Role::Operator, Role::Handler, Role::Lead, Role::Manager, Role::Admin];

rights! {
    /// Looks at what a hall shows everybody.
    SeeHall "see_hall": Admits::Anyone(Gauge::Public);
    /// Acts on one's own ticket, by the secret in its link.
    OwnTicket "own_ticket": Admits::Anyone(Gauge::Customer);
    /// Signs in.
    SignIn "sign_in": Admits::Anyone(Gauge::SignIn);
    /// Makes the first administrator, with the one-time link.
    SetUp "set_up": Admits::Anyone(Gauge::SetUp);
    /// Asks to become a device.
    StartPairing "start_pairing": Admits::Anyone(Gauge::StartPairing);
    /// Fetches what became of that.
    ClaimPairing "claim_pairing": Admits::Anyone(Gauge::ClaimPairing);

    /// Takes a number for somebody.
    IssueTicket "issue_ticket": Admits::Roles(&[Role::Kiosk, Role::Greeter, Role::Lead, Role::Admin]);
    /// Looks up one's own case by its number and the end of one's telephone number.
    LookUpCase "look_up_case": Admits::Anyone(Gauge::Case);

    /// Writes calls down.
    LogCalls "log_calls": Admits::Roles(&[Role::Operator, Role::Lead, Role::Admin]);
    /// Looks at calls.
    SeeCalls "see_calls": Admits::Roles(&[Role::Operator, Role::Lead, Role::Manager, Role::Admin]);
    /// Makes work orders, and sees what is known of a caller and a flat.
    MakeOrders "make_orders": Admits::Roles(&[Role::Operator, Role::Clerk, Role::Lead, Role::Admin]);
    /// Looks at work orders.
    SeeOrders "see_orders": Admits::Roles(ORDERS);
    /// Sends orders to teams.
    DispatchOrders "dispatch_orders": Admits::Roles(&[Role::Operator, Role::Lead, Role::Admin]);
    /// Claims and works orders.
    HandleOrders "handle_orders": Admits::Roles(&[Role::Handler, Role::Lead, Role::Admin]);
    /// Tells customers the result.
    ReplyOrders "reply_orders": Admits::Roles(&[Role::Handler, Role::Operator, Role::Lead, Role::Admin]);
    /// Calls customers back and hears how it went.
    CallBack "call_back": Admits::Roles(&[Role::Operator, Role::Lead, Role::Clerk, Role::Admin]);
    /// Asks again for a customer.
    UrgeOrders "urge_orders": Admits::Roles(&[Role::Operator, Role::Clerk, Role::Lead, Role::Admin]);
    /// Joins, helps, withdraws and opens again.
    JoinOrders "join_orders": Admits::Roles(&[Role::Operator, Role::Lead, Role::Admin]);
    /// Reassigns, defers, says yes or no to more time.
    LeadOrders "lead_orders": Admits::Roles(&[Role::Lead, Role::Admin]);
    /// Watches over an order.
    SuperviseOrders "supervise_orders": Admits::Roles(&[Role::Lead, Role::Manager, Role::Admin]);
    /// Is shown a customer's name and number, which is written down; a handler never those of a sealed caller.
    RevealCustomer "reveal_customer": Admits::Roles(&[Role::Clerk, Role::Operator, Role::Handler, Role::Lead, Role::Admin]);
    /// Looks at area incidents.
    SeeIncidents "see_incidents": Admits::Roles(&[Role::Clerk, Role::Operator, Role::Lead, Role::Manager, Role::Admin]);
    /// Opens incidents and attaches callers.
    OpenIncidents "open_incidents": Admits::Roles(&[Role::Operator, Role::Lead, Role::Admin]);
    /// Ends incidents.
    ResolveIncidents "resolve_incidents": Admits::Roles(&[Role::Lead, Role::Admin]);
    /// Looks into the address book.
    SeeAddresses "see_addresses": Admits::Roles(&[Role::Clerk, Role::Operator, Role::Lead, Role::Manager, Role::Admin]);
    /// Looks at teams, categories and causes.
    SeePlan "see_plan": Admits::Roles(STAFF);
    /// Watches the hotline's screen.
    WatchHotline "watch_hotline": Admits::Roles(&[Role::Operator, Role::Lead, Role::Manager, Role::Admin]);
    /// Watches a team's screen; a handler only their own teams'.
    WatchTeam "watch_team": Admits::Roles(&[Role::Handler, Role::Operator, Role::Lead, Role::Manager, Role::Admin]);

    /// Searches; what is found is what the asker may see.
    Search "search": Admits::Roles(STAFF);
    /// Looks at tickets and lines.
    SeeTickets "see_tickets": Admits::Roles(STAFF);
    /// Moves a ticket through its states.
    WorkTicket "work_ticket": Admits::Roles(&[Role::Clerk, Role::Lead, Role::Admin]);
    /// Opens a counter and calls the next.
    WorkCounter "work_counter": Admits::Roles(&[Role::Clerk, Role::Lead, Role::Admin]);
    /// Calls a chosen ticket past the rule.
    CallChosen "call_chosen": Admits::Roles(&[Role::Clerk, Role::Lead, Role::Admin]);
    /// Gives a counter other services.
    PlanCounter "plan_counter": Admits::Roles(&[Role::Lead, Role::Admin]);
    /// Opens and closes services, writes on the boards.
    DirectHall "direct_hall": Admits::Roles(&[Role::Lead, Role::Manager, Role::Admin]);
    /// Reads the journal.
    SeeJournal "see_journal": Admits::Roles(&[Role::Manager, Role::Admin, Role::Integration]);
    /// Reads reports.
    SeeReports "see_reports": Admits::Roles(&[Role::Lead, Role::Manager, Role::Admin]);
    /// Admits and removes devices.
    ManageDevices "manage_devices": Admits::Roles(&[Role::Lead, Role::Admin]);
    /// Makes, changes and removes accounts.
    ManageAccounts "manage_accounts": Admits::Roles(&[Role::Admin]);
    /// Has a session of one's own.
    OwnSession "own_session": Admits::Roles(STAFF);
    /// Fetches the sound of a call.
    HearCalls "hear_calls": Admits::Roles(&[
        Role::Board, Role::CounterDisplay, Role::Speaker,
        Role::Clerk, Role::Greeter, Role::Operator, Role::Handler, Role::Lead, Role::Manager, Role::Admin,
    ]);
    /// Watches the board.
    WatchBoard "watch_board": Admits::Roles(&[
        Role::Kiosk, Role::Board, Role::CounterDisplay, Role::Speaker,
        Role::Clerk, Role::Greeter, Role::Operator, Role::Handler, Role::Lead, Role::Manager, Role::Admin,
    ]);
    /// Watches the display above a counter, as a display its own.
    WatchDisplay "watch_display": Admits::Roles(&[
        Role::CounterDisplay,
        Role::Clerk, Role::Greeter, Role::Operator, Role::Handler, Role::Lead, Role::Manager, Role::Admin,
    ]);
    /// Watches what a kiosk shows.
    WatchKiosk "watch_kiosk": Admits::Roles(&[
        Role::Kiosk, Role::Clerk, Role::Greeter, Role::Operator, Role::Handler, Role::Lead, Role::Manager, Role::Admin,
    ]);
    /// Watches a clerk's screen.
    WatchCounter "watch_counter": Admits::Roles(&[Role::Clerk, Role::Lead, Role::Admin]);
    /// Watches the whole hall.
    WatchLead "watch_lead": Admits::Roles(&[Role::Lead, Role::Manager, Role::Admin]);
    /// Knocks at the webhook of an exchange; the token in its address is the proof.
    KnockAsExchange "knock_as_exchange": Admits::Anyone(Gauge::Exchange);
    /// Looks at what the exchanges sent lately.
    SeeTelephony "see_telephony": Admits::Roles(&[Role::Operator, Role::Lead, Role::Manager, Role::Admin]);
    /// Calls missed callers back.
    ReturnCalls "return_calls": Admits::Roles(&[Role::Operator, Role::Lead, Role::Admin]);
    /// Reads the server's measurements (also anybody on the machine itself).
    SeeMetrics "see_metrics": Admits::Roles(&[Role::Admin, Role::Integration]);
}

/// Tells of calls, as an exchange with a token: a call's own id makes the message repeatable.
#[derive(Debug, Clone, Copy)]
pub struct TellCalls;

impl Right for TellCalls {
    const WORD: &'static str = "tell_calls";
    const ADMITS: Admits = Admits::Roles(&[Role::Integration]);
    const REPEATABLE: bool = true;
}

/// Whether one of `roles` is admitted.
#[must_use]
pub fn admits(admits: Admits, roles: &[Role]) -> bool {
    match admits {
        Admits::Anyone(_) => true,
        Admits::Roles(admitted) => roles.iter().any(|role| admitted.contains(role)),
    }
}
