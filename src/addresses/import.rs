//! From a CSV to a book: every row is checked, every wrong one counted, and the book is replaced whole or not at all.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufReader, Read};
use std::path::Path;

use rusqlite::{Connection, Statement, TransactionBehavior, params};
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use super::base::{LAYOUT, SUMS, TABLES, next_version, open_writer};
use super::csv::{Broken, Record, Records};
use super::key::{fold, key, number_key};
use super::{AddressError, csv};
use crate::domain::ids::TeamId;

/// Rooms in a book.
pub const ROOMS_MAX: u64 = 2_000_000;
/// Communities in a book; they are held in memory.
pub const COMMUNITIES_MAX: usize = 20_000;
/// The longest name of a community, in characters.
pub const NAME_CHARS_MAX: usize = 40;
/// The longest other field, in characters.
pub const FIELD_CHARS_MAX: usize = 60;
/// Wrong rows that are told one by one; all of them are counted.
pub const FAULTS_TOLD_MAX: usize = 20;
/// The largest heated area of a room, in hundredths of a square metre: ten hectares.
const AREA_CENTI_MAX: u32 = 10_000_000;
/// The checkpoint after an import gives the log's space back.
const SHRINK: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// A column of the CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    Community,
    Building,
    Unit,
    Room,
    Station,
    Area,
    Team,
    Riser,
    CustomerNo,
    HeatStatus,
    AreaM2,
}

/// The columns with their names, as in the header of a CSV; the Chinese name is understood too.
pub const COLUMNS: [(Column, &str, &str); 11] = [
    (Column::Community, "community", "小区"),
    (Column::Building, "building", "楼号"),
    (Column::Unit, "unit", "单元"),
    (Column::Room, "room", "房号"),
    (Column::Station, "station", "热力站"),
    (Column::Area, "area", "片区"),
    (Column::Team, "team", "班组"),
    (Column::Riser, "riser", "立管"),
    (Column::CustomerNo, "customer_no", "用户编号"),
    (Column::HeatStatus, "heat_status", "用热状态"),
    (Column::AreaM2, "area_m2", "面积"),
];
/// Without these a book is none.
const REQUIRED: [Column; 2] = [Column::Community, Column::Room];

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Empty,
    TooLong,
    NotUtf8,
    Characters,
    NoTeam,
    Area,
    Fields,
    Twice,
    TooManyCommunities,
    TooManyRooms,
    Quote,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "不能为空 / may not be empty",
            Self::TooLong => "太长 / is too long",
            Self::NotUtf8 => "不是 UTF-8，请另存为“CSV UTF-8” / is not UTF-8; save the file as “CSV UTF-8”",
            Self::Characters => "含有控制字符 / holds control characters",
            Self::NoTeam => "大厅没有这个班组 / is no team of the hall",
            Self::Area => "不是面积（例如 89.5） / is no area, e.g. 89.5",
            Self::Fields => "列数与表头不同 / has more or fewer fields than the header",
            Self::Twice => "与前面某行是同一房间 / is the same room as an earlier line",
            Self::TooManyCommunities => "小区超过 20000 个 / more than 20,000 communities",
            Self::TooManyRooms => "房间超过 2000000 间 / more than 2,000,000 rooms",
            Self::Quote => "引号有误或字段太长，后面的行无法读取 / a quote is wrong, or a field too long; nothing after it can be read",
        })
    }
}

/// A wrong row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowFault {
    /// Counted from 1, the header.
    pub line: u64,
    /// `None` where the row as a whole is wrong.
    pub column: Option<Column>,
    pub wrong: Wrong,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {0} 行 / line {0}", self.line)?;
        if let Some((_, name, _)) = COLUMNS.iter().find(|(column, _, _)| Some(*column) == self.column) {
            write!(f, ", {name}")?;
        }
        write!(f, ": {}", self.wrong)
    }
}

/// Why nothing was imported; the book is as it was.
#[derive(Debug, Error)]
pub enum ImportError {
    #[error("文件无法读取 / the file cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Book(#[from] AddressError),
    /// No header, or one with a column that is not known, missing or there twice.
    #[error(
        "表头有误：{0}。列名为 {names} / the header is wrong: {0}; the columns are {names}",
        names = COLUMNS.map(|(_, name, _)| name).join(",")
    )]
    Header(String),
    #[error("{count} 行有误，没有导入 / {count} rows are wrong; nothing was imported{told}", told = list(told))]
    Rows { count: u64, told: Vec<RowFault> },
}

fn list(told: &[RowFault]) -> String {
    told.iter().fold(String::new(), |all, fault| all + "\n  " + &fault.to_string())
}

impl From<rusqlite::Error> for ImportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Book(error.into())
    }
}

/// What was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    pub communities: u64,
    pub rooms: u64,
}

