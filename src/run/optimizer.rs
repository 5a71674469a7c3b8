//! The rules that turn gradients into steps, with their memory in sight, so that a run can be saved and go on elsewhere: burn's
//! own optimizers keep it in a record by the parameters' ids, which are other ones after a reload. Each parameter is one
//! operation, see [`nn_lab_kernels::adamw`] and [`nn_lab_kernels::sgd`].

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::adamw::{SumOfSquares, UNBOUNDED, no_moments};
use nn_lab_kernels::sgd::no_velocity;
use nn_lab_kernels::{adamw, sgd};

/// A rule with what it remembers of earlier steps.
#[derive(Clone, Debug)]
pub struct Optimizer {
    kind: Kind,
    /// Steps done.
    pub steps: u32,
    /// What is remembered of each parameter, in the module's order: of Adam `m` and then `v`, `[2 n]` for `n` numbers, else the
    /// velocity, `[n]`. Empty before the first step.
    pub state: Vec<Tensor<1>>,
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

impl Optimizer {
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
        Self { kind, steps: 0, state: Vec::new(), zero: None }
    }

    /// The numbers that are remembered of a parameter of `n`.
    pub fn state_len(&self, n: usize) -> usize {
        match self.kind {
            Kind::AdamW { .. } => 2 * n,
            Kind::Sgd { .. } => n,
        }
    }

    /// What differs from step to step, for [`step`](Self::step): the next one's, `[3]` or `[1]`.
    pub fn next_rates(&mut self, learning_rate: f64) -> Vec<f32> {
        self.steps += 1;
        let learning_rate = learning_rate as f32;
        match self.kind {
            Kind::AdamW { beta1, beta2, .. } => {
                adamw::rates(learning_rate, beta1, beta2, self.steps).to_vec()
            }
            Kind::Sgd { .. } => vec![learning_rate],
        }
    }

    /// One step along gradients whose norm, that of all of them laid end to end, is bounded by `max_norm`. Nothing is read:
    /// the norm stays on the device. Every parameter must have a gradient at every step, or none ever. On a GPU the parameters
    /// are changed where they lie, and with them those of a clone of the net.
    pub fn step<M: Module>(
        &mut self,
        learning_rate: f64,
        max_norm: Option<f64>,
        net: M,
        grads: GradientsParams,
    ) -> M {
        let rates = self.next_rates(learning_rate);
        let Some(device) = net.devices().first().map(|device| device.clone().inner()) else { return net };
        self.step_at(Tensor::from_data(rates.as_slice(), &device), max_norm, net, grads)
    }

    /// The same with [`next_rates`](Self::next_rates) that are on the device already.
    pub fn step_at<M: Module>(
        &mut self,
        rates: Tensor<1>,
        max_norm: Option<f64>,
        net: M,
        grads: GradientsParams,
    ) -> M {
        let zero = self.zero.take().unwrap_or_else(|| Tensor::zeros([1], &rates.device()));
        let mut squares = Squares { grads: &grads, sum: SumOfSquares::new(zero.clone()) };
        if max_norm.is_some() {
            net.visit(&mut squares);
        }
        let squares = squares.sum.sum();
        self.zero = Some(zero);
        let max_norm = max_norm.map_or(UNBOUNDED, |norm| norm as f32);
        net.map(&mut Stepper { optimizer: self, rates, max_norm, grads, squares, index: 0 })
    }

    /// The memory of the parameter at a place in the module's order, of `n` numbers.
    fn state_at(&mut self, index: usize, n: usize, device: &Device) -> &mut Tensor<1> {
        if index == self.state.len() {
            self.state.push(match self.kind {
                Kind::AdamW { .. } => no_moments(n, device),
                Kind::Sgd { .. } => no_velocity(n, device),
            });
        }
        &mut self.state[index]
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
    optimizer: &'a mut Optimizer,
    rates: Tensor<1>,
    max_norm: f32,
    grads: GradientsParams,
    squares: Tensor<1>,
    index: usize,
}

impl Stepper<'_> {
    /// One parameter's step.
    fn step<const D: usize>(&mut self, weight: Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
        let (squares, rates, max_norm) = (self.squares.clone(), self.rates.clone(), self.max_norm);
        let kind = self.optimizer.kind;
        let state = self.optimizer.state_at(self.index, weight.shape().num_elements(), &weight.device());
        self.index += 1;
        let (weight, after) = match kind {
            Kind::AdamW { beta1, beta2, weight_decay } => {
                let step = adamw::Step { beta1, beta2, epsilon: EPSILON, max_norm };
                let decay = if D > 1 { weight_decay } else { 0.0 };
                adamw::step(weight, gradient, state.extract(), squares, rates, step, decay)
            }
            Kind::Sgd { momentum } => {
                let step = sgd::Step { momentum, max_norm };
                sgd::step(weight, gradient, state.extract(), squares, rates, step)
            }
        };
        *state = after;
        weight
    }
}

impl ModuleMapper for Stepper<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(grad) = self.grads.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let tracked = tensor.is_require_grad();
        let weight = Tensor::from_inner(self.step(tensor.inner(), grad));
        Param::from_mapped_value(id, if tracked { weight.require_grad() } else { weight }, mapper)
    }
}
