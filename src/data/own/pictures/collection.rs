//! A set of pictures that is being put together.

use crate::core::LabError;
use crate::core::data_set::{Card, Content, MAX_CLASSES, MAX_PICTURES, MIN_SAMPLES};
use crate::data::own::pictures::place::{Place, class_name, grouped, order};
use crate::data::own::{self, DataFile};
use std::collections::{HashMap, HashSet};

/// The maximum number of remarks on a card.
const MAX_REMARKS: usize = 12;
/// The end of the remark on equal pictures.
const COPIES: &str =
    "exactly equal to another picture of the set. The test set may contain pictures of the training set.";

/// A set of pictures that is being put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collection {
    channels: usize,
    side: usize,
    /// In the order of their first appearance.
    classes: Vec<String>,
    numbers: HashMap<String, usize>,
    train: Part,
    test: Part,
    remarks: Vec<String>,
    /// True if pictures were added, which may be copies.
    has_new: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Part {
    /// The numbers of the classes.
    labels: Vec<usize>,
    pixels: Vec<u8>,
}

impl Part {
    /// Keeps the pictures for which `is_kept` is true. `first` is the number of the first picture.
    fn retain(&mut self, size: usize, first: usize, is_kept: impl Fn(usize) -> bool) {
        let pixels = std::mem::take(&mut self.pixels);
        let labels = std::mem::take(&mut self.labels);
        for (at, (label, pixels)) in labels.into_iter().zip(pixels.chunks_exact(size.max(1))).enumerate() {
            if is_kept(first + at) {
                self.labels.push(label);
                self.pixels.extend_from_slice(pixels);
            }
        }
    }
}

/// The content of a data file with pictures.
#[derive(Clone, Debug)]
pub struct Stored<'a> {
    /// The number of channels.
    pub channels: usize,
    /// Height and width.
    pub side: usize,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The number of pictures at the end that are held out, if it is given.
    pub n_test: Option<usize>,
    /// `[n]`
    pub labels: &'a [u8],
    /// `[n, channels, side, side]`
    pub pixels: &'a [u8],
}

/// Reads a data file with pictures.
///
/// # Errors
///
/// Fails if the file is damaged, or has another kind of data.
pub fn stored(bytes: &[u8]) -> Result<(Card, Stored<'_>), LabError> {
    let damaged = || {
        LabError::Data(
            "The stored set of pictures is damaged. Remove it and open its files again.".to_owned(),
        )
    };
    let (card, content) = own::read(bytes)?;
    let Content::Pictures { channels, side, classes, n_test } = &card.content else { return Err(damaged()) };
    let (channels, side, n) = (*channels as usize, *side as usize, card.count as usize);
    let (labels, pixels) = content.split_at_checked(n).ok_or_else(damaged)?;
    let is_whole = n <= MAX_PICTURES as usize && pixels.len() == n * channels * side * side;
    let n_test = n_test.map(|n_test| n_test as usize);
    let has_classes = labels.iter().all(|&label| usize::from(label) < classes.len());
    if !is_whole || !has_classes || n_test.is_some_and(|n_test| n_test == 0 || n_test >= n) {
        return Err(damaged());
    }
    let stored = Stored { channels, side, classes: classes.clone(), n_test, labels, pixels };
    Ok((card, stored))
}

impl Collection {
    /// Returns an empty set. Other numbers of channels than 3 are taken as 1, and other sides than 28 as 32.
    pub fn new(channels: u32, side: u32) -> Self {
        let channels = if channels == 3 { 3 } else { 1 };
        Self { channels, side: if side == 28 { 28 } else { 32 }, ..Self::default() }
    }

