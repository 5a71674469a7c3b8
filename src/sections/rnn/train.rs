//! Training the RNN and the LSTM on the same batches.

use super::nets::{inputs, lstm, rnn, task};
use super::paths::paths;
use super::{Config, Frame, GradientRow, NetStepBatch, Rnn, StepBatch};
use crate::core::{LabError, Progress};
use crate::data::recall::{Recall, stream};
use crate::models::lstm::Lstm;
use crate::models::recurrent::{Recurrent, gradients};
use crate::models::rnn::VanillaRnn;
use crate::run::training::{
    TrainState, accuracy, check_finite, cross_entropy, one_hot, read, read_all, read_groups,
};
use crate::run::{RunContext, Tick, Train, optimizer::Optimizer};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::rc::Rc;

/// Held-out sequences that both nets are judged on.
const N_SCORED: usize = 256;

impl Train for Rnn {
    async fn run(config: Config, device: &Device, out: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let task = task(&config);
        let autodiff = device.clone().autodiff();
        let mut nets = (
            Learner::new(rnn(&config, &autodiff).await?, "RNN"),
            Learner::new(lstm(&config, &autodiff), "LSTM"),
        );
        let held_out = HeldOut::new(&task, &config, device);
        let mut batches = stream(config.seed.into(), 0);
        let (mut learning_rate, mut clip) = (config.learning_rate, config.clip);
        let mut next_score = 1;
        // A step that follows a frame is timed: nothing else is queued up on the device then. The first step is not, since
        // it also makes the device ready.
        let mut timed = false;

        let mut step_batch = StepBatch { first_step: 1, ..StepBatch::default() };
        held_out.score(&nets, 0, &mut step_batch).await?;
        out.send(Frame::Train(Rc::new(std::mem::take(&mut step_batch))));
        step_batch.first_step = 1;

        for step in 1..=config.steps {
            let sequences = task.draw(config.batch_size as usize, &mut batches);
            let x = inputs(&task, &sequences, device);
            let y = one_hot(sequences.labels.iter().copied(), task.n_classes, &autodiff);
            let measured = (step - 1).is_multiple_of(config.measured_every()).then_some(step);
            let began = out.now_ms();
            nets.0.step(&x, &y, learning_rate, clip, measured)?;
            if timed {
                nets.0.wait().await?;
            }
            let between = out.now_ms();
            nets.1.step(&x, &y, learning_rate, clip, measured)?;
            if timed {
                nets.1.wait().await?;
                step_batch.rnn.times.push((between - began) as f32);
                step_batch.lstm.times.push((out.now_ms() - between) as f32);
            }
            timed = false;
            let last = step == config.steps;
            if step >= next_score || last {
                // Often at first; later, each tenth of the way.
                next_score = step + (step / 10).max(10);
                drain(&mut nets, &mut step_batch, step).await?;
                held_out.score(&nets, step, &mut step_batch).await?;
            }
            let tick = out.step_done(Progress { step, steps: config.steps }).await;
            if let Some(changed) = out.update() {
                (learning_rate, clip) = (changed.learning_rate, changed.clip);
            }
            if tick != Tick::Continue || last {
                drain(&mut nets, &mut step_batch, step).await?;
                out.send(Frame::Train(Rc::new(std::mem::take(&mut step_batch))));
                step_batch.first_step = step + 1;
                timed = true;
            }
            if tick == Tick::Stop {
                break;
            }
        }
        let trained = paths(&config, &nets.0.train_state.net, &nets.1.train_state.net, device).await?;
        out.send(Frame::Trained(Rc::new(trained)));
        Ok(())
    }
}

/// A net in training, and what was measured of its gradients, still on the device.
struct Learner<N: Recurrent> {
    name: &'static str,
    train_state: TrainState<N>,
    measured: Vec<u32>,
    /// `[seq_len]` for each measured step.
    hidden: Vec<Tensor<1>>,
    cell: Vec<Tensor<1>>,
}

impl<N: Recurrent> Learner<N> {
    fn new(net: N, name: &'static str) -> Self {
        let train_state = TrainState::new(net, Optimizer::Adam.init());
        Self { name, train_state, measured: Vec::new(), hidden: Vec::new(), cell: Vec::new() }
    }

    fn step(
        &mut self,
        x: &Tensor<3>,
        y: &Tensor<2>,
        learning_rate: f64,
        clip: f64,
        measured: Option<u32>,
    ) -> Result<(), LabError> {
        let grads = gradients(&self.train_state.net, x, |logits| cross_entropy(logits, y.clone()))
            .ok_or_else(|| LabError::Device("This device cannot differentiate.".to_owned()))?;
        if let Some(step) = measured {
            self.measured.push(step);
            self.hidden.extend(norms(grads.through_time.d_hidden));
            self.cell.extend(norms(grads.through_time.d_cell));
        }
        self.train_state.apply(grads.loss, grads.params, learning_rate, Some(clip));
        Ok(())
    }

