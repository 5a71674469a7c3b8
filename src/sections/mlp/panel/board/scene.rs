//! The predictions of the networks in the plane, and its axes.

use super::area::Prediction;
use super::edit::At;
use super::words;
use crate::core::points::{Point, REACH};
use crate::panel::PtrEq;
use crate::sections::mlp::{
    Axis, BOUNDARY_SIDE, CURVE_POINTS, Config, Dataset, LINEAR, NONLINEAR, PlanePoint, Record, Samples,
};
use std::rc::Rc;

/// The surroundings of the points.
pub(super) struct Scene {
    /// True if one number is predicted from another, so that networks are curves.
    pub(super) is_curve: bool,
    /// The predictions of both networks over the plane.
    pub(super) predictions: [Option<Prediction>; 2],
    /// The curves of both networks.
    pub(super) curves: [Option<PtrEq<Vec<f32>>>; 2],
    pub(super) axes: [Axis; 2],
    pub(super) samples: Option<Rc<Samples>>,
    is_own: bool,
}

impl Scene {
    pub(super) fn new(config: &Config, record: &Record) -> Self {
        let (task, is_own) = (config.task(), config.dataset == Dataset::Own);
        let is_curve = task.is_regression() && task.d_in == 1;
        let samples = record.samples().cloned();
        let cells = BOUNDARY_SIDE * BOUNDARY_SIDE;
        let prediction = |arm: usize| {
            let values =
                PtrEq(record.boundary(arm).filter(|values| values.len() == cells && !is_curve)?.clone());
            let classes = record.classes(arm).filter(|classes| classes.len() == cells);
            Some(match classes {
                _ if task.is_regression() => Prediction::Number(values),
                Some(classes) => {
                    Prediction::Many(values, PtrEq(classes.clone()), task.classes.unwrap_or(2) as u8)
                }
                None => Prediction::Two(values),
            })
        };
        let curve = |arm: usize| {
            Some(PtrEq(record.curve(arm).filter(|values| values.len() == CURVE_POINTS && is_curve)?.clone()))
        };
        let axes = match samples.as_deref() {
            Some(Samples::Plane { axes, .. }) if is_own => axes.clone(),
            _ => if is_curve { ["x", "y"] } else { ["x₁", "x₂"] }.map(|label| Axis {
                label: label.to_owned(),
                low: -REACH,
                high: REACH,
            }),
        };
        Self {
            is_curve,
            predictions: [LINEAR, NONLINEAR].map(prediction),
            curves: [LINEAR, NONLINEAR].map(curve),
            axes,
            samples,
            is_own,
        }
    }

    /// Returns the samples of the user's table, if the board shows it.
    pub(super) fn own(&self) -> Option<&Samples> {
        self.samples.as_deref().filter(|_| self.is_own)
    }

    /// Returns the held-out samples.
    pub(super) fn held_out(&self) -> &[PlanePoint] {
        match self.samples.as_deref() {
            Some(Samples::Plane { test, .. }) => test,
            _ => &[],
        }
    }

    /// Returns the reading at a position.
    pub(super) fn reading(&self, points: &[Point], at: At) -> String {
        let names = match self.own() {
            Some(Samples::Plane { classes, target, .. }) => (&**classes, target.as_ref()),
            _ => (&[][..], None),
        };
        let prediction = self.predictions.get(NONLINEAR).and_then(Option::as_ref);
        words::reading(points, at, &self.axes, prediction, names, self.is_curve)
    }
}
