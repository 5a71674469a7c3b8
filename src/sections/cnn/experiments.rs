//! The guided experiments of section 2, from easy to surprising.

mod few;
mod one_pixel;

use super::{BlockCounts, Config, Planes, REACH_SIDE, Record, dense_layer, output_size, reaches};
use crate::core::findings::{Numbers, both};
use crate::core::guided::{Answer, GuidedExperiment, Prediction, percent};
use crate::keys;
use few::FEW;
use one_pixel::ONE_PIXEL;

type Experiment = GuidedExperiment<Config, Record>;

pub(super) const EXPERIMENTS: &[Experiment] =
    &[DENSE, OUTPUT_SIZE, REACH, ONE_PIXEL, SAVINGS, ONE_BY_ONE, ACCURACY, BUDGET, FASTER, WIDE, FEW];

const OUTPUT_SIZE: Experiment = GuidedExperiment {
    slug: "stride-and-padding",
    chapter: "shape",
    figures: &["output-size"],
    question: "A 5 × 5 kernel moves over 32 × 32 pixels, two pixels at a time, with a two-pixel border of zeros on every side. How many pixels wide is the output?",
    values: keys!(@pairs Config; size: "32", kernel: "5", padding: "2"),
    trains: false,
    prediction: Prediction::Number { metric: "out_measured" },
    answer: output_width,
    reason: "The padded image is 36 pixels wide, so the kernel's left edge can stand at 0 to 31. With stride 2 it stands at every other one of these 32 places. With an odd kernel and padding (K − 1)/2 the output has ⌈H/S⌉ pixels, so its size no longer depends on K.",
    source: ("Dumoulin and Visin 2016, section 2.4", "https://arxiv.org/abs/1603.07285"),
};

fn output_width(config: &Config, record: &Record) -> Option<Answer> {
    let measured = record.measured?;
    let formula = output_size(config.shape());
    if measured.is_some() != formula.is_some() {
        return None;
    }
    let Some((width, formula)) = measured.zip(formula) else {
        let words = "There is no output: the kernel is larger than the padded image.".to_owned();
        return Some(Answer::new(words, None, []));
    };
    let share = f64::from(config.size) / f64::from(width.max(1));
    let agree = if width == formula { "as the formula says" } else { "although the formula says otherwise" };
    let words = format!(
        "{width} pixels: a real convolution of {} pixels gave {width} × {width}, {agree}. Stride {} divides the width by {share:.1}.",
        config.size, config.stride
    );
    Some(Answer::new(words, None, [("out_measured", width.into()), ("out_formula", formula.into())]))
}

const SAVINGS: Experiment = GuidedExperiment {
    slug: "separable-savings",
    chapter: "separable",
    figures: &["factor-kernel", "factor-channels"],
    question: "A 3 × 3 convolution takes 64 channels to 128. By what factor does a depthwise separable convolution cut the parameter count?",
    values: &[],
    trains: false,
    prediction: Prediction::Number { metric: "params_ratio" },
    answer: savings,
    reason: "A standard convolution has K² weights for every pair of channels. The separable one has K² for every input channel and one weight for every pair. With many output channels the second part dominates, so the savings come close to K² = 9, and never reach it.",
    source: ("Howard et al. 2017, section 3.1", "https://arxiv.org/abs/1704.04861"),
};

fn savings(config: &Config, record: &Record) -> Option<Answer> {
    let blocks = record.blocks?;
    let (ratio, limit) = (blocks.params_ratio(), f64::from(config.block_kernel * config.block_kernel));
    let (conv, separable) = (blocks.conv.params, blocks.separable.params);
    let verdict = match ratio {
        ratio if ratio > 0.9 * limit => format!("more than 90% of the limit K² = {limit}"),
        ratio if ratio > 1.0 => format!("{:.0}% of the limit K² = {limit}", 100.0 * ratio / limit),
        _ => "no savings at all".to_owned(),
    };
    let words = format!(
        "{ratio:.2} × fewer, {verdict}: {conv} parameters against {separable}, counted in the models."
    );
    Some(Answer::new(words, None, counted(&blocks)))
}

/// Returns the numbers of an answer about parameters.
fn counted(blocks: &BlockCounts) -> Numbers {
    vec![
        ("params_ratio", blocks.params_ratio()),
        ("params_conv", blocks.conv.params as f64),
        ("params_separable", blocks.separable.params as f64),
    ]
}

