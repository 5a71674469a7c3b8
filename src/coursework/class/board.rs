//! The table of a class: students by questions.

use crate::assignment::{Guess, Question};
use crate::core::guess::{Grade, Guessed, Verdict};
use crate::core::guided::Prediction;
use crate::core::query::Query;
use crate::coursework::class::catalog::SectionInfo;
use crate::coursework::class::grading::{differences, graded};
use crate::coursework::class::roster::Class;
use crate::coursework::lesson::Item;
use crate::coursework::sheet::{AnswerSheet, Answered, Attempt, WorkKind};
use std::cmp::Ordering;

/// The maximum number of questions in a table.
const MAX_COLUMNS: usize = 200;

/// The kind of the predictions of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// Numbers.
    Number,
    /// One of these answers.
    Choice(Vec<String>),
    /// Curves over the run.
    Curve,
    /// Checked code, which has no prediction.
    Code,
}

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name of the question.
    pub id: String,
    /// The section.
    pub section: String,
    /// The kind of the question.
    pub kind: WorkKind,
    /// The question in words.
    pub question: String,
    /// The kind of its predictions.
    pub form: Form,
    /// The measured numbers that answer it; if empty, all that were measured.
    pub metrics: Vec<String>,
    /// True if answers have a score.
    pub has_score: bool,
    /// The item of the lesson.
    pub item: Option<Item>,
    /// The question of the lesson, with its key.
    asked: Option<Question>,
}

/// An attempt with its verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    /// The attempt.
    pub attempt: Attempt,
    /// The verdict by the key of the lesson, or else the one in the file.
    pub verdict: Verdict,
    /// The settings that differ from those of the lesson.
    pub differences: Query,
}

/// The answers of a student to a question. There is at least one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The question as the student read it.
    pub question: String,
    /// The first attempt, which counts.
    pub first: Graded,
    /// The further attempts.
    pub further: Vec<Graded>,
}

impl Cell {
    /// Returns all attempts.
    pub fn attempts(&self) -> impl Iterator<Item = &Graded> {
        std::iter::once(&self.first).chain(&self.further)
    }
}

/// A student.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The number of the file in the class.
    pub id: u64,
    /// The name, which no other row has.
    pub name: String,
    /// The name of the file.
    pub file: String,
    /// The lesson of the file.
    pub lesson: Option<String>,
    /// The answers, one per column.
    pub cells: Vec<Option<Cell>>,
    /// The sum of the scores.
    pub score: f64,
}

/// A file that belongs to another lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// The number of the file in the class.
    pub id: u64,
    /// The name of the student.
    pub name: String,
    /// The name of the file.
    pub file: String,
    /// The lesson of the file.
    pub lesson: String,
}

/// The order of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// As the files came.
    #[default]
    Files,
    /// By name.
    Name,
    /// By the total score.
    Total,
    /// By the score and the first guess of a question.
    Question(String),
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// The questions.
    pub columns: Vec<Column>,
    /// The students.
    pub rows: Vec<Row>,
    /// The maximum total score.
    pub max: f64,
    /// Files of other lessons.
    pub misfits: Vec<Misfit>,
    /// The number of answers to questions that are not in the lesson.
    pub foreign_answers: usize,
}

