//! Answers of a class that deserve a second look: outliers, and the same run under two names.

use crate::core::data_set::DATA_KEY;
use crate::core::guess::Guessed;
use crate::core::metric::Spread;
use crate::coursework::class::board::{Board, Graded, Row};
use crate::coursework::class::roster::list;
use crate::coursework::sheet::Outcome;
use std::collections::{BTreeMap, BTreeSet};

/// The minimum number of predictions among which one may be an outlier.
const MIN_GUESSES: usize = 5;
/// An outlier is further from the median than this number of median absolute deviations.
const MAX_DEVIATIONS: f64 = 5.0;
/// The minimum deviation, as a fraction of the median, so that equal predictions do not make any other one an outlier.
const MIN_DEVIATION: f64 = 0.01;
/// The maximum relative difference of two numbers from different GPUs.
pub const GPU_TOLERANCE: f64 = 1e-3;

/// A finding: a sentence, and the answers that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The sentence.
    pub words: String,
    /// The files, by their number in the class.
    pub rows: Vec<u64>,
    /// The question, if it is about one.
    pub question: Option<String>,
}

/// Returns a number with the precision of `f32`.
pub fn number(value: f64) -> String {
    (value as f32).to_string()
}

/// Returns true if two measured numbers count as one: equal to the last bit on CPUs, and nearly equal on GPUs.
pub fn is_same(a: f64, b: f64, is_exact: bool) -> bool {
    (a as f32) == (b as f32)
        || !is_exact
            && (a - b).abs() <= GPU_TOLERANCE * a.abs().max(b.abs())
            && a.is_finite()
            && b.is_finite()
}

/// Returns predictions that are far from all others, and measurements that differ from others of the same run.
pub fn outliers(board: &Board) -> Vec<Finding> {
    let mut findings = Vec::new();
    // One run may answer several questions; its numbers are mentioned once.
    let mut known = BTreeSet::new();
    for at in 0..board.columns.len() {
        findings.extend(far_guesses(board, at));
        findings.extend(several_data_sets(board, at));
        let others = other_numbers(board, at).into_iter();
        findings.extend(others.filter(|(key, _)| known.insert(key.clone())).map(|(_, finding)| finding));
    }
    findings
}

fn far_guesses(board: &Board, at: usize) -> Vec<Finding> {
    let Some(column) = board.columns.get(at) else { return Vec::new() };
    let guess = |row: &Row| match row.cells.get(at)?.as_ref()?.first.attempt.guess {
        Some(Guessed::Number(number)) if number.is_finite() => Some(number),
        _ => None,
    };
    let guesses: Vec<(&Row, f64)> = board.rows.iter().filter_map(|row| Some((row, guess(row)?))).collect();
    if guesses.len() < MIN_GUESSES {
        return Vec::new();
    }
    let median = |values: &mut dyn Iterator<Item = f64>| Spread::of(values).map(|spread| spread.median);
    let Some(middle) = median(&mut guesses.iter().map(|(_, guess)| *guess)) else { return Vec::new() };
    let deviation = median(&mut guesses.iter().map(|(_, guess)| (guess - middle).abs())).unwrap_or(0.0);
    let deviation = deviation.max(MIN_DEVIATION * middle.abs());
    let is_far = |guess: f64| (guess - middle).abs() > MAX_DEVIATIONS * deviation;
    let finding = |(row, guess): &(&Row, f64)| Finding {
        words: format!(
            "{} predicted {} for {}, far from the median of the class, {}.",
            row.name,
            number(*guess),
            column.id,
            number(middle)
        ),
        rows: vec![row.id],
        question: Some(column.id.clone()),
    };
    guesses.iter().filter(|(_, guess)| is_far(*guess)).map(finding).collect()
}

/// Returns a note on a question that students answered with different data sets of their own: their numbers cannot be compared.
fn several_data_sets(board: &Board, at: usize) -> Option<Finding> {
    let column = board.columns.get(at)?;
    let mut students: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &board.rows {
        let outcome = row.cells.get(at).and_then(|cell| cell.as_ref()?.first.attempt.outcome.as_ref());
        let data = outcome.and_then(|outcome| outcome.settings.get(DATA_KEY)?.as_str());
        if let Some(data) = data.filter(|data| !data.is_empty()) {
            students.entry(data).or_default().push(row);
        }
    }
    if students.len() < 2 {
        return None;
    }
    let group = |(data, rows): (&&str, &Vec<&Row>)| {
        format!("{data} ({})", list(&rows.iter().map(|row| &*row.name).collect::<Vec<_>>()))
    };
    let groups: Vec<String> = students.iter().map(group).collect();
    Some(Finding {
        words: format!(
            "{}: {} different data sets, whose numbers are not compared with each other: {}.",
            column.id,
            groups.len(),
            list(&groups)
        ),
        rows: students.values().flatten().map(|row| row.id).collect(),
        question: Some(column.id.clone()),
    })
}

/// A measured number of a student, and whether the CPU measured it.
type Number<'a> = (&'a Row, f64, bool);

