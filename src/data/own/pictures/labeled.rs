//! Stacks of pictures with labels, which arrays and the files of CIFAR-10 contain.

use crate::core::data_set::MAX_CLASSES;
use crate::data::cifar10::{self, RECORD};
use crate::data::classes;
use crate::data::own::pictures::array::Array;
use crate::data::own::pictures::collection::Collection;
use crate::data::own::pictures::place::{Place, file_name, grouped, is_test, order, shown, spread};
use crate::data::own::pictures::raw::Raw;
use std::collections::BTreeSet;

/// The maximum height and width of a picture in an array.
const MAX_SIDE: usize = 4096;
/// The maximum number of labels from which a problem is told with its number.
const MAX_LABELS: usize = 10_000;

/// Pictures of one size, with labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Labeled {
    /// The name of the file or array.
    pub name: String,
    /// True if the pictures are held out.
    pub is_test: bool,
    channels: usize,
    height: usize,
    width: usize,
    /// True if the channels of a pixel are next to each other.
    is_interleaved: bool,
    /// The bytes before the pixels of each picture.
    skipped: usize,
    bytes: Vec<u8>,
    /// The classes of the pictures, by number.
    labels: Vec<usize>,
    classes: Vec<String>,
}

impl Labeled {
    /// Returns the pictures of CIFAR-10 in records, which have been checked.
    pub fn cifar10(name: &str, records: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            is_test: cifar10::is_test(file_name(name)),
            channels: 3,
            height: 32,
            width: 32,
            is_interleaved: false,
            skipped: 1,
            labels: records.iter().step_by(RECORD).map(|&label| usize::from(label)).collect(),
            bytes: records,
            classes: classes::owned(&classes::CIFAR10),
        }
    }

    /// Returns the pictures of an array, with the labels of another.
    ///
    /// # Errors
    ///
    /// Returns a sentence if the arrays are not pictures and labels.
    pub fn of_arrays(pictures: Array, labels: &Array) -> Result<Self, String> {
        let [channels, height, width, interleaved] = layout(&pictures.shape)?;
        let name = pictures.name.clone();
        let numbers = labels.labels()?;
        let mut distinct = BTreeSet::new();
        for &label in &numbers {
            if distinct.len() < MAX_LABELS {
                distinct.insert(label);
            }
        }
        if distinct.len() > MAX_CLASSES as usize {
            return Err(format!(
                "The labels have {} different values; the lab takes at most {} classes. Save the pictures of some of them.",
                distinct.len(),
                MAX_CLASSES
            ));
        }
        let known = known_names(&name)
            .filter(|names| distinct.iter().all(|&label| (0..names.len() as i64).contains(&label)));
        let distinct: Vec<i64> = distinct.into_iter().collect();
        let class = |&label: &i64| match known.and_then(|names| names.get(usize::try_from(label).ok()?)) {
            Some(name) => (*name).to_owned(),
            None => label.to_string(),
        };
        Ok(Self {
            is_test: is_test(&name) || is_test(&labels.name),
            channels,
            height,
            width,
            is_interleaved: interleaved == 1,
            skipped: 0,
            bytes: pictures.into_bytes()?,
            labels: numbers.iter().filter_map(|label| distinct.binary_search(label).ok()).collect(),
            classes: distinct.iter().map(class).collect(),
            name,
        })
    }

    /// Returns the number of pictures.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Returns true if there are no pictures.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns the classes that occur.
    pub fn used_classes(&self) -> BTreeSet<&str> {
        let numbers: BTreeSet<usize> = self.labels.iter().copied().collect();
        numbers.into_iter().filter_map(|number| self.classes.get(number)).map(String::as_str).collect()
    }

    /// Returns the class and the part of a picture.
    pub fn place(&self, at: usize) -> Option<Place> {
        let class = self.classes.get(*self.labels.get(at)?)?.clone();
        Some(Place { class, is_test: self.is_test })
    }

    fn groups(&self) -> impl Iterator<Item = (bool, &str)> {
        let class = |number: &usize| self.classes.get(*number).map_or("", String::as_str);
        self.labels.iter().map(move |number| (self.is_test, class(number)))
    }

    /// Returns a picture.
    pub fn picture(&self, at: usize) -> Option<Raw> {
        let len = self.channels * self.height * self.width;
        let start = at.checked_mul(self.skipped + len)?.checked_add(self.skipped)?;
        let bytes = self.bytes.get(start..)?.get(..len)?;
        if self.is_interleaved {
            Raw::of_interleaved(self.channels, self.channels, self.height, self.width, bytes)
        } else {
            Raw::of_planes(self.channels, self.height, self.width, bytes.to_vec())
        }
    }
}

