//! The rows of a table, without its header and without rows that do not fit.

use crate::core::data_set::{MAX_ROWS, MIN_SAMPLES};
use crate::data::own::table::layout::{Layout, contains_rows};
use crate::data::own::table::source::Source;
use crate::data::own::table::words::{Lines, count_of, grouped};

/// The rows of a table that was read.
#[derive(Debug, Default)]
pub(super) struct RowCounts {
    /// The number of rows.
    pub(super) rows: usize,
    /// Rows with too few or too many cells.
    pub(super) ragged: Lines,
    /// Rows over several lines that do not fit, or contain other rows: probably a quotation mark is missing.
    pub(super) unclosed: Lines,
    /// True if the file has more rows than the lab takes.
    pub(super) cut: bool,
}

impl RowCounts {
    /// Returns a sentence with advice if there are too few rows, or most do not fit.
    pub(super) fn problem(&self) -> Option<String> {
        if self.rows < MIN_SAMPLES as usize {
            return Some(format!(
                "This table has {}, and at least {MIN_SAMPLES} are needed. Add rows, or choose another file.",
                count_of(self.rows, "row")
            ));
        }
        let skipped = self.ragged.count + self.unclosed.count;
        (skipped * 2 > self.rows).then(|| {
            format!(
                "{} of the {} have another number of cells than the table has columns. Choose another delimiter, or correct the file.",
                grouped(skipped),
                count_of(self.rows, "row")
            )
        })
    }
}

/// Calls `visit` with each row that fits the columns, and its line in the file.
pub(super) fn each_row(
    source: &Source<'_>,
    layout: &Layout,
    mut visit: impl FnMut(&csv::StringRecord, u64),
) -> RowCounts {
    let mut counts = RowCounts::default();
    let mut skip = layout.skip;
    source.each_record(layout.delimiter, |record, line, has_breaks| {
        if skip > 0 {
            skip -= 1;
            return true;
        }
        // Spreadsheets write empty rows after the last one.
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return true;
        }
        if counts.rows >= MAX_ROWS as usize {
            counts.cut = true;
            return false;
        }
        counts.rows += 1;
        let fits = layout.fits(record);
        if has_breaks
            && (!fits || record.iter().any(|cell| contains_rows(cell, layout.names.len(), layout.delimiter)))
        {
            counts.unclosed.add(line);
        } else if fits {
            visit(record, line);
        } else {
            counts.ragged.add(line);
        }
        true
    });
    counts
}
