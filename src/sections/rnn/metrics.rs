//! The metrics of section 4.

use super::{
    Config, FLOAT_FLOOR, LSTM, Paths, RNN, Record, Rnn, TaskChoice, chance_level, params_lstm, params_rnn,
    steps_to_learn,
};
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::per_arm;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let (arms, records) = (Rnn::ARMS, &record.arms);
    let chance = chance_level(config, record);
    let chance_note = format!("chance level: {chance:.3}");
    let of_chance = match config.task {
        TaskChoice::Recall => "closed form: 1/K",
        TaskChoice::Lines => "share of the largest class, held out",
    };
    // Gradients below the floor are imprecise, so the ratio is computed with the floor.
    let first = [RNN, LSTM].map(|arm| record.gradient_at_first(arm));
    let ratio = first[LSTM].zip(first[RNN]).map(|(lstm, rnn)| lstm.max(FLOAT_FLOOR) / rnn.max(FLOAT_FLOOR));
    let path = |name: &'static str, title: &'static str, of: fn(&Paths) -> &[f64]| {
        let path = record.untrained.as_deref().and_then(|paths| of(paths).first().copied());
        Metric::new(name, title, path).digits(2).note("untrained; RMS factor to the end")
    };
    let per_step = record.untrained.as_deref().and_then(|paths| Paths::per_step(&paths.rnn));
    let radius = record.untrained.as_ref().map(|paths| paths.spectral_radius);

    let mut metrics = per_arm(arms, records, |arm, net| {
        let accuracy = arm.metric("accuracy", "Accuracy", net.accuracy.last_y());
        let steps = steps_to_learn(&net.accuracy);
        [
            arm.loss(&net.losses, 20),
            accuracy.note(chance_note.clone()),
            arm.steps(steps, "accuracy above 0.9; measured now and then"),
        ]
    });
    metrics.push(Metric::new("chance", "Chance level", chance).note(of_chance));
    metrics.extend(per_arm(arms, records, |arm, net| {
        let accuracy =
            arm.metric("accuracy_train", "Accuracy on training lines", net.train_accuracy.last_y());
        [accuracy.note("of your own lines")]
    }));
    metrics.extend(per_arm(arms, &first, |arm, &norm| {
        let underflows = norm.is_some_and(|norm| norm < FLOAT_FLOOR);
        let note = if underflows { "below the 32-bit minimum" } else { "‖∂L/∂h₀‖" };
        [arm.metric("grad_first", "Gradient at the first token", norm).digits(2).note(note)]
    }));
    metrics.extend([
        Metric::new("grad_ratio", "Ratio, LSTM to RNN", ratio)
            .digits(2)
            .note("at the first token; each at least the 32-bit minimum"),
        path("path_rnn", "Path from the first token, RNN", |paths| &paths.rnn),
        path("path_lstm", "Direct path from the first token, LSTM cell", |paths| &paths.cell),
        Metric::new("step_mean_rnn", "Factor per step back, untrained RNN", per_step)
            .note("geometric mean; includes the slope of the tanh"),
        Metric::new("step_bound_rnn", "Largest singular value of W_h, untrained RNN", record.step_bound)
            .note("bounds the factor of a single step back"),
    ]);
    metrics.extend(per_arm(arms, records, |arm, net| {
        [arm.ms_per_step(net.times.median()).note("median, this device")]
    }));
    let formulas = [params_rnn(config), params_lstm(config)].map(|formula| formula as f64);
    metrics.extend(arms.iter().zip(formulas).zip(record.params).flat_map(|((arm, formula), counted)| {
        let (name, title) = (format!("params_{}", arm.slug), arm.title);
        let counted_name = format!("{name}_counted");
        [
            Metric::new(name, format!("{title}, formula"), formula).count().note("closed form"),
            Metric::new(counted_name, format!("{title}, counted"), counted.map(f64::from)).count(),
        ]
    }));
    metrics.push(
        Metric::new("spectral_radius_measured", "Spectral radius, untrained RNN", radius)
            .note("from its eigenvalues"),
    );
    metrics.extend(per_arm(arms, &record.agreement, |arm, agreement| {
        let largest = agreement.map(|agreement| agreement.values.max(agreement.gradients));
        let title = format!("{}: difference from burn's built-in layer", arm.title);
        let metric = Metric::new(format!("max_abs_err_{}", arm.slug), title, largest);
        [metric.digits(2).note("max |difference|, values and gradients")]
    }));
    metrics
}
