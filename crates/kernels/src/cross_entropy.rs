//! Softmax and cross-entropy, and back.
//!
//! ```text
//! lse_r = log sum_k exp(x_rk)      L = 1/n sum_r sum_k y_rk (lse_r - x_rk)
//! dx_rk = dL / n (exp(x_rk - lse_r) sum_l y_rl - y_rk)
//! ```

use burn::backend::{Autodiff, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind, unary};

/// The mean over all rows, `[1]`; differentiable in the logits. In nats.
///
/// # Shapes
///
/// - logits, targets: `[n, classes]`; each row of the targets is a distribution
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    Tensor::from_dispatch(Dispatch::mean_cross_entropy(logits.into_dispatch(), targets.into_dispatch()))
}

/// The operation, as burn's backends have it, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait CrossEntropy: Backend {
    #[fusion(meta = |logits, _| {
        let mut loss = logits.clone();
        loss.shape = [1].into();
        loss
    })]
    fn mean_cross_entropy(logits: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// What autodiff makes it of.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait CrossEntropyParts: Backend {
    /// The loss; and of each row `lse` and the sum of its targets, `[n, 2]`.
    #[fusion(meta = |logits, _| {
        let (mut loss, mut scales) = (logits.clone(), logits.clone());
        loss.shape = [1].into();
        scales.shape[1] = 2;
        (loss, scales)
    })]
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient of the logits.
    #[fusion(dtype = logits, shape = logits)]
    fn cross_entropy_back(
        logits: FloatTensor<Self>,
        targets: FloatTensor<Self>,
        scales: FloatTensor<Self>,
        d_loss: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{CrossEntropy, CrossEntropyParts};
    use crate::flex::{numbers, rows, tensor, tensor_like};
    use crate::vector::exp;
    use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};

    impl CrossEntropy for Flex {
        fn mean_cross_entropy(logits: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
            Self::cross_entropy_forward(logits, targets).0
        }
    }

    impl CrossEntropyParts for Flex {
        fn cross_entropy_forward(
            logits: FloatTensor<Self>,
            targets: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let [n, classes] = logits.shape().dims();
            let (logits, targets) = (rows(logits), rows(targets));
            let (classes, mut scales) = (classes.max(1), Vec::with_capacity(2 * n));
            let mut total = 0.0;
            for (x, y) in numbers(&logits).chunks_exact(classes).zip(numbers(&targets).chunks_exact(classes))
            {
                let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let lse = largest + x.iter().map(|x| exp(x - largest)).sum::<f32>().ln();
                scales.extend([lse, y.iter().sum()]);
                total += x.iter().zip(y).map(|(x, y)| y * (lse - x)).sum::<f32>();
            }
            (tensor(vec![total / n.max(1) as f32], [1]), tensor(scales, [n, 2]))
        }

        fn cross_entropy_back(
            logits: FloatTensor<Self>,
            targets: FloatTensor<Self>,
            scales: FloatTensor<Self>,
            d_loss: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            let [n, classes] = logits.shape().dims();
            let (logits, targets, scales, d_loss) = (rows(logits), rows(targets), rows(scales), rows(d_loss));
            let factor = numbers(&d_loss).iter().sum::<f32>() / n.max(1) as f32;
            let mut found = Vec::with_capacity(n * classes);
            let classes = classes.max(1);
            let pairs = numbers(&logits).chunks_exact(classes).zip(numbers(&targets).chunks_exact(classes));
            for ((x, y), scales) in pairs.zip(numbers(&scales).chunks_exact(2)) {
                let (lse, sum) = (scales[0], scales[1]);
                found.extend(x.iter().zip(y).map(|(x, y)| factor * (exp(x - lse) * sum - y)));
            }
            tensor_like(found, &logits)
        }
    }
}

/// What is kept for the way back.
#[derive(Clone, Debug)]
struct Kept<B: Backend> {
    logits: FloatTensor<B>,
    targets: FloatTensor<B>,
    scales: FloatTensor<B>,
}

