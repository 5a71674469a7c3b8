//! The one training loop: every arm of every section is trained by [`train`].

use crate::core::{LabError, Progress};
use crate::run::arm::StepBatch;
use crate::run::checkpoint::{self, Checkpoint};
use crate::run::training::{check_finite, read, read_all};
use crate::run::{Directive, Experiment, RunContext, Train};
use burn::tensor::{Device, Tensor};

/// One arm in training, as the loop sees it. The loop counts the steps, reads the losses, times steps, and asks for a score
/// or a report when one is due; what a step is and what is measured is the section's.
pub trait Training<E: Experiment>: Sized {
    /// Whether it answers requests of the visitor's, also after the last step.
    const HANDLES_REQUESTS: bool = false;

    /// Builds the net of an arm, and sends what is to be seen before the first step.
    fn begin(
        config: E::Config,
        arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<Self, LabError>>;

    /// The step that training ends with.
    fn steps(&self) -> u32;

    /// The steps done already; more than none if a file was loaded.
    fn steps_done(&self) -> u32 {
        0
    }

    /// One step of gradient descent, the first being 1. On a GPU it is only enqueued.
    fn step(&mut self, step: u32) -> Result<(), LabError>;

    /// The losses of the steps since the last call, `[1]` each, still on the device.
    fn take_losses(&mut self) -> Vec<Tensor<1>>;

    /// Numbers that a step changes last: when they can be read, it is done.
    fn sync_tensor(&self) -> Option<Tensor<1>>;

    /// The net and its rule's memory as numbers, still on the device, and the steps that the rule has done: with
    /// [`extra_state`](Self::extra_state) all that a [`Checkpoint`] holds.
    fn state_tensors(&self) -> (u32, Vec<Tensor<1>>);

    /// Goes back to a moment of this run, from the state that [`begin`](Self::begin) left it in: what is random is drawn up
    /// to there and passed over, so that the next step is what it would have been.
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), LabError>;

