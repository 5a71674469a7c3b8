//! Batch normalization with the statistics of the batch, and back (Ioffe and Szegedy 2015). `n` numbers a channel, over all
//! images and places.
//!
//! ```text
//! z = (x - mean(x)) / sqrt(var(x) + epsilon)      y = gamma z + beta      mean and variance over the n of a channel
//! dbeta = sum dy      dgamma = sum dy z      dx = gamma (dy - dbeta / n - z dgamma / n) / sqrt(var(x) + epsilon)
//! ```

use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

#[cfg(feature = "gpu")]
mod gpu;

/// What came out, and by what it was normalized.
#[derive(Clone, Debug)]
pub struct Normalized {
    /// `[batch, channels, h, w]`; differentiable
    pub output: Tensor<4>,
    /// `[channels]`, a number of its own: no gradient goes through it.
    pub mean: Tensor<1>,
    /// `[channels]`, the mean square of what is left: divided by `n`, not by `n - 1`. No gradient goes through it.
    pub variance: Tensor<1>,
}

/// Normalizes each channel by its own mean and variance.
///
/// # Shapes
///
/// - x: `[batch, channels, h, w]`
/// - gamma, beta: `[channels]`
pub fn batch_norm(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f32) -> Normalized {
    let (output, mean, variance) =
        Dispatch::channel_norm(x.into_dispatch(), gamma.into_dispatch(), beta.into_dispatch(), epsilon);
    Normalized {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// The operation, as burn's backends have it, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ChannelNorm: Backend {
    /// Output, mean and variance.
    #[fusion(meta = |x, gamma, _, _| (x.clone(), gamma.clone(), gamma.clone()))]
    fn channel_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Its way back.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ChannelNormParts: Backend {
    /// The gradients of x, gamma and beta.
    #[fusion(meta = |x, mean, _, _, _, _| (x.clone(), mean.clone(), mean.clone()))]
    fn channel_norm_back(
        x: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Channels, and the places of each in an image.
fn sizes<B: Backend>(x: &FloatTensor<B>) -> (usize, usize) {
    let [_, channels, h, w] = x.shape().dims();
    (channels, h * w)
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{ChannelNorm, ChannelNormParts, sizes};
    use crate::flex::{numbers, rows, tensor_like};
    use crate::matrix::{dot, sum};
    use burn::backend::{Flex, tensor::FloatTensor};

    /// The part of a channel in each image.
    fn maps(x: &[f32], channel: usize, (channels, places): (usize, usize)) -> impl Iterator<Item = &[f32]> {
        x.chunks_exact(places.max(1)).skip(channel).step_by(channels.max(1))
    }

    impl ChannelNorm for Flex {
        fn channel_norm(
            x: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            beta: FloatTensor<Self>,
            epsilon: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let sizes = sizes::<Self>(&x);
            let (x, gamma, beta) = (rows(x), rows(gamma), rows(beta));
            let (all, channels) = (numbers(&x), sizes.0);
            let n = (all.len() / channels.max(1)) as f32;
            let mut centred = vec![0.0; sizes.1];
            let (mut means, mut variances) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
            for channel in 0..channels {
                let mean = maps(all, channel, sizes).map(sum).sum::<f32>() / n;
                let squares = maps(all, channel, sizes).map(|map| {
                    centred.iter_mut().zip(map).for_each(|(centred, x)| *centred = x - mean);
                    dot(&centred, &centred)
                });
                variances.push(squares.sum::<f32>() / n);
                means.push(mean);
            }
            let mut output = Vec::with_capacity(all.len());
            for (i, map) in all.chunks_exact(sizes.1.max(1)).enumerate() {
                let channel = i % channels;
                let scale = numbers(&gamma)[channel] / (variances[channel] + epsilon).sqrt();
                // The mean first: where it is large beside the deviations, a product with it would round away their digits.
                let (mean, beta) = (means[channel], numbers(&beta)[channel]);
                output.extend(map.iter().map(|x| (x - mean) * scale + beta));
            }
            (tensor_like(output, &x), tensor_like(means, &gamma), tensor_like(variances, &gamma))
        }
    }

    impl ChannelNormParts for Flex {
        fn channel_norm_back(
            x: FloatTensor<Self>,
            mean: FloatTensor<Self>,
            variance: FloatTensor<Self>,
            gamma: FloatTensor<Self>,
            d_output: FloatTensor<Self>,
            epsilon: f32,
        ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
            let sizes = sizes::<Self>(&x);
            let (x, d_output) = (rows(x), rows(d_output));
            let (mean, variance, gamma) = (rows(mean), rows(variance), rows(gamma));
            let (all, above, channels) = (numbers(&x), numbers(&d_output), sizes.0);
            let n = (all.len() / channels.max(1)) as f32;
            let scale = |channel: usize| (numbers(&variance)[channel] + epsilon).sqrt().recip();
            let (mut d_gamma, mut d_beta) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
            let mut centred = vec![0.0; sizes.1];
            for channel in 0..channels {
                let mean = numbers(&mean)[channel];
                let pairs = || maps(all, channel, sizes).zip(maps(above, channel, sizes));
                d_beta.push(pairs().map(|(_, d)| sum(d)).sum::<f32>());
                let products = pairs().map(|(map, d)| {
                    centred.iter_mut().zip(map).for_each(|(centred, x)| *centred = x - mean);
                    dot(&centred, d)
                });
                d_gamma.push(products.sum::<f32>() * scale(channel));
            }
            let mut d_x = Vec::with_capacity(all.len());
            let maps = all.chunks_exact(sizes.1.max(1)).zip(above.chunks_exact(sizes.1.max(1)));
            for (i, (map, d)) in maps.enumerate() {
                let channel = i % channels;
                let (scale, mean) = (scale(channel), numbers(&mean)[channel]);
                let (of_d, of_z) = (d_beta[channel] / n, d_gamma[channel] / n * scale);
                let factor = numbers(&gamma)[channel] * scale;
                d_x.extend(map.iter().zip(d).map(|(x, d)| factor * (d - of_d - (x - mean) * of_z)));
            }
            (tensor_like(d_x, &x), tensor_like(d_gamma, &gamma), tensor_like(d_beta, &gamma))
        }
    }
}

/// What is kept for the way back.
#[derive(Clone, Debug)]
struct Kept<B: Backend> {
    x: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    gamma: FloatTensor<B>,
    epsilon: f32,
}

impl<B: ChannelNorm + ChannelNormParts, C: CheckpointStrategy> ChannelNorm for Autodiff<B, C> {
    fn channel_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        #[derive(Debug)]
        struct Back;

        impl<B: ChannelNormParts> Backward<B, 3> for Back {
            type State = Kept<B>;

            fn backward(self, ops: Ops<Kept<B>, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
                let d_output = grads.consume::<B>(&ops.node);
                let Kept { x, mean, variance, gamma, epsilon } = ops.state;
                let (d_x, d_gamma, d_beta) =
                    B::channel_norm_back(x, mean, variance, gamma, d_output, epsilon);
                for (parent, gradient) in ops.parents.into_iter().zip([d_x, d_gamma, d_beta]) {
                    if let Some(parent) = parent {
                        grads.register::<B>(parent.id, gradient);
                    }
                }
            }
        }

        let prepared = Back.prepare::<C>([x.node(), gamma.node(), beta.node()]).compute_bound().stateful();
        let (x, gamma, beta) = (x.into_primitive(), gamma.into_primitive(), beta.into_primitive());
        let (output, mean, variance) = B::channel_norm(x.clone(), gamma.clone(), beta, epsilon);
        let output = match prepared {
            OpsKind::Tracked(prepared) => {
                let kept = Kept { x, mean: mean.clone(), variance: variance.clone(), gamma, epsilon };
                prepared.finish(kept, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        };
        (output, Self::from_inner(mean), Self::from_inner(variance))
    }
}
