//! The pictures of a data set by class: classes can be renamed and merged, and pictures removed.

use crate::client::{DataSets, Stored};
use crate::core::data_set::request::PictureEdit;
use crate::core::data_set::{Content, DataRequest};
use crate::panel::own_data::contents::{part, use_contents};
use crate::panel::own_data::parts::{TextField, count, grouped};
use crate::ui::picture::{Picture, opaque};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// The number of pictures of a class that are shown, and the number that is added at a time.
const SHOWN: usize = 12;
const MORE: usize = 48;

#[derive(Properties, PartialEq)]
pub(super) struct GalleryProps {
    /// The set. Another set needs another gallery, so the id is the key of the component.
    pub(super) stored: Stored,
    pub(super) sets: DataSets,
}

/// The changes that are not applied yet.
#[derive(Clone, Default, PartialEq)]
struct Draft {
    /// The new names of classes.
    names: BTreeMap<usize, String>,
    removed: BTreeSet<u32>,
}

/// The classes with their pictures. Changes are marked until they are applied.
#[component]
pub(super) fn Gallery(props: &GalleryProps) -> Html {
    let card = &props.stored.card;
    let contents = use_contents(&props.stored);
    let draft = use_state_eq(Draft::default);
    let classes = card.content.classes();
    let shown = use_state_eq(|| vec![SHOWN; classes.len()]);
    let labels = contents.as_ref().map(|contents| &*contents.labels).unwrap_or_default();
    let of_class = |class: usize| {
        let of_class = labels.iter().enumerate().filter(move |(_, label)| usize::from(**label) == class);
        of_class.map(|(index, _)| index as u32).take(shown.get(class).copied().unwrap_or(SHOWN))
    };
    let indices: Vec<u32> = (0..classes.len()).flat_map(of_class).collect();
    let pictures = use_pictures(&props.stored, contents.as_ref().map(|contents| contents.start), indices);
    let side = match card.content {
        Content::Pictures { side, .. } => side as usize,
        _ => 0,
    };
    let edit = {
        let draft = draft.clone();
        move |edit: &dyn Fn(&mut Draft)| {
            let mut new = (*draft).clone();
            edit(&mut new);
            draft.set(new);
        }
    };
    let row = |(class, name): (usize, &String)| {
        let total = contents.as_ref().map_or(0, |contents| contents.count(class));
        let on_change = {
            let (edit, old) = (edit.clone(), name.clone());
            Callback::from(move |name: String| {
                edit(&|draft| {
                    match name == old {
                        true => draft.names.remove(&class),
                        false => draft.names.insert(class, name.clone()),
                    };
                });
            })
        };
        let thumbnail = |index: u32| {
            let rgba = pictures.get(&index)?.clone();
            let is_removed = draft.removed.contains(&index);
            let edit = edit.clone();
            let onclick = Callback::from(move |_: MouseEvent| {
                edit(&|draft| {
                    if !draft.removed.remove(&index) {
                        draft.removed.insert(index);
                    }
                });
            });
            let label = format!("Remove picture {} of {name}", index + 1);
            Some(html! {
                <button key={index} type="button" class="own-picture" data-picture={index.to_string()} aria-label={label}
                    aria-pressed={is_removed.to_string()} {onclick}>
                    <Picture {side} {rgba} label={format!("Picture {}", index + 1)} />
                </button>
            })
        };
        let more = {
            let shown = shown.clone();
            Callback::from(move |_: MouseEvent| {
                let mut new = (*shown).clone();
                if let Some(count) = new.get_mut(class) {
                    *count += MORE;
                }
                shown.set(new);
            })
        };
        let rest = (total as usize).saturating_sub(shown.get(class).copied().unwrap_or(SHOWN));
        let value = draft.names.get(&class).unwrap_or(name).clone();
        html! {
            <div class="own-class" key={class}>
                <label>{ format!("Class {} ", class + 1) }
                    <TextField max={60} class={class.to_string()} required=true {value} {on_change} /></label>
                <span class="muted" data-class-count={class.to_string()}>{ count(total, "picture") }</span>
                <div class="own-pictures">
                    { for of_class(class).filter_map(thumbnail) }
                    if rest > 0 {
                        <button type="button" data-action="more-pictures" onclick={more} aria-label={format!("Show more pictures of {name}")}>
                            { format!("{} more", grouped(rest.min(MORE) as u32)) }</button>
                    }
                </div>
            </div>
        }
    };
    let apply = {
        let (ask, card, draft) = (props.sets.ask.clone(), card.clone(), draft.clone());
        Callback::from(move |_: MouseEvent| {
            let names = card.content.classes().iter().enumerate();
            let classes =
                names.map(|(class, name)| draft.names.get(&class).unwrap_or(name).clone()).collect();
            let removed = draft.removed.iter().copied().collect();
            let edit = PictureEdit { id: card.id.clone(), classes, removed };
            ask.emit((DataRequest::EditPictures(edit), Vec::new()));
        })
    };
    let undo = {
        let draft = draft.setter();
        Callback::from(move |_: MouseEvent| draft.set(Draft::default()))
    };
    let changes =
        [(draft.removed.len() as u32, "picture", "removed"), (draft.names.len() as u32, "class", "renamed")];
    let changes = changes.iter().filter(|(n, ..)| *n > 0);
    let changes: Vec<_> = changes.map(|(n, noun, done)| format!("{} {done}", count(*n, noun))).collect();
    html! {
        <div class="own-gallery" role="group" aria-label="Classes and pictures" data-gallery={card.id.clone()}>
            <p class="muted">{ "Click a picture to remove it. Classes with equal names become one." }</p>
            { for classes.iter().enumerate().map(row) }
            <div role="status">
                if !changes.is_empty() {
                    <p class="own-buttons" data-changes="">{ format!("{}: not applied yet.", changes.join(", ")) }
                        <button type="button" class="primary" data-action="apply-edit" onclick={apply}>{ "Apply" }</button>
                        <button type="button" data-action="undo-edit" onclick={undo}>{ "Undo" }</button>
                    </p>
                }
            </div>
        </div>
    }
}

type Pictures = BTreeMap<u32, Rc<Vec<u8>>>;

/// Returns pictures as RGBA pixels, as far as they have been read.
#[hook]
fn use_pictures(stored: &Stored, start: Option<usize>, indices: Vec<u32>) -> Pictures {
    let read = use_mut_ref(Pictures::new);
    let n_read = use_state_eq(|| 0);
    use_effect_with((start, indices), {
        let (read, n_read, stored) = (read.clone(), n_read.setter(), stored.clone());
        move |(start, indices)| {
            let Content::Pictures { channels, side, .. } = stored.card.content else { return };
            let Some(start) = *start else { return };
            let indices = indices.clone();
            let len = (channels * side * side) as usize;
            spawn_local(async move {
                for index in indices {
                    if read.borrow().contains_key(&index) {
                        continue;
                    }
                    let at = start + stored.card.count as usize + index as usize * len;
                    let Some(pixels) = part(&stored.blob, at, len).await else { break };
                    read.borrow_mut().insert(index, Rc::new(opaque(channels as usize, &pixels, false)));
                }
                n_read.set(read.borrow().len());
            });
        }
    });
    read.borrow().clone()
}
