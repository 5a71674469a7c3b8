//! Experiments: the measurements of each section. No DOM, no threads, and no clock other than
//! [`RunContext::now_ms`].
//!
//! An experiment has a `Config` that the user sets, a stream of `Frame`s that the worker sends, and a
//! `Record` in which the page collects the frames of a run. The page sees these three types. Only the worker
//! and the native tests see `Probe` and `Train`, which need burn (feature `compute`).

pub mod any;
pub mod arm;
#[cfg(feature = "compute")]
pub mod checkpoint;
pub mod code;
#[cfg(feature = "compute")]
pub mod cost;
#[cfg(feature = "compute")]
pub mod driver;
#[cfg(feature = "compute")]
pub mod graph_capture;
#[cfg(feature = "compute")]
mod leader;
#[cfg(feature = "compute")]
pub mod named;
#[cfg(feature = "compute")]
pub mod optimizer;
pub mod optimizer_kind;
#[cfg(feature = "compute")]
pub mod set_up;
#[cfg(feature = "compute")]
pub mod shards;
pub mod spectrum;
#[cfg(feature = "compute")]
pub mod step;
pub mod timing;
#[cfg(feature = "compute")]
pub mod train_state;
#[cfg(feature = "compute")]
pub mod training;
#[cfg(feature = "compute")]
pub mod weights;

#[cfg(feature = "compute")]
use crate::core::LabError;
use crate::core::chapter::Chapter;
use crate::core::curve::RunSeries;
use crate::core::guided::GuidedExperiment;
use crate::core::metric::Metric;
use crate::core::settings::Settings;
use crate::core::{Check, Progress};
use crate::data::assets::Assets;
use crate::run::arm::Arm;
use crate::run::code::Code;
use serde::{Serialize, de::DeserializeOwned};

#[cfg(feature = "compute")]
use burn::tensor::Device;

/// One section's experiment.
pub trait Experiment: 'static {
    /// The section's name in addresses and messages.
    const SLUG: &'static str;
    /// The settings.
    type Config: Settings;
    /// A message from the worker.
    type Frame: Clone + std::fmt::Debug + Serialize + DeserializeOwned + 'static;
    /// Everything the page has received from the last probe and the current run.
    type Record: Clone + Default + 'static;

    /// The questions that the section answers, in the order of the page.
    const CHAPTERS: &'static [Chapter];
    /// The names of the two to four metrics that stay visible while the page scrolls, separated by spaces.
    const MAIN_METRICS: &'static str;

    /// The networks that a run with the default settings trains side by side.
    const ARMS: &'static [Arm];

    /// The names of inputs and parameters in code outside the lab. [`Code::NONE`] for a section without such code.
    const CODE: &'static Code = &Code::NONE;

    /// Experiments whose result a student predicts before running them, from easy to surprising.
    const EXPERIMENTS: &'static [GuidedExperiment<Self::Config, Self::Record>] = &[];

    /// True if the page keeps earlier states of a run, so that a reader can go back to them. False for a
    /// section whose record has snapshots of its own.
    const REPLAYS: bool = true;

    /// Returns the networks that a run with these settings trains: as many as [`ARMS`](Self::ARMS), but
    /// possibly others, with other names.
    fn arms(_config: &Self::Config) -> &'static [Arm] {
        Self::ARMS
    }

    /// Returns the number of shards into which each batch of these settings is split, so that several workers
    /// can train one network; see `run::shards`. A network that normalizes over its batch needs whole batches.
    fn shards(_config: &Self::Config) -> u32 {
        1
    }

    /// Returns constants that follow from the settings, for the code that the page writes.
    fn code_values(_config: &Self::Config) -> Vec<(&'static str, serde_json::Value)> {
        Vec::new()
    }

    /// Adds a frame of an arm to the record. The frames of a probe belong to all arms; their arm is 0.
    fn apply_frame(record: &mut Self::Record, arm: usize, frame: Self::Frame);

    /// Copies the seed-independent part of the probe, for example the number of parameters, to the record of
    /// a further seed, which is not probed itself.
    fn copy_probe(_probed: &Self::Record, _further: &mut Self::Record) {}

    /// Clears the run of an arm, but keeps the probe.
    fn clear_arm(record: &mut Self::Record, arm: usize);

    /// Encodes the run of an arm, so that it can be saved.
    fn save_arm(record: &Self::Record, arm: usize) -> Vec<u8>;

    /// Replaces the run of an arm by a saved one. Returns false, and changes nothing, if the bytes are not
    /// such a run.
    fn load_arm(record: &mut Self::Record, arm: usize, saved: &[u8]) -> bool;

    /// Returns the metrics of one seed.
    fn metrics(config: &Self::Config, record: &Self::Record) -> Vec<Metric>;

    /// Checks the claims of this section against the measurements.
    fn checks(config: &Self::Config, record: &Self::Record) -> Vec<Check>;

    /// Returns the curves of a run over its steps, for comparisons, files and predictions. Names are unique,
    /// and the most interesting curves come first. Every curve exists from the start, without points until
    /// something is measured; curves per layer or head exist once their number is known.
    fn series(record: &Self::Record) -> Vec<RunSeries>;

    /// Returns the same curves under the names of the networks of these settings; see [`arms`](Self::arms).
    fn named_series(_config: &Self::Config, record: &Self::Record) -> Vec<RunSeries> {
        Self::series(record)
    }
}

