//! Compares the lab's own operations with the same computations in burn's operations, including the gradients
//! of all inputs. On a GPU, attention consists of burn's operations, as in the models.

use crate::models::cnn::convolve;
use crate::models::weights::WeightRng;
use crate::verify::FORMULA;
use crate::verify::case::{Case, Compared, Computed, Pairs, Side, Tensors, Tolerance};
use crate::verify::values::gradient;
use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::activation::{gelu, log_softmax, relu, sigmoid, softmax};
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::batch_norm::batch_norm;
use nn_lab_kernels::conv::Geometry;
use nn_lab_kernels::cross_entropy::cross_entropy;
use nn_lab_kernels::layer_norm::layer_norm;
use nn_lab_kernels::norm::norm;
use nn_lab_kernels::pool::relu_pool;
use nn_lab_kernels::{adamw, attention, lstm, on_cpu, rnn};

const GROUP: &str = "Kernels";

/// For sums in a different order.
static ORDER: Tolerance = Tolerance {
    cpu: 1e-5,
    gpu: 2e-4,
    why: "The same sums in another order, in 32 bits. WebGPU allows a GPU errors of 1e-5 in tanh and similar functions.",
};

/// The name of references computed from burn's operations on the CPU.
const COMPOSED: &str = "burn's operations, CPU";

type ComputeSide = fn(Side, &Device) -> Computed;
type Known = fn(&Device) -> Compared;

pub(super) fn cases() -> Vec<Case> {
    let both_sides: [(&str, ComputeSide); 22] = [
        ("GELU", gelu_values),
        ("layer norm of 12 rows of 5", |side, d| norm_of_rows([3, 4, 5], side, d)),
        ("layer norm of 70 rows of 130", |side, d| norm_of_rows([7, 10, 130], side, d)),
        ("causal attention, 2 heads, 7 positions", |side, d| causal_attention([1, 2, 7, 5], side, d)),
        ("causal attention, 3 heads, 33 positions", |side, d| causal_attention([2, 3, 33, 16], side, d)),
        ("cross-entropy of 70 rows of 10 logits", |side, d| mean_cross_entropy([70, 10], side, d)),
        ("cross-entropy of 600 rows of 65 logits", |side, d| mean_cross_entropy([600, 65], side, d)),
        ("ReLU and max pooling, 8 x 8", |side, d| pooling([2, 3, 8, 8], side, d)),
        ("ReLU and max pooling, 9 x 5", |side, d| pooling([1, 2, 9, 5], side, d)),
        ("convolution 3 x 3, 8 channels, 32 x 32", |side, d| {
            Convolution::same([8, 8], 3, 1).computed(side, d)
        }),
        ("convolution 1 x 1, 5 to 7 channels", |side, d| Convolution::same([5, 7], 1, 1).computed(side, d)),
        ("convolution 3 x 3 of stride 2 without a bias", |side, d| {
            let geometry = Geometry { stride: 2, padding: 1, dilation: 1 };
            Convolution { geometry, bias: false, ..Convolution::same([3, 6], 3, 1) }.computed(side, d)
        }),
        ("convolution 4 x 4 of 3 groups, dilated", |side, d| {
            let geometry = Geometry { stride: 3, padding: 2, dilation: 2 };
            Convolution { geometry, ..Convolution::same([6, 9], 4, 3) }.computed(side, d)
        }),
        ("depthwise convolution 5 x 5, 6 channels", |side, d| {
            Convolution::same([6, 6], 5, 6).computed(side, d)
        }),
        ("batch norm of 3 channels, 4 x 4", |side, d| norm_of_channels([2, 3, 4, 4], side, d)),
        ("batch norm of 5 channels, 32 x 32", |side, d| norm_of_channels([6, 5, 32, 32], side, d)),
        ("scan of an RNN, 12 steps of 5 units", |side, d| rnn_scan([12, 3, 5], side, d)),
        ("scan of an RNN, 40 steps of 33 units", |side, d| rnn_scan([40, 8, 33], side, d)),
        ("scan of an LSTM, 12 steps of 5 units", |side, d| lstm_scan([12, 3, 5], side, d)),
        ("scan of an LSTM, 40 steps of 33 units", |side, d| lstm_scan([40, 8, 33], side, d)),
        ("AdamW of 9,100 weights, clipped", |side, d| adamw_steps([70, 130], 0.5, side, d)),
        ("AdamW of 33 weights, not clipped", |side, d| adamw_steps([3, 11], adamw::UNBOUNDED, side, d)),
    ];
    let known: [(&str, Known); 3] = [
        ("sum of 9,100 squares", sum_of_squares),
        ("norm of 5,000 numbers", |d| norm_of(5_000, 1.0, d)),
        ("norm of 40,000 numbers of about 1e-25", |d| norm_of(40_000, 1e-25, d)),
    ];
    let both_sides = both_sides
        .into_iter()
        .map(|(what, compute)| Case::of_both_sides(GROUP, what, COMPOSED, &ORDER, compute));
    let known = known.into_iter().map(|(what, compute)| Case::new(GROUP, what, FORMULA, &ORDER, compute));
    both_sides.chain(known).collect()
}

