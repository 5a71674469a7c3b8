//! The record of section 1.

use super::{Collapse, LINEAR, Measured, Samples, Score, Snapshot, TrainedPieces, Untrained};
use crate::core::curve::Curve;
use crate::run::arm::{StepBatch, push_each};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// Everything the page has received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The number of parameters in the module.
    pub params_counted: Option<u32>,
    /// The activations of the untrained networks on a random batch.
    pub collapse: Option<Rc<Collapse>>,
    /// Both networks before training.
    pub untrained: Option<Rc<Untrained>>,
    /// The sums of ReLU units that training finds.
    pub pieces: Option<Rc<TrainedPieces>>,
    /// The runs, one per arm.
    pub arms: [NetRecord; 2],
}

impl Record {
    /// Returns the latest snapshot of a network, from the run or from before it.
    pub fn net(&self, arm: usize) -> Option<&Rc<Snapshot>> {
        let of_run = self.arms.get(arm)?.snapshot.as_ref();
        of_run.or_else(|| self.untrained.as_ref()?.nets.get(arm))
    }

    /// Returns the latest decision boundary of a network, from the run or from before it; empty for images.
    pub fn boundary(&self, arm: usize) -> Option<&Rc<Vec<f32>>> {
        let of_run = Some(&self.arms.get(arm)?.boundary).filter(|values| !values.is_empty());
        of_run.or_else(|| self.untrained.as_ref()?.boundaries.get(arm))
    }

    /// Returns the latest predicted classes on the grid of the boundary; empty unless there are more than two classes.
    pub fn classes(&self, arm: usize) -> Option<&Rc<Vec<u8>>> {
        let of_run = Some(&self.arms.get(arm)?.classes).filter(|classes| !classes.is_empty());
        of_run.or_else(|| self.untrained.as_ref()?.classes.get(arm))
    }

    /// Returns the latest curve of a network that predicts a number from one feature; empty otherwise.
    pub fn curve(&self, arm: usize) -> Option<&Rc<Vec<f32>>> {
        let of_run = Some(&self.arms.get(arm)?.curve).filter(|values| !values.is_empty());
        of_run.or_else(|| self.untrained.as_ref()?.curves.get(arm))
    }

    /// Returns the latest predictions of a network for the sample images; empty for points.
    pub fn predictions(&self, arm: usize) -> Option<&Rc<Vec<u8>>> {
        let of_run = Some(&self.arms.get(arm)?.predictions).filter(|classes| !classes.is_empty());
        of_run.or_else(|| self.untrained.as_ref()?.predictions.get(arm))
    }

    /// Returns the latest gradient norm of each layer, and the step at which it was measured. The gradient of the
    /// untrained network is that of step 1.
    pub fn grad_norms(&self, arm: usize) -> Option<(u32, Vec<f64>)> {
        let of_run = self.arms.get(arm)?.grad_norms.iter().map(|curve| curve.last().copied());
        let of_run: Option<Vec<(f64, f64)>> = of_run.collect();
        if let Some(last) = of_run.filter(|points| !points.is_empty()) {
            let step = last.first().map_or(0, |point| point.0 as u32);
            return Some((step, last.into_iter().map(|point| point.1).collect()));
        }
        let norms = self.untrained.as_ref()?.grad_norms.get(arm)?;
        (!norms.is_empty()).then(|| (0, norms.iter().copied().map(f64::from).collect()))
    }

    /// Returns the gradient norm of the first layer divided by that of the last, before the first step.
    pub fn gradient_ratio(&self, arm: usize) -> Option<f64> {
        let untrained = || {
            let norms = self.untrained.as_ref()?.grad_norms.get(arm)?;
            let (early, late) = (f64::from(*norms.first()?), f64::from(*norms.last()?));
            (late > 0.0).then_some(early / late)
        };
        self.arms.get(arm)?.gradient_ratio().or_else(untrained)
    }

    /// Returns the samples that figures show, from the run or from before it.
    pub fn samples(&self) -> Option<&Rc<Samples>> {
        let untrained = || self.untrained.as_ref().and_then(|untrained| untrained.samples.as_ref());
        self.arms[LINEAR].samples.as_ref().or_else(untrained)
    }
}

/// The run of one arm. Pointers are shared: a figure tells by the pointer whether its data changed.
///
/// The order of the fields is the format of saved runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// The samples that figures show.
    pub samples: Option<Rc<Samples>>,
    /// Loss over steps.
    pub losses: Curve,
    /// Scores over steps.
    pub scores: Rc<Vec<Score>>,
    /// Gradient norm over steps, one curve per layer.
    pub grad_norms: Vec<Curve>,
    /// Predictions on the grid of the boundary, see [`Measured::boundary`].
    pub boundary: Rc<Vec<f32>>,
    /// The predicted classes of the sample images; empty for points.
    pub predictions: Rc<Vec<u8>>,
    /// The latest snapshot of the network.
    pub snapshot: Option<Rc<Snapshot>>,
    /// See [`Measured::classes`].
    pub classes: Rc<Vec<u8>>,
    /// See [`Measured::curve`].
    pub curve: Rc<Vec<f32>>,
}

impl NetRecord {
    pub(super) fn apply_frame(&mut self, steps: &StepBatch, measured: Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        for score in measured.scores {
            let scores = Rc::make_mut(&mut self.scores);
            // After a weight is changed by hand, the network is scored again at the same step.
            if scores.last().is_some_and(|last| last.step == score.step) {
                scores.pop();
            }
            scores.push(score);
        }
        if measured.snapshot.is_some() {
            self.snapshot = measured.snapshot;
        }
        push_each(&mut self.grad_norms, steps.last_step(), &measured.grad_norms);
        if !measured.boundary.is_empty() {
            self.boundary = Rc::new(measured.boundary);
        }
        if !measured.predictions.is_empty() {
            self.predictions = Rc::new(measured.predictions);
        }
        if !measured.classes.is_empty() {
            self.classes = Rc::new(measured.classes);
        }
        if !measured.curve.is_empty() {
            self.curve = Rc::new(measured.curve);
        }
    }

    /// Returns a score over steps: on training samples, or on held-out ones.
    pub fn scores_over_steps(&self, value: fn(&Score) -> f32) -> Curve {
        self.scores.iter().map(|score| (score.step.into(), value(score).into())).collect()
    }

    /// Returns the gradient norm of the first layer divided by that of the last, at their first measurement.
    pub fn gradient_ratio(&self) -> Option<f64> {
        let first = |curve: &Curve| curve.first().map(|point| point.1);
        let (early, late) = (first(self.grad_norms.first()?)?, first(self.grad_norms.last()?)?);
        (late > 0.0).then_some(early / late)
    }

    /// Returns the latest score on held-out samples: an accuracy, or an error if a number is predicted.
    pub fn accuracy(&self) -> Option<f64> {
        self.scores.last().map(|score| f64::from(score.test))
    }

    /// Returns the latest score on held-out samples once the network has been trained.
    pub fn trained_accuracy(&self) -> Option<f64> {
        self.trained_score().map(|score| f64::from(score.test))
    }

    /// Returns the latest score once the network has been trained.
    pub fn trained_score(&self) -> Option<&Score> {
        self.scores.last().filter(|score| score.step > 0)
    }
}
