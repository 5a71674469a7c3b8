//! Sets that are put together, changed, and opened by experiments.

use crate::core::data_set::request::PictureEdit;
use crate::data::own::pictures::collection::*;
use crate::data::own::pictures::{edit, open};

fn at(class: &str, is_test: bool) -> Place {
    Place { class: class.to_owned(), is_test }
}

/// Returns a set of gray pictures, each of one value.
fn set(pictures: &[(&str, bool, u8)]) -> Collection {
    let mut set = Collection::new(1, 28);
    for &(class, is_test, value) in pictures {
        assert!(set.push(&at(class, is_test), &[value; 784]));
    }
    set
}

fn file(pictures: &[(&str, bool, u8)]) -> DataFile {
    set(pictures).finish("Pets", "pets.zip").expect("a set")
}

#[track_caller]
fn refused(pictures: &[(&str, bool, u8)], words: &str) {
    let problem = set(pictures).finish("", "").expect_err("a problem");
    assert!(problem.contains(words) && problem.ends_with('.'), "{problem}");
}

const FOUR: [(&str, bool, u8); 4] =
    [("dogs", false, 1), ("cats", false, 2), ("dogs", false, 3), ("cats", false, 4)];

#[test]
fn classes_are_sorted_and_pictures_keep_their_order() {
    let DataFile { card, content } = file(&FOUR);
    assert!(card.id.starts_with("c1s28k2-"), "{}", card.id);
    assert_eq!(
        (card.count, card.title.as_str(), card.source.as_str(), card.remarks.len()),
        (4, "Pets", "pets.zip", 0)
    );
    assert_eq!(card.content.classes(), ["cats", "dogs"]);
    assert_eq!((&content[..4], content[4], content[4 + 784]), (&[1, 0, 1, 0][..], 1, 2));
    let bytes = DataFile { card, content }.to_bytes();
    let (_, again) = Collection::open(&bytes).expect("a set");
    assert_eq!(again.finish("Pets", "pets.zip").map(|file| file.to_bytes()), Ok(bytes));
}

#[test]
fn a_given_split_is_kept() {
    let given = file(&[("a", false, 1), ("b", true, 2), ("b", false, 3), ("a", false, 4), ("a", true, 5)]);
    let Content::Pictures { n_test, .. } = given.card.content else { panic!("pictures") };
    assert_eq!((n_test, &given.content[..5]), (Some(2), &[0, 1, 0, 1, 0][..]));
    let (_, images) = open(&given.to_bytes(), 3).expect("images");
    assert_eq!((images.train.len(), images.test.len()), (3, 2));
    // A class that is only tested cannot be learned.
    let merged = file(&[("a", false, 1), ("b", true, 2), ("b", true, 3), ("a", false, 4)]);
    let Content::Pictures { n_test, .. } = merged.card.content else { panic!("pictures") };
    assert!(n_test.is_none() && merged.card.remarks[0].contains("“b”"), "{:?}", merged.card.remarks);
}

#[test]
fn unusable_sets_are_refused_with_advice() {
    refused(&[], "no pictures yet");
    refused(&[("cats", false, 1), ("cats", false, 2)], "All 2 pictures are of the class “cats”");
    refused(&[("a", false, 1), ("b", false, 2), ("b", false, 3)], "only 3 pictures");
    refused(&[("a", false, 1), ("b", false, 2), ("b", false, 3), ("b", false, 4)], "only one picture of “a”");
    let names: Vec<String> = (0..10_000).map(|i| format!("class {i}")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), false, 1)).collect();
    refused(&many, "10,000 classes");
    refused(&many[..11], "11 classes");
}

#[test]
fn a_full_set_takes_no_more() {
    let mut set = Collection::new(1, 28);
    for i in 0..MAX_PICTURES {
        assert!(set.push(&at(if i % 2 == 0 { "a" } else { "b" }, false), &[1; 784]));
    }
    assert!(!set.push(&at("a", false), &[1; 784]) && set.room() == 0);
    let file = set.finish("", "").expect("a set");
    assert_eq!(file.card.count, MAX_PICTURES);
    assert!(file.card.remarks[0].starts_with("19,999 pictures are exactly equal"), "{:?}", file.card.remarks);
    assert!(!Collection::new(3, 32).push(&at("a", false), &[1; 784]), "another size");
}

