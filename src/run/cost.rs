//! The costs of a run, measured with a few steps of its network before the run starts.

use crate::core::LabError;
use crate::core::settings::{Settings, with};
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, do_step, follow, split};
use crate::run::graph_capture::FIRST_REPLAYED;
use crate::run::leader::Leader;
use crate::run::timing::{ArmCost, WarmUp, score_steps, shard_speed_up};
use crate::run::training::read;
use crate::run::{Directive, RunContext, Train};
use burn::tensor::Device;
use nn_lab_kernels::is_cpu;
use serde_json::Value;

/// Steps are timed in blocks of at least this many milliseconds, because a browser's clock is coarse.
const BLOCK_MS: f64 = 8.0;
/// The batch with which a step is first tried.
const SMALL_BATCH: u32 = 2;
/// A step that takes longer than this is only timed with smaller batches, because nothing else can happen on the worker
/// meanwhile.
const LONG_STEP_MS: f64 = 1200.0;
/// The fraction of the time of the steps that scores are assumed to take where steps are long.
const SCORES_OF_LONG: f64 = 0.1;
/// The number of reports that are timed.
const REPORTS: usize = 8;

/// Measures the costs of a network's run on this worker, or on its team. Returns `None` if the page no longer wants to know, and
/// on the workers that follow a team's leader.
///
/// # Errors
///
/// If the network cannot be trained, or the device fails.
pub async fn measure<E: Train>(
    config: E::Config,
    arm: usize,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<Option<ArmCost>, LabError> {
    let team = ctx.team();
    let is_leader = team.as_ref().is_none_or(|team| team.place() == 0);
    if let Some(batch) = batch_of(&config).filter(|&batch| batch > 2 * SMALL_BATCH && is_leader) {
        let Some(small) = with_small::<E>(&config, SMALL_BATCH, arm, device, ctx).await? else {
            return Ok(None);
        };
        if small.step_ms * f64::from(batch) / f64::from(SMALL_BATCH) > LONG_STEP_MS {
            let Some(twice) = with_small::<E>(&config, 2 * SMALL_BATCH, arm, device, ctx).await? else {
                return Ok(None);
            };
            let alone = extrapolated(small, &twice, batch);
            let workers = team.map_or(1, |team| team.workers());
            return Ok(Some(ArmCost { step_ms: alone.step_ms / shard_speed_up(workers), ..alone }));
        }
    }
    whole::<E>(config, arm, device, ctx).await
}

fn batch_of(config: &impl Settings) -> Option<u32> {
    config.to_values().get("batch_size").and_then(Value::as_u64).map(|batch| batch as u32)
}

/// Returns the costs with a batch of this size, from a few steps only.
async fn with_small<E: Train>(
    config: &E::Config,
    batch: u32,
    arm: usize,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<Option<ArmCost>, LabError> {
    let Ok(config) = with(config, "batch_size", &Value::from(batch)) else { return Ok(None) };
    let start = ctx.now_ms();
    let mut training = E::Training::init(config, arm, device, ctx).await?;
    let (init_ms, steps) = (ctx.now_ms() - start, training.steps());
    let mut step_ms = f64::INFINITY;
    for step in 1..=if is_cpu(device) { 3 } else { FIRST_REPLAYED + 1 } {
        let start = ctx.now_ms();
        one_step::<E>(&mut training, step, device, &mut Leader::new(None), ctx).await?;
        step_ms = step_ms.min(ctx.now_ms() - start);
        if ctx.yield_now().await == Directive::Stop {
            return Ok(None);
        }
    }
    Ok(Some(ArmCost { steps, step_ms, spread: 1.0, init_ms, ..ArmCost::default() }))
}

/// Returns the costs with a batch of any size from those with two small batches: a fixed cost and a cost per sample.
fn extrapolated(small: ArmCost, twice: &ArmCost, batch: u32) -> ArmCost {
    let further = f64::from(batch) / f64::from(SMALL_BATCH) - 1.0;
    // With a coarse clock or other load, further samples may appear to be free.
    let each = (twice.step_ms - small.step_ms).max(0.5 * small.step_ms);
    let step_ms = small.step_ms + further * each;
    let scores_ms = SCORES_OF_LONG * step_ms * f64::from(small.steps);
    ArmCost { step_ms, scores_ms, ..small }
}

/// Measures the costs with the settings as they are.
async fn whole<E: Train>(
    config: E::Config,
    arm: usize,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<Option<ArmCost>, LabError> {
    let start = ctx.now_ms();
    let mut training = E::Training::init(config, arm, device, ctx).await?;
    let (init_ms, steps) = (ctx.now_ms() - start, training.steps());
    let team = ctx.team();
    split::<E>(&mut training, device, team.clone());
    if let Some(team) = team.as_ref().filter(|team| team.place() > 0) {
        return follow(&mut training, &**team).await.map(|()| None);
    }
    let mut leader = Leader::new(team);
    let first_timed = if is_cpu(device) { 1 } else { FIRST_REPLAYED + 1 };
    let (mut warm_up, mut step) = (WarmUp::default(), 0);
    while step < steps && !warm_up.is_settled() {
        let (start, first) = (ctx.now_ms(), step);
        // The time of a step includes the turn of the event loop after it, as in a run.
        while step < steps && (step == first || ctx.now_ms() - start < BLOCK_MS) {
            step += 1;
            one_step::<E>(&mut training, step, device, &mut leader, ctx).await?;
            if ctx.yield_now().await == Directive::Stop {
                return Ok(None);
            }
        }
        if step >= first_timed {
            warm_up.push(step - first, ctx.now_ms() - start);
        }
    }
    let mut cost = ArmCost {
        steps,
        step_ms: warm_up.step_ms(),
        spread: warm_up.spread(),
        init_ms,
        ..ArmCost::default()
    };
    // Scores and reports also have a slow first time, so they come after the steps and the fastest counts.
    let Some(scores_ms) = scores::<E>(&mut training, steps, ctx).await? else { return Ok(None) };
    let mut reports = Vec::new();
    for _ in 0..REPORTS {
        step += 1;
        one_step::<E>(&mut training, step, device, &mut leader, ctx).await?;
        let start = ctx.now_ms();
        training.report(StepBatch::default(), false, ctx).await?;
        reports.push(ctx.now_ms() - start);
        if ctx.yield_now().await == Directive::Stop {
            return Ok(None);
        }
    }
    reports.sort_by(f64::total_cmp);
    let start = ctx.now_ms();
    training.report(StepBatch::default(), true, ctx).await?;
    (cost.scores_ms, cost.end_ms) = (scores_ms, ctx.now_ms() - start);
    // A report that had to wait must not count: where reports take as long as the time between them, a run takes many times as
    // long.
    cost.report_ms = reports.get(reports.len() / 4).copied().unwrap_or_default();
    leader.end();
    Ok(Some(cost))
}

/// Returns the milliseconds of all scores of a run: each kind of score is timed, and their numbers are known.
async fn scores<E: Train>(
    training: &mut E::Training,
    steps: u32,
    ctx: &mut impl RunContext<E>,
) -> Result<Option<f64>, LabError> {
    /// A score that takes longer is not repeated.
    const LONG_MS: f64 = 400.0;
    let at = score_steps(E::Training::FIRST_SCORE, steps, |step| training.score_after(step));
    let mut sum = 0.0;
    for is_large in [true, false] {
        let of_kind: Vec<u32> =
            at.iter().copied().filter(|step| training.is_large_score(*step) == is_large).collect();
        let (Some(&first), Some(&last)) = (of_kind.first(), of_kind.last()) else { continue };
        let mut fastest = f64::INFINITY;
        for step in [first, last, last].into_iter().take(of_kind.len().max(2)) {
            let start = ctx.now_ms();
            training.score(step, ctx).await?;
            let took = ctx.now_ms() - start;
            // Scores are sent, so that they do not pile up.
            training.report(StepBatch::default(), false, ctx).await?;
            fastest = fastest.min(took);
            if ctx.yield_now().await == Directive::Stop {
                return Ok(None);
            }
            if took > LONG_MS {
                break;
            }
        }
        sum += fastest * of_kind.len() as f64;
    }
    Ok(Some(sum))
}

/// Does a step, and waits until it is done.
async fn one_step<E: Train>(
    training: &mut E::Training,
    step: u32,
    device: &Device,
    leader: &mut Leader,
    ctx: &mut impl RunContext<E>,
) -> Result<(), LabError> {
    do_step::<E>(training, step, device, leader, ctx).await?;
    drop(training.state_mut().take_losses());
    if let Some(tensor) = training.state_mut().sync_tensor() {
        read(tensor).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::run::cost::*;

    #[test]
    fn long_steps_are_extrapolated_from_two_batches() {
        let of = |step_ms| ArmCost { steps: 10, step_ms, ..ArmCost::default() };
        // 100 ms, and 50 ms for each of 64 samples.
        let long = extrapolated(of(200.0), &of(300.0), 64);
        assert_eq!(long.step_ms, 100.0 + 64.0 * 50.0);
        assert_eq!(long.scores_ms, 0.1 * 10.0 * long.step_ms);
        // A second pair of samples that appears to be free is not.
        assert_eq!(extrapolated(of(200.0), &of(190.0), 4).step_ms, 300.0);
    }
}
