//! The state of a panel: its typed settings, and the rest of its address.
//!
//! The app keeps one [`PanelState`] in its reducer. Controls change it through a [`PanelAction`]; the query
//! of the address follows from it. Only the address of a new page, a link, and a message of an embedding page
//! are read as text.

use crate::assignment::Assignment;
use crate::client::RunOptions;
use crate::core::query::{Changes, Query};
use crate::core::schema::Values;
use crate::core::settings::{Param, Preset, linked_keys};
use crate::panel::address;
use crate::panel::sweep::plan::Plan;
use crate::protocol::DeviceChoice;
use crate::run::any::{AnyConfig, AnyExperiment};
use serde_json::Value;
use std::rc::Rc;

/// The settings of a panel, the options of its run, and the assignment of its address.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelState {
    /// The section's experiment.
    pub experiment: &'static AnyExperiment,
    /// The settings.
    pub config: AnyConfig,
    /// The preset that the address names, even if a setting has changed since.
    named_preset: Option<&'static Preset>,
    /// The settings to which the keys of the address are applied: those of the named preset, or the defaults.
    base: Rc<Values>,
    /// The options of a run.
    pub options: RunOptions,
    /// The assignment of the link.
    pub assignment: Rc<Assignment>,
    warnings: Warnings,
}

/// One sentence for each part of the address that was corrected or ignored.
#[derive(Clone, Debug, Default, PartialEq)]
struct Warnings {
    settings: Vec<String>,
    preset: Option<String>,
    seeds: Option<String>,
    assignment: Vec<String>,
    /// Keys, values and names that do not exist.
    names: Vec<String>,
    /// The reason why the sweep cannot start.
    sweep: Option<String>,
    /// The note about an address of a newer version.
    newer: Option<String>,
}

/// The sentence about an address of a newer version.
const NEWER: &str = "This link is from a newer version of the lab. Keys that this version does not know were ignored; reload the page to get the newest version.";

