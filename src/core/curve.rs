//! A measured curve that grows while a run goes on.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::ops::Deref;
use std::rc::Rc;

/// Points (x, y) in the order of x, behind a shared pointer: a figure knows by the pointer whether its data changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curve(Rc<Vec<(f64, f64)>>);

impl Curve {
    /// Adds a point.
    pub fn push(&mut self, x: impl Into<f64>, y: impl Into<f64>) {
        Rc::make_mut(&mut self.0).push((x.into(), y.into()));
    }

    /// Adds one value a step; `first_step` is the step of the first.
    pub fn extend_steps(&mut self, first_step: u32, values: &[f32]) {
        if !values.is_empty() {
            let steps = values.iter().enumerate();
            let points = steps.map(|(i, &value)| (f64::from(first_step) + i as f64, f64::from(value)));
            Rc::make_mut(&mut self.0).extend(points);
        }
    }

    /// The points, to be drawn.
    pub fn points(&self) -> Rc<Vec<(f64, f64)>> {
        self.0.clone()
    }

    /// The last y.
    pub fn last_y(&self) -> Option<f64> {
        self.0.last().map(|(_, y)| *y)
    }

    /// The mean of the last `n` values: one batch alone says little. `None` before the first.
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

/// A curve of a run under the name that it is known by: what a run leaves behind, to be laid over another, saved or
/// predicted.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSeries {
    /// The name; that of the `data-metric` which shows the same quantity, where there is one.
    pub metric: Cow<'static, str>,
    /// A few words for a reader.
    pub title: Cow<'static, str>,
    /// The part of the name that it shares with the same curve of the other nets.
    pub base: &'static str,
    /// The number of the net that it belongs to.
    pub arm: usize,
    /// Which layer, block or head of the net, if one.
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
    fn steps_are_counted_on_and_recent_values_averaged() {
        let mut curve = Curve::default();
        assert_eq!((curve.recent_mean(3), curve.last_y()), (None, None));
        curve.extend_steps(1, &[4.0, 2.0]);
        curve.extend_steps(3, &[1.0, 0.0]);
        assert_eq!(*curve, [(1.0, 4.0), (2.0, 2.0), (3.0, 1.0), (4.0, 0.0)]);
        assert_eq!((curve.recent_mean(3), curve.recent_mean(99)), (Some(1.0), Some(1.75)));
        let before = curve.points();
        curve.extend_steps(5, &[]);
        assert!(Rc::ptr_eq(&before, &curve.points()), "nothing new, nothing drawn anew");
    }
}
