//! Training the linear net or its non-linear twin; both see the same batches.

use super::nets::{self, boundary, grid, net};
use super::{
    BOUNDARY_SIDE, Config, Dataset, Frame, LINEAR, MAP_SIDE, Measured, Mlp, Request, Samples, Score,
    ModelId, Snapshot, params_formula,
};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::data::fashion_mnist;
use crate::data::plane::{Points, Shape, points};
use crate::models::mlp::{Activation, Mlp as Net};
use crate::run::arm::StepBatch;
use crate::run::driver::Training;
use crate::run::checkpoint::Checkpoint;
use crate::run::train_state::{StepOutput, StepOptions, Input, TrainState};
use crate::run::training::{accuracy, cross_entropy, first_weight, read, read_all};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Points in each part of a plane set.
const N_POINTS: usize = 600;
/// Sample images on the page.
const N_SHOWN: usize = 24;
/// Samples of the training part that the training accuracy is measured on.
const N_SCORED: usize = 2000;
/// While a net is looked at, snapshots of it take at most one part in so many of the worker's time.
const WATCH_SHARE: f64 = 25.0;
/// A net of more parameters sends snapshots only while it is looked at.
const MAX_PARAMS: u64 = 50_000;

impl Train for Mlp {
    type Training = MlpTraining;
}

/// One of the two nets in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct MlpTraining {
    task: TaskData,
    evaluation: Evaluation,
    batches: Batches,
    train_state: TrainState<Net>,
    /// The norms of the last gradients: one a layer, on the device.
    grad_norms: Vec<Tensor<1>>,
    learning_rate: f64,
    steps: u32,
    next_score: u32,
    measured: Measured,
    which: ModelId,
    is_small: bool,
    step: u32,
    /// Whether the next report brings a snapshot.
    shows: bool,
    /// Whether the page draws this net, and from when on it may have the next snapshot, in milliseconds.
    watched: Option<f64>,
    /// The parameters that were changed by hand: what they were, and after which step.
    edited: BTreeMap<u32, (f32, u32)>,
}

impl Training<Mlp> for MlpTraining {
    const HANDLES_REQUESTS: bool = true;

    async fn begin(
        config: Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<Mlp>,
    ) -> Result<Self, LabError> {
        let task = TaskData::load(&config, ctx).await?;
        ctx.send(Frame::Samples(Rc::new(task.samples())));
        let autodiff = device.clone().autodiff();
        let net = net(&config, task.d_in, task.n_classes, &autodiff);
        let net = if arm == LINEAR { net.with_activation(Activation::Identity) } else { net };
        Ok(Self {
            evaluation: Evaluation::new(&task, device),
            batches: Batches::new(task.train.labels.len(), config.batch_size as usize, config.seed.into()),
            task,
            train_state: TrainState::new(net, config.optimizer.init()),
            grad_norms: Vec::new(),
            learning_rate: config.learning_rate,
            steps: config.steps,
            next_score: 0,
            measured: Measured::default(),
            which: ModelId { arm: arm as u8, seed: config.seed },
            is_small: params_formula(&config) <= MAX_PARAMS,
            step: 0,
            shows: false,
            watched: None,
            edited: BTreeMap::new(),
        })
    }

    fn steps(&self) -> u32 {
        self.steps
    }

    fn step(&mut self, step: u32) -> Result<(), LabError> {
        self.step = step;
        let batch = self.task.batch(self.batches.next_batch());
        let options = StepOptions { learning_rate: self.learning_rate, max_norm: None, variant: Some(0) };
        self.grad_norms = self.train_state.step(&batch, options, |net, inputs| {
            let loss = cross_entropy(net.forward(inputs.get(0)), inputs.get(1));
            StepOutput::by_autodiff(net, loss, |grads| {
                let grads = net.layers.iter().filter_map(|layer| layer.weight.val().grad(grads));
                grads.map(|grad| grad.square().sum().sqrt()).collect()
            })
        });
        Ok(())
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        self.train_state.take_losses()
    }

