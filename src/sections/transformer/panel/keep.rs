//! What outlives the page: weights as a file, and a run that goes on after a reload.

use super::super::{Config, Request};
use crate::component::prelude::*;
use crate::core::query::{Changes, Query};
use crate::core::schema::Schema;
use crate::core::settings::{Settings, from_query, to_query};
use crate::lab::use_kept;
use crate::panel::PtrEq;
use crate::protocol::RunState;
use crate::ui::export::download_bytes;
use js_sys::Uint8Array;
use std::rc::Rc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlInputElement;

const FOLDER: &str = "kept/transformer/";

#[derive(PartialEq, Properties)]
pub(super) struct OfferProps {
    /// The address's query, whose keys that are no settings stay.
    pub(super) query: Rc<Query>,
    pub(super) write: Callback<Changes>,
    pub(super) config: Config,
    pub(super) open: Callback<Request>,
    pub(super) state: RunState,
    /// The last checkpoint of the run that goes on.
    pub(super) checkpoint: Option<(u32, PtrEq<Vec<u8>>)>,
}

/// The name of a checkpoint: its step and its settings, written as in an address.
fn name_of(step: u32, config: &Config) -> String {
    format!("{step}~{}", to_query(config))
}

/// Step and settings of a checkpoint of this name.
fn read_name(name: &str) -> Option<(u32, Config)> {
    let (step, query) = name.split_once('~')?;
    Some((step.parse().ok()?, from_query(&Config::default(), &Query::parse(query)).0))
}

/// Keeps the run's checkpoints, and offers the one of an earlier visit.
#[component]
pub(super) fn Offer(props: &OfferProps) -> Html {
    let kept = use_kept(FOLDER);
    // Bytes that wait until the settings are theirs.
    let waiting = use_state(|| None::<(Config, Rc<Vec<u8>>)>);
    use_effect_with(props.checkpoint.clone(), {
        let (put, config) = (kept.put.clone(), props.config.clone());
        move |checkpoint| {
            if let Some((step, file)) = checkpoint {
                put.emit((name_of(*step, &config), file.0.clone()));
            }
        }
    });
    use_effect_with(props.state.clone(), {
        let clear = kept.clear.clone();
        move |state| {
            // A run that is done needs no checkpoint; one that was stopped may be taken up again.
            if *state == (RunState::Done { stopped: false }) {
                clear.emit(());
            }
        }
    });
    use_effect_with((waiting.as_ref().map(|(config, _)| config.clone()), props.config.clone()), {
        let (waiting, open) = (waiting.clone(), props.open.clone());
        move |(wanted, config)| {
            if wanted.as_ref() == Some(config)
                && let Some((_, file)) = &*waiting
            {
                open.emit(Request::Continue(file.to_vec()));
                waiting.set(None);
            }
        }
    });
    let Some((step, config)) =
        kept.name.as_deref().and_then(read_name).filter(|_| props.state == RunState::Idle)
    else {
        return Html::default();
    };
    let go_on = {
        let (write, read, waiting, config) =
            (props.write.clone(), kept.read.clone(), waiting.setter(), config.clone());
        Callback::from(move |_: MouseEvent| {
            let changes = Schema::of::<Config>().whole_address(&config.to_values());
            let (waiting, config, write) = (waiting.clone(), config.clone(), write.clone());
            read.emit(Callback::from(move |bytes| {
                waiting.set(Some((config.clone(), Rc::new(bytes))));
                write.emit(changes.clone());
            }));
        })
    };
    let forget = kept.clear.reform(|_: MouseEvent| ());
    html! {
        <div class="notice" data-offer="" role="status">
            <p>{ format!("An unfinished run was saved at step {step} of {}.", config.steps) }</p>
            <button type="button" data-action="continue" onclick={go_on}>{ "Resume" }</button>{ " " }
            <button type="button" data-action="forget" onclick={forget}>{ "Forget it" }</button>
        </div>
    }
}

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

/// Weights to and from a file.
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
            // The same file may be chosen again.
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
                if let Some(why) = &props.refused {
                    <p class="notice" data-kind="warn" data-refused="">{ why.clone() }</p>
                }
                if let Some(why) = *warning {
                    <p class="notice" data-kind="warn">{ why }</p>
                }
            </div>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoints_name_says_what_it_is_of() {
        let config = Config { layers: 5, learning_rate: 0.0123, ..Config::default() };
        assert_eq!(read_name(&name_of(120, &config)), Some((120, config)));
        for name in ["", "12", "x~layers=2", "~"] {
            assert!(read_name(name).is_none(), "{name}");
        }
    }
}
