//! The address book: every heated room of the town, found while a caller is still saying where it is.
//!
//! It is imported from a CSV into an SQLite file of its own and replaced as a whole. Communities are few and are held in
//! memory, with every way their names may be typed; rooms are many and are looked up by index. A book that is replaced
//! while the server runs is noticed at the next question.

mod ask;
mod base;
mod city;
mod csv;
mod import;
mod index;
mod key;
mod known;
mod sound;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

use crate::domain::ids::TeamId;

use base::Base;

pub use base::FILE;
pub use city::CityPlan;
pub use import::{
    COLUMNS, COMMUNITIES_MAX, Column, FAULTS_TOLD_MAX, FIELD_CHARS_MAX, ImportError, Imported, NAME_CHARS_MAX, ROOMS_MAX, RowFault, Wrong,
};
pub use index::QUERY_CHARS_MAX;
pub use sound::readings;

/// Suggestions in one answer.
pub const SUGGESTIONS_MAX: usize = 50;
/// Questions that look at the same time.
const READERS_MAX: usize = 4;

/// A small town's book that comes with the program: `config/halls/addresses-sample.csv`.
pub const SAMPLE_CSV: &str = include_str!("../../config/halls/addresses-sample.csv");

/// Why the book gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AddressError {
    /// SQLite said no.
    #[error("the address book cannot be used: {0}")]
    Database(String),
    /// The file was written by another version of this program; importing the CSV again mends it.
    #[error("the address book was written by another version; import it again")]
    OtherVersion,
    /// The question is too long, or holds what nobody types.
    #[error("the question {0}")]
    BadQuery(&'static str),
    /// The program is closing.
    #[error("the address book is closed")]
    Closed,
}

/// A heated room.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// The same for the same community, building, unit and room, from one import to the next.
    pub id: String,
    pub community: String,
    /// Empty where the community has no buildings by name.
    pub building: String,
    /// Empty where the building has no units.
    pub unit: String,
    pub room: String,
    pub station: Option<String>,
    pub area: Option<String>,
    pub team: Option<TeamId>,
    pub riser: Option<String>,
    pub customer_no: Option<String>,
    /// As imported: 用热, 报停, 欠费, 新入网 or a word of the hall's own.
    pub heat_status: Option<String>,
    /// Heated area in square metres.
    pub area_m2: Option<f64>,
    /// The community's share of all rooms, in millionths.
    pub share_ppm: u32,
}

/// An address as its parts were said, in whatever spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    pub community: String,
    pub building: Option<String>,
    pub unit: Option<String>,
    pub room: Option<String>,
}

/// What all rooms that an address can mean have in common, in the book's spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub community: String,
    pub building: Option<String>,
    pub unit: Option<String>,
    pub room: Option<String>,
    pub station: Option<String>,
    pub area: Option<String>,
    pub team: Option<TeamId>,
    pub riser: Option<String>,
    /// The community's share of all rooms, in millionths.
    pub share_ppm: u32,
}

/// How deep a suggestion goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    Community,
    Building,
    Unit,
    Room,
}

/// What a text in the box may mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suggestion {
    pub depth: Depth,
    /// The address in full. Put into the box, it is found again, and more can be typed after it.
    pub text: String,
    pub community: String,
    pub building: String,
    pub unit: String,
    /// Rooms of it.
    pub rooms: u32,
    /// The station, area and team of it, where all its rooms have the same.
    pub station: Option<String>,
    pub area: Option<String>,
    pub team: Option<TeamId>,
    /// The community's share of all rooms, in millionths.
    pub share_ppm: u32,
    /// The room itself, where it goes that deep.
    pub place: Option<Place>,
}

/// How much is in the book.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub communities: u64,
    pub rooms: u64,
}

/// One hall's address book. Clones are the same book. What it is asked blocks for milliseconds: see [`Self::look`].
#[derive(Clone)]
pub struct AddressBook {
    base: Arc<Base>,
}

impl AddressBook {
    /// The book of a data folder. Nothing is made there before the first import; until then the book is empty.
    #[must_use]
    pub fn open(data_dir: &Path) -> Self {
        let book = Self { base: Arc::new(Base::new(data_dir.join(FILE))) };
        // A book that cannot be read says so to whoever asks; the shares of an unread one are 0.
        if let Err(error) = book.count() {
            tracing::warn!(%error, "the address book cannot be read");
        }
        book
    }

    /// What the text means, best first, `limit` suggestions at most: communities, then the buildings, units and rooms that
    /// the numbers after a community's name lead to. A customer's number leads to its rooms.
    ///
    /// # Errors
    /// When the text is longer than [`QUERY_CHARS_MAX`] or holds control characters, or the file cannot be read.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Suggestion>, AddressError> {
        self.base.read(|conn, index| ask::search(conn, index, text, limit.min(SUGGESTIONS_MAX)))
    }

    /// The room of a customer's number, written with or without blanks and dashes; the first where it has several.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn room(&self, customer_no: &str) -> Result<Option<Place>, AddressError> {
        self.base.read(|conn, index| ask::of_customer(conn, index, customer_no))
    }

    /// The room with this id.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<Place>, AddressError> {
        self.base.read(|conn, index| ask::by_id(conn, index, id))
    }

    /// What is known of an address that was said part by part; of a room that is not in the book what is known of where it is.
    /// Nothing of a community that is not in it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn known(&self, said: &Said) -> Result<Option<Known>, AddressError> {
        self.base.read(|conn, index| known::known(conn, index, said))
    }

    /// How much is in the book.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self) -> Result<Count, AddressError> {
        self.base.read(|_, index| Ok(Count { communities: u64::try_from(index.len()).unwrap_or(u64::MAX), rooms: index.rooms }))
    }

    /// Replaces the whole book by the rows of a CSV, or leaves it as it was. With `teams`, a row may name only these.
    ///
    /// # Errors
    /// When a row is wrong, all of them counted and the first told; or when the file cannot be read or written.
    pub fn import(&self, csv: impl std::io::Read, teams: Option<&[TeamId]>) -> Result<Imported, ImportError> {
        import::import(self.base.path(), csv, teams)
    }

    /// Copies the book as it is now into the new file `into`, also while it is read and replaced; nothing where there is none.
    ///
    /// # Errors
    /// When `into` is there already, or the disk refuses.
    pub fn copy_to(&self, into: &Path) -> Result<(), AddressError> {
        self.base.copy_to(into)
    }

    /// Asks the book from a task, on a thread that may wait; not more than a few at a time.
    ///
    /// # Errors
    /// What the question gives; [`AddressError::Closed`] when the program is closing.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Self) -> Result<T, AddressError> + Send + 'static,
    ) -> Result<T, AddressError> {
        let _permit = self.base.permits.acquire().await.map_err(|_| AddressError::Closed)?;
        let book = self.clone();
        tokio::task::spawn_blocking(move || look(&book)).await.map_err(|_| AddressError::Closed)?
    }
}

#[cfg(test)]
mod tests;
