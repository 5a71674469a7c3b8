//! A multilayer perceptron, with and without a non-linearity.
//!
//! Two networks of the same size train on the same batches. The first has no activation function, so all of its
//! layers together are one affine function of the input. The second applies one after every hidden layer.
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE]`. If the lab's set-up file is in the current
//! folder, training starts from the lab's weights and batches, and the first three losses are compared.
//! The samples come from the set-up file as well. Nothing is held out.  //? from_batches
//! The images come from the set-up file as well. They are few, so expect overfitting.  //? dataset=fashion-mnist

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::loss::CrossEntropyLossConfig;  //? !regression
use burn::optim::momentum::MomentumConfig;  //? optimizer=momentum
use burn::optim::{AdamConfig, GradientsParams};  //? optimizer=adam
use burn::optim::{GradientsParams, SgdConfig};  //? optimizer!=adam
use burn::tensor::activation::relu;  //? activation=relu
use burn::tensor::activation::gelu;  //? activation=gelu
use burn::tensor::activation::tanh;  //? activation=tanh
use burn::tensor::activation::sigmoid;  //? activation=sigmoid
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};  //? !regression
use burn::tensor::{Device, Distribution, Tensor, TensorData};  //? regression
use safetensors::SafeTensors;
use std::error::Error;
use std::f64::consts::PI;  //? dataset=spirals|circles|moons

const FEATURES: usize = 2;  //= features
const HIDDEN_DIMS: &[usize] = &[32, 32, 32];  //= hidden_dims
const CLASSES: usize = 2;  //= classes
const LEARNING_RATE: f64 = 0.01;  //= learning_rate
const BATCH_SIZE: usize = 64;  //= batch_size
const WEIGHT_DECAY: f64 = 0.01;  //= weight_decay  //? weight_decay
const STEPS: usize = 1500;  //= steps
const SEED: u64 = 1;  //= seed
const NOISE: f64 = 0.03;  //= noise  //? generated noise
const N_POINTS: usize = 600;  //? generated

/// Samples `x` `[n, FEATURES]` and their classes `[n]`.  //? !regression
type Samples = (Tensor<2>, Tensor<1, Int>);  //? !regression
/// Samples `x` `[n, FEATURES]` and the numbers to predict `[n, 1]`.  //? regression
type Samples = (Tensor<2>, Tensor<2>);  //? regression

/// An activation function.
type Activation = fn(Tensor<2>) -> Tensor<2>;

/// A multilayer perceptron with `L` hidden layers.
///
/// ```text
/// h_0    = x
/// z_l    = h_{l-1} W_l + b_l    for l = 1, ..., L + 1  //? bias
/// z_l    = h_{l-1} W_l          for l = 1, ..., L + 1  //? !bias
/// h_l    = f(z_l)               for l = 1, ..., L
/// logits = z_{L+1}
/// ```
#[derive(Module, Debug)]
struct Mlp {
    /// Each weight is `[inputs, outputs]`.
    layers: Vec<Linear>,
    #[module(skip)]
    activation: Activation,
}

impl Mlp {
    /// Draws the weights. The variance `gain^2 / d_in` of a weight keeps the mean square of the signal about the
    /// same from layer to layer.
    fn new(activation: Activation, gain: f64, device: &Device) -> Self {
        let dims = [&[FEATURES], HIDDEN_DIMS, &[CLASSES]].concat();
        let last = dims.len() - 2;
        let layer = |l: usize| {
            let [d_in, d_out] = [dims[l], dims[l + 1]];
            let gain = if l == last { 1.0 } else { gain }; // No activation function follows the last layer.
            let draw = |k: f64| Distribution::Uniform(-k, k);
            let k = gain * (3.0 / d_in as f64).sqrt(); // U(-k, k) has the variance k^2 / 3.  //@ weights
            let weight = Tensor::random([d_in, d_out], draw(k), device);  //@ weights
            let bias = Some(Tensor::random([d_out], draw(1.0 / (d_in as f64).sqrt()), device));  //? bias  //@ biases
            let bias = None;  //? !bias
            Linear { weight: Param::from_tensor(weight), bias: bias.map(Param::from_tensor) }
        };
        Self { layers: (0..=last).map(layer).collect(), activation }
    }

