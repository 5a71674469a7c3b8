//! Finished guided experiments: question, prediction and measurements, and the file in which a student hands
//! them in.

use crate::saved_runs::run_record::{DeviceUsed, exact, json, lines};
use crate::saved_runs::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The `schema` field that identifies such a file.
pub const SCHEMA: &str = "nn-lab/experiments";
/// The version of the file format.
pub const SCHEMA_VERSION: u64 = 1;
/// The maximum length of the list. It exceeds the number of experiments, so that only a damaged list is cut.
const MAX_FINISHED: usize = 200;

/// One experiment and its result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedAnswer {
    /// The seed.
    pub seed: u64,
    /// The answer in words.
    pub words: String,
    /// The numbers that the words quote.
    pub numbers: BTreeMap<String, f32>,
}

/// Appends an experiment, and removes its earlier result.
pub fn add(list: &mut Vec<Finished>, finished: Finished) {
    list.retain(|other| (&other.section, &other.experiment) != (&finished.section, &finished.experiment));
    list.push(finished);
    let extra = list.len().saturating_sub(MAX_FINISHED);
    list.drain(..extra);
}

/// Returns the text of the file, with one line per experiment.
pub fn to_json(list: &[Finished]) -> String {
    let exactly = |finished: &Finished| {
        let config = finished.config.iter().map(|(key, value)| (key.clone(), exact(value))).collect();
        Finished { config, ..finished.clone() }
    };
    let experiments: Vec<Finished> = list.iter().map(exactly).collect();
    format!(
        "{{\n  \"schema\": {},\n  \"schema_version\": {SCHEMA_VERSION},\n  \"experiments\": {}\n}}\n",
        json(SCHEMA),
        lines(&experiments)
    )
}

/// Reads a text that was stored earlier. Skips unreadable entries.
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

    fn finished(experiment: &str, words: &str) -> Finished {
        Finished {
            section: "rnn".to_owned(),
            experiment: experiment.to_owned(),
            question: "Does it?".to_owned(),
            prediction: Value::from("yes"),
            answers: vec![SeedAnswer {
                seed: 1,
                words: words.to_owned(),
                numbers: BTreeMap::from_iter([("loss".to_owned(), 0.25)]),
            }],
            config: Map::from_iter([("seed".to_owned(), 1.into())]),
            device: None,
            finished: Timestamp(0),
            lab_version: "0.1.0".to_owned(),
        }
    }

    #[test]
    fn a_repeated_experiment_replaces_its_earlier_result() {
        let mut list = Vec::new();
        ["a", "b"].iter().for_each(|name| add(&mut list, finished(name, "no")));
        add(&mut list, finished("a", "yes"));
        let names: Vec<_> = list.iter().map(|one| (&*one.experiment, &*one.answers[0].words)).collect();
        assert_eq!(names, [("b", "no"), ("a", "yes")]);
        assert_eq!(read(&to_json(&list)), list);
    }

    proptest! {
        #[test]
        fn no_stored_text_panics(text in ".*", at in 0..400usize) {
            read(&text);
            let mut good = to_json(&[finished("a", &text)]);
            prop_assert_eq!(read(&good).len(), 1);
            good.truncate(good.floor_char_boundary(at));
            read(&good);
        }
    }
}
