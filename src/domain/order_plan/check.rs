//! Says what is wrong with what a hall wrote down for its orders, in words that name the place.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::{Category, ClockRule, Limit, OrderPlan, OrderRules, Season, TeamPlan};
use crate::domain::calendar::{Calendar, Week};
use crate::domain::sla::Pace;

/// At most this many teams.
pub const TEAMS_MAX: usize = 100;
/// At most this many categories, all levels together.
pub const CATEGORIES_MAX: usize = 400;
/// At most this many levels of categories.
pub const CATEGORY_DEPTH_MAX: usize = 4;
/// At most this many skills that one category asks for.
pub const CATEGORY_SKILLS_MAX: usize = 8;
/// At most this many causes.
pub const CAUSES_MAX: usize = 200;
/// At most this many reasons for giving an order back.
pub const REASONS_MAX: usize = 50;
/// At most this many rows of limits.
pub const CLOCK_RULES_MAX: usize = 600;
/// At most this many steps on a ladder.
pub const LADDER_MAX: usize = 8;
/// At most this many orders in one handler's hands.
pub const WIP_MAX_MAX: u32 = 1_000;
/// The longest limit, in minutes: a year.
pub const LIMIT_MINUTES_MAX: u32 = 527_040;
/// The longest telephone number as written, in characters.
pub const PHONE_CHARS_MAX: usize = 32;
/// The longest lease and the longest silence of a held order, in seconds: a month.
const RULE_SECONDS_MAX: u32 = 2_678_400;
/// The longest time that closed orders are kept and repeats are looked for, in days.
const RULE_DAYS_MAX: u32 = 366;
/// More returns and attempts than anybody has patience for.
const RULE_COUNT_MAX: u32 = 100;

impl OrderPlan {
    /// Says what is wrong, in words that name the place.
    ///
    /// # Errors
    /// The first fault found: something named twice or not known, a parent after its child, a limit passed.
    pub fn check(&self) -> Result<(), String> {
        self.rules.check().map_err(|e| format!("rules.{e}"))?;
        at_most("teams", self.teams.len(), TEAMS_MAX)?;
        unique("teams", self.teams.iter().map(|team| &team.id))?;
        for team in &self.teams {
            check_team(team).map_err(|e| format!("teams.{}.{e}", team.id))?;
        }
        if let Some(desk) = self.desk.as_ref().filter(|desk| self.team(desk).is_none()) {
            return Err(format!("desk: no team is called {desk}"));
        }
        self.check_categories()?;
        at_most("causes", self.causes.len(), CAUSES_MAX)?;
        unique("causes", self.causes.iter().map(|cause| &cause.id))?;
        at_most("return_reasons", self.return_reasons.len(), REASONS_MAX)?;
        unique("return_reasons", self.return_reasons.iter().map(|reason| &reason.id))?;
        if let Some(calendar) = &self.working {
            calendar.check().map_err(|e| format!("working: {e}"))?;
        }
        if let Some(season) = self.season {
            check_season(season).map_err(|e| format!("season.{e}"))?;
        }
        match self.bad_grade {
            Some(limit) if limit.minutes == 0 => return Err("bad_grade: at least one minute".to_owned()),
            Some(limit) => check_limit(limit).map_err(|e| format!("bad_grade: {e}"))?,
            None => {}
        }
        self.check_clocks()
    }

    /// Says what is wrong with the calendar by which this plan's working time would be counted.
    ///
    /// # Errors
    /// When something is counted in working time and there is none.
    pub fn check_calendar(&self, calendar: &Calendar) -> Result<(), String> {
        let mut limits = self.clocks.iter().flat_map(|rule| rule.limits.iter()).map(|(_, limit)| limit).chain(self.bad_grade);
        if calendar.week == Week::default() && limits.any(|limit| limit.pace == Pace::Working) {
            return Err("working: limits in working time need an ordinary week with hours".to_owned());
        }
        Ok(())
    }

    fn check_categories(&self) -> Result<(), String> {
        at_most("categories", self.categories.len(), CATEGORIES_MAX)?;
        unique("categories", self.categories.iter().map(|category| &category.id))?;
        let mut seen = BTreeSet::new();
        for category in &self.categories {
            if let Some(parent) = category.parent.as_ref().filter(|parent| !seen.contains(parent)) {
                return Err(format!("categories.{}.parent: {parent} does not stand before it", category.id));
            }
            seen.insert(&category.id);
            self.check_category(category).map_err(|e| format!("categories.{}.{e}", category.id))?;
        }
        Ok(())
    }

