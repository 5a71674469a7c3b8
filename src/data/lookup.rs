//! A lookup task: each token has a name, carries a value, and asks for the value of another token by name.

use rand::{Rng, RngExt};

/// The number of different values.
pub const N_VALUES: usize = 8;

/// One sequence. The names are a permutation, so exactly one token answers each question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The name of each token.
    pub names: Vec<u8>,
    /// The value of each token, below [`N_VALUES`].
    pub values: Vec<u8>,
    /// The name that each token asks for, possibly its own.
    pub asks: Vec<u8>,
}

impl Lookup {
    /// Draws a sequence of `n` tokens.
    pub fn draw(n: usize, rng: &mut impl Rng) -> Self {
        let n = n.min(256);
        let mut names: Vec<u8> = (0..n).map(|name| name as u8).collect();
        // Fisher-Yates shuffle.
        for last in (1..n).rev() {
            let other = rng.random_range(0..=last);
            names.swap(last, other);
        }
        let values = (0..n).map(|_| rng.random_range(0..N_VALUES) as u8).collect();
        let asks = (0..n).map(|_| rng.random_range(0..n) as u8).collect();
        Self { names, values, asks }
    }

    /// Returns the position of the token that each token asks for.
    pub fn positions(&self) -> Vec<usize> {
        let position = |ask: &u8| self.names.iter().position(|name| name == ask).unwrap_or_default();
        self.asks.iter().map(position).collect()
    }

    /// Returns the values of the tokens asked for, which are the labels.
    pub fn answers(&self) -> Vec<u8> {
        self.positions().iter().filter_map(|&position| self.values.get(position).copied()).collect()
    }

    /// Returns the tokens as concatenated one-hot vectors of name, requested name and value.
    ///
    /// # Shapes
    ///
    /// - output: `[tokens, token_width]`, see [`token_width`]
    pub fn one_hot(&self) -> Vec<f32> {
        let n = self.names.len();
        let mut rows = vec![0.0; n * token_width(n)];
        let tokens = self.names.iter().zip(&self.asks).zip(&self.values);
        for (row, ((&name, &ask), &value)) in rows.chunks_exact_mut(token_width(n).max(1)).zip(tokens) {
            for at in [usize::from(name), n + usize::from(ask), 2 * n + usize::from(value)] {
                if let Some(one) = row.get_mut(at) {
                    *one = 1.0;
                }
            }
        }
        rows
    }
}

/// Returns the length of a token's one-hot vectors in a sequence of `n` tokens.
pub fn token_width(n: usize) -> usize {
    2 * n + N_VALUES
}

#[cfg(test)]
mod tests {
    use crate::data::lookup::*;
    use chacha20::ChaCha12Rng;
    use rand::SeedableRng;

    #[test]
    fn every_question_has_one_answer() {
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        for n in [1, 2, 8, 24] {
            let lookup = Lookup::draw(n, &mut rng);
            let mut names = lookup.names.clone();
            names.sort_unstable();
            assert_eq!(names, (0..n as u8).collect::<Vec<_>>());
            for (token, position) in lookup.positions().into_iter().enumerate() {
                assert_eq!(lookup.names[position], lookup.asks[token]);
                assert_eq!(lookup.values[position], lookup.answers()[token]);
            }
        }
    }

    #[test]
    fn a_token_has_three_ones() {
        let lookup = Lookup { names: vec![1, 0], values: vec![7, 2], asks: vec![0, 0] };
        let rows = lookup.one_hot();
        assert_eq!(rows.len(), 2 * token_width(2));
        let ones: Vec<usize> = (0..rows.len()).filter(|&i| rows[i] == 1.0).collect();
        assert_eq!(ones, [1, 2, 4 + 7, 12, 12 + 2, 12 + 4 + 2]);
        assert_eq!(lookup.answers(), [2, 2]);
    }
}
