//! The numbers of section 5.

use super::{Config, NetRecord, Record, entropy_uniform, head_dim, params_formula, steps_to_solve};
use crate::core::metric::Metric;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let [scaled, unscaled] = &record.arms;
    let loss = |net: &NetRecord| net.losses.recent_mean(10);
    let solved = |net: &NetRecord| steps_to_solve(&net.losses).map(f64::from);
    let sweep = record.sweep.as_deref();
    let here = sweep.map(|sweep| sweep.here);
    let ends = sweep.and_then(|sweep| sweep.points.first().zip(sweep.points.last()));
    let drop = ends.map(|(first, last)| first.unscaled.entropy.mean - last.unscaled.entropy.mean);
    let jacobian = sweep.map(super::Sweep::unscaled_jacobian).unwrap_or_default();
    let norm = |point: Option<&(u32, f64)>| point.map(|(_, norm)| *norm);
    let peak = jacobian.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let at = format!("mean at d_k = {}", config.d_k);
    // What was measured belongs to the settings before, until the worker has answered.
    let divisible = head_dim(config).is_some();
    let heads = record.heads.as_deref().filter(|_| divisible);
    let formula = divisible.then(|| f64::from(params_formula(config)));
    vec![
        Metric::new("loss_scaled", "Loss, scaled", loss(scaled)).unit("nats").note("mean of 10 steps"),
        Metric::new("loss_unscaled", "Loss, unscaled", loss(unscaled)).unit("nats").note("mean of 10 steps"),
        Metric::new("steps_scaled", "Steps to learn, scaled", solved(scaled))
            .digits(5)
            .unit("steps")
            .note("loss below 0.5 nats"),
        Metric::new("steps_unscaled", "Steps to learn, unscaled", solved(unscaled))
            .digits(5)
            .unit("steps")
            .note("loss below 0.5 nats"),
        Metric::new("entropy_scaled", "Entropy, scaled", here.map(|here| here.scaled.entropy.mean))
            .unit("nats")
            .note(at.clone()),
        Metric::new("entropy_unscaled", "Entropy, unscaled", here.map(|here| here.unscaled.entropy.mean))
            .unit("nats")
            .note(at),
        Metric::new("entropy_uniform", "Uniform weights, ln n", entropy_uniform(config))
            .unit("nats")
            .note("closed form"),
        Metric::new("entropy_drop", "Entropy drop across the sweep (unscaled)", drop)
            .unit("nats")
            .note("from d_k = 4 to 512"),
        Metric::new("jacobian_first", "Softmax Jacobian at d_k = 4 (unscaled)", norm(jacobian.first()))
            .note("median norm"),
        Metric::new("jacobian_peak", "Softmax Jacobian, largest (unscaled)", norm(peak))
            .note(peak.map_or_else(String::new, |(d_k, _)| format!("median norm, at d_k = {d_k}"))),
        Metric::new("jacobian_last", "Softmax Jacobian at d_k = 512 (unscaled)", norm(jacobian.last()))
            .digits(2)
            .note("median norm"),
        Metric::new("params_formula", "Parameters, formula", formula).count().note("closed form"),
        Metric::new("params_counted", "Counted in the model", heads.map(|heads| heads.params_counted.into()))
            .count(),
        Metric::new(
            "max_abs_err_mha",
            "Difference from burn's built-in layer",
            heads.map(|heads| heads.max_abs_err),
        )
        .digits(2)
        .note("max |difference|, same weights"),
    ]
}
