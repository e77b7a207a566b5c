//! Takes the answers of the journal's scripts apart, and says so when one is not what was written.

use redis::Value;

use super::JournalError;

/// The items of a list answer, in order.
pub(super) struct Items {
    items: std::vec::IntoIter<Value>,
}

impl Items {
    pub(super) fn of(value: Value) -> Result<Self, JournalError> {
        list(value).map(|items| Self { items: items.into_iter() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.as_slice().is_empty()
    }

    pub(super) fn value(&mut self) -> Result<Value, JournalError> {
        self.items.next().ok_or_else(|| unreadable("an answer is too short"))
    }

    pub(super) fn text_or_nil(&mut self) -> Result<Option<String>, JournalError> {
        text_or_nil(self.value()?)
    }

    pub(super) fn text(&mut self) -> Result<String, JournalError> {
        self.text_or_nil()?.ok_or_else(|| unreadable("a field is missing"))
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, JournalError> {
        bytes_or_nil(self.value()?)?.ok_or_else(|| unreadable("a field is missing"))
    }

    pub(super) fn number(&mut self) -> Result<u64, JournalError> {
        number(&self.text()?)
    }
}

/// One entry of the stream as it stands there, not yet proven.
pub(super) struct Row {
    pub(super) rev: u64,
    pub(super) json: String,
    pub(super) hash: String,
}

/// The answer of `XRANGE`.
pub(super) fn rows(value: Value) -> Result<Vec<Row>, JournalError> {
    list(value)?.into_iter().map(row).collect()
}

/// The answer of `XREAD` on one stream; empty when nothing came.
pub(super) fn stream(value: Value) -> Result<Vec<Row>, JournalError> {
    if matches!(value, Value::Nil) {
        return Ok(Vec::new());
    }
    if let Value::Map(streams) = value {
        return streams.into_iter().next().map_or_else(|| Ok(Vec::new()), |(_, entries)| rows(entries));
    }
    let mut first = Items::of(Items::of(value)?.value()?)?;
    let _name = first.value()?;
    rows(first.value()?)
}

pub(super) fn text_or_nil(value: Value) -> Result<Option<String>, JournalError> {
    let text = |bytes| String::from_utf8(bytes).map_err(|_| unreadable("a text is not UTF-8"));
    bytes_or_nil(value)?.map(text).transpose()
}

pub(super) fn bytes_or_nil(value: Value) -> Result<Option<Vec<u8>>, JournalError> {
    if matches!(value, Value::Nil) {
        return Ok(None);
    }
    if let Value::BulkString(bytes) = value {
        return Ok(Some(bytes));
    }
    if let Value::SimpleString(text) = value { Ok(Some(text.into_bytes())) } else { Err(unreadable("a field is not a text")) }
}

pub(super) fn number(text: &str) -> Result<u64, JournalError> {
    text.parse().map_err(|_| unreadable("a revision is not a number"))
}

fn list(value: Value) -> Result<Vec<Value>, JournalError> {
    if let Value::Array(items) = value { Ok(items) } else { Err(unreadable("an answer is not a list")) }
}

fn row(value: Value) -> Result<Row, JournalError> {
    let mut items = Items::of(value)?;
    let id = items.text()?;
    let rev = id.strip_suffix("-0").ok_or_else(|| unreadable("an event has a foreign id"))?;
    let rev = number(rev)?;
    let mut fields = Items::of(items.value()?)?;
    let mut row = Row { rev, json: String::new(), hash: String::new() };
    while !fields.is_empty() {
        let name = fields.text()?;
        let value = fields.text()?;
        match name.as_str() {
            "event" => row.json = value,
            "h" => row.hash = value,
            _ => return Err(unreadable("an event has a foreign field")),
        }
    }
    Ok(row)
}

fn unreadable(what: &str) -> JournalError {
    JournalError::Unsafe(format!("it holds something this program did not write: {what}"))
}
