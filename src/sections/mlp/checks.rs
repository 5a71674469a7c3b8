//! The closed forms of section 1, and its claims compared with the measurements.

use super::{ActivationChoice, Collapse, Config, Dataset, LINEAR, NONLINEAR, Record};
use crate::core::Check;
use crate::core::findings::both;
use crate::core::guided::percent;

/// Returns the number of parameters of each layer, `d_(l-1) d_l + d_l`, for a network with these widths from
/// input to output. Without biases the second term is missing.
pub fn layer_params(dims: &[u32], bias: bool) -> Vec<u64> {
    let pairs = dims.iter().zip(dims.iter().skip(1));
    pairs.map(|(&d_in, &d_out)| (u64::from(d_in) + u64::from(bias)) * u64::from(d_out)).collect()
}

/// Returns the widths of the network that is trained, from input to output.
pub fn dims(config: &Config) -> Vec<u32> {
    let task = config.task();
    std::iter::once(task.d_in).chain(config.hidden_dims()).chain([task.d_out()]).collect()
}

/// Returns the number of parameters of the network that is trained, by formula.
pub fn params_formula(config: &Config) -> u64 {
    layer_params(&dims(config), config.bias).iter().sum()
}

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = vec![count_check(config, record)];
    checks.extend(rank_checks(config, record.collapse.as_deref()));
    checks.push(collapse_check(config, record.collapse.as_deref()));
    checks.extend(learning_checks(config, record));
    checks
}

fn count_check(config: &Config, record: &Record) -> Check {
    let counted = record.params_counted.map(|n| [n.into()]);
    Check::counts("The formula counts the parameters of the real module.", [params_formula(config)], counted)
}

fn rank_checks(config: &Config, collapse: Option<&Collapse>) -> [Check; 2] {
    let bound = rank_bound(config);
    let d_in = config.d_in.min(narrowest(config)).min(config.n_probe);
    let last = collapse.and_then(|c| c.layers.last());
    let with = if config.bias { "With biases, a" } else { "Without biases, a" };
    let formula = if config.bias { "d_in + 1" } else { "d_in" };
    let centered = collapse.map(|c| {
        let rank = c.linear_centered.rank;
        (format!("rank {rank}"), rank <= d_in)
    });
    [
        Check::new(
            format!("{with} linear network's output has a rank of at most {formula}, at any depth."),
            format!("rank ≤ {bound}"),
            last.map(|layer| {
                let (linear, nonlinear) = (layer.linear.rank, layer.nonlinear.rank);
                (format!("rank {linear}; non-linear network {nonlinear}"), linear <= bound)
            }),
        ),
        Check::new(
            "After centering, which takes the biases out, the rank is at most d_in.",
            format!("rank ≤ {d_in}"),
            centered,
        ),
    ]
}

/// Returns the upper bound on the rank of the linear network's output: the narrowest layer limits the number
/// of directions, and the biases add one.
pub fn rank_bound(config: &Config) -> u32 {
    let through = config.d_in.min(narrowest(config));
    (through + u32::from(config.bias)).min(probe_out(config)).min(config.n_probe)
}

fn narrowest(config: &Config) -> u32 {
    config.hidden_dims().into_iter().min().unwrap_or(1)
}

/// Returns the number of outputs of the networks whose ranks are measured: the width of the last hidden
/// layer, since two logits could not show a rank above two.
pub(super) fn probe_out(config: &Config) -> u32 {
    config.hidden_dims().last().copied().unwrap_or(1)
}

fn collapse_check(config: &Config, collapse: Option<&Collapse>) -> Check {
    let layer = if config.bias {
        "one layer, with W = W₁W₂… and one bias"
    } else {
        "one matrix, W = W₁W₂…"
    };
    Check::rounding(
        format!("The linear network equals {layer}; only rounding tells them apart."),
        collapse.map(|c| (c.max_abs_diff, c.diff_tolerance)),
    )
}

/// An accuracy that no straight line reaches on spirals, circles or XOR with the default noise
/// (`no_straight_line_reaches_the_bound_of_the_check` in `tests/mlp.rs`).
pub const BEST_LINE: f64 = 0.75;

/// The maximum factor between the training error of a trained linear network and that of least squares.
const MAX_FIT_RATIO: f64 = 1.05;

/// The claim about a data set, with the scores that confirm it.
struct LearningClaim {
    claim: &'static str,
    expected: String,
    /// Takes the scores of the linear and of the non-linear network.
    holds: Box<dyn Fn(f64, f64) -> bool>,
}

impl LearningClaim {
    fn new(
        claim: &'static str,
        expected: impl Into<String>,
        holds: impl Fn(f64, f64) -> bool + 'static,
    ) -> Self {
        Self { claim, expected: expected.into(), holds: Box::new(holds) }
    }
}

