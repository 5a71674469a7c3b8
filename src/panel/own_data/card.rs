//! The card of a data set.

use crate::client::Stored;
use crate::core::data_set::card::MAX_WORDS;
use crate::core::data_set::{Card, Content};
use crate::panel::CopyButton;
use crate::panel::own_data::contents::{Contents, use_contents};
use crate::panel::own_data::parts::{TextField, count, counted, scrolled, sentences};
use crate::ui::export::download_blob;
use yew::prelude::*;

/// A text of the card that the user writes.
struct Words {
    label: &'static str,
    hook: &'static str,
    placeholder: &'static str,
    text: fn(&mut Card) -> &mut String,
}

const WORDS: [Words; 3] = [
    Words { label: "Title", hook: "title", placeholder: "", text: |card| &mut card.title },
    Words {
        label: "Source",
        hook: "source",
        placeholder: "Where it comes from",
        text: |card| &mut card.source,
    },
    Words {
        label: "License",
        hook: "license",
        placeholder: "Fill in before you share",
        text: |card| &mut card.license,
    },
];

#[derive(Properties, PartialEq)]
pub(super) struct DataCardProps {
    /// The data set. Another one needs another card, so the id is the key of the component.
    pub(super) stored: Stored,
    /// Changes title, source and license.
    pub(super) update: Callback<Card>,
}

/// A data set: where it comes from, how much it contains, how it is split, its first samples and its number.
#[component]
pub(super) fn DataCard(props: &DataCardProps) -> Html {
    let card = &props.stored.card;
    let contents = use_contents(&props.stored);
    let digits = card.data_id().map(|id| id.digits()).unwrap_or_default();
    let save = {
        let (blob, file) = (props.stored.blob.clone(), format!("{}.nnlab", card.id));
        Callback::from(move |_: MouseEvent| {
            // A browser that refuses says so itself.
            let _ = download_blob(&file, &blob);
        })
    };
    // The texts that were changed here. A second change may come before the first is stored.
    let changed = use_mut_ref(Vec::<(&'static Words, String)>::new);
    let field = |words: &'static Words| {
        let (update, old, changed) = (props.update.clone(), card.clone(), changed.clone());
        let on_change = Callback::from(move |text: String| {
            let mut card = old.clone();
            changed.borrow_mut().push((words, text));
            for (words, text) in &*changed.borrow() {
                text.clone_into((words.text)(&mut card));
            }
            if card != old {
                update.emit(card);
            }
        });
        let value = (words.text)(&mut card.clone()).clone();
        html! {
            <label><span>{ words.label }</span>
                <TextField card_field={words.hook} max={MAX_WORDS} placeholder={words.placeholder} required={words.hook == "title"} {value} {on_change} />
            </label>
        }
    };
    let copy = {
        let digits = digits.clone();
        Callback::from(move |()| digits.clone())
    };
    html! {
        <section class="own-card" data-card={card.id.clone()} aria-label={format!("Data set {}", card.title)}>
            <h3>{ &card.title }</h3>
            <div class="own-card-parts">
                <dl>
                    <dt>{ "Content" }</dt><dd data-card-part="content">{ content(card) }</dd>
                    if let Some(contents) = contents.as_ref().filter(|contents| !contents.labels.is_empty()) {
                        <dt>{ "Classes" }</dt><dd data-card-part="classes">{ classes(card, contents) }</dd>
                    }
                    <dt>{ "Split" }</dt><dd>{ split(card) }</dd>
                    <dt>{ "Number" }</dt>
                    <dd><code data-card-part="number">{ &digits }</code>{ " " }<CopyButton label="Copy" action="copy-number" text={copy} />
                        <span class="muted">{ " A run names its data by this number; other data get another one." }</span></dd>
                </dl>
                <div class="own-fields">{ for WORDS.iter().map(field) }</div>
            </div>
            if let Some(contents) = &contents { { first(card, contents) } }
            { sentences(&card.remarks) }
            <p><button type="button" data-action="save-data" onclick={save}>{ "Save the data file" }</button></p>
        </section>
    }
}

/// Returns the preview of a data file, which needs no options.
pub(super) fn opened(card: &Card) -> Html {
    html! {
        <>
            <h3>{ &card.title }</h3>
            <p data-rows="">{ content(card) }</p>
            { sentences(&card.remarks) }
        </>
    }
}

/// Returns a sentence on the content.
pub(super) fn content(card: &Card) -> String {
    let n = card.count;
    match &card.content {
        Content::Table { features, target, classes } => {
            let features = count(features.len() as u32, "feature");
            let kind =
                if classes.is_empty() { "a number".to_owned() } else { count(classes.len() as u32, "class") };
            format!("{}, {features}; predicts {target}: {kind}", count(n, "row"))
        }
        Content::Pictures { channels, side, classes, .. } => {
            let color = if *channels == 1 { "gray" } else { "color" };
            let classes = count(classes.len() as u32, "class");
            format!("{}, {side} × {side} pixels in {color}, {classes}", count(n, "picture"))
        }
        Content::Lines { seq_len, characters, classes } => format!(
            "{} of up to {seq_len} characters, {} different ones, {}",
            count(n, "line"),
            characters.len(),
            count(classes.len() as u32, "class")
        ),
        Content::Text { files, characters } => format!(
            "{} from {}; {characters} different ones",
            count(n, "character"),
            count(files.len() as u32, "file")
        ),
    }
}

fn split(card: &Card) -> String {
    match &card.content {
        Content::Pictures { n_test: Some(n), .. } => {
            format!("The files name {} for testing.", count(*n, "picture"))
        }
        Content::Text { .. } => "The last tenth is held out for validation.".to_owned(),
        _ => "A fifth is held out for testing, chosen by the seed.".to_owned(),
    }
}

fn classes(card: &Card, contents: &Contents) -> String {
    let names = card.content.classes().iter().enumerate();
    counted(names.map(|(class, name)| (name.as_str(), contents.count(class))))
}

fn first(card: &Card, contents: &Contents) -> Html {
    let head = |names: Vec<&str>| html! { <>{ for names.iter().map(|name| html! { <th scope="col">{ *name }</th> }) }</> };
    match &card.content {
        Content::Table { features, target, .. } => {
            let names = features.iter().chain([target]).map(String::as_str).collect();
            scrolled("First rows", head(names), &contents.rows)
        }
        Content::Lines { .. } => scrolled("First lines", head(vec!["Text", "Label"]), &contents.rows),
        Content::Text { .. } => html! { <pre class="own-text">{ &contents.text }</pre> },
        // The gallery has them.
        Content::Pictures { .. } => Html::default(),
    }
}
