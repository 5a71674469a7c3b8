//! Tables: CSV and TSV files, and cells of a spreadsheet.

use crate::client::{NamedBlob, use_data_sets};
use crate::core::data_set::table::{Column, ColumnKind, TableOptions, TablePreview};
use crate::core::data_set::{DataAnswer, DataKind, DataRequest, MAX_FEATURES};
use crate::panel::own_data::card::opened;
use crate::panel::own_data::importer::{ImportProps, Importer, Words};
use crate::panel::own_data::parts::{count, grouped, menu, scrolled, sentences};
use web_sys::HtmlInputElement;
use yew::prelude::*;

const WORDS: Words = Words {
    hook: "table",
    kind: DataKind::Table,
    open: ["Open a table", "Open another table"],
    help: "A CSV or TSV file with one row per example: numbers to predict from, and a class or a number to predict.",
    choose: "Choose a file…",
    accept: ".csv,.tsv,.tab,.txt,.dat,.nnlab,text/*",
    is_single: true,
    paste: Some(["Or paste cells of a spreadsheet", "Read these cells", "read-paste"]),
    apply: "Use this table",
};

const DELIMITERS: [(&str, &str); 5] =
    [(",", "comma"), (";", "semicolon"), ("\t", "tab"), (" ", "space"), ("|", "bar")];

type Ask = Callback<(NamedBlob, TableOptions)>;

/// Opens tables, shows how they are read, and lists those in this browser.
#[component]
pub fn TableImport(props: &ImportProps) -> Html {
    let sets = use_data_sets(DataKind::Table);
    // The file, and the options that the visitor chose; all others are recognized.
    let asked = use_state(|| None::<(NamedBlob, TableOptions)>);
    let ask: Ask = {
        let (ask, asked) = (sets.ask.clone(), asked.setter());
        Callback::from(move |(file, options): (NamedBlob, TableOptions)| {
            asked.set(Some((file.clone(), options.clone())));
            ask.emit((DataRequest::Table(options), vec![file]));
        })
    };
    let on_files = use_callback(ask.clone(), |(files, _): (Vec<NamedBlob>, bool), ask| {
        if let Some(file) = files.into_iter().next() {
            ask.emit((file, TableOptions::default()));
        }
    });
    let (preview, problem) = match (sets.answer.as_deref(), &*asked) {
        (Some(DataAnswer::Table(preview, Some(card))), _) if preview.columns.is_empty() => {
            (opened(card), None)
        }
        (Some(DataAnswer::Table(preview, _)), Some((file, options))) => {
            let asked = options.clone();
            let change = {
                let (file, options) = (file.clone(), options.clone());
                Callback::from(move |edit: Edit| {
                    let mut options = options.clone();
                    edit(&mut options);
                    ask.emit((file.clone(), options));
                })
            };
            (shown(&file.name, preview, options_of(&asked, preview), &change), preview.problem.clone())
        }
        _ => Default::default(),
    };
    html! { <Importer words={&WORDS} import={props.clone()} {sets} {on_files} {preview} {problem} /> }
}

type Edit = Box<dyn FnOnce(&mut TableOptions)>;

/// Returns the options that the visitor chose, and the recognized ones for all others. A choice is in sight before the table has
/// been read again.
fn options_of(asked: &TableOptions, preview: &TablePreview) -> TableOptions {
    let (asked, read) = (asked.clone(), preview.options.clone());
    TableOptions {
        delimiter: asked.delimiter.or(read.delimiter),
        decimal: asked.decimal.or(read.decimal),
        header: asked.header.or(read.header),
        target: asked.target.or(read.target),
        features: asked.features.or(read.features),
        regression: asked.regression.or(read.regression),
    }
}

