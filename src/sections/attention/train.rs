//! Training one attention layer on the look-up task, scaled and unscaled, from the same weights on the same batches.

use super::checks::N_VALUES;
use super::{Attention, Config, Frame, NetStepBatch, Score, Sequence, StepBatch};
use crate::core::{LabError, Progress};
use crate::data::lookup::{self, Lookup, token_width};
use crate::models::lookup::{LookupNet, Sizes};
use crate::models::weights::{WeightRng, twin};
use crate::run::training::{TrainState, accuracy, check_finite, cross_entropy, one_hot, read_groups};
use crate::run::{RunContext, Tick, Train};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::{SeedableRng, rngs::StdRng};
use std::rc::Rc;

/// Sequences that both nets are judged on.
const N_SCORED: usize = 64;
/// A token is a name, a question and a value.
const N_ONES: usize = 3;

const _: () = assert!(N_VALUES as usize == lookup::N_VALUES);

impl Train for Attention {
    async fn run(config: Config, device: &Device, out: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let train_device = device.clone().autodiff();
        let n = config.n_tokens as usize;
        let sizes = Sizes {
            d_in: token_width(n),
            d_model: config.d_model as usize,
            n_heads: config.n_heads as usize,
            d_k: config.d_k as usize,
            n_classes: lookup::N_VALUES,
        };
        let mut rng = WeightRng::new(config.seed.into());
        let scaled = LookupNet::new(sizes, N_ONES, config.sigma as f32, &mut rng, &train_device);
        let mut unscaled = twin(&scaled);
        unscaled.attention = unscaled.attention.with_scale(1.0);
        let mut nets = [scaled, unscaled].map(|net| TrainState::new(net, config.optimizer.init()));

        let mut draws = StdRng::seed_from_u64(u64::from(config.seed) ^ 0x7ead);
        let evals = Evaluation::new(n, &mut StdRng::seed_from_u64(u64::from(config.seed) ^ 0xe7a1), device);
        out.send(Frame::Sequence(Rc::new(evals.sequence())));
        let mut learning_rate = config.learning_rate;
        let mut next_score = 1;

        let mut step_batch = StepBatch { first_step: 1, ..StepBatch::default() };
        evals.look(&nets, &mut step_batch, Some(0), true).await?;
        out.send(Frame::Train(Rc::new(std::mem::take(&mut step_batch))));
        step_batch.first_step = 1;

        for step in 1..=config.steps {
            let sequences: Vec<Lookup> =
                (0..config.batch_size).map(|_| Lookup::draw(n, &mut draws)).collect();
            let (x, y) = (tokens(&sequences, n, &train_device), answers(&sequences, &train_device));
            for train_state in &mut nets {
                let loss = cross_entropy(train_state.net.forward(x.clone()).0, y.clone());
                train_state.descend(loss, learning_rate, None, |_, _| {});
            }
            let last = step == config.steps;
            let score = step >= next_score || last;
            if score {
                next_score = step + (step / 10).max(5);
            }
            let tick = out.step_done(Progress { step, steps: config.steps }).await;
            if let Some(changed) = out.update() {
                learning_rate = changed.learning_rate;
            }
            let frame = tick != Tick::Continue || last;
            if score || frame {
                drain(&mut nets, &mut step_batch, step).await?;
                evals.look(&nets, &mut step_batch, score.then_some(step), frame).await?;
            }
            if frame {
                out.send(Frame::Train(Rc::new(std::mem::take(&mut step_batch))));
                step_batch.first_step = step + 1;
            }
            if tick == Tick::Stop {
                break;
            }
        }
        Ok(())
    }
}

/// `[batch, n, token_width]`
fn tokens(sequences: &[Lookup], n: usize, device: &Device) -> Tensor<3> {
    let values: Vec<f32> = sequences.iter().flat_map(Lookup::one_hot).collect();
    Tensor::from_data(TensorData::new(values, [sequences.len(), n, token_width(n)]), device)
}

/// `[batch n, n_values]`
fn answers(sequences: &[Lookup], device: &Device) -> Tensor<2> {
    one_hot(sequences.iter().flat_map(Lookup::answers), lookup::N_VALUES, device)
}

/// Reads the losses of both nets, in one read.
async fn drain(
    nets: &mut [TrainState<LookupNet>; 2],
    step_batch: &mut StepBatch,
    step: u32,
) -> Result<(), LabError> {
    let losses = read_groups(nets.each_mut().map(TrainState::take_losses)).await?;
    let parts = [(&mut step_batch.scaled, "scaled net"), (&mut step_batch.unscaled, "unscaled net")];
    for ((part, which), losses) in parts.into_iter().zip(losses) {
        check_finite(&losses, step + 1 - losses.len() as u32, which)?;
        part.losses.extend(losses);
    }
    Ok(())
}

