//! The file of an answer sheet, and the older files that count as one.

use crate::core::guess::{Grade, Guessed, Verdict};
use crate::core::query::shorten;
use crate::coursework::sheet::{AnswerSheet, Answered, Asked, Attempt, LessonName, Outcome, WorkKind};
use crate::saved_runs::import::check_memory;
use crate::saved_runs::run_record::{exact, json, lines};
use crate::saved_runs::{Finished, RunRecord, Timestamp, finished};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use thiserror::Error;

/// The `schema` field that identifies such a file.
pub const SCHEMA: &str = "nn-lab/answers";
/// The version of the file format.
pub const SCHEMA_VERSION: u64 = 1;
/// The maximum length of a file in bytes. A sheet of a hundred questions needs less than a tenth of it.
pub const MAX_BYTES: usize = 16_000_000;
const MAX_CHARS: usize = 2000;
const MAX_POINTS: usize = 5000;

/// The reason a file is not read as an answer sheet. Texts from the file are shortened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SheetError {
    /// The file has more than [`MAX_BYTES`] bytes.
    #[error("it has {:.1} MB, and a file of answers has at most {} MB", *.0 as f64 / 1e6, MAX_BYTES / 1_000_000)]
    TooLong(usize),
    /// The file would take many times its bytes in memory.
    #[error("it has too much in it for a file of answers")]
    TooMuch,
    /// The file is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// The file has another schema.
    #[error("it is not a file of answers: its schema is {0}")]
    OtherSchema(String),
    /// The file has a newer version.
    #[error(
        "it was written by a newer version of the lab (schema version {0}); reload the page to get the newest version"
    )]
    Newer(String),
    /// The file is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

/// The part of a file next to the answers.
#[derive(Deserialize, Serialize)]
struct Head {
    #[serde(default)]
    lesson: Option<LessonName>,
    #[serde(default)]
    student: Option<String>,
    answers: Vec<Answered>,
}

impl AnswerSheet {
    /// Returns the text of the file, with one line per question.
    pub fn to_json(&self, now: Timestamp) -> String {
        let answers: Vec<Answered> = self.answers.iter().map(exactly).collect();
        format!(
            "{{\n  \"schema\": {},\n  \"schema_version\": {SCHEMA_VERSION},\n  \"lab_version\": {},\n  \"lesson\": {},\n  \"student\": {},\n  \"saved\": {},\n  \"answers\": {}\n}}\n",
            json(SCHEMA),
            json(env!("CARGO_PKG_VERSION")),
            json(&self.lesson),
            json(&self.student),
            json(&now),
            lines(&answers)
        )
    }

    /// Returns the object of the file, as messages have it.
    pub fn to_value(&self, now: Timestamp) -> Value {
        serde_json::from_str(&self.to_json(now)).unwrap_or_default()
    }

    /// Reads a file of answers, a file of finished experiments from an older version, or a run that the check of a student's
    /// code wrote.
    ///
    /// # Errors
    ///
    /// Fails if the text is too long, is none of these files, or is damaged.
    pub fn read(text: &str) -> Result<Self, SheetError> {
        if text.len() > MAX_BYTES {
            return Err(SheetError::TooLong(text.len()));
        }
        check_memory(text).map_err(|_| SheetError::TooMuch)?;
        let text = text.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(SheetError::NotJson("it is empty".to_owned()));
        }
        let value: Value =
            serde_json::from_str(text).map_err(|error| SheetError::NotJson(error.to_string()))?;
        let schema = value.get("schema").and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = value.get("schema_version").and_then(Value::as_u64);
        let is_newer = version.is_some_and(|version| version > SCHEMA_VERSION);
        match schema.as_str() {
            SCHEMA | finished::SCHEMA | crate::saved_runs::run_record::SCHEMA if is_newer => {
                Err(SheetError::Newer(version.map_or_else(String::new, |version| version.to_string())))
            }
            SCHEMA if version == Some(SCHEMA_VERSION) => Self::from_value(value),
            finished::SCHEMA => Ok(of_experiments(&finished::read(text))),
            crate::saved_runs::run_record::SCHEMA => of_checked_run(value),
            SCHEMA => Err(SheetError::Damaged("it has no schema version".to_owned())),
            "" => Err(SheetError::OtherSchema("missing".to_owned())),
            other => Err(SheetError::OtherSchema(format!("\"{}\"", shorten(other)))),
        }
    }

    /// Reads the object of a sheet, such as one in a message.
    ///
    /// # Errors
    ///
    /// Fails if the object is damaged.
    pub fn from_value(value: Value) -> Result<Self, SheetError> {
        let head: Head =
            serde_json::from_value(value).map_err(|error| SheetError::Damaged(error.to_string()))?;
        let Head { lesson, student, answers } = head;
        let cut = |text: &str| -> String {
            text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect::<String>().trim().to_owned()
        };
        let mut sheet = Self {
            lesson: lesson.map(|LessonName { id, title }| LessonName { id: cut(&id), title: cut(&title) }),
            student: student.map(|name| cut(&name)).filter(|name| !name.is_empty()),
            answers: Vec::new(),
        };
        for Answered { id, section, kind, question, attempts } in answers {
            let asked = Asked { id: cut(&id), section: cut(&section), kind, question: cut(&question) };
            if sheet.get(&asked.id).is_some() {
                return Err(SheetError::Damaged(format!(
                    "the question \"{}\" is in it twice",
                    shorten(&asked.id)
                )));
            }
            for attempt in attempts {
                check(&attempt)?;
                sheet.add(&asked, attempt);
            }
        }
        Ok(sheet)
    }
}

