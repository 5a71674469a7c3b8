//! Recognizes the character between two cells.

use crate::data::own::table::cells::{Cell, is_missing, number};
use crate::data::own::table::source::{Source, collapse};
use std::collections::BTreeMap;

/// The delimiters. Of two that fit equally well, the first wins.
pub(super) const DELIMITERS: [char; 5] = ['\t', ';', ',', '|', ' '];

/// The number of records in which the delimiter is recognized.
const RECORDS: usize = 200;

/// Returns the delimiter that splits a text into rows of the same number of cells, with numbers or names in them.
pub(super) fn recognize(source: &Source<'_>) -> char {
    let (sample, _) = source.sample();
    let mut best = (0.0, ',');
    for delimiter in DELIMITERS {
        let score = match delimiter {
            ' ' => score(source, &collapse(sample), delimiter),
            _ => score(source, sample, delimiter),
        };
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// Returns how well a delimiter fits, from 0 to 1.
fn score(source: &Source<'_>, sample: &str, delimiter: char) -> f64 {
    // For each number of cells: the number of records, and the sum over the records of the mean quality of their cells.
    let mut widths = BTreeMap::<usize, (f64, f64)>::new();
    let mut records = 0.0;
    let mut record = csv::StringRecord::new();
    let mut reader = source.reader(sample, delimiter);
    for _ in 0..RECORDS {
        if !matches!(reader.read_record(&mut record), Ok(true)) {
            break;
        }
        let quality: f64 = record.iter().map(|cell| quality(cell.trim(), delimiter)).sum();
        let (count, sum) = widths.entry(record.len()).or_default();
        *count += 1.0;
        *sum += quality / record.len().max(1) as f64;
        records += 1.0;
    }
    let common = widths.iter().max_by(|(_, (a, _)), (_, (b, _))| a.total_cmp(b));
    match common {
        Some((width, (_, sum))) if *width > 1 => sum / records,
        _ => 0.0,
    }
}

/// Returns how much a text looks like a single cell.
fn quality(cell: &str, delimiter: char) -> f64 {
    let is_value = is_missing(cell)
        || number(cell, '.').is_some()
        || number(cell, ',').is_some()
        || Cell::read(cell, '.') == Cell::Date;
    if is_value {
        1.0
    } else if cell.chars().any(|c| c != delimiter && c != ' ' && DELIMITERS.contains(&c)) {
        0.3
    } else {
        0.9
    }
}

#[cfg(test)]
mod tests {
    use crate::data::own::table::delimiter::*;

    #[test]
    fn delimiters_are_recognized() {
        let cases = [
            ("a,b\n1,2\n3,4", ','),
            ("a;b\n1,5;2,5\n3,5;4,5", ';'),
            ("1,5;2,5\n3,5;4,5", ';'),
            ("a\tb\n1,5\t2\n3\t4", '\t'),
            ("a|b\n1|2\n3|4", '|'),
            (" a   b\n 1   2.5\n10  20", ' '),
            ("1,5 2,5\n3,5 4,5", ' '),
            ("5.1, 3.5, setosa\n4.9, 3.0, setosa", ','),
            ("city,date\nNew York,2025-01-01 10:00\nNew Haven,2025-01-02 10:00", ','),
            ("city,x\n\"Rome; Italy\",1\n\"Paris; France\",2", ','),
            ("x\n1\n2\n3", ','),
            ("", ','),
        ];
        for (text, delimiter) in cases {
            let text = format!("{text}\n");
            let Ok(source) = Source::new(text.as_bytes()) else { continue };
            assert_eq!(recognize(&source), delimiter, "{text}");
        }
    }
}
