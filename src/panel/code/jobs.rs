//! Jobs of the chapter of code: files that a worker writes, and what is said about them.

use crate::client::{FileEvent, FileJob};
use crate::protocol::{DeviceChoice, FileAnswer, FileRequest, SavedArm};
use crate::run::any::{AnyConfig, AnyExperiment};
use crate::ui::export::download_bytes;
use std::cell::RefCell;
use std::rc::Rc;
use yew::prelude::*;

/// The state of the last job, in words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Status {
    #[default]
    None,
    Working(String),
    Done(String),
    Failed(String),
}

impl Status {
    /// Returns the status as a line of text.
    pub(super) fn line(&self) -> Html {
        match self {
            Self::None => Html::default(),
            Self::Working(words) => html! { <p class="muted" role="status">{ words }</p> },
            Self::Done(words) => html! { <p role="status">{ words }</p> },
            Self::Failed(words) => {
                html! { <div class="notice" data-kind="error" role="alert"><p>{ words }</p></div> }
            }
        }
    }
}

/// Starts jobs, one at a time.
#[derive(Clone)]
pub(super) struct Jobs {
    pub(super) experiment: &'static AnyExperiment,
    pub(super) config: AnyConfig,
    pub(super) device: DeviceChoice,
    job: Rc<RefCell<Option<FileJob>>>,
    status: UseStateHandle<Status>,
}

/// Returns the jobs of the chapter, which end with it.
#[hook]
pub(super) fn use_jobs(experiment: &'static AnyExperiment, config: &AnyConfig, device: DeviceChoice) -> Jobs {
    let job = use_mut_ref(|| None);
    let status = use_state_eq(Status::default);
    Jobs { experiment, config: config.clone(), device, job, status }
}

impl Jobs {
    /// Returns the status of the last job.
    pub(super) fn status(&self) -> &Status {
        &self.status
    }

    /// Says something instead of starting a job.
    pub(super) fn say(&self, status: Status) {
        self.status.set(status);
    }

    /// Returns what a button does that saves the file of weights and batches.
    pub(super) fn set_up_button(&self) -> Callback<MouseEvent> {
        let jobs = self.clone();
        Callback::from(move |_| {
            let name = format!("nn-lab-{}-setup.safetensors", jobs.experiment.slug);
            jobs.start(0, None, &FileRequest::SetUp, move |answer| save_answer(&name, answer));
        })
    }

    /// Starts a job. `done` gets its answer, and returns what is said about it.
    pub(super) fn start(
        &self,
        arm: usize,
        from: Option<Rc<SavedArm>>,
        request: &FileRequest,
        done: impl Fn(FileAnswer) -> Status + 'static,
    ) {
        let status = self.status.setter();
        status.set(Status::Working("Starting the worker…".to_owned()));
        let listener = Callback::from(move |event| match event {
            FileEvent::Loading(what) => status.set(Status::Working(format!("Loading {what}…"))),
            FileEvent::Working(progress) => {
                let words = format!("Recording step {} of {}…", progress.step, progress.steps);
                status.set(Status::Working(words));
            }
            FileEvent::Done(answer) => status.set(done(answer)),
            FileEvent::Failed(why) => status.set(Status::Failed(why)),
        });
        let started =
            FileJob::start(self.experiment, &self.config, self.device, (arm, from), request, listener);
        if started.is_none() {
            self.status.set(Status::Failed("The settings could not be sent to the worker.".to_owned()));
        }
        *self.job.borrow_mut() = started;
    }
}

/// Saves a file that a worker has written.
pub(super) fn save_answer(name: &str, answer: FileAnswer) -> Status {
    let FileAnswer::Written(bytes) = answer else { return Status::None };
    match download_bytes(name, &bytes) {
        Some(()) => Status::Done(format!("Saved as {name} ({:.1} MB).", bytes.len() as f64 / 1e6)),
        None => Status::Failed("The browser did not let the file be saved.".to_owned()),
    }
}
