//! Recognizes the number of columns, their names and the decimal separator of a table.

use crate::core::data_set::table::TableOptions;
use crate::data::own::table::cells::{Cell, number};
use crate::data::own::table::source::Source;
use crate::data::own::table::words::{count_of, distinct_names, grouped};
use std::collections::{BTreeMap, HashSet};

/// The maximum number of columns, with those that are not used.
const MAX_COLUMNS: usize = 1000;

/// The layout of a table.
#[derive(Debug)]
pub(super) struct Layout {
    /// The character between two cells.
    pub(super) delimiter: char,
    /// The decimal separator.
    pub(super) decimal: char,
    /// True if the names come from the file.
    pub(super) header: bool,
    /// The names of the columns.
    pub(super) names: Vec<String>,
    /// The number of records before the first row.
    pub(super) skip: usize,
    /// Sentences for the user.
    pub(super) remarks: Vec<String>,
}

impl Layout {
    /// Recognizes the layout; `options` come first.
    ///
    /// # Errors
    ///
    /// Returns a sentence with advice if there is no table.
    pub(super) fn recognize(
        source: &Source<'_>,
        delimiter: char,
        options: &TableOptions,
    ) -> Result<Self, String> {
        let sample = sample(source, delimiter);
        let width = width(&sample);
        if width == 0 {
            return Err("This file has no rows with values. Choose a file with a table.".to_owned());
        }
        if width > MAX_COLUMNS {
            return Err(format!(
                "This table has {} columns; the maximum is {}. Save the columns that you need in a new file.",
                grouped(width),
                grouped(MAX_COLUMNS)
            ));
        }
        let short_header = sample.first().filter(|first| is_short_header(first, &sample, width));
        let start = match short_header {
            Some(_) => 0,
            None => sample.iter().position(|row| !is_blank(row) && fits(row, width)).unwrap_or(0),
        };
        let [first, rows @ ..] = sample.get(start..).unwrap_or_default() else {
            return Err("This file has no rows with values. Choose a file with a table.".to_owned());
        };
        if first.iter().any(|cell| contains_rows(cell, width, delimiter)) {
            return Err("A quotation mark is probably missing in the first row, because one of its cells contains other rows. Correct the file.".to_owned());
        }
        let rows: Vec<&Vec<String>> = rows.iter().filter(|row| !is_blank(row) && fits(row, width)).collect();
        let mut remarks = Vec::new();
        let chosen = options.decimal.filter(|decimal| matches!(decimal, '.' | ','));
        let decimal = chosen.unwrap_or_else(|| decimal(&rows, delimiter, &mut remarks));
        let before = sample.iter().take(start).filter(|row| !is_blank(row)).count();
        if before > 0 {
            remarks.push(format!(
                "{} before the table {} skipped.",
                count_of(before, "row"),
                if before == 1 { "was" } else { "were" }
            ));
        }
        let first: Vec<&str> = match short_header {
            Some(names) => std::iter::once("").chain(names.iter().map(String::as_str)).collect(),
            None => first.iter().take(width).map(String::as_str).collect(),
        };
        let recognized = short_header.is_some() || is_header(&first, &rows, decimal);
        let comment = comment_names(source, delimiter, width).filter(|_| !recognized);
        let header = options.header.unwrap_or(recognized || comment.is_some());
        let nameless = vec![""; width];
        let (names, skip) = match &comment {
            _ if !header => (nameless, start),
            Some(names) => (names.iter().map(String::as_str).collect(), start),
            None => (first, start + 1),
        };
        let names = distinct_names(names, "column");
        Ok(Self { delimiter, decimal, header, names, skip, remarks })
    }

    /// Returns true if a record has a cell for each column.
    pub(super) fn fits(&self, record: &csv::StringRecord) -> bool {
        let width = self.names.len();
        record.len() == width
            || record.len() > width && record.iter().skip(width).all(|cell| cell.trim().is_empty())
    }
}

fn sample(source: &Source<'_>, delimiter: char) -> Vec<Vec<String>> {
    let (text, whole) = source.sample();
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    let mut reader = source.reader(text, delimiter);
    while matches!(reader.read_record(&mut record), Ok(true)) {
        rows.push(record.iter().map(|cell| cell.trim().to_owned()).collect());
    }
    // The sample may end in the middle of a quoted cell.
    if !whole && rows.len() > 1 {
        rows.pop();
    }
    rows
}

fn is_blank(row: &[String]) -> bool {
    row.iter().all(String::is_empty)
}

fn fits(row: &[String], width: usize) -> bool {
    row.get(width..).is_some_and(is_blank)
}

