//! Compares the lab's own operations with burn's, including their gradients, for random shapes and edge
//! cases. Fixed shapes are verified on any device (see `src/verify/kernels.rs`).
#![cfg(feature = "compute")]

use crate::collector::values;
use burn::module::Param;
use burn::nn::pool::MaxPool2dConfig;
use burn::tensor::activation::{relu, softmax};
use burn::tensor::{Device, Distribution, Tensor};
use nn_lab_kernels::conv::Geometry;
use nn_lab_kernels::linear::{linear, linear_gelu};
use nn_lab_kernels::{adamw, attention, pool, vector};
use proptest::prelude::*;

#[track_caller]
fn close<const D: usize>(what: &str, ours: Tensor<D>, theirs: Tensor<D>, tolerance: f32) {
    assert_eq!(ours.dims(), theirs.dims(), "{what}");
    // A sum close to zero has lost the digits of its terms.
    let size = values(theirs.clone().abs().max())[0].max(0.1);
    let off = values((ours - theirs).abs().max())[0] / size;
    assert!(off < tolerance, "{what}: {off:e}");
}

fn normal<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex().autodiff())
}

/// Compares the output and the gradients of all inputs of two functions.
#[track_caller]
fn agree<const N: usize, const D: usize>(
    what: &str,
    inputs: [Tensor<D>; N],
    ours: impl Fn([Tensor<D>; N]) -> Tensor<D>,
    theirs: impl Fn([Tensor<D>; N]) -> Tensor<D>,
) {
    let run = |f: &dyn Fn([Tensor<D>; N]) -> Tensor<D>, upstream: &Tensor<D>| {
        let inputs = inputs.clone().map(|input| input.detach().require_grad());
        let output = f(inputs.clone());
        let grads = (output.clone() * upstream.clone()).sum().backward();
        (output.inner(), inputs.map(|input| input.grad(&grads).expect("a gradient")))
    };
    let shape = theirs(inputs.clone()).dims();
    let upstream = normal(shape);
    let (ours, theirs) = (run(&ours, &upstream), run(&theirs, &upstream));
    close(what, ours.0, theirs.0, 2e-6);
    for (i, (ours, theirs)) in ours.1.into_iter().zip(theirs.1).enumerate() {
        close(&format!("{what}, gradient {i}"), ours, theirs, 5e-6);
    }
}

