//! Convolutions on the CPU. Convolutions that keep the size of their input, with one group or depthwise, are
//! matrix products whose operands fit into the cache: for some rows of the images at a time, the inputs of
//! each weight become a row of a matrix with one column per output position (im2col). With enough channels, 3
//! x 3 kernels use [`winograd`]. Other convolutions of one group are [`strided`](super::strided), and burn computes those
//! of several groups.

use super::shape::Shape;
use super::strided::Strided;
use super::{Conv, ConvGrad, Geometry, winograd};
use crate::flex::{as_slice, contiguous, tensor};
use crate::matrix::{dot, sum};
use crate::product::{Matrix, add_product};
use burn::backend::ops::{ConvOptions, ModuleOps};
use burn::backend::{Flex, TensorMetadata};
use burn_flex::FlexTensor;

/// Rows of a map, with zeros around them.
struct Padded {
    numbers: Vec<f32>,
    padding: usize,
    /// The length of a row.
    stride: usize,
}

impl Padded {
    /// Returns room for some rows of a map.
    fn new(shape: &Shape, rows: usize) -> Self {
        let padding = shape.padding();
        let stride = shape.w + 2 * padding;
        Self { numbers: vec![0.0; (rows + 2 * padding) * stride], padding, stride }
    }

    /// Copies rows `first..end` of a map and those around them. Outside of the map are zeros.
    fn set(&mut self, map: &[f32], w: usize, first: usize, end: usize) {
        let (padding, rows) = (self.padding, end - first + 2 * self.padding);
        for (row, to) in (first..).zip(self.numbers.chunks_exact_mut(self.stride)).take(rows) {
            let to = &mut to[padding..padding + w];
            let from = row.checked_sub(padding).and_then(|row| map.get(row * w..(row + 1) * w));
            match from {
                Some(from) => to.copy_from_slice(from),
                None => to.fill(0.0),
            }
        }
    }

    /// Copies rows of `w` numbers, from the given column on.
    fn copy(&self, (row, column): (usize, usize), w: usize, to: &mut [f32]) {
        let from = self.numbers[row * self.stride..].chunks(self.stride);
        /// For so few numbers, a call that copies them would take longer than the copy.
        macro_rules! by_width {
            ($($width:literal),*) => {
                match w {
                    $($width => to.as_chunks_mut::<$width>().0.iter_mut().zip(from).for_each(|(to, from)| {
                        if let Some(from) = from[column..].first_chunk() {
                            *to = *from;
                        }
                    }),)*
                    _ => to.chunks_exact_mut(w).zip(from).for_each(|(to, from)| to.copy_from_slice(&from[column..column + w])),
                }
            };
        }
        by_width!(2, 4, 8, 16);
    }
}

/// Writes the input of each weight at the output positions of some rows: `[c_in K K, positions]`.
fn im2col(shape: &Shape, x: &[f32], (first, end): (usize, usize), columns: &mut Vec<f32>) {
    let Shape { c_in, h, w, kernel, .. } = *shape;
    let positions = (end - first) * w;
    columns.resize(shape.weights() * positions, 0.0);
    let mut padded = Padded::new(shape, h.min(end - first));
    for image in first / h..end.div_ceil(h) {
        let (from, to) = (first.max(image * h), end.min((image + 1) * h));
        let at = (from - first) * w..(to - first) * w;
        let maps = x[image * c_in * h * w..].chunks_exact(h * w);
        for (map, columns) in maps.zip(columns.chunks_exact_mut(kernel * kernel * positions)) {
            padded.set(map, w, from - image * h, to - image * h);
            for (weight, column) in columns.chunks_exact_mut(positions).enumerate() {
                padded.copy((weight / kernel, weight % kernel), w, &mut column[at.clone()]);
            }
        }
    }
}

/// Writes some rows of all channels: `[channels, positions]`.
fn gathered(shape: &Shape, channels: usize, all: &[f32], (first, end): (usize, usize), into: &mut Vec<f32>) {
    into.clear();
    for channel in 0..channels {
        for row in first..end {
            let from = shape.row(channels, channel, row);
            into.extend_from_slice(&all[from..from + shape.w]);
        }
    }
}