/// Returns true for a cell over several lines that look like rows.
pub(super) fn contains_rows(cell: &str, width: usize, delimiter: char) -> bool {
    let mut lines = cell.lines().skip(1).filter(|line| line.matches(delimiter).count() + 1 == width);
    // A sentence may have a comma.
    lines.nth(if width > 2 { 0 } else { 2 }).is_some()
}

/// Returns the number of columns: the most frequent number of cells, without empty columns at the end.
fn width(sample: &[Vec<String>]) -> usize {
    let mut widths = BTreeMap::<usize, usize>::new();
    for row in sample.iter().filter(|row| !is_blank(row)) {
        *widths.entry(row.len()).or_default() += 1;
    }
    let common = widths.into_iter().max_by_key(|(_, count)| *count).map_or(0, |(width, _)| width);
    let used = |row: &Vec<String>| row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1);
    sample.iter().filter(|row| row.len() == common).map(used).max().unwrap_or(0)
}

/// Returns true for a header without a name for the first column, as R writes it.
fn is_short_header(first: &[String], sample: &[Vec<String>], width: usize) -> bool {
    let rows = sample.get(1..).unwrap_or_default();
    width > 2
        && first.len() + 1 == width
        && first.iter().all(|cell| Cell::read(cell, '.') == Cell::Text)
        && rows.iter().any(|row| !is_blank(row))
        && rows.iter().all(|row| row.len() != first.len())
}

/// Returns the decimal separator of the numbers in a sample.
fn decimal(rows: &[&Vec<String>], delimiter: char, remarks: &mut Vec<String>) -> char {
    let (mut point, mut comma) = (0, 0);
    // Numbers such as 1.234 and 1,234, which have either a fraction or thousands.
    let (mut points, mut commas) = (None, None);
    for cell in rows.iter().flat_map(|row| row.iter()).filter(|cell| cell.contains(['.', ','])) {
        match (number(cell, '.').is_some(), number(cell, ',').is_some()) {
            (true, true) if cell.contains('.') => points = points.or(Some(cell)),
            (true, true) => commas = commas.or(Some(cell)),
            (true, false) => point += 1,
            (false, true) => comma += 1,
            (false, false) => {}
        }
    }
    if point != comma {
        return if comma > point { ',' } else { '.' };
    }
    let (decimal, unclear) = match (points, commas) {
        (None, Some(cell)) if delimiter != ',' => (',', Some(cell)),
        (points, commas) => ('.', points.or(commas)),
    };
    if let Some(cell) = unclear {
        let word = if decimal == ',' { "comma" } else { "point" };
        remarks.push(format!(
            "{cell} and similar numbers were read with a decimal {word}. Change the decimal separator if that is wrong."
        ));
    }
    decimal
}

/// Returns true if the first row has names: texts above numbers, or texts that do not occur again.
fn is_header(first: &[&str], rows: &[&Vec<String>], decimal: char) -> bool {
    if rows.is_empty() {
        return first.iter().all(|cell| Cell::read(cell, decimal) == Cell::Text);
    }
    let mut votes = 0i32;
    for (j, name) in first.iter().enumerate() {
        let cells = || rows.iter().filter_map(|row| row.get(j)).map(|cell| (cell, Cell::read(cell, decimal)));
        let values = cells().filter(|(_, value)| *value != Cell::Missing).count();
        let texts = cells().filter(|(_, value)| *value == Cell::Text).count();
        if values == 0 {
            continue;
        }
        votes += if texts * 10 <= values {
            match Cell::read(name, decimal) {
                Cell::Text => 2,
                Cell::Missing => 0,
                _ => -2,
            }
        } else if cells().any(|(cell, _)| cell == name) {
            -1
        } else {
            let distinct: HashSet<&String> = cells().map(|(cell, _)| cell).collect();
            i32::from(distinct.len() < values)
        };
    }
    votes > 0
}

/// Returns the names of the columns in a comment before the table.
fn comment_names(source: &Source<'_>, delimiter: char, width: usize) -> Option<Vec<String>> {
    let line = source.comment_header()?;
    let mut record = csv::StringRecord::new();
    let is_first_name = delimiter != ' ' && line.starts_with(delimiter);
    let line = if delimiter == ' ' { line.trim() } else { line };
    source.reader(line, delimiter).read_record(&mut record).ok()?;
    let mut names: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
    // A column may be called `#`.
    if let Some(first) = names.first_mut().filter(|_| is_first_name) {
        "#".clone_into(first);
    }
    let are_names = names.iter().all(|name| Cell::read(name, '.') == Cell::Text);
    (width > 1 && names.len() == width && are_names).then_some(names)
}
