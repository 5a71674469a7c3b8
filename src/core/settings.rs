//! What a visitor may set, described once.
//!
//! Each experiment's `Config` is a flat struct; [`Settings::PARAMS`] says for every field what it is called, which
//! values it takes and what it does. Sliders, the address bar, the bounds check and the documentation all read this
//! one table, so they cannot disagree.

use crate::core::query::Query;
use crate::core::schema::{Schema, Values};
use crate::core::sweep::SweepPreset;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

mod field;
pub(in crate::core) mod int_list;

pub use crate::core::settings::field::{Field, chosen};
pub use crate::core::settings::int_list::{IntList, linked_keys};

/// Declares an enum whose variants are the values of a setting: for each its name in the address and its words on the page.
#[macro_export]
macro_rules! choices {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$about:meta])* $variant:ident = $slug:literal, $words:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $($(#[$about])* #[serde(rename = $slug)] $variant,)+
        }

        impl $name {
            /// The values in the address and the words on the page.
            pub const CHOICES: $crate::core::settings::Choices = &[$(($slug, $words)),+];
            const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl $crate::core::settings::Field for $name {
            fn read(value: &::serde_json::Value) -> Option<Self> {
                Self::ALL.get($crate::core::settings::chosen(Self::CHOICES, value)?).copied()
            }

            fn write(&self) -> ::serde_json::Value {
                match self { $(Self::$variant => $slug,)+ }.into()
            }
        }
    };
}

/// Declares the settings of a section in one table: `field: type = default, kind, "label", "symbol", "help";`, then the
/// presets, and sweeps if there are some. The kinds are `int(min, max)`, `float(min, max)` (both with `log` as a third word where the slider is
/// logarithmic), `list(number, ...)` (each with words behind it where the page does not show the number), `choice` (of a
/// type with `CHOICES`), `switch` and `sizes(min, max, most, count, largest)` (see [`Kind::Sizes`](crate::core::settings::Kind));
/// `live` behind one says that the field may change during a run. A preset names fields, so one that is misspelt does not
/// compile.
#[macro_export]
macro_rules! settings {
    (
        $(#[$doc:meta])*
        pub struct Config {
            $($key:ident: $type:ty = $default:expr,
                $kind:ident $(($($range:tt)*))? $($live:ident)?, $label:literal, $symbol:literal, $help:literal;)+
        }
        presets {
            $($slug:literal, $title:literal, $about:literal => { $($field:ident: $value:literal),* $(,)? })*
        }
        $(sweeps {
            $($sweep_title:literal, $sweep_about:literal => { $($of_sweep:ident: $sweep_value:literal),* $(; $($sweep_field:ident: $field_value:literal),*)? $(,)? })*
        })?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        pub struct Config {
            $(#[doc = $help] pub $key: $type,)+
        }

        impl Default for Config {
            fn default() -> Self {
                Self { $($key: $default),+ }
            }
        }

        impl $crate::core::settings::Settings for Config {
            const PARAMS: &'static [$crate::core::settings::Param] = &[$($crate::core::settings::Param {
                key: stringify!($key),
                label: $label,
                symbol: $symbol,
                help: $help,
                kind: $crate::settings!(@kind $type, $kind $($($range)*)?),
                live: $crate::settings!(@live $($live)?),
            }),+];
            const PRESETS: &'static [$crate::core::settings::Preset] = &[$($crate::core::settings::Preset {
                slug: $slug,
                title: $title,
                help: $about,
                values: $crate::keys!(@pairs Config; $($field: $value),*),
            }),*];
            $(const SWEEPS: &'static [$crate::core::sweep::SweepPreset] = &[$($crate::core::sweep::SweepPreset {
                title: $sweep_title,
                help: $sweep_about,
                sweep: &[$((stringify!($of_sweep), $sweep_value)),*],
                values: $crate::keys!(@pairs Config; $($($sweep_field: $field_value),*)?),
            }),*];)?

            fn to_values(&self) -> $crate::core::schema::Values {
                let mut values = $crate::core::schema::Values::new();
                $(values.insert(stringify!($key).to_owned(), $crate::core::settings::Field::write(&self.$key));)+
                values
            }

            fn from_values(values: &$crate::core::schema::Values) -> Result<Self, String> {
                Ok(Self { $($key: $crate::core::settings::field(values, stringify!($key))?),+ })
            }
        }
    };
    (@kind $type:ty, int $min:literal, $max:expr) => {
        $crate::core::settings::Kind::Int { min: $min, max: $max, log: false }
    };
    (@kind $type:ty, int $min:literal, $max:expr, log) => {
        $crate::core::settings::Kind::Int { min: $min, max: $max, log: true }
    };
    (@kind $type:ty, float $min:literal, $max:expr) => {
        $crate::core::settings::Kind::Float { min: $min, max: $max, log: false }
    };
    (@kind $type:ty, float $min:literal, $max:expr, log) => {
        $crate::core::settings::Kind::Float { min: $min, max: $max, log: true }
    };
    (@kind $type:ty, list $($value:literal $($words:literal)?),+) => {
        $crate::core::settings::Kind::List(&[$((stringify!($value), $crate::settings!(@words $value $($words)?))),+])
    };
    (@kind $type:ty, choice) => { $crate::core::settings::Kind::Choice(<$type>::CHOICES) };
    (@kind $type:ty, switch) => { $crate::core::settings::Kind::Switch };
    (@kind $type:ty, int_list $min:literal, $max:literal, $most:literal, $count:ident, $largest:ident) => {
        $crate::core::settings::Kind::IntList(&$crate::core::settings::IntList {
            min: $min,
            max: $max,
            most: $most,
            count: stringify!($count),
            largest: stringify!($largest),
        })
    };
    (@words $value:literal) => { stringify!($value) };
    (@words $value:literal $words:literal) => { $words };
    (@live) => { false };
    (@live live) => { true };
}

