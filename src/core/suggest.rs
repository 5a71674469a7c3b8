//! Sentences about names that do not exist, with the name that was probably meant.

use crate::core::query::shorten;

/// Longer words are not compared: they are no misspelled names.
const MAX_CHARS: usize = 40;

/// A list of known names is part of a sentence if it has at most this many.
const MAX_LISTED: usize = 12;

/// Returns the known name that a word was probably meant to be, if there is one: one that contains the word,
/// or one that differs in at most a third of its characters. Case does not count, and neither does `-` for
/// `_`.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.trim().to_lowercase().replace('-', "_");
    let word = plain(word);
    let count = word.chars().count();
    if !(1..=MAX_CHARS).contains(&count) {
        return None;
    }
    let rank = |name: &'a str| {
        let other = plain(name);
        let distance = strsim::osa_distance(&word, &other);
        let is_near = distance <= (count.max(other.chars().count()) / 3).max(1) && distance < count;
        let order = if distance == 0 {
            0
        } else if count >= 3 && other.contains(&word) {
            1
        } else if is_near {
            2
        } else if other.chars().count() >= 3 && word.contains(&other) {
            3
        } else {
            return None;
        };
        Some((order, distance, name))
    };
    known
        .into_iter()
        .filter_map(rank)
        .min_by_key(|(order, distance, _)| (*order, *distance))
        .map(|found| found.2)
}

/// Returns the sentences about a name that does not exist. `what` says of what kind it is, with `{}` for the
/// name: `setting {} to lock`. The known names are listed if they are few, or if none is similar.
pub fn no_such(what: &str, word: &str, known: &[&str]) -> String {
    let mut words = format!("There is no {}.", what.replace("{}", &format!("“{}”", shorten(word))));
    let near = nearest(word, known.iter().copied());
    if let Some(near) = near {
        words += &format!(" Did you mean “{near}”?");
    }
    let max_listed = if near.is_some() { 4 } else { MAX_LISTED };
    if (1..=max_listed).contains(&known.len()) {
        words += &format!(" Known: {}.", known.join(", "));
    }
    words
}

#[cfg(test)]
mod tests {
    use crate::core::suggest::*;
    use proptest::prelude::*;

    #[test]
    fn a_misspelled_name_is_recognized() {
        const NAMES: &[&str] = &["depth", "width", "seq_len", "learning_rate", "webgpu", "cpu", "mlp", "cnn"];
        for (word, meant) in [
            ("depht", Some("depth")),
            ("Depth", Some("depth")),
            ("seq-len", Some("seq_len")),
            ("seqlen", Some("seq_len")),
            ("lerning_rate", Some("learning_rate")),
            ("rate", Some("learning_rate")),
            ("gpu", Some("webgpu")),
            ("mpl", Some("mlp")),
            ("x", None),
            ("nope", None),
            ("", None),
            ("utm_source", None),
        ] {
            assert_eq!(nearest(word, NAMES.iter().copied()), meant, "{word}");
        }
    }

    #[test]
    fn known_names_are_listed_if_they_are_few() {
        let known = ["auto", "webgpu", "cpu"];
        assert_eq!(
            no_such("device {}", "toaster", &known),
            "There is no device “toaster”. Known: auto, webgpu, cpu."
        );
        assert_eq!(
            no_such("setting {} to lock", "depht", &["a", "b", "c", "d", "depth"]),
            "There is no setting “depht” to lock. Did you mean “depth”?"
        );
        assert_eq!(no_such("preset {}", "x", &[]), "There is no preset “x”.");
    }

    proptest! {
        #[test]
        fn a_suggestion_is_a_known_name(word in ".{0,50}", known in prop::collection::vec("[a-z_]{1,12}", 0..9)) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let near = nearest(&word, known.iter().copied());
            prop_assert!(near.is_none_or(|near| known.contains(&near)));
        }
    }
}
