//! Experiments: what each section measures. No DOM, no threads, no clock but the one that [`RunContext`] keeps.
//!
//! An experiment is a `Config` that the visitor sets, a stream of `Frame`s that the worker sends, and a `Record`
//! that gathers the frames of a run on the page. The page sees these three types; only the worker and the native
//! tests see `Probe` and `Train`, which need burn (feature `compute`).

pub mod any;
pub mod arm;
#[cfg(feature = "compute")]
pub mod checkpoint;
#[cfg(feature = "compute")]
pub mod driver;
#[cfg(feature = "compute")]
pub mod graph_capture;
pub mod images;
#[cfg(feature = "compute")]
pub mod optimizer;
pub mod optimizer_kind;
#[cfg(feature = "files")]
pub mod safetensors;
pub mod spectrum;
pub mod timing;
#[cfg(feature = "compute")]
pub mod train_state;
#[cfg(feature = "compute")]
pub mod training;

use crate::core::chapter::Chapter;
use crate::core::curve::RunSeries;
use crate::core::guided::GuidedExperiment;
use crate::core::metric::Metric;
use crate::core::settings::Settings;
use crate::core::{Check, LabError, Progress};
use crate::run::arm::Arm;
use serde::{Serialize, de::DeserializeOwned};

#[cfg(feature = "compute")]
use burn::tensor::Device;

/// One section's experiment.
pub trait Experiment: 'static {
    /// The section's name in addresses and in the protocol.
    const SLUG: &'static str;
    /// What the visitor sets.
    type Config: Settings;
    /// What one message from the worker brings.
    type Frame: Clone + std::fmt::Debug + Serialize + DeserializeOwned + 'static;
    /// What the page has heard so far, from the last probe and the current run.
    type Record: Clone + Default + 'static;

    /// The questions that the section answers, in the order of its page.
    const CHAPTERS: &'static [Chapter];

    /// The nets that a run trains side by side.
    const ARMS: &'static [Arm];

    /// What a student can predict, run and see answered, from easy to surprising.
    const EXPERIMENTS: &'static [GuidedExperiment<Self::Config, Self::Record>] = &[];

    /// Whether the page keeps earlier states of a run, so that a reader can go back to them. A section whose record holds
    /// snapshots of its own says no.
    const REPLAYS: bool = true;

    /// Adds a frame of an arm to the record; what a probe sends belongs to all arms and comes from number 0.
    fn apply_frame(record: &mut Self::Record, arm: usize, frame: Self::Frame);

    /// Copies what of a probe holds for every seed, such as the number of parameters: a run's further seeds are not
    /// probed.
    fn copy_probe(_probed: &Self::Record, _further: &mut Self::Record) {}

    /// Forgets the run of an arm, but keeps what was probed.
    fn clear_arm(record: &mut Self::Record, arm: usize);

    /// The run of an arm in bytes, so that it outlives the page.
    fn save_arm(record: &Self::Record, arm: usize) -> Vec<u8>;

    /// Puts a saved run in the place of an arm's; an arm whose bytes are of no use stays as it is, and `false` says so.
    fn load_arm(record: &mut Self::Record, arm: usize, saved: &[u8]) -> bool;

    /// The numbers that a reader may quote, of one seed.
    fn metrics(config: &Self::Config, record: &Self::Record) -> Vec<Metric>;

    /// The claims of this section, held against what was measured.
    fn checks(config: &Self::Config, record: &Self::Record) -> Vec<Check>;

    /// What a run leaves behind, as curves over its steps: for comparing runs, for files, for predictions. Each of the
    /// section's curves is there from the start, without points until they are measured; where layers or heads have
    /// one each, those come when their number is known. What a reader asks for first comes first. No two have the same
    /// name.
    fn series(record: &Self::Record) -> Vec<RunSeries>;
}

/// Implements how arms are cleared, saved and loaded. For use in `impl Experiment` if the record has a list `arms` with one
/// entry per arm: its default is an empty run, and its postcard bytes are the saved run.
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

/// Takes the section's types `Config`, `Frame` and `Record`, and chapters, guided experiments, metrics and checks from its
/// modules of these names. For use in `impl Experiment`; includes [`own_arms`](crate::own_arms).
#[macro_export]
macro_rules! own_files {
    () => {
        type Config = Config;
        type Frame = Frame;
        type Record = Record;

        const CHAPTERS: &'static [$crate::core::chapter::Chapter] = chapters::CHAPTERS;
        const EXPERIMENTS: &'static [$crate::core::guided::GuidedExperiment<Self::Config, Self::Record>] =
            experiments::EXPERIMENTS;

        $crate::own_arms!();

        fn metrics(config: &Self::Config, record: &Self::Record) -> Vec<$crate::core::metric::Metric> {
            metrics::metrics(config, record)
        }

        fn checks(config: &Self::Config, record: &Self::Record) -> Vec<$crate::core::Check> {
            checks::checks(config, record)
        }
    };
}

