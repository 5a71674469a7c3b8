//! The columns of a table: what kind of values they have.

use crate::core::data_set::MAX_CLASSES;
use crate::core::data_set::table::{Column, ColumnKind};
use crate::data::own::table::cells::Cell;
use crate::data::own::table::layout::Layout;
use crate::data::own::table::rows::{RowCounts, each_row};
use crate::data::own::table::source::Source;
use crate::data::own::table::words::{clean, grouped};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The maximum number of different values that are counted.
const MAX_DISTINCT: usize = 1000;
/// The number of rows in a preview.
const PREVIEW: usize = 8;

/// A column, with what is only needed to choose the target and the features.
#[derive(Debug)]
pub(super) struct Described {
    /// The column as the page shows it.
    pub(super) column: Column,
    /// True if all numbers are whole.
    pub(super) whole: bool,
    /// True if the column counts the rows.
    pub(super) is_id: bool,
    /// A sentence on a column of texts that has many numbers.
    pub(super) remark: Option<String>,
}

/// The columns of a table, its first rows, and the number of rows.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) all: Vec<Described>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) counts: RowCounts,
}

/// Reads all rows once, and describes the columns.
pub(super) fn describe(source: &Source<'_>, layout: &Layout) -> Columns {
    let mut statistics: Vec<Statistics> = layout.names.iter().map(|_| Statistics::default()).collect();
    let mut rows = Vec::new();
    let counts = each_row(source, layout, |record, _| {
        if rows.len() < PREVIEW {
            rows.push(record.iter().take(layout.names.len()).map(clean).collect());
        }
        for (column, cell) in statistics.iter_mut().zip(record) {
            column.add(cell.trim(), layout.decimal);
        }
    });
    let all = statistics.into_iter().zip(&layout.names).map(|(column, name)| column.describe(name)).collect();
    Columns { all, rows, counts }
}

/// The values of a column so far.
#[derive(Debug, Default)]
struct Statistics {
    missing: usize,
    numbers: usize,
    dates: usize,
    texts: usize,
    /// Hashes of the different values.
    distinct: HashSet<u64>,
    range: Option<(f64, f64)>,
    has_fractions: bool,
    /// The last number.
    last: Option<f64>,
    /// True if a number does not follow the one before it in steps of 1.
    jumps: bool,
    /// True if a number is not larger than the one before it.
    falls: bool,
    /// The first text.
    example: Option<String>,
}

impl Statistics {
    fn add(&mut self, cell: &str, decimal: char) {
        let value = Cell::read(cell, decimal);
        match value {
            Cell::Missing => {
                self.missing += 1;
                return;
            }
            Cell::Number(number) => {
                self.numbers += 1;
                let (min, max) = self.range.unwrap_or((number, number));
                self.range = Some((min.min(number), max.max(number)));
                self.has_fractions |= number.fract() != 0.0;
                if let Some(last) = self.last.replace(number) {
                    self.jumps |= number != last + 1.0;
                    self.falls |= number <= last;
                }
            }
            Cell::Huge => self.numbers += 1,
            Cell::Date => self.dates += 1,
            Cell::Text => {
                self.texts += 1;
                if self.example.is_none() {
                    self.example = Some(clean(cell));
                }
            }
        }
        if self.distinct.len() < MAX_DISTINCT {
            self.distinct.insert(match value {
                Cell::Number(number) => number.to_bits(),
                _ => {
                    let mut hasher = DefaultHasher::new();
                    cell.hash(&mut hasher);
                    hasher.finish()
                }
            });
        }
    }

    fn describe(self, name: &str) -> Described {
        let distinct = self.distinct.len();
        let values = self.numbers + self.dates + self.texts;
        // A few texts in a column of numbers are mistakes, and their rows are skipped.
        let kind = match distinct {
            0 => ColumnKind::Empty,
            1 => ColumnKind::Constant,
            _ if self.numbers * 10 >= values * 9 => ColumnKind::Number,
            _ if self.dates * 10 >= values * 9 => ColumnKind::Date,
            _ if distinct <= MAX_CLASSES as usize && distinct < values => ColumnKind::Classes,
            _ => ColumnKind::Text,
        };
        let is_number = kind == ColumnKind::Number;
        let has_id_name = matches!(
            name.to_lowercase().as_str(),
            "id" | "index" | "row" | "nr" | "no" | "no." | "#" | "unnamed: 0"
        );
        let mixed = !is_number && distinct > 1 && self.numbers * 2 >= values;
        let remark = self.example.filter(|_| mixed).map(|example| {
            format!(
                "{} of the {} values in \"{name}\" are not numbers, such as \"{example}\", so the column counts as text. \
                 Change the decimal separator, or remove units from the file.",
                grouped(values - self.numbers),
                grouped(values)
            )
        });
        let is_id = is_number
            && self.numbers == values
            && values > 2
            && !self.has_fractions
            && (!self.jumps || has_id_name && !self.falls);
        let column = Column {
            name: name.to_owned(),
            kind,
            missing: u32::try_from(self.missing).unwrap_or(u32::MAX),
            distinct: distinct as u32,
            range: self.range,
        };
        Described { column, whole: is_number && !self.has_fractions, is_id, remark }
    }
}
