//! Attention of one query, stage by stage, in plain arithmetic. The page computes it as the user changes a number.
//!
//! ```text
//! score_j = q · k_j / sqrt(d_k)     weight_j = exp(score_j - max) / sum exp(score - max)     output = sum_j weight_j v_j
//! ```
//!
//! Tests compare it with `models::attention` on the same numbers.

use crate::core::number::{Bounds, NumberError};
use serde::{Deserialize, Serialize};

/// The queries, keys and values of a network for one sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Projections {
    /// Tokens in the sequence.
    pub n: u32,
    /// Dimensions of each query, key and value.
    pub d_k: u32,
    /// Queries of the first [`MAX_HEADS`] heads, `[heads, n, d_k]`.
    pub q: Vec<f32>,
    /// Keys, of the same shape.
    pub k: Vec<f32>,
    /// Values, of the same shape.
    pub v: Vec<f32>,
    /// True if the network scales its scores.
    pub scaled: bool,
}

impl Projections {
    /// Returns the number of heads that were sent.
    pub fn heads(&self) -> usize {
        self.q.len() / (self.n as usize * self.d_k as usize).max(1)
    }
}

/// The maximum number of heads that are sent and whose maps are drawn.
pub const MAX_HEADS: usize = 4;

/// One query with its keys and values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Example {
    /// The query.
    pub q: Vec<f64>,
    /// The keys, one per token.
    pub keys: Vec<Vec<f64>>,
    /// The values, one per token.
    pub values: Vec<Vec<f64>>,
    /// The position of the query: a causal mask hides the keys after it.
    pub position: usize,
}

/// The settings of the stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Switches {
    /// True if scores are divided by the square root of the key dimension.
    pub scaled: bool,
    /// True if a causal mask hides the keys after the query.
    pub causal: bool,
    /// True for each key that the user hides. Keys beyond its end are visible.
    pub hidden: Vec<bool>,
}

/// The result of each stage: one number per key, and the output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stages {
    /// `q · k_j`
    pub products: Vec<f64>,
    /// The products after scaling.
    pub scores: Vec<f64>,
    /// True if the mask hides the key.
    pub hidden: Vec<bool>,
    /// The attention weights. They sum to 1, or are all 0 if every key is hidden.
    pub weights: Vec<f64>,
    /// Entropy of the weights in nats; `None` if every key is hidden.
    pub entropy: Option<f64>,
    /// `sum_j weight_j v_j`
    pub output: Vec<f64>,
}

impl Example {
    /// Returns four keys of four dimensions and values of two: small enough for mental arithmetic.
    pub fn small() -> Self {
        let vector = |numbers: &[f64]| numbers.to_vec();
        Self {
            q: vector(&[1.0, 2.0, 0.0, -1.0]),
            keys: [[2.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0], [1.0, 2.0, 0.0, -1.0], [-1.0, 0.0, 2.0, 1.0]]
                .iter()
                .map(|key| vector(key))
                .collect(),
            values: [[2.0, 0.0], [0.0, 2.0], [1.0, 1.0], [-2.0, 0.0]]
                .iter()
                .map(|value| vector(value))
                .collect(),
            position: 2,
        }
    }

    /// Returns the example of a head at a position, or `None` if there is no such head or position.
    pub fn of_head(of: &Projections, head: usize, position: usize) -> Option<Self> {
        let (n, d_k) = (of.n as usize, of.d_k as usize);
        let row = |all: &[f32], token: usize| {
            let from = (head * n + token) * d_k;
            let numbers = all.get(from..from + d_k).filter(|numbers| !numbers.is_empty())?;
            Some(numbers.iter().map(|&number| f64::from(number)).collect::<Vec<f64>>())
        };
        let rows = |all: &[f32]| (0..n).map(|token| row(all, token)).collect::<Option<Vec<_>>>();
        let q = row(&of.q, position).filter(|_| position < n)?;
        Some(Self { q, keys: rows(&of.k)?, values: rows(&of.v)?, position })
    }

