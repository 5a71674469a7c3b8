//! One component per section, and what they share: the state of a panel, its controls, and its frame.

mod background;
mod controls;
pub mod files;
mod frame;
mod guided;
mod history;
mod rail;
mod run_panel;
mod run_status;
mod run_view;
mod share;
mod shown;
mod state;
mod sweep;
mod symbols;

pub use crate::panel::controls::{ControlGroup, controls, controls_without};
pub use crate::panel::frame::{ChapterBody, Page, frame};
pub use crate::panel::guided::FinishedList;
pub use crate::panel::run_view::{ACCURACY, CurveFigure, CurveSpec, LOSS, Readouts, RunView};
pub use crate::panel::share::CopyButton;
pub use crate::panel::state::{PanelAction, PanelState, SEEDS, device, is_locked};

use crate::assignment::Assignment;
use crate::charts::{Series, Table};
use crate::client::RunOptions;
use crate::core::query::Query;
use crate::core::schema::{Schema, Values};
use crate::core::settings::{Preset, Settings};
use crate::panel::background::{Background, use_background};
use crate::run::any::AnyConfig;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

/// What the app gives a panel.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct PanelProps {
    /// The chapter that the address opens.
    pub chapter: Option<String>,
    /// The query of the address, for links and for what is neither a setting nor an option of a run.
    pub query: Rc<Query>,
    pub state: PanelState,
    /// Changes the state. It is the same callback for as long as the page is there.
    pub dispatch: Callback<PanelAction>,
}

/// A panel's settings with their type, and everything that its frame needs.
#[derive(Clone, Debug)]
pub struct PanelSettings<C> {
    pub config: Rc<C>,
    any: AnySettings,
}

impl<C> std::ops::Deref for PanelSettings<C> {
    type Target = AnySettings;

    fn deref(&self) -> &AnySettings {
        &self.any
    }
}

/// The same without their type.
#[derive(Clone, Debug)]
pub struct AnySettings {
    pub schema: &'static Schema,
    /// The settings as a run takes them.
    pub run_config: AnyConfig,
    pub values: Rc<Values>,
    /// Sets one field.
    pub set: Callback<(&'static str, Value)>,
    /// Sets all fields to those of a preset, or to their defaults. Locked fields stay.
    pub choose: Callback<Option<&'static Preset>>,
    /// What the app gave the panel.
    pub page: PanelProps,
    pub options: RunOptions,
    /// What the author of a link has fixed.
    pub assignment: Rc<Assignment>,
    /// The guided experiments that were finished.
    pub finished: FinishedList,
    /// What goes on beside the run.
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
    let (finished, background) = (guided::use_finished(), use_background());
    // The same callbacks whatever the settings are, so that frames of a run leave the controls alone: a number that is being
    // typed would be set back thirty times a second.
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
        finished,
        background,
    }
}

/// A record, compared by its pointer.
#[derive(Debug)]
pub struct PtrEq<R>(pub Rc<R>);

impl<R> Clone for PtrEq<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R> PartialEq for PtrEq<R> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The table twin of a line chart.
pub fn series_table(x: &'static str, series: &[Series]) -> Callback<(), Table> {
    let series = series.to_vec();
    Callback::from(move |()| Table::from_series(x, &series))
}