fn normal<const D: usize>(seed: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
    WeightRng::new(seed).normal(shape, 1.0, device).val().detach()
}

/// Returns the output of an operation and the gradients of its inputs.
fn with_gradients<const N: usize, const D: usize>(
    shape: [usize; D],
    operation: impl Fn([Tensor<D>; N]) -> Tensor<D>,
    device: &Device,
) -> Computed {
    let device = &device.clone().autodiff();
    let mut seed = 10;
    let inputs = [(); N].map(|()| {
        seed += 1;
        normal(seed, shape, device).require_grad()
    });
    let output = operation(inputs.clone());
    let grads = (output.clone() * normal(20, output.dims(), device)).sum().backward();
    let mut tensors = Tensors::default();
    tensors.add("output", output);
    for (i, input) in inputs.iter().enumerate() {
        tensors.add(format!("gradient of input {i}"), gradient("An input", input, &grads)?);
    }
    Ok(tensors)
}

fn gelu_values(side: Side, device: &Device) -> Computed {
    let operation = |[x]: [Tensor<2>; 1]| match side {
        Side::Lab => nn_lab_kernels::gelu::gelu(x),
        Side::Reference => gelu(x),
    };
    with_gradients([7, 33], operation, device)
}

/// Returns output and gradients of a normalization with `d` elements in gamma and beta.
fn normalization<const D: usize>(
    shape: [usize; D],
    d: usize,
    operation: impl Fn(Tensor<D>, [Tensor<1>; 2]) -> Tensor<D>,
    device: &Device,
) -> Computed {
    let device = &device.clone().autodiff();
    // Gamma and beta differ from their initial values of 1 and 0.
    let x = normal(10, shape, device).mul_scalar(2.0).add_scalar(0.7).detach().require_grad();
    let [gamma, beta] = [11, 12].map(|seed| normal(seed, [d], device).require_grad());
    let output = operation(x.clone(), [gamma.clone(), beta.clone()]);
    let grads = (output.clone() * normal(20, shape, device)).sum().backward();
    let mut tensors = Tensors::default();
    tensors.add("output", output);
    tensors.add("gradient of x", gradient("x", &x, &grads)?);
    tensors.add("gradient of gamma", gradient("gamma", &gamma, &grads)?);
    tensors.add("gradient of beta", gradient("beta", &beta, &grads)?);
    Ok(tensors)
}

const EPSILON: f32 = 1e-5;

fn norm_of_rows(shape: [usize; 3], side: Side, device: &Device) -> Computed {
    let operation = |x: Tensor<3>, [gamma, beta]: [Tensor<1>; 2]| match side {
        Side::Lab => layer_norm(x, gamma, beta, EPSILON),
        Side::Reference => {
            let centered = x.clone() - x.mean_dim(2);
            let variance = centered.clone().square().mean_dim(2);
            centered / variance.add_scalar(EPSILON).sqrt() * gamma.unsqueeze() + beta.unsqueeze()
        }
    };
    normalization(shape, shape[2], operation, device)
}

