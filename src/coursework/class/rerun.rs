//! Running the experiments of a class again: the distinct runs behind its answers, and the comparison of the numbers.

use crate::core::schema::Values;
use crate::coursework::class::board::{Board, Row};
use crate::coursework::class::catalog::SectionInfo;
use crate::coursework::class::findings::{GPU_TOLERANCE, is_same, number};
use crate::coursework::sheet::{Outcome, WorkKind};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The maximum number of seeds of a run.
const MAX_SEEDS: u32 = 20;

/// A run that is to be repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Rerun {
    /// The section.
    pub section: String,
    /// All settings.
    pub values: Values,
    /// The number of seeds.
    pub seeds: u32,
    /// True if the CPU computed the run.
    pub on_cpu: bool,
    /// True if the networks are trained; otherwise the measurements without training are enough.
    pub trains: bool,
    /// The indices of the guided experiments that it answers.
    pub experiments: BTreeSet<usize>,
}

/// The comparison of recorded numbers with those of a new run.
#[derive(Clone, Debug, PartialEq)]
pub enum Reproduction {
    /// All numbers are equal to the last bit of `f32`.
    Exactly,
    /// All numbers are nearly equal, on another device.
    Close,
    /// These numbers differ: the name, the recorded number and the new one.
    Differs(Vec<(String, Option<f64>, Option<f64>)>),
    /// There is no run behind the answer.
    NotARun,
    /// The run cannot be repeated, for this reason.
    Cannot(String),
}

impl Reproduction {
    /// Returns the name in files.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Exactly => "exactly",
            Self::Close => "close",
            Self::Differs(_) => "differs",
            Self::NotARun => "not a run",
            Self::Cannot(_) => "cannot",
        }
    }

    /// Returns the result in words.
    pub fn words(&self) -> String {
        match self {
            Self::Exactly => "reproduces exactly".to_owned(),
            Self::Close => "close, on another kind of device".to_owned(),
            Self::Differs(all) => {
                let value = |value: &Option<f64>| value.map_or_else(|| "none".to_owned(), number);
                let part = |(name, expected, found): &(String, Option<f64>, Option<f64>)| {
                    format!("{name}: expected {}, found {}", value(expected), value(found))
                };
                format!("differs: {}", all.iter().map(part).collect::<Vec<_>>().join("; "))
            }
            Self::NotARun => "not a run".to_owned(),
            Self::Cannot(reason) => format!("cannot be repeated: {reason}"),
        }
    }
}

/// Steps and values; `None` for a value that is not finite.
type RecordedCurve = Vec<(f64, Option<f64>)>;

/// An attempt that is checked by a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The number of the file in the class.
    pub row: u64,
    /// The name of the question.
    pub question: String,
    /// The number of the attempt, from 0.
    pub attempt: usize,
    /// The index of its run, or the result if there is none.
    pub run: Result<usize, Reproduction>,
    /// The index of the guided experiment, if it is one.
    experiment: Option<usize>,
    /// The recorded numbers.
    expected: BTreeMap<String, Option<f64>>,
    /// The name and the points of the recorded curve of a single seed.
    curve: Option<(String, RecordedCurve)>,
    /// The version of the lab that recorded them.
    version: String,
}

/// The numbers that a new run has measured. Each has the median of the seeds, and the first seed's number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurement {
    /// The metrics of the section.
    pub numbers: BTreeMap<String, Vec<f64>>,
    /// The numbers of guided experiments, by their index.
    pub answers: BTreeMap<usize, BTreeMap<String, Vec<f64>>>,
    /// The curves of the first seed, by name.
    pub curves: BTreeMap<String, Rc<Vec<(f64, f64)>>>,
    /// True if the CPU computed them.
    pub on_cpu: bool,
    /// The reasons why networks failed.
    pub errors: Vec<String>,
    /// The duration in seconds.
    pub seconds: f64,
}

/// The runs behind the answers of some students.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The distinct runs, section by section.
    pub runs: Vec<Rerun>,
    /// The attempts.
    pub checks: Vec<Check>,
}

impl Plan {
    /// Returns the runs behind the answers of these students.
    pub fn new<'a>(board: &Board, rows: impl IntoIterator<Item = &'a Row>, sections: &[SectionInfo]) -> Self {
        let mut plan = Self::default();
        for row in rows {
            for (column, cell) in board.columns.iter().zip(&row.cells) {
                for (attempt, graded) in cell.iter().flat_map(|cell| cell.attempts().enumerate()) {
                    let Some(outcome) = &graded.attempt.outcome else { continue };
                    let found = rerun_of(&column.id, &column.section, column.kind, outcome, sections);
                    let experiment = found.as_ref().ok().and_then(|run| run.experiments.first().copied());
                    let run = found.map(|run| plan.put(run));
                    plan.checks.push(Check {
                        row: row.id,
                        question: column.id.clone(),
                        attempt,
                        run,
                        experiment,
                        expected: outcome.measured.clone(),
                        curve: outcome
                            .curve
                            .clone()
                            .filter(|_| outcome.seeds <= 1)
                            .and_then(|curve| Some((column.metrics.first()?.clone(), curve))),
                        version: outcome.lab_version.clone(),
                    });
                }
            }
        }
        plan.by_section()
    }

    /// Adds a run, unless an equal one is known. Returns its index.
    fn put(&mut self, run: Rerun) -> usize {
        let is_same = |known: &Rerun| {
            (&known.section, &known.values, known.seeds, known.on_cpu)
                == (&run.section, &run.values, run.seeds, run.on_cpu)
        };
        if let Some(at) = self.runs.iter().position(is_same) {
            if let Some(known) = self.runs.get_mut(at) {
                known.trains |= run.trains;
                known.experiments.extend(run.experiments);
            }
            return at;
        }
        self.runs.push(run);
        self.runs.len() - 1
    }

    fn by_section(mut self) -> Self {
        let mut order: Vec<usize> = (0..self.runs.len()).collect();
        order.sort_by_key(|at| self.runs.get(*at).map(|run| run.section.clone()));
        self.runs = order.iter().filter_map(|at| self.runs.get(*at).cloned()).collect();
        for check in &mut self.checks {
            if let Ok(run) = &mut check.run {
                *run = order.iter().position(|at| at == run).unwrap_or_default();
            }
        }
        self
    }

    /// Returns the result of a check, or `None` if its run has not ended.
    pub fn result(&self, check: &Check, measurements: &BTreeMap<usize, Measurement>) -> Option<Reproduction> {
        match &check.run {
            Err(result) => Some(result.clone()),
            Ok(run) => {
                let measured = measurements.get(run)?;
                let was_on_cpu = self.runs.get(*run).is_some_and(|run| run.on_cpu);
                Some(compare(check, measured, was_on_cpu && measured.on_cpu))
            }
        }
    }

    /// Returns the versions of the lab that recorded the answers, other than `present`.
    pub fn other_versions(&self, present: &str) -> BTreeSet<&str> {
        let runs = self.checks.iter().filter(|check| check.run.is_ok());
        runs.map(|check| &*check.version).filter(|version| *version != present).collect()
    }
}

