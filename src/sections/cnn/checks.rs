//! The closed forms of section 2, and its claims compared with the measurements.

use super::{BLOCK_SIDE, Config, Cost, Dataset, Record};
use crate::core::Check;
use crate::core::findings::both;
use crate::core::guided::percent;
use serde::{Deserialize, Serialize};

/// The geometry of a convolution along one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConvShape {
    /// `H`
    pub size: u32,
    /// `K`
    pub kernel: u32,
    /// `S`
    pub stride: u32,
    /// `P`
    pub padding: u32,
    /// `D`
    pub dilation: u32,
}

/// Returns the number of pixels from the kernel's first weight to its last, `D (K - 1) + 1`.
pub fn reach(shape: ConvShape) -> u32 {
    shape.dilation * shape.kernel.saturating_sub(1) + 1
}

/// Returns the output size, `floor((H + 2P - D (K - 1) - 1) / S) + 1`, or `None` if the kernel is larger than the padded input.
pub fn output_size(shape: ConvShape) -> Option<u32> {
    let room = (shape.size + 2 * shape.padding).checked_sub(reach(shape))?;
    Some(room.checked_div(shape.stride)? + 1)
}

/// Well-known convolutions with their purpose.
pub const KNOWN_SHAPES: &[(&str, ConvShape)] = &[
    ("No padding: smaller by K − 1 (LeNet-5)", shape(32, 5, 1, 0, 1)),
    ("\"Same\": P = (K − 1) / 2 keeps the size (VGG)", shape(32, 3, 1, 1, 1)),
    ("1 × 1: the size never changes", shape(32, 1, 1, 0, 1)),
    ("Stride 2 halves (ResNet)", shape(32, 3, 2, 1, 1)),
    ("The floor loses what is left over", shape(8, 3, 2, 0, 1)),
    ("Large kernel, large stride (AlexNet)", shape(227, 11, 4, 0, 1)),
    ("First layer of ResNet-18", shape(224, 7, 2, 3, 1)),
    ("Dilation 2: a 3 × 3 kernel that reaches 5", shape(32, 3, 1, 2, 2)),
];

const fn shape(size: u32, kernel: u32, stride: u32, padding: u32, dilation: u32) -> ConvShape {
    ConvShape { size, kernel, stride, padding, dilation }
}

impl Config {
    /// Returns the convolution of the output-size figures.
    pub fn shape(&self) -> ConvShape {
        shape(self.size, self.kernel, self.stride, self.padding, self.dilation)
    }
}

/// Returns the number of parameters of a standard convolution, `K^2 C_in C_out + C_out`.
pub fn conv_params(c_in: u64, c_out: u64, kernel: u64) -> u64 {
    kernel * kernel * c_in * c_out + c_out
}

/// Returns the number of parameters of a separable convolution: `K^2 C_in + C_in` depthwise, `C_in C_out + C_out` pointwise.
pub fn separable_params(c_in: u64, c_out: u64, kernel: u64) -> u64 {
    kernel * kernel * c_in + c_in + c_in * c_out + c_out
}

/// Returns the factor by which a separable convolution needs fewer multiply-adds, `1 / (1 / C_out + 1 / K^2)`. It approaches
/// `K^2` as `C_out` grows.
pub fn separable_share(c_out: f64, kernel: f64) -> f64 {
    1.0 / (1.0 / c_out + 1.0 / (kernel * kernel))
}

/// The costs of both blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockCounts {
    pub conv: Cost,
    pub separable: Cost,
}

impl BlockCounts {
    /// Returns the factor by which the separable block has fewer parameters.
    pub fn params_ratio(&self) -> f64 {
        self.conv.params as f64 / self.separable.params.max(1) as f64
    }

    /// Returns the factor by which the separable block needs fewer multiply-adds.
    pub fn multiply_adds_ratio(&self) -> f64 {
        self.conv.multiply_adds as f64 / self.separable.multiply_adds.max(1) as f64
    }
}

/// Returns the costs of both blocks by formula, on maps of [`BLOCK_SIDE`] x [`BLOCK_SIDE`], padded by half the kernel.
pub fn block_formula(config: &Config) -> BlockCounts {
    let (c_in, c_out, k) = (u64::from(config.c_in), u64::from(config.c_out), u64::from(config.block_kernel));
    let kernel = config.block_kernel;
    let side = output_size(shape(BLOCK_SIDE, kernel, 1, kernel.saturating_sub(1) / 2, 1)).unwrap_or(0);
    let positions = u64::from(side) * u64::from(side);
    BlockCounts {
        conv: Cost { params: conv_params(c_in, c_out, k), multiply_adds: positions * k * k * c_in * c_out },
        separable: Cost {
            params: separable_params(c_in, c_out, k),
            multiply_adds: positions * c_in * (k * k + c_out),
        },
    }
}

/// Returns the number of parameters of the standard five-block network, or of the separable one.
pub fn net_params(c_in: u64, width: u64, n_classes: u64, separable: bool) -> u64 {
    let channels = [c_in, width, 2 * width, 4 * width, 8 * width, 8 * width];
    let blocks = channels.windows(2).enumerate().map(|(index, pair)| match pair {
        [from, to] if separable && index > 0 => separable_params(*from, *to, 3),
        [from, to] => conv_params(*from, *to, 3),
        _ => 0,
    });
    blocks.sum::<u64>() + 8 * width * n_classes + n_classes
}

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
    let share = separable_share(config.c_out.into(), config.block_kernel.into());
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
            format!("{share:.2}"),
            blocks.map(|found| {
                let ratio = found.multiply_adds_ratio();
                (format!("{ratio:.2}"), (ratio - share).abs() <= 1e-9 * share)
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

/// Compares the speedup with the savings in multiply-adds: time does not depend on them alone.
fn speed_check(record: &Record) -> Check {
    let fewer = record.macs_ratio();
    let expected = fewer.map_or_else(|| "as many times faster".to_owned(), |n| format!("{n:.1} × faster"));
    let measured = record.step_times().zip(fewer).map(|([conv, separable], fewer)| {
        let faster = conv / separable.max(1e-9);
        (format!("{faster:.1} × faster: {conv:.1} ms and {separable:.1} ms per step"), faster >= 0.8 * fewer)
    });
    Check::new(
        "If only multiply-accumulates took time, the separable network would be faster by the same factor. It rarely is: it reads and writes more feature maps and launches twice as many operations.",
        expected,
        measured,
    )
}

fn accuracy_check(config: &Config, record: &Record) -> Check {
    let trained = record.epoch() > 0;
    let accuracies = both(|arm| record.arms[arm].accuracies.last_y()).filter(|_| trained);
    let floor = match config.dataset {
        Dataset::FashionMnist => 0.5,
        Dataset::Cifar10 => 0.2,
    };
    Check::new(
        "The separable network learns nearly as well with a fraction of the weights.",
        format!("both above {}, the separable network at most 10 points behind", percent(floor)),
        accuracies.map(|[conv, separable]| {
            let words =
                format!("{} and {} after epoch {}", percent(conv), percent(separable), record.epoch());
            (words, conv > floor && separable > floor && separable >= conv - 0.1)
        }),
    )
    .of_training()
}
