//! ReLU and 2 x 2 max-pooling in one pass, and back.
//!
//! ```text
//! y[r, c] = max(0, x[2r, 2c], x[2r, 2c + 1], x[2r + 1, 2c], x[2r + 1, 2c + 1])
//! ```
//!
//! The gradient goes to the largest of the four, the first if there are several, and nowhere if none is above 0. A last row
//! or column that has no second is left out, as burn leaves it out.

use burn::backend::{Autodiff, Backend, Dispatch, backend_extension, tensor::FloatTensor};
use burn::tensor::Tensor;
use burn_autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind, unary};

/// ReLU, and of each square of four numbers the largest; differentiable.
///
/// # Shapes
///
/// - x: `[batch, channels, h, w]`
/// - output: `[batch, channels, floor(h / 2), floor(w / 2)]`
pub fn relu_pool(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::relu_pool(x.into_dispatch()))
}

/// The operation, as burn's backends have it, with autodiff or without.
#[backend_extension(Flex: cfg(feature = "cpu"), Autodiff, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ReluPool: Backend {
    #[fusion(meta = |x| {
        let mut output = x.clone();
        output.shape[2] /= 2;
        output.shape[3] /= 2;
        output
    })]
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Its way back.
#[backend_extension(Flex: cfg(feature = "cpu"), Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait ReluPoolParts: Backend {
    #[fusion(dtype = x, shape = x)]
    fn relu_pool_back(x: FloatTensor<Self>, d_output: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[cfg(feature = "cpu")]
mod cpu {
    use super::{ReluPool, ReluPoolParts};
    use crate::flex::{numbers, rows, tensor, tensor_like};
    use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};
    use std::array::from_fn;

    /// Two neighbours of a row: a square is one above another.
    type Pair = [f32; 2];
    /// Squares at once.
    const LANES: usize = 4;

    /// The larger, or what is no number, if one of them is none: a net that has diverged must not look as if it had not.
    #[inline(always)]
    fn larger(a: f32, b: f32) -> f32 {
        if a > b || a.is_nan() { a } else { b }
    }

    /// The largest of each square.
    #[inline(always)]
    fn largest<const N: usize>(upper: &[Pair; N], lower: &[Pair; N]) -> [f32; N] {
        let upper: [f32; N] = from_fn(|i| larger(upper[i][0], upper[i][1]));
        let lower: [f32; N] = from_fn(|i| larger(lower[i][0], lower[i][1]));
        from_fn(|i| larger(upper[i], lower[i]))
    }

    #[inline(always)]
    fn pool<const N: usize>(upper: &[Pair; N], lower: &[Pair; N]) -> [f32; N] {
        largest(upper, lower).map(|highest| if highest < 0.0 { 0.0 } else { highest })
    }

    /// The gradients of squares, upper and lower pairs: the first of those that are the largest has it. What is left is
    /// passed on, so that there are no branches, which would be guessed wrongly.
    #[inline(always)]
    fn pool_back<const N: usize>(upper: &[Pair; N], lower: &[Pair; N], d: &[f32; N]) -> [[Pair; N]; 2] {
        let highest = largest(upper, lower);
        let d: [f32; N] = from_fn(|i| if highest[i] > 0.0 { d[i] } else { 0.0 });
        // For this one, and for those after it.
        let part = |x: f32, highest: f32, d: f32| if x == highest { [d, 0.0] } else { [0.0, d] };
        let first: [Pair; N] = from_fn(|i| part(upper[i][0], highest[i], d[i]));
        let second: [Pair; N] = from_fn(|i| part(upper[i][1], highest[i], first[i][1]));
        [from_fn(|i| [first[i][0], second[i][0]]), from_fn(|i| part(lower[i][0], highest[i], second[i][1]))]
    }

    impl ReluPool for Flex {
        fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
            let [batch, channels, h, w] = x.shape().dims();
            let x = rows(x);
            let (h_out, w_out) = (h / 2, w / 2);
            let mut output = vec![0.0; batch * channels * h_out * w_out];
            let to_maps = output.chunks_exact_mut((h_out * w_out).max(1));
            for (map, to_map) in numbers(&x).chunks_exact((h * w).max(1)).zip(to_maps) {
                let to_rows = to_map.chunks_exact_mut(w_out.max(1));
                for (pair, to) in map.chunks_exact(2 * w).zip(to_rows) {
                    let [(upper, last_upper), (lower, last_lower)] = two(pair, w).map(<[Pair]>::as_chunks);
                    let (to, last_to) = to.as_chunks_mut::<LANES>();
                    for ((upper, lower), to) in upper.iter().zip(lower).zip(to) {
                        *to = pool(upper, lower);
                    }
                    for ((&upper, &lower), to) in last_upper.iter().zip(last_lower).zip(last_to) {
                        [*to] = pool(&[upper], &[lower]);
                    }
                }
            }
            tensor(output, [batch, channels, h_out, w_out])
        }
    }

    /// The pairs of two rows.
    fn two(rows: &[f32], w: usize) -> [&[Pair]; 2] {
        let (upper, lower) = rows.split_at(w);
        [upper, lower].map(|row| row.as_chunks().0)
    }

    impl ReluPoolParts for Flex {
        fn relu_pool_back(x: FloatTensor<Self>, d_output: FloatTensor<Self>) -> FloatTensor<Self> {
            let [_, _, h, w] = x.shape().dims();
            let (x, d_output) = (rows(x), rows(d_output));
            let (h_out, w_out) = (h / 2, w / 2);
            let mut d_x = vec![0.0; numbers(&x).len()];
            let maps = numbers(&x).chunks_exact((h * w).max(1)).zip(d_x.chunks_exact_mut((h * w).max(1)));
            for ((map, d_map), d) in maps.zip(numbers(&d_output).chunks_exact((h_out * w_out).max(1))) {
                let pairs = map.chunks_exact(2 * w).zip(d_map.chunks_exact_mut(2 * w));
                for ((pair, d_pair), d) in pairs.zip(d.chunks_exact(w_out.max(1))) {
                    let [(upper, last_upper), (lower, last_lower)] = two(pair, w).map(<[Pair]>::as_chunks);
                    let (d_upper, d_lower) = d_pair.split_at_mut(w);
                    let [(d_upper, last_d_upper), (d_lower, last_d_lower)] =
                        [d_upper, d_lower].map(|row| row.as_chunks_mut().0.as_chunks_mut());
                    let (d, last_d) = d.as_chunks::<LANES>();
                    let found = d_upper.iter_mut().zip(d_lower);
                    for (((upper, lower), found), d) in upper.iter().zip(lower).zip(found).zip(d) {
                        [*found.0, *found.1] = pool_back(upper, lower, d);
                    }
                    let found = last_d_upper.iter_mut().zip(last_d_lower);
                    let last = last_upper.iter().zip(last_lower).zip(found).zip(last_d);
                    for (((&upper, &lower), found), &d) in last {
                        [[*found.0], [*found.1]] = pool_back(&[upper], &[lower], &[d]);
                    }
                }
            }
            tensor_like(d_x, &x)
        }
    }
}