/// Returns the run behind an outcome.
fn rerun_of(
    id: &str,
    section: &str,
    kind: WorkKind,
    outcome: &Outcome,
    sections: &[SectionInfo],
) -> Result<Rerun, Reproduction> {
    let cannot = |reason: String| Err(Reproduction::Cannot(reason));
    if kind == WorkKind::Code || outcome.measured.is_empty() || outcome.settings.is_empty() {
        return Err(Reproduction::NotARun);
    }
    let Some(section) = SectionInfo::find(sections, section) else {
        return cannot("this version has no such section".to_owned());
    };
    let values = section.settings(&outcome.settings).map_err(Reproduction::Cannot)?;
    if outcome.seeds > MAX_SEEDS {
        return cannot(format!("it has {} seeds", outcome.seeds));
    }
    let (trains, experiment) = match kind {
        WorkKind::Experiment => {
            let name = id.split_once('/').map_or(id, |(_, name)| name);
            match section.experiment(name) {
                Some((at, info)) => (info.trains, Some(at)),
                None => return cannot("this version has no such experiment".to_owned()),
            }
        }
        WorkKind::Question | WorkKind::Code => (true, None),
    };
    Ok(Rerun {
        section: section.slug.to_owned(),
        values,
        seeds: outcome.seeds.max(1),
        on_cpu: outcome.device.as_ref().is_some_and(|device| device.kind.slug() == "cpu"),
        trains,
        experiments: experiment.into_iter().collect(),
    })
}

/// Compares recorded numbers with those of a new run. On the same kind of device, the CPU, they must be equal.
fn compare(check: &Check, measured: &Measurement, is_exact: bool) -> Reproduction {
    let numbers = match check.experiment {
        Some(at) => measured.answers.get(&at),
        None => Some(&measured.numbers),
    };
    if let (Some(error), true) = (measured.errors.first(), numbers.is_none_or(BTreeMap::is_empty)) {
        return Reproduction::Cannot(error.clone());
    }
    let Some(numbers) = numbers else {
        return Reproduction::Cannot("the run does not answer the experiment".to_owned());
    };
    // Numbers that only the page shows, such as the speed, belong to no run.
    let recorded: Vec<_> = check
        .expected
        .iter()
        .filter(|(name, value)| value.is_none() || numbers.contains_key(*name))
        .collect();
    if recorded.is_empty() {
        return Reproduction::Cannot("none of its numbers are measured by a run".to_owned());
    }
    let (mut differences, mut is_equal) = (Vec::new(), true);
    for (name, expected) in recorded {
        let found = numbers.get(name).map_or(&[][..], Vec::as_slice);
        let same = |expected: f64| found.iter().any(|found| expected as f32 == *found as f32);
        let near = |expected: f64| {
            found
                .iter()
                .any(|found| (expected - found).abs() <= GPU_TOLERANCE * expected.abs().max(found.abs()))
        };
        match expected {
            Some(value) if same(*value) => {}
            Some(value) if !is_exact && near(*value) => is_equal = false,
            None if found.iter().all(|found| !found.is_finite()) => {}
            _ => differences.push((name.clone(), *expected, found.first().copied())),
        }
    }
    if let Some((name, expected, found)) = other_point(check, measured, is_exact) {
        differences.push((name, Some(expected), Some(found)));
    }
    match (differences.is_empty(), is_equal) {
        (true, true) => Reproduction::Exactly,
        (true, false) => Reproduction::Close,
        (false, _) => Reproduction::Differs(differences),
    }
}

/// Returns the first point of a recorded curve that differs from the new one: its name and both values. Only steps that both
/// curves have are compared.
fn other_point(check: &Check, measured: &Measurement, is_exact: bool) -> Option<(String, f64, f64)> {
    let (name, points) = check.curve.as_ref()?;
    let found = measured.curves.get(name)?;
    points.iter().find_map(|(x, y)| {
        let at = found.binary_search_by(|(step, _)| step.total_cmp(x)).ok()?;
        let (expected, (_, found)) = ((*y)?, *found.get(at)?);
        let differs = found.is_finite() && !is_same(expected, found, is_exact);
        differs.then(|| (format!("{name} at {x}"), expected, found))
    })
}
