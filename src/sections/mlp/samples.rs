//! The samples that figures show, and the plane in which they show them.

use serde::{Deserialize, Serialize};

/// Points along each side of the decision-boundary grid.
pub const BOUNDARY_SIDE: usize = 48;
/// The grid covers this far from the origin in both directions.
pub const BOUNDARY_REACH: f32 = 1.25;
/// The number of points of a predicted curve.
pub const CURVE_POINTS: usize = 201;
/// The maximum number of samples of each part that figures show in the plane.
pub const MAX_SHOWN: usize = 500;

/// The samples that figures show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Samples {
    /// Test points: x, y, class.
    Points(Vec<(f32, f32, u8)>),
    /// Test images.
    Images {
        /// Height and width in pixels.
        side: u32,
        /// Gray values, `[n, side, side]`.
        pixels: Vec<u8>,
        /// Classes, `[n]`.
        labels: Vec<u8>,
    },
    /// Points that were drawn, or rows of a table, in the plane that figures show.
    Plane {
        /// The axes.
        axes: [Axis; 2],
        /// Training samples, at most [`MAX_SHOWN`].
        train: Vec<PlanePoint>,
        /// Held-out samples, at most [`MAX_SHOWN`].
        test: Vec<PlanePoint>,
        /// The names of the classes; empty if a number is predicted.
        classes: Vec<String>,
        /// The number that is predicted, if there are no classes. Networks compute it in standardized units, which this
        /// axis converts.
        target: Option<Axis>,
    },
}

impl Samples {
    /// Returns true if a number is predicted, not a class.
    pub fn is_regression(&self) -> bool {
        matches!(self, Self::Plane { target: Some(_), .. })
    }
}

/// An axis of the plane, from -[`BOUNDARY_REACH`] to [`BOUNDARY_REACH`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// The name of the quantity.
    pub label: String,
    /// The value at -[`BOUNDARY_REACH`], in its own units.
    pub low: f32,
    /// The value at [`BOUNDARY_REACH`], in its own units.
    pub high: f32,
}

impl Axis {
    /// Returns the value at a coordinate of the plane.
    pub fn value(&self, coordinate: f32) -> f32 {
        self.low + (coordinate + BOUNDARY_REACH) / (2.0 * BOUNDARY_REACH) * (self.high - self.low)
    }
}

/// A sample in the plane.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanePoint {
    /// The horizontal coordinate, from -[`BOUNDARY_REACH`] to [`BOUNDARY_REACH`].
    pub x: f32,
    /// The vertical coordinate, in the same range.
    pub y: f32,
    /// The class, or the target in standardized units.
    pub value: f32,
}
