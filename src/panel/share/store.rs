//! All drafts of the dialog. The browser stores them, so that they survive Escape, navigation and a reload.

use crate::panel::local_storage;
use crate::panel::share::draft::PanelDraft;
use crate::panel::share::lesson::LessonDraft;
use crate::panel::share::tool::Tool;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use yew::prelude::*;

/// The key of the drafts of panels, and of the chosen tool.
const SHARE: &str = "nn-lab.share-draft";
/// The key of the lesson.
const LESSON: &str = "nn-lab.lesson-draft";

thread_local! {
    /// The drafts of this page, for a browser that stores nothing.
    static DRAFTS: RefCell<Option<Drafts>> = const { RefCell::new(None) };
}

/// All drafts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Drafts {
    pub(super) tool: Tool,
    /// True if a lesson is written, and not only a panel shown.
    pub(super) is_lesson: bool,
    /// The drafts by section.
    pub(super) panels: BTreeMap<String, PanelDraft>,
    #[serde(skip)]
    pub(super) lesson: LessonDraft,
    /// A sentence about the last change, and the drafts before it.
    #[serde(skip)]
    pub(super) undo: Option<(String, Rc<Drafts>)>,
}

/// A change of the drafts.
#[derive(Clone)]
pub(super) enum Change {
    Edit(Rc<dyn Fn(&mut Drafts)>),
    /// A change that can be undone, with a sentence about it.
    Undoable(String, Rc<dyn Fn(&mut Drafts)>),
    Undo,
}

impl Reducible for Drafts {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let (sentence, edit) = match change {
            Change::Undo => return self.undo.as_ref().map(|(_, before)| before.clone()).unwrap_or(self),
            Change::Edit(edit) => (None, edit),
            Change::Undoable(sentence, edit) => (Some(sentence), edit),
        };
        let mut next = Self { undo: None, ..(*self).clone() };
        edit(&mut next);
        next.undo = sentence.map(|sentence| (sentence, self));
        Rc::new(next)
    }
}

/// Returns the stored drafts. Text that cannot be read counts as none.
fn read() -> Drafts {
    if let Some(drafts) = DRAFTS.with_borrow(Clone::clone).filter(|_| !local_storage::is_there()) {
        return drafts;
    }
    let text = |key| local_storage::read(key).unwrap_or_default();
    let drafts: Drafts = serde_json::from_str(&text(SHARE)).unwrap_or_default();
    let lesson = serde_json::from_str(&text(LESSON)).unwrap_or_default();
    Drafts { lesson, ..drafts }
}

fn write(drafts: &Drafts) {
    local_storage::write(SHARE, &serde_json::to_string(drafts).unwrap_or_default());
    local_storage::write(LESSON, &serde_json::to_string(&drafts.lesson).unwrap_or_default());
    DRAFTS.set(Some(Drafts { undo: None, ..drafts.clone() }));
}

/// Returns the drafts, which are stored after every change.
#[hook]
pub(super) fn use_drafts() -> UseReducerHandle<Drafts> {
    let drafts = use_reducer_eq(read);
    use_effect_with((drafts.panels.clone(), drafts.lesson.clone(), drafts.tool, drafts.is_lesson), {
        let drafts = drafts.clone();
        move |_| write(&drafts)
    });
    drafts
}

#[cfg(test)]
mod tests {
    use crate::panel::share::store::*;

    #[test]
    fn a_change_is_undone_until_the_next_one() {
        let title = |title: &'static str| -> Rc<dyn Fn(&mut Drafts)> {
            Rc::new(move |drafts: &mut Drafts| drafts.lesson.title = title.to_owned())
        };
        let drafts = Rc::new(Drafts::default()).reduce(Change::Edit(title("a")));
        let started_over = drafts.reduce(Change::Undoable("Started over.".to_owned(), title("")));
        assert_eq!(started_over.clone().reduce(Change::Undo).lesson.title, "a");
        let edited = started_over.reduce(Change::Edit(title("b")));
        assert_eq!(edited.reduce(Change::Undo).lesson.title, "b");
    }

    #[test]
    fn drafts_read_as_they_were_written() {
        let drafts = Drafts { tool: Tool::MkDocs, is_lesson: true, ..Drafts::default() };
        let text = serde_json::to_string(&drafts).unwrap();
        assert_eq!(serde_json::from_str::<Drafts>(&text).unwrap(), drafts);
        assert_eq!(serde_json::from_str::<Drafts>("{}").unwrap(), Drafts::default());
    }
}
