//! Starts, pauses, stops and throttles runs.

use crate::core::LabError;
use crate::for_each_section;
use crate::protocol::{ArmEvent, ArmId, Command, Event, RunId, Task};
use crate::run::cost::measure;
use crate::run::driver::train;
use crate::run::shards::Team;
use crate::run::{Experiment, Probe, Train};
use crate::worker::control::Control;
use crate::worker::frame_sender::FrameSender;
use crate::worker::job::{Job, decode, post_arm};
use crate::worker::team::PortTeam;
use crate::worker::turns::Turns;
use crate::worker::{device, file, runtime, verify};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::MessagePort;

/// The active arms of a run, each with the page's commands for it.
type Arms = Vec<(ArmId, Rc<Control>)>;

thread_local! {
    static RUNS: RefCell<HashMap<RunId, Arms>> = RefCell::default();
}

/// Performs a command of the page.
pub(super) fn handle(command: Command, blobs: Vec<runtime::Blob>) {
    let each = |run: RunId, wish: &dyn Fn(&Control)| {
        // A command may wake an arm that ends at once, so nothing stays borrowed.
        let arms = RUNS.with_borrow(|runs| runs.get(&run).cloned().unwrap_or_default());
        arms.iter().for_each(|(_, control)| wish(control));
    };
    match command {
        Command::Hello { base_url, names } => runtime::set_files(base_url, names),
        Command::AddFile { path } => runtime::set_file(path, blobs.into_iter().next()),
        Command::RemoveFile { path } => runtime::set_file(path, None),
        Command::Device(choice) => wasm_bindgen_futures::spawn_local(async move {
            let info = device::info().await;
            runtime::post(&Event::Device { choice, info });
        }),
        Command::Start { run, slug, task, arms, paused, request, team } => {
            let turns = Rc::new(Turns::default());
            let count = arms.len();
            // Ports come in the place of blobs.
            let ports: Vec<MessagePort> = blobs.into_iter().map(JsCast::unchecked_into).collect();
            for arm in arms {
                // A run that starts with a step does that step; a run that starts with a request answers it.
                let control = Rc::new(Control::new(paused, u32::from(request.is_none())));
                request.iter().for_each(|request| control.ask(request.clone()));
                RUNS.with_borrow_mut(|runs| runs.entry(run).or_default().push((arm.id, control.clone())));
                let team = team.map(|place| Rc::new(PortTeam::new(place, ports.clone(), control.clone())));
                let job = Job { run, task, arm, control: control.clone(), turns: turns.clone(), count, team };
                let slug = slug.clone();
                wasm_bindgen_futures::spawn_local(async move {
                    let (id, team) = (job.arm.id, job.team.clone());
                    let ended = perform(&slug, job).await;
                    if let Err(LabError::Data(_)) = &ended {
                        // A file that arrived damaged may be complete the next time.
                        runtime::forget_fetched();
                    }
                    RUNS.with_borrow_mut(|runs| {
                        if let Some(arms) = runs.get_mut(&run) {
                            arms.retain(|(_, other)| !Rc::ptr_eq(other, &control));
                        }
                        runs.retain(|_, arms| !arms.is_empty());
                    });
                    // The leader of a team reports for all.
                    if let Some(team) = team.filter(|team| team.place() > 0) {
                        return ended.err().iter().for_each(|error| team.fail(error));
                    }
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
        // The worker for files gets these.
        Command::Prepare { .. } | Command::UnpackFile { .. } => {}
    }
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
            Task::Time => {
                if let Some(cost) = measure::<E>(config, arm, &device, &mut ctx).await? {
                    ctx.send_cost(&cost);
                }
            }
            Task::File => file::answer::<E>(config, arm, &device, &mut ctx).await?,
            // Handled above.
            Task::Verify => {}
        }
    }
    Ok(control.is_stopped())
}
