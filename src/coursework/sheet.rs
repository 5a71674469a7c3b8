//! The answer sheet of a student: every question with the first guess, all further attempts, and what was measured.

use crate::core::guess::{Guessed, Verdict};
use crate::core::schema::Values;
use crate::saved_runs::{DeviceUsed, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The maximum number of attempts that are kept for a question. The first one always stays.
const MAX_ATTEMPTS: usize = 50;
/// The maximum number of questions.
const MAX_ANSWERS: usize = 500;

/// The answers of one student to the questions of one lesson, or to any questions outside of a lesson.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AnswerSheet {
    /// The lesson.
    pub lesson: Option<LessonName>,
    /// The name or number of the student, if one was given.
    pub student: Option<String>,
    /// The answers, in the order of the first guesses.
    pub answers: Vec<Answered>,
}

/// The name of a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonName {
    /// The name in addresses and files.
    pub id: String,
    /// The title, if it is known.
    #[serde(default)]
    pub title: String,
}

/// The kind of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkKind {
    /// A question of a teacher.
    Question,
    /// A guided experiment.
    Experiment,
    /// The student's own code, which was checked.
    Code,
}

/// A question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name of the question: `rnn/forget-bias`.
    pub id: String,
    /// The section's slug.
    pub section: String,
    /// The kind.
    pub kind: WorkKind,
    /// The question, as the student reads it.
    pub question: String,
}

/// A question with all attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The name of the question.
    pub id: String,
    /// The section's slug.
    pub section: String,
    /// The kind.
    pub kind: WorkKind,
    /// The question, as the student read it.
    pub question: String,
    /// The attempts, in the order of time. The first one has the first guess.
    pub attempts: Vec<Attempt>,
}

/// One prediction, and what was measured after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// A random name, which two students do not share.
    pub id: String,
    /// The time of the prediction.
    pub time: Timestamp,
    /// The prediction; `None` for checked code.
    #[serde(default)]
    pub guess: Option<Guessed>,
    /// The result, once it is known.
    #[serde(default)]
    pub outcome: Option<Outcome>,
}

/// The result of an attempt, with everything that is needed to repeat its run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The time at which the result was there.
    pub time: Timestamp,
    /// The measured numbers, by name; `None` for one that is not finite.
    #[serde(default)]
    pub measured: BTreeMap<String, Option<f64>>,
    /// The measured curve, if a curve was predicted.
    #[serde(default)]
    pub curve: Option<Vec<(f64, Option<f64>)>>,
    /// The answer in words, one per seed.
    #[serde(default)]
    pub words: Vec<String>,
    /// The verdict on the prediction.
    #[serde(default)]
    pub verdict: Verdict,
    /// All settings of the run, by field name.
    #[serde(default)]
    pub settings: Values,
    /// The seed of the settings.
    #[serde(default)]
    pub seed: u64,
    /// The number of seeds.
    #[serde(default)]
    pub seeds: u32,
    /// The device, if a run was needed.
    #[serde(default)]
    pub device: Option<DeviceUsed>,
    /// The version of the lab.
    #[serde(default)]
    pub lab_version: String,
}

