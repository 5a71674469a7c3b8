//! Optimizers whose state is accessible, so that a run can be saved and resumed elsewhere. burn's own
//! optimizers key their state by parameter ids, which change after a reload. The update of a parameter is a
//! single operation; see [`nn_lab_kernels::adamw`] and [`nn_lab_kernels::sgd`].

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use nn_lab_kernels::adamw::{SumOfSquares, UNBOUNDED, no_moments};
use nn_lab_kernels::sgd::no_velocity;
use nn_lab_kernels::{adamw, sgd};

/// An optimizer with its state.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// The method and its constants. They never change, because a captured step contains them; see
    /// [`graph_capture`](crate::run::graph_capture).
    kind: Kind,
    /// The number of steps done.
    pub steps: u32,
    /// The state of each parameter of `n` elements, in the module's order: for Adam `m` and then `v`, `[2
    /// n]`; otherwise the velocity, `[n]`. The list is empty before the first step.
    pub state: Vec<Tensor<1>>,
    /// A zero on the device, to which squares are added. It is kept, because creating it at each step would
    /// upload it at each step.
    zero: Option<Tensor<1>>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    AdamW { beta1: f32, beta2: f32, weight_decay: f32 },
    Sgd { momentum: f32 },
}

/// The default of Kingma and Ba (2015).
const EPSILON: f32 = 1e-8;

impl Optimizer {
    /// Creates AdamW (Loshchilov and Hutter 2019); without decay it is Adam. Only matrices decay, as in
    /// GPT-2: a bias or the gain of a normalization has no reason to be near 0.
    ///
    /// ```text
    /// m <- b1 m + (1 - b1) g        v <- b2 v + (1 - b2) g^2
    /// w <- (1 - lr decay) w - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)
    /// ```
    pub fn adamw(beta1: f32, beta2: f32, weight_decay: f32) -> Self {
        Self::of(Kind::AdamW { beta1, beta2, weight_decay })
    }

    /// Creates gradient descent with momentum: `v <- momentum v + g`, `w <- w - lr v`. Momentum 0 is plain
    /// SGD.
    pub fn sgd(momentum: f32) -> Self {
        Self::of(Kind::Sgd { momentum })
    }

    fn of(kind: Kind) -> Self {
        Self { kind, steps: 0, state: Vec::new(), zero: None }
    }

    /// Discards the state, as before the first step.
    pub fn reset(&mut self) {
        (self.steps, self.state) = (0, Vec::new());
    }

    /// The size of the state of a parameter with `n` elements.
    pub fn state_len(&self, n: usize) -> usize {
        match self.kind {
            Kind::AdamW { .. } => 2 * n,
            Kind::Sgd { .. } => n,
        }
    }

    /// Counts a step, and returns the coefficients that differ from step to step: 3 for AdamW, 1 for SGD.
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

    /// Does one step, with the norm of the whole gradient clipped to `max_norm`. Nothing is read: the norm
    /// stays on the device. Every parameter must have a gradient at every step or at none. On a GPU the
    /// parameters are updated in place, including those of clones of the network.
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

    /// Does one step with [`next_rates`](Self::next_rates) that are already on the device.
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

    /// The state of a parameter with `n` elements, by its index in the module's order.
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

/// Sums the squares of all gradients.
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
    /// Updates one parameter.
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
