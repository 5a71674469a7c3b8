//! The claims of section 2, compared with the measurements.

use super::{
    BlockCounts, Compare, Config, Dataset, KNOWN_SHAPES, REACH_SIDE, Record, block_formula, output_size,
    reaches, separable_savings,
};
use crate::core::Check;
use crate::core::findings::both;
use crate::core::guided::percent;

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = vec![size_check(config, record), known_check(record)];
    checks.extend(block_checks(config, record));
    checks.push(net_check(config, record));
    checks.push(match config.compare {
        Compare::Size => speed_check(record),
        Compare::Budget => budget_check(config, record),
    });
    checks.push(accuracy_check(config, record));
    checks.push(reach_check(config, record));
    checks
}

/// Compares the receptive field of a real stack with the formula.
fn reach_check(config: &Config, record: &Record) -> Check {
    let formula = reaches(&config.stack(REACH_SIDE)).last().map(|reach| reach.size).unwrap_or(1);
    // A receptive field that reaches the border of the image is not measured.
    let measured = record.reach.flatten().map(|size| (format!("{size} pixels"), size == formula));
    Check::new(
        "The formula gives the receptive field of a real stack of convolutions.",
        format!("{formula} pixels"),
        measured,
    )
}

/// The difference of both parameter counts that still counts as an equal budget.
const MAX_BUDGET_DIFFERENCE: f64 = 0.1;

/// Compares the parameter counts of networks that should have the same budget.
fn budget_check(config: &Config, record: &Record) -> Check {
    let measured = record.nets.map(|[conv, separable]| {
        let difference = separable.params as f64 / conv.params.max(1) as f64 - 1.0;
        let words = format!("{} and {}, {}", conv.params, separable.params, percent(difference));
        (words, difference.abs() <= MAX_BUDGET_DIFFERENCE)
    });
    Check::new(
        format!(
            "With width {} instead of {}, the separable CNN has as many parameters as the standard one.",
            config.width_of(true),
            config.width
        ),
        format!("a difference of at most {}", percent(MAX_BUDGET_DIFFERENCE)),
        measured,
    )
}

fn size_check(config: &Config, record: &Record) -> Check {
    let formula = output_size(config.shape());
    let words = |size: Option<u32>| size.map_or_else(|| "no output".to_owned(), |n| format!("{n} × {n}"));
    let measured = record.measured.map(|measured| match measured {
        Some(_) => (words(measured), measured == formula),
        None => ("the kernel does not fit, so there is no convolution to run".to_owned(), formula.is_none()),
    });
    Check::new("The formula gives the size of a real convolution's output.", words(formula), measured)
}

fn known_check(record: &Record) -> Check {
    let formula: Vec<_> = KNOWN_SHAPES.iter().filter_map(|(_, shape)| output_size(*shape)).collect();
    let agree = formula.iter().zip(record.known.iter()).filter(|(a, b)| a == b).count();
    let measured = (!record.known.is_empty())
        .then(|| (format!("{agree} of {} agree", formula.len()), agree == formula.len()));
    Check::new(
        "It does so for the well-known convolutions in the table.",
        format!("all {}", formula.len()),
        measured,
    )
}

fn block_checks(config: &Config, record: &Record) -> [Check; 3] {
    let formula = block_formula(config);
    let blocks = record.blocks;
    let params = |blocks: BlockCounts| [blocks.conv.params, blocks.separable.params];
    let multiply_adds = |blocks: BlockCounts| [blocks.conv.multiply_adds, blocks.separable.multiply_adds];
    let savings = separable_savings(config.c_out.into(), config.block_kernel.into());
    [
        Check::counts(
            "The formulas count the parameters of both blocks.",
            params(formula),
            blocks.map(params),
        ),
        Check::counts(
            "The formulas count the multiply-accumulates (MACs) of both blocks.",
            multiply_adds(formula),
            blocks.map(multiply_adds),
        ),
        Check::new(
            "A separable convolution needs 1 / (1 / C_out + 1 / K²) times fewer multiply-accumulates (MACs).",
            format!("{savings:.2}"),
            blocks.map(|found| {
                let ratio = found.multiply_adds_ratio();
                (format!("{ratio:.2}"), (ratio - savings).abs() <= 1e-9 * savings)
            }),
        ),
    ]
}

fn net_check(config: &Config, record: &Record) -> Check {
    let of = |separable| config.layers_of(separable).iter().map(|cost| cost.params).sum();
    Check::counts(
        "The same formulas, added up, count the parameters of both five-block networks.",
        [of(false), of(true)],
        record.nets.map(|nets| nets.map(|cost| cost.params)),
    )
}

/// The part of the savings in multiply-accumulates that the speedup must stay below to confirm the claim, the
/// same as in the experiments.
const FULL_SPEEDUP: f64 = 0.8;

/// Compares the speedup with the savings in multiply-accumulates: time does not depend on them alone.
fn speed_check(record: &Record) -> Check {
    let fewer = record.macs_ratio();
    let expected = fewer.map_or_else(
        || "a smaller factor".to_owned(),
        |n| format!("less than {:.2} × faster, which is 80% of {n:.2} × fewer", FULL_SPEEDUP * n),
    );
    let measured = record.step_times().zip(fewer).map(|([conv, separable], fewer)| {
        let faster = conv / separable.max(1e-9);
        let words = format!("{faster:.2} × faster: {conv:.1} ms and {separable:.1} ms per step");
        (words, faster < FULL_SPEEDUP * fewer)
    });
    Check::new(
        "The separable CNN saves less time than multiply-accumulates: it also reads and writes more feature maps, and starts nine convolutions instead of five.",
        expected,
        measured,
    )
}

/// The accuracy that the separable network may lose: three standard errors of the difference of two accuracies
/// near 85% on 1,000 images, which is 3 sqrt(2 * 0.85 * 0.15 / 1000) = 4.8%, rounded.
const MAX_LOSS: f64 = 0.05;

fn accuracy_check(config: &Config, record: &Record) -> Check {
    let trained = record.epoch() > 0;
    let accuracies = both(|arm| record.arms[arm].accuracies.last_y()).filter(|_| trained);
    let floor = match config.dataset {
        Dataset::FashionMnist => 0.5,
        Dataset::Cifar10 => 0.2,
        Dataset::Own => return own_check(config, record, accuracies),
    };
    let claim = match config.compare {
        Compare::Size => "The separable CNN reaches nearly the same accuracy with a fraction of the weights.",
        Compare::Budget => {
            "With as many parameters, the separable CNN reaches at least nearly the same accuracy."
        }
    };
    Check::new(
        claim,
        format!(
            "both above {}, the separable CNN at most {:.0} points behind",
            percent(floor),
            100.0 * MAX_LOSS
        ),
        accuracies.map(|[conv, separable]| {
            let words =
                format!("{} and {} after epoch {}", percent(conv), percent(separable), record.epoch());
            (words, conv > floor && separable > floor && separable >= conv - MAX_LOSS)
        }),
    )
    .of_training()
}

/// Compares the accuracies on the user's own pictures with the one answer that is right most often. Which network is better on
/// them is open.
fn own_check(config: &Config, record: &Record, accuracies: Option<[f64; 2]>) -> Check {
    let chance = record.chance(config);
    Check::new(
        "Both networks classify held-out pictures of yours more often correctly than the most frequent class alone would be.",
        format!("both above {}, the share of the largest class", percent(chance)),
        accuracies.map(|[conv, separable]| {
            let words = format!("{} and {} after epoch {}", percent(conv), percent(separable), record.epoch());
            (words, conv > chance && separable > chance)
        }),
    )
    .of_training()
}
