//! Tables of reports, and how they are written as CSV that a spreadsheet opens as text and numbers, never as formulas.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// What makes spreadsheets read the bytes as UTF-8.
const BYTE_ORDER_MARK: char = '\u{FEFF}';

/// A table to be written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Text(String),
    /// A number as it is written with digits and a point.
    Number(String),
    /// Nothing is known.
    Empty,
}

impl Cell {
    /// A count or a measure.
    pub(super) fn number(value: impl Copy + ToString) -> Self {
        Self::Number(value.to_string())
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Empty => "",
        }
    }
}

impl Table {
    /// The table as CSV (RFC 4180), with a byte order mark; cells that could be taken for formulas are made plain.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = String::from(BYTE_ORDER_MARK);
        push_row(&mut out, self.header.iter().map(String::as_str));
        for row in &self.rows {
            push_row(&mut out, row.iter().map(Cell::as_str));
        }
        out
    }
}

fn push_row<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_cell(out, cell);
    }
    out.push_str("\r\n");
}

fn push_cell(out: &mut String, cell: &str) {
    let cell = neutral(cell);
    if !cell.contains([',', '"', '\r', '\n', '\'', '\t']) && cell.trim() == cell {
        out.push_str(&cell);
        return;
    }
    out.push('"');
    for c in cell.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

/// A cell's text, with an apostrophe before it where a spreadsheet could take it for a formula: after `=`, `+`, `-`, `@`,
/// a tab or a line break, full-width and small forms too, also behind blanks.
#[must_use]
pub fn neutral(text: &str) -> Cow<'_, str> {
    let hostile = match text.chars().next() {
        Some('\t' | '\r' | '\n') => true,
        Some(_) => text.chars().find(|c| !is_blank(*c)).is_some_and(begins_formula),
        None => false,
    };
    if hostile { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// Blanks, and what takes no room at all.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
}

fn begins_formula(c: char) -> bool {
    matches!(c, '\u{2212}') || std::iter::once(c).nfkc().any(|plain| matches!(plain, '=' | '+' | '-' | '@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for bad in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n1", "＝1", "＋1", "－1", "＠a", "﹦1", "  =1", "\u{200B}=1", "\u{3000}=1"]
        {
            assert_eq!(neutral(bad), format!("'{bad}"), "{bad:?}");
        }
        for good in ["", "供热", "B007", "3", "1.5", "a=b", "2026-11-23"] {
            assert_eq!(neutral(good), good);
        }
    }

    #[test]
    fn cells_keep_their_bounds() {
        let table = Table {
            header: vec!["业务 service".to_owned(), "n".to_owned()],
            rows: vec![
                vec![Cell::Text("a,\"b\"\nc".to_owned()), Cell::number(1)],
                vec![Cell::Text("=HYPERLINK(\"x\")".to_owned()), Cell::Empty],
            ],
        };
        assert_eq!(table.to_csv(), "\u{FEFF}业务 service,n\r\n\"a,\"\"b\"\"\nc\",1\r\n\"'=HYPERLINK(\"\"x\"\")\",\r\n");
    }
}
