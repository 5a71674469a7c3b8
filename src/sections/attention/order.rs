//! A layer on a short sentence whose words the visitor reorders, in the arithmetic of a 32-bit device. The page computes it
//! as words are swapped, and the cover draws its map.

use crate::core::split_mix::SplitMix64;

/// The words of the sentence.
pub const WORDS: [&str; 6] = ["the", "small", "dog", "bites", "a", "man"];
/// The dimension of words, queries, keys and values.
const DIM: usize = 8;
/// The factor of the scores. It is larger than `1 / √8`, so that a random layer's map has contrast.
const SCALE: f32 = 0.8;
/// Outputs are sums of a few numbers of size 1 with seven digits, so a smaller difference is due to rounding.
const ROUNDING: f32 = 1e-5;

type Vector = [f32; DIM];

/// The source from which the layer knows the order of its inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrderSource {
    /// Nothing.
    #[default]
    Nothing,
    /// A sinusoidal encoding of the position is added to each word (Vaswani et al. 2017, section 3.5).
    Positions,
    /// A causal mask hides the later words.
    CausalMask,
}

/// The result of the layer for one order of the words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ordered {
    /// The attention weights, `[n, n]`; each row is a query.
    pub weights: Vec<f32>,
    /// The output at each position.
    pub outputs: Vec<Vector>,
}

/// Returns a vector whose numbers have unit variance.
fn vector(numbers: &mut SplitMix64) -> Vector {
    std::array::from_fn(|_| 3f32.sqrt() * numbers.next_signed())
}

/// Returns a matrix that preserves the variance of a vector.
fn matrix(numbers: &mut SplitMix64) -> [Vector; DIM] {
    std::array::from_fn(|_| vector(numbers).map(|number| number / (DIM as f32).sqrt()))
}

fn dot(a: &Vector, b: &Vector) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn project(matrix: &[Vector; DIM], x: &Vector) -> Vector {
    matrix.each_ref().map(|row| dot(row, x))
}

/// Returns the sinusoidal encoding of a position.
fn encoding(position: usize) -> Vector {
    std::array::from_fn(|dim| {
        let angle = position as f32 / 10_000f32.powf((dim - dim % 2) as f32 / DIM as f32);
        if dim.is_multiple_of(2) { angle.sin() } else { angle.cos() }
    })
}

/// Applies a layer with fixed random weights to the words in an order: `order[i]` is the index of the word at position
/// `i`. Words that do not exist are zero.
pub fn attend(order: &[usize], source: OrderSource) -> Ordered {
    let mut numbers = SplitMix64::new(1);
    let words: [Vector; WORDS.len()] = std::array::from_fn(|_| vector(&mut numbers));
    let [query, key, value] = std::array::from_fn(|_| matrix(&mut numbers));
    let input = |(position, word): (usize, &usize)| {
        let mut x = words.get(*word).copied().unwrap_or_default();
        if source == OrderSource::Positions {
            x.iter_mut().zip(encoding(position)).for_each(|(x, encoding)| *x += encoding);
        }
        x
    };
    let inputs: Vec<Vector> = order.iter().enumerate().map(input).collect();
    let of = |matrix: &[Vector; DIM]| inputs.iter().map(|x| project(matrix, x)).collect::<Vec<_>>();
    let (queries, keys, values) = (of(&query), of(&key), of(&value));
    let mut result = Ordered::default();
    for (position, q) in queries.iter().enumerate() {
        let seen = if source == OrderSource::CausalMask { position + 1 } else { keys.len() };
        let scores: Vec<f32> = keys.iter().take(seen).map(|k| SCALE * dot(q, k)).collect();
        let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = scores.iter().map(|score| (score - max).exp()).collect();
        let total: f32 = powers.iter().sum();
        let weights = (0..keys.len()).map(|key| powers.get(key).map_or(0.0, |power| power / total));
        let mut output = Vector::default();
        for (weight, v) in weights.clone().zip(&values) {
            output.iter_mut().zip(v).for_each(|(sum, v)| *sum += weight * v);
        }
        result.weights.extend(weights);
        result.outputs.push(output);
    }
    result
}

/// Returns, for each position of `order`, the largest difference between the output there and the output of the same word in
/// the original sentence.
pub fn differences(order: &[usize], source: OrderSource) -> Vec<f32> {
    let original: Vec<usize> = (0..WORDS.len()).collect();
    let (before, after) = (attend(&original, source), attend(order, source));
    let of_word = |(word, after): (&usize, &Vector)| {
        let before = before.outputs.get(*word).copied().unwrap_or_default();
        before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    order.iter().zip(&after.outputs).map(of_word).collect()
}

/// Returns true if a difference is as small as rounding.
pub fn is_rounding(difference: f32) -> bool {
    difference <= ROUNDING
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGINAL: [usize; 6] = [0, 1, 2, 3, 4, 5];
    const SWAPPED: [usize; 6] = [0, 1, 5, 3, 4, 2];

    fn largest(order: &[usize], source: OrderSource) -> f32 {
        differences(order, source).into_iter().fold(0.0, f32::max)
    }

    #[test]
    fn rows_are_distributions_and_masked_weights_are_zero() {
        for source in [OrderSource::Nothing, OrderSource::Positions, OrderSource::CausalMask] {
            let given = attend(&SWAPPED, source);
            assert_eq!((given.weights.len(), given.outputs.len()), (36, 6));
            for (row, weights) in given.weights.chunks(6).enumerate() {
                assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
                let seen = if source == OrderSource::CausalMask { row + 1 } else { 6 };
                assert!(weights[seen..].iter().all(|weight| *weight == 0.0));
                assert!(weights[..seen].iter().all(|weight| *weight > 0.0));
            }
        }
    }

    #[test]
    fn words_keep_their_outputs_unless_something_tells_the_order() {
        for order in [SWAPPED, [5, 4, 3, 2, 1, 0], [1, 0, 3, 2, 5, 4]] {
            let nothing = largest(&order, OrderSource::Nothing);
            assert!(is_rounding(nothing) && nothing > 0.0, "{nothing}");
            for source in [OrderSource::Positions, OrderSource::CausalMask] {
                assert!(largest(&order, source) > 0.1, "{source:?}: {}", largest(&order, source));
            }
        }
        assert_eq!(largest(&ORIGINAL, OrderSource::Positions), 0.0);
    }

    #[test]
    fn the_map_is_permuted_like_the_words() {
        let (before, after) =
            (attend(&ORIGINAL, OrderSource::Nothing), attend(&SWAPPED, OrderSource::Nothing));
        for (row, query) in SWAPPED.iter().enumerate() {
            for (col, key) in SWAPPED.iter().enumerate() {
                assert!((after.weights[6 * row + col] - before.weights[6 * query + key]).abs() < 1e-6);
            }
        }
    }
}
