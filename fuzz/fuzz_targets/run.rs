//! A run file, and the list of runs in a browser's storage.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nn_lab::run::any::AnyExperiment;
use nn_lab::saved_runs::{History, RunRecord};
use nn_lab::sections::mlp::Mlp;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let experiment = AnyExperiment::of::<Mlp>();
    if let Ok(run) = RunRecord::read(text, experiment) {
        // Writing and reading a record again results in the same record.
        assert_eq!(RunRecord::read(&run.to_json(), experiment).map(|again| again.to_json()).ok(), Some(run.to_json()));
    }
    let _ = History::from_text(text, experiment);
});
