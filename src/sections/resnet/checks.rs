//! The closed forms of section 3, and its claims compared with the measurements.

use super::{BlockChoice, Config, Flow, InitChoice, NetFlow, PLAIN, RESIDUAL, Record};
use crate::core::Check;
use crate::core::findings::both;

/// Returns the number of parameters by formula: `k^2 c_in c_out` for each convolution, plus `2 c_out` for the
/// scale and shift of batch norm, or `c_out` for a bias.
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
        total += block(c_in) + u64::from(config.blocks_per_stage() - 1) * block(c_out);
        if shortcuts && c_in != c_out {
            total += conv(c_in, c_out, 1);
        }
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
    /// Weights that keep the size of the signal through ReLU.
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
        "The formula gives the parameters of both models. They differ only in the projections.",
        format!("plain {plain}, residual {residual}"),
        measured,
    )
}

/// Checks the parameter count of the paper if the settings build its network.
fn paper_check(config: &Config, record: &Record) -> Option<Check> {
    let is_paper = (config.depth, config.block, config.width) == (20, BlockChoice::Basic, 1.0);
    is_paper.then(|| {
        let millions = |n: u32| f64::from(n) / 1e6;
        let measured = record.structure.as_ref().map(|s| {
            let text = format!("{:.3} M", millions(s.params_residual));
            (text, (millions(s.params_residual) - 0.27).abs() < 0.005)
        });
        Check::new("ResNet-20 has 0.27 million parameters (He et al. 2015, table 6).", "0.27 M", measured)
    })
}

/// Returns one claim on the plain network and one on the residual network.
fn flow_checks(cause: Cause, flow: Option<&Flow>) -> [Check; 2] {
    let decays = |arm: usize| {
        let nets = flow?.nets(arm);
        Some((decay(nets, |net| &net.weights)?, decay(nets, |net| &net.deltas)?))
    };
    let (plain, residual) = (decays(PLAIN), decays(RESIDUAL));
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
                "No batch norm, He’s weights, plain network: made for ReLU, they neither shrink nor grow the gradient much.",
                "× 0.6 to × 1.7 per block",
                plain.map(|(w, _)| (describe("weight gradients", w), (0.6..=1.7).contains(&w.per_block))),
            ),
            Check::new(
                "No batch norm, He’s weights, residual network: each block adds as much as it is given, so the gradient of the signal grows toward the input, and so does the signal toward the output.",
                "gradient of the signal above × 1.2 per block",
                residual.map(|(_, d)| (describe("gradient of the signal", d), d.per_block > 1.2)),
            ),
        ],
        Cause::BatchNorm => [
            Check::new(
                "Batch norm, plain network: gradients do not vanish. They grow toward the input (Yang et al. 2019), so what degrades a deep plain network is the optimization.",
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

fn learning_check(config: &Config, record: &Record) -> Check {
    let cause = cause(config.init, config.batch_norm);
    let deep = config.depth_built() >= 20;
    let (claim, expected) = match (cause, deep) {
        (Cause::BatchNorm, true) => (
            "The plain network gets gradients, and yet its training loss falls more slowly: degradation is a matter of optimization, not of overfitting.",
            "residual loss lower",
        ),
        (Cause::BatchNorm, false) => (
            "At this depth with batch norm the plain network keeps up, or nearly so.",
            "losses within 0.5 nats",
        ),
        (Cause::SmallWeights | Cause::Homogeneous, true) => (
            "Without gradients there is no learning: the plain network’s loss stays at chance, the residual network’s falls.",
            "plain within 0.05 of ln 10 = 2.303; residual lower by 0.2",
        ),
        (Cause::SmallWeights | Cause::Homogeneous, false) => {
            ("Even at this depth the residual network learns faster.", "residual loss lower")
        }
        (Cause::Balanced, _) => (
            "Whether He’s weights alone let the plain network learn, and whether the residual network gets over its first, large losses, depends on the depth.",
            "residual loss lower in the end",
        ),
    };
    let recent = |arm: usize| {
        let losses = &record.arms[arm].losses;
        losses.recent_mean(RECENT).filter(|_| losses.len() >= TRAINED)
    };
    let measured = both(recent).map(|[plain, residual]| {
        let chance = 10f64.ln();
        let holds = match (cause, deep) {
            (Cause::BatchNorm, false) => (plain - residual).abs() <= 0.5,
            (Cause::SmallWeights | Cause::Homogeneous, true) => {
                (plain - chance).abs() <= 0.05 && residual < plain - 0.2
            }
            _ => residual < plain,
        };
        let steps = record.arms[RESIDUAL].losses.len();
        (format!("plain {plain:.2}, residual {residual:.2} nats after {steps} steps"), holds)
    });
    Check::new(claim, expected, measured).of_training()
}

#[cfg(test)]
mod tests {
    use super::*;

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
