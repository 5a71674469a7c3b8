//! AdamW with its memory in sight, so that a run can be saved and go on elsewhere: burn's own keeps its moments in a record
//! by the parameters' ids, which are other ones after a reload, and decays biases and gains like matrices.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019). Only matrices decay, as in GPT-2: a bias or the gain of a
/// norm has no reason to be near 0.
///
/// ```text
/// m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
/// w <- (1 - lr decay) w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
/// ```
#[derive(Clone, Debug)]
pub struct AdamW {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    pub weight_decay: f32,
    /// Steps done.
    pub steps: u32,
    /// `m` and `v` of each parameter in the module's order, flat; empty before the first step.
    pub moments: Vec<(Tensor<1>, Tensor<1>)>,
}

impl AdamW {
    /// The paper's epsilon; nothing remembered.
    pub fn new(beta1: f32, beta2: f32, weight_decay: f32) -> Self {
        Self { beta1, beta2, epsilon: 1e-8, weight_decay, steps: 0, moments: Vec::new() }
    }

    /// One step. Every parameter must have a gradient at every step, or none ever.
    pub fn step<M: Module>(&mut self, learning_rate: f64, net: M, grads: GradientsParams) -> M {
        self.steps += 1;
        let t = self.steps.min(1 << 30) as i32;
        let corrections = (1.0 - self.beta1.powi(t), 1.0 - self.beta2.powi(t));
        net.map(&mut Stepper {
            rule: self,
            grads,
            learning_rate: learning_rate as f32,
            corrections,
            index: 0,
        })
    }
}

struct Stepper<'a> {
    rule: &'a mut AdamW,
    grads: GradientsParams,
    learning_rate: f32,
    corrections: (f32, f32),
    index: usize,
}

impl ModuleMapper for Stepper<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(grad) = self.grads.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let AdamW { beta1, beta2, epsilon, weight_decay, ref mut moments, .. } = *self.rule;
        let tracked = tensor.is_require_grad();
        let shape = tensor.dims();
        let grad = grad.reshape([shape.iter().product::<usize>()]);
        let (m, v) = match moments.get(self.index) {
            Some((m, v)) => (
                m.clone().mul_scalar(beta1) + grad.clone().mul_scalar(1.0 - beta1),
                v.clone().mul_scalar(beta2) + grad.square().mul_scalar(1.0 - beta2),
            ),
            None => (grad.clone().mul_scalar(1.0 - beta1), grad.square().mul_scalar(1.0 - beta2)),
        };
        // The corrections are folded into two scalars, which saves a pass each over all parameters.
        let (c1, c2) = self.corrections;
        let denominator = v.clone().sqrt().mul_scalar(1.0 / c2.sqrt()).add_scalar(epsilon);
        let update = (m.clone() / denominator).mul_scalar(self.learning_rate / c1).reshape(shape);
        match moments.get_mut(self.index) {
            Some(kept) => *kept = (m, v),
            None => moments.push((m, v)),
        }
        self.index += 1;
        let decay = if D > 1 { 1.0 - self.learning_rate * weight_decay } else { 1.0 };
        let stepped = Tensor::from_inner(tensor.inner().mul_scalar(decay) - update);
        let stepped = if tracked { stepped.require_grad() } else { stepped };
        Param::from_mapped_value(id, stepped, mapper)
    }
}
