//! The drawing on top of the cells: axes, color bar, data points and cursor.

use crate::charts::heatmap::props::HeatmapProps;
use crate::charts::{
    axes::{Names, Plot, empty_text, name_axis, px, tick_room, x_axis},
    color::ColorMap,
    grid::Grid,
    layout::{cell_plot_size, fit_text, stride, text_width},
    marker::{SHAPES, push_marker},
    scale::{Scale, ScaleKind, Tick, format_number, format_tick},
};
use std::rc::Rc;
use yew::prelude::*;

/// Positions of everything in the map, in pixels.
pub(super) struct Geometry {
    pub(super) height: f64,
    pub(super) plot: Plot,
    width: f64,
    props: HeatmapProps,
    x: Option<Scale>,
    y: Option<Scale>,
    names: Names,
    /// One path per class of points.
    points: Vec<String>,
}

/// The width of the color bar with its numbers.
const BAR_ROOM: f64 = 66.0;
const BAR_WIDTH: f64 = 12.0;
/// The room at the right of a map without a color bar, for half of its last tick.
const EDGE_ROOM: f64 = 12.0;

impl Geometry {
    pub(super) fn new(props: &HeatmapProps, width: f64) -> Self {
        let width = width.max(160.0);
        let (rows, cols) = (props.grid.rows, props.grid.cols);
        let top = 26.0;
        let left = match props.y_range {
            Some(range) => tick_room(&Scale::new(ScaleKind::Linear, range, (0.0, 1.0)).ticks(5)),
            None => {
                let names =
                    (0..rows).step_by((rows / 64).max(1)).map(|row| text_width(&name(&props.row_names, row)));
                (names.fold(14.0, f64::max) + 10.0).min(width * 0.3).min(110.0)
            }
        };
        let bar_room = if props.color_bar { BAR_ROOM } else { EDGE_ROOM };
        let (plot_width, plot_height) = plot_size(props, width - left - bar_room);
        let plot = Plot { left, right: left + plot_width, top, bottom: top + plot_height };
        let x = props.x_range.map(|range| Scale::new(ScaleKind::Linear, range, (plot.left, plot.right)));
        let y = props.y_range.map(|range| {
            let pixels = if props.y_up { (plot.bottom, plot.top) } else { (plot.top, plot.bottom) };
            Scale::new(ScaleKind::Linear, range, pixels)
        });
        let shown: Vec<String> = (0..cols).map(|col| name(&props.col_names, col)).collect();
        let names = Names::fit(shown.iter().map(String::as_str), plot.width() / cols.max(1) as f64);
        let below = if x.is_some() { 40.0 } else { names.height + 26.0 };
        let points =
            props.points.as_ref().filter(|_| !props.grid.is_empty()).map_or_else(Vec::new, |points| {
                let cells = |count: usize, pixels| Scale::new(ScaleKind::Linear, (0.0, count as f64), pixels);
                let down = if props.y_up { (plot.bottom, plot.top) } else { (plot.top, plot.bottom) };
                let x = x.unwrap_or_else(|| cells(cols, (plot.left, plot.right)));
                let y = y.unwrap_or_else(|| cells(rows, down));
                point_paths(points, &x, &y, plot)
            });
        Self { height: (plot.bottom + below).ceil(), plot, width, props: props.clone(), x, y, names, points }
    }

    /// Returns the cell under a pixel, or `None` outside the grid.
    pub(super) fn cell_at(&self, x: f64, y: f64) -> Option<(usize, usize)> {
        let (rows, cols) = (self.props.grid.rows, self.props.grid.cols);
        let across = (x - self.plot.left) / self.plot.width();
        let down = (y - self.plot.top) / self.plot.height();
        if rows == 0 || cols == 0 || !(0.0..=1.0).contains(&across) || !(0.0..=1.0).contains(&down) {
            return None;
        }
        let row = ((down * rows as f64) as usize).min(rows - 1);
        let row = if self.props.y_up { rows - 1 - row } else { row };
        Some((row, ((across * cols as f64) as usize).min(cols - 1)))
    }

