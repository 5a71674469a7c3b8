//! Line charts: one or more series over a common x axis.

use crate::charts::{
    cursor::{chart_svg, pick_hint, step_along, use_cursor},
    line_plot::{Layout, Plotted},
    measure::{pointer_in, use_chart_height, use_width},
    scale::format_number,
    series::{LineChartProps, Series},
    tooltip::{TipRow, TipText, tooltip},
};
use yew::prelude::*;

/// Lines over a common axis, labeled at their ends, with a cursor for pointer and keyboard.
#[component]
pub fn LineChart(props: &LineChartProps) -> Html {
    let (node, width) = use_width();
    let height = use_chart_height();
    let layout = use_memo((props.clone(), width, height), |(props, width, height)| {
        Layout::new(props, (*width, *height))
    });
    let locate = {
        let (node, layout, series) = (node.clone(), layout.clone(), props.series.clone());
        move |event: &MouseEvent| nearest_x(&series, &layout, pointer_in(&node, event)?.0)
    };
    let step_to = {
        let (layout, series) = (layout.clone(), props.series.clone());
        move |key: &str, at| {
            let xs = all_x(&series, &layout);
            xs.get(step(key, &xs, at)?).copied()
        }
    };
    let on_pick = props.on_pick.clone().map(|on_pick| {
        let (node, layout, series) = (node.clone(), layout.clone(), props.series.clone());
        Callback::from(move |(x, click): (f64, Option<MouseEvent>)| {
            let height = click.and_then(|event| pointer_in(&node, &event)).map(|(_, height)| height);
            if let Some(point) = picked(&series, &layout, x, height) {
                on_pick.emit(point);
            }
        })
    });
    let cursor = use_cursor(locate, step_to, on_pick);

    let reading = cursor.at.map(|x| Reading::new(props, &layout, x));
    let marks = reading.as_ref().map(|reading| layout.cursor(reading.x, &reading.dots));
    let named = props.series.iter().filter(|series| !series.thin);
    let names: Vec<&str> = named.map(|series| series.name.as_str()).collect();
    let about = format!(
        "{}: {} over {}. Lines: {}. Arrow keys read values.{}",
        props.name,
        props.y_label,
        props.x_label,
        if names.is_empty() { "none yet".to_owned() } else { names.join(", ") },
        pick_hint(&cursor, &props.pick_label)
    );
    let drawing = html! { <><Plotted {layout} />{ marks }</> };
    html! {
        <div class="chart" ~style={format!("height:{height}px")} ref={node}>
            { chart_svg(&cursor, "line chart", (width, height), about, drawing) }
            { tooltip(reading.as_ref().map(|reading| &reading.text), cursor.spoken) }
        </div>
    }
}

/// The values at the cursor.
struct Reading {
    x: f64,
    text: TipText,
    /// The points that were read, in data coordinates, and their colors.
    dots: Vec<(f64, f64, usize)>,
}

impl Reading {
    fn new(props: &LineChartProps, layout: &Layout, x: f64) -> Self {
        let write_x = |x: f64| format_number(x, if props.integer_x || x.fract() == 0.0 { 1 } else { 4 });
        let (mut rows, mut dots) = (Vec::new(), Vec::new());
        for series in props.series.iter().filter(|series| !series.thin) {
            let Some((near, y)) = nearest(series, layout, x) else { continue };
            let mut value = format_number(y, 4);
            if near != x {
                // A series that was measured less often is read at its nearest point.
                value = format!("{value} (at {})", write_x(near));
            }
            rows.push(TipRow { color: Some(series.color), name: series.name.clone(), value });
            dots.push((near, y, series.color));
        }
        let head = format!("{} {}", props.x_label, write_x(x));
        Self { x, text: TipText { head, rows, x_fraction: layout.x_fraction(x) }, dots }
    }
}

/// Returns the point of a series that is nearest to the cursor, or `None` if no point is near.
fn nearest(series: &Series, layout: &Layout, x: f64) -> Option<(f64, f64)> {
    const NEAR: f64 = 30.0;
    let at = layout.x.map(x)?;
    let distance =
        |point: &&(f64, f64)| layout.x.map(point.0).map_or(f64::INFINITY, |pixel| (pixel - at).abs());
    // Several points may share a pixel. The one measured at this x wins, and of several measured there the
    // last.
    let exact = series.points.iter().rev().find(|point| point.0 == x);
    exact
        .or_else(|| series.points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))))
        .filter(|point| distance(point) <= NEAR)
        .copied()
}

