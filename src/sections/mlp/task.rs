//! The samples of a run, and what the page shows of a network: accuracies, the decision boundary, the maps of its
//! units, and its predictions for sample images.

use super::nets::{grid, probabilities};
use super::own;
use super::plane::Plane;
use super::task_data::{N_SHOWN, Part, TaskData, Values};
use super::{BOUNDARY_SIDE, Config, Dataset, MAP_SIDE, Measured};
use crate::core::LabError;
use crate::data::fashion_mnist;
use crate::data::plane::{Points, Shape, points};
use crate::models::mlp::Mlp as Net;
use crate::run::RunContext;
use crate::run::step::StepOutput;
use crate::run::training::{accuracy, cross_entropy, read, read_all};
use burn::tensor::{Device, Int, Tensor, TensorData};

/// The number of points in each part of a data set in the plane.
const N_POINTS: usize = 600;
/// The number of training samples that the training accuracy is measured on.
pub(super) const N_SCORED: usize = 2000;

/// The function that a step minimizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Objective {
    /// True for the squared error of predicted numbers, false for the cross-entropy of classes.
    pub(super) is_regression: bool,
    /// Half of this times the sum of squared weights is added to the loss of the data.
    pub(super) weight_decay: f64,
}

impl Objective {
    pub(super) fn of(config: &Config) -> Self {
        Self { is_regression: config.task().is_regression(), weight_decay: config.weight_decay }
    }
}

/// Returns the loss of a batch, the gradients of the objective, and their norm for each layer's weight. The loss is that of
/// the data alone.
///
/// # Shapes
///
/// - x: `[batch, d_in]`
/// - y: one-hot classes, `[batch, n_classes]`, or numbers, `[batch, 1]`
pub(super) fn forward_backward(net: &Net, x: Tensor<2>, y: Tensor<2>, objective: Objective) -> StepOutput {
    let output = net.forward(x);
    let loss = if objective.is_regression { (output - y).square().mean() } else { cross_entropy(output, y) };
    let decayed = (objective.weight_decay > 0.0).then(|| {
        let squares = net.layers.iter().map(|layer| layer.weight.val().square().sum());
        squares.fold(loss.clone(), |sum, squares| sum + squares * (objective.weight_decay / 2.0))
    });
    let of_data = loss.clone().inner();
    let output = StepOutput::backward_with(net, decayed.unwrap_or(loss), |grads| {
        let grads = net.layers.iter().filter_map(|layer| layer.weight.val().grad(grads));
        grads.map(|grad| grad.square().sum().sqrt()).collect()
    });
    StepOutput { loss: of_data, ..output }
}

/// Returns the shape of a data set in the plane that is generated; `None` for others.
fn shape(dataset: Dataset) -> Option<Shape> {
    match dataset {
        Dataset::Spirals => Some(Shape::Spirals),
        Dataset::Circles => Some(Shape::Circles),
        Dataset::Moons => Some(Shape::Moons),
        Dataset::Xor => Some(Shape::Xor),
        Dataset::FashionMnist | Dataset::Drawn | Dataset::Curve | Dataset::Own => None,
    }
}

/// Returns the training points (`split` 0) or the test points (1).
fn plane_part(config: &Config, shape: Shape, split: u64) -> Points {
    points(shape, N_POINTS, config.noise as f32, 2 * u64::from(config.seed) + split)
}

impl TaskData {
    /// Generates the points, or reads the images or the user's own data.
    ///
    /// # Errors
    ///
    /// Fails if a file does not arrive or is damaged, and if there are too few data of the user.
    pub(super) async fn load(
        config: &Config,
        ctx: &mut impl RunContext<super::Mlp>,
    ) -> Result<Self, LabError> {
        if let Some(shape) = shape(config.dataset) {
            let part = |split| {
                let Points { x, y } = plane_part(config, shape, split);
                Part { x: x.into_iter().flatten().collect(), y: Values::Classes(y) }
            };
            return Ok(Self::generated(2, 2, [part(0), part(1)], None));
        }
        match config.dataset {
            Dataset::Drawn => own::drawn(config),
            Dataset::Curve => own::curve(config),
            Dataset::Own => own::table(config, ctx).await,
            _ => {
                let images = fashion_mnist::read(&ctx.asset(fashion_mnist::PATH).await?)?;
                let part = |split: fashion_mnist::Split| Part {
                    // Centered by a constant, not by the mean, so that every subset has the same scale.
                    x: split.pixels.iter().map(|&p| f32::from(p) / 127.5 - 1.0).collect(),
                    y: Values::Classes(split.labels),
                };
                let parts = [part(images.train), part(images.test)];
                Ok(Self::generated(images.d_in, images.n_classes, parts, Some(28)))
            }
        }
    }
}

