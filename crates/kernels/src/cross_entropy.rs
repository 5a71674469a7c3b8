//! Softmax and cross-entropy.
//!
//! ```text
//! lse_r = log sum_k exp(x_rk)      L = 1/n sum_r sum_k y_rk (lse_r - x_rk)
//! dx_rk = dL / n (exp(x_rk - lse_r) sum_l y_rl - y_rk)
//! ```

use crate::autodiff::{SavedForBackward, track};
use burn::backend::{Autodiff, AutodiffBackend, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

/// Returns the mean cross-entropy of all rows in nats, `[1]`; differentiable with respect to the logits.
///
/// # Shapes
///
/// - logits, targets: `[n, classes]`; each row of the targets is a distribution
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let (loss, _) = Dispatch::mean_cross_entropy(logits.into_dispatch(), targets.into_dispatch());
    Tensor::from_dispatch(loss)
}

/// The forward pass as an operation of burn's backends, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait CrossEntropy: Backend {
    /// Returns the loss, and `lse` and the sum of the targets of each row, `[n, 2]`.
    #[fusion(meta = |logits, _| {
        let (mut loss, mut scales) = (logits.clone(), logits.clone());
        loss.shape = [1].into();
        scales.shape[1] = 2;
        (loss, scales)
    })]
    fn mean_cross_entropy(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

/// The backward pass.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait CrossEntropyGrad: Backend {
    /// Returns the gradient of the logits.
    #[fusion(dtype = logits, shape = logits)]
    fn cross_entropy_grad(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        d_loss: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{CrossEntropy, CrossEntropyGrad};
    use crate::flex::{as_slice, contiguous, tensor, tensor_like};
    use crate::vector::{apply, exp};
    use burn::backend::{Flex, TensorMetadata};
    use burn_flex::FlexTensor;

    /// Returns pairs of rows of logits and targets.
    fn rows<'a>(
        logits: &'a FlexTensor,
        targets: &'a FlexTensor,
    ) -> impl Iterator<Item = (&'a [f32], &'a [f32])> {
        let [_, classes] = logits.shape().dims();
        let [logits, targets] = [logits, targets].map(|rows| as_slice(rows).chunks_exact(classes.max(1)));
        logits.zip(targets)
    }

    impl CrossEntropy for Flex {
        fn mean_cross_entropy(logits: FlexTensor, targets: FlexTensor) -> (FlexTensor, FlexTensor) {
            let [n, _] = logits.shape().dims();
            let (logits, targets) = (contiguous(logits), contiguous(targets));
            let mut scales = Vec::with_capacity(2 * n);
            let mut total = 0.0;
            let mut powers = Vec::new();
            for (x, y) in rows(&logits, &targets) {
                let max = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                powers.clear();
                powers.extend(x.iter().map(|x| x - max));
                apply(&mut powers, exp);
                let lse = max + powers.iter().sum::<f32>().ln();
                scales.extend([lse, y.iter().sum()]);
                total += x.iter().zip(y).map(|(x, y)| y * (lse - x)).sum::<f32>();
            }
            (tensor(vec![total / n.max(1) as f32], [1]), tensor(scales, [n, 2]))
        }
    }

    impl CrossEntropyGrad for Flex {
        fn cross_entropy_grad(
            logits: FlexTensor,
            targets: FlexTensor,
            scales: FlexTensor,
            d_loss: FlexTensor,
        ) -> FlexTensor {
            let [n, classes] = logits.shape().dims();
            let [logits, targets, scales, d_loss] = [logits, targets, scales, d_loss].map(contiguous);
            let factor = as_slice(&d_loss).iter().sum::<f32>() / n.max(1) as f32;
            let (classes, scales) = (classes.max(1), as_slice(&scales).as_chunks::<2>().0);
            let mut d_logits = as_slice(&logits).to_vec();
            for (row, [lse, _]) in d_logits.chunks_exact_mut(classes).zip(scales) {
                row.iter_mut().for_each(|x| *x -= lse);
            }
            apply(&mut d_logits, exp);
            let of_rows = as_slice(&targets).chunks_exact(classes).zip(scales);
            for (row, (y, [_, sum])) in d_logits.chunks_exact_mut(classes).zip(of_rows) {
                row.iter_mut().zip(y).for_each(|(d, y)| *d = factor * (*d * sum - y));
            }
            tensor_like(d_logits, &logits)
        }
    }
}

#[derive(Clone, Debug)]
struct CrossEntropyBackward<B: Backend> {
    logits: FloatTensor<B>,
    targets: FloatTensor<B>,
    scales: FloatTensor<B>,
}

impl<B: CrossEntropyGrad> SavedForBackward<B, 1> for CrossEntropyBackward<B> {
    fn gradients(self, d_loss: FloatTensor<B>, _: [bool; 1]) -> [Option<FloatTensor<B>>; 1] {
        [Some(B::cross_entropy_grad(self.logits, self.targets, self.scales, d_loss))]
    }
}

