//! A network at one step: every weight and bias, and the activation of each unit over the plane.

use serde::{Deserialize, Serialize};

/// The number of cells along each side of a unit's map, which covers the same part of the plane as the
/// decision boundary.
pub const MAP_SIDE: usize = 24;

/// A network after some step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The number of steps done.
    pub step: u32,
    /// `d_in`, the widths of the hidden layers, `d_out`.
    pub dims: Vec<u32>,
    /// True if the layers have biases.
    pub has_bias: bool,
    /// Layer by layer: the weight `[d_in, d_out]`, row by row, then the bias `[d_out]` if there is one.
    pub params: Vec<f32>,
    /// The activation of every unit after the inputs, layer by layer, on a grid over the plane, row by row
    /// from the bottom: one byte per cell, from the minimum of the unit's range to its maximum. The outputs
    /// are logits. Empty for images.
    pub maps: Vec<u8>,
    /// The minimum and the maximum activation of each unit on that grid.
    pub ranges: Vec<(f32, f32)>,
    /// The number of weights and biases that were changed by hand.
    pub edits: u32,
    /// The inputs as functions of the plane: their values in its middle, and their slopes along x and y. Empty if the plane
    /// is that of the two inputs, and for images.
    pub inputs: Vec<[f32; 3]>,
}

/// The position of a parameter in a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamIndex {
    /// Its layer; the first is 0.
    pub layer: usize,
    /// The source unit of a weight, in the layer before; `None` for a bias.
    pub from: Option<usize>,
    /// The target unit.
    pub to: usize,
}

impl Snapshot {
    /// Returns the number of layers with weights: the hidden ones and the output.
    pub fn layers(&self) -> usize {
        self.dims.len().saturating_sub(1)
    }

    /// Returns the number of units in a layer; 0 is the input.
    pub fn width(&self, layer: usize) -> usize {
        self.dims.get(layer).copied().unwrap_or(0) as usize
    }

    /// Returns the number of parameters in a layer.
    fn size(&self, layer: usize) -> usize {
        (self.width(layer) + usize::from(self.has_bias)) * self.width(layer + 1)
    }

    /// Returns the offset of a parameter in `params`, or `None` if the network has no such parameter.
    pub fn offset(&self, param: ParamIndex) -> Option<usize> {
        let (d_in, d_out) = (self.width(param.layer), self.width(param.layer + 1));
        let row = match param.from {
            Some(from) if from < d_in => from,
            None if self.has_bias => d_in,
            _ => return None,
        };
        let before: usize = (0..param.layer).map(|layer| self.size(layer)).sum();
        (param.to < d_out).then_some(before + row * d_out + param.to)
    }

    /// Returns the parameter at an offset of `params`.
    pub fn param_at(&self, offset: usize) -> Option<ParamIndex> {
        let mut rest = offset;
        for layer in 0..self.layers() {
            let size = self.size(layer);
            if rest < size {
                let d_out = self.width(layer + 1).max(1);
                let row = rest / d_out;
                let from = Some(row).filter(|&row| row < self.width(layer));
                return Some(ParamIndex { layer, from, to: rest % d_out });
            }
            rest -= size;
        }
        None
    }

    /// Returns the value of a parameter.
    pub fn value(&self, param: ParamIndex) -> Option<f32> {
        self.params.get(self.offset(param)?).copied()
    }

    /// Returns the map of a unit, in bytes, and its range. Layers count from 1, the first after the input.
    pub fn map(&self, layer: usize, unit: usize) -> Option<(&[u8], (f32, f32))> {
        let before: usize = (1..layer).map(|layer| self.width(layer)).sum();
        let number = (layer > 0 && unit < self.width(layer)).then_some(before + unit)?;
        let size = MAP_SIDE * MAP_SIDE;
        Some((self.maps.get(number * size..(number + 1) * size)?, *self.ranges.get(number)?))
    }

    /// Returns the name of a unit in a sentence; layer 0 is the input.
    pub fn unit_name(&self, layer: usize, unit: usize) -> String {
        match layer {
            0 => format!("input {}", unit + 1),
            _ if layer == self.layers() => format!("output {}", unit + 1),
            _ => format!("hidden unit {} of layer {layer}", unit + 1),
        }
    }

    /// Returns the name of a parameter in a sentence.
    pub fn param_name(&self, param: ParamIndex) -> String {
        let to = self.unit_name(param.layer + 1, param.to);
        match param.from {
            Some(from) => format!("weight from {} to {to}", self.unit_name(param.layer, from)),
            None => format!("bias of {to}"),
        }
    }
}

/// One of the networks of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId {
    /// The index of the arm.
    pub arm: u8,
    /// The seed of the run.
    pub seed: u32,
}

/// A request from the page to a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Show one network: it sends a snapshot with every frame, the others only when they are scored.
    Watch(Option<ModelId>),
    /// Set parameters, given as offsets in [`Snapshot::params`].
    Set {
        /// The network that is changed.
        of: ModelId,
        /// Offsets and new values.
        values: Vec<(u32, f32)>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(has_bias: bool) -> Snapshot {
        let dims = vec![2, 3, 2];
        let params = if has_bias { 17 } else { 12 };
        Snapshot { dims, has_bias, params: (0..params).map(|n| n as f32).collect(), ..Snapshot::default() }
    }

    #[test]
    fn every_parameter_has_an_offset_and_a_name() {
        for has_bias in [true, false] {
            let net = snapshot(has_bias);
            for index in 0..net.params.len() {
                let param = net.param_at(index).expect("a parameter");
                assert_eq!(net.offset(param), Some(index), "{param:?}");
                assert_eq!(net.value(param), Some(index as f32));
            }
            assert_eq!(net.param_at(net.params.len()), None);
        }
        let net = snapshot(true);
        let name = |layer, from, to| net.param_name(ParamIndex { layer, from, to });
        assert_eq!(name(0, Some(1), 2), "weight from input 2 to hidden unit 3 of layer 1");
        assert_eq!(name(1, Some(0), 1), "weight from hidden unit 1 of layer 1 to output 2");
        assert_eq!(name(0, None, 0), "bias of hidden unit 1 of layer 1");
        assert_eq!(snapshot(false).offset(ParamIndex { layer: 0, from: None, to: 0 }), None);
        assert_eq!(net.offset(ParamIndex { layer: 2, from: Some(0), to: 0 }), None);
        assert_eq!(net.offset(ParamIndex { layer: 0, from: Some(2), to: 0 }), None);
    }

    #[test]
    fn maps_are_found_layer_by_layer() {
        let size = MAP_SIDE * MAP_SIDE;
        let maps = (0..5u8).flat_map(|unit| vec![unit; size]).collect();
        let ranges = (0..5).map(|unit| (0.0, unit as f32)).collect();
        let net = Snapshot { maps, ranges, ..snapshot(true) };
        let map = |layer, unit| net.map(layer, unit).map(|(cells, range)| (cells[0], range.1));
        assert_eq!((map(1, 2), map(2, 0), map(2, 1)), (Some((2, 2.0)), Some((3, 3.0)), Some((4, 4.0))));
        assert_eq!((map(0, 0), map(1, 3), map(3, 0)), (None, None, None));
        assert_eq!(snapshot(true).map(1, 0), None, "images have no maps");
    }
}