const ONE_BY_ONE: Experiment = GuidedExperiment {
    slug: "one-by-one",
    chapter: "separable",
    figures: &["factor-kernel"],
    question: "The kernel shrinks to 1 × 1. Does separating still save parameters?",
    values: keys!(@pairs Config; block_kernel: "1"),
    trains: false,
    prediction: Prediction::Choice(&["Yes, it has fewer", "Both have the same", "No, it has more"]),
    answer: one_by_one,
    reason: "A 1 × 1 convolution looks at no neighbors: all it does is mix channels, which is the pointwise half of a separable one. The depthwise half then only scales each channel, and its weights and biases come on top.",
    source: ("Howard et al. 2017, section 3.1", "https://arxiv.org/abs/1704.04861"),
};

fn one_by_one(_: &Config, record: &Record) -> Option<Answer> {
    let blocks = record.blocks?;
    let (conv, separable) = (blocks.conv.params, blocks.separable.params);
    let (choice, verdict) = match separable.cmp(&conv) {
        std::cmp::Ordering::Less => (0, format!("Yes: it has {} fewer", conv - separable)),
        std::cmp::Ordering::Equal => (1, "Neither: both have the same".to_owned()),
        std::cmp::Ordering::Greater => (2, format!("No: it has {} more", separable - conv)),
    };
    let words =
        format!("{verdict}. The standard convolution has {conv} parameters, the separable one {separable}.");
    Some(Answer::new(words, choice, counted(&blocks)))
}

const ACCURACY: Experiment = GuidedExperiment {
    slug: "accuracy-price",
    chapter: "training",
    figures: &["accuracy", "loss"],
    question: "Both networks have the same width, but the separable one has a fraction of the weights. After two epochs of 1,000 images, how do their test accuracies compare?",
    values: keys!(@pairs Config; n_train: "1000", n_test: "500", epochs: "2"),
    trains: true,
    prediction: Prediction::Choice(&[
        "The separable CNN is ahead",
        "The separable CNN is behind, by up to 20 points",
        "The separable CNN is behind by more than 20 points",
    ]),
    answer: accuracy,
    reason: "The separable CNN can express fewer filters: the kernels with which all outputs read an input channel are multiples of one kernel. On ImageNet, after full training, MobileNet loses 1.1 points by separating: 70.6% instead of 71.7%. Two epochs of 1,000 images are far from that, so the difference here also depends on how fast each network learns.",
    source: ("Howard et al. 2017, table 4", "https://arxiv.org/abs/1704.04861"),
};

fn accuracy(_: &Config, record: &Record) -> Option<Answer> {
    let epoch = record.epoch();
    let [conv, separable] = both(|arm| record.arms[arm].accuracies.last_y()).filter(|_| epoch > 0)?;
    let points = 100.0 * (separable - conv);
    let [standard, cheaper] = record.nets?;
    let fewer = standard.params as f64 / cheaper.params.max(1) as f64;
    let (choice, verdict) = match points {
        points if points > 0.0 => (0, format!("The separable CNN is ahead by {points:.1} points")),
        points if points >= -20.0 => (1, format!("The separable CNN is behind by {:.1} points", -points)),
        points => (2, format!("The separable CNN is far behind, by {:.1} points", -points)),
    };
    let tested: u32 = record.arms[0].confusion.iter().sum();
    let variance = |accuracy: f64| accuracy * (1.0 - accuracy) / f64::from(tested.max(1));
    let words = format!(
        "{verdict}: {} (standard) and {} (separable) of {tested} test images after {epoch} epochs, with {fewer:.1} × fewer parameters. So few test images give the difference a standard error of about {:.1} points, and other seeds give other differences.",
        percent(conv),
        percent(separable),
        100.0 * (variance(conv) + variance(separable)).sqrt(),
    );
    Some(Answer::new(words, choice, [("accuracy_conv", conv), ("accuracy_separable", separable)]))
}

const FASTER: Experiment = GuidedExperiment {
    slug: "fewer-macs",
    chapter: "separable",
    figures: &["cost"],
    question: "The separable CNN needs about five times fewer multiply-accumulates. How much faster is a training step on this device?",
    values: keys!(@pairs Config; n_train: "800", n_test: "100", epochs: "1"),
    trains: true,
    prediction: Prediction::Choice(&[
        "As many times faster as it saves MACs",
        "Faster, but by less than half of that",
        "In between",
        "Not faster, or slower",
    ]),
    answer: faster,
    reason: "Multiply-accumulates are only part of a step. A depthwise convolution also reads and writes whole feature maps, but does little with each number. ReLU and pooling cost the same in both networks, and the separable CNN starts nine convolutions instead of five. Counts therefore do not replace a measurement.",
    source: ("Ma et al. 2018, section 2", "https://arxiv.org/abs/1807.11164"),
};

