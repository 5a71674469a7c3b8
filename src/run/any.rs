//! An experiment with its types erased, so that the code shared by all sections is compiled once.

use crate::core::Check;
use crate::core::chapter::Chapter;
use crate::core::curve::RunSeries;
use crate::core::guided::{Answer, GuidedExperiment, GuidedInfo};
use crate::core::metric::Metric;
use crate::core::schema::{Schema, Values};
use crate::core::settings::Settings;
use crate::run::Experiment;
use crate::run::arm::Arm;
use std::any::Any;
use std::fmt;
use std::rc::Rc;

/// A record with its type erased. The record of another experiment counts as empty.
pub type AnyRecord = Rc<dyn Any>;

/// An experiment and the operations on its records.
pub struct AnyExperiment {
    /// The section's name in addresses and messages.
    pub slug: &'static str,
    pub schema: Schema,
    pub chapters: &'static [Chapter],
    pub arms: &'static [Arm],
    /// True if the page keeps earlier states of a run.
    pub replays: bool,
    empty: fn() -> AnyRecord,
    copy_probe: fn(&AnyRecord, &mut AnyRecord),
    apply_frame: fn(&mut AnyRecord, usize, &[u8]) -> Result<(), postcard::Error>,
    clear_arm: fn(&mut AnyRecord, usize),
    load_arm: fn(&mut AnyRecord, usize, &[u8]) -> bool,
    encode: fn(&Values) -> Option<Vec<u8>>,
    metrics: fn(&Values, &AnyRecord) -> Vec<Metric>,
    checks: fn(&Values, &AnyRecord) -> Vec<Check>,
    series: fn(&AnyRecord) -> Vec<RunSeries>,
    guided_infos: fn() -> Vec<GuidedInfo>,
    answer: fn(usize, &Values, &AnyRecord) -> Option<Answer>,
}

impl AnyExperiment {
    /// Returns the experiment of a section.
    pub const fn of<E: Experiment>() -> &'static Self {
        const {
            &Self {
                slug: E::SLUG,
                schema: Schema::of::<E::Config>(),
                chapters: E::CHAPTERS,
                arms: E::ARMS,
                replays: E::REPLAYS,
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
                encode: |values| postcard::to_stdvec(&config::<E>(values)).ok(),
                metrics: |values, record| E::metrics(&config::<E>(values), &record_of::<E>(record)),
                checks: |values, record| E::checks(&config::<E>(values), &record_of::<E>(record)),
                series: |record| E::series(&record_of::<E>(record)),
                guided_infos: || E::EXPERIMENTS.iter().map(GuidedExperiment::info).collect(),
                answer: |index, values, record| {
                    (E::EXPERIMENTS.get(index)?.answer)(&config::<E>(values), &record_of::<E>(record))
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

    /// Encodes the settings for the worker.
    pub fn encode(&self, values: &Values) -> Option<Vec<u8>> {
        (self.encode)(values)
    }

    /// Returns the metrics of one seed.
    pub fn metrics(&self, values: &Values, record: &AnyRecord) -> Vec<Metric> {
        (self.metrics)(values, record)
    }

    /// Checks the claims of this section against the measurements.
    pub fn checks(&self, values: &Values, record: &AnyRecord) -> Vec<Check> {
        (self.checks)(values, record)
    }

    /// Returns the curves of a run over its steps.
    pub fn series(&self, record: &AnyRecord) -> Vec<RunSeries> {
        (self.series)(record)
    }

    /// Returns descriptions of the guided experiments.
    pub fn guided_infos(&self) -> Vec<GuidedInfo> {
        (self.guided_infos)()
    }

    /// Returns the answer of a guided experiment, by its index, once it has been measured.
    pub fn answer(&self, index: usize, values: &Values, record: &AnyRecord) -> Option<Answer> {
        (self.answer)(index, values, record)
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

fn config<E: Experiment>(values: &Values) -> E::Config {
    Settings::from_values(values).unwrap_or_default()
}
