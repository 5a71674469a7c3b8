//! The closed forms of section 5, and its claims compared with the measurements.

use super::{Config, Heads, OptimizerKind, Record, Roles, SCALED, Sweep, Task};
use crate::core::Check;
use crate::core::curve::Curve;
use crate::core::findings::both;

/// The number of values in the look-up task.
pub(super) const N_VALUES: u32 = 8;
/// The number of losses that are averaged before they are compared with [`solved_below`].
const SOLVED_MEAN: usize = 10;

/// Returns the loss in nats below which a network has solved a task; chance is ln 8 = 2.08. For two look-ups it is half of
/// [`one_head_loss`].
pub fn solved_below(task: Task) -> f64 {
    match task {
        Task::LookUp => 0.5,
        Task::TwoLookUps => 0.15,
    }
}

/// Returns the minimum of the mean loss of two look-ups for one head whose weights do not depend on the values, as an
/// infimum: `(1 - 1/8) ln 2 / 2`.
///
/// The logits are linear in the head's output, a mean of the two values with weights `a` and `b`. For the answer with the
/// smaller weight, the loss is convex in the readout, so by symmetry its best readout treats all values alike: its logits are
/// `t a` for the other answer, `t b` for the right one, and 0 for the rest. With `t >= 0` the right one is not above the
/// other, which costs at least `ln 2`; with `t < 0` it is below the six others, which costs more. Only where both values are
/// equal, in one of eight cases, the loss can be 0. The answer with the larger weight can have a loss near 0.
pub fn one_head_loss() -> f64 {
    (1.0 - 1.0 / f64::from(N_VALUES)) * std::f64::consts::LN_2 / 2.0
}

/// Returns the accuracy of a head that divides its weight evenly: it knows both values, but not their order, so it is right
/// by luck in half of the cases in which they differ.
pub fn one_head_accuracy() -> f64 {
    let equal = 1.0 / f64::from(N_VALUES);
    equal + (1.0 - equal) / 2.0
}

/// Returns the dimensions of each head, or `None` if the heads do not divide the model dimension.
pub fn head_dim(config: &Config) -> Option<u32> {
    config
        .d_model
        .is_multiple_of(config.n_heads)
        .then(|| config.d_model.checked_div(config.n_heads))
        .flatten()
}

/// Returns the number of parameters, `4 (d_model^2 + d_model)`: four square matrices with biases for any number of heads.
pub fn params_formula(config: &Config) -> u32 {
    4 * (config.d_model * config.d_model + config.d_model)
}

/// Returns the entropy of equal weights on all keys of the sweep, which is the maximum.
pub fn entropy_uniform(config: &Config) -> f64 {
    f64::from(config.n_keys).ln()
}

/// Returns the approximate entropy of a softmax of `n` independent normal scores of the given variance:
/// `ln n - variance / 2`, at least 0. It holds for many keys and a variance well below `2 ln n` (Derrida 1981, the limit of
/// many states). With a larger variance it would be negative, which no entropy is, and 0 is only a lower bound. The part
/// that all scores share does not change the softmax, which lowers the variance by the factor `1 - 1/n`.
pub fn expected_entropy(n_keys: u32, variance: f64) -> f64 {
    let n = f64::from(n_keys);
    (n.ln() - variance * (1.0 - 1.0 / n) / 2.0).max(0.0)
}

/// Returns the cross-entropy at chance level.
pub fn chance_loss() -> f64 {
    f64::from(N_VALUES).ln()
}

/// Returns the first step at which the mean loss of ten steps is below a level in nats.
pub fn steps_to_solve(losses: &Curve, below: f64) -> Option<u32> {
    let mean = |window: &[(f64, f64)]| window.iter().map(|(_, y)| y).sum::<f64>() / window.len() as f64;
    let window = losses.windows(SOLVED_MEAN).find(|window| mean(window) < below)?;
    window.last().map(|(step, _)| *step as u32)
}

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = Vec::from(sweep_checks(config, record.sweep.as_deref()));
    checks.extend(heads_checks(config, record.heads.as_deref()));
    checks.extend(roles_checks(record.roles.as_deref()));
    match config.task {
        Task::LookUp => {
            checks.push(start_check(config, record));
            checks.push(learning_check(config, record));
        }
        Task::TwoLookUps => checks.extend(two_look_ups_checks(config, record)),
    }
    checks
}

/// A random layer with one projection for queries and keys.
fn roles_checks(roles: Option<&Roles>) -> [Check; 2] {
    let rounding = |roles: &Roles| {
        let scores = roles.scores.iter().flat_map(|scores| scores.iter());
        1e-5 * scores.fold(1.0f32, |max, score| max.max(score.abs()))
    };
    [
        Check::rounding(
            "With one projection for queries and keys, two tokens have the same score for each other.",
            roles.map(|roles| (roles.asymmetry[0], rounding(roles).into())),
        ),
        Check::new(
            "With one projection, an untrained token attends to itself more than with two.",
            "a larger mean weight on itself",
            roles.map(|roles| {
                let [shared, separate] = roles.diagonal.map(|spread| spread.mean);
                (format!("{shared:.2} with one projection, {separate:.2} with two"), shared > separate)
            }),
        ),
    ]
}

