//! The worker: owns the device; starts, pauses, stops and throttles runs.

mod control;
mod data;
mod data_job;
mod device;
mod file;
mod frame_sender;
#[cfg(feature = "gpu")]
mod gpu;
mod job;
mod pictures;
mod runtime;
mod turns;
mod verify;

use crate::core::LabError;
use crate::data::visitor_files::unpack;
use crate::for_each_section;
use crate::protocol::{ArmEvent, ArmId, Command, Event, FileKind, RunId, Task, UserFile};
use crate::run::driver::train;
use crate::run::{Experiment, Probe, Train};
use crate::worker::control::Control;
use crate::worker::data_job::DataJob;
use crate::worker::frame_sender::FrameSender;
use crate::worker::job::{Job, decode, post_arm};
use crate::worker::turns::Turns;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// The active arms of a run, each with the page's commands for it.
type Arms = Vec<(ArmId, Rc<Control>)>;

thread_local! {
    static RUNS: RefCell<HashMap<RunId, Arms>> = RefCell::default();
}

/// Accepts commands from the page. Called once, when the worker's module has been loaded.
pub fn start() {
    run_static_constructors();
    std::panic::set_hook(Box::new(|info| {
        // A panic poisons the module, so report it first.
        runtime::post(&Event::Died { reason: info.to_string() });
        runtime::log_error(&info.to_string());
    }));
    runtime::listen(handle);
    runtime::post(&Event::Ready);
}

/// Runs the static constructors once.
///
/// cubecl's compiler registers itself through them. Where a module never calls `__wasm_call_ctors`, the
/// linker wraps every export so that each call from JS runs all of them again, and a training step spends
/// seconds there.
#[allow(unsafe_code)]
fn run_static_constructors() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker defines this function for every wasm module; it takes and returns nothing.
    unsafe { __wasm_call_ctors() }
}

fn handle(command: Command, blobs: Vec<runtime::Blob>) {
    let each = |run: RunId, wish: &dyn Fn(&Control)| {
        // A command may wake an arm that ends at once, so nothing stays borrowed.
        let arms = RUNS.with_borrow(|runs| runs.get(&run).cloned().unwrap_or_default());
        arms.iter().for_each(|(_, control)| wish(control));
    };
    match command {
        Command::Hello { base_url, names } => runtime::set_files(base_url, names),
        Command::AddFile { path } => runtime::set_file(path, blobs.into_iter().next()),
        Command::Prepare { run, request, names } => {
            let control = Rc::new(Control::new(false, 0));
            RUNS.with_borrow_mut(|runs| runs.insert(run, vec![(ArmId::default(), control.clone())]));
            wasm_bindgen_futures::spawn_local(async move {
                data::prepare(DataJob { run, control }, request, names, blobs).await;
                RUNS.with_borrow_mut(|runs| runs.remove(&run));
            });
        }
        Command::RemoveFile { path } => runtime::set_file(path, None),
        Command::UnpackFile { run, kind, name } => wasm_bindgen_futures::spawn_local(async move {
            match unpack_file(kind, &name, blobs.into_iter().next()).await {
                Ok((files, blobs)) => runtime::post_with(&Event::FileUnpacked { run, files }, &blobs),
                Err(error) => post_arm(run, ArmId::default(), ArmEvent::Failed(error)),
            }
        }),
        Command::Device(choice) => wasm_bindgen_futures::spawn_local(async move {
            let info = device::info().await;
            runtime::post(&Event::Device { choice, info });
        }),
        Command::Start { run, slug, task, arms, paused, request } => {
            let turns = Rc::new(Turns::default());
            let count = arms.len();
            for arm in arms {
                // A run that starts with a step does that step; a run that starts with a request answers it.
                let control = Rc::new(Control::new(paused, u32::from(request.is_none())));
                request.iter().for_each(|request| control.ask(request.clone()));
                RUNS.with_borrow_mut(|runs| runs.entry(run).or_default().push((arm.id, control.clone())));
                let job = Job { run, task, arm, control, turns: turns.clone(), count };
                let slug = slug.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    let id = job.arm.id;
                    let ended = perform(&slug, job).await;
                    if let Err(LabError::Data(_)) = &ended {
                        // A file that arrived damaged may be complete the next time.
                        runtime::forget_fetched();
                    }
                    RUNS.with_borrow_mut(|runs| {
                        if let Some(arms) = runs.get_mut(&run) {
                            arms.retain(|(other, _)| *other != id);
                        }
                        runs.retain(|_, arms| !arms.is_empty());
                    });
                    post_arm(
                        run,
                        id,
                        match ended {
                            Ok(stopped) => ArmEvent::Finished { stopped },
                            Err(error) => ArmEvent::Failed(error),
                        },
                    );
                });
            }
        }
        Command::Pause(run) => each(run, &Control::pause),
        Command::Resume(run) => each(run, &Control::resume),
        Command::Step(run) => each(run, &Control::step),
        Command::Stop(run) => each(run, &Control::stop),
        Command::Forget(run) => each(run, &Control::forget),
        Command::Request { run, request } => each(run, &|control| control.ask(request.clone())),
        Command::Update { run, config } => each(run, &|control| control.update(config.clone())),
    }
}

/// Unpacks a file of the visitor. If it is refused, the earlier files stay.
async fn unpack_file(
    kind: FileKind,
    name: &str,
    blob: Option<runtime::Blob>,
) -> Result<(Vec<UserFile>, Vec<runtime::Blob>), LabError> {
    let unread = || LabError::Data(format!("{name} could not be read. Choose it again."));
    let bytes = blob.ok_or_else(unread)?.read().await.map_err(|_| unread())?;
    let (mut files, mut blobs) = (Vec::new(), Vec::new());
    for (path, bytes) in unpack(kind, name, bytes)? {
        let blob = runtime::Blob::of(&bytes).map_err(|_| unread())?;
        runtime::set_file(path.clone(), Some(blob.clone()));
        files.push(UserFile { path, size: bytes.len() as u32 });
        blobs.push(blob);
    }
    Ok((files, blobs))
}

/// Performs a job. Returns true if it was stopped early.
async fn perform(slug: &str, job: Job) -> Result<bool, LabError> {
    if job.task == Task::Verify {
        return verify::perform(job).await;
    }
    macro_rules! dispatch {
        ($($module:ident, $experiment:ident, $panel:ident, $title:literal, $subtitle:literal;)*) => {
            match slug {
                $(<crate::sections::$module::$experiment as Experiment>::SLUG => {
                    perform_as::<crate::sections::$module::$experiment>(job).await
                })*
                _ => Err(LabError::Config(format!("There is no section called {slug}."))),
            }
        };
    }
    for_each_section!(dispatch)
}

async fn perform_as<E: Probe + Train>(job: Job) -> Result<bool, LabError> {
    let config: E::Config = decode(&job.arm.config)?;
    let (device, kind) = device::pick().await?;
    let (task, arm, control) = (job.task, usize::from(job.arm.arm), job.control.clone());
    let mut ctx = FrameSender::<E>::new(job, kind);
    if !control.is_stopped() {
        ctx.take_turn().await;
        match task {
            Task::Probe => E::probe(config, &device, &mut ctx).await?,
            Task::Train => train::<E>(config, arm, &device, &mut ctx).await?,
            Task::File => file::answer::<E>(config, arm, &device, &mut ctx).await?,
            // Handled above.
            Task::Verify => {}
        }
    }
    Ok(control.is_stopped())
}
