//! The claims about gradients of untrained networks.

use crate::core::Check;
use crate::sections::resnet::decay::is_nearer;
use crate::sections::resnet::{Cause, Decay, Flow, PLAIN, RESIDUAL, decay};

/// Returns one claim on the plain network and one on the residual network.
pub(super) fn flow_checks(cause: Cause, flow: Option<&Flow>) -> [Check; 2] {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Verdict;
    use crate::sections::resnet::NetFlow;
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
}
