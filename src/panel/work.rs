//! The answer sheet of a lesson, or of everything outside of one: the browser stores it, and all panels on it share it.

mod hand_in;

pub use crate::panel::work::hand_in::HandIn;

use crate::coursework::sheet_file::of_experiments;
use crate::coursework::{AnswerSheet, LessonName};
use crate::panel::{PtrEq, local_storage, now};
use crate::saved_runs::finished;
use gloo::events::EventListener;
use gloo::utils::window;
use js_sys::Reflect;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use yew::prelude::*;

/// The key of the answers outside of a lesson. Those of a lesson have its name after a colon.
const KEY: &str = "nn-lab.answers";
/// The key of the student's name, which all lessons share.
const STUDENT: &str = "nn-lab.student";
/// The key under which older versions of the lab stored finished experiments.
const EXPERIMENTS: &str = "nn-lab.experiments";

thread_local! {
    /// The sheets of this page, by the name of their lesson. A browser that stores nothing loses them with the page.
    static SHEETS: RefCell<BTreeMap<String, Rc<AnswerSheet>>> = const { RefCell::new(BTreeMap::new()) };
    /// The components that show a sheet.
    static READERS: RefCell<Vec<(u32, Callback<()>)>> = const { RefCell::new(Vec::new()) };
}

/// A change of an answer sheet.
type Edit = Rc<dyn Fn(&mut AnswerSheet)>;

/// The answer sheet of a lesson, with the way to change it.
#[derive(Clone, PartialEq)]
pub struct Work {
    /// The sheet.
    pub sheet: PtrEq<AnswerSheet>,
    /// True if the browser stores nothing, so that the answers are lost with the page.
    pub is_volatile: bool,
    edit: Callback<Edit>,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("sheet", &self.sheet.0).finish_non_exhaustive()
    }
}

impl Work {
    /// Changes the sheet. Answers that another frame of the same lesson has stored since stay.
    pub fn change(&self, edit: impl Fn(&mut AnswerSheet) + 'static) {
        self.edit.emit(Rc::new(edit));
    }

    /// Sets the name of the student; an empty one removes it.
    pub fn set_student(&self, name: &str) {
        let name: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        local_storage::write(STUDENT, name.trim());
        let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        self.change(move |sheet| sheet.student.clone_from(&name));
    }
}

/// Returns the answer sheet of a lesson; `None` for answers outside of one.
#[hook]
pub fn use_work(lesson: Option<LessonName>) -> Work {
    let update = use_force_update();
    let id = lesson.as_ref().map(|lesson| lesson.id.clone()).unwrap_or_default();
    use_effect_with(id.clone(), move |id| {
        let reader = READERS.with_borrow_mut(|readers| {
            let number = readers.iter().map(|(number, _)| number + 1).max().unwrap_or_default();
            readers.push((number, Callback::from(move |()| update.force_update())));
            number
        });
        // Other frames and windows of this browser answer questions of the same lesson.
        let key = key_of(id);
        let id = id.clone();
        let others = EventListener::new(&window(), "storage", move |event| {
            let changed = Reflect::get(event, &"key".into()).ok().and_then(|key| key.as_string());
            if changed.is_none_or(|changed| changed == key) {
                let mut sheet = (*sheet_of(&id)).clone();
                sheet.merge(&stored(&id));
                put(&id, sheet);
            }
        });
        move || {
            drop(others);
            READERS.with_borrow_mut(|readers| readers.retain(|(number, _)| *number != reader));
        }
    });
    let edit = use_callback(lesson, |edit: Edit, lesson| {
        let id = lesson.as_ref().map(|lesson| lesson.id.as_str()).unwrap_or_default();
        let mut sheet = (*sheet_of(id)).clone();
        sheet.merge(&stored(id));
        // A panel knows the name of its lesson, but not the title.
        if lesson.as_ref().is_some_and(|lesson| !lesson.title.is_empty()) || sheet.lesson.is_none() {
            sheet.lesson.clone_from(lesson);
        }
        edit(&mut sheet);
        local_storage::write(&key_of(id), &sheet.to_json(now()));
        put(id, sheet);
    });
    Work { sheet: PtrEq(sheet_of(&id)), is_volatile: !local_storage::is_there(), edit }
}

/// Returns the present sheet of a lesson.
pub(in crate::panel) fn sheet_of(id: &str) -> Rc<AnswerSheet> {
    if let Some(sheet) = SHEETS.with_borrow(|sheets| sheets.get(id).cloned()) {
        return sheet;
    }
    let mut sheet = stored(id);
    if sheet.student.is_none() {
        sheet.student = local_storage::read(STUDENT).filter(|name| !name.is_empty());
    }
    let sheet = Rc::new(sheet);
    SHEETS.with_borrow_mut(|sheets| sheets.insert(id.to_owned(), sheet.clone()));
    sheet
}

/// Puts a sheet in place, and shows it.
fn put(id: &str, sheet: AnswerSheet) {
    SHEETS.with_borrow_mut(|sheets| sheets.insert(id.to_owned(), Rc::new(sheet)));
    // A component that is drawn may start or end to read.
    let readers = READERS.with_borrow(|readers| readers.clone());
    readers.iter().for_each(|(_, reader)| reader.emit(()));
}

fn key_of(id: &str) -> String {
    if id.is_empty() { KEY.to_owned() } else { format!("{KEY}:{id}") }
}

/// Returns the sheet that the browser has stored. One that cannot be read stays in the browser until the next answer.
fn stored(id: &str) -> AnswerSheet {
    match local_storage::read(&key_of(id)) {
        Some(text) => AnswerSheet::read(&text).unwrap_or_default(),
        None if id.is_empty() => {
            of_experiments(&finished::read(&local_storage::read(EXPERIMENTS).unwrap_or_default()))
        }
        None => AnswerSheet::default(),
    }
}

/// Returns a random name for an attempt.
pub(in crate::panel) fn attempt_id() -> String {
    crate::embedding::unique_name()
}
