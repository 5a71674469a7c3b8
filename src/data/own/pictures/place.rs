//! The class of a picture and its part of the set, as its path says; and the choice of a part of too many pictures.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

/// The maximum number of characters in the name of a class.
const MAX_NAME: usize = 40;
/// The maximum number of characters of a path in a message.
const MAX_PATH: usize = 120;
/// Folders with pictures that are held out.
const TEST: [&str; 6] = ["test", "testing", "val", "valid", "validation", "t10k"];
/// Folders with pictures to train on.
const TRAIN: [&str; 2] = ["train", "training"];

/// The class of a picture, and its part of the set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The name of the class.
    pub class: String,
    /// True if the picture is held out.
    pub is_test: bool,
}

/// Returns a name or a path from outside without control characters, and not longer than `max`.
fn plain(text: &str, max: usize) -> String {
    let is_plain = |c: &char| !c.is_control() && *c != char::REPLACEMENT_CHARACTER;
    let mut plain: String = text.trim().chars().filter(is_plain).take(max + 1).collect();
    if let Some((end, _)) = plain.char_indices().nth(max) {
        plain.truncate(end);
        plain.push('…');
    }
    plain
}

/// Returns a path as it is shown.
pub fn shown(path: &str) -> String {
    plain(path, MAX_PATH)
}

/// Returns the name of a class as it is stored.
pub fn class_name(name: &str) -> String {
    plain(name, MAX_NAME)
}

/// Returns the last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// Returns the path without the last extension of its file, as `pets` of `pets.zip`; an archive takes the place of a folder.
pub fn without_extension(path: &str) -> &str {
    let file = file_name(path);
    let stem = ["tar.gz", "tgz", "tar", "zip", "npz", "npy", "gz"].iter().find_map(|extension| {
        let stem = file.len().checked_sub(extension.len() + 1)?;
        let (start, end) = (file.get(..stem)?, file.get(stem..)?);
        end.strip_prefix('.').filter(|end| end.eq_ignore_ascii_case(extension)).and(Some(start))
    });
    stem.and_then(|stem| path.get(..path.len() - file.len() + stem.len())).unwrap_or(path)
}

/// Returns true for files that systems add to folders and archives, for hidden files, and for texts about a data set.
pub fn is_ignored(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    parts.any(|part| part.starts_with('.') || part == "__MACOSX")
        || is_system_file(file_name(path))
        || is_note(file_name(path))
}

/// Returns true for texts that come with data sets, such as their license.
fn is_note(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
    let is_text = matches!(
        extension,
        "" | "txt" | "md" | "html" | "htm" | "rtf" | "json" | "csv" | "yaml" | "yml" | "xml"
    );
    name.starts_with("batches.meta")
        || (is_text && matches!(stem, "readme" | "license" | "labels" | "classes"))
}

fn is_system_file(name: &str) -> bool {
    name.is_empty() || ["thumbs.db", "desktop.ini"].iter().any(|file| name.eq_ignore_ascii_case(file))
}

/// Returns true if a word in the name of an array, or else in its path, says that its pictures are held out.
pub fn is_test(path: &str) -> bool {
    let part = |text: &str| {
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_ascii_lowercase);
        words.find_map(|word| match word.as_str() {
            "xtest" | "ytest" => Some(true),
            word if TEST.contains(&word) || word.starts_with("test") => Some(true),
            word if word.contains("train") => Some(false),
            _ => None,
        })
    };
    part(file_name(path)).or_else(|| part(path)).unwrap_or(false)
}

/// Returns the class of a picture, which is its last folder, and its part of the set: a folder `train` or `test` is not a
/// class. Pictures without a folder are of the class `other`.
pub fn place(path: &str, other: Option<&str>) -> Option<Place> {
    let mut folders: Vec<&str> =
        path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).collect();
    folders.pop();
    let is_one_of = |folder: &str, names: &[&str]| names.iter().any(|name| folder.eq_ignore_ascii_case(name));
    let is_part = |folder: &str| is_one_of(folder, &TEST) || is_one_of(folder, &TRAIN);
    let is_test = folders.iter().any(|folder| is_one_of(folder, &TEST));
    let class = match folders.pop() {
        Some(folder) if !is_part(folder) => Some(folder),
        _ => other,
    };
    let class = class_name(class?);
    (!class.is_empty()).then_some(Place { class, is_test })
}

