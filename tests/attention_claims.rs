//! Numbers and claims in the texts of section 5, and its checks: each is given measurements that confirm it,
//! and measurements that contradict it.
#![cfg(feature = "compute")]

use crate::collector::{block_on, claim_about, confirmed_and_refuted, probe, values};
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab::core::Check;
use nn_lab::core::curve::Curve;
use nn_lab::core::settings::Settings;
use nn_lab::models::attention::{MultiHeadAttention, causal_mask, scaled_dot_product_attention};
use nn_lab::models::weights::WeightRng;
use nn_lab::run::Experiment;
use nn_lab::sections::attention::{
    Attention, Config, Heads, OptimizerKind, Record, Roles, SCALED, SWEEP, Saturation, Spread, Sweep,
    SweepPoint, Task, UNSCALED, end_measured, expected_entropy, params_formula, start_measured,
};
use std::rc::Rc;

/// Returns the sweep's point at the key dimension of the settings, averaged over some seeds: entropy and
/// largest weight, scaled and unscaled.
fn point(config: &Config) -> [f64; 4] {
    let seeds = 1..=6;
    let mut mean = [0.0; 4];
    for seed in seeds.clone() {
        let record = probe::<Attention>(Config { seed, n_seeds: 16, ..config.clone() });
        let here = record.sweep.expect("a sweep").here;
        let of_seed =
            [here.scaled.entropy, here.scaled.largest, here.unscaled.entropy, here.unscaled.largest];
        mean.iter_mut().zip(of_seed).for_each(|(mean, one)| *mean += one.mean / f64::from(*seeds.end()));
    }
    mean
}

#[test]
fn eight_small_keys_are_clearly_sharper_without_the_scale() {
    let [scaled, scaled_largest, unscaled, unscaled_largest] =
        point(&Config { d_k: 8, n_keys: 8, ..Config::default() });
    println!(
        "scaled {scaled:.3} nats, largest {scaled_largest:.3}; unscaled {unscaled:.3}, {unscaled_largest:.3}"
    );
    assert!((unscaled - 0.97).abs() < 0.04 && (unscaled_largest - 0.64).abs() < 0.03);
    assert!((scaled - 1.73).abs() < 0.03 && (scaled_largest - 0.35).abs() < 0.03);
    assert!((8f64.ln() - 2.08).abs() < 0.005);
    let text = Attention::EXPERIMENTS.iter().find(|guided| guided.slug == "small-keys-pace").expect("there");
    assert!(text.reason.contains("0.97 of 2.08 nats, and 1.73 with"), "{}", text.reason);
}

#[test]
fn the_approximate_entropy_holds_for_small_variances_only() {
    // At n = 64 keys: s² = 0.25 and 1 are small, s² = 8 is near 2 ln n = 8.3.
    for (d_k, sigma, variance) in [(4, 0.5f64, 0.25), (16, 0.5, 1.0)] {
        let [_, _, entropy, _] = point(&Config { d_k, sigma, ..Config::default() });
        let formula = 64f64.ln() - variance / 2.0;
        println!("s² = {variance}: {entropy:.3} measured, {formula:.3} from the formula");
        assert!((entropy - formula).abs() < 0.1, "{entropy} and {formula}");
    }
    let [_, _, entropy, _] = point(&Config { d_k: 8, ..Config::default() });
    let formula = 64f64.ln() - 4.0;
    println!("s² = 8: {entropy:.3} measured, {formula:.3} from the formula");
    assert!(entropy > formula + 1.0, "{entropy} and {formula}");
    // At larger variances the formula is negative, and the closed form of the checks is 0.
    assert!(64f64.ln() - 64.0 / 2.0 < 0.0);
    assert_eq!(expected_entropy(64, 64.0), 0.0);
    assert!(expected_entropy(64, 1.0) > 3.6);
}

fn normal(shape: [usize; 3], seed: u64) -> Tensor<3> {
    let mut rng = WeightRng::new(seed);
    rng.uniform(shape, 1.7, &Device::flex()).val()
}