/// A change of a panel's state.
#[derive(Debug)]
pub enum PanelAction {
    /// Sets one setting. A setting that the assignment locks stays as it is.
    Set(&'static str, Value),
    /// Sets all settings to those of a preset, or to their defaults. Locked settings stay.
    Choose(Option<&'static Preset>),
    /// Replaces all settings, and changes other keys of the address.
    Replace(Rc<Values>, Changes),
    /// Changes keys of the address and reads it again, as if a link had them.
    Write(Changes),
    /// Sets all settings to those of this query.
    Restore(Rc<Query>),
    /// Removes from the address everything that the lab does not understand.
    Tidy,
}

impl PanelState {
    /// Reads the state from the query of an address. Values that do not fit are corrected or ignored, with a
    /// warning.
    pub fn read(experiment: &'static AnyExperiment, query: &Query) -> Self {
        let schema = &experiment.schema;
        let (named_preset, base, preset) = schema.base(query);
        let (values, settings) = schema.read(&base, query);
        let state = Self {
            experiment,
            config: experiment.config(values),
            named_preset,
            base: Rc::new(base),
            options: RunOptions { device: DeviceChoice::default(), seeds: 1 },
            assignment: Rc::default(),
            warnings: Warnings { settings, preset, ..Warnings::default() },
        };
        state.with_other_keys(query)
    }

    /// Reads another query. Settings that stay the same keep their pointer.
    pub fn read_again(&self, query: &Query) -> Self {
        let next = Self::read(self.experiment, query);
        if next.config == self.config { Self { config: self.config.clone(), ..next } } else { next }
    }

    /// Returns the state after an action, and the query that belongs to it.
    pub fn after(&self, action: PanelAction, query: &Query) -> (Self, Query) {
        let schema = &self.experiment.schema;
        match action {
            PanelAction::Set(key, value) => {
                // The control has already rejected invalid values. If one arrives anyway, it changes nothing.
                match schema.with(self.config.values(), key, &value) {
                    Ok(values) if !is_locked(&self.assignment, schema.params, key) => {
                        let query = query.changed(&schema.address(&values, &self.base));
                        (self.with_settings(values), query)
                    }
                    _ => (self.clone(), query.clone()),
                }
            }
            PanelAction::Choose(preset) => {
                let base = preset.map_or_else(|| schema.defaults(), |preset| schema.preset(preset));
                let mut values = base.clone();
                let locked = |key: &str| is_locked(&self.assignment, schema.params, key);
                let kept = self.config.values().iter().filter(|(key, _)| locked(key));
                values.extend(kept.map(|(key, value)| (key.clone(), value.clone())));
                let mut changes = schema.address(&values, &base);
                changes.push(("preset".to_owned(), preset.map(|preset| preset.slug.to_owned())));
                (self.with_base(preset, base).with_settings(values), query.changed(&changes))
            }
            PanelAction::Replace(values, changes) => {
                let query = query.changed(&schema.whole_address(&values)).changed(&changes);
                let state = self.with_base(None, schema.defaults()).with_settings(values);
                (state.with_other_keys(&query), query)
            }
            PanelAction::Write(changes) => {
                let query = query.changed(&changes);
                (self.read_again(&query), query)
            }
            PanelAction::Restore(given) => {
                let keys = schema.params.iter().map(|param| param.key).chain(["preset"]);
                let changes = keys.map(|key| (key.to_owned(), given.get(key).map(str::to_owned))).collect();
                let query = query.changed(&changes);
                (self.read_again(&query), query)
            }
            PanelAction::Tidy => {
                let settings = (&self.config, &*self.base);
                let mut query = address::tidied(self.experiment, settings, &self.assignment, query);
                let is_wrong =
                    |warning: &Option<String>, key: &str| warning.is_some() && query.get(key).is_some();
                let mut gone: Vec<&str> = Vec::new();
                if is_wrong(&self.warnings.seeds, "seeds") {
                    gone.push("seeds");
                }
                if is_wrong(&self.warnings.sweep, "sweep") {
                    gone.extend(["sweep", "sweep2", "measure"]);
                }
                query = query.keep(|key| !gone.contains(&key));
                (self.read_again(&query), query)
            }
        }
    }

    fn with_settings(&self, values: impl Into<Rc<Values>>) -> Self {
        let warnings = Warnings { settings: Vec::new(), ..self.warnings.clone() };
        Self { config: self.experiment.config(values), warnings, ..self.clone() }
    }

    fn with_base(&self, named_preset: Option<&'static Preset>, base: Values) -> Self {
        let warnings = Warnings { preset: None, ..self.warnings.clone() };
        Self { named_preset, base: Rc::new(base), warnings, ..self.clone() }
    }

    /// Reads the keys of the address that are not settings.
    fn with_other_keys(self, query: &Query) -> Self {
        let (assignment, assignment_warnings) = Assignment::from_query(query);
        let (seeds, seeds_warning) = match seeds(query) {
            Ok(seeds) => (seeds, None),
            Err(warning) => (1, Some(warning)),
        };
        let plan = Plan::read(self.experiment, query, &self.config, seeds);
        let warnings = Warnings {
            seeds: seeds_warning,
            assignment: assignment_warnings,
            names: address::problems(self.experiment, &self.config, &assignment, query),
            sweep: plan.and_then(Result::err).map(|error| error.to_string()),
            newer: query.get("v").map(|_| NEWER.to_owned()),
            ..self.warnings
        };
        let options = RunOptions { device: device(query), seeds };
        Self { options, assignment: Rc::new(assignment), warnings, ..self }
    }

    /// Returns the keys of a query that are settings.
    pub fn given(&self, query: &Query) -> Query {
        query
            .keep(|key| key == "preset" || self.experiment.schema.params.iter().any(|param| param.key == key))
    }

    /// Returns the query of the address with only the settings that differ from the preset or the defaults.
    pub fn canonical(&self, query: &Query) -> Query {
        query.changed(&self.experiment.schema.address(self.config.values(), &self.base))
    }

    /// Returns the named preset, if the settings still equal it.
    pub fn preset(&self) -> Option<&'static Preset> {
        self.named_preset.filter(|_| *self.config.values() == self.base)
    }

    /// Returns a sentence for each part of the address that was corrected or ignored.
    pub fn warnings(&self) -> impl Iterator<Item = &String> {
        let Warnings { settings, preset, seeds, assignment, names, sweep, newer } = &self.warnings;
        newer.iter().chain(names).chain(settings).chain(preset).chain(seeds).chain(assignment).chain(sweep)
    }

    /// Returns the reason why the sweep of the address cannot start, which is also one of the warnings.
    pub fn sweep_warning(&self) -> Option<&String> {
        self.warnings.sweep.as_ref()
    }
}

/// Returns true if a student cannot change a setting, because it or a setting linked to it is locked.
pub fn is_locked(assignment: &Assignment, params: &[Param], key: &str) -> bool {
    assignment.locks(key)
        || linked_keys(params, key).is_some_and(|group| group.iter().any(|key| assignment.locks(key)))
}

/// The numbers of seeds that a run may have.
pub const SEEDS: [u32; 4] = [1, 3, 5, 10];

/// Returns the number of seeds in an address, or a warning if it is not one of [`SEEDS`].
fn seeds(query: &Query) -> Result<u32, String> {
    let Some(text) = query.get("seeds") else { return Ok(1) };
    let number = text.parse().ok().filter(|number| SEEDS.contains(number));
    let shown: String = text.chars().take(40).collect();
    number.ok_or_else(|| format!("seeds={shown} is not one of 1, 3, 5, 10; one seed is trained."))
}

/// Returns the choice of the device in an address.
pub fn device(query: &Query) -> DeviceChoice {
    match query.get("device") {
        Some("webgpu") => DeviceChoice::Webgpu,
        Some("cpu") => DeviceChoice::Cpu,
        _ => DeviceChoice::Auto,
    }
}
