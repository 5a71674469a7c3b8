//! The closed forms of section 2, and its claims held against what was measured.

use super::{BLOCK_SIDE, CONV, Config, Cost, Dataset, Record, SEPARABLE};
use crate::core::Check;
use serde::{Deserialize, Serialize};

/// A convolution's input and kernel, along one side.
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

/// `D (K - 1) + 1`: the pixels from the kernel's first weight to its last.
pub fn reach(shape: ConvShape) -> u32 {
    shape.dilation * shape.kernel.saturating_sub(1) + 1
}

/// `floor((H + 2P - D (K - 1) - 1) / S) + 1`; nothing where the kernel is larger than the padded input.
pub fn output_size(shape: ConvShape) -> Option<u32> {
    let room = (shape.size + 2 * shape.padding).checked_sub(reach(shape))?;
    Some(room.checked_div(shape.stride)? + 1)
}

/// Convolutions that every course shows, and what each is for.
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
    /// The convolution of the output-size figures.
    pub fn shape(&self) -> ConvShape {
        shape(self.size, self.kernel, self.stride, self.padding, self.dilation)
    }
}

/// `K^2 C_in C_out + C_out`
pub fn conv_params(c_in: u64, c_out: u64, kernel: u64) -> u64 {
    kernel * kernel * c_in * c_out + c_out
}

/// `K^2 C_in + C_in`, then `C_in C_out + C_out`
pub fn separable_params(c_in: u64, c_out: u64, kernel: u64) -> u64 {
    kernel * kernel * c_in + c_in + c_in * c_out + c_out
}

/// `1 / (1 / C_out + 1 / K^2)`: how many times fewer multiply-adds; it goes to `K^2` as `C_out` grows.
pub fn separable_share(c_out: f64, kernel: f64) -> f64 {
    1.0 / (1.0 / c_out + 1.0 / (kernel * kernel))
}

/// Both blocks' costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockCounts {
    pub conv: Cost,
    pub separable: Cost,
}

impl BlockCounts {
    /// How many times fewer parameters the separable block has.
    pub fn params_ratio(&self) -> f64 {
        self.conv.params as f64 / self.separable.params.max(1) as f64
    }

    /// How many times fewer multiply-adds the separable block needs.
    pub fn multiply_adds_ratio(&self) -> f64 {
        self.conv.multiply_adds as f64 / self.separable.multiply_adds.max(1) as f64
    }
}

/// The two blocks by the formulae, on maps of [`BLOCK_SIDE`] x [`BLOCK_SIDE`], padded by half the kernel.
pub fn block_formula(config: &Config) -> BlockCounts {
    let (c_in, c_out, k) = (u64::from(config.c_in), u64::from(config.c_out), u64::from(config.block_kernel));
    let kernel = config.block_kernel;
    let side = output_size(shape(BLOCK_SIDE, kernel, 1, kernel.saturating_sub(1) / 2, 1)).unwrap_or(0);
    let stops = u64::from(side) * u64::from(side);
    BlockCounts {
        conv: Cost { params: conv_params(c_in, c_out, k), multiply_adds: stops * k * k * c_in * c_out },
        separable: Cost {
            params: separable_params(c_in, c_out, k),
            multiply_adds: stops * c_in * (k * k + c_out),
        },
    }
}

/// Parameters of the five-block net that is trained, or of its separable twin.
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
    let both = |a: u64, b: u64| format!("{a} and {b}");
    let share = separable_share(config.c_out.into(), config.block_kernel.into());
    [
        Check::new(
            "The formulae count the parameters of both blocks.",
            both(formula.conv.params, formula.separable.params),
            blocks.map(|found| {
                let same = (found.conv.params, found.separable.params)
                    == (formula.conv.params, formula.separable.params);
                (both(found.conv.params, found.separable.params), same)
            }),
        ),
        Check::new(
            "The formulas count the multiply-accumulates (MACs) of both blocks.",
            both(formula.conv.multiply_adds, formula.separable.multiply_adds),
            blocks.map(|found| {
                (both(found.conv.multiply_adds, found.separable.multiply_adds), found == formula)
            }),
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
    let expected = [of(false), of(true)];
    Check::new(
        "The same formulae, added up, count the parameters of both five-block networks.",
        format!("{} and {}", expected[0], expected[1]),
        record.nets.map(|[conv, separable]| {
            (format!("{} and {}", conv.params, separable.params), [conv.params, separable.params] == expected)
        }),
    )
}

/// Time does not go by multiply-adds alone; the check says by how much.
fn speed_check(record: &Record) -> Check {
    let fewer = record.nets.map(|[a, b]| a.multiply_adds as f64 / b.multiply_adds.max(1) as f64);
    let expected = fewer.map_or_else(|| "as many times faster".to_owned(), |n| format!("{n:.1} × faster"));
    let times = record.arms[CONV].ms_per_step().zip(record.arms[SEPARABLE].ms_per_step());
    let measured = times.zip(fewer).map(|((conv, separable), fewer)| {
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
    let scores = record.arms[CONV]
        .accuracies
        .last_y()
        .zip(record.arms[SEPARABLE].accuracies.last_y())
        .filter(|_| trained);
    let floor = match config.dataset {
        Dataset::FashionMnist => 0.5,
        Dataset::Cifar10 => 0.2,
    };
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    Check::new(
        "The separable network learns nearly as well with a fraction of the weights.",
        format!("both above {}, the separable network at most 10 points behind", percent(floor)),
        scores.map(|(conv, separable)| {
            let words =
                format!("{} and {} after epoch {}", percent(conv), percent(separable), record.epoch());
            (words, conv > floor && separable > floor && separable >= conv - 0.1)
        }),
    )
    .of_training()
}
