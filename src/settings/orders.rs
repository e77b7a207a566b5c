//! Reads the `[orders]` section of a hall's file: the compiled-in tree and clock preset, and over them the rows of the hall.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::Weekday;
use serde::{Deserialize, Deserializer};

use crate::domain::calendar::Calendar;
use crate::domain::ids::{CategoryId, SkillId, TeamId};
use crate::domain::order_plan::{
    Category, Cause, ClockRule, CustomerClass, Limit, Limits, OrderPlan, OrderRules, Preset, ReturnReason, Season, SeasonPhase, TeamPlan,
};
use crate::domain::sla::{ClockKind, Pace};
use crate::domain::text::Text;

/// The compiled-in tree of categories with its causes and return reasons.
pub const CATEGORIES: &str = include_str!("../../config/halls/categories.toml");
/// The compiled-in clock presets by name. All of them are samples.
pub const CLOCK_PRESETS: [(&str, &str); 5] = [
    ("general", include_str!("../../config/halls/clocks/general.toml")),
    ("beijing", include_str!("../../config/halls/clocks/beijing.toml")),
    ("qingdao", include_str!("../../config/halls/clocks/qingdao.toml")),
    ("weihai", include_str!("../../config/halls/clocks/weihai.toml")),
    ("tianjin", include_str!("../../config/halls/clocks/tianjin.toml")),
];
/// A preset may build on one that builds on one, so many deep.
const EXTENDS_MAX: usize = 4;
/// Days of the week, for the length of a working day.
const WEEKDAYS: [Weekday; 7] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// The `[orders]` section as people write it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OrdersFile {
    /// The name of a clock preset; without one only the hall's own rows hold.
    clocks: Option<String>,
    /// Which tree of categories to start from.
    tree: Tree,
    /// Categories of the tree that this hall does not have, each with everything below it.
    without: Vec<CategoryId>,
    desk: Option<TeamId>,
    season: Option<Season>,
    /// The ladder of every team that writes none of its own.
    ladder: Vec<Text>,
    working: Option<Calendar>,
    rules: OrderRules,
    teams: Vec<TeamPlan>,
    routes: BTreeMap<CategoryId, TeamId>,
    categories: Vec<CategoryRow>,
    causes: Vec<Cause>,
    return_reasons: Vec<ReturnReason>,
    clock_rows: Vec<ClockRow>,
    bad_grade: Option<Span>,
}

/// The trees that are compiled in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tree {
    /// A district-heating company's.
    #[default]
    Heating,
    /// Nothing: the hall writes all of it.
    None,
}

/// A category as people write it: what is not written is as the parent's, or as the row's that it changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct CategoryRow {
    id: CategoryId,
    parent: Option<CategoryId>,
    name: Option<Text>,
    visit: Option<bool>,
    skills: Option<Vec<SkillId>>,
    team: Option<TeamId>,
    answer_directly: Option<bool>,
    urges: Option<bool>,
    emergency: Option<bool>,
    sealed_default: Option<bool>,
}

/// A tree of categories with what goes with it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeFile {
    categories: Vec<CategoryRow>,
    causes: Vec<Cause>,
    return_reasons: Vec<ReturnReason>,
}

/// A clock preset as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetFile {
    name: String,
    version: u32,
    label: Text,
    extends: Option<String>,
    bad_grade: Option<Span>,
    clock: Vec<ClockRow>,
}

/// A row of limits as people write it; a clock that is not written stays as it was.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockRow {
    category: CategoryId,
    phase: Option<SeasonPhase>,
    customer_class: Option<CustomerClass>,
    accept: Option<Span>,
    contact: Option<Span>,
    arrive: Option<Span>,
    resolve: Option<Span>,
    reply: Option<Span>,
    callback: Option<Span>,
}

impl ClockRow {
    const fn get(&self, kind: ClockKind) -> Option<Span> {
        match kind {
            ClockKind::Accept => self.accept,
            ClockKind::Contact => self.contact,
            ClockKind::Arrive => self.arrive,
            ClockKind::Resolve => self.resolve,
            ClockKind::Reply => self.reply,
            ClockKind::Callback => self.callback,
        }
    }
}

