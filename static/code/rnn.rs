//! What does a recurrent network remember?
//!
//{ task=recall
//! Two networks read a sequence of tokens and are asked at its end for the first one. All tokens after it are noise. This
//! program builds a vanilla RNN and an LSTM from burn's `Linear`, trains both on the same sequences, and measures how much
//! of the gradient reaches each position.
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE]`. If the lab's set-up file is in the current folder,
//! training starts from the lab's weights and batches, and the first three losses are compared.
//}
//{ task=lines
//! Two networks read a line of text, one character at a time, and name its label at the end. This program builds a vanilla
//! RNN and an LSTM from burn's `Linear`, trains both on the same lines, and measures how much of the gradient reaches each
//! position.
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE]`. The lines are in the lab's set-up file, which must be in
//! the current folder. Training starts from the lab's weights and batches, and the first three losses are compared.

// Weights are only drawn without a set-up file, and without it there are no lines.
#![allow(dead_code)]
//}

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};  //? task=recall
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};  //? task=lines forget_bias=chrono
use burn::tensor::{Device, Int, Tensor, TensorData};  //? task=lines forget_bias!=chrono
use safetensors::SafeTensors;
use std::error::Error;

const SEQ_LEN: usize = 200;  //= length
const N_CLASSES: usize = 2;  //= classes
const N_NOISE_TOKENS: usize = 8;  //= n_distractors  //? task=recall alphabet=separate
const D_HIDDEN: usize = 32;  //= d_hidden
const SPECTRAL_RADIUS: f64 = 0.58;  //= spectral_radius
const LEARNING_RATE: f64 = 0.003;  //= learning_rate
const MAX_NORM: f64 = 1.0;  //= clip
const BATCH_SIZE: usize = 32;  //= batch_size  //? task=recall
const STEPS: usize = 400;  //= steps
const SEED: u64 = 1;  //= seed

/// Tokens are one-hot vectors.
const D_IN: usize = N_CLASSES + N_NOISE_TOKENS;  //? task=recall alphabet=separate
const D_IN: usize = N_CLASSES;  //? task=recall alphabet=shared
const D_IN: usize = 10;  //= d_in  //? task=lines
/// The number of sequences on which the accuracy is measured.  //? task=recall
const N_HELD_OUT: usize = 256;  //? task=recall

/// Sequences `x` `[SEQ_LEN, n, D_IN]`, and their labels `[n]`.
type Batch = (Tensor<3>, Tensor<1, Int>);

//{ task=recall
/// Draws sequences. The label is the first token; the noise that follows has tokens of its own.  //? alphabet=separate
/// Draws sequences. The label is the first token; the noise that follows uses the same tokens.  //? alphabet=shared
fn draw(n: usize, device: &Device) -> Batch {
    let tokens = |length: usize, low: usize, high: usize| {
        Tensor::<2, Int>::random([length, n], Distribution::Uniform(low as f64, high as f64), device)
    };
    let labels = tokens(1, 0, N_CLASSES);  //@ label
    let noise = tokens(SEQ_LEN - 1, N_CLASSES, D_IN);  //? alphabet=separate  //@ noise
    let noise = tokens(SEQ_LEN - 1, 0, N_CLASSES);  //? alphabet=shared  //@ noise
    let tokens = Tensor::cat(vec![labels.clone(), noise], 0);  //@ label noise
    (tokens.one_hot::<3>(D_IN).float(), labels.squeeze_dim(0))
}

//}
//{ task=lines
/// Returns all lines of the batches. Short lines are padded at the start with the character 0.
fn lines_of(batches: &[Batch]) -> Batch {
    let x = batches.iter().map(|(x, _)| x.clone()).collect();  //@ noise
    let labels = batches.iter().map(|(_, labels)| labels.clone()).collect();  //@ label
    (Tensor::cat(x, 1), Tensor::cat(labels, 0))
}

