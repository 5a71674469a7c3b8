//! The visitor's data sets: the [`use_data_sets`] hook.

use crate::client::dispatcher::Dispatcher;
use crate::client::files::use_files_version;
use crate::core::data_set::card::{Card, MAX_CARD};
use crate::core::data_set::{DataAnswer, DataKind, DataRequest};
use crate::protocol::{ArmEvent, Event, RunId, UserFile};
use js_sys::{Array, Uint8Array};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Blob;
use yew::prelude::*;

/// The visitor's data sets of one kind, and the files that are being read as one.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSets {
    /// The data sets in this browser, by title.
    pub list: Rc<Vec<Stored>>,
    /// The progress of reading.
    pub work: Option<Work>,
    /// The last answer.
    pub answer: Option<Rc<DataAnswer>>,
    /// The data set of the last answer, which is not kept yet; see `keep`. If a change of it was refused, it is the set before the
    /// change.
    pub prepared: Option<Stored>,
    /// The reason why the last request failed, as a sentence.
    pub error: Option<String>,
    /// The data set that was removed last, until another change.
    pub removed: Option<Stored>,
    /// Asks for files to be read. A newer request replaces an older one. A request that changes a data set finds it by its id,
    /// among the kept ones or as the prepared one.
    pub ask: Callback<(DataRequest, Vec<NamedBlob>)>,
    /// Ends the reading. If nothing is being read, forgets the answer and the prepared data set.
    pub cancel: Callback<()>,
    /// Keeps the prepared data set: for runs, and in the browser's storage for the next visit.
    pub keep: Callback<()>,
    /// Removes a data set by its id.
    pub remove: Callback<String>,
    /// Brings back the data set that was removed last.
    pub restore: Callback<()>,
    /// Changes title, source and license of a kept data set.
    pub update: Callback<Card>,
}

impl DataSets {
    /// Keeps the prepared data set, unless it is kept already: it may have got another title or a license since.
    pub fn keep_new(&self) {
        let Some(prepared) = &self.prepared else { return };
        if self.list.iter().all(|stored| stored.card.id != prepared.card.id) {
            self.keep.emit(());
        }
    }
}

/// A data set in this browser.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its card.
    pub card: Card,
    /// The whole data file. [`Card::read`] returns the offset of the content.
    pub blob: Blob,
}

/// A file of the visitor.
#[derive(Clone, Debug)]
pub struct NamedBlob {
    /// The path in the folder that was dropped, or the name.
    pub name: String,
    /// The file.
    pub blob: Blob,
}

/// The progress of reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// The things that are counted, such as "pictures".
    pub what: String,
    /// The number that is done.
    pub done: u32,
    /// The number of all; 0 if it is unknown.
    pub total: u32,
}

#[derive(Clone, Default, PartialEq)]
struct Reading {
    run: Option<RunId>,
    /// True if the request changes a data set.
    is_change: bool,
    work: Option<Work>,
    answer: Option<Rc<DataAnswer>>,
    prepared: Option<Stored>,
    error: Option<String>,
    removed: Option<Stored>,
}

enum Action {
    Begin(RunId, bool),
    Counting(RunId, String),
    Progress(RunId, u32, u32),
    Answer(RunId, Rc<DataAnswer>, Option<Box<Stored>>),
    Fail(String),
    Failed(RunId, String),
    Kept,
    Clear,
    Removed(Option<Box<Stored>>),
}

impl Reducible for Reading {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut new = (*self).clone();
        let is_current = |run: RunId| self.run == Some(run);
        match action {
            // The earlier answer stays in sight until the new one is there.
            Action::Begin(run, is_change) => {
                let work = Some(Work::default());
                new = Self { run: Some(run), is_change, work, error: None, removed: None, ..new };
            }
            Action::Counting(run, what) if is_current(run) => {
                new.work = Some(Work { what, ..new.work.unwrap_or_default() });
            }
            Action::Progress(run, done, total) if is_current(run) => {
                new.work = Some(Work { done, total, ..new.work.unwrap_or_default() });
            }
            Action::Answer(run, answer, prepared) if is_current(run) => {
                new = Self {
                    answer: Some(answer),
                    prepared: prepared.map(|stored| *stored).or(new.prepared.filter(|_| self.is_change)),
                    ..Self::default()
                };
            }
            Action::Failed(run, why) if is_current(run) => {
                new = Self { run: None, work: None, error: Some(why), ..new };
            }
            Action::Fail(why) => new.error = Some(why),
            Action::Kept => new = Self { prepared: None, answer: new.answer, ..Self::default() },
            Action::Clear if self.work.is_some() => new = Self { run: None, work: None, ..new },
            Action::Clear => new = Self { removed: new.removed, ..Self::default() },
            Action::Removed(removed) => new.removed = removed.map(|stored| *stored),
            Action::Counting(..) | Action::Progress(..) | Action::Answer(..) | Action::Failed(..) => {
                return self;
            }
        }
        Rc::new(new)
    }
}

