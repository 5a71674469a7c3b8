//! The guided experiments and the predefined sweeps of section 3: with every seed, the answer follows from
//! the measurements.
#![cfg(feature = "compute")]

use crate::collector::{self, number, sweep};
use nn_lab::core::guided::Answer;
use nn_lab::sections::resnet::{PLAIN, RESIDUAL, ResNet};

/// Returns the answer of an experiment for a seed, and a function that looks up its numbers by name.
#[track_caller]
fn answer(slug: &str, seed: u32) -> (Answer, impl Fn(&str) -> f64) {
    let answer = collector::answer::<ResNet>(slug, seed);
    (answer.clone(), move |name: &str| number(&answer, name))
}

const SEEDS: [u32; 3] = [1, 2, 3];

#[test]
fn gradients_vanish_only_without_shortcuts() {
    for seed in SEEDS {
        let (plain, number) = answer("vanishing-gradient", seed);
        assert!(number("decay_plain") < 0.5 && plain.words.contains("vanishes"), "{plain:?}");
        let (residual, number) = answer("shortcut-gradient", seed);
        assert!(number("decay_residual") > 0.5, "{residual:?}");
        assert!(
            residual.words.contains("nearer to × 1 than") && !residual.words.contains("no nearer"),
            "{residual:?}"
        );
    }
}

#[test]
fn a_network_without_gradient_stays_at_chance() {
    for seed in SEEDS {
        let (answer, number) = answer("loss-without-gradient", seed);
        assert!((number("loss_plain") - 10f64.ln()).abs() < 0.05, "{answer:?}");
        assert!(number("loss_residual") < 2.1 && answer.words.contains("flat line"), "{answer:?}");
    }
}

/// Checks that the answer follows from the losses, and returns it with the gradient's factor per block.
#[track_caller]
fn judged_by_its_losses(slug: &str, seed: u32) -> (Answer, f64) {
    let (answer, number) = answer(slug, seed);
    let ahead = number("loss_plain") - number("loss_residual");
    let expected = if ahead > 0.05 {
        (2, "The residual")
    } else if ahead < -0.05 {
        (0, "The plain")
    } else {
        (1, "Both")
    };
    assert_eq!(answer.choice, Some(expected.0), "{answer:?}");
    assert!(answer.words.starts_with(expected.1), "{answer:?}");
    (answer, number("decay_plain"))
}

#[test]
fn with_batch_norm_gradients_arrive_and_the_plain_network_is_slower() {
    for seed in SEEDS {
        let (answer, decay) = judged_by_its_losses("batch-norm-alone", seed);
        assert!(decay > 1.0 && answer.choice == Some(2), "{answer:?}");
        assert!(answer.words.contains("missing gradients are not the cause"), "{answer:?}");
    }
}

#[test]
fn he_initialization_preserves_the_gradient() {
    for seed in SEEDS {
        let (answer, decay) = judged_by_its_losses("he-without-shortcuts", seed);
        assert!((0.9..1.2).contains(&decay), "{answer:?}");
    }
}

#[test]
fn the_signal_explodes_with_shortcuts_and_he_initialization() {
    for seed in SEEDS {
        let (answer, number) = answer("exploding-signal", seed);
        assert!(number("first_loss_residual") > 50.0 && answer.choice == Some(2), "{answer:?}");
        assert!(number("first_loss_plain") < 10.0, "{answer:?}");
    }
}

#[test]
fn a_plain_network_of_56_layers_degrades() {
    // Each seed takes a minute; `./lab test full` runs the other seeds in the browser.
    let (answer, decay) = judged_by_its_losses("degradation-56", 1);
    assert!(decay > 1.0 && answer.choice == Some(2), "{answer:?}");
}

#[test]
#[ignore = "many seconds; ./lab test full runs it"]
fn sweeps_over_depth_show_what_their_texts_claim() {
    let bare = sweep::<ResNet>("Accuracy over depth");
    for depth in &bare {
        assert!(depth[RESIDUAL].median > 0.25 && depth[RESIDUAL].low > depth[PLAIN].high, "{depth:?}");
    }
    let normed = sweep::<ResNet>("Accuracy over depth, batch norm");
    let ([.., deep], [shallow, .., normed_deep]) = (&*bare, &*normed) else { panic!("there are depths") };
    assert!(deep[PLAIN].high < 0.12, "{deep:?}");
    assert!((shallow[PLAIN].median - shallow[RESIDUAL].median).abs() < 0.05, "{shallow:?}");
    assert!(normed_deep[PLAIN].high < shallow[PLAIN].low - 0.1, "{normed:?}");
    assert!(normed_deep[RESIDUAL].median > shallow[RESIDUAL].median - 0.05, "{normed:?}");
}