//}
/// The state of a network between two positions, `[batch, D_HIDDEN]` each. The RNN does not use the cell.
struct State {
    hidden: Tensor<2>,
    cell: Tensor<2>,
}

/// A network that reads one position at a time.
trait Recurrent: Module {
    /// Returns the state after a position with input `x` `[batch, D_IN]`.
    fn step(&self, x: Tensor<2>, state: State) -> State;

    /// Returns the layer from the last hidden state to the logits.
    fn output(&self) -> &Linear;

    /// Returns the logits `[batch, N_CLASSES]` for sequences `x` `[SEQ_LEN, batch, D_IN]`.
    fn forward(&self, x: &Tensor<3>) -> Tensor<2> {
        let zero = Tensor::zeros([x.dims()[1], D_HIDDEN], &x.device());
        let mut state = State { hidden: zero.clone(), cell: zero };
        for t in 0..SEQ_LEN {
            state = self.step(x.clone().select_dim(0, t), state);
        }
        self.output().forward(state.hidden)  //@ logits
    }
}

/// Recurrent network of Elman (1990).
#[derive(Module, Debug)]
struct VanillaRnn {
    /// `W_x` and `b`
    input: Linear,
    /// `W_h`, without bias
    recurrent: Linear,
    /// `W_y` and `b_y`
    output: Linear,
}

/// Returns a layer with weights and biases from U(-k, k), `k = 1 / sqrt(d_h)`.
fn linear(d_in: usize, d_out: usize, bias: bool, device: &Device) -> Linear {
    let k = 1.0 / (D_HIDDEN as f64).sqrt();  //@ rnn-init lstm-init
    let uniform = Initializer::Uniform { min: -k, max: k };  //@ rnn-init lstm-init
    LinearConfig::new(d_in, d_out).with_bias(bias).with_initializer(uniform).init(device)
}

/// Returns the largest absolute value of an eigenvalue by Gelfand's formula: the limit of `||W^n||^(1/n)`.
fn spectral_radius(weight: Tensor<2>) -> f64 {
    let (mut power, mut n, mut log_norm) = (weight, 1.0, 0.0);
    for _ in 0..20 {
        // power * exp(log_norm) is W^n; n doubles with every square.
        let norm = power.clone().square().sum().sqrt().into_scalar::<f32>();
        power = power / norm;
        log_norm += f64::from(norm).ln();
        power = power.clone().matmul(power);
        (n, log_norm) = (2.0 * n, 2.0 * log_norm);
    }
    (log_norm / n).exp()
}

impl VanillaRnn {
    fn new(device: &Device) -> Self {
        let mut recurrent = linear(D_HIDDEN, D_HIDDEN, false, device);
        let factor = SPECTRAL_RADIUS / spectral_radius(recurrent.weight.val().inner());  //@ spectral-radius
        recurrent.weight = Param::from_tensor((recurrent.weight.val() * factor).detach());  //@ spectral-radius
        let input = linear(D_IN, D_HIDDEN, true, device);
        let output = linear(D_HIDDEN, N_CLASSES, true, device);
        Self { input, recurrent, output }
    }
}

impl Recurrent for VanillaRnn {
    /// `h_t = tanh(x_t W_x + b + h_{t-1} W_h)`
    fn step(&self, x: Tensor<2>, state: State) -> State {
        let hidden = (self.input.forward(x) + self.recurrent.forward(state.hidden)).tanh();  //@ rnn-state
        State { hidden, cell: state.cell }
    }

    fn output(&self) -> &Linear {
        &self.output
    }
}

/// Long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000). The columns of `W_x`, `W_h` and
/// `b` are four blocks of `D_HIDDEN`: input gate, forget gate, candidate, output gate.
#[derive(Module, Debug)]
struct Lstm {
    /// `W_x` and `b`
    input: Linear,
    /// `W_h`, without bias
    recurrent: Linear,
    /// `W_y` and `b_y`
    output: Linear,
}