impl<B: CrossEntropy + CrossEntropyParts, C: CheckpointStrategy> CrossEntropy for Autodiff<B, C> {
    fn mean_cross_entropy(logits: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Back;

        impl<B: CrossEntropyParts> Backward<B, 1> for Back {
            type State = Kept<B>;

            fn backward(self, ops: Ops<Kept<B>, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let Kept { logits, targets, scales } = ops.state;
                let back = |d_loss| B::cross_entropy_back(logits, targets, scales, d_loss);
                unary::<B, _>(ops.parents, ops.node, grads, back);
            }
        }

        let prepared = Back.prepare::<C>([logits.node()]).compute_bound().stateful();
        let (logits, targets) = (logits.into_primitive(), targets.into_primitive());
        match prepared {
            OpsKind::Tracked(prepared) => {
                let (loss, scales) = B::cross_entropy_forward(logits.clone(), targets.clone());
                prepared.finish(Kept { logits, targets, scales }, loss)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::mean_cross_entropy(logits, targets)),
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::{CrossEntropy, CrossEntropyParts};
    use crate::gpu::{empty, rows, sum};
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::{calculate_cube_count_elemwise, prelude::*};

    const UNITS: u32 = 256;
    /// Up to so many rows one workgroup does it all.
    const ALONE: usize = 512;

    /// A unit a row, or some: `lse`, the sum of its targets, and its part of the loss; alone, the whole loss.
    #[cube(launch)]
    fn rows_of(
        logits: &[f32],
        targets: &[f32],
        scales: &mut [f32],
        losses: &mut [f32],
        n: usize,
        classes: usize,
        #[comptime] alone: bool,
    ) {
        let mut shared = Shared::new_slice(256usize);
        let mut own = 0.0f32;
        let mut row = ABSOLUTE_POS;
        while row < n {
            let first = row * classes;
            let mut largest = 0.0f32;
            largest += logits[first];
            let mut of_targets = 0.0f32;
            let mut expected = 0.0f32;
            for k in 0..classes {
                largest = f32::max(largest, logits[first + k]);
                of_targets += targets[first + k];
            }
            let mut exponents = 0.0f32;
            for k in 0..classes {
                exponents += f32::exp(logits[first + k] - largest);
            }
            let lse = largest + f32::ln(exponents);
            for k in 0..classes {
                expected += targets[first + k] * (lse - logits[first + k]);
            }
            scales[2 * row] = lse;
            scales[2 * row + 1] = of_targets;
            if comptime!(alone) {
                own += expected;
                row += CUBE_DIM as usize;
            } else {
                losses[row] = expected;
                row += n;
            }
        }
        if comptime!(alone) {
            let total = sum(own, &mut shared);
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
        let total = sum(own, &mut shared);
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
        fn mean_cross_entropy(logits: FloatTensor<Self>, targets: FloatTensor<Self>) -> FloatTensor<Self> {
            Self::cross_entropy_forward(logits, targets).0
        }
    }

    impl CrossEntropyParts for CubeBackend {
        fn cross_entropy_forward(
            logits: FloatTensor<Self>,
            targets: FloatTensor<Self>,
        ) -> (FloatTensor<Self>, FloatTensor<Self>) {
            let [n, classes] = logits.shape().dims();
            let (logits, targets) = (rows(logits), rows(targets));
            let (client, alone) = (logits.client.clone(), n <= ALONE);
            let (loss, scales) = (empty(&logits, [1]), empty(&logits, [n, 2]));
            let losses = if alone { loss.clone() } else { empty(&logits, [n]) };
            let dim = CubeDim::new_1d(UNITS);
            let count = if alone { 1 } else { n.div_ceil(UNITS as usize) as u32 };
            rows_of::launch(
                &client,
                CubeCount::Static(count, 1, 1),
                dim,
                logits.into_buffer_arg(),
                targets.into_buffer_arg(),
                scales.clone().into_buffer_arg(),
                losses.clone().into_buffer_arg(),
                n,
                classes,
                alone,
            );
            if !alone {
                mean::launch(
                    &client,
                    CubeCount::Static(1, 1, 1),
                    dim,
                    losses.into_buffer_arg(),
                    loss.clone().into_buffer_arg(),
                    n,
                );
            }
            (loss, scales)
        }

        fn cross_entropy_back(
            logits: FloatTensor<Self>,
            targets: FloatTensor<Self>,
            scales: FloatTensor<Self>,
            d_loss: FloatTensor<Self>,
        ) -> FloatTensor<Self> {
            let [n, classes] = logits.shape().dims();
            let (logits, targets) = (rows(logits), rows(targets));
            let d_logits = empty(&logits, [n, classes]);
            let dim = CubeDim::new_1d(UNITS);
            backward::launch(
                &logits.client.clone(),
                calculate_cube_count_elemwise(&logits.client, n * classes, dim),
                dim,
                logits.into_buffer_arg(),
                targets.into_buffer_arg(),
                rows(scales).into_buffer_arg(),
                rows(d_loss).into_buffer_arg(),
                d_logits.clone().into_buffer_arg(),
                n,
                classes,
            );
            d_logits
        }
    }
}
