//! Weights in and out: the networks of the run as files for PyTorch, and networks from such files.

use crate::panel::code::jobs::{Jobs, Status, save_answer};
use crate::protocol::{FileAnswer, FileRequest, SavedArm};
use crate::run::arm::Arm;
use crate::run::code::network_name;
use js_sys::Uint8Array;
use std::rc::Rc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// Returns a row of buttons for each network.
pub(super) fn weights(
    jobs: &Jobs,
    arms: &'static [Arm],
    saved: &Rc<Vec<Option<Rc<SavedArm>>>>,
    start_from: &Callback<Vec<Option<Rc<SavedArm>>>>,
) -> Html {
    let row = |(index, arm): (usize, &'static Arm)| {
        let from = saved.get(index).cloned().flatten();
        let step = from.as_ref().map_or(0, |from| from.step);
        let state = if step == 0 { "untrained".to_owned() } else { format!("after step {step}") };
        let save = {
            let jobs = jobs.clone();
            Callback::from(move |_: MouseEvent| save(&jobs, index, arm, from.clone()))
        };
        let open = {
            let (jobs, start_from, count) = (jobs.clone(), start_from.clone(), arms.len());
            Callback::from(move |event: Event| {
                let input = event.target_unchecked_into::<HtmlInputElement>();
                let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
                // Without this, choosing the same file again would not fire an event.
                input.set_value("");
                let (jobs, start_from) = (jobs.clone(), start_from.clone());
                spawn_local(async move {
                    let Some(bytes) = bytes_of(&file).await else {
                        return jobs.say(Status::Failed("The file could not be read.".to_owned()));
                    };
                    open(&jobs, (index, count), bytes, start_from);
                });
            })
        };
        html! {
            <li>
                <strong>{ if arm.title.is_empty() { "Model" } else { arm.title } }</strong>{ format!(" ({state}) ") }
                <button type="button" data-action={format!("save-{}", network_name(arm))} onclick={save}>{ "Save weights" }</button>
                <label class="file-button">
                    <input type="file" accept=".safetensors" data-open={network_name(arm)} onchange={open} />
                    <span>{ "Train from a file…" }</span>
                </label>
            </li>
        }
    };
    html! { <ul class="code-weights">{ for arms.iter().enumerate().map(row) }</ul> }
}

/// Returns the content of a file of the visitor.
pub(super) async fn bytes_of(file: &web_sys::File) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec())
}

fn save(jobs: &Jobs, index: usize, arm: &'static Arm, from: Option<Rc<SavedArm>>) {
    let step = from.as_ref().map_or(0, |from| from.step);
    let name = format!("nn-lab-{}-{}-{step}.safetensors", jobs.experiment.slug, network_name(arm));
    jobs.start(index, from, &FileRequest::Weights, move |answer| save_answer(&name, answer));
}

fn open(
    jobs: &Jobs,
    (index, count): (usize, usize),
    bytes: Vec<u8>,
    start_from: Callback<Vec<Option<Rc<SavedArm>>>>,
) {
    jobs.start(index, None, &FileRequest::Open(bytes), move |answer| {
        let FileAnswer::Opened { saved, remarks } = answer else { return Status::None };
        let mut arms = vec![None; count];
        if let Some(slot) = arms.get_mut(index) {
            *slot = Some(saved);
        }
        start_from.emit(arms);
        Status::Done(format!("Training starts from the file’s weights. {}", remarks.join(" ")))
    });
}