fn norm_of_channels(shape: [usize; 4], side: Side, device: &Device) -> Computed {
    let [_, channels, _, _] = shape;
    let operation = |x: Tensor<4>, [gamma, beta]: [Tensor<1>; 2]| match side {
        Side::Lab => batch_norm(x, gamma, beta, EPSILON).output,
        Side::Reference => {
            let mean = |x: Tensor<4>| x.mean_dim(0).mean_dim(2).mean_dim(3);
            let centered = x.clone() - mean(x);
            let variance = mean(centered.clone().square());
            let z = centered / variance.add_scalar(EPSILON).sqrt();
            z * gamma.reshape([1, channels, 1, 1]) + beta.reshape([1, channels, 1, 1])
        }
    };
    normalization(shape, channels, operation, device)
}

fn causal_attention([batch, heads, n, d]: [usize; 4], side: Side, device: &Device) -> Computed {
    const SCALE: f32 = 0.7;
    let operation = |[q, k, v]: [Tensor<3>; 3]| {
        if side == Side::Lab && on_cpu(&q) {
            return attention::causal(q, k, v, heads, SCALE);
        }
        let [q, k, v] = [q, k, v].map(|x| x.reshape([batch, n, heads, d]).swap_dims(1, 2));
        let hidden = Tensor::<2>::ones([n, n], &q.device()).triu(1).unsqueeze::<4>();
        let scores = q.matmul(k.swap_dims(2, 3)).mul_scalar(SCALE) - hidden.mul_scalar(1e9);
        softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([batch, n, heads * d])
    };
    with_gradients([batch, n, heads * d], operation, device)
}

/// With targets that are not one-hot.
fn mean_cross_entropy(shape: [usize; 2], side: Side, device: &Device) -> Computed {
    let operation = |[x]: [Tensor<2>; 1]| {
        let targets = softmax(normal(30, shape, &x.device()), 1).detach();
        let logits = x.mul_scalar(3.0);
        match side {
            Side::Lab => cross_entropy(logits, targets).reshape([1, 1]),
            Side::Reference => {
                let losses = log_softmax(logits, 1) * targets;
                losses.sum().neg().div_scalar(shape[0] as f32).reshape([1, 1])
            }
        }
    };
    with_gradients(shape, operation, device)
}

fn pooling(shape: [usize; 4], side: Side, device: &Device) -> Computed {
    let operation = |[x]: [Tensor<4>; 1]| match side {
        Side::Lab => relu_pool(x),
        Side::Reference => MaxPool2dConfig::new([2, 2]).init().forward(relu(x)),
    };
    with_gradients(shape, operation, device)
}

/// A convolution of 32 x 32 images.
struct Convolution {
    channels: [usize; 2],
    kernel: usize,
    geometry: Geometry,
    groups: usize,
    bias: bool,
}

impl Convolution {
    /// Returns a convolution that keeps the size, with a bias.
    const fn same(channels: [usize; 2], kernel: usize, groups: usize) -> Self {
        let geometry = Geometry { stride: 1, padding: kernel / 2, dilation: 1 };
        Self { channels, kernel, geometry, groups, bias: true }
    }

    /// Returns output and gradients.
    fn computed(&self, side: Side, device: &Device) -> Computed {
        let device = &device.clone().autodiff();
        let Self { channels: [c_in, c_out], kernel, geometry, groups, bias } = *self;
        let Geometry { stride, padding: p, dilation } = geometry;
        let conv = Conv2d {
            weight: Param::from_tensor(normal(1, [c_out, c_in / groups, kernel, kernel], device)),
            bias: bias.then(|| Param::from_tensor(normal(2, [c_out], device))),
            stride: [stride; 2],
            kernel_size: [kernel; 2],
            dilation: [dilation; 2],
            groups,
            padding: PaddingConfig2d::Explicit(p, p, p, p),
        };
        let x = normal(3, [2, c_in, 32, 32], device).require_grad();
        let y = match side {
            Side::Lab => convolve(&conv, x.clone()),
            Side::Reference => conv.forward(x.clone()),
        };
        let grads = (y.clone() * normal(4, y.dims(), device)).sum().backward();
        let mut tensors = Tensors::default();
        tensors.add("output", y);
        tensors.add("gradient of the input", gradient("The input", &x, &grads)?);
        tensors.add("gradient of the weight", gradient("The weight", &conv.weight.val(), &grads)?);
        if let Some(bias) = &conv.bias {
            tensors.add("gradient of the bias", gradient("The bias", &bias.val(), &grads)?);
        }
        Ok(tensors)
    }
}

