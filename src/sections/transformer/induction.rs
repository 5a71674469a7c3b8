//! Induction heads: measurements on repeating sequences (Elhage et al. 2021; Olsson et al. 2022).
//!
//! In a sequence of period p, token t equals token t - p, so the next token equals token t - p + 1. An induction head does two
//! things (Olsson et al. 2022): it attends to that position (prefix matching), and it raises the logit of the token there
//! (copying). It needs an earlier layer that writes the previous token to each position, so one layer is not enough.
//!
//! The first `period` tokens are the first block. All later ones are the repeats.

use crate::core::findings::first_x;
use serde::{Deserialize, Serialize};

/// The attention scores of every head, and the losses on both parts of the sequences, after a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Induction {
    /// The number of training steps so far.
    pub step: u32,
    /// Mean loss on the tokens of the first block, in nats. Its minimum is
    /// [`first_block_loss`](crate::data::repeats::first_block_loss).
    pub first: f32,
    /// Mean loss on the repeats, without the first repeated token, in nats.
    pub second: f32,
    /// The previous-token score of each head, layer by layer: mean attention to the previous token.
    pub previous: Vec<f32>,
    /// The prefix-matching score of each head: mean attention of queries in the repeats to the tokens after earlier occurrences
    /// of the query's token.
    pub induction: Vec<f32>,
}

/// The two scores that an induction head needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeadScores {
    /// The index of the head among the heads of all layers.
    pub head: usize,
    /// Mean attention of queries in the repeats to the tokens after earlier occurrences of the query's token.
    pub prefix: f64,
    /// The fraction of predictions in the repeats for which the head raises the logits of the tokens that it attends to above
    /// the mean over all tokens.
    pub copying: f64,
}

/// The number of distinct tokens. Defined in `data::repeats`, too, which the page does not have.
pub const N_TOKENS: u32 = 24;
/// A head with a prefix-matching score above this attends as an induction head does.
pub const PREFIX_SCORE: f32 = 0.4;
/// A head with a copying score above this copies; a random head has about 0.5.
pub const COPYING_SCORE: f32 = 0.75;

impl HeadScores {
    /// Returns true if both scores are those of an induction head.
    pub fn is_induction_head(self) -> bool {
        self.prefix > f64::from(PREFIX_SCORE) && self.copying > f64::from(COPYING_SCORE)
    }
}

/// The index of a head among the heads of all layers, and its score.
pub type Best = (usize, f32);

impl Induction {
    /// Returns the head with the highest prefix-matching score.
    pub fn best_induction(&self) -> Option<Best> {
        best(&self.induction)
    }

    /// Returns the head with the highest previous-token score.
    pub fn best_previous(&self) -> Option<Best> {
        best(&self.previous)
    }
}

fn best(scores: &[f32]) -> Option<Best> {
    scores.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Returns true if `key` follows an earlier occurrence of the token at `query`, a position in the repeats.
pub fn is_answer(query: usize, key: usize, period: usize) -> bool {
    query >= period && key <= query && key > 0 && (query + 1 - key).is_multiple_of(period.max(1))
}

/// The part of a sequence that a prediction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A token of the first block is predicted.
    First,
    /// The first repeated token: the model cannot know that the block ends here.
    Turn,
    /// The query's token has occurred before, and so has the next token.
    Second,
}

/// Returns the part of the prediction after position `query`.
pub fn part(query: usize, period: usize) -> Part {
    match query + 1 {
        target if target < period => Part::First,
        target if target == period => Part::Turn,
        _ => Part::Second,
    }
}

/// Returns the mean loss over all predictions of a part.
///
/// # Shapes
/// `losses`: `[n, context]`, `periods`: `[n]`.
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

/// Returns the loss of a model that knows the tokens of the block but not their order: the mean of `ln p` over all predictions
/// of [`Part::Second`].
pub fn order_unknown(context: usize, periods: &[usize]) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for &period in periods {
        let n = context.saturating_sub(period) as f64;
        sum += n * (period.max(1) as f64).ln();
        count += n;
    }
    sum / f64::max(count, 1.0)
}

/// Returns the first step at which the loss on the repeats is below half of its initial value, and the number of steps
/// from 90% to 50%.
pub fn drop_of(second: &[(f64, f64)]) -> Option<(f64, f64)> {
    let start = second.first()?.1;
    let under = |share: f64| first_x(second, |loss| loss < share * start);
    let half = under(0.5)?;
    Some((half, half - under(0.9).unwrap_or(half)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_follow_earlier_occurrences() {
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
    fn a_drop_is_found_if_there_is_one() {
        let curve = [(0.0, 4.0), (10.0, 3.9), (20.0, 3.5), (30.0, 1.0), (40.0, 0.5)];
        assert_eq!(drop_of(&curve), Some((30.0, 10.0)));
        assert_eq!(drop_of(&curve[..3]), None);
        assert_eq!(drop_of(&[]), None);
    }
}
