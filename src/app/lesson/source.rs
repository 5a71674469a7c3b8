//! The place of a lesson: in the address, or in a file of the lab's own folder.

use crate::core::query::{Query, shorten};
use crate::coursework::Lesson;
use gloo::utils::window;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// The place of a lesson.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Source {
    /// The lesson is in the address.
    Address(Rc<Lesson>),
    /// The lesson is in a file with this path, relative to the lab's folder.
    File(String),
}

impl Source {
    /// Reads the query of an address.
    ///
    /// # Errors
    ///
    /// Returns a sentence if the address has no lesson, or a wrong one.
    pub(super) fn read(query: &Query) -> Result<Self, String> {
        let file = query.get("file").map(str::trim).filter(|path| !path.is_empty());
        match file.filter(|_| query.get("item1").is_none()) {
            Some(path) if is_inside(path) => Ok(Self::File(path.to_owned())),
            Some(path) => Err(format!(
                "The lesson’s file, “{}”, is not in the lab’s own folder. Name it relative to that folder, such as lessons/memory.json.",
                shorten(path)
            )),
            None if query.get("lesson").is_none() && query.get("item1").is_none() => Err(
                "This address has no lesson. Open the link that your teacher gave you, with everything after the question mark.".to_owned(),
            ),
            None => match Lesson::from_query(query) {
                Ok(lesson) => Ok(Self::Address(Rc::new(lesson))),
                Err(error) => Err(format!("The lesson in this address cannot be shown: {error}.")),
            },
        }
    }
}

/// Returns true for a path that stays in the folder: names without a scheme, and no steps to the folder above. An escaped
/// character could stand for such a step, so there are none.
fn is_inside(path: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let is_name = |name: &str| !name.is_empty() && !matches!(name, "." | "..") && name.chars().all(is_plain);
    path.len() <= 200 && path.split('/').all(is_name)
}

/// Loads the lesson in a file.
///
/// # Errors
///
/// Returns a sentence if the file does not arrive or is not a lesson.
pub(super) async fn load(path: &str) -> Result<Lesson, String> {
    let missing = |why: &str| format!("The lesson’s file, “{path}”, could not be loaded{why}.");
    let response = JsFuture::from(window().fetch_with_str(path)).await.map_err(|_| missing(""))?;
    let response: Response = response.dyn_into().map_err(|_| missing(""))?;
    if !response.ok() {
        return Err(missing(&format!(": the server answered {}", response.status())));
    }
    let text = response.text().map_err(|_| missing(""))?;
    let text = JsFuture::from(text).await.ok().and_then(|text| text.as_string());
    let text = text.ok_or_else(|| missing(": it did not arrive completely"))?;
    Lesson::read(&text).map_err(|error| format!("The lesson’s file, “{path}”, cannot be used: {error}."))
}

#[cfg(test)]
mod tests {
    use crate::app::lesson::source::*;

    #[test]
    fn only_files_in_the_lab_s_folder_are_lessons() {
        for path in ["lessons/memory.json", "memory.json", "Übung 1/a_b-c.json"] {
            assert_eq!(Source::read(&Query::from([("file", path)])), Ok(Source::File(path.to_owned())));
        }
        for path in [
            "../memory.json",
            "/memory.json",
            "//other.example/memory.json",
            "https://other.example/memory.json",
            "data:application/json,{}",
            "lessons/../../memory.json",
            "lessons/%2e%2e/memory.json",
            "lessons\\..\\memory.json",
            "lessons/./memory.json",
            "memory.json?a",
            "memory.json#a",
        ] {
            let sentence = Source::read(&Query::from([("file", path)])).expect_err(path);
            assert!(sentence.contains("own folder"), "{sentence}");
        }
    }

    #[test]
    fn an_address_without_a_lesson_gives_a_sentence() {
        let read = |query: &str| Source::read(&Query::parse(query)).expect_err(query);
        assert!(read("theme=dark").contains("no lesson"));
        assert!(read("lesson=memory").contains("no items"));
        assert!(read("lesson=memory&item1=%3Cb%3E").contains("names no panel"));
    }
}
