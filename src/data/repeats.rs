//! Repeating sequences: a block of random tokens, over and over (Olsson et al. 2022, "In-context Learning and
//! Induction Heads").
//!
//! In the first block, the next token is one of those that the block has not used yet, each with the same
//! probability. In the repeats, the next token is found by copying: find the earlier occurrence of the current
//! token, and repeat the token after it. Two properties exclude other solutions. Each sequence has its own
//! period, so the answer is not at a fixed distance. No token occurs twice in a block, so token frequencies
//! carry no information.

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

/// Returns the minimum mean loss on the first block of sequences with these periods, in nats per token.
///
/// The first `k` tokens of a block are different, and the next one is each of the other `V - k` with equal
/// probability, so no predictor does better than `ln(V - k)`. The first token of a sequence is not predicted:
///
/// ```text
/// sum over sequences and over k = 1 ... p - 1 of ln(V - k), divided by the number of terms
/// ```
///
/// With each of [`periods`] once, this is the mean over the generator's sequences.
pub fn first_block_loss(periods: impl IntoIterator<Item = usize>) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for period in periods {
        for used in 1..period.min(N_TOKENS) {
            sum += ((N_TOKENS - used) as f64).ln();
            count += 1.0;
        }
    }
    sum / f64::max(count, 1.0)
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

    /// Returns each prediction in the first block of `n` sequences: the number of tokens so far, and the rank
    /// of the next token among those that have not occurred. `None` if it has occurred.
    fn predictions(stream: &mut Repeats, n: usize, context: usize) -> Vec<(usize, Option<usize>)> {
        let Sequences { ids, periods } = stream.next(n, context);
        let of_sequence = |(ids, period): (&[u8], usize)| {
            let rank = |t: usize| {
                let seen = &ids[..t];
                let unused: Vec<u8> = (0..N_TOKENS as u8).filter(|id| !seen.contains(id)).collect();
                (t, unused.iter().position(|&id| id == ids[t]))
            };
            (1..period).map(rank).collect::<Vec<_>>()
        };
        ids.chunks(context + 1).zip(periods).flat_map(of_sequence).collect()
    }

    /// Returns the loss of a predictor that knows no formula: it counts which unused token follows a number of
    /// tokens, and is measured on further sequences.
    fn counted_loss(context: usize) -> f64 {
        let mut stream = Repeats::new(11);
        let mut counts = vec![[0.0f64; N_TOKENS]; N_TOKENS];
        for (used, rank) in predictions(&mut stream, 20_000, context) {
            counts[used][rank.expect("a token that has not occurred")] += 1.0;
        }
        let test = predictions(&mut stream, 20_000, context);
        let loss = |&(used, rank): &(usize, Option<usize>)| {
            let row = &counts[used];
            -(row[rank.expect("a token that has not occurred")] / row.iter().sum::<f64>()).ln()
        };
        test.iter().map(loss).sum::<f64>() / test.len() as f64
    }

    #[test]
    fn the_first_block_is_predicted_by_excluding_used_tokens() {
        assert!((first_block_loss(periods(24)) - 2.743).abs() < 5e-4, "{}", first_block_loss(periods(24)));
        assert!((first_block_loss([3, 2]) - (2.0 * 23f64.ln() + 22f64.ln()) / 3.0).abs() < 1e-12);
        assert_eq!((first_block_loss([1]), first_block_loss([])), (0.0, 0.0));
        for context in [8, 24, 64] {
            let (formula, counted) = (first_block_loss(periods(context)), counted_loss(context));
            let words = format!("context {context}: {formula} by formula, {counted} counted");
            assert!((formula - counted).abs() < 0.01, "{words}");
        }
    }
}
