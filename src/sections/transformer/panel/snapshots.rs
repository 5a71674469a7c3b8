//! The snapshots of a run: a slider over them, with the sample and the attention of all heads at each.

use super::head_table::HeadTable;
use super::heads::Heads;
use crate::panel::PtrEq;
use crate::sections::transformer::{Record, Request, Sample};
use crate::ui::readout::MetricOutput;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct SnapshotsProps {
    pub(super) record: PtrEq<Record>,
    pub(super) ask: Callback<Request>,
    /// True if there is a run that answers requests.
    pub(super) listens: bool,
    pub(super) of: Of,
}

/// The shown part of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Heads,
    Samples,
}

#[component]
pub(super) fn Snapshots(props: &SnapshotsProps) -> Html {
    let run = props.record.0.run();
    // `None` is the latest.
    let chosen = use_state_eq(|| None::<usize>);
    let head = use_state_eq(|| 0usize);
    let steps: Vec<u32> = run.snapshots.iter().map(|snapshot| snapshot.step).collect();
    let last = steps.len().saturating_sub(1);
    let at = chosen.unwrap_or(last).min(last);
    let on_head = use_callback((), {
        let head = head.setter();
        move |to: usize, ()| head.set(to)
    });
    let Some(snapshot) = run.snapshots.get(at) else {
        return html! {
                <p class="notice">{ "Press Train: at steps 0, 10, 30, 100 and so on, the model generates a sample and every head's attention is recorded. Drag through these snapshots here." }</p>
        };
    };
    let step = snapshot.step;
    let sample = run.samples.iter().rfind(|sample| sample.step <= step).cloned();
    html! {
        <>
            { timeline(&chosen, (at, last), step, "", "shown_step") }
            if props.of == Of::Samples {
                <Samples samples={run.samples.clone()} {step} shown={sample.map(PtrEq)} />
            } else {
            <Heads snapshot={PtrEq(snapshot.clone())} window={PtrEq(run.window.clone())} head={*head} on_head={on_head.clone()} />
            <HeadTable snapshot={PtrEq(snapshot.clone())} ablations={PtrEq(run.ablations.clone())} head={*head} {on_head} ask={props.ask.clone()}
                listens={props.listens} latest={at == last} />
            }
        </>
    }
}

/// The slider over the snapshots, from 0 to `last`. At the right end, it follows the run.
pub(super) fn timeline(
    chosen: &UseStateHandle<Option<usize>>,
    (at, last): (usize, usize),
    step: u32,
    name: &'static str,
    metric: &'static str,
) -> Html {
    let chosen = chosen.setter();
    let oninput = move |event: InputEvent| {
        let to = event.target_unchecked_into::<HtmlInputElement>().value_as_number() as usize;
        chosen.set((to < last).then_some(to));
    };
    html! {
        <div class="timeline">
            <label>{ "Snapshot " }
                <input type="range" min="0" max={last.to_string()} step="1" value={at.to_string()} disabled={last == 0} data-timeline={name}
                    aria-valuetext={format!("step {step}")} {oninput} /></label>
            <MetricOutput {metric} value={f64::from(step)}>{ format!("step {step}, {} of {}", at + 1, last + 1) }</MetricOutput>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct SamplesProps {
    samples: Vec<Rc<Sample>>,
    step: u32,
    shown: Option<PtrEq<Sample>>,
}

/// The samples of the first snapshot and of the selected one.
#[component]
fn Samples(props: &SamplesProps) -> Html {
    let card = |sample: &Sample, title: String| {
        html! {
            <div class="sample" data-sample={sample.step.to_string()}>
                <h4>{ title }</h4>
                <pre tabindex="0" role="region" aria-label={format!("Sample of step {}", sample.step)}><span class="prompt">{ sample.prompt.trim_matches('\n') }</span>{ sample.text.trim_matches('\n') }</pre>
            </div>
        }
    };
    let Some(PtrEq(shown)) = &props.shown else { return Html::default() };
    let first = props.samples.first().filter(|first| first.step < shown.step);
    html! {
        <div class="saved-samples">
            if let Some(first) = first {
                { card(first, format!("Step {}: before training", first.step)) }
            }
            { card(shown, format!("Step {}", shown.step)) }
        </div>
    }
}
