//! A student's progress in a lesson: the state of each question, and the score so far.

use crate::assignment::{Guess, Question};
use crate::core::guess::{Feedback, Grade, Measured, Verdict, grade};
use crate::coursework::lesson::Item;
use crate::coursework::sheet::{AnswerSheet, Asked, Attempt, WorkKind};
use serde::Serialize;

/// An item of a lesson that asks for an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The question, as an answer sheet has it.
    pub asked: Asked,
    /// The question of the teacher; `None` for a guided experiment.
    pub question: Option<Question>,
}

/// The state of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// The item asks for no answer.
    Reading,
    /// There is no answer yet.
    Open,
    /// There is an answer, whose verdict is not known yet or not shown.
    Answered,
    /// The first answer is right.
    Right,
    /// The first answer is right for some seeds.
    Partly,
    /// The first answer is wrong.
    Wrong,
    /// There is an answer and a measurement, but no right answer is known.
    NotGraded,
}

impl StepState {
    /// Returns the name in the page's hooks.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Right => "right",
            Self::Partly => "partly",
            Self::Wrong => "wrong",
            Self::NotGraded => "not-graded",
        }
    }

    /// Returns the words for the state.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reading => "no question",
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Right => "right",
            Self::Partly => "partly right",
            Self::Wrong => "wrong",
            Self::NotGraded => "not graded",
        }
    }
}

/// The progress in a lesson, as messages have it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Progress {
    /// The number of questions with an answer.
    pub answered: usize,
    /// The number of questions.
    pub items: usize,
    /// The sum of the scores of the first answers, divided by the number of graded questions; `None` before the first one is
    /// graded, and if none is.
    pub score: Option<f64>,
    /// True if every question has its result, or an answer if it needs no run.
    pub done: bool,
}

impl Task {
    /// Returns the task of an item, if it asks for an answer.
    ///
    /// `experiment` returns the question of a guided experiment of the item's section by its name.
    pub fn of(item: &Item, experiment: impl Fn(&str) -> Option<&'static str>) -> Option<Self> {
        let asked = item.asked(experiment)?;
        let question = item.question().filter(|_| asked.kind == WorkKind::Question);
        let is_read_only = question.as_ref().is_some_and(|question| question.guess == Guess::None);
        (!is_read_only).then_some(Self { asked, question })
    }

    /// Returns true if an answer is complete without a run.
    fn needs_no_run(&self) -> bool {
        self.question.as_ref().is_some_and(|question| {
            let is_known = question.key.as_ref().is_some_and(|key| key.is_fixed());
            question.metrics.is_empty() || is_known && question.feedback != Feedback::AfterRun
        })
    }

    fn first<'a>(&self, sheet: &'a AnswerSheet) -> Option<&'a Attempt> {
        sheet.get(&self.asked.id).and_then(|answered| answered.first())
    }

    /// Returns the verdict on an attempt, once it is known.
    fn verdict(&self, attempt: &Attempt) -> Option<Verdict> {
        if let Some(outcome) = &attempt.outcome {
            return Some(outcome.verdict.clone());
        }
        let key = self.question.as_ref().and_then(|question| question.key.as_ref());
        let guess = attempt.guess.as_ref().filter(|_| self.needs_no_run())?;
        Some(grade(key, guess, Measured::default()))
    }

    /// Returns the state of the task.
    pub fn state(&self, sheet: &AnswerSheet) -> StepState {
        let Some(first) = self.first(sheet) else { return StepState::Open };
        let feedback = self.question.as_ref().map(|question| question.feedback);
        let is_early = first.outcome.is_none() && feedback == Some(Feedback::AfterRun);
        if feedback == Some(Feedback::None) || is_early {
            return StepState::Answered;
        }
        match self.verdict(first).map(|verdict| verdict.grade) {
            None => StepState::Answered,
            Some(Grade::Right) => StepState::Right,
            Some(Grade::Partly) => StepState::Partly,
            Some(Grade::Wrong) => StepState::Wrong,
            Some(Grade::Open) => StepState::NotGraded,
        }
    }

    /// Returns true if the question has a key and the measurement did not leave the verdict open.
    fn is_graded(&self, verdict: Option<&Verdict>) -> bool {
        let has_key = self.question.as_ref().is_none_or(|question| question.key.is_some());
        has_key && verdict.is_none_or(|verdict| verdict.score.is_some())
    }
}

