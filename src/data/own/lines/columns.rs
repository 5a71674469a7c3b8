//! Finds the text and the label in the rows of a file.

use super::rows::{EXAMPLE, Rows};
use crate::core::data_set::MAX_CLASSES;
use crate::core::data_set::request::LineOptions;
use std::collections::{BTreeMap, BTreeSet};

/// Usual names of columns with texts and with labels.
const TEXT_NAMES: &[&str] = &[
    "text", "sentence", "review", "line", "message", "content", "tweet", "comment", "phrase", "body",
    "title", "name",
];
const LABEL_NAMES: &[&str] = &[
    "label",
    "labels",
    "class",
    "sentiment",
    "category",
    "target",
    "y",
    "polarity",
    "score",
    "rating",
    "type",
    "language",
];

/// The maximum number of values that are counted in a column.
const MAX_VALUES: usize = 1000;
/// The maximum length of the name of a column, in characters.
const MAX_NAME: usize = 40;

/// Texts with their labels.
#[derive(Debug, Default)]
pub(super) struct Labeled {
    /// Texts and labels; neither is empty.
    pub pairs: Vec<(String, String)>,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The name of the column with the text.
    pub text_name: String,
    /// The name of the column with the label.
    pub label_name: String,
    /// The number of rows without a text or a label.
    pub skipped: usize,
    /// Sentences on what was assumed.
    pub remarks: Vec<String>,
}

/// Finds the columns of texts and labels: those that the options name, those with usual names, or the column with the fewest
/// different values and the one with the longest texts.
///
/// # Errors
///
/// Returns a sentence for the user if there are no labels.
pub(super) fn label(rows: Rows, options: &LineOptions) -> Result<Labeled, String> {
    let Rows { mut rows, delimiter, is_labeled, .. } = rows;
    let mut remarks = Vec::new();
    let is_named = |field: &String, names: &[&str]| names.contains(&field.trim().to_lowercase().as_str());
    let has_names = !is_labeled
        && rows.first().is_some_and(|row| {
            let known = |names| row.iter().any(|field| is_named(field, names));
            row.len() > 1
                && (known(TEXT_NAMES) && known(LABEL_NAMES) || known(LABEL_NAMES) && is_new(row, &rows))
        });
    let header = (has_names || !is_labeled && first_is_header(&rows)).then(|| rows.remove(0));
    let n_columns = header.as_ref().map_or_else(|| usual_len(&rows), Vec::len);
    let names = names(header.as_deref(), n_columns);
    if n_columns < 2 || rows.is_empty() {
        return Err(format!("There are no lines with a text and a label. {EXAMPLE}"));
    }
    let by_name =
        |name: &Option<String>| name.as_ref().and_then(|name| names.iter().position(|known| known == name));
    let by_words =
        |words: &[&str]| header.as_ref().and_then(|row| row.iter().position(|name| is_named(name, words)));
    let (asked_text, asked_label) = (by_name(&options.text), by_name(&options.label));
    let is_ragged = rows.iter().any(|row| row.len() > n_columns);
    // With more fields than columns, only the text may contain the delimiter; its fields are joined.
    let columns = |text: usize| Columns::new(&rows, n_columns, text, delimiter);
    let text_or = |label: usize| {
        let named = by_words(TEXT_NAMES).filter(|text| *text != label);
        named.unwrap_or_else(|| columns(label_neighbor(label, n_columns)).longest(label))
    };
    let label = match (asked_label, asked_text) {
        (Some(label), _) => label,
        (None, text) => {
            let named = by_words(LABEL_NAMES).filter(|label| Some(*label) != text);
            named.unwrap_or_else(|| {
                let texts: Vec<usize> = match text {
                    Some(text) => vec![text],
                    // The last column is tried first, so it wins if two are alike.
                    None if is_ragged => vec![0, n_columns - 1],
                    None => vec![0],
                };
                let found = texts.into_iter().filter_map(|at| {
                    columns(at).fewest(|column| text != Some(column) && !(is_ragged && column == at))
                });
                found.min_by_key(|(n, _)| *n).map_or(n_columns - 1, |(_, column)| column)
            })
        }
    };
    let text = asked_text.filter(|text| *text != label).unwrap_or_else(|| text_or(label));
    let table = columns(text);
    let mut pairs = Vec::with_capacity(rows.len());
    for row in &table.rows {
        let field = |at: usize| row.get(at).map(|field| field.trim()).filter(|field| !field.is_empty());
        pairs.extend(field(text).zip(field(label)).map(|(text, label)| (text.to_owned(), label.to_owned())));
    }
    let skipped = rows.len() - pairs.len();
    let name = |at: usize| names.get(at).cloned().unwrap_or_default();
    if header.is_some() {
        remarks.push("The first line has the names of the columns.".to_owned());
    }
    let (text_name, label_name) = (name(text), name(label));
    Ok(Labeled { pairs, columns: names, text_name, label_name, skipped, remarks })
}

