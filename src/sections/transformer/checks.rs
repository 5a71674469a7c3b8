//! The closed forms of section 6, and its claims compared with the measurements.

#[cfg(feature = "compute")]
use super::TaskChoice;
use super::heads::max_or_nan;
use super::induction::{COPYING_SCORE, PREFIX_SCORE};
use super::{Config, PositionsChoice, Record};
use crate::core::Check;

/// The terms of the parameter formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamCount {
    /// `V d`
    pub embedding: u64,
    /// `T d` if positions are learned.
    pub positions: u64,
    /// `L (12 d^2 + 13 d)`, or `L (4 d^2 + 6 d)` without MLPs.
    pub blocks: u64,
    /// `2 d`
    pub norm: u64,
    /// `d V` if the head is not tied.
    pub head: u64,
}

impl ParamCount {
    /// Returns the sum of the terms.
    pub fn total(self) -> u64 {
        self.embedding + self.positions + self.blocks + self.norm + self.head
    }
}

/// Returns the parameter count by formula for a vocabulary of this size.
pub fn param_count(config: &Config, vocabulary: u64) -> ParamCount {
    let d = u64::from(config.d_model);
    ParamCount {
        embedding: vocabulary * d,
        positions: if config.positions == PositionsChoice::Learned {
            u64::from(config.context) * d
        } else {
            0
        },
        blocks: u64::from(config.layers) * if config.mlp { 12 * d * d + 13 * d } else { 4 * d * d + 6 * d },
        norm: 2 * d,
        head: if config.tied { 0 } else { d * vocabulary },
    }
}

/// Estimates the memory for training in bytes: weights, gradients and Adam's two averages, and the activations saved for the
/// backward pass (about thirty vectors per character and layer, and four rows of scores per head).
pub fn memory_bytes(config: &Config, vocabulary: u64) -> u64 {
    let d = u64::from(config.d_model);
    let (context, heads) = (u64::from(config.context), u64::from(config.heads));
    let characters = u64::from(config.batch_size) * context;
    let kept = u64::from(config.layers) * (30 * d + 4 * heads * context) + 4 * d + 6 * vocabulary;
    4 * (4 * param_count(config, vocabulary).total() + characters * kept)
}

/// Returns the floating-point operations of a training step: 6 per weight of a matrix and character, and 12 d per pair of
/// characters and layer (Kaplan et al. 2020, table 1; the backward pass costs twice the forward pass).
#[cfg(feature = "compute")]
pub(super) fn step_flops(config: &Config, vocabulary: u64) -> f64 {
    let d = f64::from(config.d_model);
    let (layers, context) = (f64::from(config.layers), f64::from(config.context));
    let characters = f64::from(config.batch_size) * context;
    let per_layer = if config.mlp { 12.0 } else { 4.0 };
    characters * (6.0 * (per_layer * layers * d * d + d * vocabulary as f64) + 12.0 * layers * d * context)
}

/// Estimates the duration of a run in seconds from that of one step; validation and samples add about a tenth.
pub fn seconds_estimate(config: &Config, step_ms: f64) -> f64 {
    1.1 * f64::from(config.steps) * step_ms / 1000.0
}

/// Returns the learning rate of a step; the first is 1. It rises linearly during the warm-up, then falls to a tenth along half
/// a cosine (Loshchilov and Hutter 2017).
pub fn learning_rate_at(config: &Config, step: u32) -> f64 {
    let warmup = config.warmup.min(config.steps.saturating_sub(1));
    if step <= warmup {
        return config.learning_rate * f64::from(step) / f64::from(warmup + 1);
    }
    let way = f64::from(step - warmup) / f64::from((config.steps - warmup).max(1));
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * way.min(1.0)).cos());
    config.learning_rate * (0.1 + 0.9 * cosine)
}

/// Returns the steps at which a sample is written and the attention of all heads is saved: 0, 10, 30, 100, ..., and the last.
pub fn sample_steps(steps: u32) -> Vec<u32> {
    let tens = (0..).map(|i| 10u32.pow(1 + i / 2) * if i % 2 == 0 { 1 } else { 3 });
    let mut list = vec![0];
    list.extend(tens.take_while(|&step| step < steps.saturating_sub(steps / 10)).take(10));
    list.push(steps);
    list
}