/// Fails if an attempt has texts or curves that no lab writes.
fn check(attempt: &Attempt) -> Result<(), SheetError> {
    let damaged = |what: &str| Err(SheetError::Damaged(format!("{what} in it is too long")));
    let points = match &attempt.guess {
        Some(Guessed::Curve(points)) => points.len(),
        _ => 0,
    };
    let measured = attempt.outcome.as_ref().and_then(|outcome| outcome.curve.as_ref()).map_or(0, Vec::len);
    if points.max(measured) > MAX_POINTS {
        return damaged("a curve");
    }
    let words = match &attempt.guess {
        Some(Guessed::Choice(words)) => words.chars().count(),
        _ => 0,
    };
    if words.max(attempt.id.chars().count()) > MAX_CHARS {
        return damaged("a text");
    }
    Ok(())
}

/// Returns the answers with settings that a JSON reader returns to the last digit.
fn exactly(answered: &Answered) -> Answered {
    let mut answered = answered.clone();
    for outcome in answered.attempts.iter_mut().filter_map(|attempt| attempt.outcome.as_mut()) {
        outcome.settings = outcome.settings.iter().map(|(key, value)| (key.clone(), exact(value))).collect();
        for number in outcome.measured.values_mut() {
            *number = number.filter(|number| number.is_finite());
        }
    }
    answered
}

/// Returns the sheet of experiments that an older version of the lab has finished. Their verdicts are not known as data.
pub fn of_experiments(list: &[Finished]) -> AnswerSheet {
    let mut sheet = AnswerSheet::default();
    for one in list {
        let guess = match &one.prediction {
            Value::Number(number) => number.as_f64().map(Guessed::Number),
            Value::String(words) => Some(Guessed::Choice(words.clone())),
            points => serde_json::from_value(points.clone()).ok().map(Guessed::Curve),
        };
        let first = one.answers.first();
        let measured = first.map_or_else(BTreeMap::new, |answer| {
            answer.numbers.iter().map(|(name, number)| (name.clone(), Some(f64::from(*number)))).collect()
        });
        let asked = Asked {
            id: format!("{}/{}", one.section, one.experiment),
            section: one.section.clone(),
            kind: WorkKind::Experiment,
            question: one.question.clone(),
        };
        let outcome = Outcome {
            time: one.finished,
            measured,
            curve: None,
            words: one.answers.iter().map(|answer| answer.words.clone()).collect(),
            verdict: Verdict { seeds: one.answers.len(), ..Verdict::default() },
            settings: one.config.clone(),
            seed: first.map_or(0, |answer| answer.seed),
            seeds: one.answers.len() as u32,
            device: one.device.clone(),
            lab_version: one.lab_version.clone(),
        };
        let id = format!("{}-{}-{}", one.section, one.experiment, one.finished.0);
        sheet.add(&asked, Attempt { id, time: one.finished, guess, outcome: Some(outcome) });
    }
    sheet
}

/// The result of a check of one network, as `static/code/check.py` writes it.
#[derive(Deserialize)]
struct CheckedNet {
    #[serde(default, rename = "task")]
    name: String,
    #[serde(default)]
    agrees: bool,
}

#[derive(Deserialize)]
struct Checked {
    #[serde(default)]
    file: String,
    #[serde(default)]
    results: Vec<CheckedNet>,
}

/// Returns the sheet of a run that the check of a student's code wrote.
fn of_checked_run(mut value: Value) -> Result<AnswerSheet, SheetError> {
    let Some(checked) = value.get_mut("checked").map(Value::take) else {
        return Err(SheetError::OtherSchema(
            "that of a saved run, which answers no question; the chapter of runs opens it".to_owned(),
        ));
    };
    let damaged = |error: serde_json::Error| SheetError::Damaged(error.to_string());
    let checked: Checked = serde_json::from_value(checked).map_err(damaged)?;
    let run: RunRecord = serde_json::from_value(value).map_err(damaged)?;
    let (all, good) = (checked.results.len(), checked.results.iter().filter(|net| net.agrees).count());
    let grade = match good {
        _ if all == 0 => Grade::Open,
        good if good == all => Grade::Right,
        0 => Grade::Wrong,
        _ => Grade::Partly,
    };
    let words = |net: &CheckedNet| {
        format!("{}: {}", shorten(&net.name), if net.agrees { "agrees" } else { "differs" })
    };
    let asked = Asked {
        id: format!("{}/code", run.section),
        section: run.section.clone(),
        kind: WorkKind::Code,
        question: format!("Own code: {}", shorten(&checked.file)),
    };
    let outcome = Outcome {
        time: run.finished,
        measured: BTreeMap::new(),
        curve: None,
        words: checked.results.iter().map(words).collect(),
        verdict: Verdict {
            grade,
            score: (all > 0).then(|| good as f64 / all as f64),
            seeds: 1,
            ..Verdict::default()
        },
        seed: run.config.get("seed").and_then(Value::as_u64).unwrap_or_default(),
        settings: run.config,
        seeds: 1,
        device: None,
        lab_version: run.lab_version,
    };
    let mut sheet = AnswerSheet::default();
    let id = format!("code-{}", run.finished.0);
    sheet.add(&asked, Attempt { id, time: run.finished, guess: None, outcome: Some(outcome) });
    Ok(sheet)
}
