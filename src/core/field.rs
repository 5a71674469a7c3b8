//! Conversion of a config's fields to and from JSON. Serde could do this, but would add two kilobytes of code
//! per config.

use crate::core::param::Choices;
use serde_json::Value;

/// The type of one setting.
pub trait Field: Sized {
    /// Returns the setting that a JSON value holds, or `None` if the value has another type.
    fn read(value: &Value) -> Option<Self>;

    /// Returns the setting as a JSON value.
    fn write(&self) -> Value;
}

impl Field for u32 {
    fn read(value: &Value) -> Option<Self> {
        value.as_u64()?.try_into().ok()
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Field for f64 {
    fn read(value: &Value) -> Option<Self> {
        value.as_f64()
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Field for bool {
    fn read(value: &Value) -> Option<Self> {
        value.as_bool()
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Field for String {
    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }

    fn write(&self) -> Value {
        self.as_str().into()
    }
}

impl Field for Vec<u32> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(u32::read).collect()
    }

    fn write(&self) -> Value {
        self.iter().map(u32::write).collect()
    }
}

/// Returns the index of a value among the names of a choice.
pub fn choice_index(choices: Choices, value: &Value) -> Option<usize> {
    let text = value.as_str()?;
    choices.iter().position(|(slug, _)| *slug == text)
}
