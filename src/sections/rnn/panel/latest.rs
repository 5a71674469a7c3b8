//! The latest gradients of a network: of its run, or of the untrained network before there is a run.

use crate::panel::PtrEq;
use crate::sections::rnn::{GradientRow, Record};

/// The gradients of one network. They are compared by pointer.
#[derive(Clone, PartialEq)]
pub(super) struct NetGradients {
    untrained: Option<PtrEq<GradientRow>>,
    run: PtrEq<Vec<GradientRow>>,
}

impl NetGradients {
    /// Returns the gradients of an arm.
    pub(super) fn of(record: &Record, arm: usize) -> Self {
        Self {
            untrained: record.untrained_gradients[arm].clone().map(PtrEq),
            run: PtrEq(record.arms[arm].gradients.clone()),
        }
    }

    /// Returns the latest measurement.
    pub(super) fn latest(&self) -> Option<&GradientRow> {
        self.rows().last()
    }

    /// Returns the measurements of the run, or only that of the untrained network before there are any. The first training
    /// step measures the untrained network again.
    pub(super) fn rows(&self) -> &[GradientRow] {
        if self.run.is_empty() {
            self.untrained.as_deref().map_or(&[], std::slice::from_ref)
        } else {
            &self.run
        }
    }
}

/// Returns the time of the latest measurements in words, for the titles of figures.
pub(super) fn when(networks: [&NetGradients; 2]) -> String {
    let [rnn, lstm] = networks.map(|network| network.latest().map_or(0, |row| row.step));
    match (rnn, lstm) {
        (0, 0) => "before training".to_owned(),
        (rnn, lstm) if rnn == lstm => format!("at step {rnn}"),
        (rnn, lstm) => format!("at steps {rnn} and {lstm}"),
    }
}
