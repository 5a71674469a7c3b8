//! The gates and states of a network along one sequence, for the drawing of the cells.

use super::{Alphabet, Config};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// A quantity that every unit has at every position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its symbol, without the index t.
    pub symbol: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Its range.
    pub kind: PartKind,
    /// Its name on a gate of the diagram, and the verb that says what it does to the cell.
    pub role: [&'static str; 2],
}

/// The range of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// From 0 (closed) to 1 (open).
    Gate,
    /// From -1 to 1.
    Squashed,
    /// Any number.
    Free,
}

/// The quantities of an RNN, in the order of its [`Trace`].
pub const RNN_PARTS: [Part; 2] = [
    Part { symbol: "a", title: "pre-activation", kind: PartKind::Free, role: ["", ""] },
    Part { symbol: "h", title: "hidden state", kind: PartKind::Squashed, role: ["", ""] },
];

/// The quantities of an LSTM, in the order of its [`Trace`].
pub const LSTM_PARTS: [Part; 6] = [
    Part { symbol: "f", title: "forget gate", kind: PartKind::Gate, role: ["forget", "keep"] },
    Part { symbol: "i", title: "input gate", kind: PartKind::Gate, role: ["input", "write"] },
    Part { symbol: "g", title: "candidate", kind: PartKind::Squashed, role: ["candidate", "propose"] },
    Part { symbol: "o", title: "output gate", kind: PartKind::Gate, role: ["output", "read"] },
    Part { symbol: "c", title: "cell state", kind: PartKind::Free, role: ["", ""] },
    Part { symbol: "h", title: "hidden state", kind: PartKind::Squashed, role: ["", ""] },
];

/// The index of the forget gate among [`LSTM_PARTS`].
const FORGET_GATE: usize = 0;

/// The maximum number of units that are sent; more could not be distinguished.
pub const MAX_UNITS: usize = 64;

/// The gates and states of a network along one held-out sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// The number of training steps so far.
    pub step: u32,
    /// The token at each position.
    pub tokens: Vec<u8>,
    /// The number of units in the network.
    pub d_hidden: u32,
    /// The first [`MAX_UNITS`] units of each part, `[seq_len, units]`.
    pub parts: Vec<Rc<Vec<f32>>>,
    /// One number per part and position, over all units: the mean of a gate, the root mean square otherwise.
    pub sizes: Vec<Vec<f32>>,
    /// The probability of each class if the sequence ended at a position, `[seq_len, n_classes]`.
    pub answers: Vec<f32>,
}

impl Trace {
    /// Returns a trace of the values of each part.
    ///
    /// # Shapes
    /// `read`: `[seq_len, d_hidden]` for each of `parts`, `answers`: `[seq_len, n_classes]`.
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

    /// Returns the number of positions in the sequence.
    pub fn seq_len(&self) -> usize {
        self.tokens.len()
    }

    /// Returns the number of units that are drawn.
    pub fn units(&self) -> usize {
        (self.d_hidden as usize).min(MAX_UNITS)
    }

    /// Returns the values of a part's units at a position, or an empty slice if there is no such position.
    pub fn at(&self, part: usize, t: usize) -> &[f32] {
        let units = self.units();
        self.parts.get(part).and_then(|values| values.get(t * units..(t + 1) * units)).unwrap_or_default()
    }

    /// Returns the mean or root mean square of a part at a position.
    pub fn size(&self, part: usize, t: usize) -> Option<f32> {
        self.sizes.get(part)?.get(t).copied()
    }

    /// Returns the fraction of a change in the cell at the first position that is left at the last, along the direct path: the
    /// product of the forget gates, for each unit that is sent. Only an LSTM's trace has them.
    pub fn kept(&self) -> Vec<f64> {
        let product = |unit: usize| {
            let gates = (1..self.seq_len()).filter_map(|t| self.at(FORGET_GATE, t).get(unit));
            gates.map(|gate| f64::from(*gate)).product()
        };
        (0..self.units()).map(product).collect()
    }

    /// Returns the probabilities of the classes if the sequence ended at a position.
    pub fn answer(&self, t: usize) -> &[f32] {
        let n_classes = self.answers.len() / self.tokens.len().max(1);
        self.answers.get(t * n_classes..(t + 1) * n_classes).unwrap_or_default()
    }

    /// Returns the probability of a class, at every position.
    pub fn probability(&self, class: usize) -> Vec<f32> {
        (0..self.seq_len()).map(|t| self.answer(t).get(class).copied().unwrap_or(f32::NAN)).collect()
    }
}

fn size(kind: PartKind, row: &[f32]) -> f32 {
    let n = row.len().max(1) as f32;
    match kind {
        PartKind::Gate => row.iter().sum::<f32>() / n,
        PartKind::Squashed | PartKind::Free => (row.iter().map(|v| v * v).sum::<f32>() / n).sqrt(),
    }
}

/// Returns the name of a token in the task of recall: capital letters are classes, lowercase letters are noise.
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
    fn a_trace_keeps_the_first_units_and_the_size_over_all() {
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
        assert_eq!(trace.probability(1), [0.1, 0.8]);
        assert_eq!((trace.answer(1), trace.answer(2).len(), trace.size(2, 0)), (&[0.2, 0.8][..], 0, None));
        assert_eq!(Trace::default().probability(0), Vec::<f32>::new());
    }

    #[test]
    fn lowercase_letters_are_noise() {
        let separate = Config::default();
        assert_eq!([0, 1, 2, 9].map(|token| token_name(&separate, token)), ['A', 'B', 'a', 'h']);
        let shared = Config { alphabet: Alphabet::Shared, n_classes: 8, ..Config::default() };
        assert_eq!(token_name(&shared, 7), 'H');
    }
}
