//! A transformer that writes, one character at a time  //? task=text
//! A transformer that copies what it has seen  //? task=repeat
//!
//{ task=text
//! A decoder-only transformer reads a text and predicts the next character at every position. This program builds the model
//! from burn's `Linear`, `Embedding` and `LayerNorm`, trains it, and lets it write.
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE] [--text FILE]`, where the text is in UTF-8. If the lab's
//! set-up file is in the current folder, training starts from the lab's weights and batches, and the first three losses are
//! compared.
//}
//{ task=repeat
//! A decoder-only transformer reads random sequences that repeat and predicts the next token at every position. This program
//! builds the model from burn's `Linear`, `Embedding` and `LayerNorm`, trains it, and measures whether it copies.
//!
//! Run it with `cargo run --release -- [--steps N] [--setup FILE]`. If the lab's set-up file is in the current folder,
//! training starts from the lab's weights and batches, and the first three losses are compared.
//}

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamGroup};  //? clip weight_decay
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};  //? clip !weight_decay
use burn::module::{Module, ModuleMapper, Param, ParamGroup};  //? !clip weight_decay
use burn::module::{Module, ModuleMapper, Param};  //? !clip !weight_decay
use burn::nn::{Dropout, DropoutConfig};  //? dropout
use burn::nn::{Embedding, EmbeddingConfig, Initializer, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::activation::{gelu, log_softmax, softmax};  //? mlp
use burn::tensor::activation::{log_softmax, softmax};  //? !mlp
use burn::tensor::{Bool, Device, Distribution, Int, Tensor, TensorData};
use safetensors::SafeTensors;
use std::collections::BTreeSet;  //? task=text
use std::error::Error;
use std::path::Path;

const LAYERS: usize = 3;  //= layers
const HEADS: usize = 4;  //= heads
const D_MODEL: usize = 64;  //= d_model
const CONTEXT: usize = 256;  //= context
const BATCH_SIZE: usize = 8;  //= batch_size
const STEPS: usize = 2420;  //= steps
const LEARNING_RATE: f64 = 0.003;  //= learning_rate
const WARMUP: usize = 100;  //= warmup
const BETA_1: f32 = 0.9;  //= beta1
const BETA_2: f32 = 0.99;  //= beta2
const WEIGHT_DECAY: f32 = 0.1;  //= weight_decay  //? weight_decay
const MAX_NORM: f64 = 1.0;  //= clip  //? clip
const DROPOUT: f64 = 0.2;  //= dropout  //? dropout
const SAMPLE_LENGTH: usize = 160;  //= sample_length  //? sample_length task=text
const SEED: u64 = 1;  //= seed
const VOCABULARY: usize = 24;  //? task=repeat

/// Returns `softmax(q k^T / sqrt(d_k)) v` (Vaswani et al. 2017, equation 1).
///
/// - q, k, v: `[batch, heads, n, d_k]`
/// - mask: true where a query must not see a key, `[batch, heads, n, n]` or 1 in place of any of them
/// - output: `[batch, heads, n, d_k]`
fn scaled_dot_product_attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, mask: Option<Tensor<4, Bool>>) -> Tensor<4> {
    let scale = 1.0 / (q.dims()[3] as f64).sqrt();  //@ self-attention scale
    let scores = q.matmul(k.swap_dims(2, 3)) * scale;  //@ self-attention scores
    let scores = match mask {
        Some(mask) => scores.mask_fill(mask, f32::NEG_INFINITY), // exp(-inf) = 0  //@ self-attention mask
        None => scores,
    };
    softmax(scores, 3).matmul(v) // over the keys: each query's weights sum to 1  //@ self-attention softmax
}

/// Returns a linear layer with weights from N(0, std^2) and biases of 0.
fn linear(d_in: usize, d_out: usize, std: f64, device: &Device) -> Linear {
    let normal = Initializer::Normal { mean: 0.0, std };
    let mut layer = LinearConfig::new(d_in, d_out).with_initializer(normal).init(device);
    layer.bias = Some(Initializer::Zeros.init([d_out], device));
    layer
}

/// Returns the standard deviation of initial weights. It is GPT-2's, 0.02, at its width of 768.
fn init_std() -> f64 {
    0.02 * (768.0 / D_MODEL as f64).sqrt()
}

/// `MultiHead(X) = Concat(head_1, ..., head_h) W^O`, where `head_i = Attention(X W_i^Q, X W_i^K, X W_i^V)`. One layer holds
/// the `W_i` of all heads next to each other.
#[derive(Module, Debug)]
struct MultiHeadAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
}

impl MultiHeadAttention {
    fn new(device: &Device) -> Self {
        let projection = || linear(D_MODEL, D_MODEL, init_std(), device);  //@ self-attention
        // The sum of the 2 L branches then has the variance of one.
        let output = linear(D_MODEL, D_MODEL, init_std() / (2.0 * LAYERS as f64).sqrt(), device);  //@ self-attention
        Self { query: projection(), key: projection(), value: projection(), output }
    }

    /// Returns `[batch, heads, n, d_k]` for `[batch, n, heads d_k]`.
    fn split_heads(x: Tensor<3>) -> Tensor<4> {
        let [batch, n, _] = x.dims();
        x.reshape([batch, n, HEADS, D_MODEL / HEADS]).swap_dims(1, 2)  //@ self-attention heads
    }

    /// Returns the output of every position, `[batch, n, D_MODEL]` like `x`.
    fn forward(&self, x: Tensor<3>, mask: Option<Tensor<4, Bool>>) -> Tensor<3> {
        let [batch, n, _] = x.dims();
        let [q, k, v] = [&self.query, &self.key, &self.value].map(|layer| Self::split_heads(layer.forward(x.clone())));  //@ self-attention
        let attended = scaled_dot_product_attention(q, k, v, mask);  //@ self-attention
        self.output.forward(attended.swap_dims(1, 2).reshape([batch, n, D_MODEL]))  //@ self-attention heads
    }
}

/// A pre-norm block: `a = x + MultiHead(LayerNorm(x))`, then `a + W_2 gelu(W_1 LayerNorm(a) + b_1) + b_2`.  //? mlp
/// A pre-norm block of attention only: `x + MultiHead(LayerNorm(x))`.  //? !mlp
#[derive(Module, Debug)]
struct TransformerBlock {
    norm_attention: LayerNorm,
    attention: MultiHeadAttention,
    norm_mlp: LayerNorm,  //? mlp
    up: Linear,  //? mlp
    down: Linear,  //? mlp
    dropout: Dropout,  //? dropout
}

impl TransformerBlock {
    fn new(device: &Device) -> Self {
        let norm = LayerNormConfig::new(D_MODEL);
        Self {
            norm_attention: norm.init(device),  //@ norm-1
            attention: MultiHeadAttention::new(device),  //@ self-attention
            norm_mlp: norm.init(device),  //? mlp  //@ norm-2
            up: linear(D_MODEL, 4 * D_MODEL, init_std(), device),  //? mlp  //@ feed-forward
            down: linear(4 * D_MODEL, D_MODEL, init_std() / (2.0 * LAYERS as f64).sqrt(), device),  //? mlp  //@ feed-forward
            dropout: DropoutConfig::new(DROPOUT).init(),  //? dropout
        }
    }

    fn forward(&self, x: Tensor<3>, mask: Option<Tensor<4, Bool>>) -> Tensor<3> {
        let attended = self.attention.forward(self.norm_attention.forward(x.clone()), mask);  //@ norm-1 self-attention
        let attended = self.dropout.forward(attended);  //? dropout
        let x = x + attended;  //? mlp  //@ residual
        x + attended  //? !mlp  //@ residual
        //{ mlp
        let wide = gelu(self.up.forward(self.norm_mlp.forward(x.clone())));  //@ norm-2 feed-forward
        let transformed = self.down.forward(wide);  //@ feed-forward
        let transformed = self.dropout.forward(transformed);  //? dropout
        x + transformed  //@ residual
        //}
    }
}

//{ positions=sinusoidal
/// Returns `PE(p, 2i) = sin(p / 10000^(2i/d))`, `PE(p, 2i+1) = cos(p / 10000^(2i/d))`, `[CONTEXT, D_MODEL]`. Embeddings start
/// with a length of 1, and the factor `sqrt(2 / d)` gives the positions the same length.
fn positional_encoding(device: &Device) -> Tensor<2> {
    let at = |p: usize, j: usize| {
        let angle = p as f64 / 10_000f64.powf((j - j % 2) as f64 / D_MODEL as f64);  //@ positions
        let wave = if j % 2 == 0 { angle.sin() } else { angle.cos() };  //@ positions
        ((2.0 / D_MODEL as f64).sqrt() * wave) as f32  //@ positions
    };
    let values: Vec<f32> = (0..CONTEXT).flat_map(|p| (0..D_MODEL).map(move |j| at(p, j))).collect();
    Tensor::from_data(TensorData::new(values, [CONTEXT, D_MODEL]), device)
}

//}
/// A decoder-only transformer.
#[derive(Module, Debug)]
struct Transformer {
    embedding: Embedding,
    positions: Embedding,  //? positions=learned
    table: Tensor<2>,  //? positions=sinusoidal
    dropout: Dropout,  //? dropout
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    head: Linear,  //? !tied
}

impl Transformer {
    fn new(vocabulary: usize, device: &Device) -> Self {
        let normal = |std| Initializer::Normal { mean: 0.0, std };
        let table = |n| {
            let initializer = normal(1.0 / (D_MODEL as f64).sqrt());
            EmbeddingConfig::new(n, D_MODEL).with_initializer(initializer).init(device)
        };
        let head = LinearConfig::new(D_MODEL, vocabulary).with_bias(false);  //? !tied  //@ head
        Self {
            embedding: table(vocabulary),  //@ embedding
            positions: table(CONTEXT),  //? positions=learned  //@ positions
            table: positional_encoding(device),  //? positions=sinusoidal  //@ positions
            dropout: DropoutConfig::new(DROPOUT).init(),  //? dropout
            blocks: (0..LAYERS).map(|_| TransformerBlock::new(device)).collect(),
            norm: LayerNormConfig::new(D_MODEL).init(device),  //@ norm-last
            head: head.with_initializer(normal(init_std())).init(device),  //? !tied  //@ head
        }
    }

    /// Returns the logits of the token after each position, `[batch, n, vocabulary]`, for `ids` `[batch, n]`.
    fn forward(&self, ids: Tensor<2, Int>) -> Tensor<3> {
        let [_, n] = ids.dims();  //? mask=causal
        let [_, n] = ids.dims();  //? mask=none positions!=none
        let mask: Option<Tensor<4, Bool>> = None; // each position sees all, also the one that it is to predict  //? mask=none  //@ mask
        // Each position sees itself and those before it: true above the diagonal.  //? mask=causal
        let mask = Some(Tensor::<2, Bool>::tril_mask([n, n], 0, &ids.device()).unsqueeze::<4>());  //? mask=causal  //@ mask
        let x = self.embedding.forward(ids);  //@ embedding
        let x = x + self.positions.weight.val().narrow(0, 0, n).unsqueeze::<3>();  //? positions=learned  //@ positions
        let x = x + self.table.clone().narrow(0, 0, n).unsqueeze::<3>();  //? positions=sinusoidal  //@ positions
        let x = self.dropout.forward(x);  //? dropout
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, mask.clone()));
        let x = self.norm.forward(x);  //@ norm-last
        self.head.forward(x)  //? !tied  //@ head
        x.matmul(self.embedding.weight.val().transpose().unsqueeze::<3>()) // U = E^T  //? tied  //@ head
    }

    /// Returns the loss of the prediction at each position, `[batch, n]`, for windows of `n + 1` ids.
    fn losses(&self, windows: Tensor<2, Int>) -> Tensor<2> {
        let [batch, len] = windows.dims();
        let n = len - 1;
        let logits = self.forward(windows.clone().narrow(1, 0, n));
        let log_p = log_softmax(logits, 2);  //@ loss
        let targets = windows.narrow(1, 1, n).reshape([batch, n, 1]);  //@ loss
        log_p.gather(2, targets).neg().reshape([batch, n])  //@ loss
    }
}

/// Returns the learning rate of a step; the first is 1. It rises linearly during the warm-up, then falls to a tenth along half
/// a cosine.
fn learning_rate_at(step: usize) -> f64 {
    let warmup = WARMUP.min(STEPS - 1);
    if step <= warmup {
        return LEARNING_RATE * step as f64 / (warmup + 1) as f64;  //@ schedule
    }
    let progress = ((step - warmup) as f64 / (STEPS - warmup) as f64).min(1.0);
    LEARNING_RATE * (0.1 + 0.45 * (1.0 + (std::f64::consts::PI * progress).cos()))  //@ schedule
}

//{ clip
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
    let mut scale = Scale(grads, factor);
    net.visit(&mut scale);
    scale.0
}

//}
/// The lab's weights and first batches.
struct Setup<'a> {
    file: SafeTensors<'a>,
    /// The name of the network in the file.
    network: String,
}

impl<'a> Setup<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, Box<dyn Error>> {
        let file = SafeTensors::deserialize(bytes)?;
        let network = file.names().into_iter().find_map(|name| name.strip_suffix(".loss"));
        let network = network.ok_or("The set-up file has no losses.")?.to_owned();
        Ok(Self { file, network })
    }

    /// Returns the values of a tensor and its shape.
    fn read(&self, name: &str) -> Result<(Vec<f32>, Vec<usize>), Box<dyn Error>> {
        let view = self.file.tensor(name)?;
        let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        Ok((values.collect(), view.shape().to_vec()))
    }

    /// Returns the windows of step `n`, counted from 1, or an error after the last one.
    fn batch(&self, n: usize, device: &Device) -> Result<Tensor<2, Int>, Box<dyn Error>> {
        let (ids, shape) = self.read(&format!("batch{n}.windows"))?;
        let ids: Vec<i64> = ids.into_iter().map(|id| id as i64).collect();
        Ok(Tensor::from_data(TensorData::new(ids, [shape[0], shape[1]]), device))
    }
}

/// Replaces the parameters of a model by those of the set-up file.
struct Loader<'a> {
    setup: &'a Setup<'a>,
    /// The fields that lead to the parameter, and the types that contain them.
    path: Vec<(String, String)>,
    error: Option<String>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.push((name.to_owned(), container.to_owned()));
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let names: Vec<&str> = self.path.iter().map(|(name, _)| name.as_str()).collect();
        let name = names.join(".").replace("gamma", "weight").replace("beta", "bias");
        // PyTorch's weight of a linear layer is [d_out, d_in], burn's is [d_in, d_out].
        let flip = D == 2 && self.path.last().is_some_and(|(_, container)| container.ends_with("Linear"));
        let Ok((values, shape)) = self.setup.read(&format!("{}.0.{name}", self.setup.network)) else {
            self.error = Some(format!("it has no {name}"));
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let found = Tensor::<D>::from_data(TensorData::new(values, shape), &tensor.device());
        let found = if flip { found.swap_dims(0, 1) } else { found };
        if found.dims() != tensor.dims() {
            self.error = Some(format!("{name} has another shape"));
            return Param::from_mapped_value(id, tensor, mapper);
        }
        Param::from_mapped_value(id, found.detach().require_grad(), mapper)
    }
}

/// Returns `n` random numbers from 0 to `below - 1`.
fn random(n: usize, below: usize, device: &Device) -> Vec<usize> {
    let numbers = Tensor::<1>::random([n], Distribution::Uniform(0.0, below as f64), device).into_data();
    numbers.iter::<f32>().map(|number| (number as usize).min(below - 1)).collect()
}

/// Returns windows of equal length as a tensor, `[n, length]`.
fn stack(windows: &[Vec<i64>], device: &Device) -> Tensor<2, Int> {
    let length = windows.first().map_or(0, Vec::len);
    Tensor::from_data(TensorData::new(windows.concat(), [windows.len(), length]), device)
}

//{ task=text
/// A text as ids: its last tenth is held out.
struct Corpus {
    /// The characters, in the order of their ids.
    vocabulary: Vec<char>,
    train: Vec<i64>,
    held_out: Vec<i64>,
}

impl Corpus {
    fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = std::fs::read_to_string(path)?.replace("\r\n", "\n");
        let vocabulary: Vec<char> = text.chars().collect::<BTreeSet<_>>().into_iter().collect();
        let id = |c: char| vocabulary.binary_search(&c).unwrap_or(0) as i64;
        let mut train: Vec<i64> = text.chars().map(id).collect();
        let held_out = train.split_off(train.len() * 9 / 10);
        Ok(Self { vocabulary, train, held_out })
    }

    /// Draws windows of `CONTEXT + 1` characters from the training part.
    fn draw(&self, device: &Device) -> Tensor<2, Int> {
        let length = (CONTEXT + 1).min(self.train.len());
        let starts = random(BATCH_SIZE, self.train.len() - length + 1, device);
        stack(&starts.iter().map(|&start| self.train[start..start + length].to_vec()).collect::<Vec<_>>(), device)
    }

    /// Returns windows of the held-out part with about 8192 characters together, spread evenly over it.
    fn validation(&self, device: &Device) -> Tensor<2, Int> {
        let length = (CONTEXT + 1).min(self.held_out.len());
        let n = (8192 / length).clamp(1, self.held_out.len() / length);
        let start = |i: usize| (self.held_out.len() - length) * i / n;
        stack(&(0..n).map(|i| self.held_out[start(i)..start(i) + length].to_vec()).collect::<Vec<_>>(), device)
    }
}

//{ sample_length
/// Writes a text, one character at a time, each drawn from `softmax(logits / 0.8)`.
fn write(net: &Transformer, vocabulary: &[char], device: &Device) -> String {
    let mut ids = vec![vocabulary.binary_search(&'\n').unwrap_or(0) as i64];
    for _ in 0..SAMPLE_LENGTH {
        let seen = ids[ids.len().saturating_sub(CONTEXT)..].to_vec();
        let n = seen.len();
        let logits = net.forward(stack(&[seen], device)).narrow(1, n - 1, 1);
        let probabilities = softmax(logits / 0.8, 2).into_data();
        let mut left = Tensor::<1>::random([1], Distribution::Default, device).into_scalar::<f32>();
        let drawn = probabilities.iter::<f32>().position(|p| {
            left -= p;
            left < 0.0
        });
        ids.push(drawn.unwrap_or(0) as i64);
    }
    ids.iter().filter_map(|&id| vocabulary.get(id as usize)).collect()
}

//}
//}
//{ task=repeat
/// Draws `n` sequences that repeat a block of different random tokens, `CONTEXT + 1` each, and the lengths of the blocks.
fn draw(n: usize, device: &Device) -> (Tensor<2, Int>, Vec<usize>) {
    let longest = (7 * CONTEXT / 8).clamp(1, VOCABULARY);
    let shortest = (CONTEXT / 4).clamp(1, VOCABULARY / 2).min(longest);
    let more = random(n, longest - shortest + 1, device);
    let periods: Vec<usize> = more.into_iter().map(|more| shortest + more).collect();
    let sequence = |&period: &usize| {
        // The ranks of random numbers are a random permutation.
        let order = Tensor::<1>::random([VOCABULARY], Distribution::Default, device).argsort(0).into_data();
        let tokens: Vec<i64> = order.iter::<i64>().collect();
        (0..=CONTEXT).map(|t| tokens[t % period]).collect()
    };
    let sequences: Vec<Vec<i64>> = periods.iter().map(sequence).collect();
    (stack(&sequences, device), periods)
}

//}
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str| arguments.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1].clone());
    let steps = option("--steps").map_or(Ok(STEPS), |steps| steps.parse())?;
    let path = option("--setup").unwrap_or_else(|| "nn-lab-transformer-setup.safetensors".to_owned());
    let device = Device::flex().autodiff();
    device.seed(SEED);

    let bytes = Path::new(&path).exists().then(|| std::fs::read(&path)).transpose()?;
    let setup = bytes.as_ref().map(|bytes| Setup::new(bytes)).transpose()?;
    //{ task=text
    let corpus = option("--text").map(|text| Corpus::read(Path::new(&text))).transpose()?;
    let vocabulary = match (&corpus, &setup) {
        (Some(corpus), _) => corpus.vocabulary.len(),
        (None, Some(setup)) => setup.read(&format!("{}.0.embedding.weight", setup.network))?.1[0],
        (None, None) => return Err(format!("There is neither a text nor {path}. Name a text with --text.").into()),
    };
    //}
    let vocabulary = VOCABULARY;  //? task=repeat
    let mut net = Transformer::new(vocabulary, &device);
    match &setup {
        None => println!("There is no {path}, so the initial weights are drawn here."),
        Some(setup) => {
            let mut loader = Loader { setup, path: Vec::new(), error: None };
            net = net.map(&mut loader);
            if let Some(error) = loader.error {
                return Err(format!("{path} belongs to other settings or to another text: {error}.").into());
            }
        }
    }
    println!("{} parameters, {vocabulary} different characters", net.num_params());

    let adam = AdamWConfig::new().with_beta_1(BETA_1).with_beta_2(BETA_2).with_epsilon(1e-8).with_weight_decay(0.0);  //@ optimizer
    let mut optimizer = adam.init();  //? !weight_decay  //@ optimizer
    // Biases and layer norms do not decay. The parameters of layer norms are called `gamma` and `beta`.  //? weight_decay
    let decaying = adam.clone().with_weight_decay(WEIGHT_DECAY).build();  //? weight_decay  //@ optimizer
    let mut optimizer = adam.init().with_group(ParamGroup::from_predicate("weight"), decaying, None);  //? weight_decay  //@ optimizer
    let mut losses: Vec<f32> = Vec::new();
    for step in 1..=steps {
        let recorded = setup.as_ref().and_then(|setup| setup.batch(step, &device).ok());
        //{ task=text
        // The lab's random numbers are others, so windows that are drawn here differ from the lab's.
        let Some(windows) = recorded.or_else(|| Some(corpus.as_ref()?.draw(&device))) else {
            println!("There is no text, so training ends after the recorded batches. Name one with --text.");
            break;
        };
        //}
        // The lab's random numbers are others, so sequences that are drawn here differ from the lab's.  //? task=repeat
        let windows = recorded.unwrap_or_else(|| draw(BATCH_SIZE, &device).0);  //? task=repeat
        let loss = net.losses(windows).mean();  //@ loss
        let grads = GradientsParams::from_grads(loss.backward(), &net);
        let grads = clip(&net, grads);  //? clip  //@ clipping
        net = optimizer.step(learning_rate_at(step), net, grads);  //@ optimizer schedule
        losses.push(loss.into_scalar::<f32>());
        if let Some(setup) = setup.as_ref().filter(|_| step == 3) {
            let lab = setup.read(&format!("{}.loss", setup.network))?.0;
            //{ !dropout
            let error = losses.iter().zip(&lab).map(|(ours, lab)| (ours / lab - 1.0).abs()).fold(0.0, f32::max);
            let verdict = if error <= 1e-4 { "agree with" } else { "differ from" };
            println!("The first three losses {verdict} the lab's: largest relative error {error:.0e}.");
            //}
            //{ dropout
            println!("With dropout, the lab's losses cannot be reproduced: each step masks other units at random.");
            println!("The first losses are {losses:?} here and {:?} there.", &lab[..3]);
            //}
        }
        if step % (steps / 10).max(1) == 0 {
            println!("step {step:5}: training loss {:.3}", losses[step - 1]);
        }
    }

    let recent = &losses[losses.len().saturating_sub(20)..];
    println!("\nLoss in nats after {} steps", losses.len());
    let mean = recent.iter().sum::<f32>() / recent.len().max(1) as f32;
    println!("  training, mean of the last {:2}   {mean:.3}", recent.len());
    let (net, device) = (net.valid(), device.inner());
    //{ task=text
    if let Some(corpus) = &corpus {
        let loss = net.losses(corpus.validation(&device)).mean().into_scalar::<f32>();
        println!("  validation                   {loss:.3}   ({:.3} bits)", loss / std::f32::consts::LN_2);
        println!("  uniform baseline, ln V       {:.3}", (vocabulary as f32).ln());
        println!("\nA sample:{}", write(&net, &corpus.vocabulary, &device));  //? sample_length
    }
    //}
    //{ task=repeat
    let (sequences, periods) = draw((2048 / CONTEXT).max(4), &device);
    let losses: Vec<f32> = net.losses(sequences).into_data().iter::<f32>().collect();
    // The prediction after position t is of token t + 1, which is new in the first block and known in the repeats.
    let mean_of = |part: fn(usize, usize) -> bool| {
        let places = losses.iter().enumerate().map(|(i, loss)| (i % CONTEXT, periods[i / CONTEXT], loss));
        let chosen = places.filter(|&(t, period, _)| part(t, period));
        let (sum, n) = chosen.fold((0.0, 0), |(sum, n), (.., loss)| (sum + loss, n + 1));
        sum / n.max(1) as f32
    };
    println!("  in the first block           {:.3}", mean_of(|t, period| t + 1 < period));
    println!("  in the repeats               {:.3}", mean_of(|t, period| t >= period));
    println!("  uniform baseline, ln V       {:.3}", (vocabulary as f32).ln());
    //}
    Ok(())
}
