//! Repeating sequences: a block of random tokens, over and over (Olsson et al. 2022, "In-context Learning and
//! Induction Heads").
//!
//! There is one way to predict the next token: find the earlier occurrence of the current token, and copy the
//! token after it. Two properties ensure this. Each sequence has its own period, so the answer is not at a
//! fixed distance. No token occurs twice in a block, so token frequencies carry no information.

use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng, seq::SliceRandom};

/// The tokens, in the order of their ids.
pub const TOKENS: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

/// The number of different tokens.
pub const N_TOKENS: usize = TOKENS.len();

/// Sequences and their periods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequences {
    /// The tokens of all sequences, which have the same length, `[n, length]`.
    pub ids: Vec<u8>,
    /// The period of each sequence: token t equals token t minus the period.
    pub periods: Vec<usize>,
}

/// A stream of random sequences, determined by its seed.
#[derive(Debug)]
pub struct Repeats {
    rng: ChaCha12Rng,
}

impl Repeats {
    /// Returns the stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha12Rng::seed_from_u64(seed ^ 0x4e7e_a75e) }
    }

    /// Returns the next `batch` sequences of `context + 1` tokens.
    pub fn next(&mut self, batch: usize, context: usize) -> Sequences {
        let mut sequences = Sequences::default();
        for _ in 0..batch {
            let period = self.rng.random_range(periods(context));
            let mut block: Vec<u8> = (0..N_TOKENS as u8).collect();
            block.shuffle(&mut self.rng);
            block.truncate(period);
            sequences.ids.extend(block.iter().cycle().take(context + 1));
            sequences.periods.push(period);
        }
        sequences
    }
}

/// Returns the possible periods at this context length. At least an eighth of each sequence repeats, and
/// about half of it on average.
pub fn periods(context: usize) -> std::ops::RangeInclusive<usize> {
    let longest = (7 * context / 8).clamp(1, N_TOKENS);
    (context / 4).clamp(1, N_TOKENS / 2).min(longest)..=longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sequences_repeat_and_no_token_occurs_twice_in_a_block() {
        assert_eq!((N_TOKENS, periods(24), periods(8)), (24, 6..=21, 2..=7));
        assert!(TOKENS.as_bytes().is_sorted());
        for context in [8, 9, 24, 64, 512] {
            let sequences = Repeats::new(3).next(40, context);
            let mut seen = BTreeSet::new();
            for (ids, &period) in sequences.ids.chunks(context + 1).zip(&sequences.periods) {
                assert!(ids.len() == context + 1 && period < context);
                assert!((period..=context).all(|t| ids[t] == ids[t - period]));
                let block: BTreeSet<u8> = ids[..period].iter().copied().collect();
                assert!(block.len() == period && block.iter().all(|&id| usize::from(id) < N_TOKENS));
                seen.insert(period);
            }
            assert!(seen.len() > 3, "positions would reveal the answer at {context}");
        }
        assert_eq!(Repeats::new(3).next(4, 16), Repeats::new(3).next(4, 16));
        assert_ne!(Repeats::new(3).next(4, 16), Repeats::new(4).next(4, 16));
    }
}
