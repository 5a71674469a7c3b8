//! The display of characters, with visible signs for whitespace.

use yew::prelude::*;

/// Returns a visible sign for whitespace and control characters, and other characters unchanged.
pub(super) fn visible(c: char) -> char {
    match c {
        ' ' => '␣',
        '\n' => '⏎',
        '\t' => '⇥',
        c if c.is_control() => '·',
        c => c,
    }
}

/// Returns labels for the characters of a window.
pub(super) fn labels(window: &[char]) -> Vec<AttrValue> {
    window.iter().map(|&c| AttrValue::from(visible(c).to_string())).collect()
}

/// Returns the name of a character for screen readers.
pub(super) fn spoken(c: char) -> String {
    match c {
        ' ' => "space".to_owned(),
        '\n' => "newline".to_owned(),
        c => c.to_string(),
    }
}