impl Board {
    /// Returns the table of a class.
    pub fn new(class: &Class, sections: &[SectionInfo]) -> Self {
        let lesson = class.lesson.as_ref().map(|(lesson, _)| &**lesson);
        let names = class.names();
        let name_of = |id: u64| names.get(&id).cloned().unwrap_or_default();
        let lesson_of = |sheet: &AnswerSheet| sheet.lesson.as_ref().map(|lesson| lesson.id.clone());
        let (fitting, others): (Vec<_>, Vec<_>) = class.entries.iter().partition(|entry| {
            let of_file = lesson_of(&entry.sheet);
            lesson.is_none_or(|lesson| of_file.is_none_or(|id| id == lesson.id))
        });
        let sheets: Vec<&AnswerSheet> = fitting.iter().map(|entry| &*entry.sheet).collect();
        let mut columns = match lesson {
            Some(lesson) => lesson.items.iter().filter_map(|item| of_item(item, sections)).collect(),
            None => of_sheets(&sheets, sections),
        };
        let mut rows: Vec<Row> = Vec::new();
        let mut foreign_answers = 0;
        for entry in fitting {
            let cells: Vec<Option<Cell>> =
                columns.iter().map(|column| cell(column, &entry.sheet, sections)).collect();
            let is_asked = |answered: &&Answered| columns.iter().any(|column| column.id == answered.id);
            foreign_answers +=
                entry.sheet.answers.len() - entry.sheet.answers.iter().filter(is_asked).count();
            rows.push(Row {
                id: entry.id,
                name: name_of(entry.id),
                file: entry.file.clone(),
                lesson: lesson_of(&entry.sheet),
                score: cells.iter().flatten().filter_map(|cell| cell.first.verdict.score).sum(),
                cells,
            });
        }
        for (at, column) in columns.iter_mut().enumerate() {
            let cells = || rows.iter().filter_map(|row| row.cells.get(at)?.as_ref());
            column.has_score |= cells().any(|cell| cell.first.verdict.score.is_some());
            if column.item.is_none() && column.form == Form::Choice(Vec::new()) {
                column.form = Form::Choice(options_of(cells()));
            }
        }
        let misfit = |entry: &crate::coursework::class::roster::Entry| Misfit {
            id: entry.id,
            name: name_of(entry.id),
            file: entry.file.clone(),
            lesson: lesson_of(&entry.sheet).unwrap_or_default(),
        };
        Self {
            max: columns.iter().filter(|column| column.has_score).count() as f64,
            misfits: others.into_iter().map(misfit).collect(),
            columns,
            rows,
            foreign_answers,
        }
    }

    /// Returns the index of a column.
    pub fn column(&self, id: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.id == id)
    }

    /// Returns the rows in an order.
    pub fn sorted(&self, sort: &Sort, descending: bool) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        let by_name = |a: &Row, b: &Row| a.name.to_lowercase().cmp(&b.name.to_lowercase());
        let at = match sort {
            Sort::Question(id) => self.column(id),
            _ => None,
        };
        let cell = |row: &Row| at.and_then(|at| row.cells.get(at)).and_then(Option::as_ref).cloned();
        rows.sort_by(|a, b| {
            let order = match sort {
                Sort::Files => Ordering::Equal,
                Sort::Name => by_name(a, b),
                Sort::Total => a.score.total_cmp(&b.score),
                // Students without an answer come last in both orders.
                Sort::Question(_) => match (cell(a), cell(b)) {
                    (Some(a), Some(b)) => by_answer(&a, &b),
                    (a, b) => return b.is_some().cmp(&a.is_some()).then(Ordering::Equal),
                },
            };
            if descending { order.reverse() } else { order }
        });
        rows
    }
}

fn by_answer(a: &Cell, b: &Cell) -> Ordering {
    let score = |cell: &Cell| cell.first.verdict.score.unwrap_or(-1.0);
    let guess = |cell: &Cell| match &cell.first.attempt.guess {
        Some(Guessed::Number(number)) => (*number, String::new()),
        Some(Guessed::Choice(words)) => (0.0, words.clone()),
        _ => (cell.first.verdict.off.unwrap_or(0.0), String::new()),
    };
    let ((number_a, words_a), (number_b, words_b)) = (guess(a), guess(b));
    score(a)
        .total_cmp(&score(b))
        .then_with(|| number_a.total_cmp(&number_b))
        .then_with(|| words_a.cmp(&words_b))
}

fn cell(column: &Column, sheet: &AnswerSheet, sections: &[SectionInfo]) -> Option<Cell> {
    let answered = sheet.get(&column.id)?;
    let section = SectionInfo::find(sections, &answered.section);
    let of_attempt = |attempt: &Attempt| {
        // The key of the lesson takes precedence over the file, also over one without a prediction.
        let verdict = match &column.asked {
            Some(question) => graded(question, attempt),
            None => attempt.outcome.as_ref().map(|outcome| outcome.verdict.clone()),
        };
        let differences = match (section, &column.item, &attempt.outcome) {
            (Some(section), Some(item), Some(outcome)) => differences(section, item, &outcome.settings),
            _ => Query::default(),
        };
        Graded { attempt: attempt.clone(), verdict: checked(verdict.unwrap_or_default()), differences }
    };
    let (first, further) = answered.attempts.split_first()?;
    Some(Cell {
        question: answered.question.clone(),
        first: of_attempt(first),
        further: further.iter().map(of_attempt).collect(),
    })
}

