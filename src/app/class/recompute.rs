//! Runs of the class, repeated on this device.

use crate::app::class::sections::experiments;
use crate::client::{BatchState, Repeat, Repeated, use_repeats};
use crate::core::number::Bounds;
use crate::core::split_mix::mixed;
use crate::coursework::class::csv::Results;
use crate::coursework::class::rerun::Plan;
use crate::coursework::class::{Board, Check, Measurement, Reproduction, Row, SectionInfo};
use crate::panel::PtrEq;
use crate::protocol::{DeviceChoice, DeviceKind};
use crate::ui::number_field::{NumberAttributes, NumberOptions, use_number_field};
use crate::ui::readout::{MetricOutput, left_words};
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

/// The number of students in a sample at first.
const SAMPLE: usize = 5;
/// The maximum number of listed results.
const MAX_SHOWN: usize = 200;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct RecomputeProps {
    pub(super) board: PtrEq<Board>,
    pub(super) sections: PtrEq<Vec<SectionInfo>>,
    pub(super) device: DeviceChoice,
    /// Receives all results so far.
    pub(super) on_results: Callback<Results>,
}

/// The form, the progress and the results.
#[component]
pub(super) fn Recompute(props: &RecomputeProps) -> Html {
    let (size, takes_all) = (use_state_eq(|| SAMPLE), use_state_eq(|| false));
    let order = use_state_eq(|| (js_sys::Math::random() * 1e9) as u64);
    let started = use_state(|| None::<Rc<Plan>>);
    let repeats = use_repeats();
    let plan = use_memo(
        (props.board.clone(), props.sections.clone(), *size, *takes_all, *order),
        |(board, sections, size, takes_all, order)| {
            let size = if *takes_all { usize::MAX } else { *size };
            Plan::new(board, sample(board, size, *order), sections)
        },
    );
    let results = use_memo((started.as_ref().map(Rc::clone).map(PtrEq), repeats.results.len()), {
        let done = repeats.results.clone();
        move |(started, _)| {
            let measured: BTreeMap<usize, Measurement> =
                done.iter().map(|(run, repeated)| (*run, measurement(repeated))).collect();
            let of = |check: &Check| started.as_ref()?.result(check, &measured);
            let checks = started.iter().flat_map(|plan| &plan.checks);
            checks
                .filter_map(|check| Some(((check.row, check.question.clone(), check.attempt), of(check)?)))
                .collect::<Results>()
        }
    });
    use_effect_with(results.clone(), {
        let on_results = props.on_results.clone();
        move |results| on_results.emit((**results).clone())
    });
    let start = {
        let (started, plan, start, device) =
            (started.setter(), plan.clone(), repeats.start.clone(), props.device);
        Callback::from(move |_: MouseEvent| {
            started.set(Some(plan.clone()));
            start.emit(runs_of(&plan, device));
        })
    };
    let field = use_number_field(NumberOptions::new(Some(*size as f64), Bounds::whole(1, 1000), {
        let size = size.setter();
        Callback::from(move |number: f64| size.set(number as usize))
    }));
    let on_mode = |all: bool| {
        let takes_all = takes_all.setter();
        Callback::from(move |_: Event| takes_all.set(all))
    };
    let names: BTreeMap<u64, &str> = props.board.rows.iter().map(|row| (row.id, &*row.name)).collect();
    html! {
        <section class="class-recompute" aria-labelledby="class-recompute-title" data-recompute={repeats.state.slug()}>
            <h2 id="class-recompute-title">{ "Recompute" }</h2>
            <p>{ "Runs the experiments behind the answers again on this device and compares the measured numbers. CPU runs repeat to the last bit, also on another computer." }</p>
            <fieldset class="class-options" disabled={repeats.state.is_active()}>
                <legend class="visually-hidden">{ "Students" }</legend>
                <label class="option"><input type="radio" name="class-sample" checked={!*takes_all} onchange={on_mode(false)} />{ " A sample of" }</label>
                { field.input(NumberAttributes { label: Some("Number of students in the sample".into()), disabled: *takes_all, ..NumberAttributes::default() }) }
                <label class="option"><input type="radio" name="class-sample" data-sample="all" checked={*takes_all} onchange={on_mode(true)} />{ " All students" }</label>
            </fieldset>
            { field.message() }
            <p class="muted" data-plan={plan.runs.len().to_string()}>{ plan_words(&plan, &props.board) }</p>
            { version_note(&plan) }
            <div class="run-buttons" role="group" aria-label="Recompute">
                if repeats.state.is_active() {
                    if repeats.state == BatchState::Paused {
                        <button type="button" class="primary" data-action="recompute-resume" onclick={repeats.resume.reform(|_: MouseEvent| ())}>{ "Resume" }</button>
                    } else {
                        <button type="button" class="primary" data-action="recompute-pause" onclick={repeats.pause.reform(|_: MouseEvent| ())}>{ "Pause" }</button>
                    }
                    <button type="button" data-action="recompute-stop" onclick={repeats.stop.reform(|_: MouseEvent| ())}>{ "Stop" }</button>
                } else {
                    <button type="button" class="primary" data-action="recompute" onclick={start} disabled={plan.checks.is_empty()}>{ "Recompute" }</button>
                }
            </div>
            if repeats.runs > 0 {
                <progress aria-label="Progress of recomputing" max="1" value={repeats.share.to_string()}></progress>
                <p class="run-numbers">
                    <span>
                        <MetricOutput metric="recomputed_runs" value={repeats.results.len() as f64}>{ repeats.results.len() }</MetricOutput>
                        { format!(" of {} runs", repeats.runs) }
                    </span>
                    if let Some(seconds) = repeats.seconds_left.filter(|_| repeats.state == BatchState::Running) {
                        <span>{ format!(" {}", left_words(seconds)) }</span>
                    }
                </p>
            }
            <div role="status">
                if started.is_some() && !repeats.state.is_active() {
                    <p class="notice" data-kind={count(&results, is_bad).gt(&0).then_some("error")} data-recomputed="">{ summary(&results) }</p>
                }
            </div>
            { list(&results, &names) }
        </section>
    }
}

