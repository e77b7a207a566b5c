//! What the book knows of an address that was said part by part: its spelling, and no more than all rooms meant have in common.

use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::index::Index;
use super::key::{fold, key};
use super::{AddressError, Known, Said};
use crate::domain::ids::TeamId;

/// How much of what was said is looked for, the finest first: a room that is not in the book still has a community that is.
const DEPTHS: [usize; 4] = [3, 2, 1, 0];

/// One value for all rooms that are meant, or nothing.
const SAME: [&str; 7] = ["r.building", "r.unit", "r.room", "r.station", "r.area", "r.team", "r.riser"];

pub(super) fn known(conn: &Connection, index: &Index, said: &Said) -> Result<Option<Known>, AddressError> {
    let Some(community) = index.id_of(&said.community) else { return Ok(None) };
    let parts = [("b_key", &said.building), ("u_key", &said.unit), ("r_key", &said.room)];
    let keys: Vec<(&str, String)> =
        parts.into_iter().filter_map(|(column, part)| Some((column, key(part.as_ref()?)))).filter(|(_, key)| !key.is_empty()).collect();
    let mut tried = usize::MAX;
    for depth in DEPTHS {
        let asked = keys.get(..depth.min(keys.len())).unwrap_or(&keys);
        if asked.len() == tried {
            continue;
        }
        tried = asked.len();
        if let Some(known) = common(conn, community, asked)? {
            let known = Known { share_ppm: index.share_ppm(&known.community), ..known };
            return Ok(Some(if asked.len() == keys.len() { known } else { known.without_unsaid(asked) }));
        }
    }
    Ok(None)
}

/// What all rooms of a community under `keys` have in common; nothing where there is no such room.
fn common(conn: &Connection, community: i64, keys: &[(&str, String)]) -> Result<Option<Known>, AddressError> {
    let same = SAME.map(|column| format!("iif(count({column}) = count(*) AND min({column}) = max({column}), min({column}), NULL)"));
    let mut sql = format!("SELECT count(*), min(c.name), {} FROM room r JOIN community c ON c.id = r.community", same.join(", "));
    sql.push_str(" WHERE r.community = ?");
    let mut values: Vec<&dyn ToSql> = vec![&community];
    for (column, key) in keys {
        sql.push_str(" AND r.");
        sql.push_str(column);
        sql.push_str(" = ?");
        values.push(key);
    }
    let found = conn.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| {
        let rooms: i64 = row.get(0)?;
        if rooms > 0 { known_of(row).map(Some) } else { Ok(None) }
    })?;
    Ok(found)
}

fn known_of(row: &Row<'_>) -> rusqlite::Result<Known> {
    // A part that has no name in the book is none.
    let part = |at: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(at)?.filter(|name| !name.is_empty()));
    Ok(Known {
        community: row.get(1)?,
        building: part(2)?,
        unit: part(3)?,
        room: part(4)?,
        station: row.get(5)?,
        area: row.get(6)?,
        team: row.get::<_, Option<String>>(7)?.and_then(|team| team.parse::<TeamId>().ok()),
        riser: row.get(8)?,
        share_ppm: 0,
    })
}

impl Said {
    /// Whether every part that was said is the same in `whole`, by key; a part that was not said may be anything.
    #[must_use]
    pub fn is_within(&self, whole: &Self) -> bool {
        let same = |said: &Option<String>, known: &Option<String>| {
            let known = known.as_deref().map(key).unwrap_or_default();
            said.as_ref().is_none_or(|said| key(said) == known)
        };
        let parts = [(&self.building, &whole.building), (&self.unit, &whole.unit), (&self.room, &whole.room)];
        fold(&self.community) == fold(&whole.community) && parts.into_iter().all(|(said, known)| same(said, known))
    }
}

impl Known {
    /// Where a part was said that the book has not: what its neighbours share may not be so there.
    fn without_unsaid(self, asked: &[(&str, String)]) -> Self {
        let said = |column: &str| asked.iter().any(|(one, _)| *one == column);
        Self {
            building: self.building.filter(|_| said("b_key")),
            unit: self.unit.filter(|_| said("u_key")),
            room: None,
            riser: None,
            ..self
        }
    }
}