    /// Returns the cursor's reading of a cell.
    pub(super) fn reading(&self, props: &HeatmapProps, row: usize, col: usize) -> String {
        let middle = |range: Option<(f64, f64)>, names: &[AttrValue], index: usize, count: usize| match range
        {
            Some((low, high)) => {
                format_number(low + (high - low) * (index as f64 + 0.5) / count.max(1) as f64, 3)
            }
            None => name(names, index),
        };
        let x = middle(props.x_range, &props.col_names, col, props.grid.cols);
        let y = middle(props.y_range, &props.row_names, row, props.grid.rows);
        let of = |grid: &Grid| match grid.at(row, col) {
            Some(value) => format_number(f64::from(value), 4),
            None => "missing".to_owned(),
        };
        let value = match (props.map, props.grid.at(row, col)) {
            (ColorMap::Classes(_), Some(value)) if value >= 0.0 => {
                format!("{}, P = {:.2}", name(&props.class_names, value as usize), value.fract())
            }
            _ => of(&props.grid),
        };
        let also: String = props.also.iter().map(|(name, grid)| format!(", {name} {}", of(grid))).collect();
        let label = if props.value_label.is_empty() { "value" } else { props.value_label.as_str() };
        // The value comes first, because a narrow screen may cut off the end.
        format!("{label} {value}{also} at {} {y}, {} {x}", props.y_label, props.x_label)
    }

    /// Draws the frame around the cell at the cursor.
    pub(super) fn cursor(&self, row: usize, col: usize) -> Html {
        let (rows, cols) = (self.props.grid.rows.max(1), self.props.grid.cols.max(1));
        let row = if self.props.y_up { rows.saturating_sub(row + 1) } else { row };
        let (width, height) = (self.plot.width() / cols as f64, self.plot.height() / rows as f64);
        let (x, y) = (self.plot.left + width * col as f64, self.plot.top + height * row as f64);
        // The frame has a minimum size, because a frame around one pixel could not be seen.
        let (grow_x, grow_y) = ((7.0 - width).max(0.0), (7.0 - height).max(0.0));
        html! {
            <rect
                class="cell-cursor"
                data-export="no"
                x={px(x - grow_x / 2.0)}
                y={px(y - grow_y / 2.0)}
                width={px(width + grow_x)}
                height={px(height + grow_y)}
            />
        }
    }

    fn row_axis(&self) -> Html {
        let plot = self.plot;
        let text = |y: f64, label: String| {
            html! {
                <text class="tick" x={px(plot.left - 6.0)} y={px(y + 4.0)} text-anchor="end">
                    { fit_text(&label, plot.left - 8.0) }
                </text>
            }
        };
        let marks: Vec<Html> = match &self.y {
            Some(y) => y
                .ticks(5)
                .into_iter()
                .filter_map(|tick: Tick| Some(text(y.map(tick.value)?, tick.label)))
                .collect(),
            None => {
                let rows = self.props.grid.rows;
                let cell = plot.height() / rows.max(1) as f64;
                (0..rows)
                    .step_by(stride(cell, 14.0))
                    .map(|row| {
                        let at = if self.props.y_up { rows - 1 - row } else { row };
                        text(plot.top + cell * (at as f64 + 0.5), name(&self.props.row_names, row))
                    })
                    .collect()
            }
        };
        html! {
            <g class="axis">
                { for marks }
                <text class="axis-label" x="0" y="12">{ fit_text(&self.props.y_label, plot.right * 0.62) }</text>
            </g>
        }
    }

    fn col_axis(&self) -> Html {
        match &self.x {
            Some(x) => {
                let ticks = x.ticks((self.plot.width() / 64.0).clamp(2.0, 8.0) as usize);
                x_axis(self.plot, x, &ticks, &self.props.x_label)
            }
            None => {
                let name = |col| name(&self.props.col_names, col);
                name_axis(self.plot, self.props.grid.cols, self.names, name, &self.props.x_label)
            }
        }
    }