/// What can be measured without training.
#[cfg(feature = "compute")]
pub trait Probe: Experiment + Sized {
    /// Measures it; done anew whenever a setting changes.
    fn probe(
        config: Self::Config,
        device: &Device,
        ctx: &mut impl RunContext<Self>,
    ) -> impl Future<Output = Result<(), LabError>>;
}

/// What the Train button starts; [`driver::train`] runs it.
#[cfg(feature = "compute")]
pub trait Train: Experiment + Sized {
    /// One arm in training.
    type Training: driver::Training<Self>;
}

/// An experiment's way out: frames to the page, and the page's wishes back.
pub trait RunContext<E: Experiment> {
    /// Ends a step and lets messages in; then says how to go on.
    fn step_done(&mut self, progress: Progress) -> impl Future<Output = Directive>;

    /// Before a step: waits while the run is paused, so that the page shows the net as it is. [`Directive::Request`] and
    /// [`Directive::Stop`] mean what they mean after a step; at anything else, go on.
    fn may_step(&mut self, _done: Progress) -> impl Future<Output = Directive> {
        async { Directive::Continue }
    }

    /// Whether the visitor has paused the run: what is sent now will be looked at for a while.
    fn is_paused(&self) -> bool {
        false
    }

    /// Whether nothing but steps is wanted, because they are being measured: no scores and no frames between the first and
    /// the last.
    fn is_quiet(&self) -> bool {
        false
    }

    /// Sends a frame.
    fn send(&mut self, frame: E::Frame);

    /// The settings, if the visitor changed one that may change during a run since this was last asked.
    fn update(&mut self) -> Option<E::Config>;

    /// The bytes of a file below `static/`, fetched once and kept.
    ///
    /// A path below `user/` is a file that the visitor gave.
    fn asset(&mut self, path: &str) -> impl Future<Output = Result<std::rc::Rc<[u8]>, LabError>>;

    /// What the visitor asks of this run, oldest first: bytes of a type that the experiment and its panel agree on. A run
    /// may be started with a request, so ask before the first step, too; later [`Directive::Request`] says that there is one.
    fn request(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Lets messages in while a request is answered. It is like [`step_done`](Self::step_done), but counts no step; [`Directive::Request`] means that a newer request has come, and [`Directive::Stop`] that the answer is no
    /// longer wanted.
    fn yield_now(&mut self) -> impl Future<Output = Directive> {
        async { Directive::Continue }
    }

    /// After the last step, and after [`Directive::Stop`]: tells the page that the training is over, and waits for a request.
    /// Answer each [`Directive::Request`] and call this again; return at anything else, since nobody listens any longer.
    fn idle(&mut self) -> impl Future<Output = Directive> {
        async { Directive::Stop }
    }

    /// The paths of all files that begin with `prefix`, in alphabetical order: those below `static/` and those that
    /// the visitor gave.
    fn list_assets(&mut self, prefix: &str) -> impl Future<Output = Result<Vec<String>, LabError>>;

    /// The most memory that tensors may take here, in bytes, if that is known: a worker's on the CPU, of which wasm can address
    /// 4 GiB. What asks for more than there is ends the worker, so ask before.
    fn memory_limit(&self) -> Option<u64> {
        None
    }

    /// The moment that this run is to go on from, if it is one that goes on; asked for once.
    fn checkpoint(&mut self) -> Option<Vec<u8>> {
        None
    }

    /// Whether it is time to keep a moment: reading all weights costs something. `over` after the last step.
    fn wants_checkpoint(&self, _over: bool) -> bool {
        false
    }

    /// Keeps a moment to go on from, in case something happens to the page, its worker or the device.
    fn save_checkpoint(&mut self, _step: u32, _moment: Vec<u8>) {}

    /// Milliseconds since some moment. What has been asked of a GPU may not be done yet: measure over a read.
    fn now_ms(&self) -> f64;
}

/// How to go on after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directive {
    /// Go on; nobody waits for a frame.
    Continue,
    /// Read what is to be shown, send it, and go on.
    Frame,
    /// The visitor has stopped this run: send the last frame and return.
    Stop,
    /// The visitor asks something: answer [`RunContext::request`], and call again without a step between. Only runs that their
    /// panel sends requests to ever see this.
    Request,
}
