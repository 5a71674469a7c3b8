//! Sequences that repeat a block of random tokens (Olsson et al. 2022, "In-context Learning and Induction Heads").
//!
//! The only way to predict the next token is to find the earlier occurrence of the current one and copy its successor.
//! Positions do not help, because each sequence has its own period. Frequencies do not help either, because no token
//! occurs twice in a block.

use rand::{RngExt, SeedableRng, rngs::ChaCha12Rng, seq::SliceRandom};

/// The tokens, in the order of their ids.
pub const TOKENS: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

/// The size of the vocabulary.
pub const N_TOKENS: usize = TOKENS.len();

/// Sequences of equal length, concatenated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequences {
    pub ids: Vec<u8>,
    /// The period of each sequence: token t equals token t minus the period.
    pub periods: Vec<usize>,
}

/// A stream of sequences, determined by the seed.
#[derive(Debug)]
pub struct Repeats {
    rng: ChaCha12Rng,
}

impl Repeats {
    /// Creates the stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha12Rng::seed_from_u64(seed ^ 0x4e7e_a75e) }
    }

    /// Draws `batch` sequences of `context + 1` tokens.
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

/// Returns the possible periods at this context length: at least an eighth of each sequence is a repetition, usually half.
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
            assert!(seen.len() > 3, "position alone would tell at {context}");
        }
        assert_eq!(Repeats::new(3).next(4, 16), Repeats::new(3).next(4, 16));
        assert_ne!(Repeats::new(3).next(4, 16), Repeats::new(4).next(4, 16));
    }
}
