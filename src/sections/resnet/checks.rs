//! The closed forms of section 3, and its claims compared with the measurements.

use super::{BlockChoice, Config, Flow, InitChoice, NetFlow, PLAIN, RESIDUAL, Record, ShortcutChoice};
use crate::core::Check;
use crate::core::findings::both;

/// Returns the number of parameters by formula: `k^2 c_in c_out` for each convolution, plus `2 c_out` for the
/// scale and shift of batch norm, or `c_out` for a bias. Projections are such convolutions, with `k = 1`; zero
/// padding has no parameters.
pub fn params_formula(config: &Config, shortcuts: bool) -> u64 {
    let per_channel = if config.batch_norm { 2 } else { 1 };
    let conv = |c_in: u64, c_out: u64, k: u64| k * k * c_in * c_out + per_channel * c_out;
    let n_classes = 10;
    let first = u64::from(config.channels());
    let mut total = conv(config.dataset.channels().into(), first, 3);
    let mut c_in = first;
    for channels in [first, 2 * first, 4 * first] {
        let c_out = match config.block {
            BlockChoice::Basic => channels,
            BlockChoice::Bottleneck => 4 * channels,
        };
        // The input of a stage's first block has the channels of the stage before; the other inputs have
        // `c_out`.
        let block = |c_in: u64| match config.block {
            BlockChoice::Basic => conv(c_in, channels, 3) + conv(channels, channels, 3),
            BlockChoice::Bottleneck => {
                conv(c_in, channels, 1) + conv(channels, channels, 3) + conv(channels, c_out, 1)
            }
        };
        let further = u64::from(config.blocks_per_stage().saturating_sub(1));
        total += block(c_in) + further * block(c_out);
        // Every other block of a stage keeps the shape of its input.
        total += match config.shortcut {
            ShortcutChoice::B if shortcuts && c_in != c_out => conv(c_in, c_out, 1),
            ShortcutChoice::C if shortcuts => conv(c_in, c_out, 1) + further * conv(c_out, c_out, 1),
            _ => 0,
        };
        c_in = c_out;
    }
    total + c_in * n_classes + n_classes
}

/// The change of gradients from a block to the block before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// Geometric mean over the networks in the first block.
    pub first: f64,
    /// Geometric mean over the networks in the last block.
    pub last: f64,
    /// The factor per block toward the input: below 1 gradients vanish, above 1 they grow.
    pub per_block: f64,
}

/// Returns the decay of one value, or `None` with fewer than two blocks to compare.
pub fn decay(nets: &[NetFlow], value: fn(&NetFlow) -> &[f32]) -> Option<Decay> {
    let mean = |of: &dyn Fn(&[f32]) -> Option<f64>| {
        let logs: Option<Vec<f64>> = nets.iter().map(|net| of(value(net))).collect();
        let logs = logs.filter(|logs| !logs.is_empty())?;
        Some((logs.iter().sum::<f64>() / logs.len() as f64).exp())
    };
    let log = |norm: &f32| f64::from(*norm).ln();
    let per_block = mean(&|norms| {
        // Norms below the range of a 32-bit float are 0; the slope is measured over the other blocks.
        let from = norms.iter().position(|&norm| norm > 0.0)?;
        let blocks = norms.len().checked_sub(from + 1).filter(|&n| n > 0)?;
        Some((log(norms.get(from)?) - log(norms.last()?)) / blocks as f64)
    })?;
    Some(Decay {
        first: mean(&|norms| norms.first().map(log))?,
        last: mean(&|norms| norms.last().map(log))?,
        per_block,
    })
}

/// The mechanism that decides the size of gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Batch norm: the scale of weights does not matter, since each layer is rescaled.
    BatchNorm,
    /// Small weights and biases: biases keep the signal up, and gradients vanish in the backward pass.
    SmallWeights,
    /// Small weights without biases: signal and gradient both shrink, from opposite ends.
    Homogeneous,
    /// Weights that make up for what ReLU removes.
    Balanced,
}