    /// Returns the pictures of a data file, to which others can be added.
    ///
    /// # Errors
    ///
    /// Fails if the file is damaged.
    pub fn open(bytes: &[u8]) -> Result<(Card, Self), LabError> {
        let (card, stored) = stored(bytes)?;
        let mut set = Self {
            channels: stored.channels,
            side: stored.side,
            remarks: card.remarks.clone(),
            ..Self::default()
        };
        for name in &stored.classes {
            set.class(name);
        }
        let n_train = stored.labels.len() - stored.n_test.unwrap_or(0);
        let labels: Vec<usize> = stored.labels.iter().map(|&label| usize::from(label)).collect();
        let (train, test) = labels.split_at_checked(n_train).unwrap_or_default();
        let (train_pixels, test_pixels) =
            stored.pixels.split_at_checked(n_train * set.picture_len()).unwrap_or_default();
        set.train = Part { labels: train.to_vec(), pixels: train_pixels.to_vec() };
        set.test = Part { labels: test.to_vec(), pixels: test_pixels.to_vec() };
        Ok((card, set))
    }

    /// Returns the number of channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Returns height and width of the pictures.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Returns the names of the classes so far.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Returns the number of pictures.
    pub fn len(&self) -> usize {
        self.train.labels.len() + self.test.labels.len()
    }

    /// Returns true if there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of pictures that can be added.
    pub fn room(&self) -> usize {
        (MAX_PICTURES as usize).saturating_sub(self.len())
    }

    /// Adds a remark to the card, once.
    pub fn remark(&mut self, text: String) {
        if !self.remarks.contains(&text) && self.remarks.len() < MAX_REMARKS {
            self.remarks.push(text);
        }
    }

    /// Adds a picture, `[channels, side, side]`. Returns false if there is no room, or if it has another size.
    pub fn push(&mut self, place: &Place, pixels: &[u8]) -> bool {
        if self.room() == 0 || pixels.len() != self.picture_len() {
            return false;
        }
        let label = self.class(&place.class);
        let part = if place.is_test { &mut self.test } else { &mut self.train };
        part.labels.push(label);
        part.pixels.extend_from_slice(pixels);
        self.has_new = true;
        true
    }

    /// Renames the classes, in the order of [`classes`](Self::classes). Equal names merge classes.
    pub fn rename(&mut self, names: &[String]) {
        let old = std::mem::take(&mut self.classes);
        self.numbers.clear();
        let new: Vec<usize> =
            old.iter().enumerate().map(|(at, old)| self.class(names.get(at).unwrap_or(old))).collect();
        let labels = self.train.labels.iter_mut().chain(&mut self.test.labels);
        labels.for_each(|label| *label = new.get(*label).copied().unwrap_or(*label));
    }

    /// Removes pictures by their numbers in the data file.
    pub fn remove(&mut self, removed: &[u32]) {
        let removed: HashSet<usize> = removed.iter().map(|&at| at as usize).collect();
        let (size, n_train) = (self.picture_len(), self.train.labels.len());
        self.train.retain(size, 0, |at| !removed.contains(&at));
        self.test.retain(size, n_train, |at| !removed.contains(&at));
    }

    fn picture_len(&self) -> usize {
        self.channels * self.side * self.side
    }

    fn class(&mut self, name: &str) -> usize {
        let name = class_name(name);
        if let Some(&number) = self.numbers.get(&name) {
            return number;
        }
        self.numbers.insert(name.clone(), self.classes.len());
        self.classes.push(name);
        self.classes.len() - 1
    }

    /// Returns the number of pictures of each class, in the training set and in all.
    fn counts(&self) -> Vec<(usize, usize)> {
        let mut counts = vec![(0, 0); self.classes.len()];
        let train = self.train.labels.iter().map(|label| (label, 1));
        for (label, train) in train.chain(self.test.labels.iter().map(|label| (label, 0))) {
            if let Some(count) = counts.get_mut(*label) {
                *count = (count.0 + train, count.1 + 1);
            }
        }
        counts
    }