/// Splits `[seq_len, batch, d]` into positions of `[batch, d]`.
fn positions(x: &Tensor<3>) -> Vec<Tensor<2>> {
    let [seq_len, batch, d] = x.dims();
    x.clone().reshape([seq_len * batch, d]).chunk(seq_len, 0)
}

/// Returns the states, and the gradients before the tanh, of `h_t = tanh(a_t + h_{t-1} W)`.
fn rnn_scan([seq_len, batch, d_h]: [usize; 3], side: Side, device: &Device) -> Computed {
    let device = match side {
        Side::Lab => device,
        Side::Reference => &device.clone().autodiff(),
    };
    let projected = normal(1, [seq_len, batch, d_h], device);
    let recurrent = normal(2, [d_h, d_h], device).div_scalar((d_h as f32).sqrt());
    let d_last = normal(3, [batch, d_h], device);
    let mut tensors = Tensors::default();
    match side {
        Side::Lab => {
            let hidden = rnn::forward(projected, recurrent.clone());
            tensors.add("states", hidden.clone());
            tensors.add("gradients", rnn::backward(hidden, recurrent, d_last).deltas);
        }
        Side::Reference => {
            let projected = projected.require_grad();
            let mut h = Tensor::<2>::zeros([batch, d_h], device);
            let mut states = Vec::new();
            for projected in positions(&projected) {
                h = (projected + h.matmul(recurrent.clone())).tanh();
                states.push(h.clone());
            }
            let grads = (h * d_last).sum().backward();
            tensors.add("states", Tensor::cat(states, 0));
            tensors.add("gradients", gradient("The input", &projected, &grads)?);
        }
    }
    Ok(tensors)
}

/// Returns states, cells, and the gradients before the gates' activations.
fn lstm_scan([seq_len, batch, d_h]: [usize; 3], side: Side, device: &Device) -> Computed {
    let device = match side {
        Side::Lab => device,
        Side::Reference => &device.clone().autodiff(),
    };
    let projected = normal(1, [seq_len, batch, 4 * d_h], device);
    let recurrent = normal(2, [d_h, 4 * d_h], device).div_scalar((d_h as f32).sqrt());
    let d_last = normal(3, [batch, d_h], device);
    let mut tensors = Tensors::default();
    match side {
        Side::Lab => {
            let states = lstm::forward(projected, recurrent.clone());
            let deltas = lstm::backward(&states, recurrent, d_last).deltas;
            tensors.add("states", states.hidden);
            tensors.add("cells", states.cell);
            tensors.add("gradients", deltas);
        }
        Side::Reference => {
            let projected = projected.require_grad();
            let zeros = Tensor::<2>::zeros([batch, d_h], device);
            let (mut h, mut c) = (zeros.clone(), zeros);
            let (mut hidden, mut cells) = (Vec::new(), Vec::new());
            for projected in positions(&projected) {
                let a = projected + h.matmul(recurrent.clone());
                let gate = |n: usize| a.clone().slice([0..batch, n * d_h..(n + 1) * d_h]);
                c = sigmoid(gate(1)) * c + sigmoid(gate(0)) * gate(2).tanh();
                h = sigmoid(gate(3)) * c.clone().tanh();
                hidden.push(h.clone());
                cells.push(c.clone());
            }
            let grads = (h * d_last).sum().backward();
            tensors.add("states", Tensor::cat(hidden, 0));
            tensors.add("cells", Tensor::cat(cells, 0));
            tensors.add("gradients", gradient("The input", &projected, &grads)?);
        }
    }
    Ok(tensors)
}

