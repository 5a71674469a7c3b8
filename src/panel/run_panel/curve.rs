//! A curve that is drawn before the run, by pointer or keyboard, and compared with the measured one after it.

use crate::charts::scale::format_number;
use crate::charts::{LineChart, Series};
use crate::core::curve::RunSeries;
use crate::panel::series_table;
use crate::ui::figure::Figure;
use std::rc::Rc;
use web_sys::SvgElement;
use yew::prelude::*;

/// The number of points of a drawn curve. The first is the start of the run, the last its end.
const POINTS: usize = 21;
const WIDTH: f64 = 260.0;
const HEIGHT: f64 = 140.0;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct CurvePadProps {
    /// The ends of the vertical axis.
    pub(super) range: (f64, f64),
    /// The predicted quantity.
    pub(super) label: AttrValue,
    /// Called with points: the fraction of the run, from 0 to 1, and the value.
    pub(super) on_draw: Callback<Vec<(f64, f64)>>,
}

/// The area in which a curve is drawn.
#[component]
pub(super) fn CurvePad(props: &CurvePadProps) -> Html {
    let (low, high) = props.range;
    // Heights from 0 to 1; empty until something has been drawn.
    let heights = use_state_eq(|| None::<Vec<f64>>);
    let extent = use_mut_ref(|| None::<(usize, usize)>);
    let cursor = use_state_eq(|| 0usize);
    let last = use_mut_ref(|| None::<usize>);
    let node = use_node_ref();

    let set = {
        let (heights, on_draw) = (heights.clone(), props.on_draw.clone());
        move |drawn: Vec<f64>| {
            let share = |index: usize| index as f64 / (POINTS - 1) as f64;
            on_draw.emit(drawn.iter().enumerate().map(|(i, y)| (share(i), low + y * (high - low))).collect());
            heights.set(Some(drawn));
        }
    };
    let draw = {
        let (heights, cursor, last, node, set) =
            (heights.clone(), cursor.setter(), last.clone(), node.clone(), set.clone());
        let extent = extent.clone();
        move |event: &PointerEvent| {
            let Some(svg) = node.cast::<SvgElement>() else { return };
            let frame = svg.get_bounding_client_rect();
            let x = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
            let y = 1.0 - (f64::from(event.client_y()) - frame.top()) / frame.height().max(1.0);
            let (x, y) = (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0));
            let index = (x * (POINTS - 1) as f64).round() as usize;
            let mut drawn = (*heights).clone().unwrap_or_else(|| vec![y; POINTS]);
            let from = last.borrow().unwrap_or(index);
            draw_line(&mut drawn, from, index, y);
            let widened = continue_ends(&mut drawn, *extent.borrow(), (from.min(index), from.max(index)));
            extent.replace(Some(widened));
            last.replace(Some(index));
            cursor.set(index);
            set(drawn);
        }
    };
    let onpointerdown = {
        let (draw, last, node) = (draw.clone(), last.clone(), node.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(svg) = node.cast::<SvgElement>() {
                // Without pointer capture, the curve ends at the edge of the area.
                let _ = svg.set_pointer_capture(event.pointer_id());
            }
            last.replace(None);
            draw(&event);
        })
    };
    let onpointermove = Callback::from(move |event: PointerEvent| {
        if event.buttons() & 1 == 1 {
            draw(&event);
        }
    });
    let onkeydown = {
        let (heights, cursor, extent) = (heights.clone(), cursor.clone(), extent);
        Callback::from(move |event: KeyboardEvent| {
            let mut drawn = (*heights).clone().unwrap_or_else(|| vec![0.5; POINTS]);
            match key_action(&event.key(), *cursor) {
                None => return,
                Some(KeyAction::Go(to)) => {
                    event.prevent_default();
                    cursor.set(to);
                    return;
                }
                Some(KeyAction::Lift(by)) => {
                    event.prevent_default();
                    extent.replace(Some((0, POINTS - 1)));
                    // The points to the right move, too, so that a curve is drawn from left to right with few
                    // keys.
                    for height in drawn.iter_mut().skip(*cursor) {
                        *height = (*height + by).clamp(0.0, 1.0);
                    }
                }
            }
            set(drawn);
        })
    };
    let at = |index: usize| heights.as_ref().and_then(|heights| heights.get(index)).copied();
    let value = low + at(*cursor).unwrap_or(0.5) * (high - low);
    let percent = 100 * *cursor / (POINTS - 1);
    let x = |index: usize| WIDTH * index as f64 / (POINTS - 1) as f64;
    let path = heights.as_ref().map(|heights| {
        let points =
            heights.iter().enumerate().map(|(i, y)| format!("{:.1},{:.1}", x(i), HEIGHT * (1.0 - y)));
        points.collect::<Vec<_>>().join(" ")
    });
    html! {
        <div class="curve-pad">
            <p class="muted">{ "Draw " }<code>{ &props.label }</code>{ " over the run; or use the arrow keys: left and right choose the step, up and down the value from there on." }</p>
            <div class="curve-axes">
                <span class="high">{ format_number(high, 3) }</span>
                <span class="low">{ format_number(low, 3) }</span>
                <svg ref={node} viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" tabindex="0" role="slider"
                    aria-label={format!("Your curve of {}", props.label)} aria-valuemin={low.to_string()} aria-valuemax={high.to_string()}
                    aria-valuenow={value.to_string()} aria-valuetext={format!("{} at {percent}% of the run", format_number(value, 3))}
                    data-guess-input="curve" {onpointerdown} {onpointermove} {onkeydown}>
                    { for [0.25, 0.5, 0.75].map(|share| html! { <line class="grid" x1="0" x2={WIDTH.to_string()} y1={(HEIGHT * share).to_string()} y2={(HEIGHT * share).to_string()} /> }) }
                    if let Some(points) = path {
                        <polyline {points} />
                        <circle cx={x(*cursor).to_string()} cy={(HEIGHT * (1.0 - at(*cursor).unwrap_or(0.5))).to_string()} r="4" />
                    }
                </svg>
                <span class="start">{ "start" }</span>
                <span class="end">{ "end of the run" }</span>
            </div>
        </div>
    }
}