/// Returns the mechanism for an initialization, with or without batch norm.
pub fn cause(init: InitChoice, batch_norm: bool) -> Cause {
    match (batch_norm, init) {
        (true, _) => Cause::BatchNorm,
        (false, InitChoice::Pytorch) => Cause::SmallWeights,
        (false, InitChoice::Lecun) => Cause::Homogeneous,
        (false, InitChoice::He) => Cause::Balanced,
    }
}

pub(super) fn checks(config: &Config, record: &Record) -> Vec<Check> {
    let mut checks = vec![count_check(config, record)];
    checks.extend(paper_check(config, record));
    for batch_norm in [false, true] {
        let flows = [&record.flow, &record.other_flow];
        let flow = flows.into_iter().flatten().find(|flow| flow.batch_norm == batch_norm);
        checks.extend(flow_checks(cause(config.init, batch_norm), flow.map(|flow| &**flow)));
    }
    checks.push(learning_check(config, record));
    checks
}

fn count_check(config: &Config, record: &Record) -> Check {
    let (plain, residual) = (params_formula(config, false), params_formula(config, true));
    let measured = record.structure.as_ref().map(|s| {
        let same = (u64::from(s.params_plain), u64::from(s.params_residual)) == (plain, residual);
        (format!("{} and {}", s.params_plain, s.params_residual), same)
    });
    Check::new(
        "The formula gives the parameters of both networks. They differ only in the projections.",
        format!("plain {plain}, residual {residual}"),
        measured,
    )
}

/// The parameters of the paper's ResNet-20 for CIFAR-10, which it rounds to 0.27 million: a 3 x 3 convolution of
/// three channels, 18 convolutions in three stages, batch norm, and a linear layer from 64 channels to 10 classes.
const PAPER: u32 = 269_722;
/// The weights that its first convolution saves on gray images: two channels of 16 3 x 3 kernels.
const PAPER_GRAY: u32 = PAPER - 2 * 16 * 9;

/// Checks the parameter count of the paper if the settings build its network.
fn paper_check(config: &Config, record: &Record) -> Option<Check> {
    let is_paper = (config.depth, config.block, config.width) == (20, BlockChoice::Basic, 1.0);
    let is_paper = is_paper && config.batch_norm && config.shortcut == ShortcutChoice::A;
    is_paper.then(|| {
        let (expected, claim) = if config.dataset.channels() == 1 {
            (
                PAPER_GRAY,
                "ResNet-20 with option A has 269,722 parameters on color images (0.27 million in He et al. 2016, table 6). On gray images its first convolution has 288 fewer.",
            )
        } else {
            (PAPER, "ResNet-20 with option A has 269,722 parameters (0.27 million in He et al. 2016, table 6).")
        };
        let counted = record.structure.as_ref().map(|s| [s.params_residual.into()]);
        Check::counts(claim, [expected.into()], counted)
    })
}

