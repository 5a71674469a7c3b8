//! A lesson as it is written: questions of several sections, in order. Pure.

use crate::core::query::Query;
use crate::coursework::{Item, Lesson, LessonError};
use crate::panel::share::question::for_students;
use serde::{Deserialize, Serialize};

/// The maximum length of a name that is made from a title.
const MAX_NAME: usize = 40;

/// A lesson as it is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LessonDraft {
    pub(super) title: String,
    /// The name in addresses and files, or an empty string for one that follows from the title.
    pub(super) id: String,
    pub(super) text: String,
    pub(super) items: Vec<ItemDraft>,
    /// The name of the item that is open in the form.
    pub(super) editing: Option<String>,
    /// True until the form has taken the item that is edited.
    #[serde(skip)]
    pub(super) opens: bool,
}

/// A question of a lesson, or a panel without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ItemDraft {
    pub(super) id: String,
    pub(super) panel: String,
    pub(super) chapter: Option<String>,
    pub(super) keys: Vec<(String, String)>,
}

impl ItemDraft {
    pub(super) fn query(&self) -> Query {
        self.keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }

    /// Returns the question, or else the address of the panel.
    pub(super) fn words(&self) -> String {
        let query = self.query();
        let shown = query.get("ask").or_else(|| query.get("show")).map(str::to_owned);
        shown.unwrap_or_else(|| self.chapter.clone().unwrap_or_else(|| "the whole panel".to_owned()))
    }
}

impl LessonDraft {
    /// Returns a lesson of a file as a draft.
    pub(super) fn of(lesson: &Lesson) -> Self {
        let item = |item: &Item| ItemDraft {
            id: item.id.clone(),
            panel: item.panel.clone(),
            chapter: item.chapter.clone(),
            keys: item.keys.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        };
        Self {
            title: lesson.title.clone(),
            id: lesson.id.clone(),
            text: lesson.text.clone(),
            items: lesson.items.iter().map(item).collect(),
            ..Self::default()
        }
    }

    /// Returns the name in addresses and files.
    pub(super) fn name(&self) -> String {
        if self.id.trim().is_empty() { name_of(&self.title) } else { self.id.trim().to_owned() }
    }

    /// Returns the lesson.
    ///
    /// # Errors
    ///
    /// Fails if there are no questions, or if a name is not one.
    pub(super) fn lesson(&self) -> Result<Lesson, LessonError> {
        let item = |item: &ItemDraft| Item {
            id: item.id.clone(),
            panel: item.panel.clone(),
            chapter: item.chapter.clone(),
            keys: item.query(),
        };
        let lesson = Lesson {
            id: self.name(),
            title: self.title.clone(),
            text: self.text.clone(),
            items: self.items.iter().map(item).collect(),
        };
        // The file is read as others read it, so that its limits and names are checked in one place.
        Lesson::read(&lesson.to_json())
    }

    /// Adds a question, or replaces the one that is open in the form.
    pub(super) fn put(&mut self, mut item: ItemDraft) {
        let editing = self.editing.take();
        match self.items.iter_mut().find(|known| Some(&known.id) == editing.as_ref()) {
            Some(known) => {
                item.id.clone_from(&known.id);
                *known = item;
            }
            None => {
                let is_free = |id: &String| self.items.iter().all(|known| known.id != *id);
                item.id = (1..).map(|number| format!("q{number}")).find(is_free).unwrap_or_default();
                self.items.push(item);
            }
        }
    }

    /// Swaps a question with the one after it.
    pub(super) fn swap_with_next(&mut self, at: usize) {
        if at + 1 < self.items.len() {
            self.items.swap(at, at + 1);
        }
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.items.retain(|item| item.id != id);
        self.editing.take_if(|editing| editing == id);
    }

    /// Returns true if nothing was entered.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Returns the lesson as its link has it: without the keys of questions that give no feedback.
pub(super) fn for_link(lesson: &Lesson) -> Lesson {
    let item = |item: &Item| Item { keys: for_students(&item.keys), ..item.clone() };
    Lesson { items: lesson.items.iter().map(item).collect(), ..lesson.clone() }
}

/// Returns the name that follows from a title.
fn name_of(title: &str) -> String {
    let mut name = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            name.push(c);
        } else if !name.is_empty() && !name.ends_with('-') && name.len() < MAX_NAME {
            name.push('-');
        }
        if name.len() >= MAX_NAME {
            break;
        }
    }
    let name = name.trim_matches('-');
    if name.is_empty() { "lesson".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::panel::share::lesson::*;

    fn item(panel: &str, keys: &[(&str, &str)]) -> ItemDraft {
        let keys = keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        ItemDraft { panel: panel.to_owned(), keys, ..ItemDraft::default() }
    }

    fn ids(draft: &LessonDraft) -> String {
        draft.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn questions_are_added_moved_replaced_and_removed() {
        let mut draft =
            LessonDraft { title: "Memory & more: Überblick".to_owned(), ..LessonDraft::default() };
        assert_eq!(draft.lesson().unwrap_err().to_string(), "it has no items");
        for panel in ["rnn", "mlp", "cnn"] {
            draft.put(item(panel, &[]));
        }
        draft.swap_with_next(0);
        draft.swap_with_next(2);
        assert_eq!(ids(&draft), "q2 q1 q3");
        draft.editing = Some("q1".to_owned());
        draft.put(item("resnet", &[("ask", "Why?")]));
        assert_eq!(
            (ids(&draft), draft.items[1].words(), &draft.editing),
            ("q2 q1 q3".into(), "Why?".into(), &None)
        );
        draft.remove("q2");
        draft.put(item("rnn", &[("show", "forget-bias")]));
        assert_eq!(ids(&draft), "q1 q3 q2");
        let lesson = draft.lesson().unwrap();
        assert_eq!(lesson.id, "memory-more-berblick");
        assert_eq!(LessonDraft { id: String::new(), ..LessonDraft::of(&lesson) }, draft);
        draft.id = "Not a name".to_owned();
        assert!(draft.lesson().is_err());
    }

    #[test]
    fn a_link_has_no_secret_answers_and_the_file_has_them() {
        let mut draft = LessonDraft::default();
        let keys = [("ask", "Why?"), ("ask_guess", "number"), ("ask_metric", "loss"), ("ask_answer", "0.5")];
        draft.put(item("rnn", &keys));
        draft.put(item("rnn", &[&keys[..], &[("ask_feedback", "none")]].concat()));
        let lesson = draft.lesson().unwrap();
        assert_eq!(lesson.to_json().matches("ask_answer").count(), 2);
        assert_eq!(for_link(&lesson).to_json().matches("ask_answer").count(), 1);
    }

    #[test]
    fn a_title_without_letters_has_a_name() {
        assert_eq!(name_of(" ?! "), "lesson");
        assert_eq!(
            name_of(&"long title ".repeat(20)).len(),
            "long-title-long-title-long-title-long-ti".len()
        );
    }
}
