//! Lines: one or more series over a common x axis.

use crate::charts::{
    line_plot::{HEIGHT, Layout, Plotted},
    measure::{pointer_in, use_width},
    scale::format_number,
    series::{LineChartProps, Series},
    tooltip::{Cursor, Tip, TipRow, TipText, use_spoken},
};
use yew::prelude::*;

/// Lines over a common axis, labelled at their ends, with a cursor for pointer and keyboard.
#[component]
pub fn LineChart(props: &LineChartProps) -> Html {
    let (node, width) = use_width();
    let cursor = use_state_eq(|| None::<Cursor<f64>>);
    let layout = use_memo((props.clone(), width), |(props, width)| Layout::new(props, *width));

    let onpointermove = {
        let (node, cursor, layout, series) =
            (node.clone(), cursor.setter(), layout.clone(), props.series.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some((x, _)) = pointer_in(&node, &event) {
                cursor.set(nearest_x(&series, &layout, x).map(|at| Cursor { at, by_key: false }));
            }
        })
    };
    let onpointerleave = {
        let cursor = cursor.setter();
        Callback::from(move |_: PointerEvent| cursor.set(None))
    };
    let pick = props.on_pick.clone().map(|on_pick| {
        let (layout, series) = (layout.clone(), props.series.clone());
        Callback::from(move |(x, height): (f64, Option<f64>)| {
            picked(&series, &layout, x, height).into_iter().for_each(|point| on_pick.emit(point));
        })
    });
    let onclick = pick.clone().map(|pick| {
        let (node, layout, series) = (node.clone(), layout.clone(), props.series.clone());
        Callback::from(move |event: MouseEvent| {
            // A finger's tap has left the chart, and with it the cursor, before its click comes: that has a place itself.
            if let Some((x, height)) = pointer_in(&node, &event)
                && let Some(at) = nearest_x(&series, &layout, x)
            {
                pick.emit((at, Some(height)));
            }
        })
    });
    let onkeydown = {
        let (cursor, layout, series) = (cursor.clone(), layout.clone(), props.series.clone());
        let pick = pick.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.ctrl_key() || event.alt_key() || event.meta_key() {
                return;
            }
            if event.key() == "Escape" {
                cursor.set(None);
                return;
            }
            if let ("Enter", Some(pick), Some(cursor)) = (event.key().as_str(), &pick, *cursor) {
                pick.emit((cursor.at, None));
                return;
            }
            let xs = all_x(&series, &layout);
            if let Some(index) = step(&event.key(), &xs, cursor.map(|cursor| cursor.at)) {
                // Home, End and the page keys would scroll the page away.
                event.prevent_default();
                cursor.set(xs.get(index).map(|at| Cursor { at: *at, by_key: true }));
            }
        })
    };

    let reading = cursor.map(|cursor| Reading::new(props, &layout, cursor.at));
    let text = reading.as_ref().map(|reading| reading.text.clone());
    let marks = reading.map(|reading| layout.cursor(reading.x, &reading.dots));
    let names: Vec<&str> = props.series.iter().map(|series| series.name.as_str()).collect();
    let spoken = use_spoken(*cursor);
    let hint = props.on_pick.as_ref().map_or_else(String::new, |_| format!(" Enter {}.", props.pick_label));
    let about = format!(
        "{}: {} over {}. Lines: {}. Arrow keys read values.{hint}",
        props.name,
        props.y_label,
        props.x_label,
        if names.is_empty() { "none yet".to_owned() } else { names.join(", ") }
    );
    html! {
        <div class="chart" ~style={format!("height:{HEIGHT}px")} ref={node}>
            <svg
                class="chart-svg"
                viewBox={format!("0 0 {width} {HEIGHT}")}
                height={HEIGHT.to_string()}
                role="application"
                aria-roledescription="line chart"
                aria-label={about}
                tabindex="0"
                data-pick={pick.map(|_| "")}
                onpointerdown={onpointermove.clone()}
                {onpointermove}
                {onpointerleave}
                {onclick}
                {onkeydown}
            >
                <g aria-hidden="true">
                    <Plotted {layout} />
                    { marks }
                </g>
            </svg>
            <Tip {text} {spoken} />
        </div>
    }
}