    fn sync_tensor(&self) -> Option<Tensor<1>> {
        self.train_state.net().layers.last().map(first_weight)
    }

    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>) {
        self.train_state.state_tensors()
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError> {
        self.train_state.restore(checkpoint)?;
        self.step = checkpoint.step;
        self.edited = postcard::from_bytes(&checkpoint.extra_state).unwrap_or_default();
        for step in 0..=checkpoint.step {
            if step > 0 {
                self.batches.next_batch();
            }
            if self.is_due(step) {
                self.next_score = self.score_after(step);
            }
        }
        Ok(())
    }

    /// What was changed by hand.
    fn extra_state(&self) -> Vec<u8> {
        postcard::to_stdvec(&self.edited).unwrap_or_default()
    }

    fn update(&mut self, config: Config) {
        self.learning_rate = config.learning_rate;
    }

    fn is_due(&self, step: u32) -> bool {
        step >= self.next_score
    }

    async fn score(&mut self, step: u32, _out: &mut impl RunContext<Mlp>) -> Result<(), LabError> {
        self.next_score = self.score_after(step);
        let (train, test) = self.evaluation.score(&self.train_state.net().valid()).await?;
        self.measured.scores.push(Score { step, train, test });
        self.shows |= self.is_small;
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
        self.evaluation.look(&net, &mut measured).await?;
        let now = ctx.now_ms();
        let is_watched = self.watched.is_some_and(|due| over || ctx.is_paused() || now >= due);
        let shows = std::mem::take(&mut self.shows) || is_watched;
        if shows {
            measured.snapshot = Some(Rc::new(self.snapshot(&net).await?));
        }
        ctx.send(Frame::Train { steps, measured });
        if let Some(due) = self.watched.as_mut().filter(|_| shows) {
            let ended = ctx.now_ms();
            *due = ended + WATCH_SHARE * (ended - now);
        }
        Ok(())
    }

    async fn answer(&mut self, request: &[u8], ctx: &mut impl RunContext<Mlp>) -> Result<bool, LabError> {
        let (mut shows, mut changed) = (false, false);
        let mut next = Some(request.to_vec());
        // A slider asks faster than its net can be judged: what has come in the meantime is done in one go.
        while let Some(request) = next {
            match postcard::from_bytes(&request) {
                Ok(Request::Watch(which)) => {
                    self.watched = (which == Some(self.which)).then_some(0.0);
                    shows |= self.watched.is_some();
                }
                Ok(Request::Set { of, values }) if of == self.which => {
                    self.set(&values).await?;
                    changed = true;
                }
                Ok(Request::Set { .. }) | Err(_) => {}
            }
            next = ctx.request();
        }
        if changed {
            let (train, test) = self.evaluation.score(&self.train_state.net().valid()).await?;
            self.measured.scores.push(Score { step: self.step, train, test });
        }
        if changed || shows {
            self.shows = true;
            let steps = StepBatch { first_step: self.step + 1, ..StepBatch::default() };
            self.report(steps, false, ctx).await?;
        }
        Ok(true)
    }
}

impl MlpTraining {
    /// When the net is judged again. Often at first, when much changes; later each tenth of the way. Scoring 4,000 images costs
    /// as much as some twenty steps.
    fn score_after(&self, step: u32) -> u32 {
        let at_least = if self.task.image_side.is_some() { 25 } else { 5 };
        if step == 0 { 1 } else { step + (step / 10).max(at_least) }
    }

    async fn snapshot(&self, net: &Net) -> Result<Snapshot, LabError> {
        let mut snapshot = nets::snapshot(net, self.step, self.evaluation.cells.as_ref()).await?;
        snapshot.edits = self.edited.len() as u32;
        Ok(snapshot)
    }

    /// Sets parameters by hand. One that is set back before the next step counts as unchanged.
    async fn set(&mut self, values: &[(u32, f32)]) -> Result<(), LabError> {
        let before = nets::snapshot(&self.train_state.net().valid(), self.step, None).await?;
        for &(index, value) in values.iter().filter(|(_, value)| value.is_finite()) {
            let Some(place) = before.param_at(index as usize) else { continue };
            nets::set(self.train_state.change().0, place, value);
            let was = before.params.get(index as usize).copied().unwrap_or_default();
            let first = *self.edited.entry(index).or_insert((was, self.step));
            if first == (value, self.step) {
                self.edited.remove(&index);
            }
        }
        Ok(())
    }
}

/// The samples on the host.
struct TaskData {
    d_in: usize,
    n_classes: usize,
    train: Part,
    test: Part,
    image_side: Option<u32>,
}

/// The shape of a data set in the plane.
fn shape(dataset: Dataset) -> Option<Shape> {
    match dataset {
        Dataset::Spirals => Some(Shape::Spirals),
        Dataset::Circles => Some(Shape::Circles),
        Dataset::Moons => Some(Shape::Moons),
        Dataset::Xor => Some(Shape::Xor),
        Dataset::FashionMnist => None,
    }
}

/// The points to learn from (0), or those of the test set (1).
fn plane_part(config: &Config, shape: Shape, split: u64) -> Points {
    points(shape, N_POINTS, config.noise as f32, 2 * u64::from(config.seed) + split)
}

/// The test points of a data set in the plane; none of images.
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
                    // Centred by a fixed number, not by the mean: the same scale for any subset.
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

    /// Values `[n, d_in]` and one-hot classes of some samples.
    fn batch(&self, indices: &[usize]) -> [Input; 2] {
        let d = self.d_in;
        let x: Vec<f32> = indices.iter().flat_map(|&i| &self.train.x[i * d..(i + 1) * d]).copied().collect();
        let labels = indices.iter().map(|&i| self.train.labels[i]);
        [Input::new(x, [indices.len(), d]), Input::one_hot(labels, self.n_classes)]
    }

    /// What the page shows of the test part.
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

/// The fixed samples that the net is judged on, on the device.
struct Evaluation {
    train: (Tensor<2>, Tensor<1, Int>),
    test: (Tensor<2>, Tensor<1, Int>),
    /// The grid of the boundary, and the coarser one of the units' maps.
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

    /// The shares of right answers: on samples trained on, and on others.
    async fn score(&self, net: &Net) -> Result<(f32, f32), LabError> {
        let of = |(x, y): &(Tensor<2>, Tensor<1, Int>)| accuracy(net.forward(x.clone()), y.clone());
        let values = read_all(vec![of(&self.train), of(&self.test)]).await?;
        let value = |index: usize| values.get(index).copied().unwrap_or(f32::NAN);
        Ok((value(0), value(1)))
    }

    /// What the net makes of the plane, or of the sample images.
    async fn look(&self, net: &Net, measured: &mut Measured) -> Result<(), LabError> {
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
