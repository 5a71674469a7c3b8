//! One sequence through a net, position by position: what the drawing of the cells shows.

use super::{Alphabet, Config};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// A quantity that every unit of a cell has at every position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its symbol, before the index t.
    pub symbol: &'static str,
    pub title: &'static str,
    pub kind: PartKind,
}

/// Which values a quantity takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// From 0 to 1: how far it is open.
    Gate,
    /// From -1 to 1.
    Squashed,
    /// Any number.
    Free,
}

/// What an RNN has, in the order of its [`Trace`].
pub const RNN_PARTS: [Part; 2] = [
    Part { symbol: "a", title: "pre-activation", kind: PartKind::Free },
    Part { symbol: "h", title: "hidden state", kind: PartKind::Squashed },
];

/// What an LSTM has.
pub const LSTM_PARTS: [Part; 6] = [
    Part { symbol: "f", title: "forget gate", kind: PartKind::Gate },
    Part { symbol: "i", title: "input gate", kind: PartKind::Gate },
    Part { symbol: "g", title: "candidate", kind: PartKind::Squashed },
    Part { symbol: "o", title: "output gate", kind: PartKind::Gate },
    Part { symbol: "c", title: "cell state", kind: PartKind::Free },
    Part { symbol: "h", title: "hidden state", kind: PartKind::Squashed },
];

/// More units than these are not sent: they could not be told apart.
pub const MAX_UNITS: usize = 64;

/// A net's gates and states along one sequence that it is not trained on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The training steps that the net has done.
    pub step: u32,
    /// The token at each position.
    pub tokens: Vec<u8>,
    /// How many units the net has.
    pub d_hidden: u32,
    /// `[seq_len, units]` of each part, for the first [`MAX_UNITS`] units.
    pub parts: Vec<Rc<Vec<f32>>>,
    /// Of each part one number a position, over all units: the mean of a gate, the root mean square of anything else.
    pub sizes: Vec<Vec<f32>>,
    /// `[seq_len, n_classes]`: the probability of each class, had the sequence ended here.
    pub answers: Vec<f32>,
}

impl Trace {
    /// Puts together what was read of a net: `[seq_len, d_hidden]` of each part, in the order of its kinds.
    pub fn new(
        parts: &'static [Part],
        d_hidden: usize,
        tokens: Vec<u8>,
        read: &[Vec<f32>],
        answers: Vec<f32>,
    ) -> Self {
        let width = d_hidden.max(1);
        let shown = |values: &Vec<f32>| {
            let rows = values.chunks_exact(width).flat_map(|row| row.iter().take(MAX_UNITS).copied());
            Rc::new(rows.collect::<Vec<f32>>())
        };
        let size = |(part, values): (&Part, &Vec<f32>)| {
            values.chunks_exact(width).map(|row| size(part.kind, row)).collect::<Vec<f32>>()
        };
        Self {
            step: 0,
            tokens,
            d_hidden: d_hidden as u32,
            parts: read.iter().map(shown).collect(),
            sizes: parts.iter().zip(read).map(size).collect(),
            answers,
        }
    }

    /// Positions in the sequence.
    pub fn seq_len(&self) -> usize {
        self.tokens.len()
    }

    /// Units that are drawn.
    pub fn units(&self) -> usize {
        (self.d_hidden as usize).min(MAX_UNITS)
    }

    /// The values of a part's units at a position; nothing where there is no such position.
    pub fn at(&self, part: usize, t: usize) -> &[f32] {
        let units = self.units();
        self.parts.get(part).and_then(|values| values.get(t * units..(t + 1) * units)).unwrap_or_default()
    }

    /// The one number that stands for a part at a position.
    pub fn size(&self, part: usize, t: usize) -> Option<f32> {
        self.sizes.get(part)?.get(t).copied()
    }

    /// The probabilities of the classes, had the sequence ended at a position.
    pub fn answer(&self, t: usize) -> &[f32] {
        let n_classes = self.answers.len() / self.tokens.len().max(1);
        self.answers.get(t * n_classes..(t + 1) * n_classes).unwrap_or_default()
    }

    /// The probability of the class of the first token, at every position.
    pub fn right(&self) -> Vec<f32> {
        let label = usize::from(self.tokens.first().copied().unwrap_or_default());
        let at = |t| self.answer(t).get(label).copied().unwrap_or(f32::NAN);
        (0..self.seq_len()).map(at).collect()
    }
}

fn size(kind: PartKind, row: &[f32]) -> f32 {
    let n = row.len().max(1) as f32;
    match kind {
        PartKind::Gate => row.iter().sum::<f32>() / n,
        PartKind::Squashed | PartKind::Free => (row.iter().map(|v| v * v).sum::<f32>() / n).sqrt(),
    }
}

/// What a token is called: capital letters name the classes, small ones are noise.
pub fn token_name(config: &Config, token: u8) -> char {
    let first = if u32::from(token) < config.n_classes || config.alphabet == Alphabet::Shared {
        b'A'.saturating_add(token)
    } else {
        b'a'.saturating_add((u32::from(token) - config.n_classes) as u8)
    };
    char::from(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_keeps_the_first_units_and_the_size_of_all() {
        let d_hidden = MAX_UNITS + 2;
        let gate: Vec<f32> = (0..2 * d_hidden).map(|at| if at < d_hidden { 0.25 } else { 0.5 }).collect();
        let mut state = vec![0.0; 2 * d_hidden];
        (state[0], state[2 * d_hidden - 1]) = (3.0, 4.0);
        let read = [&LSTM_PARTS[0], &LSTM_PARTS[4]].map(|part| part.kind);
        assert_eq!(read, [PartKind::Gate, PartKind::Free]);
        let trace = Trace::new(&RNN_PARTS, d_hidden, vec![1, 5], &[state, gate], vec![0.9, 0.1, 0.2, 0.8]);
        assert_eq!((trace.seq_len(), trace.units()), (2, MAX_UNITS));
        assert_eq!((trace.at(0, 0)[0], trace.at(0, 1).len(), trace.at(0, 2).len()), (3.0, MAX_UNITS, 0));
        // The last unit of the second position is not sent, but it counts.
        let rms = |value: f32| (value * value / d_hidden as f32).sqrt();
        assert_eq!((trace.size(0, 0), trace.size(0, 1)), (Some(rms(3.0)), Some(rms(4.0))));
        assert_eq!(trace.right(), [0.1, 0.8]);
        assert_eq!((trace.answer(1), trace.answer(2).len(), trace.size(2, 0)), (&[0.2, 0.8][..], 0, None));
        assert_eq!(Trace::default().right(), Vec::<f32>::new());
    }

    #[test]
    fn small_letters_are_noise() {
        let separate = Config::default();
        assert_eq!([0, 1, 2, 9].map(|token| token_name(&separate, token)), ['A', 'B', 'a', 'h']);
        let shared = Config { alphabet: Alphabet::Shared, n_classes: 8, ..Config::default() };
        assert_eq!(token_name(&shared, 7), 'H');
    }
}