fn faster(_: &Config, record: &Record) -> Option<Answer> {
    let speed @ Speed { conv, separable, faster, fewer } = Speed::of(record)?;
    let share = 100.0 * faster / fewer;
    let (choice, verdict) = match faster {
        faster if faster >= 0.8 * fewer => (0, format!("{faster:.2} × faster, about as much as it saves")),
        faster if faster >= 0.5 * fewer => (2, format!("{faster:.2} × faster, {share:.0}% of what it saves")),
        faster if faster > 1.05 => (1, format!("Only {faster:.2} × faster, {share:.0}% of what it saves")),
        _ => (3, format!("Not faster: {faster:.2} ×")),
    };
    let words = format!(
        "{verdict}. It needs {fewer:.2} × fewer multiply-accumulates, but the time per step goes from {conv:.1} ms to {separable:.1} ms (median)."
    );
    Some(Answer::new(words, choice, speed.numbers()))
}

/// The measured speed of both networks.
#[derive(Clone, Copy)]
struct Speed {
    /// Milliseconds per step of the standard CNN.
    conv: f64,
    /// Milliseconds per step of the separable CNN.
    separable: f64,
    /// The factor by which the separable CNN is faster.
    faster: f64,
    /// The factor by which it needs fewer multiply-accumulates.
    fewer: f64,
}

impl Speed {
    fn of(record: &Record) -> Option<Self> {
        let [conv, separable] = record.step_times().filter(|times| times.iter().all(|ms| *ms > 0.0))?;
        Some(Self { conv, separable, faster: conv / separable, fewer: record.macs_ratio()? })
    }

    fn numbers(self) -> Numbers {
        vec![
            ("speedup", self.faster),
            ("net_macs_ratio", self.fewer),
            ("ms_per_step_conv", self.conv),
            ("ms_per_step_separable", self.separable),
        ]
    }
}

const WIDE: Experiment = GuidedExperiment {
    slug: "wider-networks",
    chapter: "separable",
    figures: &["cost"],
    question: "With three times as many channels, a standard convolution between them needs nine times as much arithmetic. How many times faster is a step of the separable CNN now?",
    values: keys!(@pairs Config; width: "24", n_train: "256", n_test: "50", epochs: "1"),
    trains: true,
    prediction: Prediction::Number { metric: "speedup" },
    answer: wide,
    reason: "Arithmetic grows with the square of the width, reading and writing of feature maps only in proportion to it. The wider the networks, the larger the part of a step that is arithmetic, so more of the savings can turn into time.",
    source: ("Ma et al. 2018, section 2", "https://arxiv.org/abs/1807.11164"),
};

fn wide(config: &Config, record: &Record) -> Option<Answer> {
    let speed @ Speed { conv, separable, faster, fewer } = Speed::of(record)?;
    let share = 100.0 * faster / fewer;
    let verdict = match share {
        share if share >= 80.0 => "nearly all",
        share if share >= 50.0 => "more than half",
        _ => "less than half",
    };
    let words = format!(
        "{faster:.2} × faster at width {}: {separable:.0} ms a step instead of {conv:.0} ms. It needs {fewer:.2} × fewer multiply-accumulates, so {share:.0}% of the savings, {verdict}, turns into time.",
        config.width
    );
    Some(Answer::new(words, None, speed.numbers()))
}

const DENSE: Experiment = GuidedExperiment {
    slug: "dense-parameters",
    chapter: "shift",
    figures: &["shifted-maps"],
    question: "Images become twice as wide and twice as high, and so do the maps. The convolution keeps its 20 parameters. By what factor does the parameter count of the dense layer grow?",
    values: &[],
    trains: false,
    prediction: Prediction::Choice(&["It stays the same", "About 4 times", "About 16 times"]),
    answer: dense_parameters,
    reason: "The dense layer has a weight for every pair of pixel and output. Four times as many pixels and four times as many outputs give sixteen times as many pairs. A convolution’s kernel does not depend on the size of the image.",
    source: (
        "Goodfellow et al. 2016, section 9.2",
        "https://www.deeplearningbook.org/contents/convnets.html",
    ),
};

