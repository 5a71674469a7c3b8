//! The run context of native tests, in place of a worker: collects frames and sends the test's requests.

mod answer;
mod claims;

pub(crate) use answer::{answer, measured, number};
pub(crate) use claims::{claim_about, confirmed_and_refuted};

use burn::tensor::{Device, Tensor};
use nn_lab::core::measure::Measure;
use nn_lab::core::metric::Spread;
use nn_lab::core::schema::Schema;
use nn_lab::core::settings::{Settings, from_query};
use nn_lab::core::sweep::{Axis, points};
use nn_lab::core::{LabError, Progress};
use nn_lab::data::assets::Assets;
use nn_lab::run::{Directive, Experiment, Probe, RunContext, Train, driver};
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) struct Collector<E: Experiment> {
    /// The number of the arm that is training.
    pub arm: usize,
    pub frames: Vec<(usize, E::Frame)>,
    pub ticks: Vec<Progress>,
    /// The interval of frames, in steps.
    pub frame_every: u32,
    /// The step at which the run is stopped.
    pub stop_at: Option<u32>,
    /// Settings that arrive after a step, in the order of steps.
    pub updates: Vec<(u32, E::Config)>,
    /// Requests that arrive after a step, in the order of steps: step 0 is before the run, `u32::MAX` after
    /// it.
    pub requests: Vec<(u32, Vec<u8>)>,
    /// The visitor's files, by their path, which starts with `user/`.
    pub user_files: BTreeMap<String, Rc<[u8]>>,
    /// The checkpoint from which the run continues.
    pub checkpoint: Option<Vec<u8>>,
    /// The checkpoints of the run, each with the number of frames sent before it.
    pub checkpoints: Vec<(u32, Vec<u8>, usize)>,
    pub began: std::time::Instant,
}

impl<E: Experiment> Default for Collector<E> {
    fn default() -> Self {
        Self {
            arm: 0,
            frames: Vec::new(),
            ticks: Vec::new(),
            frame_every: 10,
            stop_at: None,
            updates: Vec::new(),
            requests: Vec::new(),
            user_files: BTreeMap::new(),
            checkpoint: None,
            checkpoints: Vec::new(),
            began: std::time::Instant::now(),
        }
    }
}

impl<E: Experiment> Collector<E> {
    /// Returns the page's record after these frames.
    pub(crate) fn record(&self) -> E::Record {
        let mut record = E::Record::default();
        for (arm, frame) in &self.frames {
            // Encoded and decoded, as between worker and page.
            let bytes = postcard::to_stdvec(frame).expect("a frame can be encoded");
            E::apply_frame(&mut record, *arm, postcard::from_bytes(&bytes).expect("a frame can be decoded"));
        }
        record
    }

    /// Trains with these settings; returns the page's record and the result of the run.
    pub(crate) fn run(mut self, config: &E::Config) -> (E::Record, Result<(), LabError>)
    where
        E: Train,
    {
        let result = train::<E>(config, &mut self);
        (self.record(), result)
    }

    /// Runs the probe with these settings; returns the page's record and the result.
    pub(crate) fn probe(mut self, config: &E::Config) -> (E::Record, Result<(), LabError>)
    where
        E: Probe,
    {
        let result = block_on(E::probe(config.clone(), &Device::flex(), &mut self));
        (self.record(), result)
    }
}

/// Trains with these settings; returns the page's record and the result of the run.
pub(crate) fn run<E: Train>(config: E::Config) -> (E::Record, Result<(), LabError>) {
    Collector::<E>::default().run(&config)
}

/// Returns the page's record after a successful probe.
#[track_caller]
pub(crate) fn probe<E: Probe>(config: E::Config) -> E::Record {
    let (record, result) = Collector::<E>::default().probe(&config);
    result.expect("the probe succeeds");
    record
}

/// Returns the settings of a preset.
#[track_caller]
pub(crate) fn preset<C: Settings>(slug: &str) -> C {
    C::PRESETS.iter().find(|preset| preset.slug == slug).expect("the preset").config()
}

/// Returns a tensor's values in row-major order.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().expect("floats")
}

impl<E: Experiment> Assets for Collector<E> {
    async fn asset(&mut self, path: &str) -> Result<Rc<[u8]>, LabError> {
        if let Some(bytes) = self.user_files.get(path) {
            return Ok(bytes.clone());
        }
        let path = format!("static/{path}");
        std::fs::read(&path).map(Rc::from).map_err(|error| LabError::Data(format!("{path}: {error}")))
    }

    async fn list_assets(&mut self, prefix: &str) -> Result<Vec<String>, LabError> {
        let mut paths: Vec<_> =
            self.user_files.keys().filter(|path| path.starts_with(prefix)).cloned().collect();
        if let (Some(folder), Ok(entries)) =
            (prefix.strip_suffix('/'), std::fs::read_dir(format!("static/{prefix}")))
        {
            paths.extend(
                entries.flatten().map(|entry| format!("{folder}/{}", entry.file_name().to_string_lossy())),
            );
        }
        paths.sort();
        Ok(paths)
    }
}