#[test]
fn vector_functions_are_accurate_to_32_bits() {
    // An irregular stride over the range in which 32 bits distinguish the results.
    let points = || (-9000..9000).map(|i| i as f32 * 0.009_731);
    for x in points() {
        let far = |ours: f32, theirs: f64| ((f64::from(ours) - theirs) / theirs.abs().max(1e-30)).abs();
        let exact = f64::from(x);
        if x.abs() < 80.0 {
            assert!(far(vector::exp(x), exact.exp()) < 4e-7, "exp({x})");
            assert!(far(vector::sigmoid(x), 1.0 / (1.0 + (-exact).exp())) < 4e-7, "sigmoid({x})");
        }
        if x != 0.0 {
            assert!(far(vector::tanh(x), exact.tanh()) < 4e-7, "tanh({x})");
            assert!(vector::tanh(x).abs() <= 1.0, "tanh({x})");
        }
    }
    for small in [1e-30f32, 1e-6, 1e-3] {
        assert!((vector::tanh(small) / small - 1.0).abs() < 1e-6, "tanh({small})");
    }
    // Numbers never give infinity, and NaN stays NaN.
    for x in [f32::MAX, f32::MIN, f32::INFINITY, f32::NEG_INFINITY] {
        assert!(vector::exp(x).is_finite() && vector::tanh(x).abs() == 1.0, "{x}");
        assert!((0.0..=1.0).contains(&vector::sigmoid(x)), "{x}");
    }
    assert!(vector::exp(f32::NAN).is_nan() && vector::tanh(f32::NAN).is_nan());
    assert!(vector::normal(f32::NAN).0.is_nan());
    // From tables of the normal distribution.
    for (x, below) in [(0.0, 0.5), (1.0, 0.841_344_7), (-1.96, 0.024_997_9), (3.0, 0.998_650_1)] {
        assert!((vector::normal(x).0 - below).abs() < 3e-7, "{x}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn attention_agrees_with_burns_operations(batch in 1usize..3, heads in 1usize..4, n in 1usize..40, d in 1usize..20) {
        let inputs = [(); 3].map(|()| normal([batch, n, heads * d]));
        let scale = 0.7;
        agree(
            &format!("attention {batch} {heads} {n} {d}"),
            inputs,
            |[q, k, v]| attention::causal(q, k, v, heads, scale),
            |vectors| {
                let [q, k, v] = vectors.map(|x| x.reshape([batch, n, heads, d]).swap_dims(1, 2));
                let hidden = Tensor::<2>::ones([n, n], &q.device()).triu(1).unsqueeze::<4>();
                let scores = q.matmul(k.swap_dims(2, 3)).mul_scalar(scale) - hidden.mul_scalar(1e9);
                softmax(scores, 3).matmul(v).swap_dims(1, 2).reshape([batch, n, heads * d])
            },
        );
    }

    #[test]
    fn a_linear_layer_agrees_with_burns_operations(
        rows in 1usize..140,
        d_in in prop_oneof![1usize..24, 250usize..270],
        d_out in 1usize..40,
        is_transposed: [bool; 2],
    ) {
        let orient = |x: Tensor<2>, turn: bool| if turn { x.transpose() } else { x };
        let of = |rows, columns, turn: bool| normal(if turn { [columns, rows] } else { [rows, columns] });
        let [turn_x, turn_weight] = is_transposed;
        let inputs = [of(rows, d_in, turn_x), of(d_in, d_out, turn_weight), normal([1, d_out])];
        agree(
            &format!("linear {rows} {d_in} {d_out} {is_transposed:?}"),
            inputs.clone(),
            |[x, weight, bias]| linear(orient(x, turn_x), orient(weight, turn_weight), Some(bias.reshape([d_out]))),
            |[x, weight, bias]| orient(x, turn_x).matmul(orient(weight, turn_weight)) + bias,
        );
        agree(
            &format!("linear {rows} {d_in} {d_out} {is_transposed:?} and GELU"),
            inputs.clone(),
            |[x, weight, bias]| {
                let (x, weight) = (orient(x, turn_x).mul_scalar(0.2), orient(weight, turn_weight));
                linear_gelu(x, weight, Some(bias.reshape([d_out])))
            },
            |[x, weight, bias]| {
                let (x, weight) = (orient(x, turn_x).mul_scalar(0.2), orient(weight, turn_weight));
                nn_lab_kernels::gelu::gelu(x.matmul(weight) + bias)
            },
        );
        let [x, weight, _] = inputs;
        agree(
            &format!("linear {rows} {d_in} {d_out} {is_transposed:?} without a bias"),
            [x, weight],
            |[x, weight]| linear(orient(x, turn_x), orient(weight, turn_weight), None),
            |[x, weight]| orient(x, turn_x).matmul(orient(weight, turn_weight)),
        );
    }

    #[test]
    fn pooling_agrees_with_burn(batch in 1usize..3, channels in 1usize..4, h in 2usize..11, w in 2usize..11) {
        agree(
            &format!("pool {h} x {w}"),
            [normal([batch, channels, h, w])],
            |[x]| pool::relu_pool(x),
            |[x]| MaxPool2dConfig::new([2, 2]).init().forward(relu(x)),
        );
    }
}

#[test]
fn nan_propagates_through_pooling() {
    let x = Tensor::<4>::from_floats([[[[1.0, f32::NAN], [2.0, 3.0]]]], &Device::flex());
    assert!(values(pool::relu_pool(x))[0].is_nan());
}

/// Compares a convolution and the gradients of input, weight and bias with burn's.
#[track_caller]
fn convolution(batch: usize, channels: [usize; 2], side: [usize; 2], kernel: usize, depthwise: bool) {
    let geometry = Geometry { stride: 1, padding: kernel / 2, dilation: 1 };
    convolution_of(geometry, batch, channels, side, kernel, depthwise);
}

#[track_caller]
fn convolution_of(
    Geometry { stride, padding: p, dilation }: Geometry,
    batch: usize,
    [c_in, c_out]: [usize; 2],
    side: [usize; 2],
    kernel: usize,
    depthwise: bool,
) {
    use burn::nn::PaddingConfig2d;
    use burn::nn::conv::Conv2d;
    let device = Device::flex().autodiff();
    let groups = if depthwise { c_in } else { 1 };
    let conv = Conv2d {
        weight: Param::from_tensor(normal([c_out, c_in / groups, kernel, kernel])),
        bias: Some(Param::from_tensor(normal([c_out]))),
        stride: [stride; 2],
        kernel_size: [kernel; 2],
        dilation: [dilation; 2],
        groups,
        padding: PaddingConfig2d::Explicit(p, p, p, p),
    };
    let x = normal([batch, c_in, side[0], side[1]]).require_grad();
    let [ours, theirs] = [nn_lab::models::cnn::convolve(&conv, x.clone()), conv.forward(x.clone())];
    let upstream = Tensor::<4>::random(theirs.dims(), Distribution::Normal(0.0, 1.0), &device);
    let what = format!(
        "{batch} images, {c_in} to {c_out} channels, {side:?}, kernel {kernel}, stride {stride}, padding {p}, dilation {dilation}"
    );
    close(&what, ours.clone().inner(), theirs.clone().inner(), 3e-6);
    let [ours, theirs] = [ours, theirs].map(|y| (y * upstream.clone()).sum().backward());
    let of = |tensor: &Tensor<4>| [&ours, &theirs].map(|grads| tensor.grad(grads).expect("a gradient"));
    let [a, b] = of(&x);
    close(&format!("{what}: dx"), a, b, 1e-5);
    let [a, b] = of(&conv.weight.val());
    close(&format!("{what}: dw"), a, b, 1e-5);
    let bias = conv.bias.as_ref().expect("a bias").val();
    let [a, b] = [&ours, &theirs].map(|grads| bias.grad(grads).expect("a gradient"));
    // A bias sums over all positions, so a sum near zero has lost more digits.
    close(&format!("{what}: db"), a, b, 1e-4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn convolutions_agree_with_burn(
        batch in 1usize..4, c_in in 1usize..12, c_out in 1usize..12, h in 1usize..12, w in 1usize..12,
        kernel in prop::sample::select(vec![1usize, 3, 5]), depthwise: bool,
    ) {
        convolution(batch, [c_in, if depthwise { c_in } else { c_out }], [h, w], kernel, depthwise);
    }

    #[test]
    fn convolutions_of_any_geometry_agree_with_burn(
        batch in 1usize..4, channels in [1usize..12, 1usize..12], side in [7usize..14, 7usize..14],
        kernel in 1usize..4, stride in 1usize..4, padding in 0usize..3, dilation in 1usize..3,
    ) {
        convolution_of(Geometry { stride, padding, dilation }, batch, channels, side, kernel, false);
    }
}

#[test]
fn convolutions_over_many_positions_agree_with_burn() {
    for depthwise in [false, true] {
        convolution(3, [8, 8], [32, 32], 3, depthwise);
        convolution(5, [16, 16], [2, 2], 3, depthwise);
    }
}

#[test]
fn the_gradient_of_pooling_goes_to_the_first_maximum_if_it_is_positive() {
    let device = Device::flex().autodiff();
    let x =
        Tensor::<4>::from_floats([[[[2.0, 2.0, -1.0, -3.0], [2.0, 1.0, 0.0, -2.0]]]], &device).require_grad();
    let y = pool::relu_pool(x.clone());
    assert_eq!(values(y.clone().inner()), [2.0, 0.0]);
    let d_x = x.grad(&y.sum().backward()).expect("a gradient");
    assert_eq!(values(d_x), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn attention_accepts_transposed_inputs_and_does_not_change_them() {
    let [q, k, v] = [(); 3].map(|()| normal([9, 2, 24]).swap_dims(0, 1));
    let before = values(q.clone().inner());
    let contiguous = |x: &Tensor<3>| x.clone().mul_scalar(1.0);
    let ours = attention::causal(q.clone(), k.clone(), v.clone(), 3, 0.5);
    close(
        "transposed",
        ours.inner(),
        attention::causal(contiguous(&q), contiguous(&k), contiguous(&v), 3, 0.5).inner(),
        1e-6,
    );
    assert_eq!(values(q.inner()), before);
}

#[test]
fn one_step_of_adam_computed_by_hand() {
    let device = Device::flex();
    let step = adamw::Step { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, max_norm: 1.0 };
    let rates = Tensor::from_floats(adamw::rates(0.1, 0.9, 0.99, 1), &device);
    let weight = Tensor::<1>::from_floats([1.0, -2.0], &device);
    let gradient = Tensor::<1>::from_floats([3.0, 4.0], &device);
    let zero = Tensor::<1>::zeros([1], &device);
    let mut squares = adamw::SumOfSquares::new(zero.clone());
    squares.add(gradient.clone());
    let squares = squares.sum();
    assert_eq!((values(squares.clone()), values(zero)), (vec![25.0], vec![0.0]));
    let others = (weight.clone(), gradient.clone());
    let (after, moments) =
        adamw::step(weight, gradient, adamw::no_moments(2, &device), squares, rates, step, 0.5);
    // The gradient is clipped to (0.6, 0.8). The first step of Adam has the size of the learning rate in each
    // dimension.
    close("m and v", moments, Tensor::from_floats([0.06, 0.08, 0.0036, 0.0064], &device), 1e-5);
    close("weights", after, Tensor::from_floats([0.95 - 0.1, -1.9 - 0.1], &device), 1e-5);
    // Tensors with other owners are unchanged.
    assert_eq!((values(others.0), values(others.1)), (vec![1.0, -2.0], vec![3.0, 4.0]));
}

#[test]
fn a_clipped_step_is_a_step_along_the_clipped_gradient() {
    use burn::module::Module;
    use burn::optim::GradientsParams;
    use nn_lab::run::optimizer::Optimizer;

    #[derive(Module, Debug)]
    struct Two {
        matrix: Param<Tensor<2>>,
        vector: Param<Tensor<1>>,
    }
    let network = Two { matrix: Param::from_tensor(normal([5, 7])), vector: Param::from_tensor(normal([3])) };
    let grads = || {
        let mut grads = GradientsParams::new();
        grads.register::<2>(network.matrix.id, Tensor::ones([5, 7], &Device::flex()).mul_scalar(2.0));
        grads.register::<1>(network.vector.id, Tensor::ones([3], &Device::flex()).mul_scalar(-3.0));
        grads
    };
    let norm = (35.0f32 * 4.0 + 3.0 * 9.0).sqrt();
    let clipped = || {
        let (mut from, mut to) = (grads(), GradientsParams::new());
        let scale = 0.5 / norm;
        to.register::<2>(network.matrix.id, from.remove::<2>(network.matrix.id).expect("a gradient") * scale);
        to.register::<1>(network.vector.id, from.remove::<1>(network.vector.id).expect("a gradient") * scale);
        to
    };
    for optimizer in [Optimizer::adamw(0.9, 0.99, 0.1), Optimizer::sgd(0.9), Optimizer::sgd(0.0)] {
        let ours = optimizer.clone().step(0.01, Some(0.5), network.clone(), grads());
        let theirs = optimizer.clone().step(0.01, None, network.clone(), clipped());
        close("matrix", ours.matrix.val().inner(), theirs.matrix.val().inner(), 1e-6);
        close("vector", ours.vector.val().inner(), theirs.vector.val().inner(), 1e-6);
    }
}
