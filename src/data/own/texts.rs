//! Texts of the user: several files, one after another in the order of their names.

use crate::core::LabError;
use crate::core::data_set::request::TextsPreview;
use crate::core::data_set::{Card, Content};
use crate::data::own::{self, DataFile};
use crate::data::text::{self, BYTES, Vocabulary};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// The number of characters in the preview.
const START: usize = 600;
/// The maximum number of file names on a card, and of reasons for skipped files.
const MAX_NAMES: usize = 100;
/// The maximum length of a file name on a card, in characters.
const MAX_NAME: usize = 80;

/// Joins texts in the natural order of their names, with a blank line between two of them. Files that are not texts are
/// skipped and listed in the preview.
///
/// # Errors
///
/// Fails if there is no file, if none of the files is a text, or if all of them together are too short or too long.
pub fn read(files: &[(String, Vec<u8>)]) -> Result<(TextsPreview, DataFile), LabError> {
    let total = files.iter().fold(0, |total: usize, (_, bytes)| total.saturating_add(bytes.len()));
    if files.is_empty() {
        return Err(LabError::Data(
            "There is no file. Choose one or more text files, or paste a text.".to_owned(),
        ));
    }
    // A limit before decoding bounds the memory. UTF-16 may need twice the space of UTF-8.
    if total > *BYTES.end() {
        return Err(LabError::Data(format!(
            "These texts have {:.1} MB together; the maximum is {} MB. Leave out some of them, or shorten them.",
            total as f64 / 1e6,
            BYTES.end() / 1_000_000
        )));
    }
    let mut ordered: Vec<&(String, Vec<u8>)> = files.iter().collect();
    ordered.sort_by(|a, b| natural_order(&a.0, &b.0));
    let (mut joined, mut used, mut problems, mut remarks) =
        (String::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, bytes) in ordered {
        let decoded = if bytes.is_empty() {
            Err("This file is empty.".to_owned())
        } else {
            text::decode(bytes).map_err(|error| error.to_string())
        };
        match decoded {
            Ok((part, remark)) => {
                let part = part.replace("\r\n", "\n").replace('\r', "\n");
                if !joined.is_empty() {
                    joined.push_str(if joined.ends_with('\n') { "\n" } else { "\n\n" });
                }
                joined.push_str(&part);
                used.push((shortened(name), count(part.chars().count())));
                if remarks.len() < MAX_NAMES {
                    remarks.extend(remark.map(|remark| format!("{}: {remark}", shortened(name))));
                }
            }
            Err(why) => problems.push((shortened(name), why)),
        }
    }
    match (used.as_slice(), problems.as_slice()) {
        ([], [(_, why)]) => return Err(LabError::Data(why.clone())),
        ([], [(name, why), ..]) => {
            return Err(LabError::Data(format!(
                "None of these {} files is a text. {name}: {why}",
                problems.len()
            )));
        }
        _ => {}
    }
    if !BYTES.contains(&joined.len()) {
        return Err(LabError::Data(format!(
            "This text has {} bytes; a text needs at least {} bytes and at most {} MB. Add more files or choose a longer text.",
            joined.len(),
            BYTES.start(),
            BYTES.end() / 1_000_000
        )));
    }
    let preview = preview(&joined, used, problems);
    let (rare, n_rare) = preview.rare;
    if rare > 0 {
        remarks.push(format!(
            "{n_rare} characters of {rare} rare kinds are replaced by {}, because the model knows at most {} characters.",
            text::FOLDED,
            text::MAX_CHARS
        ));
    }
    if let Some((name, _)) = preview.problems.first() {
        remarks.push(match preview.problems.len() {
            1 => format!("{name} was skipped, because it is not a text."),
            n => format!("{n} files were skipped, because they are not texts; one is {name}."),
        });
    }
    let names: Vec<String> = preview.files.iter().take(MAX_NAMES).map(|(name, _)| name.clone()).collect();
    let (title, source) = match (names.as_slice(), preview.files.len()) {
        ([only], 1) => (stem(only).to_owned(), only.clone()),
        ([first, ..], n) => (format!("{} and {} more", stem(first), n - 1), format!("{n} files")),
        ([], _) => ("A text".to_owned(), String::new()),
    };
    let characters = count(preview.characters.len());
    let length = preview.split.0.saturating_add(preview.split.1);
    let structure = Content::Text { files: names, characters };
    let file = DataFile::new(&title, &source, structure, length, joined.into_bytes(), remarks)?;
    Ok((preview, file))
}

