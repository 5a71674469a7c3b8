//! The kernel over the layer's input, and the maps that fill in as it moves.

use crate::charts::ColorMap;
use crate::sections::cnn::Layer;
use crate::ui::picture::{Picture, colored};
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

/// One position of one kernel.
pub(super) struct KernelPosition<'a> {
    pub(super) layer: &'a Layer,
    pub(super) output: usize,
    pub(super) channel: usize,
    /// Counted row by row.
    pub(super) position: usize,
    /// The network's inputs of ReLU, `[n, side, side]`.
    pub(super) sums: &'a [f32],
}

impl<'a> KernelPosition<'a> {
    pub(super) fn row_col(&self) -> (usize, usize) {
        let side = self.layer.side.max(1) as usize;
        (self.position / side, self.position % side)
    }

    fn plane<'m>(&self, maps: &'m [f32], index: usize) -> &'m [f32] {
        let size = (self.layer.side * self.layer.side) as usize;
        maps.get(index * size..).and_then(|rest| rest.get(..size)).unwrap_or_default()
    }

    /// Returns the map of the selected output.
    pub(super) fn output_map(&self) -> &'a [f32] {
        self.plane(self.sums, self.output)
    }

    fn depthwise(&self) -> &'a [f32] {
        self.layer.depthwise.as_ref().map_or(&[], |(_, maps)| self.plane(maps, self.channel))
    }
}

/// A map that fills in.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Map {
    /// The output of the depthwise convolution.
    Depthwise,
    /// The input of ReLU.
    Sums,
}

/// The layer's input with the kernel on it, and the padding around.
pub(super) fn input_picture(
    at: &KernelPosition<'_>,
    photo: Option<Rc<Vec<u8>>>,
    on_move: &Callback<usize>,
) -> Html {
    let KernelPosition { layer, channel, .. } = *at;
    let (side, kernel) = (layer.side, layer.kernel());
    let padding = kernel.saturating_sub(1) / 2;
    let title = match &photo {
        Some(_) => format!("Image, padded by {padding}"),
        None => format!("Input channel {}, padded by {padding}", channel + 1),
    };
    let rgba =
        photo.unwrap_or_else(|| Rc::new(colored(ColorMap::Sequential, at.plane(&layer.input, channel))));
    let (row, col) = at.row_col();
    let all = f64::from(side + 2 * padding);
    let inset = 100.0 * f64::from(padding) / all;
    let view = format!("-{padding} -{padding} {all} {all}");
    let stroke = format!("stroke-width:{:.2}", all / 95.0);
    let corner = |index: usize| (index as i64 - i64::from(padding)).to_string();
    let label = format!("Kernel over row {}, column {}. Arrow keys move it.", row + 1, col + 1);
    html! {
        <div class="kernel-map">
            <span>{ title }</span>
            <div class="kernel-canvas" data-kind="input">
                <div ~style={format!("inset:{inset:.3}%")}><Picture side={side as usize} {rgba} label="what the kernel reads" /></div>
                <svg class="chart-svg" viewBox={view} role="application" aria-roledescription="image" aria-label={label} tabindex="0"
                    data-action="move-kernel" onpointerdown={on_pointer(side, padding, on_move)} onkeydown={on_key(at, on_move)}>
                    <rect class="kernel-window" x={corner(col)} y={corner(row)} width={kernel.to_string()} height={kernel.to_string()} ~style={stroke} />
                </svg>
            </div>
        </div>
    }
}

/// A map, filled in up to the position of the kernel.
pub(super) fn output_picture(at: &KernelPosition<'_>, map: Map, on_move: &Callback<usize>) -> Html {
    let side = at.layer.side;
    let (title, values) = match map {
        Map::Depthwise => (format!("Depthwise map {}", at.channel + 1), at.depthwise()),
        Map::Sums => (format!("Map {}, before ReLU", at.output + 1), at.output_map()),
    };
    // The range of the whole map keeps the colors constant while it fills in.
    let mut rgba = ColorMap::Diverging.paint(values, ColorMap::Diverging.range(None, values));
    rgba.iter_mut().skip(4 * (at.position + 1)).for_each(|byte| *byte = 0);
    let (row, col) = at.row_col();
    html! {
        <div class="kernel-map">
            <span>{ title.clone() }</span>
            <div class="kernel-canvas" data-kind={if map == Map::Sums { "output" } else { "depthwise" }}>
                <div><Picture side={side as usize} rgba={Rc::new(rgba)} label={title} /></div>
                <svg class="chart-svg" viewBox={format!("0 0 {side} {side}")} aria-hidden="true" onpointerdown={on_pointer(side, 0, on_move)}>
                    <rect class="kernel-window" x={col.to_string()} y={row.to_string()} width="1" height="1"
                        ~style={format!("stroke-width:{:.2}", f64::from(side) / 95.0)} />
                </svg>
            </div>
        </div>
    }
}

/// Returns a callback that emits the position under the pointer.
fn on_pointer(side: u32, padding: u32, on_move: &Callback<usize>) -> Callback<PointerEvent> {
    let on_move = on_move.clone();
    Callback::from(move |event: PointerEvent| {
        // Shapes in the drawing ignore the pointer, so the target is always the whole drawing.
        let Some(drawing) = event.target_dyn_into::<Element>() else { return };
        let frame = drawing.get_bounding_client_rect();
        let cell = |at: f64, length: f64| {
            let all = f64::from(side + 2 * padding);
            let cell = (at / length.max(1.0) * all).floor() - f64::from(padding);
            cell.clamp(0.0, f64::from(side.saturating_sub(1))) as usize
        };
        let row = cell(f64::from(event.client_y()) - frame.top(), frame.height());
        let col = cell(f64::from(event.client_x()) - frame.left(), frame.width());
        on_move.emit(row * side as usize + col);
    })
}

/// Returns a callback that emits the position that a key leads to.
fn on_key(at: &KernelPosition<'_>, on_move: &Callback<usize>) -> Callback<KeyboardEvent> {
    let side = at.layer.side.max(1) as usize;
    let (row, col) = at.row_col();
    let on_move = on_move.clone();
    Callback::from(move |event: KeyboardEvent| {
        let last = side - 1;
        let (row, col) = match event.key().as_str() {
            "ArrowLeft" => (row, col.saturating_sub(1)),
            "ArrowRight" => (row, (col + 1).min(last)),
            "ArrowUp" => (row.saturating_sub(1), col),
            "ArrowDown" => ((row + 1).min(last), col),
            "Home" => (row, 0),
            "End" => (row, last),
            _ => return,
        };
        event.prevent_default();
        on_move.emit(row * side + col);
    })
}