/// Returns a text that is equal for outcomes whose numbers should be equal.
fn run_of(outcome: &Outcome) -> Option<String> {
    let device = outcome.device.as_ref()?;
    if outcome.settings.is_empty() {
        return None;
    }
    let settings = serde_json::to_string(&outcome.settings).unwrap_or_default();
    Some(format!(
        "{} {} {} {} {settings}",
        device.kind.slug(),
        outcome.lab_version,
        outcome.seed,
        outcome.seeds
    ))
}

/// Returns the measurements that differ from others of the same run. Each has a text that is equal for equal numbers of the
/// same students.
fn other_numbers(board: &Board, at: usize) -> Vec<(String, Finding)> {
    let Some(column) = board.columns.get(at) else { return Vec::new() };
    // The numbers of every student, by run and name.
    let mut groups: BTreeMap<(String, &str), Vec<Number<'_>>> = BTreeMap::new();
    for row in &board.rows {
        let attempts = row.cells.get(at).into_iter().flatten().flat_map(|cell| cell.attempts());
        let mut seen = BTreeSet::new();
        for outcome in attempts.filter_map(|graded| graded.attempt.outcome.as_ref()) {
            let Some(run) = run_of(outcome) else { continue };
            let is_cpu = outcome.device.as_ref().is_some_and(|device| device.kind.slug() == "cpu");
            for (name, value) in &outcome.measured {
                let Some(value) = value.filter(|value| value.is_finite()) else { continue };
                // An attempt with the same result counts once per student.
                if seen.insert((run.clone(), name.clone(), (value as f32).to_bits())) {
                    groups.entry((run.clone(), name)).or_default().push((row, value, is_cpu));
                }
            }
        }
    }
    let mut findings = Vec::new();
    for ((_, name), values) in groups {
        let count = |of: f64| values.iter().filter(|(_, value, cpu)| is_same(of, *value, *cpu)).count();
        let Some((_, usual, is_cpu)) = values.iter().max_by_key(|(_, value, _)| count(*value)) else {
            continue;
        };
        let (usual, agreeing) = (*usual, count(*usual));
        let others: Vec<_> = values.iter().filter(|(_, value, _)| !is_same(usual, *value, *is_cpu)).collect();
        let same = "with the same settings, seed and kind of device";
        let finding =
            |words: String, rows: Vec<u64>| Finding { words, rows, question: Some(column.id.clone()) };
        if agreeing == 1 && !others.is_empty() {
            let parts: Vec<String> =
                values.iter().map(|(row, value, _)| format!("{} has {}", row.name, number(*value))).collect();
            let words = format!("{}: {name} differs {same}: {}.", column.id, list(&parts));
            let rows: Vec<u64> = values.iter().map(|(row, ..)| row.id).collect();
            findings.push((format!("{name} {rows:?}"), finding(words, rows)));
            continue;
        }
        for (row, value, _) in others {
            let words = format!(
                "{}: {} has {name} = {}, while {agreeing} others have {} {same}.",
                column.id,
                row.name,
                number(*value),
                number(usual)
            );
            findings.push((format!("{name} {} {value}", row.id), finding(words, vec![row.id])));
        }
    }
    findings
}

/// Returns the groups of students who handed in the same attempts.
pub fn duplicates(board: &Board) -> Vec<Finding> {
    // Students by attempt, and by the times of an attempt.
    let mut owners: BTreeMap<String, (&str, BTreeSet<usize>)> = BTreeMap::new();
    for (index, row) in board.rows.iter().enumerate() {
        for (column, cell) in board.columns.iter().zip(&row.cells) {
            for Graded { attempt, .. } in cell.iter().flat_map(|cell| cell.attempts()) {
                let by_id =
                    Some(format!("id {} {}", column.id, attempt.id)).filter(|_| !attempt.id.is_empty());
                let by_time = attempt
                    .outcome
                    .as_ref()
                    .map(|outcome| format!("time {} {} {}", column.id, attempt.time.0, outcome.time.0));
                for key in by_id.into_iter().chain(by_time) {
                    owners.entry(key).or_insert_with(|| (&column.id, BTreeSet::new())).1.insert(index);
                }
            }
        }
    }
    // The questions that each group of students shares.
    let mut groups: BTreeMap<BTreeSet<usize>, BTreeSet<&str>> = BTreeMap::new();
    for (question, rows) in owners.into_values().filter(|(_, rows)| rows.len() > 1) {
        groups.entry(rows).or_default().insert(question);
    }
    let finding = |(rows, questions): (BTreeSet<usize>, BTreeSet<&str>)| {
        let rows: Vec<&Row> = rows.iter().filter_map(|index| board.rows.get(*index)).collect();
        let names: Vec<&str> = rows.iter().map(|row| &*row.name).collect();
        let questions: Vec<&str> = questions.into_iter().collect();
        let same_run = if let [one] = questions.as_slice() {
            format!("the same answer to {one}")
        } else {
            format!("the same answers to {} questions ({})", questions.len(), list(&questions))
        };
        let names = match names.as_slice() {
            [first, second] => format!("{first} and {second}"),
            names => list(names),
        };
        Finding {
            words: format!("{names} handed in {same_run}, with the same run at the same times."),
            rows: rows.iter().map(|row| row.id).collect(),
            question: questions.first().map(|id| (*id).to_owned()).filter(|_| questions.len() == 1),
        }
    };
    groups.into_iter().map(finding).collect()
}
