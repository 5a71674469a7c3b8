//! The row of a saved run.

use crate::core::schema::Values;
use crate::core::settings::Param;
use crate::panel::history::files;
use crate::panel::history::store::Edit;
use crate::protocol::{DeviceChoice, DeviceKind};
use crate::run::any::AnyExperiment;
use crate::saved_runs::history::MAX_NAME;
use crate::saved_runs::{Origin, Outcome, SavedRun, Timestamp, format};
use crate::ui::checks::check_table;
use crate::ui::readout::format_number;
use crate::ui::visibility::use_assignment;
use js_sys::{Date, Object, Reflect};
use std::rc::Rc;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// The number of last values that are shown without opening the row.
const MAX_VALUES: usize = 4;

#[derive(Properties, PartialEq)]
pub(super) struct RowProps {
    pub(super) section: &'static AnyExperiment,
    pub(super) run: SavedRun,
    /// The present settings of the panel.
    pub(super) config: Rc<Values>,
    /// The settings with which it is compared, and the differences.
    pub(super) against: String,
    pub(super) differences: Vec<String>,
    /// Its color in the comparison, and true if its line is dashed; `None` if it is not compared.
    pub(super) slot: Option<(usize, bool)>,
    pub(super) active: bool,
    pub(super) choose: Callback<(u64, bool)>,
    pub(super) rerun: Callback<SavedRun>,
    pub(super) edit: Callback<Edit>,
}

/// The settings and results of a run, with its buttons.
#[component]
pub(super) fn Row(props: &RowProps) -> Html {
    let RowProps { run, edit, .. } = props;
    let (id, record) = (run.id, &run.record);
    let opened = use_state_eq(|| false);
    let on_choose = {
        let choose = props.choose.clone();
        Callback::from(move |event: Event| {
            choose.emit((id, event.target_unchecked_into::<HtmlInputElement>().checked()));
        })
    };
    let on_name = {
        let (edit, name) = (edit.clone(), run.name.clone());
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            edit.emit(Edit::Rename(id, input.value()));
            if input.value().trim().is_empty() {
                input.set_value(&name);
            }
        })
    };
    let edits = |make: fn(u64, bool) -> Edit, pinned: bool| {
        let edit = edit.clone();
        Callback::from(move |_: MouseEvent| edit.emit(make(id, pinned)))
    };
    let saves = |save: fn(&RowProps) -> Option<()>| {
        let (edit, props) = (edit.clone(), props.copy());
        Callback::from(move |_: MouseEvent| {
            if save(&props).is_none() {
                edit.emit(Edit::ShowMessage("This browser blocked the download.".to_owned()));
            }
        })
    };
    // A run with other settings would bypass locked settings and an open question.
    let assignment = use_assignment();
    let fixed = !assignment.lock.is_empty() || assignment.question.is_some();
    let rerun = {
        let (rerun, run) = (props.rerun.clone(), run.clone());
        Callback::from(move |_: MouseEvent| rerun.emit(run.clone()))
    };
    let toggle = {
        let opened = opened.clone();
        Callback::from(move |_: MouseEvent| opened.set(!*opened))
    };
    let swatch = props.slot.map(|(color, dashed)| {
        let dashed = dashed.then_some("true");
        html! { <span class="swatch" data-dashed={dashed} ~style={format!("background:var(--series-{color})")}></span> }
    });
    let named = |what: &str| format!("{what}: {}", run.name);
    let rerun_note = format::rerun_note(record, env!("CARGO_PKG_VERSION"));
    let note_id = format!("rerun-note-{id}");
    html! {
        <li class="run" data-run={id.to_string()} data-origin={if run.origin == Origin::File { "file" } else { "here" }}
            data-outcome={match record.outcome { Outcome::Done => "done", Outcome::Stopped => "stopped", Outcome::Failed(_) => "failed" }}>
            <div class="run-head">
                <input type="checkbox" data-action="compare-run" aria-label={named("Compare")} checked={props.slot.is_some()} onchange={on_choose} />
                { for swatch }
                if run.origin == Origin::Here {
                    <input class="run-name" type="text" aria-label={named("Name of the run")} maxlength={MAX_NAME.to_string()}
                        value={run.name.clone()} onchange={on_name} />
                } else {
                    <strong class="run-name">{ run.name.clone() }</strong>
                    <span class="badge">{ "from a file" }</span>
                }
                if run.pinned {
                    <span class="badge">{ "pinned" }</span>
                }
                <span class="run-when">
                    { format!("{} · {} · {}", format::outcome(record), format::duration(record), device_name(record.device.kind)) }
                    { " · " }<time datetime={record.finished.to_string()}>{ local(record.finished) }</time>
                </span>
            </div>
            <p class="run-differences">
                if props.differences.is_empty() {
                    { format!("The same settings as {}.", props.against) }
                } else {
                    { format!("Against {}: {}.", props.against, props.differences.join(", ")) }
                }
            </p>
            <p class="run-values">
                { for record.series.iter().take(MAX_VALUES).map(last_value) }
                <span class="run-value">{ "Checks: " }<b>{ format::verdicts(&record.checks) }</b></span>
            </p>
            <div class="run-actions" role="group" aria-label={named("Run actions")}>
                <button type="button" data-action="rerun" disabled={props.active || fixed} onclick={rerun}
                    aria-describedby={rerun_note.is_some().then(|| note_id.clone())}
                    title={if fixed { "The settings are fixed on this page" } else { "Sets the settings, the seed and the device of this run, and trains" }}>{ "Run again" }</button>
                <button type="button" data-action="pin-run" aria-pressed={run.pinned.to_string()}
                    onclick={edits(Edit::Pin, !run.pinned)}>{ "Pin" }</button>
                <button type="button" data-action="save-run" onclick={saves(|props| files::save(&props.run))}>{ "Save file" }</button>
                <button type="button" data-action="save-run-csv" onclick={saves(|props| files::save_csv(&props.run, &props.provenance()))}>{ "CSV" }</button>
                <button type="button" data-action="delete-run" onclick={edits(|id, _| Edit::Delete(id), false)}>{ "Delete" }</button>
                <button type="button" data-action="run-details" aria-expanded={opened.to_string()} onclick={toggle}>
                    { if *opened { "Hide details" } else { "Details" } }
                </button>
            </div>
            if let Some(note) = rerun_note {
                <p class="run-note" id={note_id} data-rerun-note="">{ note }</p>
            }
            if *opened {
                { details(props) }
            }
        </li>
    }
}

