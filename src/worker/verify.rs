//! Compares this worker's device with its references.

use crate::core::settings::{Settings, from_query};
use crate::core::{LabError, Progress, query::Query};
use crate::data::reference;
use crate::for_each_section;
use crate::protocol::{ArmEvent, ArmId, ArmStart, DeviceKind, Pace};
use crate::run::{Experiment, Train};
use crate::verify::cases;
use crate::verify::report::{Speed, VerifyEvent, VerifyRequest};
use crate::verify::section::{self, SetUp};
use crate::worker::device;
use crate::worker::frame_sender::FrameSender;
use crate::worker::job::{Job, decode, post_arm};
use crate::worker::runtime::{self, memory_bytes, now_ms, yield_now};
use burn::tensor::Device;
use serde_json::Value;
use std::collections::HashMap;

/// If a step of a section's defaults takes longer, its larger presets would take minutes to try.
const SLOW_STEP_MS: f64 = 2_000.0;
/// A preset with this batch size is for a GPU. On the CPU, a step with the smaller batch size is timed
/// instead.
const LARGE_BATCH: f64 = 64.0;
const SMALL_BATCH: f64 = 2.0;

/// The weight of each part in the progress: its approximate duration as a multiple of the shortest part's.
const LOSSES_UNITS: u32 = 4;
const SPEED_UNITS: u32 = 50;

/// Verifies the device. Returns true if it was stopped early.
pub(super) async fn perform(job: Job) -> Result<bool, LabError> {
    let request: VerifyRequest = decode(&job.arm.config)?;
    let (device, kind) = device::pick().await?;
    if request.of_gpu != (kind == DeviceKind::Webgpu) {
        return Err(LabError::Config("The GPU is not there any more. Start again.".to_owned()));
    }
    let (run, arm) = (job.run, job.arm.id);
    let fetched = runtime::fetch(reference::PATH, |bytes, total| {
        post_arm(run, arm, ArmEvent::Loading { what: reference::PATH.to_owned(), bytes, total });
    });
    let reference = fetched.await.and_then(|bytes| reference::read(&bytes));
    let cases = cases(&reference);
    let reference = reference.unwrap_or_default();
    let set_ups = section::set_ups(&reference);
    let mut verification = Verification {
        began: now_ms(),
        slow: HashMap::new(),
        units: cases.len() as u32 + LOSSES_UNITS * set_ups.len() as u32 + SPEED_UNITS * count_speeds(),
        max_ms: request.max_ms,
        job,
        device,
        kind,
        reference,
        done: 0,
    };
    // All files have been downloaded.
    if verification.advance(0).await {
        return Ok(true);
    }
    let mut given = request.references.into_iter();
    for case in cases {
        let given = given.next().flatten();
        let computed = if given.is_none() { case.reference().await? } else { None };
        let reference = given.as_deref().or(computed.as_deref());
        let outcome = case.run(&verification.device, reference).await?;
        let line = VerifyEvent::Case(case.result(outcome), computed);
        if verification.report(&line, 1).await {
            return Ok(true);
        }
    }
    for set_up in set_ups {
        if verification.losses(&set_up).await? {
            return Ok(true);
        }
    }
    verification.speeds().await
}

/// Returns the number of timed set-ups: the defaults, and the presets that differ from them.
fn count_speeds() -> u32 {
    macro_rules! count {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            0 $(+ 1 + presets::<crate::sections::$module::$experiment>().count() as u32)*
        };
    }
    for_each_section!(count)
}

/// Returns the presets of a section that differ from its defaults.
fn presets<E: Experiment>() -> impl Iterator<Item = &'static crate::core::settings::Preset> {
    E::Config::PRESETS.iter().filter(|preset| !preset.values.is_empty())
}

struct Verification {
    job: Job,
    device: Device,
    kind: DeviceKind,
    reference: Value,
    /// The time of the first speed measurement, and the milliseconds from then on during which speeds are
    /// measured.
    began: f64,
    max_ms: f64,
    /// True for each section whose defaults have slow steps.
    slow: HashMap<&'static str, bool>,
    /// The units of work in all, and those that are done.
    units: u32,
    done: u32,
}

impl Verification {
    /// Sends a result and the progress, and receives messages. Returns true if the page has stopped the
    /// verification.
    async fn report(&mut self, line: &VerifyEvent, units: u32) -> bool {
        match postcard::to_stdvec(line) {
            Ok(line) => self.post(ArmEvent::Frame(line)),
            Err(error) => runtime::log_error(&format!("a line could not be encoded: {error}")),
        }
        self.advance(units).await
    }

    /// Counts work as done, and receives messages. Returns true if the page has stopped the verification.
    async fn advance(&mut self, units: u32) -> bool {
        self.done += units;
        let progress = Progress { step: self.done, steps: self.units };
        self.post(ArmEvent::Progress { progress, pace: Pace { memory: memory_bytes(), ..Pace::default() } });
        yield_now().await;
        self.job.control.is_stopped()
    }

    fn post(&self, event: ArmEvent) {
        post_arm(self.job.run, self.job.arm.id, event);
    }

    /// Returns the context of a section's training, which provides files and a clock, and sends no frames.
    fn sender<E: Experiment>(&self) -> FrameSender<E> {
        let arm = ArmStart { id: ArmId::default(), arm: 0, config: Vec::new(), from: None };
        let Job { run, task, ref control, ref turns, .. } = self.job;
        let (control, turns) = (control.clone(), turns.clone());
        FrameSender::new(Job { run, task, arm, control, turns, count: 1, team: None }, self.kind)
    }

