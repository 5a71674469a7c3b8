//! Settings without their Rust type: the values of all fields by name. The page works with these, so that its
//! code is compiled once rather than once per section.

use crate::core::param::{Kind, Param, Preset, SweepPreset};
use crate::core::query::{Changes, Query};
use crate::core::suggest::no_such;
use serde_json::Value;
use thiserror::Error;

pub use crate::core::param::Values;

/// The reason a setting does not take a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingError {
    /// There is no setting with this key.
    #[error("There is no setting “{0}”.")]
    Unknown(String),
    /// The value cannot be read; the text is the sentence of [`Param::read`].
    #[error("{0}")]
    Refused(String),
    /// A map of values lacks the setting with this key.
    #[error("{0} is missing")]
    Missing(String),
    /// The value has a type that the setting does not take.
    #[error("{key} cannot be {value}")]
    WrongType {
        /// The key of the setting.
        key: String,
        /// The value, as JSON.
        value: String,
    },
}

/// A section's settings, apart from their Rust type.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// All fields, in the order in which the panel shows them.
    pub params: &'static [Param],
    /// The presets, in the order in which the panel offers them.
    pub presets: &'static [Preset],
    /// The sweeps, in the order in which the panel offers them.
    pub sweeps: &'static [SweepPreset],
    /// Returns every field at its default.
    pub(super) defaults: fn() -> Values,
}

impl Schema {
    /// Returns every field at its default.
    pub fn defaults(&self) -> Values {
        (self.defaults)()
    }

    /// Returns the settings of a preset.
    pub fn preset(&self, preset: &Preset) -> Values {
        self.read(&self.defaults(), &preset.values.iter().copied().collect()).0
    }

    /// Returns the settings that an address's own keys override: the preset that the address names, or the
    /// defaults with a warning if there is no such preset.
    pub fn base(&self, query: &Query) -> (Option<&'static Preset>, Values, Option<String>) {
        let Some(slug) = query.get("preset") else {
            return (None, self.defaults(), None);
        };
        match self.presets.iter().find(|preset| preset.slug.eq_ignore_ascii_case(slug)) {
            Some(preset) => (Some(preset), self.preset(preset), None),
            None => {
                let known: Vec<_> = self.presets.iter().map(|preset| preset.slug).collect();
                (None, self.defaults(), Some(no_such("preset {} in this section", slug, &known)))
            }
        }
    }

    /// Returns the settings that an address asks for on top of `base`, and one warning per value that was not
    /// taken literally. Other keys are ignored: they may belong to the page.
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

    /// Returns the settings with one field changed. An out-of-range value is clamped.
    ///
    /// # Errors
    ///
    /// Fails if there is no such setting, or if it cannot read the value.
    pub fn with(&self, values: &Values, key: &str, value: &Value) -> Result<Values, SettingError> {
        let param = self.params.iter().find(|param| param.key == key);
        let param = param.ok_or_else(|| SettingError::Unknown(key.to_owned()))?;
        let value = if is_allowed(param, value) {
            value.clone()
        } else {
            let (value, warning) = param.read(&param.text(value));
            value.ok_or_else(|| SettingError::Refused(warning.unwrap_or_default()))?
        };
        let mut values = values.clone();
        values.insert(key.to_owned(), value);
        sync_linked(self.params, &mut values, &|changed| changed == key);
        Ok(values)
    }

    /// Returns the key-value pairs that turn `base` into `values`.
    pub fn difference(&self, values: &Values, base: &Values) -> Query {
        let differs = |param: &&Param| {
            values.get(param.key) != base.get(param.key) && !is_implied(self.params, values, param.key)
        };
        let pair = |param: &Param| Some((param.key, param.text(values.get(param.key)?)));
        self.params.iter().filter(differs).filter_map(pair).collect()
    }

    /// Returns the key-value pairs of an address that reproduce these settings: those that differ from the
    /// defaults.
    pub fn query(&self, values: &Values) -> Query {
        self.difference(values, &self.defaults())
    }

    /// Returns the changes that give an address these settings over `base`, whatever it has now: every key,
    /// with its value or `None`.
    pub fn address(&self, values: &Values, base: &Values) -> Changes {
        let ours = self.difference(values, base);
        let change = |param: &Param| (param.key.to_owned(), ours.get(param.key).map(str::to_owned));
        self.params.iter().map(change).collect()
    }

    /// Returns the changes that give an address these settings over the defaults, and remove its preset.
    pub fn whole_address(&self, values: &Values) -> Changes {
        let mut changes = self.address(values, &self.defaults());
        changes.push(("preset".to_owned(), None));
        changes
    }
}

/// Returns true if a setting takes this value as it is. Controls send such values, which then need not become
/// text.
fn is_allowed(param: &Param, value: &Value) -> bool {
    match (param.kind, value) {
        (Kind::Int { min, max, .. }, Value::Number(number)) => {
            number.as_u64().is_some_and(|number| (min.into()..=max.into()).contains(&number))
        }
        (Kind::Float { min, max, .. }, Value::Number(number)) => {
            number.is_f64() && number.as_f64().is_some_and(|number| (min..=max).contains(&number))
        }
        (Kind::Choice(choices), Value::String(text)) => choices.iter().any(|(slug, _)| slug == text),
        (Kind::Switch, Value::Bool(_)) => true,
        _ => false,
    }
}

/// Updates the lists of integers and their linked settings after some keys were set.
fn sync_linked(params: &[Param], values: &mut Values, is_set: &dyn Fn(&str) -> bool) {
    for param in params {
        let Kind::IntList(list) = param.kind else { continue };
        if !is_set(param.key) && (is_set(list.count_key) || is_set(list.largest_key)) {
            values.insert(param.key.to_owned(), Value::Array(Vec::new()));
        }
        let Some(Value::Array(numbers)) = values.get(param.key) else { continue };
        if let Some(largest) = numbers.iter().filter_map(Value::as_u64).max() {
            let count = numbers.len() as u64;
            values.insert(list.count_key.to_owned(), count.into());
            values.insert(list.largest_key.to_owned(), largest.into());
        }
    }
}

/// Returns the settings that change together with this one, if it is a list of integers or linked to one. If
/// one of them is locked, all are.
pub fn linked_keys(params: &[Param], key: &str) -> Option<[&'static str; 3]> {
    let mut groups = params.iter().filter_map(|param| match param.kind {
        Kind::IntList(list) => Some([param.key, list.count_key, list.largest_key]),
        _ => None,
    });
    groups.find(|group| group.contains(&key))
}

/// Returns true if a setting follows from a list of integers, so that an address need not have it.
fn is_implied(params: &[Param], values: &Values, key: &str) -> bool {
    params.iter().any(|param| match (param.kind, values.get(param.key)) {
        (Kind::IntList(list), Some(Value::Array(numbers))) => {
            !numbers.is_empty() && (list.count_key == key || list.largest_key == key)
        }
        _ => false,
    })
}
