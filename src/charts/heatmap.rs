//! Heatmaps: a grid of values as colors. The cells are a canvas with one pixel a cell that the browser enlarges,
//! which is as quick for 256 x 256 as for 4 x 4; everything with a shape or a word is SVG above it.

pub(in crate::charts) mod cells;
mod overlay;

pub use crate::charts::color::ColorMap;

use crate::charts::heatmap::cells::Cells;
use crate::charts::heatmap::overlay::{Geometry, Overlay};
use crate::charts::{
    layout::cell_plot_size,
    measure::{pointer_in, use_width},
    tooltip::{Cursor, use_spoken},
};
use std::rc::Rc;
use yew::prelude::*;

/// A matrix of values, row by row.
#[derive(Clone, Debug)]
pub struct Grid {
    pub rows: usize,
    pub cols: usize,
    pub values: Rc<Vec<f32>>,
}

impl Grid {
    /// A grid without cells.
    pub fn empty() -> Self {
        Self { rows: 0, cols: 0, values: Rc::default() }
    }

    /// The value of a cell, if there is one.
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

/// Values are compared by pointer.
impl PartialEq for Grid {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.cols) == (other.rows, other.cols) && Rc::ptr_eq(&self.values, &other.values)
    }
}

#[derive(Clone, Properties, Debug)]
pub struct HeatmapProps {
    /// What the map is called; read out by screen readers.
    pub name: AttrValue,
    pub grid: Grid,
    pub map: ColorMap,
    /// The values at the ends of the color map; by default what the data asks for.
    #[prop_or_default]
    pub range: Option<(f64, f64)>,
    pub x_label: AttrValue,
    pub y_label: AttrValue,
    /// May be empty: rows are then numbered from 0.
    #[prop_or_default]
    pub row_names: Rc<Vec<AttrValue>>,
    #[prop_or_default]
    pub col_names: Rc<Vec<AttrValue>>,
    /// From the left edge to the right edge, for a numeric axis instead of names.
    #[prop_or_default]
    pub x_range: Option<(f64, f64)>,
    /// The least and the greatest y; `y_up` says which is at the top.
    #[prop_or_default]
    pub y_range: Option<(f64, f64)>,
    /// Whether row 0 is at the bottom.
    #[prop_or(false)]
    pub y_up: bool,
    /// What the colors mean, with the unit.
    #[prop_or_default]
    pub value_label: AttrValue,
    /// What else the cursor reads of a cell: names, and grids of the same shape.
    #[prop_or_default]
    pub also: Vec<(AttrValue, Grid)>,
    /// x, y and class of data points to draw above the cells. On an axis of names the first cell is from 0 to 1.
    /// Classes differ in shape as well as in color.
    #[prop_or_default]
    pub points: Option<Rc<Vec<(f64, f64, usize)>>>,
    /// Whether colors blend between cells.
    #[prop_or(false)]
    pub smooth: bool,
    #[prop_or_default]
    pub empty: AttrValue,
    /// The most that the plot takes, in pixels.
    #[prop_or(320.0)]
    pub most: f64,
    /// Told where the cursor is, row and column, whenever that changes.
    #[prop_or_default]
    pub on_cursor: Callback<Option<(usize, usize)>>,
    /// Told which cell was clicked, or chosen with Enter.
    #[prop_or_default]
    pub on_pick: Option<Callback<(usize, usize)>>,
    /// What that does, such as "opens the run"; read out by screen readers.
    #[prop_or("chooses a cell".into())]
    pub pick_label: AttrValue,
}

/// What is behind an `Rc` is compared by pointer.
impl PartialEq for HeatmapProps {
    fn eq(&self, other: &Self) -> bool {
        let same_points = match (&self.points, &other.points) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => Rc::ptr_eq(ours, theirs),
            _ => false,
        };
        let same_names = |ours: &Rc<Vec<AttrValue>>, theirs| Rc::ptr_eq(ours, theirs) || ours == theirs;
        same_points
            && self.grid == other.grid
            && self.also == other.also
            && same_names(&self.row_names, &other.row_names)
            && same_names(&self.col_names, &other.col_names)
            && (self.map, self.range, self.x_range, self.y_range)
                == (other.map, other.range, other.x_range, other.y_range)
            && (self.y_up, self.smooth) == (other.y_up, other.smooth)
            && (&self.name, &self.x_label, &self.y_label) == (&other.name, &other.x_label, &other.y_label)
            && (&self.value_label, &self.empty) == (&other.value_label, &other.empty)
            && self.most == other.most
            && (&self.on_cursor, &self.on_pick) == (&other.on_cursor, &other.on_pick)
            && self.pick_label == other.pick_label
    }
}

