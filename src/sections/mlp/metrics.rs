//! The metrics of section 1.

use super::{Config, LINEAR, Mlp, NONLINEAR, Record, ReluSum, error_bound, params_formula, rank_bound};
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::per_arm;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let (arms, nets) = (Mlp::ARMS, &record.arms);
    let chance = config.task().chance();
    let baseline = record.untrained.as_ref().and_then(|untrained| untrained.baseline);
    let of_mean = match baseline {
        Some(baseline) => format!("the mean: {}", format_error(baseline.constant[1])),
        None => "root mean square".to_owned(),
    };
    let constructed = ReluSum::interpolating(config.target, config.pieces);
    let trained = record.pieces.as_ref().map(|pieces| pieces.sum.max_error(config.target));
    let collapse = record.collapse.as_deref();
    let output = collapse.and_then(|collapse| collapse.layers.last());
    let difference = collapse.map(|c| c.max_abs_diff);
    let edits: u32 = nets.iter().filter_map(|net| net.snapshot.as_ref()).map(|net| net.edits).sum();
    let mut metrics = per_arm(arms, nets, |arm, net| {
        let loss = arm.loss(&net.losses, 20);
        match chance {
            Some(chance) => {
                let accuracy = arm.metric("accuracy", "Test accuracy", net.accuracy());
                [loss, accuracy.note(format!("chance level: {}", format_chance(chance)))]
            }
            None => {
                let error = arm.metric("rmse", "Test error", net.accuracy());
                [loss.unit(""), error.note(of_mean.clone())]
            }
        }
    });
    let pieces_error = constructed.max_error(config.target);
    metrics.extend([
        Metric::new("pieces_error", "Maximum error, by formula", pieces_error).note("closed form"),
        Metric::new("pieces_bound", "Bound, by formula", error_bound(config.target, config.pieces))
            .note("closed form"),
        Metric::new("pieces_trained_error", "Maximum error, trained", trained)
            .note("after 1,000 steps of Adam"),
        Metric::new("rank_linear", "Rank, linear network", output.map(|o| o.linear.rank.into())),
        Metric::new("rank_activated", "Rank, non-linear network", output.map(|o| o.nonlinear.rank.into())),
        Metric::new("rank_bound", "Bound, linear network", f64::from(rank_bound(config))).note("closed form"),
        Metric::new("collapse_max_abs_diff", "Linear network vs. single layer", difference)
            .digits(2)
            .note("max |difference|"),
    ]);
    let ratios = [LINEAR, NONLINEAR].map(|arm| record.gradient_ratio(arm));
    metrics.extend(per_arm(arms, &ratios, |arm, ratio| {
        let ratio = arm.metric("grad_ratio", "First layer / last", *ratio);
        [ratio.digits(2).note("gradient norms at the start")]
    }));
    metrics.extend([
        Metric::new("params_formula", "Formula", params_formula(config) as f64).count().note("closed form"),
        Metric::new("params_counted", "Counted in the model", record.params_counted.map(f64::from)).count(),
        Metric::new("params_edited", "Changed by hand", f64::from(edits)).count().note("weights and biases"),
    ]);
    metrics
}

fn format_chance(chance: f64) -> String {
    format!("{:.3}", chance).trim_end_matches('0').to_owned()
}

/// Formats an error with three significant digits.
fn format_error(error: f32) -> String {
    let digits = (2 - f64::from(error.abs().max(f32::MIN_POSITIVE)).log10().floor() as i32).clamp(0, 6);
    format!("{error:.*}", digits as usize)
}
