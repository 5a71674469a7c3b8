//! The saved runs of a panel: saved as they end, listed, compared, and exchanged as files.

mod compare;
mod drop_zone;
mod files;
mod list;
mod row;
mod store;

use crate::core::metric::Metric;
use crate::core::sweep::seed;
use crate::core::{Check, Progress};
use crate::coursework::AnswerSheet;
use crate::panel::history::compare::{Chosen, Compare};
use crate::panel::history::list::RunList;
pub(super) use crate::panel::history::row::local;
use crate::panel::history::store::{Edit, use_history};
use crate::panel::{PanelAction, PanelProps, PtrEq, Work, now};
use crate::protocol::{DeviceChoice, DeviceInfo, RunState};
use crate::run::any::{AnyConfig, AnyExperiment, AnyRecord};
use crate::saved_runs::{
    Change, DeviceUsed, Outcome, RunRecord, SavedRun, SavedSeed, SavedSeries, Steps, Timestamp,
};
use gloo::timers::callback::Timeout;
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

/// A rerun starts only if the settings of the old run are in place within this time.
const RERUN_TIMEOUT_MS: i64 = 2000;

#[derive(PartialEq, Properties)]
pub(super) struct RunHistoryProps {
    pub(super) page: PanelProps,
    pub(super) section: &'static AnyExperiment,
    pub(super) config: AnyConfig,
    /// One record per seed.
    pub(super) records: PtrEq<Vec<AnyRecord>>,
    pub(super) state: RunState,
    /// The number of runs started so far.
    pub(super) run: u32,
    pub(super) progress: Progress,
    pub(super) device: Option<DeviceInfo>,
    pub(super) train: Callback<()>,
    /// The answer sheet of the reader, which opened checks of own code belong to.
    pub(super) work: Work,
    /// True if the list is shown. Runs are saved in any case.
    pub(super) is_open: bool,
}

/// The present run.
struct StartedRun {
    at: Timestamp,
    config: AnyConfig,
    asked: DeviceChoice,
    /// The present settings.
    latest: AnyConfig,
    changes: Vec<Change>,
}

/// A run to be repeated as soon as its settings are in place.
struct Rerun {
    config: AnyConfig,
    asked: DeviceChoice,
    until: Timestamp,
}

/// Saves a run when it ends.
#[hook]
fn use_record_at_end(props: &RunHistoryProps, edit: &Callback<Edit>) {
    let started = use_mut_ref(|| None::<StartedRun>);
    let last_run = use_mut_ref(|| props.run);

    use_effect_with((props.run, props.state.clone(), props.config.clone()), {
        let (edit, started, progress, device, records) =
            (edit.clone(), started, props.progress, props.device.clone(), props.records.clone());
        let (section, asked) = (props.section, props.page.state.options.device);
        move |(run, state, config)| {
            let mut started = started.borrow_mut();
            if last_run.replace(*run) != *run {
                let (config, latest) = (config.clone(), config.clone());
                *started = Some(StartedRun { at: now(), config, asked, latest, changes: Vec::new() });
            }
            let outcome = match state {
                RunState::Done { stopped: false } => Outcome::Done,
                RunState::Done { stopped: true } => Outcome::Stopped,
                RunState::Error(why) => Outcome::Failed(why.clone()),
                RunState::Loading { .. } | RunState::Running | RunState::Paused => {
                    if let Some(started) = &mut *started {
                        started.note_changes(config, progress.step);
                    }
                    return;
                }
                RunState::Idle => {
                    *started = None;
                    return;
                }
            };
            let (Some(started), Some(device)) = (started.take(), device) else { return };
            if let Some(record) = started.record(section, outcome, progress, &device, &records.0) {
                edit.emit(Edit::Add(Box::new(record)));
            }
        }
    });
}