/// A grid as colors, with its color bar, and a cursor that walks from cell to cell.
#[component]
pub fn Heatmap(props: &HeatmapProps) -> Html {
    let (node, width) = use_width();
    let cursor = use_state_eq(|| None::<Cursor<(usize, usize)>>);
    let (low, high) = {
        let (map, given) = (props.map, props.range);
        *use_memo((props.grid.clone(), map, given), move |(grid, map, given)| map.range(*given, &grid.values))
    };
    let geometry = use_memo((props.clone(), width), |(props, width)| Geometry::new(props, *width));
    let (rows, cols) = (props.grid.rows, props.grid.cols);

    use_effect_with(cursor.map(|cursor| cursor.at), {
        let on_cursor = props.on_cursor.clone();
        move |at| on_cursor.emit(*at)
    });
    let onclick = props.on_pick.clone().map(|on_pick| {
        let (node, geometry) = (node.clone(), geometry.clone());
        Callback::from(move |event: MouseEvent| {
            // A finger's tap has left the map, and with it the cursor, before its click comes: that has a place itself.
            let at = pointer_in(&node, &event).and_then(|(x, y)| geometry.cell_at(x, y));
            at.into_iter().for_each(|at| on_pick.emit(at));
        })
    });
    let onpointermove = {
        let (node, cursor, geometry) = (node.clone(), cursor.setter(), geometry.clone());
        Callback::from(move |event: PointerEvent| {
            let at = pointer_in(&node, &event).and_then(|(x, y)| geometry.cell_at(x, y));
            cursor.set(at.map(|at| Cursor { at, by_key: false }));
        })
    };
    let onpointerleave = {
        let cursor = cursor.setter();
        Callback::from(move |_: PointerEvent| cursor.set(None))
    };
    let onkeydown = {
        let (cursor, y_up, on_pick) = (cursor.clone(), props.y_up, props.on_pick.clone());
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" {
                cursor.set(None);
            } else if event.key() == "Enter" {
                if let (Some(cursor), Some(on_pick)) = (*cursor, &on_pick) {
                    on_pick.emit(cursor.at);
                }
            } else if let Some(at) = step(&event.key(), cursor.map(|cursor| cursor.at), (rows, cols), y_up) {
                event.prevent_default();
                cursor.set(Some(Cursor { at, by_key: true }));
            }
        })
    };

    // A cursor may outlive the grid that it was put on.
    let at = cursor.map(|cursor| cursor.at).filter(|(row, col)| *row < rows && *col < cols);
    let reading = at.map(|(row, col)| geometry.reading(props, row, col)).unwrap_or_default();
    let spoken = use_spoken(*cursor);
    let about = about(props);
    let height = geometry.height;
    let plot = geometry.plot;
    let place = format!(
        "left:{:.1}px;top:{:.1}px;width:{:.1}px;height:{:.1}px",
        plot.left,
        plot.top,
        plot.width(),
        plot.height()
    );
    html! {
        <div class="chart heatmap">
            <div class="chart-readout" aria-live={if spoken { "polite" } else { "off" }}>{ reading }</div>
            <div class="heatmap-body" ~style={format!("height:{height:.0}px")} ref={node}>
                if !props.grid.is_empty() {
                    <Cells
                        grid={props.grid.clone()}
                        map={props.map}
                        range={(low, high)}
                        flip={props.y_up}
                        smooth={props.smooth || plot.height() < rows as f64 || plot.width() < cols as f64}
                        {place}
                    />
                }
                <svg
                    class="chart-svg"
                    viewBox={format!("0 0 {width} {height:.0}")}
                    height={format!("{height:.0}")}
                    role="application"
                    aria-roledescription="heatmap"
                    aria-label={about}
                    tabindex="0"
                    data-pick={props.on_pick.as_ref().map(|_| "")}
                    onpointerdown={onpointermove.clone()}
                    {onpointermove}
                    {onpointerleave}
                    {onclick}
                    {onkeydown}
                >
                    <g aria-hidden="true">
                        <Overlay geometry={geometry.clone()} range={(low, high)} map={props.map} />
                        { at.map(|(row, col)| geometry.cursor(row, col)) }
                    </g>
                </svg>
            </div>
        </div>
    }
}

/// What it is, for a screen reader.
fn about(props: &HeatmapProps) -> String {
    let hint = props.on_pick.as_ref().map_or_else(String::new, |_| format!(" Enter {}.", props.pick_label));
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

/// Where a key moves the cursor to.
fn step(
    key: &str,
    at: Option<(usize, usize)>,
    (rows, cols): (usize, usize),
    y_up: bool,
) -> Option<(usize, usize)> {
    let (last_row, last_col) = (rows.checked_sub(1)?, cols.checked_sub(1)?);
    let up = if y_up { "ArrowDown" } else { "ArrowUp" };
    let Some((row, col)) = at.map(|(row, col)| (row.min(last_row), col.min(last_col))) else {
        return matches!(key, "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight" | "Home")
            .then_some((0, 0));
    };
    match key {
        "ArrowLeft" => Some((row, col.saturating_sub(1))),
        "ArrowRight" => Some((row, (col + 1).min(last_col))),
        "ArrowUp" | "ArrowDown" if key == up => Some((row.saturating_sub(1), col)),
        "ArrowUp" | "ArrowDown" => Some(((row + 1).min(last_row), col)),
        "Home" => Some((row, 0)),
        "End" => Some((row, last_col)),
        _ => None,
    }
}

/// The plot's size for a grid: square where both axes are numeric, square cells otherwise, within limits that keep
/// the page calm.
fn plot_size(props: &HeatmapProps, available: f64) -> (f64, f64) {
    let limits = (120.0, props.most);
    match (props.x_range, props.y_range) {
        (Some(_), Some(_)) => cell_plot_size(available, 1, 1, limits),
        // Names come before the first values do; the frame then keeps its size.
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
