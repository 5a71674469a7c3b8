//! A run that outlives its page: its state is saved in the browser's storage while it trains, and offered on
//! the next visit.

use crate::client::arm_status::ArmStatus;
use crate::client::options::RunOptions;
use crate::client::{page_lock, storage};
use crate::core::query::{Changes, Query};
use crate::core::schema::Values;
use crate::protocol::{Progress, RunState, SavedArm};
use crate::run::any::{AnyConfig, AnyExperiment};
use js_sys::{Array, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;
use yew::prelude::*;

/// The age from which a run is stored, since repeating a shorter run is quicker than restoring it. A test may
/// inject another age, the number `nnLabKeepAfterMs` of the window.
const MIN_AGE_MS: f64 = 10_000.0;

/// An unfinished run of an earlier page.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// The steps that every network has done, and the steps of the run.
    pub progress: Progress,
    /// The time of the last save, in milliseconds since 1970.
    pub saved_at: f64,
    /// The settings of the run.
    pub values: Rc<Values>,
    pub(super) file: Rc<File>,
    path: String,
}

impl Unfinished {
    /// Returns the keys of the page's address that the run needs and that are not settings.
    pub fn other_keys(&self) -> Changes {
        let seeds = self.file.seeds;
        vec![("seeds".to_owned(), (seeds != 1).then(|| seeds.to_string()))]
    }
}

/// The file of a run.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct File {
    /// The version of the format. Files of another version are not read.
    version: u8,
    /// The settings, as in an address.
    query: String,
    pub(super) seeds: u32,
    saved_at: f64,
    pub(super) arms: Vec<(Progress, Option<Rc<SavedArm>>)>,
}

const VERSION: u8 = 1;

/// An unfinished run, if there is one, with callbacks to resume or remove it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnfinishedRun {
    /// The newest unfinished run.
    pub found: Option<Rc<Unfinished>>,
    /// Resumes the run as soon as the panel has its settings.
    pub resume: Callback<()>,
    /// Removes the run.
    pub forget: Callback<()>,
}

fn folder(experiment: &AnyExperiment) -> String {
    format!("unfinished/{}/", experiment.slug)
}

fn own_path(experiment: &AnyExperiment) -> String {
    folder(experiment) + &page_lock::own_name()
}

/// Returns the newest unfinished run that no open page trains.
async fn find(experiment: &AnyExperiment) -> Option<Unfinished> {
    let folder = folder(experiment);
    let files = storage::load(&folder).await;
    if files.is_empty() {
        return None;
    }
    let alive = page_lock::names().await;
    let mut newest: Option<Unfinished> = None;
    for (path, blob) in files {
        let owner = path.strip_prefix(&folder).unwrap_or_default();
        if owner != page_lock::own_name() && alive.iter().any(|name| name == owner) {
            continue;
        }
        let bytes = JsFuture::from(blob.array_buffer()).await.ok()?;
        match read(experiment, &path, &Uint8Array::new(&bytes).to_vec()) {
            Some(found) if newest.as_ref().is_none_or(|other| other.saved_at < found.saved_at) => {
                newest = Some(found);
            }
            Some(_) => {}
            // A damaged file, or one of another version, cannot be used.
            None => storage::remove(&path).await,
        }
    }
    newest
}

fn read(experiment: &AnyExperiment, path: &str, bytes: &[u8]) -> Option<Unfinished> {
    let file: File = postcard::from_bytes(bytes).ok()?;
    // In 32 bits the product may overflow, and a damaged file could then ask for memory for any number of
    // seeds.
    let whole = file.arms.len() as u64 == u64::from(file.seeds) * experiment.arms.len() as u64;
    if file.version != VERSION || !whole {
        return None;
    }
    let schema = &experiment.schema;
    let (values, _) = schema.read(&schema.defaults(), &Query::parse(&file.query));
    let progress = file.arms.iter().map(|(progress, _)| *progress);
    Some(Unfinished {
        progress: progress.min_by_key(|progress| progress.step).unwrap_or_default(),
        saved_at: file.saved_at,
        values: Rc::new(values),
        path: path.to_owned(),
        file: Rc::new(file),
    })
}

/// The present run.
#[derive(Clone, PartialEq)]
pub(super) struct Running {
    pub(super) run: u32,
    pub(super) state: RunState,
    pub(super) arms: Rc<Vec<ArmStatus>>,
    /// The last saved state of each arm, compared by pointer.
    pub(super) saved: Rc<Vec<Option<Rc<SavedArm>>>>,
}

