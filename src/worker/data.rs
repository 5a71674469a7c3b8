//! Reads the visitor's files as data sets.

use crate::core::data_set::{DataAnswer, DataRequest};
use crate::core::{LabError, Progress};
use crate::data::own::{DataFile, lines, table, texts};
use crate::protocol::{ArmEvent, ArmId, Event, Pace, RunId};
use crate::worker::control::Control;
use crate::worker::job::post_arm;
use crate::worker::pictures;
use crate::worker::runtime::{self, Blob};
use std::cell::Cell;
use std::rc::Rc;

/// The minimum time between two reports of the progress, in milliseconds.
const REPORT_MS: f64 = 100.0;

/// The reading of some files, which the page may cancel.
pub(super) struct DataJob {
    pub(super) run: RunId,
    pub(super) control: Rc<Control>,
}

impl DataJob {
    /// Tells the page how many of `total` files or pictures are done. `what` names them.
    pub(super) fn progress(&self, what: &str, done: u32, total: u32) {
        thread_local! {
            static REPORTED: Cell<f64> = const { Cell::new(0.0) };
        }
        let now = runtime::now_ms();
        if done < total && now - REPORTED.get() < REPORT_MS {
            return;
        }
        REPORTED.set(now);
        if done == 0 {
            let loading = ArmEvent::Loading { what: what.to_owned(), bytes: 0, total: None };
            post_arm(self.run, ArmId::default(), loading);
        }
        let progress = Progress { step: done, steps: total };
        post_arm(self.run, ArmId::default(), ArmEvent::Progress { progress, pace: Pace::default() });
    }

    /// Returns true if the page no longer waits for the answer.
    pub(super) fn is_cancelled(&self) -> bool {
        self.control.is_stopped()
    }

    /// Waits for one turn of the event loop, so that runs continue and a cancellation arrives.
    pub(super) async fn breathe(&self) {
        runtime::yield_now().await;
    }
}

/// Reads files and answers the page.
pub(super) async fn prepare(job: DataJob, request: DataRequest, names: Vec<String>, blobs: Vec<Blob>) {
    let answered = answer(&job, request, names, blobs).await;
    if job.is_cancelled() {
        return;
    }
    let stored = answered.and_then(|(answer, file)| {
        let blob = file.map(|file| Blob::of(&file.to_bytes())).transpose();
        let blob = blob.map_err(|_| {
            LabError::Data("The data set does not fit into the memory that the browser gives.".to_owned())
        })?;
        Ok((answer, blob))
    });
    match stored {
        Ok((answer, blob)) => {
            let blobs: Vec<Blob> = blob.into_iter().collect();
            runtime::post_with(&Event::Prepared { run: job.run, answer: Rc::new(answer) }, &blobs);
        }
        Err(error) => post_arm(job.run, ArmId::default(), ArmEvent::Failed(error)),
    }
}

async fn answer(
    job: &DataJob,
    request: DataRequest,
    names: Vec<String>,
    mut blobs: Vec<Blob>,
) -> Result<(DataAnswer, Option<DataFile>), LabError> {
    let base = if blobs.len() > names.len() { Some(blobs.remove(0)) } else { None };
    let base = match base {
        Some(base) => Some(bytes_of("The data set", &base).await?),
        None => None,
    };
    let files: Vec<(String, Blob)> = names.into_iter().zip(blobs).collect();
    let card = |file: &Option<DataFile>| file.as_ref().map(|file| file.card.clone());
    Ok(match request {
        DataRequest::Table(options) => {
            let (name, bytes) = single(&files).await?;
            let (preview, file) = table::read(&name, &bytes, &options);
            (DataAnswer::Table(preview, card(&file)), file)
        }
        DataRequest::Lines(options) => {
            let (name, bytes) = single(&files).await?;
            let (preview, file) = lines::read(&name, &bytes, &options);
            (DataAnswer::Lines(preview, card(&file)), file)
        }
        DataRequest::Texts => {
            let mut read = Vec::new();
            for (at, (name, blob)) in files.iter().enumerate() {
                job.progress("files", at as u32, files.len() as u32);
                read.push((name.clone(), bytes_of(name, blob).await?));
            }
            let (preview, file) = texts::read(&read)?;
            (DataAnswer::Texts(preview, file.card.clone()), Some(file))
        }
        DataRequest::Pictures(options) => {
            let (answer, file) = pictures::read(&options, files, base, job).await?;
            (DataAnswer::Pictures(answer), file)
        }
        DataRequest::EditPictures(edit) => {
            let base = base.ok_or_else(|| {
                LabError::Data("The set of pictures is no longer in this browser.".to_owned())
            })?;
            let (answer, file) = pictures::edit(&edit, base)?;
            (DataAnswer::Pictures(answer), file)
        }
    })
}

async fn single(files: &[(String, Blob)]) -> Result<(String, Vec<u8>), LabError> {
    let (name, blob) = files.first().ok_or_else(|| LabError::Data("No file was chosen.".to_owned()))?;
    Ok((name.clone(), bytes_of(name, blob).await?))
}

/// The maximum size of a file in bytes, of which a worker holds several copies while it reads.
const MAX_FILE: u64 = 500_000_000;

/// Returns the bytes of a file.
///
/// # Errors
///
/// Fails if the file is too large, or if the browser can no longer read it.
pub(super) async fn bytes_of(name: &str, blob: &Blob) -> Result<Vec<u8>, LabError> {
    if blob.size() > MAX_FILE {
        let megabytes = blob.size() / 1_000_000;
        return Err(LabError::Data(format!(
            "{name} has {megabytes} MB; at most {} MB are read. Take a part of it.",
            MAX_FILE / 1_000_000
        )));
    }
    blob.read().await.map_err(|_| LabError::Data(format!("{name} could not be read. Choose it again.")))
}