/// Returns channels, height and width of the pictures in an array of this shape, and 1 if the channels of a pixel are next to
/// each other.
fn layout(shape: &[usize]) -> Result<[usize; 4], String> {
    let layout = match *shape {
        // A picture of MNIST as one row.
        [_, 784] => [1, 28, 28, 0],
        [_, height, width] => [1, height, width, 0],
        [_, height, width, channels @ (1 | 3)] => [channels, height, width, 1],
        [_, channels @ (1 | 3), height, width] => [channels, height, width, 0],
        _ => {
            return Err(format!(
                "The array has the shape {shape:?}. Pictures have [n, height, width], [n, height, width, channels] or [n, channels, height, width], with 1 or 3 channels."
            ));
        }
    };
    let [_, height, width, _] = layout;
    if height > MAX_SIDE || width > MAX_SIDE {
        return Err(format!(
            "The pictures have {} × {} pixels; arrays of at most {MAX_SIDE} × {MAX_SIDE} are read.",
            grouped(height as u64),
            grouped(width as u64)
        ));
    }
    Ok(layout)
}

/// Returns the names of the classes of a data set that a path names.
fn known_names(path: &str) -> Option<&'static [&'static str]> {
    let letters: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    match letters {
        _ if letters.contains("fashion") => Some(&classes::FASHION_MNIST),
        _ if letters.contains("cifar10") && !letters.contains("cifar100") => Some(&classes::CIFAR10),
        _ => None,
    }
}

/// Returns true if an array of this shape has pictures, false if it has labels, and `None` for others.
fn has_pictures(shape: &[usize]) -> Option<bool> {
    match shape {
        [_] => Some(false),
        [_, 784] => Some(true),
        [_, width] if *width <= 1000 => Some(false),
        [_, _, _] | [_, _, _, _] => Some(true),
        _ => None,
    }
}

/// Pairs arrays of pictures with the arrays of their labels. Arrays that cannot be paired are added to `problems`, each with a
/// sentence.
pub fn pair(mut arrays: Vec<Array>, problems: &mut Vec<(String, String)>) -> Vec<Labeled> {
    arrays.sort_by(|a, b| order(&a.name, &b.name));
    let (mut pictures, mut labels) = (Vec::new(), Vec::new());
    for array in arrays {
        match has_pictures(&array.shape) {
            Some(true) => pictures.push(array),
            Some(false) => labels.push(array),
            None => {
                let why = layout(&array.shape).err().unwrap_or_default();
                problems.push((shown(&array.name), why));
            }
        }
    }
    let folder = |name: &str| name.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    // NumPy names arrays without a name by their number. The pictures after the first ones are then held out.
    let unnamed = pictures.len() > 1
        && pictures
            .iter()
            .all(|array| array.name.rsplit('/').next().is_some_and(|name| name.starts_with("arr_")));
    let mut labeled = Vec::new();
    for (at, array) in pictures.into_iter().enumerate() {
        let (name, n) = (array.name.clone(), array.len());
        let fits = |label: &Array| label.len() == n;
        let is_same_part = |label: &Array| is_test(&label.name) == is_test(&name);
        let is_near = |label: &Array| folder(&label.name) == folder(&name);
        let found = labels
            .iter()
            .position(|label| fits(label) && is_same_part(label) && is_near(label))
            .or_else(|| labels.iter().position(|label| fits(label) && is_same_part(label)));
        let Some(found) = found else {
            problems.push((shown(&name), missing_labels(&name, n, &labels)));
            continue;
        };
        match Labeled::of_arrays(array, &labels.remove(found)) {
            Ok(set) => labeled.push(Labeled { is_test: set.is_test || (unnamed && at > 0), ..set }),
            Err(why) => problems.push((shown(&name), why)),
        }
    }
    if labeled.is_empty() && problems.is_empty() {
        for array in labels {
            let why = format!(
                "The file has {} labels, but the file with their pictures is missing. Add it: for MNIST, {}.",
                array.len(),
                mnist_file(&array.name, "images-idx3")
            );
            problems.push((shown(&array.name), why));
        }
    }
    labeled
}

