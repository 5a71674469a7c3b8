//! One component a section, and what they share: settings from the address, and the frame of a panel.

pub mod mlp;

use crate::experiments::Experiment;
use crate::experiments::settings::{Param, Settings, from_query, to_map, to_query, with};
use crate::lab::Lab;
use crate::protocol::{DeviceChoice, DeviceInfo, DeviceKind, Pace};
use crate::ui::control::Control;
use crate::ui::readout::format_number;
use crate::ui::run_controls::RunControls;
use serde_json::Value;
use std::rc::Rc;
use yew::prelude::*;

/// What the app gives a panel.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct PanelProps {
    /// The address's query.
    pub query: Rc<Vec<(String, String)>>,
    /// Changes keys of the query; `None` removes one.
    pub on_query: Callback<Vec<(String, Option<String>)>>,
    pub device: DeviceChoice,
}

/// A panel's settings, which live in the address.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelSettings<C> {
    pub config: C,
    /// What in the address could not be taken as it was.
    pub complaints: Vec<String>,
    /// Sets one field.
    pub set: Callback<(&'static str, Value)>,
    /// Sets all fields to their defaults.
    pub defaults: Callback<()>,
}

/// The settings that the address asks for.
#[hook]
pub fn use_settings<C: Settings>(props: &PanelProps) -> PanelSettings<C> {
    let (config, complaints) = from_query(&C::default(), &props.query);
    let changes = |config: &C| {
        let ours = to_query(config);
        let value = |key: &str| ours.iter().find(|(k, _)| k == key).map(|(_, value)| value.clone());
        C::PARAMS.iter().map(|param| (param.key.to_owned(), value(param.key))).collect::<Vec<_>>()
    };
    // The same callback until the settings change, so that frames of a run leave the controls alone: a number that is
    // being typed would be set back thirty times a second.
    let set = use_callback(
        (config.clone(), props.on_query.clone()),
        move |(key, value): (&'static str, Value), (config, on_query)| {
            // The control has checked the value and told its visitor; what is still wrong changes nothing.
            if let Ok(config) = with(config, key, &value) {
                on_query.emit(changes(&config));
            }
        },
    );
    let defaults = use_callback(props.on_query.clone(), |(), on_query| {
        on_query.emit(C::PARAMS.iter().map(|param| (param.key.to_owned(), None)).collect());
    });
    PanelSettings { config, complaints, set, defaults }
}

/// The controls for some fields, under a heading.
pub fn controls<C: Settings>(settings: &PanelSettings<C>, title: &'static str, keys: &[&str]) -> Html {
    let map = to_map(&settings.config);
    let fields = keys.iter().filter_map(|key| {
        let param = C::PARAMS.iter().find(|param| param.key == *key)?;
        Some((param, map.get(param.key)?.clone()))
    });
    html! { <Group {title} fields={fields.collect::<Vec<_>>()} set={settings.set.clone()} /> }
}

#[derive(PartialEq, Properties)]
struct GroupProps {
    title: &'static str,
    fields: Vec<(&'static Param, Value)>,
    set: Callback<(&'static str, Value)>,
}

/// Controls under a heading; drawn anew only when a value changes.
#[component]
fn Group(props: &GroupProps) -> Html {
    let control = |(param, value): &(&'static Param, Value)| {
        let (set, key) = (props.set.clone(), param.key);
        let on_change = Callback::from(move |value: Value| set.emit((key, value)));
        html! { <Control {key} param={*param} value={value.clone()} {on_change} /> }
    };
    html! {
        <fieldset>
            <legend>{ props.title }</legend>
            { for props.fields.iter().map(control) }
        </fieldset>
    }
}

/// The run controls of a panel's experiment.
pub fn run_controls<E: Experiment>(lab: &Lab<E>) -> Html {
    html! {
        <RunControls state={lab.state.clone()} progress={lab.progress} steps_per_sec={lab.pace.steps_per_sec}
            on_train={lab.train.clone()} on_pause={lab.pause.clone()} on_resume={lab.resume.clone()}
            on_step={lab.step.clone()} on_stop={lab.stop.clone()} on_reset={lab.reset.clone()} />
    }
}

/// What went wrong with the address or the probe, if anything.
pub fn notices(complaints: &[String], error: Option<&String>) -> Html {
    html! {
        <>
            if !complaints.is_empty() {
                <div class="notice" data-kind="warn" role="status">
                    { for complaints.iter().map(|text| html! { <p>{ text }</p> }) }
                </div>
            }
            if let Some(error) = error {
                <div class="notice" data-kind="error" role="alert"><p>{ error }</p></div>
            }
        </>
    }
}

/// The knobs of a panel. On a narrow page they start closed, so that the figures are not far below the buttons.
#[component]
pub fn Knobs(props: &KnobsProps) -> Html {
    const WIDE_PX: f64 = 900.0;
    let open = use_state(|| {
        let width = gloo::utils::window().inner_width().ok().and_then(|width| width.as_f64());
        width.is_none_or(|width| width >= WIDE_PX)
    });
    html! {
        <details class="knobs" open={*open}>
            <summary>{ "Settings" }</summary>
            { props.children.clone() }
        </details>
    }
}

#[derive(Debug, PartialEq, Properties)]
pub struct KnobsProps {
    pub children: Html,
}

/// Which device computes, and why it is not another; and how long a step keeps the worker.
pub fn device_line(device: Option<&DeviceInfo>, pace: Pace) -> Html {
    let Some(info) = device else {
        return html! { <p class="device-line">{ "Device: the worker is being fetched." }</p> };
    };
    let kind = match info.kind {
        DeviceKind::Webgpu => "WebGPU",
        DeviceKind::Cpu => "CPU",
    };
    html! {
        <p class="device-line">
            { "Device: " }<strong>{ kind }</strong>{ format!(" ({}).", info.name) }
            if let Some(why) = &info.fallback {
                <span class="fallback">{ format!(" {why}") }</span>
            }
            if pace.enqueue_ms.is_finite() && pace.enqueue_ms > 0.0 {
                { if info.kind == DeviceKind::Webgpu { " To enqueue a step takes " } else { " A step takes " } }
                <output data-metric="enqueue_ms" data-value={pace.enqueue_ms.to_string()}>
                    { format!("{} ms", format_number(pace.enqueue_ms.into(), 2)) }
                </output>{ "." }
            }
        </p>
    }
}

/// The settings that differ from the defaults, for exports.
pub fn stamp<C: Settings>(slug: &str, config: &C) -> AttrValue {
    let query: Vec<String> =
        to_query(config).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let settings = if query.is_empty() { "default settings".to_owned() } else { query.join(" ") };
    AttrValue::from(format!("nn-lab {} · {slug} · {settings}", env!("CARGO_PKG_VERSION")))
}
