//! On the CPU. A convolution that keeps the size of its input, with one group or one kernel a channel, is made of products
//! that fit into the cache: some rows of the images at a time, those of `x` that a weight meets are laid beside each other, a
//! column for each place of the output; where there are channels enough, 3 x 3 kernels go by [`winograd`]. All others are
//! burn's.

use super::{Conv, ConvParts, Geometry, winograd};
use crate::flex::{numbers, rows, tensor};
use crate::matrix::{COLUMNS, Rows, add_product, dot, sum, transposed};
use burn::backend::ops::{ConvOptions, ModuleOps};
use burn::backend::{Flex, TensorMetadata, tensor::FloatTensor};

/// How large all of it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) c_in: usize,
    pub(super) c_out: usize,
    pub(super) h: usize,
    pub(super) w: usize,
    pub(super) kernel: usize,
    pub(super) depthwise: bool,
}

/// Places of the output that are computed at once, about.
const PLACES: usize = 128;

impl Shape {
    /// Nothing for what is left to burn.
    fn new(geometry: Geometry, x: [usize; 4], weight: [usize; 4]) -> Option<Self> {
        let [batch, c_in, h, w] = x;
        let [c_out, per_output, kernel, _] = weight;
        let keeps_size =
            kernel % 2 == 1 && geometry == Geometry { stride: 1, padding: kernel / 2, dilation: 1 };
        // A single channel is both; as an ordinary convolution it is a product like the others.
        let depthwise = per_output == 1 && c_in > 1;
        let groups_fit = per_output == c_in || (depthwise && c_out == c_in);
        (keeps_size && groups_fit).then_some(Self { batch, c_in, c_out, h, w, kernel, depthwise })
    }

    /// Whether each place of a map meets itself alone, so that an image is a matrix as it lies there; and there are enough places
    /// for products of such.
    const fn is_pointwise(&self) -> bool {
        let places = self.h * self.w;
        self.kernel == 1 && places >= 16 && places.is_multiple_of(COLUMNS)
    }

    const fn padding(&self) -> usize {
        self.kernel / 2
    }

    /// The weights of one output.
    const fn weights(&self) -> usize {
        self.c_in * self.kernel * self.kernel
    }

    /// Rows of all images, some at a time: first and end.
    fn parts(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (all, some) = (self.batch * self.h, (PLACES / self.w.max(1)).max(1));
        (0..all).step_by(some).map(move |first| (first, all.min(first + some)))
    }

    /// Where the row `row` of all images lies in an image's channel.
    const fn row(&self, channels: usize, channel: usize, row: usize) -> usize {
        ((row / self.h * channels + channel) * self.h + row % self.h) * self.w
    }
}

/// A row of `x`, moved by `shift` places to the left; zeros come in.
fn shifted(to: &mut [f32], from: &[f32], shift: isize) {
    let (n, by) = (to.len(), shift.unsigned_abs().min(to.len()));
    if shift >= 0 {
        to[..n - by].copy_from_slice(&from[by..]);
        to[n - by..].fill(0.0);
    } else {
        to[by..].copy_from_slice(&from[..n - by]);
        to[..by].fill(0.0);
    }
}

/// What each weight of an output meets at the places of some rows: `[c_in K K, places]`.
fn columns(shape: &Shape, x: &[f32], (first, end): (usize, usize), columns: &mut Vec<f32>) {
    let Shape { c_in, h, w, kernel, .. } = *shape;
    let padding = shape.padding() as isize;
    let places = (end - first) * w;
    columns.resize(shape.weights() * places, 0.0);
    let weights = (0..c_in).flat_map(|i| (0..kernel * kernel).map(move |at| (i, at / kernel, at % kernel)));
    for ((i, u, v), column) in weights.zip(columns.chunks_exact_mut(places)) {
        for (row, to) in (first..end).zip(column.chunks_exact_mut(w)) {
            let met = (row % h) as isize + u as isize - padding;
            if (0..h as isize).contains(&met) {
                let from = shape.row(c_in, i, row - row % h + met as usize);
                shifted(to, &x[from..from + w], v as isize - padding);
            } else {
                to.fill(0.0);
            }
        }
    }
}

