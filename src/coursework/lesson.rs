//! A lesson: several questions, also in several sections, as one file and as one link.

use crate::assignment::{Assignment, Question, is_name};
use crate::core::query::{Query, shorten};
use crate::coursework::sheet::{Asked, LessonName, WorkKind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// The `schema` field that identifies the file of a lesson.
pub const SCHEMA: &str = "nn-lab/lesson";
/// The version of the file format.
pub const SCHEMA_VERSION: u64 = 1;
/// The maximum length of a file in bytes.
pub const MAX_BYTES: usize = 1_000_000;
/// The maximum number of items.
pub const MAX_ITEMS: usize = 40;
const MAX_TITLE: usize = 120;
const MAX_TEXT: usize = 1000;

/// The name in addresses of the page that shows a lesson.
pub const PAGE: &str = "lesson";

/// A lesson.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lesson {
    /// The name in addresses and files.
    pub id: String,
    /// The title.
    pub title: String,
    /// The text that students read first, or an empty string.
    pub text: String,
    /// The questions.
    pub items: Vec<Item>,
}

/// A question of a lesson: a panel with its settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// The name of the item in the lesson.
    pub id: String,
    /// The section.
    pub panel: String,
    /// The chapter that is open at first.
    pub chapter: Option<String>,
    /// The keys of the panel's address.
    pub keys: Query,
}

/// The reason a lesson is not read. Texts from the file are shortened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LessonError {
    /// The file has more than [`MAX_BYTES`] bytes.
    #[error("it has {:.1} MB, and a lesson has at most {} MB", *.0 as f64 / 1e6, MAX_BYTES / 1_000_000)]
    TooLong(usize),
    /// The file is not JSON.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// The file has another schema.
    #[error("it is not a lesson: its schema is {0}")]
    OtherSchema(String),
    /// The file has a newer version.
    #[error(
        "it was written by a newer version of the lab (schema version {0}); reload the page to get the newest version"
    )]
    Newer(u64),
    /// A part of the lesson is wrong.
    #[error("{0}")]
    Wrong(String),
}

#[derive(Deserialize, Serialize)]
struct LessonFile {
    schema: String,
    schema_version: u64,
    id: String,
    title: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    items: Vec<ItemFile>,
}

#[derive(Deserialize, Serialize)]
struct ItemFile {
    id: String,
    panel: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chapter: Option<String>,
    #[serde(default)]
    keys: Map<String, Value>,
}

impl Lesson {
    /// Returns the name of the lesson for an answer sheet.
    pub fn name(&self) -> LessonName {
        LessonName { id: self.id.clone(), title: self.title.clone() }
    }

    /// Returns the text of the file.
    pub fn to_json(&self) -> String {
        let item = |item: &Item| ItemFile {
            id: item.id.clone(),
            panel: item.panel.clone(),
            chapter: item.chapter.clone(),
            keys: item.keys.iter().map(|(key, value)| (key.to_owned(), value.into())).collect(),
        };
        let file = LessonFile {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            id: self.id.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            items: self.items.iter().map(item).collect(),
        };
        // Cannot fail: all keys are strings.
        serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
    }

