//! A grid of numbers with colors, and marks on some of its cells.

use crate::charts::{ColorMap, scale::format_exact};
use std::rc::Rc;
use yew::prelude::*;

/// The marked cells of a grid, by their positions.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Marks {
    /// The cells of the current window.
    pub(super) current: Vec<usize>,
    /// The maximum of the window.
    pub(super) winner: Option<usize>,
    /// The cells that differ from before.
    pub(super) changed: Vec<usize>,
}

#[derive(PartialEq, Properties)]
pub(super) struct NumberGridProps {
    /// The value of `data-grid`, for tests.
    pub(super) name: &'static str,
    pub(super) title: String,
    pub(super) side: usize,
    pub(super) values: Rc<Vec<f32>>,
    pub(super) marks: Marks,
    /// Receives the position of a cell that is chosen.
    pub(super) on_pick: Option<Callback<usize>>,
}

/// The side of the whole grid.
const SIZE: f64 = 264.0;
/// Cells that are smaller than this show no number.
const MIN_CELL: f64 = 30.0;

/// Values as colors, with numbers where they fit.
#[component]
pub(super) fn NumberGrid(props: &NumberGridProps) -> Html {
    let NumberGridProps { name, title, side, values, marks, on_pick } = props;
    let cell = SIZE / (*side).max(1) as f64;
    let range = ColorMap::Sequential.range(None, values);
    let draw = |(index, value): (usize, &f32)| {
        let (x, y) = ((index % side) as f64 * cell, (index / side) as f64 * cell);
        let share = (f64::from(*value) - range.0) / (range.1 - range.0);
        // The map goes from dark to light.
        let ink = if share > 0.6 { "#1c2127" } else { "#ffffff" };
        let onclick = on_pick.as_ref().map(|on_pick| on_pick.reform(move |_: MouseEvent| index));
        html! {
            <g {onclick}>
                <rect x={px(x)} y={px(y)} width={px(cell)} height={px(cell)} ~style={format!("fill:{}", ColorMap::Sequential.css(share))}
                    data-changed={marks.changed.contains(&index).then_some("")} />
                if cell >= MIN_CELL {
                    <text x={px(x + cell / 2.0)} y={px(y + cell / 2.0 + 4.0)} text-anchor="middle" ~style={format!("fill:{ink}")}>{ short(*value) }</text>
                }
            </g>
        }
    };
    let outline = |index: usize, class: &'static str, inset: f64| {
        let (x, y) = ((index % side) as f64 * cell + inset, (index / side) as f64 * cell + inset);
        let size = px(cell - 2.0 * inset);
        html! { <rect {class} x={px(x)} y={px(y)} width={size.clone()} height={size} /> }
    };
    // The window is a square, so its first and last cell give its outline.
    let window = marks.current.first().zip(marks.current.last()).map(|(first, last)| {
        let (x, y) = ((first % side) as f64 * cell, (first / side) as f64 * cell);
        let (width, height) =
            ((last % side) as f64 * cell + cell - x, (last / side) as f64 * cell + cell - y);
        html! { <rect class="pool-window" x={px(x)} y={px(y)} width={px(width)} height={px(height)} /> }
    });
    html! {
        <div class="pool-grid">
            <span>{ title.clone() }</span>
            <svg class="chart-svg" data-grid={*name} viewBox={format!("-2 -2 {0} {0}", SIZE + 4.0)} role="img" aria-label={title.clone()}
                data-values={values.iter().map(|value| format_exact((*value).into())).collect::<Vec<_>>().join(" ")}>
                { for values.iter().enumerate().map(draw) }
                { for marks.changed.iter().map(|index| outline(*index, "pool-changed", 2.0)) }
                { for marks.winner.iter().map(|index| outline(*index, "pool-winner", 3.5)) }
                { window }
            </svg>
        </div>
    }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// Formats a value to fit a cell; the table has all digits.
fn short(value: f32) -> String {
    match value {
        0.0 => "0".to_owned(),
        value if value.abs() < 9.995 => format!("{value:.2}").replace('-', "−"),
        value => format!("{value:.1}").replace('-', "−"),
    }
}
