//! The scores of predictions that need no network: a constant, and linear least squares.

use super::Baseline;
use super::task_data::{Part, TaskData, Values};
use nalgebra::{DMatrix, DVector};

/// Returns the scores of simple predictions. The fit is to those training samples on which networks are scored, at most
/// `n_scored`. Without biases it has no constant term either.
pub(super) fn baseline(task: &TaskData, n_scored: usize, bias: bool) -> Baseline {
    let (train, test) = (&task.train, &task.test);
    match (&train.y, &test.y) {
        (Values::Classes(of_train), Values::Classes(of_test)) => {
            let count = |labels: &[u8], class: u8| labels.iter().filter(|label| **label == class).count();
            let frequent = (0..=u8::MAX).rev().max_by_key(|class| count(of_train, *class)).unwrap_or(0);
            let share = |labels: &[u8]| count(labels, frequent) as f32 / labels.len().max(1) as f32;
            Baseline { constant: [share(of_train), share(of_test)], constant_loss: 0.0, linear_fit: None }
        }
        (Values::Numbers(of_train), Values::Numbers(of_test)) => {
            let mean = of_train.iter().map(|t| f64::from(*t)).sum::<f64>() / of_train.len().max(1) as f64;
            let of_mean =
                |targets: &[f32]| rmse(targets.iter().map(|t| f64::from(*t) - mean), task.target_std);
            let fit = fit(train, task.d_in, n_scored, bias);
            let squares = |fit: &DVector<f64>| {
                [(train, n_scored), (test, usize::MAX)].map(|(part, n)| {
                    let samples = part.numbers().take(n).zip(part.x.chunks_exact(task.d_in.max(1)));
                    rmse(samples.map(|(target, x)| predict(fit, x) - f64::from(target)), task.target_std)
                })
            };
            Baseline {
                constant: [of_mean(of_train), of_mean(of_test)],
                constant_loss: (of_mean(of_train) / task.target_std).powi(2),
                linear_fit: fit.as_ref().map(squares),
            }
        }
        _ => Baseline { constant: [0.0; 2], constant_loss: 0.0, linear_fit: None },
    }
}

/// Returns the root mean square of errors in standardized units, in the units of the target.
fn rmse(errors: impl Iterator<Item = f64>, scale: f32) -> f32 {
    let (n, sum) = errors.fold((0u32, 0.0), |(n, sum), error| (n + 1, sum + error * error));
    (sum / f64::from(n.max(1))).sqrt() as f32 * scale
}

/// Returns the coefficients of least squares, the constant term last, or `None` if there are no samples.
fn fit(train: &Part, d_in: usize, n: usize, bias: bool) -> Option<DVector<f64>> {
    let targets: Vec<f64> = train.numbers().take(n).map(f64::from).collect();
    let (rows, cols) = (targets.len(), d_in + usize::from(bias));
    if rows == 0 {
        return None;
    }
    let value = |row: usize, col: usize| match train.x.get(row * d_in + col) {
        Some(x) if col < d_in => f64::from(*x),
        _ => 1.0,
    };
    let matrix = DMatrix::from_fn(rows, cols, value);
    let (squares, products) = (matrix.tr_mul(&matrix), matrix.tr_mul(&DVector::from_vec(targets)));
    // Columns may depend on one another; then the shortest of all solutions is as good as any.
    let largest = squares.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    squares.svd(true, true).solve(&products, 1e-10 * largest).ok()
}

fn predict(fit: &DVector<f64>, x: &[f32]) -> f64 {
    let sum: f64 = fit.iter().zip(x).map(|(weight, x)| weight * f64::from(*x)).sum();
    sum + fit.iter().nth(x.len()).copied().unwrap_or(0.0)
}
