//! One component a section, and what they share: settings from the address, and the frame of a panel.

mod controls;
pub mod files;
mod history;
mod run_panel;
mod share;
mod shown;
mod sweep;
mod view;

pub use crate::panel::controls::{controls, controls_without};
pub use crate::panel::view::{ACCURACY, CurveFigure, LOSS, Line, Readouts, RunView};

use crate::charts::{Series, Table};
use crate::core::Check;
use crate::core::settings::{Preset, Settings, address, base, from_query, to_map, to_query, with};
use crate::core::sweep::{seed, with_seed};
use crate::lab::{Pool, RunHandle, RunOptions};
use crate::panel::history::RunHistory;
use crate::panel::run_panel::RunPanel;
use crate::panel::share::Share;
use crate::panel::sweep::Sweep;
use crate::protocol::{DeviceChoice, DeviceInfo, DeviceKind, Pace, RunState};
use crate::run::Experiment;
use crate::ui::checks::CheckTable;
use crate::ui::figure::Provenance;
use crate::ui::part::{Hideable, use_assignment};
use crate::ui::readout::{MetricOutput, format_number};
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
}

/// The settings that the address asks for.
#[hook]
pub fn use_settings<C: Settings>(props: &PanelProps) -> PanelSettings<C> {
    let assignment = use_assignment();
    let (preset, base, unknown) = base::<C>(&props.query);
    let (config, mut warnings) = from_query(&base, &props.query);
    warnings.extend(unknown);
    // The same callback until the settings change, so that frames of a run leave the controls alone: a number that is
    // being typed would be set back thirty times a second.
    let preset = preset.filter(|_| config == base);
    let set = use_callback(
        (config.clone(), base, props.on_query.clone(), assignment.clone()),
        move |(key, value): (&'static str, Value), (config, base, on_query, assignment)| {
            if assignment.locks(key) {
                return;
            }
            // The control has checked the value and told its visitor; what is still wrong changes nothing.
            if let Ok(config) = with(config, key, &value) {
                on_query.emit(address(&config, base));
            }
        },
    );
    let choose = use_callback(
        (config.clone(), props.on_query.clone(), assignment),
        |preset: Option<&'static Preset>, (config, on_query, assignment)| {
            let base = preset.map_or_else(C::default, Preset::config);
            let (map, mut target) = (to_map(config), base.clone());
            for key in C::PARAMS.iter().map(|param| param.key).filter(|key| assignment.locks(key)) {
                if let Some(locked) = map.get(key).and_then(|value| with(&target, key, value).ok()) {
                    target = locked;
                }
            }
            let mut changes = address(&target, &base);
            changes.push(("preset".to_owned(), preset.map(|preset| preset.slug.to_owned())));
            on_query.emit(changes);
        },
    );
    let seeds = seeds(&props.query).unwrap_or_else(|warning| {
        warnings.push(warning);
        1
    });
    let options = RunOptions { device: props.device, seeds };
    PanelSettings { config, preset, warnings, set, choose, page: props.clone(), options }
}

/// How many seeds a run may have.
pub const SEEDS: [u32; 4] = [1, 3, 5, 10];

/// The number of seeds that an address asks for; a sentence if it is not one that there is.
fn seeds(query: &[(String, String)]) -> Result<u32, String> {
    let Some((_, text)) = query.iter().rev().find(|(key, _)| key == "seeds") else { return Ok(1) };
    let number = text.parse().ok().filter(|number| SEEDS.contains(number));
    let shown: String = text.chars().take(40).collect();
    number.ok_or_else(|| format!("seeds={shown} is not one of 1, 3, 5, 10; one seed is trained."))
}

