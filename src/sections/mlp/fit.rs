//! Trains a network with one input, one hidden layer of ReLU units and one output on a function of one variable.
//!
//! The network is so small that plain loops are faster than a device, and every change of a setting trains it.

use super::Target;
use super::pieces::{FIT_POINTS, FIT_RATE, FIT_STEPS, ReluSum, ReluUnit};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// Adam's decay rates and its epsilon (Kingma and Ba 2015).
const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Returns the network with `n` units after [`FIT_STEPS`] steps of Adam on the mean squared error.
///
/// Like the section's networks, its weights are initialized from U(-k, k) with `k = gain sqrt(3 / d_in)`, and its
/// biases from U(-1/sqrt(d_in), 1/sqrt(d_in)). The inputs are scaled to -1 to 1.
pub(super) fn fit(target: Target, n: u32, seed: u32) -> ReluSum {
    let n = n as usize;
    let mut rng = ChaCha12Rng::seed_from_u64(u64::from(seed) ^ 0x71ece5);
    let mut uniform = |bound: f64, n: usize| -> Vec<f64> {
        (0..n).map(|_| bound * (2.0 * rng.random::<f64>() - 1.0)).collect()
    };
    let fan_in = n.max(1) as f64;
    let mut params = uniform(6.0f64.sqrt(), n);
    params.extend(uniform(1.0, n));
    params.extend(uniform((3.0 / fan_in).sqrt(), n));
    params.extend(uniform(1.0 / fan_in.sqrt(), 1));
    let points: Vec<(f64, f64)> = (0..FIT_POINTS)
        .map(|i| f64::from(i) / f64::from(FIT_POINTS - 1))
        .map(|x| (2.0 * x - 1.0, target.value(x)))
        .collect();
    let mut moments = vec![(0.0, 0.0); params.len()];
    let mut gradient = vec![0.0; params.len()];
    for step in 1..=FIT_STEPS as i32 {
        gradient_of_mse(&params, &points, &mut gradient);
        let (correction_1, correction_2) = (1.0 - BETA_1.powi(step), 1.0 - BETA_2.powi(step));
        for ((param, &g), (m, v)) in params.iter_mut().zip(&gradient).zip(&mut moments) {
            *m = BETA_1 * *m + (1.0 - BETA_1) * g;
            *v = BETA_2 * *v + (1.0 - BETA_2) * g * g;
            *param -= FIT_RATE * (*m / correction_1) / ((*v / correction_2).sqrt() + EPSILON);
        }
    }
    network(&params, n)
}

/// Splits parameters into the hidden layer's weights and biases, and the output's weights and bias.
fn split(params: &[f64], n: usize) -> (&[f64], &[f64], &[f64], f64) {
    let (weights, rest) = params.split_at(n.min(params.len()));
    let (biases, rest) = rest.split_at(n.min(rest.len()));
    let (outgoing, rest) = rest.split_at(n.min(rest.len()));
    (weights, biases, outgoing, rest.first().copied().unwrap_or(0.0))
}

/// Returns the network as a function of x from 0 to 1.
fn network(params: &[f64], n: usize) -> ReluSum {
    let (weights, biases, outgoing, offset) = split(params, n);
    let units = weights.iter().zip(biases).zip(outgoing).map(|((&weight, &bias), &outgoing)| ReluUnit {
        weight: 2.0 * weight,
        bias: bias - weight,
        outgoing,
    });
    ReluSum { units: units.collect(), offset }
}

/// Writes the gradient of the mean squared error over points (x, y).
fn gradient_of_mse(params: &[f64], points: &[(f64, f64)], gradient: &mut [f64]) {
    let n = params.len() / 3;
    let (weights, biases, outgoing, offset) = split(params, n);
    gradient.fill(0.0);
    let (of_weights, rest) = gradient.split_at_mut(n);
    let (of_biases, rest) = rest.split_at_mut(n);
    let (of_outgoing, of_offset) = rest.split_at_mut(n);
    for &(x, y) in points {
        let units = || weights.iter().zip(biases).zip(outgoing);
        let output: f64 = units().map(|((w, b), v)| v * (w * x + b).max(0.0)).sum();
        let delta = 2.0 * (output + offset - y) / points.len() as f64;
        let gradients = of_weights.iter_mut().zip(of_biases.iter_mut()).zip(of_outgoing.iter_mut());
        for (((w, b), v), ((dw, db), dv)) in units().zip(gradients) {
            let h = w * x + b;
            if h > 0.0 {
                *dw += delta * v * x;
                *db += delta * v;
                *dv += delta * h;
            }
        }
        of_offset.iter_mut().for_each(|d| *d += delta);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::mlp::{Activation, Mlp as Net};
    use crate::models::weights::WeightRng;
    use burn::tensor::{Device, Tensor, TensorData};

    #[test]
    fn the_gradient_is_that_of_autodiff() {
        const N: usize = 5;
        let device = Device::flex().autodiff();
        let net = Net::new(1, &[N], 1, Activation::Relu, true, &mut WeightRng::new(3), &device);
        let numbers = |data: TensorData| data.try_to_vec::<f32>().expect("floats").into_iter().map(f64::from);
        let mut params = Vec::new();
        for layer in &net.layers {
            params.extend(numbers(layer.weight.val().into_data()));
            params.extend(layer.bias.iter().flat_map(|bias| numbers(bias.val().into_data())));
        }
        let points: Vec<(f64, f64)> = (0..9).map(|i| (f64::from(i) / 4.0 - 1.0, f64::from(i % 3))).collect();
        let column = |of: fn(&(f64, f64)) -> f64| {
            let values: Vec<f32> = points.iter().map(|point| of(point) as f32).collect();
            Tensor::<2>::from_data(TensorData::new(values, [points.len(), 1]), &device)
        };
        let error = net.forward(column(|point| point.0)) - column(|point| point.1);
        let grads = error.powi_scalar(2).mean().backward();
        let mut expected = Vec::new();
        for layer in &net.layers {
            expected.extend(numbers(layer.weight.val().grad(&grads).expect("a gradient").into_data()));
            let bias = layer.bias.as_ref().expect("a bias").val();
            expected.extend(numbers(bias.grad(&grads).expect("a gradient").into_data()));
        }
        let mut gradient = vec![0.0; params.len()];
        gradient_of_mse(&params, &points, &mut gradient);
        assert_eq!((gradient.len(), expected.len()), (3 * N + 1, 3 * N + 1));
        for (ours, burns) in gradient.iter().zip(&expected) {
            assert!((ours - burns).abs() < 1e-5, "{ours} and {burns}");
        }
        assert!(expected.iter().filter(|value| **value != 0.0).count() > N, "{expected:?}");
    }

    #[test]
    fn training_finds_a_fit_that_depends_on_the_seed() {
        let error = |seed| fit(Target::Wave, 16, seed).max_error(Target::Wave);
        let errors: Vec<f64> = (0..5).map(error).collect();
        assert!(errors.iter().all(|error| *error < 0.5), "{errors:?}");
        assert_eq!(fit(Target::Wave, 16, 1), fit(Target::Wave, 16, 1));
        assert_ne!(errors[0], errors[1]);
    }
}
