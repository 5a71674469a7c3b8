//! Compares basic functions and sums with the same formulas in 64 bits.

use crate::models::transformer::sinusoidal_table;
use crate::models::weights::WeightRng;
use crate::run::optimizer::Optimizer;
use crate::run::training::{accuracy, cross_entropy, one_hot};
use crate::verify::FORMULA;
use crate::verify::case::{Case, Compared, Pairs, Tolerance};
use crate::verify::optimizers::Two;
use burn::module::Param;
use burn::nn::LayerNormConfig;
use burn::optim::GradientsParams;
use burn::tensor::activation::{log_softmax, relu, sigmoid, softmax};
use burn::tensor::{Device, Int, Tensor, TensorData};

const GROUP: &str = "Formulas";

/// For elementwise functions.
static FUNCTION: Tolerance = Tolerance {
    cpu: 2e-6,
    gpu: 5e-5,
    why: "32-bit rounding on the CPU; the precision that WebGPU requires of exp, tanh, sqrt and division on a GPU.",
};

/// For large sums.
static SUM: Tolerance = Tolerance {
    cpu: 5e-6,
    gpu: 5e-5,
    why: "32-bit rounding of sums of up to 10,000 numbers, in whatever order the device adds them.",
};

type Compute = fn(&Device) -> Compared;

pub(super) fn cases() -> Vec<Case> {
    let cases: [(&str, &'static Tolerance, Compute); 12] = [
        ("exp, ln, sqrt, division", &FUNCTION, elementary),
        ("tanh, sigmoid, ReLU", &FUNCTION, activations),
        ("softmax and log-softmax", &FUNCTION, softmaxes),
        ("cross-entropy of equal logits: ln 10", &FUNCTION, equal_logits),
        ("cross-entropy and its gradient", &FUNCTION, entropy),
        ("layer norm", &FUNCTION, layer_norm),
        ("sinusoidal positions", &FUNCTION, positions),
        ("clipping of a gradient's norm", &FUNCTION, clipping),
        ("accuracy of 1,000 rows", &FUNCTION, accuracies),
        ("matrix product, 67 x 130 x 45", &SUM, product),
        ("sums over rows, columns and 10,000 numbers", &SUM, sums),
        ("transposed and sliced products", &SUM, views),
    ];
    cases
        .into_iter()
        .map(|(what, tolerance, compute)| Case::new(GROUP, what, FORMULA, tolerance, compute))
        .collect()
}

/// Returns random numbers in 32 bits and in 64 bits.
fn draw(seed: u64, low: f32, high: f32, n: usize) -> (Vec<f32>, Vec<f64>) {
    let numbers = WeightRng::new(seed).between(low, high, n);
    let exact = numbers.iter().map(|&number| f64::from(number)).collect();
    (numbers, exact)
}

fn matrix(numbers: &[f32], shape: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), shape), device)
}

fn map(numbers: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    numbers.iter().map(|&number| f(number)).collect()
}

fn elementary(device: &Device) -> Compared {
    let (numbers, exact) = draw(1, 0.1, 4.0, 500);
    let x = Tensor::<1>::from_floats(numbers.as_slice(), device);
    let mut pairs = Pairs::default();
    pairs.numbers("exp", x.clone().neg().exp(), map(&exact, |x| (-x).exp()))?;
    pairs.numbers("ln", x.clone().log(), map(&exact, f64::ln))?;
    pairs.numbers("sqrt", x.clone().sqrt(), map(&exact, f64::sqrt))?;
    pairs.numbers("division", x.recip(), map(&exact, f64::recip))?;
    Ok(pairs)
}

fn activations(device: &Device) -> Compared {
    let (numbers, exact) = draw(2, -12.0, 12.0, 500);
    let x = Tensor::<1>::from_floats(numbers.as_slice(), device);
    let mut pairs = Pairs::default();
    pairs.numbers("tanh", x.clone().tanh(), map(&exact, f64::tanh))?;
    pairs.numbers("sigmoid", sigmoid(x.clone()), map(&exact, |x| 1.0 / (1.0 + (-x).exp())))?;
    pairs.numbers("ReLU", relu(x), map(&exact, |x| x.max(0.0)))?;
    Ok(pairs)
}

