//! Lists of whole numbers that say in full what two other settings say in short.

use crate::core::settings::{Kind, Param};
use serde_json::{Map, Value};

/// A list of whole numbers that says more exactly what two other settings say in short: so many, each so large. While it
/// has numbers, the two follow it; setting one of the two empties it.
#[derive(Debug, PartialEq)]
pub struct IntList {
    /// The least and the greatest that each number may be.
    pub min: u32,
    pub max: u32,
    /// How many there may be.
    pub most: u32,
    /// The setting that says how many there are.
    pub count: &'static str,
    /// The setting that says how large each is, or the largest of them.
    pub largest: &'static str,
}

impl IntList {
    /// Numbers with commas or spaces between them, also in the brackets that a file has around them.
    pub(super) fn read(&self, key: &str, shown: &str, text: &str) -> (Option<Value>, Option<String>) {
        let inner = text.trim_start_matches('[').trim_end_matches(']');
        let parts: Vec<&str> = inner.split([',', ' ']).filter(|part| !part.is_empty()).collect();
        let numbers: Option<Vec<f64>> =
            parts.iter().map(|part| part.parse().ok().filter(|number: &f64| !number.is_nan())).collect();
        let Some(numbers) = numbers else {
            let why = format!("{key}={shown} is not a list of whole numbers; it was ignored.");
            return (None, Some(why));
        };
        let (least, greatest) = (f64::from(self.min), f64::from(self.max));
        let taken: Vec<f64> = numbers
            .iter()
            .take(self.most as usize)
            .map(|number| number.clamp(least, greatest).round())
            .collect();
        let values = taken.iter().map(|&number| Value::from(number as u64)).collect();
        let warning = (taken != numbers).then(|| {
            let written: Vec<_> = taken.iter().map(f64::to_string).collect();
            format!(
                "{key}={shown} was set to {}: it takes at most {} whole numbers from {least} to {greatest}.",
                written.join(","),
                self.most
            )
        });
        (Some(Value::Array(values)), warning)
    }
}

/// Brings lists of sizes and the settings that say the same in short into agreement, after some were set.
pub(in crate::core) fn sync_linked(
    params: &[Param],
    map: &mut Map<String, Value>,
    is_set: &dyn Fn(&str) -> bool,
) {
    for param in params {
        let Kind::IntList(sizes) = param.kind else { continue };
        if !is_set(param.key) && (is_set(sizes.count) || is_set(sizes.largest)) {
            map.insert(param.key.to_owned(), Value::Array(Vec::new()));
        }
        let Some(Value::Array(list)) = map.get(param.key) else { continue };
        if let Some(largest) = list.iter().filter_map(Value::as_u64).max() {
            let count = list.len() as u64;
            map.insert(sizes.count.to_owned(), count.into());
            map.insert(sizes.largest.to_owned(), largest.into());
        }
    }
}

/// The settings that change together with this one, where a list of sizes is among them: who may not change one may change
/// none.
pub fn linked_keys(params: &[Param], key: &str) -> Option<[&'static str; 3]> {
    let mut groups = params.iter().filter_map(|param| match param.kind {
        Kind::IntList(sizes) => Some([param.key, sizes.count, sizes.largest]),
        _ => None,
    });
    groups.find(|group| group.contains(&key))
}

/// Whether a setting follows from a list of sizes, and need not be said beside it.
pub(in crate::core) fn is_implied(params: &[Param], map: &Map<String, Value>, key: &str) -> bool {
    params.iter().any(|param| match (param.kind, map.get(param.key)) {
        (Kind::IntList(sizes), Some(Value::Array(list))) => {
            !list.is_empty() && (sizes.count == key || sizes.largest == key)
        }
        _ => false,
    })
}
