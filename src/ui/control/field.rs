//! The properties of every kind of control.

use crate::core::settings::Param;
use serde_json::Value;
use yew::prelude::*;

/// A setting with its value, and the ids of its input and help text.
#[derive(Clone, Properties, PartialEq)]
pub(super) struct Field {
    pub(super) param: &'static Param,
    pub(super) value: Value,
    pub(super) on_change: Callback<Value>,
    pub(super) disabled: bool,
    pub(super) absent: &'static [&'static str],
    /// The id of the input that the label is for.
    pub(super) id: AttrValue,
    pub(super) help_id: AttrValue,
}