/// Returns the visitor's data sets of one kind.
#[hook]
pub fn use_data_sets(kind: DataKind) -> DataSets {
    let list = use_stored(kind);
    let reading = use_reducer(Reading::default);
    let dispatch = reading.dispatcher();
    let run = reading.run;
    // A reading ends with its panel.
    let current = use_mut_ref(|| None::<RunId>);
    *current.borrow_mut() = run;
    use_effect_with((), {
        let current = current.clone();
        move |()| move || end(current.borrow_mut().take())
    });
    let ask = use_callback((list.clone(), reading.prepared.clone()), {
        let (dispatch, current) = (dispatch.clone(), current.clone());
        move |(request, files): (DataRequest, Vec<NamedBlob>), (list, prepared)| {
            end(current.borrow_mut().take());
            let base_id = base_of(&request);
            let is_change = base_id.is_some();
            let base = match base_id {
                None => None,
                Some(id) => {
                    let found = list.iter().chain(prepared).find(|stored| stored.card.id == id);
                    let Some(found) = found else {
                        let gone = "The set to be changed is no longer in this browser.".to_owned();
                        return dispatch.dispatch(Action::Fail(gone));
                    };
                    Some(found.blob.clone())
                }
            };
            let (names, blobs): (Vec<_>, Vec<_>) =
                files.into_iter().map(|file| (file.name, file.blob)).unzip();
            let blobs: Vec<Blob> = base.into_iter().chain(blobs).collect();
            let listener = listener(dispatch.clone(), current.clone());
            let run = Dispatcher::get().prepare(listener, request, names, &blobs);
            current.replace(Some(run));
            dispatch.dispatch(Action::Begin(run, is_change));
        }
    });
    let cancel = use_callback((), {
        let (dispatch, current) = (dispatch.clone(), current.clone());
        move |(), ()| {
            end(current.borrow_mut().take());
            dispatch.dispatch(Action::Clear);
        }
    });
    let keep = use_callback(reading.prepared.clone(), {
        let dispatch = dispatch.clone();
        move |(), prepared: &Option<Stored>| {
            if let Some(stored) = prepared {
                add(stored);
                dispatch.dispatch(Action::Kept);
            }
        }
    });
    let remove = use_callback(list.clone(), {
        let dispatch = dispatch.clone();
        move |id: String, list| {
            let Some(stored) = list.iter().find(|stored| stored.card.id == id) else { return };
            dispatch.dispatch(Action::Removed(Some(Box::new(stored.clone()))));
            if let Some(id) = stored.card.data_id() {
                Dispatcher::get().remove_files(&id.path());
            }
        }
    });
    let restore = use_callback(reading.removed.clone(), {
        let dispatch = dispatch.clone();
        move |(), removed: &Option<Stored>| {
            removed.iter().for_each(add);
            dispatch.dispatch(Action::Removed(None));
        }
    });
    // The last card of each data set, which may be newer than the list.
    let newest = use_mut_ref(BTreeMap::<String, Stored>::new);
    let update = use_callback(list.clone(), move |card: Card, list| {
        let Some(listed) = list.iter().find(|stored| stored.card.id == card.id) else { return };
        let mut newest = newest.borrow_mut();
        let path = listed.card.data_id().map(|id| id.path()).unwrap_or_default();
        let is_current = Dispatcher::get().blobs(&path).first().is_some_and(|(_, blob)| *blob == listed.blob);
        let last = newest.get(&card.id).filter(|_| !is_current).unwrap_or(listed);
        // Only what the user has changed is taken: two fields may be changed before the list is read again.
        let changed = |new: String, shown: &str, last: &str| if new == shown { last.to_owned() } else { new };
        let merged = Card {
            title: changed(card.title, &listed.card.title, &last.card.title),
            source: changed(card.source, &listed.card.source, &last.card.source),
            license: changed(card.license, &listed.card.license, &last.card.license),
            ..listed.card.clone()
        };
        let (old, new) = (listed.card.head().len() as f64, Uint8Array::from(&*merged.head()));
        let blob = listed.blob.slice_with_f64(old).and_then(|content| {
            let parts = Array::of2(&new, &content);
            Blob::new_with_blob_sequence(&parts)
        });
        if let Ok(blob) = blob {
            let stored = Stored { card: merged, blob };
            add(&stored);
            newest.insert(stored.card.id.clone(), stored);
        }
    });
    let Reading { work, answer, prepared, error, removed, .. } = (*reading).clone();
    DataSets { list, work, answer, prepared, error, removed, ask, cancel, keep, remove, restore, update }
}

