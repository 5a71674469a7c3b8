//! A run and its weights as the lab wrote them when widths and numbers of heads were texts. The code of commit c472b57 made
//! both: a native run of [`config`], its `Evidence::to_json()`, and what it answered to `Request::Save`.
//! `tests/e2e/older_files.test.mjs` opens the same two files in the page.
#![cfg(feature = "compute")]

use crate::collector::{Collector, train};
use nn_lab::core::schema::Schema;
use nn_lab::core::settings::Settings;
use nn_lab::core::{Verdict, settings};
use nn_lab::run::any::AnyExperiment;
use nn_lab::saved_runs::{Outcome, RunRecord};
use nn_lab::sections::transformer::{Config, Request, Transformer};

const RUN: &str = include_str!("e2e/fixtures/older-run.json");
const WEIGHTS: &[u8] = include_bytes!("e2e/fixtures/older-weights.safetensors");

fn older_run() -> RunRecord {
    RunRecord::read(RUN, AnyExperiment::of::<Transformer>()).expect("it is opened")
}

/// What both files were made with; what was no setting then is at its default, which is how the model was.
fn config() -> Config {
    Config {
        layers: 1,
        heads: 2,
        d_model: 16,
        context: 8,
        batch_size: 4,
        steps: 40,
        warmup: 5,
        learning_rate: 0.01,
        sample_length: 12,
        ..Config::default()
    }
}

fn last(run: &RunRecord, metric: &str) -> f64 {
    run.series
        .iter()
        .find(|series| series.metric == metric)
        .and_then(|series| series.last())
        .expect("a curve")
}

#[test]
fn a_run_of_an_earlier_version_is_read_whole() {
    let run = older_run();
    assert!(Config::from_values(&run.config).is_err(), "the file is an old one: it has texts for numbers");
    assert_eq!(Config::from_values(&run.settings(&Schema::of::<Config>()).expect("settings")), Ok(config()));
    assert_eq!(settings::from_map::<Config>(&run.config), config());
    let lengths: Vec<_> = run.series.iter().map(|s| (s.metric.as_str(), s.points.len())).collect();
    assert_eq!(lengths, [("loss_train", 40), ("loss_val", 5)]);
    assert!(last(&run, "loss_val") < 4.0);
    assert_eq!((run.outcome.clone(), run.steps.done, run.changes.len()), (Outcome::Done, 40, 1));
    let count = |verdict| run.checks.iter().filter(|check| check.verdict == verdict).count();
    assert_eq!((run.checks.len(), count(Verdict::Open)), (5, 0));
    assert_eq!(run.to_json(), RUN, "saved again it is the same");
}

#[test]
fn weights_of_an_earlier_version_give_the_loss_that_they_had() {
    let ask = postcard::to_stdvec(&Request::Load(WEIGHTS.to_vec())).expect("it can be encoded");
    let mut out = Collector::<Transformer> { requests: vec![(0, ask)], ..Collector::default() };
    train::<Transformer>(&config(), &mut out).expect("it runs");
    let record = out.record();
    assert_eq!((record.run().loaded, record.run().refused.clone()), (Some(40), None));
    let (loss, was) = (record.run().validation.last_y().expect("a loss"), last(&older_run(), "loss_val"));
    assert!((loss - was).abs() < 1e-5, "{loss}, and it was {was}");
}
