//! The guided experiments of section 2: with every seed, the answer follows from the measurements.
#![cfg(feature = "compute")]

use crate::collector::{self, number};
use nn_lab::core::guided::Answer;
use nn_lab::sections::cnn::Cnn;

/// Returns the answer of an experiment for a seed, and a function that looks up its numbers by name.
#[track_caller]
fn answer(slug: &str, seed: u32) -> (Answer, impl Fn(&str) -> f64) {
    let answer = collector::answer::<Cnn>(slug, seed);
    (answer.clone(), move |name: &str| number(&answer, name))
}

const SEEDS: [u32; 3] = [1, 2, 3];

#[test]
fn counts_do_not_depend_on_the_seed() {
    for seed in SEEDS {
        let (size, number) = answer("stride-and-padding", seed);
        assert_eq!((number("out_measured"), number("out_formula")), (16.0, 16.0));
        assert!(
            size.words.starts_with("16 pixels") && size.words.contains("as the formula says"),
            "{size:?}"
        );
        let (savings, number) = answer("separable-savings", seed);
        assert!((number("params_ratio") - 8.243).abs() < 0.001);
        assert!(savings.words.starts_with("8.24 × fewer, more than 90%"), "{savings:?}");
        let (none, number) = answer("one-by-one", seed);
        assert_eq!(
            (none.choice, number("params_conv"), number("params_separable")),
            (Some(2), 8320.0, 8448.0)
        );
        assert!(none.words.starts_with("No: it has 128 more"), "{none:?}");
    }
}

#[test]
fn closed_forms_and_measurements_of_the_new_chapters_agree() {
    for seed in SEEDS {
        let (dense, number) = answer("dense-parameters", seed);
        assert_eq!((dense.choice, number("dense_params")), (Some(2), 2_099_200.0));
        assert!(dense.words.starts_with("15.99 times: 2,099,200 parameters"), "{dense:?}");
        let (reach, number) = answer("pooling-and-reach", seed);
        assert_eq!((number("rf_measured"), number("rf_formula")), (46.0, 46.0));
        assert!(reach.words.contains("as the formula says"), "{reach:?}");
        let (one, number) = answer("one-pixel", seed);
        assert_eq!(one.choice, Some(2), "average pooling changes least: {one:?}");
        assert!(number("change_max") < number("change_maps"), "{one:?}");
    }
}

#[test]
fn an_equal_budget_compares_accuracies() {
    for seed in SEEDS {
        let (answer, number) = answer("equal-budget", seed);
        let points = 100.0 * (number("accuracy_separable") - number("accuracy_conv"));
        let expected = if points.abs() <= 5.0 {
            0
        } else if points > 0.0 {
            1
        } else {
            2
        };
        assert_eq!(answer.choice, Some(expected), "{points}");
        assert!(answer.words.contains("width 23, ") && number("accuracy_separable") > 0.3, "{answer:?}");
    }
}

#[test]
fn the_answer_compares_the_measured_accuracies() {
    for seed in SEEDS {
        let (answer, number) = answer("accuracy-price", seed);
        let points = 100.0 * (number("accuracy_separable") - number("accuracy_conv"));
        let expected = match points {
            points if points > 0.0 => (0, "is ahead"),
            points if points >= -20.0 => (1, "is behind"),
            _ => (2, "far behind"),
        };
        assert_eq!(answer.choice, Some(expected.0), "{points}");
        assert!(answer.words.contains(expected.1), "{answer:?}");
        assert!(number("accuracy_conv") > 0.4, "both learn: {answer:?}");
    }
}

#[test]
fn the_speedup_is_measured_and_not_derived_from_counts() {
    for slug in ["fewer-macs", "wider-networks"] {
        for seed in SEEDS {
            let (answer, number) = answer(slug, seed);
            let ratio = number("ms_per_step_conv") / number("ms_per_step_separable");
            assert!((number("speedup") - ratio).abs() < 1e-9);
            assert!(number("net_macs_ratio") > 4.0, "{answer:?}");
            assert!(answer.words.contains(&format!("{ratio:.2} ×")), "{answer:?}");
            if let Some(choice) = answer.choice {
                let part = ratio / number("net_macs_ratio");
                let expected = if part >= 0.8 {
                    0
                } else if part >= 0.5 {
                    2
                } else if ratio > 1.05 {
                    1
                } else {
                    3
                };
                assert_eq!(choice, expected, "{answer:?}");
            }
        }
    }
}

#[test]
fn forty_pictures_are_learned_by_heart() {
    for seed in SEEDS {
        let (answer, number) = answer("few-pictures", seed);
        assert_eq!(number("train_accuracy_conv"), 1.0, "the question says so: {answer:?}");
        let gap = number("train_accuracy_conv") - number("accuracy_conv");
        assert!(gap > 0.25 && number("accuracy_conv") > 0.3, "{answer:?}");
        assert!(answer.words.contains(&format!("a gap of {:.0} points", 100.0 * gap)), "{answer:?}");
    }
}

/// An answer that depends on the seed would be luck, so the options are such that it does not.
#[test]
#[ignore = "minutes; ./lab test full runs it"]
fn twenty_seeds_give_the_same_answer() {
    let points = |seed| {
        let (answer, number) = answer("accuracy-price", seed);
        assert_eq!(answer.choice, Some(1), "{answer:?}");
        100.0 * (number("accuracy_separable") - number("accuracy_conv"))
    };
    println!("{:?}", (1..=20).map(points).collect::<Vec<f64>>());
}