    fn color_bar(&self, map: ColorMap, (low, high): (f64, f64)) -> Html {
        const STEPS: usize = 32;
        let plot = self.plot;
        let x = plot.right + 14.0;
        let height = plot.height().min(160.0);
        let step = height / STEPS as f64;
        let cells = (0..STEPS).map(|index| {
            let share = (index as f64 + 0.5) / STEPS as f64;
            // A small overlap hides seams left by rounding.
            let y = plot.top + height - step * (index + 1) as f64;
            html! {
                <rect x={px(x)} y={px(y)} width={px(BAR_WIDTH)} height={px(step + 0.6)} ~style={format!("fill:{}", map.css(share))} />
            }
        });
        let numbers = [(0.0, low), (0.5, low / 2.0 + high / 2.0), (1.0, high)].into_iter().map(|(share, value)| {
            let y = plot.top + height * (1.0 - share) + if share == 1.0 { 9.0 } else if share == 0.0 { 0.0 } else { 4.0 };
            html! {
                <text class="tick" x={px(x + BAR_WIDTH + 4.0)} y={px(y)}>{ bar_number(value, high - low) }</text>
            }
        });
        // The label is right-aligned with the edge.
        let room = (self.width - plot.right * 0.62 - 10.0).max(0.0);
        html! {
            <g class="axis">
                { for cells }
                { for numbers }
                <text class="axis-label" x={px((plot.right + BAR_ROOM - 2.0).min(self.width))} y="12" text-anchor="end">
                    { fit_text(&self.props.value_label, room) }
                </text>
            </g>
        }
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

/// Returns a number of the color bar. Colors cannot be read more precisely than to a hundredth of the range.
fn bar_number(value: f64, span: f64) -> String {
    if value.abs() < span.abs() * 5e-3 { "0".to_owned() } else { format_tick(value, span / 100.0) }
}

/// Returns the name of a row or column, or its index if it has none.
fn name(names: &[AttrValue], index: usize) -> String {
    names.get(index).map_or_else(|| index.to_string(), |name| name.to_string())
}

/// Returns one path of shapes per class.
fn point_paths(points: &[(f64, f64, usize)], x: &Scale, y: &Scale, plot: Plot) -> Vec<String> {
    let mut paths: Vec<String> = vec![String::new(); SHAPES];
    // If there are many points, they are drawn smaller.
    let r = if points.len() > 400 { 2.6 } else { 3.6 };
    for (px, py, class) in points {
        let (Some(cx), Some(cy)) = (x.map(*px), y.map(*py)) else { continue };
        let inside = cx >= plot.left && cx <= plot.right && cy >= plot.top && cy <= plot.bottom;
        let Some(path) = paths.get_mut(class % SHAPES).filter(|_| inside) else { continue };
        push_marker(path, *class, (cx, cy), r);
    }
    paths
}

#[derive(Properties)]
pub(super) struct OverlayProps {
    pub(super) geometry: Rc<Geometry>,
    pub(super) map: ColorMap,
    pub(super) range: (f64, f64),
}

impl PartialEq for OverlayProps {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.geometry, &other.geometry) && (self.map, self.range) == (other.map, other.range)
    }
}

