//! The guided experiments of sections 4 and 5, natively with three seeds: each answer follows from the
//! measurements, and the result is the one that the experiment explains.
#![cfg(feature = "compute")]

use crate::collector::{Collector, measured, number, preset, probe, run, train};
use crate::findings::{assert_found, spread};
use nn_lab::core::findings::first_x;
use nn_lab::core::guided::Answer;
use nn_lab::run::{Probe, Train};
use nn_lab::sections::attention::Attention;
use nn_lab::sections::rnn::{self, Rnn};
use nn_lab::sections::transformer::{self, Transformer};

/// Returns the answers of an experiment for the first `seeds` seeds, after checking that their numbers are
/// the page's metrics.
#[track_caller]
fn answers<E: Probe + Train>(slug: &str, seeds: u32) -> Vec<Answer> {
    let of_seed = |seed: u32| {
        let (answer, metrics) = measured::<E>(slug, seed);
        assert!(!answer.numbers.is_empty(), "{slug}");
        for (name, number) in &answer.numbers {
            let metric =
                metrics.iter().find(|metric| metric.name == *name).unwrap_or_else(|| panic!("{name}"));
            // The answer uses the gradients of the first step; the metric has those of the last.
            assert!(metric.value == Some(*number) || name.starts_with("grad_"), "{slug}: {name}");
        }
        answer
    };
    (1..=seeds).map(of_seed).collect()
}

#[track_caller]
fn choices<E: Probe + Train>(slug: &str, seeds: u32, expected: usize) -> Vec<Answer> {
    let answers = answers::<E>(slug, seeds);
    for answer in &answers {
        assert_eq!(answer.choice, Some(expected), "{slug}: {}", answer.words);
    }
    answers
}

#[test]
fn both_networks_learn_twelve_tokens() {
    choices::<Rnn>("twelve-tokens", 3, 0);
}

#[test]
fn the_first_token_has_almost_no_gradient_in_the_rnn() {
    for answer in choices::<Rnn>("first-token-gradient", 3, 2) {
        assert!(number(&answer, "grad_first_rnn") < 1e-30 && number(&answer, "grad_first_lstm") > 1e-12);
        assert!(answer.words.contains("nothing that could be learned from"));
    }
}

#[test]
fn chrono_initialized_cells_preserve_the_first_token() {
    for answer in answers::<Rnn>("chrono", 3) {
        assert!(
            number(&answer, "path_lstm") > 0.01 && number(&answer, "path_rnn") < 1e-6,
            "{}",
            answer.words
        );
    }
}

#[test]
fn half_open_forget_gates_learn_nothing() {
    for answer in choices::<Rnn>("forget-bias", 1, 3) {
        assert!(number(&answer, "path_lstm") < 1e-15 && answer.words.contains("untrained cells carry only"));
    }
}

#[test]
fn the_step_time_is_measured() {
    let answer = answers::<Rnn>("four-gates", 1).remove(0);
    assert!(answer.choice.is_some() && number(&answer, "ms_per_step_lstm") > 0.0);
}

#[test]
fn eight_heads_need_no_more_parameters_and_a_large_unscaled_softmax_saturates() {
    for answer in answers::<Attention>("eight-heads", 3) {
        assert_eq!(number(&answer, "params_counted"), 4224.0);
        assert!(answer.words.contains("exactly as many"));
    }
    for answer in answers::<Attention>("entropy-512", 3) {
        assert!(number(&answer, "entropy_unscaled") < number(&answer, "entropy_scaled") - 1.0);
        assert!(answer.words.contains("all but chosen a single key"), "{}", answer.words);
    }
    for answer in choices::<Attention>("jacobian-shape", 3, 2) {
        assert!(answer.words.contains("and then falls"), "{}", answer.words);
    }
}

#[test]
fn small_keys_need_no_scale_and_large_keys_learn_without_it() {
    choices::<Attention>("small-keys-pace", 3, 1);
    choices::<Attention>("unscaled-learns", 3, 1);
}

/// The answers about pace do not depend on the seed.
#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn each_experiment_about_pace_has_one_answer_for_five_seeds() {
    choices::<Attention>("small-keys-pace", 5, 1);
    choices::<Attention>("small-weights-start", 5, 2);
    choices::<Attention>("plain-descent-pace", 5, 1);
    choices::<Attention>("unscaled-learns", 5, 1);
}