/// Names of fields, `keys![Config; depth, width]`: one that is misspelt does not compile.
#[macro_export]
macro_rules! keys {
    ($config:ty; $($key:ident),* $(,)?) => {{
        const _: fn(&$config) = |_config| { $(let _ = &_config.$key;)* };
        &[$(stringify!($key)),*]
    }};
    (@pairs $config:ty; $($key:ident: $value:literal),*) => {{
        const _: fn(&$config) = |_config| { $(let _ = &_config.$key;)* };
        &[$((stringify!($key), $value)),*]
    }};
}

/// The settings of one experiment. Every field is a number, a boolean or a unit enum (serialized in kebab-case).
pub trait Settings:
    Default + Clone + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned + 'static
{
    /// One entry for each field, in the order in which the panel shows them.
    const PARAMS: &'static [Param];
    /// Set-ups that show something worth seeing, in the order in which the panel offers them.
    const PRESETS: &'static [Preset] = &[];
    /// Sweeps that show something worth seeing.
    const SWEEPS: &'static [SweepPreset] = &[];

    /// The value of every field, by its name.
    fn to_values(&self) -> Values;

    /// The config that these values are. `Err` names the field that is missing or of another type.
    fn from_values(values: &Values) -> Result<Self, String>;
}

/// One field of a config.
pub fn field<T: Field>(values: &Values, key: &str) -> Result<T, String> {
    let value = values.get(key).ok_or_else(|| format!("{key} is missing"))?;
    T::read(value).ok_or_else(|| format!("{key} cannot be {value}"))
}

/// A named set-up: some fields set, all others at their defaults.
#[derive(Debug, PartialEq)]
pub struct Preset {
    /// Its name in addresses: `preset=<slug>`.
    pub slug: &'static str,
    /// What its button says.
    pub title: &'static str,
    /// One sentence: what will be seen.
    pub help: &'static str,
    /// Fields and their values, written as in an address.
    pub values: &'static [(&'static str, &'static str)],
}

impl Preset {
    /// The settings that it stands for.
    pub fn config<C: Settings>(&self) -> C {
        from_query(&C::default(), &self.values.iter().copied().collect()).0
    }
}

/// Values in the address and the words on the page.
pub type Choices = &'static [(&'static str, &'static str)];

