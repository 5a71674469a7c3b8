//! The user's lines as the page shows them, and what a network makes of them.

use serde::{Deserialize, Serialize};

/// The description of the user's lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LineSet {
    /// The title of the data set.
    pub title: String,
    /// The characters in the order of their tokens, from 1; 0 pads.
    pub characters: Vec<char>,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The number of lines of each class to train on.
    pub train: Vec<u32>,
    /// The number of held-out lines of each class.
    pub test: Vec<u32>,
    /// Some held-out lines: their tokens, `[seq_len]`, and their class.
    pub shown: Vec<(Vec<u8>, u8)>,
}

impl LineSet {
    /// Returns the character of a token. Padding is a middle dot.
    pub fn name(&self, token: u8) -> char {
        let at = usize::from(token).checked_sub(1);
        at.map_or('·', |at| self.characters.get(at).copied().unwrap_or('\u{fffd}'))
    }

    /// Returns the name of a class.
    pub fn class(&self, class: usize) -> &str {
        self.classes.get(class).map(String::as_str).unwrap_or_default()
    }

    /// Returns the share of the most frequent class among held-out lines.
    pub fn largest_share(&self) -> Option<f64> {
        largest(&self.test)
    }

    /// Returns the share of the most frequent class among the lines to train on.
    pub fn largest_trained_share(&self) -> Option<f64> {
        largest(&self.train)
    }

    /// Returns the entropy of the classes to train on, in nats: the loss of a network that only knows how frequent they are.
    pub fn entropy(&self) -> Option<f64> {
        let total: u32 = self.train.iter().sum();
        let shares = self.train.iter().filter(|n| **n > 0).map(|n| f64::from(*n) / f64::from(total));
        (total > 0).then(|| shares.map(|share| -share * share.ln()).sum())
    }
}

fn largest(counts: &[u32]) -> Option<f64> {
    let total: u32 = counts.iter().sum();
    (total > 0).then(|| f64::from(counts.iter().copied().max().unwrap_or_default()) / f64::from(total))
}

/// The answers of a network for each of [`LineSet::shown`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// The number of training steps so far.
    pub step: u32,
    /// The number of lines.
    pub n_lines: u32,
    /// The number of classes.
    pub n_classes: u32,
    /// The probability of each class if the line ended at a position, `[n_lines, seq_len, n_classes]`.
    pub probabilities: Vec<f32>,
}

impl Answers {
    /// Returns the probabilities of one line, `[seq_len, n_classes]`, or an empty slice if there is no such line.
    pub fn line(&self, line: usize) -> &[f32] {
        let size = self.probabilities.len() / self.n_lines.max(1) as usize;
        self.probabilities.get(line * size..(line + 1) * size).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_names_of_lines() {
        let lines = LineSet {
            characters: vec!['a', '\u{fffd}'],
            classes: vec!["no".to_owned()],
            train: vec![3, 1],
            test: vec![1, 1],
            ..LineSet::default()
        };
        assert_eq!([0, 1, 2, 3].map(|token| lines.name(token)), ['·', 'a', '\u{fffd}', '\u{fffd}']);
        assert_eq!((lines.class(0), lines.class(1)), ("no", ""));
        assert_eq!((lines.largest_share(), lines.largest_trained_share()), (Some(0.5), Some(0.75)));
        let entropy = -0.75 * 0.75f64.ln() - 0.25 * 0.25f64.ln();
        assert!((lines.entropy().unwrap_or_default() - entropy).abs() < 1e-12);
        assert_eq!((LineSet::default().entropy(), LineSet::default().largest_share()), (None, None));
    }

    #[test]
    fn answers_are_split_by_line() {
        let probabilities = (0..12u8).map(f32::from).collect();
        let answers = Answers { step: 0, n_lines: 2, n_classes: 2, probabilities };
        assert_eq!(answers.line(1), [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
        assert!(answers.line(2).is_empty() && Answers::default().line(0).is_empty());
    }
}
