//! The samples of a run, and what the page shows of a network: accuracies, the decision boundary, the maps of its
//! units, and its predictions for sample images.

use super::nets::{boundary, grid};
use super::{BOUNDARY_SIDE, Config, Dataset, MAP_SIDE, Measured, Samples};
use crate::core::LabError;
use crate::data::fashion_mnist;
use crate::data::plane::{Points, Shape, points};
use crate::models::mlp::Mlp as Net;
use crate::run::RunContext;
use crate::run::step::{Input, StepOutput};
use crate::run::training::{accuracy, cross_entropy, read, read_all};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The number of points in each part of a data set in the plane.
const N_POINTS: usize = 600;
/// The number of sample images on the page.
const N_SHOWN: usize = 24;
/// The number of training samples that the training accuracy is measured on.
const N_SCORED: usize = 2000;

/// Returns the cross-entropy of a batch, its gradients, and the gradient norm of each layer's weight.
///
/// # Shapes
///
/// - x: `[batch, d_in]`
/// - y: one-hot classes, `[batch, n_classes]`
pub(super) fn forward_backward(net: &Net, x: Tensor<2>, y: Tensor<2>) -> StepOutput {
    let loss = cross_entropy(net.forward(x), y);
    StepOutput::backward_with(net, loss, |grads| {
        let grads = net.layers.iter().filter_map(|layer| layer.weight.val().grad(grads));
        grads.map(|grad| grad.square().sum().sqrt()).collect()
    })
}

/// The training and test samples, on the host.
pub(super) struct TaskData {
    pub(super) d_in: usize,
    pub(super) n_classes: usize,
    pub(super) train: Part,
    test: Part,
    pub(super) image_side: Option<u32>,
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

/// One part of the samples: `[n, d_in]` values and `[n]` classes.
pub(super) struct Part {
    x: Vec<f32>,
    pub(super) labels: Vec<u8>,
}

impl TaskData {
    /// Generates the points, or reads the images.
    ///
    /// # Errors
    ///
    /// Fails if the file with the images does not arrive or is damaged.
    pub(super) async fn load(
        config: &Config,
        ctx: &mut impl RunContext<super::Mlp>,
    ) -> Result<Self, LabError> {
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
    pub(super) fn batch(&self, indices: &[usize]) -> [Input; 2] {
        let d = self.d_in;
        let x: Vec<f32> = indices.iter().flat_map(|&i| &self.train.x[i * d..(i + 1) * d]).copied().collect();
        let labels = indices.iter().map(|&i| self.train.labels[i]);
        [Input::new(x, [indices.len(), d]), Input::one_hot(labels, self.n_classes)]
    }

    /// Returns the test samples that the page shows.
    pub(super) fn samples(&self) -> Samples {
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

/// Returns the first samples of a part on the device: values `[n, d_in]` and classes `[n]`.
fn first_samples(task: &TaskData, part: &Part, n: usize, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
    let n = n.min(part.labels.len());
    let x = part.x[..n * task.d_in].to_vec();
    let labels: Vec<i32> = part.labels[..n].iter().map(|&label| label.into()).collect();
    (
        Tensor::from_data(TensorData::new(x, [n, task.d_in]), device),
        Tensor::from_data(TensorData::new(labels, [n]), device),
    )
}

/// Fixed samples on the device, for scores.
pub(super) struct Evaluation {
    train: (Tensor<2>, Tensor<1, Int>),
    test: (Tensor<2>, Tensor<1, Int>),
}

impl Evaluation {
    pub(super) fn new(task: &TaskData, device: &Device) -> Self {
        Self {
            train: first_samples(task, &task.train, N_SCORED, device),
            test: first_samples(task, &task.test, usize::MAX, device),
        }
    }

    /// Returns training and test accuracy.
    ///
    /// # Errors
    ///
    /// Fails if the device cannot be read.
    pub(super) async fn score(&self, net: &Net) -> Result<(f32, f32), LabError> {
        let of = |(x, y): &(Tensor<2>, Tensor<1, Int>)| accuracy(net.forward(x.clone()), y.clone());
        let values = read_all(vec![of(&self.train), of(&self.test)]).await?;
        let value = |index: usize| values.get(index).copied().unwrap_or(f32::NAN);
        Ok((value(0), value(1)))
    }
}

/// Inputs on the device whose outputs the page draws.
pub(super) struct Pictures {
    /// The grid for the decision boundary.
    grid: Option<Tensor<2>>,
    /// A coarser grid for the maps of single units.
    pub(super) cells: Option<Tensor<2>>,
    /// The sample images.
    shown: Option<Tensor<2>>,
}

impl Pictures {
    pub(super) fn new(task: &TaskData, device: &Device) -> Self {
        let images = task.image_side.is_some();
        Self {
            grid: (!images).then(|| grid(BOUNDARY_SIDE, device)),
            cells: (!images).then(|| grid(MAP_SIDE, device)),
            shown: images.then(|| first_samples(task, &task.test, N_SHOWN, device).0),
        }
    }

    /// Predicts the plane or the sample images.
    ///
    /// # Errors
    ///
    /// Fails if the device cannot be read.
    pub(super) async fn predict(&self, net: &Net, measured: &mut Measured) -> Result<(), LabError> {
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
