//! The choice of the column to predict, and of those to predict from.

use crate::core::data_set::table::{ColumnKind, TableOptions};
use crate::core::data_set::{MAX_CLASSES, MAX_FEATURES};
use crate::core::suggest::nearest;
use crate::data::own::table::columns::Described;
use crate::data::own::table::words::{grouped, name_list};

/// The columns that are used.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// The column to predict.
    pub(super) target: usize,
    /// True if the target is a number, false if its values are classes.
    pub(super) regression: bool,
    /// The columns to predict from.
    pub(super) features: Vec<usize>,
    /// Sentences for the user.
    pub(super) remarks: Vec<String>,
    /// The reason why the columns cannot be used, as a sentence with advice.
    pub(super) problem: Option<String>,
}

/// Returns the columns that the user chose, or those that suit. `None` if no column can be predicted.
pub(super) fn choose(columns: &[Described], n_rows: usize, options: &TableOptions) -> Option<Choice> {
    let mut choice = Choice::default();
    let position = |name: &str| columns.iter().position(|column| column.column.name == name);
    let chosen = options.target.as_deref().and_then(|name| {
        let at = position(name);
        if at.is_none() {
            choice.remarks.push(unknown(name, columns));
        }
        at
    });
    choice.target = chosen.or_else(|| default_target(columns, n_rows))?;
    let target = columns.get(choice.target)?;
    choice.regression = options
        .regression
        .unwrap_or(target.column.kind == ColumnKind::Number && !may_be_classes(target, n_rows));
    choice.problem = target_problem(target, choice.regression);
    match &options.features {
        Some(names) => choose_features(&mut choice, columns, names),
        None => default_features(&mut choice, columns),
    }
    if choice.features.is_empty() && choice.problem.is_none() {
        choice.problem = Some(match &options.features {
            Some(_) => "Choose at least one column to predict from.".to_owned(),
            None if columns.len() == 1 => "This table has only one column. It needs at least one column to predict from and one to predict. If it has more, choose another delimiter.".to_owned(),
            None => format!(
                "There is no column of numbers from which \"{}\" could be predicted. Write values as numbers, or choose another column to predict.",
                target.column.name
            ),
        });
    }
    Some(choice)
}

fn unknown(name: &str, columns: &[Described]) -> String {
    match nearest(name, columns.iter().map(|column| column.column.name.as_str())) {
        Some(similar) => format!("There is no column \"{name}\" now; there is \"{similar}\"."),
        None => format!("There is no column \"{name}\" now."),
    }
}

/// Returns true for numbers that are more likely classes than quantities: few whole ones, each of them in many rows.
fn may_be_classes(column: &Described, n_rows: usize) -> bool {
    let distinct = column.column.distinct as usize;
    column.whole && distinct <= MAX_CLASSES as usize && distinct * distinct <= n_rows
}

/// Returns a column with the name of a target, or the last column if it has classes, or the last other column with
/// classes, or the last column of numbers.
fn default_target(columns: &[Described], n_rows: usize) -> Option<usize> {
    const NAMES: [&str; 8] = ["class", "label", "target", "species", "outcome", "diagnosis", "survived", "y"];
    let all = || columns.iter().enumerate().rev();
    let last =
        |wanted: &dyn Fn(&Described) -> bool| all().find(|(_, column)| wanted(column)).map(|(at, _)| at);
    let is_number = |column: &Described| column.column.kind == ColumnKind::Number;
    let is_text = |column: &Described| column.column.kind == ColumnKind::Text;
    let has_classes = |column: &Described| column.column.kind == ColumnKind::Classes;
    let named = last(&|column| {
        (column.column.kind.is_target() || is_text(column))
            && NAMES.contains(&column.column.name.to_lowercase().as_str())
    });
    let at_end = all()
        .find(|(_, column)| column.column.kind.is_target())
        .filter(|(_, column)| has_classes(column) || may_be_classes(column, n_rows))
        .map(|(at, _)| at);
    let has_features = all().filter(|(_, column)| is_number(column)).count() > 1;
    let number = || {
        last(&|column| has_features && is_number(column) && !column.is_id)
            .or_else(|| last(&|column| has_features && is_number(column)))
    };
    named
        .or(at_end)
        .or_else(|| last(&has_classes))
        .or_else(number)
        // The problem of such a column says more than that no column can be predicted.
        .or_else(|| last(&is_text))
        .or_else(|| last(&|_| true))
}