/// Returns the card and the text of a data file.
///
/// # Errors
///
/// Fails if this is not the data file of a text.
pub fn open(bytes: &[u8]) -> Result<(Card, String), LabError> {
    let (card, content) = own::read(bytes)?;
    match (&card.content, std::str::from_utf8(content)) {
        (Content::Text { .. }, Ok(text)) if BYTES.contains(&text.len()) => {
            let text = text.to_owned();
            Ok((card, text))
        }
        _ => {
            Err(LabError::Data("The stored text is damaged. Remove it and open its files again.".to_owned()))
        }
    }
}

/// Counts the characters of a text. The vocabulary is that of [`Corpus`](crate::data::text::Corpus).
fn preview(joined: &str, files: Vec<(String, u32)>, mut problems: Vec<(String, String)>) -> TextsPreview {
    problems.truncate(MAX_NAMES);
    let counts = character_counts(joined);
    let vocabulary = Vocabulary::of(joined);
    let is_known = |c: char| vocabulary.chars().binary_search(&c).is_ok();
    let (mut characters, rare): (Vec<_>, Vec<_>) = counts.into_iter().partition(|(c, _)| is_known(*c));
    let n_rare = rare.iter().fold(0u32, |sum, (_, n)| sum.saturating_add(*n));
    if n_rare > 0 {
        match characters.iter_mut().find(|(c, _)| *c == text::FOLDED) {
            Some((_, n)) => *n = n.saturating_add(n_rare),
            None => characters.push((text::FOLDED, n_rare)),
        }
    }
    characters.sort_by_key(|(c, n)| (std::cmp::Reverse(*n), *c));
    let length = joined.chars().count();
    let train = text::train_length(length);
    TextsPreview {
        files,
        characters,
        rare: (count(rare.len()), n_rare),
        split: (count(train), count(length - train)),
        start: joined.chars().take(START).collect(),
        problems,
    }
}

fn character_counts(text: &str) -> BTreeMap<char, u32> {
    let mut counts = BTreeMap::new();
    for c in text.chars() {
        let n: &mut u32 = counts.entry(c).or_default();
        *n = n.saturating_add(1);
    }
    counts
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Returns the last part of a path, shortened.
fn shortened(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// Returns the name of a file without its ending.
pub(crate) fn stem(name: &str) -> &str {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    match last.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => last,
    }
}

/// Compares names with numbers in them by the numbers: `act 2` comes before `act 10`. Equal numbers, such as `2` and `02`,
/// and all other characters are compared by code point, without regard to case first.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (digits, other) = (leading_digits(left), leading_digits(right));
        if !digits.is_empty() && !other.is_empty() {
            let (n, m) = (digits.trim_start_matches('0'), other.trim_start_matches('0'));
            match n.len().cmp(&m.len()).then_with(|| n.cmp(m)) {
                Ordering::Equal => {
                    left = left.get(digits.len()..).unwrap_or_default();
                    right = right.get(other.len()..).unwrap_or_default();
                    continue;
                }
                unequal => return unequal,
            }
        }
        let (mut rest, mut other) = (left.chars(), right.chars());
        match (rest.next(), other.next()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(c), Some(d)) => {
                let unequal = c.to_lowercase().cmp(d.to_lowercase());
                if unequal != Ordering::Equal {
                    return unequal;
                }
            }
        }
        (left, right) = (rest.as_str(), other.as_str());
    }
}

