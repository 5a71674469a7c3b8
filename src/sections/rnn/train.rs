//! Training the RNN or the LSTM; both see the same batches.

use super::nets::{inputs, lstm, rnn, task};
use super::paths::{Traced, lstm_trace, rnn_trace};
use super::{Config, Frame, GradientRow, Measured, Paths, RNN, Rnn, Trace};
use crate::core::LabError;
use crate::data::recall::{Recall, stream};
use crate::models::lstm::Lstm;
use crate::models::recurrent::{Gradients, Recurrent, ThroughTime, gradients};
use crate::models::rnn::VanillaRnn;
use crate::run::arm::StepBatch;
use crate::run::driver::Training;
use crate::run::checkpoint::Checkpoint;
use crate::run::train_state::{StepOutput, StepOptions, Input, TrainState};
use crate::run::training::{accuracy, cross_entropy, first_weight, read, read_groups};
use crate::run::{RunContext, Train, optimizer_kind::OptimizerKind};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::rngs::StdRng;
use std::rc::Rc;

/// The net is followed along one sequence at most this often, in milliseconds between two times,
const TRACE_MS: f64 = 400.0;
/// and rests so many times as long as that took: no more than a fiftieth of the time goes into it.
const TRACE_SHARE: f64 = 50.0;

/// Held-out sequences that the net is judged on.
const N_SCORED: usize = 256;

impl Train for Rnn {
    type Training = RnnTraining;
}

/// One of the two nets, its optimizer and its losses.
enum Net {
    Rnn(TrainState<VanillaRnn>),
    Lstm(TrainState<Lstm>),
}

/// Does the same with whichever net it is.
macro_rules! with_net {
    ($net:expr, $train_state:ident => $body:expr) => {
        match $net {
            Net::Rnn($train_state) => $body,
            Net::Lstm($train_state) => $body,
        }
    };
}

/// One of the two nets in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct RnnTraining {
    config: Config,
    task: Recall,
    device: Device,
    sequences: StdRng,
    held_out: HeldOut,
    net: Net,
    /// Steps whose gradients were measured, and their norms, `[seq_len]` each, on the device.
    measured_steps: Vec<u32>,
    norms: Norms,
    accuracies: Vec<(u32, f32)>,
    next_score: u32,
    /// When the net is next followed along one sequence, in milliseconds of the run's clock.
    next_trace: f64,
}

impl Training<Rnn> for RnnTraining {
    async fn begin(
        config: Config,
        arm: usize,
        device: &Device,
        _out: &mut impl RunContext<Rnn>,
    ) -> Result<Self, LabError> {
        let task = task(&config);
        let autodiff = device.clone().autodiff();
        Ok(Self {
            held_out: HeldOut::new(&task, &config, device),
            task,
            device: device.clone(),
            sequences: stream(config.seed.into(), 0),
            net: match arm {
                RNN => Net::Rnn(TrainState::new(rnn(&config, &autodiff).await?, OptimizerKind::Adam.init())),
                _ => Net::Lstm(TrainState::new(lstm(&config, &autodiff), OptimizerKind::Adam.init())),
            },
            config,
            measured_steps: Vec::new(),
            norms: Norms::default(),
            accuracies: Vec::new(),
            next_score: 0,
            next_trace: 0.0,
        })
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn step(&mut self, step: u32) -> Result<(), LabError> {
        let sequences = self.task.draw(self.config.batch_size as usize, &mut self.sequences);
        let batch = [
            inputs(&self.task, &sequences),
            Input::one_hot(sequences.labels.iter().copied(), self.task.n_classes),
        ];
        let measured = (step - 1).is_multiple_of(self.config.measured_every());
        if measured {
            self.measured_steps.push(step);
        }
        let Config { learning_rate, clip, .. } = self.config;
        let options = StepOptions { learning_rate, max_norm: Some(clip), variant: Some(measured.into()) };
        let norms = with_net!(&mut self.net, train_state => descend(train_state, &batch, options, measured));
        let mut norms = norms.into_iter();
        self.norms.hidden.extend(norms.next());
        self.norms.cell.extend(norms.next());
        Ok(())
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        with_net!(&mut self.net, train_state => train_state.take_losses())
    }

    fn sync_tensor(&self) -> Option<Tensor<1>> {
        with_net!(&self.net, train_state => Some(first_weight(train_state.net().output())))
    }

    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        with_net!(&self.net, train_state => train_state.state_tensors())
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        with_net!(&mut self.net, train_state => train_state.restore(checkpoint))?;
        for step in 0..=checkpoint.step {
            if step > 0 {
                self.task.draw(self.config.batch_size as usize, &mut self.sequences);
            }
            if self.is_due(step) {
                self.next_score = score_after(step);
            }
        }
        Ok(())
    }