#[test]
fn attention_without_a_mask_is_permutation_equivariant() {
    let (n, d) = (5, 8);
    let device = Device::flex();
    let layer = MultiHeadAttention::new(d, 2, true, &mut WeightRng::new(3), &device).expect("it divides");
    let x = normal([1, n, d], 4);
    let order = [3, 0, 4, 1, 2];
    let reorder =
        |x: Tensor<3>| Tensor::cat(order.iter().map(|&at| x.clone().narrow(1, at, 1)).collect::<Vec<_>>(), 1);
    let off = |causal: bool| {
        let mask = || causal.then(|| causal_mask(n, n, &device));
        let before = reorder(layer.forward(x.clone(), mask()).output);
        let after = layer.forward(reorder(x.clone()), mask()).output;
        values((before - after).abs().max().reshape([1]))[0]
    };
    assert!(off(false) < 1e-5, "{}", off(false));
    assert!(off(true) > 0.01, "a causal mask sees the order: {}", off(true));
}

#[test]
fn one_projection_for_queries_and_keys_makes_the_scores_symmetric() {
    let (n, d) = (4, 6);
    let x = normal([1, n, d], 5).reshape([1, 1, n, d]);
    let other = normal([1, n, d], 6).reshape([1, 1, n, d]);
    let asymmetry = |k: Tensor<4>| {
        let scores = scaled_dot_product_attention(x.clone(), k, x.clone(), None, 1.0).scores;
        values((scores.clone() - scores.swap_dims(2, 3)).abs().max().reshape([1]))[0]
    };
    assert!(asymmetry(x.clone()) < 1e-6 && asymmetry(other) > 0.1);
}

#[test]
fn the_loss_is_a_mean_over_the_answers_of_all_tokens() {
    use nn_lab::run::training::cross_entropy;
    // Two sequences of two tokens; each answer has its own loss.
    let logits = [[0.0f32, 0.0], [2.0, 0.0], [0.0, 1.0], [3.0, 0.0]];
    let device = Device::flex();
    let tensor = |rows: Vec<f32>| Tensor::<2>::from_data(TensorData::new(rows, [4, 2]), &device);
    let targets = tensor([1.0, 0.0].repeat(4));
    let loss = values(cross_entropy(tensor(logits.concat()), targets))[0];
    let of = |row: &[f32; 2]| -(row[0].exp() / (row[0].exp() + row[1].exp())).ln();
    let mean = logits.iter().map(of).sum::<f32>() / 4.0;
    assert!((loss - mean).abs() < 1e-6, "{loss} and {mean}");
}

/// Measurements that a test chooses: entropies along the sweep, heads, and the two runs.
#[derive(Clone)]
struct Evidence {
    config: Config,
    scaled: [f64; SWEEP.len()],
    unscaled: [f64; SWEEP.len()],
    params: u32,
    difference: f64,
    /// The entropies before the first step.
    starts: [f64; 2],
    /// The steps to a loss below half a nat.
    steps: [Option<u32>; 2],
    accuracies: [f64; 2],
    /// A weight of each token on itself, and the largest difference of mirrored scores.
    roles: ([f64; 2], f64),
    /// The losses at the end of two look-ups.
    ends: [f64; 2],
}

impl Evidence {
    fn of(config: Config) -> Self {
        Self {
            scaled: [3.7; SWEEP.len()],
            unscaled: [2.9, 2.0, 1.4, 1.0, 0.7, 0.5, 0.3, 0.2],
            params: params_formula(&config),
            difference: 1e-7,
            starts: [1.7, 0.5],
            steps: [Some(30), Some(60)],
            accuracies: [1.0, 1.0],
            roles: ([0.99, 0.13], 1e-6),
            ends: [0.01, 0.45],
            config,
        }
    }