    /// Reads the file of a lesson.
    ///
    /// # Errors
    ///
    /// Fails if the text is too long, is not a lesson, or if a part of the lesson is wrong.
    pub fn read(text: &str) -> Result<Self, LessonError> {
        if text.len() > MAX_BYTES {
            return Err(LessonError::TooLong(text.len()));
        }
        let not_json = |error: serde_json::Error| LessonError::NotJson(error.to_string());
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(not_json)?;
        match (
            value.get("schema").and_then(Value::as_str),
            value.get("schema_version").and_then(Value::as_u64),
        ) {
            (Some(SCHEMA), Some(version)) if version > SCHEMA_VERSION => {
                return Err(LessonError::Newer(version));
            }
            (Some(SCHEMA), Some(_)) => {}
            (Some(SCHEMA), None) => return Err(LessonError::Wrong("it has no schema_version".to_owned())),
            (Some(other), _) => return Err(LessonError::OtherSchema(format!("\"{}\"", shorten(other)))),
            (None, _) => return Err(LessonError::OtherSchema("missing".to_owned())),
        }
        let file: LessonFile =
            serde_json::from_value(value).map_err(|error| LessonError::Wrong(error.to_string()))?;
        let text_of = |value: Value| match value {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(on) => Some(if on { "1" } else { "0" }.to_owned()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let mut items = Vec::new();
        for ItemFile { id, panel, chapter, keys } in file.items {
            let mut query = Query::default();
            for (key, value) in keys {
                let Some(value) = text_of(value) else {
                    let key = shorten(&key);
                    return Err(LessonError::Wrong(format!(
                        "the key \"{key}\" of \"{}\" is neither text nor a number",
                        shorten(&id)
                    )));
                };
                query.push(key, value);
            }
            items.push(Item { id, panel, chapter, keys: query });
        }
        Self { id: file.id, title: file.title, text: file.text, items }.checked()
    }

    /// Returns the lesson, with texts of a reasonable length.
    fn checked(self) -> Result<Self, LessonError> {
        let wrong = |words: String| Err(LessonError::Wrong(words));
        if !is_name(&self.id) {
            return wrong(format!(
                "the name of the lesson, \"{}\", is not made of small letters, digits, - and _",
                shorten(&self.id)
            ));
        }
        if self.items.is_empty() {
            return wrong("it has no items".to_owned());
        }
        if self.items.len() > MAX_ITEMS {
            return wrong(format!("it has {} items, and a lesson has at most {MAX_ITEMS}", self.items.len()));
        }
        for (at, item) in self.items.iter().enumerate() {
            if !is_name(&item.id) {
                return wrong(format!(
                    "the name of an item, \"{}\", is not made of small letters, digits, - and _",
                    shorten(&item.id)
                ));
            }
            if self.items.iter().take(at).any(|other| other.id == item.id) {
                return wrong(format!("two items have the name \"{}\"", item.id));
            }
            if !is_name(&item.panel) || item.chapter.as_ref().is_some_and(|chapter| !is_name(chapter)) {
                return wrong(format!("the item \"{}\" names no panel", item.id));
            }
        }
        let cut = |text: &str, length: usize| -> String {
            text.chars()
                .filter(|c| !c.is_control() || *c == '\n')
                .take(length)
                .collect::<String>()
                .trim()
                .to_owned()
        };
        let title = Some(cut(&self.title, MAX_TITLE)).filter(|title| !title.is_empty());
        // In a fixed order, since a file may have them in any.
        let sorted = |item: Item| {
            let mut pairs: Vec<(&str, &str)> = item.keys.iter().collect();
            pairs.sort_unstable();
            Item { keys: pairs.into_iter().collect(), ..item }
        };
        Ok(Self {
            title: title.unwrap_or_else(|| self.id.clone()),
            text: cut(&self.text, MAX_TEXT),
            items: self.items.clone().into_iter().map(sorted).collect(),
            id: self.id,
        })
    }

    /// Reads the lesson in the query of an address.
    ///
    /// # Errors
    ///
    /// Fails if a part of the lesson is wrong.
    pub fn from_query(query: &Query) -> Result<Self, LessonError> {
        let get = |key: &str| query.get(key).unwrap_or_default().to_owned();
        let addresses = (1..=MAX_ITEMS).map_while(|number| query.get(&format!("item{number}")));
        let mut items: Vec<Item> =
            (1..).zip(addresses).map(|(number, address)| Item::read(address, number)).collect();
        // An address names only its question, so the name that another item gets by its place may be taken.
        for at in 0..items.len() {
            let is_taken =
                |id: &str| items.iter().enumerate().any(|(other, item)| other != at && item.id == id);
            let renamed = items.get(at).filter(|item| item.keys.get("ask").is_none() && is_taken(&item.id));
            let free =
                renamed.and_then(|_| (1..).map(|number| format!("q{number}")).find(|id| !is_taken(id)));
            if let Some((item, free)) = items.get_mut(at).zip(free) {
                item.id = free;
            }
        }
        Self { id: get("lesson"), title: get("lesson_title"), text: get("lesson_text"), items }.checked()
    }

    /// Returns the query of an address with this lesson.
    pub fn to_query(&self) -> Query {
        let mut query = Query::from([("lesson", &*self.id), ("lesson_title", &*self.title)]);
        if !self.text.is_empty() {
            query.push("lesson_text", &*self.text);
        }
        for (number, item) in (1..).zip(&self.items) {
            query.push(format!("item{number}"), item.address());
        }
        query
    }
}

impl Item {
    /// Reads `rnn/memory?seq_len=50&ask=...`. The name of the item is that of its question, or its number.
    fn read(address: &str, number: usize) -> Self {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let (panel, chapter) = path
            .trim_matches(['#', '/'])
            .split_once('/')
            .map_or((path, None), |(panel, chapter)| (panel, Some(chapter)));
        let mut keys = Query::parse(query);
        let id = keys.get("ask_id").map_or_else(|| format!("q{number}"), str::to_owned);
        keys = keys.keep(|key| key != "ask_id");
        Self {
            id,
            panel: panel.trim_matches(['#', '/']).to_owned(),
            chapter: chapter.map(str::to_owned),
            keys,
        }
    }

    /// Returns the item as it is in the address of a lesson.
    fn address(&self) -> String {
        let mut query = self.keys.keep(|key| key != "ask_id");
        if query.get("ask").is_some() {
            query.push("ask_id", &*self.id);
        }
        format!("{}{}{query}", self.path(), if query.is_empty() { "" } else { "?" })
    }

    /// Returns the path of the panel and its chapter in an address: `rnn/memory`.
    pub fn path(&self) -> String {
        self.chapter
            .as_ref()
            .map_or_else(|| self.panel.clone(), |chapter| format!("{}/{chapter}", self.panel))
    }

    /// Returns the keys of the address of the item's panel in a lesson.
    pub fn in_lesson(&self, lesson: &str) -> Query {
        let mut query = self.keys.keep(|key| key != "ask_id" && key != "lesson");
        if query.get("ask").is_some() {
            query.push("ask_id", &*self.id);
        }
        query.push("lesson", lesson);
        query
    }

    /// Returns the question of the teacher, if the item has one.
    pub fn question(&self) -> Option<Question> {
        Assignment::from_query(&self.in_lesson("lesson")).0.question
    }

    /// Returns the guided experiment that the item opens, if it opens one. `known` tells which names are experiments.
    pub fn experiment(&self, known: impl Fn(&str) -> bool) -> Option<String> {
        let shown = self.keys.get("show").unwrap_or_default().split(',').map(str::trim);
        let mut named = self.keys.get("experiment").into_iter().chain(shown);
        named.find(|name| known(name)).map(str::to_owned)
    }

    /// Returns the question as an answer sheet has it. Items without a question, such as a reading, have none.
    ///
    /// `experiment` returns the question of a guided experiment of the item's section by its name.
    pub fn asked(&self, experiment: impl Fn(&str) -> Option<&'static str>) -> Option<Asked> {
        let asked = |name: &str, kind: WorkKind, question: &str| Asked {
            id: format!("{}/{name}", self.panel),
            section: self.panel.clone(),
            kind,
            question: question.to_owned(),
        };
        // An open experiment replaces the question of an assignment.
        if let Some(name) = self.experiment(|name| experiment(name).is_some()) {
            let question = experiment(&name).unwrap_or_default();
            return Some(asked(&name, WorkKind::Experiment, question));
        }
        self.question().map(|question| asked(&question.name(), WorkKind::Question, &question.text))
    }
}

#[cfg(test)]
mod tests;
