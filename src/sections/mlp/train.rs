//! Trains the linear or the non-linear network; both see the same batches.

use super::nets::{self, net};
use super::task::{Evaluation, Objective, Pictures, forward_backward};
use super::task_data::TaskData;
use super::{Config, Frame, Measured, Mlp, ModelId, Request, Score, Snapshot, params_formula};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::models::mlp::Mlp as Net;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_growing_intervals};
use crate::run::step::StepOptions;
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::read_all;
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Snapshots of a network on the page take at most 1 / `WATCH_SHARE` of the worker's time.
const WATCH_SHARE: f64 = 25.0;
/// A larger network sends snapshots only while the page shows it.
const MAX_PARAMS: u64 = 50_000;

/// With more test samples than this, networks are scored less often.
const MANY_SAMPLES: usize = 1000;

impl Train for Mlp {
    type Training = MlpTraining;
}

/// One of the two networks in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct MlpTraining {
    config: Config,
    task: TaskData,
    evaluation: Evaluation,
    pictures: Pictures,
    batches: Batches,
    train_state: TrainState<Net>,
    /// The gradient norm of each layer at the last step, on the device.
    grad_norms: Vec<Tensor<1>>,
    measured: Measured,
    model: ModelId,
    /// True if the next report has a snapshot.
    sends_snapshot: bool,
    /// While the page shows this network: the time of the next snapshot, in milliseconds.
    watched: Option<f64>,
    /// For each parameter edited by hand, its earlier value and the step of the edit.
    edited: BTreeMap<u32, (f32, u32)>,
}

impl Training<Mlp> for MlpTraining {
    /// Indices of training samples.
    type Batch = Vec<usize>;

    const HANDLES_REQUESTS: bool = true;

    async fn init(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<Mlp>,
    ) -> Result<Self, LabError> {
        let task = TaskData::load(&config, ctx).await?;
        ctx.send(Frame::Samples(Rc::new(task.samples())));
        let net = net(&config, arm, task.d_in, task.d_out, &device.clone().autodiff());
        Ok(Self {
            evaluation: Evaluation::new(&task, device),
            pictures: Pictures::new(&task, device),
            batches: Batches::new(task.train.len(), config.batch_size as usize, config.seed.into()),
            task,
            train_state: TrainState::new(net, config.optimizer.init()),
            grad_norms: Vec::new(),
            measured: Measured::default(),
            model: ModelId { arm: arm as u8, seed: config.seed },
            sends_snapshot: false,
            watched: None,
            edited: BTreeMap::new(),
            config,
        })
    }

    fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    fn state_mut(&mut self) -> &mut dyn AnyTrainState {
        &mut self.train_state
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn draw(&mut self) -> Vec<usize> {
        self.batches.next_batch().to_vec()
    }

    async fn step(&mut self, _step: u32, batch: Vec<usize>) -> Result<(), LabError> {
        let batch = self.task.batch(&batch);
        let options = StepOptions::new(self.config.learning_rate);
        let objective = Objective::of(&self.config);
        let descend = self.train_state.step(&batch, options, |net, inputs| {
            forward_backward(net, inputs.get(0), inputs.get(1), objective)
        });
        self.grad_norms = descend.await?;
        Ok(())
    }

    fn score_after(&self, step: u32) -> u32 {
        // Scoring 4,000 images costs as much as about 20 steps.
        let is_large = self.task.image_side.is_some() || self.task.test.len() > MANY_SAMPLES;
        at_growing_intervals(step, if is_large { 25 } else { 5 })
    }

    async fn score(&mut self, step: u32, _ctx: &mut impl RunContext<Mlp>) -> Result<(), LabError> {
        let (train, test) = self.evaluation.score(&self.train_state.net().valid()).await?;
        self.measured.scores.push(Score { step, train, test });
        self.sends_snapshot |= params_formula(&self.config) <= MAX_PARAMS;
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<Mlp>,
    ) -> Result<(), LabError> {
        let mut measured = std::mem::take(&mut self.measured);
        measured.grad_norms = read_all(std::mem::take(&mut self.grad_norms)).await?;
        let net = self.train_state.net().valid();
        self.pictures.predict(&net, &mut measured).await?;
        let now = ctx.now_ms();
        let is_watched = self.watched.is_some_and(|due| over || ctx.is_paused() || now >= due);
        let sends_snapshot = std::mem::take(&mut self.sends_snapshot) || is_watched;
        if sends_snapshot {
            measured.snapshot = Some(Rc::new(self.snapshot(&net).await?));
        }
        ctx.send(Frame::Train { steps, measured });
        if let Some(due) = self.watched.as_mut().filter(|_| sends_snapshot) {
            let ended = ctx.now_ms();
            *due = ended + WATCH_SHARE * (ended - now);
        }
        Ok(())
    }

    async fn answer(&mut self, request: &[u8], ctx: &mut impl RunContext<Mlp>) -> Result<bool, LabError> {
        let step = self.train_state.steps_done();
        let (mut shown, mut changed) = (false, false);
        let mut next = Some(request.to_vec());
        // A slider sends requests faster than the network can be scored, so answer all pending ones at once.
        while let Some(request) = next {
            match postcard::from_bytes(&request) {
                Ok(Request::Watch(model)) => {
                    self.watched = (model == Some(self.model)).then_some(0.0);
                    shown |= self.watched.is_some();
                }
                Ok(Request::Set { of, values }) if of == self.model => {
                    self.set(&values).await?;
                    changed = true;
                }
                Ok(Request::Set { .. }) | Err(_) => {}
            }
            next = ctx.request();
        }
        if changed {
            let (train, test) = self.evaluation.score(&self.train_state.net().valid()).await?;
            self.measured.scores.push(Score { step, train, test });
        }
        if changed || shown {
            self.sends_snapshot = true;
            let steps = StepBatch { first_step: step + 1, ..StepBatch::default() };
            self.report(steps, false, ctx).await?;
        }
        Ok(true)
    }

    /// Returns the edits by hand.
    fn extra_state(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.edited).unwrap_or_default()
    }

    fn on_restore(&mut self, extra_state: &[u8]) {
        self.edited = postcard::from_bytes(extra_state).unwrap_or_default();
    }
}

impl MlpTraining {
    async fn snapshot(&self, net: &Net) -> Result<Snapshot, LabError> {
        let Pictures { cells, inputs, .. } = &self.pictures;
        let mut snapshot = nets::snapshot(net, self.train_state.steps_done(), cells.as_ref(), inputs).await?;
        snapshot.edits = self.edited.len() as u32;
        Ok(snapshot)
    }

    /// Sets parameters by hand. One that is set back before the next step counts as unchanged.
    async fn set(&mut self, values: &[(u32, f32)]) -> Result<(), LabError> {
        let step = self.train_state.steps_done();
        let before = nets::snapshot(&self.train_state.net().valid(), step, None, &[]).await?;
        for &(index, value) in values.iter().filter(|(_, value)| value.is_finite()) {
            let Some(param) = before.param_at(index as usize) else { continue };
            nets::set(self.train_state.net_mut(), param, value);
            let was = before.params.get(index as usize).copied().unwrap_or_default();
            let first = *self.edited.entry(index).or_insert((was, step));
            if first == (value, step) {
                self.edited.remove(&index);
            }
        }
        Ok(())
    }
}
