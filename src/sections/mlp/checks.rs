//! The closed forms of section 1, and its claims held against what was measured.

use super::{ActivationChoice, Collapse, Config, Dataset, LINEAR, NONLINEAR, Record};
use crate::core::Check;

/// `d_in` and `d_out` of the net that is trained.
pub fn training_dims(dataset: Dataset) -> (u32, u32) {
    match dataset {
        Dataset::FashionMnist => (784, 10),
        _ => (2, 2),
    }
}

/// The accuracy at chance level.
pub fn chance(dataset: Dataset) -> f64 {
    1.0 / f64::from(training_dims(dataset).1)
}

/// The parameter formula, layer by layer, for a net from `dims[0]` numbers through hidden layers to the last of `dims`:
/// `d_(l-1) d_l + d_l`, without the second term where there are no biases.
pub fn layer_params(dims: &[u32], bias: bool) -> Vec<u64> {
    let pairs = dims.iter().zip(dims.iter().skip(1));
    pairs.map(|(&d_in, &d_out)| (u64::from(d_in) + u64::from(bias)) * u64::from(d_out)).collect()
}

/// The widths of the net that is trained, from its input to its output.
pub fn dims(config: &Config) -> Vec<u32> {
    let (d_in, d_out) = training_dims(config.dataset);
    let hidden = config.hidden_dims();
    std::iter::once(d_in).chain(hidden).chain([d_out]).collect()
}

/// The parameter formula for the net that is trained.
pub fn params_formula(config: &Config) -> u64 {
    layer_params(&dims(config), config.bias).iter().sum()
}

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = vec![count_check(config, record)];
    checks.extend(rank_checks(config, record.collapse.as_deref()));
    checks.push(collapse_check(record.collapse.as_deref()));
    checks.push(learning_check(config, record));
    checks
}

fn count_check(config: &Config, record: &Record) -> Check {
    let formula = params_formula(config);
    let measured = record.params_counted.map(|n| (n.to_string(), u64::from(n) == formula));
    Check::new("The formula counts the parameters of the real module.", formula.to_string(), measured)
}

fn rank_checks(config: &Config, collapse: Option<&Collapse>) -> [Check; 2] {
    let bound = rank_bound(config);
    let d_in = config.d_in.min(narrowest(config)).min(config.n_probe);
    let last = collapse.and_then(|c| c.layers.last());
    let with = if config.bias { "With biases, a" } else { "Without biases, a" };
    let formula = if config.bias { "d_in + 1" } else { "d_in" };
    let centerd = collapse.map(|c| {
        let rank = c.linear_centerd.rank;
        (format!("rank {rank}"), rank <= d_in)
    });
    [
        Check::new(
            format!("{with} linear network's output has a rank of at most {formula}, at any depth."),
            format!("rank ≤ {bound}"),
            last.map(|layer| {
                let (linear, activated) = (layer.linear.rank, layer.activated.rank);
                (format!("rank {linear}; non-linear network {activated}"), linear <= bound)
            }),
        ),
        Check::new(
            "After centering, which takes the biases out, at most d_in are left.",
            format!("rank ≤ {d_in}"),
            centerd,
        ),
    ]
}

/// What the rank of the linear net's output cannot exceed: no more directions come through than the narrowest layer lets
/// pass, and the biases add one.
pub fn rank_bound(config: &Config) -> u32 {
    let through = config.d_in.min(narrowest(config));
    (through + u32::from(config.bias)).min(probe_out(config)).min(config.n_probe)
}

fn narrowest(config: &Config) -> u32 {
    config.hidden_dims().into_iter().min().unwrap_or(1)
}

/// Outputs of the nets that the ranks are measured on: as many as the last hidden layer has units. Two logits alone could
/// not show a rank above two.
pub(super) fn probe_out(config: &Config) -> u32 {
    config.hidden_dims().last().copied().unwrap_or(1)
}

fn collapse_check(collapse: Option<&Collapse>) -> Check {
    Check::new(
        "The linear network equals one matrix: W = W₁W₂…; only rounding tells them apart.",
        collapse.map_or_else(|| "rounding error".to_owned(), |c| format!("≤ {:.1e}", c.diff_tolerance)),
        collapse.map(|c| {
            (format!("max |difference| {:.1e}", c.max_abs_diff), c.max_abs_diff <= c.diff_tolerance)
        }),
    )
}

/// Depth pays only with a non-linearity. On moons and images a linear net does well, and the text says so.
fn learning_check(config: &Config, record: &Record) -> Check {
    let claim = match config.dataset {
        _ if config.activation == ActivationChoice::Identity => {
            "Both networks are linear here, so neither can do better than the other."
        }
        Dataset::Spirals | Dataset::Circles | Dataset::Xor => {
            "No straight line separates these classes: the linear network stays near chance, the non-linear one does not."
        }
        Dataset::Moons => {
            "The moons are almost linearly separable, so the linear network does well; the non-linear one gains the rest."
        }
        Dataset::FashionMnist => {
            "One matrix, a template for each class, gets most clothes right; the non-linearity gains a few points."
        }
    };
    // Untrained nets neither confirm nor refute what is claimed of trained ones.
    let trained = record.arms[NONLINEAR].scores.last().is_some_and(|score| score.step > 0);
    let scores = record.arms[LINEAR].accuracy().zip(record.arms[NONLINEAR].accuracy()).filter(|_| trained);
    let identity = config.activation == ActivationChoice::Identity;
    let expected = match config.dataset {
        _ if identity => "equal within 2 points",
        Dataset::Spirals | Dataset::Circles | Dataset::Xor => "gap of at least 20 points",
        Dataset::Moons | Dataset::FashionMnist => "non-linear at least as good",
    };
    let measured = scores.map(|(linear, activated)| {
        let gap = activated - linear;
        let holds = match config.dataset {
            _ if identity => gap.abs() <= 0.02,
            Dataset::Spirals | Dataset::Circles | Dataset::Xor => gap >= 0.2,
            Dataset::Moons | Dataset::FashionMnist => gap >= 0.0,
        };
        let percent = |x: f64| format!("{:.1} %", 100.0 * x);
        let steps = record.arms[NONLINEAR].scores.last().map_or(0, |score| score.step);
        (format!("linear {}, non-linear {} after {steps} steps", percent(linear), percent(activated)), holds)
    });
    Check::new(claim, expected, measured).of_training()
}