    /// Returns the logits `[batch, d_out]` for `x` `[batch, d_in]`.
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        let mut h = x;
        for layer in &self.layers[..last] {
            let z = layer.forward(h);  //@ affine
            h = (self.activation)(z);  //@ activation
        }
        self.layers[last].forward(h)  //@ logits
    }

    /// Returns the weight and the bias of the one layer that equals a network without activation function.
    fn single_layer(&self) -> (Tensor<2>, Tensor<2>) {
        let device = &self.devices()[0];
        // W = W_1 W_2 ... W_{L+1} and b = (... (b_1 W_2 + b_2) ...) W_{L+1} + b_{L+1}  //? bias
        // W = W_1 W_2 ... W_{L+1}, and b is 0  //? !bias
        let (mut w, mut b) = (Tensor::eye(FEATURES, device), Tensor::zeros([1, FEATURES], device));
        for layer in &self.layers {
            w = w.matmul(layer.weight.val());  //@ single-layer
            b = layer.forward(b);  //@ single-layer
        }
        (w, b)
    }
}

/// Returns its input: no activation function.
fn identity(z: Tensor<2>) -> Tensor<2> {
    z
}

//{ generated
/// Draws points of two classes in the plane.
fn points(device: &Device) -> Samples {
    let uniform = || Tensor::<1>::random([N_POINTS], Distribution::Default, device);
    let y = Tensor::<1, Int>::arange(0..N_POINTS as i64, device) % 2;
    let sign = y.clone().float() * -2.0 + 1.0; // +1 for class 0, -1 for class 1.  //? dataset!=circles
    let t = uniform();
    //{ dataset=spirals
    // Two arms of 1.5 turns each. The square root spreads the points evenly along an arm.
    let (r, angle) = (t.clone().sqrt() * 0.9 + 0.05, t.sqrt() * (3.0 * PI));  //@ samples
    let (a, b) = (sign.clone() * r.clone() * angle.clone().cos(), sign * r * angle.sin());  //@ samples
    //}
    //{ dataset=circles
    // A disk of radius 0.45 (class 0) inside a ring (class 1).
    let s = uniform();
    let r = (s.clone().sqrt() * 0.45).mask_where(y.clone().equal_elem(1), s * 0.2 + 0.75);  //@ samples
    let angle = t * (2.0 * PI);  //@ samples
    let (a, b) = (r.clone() * angle.clone().cos(), r * angle.sin());  //@ samples
    //}
    //{ dataset=moons
    // Two interleaved half circles.
    let angle = t * PI;  //@ samples
    let a = sign.clone() * (angle.clone().cos() * 0.6 - 0.3);  //@ samples
    let b = sign * (angle.sin() * 0.6 - 0.15);  //@ samples
    //}
    //{ dataset=xor
    // Four squares. Opposite squares have the same class: 0 where the coordinates have the same sign.
    let side = uniform().greater_elem(0.5).float() * 2.0 - 1.0;
    let (a, b) = (side.clone() * (t * 0.9 + 0.05), side * sign * (uniform() * 0.9 + 0.05));  //@ samples
    //}
    let x = Tensor::stack::<2>(vec![a, b], 1);
    let x = x + Tensor::random([N_POINTS, 2], Distribution::Normal(0.0, NOISE), device);  //? noise  //@ samples
    (x, y)
}

//}
/// Returns mini-batches without end. Every epoch is a new shuffle; samples that do not fill a batch are dropped.
fn endless_batches((x, y): Samples, device: &Device) -> impl Iterator<Item = Samples> {
    let (n, device) = (y.dims()[0], device.clone());
    let batch_size = BATCH_SIZE.min(n);
    let epoch = move || {
        let order = Tensor::<1>::random([n], Distribution::Default, &device).argsort(0);
        let (x, y) = (x.clone().select(0, order.clone()), y.clone().select(0, order));
        (0..n / batch_size).map(move |batch| {
            let start = batch * batch_size;
            (x.clone().narrow(0, start, batch_size), y.clone().narrow(0, start, batch_size))
        })
    };
    std::iter::repeat_with(epoch).flatten()
}

//{ !regression
/// Returns the fraction of samples whose largest logit is that of their class.
fn accuracy(net: &Mlp, (x, y): &Samples) -> f32 {
    let predicted = net.valid().forward(x.clone().inner()).argmax(1).squeeze_dim::<1>(1);
    predicted.equal(y.clone().inner()).float().mean().into_scalar()  //@ accuracy
}
//}
//{ regression
/// Returns the root mean squared error, in the units of the set-up file: a table is standardized.
fn error(net: &Mlp, (x, y): &Samples) -> f32 {
    let errors = net.valid().forward(x.clone().inner()) - y.clone().inner();
    errors.square().mean().sqrt().into_scalar()  //@ accuracy
}
//}