/// Draws a straight line to a point, since a fast pointer skips columns.
fn draw_line(heights: &mut [f64], from: usize, to: usize, y: f64) {
    let start = heights.get(from).copied().unwrap_or(y);
    for (i, height) in heights.iter_mut().enumerate() {
        if (from.min(to)..=from.max(to)).contains(&i) {
            let fraction = if from == to { 1.0 } else { i.abs_diff(from) as f64 / to.abs_diff(from) as f64 };
            *height = start + (y - start) * fraction;
        }
    }
}

/// Continues a curve at the height of its ends, where nothing has been drawn yet, so that a curve that stops
/// short of an edge does not fall back to another height. `extent` has the first and the last drawn point so
/// far, and `stroke` those of the new line. Returns the new extent.
fn continue_ends(
    heights: &mut [f64],
    extent: Option<(usize, usize)>,
    stroke: (usize, usize),
) -> (usize, usize) {
    let (first, last) = extent.map_or(stroke, |(first, last)| (first.min(stroke.0), last.max(stroke.1)));
    let at = |index: usize| heights.get(index).copied().unwrap_or_default();
    let (start, end) = (at(first), at(last));
    for (index, height) in heights.iter_mut().enumerate() {
        if index < first {
            *height = start;
        } else if index > last {
            *height = end;
        }
    }
    (first, last)
}

/// The effect of a key on a curve.
#[derive(Debug, PartialEq)]
enum KeyAction {
    /// Moves the cursor to this point.
    Go(usize),
    /// Moves the curve up by a fraction of the axis, from the cursor on.
    Lift(f64),
}