/// Returns one claim on the plain network and one on the residual network.
fn flow_checks(cause: Cause, flow: Option<&Flow>) -> [Check; 2] {
    let decays = |arm: usize| {
        let nets = flow?.nets(arm);
        Some((decay(nets, |net| &net.weights)?, decay(nets, |net| &net.deltas)?))
    };
    let (plain, residual) = (decays(PLAIN), decays(RESIDUAL));
    // The factor per block toward the output.
    let signal = |arm: usize| decay(flow?.nets(arm), |net| &net.signals).map(|decay| decay.per_block.recip());
    let describe = |of: &str, decay: Decay| {
        let Decay { first, last, per_block } = decay;
        format!("{of} {} per block: {first:.1e} in the first, {last:.1e} in the last", factor(per_block))
    };
    let both = plain.zip(residual);
    match cause {
        Cause::SmallWeights => [
            Check::new(
                "No batch norm, PyTorch’s default weights, plain network: gradients vanish toward the input. Layers shrink them, while biases keep the signal up.",
                "below × 0.6 per block",
                plain.map(|(w, _)| (describe("weight gradients", w), w.per_block < 0.6)),
            ),
            Check::new(
                "No batch norm, PyTorch’s default weights, residual network: the shortcut carries the gradient past the layers.",
                "nearer to × 1 than the plain network",
                both.map(|(plain, residual)| {
                    (describe("weight gradients", residual.0), is_nearer(residual.0, plain.0))
                }),
            ),
        ],
        Cause::Homogeneous => [
            Check::new(
                "No batch norm, LeCun’s weights, plain network: the signal shrinks forwards as the gradient does backwards, so weight gradients, their product, are about as small in every block.",
                "gradient of the signal below × 0.8 per block; of weights × 0.5 to × 2",
                plain.map(|(w, d)| {
                    let text = format!(
                        "{}; of weights {}",
                        describe("gradient of the signal", d),
                        factor(w.per_block)
                    );
                    (text, d.per_block < 0.8 && (0.5..=2.0).contains(&w.per_block))
                }),
            ),
            Check::new(
                "No batch norm, LeCun’s weights, residual network: the shortcut carries the gradient past the layers.",
                "gradient of the signal nearer to × 1 than in the plain network",
                both.map(|(plain, residual)| {
                    (describe("gradient of the signal", residual.1), is_nearer(residual.1, plain.1))
                }),
            ),
        ],
        Cause::Balanced => [
            Check::new(
                "No batch norm, He’s weights, plain network: made for ReLU, they neither shrink nor grow the weight gradients much.",
                "× 0.6 to × 1.7 per block",
                plain.map(|(w, _)| (describe("weight gradients", w), (0.6..=1.7).contains(&w.per_block))),
            ),
            Check::new(
                "No batch norm, He’s weights, residual network: every block roughly doubles the mean square of the signal, so the signal grows toward the output. Its gradient grows toward the input.",
                "signal × 1.2 to × 1.6 per block toward the output; its gradient above × 1.2 toward the input",
                residual.zip(signal(RESIDUAL)).map(|((_, d), growth)| {
                    let text =
                        format!("signal {}; {}", factor(growth), describe("gradient of the signal", d));
                    (text, (1.2..=1.6).contains(&growth) && d.per_block > 1.2)
                }),
            ),
        ],
        Cause::BatchNorm => [
            Check::new(
                "Batch norm, plain network: gradients do not vanish. They grow toward the input (Yang et al. 2019), so missing gradients do not explain why a deep plain network learns slowly.",
                "above × 1 per block",
                plain.map(|(w, _)| (describe("weight gradients", w), w.per_block > 1.0)),
            ),
            Check::new(
                "Batch norm, residual network: the gradient of the signal grows less from block to block.",
                "gradient of the signal nearer to × 1 than in the plain network",
                both.map(|(plain, residual)| {
                    let text = format!(
                        "{}; plain {}; weight gradients {}",
                        describe("gradient of the signal", residual.1),
                        factor(plain.1.per_block),
                        factor(residual.0.per_block)
                    );
                    (text, is_nearer(residual.1, plain.1))
                }),
            ),
        ],
    }
}

/// Writes a factor as `× 0.19`, or with a power of ten if it is small.
fn factor(per_block: f64) -> String {
    if per_block < 0.01 { format!("× {per_block:.1e}") } else { format!("× {per_block:.2}") }
}

/// Returns true if the factor of `a` is nearer to 1 than the factor of `b`.
pub(super) fn is_nearer(a: Decay, b: Decay) -> bool {
    a.per_block.ln().abs() < b.per_block.ln().abs()
}

/// The number of losses that are averaged.
const RECENT: usize = 20;
/// Steps before which training supports no claim.
const TRAINED: usize = 60;

/// Losses that differ by less than this, in nats, are called equal.
const KEEPS_UP: f64 = 0.5;
/// A network whose loss is at least this far below chance, in nats, has learned something.
const LEARNED: f64 = 0.3;

