//! Decodes the user's pictures with the browser's decoders, and puts them together to a data set.

mod browser;

use crate::core::LabError;
use crate::core::data_set::request::{PictureEdit, PictureOptions, PicturesAnswer};
use crate::core::data_set::{Card, MAX_CLASSES, MAX_PICTURES};
use crate::data::own::DataFile;
use crate::data::own::pictures;
use crate::data::own::pictures::collection::{Collection, too_many_classes};
use crate::data::own::pictures::format::{self, HEAD, Kind, Picture};
use crate::data::own::pictures::gather::{Gathered, title};
use crate::data::own::pictures::labeled::{self, Labeled};
use crate::data::own::pictures::place::{Place, grouped, is_ignored, place, spread};
use crate::worker::data_job::{DataJob, bytes_of};
use crate::worker::messages::Blob;
use crate::worker::pictures::browser::{ImageBitmap, Scaler, Source, part};
use std::collections::{BTreeSet, VecDeque};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// The maximum number of pictures that the browser decodes at the same time, in its own threads. Small ones take longer to be
/// passed on than to be decoded.
const MAX_DECODING: usize = 16;
/// The maximum number of decoded pixels at the same time, four bytes each: four photos. A single picture may have more.
const MAX_PIXELS: u64 = 50_000_000;
/// The number of pixels of a picture whose header does not tell it.
const USUAL_PIXELS: u64 = 12_000_000;
/// A picture that the browser decodes.
struct Decoding {
    path: String,
    place: Place,
    pixels: u64,
    bitmap: JsFuture,
}

/// Counts of pictures that are not used as they are.
#[derive(Default)]
struct Changed {
    animated: u32,
    enlarged: u32,
}

/// Reads pictures, and adds them to a data set if there is one.
///
/// # Errors
///
/// Fails if the reading was cancelled, if the browser cannot decode pictures in a worker, or if `base` is damaged. If the
/// pictures cannot be used, the answer says why.
pub(super) async fn read(
    options: &PictureOptions,
    files: Vec<(String, Blob)>,
    base: Option<Vec<u8>>,
    job: &DataJob,
) -> Result<(PicturesAnswer, Option<DataFile>), LabError> {
    let (card, mut set) = match base {
        Some(base) => Collection::open(&base).map(|(card, set)| (Some(card), set))?,
        None => (None, Collection::new(options.channels, options.side)),
    };
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let mut gathered = Gathered::default();
    let sources = gather(files, &mut gathered, job).await?;
    let labeled = gathered.labeled();
    let mut placed = Vec::new();
    for (path, source) in sources {
        match place(&path, options.class.as_deref()) {
            Some(place) => placed.push((path, place, source)),
            None => gathered.problem(&path, NO_FOLDER.to_owned()),
        }
    }
    // Browsers list the files of a folder in any order, and the same files should give the same data set.
    placed.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    if let Some(problem) = refusal(&set, &placed, &labeled, &gathered) {
        return Ok((gathered.answer(Some(problem)), None));
    }
    labeled::add(&mut set, &labeled);
    drop(labeled);
    decode_all(placed, &mut set, &mut gathered, job).await?;
    let (title, source) = words(card.as_ref(), &names);
    Ok(match set.finish(&title, &source) {
        Ok(mut file) => {
            file.card.license = card.map(|card| card.license).unwrap_or_default();
            (PicturesAnswer { card: Some(file.card.clone()), ..gathered.answer(None) }, Some(file))
        }
        Err(problem) => (gathered.answer(Some(problem)), None),
    })
}

/// The problem of a picture without a class.
const NO_FOLDER: &str = "The picture is not in a folder, whose name would be its class. Put the pictures of each class into a folder of their own.";