impl Lstm {
    fn new(device: &Device) -> Self {
        let mut input = linear(D_IN, 4 * D_HIDDEN, true, device);
        let zero = Tensor::<1>::zeros([D_HIDDEN], device);
        //{ forget_bias=chrono
        // Chrono initialization (Tallec and Ollivier 2018): a gate with bias ln u remembers for about u steps.
        let lengths = Distribution::Uniform(1.0, (SEQ_LEN as f64 - 1.0).max(1.0));  //@ forget-bias
        let b_f = Tensor::<1>::random([D_HIDDEN], lengths, device).log();  //@ forget-bias
        let b_i = -b_f.clone();  //@ forget-bias
        //}
        //{ forget_bias=one
        // The forget gate starts at sigmoid(1) = 0.73.
        let (b_i, b_f) = (zero.clone(), Tensor::ones([D_HIDDEN], device));  //@ forget-bias
        //}
        //{ forget_bias=zero
        // The forget gate starts at sigmoid(0) = 0.5.
        let (b_i, b_f) = (zero.clone(), zero.clone());  //@ forget-bias
        //}
        input.bias = Some(Param::from_tensor(Tensor::cat(vec![b_i, b_f, zero.clone(), zero], 0).detach()));  //@ forget-bias
        let recurrent = linear(D_HIDDEN, 4 * D_HIDDEN, false, device);
        let output = linear(D_HIDDEN, N_CLASSES, true, device);
        Self { input, recurrent, output }
    }
}

impl Recurrent for Lstm {
    fn step(&self, x: Tensor<2>, state: State) -> State {
        let a = self.input.forward(x) + self.recurrent.forward(state.hidden);  //@ lstm-pre-activation
        let block = |n: usize| a.clone().narrow(1, n * D_HIDDEN, D_HIDDEN);  //@ lstm-pre-activation
        let i = sigmoid(block(0)); // input gate: what is written  //@ input-gate
        let f = sigmoid(block(1)); // forget gate: what is kept  //@ forget-gate
        let g = block(2).tanh(); // candidate: what could be written  //@ candidate
        let o = sigmoid(block(3)); // output gate: what is read  //@ output-gate
        let cell = f * state.cell + i * g; // the cell changes only by a factor and a sum  //@ cell-state
        let hidden = o * cell.clone().tanh();  //@ lstm-state
        State { hidden, cell }
    }

    fn output(&self) -> &Linear {
        &self.output
    }
}

/// Returns the mean cross-entropy of logits and labels, `[1]`.
fn cross_entropy(logits: Tensor<2>, labels: &Tensor<1, Int>) -> Tensor<1> {
    CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, labels.clone())  //@ loss
}

/// Returns the fraction of sequences whose label has the largest logit.
fn accuracy(net: &impl Recurrent, (x, labels): &Batch) -> f32 {
    let predicted = net.valid().forward(&x.clone().inner()).argmax(1).squeeze_dim::<1>(1);
    predicted.equal(labels.clone().inner()).float().mean().into_scalar()
}

/// Returns `||dL/dh_t||` at every position, over the whole batch. burn keeps the gradients of leaves only. Therefore a leaf of
/// zeros is added to every hidden state: it has the gradient of the state.
fn gradient_norms(net: &impl Recurrent, (x, labels): &Batch) -> Vec<f64> {
    let zero = Tensor::<2>::zeros([x.dims()[1], D_HIDDEN], &x.device());
    let mut state = State { hidden: zero.clone(), cell: zero.clone() };
    let mut leaves = Vec::new();
    for t in 0..SEQ_LEN {
        let leaf = zero.zeros_like().require_grad();
        state = net.step(x.clone().select_dim(0, t), state);
        state.hidden = state.hidden + leaf.clone();
        leaves.push(leaf);
    }
    let gradients = cross_entropy(net.output().forward(state.hidden), labels).backward();
    let norm = |leaf: Tensor<2>| {
        let Some(gradient) = leaf.grad(&gradients) else { return 0.0 };  //@ gradient
        // In 64 bits, because squares of small gradients underflow.
        gradient.into_data().iter::<f64>().map(|value| value * value).sum::<f64>().sqrt()
    };
    leaves.into_iter().map(norm).collect()
}

