//! A look-up task: each token has a name, carries a value, and asks for the values of other tokens by name.

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
    /// The names that each token asks for, possibly its own: one list per question.
    pub asks: Vec<Vec<u8>>,
}

impl Lookup {
    /// Draws a sequence of `n` tokens that ask `questions` questions each. The names of a token's first two
    /// questions differ if there are two names.
    pub fn draw(n: usize, questions: usize, rng: &mut impl Rng) -> Self {
        let n = n.min(256);
        let mut names: Vec<u8> = (0..n).map(|name| name as u8).collect();
        // Fisher-Yates shuffle.
        for last in (1..n).rev() {
            let other = rng.random_range(0..=last);
            names.swap(last, other);
        }
        let values = (0..n).map(|_| rng.random_range(0..N_VALUES) as u8).collect();
        let mut asks: Vec<Vec<u8>> = Vec::with_capacity(questions);
        for question in 0..questions {
            let others = if question == 1 { n.saturating_sub(1) } else { n };
            let mut draw = |token: usize| {
                let drawn = rng.random_range(0..others.max(1));
                match asks.first().and_then(|first| first.get(token)) {
                    // A distance from the first name, so that it is never that name.
                    Some(&first) if question == 1 => ((usize::from(first) + 1 + drawn) % n) as u8,
                    _ => drawn as u8,
                }
            };
            let of_question = (0..n).map(&mut draw).collect();
            asks.push(of_question);
        }
        Self { names, values, asks }
    }

    /// Returns the position of the token that each token asks for, question by question.
    pub fn positions(&self) -> Vec<Vec<usize>> {
        let position = |ask: &u8| self.names.iter().position(|name| name == ask).unwrap_or_default();
        self.asks.iter().map(|asks| asks.iter().map(position).collect()).collect()
    }

    /// Returns the values of the tokens asked for, which are the labels: the answers to all questions of the
    /// first token, then of the second, and so on.
    pub fn answers(&self) -> Vec<u8> {
        let positions = self.positions();
        let of_token = |token: usize| {
            let asked = positions.iter().filter_map(move |of_question| of_question.get(token));
            asked.filter_map(|&position| self.values.get(position).copied()).collect::<Vec<_>>()
        };
        (0..self.names.len()).flat_map(of_token).collect()
    }

    /// Returns the tokens as concatenated one-hot vectors of name, requested names and value.
    ///
    /// # Shapes
    ///
    /// - output: `[tokens, token_width]`, see [`token_width`]
    pub fn one_hot(&self) -> Vec<f32> {
        let n = self.names.len();
        let width = token_width(n, self.asks.len());
        let mut rows = vec![0.0; n * width];
        let parts = std::iter::once(&self.names).chain(&self.asks).chain([&self.values]);
        for (part, tokens) in parts.enumerate() {
            for (row, &token) in rows.chunks_exact_mut(width.max(1)).zip(tokens) {
                if let Some(one) = row.get_mut(part * n + usize::from(token)) {
                    *one = 1.0;
                }
            }
        }
        rows
    }
}

/// Returns the length of a token's one-hot vectors in a sequence of `n` tokens with this many questions each.
pub fn token_width(n: usize, questions: usize) -> usize {
    (1 + questions) * n + N_VALUES
}

#[cfg(test)]
mod tests {
    use crate::data::lookup::*;
    use chacha20::ChaCha12Rng;
    use rand::SeedableRng;

    #[test]
    fn every_question_has_one_answer() {
        let mut rng = ChaCha12Rng::seed_from_u64(3);
        for (n, questions) in [(1, 1), (2, 1), (8, 1), (24, 1), (1, 2), (2, 2), (8, 2), (24, 3)] {
            let lookup = Lookup::draw(n, questions, &mut rng);
            let mut names = lookup.names.clone();
            names.sort_unstable();
            assert_eq!(names, (0..n as u8).collect::<Vec<_>>());
            let (positions, answers) = (lookup.positions(), lookup.answers());
            assert_eq!((positions.len(), answers.len()), (questions, questions * n));
            for token in 0..n {
                for question in 0..questions {
                    let position = positions[question][token];
                    assert_eq!(lookup.names[position], lookup.asks[question][token]);
                    assert_eq!(lookup.values[position], answers[questions * token + question]);
                }
                if questions > 1 && n > 1 {
                    assert_ne!(positions[0][token], positions[1][token], "two different names");
                }
            }
        }
    }

    #[test]
    fn a_token_has_a_one_for_each_part() {
        let lookup = Lookup { names: vec![1, 0], values: vec![7, 2], asks: vec![vec![0, 0]] };
        let rows = lookup.one_hot();
        assert_eq!(rows.len(), 2 * token_width(2, 1));
        let ones: Vec<usize> = (0..rows.len()).filter(|&i| rows[i] == 1.0).collect();
        assert_eq!(ones, [1, 2, 4 + 7, 12, 12 + 2, 12 + 4 + 2]);
        assert_eq!(lookup.answers(), [2, 2]);
        let two = Lookup { asks: vec![vec![0, 0], vec![1, 1]], ..lookup };
        let rows = two.one_hot();
        let ones: Vec<usize> = (0..rows.len()).filter(|&i| rows[i] == 1.0).collect();
        assert_eq!(ones, [1, 2, 4 + 1, 6 + 7, 14, 14 + 2, 14 + 4 + 1, 14 + 6 + 2]);
        assert_eq!(two.answers(), [2, 7, 2, 7]);
    }
}
