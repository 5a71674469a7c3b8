//! The panel of section 6.

mod chars;
mod copying;
mod head_scores;
mod head_table;
mod heads;
mod induction;
mod keep;
mod next_bars;
mod next_heads;
mod next_token;
mod own_text;
mod positions;
mod schematic;
mod snapshots;
mod text;
mod training;
mod writing;

use super::{Config, Record, Request, Transformer, memory_bytes, param_count, seconds_estimate};
use crate::client::{RunHandle, use_experiment};
use crate::core::metric::Metric;
use crate::core::settings::{Preset, Settings};
use crate::keys;
use crate::panel::{
    ChapterBody, Page, PanelAction, PanelProps, PtrEq, Readouts, controls, folded_controls, frame,
    use_settings,
};
use crate::protocol::{Pace, RunState};
use crate::ui::readout::{Readout, format_number};
use std::rc::Rc;
use yew::prelude::*;

/// The panel of section 6: a transformer that learns to write.
#[component]
pub fn TransformerPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Transformer>(&settings.run_config, settings.options);
    let ask = use_callback(lab.ask.clone(), |request: Request, ask| {
        // Serializing plain data never fails.
        ask.emit(postcard::to_stdvec(&request).unwrap_or_default());
    });
    let start_with = use_callback(lab.start_with.clone(), |request: Request, start_with| {
        start_with.emit(postcard::to_stdvec(&request).unwrap_or_default());
    });
    let change_settings =
        props.dispatch.reform(|config: Config| PanelAction::Replace(Rc::new(config.to_values()), Vec::new()));
    let record = &lab.record;
    let listens = match lab.state {
        RunState::Idle | RunState::Error(_) => false,
        // A run that loads a file answers once the weights are loaded.
        RunState::Loading { .. } => record.run().loaded.is_some(),
        _ => true,
    };
    let shown = PtrEq(record.clone());
    let model = || controls("Model", keys![Config; layers, heads, d_model, context, positions, mlp, tied]);
    let training = || {
        controls(
            "Training",
            keys![Config; batch_size, steps, learning_rate, warmup, dropout, sample_length, seed],
        )
    };
    let optimizer = || folded_controls("Optimizer", keys![Config; weight_decay, clip, beta1, beta2]);
    let text = || controls("Task", keys![Config; task, text]);
    let own_text = || {
        html! { <own_text::OwnText task={config.task} choice={config.text} info={record.text.clone().map(PtrEq)} set={settings.set.clone()} /> }.into()
    };
    let snapshots = |of: snapshots::Of| {
        html! { <snapshots::Snapshots record={shown.clone()} ask={ask.clone()} {listens} {of} /> }
    };
    let body = |chapter: &str| match chapter {
        "training" => ChapterBody {
            lead: text::introduction(),
            stage: html! {
                <>
                    <Readouts />
                    <div class="readouts"><Readout metric={speed(config, lab.pace)} /></div>
                    <training::LossFigure steps={config.steps} info={record.text.clone().map(PtrEq)} />
                </>
            },
            ..ChapterBody::default()
        },
        "attention-heads" => ChapterBody { stage: snapshots(snapshots::Of::Heads), ..ChapterBody::default() },
        "induction-heads" => ChapterBody {
            stage: html! { <induction::InductionChapter config={config.clone()} record={shown.clone()} choose={settings.choose.clone()} /> },
            ..ChapterBody::default()
        },
        "generation" => ChapterBody {
            stage: html! {
                <>
                    <next_token::NextCharacter key={config.task as u8} config={config.clone()} info={record.text.clone().map(PtrEq)}
                        next={record.run().next.clone().map(PtrEq)} ask={ask.clone()} {listens} version={version(&lab)} />
                    <Readouts />
                    { snapshots(snapshots::Of::Samples) }
                    <writing::WritingDesk writing={record.run().written.clone()} refused={record.run().refused.clone()} ask={ask.clone()} {listens}
                        vocabulary={record.text.as_ref().map_or(0, |text| text.vocabulary.len())} task={config.task} key={config.task as u8} />
                    <h4>{ "Export and import weights" }</h4>
                    <keep::Weights saved={record.run().saved.clone().map(PtrEq)} loaded={record.run().loaded} refused={record.run().refused.clone()}
                        ask={ask.clone()} open={start_with.clone()} {listens} running={lab.state == RunState::Running} step={lab.progress.step}
                        config={config.clone()} info={record.text.clone().map(PtrEq)} remarks={record.remarks.clone()}
                        lock={settings.assignment.lock.clone()} change={change_settings.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "architecture" => ChapterBody {
            stage: html! {
                <>
                    { text::architecture(config.mlp, config.context) }
                    <training::TextFigure config={config.clone()} info={record.text.clone().map(PtrEq)} />
                    <positions::PositionFigures table={record.positions.clone().map(PtrEq)} choice={config.positions} />
                </>
            },
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let notice = html! { <Cost config={config.clone()} record={shown.clone()} steps_per_sec={lab.pace.steps_per_sec} choose={settings.choose.clone()} /> };
    let page = Page { settings: vec![text(), own_text(), model(), training(), optimizer()], notice };
    frame(&lab, &settings, page, body)
}

/// Returns the version of the model's weights.
fn version(lab: &RunHandle<Transformer>) -> next_token::Version {
    let run = lab.record.run();
    next_token::Version {
        run: lab.run,
        step: run.losses.len(),
        snapshots: run.snapshots.len(),
        running: lab.state == RunState::Running,
        writing: run.written.busy,
    }
}

#[derive(PartialEq, Properties)]
struct CostProps {
    config: Config,
    record: PtrEq<Record>,
    steps_per_sec: f32,
    choose: Callback<Option<&'static Preset>>,
}

/// The parameters, memory and time that a run with these settings needs.
#[component]
fn Cost(props: &CostProps) -> Html {
    let (config, record) = (&props.config, &*props.record.0);
    let vocabulary = record.text.as_ref().map_or(65, |text| text.vocabulary.len() as u64);
    let megabytes = memory_bytes(config, vocabulary) as f64 / 1e6;
    let running = f64::from(props.steps_per_sec);
    let (ms, source) = if running.is_finite() && running > 0.0 {
        (Some(1000.0 / running), "at the current speed")
    } else {
        (record.step_ms, "estimated from a short step, measured just now")
    };
    let time = match ms {
        Some(ms) => {
            format!(
                "about {} ({} ms per step, {source})",
                duration(seconds_estimate(config, ms)),
                format_number(ms, 2)
            )
        }
        None => "estimated after the first steps (GPU warm-up)".to_owned(),
    };
    // A first run should not take minutes.
    let first_look = Config::PRESETS.iter().find(|preset| preset.slug == "first-look");
    let is_long =
        ms.is_some_and(|ms| seconds_estimate(config, ms) > 120.0) && (running.is_nan() || running <= 0.0);
    let offer = first_look.filter(|preset| is_long && preset.config::<Config>() != *config).map(|preset| {
        let choose = props.choose.clone();
        html! {
            <button type="button" data-action="first-look" title={preset.help} onclick={move |_| choose.emit(Some(preset))}>
                { "Start with First look instead" }
            </button>
        }
    });
    html! {
        <p class="cost" data-cost="">
            { "This run: " }<strong>{ format!("{} parameters", format_number(param_count(config, vocabulary).total() as f64, 3)) }</strong>
            { format!(", about {} MB of memory (estimate), ", format_number(megabytes, 2)) }<strong>{ time }</strong>{ ". " }
            { offer }
        </p>
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 100.0 => format!("{} s", s.ceil()),
        s if s < 5400.0 => format!("{} min", (s / 60.0).ceil()),
        s => format!("{:.1} h", s / 3600.0),
    }
}

/// The training speed.
fn speed(config: &Config, pace: Pace) -> Metric {
    let per_step = f64::from(config.batch_size) * f64::from(config.context);
    let speed =
        Some(f64::from(pace.steps_per_sec) * per_step).filter(|speed| speed.is_finite() && *speed > 0.0);
    Metric::new("chars_per_sec", "Speed", speed).digits(2).unit("chars/s").note("training, this device")
}
