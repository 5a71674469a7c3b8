//! Sums of ReLU units that follow a function of one variable: the functions, the sum that a formula gives, and
//! its error.

use super::Target;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// The number of steps of Adam that train a sum.
pub const FIT_STEPS: u32 = 1000;
/// The learning rate of Adam.
pub const FIT_RATE: f64 = 0.02;
/// The number of equally spaced training points from 0 to 1; every step sees all of them.
pub const FIT_POINTS: u32 = 65;
/// The numbers of units for which the error of training is measured.
pub const FIT_SIZES: [u32; 6] = [1, 2, 4, 8, 16, 32];
/// The number of intervals of the grid on which errors are measured and curves are drawn.
const INTERVALS: u32 = 1024;
/// The standard deviation of the bump.
const BUMP_WIDTH: f64 = 0.1;
/// The factor in the exponent of the steep step.
const STEEPNESS: f64 = 60.0;

impl Target {
    /// Returns the value of the function, for `x` from 0 to 1.
    pub fn value(self, x: f64) -> f64 {
        let from_middle = x - 0.5;
        match self {
            Self::Wave => (TAU * x).sin(),
            Self::Bump => (-0.5 * (from_middle / BUMP_WIDTH).powi(2)).exp(),
            Self::Step => 1.0 / (1.0 + (-STEEPNESS * from_middle).exp()),
            Self::Root => x.max(0.0).sqrt(),
        }
    }

    /// Returns the maximum of |f''| from 0 to 1, or `None` if there is none.
    pub fn max_curvature(self) -> Option<f64> {
        match self {
            Self::Wave => Some(TAU * TAU),
            Self::Bump => Some(1.0 / (BUMP_WIDTH * BUMP_WIDTH)),
            // The second derivative s (1 - s) (1 - 2s) of the logistic function s is at most 1 / (6 sqrt(3)).
            Self::Step => Some(STEEPNESS * STEEPNESS / (6.0 * 3.0f64.sqrt())),
            Self::Root => None,
        }
    }

    /// Returns a range of y in which the curve and the sums that follow it are drawn.
    pub fn y_range(self) -> (f64, f64) {
        if self == Self::Wave { (-2.0, 2.0) } else { (-0.5, 1.5) }
    }
}

/// Returns the points at which curves are drawn and errors are measured, from 0 to 1.
pub fn grid() -> impl Iterator<Item = f64> + Clone {
    (0..=INTERVALS).map(|i| f64::from(i) / f64::from(INTERVALS))
}

/// A ReLU unit with its outgoing weight. It contributes `outgoing * max(0, weight * x + bias)` to a sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReluUnit {
    /// The weight of the input.
    pub weight: f64,
    /// The bias.
    pub bias: f64,
    /// The weight of the output.
    pub outgoing: f64,
}

impl ReluUnit {
    /// Returns the contribution of the unit at `x`.
    pub fn contribution(&self, x: f64) -> f64 {
        self.outgoing * (self.weight * x + self.bias).max(0.0)
    }
}

/// A network with one input, one hidden layer of ReLU units and one output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReluSum {
    /// The units.
    pub units: Vec<ReluUnit>,
    /// The bias of the output.
    pub offset: f64,
}

impl ReluSum {
    /// Returns the sum `c + a_1 relu(x - b_1) + ... + a_n relu(x - b_n)` that equals a function at n + 1 equally
    /// spaced points from 0 to 1: the units switch on at the first n of them, and each adds the change of the
    /// slope.
    pub fn interpolating(target: Target, n: u32) -> Self {
        let knot = |i: u32| f64::from(i) / f64::from(n.max(1));
        let mut slope = 0.0;
        let unit = |i: u32| {
            let (left, right) = (knot(i), knot(i + 1));
            let next = (target.value(right) - target.value(left)) / (right - left);
            let outgoing = next - slope;
            slope = next;
            ReluUnit { weight: 1.0, bias: -left, outgoing }
        };
        Self { units: (0..n).map(unit).collect(), offset: target.value(0.0) }
    }

    /// Returns the value of the sum at `x`.
    pub fn value(&self, x: f64) -> f64 {
        self.offset + self.units.iter().map(|unit| unit.contribution(x)).sum::<f64>()
    }

    /// Returns the maximum distance from a function on the grid.
    pub fn max_error(&self, target: Target) -> f64 {
        grid().map(|x| (self.value(x) - target.value(x)).abs()).fold(0.0, f64::max)
    }
}

/// Returns the bound `max |f''| / (8 n^2)` on the error of a piecewise linear interpolant with n equal pieces
/// (de Boor 1978, chapter III), or `None` if the second derivative is not bounded.
pub fn error_bound(target: Target, n: u32) -> Option<f64> {
    let n = f64::from(n.max(1));
    target.max_curvature().map(|curvature| curvature / (8.0 * n * n))
}

/// Sums that training finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainedPieces {
    /// The trained network with the number of units of the settings.
    pub sum: ReluSum,
    /// The maximum error of trained networks: the number of units, and the error.
    pub errors: Vec<(u32, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Target; 4] = [Target::Wave, Target::Bump, Target::Step, Target::Root];

    #[test]
    fn the_sum_equals_the_function_at_its_knots() {
        for target in ALL {
            for n in [1, 2, 7, 32] {
                let sum = ReluSum::interpolating(target, n);
                assert_eq!(sum.units.len(), n as usize);
                for i in 0..=n {
                    let x = f64::from(i) / f64::from(n);
                    let error = (sum.value(x) - target.value(x)).abs();
                    assert!(error < 1e-9, "{target:?}, {n} units, x = {x}: {error}");
                }
            }
        }
    }

    #[test]
    fn the_error_is_within_its_bound_and_falls_with_the_square_of_the_width() {
        for target in ALL {
            let error = |n| ReluSum::interpolating(target, n).max_error(target);
            for n in 1..=32 {
                if let Some(bound) = error_bound(target, n) {
                    assert!(error(n) <= bound + 1e-12, "{target:?}, {n} units: {} > {bound}", error(n));
                }
            }
            // Twice the units divide the error by four, once the pieces are shorter than the bends. The slope of
            // the square root is not bounded, so there the factor is sqrt(2).
            let factor = error(16) / error(32);
            let expected = match target {
                Target::Wave | Target::Bump => 3.4..4.6,
                Target::Step => 2.0..6.0,
                Target::Root => 1.3..1.5,
            };
            assert!(expected.contains(&factor), "{target:?}: {factor}");
        }
    }

    #[test]
    fn the_largest_curvature_is_that_of_the_function() {
        for target in ALL {
            let Some(stated) = target.max_curvature() else { continue };
            let h = 1e-4;
            let second =
                |x: f64| (target.value(x + h) - 2.0 * target.value(x) + target.value(x - h)) / (h * h);
            let found = grid().map(|x| second(x).abs()).fold(0.0, f64::max);
            assert!((found / stated - 1.0).abs() < 5e-3, "{target:?}: {found}, stated {stated}");
        }
    }
}
