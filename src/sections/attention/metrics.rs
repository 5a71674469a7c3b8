//! The metrics of section 5.

use super::{
    Attention, Config, Record, Sweep, Task, entropy_uniform, head_dim, params_formula, solved_below,
    steps_to_solve,
};
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::per_arm;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let arms = Attention::ARMS;
    let sweep = record.sweep.as_deref();
    let here = match sweep {
        Some(sweep) => [Some(sweep.here.scaled), Some(sweep.here.unscaled)],
        None => [None, None],
    };
    let ends = sweep.and_then(|sweep| sweep.points.first().zip(sweep.points.last()));
    let drop = ends.map(|(first, last)| first.unscaled.entropy.mean - last.unscaled.entropy.mean);
    let [first, last] = [ends.map(|(first, _)| first), ends.map(|(_, last)| last)]
        .map(|point| point.map(|point| point.unscaled.jacobian_median.mean));
    let peak = sweep.and_then(Sweep::jacobian_peak);
    let at_peak = peak.map_or_else(String::new, |(d_k, _)| format!("median norm, at d_k = {d_k}"));
    // Until the worker has answered, the record belongs to the previous settings.
    let divisible = head_dim(config).is_some();
    let heads = record.heads.as_deref().filter(|_| divisible);
    let formula = divisible.then(|| f64::from(params_formula(config)));
    let counted = heads.map(|heads| heads.params_counted.into());

    let below = solved_below(config.task);
    let note = match config.task {
        Task::LookUp => "loss below 0.5 nats",
        Task::TwoLookUps => "loss below 0.15 nats",
    };
    let mut metrics = per_arm(Attention::arms(config), &record.arms, |arm, net| {
        [arm.loss(&net.losses, 10), arm.steps(steps_to_solve(&net.losses, below), note)]
    });
    let roles = record.roles.as_deref();
    let diagonal = |which: usize| roles.and_then(|roles| roles.diagonal.get(which)).map(|spread| spread.mean);
    let asymmetry = |which: usize| roles.and_then(|roles| roles.asymmetry.get(which)).copied();
    metrics.extend(per_arm(arms, &here, |arm, here| {
        let entropy = arm.metric("entropy", "Entropy", here.map(|here| here.entropy.mean));
        [entropy.unit("nats").note(format!("mean at d_k = {}", config.d_k))]
    }));
    metrics.extend([
        Metric::new("entropy_uniform", "Uniform weights, ln n", entropy_uniform(config))
            .unit("nats")
            .note("closed form"),
        Metric::new("entropy_drop", "Entropy drop across the sweep (unscaled)", drop)
            .unit("nats")
            .note("from d_k = 4 to 512"),
        Metric::new("jacobian_first", "Softmax Jacobian at d_k = 4 (unscaled)", first).note("median norm"),
        Metric::new("jacobian_peak", "Softmax Jacobian, largest (unscaled)", peak.map(|(_, norm)| norm))
            .note(at_peak),
        Metric::new("jacobian_last", "Softmax Jacobian at d_k = 512 (unscaled)", last)
            .digits(2)
            .note("median norm"),
        Metric::new("diagonal_shared", "Weight on itself, one projection", diagonal(0))
            .note("mean of 16 random layers"),
        Metric::new("diagonal_separate", "Weight on itself, two projections", diagonal(1))
            .note("mean of 16 random layers"),
        Metric::new("asymmetry_shared", "Difference of mirrored scores, one projection", asymmetry(0))
            .digits(2)
            .note("max"),
        Metric::new("asymmetry_separate", "Difference of mirrored scores, two projections", asymmetry(1))
            .digits(2)
            .note("max"),
        Metric::new("params_formula", "Parameters, formula", formula).count().note("closed form"),
        Metric::new("params_counted", "Counted in the model", counted).count(),
        Metric::new("max_abs_err_mha", "Difference from burn's built-in layer", heads.map(|h| h.max_abs_err))
            .digits(2)
            .note("max |difference|, same weights"),
    ]);
    metrics
}
