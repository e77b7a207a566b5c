//! The numbers of a call as the exchange spells them: kept raw, compared in one form, never told to a log.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::phone::{AreaCode, Phone};

/// A number as it came from an exchange, whether or not it can be understood. Its `Debug` text is masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dialled(Arc<str>);

impl Dialled {
    /// The number as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number in the form in which two spellings of it are equal; none where it is withheld or no number.
    #[must_use]
    pub fn key(&self) -> Option<Self> {
        number_key(&self.0)
    }

    /// The number with the town's area code before it, where it is a bare local one.
    #[must_use]
    pub fn with_area(&self, area: &AreaCode) -> Option<Self> {
        let number = |area| Phone::read(&self.0, area).ok().flatten().map(|phone| Self::from(phone.number()));
        number(Some(area)).filter(|full| number(None).as_ref() != Some(full))
    }

    /// The number with its middle hidden; what is no number is hidden altogether.
    #[must_use]
    pub fn masked(&self) -> String {
        Phone::read(&self.0, None).ok().flatten().map_or_else(|| "***".to_owned(), |phone| phone.masked())
    }
}

impl From<&str> for Dialled {
    fn from(raw: &str) -> Self {
        Self(Arc::from(raw))
    }
}

impl From<Arc<str>> for Dialled {
    fn from(raw: Arc<str>) -> Self {
        Self(raw)
    }
}

impl fmt::Debug for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dialled({})", self.masked())
    }
}

/// A number in the form in which two spellings of it are equal; none where it is withheld or no number.
#[must_use]
pub fn number_key(raw: &str) -> Option<Dialled> {
    Phone::read(raw, None).ok().flatten().map(|phone| Dialled::from(phone.number()))
}
