//! The weight matrices and biases of the network, drawn to scale with their values.

use crate::charts::measure::use_width;
use crate::charts::{ColorMap, Table, canvas};
use crate::panel::PtrEq;
use crate::sections::mlp::{Config, Snapshot, dims, layer_params};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use std::rc::Rc;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

/// The height of the tallest matrix, in pixels.
const MAX_HEIGHT: f64 = 216.0;
/// The side of a weight in a small network, in pixels.
const MAX_CELL: f64 = 7.0;
/// The room of a layer's label, and the minimum distance between two of them.
const LABEL_WIDTH: f64 = 76.0;
const GAP: f64 = 12.0;
/// The minimum length of the longest side, so that a deep network stays visible on a phone.
const MIN_LONGEST: f64 = 40.0;

#[derive(PartialEq, Properties)]
pub(super) struct MatricesProps {
    pub(super) config: Config,
    /// The network with its present values; `None` before the probe.
    pub(super) net: Option<PtrEq<Snapshot>>,
}

/// All weight matrices and biases at one scale, so that areas are counts.
#[component]
pub(super) fn Matrices(props: &MatricesProps) -> Html {
    let (node, width) = use_width();
    let config = &props.config;
    let dims = dims(config);
    let cell = cell_side(&dims, width);
    let net = props.net.clone().filter(|net| net.0.dims == dims && net.0.has_bias == config.bias);
    let values = use_memo((net, dims.clone()), |(net, dims)| match net {
        Some(net) => layer_values(&net.0),
        None => vec![(Rc::default(), Rc::default()); dims.len().saturating_sub(1)],
    });
    let tallest = dims.iter().rev().skip(1).max().copied().unwrap_or(1);
    let height = cell * f64::from(tallest) + if config.bias { 5.0 + bias_height(cell) } else { 0.0 };
    let counts = layer_params(&dims, config.bias);
    let layer = |(index, (weight, bias)): (usize, &LayerValues)| {
        let (d_in, d_out) =
            (dims.get(index).copied().unwrap_or(0), dims.get(index + 1).copied().unwrap_or(0));
        let count = counts.get(index).copied().unwrap_or(0);
        let name = if index + 2 == dims.len() { "output".to_owned() } else { format!("layer {}", index + 1) };
        html! {
            <div class="mlp-layer" ~style={format!("min-width:{LABEL_WIDTH}px")} data-layer={(index + 1).to_string()} data-count={count.to_string()}>
                <div class="mlp-layer-drawing" ~style={format!("height:{height:.0}px")}>
                    <Cells rows={d_in} cols={d_out} values={weight.clone()} width={cell * f64::from(d_out)} height={cell * f64::from(d_in)} />
                    if config.bias {
                        <Cells rows={1} cols={d_out} values={bias.clone()} width={cell * f64::from(d_out)} height={bias_height(cell)} />
                    }
                </div>
                <p><span>{ name }</span><span>{ format!("{d_in} × {d_out}") }</span><strong>{ grouped(count) }</strong></p>
            </div>
        }
    };
    let look_for = if config.bias {
        "All matrices have the same scale, so an area is a number of parameters. Rows are inputs of a layer, columns are its units, and the row below a matrix is the bias. Orange is positive, blue negative."
    } else {
        "All matrices have the same scale, so an area is a number of parameters. Rows are inputs of a layer, columns are its units. Orange is positive, blue negative."
    };
    let table = {
        let (dims, counts, bias) = (dims.clone(), counts.clone(), config.bias);
        Callback::from(move |()| table(&dims, &counts, bias))
    };
    let title = format!("{} parameters, drawn to scale", grouped(counts.iter().sum()));
    html! {
        <Figure name="matrices" {title} {look_for} {table} picture={false}>
            <div class="mlp-layers" ref={node}>{ for values.iter().enumerate().map(layer) }</div>
        </Figure>
    }
}

/// Returns a count with commas between thousands.
fn grouped(count: u64) -> String {
    format_number(count as f64, 12)
}

fn table(dims: &[u32], counts: &[u64], bias: bool) -> Table {
    let row = |(index, (pair, count)): (usize, (&[u32], &u64))| {
        let (d_in, d_out) = (pair.first().copied().unwrap_or(0), pair.last().copied().unwrap_or(0));
        let weights = u64::from(d_in) * u64::from(d_out);
        let biases = if bias { d_out } else { 0 };
        let numbers = [(index + 1).to_string(), d_in.to_string(), d_out.to_string(), weights.to_string()];
        numbers.into_iter().chain([biases.to_string(), count.to_string()]).collect()
    };
    Table {
        columns: ["layer", "inputs", "units", "weights", "biases", "parameters"].map(str::to_owned).to_vec(),
        rows: dims.windows(2).zip(counts).enumerate().map(row).collect(),
    }
}

