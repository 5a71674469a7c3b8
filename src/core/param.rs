//! The description of one setting: its name, the values it takes, and its texts; and of presets and sweeps,
//! which are values of settings.

use crate::core::int_list::IntList;
use crate::core::query::shorten;
use crate::core::suggest::nearest;
use serde_json::{Map, Value};

/// The value of every field, by its name.
pub type Values = Map<String, Value>;

/// A named setup: some fields set, all others at their defaults.
#[derive(Debug, PartialEq)]
pub struct Preset {
    /// The name in addresses: `preset=<slug>`.
    pub slug: &'static str,
    /// The text of the button.
    pub title: &'static str,
    /// One sentence that says what to look for.
    pub help: &'static str,
    /// Fields and their values, written as in an address.
    pub values: &'static [(&'static str, &'static str)],
}

/// A sweep worth showing in a lecture.
#[derive(Debug, PartialEq)]
pub struct SweepPreset {
    /// The text of the button.
    pub title: &'static str,
    /// One sentence that says what to look for.
    pub help: &'static str,
    /// The sweep's keys in the address: `sweep`, `sweep2`, `seeds`, `measure`.
    pub sweep: &'static [(&'static str, &'static str)],
    /// The settings that differ from the defaults.
    pub values: &'static [(&'static str, &'static str)],
}

/// Values in the address, each with its label on the page.
pub type Choices = &'static [(&'static str, &'static str)];

/// One field of a config.
#[derive(Debug, PartialEq)]
pub struct Param {
    /// The field's name, which is the key in the address and the `data-param` of its control.
    pub key: &'static str,
    /// The label of the control.
    pub label: &'static str,
    /// The symbol in formulas, or an empty string.
    pub symbol: &'static str,
    /// One sentence that says what the setting does, with its unit if it has one.
    pub help: &'static str,
    /// The values that the field takes.
    pub kind: Kind,
    /// True if the field may change during a run. A change of any other field resets the run.
    pub live: bool,
}

/// The values that a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// An integer from `min` to `max`.
    Int {
        /// The minimum.
        min: u32,
        /// The maximum.
        max: u32,
        /// True if the slider is logarithmic.
        log: bool,
    },
    /// A real number from `min` to `max`.
    Float {
        /// The minimum.
        min: f64,
        /// The maximum.
        max: f64,
        /// True if the slider is logarithmic.
        log: bool,
    },
    /// One of several names.
    Choice(Choices),
    /// One of several numbers.
    List(Choices),
    /// On or off.
    Switch,
    /// Integers separated by commas; empty if the two linked settings suffice.
    IntList(&'static IntList),
    /// A text that has no control: other parts of the page set it.
    Text(TextKind),
}

/// A setting that is a text of some form, such as the name of a data set.
#[derive(Clone, Copy, Debug)]
pub struct TextKind {
    /// Returns the text in its one form, or the rest of a sentence on what it should be.
    pub check: fn(&str) -> Result<String, String>,
    /// The form in words, for the documentation.
    pub form: &'static str,
}

impl PartialEq for TextKind {
    fn eq(&self, other: &Self) -> bool {
        self.form == other.form
    }
}

impl Param {
    /// Returns a value as it is written in an address.
    pub fn text(&self, value: &Value) -> String {
        match (self.kind, value) {
            (_, Value::String(text)) => text.clone(),
            // 1.0 is written as 1, which is how the list has it.
            (Kind::List(_), Value::Number(number)) => number.as_f64().unwrap_or(f64::NAN).to_string(),
            (Kind::IntList(_), Value::Array(list)) => {
                list.iter().map(Value::to_string).collect::<Vec<_>>().join(",")
            }
            (_, other) => other.to_string(),
        }
    }

    /// Reads a value from text. Returns the nearest allowed value, if there is one, and a warning if that
    /// differs from the text.
    pub fn read(&self, text: &str) -> (Option<Value>, Option<String>) {
        let text = text.trim();
        let shown = shorten(text);
        let is_list = matches!(self.kind, Kind::List(_));
        // 1.0 matches the 1 of a list, and ReLU the name relu.
        let number = text.parse::<f64>().ok().filter(|_| is_list);
        let same =
            |slug: &str| slug.eq_ignore_ascii_case(text) || (number.is_some() && number == slug.parse().ok());
        match self.kind {
            Kind::Int { min, max, .. } => {
                self.read_number(&shown, text, f64::from(min), f64::from(max), true)
            }
            Kind::Float { min, max, .. } => self.read_number(&shown, text, min, max, false),
            Kind::Choice(options) | Kind::List(options) => {
                match options.iter().find(|(slug, _)| same(slug)) {
                    Some((slug, _)) if is_list => (number_of(slug, options), None),
                    Some((slug, _)) => (Some(Value::from(*slug)), None),
                    None => {
                        let names: Vec<_> = options.iter().map(|(slug, _)| *slug).collect();
                        let near = nearest(text, names.iter().copied());
                        let meant = near.map_or_else(String::new, |near| format!(" Did you mean “{near}”?"));
                        let names = names.join(", ");
                        (
                            None,
                            Some(format!(
                                "{}={shown} is not one of {names}; it was ignored.{meant}",
                                self.key
                            )),
                        )
                    }
                }
            }
            Kind::Switch => match text.to_ascii_lowercase().as_str() {
                "1" | "true" => (Some(Value::from(true)), None),
                "0" | "false" => (Some(Value::from(false)), None),
                _ => (None, Some(format!("{}={shown} is neither true nor false; it was ignored.", self.key))),
            },
            Kind::IntList(list) => list.read(self.key, &shown, text),
            Kind::Text(kind) => match (kind.check)(text) {
                Ok(text) => (Some(Value::from(text)), None),
                Err(why) => (None, Some(format!("{}={shown} was ignored: {why}.", self.key))),
            },
        }
    }

    fn read_number(
        &self,
        shown: &str,
        text: &str,
        min: f64,
        max: f64,
        whole: bool,
    ) -> (Option<Value>, Option<String>) {
        let number = match text.parse::<f64>() {
            Ok(number) if !number.is_nan() => number,
            _ => return (None, Some(format!("{}={shown} is not a number; it was ignored.", self.key))),
        };
        let mut nearest = number.clamp(min, max);
        if whole {
            nearest = nearest.round();
        }
        let warning = (nearest != number).then(|| {
            format!(
                "{}={shown} was set to {nearest}: it takes {} from {min} to {max}.",
                self.key,
                if whole { "whole numbers" } else { "values" }
            )
        });
        let value = if whole { Value::from(nearest as u64) } else { Value::from(nearest) };
        (Some(value), warning)
    }
}

/// Returns a number of a list as its field writes it: if any of the numbers has a fraction, all of them are
/// floats.
fn number_of(slug: &str, options: Choices) -> Option<Value> {
    if options.iter().any(|(slug, _)| slug.contains('.')) {
        return slug.parse::<f64>().ok().map(Value::from);
    }
    slug.parse::<u64>().ok().map(Value::from)
}
