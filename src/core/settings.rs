//! The settings of an experiment, described once.
//!
//! Each experiment's `Config` is a flat struct; [`Settings::PARAMS`] gives the name, the values and the
//! purpose of every field. Sliders, the address bar, the bounds check and the documentation all read this one
//! table, so they cannot disagree.

use crate::core::query::Query;
use crate::core::schema::{Schema, SettingError, Values};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

pub use crate::core::field::{Field, choice_index};
pub use crate::core::int_list::IntList;
pub use crate::core::param::{Choices, Kind, Param, Preset, SweepPreset, TextKind};
pub use crate::core::schema::linked_keys;

/// Declares an enum whose variants are the values of a setting, each with its name in the address and its
/// label on the page.
#[macro_export]
macro_rules! choices {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$about:meta])* $variant:ident = $slug:literal, $words:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $($(#[$about])* #[doc = $words] #[serde(rename = $slug)] $variant,)+
        }

        impl $name {
            /// The values in the address, each with its label on the page.
            pub const CHOICES: $crate::core::settings::Choices = &[$(($slug, $words)),+];
            const ALL: &'static [Self] = &[$(Self::$variant),+];
        }

        impl $crate::core::settings::Field for $name {
            fn read(value: &::serde_json::Value) -> Option<Self> {
                Self::ALL.get($crate::core::settings::choice_index(Self::CHOICES, value)?).copied()
            }

            fn write(&self) -> ::serde_json::Value {
                match self { $(Self::$variant => $slug,)+ }.into()
            }
        }
    };
}

/// Declares the settings of a section in one table: `field: type = default, kind, "label", "symbol",
/// "help";`, then the presets, then the sweeps, if any. The kinds are:
///
/// - `int(min, max)` and `float(min, max)`, both with `log` as a third argument for a logarithmic slider;
/// - `list(number, ...)`, each number followed by a label if the page does not show the number;
/// - `choice`, for a type with `CHOICES`;
/// - `switch`;
/// - `int_list(min, max, max_len, count_key, largest_key)`, see [`IntList`](crate::core::settings::IntList).
/// - `text(check, "form")`, a text that other parts of the page set, see [`TextKind`](crate::core::settings::TextKind).
///
/// `live` after a kind means that the field may change during a run. Presets name fields, so a misspelled one
/// does not compile.
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
            $(const SWEEPS: &'static [$crate::core::settings::SweepPreset] = &[$($crate::core::settings::SweepPreset {
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

            fn from_values(
                values: &$crate::core::schema::Values,
            ) -> Result<Self, $crate::core::schema::SettingError> {
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
    (@kind $type:ty, int_list $min:literal, $max:literal, $max_len:literal, $count:ident, $largest:ident) => {
        $crate::core::settings::Kind::IntList(&$crate::core::settings::IntList {
            min: $min,
            max: $max,
            max_len: $max_len,
            count_key: stringify!($count),
            largest_key: stringify!($largest),
        })
    };
    (@kind $type:ty, text $check:path, $form:literal) => {
        $crate::core::settings::Kind::Text($crate::core::settings::TextKind { check: $check, form: $form })
    };
    (@words $value:literal) => { stringify!($value) };
    (@words $value:literal $words:literal) => { $words };
    (@live) => { false };
    (@live live) => { true };
}

/// Returns the names of fields, `keys![Config; depth, width]`. A misspelled name does not compile.
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

/// The settings of one experiment. Every field is a number, a list of numbers, a boolean, or an enum declared
/// with [`choices!`](crate::choices).
pub trait Settings:
    Default + Clone + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned + 'static
{
    /// One entry per field, in the order in which the panel shows them.
    const PARAMS: &'static [Param];
    /// The presets, in the order in which the panel offers them.
    const PRESETS: &'static [Preset] = &[];
    /// The sweeps, in the order in which the panel offers them.
    const SWEEPS: &'static [SweepPreset] = &[];

    /// Returns the value of every field, by name.
    fn to_values(&self) -> Values;

    /// Returns the config with these values.
    ///
    /// # Errors
    ///
    /// Fails if a field is missing or has another type.
    fn from_values(values: &Values) -> Result<Self, SettingError>;
}

/// Returns one field of a config.
///
/// # Errors
///
/// Fails if the field is missing or has another type.
pub fn field<T: Field>(values: &Values, key: &str) -> Result<T, SettingError> {
    let value = values.get(key).ok_or_else(|| SettingError::Missing(key.to_owned()))?;
    T::read(value).ok_or_else(|| SettingError::WrongType { key: key.to_owned(), value: value.to_string() })
}

impl Schema {
    /// Returns the schema of a config.
    pub const fn of<C: Settings>() -> Self {
        let defaults = || C::default().to_values();
        Self { params: C::PARAMS, presets: C::PRESETS, sweeps: C::SWEEPS, defaults }
    }
}

impl Preset {
    /// Returns the settings of this preset.
    pub fn config<C: Settings>(&self) -> C {
        from_query(&C::default(), &self.values.iter().copied().collect()).0
    }
}

/// Returns the config of a map from field names to values or texts. Missing fields are at their defaults.
pub fn from_map<C: Settings>(map: &Values) -> C {
    let text = |param: &Param| Some((param.key, param.text(map.get(param.key)?)));
    from_query(&C::default(), &C::PARAMS.iter().filter_map(text).collect()).0
}

/// Returns the config with one field changed. An out-of-range value is clamped.
///
/// # Errors
///
/// Fails if there is no such field, or if it cannot read the value.
pub fn with<C: Settings>(config: &C, key: &str, value: &Value) -> Result<C, SettingError> {
    C::from_values(&Schema::of::<C>().with(&config.to_values(), key, value)?)
}

/// Returns the key-value pairs of an address that reproduce this config: those that differ from the defaults.
pub fn to_query<C: Settings>(config: &C) -> Query {
    Schema::of::<C>().query(&config.to_values())
}

/// Returns the config that an address asks for on top of `base`, and one warning per value that was not taken
/// literally.
pub fn from_query<C: Settings>(base: &C, query: &Query) -> (C, Vec<String>) {
    let (values, mut warnings) = Schema::of::<C>().read(&base.to_values(), query);
    let config = C::from_values(&values).unwrap_or_else(|error| {
        warnings.push(format!("The address could not be read: {error}."));
        base.clone()
    });
    (config, warnings)
}