impl RowProps {
    fn copy(&self) -> Self {
        Self {
            run: self.run.clone(),
            config: self.config.clone(),
            against: self.against.clone(),
            differences: self.differences.clone(),
            choose: self.choose.clone(),
            rerun: self.rerun.clone(),
            edit: self.edit.clone(),
            ..*self
        }
    }

    /// The section, version and settings, as in every file of the lab.
    fn provenance(&self) -> String {
        let record = &self.run.record;
        let settings = format::settings(&self.section.schema, &record.config);
        format!("nn-lab {} · {} · {settings}", record.lab_version, self.section.slug)
    }
}

/// Returns everything that was saved, except for the curves.
fn details(props: &RowProps) -> Html {
    let (record, params) = (&props.run.record, props.section.schema.params);
    let now = format::differences(params, &record.config, &props.config);
    let setting = |param: &Param| {
        let value = record.config.get(param.key)?;
        Some(html! { <tr><th scope="row">{ param.label }</th><td>{ format::value(param, value) }</td></tr> })
    };
    let change = |change: &crate::saved_runs::Change| {
        let param = params.iter().find(|param| param.key == change.key)?;
        Some(format!("{} to {} after step {}", param.label, format::value(param, &change.value), change.step))
    };
    let changes: Vec<String> = record.changes.iter().filter_map(change).collect();
    let device = &record.device;
    let thinned = record.series.iter().find_map(|series| series.thinned_from.map(|from| (series, from)));
    html! {
        <div class="run-details">
            if let Outcome::Failed(why) = &record.outcome {
                <p>{ why.clone() }</p>
            }
            <p>
                { format!("Device: {} ({}), {}.", device_name(device.kind), device.name, asked_for(device.asked)) }
                if let Some(why) = &device.fallback {
                    { format!(" {why}") }
                }
            </p>
            <p>
                { format!("Started {}, ended {}, with version {} of the lab", local(record.begun), local(record.finished), record.lab_version) }
                { if record.lab_version == env!("CARGO_PKG_VERSION") { ".".to_owned() } else { format!("; this is {}.", env!("CARGO_PKG_VERSION")) } }
            </p>
            if !changes.is_empty() {
                <p>{ format!("Changed while it ran: {}. Running it again begins with the settings below and changes nothing.", changes.join(", ")) }</p>
            }
            <p>
                if now.is_empty() {
                    { "The settings of this panel are those of the run." }
                } else {
                    { format!("From this run to the settings of this panel: {}.", now.join(", ")) }
                }
            </p>
            if let Some((series, from)) = thinned {
                <p>{ format!("Long curves were thinned to save space: {} had {from} points and has {}.", series.title, series.points.len()) }</p>
            }
            <div class="run-tables">
                <table class="run-table">
                    <caption>{ "Settings" }</caption>
                    <tbody>{ for params.iter().filter_map(setting) }</tbody>
                </table>
                <table class="run-table">
                    <caption>{ "Last value of each curve" }</caption>
                    <tbody>
                        { for record.series.iter().map(|series| html! {
                            <tr><th scope="row">{ series.title.clone() }</th><td>{ number(series) }</td></tr>
                        }) }
                    </tbody>
                </table>
            </div>
            <h2>{ "Checks of this run" }</h2>
            { check_table(&record.checks) }
        </div>
    }
}

fn last_value(series: &crate::saved_runs::SavedSeries) -> Html {
    html! {
        <span class="run-value">
            { format!("{}: ", series.title) }
            <b data-kept={series.metric.clone()} data-value={series.last().map(|y| y.to_string())}>{ number(series) }</b>
        </span>
    }
}

/// Returns the last value of a curve with its unit.
fn number(series: &crate::saved_runs::SavedSeries) -> String {
    match series.last() {
        None => "–".to_owned(),
        Some(y) if series.unit.is_empty() => format_number(y, 3),
        Some(y) => format!("{} {}", format_number(y, 3), series.unit),
    }
}

pub(super) fn device_name(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Webgpu => "WebGPU",
        DeviceKind::Cpu => "CPU",
    }
}

fn asked_for(choice: DeviceChoice) -> &'static str {
    match choice {
        DeviceChoice::Auto => "chosen automatically",
        DeviceChoice::Webgpu => "WebGPU was requested",
        DeviceChoice::Cpu => "the CPU was requested",
    }
}

/// Returns the time in the visitor's time zone.
pub(in crate::panel) fn local(time: Timestamp) -> String {
    let options = Object::new();
    for (key, value) in [("dateStyle", "medium"), ("timeStyle", "short")] {
        // Setting a property of a new object does not fail.
        let _ = Reflect::set(&options, &key.into(), &value.into());
    }
    Date::new(&(time.0 as f64).into()).to_locale_string("en-GB", &options).into()
}