/// A limit as people write it: `30min`, `6h`, `3d`, `8wh`, `2wd` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Span {
    /// No clock, also where a wider row has one.
    None,
    /// Natural minutes.
    Minutes(u32),
    /// Minutes of working time.
    WorkingMinutes(u32),
    /// Working days, each as long as the longest day of the orders' ordinary week.
    WorkingDays(u32),
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a limit; write 30min, 6h, 3d, 8wh (working hours), 2wd (working days) or none");
        if text == "none" {
            return Ok(Self::None);
        }
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (count, unit) = text.split_at_checked(unit_at).ok_or_else(wrong)?;
        let count: u32 = count.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
        let times = |minutes: u32| count.checked_mul(minutes).ok_or_else(wrong);
        match unit {
            "min" => Ok(Self::Minutes(count)),
            "h" => times(60).map(Self::Minutes),
            "d" => times(1_440).map(Self::Minutes),
            "wh" => times(60).map(Self::WorkingMinutes),
            "wd" => Ok(Self::WorkingDays(count)),
            _ => Err(wrong()),
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Span {
    /// The limit where a working day has `day_min` minutes. A day without any is counted as one minute: that calendar is refused
    /// anyway, and a limit of nothing would say that there is no clock.
    fn limit(self, day_min: u32) -> Limit {
        match self {
            Self::None => Limit::NONE,
            Self::Minutes(minutes) => Limit { pace: Pace::Natural, minutes },
            Self::WorkingMinutes(minutes) => Limit { pace: Pace::Working, minutes },
            Self::WorkingDays(days) => Limit { pace: Pace::Working, minutes: days.saturating_mul(day_min.max(1)) },
        }
    }
}

/// The rows of limits while presets and the hall's own are laid over each other.
type Rows = Vec<ClockRow>;

impl OrdersFile {
    /// The section with everything looked up, as the hall keeps it. `calendar` is the hall's own.
    ///
    /// # Errors
    /// Names the place where a preset, a tree or a row is not known. What else may be wrong, [`OrderPlan::check`] says.
    pub(super) fn resolve(self, calendar: &Calendar) -> Result<OrderPlan, String> {
        let tree = match self.tree {
            Tree::Heating => toml::from_str::<TreeFile>(CATEGORIES).map_err(|e| format!("categories.toml: {e}"))?,
            Tree::None => TreeFile::default(),
        };
        let day_min = day_minutes(self.working.as_ref().unwrap_or(calendar));
        let categories = categories(tree.categories, self.categories, &self.without, self.routes)?;
        let mut rows = Rows::new();
        let mut bad_grade = None;
        let mut preset = None;
        if let Some(name) = &self.clocks {
            let base = with_preset(&mut rows, &mut bad_grade, name)?;
            let adapted = !self.clock_rows.is_empty() || self.bad_grade.is_some();
            preset = Some(Preset { name: base.name, version: base.version, label: base.label, adapted });
        }
        // A preset may speak of categories that this hall does not have; the hall's own rows may not.
        rows.retain(|row| categories.iter().any(|category| category.id == row.category));
        lay_over(&mut rows, self.clock_rows);
        let mut teams = self.teams;
        for team in teams.iter_mut().filter(|team| team.ladder.is_empty()) {
            team.ladder.clone_from(&self.ladder);
        }
        Ok(OrderPlan {
            rules: self.rules,
            teams,
            desk: self.desk,
            categories,
            causes: replaced(tree.causes, self.causes, |cause| cause.id.clone()),
            return_reasons: replaced(tree.return_reasons, self.return_reasons, |reason| reason.id.clone()),
            working: self.working,
            season: self.season,
            clocks: rows.into_iter().map(|row| row.rule(day_min)).collect(),
            bad_grade: self.bad_grade.or(bad_grade).filter(|span| *span != Span::None).map(|span| span.limit(day_min)),
            preset,
        })
    }
}

impl ClockRow {
    fn is_like(&self, other: &Self) -> bool {
        (&self.category, self.phase, self.customer_class) == (&other.category, other.phase, other.customer_class)
    }

    /// Takes over what `over` names.
    fn change(&mut self, over: &Self) {
        let Self { category: _, phase: _, customer_class: _, accept, contact, arrive, resolve, reply, callback } = self;
        let own = [accept, contact, arrive, resolve, reply, callback];
        for (own, kind) in own.into_iter().zip(ClockKind::ALL) {
            *own = over.get(kind).or(*own);
        }
    }

    fn rule(self, day_min: u32) -> ClockRule {
        let mut limits = Limits::default();
        for kind in ClockKind::ALL {
            limits.set(kind, self.get(kind).map(|span| span.limit(day_min)));
        }
        ClockRule { category: self.category, phase: self.phase, customer_class: self.customer_class, limits }
    }
}

/// Lays a preset and what it builds on over `rows`; the preset itself comes back.
fn with_preset(rows: &mut Rows, bad_grade: &mut Option<Span>, name: &str) -> Result<PresetFile, String> {
    let mut chain = vec![preset(name)?];
    while let Some(base) = chain.last().and_then(|last| last.extends.clone()) {
        if chain.len() >= EXTENDS_MAX {
            return Err(format!("clocks: {name} builds on more than {EXTENDS_MAX} presets"));
        }
        chain.push(preset(&base)?);
    }
    for file in chain.iter().rev() {
        lay_over(rows, file.clock.clone());
        *bad_grade = file.bad_grade.or(*bad_grade);
    }
    chain.into_iter().next().ok_or_else(|| format!("clocks: {name}"))
}

fn preset(name: &str) -> Result<PresetFile, String> {
    let Some((_, text)) = CLOCK_PRESETS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = CLOCK_PRESETS.iter().map(|(known, _)| *known).collect();
        return Err(format!("clocks: no preset is called `{name}`; there are {}", known.join(", ")));
    };
    toml::from_str(text).map_err(|e| format!("clocks/{name}.toml: {e}"))
}

