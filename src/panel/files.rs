//! A box that takes the visitor's files: dropped anywhere on the page, or chosen in a file dialog.

use crate::client::{Files, NewFiles, use_files};
use crate::core::chapter::RUNS;
use crate::protocol::{FileKind, UserFile};
use crate::ui::file_drag::{DropTarget, Dropped, use_file_drop};
use crate::ui::open_groups;
use gloo::utils::document;
use std::rc::Rc;
use web_sys::{Blob, Element, File, HtmlInputElement};
use yew::prelude::*;

/// The properties of [`FileBox`].
#[derive(Debug, PartialEq, Properties)]
pub struct FileBoxProps {
    /// The kind of the files.
    pub kind: FileKind,
    /// The files, with callbacks to change them.
    pub files: Files,
    /// The name of the files.
    pub title: AttrValue,
    /// Sentences on the present files.
    #[prop_or_default]
    pub remarks: Rc<Vec<String>>,
    /// The files that are accepted, and where to get them.
    pub children: Html,
}

/// Accepts files, lists them, and shows the errors of refused ones.
#[component]
pub fn FileBox(props: &FileBoxProps) -> Html {
    let on_drop = use_callback(
        (props.files.add.clone(), props.kind),
        |(target, all): (DropTarget, Vec<Dropped>), (add, kind)| {
            let new = new_files(*kind, target, all);
            if !new.files.is_empty() || !new.errors.is_empty() {
                add.emit(new);
            }
        },
    );
    let dragging = use_file_drop(".file-box[data-files]", on_drop);
    let onchange = {
        let add = props.files.add.clone();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            let files = input
                .files()
                .map(|list| (0..list.length()).filter_map(|at| list.get(at)).map(Blob::from).collect());
            let files = files.unwrap_or_default();
            // The input is cleared, so that the same file can be chosen again.
            input.set_value("");
            add.emit(NewFiles { files, errors: Vec::new() });
        })
    };
    let node = use_node_ref();
    // The box may be among settings that are folded.
    use_effect_with((dragging, props.files.busy.is_empty(), props.files.errors.clone()), {
        let node = node.clone();
        move |(dragging, is_idle, errors)| {
            // Files that are dragged over a page with an area for own data are for that area, which must not move away.
            let is_wanted = || *dragging && document().query_selector(".own-data").ok().flatten().is_none();
            if let Some(element) =
                node.cast::<Element>().filter(|_| is_wanted() || !is_idle || !errors.is_empty())
            {
                open_groups(&element);
            }
        }
    });
    let remove = props.files.remove.reform(|_: MouseEvent| ());
    let Files { list, busy, errors, .. } = &props.files;
    let name = |file: &UserFile| file.path.strip_prefix(props.kind.folder()).unwrap_or(&file.path).to_owned();
    let item = |file: &UserFile| html! { <li>{ format!("{} ({:.1} MB)", name(file), f64::from(file.size) / 1e6) }</li> };
    html! {
        <div class="file-box" ref={node} data-files={props.kind.folder()} data-dragging={dragging.to_string()}>
            <div>{ props.children.clone() }</div>
            <label class="file-input">
                <span>
                    if dragging {
                        { "Drop the files anywhere on the page" }
                    } else {
                        { format!("Add {} files, or drop them on the page", props.title) }
                    }
                </span>
                <input type="file" multiple={true} accept={props.kind.endings()} {onchange} />
            </label>
            <div role="status">
                if !busy.is_empty() {
                    <p>{ format!("Reading {}…", busy.join(", ")) }</p>
                } else if !list.is_empty() {
                    <ul>{ for list.iter().map(item) }</ul>
                    { for props.remarks.iter().map(|remark| html! { <p data-remark="">{ remark }</p> }) }
                }
            </div>
            if !list.is_empty() {
                <button type="button" data-action="remove-files" onclick={remove}>{ format!("Remove {}", props.title) }</button>
            }
            <div role="alert">
                { for errors.iter().map(|error| html! { <p class="notice" data-kind="error">{ error }</p> }) }
            </div>
        </div>
    }
}

/// A box for the images of CIFAR-10.
#[component]
pub fn Cifar10Box() -> Html {
    let files = use_files(FileKind::Cifar10);
    let help = html! {
        <p>
            { "CIFAR-10 (Krizhevsky 2009): take " }<code>{ "cifar-10-binary.tar.gz" }</code>{ " or " }
            <code>{ "cifar-10-python.tar.gz" }</code>{ " from " }<a href="https://www.cs.toronto.edu/~kriz/cifar.html" rel="noreferrer">{ "its author's page" }</a>
            { ", its unpacked folder, or its files, with the test batch. They stay in this browser." }
        </p>
    };
    html! { <FileBox kind={FileKind::Cifar10} {files} title="CIFAR-10">{ help }</FileBox> }
}

/// Chooses from what was dropped: all files, and those of a folder that have a known extension. A run file that was
/// dropped outside of the box belongs to the saved runs.
fn new_files(kind: FileKind, target: DropTarget, dropped: Vec<Dropped>) -> NewFiles {
    let mut new = NewFiles::default();
    let is_run = |file: &File| target == DropTarget::Page && file.name().ends_with(".json");
    let runs_are_shown = document().query_selector(".runs").ok().flatten().is_some();
    for dropped in dropped {
        match dropped {
            Dropped::File(file) if is_run(&file) => {
                if !runs_are_shown {
                    let name = file.name();
                    new.errors.push(format!(
                        "{name} looks like a run file. Open the chapter \"{}\" to drop it.",
                        RUNS.title
                    ));
                }
            }
            Dropped::File(file) => new.files.push(file.into()),
            Dropped::Folder(name, files) => {
                let names: Vec<String> = files.iter().map(|(_, file)| file.name()).collect();
                let chosen = kind.in_folder(&names);
                if chosen.is_empty() && !(runs_are_shown && files.iter().any(|(_, file)| is_run(file))) {
                    let endings = kind.endings().split(',').filter(|ending| ending.starts_with('.'));
                    let endings = endings.collect::<Vec<_>>().join(", ");
                    new.errors.push(format!("The folder {name} has no file that ends in one of {endings}."));
                }
                new.files.extend(
                    chosen
                        .into_iter()
                        .filter_map(|at| files.get(at).cloned())
                        .map(|(_, file)| Blob::from(file)),
                );
            }
        }
    }
    new
}
