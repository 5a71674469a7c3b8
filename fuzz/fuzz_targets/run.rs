//! The file of a run, and the stored list of saved runs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::run::any::AnyExperiment;
use nn_lab::saved_runs::{History, RunRecord};
use nn_lab::sections::mlp::Mlp;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let experiment = AnyExperiment::of::<Mlp>();
    if let Ok(run) = RunRecord::read(text, experiment) {
        // A run that was read is written as a file that reads as the same.
        assert_eq!(RunRecord::read(&run.to_json(), experiment).map(|again| again.to_json()).ok(), Some(run.to_json()));
    }
    let _ = History::from_text(text, experiment);
});