fn missing_labels(name: &str, n: usize, labels: &[Array]) -> String {
    match labels.iter().find(|label| is_test(&label.name) == is_test(name)) {
        Some(other) => {
            format!("There are {n} pictures, but {} labels in {}.", other.len(), shown(&other.name))
        }
        None => format!(
            "There are {n} pictures, but the file with their labels is missing. Add it: for MNIST, {}.",
            mnist_file(name, "labels-idx1")
        ),
    }
}

/// Returns the name of a file of MNIST that belongs to the same part.
fn mnist_file(name: &str, what: &str) -> String {
    format!("{}-{what}-ubyte.gz", if is_test(name) { "t10k" } else { "train" })
}

/// Adds labeled pictures to a set: all, or, if there is no room for them, the same share of each class.
pub fn add(set: &mut Collection, sources: &[Labeled]) {
    let total: usize = sources.iter().map(Labeled::len).sum();
    let groups: Vec<(bool, &str)> = sources.iter().flat_map(Labeled::groups).collect();
    let used = spread(&groups, set.room());
    let (channels, side) = (set.channels(), set.side());
    let before = set.len();
    let all = sources.iter().flat_map(|source| (0..source.len()).map(move |at| (source, at)));
    for ((source, at), _) in all.zip(&used).filter(|(_, used)| **used) {
        if let Some((place, picture)) = source.place(at).zip(source.picture(at)) {
            set.push(&place, &picture.scaled(channels, side));
        }
    }
    let added = set.len() - before;
    if added < total {
        set.remark(format!(
            "{} of {} pictures are used, the same share of each class.",
            grouped(added as u64),
            grouped(total as u64)
        ));
    }
}

#[cfg(test)]
mod tests {
    use crate::core::data_set::Content;
    use crate::data::own::pictures::array::read_idx;
    use crate::data::own::pictures::labeled::*;

    fn array(name: &str, shape: &[u32], numbers: &[u8]) -> Array {
        let lens: Vec<u8> = shape.iter().flat_map(|len| len.to_be_bytes()).collect();
        let bytes = [&[0, 0, 8, shape.len() as u8][..], &lens, numbers].concat();
        read_idx(name, bytes).expect("an array")
    }

    fn images(name: &str, n: u32) -> Array {
        array(name, &[n, 2, 2], &(0..4 * n).map(|i| (i % 256) as u8).collect::<Vec<_>>())
    }

    fn labels(name: &str, n: u32, classes: u32) -> Array {
        array(name, &[n], &(0..n).map(|i| (i % classes) as u8).collect::<Vec<_>>())
    }

    #[test]
    fn arrays_are_paired_by_part_and_number() {
        let mut problems = Vec::new();
        let all = vec![
            images("mnist/t10k-images-idx3-ubyte", 6),
            images("mnist/train-images-idx3-ubyte", 20),
            labels("mnist/train-labels-idx1-ubyte", 20, 2),
            labels("mnist/t10k-labels-idx1-ubyte", 6, 2),
        ];
        let pairs = pair(all, &mut problems);
        let found: Vec<_> = pairs.iter().map(|set| (set.len(), set.is_test)).collect();
        assert_eq!((found.as_slice(), problems.as_slice()), (&[(6, true), (20, false)][..], &[][..]));
        assert_eq!(pairs[0].place(1), Some(Place { class: "1".to_owned(), is_test: true }));
        // Numbered arrays: the second pair is held out.
        let all = vec![
            images("a/arr_0", 8),
            labels("a/arr_1", 8, 2),
            images("a/arr_2", 4),
            labels("a/arr_3", 4, 2),
        ];
        let found: Vec<_> = pair(all, &mut problems).iter().map(|set| (set.len(), set.is_test)).collect();
        assert_eq!(found, [(8, false), (4, true)]);
        assert_eq!(problems, []);
    }