    fn record(&self) -> Record {
        let entropy = |mean: f64| Saturation { entropy: Spread { mean, sd: 0.1 }, ..Saturation::default() };
        let points = SWEEP.iter().zip(self.scaled).zip(self.unscaled);
        let points = points.map(|((&d_k, scaled), unscaled)| SweepPoint {
            d_k,
            scaled: entropy(scaled),
            unscaled: entropy(unscaled),
        });
        let heads = Heads {
            params_counted: self.params,
            max_abs_err: self.difference,
            tolerance: 1e-5,
            ..Heads::default()
        };
        let mut record = Record {
            sweep: Some(Rc::new(Sweep { points: points.collect(), ..Sweep::default() })),
            heads: Some(Rc::new(heads)),
            roles: Some(Rc::new(Roles {
                diagonal: self.roles.0.map(|mean| Spread { mean, sd: 0.01 }),
                asymmetry: [self.roles.1, 3.0],
                ..Roles::default()
            })),
            ..Record::default()
        };
        for arm in [SCALED, UNSCALED] {
            let net = &mut record.arms[arm];
            // The mean of ten steps is below half a nat once eight of them have the small loss.
            let learned = |step: u32| self.steps[arm].is_some_and(|learned| step + 7 >= learned);
            let loss = |step: u32| match self.config.task {
                Task::LookUp => (f64::from(step), if learned(step) { 0.1 } else { 2.0 }),
                Task::TwoLookUps => (f64::from(step), self.ends[arm]),
            };
            net.losses = (1..=self.config.steps).map(loss).collect::<Curve>();
            net.entropy = Curve::from_iter([(0.0, self.starts[arm])]);
            net.accuracy = Curve::from_iter([(f64::from(self.config.steps), self.accuracies[arm])]);
        }
        record
    }

    /// Returns the check whose claim contains some words.
    #[track_caller]
    fn check(&self, words: &str) -> Check {
        claim_about(words, &Attention::checks(&self.config, &self.record()))
    }
}

/// Fails unless the first measurements confirm a claim and the second ones contradict it.
#[track_caller]
fn can_fail(words: &str, confirming: &Evidence, contradicting: &Evidence) {
    confirmed_and_refuted([confirming, contradicting].map(|evidence| evidence.check(words)));
}

#[test]
fn every_check_of_the_sweep_and_the_heads_can_fail() {
    let good = || Evidence::of(Config::default());
    let falling = good().unscaled;
    can_fail("hardly depends on d_k", &good(), &Evidence { scaled: falling, ..good() });
    can_fail("the entropy drops as d_k grows", &good(), &Evidence { unscaled: [2.9; 8], ..good() });
    can_fail("far less entropy", &good(), &Evidence { scaled: falling, ..good() });
    can_fail("has 4 (d_model² + d_model) parameters", &good(), &Evidence { params: 4225, ..good() });
    can_fail("burn's own", &good(), &Evidence { difference: 1e-3, ..good() });
    // With two keys the approximation is 0 at both ends. Even so, equal entropies contradict the claims.
    let two = || {
        let scaled = [0.5; 8];
        Evidence {
            scaled,
            unscaled: falling.map(|entropy| entropy / 8.0),
            ..Evidence::of(Config { n_keys: 2, ..Config::default() })
        }
    };
    can_fail("the entropy drops as d_k grows", &two(), &Evidence { unscaled: [0.36; 8], ..two() });
    can_fail("far less entropy", &two(), &Evidence { unscaled: [0.5; 8], ..two() });
}

#[test]
fn every_check_of_the_run_can_fail() {
    let good = || Evidence::of(Config::default());
    can_fail("Before the first step", &good(), &Evidence { starts: [0.5, 1.7], ..good() });
    for steps in [[None, Some(60)], [Some(30), None], [None, None]] {
        can_fail("make up for a missing scale", &good(), &Evidence { steps, ..good() });
    }
    let large = || Evidence::of(Config { d_k: 256, ..Config::default() });
    for steps in
        [[Some(30), Some(40)], [Some(30), Some(20)], [Some(30), None], [None, Some(60)], [None, None]]
    {
        can_fail("a saturated start costs steps", &large(), &Evidence { steps, ..large() });
    }
}

