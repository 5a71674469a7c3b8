//! Batch normalization with the statistics of the batch (Ioffe and Szegedy 2015). Each channel has `n`
//! elements, over all images and positions.
//!
//! ```text
//! z = (x - mean(x)) / sqrt(var(x) + epsilon)      y = gamma z + beta      mean and variance over the n of a channel
//! dbeta = sum dy      dgamma = sum dy z      dx = gamma (dy - dbeta / n - z dgamma / n) / sqrt(var(x) + epsilon)
//! ```

use crate::autodiff::{SavedForBackward, track};
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, TensorMetadata, backend_extension, tensor::FloatTensor,
};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

#[cfg(feature = "gpu")]
mod gpu;

/// The output of [`batch_norm`] and the statistics of the batch.
#[derive(Clone, Debug)]
pub struct Normalized {
    /// `[batch, channels, h, w]`; differentiable
    pub output: Tensor<4>,
    /// `[channels]`, without a gradient
    pub mean: Tensor<1>,
    /// `[channels]`, without a gradient; the biased variance, divided by `n` and not by `n - 1`
    pub variance: Tensor<1>,
}

/// Normalizes each channel by its own mean and variance.
///
/// # Shapes
///
/// - x: `[batch, channels, h, w]`
/// - gamma, beta: `[channels]`
pub fn batch_norm(x: Tensor<4>, gamma: Tensor<1>, beta: Tensor<1>, epsilon: f32) -> Normalized {
    let (output, mean, variance) = <Dispatch as BatchNorm>::batch_norm(
        x.into_dispatch(),
        gamma.into_dispatch(),
        beta.into_dispatch(),
        epsilon,
    );
    Normalized {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// The forward pass as an operation of burn's backends, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait BatchNorm: Backend {
    /// Returns output, mean and variance.
    #[fusion(meta = |x, gamma, _, _| (x.clone(), gamma.clone(), gamma.clone()))]
    fn batch_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The backward pass.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait BatchNormGrad: Backend {
    /// Returns the gradients of `x`, `gamma` and `beta`.
    #[fusion(meta = |x, mean, _, _, _, _| (x.clone(), mean.clone(), mean.clone()))]
    fn batch_norm_grad(
        x: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// Returns the number of channels and the number of positions in a map.
#[cfg(any(feature = "cpu", feature = "gpu"))]
fn sizes(x: &impl TensorMetadata) -> (usize, usize) {
    let [_, channels, h, w] = x.shape().dims();
    (channels, h * w)
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{BatchNorm, BatchNormGrad, sizes};
    use crate::flex::{as_slice, contiguous, tensor_like};
    use crate::matrix::{dot, sum};
    use burn::backend::Flex;
    use burn_flex::FlexTensor;

    /// Returns the map of a channel in each image.
    fn maps(x: &[f32], channel: usize, (channels, area): (usize, usize)) -> impl Iterator<Item = &[f32]> {
        x.chunks_exact(area.max(1)).skip(channel).step_by(channels.max(1))
    }

    impl BatchNorm for Flex {
        fn batch_norm(
            x: FlexTensor,
            gamma: FlexTensor,
            beta: FlexTensor,
            epsilon: f32,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let sizes = sizes(&x);
            let [x, gamma, beta] = [x, gamma, beta].map(contiguous);
            let (all, channels) = (as_slice(&x), sizes.0);
            let n = (all.len() / channels.max(1)) as f32;
            let mut centered = vec![0.0; sizes.1];
            let (mut means, mut variances) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
            for channel in 0..channels {
                let mean = maps(all, channel, sizes).map(sum).sum::<f32>() / n;
                let squares = maps(all, channel, sizes).map(|map| {
                    centered.iter_mut().zip(map).for_each(|(centered, x)| *centered = x - mean);
                    dot(&centered, &centered)
                });
                variances.push(squares.sum::<f32>() / n);
                means.push(mean);
            }
            let mut output = Vec::with_capacity(all.len());
            for (i, map) in all.chunks_exact(sizes.1.max(1)).enumerate() {
                let channel = i % channels;
                let scale = as_slice(&gamma)[channel] / (variances[channel] + epsilon).sqrt();
                // The mean is subtracted first. Where it is large compared with the deviations,
                // `x scale - mean scale` would round away their digits.
                let (mean, beta) = (means[channel], as_slice(&beta)[channel]);
                output.extend(map.iter().map(|x| (x - mean) * scale + beta));
            }
            (tensor_like(output, &x), tensor_like(means, &gamma), tensor_like(variances, &gamma))
        }
    }

    impl BatchNormGrad for Flex {
        fn batch_norm_grad(
            x: FlexTensor,
            mean: FlexTensor,
            variance: FlexTensor,
            gamma: FlexTensor,
            d_output: FlexTensor,
            epsilon: f32,
        ) -> (FlexTensor, FlexTensor, FlexTensor) {
            let sizes = sizes(&x);
            let [x, mean, variance, gamma, d_output] = [x, mean, variance, gamma, d_output].map(contiguous);
            let (all, upstream, channels) = (as_slice(&x), as_slice(&d_output), sizes.0);
            let n = (all.len() / channels.max(1)) as f32;
            let scale = |channel: usize| (as_slice(&variance)[channel] + epsilon).sqrt().recip();
            let (mut d_gamma, mut d_beta) = (Vec::with_capacity(channels), Vec::with_capacity(channels));
            let mut centered = vec![0.0; sizes.1];
            for channel in 0..channels {
                let mean = as_slice(&mean)[channel];
                let pairs = || maps(all, channel, sizes).zip(maps(upstream, channel, sizes));
                d_beta.push(pairs().map(|(_, d)| sum(d)).sum::<f32>());
                let products = pairs().map(|(map, d)| {
                    centered.iter_mut().zip(map).for_each(|(centered, x)| *centered = x - mean);
                    dot(&centered, d)
                });
                d_gamma.push(products.sum::<f32>() * scale(channel));
            }
            let mut d_x = Vec::with_capacity(all.len());
            let maps = all.chunks_exact(sizes.1.max(1)).zip(upstream.chunks_exact(sizes.1.max(1)));
            for (i, (map, d)) in maps.enumerate() {
                let channel = i % channels;
                let (scale, mean) = (scale(channel), as_slice(&mean)[channel]);
                let (mean_d, mean_dz) = (d_beta[channel] / n, d_gamma[channel] / n * scale);
                let factor = as_slice(&gamma)[channel] * scale;
                d_x.extend(map.iter().zip(d).map(|(x, d)| factor * (d - mean_d - (x - mean) * mean_dz)));
            }
            (tensor_like(d_x, &x), tensor_like(d_gamma, &gamma), tensor_like(d_beta, &gamma))
        }
    }
}

#[derive(Clone, Debug)]
struct BatchNormBackward<B: Backend> {
    x: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    gamma: FloatTensor<B>,
    epsilon: f32,
}

impl<B: BatchNormGrad> SavedForBackward<B, 3> for BatchNormBackward<B> {
    fn gradients(self, d_output: FloatTensor<B>, _: [bool; 3]) -> [Option<FloatTensor<B>>; 3] {
        let Self { x, mean, variance, gamma, epsilon } = self;
        <[_; 3]>::from(B::batch_norm_grad(x, mean, variance, gamma, d_output, epsilon)).map(Some)
    }
}

impl<B: BatchNorm + BatchNormGrad, C: CheckpointStrategy> BatchNorm for Autodiff<B, C> {
    fn batch_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let inputs = [x.node(), gamma.node(), beta.node()];
        let [x, gamma, beta] = [x, gamma, beta].map(|input| input.into_primitive());
        let (output, mean, variance) = <B as BatchNorm>::batch_norm(x.clone(), gamma.clone(), beta, epsilon);
        let saved = BatchNormBackward { x, mean: mean.clone(), variance: variance.clone(), gamma, epsilon };
        let output = track::<B, C, _, 3>(inputs, output, saved);
        (output, Self::from_inner(mean), Self::from_inner(variance))
    }
}