    #[test]
    fn missing_parts_are_told() {
        let said = |arrays: Vec<Array>| {
            let mut problems = Vec::new();
            assert_eq!(pair(arrays, &mut problems), []);
            problems.first().map(|(_, why)| why.clone()).unwrap_or_default()
        };
        assert!(said(vec![images("train-images", 4)]).contains("train-labels-idx1-ubyte.gz"));
        assert!(said(vec![labels("t10k-labels", 4, 2)]).contains("t10k-images-idx3-ubyte.gz"));
        assert!(said(vec![images("x", 4), labels("y", 5, 2)]).contains("4 pictures, but 5 labels in y"));
        assert!(said(vec![images("x", 40), labels("y", 40, 11)]).contains("11 different values"));
        assert!(said(vec![array("x", &[2, 2, 2, 4], &[1; 32]), labels("y", 2, 2)]).contains("[2, 2, 2, 4]"));
        assert!(
            said(vec![array("x", &[2, 2, 2, 2], &[1; 16]), labels("y", 2, 2)]).contains("1 or 3 channels")
        );
        assert!(said(vec![array("x", &[1, 1, 5000], &[1; 5000]), labels("y", 1, 1)]).contains("4096"));
        assert!(said(vec![array("x", &[1, 3000], &[1; 3000])]).contains("[1, 3000]"));
        assert!(said(vec![]).is_empty());
    }

    #[test]
    fn layouts_of_colors_are_read() {
        let of = |shape: &[u32], numbers: &[u8]| {
            let set = Labeled::of_arrays(array("x", shape, numbers), &labels("y", 1, 1)).expect("pictures");
            set.picture(0).expect("a picture").scaled(3, 1)
        };
        assert_eq!(of(&[1, 1, 1, 3], &[9, 5, 7]), [9, 5, 7]);
        assert_eq!(of(&[1, 3, 2, 2], &[9, 9, 9, 9, 5, 5, 5, 5, 7, 7, 7, 7]), [9, 5, 7]);
        assert_eq!(of(&[1, 2, 2, 1], &[4; 4]), [4; 3]);
        assert_eq!(of(&[1, 784], &[4; 784]), [4; 3]);
    }

    #[test]
    fn known_classes_get_their_names() {
        let class = |name: &str, n: u32| {
            let set = Labeled::of_arrays(images(name, n), &labels("y", n, n)).expect("pictures");
            set.place(9.min(n as usize - 1)).map(|place| place.class).unwrap_or_default()
        };
        assert_eq!(class("FashionMNIST/raw/train-images", 10), "Boot");
        assert_eq!(class("cifar_10.npz/x_train", 10), "Truck");
        assert_eq!(class("cifar100/x_train", 10), "9");
        assert_eq!(class("mnist/x_train", 10), "9");
        let records = [vec![3; 1], vec![8; 3072], vec![9; 1], vec![7; 3072]].concat();
        let set = Labeled::cifar10("c/test_batch.bin", records);
        assert_eq!(set.place(1), Some(Place { class: "Truck".to_owned(), is_test: true }));
        assert_eq!(set.picture(1).map(|picture| picture.scaled(1, 1)), Some(vec![7]));
        assert_eq!((set.picture(2), set.place(2)), (None, None));
    }

    #[test]
    fn large_sets_are_thinned_evenly() {
        let part = |name: &str, n: u32| {
            let pixels: Vec<u8> = (0..n).map(|i| (i % 256) as u8).collect();
            Labeled::of_arrays(array(name, &[n, 1, 1], &pixels), &labels("y", n, 4)).expect("pictures")
        };
        let mut set = Collection::new(1, 28);
        add(&mut set, &[part("train", 40_000), part("test", 20_000)]);
        let file = set.finish("t", "s").expect("a set");
        let Content::Pictures { n_test: Some(n_test), .. } = file.card.content else { panic!("held out") };
        assert!(file.card.count > 19_900 && file.card.count <= 20_000, "{}", file.card.count);
        assert!(n_test.abs_diff(file.card.count / 3) < 10, "{n_test}");
        assert!(file.card.remarks[0].contains("of 60,000 pictures"), "{:?}", file.card.remarks);
        for class in 0..4 {
            let n =
                file.content.iter().take(file.card.count as usize).filter(|&&label| label == class).count();
            assert!(n.abs_diff(file.card.count as usize / 4) < 10, "{n}");
        }
    }
}
