//! Training the linear net and its non-linear twin on the same batches.

use super::nets::net;
use super::{
    BOUNDARY_REACH, BOUNDARY_SIDE, Config, Dataset, Frame, Mlp, NetStepBatch, Optimizer, Samples, Score,
    StepBatch,
};
use crate::core::{LabError, Progress};
use crate::data::batches::Batches;
use crate::data::fashion_mnist;
use crate::data::plane::{Points, Shape, points};
use crate::models::mlp::{Activation, Mlp as Net};
use crate::models::weights::twin;
use crate::run::training::{
    TrainState, accuracy, check_finite, cross_entropy, one_hot, read, read_all, read_groups,
};
use crate::run::{RunContext, Tick, Train};
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
    async fn run(config: Config, device: &Device, out: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let task = TaskData::load(&config, out).await?;
        out.send(Frame::Samples(Rc::new(task.samples())));

        let activated = net(&config, task.d_in, task.n_classes, &device.clone().autodiff());
        let linear = twin(&activated).with_activation(Activation::Identity);
        let mut nets = [Learner::new(linear, config.optimizer), Learner::new(activated, config.optimizer)];
        let evals = Evaluation::new(&task, device);
        let mut batches =
            Batches::new(task.train.labels.len(), config.batch_size as usize, config.seed.into());
        let mut learning_rate = config.learning_rate;
        let mut next_score = 1;

        let mut step_batch = StepBatch { first_step: 1, ..StepBatch::default() };
        evals.score(&nets, 0, &mut step_batch).await?;
        evals.look(&nets, &mut step_batch).await?;
        out.send(Frame::Train(Rc::new(std::mem::take(&mut step_batch))));
        step_batch.first_step = 1;

        for step in 1..=config.steps {
            let (x, y) = task.batch(batches.next_batch(), &device.clone().autodiff());
            for net in &mut nets {
                net.step(x.clone(), y.clone(), learning_rate);
            }
            let last = step == config.steps;
            if step >= next_score || last {
                // Often at first, when much changes; later each tenth of the way. Scoring 4,000 images costs as much as
                // some twenty steps.
                next_score = step + (step / 10).max(if task.image_side.is_some() { 25 } else { 5 });
                drain(&mut nets, &mut step_batch, step).await?;
                evals.score(&nets, step, &mut step_batch).await?;
            }
            let tick = out.step_done(Progress { step, steps: config.steps }).await;
            if let Some(changed) = out.update() {
                learning_rate = changed.learning_rate;
            }
            if tick != Tick::Continue || last {
                drain(&mut nets, &mut step_batch, step).await?;
                evals.look(&nets, &mut step_batch).await?;
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

/// A net in training, and the norms of its last gradients: one a layer, on the device.
struct Learner {
    train_state: TrainState<Net>,
    grad_norms: Vec<Tensor<1>>,
}

impl Learner {
    fn new(net: Net, optimizer: Optimizer) -> Self {
        Self { train_state: TrainState::new(net, optimizer.init()), grad_norms: Vec::new() }
    }

    fn step(&mut self, x: Tensor<2>, y: Tensor<2>, learning_rate: f64) {
        let loss = cross_entropy(self.train_state.net.forward(x), y);
        let grad_norms = &mut self.grad_norms;
        self.train_state.descend(loss, learning_rate, None, |net, grads| {
            let grads = net.layers.iter().filter_map(|layer| layer.weight.val().grad(grads));
            *grad_norms = grads.map(|grad| grad.square().sum().sqrt()).collect();
        });
    }
}

/// Reads what both nets left on the device, in one read.
async fn drain(nets: &mut [Learner; 2], step_batch: &mut StepBatch, step: u32) -> Result<(), LabError> {
    let [a, b] = nets;
    let take = |net: &mut Learner| (net.train_state.take_losses(), std::mem::take(&mut net.grad_norms));
    let ((losses_a, norms_a), (losses_b, norms_b)) = (take(a), take(b));
    let [losses_a, norms_a, losses_b, norms_b] = read_groups([losses_a, norms_a, losses_b, norms_b]).await?;
    let parts = [
        (&mut step_batch.linear, "linear net", losses_a, norms_a),
        (&mut step_batch.activated, "non-linear net", losses_b, norms_b),
    ];
    for (part, which, losses, norms) in parts {
        check_finite(&losses, step + 1 - losses.len() as u32, which)?;
        part.losses.extend(losses);
        if !norms.is_empty() {
            part.grad_norms = norms;
        }
    }
    Ok(())
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

/// The fixed samples that both nets are judged on, on the device.
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

    /// Measures the accuracies of both nets.
    async fn score(
        &self,
        nets: &[Learner; 2],
        step: u32,
        step_batch: &mut StepBatch,
    ) -> Result<(), LabError> {
        let of =
            |net: &Net, (x, y): &(Tensor<2>, Tensor<1, Int>)| accuracy(net.forward(x.clone()), y.clone());
        let mut tensors = Vec::new();
        for learner in nets {
            let net = learner.train_state.net.valid();
            tensors.extend([of(&net, &self.train), of(&net, &self.test)]);
        }
        let values = read_all(tensors).await?;
        for (part, pair) in
            [&mut step_batch.linear, &mut step_batch.activated].into_iter().zip(values.chunks_exact(2))
        {
            part.scores.push(Score { step, train: pair[0], test: pair[1] });
        }
        Ok(())
    }

    /// Looks at what both nets make of the plane, or of the sample images.
    async fn look(&self, nets: &[Learner; 2], step_batch: &mut StepBatch) -> Result<(), LabError> {
        let StepBatch { linear, activated, .. } = step_batch;
        for (learner, part) in nets.iter().zip([linear, activated]) {
            self.look_at(&learner.train_state.net.valid(), part).await?;
        }
        Ok(())
    }

    async fn look_at(&self, net: &Net, part: &mut NetStepBatch) -> Result<(), LabError> {
        if let Some(grid) = &self.grid {
            let p = softmax(net.forward(grid.clone()), 1);
            part.boundary = read(p.slice([0..BOUNDARY_SIDE * BOUNDARY_SIDE, 1..2])).await?;
        }
        if let Some(shown) = &self.shown {
            let predicted = read(net.forward(shown.clone()).argmax(1).float()).await?;
            part.predictions = predicted.into_iter().map(|class| class as u8).collect();
        }
        Ok(())
    }
}

/// The centres of the cells of a square grid over the plane, row by row from the bottom.
fn boundary_grid(device: &Device) -> Tensor<2> {
    let at = |i: usize| ((i as f32 + 0.5) / BOUNDARY_SIDE as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
    let cells = (0..BOUNDARY_SIDE).flat_map(|row| (0..BOUNDARY_SIDE).flat_map(move |col| [at(col), at(row)]));
    Tensor::from_data(TensorData::new(cells.collect::<Vec<_>>(), [BOUNDARY_SIDE * BOUNDARY_SIDE, 2]), device)
}