impl<B: ReluPool + ReluPoolParts, C: CheckpointStrategy> ReluPool for Autodiff<B, C> {
    fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Back;

        impl<B: ReluPoolParts> Backward<B, 1> for Back {
            type State = FloatTensor<B>;

            fn backward(self, ops: Ops<FloatTensor<B>, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
                let back = |d_output| B::relu_pool_back(ops.state, d_output);
                unary::<B, _>(ops.parents, ops.node, grads, back);
            }
        }

        let prepared = Back.prepare::<C>([x.node()]).compute_bound().stateful();
        let x = x.into_primitive();
        match prepared {
            OpsKind::Tracked(prepared) => prepared.finish(x.clone(), B::relu_pool(x)),
            OpsKind::UnTracked(prepared) => prepared.finish(B::relu_pool(x)),
        }
    }
}

#[cfg(feature = "gpu")]
mod kernels {
    use super::{ReluPool, ReluPoolParts};
    use crate::gpu::{empty, rows};
    use burn::backend::{TensorMetadata, tensor::FloatTensor};
    use burn_cubecl::CubeBackend;
    use cubecl::{calculate_cube_count_elemwise, prelude::*};

    const UNITS: u32 = 256;

    #[cube]
    fn larger(a: f32, b: f32) -> f32 {
        // Neither is larger if one of them is no number, and then their sum is none.
        let mut found = a + b;
        if a >= b {
            found = a;
        }
        if b > a {
            found = b;
        }
        found
    }