/// Returns a verdict from a file with a score from 0 to 1.
fn checked(verdict: Verdict) -> Verdict {
    let score = verdict.score.filter(|score| (0.0..=1.0).contains(score));
    Verdict { score: score.filter(|_| verdict.grade != Grade::Open), ..verdict }
}

/// Returns the column of an item of a lesson. A reading has none.
fn of_item(item: &Item, sections: &[SectionInfo]) -> Option<Column> {
    let section = SectionInfo::find(sections, &item.panel);
    let info = |name: &str| section.and_then(|section| section.experiment(name)).map(|(_, info)| info);
    let asked = item.asked(|name| info(name).map(|info| info.question))?;
    let own = item.question().filter(|_| asked.kind == WorkKind::Question);
    // A text without a prediction is not answered.
    if own.as_ref().is_some_and(|question| question.guess == Guess::None) {
        return None;
    }
    let (form, metrics) = match &own {
        Some(question) => (form_of(&question.guess), question.metrics.clone()),
        None => of_experiment(&asked.id, section),
    };
    Some(Column {
        has_score: own.as_ref().is_some_and(|question| question.key.is_some()),
        id: asked.id,
        section: asked.section,
        kind: asked.kind,
        question: asked.question,
        form,
        metrics,
        item: Some(item.clone()),
        asked: own,
    })
}

fn form_of(guess: &Guess) -> Form {
    match guess {
        Guess::Choice(options) => Form::Choice(options.clone()),
        Guess::Curve { .. } => Form::Curve,
        Guess::None | Guess::Number => Form::Number,
    }
}

/// Returns the form of a guided experiment's predictions and the metric that is predicted.
fn of_experiment(id: &str, section: Option<&SectionInfo>) -> (Form, Vec<String>) {
    let name = id.split_once('/').map_or(id, |(_, name)| name);
    match section.and_then(|section| section.experiment(name)).map(|(_, info)| info.prediction) {
        Some(Prediction::Number { metric }) => (Form::Number, vec![metric.to_owned()]),
        Some(Prediction::Choice(options)) => {
            (Form::Choice(options.iter().map(ToString::to_string).collect()), Vec::new())
        }
        Some(Prediction::Curve { metric, .. }) => (Form::Curve, vec![metric.to_owned()]),
        None => (Form::Choice(Vec::new()), Vec::new()),
    }
}

/// Returns the columns of files without a lesson, in the order in which their questions come.
fn of_sheets(sheets: &[&AnswerSheet], sections: &[SectionInfo]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for answered in sheets.iter().flat_map(|sheet| &sheet.answers) {
        if columns.len() >= MAX_COLUMNS || columns.iter().any(|column| column.id == answered.id) {
            continue;
        }
        let section = SectionInfo::find(sections, &answered.section);
        let known = match answered.kind {
            WorkKind::Experiment => of_experiment(&answered.id, section),
            WorkKind::Question | WorkKind::Code => (Form::Choice(Vec::new()), Vec::new()),
        };
        let (form, metrics) = match (answered.kind, answered.first().and_then(|first| first.guess.as_ref())) {
            (WorkKind::Code, _) => (Form::Code, Vec::new()),
            (_, Some(Guessed::Number(_))) => (Form::Number, known.1),
            (_, Some(Guessed::Curve(_))) => (Form::Curve, known.1),
            (_, Some(Guessed::Choice(_)) | None) => known,
        };
        columns.push(Column {
            id: answered.id.clone(),
            section: answered.section.clone(),
            kind: answered.kind,
            question: answered.question.clone(),
            form,
            metrics,
            has_score: false,
            item: None,
            asked: None,
        });
    }
    columns
}

/// Returns the answers that were chosen, in alphabetical order.
fn options_of<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<String> {
    let chosen = cells.filter_map(|cell| match &cell.first.attempt.guess {
        Some(Guessed::Choice(words)) => Some(words.clone()),
        _ => None,
    });
    let mut options: Vec<String> = chosen.collect();
    options.sort();
    options.dedup();
    options
}