    fn update(&mut self, config: Config) {
        (self.config.learning_rate, self.config.clip) = (config.learning_rate, config.clip);
    }

    fn is_due(&self, step: u32) -> bool {
        step >= self.next_score
    }

    async fn score(&mut self, step: u32, _out: &mut impl RunContext<Rnn>) -> Result<(), LabError> {
        self.next_score = score_after(step);
        let accuracy = with_net!(&self.net, train_state => self.held_out.accuracy(train_state.net()));
        self.accuracies.extend(read(accuracy).await?.first().map(|&accuracy| (step, accuracy)));
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<Rnn>,
    ) -> Result<(), LabError> {
        let norms = std::mem::take(&mut self.norms);
        let [hidden, cell] = read_groups([norms.hidden, norms.cell]).await?;
        let mut cells = cell.chunks_exact(self.task.seq_len.max(1));
        let hidden = hidden.chunks_exact(self.task.seq_len.max(1));
        let gradients =
            std::mem::take(&mut self.measured_steps).into_iter().zip(hidden).map(|(step, hidden)| {
                GradientRow { step, hidden: hidden.to_vec(), cell: cells.next().unwrap_or_default().to_vec() }
            });
        let gradients = gradients.collect();
        let measured = Measured { accuracies: std::mem::take(&mut self.accuracies), gradients };
        let step = steps.last_step();
        ctx.send(Frame::Train { steps, measured });
        let began = ctx.now_ms();
        if over || began >= self.next_trace {
            let traced = match &self.net {
                Net::Rnn(state) => rnn_trace(&self.config, state.net(), &self.device).await?,
                Net::Lstm(state) => lstm_trace(&self.config, state.net(), &self.device).await?,
            };
            if over {
                ctx.send(Frame::Trained(Rc::new(self.path(&traced).await?)));
            }
            ctx.send(Frame::Traced(Rc::new(Trace { step, ..traced.trace })));
            let took = ctx.now_ms() - began;
            self.next_trace = began + took * TRACE_SHARE + TRACE_MS;
        }
        Ok(())
    }
}

/// When a net is judged again: often at first; later, each tenth of the way.
fn score_after(step: u32) -> u32 {
    if step == 0 { 1 } else { step + (step / 10).max(10) }
}

impl RnnTraining {
    async fn path(&self, traced: &Traced) -> Result<Paths, LabError> {
        match &self.net {
            Net::Rnn(state) => traced.rnn_path(state.net()).await,
            Net::Lstm(_) => Ok(Paths { cell: traced.cell_path(), ..Paths::default() }),
        }
    }
}

/// Norms of gradients at every position, `[seq_len]` for each measured step, on the device.
#[derive(Default)]
struct Norms {
    hidden: Vec<Tensor<1>>,
    cell: Vec<Tensor<1>>,
}

/// One step down the gradient. If they are measured, its norms come back: of the hidden states, and then of the cells.
fn descend<N: Recurrent>(
    train_state: &mut TrainState<N>,
    batch: &[Input],
    options: StepOptions,
    measured: bool,
) -> Vec<Tensor<1>> {
    train_state.step(batch, options, |net, inputs| {
        let Gradients { loss, params, through_time } =
            gradients(net, &inputs.inner(0), |logits| cross_entropy(logits, inputs.get(1)));
        let ThroughTime { d_hidden, d_cell } = through_time;
        let measured = std::iter::once(d_hidden).chain(d_cell).filter(|_| measured).map(norms);
        StepOutput { loss, grads: params, measured: measured.collect() }
    })
}

/// The norm of each position's gradient. Squares of what is near the smallest 32-bit number would be zero, so each is divided by
/// its largest element before it is squared.
///
/// # Shapes
///
/// - gradients: `[seq_len, batch, d_h]`
/// - output: `[seq_len]`
fn norms(gradients: Tensor<3>) -> Tensor<1> {
    let [seq_len, batch, d_h] = gradients.dims();
    let all = gradients.reshape([seq_len, batch * d_h]);
    let largest = all.clone().abs().max_dim(1).clamp_min(f32::MIN_POSITIVE);
    let relative = (all / largest.clone()).square().sum_dim(1).sqrt();
    (relative * largest).reshape([seq_len])
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
            x: inputs(task, &sequences).tensor(device),
            labels: Tensor::from_data(TensorData::new(labels, [N_SCORED]), device),
        }
    }

    fn accuracy<N: Recurrent>(&self, net: &N) -> Tensor<1> {
        accuracy(net.valid().forward(&self.x), self.labels.clone())
    }
}
