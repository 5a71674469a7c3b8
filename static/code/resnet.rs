//! Residual networks.
//!
//! A plain network and a residual network with the same layers are trained on the same batches (He et al. 2016, "Deep residual
//! learning", section 4.2; the blocks are those of He et al. 2016b, "Identity mappings").  //? order=pre
//! learning", section 4.2).  //? order=post
//! This program builds both with burn and measures how much gradient reaches each of their blocks.
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE]`. It takes initial weights and batches from the lab's set-up
//! file in the current folder, and compares the first three losses with the lab's. It trains only on the batches in that file.

use burn::module::{Module, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig2d};
use burn::nn::{BatchNorm, BatchNormConfig};  //? batch_norm
use burn::optim::{AdamConfig, GradientsParams};  //? optimizer=adam
use burn::optim::{GradientsParams, SgdConfig, momentum::MomentumConfig};  //? optimizer=momentum
use burn::optim::{GradientsParams, SgdConfig};  //? optimizer=sgd
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::tensor::{ops::PadMode, s};  //? shortcut=a
use safetensors::SafeTensors;
use std::error::Error;

const BLOCKS_PER_STAGE: usize = 3;  //= blocks_per_stage
const CHANNELS: usize = 4;  //= channels
const CHANNELS_IN: usize = 1;  //= channels_in
const N_CLASSES: usize = 10;  //= n_classes
const LEARNING_RATE: f64 = 0.003;  //= learning_rate
const SEED: u64 = 1;  //= seed

/// Returns a `k x k` convolution whose padding keeps the image size, apart from the stride.
fn conv(in_ch: usize, out_ch: usize, k: usize, stride: usize, device: &Device) -> Conv2d {
    let p = k / 2;
    let fan_in = (k * k * in_ch) as f64;
    // PyTorch's default: variance 1 / (3 fan_in), and biases from the same distribution.  //? init=pytorch !batch_norm
    // PyTorch's default: variance 1 / (3 fan_in).  //? init=pytorch batch_norm
    let bound = (1.0 / fan_in).sqrt();  //? init=pytorch  //@ init
    // He et al. 2015: variance 2 / fan_in. The 2 makes up for ReLU, which drops half of the signal.  //? init=he
    let bound = (6.0 / fan_in).sqrt();  //? init=he  //@ init
    // LeCun et al. 1998: variance 1 / fan_in.  //? init=lecun
    let bound = (3.0 / fan_in).sqrt();  //? init=lecun  //@ init
    let config = Conv2dConfig::new([in_ch, out_ch], [k, k])
        .with_stride([stride, stride])
        .with_padding(PaddingConfig2d::Explicit(p, p, p, p))
        .with_bias(false) // batch norm would subtract it again with the mean of the channel  //? batch_norm
        .with_initializer(Initializer::Uniform { min: -bound, max: bound });  //@ init
    config.init(device)  //? batch_norm
    config.init(device)  //? init=pytorch !batch_norm
//{ init!=pytorch !batch_norm
    let zeros = Param::from_tensor(Tensor::zeros([out_ch], device));  //@ init
    Conv2d { bias: Some(zeros), ..config.init(device) }  //@ init
//}
}

//{ block=basic
/// Two 3 x 3 convolutions `F` and a shortcut `s`.
///
/// `output = relu(s(h) + F(h))`, or `relu(F(h))` in a plain block.  //? order=post
/// `output = s(h) + F(h)`, or `F(h)` in a plain block.  //? order=pre
#[derive(Module, Debug)]
struct BasicBlock {
    conv1: Conv2d,
    bn1: BatchNorm,  //? batch_norm
    conv2: Conv2d,
    bn2: BatchNorm,  //? batch_norm
//}
//{ block=bottleneck
/// 1 x 1, 3 x 3 and 1 x 1 convolutions `F` and a shortcut `s`. The first convolution reduces the channels, so that the
/// expensive 3 x 3 convolution has few of them. The last one expands them to four times as many.
///
/// `output = relu(s(h) + F(h))`, or `relu(F(h))` in a plain block.  //? order=post
/// `output = s(h) + F(h)`, or `F(h)` in a plain block.  //? order=pre
#[derive(Module, Debug)]
struct Bottleneck {
    conv1: Conv2d,
    bn1: BatchNorm,  //? batch_norm
    conv2: Conv2d,
    bn2: BatchNorm,  //? batch_norm
    conv3: Conv2d,
    bn3: BatchNorm,  //? batch_norm
//}
    projection: Option<Conv2d>,  //? shortcut=b|c
    projection_bn: BatchNorm,  //? shortcut=b|c batch_norm order=post
    residual: bool,
    stride: usize,  //? shortcut=a
    new_channels: usize,  //? shortcut=a
}

impl BasicBlock {  //? block=basic
impl Bottleneck {  //? block=bottleneck
    const EXPANSION: usize = 1;  //? block=basic
    const EXPANSION: usize = 4;  //? block=bottleneck

    fn new(in_ch: usize, channels: usize, stride: usize, residual: bool, device: &Device) -> Self {
        let out_ch = Self::EXPANSION * channels;
        // Option B: a projection where the shape changes, the identity elsewhere.  //? shortcut=b
        let projects = residual && (stride != 1 || in_ch != out_ch);  //? shortcut=b
        // Option C: a projection in every block.  //? shortcut=c
        let projects = residual;  //? shortcut=c
        Self {
//{ block=basic
            conv1: conv(in_ch, channels, 3, stride, device),
            bn1: BatchNormConfig::new(channels).init(device),  //? batch_norm order=post
            bn1: BatchNormConfig::new(in_ch).init(device),  //? batch_norm order=pre
            conv2: conv(channels, out_ch, 3, 1, device),
            bn2: BatchNormConfig::new(out_ch).init(device),  //? batch_norm
//}
//{ block=bottleneck
            conv1: conv(in_ch, channels, 1, 1, device),
            bn1: BatchNormConfig::new(channels).init(device),  //? batch_norm order=post
            bn1: BatchNormConfig::new(in_ch).init(device),  //? batch_norm order=pre
            conv2: conv(channels, channels, 3, stride, device),
            bn2: BatchNormConfig::new(channels).init(device),  //? batch_norm
            conv3: conv(channels, out_ch, 1, 1, device),
            bn3: BatchNormConfig::new(out_ch).init(device),  //? batch_norm order=post
            bn3: BatchNormConfig::new(channels).init(device),  //? batch_norm order=pre
//}
            projection: projects.then(|| conv(in_ch, out_ch, 1, stride, device)),  //? shortcut=b|c
            projection_bn: BatchNormConfig::new(out_ch).init(device),  //? shortcut=b|c batch_norm order=post
            residual,
            stride,  //? shortcut=a
            new_channels: out_ch - in_ch,  //? shortcut=a
        }
    }

//{ shortcut=a
    /// Returns `s(h)`, option A: skips pixels and appends channels of zeros where the shape changes.
    fn shortcut(&self, h: Tensor<4>) -> Tensor<4> {
        let stride = self.stride;
        let h = h.slice(s![.., .., ..;stride, ..;stride]);  //@ shortcut
        h.pad([(0, 0), (0, self.new_channels), (0, 0), (0, 0)], PadMode::Constant(0.0))  //@ shortcut
    }
//}
//{ shortcut=b|c order=post
    /// Returns `s(h)`: `h` itself, or a 1 x 1 convolution where the shape changes.  //? shortcut=b
    /// Returns `s(h)`: a 1 x 1 convolution.  //? shortcut=c
    fn shortcut(&self, h: Tensor<4>) -> Tensor<4> {
        match &self.projection {
            Some(projection) => self.projection_bn.forward(projection.forward(h)),  //? batch_norm  //@ shortcut
            Some(projection) => projection.forward(h),  //? !batch_norm  //@ shortcut
            None => h,  //@ shortcut
        }
    }
//}
//{ shortcut=b|c order=pre
    /// Returns `s(h)`: `h` itself, or a 1 x 1 convolution of the pre-activation `a` where the shape changes.  //? shortcut=b
    /// Returns `s(h)`: a 1 x 1 convolution of the pre-activation `a`.  //? shortcut=c
    fn shortcut(&self, h: Tensor<4>, a: Tensor<4>) -> Tensor<4> {
        match &self.projection {
            Some(projection) => projection.forward(a),  //@ shortcut
            None => h,  //@ shortcut
        }
    }
//}

    /// Maps `[batch, in_ch, height, width]` to `[batch, out_ch, height / stride, width / stride]`.
    fn forward(&self, h: Tensor<4>) -> Tensor<4> {
//{ order=post
        // F(h): convolution, batch norm and ReLU, but no ReLU after the last batch norm.  //? batch_norm
        // F(h): ReLU between the convolutions, but none after the last one.  //? !batch_norm
//{ batch_norm
        let branch = relu(self.bn1.forward(self.conv1.forward(h.clone())));  //@ branch batch-norm
        let branch = self.bn2.forward(self.conv2.forward(branch));  //? block=basic  //@ branch batch-norm
        let branch = relu(self.bn2.forward(self.conv2.forward(branch)));  //? block=bottleneck  //@ branch batch-norm
        let branch = self.bn3.forward(self.conv3.forward(branch));  //? block=bottleneck  //@ branch batch-norm
//}
//{ !batch_norm
        let branch = relu(self.conv1.forward(h.clone()));  //@ branch
        let branch = self.conv2.forward(branch);  //? block=basic  //@ branch
        let branch = relu(self.conv2.forward(branch));  //? block=bottleneck  //@ branch
        let branch = self.conv3.forward(branch);  //? block=bottleneck  //@ branch
//}
        // The sum, and only then the last ReLU.
        relu(if self.residual { branch + self.shortcut(h) } else { branch })  //@ sum activation
//}
//{ order=pre
        // F(h): batch norm and ReLU come before each convolution.  //? batch_norm
        // F(h): ReLU comes before each convolution.  //? !batch_norm
        let a = relu(self.bn1.forward(h.clone()));  //? batch_norm  //@ branch batch-norm
        let a = relu(h.clone());  //? !batch_norm  //@ branch
        let branch = self.conv1.forward(a.clone());  //? shortcut=b|c  //@ branch
        let branch = self.conv1.forward(a);  //? shortcut=a  //@ branch
        let branch = self.conv2.forward(relu(self.bn2.forward(branch)));  //? batch_norm  //@ branch batch-norm
        let branch = self.conv2.forward(relu(branch));  //? !batch_norm  //@ branch
        let branch = self.conv3.forward(relu(self.bn3.forward(branch)));  //? batch_norm block=bottleneck  //@ branch batch-norm
        let branch = self.conv3.forward(relu(branch));  //? !batch_norm block=bottleneck  //@ branch
        // Nothing follows the sum: the shortcuts carry the signal through the network unchanged.
        if self.residual { branch + self.shortcut(h) } else { branch }  //? shortcut=a  //@ sum
        if self.residual { branch + self.shortcut(h, a) } else { branch }  //? shortcut=b|c  //@ sum
//}
    }

    /// Replaces the weights by the lab's. Batch norm starts with gamma 1 and beta 0 there, too.  //? batch_norm
    /// Replaces the weights by the lab's.  //? !batch_norm
    fn load(&mut self, setup: &Setup, name: &str) -> Result<(), Box<dyn Error>> {
        setup.load_conv(&mut self.conv1, &format!("{name}.conv1"))?;
        setup.load_conv(&mut self.conv2, &format!("{name}.conv2"))?;
        setup.load_conv(&mut self.conv3, &format!("{name}.conv3"))?;  //? block=bottleneck
//{ shortcut=b|c
        if let Some(projection) = &mut self.projection {
            setup.load_conv(projection, &format!("{name}.projection"))?;
        }
//}
        Ok(())
    }
}

/// Three stages of blocks with c, 2c and 4c channels; the second and the third start with a stride of 2.
#[derive(Module, Debug)]
struct ResNet {
    conv1: Conv2d,
    bn1: BatchNorm,  //? batch_norm order=post
    blocks: Vec<BasicBlock>,  //? block=basic
    blocks: Vec<Bottleneck>,  //? block=bottleneck
    last_norm: BatchNorm,  //? batch_norm order=pre
    head: Linear,
}

impl ResNet {
    fn new(residual: bool, device: &Device) -> Self {
        let mut blocks = Vec::new();
        let mut in_ch = CHANNELS;
        for stage in 0..3 {
            let channels = CHANNELS << stage;
            for block in 0..BLOCKS_PER_STAGE {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                blocks.push(BasicBlock::new(in_ch, channels, stride, residual, device));  //? block=basic
                in_ch = channels * BasicBlock::EXPANSION;  //? block=basic
                blocks.push(Bottleneck::new(in_ch, channels, stride, residual, device));  //? block=bottleneck
                in_ch = channels * Bottleneck::EXPANSION;  //? block=bottleneck
            }
        }
        let bound = (3.0 / in_ch as f64).sqrt(); // variance 1 / in_ch
        let config = LinearConfig::new(in_ch, N_CLASSES);
        let head = config.with_initializer(Initializer::Uniform { min: -bound, max: bound }).init(device);
        let zeros = Param::from_tensor(Tensor::zeros([N_CLASSES], device));
        Self {
            conv1: conv(CHANNELS_IN, CHANNELS, 3, 1, device),
            bn1: BatchNormConfig::new(CHANNELS).init(device),  //? batch_norm order=post
            blocks,
            last_norm: BatchNormConfig::new(in_ch).init(device),  //? batch_norm order=pre
            head: Linear { bias: Some(zeros), ..head },
        }
    }

    /// Maps images `[batch, CHANNELS_IN, side, side]` to logits `[batch, N_CLASSES]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<2> {
        let h = relu(self.bn1.forward(self.conv1.forward(x)));  //? batch_norm order=post  //@ stem
        let h = relu(self.conv1.forward(x));  //? !batch_norm order=post  //@ stem
        let h = self.conv1.forward(x);  //? order=pre  //@ stem
        let h = self.blocks.iter().fold(h, |h, block| block.forward(h));  //@ branch shortcut sum
        let h = relu(self.last_norm.forward(h));  //? batch_norm order=pre  //@ activation
        let h = relu(h);  //? !batch_norm order=pre  //@ activation
        // Global average pooling: [batch, channels, height, width] -> [batch, channels].
        let pooled = h.flatten::<3>(2, 3).mean_dim(2).squeeze_dim::<2>(2);  //@ pool
        self.head.forward(pooled)  //@ head
    }

    /// Replaces the weights by the lab's.
    fn load(&mut self, setup: &Setup, arm: &str) -> Result<(), Box<dyn Error>> {
        setup.load_conv(&mut self.conv1, &format!("{arm}.0.conv1"))?;
        for (i, block) in self.blocks.iter_mut().enumerate() {
            block.load(setup, &format!("{arm}.0.blocks.{i}"))?;
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
        conv.bias = Some(Param::from_tensor(self.tensor(&format!("{name}.bias"))?));  //? !batch_norm
        Ok(())
    }

    /// Returns batch `n`, counted from 1: images `[batch, CHANNELS_IN, side, side]` and labels `[batch]`.
    fn batch(&self, n: usize) -> Result<(Tensor<4>, Tensor<1, Int>), Box<dyn Error>> {
        let y = self.tensor::<2>(&format!("batch{n}.y"))?;
        Ok((self.tensor(&format!("batch{n}.x"))?, y.argmax(1).squeeze_dim(1)))
    }
}

