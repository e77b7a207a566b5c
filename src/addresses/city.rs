//! A plausible town with a seed: the same seed builds the same houses, for trials, tests and measurements.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::COLUMNS;

/// First and second halves of names, and what tells the parts of a large community apart.
const FIRST: [&str; 44] = [
    "阳光", "金色", "锦绣", "幸福", "和平", "滨河", "翠湖", "东方", "世纪", "龙泽", "御景", "长乐", "温泉", "紫薇", "海棠", "银杏", "凤凰",
    "鑫源", "盛世", "绿城", "望江", "重华", "永安", "新华", "建设", "学府", "书香", "文汇", "康宁", "万和", "丽景", "云海", "松林", "梧桐",
    "枫叶", "天成", "祥和", "泰和", "嘉禾", "朝晖", "明珠", "友谊", "沁园", "觉民",
];
const SECOND: [&str; 18] = [
    "花园", "家园", "小区", "新村", "名邸", "华庭", "雅居", "公馆", "佳苑", "广场", "嘉园", "新城", "府邸", "里", "名苑", "山庄", "公寓",
    "御府",
];
const PARTS: [&str; 9] = ["", "", "", "", "一期", "二期", "三期", "A区", "东区"];
/// Old compounds are known by who built them.
const COMPOUNDS: [&str; 6] = ["铁路", "纺织厂", "机械厂", "供电局", "粮食局", "第二医院"];
const AREAS: [&str; 4] = ["东区", "西区", "南区", "北区"];
/// Of a hundred rooms, so many have this word.
const HEAT: [(&str, u64); 4] = [("用热", 82), ("报停", 10), ("欠费", 5), ("新入网", 3)];
/// Rooms of the smallest community.
const ROOMS_MIN: u64 = 8;

/// What town to build.
#[derive(Debug, Clone, Copy)]
pub struct CityPlan<'a> {
    pub seed: u64,
    /// Communities, a few thousand at most: there are no more names.
    pub communities: usize,
    /// All rooms, at least eight for each community.
    pub rooms: u64,
    /// Team ids, each for a part of the town; none for rows without a team.
    pub teams: &'a [&'a str],
}

/// A source of chance (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)).checked_rem(bound).unwrap_or(0)
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        nth(list, self.below(u64::MAX))
    }
}

/// The list's word at `at`, counted round and round; nothing of an empty one.
fn nth<'a>(list: &[&'a str], at: u64) -> &'a str {
    let place = u64::try_from(list.len()).ok().and_then(|length| at.checked_rem(length));
    place.and_then(|at| usize::try_from(at).ok()).and_then(|at| list.get(at)).copied().unwrap_or("")
}

impl CityPlan<'_> {
    /// Writes the town as a CSV that can be imported.
    ///
    /// # Errors
    /// When `out` does not take it.
    pub fn write_csv(&self, out: &mut impl Write) -> io::Result<()> {
        let header = COLUMNS.map(|(_, name, _)| name).join(",");
        writeln!(out, "{header}")?;
        let mut dice = Dice(self.seed);
        let names = self.names(&mut dice);
        let sizes = self.sizes(&mut dice, names.len());
        let mut customer = 10_000_000;
        for (at, (name, rooms)) in names.iter().zip(sizes).enumerate() {
            self.write_community(out, &mut dice, at, name, rooms, &mut customer)?;
        }
        Ok(())
    }

    /// Names, each once, in the order of their invention.
    fn names(&self, dice: &mut Dice) -> Vec<String> {
        let mut taken = BTreeSet::new();
        let mut names = Vec::new();
        // Names run out in a very large town; then it stays smaller.
        for _ in 0..self.communities.saturating_mul(40) {
            if names.len() >= self.communities {
                break;
            }
            let name = match dice.below(20) {
                0 => format!("{}{}号院", dice.one_of(&COMPOUNDS), 1 + dice.below(9)),
                _ => format!("{}{}{}", dice.one_of(&FIRST), dice.one_of(&SECOND), dice.one_of(&PARTS)),
            };
            if taken.insert(name.clone()) {
                names.push(name);
            }
        }
        names
    }

    /// Rooms of each community: most small, a few large, together as many as asked for.
    fn sizes(&self, dice: &mut Dice, communities: usize) -> Vec<u64> {
        let weights: Vec<u64> = (0..communities).map(|_| 60 + dice.below(60) * dice.below(60)).collect();
        let (mut weight_left, mut rooms_left) = (weights.iter().sum::<u64>(), self.rooms);
        let share = |weight: u64| {
            let rooms = (rooms_left * weight).checked_div(weight_left).unwrap_or(0).max(ROOMS_MIN).min(rooms_left);
            rooms_left -= rooms;
            weight_left -= weight;
            rooms
        };
        weights.into_iter().map(share).collect()
    }

    fn write_community(
        &self,
        out: &mut impl Write,
        dice: &mut Dice,
        at: usize,
        name: &str,
        rooms: u64,
        customer: &mut u64,
    ) -> io::Result<()> {
        let at = u64::try_from(at).unwrap_or(0);
        let station = 1 + at / 4;
        let area = nth(&AREAS, station);
        let team = nth(self.teams, station);
        let floors = if dice.below(3) == 0 { 11 + dice.below(8) } else { 5 + dice.below(3) };
        let (units, doors) = (1 + dice.below(4), 2 + dice.below(2));
        let (mut building, mut unit, mut floor, mut door) = (1, 1, 1, 1);
        for _ in 0..rooms {
            *customer += 1 + dice.below(3);
            let mut chance = dice.below(100);
            let heat = HEAT.iter().find(|(_, of_hundred)| {
                let hit = chance < *of_hundred;
                chance = chance.saturating_sub(*of_hundred);
                hit
            });
            let heat = heat.map_or("用热", |(word, _)| *word);
            let m2 = format!("{}.{:02}", 45 + dice.below(110), dice.below(100));
            writeln!(
                out,
                "{name},{building}号楼,{unit}单元,{floor}{door:02},{station}号热力站,{area},{team},{building}-{unit}-{door},{customer},{heat},{m2}"
            )?;
            for (number, most) in [(&mut door, doors), (&mut floor, floors), (&mut unit, units), (&mut building, u64::MAX)] {
                if *number < most {
                    *number += 1;
                    break;
                }
                *number = 1;
            }
        }
        Ok(())
    }
}
