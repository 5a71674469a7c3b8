//! Tables of the user: comma-separated values and their relatives, read from a file into a data set.
//!
//! Whatever the user does not choose is recognized: encoding, delimiter, decimal separator, header, the kinds of the columns,
//! the column to predict, and those to predict from. The preview says what was recognized.

mod cells;
mod choice;
mod columns;
mod content;
mod delimiter;
mod layout;
mod rows;
mod scaling;
mod source;
mod stored;
mod words;

pub use scaling::Scaling;
pub use stored::{Table, Target};

use crate::core::data_set::table::{TableOptions, TablePreview};
use crate::core::data_set::{Content, MAX_ROWS};
use crate::data::own::DataFile;
use choice::{Choice, choose};
use columns::Columns;
use content::Values;
use layout::Layout;
use source::Source;

/// Reads a table. The preview has all options that were used. There is no data file if the preview has a problem.
pub fn read(name: &str, bytes: &[u8], options: &TableOptions) -> (TablePreview, Option<DataFile>) {
    let mut preview = TablePreview { options: options.clone(), ..TablePreview::default() };
    let file = fill(&mut preview, name, bytes);
    let file = file.map_err(|problem| preview.problem = Some(problem)).ok();
    (preview, file)
}

/// Reads a table into the preview.
fn fill(preview: &mut TablePreview, name: &str, bytes: &[u8]) -> Result<DataFile, String> {
    let mut source = Source::new(bytes)?;
    let is_known = |delimiter: &char| delimiter::DELIMITERS.contains(delimiter);
    let delimiter = preview
        .options
        .delimiter
        .or(source.declared)
        .filter(is_known)
        .unwrap_or_else(|| delimiter::recognize(&source));
    preview.options.delimiter = Some(delimiter);
    if delimiter == ' ' {
        source.collapse_spaces();
    }
    preview.remarks.append(&mut source.remarks);
    let mut layout = Layout::recognize(&source, delimiter, &preview.options)?;
    preview.options.decimal = Some(layout.decimal);
    preview.options.header = Some(layout.header);
    preview.remarks.append(&mut layout.remarks);

    let Columns { all, rows, counts } = columns::describe(&source, &layout);
    preview.rows = rows;
    preview.n_rows = u32::try_from(counts.rows).unwrap_or(u32::MAX);
    preview.columns = all.iter().map(|column| column.column.clone()).collect();
    if counts.cut {
        preview.remarks.push(format!(
            "The table has more than {} rows, which is the maximum. The first ones are used.",
            words::grouped(MAX_ROWS as usize)
        ));
    }
    preview.remarks.extend(counts.ragged.remark("with too few or too many cells"));
    if counts.unclosed.count > 0 {
        preview.remarks.push(format!(
            "A quotation mark is probably missing in {}: the text after it was read as one cell, and skipped.",
            counts.unclosed.list()
        ));
    }
    let choice = choose(&all, counts.rows, &preview.options);
    let Some(Choice { target, regression, features, remarks, problem }) = &choice else {
        return Err("This table has no columns. Choose another file.".to_owned());
    };
    let name_of = |at: &usize| layout.names.get(*at).cloned().unwrap_or_default();
    let names: Vec<String> = features.iter().map(name_of).collect();
    let target = name_of(target);
    preview.options.target = Some(target.clone());
    preview.options.features = Some(names.clone());
    preview.options.regression = Some(*regression);
    preview.remarks.extend(remarks.iter().cloned());
    if let Some(problem) = counts.problem().or_else(|| problem.clone()) {
        return Err(problem);
    }

    let values = choice.as_ref().map(|choice| Values::read(&source, &layout, choice)).unwrap_or_default();
    preview.n_used = u32::try_from(values.count).unwrap_or(u32::MAX);
    preview.remarks.extend(values.remarks());
    let content = values.into_content(&target)?;
    let structure = Content::Table { features: names, target, classes: content.classes };
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let title = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let (title, file) = (words::clean(title), words::clean(file));
    let title = if title.is_empty() { "Table" } else { &title };
    let remarks = preview.remarks.clone();
    DataFile::new(title, &file, structure, preview.n_used, content.bytes, remarks)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