impl<E: Experiment> RunContext<E> for Collector<E> {
    async fn step_done(&mut self, progress: Progress) -> Directive {
        let mut asked = false;
        for (at, _) in self.requests.iter_mut().filter(|(at, _)| *at <= progress.step) {
            (*at, asked) = (0, true);
        }
        if asked {
            return Directive::Request;
        }
        self.ticks.push(progress);
        if self.stop_at == Some(progress.step) {
            Directive::Stop
        } else if progress.step.is_multiple_of(self.frame_every) {
            Directive::Frame
        } else {
            Directive::Continue
        }
    }

    fn send(&mut self, frame: E::Frame) {
        self.frames.push((self.arm, frame));
    }

    fn update(&mut self) -> Option<E::Config> {
        let step = self.ticks.last()?.step;
        let due = self.updates.iter().position(|(at, _)| *at <= step)?;
        Some(self.updates.remove(due).1)
    }

    fn request(&mut self) -> Option<Vec<u8>> {
        let step = self.ticks.last().map_or(0, |progress| progress.step);
        let due = self.requests.iter().position(|(at, _)| *at <= step)?;
        Some(self.requests.remove(due).1)
    }

    fn checkpoint(&mut self) -> Option<Vec<u8>> {
        self.checkpoint.take()
    }

    fn wants_checkpoint(&self, _over: bool) -> bool {
        true
    }

    fn save_checkpoint(&mut self, step: u32, checkpoint: Vec<u8>) {
        self.checkpoints.push((step, checkpoint, self.frames.len()));
    }

    async fn idle(&mut self) -> Directive {
        for (at, _) in &mut self.requests {
            *at = 0;
        }
        if self.requests.is_empty() { Directive::Stop } else { Directive::Request }
    }

    fn now_ms(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * 1000.0
    }
}

/// Trains one arm after another. Each receives the settings and requests of `ctx`, which collects the frames
/// of all arms.
pub(crate) fn train<E: Train>(config: &E::Config, ctx: &mut Collector<E>) -> Result<(), LabError> {
    let (updates, requests) = (ctx.updates.clone(), ctx.requests.clone());
    for arm in 0..E::ARMS.len() {
        (ctx.arm, ctx.ticks) = (arm, Vec::new());
        (ctx.updates, ctx.requests) = (updates.clone(), requests.clone());
        block_on(driver::train::<E>(config.clone(), arm, &Device::flex(), ctx))?;
    }
    Ok(())
}

/// Runs a predefined sweep over one setting as the page does; returns the result of every arm for each value.
pub(crate) fn sweep<E: Train>(title: &str) -> Vec<Vec<Spread>> {
    let presets = <E::Config as Settings>::SWEEPS;
    let preset = presets.iter().find(|preset| preset.title == title).expect("the sweep");
    let of_sweep = |key: &str| preset.sweep.iter().find(|(k, _)| *k == key).expect("the key").1;
    let (base, _) = from_query(&E::Config::default(), &preset.values.iter().copied().collect());
    let axis = Axis::read(<E::Config as Settings>::PARAMS, of_sweep("sweep")).expect("its values are taken");
    let measure = Measure::read(of_sweep("measure")).expect("it is understood");
    let seeds = of_sweep("seeds").parse().expect("a number");
    let mut values = vec![vec![Vec::new(); E::ARMS.len()]; axis.values.len()];
    let all =
        points(&Schema::of::<E::Config>(), &base.to_values(), &[axis], seeds).expect("not too many runs");
    for point in all {
        let mut ctx = Collector::<E>::default();
        train::<E>(&Settings::from_values(&point.config).expect("settings"), &mut ctx).expect("it trains");
        for series in E::series(&ctx.record()).iter().filter(|series| series.base == measure.name) {
            values[point.at[0]][series.arm].extend(measure.of(&series.points));
        }
    }
    let spread = |values: Vec<f64>| Spread::of(values).expect("it is measured");
    let spreads = values.into_iter().map(|arms| arms.into_iter().map(spread).collect()).collect();
    println!("{title}: {spreads:#?}");
    spreads
}

/// Returns the original CIFAR-10 images from a folder outside the project, if it exists: `NN_LAB_SHARED`,
/// `../shared` or `../../shared`. A test that needs them prints that it is skipped.
pub(crate) fn real_cifar10() -> Option<BTreeMap<String, Rc<[u8]>>> {
    let named = std::env::var("NN_LAB_SHARED").ok();
    let folders = named.iter().map(String::as_str).chain(["../shared", "../../shared"]);
    for folder in folders {
        let read = |name: &str| std::fs::read(format!("{folder}/data/cifar10/{name}")).ok().map(Rc::from);
        if let (Some(train), Some(test)) = (read("train_3000.bin"), read("test_500.bin")) {
            let at = |name: &str| format!("user/cifar10/{name}");
            return Some(BTreeMap::from([(at("train_3000.bin"), train), (at("test_500.bin"), test)]));
        }
    }
    println!("skipped: the folder with CIFAR-10 images is not here");
    None
}

/// Runs a future to completion on this thread, by polling: on the CPU, no future waits for long.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}