/// The fixed sequences that both nets are judged on.
struct Evaluation {
    sequences: Vec<Lookup>,
    x: Tensor<3>,
    targets: Tensor<1, Int>,
    /// One where the token that is asked about stands: `[n_scored, 1, n, n]`.
    right: Tensor<4>,
    n: usize,
}

impl Evaluation {
    fn new(n: usize, rng: &mut StdRng, device: &Device) -> Self {
        let sequences: Vec<Lookup> = (0..N_SCORED).map(|_| Lookup::draw(n, rng)).collect();
        let targets: Vec<i32> = sequences.iter().flat_map(Lookup::answers).map(i32::from).collect();
        let n_targets = targets.len();
        let positions = sequences.iter().flat_map(Lookup::positions);
        let right: Vec<f32> =
            positions.flat_map(|right| (0..n).map(move |key| if key == right { 1.0 } else { 0.0 })).collect();
        Self {
            x: tokens(&sequences, n, device),
            targets: Tensor::from_data(TensorData::new(targets, [n_targets]), device),
            right: Tensor::from_data(TensorData::new(right, [N_SCORED, 1, n, n]), device),
            sequences,
            n,
        }
    }

    /// The sequence that the maps are drawn for.
    fn sequence(&self) -> Sequence {
        self.sequences.first().map_or_else(Sequence::default, |shown| Sequence {
            names: shown.names.clone(),
            values: shown.values.clone(),
            asks: shown.asks.clone(),
            positions: shown.positions().into_iter().map(|position| position as u32).collect(),
        })
    }

    /// Scores both nets if `score` has a step, and takes the maps of the shown sequence if `maps`, in one read.
    async fn look(
        &self,
        nets: &[TrainState<LookupNet>; 2],
        step_batch: &mut StepBatch,
        score: Option<u32>,
        maps: bool,
    ) -> Result<(), LabError> {
        let mut groups = Vec::with_capacity(2);
        for train_state in nets {
            groups.push(self.measure(&train_state.net.valid(), score.is_some(), maps));
        }
        let Ok([(scores_a, maps_a), (scores_b, maps_b)]) = <[_; 2]>::try_from(groups) else {
            return Ok(());
        };
        let [scores_a, maps_a, scores_b, maps_b] = read_groups([scores_a, maps_a, scores_b, maps_b]).await?;
        for (part, scores, maps) in
            [(&mut step_batch.scaled, scores_a, maps_a), (&mut step_batch.unscaled, scores_b, maps_b)]
        {
            absorb(part, score, &scores, &maps, self.n);
        }
        Ok(())
    }

    /// Accuracy, entropy and the weight of each head on the right token, if `score`; and the maps, if `maps`.
    fn measure(&self, net: &LookupNet, score: bool, maps: bool) -> (Vec<Tensor<1>>, Vec<Tensor<1>>) {
        // The maps need one sequence alone, which is much less work than all.
        let x = if score { self.x.clone() } else { self.x.clone().narrow(0, 0, 1) };
        let (logits, weights) = net.forward(x);
        let [_, n_heads, n, _] = weights.dims();
        let mut scores = Vec::new();
        if score {
            let rows = (N_SCORED * n) as f32;
            let entropy = (weights.clone() * weights.clone().clamp_min(1e-30).log()).sum().neg();
            let right = (weights.clone() * self.right.clone()).sum_dim(0).sum_dim(2).sum_dim(3);
            scores = vec![
                accuracy(logits, self.targets.clone()),
                entropy.div_scalar(rows * n_heads as f32),
                right.reshape([n_heads]).div_scalar(rows),
            ];
        }
        let maps = maps.then(|| weights.narrow(0, 0, 1).reshape([n_heads * n * n]));
        (scores, maps.into_iter().collect())
    }
}

fn absorb(part: &mut NetStepBatch, score: Option<u32>, scores: &[f32], maps: &[f32], n: usize) {
    if let (Some(step), [accuracy, entropy, right @ ..]) = (score, scores) {
        part.scores.push(Score { step, accuracy: *accuracy, entropy: *entropy, right: right.to_vec() });
    }
    if !maps.is_empty() {
        part.maps = maps.chunks_exact((n * n).max(1)).map(|head| Rc::new(head.to_vec())).collect();
    }
}
