//! The closed list of reasons for which the hall says no.

use super::calendar::Issuing;
use super::ids::TicketId;
use super::ticket::TicketState;

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
}
