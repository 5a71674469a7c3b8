//! Export and import of weights.

use crate::core::settings::Settings;
use crate::panel::PtrEq;
use crate::saved_runs::format::differences;
use crate::sections::transformer::weight_settings::needed;
use crate::sections::transformer::{Config, Request, TextInfo};
use crate::ui::export::download_bytes;
use gloo::timers::callback::Timeout;
use js_sys::Uint8Array;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct WeightsProps {
    pub(super) saved: Option<PtrEq<Vec<u8>>>,
    pub(super) loaded: Option<u32>,
    pub(super) refused: Option<String>,
    pub(super) remarks: Vec<String>,
    pub(super) ask: Callback<Request>,
    pub(super) open: Callback<Request>,
    pub(super) listens: bool,
    pub(super) running: bool,
    pub(super) step: u32,
    pub(super) config: Config,
    /// The description of the present text, once it has been read.
    pub(super) info: Option<PtrEq<TextInfo>>,
    /// The settings that a student cannot change.
    pub(super) lock: Vec<String>,
    /// Replaces all settings.
    pub(super) change: Callback<Config>,
}

/// A file that is opened as soon as the settings that it needs are in place.
struct Waiting {
    config: Config,
    request: Request,
}

/// The controls that export and import weights.
#[component]
pub(super) fn Weights(props: &WeightsProps) -> Html {
    let warning = use_state_eq(|| None::<String>);
    let changed = use_state_eq(|| None::<String>);
    let step = props.step;
    use_effect_with(props.saved.clone(), {
        let warning = warning.setter();
        move |saved| {
            if let Some(file) = saved {
                let done = download_bytes(&format!("nn-lab-transformer-{step}.safetensors"), &file.0);
                warning.set(done.is_none().then(|| "The browser did not let the file be saved.".to_owned()));
            }
        }
    });
    let waiting = use_mut_ref(|| None::<Waiting>);
    let starting = use_mut_ref(|| None::<Timeout>);
    use_effect_with(props.config.clone(), {
        let (waiting, open) = (waiting.clone(), props.open.clone());
        move |config| {
            // If the settings have become others, such as by an undo, the file is not opened later by surprise.
            if let Some(Waiting { request, .. }) = waiting.take().filter(|file| file.config == *config) {
                // After the other effects of this change, which also end the earlier run.
                starting.borrow_mut().replace(Timeout::new(0, move || open.emit(request)));
            }
        }
    });
    let save = props.ask.reform(|_: MouseEvent| Request::Save);
    let onchange = {
        let (ask, open, listens) = (props.ask.clone(), props.open.clone(), props.listens);
        let (config, info, lock) = (props.config.clone(), props.info.clone(), props.lock.clone());
        let (change, warning, changed) = (props.change.clone(), warning.setter(), changed.setter());
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
            // Without this, choosing the same file again would not fire an event.
            input.set_value("");
            let (ask, open, warning) = (ask.clone(), open.clone(), warning.clone());
            let (config, info, lock) = (config.clone(), info.clone(), lock.clone());
            let (change, changed, waiting) = (change.clone(), changed.clone(), waiting.clone());
            spawn_local(async move {
                let Ok(buffer) = JsFuture::from(file.array_buffer()).await else {
                    return warning.set(Some("The file could not be read.".to_owned()));
                };
                warning.set(None);
                changed.set(None);
                let bytes = Uint8Array::new(&buffer).to_vec();
                let vocabulary = info.as_ref().map(|info| &*info.0.vocabulary);
                let wanted = match needed(&bytes, &config, vocabulary) {
                    Ok(wanted) => wanted,
                    Err(refusal) => return warning.set(Some(refusal)),
                };
                let request = Request::Load(bytes);
                if wanted == config {
                    return if listens { ask.emit(request) } else { open.emit(request) };
                }
                let (from, to) = (config.to_values(), wanted.to_values());
                let differences = differences(Config::PARAMS, &from, &to).join(", ");
                if lock.iter().any(|key| from.get(key) != to.get(key)) {
                    let refusal = format!(
                        "This file needs other settings, which are fixed on this page: {differences}."
                    );
                    return warning.set(Some(refusal));
                }
                changed.set(Some(format!("Settings were taken from the file: {differences}.")));
                waiting.borrow_mut().replace(Waiting { config: wanted.clone(), request });
                change.emit(wanted);
            });
        })
    };
    html! {
        <div class="weights">
            <button type="button" data-action="save" disabled={!props.listens} onclick={save}>{ "Save the weights" }</button>
            <label class="file-input"><span>{ "Open a .safetensors file" }</span>
                <input type="file" accept=".safetensors" data-load="" disabled={props.running} {onchange} /></label>
            <div role="status">
                if let Some(changed) = &*changed {
                    <p data-changed="">{ changed }</p>
                }
                if let Some(step) = props.loaded {
                    <p data-loaded={step.to_string()}>
                        if step == 0 {
                            { "Weights loaded; the validation loss above is for these weights. The file names no training step." }
                        } else {
                            { format!("Weights of step {step} loaded; the validation loss above is for these weights.") }
                        }
                    </p>
                    { for props.remarks.iter().map(|remark| html! { <p data-remark="">{ remark }</p> }) }
                }
                if let Some(reason) = &props.refused {
                    <p class="notice" data-kind="warn" data-refused="">{ reason.clone() }</p>
                }
                if let Some(warning) = &*warning {
                    <p class="notice" data-kind="warn" data-refused="">{ warning }</p>
                }
            </div>
        </div>
    }
}
