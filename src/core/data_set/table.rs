//! The options for reading a table, and the preview that the page shows before the table is used.

use serde::{Deserialize, Serialize};

/// The options for reading a table. Whatever is `None` is recognized.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TableOptions {
    /// The character between two cells: a comma, a semicolon, a tab, a space or a bar.
    pub delimiter: Option<char>,
    /// The decimal separator: a point or a comma.
    pub decimal: Option<char>,
    /// True if the first row has the names of the columns.
    pub header: Option<bool>,
    /// The name of the column to predict. Without a choice: the last column that can be predicted.
    pub target: Option<String>,
    /// The names of the columns to predict from. Without a choice: all others that can be used.
    pub features: Option<Vec<String>>,
    /// True if the target is a number to predict, false if its values are classes.
    pub regression: Option<bool>,
}

/// A table as it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TablePreview {
    /// The options that were used: all are set, as far as the table could be read.
    pub options: TableOptions,
    /// The columns, in the order of the file.
    pub columns: Vec<Column>,
    /// The first rows, as texts.
    pub rows: Vec<Vec<String>>,
    /// The number of rows, without the header.
    pub n_rows: u32,
    /// The number of rows that are used.
    pub n_used: u32,
    /// Sentences on what was skipped, replaced or assumed.
    pub remarks: Vec<String>,
    /// The reason why the table cannot be used, as a sentence with advice.
    pub problem: Option<String>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name: from the header, or `column 1`. Equal names get a number.
    pub name: String,
    /// The kind of its values.
    pub kind: ColumnKind,
    /// The number of rows without a value.
    pub missing: u32,
    /// The number of different values, at most 1,000.
    pub distinct: u32,
    /// The minimum and the maximum of its numbers.
    pub range: Option<(f64, f64)>,
}

/// The kind of the values in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// Numbers. They may be a feature or a target, and, if there are few different ones, classes.
    Number,
    /// A few different texts, which may be classes.
    Classes,
    /// Dates, which are neither.
    Date,
    /// Too many different texts for classes, such as names.
    Text,
    /// The same value in every row, which tells nothing.
    Constant,
    /// No values.
    Empty,
}

impl ColumnKind {
    /// Returns true if a column of this kind may be a feature.
    pub const fn is_feature(self) -> bool {
        matches!(self, Self::Number)
    }

    /// Returns true if a column of this kind may be predicted.
    pub const fn is_target(self) -> bool {
        matches!(self, Self::Number | Self::Classes)
    }
}
