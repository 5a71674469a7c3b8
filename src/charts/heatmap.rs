//! Heatmaps: a grid of values as colors. The cells are a canvas with one pixel per cell that the browser
//! enlarges, which is as fast for 256 x 256 as for 4 x 4. Shapes and text are SVG on top of it.

pub(in crate::charts) mod cells;
mod overlay;

pub use crate::charts::color::ColorMap;

use crate::charts::heatmap::cells::Cells;
use crate::charts::heatmap::overlay::{Geometry, Overlay};
use crate::charts::{
    cursor::{chart_svg, enters_grid, pick_hint, readout, step_along, use_cursor},
    layout::cell_plot_size,
    measure::{pointer_in, use_width},
};
use std::rc::Rc;
use yew::prelude::*;

/// A matrix of values in row-major order.
#[derive(Clone, Debug)]
pub struct Grid {
    pub rows: usize,
    pub cols: usize,
    pub values: Rc<Vec<f32>>,
}

impl Grid {
    /// Returns a grid without cells.
    pub fn empty() -> Self {
        Self { rows: 0, cols: 0, values: Rc::default() }
    }

    /// Returns the value of a cell, or `None` outside the grid.
    pub fn at(&self, row: usize, col: usize) -> Option<f32> {
        if row >= self.rows || col >= self.cols {
            return None;
        }
        self.values.get(row * self.cols + col).copied()
    }

    fn is_empty(&self) -> bool {
        self.rows == 0 || self.cols == 0 || self.values.is_empty()
    }
}

impl Default for Grid {
    fn default() -> Self {
        Self::empty()
    }
}

/// Values are compared by pointer, so that comparing grids is cheap.
impl PartialEq for Grid {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.cols) == (other.rows, other.cols) && Rc::ptr_eq(&self.values, &other.values)
    }
}

#[derive(Clone, Properties, PartialEq, Debug)]
pub struct HeatmapProps {
    /// The map's name, spoken by screen readers.
    pub name: AttrValue,
    pub grid: Grid,
    pub map: ColorMap,
    /// The values at the ends of the color map. By default they follow the data.
    #[prop_or_default]
    pub range: Option<(f64, f64)>,
    pub x_label: AttrValue,
    pub y_label: AttrValue,
    /// If empty, rows are numbered from 0.
    #[prop_or_default]
    pub row_names: Rc<Vec<AttrValue>>,
    #[prop_or_default]
    pub col_names: Rc<Vec<AttrValue>>,
    /// The values at the left and the right edge, for a numeric axis instead of names.
    #[prop_or_default]
    pub x_range: Option<(f64, f64)>,
    /// The minimum and the maximum of y. `y_up` puts the maximum at the top.
    #[prop_or_default]
    pub y_range: Option<(f64, f64)>,
    /// True if row 0 is at the bottom.
    #[prop_or(false)]
    pub y_up: bool,
    /// The quantity that the colors show, with its unit.
    #[prop_or_default]
    pub value_label: AttrValue,
    /// Further values that the cursor reads at a cell: names, and grids of the same shape.
    #[prop_or_default]
    pub also: Vec<(AttrValue, Grid)>,
    /// x, y and class of data points to draw on the cells. On an axis of names the first cell spans 0 to 1.
    /// Classes differ in shape as well as in color.
    #[prop_or_default]
    pub points: Option<Rc<Vec<(f64, f64, usize)>>>,
    /// True if colors blend between cells.
    #[prop_or(false)]
    pub smooth: bool,
    #[prop_or_default]
    pub empty: AttrValue,
    /// The maximum height of the plot, in pixels.
    #[prop_or(320.0)]
    pub max_height: f64,
    /// Receives the cursor's row and column whenever they change.
    #[prop_or_default]
    pub on_cursor: Callback<Option<(usize, usize)>>,
    /// Receives the cell that was clicked, or chosen with Enter.
    #[prop_or_default]
    pub on_pick: Option<Callback<(usize, usize)>>,
    /// The effect of choosing a cell, such as "opens the run", spoken by screen readers.
    #[prop_or("chooses a cell".into())]
    pub pick_label: AttrValue,
}

