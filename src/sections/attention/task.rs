//! The tasks of the run: the networks of both arms, and the held-out sequences on which they are scored.

use super::checks::N_VALUES;
use super::{
    Config, MAX_HEADS, Projections, SCALED, SecondQuestion, Sequence, Task, UNSCALED, Untrained, UntrainedNet,
};
use crate::core::LabError;
use crate::data::lookup::{self, Lookup, token_width};
use crate::models::attention::Heads;
use crate::models::lookup::{LookupNet, Sizes};
use crate::models::weights::{WeightRng, count_params};
use crate::run::training::{accuracy, read, read_groups};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::SeedableRng;
use std::rc::Rc;

/// The number of held-out sequences.
const N_HELD_OUT: usize = 64;

const _: () = assert!(N_VALUES as usize == lookup::N_VALUES);

/// Returns the network of an arm before the first step, on a device with autodiff. With two look-ups, both networks have the same number
/// of parameters: the single head is as large as the heads of the other network together.
pub(super) fn network(config: &Config, arm: usize, device: &Device) -> LookupNet {
    let questions = config.task.questions();
    let (n_heads, d_k) = match (config.task, arm) {
        (Task::LookUp, _) => (config.n_heads, config.d_k),
        (Task::TwoLookUps, UNSCALED) => (1, config.shared_d_k() * config.n_heads),
        (Task::TwoLookUps, _) => (config.n_heads, config.shared_d_k()),
    };
    let sizes = Sizes {
        d_in: token_width(config.n_tokens as usize, questions),
        d_model: config.d_model as usize,
        n_heads: n_heads as usize,
        d_k: d_k as usize,
        n_classes: lookup::N_VALUES,
        n_answers: questions,
    };
    // A token has a one for its name, its value, and each name that it asks for.
    let n_ones = 2 + questions;
    let mut rng = WeightRng::new(config.seed.into());
    let mut net = LookupNet::new(sizes, n_ones, config.sigma as f32, &mut rng, device);
    if config.task == Task::LookUp && arm == UNSCALED {
        net.attention = net.attention.with_scale(1.0);
    }
    net
}

/// Returns both networks of the task of the settings before the first step.
pub(super) async fn untrained(config: &Config, device: &Device) -> Result<Untrained, LabError> {
    let held_out = HeldOut::new(config, device);
    let mut nets = Vec::new();
    for arm in [SCALED, UNSCALED] {
        let net = network(config, arm, &device.clone().autodiff()).valid();
        let scaled = config.task != Task::LookUp || arm != UNSCALED;
        let size = held_out.n * held_out.n;
        let maps = read(held_out.maps(&net)).await?;
        nets.push(UntrainedNet {
            maps: maps.chunks_exact(size.max(1)).map(|head| Rc::new(head.to_vec())).collect(),
            projections: Rc::new(held_out.projections(&net, scaled).await?),
            params: count_params(&net) as u32,
        });
    }
    let mut nets = nets.into_iter();
    Ok(Untrained {
        sequence: Rc::new(held_out.sequence()),
        second: held_out.second_question().map(Rc::new),
        nets: [nets.next().unwrap_or_default(), nets.next().unwrap_or_default()],
    })
}

/// Returns one-hot tokens, `[batch, n, token_width]`.
pub(super) fn one_hot(sequences: &[Lookup]) -> Vec<f32> {
    sequences.iter().flat_map(Lookup::one_hot).collect()
}

/// The held-out sequences. The page shows the first one.
pub(super) struct HeldOut {
    sequences: Vec<Lookup>,
    x: Tensor<3>,
    targets: Tensor<1, Int>,
    /// One where a token asks about a position, in any of its questions: `[N_HELD_OUT, 1, n, n]`.
    right: Tensor<4>,
    /// The number of tokens.
    pub(super) n: usize,
}