/// `[channels, places]` of some rows.
fn gathered(shape: &Shape, channels: usize, all: &[f32], (first, end): (usize, usize), into: &mut Vec<f32>) {
    into.clear();
    for channel in 0..channels {
        for row in first..end {
            let from = shape.row(channels, channel, row);
            into.extend_from_slice(&all[from..from + shape.w]);
        }
    }
}

/// An ordinary convolution of `[batch, c_in, h, w]` numbers.
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
            let (weight, x) = (Rows::of(weight, c_in), Rows::of(x, h * w));
            add_product((output, h * w), weight, x, [c_out, c_in, h * w]);
        }
        return output;
    }
    let (mut met, mut sums) = (Vec::new(), Vec::new());
    for (first, end) in shape.parts() {
        let places = (end - first) * w;
        columns(shape, x, (first, end), &mut met);
        sums.clear();
        match bias {
            Some(bias) => bias.iter().for_each(|&b| sums.extend(std::iter::repeat_n(b, places))),
            None => sums.resize(c_out * places, 0.0),
        }
        let (weight, met) = (Rows::of(weight, weights), Rows::of(&met, places));
        add_product((&mut sums, places), weight, met, [c_out, weights, places]);
        for (o, sums) in sums.chunks_exact(places).enumerate() {
            for (row, sums) in (first..end).zip(sums.chunks_exact(w)) {
                let to = shape.row(c_out, o, row);
                output[to..to + w].copy_from_slice(sums);
            }
        }
    }
    output
}

/// The gradient of an ordinary convolution's weights.
fn weight_gradient(shape: &Shape, x: &[f32], d_output: &[f32]) -> Vec<f32> {
    if winograd::is_for_gradient(shape) {
        return winograd::weight_gradient(shape, x, d_output);
    }
    let Shape { c_in, c_out, h, w, .. } = *shape;
    let weights = shape.weights();
    let mut found = vec![0.0; c_out * weights];
    if shape.is_pointwise() {
        for (x, d) in x.chunks_exact(c_in * h * w).zip(d_output.chunks_exact(c_out * h * w)) {
            let x = transposed(x, h * w);
            let (d, x) = (Rows::of(d, h * w), Rows::of(&x, c_in));
            add_product((&mut found, c_in), d, x, [c_out, h * w, c_in]);
        }
        return found;
    }
    let (mut met, mut d) = (Vec::new(), Vec::new());
    for (first, end) in shape.parts() {
        let places = (end - first) * w;
        columns(shape, x, (first, end), &mut met);
        gathered(shape, c_out, d_output, (first, end), &mut d);
        let met = transposed(&met, places);
        let (d, met) = (Rows::of(&d, places), Rows::of(&met, weights));
        add_product((&mut found, weights), d, met, [c_out, places, weights]);
    }
    found
}