    fn check_category(&self, category: &Category) -> Result<(), String> {
        if self.depth(category) > CATEGORY_DEPTH_MAX {
            return Err(format!("parent: at most {CATEGORY_DEPTH_MAX} levels"));
        }
        at_most("skills", category.skills.len(), CATEGORY_SKILLS_MAX)?;
        unique("skills", category.skills.iter())?;
        match category.team.as_ref().filter(|team| self.team(team).is_none()) {
            Some(team) => Err(format!("team: no team is called {team}")),
            None => Ok(()),
        }
    }

    /// How many levels a category and its ancestors are, counted one further than is allowed. Parents stand before children, so
    /// there is no ring.
    fn depth(&self, category: &Category) -> usize {
        let parent = |one: &&Category| one.parent.as_ref().and_then(|id| self.category(id));
        std::iter::successors(Some(category), move |one| parent(one)).take(CATEGORY_DEPTH_MAX + 1).count()
    }

    fn check_clocks(&self) -> Result<(), String> {
        at_most("clocks", self.clocks.len(), CLOCK_RULES_MAX)?;
        let mut seen = BTreeSet::new();
        for rule in &self.clocks {
            let place = rule_place(rule);
            if self.category(&rule.category).is_none() {
                return Err(format!("{place}: no category has this code"));
            }
            if rule.phase.is_some() && self.season.is_none() {
                return Err(format!("{place}: a phase needs a season"));
            }
            for (kind, limit) in rule.limits.iter() {
                check_limit(limit).map_err(|e| format!("{place}.{}: {e}", kind.word()))?;
            }
            if !seen.insert((&rule.category, rule.phase, rule.customer_class)) {
                return Err(format!("{place}: stands twice for the same phase and class"));
            }
        }
        Ok(())
    }
}

fn rule_place(rule: &ClockRule) -> String {
    format!("clocks.{}", rule.category)
}

fn at_most(place: &str, count: usize, max: usize) -> Result<(), String> {
    if count > max { Err(format!("{place}: at most {max}")) } else { Ok(()) }
}

fn unique<'a, T: Ord + Display + 'a>(place: &str, ids: impl Iterator<Item = &'a T>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if !seen.insert(id) {
            return Err(format!("{place}: {id} stands twice"));
        }
    }
    Ok(())
}

fn check_team(team: &TeamPlan) -> Result<(), String> {
    at_most("ladder", team.ladder.len(), LADDER_MAX)?;
    if team.wip_max == 0 || team.wip_max > WIP_MAX_MAX {
        return Err(format!("wip_max: 1 to {WIP_MAX_MAX}"));
    }
    let is_phone =
        |phone: &String| !phone.trim().is_empty() && phone.chars().count() <= PHONE_CHARS_MAX && !phone.chars().any(char::is_control);
    if team.phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
        return Err(format!("phone: 1 to {PHONE_CHARS_MAX} characters"));
    }
    Ok(())
}

fn check_limit(limit: Limit) -> Result<(), String> {
    if limit.minutes > LIMIT_MINUTES_MAX { Err(format!("at most {LIMIT_MINUTES_MAX} minutes")) } else { Ok(()) }
}

fn check_season(season: Season) -> Result<(), String> {
    if season.first_days > RULE_DAYS_MAX {
        return Err(format!("first_days: at most {RULE_DAYS_MAX}"));
    }
    if season.start == season.end {
        return Err("end: it may not be the day on which the season starts".to_owned());
    }
    Ok(())
}

impl OrderRules {
    fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: u32, max: u32| {
            if value == 0 || value > max { Err(format!("{name}: 1 to {max}")) } else { Ok(()) }
        };
        within("lease_s", self.lease_s, RULE_SECONDS_MAX)?;
        within("hold_s", self.hold_s, RULE_SECONDS_MAX)?;
        within("returns_before_lead", self.returns_before_lead, RULE_COUNT_MAX)?;
        within("callback_attempts_max", self.callback_attempts_max, RULE_COUNT_MAX)?;
        within("closed_kept_days", self.closed_kept_days, RULE_DAYS_MAX)?;
        within("repeat_days", self.repeat_days, RULE_DAYS_MAX)?;
        if self.reopen_grade_max > 4 {
            return Err("reopen_grade_max: 0 to 4".to_owned());
        }
        Ok(())
    }
}
