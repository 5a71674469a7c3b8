//! The runs that a panel keeps: gathered as they end, listed, laid over each other, saved and opened.

mod compare;
mod files;
mod list;
mod row;
mod store;

use crate::core::metric::Metric;
use crate::core::query::Changes;
use crate::core::schema::{Schema, Values};
use crate::core::sweep::{seed, with_seed};
use crate::core::{Check, Progress};
use crate::panel::history::compare::{Chosen, Compare};
use crate::panel::history::list::RunList;
pub(super) use crate::panel::history::row::local;
use crate::panel::history::store::{Edit, use_history};
use crate::panel::{PanelProps, PtrEq};
use crate::protocol::{DeviceChoice, DeviceInfo, RunState};
use crate::run::any::{AnyExperiment, AnyRecord};
use crate::saved_runs::{
    Change, DeviceUsed, Kept, KeptSeed, KeptSeries, Origin, Outcome, RunRecord, Steps, Timestamp,
};
use gloo::timers::callback::Timeout;
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

/// How long the page may take to put the settings of an old run in place before that run is no longer waited for.
const PATIENCE_MS: i64 = 2000;

#[derive(PartialEq, Properties)]
pub(super) struct RunHistoryProps {
    pub(super) page: PanelProps,
    pub(super) section: &'static AnyExperiment,
    pub(super) config: Rc<Values>,
    /// One for each seed.
    pub(super) records: PtrEq<Vec<AnyRecord>>,
    pub(super) state: RunState,
    /// Counts the runs that were begun.
    pub(super) run: u32,
    pub(super) progress: Progress,
    pub(super) device: Option<DeviceInfo>,
    pub(super) train: Callback<()>,
    /// Whether the list is shown. Runs are gathered while it is not.
    pub(super) is_open: bool,
}

/// A run that is under way.
struct Begun {
    at: Timestamp,
    config: Rc<Values>,
    asked: DeviceChoice,
    /// The settings as they are now.
    latest: Rc<Values>,
    changes: Vec<Change>,
}

/// A run that is to be done again as soon as its settings are in place.
struct Again {
    config: Rc<Values>,
    asked: DeviceChoice,
    until: Timestamp,
}

/// Writes a run down when it ends.
#[hook]
fn use_record_at_end(props: &RunHistoryProps, edit: &Callback<Edit>) {
    let begun = use_mut_ref(|| None::<Begun>);
    let last_run = use_mut_ref(|| props.run);

    use_effect_with((props.run, props.state.clone(), props.config.clone()), {
        let (edit, begun, progress, device, records) =
            (edit.clone(), begun, props.progress, props.device.clone(), props.records.clone());
        let (section, asked) = (props.section, props.page.device);
        move |(run, state, config)| {
            let mut begun = begun.borrow_mut();
            if last_run.replace(*run) != *run {
                let (config, latest) = (config.clone(), config.clone());
                *begun = Some(Begun { at: now(), config, asked, latest, changes: Vec::new() });
            }
            let outcome = match state {
                RunState::Done { stopped: false } => Outcome::Done,
                RunState::Done { stopped: true } => Outcome::Stopped,
                RunState::Error(why) => Outcome::Failed(why.clone()),
                RunState::Loading { .. } | RunState::Running | RunState::Paused => {
                    if let Some(begun) = &mut *begun {
                        begun.note_changes(config, progress.step);
                    }
                    return;
                }
                RunState::Idle => {
                    *begun = None;
                    return;
                }
            };
            let (Some(begun), Some(device)) = (begun.take(), device) else { return };
            if let Some(evidence) = begun.evidence(section, outcome, progress, &device, &records.0) {
                edit.emit(Edit::Add(Origin::Here, Box::new(evidence)));
            }
        }
    });
}

