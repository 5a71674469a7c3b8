//! The positions of units and weights in the drawing, and the order in which the arrow keys reach them.

use crate::sections::mlp::{ParamIndex, Snapshot};

/// The maximum number of units of a hidden layer that are drawn at once.
pub(super) const MAX_SHOWN: usize = 6;
/// The maximum number of outputs; all of them are drawn.
pub(super) const MAX_OUTPUTS: usize = 10;
/// The side of a unit's map and the distance between rows, in pixels.
const ROWS: (f64, f64) = (32.0, 38.0);
/// The same if there are more outputs than a hidden layer shows units.
const DENSE_ROWS: (f64, f64) = (20.0, 24.0);
const LEFT: f64 = 26.0;
/// The minimum distance between columns; narrower pages scroll.
const MIN_PITCH: f64 = 54.0;

/// A part of the drawing that can be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A unit of a layer; layer 0 is the input.
    Unit(usize, usize),
    Weight(ParamIndex),
}

/// The units of a layer that are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Column {
    /// The number of units in the layer.
    pub(super) width: usize,
    pub(super) first: usize,
    pub(super) shown: usize,
    /// The center of the column.
    pub(super) x: f64,
}

/// The positions of all items, in pixels.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub(super) columns: Vec<Column>,
    pub(super) width: f64,
    pub(super) height: f64,
    /// The distance between columns.
    pub(super) pitch: f64,
    /// The side of a unit's map.
    pub(super) node: f64,
    row: f64,
    /// True if there are many inputs, such as the pixels of an image. They are drawn as one unit.
    pub(super) bundled: bool,
}

impl Layout {
    /// Lays out a network. `pages` selects the units of wide layers, and `right` is the space for the names
    /// of outputs.
    pub(super) fn new(net: &Snapshot, pages: &[usize], available: f64, right: f64) -> Self {
        let count = net.dims.len().max(2);
        let bundled = net.width(0) > MAX_OUTPUTS;
        let (node, row) = if net.width(net.layers()) > MAX_SHOWN { DENSE_ROWS } else { ROWS };
        let room = available - LEFT - right - node;
        let pitch = (room / (count - 1) as f64).clamp(MIN_PITCH, 200.0);
        let column = |layer: usize| {
            let width = if bundled && layer == 0 { 1 } else { net.width(layer) };
            let max_shown = if layer + 1 == net.dims.len() { MAX_OUTPUTS } else { MAX_SHOWN };
            let page = pages.get(layer).copied().unwrap_or(0);
            let first = (page * max_shown).min(width.saturating_sub(1) / max_shown * max_shown);
            let x = LEFT + node / 2.0 + pitch * layer as f64;
            Column { width, first, shown: (width - first).min(max_shown), x }
        };
        let columns: Vec<Column> = (0..net.dims.len()).map(column).collect();
        let rows =
            columns.iter().map(|column| column.width.min(MAX_SHOWN).max(column.shown)).max().unwrap_or(0);
        let width = LEFT + node + pitch * (count - 1) as f64 + right;
        Self { columns, width, height: row * rows.max(4) as f64, pitch, node, row, bundled }
    }

    /// Returns true if the columns have room for short names only.
    pub(super) fn is_narrow(&self) -> bool {
        self.pitch < 100.0
    }

    /// Returns the center of a unit's map, or `None` if it is not drawn.
    pub(super) fn center(&self, layer: usize, unit: usize) -> Option<(f64, f64)> {
        let column = self.columns.get(layer)?;
        let row = unit.checked_sub(column.first).filter(|&row| row < column.shown)?;
        let y = self.height / 2.0 + (row as f64 - (column.shown - 1) as f64 / 2.0) * self.row;
        Some((column.x, y))
    }

    /// Returns the units of a layer that are drawn.
    pub(super) fn units(&self, layer: usize) -> std::ops::Range<usize> {
        self.columns.get(layer).map_or(0..0, |column| column.first..column.first + column.shown)
    }

