//! Singular values of a matrix, and the ranks that follow from them.

use serde::{Deserialize, Serialize};

/// The singular values of a matrix, and its ranks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spectrum {
    /// In decreasing order.
    pub singular_values: Vec<f64>,
    /// `max(m, n) eps sigma_max` with the epsilon of 32-bit floats, as in `torch.linalg.matrix_rank`.
    pub tolerance: f64,
    /// The number of singular values above the tolerance.
    pub rank: u32,
    /// `exp(H(sigma / sum sigma))` (Roy and Vetterli 2007).
    pub effective_rank: f64,
}

/// Returns the spectrum of a row-major matrix; it is empty if an element is not finite.
#[cfg(feature = "compute")]
pub fn spectrum(rows: usize, cols: usize, values: &[f32]) -> Spectrum {
    if rows * cols == 0 || values.len() != rows * cols || values.iter().any(|v| !v.is_finite()) {
        return Spectrum::default();
    }
    // In 64 bits, so that values below the tolerance are rounding of the network, not of the SVD.
    let matrix = nalgebra::DMatrix::from_row_iterator(rows, cols, values.iter().map(|&v| f64::from(v)));
    let Some(svd) = matrix.try_svd_unordered(false, false, f64::EPSILON, 10_000) else {
        return Spectrum::default();
    };
    let mut singular_values: Vec<f64> = svd.singular_values.iter().copied().collect();
    singular_values.sort_by(|a, b| b.total_cmp(a));
    let largest = singular_values.first().copied().unwrap_or(0.0);
    let tolerance = rows.max(cols) as f64 * f64::from(f32::EPSILON) * largest;
    let rank = singular_values.iter().filter(|&&s| s > tolerance).count() as u32;
    let effective_rank = effective_rank(&singular_values);
    Spectrum { singular_values, tolerance, rank, effective_rank }
}

/// Returns `exp(H(p))` with `p = sigma / sum sigma`: between 1 for a single direction and the rank if all
/// singular values are equal (Roy and Vetterli 2007).
#[cfg(feature = "compute")]
fn effective_rank(singular_values: &[f64]) -> f64 {
    let sum: f64 = singular_values.iter().sum();
    if sum <= 0.0 {
        return 0.0;
    }
    let entropy: f64 =
        singular_values.iter().map(|s| s / sum).filter(|&p| p > 0.0).map(|p| -p * p.ln()).sum();
    entropy.exp()
}

/// Subtracts from each column its mean.
#[cfg(feature = "compute")]
pub fn centered(rows: usize, cols: usize, values: &[f32]) -> Vec<f32> {
    let mean = |c: usize| {
        let column = values.iter().skip(c).step_by(cols.max(1));
        (column.map(|&v| f64::from(v)).sum::<f64>() / rows.max(1) as f64) as f32
    };
    let means: Vec<f32> = (0..cols).map(mean).collect();
    values.iter().enumerate().map(|(i, v)| v - means.get(i % cols.max(1)).copied().unwrap_or(0.0)).collect()
}

/// Returns the largest absolute value of the eigenvalues of a row-major square matrix; `None` if they cannot
/// be found.
#[cfg(feature = "compute")]
pub fn spectral_radius(side: usize, values: &[f32]) -> Option<f64> {
    if values.len() != side * side || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let matrix = nalgebra::DMatrix::from_row_iterator(side, side, values.iter().map(|&v| f64::from(v)));
    let schur = nalgebra::linalg::Schur::try_new(matrix, f64::EPSILON, 10_000)?;
    schur.complex_eigenvalues().iter().map(|value| value.norm()).reduce(f64::max)
}

#[cfg(all(test, feature = "compute"))]
mod tests {
    use crate::run::spectrum::*;

    #[track_caller]
    fn check(rows: usize, cols: usize, values: &[f32], rank: u32, effective: f64) {
        let s = spectrum(rows, cols, values);
        assert_eq!(s.rank, rank, "{s:?}");
        assert!((s.effective_rank - effective).abs() < 1e-6, "{s:?}");
    }

    #[test]
    fn ranks_of_known_matrices() {
        check(3, 3, &[1., 0., 0., 0., 1., 0., 0., 0., 1.], 3, 3.0);
        check(2, 3, &[1., 2., 3., 2., 4., 6.], 1, 1.0);
        check(2, 2, &[0.; 4], 0, 0.0);
        // Below max(m, n) * eps * sigma_max, a direction is rounding.
        check(2, 2, &[1., 0., 0., 1e-7], 1, 1.0 + 1.7e-6);
    }

    #[test]
    fn centering_removes_a_constant_column() {
        let values = [1., 5., 2., 5., 3., 5.];
        assert_eq!(spectrum(3, 2, &values).rank, 2);
        assert_eq!(spectrum(3, 2, &centered(3, 2, &values)).rank, 1);
    }

    #[test]
    fn a_matrix_that_is_not_finite_has_no_spectrum() {
        assert_eq!(spectrum(1, 2, &[f32::NAN, 1.0]), Spectrum::default());
        assert_eq!(spectrum(0, 0, &[]), Spectrum::default());
    }

    #[test]
    fn the_spectral_radius_of_a_rotation_and_of_a_triangle() {
        let near = |values: &[f32], expected: f64| {
            assert!(spectral_radius(2, values).is_some_and(|radius| (radius - expected).abs() < 1e-6));
        };
        near(&[0.6, -0.8, 0.8, 0.6], 1.0);
        near(&[0.5, 9.0, 0.0, -2.0], 2.0);
        assert_eq!(spectral_radius(2, &[f32::NAN; 4]), None);
    }
}
