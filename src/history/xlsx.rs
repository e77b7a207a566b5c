//! Tables as workbooks of Excel: numbers are numbers, and no text becomes a formula, not even where the sheet is saved as CSV later.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::csv::{Cell, Table, neutral};

/// Why a workbook could not be made: the table is too large for a sheet, or its name cannot be one's.
#[derive(Debug, thiserror::Error)]
#[error("the workbook cannot be made: {0}")]
pub struct BadSheet(#[from] XlsxError);

impl Table {
    /// The table as a workbook with one sheet of this name, its head frozen.
    ///
    /// # Errors
    /// When it has more than 1 048 576 rows, or a text is longer than 32 767 characters.
    pub fn to_xlsx(&self, sheet: &str) -> Result<Vec<u8>, BadSheet> {
        let mut book = Workbook::new();
        let page = book.add_worksheet();
        page.set_name(sheet)?.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (column, head) in (0..).zip(&self.header) {
            page.write_string_with_format(0, column, neutral(head), &bold)?;
        }
        for (row, cells) in (1..).zip(&self.rows) {
            for (column, cell) in (0..).zip(cells) {
                match (cell, number(cell)) {
                    (Cell::Empty, _) => continue,
                    (Cell::Number(_), Some(number)) => page.write_number(row, column, number)?,
                    (Cell::Text(text) | Cell::Number(text), _) => page.write_string(row, column, neutral(text))?,
                };
            }
        }
        page.autofit();
        Ok(book.save_to_buffer()?)
    }
}

fn number(cell: &Cell) -> Option<f64> {
    if let Cell::Number(digits) = cell { digits.parse().ok().filter(|number: &f64| number.is_finite()) } else { None }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Data, Reader, Xlsx};

    use super::*;

    const HOSTILE: [&str; 12] = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠a", "{=SUM(1)}"];

    #[test]
    fn numbers_are_numbers_and_no_text_is_a_formula() {
        let hostile = HOSTILE.map(|text| vec![Cell::Text(text.to_owned()), Cell::number(7), Cell::Empty]);
        let mut rows = vec![vec![Cell::Text("供热".to_owned()), Cell::number(0.25), Cell::number(u32::MAX)]];
        rows.extend(hostile);
        let table = Table { header: ["=业务", "n", "m"].map(ToOwned::to_owned).to_vec(), rows };
        let bytes = table.to_xlsx("等候").unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&bytes)).unwrap();
        assert_eq!(book.sheet_names(), ["等候"]);
        assert!(book.worksheet_formula("等候").unwrap().used_cells().next().is_none(), "there is no formula");
        let read = book.worksheet_range("等候").unwrap();
        let at = |row, column| read.get_value((row, column)).cloned().unwrap_or_default();
        assert_eq!((at(0, 0), at(0, 1)), (Data::String("'=业务".to_owned()), Data::String("n".to_owned())));
        assert_eq!(at(1, 0), Data::String("供热".to_owned()));
        assert_eq!((at(1, 1), at(1, 2)), (Data::Float(0.25), Data::Float(f64::from(u32::MAX))));
        for (row, text) in (2..).zip(HOSTILE) {
            let Data::String(told) = at(row, 0) else { panic!("{text:?} became {:?}", at(row, 0)) };
            // A workbook has lines end as XML does; the apostrophe stays before whatever came.
            assert_eq!(told.trim_start_matches('\'').replace('\r', "\n"), text.replace('\r', "\n"));
            assert!(told.starts_with('\'') || text.starts_with('{'), "{told:?}");
            assert_eq!((at(row, 1), at(row, 2)), (Data::Float(7.0), Data::Empty));
        }
    }

    #[test]
    fn the_head_stays_while_the_rest_is_scrolled() {
        let table = Table { header: vec!["day".to_owned()], rows: vec![vec![Cell::Text("2026-11-23".to_owned())]] };
        let bytes = table.to_xlsx("waits").unwrap();
        let mut book = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let sheet = std::io::read_to_string(book.by_name("xl/worksheets/sheet1.xml").unwrap()).unwrap();
        assert!(sheet.contains(r#"<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#), "{sheet}");
    }
}
