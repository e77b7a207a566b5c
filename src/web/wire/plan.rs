//! What the hall wrote down for its hotline and orders, as the screens need it: teams, categories, causes, reasons, rules.

use serde::Serialize;
use ts_rs::TS;
use utoipa::ToSchema;

use super::hall::Text;
use crate::domain::order_plan::OrderPlan;

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct PlanTeam {
    pub id: String,
    pub name: Text,
    /// Orders that one handler may have in hand.
    pub wip_max: u32,
    pub phone: Option<String>,
    /// Who is told when a clock runs out, one step further each time.
    pub ladder: Vec<Text>,
}

/// What a call or an order is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct PlanCategory {
    pub id: String,
    pub parent: Option<String>,
    pub name: Text,
    /// Its Chinese name as it sounds: for each character its readings in pinyin, apart by spaces.
    pub pinyin: Vec<String>,
    /// Somebody must go there.
    pub visit: bool,
    pub skills: Vec<String>,
    /// Its own, or its nearest ancestor's.
    pub team: Option<String>,
    /// The operator is expected to answer it in the call.
    pub answer_directly: bool,
    /// Callers ask how an order stands: the flat's open one is urged.
    pub urges: bool,
    pub emergency: bool,
    pub sealed_default: bool,
}

/// A cause, or a reason to give an order back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct PlanWord {
    pub id: String,
    pub name: Text,
}

/// The hall's own numbers for orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct PlanRules {
    pub lease_s: u32,
    pub hold_s: u32,
    pub returns_before_lead: u32,
    pub callback_attempts_max: u32,
    pub closed_kept_days: u32,
    pub repeat_days: u32,
    pub reopen_grade_max: u8,
}

/// `GET /plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema, TS)]
pub struct Plan {
    pub teams: Vec<PlanTeam>,
    /// Who reviews and dispatches.
    pub desk: Option<String>,
    /// The whole tree; a parent stands before its children.
    pub categories: Vec<PlanCategory>,
    pub causes: Vec<PlanWord>,
    pub return_reasons: Vec<PlanWord>,
    pub rules: PlanRules,
    /// Where the limits came from, as `general@1`.
    pub preset: Option<String>,
}

impl From<&OrderPlan> for Plan {
    fn from(plan: &OrderPlan) -> Self {
        let teams = plan.teams.iter().map(|team| PlanTeam {
            id: team.id.to_string(),
            name: Text::from(&team.name),
            wip_max: team.wip_max,
            phone: team.phone.clone(),
            ladder: team.ladder.iter().map(Text::from).collect(),
        });
        let categories = plan.categories.iter().map(|category| PlanCategory {
            id: category.id.to_string(),
            parent: category.parent.as_ref().map(ToString::to_string),
            name: Text::from(&category.name),
            pinyin: crate::addresses::readings(&category.name.zh),
            visit: category.visit,
            skills: category.skills.iter().map(ToString::to_string).collect(),
            team: plan.team_for(&category.id).map(ToString::to_string),
            answer_directly: category.answer_directly,
            urges: category.urges,
            emergency: category.emergency,
            sealed_default: category.sealed_default,
        });
        let rules = &plan.rules;
        Self {
            teams: teams.collect(),
            desk: plan.desk.as_ref().map(ToString::to_string),
            categories: categories.collect(),
            causes: plan.causes.iter().map(|one| PlanWord { id: one.id.to_string(), name: Text::from(&one.name) }).collect(),
            return_reasons: plan
                .return_reasons
                .iter()
                .map(|one| PlanWord { id: one.id.to_string(), name: Text::from(&one.name) })
                .collect(),
            rules: PlanRules {
                lease_s: rules.lease_s,
                hold_s: rules.hold_s,
                returns_before_lead: rules.returns_before_lead,
                callback_attempts_max: rules.callback_attempts_max,
                closed_kept_days: rules.closed_kept_days,
                repeat_days: rules.repeat_days,
                reopen_grade_max: rules.reopen_grade_max,
            },
            preset: plan.preset.as_ref().map(crate::domain::order_plan::Preset::mark),
        }
    }
}
