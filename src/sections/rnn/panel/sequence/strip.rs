//! Strips of cells along the sequence: places in pixels, and shades of gradients on a logarithmic scale. Pure.

use crate::charts::layout::text_width;
use crate::sections::rnn::{ROUNDED_AWAY, Unreached};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The places of the cells, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cells {
    pub(super) left: f64,
    pub(super) right: f64,
    /// The number of cells.
    pub(super) count: usize,
}

impl Cells {
    /// Returns the left edge of a cell. Edges are whole pixels, so that neighbors meet without a seam.
    pub(super) fn edge(&self, t: usize) -> f64 {
        (self.left + self.width() * t as f64 / self.count.max(1) as f64).round()
    }

    pub(super) fn center(&self, t: usize) -> f64 {
        (self.edge(t) + self.edge(t + 1)) / 2.0
    }

    /// Returns the cell at a pixel, the nearest one if the pixel is beyond the ends; `None` if there are no cells.
    pub(super) fn at(&self, x: f64) -> Option<usize> {
        let last = self.count.checked_sub(1)?;
        // A cast from a float saturates.
        let cell = (x - self.left) / self.width().max(1.0) * self.count as f64;
        Some((cell as usize).min(last))
    }

    /// Returns the distance between two cells.
    pub(super) fn pitch(&self) -> f64 {
        self.width() / self.count.max(1) as f64
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }
}

/// The number of shades.
const SHADES: usize = 40;

/// The shaded cells of a network's gradients.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Strip {
    /// An opacity, and the cells that have it as a path.
    pub(super) shades: Vec<(f64, String)>,
    /// The positions that the gradient does not reach.
    pub(super) unreached: Unreached,
}

impl Strip {
    /// Returns the strip of the gradient norms, from the top at `top`. Cells whose norm is not a number are left out.
    pub(super) fn new(norms: &[f32], cells: &Cells, top: f64, height: f64) -> Self {
        let largest = norms.iter().copied().filter(|norm| norm.is_finite()).fold(0.0, f32::max);
        let mut paths: BTreeMap<usize, String> = BTreeMap::new();
        let shades: Vec<usize> = norms.iter().map(|norm| level(*norm, largest)).collect();
        let mut from = 0;
        for run in shades.chunk_by(|a, b| a == b) {
            let to = from + run.len();
            let (x, width) = (cells.edge(from), cells.edge(to) - cells.edge(from));
            if let Some(level) = run.first().filter(|level| **level > 0 && width > 0.0) {
                // Writing to a string cannot fail.
                let _ = write!(paths.entry(*level).or_default(), "M{x} {top}h{width}v{height}h-{width}z");
            }
            from = to;
        }
        Self {
            shades: paths.into_iter().map(|(level, path)| (level as f64 / SHADES as f64, path)).collect(),
            unreached: Unreached::of(norms),
        }
    }
}

/// Returns the shade of a norm: full for the largest, none for a norm that is lost in rounding when it is added to the
/// largest.
fn level(norm: f32, largest: f32) -> usize {
    let decades = (f64::from(norm) / f64::from(largest)).log10() / ROUNDED_AWAY.log10();
    // A cast turns NaN into 0.
    ((1.0 - decades).clamp(0.0, 1.0) * SHADES as f64).round() as usize
}

/// Returns the first of some texts that fits a width.
pub(super) fn fitting(texts: &[&'static str], width: f64) -> Option<&'static str> {
    texts.iter().copied().find(|text| text_width(text) <= width)
}

/// Returns measurements of another sequence length at the positions of this one, counted from the end. Positions that were
/// not measured are NaN.
pub(super) fn aligned(norms: &[f32], count: usize) -> Vec<f32> {
    let missing = count.saturating_sub(norms.len());
    let kept = norms.iter().skip(norms.len().saturating_sub(count));
    std::iter::repeat_n(f32::NAN, missing).chain(kept.copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(count: usize) -> Cells {
        Cells { left: 50.0, right: 250.0, count }
    }

    #[test]
    fn cells_tile_the_strip_at_any_width() {
        for (right, count) in [(250.0, 200), (250.0, 7), (234.4, 400), (2400.0, 12)] {
            let cells = Cells { right, ..cells(count) };
            assert_eq!((cells.edge(0), cells.edge(count)), (50.0, right.round()));
            assert!((0..count).all(|t| cells.edge(t) <= cells.edge(t + 1)));
            let found = (0..count)
                .all(|t| cells.edge(t) == cells.edge(t + 1) || cells.at(cells.center(t)) == Some(t));
            assert!(found || cells.pitch() < 2.0, "{count} cells to {right}");
        }
        assert_eq!((cells(5).at(-9.0), cells(5).at(9e9), cells(0).at(60.0)), (Some(0), Some(4), None));
    }

    #[test]
    fn shades_end_where_rounding_begins() {
        // The largest, half of the decades of rounding below it, just below rounding, and below what a float holds.
        let half = (ROUNDED_AWAY as f32).sqrt();
        assert_eq!([1.0, half, 1e-8, 1e-40, 0.0].map(|norm| level(norm, 1.0)), [SHADES, SHADES / 2, 0, 0, 0]);
        assert_eq!((level(f32::NAN, 1.0), level(1.0, f32::INFINITY), level(0.0, 0.0)), (0, 0, 0));
        let strip = Strip::new(&[0.0, 1e-40, 1e-20, 1e-9, half, 1.0, 1.0], &cells(7), 0.0, 10.0);
        assert_eq!(strip.unreached, Unreached { below: 2, lost: 4 });
        let opacities: Vec<f64> = strip.shades.iter().map(|(opacity, _)| *opacity).collect();
        assert_eq!(opacities, [0.5, 1.0]);
        assert_eq!(strip.shades[1].1, "M193 0h57v10h-57z", "neighbors of one shade are one rectangle");
        // A gradient that grows toward the first token has no pale start.
        let growing = Strip::new(&[1e9, 1e4, 1.0], &cells(3), 0.0, 10.0);
        assert_eq!(growing.unreached, Unreached::default());
        assert_eq!(Strip::new(&[], &cells(0), 0.0, 10.0), Strip::default());
    }

    #[test]
    fn earlier_measurements_keep_their_distance_from_the_end() {
        assert_eq!(aligned(&[1.0, 2.0, 3.0], 2), [2.0, 3.0]);
        let longer = aligned(&[1.0, 2.0], 4);
        assert!(longer[0].is_nan() && longer[1].is_nan());
        assert_eq!(longer[2..], [1.0, 2.0]);
    }

    #[test]
    fn texts_are_shortened_before_they_collide() {
        let texts = ["a long text", "short", ""];
        assert_eq!(
            [300.0, 40.0, 3.0].map(|width| fitting(&texts, width)),
            [Some("a long text"), Some("short"), Some("")]
        );
        assert_eq!(fitting(&["long"], 3.0), None);
    }
}
