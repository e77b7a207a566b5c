//! From what was typed to places: the community by its name, the rest by its numbers, the customer by theirs.

use std::collections::HashSet;
use std::fmt::Write;

use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::index::{Candidate, Index, QUERY_CHARS_MAX};
use super::key::{fold, number_key};
use super::{AddressError, Depth, Place, Suggestion};
use crate::domain::place::{Role, Token, join, plain, tokens};

/// Communities whose rooms are looked for, of those that the text may mean.
const COMMUNITIES_TRIED_MAX: usize = 40;
/// From so many characters on, the beginning of a customer's number is enough.
const CUSTOMER_PREFIX_MIN: usize = 4;
/// From so many digits on, a number alone may be a room's in any building.
const ROOM_DIGITS_MIN: usize = 3;
/// Numbers in a row that are tried in all ways to be a building's, a unit's and a room's.
const TOKENS_MAX: usize = 6;
/// Above everything that a key begins with.
const LAST: char = '\u{10FFFF}';

const ROOM_FIELDS: &str =
    "SELECT r.id, c.name, r.building, r.unit, r.room, r.station, r.area, r.team, r.riser, r.customer_no, r.heat_status,
 r.area_m2_centi FROM room r JOIN community c ON c.id = r.community";
const UNIT_FIELDS: &str = "SELECT c.name, x.building, x.unit, x.rooms, x.station, x.area, x.team
 FROM unit x JOIN community c ON c.id = x.community";
const BUILDING_FIELDS: &str = "SELECT c.name, min(x.building), '', sum(x.rooms),
 iif(count(x.station) = count(*) AND min(x.station) = max(x.station), min(x.station), NULL),
 iif(count(x.area) = count(*) AND min(x.area) = max(x.area), min(x.area), NULL),
 iif(count(x.team) = count(*) AND min(x.team) = max(x.team), min(x.team), NULL)
 FROM unit x JOIN community c ON c.id = x.community";
const ROOM_ORDER: &str = " ORDER BY length(r.b_key), r.b_key, length(r.u_key), r.u_key, length(r.r_key), r.r_key LIMIT ?";
const UNIT_ORDER: &str = " ORDER BY length(x.b_key), x.b_key, length(x.u_key), x.u_key LIMIT ?";
const BUILDING_ORDER: &str = " GROUP BY x.b_key ORDER BY length(x.b_key), x.b_key LIMIT ?";

/// A building, unit and room as keys, as far as they were typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Wanted {
    building: Option<String>,
    unit: Option<String>,
    room: Option<String>,
}

/// The answer as it grows: no place twice, no more than asked for.
struct Answer<'a> {
    conn: &'a Connection,
    index: &'a Index,
    limit: usize,
    told: HashSet<(Depth, String)>,
    found: Vec<Suggestion>,
}

pub(super) fn search(conn: &Connection, index: &Index, text: &str, limit: usize) -> Result<Vec<Suggestion>, AddressError> {
    // Before anything is made of it: a page pasted into the box costs nothing.
    if text.chars().take(QUERY_CHARS_MAX * 4 + 1).count() > QUERY_CHARS_MAX * 4 {
        return Err(AddressError::BadQuery("is too long"));
    }
    let folded = fold(text);
    if folded.chars().count() > QUERY_CHARS_MAX {
        return Err(AddressError::BadQuery("is too long"));
    }
    if folded.chars().any(char::is_control) {
        return Err(AddressError::BadQuery("holds control characters"));
    }
    if index.len() == 0 || !folded.chars().any(char::is_alphanumeric) {
        return Ok(Vec::new());
    }
    let mut answer = Answer { conn, index, limit, told: HashSet::new(), found: Vec::new() };
    let number = number_key(&folded);
    answer.customer("r.c_key = ?1", &[&number])?;
    let candidates = index.candidates(&folded);
    answer.communities(&candidates)?;
    if number.len() >= CUSTOMER_PREFIX_MIN && number.contains(|c: char| c.is_ascii_digit()) {
        answer.customer("r.c_key > ?1 AND r.c_key < ?2", &[&number, &after(&number)])?;
    }
    Ok(answer.found)
}

pub(super) fn of_customer(conn: &Connection, index: &Index, customer_no: &str) -> Result<Option<Place>, AddressError> {
    one(conn, index, " WHERE r.c_key = ?1 ORDER BY r.id LIMIT 1", &number_key(customer_no))
}

