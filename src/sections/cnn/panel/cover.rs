//! The section's picture on the cover: a drawing, and its edges as a real convolution finds them.

use crate::sections::cnn::{Planes, Shift, drawn, edge_kernels};
use std::fmt::Write;
use yew::prelude::*;

/// The number of pixels of the drawing, and their size in the picture.
const SIDE: usize = 24;
const PIXEL: f64 = 4.5;

/// Returns a shifted drawing and its edges, found by two 3 x 3 kernels.
pub fn cover() -> Html {
    let image = drawn(SIDE).shifted(Shift { down: 1, right: 0 });
    let maps = edge_kernels(1).maps(&image);
    let edges: Vec<f32> = maps.plane(0).iter().zip(maps.plane(1)).map(|(a, b)| a.hypot(*b)).collect();
    let edges = Planes { channels: 1, side: SIDE, values: edges };
    let size = PIXEL * SIDE as f64;
    let second = 240.0 - size;
    let at = |index: f64| index * PIXEL;
    html! {
        <svg class="cover-picture" viewBox="0 0 240 120" aria-hidden="true">
            { pixels(&image, 0.0, "var(--series-0)") }
            { pixels(&edges, second, "var(--series-1)") }
            // The kernel over the shoulder, and the pixel that it gives.
            <g fill="none" stroke="var(--ink)" stroke-width="1.5">
                <rect x={px(at(3.0))} y={px(6.0 + at(6.0))} width={px(3.0 * PIXEL)} height={px(3.0 * PIXEL)} />
                <rect x={px(second + at(4.0))} y={px(6.0 + at(7.0))} width={px(PIXEL)} height={px(PIXEL)} />
                <path d={format!("M{:.1} {:.1}L{:.1} {:.1}", at(6.0), 6.0 + at(7.5), second + at(4.0), 6.0 + at(7.5))} stroke-dasharray="2 3" />
            </g>
        </svg>
    }
}

/// The number of shades.
const SHADES: usize = 5;

/// Returns the pixels of a picture, one path per shade.
fn pixels(picture: &Planes, left: f64, color: &'static str) -> Html {
    let max = picture.values.iter().copied().fold(0.0, f32::max).max(1e-6);
    let mut paths = vec![String::new(); SHADES + 1];
    for (index, value) in picture.values.iter().enumerate() {
        let shade = (value / max * SHADES as f32).round() as usize;
        if let Some(path) = paths.get_mut(shade.min(SHADES)) {
            let (x, y) = ((index % SIDE) as f64 * PIXEL + left, (index / SIDE) as f64 * PIXEL + 6.0);
            // Writing to a string does not fail.
            let _ = write!(path, "M{x:.1} {y:.1}h{PIXEL}v{PIXEL}h-{PIXEL}z");
        }
    }
    let draw = |(shade, path): (usize, String)| {
        let opacity = format!("{:.2}", shade as f64 / SHADES as f64);
        html! { <path d={path} fill={color} fill-opacity={opacity} /> }
    };
    paths.into_iter().enumerate().skip(1).map(draw).collect()
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}
