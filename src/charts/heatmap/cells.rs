//! The colored cells, on a canvas with one pixel per cell.

use crate::charts::canvas::{put_pixels, use_restored};
use crate::charts::color::ColorMap;
use crate::charts::grid::Grid;
use web_sys::HtmlCanvasElement;
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(in crate::charts) struct CellsProps {
    pub(in crate::charts) grid: Grid,
    pub(in crate::charts) map: ColorMap,
    pub(in crate::charts) range: (f64, f64),
    /// True if row 0 is at the bottom.
    pub(in crate::charts) flip: bool,
    pub(in crate::charts) smooth: bool,
    /// The canvas's position and size, as CSS declarations.
    pub(in crate::charts) place: String,
}

#[component]
pub(in crate::charts) fn Cells(props: &CellsProps) -> Html {
    let canvas = use_node_ref();
    let restored = use_restored(&canvas);
    {
        let canvas = canvas.clone();
        use_effect_with(
            (props.grid.clone(), props.map, props.range, props.flip, restored),
            move |(grid, map, range, flip, _)| {
                if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                    // If the canvas cannot be drawn on, the figure's data table still has the values.
                    let _ = draw(&canvas, grid, *map, *range, *flip);
                }
            },
        );
    }
    let class = if props.smooth { "cells smooth" } else { "cells" };
    html! { <canvas ref={canvas} {class} ~style={props.place.clone()} aria-hidden="true"></canvas> }
}

/// Puts the grid's pixels on the canvas. `None` if the browser refuses.
fn draw(canvas: &HtmlCanvasElement, grid: &Grid, map: ColorMap, range: (f64, f64), flip: bool) -> Option<()> {
    // Browsers refuse canvases much larger than this, and no screen shows them.
    const MAX_SIDE: usize = 8192;
    let (rows, cols) = (grid.rows.min(MAX_SIDE), grid.cols);
    if rows == 0 || cols == 0 || cols > MAX_SIDE {
        return None;
    }
    let count = rows * cols;
    let mut pixels = map.paint(grid.values.get(..count).unwrap_or(&grid.values), range);
    pixels.resize(count * 4, 0);
    if flip {
        pixels = pixels.rchunks(cols * 4).flatten().copied().collect();
    }
    let (width, height) = (u32::try_from(cols).ok()?, u32::try_from(rows).ok()?);
    // Setting the size clears the canvas, even if the size is the same.
    if (canvas.width(), canvas.height()) != (width, height) {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    put_pixels(canvas, &pixels, width, height)
}
