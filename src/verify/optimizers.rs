//! Compares three steps of every optimizer on a small problem with the same equations in 64 bits.
//!
//! The loss is `1/2 sum_i c_i (w_i - t_i)^2` over a matrix and a vector, so the gradient is `c (w - t)`.

use crate::run::optimizer::Optimizer;
use crate::run::optimizer_kind::OptimizerKind;
use crate::verify::FORMULA;
use crate::verify::case::{Case, Compared, Pairs, Tolerance};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

static TOLERANCE: Tolerance = Tolerance {
    cpu: 5e-6,
    gpu: 5e-5,
    why: "32-bit rounding of three steps. WebGPU allows divisions and roots errors of a few of the last bits.",
};

/// Two parameters, of which only the matrix has weight decay.
#[derive(Module, Debug)]
pub(super) struct Two {
    pub(super) matrix: Param<Tensor<2>>,
    pub(super) vector: Param<Tensor<1>>,
}

const SHAPE: [usize; 2] = [3, 4];
const N_MATRIX: usize = SHAPE[0] * SHAPE[1];
const N: usize = N_MATRIX + 5;
const STEPS: i32 = 3;
/// The first gradient is several times longer, so it is clipped.
const MAX_NORM: f64 = 1.0;

/// The equations of an optimizer.
#[derive(Clone, Copy)]
enum Formula {
    /// `v <- momentum v + g`, `w <- w - lr v`
    Sgd { momentum: f64 },
    /// See [`Optimizer::adamw`].
    Adam { beta2: f64, decay: f64 },
}

/// An optimizer's name, its constructor, its equations and its learning rate.
type Setup = (&'static str, fn() -> Optimizer, Formula, f64);

pub(super) fn cases() -> Vec<Case> {
    let adam = Formula::Adam { beta2: 0.999, decay: 0.0 };
    let decaying = Formula::Adam { beta2: 0.99, decay: 0.1 };
    let optimizers: [Setup; 4] = [
        ("SGD", || OptimizerKind::Sgd.init(), Formula::Sgd { momentum: 0.0 }, 0.1),
        ("SGD with momentum", || OptimizerKind::Momentum.init(), Formula::Sgd { momentum: 0.9 }, 0.1),
        ("Adam", || OptimizerKind::Adam.init(), adam, 0.01),
        ("AdamW", || Optimizer::adamw(0.9, 0.99, 0.1), decaying, 0.01),
    ];
    let bounds = [(None, "three steps"), (Some(MAX_NORM), "three steps, gradient clipped to a norm of 1")];
    optimizers
        .into_iter()
        .flat_map(|optimizer| bounds.map(|bound| (optimizer, bound)))
        .map(|((name, init, formula, learning_rate), (max_norm, words))| {
            let what = format!("{name}: {words}");
            Case::new("Optimizers", what, FORMULA, &TOLERANCE, move |device| {
                compare(init(), formula, learning_rate, max_norm, device)
            })
        })
        .collect()
}

/// Returns initial weights, targets and curvatures, all different.
fn start() -> [Vec<f64>; 3] {
    let numbers =
        |scale: f64, shift: f64| (0..N).map(|i| ((i as f64 * scale).sin() + shift) as f32 as f64).collect();
    [numbers(1.7, 0.2), numbers(2.3, -0.4), numbers(0.9, 2.0)]
}

fn compare(
    mut optimizer: Optimizer,
    formula: Formula,
    learning_rate: f64,
    max_norm: Option<f64>,
    device: &Device,
) -> Compared {
    let [weights, targets, curvatures] = start();
    let tensors = |numbers: &[f64], device: &Device| {
        let floats = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect::<Vec<f32>>();
        let (matrix, vector) = numbers.split_at(N_MATRIX);
        (
            Tensor::<2>::from_data(TensorData::new(floats(matrix), SHAPE), device),
            Tensor::<1>::from_data(TensorData::new(floats(vector), [N - N_MATRIX]), device),
        )
    };
    let (matrix, vector) = tensors(&weights, &device.clone().autodiff());
    let mut net = Two { matrix: Param::from_tensor(matrix), vector: Param::from_tensor(vector) };
    let (targets_of, curvatures_of) = (tensors(&targets, device), tensors(&curvatures, device));
    for _ in 0..STEPS {
        let mut grads = GradientsParams::new();
        let matrix = (net.matrix.val().inner() - targets_of.0.clone()) * curvatures_of.0.clone();
        let vector = (net.vector.val().inner() - targets_of.1.clone()) * curvatures_of.1.clone();
        grads.register::<2>(net.matrix.id, matrix);
        grads.register::<1>(net.vector.id, vector);
        net = optimizer.step(learning_rate, max_norm, net, grads);
    }
    let theirs = formula.steps(weights, &targets, &curvatures, learning_rate, max_norm);
    let (matrix, vector) = theirs.split_at(N_MATRIX);
    let mut pairs = Pairs::default();
    pairs.numbers("matrix", net.matrix.val(), matrix.to_vec())?;
    pairs.numbers("vector", net.vector.val(), vector.to_vec())?;
    Ok(pairs)
}

impl Formula {
    /// Returns the weights after all steps.
    fn steps(
        self,
        mut weights: Vec<f64>,
        targets: &[f64],
        curvatures: &[f64],
        learning_rate: f64,
        max_norm: Option<f64>,
    ) -> Vec<f64> {
        let (mut m, mut v) = (vec![0.0; N], vec![0.0; N]);
        for t in 1..=STEPS {
            let terms = weights.iter().zip(targets).zip(curvatures);
            let mut grads: Vec<f64> = terms.map(|((w, target), c)| c * (w - target)).collect();
            let norm = grads.iter().map(|g| g * g).sum::<f64>().sqrt();
            let scale = max_norm.map_or(1.0, |max| (max / norm).min(1.0));
            grads.iter_mut().for_each(|g| *g *= scale);
            for (i, g) in grads.into_iter().enumerate() {
                match self {
                    Self::Sgd { momentum } => {
                        v[i] = momentum * v[i] + g;
                        weights[i] -= learning_rate * v[i];
                    }
                    Self::Adam { beta2, decay } => {
                        let decay = if i < N_MATRIX { decay } else { 0.0 };
                        m[i] = 0.9 * m[i] + 0.1 * g;
                        v[i] = beta2 * v[i] + (1.0 - beta2) * g * g;
                        let m_hat = m[i] / (1.0 - 0.9f64.powi(t));
                        let v_hat = v[i] / (1.0 - beta2.powi(t));
                        weights[i] *= 1.0 - learning_rate * decay;
                        weights[i] -= learning_rate * m_hat / (v_hat.sqrt() + 1e-8);
                    }
                }
            }
        }
        weights
    }
}