/// Scales gradients down to the norm [`MAX_NORM`] over all parameters, if they are longer. burn's own clipping does this for
/// each parameter separately.
fn clip(net: &impl Module, grads: GradientsParams) -> GradientsParams {
    struct Squares<'a>(&'a GradientsParams, f64);
    impl ModuleVisitor for Squares<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let grad = self.0.get::<D>(param.id);
            self.1 += grad.map_or(0.0, |grad| f64::from(grad.square().sum().into_scalar::<f32>()));
        }
    }
    struct Scale(GradientsParams, f64);
    impl ModuleVisitor for Scale {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = self.0.remove::<D>(param.id) {
                self.0.register(param.id, grad * self.1);
            }
        }
    }
    let mut squares = Squares(&grads, 0.0);
    net.visit(&mut squares);
    let factor = (MAX_NORM / (squares.1.sqrt() + 1e-6)).min(1.0);  //@ clipping
    let mut scale = Scale(grads, factor);  //@ clipping
    net.visit(&mut scale);  //@ clipping
    scale.0
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

    /// Returns a layer. PyTorch's weight is `[d_out, d_in]`, burn's is `[d_in, d_out]`.
    fn linear(&self, name: &str) -> Result<Linear, Box<dyn Error>> {
        let weight = self.tensor::<2>(&format!("{name}.weight"))?.transpose().detach();
        let bias = self.tensor::<1>(&format!("{name}.bias")).ok().map(Param::from_tensor);
        Ok(Linear { weight: Param::from_tensor(weight), bias })
    }

    /// Returns the three layers of a network.
    fn layers(&self, arm: &str) -> Result<[Linear; 3], Box<dyn Error>> {
        let layer = |name: &str| self.linear(&format!("{arm}.0.{name}"));
        Ok([layer("input")?, layer("recurrent")?, layer("output")?])
    }

    /// Returns batch `n`, counted from 1, or an error after the last one.
    fn batch(&self, n: usize) -> Result<Batch, Box<dyn Error>> {
        let y = self.tensor::<2>(&format!("batch{n}.y"))?;
        Ok((self.tensor(&format!("batch{n}.x"))?, y.argmax(1).squeeze_dim(1)))
    }
}

/// Prints whether the first three losses agree with the lab's.
fn compare(arm: &str, losses: &[f32], setup: &Setup) -> Result<(), Box<dyn Error>> {
    let lab = setup.tensor::<1>(&format!("{arm}.loss"))?.into_data();
    let errors = losses.iter().zip(lab.iter::<f32>()).map(|(ours, lab)| (ours - lab).abs() / lab.abs());
    let error = errors.fold(0.0, f32::max);
    let verdict = if error <= 1e-4 { "agree with" } else { "differ from" };
    println!("{arm}: The first three losses {verdict} the lab's: largest relative error {error:.0e}.");
    Ok(())
}

