//! How long each step of an order may take: rules by category, phase of the season and class of customer, and which one wins.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::OrderPlan;
use super::season::SeasonPhase;
use crate::domain::ids::CategoryId;
use crate::domain::sla::{ClockKind, Pace};

/// Milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;

/// How long something may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    pub pace: Pace,
    /// Minutes of that pace. In a rule, 0 says that there is no clock, also where a wider rule has one.
    pub minutes: u32,
}

impl Limit {
    /// In a rule: no clock, also where a wider rule has one.
    pub const NONE: Self = Self { pace: Pace::Natural, minutes: 0 };

    /// The limit in milliseconds of its pace.
    #[must_use]
    pub fn ms(self) -> i64 {
        i64::from(self.minutes) * MINUTE_MS
    }
}

/// One limit per clock; a clock without one does not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accept: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrive: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolve: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Limit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<Limit>,
}

impl Limits {
    /// The limit of one clock.
    #[must_use]
    pub const fn get(&self, kind: ClockKind) -> Option<Limit> {
        match kind {
            ClockKind::Accept => self.accept,
            ClockKind::Contact => self.contact,
            ClockKind::Arrive => self.arrive,
            ClockKind::Resolve => self.resolve,
            ClockKind::Reply => self.reply,
            ClockKind::Callback => self.callback,
        }
    }

    /// Sets the limit of one clock.
    pub const fn set(&mut self, kind: ClockKind, limit: Option<Limit>) {
        match kind {
            ClockKind::Accept => self.accept = limit,
            ClockKind::Contact => self.contact = limit,
            ClockKind::Arrive => self.arrive = limit,
            ClockKind::Resolve => self.resolve = limit,
            ClockKind::Reply => self.reply = limit,
            ClockKind::Callback => self.callback = limit,
        }
    }

    /// The clocks that have a limit, in the order in which an order meets them.
    pub fn iter(&self) -> impl Iterator<Item = (ClockKind, Limit)> + '_ {
        ClockKind::ALL.into_iter().filter_map(|kind| Some((kind, self.get(kind)?)))
    }
}

/// Whose order it is, where promises differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerClass {
    #[default]
    Ordinary,
    /// 老人、婴幼儿、病人: old people, infants, the sick.
    Vulnerable,
    /// 单位: companies, schools, hospitals.
    Company,
}

/// What a row of limits holds for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRule {
    /// Holds for this category and everything below it.
    pub category: CategoryId,
    /// Holds only in this phase of the season; none is every phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<SeasonPhase>,
    /// Holds only for this class of customer; none is every class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_class: Option<CustomerClass>,
    pub limits: Limits,
}

impl OrderPlan {
    /// The limits of an order. Each clock by itself: of the rules that hold for the order and name this clock, the most specific
    /// one wins; [`Limit::NONE`] wins like any other and means no clock. A rule of a nearer category is more specific than one of a farther ancestor, whatever else they say; of two
    /// rules of one category, one that names the customer's class is more specific than one that does not, and after that one
    /// that names the phase.
    #[must_use]
    pub fn limits_for(&self, category: &CategoryId, phase: Option<SeasonPhase>, class: CustomerClass) -> Limits {
        let mut limits = Limits::default();
        for category in self.lineage(category) {
            let mut rules: Vec<_> = self.clocks.iter().filter(|rule| rule.category == category.id && rule.holds(phase, class)).collect();
            rules.sort_by_key(|rule| Reverse((rule.customer_class.is_some(), rule.phase.is_some())));
            for (kind, limit) in rules.into_iter().flat_map(|rule| rule.limits.iter()) {
                if limits.get(kind).is_none() {
                    limits.set(kind, Some(limit));
                }
            }
        }
        for kind in ClockKind::ALL {
            limits.set(kind, limits.get(kind).filter(|limit| limit.minutes > 0));
        }
        limits
    }
}

impl ClockRule {
    fn holds(&self, phase: Option<SeasonPhase>, class: CustomerClass) -> bool {
        self.phase.is_none_or(|own| phase == Some(own)) && self.customer_class.is_none_or(|own| own == class)
    }
}