/// Returns the values of the first samples of a part on the device, `[n, d_in]`.
fn first_inputs(task: &TaskData, part: &Part, n: usize, device: &Device) -> Tensor<2> {
    let n = n.min(part.len());
    Tensor::from_data(TensorData::new(part.x[..n * task.d_in].to_vec(), [n, task.d_in]), device)
}

/// Targets on the device, `[n]` or `[n, 1]`.
enum Targets {
    Classes(Tensor<1, Int>),
    Numbers(Tensor<2>),
}

fn first_samples(task: &TaskData, part: &Part, n: usize, device: &Device) -> (Tensor<2>, Targets) {
    let x = first_inputs(task, part, n, device);
    let [n, _] = x.dims();
    let targets = match &part.y {
        Values::Classes(labels) => {
            let labels: Vec<i32> = labels[..n].iter().map(|&label| label.into()).collect();
            Targets::Classes(Tensor::from_data(TensorData::new(labels, [n]), device))
        }
        Values::Numbers(numbers) => {
            Targets::Numbers(Tensor::from_data(TensorData::new(numbers[..n].to_vec(), [n, 1]), device))
        }
    };
    (x, targets)
}

/// Fixed samples on the device, for scores.
pub(super) struct Evaluation {
    train: (Tensor<2>, Targets),
    test: (Tensor<2>, Targets),
    target_std: f32,
}

impl Evaluation {
    pub(super) fn new(task: &TaskData, device: &Device) -> Self {
        Self {
            train: first_samples(task, &task.train, N_SCORED, device),
            test: first_samples(task, &task.test, usize::MAX, device),
            target_std: task.target_std,
        }
    }

    /// Returns the scores on training and on test samples: accuracies, or root mean squared errors in the units of the
    /// target.
    ///
    /// # Errors
    ///
    /// Fails if the device cannot be read.
    pub(super) async fn score(&self, net: &Net) -> Result<(f32, f32), LabError> {
        let of = |(x, y): &(Tensor<2>, Targets)| match y {
            Targets::Classes(labels) => accuracy(net.forward(x.clone()), labels.clone()),
            Targets::Numbers(numbers) => {
                (net.forward(x.clone()) - numbers.clone()).square().mean().sqrt() * self.target_std
            }
        };
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
    /// The inputs as functions of the plane, see [`Snapshot::inputs`](super::Snapshot).
    pub(super) inputs: Vec<[f32; 3]>,
    /// The sample images.
    shown: Option<Tensor<2>>,
    /// Inputs along the x axis, if the y axis is the predicted number, and the conversion of predictions to it.
    line: Option<(Tensor<2>, [f32; 2])>,
    is_regression: bool,
}

impl Pictures {
    pub(super) fn new(task: &TaskData, device: &Device) -> Self {
        let images = task.image_side.is_some();
        let plane = task.own.as_ref().map(|own| &own.plane);
        let of_side = |side| match plane {
            Some(plane) => plane.grid(side, device),
            None => grid(side, device),
        };
        let curve = plane.filter(|plane| plane.is_curve());
        Self {
            grid: (!images && curve.is_none()).then(|| of_side(BOUNDARY_SIDE)),
            cells: (!images).then(|| of_side(MAP_SIDE)),
            inputs: plane.map(Plane::inputs).unwrap_or_default(),
            shown: images.then(|| first_inputs(task, &task.test, N_SHOWN, device)),
            line: curve.map(|plane| (plane.line(device), plane.target_line())),
            is_regression: matches!(task.train.y, Values::Numbers(_)),
        }
    }

    /// Predicts the plane, the curve, or the sample images.
    ///
    /// # Errors
    ///
    /// Fails if the device cannot be read.
    pub(super) async fn predict(&self, net: &Net, measured: &mut Measured) -> Result<(), LabError> {
        if let Some(grid) = &self.grid {
            if self.is_regression {
                measured.boundary = read(net.forward(grid.clone())).await?;
            } else {
                (measured.boundary, measured.classes) = probabilities(net, grid).await?;
            }
        }
        if let Some((line, [offset, slope])) = &self.line {
            let predicted = read(net.forward(line.clone())).await?;
            measured.curve = predicted.into_iter().map(|value| offset + slope * value).collect();
        }
        if let Some(shown) = &self.shown {
            let predicted = read(net.forward(shown.clone()).argmax(1).float()).await?;
            measured.predictions = predicted.into_iter().map(|class| class as u8).collect();
        }
        Ok(())
    }
}
