//! Pictures with classes: files, folders, archives, and the camera.

use crate::client::{DataSets, NamedBlob, use_data_sets};
use crate::core::data_set::request::{PictureOptions, PicturesAnswer};
use crate::core::data_set::{Content, DataAnswer, DataKind, DataRequest};
use crate::panel::own_data::camera::Camera;
use crate::panel::own_data::card::opened;
use crate::panel::own_data::gallery::Gallery;
use crate::panel::own_data::importer::{ImportProps, Importer, Words};
use crate::panel::own_data::parts::{TextField, menu, skipped};
use web_sys::HtmlInputElement;
use yew::prelude::*;

const WORDS: Words = Words {
    hook: "pictures",
    kind: DataKind::Pictures,
    open: ["Open pictures", "Open other pictures, or add some"],
    help: "Photos or drawings in folders, one folder per class; a zip or tar archive of such folders; MNIST’s, CIFAR-10’s or NumPy’s files. Ten pictures per class are enough to start.",
    choose: "Choose files…",
    accept: "",
    is_single: false,
    paste: None,
    apply: "Use these pictures",
};

/// The choices for new pictures.
#[derive(Clone, PartialEq)]
struct Choices {
    side: u32,
    channels: u32,
    /// The class of pictures without a folder.
    class: String,
    /// True if they are added to the set in use.
    adds: bool,
}

/// Opens pictures, shows them by class, and lists the sets in this browser.
#[component]
pub fn PictureImport(props: &ImportProps) -> Html {
    let sets = use_data_sets(DataKind::Pictures);
    let choices = use_state_eq(|| Choices { side: 32, channels: 3, class: String::new(), adds: false });
    // The files of the last request, and the set that they were added to.
    let last = use_mut_ref(|| (Vec::<NamedBlob>::new(), None::<String>));
    let on_files = use_callback((sets.clone(), (*choices).clone(), props.data.clone()), {
        let last = last.clone();
        move |(files, _): (Vec<NamedBlob>, bool), (sets, choices, data): &(DataSets, Choices, AttrValue)| {
            let (mut all, mut base) = last.take();
            if let Some(prepared) = &sets.prepared {
                (all, base) = (files, Some(prepared.card.id.clone()));
            } else if sets.answer.is_some() || sets.work.is_some() {
                // Nothing was made of the earlier files alone, such as one class.
                all.extend(files);
            } else {
                (all, base) = (files, Some(data.to_string()).filter(|_| choices.adds));
            }
            last.replace((all.clone(), base.clone()));
            let of_base = base.as_ref().and_then(|id| {
                let stored = sets.list.iter().chain(&sets.prepared).find(|stored| stored.card.id == *id)?;
                match stored.card.content {
                    Content::Pictures { channels, side, .. } => Some((channels, side)),
                    _ => None,
                }
            });
            let (channels, side) = of_base.unwrap_or((choices.channels, choices.side));
            let class = Some(choices.class.trim().to_owned()).filter(|class| !class.is_empty());
            let options = PictureOptions { channels, side, add_to: base, class };
            sets.ask.emit((DataRequest::Pictures(options), all));
        }
    });
    let current = sets.list.iter().find(|stored| props.data == stored.card.id);
    let (preview, problem) = match sets.answer.as_deref() {
        Some(DataAnswer::Pictures(answer)) => (shown(answer, &sets), answer.problem.clone()),
        _ => Default::default(),
    };
    let options = html! {
        <>
            { fields(&choices, current.is_some() && sets.answer.is_none(), sets.answer.is_none()) }
            if sets.answer.is_some() && problem.is_none() {
                <p>{ "Further pictures are added to those of the preview." }</p>
            }
            <Camera on_files={on_files.reform(|files| (files, false))} />
        </>
    };
    let gallery = current.filter(|_| sets.prepared.is_none()).map(|stored| {
        html! { <Gallery key={format!("gallery {}", stored.card.id)} stored={stored.clone()} sets={sets.clone()} /> }
    });
    html! {
        <Importer words={&WORDS} import={props.clone()} {sets} {on_files} {options} {preview} {problem}>{ gallery }</Importer>
    }
}

/// Returns the options for new pictures. `adds` is true if there is a set to add to, `is_new` if the size can be chosen.
fn fields(choices: &UseStateHandle<Choices>, adds: bool, is_new: bool) -> Html {
    let set = |edit: fn(&mut Choices, String)| {
        let choices = choices.clone();
        move |value: String| {
            let mut new = (*choices).clone();
            edit(&mut new, value);
            choices.set(new);
        }
    };
    let on_class = Callback::from(set(|choices, value| choices.class = value));
    let on_add = {
        let choices = choices.clone();
        Callback::from(move |event: Event| {
            let adds = event.target_unchecked_into::<HtmlInputElement>().checked();
            choices.set(Choices { adds, ..(*choices).clone() });
        })
    };
    html! {
        <div class="own-options">
            if adds {
                <label class="option"><input type="checkbox" data-option="adds" checked={choices.adds} onchange={on_add} />{ "Add them to the set in use" }</label>
            }
            if is_new && !(adds && choices.adds) {
                { menu("Size", "side", [("28", "28 × 28 pixels"), ("32", "32 × 32 pixels")], &choices.side.to_string(), set(|choices, value| {
                    choices.side = value.parse().unwrap_or(32);
                })) }
                { menu("Colors", "channels", [("3", "color"), ("1", "gray")], &choices.channels.to_string(), set(|choices, value| {
                    choices.channels = value.parse().unwrap_or(3);
                })) }
            }
            <label><span>{ "Class of pictures without a folder" }</span>
                <TextField max={60} option="class" value={choices.class.clone()} on_change={on_class} /></label>
        </div>
    }
}

/// Returns the pictures that were read, and the files that were skipped.
fn shown(answer: &PicturesAnswer, sets: &DataSets) -> Html {
    let set = |stored: &crate::client::Stored| {
        let card = &stored.card;
        html! {
            <>
                { opened(card) }
                <Gallery key={format!("gallery {}", card.id)} stored={stored.clone()} sets={sets.clone()} />
            </>
        }
    };
    html! {
        <>
            { for sets.prepared.iter().map(set) }
            { skipped(answer.skipped, &answer.problems) }
        </>
    }
}
