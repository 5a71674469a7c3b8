//! The multilayer perceptron: `h_0 = x`, `h_l = f(h_{l-1} W_l + b_l)`, and no `f` after the last layer.

use crate::models::weights::WeightRng;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, activation};
use nn_lab_kernels::gelu::gelu;

/// The function between two layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `f(x) = x`: the net is linear, however deep.
    Identity,
    /// `max(0, x)`
    Relu,
    /// `x Phi(x)`, with the exact normal distribution function (Hendrycks and Gimpel 2016).
    Gelu,
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

    /// The gain that keeps the variance of the signal from layer to layer: sqrt(2) for functions that drop half of
    /// it (He et al. 2015), 1 for the others (Glorot and Bengio 2010).
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
    /// A net from `d_in` numbers through hidden layers of `hidden_dims` to `d_out` logits.
    ///
    /// Weights are drawn from U(-k, k), `k = gain sqrt(3 / d_in)` with the layer's own `d_in`, and biases from
    /// U(-1/sqrt(d_in), 1/sqrt(d_in)), or left out.
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
            // No function follows the last layer, so nothing there needs a gain.
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

    /// The same layers with another function between them.
    pub fn with_activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// # Shapes
    ///
    /// - x: `[batch, d_in]`
    /// - output: `[batch, d_out]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len().saturating_sub(1);
        let mut h = x;
        for (l, layer) in self.layers.iter().enumerate() {
            h = layer.forward(h);
            if l < last {
                h = self.activation.forward(h);
            }
        }
        h
    }

    /// What every layer gives, after its activation; the last entry is the output.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, d_in]`
    /// - output: one `[batch, width of the layer]` a layer
    pub fn forward_layers(&self, x: Tensor<2>) -> Vec<Tensor<2>> {
        let last = self.layers.len().saturating_sub(1);
        let mut outputs = Vec::with_capacity(self.layers.len());
        let mut h = x;
        for (l, layer) in self.layers.iter().enumerate() {
            h = layer.forward(h);
            if l < last {
                h = self.activation.forward(h);
            }
            outputs.push(h.clone());
        }
        outputs
    }

    /// The one matrix and the one bias that a net without non-linearity comes to:
    /// `W = W_1 W_2 ... W_L` and `b = (...(b_1 W_2 + b_2)...) W_L + b_L`.
    ///
    /// # Shapes
    ///
    /// - output: `[d_in, d_out]` and `[1, d_out]`; no bias if the layers have none
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