    /// Returns the reason why the set cannot be used, as a sentence with advice.
    pub fn problem(&self) -> Option<String> {
        let counts = self.counts();
        let used: Vec<(&String, usize)> = self
            .classes
            .iter()
            .zip(&counts)
            .filter(|(_, count)| count.1 > 0)
            .map(|(name, count)| (name, count.1))
            .collect();
        let single: Vec<String> =
            used.iter().filter(|(_, n)| *n == 1).take(3).map(|(name, _)| format!("“{name}”")).collect();
        match used.as_slice() {
            [] => {
                Some("There are no pictures yet. Add folders of pictures: each folder is a class.".to_owned())
            }
            [(name, n)] => Some(format!(
                "All {} pictures are of the class “{name}”. Add another folder: a network learns to tell at least two classes apart.",
                grouped(*n as u64)
            )),
            _ if used.len() > MAX_CLASSES as usize => Some(too_many_classes(used.len())),
            _ if self.len() < MIN_SAMPLES as usize => Some(format!(
                "There are only {} pictures. At least {MIN_SAMPLES} are needed; ten per class are a good start.",
                self.len()
            )),
            _ if !single.is_empty() => Some(format!(
                "There is only one picture of {}. Each class needs at least two: one to train on and one to test with.",
                single.join(" and ")
            )),
            _ => None,
        }
    }

    /// Returns the data set.
    ///
    /// # Errors
    ///
    /// Returns a sentence with advice if the set cannot be used.
    pub fn finish(mut self, title: &str, source: &str) -> Result<DataFile, String> {
        if let Some(problem) = self.problem() {
            return Err(problem);
        }
        self.merge_parts();
        if self.has_new {
            self.remark_copies();
        }
        // Sorted, so that the order of files does not matter.
        let counts = self.counts();
        let mut numbers: Vec<usize> =
            (0..self.classes.len()).filter(|&at| counts.get(at).is_some_and(|n| n.1 > 0)).collect();
        let name = |at: usize| self.classes.get(at).map_or("", String::as_str);
        numbers.sort_by(|&a, &b| order(name(a), name(b)));
        let classes: Vec<String> = numbers.iter().map(|&at| name(at).to_owned()).collect();
        let mut label_of = vec![0u8; self.classes.len()];
        for (label, &at) in numbers.iter().enumerate() {
            if let Some(to) = label_of.get_mut(at) {
                *to = label as u8;
            }
        }
        let labels = self.train.labels.iter().chain(&self.test.labels);
        let mut content: Vec<u8> = labels.map(|&at| label_of.get(at).copied().unwrap_or(0)).collect();
        let count = content.len() as u32;
        content.reserve_exact(self.train.pixels.len() + self.test.pixels.len());
        content.append(&mut self.train.pixels);
        content.append(&mut self.test.pixels);
        let n_test = Some(self.test.labels.len() as u32).filter(|n| *n > 0);
        let structure =
            Content::Pictures { channels: self.channels as u32, side: self.side as u32, classes, n_test };
        DataFile::new(title, source, structure, count, content, self.remarks)
            .map_err(|error| error.to_string())
    }

    /// Forgets a given split that cannot be used.
    fn merge_parts(&mut self) {
        if self.test.labels.is_empty() {
            return;
        }
        let counts = self.counts();
        let missing = self.classes.iter().zip(&counts).find(|(_, count)| count.1 > 0 && count.0 == 0);
        if let Some((name, _)) = missing {
            let remark = format!(
                "No picture to train on shows “{name}”, so the given split is not used: a fifth of each class is held out instead."
            );
            self.train.labels.append(&mut self.test.labels);
            self.train.pixels.append(&mut self.test.pixels);
            self.remark(remark);
        }
    }

    fn remark_copies(&mut self) {
        self.remarks.retain(|remark| !remark.ends_with(COPIES));
        let size = self.picture_len().max(1);
        let mut seen = HashSet::new();
        let pictures = self.train.pixels.chunks_exact(size).chain(self.test.pixels.chunks_exact(size));
        let copies = pictures.filter(|picture| !seen.insert(*picture)).count();
        if copies > 0 {
            self.remark(format!(
                "{} {COPIES}",
                if copies == 1 {
                    "1 picture is".to_owned()
                } else {
                    format!("{} pictures are", grouped(copies as u64))
                }
            ));
        }
    }
}

/// Returns the sentence for a set with too many classes.
pub fn too_many_classes(n: usize) -> String {
    format!(
        "There are {} classes, one per folder; the lab takes at most {MAX_CLASSES}. Choose {MAX_CLASSES} of the folders, or sort the pictures into fewer.",
        grouped(n as u64)
    )
}

#[cfg(test)]
mod tests;
