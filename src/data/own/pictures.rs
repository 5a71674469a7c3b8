//! Sets of pictures of the user: their files, and the training and the test set that experiments see.

pub mod array;
pub mod collection;
pub mod container;
pub mod format;
pub mod gather;
pub mod labeled;
pub mod numpy;
pub mod pickle;
pub mod place;
pub mod raw;

use crate::core::LabError;
use crate::core::data_set::request::{PictureEdit, PicturesAnswer};
use crate::core::data_set::{Card, MAX_CLASSES};
use crate::data::images::{ImageSet, Images, SIDE};
use crate::data::own::pictures::collection::{Collection, Stored, stored};
use crate::data::own::{DataFile, held_out};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// Returns the card of a data file with pictures, and its training and test set. If the card does not give the test set, the
/// seed chooses a fifth of each class for it. Both sets are shuffled, so that their first pictures are of all classes.
///
/// Pictures of 28 × 28 pixels get a black border, as those of Fashion-MNIST do.
///
/// # Errors
///
/// Fails if the file is damaged.
pub fn open(bytes: &[u8], seed: u64) -> Result<(Card, Images), LabError> {
    let (card, stored) = stored(bytes)?;
    let [train, test] = split(&stored, seed);
    Ok((card, Images::new(part(&stored, &train), part(&stored, &test))))
}

/// Returns the numbers of the pictures in the training and in the test set, in random order.
fn split(stored: &Stored<'_>, seed: u64) -> [Vec<usize>; 2] {
    let n = stored.labels.len();
    // The stream differs from the streams of the batches and the weights, which have the same seed.
    let mut rng = ChaCha12Rng::seed_from_u64(seed ^ 0x0d1c_7e55);
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        order.swap(last, rng.random_range(0..=last));
    }
    if let Some(n_test) = stored.n_test {
        let (train, test) = order.into_iter().partition(|&at| at < n.saturating_sub(n_test));
        return [train, test];
    }
    let mut counts = [0; MAX_CLASSES as usize];
    let class = |at: usize| stored.labels.get(at).map_or(0, |&label| usize::from(label));
    for &at in &order {
        if let Some(count) = counts.get_mut(class(at)) {
            *count += 1;
        }
    }
    let mut open = counts.map(held_out);
    // The first ones of each class in the random order are held out.
    let (test, train) = order.into_iter().partition(|&at| match open.get_mut(class(at)) {
        Some(open) if *open > 0 => {
            *open -= 1;
            true
        }
        _ => false,
    });
    [train, test]
}

fn part(stored: &Stored<'_>, numbers: &[usize]) -> ImageSet {
    let size = stored.channels * stored.side * stored.side;
    let mut pixels = Vec::with_capacity(numbers.len() * size);
    let mut labels = Vec::with_capacity(numbers.len());
    for &at in numbers {
        let picture = stored.pixels.get(at * size..).and_then(|rest| rest.get(..size));
        if let Some((picture, label)) = picture.zip(stored.labels.get(at)) {
            pixels.extend_from_slice(picture);
            labels.push(*label);
        }
    }
    let set = ImageSet {
        channels: stored.channels,
        side: stored.side,
        pixels,
        labels,
        class_names: stored.classes.clone(),
    };
    if stored.side < SIDE { set.padded_to(SIDE) } else { set }
}

/// Changes a set of pictures: renames or merges classes, and removes pictures.
///
/// # Errors
///
/// Fails if the data file is damaged. If the changed set cannot be used, the answer says why and there is no file.
pub fn edit(edit: &PictureEdit, base: &[u8]) -> Result<(PicturesAnswer, Option<DataFile>), LabError> {
    let (card, mut set) = Collection::open(base)?;
    let refused =
        |problem: String| (PicturesAnswer { problem: Some(problem), ..PicturesAnswer::default() }, None);
    if edit.classes.len() != set.classes().len() {
        return Ok(refused("The set has changed in the meantime. Open it again.".to_owned()));
    }
    if edit.classes.iter().any(|name| place::class_name(name).is_empty()) {
        return Ok(refused(
            "A class has no name. Enter one for each class; two equal names merge the classes.".to_owned(),
        ));
    }
    set.remove(&edit.removed);
    set.rename(&edit.classes);
    Ok(match set.finish(&card.title, &card.source) {
        Ok(mut file) => {
            file.card.license = card.license;
            (PicturesAnswer { card: Some(file.card.clone()), ..PicturesAnswer::default() }, Some(file))
        }
        Err(problem) => refused(problem),
    })
}
