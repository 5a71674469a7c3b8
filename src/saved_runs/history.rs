//! The list of runs that a panel saves.

use crate::run::any::AnyExperiment;
use crate::saved_runs::import::ImportError;
use crate::saved_runs::run_record::{RunRecord, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::OnceCell;
use std::rc::Rc;

/// The maximum number of runs of this panel that are not pinned.
pub const MAX_UNPINNED: usize = 10;
/// The maximum number of opened files that are not pinned: the runs of a class, for example.
pub const MAX_OPENED: usize = 60;
/// The maximum number of characters in a name. A longer name is cut.
pub const MAX_NAME: usize = 60;
/// The maximum number of points stored per series. More would soon exceed a browser's storage quota.
pub const STORED_POINTS: usize = 2000;
/// The version of the storage format.
const VERSION: u64 = 1;

/// The origin of a saved run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The run was trained in this panel.
    Here,
    /// The run was opened from a file, and is read-only.
    File,
}

/// A saved run.
#[derive(Clone, Debug)]
pub struct SavedRun {
    /// The identifier, unique in the list.
    pub id: u64,
    /// The name that the user sees.
    pub name: String,
    /// True if the run is never removed to make room.
    pub pinned: bool,
    /// The origin of the run.
    pub origin: Origin,
    /// The record of the run.
    pub record: Rc<RunRecord>,
    /// The record in its stored form, written once, because the list is stored again whenever a name changes.
    stored: Rc<OnceCell<String>>,
}

/// Records never change, so comparing their pointers is enough.
impl PartialEq for SavedRun {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.record, &other.record)
            && (self.id, &self.name, self.pinned, self.origin)
                == (other.id, &other.name, other.pinned, other.origin)
    }
}

/// All saved runs, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The runs.
    pub runs: Vec<SavedRun>,
    /// The number of runs named so far.
    count: u32,
    /// The runs that were removed last.
    removed: Option<Removed>,
}

/// Runs that were removed together.
#[derive(Clone, Debug, PartialEq)]
pub struct Removed {
    /// The runs, each with its index before those after it were removed.
    runs: Vec<(usize, SavedRun)>,
    /// The reason.
    pub cause: RemovalCause,
}

/// The reason why runs were removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalCause {
    /// The user deleted them.
    Deleted,
    /// There were more than [`MAX_UNPINNED`] or [`MAX_OPENED`].
    Limit,
}

impl Removed {
    /// Returns the runs, oldest first.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = &SavedRun> {
        self.runs.iter().map(|(_, run)| run)
    }
}

/// The stored form of a run.
#[derive(Deserialize)]
struct Stored {
    id: u64,
    name: String,
    pinned: bool,
    origin: Origin,
    #[serde(rename = "evidence")]
    record: Value,
}

impl History {
    /// Adds a run of this panel and returns its identifier: `id`, or the next free one.
    pub fn add(&mut self, id: u64, record: RunRecord) -> u64 {
        self.count = self.count.saturating_add(1);
        let id = self.push(id, format!("Run {}", self.count), Origin::Here, record);
        self.trim();
        id
    }

    /// Adds runs from files, each with the name of its file. Their identifiers are `id` and the next free ones.
    pub fn open(&mut self, id: u64, files: Vec<(String, RunRecord)>) {
        for (file, record) in files {
            let stem = file.strip_suffix(".json").unwrap_or(&file);
            let name: String = stem.chars().filter(|c| !c.is_control()).take(MAX_NAME - 5).collect();
            let name = if name.trim().is_empty() { "File".to_owned() } else { name };
            // Files of several folders may have the same name.
            let is_free = |name: &String| self.runs.iter().all(|run| run.name != *name);
            let numbered = (2..).map(|number| format!("{name} ({number})"));
            let name = std::iter::once(name.clone()).chain(numbered).find(is_free).unwrap_or(name);
            self.push(id, name, Origin::File, record);
        }
        self.trim();
    }

    fn push(&mut self, mut id: u64, name: String, origin: Origin, record: RunRecord) -> u64 {
        let is_removed = |id| self.removed.iter().flat_map(Removed::runs).any(|run| run.id == id);
        while self.get(id).is_some() || is_removed(id) {
            id = id.wrapping_add(1);
        }
        self.runs.push(SavedRun::new(id, name, false, origin, record));
        id
    }

    /// Returns the run with this identifier.
    pub fn get(&self, id: u64) -> Option<&SavedRun> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// Returns the run that this panel trained before this one, for a comparison of settings.
    pub fn before(&self, id: u64) -> Option<&SavedRun> {
        let at = self.runs.iter().position(|run| run.id == id)?;
        self.runs.get(..at)?.iter().rfind(|run| run.origin == Origin::Here)
    }

