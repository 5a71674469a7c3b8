//! Convolutions of one group with any stride, padding and dilation, as one matrix product per image: the inputs of
//! each weight become a row of a matrix with one column per output position (im2col).

use super::Geometry;
use crate::product::{Matrix, add_product};

/// The sizes of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strided {
    geometry: Geometry,
    c_in: usize,
    c_out: usize,
    /// Height and width of the input.
    input: [usize; 2],
    /// Height and width of the output.
    output: [usize; 2],
    kernel: usize,
}

impl Strided {
    /// Returns `None` for a convolution of several groups, or with a kernel that is not square.
    pub(super) fn new(geometry: Geometry, x: [usize; 4], weight: [usize; 4]) -> Option<Self> {
        let [_, c_in, h, w] = x;
        let [c_out, per_output, kernel, width] = weight;
        let is_supported = per_output == c_in && kernel == width && kernel > 0 && geometry.stride > 0;
        let output = [h, w].map(|side| if is_supported { geometry.side(side, kernel) } else { 0 });
        is_supported.then_some(Self { geometry, c_in, c_out, input: [h, w], output, kernel })
    }

    fn area(&self) -> usize {
        self.input.iter().product()
    }

    fn positions(&self) -> usize {
        self.output.iter().product()
    }

    /// Returns the number of weights of an output channel.
    const fn weights(&self) -> usize {
        self.c_in * self.kernel * self.kernel
    }

    pub(super) const fn output(&self, batch: usize) -> [usize; 4] {
        [batch, self.c_out, self.output[0], self.output[1]]
    }

    /// Calls `each` for every weight and row of the output whose input is inside of the image: with the index of the
    /// first column of the row in the matrix, the columns, and the index of the first input.
    fn rows(&self, mut each: impl FnMut(usize, std::ops::Range<usize>, usize)) {
        let Geometry { stride, padding, dilation } = self.geometry;
        let ([h, w], [h_out, w_out]) = (self.input, self.output);
        // The outputs whose input, at `stride` times their index plus `offset` minus the padding, is inside.
        let inside = |side: usize, side_out: usize, offset: usize| {
            let first = padding.saturating_sub(offset).div_ceil(stride);
            let end = (side + padding).saturating_sub(offset).div_ceil(stride).min(side_out);
            first.min(end)..end
        };
        for weight in 0..self.weights() {
            let (channel, at) = (weight / (self.kernel * self.kernel), weight % (self.kernel * self.kernel));
            let (down, right) = (dilation * (at / self.kernel), dilation * (at % self.kernel));
            let columns = inside(w, w_out, right);
            for row in inside(h, h_out, down) {
                let from = (channel * h + stride * row + down - padding) * w;
                if !columns.is_empty() {
                    let from = from + stride * columns.start + right - padding;
                    each((weight * h_out + row) * w_out, columns.clone(), from);
                }
            }
        }
    }

    /// Writes the input of each weight at each output position of an image: `[c_in K K, positions]`. Where it is
    /// padding, `columns` is left as it is.
    fn copy(&self, x: &[f32], columns: &mut [f32]) {
        let stride = self.geometry.stride;
        self.rows(|to, range, from| {
            let to = &mut columns[to + range.start..to + range.end];
            to.iter_mut().zip(x[from..].iter().step_by(stride)).for_each(|(to, x)| *to = *x);
        });
    }

    /// Adds the numbers of each weight at each output position to the input.
    fn add(&self, columns: &[f32], x: &mut [f32]) {
        let stride = self.geometry.stride;
        self.rows(|at, range, to| {
            let from = &columns[at + range.start..at + range.end];
            x[to..].iter_mut().step_by(stride).zip(from).for_each(|(x, from)| *x += from);
        });
    }

    /// Returns the convolution.
    pub(super) fn product(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let (positions, weights) = (self.positions(), self.weights());
        let images = x.chunks_exact((self.c_in * self.area()).max(1));
        let mut output = vec![0.0; images.len() * self.c_out * positions];
        let mut columns = vec![0.0; weights * positions];
        for (x, output) in images.zip(output.chunks_exact_mut((self.c_out * positions).max(1))) {
            if let Some(bias) = bias {
                output.chunks_exact_mut(positions).zip(bias).for_each(|(map, b)| map.fill(*b));
            }
            self.copy(x, &mut columns);
            let (weight, columns) = (Matrix::rows(weight, weights), Matrix::rows(&columns, positions));
            add_product((output, positions), weight, columns, [self.c_out, weights, positions]);
        }
        output
    }

    /// Returns the gradient of the input.
    pub(super) fn input_gradient(&self, weight: &[f32], d_output: &[f32]) -> Vec<f32> {
        let (positions, weights) = (self.positions(), self.weights());
        let images = d_output.chunks_exact((self.c_out * positions).max(1));
        let mut d_x = vec![0.0; images.len() * self.c_in * self.area()];
        let mut columns = vec![0.0; weights * positions];
        for (d, d_x) in images.zip(d_x.chunks_exact_mut((self.c_in * self.area()).max(1))) {
            columns.fill(0.0);
            let (weight, d) = (Matrix::rows(weight, weights).transposed(), Matrix::rows(d, positions));
            add_product((&mut columns, positions), weight, d, [weights, self.c_out, positions]);
            self.add(&columns, d_x);
        }
        d_x
    }

    /// Returns the gradient of the weights.
    pub(super) fn weight_gradient(&self, x: &[f32], d_output: &[f32]) -> Vec<f32> {
        let (positions, weights) = (self.positions(), self.weights());
        let mut d_weight = vec![0.0; self.c_out * weights];
        let mut columns = vec![0.0; weights * positions];
        let images = x.chunks_exact((self.c_in * self.area()).max(1));
        for (x, d) in images.zip(d_output.chunks_exact((self.c_out * positions).max(1))) {
            self.copy(x, &mut columns);
            let (d, columns) = (Matrix::rows(d, positions), Matrix::rows(&columns, positions).transposed());
            add_product((&mut d_weight, weights), d, columns, [self.c_out, positions, weights]);
        }
        d_weight
    }
}
