//! The plane in which figures show the user's own data: how samples are projected onto it, and the inputs at its points.

use super::config::PlaneChoice;
use super::{Axis, BOUNDARY_REACH, CURVE_POINTS, Config, PlanePoint};
use burn::tensor::{Device, Tensor, TensorData};
use nalgebra::{DMatrix, SymmetricEigen};

/// The range of a quantity along an axis: the value in its middle, and the distance from there to its ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    center: f32,
    half: f32,
}

impl Span {
    /// The range of a coordinate of the plane.
    const PLANE: Self = Self { center: 0.0, half: BOUNDARY_REACH };

    /// Returns a range that contains all values, with a margin.
    pub(super) fn of(values: impl Iterator<Item = f32>) -> Self {
        let (low, high) = values.fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
        // Without values, or with one value only, any range will do.
        let half = if high > low { (0.53 * high - 0.53 * low).min(f32::MAX / 4.0) } else { 1.0 };
        Self { center: if high >= low { low / 2.0 + high / 2.0 } else { 0.0 }, half }
    }

    fn coordinate(self, value: f32) -> f32 {
        (value - self.center) * (BOUNDARY_REACH / self.half)
    }

    /// Returns the axis of a quantity that is measured in other units: `mean` and `std` convert to them.
    fn axis(self, label: String, mean: f32, std: f32) -> Axis {
        let at = |value: f32| mean + std * value;
        Axis { label, low: at(self.center - self.half), high: at(self.center + self.half) }
    }
}

/// A direction in the space of the inputs, and the part of it that an axis shows.
struct Direction {
    /// A vector of length 1, `[d_in]`.
    weights: Vec<f32>,
    span: Span,
}

impl Direction {
    /// Returns the axis of an input.
    fn of_input(input: usize, d_in: usize, span: Span) -> Self {
        Self { weights: (0..d_in).map(|other| f32::from(u8::from(other == input))).collect(), span }
    }

    /// Returns the length of an input vector along this direction.
    fn along(&self, x: &[f32]) -> f32 {
        self.weights.iter().zip(x).map(|(w, x)| w * x).sum()
    }
}

/// The meaning of the y axis.
enum Vertical {
    /// Another direction in the space of the inputs.
    Inputs(Direction),
    /// The number that is predicted from the one input.
    Target(Span),
    /// Nothing: there is one input, and classes. Samples are spread out so that one can see them.
    Nothing,
}

/// The plane of the figures.
pub(super) struct Plane {
    horizontal: Direction,
    vertical: Vertical,
    pub(super) axes: [Axis; 2],
}

/// The rows of a table in standardized units.
pub(super) struct Rows<'a> {
    /// Features, `[n, d_in]`.
    pub(super) x: &'a [f32],
    /// The numbers to predict, `[n]`; empty for classes.
    pub(super) targets: &'a [f32],
    /// The training rows.
    pub(super) train: &'a [usize],
}

/// The names of a table's columns, and the units of their values.
pub(super) struct Columns<'a> {
    pub(super) features: &'a [String],
    pub(super) target: &'a str,
    /// The means of the features, and their standard deviations.
    pub(super) scaling: (&'a [f32], &'a [f32]),
    /// The mean of the target, and its standard deviation.
    pub(super) target_scaling: (f32, f32),
}

impl Plane {
    /// Returns the plane of drawn points, which are its own coordinates.
    pub(super) fn of_drawn() -> Self {
        let direction = |input| Direction::of_input(input, 2, Span::PLANE);
        Self {
            horizontal: direction(0),
            vertical: Vertical::Inputs(direction(1)),
            axes: ["x₁", "x₂"].map(|label| Span::PLANE.axis(label.to_owned(), 0.0, 1.0)),
        }
    }

    /// Returns the plane of a drawn curve: x predicts y.
    pub(super) fn of_curve() -> Self {
        Self {
            horizontal: Direction::of_input(0, 1, Span::PLANE),
            vertical: Vertical::Target(Span::PLANE),
            axes: ["x", "y"].map(|label| Span::PLANE.axis(label.to_owned(), 0.0, 1.0)),
        }
    }

