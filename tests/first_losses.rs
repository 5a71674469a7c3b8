//! The first ten losses of every network in all sections equal the recorded ones, bit for bit. A change that
//! should not alter numbers has to pass this test.
//!
//! `NN_LAB_RECORD=1 cargo test --features cpu --test native first_losses` records them again. Rounding differs between
//! processors with different vector lengths. On a processor other than the fixture's, losses must agree to
//! five digits.
#![cfg(feature = "compute")]

use crate::collector::{Collector, train};
use nn_lab::core::query::Query;
use nn_lab::core::settings::{Settings, from_query};
use nn_lab::for_each_section;
use nn_lab::run::{Experiment, Train};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const PATH: &str = "tests/fixtures/first_losses.json";
const STEPS: u32 = 10;

/// Settings by section: every optimizer, and every setting that changes how a loss is computed.
pub(crate) const SET_UPS: &[(&str, &str)] = &[
    ("mlp", "width=16&n_probe=8"),
    ("mlp", "dataset=circles&optimizer=sgd&activation=tanh&depth=2"),
    ("mlp", "dataset=fashion-mnist&optimizer=momentum&width=8&depth=1"),
    ("cnn", "width=4&batch_size=8&n_train=100&n_test=50"),
    ("resnet", "depth=8&batch_size=8"),
    ("resnet", "depth=8&batch_size=8&batch_norm=1&init=he&optimizer=momentum&augment=1&block=bottleneck"),
    ("rnn", "seq_len=30&batch_size=8"),
    ("rnn", "seq_len=20&batch_size=8&forget_bias=one&spectral_radius=1.1&alphabet=shared"),
    ("attention", "batch_size=8"),
    ("attention", "batch_size=8&optimizer=momentum&learning_rate=0.1&d_k=16"),
    ("transformer", "d_model=16&layers=2&batch_size=4&context=32"),
    ("transformer", "d_model=16&layers=1&batch_size=4&context=32&dropout=0.2&positions=learned&tied=0"),
];

#[derive(Debug, Serialize, Deserialize)]
struct Fixture {
    /// The processor's architecture and the vector instructions that affect rounding.
    machine: String,
    /// By section and settings, then by the series' name.
    losses: BTreeMap<String, BTreeMap<String, Vec<f32>>>,
}

fn machine() -> String {
    #[cfg(target_arch = "x86_64")]
    let vectors = [
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let vectors: [(&str, bool); 0] = [];
    let has = vectors.iter().filter(|(_, has)| *has).map(|(name, _)| *name);
    std::iter::once(std::env::consts::ARCH).chain(has).collect::<Vec<_>>().join(" ")
}

fn losses<E: Train>(query: &str) -> BTreeMap<String, Vec<f32>> {
    let query = Query::parse(query);
    for (key, _) in query.iter() {
        assert!(E::Config::PARAMS.iter().any(|param| param.key == key), "{}: {key}", E::SLUG);
    }
    let (config, warnings) = from_query(&E::Config::default(), &query);
    assert!(warnings.is_empty(), "{}: {warnings:?}", E::SLUG);
    let mut out = Collector::<E> { stop_at: Some(STEPS), ..Collector::default() };
    train::<E>(&config, &mut out).expect("it runs");
    let series = E::series(&out.record());
    let of_training =
        series.iter().filter(|series| series.metric.starts_with("loss_") && series.metric != "loss_val");
    of_training
        .map(|series| (series.metric.to_string(), series.points.iter().map(|point| point.1 as f32).collect()))
        .collect()
}

#[test]
fn first_ten_losses_equal_the_recorded_ones() {
    let mut measured = BTreeMap::new();
    macro_rules! each {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            $(
                type $experiment = nn_lab::sections::$module::$experiment;
                for (slug, query) in SET_UPS.iter().filter(|(slug, _)| *slug == $experiment::SLUG) {
                    measured.insert(format!("{slug}?{query}"), losses::<$experiment>(query));
                }
            )*
        };
    }
    for_each_section!(each);
    assert_eq!(measured.len(), SET_UPS.len(), "every set-up is of a section");
    for (set_up, losses) in &measured {
        assert!(!losses.is_empty(), "{set_up}: no losses");
        assert!(losses.values().all(|losses| losses.len() == STEPS as usize), "{set_up}: {losses:?}");
    }
    let measured = Fixture { machine: machine(), losses: measured };
    if std::env::var_os("NN_LAB_RECORD").is_some() {
        let text = serde_json::to_string_pretty(&measured).expect("it can be written");
        std::fs::write(PATH, text + "\n").expect("the fixture can be written");
    }
    let text = std::fs::read_to_string(PATH).expect("the fixture is there");
    let fixture: Fixture = serde_json::from_str(&text).expect("the fixture is JSON");
    if fixture.machine == measured.machine {
        assert_eq!(fixture.losses, measured.losses);
        return;
    }
    println!("{} here, {} there: five digits are compared", measured.machine, fixture.machine);
    for (set_up, networks) in &fixture.losses {
        for (name, theirs) in networks {
            let ours = &measured.losses[set_up][name];
            let near = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
            assert!(ours.iter().zip(theirs).all(near), "{set_up} {name}: {ours:?}, not {theirs:?}");
        }
    }
}