impl Outcome {
    /// Returns a result without measurements.
    pub fn at(time: Timestamp) -> Self {
        Self {
            time,
            measured: BTreeMap::new(),
            curve: None,
            words: Vec::new(),
            verdict: Verdict::default(),
            settings: Values::new(),
            seed: 0,
            seeds: 0,
            device: None,
            lab_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Returns true if something was measured. The verdict of a fixed key needs no measurement.
    pub fn is_measured(&self) -> bool {
        !self.measured.is_empty() || self.curve.is_some() || !self.words.is_empty()
    }
}

impl Answered {
    /// Returns the attempt that counts.
    pub fn first(&self) -> Option<&Attempt> {
        self.attempts.first()
    }

    /// Returns the latest attempt.
    pub fn last(&self) -> Option<&Attempt> {
        self.attempts.last()
    }
}

impl AnswerSheet {
    /// Returns the answers to a question.
    pub fn get(&self, id: &str) -> Option<&Answered> {
        self.answers.iter().find(|answered| answered.id == id)
    }

    /// Appends an attempt. Earlier ones stay.
    pub fn add(&mut self, asked: &Asked, attempt: Attempt) {
        if self.get(&asked.id).is_none() && self.answers.len() < MAX_ANSWERS {
            let Asked { id, section, kind, question } = asked.clone();
            self.answers.push(Answered { id, section, kind, question, attempts: Vec::new() });
        }
        if let Some(answered) = self.answers.iter_mut().find(|answered| answered.id == asked.id) {
            // A course system may have kept too little room for the text.
            if answered.question.is_empty() {
                answered.question.clone_from(&asked.question);
            }
            insert(&mut answered.attempts, attempt);
        }
    }

    /// Gives a result to all attempts of a question that have none yet, or none that was measured. `outcome` returns it for a
    /// prediction.
    pub fn settle(&mut self, id: &str, outcome: impl Fn(Option<&Guessed>) -> Outcome) {
        let answered = self.answers.iter_mut().find(|answered| answered.id == id);
        for attempt in answered.into_iter().flat_map(|answered| &mut answered.attempts) {
            if attempt.outcome.as_ref().is_none_or(|outcome| !outcome.is_measured()) {
                attempt.outcome = Some(outcome(attempt.guess.as_ref()));
            }
        }
    }

    /// Adds the answers of another sheet of the same student and lesson. An attempt that both have keeps its result.
    pub fn merge(&mut self, other: &Self) {
        if self.lesson.as_ref().is_none_or(|lesson| lesson.title.is_empty()) && other.lesson.is_some() {
            self.lesson.clone_from(&other.lesson);
        }
        if self.student.is_none() {
            self.student.clone_from(&other.student);
        }
        for Answered { id, section, kind, question, attempts } in &other.answers {
            let asked =
                Asked { id: id.clone(), section: section.clone(), kind: *kind, question: question.clone() };
            for attempt in attempts {
                self.add(&asked, attempt.clone());
            }
        }
    }

    /// Returns the name of the file for handing in: `nn-lab-answers-memory-ada-lovelace.json`.
    pub fn file_name(&self, now: Timestamp) -> String {
        let plain = |text: &str| {
            let text: String =
                text.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect();
            text.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-").to_lowercase()
        };
        let section = || self.answers.first().map(|answered| answered.section.clone());
        let what = self.lesson.as_ref().map(|lesson| lesson.id.clone()).or_else(section).unwrap_or_default();
        let who = self.student.as_deref().map(plain).filter(|name| !name.is_empty());
        let who = who.unwrap_or_else(|| now.in_file_name());
        ["nn-lab-answers", &what, &who]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join("-")
            + ".json"
    }
}

/// Puts an attempt among the others by its time.
fn insert(attempts: &mut Vec<Attempt>, attempt: Attempt) {
    if let Some(known) = attempts.iter_mut().find(|known| known.id == attempt.id) {
        // The result that can be repeated is the more complete one.
        let is_complete = |outcome: &Outcome| outcome.is_measured() && !outcome.settings.is_empty();
        if !known.outcome.as_ref().is_some_and(is_complete) {
            known.outcome = attempt.outcome.or(known.outcome.take());
        }
        return;
    }
    let at = attempts.partition_point(|known| known.time <= attempt.time);
    attempts.insert(at, attempt);
    if attempts.len() > MAX_ATTEMPTS {
        attempts.remove(1);
    }
}

#[cfg(test)]
mod tests {
    use crate::coursework::sheet::*;

    fn asked() -> Asked {
        Asked {
            id: "rnn/q1".to_owned(),
            section: "rnn".to_owned(),
            kind: WorkKind::Question,
            question: "How much?".to_owned(),
        }
    }

    fn attempt(id: &str, time: i64, guess: f64) -> Attempt {
        Attempt {
            id: id.to_owned(),
            time: Timestamp(time),
            guess: Some(Guessed::Number(guess)),
            outcome: None,
        }
    }

    fn outcome(guess: Option<&Guessed>) -> Outcome {
        let off = if let Some(Guessed::Number(number)) = guess { Some(*number) } else { None };
        let verdict = Verdict { off, ..Verdict::default() };
        Outcome { words: vec!["measured".to_owned()], verdict, ..Outcome::at(Timestamp(9)) }
    }

    #[test]
    fn the_first_guess_stays_the_first() {
        let mut sheet = AnswerSheet::default();
        for n in 0..80 {
            sheet.add(&asked(), attempt(&format!("a{n}"), n, n as f64));
        }
        let answered = sheet.get("rnn/q1").unwrap();
        assert_eq!((answered.attempts.len(), &*answered.first().unwrap().id), (MAX_ATTEMPTS, "a0"));
        assert_eq!(answered.last().unwrap().id, "a79");
    }

    #[test]
    fn a_result_belongs_to_every_attempt_that_waits_for_one() {
        let mut sheet = AnswerSheet::default();
        sheet.add(&asked(), attempt("a", 1, 0.25));
        sheet.add(&asked(), attempt("b", 2, 0.5));
        sheet.settle("rnn/q1", outcome);
        sheet.add(&asked(), attempt("c", 3, 0.75));
        let off = |attempt: &Attempt| attempt.outcome.as_ref().and_then(|outcome| outcome.verdict.off);
        let offs: Vec<_> = sheet.get("rnn/q1").unwrap().attempts.iter().map(off).collect();
        assert_eq!(offs, [Some(0.25), Some(0.5), None]);
    }

    #[test]
    fn sheets_of_two_frames_become_one() {
        let mut sheet = AnswerSheet::default();
        sheet.add(&asked(), attempt("b", 2, 0.5));
        let mut other = AnswerSheet { student: Some("Ada".to_owned()), ..AnswerSheet::default() };
        other.add(&asked(), attempt("a", 1, 0.25));
        other.add(&asked(), attempt("b", 2, 0.5));
        other.settle("rnn/q1", outcome);
        sheet.merge(&other);
        let answered = sheet.get("rnn/q1").unwrap();
        let known: Vec<_> = answered.attempts.iter().map(|one| (&*one.id, one.outcome.is_some())).collect();
        assert_eq!(known, [("a", true), ("b", true)]);
        assert_eq!(sheet.student.as_deref(), Some("Ada"));
        let before = sheet.clone();
        sheet.merge(&other);
        assert_eq!(sheet, before);
    }

    #[test]
    fn a_file_is_named_after_lesson_and_student() {
        let name = |lesson: Option<&str>, student: Option<&str>| {
            let lesson = lesson.map(|id| LessonName { id: id.to_owned(), title: String::new() });
            let sheet = AnswerSheet { lesson, student: student.map(str::to_owned), answers: Vec::new() };
            sheet.file_name(Timestamp(0))
        };
        assert_eq!(
            name(Some("memory"), Some("Ada  Lovelace/../")),
            "nn-lab-answers-memory-ada-lovelace.json"
        );
        assert_eq!(name(None, None), "nn-lab-answers-1970-01-01-000000.json");
    }
}