/// A grid as colors, with its color bar, and a cursor that moves from cell to cell.
#[component]
pub fn Heatmap(props: &HeatmapProps) -> Html {
    let (node, width) = use_width();
    let (map, given) = (props.map, props.range);
    let range =
        *use_memo((props.grid.clone(), map, given), |(grid, map, given)| map.range(*given, &grid.values));
    let geometry = use_memo((props.clone(), width), |(props, width)| Geometry::new(props, *width));
    let (rows, cols, y_up) = (props.grid.rows, props.grid.cols, props.y_up);
    let locate = {
        let (node, geometry) = (node.clone(), geometry.clone());
        move |event: &MouseEvent| {
            let (x, y) = pointer_in(&node, event)?;
            geometry.cell_at(x, y)
        }
    };
    let on_pick = props.on_pick.as_ref().map(|on_pick| on_pick.reform(|(at, _)| at));
    let cursor = use_cursor(locate, move |key: &str, at| step(key, at, (rows, cols), y_up), on_pick);
    use_effect_with(cursor.at, {
        let on_cursor = props.on_cursor.clone();
        move |at| on_cursor.emit(*at)
    });

    // The cursor may outlive the grid that it was put on.
    let at = cursor.at.filter(|(row, col)| *row < rows && *col < cols);
    let reading = at.map(|(row, col)| geometry.reading(props, row, col));
    let about = about(props, &pick_hint(&cursor, &props.pick_label));
    let (plot, height) = (geometry.plot, geometry.height);
    let place = format!(
        "left:{:.1}px;top:{:.1}px;width:{:.1}px;height:{:.1}px",
        plot.left,
        plot.top,
        plot.width(),
        plot.height()
    );
    let drawing = html! {
        <>
            <Overlay geometry={geometry.clone()} {range} {map} />
            { at.map(|(row, col)| geometry.cursor(row, col)) }
        </>
    };
    html! {
        <div class="chart heatmap">
            { readout(reading, cursor.spoken) }
            <div class="heatmap-body" ~style={format!("height:{height}px")} ref={node}>
                if !props.grid.is_empty() {
                    <Cells
                        grid={props.grid.clone()}
                        {map}
                        {range}
                        flip={y_up}
                        smooth={props.smooth || plot.height() < rows as f64 || plot.width() < cols as f64}
                        {place}
                    />
                }
                { chart_svg(&cursor, "heatmap", (width, height), about, drawing) }
            </div>
        </div>
    }
}

/// Describes the map to a screen reader.
fn about(props: &HeatmapProps, hint: &str) -> String {
    format!(
        "{}: {} for each {} and {}, {} by {}. Arrow keys read cells.{hint}",
        props.name,
        if props.value_label.is_empty() { "value" } else { &props.value_label },
        props.y_label,
        props.x_label,
        props.grid.rows,
        props.grid.cols
    )
}

/// Returns the cell that a key moves the cursor to.
fn step(
    key: &str,
    at: Option<(usize, usize)>,
    (rows, cols): (usize, usize),
    y_up: bool,
) -> Option<(usize, usize)> {
    let (last_row, last_col) = (rows.checked_sub(1)?, cols.checked_sub(1)?);
    let up = if y_up { "ArrowDown" } else { "ArrowUp" };
    let Some((row, col)) = at.map(|(row, col)| (row.min(last_row), col.min(last_col))) else {
        return enters_grid(key).then_some((0, 0));
    };
    match key {
        "ArrowUp" | "ArrowDown" if key == up => Some((row.saturating_sub(1), col)),
        "ArrowUp" | "ArrowDown" => Some(((row + 1).min(last_row), col)),
        key => Some((row, step_along(key, Some(col), last_col)?)),
    }
}

/// Returns the plot's size for a grid: a square if both axes are numeric, square cells otherwise, within
/// limits that keep the page from jumping.
fn plot_size(props: &HeatmapProps, available: f64) -> (f64, f64) {
    let limits = (120.0, props.max_height);
    match (props.x_range, props.y_range) {
        (Some(_), Some(_)) => cell_plot_size(available, 1, 1, limits),
        // Names arrive before the first values do, so the frame can keep its size.
        _ if props.grid.is_empty() && props.row_names.is_empty() => (available, 180.0),
        _ if props.grid.is_empty() => {
            cell_plot_size(available, props.row_names.len(), props.col_names.len(), limits)
        }
        _ => cell_plot_size(available, props.grid.rows, props.grid.cols, limits),
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::heatmap::*;

    #[test]
    fn keys_walk_the_cells() {
        assert_eq!(step("ArrowRight", None, (2, 3), false), Some((0, 0)));
        assert_eq!(step("ArrowRight", Some((0, 2)), (2, 3), false), Some((0, 2)));
        assert_eq!(step("ArrowDown", Some((0, 0)), (2, 3), false), Some((1, 0)));
        assert_eq!(step("ArrowDown", Some((1, 0)), (2, 3), true), Some((0, 0)));
        assert_eq!(step("End", Some((9, 9)), (2, 3), false), Some((1, 2)));
        assert_eq!(step("ArrowDown", None, (0, 3), false), None);
        assert_eq!(step("a", Some((0, 0)), (2, 3), false), None);
    }

    #[test]
    fn cells_out_of_the_grid_are_none() {
        let grid = Grid { rows: 2, cols: 2, values: Rc::new(vec![1.0, 2.0, 3.0]) };
        assert_eq!(grid.at(1, 0), Some(3.0));
        assert_eq!(grid.at(1, 1), None);
        assert_eq!(grid.at(0, 2), None);
        assert_eq!(grid.at(usize::MAX, 0), None);
    }
}