/// Returns a standard convolution, `[batch, c_out, h, w]`.
fn product(shape: &Shape, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    if winograd::is_for(shape) {
        return winograd::product(shape, x, weight, bias);
    }
    let Shape { batch, c_in, c_out, h, w, .. } = *shape;
    let weights = shape.weights();
    let mut output = vec![0.0; batch * c_out * h * w];
    if shape.is_pointwise() {
        for (x, output) in x.chunks_exact(c_in * h * w).zip(output.chunks_exact_mut(c_out * h * w)) {
            if let Some(bias) = bias {
                output.chunks_exact_mut(h * w).zip(bias).for_each(|(map, b)| map.fill(*b));
            }
            let (weight, x) = (Matrix::rows(weight, c_in), Matrix::rows(x, h * w));
            add_product((output, h * w), weight, x, [c_out, c_in, h * w]);
        }
        return output;
    }
    let (mut columns, mut sums) = (Vec::new(), Vec::new());
    for (first, end) in shape.blocks() {
        let positions = (end - first) * w;
        im2col(shape, x, (first, end), &mut columns);
        sums.clear();
        match bias {
            Some(bias) => bias.iter().for_each(|&b| sums.extend(std::iter::repeat_n(b, positions))),
            None => sums.resize(c_out * positions, 0.0),
        }
        let (weight, columns) = (Matrix::rows(weight, weights), Matrix::rows(&columns, positions));
        add_product((&mut sums, positions), weight, columns, [c_out, weights, positions]);
        for (o, sums) in sums.chunks_exact(positions).enumerate() {
            for (row, sums) in (first..end).zip(sums.chunks_exact(w)) {
                let to = shape.row(c_out, o, row);
                output[to..to + w].copy_from_slice(sums);
            }
        }
    }
    output
}

/// Returns the gradient of a standard convolution's weights.
fn weight_gradient(shape: &Shape, x: &[f32], d_output: &[f32]) -> Vec<f32> {
    if winograd::is_for_gradient(shape) {
        return winograd::weight_gradient(shape, x, d_output);
    }
    let Shape { c_in, c_out, h, w, .. } = *shape;
    let weights = shape.weights();
    let mut d_weight = vec![0.0; c_out * weights];
    if shape.is_pointwise() {
        for (x, d) in x.chunks_exact(c_in * h * w).zip(d_output.chunks_exact(c_out * h * w)) {
            let (d, x) = (Matrix::rows(d, h * w), Matrix::rows(x, h * w).transposed());
            add_product((&mut d_weight, c_in), d, x, [c_out, h * w, c_in]);
        }
        return d_weight;
    }
    let (mut columns, mut d) = (Vec::new(), Vec::new());
    for (first, end) in shape.blocks() {
        let positions = (end - first) * w;
        im2col(shape, x, (first, end), &mut columns);
        gathered(shape, c_out, d_output, (first, end), &mut d);
        let (d, columns) = (Matrix::rows(&d, positions), Matrix::rows(&columns, positions).transposed());
        add_product((&mut d_weight, weights), d, columns, [c_out, positions, weights]);
    }
    d_weight
}

/// Calls `each` with the index of a weight, a range of output positions in a row, and the first input
/// position, for all pairs of a weight and a row of the output where the weight's input is not padding.
fn depthwise_rows(shape: &Shape, mut each: impl FnMut(usize, std::ops::Range<usize>, usize)) {
    let Shape { batch, c_in, h, w, kernel, .. } = *shape;
    let padding = shape.padding() as isize;
    for image in 0..batch {
        for channel in 0..c_in {
            let map = (image * c_in + channel) * h * w;
            for at in 0..kernel * kernel {
                let (down, right) = ((at / kernel) as isize - padding, (at % kernel) as isize - padding);
                let (first, end) = (0.max(-right), (w as isize).min(w as isize - right));
                for row in 0.max(-down)..(h as isize).min(h as isize - down) {
                    let output = map as isize + row * w as isize;
                    let input = output + down * w as isize + right;
                    if first < end {
                        let positions = (output + first) as usize..(output + end) as usize;
                        each(channel * kernel * kernel + at, positions, (input + first) as usize);
                    }
                }
            }
        }
    }
}

fn depthwise_product(shape: &Shape, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let map = shape.h * shape.w;
    let mut output = vec![0.0; x.len()];
    if let Some(bias) = bias {
        for (map, b) in output.chunks_exact_mut(map.max(1)).zip(bias.iter().cycle()) {
            map.fill(*b);
        }
    }
    depthwise_rows(shape, |at, positions, from| {
        let (factor, inputs) = (weight[at], &x[from..from + positions.len()]);
        for (sum, x) in output[positions].iter_mut().zip(inputs) {
            *sum += factor * x;
        }
    });
    output
}

fn depthwise_weight_gradient(shape: &Shape, x: &[f32], d_output: &[f32]) -> Vec<f32> {
    let mut d_weight = vec![0.0; shape.c_in * shape.kernel * shape.kernel];
    depthwise_rows(shape, |at, positions, from| {
        let inputs = &x[from..from + positions.len()];
        d_weight[at] += dot(&d_output[positions], inputs);
    });
    d_weight
}

