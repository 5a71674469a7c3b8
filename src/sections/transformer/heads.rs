//! What each head does, measured on the window that is shown: numbers, a few words that follow from them, and the map.

use serde::{Deserialize, Serialize};

/// Every head's attention at one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub step: u32,
    pub n_layers: u32,
    pub n_heads: u32,
    /// Characters in the window: queries and keys of each map.
    pub n: u32,
    /// Head by head, layer by layer.
    pub stats: Vec<HeadStats>,
    /// The maps head by head: of each the rows from the first query on, each up to its own position, a byte a weight; see
    /// [`quantize`].
    maps: Vec<u8>,
}

/// Means over all queries of a window, weighed by the attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HeadStats {
    /// How many characters the head looks back, on average.
    pub distance: f32,
    /// Entropy of a query's weights, in nats: 0 for one key alone.
    pub entropy: f32,
    /// The entropy as a share of the most there can be, `ln(q + 1)` for the query at position q.
    pub spread: f32,
    /// Weight on the query's own position.
    pub itself: f32,
    /// On the character before.
    pub previous: f32,
    /// On the window's first character.
    pub first: f32,
    /// On earlier places of the same character.
    pub same: f32,
    /// On the last newline at or before the query.
    pub newline: f32,
    /// On the last space at or before the query.
    pub space: f32,
    /// How far the weights of a query are from a sum of 1 at most.
    pub sum_dev: f32,
}

impl HeadStats {
    /// Measures a map of `n x n` weights, row by row, over the characters of its window.
    pub fn measure(weights: &[f32], window: &[char]) -> Self {
        let n = window.len();
        let mut sums = Self::default();
        let mut queries_with_choice = 0.0f32;
        for (q, row) in weights.chunks_exact(n.max(1)).enumerate().take(n) {
            let row = row.get(..=q).unwrap_or(row);
            let at = |k: Option<usize>| k.and_then(|k| row.get(k)).copied().unwrap_or(0.0);
            let last =
                |wanted: char| window.get(..=q).and_then(|seen| seen.iter().rposition(|&c| c == wanted));
            let mut entropy = 0.0f32;
            for (k, &w) in row.iter().enumerate() {
                sums.distance += w * (q - k) as f32;
                if w > 0.0 {
                    entropy -= w * w.ln();
                }
                if k < q && window.get(k) == window.get(q) {
                    sums.same += w;
                }
            }
            sums.entropy += entropy;
            if q > 0 {
                sums.spread += entropy / ((q + 1) as f32).ln();
                queries_with_choice += 1.0;
            }
            sums.itself += at(Some(q));
            sums.previous += at(q.checked_sub(1));
            sums.first += at(Some(0));
            sums.newline += at(last('\n'));
            sums.space += at(last(' '));
            sums.sum_dev = sums.sum_dev.max((row.iter().sum::<f32>() - 1.0).abs());
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

    /// A few words, by fixed rules: the first that applies.
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
    /// A snapshot of all maps, `[n, n]` each, head by head and layer by layer.
    pub fn new(step: u32, n_layers: u32, n_heads: u32, window: &[char], maps: &[f32]) -> Self {
        let n = window.len();
        let mut snapshot = Self { step, n_layers, n_heads, n: n as u32, ..Self::default() };
        for map in maps.chunks_exact((n * n).max(1)) {
            snapshot.stats.push(HeadStats::measure(map, window));
            for (q, row) in map.chunks_exact(n).enumerate() {
                snapshot.maps.extend(row.iter().take(q + 1).map(|&w| quantize(w)));
            }
        }
        snapshot
    }

    /// How many heads there are in all.
    pub fn len(&self) -> usize {
        self.stats.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stats.is_empty()
    }

    /// The weights of a query, from the first key to its own position; empty where there is no such head or query.
    pub fn row(&self, head: usize, query: usize) -> Vec<f32> {
        let n = self.n as usize;
        let triangle = n * (n + 1) / 2;
        let start = head * triangle + query * (query + 1) / 2;
        let bytes = if query < n { self.maps.get(start..=start + query) } else { None };
        bytes.unwrap_or_default().iter().map(|&byte| weight(byte)).collect()
    }

    /// A head's map, `[n, n]` row by row; not a number where a query may not look.
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

/// A weight as a byte. Its square root is rounded: even attention over 256 characters gives weights of 1/256, which would
/// otherwise be lost.
fn quantize(weight: f32) -> u8 {
    (weight.clamp(0.0, 1.0).sqrt() * 255.0).round() as u8
}

/// The weight that a byte stands for.
fn weight(byte: u8) -> f32 {
    let root = f32::from(byte) / 255.0;
    root * root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three queries over "a\na": the first sees itself, the second the one before, the third all equally.
    const MAP: [f32; 9] = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];

    #[test]
    fn statistics_of_a_known_map() {
        let stats = HeadStats::measure(&MAP, &['a', '\n', 'a']);
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
    fn maps_survive_their_bytes() {
        let snapshot = Snapshot::new(7, 1, 1, &['a', '\n', 'a'], &MAP);
        assert_eq!(snapshot.row(0, 1), [1.0, 0.0]);
        let map = snapshot.map(0);
        assert!(map[1].is_nan() && map[5].is_nan() && (map[8] - 1.0 / 3.0).abs() < 3e-3);
        assert_eq!((snapshot.row(1, 0), snapshot.row(0, 3)), (vec![], vec![]));
        assert!((weight(quantize(1.0 / 256.0)) * 256.0 - 1.0).abs() < 0.05);
    }

    #[test]
    fn descriptions_follow_the_numbers() {
        assert_eq!(HeadStats { previous: 0.6, ..HeadStats::default() }.description(), "previous character");
        assert_eq!(
            HeadStats { spread: 0.95, previous: 0.6, ..HeadStats::default() }.description(),
            "uniform"
        );
        assert_eq!(HeadStats { distance: 90.0, spread: 0.8, ..HeadStats::default() }.description(), "global");
    }
}