    /// Compares the first losses of a section with the recorded ones.
    async fn losses(&mut self, set_up: &SetUp) -> Result<bool, LabError> {
        macro_rules! dispatch {
            ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
                match set_up.slug.as_str() {
                    $(<crate::sections::$module::$experiment as Experiment>::SLUG => {
                        self.losses_of::<crate::sections::$module::$experiment>($title, set_up).await?
                    })*
                    // A newer file may have a section that this worker lacks.
                    _ => false,
                }
            };
        }
        let stopped = for_each_section!(dispatch);
        Ok(stopped || self.advance(LOSSES_UNITS).await)
    }

    async fn losses_of<E: Train>(&mut self, title: &str, set_up: &SetUp) -> Result<bool, LabError> {
        let config = from_query(&E::Config::default(), &Query::parse(&set_up.query)).0;
        for arm in 0..E::ARMS.len() {
            let recorded = section::recorded::<E>(set_up, arm, &self.reference);
            let ctx = &mut self.sender::<E>();
            let outcome = section::first_losses(config.clone(), arm, &recorded, &self.device, ctx).await?;
            let result = section::result::<E>(title, set_up, arm, outcome);
            if self.report(&VerifyEvent::Case(result, None), 0).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Times every section's defaults, and then the presets as long as there is time.
    async fn speeds(&mut self) -> Result<bool, LabError> {
        self.began = now_ms();
        macro_rules! each {
            ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
                Ok($(self.defaults::<crate::sections::$module::$experiment>($title).await? ||)*
                    $(self.presets::<crate::sections::$module::$experiment>($title).await? ||)* false)
            };
        }
        for_each_section!(each)
    }

    async fn defaults<E: Train>(&mut self, title: &str) -> Result<bool, LabError> {
        let speed = self.speed::<E>((title, "", ""), E::Config::default()).await?;
        let is_slow = speed.step_ms.is_none_or(|ms| f64::from(ms) > SLOW_STEP_MS);
        self.slow.insert(E::SLUG, is_slow);
        Ok(self.report(&VerifyEvent::Speed(speed), SPEED_UNITS).await)
    }

    async fn presets<E: Train>(&mut self, title: &str) -> Result<bool, LabError> {
        for preset in presets::<E>() {
            let speed = self.speed::<E>((title, preset.title, preset.slug), preset.config()).await?;
            if self.report(&VerifyEvent::Speed(speed), SPEED_UNITS).await {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Times all networks of a set-up, if the device is not too slow for it.
    async fn speed<E: Train>(
        &mut self,
        (section, title, preset): (&str, &str, &str),
        config: E::Config,
    ) -> Result<Speed, LabError> {
        let is_slow = self.slow.get(E::SLUG).copied().unwrap_or(false);
        let (config, factor) = match self.kind {
            DeviceKind::Cpu if !preset.is_empty() => with_small_batch(&config),
            _ => (config, 1.0),
        };
        let (mut steps, mut sum) = (0, Some(0.0));
        for arm in 0..E::ARMS.len() {
            if is_slow || now_ms() - self.began > self.max_ms || self.job.control.is_stopped() {
                sum = None;
                break;
            }
            let ctx = &mut self.sender::<E>();
            match section::pace::<E>(config.clone(), arm, &self.device, ctx).await {
                Ok(pace) => {
                    steps = pace.steps;
                    sum = sum.map(|sum| sum + pace.step_ms * factor);
                }
                Err(LabError::Device(why)) => return Err(LabError::Device(why)),
                // For example, missing data or too little memory. Nothing is timed then.
                Err(_) => sum = None,
            }
        }
        Ok(Speed {
            section: section.to_owned(),
            slug: E::SLUG.to_owned(),
            title: title.to_owned(),
            preset: preset.to_owned(),
            steps,
            step_ms: sum.map(|ms| ms as f32),
        })
    }
}

/// Settings whose step takes seconds on a CPU with fewer samples in a batch, and the factor by which the
/// whole step takes longer.
fn with_small_batch<C: Settings>(config: &C) -> (C, f64) {
    const KEY: &str = "batch_size";
    let mut values = config.to_values();
    let batch = |values: &crate::core::schema::Values| values.get(KEY).and_then(Value::as_f64);
    let default = batch(&C::default().to_values());
    if let Some(size) = batch(&values).filter(|&size| size >= LARGE_BATCH && Some(size) > default) {
        values.insert(KEY.to_owned(), Value::from(SMALL_BATCH as u32));
        if let Ok(small) = C::from_values(&values) {
            return (small, size / SMALL_BATCH);
        }
    }
    (config.clone(), 1.0)
}

#[cfg(test)]
mod tests {
    use crate::worker::verify::*;

    type Transformer = crate::sections::transformer::Transformer;
    type Config = <Transformer as Experiment>::Config;

    #[test]
    fn set_ups_for_a_gpu_are_timed_with_a_small_batch() {
        let named = |slug: &str| presets::<Transformer>().find(|preset| preset.slug == slug);
        let large: Config = named("full-gpu").map(|preset| preset.config()).expect("a preset");
        let (small, factor) = with_small_batch(&large);
        assert_eq!((small.batch_size, factor), (2, 32.0));
        assert_eq!(Config { batch_size: 64, ..small }, large, "nothing else is changed");
        let defaults = Config::default();
        assert_eq!(with_small_batch(&defaults), (defaults, 1.0));
    }

    #[test]
    fn presets_equal_to_the_defaults_are_timed_once() {
        let all = Config::PRESETS.len() as u32;
        assert_eq!(presets::<Transformer>().count() as u32, all - 1, "\"Course\" is the defaults");
        assert!(count_speeds() > 20);
    }
}