    /// The largest of the square whose first number is at `at`.
    #[cube]
    fn largest(x: &[f32], at: usize, w: usize) -> f32 {
        larger(larger(x[at], x[at + 1]), larger(x[at + w], x[at + w + 1]))
    }

    #[cube(launch)]
    fn forward(x: &[f32], output: &mut [f32], n: usize, h: usize, w: usize) {
        let at = ABSOLUTE_POS;
        if at < n {
            let (h_out, w_out) = (h / 2, w / 2);
            let (map, row, column) = (at / w_out / h_out, at / w_out % h_out, at % w_out);
            let mut highest = largest(x, (map * h + 2 * row) * w + 2 * column, w);
            if highest < 0.0 {
                highest = 0.0f32;
            }
            output[at] = highest;
        }
    }

    #[cube(launch)]
    fn backward(x: &[f32], d_output: &[f32], d_x: &mut [f32], n: usize, h: usize, w: usize) {
        let at = ABSOLUTE_POS;
        if at < n {
            let (h_out, w_out) = (h / 2, w / 2);
            let (map, row, column) = (at / w / h, at / w % h, at % w);
            let mut found = 0.0f32;
            if row / 2 < h_out && column / 2 < w_out {
                let own = row % 2 * 2 + column % 2;
                let first = (map * h + row / 2 * 2) * w + column / 2 * 2;
                let highest = largest(x, first, w);
                // No earlier one of the four is as large.
                let mut is_first = x[at] == highest && highest > 0.0;
                is_first = is_first && (own < 1 || x[first] != highest);
                is_first = is_first && (own < 2 || x[first + 1] != highest);
                is_first = is_first && (own < 3 || x[first + w] != highest);
                if is_first {
                    found = d_output[(map * h_out + row / 2) * w_out + column / 2];
                }
            }
            d_x[at] = found;
        }
    }

    impl ReluPool for CubeBackend {
        fn relu_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
            let [batch, channels, h, w] = x.shape().dims();
            let x = rows(x);
            let output = empty(&x, [batch, channels, h / 2, w / 2]);
            let (n, dim) = (output.shape().num_elements(), CubeDim::new_1d(UNITS));
            if n > 0 {
                forward::launch(
                    &x.client.clone(),
                    calculate_cube_count_elemwise(&x.client, n, dim),
                    dim,
                    x.into_buffer_arg(),
                    output.clone().into_buffer_arg(),
                    n,
                    h,
                    w,
                );
            }
            output
        }
    }

    impl ReluPoolParts for CubeBackend {
        fn relu_pool_back(x: FloatTensor<Self>, d_output: FloatTensor<Self>) -> FloatTensor<Self> {
            let [_, _, h, w] = x.shape().dims();
            let x = rows(x);
            // Maps that are too small for a square have no output, but a gradient, of zeros: a kernel cannot be given nothing.
            let is_empty = d_output.shape().num_elements() == 0;
            let d_output = if is_empty { x.clone() } else { rows(d_output) };
            let d_x = empty(&x, x.shape());
            let (n, dim) = (d_x.shape().num_elements(), CubeDim::new_1d(UNITS));
            if n > 0 {
                backward::launch(
                    &x.client.clone(),
                    calculate_cube_count_elemwise(&x.client, n, dim),
                    dim,
                    x.into_buffer_arg(),
                    d_output.into_buffer_arg(),
                    d_x.clone().into_buffer_arg(),
                    n,
                    h,
                    w,
                );
            }
            d_x
        }
    }
}
