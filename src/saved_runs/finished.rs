//! Finished guided experiments as version 0.2 stored and saved them. Answer sheets have taken their place.

use crate::saved_runs::run_record::DeviceUsed;
use crate::saved_runs::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The `schema` field that identifies such a file.
pub const SCHEMA: &str = "nn-lab/experiments";
/// The version of the file format.
pub const SCHEMA_VERSION: u64 = 1;
/// The maximum length of the list. It exceeds the number of experiments, so that only a damaged list is cut.
const MAX_FINISHED: usize = 200;

/// One experiment and its result.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Finished {
    /// The section's slug.
    pub section: String,
    /// The experiment's slug.
    pub experiment: String,
    /// The question, as the student read it.
    pub question: String,
    /// The prediction: a number, the words of a choice, or the points of a curve.
    pub prediction: Value,
    /// The answers, one per seed.
    pub answers: Vec<SeedAnswer>,
    /// All settings of the run, by field name.
    pub config: Map<String, Value>,
    /// The device, if a run was needed.
    pub device: Option<DeviceUsed>,
    /// The time at which the experiment was finished.
    pub finished: Timestamp,
    /// The version of the lab.
    pub lab_version: String,
}

/// The answer that one seed gives.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SeedAnswer {
    /// The seed.
    pub seed: u64,
    /// The answer in words.
    pub words: String,
    /// The numbers that the words quote.
    pub numbers: BTreeMap<String, f32>,
}

/// Reads such a file, or what the browser has stored. Skips unreadable entries.
pub fn read(text: &str) -> Vec<Finished> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let is_ours = value.get("schema").and_then(Value::as_str) == Some(SCHEMA)
        && value.get("schema_version").and_then(Value::as_u64) == Some(SCHEMA_VERSION);
    let list = value.get("experiments").filter(|_| is_ours).and_then(Value::as_array);
    let each = list.into_iter().flatten().take(MAX_FINISHED).cloned();
    each.filter_map(|one| serde_json::from_value(one).ok()).collect()
}

#[cfg(test)]
mod tests {
    use crate::saved_runs::finished::*;
    use proptest::prelude::*;

    /// A file as version 0.2 wrote it.
    const FILE: &str = r#"{
  "schema": "nn-lab/experiments",
  "schema_version": 1,
  "experiments": [
    {"section":"rnn","experiment":"a","question":"Does it?","prediction":"yes","answers":[{"seed":1,"words":"No.","numbers":{"loss":0.25}}],"config":{"seed":1},"device":null,"finished":"1970-01-01T00:00:00.000Z","lab_version":"0.2.0"},
    {"section":"rnn"}
  ]
}
"#;

    #[test]
    fn unreadable_entries_are_skipped() {
        let list = read(FILE);
        let [one] = &*list else { panic!("{list:?}") };
        assert_eq!((&*one.experiment, &*one.answers[0].words), ("a", "No."));
    }

    proptest! {
        #[test]
        fn no_stored_text_panics(text in ".*", at in 0..FILE.len()) {
            read(&text);
            read(&FILE[..FILE.floor_char_boundary(at)]);
        }
    }
}