/// Returns the steps after which the attention of every head is saved. Models of repeating sequences change suddenly, so more
/// steps are saved for them, unless the maps are large.
#[cfg(feature = "compute")]
pub(super) fn saved_steps(config: &Config) -> Vec<u32> {
    /// Maps of up to this many bytes per step are small.
    const SMALL: u64 = 100_000;
    let mut list = sample_steps(config.steps);
    let context = u64::from(config.context);
    let bytes = u64::from(config.layers) * u64::from(config.heads) * context * (context + 1) / 2;
    if config.task == TaskChoice::Repeat && bytes <= SMALL {
        let every = (config.steps / 25).max(10);
        list.extend((every..config.steps).step_by(every as usize));
        list.sort_unstable();
        list.dedup();
    }
    list
}

/// Returns the number of steps between validations: a twentieth of the run, or less for repeating sequences, which are learned
/// suddenly.
#[cfg(feature = "compute")]
pub(super) fn validate_every(config: &Config) -> u32 {
    match config.task {
        TaskChoice::Text => (config.steps / 20).max(10),
        TaskChoice::Repeat => (config.steps / 60).max(10),
    }
}

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    vec![
        count_check(config, record),
        shift_check(record),
        rotation_check(record),
        sums_check(record),
        bigram_check(record),
        induction_check(config, record),
    ]
}

fn count_check(config: &Config, record: &Record) -> Check {
    let vocabulary = record.text.as_ref().map_or(0, |text| text.vocabulary.len() as u64);
    let formula = param_count(config, vocabulary).total();
    let expected = if vocabulary > 0 { formula.to_string() } else { "the formula".to_owned() };
    let measured = record.params_counted.filter(|_| vocabulary > 0);
    Check::new(
        "The formula counts the parameters of the real module.",
        expected,
        measured.map(|n| (n.to_string(), n == formula)),
    )
}

fn shift_check(record: &Record) -> Check {
    // The products are sums of d/2 cosines in 32-bit floats; their rounding errors grow with the length of the table.
    const TOLERANCE: f64 = 1e-3;
    Check::new(
        "PE(p) · PE(p + k) depends on the shift k alone, not on the position p.",
        format!("the same for all p, within {TOLERANCE}"),
        record.positions.as_ref().map(|table| {
            (format!("largest deviation {:.1e}", table.shift_max_dev), table.shift_max_dev <= TOLERANCE)
        }),
    )
}

fn rotation_check(record: &Record) -> Check {
    const TOLERANCE: f64 = 1e-4;
    Check::new(
        "One rotation takes PE(p) to PE(p + k), whatever p is.",
        format!("equal within {TOLERANCE}"),
        record.positions.as_ref().map(|table| {
            let (k, off) = table.rotation;
            (format!("k = {k}: largest difference {off:.1e}"), off <= TOLERANCE)
        }),
    )
}

fn sums_check(record: &Record) -> Check {
    const TOLERANCE: f32 = 1e-4;
    Check::new(
        "Each query's weights sum to 1 in every head.",
        format!("1, within {TOLERANCE}"),
        record.run().snapshots.last().map(|snapshot| {
            let off = snapshot.stats.iter().fold(0.0, |max, head| max_or_nan(max, head.sum_dev));
            (format!("largest deviation {off:.1e} at step {}", snapshot.step), off <= TOLERANCE)
        }),
    )
}

/// Compares the model with a table of character pairs, which it must beat.
fn bigram_check(record: &Record) -> Check {
    let bigram = record.text.as_ref().map(|text| text.bigram);
    let trained = record.run().trained_loss();
    Check::new(
        "After training, the model predicts better than the bigram baseline.",
        bigram.map_or_else(
            || "below the bigram's loss".to_owned(),
            |bigram| format!("below {bigram:.3} nats for a character"),
        ),
        trained
            .zip(bigram)
            .map(|((step, loss), bigram)| (format!("{loss:.3} nats after {step} steps"), loss < bigram)),
    )
    .of_training()
}