/// Returns the side of a weight in pixels. All layers are in one row if they fit there.
fn cell_side(dims: &[u32], width: f64) -> f64 {
    let layers = dims.len().saturating_sub(1) as f64;
    let tallest = dims.iter().rev().skip(1).max().copied().unwrap_or(1).max(1);
    let (units, longest) =
        (dims.iter().skip(1).sum::<u32>().max(1), dims.iter().max().copied().unwrap_or(1).max(1));
    let room = width - GAP * (layers - 1.0).max(0.0);
    // A layer that is narrower than its label takes the room of the label.
    let is_wide = |&&d_out: &&u32| room / f64::from(units) * f64::from(d_out) > LABEL_WIDTH;
    let wide: Vec<u32> = dims.iter().skip(1).filter(is_wide).copied().collect();
    let labels = LABEL_WIDTH * (layers - wide.len() as f64);
    let in_a_row = match wide.iter().sum::<u32>() {
        0 => room / f64::from(units),
        wide => (room - labels).max(0.0) / f64::from(wide),
    };
    let tall = MAX_HEIGHT / f64::from(tallest);
    let minimum = (MIN_LONGEST / f64::from(longest)).min(tall);
    in_a_row.min(tall).clamp(minimum, MAX_CELL.max(minimum))
}

/// Returns the height of a row of biases, which is at least a visible line.
fn bias_height(cell: f64) -> f64 {
    cell.max(3.0)
}

/// The weights of a layer, row by row, and its biases.
type LayerValues = (Rc<Vec<f32>>, Rc<Vec<f32>>);

/// Returns the weights and the biases of every layer.
fn layer_values(net: &Snapshot) -> Vec<LayerValues> {
    let mut rest = net.params.as_slice();
    let mut take = |n: usize| {
        let (values, after) = rest.split_at(n.min(rest.len()));
        rest = after;
        Rc::new(values.to_vec())
    };
    let layer = |layer: usize| {
        let d_out = net.width(layer + 1);
        let weight = take(net.width(layer) * d_out);
        (weight, if net.has_bias { take(d_out) } else { Rc::default() })
    };
    (0..net.layers()).map(layer).collect()
}

#[derive(PartialEq, Properties)]
struct CellsProps {
    rows: u32,
    cols: u32,
    /// Row by row; empty before they are known.
    values: Rc<Vec<f32>>,
    width: f64,
    height: f64,
}

/// A matrix with one pixel per value, which the browser enlarges.
#[component]
fn Cells(props: &CellsProps) -> Html {
    let node = use_node_ref();
    let restored = canvas::use_restored(&node);
    use_effect_with((PtrEq(props.values.clone()), props.rows, props.cols, restored), {
        let node = node.clone();
        move |(values, rows, cols, _)| {
            let values = &values.0;
            if values.len() != *rows as usize * *cols as usize {
                return;
            }
            let pixels = ColorMap::Diverging.paint(values, ColorMap::Diverging.range(None, values));
            // Only a detached canvas refuses, and that is not visible.
            let _ = node
                .cast::<HtmlCanvasElement>()
                .and_then(|canvas| canvas::put_pixels(&canvas, &pixels, *cols, *rows));
        }
    });
    let style = format!("width:{:.1}px;height:{:.1}px", props.width.max(2.0), props.height.max(2.0));
    html! {
        <canvas ref={node} class="mlp-cells" width={props.cols.to_string()} height={props.rows.to_string()} ~style={style} aria-hidden="true"></canvas>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(depth: usize, width: u32, d_in: u32) -> Vec<u32> {
        std::iter::once(d_in).chain(vec![width; depth]).chain([2]).collect()
    }

    #[test]
    fn any_network_fits_its_height_and_stays_visible() {
        for dims in
            [widths(3, 32, 2), widths(12, 256, 2), widths(1, 1, 2), widths(2, 256, 784), widths(12, 4, 784)]
        {
            for width in [320.0, 390.0, 930.0, 2000.0] {
                let cell = cell_side(&dims, width);
                let tallest = f64::from(*dims[..dims.len() - 1].iter().max().expect("layers"));
                let longest = f64::from(*dims.iter().max().expect("layers"));
                assert!(cell * tallest <= MAX_HEIGHT + 1e-9, "{dims:?} at {width}");
                assert!(cell * longest >= MIN_LONGEST.min(MAX_CELL * longest) - 1e-9, "{dims:?} at {width}");
            }
        }
        // The default network fills the stage with one row.
        let dims = widths(3, 32, 2);
        let cell = cell_side(&dims, 930.0);
        let row: f64 = dims.iter().skip(1).map(|&d| (cell * f64::from(d)).max(LABEL_WIDTH) + GAP).sum();
        assert!(row <= 930.0 && row > 560.0, "{row}");
    }

    #[test]
    fn values_are_divided_by_layer() {
        let net = Snapshot {
            dims: vec![2, 3, 1],
            has_bias: true,
            params: (0..13).map(|n| n as f32).collect(),
            ..Snapshot::default()
        };
        let values = layer_values(&net);
        let ends: Vec<_> =
            values.iter().map(|(weight, bias)| (weight.len(), bias.first().copied())).collect();
        assert_eq!(ends, [(6, Some(6.0)), (3, Some(12.0))]);
        assert_eq!([0, 12, 999, 1000, 1_234_567].map(grouped), ["0", "12", "999", "1,000", "1,234,567"]);
    }
}
