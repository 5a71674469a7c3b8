//! Sums, and the products of recurrent networks.

use crate::product::{Left, Matrix, Right, add_product_of};

/// Returns the dot product of two vectors.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let ((whole_a, rest_a), (whole_b, rest_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    for (a, b) in whole_a.iter().zip(whole_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    rest + sums.iter().sum::<f32>()
}

/// Returns the sum of all elements.
pub(crate) fn sum(a: &[f32]) -> f32 {
    let (rest, sums) = lane_sums::<8>(a, |a| a);
    sums.iter().fold(rest, |total, sum| total + sum)
}

/// Returns the sums of `f` over the last elements that do not fill `LANES` lanes, and over all others.
#[inline(always)]
pub(crate) fn partial_sums<const LANES: usize>(a: &[f32], f: impl Fn(f32) -> f32) -> (f32, f32) {
    let (rest, sums) = lane_sums::<LANES>(a, f);
    (rest, sums.iter().sum())
}

/// Returns the sum of `f` over the last elements, and the sum in each lane. The compiler keeps lanes in
/// vector registers.
#[inline(always)]
fn lane_sums<const LANES: usize>(a: &[f32], f: impl Fn(f32) -> f32) -> (f32, [f32; LANES]) {
    let (whole, rest) = a.as_chunks::<LANES>();
    let mut sums = [0.0f32; LANES];
    for chunk in whole {
        for (sum, &a) in sums.iter_mut().zip(chunk) {
            *sum += f(a);
        }
    }
    (rest.iter().map(|&a| f(a)).sum(), sums)
}

/// The recurrent weights, as the right operand of a product at every position of a sequence.
pub(crate) struct Recurrent {
    weight: Right,
    /// The other operand, copied at every position to the same memory.
    left: Left,
    sizes: [usize; 3],
}

impl Recurrent {
    /// Returns the weights of the forward pass. `weight` is `[d_h, d_out]`.
    pub(crate) fn new(weight: &[f32], [batch, d_h, d_out]: [usize; 3]) -> Self {
        let weight = Right::new(Matrix::rows(weight, d_out), [d_h, d_out]);
        Self { weight, left: Left::default(), sizes: [batch, d_h, d_out] }
    }

    /// Returns the weights of the backward pass, the transpose. `weight` is `[d_h, d_out]`.
    pub(crate) fn transposed(weight: &[f32], [batch, d_h, d_out]: [usize; 3]) -> Self {
        let weight = Right::new(Matrix::rows(weight, d_out).transposed(), [d_out, d_h]);
        Self { weight, left: Left::default(), sizes: [batch, d_h, d_out] }
    }

    /// Adds the recurrent term `h_{t-1} W` to a position's sums; nothing at the first position.
    ///
    /// # Shapes
    ///
    /// - sums: `[batch, d_out]`
    /// - earlier: `[t, batch, d_h]`, the hidden states of all positions before
    pub(crate) fn add(&mut self, sums: &mut [f32], earlier: &[f32]) {
        let [batch, d_h, d_out] = self.sizes;
        if let Some(previous) = earlier.len().checked_sub(batch * d_h) {
            self.left.set(Matrix::rows(&earlier[previous..], d_h), [batch, d_h]);
            add_product_of((sums, d_out), &self.left, &self.weight);
        }
    }

    /// Adds `da_t W^T` to the gradient of the hidden state at the previous position, if there is one.
    ///
    /// # Shapes
    ///
    /// - earlier: `[t, batch, d_h]`, the gradients of the hidden states of all positions before
    /// - delta: `da_t`, `[batch, d_out]`
    pub(crate) fn add_gradient(&mut self, earlier: &mut [f32], delta: &[f32]) {
        let [batch, d_h, d_out] = self.sizes;
        if let Some(previous) = earlier.len().checked_sub(batch * d_h) {
            self.left.set(Matrix::rows(delta, d_out), [batch, d_out]);
            add_product_of((&mut earlier[previous..], d_h), &self.left, &self.weight);
        }
    }
}

/// Returns `[seq_len, batch, d_h]` zeros but for the last position, which gets the given values: the gradient
/// of the hidden states before a backward pass through time.
pub(crate) fn at_last_position(values: &[f32], seq_len: usize) -> Vec<f32> {
    let mut all = vec![0.0; seq_len * values.len()];
    if let Some(last) = all.len().checked_sub(values.len()) {
        all[last..].copy_from_slice(values);
    }
    all
}
