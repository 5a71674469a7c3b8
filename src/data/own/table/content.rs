//! The values of the columns that are used: the content of the data file.

use crate::core::data_set::{MAX_CLASSES, MIN_SAMPLES};
use crate::data::own::table::cells::Cell;
use crate::data::own::table::choice::Choice;
use crate::data::own::table::layout::Layout;
use crate::data::own::table::rows::each_row;
use crate::data::own::table::source::Source;
use crate::data::own::table::words::{Lines, count_of, distinct_names, grouped};
use std::borrow::Cow;
use std::collections::HashMap;

/// The values of the rows that can be used.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// The features, row by row.
    features: Vec<f32>,
    /// The numbers to predict.
    numbers: Vec<f32>,
    /// The classes, by their order of appearance.
    labels: Vec<u32>,
    /// The names of the classes and the number of rows of each, by their order of appearance.
    classes: Vec<(String, u32)>,
    /// The number of rows.
    pub(super) count: usize,
    missing: Lines,
    unreadable: Lines,
    huge: Lines,
}

/// The content of a data file.
#[derive(Debug)]
pub(super) struct TableContent {
    pub(super) bytes: Vec<u8>,
    /// The names of the classes in order; empty if numbers are predicted.
    pub(super) classes: Vec<String>,
}

/// The reason for skipping a row.
enum Skip {
    Missing,
    Unreadable,
    Huge,
}

impl Values {
    /// Reads the rows a second time, for the columns that are used.
    pub(super) fn read(source: &Source<'_>, layout: &Layout, choice: &Choice) -> Self {
        let mut values = Self::default();
        let mut indexes = HashMap::<String, u32>::new();
        let number = |cell: &str| match Cell::read(cell.trim(), layout.decimal) {
            Cell::Number(number) => Ok(number),
            Cell::Missing => Err(Skip::Missing),
            Cell::Huge => Err(Skip::Huge),
            Cell::Date | Cell::Text => Err(Skip::Unreadable),
        };
        each_row(source, layout, |record, line| {
            let start = values.features.len();
            let mut read = || {
                for at in &choice.features {
                    values.features.push(number(record.get(*at).unwrap_or_default())? as f32);
                }
                let target = record.get(choice.target).unwrap_or_default().trim();
                if choice.regression {
                    values.numbers.push(number(target)? as f32);
                    return Ok(());
                }
                let name: Cow<'_, str> = match Cell::read(target, layout.decimal) {
                    Cell::Missing => return Err(Skip::Missing),
                    // 1 and 1.0 are the same class.
                    Cell::Number(number) => number_name(number).into(),
                    _ => target.into(),
                };
                let index = match indexes.get(&*name) {
                    Some(index) => *index,
                    None => {
                        let index = values.classes.len() as u32;
                        values.classes.push((name.clone().into_owned(), 0));
                        indexes.insert(name.into_owned(), index);
                        index
                    }
                };
                if let Some((_, count)) = values.classes.get_mut(index as usize) {
                    *count += 1;
                }
                values.labels.push(index);
                Ok(())
            };
            let skipped = match read() {
                Ok(()) => {
                    values.count += 1;
                    return;
                }
                Err(Skip::Missing) => &mut values.missing,
                Err(Skip::Unreadable) => &mut values.unreadable,
                Err(Skip::Huge) => &mut values.huge,
            };
            skipped.add(line);
            values.features.truncate(start);
        });
        values
    }

    /// Returns sentences on the rows that were skipped.
    pub(super) fn remarks(&self) -> Vec<String> {
        let remarks = [
            self.missing.remark("without a value in a column that is used"),
            self.unreadable.remark("with a text where a number is needed"),
            self.huge.remark("with a number too large for 32 bits (above 3.4e38)"),
        ];
        remarks.into_iter().flatten().collect()
    }

    /// Returns the content of the data file.
    ///
    /// # Errors
    ///
    /// Returns a sentence with advice if there are too few rows, or too few or too many classes.
    pub(super) fn into_content(self, target: &str) -> Result<TableContent, String> {
        if self.count < MIN_SAMPLES as usize {
            return Err(format!(
                "Only {} can be used, and a table needs at least {MIN_SAMPLES}. Add rows, fill in missing values, or leave out columns with missing values.",
                count_of(self.count, "row")
            ));
        }
        let mut bytes: Vec<u8> = self.features.iter().flat_map(|value| value.to_le_bytes()).collect();
        if !self.numbers.is_empty() {
            if self.numbers.iter().all(|number| Some(number) == self.numbers.first()) {
                return Err(format!(
                    "The column \"{target}\" has the same number in every row that can be used. Choose another column to predict."
                ));
            }
            bytes.extend(self.numbers.iter().flat_map(|value| value.to_le_bytes()));
            return Ok(TableContent { bytes, classes: Vec::new() });
        }
        self.check_classes(target)?;
        let mut order: Vec<(usize, &str)> =
            self.classes.iter().map(|(name, _)| name.as_str()).enumerate().collect();
        let all_numbers = order.iter().all(|(_, name)| name.parse::<f64>().is_ok());
        order.sort_by(|(_, a), (_, b)| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) if all_numbers => a.total_cmp(&b),
            _ => a.cmp(b),
        });
        let mut ranks = vec![0u8; order.len()];
        for (rank, (index, _)) in order.iter().enumerate() {
            if let Some(place) = ranks.get_mut(*index) {
                *place = rank as u8;
            }
        }
        bytes.extend(self.labels.iter().map(|index| ranks.get(*index as usize).copied().unwrap_or_default()));
        let classes = distinct_names(order.iter().map(|(_, name)| *name), "class");
        Ok(TableContent { bytes, classes })
    }

    fn check_classes(&self, target: &str) -> Result<(), String> {
        let count = self.classes.len();
        if let [(name, _)] = &self.classes[..] {
            return Err(format!(
                "All rows that can be used have the class \"{}\" in the column \"{target}\". A network needs at least two classes: add rows of another one, or choose another column to predict.",
                distinct_names([name.as_str()], "class").concat()
            ));
        }
        if count > MAX_CLASSES as usize {
            let all_numbers = self.classes.iter().all(|(name, _)| name.parse::<f64>().is_ok());
            let advice =
                if all_numbers { "Predict it as a number" } else { "Choose another column to predict" };
            return Err(format!(
                "The column \"{target}\" has {} different values, and the lab takes at most {MAX_CLASSES} classes. {advice}, or combine classes in the file.",
                grouped(count)
            ));
        }
        match self.classes.iter().find(|(_, rows)| *rows < 2) {
            Some((name, _)) => Err(format!(
                "The class \"{}\" in the column \"{target}\" has only one row that can be used. Each class needs two, one to train on and one to test: add rows, or remove the class.",
                distinct_names([name.as_str()], "class").concat()
            )),
            None => Ok(()),
        }
    }
}

/// Returns the name of a class that is a number.
fn number_name(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e15).contains(&size) { format!("{number:e}") } else { number.to_string() }
}
