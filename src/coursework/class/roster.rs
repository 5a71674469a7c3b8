//! The files of a class: the answers of each student, and the lesson.

use crate::coursework::class::files::{Content, FileText, LeftOut};
use crate::coursework::lesson::Lesson;
use crate::coursework::sheet::AnswerSheet;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The maximum number of files. The table of more would no longer be usable.
pub const MAX_FILES: usize = 1000;
/// The maximum number of listed files that were left out.
const MAX_LEFT_OUT: usize = 500;

/// The file of a student.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The number of the file on this page, which is used once.
    pub id: u64,
    /// The name of the file.
    pub file: String,
    /// The answers.
    pub sheet: Rc<AnswerSheet>,
    hash: u64,
}

/// All files of a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Class {
    /// The files of the students, in the order in which they came.
    pub entries: Vec<Entry>,
    /// The lesson, and the name of its file.
    pub lesson: Option<(Rc<Lesson>, String)>,
    /// Files that were not used.
    pub left_out: Vec<LeftOut>,
    /// The names of files that were given again.
    pub repeated: Vec<String>,
    /// The entries that were removed last, each with its index.
    removed: Vec<(usize, Entry)>,
    last_id: u64,
}

impl Class {
    /// Adds files. One that is identical to another is only mentioned.
    pub fn add(&mut self, files: Vec<Result<FileText, LeftOut>>) {
        for file in files {
            match file {
                Err(left_out) => self.leave_out(left_out),
                Ok(FileText { name, content: Content::Lesson(lesson), .. }) => self.set_lesson(name, lesson),
                Ok(FileText { name, hash, content: Content::Answers(sheet) }) => {
                    if self.entries.iter().any(|entry| entry.hash == hash && entry.sheet == sheet) {
                        self.repeated.push(name);
                    } else if self.entries.len() >= MAX_FILES {
                        self.leave_out(LeftOut::new(
                            &name,
                            format!("the class view takes {MAX_FILES} files at most"),
                        ));
                    } else {
                        self.last_id += 1;
                        self.entries.push(Entry { id: self.last_id, file: name, sheet, hash });
                    }
                }
            }
        }
    }

    fn leave_out(&mut self, left_out: LeftOut) {
        if !self.left_out.contains(&left_out) && self.left_out.len() < MAX_LEFT_OUT {
            self.left_out.push(left_out);
        }
    }

    fn set_lesson(&mut self, name: String, lesson: Rc<Lesson>) {
        match &self.lesson {
            Some((known, _)) if *known == lesson => self.repeated.push(name),
            Some((known, file)) => {
                let reason =
                    format!("the class has the lesson \"{}\" from {file}; remove that one first", known.id);
                self.leave_out(LeftOut::new(&name, reason));
            }
            None => self.lesson = Some((lesson, name)),
        }
    }

    /// Removes the lesson.
    pub fn remove_lesson(&mut self) {
        self.lesson = None;
    }

    /// Removes the file of a student.
    pub fn remove(&mut self, id: u64) {
        if let Some(at) = self.entries.iter().position(|entry| entry.id == id) {
            self.removed = vec![(at, self.entries.remove(at))];
        }
    }

    /// Removes all files of students and all messages. The lesson stays.
    pub fn remove_all(&mut self) {
        self.removed = self.entries.drain(..).enumerate().collect();
        self.dismiss();
    }

    /// Forgets the messages about files that were not used.
    pub fn dismiss(&mut self) {
        self.left_out.clear();
        self.repeated.clear();
    }

    /// Returns the files that were removed last and are not back yet.
    pub fn removed(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.removed.iter().map(|(_, entry)| entry)
    }

    /// Puts the files that were removed last back.
    pub fn undo(&mut self) {
        for (at, entry) in std::mem::take(&mut self.removed) {
            if self.entries.iter().all(|known| known.hash != entry.hash) {
                self.entries.insert(at.min(self.entries.len()), entry);
            }
        }
    }

    /// Returns true if there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.lesson.is_none() && self.left_out.is_empty()
    }

    /// Returns the name of each file's student on the page. Files without a name, and files whose name another one has, are
    /// named after the file.
    pub fn names(&self) -> BTreeMap<u64, String> {
        let same = |name: &str| self.entries.iter().filter(|entry| entry.name_key() == fold(name)).count();
        let mut used: BTreeMap<String, usize> = BTreeMap::new();
        let mut name_of = |entry: &Entry| {
            let name = match entry.sheet.student.as_deref() {
                Some(name) if same(name) > 1 => format!("{name} ({})", entry.stem()),
                Some(name) => name.to_owned(),
                None => entry.stem().to_owned(),
            };
            let count = used.entry(name.clone()).or_default();
            *count += 1;
            (entry.id, if *count > 1 { format!("{name} #{count}") } else { name })
        };
        self.entries.iter().map(&mut name_of).collect()
    }

    /// Returns sentences about names: files without one, and names that several files share.
    pub fn name_notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let unnamed: Vec<&str> = self
            .entries
            .iter()
            .filter(|entry| entry.sheet.student.is_none())
            .map(|entry| &*entry.file)
            .collect();
        if !unnamed.is_empty() {
            notes.push(match unnamed.as_slice() {
                [file] => format!(
                    "One file has no name of a student, and its row has the name of the file: {file}."
                ),
                files => format!(
                    "{} files have no name of a student, and their rows have the names of the files: {}.",
                    files.len(),
                    list(files)
                ),
            });
        }
        let mut by_name: BTreeMap<String, Vec<&Entry>> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| entry.sheet.student.is_some()) {
            by_name.entry(entry.name_key()).or_default().push(entry);
        }
        for entries in by_name.into_values().filter(|entries| entries.len() > 1) {
            let files: Vec<&str> = entries.iter().map(|entry| &*entry.file).collect();
            let name = entries.first().and_then(|entry| entry.sheet.student.clone()).unwrap_or_default();
            notes.push(format!(
                "{} files have the name {name}: {}. Each has its own row.",
                files.len(),
                list(&files)
            ));
        }
        notes
    }

    /// Returns a sentence if files without a lesson file belong to several lessons.
    pub fn lesson_note(&self) -> Option<String> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for entry in &self.entries {
            *counts.entry(entry.sheet.lesson.as_ref().map_or("", |lesson| &lesson.id)).or_default() += 1;
        }
        if self.lesson.is_some() || counts.len() < 2 {
            return None;
        }
        let part = |(id, count): (&str, usize)| match id {
            "" => format!("no lesson ({count})"),
            id => format!("{id} ({count})"),
        };
        let parts: Vec<String> = counts.into_iter().map(part).collect();
        Some(format!(
            "The files belong to several lessons: {}. Add the file of a lesson to see only its questions.",
            parts.join(", ")
        ))
    }
}

impl Entry {
    fn name_key(&self) -> String {
        fold(self.sheet.student.as_deref().unwrap_or_default())
    }

    /// Returns the name of the file without its ending.
    fn stem(&self) -> &str {
        self.file.strip_suffix(".json").unwrap_or(&self.file)
    }
}

/// Returns a name without differences of case and spaces.
fn fold(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Returns names separated by commas, at most six of them.
pub fn list(names: &[impl AsRef<str>]) -> String {
    const MAX: usize = 6;
    let shown: Vec<&str> = names.iter().take(MAX).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(MAX) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
