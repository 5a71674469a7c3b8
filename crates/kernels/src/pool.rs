//! ReLU and 2 x 2 max-pooling in one pass.
//!
//! ```text
//! y[r, c] = max(0, x[2r, 2c], x[2r, 2c + 1], x[2r + 1, 2c], x[2r + 1, 2c + 1])
//! ```
//!
//! The gradient goes to the first maximum of the four, and is 0 everywhere if the maximum is not above 0. A
//! last row or column without a partner is ignored, as in burn.

use crate::autodiff::{SavedForBackward, track};
use burn::backend::{Autodiff, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;

/// Returns the maximum of each 2 x 2 square after ReLU; differentiable.
///
/// # Shapes
///
/// - x: `[batch, channels, h, w]`
/// - output: `[batch, channels, floor(h / 2), floor(w / 2)]`
pub fn relu_pool(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::relu_pool(x.into_dispatch()))
}

/// The forward pass as an operation of burn's backends, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ReluPool: Backend {
    /// See [`relu_pool`].
    #[fusion(meta = |x| {
        let mut output = x.clone();
        output.shape[2] /= 2;
        output.shape[3] /= 2;
        output
    })]
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The backward pass.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ReluPoolGrad: Backend {
    /// Returns the gradient of `x`.
    #[fusion(dtype = x, shape = x)]
    fn relu_pool_grad(x: FloatTensor<Self>, d_output: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{ReluPool, ReluPoolGrad};
    use crate::flex::{as_slice, contiguous, tensor, tensor_like};
    use crate::lanes::Lanes;
    use crate::vector::padded;
    use burn::backend::{Flex, TensorMetadata};
    use burn_flex::FlexTensor;

    /// Squares computed at once.
    const LANES: usize = 4;
    /// Elements of their upper or lower rows.
    type Row = [f32; 2 * LANES];

    /// Some squares: the left and right elements of their upper rows, and those of their lower rows.
    type Squares = [[Lanes; 2]; 2];

    #[inline(always)]
    fn squares(upper: &Row, lower: &Row) -> Squares {
        [upper, lower].map(|row| {
            let (halves, _) = row.as_chunks::<LANES>();
            Lanes::load(&halves[0]).halves(Lanes::load(&halves[1]))
        })
    }

    /// Returns the maximum of each square. NaN is passed on, so that divergence stays visible.
    #[inline(always)]
    fn maxima([upper, lower]: Squares) -> Lanes {
        upper[0].maximum(upper[1]).maximum(lower[0].maximum(lower[1]))
    }

    #[inline(always)]
    fn pool(upper: &Row, lower: &Row) -> Lanes {
        maxima(squares(upper, lower)).maximum(Lanes::splat(0.0))
    }

    /// Returns the gradients of upper and lower rows. Each element takes the whole gradient if it equals the
    /// maximum, and otherwise passes it on to the next; this avoids branches, which would be mispredicted.
    #[inline(always)]
    fn pool_back(upper: &Row, lower: &Row, d: &[f32; LANES]) -> [[Lanes; 2]; 2] {
        let [upper, lower] = squares(upper, lower);
        let max = maxima([upper, lower]);
        let d = Lanes::load(d).where_greater(max, Lanes::splat(0.0));
        let [first, d] = d.split_where_equal(upper[0], max);
        let [second, d] = d.split_where_equal(upper[1], max);
        let [third, d] = d.split_where_equal(lower[0], max);
        let [fourth, _] = d.split_where_equal(lower[1], max);
        [first.interleave(second), third.interleave(fourth)]
    }

    /// Writes as many numbers as there is room for.
    #[inline(always)]
    fn put<const N: usize>(to: &mut [f32], numbers: [Lanes; N]) {
        let (whole, rest) = to.as_chunks_mut();
        if whole.len() == N {
            whole.iter_mut().zip(numbers).for_each(|(to, numbers)| *to = numbers.numbers());
            return;
        }
        let numbers = numbers.map(Lanes::numbers);
        let to = whole.as_flattened_mut().iter_mut().chain(rest);
        to.zip(numbers.as_flattened()).for_each(|(to, x)| *to = *x);
    }

    impl ReluPool for Flex {
        fn relu_pool(x: FlexTensor) -> FlexTensor {
            let [batch, channels, h, w] = x.shape().dims();
            let x = contiguous(x);
            let (h_out, w_out) = (h / 2, w / 2);
            let mut output = vec![0.0; batch * channels * h_out * w_out];
            let to_maps = output.chunks_exact_mut((h_out * w_out).max(1));
            for (map, to_map) in as_slice(&x).chunks_exact((h * w).max(1)).zip(to_maps) {
                for (rows, to) in map.chunks_exact(2 * w).zip(to_map.chunks_exact_mut(w_out.max(1))) {
                    let [upper, lower] = row_pair(rows, w).map(|row| row.chunks(2 * LANES));
                    for ((upper, lower), to) in upper.zip(lower).zip(to.chunks_mut(LANES)) {
                        put(to, [pool(&padded(upper), &padded(lower))]);
                    }
                }
            }
            tensor(output, [batch, channels, h_out, w_out])
        }
    }

    /// Splits two rows, without a last column that has no partner.
    fn row_pair(rows: &[f32], w: usize) -> [&[f32]; 2] {
        let (upper, lower) = rows.split_at(w);
        [upper, lower].map(|row| &row[..w / 2 * 2])
    }

    impl ReluPoolGrad for Flex {
        fn relu_pool_grad(x: FlexTensor, d_output: FlexTensor) -> FlexTensor {
            let [_, _, h, w] = x.shape().dims();
            let (x, d_output) = (contiguous(x), contiguous(d_output));
            let (h_out, w_out) = (h / 2, w / 2);
            let mut d_x = vec![0.0; as_slice(&x).len()];
            let maps = as_slice(&x).chunks_exact((h * w).max(1)).zip(d_x.chunks_exact_mut((h * w).max(1)));
            for ((map, d_map), d) in maps.zip(as_slice(&d_output).chunks_exact((h_out * w_out).max(1))) {
                let rows = map.chunks_exact(2 * w).zip(d_map.chunks_exact_mut(2 * w));
                for ((rows, d_rows), d) in rows.zip(d.chunks_exact(w_out.max(1))) {
                    let [upper, lower] = row_pair(rows, w).map(|row| row.chunks(2 * LANES));
                    let (d_upper, d_lower) = d_rows.split_at_mut(w);
                    let [d_upper, d_lower] =
                        [d_upper, d_lower].map(|row| row[..w / 2 * 2].chunks_mut(2 * LANES));
                    let d_rows = d_upper.zip(d_lower);
                    for (((upper, lower), d_rows), d) in upper.zip(lower).zip(d_rows).zip(d.chunks(LANES)) {
                        let [d_upper, d_lower] = pool_back(&padded(upper), &padded(lower), &padded(d));
                        put(d_rows.0, d_upper);
                        put(d_rows.1, d_lower);
                    }
                }
            }
            tensor_like(d_x, &x)
        }
    }
}

#[derive(Clone, Debug)]
struct ReluPoolBackward<B: Backend> {
    x: FloatTensor<B>,
}

impl<B: ReluPoolGrad> SavedForBackward<B, 1> for ReluPoolBackward<B> {
    fn gradients(self, d_output: FloatTensor<B>, _: [bool; 1]) -> [Option<FloatTensor<B>>; 1] {
        [Some(B::relu_pool_grad(self.x, d_output))]
    }
}

impl<B: ReluPool + ReluPoolGrad, C: CheckpointStrategy> ReluPool for Autodiff<B, C> {
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let inputs = [x.node()];
        let x = x.into_primitive();
        track::<B, C, _, 1>(inputs, B::relu_pool(x.clone()), ReluPoolBackward { x })
    }
}