fn leading_digits(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::core::data_set::{Content, DataId, Shape};
    use crate::data::own::texts::*;
    use crate::data::text::Corpus;

    fn file(name: &str, text: impl Into<Vec<u8>>) -> (String, Vec<u8>) {
        (name.to_owned(), text.into())
    }

    fn refused(files: &[(String, Vec<u8>)]) -> String {
        read(files).expect_err("it is refused").to_string()
    }

    #[test]
    fn files_are_joined_in_the_natural_order_of_their_names() {
        let files = [
            file("play/act10.txt", "ten\n".repeat(400)),
            file("play/act2.txt", "two\r\n".repeat(400)),
            file("play/act1.txt", "one".repeat(400)),
        ];
        let (preview, data) = read(&files).expect("a text");
        let names: Vec<&str> = preview.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["act1.txt", "act2.txt", "act10.txt"]);
        let expected = ["one".repeat(400), "two\n".repeat(400), "ten\n".repeat(400)];
        let (card, text) = open(&data.to_bytes()).expect("it can be read");
        assert_eq!(text, format!("{}\n\n{}\n{}", expected[0], expected[1], expected[2]));
        assert_eq!((card.title.as_str(), card.source.as_str()), ("act1 and 2 more", "3 files"));
        let corpus = Corpus::new(&text);
        assert_eq!(preview.split, (corpus.train.len() as u32, corpus.validation.len() as u32));
        assert_eq!(preview.characters.len(), corpus.vocabulary.len());
        let total: u32 = preview.characters.iter().map(|(_, n)| n).sum();
        assert_eq!(total, preview.split.0 + preview.split.1);
        assert!(preview.characters.is_sorted_by(|a, b| a.1 >= b.1) && preview.start.starts_with("oneone"));
        let id: DataId = card.id.parse().expect("a name");
        assert_eq!(id.shape, Shape::Text { characters: corpus.vocabulary.len() as u32 });
    }

    #[test]
    fn numbers_in_names_are_compared_by_value() {
        let mut names = ["b", "a10", "a9", "A1", "a", "a01", "a99999999999999999999999", "a2b3", "a2b20", ""];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(
            names,
            ["", "a", "A1", "a01", "a2b3", "a2b20", "a9", "a10", "a99999999999999999999999", "b"]
        );
    }

    #[test]
    fn rare_characters_are_counted_like_a_corpus_folds_them() {
        let rare: String = (0..50).map(|n| char::from_u32(0x4e00 + n).expect("a letter")).collect();
        let common: String = (0..200).map(|n| char::from_u32(0x100 + n).expect("a letter")).collect();
        let (preview, data) = read(&[file("a.txt", common.repeat(20) + &rare)]).expect("a text");
        let corpus = Corpus::new(&common.repeat(20).add(&rare));
        assert_eq!(preview.rare, (corpus.folded.1 as u32, corpus.folded.0 as u32));
        assert_eq!(preview.characters.len(), crate::data::text::MAX_CHARS);
        assert!(
            data.card.remarks.iter().any(|remark| remark.contains("rare kinds")),
            "{:?}",
            data.card.remarks
        );
        assert!(matches!(data.card.content, Content::Text { characters: 160, .. }));
    }

    use std::ops::Add;

    #[test]
    fn what_is_not_a_text_is_listed_and_the_rest_is_used() {
        let files = [
            file("a.txt", "words ".repeat(500)),
            file("b.png", b"\x89PNG\r\n\x1a\n\0\0".to_vec()),
            file("c.txt", ""),
        ];
        let (preview, data) = read(&files).expect("one of them is a text");
        assert_eq!(
            preview.problems.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["b.png", "c.txt"]
        );
        assert!(preview.problems.iter().all(|(_, why)| why.ends_with('.')), "{:?}", preview.problems);
        assert!(data.card.remarks[0].contains("2 files were skipped"), "{:?}", data.card.remarks);
        assert!(refused(&files[1..]).contains("None of these 2 files is a text. b.png: "));
        assert!(refused(&files[1..2]).contains("PNG"), "{}", refused(&files[1..2]));
        assert!(refused(&[]).contains("There is no file"));
        assert!(refused(&files[2..]).contains("is empty"));
        assert!(refused(&[file("a.txt", "short")]).contains("at least 2000 bytes"));
        assert!(refused(&[file("a.txt", vec![b'a'; 100_000_000])]).contains("100.0 MB"));
    }

    #[test]
    fn a_damaged_data_file_is_refused() {
        let (_, data) = read(&[file("a.txt", "words ".repeat(500))]).expect("a text");
        let mut bytes = data.to_bytes();
        assert!(open(&bytes).is_ok());
        *bytes.last_mut().expect("bytes") = 0xff;
        assert!(open(&bytes).is_err() && open(&bytes[..30]).is_err() && open(b"").is_err());
    }
}