/// The frame of a panel: its title and introduction, its knobs beside its figures, and its checks.
pub fn frame<E: Experiment>(
    lab: &RunHandle<E>,
    settings: &PanelSettings<E::Config>,
    title: &'static str,
    introduction: Html,
    control_groups: Html,
    figures: Html,
) -> Html {
    let device = lab.device.as_ref().map(|info| info.kind);
    let title_id = format!("{}-title", E::SLUG);
    let choose = settings.choose.clone();
    let seeds = (0..lab.records.len() as u32).map(|further| seed(&with_seed(&settings.config, further)));
    let view = RunView::new::<E>(&settings.config, seeds.collect(), &lab.records);
    let provenance = Provenance(provenance(E::SLUG, &settings.config));
    html! {
        <ContextProvider<Provenance> context={provenance}>
        <ContextProvider<RunView> context={view}>
        <section class="panel" data-panel={E::SLUG} data-state={lab.state.slug()}
            data-probe={if lab.probing { "running" } else { "idle" }}
            data-device={device.map(DeviceKind::slug)} aria-labelledby={title_id.clone()}>
            <div class="panel-head">
                <h2 id={title_id}>{ title }</h2>
                <Hideable name="share">
                    <Share slug={E::SLUG} query={settings.page.query.clone()} params={<E::Config as Settings>::PARAMS}
                        presets={<E::Config as Settings>::PRESETS} />
                </Hideable>
            </div>
            <Hideable name="introduction">{ introduction }</Hideable>
            { notices(&settings.warnings, lab.probe_error.as_ref()) }
            <div class="panel-grid">
                <div class="controls">
                    <Hideable name="presets">
                        <Presets presets={<E::Config as Settings>::PRESETS} current={settings.preset} choose={choose.clone()} />
                    </Hideable>
                    { run_panel(lab, settings) }
                    { device_line(lab.device.as_ref(), lab.pace, &lab.pool) }
                    <Hideable name="settings">
                        <ControlPanel>
                            { control_groups }
                            <Hideable name="defaults">
                                <button type="button" data-action="defaults" onclick={move |_| choose.emit(None)}>
                                    { "Default settings" }
                                </button>
                            </Hideable>
                        </ControlPanel>
                    </Hideable>
                </div>
                <div class="figures">
                    { figures }
                    <Hideable name="checks">
                        <h3>{ "Check" }</h3>
                        <CheckTable checks={checks(lab, &settings.config)} />
                    </Hideable>
                    <Hideable name="sweep">
                        <Sweep<E> page={settings.page.clone()} config={settings.config.clone()} seeds={settings.options.seeds}
                            device={lab.device.clone()} busy={lab.state.is_active()} />
                    </Hideable>
                    <Hideable name="history">
                        <RunHistory<E> page={settings.page.clone()} config={settings.config.clone()} records={lab.records.clone()}
                            state={lab.state.clone()} run={lab.run} progress={lab.progress} device={lab.device.clone()}
                            train={lab.train.clone()} />
                    </Hideable>
                </div>
            </div>
        </section>
        </ContextProvider<RunView>>
        </ContextProvider<Provenance>>
    }
}

/// The claims, held against what was measured with every seed.
fn checks<E: Experiment>(lab: &RunHandle<E>, config: &E::Config) -> Vec<Check> {
    let of_seed = |(further, record): (u32, &Rc<E::Record>)| E::checks(&with_seed(config, further), record);
    let seeds: Vec<Vec<Check>> = (0..).zip(&*lab.records).map(of_seed).collect();
    let checks = Check::of_seeds(&seeds).into_iter();
    checks.map(|check| if lab.state.is_active() { check.while_training() } else { check }).collect()
}

/// The nets that failed while others did not: their numbers, and sentences that name them.
fn failures<E: Experiment>(lab: &RunHandle<E>, config: &E::Config) -> Vec<(usize, AttrValue)> {
    if matches!(lab.state, RunState::Error(_)) {
        return Vec::new();
    }
    let failed = lab.arms.iter().enumerate().filter_map(|(index, arm)| {
        let RunState::Error(why) = &arm.state else { return None };
        let net = E::ARMS.get(index % E::ARMS.len().max(1)).map_or("net", |arm| arm.net);
        let further = (index / E::ARMS.len().max(1)) as u32;
        let which = match lab.records.len() {
            1 => format!("The {net}"),
            _ => format!("The {net} with seed {}", seed(&with_seed(config, further))),
        };
        Some((index, AttrValue::from(format!("{which} has ended: {why}"))))
    });
    failed.collect()
}

