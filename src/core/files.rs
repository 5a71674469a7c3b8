//! Files that the user gives to the page: their kinds, and the paths at which they are stored.
//!
//! The page passes a file to the worker, which checks and unpacks it. The unpacked files are assets under
//! `user/` from then on. A section that needs another kind of file adds it here.

use serde::{Deserialize, Serialize};

/// The purpose of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// The files of CIFAR-10's binary or Python version, or an archive with them.
    Cifar10,
    /// A text to train on. It replaces an earlier one.
    Text,
}

/// The folder of the user's CIFAR-10 files.
pub const CIFAR10_FOLDER: &str = "user/cifar10/";
/// The folder of the user's text.
pub const TEXT_FOLDER: &str = "user/text/";
/// The file name of the user's text.
pub const TEXT_NAME: &str = "own.txt";

/// A file that the worker has accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFile {
    /// The path, as the asset reader of a run takes it.
    pub path: String,
    /// The size in bytes.
    pub size: u32,
}

impl FileKind {
    /// Returns the folder of files of this kind.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Cifar10 => CIFAR10_FOLDER,
            Self::Text => TEXT_FOLDER,
        }
    }

    /// Returns the file name extensions, as a file dialog takes them.
    pub const fn endings(self) -> &'static str {
        match self {
            Self::Cifar10 => ".bin,.gz,.tgz,.tar",
            Self::Text => ".txt,.md,.csv,.tex,text/plain",
        }
    }

    /// Returns the indices of the files to read in a folder with files of these names: those with a known extension.
    /// The files of CIFAR-10's Python version have none. Files of other data sets are returned if there are no others, so that
    /// the message can name them.
    pub fn in_folder(self, names: &[String]) -> Vec<usize> {
        let extensions: Vec<&str> =
            self.endings().split(',').filter(|ending| ending.starts_with('.')).collect();
        let indices = |is_wanted: &dyn Fn(&str) -> bool| {
            let visible = names.iter().enumerate().filter(|(_, name)| !name.starts_with('.'));
            visible.filter(|(_, name)| is_wanted(&name.to_lowercase())).map(|(at, _)| at).collect::<Vec<_>>()
        };
        let found = indices(&|name| extensions.iter().any(|extension| name.ends_with(extension)));
        if !found.is_empty() || self != Self::Cifar10 {
            return found;
        }
        let of_python = indices(&|name| name.starts_with("data_batch_") || name == "test_batch");
        if !of_python.is_empty() {
            return of_python;
        }
        indices(&|name| ["train", "test"].contains(&name)).into_iter().take(1).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::core::files::FileKind;

    fn chosen(kind: FileKind, names: &[&str]) -> Vec<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        kind.in_folder(&names).into_iter().filter_map(|at| names.get(at).cloned()).collect()
    }

    #[test]
    fn a_folder_may_have_other_files() {
        let binary =
            ["batches.meta.txt", "data_batch_1.bin", "readme.html", "._data_batch_1.bin", "TEST_BATCH.BIN"];
        assert_eq!(chosen(FileKind::Cifar10, &binary), ["data_batch_1.bin", "TEST_BATCH.BIN"]);
        let python = ["batches.meta", "data_batch_1", "data_batch_2", "test_batch", "readme.html"];
        assert_eq!(chosen(FileKind::Cifar10, &python), ["data_batch_1", "data_batch_2", "test_batch"]);
        let of_hundred = ["file.txt~", "meta", "test", "train"];
        assert_eq!(chosen(FileKind::Cifar10, &of_hundred), ["test"], "one message is enough");
        assert_eq!(chosen(FileKind::Cifar10, &["photo.png"]), [""; 0]);
        assert_eq!(chosen(FileKind::Text, &["a.txt", "b.jpg", "c.md", "train"]), ["a.txt", "c.md"]);
    }
}
