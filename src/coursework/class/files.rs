//! Files for the class view: answers, and the lesson that they belong to.

use crate::core::split_mix::mixed;
use crate::coursework::lesson::{self, Lesson, LessonError};
use crate::coursework::sheet::AnswerSheet;
use crate::coursework::sheet_file::{MAX_BYTES, SheetError};
use std::rc::Rc;

/// The content of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The answers of a student.
    Answers(Rc<AnswerSheet>),
    /// A lesson.
    Lesson(Rc<Lesson>),
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct FileText {
    /// The name of the file.
    pub name: String,
    /// A number that equal files share.
    pub hash: u64,
    /// The content.
    pub content: Content,
}

/// A file that was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The name of the file.
    pub name: String,
    /// The reason in a sentence.
    pub reason: String,
}

impl FileText {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Returns the reason if it has neither answers nor a lesson.
    pub fn read(name: &str, text: &str) -> Result<Self, LeftOut> {
        let content = match AnswerSheet::read(text) {
            Ok(sheet) if sheet.answers.is_empty() => {
                return Err(LeftOut::new(name, "it has no answers"));
            }
            Ok(sheet) => Content::Answers(Rc::new(sheet)),
            Err(SheetError::OtherSchema(found)) => match Lesson::read(text) {
                Ok(lesson) => Content::Lesson(Rc::new(lesson)),
                Err(LessonError::OtherSchema(_)) => {
                    return Err(LeftOut::new(name, SheetError::OtherSchema(found)));
                }
                Err(_) if text.len() > lesson::MAX_BYTES && !text.contains(lesson::SCHEMA) => {
                    return Err(LeftOut::new(name, SheetError::OtherSchema(found)));
                }
                Err(error) => return Err(LeftOut::new(name, error)),
            },
            Err(error) => return Err(LeftOut::new(name, error)),
        };
        let hash = text.bytes().fold(text.len() as u64, |hash, byte| mixed(hash ^ u64::from(byte)));
        Ok(Self { name: name.to_owned(), hash, content })
    }
}

impl LeftOut {
    /// Returns a file that was not used, with the reason.
    pub fn new(name: &str, reason: impl ToString) -> Self {
        Self { name: name.to_owned(), reason: reason.to_string() }
    }

    /// Returns the reason for a file of this size in bytes, if it is too large to be read.
    pub fn if_too_large(name: &str, bytes: f64) -> Option<Self> {
        (bytes > MAX_BYTES as f64).then(|| Self::new(name, SheetError::TooLong(bytes as usize)))
    }
}
