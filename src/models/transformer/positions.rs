//! The encoding of positions.

use burn::tensor::{Device, Tensor, TensorData};

/// The encoding of positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// [`sinusoidal_table`].
    Sinusoidal,
    /// One trained vector per position.
    Learned,
    /// None except the causal mask (Haviv et al. 2022).
    None,
}

/// Returns the factor that gives sinusoidal positions of length `sqrt(d_model / 2)` the length 1, which is
/// about that of initial embeddings.
pub fn position_scale(d_model: usize) -> f32 {
    std::f32::consts::SQRT_2 * (1.0 / (d_model.max(1) as f32).sqrt())
}

/// Returns the positions of Vaswani et al. 2017, section 3.5: `PE(p, 2i) = sin(p / 10000^(2i/d))` and
/// `PE(p, 2i+1) = cos(p / 10000^(2i/d))`, `[context, d_model]`.
pub fn sinusoidal_table(context: usize, d_model: usize, device: &Device) -> Tensor<2> {
    let at = |p: usize, j: usize| {
        let angle = p as f64 / 10_000f64.powf((j - j % 2) as f64 / d_model as f64);
        if j.is_multiple_of(2) { angle.sin() as f32 } else { angle.cos() as f32 }
    };
    let values: Vec<f32> = (0..context).flat_map(|p| (0..d_model).map(move |j| at(p, j))).collect();
    Tensor::from_data(TensorData::new(values, [context, d_model]), device)
}