/// Implements how arms are cleared, saved and loaded. For use in `impl Experiment` if the record has a list
/// `arms` with one entry per arm: its default is an empty run, and its postcard bytes are the saved run.
#[macro_export]
macro_rules! own_arms {
    () => {
        fn clear_arm(record: &mut Self::Record, arm: usize) {
            if let Some(run) = record.arms.get_mut(arm) {
                *run = Default::default();
            }
        }

        fn save_arm(record: &Self::Record, arm: usize) -> Vec<u8> {
            record.arms.get(arm).and_then(|run| postcard::to_stdvec(run).ok()).unwrap_or_default()
        }

        fn load_arm(record: &mut Self::Record, arm: usize, saved: &[u8]) -> bool {
            match (record.arms.get_mut(arm), postcard::from_bytes(saved)) {
                (Some(run), Ok(saved)) => {
                    *run = saved;
                    true
                }
                _ => false,
            }
        }
    };
}

/// Takes the section's types `Config`, `Frame` and `Record`, and chapters, guided experiments, metrics, code and
/// checks from its modules of these names. For use in `impl Experiment`; includes
/// [`own_arms`](crate::own_arms).
#[macro_export]
macro_rules! own_files {
    () => {
        type Config = Config;
        type Frame = Frame;
        type Record = Record;

        const CHAPTERS: &'static [$crate::core::chapter::Chapter] = chapters::CHAPTERS;
        const MAIN_METRICS: &'static str = chapters::MAIN_METRICS;
        const EXPERIMENTS: &'static [$crate::core::guided::GuidedExperiment<Self::Config, Self::Record>] =
            experiments::EXPERIMENTS;
        const CODE: &'static $crate::run::code::Code = &code::CODE;

        fn code_values(config: &Self::Config) -> Vec<(&'static str, serde_json::Value)> {
            code::code_values(config)
        }

        $crate::own_arms!();

        fn metrics(config: &Self::Config, record: &Self::Record) -> Vec<$crate::core::metric::Metric> {
            metrics::metrics(config, record)
        }

        fn checks(config: &Self::Config, record: &Self::Record) -> Vec<$crate::core::Check> {
            checks::checks(config, record)
        }
    };
}

/// Measurements without training.
#[cfg(feature = "compute")]
pub trait Probe: Experiment + Sized {
    /// Measures and sends frames; called again whenever a setting changes. It may then wait with
    /// [`RunContext::idle`] and answer requests of the page, until the settings change.
    fn probe(
        config: Self::Config,
        device: &Device,
        ctx: &mut impl RunContext<Self>,
    ) -> impl Future<Output = Result<(), LabError>>;
}