/// Trains a network and prints its losses and gradients.
fn train<N: Recurrent>(
    arm: &str,
    mut net: N,
    setup: Option<&Setup>,
    steps: usize,
    device: &Device,  //? task=recall
) -> Result<(), Box<dyn Error>> {
    //{ task=recall
    device.seed(SEED + 1_000_000);
    let measured = draw(N_HELD_OUT, device);
    // The same seed for both networks, so they see the same batches. The lab has another random number generator, so batches
    // after those of the set-up file, and with them the losses, differ in detail.
    device.seed(SEED);
    let recorded = (1..).map_while(|n| setup?.batch(n).ok());
    let mut batches = recorded.chain(std::iter::repeat_with(|| draw(BATCH_SIZE, device)));
    //}
    //{ task=lines
    // The recorded batches are the data: training goes through them again and again.
    let recorded: Vec<Batch> = (1..).map_while(|n| setup?.batch(n).ok()).collect();
    let measured = lines_of(&recorded);
    let mut batches = recorded.into_iter().cycle();
    //}
    let first = batches.next().ok_or("There is no batch.")?;
    let before = gradient_norms(&net, &first);
    let mut adam = AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-8).init();  //@ adam
    let mut losses = Vec::new();
    for (step, (x, labels)) in (1..=steps).zip(std::iter::once(first.clone()).chain(batches)) {
        let loss = cross_entropy(net.forward(&x), &labels);  //@ loss
        let grads = clip(&net, GradientsParams::from_grads(loss.backward(), &net));  //@ clipping
        net = adam.step(LEARNING_RATE, net, grads);  //@ adam
        losses.push(loss.into_scalar::<f32>());
        if let Some(setup) = setup.filter(|_| step == 3) {
            compare(arm, &losses, setup)?;
        }
        if step <= 3 || step % (steps / 10).max(1) == 0 {
            let loss = losses[step - 1];
            println!("{arm}: step {step:5}   loss {loss:.4}   accuracy {:.3}", accuracy(&net, &measured));
        }
    }
    let after = gradient_norms(&net, &first);
    println!("\n{arm}: norm of dL/dh_t on the first batch, untrained -> trained");
    for t in [0, 1, SEQ_LEN / 4, SEQ_LEN / 2, 3 * SEQ_LEN / 4, SEQ_LEN - 2, SEQ_LEN - 1] {
        println!("position {t:3}   {:8.1e} -> {:8.1e}", before[t], after[t]);
    }
    let last = &losses[losses.len().saturating_sub(20)..];
    let loss = last.iter().sum::<f32>() / last.len().max(1) as f32;
    let accuracy = accuracy(&net, &measured);
    println!("{arm}: loss {loss:.4}, accuracy {accuracy:.3}, parameters {}\n", net.num_params());
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let steps = option("--steps").map_or(Ok(STEPS), |steps| steps.parse())?;
    let path = option("--setup").unwrap_or_else(|| "nn-lab-rnn-setup.safetensors".to_owned());

    let device = Device::flex().autodiff();
    device.seed(SEED);
    let Ok(bytes) = std::fs::read(&path) else {
        //{ task=recall
        println!("There is no {path}: weights and batches are drawn here, from the same distributions.");
        let (rnn, lstm) = (VanillaRnn::new(&device), Lstm::new(&device));
        train("rnn", rnn, None, steps, &device)?;
        return train("lstm", lstm, None, steps, &device);
        //}
        return Err(format!("There is no {path}, which has the lines. Download both together.").into());  //? task=lines
    };
    println!("Starts from the lab's weights and batches in {path}.");
    let setup = Setup { file: SafeTensors::deserialize(&bytes)?, device: device.clone() };
    if setup.file.tensor("batch1.x")?.shape() != [SEQ_LEN, BATCH_SIZE, D_IN] {  //? task=recall
    if !matches!(setup.file.tensor("batch1.x")?.shape(), [SEQ_LEN, _, D_IN]) {  //? task=lines
        return Err(format!("{path} was saved for other settings. Download both together.").into());
    }
    let [input, recurrent, output] = setup.layers("rnn")?;
    train("rnn", VanillaRnn { input, recurrent, output }, Some(&setup), steps, &device)?;  //? task=recall
    train("rnn", VanillaRnn { input, recurrent, output }, Some(&setup), steps)?;  //? task=lines
    let [input, recurrent, output] = setup.layers("lstm")?;
    train("lstm", Lstm { input, recurrent, output }, Some(&setup), steps, &device)  //? task=recall
    train("lstm", Lstm { input, recurrent, output }, Some(&setup), steps)  //? task=lines
}