    /// Returns the plane of a table, as the settings choose it.
    pub(super) fn of_table(config: &Config, rows: &Rows, columns: &Columns) -> Self {
        let d_in = columns.features.len().max(1);
        if d_in > 2 && config.plane == PlaneChoice::Components {
            return Self::of_components(rows, d_in);
        }
        let feature = |number: u32| (number.max(1) as usize - 1).min(d_in - 1);
        let (x, y) = match d_in {
            1 | 2 => (0, d_in - 1),
            // A plane needs two different features.
            _ => match (feature(config.axis_x), feature(config.axis_y)) {
                (x, y) if x == y => (x, (x + 1) % d_in),
                different => different,
            },
        };
        let along = |input: usize| {
            let span = Span::of(rows.x.chunks_exact(d_in).filter_map(|row| row.get(input).copied()));
            let of = |values: &[f32], default| values.get(input).copied().unwrap_or(default);
            let name = columns.features.get(input).cloned().unwrap_or_default();
            let axis = span.axis(name, of(columns.scaling.0, 0.0), of(columns.scaling.1, 1.0));
            (Direction::of_input(input, d_in, span), axis)
        };
        let (horizontal, x_axis) = along(x);
        let (vertical, y_axis) = if d_in > 1 {
            let (direction, axis) = along(y);
            (Vertical::Inputs(direction), axis)
        } else if rows.targets.is_empty() {
            let label = "(rows are spread out to be visible)".to_owned();
            (Vertical::Nothing, Axis { label, low: 0.0, high: 1.0 })
        } else {
            let span = Span::of(rows.targets.iter().copied());
            let (mean, std) = columns.target_scaling;
            (Vertical::Target(span), span.axis(columns.target.to_owned(), mean, std))
        };
        Self { horizontal, vertical, axes: [x_axis, y_axis] }
    }

    /// Returns the plane of the first two principal components of the training rows, in standard deviations.
    fn of_components(rows: &Rows, d_in: usize) -> Self {
        let components = components(rows, d_in);
        let total: f64 = components.iter().map(|(variance, _)| variance).sum();
        let along = |index: usize| {
            let (variance, weights) = components.get(index).cloned().unwrap_or_default();
            let mut direction = Direction { weights, span: Span::PLANE };
            direction.span = Span::of(rows.x.chunks_exact(d_in).map(|row| direction.along(row)));
            let std = (variance.sqrt() as f32).max(f32::MIN_POSITIVE);
            let share = if total > 0.0 { 100.0 * variance / total } else { 0.0 };
            let label = format!("component {} ({share:.0}% of the variance)", index + 1);
            let axis = direction.span.axis(label, 0.0, 1.0 / std);
            (direction, axis)
        };
        let ((horizontal, x_axis), (vertical, y_axis)) = (along(0), along(1));
        Self { horizontal, vertical: Vertical::Inputs(vertical), axes: [x_axis, y_axis] }
    }

    /// Returns a sample in the plane. `index` spreads samples over a y axis without a meaning.
    pub(super) fn point(&self, x: &[f32], value: f32, index: usize) -> PlanePoint {
        let along = |direction: &Direction| direction.span.coordinate(direction.along(x));
        let y = match &self.vertical {
            Vertical::Inputs(direction) => along(direction),
            Vertical::Target(span) => span.coordinate(value),
            // Multiples of the golden ratio cover an interval evenly.
            Vertical::Nothing => (index as f32 * 0.618_034).fract() * 1.6 - 0.8,
        };
        let within = |coordinate: f32| coordinate.clamp(-BOUNDARY_REACH, BOUNDARY_REACH);
        PlanePoint { x: within(along(&self.horizontal)), y: within(y), value }
    }

