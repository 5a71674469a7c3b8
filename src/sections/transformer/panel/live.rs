//! The model that answers the reader: that of the run, or before a run the one that the probe has built.

use crate::client::RunHandle;
use crate::panel::PtrEq;
use crate::protocol::RunState;
use crate::sections::transformer::heads::Snapshot;
use crate::sections::transformer::{NextToken, Request, Sample, Transformer, Writing};
use std::rc::Rc;
use yew::prelude::*;

/// Identifies the weights of a model: a new version means that predictions are outdated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The model. Another one has not received earlier requests.
    pub(super) model: usize,
    pub(super) step: usize,
    pub(super) snapshots: usize,
    /// True if the weights are being trained.
    pub(super) is_running: bool,
    /// True while a text is written, which a request would stop.
    pub(super) is_writing: bool,
}

/// A model that answers requests, with its latest measurements. Before training, it has the weights that training starts
/// from.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Live {
    /// True if the model belongs to a run.
    pub(super) is_run: bool,
    /// True if the model answers requests.
    pub(super) listens: bool,
    /// Sends a request to the model.
    pub(super) ask: Callback<Request>,
    /// The version of its weights.
    pub(super) version: Version,
    /// Its latest prediction of the next character.
    pub(super) next: Option<PtrEq<NextToken>>,
    /// Its latest sample.
    pub(super) sample: Option<PtrEq<Sample>>,
    /// The attention of its heads.
    pub(super) heads: Option<PtrEq<Snapshot>>,
    /// The window on which the heads are shown.
    pub(super) window: PtrEq<Vec<char>>,
    /// The text that the reader requested.
    pub(super) writing: Writing,
}

/// Returns the model that answers. A run that has measured nothing yet is represented by the model before training, which
/// is the same.
#[hook]
pub(super) fn use_live(lab: &RunHandle<Transformer>) -> Live {
    let record = &lab.record;
    let run = record.run();
    let untrained = record.untrained.as_ref();
    let window = use_memo(untrained.map(|model| PtrEq(model.clone())), |model| {
        model.as_ref().map(|model| model.0.window.clone()).unwrap_or_default()
    });
    let answers = match lab.state {
        RunState::Idle | RunState::Error(_) => false,
        // A run that loads a file answers once the weights are loaded.
        RunState::Loading { .. } => run.loaded.is_some(),
        _ => true,
    };
    // The callback stays the same, so that frames of the run do not render everything again.
    let receiver = use_mut_ref(Callback::<Vec<u8>>::noop);
    receiver.replace(if answers { lab.ask.clone() } else { lab.ask_probe.clone() });
    let ask = use_callback((), move |request: Request, ()| {
        // Serializing plain data never fails.
        let bytes = postcard::to_stdvec(&request).unwrap_or_default();
        let receiver = receiver.borrow().clone();
        receiver.emit(bytes);
    });
    let first_sample = || untrained.and_then(|model| model.sample.clone());
    let first_heads = || untrained.map(|model| model.heads.clone());
    Live {
        is_run: answers,
        listens: answers || untrained.is_some(),
        ask,
        version: Version {
            model: if answers {
                lab.run as usize
            } else {
                untrained.map_or(0, |model| Rc::as_ptr(model) as usize)
            },
            step: if answers { run.losses.len() } else { 0 },
            snapshots: if answers { run.snapshots.len() } else { 0 },
            is_running: lab.state == RunState::Running,
            is_writing: if answers { run.written.busy } else { record.untrained_written.busy },
        },
        next: if answers {
            run.next.clone().or_else(|| record.untrained_next.clone())
        } else {
            record.untrained_next.clone()
        }
        .map(PtrEq),
        sample: run.samples.last().cloned().or_else(first_sample).map(PtrEq),
        heads: run.snapshots.last().cloned().or_else(first_heads).map(PtrEq),
        window: if run.window.is_empty() { PtrEq(window) } else { PtrEq(run.window.clone()) },
        writing: if answers { run.written.clone() } else { record.untrained_written.clone() },
    }
}