/// A network after training.
struct Trained {
    net: Mlp,
    /// The loss of every step.
    losses: Vec<f32>,
    /// The gradient norm of each layer's weight at the first step.
    norms: Vec<f32>,
}

/// Trains on batches.
fn train(mut net: Mlp, batches: impl Iterator<Item = Samples>) -> Trained {
    let cross_entropy = CrossEntropyLossConfig::new().init(&net.devices()[0]);  //? !regression
    // m <- 0.9 m + 0.1 g,  v <- 0.999 v + 0.001 g^2  //? optimizer=adam
    // w <- w - lr m / (1 - 0.9^t) / (sqrt(v / (1 - 0.999^t)) + 1e-8)  //? optimizer=adam
    let mut optimizer = AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-8).init();  //? optimizer=adam  //@ update
    // v <- 0.9 v + g,  w <- w - lr v  //? optimizer=momentum
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);  //? optimizer=momentum  //@ update
    let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init();  //? optimizer=momentum  //@ update
    // w <- w - lr g  //? optimizer=sgd
    let mut optimizer = SgdConfig::new().init();  //? optimizer=sgd  //@ update
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for (x, y) in batches {
        let loss = cross_entropy.forward(net.forward(x), y); // Mean of -log softmax(logits)[y].  //? !regression  //@ loss
        let loss = (net.forward(x) - y).square().mean(); // Mean of (output - y)^2.  //? regression  //@ loss
        let squares = net.layers.iter().map(|layer| layer.weight.val().square().sum());  //? weight_decay  //@ loss
        let objective = squares.fold(loss.clone(), |sum, squares| sum + squares * (WEIGHT_DECAY / 2.0));  //? weight_decay  //@ loss
        let grads = objective.backward(); // Adds WEIGHT_DECAY * w to each gradient.  //? weight_decay  //@ gradients
        let grads = loss.backward();  //? !weight_decay  //@ gradients
        if norms.is_empty() {
            let grads = net.layers.iter().filter_map(|layer| layer.weight.val().grad(&grads));
            norms = grads.map(|grad| grad.square().sum().sqrt().into_scalar::<f32>()).collect();  //@ gradients
        }
        let grads = GradientsParams::from_grads(grads, &net);
        net = optimizer.step(LEARNING_RATE, net, grads);  //@ update
        losses.push(loss.into_scalar::<f32>());
    }
    Trained { net, losses, norms }
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

    /// Sets the weights of a network to the lab's. PyTorch's weights are `[outputs, inputs]`.
    fn load(&self, arm: &str, net: &mut Mlp) -> Result<(), Box<dyn Error>> {
        for (l, layer) in net.layers.iter_mut().enumerate() {
            let weight = self.tensor::<2>(&format!("{arm}.0.layers.{l}.weight"))?.transpose().detach();
            if weight.dims() != layer.weight.dims() {
                return Err("The set-up file is for other settings. Download both again.".into());
            }
            layer.weight = Param::from_tensor(weight);
            let bias = self.tensor::<1>(&format!("{arm}.0.layers.{l}.bias"))?;  //? bias
            layer.bias = Some(Param::from_tensor(bias));  //? bias
        }
        Ok(())
    }

    /// Returns the lab's first batches.
    fn batches(&self) -> Vec<Samples> {
        let batch = |n: usize| {
            let (x, y) = (self.tensor(&format!("batch{n}.x")), self.tensor::<2>(&format!("batch{n}.y")));
            Some((x.ok()?, y.ok()?.argmax(1).squeeze_dim(1))) // The file has one-hot rows.  //? !regression
            Some((x.ok()?, y.ok()?))  //? regression
        };
        (1..).map_while(batch).collect()
    }

    /// Returns the largest relative difference between the first three losses and the lab's.
    fn error(&self, arm: &str, losses: &[f32]) -> Result<f32, Box<dyn Error>> {
        let lab = self.tensor::<1>(&format!("{arm}.loss"))?.into_data();
        let pairs = losses.iter().zip(lab.iter::<f32>()).take(3);
        Ok(pairs.map(|(ours, lab)| (ours - lab).abs() / lab.abs()).fold(0.0, f32::max))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let steps = option("--steps").map_or(Ok(STEPS), |steps| steps.parse())?.max(1);
    let path = option("--setup").unwrap_or_else(|| "nn-lab-mlp-setup.safetensors".to_owned());

    let device = Device::flex().autodiff();
    device.seed(SEED);
    let bytes = std::fs::read(&path).ok();
    let setup = match &bytes {
        Some(bytes) => {
            let file = SafeTensors::deserialize(bytes);
            let file = file.map_err(|_| format!("{path} is not a set-up file. Download it again."))?;
            Some(Setup { file, device: device.clone() })
        }
        None => None,
    };
    let recorded = setup.as_ref().map_or_else(Vec::new, Setup::batches);
    match recorded.len() {
        0 => println!("There is no {path}: weights are drawn from the same distributions as the lab's."),
        n => println!("Starting from the lab's weights, with the lab's first {n} batches."),
    }
    let (train_set, test_set) = (points(&device), points(&device));  //? generated
    //{ !generated
    if recorded.is_empty() {
        return Err(format!("The samples are in {path}. Download it from the page.").into());
    }
    let (x, y) = recorded.iter().cloned().unzip::<_, _, Vec<_>, Vec<_>>();
    let train_set = (Tensor::cat(x, 0), Tensor::cat(y, 0));
    println!("Training uses only the {} samples of the set-up file's batches.", train_set.1.dims()[0]);
    //}

    let nets: [(&str, &str, Activation, f64); 2] = [
        // Title, name in the set-up file, activation function, and gain of the initial weights.
        ("linear", "linear", identity, 1.0),
        // ReLU drops half of the mean square.  //? activation=relu
        ("non-linear", "activated", relu::<2>, 2f64.sqrt()),  //? activation=relu
        // GELU drops about half of the mean square.  //? activation=gelu
        ("non-linear", "activated", gelu::<2>, 2f64.sqrt()),  //? activation=gelu
        ("non-linear", "activated", tanh::<2>, 1.0),  //? activation=tanh
        ("non-linear", "activated", sigmoid::<2>, 1.0),  //? activation=sigmoid
        ("non-linear", "activated", identity, 1.0),  //? activation=identity
    ];
    let mut trained = Vec::new();
    for (title, arm, activation, gain) in nets {
        device.seed(SEED); // Both networks get the same random numbers, for weights and batches.
        let mut net = Mlp::new(activation, gain, &device);
        if let Some(setup) = &setup {
            setup.load(arm, &mut net)?;
        }
        // The lab has another random number generator, so after its batches the losses differ in detail.
        let batches = recorded.iter().cloned().chain(endless_batches(train_set.clone(), &device));
        let result = train(net, batches.take(steps));
        if let Some(setup) = &setup {
            let error = setup.error(arm, &result.losses)?;
            let verdict = if error <= 1e-4 { "agree with" } else { "differ from" };
            println!("{title}: The first three losses {verdict} the lab's: relative error {error:.0e}.");
        }
        trained.push(result);
    }

    let row = |name: &str, value: &dyn Fn(&Trained) -> String| {
        println!("{name:<46}{:>12}{:>12}", value(&trained[0]), value(&trained[1]));
    };
    println!("\n{:<46}{:>12}{:>12}", "", nets[0].0, nets[1].0);
    for step in (1..=steps).filter(|step| *step <= 3 || step % (steps / 5).max(1) == 0) {
        row(&format!("Loss at step {step}"), &|arm| format!("{:.4}", arm.losses[step - 1]));
    }
    let last = |losses: &[f32]| losses.iter().rev().take(20).sum::<f32>() / losses.len().min(20) as f32;
    row("Loss, mean of the last 20 steps", &|arm| format!("{:.4}", last(&arm.losses)));
    row("Training accuracy", &|arm| format!("{:.1}%", 100.0 * accuracy(&arm.net, &train_set)));  //? !regression
    row("Training error", &|arm| format!("{:.4}", error(&arm.net, &train_set)));  //? regression
    row("Test accuracy", &|arm| format!("{:.1}%", 100.0 * accuracy(&arm.net, &test_set)));  //? generated
    let ratio = |norms: &[f32]| norms[0] / norms[norms.len() - 1];
    row("Gradient norm at step 1, first layer / last", &|arm| format!("{:.3}", ratio(&arm.norms)));
    row("Parameters", &|arm| arm.net.num_params().to_string());

    let linear = trained[0].net.valid();
    let x = train_set.0.inner();
    let (w, b) = linear.single_layer();
    let single = x.clone().matmul(w) + b;  //@ single-layer
    let difference = (linear.forward(x) - single).abs().max().into_scalar::<f32>();
    println!("\nThe linear network and its single layer differ by at most {difference:.1e}: rounding.");
    Ok(())
}
