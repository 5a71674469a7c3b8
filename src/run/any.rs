//! An experiment with its types erased, so that the code shared by all sections is compiled once.

use crate::core::Check;
use crate::core::chapter::Chapter;
use crate::core::curve::RunSeries;
use crate::core::guided::{Answer, GuidedExperiment, GuidedInfo};
use crate::core::metric::Metric;
use crate::core::schema::{Schema, Values};
use crate::core::settings::Settings;
use crate::core::sweep::with_seed;
use crate::run::Experiment;
use crate::run::arm::Arm;
use crate::run::code::Code;
use std::any::Any;
use std::fmt;
use std::rc::Rc;

/// A record with its type erased. The record of another experiment counts as empty.
pub type AnyRecord = Rc<dyn Any>;

/// Settings without their type: an `Rc` of the section's `Config`, and the values of its fields by name, from
/// which the page draws controls and writes addresses. Neither changes; new settings are a new `AnyConfig`.
#[derive(Clone, Debug)]
pub struct AnyConfig {
    typed: Rc<dyn Any>,
    values: Rc<Values>,
}

impl AnyConfig {
    /// Returns the settings with their type. Settings of another section are read as that section's defaults.
    pub fn typed<C: Settings>(&self) -> Rc<C> {
        self.typed.clone().downcast().unwrap_or_default()
    }

    /// Returns the value of every field by its name.
    pub const fn values(&self) -> &Rc<Values> {
        &self.values
    }
}

impl PartialEq for AnyConfig {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.typed, &other.typed) || self.values == other.values
    }
}

/// A section's experiment without its types: its properties, and functions on its records.
pub struct AnyExperiment {
    /// The section's name in addresses and messages.
    pub slug: &'static str,
    /// The descriptions of the settings.
    pub schema: Schema,
    /// The chapters, in the order of the page.
    pub chapters: &'static [Chapter],
    /// The names of the metrics that stay visible while the page scrolls, separated by spaces.
    pub main_metrics: &'static str,
    /// The networks that a run with the default settings trains; see also [`Self::arms_of`].
    pub arms: &'static [Arm],
    /// True if the page keeps earlier states of a run.
    pub replays: bool,
    /// The names of inputs and parameters in code outside the lab.
    pub code: &'static Code,
    empty: fn() -> AnyRecord,
    copy_probe: fn(&AnyRecord, &mut AnyRecord),
    apply_frame: fn(&mut AnyRecord, usize, &[u8]) -> Result<(), postcard::Error>,
    clear_arm: fn(&mut AnyRecord, usize),
    load_arm: fn(&mut AnyRecord, usize, &[u8]) -> bool,
    config: fn(&Values) -> Rc<dyn Any>,
    encode: fn(&AnyConfig) -> Option<Vec<u8>>,
    metrics: fn(&AnyConfig, &AnyRecord) -> Vec<Metric>,
    checks: fn(&AnyConfig, &AnyRecord) -> Vec<Check>,
    series: fn(&AnyConfig, &AnyRecord) -> Vec<RunSeries>,
    arms_of: fn(&AnyConfig) -> &'static [Arm],
    shards: fn(&AnyConfig) -> u32,
    code_values: fn(&AnyConfig) -> Vec<(&'static str, serde_json::Value)>,
    guided_infos: fn() -> Vec<GuidedInfo>,
    answer: fn(usize, &AnyConfig, &AnyRecord) -> Option<Answer>,
}

impl AnyExperiment {
    /// Returns the experiment of a section.
    pub const fn of<E: Experiment>() -> &'static Self {
        const {
            &Self {
                slug: E::SLUG,
                schema: Schema::of::<E::Config>(),
                chapters: E::CHAPTERS,
                main_metrics: E::MAIN_METRICS,
                arms: E::ARMS,
                replays: E::REPLAYS,
                code: E::CODE,
                empty: || Rc::new(E::Record::default()),
                copy_probe: |probed, further| {
                    let probed = record_of::<E>(probed);
                    change::<E>(further, |further| E::copy_probe(&probed, further));
                },
                apply_frame: |record, arm, frame| {
                    let frame = postcard::from_bytes(frame)?;
                    change::<E>(record, |record| E::apply_frame(record, arm, frame));
                    Ok(())
                },
                clear_arm: |record, arm| change::<E>(record, |record| E::clear_arm(record, arm)),
                load_arm: |record, arm, saved| {
                    let mut loaded = false;
                    change::<E>(record, |record| loaded = E::load_arm(record, arm, saved));
                    loaded
                },
                config: |values| Rc::new(E::Config::from_values(values).unwrap_or_default()),
                encode: |config| postcard::to_stdvec(&*config.typed::<E::Config>()).ok(),
                metrics: |config, record| E::metrics(&config.typed(), &record_of::<E>(record)),
                checks: |config, record| E::checks(&config.typed(), &record_of::<E>(record)),
                series: |config, record| E::named_series(&config.typed(), &record_of::<E>(record)),
                arms_of: |config| E::arms(&config.typed()),
                shards: |config| E::shards(&config.typed()),
                code_values: |config| E::code_values(&config.typed()),
                guided_infos: || E::EXPERIMENTS.iter().map(GuidedExperiment::info).collect(),
                answer: |at, config, record| {
                    (E::EXPERIMENTS.get(at)?.answer)(&config.typed(), &record_of::<E>(record))
                },
            }
        }
    }

