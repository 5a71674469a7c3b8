//! The behavior of each head on the window that is shown: statistics, a short description of them, and the map.

use serde::{Deserialize, Serialize};

/// Every head's attention at one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The number of training steps so far.
    pub step: u32,
    /// The number of layers.
    pub n_layers: u32,
    /// The number of heads per layer.
    pub n_heads: u32,
    /// The number of characters in the window, which are the queries and keys of each map.
    pub n: u32,
    /// The statistics of each head, layer by layer.
    pub stats: Vec<HeadStats>,
    /// The maps of all heads. With a causal mask, each row ends at its own position; without a mask, rows are complete.
    /// Each weight is one byte; see [`quantize`].
    maps: Vec<u8>,
}

/// Means over all queries of a window, weighted by the attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadStats {
    /// Mean distance to the attended characters.
    pub distance: f32,
    /// Entropy of a query's weights, in nats; 0 if one key has all the weight.
    pub entropy: f32,
    /// Entropy divided by its maximum, `ln(q + 1)` for the query at position q.
    pub spread: f32,
    /// Weight on the query's own position.
    pub itself: f32,
    /// Weight on the previous character.
    pub previous: f32,
    /// Weight on the first character of the window.
    pub first: f32,
    /// Weight on earlier occurrences of the same character.
    pub same: f32,
    /// Weight on the last newline at or before the query.
    pub newline: f32,
    /// Weight on the last space at or before the query.
    pub space: f32,
    /// Maximum deviation from 1 of the sum of a query's weights.
    pub sum_dev: f32,
}

impl HeadStats {
    /// Computes the statistics of a map over the characters of its window.
    ///
    /// With a causal mask, weights on later characters are ignored.
    ///
    /// # Shapes
    /// `weights`: `[n, n]`, `window`: `[n]`.
    pub fn measure(weights: &[f32], window: &[char], causal: bool) -> Self {
        let n = window.len();
        let mut sums = Self::default();
        let mut queries_with_choice = 0.0f32;
        for (q, row) in weights.chunks_exact(n.max(1)).enumerate().take(n) {
            let row = if causal { row.get(..=q).unwrap_or(row) } else { row };
            let at = |k: Option<usize>| k.and_then(|k| row.get(k)).copied().unwrap_or(0.0);
            let last =
                |wanted: char| window.get(..=q).and_then(|seen| seen.iter().rposition(|&c| c == wanted));
            let mut entropy = 0.0f32;
            for (k, &w) in row.iter().enumerate() {
                sums.distance += w * q.abs_diff(k) as f32;
                if w > 0.0 {
                    entropy -= w * w.ln();
                }
                if k < q && window.get(k) == window.get(q) {
                    sums.same += w;
                }
            }
            sums.entropy += entropy;
            if row.len() > 1 {
                sums.spread += entropy / (row.len() as f32).ln();
                queries_with_choice += 1.0;
            }
            sums.itself += at(Some(q));
            sums.previous += at(q.checked_sub(1));
            sums.first += at(Some(0));
            sums.newline += at(last('\n'));
            sums.space += at(last(' '));
            sums.sum_dev = max_or_nan(sums.sum_dev, (row.iter().sum::<f32>() - 1.0).abs());
        }
        let queries = n.max(1) as f32;
        Self {
            distance: sums.distance / queries,
            entropy: sums.entropy / queries,
            spread: sums.spread / queries_with_choice.max(1.0),
            itself: sums.itself / queries,
            previous: sums.previous / queries,
            first: sums.first / queries,
            same: sums.same / queries,
            newline: sums.newline / queries,
            space: sums.space / queries,
            sum_dev: sums.sum_dev,
        }
    }

    /// Returns a short description: the first of a fixed list of rules that applies.
    pub fn description(&self) -> &'static str {
        match self {
            s if s.spread > 0.9 => "uniform",
            s if s.previous > 0.4 => "previous character",
            s if s.itself > 0.4 => "itself",
            s if s.first > 0.4 => "first character",
            s if s.newline > 0.3 => "line starts",
            s if s.space > 0.3 => "word starts",
            s if s.same > 0.3 => "same character",
            s if s.distance < 5.0 => "local",
            s if s.spread > 0.7 => "global",
            _ => "mixed",
        }
    }
}

impl Snapshot {
    /// Returns a snapshot of the maps of all heads, layer by layer, in a model of this number of layers and of heads per
    /// layer.
    ///
    /// # Shapes
    /// `window`: `[n]`, `maps`: `[heads, n, n]`.
    pub fn new(
        step: u32,
        [n_layers, n_heads]: [u32; 2],
        window: &[char],
        maps: &[f32],
        causal: bool,
    ) -> Self {
        let n = window.len();
        let mut snapshot = Self { step, n_layers, n_heads, n: n as u32, ..Self::default() };
        for map in maps.chunks_exact((n * n).max(1)) {
            snapshot.stats.push(HeadStats::measure(map, window, causal));
            for (q, row) in map.chunks_exact(n).enumerate() {
                let length = if causal { q + 1 } else { n };
                snapshot.maps.extend(row.iter().take(length).map(|&w| quantize(w)));
            }
        }
        snapshot
    }

    /// Returns the number of heads in all layers.
    pub fn len(&self) -> usize {
        self.stats.len()
    }

    /// Returns true if there are no heads.
    pub fn is_empty(&self) -> bool {
        self.stats.is_empty()
    }

