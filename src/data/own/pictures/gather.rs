//! Sorts the files that the user opened: pictures, which the browser decodes, and the pictures in archives and arrays.

use crate::core::data_set::request::PicturesAnswer;
use crate::data::cifar10;
use crate::data::own::pictures::array::{Array, read_idx};
use crate::data::own::pictures::container::{self, MAX_UNPACKED, is_records};
use crate::data::own::pictures::format::{Kind, kind, refusal};
use crate::data::own::pictures::labeled::{Labeled, pair};
use crate::data::own::pictures::numpy::read_npy;
use crate::data::own::pictures::place::{file_name, is_ignored, shown, without_extension};

/// The maximum number of problems that are told one by one.
const MAX_PROBLEMS: usize = 100;

/// The files that were opened.
#[derive(Debug)]
pub struct Gathered {
    /// Pictures from archives, each with its path.
    pub pictures: Vec<(String, Vec<u8>)>,
    arrays: Vec<Array>,
    labeled: Vec<Labeled>,
    problems: Vec<(String, String)>,
    skipped: usize,
    /// The number of bytes that may still be unpacked.
    left: usize,
}

impl Default for Gathered {
    fn default() -> Self {
        Self {
            pictures: Vec::new(),
            arrays: Vec::new(),
            labeled: Vec::new(),
            problems: Vec::new(),
            skipped: 0,
            left: MAX_UNPACKED,
        }
    }
}

impl Gathered {
    /// Adds a problem with a file.
    pub fn problem(&mut self, path: &str, why: String) {
        self.skipped += 1;
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push((shown(path), why));
        }
    }

    /// Opens a file with its bytes: an archive, arrays, pictures of CIFAR-10, or a picture.
    pub fn open(&mut self, path: &str, bytes: Vec<u8>) {
        self.open_at(path, bytes, 0);
    }

    fn open_at(&mut self, path: &str, bytes: Vec<u8>, depth: usize) {
        if is_ignored(path) {
            return;
        }
        let found = kind(&bytes);
        let named_records = is_records(path) && !matches!(found, Kind::Zip | Kind::Gzip | Kind::Tar);
        match found {
            // The records of CIFAR-10 may begin with any bytes.
            _ if named_records => self.cifar10(path, bytes),
            Kind::Picture(_) => self.pictures.push((path.to_owned(), bytes)),
            Kind::Npy | Kind::Idx => {
                let name = without_extension(path);
                let array = if found == Kind::Npy { read_npy(name, bytes) } else { read_idx(name, bytes) };
                match array {
                    Ok(array) => self.arrays.push(array),
                    Err(why) => self.problem(path, why),
                }
            }
            Kind::Pickle => self.cifar10(path, bytes),
            // A packed array in an archive is usual; another archive is not.
            Kind::Zip | Kind::Gzip if depth > 0 && !is_packed_array(path) => {
                self.problem(path, "The file is an archive in an archive. Unpack it first.".to_owned());
            }
            Kind::Tar if depth > 0 => {
                self.problem(path, "The file is an archive in an archive. Unpack it first.".to_owned());
            }
            Kind::Zip | Kind::Gzip | Kind::Tar => match container::open(path, found, bytes, &mut self.left) {
                Ok(opened) => {
                    opened.problems.into_iter().for_each(|(path, why)| self.problem(&path, why));
                    if opened.files.is_empty() && self.skipped == 0 {
                        self.problem(path, "The archive contains no files.".to_owned());
                    }
                    // Without a name for the levels, a bomb of archives would need one.
                    opened.files.into_iter().for_each(|(path, bytes)| self.open_at(&path, bytes, depth + 1));
                }
                Err(why) => self.problem(path, why),
            },
            Kind::Refused(_) | Kind::Other => {
                let why = refusal(file_name(path), &bytes, found);
                self.problem(path, why.unwrap_or_else(|| "The file is not a picture.".to_owned()));
            }
        }
    }

    fn cifar10(&mut self, path: &str, bytes: Vec<u8>) {
        match cifar10::unpack(&shown(file_name(path)), bytes) {
            Ok(files) => {
                self.labeled.extend(files.into_iter().map(|(_, records)| Labeled::cifar10(path, records)));
            }
            Err(error) => self.problem(path, error.to_string()),
        }
    }

    /// Pairs arrays with their labels, and returns all pictures with labels.
    pub fn labeled(&mut self) -> Vec<Labeled> {
        let mut problems = Vec::new();
        let mut labeled = std::mem::take(&mut self.labeled);
        labeled.extend(pair(std::mem::take(&mut self.arrays), &mut problems));
        problems.into_iter().for_each(|(path, why)| self.problem(&path, why));
        labeled
    }

    /// Returns the answer without its card.
    pub fn answer(&self, problem: Option<String>) -> PicturesAnswer {
        let skipped = u32::try_from(self.skipped).unwrap_or(u32::MAX);
        PicturesAnswer { card: None, problems: self.problems.clone(), skipped, problem }
    }
}

fn is_packed_array(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    name.ends_with(".npz") || name.ends_with("ubyte.gz") || name.ends_with(".npy.gz")
}

/// Returns a title for a set of files: the folder or file that all of them are in, or "Pictures".
pub fn title(paths: &[String]) -> String {
    let first = |path: &String| {
        let path = without_extension(path);
        let part = path.split(['/', '\\']).find(|part| !matches!(*part, "" | "." | ".."));
        part.map(shown).unwrap_or_default()
    };
    let Some(title) = paths.first().map(first) else { return "Pictures".to_owned() };
    if title.is_empty() || paths.iter().any(|path| first(path) != title) {
        "Pictures".to_owned()
    } else {
        title
    }
}

#[cfg(test)]
mod tests;
