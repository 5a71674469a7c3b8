//! How does a token find the one that it asks about?
//!
//{ task=look-up
//! Each token has a name and a value, and asks for the value of a token by its name. One layer of attention learns to look
//! it up. Two networks start from the same weights and see the same batches: one divides its scores by `sqrt(d_k)`, the
//! other does not.
//}
//{ task=two-look-ups
//! Each token has a name and a value, and asks for the values of two tokens by their names. One layer of attention learns
//! to look them up. Two networks with the same number of parameters see the same batches: one has several heads, the other
//! a single one.
//}
//! This program builds attention from burn's `Linear` and matrix products, and measures where each head looks.
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE]`. If the lab's set-up file is in the current folder,
//! training starts from the lab's weights and batches, and the first three losses are compared.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::{AdamConfig, GradientsParams, ModuleOptimizer};  //? optimizer=adam
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};  //? optimizer=sgd
use burn::optim::momentum::MomentumConfig;  //? optimizer=momentum
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};  //? optimizer=momentum
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Distribution, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use std::error::Error;

const N_TOKENS: usize = 8;  //= n_tokens  //@ data
const N_VALUES: usize = 8; // different values that a token can have  //@ data
const D_MODEL: usize = 32;  //= d_model  //@ embedding
const N_HEADS: usize = 2;  //= n_heads  //@ split-heads
const D_K: usize = 64;  //= d_k  //@ projections
const LENGTH: usize = 6;  //= length  //? mask=padding  //@ mask
const SIGMA: f64 = 1.0;  //= sigma  //@ initialization
const BATCH_SIZE: usize = 32;  //= batch_size
const LEARNING_RATE: f64 = 0.003;  //= learning_rate  //@ update
const STEPS: usize = 200;  //= steps
const SEED: u64 = 1;  //= seed
//{ task=look-up
const N_QUESTIONS: usize = 1; // names that each token asks for  //@ data
/// The loss in nats below which the task counts as solved; chance is ln 8 = 2.08.
const SOLVED_BELOW: f32 = 0.5;
//}
//{ task=two-look-ups
const N_QUESTIONS: usize = 2; // names that each token asks for  //@ data
/// The loss in nats below which the task counts as solved; chance is ln 8 = 2.08.
const SOLVED_BELOW: f32 = 0.15;
/// The heads share the key dimension. A single head is as large as all of them together.
const D_HEAD: usize = if D_K < N_HEADS { 1 } else { D_K / N_HEADS };  //@ split-heads
//}
/// The length of a token: its name, the names that it asks for, and its value, one-hot each.
const D_IN: usize = N_TOKENS + N_QUESTIONS * N_TOKENS + N_VALUES;  //@ data
/// The number of sequences on which the networks are measured.
const N_HELD_OUT: usize = 64;

/// Returns `softmax(scale q k^T) v`: an average of the values of all keys, weighted by how well each key fits the query.
/// The weights are returned as well.
///
/// - q: `[batch, heads, queries, d_k]`
/// - k, v: `[batch, heads, keys, d_k or d_v]`
/// - mask: true where a query must not see a key, `[batch, heads, queries, keys]` or 1 in place of any of them
/// - output: `[batch, heads, queries, d_v]`; weights: `[batch, heads, queries, keys]`
fn scaled_dot_product_attention(
    q: Tensor<4>,
    k: Tensor<4>,
    v: Tensor<4>,
    mask: Option<Tensor<4, Bool>>,
    scale: f64,
) -> (Tensor<4>, Tensor<4>) {
    let scores = q.matmul(k.swap_dims(2, 3)); // s_ij = q_i . k_j  //@ scores
    let scores = scores * scale; // variance 1 if the entries of q and k have variance 1  //@ scale
    let weights = match mask {
        None => softmax(scores, 3), // over the keys: each query's weights sum to 1  //@ softmax
        // The masked score is finite, because the softmax of a row of infinities is NaN. The weights are masked as well,
        // because a query may see no key at all.
        Some(mask) => softmax(scores.mask_fill(mask.clone(), -1e30), 3).mask_fill(mask, 0.0),  //@ mask softmax
    };
    (weights.clone().matmul(v), weights) // y_i = sum over j of a_ij v_j  //@ weighted-sum
}

/// Returns the paper's factor of the scores, `1 / sqrt(d_k)`.
fn paper_scale(d_k: usize) -> f64 {
    1.0 / (d_k as f64).sqrt()  //@ scale
}

/// `MultiHead(X) = Concat(head_1, ..., head_h) W^O`, where `head_i = Attention(X W_i^Q, X W_i^K, X W_i^V)`. One layer holds
/// the `W_i` of all heads next to each other.
#[derive(Module, Debug)]
struct MultiHeadAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    n_heads: usize,
    scale: f64,
}

impl MultiHeadAttention {
    fn new(n_heads: usize, d_head: usize, scale: f64, device: &Device) -> Self {
        // U(-sqrt(3 / d), sqrt(3 / d)) has variance 1 / d, so a sum of d terms keeps the variance.
        let (bound, d_inner) = ((3.0 / D_MODEL as f64).sqrt(), n_heads * d_head);  //@ initialization
        Self {
            query: linear(D_MODEL, d_inner, SIGMA * bound, device),  //@ projections initialization
            key: linear(D_MODEL, d_inner, SIGMA * bound, device),  //@ projections initialization
            value: linear(D_MODEL, d_inner, bound, device),  //@ projections initialization
            output: linear(d_inner, D_MODEL, (3.0 / d_inner as f64).sqrt(), device),  //@ output-projection initialization
            n_heads,
            scale,
        }
    }

    /// Returns `[batch, heads, n, d_head]` for `[batch, n, heads d_head]`.
    fn split_heads(&self, x: Tensor<3>) -> Tensor<4> {
        let [batch, n, d_inner] = x.dims();  //@ split-heads
        // Reshaped first, because the numbers of a head are adjacent; then heads and positions change places.
        x.reshape([batch, n, self.n_heads, d_inner / self.n_heads]).swap_dims(1, 2)  //@ split-heads
    }

    /// Returns the output for `x` `[batch, n, D_MODEL]`, of the same shape, and the weights, `[batch, heads, n, n]`.
    fn forward(&self, x: Tensor<3>, mask: Option<Tensor<4, Bool>>) -> (Tensor<3>, Tensor<4>) {
        let q = self.split_heads(self.query.forward(x.clone()));  //@ projections split-heads
        let k = self.split_heads(self.key.forward(x.clone()));  //@ projections split-heads
        let v = self.split_heads(self.value.forward(x));  //@ projections split-heads
        let (heads, weights) = scaled_dot_product_attention(q, k, v, mask, self.scale);
        let concatenated = heads.swap_dims(1, 2).flatten(2, 3); // [batch, n, heads d_head]  //@ merge-heads
        (self.output.forward(concatenated), weights)  //@ output-projection
    }
}

/// Returns a layer without bias and with weights from U(-bound, bound).
fn linear(d_in: usize, d_out: usize, bound: f64, device: &Device) -> Linear {
    let weight = Tensor::random([d_in, d_out], Distribution::Uniform(-bound, bound), device);  //@ initialization
    Linear { weight: Param::from_tensor(weight), bias: None }
}

/// Embedding, one layer of attention, and a readout: `logits = MultiHead(x E) U`. There is no residual connection, so
/// whatever a token knows about the others went through the attention weights.
#[derive(Module, Debug)]
struct LookupNet {
    embed: Linear,
    attention: MultiHeadAttention,
    readout: Linear,
}

impl LookupNet {
    fn new(n_heads: usize, d_head: usize, scale: f64, device: &Device) -> Self {
        device.seed(SEED); // the same initial weights for both networks
        Self {
            // A token has 2 + N_QUESTIONS ones.
            embed: linear(D_IN, D_MODEL, (3.0 / (2 + N_QUESTIONS) as f64).sqrt(), device),  //@ embedding initialization
            attention: MultiHeadAttention::new(n_heads, d_head, scale, device),
            readout: linear(D_MODEL, N_QUESTIONS * N_VALUES, (3.0 / D_MODEL as f64).sqrt(), device),  //@ readout initialization
        }
    }

    /// Returns logits `[batch n N_QUESTIONS, N_VALUES]` for `x` `[batch, n, D_IN]`, and weights `[batch, heads, n, n]`.
    fn forward(&self, x: Tensor<3>) -> (Tensor<2>, Tensor<4>) {
        let (output, weights) = self.attention.forward(self.embed.forward(x), None);  //@ embedding
        let logits = self.readout.forward(output).reshape([-1, N_VALUES as i32]);  //@ readout
        (logits, weights)
    }
}

/// Sequences of tokens.
struct Batch {
    /// The tokens, `[batch, n, D_IN]`.
    x: Tensor<3>,
    /// The values that they ask for, `[batch n N_QUESTIONS]`.
    answers: Tensor<1, Int>,
}

/// Draws sequences, and the positions of the values asked for, `[batch, n]` for each question. The names in a sequence are a
/// permutation, so exactly one token has the answer to a question. A token may ask about itself.
fn draw(batch: usize, device: &Device) -> (Batch, [Tensor<2, Int>; N_QUESTIONS]) {
    let below = |end: usize| {
        Tensor::<2, Int>::random([batch, N_TOKENS], Distribution::Uniform(0.0, end as f64), device)
    };
    let names = Tensor::<2>::random([batch, N_TOKENS], Distribution::Default, device).argsort(1); // a permutation  //@ data
    let values = below(N_VALUES);  //@ data
    let asks = [below(N_TOKENS)];  //? task=look-up  //@ data
    //{ task=two-look-ups
    let first = below(N_TOKENS);  //@ data
    let second = (first.clone() + below(N_TOKENS - 1) + 1).remainder_scalar(N_TOKENS as i32); // another name  //@ data
    let asks = [first, second];  //@ data
    //}
    let position_of = names.clone().argsort(1); // the inverse permutation: the position of each name  //@ data
    let positions = asks.each_ref().map(|asks| position_of.clone().gather(1, asks.clone()));  //@ data
    let answers = positions.each_ref().map(|positions| values.clone().gather(1, positions.clone()));  //@ data
    let mut x = vec![names.one_hot::<3>(N_TOKENS)];  //@ data
    x.extend(asks.map(|asks| asks.one_hot::<3>(N_TOKENS)));  //@ data
    x.push(values.one_hot::<3>(N_VALUES));  //@ data
    let answers = Tensor::stack::<3>(answers.into(), 2).flatten(0, 2);  //@ data
    (Batch { x: Tensor::cat(x, 2).float(), answers }, positions)
}

/// Returns the mean entropy of the weights in nats: 0 for all weight on one key, ln n for equal weights on n keys.
fn entropy(weights: Tensor<4>) -> f32 {
    (weights.clone() * -weights.clamp_min(1e-30).log()).sum_dim(3).mean().into_scalar()  //@ entropy
}

/// Prints what the scale does to the weights of random queries and keys.
fn random_queries_and_keys(device: &Device) {
    device.seed(SEED);
    let random = || Tensor::<4>::random([64, 1, N_TOKENS, D_K], Distribution::Normal(0.0, SIGMA), device);
    let (q, k, v) = (random(), random(), random());
    let mask = None;  //? mask=none  //@ mask
    let key = Tensor::<1, Int>::arange(0..N_TOKENS as i64, device).reshape([1, 1, 1, N_TOKENS]);  //? mask!=none  //@ mask
    let key = key.expand([1, 1, N_TOKENS, N_TOKENS]);  //? mask=causal  //@ mask
    let mask = Some(key.clone().greater(key.swap_dims(2, 3))); // keys after the query  //? mask=causal  //@ mask
    let mask = Some(key.greater_equal_scalar(LENGTH as i64)); // keys after the end, which are padding  //? mask=padding  //@ mask
    println!("random queries and keys   entropy   largest weight");
    for (title, scale) in [("scaled", paper_scale(D_K)), ("unscaled", 1.0)] {
        let (_, weights) = scaled_dot_product_attention(q.clone(), k.clone(), v.clone(), mask.clone(), scale);
        let largest = weights.clone().max_dim(3).mean().into_scalar::<f32>();
        println!("{title:23}{:10.3}{largest:17.3}", entropy(weights));
    }
    println!();
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

    /// Replaces a layer's weight. PyTorch's is `[d_out, d_in]`, burn's is `[d_in, d_out]`.
    fn load(&self, layer: &mut Linear, name: &str) -> Result<(), Box<dyn Error>> {
        let weight = self.tensor::<2>(&format!("{name}.weight"))?.transpose().detach();
        if weight.dims() != layer.weight.dims() {
            return Err("The set-up file was saved for other settings. Download it together with the program.".into());
        }
        layer.weight = Param::from_tensor(weight);
        Ok(())
    }

    /// Replaces the weights of a network by the lab's before the first step.
    fn load_net(&self, arm: &str, net: &mut LookupNet) -> Result<(), Box<dyn Error>> {
        self.load(&mut net.embed, &format!("{arm}.0.embed"))?;
        self.load(&mut net.attention.query, &format!("{arm}.0.attention.query"))?;
        self.load(&mut net.attention.key, &format!("{arm}.0.attention.key"))?;
        self.load(&mut net.attention.value, &format!("{arm}.0.attention.value"))?;
        self.load(&mut net.attention.output, &format!("{arm}.0.attention.output"))?;
        self.load(&mut net.readout, &format!("{arm}.0.readout"))
    }

    /// Returns batch `n`, counted from 1, or an error after the last one.
    fn batch(&self, n: usize) -> Result<Batch, Box<dyn Error>> {
        let y = self.tensor::<2>(&format!("batch{n}.y"))?;
        Ok(Batch { x: self.tensor(&format!("batch{n}.x"))?, answers: y.argmax(1).squeeze_dim(1) })
    }
}

/// Returns the optimizer.
fn optimizer() -> ModuleOptimizer {
    // m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, w <- w - lr m' / (sqrt(v') + epsilon)  //? optimizer=adam
    AdamConfig::new().with_beta_1(0.9).with_beta_2(0.999).with_epsilon(1e-8).init()  //? optimizer=adam  //@ update
    //{ optimizer=momentum
    // v <- 0.9 v + g, w <- w - lr v
    let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);  //@ update
    SgdConfig::new().with_momentum(Some(momentum)).init()  //@ update
    //}
    // w <- w - lr g  //? optimizer=sgd
    SgdConfig::new().init()  //? optimizer=sgd  //@ update
}

/// Returns the mean loss of the ten steps before `end`.
fn mean_loss(losses: &[f32], end: usize) -> f32 {
    let last = &losses[end.saturating_sub(10)..end];
    last.iter().sum::<f32>() / last.len().max(1) as f32
}

/// Trains a network and prints its losses and measurements.
fn train(arm: &str, mut net: LookupNet, setup: Option<&Setup>, steps: usize, device: &Device) -> Result<(), Box<dyn Error>> {
    if let Some(setup) = setup {
        setup.load_net(arm, &mut net)?;
    }
    // The same seed for both networks, so they see the same batches. The lab has another random number generator, so batches
    // after those of the set-up file, and with them the losses, differ in detail.
    device.seed(SEED);
    let recorded = (1..).map_while(|n| setup?.batch(n).ok());
    let batches = recorded.chain(std::iter::repeat_with(|| draw(BATCH_SIZE, device).0));
    let cross_entropy = CrossEntropyLossConfig::new().init(device);
    let mut optimizer = optimizer();
    let mut losses = Vec::new();
    for (step, Batch { x, answers }) in (1..=steps).zip(batches) {
        let (logits, _) = net.forward(x);
        let loss = cross_entropy.forward(logits, answers); // mean of -ln softmax(logits)[answer]  //@ loss
        let grads = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(LEARNING_RATE, net, grads);  //@ update
        losses.push(loss.into_scalar::<f32>());
        if let Some(setup) = setup.filter(|_| step == 3) {
            let lab = setup.tensor::<1>(&format!("{arm}.loss"))?.into_data();
            let errors = losses.iter().zip(lab.iter::<f32>()).map(|(ours, lab)| (ours - lab).abs() / lab.abs());
            let error = errors.fold(0.0, f32::max);
            let verdict = if error <= 1e-4 { "agree with" } else { "differ from" };
            println!("{arm}: The first three losses {verdict} the lab's: largest relative error {error:.0e}.");
        }
        if step <= 3 || step % (steps / 10).max(1) == 0 {
            println!("{arm}: step {step:5}   loss {:.4}", losses[step - 1]);
        }
    }

    let device = device.clone().inner(); // without autodiff
    device.seed(SEED + 1_000_000);
    let (Batch { x, answers }, positions) = draw(N_HELD_OUT, &device);
    let (logits, weights) = net.valid().forward(x);
    let accuracy = logits.argmax(1).squeeze_dim::<1>(1).equal(answers).float().mean().into_scalar::<f32>();
    // 1 where a token asks about another, [64, 1, n, n]
    let asked_about = positions.map(|positions| positions.one_hot::<3>(N_TOKENS)).into_iter().reduce(|a, b| a + b);
    let asked_about = asked_about.ok_or("There is no question.")?.float().unsqueeze_dim::<4>(1);
    let on_asked = (weights.clone() * asked_about).sum_dim(3).mean_dim(0).mean_dim(2).into_data();  //@ right-weight
    let solved = (10..=losses.len()).find(|&end| mean_loss(&losses, end) < SOLVED_BELOW);
    println!(
        "{arm}: loss {:.4}, solved at step {}, accuracy {accuracy:.3}, entropy {:.3}, weight on the tokens asked about {}\n",
        mean_loss(&losses, losses.len()),
        solved.map_or("-".to_owned(), |step| step.to_string()),
        entropy(weights),
        on_asked.iter::<f32>().map(|weight| format!("{weight:.3}")).collect::<Vec<_>>().join("  "),
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let steps = option("--steps").map_or(Ok(STEPS), |steps| steps.parse())?;
    let path = option("--setup").unwrap_or_else(|| "nn-lab-attention-setup.safetensors".to_owned());

    let device = Device::flex().autodiff();
    random_queries_and_keys(&device);
    let bytes = std::fs::read(&path).ok();
    let setup = match &bytes {
        Some(bytes) => {
            println!("Starts from the lab's weights and batches in {path}.");
            Some(Setup { file: SafeTensors::deserialize(bytes)?, device: device.clone() })
        }
        None => {
            println!("There is no {path}: initial weights and all batches are drawn here, from the same distributions.");
            None
        }
    };
    let setup = setup.as_ref();
    //{ task=look-up
    train("scaled", LookupNet::new(N_HEADS, D_K, paper_scale(D_K), &device), setup, steps, &device)?;  //@ scale
    train("unscaled", LookupNet::new(N_HEADS, D_K, 1.0, &device), setup, steps, &device)  //@ scale
    //}
    //{ task=two-look-ups
    let d_one = N_HEADS * D_HEAD;  //@ split-heads
    train("heads", LookupNet::new(N_HEADS, D_HEAD, paper_scale(D_HEAD), &device), setup, steps, &device)?;  //@ split-heads
    train("one_head", LookupNet::new(1, d_one, paper_scale(d_one), &device), setup, steps, &device)  //@ split-heads
    //}
}
