//! A pure memory task: the label is the first token, and all other tokens are noise (after Hochreiter and
//! Schmidhuber 1997).

use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// The kind of sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The length of a sequence.
    pub seq_len: usize,
    /// The number of classes.
    pub n_classes: usize,
    /// The number of noise tokens, apart from the class tokens. If 0, the noise consists of class tokens.
    pub n_distractors: usize,
}

/// Sequences and their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequences {
    /// Tokens, `[seq_len, n]`.
    pub tokens: Vec<u8>,
    /// Classes, `[n]`: the first token of each sequence.
    pub labels: Vec<u8>,
}

impl Recall {
    /// Returns the number of different tokens.
    pub fn n_tokens(&self) -> usize {
        self.n_classes + self.n_distractors
    }

    /// Returns the next `n` sequences of a stream.
    pub fn draw(&self, n: usize, rng: &mut ChaCha12Rng) -> Sequences {
        let noise = if self.n_distractors == 0 { 0..self.n_classes } else { self.n_classes..self.n_tokens() };
        let labels: Vec<u8> = (0..n).map(|_| rng.random_range(0..self.n_classes.max(1)) as u8).collect();
        let mut tokens = labels.clone();
        let n_noise = self.seq_len.saturating_sub(1) * n;
        tokens.extend(
            (0..n_noise).map(|_| rng.random_range(noise.start..noise.end.max(noise.start + 1)) as u8),
        );
        Sequences { tokens, labels }
    }
}

/// Returns the random stream of a seed and a name. Streams of other seeds or names are independent of it.
pub fn stream(seed: u64, name: u64) -> ChaCha12Rng {
    ChaCha12Rng::seed_from_u64((seed << 8) ^ name ^ 0x4eca_1100_0000_0000)
}

#[cfg(test)]
mod tests {
    use crate::data::recall::*;

    #[test]
    fn the_first_token_is_the_label_and_the_others_are_noise() {
        let task = Recall { seq_len: 5, n_classes: 2, n_distractors: 3 };
        let drawn = task.draw(50, &mut stream(1, 0));
        assert_eq!((drawn.tokens.len(), drawn.labels.len()), (250, 50));
        assert_eq!(drawn.tokens[..50], drawn.labels);
        assert!(drawn.tokens[50..].iter().all(|&token| (2..5).contains(&token)));
        assert!(drawn.labels.contains(&0) && drawn.labels.contains(&1));
        assert_eq!(drawn, task.draw(50, &mut stream(1, 0)));
        assert_ne!(drawn, task.draw(50, &mut stream(1, 1)));
        let shared = Recall { n_distractors: 0, ..task }.draw(50, &mut stream(1, 0));
        assert!(shared.tokens.iter().all(|&token| token < 2));
    }
}
