//! Induction heads: what is measured on sequences that repeat (Elhage et al. 2021; Olsson et al. 2022).
//!
//! At token t of a sequence of period p, the token t - p is the same one, and what follows is the token t - p + 1. An
//! induction head attends there. It can only do so where an earlier layer has told each position which token came before
//! it, so one layer is not enough.

use serde::{Deserialize, Serialize};

/// What was measured of every head, and of both parts of the sequences, after a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Induction {
    pub step: u32,
    /// Mean loss on the tokens of the first block, which nothing predicts, in nats.
    pub first: f32,
    /// Mean loss on the tokens after a token that has occurred before, in nats.
    pub second: f32,
    /// Mean attention to the token before, head by head and layer by layer.
    pub previous: Vec<f32>,
    /// Mean attention of the second half's queries to the tokens after earlier occurrences of their own.
    pub induction: Vec<f32>,
}

/// A head's score, and its number among the heads of all layers.
pub type Best = (usize, f32);

impl Induction {
    /// The head with the highest induction score.
    pub fn best_induction(&self) -> Option<Best> {
        best(&self.induction)
    }

    /// The head with the highest previous-token score.
    pub fn best_previous(&self) -> Option<Best> {
        best(&self.previous)
    }
}

fn best(scores: &[f32]) -> Option<Best> {
    scores.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Whether a query of the second half at position `query` finds its answer at `key`: the token after an earlier occurrence.
pub fn is_answer(query: usize, key: usize, period: usize) -> bool {
    query >= period && key <= query && key > 0 && (query + 1 - key).is_multiple_of(period.max(1))
}

/// Which part of a sequence the prediction after position `query` belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A token of the first block is predicted.
    First,
    /// The first token that repeats: nothing tells that the block is over.
    Turn,
    /// The token at `query` has occurred before, and so has what follows it.
    Second,
}

/// The part that a prediction belongs to.
pub fn part(query: usize, period: usize) -> Part {
    match query + 1 {
        target if target < period => Part::First,
        target if target == period => Part::Turn,
        _ => Part::Second,
    }
}

/// Means over all predictions of a part: `losses` has one row of `context` numbers for each period.
pub fn mean_loss(losses: &[f32], context: usize, periods: &[usize], wanted: Part) -> f32 {
    let (mut sum, mut count) = (0.0f64, 0u32);
    for (row, &period) in losses.chunks_exact(context.max(1)).zip(periods) {
        for (query, &loss) in row.iter().enumerate() {
            if part(query, period) == wanted {
                sum += f64::from(loss);
                count += 1;
            }
        }
    }
    (sum / f64::from(count.max(1))) as f32
}

/// The loss of a model that knows which tokens are in the block, but not their order: the mean of `ln p` over all
/// predictions of the second part.
pub fn order_unknown(context: usize, periods: &[usize]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for &period in periods {
        let n = context.saturating_sub(period) as f64;
        sum += n * (period.max(1) as f64).ln();
        count += n;
    }
    sum / f64::max(count, 1.0)
}

/// The step at which the loss on the second part first lay under half of what it was at first, and how many steps it took
/// from nine tenths of that to a half.
pub fn drop_of(second: &[(f64, f64)]) -> Option<(f64, f64)> {
    let start = second.first()?.1;
    let under = |share: f64| second.iter().find(|point| point.1 < share * start).map(|point| point.0);
    let half = under(0.5)?;
    Some((half, half - under(0.9).unwrap_or(half)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_after_earlier_occurrences() {
        // a b c a b c a: the query at 4 (b) is answered by position 2 (c); the one at 6 (a) by 1 and 4 (b).
        let answers = |query| (0..=query).filter(|&key| is_answer(query, key, 3)).collect::<Vec<_>>();
        assert_eq!((answers(2), answers(3), answers(4), answers(6)), (vec![], vec![1], vec![2], vec![1, 4]));
        assert_eq!(
            [0, 1, 2, 3].map(|query| part(query, 3)),
            [Part::First, Part::First, Part::Turn, Part::Second]
        );
    }

    #[test]
    fn losses_are_split_at_the_period() {
        let losses = [3.0, 3.0, 9.0, 1.0, 3.0, 9.0, 2.0, 2.0];
        assert_eq!(mean_loss(&losses, 4, &[3, 2], Part::First), 3.0);
        assert_eq!(mean_loss(&losses, 4, &[3, 2], Part::Second), 5.0 / 3.0);
        assert_eq!(mean_loss(&[], 4, &[], Part::Second), 0.0);
        assert!((order_unknown(4, &[3, 2]) - (3f64.ln() + 2.0 * 2f64.ln()) / 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_drop_is_found_where_there_is_one() {
        let curve = [(0.0, 4.0), (10.0, 3.9), (20.0, 3.5), (30.0, 1.0), (40.0, 0.5)];
        assert_eq!(drop_of(&curve), Some((30.0, 10.0)));
        assert_eq!(drop_of(&curve[..3]), None);
        assert_eq!(drop_of(&[]), None);
    }
}
