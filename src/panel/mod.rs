//! One component a section, and what they share: settings from the address, and the frame of a panel.

mod background;
mod controls;
pub mod files;
mod frame;
mod guided;
mod history;
mod rail;
mod run_panel;
mod share;
mod shown;
mod sweep;
mod symbols;
mod view;

use crate::core::query::{Changes, Query};
pub use crate::panel::controls::{controls, controls_without};
pub use crate::panel::frame::{ChapterBody, Page, frame};
pub use crate::panel::guided::FinishedList;
pub use crate::panel::share::CopyButton;
pub use crate::panel::view::{ACCURACY, CurveFigure, CurveSpec, LOSS, Readouts, RunView};
use yew::prelude::*;

use crate::assignment::Assignment;
use crate::charts::{Series, Table};
use crate::client::RunOptions;
use crate::core::schema::{Schema, Values};
use crate::core::settings::{Param, Preset, Settings, linked_keys};
use crate::panel::background::{Background, use_background};
use crate::protocol::DeviceChoice;
use crate::ui::visibility::use_assignment;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// What the app gives a panel.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct PanelProps {
    /// The chapter that the address opens.
    pub chapter: Option<String>,
    pub query: Rc<Query>,
    /// Changes keys of the query; `None` removes one.
    pub on_query: Callback<Changes>,
    pub device: DeviceChoice,
}

/// A panel's settings, which live in the address.
#[derive(Clone, Debug)]
pub struct PanelSettings<C> {
    pub config: C,
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
    pub values: Rc<Values>,
    /// The preset that these settings are, if none of its fields was changed since.
    pub preset: Option<&'static Preset>,
    /// What in the address could not be taken as it was.
    pub warnings: Vec<String>,
    /// Sets one field.
    pub set: Callback<(&'static str, Value)>,
    /// Sets all fields to those of a preset, or to their defaults; what the lesson locks stays.
    pub choose: Callback<Option<&'static Preset>>,
    /// The address that they come from.
    pub page: PanelProps,
    /// What the address says of the run beside them.
    pub options: RunOptions,
    /// What the author of a link has fixed.
    pub assignment: Rc<Assignment>,
    /// The guided experiments that were finished.
    pub finished: FinishedList,
    /// What goes on beside the run.
    pub(super) background: Background,
    /// The settings whose controls are on the page: where several chapters are, each setting has one control.
    drawn: Rc<RefCell<Vec<&'static str>>>,
}

/// The settings that the address asks for.
#[hook]
pub fn use_settings<C: Settings>(props: &PanelProps) -> PanelSettings<C> {
    let mut any = use_any_settings(const { &Schema::of::<C>() }, props);
    let config = C::from_values(&any.values).unwrap_or_else(|error| {
        any.warnings.push(format!("The address could not be read: {error}."));
        any.values = Rc::new(any.schema.defaults());
        C::default()
    });
    PanelSettings { config, any }
}

#[hook]
fn use_any_settings(schema: &'static Schema, props: &PanelProps) -> AnySettings {
    let (assignment, finished) = (use_assignment(), guided::use_finished());
    let (preset, base, unknown) = schema.base(&props.query);
    let (values, mut warnings) = schema.read(&base, &props.query);
    warnings.extend(unknown);
    // The same callback until the settings change, so that frames of a run leave the controls alone: a number that is
    // being typed would be set back thirty times a second.
    let preset = preset.filter(|_| values == base);
    let values = Rc::new(values);
    let set = use_callback(
        (values.clone(), base, props.on_query.clone(), assignment.clone()),
        move |(key, value): (&'static str, Value), (values, base, on_query, assignment)| {
            if is_locked(assignment, schema.params, key) {
                return;
            }
            // The control has checked the value and told its visitor; what is still wrong changes nothing.
            if let Ok(values) = schema.with(values, key, &value) {
                on_query.emit(schema.address(&values, base));
            }
        },
    );
    let choose = use_callback(
        (values.clone(), props.on_query.clone(), assignment.clone()),
        move |preset: Option<&'static Preset>, (values, on_query, assignment)| {
            let base = preset.map_or_else(|| schema.defaults(), |preset| schema.preset(preset));
            let locked = values.iter().filter(|(key, _)| is_locked(assignment, schema.params, key));
            let mut target = base.clone();
            target.extend(locked.map(|(key, value)| (key.clone(), value.clone())));
            let mut changes = schema.address(&target, &base);
            changes.push(("preset".to_owned(), preset.map(|preset| preset.slug.to_owned())));
            on_query.emit(changes);
        },
    );
    let seeds = seeds(&props.query).unwrap_or_else(|warning| {
        warnings.push(warning);
        1
    });
    let options = RunOptions { device: props.device, seeds };
    let background = use_background();
    AnySettings {
        schema,
        values,
        preset,
        warnings,
        set,
        choose,
        page: props.clone(),
        options,
        assignment,
        finished,
        background,
        drawn: Rc::default(),
    }
}

/// Whether a student cannot change a setting, by itself or through one that it hangs together with.
pub fn is_locked(assignment: &Assignment, params: &[Param], key: &str) -> bool {
    assignment.locks(key)
        || linked_keys(params, key).is_some_and(|group| group.iter().any(|key| assignment.locks(key)))
}

/// How many seeds a run may have.
pub const SEEDS: [u32; 4] = [1, 3, 5, 10];

/// The number of seeds that an address asks for; a sentence if it is not one that there is.
fn seeds(query: &Query) -> Result<u32, String> {
    let Some(text) = query.get("seeds") else { return Ok(1) };
    let number = text.parse().ok().filter(|number| SEEDS.contains(number));
    let shown: String = text.chars().take(40).collect();
    number.ok_or_else(|| format!("seeds={shown} is not one of 1, 3, 5, 10; one seed is trained."))
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
