//! The guided experiments and the predefined sweeps of section 3: with every seed, the answer follows from
//! the measurements.
#![cfg(feature = "compute")]

use crate::collector::{self, number, preset, probe, run, sweep};
use crate::findings::{assert_found, spread};
use nn_lab::core::guided::Answer;
use nn_lab::core::settings::{Settings, from_query};
use nn_lab::sections::resnet::{Config, NetFlow, PLAIN, RESIDUAL, Record, ResNet, decay};

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

/// Trains with the settings of a sweep and of a depth and seed.
#[track_caller]
fn run_of_sweep(title: &str, depth: u32, seed: u32) -> Record {
    let sweep = Config::SWEEPS.iter().find(|sweep| sweep.title == title).expect("the sweep");
    let (base, _) = from_query(&Config::default(), &sweep.values.iter().copied().collect());
    let (record, result) = run::<ResNet>(Config { depth, seed, ..base });
    assert_eq!(result, Ok(()));
    record
}

/// Returns a value of each record.
fn of_records(records: &[Record], value: impl Fn(&Record) -> Option<f64>) -> Vec<f64> {
    records.iter().map(|record| value(record).expect("measured")).collect()
}

/// The results that texts of section 3 state and that `docs/findings.md` lists.
#[test]
#[ignore = "minutes; it repeats the measurements of docs/findings.md"]
fn findings_of_resnet() {
    let found = |finding: &str, numbers: &str| assert_found("ResNet", finding, numbers);
    let gradients = probe::<ResNet>(Config { batch_norm: true, ..Config::default() });
    let flow = gradients.flow.expect("measured");
    let factor =
        |nets: &[NetFlow], value: fn(&NetFlow) -> &[f32]| decay(nets, value).expect("a slope").per_block;
    let per_net = |nets: &[NetFlow], value: fn(&NetFlow) -> &[f32]| {
        nets.iter().map(|net| factor(std::slice::from_ref(net), value)).collect::<Vec<_>>()
    };
    let of_weights = spread(&per_net(&flow.plain, |net| &net.weights), 2);
    found("With batch norm, the gradients of a plain network grow", &format!("× {of_weights} per block"));
    let explosion = Config { steps: 1, ..preset("explosion") };
    let flow = probe::<ResNet>(explosion.clone()).flow.expect("measured");
    let growth: Vec<f64> =
        per_net(&flow.residual, |net| &net.signals).into_iter().map(|factor| factor.powi(-2)).collect();
    let growth = spread(&growth, 2);
    found("With He initialization and shortcuts, without batch norm", &format!("× {growth} per block"));
    let records: Vec<Record> = SEEDS.map(|seed| run::<ResNet>(Config { seed, ..explosion.clone() }).0).into();
    let first = |arm: usize| {
        let losses = of_records(&records, |record| record.arms[arm].losses.first().map(|(_, loss)| *loss));
        spread(&losses, if arm == PLAIN { 2 } else { 0 })
    };
    let (plain, residual) = (first(PLAIN), first(RESIDUAL));
    found("The first loss of that residual network", &format!("residual {residual}; plain {plain} nats"));

    let start = std::time::Instant::now();
    let title = "Degradation: 20 and 56 layers";
    let records = [20, 56].map(|depth| SEEDS.map(|seed| run_of_sweep(title, depth, seed)));
    println!("{:.0} s", start.elapsed().as_secs_f64());
    let errors = records.each_ref().map(|records| {
        [PLAIN, RESIDUAL].map(|arm| of_records(records, |record| record.arms[arm].training_error().last_y()))
    });
    let numbers = |arm: usize| {
        format!("20 layers {}; 56 layers {}", spread(&errors[0][arm], 2), spread(&errors[1][arm], 2))
    };
    found("The training error of plain networks", &numbers(PLAIN));
    found("The training error of residual networks", &numbers(RESIDUAL));
    let accuracy =
        |arm: usize| spread(&of_records(&records[1], |record| record.arms[arm].accuracy.last_y()), 2);
    let (plain, residual) = (accuracy(PLAIN), accuracy(RESIDUAL));
    found("At 56 layers, the test accuracy", &format!("plain {plain}; residual {residual}"));
    let max = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
    let min = |values: &[f64]| values.iter().copied().fold(f64::MAX, f64::min);
    assert!(
        min(&errors[1][PLAIN]) > max(&errors[0][PLAIN]),
        "the deeper plain network is slower: {errors:?}"
    );
    assert!(max(&errors[1][RESIDUAL]) < min(&errors[1][PLAIN]), "{errors:?}");
}
