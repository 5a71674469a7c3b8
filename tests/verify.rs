//! Runs every case of the page `#/verify` on the CPU.
#![cfg(feature = "compute")]

use crate::collector::{Collector, block_on};
use burn::tensor::{Device, Tensor};
use nn_lab::core::query::Query;
use nn_lab::core::settings::from_query;
use nn_lab::data::reference;
use nn_lab::for_each_section;
use nn_lab::run::{Experiment, Train};
use nn_lab::verify::case::{Case, Pairs, Side, Tensors, Tolerance, relative_error};
use nn_lab::verify::report::Outcome;
use nn_lab::verify::{cases, section, self_test};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn packed() -> Vec<u8> {
    std::fs::read(format!("static/{}", reference::PATH)).expect("the file with the references is there")
}

fn references() -> Value {
    reference::read(&packed()).expect("the file with the references can be read")
}

/// Returns the outcome of a case on the CPU.
fn verified(case: &Case) -> Outcome {
    let reference = block_on(case.reference()).expect("the CPU answers");
    block_on(case.run(&Device::flex(), reference.as_deref())).expect("the CPU answers")
}

/// Asserts that all cases of a group agree, and that there are at least `at_least`.
#[track_caller]
fn agree(group: &str, at_least: usize) {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in cases(&Ok(references())).iter().filter(|case| case.group == group) {
        let outcome = verified(case);
        println!("{case:?}: {:?} of {:e}, {}", outcome.error, outcome.tolerance, outcome.place);
        if !outcome.agrees() {
            wrong.push(format!("{case:?}: {outcome:?}"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= at_least, "{group} has {count} cases, fewer than {at_least}");
}

#[test]
fn the_mlp_and_its_training_agree_with_pytorch() {
    agree("MLP", 25);
}

#[test]
fn convolutions_and_networks_of_them_agree_with_pytorch() {
    agree("CNN", 10);
}

#[test]
fn residual_blocks_and_networks_agree_with_pytorch() {
    agree("ResNet", 32);
}

#[test]
fn recurrent_networks_agree_with_pytorch_and_autodiff() {
    agree("RNN and LSTM", 5);
}

#[test]
fn attention_agrees_with_pytorch() {
    agree("Attention", 12);
}

#[test]
fn the_transformer_and_adamw_agree_with_pytorch() {
    agree("Transformer", 4);
}

#[test]
fn optimizers_agree_with_their_equations() {
    agree("Optimizers", 8);
}

#[test]
fn kernels_agree_with_burns_operations() {
    agree("Kernels", 15);
}

#[test]
fn functions_and_sums_agree_with_64_bits() {
    agree("Formulas", 12);
}

#[test]
fn every_group_is_run() {
    let here = include_str!("verify.rs");
    for case in cases(&Ok(references())) {
        assert!(here.contains(&format!("agree(\"{}\"", case.group)), "no test runs {case:?}");
    }
}

#[test]
fn the_first_losses_of_every_section_agree_with_the_recorded_ones() {
    let references = references();
    let set_ups = section::set_ups(&references);
    let mut seen = BTreeMap::new();
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(
                type $experiment = nn_lab::sections::$module::$experiment;
                for set_up in set_ups.iter().filter(|set_up| set_up.slug == $experiment::SLUG) {
                    for arm in 0..$experiment::ARMS.len() {
                        first_losses::<$experiment>(set_up, arm, &references);
                        *seen.entry($experiment::SLUG).or_insert(0) += 1;
                    }
                }
                assert!(seen.contains_key($experiment::SLUG), "{} has no set-up", $experiment::SLUG);
            )*
        };
    }
    for_each_section!(each);
    assert!(seen.values().sum::<usize>() >= 20, "{seen:?}");
}

fn first_losses<E: Train>(set_up: &section::SetUp, arm: usize, references: &Value) {
    let (config, warnings) = from_query(&E::Config::default(), &Query::parse(&set_up.query));
    assert!(warnings.is_empty(), "{set_up:?}: {warnings:?}");
    let recorded = section::recorded::<E>(set_up, arm, references);
    assert_eq!(recorded.len(), 10, "{set_up:?}, network {arm}");
    let mut out = Collector::<E>::default();
    let device = Device::flex();
    let found = section::first_losses::<E>(config, arm, &recorded, &device, &mut out);
    let outcome = block_on(found).expect("the CPU answers");
    let result = section::result::<E>(E::SLUG, set_up, arm, outcome.clone());
    assert!(outcome.agrees(), "{result:?}");
}

/// Measures the first recorded configuration of each section.
#[test]
fn the_pace_of_every_section_can_be_measured() {
    let set_ups = section::set_ups(&references());
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(
                type $experiment = nn_lab::sections::$module::$experiment;
                let set_up = set_ups.iter().find(|set_up| set_up.slug == $experiment::SLUG).expect("a set-up");
                let config = from_query(&Default::default(), &Query::parse(&set_up.query)).0;
                let mut out = Collector::<$experiment>::default();
                let device = Device::flex();
                let pace = block_on(section::pace::<$experiment>(config, 0, &device, &mut out)).expect("it trains");
                assert!(pace.steps > 0 && pace.step_ms > 0.0 && pace.step_ms < 60_000.0, "{pace:?}");
            )*
        };
    }
    for_each_section!(each);
}

