//! Trains the RNN or the LSTM; both see the same batches.

use super::gradients::{position_norms, weight_norm};
use super::nets::{lstm, rnn};
use super::paths::{Traced, lstm_answers, lstm_trace, rnn_answers, rnn_trace};
use super::task::{Draws, Shown, Task};
use super::{Answers, Config, Frame, GradientRow, Measured, Paths, RNN, Rnn, TaskChoice, Trace};
use crate::core::LabError;
use crate::data::recall::Sequences;
use crate::models::lstm::Lstm;
use crate::models::recurrent::{Gradients, Recurrent, gradients};
use crate::models::rnn::VanillaRnn;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_growing_intervals};
use crate::run::optimizer_kind::OptimizerKind;
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::{accuracy, cross_entropy, read_all, read_groups};
use crate::run::{RunContext, Train};
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::rc::Rc;

/// The minimum time between two traces of the network along a sequence, in milliseconds.
const TRACE_MS: f64 = 400.0;
/// Traces take at most `1 / TRACE_SHARE` of the time.
const TRACE_SHARE: f64 = 50.0;

impl Train for Rnn {
    type Training = RnnTraining;
}

/// One of the two networks with its optimizer.
enum Net {
    Rnn(TrainState<VanillaRnn>),
    Lstm(TrainState<Lstm>),
}

/// Evaluates an expression for either network.
macro_rules! with_net {
    ($net:expr, $train_state:ident => $body:expr) => {
        match $net {
            Net::Rnn($train_state) => $body,
            Net::Lstm($train_state) => $body,
        }
    };
}

/// One of the two networks in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct RnnTraining {
    config: Config,
    task: Task,
    draws: Draws,
    shown: Shown,
    held_out: Labeled,
    /// Sequences that are trained on.
    trained_on: Option<Labeled>,
    net: Net,
    /// The steps whose gradients were measured since the last report.
    measured_steps: Vec<u32>,
    norms: Norms,
    accuracies: Vec<(u32, f32)>,
    train_accuracies: Vec<(u32, f32)>,
    /// The time of the next trace along a sequence, in milliseconds.
    next_trace: f64,
}

impl Training<Rnn> for RnnTraining {
    type Batch = Sequences;

    async fn init(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<Rnn>,
    ) -> Result<Self, LabError> {
        let task = Task::load(&config, ctx).await?;
        let autodiff = device.clone().autodiff();
        let adam = OptimizerKind::Adam.init();
        Ok(Self {
            held_out: Labeled::new(&task, &task.held_out(&config), device),
            trained_on: task.trained_on().map(|sequences| Labeled::new(&task, &sequences, device)),
            shown: task.shown(&config, device),
            draws: task.draws(&config),
            task,
            net: match arm {
                RNN => Net::Rnn(TrainState::new(rnn(&config, &autodiff).await?, adam)),
                _ => Net::Lstm(TrainState::new(lstm(&config, &autodiff), adam)),
            },
            config,
            measured_steps: Vec::new(),
            norms: Norms::default(),
            accuracies: Vec::new(),
            train_accuracies: Vec::new(),
            next_trace: 0.0,
        })
    }

    fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    fn state_mut(&mut self) -> &mut dyn AnyTrainState {
        with_net!(&mut self.net, train_state => train_state)
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn draw(&mut self) -> Sequences {
        self.task.draw(&self.config, &mut self.draws)
    }

    async fn step(&mut self, step: u32, batch: Sequences) -> Result<(), LabError> {
        let x = self.task.inputs(&batch);
        let y = Input::one_hot(batch.labels.iter().copied(), self.task.n_classes);
        let measured = (step - 1).is_multiple_of(self.config.measured_every());
        if measured {
            self.measured_steps.push(step);
        }
        let Config { learning_rate, clip, .. } = self.config;
        let options = StepOptions {
            learning_rate,
            max_norm: Some(clip),
            variant: Some(measured.into()),
            // Norms of gradients are not means.
            whole: measured,
        };
        let batch = [x, y];
        let norms =
            with_net!(&mut self.net, train_state => descend(train_state, &batch, options, measured).await?);
        let mut norms = norms.into_iter();
        self.norms.weights.extend(norms.next());
        self.norms.hidden.extend(norms.next());
        self.norms.cell.extend(norms.next());
        Ok(())
    }

    fn score_after(&self, step: u32) -> u32 {
        at_growing_intervals(step, 10)
    }

    async fn score(&mut self, step: u32, _ctx: &mut impl RunContext<Rnn>) -> Result<(), LabError> {
        let parts = std::iter::once(&self.held_out).chain(&self.trained_on);
        let accuracies = parts.map(|part| with_net!(&self.net, state => part.accuracy(state.net())));
        let accuracies = read_all(accuracies.collect()).await?;
        let mut points = accuracies.iter().map(|&accuracy| (step, accuracy));
        self.accuracies.extend(points.next());
        self.train_accuracies.extend(points.next());
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<Rnn>,
    ) -> Result<(), LabError> {
        let norms = std::mem::take(&mut self.norms);
        let [weights, hidden, cell] = read_groups([norms.weights, norms.hidden, norms.cell]).await?;
        let measured_steps = std::mem::take(&mut self.measured_steps);
        let norms = measured_steps.iter().copied().zip(weights).collect();
        let mut cells = cell.chunks_exact(self.task.seq_len.max(1));
        let hidden = hidden.chunks_exact(self.task.seq_len.max(1));
        let gradients = measured_steps.into_iter().zip(hidden).map(|(step, hidden)| GradientRow {
            step,
            hidden: hidden.to_vec(),
            cell: cells.next().unwrap_or_default().to_vec(),
        });
        let gradients = gradients.collect();
        let measured = Measured {
            accuracies: std::mem::take(&mut self.accuracies),
            gradients,
            norms,
            train_accuracies: std::mem::take(&mut self.train_accuracies),
        };
        let step = steps.last_step();
        ctx.send(Frame::Train(steps, measured));
        let started = ctx.now_ms();
        if over || started >= self.next_trace {
            let traced = match &self.net {
                Net::Rnn(state) => rnn_trace(&self.shown, state.net()).await?,
                Net::Lstm(state) => lstm_trace(&self.shown, state.net()).await?,
            };
            if self.config.task == TaskChoice::Lines {
                let answers = match &self.net {
                    Net::Rnn(state) => rnn_answers(&self.shown, state.net()).await?,
                    Net::Lstm(state) => lstm_answers(&self.shown, state.net()).await?,
                };
                ctx.send(Frame::Answered(Rc::new(Answers { step, ..answers })));
            }
            if over {
                ctx.send(Frame::Trained(Rc::new(self.path(&traced).await?)));
            }
            ctx.send(Frame::Traced(Rc::new(Trace { step, ..traced.trace })));
            let took = ctx.now_ms() - started;
            self.next_trace = started + took * TRACE_SHARE + TRACE_MS;
        }
        Ok(())
    }
}

impl RnnTraining {
    async fn path(&self, traced: &Traced) -> Result<Paths, LabError> {
        match &self.net {
            Net::Rnn(state) => traced.rnn_path(state.net()).await,
            Net::Lstm(_) => Ok(Paths { cell: traced.cell_path(), ..Paths::default() }),
        }
    }
}

/// Norms of the measured steps, on the device.
#[derive(Default)]
struct Norms {
    /// Of all weights, `[1]` per step.
    weights: Vec<Tensor<1>>,
    /// Of the hidden state at every position, `[seq_len]` per step.
    hidden: Vec<Tensor<1>>,
    /// Of the cell at every position, `[seq_len]` per step.
    cell: Vec<Tensor<1>>,
}

/// Performs one step. If `measured`, returns the norm of the gradient of all weights, and the gradient norms of the hidden
/// states and, for an LSTM, of the cells.
async fn descend<N: Recurrent>(
    train_state: &mut TrainState<N>,
    batch: &[Input],
    options: StepOptions,
    measured: bool,
) -> Result<Vec<Tensor<1>>, LabError> {
    let descend = train_state.step(batch, options, |net, inputs| {
        let Gradients { loss, params, through_time } =
            gradients(net, &inputs.inner(0), |logits| cross_entropy(logits, inputs.get(1)));
        let measured = if measured {
            std::iter::once(weight_norm(net, &params)).chain(position_norms(through_time)).collect()
        } else {
            Vec::new()
        };
        StepOutput { loss, grads: params, measured }
    });
    descend.await
}

/// Sequences with their labels, on which an accuracy is measured.
struct Labeled {
    x: Tensor<3>,
    labels: Tensor<1, Int>,
}

impl Labeled {
    fn new(task: &Task, sequences: &Sequences, device: &Device) -> Self {
        let labels: Vec<i32> = sequences.labels.iter().map(|&label| label.into()).collect();
        let n = labels.len();
        Self {
            x: task.inputs(sequences).tensor(device),
            labels: Tensor::from_data(TensorData::new(labels, [n]), device),
        }
    }

    fn accuracy<N: Recurrent>(&self, net: &N) -> Tensor<1> {
        accuracy(net.valid().forward(&self.x), self.labels.clone())
    }
}
