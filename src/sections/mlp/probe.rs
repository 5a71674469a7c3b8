//! Measurements that need no training: the parameter count, both networks as they are initialized, the collapse of
//! a network without non-linearity to a single layer, and what training finds for a function of one variable.

use super::baseline::baseline;
use super::fit::fit;
use super::nets::{net, snapshot};
use super::task::{N_SCORED, Objective, Pictures, forward_backward};
use super::task_data::TaskData;
use super::{
    Config, Dataset, FIT_SIZES, Frame, LINEAR, Measured, Mlp, NONLINEAR, TrainedPieces, Untrained, collapse,
};
use crate::core::{LabError, Progress};
use crate::data::batches::Batches;
use crate::models::mlp::{Activation, Mlp as Net};
use crate::models::weights::count_params;
use crate::run::training::read_all;
use crate::run::{Directive, Probe, RunContext};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::rc::Rc;

impl Probe for Mlp {
    async fn probe(config: Config, device: &Device, ctx: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let (d_in, d_out) = (config.task().d_in as usize, config.task().d_out() as usize);
        let autodiff = device.clone().autodiff();
        let trained = [LINEAR, NONLINEAR].map(|arm| net(&config, arm, d_in, d_out, &autodiff));
        ctx.send(Frame::Counted(count_params(&trained[NONLINEAR]) as u32));
        // Without the images the networks are still shown. The error is reported once everything else is measured.
        let task = TaskData::load(&config, ctx).await;
        let untrained = untrained(&config, &trained, task.as_ref().ok(), device).await?;
        ctx.send(Frame::Untrained(Rc::new(untrained)));

        let Some(collapse) = collapse::measure(&config, device, ctx).await? else { return Ok(()) };
        ctx.send(Frame::Collapse(Rc::new(collapse)));
        let Some(pieces) = pieces(&config, ctx).await else { return Ok(()) };
        ctx.send(Frame::Pieces(Rc::new(pieces)));
        match config.dataset {
            // The board says what is missing. An error above it would move it while the user draws.
            Dataset::Drawn | Dataset::Curve => Ok(()),
            Dataset::Own if config.data.is_empty() => Ok(()),
            _ => task.map(drop),
        }
    }
}

/// Returns both networks before training: their weights, what they predict, and the gradients of the first step.
async fn untrained(
    config: &Config,
    nets: &[Net; 2],
    task: Option<&TaskData>,
    device: &Device,
) -> Result<Untrained, LabError> {
    let pictures = task.map(|task| Pictures::new(task, device));
    let batch = task.map(|task| {
        let n = task.train.len();
        let mut batches = Batches::new(n, config.batch_size as usize, config.seed.into());
        task.batch(batches.next_batch())
    });
    let mut untrained =
        Untrained { samples: task.map(|task| Rc::new(task.samples())), ..Untrained::default() };
    let own = task.filter(|task| task.own.is_some());
    untrained.baseline = own.map(|task| baseline(task, N_SCORED, config.bias));
    let objective = Objective::of(config);
    for (arm, net) in nets.iter().enumerate() {
        if let Some([x, y]) = &batch {
            let on_device = |tensor| Tensor::from_inner(tensor);
            let output =
                forward_backward(net, on_device(x.tensor(device)), on_device(y.tensor(device)), objective);
            untrained.grad_norms[arm] = read_all(output.measured).await?;
        }
        let net = net.valid();
        let cells = pictures.as_ref().and_then(|pictures| pictures.cells.as_ref());
        let inputs = pictures.as_ref().map(|pictures| pictures.inputs.as_slice()).unwrap_or_default();
        untrained.nets[arm] = Rc::new(snapshot(&net, 0, cells, inputs).await?);
        if let Some(pictures) = &pictures {
            let mut measured = Measured::default();
            pictures.predict(&net, &mut measured).await?;
            untrained.boundaries[arm] = Rc::new(measured.boundary);
            untrained.predictions[arm] = Rc::new(measured.predictions);
            untrained.classes[arm] = Rc::new(measured.classes);
            untrained.curves[arm] = Rc::new(measured.curve);
        }
    }
    Ok(untrained)
}

/// Trains networks of several widths on the function of the settings. Returns `None` if the settings have changed.
async fn pieces(config: &Config, ctx: &mut impl RunContext<Mlp>) -> Option<TrainedPieces> {
    let Config { target, pieces, seed, .. } = *config;
    let mut trained = TrainedPieces { sum: fit(target, pieces, seed), errors: Vec::new() };
    for (step, n) in FIT_SIZES.into_iter().enumerate() {
        let error =
            if n == pieces { trained.sum.max_error(target) } else { fit(target, n, seed).max_error(target) };
        trained.errors.push((n, error));
        let progress = Progress { step: step as u32 + 1, steps: FIT_SIZES.len() as u32 };
        if ctx.step_done(progress).await == Directive::Stop {
            return None;
        }
    }
    Some(trained)
}

impl From<super::ActivationChoice> for Activation {
    fn from(choice: super::ActivationChoice) -> Self {
        match choice {
            super::ActivationChoice::Relu => Self::Relu,
            super::ActivationChoice::Gelu => Self::Gelu,
            super::ActivationChoice::Tanh => Self::Tanh,
            super::ActivationChoice::Sigmoid => Self::Sigmoid,
            super::ActivationChoice::Identity => Self::Identity,
        }
    }
}
