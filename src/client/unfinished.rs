//! A run that outlives its page: what it needs to go on is kept in the browser's storage while it trains, and offered on the
//! next visit.

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

/// The age from which a run is stored: a shorter one is trained again sooner than it is restored. A test may
/// inject another age, the number `nnLabKeepAfterMs` of the window.
const WORTH_MS: f64 = 10_000.0;

/// A run that an earlier page has left.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfinished {
    /// The steps that every net has done, and those that it should do.
    pub progress: Progress,
    /// When it was last saved, in milliseconds since 1970.
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

/// The file that is kept of a run.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct File {
    /// Files of another form are not read.
    version: u8,
    /// The settings, as in an address.
    query: String,
    pub(super) seeds: u32,
    saved_at: f64,
    pub(super) arms: Vec<(Progress, Option<Rc<SavedArm>>)>,
}

const VERSION: u8 = 1;

/// What may be done with a run that an earlier page has left.
#[derive(Clone, Debug, PartialEq)]
pub struct UnfinishedRun {
    pub found: Option<Rc<Unfinished>>,
    /// Goes on with it as soon as the settings are those of the run.
    pub resume: Callback<()>,
    /// Removes it.
    pub forget: Callback<()>,
}

fn folder(experiment: &AnyExperiment) -> String {
    format!("unfinished/{}/", experiment.slug)
}

fn own_path(experiment: &AnyExperiment) -> String {
    folder(experiment) + &page_lock::own_name()
}

/// The run of an earlier page, if there is one that no living page trains.
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
            // Half a file, or one of another version, is of no use to anyone.
            None => storage::remove(&path).await,
        }
    }
    newest
}

fn read(experiment: &AnyExperiment, path: &str, bytes: &[u8]) -> Option<Unfinished> {
    let file: File = postcard::from_bytes(bytes).ok()?;
    // Of 32 bits the product may run over, and a damaged file would then ask for room for any number of seeds.
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

/// What is known of the run that goes on.
#[derive(Clone, PartialEq)]
pub(super) struct Running {
    pub(super) run: u32,
    pub(super) state: RunState,
    pub(super) arms: Rc<Vec<ArmStatus>>,
    /// The last moment of each net, whose pointers tell when there is a new one.
    pub(super) saved: Rc<Vec<Option<Rc<SavedArm>>>>,
}

/// Keeps the run that goes on, and finds the one of an earlier page; `start` takes it up.
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
    // When the run began, and whether a file is being written.
    let begun = use_mut_ref(|| 0.0);
    let writing = use_mut_ref(|| Rc::new(Writing::default()));
    // The file that the run was taken up from: it goes when there is a newer one, or nothing more to keep.
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
        let (begun, writing) = (begun.clone(), writing.borrow().clone());
        move |_| {
            *begun.borrow_mut() = now();
            writing.over.set(false);
        }
    });
    use_effect_with(Saved(running.saved.clone()), {
        let (running, config, writing) = (running.clone(), config.clone(), writing.borrow().clone());
        let origin = origin.clone();
        move |Saved(saved)| {
            let worth = now() - *begun.borrow() >= worth_ms();
            if !running.state.is_active() || !worth || writing.busy.get() || saved.iter().all(Option::is_none)
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
                    // The run has ended while its last moment was being written.
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
            // A run that is done needs nothing any longer; one that was stopped may be taken up again.
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

/// What is under way.
#[derive(Default)]
struct Writing {
    /// Whether a file is being written.
    busy: Cell<bool>,
    /// Whether the run is done, so that nothing is to be kept.
    over: Cell<bool>,
}

fn worth_ms() -> f64 {
    let injected = Reflect::get(&gloo::utils::window(), &"nnLabKeepAfterMs".into()).ok();
    injected.and_then(|ms| ms.as_f64()).unwrap_or(WORTH_MS)
}

/// Milliseconds on a clock that nobody sets.
fn now() -> f64 {
    gloo::utils::window().performance().map_or(0.0, |clock| clock.now())
}

/// Compared by the pointers of the moments.
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