/// Training, run by [`driver::train`].
#[cfg(feature = "compute")]
pub trait Train: Experiment + Sized {
    /// One arm in training.
    type Training: driver::Training<Self>;

    /// Gives the tensors of a weight file that another program wrote under other names those that [`Experiment::CODE`]
    /// determines, if the section knows such names.
    fn adapt_names(
        tensors: Vec<crate::data::safetensors::NamedTensor>,
    ) -> Vec<crate::data::safetensors::NamedTensor> {
        tensors
    }
}

/// The surroundings of a run: sends frames to the page, receives its requests, and reads files.
pub trait RunContext<E: Experiment>: Assets {
    /// Ends a step, receives messages, and returns what to do next.
    fn step_done(&mut self, progress: Progress) -> impl Future<Output = Directive>;

    /// Waits before a step while the run is paused. [`Directive::Request`] and [`Directive::Stop`] mean the
    /// same as after a step; otherwise, continue.
    fn may_step(&mut self, _done: Progress) -> impl Future<Output = Directive> {
        async { Directive::Continue }
    }

    /// True if the user has paused the run: what is sent now stays on the page for a while.
    fn is_paused(&self) -> bool {
        false
    }

    /// True if only steps are wanted, because they are being timed: no scores and no frames between the first
    /// step and the last.
    fn is_quiet(&self) -> bool {
        false
    }

    /// Sends a frame.
    fn send(&mut self, frame: E::Frame);

    /// Returns the settings if the user has changed one since the last call. Only settings that may change
    /// during a run differ.
    fn update(&mut self) -> Option<E::Config>;

    /// Returns the oldest pending request, in an encoding that the experiment and its panel agree on. A run
    /// may start with a request, so this is also called before the first step; later, [`Directive::Request`]
    /// announces one.
    fn request(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Receives messages while a request is answered, like [`step_done`](Self::step_done) but without a step.
    /// [`Directive::Request`] means that a newer request has arrived, [`Directive::Stop`] that the answer is
    /// no longer wanted.
    fn yield_now(&mut self) -> impl Future<Output = Directive> {
        async { Directive::Continue }
    }

    /// Tells the page, after the last step or [`Directive::Stop`], that training is over, and waits for a
    /// request. After each [`Directive::Request`], answer and call this again; otherwise return, since the
    /// page no longer listens.
    fn idle(&mut self) -> impl Future<Output = Directive> {
        async { Directive::Stop }
    }

    /// Returns the workers that train this network, if there are several.
    #[cfg(feature = "compute")]
    fn team(&self) -> Option<std::rc::Rc<dyn shards::Team>> {
        None
    }

    /// Returns the maximum memory for tensors in bytes, if it is known, as it is on the CPU, where wasm can
    /// address 4 GiB. Allocating more ends the worker, so check first.
    fn memory_limit(&self) -> Option<u64> {
        None
    }

    /// Returns the checkpoint to resume from, if this run is resumed; called once.
    fn checkpoint(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// True if a checkpoint is due: reading all weights takes time. `over` is true after the last step.
    fn wants_checkpoint(&self, _over: bool) -> bool {
        false
    }

    /// Saves a checkpoint, in case the page, its worker or the device is lost.
    fn save_checkpoint(&mut self, _step: u32, _checkpoint: Vec<u8>) {}

    /// Returns the time in milliseconds since an arbitrary origin. Work queued on a GPU may not be done yet,
    /// so time until a read returns.
    fn now_ms(&self) -> f64;
}

/// The action after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// Continue without a frame.
    Continue,
    /// Send a frame and continue.
    Frame,
    /// The user has stopped the run: send the last frame and return.
    Stop,
    /// The page has sent a request: answer [`RunContext::request`], and call again without a step in between.
    Request,
}