/// Returns true for each of the samples that are used if there is room for `room` of them: the same share of each group, at
/// even distances.
pub fn spread<K: Hash + Eq>(groups: &[K], room: usize) -> Vec<bool> {
    if groups.len() <= room {
        return vec![true; groups.len()];
    }
    let mut counts: HashMap<&K, usize> = HashMap::new();
    groups.iter().for_each(|group| *counts.entry(group).or_default() += 1);
    // The first of each group is used, so that no group is lost. This rounds up.
    let room = room.saturating_sub(counts.len()) as u64;
    let n = groups.len().max(1) as u64;
    let mut seen: HashMap<&K, u64> = HashMap::new();
    let keeps = |group| {
        let at = seen.entry(group).or_default();
        let share = |at: u64| at * room / n;
        let is_used = *at == 0 || share(*at) != share(*at - 1);
        *at += 1;
        is_used
    };
    groups.iter().map(keeps).collect()
}

/// Returns a number with commas between its groups of three digits.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns the order of two names of classes: numbers by value, then texts.
pub fn order(a: &str, b: &str) -> Ordering {
    let number = |text: &str| text.parse::<u64>().ok();
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.to_lowercase().cmp(&b.to_lowercase()).then_with(|| a.cmp(b)),
    }
}

#[cfg(test)]
mod tests {
    use crate::data::own::pictures::place::*;

    #[test]
    fn the_last_folder_is_the_class() {
        let at = |path: &str| place(path, None).map(|place| (place.class, place.is_test));
        let class = |class: &str, is_test| Some((class.to_owned(), is_test));
        assert_eq!(at("cats/1.jpg"), class("cats", false));
        assert_eq!(at("pets/train/cats/1.jpg"), class("cats", false));
        assert_eq!(at("pets/Test/cats/1.jpg"), class("cats", true));
        assert_eq!(at("val\\cats\\1.jpg"), class("cats", true));
        assert_eq!(at("./../<b>bold</b>/1.jpg"), class("b>", false), "a slash always divides");
        assert_eq!(at("1.jpg"), None);
        assert_eq!(at("train/1.jpg"), None);
        assert_eq!(at("\u{7}/1.jpg"), None);
        assert_eq!(at(&format!("{}/1.jpg", "ä".repeat(50))), class(&format!("{}…", "ä".repeat(40)), false));
        let other = place("test/1.jpg", Some("dogs"));
        assert_eq!(other, Some(Place { class: "dogs".to_owned(), is_test: true }));
    }

    #[test]
    fn files_of_the_system_are_ignored() {
        for path in [
            "__MACOSX/cats/._1.jpg",
            "cats/.DS_Store",
            "cats/Thumbs.db",
            ".git/x.png",
            "cats/",
            "desktop.ini",
        ] {
            assert!(is_ignored(path), "{path}");
        }
        assert!(
            !is_ignored("./cats/1.jpg")
                && !is_ignored("../a.b/c.jpg")
                && !is_ignored("labels.npy")
                && !is_ignored("readme.png")
        );
        assert_eq!(without_extension("a.b/pets.tar.gz"), "a.b/pets");
        assert_eq!(without_extension("pets.ZIP"), "pets");
        assert_eq!(without_extension("cats/1.jpg"), "cats/1.jpg");
        assert_eq!(without_extension("é.zip"), "é");
    }

    #[test]
    fn the_names_of_arrays_tell_their_part() {
        for name in
            ["t10k-images-idx3-ubyte", "a/x_test", "X_val", "test/images", "testX", "train_mnist/y_test"]
        {
            assert!(is_test(name), "{name}");
        }
        for name in ["train-images-idx3-ubyte", "test_mnist/x_train", "latest/images", "arr_0", "xtrain"] {
            assert!(!is_test(name), "{name}");
        }
    }

    #[test]
    fn a_part_has_the_same_share_of_each_group() {
        let groups: Vec<u8> = (0..1000).map(|i| if i < 900 { 0 } else { 1 }).chain([2]).collect();
        let used = spread(&groups, 103);
        let of = |group: u8| groups.iter().zip(&used).filter(|(g, used)| **g == group && **used).count();
        assert_eq!((of(0), of(1), of(2)), (90, 10, 1));
        assert!(used.iter().filter(|used| **used).count() <= 103);
        assert_eq!(spread(&groups, 2000), vec![true; 1001]);
        assert_eq!(spread::<u8>(&[], 0), [true; 0]);
    }

    #[test]
    fn numbers_are_sorted_by_value() {
        let mut names = ["b", "10", "A", "9", "a"];
        names.sort_by(|a, b| order(a, b));
        assert_eq!(names, ["9", "10", "A", "a", "b"]);
        assert_eq!(
            [0, 999, 1000, 70_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "70,000", "1,234,567"]
        );
    }
}