/// Replaces the book in the file at `path`.
pub(super) fn import(path: &Path, csv: impl Read, teams: Option<&[TeamId]>) -> Result<Imported, ImportError> {
    let mut records = Records::new(BufReader::new(csv));
    let header = match records.next() {
        Ok(Some((_, names))) => read_header(&names)?,
        Ok(None) => return Err(ImportError::Header("空文件 / an empty file".to_owned())),
        Err(Broken::Io(error)) => return Err(error.into()),
        Err(Broken::FieldTooLong { .. } | Broken::TooManyFields { .. } | Broken::Quote { .. }) => {
            return Err(ImportError::Header("无法读取 / unreadable".to_owned()));
        }
    };
    let mut conn = open_writer(path)?;
    let all = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = next_version(&all)?;
    all.execute_batch(TABLES)?;
    let mut shelf = Shelf { teams, header, communities: HashMap::new(), rooms: 0, faults: 0, told: Vec::new() };
    shelf.fill(&all, &mut records)?;
    if shelf.faults > 0 {
        return Err(ImportError::Rows { count: shelf.faults, told: shelf.told });
    }
    all.execute_batch(SUMS)?;
    let rooms = i64::try_from(shelf.rooms).unwrap_or(i64::MAX);
    all.execute("INSERT INTO book (layout, version, rooms) VALUES (?1, ?2, ?3)", params![LAYOUT, version, rooms])?;
    all.commit()?;
    // The book is in force; a reader that still looks at the old one only delays the shrinking.
    let _later = conn.query_row(SHRINK, (), |_| Ok(()));
    Ok(Imported { communities: u64::try_from(shelf.communities.len()).unwrap_or(u64::MAX), rooms: shelf.rooms })
}

/// The column of each field.
fn read_header(names: &[Vec<u8>]) -> Result<Vec<Column>, ImportError> {
    let mut header = Vec::new();
    for name in names {
        let name = String::from_utf8_lossy(name);
        let folded = fold(&name);
        let known = COLUMNS.iter().find(|(_, en, zh)| folded == *en || folded == *zh);
        let (column, _, _) = known.ok_or_else(|| ImportError::Header(format!("“{}”", shown(&name))))?;
        if header.contains(column) {
            return Err(ImportError::Header(format!("“{}” ×2", shown(&name))));
        }
        header.push(*column);
    }
    for required in REQUIRED {
        if !header.contains(&required) {
            let name = COLUMNS.iter().find(|(column, _, _)| *column == required).map_or("", |(_, name, _)| name);
            return Err(ImportError::Header(format!("缺少 / missing {name}")));
        }
    }
    Ok(header)
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(FIELD_CHARS_MAX).collect()
}

/// A book being filled.
struct Shelf<'a> {
    teams: Option<&'a [TeamId]>,
    header: Vec<Column>,
    /// Ids by folded name.
    communities: HashMap<String, i64>,
    rooms: u64,
    faults: u64,
    told: Vec<RowFault>,
}

/// A row's fields, empty ones as `None`.
#[derive(Default)]
struct Fields(HashMap<Column, String>);

impl Fields {
    fn text(&self, column: Column) -> &str {
        self.0.get(&column).map_or("", String::as_str)
    }

    fn some(&self, column: Column) -> Option<&str> {
        self.0.get(&column).map(String::as_str)
    }
}

