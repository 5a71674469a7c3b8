//! The order in which a training run visits its samples.

use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// Endless mini-batches. Every epoch is a new shuffle of all samples, determined by the seed, without those
/// that do not fill a batch.
///
/// Two networks that are compared take their batches from one `Batches`, so they see the same samples in the
/// same order.
#[derive(Debug)]
pub struct Batches {
    order: Vec<usize>,
    next: usize,
    batch_size: usize,
    rng: ChaCha12Rng,
}

impl Batches {
    /// Returns batches of `batch_size` of `n` samples, or of all samples if there are fewer.
    pub fn new(n: usize, batch_size: usize, seed: u64) -> Self {
        // The stream differs from the streams of the data and the weights, which have the same seed.
        let rng = ChaCha12Rng::seed_from_u64(seed ^ 0x0ba7_c4e5);
        Self { order: (0..n).collect(), next: n, batch_size: batch_size.clamp(1, n.max(1)), rng }
    }

    /// Returns the `batch_size` indices of the next batch. An incomplete batch at the end of an epoch is
    /// dropped.
    pub fn next_batch(&mut self) -> &[usize] {
        if self.next + self.batch_size > self.order.len() {
            self.shuffle();
            self.next = 0;
        }
        let start = self.next;
        self.next = (start + self.batch_size).min(self.order.len());
        &self.order[start..self.next]
    }

    /// Shuffles the samples (Fisher-Yates).
    fn shuffle(&mut self) {
        for last in (1..self.order.len()).rev() {
            let other = self.rng.random_range(0..=last);
            self.order.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::data::batches::*;

    #[test]
    fn an_epoch_of_whole_batches_sees_every_sample_once() {
        let mut batches = Batches::new(10, 5, 1);
        let mut seen: Vec<_> = batches.next_batch().to_vec();
        seen.extend_from_slice(batches.next_batch());
        let first = seen.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        let mut second: Vec<_> = batches.next_batch().to_vec();
        second.extend_from_slice(batches.next_batch());
        assert_ne!(first, second, "a new epoch is a new shuffle");
    }

    #[test]
    fn an_epoch_drops_the_samples_that_do_not_fill_a_batch() {
        let mut batches = Batches::new(10, 4, 1);
        let mut seen: Vec<_> = batches.next_batch().to_vec();
        seen.extend_from_slice(batches.next_batch());
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 8, "no sample occurs twice, and two are left out");
        assert_eq!(batches.next_batch().len(), 4, "the next epoch starts with a whole batch");
    }

    #[test]
    fn small_and_empty_sets_give_small_and_empty_batches() {
        assert_eq!(Batches::new(3, 64, 1).next_batch().len(), 3);
        assert!(Batches::new(0, 4, 1).next_batch().is_empty());
    }
}
