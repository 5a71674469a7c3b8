//! A measured curve, which grows during a run.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

/// Points (x, y) sorted by x. They are behind a shared pointer, so that a figure detects new data by
/// comparing pointers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve(Rc<Vec<(f64, f64)>>);

impl Curve {
    /// Adds a point.
    pub fn push(&mut self, x: impl Into<f64>, y: impl Into<f64>) {
        Rc::make_mut(&mut self.0).push((x.into(), y.into()));
    }

    /// Adds one value per step. The first value belongs to `first_step`.
    pub fn extend_steps(&mut self, first_step: u32, values: &[f32]) {
        if !values.is_empty() {
            let steps = values.iter().enumerate();
            let points = steps.map(|(i, &value)| (f64::from(first_step) + i as f64, f64::from(value)));
            Rc::make_mut(&mut self.0).extend(points);
        }
    }

    /// Returns the points.
    pub fn points(&self) -> Rc<Vec<(f64, f64)>> {
        self.0.clone()
    }

    /// Returns the y of the last point.
    pub fn last_y(&self) -> Option<f64> {
        self.0.last().map(|(_, y)| *y)
    }

    /// Returns the mean of the last `n` values, or `None` if there are none. A single batch is too noisy to
    /// quote.
    pub fn recent_mean(&self, n: usize) -> Option<f64> {
        let tail = &self.0[self.0.len().saturating_sub(n)..];
        (!tail.is_empty()).then(|| tail.iter().map(|(_, y)| y).sum::<f64>() / tail.len() as f64)
    }
}

impl FromIterator<(f64, f64)> for Curve {
    fn from_iter<I: IntoIterator<Item = (f64, f64)>>(points: I) -> Self {
        Self(Rc::new(points.into_iter().collect()))
    }
}

impl Deref for Curve {
    type Target = [(f64, f64)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A named curve of a run, which can be compared with another run's, saved, or predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSeries {
    /// The name, equal to the `data-metric` of the same quantity, if there is one.
    pub metric: Cow<'static, str>,
    /// The title on the page.
    pub title: Cow<'static, str>,
    /// The part of the name that the same curve of the other networks shares.
    pub base: &'static str,
    /// The index of the network.
    pub arm: usize,
    /// The layer, block or head of the network, if the curve belongs to one.
    pub part: Option<String>,
    /// The unit of y, or an empty string.
    pub unit: &'static str,
    /// Step and value, in the order of steps.
    pub points: Rc<Vec<(f64, f64)>>,
}

#[cfg(test)]
mod tests {
    use crate::core::curve::*;

    #[test]
    fn steps_follow_the_first_and_recent_values_are_averaged() {
        let mut curve = Curve::default();
        assert_eq!((curve.recent_mean(3), curve.last_y()), (None, None));
        curve.extend_steps(1, &[4.0, 2.0]);
        curve.extend_steps(3, &[1.0, 0.0]);
        assert_eq!(*curve, [(1.0, 4.0), (2.0, 2.0), (3.0, 1.0), (4.0, 0.0)]);
        assert_eq!((curve.recent_mean(3), curve.recent_mean(99)), (Some(1.0), Some(1.75)));
        let before = curve.points();
        curve.extend_steps(5, &[]);
        assert!(Rc::ptr_eq(&before, &curve.points()), "without new points the pointer stays");
    }
}