fn target_problem(target: &Described, regression: bool) -> Option<String> {
    let name = &target.column.name;
    let problem = match target.column.kind {
        ColumnKind::Empty => {
            format!("The column \"{name}\" has no values. Choose another column to predict.")
        }
        ColumnKind::Constant => format!(
            "The column \"{name}\" has the same value in every row, so there is nothing to predict. Choose another column."
        ),
        ColumnKind::Date => format!(
            "The column \"{name}\" has dates, which the lab does not predict. Choose another column, or write the dates as numbers."
        ),
        ColumnKind::Classes | ColumnKind::Text if regression => format!(
            "The column \"{name}\" has texts, so it cannot be predicted as a number. Predict classes, or choose another column."
        ),
        _ => return None,
    };
    Some(problem)
}

fn choose_features(choice: &mut Choice, columns: &[Described], names: &[String]) {
    let mut unusable = None;
    for (at, column) in columns.iter().enumerate().filter(|(_, column)| names.contains(&column.column.name)) {
        // The page sends the former features after a change of the target.
        if at == choice.target {
            continue;
        }
        if column.column.kind.is_feature() {
            choice.features.push(at);
        } else if unusable.is_none() {
            unusable = feature_problem(column);
        }
    }
    let unknown_names = names.iter().filter(|name| columns.iter().all(|column| column.column.name != **name));
    choice.remarks.extend(unknown_names.take(3).map(|name| unknown(name, columns)));
    let count = choice.features.len();
    if count > MAX_FEATURES as usize {
        unusable = Some(format!(
            "{} columns are chosen to predict from; the maximum is {MAX_FEATURES}. Leave some out.",
            grouped(count)
        ));
    }
    choice.problem = choice.problem.take().or(unusable);
}

fn feature_problem(column: &Described) -> Option<String> {
    let name = &column.column.name;
    let problem = match column.column.kind {
        ColumnKind::Number => return None,
        ColumnKind::Classes | ColumnKind::Text => format!(
            "The column \"{name}\" has texts, and the networks read only numbers. Leave it out, or replace the texts by numbers."
        ),
        ColumnKind::Date => format!(
            "The column \"{name}\" has dates, and the networks read only numbers. Leave it out, or write the dates as numbers of days."
        ),
        ColumnKind::Constant => {
            format!(
                "The column \"{name}\" has the same value in every row, so it predicts nothing. Leave it out."
            )
        }
        ColumnKind::Empty => format!("The column \"{name}\" has no values. Leave it out."),
    };
    Some(problem)
}

fn default_features(choice: &mut Choice, columns: &[Described]) {
    let others = || columns.iter().enumerate().filter(|(at, _)| *at != choice.target);
    let names = |wanted: &dyn Fn(&Described) -> bool| -> Vec<&str> {
        others().filter(|(_, column)| wanted(column)).map(|(_, column)| column.column.name.as_str()).collect()
    };
    let numbers = || others().filter(|(_, column)| column.column.kind.is_feature());
    let mut features: Vec<usize> = numbers().filter(|(_, column)| !column.is_id).map(|(at, _)| at).collect();
    let ids = names(&|column| column.is_id);
    let mut remarks = Vec::new();
    if features.is_empty() {
        // A column that counts up is the only input, such as time.
        features = numbers().map(|(at, _)| at).collect();
    } else if !ids.is_empty() {
        remarks.push(format!("Ignored, because it only counts the rows: {}.", name_list(&ids)));
    }
    let reasons: [(&str, &[ColumnKind]); 4] = [
        ("the networks read only numbers, and these are texts", &[ColumnKind::Classes, ColumnKind::Text]),
        ("the networks read only numbers, and these are dates", &[ColumnKind::Date]),
        ("the value is the same in every row", &[ColumnKind::Constant]),
        ("there are no values", &[ColumnKind::Empty]),
    ];
    for (reason, kinds) in reasons {
        let ignored = names(&|column| kinds.contains(&column.column.kind));
        if !ignored.is_empty() {
            remarks.push(format!("Ignored, because {reason}: {}.", name_list(&ignored)));
        }
    }
    if features.len() > MAX_FEATURES as usize {
        remarks.push(format!(
            "{} columns could be predicted from; the first {MAX_FEATURES}, which is the maximum, are chosen.",
            grouped(features.len())
        ));
        features.truncate(MAX_FEATURES as usize);
    }
    choice.features = features;
    choice.remarks.extend(remarks);
    choice.remarks.extend(columns.iter().filter_map(|column| column.remark.clone()).take(3));
}