fn dense_parameters(config: &Config, record: &Record) -> Option<Answer> {
    let samples = record.samples.as_ref()?;
    let (channels, side) = (samples.test.channels as usize, samples.test.side as usize);
    let count = |side: usize| {
        let input = Planes::from_bytes(channels, side, &[]);
        dense_layer(&input, config.seed.into()).n_params()
    };
    let (now, then) = (count(side), count(2 * side));
    let factor = then as f64 / now.max(1) as f64;
    let words = format!(
        "{factor:.2} times: {} parameters for {side} × {side} pixels, {} for {} × {}.",
        format_count(now),
        format_count(then),
        2 * side,
        2 * side
    );
    let choice = match factor {
        factor if factor < 1.5 => 0,
        factor if factor < 8.0 => 1,
        _ => 2,
    };
    Some(Answer::new(words, choice, [("dense_params", now as f64), ("dense_params_large", then as f64)]))
}

/// Writes a count with commas between thousands.
fn format_count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const REACH: Experiment = GuidedExperiment {
    slug: "pooling-and-reach",
    chapter: "receptive",
    figures: &["receptive-field", "receptive-stack"],
    question: "After four 3 × 3 convolutions, a unit sees 9 × 9 pixels. How many pixels wide is its receptive field if 2 × 2 pooling follows each of them?",
    values: keys!(@pairs Config; rf_pool: "1"),
    trains: false,
    prediction: Prediction::Number { metric: "rf_measured" },
    answer: reach,
    reason: "Each pooling layer doubles the distance in the image between adjacent units. The first convolution adds 2 pixels, the second 4, the third 8, the fourth 16; the four pooling layers add 1, 2, 4 and 8. With the unit’s own pixel that is 46, more than the image is wide.",
    source: (
        "Araujo, Norris and Sim 2019, section 2",
        "https://distill.pub/2019/computing-receptive-fields/",
    ),
};

fn reach(config: &Config, record: &Record) -> Option<Answer> {
    let measured = record.reach?;
    let formula = reaches(&config.stack(REACH_SIDE)).last()?.size;
    let Some(size) = measured else {
        let words = format!(
            "More than can be measured on {REACH_SIDE} × {REACH_SIDE} pixels; the formula gives {formula}."
        );
        return Some(Answer::new(words, None, [("rf_formula", formula.into())]));
    };
    let agree = if size == formula { "as the formula says" } else { "although the formula says otherwise" };
    let words = format!("{size} pixels: so many rows have an effect on a unit of a real stack, {agree}.");
    Some(Answer::new(words, None, [("rf_measured", size.into()), ("rf_formula", formula.into())]))
}

const BUDGET: Experiment = GuidedExperiment {
    slug: "equal-budget",
    chapter: "training",
    figures: &["accuracy", "loss"],
    question: "The separable CNN becomes wider, until both networks have about as many parameters. After two epochs of 1,000 images, how do their test accuracies compare?",
    values: keys!(@pairs Config; compare: "budget", n_train: "1000", n_test: "500", epochs: "2"),
    trains: true,
    prediction: Prediction::Choice(&[
        "Within 5 points of each other",
        "The separable CNN is ahead by more",
        "The separable CNN is behind by more",
    ]),
    answer: budget,
    reason: "At the same width the separable CNN has a fraction of the weights; spending the savings on more channels gives it more features per layer. This is the usual argument for separable convolutions: Xception has as many parameters as Inception V3 and is slightly better on ImageNet.",
    source: ("Chollet 2017, section 4.5 and table 1", "https://arxiv.org/abs/1610.02357"),
};

fn budget(config: &Config, record: &Record) -> Option<Answer> {
    let epoch = record.epoch();
    let [conv, separable] = both(|arm| record.arms[arm].accuracies.last_y()).filter(|_| epoch > 0)?;
    let [standard, cheaper] = record.nets?;
    let points = 100.0 * (separable - conv);
    let (choice, verdict) = match points {
        points if points.abs() <= 5.0 => (0, format!("Nearly the same, {:.1} points apart", points.abs())),
        points if points > 0.0 => (1, format!("The separable CNN is ahead by {points:.1} points")),
        points => (2, format!("The separable CNN is behind by {:.1} points", -points)),
    };
    let words = format!(
        "{verdict}: {} (standard, width {}, {} parameters) and {} (separable, width {}, {} parameters) after {epoch} epochs. It needs {:.2} × as many multiply-accumulates.",
        percent(conv),
        config.width,
        format_count(standard.params),
        percent(separable),
        config.width_of(true),
        format_count(cheaper.params),
        cheaper.multiply_adds as f64 / standard.multiply_adds.max(1) as f64,
    );
    Some(Answer::new(words, choice, [("accuracy_conv", conv), ("accuracy_separable", separable)]))
}