impl HeldOut {
    /// Draws the sequences, which depend only on the task, the number of tokens and the seed.
    pub(super) fn new(config: &Config, device: &Device) -> Self {
        let (n, questions) = (config.n_tokens as usize, config.task.questions());
        let mut rng = ChaCha12Rng::seed_from_u64(u64::from(config.seed) ^ 0xe7a1);
        let sequences: Vec<Lookup> = (0..N_HELD_OUT).map(|_| Lookup::draw(n, questions, &mut rng)).collect();
        let targets: Vec<i32> = sequences.iter().flat_map(Lookup::answers).map(i32::from).collect();
        let n_targets = targets.len();
        let mut right = vec![0.0f32; N_HELD_OUT * n * n];
        for (sequence, right) in sequences.iter().zip(right.chunks_exact_mut((n * n).max(1))) {
            for of_question in sequence.positions() {
                for (row, position) in right.chunks_exact_mut(n.max(1)).zip(of_question) {
                    row.get_mut(position).into_iter().for_each(|one| *one = 1.0);
                }
            }
        }
        let x = TensorData::new(one_hot(&sequences), [N_HELD_OUT, n, token_width(n, questions)]);
        Self {
            x: Tensor::from_data(x, device),
            targets: Tensor::from_data(TensorData::new(targets, [n_targets]), device),
            right: Tensor::from_data(TensorData::new(right, [N_HELD_OUT, 1, n, n]), device),
            sequences,
            n,
        }
    }

    /// Returns the sequence that the page shows.
    pub(super) fn sequence(&self) -> Sequence {
        let Some(shown) = self.sequences.first() else { return Sequence::default() };
        let (asks, positions) = question(shown, 0);
        Sequence { names: shown.names.clone(), values: shown.values.clone(), asks, positions }
    }

    /// Returns the second question of each token of that sequence, if the task has two.
    pub(super) fn second_question(&self) -> Option<SecondQuestion> {
        let shown = self.sequences.first().filter(|shown| shown.asks.len() > 1)?;
        let (asks, positions) = question(shown, 1);
        Some(SecondQuestion { asks, positions })
    }

    /// Returns accuracy, mean entropy of the attention weights, and the mean weight of each head on the tokens
    /// that are asked about.
    pub(super) fn score(&self, net: &LookupNet) -> Vec<Tensor<1>> {
        let (logits, weights) = net.forward(self.x.clone());
        let [_, n_heads, n, _] = weights.dims();
        let rows = (N_HELD_OUT * n) as f32;
        let entropy = (weights.clone() * weights.clone().clamp_min(1e-30).log()).sum().neg();
        let right = (weights * self.right.clone()).sum_dim(0).sum_dim(2).sum_dim(3);
        vec![
            accuracy(logits, self.targets.clone()),
            entropy.div_scalar(rows * n_heads as f32),
            right.reshape([n_heads]).div_scalar(rows),
        ]
    }

    /// Returns the attention weights of each head for the shown sequence, flattened.
    pub(super) fn maps(&self, net: &LookupNet) -> Tensor<1> {
        // A forward pass of only this sequence is much cheaper.
        let (_, weights) = net.forward(self.x.clone().narrow(0, 0, 1));
        let size = weights.shape().num_elements();
        weights.reshape([size])
    }

    /// Reads queries, keys and values of the shown sequence.
    pub(super) async fn projections(&self, net: &LookupNet, scaled: bool) -> Result<Projections, LabError> {
        let Heads { q, k, v } = net.attention.project(net.embed.forward(self.x.clone().narrow(0, 0, 1)));
        let [_, n_heads, n, d_k] = q.dims();
        let heads = n_heads.min(MAX_HEADS);
        let flat = |part: Tensor<4>| vec![part.narrow(1, 0, heads).reshape([heads * n * d_k])];
        let [q, k, v] = read_groups([q, k, v].map(flat)).await?;
        Ok(Projections { n: n as u32, d_k: d_k as u32, q, k, v, scaled })
    }
}

/// Returns the names that the tokens ask for in one of their questions, and the positions of these names.
fn question(sequence: &Lookup, number: usize) -> (Vec<u8>, Vec<u32>) {
    let asks = sequence.asks.get(number).cloned().unwrap_or_default();
    let positions = sequence.positions().into_iter().nth(number).unwrap_or_default();
    (asks, positions.into_iter().map(|position| position as u32).collect())
}
