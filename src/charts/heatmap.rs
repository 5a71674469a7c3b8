//! Heatmaps: a grid of values as colors. The cells are a canvas with one pixel per cell that the browser
//! enlarges, which is as fast for 256 x 256 as for 4 x 4. Shapes and text are SVG on top of it.

pub(in crate::charts) mod cells;
mod overlay;
mod props;

pub use crate::charts::heatmap::props::HeatmapProps;

use crate::charts::heatmap::cells::Cells;
use crate::charts::heatmap::overlay::{Geometry, Overlay};
use crate::charts::{
    cursor::{chart_svg, enters_grid, pick_hint, readout, step_along, use_cursor},
    measure::{MaxMapHeight, pointer_in, use_width},
};
use yew::prelude::*;

/// A grid as colors, with its color bar, and a cursor that moves from cell to cell.
#[component]
pub fn Heatmap(props: &HeatmapProps) -> Html {
    let (node, width) = use_width();
    let (map, given) = (props.map, props.range);
    let range =
        *use_memo((props.grid.clone(), map, given), |(grid, map, given)| map.range(*given, &grid.values));
    let limit = use_context::<MaxMapHeight>().map_or(props.max_height, |limit| limit.0.min(props.max_height));
    let geometry = use_memo((props.clone(), width, limit), |(props, width, limit)| {
        Geometry::new(&HeatmapProps { max_height: *limit, ..props.clone() }, *width)
    });
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
    // In percent, so that the cells stay between the axes when the chart is scaled, as it is in print.
    let place = {
        let (x, y) = (|length: f64| 100.0 * length / width, |length: f64| 100.0 * length / height);
        format!(
            "left:{:.3}%;top:{:.3}%;width:{:.3}%;height:{:.3}%",
            x(plot.left),
            y(plot.top),
            x(plot.width()),
            y(plot.height())
        )
    };
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

#[cfg(test)]
mod tests {
    use crate::charts::heatmap::*;

    #[test]
    fn keys_move_between_cells() {
        assert_eq!(step("ArrowRight", None, (2, 3), false), Some((0, 0)));
        assert_eq!(step("ArrowRight", Some((0, 2)), (2, 3), false), Some((0, 2)));
        assert_eq!(step("ArrowDown", Some((0, 0)), (2, 3), false), Some((1, 0)));
        assert_eq!(step("ArrowDown", Some((1, 0)), (2, 3), true), Some((0, 0)));
        assert_eq!(step("End", Some((9, 9)), (2, 3), false), Some((1, 2)));
        assert_eq!(step("ArrowDown", None, (0, 3), false), None);
        assert_eq!(step("a", Some((0, 0)), (2, 3), false), None);
    }
}
