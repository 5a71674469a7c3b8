//! The gradients of a network at every position of the sequence, and of all its weights.

use super::task::Task;
use super::{Config, GradientRow};
use crate::core::LabError;
use crate::models::recurrent::{Recurrent, ThroughTime, gradients};
use crate::run::training::{cross_entropy, one_hot, read_groups};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::norm::norm;

/// Returns the gradients of an untrained network on the first batch of its training. The first training step measures the
/// same numbers.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn untrained_gradients<N: Recurrent>(
    config: &Config,
    task: &Task,
    net: &N,
    device: &Device,
) -> Result<GradientRow, LabError> {
    let batch = task.draw(config, &mut task.draws(config));
    let x: Tensor<3> = task.inputs(&batch).tensor(device);
    let y = one_hot(batch.labels.iter().copied(), task.n_classes, &device.clone().autodiff());
    let through_time = gradients(net, &x, |logits| cross_entropy(logits, y)).through_time;
    let mut norms = position_norms(through_time).map(|norms| vec![norms]);
    let groups = [norms.next(), norms.next()].map(Option::unwrap_or_default);
    let [hidden, cell] = read_groups(groups).await?;
    Ok(GradientRow { step: 0, hidden, cell })
}

/// Returns the gradient norm at each position, `[seq_len]`: of the hidden states and, for an LSTM, of the cells.
pub(super) fn position_norms(through_time: ThroughTime) -> impl Iterator<Item = Tensor<1>> {
    let ThroughTime { d_hidden, d_cell } = through_time;
    std::iter::once(d_hidden).chain(d_cell).map(norms)
}

/// Returns the norm of the gradient of all weights, `[1]`.
pub(super) fn weight_norm<N: Module>(net: &N, grads: &GradientsParams) -> Tensor<1> {
    struct Norms<'a> {
        grads: &'a GradientsParams,
        norms: Vec<Tensor<1>>,
    }
    impl ModuleVisitor for Norms<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.norms.extend(self.grads.get::<D>(param.id).map(|grad| norm(grad, 1.0)));
        }
    }
    let mut visited = Norms { grads, norms: Vec::new() };
    net.visit(&mut visited);
    norm(Tensor::cat(visited.norms, 0), 1.0)
}

/// Returns the gradient norm at each position. Squares of very small gradients would underflow, so each gradient is
/// divided by its largest element first.
///
/// # Shapes
///
/// - gradients: `[seq_len, batch, d_h]`
/// - output: `[seq_len]`
fn norms(gradients: Tensor<3>) -> Tensor<1> {
    let [seq_len, batch, d_h] = gradients.dims();
    let all = gradients.reshape([seq_len, batch * d_h]);
    let largest = all.clone().abs().max_dim(1).clamp_min(f32::MIN_POSITIVE);
    let relative = (all / largest.clone()).square().sum_dim(1).sqrt();
    (relative * largest).reshape([seq_len])
}
