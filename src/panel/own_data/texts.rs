//! Texts: one or several files, or a pasted text.

use crate::client::{NamedBlob, use_data_sets};
use crate::core::data_set::request::TextsPreview;
use crate::core::data_set::{DataAnswer, DataKind, DataRequest};
use crate::panel::own_data::card::opened;
use crate::panel::own_data::importer::{ImportProps, Importer, Words};
use crate::panel::own_data::parts::{count, grouped, skipped};
use yew::prelude::*;

const WORDS: Words = Words {
    hook: "text",
    kind: DataKind::Text,
    open: ["Open a text", "Open another text"],
    help: "One or several text files, 2 KB to 20 MB in all. The last tenth is held out for validation.",
    choose: "Choose files…",
    accept: ".txt,.md,.nnlab,text/*",
    is_single: false,
    paste: Some(["Or paste a text", "Train on this text", "use-text"]),
    apply: "Use this text",
};

/// The number of frequent characters that are shown.
const FREQUENT: usize = 40;

/// Opens texts, shows their characters and their split, and lists those in this browser.
#[component]
pub fn TextImport(props: &ImportProps) -> Html {
    let sets = use_data_sets(DataKind::Text);
    // True if the text is used as soon as it has been read: the button of the field says so.
    let is_direct = use_mut_ref(|| false);
    let on_files = use_callback(sets.ask.clone(), {
        let is_direct = is_direct.clone();
        move |(files, is_pasted): (Vec<NamedBlob>, bool), ask: &Callback<_>| {
            is_direct.replace(is_pasted);
            ask.emit((DataRequest::Texts, files));
        }
    });
    use_effect_with(sets.prepared.clone(), {
        let (sets, on_data) = (sets.clone(), props.on_data.clone());
        move |prepared| {
            if let Some(prepared) = prepared
                && is_direct.replace(false)
            {
                sets.keep_new();
                on_data.emit(prepared.card.id.clone());
            }
        }
    });
    let preview = match sets.answer.as_deref() {
        Some(DataAnswer::Texts(preview, card)) if preview.characters.is_empty() => opened(card),
        Some(DataAnswer::Texts(preview, card)) => shown(&card.title, preview),
        _ => Html::default(),
    };
    html! { <Importer words={&WORDS} import={props.clone()} {sets} {on_files} {preview} problem={None} /> }
}

/// Returns the files of a text, its characters and its split.
fn shown(title: &str, preview: &TextsPreview) -> Html {
    let TextsPreview { files, characters, rare: (rare, times), split: (train, validation), start, problems } =
        preview;
    let file = |(name, length): &(String, u32)| html! { <li>{ format!("{name}: {}", count(*length, "character")) }</li> };
    let character = |(character, times): &(char, u32)| {
        html! { <li><code>{ visible(*character) }</code>{ format!(" {}", grouped(*times)) }</li> }
    };
    let more = characters.len().saturating_sub(FREQUENT);
    html! {
        <>
            <h3>{ title }</h3>
            if files.len() > 1 { <ul>{ for files.iter().map(file) }</ul> }
            <p data-split="">{ format!("{} to train on; the last {} are held out for validation.", count(*train, "character"), grouped(*validation)) }</p>
            <p data-vocabulary="">
                { format!("{} different characters, from the most frequent to the rarest:", characters.len()) }
            </p>
            <ul class="own-characters">
                { for characters.iter().take(FREQUENT).map(character) }
                if more > 0 { <li>{ format!("and {more} more") }</li> }
            </ul>
            if *rare > 0 {
                <p data-rare="">{ format!("{rare} further characters are too rare. They occur {} in all and are read as �.", count(*times, "time")) }</p>
            }
            <pre class="own-text">{ start }</pre>
            { skipped(problems.len() as u32, problems) }
        </>
    }
}

/// Returns a character as it is shown.
fn visible(character: char) -> String {
    match character {
        ' ' => "space".to_owned(),
        '\n' => "newline".to_owned(),
        '\t' => "tab".to_owned(),
        other => other.to_string(),
    }
}