    /// Returns the inputs as functions of the plane: for each, its value in the middle, and its slopes along x and y.
    pub(super) fn inputs(&self) -> Vec<[f32; 3]> {
        let mut inputs = vec![[0.0; 3]; self.horizontal.weights.len()];
        let mut add = |direction: &Direction, slope: usize| {
            for (input, weight) in inputs.iter_mut().zip(&direction.weights) {
                input[0] += direction.span.center * weight;
                input[slope] += direction.span.half / BOUNDARY_REACH * weight;
            }
        };
        add(&self.horizontal, 1);
        if let Vertical::Inputs(direction) = &self.vertical {
            add(direction, 2);
        }
        inputs
    }

    /// Returns true if the y axis is the predicted number.
    pub(super) fn is_curve(&self) -> bool {
        matches!(self.vertical, Vertical::Target(_))
    }

    /// Returns the y coordinate of a predicted number as its value for 0 and its slope.
    pub(super) fn target_line(&self) -> [f32; 2] {
        match self.vertical {
            Vertical::Target(span) => [span.coordinate(0.0), BOUNDARY_REACH / span.half],
            _ => [0.0, 0.0],
        }
    }

    /// Returns the inputs at the centers of the cells of a square grid, row by row from the bottom.
    ///
    /// # Shapes
    /// Output: `[side * side, d_in]`.
    pub(super) fn grid(&self, side: usize, device: &Device) -> Tensor<2> {
        let at = |i: usize| ((i as f32 + 0.5) / side as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
        self.at((0..side).flat_map(|row| (0..side).map(move |col| (at(col), at(row)))), device)
    }

    /// Returns the inputs at [`CURVE_POINTS`] even steps along the x axis.
    ///
    /// # Shapes
    /// Output: `[CURVE_POINTS, d_in]`.
    pub(super) fn line(&self, device: &Device) -> Tensor<2> {
        let at = |i: usize| (i as f32 / (CURVE_POINTS - 1) as f32 * 2.0 - 1.0) * BOUNDARY_REACH;
        self.at((0..CURVE_POINTS).map(|i| (at(i), 0.0)), device)
    }

    fn at(&self, points: impl Iterator<Item = (f32, f32)>, device: &Device) -> Tensor<2> {
        let inputs = self.inputs();
        let values: Vec<f32> = points
            .flat_map(|(x, y)| {
                inputs.iter().map(move |[middle, along_x, along_y]| middle + along_x * x + along_y * y)
            })
            .collect();
        let rows = values.len() / inputs.len().max(1);
        Tensor::from_data(TensorData::new(values, [rows, inputs.len()]), device)
    }
}

/// Returns the variance along each principal component of the training rows and its direction, by decreasing variance. The
/// largest element of a direction is positive, so that it does not depend on the solver.
fn components(rows: &Rows, d_in: usize) -> Vec<(f64, Vec<f32>)> {
    let mut covariance = DMatrix::<f64>::zeros(d_in, d_in);
    for &row in rows.train {
        let x = rows.x.get(row * d_in..(row + 1) * d_in).unwrap_or_default();
        for (i, a) in x.iter().enumerate() {
            for (j, b) in x.iter().enumerate() {
                if let Some(sum) = covariance.get_mut((i, j)) {
                    *sum += f64::from(*a) * f64::from(*b) / rows.train.len() as f64;
                }
            }
        }
    }
    let SymmetricEigen { eigenvalues, eigenvectors } = covariance.symmetric_eigen();
    let mut components: Vec<(f64, Vec<f32>)> = eigenvalues
        .iter()
        .zip(eigenvectors.column_iter())
        .map(|(variance, vector)| {
            let largest = vector
                .iter()
                .copied()
                .fold(0.0, |a: f64, b: f64| if b.abs() > a.abs() + 1e-9 { b } else { a });
            (variance.max(0.0), vector.iter().map(|value| (value * largest.signum()) as f32).collect())
        })
        .collect();
    components.sort_by(|a, b| b.0.total_cmp(&a.0));
    components
}
