//! Prints what was measured as a table, with each target and whether it was met.

use std::time::Duration;

/// A whole number as one with a point; larger ones than any table shows are cut.
pub fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The one in the middle; of an even count the upper.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The middle of the ratios round by round: what the machine did in a round, it did to both.
pub fn median_ratio(ours: &[f64], theirs: &[f64]) -> f64 {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(our, their)| our / their).collect();
    median(&ratios)
}

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// A figure against its target.
pub fn at_most(figure: f64, most: f64) -> String {
    format!("{figure:.2} (≤ {most}: {})", word(figure <= most))
}

/// A figure against its target.
pub fn at_least(figure: f64, least: f64) -> String {
    format!("{figure:.2} (≥ {least}: {})", word(figure >= least))
}

/// A count of what must not happen.
pub fn none(count: u64) -> String {
    format!("{count} ({})", word(count == 0))
}

const fn word(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}

/// Rows under a heading.
pub struct Table {
    title: String,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    pub fn new(title: &str, columns: &[&str]) -> Self {
        let head = columns.iter().map(ToString::to_string).collect();
        Self { title: title.to_owned(), rows: vec![head], notes: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    pub fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }

    /// Prints it as Markdown, aligned.
    pub fn print(&self) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        println!("\n## {}\n", self.title);
        for (index, row) in self.rows.iter().enumerate() {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            println!("| {} |", cells.join(" | "));
            if index == 0 {
                let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                println!("| {} |", rules.join(" | "));
            }
        }
        for note in &self.notes {
            println!("\n{note}");
        }
    }
}