/// Returns the claim about the networks of the settings. Depth helps only with a non-linearity; on moons and
/// images a linear network does well, and the text says so. Of the user's own data nothing is known beforehand except
/// the score of a constant prediction, `constant`.
fn learning_claim(config: &Config, constant: Option<f64>) -> LearningClaim {
    let is_regression = config.task().is_regression();
    match config.dataset {
        _ if config.activation == ActivationChoice::Identity && is_regression => LearningClaim::new(
            "Both networks are linear here, so neither can do better than the other.",
            "errors equal within 2%",
            |linear, nonlinear| (nonlinear - linear).abs() <= 0.02 * linear.max(nonlinear),
        ),
        _ if config.activation == ActivationChoice::Identity => LearningClaim::new(
            "Both networks are linear here, so neither can do better than the other.",
            "equal within 2 points",
            |linear, nonlinear| (nonlinear - linear).abs() <= 0.02,
        ),
        Dataset::Spirals | Dataset::Circles | Dataset::Xor => LearningClaim::new(
            "No straight line separates these classes: the linear network is stuck, the non-linear one is not.",
            "linear below 75%, non-linear at least 20 points ahead",
            |linear, nonlinear| linear < BEST_LINE && nonlinear - linear >= 0.2,
        ),
        Dataset::Moons => LearningClaim::new(
            "The moons are almost linearly separable, so the linear network does well; the non-linear one does better.",
            "linear at least 80%, non-linear at least 5 points ahead",
            |linear, nonlinear| linear >= 0.8 && nonlinear - linear >= 0.05,
        ),
        Dataset::FashionMnist => LearningClaim::new(
            "One layer, with a template for each class, gets most clothes right; the non-linearity gains a few points.",
            "linear at least 70%, non-linear at least 1 point ahead",
            |linear, nonlinear| linear >= 0.7 && nonlinear - linear >= 0.01,
        ),
        Dataset::Drawn | Dataset::Curve | Dataset::Own if is_regression => LearningClaim::new(
            "On held-out samples, the non-linear network predicts better than the mean of the training samples.",
            constant.map_or_else(
                || "a smaller error than the mean".to_owned(),
                |error| format!("below {error:.3}"),
            ),
            move |_, nonlinear| constant.is_some_and(|error| nonlinear < error),
        ),
        Dataset::Drawn | Dataset::Curve | Dataset::Own => LearningClaim::new(
            "On held-out samples, the non-linear network is right more often than the most frequent class.",
            constant.map_or_else(
                || "more than its share".to_owned(),
                |share| format!("above {}", percent(share)),
            ),
            move |_, nonlinear| constant.is_some_and(|share| nonlinear > share),
        ),
    }
}

fn learning_checks(config: &Config, record: &Record) -> Vec<Check> {
    let baseline = record.untrained.as_ref().and_then(|untrained| untrained.baseline);
    let is_own = matches!(config.dataset, Dataset::Drawn | Dataset::Curve | Dataset::Own);
    let is_regression = config.task().is_regression();
    let constant = baseline.map(|baseline| f64::from(baseline.constant[1]));
    let LearningClaim { claim, expected, holds } = learning_claim(config, constant);
    // Untrained networks neither confirm nor refute a claim about trained ones.
    let scores = both(|arm| record.arms[arm].trained_accuracy())
        .filter(|_| !is_own || baseline.is_some() || config.activation == ActivationChoice::Identity);
    let words = |score: f64| if is_regression { format!("{score:.3}") } else { percent(score) };
    let measured = scores.map(|[linear, nonlinear]| {
        let steps = record.arms[NONLINEAR].scores.last().map_or(0, |score| score.step);
        let words = format!("linear {}, non-linear {} after {steps} steps", words(linear), words(nonlinear));
        (words, holds(linear, nonlinear))
    });
    let mut checks = vec![Check::new(claim, expected, measured).of_training()];
    if is_regression {
        let fitted = baseline.and_then(|baseline| baseline.linear_fit).map(|errors| f64::from(errors[0]));
        checks.insert(0, linear_fit_check(config, record, fitted));
    }
    checks
}

/// No linear network has a smaller squared error on the training samples than least squares, and training approaches it
/// unless weight decay holds the weights back.
fn linear_fit_check(config: &Config, record: &Record, fitted: Option<f64>) -> Check {
    let limit = if config.weight_decay > 0.0 { f64::INFINITY } else { MAX_FIT_RATIO };
    let trained = record.arms[LINEAR].trained_score().map(|score| f64::from(score.train));
    let measured = fitted.zip(trained).map(|(fitted, trained)| {
        // Errors of points on a line are rounding.
        let tiny =
            1e-3 * record.untrained.as_ref().and_then(|u| u.baseline).map_or(0.0, |b| b.constant[0].into());
        let holds = trained >= 0.999 * fitted - tiny && trained <= limit * fitted + tiny;
        (format!("{trained:.4} after training; least squares {fitted:.4}"), holds)
    });
    let expected = match (fitted, limit.is_finite()) {
        (Some(fitted), true) => format!("from {fitted:.4} to {:.4}", limit * fitted),
        (Some(fitted), false) => format!("≥ {fitted:.4}"),
        (None, _) => "the error of least squares".to_owned(),
    };
    let claim = "On training samples, the error of a linear network approaches that of linear least squares from above.";
    Check::new(claim, expected, measured).of_training()
}
