//! Characters as they are shown: blanks and line ends can be seen.

use yew::prelude::*;

/// A character for a label: what has no shape of its own gets a sign.
pub(super) fn visible(c: char) -> char {
    match c {
        ' ' => '␣',
        '\n' => '⏎',
        '\t' => '⇥',
        c if c.is_control() => '·',
        c => c,
    }
}

/// Labels for a window's characters.
pub(super) fn labels(window: &[char]) -> Vec<AttrValue> {
    window.iter().map(|&c| AttrValue::from(visible(c).to_string())).collect()
}

/// The name that a screen reader says.
pub(super) fn spoken(c: char) -> String {
    match c {
        ' ' => "blank".to_owned(),
        '\n' => "line end".to_owned(),
        c => c.to_string(),
    }
}
