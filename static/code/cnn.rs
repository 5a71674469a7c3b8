//! A standard and a depthwise separable CNN.
//!
//! Both networks have five blocks, each followed by 2 x 2 max pooling, and a linear classifier. A block of the first
//! network is a 3 x 3 convolution. A block of the second one is a depthwise 3 x 3 convolution, which mixes positions,
//! and a pointwise 1 x 1 convolution, which mixes channels. This program builds both with burn, trains them on the same
//! batches, and compares parameters and multiply-accumulates (MACs).
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE]`. It takes initial weights and batches from the lab's
//! set-up file in the current folder, and compares the first three losses with the lab's. It trains only on the batches
//! in that file.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::MaxPool2dConfig;
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig2d};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use std::error::Error;
use std::f64::consts::SQRT_2;
use std::time::Instant;

const SEED: u64 = 1;  //= seed
const IMAGE_CHANNELS: usize = 1;  //= image_channels
const N_CLASSES: usize = 10;  //= n_classes
const WIDTH: usize = 8;  //= width
const WIDTH_SEPARABLE: usize = 24;  //= width_separable  //? compare=budget
const WIDTH_SEPARABLE: usize = WIDTH;  //? compare=size
const LEARNING_RATE: f64 = 0.003;  //= learning_rate

/// Returns weights from a uniform distribution with variance `gain^2 / fan_in`.
fn kaiming(gain: f64) -> Initializer {
    Initializer::KaimingUniform { gain, fan_out_only: false }  //@ initialization
}

/// Returns a convolution with stride 1 that keeps the size of maps, if the kernel size `k` is odd. Biases have burn's
/// default initialization, U(-1/sqrt(fan_in), 1/sqrt(fan_in)).
fn conv2d(in_ch: usize, out_ch: usize, k: usize, groups: usize, gain: f64, device: &Device) -> Conv2d {
    let p = (k - 1) / 2;  //@ output-size
    let config = Conv2dConfig::new([in_ch, out_ch], [k, k]).with_groups(groups);
    let mut conv = config.with_padding(PaddingConfig2d::Explicit(p, p, p, p)).init(device);
    let fan_in = in_ch / groups * k * k;  //@ initialization
    conv.weight = kaiming(gain).init_with(conv.weight.shape(), Some(fan_in), None, device);  //@ initialization
    conv
}

/// A standard convolution and ReLU.
#[derive(Module, Debug)]
struct ConvBlock {
    conv: Conv2d,
}

impl ConvBlock {
    fn new(in_ch: usize, out_ch: usize, k: usize, device: &Device) -> Self {
        // He et al. 2015: weights of variance 2 / fan_in preserve the variance of the signal, of which ReLU drops half.
        Self { conv: conv2d(in_ch, out_ch, k, 1, SQRT_2, device) }  //@ convolution
    }

    /// Maps `[batch, in_ch, h, w]` to `[batch, out_ch, h, w]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        // z[o, r, c] = b[o] + sum over i, u, v of w[o, i, u, v] x[i, r + u - P, c + v - P]
        let z = self.conv.forward(x);  //@ convolution
        relu(z)  //@ relu
    }
}

/// A depthwise convolution (one k x k kernel per channel), a pointwise (1 x 1) convolution, and ReLU.
#[derive(Module, Debug)]
struct DepthwiseSeparable {
    depthwise: Conv2d,
    pointwise: Conv2d,
}

impl DepthwiseSeparable {
    fn new(in_ch: usize, out_ch: usize, k: usize, device: &Device) -> Self {
        // With as many groups as channels, each output channel depends on one input channel only. No ReLU follows, so
        // the variance of the weights is 1 / fan_in.
        let depthwise = conv2d(in_ch, in_ch, k, in_ch, 1.0, device);  //@ depthwise
        let pointwise = conv2d(in_ch, out_ch, 1, 1, SQRT_2, device);  //@ pointwise
        Self { depthwise, pointwise }
    }

    /// Maps `[batch, in_ch, h, w]` to `[batch, out_ch, h, w]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        // d[i, r, c] = b[i] + sum over u, v of w[i, u, v] x[i, r + u - P, c + v - P]
        let d = self.depthwise.forward(x);  //@ depthwise
        // z[o, r, c] = b[o] + sum over i of w[o, i] d[i, r, c]
        let z = self.pointwise.forward(d);  //@ pointwise
        relu(z)  //@ relu
    }
}

/// A block of either kind.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant)]
enum Block {
    Conv(ConvBlock),
    Separable(DepthwiseSeparable),
}