/// Returns the sentence for a set that cannot be used whatever its pictures show, before they are decoded.
fn refusal(
    set: &Collection,
    placed: &[(String, Place, Source)],
    labeled: &[Labeled],
    gathered: &Gathered,
) -> Option<String> {
    if placed.is_empty() && labeled.is_empty() {
        let skipped = gathered.answer(None).skipped;
        return Some(if skipped == 0 {
            "There are no pictures among the files. Open folders, a zip archive, or the files of MNIST or CIFAR-10.".to_owned()
        } else {
            format!("None of the files can be used ({skipped} skipped). The list says why.")
        });
    }
    if set.room() == 0 {
        return Some(format!(
            "The set already has {} pictures, the maximum. Remove some of them first.",
            grouped(MAX_PICTURES.into())
        ));
    }
    let mut classes: BTreeSet<&str> = set.classes().iter().map(String::as_str).collect();
    classes.extend(placed.iter().map(|(_, place, _)| place.class.as_str()));
    classes.extend(labeled.iter().flat_map(Labeled::used_classes));
    (classes.len() > MAX_CLASSES as usize).then(|| too_many_classes(classes.len()))
}

/// Returns title and source of a set.
fn words(card: Option<&Card>, names: &[String]) -> (String, String) {
    let added = match names {
        [name] => name.clone(),
        _ => format!("{} files", names.len()),
    };
    match card {
        Some(card) if card.source.contains(&added) || card.source.len() > 150 => {
            (card.title.clone(), card.source.clone())
        }
        Some(card) => (card.title.clone(), format!("{}; {added}", card.source)),
        None => (title(names), added),
    }
}

/// Opens archives and arrays, and returns the pictures that are to be decoded, each with its path.
async fn gather(
    files: Vec<(String, Blob)>,
    gathered: &mut Gathered,
    job: &DataJob,
) -> Result<Vec<(String, Source)>, LabError> {
    let mut sources = Vec::new();
    let total = files.len() as u32;
    for (at, (path, blob)) in files.into_iter().enumerate() {
        if is_ignored(&path) {
            continue;
        }
        // The name is enough to put a file off until it is decoded.
        if format::is_picture_name(&path) {
            sources.push((path, Source::File(blob)));
            continue;
        }
        job.progress("files", at as u32, total);
        stop_if_cancelled(job)?;
        let head = part(&blob, HEAD as f64, "").read().await.unwrap_or_default();
        if matches!(format::kind(&head), Kind::Picture(_)) {
            sources.push((path, Source::File(blob)));
            continue;
        }
        match bytes_of("The file", &blob).await {
            Ok(bytes) => gathered.open(&path, bytes),
            Err(error) => gathered.problem(&path, error.to_string()),
        }
        job.breathe().await;
    }
    sources.extend(
        std::mem::take(&mut gathered.pictures).into_iter().map(|(path, bytes)| (path, Source::Bytes(bytes))),
    );
    Ok(sources)
}

fn stop_if_cancelled(job: &DataJob) -> Result<(), LabError> {
    if job.is_cancelled() {
        Err(LabError::Data("Reading the pictures was cancelled.".to_owned()))
    } else {
        Ok(())
    }
}

