//! Numbers and claims in the texts of section 4, and its checks: each is given measurements that confirm it,
//! and measurements that contradict it.
#![cfg(feature = "compute")]

use crate::collector::{claim_about, confirmed_and_refuted, probe, values};
use burn::module::Module;
use burn::nn::{LstmConfig, RnnConfig};
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::curve::Curve;
use nn_lab::core::settings::Settings;
use nn_lab::core::{Check, Verdict};
use nn_lab::models::lstm::{ForgetBias as InitialBias, Lstm};
use nn_lab::models::rnn::VanillaRnn;
use nn_lab::models::weights::{WeightRng, count_params};
use nn_lab::run::Experiment;
use nn_lab::run::spectrum::{spectral_radius, spectrum};
use nn_lab::sections::rnn::{
    Agreement, Alphabet, Config, ForgetBias, Frame, GradientRow, LSTM, Paths, RNN, Record, Rnn, params_lstm,
    params_rnn,
};
use std::rc::Rc;

#[test]
fn the_usual_start_bounds_single_steps_by_about_1_1_and_shrinks_by_about_0_6() {
    let (mut norms, mut radii) = (Vec::new(), Vec::new());
    for seed in 0..200 {
        let net = VanillaRnn::new(10, 32, 2, &mut WeightRng::new(seed), &Device::flex());
        let weights = values(net.recurrent.val());
        norms.push(spectrum(32, 32, &weights).singular_values[0]);
        radii.push(spectral_radius(32, &weights).expect("eigenvalues"));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    println!("largest singular value {:.3}, spectral radius {:.3}", mean(&norms), mean(&radii));
    assert!((mean(&norms) - 1.09).abs() < 0.02, "{}", mean(&norms));
    assert!((mean(&radii) - 0.61).abs() < 0.02, "{}", mean(&radii));
    // Every one of these matrices can lengthen a vector, and every one shrinks vectors in the long run.
    assert!(norms.iter().all(|norm| *norm > 1.0) && radii.iter().all(|radius| *radius < 0.9));
}

#[test]
fn the_probe_measures_both_rates_of_the_rnn() {
    for seed in 1..=3 {
        let record = probe::<Rnn>(Config { seed, ..Config::default() });
        let (paths, bound) = (record.untrained.clone().expect("paths"), record.step_bound.expect("measured"));
        let largest = Paths::largest_step(&paths.rnn).expect("steps");
        let average = Paths::per_step(&paths.rnn).expect("steps");
        println!("seed {seed}: bound {bound:.3}, largest step {largest:.3}, average {average:.3}");
        // The bound holds for each step; the average stays below the spectral radius.
        assert!((0.9..1.2).contains(&bound) && largest <= bound, "{largest} of {bound}");
        assert!(average < 0.585 && average > 0.45, "{average}");
        let metrics = Rnn::metrics(&Config::default(), &record);
        let metric = |name: &str| metrics.iter().find(|metric| metric.name == name).expect("a metric").value;
        assert_eq!(metric("step_bound_rnn"), Some(bound));
        assert_eq!(metric("step_mean_rnn"), Some(average));
    }
}

#[test]
fn factors_along_a_path() {
    assert_eq!(Paths::per_step(&[0.125, 0.5, 1.0]), Some(0.125f64.sqrt()));
    assert_eq!(Paths::largest_step(&[0.125, 0.5, 1.0]), Some(0.5));
    assert_eq!(
        (Paths::per_step(&[1.0]), Paths::per_step(&[]), Paths::per_step(&[0.0, 1.0])),
        (None, None, None)
    );
    assert_eq!(Paths::largest_step(&[0.0, 0.0, 1.0]), Some(0.0));
}

#[test]
fn chrono_cells_keep_a_fifth_as_a_root_mean_square_and_less_on_average() {
    let (mut rms, mut mean) = (0.0, 0.0);
    for seed in 0..20 {
        let record = probe::<Rnn>(Config { seed, ..Config::default() });
        let kept = record.trace(LSTM).expect("a trace").kept();
        assert_eq!(kept.len(), 32);
        let squares = kept.iter().map(|kept| kept * kept).sum::<f64>() / 32.0;
        let path = record.untrained.expect("paths").cell[0];
        assert!((squares.sqrt() - path).abs() < 1e-5, "the metric is the RMS over units");
        rms += path / 20.0;
        mean += kept.iter().sum::<f64>() / 32.0 / 20.0;
    }
    // The closed form for units whose gates stay at their biases: u / (1 + u) per step, u from U(1, 199).
    let units = (0..10_000).map(|i| 1.0 + 198.0 * (f64::from(i) + 0.5) / 10_000.0);
    let kept: Vec<f64> = units.map(|u| (u / (1.0 + u)).powi(199)).collect();
    let [first, second] = [1, 2].map(|power| kept.iter().map(|kept| kept.powi(power)).sum::<f64>() / 1e4);
    println!("RMS {rms:.3}, mean {mean:.3}; closed form {:.3}, {first:.3}", second.sqrt());
    assert!((second.sqrt() - 0.20).abs() < 0.01 && (first - 0.15).abs() < 0.01);
    assert!((rms - 0.19).abs() < 0.03 && (mean - 0.14).abs() < 0.03, "RMS {rms}, mean {mean}");
}

#[test]
fn chrono_initialization_sets_two_biases() {
    let bias = |initial| {
        let lstm = Lstm::new(3, 16, 2, initial, &mut WeightRng::new(1), &Device::flex());
        values(lstm.input.bias.expect("a bias").val())
    };
    let chrono = bias(InitialBias::Chrono { t_max: 200 });
    for unit in 0..16 {
        assert_eq!(chrono[unit], -chrono[16 + unit], "b_i = -b_f");
        assert!((0.0..=199f32.ln()).contains(&chrono[16 + unit]));
    }
    assert!(chrono[32..].iter().all(|bias| *bias == 0.0));
    let help = Config::PARAMS.iter().find(|param| param.key == "forget_bias").expect("a setting").help;
    assert!(help.contains("two biases") && help.contains("b_i = −b_f"), "{help}");
    let one = bias(InitialBias::Constant(1.0));
    assert!(one[..16].iter().all(|bias| *bias == 0.0) && one[16..32].iter().all(|bias| *bias == 1.0));
}

#[test]
fn two_biases_per_part_add_four_hidden_sizes() {
    // burn's layers have PyTorch's biases: one for the input and one for the state.
    for (d_hidden, n_classes) in [(4, 2), (32, 2), (8, 5)] {
        let config = Config { d_hidden, n_classes, ..Config::default() };
        let (d_in, d_h) = (config.d_in() as usize, d_hidden as usize);
        let head = u64::from(n_classes) * u64::from(d_hidden + 1);
        let lstm = LstmConfig::new(d_in, d_h, true).init(&Device::flex());
        let rnn = RnnConfig::new(d_in, d_h, true).init(&Device::flex());
        assert_eq!(lstm.num_params() as u64, params_lstm(&config) - head + 4 * u64::from(d_hidden));
        assert_eq!(rnn.num_params() as u64, params_rnn(&config) - head + u64::from(d_hidden));
        let ours = Lstm::new(
            d_in,
            d_h,
            n_classes as usize,
            InitialBias::Constant(1.0),
            &mut WeightRng::new(1),
            &Device::flex(),
        );
        assert_eq!(count_params(&ours) as u64, params_lstm(&config));
    }
}

/// The full derivative of the last cell by the first has paths through hidden states and gates; the product
/// of the forget gates is its direct part.
#[test]
fn the_forget_gates_are_only_the_direct_path() {
    let device = Device::flex().autodiff();
    let (d_in, d_h, steps) = (3, 6, 5);
    let lstm = Lstm::new(d_in, d_h, 2, InitialBias::Constant(1.0), &mut WeightRng::new(2), &device);
    let token = |t: usize| {
        let one_hot: Vec<f32> = (0..d_in).map(|at| if at == t % d_in { 1.0 } else { 0.0 }).collect();
        lstm.input.forward(Tensor::<2>::from_data(TensorData::new(one_hot, [1, d_in]), &device))
    };
    let zero = || Tensor::<2>::zeros([1, d_h], &device);
    let first = lstm.step(token(0), zero(), zero());
    // The hidden state also depends on the first cell.
    // Returns a row of the Jacobian, and the products of the forget gates.
    let row = |unit: usize| {
        let cell = Tensor::from_inner(first.cell.clone().inner()).require_grad();
        let output = Tensor::from_inner(first.o.clone().inner());
        let (mut h, mut c) = (output * cell.clone().tanh(), cell.clone());
        let mut product = vec![1.0f32; d_h];
        for t in 1..steps {
            let step = lstm.step(token(t), h, c);
            let gates = values(step.f.clone().inner());
            product.iter_mut().zip(gates).for_each(|(product, gate)| *product *= gate);
            (h, c) = (step.hidden, step.cell);
        }
        let grads = c.slice([0..1, unit..unit + 1]).sum().backward();
        (values(cell.grad(&grads).expect("a gradient")), product)
    };
    let (jacobian, products): (Vec<Vec<f32>>, Vec<Vec<f32>>) = (0..d_h).map(row).unzip();
    let product = &products[0];
    let (mut direct, mut rest) = (0.0, 0.0);
    for (i, row) in jacobian.iter().enumerate() {
        for (j, value) in row.iter().enumerate() {
            let path = if i == j { product[i] } else { 0.0 };
            direct += path * path;
            rest += (value - path).powi(2);
        }
    }
    let ratio = (rest / direct).sqrt();
    println!("the other paths add {ratio:.2} of the direct path's norm");
    assert!(ratio > 0.02, "{ratio}");
    assert!(ratio < 1.0, "here, the direct path is the larger part: {ratio}");
}

/// Measurements that a test chooses.
struct Evidence {
    config: Config,
    params: [u64; 2],
    agreement: f64,
    paths: [Vec<f64>; 2],
    step_bound: f64,
    gradients: [Vec<f32>; 2],
    accuracies: [f64; 2],
}

/// Returns a path that shrinks by a factor per step.
fn geometric(n: u32, factor: f64) -> Vec<f64> {
    (0..n).map(|t| factor.powi((n - 1 - t) as i32)).collect()
}

/// Returns gradients that are multiplied by a factor per step back.
fn gradients(n: u32, factor: f64) -> Vec<f32> {
    geometric(n, factor).into_iter().map(|norm| norm as f32).collect()
}

impl Evidence {
    fn of(config: Config) -> Self {
        let n = config.seq_len;
        Self {
            params: [params_rnn(&config), params_lstm(&config)],
            agreement: 1e-7,
            paths: [geometric(n, 0.5), geometric(n, 0.99)],
            step_bound: 1.05,
            gradients: [gradients(n, 0.5), gradients(n, 0.98)],
            accuracies: [0.5, 1.0],
            config,
        }
    }

    fn record(&self) -> Record {
        let mut record = Record::default();
        let [rnn, cell] = self.paths.clone();
        let paths = Rc::new(Paths { rnn, cell, spectral_radius: 0.58 });
        let off = Agreement { values: self.agreement, gradients: self.agreement };
        let frames = [
            Frame::Counted(self.params.map(|count| count as u32)),
            Frame::Agreement([off, off]),
            Frame::Untrained(paths.clone()),
            Frame::StepBound(self.step_bound),
        ];
        frames.into_iter().for_each(|frame| Rnn::apply_frame(&mut record, RNN, frame));
        for arm in [RNN, LSTM] {
            Rnn::apply_frame(&mut record, arm, Frame::Trained(paths.clone()));
            let hidden = self.gradients[arm].clone();
            record.arms[arm].gradients = Rc::new(vec![GradientRow { step: 1, cell: hidden.clone(), hidden }]);
            record.arms[arm].accuracy =
                Curve::from_iter([(f64::from(self.config.steps), self.accuracies[arm])]);
        }
        record
    }

    /// Returns the check whose claim contains some words.
    #[track_caller]
    fn check(&self, words: &str) -> Check {
        claim_about(words, &Rnn::checks(&self.config, &self.record()))
    }
}

/// Fails unless the first measurements confirm a claim and the second ones contradict it.
#[track_caller]
fn can_fail(words: &str, confirming: &Evidence, contradicting: &Evidence) {
    confirmed_and_refuted([confirming, contradicting].map(|evidence| evidence.check(words)));
}

#[test]
fn every_check_of_counts_and_agreement_can_fail() {
    let good = || Evidence::of(Config::default());
    let [rnn, lstm] = good().params;
    can_fail("count the parameters", &good(), &Evidence { params: [rnn, lstm + 1], ..good() });
    for off in [2e-4, f64::NAN] {
        let wrong = Evidence { agreement: off, ..good() };
        can_fail("The RNN built here", &good(), &wrong);
        can_fail("The LSTM built here", &good(), &wrong);
    }
}

#[test]
fn every_check_of_the_untrained_paths_can_fail() {
    let n = Config::default().seq_len;
    let good = || Evidence::of(Config::default());
    can_fail("carries more", &good(), &Evidence { paths: [geometric(n, 0.99), geometric(n, 0.9)], ..good() });
    can_fail("no single step", &good(), &Evidence { step_bound: 0.49, ..good() });
    for (forget_bias, gate, others) in
        [(ForgetBias::Zero, 0.5, [0.3, 0.73, 0.99]), (ForgetBias::One, 0.73, [0.3, 0.5, 0.99])]
    {
        let of = |factor: f64| {
            let config = Config { forget_bias, ..Config::default() };
            Evidence { paths: [geometric(n, 0.5), geometric(n, factor)], ..Evidence::of(config) }
        };
        others.into_iter().for_each(|other| can_fail("loses the first position", &of(gate), &of(other)));
    }
}

#[test]
fn every_check_of_the_gradient_can_fail_and_no_measurement_confirms_two_of_them() {
    let of = |seq_len: u32, factor: f64, spectral_radius: f64| Evidence {
        gradients: [gradients(seq_len, factor), gradients(seq_len, 0.98)],
        ..Evidence::of(Config { seq_len, spectral_radius, ..Config::default() })
    };
    // Returns the factor per step that results in a factor over the whole sequence.
    let per_step = |seq_len: u32, total: f64| total.powf(1.0 / f64::from(seq_len - 1));
    for (seq_len, radius, words, holds, fails) in [
        (200, 0.58, "vanishes", [0.0, 1e-30, 1e-8], [1e-6, 1e-4, 1.0]),
        (12, 0.58, "Enough", [1e-5, 1e-3, 1.0], [0.0, 1e-8, 1e-6]),
        (100, 2.0, "Enough", [1e-5, 1e-3, 10.0], [0.0, 1e-8, 1e-6]),
    ] {
        for (good, bad) in holds.into_iter().zip(fails) {
            let with = |total: f64| of(seq_len, per_step(seq_len, total), radius);
            can_fail(words, &with(good), &with(bad));
        }
    }
    for bad in [0.2, 0.3, 0.7, 1.0] {
        can_fail("about the spectral radius", &of(30, 0.52, 0.58), &of(30, bad, 0.58));
    }
    // Over long sequences somewhat above 1, some networks amplify the gradient and others lose it.
    let open = of(200, 0.9, 1.3);
    let checks = Rnn::checks(&open.config, &open.record());
    assert!(
        checks.iter().all(|check| !check.claim.contains("gradient") || check.claim.contains("single step"))
    );
}

#[test]
fn every_check_of_learning_can_fail_and_there_is_none_without_an_expectation() {
    let of = |config: &Config, rnn: f64, lstm: f64| Evidence {
        accuracies: [rnn, lstm],
        ..Evidence::of(config.clone())
    };
    let default = Config::default();
    let cases = [
        (default.clone(), "the RNN stays at chance", [0.5, 1.0], vec![[1.0, 1.0], [0.5, 0.5], [0.75, 1.0]]),
        (
            Config { spectral_radius: 1.1, ..default.clone() },
            "a little above 1",
            [1.0, 1.0],
            vec![[0.5, 1.0], [1.0, 0.5]],
        ),
        (
            Config { seq_len: 12, ..default.clone() },
            "Over a short sequence both",
            [1.0, 1.0],
            vec![[0.5, 1.0], [1.0, 0.8]],
        ),
        (
            Config { forget_bias: ForgetBias::Zero, ..default.clone() },
            "An LSTM is not enough",
            [0.5, 0.5],
            vec![[0.5, 1.0], [1.0, 0.5]],
        ),
        (
            Config { forget_bias: ForgetBias::Zero, spectral_radius: 1.1, ..default.clone() },
            "The initialization decides",
            [1.0, 0.5],
            vec![[0.5, 0.5], [1.0, 1.0]],
        ),
        (
            Config { alphabet: Alphabet::Shared, ..default.clone() },
            "Noise that looks like labels",
            [0.5, 0.5],
            vec![[0.5, 1.0], [1.0, 0.5]],
        ),
        (
            Config { spectral_radius: 0.9, ..default.clone() },
            "About the RNN nothing",
            [0.5, 1.0],
            vec![[0.5, 0.5], [1.0, 0.8]],
        ),
        (
            Config { seq_len: 40, spectral_radius: 1.1, forget_bias: ForgetBias::One, ..default.clone() },
            "About the LSTM nothing",
            [1.0, 0.5],
            vec![[0.5, 0.5], [0.8, 1.0]],
        ),
    ];
    for (config, words, [rnn, lstm], wrong) in cases {
        for [a, b] in wrong {
            can_fail(words, &of(&config, rnn, lstm), &of(&config, a, b));
        }
        assert!(of(&config, rnn, lstm).check(words).of_training);
    }
    let between = of(&Config { seq_len: 40, forget_bias: ForgetBias::One, ..default }, 0.5, 1.0);
    let checks = Rnn::checks(&between.config, &between.record());
    assert!(checks.iter().all(|check| !check.of_training), "{checks:#?}");
}

#[test]
fn the_claims_about_untrained_gates_hold_for_all_hidden_sizes() {
    for d_hidden in [4, 8, 32, 128] {
        for forget_bias in [ForgetBias::Zero, ForgetBias::One] {
            for seed in 1..=3 {
                let config = Config { d_hidden, forget_bias, seed, seq_len: 60, ..Config::default() };
                let record = probe::<Rnn>(config.clone());
                for check in Rnn::checks(&config, &record).into_iter().take(5) {
                    assert_eq!(check.verdict, Verdict::Holds, "d_h {d_hidden}, seed {seed}: {check:?}");
                }
            }
        }
    }
}