impl Block {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Conv(block) => block.forward(x),
            Self::Separable(block) => block.forward(x),
        }
    }

    fn convolutions(&self) -> Vec<&Conv2d> {
        match self {
            Self::Conv(block) => vec![&block.conv],
            Self::Separable(block) => vec![&block.depthwise, &block.pointwise],
        }
    }
}

/// Five blocks, each followed by 2 x 2 max pooling, and a linear classifier. The first block is always a standard one, as
/// in MobileNets (Howard et al. 2017).
#[derive(Module, Debug)]
struct Cnn {
    blocks: Vec<Block>,
    head: Linear,
}

impl Cnn {
    fn new(in_ch: usize, width: usize, n_classes: usize, separable: bool, device: &Device) -> Self {
        let channels = [in_ch, width, 2 * width, 4 * width, 8 * width, 8 * width];  //@ network
        let mut blocks = vec![Block::Conv(ConvBlock::new(channels[0], channels[1], 3, device))];  //@ network
        for i in 1..5 {
            let (from, to) = (channels[i], channels[i + 1]);  //@ network
            blocks.push(if separable {
                Block::Separable(DepthwiseSeparable::new(from, to, 3, device))  //@ network
            } else {
                Block::Conv(ConvBlock::new(from, to, 3, device))  //@ network
            });
        }
        let mut head = LinearConfig::new(channels[5], n_classes).init(device);  //@ classifier
        head.weight = kaiming(1.0).init_with([channels[5], n_classes], Some(channels[5]), None, device);  //@ initialization
        Self { blocks, head }
    }

    /// Maps images `[batch, in_ch, 32, 32]` to logits `[batch, n_classes]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let pool = MaxPool2dConfig::new([2, 2]).init();  //@ pooling
        // Pooling halves the maps, from 32 x 32 to 1 x 1.
        let h = self.blocks.iter().fold(x, |h, block| pool.forward(block.forward(h)));  //@ pooling network
        // [batch, 8w, 1, 1] -> [batch, 8w] -> [batch, n_classes]
        self.head.forward(h.flatten(1, 3))  //@ classifier
    }

    /// Returns the number of parameters, and of MACs for one image, of each block and of the classifier.
    fn layer_costs(&self) -> Vec<[usize; 2]> {
        // Each position of a layer's output takes one product per weight.
        let block_cost = |(block, side): (&Block, usize)| {
            let n_weights: usize = block.convolutions().iter().map(|conv| conv.weight.shape().num_elements()).sum();
            [block.num_params(), n_weights * side * side]  //@ parameters macs
        };
        let blocks = self.blocks.iter().zip([32, 16, 8, 4, 2]).map(block_cost);
        blocks.chain([[self.head.num_params(), self.head.weight.shape().num_elements()]]).collect()
    }

    /// Replaces the weights by the lab's.
    fn load(&mut self, setup: &Setup, arm: &str) -> Result<(), Box<dyn Error>> {
        for (i, block) in self.blocks.iter_mut().enumerate() {
            let name = |layer: &str| format!("{arm}.0.blocks.{i}.{layer}");
            match block {
                Block::Conv(block) => setup.load_conv(&mut block.conv, &name("conv"))?,
                Block::Separable(block) => {
                    setup.load_conv(&mut block.depthwise, &name("depthwise"))?;
                    setup.load_conv(&mut block.pointwise, &name("pointwise"))?;
                }
            }
        }
        // PyTorch's weight is [d_out, d_in], burn's is [d_in, d_out].
        let weight = setup.tensor::<2>(&format!("{arm}.0.head.weight"))?.transpose().detach();
        self.head.weight = Param::from_tensor(weight);
        self.head.bias = Some(Param::from_tensor(setup.tensor(&format!("{arm}.0.head.bias"))?));
        Ok(())
    }
}

/// The lab's weights and first batches.
struct Setup<'a> {
    file: SafeTensors<'a>,
    device: Device,
}

impl Setup<'_> {
    fn tensor<const D: usize>(&self, name: &str) -> Result<Tensor<D>, Box<dyn Error>> {
        let view = self.file.tensor(name)?;
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        Ok(Tensor::from_data(TensorData::new(values.collect(), view.shape().to_vec()), &self.device))
    }

    fn load_conv(&self, conv: &mut Conv2d, name: &str) -> Result<(), Box<dyn Error>> {
        conv.weight = Param::from_tensor(self.tensor(&format!("{name}.weight"))?);
        conv.bias = Some(Param::from_tensor(self.tensor(&format!("{name}.bias"))?));
        Ok(())
    }

    /// Returns batch `n`, counted from 1: images `[batch, in_ch, 32, 32]` and labels `[batch]`.
    fn batch(&self, n: usize) -> Result<(Tensor<4>, Tensor<1, Int>), Box<dyn Error>> {
        let y = self.tensor::<2>(&format!("batch{n}.y"))?;
        Ok((self.tensor(&format!("batch{n}.x"))?, y.argmax(1).squeeze_dim(1)))
    }
}

