//! The claims about training.

use crate::core::Check;
use crate::core::findings::both;
use crate::core::guided::percent;
use crate::sections::resnet::{Cause, Config, RESIDUAL, Record, cause};

/// The number of losses that are averaged.
const RECENT: usize = 20;
/// Steps before which training supports no claim.
const TRAINED: usize = 60;

/// Losses that differ by less than this, in nats, are called equal.
const KEEPS_UP: f64 = 0.5;
/// A network whose loss is at least this far below chance, in nats, has learned something.
const LEARNED: f64 = 0.3;

/// Returns the claim about training for the settings' mechanism and depth.
pub(super) fn learning_check(config: &Config, record: &Record) -> Check {
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

/// Compares the accuracies on the user's own pictures with the one answer that is right most often. Which network is better on
/// them is open.
pub(super) fn own_check(config: &Config, record: &Record) -> Check {
    let chance = record.chance(config);
    let steps = record.arms[RESIDUAL].losses.len();
    let accuracies = both(|arm| record.arms[arm].accuracy.last_y());
    Check::new(
        "Both networks classify held-out pictures of yours more often correctly than the most frequent class alone would be.",
        format!("both above {}, the share of the largest class", percent(chance)),
        accuracies.map(|[plain, residual]| {
            let words = format!("plain {}, residual {} after {steps} steps", percent(plain), percent(residual));
            (words, plain > chance && residual > chance)
        }),
    )
    .of_training()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Verdict;
    use crate::sections::resnet::{InitChoice, PLAIN};

    const HOLDS: Verdict = Verdict::Holds;
    const FAILS: Verdict = Verdict::Fails;

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
}
