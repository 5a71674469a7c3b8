//! Standardization of columns.

/// The mean and the standard deviation of each column, over the rows to train on.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// The means.
    pub mean: Vec<f32>,
    /// The standard deviations; 1 for a column with the same value in all rows.
    pub std: Vec<f32>,
}

impl Scaling {
    /// Returns the scaling of `values`, `[n, n_features]`, over some rows.
    pub fn of(values: &[f32], n_features: usize, rows: &[usize]) -> Self {
        let count = rows.len().max(1) as f64;
        let mut mean = vec![0.0f64; n_features];
        let mut variance = vec![0.0f64; n_features];
        let row = |row: usize| {
            let start = row.saturating_mul(n_features);
            values.get(start..start.saturating_add(n_features)).unwrap_or_default()
        };
        for at in rows {
            for (mean, value) in mean.iter_mut().zip(row(*at)) {
                *mean += f64::from(*value) / count;
            }
        }
        for at in rows {
            for ((variance, mean), value) in variance.iter_mut().zip(&mean).zip(row(*at)) {
                *variance += (f64::from(*value) - mean).powi(2) / count;
            }
        }
        // Rounding leaves a tiny variance in a constant column.
        let std = variance.iter().zip(&mean).map(|(variance, mean)| {
            let std = variance.sqrt();
            let std32 = std as f32;
            if std > mean.abs() * 1e-9 && std32 > 0.0 && std32.is_finite() { std32 } else { 1.0 }
        });
        Self { std: std.collect(), mean: mean.iter().map(|mean| *mean as f32).collect() }
    }

    /// Scales `values`, `[n, n_features]`, to mean 0 and standard deviation 1. The results are finite.
    pub fn apply(&self, values: &mut [f32]) {
        if self.mean.is_empty() {
            return;
        }
        for row in values.chunks_mut(self.mean.len()) {
            for ((value, mean), std) in row.iter_mut().zip(&self.mean).zip(&self.std) {
                let scaled = (f64::from(*value) - f64::from(*mean)) / f64::from(*std);
                *value = (scaled as f32).clamp(f32::MIN, f32::MAX);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::own::table::scaling::*;

    #[test]
    fn columns_are_standardized_over_the_training_rows() {
        let mut values = vec![1.0, 5.0, 3.0, 5.0, 100.0, 7.0];
        let scaling = Scaling::of(&values, 2, &[0, 1]);
        assert_eq!(scaling, Scaling { mean: vec![2.0, 5.0], std: vec![1.0, 1.0] });
        scaling.apply(&mut values);
        assert_eq!(values, [-1.0, 0.0, 1.0, 0.0, 98.0, 2.0]);
    }

    #[test]
    fn extreme_numbers_stay_finite() {
        let mut values = vec![f32::MAX, f32::MIN, 1e-44, 0.1];
        for rows in [&[0, 1][..], &[2], &[3, 3, 3], &[], &[0], &[9], &[2, 3]] {
            let scaling = Scaling::of(&values, 1, rows);
            let mut scaled = values.clone();
            scaling.apply(&mut scaled);
            assert!(scaled.iter().all(|value| value.is_finite()), "{rows:?}: {scaling:?} {scaled:?}");
        }
        Scaling::of(&[], 0, &[]).apply(&mut values);
    }
}
