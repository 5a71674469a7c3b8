//! The panel of section 4.

mod cell;
mod code;
mod cover;
mod figures;
mod latest;
mod names;
mod own;
mod sequence;
mod text;

pub use cover::cover;

use super::{Alphabet, Config, Rnn, TaskChoice};
use crate::client::use_experiment;
use crate::keys;
use crate::panel::{
    ChapterBody, Hint, LineImport, Page, PanelProps, PtrEq, Readouts, controls, frame, use_settings,
};
use figures::PathFigure;
use serde_json::Value;
use yew::prelude::*;

/// The panel of section 4: recurrent networks over long sequences.
#[component]
pub fn RnnPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config: &Config = &settings.config;
    let lab = use_experiment::<Rnn>(&settings.run_config, settings.options);
    let position = use_state_eq(|| 0usize);
    let move_to = use_callback((), {
        let position = position.setter();
        move |t: usize, ()| position.set(t)
    });
    let task_keys: &[_] = match (config.task, config.alphabet) {
        (TaskChoice::Lines, _) => keys![Config; task, data, seed],
        (TaskChoice::Recall, Alphabet::Separate) => {
            keys![Config; task, seq_len, n_classes, alphabet, n_distractors, seed]
        }
        (TaskChoice::Recall, Alphabet::Shared) => keys![Config; task, seq_len, n_classes, alphabet, seed],
    };
    let on_data = use_callback(settings.set.clone(), |id: String, set| {
        set.emit(("data", Value::from(id)));
        set.emit(("task", Value::from("lines")));
    });
    let groups = vec![
        controls("Task", task_keys),
        controls("Networks", keys![Config; d_hidden, forget_bias, spectral_radius]),
        controls("Training", keys![Config; learning_rate, clip, batch_size, shards, steps]),
    ];
    let hint = |words, experiment| Some(Hint { words, experiment });
    let body = |chapter: &str| match chapter {
        "memory" => ChapterBody {
            lead: text::memory_lead(config),
            stage: html! {
                <>
                    { sequence::sequence_figure(config, &lab.record) }
                    { figures::train_figures(config, &lab.record) }
                </>
            },
            keys: keys![Config; seq_len, spectral_radius, forget_bias],
            hint: hint("Raise ρ to 1.1 and train again.", "good-start"),
            below: html! { <><Readouts />{ text::reading(config, &lab.record) }{ text::why(config) }</> },
            ..ChapterBody::default()
        },
        "backpropagation" => ChapterBody {
            lead: text::backpropagation_lead(),
            stage: figures::gradient_figure(config, &lab.record),
            keys: keys![Config; seq_len, spectral_radius, forget_bias, clip],
            hint: hint("Raise ρ to 2 and watch the left end of the RNN’s line.", "radius-two"),
            below: html! {
                <>
                    <Readouts />
                    { text::through_time() }
                    { figures::clip_figure(config) }
                    { figures::gradient_maps(config, &lab.record) }
                </>
            },
            ..ChapterBody::default()
        },
        "survival" => ChapterBody {
            lead: text::survival_lead(config),
            stage: html! {
                <PathFigure config={config.clone()} untrained={lab.record.untrained.clone()} trained={lab.record.trained()} />
            },
            keys: keys![Config; seq_len, spectral_radius, forget_bias, d_hidden],
            hint: hint("Set the forget-gate bias to 1, then back to chrono.", "chrono"),
            below: html! {
                <>
                    <Readouts />
                    { text::why(config) }
                    <Readouts row={1} />
                    { text::rates() }
                </>
            },
            ..ChapterBody::default()
        },
        "architecture" => ChapterBody {
            lead: text::architecture_lead(),
            stage: cell::cell_figure(config, &lab.record, *position, &move_to),
            keys: keys![Config; seq_len, d_hidden, forget_bias, spectral_radius],
            hint: hint("Train, and see which gates move.", "four-gates"),
            below: html! {
                <>
                    { text::equations() }
                    { cell::units_figure(config, &lab.record, *position, &move_to) }
                    { text::param_formula(config) }
                    <Readouts />
                </>
            },
            ..ChapterBody::default()
        },
        "own" => ChapterBody {
            lead: own::lead(&names::Names::of(config, &lab.record)),
            stage: html! { <own::LinesFigure config={config.clone()} record={PtrEq(lab.record.clone())} /> },
            keys: keys![Config; task, d_hidden, learning_rate, batch_size, steps],
            below: html! {
                <>
                    <LineImport data={config.data.clone()} on_data={on_data.clone()} />
                    { own::accuracy_figure(config, &lab.record) }
                    <Readouts />
                    { own::overfitting(config, &lab.record) }
                </>
            },
            ..ChapterBody::default()
        },
        "code" => ChapterBody {
            lead: code::code_lead(),
            stage: code::code_parts(config),
            keys: keys![Config; task, seq_len, alphabet, forget_bias, spectral_radius],
            ..ChapterBody::default()
        },
        _ => ChapterBody::default(),
    };
    frame(&lab, &settings, Page { settings: groups, ..Page::default() }, body)
}