/// Returns the point that was chosen: of the points read at x, the one nearest to a height in pixels, or the
/// first if there is no height.
fn picked(series: &[Series], layout: &Layout, x: f64, height: Option<f64>) -> Option<(f64, usize)> {
    let points = series.iter().enumerate().filter_map(|(index, series)| {
        let (near, y) = nearest(series, layout, x)?;
        let at = layout.y.map(y)?;
        Some((height.map_or(0.0, |height| (at - height).abs()), (near, index)))
    });
    points.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, point)| point)
}

/// Returns the x of the data point nearest to a pixel, in any series.
fn nearest_x(series: &[Series], layout: &Layout, pixel: f64) -> Option<f64> {
    let xs = series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
    let placed = xs.filter_map(|x| layout.x.map(x).map(|at| (x, (at - pixel).abs())));
    placed.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(x, _)| x)
}

/// Returns every x that the cursor can stop at, in order.
fn all_x(series: &[Series], layout: &Layout) -> Vec<f64> {
    let xs = series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
    let mut xs: Vec<f64> = xs.filter(|x| layout.x.map(*x).is_some()).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

/// Returns the index into `xs` that a key moves the cursor to.
fn step(key: &str, xs: &[f64], at: Option<f64>) -> Option<usize> {
    let last = xs.len().checked_sub(1)?;
    let here = at.map(|at| xs.partition_point(|x| *x < at).min(last));
    let page = (last / 10).max(1);
    match key {
        "PageUp" => Some(here.map_or(last, |here| here.saturating_sub(page))),
        "PageDown" => Some(here.map_or(0, |here| (here + page).min(last))),
        key => step_along(key, here, last),
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::line::*;
    use std::rc::Rc;

    #[test]
    fn keys_move_between_points() {
        let xs = [0.0, 1.0, 2.0];
        assert_eq!(step("ArrowRight", &xs, None), Some(0));
        assert_eq!(step("ArrowRight", &xs, Some(0.0)), Some(1));
        assert_eq!(step("ArrowRight", &xs, Some(2.0)), Some(2));
        assert_eq!(step("ArrowLeft", &xs, Some(99.0)), Some(1));
        assert_eq!(step("End", &xs, None), Some(2));
        assert_eq!(step("Tab", &xs, None), None);
        assert_eq!(step("Home", &[], None), None);
    }

    #[test]
    fn a_click_means_the_nearest_point_and_enter_the_first() {
        let line = |name: &'static str, ys: &[f64]| {
            Series::new(name, Rc::new((1..).map(f64::from).zip(ys.iter().copied()).collect()), 0)
        };
        let series = vec![line("low", &[0.0, 0.1]), line("high", &[1.0, 0.9, 0.8]), line("none", &[])];
        let props = yew::props!(LineChartProps { name: "test", x_label: "x", y_label: "y", series });
        let layout = Layout::new(&props, (400.0, 250.0));
        let picked = |x, height| picked(&props.series, &layout, x, height);
        assert_eq!(picked(2.0, Some(0.0)), Some((2.0, 1)));
        assert_eq!(picked(2.0, Some(250.0)), Some((2.0, 0)));
        assert_eq!(picked(1.0, None), Some((1.0, 0)));
        assert_eq!(picked(3.0, None), Some((3.0, 1)), "the first series ends before it");
        assert_eq!(super::picked(&[], &layout, 2.0, None), None);
    }

    #[test]
    fn series_are_compared_by_pointer() {
        let points = Rc::new(vec![(0.0, 1.0)]);
        let series = Series::new("a", points.clone(), 0);
        assert_eq!(series, Series::new("a", points, 0));
        assert_ne!(series, Series::new("a", Rc::new(vec![(0.0, 1.0)]), 0));
        assert_ne!(series, Series { dashed: true, ..series.clone() });
    }
}