    /// Waits until the last step is done: then the last numbers that it changes are there.
    async fn wait(&self) -> Result<(), LabError> {
        if let Some(bias) = &self.train_state.net.output().bias {
            read(bias.val().inner()).await?;
        }
        Ok(())
    }

    /// What was measured since the last call, of the numbers that were read.
    fn rows(&mut self, seq_len: usize, hidden: &[f32], cell: &[f32]) -> Vec<GradientRow> {
        let mut cells = cell.chunks_exact(seq_len.max(1));
        let hidden = hidden.chunks_exact(seq_len.max(1));
        std::mem::take(&mut self.measured)
            .into_iter()
            .zip(hidden)
            .map(|(step, hidden)| GradientRow {
                step,
                hidden: hidden.to_vec(),
                cell: cells.next().unwrap_or_default().to_vec(),
            })
            .collect()
    }
}

/// The norm of each tensor. Squares of what is near the smallest 32-bit number would be zero, so each is divided by
/// its largest element before it is squared.
///
/// # Shapes
///
/// - tensors: `seq_len` times `[batch, d_h]`
/// - output: `[seq_len]`, or nothing if there are no tensors
fn norms(tensors: Vec<Tensor<2>>) -> Option<Tensor<1>> {
    let seq_len = tensors.len();
    let [batch, d_h] = tensors.first()?.dims();
    let all = Tensor::cat(tensors, 0).reshape([seq_len, batch * d_h]);
    let largest = all.clone().abs().max_dim(1).clamp_min(f32::MIN_POSITIVE);
    let relative = (all / largest.clone()).square().sum_dim(1).sqrt();
    Some((relative * largest).reshape([seq_len]))
}

/// Reads what both nets left on the device, in one read.
async fn drain(
    nets: &mut (Learner<VanillaRnn>, Learner<Lstm>),
    step_batch: &mut StepBatch,
    step: u32,
) -> Result<(), LabError> {
    let (rnn, lstm) = nets;
    let seq_len = rnn.hidden.first().map_or(1, |norms| norms.dims()[0]);
    let [losses_rnn, losses_lstm, hidden_rnn, hidden_lstm, cell] = read_groups([
        rnn.train_state.take_losses(),
        lstm.train_state.take_losses(),
        std::mem::take(&mut rnn.hidden),
        std::mem::take(&mut lstm.hidden),
        std::mem::take(&mut lstm.cell),
    ])
    .await?;
    take_up(&mut step_batch.rnn, rnn, seq_len, losses_rnn, (&hidden_rnn, &[]), step)?;
    take_up(&mut step_batch.lstm, lstm, seq_len, losses_lstm, (&hidden_lstm, &cell), step)
}

fn take_up<N: Recurrent>(
    part: &mut NetStepBatch,
    net: &mut Learner<N>,
    seq_len: usize,
    losses: Vec<f32>,
    (hidden, cell): (&[f32], &[f32]),
    step: u32,
) -> Result<(), LabError> {
    check_finite(&losses, step + 1 - losses.len() as u32, net.name)?;
    part.losses.extend(losses);
    part.gradients.extend(net.rows(seq_len, hidden, cell));
    Ok(())
}

/// Sequences that are never trained on.
struct HeldOut {
    x: Tensor<3>,
    labels: Tensor<1, Int>,
}

impl HeldOut {
    fn new(task: &Recall, config: &Config, device: &Device) -> Self {
        let sequences = task.draw(N_SCORED, &mut stream(config.seed.into(), 1));
        let labels: Vec<i32> = sequences.labels.iter().map(|&label| label.into()).collect();
        Self {
            x: inputs(task, &sequences, device),
            labels: Tensor::from_data(TensorData::new(labels, [N_SCORED]), device),
        }
    }

    async fn score(
        &self,
        nets: &(Learner<VanillaRnn>, Learner<Lstm>),
        step: u32,
        step_batch: &mut StepBatch,
    ) -> Result<(), LabError> {
        let rnn = self.accuracy(&nets.0.train_state.net);
        let lstm = self.accuracy(&nets.1.train_state.net);
        let values = read_all(vec![rnn, lstm]).await?;
        for (part, value) in [&mut step_batch.rnn, &mut step_batch.lstm].into_iter().zip(values) {
            part.accuracies.push((step, value));
        }
        Ok(())
    }

    fn accuracy<N: Recurrent>(&self, net: &N) -> Tensor<1> {
        accuracy(net.valid().forward(&self.x), self.labels.clone())
    }
}