/// Returns some of the students, chosen by a number.
fn sample(board: &Board, size: usize, order: u64) -> Vec<&Row> {
    let mut rows: Vec<&Row> = board.rows.iter().collect();
    if size < rows.len() {
        rows.sort_by_key(|row| mixed(row.id ^ order));
        rows.truncate(size);
    }
    rows
}

fn runs_of(plan: &Plan, device: DeviceChoice) -> Vec<Repeat> {
    let experiments = experiments();
    let repeat = |run: &crate::coursework::class::Rerun| {
        let experiment = experiments.iter().copied().find(|experiment| experiment.slug == run.section)?;
        Some(Repeat {
            experiment,
            config: experiment.config(run.values.clone()),
            seeds: run.seeds,
            trains: run.trains,
            guided: run.experiments.iter().copied().collect(),
            // A choice of the teacher counts; otherwise a run of the CPU is repeated there.
            choice: match device {
                DeviceChoice::Auto if run.on_cpu => DeviceChoice::Cpu,
                device => device,
            },
        })
    };
    plan.runs.iter().filter_map(repeat).collect()
}

fn measurement(repeated: &Repeated) -> Measurement {
    Measurement {
        numbers: repeated.numbers.clone(),
        answers: repeated.answers.clone(),
        curves: repeated.curves.clone(),
        on_cpu: repeated.kind == Some(DeviceKind::Cpu),
        errors: repeated.errors.clone(),
        seconds: repeated.seconds,
    }
}

fn plan_words(plan: &Plan, board: &Board) -> String {
    let attempts = plan.checks.iter().filter(|check| check.run.is_ok()).count();
    let runs = match plan.runs.len() {
        1 => "1 distinct run".to_owned(),
        count => format!("{count} distinct runs"),
    };
    let trainings: u32 = plan.runs.iter().map(|run| if run.trains { run.seeds } else { 0 }).sum();
    let seeds = if trainings as usize > plan.runs.len() {
        format!(", {trainings} with all seeds")
    } else {
        String::new()
    };
    if board.rows.is_empty() {
        return "There are no answers yet.".to_owned();
    }
    format!("{attempts} attempts with a run: {runs}{seeds}. Equal runs are computed once.")
}

/// Returns a sentence about answers of other versions of the lab.
fn version_note(plan: &Plan) -> Html {
    let versions = plan.other_versions(env!("CARGO_PKG_VERSION"));
    if versions.is_empty() {
        return Html::default();
    }
    let versions: Vec<String> = versions.into_iter().map(crate::core::query::shorten).collect();
    html! {
        <p class="notice" data-kind="warn" data-versions="">
            { format!("Some answers are from other versions of the lab ({}). This is version {}, whose numbers may differ.", versions.join(", "), env!("CARGO_PKG_VERSION")) }
        </p>
    }
}

const fn is_bad(result: &Reproduction) -> bool {
    matches!(result, Reproduction::Differs(_))
}

fn count(results: &Results, is: impl Fn(&Reproduction) -> bool) -> usize {
    results.values().filter(|result| is(result)).count()
}

fn summary(results: &Results) -> String {
    let parts = [
        (count(results, |result| *result == Reproduction::Exactly), "reproduce exactly"),
        (count(results, |result| *result == Reproduction::Close), "are close"),
        (count(results, is_bad), "differ"),
        (count(results, |result| *result == Reproduction::NotARun), "have no run"),
        (count(results, |result| matches!(result, Reproduction::Cannot(_))), "cannot be repeated"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    if parts.is_empty() {
        "No run has ended.".to_owned()
    } else {
        format!("Of {} attempts, {}.", results.len(), parts.join(", "))
    }
}

/// Returns the results that are not exact.
fn list(results: &Results, names: &BTreeMap<u64, &str>) -> Html {
    let mut shown: Vec<_> = results
        .iter()
        .filter(|(_, result)| !matches!(result, Reproduction::Exactly | Reproduction::NotARun))
        .collect();
    shown.sort_by_key(|(_, result)| !is_bad(result));
    let more = shown.len().saturating_sub(MAX_SHOWN);
    let item = |((row, question, attempt), result): (&(u64, String, usize), &Reproduction)| {
        let name = names.get(row).copied().unwrap_or("a removed row");
        let attempt = if *attempt > 0 { format!(", attempt {}", attempt + 1) } else { String::new() };
        html! { <li data-result={result.slug()}>{ format!("{name}, {question}{attempt}: {}", result.words()) }</li> }
    };
    html! {
        <ul class="class-list" data-list="recomputed">
            { for shown.into_iter().take(MAX_SHOWN).map(item) }
            if more > 0 {
                <li>{ format!("And {more} more.") }</li>
            }
        </ul>
    }
}