/// The runs that this panel keeps. Frames of a run pass by here; they reach only the comparison, and that only while it
/// is open.
#[component]
pub(super) fn RunHistory(props: &RunHistoryProps) -> Html {
    let section = props.section;
    let (store, edit) = use_history(section);
    let active = props.state.is_active();
    use_record_at_end(props, &edit);

    // Doing a run again: first its settings, and the training once they are there.
    let again = use_mut_ref(|| None::<Again>);
    let starting = use_mut_ref(|| None::<Timeout>);
    let start_again = {
        let (again, starting, train) = (again.clone(), starting, props.train.clone());
        move |config: &Rc<Values>, asked: DeviceChoice| {
            let wanted =
                |again: &Again| again.config == *config && again.asked == asked && again.until > now();
            if again.borrow().as_ref().is_some_and(wanted) {
                again.borrow_mut().take();
                // After the effects of this change: it also ends what ran before.
                let train = train.clone();
                starting.borrow_mut().replace(Timeout::new(0, move || train.emit(())));
            }
        }
    };
    use_effect_with((props.config.clone(), props.page.device), {
        let start_again = start_again.clone();
        move |(config, asked)| start_again(config, *asked)
    });
    let rerun = use_callback((props.page.clone(), props.config.clone()), {
        let edit = edit.clone();
        move |run: Kept, (page, now_set)| match run.evidence.settings(&section.schema) {
            Ok(config) => {
                let config = Rc::new(config);
                let asked = run.evidence.device.asked;
                let until = Timestamp(now().0 + PATIENCE_MS);
                again.borrow_mut().replace(Again { config: config.clone(), asked, until });
                if config == *now_set && asked == page.device {
                    start_again(&config, asked);
                } else {
                    page.on_query.emit(address_of(&section.schema, &config, asked));
                }
            }
            Err(why) => edit.emit(Edit::Say(why)),
        }
    });

    // Which runs are laid over each other, each with the number of its color.
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
    let live = (active && !shown.is_empty())
        .then(|| Rc::new(props.records.0.first().map_or_else(Vec::new, |record| section.series(record))));
    if !props.is_open {
        return Html::default();
    }
    html! {
        <section class="history" aria-label="Saved runs">
            if !shown.is_empty() {
                <Compare {section} runs={shown} {live} planned={props.progress.steps} />
            }
            <RunList {section} {store} config={props.config.clone()} {active} chosen={(*chosen).clone()} {choose} {rerun} {edit} query={props.page.query.clone()} />
        </section>
    }
}

impl Begun {
    /// Writes down which settings are others than they were.
    fn note_changes(&mut self, config: &Rc<Values>, step: u32) {
        let changed = config.iter().filter(|(key, value)| self.latest.get(*key) != Some(*value));
        let change =
            |(key, value): (&String, &Value)| Change { step, key: key.clone(), value: value.clone() };
        self.changes.extend(changed.map(change));
        self.latest = config.clone();
    }

    /// What is written down of the run, if anything was measured at all.
    fn evidence(
        self,
        section: &AnyExperiment,
        outcome: Outcome,
        progress: Progress,
        device: &DeviceInfo,
        records: &[AnyRecord],
    ) -> Option<RunRecord> {
        let record = records.first()?;
        let measured = |record: &AnyRecord| {
            let series = section.series(record).into_iter().filter(|series| !series.points.is_empty());
            series.map(|series| KeptSeries::from(&series)).collect::<Vec<_>>()
        };
        let series = measured(record);
        let further = (1..).zip(records.iter().skip(1));
        let seeds = further.map(|(further, record)| KeptSeed {
            seed: seed(&with_seed(&self.config, further)),
            series: measured(record),
        });
        let of_seed =
            |(further, record): (u32, &AnyRecord)| section.checks(&with_seed(&self.latest, further), record);
        let checks: Vec<Vec<Check>> = (0..).zip(records).map(of_seed).collect();
        (!series.is_empty()).then(|| RunRecord {
            lab_version: env!("CARGO_PKG_VERSION").to_owned(),
            section: section.slug.to_owned(),
            config: (*self.config).clone(),
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

/// The numbers that were measured, by name, with as many digits as the curves have.
fn metrics_of(metrics: Vec<Metric>) -> BTreeMap<String, f32> {
    let measured =
        metrics.into_iter().filter_map(|metric| Some((metric.name.into_owned(), metric.value? as f32)));
    measured.filter(|(_, value)| value.is_finite()).collect()
}

fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as i64)
}

/// What an address must have for these settings and this device, whatever it has now.
fn address_of(schema: &Schema, config: &Values, asked: DeviceChoice) -> Changes {
    let mut changes = schema.whole_address(config);
    let device = match asked {
        DeviceChoice::Auto => None,
        DeviceChoice::Webgpu => Some("webgpu".to_owned()),
        DeviceChoice::Cpu => Some("cpu".to_owned()),
    };
    changes.push(("device".to_owned(), device));
    changes
}

/// The list, compared by its pointer.
type SharedHistory = PtrEq<crate::saved_runs::History>;
