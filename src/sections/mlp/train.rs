//! Trains the linear or the non-linear network; both see the same batches.

use super::nets::{self, boundary, grid, net};
use super::{
    BOUNDARY_SIDE, Config, Dataset, Frame, MAP_SIDE, Measured, Mlp, ModelId, Request, Samples, Score,
    Snapshot, params_formula,
};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::data::fashion_mnist;
use crate::data::plane::{Points, Shape, points};
use crate::models::mlp::Mlp as Net;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_growing_intervals};
use crate::run::step::{Input, StepOptions, StepOutput};
use crate::run::train_state::{AnyTrainState, TrainState};
use crate::run::training::{accuracy, cross_entropy, read, read_all};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The number of points in each part of a data set in the plane.
const N_POINTS: usize = 600;
/// The number of sample images on the page.
const N_SHOWN: usize = 24;
/// The number of training samples that the training accuracy is measured on.
const N_SCORED: usize = 2000;
/// Snapshots of a network on the page take at most 1 / `WATCH_SHARE` of the worker's time.
const WATCH_SHARE: f64 = 25.0;
/// A larger network sends snapshots only while the page shows it.
const MAX_PARAMS: u64 = 50_000;

impl Train for Mlp {
    type Training = MlpTraining;
}

/// One of the two networks in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct MlpTraining {
    config: Config,
    task: TaskData,
    evaluation: Evaluation,
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
        let net = net(&config, arm, task.d_in, task.n_classes, &device.clone().autodiff());
        Ok(Self {
            evaluation: Evaluation::new(&task, device),
            batches: Batches::new(task.train.labels.len(), config.batch_size as usize, config.seed.into()),
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

    fn step(&mut self, _step: u32, batch: Vec<usize>) {
        let batch = self.task.batch(&batch);
        let options = StepOptions::new(self.config.learning_rate);
        self.grad_norms = self.train_state.step(&batch, options, |net, inputs| {
            let loss = cross_entropy(net.forward(inputs.get(0)), inputs.get(1));
            StepOutput::backward_with(net, loss, |grads| {
                let grads = net.layers.iter().filter_map(|layer| layer.weight.val().grad(grads));
                grads.map(|grad| grad.square().sum().sqrt()).collect()
            })
        });
    }

    fn score_after(&self, step: u32) -> u32 {
        // Scoring 4,000 images costs as much as about 20 steps.
        at_growing_intervals(step, if self.task.image_side.is_some() { 25 } else { 5 })
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
        self.evaluation.predict(&net, &mut measured).await?;
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
        let mut snapshot =
            nets::snapshot(net, self.train_state.steps_done(), self.evaluation.cells.as_ref()).await?;
        snapshot.edits = self.edited.len() as u32;
        Ok(snapshot)
    }

    /// Sets parameters by hand. One that is set back before the next step counts as unchanged.
    async fn set(&mut self, values: &[(u32, f32)]) -> Result<(), LabError> {
        let step = self.train_state.steps_done();
        let before = nets::snapshot(&self.train_state.net().valid(), step, None).await?;
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

/// The training and test samples, on the host.
struct TaskData {
    d_in: usize,
    n_classes: usize,
    train: Part,
    test: Part,
    image_side: Option<u32>,
}

/// Returns the shape of a data set in the plane, or `None` for images.
fn shape(dataset: Dataset) -> Option<Shape> {
    match dataset {
        Dataset::Spirals => Some(Shape::Spirals),
        Dataset::Circles => Some(Shape::Circles),
        Dataset::Moons => Some(Shape::Moons),
        Dataset::Xor => Some(Shape::Xor),
        Dataset::FashionMnist => None,
    }
}

/// Returns the training points (`split` 0) or the test points (1).
fn plane_part(config: &Config, shape: Shape, split: u64) -> Points {
    points(shape, N_POINTS, config.noise as f32, 2 * u64::from(config.seed) + split)
}

/// Returns the test points of a data set in the plane; none for images.
pub(super) fn plane_samples(config: &Config) -> Samples {
    let Points { x, y } = shape(config.dataset)
        .map_or_else(|| Points { x: Vec::new(), y: Vec::new() }, |shape| plane_part(config, shape, 1));
    Samples::Points(x.iter().zip(&y).map(|(&[x, y], &class)| (x, y, class)).collect())
}

/// One part of the samples: `[n, d_in]` values and `[n]` classes.
struct Part {
    x: Vec<f32>,
    labels: Vec<u8>,
}

impl TaskData {
    async fn load(config: &Config, ctx: &mut impl RunContext<Mlp>) -> Result<Self, LabError> {
        let shape = match shape(config.dataset) {
            Some(shape) => shape,
            None => {
                let images = fashion_mnist::read(&ctx.asset(fashion_mnist::PATH).await?)?;
                let part = |split: fashion_mnist::Split| Part {
                    // Centered by a constant, not by the mean, so that every subset has the same scale.
                    x: split.pixels.iter().map(|&p| f32::from(p) / 127.5 - 1.0).collect(),
                    labels: split.labels,
                };
                return Ok(Self {
                    d_in: images.d_in,
                    n_classes: images.n_classes,
                    train: part(images.train),
                    test: part(images.test),
                    image_side: Some(28),
                });
            }
        };
        let part = |split| {
            let Points { x, y } = plane_part(config, shape, split);
            Part { x: x.into_iter().flatten().collect(), labels: y }
        };
        Ok(Self { d_in: 2, n_classes: 2, train: part(0), test: part(1), image_side: None })
    }

    /// Returns some training samples: values `[n, d_in]` and one-hot classes.
    fn batch(&self, indices: &[usize]) -> [Input; 2] {
        let d = self.d_in;
        let x: Vec<f32> = indices.iter().flat_map(|&i| &self.train.x[i * d..(i + 1) * d]).copied().collect();
        let labels = indices.iter().map(|&i| self.train.labels[i]);
        [Input::new(x, [indices.len(), d]), Input::one_hot(labels, self.n_classes)]
    }

    /// Returns the test samples that the page shows.
    fn samples(&self) -> Samples {
        match self.image_side {
            None => {
                let points = self.test.x.chunks_exact(2).zip(&self.test.labels);
                Samples::Points(points.map(|(p, &class)| (p[0], p[1], class)).collect())
            }
            Some(side) => {
                let n = N_SHOWN.min(self.test.labels.len());
                let pixels = self.test.x[..n * self.d_in].iter().map(|&v| ((v + 1.0) * 127.5).round() as u8);
                Samples::Images { side, pixels: pixels.collect(), labels: self.test.labels[..n].to_vec() }
            }
        }
    }
}

/// Fixed samples on the device, for scores and pictures.
struct Evaluation {
    train: (Tensor<2>, Tensor<1, Int>),
    test: (Tensor<2>, Tensor<1, Int>),
    /// The grid for the decision boundary, and a coarser one for the maps of single units.
    grid: Option<Tensor<2>>,
    cells: Option<Tensor<2>>,
    shown: Option<Tensor<2>>,
}

impl Evaluation {
    fn new(task: &TaskData, device: &Device) -> Self {
        let part = |part: &Part, n: usize| {
            let n = n.min(part.labels.len());
            let x = part.x[..n * task.d_in].to_vec();
            let labels: Vec<i32> = part.labels[..n].iter().map(|&label| label.into()).collect();
            (
                Tensor::from_data(TensorData::new(x, [n, task.d_in]), device),
                Tensor::from_data(TensorData::new(labels, [n]), device),
            )
        };
        let images = task.image_side.is_some();
        Self {
            train: part(&task.train, N_SCORED),
            test: part(&task.test, usize::MAX),
            grid: (!images).then(|| grid(BOUNDARY_SIDE, device)),
            cells: (!images).then(|| grid(MAP_SIDE, device)),
            shown: images.then(|| part(&task.test, N_SHOWN).0),
        }
    }

    /// Returns training and test accuracy.
    async fn score(&self, net: &Net) -> Result<(f32, f32), LabError> {
        let of = |(x, y): &(Tensor<2>, Tensor<1, Int>)| accuracy(net.forward(x.clone()), y.clone());
        let values = read_all(vec![of(&self.train), of(&self.test)]).await?;
        let value = |index: usize| values.get(index).copied().unwrap_or(f32::NAN);
        Ok((value(0), value(1)))
    }

    /// Predicts the plane or the sample images.
    async fn predict(&self, net: &Net, measured: &mut Measured) -> Result<(), LabError> {
        if let Some(grid) = &self.grid {
            measured.boundary = boundary(net, grid).await?;
        }
        if let Some(shown) = &self.shown {
            let predicted = read(net.forward(shown.clone()).argmax(1).float()).await?;
            measured.predictions = predicted.into_iter().map(|class| class as u8).collect();
        }
        Ok(())
    }
}