/// Calls `each` with a channel, one of its weights, and a row of the output beside the row of the input that the weight
/// meets: the places of both where it meets any.
fn depthwise_rows(shape: &Shape, mut each: impl FnMut(usize, usize, std::ops::Range<usize>, usize)) {
    let Shape { batch, c_in, h, w, kernel, .. } = *shape;
    let padding = shape.padding() as isize;
    for image in 0..batch {
        for channel in 0..c_in {
            let map = (image * c_in + channel) * h * w;
            for at in 0..kernel * kernel {
                let (down, right) = ((at / kernel) as isize - padding, (at % kernel) as isize - padding);
                let (first, end) = (0.max(-right), (w as isize).min(w as isize - right));
                for row in 0.max(-down)..(h as isize).min(h as isize - down) {
                    let of_output = map as isize + row * w as isize;
                    let of_input = of_output + down * w as isize + right;
                    if first < end {
                        let places = (of_output + first) as usize..(of_output + end) as usize;
                        each(channel, channel * kernel * kernel + at, places, (of_input + first) as usize);
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
    depthwise_rows(shape, |_, at, places, from| {
        let (factor, met) = (weight[at], &x[from..from + places.len()]);
        for (sum, x) in output[places].iter_mut().zip(met) {
            *sum += factor * x;
        }
    });
    output
}

fn depthwise_weight_gradient(shape: &Shape, x: &[f32], d_output: &[f32]) -> Vec<f32> {
    let mut found = vec![0.0; shape.c_in * shape.kernel * shape.kernel];
    depthwise_rows(shape, |_, at, places, from| {
        let met = &x[from..from + places.len()];
        found[at] += dot(&d_output[places], met);
    });
    found
}

/// Kernels turned round, and from outputs to inputs: `w'[i, o, u, v] = w[o, i, K - 1 - u, K - 1 - v]`.
fn turned(shape: &Shape, weight: &[f32]) -> Vec<f32> {
    let area = shape.kernel * shape.kernel;
    let c_in = if shape.depthwise { 1 } else { shape.c_in };
    let mut found = vec![0.0; weight.len()];
    for (pair, kernel) in weight.chunks_exact(area).enumerate() {
        let (o, i) = (pair / c_in, pair % c_in);
        let to = &mut found[(i * shape.c_out + o) * area..][..area];
        to.iter_mut().zip(kernel.iter().rev()).for_each(|(to, w)| *to = *w);
    }
    found
}

/// The same for burn.
const fn options(geometry: Geometry, x: [usize; 4], weight: [usize; 4]) -> ConvOptions<2> {
    let Geometry { stride, padding, dilation } = geometry;
    let (padding, groups) = ([(padding, padding); 2], x[1] / weight[1]);
    ConvOptions { stride: [stride; 2], padding, dilation: [dilation; 2], groups }
}

impl Conv for Flex {
    fn conv(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        has_bias: bool,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let sizes = (x.shape().dims(), weight.shape().dims());
        let Some(shape) = Shape::new(geometry, sizes.0, sizes.1) else {
            let bias = has_bias.then_some(bias);
            return Self::conv2d(x, weight, bias, options(geometry, sizes.0, sizes.1));
        };
        let (x, weight, bias) = (rows(x), rows(weight), rows(bias));
        let (x, weight, bias) = (numbers(&x), numbers(&weight), has_bias.then(|| numbers(&bias)));
        let output = if shape.depthwise {
            depthwise_product(&shape, x, weight, bias)
        } else {
            product(&shape, x, weight, bias)
        };
        tensor(output, [shape.batch, shape.c_out, shape.h, shape.w])
    }
}

impl ConvParts for Flex {
    fn conv_back_x(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> FloatTensor<Self> {
        let sizes = (x.shape().dims(), weight.shape().dims());
        let Some(forth) = Shape::new(geometry, sizes.0, sizes.1) else {
            return Self::conv2d_x_backward(x, weight, d_output, options(geometry, sizes.0, sizes.1));
        };
        let (weight, d_output) = (rows(weight), rows(d_output));
        let weight = turned(&forth, numbers(&weight));
        let back = Shape { c_in: forth.c_out, c_out: forth.c_in, ..forth };
        let found = if forth.depthwise {
            depthwise_product(&back, numbers(&d_output), &weight, None)
        } else {
            product(&back, numbers(&d_output), &weight, None)
        };
        tensor(found, sizes.0)
    }

    fn conv_back_weight(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        d_output: FloatTensor<Self>,
        geometry: Geometry,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let sizes = (x.shape().dims(), weight.shape().dims::<4>());
        let [_, c_out, h, w]: [usize; 4] = d_output.shape().dims();
        let d_output = rows(d_output);
        let mut of_bias = vec![0.0; c_out];
        for (i, map) in numbers(&d_output).chunks_exact((h * w).max(1)).enumerate() {
            of_bias[i % c_out] += sum(map);
        }
        let of_bias = tensor(of_bias, [c_out]);
        let Some(shape) = Shape::new(geometry, sizes.0, sizes.1) else {
            let options = options(geometry, sizes.0, sizes.1);
            return (Self::conv2d_weight_backward(x, weight, d_output, options), of_bias);
        };
        let x = rows(x);
        let found = if shape.depthwise {
            depthwise_weight_gradient(&shape, numbers(&x), numbers(&d_output))
        } else {
            weight_gradient(&shape, numbers(&x), numbers(&d_output))
        };
        (tensor(found, sizes.1), of_bias)
    }
}