impl<B: CrossEntropy + CrossEntropyGrad, C: CheckpointStrategy> CrossEntropy for Autodiff<B, C> {
    fn mean_cross_entropy(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [logits.node()];
        let (logits, targets) = (logits.into_primitive(), targets.into_primitive());
        let (loss, scales) = B::mean_cross_entropy(logits.clone(), targets.clone());
        let saved = CrossEntropyBackward { logits, targets, scales: scales.clone() };
        (track::<B, C, _, 1>(inputs, loss, saved), Self::from_inner(scales))
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::{CrossEntropy, CrossEntropyGrad};
    use crate::gpu::{Grid, Sum, contiguous, empty, launch, reduce};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    const UNITS: usize = 256;
    /// The maximum number of rows for which a single workgroup computes the whole loss.
    const MAX_ROWS_OF_ONE: usize = 512;

    /// Each unit computes one row or several: `lse`, the sum of its targets, and its part of the loss. A
    /// single workgroup (`is_only`) computes the whole loss.
    #[cube(launch)]
    fn forward(
        logits: &[f32],
        targets: &[f32],
        scales: &mut [f32],
        losses: &mut [f32],
        n: usize,
        classes: usize,
        #[comptime] is_only: bool,
    ) {
        let mut shared = Shared::new_slice(256usize);
        let mut own = 0.0f32;
        let mut row = ABSOLUTE_POS;
        while row < n {
            let first = row * classes;
            let mut max = 0.0f32;
            max += logits[first];
            let mut target_sum = 0.0f32;
            let mut loss = 0.0f32;
            for k in 0..classes {
                max = f32::max(max, logits[first + k]);
                target_sum += targets[first + k];
            }
            let mut exponents = 0.0f32;
            for k in 0..classes {
                exponents += f32::exp(logits[first + k] - max);
            }
            let lse = max + f32::ln(exponents);
            for k in 0..classes {
                loss += targets[first + k] * (lse - logits[first + k]);
            }
            scales[2 * row] = lse;
            scales[2 * row + 1] = target_sum;
            if comptime!(is_only) {
                own += loss;
                row += CUBE_DIM as usize;
            } else {
                losses[row] = loss;
                row += n;
            }
        }
        if comptime!(is_only) {
            let total = reduce::<Sum>(own, &mut shared);
            if UNIT_POS == 0 {
                losses[0] = total / n as f32;
            }
        }
    }

    #[cube(launch)]
    fn mean(losses: &[f32], loss: &mut [f32], n: usize) {
        let mut shared = Shared::new_slice(256usize);
        let mut own = 0.0f32;
        let mut row = UNIT_POS as usize;
        while row < n {
            own += losses[row];
            row += CUBE_DIM as usize;
        }
        let total = reduce::<Sum>(own, &mut shared);
        if UNIT_POS == 0 {
            loss[0] = total / n as f32;
        }
    }

    #[cube(launch)]
    fn backward(
        logits: &[f32],
        targets: &[f32],
        scales: &[f32],
        d_loss: &[f32],
        d_logits: &mut [f32],
        n: usize,
        classes: usize,
    ) {
        let at = ABSOLUTE_POS;
        if at < n * classes {
            let row = at / classes;
            let p = f32::exp(logits[at] - scales[2 * row]) * scales[2 * row + 1];
            d_logits[at] = d_loss[0] / n as f32 * (p - targets[at]);
        }
    }

    impl CrossEntropy for CubeBackend {
        fn mean_cross_entropy(logits: CubeTensor, targets: CubeTensor) -> (CubeTensor, CubeTensor) {
            let [n, classes] = logits.shape().dims();
            let (logits, targets) = (contiguous(logits), contiguous(targets));
            let is_only = n <= MAX_ROWS_OF_ONE;
            let (loss, scales) = (empty(&logits, [1]), empty(&logits, [n, 2]));
            let losses = if is_only { loss.clone() } else { empty(&logits, [n]) };
            let grid = Grid::new([if is_only { 1 } else { n.div_ceil(UNITS) }, 1, 1], UNITS);
            launch!(forward, grid, [logits, targets], [scales, losses], n, classes, is_only);
            if !is_only {
                launch!(mean, Grid::new([1; 3], UNITS), [losses], [loss], n);
            }
            (loss, scales)
        }
    }

    impl CrossEntropyGrad for CubeBackend {
        fn cross_entropy_grad(
            logits: CubeTensor,
            targets: CubeTensor,
            scales: CubeTensor,
            d_loss: CubeTensor,
        ) -> CubeTensor {
            let [n, classes] = logits.shape().dims();
            let [logits, targets, scales, d_loss] = [logits, targets, scales, d_loss].map(contiguous);
            let d_logits = empty(&logits, [n, classes]);
            let grid = Grid::elementwise(&d_logits);
            launch!(backward, grid, [logits, targets, scales, d_loss], [d_logits], n, classes);
            d_logits
        }
    }
}
