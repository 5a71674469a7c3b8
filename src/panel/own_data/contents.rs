//! The content of a data set, as far as the page shows it: the number of samples per class, and the first samples. The rest
//! stays in the file, which may be larger than the memory of the page.

use crate::client::{Stored, bytes_of};
use crate::core::data_set::Content;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::Blob;
use yew::prelude::*;

/// The number of rows and lines that are shown.
const ROWS: usize = 5;
/// The number of bytes of a text that are shown.
const TEXT: usize = 500;

/// The part of a content that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Contents {
    /// The offset of the content in the file.
    pub(super) start: usize,
    /// The class of each sample; empty if there are no classes.
    pub(super) labels: Vec<u8>,
    /// The first rows: the cells of a table, or a line and its label.
    pub(super) rows: Vec<Vec<String>>,
    /// The start of a text.
    pub(super) text: String,
}

impl Contents {
    /// Returns the number of samples of a class.
    pub(super) fn count(&self, class: usize) -> u32 {
        self.labels.iter().filter(|label| usize::from(**label) == class).count() as u32
    }
}

/// Returns the content of a data set, once it has been read.
#[hook]
pub(super) fn use_contents(stored: &Stored) -> Option<Rc<Contents>> {
    let read = use_state_eq(|| None::<(Stored, Rc<Contents>)>);
    use_effect_with(stored.clone(), {
        let setter = read.setter();
        move |stored| {
            let stored = stored.clone();
            spawn_local(async move {
                if let Some(contents) = contents(&stored).await {
                    setter.set(Some((stored, Rc::new(contents))));
                }
            });
        }
    });
    // Title, source and license do not change the content.
    read.as_ref().filter(|(of, _)| of.card.id == stored.card.id).map(|(_, contents)| contents.clone())
}

/// Reads a part of a file. `None` if the browser can no longer read it.
pub(super) async fn part(blob: &Blob, start: usize, len: usize) -> Option<Vec<u8>> {
    let part = blob.slice_with_f64_and_f64(start as f64, (start + len) as f64).ok()?;
    bytes_of(&part).await.ok()
}

async fn contents(Stored { card, blob }: &Stored) -> Option<Contents> {
    // The magic number and the length of the card.
    let len = part(blob, 8, 4).await?.first_chunk().map(|len| u32::from_le_bytes(*len))?;
    let start = 12 + len as usize;
    let n = card.count as usize;
    let classes = card.content.classes();
    let class = |label: u8| classes.get(usize::from(label)).cloned().unwrap_or_default();
    let read = async |at: usize, len: usize| part(blob, start + at, len).await;
    let mut shown = Contents { start, ..Contents::default() };
    match &card.content {
        Content::Table { features, .. } => {
            let width = features.len();
            let numbers = |bytes: &[u8]| -> Vec<f32> {
                bytes.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect()
            };
            let values = numbers(&read(0, ROWS.min(n) * width * 4).await?);
            let targets: Vec<String> = if classes.is_empty() {
                numbers(&read(n * width * 4, ROWS * 4).await?).iter().map(f32::to_string).collect()
            } else {
                shown.labels = read(n * width * 4, n).await?;
                shown.labels.iter().take(ROWS).map(|label| class(*label)).collect()
            };
            let rows = values.chunks(width.max(1)).zip(targets);
            shown.rows =
                rows.map(|(row, target)| row.iter().map(f32::to_string).chain([target]).collect()).collect();
        }
        Content::Pictures { .. } => shown.labels = read(0, n).await?,
        Content::Lines { seq_len, characters, .. } => {
            let width = *seq_len as usize;
            shown.labels = read(0, n).await?;
            let tokens = read(n, ROWS.min(n) * width).await?;
            let character = |token: &u8| characters.get(usize::from(*token).checked_sub(1)?).copied();
            let lines = tokens.chunks(width.max(1)).zip(&shown.labels);
            shown.rows = lines
                .map(|(tokens, label)| vec![tokens.iter().filter_map(character).collect(), class(*label)])
                .collect();
        }
        Content::Text { .. } => shown.text = String::from_utf8_lossy(&read(0, TEXT).await?).into_owned(),
    }
    Some(shown)
}