/// Rows for the same category, phase and class change what they name; others are added.
fn lay_over(rows: &mut Rows, over: Rows) {
    for row in over {
        match rows.iter_mut().find(|own| own.is_like(&row)) {
            Some(own) => own.change(&row),
            None => rows.push(row),
        }
    }
}

/// Items with the same id are replaced, others are added.
fn replaced<T, I: PartialEq>(mut items: Vec<T>, over: Vec<T>, id: impl Fn(&T) -> I) -> Vec<T> {
    for item in over {
        match items.iter_mut().find(|own| id(own) == id(&item)) {
            Some(own) => *own = item,
            None => items.push(item),
        }
    }
    items
}

/// The tree with the hall's rows over it, with teams by its routes, and with what children take from their parents.
fn categories(
    mut rows: Vec<CategoryRow>,
    over: Vec<CategoryRow>,
    without: &[CategoryId],
    routes: BTreeMap<CategoryId, TeamId>,
) -> Result<Vec<Category>, String> {
    for row in over {
        match rows.iter_mut().find(|own| own.id == row.id) {
            Some(own) => own.change(row),
            None => rows.push(row),
        }
    }
    for id in without {
        if !rows.iter().any(|row| &row.id == id) {
            return Err(format!("without: no category is called {id}"));
        }
    }
    let mut left_out: Vec<CategoryId> = without.to_vec();
    let mut done: Vec<Category> = Vec::with_capacity(rows.len());
    for row in rows {
        if left_out.contains(&row.id) || row.parent.as_ref().is_some_and(|parent| left_out.contains(parent)) {
            left_out.push(row.id);
            continue;
        }
        let parent = row.parent.as_ref().and_then(|parent| done.iter().find(|one| &one.id == parent));
        let category = row.complete(parent)?;
        done.push(category);
    }
    for (id, team) in routes {
        let Some(category) = done.iter_mut().find(|category| category.id == id) else {
            return Err(format!("routes.{id}: no category has this code"));
        };
        category.team = Some(team);
    }
    Ok(done)
}

impl CategoryRow {
    /// Takes over what `over` names.
    fn change(&mut self, over: Self) {
        self.parent = over.parent.or(self.parent.take());
        self.name = over.name.or(self.name.take());
        self.visit = over.visit.or(self.visit);
        self.skills = over.skills.or(self.skills.take());
        self.team = over.team.or(self.team.take());
        self.answer_directly = over.answer_directly.or(self.answer_directly);
        self.urges = over.urges.or(self.urges);
        self.emergency = over.emergency.or(self.emergency);
        self.sealed_default = over.sealed_default.or(self.sealed_default);
    }

    /// With what it takes from its parent. The team is not taken over: a child without one follows its parent's.
    fn complete(self, parent: Option<&Category>) -> Result<Category, String> {
        let name = self.name.ok_or_else(|| format!("categories.{}: a new category needs a name", self.id))?;
        Ok(Category {
            visit: self.visit.unwrap_or(parent.is_some_and(|parent| parent.visit)),
            skills: self.skills.or_else(|| parent.map(|parent| parent.skills.clone())).unwrap_or_default(),
            answer_directly: self.answer_directly.unwrap_or(parent.is_some_and(|parent| parent.answer_directly)),
            urges: self.urges.unwrap_or(parent.is_some_and(|parent| parent.urges)),
            emergency: self.emergency.unwrap_or(parent.is_some_and(|parent| parent.emergency)),
            sealed_default: self.sealed_default.unwrap_or(parent.is_some_and(|parent| parent.sealed_default)),
            id: self.id,
            parent: self.parent,
            name,
            team: self.team,
        })
    }
}

/// The minutes of the longest day of an ordinary week.
fn day_minutes(calendar: &Calendar) -> u32 {
    let minutes = |day: Weekday| {
        let hours = calendar.week.day(day).iter();
        hours.map(|hours| u32::from(hours.close().minute().saturating_sub(hours.open().minute()))).sum::<u32>()
    };
    WEEKDAYS.into_iter().map(minutes).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
