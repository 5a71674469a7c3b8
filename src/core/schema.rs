//! Settings without their type: the values of all fields by their names. The page works with these, so that its code is
//! compiled once and not once a section.

use crate::core::query::{Changes, Query};
use crate::core::settings::int_list::{is_implied, sync_linked};
use crate::core::settings::{Param, Preset, Settings};
use crate::core::sweep::SweepPreset;
use serde_json::{Map, Value};

/// The value of every field, by its name.
pub type Values = Map<String, Value>;

/// What a section's settings are, beside their type.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    pub params: &'static [Param],
    pub presets: &'static [Preset],
    pub sweeps: &'static [SweepPreset],
    defaults: fn() -> Values,
}

impl Schema {
    /// That of some settings.
    pub const fn of<C: Settings>() -> Self {
        let defaults = || C::default().to_values();
        Self { params: C::PARAMS, presets: C::PRESETS, sweeps: C::SWEEPS, defaults }
    }

    /// Every field at its default.
    pub fn defaults(&self) -> Values {
        (self.defaults)()
    }

    /// The settings that a preset stands for.
    pub fn preset(&self, preset: &Preset) -> Values {
        self.read(&self.defaults(), &preset.values.iter().copied().collect()).0
    }

    /// What an address's own keys are laid over: the preset that it names, or the defaults; and a sentence if there is no
    /// such preset.
    pub fn base(&self, query: &Query) -> (Option<&'static Preset>, Values, Option<String>) {
        let Some(slug) = query.get("preset") else {
            return (None, self.defaults(), None);
        };
        match self.presets.iter().find(|preset| preset.slug == slug) {
            Some(preset) => (Some(preset), self.preset(preset), None),
            None => {
                let shown: String = slug.chars().take(40).collect();
                let known: Vec<_> = self.presets.iter().map(|preset| preset.slug).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                (None, self.defaults(), Some(format!("There is no preset {shown} here; known: {known}.")))
            }
        }
    }

    /// The settings that an address asks for, laid over `base`, and one sentence for every value that could not be taken
    /// as it was. Unknown keys are ignored: they may belong to a later version, or to the page.
    pub fn read(&self, base: &Values, query: &Query) -> (Values, Vec<String>) {
        let (mut values, mut warnings, mut set) = (base.clone(), Vec::new(), Vec::new());
        for param in self.params {
            let Some(text) = query.get(param.key) else { continue };
            let (value, warning) = param.read(text);
            warnings.extend(warning);
            if let Some(value) = value {
                values.insert(param.key.to_owned(), value);
                set.push(param.key);
            }
        }
        sync_linked(self.params, &mut values, &|key| set.contains(&key));
        (values, warnings)
    }

    /// The settings with one field changed; out-of-range values are clamped. `Err` says what was wrong with the value.
    pub fn with(&self, values: &Values, key: &str, value: &Value) -> Result<Values, String> {
        let param = self.params.iter().find(|param| param.key == key);
        let param = param.ok_or_else(|| format!("There is no setting called {key}."))?;
        let (value, warning) = param.read(&param.text(value));
        let value = value.ok_or_else(|| warning.unwrap_or_default())?;
        let mut values = values.clone();
        values.insert(key.to_owned(), value);
        sync_linked(self.params, &mut values, &|changed| changed == key);
        Ok(values)
    }

    /// The key-value pairs that make `values` of `base`.
    pub fn difference(&self, values: &Values, base: &Values) -> Query {
        let differs = |param: &&Param| {
            values.get(param.key) != base.get(param.key) && !is_implied(self.params, values, param.key)
        };
        let pair = |param: &Param| Some((param.key, param.text(values.get(param.key)?)));
        self.params.iter().filter(differs).filter_map(pair).collect()
    }

    /// The key-value pairs of an address that reproduce these settings: only what differs from the defaults.
    pub fn query(&self, values: &Values) -> Query {
        self.difference(values, &self.defaults())
    }

    /// What an address must have for these settings over `base`, whatever it has now: every key, with its value or without
    /// one.
    pub fn address(&self, values: &Values, base: &Values) -> Changes {
        let ours = self.difference(values, base);
        let change = |param: &Param| (param.key.to_owned(), ours.get(param.key).map(str::to_owned));
        self.params.iter().map(change).collect()
    }

    /// The same over the defaults, whatever preset it names now.
    pub fn whole_address(&self, values: &Values) -> Changes {
        let mut changes = self.address(values, &self.defaults());
        changes.push(("preset".to_owned(), None));
        changes
    }
}
