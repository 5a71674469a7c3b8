//! The rules that turn gradients into steps, with their memory in sight, so that a run can be saved and go on elsewhere: burn's
//! own optimizers keep it in a record by the parameters' ids, which are other ones after a reload. Each parameter is one
//! operation, see [`nn_lab_kernels::adamw`] and [`nn_lab_kernels::sgd`].

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use nn_lab_kernels::adamw::{SumOfSquares, UNBOUNDED, no_moments};
use nn_lab_kernels::sgd::no_velocity;
use nn_lab_kernels::{adamw, sgd};

/// A rule with what it remembers of earlier steps.
#[derive(Clone, Debug)]
pub struct Rule {
    kind: Kind,
    /// Steps done.
    pub steps: u32,
    /// What is remembered of each parameter, in the module's order: of Adam `m` and then `v`, `[2 n]` for `n` numbers, else the
    /// velocity, `[n]`. Empty before the first step.
    pub memory: Vec<Tensor<1>>,
    /// A zero on the device, to which squares are added: made once, since what is made at each step is uploaded at each.
    zero: Option<Tensor<1>>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    AdamW { beta1: f32, beta2: f32, weight_decay: f32 },
    Sgd { momentum: f32 },
}

/// The paper's.
const EPSILON: f32 = 1e-8;

impl Rule {
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019); without decay it is Adam. Only matrices decay, as in
    /// GPT-2: a bias or the gain of a norm has no reason to be near 0.
    ///
    /// ```text
    /// m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
    /// w <- (1 - lr decay) w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
    /// ```
    pub fn adamw(beta1: f32, beta2: f32, weight_decay: f32) -> Self {
        Self::of(Kind::AdamW { beta1, beta2, weight_decay })
    }

    /// Gradient descent with momentum, which is 0 without: `v <- momentum v + g`, `w <- w - lr v`.
    pub fn sgd(momentum: f32) -> Self {
        Self::of(Kind::Sgd { momentum })
    }

    fn of(kind: Kind) -> Self {
        Self { kind, steps: 0, memory: Vec::new(), zero: None }
    }

    /// The numbers that are remembered of a parameter of `n`.
    pub fn memory_of(&self, n: usize) -> usize {
        match self.kind {
            Kind::AdamW { .. } => 2 * n,
            Kind::Sgd { .. } => n,
        }
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
        let zero =
            self.zero.take().or_else(|| Some(Tensor::zeros([1], &net.devices().first()?.clone().inner())));
        let Some(zero) = zero else { return net };
        let mut squares = Squares { grads: &grads, sum: SumOfSquares::new(zero.clone()) };
        if max_norm.is_some() {
            net.visit(&mut squares);
        }
        let squares = squares.sum.sum();
        self.zero = Some(zero);
        let max_norm = max_norm.map_or(UNBOUNDED, |norm| norm as f32);
        net.map(&mut Stepper {
            rule: self,
            learning_rate: learning_rate as f32,
            max_norm,
            grads,
            squares,
            index: 0,
        })
    }

    /// One parameter's step.
    fn step_one<const D: usize>(
        &mut self,
        index: usize,
        (learning_rate, max_norm): (f32, f32),
        weight: Tensor<D>,
        gradient: Tensor<D>,
        squares: Tensor<1>,
    ) -> Tensor<D> {
        let n = weight.shape().num_elements();
        let (kind, t) = (self.kind, self.steps);
        if index == self.memory.len() {
            let device = weight.device();
            self.memory.push(match kind {
                Kind::AdamW { .. } => no_moments(n, &device),
                Kind::Sgd { .. } => no_velocity(n, &device),
            });
        }
        let memory = &mut self.memory[index];
        let (weight, after) = match kind {
            Kind::AdamW { beta1, beta2, weight_decay } => {
                let step = adamw::Step { learning_rate, beta1, beta2, epsilon: EPSILON, t, max_norm };
                let decay = if D > 1 { weight_decay } else { 0.0 };
                adamw::step(weight, gradient, memory.extract(), squares, step, decay)
            }
            Kind::Sgd { momentum } => {
                let step = sgd::Step { learning_rate, momentum, max_norm };
                sgd::step(weight, gradient, memory.extract(), squares, step)
            }
        };
        *memory = after;
        weight
    }
}

/// The squares of all gradients.
struct Squares<'a> {
    grads: &'a GradientsParams,
    sum: SumOfSquares,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(grad) = self.grads.get::<D>(param.id) {
            self.sum.add(grad);
        }
    }
}

struct Stepper<'a> {
    rule: &'a mut Rule,
    learning_rate: f32,
    max_norm: f32,
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
        let rates = (self.learning_rate, self.max_norm);
        let weight = self.rule.step_one(self.index, rates, tensor.inner(), grad, self.squares.clone());
        self.index += 1;
        let weight = Tensor::from_inner(weight);
        Param::from_mapped_value(id, if tracked { weight.require_grad() } else { weight }, mapper)
    }
}
