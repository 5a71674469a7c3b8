//! The work of a course: the lesson that a teacher writes, the answer sheets that students hand in, and what becomes of them
//! outside the lab. Pure: the panels store and show it.

pub mod class;
pub mod lesson;
pub mod package;
pub mod progress;
pub mod sheet;
pub mod sheet_file;
pub mod statement;

pub use crate::coursework::lesson::{Item, Lesson, LessonError};
pub use crate::coursework::sheet::{AnswerSheet, Answered, Asked, Attempt, LessonName, Outcome, WorkKind};
pub use crate::coursework::sheet_file::SheetError;