    /// Returns the dimensions that matter most for the scores, at most `max` of them, in their order: the products `q_i k_ji`
    /// differ most from key to key there. A term that all keys share does not change a softmax.
    pub fn main_dims(&self, max: usize) -> Vec<usize> {
        let spread = |dim: usize| {
            let q = self.q.get(dim).copied().unwrap_or_default();
            variance(self.keys.iter().filter_map(|key| Some(q * key.get(dim)?)))
        };
        largest(self.q.len(), max, spread)
    }

    /// Returns the dimensions in which the values differ most from key to key, at most `max` of them, in their order.
    pub fn main_value_dims(&self, max: usize) -> Vec<usize> {
        let spread = |dim: usize| variance(self.values.iter().filter_map(|value| value.get(dim).copied()));
        largest(self.values.first().map_or(0, Vec::len), max, spread)
    }

    /// Returns the keys with the largest weights, at most `max` of them, in their order.
    pub fn main_keys(&self, switches: &Switches, max: usize) -> Vec<usize> {
        let weights = stages(self, switches).weights;
        largest(self.keys.len(), max, |key| weights.get(key).copied().unwrap_or_default())
    }
}

/// Returns the indices of the `max` largest of `count` numbers, in order.
fn largest(count: usize, max: usize, of: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut ranked: Vec<usize> = (0..count).collect();
    ranked.sort_by(|a, b| of(*b).total_cmp(&of(*a)));
    ranked.truncate(max);
    ranked.sort_by_key(|index| *index);
    ranked
}

fn variance(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / n;
    values.map(|value| (value - mean).powi(2)).sum::<f64>() / n
}

/// Returns the result of every stage. Finite inputs give finite results: the largest score is subtracted before the
/// exponential, and a query without visible keys has weights of zero.
pub fn stages(example: &Example, switches: &Switches) -> Stages {
    let Example { q, keys, values, position } = example;
    let products: Vec<f64> =
        keys.iter().map(|key| q.iter().zip(key).map(|(q, k)| q * k).sum::<f64>()).collect();
    let scale = if switches.scaled { 1.0 / (q.len().max(1) as f64).sqrt() } else { 1.0 };
    let scores: Vec<f64> = products.iter().map(|product| product * scale).collect();
    let by_hand = |key: usize| switches.hidden.get(key).copied().unwrap_or(false);
    let hidden: Vec<bool> =
        (0..keys.len()).map(|key| by_hand(key) || (switches.causal && key > *position)).collect();
    let seen = || scores.iter().zip(&hidden).filter(|(_, hidden)| !**hidden).map(|(score, _)| *score);
    let max = seen().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = seen().map(|score| (score - max).exp()).sum();
    let weight = |(score, hidden): (&f64, &bool)| if *hidden { 0.0 } else { (score - max).exp() / total };
    let weights: Vec<f64> = scores.iter().zip(&hidden).map(weight).collect();
    // 0 ln 0 is 0.
    let terms = weights.iter().filter(|weight| **weight > 0.0).map(|weight| -weight * weight.ln());
    let entropy = (total > 0.0).then(|| terms.sum());
    let width = values.first().map_or(0, Vec::len);
    let output = (0..width).map(|dim| {
        let weighted =
            weights.iter().zip(values).filter_map(|(weight, value)| Some(weight * value.get(dim)?));
        weighted.sum()
    });
    Stages { output: output.collect(), products, scores, hidden, weights, entropy }
}

/// The maximum absolute value of a number. Products of larger numbers could be infinite.
pub const MAX_NUMBER: f64 = 1e6;

