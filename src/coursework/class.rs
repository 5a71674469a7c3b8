//! The class view: the answer sheets of many students side by side. Pure: `#/class` reads the files and shows the result.

pub mod board;
pub mod catalog;
pub mod csv;
pub mod files;
pub mod findings;
pub mod grading;
pub mod picture;
pub mod rerun;
pub mod roster;
#[cfg(test)]
mod tests;

pub use crate::coursework::class::board::{Board, Cell, Column, Form, Graded, Row, Sort};
pub use crate::coursework::class::catalog::SectionInfo;
pub use crate::coursework::class::files::{Content, FileText, LeftOut};
pub use crate::coursework::class::rerun::{Check, Measurement, Reproduction, Rerun};
pub use crate::coursework::class::roster::{Class, Entry};