#[test]
fn the_packed_references_match_the_fixtures() {
    let bytes = packed();
    assert!(bytes.len() <= 300_000, "{} bytes", bytes.len());
    let mut fixtures = serde_json::Map::new();
    for path in std::fs::read_dir("tests/fixtures").expect("the fixtures").flatten().map(|entry| entry.path())
    {
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).expect("a fixture");
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            fixtures.insert(name, serde_json::from_str(&text).expect("JSON"));
        }
    }
    assert!(references() == Value::Object(fixtures), "out of date: run ./lab data reference");
}

#[test]
fn a_damaged_file_is_rejected_and_the_other_cases_still_run() {
    let whole = packed();
    type Damage = fn(&mut Vec<u8>);
    let damaged: [Damage; 6] = [
        |bytes| bytes.clear(),
        |bytes| bytes.truncate(1000),
        |bytes| bytes[0] ^= 1,
        |bytes| bytes[8] ^= 2,
        // The size, and then a bit of the packed data.
        |bytes| bytes[15] = 0xff,
        |bytes| bytes[100_000] ^= 4,
    ];
    for (i, damage) in damaged.iter().enumerate() {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        assert!(reference::read(&bytes).is_err(), "damage {i}");
    }
    let cases = cases(&reference::read(&[]));
    let unchecked: Vec<&Case> = cases.iter().filter(|case| case.what == "all cases").collect();
    assert_eq!(unchecked.len(), 6, "one for each fixture");
    for case in unchecked {
        let outcome = verified(case);
        assert!(!outcome.agrees() && outcome.place.contains("NNLABREF"), "{outcome:?}");
    }
    assert!(cases.iter().any(|case| case.group == "Kernels"));
    assert!(section::set_ups(&Value::Null).is_empty());
}

/// Removes values from fixtures, or replaces them: each case reports it in a sentence, and nothing panics.
#[test]
fn missing_values_of_a_fixture_are_reported() {
    let mut references = references();
    references["mlp.json"]["cases"][0]["logits"] = Value::Null;
    references["mlp.json"]["cases"][1]["activation"] = json!("cosine");
    references["cnn.json"]["convolutions"][0]["weight"] = json!([[1.0, 2.0], [3.0]]);
    references["resnet.json"]["blocks"][0]["convs"][0]["weight"] = json!("none");
    references["rnn.json"]["cases"][0]["weights"] = json!({});
    references["attention.json"]["heads"]["weights"]["key"] = json!([[1.0]]);
    references["transformer.json"]["cases"][0]["params"]["head"] = json!([[1.0]]);
    references["transformer.json"]["adamw"]["lr"] = json!("fast");
    let mut unchecked = BTreeMap::new();
    for case in &cases(&Ok(references)) {
        let outcome = verified(case);
        if outcome.error.is_none() {
            assert!(outcome.place.ends_with('.'), "no sentence: {}", outcome.place);
            *unchecked.entry(case.group).or_insert(0) += 1;
        }
    }
    for group in ["MLP", "CNN", "ResNet", "RNN and LSTM", "Attention", "Transformer"] {
        assert!(unchecked.contains_key(group), "{group} is not among {unchecked:?}");
    }
}

