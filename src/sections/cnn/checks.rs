//! The claims of section 2, compared with the measurements.

use super::{
    BlockCounts, Config, Dataset, KNOWN_SHAPES, Record, block_formula, net_params, output_size,
    separable_savings,
};
use crate::core::Check;
use crate::core::findings::both;
use crate::core::guided::percent;

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = vec![size_check(config, record), known_check(record)];
    checks.extend(block_checks(config, record));
    checks.push(net_check(config, record));
    checks.push(speed_check(record));
    checks.push(accuracy_check(config, record));
    checks
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
    let n_classes = config.dataset.class_names().len() as u64;
    let of =
        |separable| net_params(config.dataset.channels().into(), config.width.into(), n_classes, separable);
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
    };
    Check::new(
        "The separable CNN reaches nearly the same accuracy with a fraction of the weights.",
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