/// Returns a column next to the label, which may be the text.
fn label_neighbor(label: usize, n_columns: usize) -> usize {
    if label == 0 { n_columns.saturating_sub(1) } else { 0 }
}

/// The rows with the fields of a text put together, so that all have the same number of fields. Rows with fewer fields are
/// left out.
struct Columns {
    rows: Vec<Vec<String>>,
    n: usize,
}

impl Columns {
    fn new(rows: &[Vec<String>], n: usize, text: usize, delimiter: char) -> Self {
        let fit = |row: &Vec<String>| {
            let extra = row.len().checked_sub(n)?;
            let (before, rest) = row.split_at_checked(text)?;
            let (joined, after) = rest.split_at_checked(extra + 1)?;
            let space = if delimiter == ' ' { "" } else { " " };
            let joined = joined.join(&format!("{delimiter}{space}"));
            Some(before.iter().chain([&joined]).chain(after).cloned().collect())
        };
        Self { rows: rows.iter().filter_map(fit).collect(), n }
    }

    /// Returns the number of different values of a column, at most [`MAX_VALUES`].
    fn distinct(&self, column: usize) -> usize {
        let mut values = BTreeSet::new();
        for row in &self.rows {
            values.extend(row.get(column).map(|field| field.trim()).filter(|field| !field.is_empty()));
            if values.len() >= MAX_VALUES {
                break;
            }
        }
        values.len()
    }

    /// Returns the column whose values may be classes, with the number of its different values: it has the fewest, and they
    /// repeat. Of equal ones it is the one with shorter values, then the last.
    fn fewest(&self, may_be: impl Fn(usize) -> bool) -> Option<(usize, usize)> {
        let columns = (0..self.n).rev().filter(|column| may_be(*column));
        let counted: Vec<_> =
            columns.map(|column| ((self.distinct(column), self.length(column)), column)).collect();
        let repeats = |n: usize| n * 2 <= self.rows.len();
        let several =
            counted.iter().filter(|((n, _), _)| (2..=MAX_CLASSES as usize).contains(n) && repeats(*n));
        let found =
            several.min_by_key(|(key, _)| *key).or_else(|| counted.iter().min_by_key(|(key, _)| *key))?;
        Some((found.0.0, found.1))
    }

    /// Returns the number of bytes in a column.
    fn length(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter_map(|row| row.get(column))
            .fold(0, |sum, field| sum.saturating_add(field.len()))
    }

    /// Returns the column with the longest fields, other than the label.
    fn longest(&self, label: usize) -> usize {
        (0..self.n)
            .filter(|column| *column != label)
            .max_by_key(|column| self.length(*column))
            .unwrap_or_default()
    }
}

/// Returns the number of fields of at least nine in ten rows, or 2 if their numbers differ: then texts contain the delimiter.
fn usual_len(rows: &[Vec<String>]) -> usize {
    let mut counts = BTreeMap::<usize, usize>::new();
    for row in rows {
        *counts.entry(row.len()).or_default() += 1;
    }
    let usual = counts.iter().max_by_key(|(_, n)| **n);
    usual.filter(|(_, n)| **n * 10 >= rows.len() * 9).map_or(2, |(len, _)| (*len).max(2))
}

/// Returns true if the first row is unlike all others: none of its fields occurs below it, although one of the columns has only a
/// few different values, which repeat.
fn first_is_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else { return false };
    if rest.len() < 8 || rest.iter().any(|row| row.len() != first.len()) {
        return false;
    }
    let mut has_classes = false;
    for (column, name) in first.iter().enumerate() {
        let mut counts = BTreeMap::<&str, usize>::new();
        for row in rest {
            *counts.entry(row.get(column).map_or("", String::as_str)).or_default() += 1;
        }
        if counts.contains_key(name.as_str()) {
            return false;
        }
        has_classes |= (2..=MAX_CLASSES as usize).contains(&counts.len()) && counts.values().all(|n| *n > 1);
    }
    has_classes
}

/// Returns true if no other row has the last or the first field of this row.
fn is_new(row: &[String], rows: &[Vec<String>]) -> bool {
    let others = || rows.iter().skip(1);
    others().all(|other| other.last() != row.last()) || others().all(|other| other.first() != row.first())
}

/// Returns the names of columns. Equal names and empty ones get numbers.
fn names(header: Option<&[String]>, n: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(n);
    for at in 0..n {
        let own: String = header
            .and_then(|row| row.get(at))
            .map_or_else(String::new, |name| name.trim().chars().take(MAX_NAME).collect());
        let mut name = if own.is_empty() { format!("column {}", at + 1) } else { own.clone() };
        while names.contains(&name) {
            name.push_str(&format!(" ({})", at + 1));
        }
        names.push(name);
    }
    names
}