pub(super) fn by_id(conn: &Connection, index: &Index, id: &str) -> Result<Option<Place>, AddressError> {
    let number = Some(id).filter(|id| id.len() == 16).and_then(|id| i64::from_str_radix(id, 16).ok());
    match number {
        Some(number) => one(conn, index, " WHERE r.id = ?1", &number),
        None => Ok(None),
    }
}

fn one(conn: &Connection, index: &Index, place: &str, value: &dyn ToSql) -> Result<Option<Place>, AddressError> {
    if index.len() == 0 {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(&format!("{ROOM_FIELDS}{place}"))?;
    let found = statement.query_row(params![value], room_of).optional()?;
    Ok(found.map(|mut place| {
        place.share_ppm = index.share_ppm(&place.community);
        place
    }))
}

fn room_of(row: &Row<'_>) -> rusqlite::Result<Place> {
    let team: Option<String> = row.get(7)?;
    Ok(Place {
        id: format!("{:016x}", row.get::<_, i64>(0)?),
        community: row.get(1)?,
        building: row.get(2)?,
        unit: row.get(3)?,
        room: row.get(4)?,
        station: row.get(5)?,
        area: row.get(6)?,
        team: team.and_then(|team| team.parse().ok()),
        riser: row.get(8)?,
        customer_no: row.get(9)?,
        heat_status: row.get(10)?,
        area_m2: row.get::<_, Option<u32>>(11)?.map(|centi| f64::from(centi) / 100.0),
        share_ppm: 0,
    })
}

/// The first text after all that begin with `key`.
fn after(key: &str) -> String {
    format!("{key}{LAST}")
}

impl Answer<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }

    fn room_left(&self) -> i64 {
        i64::try_from(self.limit.saturating_sub(self.found.len())).unwrap_or(i64::MAX)
    }

    fn customer(&mut self, condition: &str, values: &[&dyn ToSql]) -> Result<(), AddressError> {
        self.rooms(&format!(" WHERE {condition} ORDER BY r.c_key, r.id LIMIT ?"), values)
    }

    /// Each candidate with what its numbers lead to; those that they do not lead anywhere stand last.
    fn communities(&mut self, candidates: &[Candidate]) -> Result<(), AddressError> {
        let only = candidates.iter().filter(|candidate| candidate.tail.is_empty()).count() == 1;
        let mut astray = Vec::new();
        let mut tried = 0;
        for candidate in candidates {
            if self.is_full() {
                return Ok(());
            }
            if candidate.tail.is_empty() {
                self.community(candidate.id)?;
                if only || candidate.is_exact() {
                    self.buildings(" WHERE x.community = ?1 AND x.b_key <> ''", &[&candidate.id])?;
                }
                continue;
            }
            tried += 1;
            if tried > COMMUNITIES_TRIED_MAX {
                continue;
            }
            let before = self.found.len();
            self.below(candidate)?;
            if self.found.len() == before {
                astray.push(candidate);
            }
        }
        for candidate in astray {
            if self.is_full() {
                break;
            }
            self.community(candidate.id)?;
        }
        Ok(())
    }

    /// What the numbers after a community's name lead to.
    fn below(&mut self, candidate: &Candidate) -> Result<(), AddressError> {
        let before = self.found.len();
        let pieces = tokens(&candidate.tail);
        for wanted in assignments(&pieces) {
            self.wanted(candidate.id, &wanted)?;
            // Three numbers that lead to a room are not read in other ways too.
            if pieces.len() > 2 && self.found.len() > before {
                break;
            }
        }
        if let ([only], true) = (pieces.as_slice(), self.found.len() == before) {
            for wanted in run_together(&only.text) {
                self.wanted(candidate.id, &wanted)?;
            }
        }
        Ok(())
    }

    /// Exactly what was typed, then what begins so.
    fn wanted(&mut self, community: i64, wanted: &Wanted) -> Result<(), AddressError> {
        let building = wanted.building.as_deref();
        match (building, wanted.unit.as_deref(), wanted.room.as_deref()) {
            (_, unit, Some(room)) => {
                let lone = building.is_none() && unit.is_none() && room.len() < ROOM_DIGITS_MIN;
                // Short numbers alone are rooms only where there are no buildings.
                let building = if lone { Some("") } else { building };
                self.room_like(community, building, unit, room)
            }
            (Some(building), Some(unit), None) => {
                let place = " WHERE x.community = ?1 AND x.b_key = ?2 AND";
                self.units(&format!("{place} x.u_key = ?3"), &[&community, &building, &unit])?;
                let inside = format!(" WHERE r.community = ?1 AND r.b_key = ?2 AND r.u_key = ?3{ROOM_ORDER}");
                self.rooms(&inside, &[&community, &building, &unit])?;
                self.units(&format!("{place} x.u_key > ?3 AND x.u_key < ?4"), &[&community, &building, &unit, &after(unit)])
            }
            (Some(building), None, None) => self.building_like(community, building),
            (None, _, None) => Ok(()),
        }
    }

    fn room_like(&mut self, community: i64, building: Option<&str>, unit: Option<&str>, room: &str) -> Result<(), AddressError> {
        let mut place = " WHERE r.community = ?1".to_owned();
        let mut values: Vec<&dyn ToSql> = vec![&community];
        for (column, key) in [("b_key", &building), ("u_key", &unit)] {
            if let Some(key) = key {
                values.push(key);
                // Writing to a text cannot fail.
                let _written = write!(place, " AND r.{column} = ?{}", values.len());
            }
        }
        values.push(&room);
        let at = values.len();
        self.rooms(&format!("{place} AND r.r_key = ?{at}{ROOM_ORDER}"), &values)?;
        let last = after(room);
        values.push(&last);
        self.rooms(&format!("{place} AND r.r_key > ?{at} AND r.r_key < ?{}{ROOM_ORDER}", at + 1), &values)
    }

    fn building_like(&mut self, community: i64, building: &str) -> Result<(), AddressError> {
        let exact = " WHERE x.community = ?1 AND x.b_key = ?2";
        let before = self.found.len();
        self.buildings(exact, &[&community, &building])?;
        if self.found.len() > before {
            self.units(&format!("{exact} AND x.u_key <> ''"), &[&community, &building])?;
            let without = format!(" WHERE r.community = ?1 AND r.b_key = ?2 AND r.u_key = ''{ROOM_ORDER}");
            self.rooms(&without, &[&community, &building])?;
        }
        self.buildings(" WHERE x.community = ?1 AND x.b_key > ?2 AND x.b_key < ?3", &[&community, &building, &after(building)])
    }

    fn community(&mut self, id: i64) -> Result<(), AddressError> {
        let sql = "SELECT name, '', '', rooms, station, area, team FROM community WHERE id = ?1 LIMIT ?";
        self.places(Depth::Community, sql, &[&id])
    }

    fn buildings(&mut self, place: &str, values: &[&dyn ToSql]) -> Result<(), AddressError> {
        self.places(Depth::Building, &format!("{BUILDING_FIELDS}{place}{BUILDING_ORDER}"), values)
    }

    fn units(&mut self, place: &str, values: &[&dyn ToSql]) -> Result<(), AddressError> {
        self.places(Depth::Unit, &format!("{UNIT_FIELDS}{place}{UNIT_ORDER}"), values)
    }

    /// Suggestions that are no rooms; the last parameter of `sql` is how many.
    fn places(&mut self, depth: Depth, sql: &str, values: &[&dyn ToSql]) -> Result<(), AddressError> {
        let left = self.room_left();
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(with(values, &left).as_slice())?;
        while let Some(row) = rows.next()? {
            let (community, building, unit): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let team: Option<String> = row.get(6)?;
            let suggestion = Suggestion {
                depth,
                text: in_full(&[&community, &building, &unit]),
                share_ppm: self.index.share_ppm(&community),
                community,
                building,
                unit,
                rooms: row.get(3)?,
                station: row.get(4)?,
                area: row.get(5)?,
                team: team.and_then(|team| team.parse().ok()),
                place: None,
            };
            let key = suggestion.text.clone();
            push(&mut self.told, &mut self.found, self.limit, key, suggestion);
        }
        Ok(())
    }

    fn rooms(&mut self, place: &str, values: &[&dyn ToSql]) -> Result<(), AddressError> {
        let left = self.room_left();
        let mut statement = self.conn.prepare_cached(&format!("{ROOM_FIELDS}{place}"))?;
        let mut rows = statement.query(with(values, &left).as_slice())?;
        while let Some(row) = rows.next()? {
            let mut place = room_of(row)?;
            place.share_ppm = self.index.share_ppm(&place.community);
            let suggestion = Suggestion {
                depth: Depth::Room,
                text: in_full(&[&place.community, &place.building, &place.unit, &place.room]),
                community: place.community.clone(),
                building: place.building.clone(),
                unit: place.unit.clone(),
                rooms: 1,
                station: place.station.clone(),
                area: place.area.clone(),
                team: place.team.clone(),
                share_ppm: place.share_ppm,
                place: Some(place),
            };
            let key = suggestion.place.as_ref().map(|place| place.id.clone()).unwrap_or_default();
            push(&mut self.told, &mut self.found, self.limit, key, suggestion);
        }
        Ok(())
    }
}

