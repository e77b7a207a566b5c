//! The one list of id types: no bare strings or numbers name a thing of the hall.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text that is not an id of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadId {
    /// What was expected, e.g. `a service code: 1 to 32 of a-z, 0-9 and -`.
    pub expected: &'static str,
}

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }
}

impl std::error::Error for BadId {}

fn each(text: &str, length_max: usize, allowed: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.len() <= length_max && text.bytes().all(allowed)
}

/// An id that people chose: a short code, checked where it enters.
macro_rules! code_ids {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $length_max:literal, $allowed:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The code as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                if each(text, $length_max, $allowed) {
                    Ok(Self(Arc::from(text)))
                } else {
                    Err(BadId { expected: $expected })
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

/// An id minted from the revision of the event that created the thing, so that `decide` draws nothing.
macro_rules! minted_ids {
    ($($(#[$doc:meta])* $name:ident: $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                let bad = BadId { expected: concat!("an id like ", $prefix, "1042") };
                let digits = text.strip_prefix($prefix).ok_or_else(|| bad.clone())?;
                let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
                if !plain {
                    return Err(bad);
                }
                digits.parse().map(Self).map_err(|_| bad)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

fn lower(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_'
}

fn upper(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'
}

code_ids! {
    /// A hall: one site, one journal.
    HallId: "a hall id: 1 to 32 of a-z, 0-9, - and _", 32, lower;
    /// What a customer comes for, e.g. `repair`.
    ServiceId: "a service id: 1 to 32 of a-z, 0-9, - and _", 32, lower;
    /// A numbered place where a clerk serves, e.g. `3`.
    CounterNo: "a counter number: 1 to 8 letters or digits", 8, |b| b.is_ascii_alphanumeric();
    /// The letters before a ticket's number, e.g. `B`.
    Prefix: "a prefix: 1 to 4 of A-Z and 0-9", 4, |b| b.is_ascii_uppercase() || b.is_ascii_digit();
    /// A staff account's sign-in name.
    Username: "a sign-in name: 1 to 32 of a-z, A-Z, 0-9, . - and _", 32, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    /// A document that a service asks for, e.g. `id_card`.
    MaterialId: "a material id: 1 to 32 of a-z, 0-9, - and _", 32, lower;
    /// Who works a queue of work orders, e.g. `repair-east`.
    TeamId: "a team id: 1 to 32 of a-z, 0-9, - and _", 32, lower;
    /// What a call or an order is about, e.g. `R`, `R1`, `R1-2`.
    CategoryId: "a category code: 1 to 16 of A-Z, 0-9 and -", 16, upper;
    /// Why it was so, filled at the end of an order, e.g. `U1`.
    CauseId: "a cause code: 1 to 16 of A-Z, 0-9 and -", 16, upper;
    /// Why a team gave an order back, e.g. `wrong-team`.
    ReasonId: "a reason id: 1 to 32 of a-z, 0-9, - and _", 32, lower;
    /// What a handler must be able to do, e.g. `welding`.
    SkillId: "a skill id: 1 to 32 of a-z, 0-9, - and _", 32, lower;
}

impl Prefix {
    /// The series that work orders are counted in; no service may have it.
    #[must_use]
    pub fn reserved() -> Self {
        Self(Arc::from("ZZWO"))
    }
}

minted_ids! {
    /// One person's number for one service day.
    TicketId: "tk_";
    /// A notice on the boards.
    NoticeId: "nt_";
    /// A paired or provisioned device, or an integration: whatever holds a bearer token.
    DeviceId: "dv_";
    /// A device that waits for its approval.
    PairingId: "pr_";
    /// A staff member's stay at a browser.
    SessionId: "se_";
    /// A call as the telephone exchange tells it.
    PhoneCallId: "pc_";
    /// A call as the operator records it.
    HotlineCallId: "hc_";
    /// An area's trouble that many callers share.
    IncidentId: "in_";
}

/// A work order's number: the service day it was made on, and its place on that day, as `20261123-0001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNo {
    pub day: NaiveDate,
    pub seq: u32,
}

impl fmt::Display for OrderNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04}", self.day.format("%Y%m%d"), self.seq)
    }
}

impl FromStr for OrderNo {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = BadId { expected: "a work order's number, like 20261123-0001" };
        let (day, seq) = text.split_once('-').ok_or_else(|| bad.clone())?;
        let digits =
            |text: &str, least: usize, most: usize| (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(day, 8, 8) || !digits(seq, 4, 9) || (seq.len() > 4 && seq.starts_with('0')) {
            return Err(bad);
        }
        let day = NaiveDate::parse_from_str(day, "%Y%m%d").map_err(|_| bad.clone())?;
        Ok(Self { day, seq: seq.parse().map_err(|_| bad)? })
    }
}

impl Serialize for OrderNo {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderNo {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orders_number_has_one_spelling() {
        let no: OrderNo = "20261123-0001".parse().unwrap();
        assert_eq!(no.to_string(), "20261123-0001");
        assert_eq!("20261123-12345".parse::<OrderNo>().unwrap().seq, 12_345);
        for bad in ["", "20261123", "20261123-1", "20261123-00001", "20261323-0001", "2026112-0001", "20261123-+001", "20261123-0001 "] {
            assert!(bad.parse::<OrderNo>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn codes_refuse_what_could_collide_or_inject() {
        for bad in ["", "a:b", "A", "a b", "供热", "x\0", "{a}", &"a".repeat(33)] {
            assert!(bad.parse::<ServiceId>().is_err(), "{bad:?}");
        }
        assert_eq!("repair-2".parse::<ServiceId>().unwrap().as_str(), "repair-2");
    }

    #[test]
    fn minted_ids_have_one_spelling() {
        for bad in ["tk_", "tk_01", "tk_+1", "tk_-1", "nt_1", "tk_1 ", "tk_99999999999999999999"] {
            assert!(bad.parse::<TicketId>().is_err(), "{bad:?}");
        }
        assert_eq!("tk_1042".parse::<TicketId>().unwrap(), TicketId(1042));
        assert_eq!(serde_json::to_string(&TicketId(7)).unwrap(), "\"tk_7\"");
    }
}