/// One field of a config.
#[derive(Debug, PartialEq)]
pub struct Param {
    /// The field's name: the key in the address and the `data-param` of its control.
    pub key: &'static str,
    /// A few words for the control's label.
    pub label: &'static str,
    /// The symbol that stands for it in the formulae, or an empty string.
    pub symbol: &'static str,
    /// One sentence: what it does, with its unit if it has one.
    pub help: &'static str,
    /// Which values it takes.
    pub kind: Kind,
    /// Whether it may change while a run goes on. All others reset the run.
    pub live: bool,
}

/// Which values a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number from `min` to `max`, on a logarithmic slider if `log`.
    Int { min: u32, max: u32, log: bool },
    /// A real number from `min` to `max`, on a logarithmic slider if `log`.
    Float { min: f64, max: f64, log: bool },
    /// One of some names: the value in the address and the words on the page.
    Choice(Choices),
    /// One of some numbers, which are written alike in the address.
    List(Choices),
    /// On or off.
    Switch,
    /// Several whole numbers, written with commas between them; none where the two shorter settings say it all.
    IntList(&'static IntList),
}

/// The config that a map from field name to value or text stands for; what it lacks is at its default.
pub fn from_map<C: Settings>(map: &Values) -> C {
    let text = |param: &Param| Some((param.key, param.text(map.get(param.key)?)));
    from_query(&C::default(), &C::PARAMS.iter().filter_map(text).collect()).0
}

/// The config with one field changed; out-of-range values are clamped. `Err` says what was wrong with the value.
pub fn with<C: Settings>(config: &C, key: &str, value: &Value) -> Result<C, String> {
    C::from_values(&Schema::of::<C>().with(&config.to_values(), key, value)?)
}

/// The key-value pairs of an address that reproduce this config: only what differs from the default.
pub fn to_query<C: Settings>(config: &C) -> Query {
    Schema::of::<C>().query(&config.to_values())
}

/// The config that an address asks for, laid over `base`, and one sentence for every value that could not be taken
/// as it was.
pub fn from_query<C: Settings>(base: &C, query: &Query) -> (C, Vec<String>) {
    let (values, mut warnings) = Schema::of::<C>().read(&base.to_values(), query);
    let config = C::from_values(&values).unwrap_or_else(|error| {
        warnings.push(format!("The address could not be read: {error}."));
        base.clone()
    });
    (config, warnings)
}

impl Param {
    /// A value as an address has it.
    pub fn text(&self, value: &Value) -> String {
        match (self.kind, value) {
            (_, Value::String(text)) => text.clone(),
            // 1.0 is written as it stands in the list.
            (Kind::List(_), Value::Number(number)) => number.as_f64().unwrap_or(f64::NAN).to_string(),
            (Kind::IntList(_), Value::Array(list)) => {
                list.iter().map(Value::to_string).collect::<Vec<_>>().join(",")
            }
            (_, other) => other.to_string(),
        }
    }

    /// Reads a value from text. Gives the nearest value allowed, if there is one, and a sentence if that differs
    /// from what was asked.
    pub fn read(&self, text: &str) -> (Option<Value>, Option<String>) {
        let text = text.trim();
        let shown: String = text.chars().take(40).collect();
        let is_list = matches!(self.kind, Kind::List(_));
        // 1.0 is the 1 of a list.
        let number = text.parse::<f64>().ok().filter(|_| is_list);
        let same = |slug: &str| slug == text || (number.is_some() && number == slug.parse().ok());
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
                        let names = names.join(", ");
                        (None, Some(format!("{}={shown} is not one of {names}; it was ignored.", self.key)))
                    }
                }
            }
            Kind::Switch => match text {
                "1" | "true" => (Some(Value::from(true)), None),
                "0" | "false" => (Some(Value::from(false)), None),
                _ => (None, Some(format!("{}={shown} is neither true nor false; it was ignored.", self.key))),
            },
            Kind::IntList(sizes) => sizes.read(self.key, &shown, text),
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

/// A number of a list, as its field writes it: where one of them has a fraction, 1 is 1.0.
fn number_of(slug: &str, options: Choices) -> Option<Value> {
    if options.iter().any(|(slug, _)| slug.contains('.')) {
        return slug.parse::<f64>().ok().map(Value::from);
    }
    slug.parse::<u64>().ok().map(Value::from)
}
