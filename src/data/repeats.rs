//! Sequences that repeat: a block of random tokens, over and over (Olsson et al. 2022, "In-context Learning and Induction
//! Heads").
//!
//! What comes next can be known in one way only: find the earlier place of the present token, and say what came after it.
//! Two things make it so. Each sequence has its own period, so no position is where the answer always stands; and no token
//! occurs twice in a block, so how often one occurs tells nothing.

use rand::{RngExt, SeedableRng, rngs::ChaCha12Rng, seq::SliceRandom};

/// The tokens, in the order of their numbers.
pub const TOKENS: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

/// How many kinds of tokens there are.
pub const N_TOKENS: usize = TOKENS.len();

/// Sequences, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sequences {
    /// All of one length.
    pub ids: Vec<u8>,
    /// The period of each: token t is the one at t less the period.
    pub periods: Vec<usize>,
}

/// A stream of such sequences, drawn from the seed alone.
#[derive(Debug)]
pub struct Repeats {
    rng: ChaCha12Rng,
}

impl Repeats {
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha12Rng::seed_from_u64(seed ^ 0x4e7e_a75e) }
    }

    /// `batch` sequences of `context + 1` tokens.
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

/// The periods that there are at this context: at least an eighth of each sequence repeats, as a rule half of it.
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