/// What the cursor reads.
struct Reading {
    x: f64,
    text: TipText,
    /// The points read, in data, and their colors.
    dots: Vec<(f64, f64, usize)>,
}

impl Reading {
    fn new(props: &LineChartProps, layout: &Layout, x: f64) -> Self {
        let write_x = |x: f64| format_number(x, if props.integer_x || x.fract() == 0.0 { 1 } else { 4 });
        let (mut rows, mut dots) = (Vec::new(), Vec::new());
        for series in &props.series {
            let Some((near, y)) = nearest(series, layout, x) else { continue };
            let mut value = format_number(y, 4);
            if near != x {
                // A series measured less often is read where it was measured.
                value = format!("{value} (at {})", write_x(near));
            }
            rows.push(TipRow { color: Some(series.color), name: series.name.clone(), value });
            dots.push((near, y, series.color));
        }
        let share = layout.x_share(x);
        Self { x, text: TipText { head: format!("{} {}", props.x_label, write_x(x)), rows, share }, dots }
    }
}

/// The point of a series that is nearest to the cursor, if it is near at all.
fn nearest(series: &Series, layout: &Layout, x: f64) -> Option<(f64, f64)> {
    const NEAR: f64 = 30.0;
    let at = layout.x.map(x)?;
    let distance =
        |point: &&(f64, f64)| layout.x.map(point.0).map_or(f64::INFINITY, |pixel| (pixel - at).abs());
    // Of several points in one place the one measured there is meant, not the first within the same pixel.
    let exact = series.points.iter().rev().find(|point| point.0 == x);
    exact
        .or_else(|| series.points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b))))
        .filter(|point| distance(point) <= NEAR)
        .copied()
}

/// The point that is meant: of those that the cursor reads at x, the nearest to a pixel's height, or without one the first.
fn picked(series: &[Series], layout: &Layout, x: f64, height: Option<f64>) -> Option<(f64, usize)> {
    let points = series.iter().enumerate().filter_map(|(index, series)| {
        let (near, y) = nearest(series, layout, x)?;
        let at = layout.y.map(y)?;
        Some((height.map_or(0.0, |height| (at - height).abs()), (near, index)))
    });
    points.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, point)| point)
}

/// The x of the data point nearest to a pixel, of any series.
fn nearest_x(series: &[Series], layout: &Layout, pixel: f64) -> Option<f64> {
    let xs = series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
    let placed = xs.filter_map(|x| layout.x.map(x).map(|at| (x, (at - pixel).abs())));
    placed.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(x, _)| x)
}

/// Every x that the cursor can stop at, in order.
fn all_x(series: &[Series], layout: &Layout) -> Vec<f64> {
    let xs = series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
    let mut xs: Vec<f64> = xs.filter(|x| layout.x.map(*x).is_some()).collect();
    xs.sort_by(f64::total_cmp);
    xs.dedup();
    xs
}

/// Where a key moves the cursor to: an index into `xs`.
fn step(key: &str, xs: &[f64], at: Option<f64>) -> Option<usize> {
    let last = xs.len().checked_sub(1)?;
    let here = at.map(|at| xs.partition_point(|x| *x < at).min(last));
    let page = (last / 10).max(1);
    match (key, here) {
        ("Home", _) | ("ArrowRight" | "PageDown", None) => Some(0),
        ("End", _) | ("ArrowLeft" | "PageUp", None) => Some(last),
        ("ArrowLeft", Some(here)) => Some(here.saturating_sub(1)),
        ("ArrowRight", Some(here)) => Some((here + 1).min(last)),
        ("PageUp", Some(here)) => Some(here.saturating_sub(page)),
        ("PageDown", Some(here)) => Some((here + page).min(last)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::charts::line::*;
    use std::rc::Rc;
    #[test]
    fn keys_walk_the_points() {
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
        let layout = Layout::new(&props, 400.0);
        let picked = |x, height| picked(&props.series, &layout, x, height);
        assert_eq!(picked(2.0, Some(0.0)), Some((2.0, 1)));
        assert_eq!(picked(2.0, Some(HEIGHT)), Some((2.0, 0)));
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
