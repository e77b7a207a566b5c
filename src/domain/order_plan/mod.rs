//! What a hall writes down for its hotline and its work orders: teams, categories, causes, the season, and how long things may take.

mod check;
mod limits;
mod season;

use serde::{Deserialize, Serialize};

use super::calendar::Calendar;
use super::ids::{CategoryId, CauseId, ReasonId, SkillId, TeamId};
use super::text::Text;

pub use check::{
    CATEGORIES_MAX, CATEGORY_DEPTH_MAX, CATEGORY_SKILLS_MAX, CAUSES_MAX, CLOCK_RULES_MAX, LADDER_MAX, LIMIT_MINUTES_MAX, PHONE_CHARS_MAX,
    REASONS_MAX, TEAMS_MAX, WIP_MAX_MAX,
};
pub use limits::{ClockRule, CustomerClass, Limit, Limits};
pub use season::{MonthDay, Season, SeasonPhase};

/// Who works a queue of work orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TeamPlan {
    pub id: TeamId,
    pub name: Text,
    /// How many orders one handler of the team may hold at a time.
    pub wip_max: u32,
    /// Who is told when a clock runs out, one step further each time: 班长, 综合服务岗, 分管领导, 上级.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ladder: Vec<Text>,
    /// Where the team is reached by telephone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

/// What a call or an order is about. Codes are stable: statistics of many years hang on them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    pub id: CategoryId,
    /// The category that this one is a kind of; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CategoryId>,
    pub name: Text,
    /// Somebody must go there: the order cannot be resolved without an arrival.
    #[serde(default, skip_serializing_if = "is_no")]
    pub visit: bool,
    /// What the handler must be able to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<SkillId>,
    /// Who works its orders where the address does not say otherwise; none is as the parent's, see [`OrderPlan::team_for`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// The operator is expected to answer it in the call, without an order.
    #[serde(default, skip_serializing_if = "is_no")]
    pub answer_directly: bool,
    /// The caller asks how an order stands: where the flat has an open one, whatever it is about, that one is urged.
    #[serde(default, skip_serializing_if = "is_no")]
    pub urges: bool,
    /// Life or property is at risk.
    #[serde(default, skip_serializing_if = "is_no")]
    pub emergency: bool,
    /// Who called is kept from those who handle it, unless the caller says otherwise.
    #[serde(default, skip_serializing_if = "is_no")]
    pub sealed_default: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference to the field")]
fn is_no(value: &bool) -> bool {
    !*value
}

/// Why it was so: filled at the end of an order, apart from what the caller said it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    pub id: CauseId,
    pub name: Text,
}

/// Why a team may give an order back (退单).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnReason {
    pub id: ReasonId,
    pub name: Text,
}

/// Which preset the clocks' rows came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    pub name: String,
    pub version: u32,
    pub label: Text,
    /// The hall changed rows of it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub adapted: bool,
}

impl Preset {
    /// The preset as an order remembers it: `qingdao@1`, and `qingdao@1+` where the hall changed rows.
    #[must_use]
    pub fn mark(&self) -> String {
        let Self { name, version, label: _, adapted } = self;
        let plus = if *adapted { "+" } else { "" };
        format!("{name}@{version}{plus}")
    }
}

/// The hall's own numbers for work orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderRules {
    /// Seconds until an offered order that nobody accepted goes back to its queue, one step up.
    pub lease_s: u32,
    /// Seconds that an accepted order may stay without a word from its handler; of working time where the time to accept it is.
    pub hold_s: u32,
    /// With this return an order goes to the lead instead of back to review.
    pub returns_before_lead: u32,
    /// Attempts to reach the customer before an order may close without their answer.
    pub callback_attempts_max: u32,
    /// Days that a closed order is kept among the live ones.
    pub closed_kept_days: u32,
    /// A call about the same thing within this many days of the closing is a repeat and reopens the order.
    pub repeat_days: u32,
    /// A grade of this or below reopens the order; grades are 1 to 5, 5 the best.
    pub reopen_grade_max: u8,
}

impl Default for OrderRules {
    fn default() -> Self {
        Self {
            lease_s: 300,
            hold_s: 14_400,
            returns_before_lead: 2,
            callback_attempts_max: 3,
            closed_kept_days: 7,
            repeat_days: 7,
            reopen_grade_max: 2,
        }
    }
}

/// Everything a hall writes down for its hotline and its work orders. Empty in a hall that has neither.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderPlan {
    pub rules: OrderRules,
    pub teams: Vec<TeamPlan>,
    /// Who reviews and dispatches new and returned orders and calls customers back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<TeamId>,
    /// The whole tree; a parent stands before its children.
    pub categories: Vec<Category>,
    pub causes: Vec<Cause>,
    pub return_reasons: Vec<ReturnReason>,
    /// By which the orders' working time is counted; the hall's own calendar without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working: Option<Calendar>,
    /// The heating season; without it only rules that name no phase hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<Season>,
    /// How long things may take; see [`OrderPlan::limits_for`].
    pub clocks: Vec<ClockRule>,
    /// How long an order that a bad grade reopened may take until it is resolved; without it, as the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_grade: Option<Limit>,
    /// Where the rows of `clocks` came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<Preset>,
}

impl OrderPlan {
    /// Whether the hall wrote nothing down.
    #[must_use]
    pub fn is_unwritten(&self) -> bool {
        *self == Self::default()
    }

    /// The team with this id.
    #[must_use]
    pub fn team(&self, id: &TeamId) -> Option<&TeamPlan> {
        self.teams.iter().find(|team| &team.id == id)
    }

    /// The category with this code.
    #[must_use]
    pub fn category(&self, id: &CategoryId) -> Option<&Category> {
        self.categories.iter().find(|category| &category.id == id)
    }

    /// The cause with this code.
    #[must_use]
    pub fn cause(&self, id: &CauseId) -> Option<&Cause> {
        self.causes.iter().find(|cause| &cause.id == id)
    }

    /// The reason with this id.
    #[must_use]
    pub fn return_reason(&self, id: &ReasonId) -> Option<&ReturnReason> {
        self.return_reasons.iter().find(|reason| &reason.id == id)
    }

    /// A category, its parent, and so on up to the top; nothing for an unknown code.
    pub fn lineage(&self, id: &CategoryId) -> impl Iterator<Item = &Category> {
        let parent = |category: &&Category| category.parent.as_ref().and_then(|id| self.category(id));
        std::iter::successors(self.category(id), move |category| parent(category)).take(CATEGORY_DEPTH_MAX)
    }

    /// The default team of a category: its own, else its nearest ancestor's.
    #[must_use]
    pub fn team_for(&self, id: &CategoryId) -> Option<&TeamId> {
        self.lineage(id).find_map(|category| category.team.as_ref())
    }
}

#[cfg(test)]
mod tests;
