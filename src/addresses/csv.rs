//! Reads CSV (RFC 4180) a record at a time, with the line of each, and never more of it than a field may have.

use std::io::BufRead;

/// The most bytes of one field.
pub(super) const FIELD_BYTES_MAX: usize = 1_024;
/// The most fields of one record.
pub(super) const FIELDS_MAX: usize = 64;

/// Why nothing more can be read of a file.
#[derive(Debug)]
pub(super) enum Broken {
    Io(std::io::Error),
    /// A field that is too long; mostly a quote that never closes.
    FieldTooLong {
        line: u64,
    },
    TooManyFields {
        line: u64,
    },
    /// Text after a closing quote, or a quote within a plain field.
    Quote {
        line: u64,
    },
}

/// The fields of a record, as they stand in the file.
pub(super) type Record = Vec<Vec<u8>>;

/// The records of a CSV.
pub(super) struct Records<R> {
    input: R,
    line: u64,
    begun: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// A quote within a quoted field: its end, or the first of two.
    Closing,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, line: 1, begun: false }
    }

    /// The next record's line and fields; `None` at the end. Empty lines are passed over.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Record)>, Broken> {
        loop {
            let line = self.line;
            let Some(fields) = self.record()? else { return Ok(None) };
            if fields.iter().any(|field| !field.is_empty()) {
                return Ok(Some((line, fields)));
            }
        }
    }

    fn byte(&mut self) -> Result<Option<u8>, Broken> {
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Broken::Io(error)),
            };
            let byte = buffer.first().copied();
            if byte.is_some() {
                self.input.consume(1);
            }
            return Ok(byte);
        }
    }

    fn record(&mut self) -> Result<Option<Record>, Broken> {
        let line = self.line;
        let mut fields = Vec::new();
        let mut field = Vec::new();
        let mut state = State::Start;
        let mut any = false;
        loop {
            let byte = self.byte()?;
            if byte == Some(b'\n') {
                self.line += 1;
            }
            any |= byte.is_some();
            state = match (state, byte) {
                (State::Quoted, None) => return Err(Broken::Quote { line }),
                (_, None) | (State::Start | State::Plain | State::Closing, Some(b'\n')) => {
                    if !any {
                        return Ok(None);
                    }
                    fields.push(field);
                    return Ok(Some(fields));
                }
                (State::Start | State::Plain | State::Closing, Some(b',')) => {
                    if fields.len() + 1 >= FIELDS_MAX {
                        return Err(Broken::TooManyFields { line });
                    }
                    fields.push(std::mem::take(&mut field));
                    State::Start
                }
                (State::Quoted, Some(b'"')) | (State::Closing, Some(b'\r' | b' ')) => State::Closing,
                (State::Start, Some(b'"')) if field.is_empty() => State::Quoted,
                (State::Closing, Some(b'"')) => {
                    field.push(b'"');
                    State::Quoted
                }
                (State::Plain | State::Start, Some(b'"')) | (State::Closing, Some(_)) => return Err(Broken::Quote { line }),
                (State::Start | State::Plain, Some(b'\r')) => state,
                // A byte order mark, where one opens the file.
                (State::Start, Some(0xEF)) if !self.begun => self.mark(&mut field)?,
                (State::Start | State::Plain, Some(byte)) => {
                    field.push(byte);
                    State::Plain
                }
                (State::Quoted, Some(byte)) => {
                    field.push(byte);
                    State::Quoted
                }
            };
            self.begun = true;
            if field.len() > FIELD_BYTES_MAX {
                return Err(Broken::FieldTooLong { line });
            }
        }
    }

    fn mark(&mut self, field: &mut Vec<u8>) -> Result<State, Broken> {
        let rest = [self.byte()?, self.byte()?];
        if rest == [Some(0xBB), Some(0xBF)] {
            return Ok(State::Start);
        }
        field.push(0xEF);
        field.extend(rest.into_iter().flatten());
        Ok(State::Plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>)> {
        let mut records = Records::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some((line, fields)) = records.next().unwrap() {
            all.push((line, fields.into_iter().map(|field| String::from_utf8(field).unwrap()).collect()));
        }
        all
    }

    #[test]
    fn fields_come_out_as_they_were_meant() {
        let row = |line, fields: [&str; 2]| (line, fields.map(str::to_owned).to_vec());
        assert_eq!(read("a,b\r\n\r\n1,\"x,\"\"y\"\"\"\n"), [row(1, ["a", "b"]), row(3, ["1", "x,\"y\""])]);
        assert_eq!(read("\u{FEFF}a,\"two\nlines\"\n,end"), [row(1, ["a", "two\nlines"]), row(3, ["", "end"])]);
        assert_eq!(read("\u{FEFF}\"a\",b"), [row(1, ["a", "b"])]);
        assert!(read("").is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_line() {
        let broken = |text: &str| Records::new(text.as_bytes()).next().unwrap_err();
        assert!(matches!(broken("\n\na,\"never closed\n\n"), Broken::Quote { line: 3 }));
        assert!(matches!(broken("a\"b"), Broken::Quote { line: 1 }));
        assert!(matches!(broken("\"a\"b"), Broken::Quote { line: 1 }));
        assert!(matches!(broken(&format!("\"{}", "x".repeat(2_000))), Broken::FieldTooLong { line: 1 }));
        assert!(matches!(broken(&",".repeat(64)), Broken::TooManyFields { line: 1 }));
        assert!(Records::new("x".repeat(FIELD_BYTES_MAX).as_bytes()).next().is_ok());
        assert!(Records::new(",".repeat(FIELDS_MAX - 1).as_bytes()).next().is_ok());
        assert!(Records::new("x".repeat(FIELD_BYTES_MAX + 1).as_bytes()).next().is_err());
    }
}
