//! The change of gradients from block to block, and its causes.

use super::{InitChoice, NetFlow};

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

/// Returns true if the factor of `a` is nearer to 1 than the factor of `b`.
pub(super) fn is_nearer(a: Decay, b: Decay) -> bool {
    a.per_block.ln().abs() < b.per_block.ln().abs()
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
