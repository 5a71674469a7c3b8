//! The multilayer perceptron: `h_0 = x`, `h_l = f(h_{l-1} W_l + b_l)`, without `f` after the last layer.

use crate::models::linear::{linear, linear_gelu};
use crate::models::weights::WeightRng;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use nn_lab_kernels::gelu::gelu;

/// The activation function `f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `f(x) = x`: the network is linear at any depth.
    Identity,
    /// `max(0, x)`
    Relu,
    /// `x Phi(x)`, with the exact normal distribution function (Hendrycks and Gimpel 2016).
    Gelu,
    /// `tanh x`
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
}

impl Activation {
    /// Applies the function to each element.
    pub fn forward<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Identity => x,
            Self::Relu => activation::relu(x),
            Self::Gelu => gelu(x),
            Self::Tanh => activation::tanh(x),
            Self::Sigmoid => activation::sigmoid(x),
        }
    }

    /// Returns the gain of the initial weights, whose variance is `gain^2 / d_in`. It preserves the mean square of
    /// the signal from layer to layer: sqrt(2) for functions that drop about half of it (He et al. 2015, "Delving
    /// Deep into Rectifiers", section 2.2), and 1 for the others (LeCun et al. 1998, "Efficient BackProp",
    /// section 4.6).
    fn gain(self) -> f32 {
        match self {
            Self::Relu | Self::Gelu => 2.0f32.sqrt(),
            Self::Identity | Self::Tanh | Self::Sigmoid => 1.0,
        }
    }
}

/// A multilayer perceptron.
#[derive(Module, Debug)]
pub struct Mlp {
    /// `hidden_dims.len() + 1` layers; each weight has the shape `[d_in, d_out]`.
    pub layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
}

impl Mlp {
    /// Returns a network from `d_in` features through hidden layers of `hidden_dims` units to `d_out` logits.
    ///
    /// Weights are initialized from U(-k, k), `k = gain sqrt(3 / d_in)` with the layer's own `d_in`. Biases,
    /// if there are any, are initialized from U(-1/sqrt(d_in), 1/sqrt(d_in)).
    pub fn new(
        d_in: usize,
        hidden_dims: &[usize],
        d_out: usize,
        activation: Activation,
        bias: bool,
        rng: &mut WeightRng,
        device: &Device,
    ) -> Self {
        let mut dims = vec![d_in];
        dims.extend_from_slice(hidden_dims);
        dims.push(d_out);
        let last = dims.len() - 2;
        let layer = |l: usize, rng: &mut WeightRng| {
            let (d_in, d_out) = (dims[l], dims[l + 1]);
            // No activation follows the last layer.
            let gain = if l == last { 1.0 } else { activation.gain() };
            let fan_in = d_in.max(1) as f32;
            Linear {
                weight: rng.uniform([d_in, d_out], gain * (3.0 / fan_in).sqrt(), device),
                bias: bias.then(|| rng.uniform([d_out], 1.0 / fan_in.sqrt(), device)),
            }
        };
        let layers = (0..=last).map(|l| layer(l, rng)).collect();
        Self { layers, activation }
    }

    /// Returns the logits.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, d_in]`
    /// - output: `[batch, d_out]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        (0..self.layers.len()).fold(x, |h, l| self.layer(l, h))
    }

    /// Returns the output of every layer, after its activation; the last one has the logits.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, d_in]`
    /// - output: `[batch, d_l]` for each layer
    pub fn forward_layers(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        let mut h = x;
        let next = |l| {
            h = self.layer(l, h.clone());
            h.clone()
        };
        (0..self.layers.len()).map(next).collect()
    }

    /// Applies layer `l` and, unless it is the last one, the activation.
    fn layer(&self, l: usize, h: Tensor<2>) -> Tensor<2> {
        let layer = &self.layers[l];
        match self.activation {
            _ if l + 1 == self.layers.len() => linear(layer, h),
            Activation::Gelu => linear_gelu(layer, h),
            other => other.forward(linear(layer, h)),
        }
    }

    /// Returns the matrix and the bias of the single layer that is equivalent to a network without
    /// activation: `W = W_1 W_2 ... W_L` and `b = (...(b_1 W_2 + b_2)...) W_L + b_L`. `None` if there are no
    /// layers.
    ///
    /// # Shapes
    ///
    /// - output: `[d_in, d_out]` and `[1, d_out]`, without the bias if the layers have none
    pub fn collapsed(&self) -> Option<(Tensor<2>, Option<Tensor<2>>)> {
        let mut layers = self.layers.iter();
        let first = layers.next()?;
        let row = |layer: &Linear| layer.bias.as_ref().map(|b| b.val().unsqueeze::<2>());
        let mut product = (first.weight.val(), row(first));
        for layer in layers {
            let (w, b) = product;
            let w_l = layer.weight.val();
            let b = match (b, row(layer)) {
                (Some(b), Some(b_l)) => Some(b.matmul(w_l.clone()) + b_l),
                (None, b_l) => b_l,
                (Some(b), None) => Some(b.matmul(w_l.clone())),
            };
            product = (w.matmul(w_l), b);
        }
        Some(product)
    }
}