fn push(told: &mut HashSet<(Depth, String)>, found: &mut Vec<Suggestion>, limit: usize, key: String, suggestion: Suggestion) {
    if found.len() < limit && told.insert((suggestion.depth, key)) {
        found.push(suggestion);
    }
}

fn with<'a>(values: &[&'a dyn ToSql], last: &'a dyn ToSql) -> Vec<&'a dyn ToSql> {
    values.iter().copied().chain([last]).collect()
}

/// The parts of an address that are there, with blanks between.
fn in_full(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
}

/// What the pieces after a community's name may be, likeliest first.
fn assignments(pieces: &[Token]) -> Vec<Wanted> {
    let mut wanted = Wanted::default();
    let mut pending: Vec<Token> = Vec::new();
    for (at, token) in pieces.iter().enumerate() {
        let last = at + 1 == pieces.len();
        let role = match token.role {
            Some(Role::Number) if wanted.building.is_some() && last => Some(Role::Room),
            Some(Role::Number) if !last => Some(Role::Building),
            Some(Role::Number) | None => None,
            Some(role) => Some(role),
        };
        match role {
            Some(Role::Building) if wanted.building.is_none() => {
                pending.push(token.clone());
                wanted.building = Some(join(&pending));
                pending.clear();
            }
            Some(Role::Unit) if wanted.unit.is_none() => {
                above(&mut wanted, &mut pending);
                wanted.unit = Some(plain(&token.text).to_owned());
            }
            Some(Role::Room) if wanted.room.is_none() => {
                if wanted.unit.is_none() && pending.len() + usize::from(wanted.building.is_some()) > 1 {
                    wanted.unit = pending.pop().map(|token| plain(&token.text).to_owned());
                }
                above(&mut wanted, &mut pending);
                wanted.room = Some(plain(&token.text).to_owned());
            }
            Some(Role::Building | Role::Unit | Role::Room | Role::Number) | None => pending.push(token.clone()),
        }
    }
    if pending.is_empty() || pending.len() > TOKENS_MAX { vec![wanted] } else { spread(&wanted, &pending) }
}

