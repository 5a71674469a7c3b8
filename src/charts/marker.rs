//! The shapes of data points, so that classes can be told apart without color. Pure.

use std::fmt::Write;

/// The number of distinct shapes.
pub const SHAPES: usize = 6;

/// Adds the shape of a class to an SVG path: a circle, a square, a triangle, a diamond, a triangle upside down or a cross.
pub fn push_marker(path: &mut String, class: usize, (cx, cy): (f64, f64), r: f64) {
    // Writing to a string cannot fail.
    let _ = match class % SHAPES {
        0 => {
            write!(path, "M{:.1} {cy:.1}a{r} {r} 0 1 0 {} 0a{r} {r} 0 1 0 {} 0Z", cx - r, 2.0 * r, -2.0 * r)
        }
        1 => {
            write!(path, "M{:.1} {:.1}h{}v{}h{}Z", cx - r * 0.9, cy - r * 0.9, r * 1.8, r * 1.8, -r * 1.8)
        }
        2 => write!(path, "M{cx:.1} {:.1}l{} {}h{}Z", cy - r * 1.2, r * 1.15, r * 2.0, -r * 2.3),
        3 => write!(path, "M{cx:.1} {:.1}l{a} {a}l-{a} {a}l-{a} -{a}Z", cy - r * 1.3, a = r * 1.3),
        4 => write!(path, "M{cx:.1} {:.1}l{} -{}h{}Z", cy + r * 1.2, r * 1.15, r * 2.0, -r * 2.3),
        _ => write!(
            path,
            "M{:.1} {:.1}h{w}v{l}h{l}v{w}h-{l}v{l}h-{w}v-{l}h-{l}v-{w}h{l}Z",
            cx - r * 0.4,
            cy - r * 1.3,
            w = r * 0.8,
            l = r * 0.9
        ),
    };
}