/// Returns the claim about training for the settings' mechanism and depth.
fn learning_check(config: &Config, record: &Record) -> Check {
    let deep = config.depth_built() >= 20;
    let chance = 10f64.ln();
    let recent = |arm: usize| {
        let losses = &record.arms[arm].losses;
        losses.recent_mean(RECENT).filter(|_| losses.len() >= TRAINED)
    };
    let first = |arm: usize| record.arms[arm].losses.first().map(|(_, loss)| *loss);
    let steps = record.arms[RESIDUAL].losses.len();
    // Compares the losses at the end.
    let at_the_end = |claim: &str, expected: &str, holds: fn(plain: f64, residual: f64) -> bool| {
        let measured = both(recent).map(|[plain, residual]| {
            let words = format!("plain {plain:.2}, residual {residual:.2} nats after {steps} steps");
            (words, holds(plain, residual))
        });
        Check::new(claim, expected, measured)
    };
    let check = match (cause(config.init, config.batch_norm), deep) {
        (Cause::BatchNorm, true) => at_the_end(
            "The plain network gets gradients, and yet its training loss falls more slowly. This is slower optimization, not overfitting.",
            "residual loss lower",
            |plain, residual| residual < plain,
        ),
        (Cause::BatchNorm, false) => at_the_end(
            "At this depth, the plain network with batch norm keeps up with the residual one.",
            "losses within 0.5 nats",
            |plain, residual| (plain - residual).abs() <= KEEPS_UP,
        ),
        (Cause::SmallWeights | Cause::Homogeneous, true) => at_the_end(
            "Without gradients there is no learning: the plain network’s loss stays at chance, the residual network’s falls.",
            "plain within 0.05 of ln 10 = 2.303; residual lower by 0.2",
            |plain, residual| (plain - 10f64.ln()).abs() <= 0.05 && residual < plain - 0.2,
        ),
        (Cause::SmallWeights | Cause::Homogeneous, false) => at_the_end(
            "Even at this depth the residual network learns faster.",
            "residual loss lower",
            |plain, residual| residual < plain,
        ),
        (Cause::Balanced, _) if config.depth_built() <= 20 => at_the_end(
            "He’s weights alone let a plain network of this depth learn.",
            "plain below ln 10 - 0.3 = 2.003",
            |plain, _| plain < 10f64.ln() - LEARNED,
        ),
        (Cause::Balanced, _) => {
            let measured = both(first).map(|[plain, residual]| {
                let words = format!("plain {plain:.2}, residual {residual:.3e} nats in the first step");
                (words, residual > 2.0 * chance && residual > 2.0 * plain)
            });
            Check::new(
                "At this depth, the growing signal makes the residual network’s first loss far larger than chance and than the plain network’s.",
                "residual over 2 ln 10 = 4.605, and over twice the plain loss",
                measured,
            )
        }
    };
    check.of_training()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Verdict;
    use crate::sections::resnet::{Dataset, Structure};
    use std::rc::Rc;

    /// Returns a flow of 9 blocks: the factors per block toward the input of the weights' gradients, of the
    /// gradient of the signal and of the signal, for the plain and the residual network.
    fn flow(batch_norm: bool, plain: [f32; 3], residual: [f32; 3]) -> Option<Rc<Flow>> {
        let series = |factor: f32| (0..9).map(|block| factor.powi(8 - block)).collect();
        let net = |[weights, deltas, signals]: [f32; 3]| NetFlow {
            weights: series(weights),
            deltas: series(deltas),
            signals: series(signals),
            ..NetFlow::default()
        };
        Some(Rc::new(Flow { batch_norm, plain: vec![net(plain)], residual: vec![net(residual)] }))
    }

    /// Returns the verdicts of the two claims about an initialization, without or with batch norm.
    fn verdicts(cause: Cause, plain: [f32; 3], residual: [f32; 3]) -> [Verdict; 2] {
        let flow = flow(cause == Cause::BatchNorm, plain, residual);
        flow_checks(cause, flow.as_deref()).map(|check| check.verdict)
    }

    const HOLDS: Verdict = Verdict::Holds;
    const FAILS: Verdict = Verdict::Fails;

    #[test]
    fn every_claim_about_gradients_can_be_confirmed_and_refuted() {
        let small = |plain: f32, residual: f32| {
            verdicts(Cause::SmallWeights, [plain, 1.0, 1.0], [residual, 1.0, 1.0])
        };
        assert_eq!(small(0.2, 0.9), [HOLDS, HOLDS]);
        assert_eq!(small(0.7, 0.6), [FAILS, FAILS]);
        let homogeneous = |[weights, delta]: [f32; 2], residual: f32| {
            verdicts(Cause::Homogeneous, [weights, delta, 1.0], [1.0, residual, 1.0])
        };
        assert_eq!(homogeneous([1.1, 0.5], 0.9), [HOLDS, HOLDS]);
        assert_eq!(homogeneous([1.1, 0.9], 0.5), [FAILS, FAILS]);
        assert_eq!(homogeneous([0.3, 0.5], 0.9), [FAILS, HOLDS]);
        let balanced = |plain: f32, [delta, signal]: [f32; 2]| {
            verdicts(Cause::Balanced, [plain, 1.0, 1.0], [1.0, delta, signal])
        };
        assert_eq!(balanced(1.0, [1.4, 1.0 / 1.4]), [HOLDS, HOLDS]);
        assert_eq!(balanced(0.4, [1.4, 1.0]), [FAILS, FAILS], "a signal that keeps its size");
        assert_eq!(balanced(2.0, [1.4, 1.0 / 2.0]), [FAILS, FAILS], "a mean square four times as large");
        assert_eq!(balanced(1.0, [1.0, 1.0 / 1.4]), [HOLDS, FAILS], "a gradient that keeps its size");
        let normed = |plain: [f32; 2], residual: f32| {
            verdicts(Cause::BatchNorm, [plain[0], plain[1], 1.0], [1.0, residual, 1.0])
        };
        assert_eq!(normed([1.3, 1.3], 1.1), [HOLDS, HOLDS]);
        assert_eq!(normed([0.9, 1.1], 1.3), [FAILS, FAILS]);
        for cause in [Cause::SmallWeights, Cause::Homogeneous, Cause::Balanced, Cause::BatchNorm] {
            assert_eq!(flow_checks(cause, None).map(|check| check.verdict), [Verdict::Open; 2]);
        }
    }

    /// Returns the verdict of the claim about training, given the first and all later losses of both networks.
    fn learned(config: &Config, plain: [f32; 2], residual: [f32; 2]) -> Verdict {
        let mut record = Record::default();
        for (arm, [first, rest]) in [(PLAIN, plain), (RESIDUAL, residual)] {
            let mut losses = vec![rest; TRAINED];
            losses[0] = first;
            record.arms[arm].losses.extend_steps(1, &losses);
        }
        learning_check(config, &record).verdict
    }

    #[test]
    fn every_claim_about_training_can_be_confirmed_and_refuted() {
        let of = |depth, batch_norm, init| Config { depth, batch_norm, init, ..Config::default() };
        for depth in [20, 56] {
            let normed = of(depth, true, InitChoice::He);
            assert_eq!(learned(&normed, [2.3, 1.5], [2.3, 1.0]), HOLDS);
            assert_eq!(learned(&normed, [2.3, 1.0], [2.3, 1.5]), FAILS);
            for init in [InitChoice::Pytorch, InitChoice::Lecun] {
                let small = of(depth, false, init);
                assert_eq!(learned(&small, [2.3, 2.3], [2.3, 1.5]), HOLDS);
                assert_eq!(learned(&small, [2.3, 2.0], [2.3, 1.5]), FAILS, "the plain network learns");
                assert_eq!(learned(&small, [2.3, 2.3], [2.3, 2.3]), FAILS, "neither learns");
            }
        }
        for depth in [8, 14] {
            let normed = of(depth, true, InitChoice::He);
            assert_eq!(learned(&normed, [2.3, 1.2], [2.3, 1.0]), HOLDS);
            assert_eq!(learned(&normed, [2.3, 1.8], [2.3, 1.0]), FAILS);
            let small = of(depth, false, InitChoice::Pytorch);
            assert_eq!(learned(&small, [2.3, 1.2], [2.3, 1.0]), HOLDS);
            assert_eq!(learned(&small, [2.3, 1.0], [2.3, 1.2]), FAILS);
        }
        let shallow = of(20, false, InitChoice::He);
        assert_eq!(learned(&shallow, [2.3, 1.5], [90.0, 1.8]), HOLDS);
        assert_eq!(learned(&shallow, [2.3, 2.25], [90.0, 1.8]), FAILS);
        let deep = of(56, false, InitChoice::He);
        assert_eq!(learned(&deep, [2.5, 2.3], [4000.0, 2.3]), HOLDS);
        assert_eq!(learned(&deep, [2.5, 2.3], [2.4, 1.0]), FAILS, "no explosion");
        assert_eq!(learned(&deep, [4.0, 2.3], [6.0, 2.3]), FAILS, "hardly larger than the plain loss");
    }

    #[test]
    fn the_papers_count_is_exact() {
        let paper = |dataset| Config {
            width: 1.0,
            batch_norm: true,
            shortcut: ShortcutChoice::A,
            dataset,
            ..Config::default()
        };
        let verdict = |config: &Config, params_residual: u32| {
            let structure = Structure { params_residual, ..Structure::default() };
            let record = Record { structure: Some(Rc::new(structure)), ..Record::default() };
            paper_check(config, &record).map(|check| check.verdict)
        };
        let (color, gray) = (paper(Dataset::Cifar10), paper(Dataset::FashionMnist));
        assert_eq!((params_formula(&color, true), params_formula(&gray, true)), (269_722, 269_434));
        assert_eq!(verdict(&color, 269_722), Some(HOLDS));
        assert_eq!(verdict(&gray, 269_434), Some(HOLDS));
        // Options B and C round to the same 0.27 and 0.28 million.
        for wrong in [272_474, 272_186, 269_434] {
            assert_eq!(verdict(&color, wrong), Some(FAILS));
        }
        for other in [
            Config { shortcut: ShortcutChoice::B, ..color.clone() },
            Config { batch_norm: false, ..color.clone() },
            Config { depth: 32, ..color.clone() },
        ] {
            assert_eq!(verdict(&other, 269_722), None, "not the paper's network");
        }
    }

    #[test]
    fn a_wrong_count_is_reported() {
        let config = Config::default();
        let verdict = |plain: u64, residual: u64| {
            let structure = Structure {
                params_plain: plain as u32,
                params_residual: residual as u32,
                ..Structure::default()
            };
            let record = Record { structure: Some(Rc::new(structure)), ..Record::default() };
            count_check(&config, &record).verdict
        };
        let [plain, residual] = [false, true].map(|shortcuts| params_formula(&config, shortcuts));
        assert_eq!(verdict(plain, residual), HOLDS);
        assert_eq!(verdict(plain + 1, residual), FAILS);
        assert_eq!(verdict(plain, plain), FAILS);
    }

    #[test]
    fn decay_is_the_slope_toward_the_input() {
        let net = |weights: &[f32]| NetFlow { weights: weights.to_vec(), ..NetFlow::default() };
        let of = |nets: &[NetFlow]| decay(nets, |net| &net.weights);
        let one = of(&[net(&[0.01, 0.1, 1.0])]).map(|d| (d.first, d.last, d.per_block));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(one.is_some_and(|(f, l, p)| near(f, 0.01) && near(l, 1.0) && near(p, 0.1)), "{one:?}");
        // The first block has no gradient left, so the slope is measured over the others.
        let gone = of(&[net(&[0.0, 0.01, 0.1, 1.0])]);
        assert!(gone.is_some_and(|d| d.first == 0.0 && near(d.per_block, 0.1)), "{gone:?}");
        let two = of(&[net(&[0.01, 1.0]), net(&[1.0, 1.0])]);
        assert!(two.is_some_and(|d| near(d.first, 0.1) && near(d.per_block, 0.1)), "{two:?}");
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[net(&[1.0])]), None);
        assert_eq!(of(&[net(&[0.0, 0.0])]), None);
    }
}
