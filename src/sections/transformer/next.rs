//! The next character: how a typed text is read, and how temperature and top-k change the model's prediction. Runs on the page.

/// The placeholder for characters that are too rare for a vocabulary. Defined in `data::text`, too, which the page does not
/// have.
const FOLDED: char = '\u{fffd}';

/// The characters of a text that a model reads, and those that it skips.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The last known characters, at most as many as the context.
    pub chars: String,
    /// Characters that the vocabulary lacks, each once, in the order of the text.
    pub unknown: Vec<char>,
    /// True if these are read as [`FOLDED`] instead of being skipped.
    pub folded: bool,
    /// The number of characters at the beginning that do not fit into the context.
    pub cut: usize,
    /// True if the text was empty and is replaced by a newline.
    pub empty: bool,
}

impl Reading {
    /// Reads a text with a model of this vocabulary and context.
    pub fn of(text: &str, vocabulary: &[char], context: usize) -> Self {
        let known = |c: char| vocabulary.binary_search(&c).is_ok();
        let folded = known(FOLDED);
        let mut unknown = Vec::new();
        for c in text.chars().filter(|&c| !known(c)) {
            if !unknown.contains(&c) {
                unknown.push(c);
            }
        }
        let mut chars: Vec<char> = text.chars().filter(|&c| folded || known(c)).collect();
        let empty = chars.is_empty() && known('\n');
        if empty {
            // As when writing without a prompt.
            chars.push('\n');
        }
        let cut = chars.len().saturating_sub(context);
        Self { chars: chars.into_iter().skip(cut).collect(), unknown, folded, cut, empty }
    }
}

/// Returns `softmax(logits / temperature)` over the `top_k` highest logits, and 0 for the others.
pub fn probabilities(logits: &[f32], temperature: f64, top_k: usize) -> Vec<f64> {
    let order = by_score(logits);
    let Some(highest) = order.first().and_then(|&id| logits.get(id)) else { return Vec::new() };
    let weight = |logit: f32| ((f64::from(logit) - f64::from(*highest)) / temperature.max(1e-3)).exp();
    let mut values = vec![0.0; logits.len()];
    for &id in order.iter().take(top_k.max(1)) {
        if let (Some(value), Some(&logit)) = (values.get_mut(id), logits.get(id)) {
            *value = weight(logit);
        }
    }
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
    values
}

/// Returns the ids of all characters, highest logit first.
pub fn by_score(logits: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let score = |id: &usize| logits.get(*id).copied().unwrap_or(f32::NEG_INFINITY);
    order.sort_by(|a, b| score(b).total_cmp(&score(a)));
    order
}

/// Returns the entropy in nats.
pub fn entropy(probabilities: &[f64]) -> f64 {
    probabilities.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_characters_are_reported() {
        let vocabulary = ['\n', 'a', 'b'];
        let read = Reading::of("aéabéx", &vocabulary, 2);
        assert_eq!(
            (read.chars.as_str(), read.unknown, read.cut, read.folded),
            ("ab", vec!['é', 'x'], 1, false)
        );
        let read = Reading::of("", &vocabulary, 2);
        assert_eq!((read.chars.as_str(), read.empty), ("\n", true));
        assert_eq!(Reading::of("é", &['a'], 2).chars, "");
        let read = Reading::of("aé", &['a', FOLDED], 4);
        assert_eq!((read.chars.as_str(), read.folded, read.unknown.len()), ("aé", true, 1));
    }

    #[test]
    fn temperature_sharpens_and_top_k_truncates() {
        let logits = [0.0, 2.0, 1.0, f32::NEG_INFINITY];
        let plain = probabilities(&logits, 1.0, 4);
        assert!((plain.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!((plain[1] / plain[2] - 1f64.exp()).abs() < 1e-9);
        assert!(probabilities(&logits, 0.1, 4)[1] > 0.9999 && probabilities(&logits, 2.0, 4)[1] < plain[1]);
        assert_eq!(probabilities(&logits, 1.0, 1), [0.0, 1.0, 0.0, 0.0]);
        assert!(probabilities(&[], 1.0, 3).is_empty() && entropy(&[1.0, 0.0]) == 0.0);
        assert!((entropy(&[0.5, 0.5]) - 2f64.ln()).abs() < 1e-12);
    }
}
