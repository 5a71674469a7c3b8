//! What a field of a config can be, to and from JSON. Serde could do it, at two kilobytes of code for every config.

use serde_json::Value;

/// The type of one setting.
pub trait Field: Sized {
    /// The value in a map of settings, if it is of this type.
    fn read(value: &Value) -> Option<Self>;

    /// What stands for it there.
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

impl Field for Vec<u32> {
    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(u32::read).collect()
    }

    fn write(&self) -> Value {
        self.iter().map(u32::write).collect()
    }
}

/// Where a value stands among the names of a choice.
pub fn chosen(choices: super::Choices, value: &Value) -> Option<usize> {
    let text = value.as_str()?;
    choices.iter().position(|(slug, _)| *slug == text)
}
