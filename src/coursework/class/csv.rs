//! Tables of a class for spreadsheets.

use crate::core::guess::Guessed;
use crate::core::query::Query;
use crate::coursework::class::board::{Board, Graded};
use crate::coursework::class::catalog::SectionInfo;
use crate::coursework::class::rerun::Reproduction;
use crate::coursework::sheet::{Outcome, WorkKind};
use crate::saved_runs::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The results of checks, by file, question and attempt.
pub type Results = BTreeMap<(u64, String, usize), Reproduction>;

/// Returns a table with one row per student.
pub fn by_student(board: &Board) -> String {
    let mut header: Vec<String> = ["name", "file", "total", "max"].map(str::to_owned).to_vec();
    header.extend(board.columns.iter().map(|column| column.id.clone()));
    let mut rows = vec![header];
    for row in &board.rows {
        let scores = row.cells.iter().map(|cell| {
            let score = cell.as_ref().and_then(|cell| cell.first.verdict.score);
            score.map_or_else(String::new, |score| score.to_string())
        });
        let mut cells =
            vec![row.name.clone(), row.file.clone(), row.score.to_string(), board.max.to_string()];
        cells.extend(scores);
        rows.push(cells);
    }
    text(&rows)
}

/// Returns a table with one row per answer.
pub fn by_answer(board: &Board, sections: &[SectionInfo], results: &Results) -> String {
    let answers = || {
        board.rows.iter().flat_map(|row| {
            let cells = board.columns.iter().zip(&row.cells);
            cells.filter_map(move |(column, cell)| Some((row, column, cell.as_ref()?)))
        })
    };
    let outcome_of = |graded: &'_ Graded| graded.attempt.outcome.clone();
    let measured: BTreeSet<String> = answers()
        .filter_map(|(.., cell)| outcome_of(&cell.first))
        .flat_map(|outcome| outcome.measured.into_keys())
        .collect();
    let mut header: Vec<String> = [
        "student",
        "file",
        "lesson",
        "question_id",
        "question",
        "kind",
        "first_guess",
        "result",
        "score",
        "attempts",
        "first_time",
        "last_time",
        "seed",
        "device",
    ]
    .map(str::to_owned)
    .to_vec();
    header.extend(measured.iter().map(|name| format!("measured_{name}")));
    header.extend(["settings", "reproduces"].map(str::to_owned));
    let mut rows = vec![header];
    for (row, column, cell) in answers() {
        let Graded { attempt, verdict, .. } = &cell.first;
        let outcome = attempt.outcome.as_ref();
        let times = || {
            cell.attempts().map(|graded| graded.attempt.time).chain(
                cell.attempts()
                    .filter_map(|graded| graded.attempt.outcome.as_ref())
                    .map(|outcome| outcome.time),
            )
        };
        let mut cells = vec![
            row.name.clone(),
            row.file.clone(),
            row.lesson.clone().unwrap_or_default(),
            column.id.clone(),
            cell.question.clone(),
            kind(column.kind).to_owned(),
            attempt.guess.as_ref().map_or_else(String::new, exact_guess),
            verdict.grade.slug().to_owned(),
            verdict.score.map_or_else(String::new, |score| score.to_string()),
            cell.attempts().count().to_string(),
            attempt.time.to_string(),
            times().max().unwrap_or(Timestamp(0)).to_string(),
            outcome.map_or_else(String::new, |outcome| outcome.seed.to_string()),
            outcome
                .and_then(|outcome| outcome.device.as_ref())
                .map_or_else(String::new, |device| device.kind.slug().to_owned()),
        ];
        let number =
            |name: &String| outcome.and_then(|outcome| outcome.measured.get(name).copied().flatten());
        cells.extend(
            measured.iter().map(|name| number(name).map_or_else(String::new, |value| value.to_string())),
        );
        cells
            .push(outcome.map_or_else(String::new, |outcome| {
                settings(&column.section, outcome, sections).to_string()
            }));
        let result = results.get(&(row.id, column.id.clone(), 0));
        cells.push(result.map_or_else(String::new, |result| result.slug().to_owned()));
        rows.push(cells);
    }
    text(&rows)
}

/// Returns the settings of a run that differ from the defaults.
pub fn settings(section: &str, outcome: &Outcome, sections: &[SectionInfo]) -> Query {
    SectionInfo::find(sections, section).map(|section| section.query(&outcome.settings)).unwrap_or_default()
}

/// Returns the kind of a question as files have it.
pub const fn kind(kind: WorkKind) -> &'static str {
    match kind {
        WorkKind::Question => "question",
        WorkKind::Experiment => "experiment",
        WorkKind::Code => "code",
    }
}

/// Returns a prediction with all digits.
pub fn exact_guess(guess: &Guessed) -> String {
    match guess {
        Guessed::Number(number) => number.to_string(),
        Guessed::Choice(words) => words.clone(),
        Guessed::Curve(points) => {
            points.iter().map(|(x, y)| format!("{x}:{y}")).collect::<Vec<_>>().join(" ")
        }
    }
}

/// Returns the rows as a file. It starts with the mark by which spreadsheets recognize UTF-8.
fn text(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| row.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\r\n";
    format!("\u{feff}{}", rows.iter().map(line).collect::<String>())
}

/// Returns a cell as a file has it. A spreadsheet never takes a text for a formula.
fn quoted(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\n', '\r', ';']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}
