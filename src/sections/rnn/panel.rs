//! The panel of section 4.

mod figures;
mod text;

use super::{
    Agreement, Alphabet, Config, FLOAT_FLOOR, LSTM, NetRecord, RNN, Record, Rnn, chance, params_lstm,
    params_rnn,
};
use crate::keys;
use crate::lab::use_experiment;
use crate::panel::{PanelProps, PtrEq, controls, frame, provenance, use_settings};
use crate::run::Experiment;
use crate::ui::readout::{Readout, format_number};
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
    let provenance = provenance(Rnn::SLUG, config);
    let record = PtrEq(lab.record.clone());
    let figures = html! {
        <>
            <Scores config={config.clone()} record={record.clone()} />
            <TrainFigures config={config.clone()} {record} provenance={provenance.clone()} />
            <h3>{ "Why: what is left of a change at the end" }</h3>
            { text::why() }
            <PathFigure config={config.clone()} untrained={lab.record.untrained.clone()}
                trained={lab.record.trained()} {provenance} />
            <h3>{ "Build: two nets, step by step" }</h3>
            <Build config={config.clone()} params={lab.record.params} agreement={lab.record.agreement}
                radius={lab.record.untrained.as_ref().map(|paths| paths.spectral_radius)} />
        </>
    };
    frame(&lab, &settings, "What a recurrent net remembers", text::introduction(), control_groups, figures)
}

#[derive(PartialEq, Properties)]
struct ScoresProps {
    config: Config,
    record: PtrEq<Record>,
}

/// How the run goes, in numbers that a reader may quote.
#[component]
fn Scores(props: &ScoresProps) -> Html {
    let (config, record) = (&props.config, &*props.record.0);
    let (rnn, lstm) = (&record.arms[RNN], &record.arms[LSTM]);
    let first = |net: &NetRecord| net.gradient_at_first();
    let faded = |norm: Option<f64>| match norm {
        Some(norm) if norm < FLOAT_FLOOR => "below the float floor",
        _ => "‖∂L/∂h₀‖",
    };
    // A gradient below the floor is only known to be below it.
    let ratio = first(lstm).zip(first(rnn)).map(|(lstm, rnn)| lstm.max(FLOAT_FLOOR) / rnn.max(FLOAT_FLOOR));
    let guess = AttrValue::from(format!("a guess: {}", format_number(chance(config), 3)));
    html! {
        <div class="readouts">
            <Readout metric="loss_rnn" label="Loss, RNN" value={rnn.losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
            <Readout metric="loss_lstm" label="Loss, LSTM" value={lstm.losses.recent_mean(20)} unit="nats" note="mean of 20 steps" />
            <Readout metric="accuracy_rnn" label="Accuracy, RNN" value={rnn.accuracy.last_y()} note={guess.clone()} />
            <Readout metric="accuracy_lstm" label="Accuracy, LSTM" value={lstm.accuracy.last_y()} note={guess} />
            <Readout metric="chance" label="A guess" value={chance(config)} note="closed form: 1/K" />
            <Readout metric="grad_first_rnn" label="Gradient at the first token, RNN" value={first(rnn)} digits={2} note={faded(first(rnn))} />
            <Readout metric="grad_first_lstm" label="Gradient at the first token, LSTM" value={first(lstm)} digits={2} note={faded(first(lstm))} />
            <Readout metric="grad_ratio" label="LSTM to RNN" value={ratio} digits={2} note="at the first token; each at least the float floor" />
            <Readout metric="ms_per_step_rnn" label="A step of the RNN" value={rnn.times.median()} digits={3} unit="ms" note="median, this device" />
            <Readout metric="ms_per_step_lstm" label="A step of the LSTM" value={lstm.times.median()} digits={3} unit="ms" note="median, this device" />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct BuildProps {
    config: Config,
    params: Option<(u32, u32)>,
    agreement: Option<(Agreement, Agreement)>,
    /// The spectral radius of the untrained RNN's recurrent weights.
    radius: Option<f64>,
}

/// The equations, the parameters that they cost, and the agreement with another implementation.
#[component]
fn Build(props: &BuildProps) -> Html {
    let config = &props.config;
    let most = |of: fn(&(Agreement, Agreement)) -> Agreement| {
        props.agreement.as_ref().map(of).map(|off| off.values.max(off.gradients))
    };
    html! {
        <>
            { text::equations() }
            { text::param_formula(config) }
            <div class="readouts">
                <Readout metric="params_rnn" label="RNN, by the formula" value={params_rnn(config) as f64} digits={9} note="closed form" />
                <Readout metric="params_rnn_counted" label="RNN, counted" value={props.params.map(|(rnn, _)| rnn.into())} digits={9} />
                <Readout metric="params_lstm" label="LSTM, by the formula" value={params_lstm(config) as f64} digits={9} note="closed form" />
                <Readout metric="params_lstm_counted" label="LSTM, counted" value={props.params.map(|(_, lstm)| lstm.into())} digits={9} />
                <Readout metric="spectral_radius_measured" label="Spectral radius, untrained RNN" value={props.radius} note="from its eigenvalues" />
                <Readout metric="max_abs_err_rnn" label="RNN against burn's" value={most(|both| both.0)} digits={2} note="max |difference|, values and gradients" />
                <Readout metric="max_abs_err_lstm" label="LSTM against burn's" value={most(|both| both.1)} digits={2} note="max |difference|, values and gradients" />
            </div>
        </>
    }
}
