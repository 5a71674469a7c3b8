//! Training the linear net or its non-linear twin; both see the same batches.

use super::nets::net;
use super::{BOUNDARY_REACH, BOUNDARY_SIDE, Config, Dataset, Frame, LINEAR, Measured, Mlp, Samples, Score};
use crate::core::LabError;
use crate::data::batches::Batches;
use crate::data::fashion_mnist;
use crate::data::plane::{Points, Shape, points};
use crate::models::mlp::{Activation, Mlp as Net};
use crate::run::arm::StepBatch;
use crate::run::driver::Training;
use crate::run::training::{TrainState, accuracy, cross_entropy, first_weight, one_hot, read, read_all};
use crate::run::{RunContext, Train};
use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::rc::Rc;

/// Points in each part of a plane set.
const N_POINTS: usize = 600;
/// Sample images on the page.
const N_SHOWN: usize = 24;
/// Samples of the training part that the training accuracy is measured on.
const N_SCORED: usize = 2000;

impl Train for Mlp {
    type Training = MlpTraining;
}

/// One of the two nets in training.
#[allow(missing_debug_implementations, reason = "burn's optimizer has none")]
pub struct MlpTraining {
    task: TaskData,
    evaluation: Evaluation,
    batches: Batches,
    device: Device,
    train_state: TrainState<Net>,
    /// The norms of the last gradients: one a layer, on the device.
    grad_norms: Vec<Tensor<1>>,
    learning_rate: f64,
    steps: u32,
    next_score: u32,
    measured: Measured,
}

impl Training<Mlp> for MlpTraining {
    async fn begin(
        config: Config,
        arm: usize,
        device: &Device,
        out: &mut impl RunContext<Mlp>,
    ) -> Result<Self, LabError> {
        let task = TaskData::load(&config, out).await?;
        out.send(Frame::Samples(Rc::new(task.samples())));
        let autodiff = device.clone().autodiff();
        let net = net(&config, task.d_in, task.n_classes, &autodiff);
        let net = if arm == LINEAR { net.with_activation(Activation::Identity) } else { net };
        Ok(Self {
            evaluation: Evaluation::new(&task, device),
            batches: Batches::new(task.train.labels.len(), config.batch_size as usize, config.seed.into()),
            task,
            device: autodiff,
            train_state: TrainState::new(net, config.optimizer.init()),
            grad_norms: Vec::new(),
            learning_rate: config.learning_rate,
            steps: config.steps,
            next_score: 0,
            measured: Measured::default(),
        })
    }

    fn steps(&self) -> u32 {
        self.steps
    }

    fn step(&mut self, _step: u32) -> Result<(), LabError> {
        let (x, y) = self.task.batch(self.batches.next_batch(), &self.device);
        let loss = cross_entropy(self.train_state.net.forward(x), y);
        let grad_norms = &mut self.grad_norms;
        self.train_state.descend(loss, self.learning_rate, None, |net, grads| {
            let grads = net.layers.iter().filter_map(|layer| layer.weight.val().grad(grads));
            *grad_norms = grads.map(|grad| grad.square().sum().sqrt()).collect();
        });
        Ok(())
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        self.train_state.take_losses()
    }

    fn last_changed(&self) -> Option<Tensor<1>> {
        self.train_state.net.layers.last().map(first_weight)
    }

    fn update(&mut self, config: Config) {
        self.learning_rate = config.learning_rate;
    }

    fn is_due(&self, step: u32) -> bool {
        step >= self.next_score
    }

    async fn score(&mut self, step: u32, _out: &mut impl RunContext<Mlp>) -> Result<(), LabError> {
        // Often at first, when much changes; later each tenth of the way. Scoring 4,000 images costs as much as some twenty
        // steps.
        let at_least = if self.task.image_side.is_some() { 25 } else { 5 };
        self.next_score = if step == 0 { 1 } else { step + (step / 10).max(at_least) };
        let (train, test) = self.evaluation.score(&self.train_state.net.valid()).await?;
        self.measured.scores.push(Score { step, train, test });
        Ok(())
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        _over: bool,
        out: &mut impl RunContext<Mlp>,
    ) -> Result<(), LabError> {
        let mut measured = std::mem::take(&mut self.measured);
        measured.grad_norms = read_all(std::mem::take(&mut self.grad_norms)).await?;
        self.evaluation.look(&self.train_state.net.valid(), &mut measured).await?;
        out.send(Frame::Train { steps, measured });
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

/// One part of the samples: `[n, d_in]` values and `[n]` classes.
struct Part {
    x: Vec<f32>,
    labels: Vec<u8>,
}

impl TaskData {
    async fn load(config: &Config, out: &mut impl RunContext<Mlp>) -> Result<Self, LabError> {
        let shape = match config.dataset {
            Dataset::Spirals => Shape::Spirals,
            Dataset::Circles => Shape::Circles,
            Dataset::Moons => Shape::Moons,
            Dataset::Xor => Shape::Xor,
            Dataset::FashionMnist => {
                let images = fashion_mnist::read(&out.asset(fashion_mnist::PATH).await?)?;
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
        let part = |seed: u64| {
            let Points { x, y } = points(shape, N_POINTS, config.noise as f32, seed);
            Part { x: x.into_iter().flatten().collect(), labels: y }
        };
        let seed = u64::from(config.seed);
        Ok(Self { d_in: 2, n_classes: 2, train: part(2 * seed), test: part(2 * seed + 1), image_side: None })
    }

    fn batch(&self, indices: &[usize], device: &Device) -> (Tensor<2>, Tensor<2>) {
        let d = self.d_in;
        let x: Vec<f32> = indices.iter().flat_map(|&i| &self.train.x[i * d..(i + 1) * d]).copied().collect();
        let labels = indices.iter().map(|&i| self.train.labels[i]);
        let x = Tensor::from_data(TensorData::new(x, [indices.len(), d]), device);
        (x, one_hot(labels, self.n_classes, device))
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
    grid: Option<Tensor<2>>,
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
            grid: (!images).then(|| boundary_grid(device)),
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
            let p = softmax(net.forward(grid.clone()), 1);
            measured.boundary = read(p.slice([0..BOUNDARY_SIDE * BOUNDARY_SIDE, 1..2])).await?;
        }
        if let Some(shown) = &self.shown {
            let predicted = read(net.forward(shown.clone()).argmax(1).float()).await?;
            measured.predictions = predicted.into_iter().map(|class| class as u8).collect();
        }
        Ok(())
    }
}

/// The centers of the cells of a square grid over the plane, row by row from the bottom.
fn boundary_grid(device: &Device) -> Tensor<2> {
    let at = |i: usize| ((i as f32 + 0.5) / BOUNDARY_SIDE as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
    let cells = (0..BOUNDARY_SIDE).flat_map(|row| (0..BOUNDARY_SIDE).flat_map(move |col| [at(col), at(row)]));
    Tensor::from_data(TensorData::new(cells.collect::<Vec<_>>(), [BOUNDARY_SIDE * BOUNDARY_SIDE, 2]), device)
}