    /// What is to be kept beside the numbers; most sections know all else from the step.
    fn extra_state(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Takes over the settings that may change during a run.
    fn update(&mut self, config: E::Config);

    /// Whether the net is to be judged after this step; 0 is before the first. After the last it is in any case.
    fn is_due(&self, step: u32) -> bool;

    /// Judges the net: what it measures goes into the next report, or straight to the page.
    fn score(
        &mut self,
        step: u32,
        ctx: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<(), LabError>>;

    /// Sends the page what is new; `over` after the last step, be it the visitor's wish.
    fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<(), LabError>>;

    /// Answers a request of the visitor's. Says whether training is to go on.
    fn answer(
        &mut self,
        _request: &[u8],
        _out: &mut impl RunContext<E>,
    ) -> impl Future<Output = Result<bool, LabError>> {
        async { Ok(true) }
    }
}

/// Trains one arm to its end or until it is stopped.
pub async fn train<E: Train>(
    config: E::Config,
    arm: usize,
    device: &Device,
    ctx: &mut impl RunContext<E>,
) -> Result<(), LabError> {
    let which =
        E::ARMS.get(arm).ok_or_else(|| LabError::Config("There is no such network here.".to_owned()))?;
    let mut training = E::Training::begin(config, arm, device, ctx).await?;
    let resumed = match ctx.checkpoint() {
        Some(bytes) => {
            let checkpoint = Checkpoint::read(&bytes, training.steps())?;
            training.restore(&checkpoint)?;
            Some(checkpoint.step)
        }
        None => None,
    };
    let trains = answer_all(&mut training, ctx).await?;
    let (done, steps) = (resumed.unwrap_or_else(|| training.steps_done()), training.steps());
    let mut batch =
        Batch { net: which.net, steps: StepBatch { first_step: done + 1, ..StepBatch::default() } };
    // A run that goes on has been judged and reported on up to there.
    if resumed.is_none() {
        if training.is_due(done) || !trains {
            training.score(done, ctx).await?;
        }
        training.report(batch.take(), false, ctx).await?;
    }

    // A step after a report is timed. The first step is not, since it also makes the device ready.
    let mut timed = false;
    for step in (done + 1..=steps).take_while(|_| trains) {
        if !may_step(&mut training, Progress { step: step - 1, steps }, ctx).await? {
            training.report(batch.take(), true, ctx).await?;
            break;
        }
        let began = if std::mem::take(&mut timed) { settled(&training, ctx).await? } else { None };
        training.step(step)?;
        if let Some(began) = began
            && let Some(ended) = settled(&training, ctx).await?
        {
            batch.steps.times.push((ended - began) as f32);
        }
        let directive = loop {
            let directive = ctx.step_done(Progress { step, steps }).await;
            if let Some(changed) = ctx.update() {
                training.update(changed);
            }
            if directive != Directive::Request {
                break directive;
            }
            batch.read(&mut training, step).await?;
            training.report(batch.take(), false, ctx).await?;
            answer_all(&mut training, ctx).await?;
        };
        let over = step == steps || directive == Directive::Stop;
        // After the tick, which takes the time of a step: a score is none.
        if (training.is_due(step) && !ctx.is_quiet()) || step == steps {
            batch.read(&mut training, step).await?;
            training.score(step, ctx).await?;
        }
        if over || directive == Directive::Frame {
            batch.read(&mut training, step).await?;
            training.report(batch.take(), over, ctx).await?;
            timed = true;
            if ctx.wants_checkpoint(over) {
                save_checkpoint(&training, step, ctx).await?;
            }
        }
        if over {
            break;
        }
    }
    while E::Training::HANDLES_REQUESTS && ctx.idle().await == Directive::Request {
        answer_all(&mut training, ctx).await?;
    }
    Ok(())
}

/// Hands out all that is needed to go on from here. Everything that was measured up to this step has been sent.
async fn save_checkpoint<E: Experiment>(
    training: &impl Training<E>,
    step: u32,
    ctx: &mut impl RunContext<E>,
) -> Result<(), LabError> {
    let (optimizer_steps, tensors) = training.state_tensors();
    if let Some(checkpoint) = checkpoint::take(step, optimizer_steps, tensors, training.extra_state()).await?
        && let Ok(bytes) = postcard::to_stdvec(&checkpoint)
    {
        ctx.save_checkpoint(step, bytes);
    }
    Ok(())
}

/// Waits while the run is paused, and answers what the visitor asks in the meantime. Says whether training is to go on.
async fn may_step<E: Experiment>(
    training: &mut impl Training<E>,
    done: Progress,
    ctx: &mut impl RunContext<E>,
) -> Result<bool, LabError> {
    loop {
        let directive = ctx.may_step(done).await;
        if let Some(changed) = ctx.update() {
            training.update(changed);
        }
        match directive {
            Directive::Request => {
                answer_all(training, ctx).await?;
            }
            directive => return Ok(directive != Directive::Stop),
        }
    }
}

/// Losses that have been read and not been sent yet.
struct Batch {
    net: &'static str,
    steps: StepBatch,
}

impl Batch {
    async fn read<E: Experiment>(
        &mut self,
        training: &mut impl Training<E>,
        step: u32,
    ) -> Result<(), LabError> {
        let losses = read_all(training.take_losses()).await?;
        check_finite(&losses, step + 1 - losses.len() as u32, self.net)?;
        self.steps.losses.extend(losses);
        Ok(())
    }

    /// What is to be sent; the next batch begins after it.
    fn take(&mut self) -> StepBatch {
        let next = StepBatch { first_step: self.steps.last_step() + 1, ..StepBatch::default() };
        std::mem::replace(&mut self.steps, next)
    }
}

/// Waits until nothing is queued up on the device; the time then.
async fn settled<E: Experiment>(
    training: &impl Training<E>,
    ctx: &impl RunContext<E>,
) -> Result<Option<f64>, LabError> {
    let Some(numbers) = training.sync_tensor() else { return Ok(None) };
    read(numbers).await?;
    Ok(Some(ctx.now_ms()))
}

/// Answers what the visitor has asked. Says whether training is to go on.
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