/// Returns the id of the data set that a request changes.
fn base_of(request: &DataRequest) -> Option<&str> {
    match request {
        DataRequest::EditPictures(edit) => Some(&edit.id),
        DataRequest::Pictures(options) => options.add_to.as_deref(),
        DataRequest::Table(_) | DataRequest::Lines(_) | DataRequest::Texts => None,
    }
}

fn end(run: Option<RunId>) {
    if let Some(run) = run {
        Dispatcher::get().stop(run);
    }
}

fn add(stored: &Stored) {
    let Some(id) = stored.card.data_id() else { return };
    let file = UserFile { path: id.path(), size: stored.blob.size() as u32 };
    Dispatcher::get().add_files(&[file], vec![stored.blob.clone()]);
}

/// Returns the listener of the request that is the current one.
fn listener(
    dispatch: UseReducerDispatcher<Reading>,
    current: Rc<std::cell::RefCell<Option<RunId>>>,
) -> Callback<Event> {
    Callback::from(move |event| {
        let event = match event {
            Event::Prepared { run, answer } => {
                let blob = Dispatcher::get().prepared.take();
                current.borrow_mut().take_if(|current| *current == run);
                let stored =
                    blob.and_then(|blob| Some(Box::new(Stored { card: card_of(&answer)?.clone(), blob })));
                Action::Answer(run, answer, stored)
            }
            Event::Arm { run, event: ArmEvent::Loading { what, .. }, .. } => Action::Counting(run, what),
            Event::Arm { run, event: ArmEvent::Progress { progress, .. }, .. } => {
                Action::Progress(run, progress.step, progress.steps)
            }
            Event::Arm { run, event: ArmEvent::Failed(error), .. } => Action::Failed(run, error.to_string()),
            _ => return,
        };
        dispatch.dispatch(event);
    })
}

fn card_of(answer: &DataAnswer) -> Option<&Card> {
    match answer {
        DataAnswer::Table(_, card) | DataAnswer::Lines(_, card) => card.as_ref(),
        DataAnswer::Texts(_, card) => Some(card),
        DataAnswer::Pictures(pictures) => pictures.card.as_ref(),
    }
}

/// Returns the kept data sets of a kind, whose cards are read from their files.
#[hook]
fn use_stored(kind: DataKind) -> Rc<Vec<Stored>> {
    let version = use_files_version();
    let list = use_state_eq(|| Rc::new(Vec::<Stored>::new()));
    let cards = use_mut_ref(BTreeMap::<String, Stored>::new);
    let newest = use_mut_ref(|| version);
    use_effect_with(version, {
        let setter = list.setter();
        move |version| {
            let version = *version;
            newest.replace(version);
            spawn_local(async move {
                Dispatcher::get().restore().await;
                let mut stored = Vec::new();
                for (path, blob) in Dispatcher::get().blobs(kind.folder()) {
                    let known = cards.borrow().get(&path).filter(|known| known.blob == blob).cloned();
                    let read = match known {
                        Some(known) => Some(known),
                        None => card_in(&blob).await.map(|card| Stored { card, blob }),
                    };
                    if let Some(read) = read {
                        cards.borrow_mut().insert(path, read.clone());
                        stored.push(read);
                    }
                }
                stored.sort_by(|a, b| a.card.title.cmp(&b.card.title));
                // The files may have changed again in the meantime, and that reading may have ended first.
                if *newest.borrow() == version {
                    setter.set(Rc::new(stored));
                }
            });
        }
    });
    (*list).clone()
}

/// Reads the card of a data file.
async fn card_in(blob: &Blob) -> Option<Card> {
    let head = blob.slice_with_f64_and_f64(0.0, (MAX_CARD + 12) as f64).ok()?;
    Some(Card::read(&bytes_of(&head).await.ok()?)?.0)
}

/// Returns the bytes of a blob.
///
/// # Errors
///
/// Returns what the browser threw if it can no longer read the blob.
pub async fn bytes_of(blob: &Blob) -> Result<Vec<u8>, JsValue> {
    Ok(Uint8Array::new(&JsFuture::from(blob.array_buffer()).await?).to_vec())
}
