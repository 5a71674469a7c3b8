//! A section as a whole: the first losses of its networks beside those that were recorded, and how fast it trains.

use crate::core::LabError;
use crate::core::report::{CaseResult, Outcome};
use crate::run::driver::Training;
use crate::run::graph_capture::FIRST_REPLAYED;
use crate::run::training::{read, read_all};
use crate::run::{RunContext, Train};
use crate::verify::case::{Tolerance, relative_error};
use crate::verify::values::flat;
use burn::tensor::Device;
use nn_lab_kernels::is_cpu;
use serde_json::Value;

/// How many losses are compared: that of the first step is the network's, those of the others are the optimizer's, too, and the
/// last ones on a GPU are those of steps that are replayed.
const STEPS: u32 = FIRST_REPLAYED + 3;

/// The fixture of the losses.
const FILE: &str = "first_losses.json";

/// For losses of a whole training.
static TRAINING: Tolerance = Tolerance {
    cpu: 5e-5,
    gpu: 2e-3,
    why: "32-bit rounding, which some steps of an optimizer carry on: Adam divides each gradient by its own size.",
};

/// What losses were recorded of: a section's name in addresses, and settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetUp {
    pub slug: String,
    pub query: String,
}

/// The set-ups whose losses were recorded. Where dropout is on they cannot be compared: each device draws its own masks.
pub fn set_ups(reference: &Value) -> Vec<SetUp> {
    let all = reference[FILE]["losses"].as_object().into_iter().flatten();
    all.filter_map(|(name, _)| name.split_once('?'))
        .filter(|(_, query)| !query.contains("dropout"))
        .map(|(slug, query)| SetUp { slug: slug.to_owned(), query: query.to_owned() })
        .collect()
}

/// The losses that were recorded of one network; none where the reference has none.
pub fn recorded<E: Train>(set_up: &SetUp, arm: usize, reference: &Value) -> Vec<f64> {
    let series = match E::ARMS.get(arm).map_or("", |arm| arm.slug) {
        "" => "loss_train".to_owned(),
        slug => format!("loss_{slug}"),
    };
    let all = &reference[FILE]["losses"][format!("{}?{}", set_up.slug, set_up.query)][series];
    let losses = flat(all).unwrap_or_default();
    losses.into_iter().take(STEPS as usize).collect()
}

/// The line of the report about the first losses of one network.
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

/// The first losses of one network beside the recorded ones, on one device.
pub async fn first_losses<E: Train>(
    config: E::Config,
    arm: usize,
    recorded: &[f64],
    device: &Device,
    out: &mut impl RunContext<E>,
) -> Result<Outcome, LabError> {
    let tolerance = TRAINING.of(device);
    let trained = async {
        let mut training = E::Training::init(config, arm, device, out).await?;
        (1..=STEPS).for_each(|step| training.draw_and_step(step));
        read_all(training.state_mut().take_losses()).await
    };
    match trained.await {
        Ok(losses) if !recorded.is_empty() => {
            let error = relative_error(losses.iter().map(|&loss| f64::from(loss)), recorded) as f32;
            Ok(Outcome { error: Some(error), tolerance, place: "losses".to_owned() })
        }
        Ok(_) => Ok(Outcome { error: None, tolerance, place: "No losses were recorded.".to_owned() }),
        // A device that has failed computes nothing else.
        Err(LabError::Device(why)) => Err(LabError::Device(why)),
        Err(error) => Ok(Outcome { error: None, tolerance, place: error.to_string() }),
    }
}

/// How fast one network trains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The steps of a run.
    pub steps: u32,
    /// Milliseconds of one step.
    pub step_ms: f64,
}

/// Steps before the clock starts: on a GPU the first ones make its kernels, and one is recorded.
const WARM_UP: u32 = 2;
const WARM_UP_OF_GPU: u32 = FIRST_REPLAYED;
/// So many milliseconds or steps are timed, whichever is less.
const TIMED_MS: f64 = 150.0;
const MAX_STEPS: f64 = 20.0;

/// Times some steps of one network, without what is measured between them.
pub async fn pace<E: Train>(
    config: E::Config,
    arm: usize,
    device: &Device,
    out: &mut impl RunContext<E>,
) -> Result<Pace, LabError> {
    let mut training = E::Training::init(config, arm, device, out).await?;
    let steps = training.steps();
    let (mut step, mut step_ms) = (0, 0.0);
    for _ in 0..=if is_cpu(device) { WARM_UP } else { WARM_UP_OF_GPU } {
        step_ms = timed(&mut training, &mut step, 1, out).await?;
        // On the CPU there is nothing to prepare, so that a long step tells enough.
        if is_cpu(device) && step_ms > TIMED_MS {
            return Ok(Pace { steps, step_ms });
        }
    }
    // Several at once: a GPU is asked for the next before it has done the last.
    let several = (TIMED_MS / step_ms.max(0.1)).min(MAX_STEPS) as u32;
    if several > 1 {
        step_ms = timed(&mut training, &mut step, several, out).await?;
    }
    Ok(Pace { steps, step_ms })
}

/// Does `count` steps behind `step`; the milliseconds of each.
async fn timed<E: Train>(
    training: &mut E::Training,
    step: &mut u32,
    count: u32,
    out: &impl RunContext<E>,
) -> Result<f64, LabError> {
    let began = out.now_ms();
    for _ in 0..count {
        *step += 1;
        training.draw_and_step(*step);
    }
    // A step is over when the last number that it changes can be read.
    if let Some(tensor) = training.state_mut().sync_tensor() {
        read(tensor).await?;
    }
    Ok((out.now_ms() - began) / f64::from(count))
}