/// Tests the claim that two layers can copy and one cannot (Elhage et al. 2021; Olsson et al. 2022). An induction head matches
/// prefixes and copies, so the head with the highest prefix-matching score must do both.
fn induction_check(config: &Config, record: &Record) -> Check {
    let several = config.layers > 1;
    let claim = if several {
        "On sequences that repeat, two or more layers form an induction head and predict the repeats. This needs enough steps and an untied head."
    } else {
        "On sequences that repeat, a single layer forms no induction head, and the repeats stay unpredicted."
    };
    let half = record.text.as_ref().map_or(0.0, |text| text.uniform) / 2.0;
    let expected = if several {
        format!(
            "one head with a prefix-matching score above {PREFIX_SCORE} and a copying score above {COPYING_SCORE}; in the repeats, a loss below half of ln V"
        )
    } else {
        format!(
            "no head with a prefix-matching score above {PREFIX_SCORE} and a copying score above {COPYING_SCORE}; in the repeats, a loss of at least half of ln V"
        )
    };
    let measured = record.run().induction.last().filter(|measured| measured.step > 0 && half > 0.0);
    Check::new(
        claim,
        expected,
        measured.zip(record.run().best_head()).map(|(measured, head)| {
            let (forms, predicts) = (head.is_induction_head(), f64::from(measured.second) < half);
            (
                format!(
                    "prefix-matching score {:.2}, copying score {:.2}; loss {:.2} nats in the repeats, {:.2} in the first block, after {} steps",
                    head.prefix, head.copying, measured.second, measured.first, measured.step
                ),
                if several { forms && predicts } else { !forms && measured.second.is_finite() && !predicts },
            )
        }),
    )
    .of_training()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Verdict;
    use crate::core::curve::Curve;
    use crate::sections::transformer::heads::{HeadStats, Snapshot};
    use crate::sections::transformer::induction::Induction;
    use crate::sections::transformer::{PositionTable, Run, TextInfo};
    use std::rc::Rc;

    /// Measurements that confirm all claims about the default settings, which have several layers.
    fn confirming() -> Record {
        let config = Config::default();
        let scores = Induction {
            step: 100,
            first: 2.9,
            second: 0.3,
            previous: vec![0.9, 0.0],
            induction: vec![0.1, 0.8],
        };
        let vocabulary: Vec<char> = ('a'..='x').collect();
        let uniform = 24f64.ln();
        Record {
            params_counted: Some(param_count(&config, 24).total()),
            text: Some(Rc::new(TextInfo { vocabulary, uniform, bigram: 2.5, ..TextInfo::default() })),
            positions: Some(Rc::new(PositionTable {
                shift_max_dev: 1e-5,
                rotation: (16, 1e-6),
                ..PositionTable::default()
            })),
            arms: [Run {
                validation: curve(&[(0.0, 4.0), (100.0, 2.0)]),
                induction: vec![Rc::new(scores)],
                copying: vec![curve(&[(100.0, 0.3)]), curve(&[(100.0, 0.95)])],
                snapshots: vec![snapshot(vec![HeadStats::default()])],
                ..Run::default()
            }],
            ..Record::default()
        }
    }

    fn curve(points: &[(f64, f64)]) -> Curve {
        points.iter().copied().collect()
    }

    fn snapshot(stats: Vec<HeadStats>) -> Rc<Snapshot> {
        let mut snapshot = Snapshot::new(100, [1, 1], &[], &[], true);
        snapshot.stats = stats;
        Rc::new(snapshot)
    }

    fn verdicts(config: &Config, record: &Record) -> Vec<Verdict> {
        checks(config, record).into_iter().map(|check| check.verdict).collect()
    }

    /// Checks that only the check at `index` fails once the record is changed.
    fn fails(index: usize, change: impl FnOnce(&mut Record)) {
        let mut record = confirming();
        change(&mut record);
        let verdicts = verdicts(&Config::default(), &record);
        for (at, verdict) in verdicts.into_iter().enumerate() {
            let expected = if at == index { Verdict::Fails } else { Verdict::Holds };
            assert_eq!(verdict, expected, "check {at} when the measurement of {index} contradicts");
        }
    }

    #[test]
    fn every_check_holds_fails_and_stays_open() {
        assert_eq!(verdicts(&Config::default(), &confirming()), [Verdict::Holds; 6]);
        assert_eq!(verdicts(&Config::default(), &Record::default()), [Verdict::Open; 6]);
        fails(0, |record| record.params_counted = Some(12));
        let table = |shift_max_dev, rotation| {
            Some(Rc::new(PositionTable {
                shift_max_dev,
                rotation: (16, rotation),
                ..PositionTable::default()
            }))
        };
        for wrong in [0.1, f64::NAN] {
            fails(1, |record| record.positions = table(wrong, 0.0));
            fails(2, |record| record.positions = table(0.0, wrong));
        }
        for wrong in [0.1, f32::NAN] {
            let stats = [wrong, 0.0].map(|sum_dev| HeadStats { sum_dev, ..HeadStats::default() }).to_vec();
            fails(3, |record| record.arms[0].snapshots = vec![snapshot(stats)]);
        }
        for loss in [2.6, f64::NAN] {
            fails(4, |record| record.arms[0].validation.push(200, loss));
        }
        let measured = |second, induction: [f32; 2]| {
            vec![Rc::new(Induction {
                step: 100,
                second,
                induction: induction.to_vec(),
                ..Induction::default()
            })]
        };
        fails(5, |record| record.arms[0].induction = measured(2.0, [0.1, 0.8]));
        fails(5, |record| record.arms[0].induction = measured(0.3, [0.1, 0.3]));
        // The head that matches prefixes does not copy; the other one does.
        fails(5, |record| record.arms[0].copying.reverse());
    }

    #[test]
    fn the_check_of_one_layer_holds_and_fails() {
        let config = Config { layers: 1, ..Config::default() };
        let verdict = |second, prefix, copying| {
            let mut record = confirming();
            let scores = Induction { step: 100, second, induction: vec![prefix], ..Induction::default() };
            record.arms[0].induction = vec![Rc::new(scores)];
            record.arms[0].copying = vec![curve(&[(100.0, copying)])];
            verdicts(&config, &record)[5]
        };
        assert_eq!(verdict(2.5, 0.1, 0.9), Verdict::Holds);
        assert_eq!(verdict(2.5, 0.8, 0.4), Verdict::Holds, "it attends there without copying");
        assert_eq!(verdict(2.5, 0.8, 0.9), Verdict::Fails);
        assert_eq!(verdict(0.5, 0.1, 0.9), Verdict::Fails);
        assert_eq!(verdict(f32::NAN, 0.1, 0.9), Verdict::Fails);
        let mut empty = confirming();
        empty.arms[0].induction = vec![Rc::new(Induction { step: 100, second: 2.5, ..Induction::default() })];
        assert_eq!(verdicts(&config, &empty)[5], Verdict::Open, "no head was measured");
    }

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let config = Config { steps: 100, warmup: 10, learning_rate: 1.0, ..Config::default() };
        assert!((learning_rate_at(&config, 1) - 1.0 / 11.0).abs() < 1e-12);
        assert!(learning_rate_at(&config, 11) > 0.99);
        assert!((learning_rate_at(&config, 100) - 0.1).abs() < 1e-12);
        assert!((learning_rate_at(&config, 999) - 0.1).abs() < 1e-12);
        for (steps, warmup) in [(1, 0), (1, 1000), (20_000, 0), (5, 5)] {
            let config = Config { steps, warmup, ..config.clone() };
            assert!((1..=steps).all(|step| (0.0..=1.0).contains(&learning_rate_at(&config, step))));
        }
    }

    #[test]
    fn saved_steps_are_few_and_in_order() {
        assert_eq!(sample_steps(1), [0, 1]);
        assert_eq!(sample_steps(2000), [0, 10, 30, 100, 300, 1000, 2000]);
        for steps in [1, 5, 10, 11, 30, 999, 20_000] {
            let list = sample_steps(steps);
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]) && list.len() < 13, "{list:?}");
        }
    }
}