    /// Renames a run. A run from a file keeps its name, and an empty name is ignored.
    pub fn rename(&mut self, id: u64, name: &str) {
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id)
            && run.origin == Origin::Here
            && !name.is_empty()
        {
            run.name = name;
        }
    }

    /// Pins or unpins a run.
    pub fn pin(&mut self, id: u64, pinned: bool) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.pinned = pinned;
        }
        self.trim();
    }

    /// Deletes a run. [`undo`](Self::undo) restores it.
    pub fn delete(&mut self, id: u64) {
        self.remove(RemovalCause::Deleted, |run| run.id == id);
    }

    /// Deletes all runs from files that are not pinned. [`undo`](Self::undo) restores them.
    pub fn delete_opened(&mut self) {
        self.remove(RemovalCause::Deleted, |run| run.origin == Origin::File && !run.pinned);
    }

    /// Removes runs and remembers them, if there are any.
    fn remove(&mut self, cause: RemovalCause, is_removed: impl Fn(&SavedRun) -> bool) {
        let (mut kept, mut runs) = (Vec::new(), Vec::new());
        for (at, run) in std::mem::take(&mut self.runs).into_iter().enumerate() {
            if is_removed(&run) { runs.push((at, run)) } else { kept.push(run) }
        }
        self.runs = kept;
        if !runs.is_empty() {
            self.removed = Some(Removed { runs, cause });
        }
    }

    /// Returns the runs that [`undo`](Self::undo) would restore.
    pub fn removed(&self) -> Option<&Removed> {
        self.removed.as_ref()
    }

    /// Restores the runs that were removed last, at their former positions. Those that made room for others are
    /// pinned, or they would be removed again.
    pub fn undo(&mut self) {
        let Some(Removed { runs, cause }) = self.removed.take() else { return };
        for (at, mut run) in runs {
            run.pinned |= cause == RemovalCause::Limit;
            self.runs.insert(at.min(self.runs.len()), run);
        }
        self.trim();
    }

    /// Removes a run that is not pinned, to make room in a full store: the oldest opened file, because it exists
    /// elsewhere, or else the oldest run. Returns its origin, or `None` if there is none.
    pub fn drop_oldest(&mut self) -> Option<Origin> {
        let oldest = |origin| self.runs.iter().position(|run| !run.pinned && run.origin == origin);
        let at = oldest(Origin::File).or_else(|| oldest(Origin::Here))?;
        Some(self.runs.remove(at).origin)
    }

    /// Removes the oldest runs beyond the limits. Opened files have their own, so that they never displace runs of
    /// this panel.
    fn trim(&mut self) {
        let mut extra = Vec::new();
        for (origin, max) in [(Origin::Here, MAX_UNPINNED), (Origin::File, MAX_OPENED)] {
            let unpinned = self.runs.iter().filter(|run| !run.pinned && run.origin == origin);
            extra.extend(unpinned.rev().skip(max).map(|run| run.id));
        }
        self.remove(RemovalCause::Limit, |run| extra.contains(&run.id));
    }

    /// Returns the list in its stored form.
    pub fn to_text(&self) -> String {
        let runs: Vec<String> = self.runs.iter().map(SavedRun::to_text).collect();
        format!("{{\"version\":{VERSION},\"count\":{},\"runs\":[{}]}}", self.count, runs.join(","))
    }

    /// Reads a stored list. Also returns one message per unreadable entry.
    pub fn from_text(text: &str, section: &AnyExperiment) -> (Self, Vec<String>) {
        let mut history = Self::default();
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return (history, vec![format!("What was stored is damaged ({error}).")]),
        };
        let version = value.get("version").and_then(Value::as_u64);
        if version != Some(VERSION) {
            return (history, vec!["What was stored was written by another version of the lab.".to_owned()]);
        }
        let count = value.get("count").and_then(Value::as_u64).unwrap_or_default();
        history.count = u32::try_from(count).unwrap_or_default();
        let mut value = value;
        let Some(Value::Array(runs)) = value.get_mut("runs").map(Value::take) else {
            return (history, vec!["What was stored has no list of runs.".to_owned()]);
        };
        let mut warnings = Vec::new();
        for (index, run) in runs.into_iter().enumerate() {
            match SavedRun::read(run, section) {
                Ok(run) if history.get(run.id).is_none() => history.runs.push(run),
                Ok(_) => {}
                Err(why) => warnings.push(format!("Stored run {} could not be read. {why}", index + 1)),
            }
        }
        history.trim();
        history.removed = None;
        (history, warnings)
    }

    /// Returns the list that another window has stored, with the full records of the runs that this window
    /// knows.
    pub fn follow(&self, mut stored: Self) -> Self {
        for run in &mut stored.runs {
            if let Some(ours) = self.get(run.id) {
                run.record = ours.record.clone();
                run.stored = ours.stored.clone();
            }
        }
        let is_back = |removed: &Removed| removed.runs().any(|run| stored.get(run.id).is_some());
        stored.removed = self.removed.clone().filter(|removed| !is_back(removed));
        stored
    }
}

impl SavedRun {
    fn new(id: u64, name: String, pinned: bool, origin: Origin, record: RunRecord) -> Self {
        Self { id, name, pinned, origin, record: Rc::new(record), stored: Rc::default() }
    }

    fn to_text(&self) -> String {
        let record = self.stored.get_or_init(|| self.record.thinned(STORED_POINTS).to_json());
        format!(
            "{{\"id\":{},\"name\":{},\"pinned\":{},\"origin\":{},\"evidence\":{record}}}",
            self.id,
            json(&self.name),
            self.pinned,
            json(&self.origin)
        )
    }

    fn read(value: Value, section: &AnyExperiment) -> Result<Self, ImportError> {
        let Stored { id, name, pinned, origin, record } =
            serde_json::from_value(value).map_err(|error| ImportError::NotStored(error.to_string()))?;
        let record = RunRecord::from_value(record, section)?;
        Ok(Self::new(id, name.chars().take(MAX_NAME).collect(), pinned, origin, record))
    }
}
