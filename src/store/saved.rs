//! A saved state of the hall, packed while it is written down: the whole of its text is never in memory beside the hall.

use std::io::{self, BufWriter, Read as _, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use base64::write::EncoderStringWriter;
use lz4_flex::frame::{FrameDecoder, FrameEncoder};
use serde::Serialize;
use thiserror::Error;

use crate::rank;

/// What packing takes at once, in bytes.
const PIECE_BYTES: usize = 32 << 10;
/// Begins a text that was packed piece by piece; before, the whole was packed as one block.
const PIECEWISE: char = '~';

/// A saved state of the hall, so that a restart need not fold from the first event. A full hall's is a hundred megabytes of text,
/// which Redis would have to load and hand over; packed, it is a tenth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last revision in it.
    pub rev: u64,
    text: String,
    /// Vouches for both. Counted where the text is made: of a full hall's it takes a while.
    sum: String,
}

/// Why a state was not written down, or cannot be read.
#[derive(Debug, Error)]
pub enum SavedError {
    /// It has no text.
    #[error("it cannot be written down: {0}")]
    Unwritable(String),
    /// It is not what was written.
    #[error("it cannot be unpacked")]
    Altered,
}

impl Snapshot {
    /// Writes a state down.
    ///
    /// # Errors
    /// When it has no text.
    pub fn of(rev: u64, state: &impl Serialize) -> Result<Self, SavedError> {
        let unwritable = |error: &dyn std::error::Error| SavedError::Unwritable(error.to_string());
        let out = EncoderStringWriter::from_consumer(String::from(PIECEWISE), &BASE64_STANDARD_NO_PAD);
        let mut pieces = BufWriter::with_capacity(PIECE_BYTES, LetsPass(FrameEncoder::new(out)));
        serde_json::to_writer(&mut pieces, state).map_err(|error| unwritable(&error))?;
        let frame = pieces.into_inner().map_err(|error| unwritable(error.error()))?;
        let text = frame.0.finish().map_err(|error| unwritable(&error))?.into_inner();
        Ok(Self::kept(rev, text))
    }

    /// One that was kept.
    pub(super) fn kept(rev: u64, text: String) -> Self {
        let mut sha = sha1_smol::Sha1::new();
        sha.update(rev.to_string().as_bytes());
        for piece in text.as_bytes().chunks(PIECE_BYTES) {
            rank::let_pass();
            sha.update(piece);
        }
        Self { rev, text, sum: sha.digest().to_string() }
    }

    /// As it is kept.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Vouches for it.
    pub(super) fn sum(&self) -> &str {
        &self.sum
    }

    /// What was written down, as JSON.
    ///
    /// # Errors
    /// When it is not what was written.
    pub fn json(&self) -> Result<String, SavedError> {
        let packed = |text: &str| BASE64_STANDARD_NO_PAD.decode(text).map_err(|_| SavedError::Altered);
        let json = match self.text.strip_prefix(PIECEWISE) {
            Some(text) => {
                // Bytes, because the library's own reading of text fails where a letter lies across two pieces.
                let mut json = Vec::new();
                FrameDecoder::new(&*packed(text)?).read_to_end(&mut json).map_err(|_| SavedError::Altered)?;
                json
            }
            None => lz4_flex::decompress_size_prepended(&packed(&self.text)?).map_err(|_| SavedError::Altered)?,
        };
        String::from_utf8(json).map_err(|_| SavedError::Altered)
    }
}

/// Lets others pass before each piece: a full hall is some hundred of them.
struct LetsPass<W>(W);

impl<W: Write> Write for LetsPass<W> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        rank::let_pass();
        self.0.write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_read_again() {
        let state: Vec<String> = (0..20_000).map(|index| format!("号票 {index}")).collect();
        let saved = Snapshot::of(7, &state).unwrap();
        assert_eq!(saved.json().unwrap(), serde_json::to_string(&state).unwrap());
        assert!(saved.text().len() < saved.json().unwrap().len(), "packed");
    }

    #[test]
    fn what_an_earlier_version_packed_whole_is_read_too() {
        let text = BASE64_STANDARD_NO_PAD.encode(lz4_flex::compress_prepend_size(b"{\"a\":1}"));
        assert_eq!(Snapshot::kept(1, text).json().unwrap(), "{\"a\":1}");
    }

    #[test]
    fn what_is_cut_or_altered_says_so_and_sums_differ() {
        let saved = Snapshot::of(3, &vec!["text"; 100]).unwrap();
        let cut = Snapshot::kept(3, saved.text()[..saved.text().len() / 2].to_owned());
        assert!(cut.json().is_err());
        assert!(Snapshot::kept(3, "~no".to_owned()).json().is_err());
        let later = Snapshot::kept(4, saved.text().to_owned());
        let sums = [saved.sum(), cut.sum(), later.sum()];
        assert!(sums[0] != sums[1] && sums[0] != sums[2]);
    }
}