/// Pieces before a unit or a room are the building's, where it has no name yet.
fn above(wanted: &mut Wanted, pending: &mut Vec<Token>) {
    if wanted.building.is_none() && !pending.is_empty() {
        wanted.building = Some(join(pending));
        pending.clear();
    }
}

/// Gives pieces without a word of their own to the parts below those that are known.
fn spread(known: &Wanted, pieces: &[Token]) -> Vec<Wanted> {
    if known.room.is_some() {
        return vec![known.clone()];
    }
    let mut all = Vec::new();
    let key = |from: usize, to: usize| pieces.get(from..to).map(join);
    let count = pieces.len();
    let long = pieces.last().is_some_and(|token| token.text.len() >= ROOM_DIGITS_MIN);
    if known.unit.is_some() {
        all.push(Wanted { room: key(0, count), ..known.clone() });
        return all;
    }
    if known.building.is_some() {
        all.extend((1..count).map(|cut| Wanted { unit: key(0, cut), room: key(cut, count), ..known.clone() }));
        let as_room = Wanted { room: key(0, count), ..known.clone() };
        let as_unit = Wanted { unit: key(0, count), ..known.clone() };
        all.extend(if long { [as_room, as_unit] } else { [as_unit, as_room] });
        return all;
    }
    for first in 1..count {
        let thirds = (first + 1..count).map(|second| (key(0, first), key(first, second), key(second, count)));
        all.extend(thirds.map(|(building, unit, room)| Wanted { building, unit, room }));
    }
    for cut in 1..count {
        let as_room = Wanted { building: key(0, cut), room: key(cut, count), unit: None };
        let as_unit = Wanted { building: key(0, cut), unit: key(cut, count), room: None };
        all.extend(if long { [as_room, as_unit] } else { [as_unit, as_room] });
    }
    all.push(Wanted { building: key(0, count), ..Wanted::default() });
    all.push(Wanted { room: key(0, count), ..Wanted::default() });
    all
}