impl Progress {
    /// Returns the progress of a student in a lesson with these tasks.
    pub fn of(tasks: &[Task], sheet: &AnswerSheet) -> Self {
        let firsts: Vec<Option<&Attempt>> = tasks.iter().map(|task| task.first(sheet)).collect();
        let is_settled = |(task, first): (&Task, &Option<&Attempt>)| {
            first.is_some_and(|first| first.outcome.is_some() || task.needs_no_run())
        };
        let (mut scores, mut graded) = (Vec::new(), 0);
        for (task, first) in tasks.iter().zip(&firsts) {
            let verdict = first.and_then(|first| task.verdict(first));
            if task.is_graded(verdict.as_ref()) {
                graded += 1;
                scores.extend(verdict.and_then(|verdict| verdict.score));
            }
        }
        let score = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / f64::from(graded));
        Self {
            answered: firsts.iter().flatten().count(),
            items: tasks.len(),
            score,
            done: tasks.iter().zip(&firsts).all(is_settled),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::core::guess::Guessed;
    use crate::coursework::lesson::Lesson;
    use crate::coursework::progress::*;
    use crate::saved_runs::Timestamp;

    const LESSON: &str = r#"{"schema": "nn-lab/lesson", "schema_version": 1, "id": "memory", "title": "Memory", "items": [
        {"id": "read", "panel": "rnn", "keys": {"ask": "Read this."}},
        {"id": "q1", "panel": "rnn", "keys": {"ask": "How much?", "ask_guess": "number", "ask_metric": "accuracy_rnn", "ask_answer": "measured"}},
        {"id": "q2", "panel": "rnn", "keys": {"ask": "Which?", "ask_guess": "choice", "ask_options": "RNN|LSTM", "ask_answer": "LSTM", "ask_feedback": "now"}},
        {"id": "q3", "panel": "rnn", "keys": {"ask": "Why?", "ask_guess": "choice", "ask_options": "a|b"}},
        {"id": "q4", "panel": "rnn", "keys": {"experiment": "forget-bias"}}
    ]}"#;

    fn tasks() -> Vec<Task> {
        let known = |name: &str| (name == "forget-bias").then_some("Does it matter?");
        Lesson::read(LESSON).unwrap().items.iter().filter_map(|item| Task::of(item, known)).collect()
    }

    fn answer(sheet: &mut AnswerSheet, task: &Task, guess: Guessed, verdict: Option<Grade>) {
        let id = format!("{}-{}", task.asked.id, sheet.answers.len());
        let json = serde_json::json!({"id": id, "time": "2026-11-30T19:50:00.000Z", "guess": guess});
        let mut attempt: Attempt = serde_json::from_value(json).unwrap();
        attempt.outcome = verdict.map(|grade| {
            let score = match grade {
                Grade::Right => Some(1.0),
                Grade::Partly => Some(0.5),
                Grade::Wrong => Some(0.0),
                Grade::Open => None,
            };
            serde_json::from_value(serde_json::json!({
                "time": Timestamp(9), "verdict": {"result": grade, "score": score}
            }))
            .unwrap()
        });
        sheet.add(&task.asked, attempt);
    }

    #[test]
    fn a_lesson_is_done_once_every_question_has_its_result() {
        let tasks = tasks();
        let names: Vec<&str> = tasks.iter().map(|task| &*task.asked.id).collect();
        assert_eq!(names, ["rnn/q1", "rnn/q2", "rnn/q3", "rnn/forget-bias"]);
        let mut sheet = AnswerSheet::default();
        let progress = |sheet: &AnswerSheet| {
            let Progress { answered, score, done, .. } = Progress::of(&tasks, sheet);
            (answered, score, done)
        };
        let state = |at: usize, sheet: &AnswerSheet| tasks[at].state(sheet);
        assert_eq!((progress(&sheet), state(0, &sheet)), ((0, None, false), StepState::Open));
        answer(&mut sheet, &tasks[0], Guessed::Number(0.5), None);
        assert_eq!((progress(&sheet), state(0, &sheet)), ((1, None, false), StepState::Answered));
        // The right answer needs no run, and is one of three with a key.
        answer(&mut sheet, &tasks[1], Guessed::Choice("LSTM".to_owned()), None);
        assert_eq!((progress(&sheet), state(1, &sheet)), ((2, Some(1.0 / 3.0), false), StepState::Right));
        answer(&mut sheet, &tasks[2], Guessed::Choice("a".to_owned()), None);
        assert_eq!((progress(&sheet).0, state(2, &sheet)), (3, StepState::Answered));
        answer(&mut sheet, &tasks[3], Guessed::Choice("yes".to_owned()), Some(Grade::Partly));
        assert_eq!((progress(&sheet), state(3, &sheet)), ((4, Some(0.5), false), StepState::Partly));
        sheet.settle("rnn/q1", |_| {
            serde_json::from_str(
                r#"{"time": "2026-11-30T19:51:00.000Z", "verdict": {"result": "wrong", "score": 0.0}}"#,
            )
            .unwrap()
        });
        assert_eq!((progress(&sheet), state(0, &sheet)), ((4, Some(0.5), true), StepState::Wrong));
    }

    #[test]
    fn a_lesson_without_questions_has_nothing_to_do() {
        let progress = Progress::of(&[], &AnswerSheet::default());
        assert_eq!((progress.items, progress.score, progress.done), (0, None, true));
    }
}