/// Returns the preview of a table: its options, the columns, and the first rows.
fn shown(name: &str, preview: &TablePreview, options: TableOptions, change: &Callback<Edit>) -> Html {
    let TablePreview { columns, rows, n_rows, n_used, remarks, .. } = preview;
    let target = options.target.as_deref().unwrap_or_default();
    let chosen = options.features.as_deref().unwrap_or_default();
    let on = |edit: fn(&mut TableOptions, String)| {
        let change = change.clone();
        move |value: String| change.emit(Box::new(move |options| edit(options, value)))
    };
    let text = |value: Option<char>| value.map(String::from).unwrap_or_default();
    let yes = |value: Option<bool>| if value == Some(true) { "yes" } else { "no" };
    let head = |column: &Column| {
        let role = match () {
            () if column.name == target => Some("target"),
            () if chosen.contains(&column.name) => Some("feature"),
            () => None,
        };
        html! { <th scope="col" data-role={role}>{ &column.name }<small>{ kind(column) }</small></th> }
    };
    let targets = columns.iter().filter(|column| column.kind.is_target());
    html! {
        <>
            <h3>{ format!("Preview of {name}") }</h3>
            <div class="own-options">
                { menu("Cells are separated by", "delimiter", DELIMITERS, &text(options.delimiter), on(|options, value| {
                    // The columns are others now.
                    *options = TableOptions { delimiter: value.chars().next(), ..Default::default() };
                })) }
                { menu("Decimal separator", "decimal", [(".", "point"), (",", "comma")], &text(options.decimal), on(|options, value| {
                    options.decimal = value.chars().next();
                })) }
                { menu("The first row has names", "header", [("yes", "yes"), ("no", "no")], yes(options.header), on(|options, value| {
                    let TableOptions { delimiter, decimal, .. } = *options;
                    *options = TableOptions { delimiter, decimal, header: Some(value == "yes"), ..Default::default() };
                })) }
                if !target.is_empty() {
                    { menu("Predict", "target", targets.map(|column| (column.name.clone(), column.name.clone())), target, on(|options, value| {
                        if let Some(features) = &mut options.features {
                            features.retain(|name| *name != value);
                        }
                        (options.target, options.regression) = (Some(value), None);
                    })) }
                    { menu("As", "regression", [("no", "classes"), ("yes", "a number")], yes(options.regression), on(|options, value| {
                        options.regression = Some(value == "yes");
                    })) }
                }
            </div>
            { features(columns, target, chosen, change) }
            <p data-rows="">{ format!("{} of {} are used.", grouped(*n_used), count(*n_rows, "row")) }</p>
            { scrolled("First rows", html! { <>{ for columns.iter().map(head) }</> }, rows) }
            { sentences(remarks) }
        </>
    }
}

/// Returns the checkboxes for the features.
fn features(columns: &[Column], target: &str, chosen: &[String], change: &Callback<Edit>) -> Html {
    let possible = columns.iter().filter(|column| column.kind.is_feature() && column.name != target);
    let names: Vec<String> = possible.map(|column| column.name.clone()).collect();
    let set = |features: Vec<String>| {
        change.reform(move |_: MouseEvent| -> Edit {
            let features = features.clone();
            Box::new(move |options| options.features = Some(features))
        })
    };
    let check = |name: &String| {
        let (change, chosen, name) = (change.clone(), chosen.to_vec(), name.clone());
        let label = name.clone();
        let checked = chosen.contains(&name);
        let onchange = Callback::from(move |event: Event| {
            let mut features = chosen.clone();
            features.retain(|other| *other != name);
            if event.target_unchecked_into::<HtmlInputElement>().checked() {
                features.push(name.clone());
            }
            change.emit(Box::new(move |options| options.features = Some(features)));
        });
        html! { <label class="option"><input type="checkbox" data-feature={label.clone()} {checked} {onchange} />{ label }</label> }
    };
    let all: Vec<String> = names.iter().take(MAX_FEATURES as usize).cloned().collect();
    html! {
        if !names.is_empty() {
            <fieldset class="own-features"><legend>{ format!("Predict from ({} of {})", chosen.len(), names.len()) }</legend>
                <span class="own-buttons">
                    <button type="button" data-action="all-features" onclick={set(all)}>{ "All" }</button>
                    <button type="button" data-action="no-features" onclick={set(Vec::new())}>{ "None" }</button>
                </span>
                <div>{ for names.iter().map(check) }</div>
            </fieldset>
        }
    }
}

/// Returns the kind of a column in words.
fn kind(column: &Column) -> String {
    let words = match column.kind {
        ColumnKind::Number => match column.range {
            Some((min, max)) => format!("{min} to {max}"),
            None => "numbers".to_owned(),
        },
        ColumnKind::Classes => count(column.distinct, "class"),
        ColumnKind::Date => "dates".to_owned(),
        ColumnKind::Text => "texts".to_owned(),
        ColumnKind::Constant => "always the same".to_owned(),
        ColumnKind::Empty => "empty".to_owned(),
    };
    match column.missing {
        0 => words,
        missing => format!("{words}, {} missing", grouped(missing)),
    }
}
