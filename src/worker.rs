//! The worker: owns the device; starts, pauses, stops and throttles runs.

mod device;
mod frame_sender;
#[cfg(feature = "gpu")]
mod gpu;
mod runtime;

use crate::core::{LabError, settings::Settings};
use crate::data::visitor_files::unpack;
use crate::for_each_section;
use crate::protocol::{Command, DeviceChoice, Event, FileKind, RunId, Task, UserFile};
use crate::run::{Experiment, Probe, Train};
use crate::worker::frame_sender::{Control, FrameSender};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

thread_local! {
    /// The run of each task that is under way.
    static RUNS: RefCell<HashMap<Task, (RunId, Rc<Control>)>> = RefCell::default();
}

/// Listens to the page. Called once, when the worker's module has been loaded.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        // The module is lost after this. The page hears of it while there is still a voice to tell.
        runtime::post(&Event::Died { reason: info.to_string() });
        runtime::log_error(&info.to_string());
    }));
    runtime::listen(handle);
    runtime::post(&Event::Ready);
}

fn handle(command: Command, beside: Option<runtime::Blob>) {
    let control = |run: RunId| {
        RUNS.with_borrow(|runs| runs.values().find(|(id, _)| *id == run).map(|(_, control)| control.clone()))
    };
    match command {
        Command::Hello { base_url, names } => runtime::set_files(base_url, names),
        Command::Keep { path } => runtime::keep_file(path, beside),
        Command::Remove { path } => runtime::keep_file(path, None),
        Command::Take { run, kind, name } => wasm_bindgen_futures::spawn_local(async move {
            match take(kind, &name, beside).await {
                Ok((files, blobs)) => runtime::post_beside(&Event::Taken { run, files }, &blobs),
                Err(error) => runtime::post(&Event::Failed { run, error }),
            }
        }),
        Command::Start { run, slug, task, device, config, paused, request } => {
            let control = Rc::new(Control::new(paused));
            request.into_iter().for_each(|request| control.ask(request));
            let earlier = RUNS.with_borrow_mut(|runs| runs.insert(task, (run, control.clone())));
            if let Some((_, earlier)) = earlier {
                earlier.forget();
            }
            wasm_bindgen_futures::spawn_local(async move {
                let ended = perform(run, &slug, task, device, &config, control).await;
                RUNS.with_borrow_mut(|runs| {
                    // A newer run may have taken the place in the meantime.
                    if runs.get(&task).is_some_and(|(id, _)| *id == run) {
                        runs.remove(&task);
                    }
                });
                runtime::post(&match ended {
                    Ok(stopped) => Event::Finished { run, stopped },
                    Err(error) => Event::Failed { run, error },
                });
            });
        }
        Command::Pause(run) => control(run).iter().for_each(|control| control.pause()),
        Command::Resume(run) => control(run).iter().for_each(|control| control.resume()),
        Command::Step(run) => control(run).iter().for_each(|control| control.step()),
        Command::Stop(run) => control(run).iter().for_each(|control| control.stop()),
        Command::Forget(run) => control(run).iter().for_each(|control| control.forget()),
        Command::Request { run, request } => {
            control(run).iter().for_each(|control| control.ask(request.clone()));
        }
        Command::Update { run, config } => {
            control(run).iter().for_each(|control| control.update(config.clone()))
        }
    }
}

/// Takes a file of the visitor's in. What is wrong with it takes nothing away that was there before.
async fn take(
    kind: FileKind,
    name: &str,
    blob: Option<runtime::Blob>,
) -> Result<(Vec<UserFile>, Vec<runtime::Blob>), LabError> {
    let unread = || LabError::Data(format!("{name} could not be read. Choose it again."));
    let bytes = blob.ok_or_else(unread)?.read().await.map_err(|_| unread())?;
    let (mut files, mut blobs) = (Vec::new(), Vec::new());
    for (path, bytes) in unpack(kind, name, bytes)? {
        let blob = runtime::Blob::of(&bytes).map_err(|_| unread())?;
        runtime::keep_file(path.clone(), Some(blob.clone()));
        files.push(UserFile { path, size: bytes.len() as u32 });
        blobs.push(blob);
    }
    Ok((files, blobs))
}

/// Runs the task to its end. Says whether it was stopped early.
async fn perform(
    run: RunId,
    slug: &str,
    task: Task,
    device: DeviceChoice,
    config: &[u8],
    control: Rc<Control>,
) -> Result<bool, LabError> {
    macro_rules! dispatch {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            match slug {
                $(<crate::sections::$module::$experiment as Experiment>::SLUG => {
                    perform_as::<crate::sections::$module::$experiment>(run, task, device, config, control).await
                })*
                _ => Err(LabError::Config(format!("There is no section called {slug}."))),
            }
        };
    }
    for_each_section!(dispatch)
}

async fn perform_as<E: Probe + Train>(
    run: RunId,
    task: Task,
    choice: DeviceChoice,
    config: &[u8],
    control: Rc<Control>,
) -> Result<bool, LabError> {
    let config = decode::<E::Config>(config)?;
    let (device, info) = device::pick(choice).await;
    let mut out = FrameSender::<E>::new(run, control.clone(), info.kind);
    runtime::post(&Event::Device { run, info });
    if control.is_stopped() {
        return Ok(true);
    }
    match task {
        Task::Probe => E::probe(config, &device, &mut out).await?,
        Task::Train => E::run(config, &device, &mut out).await?,
    }
    Ok(control.is_stopped())
}

fn decode<C: Settings>(bytes: &[u8]) -> Result<C, LabError> {
    postcard::from_bytes(bytes).map_err(|error| {
        LabError::Config(format!("The page and its worker do not fit together ({error}). Reload the page."))
    })
}
