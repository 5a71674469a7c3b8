//! The only training loop: every arm of every section is trained by [`train`].

use crate::core::{LabError, Progress};
use crate::run::arm::StepBatch;
use crate::run::checkpoint::{self, Checkpoint};
use crate::run::leader::Leader;
use crate::run::shards::{Shards, Team};
use crate::run::train_state::AnyTrainState;
use crate::run::training::{check_finite, read, read_all};
use crate::run::{Directive, Experiment, RunContext, Train};
use burn::tensor::Device;
use nn_lab_kernels::is_cpu;
use std::rc::Rc;

/// One arm in training: the part of the loop that a section implements.
///
/// The loop counts the steps, reads and times them, updates the settings, decides when to score and report,
/// and saves and restores checkpoints. A section defines the step and the measurements.
pub trait Training<E: Experiment>: Sized {
    /// The random draws for one step, such as a batch.
    type Batch;

    /// True if the arm answers requests of the page, even after the last step.
    const HANDLES_REQUESTS: bool = false;

    /// True if a step after each report is timed.
    const TIMES_STEPS: bool = true;

    /// The number of steps after which the network is first scored.
    const FIRST_SCORE: u32 = 0;

    /// Builds the network of an arm, and sends the frames that the page shows before the first step.
    fn init(
        config: E::Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<Self, LabError>>;

    /// Returns the settings. The loop replaces them when the user changes one that may change during a run.
    fn config_mut(&mut self) -> &mut E::Config;

    /// Returns the network with its optimizer.
    fn state_mut(&mut self) -> &mut dyn AnyTrainState;

    /// Returns the number of steps of the run.
    fn steps(&self) -> u32;

    /// Draws the next batch. All random numbers that training needs on the host are drawn here, because a
    /// resumed run repeats the draws, and nothing else, of the steps that are already done.
    fn draw(&mut self) -> Self::Batch;

    /// Does one step of gradient descent; the first is step 1. On a GPU the work is only queued.
    fn step(&mut self, step: u32, batch: Self::Batch) -> impl Future<Output = Result<(), LabError>>;

    /// Returns the step after which the network is scored next, once it has been scored after `step`. The
    /// loop also scores after the last step.
    fn score_after(&self, step: u32) -> u32;

    /// Returns true if the score after this step takes much longer than others.
    fn is_large_score(&self, _step: u32) -> bool {
        false
    }

    /// Scores the network. The result goes into the next report or straight to the page.
    fn score(
        &mut self,
        step: u32,
        ctx: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<(), LabError>>;

    /// Sends new measurements to the page. `over` is true after the last step, also when the user stopped the
    /// run.
    fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<(), LabError>>;

    /// Answers a request of the page, and returns true if training is to continue.
    fn answer(
        &mut self,
        _request: &[u8],
        _ctx: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<bool, LabError>> {
        async { Ok(true) }
    }

    /// Returns the state that a checkpoint needs besides network, optimizer and step.
    fn extra_state(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Restores the result of [`extra_state`](Self::extra_state), after network, optimizer and step count.
    fn on_restore(&mut self, _extra_state: &[u8]) {}

    /// Draws a batch and does a step.
    fn draw_and_step(&mut self, step: u32) -> impl Future<Output = Result<(), LabError>> {
        let batch = self.draw();
        self.step(step, batch)
    }
}

/// Returns the next step to score after, for a schedule that scores often at first, when the network changes
/// quickly: after steps 0 and 1, then at intervals of a tenth of the steps done, but at least `min_interval`.
pub fn at_growing_intervals(step: u32, min_interval: u32) -> u32 {
    if step == 0 { 1 } else { step + (step / 10).max(min_interval) }
}

/// Returns the next step to score after, for a schedule that scores at each multiple of `interval`.
pub fn at_multiples(step: u32, interval: u32) -> u32 {
    let interval = interval.max(1);
    (step / interval + 1) * interval
}

/// Trains one arm until its last step or until the user stops it.
///
/// # Errors
///
/// If the settings do not fit together, a file cannot be used, a checkpoint belongs to another run, the loss
/// diverges, or the device fails.
pub async fn train<E: Train>(
    config: E::Config,
    arm: usize,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<(), LabError> {
    let net = match E::arms(&config).get(arm) {
        Some(arm) => arm.net,
        None => return Err(LabError::Config("There is no such network here.".to_owned())),
    };
    let mut training = E::Training::init(config, arm, device, ctx).await?;
    let checkpoint = ctx.checkpoint();
    if let Some(bytes) = &checkpoint {
        let checkpoint = Checkpoint::read(bytes, training.steps())?;
        restore(&mut training, &checkpoint)?;
    }
    let team = ctx.team();
    split::<E>(&mut training, device, team.clone());
    if let Some(team) = team.as_ref().filter(|team| team.place() > 0) {
        return follow(&mut training, &**team).await;
    }
    let mut leader = Leader::new(team);
    let trains = answer_all(&mut training, ctx).await?;
    let (done, steps) = (training.state_mut().steps_done(), training.steps());
    let mut next_score = E::Training::FIRST_SCORE;
    let mut unsent = UnsentSteps { net, steps: StepBatch { first_step: done + 1, ..StepBatch::default() } };
    // Weights that were read from a file are at step 0.
    if checkpoint.is_some() && done > 0 {
        // Everything up to the checkpoint has been scored and reported.
        while next_score <= done {
            next_score = training.score_after(next_score);
        }
    } else {
        if done >= next_score || !trains {
            training.score(done, ctx).await?;
            next_score = training.score_after(done);
        }
        training.report(unsent.take(), false, ctx).await?;
    }

    // The step after a report is timed. The first step is not, because it also prepares the device.
    let mut timed = false;
    for step in (done + 1..=steps).take_while(|_| trains) {
        if !may_step(&mut training, Progress { step: step - 1, steps }, ctx).await? {
            training.report(unsent.take(), true, ctx).await?;
            break;
        }
        let started = if std::mem::take(&mut timed) { synchronize(&mut training, ctx).await? } else { None };
        do_step::<E>(&mut training, step, device, &mut leader, ctx).await?;
        if let Some(started) = started
            && let Some(ended) = synchronize(&mut training, ctx).await?
        {
            unsent.steps.times.push((ended - started) as f32);
        }
        let directive = loop {
            let directive = ctx.step_done(Progress { step, steps }).await;
            update_config(&mut training, ctx);
            if directive != Directive::Request {
                break directive;
            }
            unsent.read(&mut training, step).await?;
            training.report(unsent.take(), false, ctx).await?;
            answer_all(&mut training, ctx).await?;
        };
        let over = step == steps || directive == Directive::Stop;
        // After `step_done`, which takes the time of a step: scoring is not part of it.
        if (step >= next_score && !ctx.is_quiet()) || step == steps {
            unsent.read(&mut training, step).await?;
            training.score(step, ctx).await?;
            next_score = training.score_after(step);
        }
        if over || directive == Directive::Frame {
            unsent.read(&mut training, step).await?;
            training.report(unsent.take(), over, ctx).await?;
            timed = true;
            if ctx.wants_checkpoint(over) {
                save_checkpoint(&mut training, step, ctx).await?;
            }
        }
        if over {
            break;
        }
    }
    leader.end();
    while E::Training::HANDLES_REQUESTS && ctx.idle().await == Directive::Request {
        answer_all(&mut training, ctx).await?;
    }
    Ok(())
}

/// Splits the batches of the coming steps into shards.
pub(super) fn split<E: Train>(training: &mut E::Training, device: &Device, team: Option<Rc<dyn Team>>) {
    // On a GPU, one worker computes whole batches.
    let shards = if is_cpu(device) { E::shards(training.config_mut()) as usize } else { 1 };
    if shards > 1 {
        training.state_mut().split(Shards::new(shards, team));
    }
}

/// Does a step, together with the other workers of a team as long as that is faster.
pub(super) async fn do_step<E: Train>(
    training: &mut E::Training,
    step: u32,
    device: &Device,
    leader: &mut Leader,
    ctx: &mut impl RunContext<E>,
) -> Result<(), LabError> {
    let start = ctx.now_ms();
    leader.begin(|| postcard::to_stdvec(training.config_mut()).unwrap_or_default());
    training.draw_and_step(step).await?;
    if leader.leaves_after(ctx.now_ms() - start) {
        split::<E>(training, device, None);
    }
    Ok(())
}

/// Does the steps that the leader of the team begins, with its settings.
pub(super) async fn follow<E: Experiment>(
    training: &mut impl Training<E>,
    team: &dyn Team,
) -> Result<(), LabError> {
    while let Some(settings) = team.next().await {
        if let Ok(config) = postcard::from_bytes(&settings) {
            *training.config_mut() = config;
        }
        let step = training.state_mut().steps_done() + 1;
        training.draw_and_step(step).await?;
        // The leader has the same losses.
        drop(training.state_mut().take_losses());
    }
    Ok(())
}

/// Restores a checkpoint of the same run after [`Training::init`]. The draws of the steps that are done are
/// repeated, so that the next batch is the one that an uninterrupted run would have seen.
pub(super) fn restore<E: Experiment>(
    training: &mut impl Training<E>,
    checkpoint: &Checkpoint,
) -> Result<(), LabError> {
    training.state_mut().restore(checkpoint)?;
    training.on_restore(&checkpoint.extra_state);
    for _ in 0..checkpoint.step {
        training.draw();
    }
    Ok(())
}

/// Saves a checkpoint. Everything measured up to this step has been sent.
async fn save_checkpoint<E: Experiment>(
    training: &mut impl Training<E>,
    step: u32,
    ctx: &mut impl RunContext<E>,
) -> Result<(), LabError> {
    let (optimizer_steps, tensors) = training.state_mut().state_tensors();
    if let Some(checkpoint) = checkpoint::take(step, optimizer_steps, tensors, training.extra_state()).await?
        && let Ok(bytes) = postcard::to_stdvec(&checkpoint)
    {
        ctx.save_checkpoint(step, bytes);
    }
    Ok(())
}

/// Applies settings that the user has changed.
fn update_config<E: Experiment>(training: &mut impl Training<E>, ctx: &mut impl RunContext<E>) {
    if let Some(config) = ctx.update() {
        *training.config_mut() = config;
    }
}

/// Waits while the run is paused, answers requests in the meantime, and returns true if training is to
/// continue.
async fn may_step<E: Experiment>(
    training: &mut impl Training<E>,
    done: Progress,
    ctx: &mut impl RunContext<E>,
) -> Result<bool, LabError> {
    loop {
        let directive = ctx.may_step(done).await;
        update_config(training, ctx);
        match directive {
            Directive::Request => {
                answer_all(training, ctx).await?;
            }
            directive => return Ok(directive != Directive::Stop),
        }
    }
}

/// Steps whose losses have been read but not sent yet.
struct UnsentSteps {
    net: &'static str,
    steps: StepBatch,
}

impl UnsentSteps {
    async fn read<E: Experiment>(
        &mut self,
        training: &mut impl Training<E>,
        step: u32,
    ) -> Result<(), LabError> {
        let losses = read_all(training.state_mut().take_losses()).await?;
        check_finite(&losses, step + 1 - losses.len() as u32, self.net)?;
        self.steps.losses.extend(losses);
        Ok(())
    }

    /// Returns the steps to be sent; the next batch starts after them.
    fn take(&mut self) -> StepBatch {
        let next = StepBatch { first_step: self.steps.last_step() + 1, ..StepBatch::default() };
        std::mem::replace(&mut self.steps, next)
    }
}

/// Waits until the device has done everything that is queued, and returns the time then; `None` if steps are
/// not timed.
async fn synchronize<E: Experiment, T: Training<E>>(
    training: &mut T,
    ctx: &impl RunContext<E>,
) -> Result<Option<f64>, LabError> {
    let tensor = if T::TIMES_STEPS { training.state_mut().sync_tensor() } else { None };
    let Some(tensor) = tensor else { return Ok(None) };
    read(tensor).await?;
    Ok(Some(ctx.now_ms()))
}

/// Answers all pending requests, and returns true if training is to continue.
async fn answer_all<E: Experiment>(
    training: &mut impl Training<E>,
    ctx: &mut impl RunContext<E>,
) -> Result<bool, LabError> {
    let mut trains = true;
    while let Some(request) = ctx.request() {
        trains &= training.answer(&request, ctx).await?;
    }
    Ok(trains)
}

#[cfg(test)]
mod tests {
    use crate::run::driver::{at_growing_intervals, at_multiples};

    #[test]
    fn schedules_always_advance() {
        let steps = |next: fn(u32) -> u32, first| {
            std::iter::successors(Some(first), move |&step| Some(next(step))).take(6).collect::<Vec<_>>()
        };
        assert_eq!(steps(|step| at_growing_intervals(step, 5), 0), [0, 1, 6, 11, 16, 21]);
        assert_eq!(at_growing_intervals(100, 5), 110);
        assert_eq!(steps(|step| at_multiples(step, 20), 5), [5, 20, 40, 60, 80, 100]);
        assert_eq!(at_multiples(3, 0), 4);
    }
}
