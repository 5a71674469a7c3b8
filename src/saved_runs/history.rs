//! The runs that a panel keeps.

use crate::run::any::AnyExperiment;
use crate::saved_runs::import::ImportError;
use crate::saved_runs::run_record::{RunRecord, json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cell::OnceCell;
use std::rc::Rc;

/// So many runs are kept, and besides those that are pinned.
pub const MAX_UNPINNED: usize = 10;
/// A longer name is cut.
pub const MAX_NAME: usize = 60;
/// So many points of each series are stored; more would soon fill what a browser grants a site.
pub const STORED_POINTS: usize = 2000;
/// The version of the stored form.
const VERSION: u64 = 1;

/// Where a run comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It was trained in this panel.
    Here,
    /// It was opened from a file, and is only looked at.
    File,
}

/// A run that is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: u64,
    pub name: String,
    pub pinned: bool,
    pub origin: Origin,
    pub evidence: Rc<RunRecord>,
    /// The evidence as it is stored, written once: the list is stored again at each change of a name.
    stored: Rc<OnceCell<String>>,
}

/// RunRecord never changes, so the pointer tells it.
impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.evidence, &other.evidence)
            && (self.id, &self.name, self.pinned, self.origin)
                == (other.id, &other.name, other.pinned, other.origin)
    }
}

/// All of them, the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    pub runs: Vec<Kept>,
    /// How many runs have been named so far.
    count: u32,
    /// The run that was deleted last, and where it was.
    deleted: Option<(usize, Kept)>,
}

/// A run as it is stored.
#[derive(Deserialize)]
struct Stored {
    id: u64,
    name: String,
    pinned: bool,
    origin: Origin,
    evidence: Value,
}

impl History {
    /// Adds a run. `id` is a wish: one that is taken is counted up.
    pub fn add(&mut self, mut id: u64, origin: Origin, evidence: RunRecord) -> u64 {
        while self.get(id).is_some() || self.deleted.as_ref().is_some_and(|(_, run)| run.id == id) {
            id = id.wrapping_add(1);
        }
        let name = match origin {
            Origin::Here => {
                self.count = self.count.saturating_add(1);
                format!("Run {}", self.count)
            }
            // Named after the moment of the run, which other files may share.
            Origin::File => {
                let checkpoint = evidence.finished.to_string().replace('T', " ");
                let name = format!("File of {}", checkpoint.get(..16).unwrap_or_default());
                let same = self.runs.iter().filter(|run| run.name.starts_with(&name)).count();
                if same == 0 { name } else { format!("{name} ({})", same + 1) }
            }
        };
        self.runs.push(Kept::new(id, name, false, origin, evidence));
        self.trim();
        id
    }

    /// The run with this id.
    pub fn get(&self, id: u64) -> Option<&Kept> {
        self.runs.iter().find(|run| run.id == id)
    }

    /// The run of this panel before this one: what its settings are compared with.
    pub fn before(&self, id: u64) -> Option<&Kept> {
        let at = self.runs.iter().position(|run| run.id == id)?;
        self.runs.get(..at)?.iter().rfind(|run| run.origin == Origin::Here)
    }

    /// Gives a run another name; a run from a file keeps its own, and so does one that would have none.
    pub fn rename(&mut self, id: u64, name: &str) {
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id)
            && run.origin == Origin::Here
            && !name.is_empty()
        {
            run.name = name;
        }
    }

    /// Pins a run, or no longer.
    pub fn pin(&mut self, id: u64, pinned: bool) {
        if let Some(run) = self.runs.iter_mut().find(|run| run.id == id) {
            run.pinned = pinned;
        }
        self.trim();
    }

    /// Deletes a run; [`undo`](Self::undo) brings back the one that was deleted last.
    pub fn delete(&mut self, id: u64) {
        if let Some(at) = self.runs.iter().position(|run| run.id == id) {
            self.deleted = Some((at, self.runs.remove(at)));
        }
    }

    /// The run that can be brought back.
    pub fn deleted(&self) -> Option<&Kept> {
        self.deleted.as_ref().map(|(_, run)| run)
    }

    /// Brings back the run that was deleted last, to where it was.
    pub fn undo(&mut self) {
        if let Some((at, run)) = self.deleted.take() {
            self.runs.insert(at.min(self.runs.len()), run);
            self.trim();
        }
    }

    /// Drops the oldest run that is not pinned, if there is one: to make room where the store is full.
    pub fn drop_oldest(&mut self) -> bool {
        let at = self.runs.iter().position(|run| !run.pinned);
        at.map(|at| self.runs.remove(at)).is_some()
    }

    fn trim(&mut self) {
        while self.runs.iter().filter(|run| !run.pinned).count() > MAX_UNPINNED {
            self.drop_oldest();
        }
    }

    /// What is stored.
    pub fn to_text(&self) -> String {
        let runs: Vec<String> = self.runs.iter().map(Kept::to_text).collect();
        format!("{{\"version\":{VERSION},\"count\":{},\"runs\":[{}]}}", self.count, runs.join(","))
    }

    /// Reads what was stored, and says in a sentence each what of it could not be read.
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
            match Kept::read(run, section) {
                Ok(run) if history.get(run.id).is_none() => history.runs.push(run),
                Ok(_) => {}
                Err(why) => warnings.push(format!("Stored run {} could not be read. {why}", index + 1)),
            }
        }
        history.trim();
        (history, warnings)
    }

    /// Takes over what another window has stored, and keeps what is known of these runs in full.
    pub fn follow(&self, mut stored: Self) -> Self {
        for run in &mut stored.runs {
            if let Some(ours) = self.get(run.id) {
                run.evidence = ours.evidence.clone();
                run.stored = ours.stored.clone();
            }
        }
        stored.deleted = self.deleted.clone().filter(|(_, run)| stored.get(run.id).is_none());
        stored
    }
}

impl Kept {
    fn new(id: u64, name: String, pinned: bool, origin: Origin, evidence: RunRecord) -> Self {
        Self { id, name, pinned, origin, evidence: Rc::new(evidence), stored: Rc::default() }
    }

    fn to_text(&self) -> String {
        let evidence = self.stored.get_or_init(|| self.evidence.thinned(STORED_POINTS).to_json());
        format!(
            "{{\"id\":{},\"name\":{},\"pinned\":{},\"origin\":{},\"evidence\":{evidence}}}",
            self.id,
            json(&self.name),
            self.pinned,
            json(&self.origin)
        )
    }

    fn read(value: Value, section: &AnyExperiment) -> Result<Self, String> {
        let Stored { id, name, pinned, origin, evidence } =
            serde_json::from_value(value).map_err(|error| format!("{error}."))?;
        let evidence = RunRecord::from_value(evidence, section).map_err(|refusal| match refusal {
            ImportError::Words(words) => words,
            ImportError::OtherSection(slug, _) => format!("It belongs to the section {slug}."),
        })?;
        Ok(Self::new(id, name.chars().take(MAX_NAME).collect(), pinned, origin, evidence))
    }
}