/// Saves the present run, and finds the run of an earlier page, which `start` resumes.
#[hook]
pub(super) fn use_unfinished(
    experiment: &'static AnyExperiment,
    config: &AnyConfig,
    options: RunOptions,
    running: Running,
    start: Callback<Rc<Unfinished>>,
) -> UnfinishedRun {
    let found = use_state(|| None::<Rc<Unfinished>>);
    let wanted = use_state_eq(|| false);
    // The start of the run, and the state of the file.
    let started = use_mut_ref(|| 0.0);
    let writing = use_mut_ref(|| Rc::new(Writing::default()));
    // The file from which the run was resumed. It is removed when there is a newer file, or when the run is
    // done.
    let origin = use_mut_ref(|| None::<String>);
    use_effect_with((), {
        let found = found.setter();
        move |()| {
            spawn_local(async move {
                found.set(find(experiment).await.map(Rc::new));
            });
        }
    });
    use_effect_with(running.run, {
        let (started, writing) = (started.clone(), writing.borrow().clone());
        move |_| {
            *started.borrow_mut() = now();
            writing.over.set(false);
        }
    });
    use_effect_with(Saved(running.saved.clone()), {
        let (running, config, writing) = (running.clone(), config.clone(), writing.borrow().clone());
        let origin = origin.clone();
        move |Saved(saved)| {
            let is_old = now() - *started.borrow() >= min_age_ms();
            if !running.state.is_active()
                || !is_old
                || writing.busy.get()
                || saved.iter().all(Option::is_none)
            {
                return;
            }
            let saved = saved.iter().cloned();
            let arms = running.arms.iter().zip(saved).map(|(arm, saved)| {
                let step = saved.as_ref().map_or(0, |saved| saved.step);
                (Progress { step, ..arm.progress }, saved)
            });
            let file = File {
                version: VERSION,
                query: experiment.schema.query(config.values()).to_string(),
                seeds: options.seeds,
                saved_at: js_sys::Date::now(),
                arms: arms.collect(),
            };
            let Some(blob) = blob_of(&file) else { return };
            writing.busy.set(true);
            spawn_local(async move {
                let path = own_path(experiment);
                storage::store(&path, &blob).await;
                writing.busy.set(false);
                if writing.over.get() {
                    // The run has ended while its last state was being written.
                    storage::remove(&path).await;
                }
                let origin = origin.borrow_mut().take().filter(|origin| *origin != path);
                if let Some(origin) = origin {
                    storage::remove(&origin).await;
                }
            });
        }
    });
    use_effect_with(running.state.clone(), {
        let (origin, writing) = (origin.clone(), writing.borrow().clone());
        move |state| {
            // A finished run needs no file. A run that was stopped may be resumed.
            if *state == (RunState::Done { stopped: false }) {
                writing.over.set(true);
                let paths = origin.borrow_mut().take().into_iter().chain([own_path(experiment)]);
                let paths: Vec<String> = paths.collect();
                spawn_local(async move {
                    for path in paths {
                        storage::remove(&path).await;
                    }
                });
            }
        }
    });
    use_effect_with((*wanted, config.clone(), options.seeds), {
        let (found, wanted) = (found.clone(), wanted.setter());
        move |(is_wanted, config, seeds)| {
            if let Some(unfinished) = found.as_ref().filter(|_| *is_wanted)
                && (unfinished.values == *config.values() && unfinished.file.seeds == *seeds)
            {
                *origin.borrow_mut() = Some(unfinished.path.clone());
                start.emit(unfinished.clone());
                wanted.set(false);
                found.set(None);
            }
        }
    });
    let forget = {
        let found = found.clone();
        Callback::from(move |()| {
            if let Some(unfinished) = &*found {
                let path = unfinished.path.clone();
                spawn_local(async move { storage::remove(&path).await });
            }
            found.set(None);
        })
    };
    let resume = {
        let wanted = wanted.setter();
        Callback::from(move |()| wanted.set(true))
    };
    UnfinishedRun { found: (*found).clone(), resume, forget }
}

/// The state of the file.
#[derive(Default)]
struct Writing {
    /// True while it is being written.
    busy: Cell<bool>,
    /// True if the run is done, so that no file is needed.
    over: Cell<bool>,
}

fn min_age_ms() -> f64 {
    let injected = Reflect::get(&gloo::utils::window(), &"nnLabKeepAfterMs".into()).ok();
    injected.and_then(|ms| ms.as_f64()).unwrap_or(MIN_AGE_MS)
}

/// Returns the milliseconds of a monotonic clock.
fn now() -> f64 {
    gloo::utils::window().performance().map_or(0.0, |clock| clock.now())
}

/// The saved states, compared by their pointers.
#[derive(Clone)]
struct Saved(Rc<Vec<Option<Rc<SavedArm>>>>);

impl PartialEq for Saved {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&Option<Rc<SavedArm>>, &Option<Rc<SavedArm>>)| match (a, b) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.0.len() == other.0.len() && self.0.iter().zip(&*other.0).all(same)
    }
}

fn blob_of(file: &File) -> Option<Blob> {
    let bytes = postcard::to_stdvec(file).ok()?;
    Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes.as_slice()))).ok()
}
