//! A convolution with batch norm, and the initialization of such layers.

use super::plan::{Init, LayerOrder};
use crate::models::cnn::convolve;
use crate::models::weights::WeightRng;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, BatchNormConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, activation::relu};
use nn_lab_kernels::batch_norm::batch_norm;

/// A convolution with batch norm, or with a bias instead.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// `[c_out, c_in, k, k]`; without a bias in a network with batch norm, which would subtract most of them again.
    pub conv: Conv2d,
    /// The batch norm after the convolution, or before it in a block with pre-activation.
    pub norm: Option<BatchNorm>,
}

/// Initializes the layers of a network.
pub(super) struct Initializer<'a> {
    pub(super) rng: WeightRng,
    pub(super) init: Init,
    pub(super) batch_norm: bool,
    pub(super) order: LayerOrder,
    pub(super) device: &'a Device,
}

impl Initializer<'_> {
    /// Returns a convolution with a `k x k` kernel and padding that keeps the size, for a branch.
    pub(super) fn conv(&mut self, c_in: usize, c_out: usize, k: usize, stride: usize) -> ConvNorm {
        let fan_in = (c_in * k * k) as f32;
        let (bound, bias_bound) = self.init.bounds(fan_in);
        let pad = k / 2;
        let weight = self.rng.uniform([c_out, c_in, k, k], bound, self.device);
        // Drawn even if unused, so that all later weights are the same with and without batch norm.
        let bias = self.rng.uniform([c_out], bias_bound, self.device);
        let conv = Conv2d {
            weight,
            bias: (!self.batch_norm).then_some(bias),
            stride: [stride; 2],
            kernel_size: [k; 2],
            dilation: [1; 2],
            groups: 1,
            padding: PaddingConfig2d::Explicit(pad, pad, pad, pad),
        };
        let channels = match self.order {
            LayerOrder::Post => c_out,
            LayerOrder::Pre => c_in,
        };
        ConvNorm { conv, norm: self.norm(channels) }
    }

    /// Returns a convolution outside of a branch: the first of the network, or a projection. With
    /// pre-activation it has no batch norm.
    pub(super) fn outer_conv(&mut self, c_in: usize, c_out: usize, k: usize, stride: usize) -> ConvNorm {
        let conv = self.conv(c_in, c_out, k, stride);
        match self.order {
            LayerOrder::Post => conv,
            LayerOrder::Pre => ConvNorm { norm: None, ..conv },
        }
    }

    /// Returns a batch norm, if the network has them.
    pub(super) fn norm(&self, channels: usize) -> Option<BatchNorm> {
        self.batch_norm.then(|| BatchNormConfig::new(channels).init(self.device))
    }
}

impl ConvNorm {
    /// Returns the normalized convolution.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, c_in, height, width]`
    /// - output: `[batch, c_out, ceil(height / stride), ceil(width / stride)]`
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        normalized(self.norm.as_ref(), convolve(&self.conv, x))
    }

    /// Returns the convolution of the pre-activation: `conv(relu(BN(x)))`.
    ///
    /// # Shapes
    ///
    /// As in [`Self::forward`].
    pub fn forward_pre(&self, x: Tensor<4>) -> Tensor<4> {
        convolve(&self.conv, relu(normalized(self.norm.as_ref(), x)))
    }

    /// Returns the pre-activation `relu(BN(x))` for the shortcut. It leaves the running statistics alone,
    /// because the branch updates them with the same input.
    pub(super) fn pre_activation(&self, x: Tensor<4>) -> Tensor<4> {
        relu(match &self.norm {
            Some(norm) if x.device().is_autodiff() => {
                batch_norm(x, norm.gamma.val(), norm.beta.val(), norm.epsilon as f32).output
            }
            norm => normalized(norm.as_ref(), x),
        })
    }
}

/// Applies batch norm if there is one.
pub(super) fn normalized(norm: Option<&BatchNorm>, x: Tensor<4>) -> Tensor<4> {
    match norm {
        Some(norm) if x.device().is_autodiff() => normalize(norm, x),
        Some(norm) => norm.forward(x),
        None => x,
    }
}

/// Applies burn's batch norm in training, with the lab's own operation.
fn normalize(norm: &BatchNorm, x: Tensor<4>) -> Tensor<4> {
    let device = x.device();
    let normalized = batch_norm(x, norm.gamma.val(), norm.beta.val(), norm.epsilon as f32);
    let updated = |running: Tensor<1>, batch: Tensor<1>| {
        let running = running.to_device(&device).mul_scalar(1.0 - norm.momentum);
        (running + batch.mul_scalar(norm.momentum)).detach()
    };
    norm.running_mean.update(updated(norm.running_mean.value_sync(), normalized.mean));
    norm.running_var.update(updated(norm.running_var.value_sync(), normalized.variance));
    normalized.output
}