    /// Returns true if queries also attend to later keys, as they do without a causal mask.
    pub fn sees_later_keys(&self) -> bool {
        let n = self.n as usize;
        n > 1 && self.maps.len() == self.len() * n * n
    }

    /// Returns the weights of a query, from the first key to the last that it may attend to: its own position if the mask
    /// is causal. Empty if there is no such head or query.
    pub fn row(&self, head: usize, query: usize) -> Vec<f32> {
        let n = self.n as usize;
        let (start, length) = if self.sees_later_keys() {
            ((head * n + query) * n, n)
        } else {
            (head * (n * (n + 1) / 2) + query * (query + 1) / 2, query + 1)
        };
        let bytes = if query < n { self.maps.get(start..start + length) } else { None };
        bytes.unwrap_or_default().iter().map(|&byte| weight(byte)).collect()
    }

    /// Returns the map of a head, `[n, n]`; NaN at masked positions.
    pub fn map(&self, head: usize) -> Vec<f32> {
        let n = self.n as usize;
        let mut values = Vec::with_capacity(n * n);
        for q in 0..n {
            let row = self.row(head, q);
            values.extend(&row);
            values.resize((q + 1) * n, f32::NAN);
        }
        values
    }
}

/// Returns the larger of two deviations, or NaN if one of them is NaN, so that values that are not numbers confirm no claim.
pub fn max_or_nan(max: f32, value: f32) -> f32 {
    if max.is_nan() {
        max
    } else if value.is_nan() {
        value
    } else {
        max.max(value)
    }
}

/// Returns a weight as a byte. Its square root is rounded, so that weights of 1/256, as in even attention over 256
/// characters, are not lost.
fn quantize(weight: f32) -> u8 {
    (weight.clamp(0.0, 1.0).sqrt() * 255.0).round() as u8
}

/// Returns the weight of a byte.
fn weight(byte: u8) -> f32 {
    let root = f32::from(byte) / 255.0;
    root * root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three queries over "a\na": the first attends to itself, the second to the first, the third to all equally.
    const MAP: [f32; 9] = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];

    #[test]
    fn statistics_of_a_known_map() {
        let stats = HeadStats::measure(&MAP, &['a', '\n', 'a'], true);
        let near = |a: f32, b: f32| assert!((a - b).abs() < 1e-6, "{a} {b}");
        near(stats.distance, (0.0 + 1.0 + 1.0) / 3.0);
        near(stats.entropy, 3.0f32.ln() / 3.0);
        near(stats.spread, 0.5);
        near(stats.itself, (1.0 + 1.0 / 3.0) / 3.0);
        near(stats.previous, (1.0 + 1.0 / 3.0) / 3.0);
        near(stats.first, (2.0 + 1.0 / 3.0) / 3.0);
        near(stats.same, 1.0 / 9.0);
        near(stats.newline, 1.0 / 9.0);
        near(stats.space, 0.0);
        near(stats.sum_dev, 0.0);
    }

    #[test]
    fn weights_that_are_not_numbers_do_not_sum_to_one() {
        let mut map = MAP;
        map[3] = f32::NAN;
        assert!(HeadStats::measure(&map, &['a', '\n', 'a'], true).sum_dev.is_nan());
    }

    #[test]
    fn maps_are_restored_from_bytes() {
        let snapshot = Snapshot::new(7, [1, 1], &['a', '\n', 'a'], &MAP, true);
        assert_eq!(snapshot.row(0, 1), [1.0, 0.0]);
        let map = snapshot.map(0);
        assert!(map[1].is_nan() && map[5].is_nan() && (map[8] - 1.0 / 3.0).abs() < 3e-3);
        assert_eq!((snapshot.row(1, 0), snapshot.row(0, 3)), (vec![], vec![]));
        assert!((weight(quantize(1.0 / 256.0)) * 256.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn maps_without_a_mask_are_complete() {
        let map = [0.0, 0.0, 1.0, 0.5, 0.0, 0.5, 1.0, 0.0, 0.0];
        let window = ['a', 'b', 'c'];
        let snapshot = Snapshot::new(7, [1, 2], &window, &[map, map].concat(), false);
        assert!(snapshot.sees_later_keys() && snapshot.len() == 2);
        assert_eq!((snapshot.row(1, 0), snapshot.row(0, 2)), (vec![0.0, 0.0, 1.0], vec![1.0, 0.0, 0.0]));
        assert!(snapshot.map(0).iter().zip(map).all(|(a, b)| (a - b).abs() < 3e-3));
        let stats = snapshot.stats[0];
        assert!(stats.sum_dev < 1e-6 && (stats.distance - 5.0 / 3.0).abs() < 1e-6, "{stats:?}");
        assert!((stats.spread - 2f32.ln() / 3f32.ln() / 3.0).abs() < 1e-6, "{stats:?}");
        assert!(!Snapshot::new(7, [1, 2], &window, &[map, map].concat(), true).sees_later_keys());
    }

    #[test]
    fn descriptions_follow_the_statistics() {
        assert_eq!(HeadStats { previous: 0.6, ..HeadStats::default() }.description(), "previous character");
        assert_eq!(
            HeadStats { spread: 0.95, previous: 0.6, ..HeadStats::default() }.description(),
            "uniform"
        );
        assert_eq!(HeadStats { distance: 90.0, spread: 0.8, ..HeadStats::default() }.description(), "global");
    }
}
