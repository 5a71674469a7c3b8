//! The guided experiments of section 1 with three seeds each: every answer agrees with its numbers.
#![cfg(feature = "compute")]

use crate::collector::{measured, number};
use nn_lab::core::guided::Answer;
use nn_lab::sections::mlp::Mlp;

/// Returns the answer of an experiment for a seed, after checking that its numbers are metrics and occur in
/// its text.
#[track_caller]
fn answer(slug: &str, seed: u32) -> Answer {
    let (answer, metrics) = measured::<Mlp>(slug, seed);
    for (name, value) in &answer.numbers {
        assert!(metrics.iter().any(|metric| metric.name == *name), "{slug}: {name}");
        let named = |text: String| answer.words.contains(&text);
        let said = match *name {
            name if name.starts_with("accuracy") => {
                named(format!("{:.1}%", 100.0 * value)) || name == "accuracy_linear"
            }
            name if name.starts_with("rank_") => named(format!("{value}")),
            "loss_activated" | "pieces_error" | "pieces_trained_error" => named(format!("{value:.3}")),
            _ => true,
        };
        assert!(said, "{slug}: {name} = {value} in {}", answer.words);
    }
    answer
}

/// Runs an experiment with three seeds and checks each answer.
fn check(slug: &str, holds: impl Fn(u32, &Answer)) {
    for seed in 1..=3 {
        holds(seed, &answer(slug, seed));
    }
}

#[test]
fn a_linear_network_does_not_learn_spirals() {
    check("straight-line", |_, answer| {
        assert_eq!(answer.choice, Some(2));
        assert!(answer.words.contains("hardly helps") && number(answer, "accuracy_activated") > 0.95);
    });
}

#[test]
fn moons_are_almost_linear() {
    check("moons", |_, answer| {
        assert!(number(answer, "accuracy_linear") > 0.8, "{answer:?}");
        assert!(number(answer, "accuracy_activated") > 0.98, "{answer:?}");
    });
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn depth_without_non_linearity_does_not_help() {
    check("depth-alone", |_, answer| assert_eq!(answer.choice, Some(1), "{answer:?}"));
}

#[test]
fn three_units_enclose_a_disc() {
    check("circles-three", |_, answer| assert_eq!(answer.choice, Some(0), "{answer:?}"));
}

#[test]
fn layers_of_two_units_do_not_enclose_a_disc() {
    check("circles-two", |_, answer| assert_eq!(answer.choice, Some(1), "{answer:?}"));
}

#[test]
fn two_units_are_not_enough_for_four_squares() {
    // For squares from 0.05 to 0.95, a band |x1 + x2| < t misclassifies (t - 0.1)^2 / 1.62 of one class and
    // (0.9 - t)^2 / 0.81 of the other. The minimum is at t = 0.633, with an accuracy of 86.8%.
    let right = |t: f64| 1.0 - ((t - 0.1).powi(2) / 1.62 + (0.9 - t).powi(2) / 0.81) / 2.0;
    let best = (0..1000).map(|i| right(f64::from(i) / 1000.0)).fold(0.0, f64::max);
    assert!((best - 0.868).abs() < 5e-4, "{best}");
    check("xor-two", |seed, answer| {
        assert_eq!(answer.choice, Some(1), "{answer:?}");
        assert!(
            answer.words.contains(&format!("seed {seed}")) && number(answer, "accuracy_activated") < 0.92
        );
    });
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn gradients_vanish_in_deep_sigmoid_networks() {
    check("deep-sigmoid", |_, answer| assert!(number(answer, "grad_ratio_activated") < 0.1, "{answer:?}"));
}

#[test]
fn biases_increase_the_rank_by_one() {
    check("rank-plus-one", |_, answer| {
        assert_eq!(number(answer, "rank_linear"), 9.0);
        // ReLUs that are dead for the whole batch reduce the rank.
        assert!(number(answer, "rank_activated") > 20.0, "{answer:?}");
        assert!(answer.words.contains("one more than its 8 inputs"));
    });
}

#[test]
fn training_moves_the_bends_to_the_step() {
    check("steep-step", |_, answer| {
        assert_eq!(answer.choice, Some(0), "{answer:?}");
        assert!(number(answer, "pieces_trained_error") < 0.9 * number(answer, "pieces_error"), "{answer:?}");
    });
}

/// An answer that depends on the seed would be luck, so the options are such that it does not.
#[test]
#[ignore = "minutes; ./lab test full runs it"]
fn twenty_seeds_give_the_same_answers() {
    let expected = [
        ("straight-line", 2),
        ("depth-alone", 1),
        ("circles-three", 0),
        ("circles-two", 1),
        ("xor-two", 1),
        ("steep-step", 0),
    ];
    for (slug, choice) in expected {
        let answers: Vec<Answer> = (1..=20).map(|seed| answer(slug, seed)).collect();
        for answer in &answers {
            assert_eq!(answer.choice, Some(choice), "{slug}: {answer:?}");
        }
        if slug == "xor-two" {
            // The explanation says that gradient descent often misses the band with an accuracy of 86.8%.
            let missed = answers.iter().filter(|answer| number(answer, "accuracy_activated") < 0.8).count();
            assert!(missed >= 10, "{missed} of 20");
        }
    }
}

#[test]
fn wide_networks_follow_the_noise_of_a_line() {
    check("noisy-line", |_, answer| {
        assert_eq!(answer.choice, Some(2), "{answer:?}");
        assert!(answer.words.contains(&format!("{:.3}", number(answer, "rmse_activated"))), "{answer:?}");
    });
}