/// The saved runs of this panel. Frames of the present run change only the comparison, and only while it is
/// open.
#[component]
pub(super) fn RunHistory(props: &RunHistoryProps) -> Html {
    let section = props.section;
    let (store, edit) = use_history(section);
    let active = props.state.is_active();
    use_record_at_end(props, &edit);

    // A rerun first puts the settings in place, and then trains.
    let again = use_mut_ref(|| None::<Rerun>);
    let starting = use_mut_ref(|| None::<Timeout>);
    let start_again = {
        let (again, starting, train) = (again.clone(), starting, props.train.clone());
        move |config: &AnyConfig, asked: DeviceChoice| {
            let wanted =
                |again: &Rerun| again.config == *config && again.asked == asked && again.until > now();
            if again.borrow().as_ref().is_some_and(wanted) {
                again.borrow_mut().take();
                // After the other effects of this change, which also end the earlier run.
                let train = train.clone();
                starting.borrow_mut().replace(Timeout::new(0, move || train.emit(())));
            }
        }
    };
    use_effect_with((props.config.clone(), props.page.state.options.device), {
        let start_again = start_again.clone();
        move |(config, asked)| start_again(config, *asked)
    });
    let now_set = (props.config.clone(), props.page.state.options.device);
    let rerun = use_callback((props.page.dispatch.clone(), now_set), {
        let edit = edit.clone();
        move |run: SavedRun, (dispatch, now_set)| match run.record.settings(&section.schema) {
            Ok(values) => {
                let config = section.config(values);
                let asked = run.record.device.asked;
                let until = Timestamp(now().0 + RERUN_TIMEOUT_MS);
                again.borrow_mut().replace(Rerun { config: config.clone(), asked, until });
                if *now_set == (config.clone(), asked) {
                    start_again(&config, asked);
                } else {
                    let device = vec![("device".to_owned(), address_of(asked).map(str::to_owned))];
                    dispatch.emit(PanelAction::Replace(config.values().clone(), device));
                }
            }
            Err(error) => {
                edit.emit(Edit::ClearMessages);
                edit.emit(Edit::ShowMessage(error.to_string()));
            }
        }
    });

    // The compared runs, each with the index of its color.
    let chosen = use_state_eq(Vec::<(u64, usize)>::new);
    let choose = use_callback((*chosen).clone(), {
        let chosen = chosen.setter();
        move |(id, on): (u64, bool), now| {
            let mut next: Vec<_> = now.iter().copied().filter(|(other, _)| *other != id).collect();
            if on {
                let free = (0..).find(|slot| next.iter().all(|(_, taken)| taken != slot));
                next.push((id, free.unwrap_or_default()));
            }
            chosen.set(next);
        }
    });
    let shown: Vec<Chosen> = chosen
        .iter()
        .filter_map(|(id, slot)| Some(Chosen { run: store.history.get(*id)?.clone(), slot: *slot }))
        .collect();
    let live = (active && !shown.is_empty()).then(|| {
        Rc::new(props.records.0.first().map_or_else(Vec::new, |record| section.series(&props.config, record)))
    });
    let checked = use_callback(props.work.clone(), |sheet: AnswerSheet, work| {
        work.change(move |own| own.merge(&sheet));
    });
    if !props.is_open {
        return Html::default();
    }
    html! {
        <section class="history" aria-label="Saved runs">
            if !shown.is_empty() {
                <Compare {section} runs={shown} {live} planned={props.progress.steps} />
            }
            <RunList {section} {store} config={props.config.values().clone()} {active} chosen={(*chosen).clone()} {choose} {rerun} {edit} {checked} query={props.page.query.clone()} />
        </section>
    }
}

impl StartedRun {
    /// Notes the settings that have changed.
    fn note_changes(&mut self, config: &AnyConfig, step: u32) {
        let latest = self.latest.values();
        let changed = config.values().iter().filter(|(key, value)| latest.get(*key) != Some(*value));
        let change =
            |(key, value): (&String, &Value)| Change { step, key: key.clone(), value: value.clone() };
        self.changes.extend(changed.map(change));
        self.latest = config.clone();
    }

    /// Returns the record of the run, if anything was measured.
    fn record(
        self,
        section: &AnyExperiment,
        outcome: Outcome,
        progress: Progress,
        device: &DeviceInfo,
        records: &[AnyRecord],
    ) -> Option<RunRecord> {
        let record = records.first()?;
        let measured = |record: &AnyRecord| {
            let series =
                section.series(&self.config, record).into_iter().filter(|series| !series.points.is_empty());
            series.map(|series| SavedSeries::from(&series)).collect::<Vec<_>>()
        };
        let series = measured(record);
        let further = (1..).zip(records.iter().skip(1));
        let seeds = further.map(|(further, record)| SavedSeed {
            seed: seed(section.with_seed(&self.config, further).values()),
            series: measured(record),
        });
        let of_seed = |(further, record): (u32, &AnyRecord)| {
            section.checks(&section.with_seed(&self.latest, further), record)
        };
        let checks: Vec<Vec<Check>> = (0..).zip(records).map(of_seed).collect();
        (!series.is_empty()).then(|| RunRecord {
            lab_version: env!("CARGO_PKG_VERSION").to_owned(),
            section: section.slug.to_owned(),
            config: (**self.config.values()).clone(),
            changes: self.changes,
            device: DeviceUsed::new(self.asked, device),
            begun: self.at,
            finished: now().max(self.at),
            outcome,
            steps: Steps { done: progress.step, planned: progress.steps },
            series,
            seeds: seeds.collect(),
            metrics: metrics_of(section.metrics(&self.latest, record)),
            checks: Check::of_seeds(&checks),
        })
    }
}

/// Returns the measured metrics by name, with the precision of the curves.
fn metrics_of(metrics: Vec<Metric>) -> BTreeMap<String, f32> {
    let measured =
        metrics.into_iter().filter_map(|metric| Some((metric.name.into_owned(), metric.value? as f32)));
    measured.filter(|(_, value)| value.is_finite()).collect()
}

/// Returns the value of `device` in an address, if it needs one.
const fn address_of(asked: DeviceChoice) -> Option<&'static str> {
    match asked {
        DeviceChoice::Auto => None,
        DeviceChoice::Webgpu => Some("webgpu"),
        DeviceChoice::Cpu => Some("cpu"),
    }
}