/// Returns the softmax of each row.
fn softmax_of(rows: &[f64], width: usize) -> Vec<f64> {
    let row_values = |row: &[f64]| {
        let sum: f64 = row.iter().map(|x| x.exp()).sum();
        row.iter().map(move |x| x.exp() / sum).collect::<Vec<f64>>()
    };
    rows.chunks(width).flat_map(row_values).collect()
}

fn softmaxes(device: &Device) -> Compared {
    let (numbers, exact) = draw(3, -6.0, 6.0, 40 * 65);
    let x = matrix(&numbers, [40, 65], device);
    let expected = softmax_of(&exact, 65);
    let mut pairs = Pairs::default();
    pairs.numbers("log-softmax", log_softmax(x.clone(), 1), map(&expected, f64::ln))?;
    pairs.numbers("softmax", softmax(x, 1), expected)?;
    Ok(pairs)
}

fn equal_logits(device: &Device) -> Compared {
    let targets = one_hot(0..10, 10, device);
    let mut pairs = Pairs::default();
    pairs.numbers("loss", cross_entropy(targets.ones_like(), targets), vec![10f64.ln()])?;
    Ok(pairs)
}

/// Checks that the gradient is `(softmax(x) - target) / rows`.
fn entropy(device: &Device) -> Compared {
    const ROWS: usize = 12;
    let (numbers, exact) = draw(4, -3.0, 3.0, ROWS * 10);
    let device = &device.clone().autodiff();
    let logits = matrix(&numbers, [ROWS, 10], device).require_grad();
    let labels = || (0..ROWS).map(|row| (row * 7 % 10) as u8);
    let loss = cross_entropy(logits.clone(), one_hot(labels(), 10, device));
    let grads = loss.backward();
    let mut expected = softmax_of(&exact, 10);
    let target_positions = labels().enumerate().map(|(row, label)| row * 10 + usize::from(label));
    let mut sum = 0.0;
    for at in target_positions {
        sum -= expected[at].ln();
        expected[at] -= 1.0;
    }
    let mut pairs = Pairs::default();
    pairs.numbers("loss", loss, vec![sum / ROWS as f64])?;
    let gradient = logits.grad(&grads).ok_or("The logits have no gradient.")?;
    pairs.numbers("gradient", gradient.mul_scalar(ROWS as f32), expected)?;
    Ok(pairs)
}

fn layer_norm(device: &Device) -> Compared {
    const WIDTH: usize = 48;
    let (numbers, exact) = draw(5, -2.0, 5.0, 9 * WIDTH);
    let norm = LayerNormConfig::new(WIDTH).init(device);
    let epsilon = 1e-5;
    let row_values = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / WIDTH as f64;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / WIDTH as f64;
        row.iter().map(|x| (x - mean) / (variance + epsilon).sqrt()).collect::<Vec<f64>>()
    };
    let expected = exact.chunks(WIDTH).flat_map(row_values).collect();
    let mut pairs = Pairs::default();
    pairs.numbers("output", norm.forward(matrix(&numbers, [9, WIDTH], device)), expected)?;
    Ok(pairs)
}

/// Vaswani et al. 2017, section 3.5.
fn positions(device: &Device) -> Compared {
    let (context, d_model) = (40, 16);
    let number = |i: usize| {
        let (position, column) = ((i / d_model) as f64, i % d_model);
        let angle = position / 10_000f64.powf((column / 2 * 2) as f64 / d_model as f64);
        if column % 2 == 0 { angle.sin() } else { angle.cos() }
    };
    let mut pairs = Pairs::default();
    let expected = (0..context * d_model).map(number).collect();
    pairs.numbers("table", sinusoidal_table(context, d_model, device), expected)?;
    Ok(pairs)
}

