//! The closed list of reasons for which the hall says no.

use super::calendar::Issuing;
use super::ids::TicketId;
use super::telephone::PhoneState;
use super::ticket::TicketState;
use super::work_order::OrderState;

/// Why a command was not decided. The hall is well; it says no.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The thing named in the path is not there.
    NotFound,
    UnknownService,
    UnknownCounter,
    /// A field's value does not fit, with the field's name and what is wrong.
    InvalidField {
        field: &'static str,
        problem: String,
    },
    /// Outside opening hours, in a break, on a holiday.
    HallClosed(Issuing),
    /// Closed by staff.
    ServiceClosed,
    /// No more numbers for this service today.
    ServiceFull,
    /// No more numbers today at all.
    HallFull,
    WrongState {
        state: TicketState,
    },
    /// The ticket the clerk believed to be current is not.
    CounterMovedOn {
        current: Option<TicketId>,
    },
    /// Somebody else opened the counter since.
    CounterTakenOver,
    CounterNotOpen,
    CounterPaused,
    /// Finish the customer in hand first.
    TicketInHand {
        current: TicketId,
    },
    NoTicketInHand,
    CounterDoesNotServe,
    NotYourCounter,
    RecallTooSoon {
        retry_after_s: u32,
    },
    RefusalNeedsReasonAndSolution,
    MissingMaterialsNeedsList,
    AlreadyRated,
    AlreadyExists,
    /// The last administrator stays.
    LastAdmin,
    /// A limit of the hall's own lists was reached.
    TooMany {
        what: &'static str,
        max: usize,
    },
    PairingExpired,
    PairingUsed,
    BadCode,

    /// A call of the exchange that was not missed has nobody to be called back.
    PhoneWrongState {
        state: PhoneState,
    },

    UnknownTeam,
    UnknownCategory,
    UnknownCause,
    /// The order's state does not allow it.
    OrderWrongState {
        state: OrderState,
    },
    /// Somebody else has the order now, or nobody; or no token came with the request.
    StaleLease,
    /// This person has as many orders in hand as the team allows.
    WipLimit {
        max: u32,
    },
    NotYourTeam,
    /// The order asks for what this person cannot do.
    SkillMissing,
    /// Only a lead decides that.
    LeadOnly,
    /// The call-back is made by somebody who did not work on the order.
    CallbackByHandler,
    /// What is missing before the work counts as done: `contact`, `arrive`, `action`.
    ResolutionIncomplete {
        missing: Vec<&'static str>,
    },
    /// The customer was not told yet, and there is no text to tell.
    ReplyMissing,
    /// The call is over.
    CallEnded,
    /// A call ends with a work order only when there is one, or enough to make one.
    WorkOrderMissing,
    /// The deadline that is to be moved has passed.
    ExtensionTooLate,
    NoExtensionAsked,
    IncidentResolved,
    AlreadyAttached,
    /// Other orders are merged into this one.
    OrderHasChildren,
    /// It is the master of an incident that goes on.
    IncidentGoesOn,
}
