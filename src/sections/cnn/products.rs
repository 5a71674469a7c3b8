//! A convolution step by step: the input of a layer, its weights, and the products that add up to one output
//! value.

use serde::{Deserialize, Serialize};

/// The convolution of one layer on one image: everything that is needed to repeat it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// The number of input channels.
    pub c_in: u32,
    /// Height and width of input and output: stride 1, padded by half the kernel.
    pub side: u32,
    /// `[c_in, side, side]`.
    pub input: Vec<f32>,
    /// In a separable layer, the depthwise convolution and its output, `[c_in, side, side]`.
    pub depthwise: Option<(Conv, Vec<f32>)>,
    /// The kernels of the first outputs, `[n, c_in, K, K]`. In a separable layer K is 1.
    pub conv: Conv,
}

/// The parameters of a convolution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conv {
    /// Height and width of the kernel, `K`.
    pub kernel: u32,
    /// `[n, channels, K, K]`.
    pub weights: Vec<f32>,
    /// `[n]`.
    pub biases: Vec<f32>,
}

/// One weight of a kernel and the input under it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// Row of the map; rows outside the map are padding.
    pub row: i64,
    /// Column of the map.
    pub col: i64,
    /// The input; 0 in the padding.
    pub value: f32,
    /// True outside the map.
    pub is_padding: bool,
    /// The weight of the kernel.
    pub weight: f32,
}

impl Tap {
    /// Returns the product of value and weight.
    pub fn product(self) -> f64 {
        f64::from(self.value) * f64::from(self.weight)
    }
}

/// The contribution of one channel to a sum.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSum {
    /// The products, row by row.
    pub taps: Vec<Tap>,
    /// Sum of the products, without a bias.
    pub sum: f64,
}

/// One channel of a pointwise convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixed {
    /// The output of the depthwise convolution in the network.
    pub value: f32,
    /// The weight of the channel.
    pub weight: f32,
}

impl Mixed {
    /// Returns the product of value and weight.
    pub fn product(self) -> f64 {
        f64::from(self.value) * f64::from(self.weight)
    }
}

impl Layer {
    /// Returns true for a depthwise separable layer.
    pub fn is_separable(&self) -> bool {
        self.depthwise.is_some()
    }

    /// Returns the number of outputs whose kernels are known.
    pub fn n_outputs(&self) -> usize {
        self.conv.biases.len()
    }

    /// Returns height and width of the kernel that moves over the input.
    pub fn kernel(&self) -> u32 {
        self.depthwise.as_ref().map_or(&self.conv, |(conv, _)| conv).kernel
    }

    /// Returns the products of every input channel at a position, with the kernel of an output, or in a
    /// separable layer with the channel's own kernel. Positions count row by row.
    pub fn channel_sums(&self, output: usize, position: usize) -> Vec<ChannelSum> {
        let size = (self.kernel() * self.kernel()) as usize;
        let c_in = self.c_in as usize;
        let (weights, first) = match &self.depthwise {
            Some((conv, _)) => (&conv.weights, 0),
            None => (&self.conv.weights, output * c_in),
        };
        let plane = (self.side * self.side) as usize;
        let maps = self.input.chunks_exact(plane.max(1));
        let kernels = weights.chunks_exact(size.max(1)).skip(first);
        maps.zip(kernels).take(c_in).map(|(map, kernel)| self.channel_sum(map, kernel, position)).collect()
    }

    fn channel_sum(&self, map: &[f32], kernel: &[f32], position: usize) -> ChannelSum {
        let (k, side) = (self.kernel().max(1) as usize, self.side.max(1) as usize);
        let padding = (k - 1) / 2;
        let tap = |(index, &weight): (usize, &f32)| {
            let row = (position / side + index / k) as i64 - padding as i64;
            let col = (position % side + index % k) as i64 - padding as i64;
            let inside = (0..side as i64).contains(&row) && (0..side as i64).contains(&col);
            let value = inside.then(|| map.get(row as usize * side + col as usize)).flatten();
            Tap { row, col, value: value.copied().unwrap_or(0.0), is_padding: !inside, weight }
        };
        let taps: Vec<Tap> = kernel.iter().enumerate().map(tap).collect();
        ChannelSum { sum: taps.iter().map(|tap| tap.product()).sum(), taps }
    }

    /// Returns the output of the depthwise convolution at a position with the weight of an output, channel by
    /// channel.
    pub fn mixed(&self, output: usize, position: usize) -> Vec<Mixed> {
        let Some((_, maps)) = &self.depthwise else { return Vec::new() };
        let plane = (self.side * self.side).max(1) as usize;
        let c_in = self.c_in as usize;
        let weights = self.conv.weights.iter().skip(output * c_in);
        let values = maps.chunks_exact(plane).filter_map(|map| map.get(position));
        values.zip(weights).take(c_in).map(|(&value, &weight)| Mixed { value, weight }).collect()
    }

    /// Returns the bias of a channel's own kernel, or 0 if the layer is not separable.
    pub fn depthwise_bias(&self, channel: usize) -> f32 {
        let bias = |(conv, _): &(Conv, Vec<f32>)| conv.biases.get(channel).copied();
        self.depthwise.as_ref().and_then(bias).unwrap_or(0.0)
    }

    /// Returns the bias of an output.
    pub fn bias(&self, output: usize) -> f32 {
        self.conv.biases.get(output).copied().unwrap_or(0.0)
    }

    /// Returns the input of ReLU at a position as the sum of the products.
    pub fn sum(&self, output: usize, position: usize) -> Sum {
        let bias = Sum::of(self.bias(output).into());
        if self.is_separable() {
            self.mixed(output, position).iter().map(|mixed| mixed.product()).fold(bias, Sum::plus)
        } else {
            let channels = self.channel_sums(output, position);
            channels.iter().flat_map(|channel| &channel.taps).map(|tap| tap.product()).fold(bias, Sum::plus)
        }
    }

    /// Returns the output of the depthwise convolution at a position of a channel as the sum of the products.
    pub fn depthwise_sum(&self, channel: usize, position: usize) -> Sum {
        let channels = self.channel_sums(0, position);
        let taps = channels.get(channel).map_or(&[][..], |channel| &channel.taps);
        let bias = Sum::of(self.depthwise_bias(channel).into());
        taps.iter().map(|tap| tap.product()).fold(bias, Sum::plus)
    }

    /// Returns the output of the network's depthwise convolution at a position of a channel.
    pub fn depthwise_at(&self, channel: usize, position: usize) -> Option<f32> {
        let (_, maps) = self.depthwise.as_ref()?;
        let plane = (self.side * self.side) as usize;
        maps.get(channel * plane..)?.get(..plane)?.get(position).copied()
    }
}

/// A sum of products.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    /// The sum in 64-bit floats.
    pub value: f64,
    /// Sum of the absolute values; rounding errors are proportional to it.
    size: f64,
}

impl Sum {
    fn of(value: f64) -> Self {
        Self { value, size: value.abs() }
    }

    fn plus(self, product: f64) -> Self {
        Self { value: self.value + product, size: self.size + product.abs() }
    }

    /// Returns true if a 32-bit result of the network equals this sum up to rounding.
    pub fn agrees(self, network: f32) -> bool {
        (self.value - f64::from(network)).abs() <= 4e-6 * self.size + 1e-30
    }
}