fn clipping(device: &Device) -> Compared {
    let (numbers, exact) = draw(6, -1.0, 1.0, 300);
    let zeros = Tensor::<2>::zeros([20, 14], &device.clone().autodiff());
    let vector = Tensor::<1>::zeros([20], &device.clone().autodiff());
    let net = Two { matrix: Param::from_tensor(zeros), vector: Param::from_tensor(vector) };
    let mut grads = GradientsParams::new();
    grads.register::<2>(net.matrix.id, matrix(&numbers[..280], [20, 14], device));
    grads.register::<1>(net.vector.id, Tensor::<1>::from_floats(&numbers[280..], device));
    // A step of gradient descent from zero is the negative clipped gradient.
    let after = Optimizer::sgd(0.0).step(1.0, Some(0.5), net, grads);
    let norm = exact.iter().map(|g| g * g).sum::<f64>().sqrt();
    let expected = map(&exact, |g| -g * 0.5 / norm);
    let mut pairs = Pairs::default();
    pairs.numbers("matrix", after.matrix.val().inner(), expected[..280].to_vec())?;
    pairs.numbers("vector", after.vector.val().inner(), expected[280..].to_vec())?;
    Ok(pairs)
}

fn accuracies(device: &Device) -> Compared {
    const ROWS: usize = 1000;
    const CLASSES: usize = 10;
    let (numbers, _) = draw(7, -1.0, 1.0, ROWS * CLASSES);
    let argmax =
        |row: &[f32]| row.iter().enumerate().fold(0, |best, (i, x)| if *x > row[best] { i } else { best });
    let targets: Vec<i32> = (0..ROWS).map(|row| (row % CLASSES) as i32).collect();
    let right = numbers.chunks(CLASSES).zip(&targets).filter(|(row, target)| argmax(row) as i32 == **target);
    let expected = right.count() as f64 / ROWS as f64;
    let targets = Tensor::<1, Int>::from_ints(targets.as_slice(), device);
    let mut pairs = Pairs::default();
    pairs.numbers(
        "accuracy",
        accuracy(matrix(&numbers, [ROWS, CLASSES], device), targets),
        vec![expected],
    )?;
    Ok(pairs)
}

/// Returns the product of `[n, k]` and `[k, m]` in row-major order.
fn multiply(a: &[f64], b: &[f64], k: usize, m: usize) -> Vec<f64> {
    let cell = |row: &[f64], column: usize| {
        row.iter().zip(b.iter().skip(column).step_by(m)).map(|(a, b)| a * b).sum()
    };
    a.chunks(k).flat_map(|row| (0..m).map(move |column| cell(row, column))).collect()
}

fn product(device: &Device) -> Compared {
    let (n, k, m) = (67, 130, 45);
    let ((a, exact_a), (b, exact_b)) = (draw(8, -1.0, 1.0, n * k), draw(9, -1.0, 1.0, k * m));
    let ours = matrix(&a, [n, k], device).matmul(matrix(&b, [k, m], device));
    let mut pairs = Pairs::default();
    pairs.numbers("product", ours, multiply(&exact_a, &exact_b, k, m))?;
    Ok(pairs)
}

fn sums(device: &Device) -> Compared {
    let (n, m) = (80, 125);
    let (numbers, exact) = draw(10, -0.5, 1.5, n * m);
    let x = matrix(&numbers, [n, m], device);
    let column = |column: usize| exact.iter().skip(column).step_by(m).sum();
    let mut pairs = Pairs::default();
    pairs.numbers("rows", x.clone().sum_dim(1), exact.chunks(m).map(|row| row.iter().sum()).collect())?;
    pairs.numbers("columns", x.clone().sum_dim(0), (0..m).map(column).collect())?;
    pairs.numbers("all", x.sum(), vec![exact.iter().sum()])?;
    Ok(pairs)
}

/// Products of tensors that are not contiguous.
fn views(device: &Device) -> Compared {
    let (n, k, m) = (24, 30, 17);
    let ((a, exact_a), (b, exact_b)) = (draw(11, -1.0, 1.0, k * n), draw(12, -1.0, 1.0, k * m));
    let (a, b) = (matrix(&a, [k, n], device), matrix(&b, [k, m], device));
    let transposed: Vec<f64> = (0..n * k).map(|i| exact_a[i % k * n + i / k]).collect();
    let expected = multiply(&transposed, &exact_b, k, m);
    let ours = a.transpose().matmul(b);
    let mut pairs = Pairs::default();
    pairs.numbers("a slice", ours.clone().slice([5..11, 0..m]), expected[5 * m..11 * m].to_vec())?;
    pairs.numbers("transposed product", ours, expected)?;
    Ok(pairs)
}
