//! Files that a worker writes or reads for programs outside the lab.

use crate::client::dispatcher::{Dispatcher, Start};
use crate::protocol::{
    ArmEvent, ArmId, ArmStart, DeviceChoice, Event, FileAnswer, FileRequest, Progress, RunId, SavedArm, Task,
};
use crate::run::any::{AnyConfig, AnyExperiment};
use std::rc::Rc;
use yew::Callback;

/// The state of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum FileEvent {
    /// A file is being downloaded.
    Loading(String),
    /// Steps are being done.
    Working(Progress),
    /// The answer.
    Done(FileAnswer),
    /// The reason why there is none, as a sentence.
    Failed(String),
}

/// A job that ends when this is dropped.
#[derive(Debug)]
pub struct FileJob(RunId);

impl FileJob {
    /// Starts a job for one arm of a section with these settings. `from` is the state of the arm that the request is about.
    /// Returns `None` if the settings cannot be sent.
    pub fn start(
        experiment: &'static AnyExperiment,
        config: &AnyConfig,
        device: DeviceChoice,
        (arm, from): (usize, Option<Rc<SavedArm>>),
        request: &FileRequest,
        listener: Callback<FileEvent>,
    ) -> Option<Self> {
        let request = postcard::to_stdvec(request).ok()?;
        let arms = vec![ArmStart {
            id: ArmId::default(),
            arm: u8::try_from(arm).ok()?,
            config: experiment.encode(config)?,
            from,
        }];
        let start = Start {
            slug: experiment.slug,
            task: Task::File,
            device,
            arms,
            arms_per_seed: 1,
            paused: false,
            request: Some(request),
            worker: None,
            shards: 1,
        };
        let on_event = move |event: Event| {
            let Event::Arm { event, .. } = event else { return };
            let event = match event {
                ArmEvent::Loading { what, .. } => FileEvent::Loading(what),
                ArmEvent::Progress { progress, .. } => FileEvent::Working(progress),
                ArmEvent::Frame(bytes) => match postcard::from_bytes(&bytes) {
                    Ok(answer) => FileEvent::Done(answer),
                    Err(error) => FileEvent::Failed(format!("The answer could not be read: {error}.")),
                },
                ArmEvent::Failed(error) => FileEvent::Failed(error.to_string()),
                ArmEvent::Saved(_)
                | ArmEvent::Paused(_)
                | ArmEvent::Idle { .. }
                | ArmEvent::Finished { .. } => {
                    return;
                }
            };
            listener.emit(event);
        };
        Some(Self(Dispatcher::get().start(Callback::from(on_event), start)))
    }
}

impl Drop for FileJob {
    fn drop(&mut self) {
        Dispatcher::get().stop(self.0);
    }
}