/// Decodes pictures and adds them to a set. Those that cannot be decoded are added to the problems.
async fn decode_all(
    placed: Vec<(String, Place, Source)>,
    set: &mut Collection,
    gathered: &mut Gathered,
    job: &DataJob,
) -> Result<(), LabError> {
    if placed.is_empty() {
        return Ok(());
    }
    let scaler = Scaler::new(set.side() as u32).ok_or_else(|| {
        LabError::Data("This browser cannot decode pictures in a worker (it has no OffscreenCanvas). Update it, or open the pictures as NumPy arrays.".to_owned())
    })?;
    let found = placed.len();
    let used = spread(&placed.iter().map(|(_, place, _)| place).collect::<Vec<_>>(), set.room());
    let mut waiting: VecDeque<_> =
        placed.into_iter().zip(used).filter(|(_, used)| *used).map(|(item, _)| item).collect();
    let total = waiting.len();
    if total < found {
        set.remark(format!(
            "{} of {} pictures are used, the same share of each class.",
            grouped(total as u64),
            grouped(found as u64)
        ));
    }
    let mut changed = Changed::default();
    let mut decoding: VecDeque<Decoding> = VecDeque::new();
    let mut next = None;
    for turn in 0u32.. {
        // Start as many pictures as may be decoded at once.
        while decoding.len() < MAX_DECODING && !job.is_cancelled() {
            if next.is_none() {
                let Some((path, place, source)) = waiting.pop_front() else { break };
                next = match checked(&source, &mut changed).await {
                    Ok((format, pixels)) => Some((path, place, source, format, pixels)),
                    Err(why) => {
                        gathered.problem(&path, why);
                        None
                    }
                };
            }
            let Some((path, place, source, format, pixels)) = next.take() else { continue };
            let busy: u64 = decoding.iter().map(|decoding| decoding.pixels).sum();
            if busy > 0 && busy + pixels > MAX_PIXELS {
                next = Some((path, place, source, format, pixels));
                break;
            }
            match source.decode(format) {
                Ok(bitmap) => {
                    // A promise that is rejected before it is awaited would be reported as an error of the page, and creating
                    // the future listens to it at once.
                    let bitmap = JsFuture::from(bitmap);
                    decoding.push_back(Decoding { path, place, pixels, bitmap });
                }
                Err(_) => gathered.problem(&path, UNDECODED.to_owned()),
            }
        }
        job.progress("pictures", (total - waiting.len() - decoding.len()) as u32, total as u32);
        // After a cancellation, the rest is awaited, so that its memory is freed.
        let Some(Decoding { path, place, bitmap, .. }) = decoding.pop_front() else { break };
        let Ok(bitmap) = bitmap.await else {
            gathered.problem(&path, UNDECODED.to_owned());
            continue;
        };
        let bitmap: ImageBitmap = bitmap.unchecked_into();
        changed.enlarged += u32::from((bitmap.width().min(bitmap.height()) as usize) < set.side());
        let square = scaler.square(&bitmap);
        bitmap.close();
        match square {
            Some(square) => {
                set.push(&place, &square.scaled(set.channels(), set.side()));
            }
            None => gathered.problem(&path, UNDECODED.to_owned()),
        }
        if turn % 16 == 0 {
            job.breathe().await;
        }
    }
    stop_if_cancelled(job)?;
    changed.remark(set);
    Ok(())
}

/// The problem of a picture that the browser refuses.
const UNDECODED: &str =
    "The browser could not decode the picture. It may be damaged or of a rare kind: save it as PNG or JPEG.";

/// Returns the format of a picture and its number of pixels, before it is decoded.
///
/// # Errors
///
/// Returns a sentence if it is not a picture, or if it is too large.
async fn checked(source: &Source, changed: &mut Changed) -> Result<(Picture, u64), String> {
    let (head, len) =
        source.head().await.map_err(|_| "The browser no longer has the file. Choose it again.".to_owned())?;
    let kind = format::kind(&head);
    let Kind::Picture(format) = kind else {
        let other = || "The file is not a picture, whatever its name says.".to_owned();
        return Err(format::refusal("picture.png", &head, kind).unwrap_or_else(other));
    };
    format::check_size(format, &head, len)?;
    changed.animated += u32::from(format::is_animated(format, &head));
    let size = format::size(format, &head);
    Ok((format, size.map_or(USUAL_PIXELS, |(width, height)| u64::from(width) * u64::from(height))))
}

impl Changed {
    fn remark(&self, set: &mut Collection) {
        let count = |n: u32, one: &str, many: &str| {
            if n == 1 { format!("1 picture {one}") } else { format!("{n} pictures {many}") }
        };
        if self.animated > 0 {
            set.remark(format!(
                "{}: only the first frame is used.",
                count(self.animated, "is animated", "are animated")
            ));
        }
        if self.enlarged > 0 {
            let side = set.side();
            set.remark(format!(
                "{} smaller than {side} × {side} pixels, and enlarged.",
                count(self.enlarged, "is", "are")
            ));
        }
    }
}

/// Changes a set of pictures.
///
/// # Errors
///
/// Fails if `base` is damaged.
pub(super) fn edit(
    edit: &PictureEdit,
    base: Vec<u8>,
) -> Result<(PicturesAnswer, Option<DataFile>), LabError> {
    pictures::edit(edit, &base)
}
