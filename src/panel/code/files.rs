//! Below the code: checking one's own module, and weights in and out.

use crate::client::fetch_text;
use crate::core::template::{Language, join, specialize};
use crate::panel::code::compare::compare;
use crate::panel::code::jobs::{Jobs, Status, use_jobs};
use crate::panel::code::weights::weights;
use crate::protocol::{ComparedTensor, DeviceChoice, SavedArm};
use crate::run::any::{AnyConfig, AnyExperiment};
use crate::run::code::network_name;
use crate::ui::export::download;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct CodeFilesProps {
    pub(in crate::panel) experiment: &'static AnyExperiment,
    pub(in crate::panel) config: AnyConfig,
    pub(in crate::panel) device: DeviceChoice,
    /// The last saved states of the run's networks.
    pub(in crate::panel) saved: Rc<Vec<Option<Rc<SavedArm>>>>,
    /// Starts a run from given weights.
    pub(in crate::panel) start_from: Callback<Vec<Option<Rc<SavedArm>>>>,
}

/// The student's own code and weights.
#[component]
pub(in crate::panel) fn CodeFiles(props: &CodeFilesProps) -> Html {
    let CodeFilesProps { experiment, config, device, saved, start_from } = props;
    let slug = experiment.slug;
    let check_jobs = use_jobs(experiment, config, *device);
    let weight_jobs = use_jobs(experiment, config, *device);
    let compared = use_state_eq(|| None::<Rc<Vec<ComparedTensor>>>);
    let set = Callback::from({
        let compared = compared.setter();
        move |rows| compared.set(rows)
    });
    // Another set-up has other numbers.
    use_effect_with(config.clone(), {
        let (compared, jobs) = (compared.setter(), [check_jobs.clone(), weight_jobs.clone()]);
        move |_| {
            compared.set(None);
            jobs.iter().for_each(|jobs| jobs.say(Status::None));
        }
    });
    let check = {
        let jobs = check_jobs.clone();
        move |_: MouseEvent| spawn_local(save_check(jobs.clone()))
    };
    html! {
        <>
            <section class="code-check" aria-labelledby="code-check">
                <h2 id="code-check">{ "Check your own" }</h2>
                <p>
                    { "Write the modules yourself, in one file. Save the two files below next to it, and run " }
                    <code>{ format!("python check_{slug}.py my_{slug}.py") }</code>
                    { ". The check needs PyTorch. It compares outputs, loss, gradients and three steps of the optimizer with the lab’s, recognizes the usual mistakes, and writes " }
                    <code>{ format!("my_{slug}.nnlab.json") }</code>
                    { ": open it in the chapter “Runs” to see your curve over the lab’s." }
                </p>
                <div class="code-actions">
                    <button type="button" data-action="save-check" onclick={check}>{ format!("check_{slug}.py") }</button>
                    <button type="button" data-action="check-set-up" onclick={check_jobs.set_up_button()}>{ "Weights and batches" }</button>
                </div>
                <p>
                    { "Without Python on this machine, save your tensors under the names of the file of weights and batches, for example " }
                    <code>{ format!("{}.loss", experiment.arms_of(config).first().map_or("", network_name)) }</code>
                    { ", and compare them here." }
                </p>
                { compare(&check_jobs, &compared, &set) }
                { check_jobs.status().line() }
            </section>
            <section class="code-weights-section" aria-labelledby="code-weights">
                <h2 id="code-weights">{ "Weights in and out" }</h2>
                <p>
                    { "Each network as a .safetensors file with the names of its PyTorch module: " }
                    <code>{ "model.load_state_dict(safetensors.torch.load_file(file))" }</code>
                    { ". A file that PyTorch saved starts a run here, with a new optimizer." }
                </p>
                { weights(&weight_jobs, experiment.arms_of(config), saved, start_from) }
                { weight_jobs.status().line() }
            </section>
        </>
    }
}

/// Saves the script that checks a student's module: the engine that all sections share, and the section's own part.
async fn save_check(jobs: Jobs) {
    let slug = jobs.experiment.slug;
    let values = jobs.experiment.code_values(&jobs.config);
    let mut script = String::new();
    for file in ["code/check.py".to_owned(), format!("code/{slug}_check.py")] {
        let text = match fetch_text(&file).await {
            Ok(text) => text,
            Err(why) => return jobs.say(Status::Failed(why)),
        };
        match specialize(&text, &values, Language::Python) {
            Ok(lines) => script.push_str(&join(&lines)),
            Err(error) => return jobs.say(Status::Failed(format!("The script has a mistake in {error}."))),
        }
    }
    let name = format!("check_{slug}.py");
    jobs.say(match download(&name, "text/x-python", &script) {
        Some(()) => Status::Done(format!("Saved as {name}.")),
        None => Status::Failed("The browser did not let the file be saved.".to_owned()),
    });
}
