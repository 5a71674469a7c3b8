//! The panel of section 6.

mod block;
mod causal_mask;
mod chars;
mod code;
mod copying;
mod cover;
mod head_scores;
mod head_table;
mod heads;
mod induction;
mod keep;
mod live;
mod next_bars;
mod next_heads;
mod next_token;
mod own;
mod positions;
mod predictions;
mod schematic;
mod sequence;
mod small_block;
mod snapshots;
mod stream;
mod temperatures;
mod text;
mod training;
mod writing;

pub use cover::cover;

use super::{Config, Record, Request, Transformer, memory_bytes, param_count, seconds_estimate};
use crate::client::use_experiment;
use crate::core::metric::Metric;
use crate::core::settings::{Preset, Settings};
use crate::keys;
use crate::panel::{
    ChapterBody, Hint, Page, PanelAction, PanelProps, PtrEq, Readouts, RunEstimate, TextImport, controls,
    folded_controls, frame, use_settings,
};
use crate::protocol::{DeviceKind, Pace, RunState};
use crate::ui::readout::{Readout, format_number, time_range_words};
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

/// The panel of section 6: a transformer that learns to write.
#[component]
pub fn TransformerPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Transformer>(&settings.run_config, settings.options);
    let start_with = use_callback(lab.start_with.clone(), |request: Request, start_with| {
        // Serializing plain data never fails.
        start_with.emit(postcard::to_stdvec(&request).unwrap_or_default());
    });
    let change_settings =
        props.dispatch.reform(|config: Config| PanelAction::Replace(Rc::new(config.to_values()), Vec::new()));
    let on_data = use_callback(settings.set.clone(), |id: String, set| {
        set.emit(("data", Value::from(id)));
        set.emit(("text", Value::from("own")));
        set.emit(("task", Value::from("text")));
    });
    let live = live::use_live(&lab);
    let (input, set_input) = next_token::use_input(config.task);
    let chosen = snapshots::use_chosen();
    let record = &lab.record;
    let info = || record.text.clone().map(PtrEq);
    let shown = PtrEq(record.clone());
    let steps = config.steps;
    let body = |chapter: &str| match chapter {
        "next" => ChapterBody {
            lead: text::introduction(),
            stage: html! { <next_token::NextCharacter config={config.clone()} info={info()} live={live.clone()} input={input.clone()} set={set_input.clone()} /> },
            keys: keys![Config; layers, d_model, context, steps],
            hint: Some(Hint {
                words: "Guess the loss of the untrained model.",
                experiment: "untrained-loss",
            }),
            below: html! {
                <>
                    { text::how_it_reads() }
                    <next_token::NextHeadsFigure config={config.clone()} info={info()} live={live.clone()} input={input.clone()} set={set_input.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "architecture" => ChapterBody {
            lead: text::architecture(),
            stage: html! { <block::BlockFigure config={config.clone()} info={info()} /> },
            keys: keys![Config; layers, heads, d_model, mlp, tied],
            hint: Some(Hint { words: "Take the positions away.", experiment: "no-positions" }),
            below: html! {
                <>
                    <Readouts />
                    <predictions::WindowFigure config={config.clone()} text={input.text_of_pictures()} />
                    { text::stream() }
                    <stream::StreamFigures config={config.clone()} untrained={record.untrained.clone().map(PtrEq)} />
                    { text::positions() }
                    <positions::PositionFigures table={record.positions.clone().map(PtrEq)} choice={config.positions} />
                </>
            },
            ..ChapterBody::default()
        },
        "mask" => ChapterBody {
            lead: text::mask(),
            stage: html! {
                <div class="figure-row mask-stage">
                    <causal_mask::MaskFigure config={config.clone()} text={input.text_of_pictures()} />
                    <causal_mask::MaskLossFigure config={config.clone()} info={info()} />
                </div>
            },
            keys: keys![Config; mask, context, steps, learning_rate],
            hint: Some(Hint { words: "Switch the mask off, and train.", experiment: "no-mask" }),
            below: html! { <>{ text::without_mask() }<Readouts /></> },
            ..ChapterBody::default()
        },
        "training" => ChapterBody {
            lead: text::training(),
            stage: html! { <training::LossFigure {steps} info={info()} /> },
            keys: keys![Config; steps, learning_rate, batch_size, dropout, context],
            hint: Some(Hint { words: "Try one layer and 500 steps.", experiment: "beat-bigram" }),
            below: html! {
                <>
                    <Readouts />
                    <div class="readouts"><Readout metric={speed(config, lab.pace)} /></div>
                    { text::optimizer() }
                    <training::TextFigure info={info()} />
                </>
            },
            ..ChapterBody::default()
        },
        "attention-heads" => ChapterBody {
            lead: text::heads(),
            stage: html! { <snapshots::HeadsStage record={shown.clone()} live={live.clone()} chosen={chosen.clone()} /> },
            keys: keys![Config; layers, heads, positions, context],
            hint: Some(Hint { words: "Take the positions away.", experiment: "no-positions" }),
            below: html! { <snapshots::HeadsBelow record={shown.clone()} live={live.clone()} chosen={chosen.clone()} /> },
            ..ChapterBody::default()
        },
        "induction-heads" => ChapterBody {
            lead: text::induction(),
            stage: html! { <induction::InductionStage config={config.clone()} record={shown.clone()} live={live.clone()} choose={settings.choose.clone()} /> },
            keys: keys![Config; task, layers, heads, tied, steps],
            hint: Some(Hint { words: "Draw the loss before you train.", experiment: "two-layer-copy" }),
            below: html! { <induction::InductionBelow config={config.clone()} record={shown.clone()} live={live.clone()} choose={settings.choose.clone()} /> },
            ..ChapterBody::default()
        },
        "generation" => ChapterBody {
            lead: text::generation(),
            stage: html! { <snapshots::SamplesFigure record={shown.clone()} live={live.clone()} chosen={chosen.clone()} /> },
            keys: keys![Config; sample_length, steps, text],
            hint: Some(Hint { words: "Low temperatures look better. Are they?", experiment: "temperature" }),
            below: html! {
                <>
                    <h2>{ "Write with the model" }</h2>
                    <writing::WritingDesk writing={live.writing.clone()} refused={record.run().refused.clone()} ask={live.ask.clone()} listens={live.listens}
                        vocabulary={record.text.as_ref().map_or(0, |text| text.vocabulary.len())} task={config.task} key={config.task as u8} />
                    <temperatures::TemperatureFigure record={shown.clone()} />
                    <Readouts />
                    <h2>{ "Export and import weights" }</h2>
                    <keep::Weights saved={record.run().saved.clone().map(PtrEq)} loaded={record.run().loaded} refused={record.run().refused.clone()}
                        ask={live.ask.clone()} open={start_with.clone()} listens={live.is_run} running={lab.state == RunState::Running} step={lab.progress.step}
                        config={config.clone()} info={info()} remarks={record.remarks.clone()}
                        lock={settings.assignment.lock.clone()} change={change_settings.clone()} />
                </>
            },
            ..ChapterBody::default()
        },
        "own" => ChapterBody {
            lead: text::own(),
            stage: html! { <own::VocabularyFigure info={info()} /> },
            keys: keys![Config; text, context, steps, dropout],
            below: html! {
                <>
                    <TextImport data={config.data.clone()} on_data={on_data.clone()} />
                    { own::first_lines(info()) }
                    { text::rare_characters() }
                </>
            },
            ..ChapterBody::default()
        },
        "code" => ChapterBody {
            lead: code::code_lead(),
            stage: code::code_parts(config),
            keys: keys![Config; task, positions, mlp, tied],
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    let groups = vec![
        controls("Task", keys![Config; task, text, data]),
        controls("Model", keys![Config; layers, heads, d_model, context, positions, mask, mlp, tied]),
        controls(
            "Training",
            keys![Config; batch_size, shards, steps, learning_rate, warmup, dropout, sample_length, seed],
        ),
        folded_controls("Optimizer", keys![Config; weight_decay, clip, beta1, beta2]),
    ];
    let notice = html! {
        <Cost config={config.clone()} record={shown.clone()} choose={settings.choose.clone()}
            is_gpu={lab.device.as_ref().is_some_and(|device| device.kind == DeviceKind::Webgpu)} />
    };
    frame(&lab, &settings, Page { settings: groups, notice }, body)
}

#[derive(PartialEq, Properties)]
struct CostProps {
    config: Config,
    record: PtrEq<Record>,
    choose: Callback<Option<&'static Preset>>,
    is_gpu: bool,
}

/// The parameters and the time of a run with these settings, with its memory as a tooltip.
#[component]
fn Cost(props: &CostProps) -> Html {
    let (config, record) = (&props.config, &*props.record.0);
    let vocabulary = record.text.as_ref().map_or(65, |text| text.vocabulary.len() as u64);
    let megabytes = memory_bytes(config, vocabulary) as f64 / 1e6;
    let estimate = use_context::<RunEstimate>().unwrap_or_default();
    let seconds = match estimate {
        RunEstimate::Known { seconds, high } => Some((seconds, high)),
        RunEstimate::Open => None,
        // In a frame, a step of a smaller model has to do.
        RunEstimate::None => {
            record.step_ms.map(|ms| seconds_estimate(config, ms)).map(|seconds| (seconds, seconds))
        }
    };
    let time = match seconds {
        Some((low, high)) => time_range_words(low, high),
        None if props.is_gpu => "timed by its first steps".to_owned(),
        None => "duration not measured yet".to_owned(),
    };
    let details = format!("Estimates: {} MB of memory.", format_number(megabytes, 2));
    // A first run should not take minutes.
    let first_look = Config::PRESETS.iter().find(|preset| preset.slug == "first-look");
    // The offer does not depend on the run, so that nothing moves when it starts.
    let is_long = seconds.is_some_and(|(seconds, _)| seconds > 120.0);
    let offer = first_look.filter(|preset| is_long && preset.config::<Config>() != *config).map(|preset| {
        let choose = props.choose.clone();
        html! {
            <button type="button" data-action="first-look" title={preset.help} onclick={move |_| choose.emit(Some(preset))}>
                { "Use First look instead" }
            </button>
        }
    });
    html! {
        <p class="cost" data-cost="" title={details}>
            { "This run: " }<strong>{ format!("{} parameters", format_number(param_count(config, vocabulary).total() as f64, 3)) }</strong>
            { ", " }<strong>{ time }</strong>{ if seconds.is_some() || props.is_gpu { ". " } else { " " } }
            { offer }
        </p>
    }
}

/// The training speed.
fn speed(config: &Config, pace: Pace) -> Metric {
    let per_step = f64::from(config.batch_size) * f64::from(config.context);
    let speed =
        Some(f64::from(pace.steps_per_sec) * per_step).filter(|speed| speed.is_finite() && *speed > 0.0);
    Metric::new("chars_per_sec", "Speed", speed).digits(2).unit("chars/s").note("training, this device")
}
