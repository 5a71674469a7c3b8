//! The snapshots of a run: a slider over them, with the sample and the attention of all heads at each.

use super::head_table::HeadTable;
use super::heads::Heads;
use super::live::Live;
use crate::charts::Table;
use crate::panel::PtrEq;
use crate::sections::transformer::heads::Snapshot;
use crate::sections::transformer::{Record, Sample};
use crate::ui::figure::Figure;
use crate::ui::readout::MetricOutput;
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The snapshot and the head that the reader has chosen.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Chosen {
    /// The index of the snapshot; `None` is the latest.
    snapshot: UseStateHandle<Option<usize>>,
    head: UseStateHandle<usize>,
}

#[hook]
pub(super) fn use_chosen() -> Chosen {
    Chosen { snapshot: use_state_eq(|| None), head: use_state_eq(|| 0) }
}

#[derive(PartialEq, Properties)]
pub(super) struct SnapshotsProps {
    pub(super) record: PtrEq<Record>,
    pub(super) live: Live,
    pub(super) chosen: Chosen,
}

impl SnapshotsProps {
    /// Returns the snapshots of the run, or before it the one of the model before training.
    fn snapshots(&self) -> Vec<Rc<Snapshot>> {
        let snapshots = &self.record.0.run().snapshots;
        if snapshots.is_empty() {
            self.live.heads.iter().map(|heads| heads.0.clone()).collect()
        } else {
            snapshots.clone()
        }
    }

    /// Returns the samples of the run, or before it the one of the model before training.
    fn samples(&self) -> Vec<Rc<Sample>> {
        let samples = &self.record.0.run().samples;
        if samples.is_empty() {
            self.live.sample.iter().map(|sample| sample.0.clone()).collect()
        } else {
            samples.clone()
        }
    }
}

/// Returns the number of the chosen snapshot and that of the last one. `None` chooses the last.
fn chosen_of(chosen: &Chosen, count: usize) -> (usize, usize) {
    let last = count.saturating_sub(1);
    (chosen.snapshot.unwrap_or(last).min(last), last)
}

/// Returns a callback that chooses a head.
#[hook]
fn use_on_head(chosen: &Chosen) -> Callback<usize> {
    use_callback((), {
        let head = chosen.head.setter();
        move |to: usize, ()| head.set(to)
    })
}

/// The attention of the chosen head at the chosen snapshot.
#[component]
pub(super) fn HeadsStage(props: &SnapshotsProps) -> Html {
    let SnapshotsProps { live, chosen, .. } = props;
    let snapshots = props.snapshots();
    let (at, last) = chosen_of(chosen, snapshots.len());
    let on_head = use_on_head(chosen);
    let Some(snapshot) = snapshots.get(at) else {
        return html! { <p class="muted">{ "Starting the model…" }</p> };
    };
    html! {
        <Heads snapshot={PtrEq(snapshot.clone())} window={live.window.clone()} head={*chosen.head} {on_head}
            timeline={timeline(&chosen.snapshot, (at, last), snapshot.step, "", "shown_step")} />
    }
}

/// The table of all heads at the chosen snapshot.
#[component]
pub(super) fn HeadsBelow(props: &SnapshotsProps) -> Html {
    let SnapshotsProps { record, live, chosen } = props;
    let snapshots = props.snapshots();
    let (at, last) = chosen_of(chosen, snapshots.len());
    let on_head = use_on_head(chosen);
    let Some(snapshot) = snapshots.get(at) else { return Html::default() };
    // Only a run measures the loss without a head.
    let listens = live.is_run;
    html! {
        <HeadTable snapshot={PtrEq(snapshot.clone())} ablations={PtrEq(record.0.run().ablations.clone())} head={*chosen.head} {on_head}
            ask={live.ask.clone()} {listens} latest={at == last} />
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
    let words = match (step, last) {
        (0, 0) => "before training".to_owned(),
        _ => format!("step {step}, {} of {}", at + 1, last + 1),
    };
    html! {
        <div class="timeline">
            <label>{ "Snapshot " }
                <input type="range" min="0" max={last.to_string()} step="1" value={at.to_string()} disabled={last == 0} data-timeline={name}
                    aria-valuetext={format!("step {step}")} {oninput} /></label>
            <MetricOutput {metric} value={f64::from(step)}>{ words }</MetricOutput>
        </div>
    }
}

/// The sample before training, and the one of the chosen snapshot.
#[component]
pub(super) fn SamplesFigure(props: &SnapshotsProps) -> Html {
    let samples = props.samples();
    let last = samples.len().saturating_sub(1);
    let at = props.chosen.snapshot.unwrap_or(last).min(last);
    let table = {
        let samples = samples.clone();
        Callback::from(move |()| Table {
            columns: ["step", "prompt", "text"].map(str::to_owned).to_vec(),
            rows: samples
                .iter()
                .map(|sample| vec![sample.step.to_string(), sample.prompt.clone(), sample.text.clone()])
                .collect(),
        })
    };
    let card = |sample: &Sample| {
        let title = match sample.step {
            0 => "Before training".to_owned(),
            step => format!("Step {step}"),
        };
        html! {
            <div class="sample" data-sample={sample.step.to_string()}>
                <h3>{ title }</h3>
                <pre tabindex="0" role="region" aria-label={format!("Sample of step {}", sample.step)}><span class="prompt">{ sample.prompt.trim_matches('\n') }</span>{ sample.text.trim_matches('\n') }</pre>
            </div>
        }
    };
    let later = html! {
        <div class="sample"><h3>{ "While it trains" }</h3><pre><span class="muted">{ "The next sample appears here at step 10." }</span></pre></div>
    };
    let first = samples.first().map(|first| card(first));
    let shown = samples.get(at).filter(|sample| sample.step > samples.first().map_or(0, |first| first.step));
    html! {
        <Figure name="samples" picture={false} {table}
            look_for={html! { <>{ "The model wrote both texts by itself, one character after the other, at temperature 0.8. Both start from the same prompt and use the same random numbers." }</> }}>
            if samples.is_empty() {
                <p class="muted">{ "A sample appears here, unless the length of samples is 0." }</p>
            } else {
                { timeline(&props.chosen.snapshot, (at, last), samples.get(at).map_or(0, |sample| sample.step), "samples", "sample_step") }
                <div class="saved-samples">
                    { first }
                    { shown.map_or(later, |sample| card(sample)) }
                </div>
            }
        </Figure>
    }
}
