//! Closed forms of sinusoidal positions, and what can be measured on a table of them.

/// The wavelength of dimensions `2i` and `2i + 1`, in positions: `2 pi 10000^(2i/d)`.
pub fn wavelength(dimension: u32, d_model: u32) -> f64 {
    let even = f64::from(dimension - dimension % 2);
    std::f64::consts::TAU * 10_000f64.powf(even / f64::from(d_model.max(1)))
}

/// `PE(p) . PE(p + k)` by the closed form: `sum_i cos(k / 10000^(2i/d))`; p does not occur in it.
pub fn product_formula(k: f64, d_model: u32) -> f64 {
    (0..d_model / 2).map(|i| (k * std::f64::consts::TAU / wavelength(2 * i, d_model)).cos()).sum()
}

/// The period of a wave, from the places where it rises and falls through 0; `None` where it does so less than twice.
/// Consecutive crossings are half a period apart.
pub fn measured_period(wave: &[f32]) -> Option<f64> {
    let mut crossings = Vec::new();
    for (p, pair) in wave.windows(2).enumerate() {
        let (a, b) = (f64::from(pair[0]), f64::from(pair[1]));
        if (a < 0.0) != (b < 0.0) {
            // The straight line between the two points crosses 0 here.
            crossings.push(p as f64 + a / (a - b));
        }
    }
    let (first, last) = (crossings.first()?, crossings.last()?);
    // A sine of one crossing or of none is longer than the table.
    (crossings.len() > 1).then(|| 2.0 * (last - first) / (crossings.len() - 1) as f64)
}

/// The positions for which products are drawn: the first, a quarter and half of the way.
pub fn shown_positions(context: u32) -> [u32; 3] {
    [0, context / 4, context / 2]
}

/// The matrix that turns `PE(p)` into `PE(p + k)` for every p, row by row, to be multiplied from the right: one rotation by
/// `k / 10000^(2i/d)` for each pair of dimensions.
pub fn rotation(k: u32, d_model: u32) -> Vec<f32> {
    let d = d_model as usize;
    let mut matrix = vec![0.0; d * d];
    for i in (0..d.saturating_sub(1)).step_by(2) {
        let angle = f64::from(k) * std::f64::consts::TAU / wavelength(i as u32, d_model);
        let (sin, cos) = angle.sin_cos();
        // sin(a + b) = sin a cos b + cos a sin b, and cos(a + b) = cos a cos b - sin a sin b.
        for (row, col, value) in [(i, i, cos), (i + 1, i, sin), (i, i + 1, -sin), (i + 1, i + 1, cos)] {
            matrix[row * d + col] = value as f32;
        }
    }
    matrix
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_measured_where_it_fits() {
        for period in [6.5f64, 20.0, 100.0] {
            let wave: Vec<f32> =
                (0..256).map(|p| (f64::from(p) * std::f64::consts::TAU / period).sin() as f32).collect();
            let measured = measured_period(&wave).expect("crossings");
            assert!((measured - period).abs() < 0.02 * period, "{measured} for {period}");
        }
        assert_eq!(measured_period(&[0.1, 0.2, 0.3]), None);
        assert_eq!(measured_period(&[]), None);
    }

    #[test]
    fn wavelengths_grow_from_two_pi() {
        assert!((wavelength(0, 64) - std::f64::consts::TAU).abs() < 1e-12);
        assert_eq!(wavelength(0, 64), wavelength(1, 64));
        assert!(wavelength(62, 64) > 40_000.0);
    }
}
