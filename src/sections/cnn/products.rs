//! A convolution done by hand: what a layer was given, its weights, and the products that make one number of its output.

use serde::{Deserialize, Serialize};

/// One layer's convolution on one image: all that it takes to do it again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    pub c_in: u32,
    /// Height and width of what comes in and of what goes out: stride 1, padded by half the kernel.
    pub side: u32,
    /// `[c_in, side, side]`
    pub input: Vec<f32>,
    /// A kernel for each channel, and what they gave, `[c_in, side, side]`; in a separable layer.
    pub depthwise: Option<(Conv, Vec<f32>)>,
    /// `[n, c_in, K, K]`: the kernels of the first outputs. In a separable layer K is 1.
    pub conv: Conv,
}

/// The numbers of a convolution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conv {
    /// `K`
    pub kernel: u32,
    /// `[n, channels, K, K]`
    pub weights: Vec<f32>,
    /// `[n]`
    pub biases: Vec<f32>,
}

/// One weight of a kernel and what lies under it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tap {
    /// Counted from the map's first row and column: what is outside of the map is padding.
    pub row: i64,
    pub col: i64,
    /// 0 in the padding.
    pub value: f32,
    pub is_padding: bool,
    pub weight: f32,
}

impl Tap {
    pub fn product(self) -> f64 {
        f64::from(self.value) * f64::from(self.weight)
    }
}

/// One channel's part.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSum {
    /// Row by row.
    pub taps: Vec<Tap>,
    /// Of the products, without a bias.
    pub sum: f64,
}

/// One channel of a pointwise convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixed {
    /// What the depthwise convolution gave, as the network has it.
    pub value: f32,
    pub weight: f32,
}

impl Mixed {
    pub fn product(self) -> f64 {
        f64::from(self.value) * f64::from(self.weight)
    }
}

impl Layer {
    pub fn is_separable(&self) -> bool {
        self.depthwise.is_some()
    }

    /// Outputs whose kernels are known.
    pub fn n_outputs(&self) -> usize {
        self.conv.biases.len()
    }

    /// Height and width of the kernel that looks at the image.
    pub fn kernel(&self) -> u32 {
        self.depthwise.as_ref().map_or(&self.conv, |(conv, _)| conv).kernel
    }

    /// The products of every input channel at a position: with the kernel of an output, or in a separable layer with the
    /// channel's own. Positions are counted row by row.
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

    /// What a separable layer's depthwise convolution gave at a position, and the weight of an output for each channel.
    pub fn mixed(&self, output: usize, position: usize) -> Vec<Mixed> {
        let Some((_, maps)) = &self.depthwise else { return Vec::new() };
        let plane = (self.side * self.side).max(1) as usize;
        let c_in = self.c_in as usize;
        let weights = self.conv.weights.iter().skip(output * c_in);
        let values = maps.chunks_exact(plane).filter_map(|map| map.get(position));
        values.zip(weights).take(c_in).map(|(&value, &weight)| Mixed { value, weight }).collect()
    }

    /// The bias of a channel's own kernel; 0 where the layer is not separable.
    pub fn depthwise_bias(&self, channel: usize) -> f32 {
        let bias = |(conv, _): &(Conv, Vec<f32>)| conv.biases.get(channel).copied();
        self.depthwise.as_ref().and_then(bias).unwrap_or(0.0)
    }

    pub fn bias(&self, output: usize) -> f32 {
        self.conv.biases.get(output).copied().unwrap_or(0.0)
    }

    /// What ReLU is given at a position, added up from the products.
    pub fn sum(&self, output: usize, position: usize) -> Sum {
        let bias = Sum::of(self.bias(output).into());
        if self.is_separable() {
            self.mixed(output, position).iter().map(|mixed| mixed.product()).fold(bias, Sum::plus)
        } else {
            let channels = self.channel_sums(output, position);
            channels.iter().flat_map(|channel| &channel.taps).map(|tap| tap.product()).fold(bias, Sum::plus)
        }
    }

    /// What the depthwise convolution gives at a position of a channel, added up from the products.
    pub fn depthwise_sum(&self, channel: usize, position: usize) -> Sum {
        let channels = self.channel_sums(0, position);
        let taps = channels.get(channel).map_or(&[][..], |channel| &channel.taps);
        let bias = Sum::of(self.depthwise_bias(channel).into());
        taps.iter().map(|tap| tap.product()).fold(bias, Sum::plus)
    }

    /// What the network's depthwise convolution gave there.
    pub fn depthwise_at(&self, channel: usize, position: usize) -> Option<f32> {
        let (_, maps) = self.depthwise.as_ref()?;
        let plane = (self.side * self.side) as usize;
        maps.get(channel * plane..)?.get(..plane)?.get(position).copied()
    }
}

/// A sum of products.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sum {
    pub value: f64,
    /// The sum of their sizes: rounding errors are in proportion to it.
    size: f64,
}

impl Sum {
    fn of(value: f64) -> Self {
        Self { value, size: value.abs() }
    }

    fn plus(self, product: f64) -> Self {
        Self { value: self.value + product, size: self.size + product.abs() }
    }

    /// Whether a number that the network computed with 32-bit floats is this one, to their rounding.
    pub fn agrees(self, network: f32) -> bool {
        (self.value - f64::from(network)).abs() <= 4e-6 * self.size + 1e-30
    }
}
