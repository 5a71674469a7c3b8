//! Axes as SVG: ticks, grid lines and labels, shared by all charts.

use crate::charts::{
    layout::{fit_text, stride, text_width, wrap},
    scale::{Scale, Tick},
};
use yew::prelude::*;

/// The rectangle that the data is drawn in, in pixels.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Plot {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Returns a coordinate as SVG text. A tenth of a pixel is precise enough.
pub(super) fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// Returns the width that the labels of a vertical axis need.
pub(super) fn tick_room(ticks: &[Tick]) -> f64 {
    ticks.iter().map(|tick| text_width(&tick.label)).fold(14.0, f64::max) + 10.0
}

/// Draws horizontal grid lines with their numbers, and the axis's name above them.
pub(super) fn y_axis(plot: Plot, scale: &Scale, ticks: &[Tick], label: &str, width: f64) -> Html {
    let marks = ticks.iter().filter_map(|tick| {
        let y = scale.map(tick.value)?;
        let (left, right, at) = (px(plot.left), px(plot.right), px(y));
        let class = if tick.label.is_empty() { "grid minor" } else { "grid" };
        Some(html! {
            <>
                <line {class} x1={left} x2={right} y1={at.clone()} y2={at} />
                if !tick.label.is_empty() {
                    <text class="tick" x={px(plot.left - 6.0)} y={px(y + 4.0)} text-anchor="end">
                        { tick.label.clone() }
                    </text>
                }
            </>
        })
    });
    html! {
        <g class="axis">
            { for marks }
            <text class="axis-label" x="0" y="12">{ fit_text(label, width) }</text>
        </g>
    }
}

/// Draws the numbers below the plot, and the axis's name below them.
pub(super) fn x_axis(plot: Plot, scale: &Scale, ticks: &[Tick], label: &str) -> Html {
    let marks = ticks.iter().filter_map(|tick| {
        let at = px(scale.map(tick.value)?);
        let length = if tick.label.is_empty() { 3.0 } else { 5.0 };
        Some(html! {
            <>
                <line
                    class="tick-line"
                    x1={at.clone()}
                    x2={at.clone()}
                    y1={px(plot.bottom)}
                    y2={px(plot.bottom + length)}
                />
                if !tick.label.is_empty() {
                    <text class="tick" x={at} y={px(plot.bottom + 17.0)} text-anchor="middle">
                        { tick.label.clone() }
                    </text>
                }
            </>
        })
    });
    html! {
        <g class="axis">
            <line
                class="axis-line"
                x1={px(plot.left)}
                x2={px(plot.right)}
                y1={px(plot.bottom)}
                y2={px(plot.bottom)}
            />
            { for marks }
            { x_label(plot, plot.bottom + 33.0, label) }
        </g>
    }
}

fn x_label(plot: Plot, y: f64, label: &str) -> Html {
    let middle = plot.left / 2.0 + plot.right / 2.0;
    html! {
        <text class="axis-label" x={px(middle)} y={px(y)} text-anchor="middle">
            { fit_text(label, plot.right) }
        </text>
    }
}

/// The arrangement of names below equally wide cells.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Names {
    /// The number of cells per name.
    stride: usize,
    tilted: bool,
    /// The height that the names take.
    pub(super) height: f64,
}

/// The maximum length of a name, in pixels.
const MAX_LENGTH: f64 = 84.0;

impl Names {
    /// Chooses level names where there is room, tilted ones where there is less, and otherwise leaves some
    /// out.
    pub(super) fn fit<'a>(names: impl Iterator<Item = &'a str>, cell: f64) -> Self {
        let longest = names.map(text_width).fold(0.0, f64::max).min(MAX_LENGTH);
        if longest + 4.0 <= cell {
            return Self { stride: 1, tilted: false, height: 16.0 };
        }
        // Short names, such as numbers, are easier to read level and fewer than tilted.
        if longest <= 28.0 {
            return Self { stride: stride(cell, longest + 8.0), tilted: false, height: 16.0 };
        }
        Self { stride: stride(cell, 15.0), tilted: true, height: 12.0 + longest * 0.72 }
    }
}

/// Draws names below equally wide cells, and the axis's name below them.
pub(super) fn name_axis(
    plot: Plot,
    count: usize,
    names: Names,
    name: impl Fn(usize) -> String,
    label: &str,
) -> Html {
    let cell = plot.width() / count.max(1) as f64;
    let marks = (0..count).step_by(names.stride.max(1)).map(|index| {
        let (x, y) = (plot.left + (index as f64 + 0.5) * cell, plot.bottom + 14.0);
        let full = name(index);
        let (anchor, turn) = if names.tilted {
            ("end", Some(format!("rotate(-45 {} {})", px(x + 3.0), px(y))))
        } else {
            ("middle", None)
        };
        html! {
            <text class="tick" x={px(x + if names.tilted { 3.0 } else { 0.0 })} y={px(y)} text-anchor={anchor} transform={turn}>
                { fit_text(&full, MAX_LENGTH) }
            </text>
        }
    });
    html! {
        <g class="axis">
            { for marks }
            { x_label(plot, plot.bottom + names.height + 17.0, label) }
        </g>
    }
}

/// Draws the text of a chart without data, in the middle of its empty frame.
pub(super) fn empty_text(plot: Plot, text: &str) -> Html {
    let text = if text.is_empty() { "No data yet." } else { text };
    let x = plot.left / 2.0 + plot.right / 2.0;
    // Below the middle, since baselines are usually above it.
    let y = plot.top * 0.3 + plot.bottom * 0.7;
    // SVG does not wrap lines.
    let lines = wrap(text, plot.width() - 19.0);
    let first = y - 8.0 * (lines.len() as f64 - 1.0);
    let lines = lines.into_iter().enumerate().map(|(index, line)| {
        html! {
            <text class="chart-empty" x={px(x)} y={px(first + 16.0 * index as f64)} text-anchor="middle">{ line }</text>
        }
    });
    html! { <g>{ for lines }</g> }
}
