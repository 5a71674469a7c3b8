//! The panel of section 4.

mod figures;
mod text;

use super::{Alphabet, Config, Rnn};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{PanelProps, PtrEq, Readouts, controls, frame, use_settings};
use figures::{PathFigure, TrainFigures};
use yew::prelude::*;

/// Section 4: recurrent nets over long sequences.
#[component]
pub fn RnnPanel(props: &PanelProps) -> Html {
    let settings = use_settings::<Config>(props);
    let config = &settings.config;
    let lab = use_experiment::<Rnn>(config, settings.options);
    let task_keys: &[_] = match config.alphabet {
        Alphabet::Separate => keys![Config; seq_len, n_classes, alphabet, n_distractors, seed],
        Alphabet::Shared => keys![Config; seq_len, n_classes, alphabet, seed],
    };
    let control_groups = html! {
        <>
            { controls(&settings, "Task", task_keys) }
            { controls(&settings, "Nets", keys![Config; d_hidden, forget_bias, spectral_radius]) }
            { controls(&settings, "Training", keys![Config; learning_rate, clip, batch_size, steps]) }
        </>
    };
    let record = PtrEq(lab.record.clone());
    let figures = html! {
        <>
            <Readouts names="loss_rnn loss_lstm accuracy_rnn accuracy_lstm chance grad_first_rnn grad_first_lstm grad_ratio ms_per_step_rnn ms_per_step_lstm" />
            <TrainFigures config={config.clone()} {record} />
            <h3>{ "Why: what is left of a change at the end" }</h3>
            { text::why() }
            <PathFigure config={config.clone()} untrained={lab.record.untrained.clone()}
                trained={lab.record.trained()} />
            <h3>{ "Build: two nets, step by step" }</h3>
            <Build config={config.clone()} />
        </>
    };
    frame(&lab, &settings, "What a recurrent net remembers", text::introduction(), control_groups, figures)
}

#[derive(PartialEq, Properties)]
struct BuildProps {
    config: Config,
}

/// The equations, the parameters that they cost, and the agreement with another implementation.
#[component]
fn Build(props: &BuildProps) -> Html {
    html! {
        <>
            { text::equations() }
            { text::param_formula(&props.config) }
            <Readouts names="params_rnn params_rnn_counted params_lstm params_lstm_counted spectral_radius_measured max_abs_err_rnn max_abs_err_lstm" />
        </>
    }
}
