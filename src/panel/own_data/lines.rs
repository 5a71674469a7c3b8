//! Lines of text with labels.

use crate::client::{NamedBlob, use_data_sets};
use crate::core::data_set::request::{LineOptions, LinesPreview};
use crate::core::data_set::{DataAnswer, DataKind, DataRequest, MAX_LINE};
use crate::core::number::Bounds;
use crate::panel::own_data::card::opened;
use crate::panel::own_data::importer::{ImportProps, Importer, Words};
use crate::panel::own_data::parts::{counted, grouped, menu, scrolled, sentences};
use crate::ui::number_field::{NumberAttributes, NumberOptions, use_number_field};
use crate::ui::use_unique;
use yew::prelude::*;

const WORDS: Words = Words {
    hook: "lines",
    kind: DataKind::Lines,
    open: ["Open lines", "Open other lines"],
    help: "One example per line: a short text, a comma, and its label, such as “I liked it, good”. Fifty lines are enough to start.",
    choose: "Choose a file…",
    accept: ".csv,.tsv,.tab,.txt,.nnlab,text/*",
    is_single: true,
    paste: Some(["Or paste or write them", "Read these lines", "read-paste"]),
    apply: "Use these lines",
};

/// Opens lines with labels, shows how they are read, and lists those in this browser.
#[component]
pub fn LineImport(props: &ImportProps) -> Html {
    let sets = use_data_sets(DataKind::Lines);
    // The file, and the options that the visitor chose.
    let asked = use_state(|| None::<(NamedBlob, LineOptions)>);
    let ask = {
        let (ask, asked) = (sets.ask.clone(), asked.setter());
        Callback::from(move |(file, options): (NamedBlob, LineOptions)| {
            asked.set(Some((file.clone(), options.clone())));
            ask.emit((DataRequest::Lines(options), vec![file]));
        })
    };
    let on_files = use_callback(ask.clone(), |(files, _): (Vec<NamedBlob>, bool), ask| {
        if let Some(file) = files.into_iter().next() {
            ask.emit((file, LineOptions::default()));
        }
    });
    let (preview, problem) = match (sets.answer.as_deref(), &*asked) {
        (Some(DataAnswer::Lines(preview, Some(card))), _) if preview.rows.is_empty() => (opened(card), None),
        (Some(DataAnswer::Lines(preview, _)), Some((file, options))) => {
            let on_change = {
                let file = file.clone();
                Callback::from(move |options| ask.emit((file.clone(), options)))
            };
            let (name, problem) = (AttrValue::from(file.name.clone()), preview.problem.clone());
            let preview = preview.clone();
            (html! { <Preview {name} {preview} options={options.clone()} {on_change} /> }, problem)
        }
        _ => Default::default(),
    };
    html! { <Importer words={&WORDS} import={props.clone()} {sets} {on_files} {preview} {problem} /> }
}

#[derive(Properties, PartialEq)]
struct PreviewProps {
    name: AttrValue,
    preview: LinesPreview,
    /// The options that the visitor chose.
    options: LineOptions,
    on_change: Callback<LineOptions>,
}

/// The options, the classes, and the first lines.
#[component]
fn Preview(props: &PreviewProps) -> Html {
    let PreviewProps { name, preview, options, on_change } = props;
    // A choice is in sight before the lines have been read again.
    let LineOptions { max_len, text, label } = options.clone();
    let max_len = max_len.or(preview.options.max_len);
    let text = text.or_else(|| preview.options.text.clone());
    let label = label.or_else(|| preview.options.label.clone());
    let change = |edit: fn(&mut LineOptions, String)| {
        let (options, on_change) = (options.clone(), on_change.clone());
        move |value: String| {
            let mut options = options.clone();
            edit(&mut options, value);
            on_change.emit(options);
        }
    };
    let max_len = use_number_field(NumberOptions::new(max_len.map(f64::from), Bounds::whole(2, MAX_LINE), {
        let (options, on_change) = (options.clone(), on_change.clone());
        Callback::from(move |max: f64| {
            on_change.emit(LineOptions { max_len: Some(max as u32), ..options.clone() });
        })
    }));
    let number = use_unique();
    let id = format!("own-max-{number}");
    let columns = || preview.columns.iter().map(|name| (name.clone(), name.clone()));
    let [shortest, median, longest] = preview.lengths;
    let rows: Vec<_> = preview.rows.iter().map(|(text, label)| vec![text.clone(), label.clone()]).collect();
    let classes = preview.classes.iter().map(|(name, count)| (name.as_str(), *count));
    let n: u32 = preview.classes.iter().map(|(_, count)| count).sum();
    html! {
        <>
            <h3>{ format!("Preview of {name}") }</h3>
            <div class="own-options">
                if preview.columns.len() > 1 {
                    { menu("Text", "text", columns(), &text.unwrap_or_default(), change(|options, name| options.text = Some(name))) }
                    { menu("Label", "label", columns(), &label.unwrap_or_default(), change(|options, name| options.label = Some(name))) }
                }
                <div data-option="max_len">
                    <label for={id.clone()}>{ "Characters per line, at most" }</label>
                    { max_len.input(NumberAttributes { id: Some(id.into()), ..NumberAttributes::default() }) }
                    { max_len.message() }
                </div>
            </div>
            <p data-rows="">
                { format!("{} lines are used, of {shortest} to {longest} characters; half have at most {median}.", grouped(n)) }
                if preview.skipped > 0 { { format!(" {} were skipped.", grouped(preview.skipped)) } }
            </p>
            if n > 0 { <p data-classes="">{ "Classes: " }{ counted(classes) }</p> }
            { scrolled("First lines", html! { <><th scope="col">{ "Text" }</th><th scope="col">{ "Label" }</th></> }, &rows) }
            { sentences(&preview.remarks) }
        </>
    }
}