static STRICT: Tolerance = Tolerance { cpu: 1e-6, gpu: 1e-6, why: "A test." };

#[test]
fn a_wrong_value_is_located() {
    let case = |wrong: f32| {
        Case::new("Test", "two tensors", "by hand", &STRICT, move |device| {
            let mut pairs = Pairs::default();
            pairs.numbers("first", Tensor::<1>::from_floats([1.0, 2.0], device), vec![1.0, 2.0])?;
            let ours = Tensor::<2>::from_floats([[4.0], [8.0 + wrong]], device);
            pairs.numbers("second", ours, vec![4.0, 8.0])?;
            Ok(pairs)
        })
    };
    let run = |wrong| verified(&case(wrong));
    assert!(run(0.0).agrees());
    let off = run(0.5);
    assert_eq!((off.error, off.place.as_str(), off.agrees()), (Some(0.0625), "second", false));
    assert!(!run(f32::NAN).agrees() && !run(f32::INFINITY).agrees());
}

#[test]
fn two_implementations_are_compared_tensor_by_tensor() {
    let case = |lab: f32, reference_value: Option<f32>| {
        Case::of_both_sides("Test", "two tensors", "another way", &STRICT, move |side, device| {
            let mut tensors = Tensors::default();
            let number = if side == Side::Lab { Some(lab) } else { reference_value };
            tensors.add("first", Tensor::<1>::from_floats([1.0, 2.0], device));
            if let Some(number) = number {
                tensors.add("second", Tensor::<2>::from_floats([[4.0], [number]], device));
            }
            Ok(tensors)
        })
    };
    assert!(verified(&case(8.0, Some(8.0))).agrees());
    let off = verified(&case(8.5, Some(8.0)));
    assert_eq!((off.error, off.place.as_str()), (Some(0.0625), "second"));
    let fewer = verified(&case(8.0, None));
    assert!(fewer.error.is_none() && fewer.place.contains("second has 2 numbers"), "{fewer:?}");
    let none = block_on(case(8.0, Some(8.0)).run(&Device::flex(), None)).expect("the CPU answers");
    assert!(none.error.is_none() && none.place.ends_with("no reference."), "{none:?}");
    let more = block_on(case(8.0, Some(8.0)).run(&Device::flex(), Some(&[1.0, 2.0, 4.0, 8.0, 9.0])));
    assert!(more.expect("the CPU answers").error.is_none());
}

/// `NN_LAB_RECORD=1` records the values that GPUs are compared with.
#[test]
fn the_recorded_self_test_agrees_with_the_cpu() {
    let numbers = block_on(self_test::numbers(&Device::flex())).expect("the CPU answers");
    assert!(numbers.iter().all(|number| number.is_finite()));
    if std::env::var_os("NN_LAB_RECORD").is_some() {
        let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        std::fs::write("src/verify/self_test.bin", bytes).expect("it is written");
        return;
    }
    let off = self_test::max_error(&numbers, &self_test::recorded());
    assert!(off < 1e-5, "{off:e}");
    let mut wrong = numbers.clone();
    wrong[7] = f32::NAN;
    assert_eq!(self_test::max_error(&wrong, &numbers), f32::INFINITY);
    assert_eq!(self_test::max_error(&wrong[1..], &numbers), f32::INFINITY);
}

#[test]
fn errors_are_relative_to_the_largest_value() {
    let error = |ours: &[f64], theirs: &[f64]| relative_error(ours.iter().copied(), theirs);
    assert_eq!(error(&[1.0, 101.0], &[2.0, 100.0]), 0.01);
    // The error of a gradient close to zero is not relative to its own size.
    assert!(error(&[1e-9], &[2e-9]) < 1e-7);
    assert_eq!(error(&[1.0], &[1.0, 2.0]), f64::INFINITY);
    assert_eq!(error(&[f64::NAN], &[1.0]), f64::INFINITY);
}
