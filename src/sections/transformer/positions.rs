//! Closed forms of sinusoidal positions, and measurements on a table of them.

/// Returns the wavelength of dimensions `2i` and `2i + 1` in positions, `2 pi 10000^(2i/d)`.
pub fn wavelength(dimension: u32, d_model: u32) -> f64 {
    let even = f64::from(dimension - dimension % 2);
    std::f64::consts::TAU * 10_000f64.powf(even / f64::from(d_model.max(1)))
}

/// Returns `PE(p) . PE(p + k)` by the closed form `sum_i cos(k / 10000^(2i/d))`, which does not depend on p.
pub fn product_formula(k: f64, d_model: u32) -> f64 {
    (0..d_model / 2).map(|i| (k * std::f64::consts::TAU / wavelength(2 * i, d_model)).cos()).sum()
}

/// Returns the period of a wave, measured from its zero crossings, which are half a period apart. `None` with fewer than two
/// crossings.
pub fn measured_period(wave: &[f32]) -> Option<f64> {
    let mut crossings = Vec::new();
    for (p, pair) in wave.windows(2).enumerate() {
        let (a, b) = (f64::from(pair[0]), f64::from(pair[1]));
        if (a < 0.0) != (b < 0.0) {
            // Linear interpolation between the two points.
            crossings.push(p as f64 + a / (a - b));
        }
    }
    let (first, last) = (crossings.first()?, crossings.last()?);
    (crossings.len() > 1).then(|| 2.0 * (last - first) / (crossings.len() - 1) as f64)
}

/// Returns the positions whose products are drawn: the first, and those at a quarter and a half of the context.
pub fn shown_positions(context: u32) -> [u32; 3] {
    [0, context / 4, context / 2]
}

/// Returns the matrix that maps `PE(p)` to `PE(p + k)` for every p, `[d_model, d_model]` for row vectors: one rotation by
/// `k / 10000^(2i/d)` per pair of dimensions.
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
    fn a_period_is_measured_if_it_fits() {
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