    /// Returns an empty record.
    pub fn empty(&self) -> AnyRecord {
        (self.empty)()
    }

    /// Copies the seed-independent part of the first seed's probe to a further seed.
    pub fn copy_probe(&self, probed: &AnyRecord, further: &mut AnyRecord) {
        (self.copy_probe)(probed, further);
    }

    /// Adds a frame of an arm, encoded with postcard, to the record.
    ///
    /// # Errors
    ///
    /// If the frame cannot be decoded.
    pub fn apply_frame(&self, record: &mut AnyRecord, arm: usize, frame: &[u8]) -> Result<(), String> {
        (self.apply_frame)(record, arm, frame).map_err(|error| format!("A frame could not be read: {error}."))
    }

    /// Clears the run of an arm, but keeps the probe.
    pub fn clear_arm(&self, record: &mut AnyRecord, arm: usize) {
        (self.clear_arm)(record, arm);
    }

    /// Replaces the run of an arm by a saved one; see [`Experiment::load_arm`].
    pub fn load_arm(&self, record: &mut AnyRecord, arm: usize, saved: &[u8]) -> bool {
        (self.load_arm)(record, arm, saved)
    }

    /// Returns the settings with these values.
    pub fn config(&self, values: impl Into<Rc<Values>>) -> AnyConfig {
        let values = values.into();
        AnyConfig { typed: (self.config)(&values), values }
    }

    /// Returns the settings of a run's further seed; number 0 is the seed of the settings themselves.
    pub fn with_seed(&self, config: &AnyConfig, further: u32) -> AnyConfig {
        if further == 0 { config.clone() } else { self.config(with_seed(&config.values, further)) }
    }

    /// Returns the settings in postcard bytes, as the worker reads them.
    pub fn encode(&self, config: &AnyConfig) -> Option<Vec<u8>> {
        (self.encode)(config)
    }

    /// Returns the metrics of one seed.
    pub fn metrics(&self, config: &AnyConfig, record: &AnyRecord) -> Vec<Metric> {
        (self.metrics)(config, record)
    }

    /// Checks the claims of this section against the measurements.
    pub fn checks(&self, config: &AnyConfig, record: &AnyRecord) -> Vec<Check> {
        (self.checks)(config, record)
    }

    /// Returns the curves of a run over its steps.
    pub fn series(&self, config: &AnyConfig, record: &AnyRecord) -> Vec<RunSeries> {
        (self.series)(config, record)
    }

    /// Returns the networks that a run with these settings trains.
    pub fn arms_of(&self, config: &AnyConfig) -> &'static [Arm] {
        (self.arms_of)(config)
    }

    /// Returns the number of shards into which each batch of these settings is split.
    pub fn shards(&self, config: &AnyConfig) -> usize {
        (self.shards)(config).max(1) as usize
    }

    /// Returns the settings, and constants that follow from them, for the code that the page writes.
    pub fn code_values(&self, config: &AnyConfig) -> Values {
        let mut values = (**config.values()).clone();
        values.extend((self.code_values)(config).into_iter().map(|(key, value)| (key.to_owned(), value)));
        values
    }

    /// Returns descriptions of the guided experiments.
    pub fn guided_infos(&self) -> Vec<GuidedInfo> {
        (self.guided_infos)()
    }

    /// Returns the answer of the guided experiment with this index, once it has been measured.
    pub fn answer(&self, at: usize, config: &AnyConfig, record: &AnyRecord) -> Option<Answer> {
        (self.answer)(at, config, record)
    }
}

impl PartialEq for AnyExperiment {
    fn eq(&self, other: &Self) -> bool {
        self.slug == other.slug
    }
}

impl fmt::Debug for AnyExperiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AnyExperiment").field(&self.slug).finish()
    }
}

/// Restores the type of a record.
pub fn record_of<E: Experiment>(record: &AnyRecord) -> Rc<E::Record> {
    record.clone().downcast().unwrap_or_default()
}

fn change<E: Experiment>(record: &mut AnyRecord, edit: impl FnOnce(&mut E::Record)) {
    // Take the only reference, so that `make_mut` need not copy the record.
    let taken = std::mem::replace(record, Rc::new(()));
    let mut typed: Rc<E::Record> = taken.downcast().unwrap_or_default();
    edit(Rc::make_mut(&mut typed));
    *record = typed;
}
