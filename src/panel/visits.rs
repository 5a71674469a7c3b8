//! The visitor's progress through a section, which the browser remembers for the tabs and the cover.

use crate::coursework::WorkKind;
use crate::panel::local_storage;
use crate::panel::work::sheet_of;

/// A visitor's way through a section so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visit {
    /// The names of the chapters that are done: opened after all their measurements were made.
    pub chapters: Vec<String>,
    /// The number of finished experiments.
    pub experiments: usize,
    /// The time of the latest complete run in seconds.
    pub run_seconds: Option<f64>,
}

/// Returns what the browser has stored about a section.
pub fn visit(slug: &str) -> Visit {
    let text = local_storage::read(&chapters_key(slug)).unwrap_or_default();
    let sheet = sheet_of("");
    let experiments = sheet.answers.iter().filter(|one| {
        one.section == slug
            && one.kind == WorkKind::Experiment
            && one.attempts.iter().any(|attempt| attempt.outcome.is_some())
    });
    let seconds = local_storage::read(&seconds_key(slug)).and_then(|text| text.parse().ok());
    Visit {
        chapters: text.split(' ').filter(|slug| !slug.is_empty()).map(str::to_owned).collect(),
        experiments: experiments.count(),
        run_seconds: seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0),
    }
}

/// Stores the chapters that are done.
pub(super) fn store_chapters(slug: &str, chapters: &[String]) {
    local_storage::write(&chapters_key(slug), &chapters.join(" "));
}

/// Stores the time of a complete run.
pub(super) fn store_run_seconds(slug: &str, seconds: f64) {
    local_storage::write(&seconds_key(slug), &format!("{seconds:.1}"));
}

fn chapters_key(slug: &str) -> String {
    format!("nn-lab.chapters.{slug}")
}

fn seconds_key(slug: &str) -> String {
    format!("nn-lab.seconds.{slug}")
}
