//! The closed forms of section 1, and its claims compared with the measurements.

use super::{ActivationChoice, Collapse, Config, Dataset, NONLINEAR, Record};
use crate::core::Check;
use crate::core::findings::both;
use crate::core::guided::percent;

/// Returns `d_in` and `d_out` of the network that is trained.
pub fn training_dims(dataset: Dataset) -> (u32, u32) {
    match dataset {
        Dataset::FashionMnist => (784, 10),
        _ => (2, 2),
    }
}

/// Returns the accuracy at chance level.
pub fn chance(dataset: Dataset) -> f64 {
    1.0 / f64::from(training_dims(dataset).1)
}

/// Returns the number of parameters of each layer, `d_(l-1) d_l + d_l`, for a network with these widths from
/// input to output. Without biases the second term is missing.
pub fn layer_params(dims: &[u32], bias: bool) -> Vec<u64> {
    let pairs = dims.iter().zip(dims.iter().skip(1));
    pairs.map(|(&d_in, &d_out)| (u64::from(d_in) + u64::from(bias)) * u64::from(d_out)).collect()
}

/// Returns the widths of the network that is trained, from input to output.
pub fn dims(config: &Config) -> Vec<u32> {
    let (d_in, d_out) = training_dims(config.dataset);
    let hidden = config.hidden_dims();
    std::iter::once(d_in).chain(hidden).chain([d_out]).collect()
}

/// Returns the number of parameters of the network that is trained, by formula.
pub fn params_formula(config: &Config) -> u64 {
    layer_params(&dims(config), config.bias).iter().sum()
}

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = vec![count_check(config, record)];
    checks.extend(rank_checks(config, record.collapse.as_deref()));
    checks.push(collapse_check(config, record.collapse.as_deref()));
    checks.push(learning_check(config, record));
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

/// The claim about a data set, with the accuracies that confirm it.
struct LearningClaim {
    claim: &'static str,
    expected: &'static str,
    /// Takes the accuracies of the linear and of the non-linear network.
    holds: fn(f64, f64) -> bool,
}

/// Returns the claim about the networks of the settings. Depth helps only with a non-linearity; on moons and
/// images a linear network does well, and the text says so.
fn learning_claim(config: &Config) -> LearningClaim {
    match config.dataset {
        _ if config.activation == ActivationChoice::Identity => LearningClaim {
            claim: "Both networks are linear here, so neither can do better than the other.",
            expected: "equal within 2 points",
            holds: |linear, nonlinear| (nonlinear - linear).abs() <= 0.02,
        },
        Dataset::Spirals | Dataset::Circles | Dataset::Xor => LearningClaim {
            claim: "No straight line separates these classes: the linear network is stuck, the non-linear one is not.",
            expected: "linear below 75%, non-linear at least 20 points ahead",
            holds: |linear, nonlinear| linear < BEST_LINE && nonlinear - linear >= 0.2,
        },
        Dataset::Moons => LearningClaim {
            claim: "The moons are almost linearly separable, so the linear network does well; the non-linear one does better.",
            expected: "linear at least 80%, non-linear at least 5 points ahead",
            holds: |linear, nonlinear| linear >= 0.8 && nonlinear - linear >= 0.05,
        },
        Dataset::FashionMnist => LearningClaim {
            claim: "One layer, with a template for each class, gets most clothes right; the non-linearity gains a few points.",
            expected: "linear at least 70%, non-linear at least 1 point ahead",
            holds: |linear, nonlinear| linear >= 0.7 && nonlinear - linear >= 0.01,
        },
    }
}

fn learning_check(config: &Config, record: &Record) -> Check {
    let LearningClaim { claim, expected, holds } = learning_claim(config);
    // Untrained networks neither confirm nor refute a claim about trained ones.
    let scores = both(|arm| record.arms[arm].trained_accuracy());
    let measured = scores.map(|[linear, nonlinear]| {
        let steps = record.arms[NONLINEAR].scores.last().map_or(0, |score| score.step);
        let words =
            format!("linear {}, non-linear {} after {steps} steps", percent(linear), percent(nonlinear));
        (words, holds(linear, nonlinear))
    });
    Check::new(claim, expected, measured).of_training()
}