impl Shelf<'_> {
    fn fill(&mut self, conn: &Connection, records: &mut Records<impl std::io::BufRead>) -> Result<(), ImportError> {
        let mut community = conn.prepare("INSERT INTO community (id, name) VALUES (?1, ?2)")?;
        let mut room = conn.prepare(
            "INSERT INTO room (id, community, building, unit, room, b_key, u_key, r_key, station, area, team, riser, customer_no, c_key,
             heat_status, area_m2_centi) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16) ON CONFLICT DO NOTHING",
        )?;
        loop {
            match records.next() {
                Ok(None) => return Ok(()),
                Ok(Some((line, row))) => {
                    let Some(fields) = self.check(line, row) else { continue };
                    if !self.put(line, &fields, &mut community, &mut room)? {
                        return Ok(());
                    }
                }
                Err(Broken::Io(error)) => return Err(error.into()),
                Err(Broken::FieldTooLong { line } | Broken::Quote { line }) => {
                    self.fault(line, None, Wrong::Quote);
                    return Ok(());
                }
                Err(Broken::TooManyFields { line }) => {
                    self.fault(line, None, Wrong::Fields);
                    return Ok(());
                }
            }
        }
    }

    fn fault(&mut self, line: u64, column: Option<Column>, wrong: Wrong) {
        self.faults += 1;
        if self.told.len() < FAULTS_TOLD_MAX {
            self.told.push(RowFault { line, column, wrong });
        }
    }

    /// The row's fields, or one fault counted.
    fn check(&mut self, line: u64, row: Record) -> Option<Fields> {
        if row.len() != self.header.len() {
            self.fault(line, None, Wrong::Fields);
            return None;
        }
        let mut fields = Fields::default();
        let mut wrong = None;
        for (column, bytes) in self.header.iter().zip(row) {
            match clean(*column, bytes, self.teams) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => {
                    fields.0.insert(*column, text);
                }
                Err(why) => wrong = wrong.or(Some((*column, why))),
            }
        }
        let missing = REQUIRED.iter().find(|column| fields.text(**column).is_empty()).map(|column| (*column, Wrong::Empty));
        let unnamed = || key(fields.text(Column::Room)).is_empty().then_some((Column::Room, Wrong::Characters));
        if let Some((column, why)) = wrong.or(missing).or_else(unnamed) {
            self.fault(line, Some(column), why);
            return None;
        }
        Some(fields)
    }

    /// Puts a row into the book; false where no more may come.
    fn put(&mut self, line: u64, fields: &Fields, community: &mut Statement<'_>, room: &mut Statement<'_>) -> Result<bool, ImportError> {
        let name = fields.text(Column::Community);
        let folded = fold(name);
        let id = match self.communities.get(&folded) {
            Some(id) => *id,
            None if self.communities.len() >= COMMUNITIES_MAX => {
                self.fault(line, Some(Column::Community), Wrong::TooManyCommunities);
                return Ok(false);
            }
            None => {
                let id = i64::try_from(self.communities.len()).unwrap_or(i64::MAX);
                community.execute(params![id, name])?;
                self.communities.insert(folded.clone(), id);
                id
            }
        };
        if self.rooms >= ROOMS_MAX {
            self.fault(line, None, Wrong::TooManyRooms);
            return Ok(false);
        }
        let [building, unit, door] = [Column::Building, Column::Unit, Column::Room].map(|column| fields.text(column));
        let [b_key, u_key, r_key] = [building, unit, door].map(key);
        let customer = fields.some(Column::CustomerNo);
        let inserted = room.execute(params![
            room_id(&[&folded, &b_key, &u_key, &r_key]),
            id,
            building,
            unit,
            door,
            b_key,
            u_key,
            r_key,
            fields.some(Column::Station),
            fields.some(Column::Area),
            fields.some(Column::Team),
            fields.some(Column::Riser),
            customer,
            customer.map(number_key).filter(|key| !key.is_empty()),
            fields.some(Column::HeatStatus),
            fields.some(Column::AreaM2).and_then(centi),
        ])?;
        if inserted == 0 {
            self.fault(line, None, Wrong::Twice);
        } else {
            self.rooms += 1;
        }
        Ok(true)
    }
}

/// The same for the same names in every import: 63 bits of a digest, so that two rooms of a book never share it.
fn room_id(names: &[&str]) -> i64 {
    let digest = sha1_smol::Sha1::from(names.join("\u{1F}")).digest().bytes();
    let head = digest.first_chunk::<8>().copied().unwrap_or_default();
    i64::from_be_bytes(head) & i64::MAX
}

/// A field's text: UTF-8, NFC, trimmed, bounded, without control characters, and what its column asks for.
fn clean(column: Column, bytes: Vec<u8>, teams: Option<&[TeamId]>) -> Result<String, Wrong> {
    let text = String::from_utf8(bytes).map_err(|_| Wrong::NotUtf8)?;
    let text = text.trim().nfc().collect::<String>();
    let most = if column == Column::Community { NAME_CHARS_MAX } else { FIELD_CHARS_MAX };
    if text.chars().count() > most {
        return Err(Wrong::TooLong);
    }
    if text.chars().any(is_hostile) {
        return Err(Wrong::Characters);
    }
    if text.is_empty() {
        return Ok(text);
    }
    let good = match column {
        Column::Team => {
            let team = text.parse::<TeamId>().map_err(|_| Wrong::NoTeam)?;
            teams.is_none_or(|teams| teams.contains(&team)).then_some(()).ok_or(Wrong::NoTeam)
        }
        Column::AreaM2 => centi(&text).map(drop).ok_or(Wrong::Area),
        // A name without a letter or a digit can be neither typed nor found.
        Column::Community => text.chars().any(char::is_alphanumeric).then_some(()).ok_or(Wrong::Characters),
        Column::Building
        | Column::Unit
        | Column::Room
        | Column::Station
        | Column::Area
        | Column::Riser
        | Column::CustomerNo
        | Column::HeatStatus => Ok(()),
    };
    good.map(|()| text)
}

/// Control and direction-changing characters.
fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// An area such as `89` or `89.5`, in hundredths.
fn centi(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 6 || part.len() > 2 || !digits(whole) || !digits(part) {
        return None;
    }
    let centi = format!("{whole}{part:0<2}").parse::<u32>().ok()?;
    (1..=AREA_CENTI_MAX).contains(&centi).then_some(centi)
}

const _: () = assert!(FIELD_CHARS_MAX * 4 <= csv::FIELD_BYTES_MAX, "a field of the longest text can be read");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_read_to_the_hundredth() {
        for (text, told) in [("89", Some(8_900)), ("89.5", Some(8_950)), ("0.01", Some(1)), ("100000", Some(10_000_000))] {
            assert_eq!(centi(text), told, "{text}");
        }
        for text in ["", "0", "-1", "1e3", "89,5", "89.123", "100000.01", "１", ".", "9999999", "inf"] {
            assert_eq!(centi(text), None, "{text}");
        }
    }
}