#[test]
fn every_check_of_the_projections_and_of_two_look_ups_can_fail() {
    let good = || Evidence::of(Config::default());
    can_fail("the same score for each other", &good(), &Evidence { roles: ([0.99, 0.13], 0.5), ..good() });
    can_fail("attends to itself more", &good(), &Evidence { roles: ([0.13, 0.13], 1e-6), ..good() });
    let two = || Evidence::of(Config { task: Task::TwoLookUps, ..Config::default() });
    can_fail("One head cannot do both", &two(), &Evidence { ends: [0.01, 0.25], ..two() });
    can_fail("Several heads", &two(), &Evidence { ends: [0.25, 0.45], ..two() });
    // The claims about the scale belong to the other task.
    let checks = Attention::checks(&two().config, &two().record());
    assert!(!checks.iter().any(|check| check.claim.contains("Before the first step")), "{checks:?}");
}

#[test]
fn conclusions_follow_from_the_measurements() {
    let good = Evidence::of(Config::default());
    let words = |accuracies: [f64; 2], steps| {
        let evidence = Evidence { accuracies, steps, ..good.clone() };
        end_measured(&evidence.config, &evidence.record())
    };
    let both = words([1.0, 0.97], [Some(30), Some(60)]);
    assert!(
        both.contains("100.0% with the scale and 97.0% without it: both networks have learned"),
        "{both}"
    );
    assert!(both.contains("after 30 steps with the scale and 60 without"), "{both}");
    assert!(words([1.0, 0.3], [Some(30), None]).ends_with("only the scaled network has learned the task."));
    assert!(words([0.3, 0.95], [None, Some(30)]).contains("only the unscaled network"));
    assert!(words([0.3, 0.2], [None, None]).contains("neither network"));
    let sgd = Config { optimizer: OptimizerKind::Sgd, ..Config::default() };
    assert!(end_measured(&sgd, &good.record()).contains("200 steps with plain SGD"));
    // A run that was stopped early has no result yet.
    let longer = Config { steps: 400, ..Config::default() };
    assert!(end_measured(&longer, &good.record()).contains("will be compared"));
    assert!(
        start_measured(&good.config, &good.record()).contains("0.50 nats without the scale and 1.70 with it")
    );
    assert!(start_measured(&good.config, &Record::default()).starts_with("Press Train"));
}

/// One step on a gradient of any size: Adam's has the size of the learning rate, SGD's grows with the
/// gradient. The help of the setting says both.
#[test]
fn the_learning_rate_scales_the_gradient_for_sgd_only() {
    use burn::module::Param;
    use burn::nn::Linear;
    use nn_lab::run::step::{Input, StepOptions, StepOutput};
    use nn_lab::run::train_state::TrainState;
    let moved = |kind: OptimizerKind, size: f32| {
        let device = Device::flex().autodiff();
        let weight = Param::from_tensor(Tensor::<2>::zeros([1, 1], &device).require_grad());
        let mut state = TrainState::new(Linear { weight, bias: None }, kind.init());
        let x = Input::new(vec![size], [1, 1, 1]);
        let batch = [x];
        let descend = state.step(&batch, StepOptions::new(0.01), |net, inputs| {
            let loss = net.forward(inputs.get::<3>(0)).sum().reshape([1]);
            StepOutput::backward(net, loss)
        });
        block_on(descend).expect("a step");
        values(state.net().weight.val().inner())[0].abs()
    };
    for size in [0.1, 1.0, 10.0] {
        let adam = moved(OptimizerKind::Adam, size);
        assert!((adam - 0.01).abs() < 1e-5, "{adam} for a gradient of {size}");
        let sgd = moved(OptimizerKind::Sgd, size);
        assert!((sgd - 0.01 * size).abs() < 1e-6, "{sgd} for a gradient of {size}");
    }
    let help = Config::PARAMS.iter().find(|param| param.key == "learning_rate").expect("a setting").help;
    assert!(help.contains("SGD") && help.contains("Adam") && !help.contains("along the gradient"), "{help}");
}
