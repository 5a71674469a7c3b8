//! Guided experiments that were finished: what was asked, predicted and measured, and the file that they are handed in as.

use crate::saved_runs::run_record::{DeviceUsed, exact, json, lines};
use crate::saved_runs::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What tells such a file from other JSON.
pub const SCHEMA: &str = "nn-lab/experiments";
/// The version of the file's form.
pub const SCHEMA_VERSION: u64 = 1;
/// As many are kept: more than there are experiments, so that only a damaged list is cut.
const MOST: usize = 200;

/// One experiment, as it came out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub section: String,
    pub experiment: String,
    pub question: String,
    /// A number, the words of a choice, or points of a curve.
    pub prediction: Value,
    pub answers: Vec<SeedAnswer>,
    /// All settings of the run, by the names of the fields.
    pub config: Map<String, Value>,
    pub device: Option<DeviceUsed>,
    pub finished: Timestamp,
    pub lab_version: String,
}

/// What was measured with one seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedAnswer {
    pub seed: u64,
    pub words: String,
    /// The numbers that the words rest on.
    pub numbers: BTreeMap<String, f32>,
}

/// Puts an experiment in the place of its earlier outcome, or at the end.
pub fn add(list: &mut Vec<Finished>, finished: Finished) {
    list.retain(|other| (&other.section, &other.experiment) != (&finished.section, &finished.experiment));
    list.push(finished);
    let extra = list.len().saturating_sub(MOST);
    list.drain(..extra);
}

/// The file's text: one experiment a line.
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

/// Reads such a text, stored earlier; what cannot be read is none.
pub fn read(text: &str) -> Vec<Finished> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let is_ours = value.get("schema").and_then(Value::as_str) == Some(SCHEMA)
        && value.get("schema_version").and_then(Value::as_u64) == Some(SCHEMA_VERSION);
    let list = value.get("experiments").filter(|_| is_ours).and_then(Value::as_array);
    let each = list.into_iter().flatten().take(MOST).cloned();
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
    fn an_experiment_done_again_takes_the_place_of_its_first_outcome() {
        let mut list = Vec::new();
        ["a", "b"].iter().for_each(|name| add(&mut list, finished(name, "no")));
        add(&mut list, finished("a", "yes"));
        let names: Vec<_> = list.iter().map(|one| (&*one.experiment, &*one.answers[0].words)).collect();
        assert_eq!(names, [("b", "no"), ("a", "yes")]);
        assert_eq!(read(&to_json(&list)), list);
    }

    proptest! {
        #[test]
        fn whatever_is_stored_some_list_comes_of_it(text in ".*", at in 0..400usize) {
            read(&text);
            let mut good = to_json(&[finished("a", &text)]);
            prop_assert_eq!(read(&good).len(), 1);
            good.truncate(good.floor_char_boundary(at));
            read(&good);
        }
    }
}