/// One head against several on two look-ups.
fn two_look_ups_checks(config: &Config, record: &Record) -> Vec<Check> {
    if config.n_heads < 2 {
        return Vec::new();
    }
    let bound = one_head_loss();
    let last = both(|arm| {
        let losses = &record.arms[arm].losses;
        (losses.len() >= config.steps as usize).then(|| losses.recent_mean(SOLVED_MEAN)).flatten()
    });
    let level = solved_below(Task::TwoLookUps);
    vec![
        Check::new(
            "One head cannot do both look-ups: its loss stays above the level for weights that do not depend on the values.",
            format!("at least {bound:.2} nats at the end"),
            last.map(|[_, one]| (format!("{one:.2} nats"), one >= bound)),
        )
        .of_training(),
        Check::new(
            "Several heads with the same number of parameters do both.",
            format!("at most {level:.2} nats at the end"),
            last.map(|[several, _]| (format!("{several:.2} nats"), several <= level)),
        )
        .of_training(),
    ]
}

fn sweep_checks(config: &Config, sweep: Option<&Sweep>) -> [Check; 3] {
    let sigma4 = config.sigma.powi(4);
    let ends = sweep.and_then(|sweep| sweep.points.first().zip(sweep.points.last()));
    // A third of the drop for many independent normal scores: here they may be few, and all keys share a query. Where the
    // approximation is 0 at both ends it claims nothing, so the drop is also at least a tenth of the larger entropy.
    let expected = |from: f64, to: f64, larger: Option<f64>| {
        let third = (expected_entropy(config.n_keys, from) - expected_entropy(config.n_keys, to)) / 3.0;
        larger.map_or(third, |larger| third.max(larger / 10.0))
    };
    let drop = expected(4.0 * sigma4, 512.0 * sigma4, ends.map(|(first, _)| first.unscaled.entropy.mean));
    let gap = expected(sigma4, 512.0 * sigma4, ends.map(|(_, last)| last.scaled.entropy.mean));
    let flat = 0.1 * entropy_uniform(config) + 0.1;
    let spread = sweep.filter(|sweep| !sweep.points.is_empty()).map(|sweep| {
        let means = sweep.points.iter().map(|point| point.scaled.entropy.mean);
        means.clone().fold(f64::MIN, f64::max) - means.fold(f64::MAX, f64::min)
    });
    [
        Check::new(
            "With the scale the entropy of the weights hardly depends on d_k: from 4 to 512 it stays within a narrow band.",
            format!("largest − smallest ≤ {flat:.2} nats"),
            spread.map(|spread| (format!("{spread:.2} nats"), spread <= flat)),
        ),
        Check::new(
            "Without the scale the entropy drops as d_k grows, since the variance of the scores is d_k σ⁴.",
            format!("from d_k = 4 to 512 at least {drop:.2} nats"),
            ends.map(|(first, last)| {
                let measured = first.unscaled.entropy.mean - last.unscaled.entropy.mean;
                (format!("{measured:.2} nats"), measured >= drop)
            }),
        ),
        Check::new(
            "At d_k = 512 the unscaled weights have far less entropy than the scaled ones.",
            format!("at least {gap:.2} nats less"),
            ends.map(|(_, last)| {
                let measured = last.scaled.entropy.mean - last.unscaled.entropy.mean;
                (format!("{measured:.2} nats"), measured >= gap)
            }),
        ),
    ]
}

fn heads_checks(config: &Config, heads: Option<&Heads>) -> Vec<Check> {
    if head_dim(config).is_none() {
        return Vec::new();
    }
    vec![
        Check::counts(
            "Multi-head attention has 4 (d_model² + d_model) parameters, however many heads.",
            [params_formula(config).into()],
            heads.map(|heads| [heads.params_counted.into()]),
        ),
        Check::rounding(
            "The module built here and burn's own give the same output and weights, with no mask and a causal one.",
            heads.map(|heads| (heads.max_abs_err, heads.tolerance)),
        ),
    ]
}

fn start_check(config: &Config, record: &Record) -> Check {
    let first = both(|arm| record.arms[arm].entropy.first().map(|(_, entropy)| *entropy));
    Check::new(
        format!(
            "Before the first step the unscaled network's weights are the more saturated ones (d_k = {}).",
            config.d_k
        ),
        "unscaled entropy below scaled",
        first.map(|[scaled, unscaled]| {
            (format!("unscaled {unscaled:.2} nats, scaled {scaled:.2}"), unscaled < scaled)
        }),
    )
}

/// Trained projections can make up for a missing scale, so "unscaled does not learn" would be wrong. The advantage of the
/// scaled network depends on the initial weights and on the optimizer.
fn learning_check(config: &Config, record: &Record) -> Check {
    let start_sd = config.sigma.powi(2) * f64::from(config.d_k).sqrt();
    let adam = config.optimizer == OptimizerKind::Adam;
    let (claim, expected, factor) = if adam && start_sd >= 11.0 {
        (
            "Both networks learn, the scaled one sooner: with Adam, a saturated start costs steps.",
            "both reach a loss below 0.5 nats, unscaled in at least 1.5 times as many steps",
            1.5,
        )
    } else {
        (
            "Both networks learn: trained projections can make up for a missing scale.",
            "both reach a loss below 0.5 nats",
            0.0,
        )
    };
    let ended = record.arms[SCALED].losses.len() >= config.steps as usize;
    let measured =
        match record.arms.each_ref().map(|net| steps_to_solve(&net.losses, solved_below(Task::LookUp))) {
            [Some(scaled), Some(unscaled)] => Some((
                format!("scaled after {scaled} steps, unscaled after {unscaled}"),
                f64::from(unscaled) >= factor * f64::from(scaled),
            )),
            // This does not confirm that both learn, however much sooner the scaled one was.
            [Some(scaled), None] if ended => Some((
                format!("scaled after {scaled} steps, unscaled not within {}; try more steps", config.steps),
                false,
            )),
            _ if ended => Some((
                format!("not both within {} steps; try more steps or another learning rate", config.steps),
                false,
            )),
            _ => None,
        };
    Check::new(claim, expected, measured).of_training()
}
