//! A cut through the stack of layers, with the paths from one unit down to the image.

use super::{SIDE, unit_at};
use crate::charts::{Table, measure::use_width};
use crate::sections::cnn::{StackKind, StackLayer, path_counts, reaches, taps};
use crate::ui::figure::Figure;
use std::fmt::Write;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct StackFigureProps {
    pub(super) layers: Rc<Vec<StackLayer>>,
    /// The number of layers below the unit.
    pub(super) depth: usize,
    /// The column of the unit as a fraction of the map.
    pub(super) column: f64,
    pub(super) on_depth: Callback<usize>,
}

const HEIGHT: f64 = 290.0;
/// The room for the name of a row.
const NAME: f64 = 118.0;
/// The height of a unit.
const UNIT: f64 = 8.0;

/// One row per layer: its units as small bars, and lines from a unit to those that it reads.
#[component]
pub(super) fn StackFigure(props: &StackFigureProps) -> Html {
    let StackFigureProps { layers, depth, column, on_depth } = props;
    let (node, width) = use_width();
    let row_width = (width - NAME).max(60.0);
    let rows = layers.len() as f64;
    let y = |layer: usize| HEIGHT - 14.0 - layer as f64 * ((HEIGHT - 26.0) / rows.max(1.0)).min(66.0);
    let shown = layers.get(..*depth).unwrap_or_default();
    let unit = unit_at(shown, *column);
    // The units of each row from which a path leads to the unit; the image is row 0.
    let mut active: Vec<Vec<f64>> = path_counts(shown, unit);
    active.reverse();
    let size = |row: usize| match row.checked_sub(1) {
        Some(index) => layers.get(index).map_or(1, |layer| layer.out),
        None => SIDE,
    };
    active.push((0..size(*depth) as usize).map(|index| if index == unit { 1.0 } else { 0.0 }).collect());
    let x = |row: usize, index: usize| row_width * (index as f64 + 0.5) / f64::from(size(row).max(1));
    let mut paths = String::new();
    for (index, layer) in shown.iter().enumerate() {
        let upper = active.get(index + 1).map_or(&[][..], Vec::as_slice);
        for (output, _) in upper.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            let inside = |tap: &i64| (1..=i64::from(layer.shape.size)).contains(tap);
            for tap in taps(layer.shape, output as u32 + 1).filter(inside) {
                // Writing to a string does not fail.
                let _ = write!(
                    paths,
                    "M{:.1} {:.1}L{:.1} {:.1}",
                    x(index + 1, output),
                    y(index + 1) + UNIT,
                    x(index, (tap - 1) as usize),
                    y(index)
                );
            }
        }
    }
    let reaches = reaches(layers);
    let row = |row: usize| {
        let unit_width = (row_width / f64::from(size(row).max(1)) - 1.2).clamp(2.0, 24.0);
        let mut bars = [String::new(), String::new()];
        for index in 0..size(row) as usize {
            let is_active = active.get(row).and_then(|counts| counts.get(index)).is_some_and(|n| *n > 0.0);
            if let Some(bars) = bars.get_mut(usize::from(is_active)) {
                let (x, y) = (x(row, index) - unit_width / 2.0, y(row));
                let _ = write!(bars, "M{x:.1} {y:.1}h{unit_width:.1}v{UNIT}h-{unit_width:.1}z");
            }
        }
        let words = match row.checked_sub(1).and_then(|index| layers.get(index).zip(reaches.get(index))) {
            Some((layer, reach)) => {
                format!("{}: {1} × {1}", short_name(layers, row, layer.kind), reach.size)
            }
            None => "image: 1 × 1".to_owned(),
        };
        let [idle, used] = bars;
        let onclick = on_depth.reform(move |_: MouseEvent| row);
        html! {
            <g class="rf-row" data-now={(row == *depth).then_some("")} {onclick}>
                <rect class="rf-hit" x="0" y={format!("{:.1}", y(row) - 6.0)} width={width.to_string()} height={(UNIT + 12.0).to_string()} />
                <path class="rf-idle" d={idle} />
                <path class="rf-used" d={used} />
                <text class="tick" x={format!("{:.1}", row_width + 10.0)} y={format!("{:.1}", y(row) + UNIT)}>{ words }</text>
            </g>
        }
    };
    let table = {
        let rows = active.iter().enumerate().map(|(row, counts)| {
            let used = counts.iter().filter(|count| **count > 0.0).count();
            vec![row.to_string(), size(row).to_string(), used.to_string()]
        });
        let columns = ["layers above the image", "units in a row", "units on a path"];
        let table = Table { columns: columns.map(str::to_owned).to_vec(), rows: rows.collect() };
        Callback::from(move |()| table.clone())
    };
    let look_for = html! { <>{ "One row of each map, with the image at the bottom and the size of each receptive field. Lines lead from the unit to everything that it reads, directly or through other units. Choose a layer to see its unit." }</> };
    html! {
        <Figure name="receptive-stack" {look_for} {table}>
            <div ref={node}><svg class="chart-svg rf-stack" ~style={format!("height:{HEIGHT}px")} viewBox={format!("0 0 {width} {HEIGHT}")} role="img" aria-label="Paths from one unit through the layers to the image">
                <path class="rf-paths" d={paths} />
                { for (0..=layers.len()).map(row) }
            </svg></div>
        </Figure>
    }
}

/// Returns the short name of a layer, such as "conv 2".
fn short_name(layers: &[StackLayer], depth: usize, kind: StackKind) -> String {
    let number = layers.iter().take(depth).filter(|layer| layer.kind == kind).count();
    match kind {
        StackKind::Conv => format!("conv {number}"),
        StackKind::Pool => format!("pool {number}"),
    }
}
