//! Reads the visitor's files.

use crate::core::LabError;
use crate::data::visitor_files::unpack;
use crate::protocol::{Command, Event, FileKind, RunId, UserFile};
use crate::worker::data;
use crate::worker::data_job::DataJob;
use crate::worker::messages::{self, Blob};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

thread_local! {
    /// The readings under way, each with a flag that tells it that the page no longer waits.
    static READINGS: RefCell<HashMap<RunId, Rc<Cell<bool>>>> = RefCell::default();
}

/// Performs a command of the page.
pub(super) fn handle(command: Command, blobs: Vec<Blob>) {
    match command {
        Command::Prepare { run, request, names } => {
            let is_cancelled = Rc::new(Cell::new(false));
            READINGS.with_borrow_mut(|readings| readings.insert(run, is_cancelled.clone()));
            spawn_local(async move {
                data::prepare(DataJob { run, is_cancelled }, request, names, blobs).await;
                READINGS.with_borrow_mut(|readings| readings.remove(&run));
            });
        }
        Command::UnpackFile { run, kind, name } => spawn_local(async move {
            match unpack_file(kind, &name, blobs.into_iter().next()).await {
                Ok((files, blobs)) => messages::post_with(&Event::FileUnpacked { run, files }, &blobs),
                Err(error) => DataJob { run, is_cancelled: Rc::default() }.fail(error),
            }
        }),
        Command::Stop(run) | Command::Forget(run) => READINGS.with_borrow(|readings| {
            if let Some(is_cancelled) = readings.get(&run) {
                is_cancelled.set(true);
            }
        }),
        // The workers that train get these.
        Command::Hello { .. }
        | Command::Device(_)
        | Command::Start { .. }
        | Command::Pause(_)
        | Command::Resume(_)
        | Command::Step(_)
        | Command::Request { .. }
        | Command::Update { .. }
        | Command::AddFile { .. }
        | Command::RemoveFile { .. } => {}
    }
}

/// Unpacks a file of the visitor. If it is refused, the earlier files stay.
async fn unpack_file(
    kind: FileKind,
    name: &str,
    blob: Option<Blob>,
) -> Result<(Vec<UserFile>, Vec<Blob>), LabError> {
    let unread = || LabError::Data(format!("{name} could not be read. Choose it again."));
    let bytes = blob.ok_or_else(unread)?.read().await.map_err(|_| unread())?;
    let (mut files, mut blobs) = (Vec::new(), Vec::new());
    for (path, bytes) in unpack(kind, name, bytes)? {
        let blob = Blob::of(&bytes).map_err(|_| unread())?;
        files.push(UserFile { path, size: bytes.len() as u32 });
        blobs.push(blob);
    }
    Ok((files, blobs))
}