#[test]
fn the_seed_holds_out_a_fifth_of_each_class() {
    let pictures: Vec<_> = (0..30)
        .map(|i| (if i < 20 { "a" } else { "b" }, false, i))
        .chain([("c", false, 200), ("c", false, 201)])
        .collect();
    let bytes = file(&pictures).to_bytes();
    let (card, images) = open(&bytes, 1).expect("images");
    let count = |labels: &[u8]| [0, 1, 2].map(|class| labels.iter().filter(|&&label| label == class).count());
    assert_eq!((count(&images.train.labels), count(&images.test.labels)), ([16, 8, 1], [4, 2, 1]));
    assert_eq!(
        (card.count, images.train.side, images.train.class_names.as_slice()),
        (32, 32, &["a", "b", "c"].map(str::to_owned)[..])
    );
    // Padded with black, and every picture is in one of the sets.
    let value = |picture: &[u8]| (picture[0], picture[16 * 32 + 16]);
    let all = images.train.pixels.chunks(1024).chain(images.test.pixels.chunks(1024));
    let mut values: Vec<_> = all.map(value).map(|(border, value)| value + border).collect();
    values.sort_unstable();
    assert_eq!(values, (0..30).chain([200, 201]).collect::<Vec<_>>());
    // The first pictures are of several classes.
    assert!(images.train.labels[..10].contains(&0) && images.train.labels[..10].contains(&1));
    assert_eq!(open(&bytes, 1).map(|(_, images)| images), Ok(images.clone()));
    assert_ne!(open(&bytes, 2).map(|(_, images)| images), Ok(images));
}

#[test]
fn damaged_files_are_refused() {
    let whole = file(&FOUR).to_bytes();
    let head = file(&FOUR).card.head().len();
    for len in (0..head + 10).chain([whole.len() - 1]) {
        assert!(open(&whole[..len], 1).is_err(), "{len}");
    }
    let mut label = whole.clone();
    label[head] = 2;
    assert!(open(&label, 1).is_err());
    assert!(open(&[whole.as_slice(), &[0]].concat(), 1).is_err());
    // A card may claim anything.
    let mut card = file(&FOUR).card;
    for n_test in [0, 4, u32::MAX] {
        if let Content::Pictures { n_test: of_card, .. } = &mut card.content {
            *of_card = Some(n_test);
        }
        assert!(open(&[card.head().as_slice(), &whole[head..]].concat(), 1).is_err());
    }
    card.count = u32::MAX;
    assert!(open(&[card.head().as_slice(), &whole[head..]].concat(), 1).is_err());
}

#[test]
fn classes_are_renamed_and_merged_and_pictures_removed() {
    let six =
        [("a", false, 1), ("b", false, 2), ("c", false, 3), ("a", false, 4), ("b", true, 5), ("c", true, 6)];
    let mut base = file(&six);
    base.card.license = "CC0".to_owned();
    let change = |classes: &[&str], removed: &[u32]| {
        let classes = classes.iter().map(|name| (*name).to_owned()).collect();
        edit(&PictureEdit { id: base.card.id.clone(), classes, removed: removed.to_vec() }, &base.to_bytes())
            .expect("a set")
    };
    let (answer, changed) = change(&["z", "y", "y"], &[1]);
    let changed = changed.expect("a file");
    assert_eq!(
        (changed.card.content.classes(), &changed.content[..5]),
        (&["y", "z"].map(str::to_owned)[..], &[1, 0, 1, 0, 0][..])
    );
    assert_eq!(
        (changed.content[5], changed.card.license.as_str(), answer.card.as_ref()),
        (1, "CC0", Some(&changed.card))
    );
    assert_ne!(changed.card.id, base.card.id);
    let Content::Pictures { n_test, .. } = changed.card.content else { panic!("pictures") };
    assert_eq!(n_test, Some(2));
    for (classes, removed, words) in [
        (&["a", "a", "a"][..], &[][..], "All 6 pictures are of the class “a”"),
        (&["a", "b"], &[], "has changed"),
        (&["a", " ", "c"], &[], "no name"),
        (&["a", "b", "c"], &[0, 1, 2, 3, 4, 5, 99], "no pictures"),
        (&["a", "b", "c"], &[1], "only one picture of “b”"),
    ] {
        let (answer, file) = change(classes, removed);
        assert!(file.is_none() && answer.problem.is_some_and(|problem| problem.contains(words)), "{words}");
    }
    assert!(
        edit(&PictureEdit { id: String::new(), classes: Vec::new(), removed: Vec::new() }, b"x").is_err()
    );
}

#[test]
fn pictures_are_added_to_a_set() {
    let base = file(&FOUR).to_bytes();
    let (card, mut set) = Collection::open(&base).expect("a set");
    assert!(set.push(&at("cows", false), &[9; 784]) && set.push(&at("cows", false), &[1; 784]));
    let more = set.finish(&card.title, &card.source).expect("a set");
    assert_eq!(
        (more.card.count, more.card.content.classes()),
        (6, &["cats", "cows", "dogs"].map(str::to_owned)[..])
    );
    assert!(more.card.remarks[0].starts_with("1 picture is exactly equal"));
}
