//! Runs that can be kept.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![cfg(feature = "compute")]

mod collector;

use burn::tensor::Device;
use collector::{Collector, block_on};
use nn_lab::core::settings::{Settings, with};
use nn_lab::for_each_section;
use nn_lab::run::Experiment;
use std::collections::BTreeSet;

/// The settings with each of these keys set, where the section has it.
fn small<C: Settings>() -> C {
    let values = [("steps", 3), ("batch_size", 8), ("seq_len", 12), ("width", 8), ("d_model", 16)];
    values
        .iter()
        .fold(C::default(), |config, (key, value)| with(&config, key, &(*value).into()).unwrap_or(config))
}

#[track_caller]
fn leaves_series<E: Experiment>() {
    let slug = E::SLUG;
    let named = |record: &E::Record| {
        let series = E::series(record);
        let names: BTreeSet<_> = series.iter().map(|series| series.metric.to_string()).collect();
        let titles: BTreeSet<_> = series.iter().map(|series| series.title.to_string()).collect();
        assert_eq!((names.len(), titles.len()), (series.len(), series.len()), "{slug}: two of one name");
        for name in &names {
            let fits = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            assert!(fits, "{slug}: {name}");
        }
        (names, series)
    };
    let (before, empty) = named(&E::Record::default());
    assert!(before.iter().any(|name| name.starts_with("loss_")), "{slug}: {before:?}");
    assert!(empty.iter().all(|series| series.points.is_empty()), "{slug}: points without a run");

    let mut out = Collector::<E> { stop_at: Some(3), ..Collector::default() };
    block_on(E::run(small::<E::Config>(), &Device::flex(), &mut out)).expect("it runs");
    let mut record = out.record();
    let (after, series) = named(&record);
    assert!(before.is_subset(&after), "{slug}: a curve was lost");
    for series in &series {
        let name = &series.metric;
        let steps: Vec<f64> = series.points.iter().map(|point| point.0).collect();
        assert!(!steps.is_empty(), "{slug}: {name} is empty");
        assert!(steps.is_sorted_by(|a, b| a < b), "{slug}: {name} is measured at {steps:?}");
        // What is learned from is measured at every step, what is only judged on now and then.
        if name.starts_with("loss_") && name != "loss_val" {
            assert_eq!(steps, [1.0, 2.0, 3.0], "{slug}: {name}");
        }
    }
    E::clear_run(&mut record);
    assert!(
        E::series(&record).iter().all(|series| series.points.is_empty()),
        "{slug}: a run was not cleared"
    );
}

#[test]
fn every_section_leaves_its_curves() {
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(leaves_series::<nn_lab::sections::$module::$experiment>();)*
        };
    }
    for_each_section!(each);
}
