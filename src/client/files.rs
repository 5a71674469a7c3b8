//! The visitor's own files: the [`use_files`] hook.

use crate::client::dispatcher::Dispatcher;
use crate::protocol::{ArmEvent, Event, FileKind, UserFile};
use std::rc::Rc;
use web_sys::Blob;
use yew::prelude::*;

/// The visitor's files of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// The accepted files.
    pub list: Rc<Vec<UserFile>>,
    /// Names of files that are being read.
    pub busy: Rc<Vec<String>>,
    /// One message per file that was refused.
    pub errors: Rc<Vec<String>>,
    /// Adds the files of a file dialog or a drop.
    pub add: Callback<NewFiles>,
    /// Removes all files of this kind.
    pub remove: Callback<()>,
}

/// Files to be added.
#[derive(Clone, Debug, Default)]
pub struct NewFiles {
    /// The files. A blob may have a name, too.
    pub files: Vec<Blob>,
    /// One message per file or folder that was refused already.
    pub errors: Vec<String>,
}

#[derive(Clone, Default, PartialEq)]
struct Reading {
    busy: Rc<Vec<String>>,
    errors: Rc<Vec<String>>,
}

enum Action {
    Begin(String),
    End(String, Option<String>),
    /// Replaces all messages by those of files that were refused already.
    Clear(Vec<String>),
}

impl Reducible for Reading {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let (mut busy, mut errors) = ((*self.busy).clone(), (*self.errors).clone());
        match action {
            Action::Begin(name) => busy.push(name),
            Action::End(name, error) => {
                if let Some(at) = busy.iter().position(|other| *other == name) {
                    busy.remove(at);
                }
                errors.extend(error);
            }
            Action::Clear(refused) => errors = refused,
        }
        Rc::new(Self { busy: Rc::new(busy), errors: Rc::new(errors) })
    }
}

/// Returns the visitor's files of one kind.
#[hook]
pub fn use_files(kind: FileKind) -> Files {
    let version = use_files_version();
    let reading = use_reducer(Reading::default);
    let list = use_memo((kind, version), |(kind, _)| Dispatcher::get().files(kind.folder()));
    let add = use_callback((), {
        let reading = reading.dispatcher();
        move |NewFiles { mut files, mut errors }: NewFiles, ()| {
            if kind == FileKind::Text && files.len() > 1 {
                let others = files.len() - 1;
                files.truncate(1);
                errors.push(format!(
                    "One text is used at a time, so only the first was read and {others} were not."
                ));
            }
            reading.dispatch(Action::Clear(errors));
            for file in files {
                let name = js_sys::Reflect::get(&file, &"name".into()).ok().and_then(|name| name.as_string());
                let name = name.unwrap_or_else(|| "file".to_owned());
                reading.dispatch(Action::Begin(name.clone()));
                let (reading, ours) = (reading.clone(), name.clone());
                let listener = Callback::from(move |event| match event {
                    Event::FileUnpacked { .. } => reading.dispatch(Action::End(ours.clone(), None)),
                    Event::Arm { event: ArmEvent::Failed(error), .. } => {
                        reading.dispatch(Action::End(ours.clone(), Some(error.to_string())));
                    }
                    _ => {}
                });
                Dispatcher::get().unpack_file(listener, kind, name, file);
            }
        }
    });
    let remove = use_callback((), {
        let reading = reading.dispatcher();
        move |(), ()| {
            reading.dispatch(Action::Clear(Vec::new()));
            Dispatcher::get().remove_files(kind.folder());
        }
    });
    Files { list, busy: reading.busy.clone(), errors: reading.errors.clone(), add, remove }
}

/// Returns a number that changes with the visitor's files.
#[hook]
pub(super) fn use_files_version() -> u32 {
    let version = use_state_eq(|| Dispatcher::get().files_version());
    use_effect_with((), {
        let setter = version.setter();
        move |()| {
            let dispatcher = Dispatcher::get();
            // The files may have changed since the first render.
            setter.set(dispatcher.files_version());
            let number = dispatcher.watch_files(Callback::from(move |version| setter.set(version)));
            move || dispatcher.unwatch_files(number)
        }
    });
    *version
}