/// Trains a network on the lab's batches. Returns its losses and, for each step, the gradient norm of the first convolution of
/// every block.
fn train(arm: &str, mut net: ResNet, setup: &Setup, steps: usize) -> Result<(Vec<f32>, Vec<Vec<f32>>), Box<dyn Error>> {
    let batches: Vec<_> = (1..).map_while(|n| setup.batch(n).ok()).collect();
    let cross_entropy = CrossEntropyLossConfig::new().init(&setup.device);
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();  //? optimizer=adam  //@ update
    // v <- 0.9 v + gradient, w <- w - lr v  //? optimizer=momentum
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);  //? optimizer=momentum  //@ update
    let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();  //? optimizer=momentum  //@ update
    // w <- w - lr gradient  //? optimizer=sgd
    let mut optimizer = SgdConfig::new().init();  //? optimizer=sgd  //@ update
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    println!("\n{arm} network, {} parameters", net.num_params());
    for (step, (x, labels)) in (1..=steps).zip(batches.into_iter().cycle()) {
        let loss = cross_entropy.forward(net.forward(x), labels);  //@ loss
        let grads = loss.backward();  //@ gradient
        let norm = |block: &BasicBlock| {  //? block=basic
        let norm = |block: &Bottleneck| {  //? block=bottleneck
            let grad = block.conv1.weight.val().grad(&grads);  //@ gradient
            grad.map_or(0.0, |grad| grad.square().sum().sqrt().into_scalar::<f32>())  //@ gradient
        };
        norms.push(net.blocks.iter().map(norm).collect());
        let grads = GradientsParams::from_grads(grads, &net);
        net = optimizer.step(LEARNING_RATE, net, grads);  //@ update
        losses.push(loss.into_scalar::<f32>());
        if step <= 3 || step % 10 == 0 {
            println!("  step {step:5}: loss {:.4}", losses[step - 1]);
        }
    }
    Ok((losses, norms))
}