fn key_action(key: &str, cursor: usize) -> Option<KeyAction> {
    Some(match key {
        "ArrowLeft" => KeyAction::Go(cursor.saturating_sub(1)),
        "ArrowRight" => KeyAction::Go((cursor + 1).min(POINTS - 1)),
        "Home" => KeyAction::Go(0),
        "End" => KeyAction::Go(POINTS - 1),
        "ArrowUp" => KeyAction::Lift(0.05),
        "ArrowDown" => KeyAction::Lift(-0.05),
        "PageUp" => KeyAction::Lift(0.25),
        "PageDown" => KeyAction::Lift(-0.25),
        _ => return None,
    })
}

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct CurveOutcomeProps {
    pub(in crate::panel) guess: Vec<(f64, f64)>,
    pub(in crate::panel) range: (f64, f64),
    pub(in crate::panel) steps: u32,
    pub(in crate::panel) measured: Option<RunSeries>,
}

/// The prediction and the measurement in one chart.
#[component]
pub(in crate::panel) fn CurveOutcome(props: &CurveOutcomeProps) -> Html {
    let series = use_memo(props.clone(), |props| {
        let steps = f64::from(props.steps.max(1));
        let end = match &props.measured {
            // For a curve over epochs, its last point is the end of the run.
            Some(measured) => measured.points.last().map_or(steps, |(x, _)| *x),
            None => steps,
        };
        let guess: Vec<_> = props.guess.iter().map(|(share, y)| (share * end, *y)).collect();
        let guess = Series { dashed: true, ..Series::new("your prediction", Rc::new(guess), 2) };
        let measured = props.measured.as_ref().map(|run| Series::new("measured", run.points.clone(), 0));
        std::iter::once(guess).chain(measured).collect::<Vec<_>>()
    });
    let title = props.measured.as_ref().map_or_else(|| "Your curve".to_owned(), |run| run.title.to_string());
    html! {
        <Figure name="guess" title={format!("Prediction and measurement: {title}")} table={series_table("step", &series)}>
            <LineChart name="Prediction and measurement" x_label="step" y_label={title} series={(*series).clone()} y_range={Some(props.range)} />
        </Figure>
    }
}

#[cfg(test)]
mod tests {
    use crate::panel::run_panel::curve::*;

    #[test]
    fn a_curve_that_stops_short_of_an_edge_continues_at_its_height() {
        // Drawn from the second point to the fourth of six, as one pointer event after the other does.
        let mut heights = vec![1.0; 6];
        let mut extent = None;
        for (from, to, y) in [(1, 1, 1.0), (1, 2, 0.5), (2, 3, 0.25)] {
            draw_line(&mut heights, from, to, y);
            extent = Some(continue_ends(&mut heights, extent, (from, to)));
        }
        assert_eq!(heights, [1.0, 1.0, 0.5, 0.25, 0.25, 0.25]);
        // A correction in the middle leaves the ends as they are.
        draw_line(&mut heights, 2, 2, 0.75);
        assert_eq!(continue_ends(&mut heights, extent, (2, 2)), (1, 3));
        assert_eq!(heights, [1.0, 1.0, 0.75, 0.25, 0.25, 0.25]);
        // So does a longer stroke, except for its own part.
        draw_line(&mut heights, 3, 5, 1.0);
        assert_eq!(continue_ends(&mut heights, Some((1, 3)), (3, 5)), (1, 5));
        assert_eq!(heights[5], 1.0);
    }

    #[test]
    fn a_fast_pointer_leaves_no_gap() {
        let mut heights = vec![0.0; 5];
        draw_line(&mut heights, 0, 4, 1.0);
        assert_eq!(heights, [0.0, 0.25, 0.5, 0.75, 1.0]);
        draw_line(&mut heights, 4, 2, 0.0);
        assert_eq!(heights, [0.0, 0.25, 0.0, 0.5, 1.0]);
        draw_line(&mut heights, 1, 1, 0.7);
        assert_eq!(heights[1], 0.7);
    }

    #[test]
    fn the_cursor_stays_on_the_curve() {
        assert_eq!(key_action("ArrowLeft", 0), Some(KeyAction::Go(0)));
        assert_eq!(key_action("ArrowRight", POINTS - 1), Some(KeyAction::Go(POINTS - 1)));
        assert_eq!(key_action("a", 3), None);
    }
}