/// Parses a number that the user typed.
///
/// # Errors
///
/// Fails if the text is not a number, or is larger than [`MAX_NUMBER`].
pub fn read_number(text: &str) -> Result<f64, NumberError> {
    Bounds { min: -MAX_NUMBER, max: MAX_NUMBER, whole: false }.read(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ON: Switches = Switches { scaled: true, causal: false, hidden: Vec::new() };

    #[test]
    fn the_small_example_matches_the_formulas() {
        let given = stages(&Example::small(), &ON);
        assert_eq!(given.products, [4.0, 1.0, 6.0, -2.0]);
        assert_eq!(given.scores, [2.0, 0.5, 3.0, -1.0]);
        let powers = given.scores.iter().map(|score| score.exp()).collect::<Vec<_>>();
        let total: f64 = powers.iter().sum();
        for (weight, power) in given.weights.iter().zip(&powers) {
            assert!((weight - power / total).abs() < 1e-15);
        }
        let w = &given.weights;
        assert!((given.output[0] - (2.0 * w[0] + w[2] - 2.0 * w[3])).abs() < 1e-15);
        let causal = stages(&Example::small(), &Switches { causal: true, ..ON });
        assert_eq!(causal.hidden, [false, false, false, true]);
        assert_eq!(causal.weights[3], 0.0);
        assert!((causal.weights.iter().sum::<f64>() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_query_without_visible_keys_has_no_output() {
        let none = stages(&Example::small(), &Switches { hidden: vec![true; 4], ..ON });
        assert_eq!((none.weights, none.entropy, none.output), (vec![0.0; 4], None, vec![0.0; 2]));
        assert_eq!(stages(&Example::default(), &ON), Stages::default());
    }

    #[test]
    fn typed_numbers_are_read_or_explained() {
        assert_eq!(read_number(" −1,5 "), Ok(-1.5));
        assert_eq!(read_number("1e-3"), Ok(0.001));
        for bad in ["", "abc", "NaN", "1,5,2", "--1", "1e40", "inf", "-1e400", "1000001"] {
            let words = read_number(bad).expect_err(bad).to_string();
            assert!(words.ends_with("enter a number from −1000000 to 1000000."), "{bad}: {words}");
        }
    }

    #[test]
    fn the_relevant_dimensions_are_selected() {
        let mut example = Example::small();
        // The third dimension of the query is 0, so it does not matter.
        assert_eq!(example.main_dims(3), [0, 1, 3]);
        assert_eq!(example.main_dims(9), [0, 1, 2, 3]);
        assert_eq!(example.main_value_dims(1), [0]);
        assert_eq!(example.main_keys(&ON, 2), [0, 2]);
        example.keys.clear();
        assert!(example.main_keys(&ON, 2).is_empty());
    }

    #[test]
    fn an_example_is_taken_from_one_head() {
        let numbers = |from: u32| (from..from + 12).map(|i| i as f32).collect::<Vec<_>>();
        let projections =
            Projections { n: 3, d_k: 2, q: numbers(0), k: numbers(100), v: numbers(200), scaled: true };
        let example = Example::of_head(&projections, 1, 2).expect("there is such a head");
        assert_eq!(example.q, [10.0, 11.0]);
        assert_eq!(example.keys, [[106.0, 107.0], [108.0, 109.0], [110.0, 111.0]]);
        assert_eq!(example.values[0], [206.0, 207.0]);
        assert_eq!(
            (Example::of_head(&projections, 2, 0), Example::of_head(&projections, 0, 3)),
            (None, None)
        );
    }

    proptest! {
        #[test]
        fn finite_inputs_give_finite_results(
            numbers in prop::collection::vec(-MAX_NUMBER..MAX_NUMBER, 40), scaled: bool, causal: bool,
            hidden in prop::collection::vec(any::<bool>(), 4), position in 0usize..4,
        ) {
            let rows = |from: usize| (0..4).map(|j| numbers[from + 4 * j..from + 4 * j + 4].to_vec()).collect::<Vec<_>>();
            let example = Example { q: numbers[..4].to_vec(), keys: rows(4), values: rows(20), position };
            let given = stages(&example, &Switches { scaled, causal, hidden });
            let all_hidden = given.hidden.iter().all(|hidden| *hidden);
            let total: f64 = given.weights.iter().sum();
            let expected = if all_hidden { 0.0 } else { 1.0 };
            prop_assert!((total - expected).abs() < 1e-12);
            let finite = given.scores.iter().chain(&given.weights).chain(&given.output).all(|v| v.is_finite());
            prop_assert!(finite && given.entropy.is_none_or(|h| h >= 0.0 && h <= 4f64.ln() + 1e-12));
            prop_assert_eq!(given.entropy.is_none(), all_hidden);
        }
    }
}