/// Returns the largest relative error of the first three losses.
fn error(losses: &[f32], lab: &[f32]) -> f32 {
    losses.iter().zip(lab).take(3).map(|(ours, lab)| (ours - lab).abs() / lab.abs()).fold(0.0, f32::max)
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let path = option("--setup").unwrap_or_else(|| "nn-lab-resnet-setup.safetensors".to_owned());
    let bytes = std::fs::read(&path).map_err(|_| format!("There is no {path}. Download it from the page of this program."))?;

    let device = Device::flex().autodiff();
    let setup = Setup { file: SafeTensors::deserialize(&bytes)?, device: device.clone() };
    let n_batches = (1..).take_while(|n| setup.batch(*n).is_ok()).count();
    let steps = option("--steps").map_or(Ok(n_batches), |steps| steps.parse())?;
    println!("{path} has {n_batches} batches. Training for more steps repeats them; the images of all others are not here.");

    let mut norms = Vec::new();
    for (arm, residual) in [("plain", false), ("residual", true)] {
        device.seed(SEED);
        let mut net = ResNet::new(residual, &device);
        net.load(&setup, arm)?;
        let (losses, of_arm) = train(arm, net, &setup, steps)?;
        let lab: Vec<f32> = setup.tensor::<1>(&format!("{arm}.loss"))?.into_data().iter().collect();
        let error = error(&losses, &lab);
        let verdict = if error <= 1e-4 { "agree with" } else { "differ from" };
        println!("The first three losses {verdict} the lab's: largest relative error {error:.0e}.");
        norms.push(of_arm);
    }

    println!("\nNorm of the gradient of the first convolution in each block");
    println!("          plain                    residual");
    let last = format!("step {steps}");
    println!("block {:>10} {last:>13} {:>10} {last:>13}", "step 1", "step 1");
    for block in 0..3 * BLOCKS_PER_STAGE {
        let [plain, residual] = [0, 1].map(|net: usize| [0, steps - 1].map(|step| norms[net][step][block]));
        println!(
            "{:5} {:10.2e} {:13.2e} {:10.2e} {:13.2e}",
            block + 1,
            plain[0],
            plain[1],
            residual[0],
            residual[1]
        );
    }
    Ok(())
}