/// Everything except the cells and the cursor, so that moving the cursor redraws none of it.
#[component]
pub(super) fn Overlay(props: &OverlayProps) -> Html {
    let geometry = &*props.geometry;
    let plot = geometry.plot;
    let points =
        geometry.points.iter().enumerate().filter(|(_, path)| !path.is_empty()).map(|(class, path)| {
            html! { <path class="point" ~style={format!("fill:var(--class-{class})")} d={path.clone()} /> }
        });
    html! {
        <g>
            <rect class="frame" x={px(plot.left)} y={px(plot.top)} width={px(plot.width())} height={px(plot.height())} />
            { geometry.row_axis() }
            { geometry.col_axis() }
            if geometry.props.color_bar {
                { geometry.color_bar(props.map, props.range) }
            }
            { for points }
            if geometry.props.grid.is_empty() {
                { empty_text(plot, &geometry.props.empty) }
            }
        </g>
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::heatmap::overlay::*;

    fn geometry(rows: usize, cols: usize, y_up: bool, width: f64) -> Geometry {
        let props = yew::props!(HeatmapProps {
            name: "test",
            grid: Grid { rows, cols, values: Rc::new(vec![0.5; rows * cols]) },
            map: ColorMap::Sequential,
            x_label: "column",
            y_label: "row",
            y_up: y_up,
        });
        Geometry::new(&props, width)
    }

    #[test]
    fn any_grid_can_be_laid_out() {
        for (rows, cols) in [(0, 0), (0, 3), (1, 1), (1, 500), (500, 1), (64, 64)] {
            for width in [0.0, 320.0, 2000.0] {
                let geometry = geometry(rows, cols, false, width);
                assert!(geometry.height.is_finite() && geometry.height < 500.0);
                assert!(geometry.plot.width() > 0.0 && geometry.plot.right <= width.max(160.0) + 1e-9);
                assert_eq!(geometry.cell_at(f64::NAN, 10.0), None);
            }
        }
    }

    #[test]
    fn cells_take_the_room_of_a_missing_color_bar() {
        let mut props = geometry(4, 4, false, 240.0).props;
        let with_bar = Geometry::new(&props, 240.0).plot;
        props.color_bar = false;
        let without = Geometry::new(&props, 240.0).plot;
        assert!(without.width() > with_bar.width() + 40.0 && without.right <= 240.0);
    }

    #[test]
    fn pixels_find_their_cells() {
        for y_up in [false, true] {
            let geometry = geometry(4, 5, y_up, 400.0);
            let plot = geometry.plot;
            let first = if y_up { 3 } else { 0 };
            assert_eq!(geometry.cell_at(plot.left + 1.0, plot.top + 1.0), Some((first, 0)));
            assert_eq!(geometry.cell_at(plot.right, plot.bottom), Some((3 - first, 4)));
            assert_eq!(geometry.cell_at(plot.left - 1.0, plot.top + 1.0), None);
        }
    }

    #[test]
    fn reads_names_and_numbers() {
        let mut props = geometry(2, 2, false, 400.0).props;
        props.col_names = Rc::new(vec!["a".into()]);
        props.y_range = Some((-1.0, 1.0));
        let geometry = Geometry::new(&props, 400.0);
        assert_eq!(geometry.reading(&props, 0, 0), "value 0.5000 at row −0.500, column a");
        assert_eq!(geometry.reading(&props, 9, 1), "value missing at row 8.50, column 1");
    }

    #[test]
    fn readings_include_further_grids() {
        let mut props = geometry(1, 2, false, 400.0).props;
        props.also = vec![("score".into(), Grid { rows: 1, cols: 2, values: Rc::new(vec![3.0, -1.5]) })];
        let geometry = Geometry::new(&props, 400.0);
        assert_eq!(geometry.reading(&props, 0, 1), "value 0.5000, score −1.500 at row 0, column 1");
    }

    #[test]
    fn points_find_cells_with_names() {
        let mut props = geometry(2, 4, false, 400.0).props;
        props.points = Some(Rc::new(vec![(0.5, 1.5, 0)]));
        let geometry = Geometry::new(&props, 400.0);
        let plot = geometry.plot;
        let left =
            format!("M{:.1} {:.1}", plot.left + plot.width() / 8.0 - 3.6, plot.top + plot.height() * 0.75);
        assert!(geometry.points[0].starts_with(&left), "{} is not at {left}", geometry.points[0]);
    }

    #[test]
    fn every_class_has_its_shape() {
        let scale = Scale::new(ScaleKind::Linear, (0.0, 1.0), (0.0, 100.0));
        let plot = Plot { left: 0.0, right: 100.0, top: 0.0, bottom: 100.0 };
        let points: Vec<_> =
            (0..SHAPES).map(|class| (0.5, 0.5, class)).chain([(f64::NAN, 0.0, 0), (7.0, 0.0, 1)]).collect();
        let paths = point_paths(&points, &scale, &scale, plot);
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(path.matches('M').count(), 1);
            assert!(paths.iter().skip(index + 1).all(|other| other != path));
        }
    }
}
