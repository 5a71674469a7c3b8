//! The numbers of section 4.

use super::{
    Agreement, Config, FLOAT_FLOOR, NetRecord, Record, chance, params_lstm, params_rnn, steps_to_learn,
};
use crate::core::metric::Metric;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let [rnn, lstm] = &record.arms;
    let loss = |net: &NetRecord| net.losses.recent_mean(20);
    let first = |net: &NetRecord| net.gradient_at_first();
    let faded = |norm: Option<f64>| match norm {
        Some(norm) if norm < FLOAT_FLOOR => "below the float floor",
        _ => "‖∂L/∂h₀‖",
    };
    // A gradient below the floor is only known to be below it.
    let ratio = first(lstm).zip(first(rnn)).map(|(lstm, rnn)| lstm.max(FLOAT_FLOOR) / rnn.max(FLOAT_FLOOR));
    let guess = format!("chance level: {:.3}", chance(config));
    let most = |of: fn(&(Agreement, Agreement)) -> Agreement| {
        record.agreement.as_ref().map(of).map(|off| off.values.max(off.gradients))
    };
    let learned = |net: &NetRecord| steps_to_learn(&net.accuracy).map(f64::from);
    let untrained = record.untrained.as_deref();
    let path = |of: fn(&super::Paths) -> &[f64]| untrained.and_then(|paths| of(paths).first().copied());
    let radius = record.untrained.as_ref().map(|paths| paths.spectral_radius);
    vec![
        Metric::new("loss_rnn", "Loss, RNN", loss(rnn)).unit("nats").note("mean of 20 steps"),
        Metric::new("loss_lstm", "Loss, LSTM", loss(lstm)).unit("nats").note("mean of 20 steps"),
        Metric::new("accuracy_rnn", "Accuracy, RNN", rnn.accuracy.last_y()).note(guess.clone()),
        Metric::new("accuracy_lstm", "Accuracy, LSTM", lstm.accuracy.last_y()).note(guess),
        Metric::new("steps_rnn", "Steps to learn, RNN", learned(rnn))
            .digits(5)
            .unit("steps")
            .note("accuracy above 0.9; measured now and then"),
        Metric::new("steps_lstm", "Steps to learn, LSTM", learned(lstm))
            .digits(5)
            .unit("steps")
            .note("accuracy above 0.9; measured now and then"),
        Metric::new("chance", "Chance level", chance(config)).note("closed form: 1/K"),
        Metric::new("grad_first_rnn", "Gradient at the first token, RNN", first(rnn))
            .digits(2)
            .note(faded(first(rnn))),
        Metric::new("grad_first_lstm", "Gradient at the first token, LSTM", first(lstm))
            .digits(2)
            .note(faded(first(lstm))),
        Metric::new("grad_ratio", "Ratio, LSTM to RNN", ratio)
            .digits(2)
            .note("at the first token; each at least the float floor"),
        Metric::new("path_rnn", "Path from the first token, RNN", path(|paths| &paths.rnn))
            .digits(2)
            .note("untrained; mean factor to the end"),
        Metric::new("path_lstm", "Path from the first token, LSTM cell", path(|paths| &paths.cell))
            .digits(2)
            .note("untrained; mean factor to the end"),
        Metric::new("ms_per_step_rnn", "Time per step, RNN", rnn.times.median())
            .unit("ms")
            .note("median, this device"),
        Metric::new("ms_per_step_lstm", "Time per step, LSTM", lstm.times.median())
            .unit("ms")
            .note("median, this device"),
        Metric::new("params_rnn", "RNN, formula", params_rnn(config) as f64).count().note("closed form"),
        Metric::new("params_rnn_counted", "RNN, counted", record.params.map(|(rnn, _)| rnn.into())).count(),
        Metric::new("params_lstm", "LSTM, formula", params_lstm(config) as f64).count().note("closed form"),
        Metric::new("params_lstm_counted", "LSTM, counted", record.params.map(|(_, lstm)| lstm.into()))
            .count(),
        Metric::new("spectral_radius_measured", "Spectral radius, untrained RNN", radius)
            .note("from its eigenvalues"),
        Metric::new("max_abs_err_rnn", "RNN: difference from burn's built-in layer", most(|both| both.0))
            .digits(2)
            .note("max |difference|, values and gradients"),
        Metric::new("max_abs_err_lstm", "LSTM: difference from burn's built-in layer", most(|both| both.1))
            .digits(2)
            .note("max |difference|, values and gradients"),
    ]
}
