//! The properties of a panel, and its settings with the ways to change them: the [`use_settings`] hook.

use crate::assignment::Assignment;
use crate::client::RunOptions;
use crate::core::query::Query;
use crate::core::schema::{Schema, Values};
use crate::core::settings::{Preset, Settings};
use crate::coursework::LessonName;
use crate::panel::background::{Background, use_background};
use crate::panel::state::{PanelAction, PanelState};
use crate::panel::work::{Work, use_work};
use crate::run::any::AnyConfig;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

/// The properties of a panel, which the app provides.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct PanelProps {
    /// The chapter that the address opens.
    pub chapter: Option<String>,
    /// The query of the address, for links and for keys that are neither settings nor options of a run.
    pub query: Rc<Query>,
    /// The settings in the address with which the page was opened.
    pub given: Rc<Query>,
    /// The state of the panel.
    pub state: PanelState,
    /// Changes the state. The callback stays the same for the lifetime of the page.
    pub dispatch: Callback<PanelAction>,
}

/// A panel's settings with their type, and everything that its frame needs.
#[derive(Clone, Debug)]
pub struct PanelSettings<C> {
    /// The settings with their type.
    pub config: Rc<C>,
    any: AnySettings,
}

impl<C> std::ops::Deref for PanelSettings<C> {
    type Target = AnySettings;

    fn deref(&self) -> &AnySettings {
        &self.any
    }
}

/// [`PanelSettings`] without their type.
#[derive(Clone, Debug)]
pub struct AnySettings {
    /// The descriptions of the settings.
    pub schema: &'static Schema,
    /// The settings as a run takes them.
    pub run_config: AnyConfig,
    /// The value of each field by its name.
    pub values: Rc<Values>,
    /// Sets one field.
    pub set: Callback<(&'static str, Value)>,
    /// Sets all fields to those of a preset, or to their defaults. Locked fields stay.
    pub choose: Callback<Option<&'static Preset>>,
    /// The properties of the panel.
    pub page: PanelProps,
    /// The options of a run.
    pub options: RunOptions,
    /// The assignment of the link.
    pub assignment: Rc<Assignment>,
    /// The answer sheet of the lesson to which the panel belongs.
    pub work: Work,
    /// The sweep of the panel.
    pub(super) background: Background,
}

/// Returns the settings of a panel, and the ways to change them.
#[hook]
pub fn use_settings<C: Settings>(props: &PanelProps) -> PanelSettings<C> {
    let any = use_any_settings(props);
    PanelSettings { config: any.run_config.typed(), any }
}

#[hook]
fn use_any_settings(props: &PanelProps) -> AnySettings {
    let lesson = props.state.assignment.lesson.clone().map(|id| LessonName { id, title: String::new() });
    let (work, background) = (use_work(lesson), use_background());
    // The callbacks do not depend on the settings, so frames of a run do not render the controls again.
    // Otherwise a number that is being typed would be reset thirty times per second.
    let set = use_callback(props.dispatch.clone(), |(key, value): (&'static str, Value), dispatch| {
        dispatch.emit(PanelAction::Set(key, value));
    });
    let choose = use_callback(props.dispatch.clone(), |preset: Option<&'static Preset>, dispatch| {
        dispatch.emit(PanelAction::Choose(preset));
    });
    let PanelState { experiment, config, options, assignment, .. } = &props.state;
    AnySettings {
        schema: &experiment.schema,
        run_config: config.clone(),
        values: config.values().clone(),
        set,
        choose,
        page: props.clone(),
        options: *options,
        assignment: assignment.clone(),
        work,
        background,
    }
}