/// Returns the kernels of the transposed convolution: `w'[i, o, u, v] = w[o, i, K - 1 - u, K - 1 - v]`.
fn flipped(shape: &Shape, weight: &[f32]) -> Vec<f32> {
    let area = shape.kernel * shape.kernel;
    let c_in = if shape.depthwise { 1 } else { shape.c_in };
    let mut flipped = vec![0.0; weight.len()];
    for (pair, kernel) in weight.chunks_exact(area).enumerate() {
        let (o, i) = (pair / c_in, pair % c_in);
        let to = &mut flipped[(i * shape.c_out + o) * area..][..area];
        to.iter_mut().zip(kernel.iter().rev()).for_each(|(to, w)| *to = *w);
    }
    flipped
}

/// Returns burn's options for a convolution.
const fn options(geometry: Geometry, x: [usize; 4], weight: [usize; 4]) -> ConvOptions<2> {
    let Geometry { stride, padding, dilation } = geometry;
    let (padding, groups) = ([(padding, padding); 2], x[1] / weight[1]);
    ConvOptions { stride: [stride; 2], padding, dilation: [dilation; 2], groups }
}

impl Conv for Flex {
    fn conv(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        has_bias: bool,
        geometry: Geometry,
    ) -> FlexTensor {
        let sizes = (x.shape().dims(), weight.shape().dims());
        let Some(shape) = Shape::new(geometry, sizes.0, sizes.1) else {
            if let Some(strided) = Strided::new(geometry, sizes.0, sizes.1) {
                let [x, weight, bias] = [x, weight, bias].map(contiguous);
                let bias = has_bias.then(|| as_slice(&bias));
                let output = strided.product(as_slice(&x), as_slice(&weight), bias);
                return tensor(output, strided.output(sizes.0[0]));
            }
            let bias = has_bias.then_some(bias);
            return Self::conv2d(x, weight, bias, options(geometry, sizes.0, sizes.1));
        };
        let [x, weight, bias] = [x, weight, bias].map(contiguous);
        let bias = has_bias.then(|| as_slice(&bias));
        let output = any_product(&shape, as_slice(&x), as_slice(&weight), bias);
        tensor(output, [shape.batch, shape.c_out, shape.h, shape.w])
    }
}

/// Returns a standard or depthwise convolution.
fn any_product(shape: &Shape, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    if shape.depthwise { depthwise_product(shape, x, weight, bias) } else { product(shape, x, weight, bias) }
}

impl ConvGrad for Flex {
    fn conv_grad_x(
        x: FlexTensor,
        weight: FlexTensor,
        d_output: FlexTensor,
        geometry: Geometry,
    ) -> FlexTensor {
        let sizes = (x.shape().dims(), weight.shape().dims());
        let Some(shape) = Shape::new(geometry, sizes.0, sizes.1) else {
            if let Some(strided) = Strided::new(geometry, sizes.0, sizes.1) {
                let (weight, d_output) = (contiguous(weight), contiguous(d_output));
                return tensor(strided.input_gradient(as_slice(&weight), as_slice(&d_output)), sizes.0);
            }
            return Self::conv2d_x_backward(x, weight, d_output, options(geometry, sizes.0, sizes.1));
        };
        let (weight, d_output) = (contiguous(weight), contiguous(d_output));
        let weight = flipped(&shape, as_slice(&weight));
        let transposed = Shape { c_in: shape.c_out, c_out: shape.c_in, ..shape };
        tensor(any_product(&transposed, as_slice(&d_output), &weight, None), sizes.0)
    }

    fn conv_grad_weight(
        x: FlexTensor,
        weight: FlexTensor,
        d_output: FlexTensor,
        geometry: Geometry,
    ) -> (FlexTensor, FlexTensor) {
        let sizes = (x.shape().dims(), weight.shape().dims::<4>());
        let [_, c_out, h, w]: [usize; 4] = d_output.shape().dims();
        let d_output = contiguous(d_output);
        let mut d_bias = vec![0.0; c_out];
        for (i, map) in as_slice(&d_output).chunks_exact((h * w).max(1)).enumerate() {
            d_bias[i % c_out] += sum(map);
        }
        let d_bias = tensor(d_bias, [c_out]);
        let Some(shape) = Shape::new(geometry, sizes.0, sizes.1) else {
            if let Some(strided) = Strided::new(geometry, sizes.0, sizes.1) {
                let gradient = strided.weight_gradient(as_slice(&contiguous(x)), as_slice(&d_output));
                return (tensor(gradient, sizes.1), d_bias);
            }
            let options = options(geometry, sizes.0, sizes.1);
            return (Self::conv2d_weight_backward(x, weight, d_output, options), d_bias);
        };
        let x = contiguous(x);
        let gradient = if shape.depthwise { depthwise_weight_gradient } else { weight_gradient };
        (tensor(gradient(&shape, as_slice(&x), as_slice(&d_output)), sizes.1), d_bias)
    }
}
