//! Export and import of weights.

use crate::panel::PtrEq;
use crate::sections::transformer::Request;
use crate::ui::export::download_bytes;
use js_sys::Uint8Array;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct WeightsProps {
    pub(super) saved: Option<PtrEq<Vec<u8>>>,
    pub(super) loaded: Option<u32>,
    pub(super) refused: Option<String>,
    pub(super) ask: Callback<Request>,
    pub(super) open: Callback<Request>,
    pub(super) listens: bool,
    pub(super) running: bool,
    pub(super) step: u32,
}

/// The controls that export and import weights.
#[component]
pub(super) fn Weights(props: &WeightsProps) -> Html {
    let warning = use_state_eq(|| None::<&'static str>);
    let step = props.step;
    use_effect_with(props.saved.clone(), {
        let warning = warning.setter();
        move |saved| {
            if let Some(file) = saved {
                let done = download_bytes(&format!("nn-lab-transformer-{step}.safetensors"), &file.0);
                warning.set(done.is_none().then_some("The browser did not let the file be saved."));
            }
        }
    });
    let save = props.ask.reform(|_: MouseEvent| Request::Save);
    let onchange = {
        let (ask, open, listens) = (props.ask.clone(), props.open.clone(), props.listens);
        let warning = warning.setter();
        Callback::from(move |event: Event| {
            let input = event.target_unchecked_into::<HtmlInputElement>();
            let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
            // Without this, choosing the same file again would not fire an event.
            input.set_value("");
            let (ask, open, warning) = (ask.clone(), open.clone(), warning.clone());
            spawn_local(async move {
                let Ok(buffer) = JsFuture::from(file.array_buffer()).await else {
                    return warning.set(Some("The file could not be read."));
                };
                warning.set(None);
                let request = Request::Load(Uint8Array::new(&buffer).to_vec());
                if listens { ask.emit(request) } else { open.emit(request) }
            });
        })
    };
    html! {
        <div class="weights">
            <button type="button" data-action="save" disabled={!props.listens} onclick={save}>{ "Save the weights" }</button>
            <label class="file-input"><span>{ "Open a .safetensors file" }</span>
                <input type="file" accept=".safetensors" data-load="" disabled={props.running} {onchange} /></label>
            <div role="status">
                if let Some(step) = props.loaded {
                    <p data-loaded={step.to_string()}>{ format!("Weights of step {step} loaded; the validation loss above is for these weights.") }</p>
                }
                if let Some(reason) = &props.refused {
                    <p class="notice" data-kind="warn" data-refused="">{ reason.clone() }</p>
                }
                if let Some(warning) = *warning {
                    <p class="notice" data-kind="warn">{ warning }</p>
                }
            </div>
        </div>
    }
}