    /// Returns all units that are drawn, layer by layer.
    pub(super) fn all_units(&self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.columns.len()).flat_map(|layer| self.units(layer).map(move |unit| (layer, unit)))
    }

    /// Returns the weights of a layer between units that are drawn.
    pub(super) fn weights(&self, layer: usize) -> impl Iterator<Item = ParamIndex> {
        let drawn = !(self.bundled && layer == 0) && layer + 1 < self.columns.len();
        let sources = if drawn { self.units(layer) } else { 0..0 };
        let targets = self.units(layer + 1);
        sources
            .flat_map(move |from| targets.clone().map(move |to| ParamIndex { layer, from: Some(from), to }))
    }

    pub(super) fn all_weights(&self) -> impl Iterator<Item = ParamIndex> {
        (0..self.columns.len()).flat_map(|layer| self.weights(layer))
    }

    /// Returns the four points of a weight's Bézier curve, from the edge of one map to the edge of the next.
    pub(super) fn line(&self, param: ParamIndex) -> Option<[(f64, f64); 4]> {
        let (x1, y1) = self.center(param.layer, param.from?)?;
        let (x2, y2) = self.center(param.layer + 1, param.to)?;
        let (x1, x2) = (x1 + self.node / 2.0, x2 - self.node / 2.0);
        let middle = (x1 + x2) / 2.0;
        Some([(x1, y1), (middle, y1), (middle, y2), (x2, y2)])
    }

    /// Returns true if an item is drawn.
    pub(super) fn has(&self, item: Item) -> bool {
        match item {
            Item::Unit(layer, unit) => self.center(layer, unit).is_some(),
            Item::Weight(param) => self.line(param).is_some(),
        }
    }

    /// Returns the item that a key leads to: left and right from unit to weight to unit, up and down among
    /// the units or the weights of a layer.
    pub(super) fn step(&self, from: Item, key: &str) -> Option<Item> {
        let last = self.columns.len().checked_sub(1)?;
        let unit = |layer: usize, unit: usize| Some(Item::Unit(layer, unit));
        match (key, from) {
            ("Home", _) => unit(0, self.units(0).start),
            ("End", _) => unit(last, self.units(last).end.checked_sub(1)?),
            ("ArrowRight", Item::Unit(layer, at)) => {
                let leaving = self.weights(layer).find(|param| param.from == Some(at)).map(Item::Weight);
                leaving
                    .or_else(|| unit(layer + 1, self.units(layer + 1).start).filter(|item| self.has(*item)))
            }
            ("ArrowLeft", Item::Unit(layer, at)) => {
                let layer = layer.checked_sub(1)?;
                let entering = self.weights(layer).find(|param| param.to == at).map(Item::Weight);
                entering.or_else(|| unit(layer, self.units(layer).start))
            }
            ("ArrowRight", Item::Weight(param)) => unit(param.layer + 1, param.to),
            ("ArrowLeft", Item::Weight(param)) => unit(param.layer, param.from?),
            ("ArrowDown", Item::Unit(layer, at)) => unit(layer, at + 1).filter(|item| self.has(*item)),
            ("ArrowUp", Item::Unit(layer, at)) => {
                unit(layer, at.checked_sub(1)?).filter(|item| self.has(*item))
            }
            ("ArrowDown", Item::Weight(param)) => {
                self.weights(param.layer).skip_while(|other| *other != param).nth(1).map(Item::Weight)
            }
            ("ArrowUp", Item::Weight(param)) => {
                self.weights(param.layer).take_while(|other| *other != param).last().map(Item::Weight)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(dims: &[u32]) -> Snapshot {
        Snapshot { dims: dims.to_vec(), has_bias: true, ..Snapshot::default() }
    }

    fn weight(layer: usize, from: usize, to: usize) -> Item {
        Item::Weight(ParamIndex { layer, from: Some(from), to })
    }

    #[test]
    fn units_are_inside_the_drawing_and_do_not_overlap() {
        for dims in [vec![2, 3, 2], vec![2, 32, 32, 32, 2], vec![784, 256, 10], vec![2, 1, 2]] {
            for available in [0.0, 320.0, 700.0] {
                let layout = Layout::new(&net(&dims), &[], available, 46.0);
                let centers: Vec<_> =
                    layout.all_units().filter_map(|(layer, unit)| layout.center(layer, unit)).collect();
                for (i, &(x, y)) in centers.iter().enumerate() {
                    let (node, half) = (layout.node, layout.node / 2.0);
                    assert!(x >= half && x <= layout.width - half && y >= half && y <= layout.height - half);
                    let apart = |&(a, b): &(f64, f64)| (a - x).abs() >= node || (b - y).abs() >= node;
                    assert!(centers.iter().skip(i + 1).all(apart), "{dims:?} in {available}");
                }
                assert!(layout.all_weights().all(|param| layout.has(Item::Weight(param))));
                assert!(layout.height <= 240.0, "{dims:?} do not fit the first view");
            }
        }
    }

    #[test]
    fn wide_layers_have_pages() {
        let net = net(&[2, 20, 2]);
        assert_eq!(Layout::new(&net, &[], 400.0, 46.0).units(1), 0..6);
        assert_eq!(Layout::new(&net, &[0, 3], 400.0, 46.0).units(1), 18..20);
        assert_eq!(Layout::new(&net, &[0, 99], 400.0, 46.0).units(1), 18..20, "no page after the last");
    }

    #[test]
    fn pixels_are_drawn_as_one() {
        let layout = Layout::new(&net(&[784, 4, 10]), &[], 400.0, 90.0);
        assert_eq!((layout.units(0), layout.units(2), layout.weights(0).count()), (0..1, 0..10, 0));
        assert_eq!(layout.step(Item::Unit(0, 0), "ArrowRight"), Some(Item::Unit(1, 0)));
        assert_eq!(layout.step(Item::Unit(1, 3), "ArrowLeft"), Some(Item::Unit(0, 0)));
    }

    #[test]
    fn arrow_keys_follow_the_network_and_reach_every_weight() {
        let layout = Layout::new(&net(&[2, 3, 2]), &[], 400.0, 46.0);
        let mut at = Item::Unit(0, 1);
        for (key, to) in [
            ("ArrowUp", Item::Unit(0, 0)),
            ("ArrowRight", weight(0, 0, 0)),
            ("ArrowDown", weight(0, 0, 1)),
            ("ArrowRight", Item::Unit(1, 1)),
            ("ArrowLeft", weight(0, 0, 1)),
            ("ArrowUp", weight(0, 0, 0)),
            ("ArrowLeft", Item::Unit(0, 0)),
            ("End", Item::Unit(2, 1)),
            ("Home", Item::Unit(0, 0)),
        ] {
            at = layout.step(at, key).expect("it leads somewhere");
            assert_eq!(at, to, "{key}");
        }
        for (from, key) in [
            (Item::Unit(0, 0), "ArrowLeft"),
            (Item::Unit(2, 1), "ArrowRight"),
            (Item::Unit(1, 2), "ArrowDown"),
            (Item::Unit(1, 0), "a"),
        ] {
            assert_eq!(layout.step(from, key), None, "{from:?} {key}");
        }
        let mut reached = vec![weight(0, 0, 0)];
        while let Some(next) = layout.step(reached[reached.len() - 1], "ArrowDown") {
            reached.push(next);
        }
        assert_eq!(reached.len(), 6);
        assert_eq!(layout.step(weight(0, 0, 0), "ArrowUp"), None);
    }
}
