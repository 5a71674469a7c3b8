//! AdamW with its memory in sight, so that a run can be saved and go on elsewhere: burn's own keeps its moments in a record
//! by the parameters' ids, which are other ones after a reload, and decays biases and gains like matrices. Each parameter is
//! one operation, see [`nn_lab_kernels::adamw`].

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use nn_lab_kernels::adamw::{Step, UNBOUNDED, no_moments, step, sum_of_squares};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019); without decay it is Adam. Only matrices decay, as in
/// GPT-2: a bias or the gain of a norm has no reason to be near 0.
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
    /// `m` and then `v` of each parameter in the module's order, `[2 n]` for `n` numbers; empty before the first step.
    pub moments: Vec<Tensor<1>>,
    /// A zero on the device, to which squares are added: made once, since what is made at each step is uploaded at each.
    zero: Option<Tensor<1>>,
}

impl AdamW {
    /// The paper's epsilon; nothing remembered.
    pub fn new(beta1: f32, beta2: f32, weight_decay: f32) -> Self {
        Self { beta1, beta2, epsilon: 1e-8, weight_decay, steps: 0, moments: Vec::new(), zero: None }
    }

    /// One step along gradients whose norm, that of all of them laid end to end, is bounded by `max_norm`. Nothing is read:
    /// the norm stays on the device. Every parameter must have a gradient at every step, or none ever.
    pub fn step<M: Module>(
        &mut self,
        learning_rate: f64,
        max_norm: Option<f64>,
        net: M,
        grads: GradientsParams,
    ) -> M {
        self.steps += 1;
        let rule = Step {
            learning_rate: learning_rate as f32,
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: self.epsilon,
            t: self.steps,
            max_norm: max_norm.map_or(UNBOUNDED, |norm| norm as f32),
        };
        let zero =
            self.zero.take().or_else(|| Some(Tensor::zeros([1], &net.devices().first()?.clone().inner())));
        let Some(zero) = zero else { return net };
        let mut squares = Squares { grads: &grads, sum: zero.clone() };
        if max_norm.is_some() {
            net.visit(&mut squares);
        }
        let squares = squares.sum;
        self.zero = Some(zero);
        net.map(&mut Stepper { optimizer: self, rule, grads, squares, index: 0 })
    }
}

/// The squares of all gradients.
struct Squares<'a> {
    grads: &'a GradientsParams,
    sum: Tensor<1>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            self.sum = sum_of_squares(self.sum.clone(), grad);
        }
    }
}

struct Stepper<'a> {
    optimizer: &'a mut AdamW,
    rule: Step,
    grads: GradientsParams,
    squares: Tensor<1>,
    index: usize,
}

impl ModuleMapper for Stepper<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(grad) = self.grads.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let tracked = tensor.is_require_grad();
        let weight = tensor.inner();
        if self.index == self.optimizer.moments.len() {
            self.optimizer.moments.push(no_moments(weight.shape().num_elements(), &weight.device()));
        }
        let moments = &mut self.optimizer.moments[self.index];
        self.index += 1;
        let decay = if D > 1 { self.optimizer.weight_decay } else { 0.0 };
        let (weight, after) = step(weight, grad, moments.extract(), self.squares.clone(), self.rule, decay);
        *moments = after;
        let weight = Tensor::from_inner(weight);
        Param::from_mapped_value(id, if tracked { weight.require_grad() } else { weight }, mapper)
    }
}
