//! Whole sections: compares the first losses of their networks with recorded ones, and measures their
//! training speed.

use crate::core::LabError;
use crate::run::driver::Training;
use crate::run::graph_capture::FIRST_REPLAYED;
use crate::run::training::{read, read_all};
use crate::run::{RunContext, Train};
use crate::verify::case::{Tolerance, relative_error};
use crate::verify::report::{CaseResult, Outcome};
use crate::verify::values::flat;
use burn::tensor::Device;
use nn_lab_kernels::is_cpu;
use serde_json::Value;

/// The number of losses compared. The first one depends on the network only, the others also on the
/// optimizer. On a GPU, the last ones are from replayed steps.
const STEPS: u32 = FIRST_REPLAYED + 3;

/// The fixture of the losses.
const FILE: &str = "first_losses.json";

/// For the losses of a training run.
static TRAINING: Tolerance = Tolerance {
    cpu: 5e-5,
    gpu: 2e-3,
    why: "32-bit rounding, which some steps of an optimizer carry on: Adam divides each gradient by its own size.",
};

/// A configuration with recorded losses: the slug of a section, and its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    /// The slug of the section.
    pub slug: String,
    /// The settings that differ from the defaults, as an address has them.
    pub query: String,
}

/// Returns the configurations with recorded losses, except those with dropout, since each device draws masks
/// of its own.
pub fn set_ups(reference: &Value) -> Vec<SetUp> {
    let all = reference[FILE]["losses"].as_object().into_iter().flatten();
    all.filter_map(|(name, _)| name.split_once('?'))
        .filter(|(_, query)| !query.contains("dropout"))
        .map(|(slug, query)| SetUp { slug: slug.to_owned(), query: query.to_owned() })
        .collect()
}

/// Returns the recorded losses of a network; empty if there are none.
pub fn recorded<E: Train>(set_up: &SetUp, arm: usize, reference: &Value) -> Vec<f64> {
    let series = match E::ARMS.get(arm).map_or("", |arm| arm.slug) {
        "" => "loss_train".to_owned(),
        slug => format!("loss_{slug}"),
    };
    let all = &reference[FILE]["losses"][format!("{}?{}", set_up.slug, set_up.query)][series];
    let losses = flat(all).unwrap_or_default();
    losses.into_iter().take(STEPS as usize).collect()
}

/// Returns the result about the first losses of a network.
pub fn result<E: Train>(group: &str, set_up: &SetUp, arm: usize, outcome: Outcome) -> CaseResult {
    let net = E::ARMS.get(arm).map_or("network", |arm| arm.net);
    CaseResult {
        group: group.to_owned(),
        what: format!("{net}: losses of {STEPS} steps, {}", set_up.query.replace('&', ", ")),
        reference: "recorded on a CPU".to_owned(),
        why: TRAINING.why.to_owned(),
        outcome,
    }
}

/// Compares the first losses of a network on a device with the recorded ones.
///
/// # Errors
///
/// If the device fails.
pub async fn first_losses<E: Train>(
    config: E::Config,
    arm: usize,
    recorded: &[f64],
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<Outcome, LabError> {
    let tolerance = TRAINING.of(device);
    let trained = async {
        let mut training = E::Training::init(config, arm, device, ctx).await?;
        for step in 1..=STEPS {
            training.draw_and_step(step).await?;
        }
        read_all(training.state_mut().take_losses()).await
    };
    match trained.await {
        Ok(losses) if !recorded.is_empty() => {
            let error = relative_error(losses.iter().map(|&loss| f64::from(loss)), recorded) as f32;
            Ok(Outcome { error: Some(error), tolerance, place: "losses".to_owned() })
        }
        Ok(_) => Ok(Outcome { error: None, tolerance, place: "No losses were recorded.".to_owned() }),
        // A device that has failed cannot run any other case.
        Err(LabError::Device(why)) => Err(LabError::Device(why)),
        Err(error) => Ok(Outcome { error: None, tolerance, place: error.to_string() }),
    }
}

/// The training speed of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The number of steps of a run.
    pub steps: u32,
    /// Milliseconds per step.
    pub step_ms: f64,
}

/// Steps before the measurement. On a GPU, the first ones compile kernels, and one is captured.
const WARM_UP: u32 = 2;
const GPU_WARM_UP: u32 = FIRST_REPLAYED;
/// The measurement ends after this many milliseconds or steps.
const TIMED_MS: f64 = 150.0;
const MAX_STEPS: f64 = 20.0;

/// Measures the speed of a network's steps, without the measurements between them.
///
/// # Errors
///
/// If the network cannot be trained, or the device fails.
pub async fn pace<E: Train>(
    config: E::Config,
    arm: usize,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<Pace, LabError> {
    let mut training = E::Training::init(config, arm, device, ctx).await?;
    let steps = training.steps();
    let (mut step, mut step_ms) = (0, 0.0);
    for _ in 0..=if is_cpu(device) { WARM_UP } else { GPU_WARM_UP } {
        step_ms = timed(&mut training, &mut step, 1, ctx).await?;
        // The CPU needs no preparation, so a single long step is enough.
        if is_cpu(device) && step_ms > TIMED_MS {
            return Ok(Pace { steps, step_ms });
        }
    }
    // Several steps at once, since a GPU receives the next step before it has finished the last.
    let several = (TIMED_MS / step_ms.max(0.1)).min(MAX_STEPS) as u32;
    if several > 1 {
        step_ms = timed(&mut training, &mut step, several, ctx).await?;
    }
    Ok(Pace { steps, step_ms })
}

/// Runs `count` steps after `step`, and returns the milliseconds per step.
async fn timed<E: Train>(
    training: &mut E::Training,
    step: &mut u32,
    count: u32,
    ctx: &impl RunContext<E>,
) -> Result<f64, LabError> {
    let start = ctx.now_ms();
    for _ in 0..count {
        *step += 1;
        training.draw_and_step(*step).await?;
    }
    // A step is over when the last number that it changes can be read.
    if let Some(tensor) = training.state_mut().sync_tensor() {
        read(tensor).await?;
    }
    Ok((ctx.now_ms() - start) / f64::from(count))
}