/// With these settings the answers do not depend on the seed. Over 200 tokens, for the order of the two
/// networks, or for the accuracy at a radius of 2, they do.
#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn a_well_initialized_rnn_learns_and_a_large_radius_keeps_the_gradient() {
    choices::<Rnn>("good-start", 5, 0);
    choices::<Rnn>("radius-two", 5, 2);
    choices::<Rnn>("forget-bias", 5, 3);
    choices::<Rnn>("shared-noise", 5, 3);
}

/// Returns the accuracy of both networks at the end of a run over 200 tokens, and the step at which it first
/// exceeded 90%.
fn recall(seed: u32, spectral_radius: f64) -> [(f64, Option<f64>); 2] {
    let config = rnn::Config { seed, spectral_radius, ..rnn::Config::default() };
    let (record, result) = run::<Rnn>(config);
    assert_eq!(result, Ok(()));
    record.arms.map(|arm| {
        let accuracy: Vec<(f64, f64)> = arm.accuracy.iter().copied().collect();
        (accuracy.last().expect("measured").1, first_x(&accuracy, |accuracy| accuracy > 0.9))
    })
}

/// The results that texts of section 4 refer to and that `docs/findings.md` lists.
#[test]
#[ignore = "minutes; it repeats the measurements of docs/findings.md"]
fn findings_of_the_rnn() {
    let [usual, large] = [rnn::Config::default().spectral_radius, 1.1]
        .map(|radius| (1..=6).map(|seed| recall(seed, radius)).collect::<Vec<_>>());
    let learned = |runs: &[[(f64, Option<f64>); 2]]| runs.iter().filter(|[rnn, _]| rnn.0 > 0.9).count();
    let numbers = format!("radius 0.58: {} of 6; radius 1.1: {} of 6", learned(&usual), learned(&large));
    assert_found("RNN and LSTM", "Over 200 tokens, whether an RNN learns", &numbers);
    let steps: Vec<f64> = usual.iter().map(|[_, lstm]| lstm.1.expect("the LSTM learns")).collect();
    assert_found(
        "RNN and LSTM",
        "Over 200 tokens, an LSTM with chrono",
        &format!("step {}", spread(&steps, 0)),
    );
}

/// The results that texts of section 5 refer to and that `docs/findings.md` lists.
#[test]
#[ignore = "minutes; it repeats the measurements of docs/findings.md"]
fn findings_of_attention() {
    for (start, slug) in [
        ("At d_k = 8", "small-keys-pace"),
        ("At d_k = 256 with small weights", "small-weights-start"),
        ("With plain gradient descent", "plain-descent-pace"),
        ("At d_k = 256 with weights of the usual size", "unscaled-learns"),
    ] {
        let answers: Vec<Answer> = (1..=5).map(|seed| measured::<Attention>(slug, seed).0).collect();
        let [scaled, unscaled] = ["steps_scaled", "steps_unscaled"]
            .map(|name| spread(&answers.iter().map(|answer| number(answer, name)).collect::<Vec<_>>(), 0));
        assert_found("Attention", start, &format!("scaled {scaled}; unscaled {unscaled} steps"));
    }
}

/// The results that texts of section 6 refer to and that `docs/findings.md` lists.
#[test]
#[ignore = "minutes; it repeats the measurements of docs/findings.md"]
fn findings_of_the_transformer() {
    let first_look = preset::<transformer::Config>("first-look");
    let bigram = probe::<Transformer>(first_look.clone()).text.as_ref().expect("a text").bigram;
    let losses = [1, 2, 3].map(|seed| {
        let mut out = Collector::<Transformer> { frame_every: 100, ..Collector::default() };
        train::<Transformer>(&transformer::Config { seed, ..first_look.clone() }, &mut out)
            .expect("it trains");
        out.record().run().validation.last_y().expect("measured")
    });
    let numbers = format!("model {}; bigram baseline {bigram:.2} nats", spread(&losses, 2));
    assert_found("Transformer", "The small model of the preset", &numbers);
    assert!(losses.iter().all(|loss| *loss < bigram));
}