#[derive(PartialEq, Properties)]
struct PresetsProps {
    presets: &'static [Preset],
    current: Option<&'static Preset>,
    choose: Callback<Option<&'static Preset>>,
}

/// One button for each set-up, with what will be seen under the one that is chosen.
#[component]
fn Presets(props: &PresetsProps) -> Html {
    if props.presets.is_empty() {
        return Html::default();
    }
    let button = |preset: &'static Preset| {
        let choose = props.choose.clone();
        let pressed = props.current.is_some_and(|current| current.slug == preset.slug);
        html! {
            <button type="button" data-preset={preset.slug} aria-pressed={pressed.to_string()} title={preset.help}
                onclick={move |_| choose.emit(Some(preset))}>{ preset.title }</button>
        }
    };
    html! {
        <div class="presets" role="group" aria-label="Presets">
            { for props.presets.iter().map(button) }
            if let Some(preset) = props.current {
                <p>{ preset.help }</p>
            }
        </div>
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

/// The run controls of a panel's experiment, and what goes with them.
fn run_panel<E: Experiment>(lab: &RunHandle<E>, settings: &PanelSettings<E::Config>) -> Html {
    let record = lab.record.clone();
    let mark = Rc::as_ptr(&record) as usize;
    html! {
        <RunPanel slug={E::SLUG} params={<E::Config as Settings>::PARAMS} write={settings.page.on_query.clone()} {mark}
            series={Callback::from(move |()| E::series(&record))}
            state={lab.state.clone()} progress={lab.progress} steps_per_sec={lab.pace.steps_per_sec}
            seeds={settings.options.seeds} failures={failures(lab, &settings.config)} on_retry={lab.retry.clone()}
            on_train={lab.train.clone()} on_pause={lab.pause.clone()} on_resume={lab.resume.clone()}
            on_step={lab.step.clone()} on_stop={lab.stop.clone()} on_reset={lab.reset.clone()} />
    }
}

/// What went wrong with the address or the probe, if anything.
fn notices(warnings: &[String], error: Option<&String>) -> Html {
    html! {
        <>
            if !warnings.is_empty() {
                <div class="notice" data-kind="warn" role="status">
                    { for warnings.iter().map(|text| html! { <p>{ text }</p> }) }
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
fn ControlPanel(props: &ControlPanelProps) -> Html {
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

#[derive(PartialEq, Properties)]
struct ControlPanelProps {
    children: Html,
}

/// Which device computes, and why it is not another; and how long a step keeps the worker.
fn device_line(device: Option<&DeviceInfo>, pace: Pace, pool: &Pool) -> Html {
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
                <MetricOutput metric="enqueue_ms" value={f64::from(pace.enqueue_ms)}>
                    { format!("{} ms", format_number(pace.enqueue_ms.into(), 2)) }
                </MetricOutput>{ "." }
            }
            if pool.memory > 0.0 {
                { if pool.workers > 1 { format!(" {} workers, one a core, take ", pool.workers) } else { " The worker takes ".to_owned() } }
                <MetricOutput metric="worker_memory" value={pool.memory}>{ format!("{:.0} MB", pool.memory / 1e6) }</MetricOutput>
                { " of memory." }
            }
            if let Some(why) = &pool.alone {
                <span class="fallback">{ format!(" {why}") }</span>
            }
        </p>
    }
}

/// The settings that differ from the defaults, for exports.
fn provenance<C: Settings>(slug: &str, config: &C) -> AttrValue {
    let query: Vec<String> =
        to_query(config).into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let settings = if query.is_empty() { "default settings".to_owned() } else { query.join(" ") };
    AttrValue::from(format!("nn-lab {} · {slug} · {settings}", env!("CARGO_PKG_VERSION")))
}