/// `32501`, `3501` and `a501`: building, unit and room with nothing between.
fn run_together(piece: &str) -> Vec<Wanted> {
    let mut all = Vec::new();
    let part = |text: &str| Some(plain(text).to_owned()).filter(|text| !text.is_empty());
    let letters = piece.find(|c: char| c.is_ascii_digit()).unwrap_or(piece.len());
    let (name, digits) = piece.split_at_checked(letters).unwrap_or((piece, ""));
    if !name.is_empty() {
        // A building's letter ends where the digits begin.
        let cuts = [0, 1].into_iter().filter_map(|unit| digits.split_at_checked(unit));
        all.extend(cuts.map(|(unit, room)| Wanted { building: part(name), unit: part(unit), room: part(room) }));
        all.retain(|wanted| wanted.room.as_ref().is_some_and(|room| room.len() >= ROOM_DIGITS_MIN));
        return all;
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) || digits.len() > 8 {
        return all;
    }
    for (room_digits, unit_digits) in [(3, 1), (4, 1), (3, 0), (4, 0)] {
        let Some(cut) = digits.len().checked_sub(room_digits) else { continue };
        let Some(top) = cut.checked_sub(unit_digits).filter(|top| (1..=3).contains(top)) else { continue };
        let cut_out = |from: usize, to: usize| digits.get(from..to).and_then(part);
        all.push(Wanted { building: cut_out(0, top), unit: cut_out(top, cut), room: cut_out(cut, digits.len()) });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(tail: &str) -> Vec<String> {
        let told = |part: Option<String>| part.unwrap_or_else(|| "·".to_owned());
        let show = |wanted: Wanted| format!("{} {} {}", told(wanted.building), told(wanted.unit), told(wanted.room));
        assignments(&tokens(&fold(tail))).into_iter().map(show).collect()
    }

    #[test]
    fn numbers_become_buildings_units_and_rooms() {
        for (tail, first) in [
            ("3-2-501", "3 2 501"),
            ("3 2 501", "3 2 501"),
            ("3号楼2单元501室", "3 2 501"),
            ("3号楼2单元501", "3 2 501"),
            ("三号楼二单元五零一", "3 2 501"),
            ("3#2-501", "3 2 501"),
            ("3 2单元501", "3 2 501"),
            ("3-501", "3 · 501"),
            ("3号501", "3 · 501"),
            ("3-2", "3 2 ·"),
            ("3号楼501室", "3 · 501"),
            ("3号楼2", "3 2 ·"),
            ("3号楼", "3 · ·"),
            ("3", "3 · ·"),
            ("3-2-501室", "3 2 501"),
            ("a区3号楼2单元501", "a区3 2 501"),
            ("2单元501", "· 2 501"),
            ("501室", "· · 501"),
            ("12号楼501号", "12 · 501"),
        ] {
            assert_eq!(meant(tail).first().map(String::as_str), Some(first), "{tail}");
        }
        assert!(meant("a-3-2-501").contains(&"a3 2 501".to_owned()));
        assert!(meant("3-1-501").contains(&"3 · 1501".to_owned()));
        assert!(meant("501").contains(&"· · 501".to_owned()));
    }

    #[test]
    fn numbers_run_together_are_taken_apart() {
        let all = run_together("122501");
        assert!(all.iter().any(|wanted| wanted.building.as_deref() == Some("12") && wanted.unit.as_deref() == Some("2")));
        assert!(run_together("3501").iter().any(|wanted| wanted.building.as_deref() == Some("3") && wanted.unit.is_none()));
        assert!(run_together("a1201").iter().any(|wanted| wanted.building.as_deref() == Some("a") && wanted.unit.is_none()));
        assert!(run_together("501").is_empty() && run_together("1234567890").is_empty());
    }
}
