//! A list of integers that gives in full what two other settings give in short: a count and a maximum.

use serde_json::Value;

/// A list of integers, linked to a setting with its length and a setting with its maximum. While the list has
/// numbers, both follow it; setting either of them empties the list.
#[derive(Debug, PartialEq)]
pub struct IntList {
    /// The minimum of each number.
    pub min: u32,
    /// The maximum of each number.
    pub max: u32,
    /// The maximum length of the list.
    pub max_len: u32,
    /// The key of the setting that holds the length of the list.
    pub count_key: &'static str,
    /// The key of the setting that holds the largest number.
    pub largest_key: &'static str,
}

impl IntList {
    /// Reads numbers separated by commas or spaces, with or without the brackets that JSON adds. Returns the
    /// list, if the text is one, and a warning if the list differs from the text.
    pub(super) fn read(&self, key: &str, shown: &str, text: &str) -> (Option<Value>, Option<String>) {
        let inner = text.trim_start_matches('[').trim_end_matches(']');
        let parts: Vec<&str> = inner.split([',', ' ']).filter(|part| !part.is_empty()).collect();
        let numbers: Option<Vec<f64>> =
            parts.iter().map(|part| part.parse().ok().filter(|number: &f64| !number.is_nan())).collect();
        let Some(numbers) = numbers else {
            let why = format!("{key}={shown} is not a list of whole numbers; it was ignored.");
            return (None, Some(why));
        };
        let (min, max) = (f64::from(self.min), f64::from(self.max));
        let taken: Vec<f64> =
            numbers.iter().take(self.max_len as usize).map(|number| number.clamp(min, max).round()).collect();
        let values = taken.iter().map(|&number| Value::from(number as u64)).collect();
        let warning = (taken != numbers).then(|| {
            let written: Vec<_> = taken.iter().map(f64::to_string).collect();
            format!(
                "{key}={shown} was set to {}: it takes at most {} whole numbers from {min} to {max}.",
                written.join(","),
                self.max_len
            )
        });
        (Some(Value::Array(values)), warning)
    }
}