/// Returns weights and moments after three steps along the same clipped gradient.
fn adamw_steps(shape: [usize; 2], max_norm: f32, side: Side, device: &Device) -> Computed {
    const RATE: f32 = 0.01;
    const BETA1: f32 = 0.9;
    const BETA2: f32 = 0.99;
    const DECAY: f32 = 0.1;
    let n = shape[0] * shape[1];
    let (mut weight, gradient) = (normal(1, shape, device), normal(2, shape, device));
    let moments = match side {
        Side::Lab => {
            let mut moments = adamw::no_moments(n, device);
            let squares = squares([gradient.clone()], device);
            for t in 1..=3 {
                let step = adamw::Step { beta1: BETA1, beta2: BETA2, epsilon: 1e-8, max_norm };
                let rates = Tensor::from_floats(adamw::rates(RATE, BETA1, BETA2, t), device);
                (weight, moments) =
                    adamw::step(weight, gradient.clone(), moments, squares.clone(), rates, step, DECAY);
            }
            moments
        }
        Side::Reference => {
            let norm = gradient.clone().square().sum().sqrt().reshape([1, 1]);
            let gradient = gradient * norm.recip().mul_scalar(max_norm).clamp_max(1.0);
            let (mut m, mut v) = (gradient.zeros_like(), gradient.zeros_like());
            for t in 1..=3 {
                m = m.mul_scalar(BETA1) + gradient.clone().mul_scalar(1.0 - BETA1);
                v = v.mul_scalar(BETA2) + gradient.clone().square().mul_scalar(1.0 - BETA2);
                let m_hat = m.clone().div_scalar(1.0 - BETA1.powi(t));
                let v_hat = v.clone().div_scalar(1.0 - BETA2.powi(t));
                let step = m_hat / v_hat.sqrt().add_scalar(1e-8);
                weight = weight.mul_scalar(1.0 - RATE * DECAY) - step.mul_scalar(RATE);
            }
            Tensor::cat(vec![m.reshape([n]), v.reshape([n])], 0)
        }
    };
    let mut tensors = Tensors::default();
    tensors.add("weights", weight);
    tensors.add("moments", moments);
    Ok(tensors)
}

/// Checks the root mean square of numbers of about `size`, divided by `size`.
fn norm_of(n: usize, size: f32, device: &Device) -> Compared {
    let numbers: Vec<f32> =
        WeightRng::new(6).between(-2.0, 2.0, n).into_iter().map(|number| number * size).collect();
    let squares: f64 = numbers.iter().map(|&number| (f64::from(number) / f64::from(size)).powi(2)).sum();
    let ours = norm(Tensor::<1>::from_floats(&numbers[..], device), (n as f32).sqrt().recip() / size);
    let mut pairs = Pairs::default();
    pairs.numbers("root mean square", ours, vec![(squares / n as f64).sqrt()])?;
    Ok(pairs)
}

fn sum_of_squares(device: &Device) -> Compared {
    let numbers = WeightRng::new(5).between(-2.0, 2.0, 9100);
    let expected = numbers.iter().map(|&number| f64::from(number).powi(2)).sum();
    // Tensors of different lengths, and not a multiple of the number of tensors in one kernel.
    let parts = [0..1, 1..2, 2..258, 258..1000, 1000..1003, 1003..8000, 8000..9100];
    let parts = parts.map(|part| Tensor::<1>::from_floats(&numbers[part], device));
    let mut pairs = Pairs::default();
    pairs.numbers("sum", squares(parts, device), vec![expected])?;
    Ok(pairs)
}

fn squares<const N: usize, const D: usize>(parts: [Tensor<D>; N], device: &Device) -> Tensor<1> {
    let mut sum = adamw::SumOfSquares::new(Tensor::zeros([1], device));
    parts.into_iter().for_each(|part| sum.add(part));
    sum.sum()
}