/// Trains a network on the lab's batches. Returns its losses and the milliseconds of each step.
fn train(name: &str, mut net: Cnn, setup: &Setup, steps: usize) -> Result<(Vec<f32>, Vec<f64>), Box<dyn Error>> {
    let batches: Vec<_> = (1..).map_while(|n| setup.batch(n).ok()).collect();
    let cross_entropy = CrossEntropyLossConfig::new().init(&setup.device);
    let mut adam = AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-8).init();  //@ adam
    let (mut losses, mut times) = (Vec::new(), Vec::new());
    for (step, (x, labels)) in (1..=steps).zip(batches.into_iter().cycle()) {
        let start = Instant::now();
        let loss = cross_entropy.forward(net.forward(x), labels);  //@ loss
        let grads = GradientsParams::from_grads(loss.backward(), &net);
        net = adam.step(LEARNING_RATE, net, grads);  //@ adam
        losses.push(loss.into_scalar::<f32>());
        times.push(1000.0 * start.elapsed().as_secs_f64());
        if step <= 3 || step % 10 == 0 {
            println!("{name}, step {step}: loss {:.4}", losses[step - 1]);
        }
    }
    Ok((losses, times))
}

/// Returns the largest relative error of the first three losses.
fn error(losses: &[f32], lab: &[f32]) -> f32 {
    losses.iter().zip(lab).take(3).map(|(ours, lab)| (ours - lab).abs() / lab.abs()).fold(0.0, f32::max)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let path = option("--setup").unwrap_or_else(|| "nn-lab-cnn-setup.safetensors".to_owned());
    let bytes = std::fs::read(&path).map_err(|_| format!("There is no {path}. Download it from the page."))?;

    let device = Device::flex().autodiff();
    let setup = Setup { file: SafeTensors::deserialize(&bytes)?, device: device.clone() };
    let n_batches = (1..).take_while(|n| setup.batch(*n).is_ok()).count();
    let steps = option("--steps").map_or(Ok(n_batches), |steps| steps.parse())?;
    println!("{path} has {n_batches} batches. This program trains on them only; more steps repeat them.");

    let arms = [("conv", "standard CNN", WIDTH, false), ("separable", "separable CNN", WIDTH_SEPARABLE, true)];
    let (mut costs, mut rows) = (Vec::new(), [Vec::new(), Vec::new()]);
    for (arm, name, width, separable) in arms {
        device.seed(SEED);
        let mut net = Cnn::new(IMAGE_CHANNELS, width, N_CLASSES, separable, &device);
        net.load(&setup, arm)?;
        costs.push(net.layer_costs());
        let (losses, mut times) = train(name, net, &setup, steps)?;
        let lab: Vec<f32> = setup.tensor::<1>(&format!("{arm}.loss"))?.into_data().iter().collect();
        let error = error(&losses, &lab);
        let verdict = if error <= 1e-4 { "agree with" } else { "differ from" };
        println!("The first three losses {verdict} the lab's: largest relative error {error:.0e}.");
        let last = &losses[losses.len().saturating_sub(20)..];
        rows[0].push(format!("{:.4}", last.iter().sum::<f32>() / last.len().max(1) as f32));
        times.sort_by(f64::total_cmp);
        rows[1].push(format!("{:.1}", times.get(times.len() / 2).copied().unwrap_or(f64::NAN)));
    }

    let row = |label: &str, values: &[String]| println!("{label:32}{:>16}{:>16}", values[0], values[1]);
    println!();
    row("", &arms.map(|(_, name, ..)| name.to_owned()));
    for (kind, title) in ["parameters", "MACs"].into_iter().enumerate() {
        for (layer, (conv, separable)) in costs[0].iter().zip(&costs[1]).enumerate() {
            let name = if layer < 5 { format!("block {}", layer + 1) } else { "classifier".to_owned() };
            row(&format!("{title}, {name}"), &[conv, separable].map(|cost| cost[kind].to_string()));
        }
        let total = |net: usize| costs[net].iter().map(|cost| cost[kind]).sum::<usize>().to_string();
        row(&format!("{title}, whole network"), &[0, 1].map(total));
    }
    row("time per step, median (ms)", &rows[1]);
    row("training loss, last 20 steps", &rows[0]);
    Ok(())
}