#[cfg(feature = "gpu")]
mod gpu {
    use super::{ReluPool, ReluPoolGrad};
    use crate::gpu::{Grid, contiguous, empty, launch};
    use burn::backend::TensorMetadata;
    use burn_cubecl::{CubeBackend, tensor::CubeTensor};
    use cubecl::prelude::*;

    /// NaN-propagating maximum.
    #[cube]
    fn maximum(a: f32, b: f32) -> f32 {
        // If one is NaN, both comparisons are false, and the sum is NaN.
        let mut max = a + b;
        if a >= b {
            max = a;
        }
        if b > a {
            max = b;
        }
        max
    }

    /// Returns the maximum of the square whose first element is at `at`.
    #[cube]
    fn square_maximum(x: &[f32], at: usize, w: usize) -> f32 {
        maximum(maximum(x[at], x[at + 1]), maximum(x[at + w], x[at + w + 1]))
    }

    #[cube(launch)]
    fn forward(x: &[f32], output: &mut [f32], n: usize, h: usize, w: usize) {
        let at = ABSOLUTE_POS;
        if at < n {
            let (h_out, w_out) = (h / 2, w / 2);
            let (map, row, column) = (at / w_out / h_out, at / w_out % h_out, at % w_out);
            let mut max = square_maximum(x, (map * h + 2 * row) * w + 2 * column, w);
            if max < 0.0 {
                max = 0.0f32;
            }
            output[at] = max;
        }
    }

    #[cube(launch)]
    fn backward(x: &[f32], d_output: &[f32], d_x: &mut [f32], n: usize, h: usize, w: usize) {
        let at = ABSOLUTE_POS;
        if at < n {
            let (h_out, w_out) = (h / 2, w / 2);
            let (map, row, column) = (at / w / h, at / w % h, at % w);
            let mut gradient = 0.0f32;
            if row / 2 < h_out && column / 2 < w_out {
                let own = row % 2 * 2 + column % 2;
                let first = (map * h + row / 2 * 2) * w + column / 2 * 2;
                let max = square_maximum(x, first, w);
                // No earlier element of the square equals the maximum.
                let mut is_first = x[at] == max && max > 0.0;
                is_first = is_first && (own < 1 || x[first] != max);
                is_first = is_first && (own < 2 || x[first + 1] != max);
                is_first = is_first && (own < 3 || x[first + w] != max);
                if is_first {
                    gradient = d_output[(map * h_out + row / 2) * w_out + column / 2];
                }
            }
            d_x[at] = gradient;
        }
    }

    impl ReluPool for CubeBackend {
        fn relu_pool(x: CubeTensor) -> CubeTensor {
            let [batch, channels, h, w] = x.shape().dims();
            let x = contiguous(x);
            let output = empty(&x, [batch, channels, h / 2, w / 2]);
            let n = output.shape().num_elements();
            if n > 0 {
                launch!(forward, Grid::elementwise(&output), [x], [output], n, h, w);
            }
            output
        }
    }

    impl ReluPoolGrad for CubeBackend {
        fn relu_pool_grad(x: CubeTensor, d_output: CubeTensor) -> CubeTensor {
            let [_, _, h, w] = x.shape().dims();
            let x = contiguous(x);
            // Maps too small for a square have an empty output and a gradient of zeros. A kernel cannot take
            // an empty buffer.
            let is_empty = d_output.shape().num_elements() == 0;
            let d_output = if is_empty { x.clone() } else { contiguous(d_output) };
            let d_x = empty(&x, x.shape());
            let n = d_x.shape().num_elements();
            if n > 0 {
                launch!(backward, Grid::elementwise(&d_x), [x, d_output], [d_x], n, h, w);
            }
            d_x
        }
    }
}
