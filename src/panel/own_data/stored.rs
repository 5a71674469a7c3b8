//! The data sets in this browser.

use crate::client::{DataSets, Stored};
use crate::panel::own_data::card::content;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(super) struct StoredListProps {
    pub(super) sets: DataSets,
    /// The data set in use.
    pub(super) data: AttrValue,
    pub(super) on_data: Callback<String>,
}

/// The list of the data sets in this browser, each of which can be used or removed.
#[component]
pub(super) fn StoredList(props: &StoredListProps) -> Html {
    let sets = &props.sets;
    let undo = use_node_ref();
    // The button that had the focus was removed with its row.
    use_effect_with(sets.removed.as_ref().map(|removed| removed.card.id.clone()), {
        let undo = undo.clone();
        move |removed| {
            if let Some(button) = undo.cast().filter(|_| removed.is_some()) {
                crate::ui::focus(&button);
            }
        }
    });
    let row = |Stored { card, blob }: &Stored| {
        let id = card.id.clone();
        let is_used = props.data == id;
        let on = |callback: &Callback<String>| {
            let id = id.clone();
            callback.reform(move |_: MouseEvent| id.clone())
        };
        html! {
            <li key={id.clone()} data-stored={id.clone()}>
                <span><strong>{ &card.title }</strong>{ format!(": {} ({})", content(card), size(blob.size())) }</span>
                <span class="own-buttons">
                    if is_used {
                        <span class="muted">{ "in use" }</span>
                    } else {
                        <button type="button" data-action="use-stored" aria-label={format!("Use {}", card.title)} onclick={on(&props.on_data)}>{ "Use" }</button>
                    }
                    <button type="button" data-action="remove-stored" aria-label={format!("Remove {}", card.title)} onclick={on(&sets.remove)}>{ "Remove" }</button>
                </span>
            </li>
        }
    };
    let restore = sets.restore.reform(|_: MouseEvent| ());
    html! {
        <div class="own-stored">
            if !sets.list.is_empty() {
                <h3>{ "In this browser" }</h3>
                <ul>{ for sets.list.iter().map(row) }</ul>
            }
            <div role="status">
                if let Some(removed) = &sets.removed {
                    <p class="notice" data-removed="">{ format!("“{}” was removed. ", removed.card.title) }
                        <button type="button" data-action="restore-stored" ref={undo} onclick={restore}>{ "Undo" }</button></p>
                }
            </div>
        </div>
    }
}

/// Returns a size in words.
fn size(bytes: f64) -> String {
    match bytes {
        0.0..1e5 => format!("{:.1} kB", bytes / 1e3),
        _ => format!("{:.1} MB", bytes / 1e6),
    }
}
