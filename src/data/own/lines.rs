//! Lines of the user, each a short text with a label, such as sentences with their sentiment.

mod columns;
mod rows;
#[cfg(test)]
mod tests;

use crate::core::LabError;
use crate::core::data_set::request::{LineOptions, LinesPreview};
use crate::core::data_set::{Card, Content, MAX_CHARACTERS, MAX_CLASSES, MAX_LINE, MAX_LINES, MIN_SAMPLES};
use crate::data::own::texts::{natural_order, stem};
use crate::data::own::{self, DataFile, held_out};
use crate::data::text::{self, FOLDED};
use chacha20::ChaCha12Rng;
use columns::Labeled;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;

/// The maximum size of a file in bytes.
const MAX_BYTES: usize = 20_000_000;
/// The number of lines in the preview, and the maximum number of characters of each.
const SHOWN: (usize, usize) = (8, 120);
/// The maximum number of labels that the preview counts.
const MAX_COUNTED: usize = 50;
/// The maximum length of the name of a class, in characters.
const MAX_LABEL: usize = 40;
/// The token that fills short lines at their start.
const PAD: u8 = 0;

/// Lines as tokens, with their classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// The number of characters in each line. Shorter ones are padded at the start.
    pub seq_len: usize,
    /// The number of different tokens: the characters, and 0, which pads.
    pub n_characters: usize,
    /// The number of classes.
    pub n_classes: usize,
    /// The tokens, `[n, seq_len]`.
    pub tokens: Vec<u8>,
    /// The classes, `[n]`.
    pub labels: Vec<u8>,
}

impl Lines {
    /// Returns the card and the lines of a data file.
    ///
    /// # Errors
    ///
    /// Fails if this is not the data file of lines.
    pub fn open(bytes: &[u8]) -> Result<(Card, Self), LabError> {
        let damaged = || {
            LabError::Data("The stored lines are damaged. Remove them and open their file again.".to_owned())
        };
        let (card, content) = own::read(bytes)?;
        let Content::Lines { seq_len, characters, classes } = &card.content else { return Err(damaged()) };
        let (seq_len, n_characters, n_classes) = (*seq_len as usize, characters.len() + 1, classes.len());
        let (labels, tokens) = content.split_at_checked(card.count as usize).ok_or_else(damaged)?;
        let fits = labels.len() >= MIN_SAMPLES as usize
            && Some(tokens.len()) == labels.len().checked_mul(seq_len)
            && labels.iter().all(|label| usize::from(*label) < n_classes)
            && tokens.iter().all(|token| usize::from(*token) < n_characters);
        if !fits {
            return Err(damaged());
        }
        let lines =
            Self { seq_len, n_characters, n_classes, tokens: tokens.to_vec(), labels: labels.to_vec() };
        Ok((card, lines))
    }

    /// Returns the tokens of a line, or an empty slice if there is no such line.
    pub fn line(&self, n: usize) -> &[u8] {
        self.tokens.get(n * self.seq_len..(n + 1) * self.seq_len).unwrap_or_default()
    }

    /// Returns the lines to train on and those that are held out: a fifth of each class. The seed decides which, and their
    /// order. A class with a single line is only trained on.
    pub fn split(&self, seed: u64) -> [Vec<usize>; 2] {
        // The stream differs from the streams of batches and weights, which have the same seed.
        let mut rng = ChaCha12Rng::seed_from_u64(seed ^ 0x11e5_5eed);
        let mut by_class = vec![Vec::new(); self.n_classes];
        for (n, label) in self.labels.iter().enumerate() {
            if let Some(class) = by_class.get_mut(usize::from(*label)) {
                class.push(n);
            }
        }
        let (mut train, mut test) = (Vec::new(), Vec::new());
        for mut class in by_class {
            shuffle(&mut class, &mut rng);
            train.extend(class.split_off(held_out(class.len()).min(class.len())));
            test.extend(class);
        }
        shuffle(&mut train, &mut rng);
        shuffle(&mut test, &mut rng);
        [train, test]
    }
}

fn shuffle(items: &mut [usize], rng: &mut ChaCha12Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.random_range(0..=last));
    }
}

/// Reads lines with labels. Without a problem in the preview there is a data file.
///
/// The label is a column of a table (CSV, TSV, semicolons or bars, with or without a header), the last or the first field of
/// each line, or a word such as `__label__positive`. Its column is recognized by its few different values.
pub fn read(name: &str, bytes: &[u8], options: &LineOptions) -> (LinesPreview, Option<DataFile>) {
    let mut preview = LinesPreview { options: options.clone(), ..LinesPreview::default() };
    match read_into(&mut preview, name, bytes) {
        Ok(file) => (preview, Some(file)),
        Err(problem) => {
            preview.problem = Some(problem);
            (preview, None)
        }
    }
}

/// Fills the preview as far as the file can be read.
///
/// # Errors
///
/// Returns the reason why the lines cannot be used.
fn read_into(preview: &mut LinesPreview, name: &str, bytes: &[u8]) -> Result<DataFile, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(format!("This file is empty. {}", rows::EXAMPLE));
    }
    if bytes.len() > MAX_BYTES {
        return Err(format!(
            "This file has {:.1} MB; the maximum is {} MB. Keep some of its lines, for example the first {MAX_LINES}.",
            bytes.len() as f64 / 1e6,
            MAX_BYTES / 1_000_000
        ));
    }
    let (decoded, remark) = text::decode(bytes).map_err(|error| error.to_string())?;
    preview.remarks.extend(remark);
    let rows = rows::split(&decoded)?;
    preview.remarks.extend(rows.remarks.iter().map(|remark| (*remark).to_owned()));
    let Labeled { mut pairs, columns, text_name, label_name, skipped, remarks } =
        columns::label(rows, &preview.options)?;
    preview.remarks.extend(remarks);
    preview.columns = columns;
    preview.options.text = Some(text_name);
    preview.options.label = Some(label_name.clone());
    let n_read = pairs.len();
    thin_out(&mut pairs, MAX_LINES as usize);
    if pairs.len() < n_read {
        preview
            .remarks
            .push(format!("{MAX_LINES} of the {n_read} lines are used, evenly spread over the file."));
    }
    preview.skipped = number(skipped);
    if skipped > 0 {
        preview.remarks.push(format!("{skipped} lines were skipped, because they have no text or no label."));
    }
    let cut = |text: &str, len: usize| text.chars().take(len).collect::<String>();
    let shown = pairs.iter().take(SHOWN.0);
    preview.rows = shown.map(|(text, label)| (cut(text, SHOWN.1), cut(label, MAX_LABEL))).collect();

    let mut counts = BTreeMap::<&str, u32>::new();
    for (_, label) in &pairs {
        *counts.entry(label).or_default() += 1;
    }
    let mut counts: Vec<(&str, u32)> = counts.into_iter().collect();
    counts.sort_by(|a, b| natural_order(a.0, b.0));
    let counted = counts.iter().take(MAX_COUNTED);
    preview.classes = counted.map(|(label, n)| (cut(label, MAX_LABEL), *n)).collect();
    let mut lengths: Vec<usize> = pairs.iter().map(|(text, _)| text.chars().count()).collect();
    lengths.sort_unstable();
    let at = |n: usize| number(lengths.get(n).copied().unwrap_or_default());
    preview.lengths = [at(0), at(lengths.len() / 2), at(lengths.len().saturating_sub(1))];
    check_counts(&counts, pairs.len(), &label_name)?;
    if let Some((label, _)) = counts.iter().find(|(_, n)| *n == 1) {
        preview.remarks.push(format!(
            "“{}” has a single line, which is trained on. Each class needs two lines, so that one can be held out.",
            cut(label, MAX_LABEL)
        ));
    }

    let longest = at(lengths.len().saturating_sub(1));
    let wanted = preview.options.max_len.unwrap_or(MAX_LINE).min(MAX_LINE);
    let seq_len = wanted.min(longest).max(2);
    preview.options.max_len = Some(seq_len);
    let n_cut = lengths.iter().filter(|length| **length > seq_len as usize).count();
    if n_cut > 0 {
        preview.remarks.push(format!("{n_cut} lines are cut to their first {seq_len} characters."));
    }
    let (characters, rare) = characters(&pairs, seq_len as usize);
    if rare > 0 {
        preview.remarks.push(format!(
            "{rare} characters of rare kinds are replaced by {FOLDED}, because lines have at most {MAX_CHARACTERS} different ones."
        ));
    }
    let content = content(&pairs, &counts, &characters, seq_len as usize);
    let classes = counts.iter().map(|(label, _)| cut(label, MAX_LABEL)).collect();
    let structure = Content::Lines { seq_len, characters, classes };
    let title = cut(stem(name), 80);
    let source = cut(name, 200);
    DataFile::new(&title, &source, structure, number(pairs.len()), content, preview.remarks.clone())
        .map_err(|error| error.to_string())
}

/// Checks the number of lines and classes.
///
/// # Errors
///
/// Returns a sentence for the user.
fn check_counts(counts: &[(&str, u32)], n: usize, label: &str) -> Result<(), String> {
    if n < MIN_SAMPLES as usize {
        return Err(format!(
            "There are only {n} lines with a label; at least {MIN_SAMPLES} are needed. Fifty lines make a good start."
        ));
    }
    match counts {
        [(only, _)] => Err(format!(
            "All lines have the same label, “{}”. Add lines with another label, or choose another column of labels.",
            only.chars().take(MAX_LABEL).collect::<String>()
        )),
        counts if counts.len() > MAX_CLASSES as usize => Err(format!(
            "The column “{label}” has {} different labels; the maximum is {MAX_CLASSES}. Choose another column, or merge some labels.",
            counts.len()
        )),
        _ => Ok(()),
    }
}

/// Keeps `max` items, evenly spread, since files are often sorted by class.
fn thin_out<T>(items: &mut Vec<T>, max: usize) {
    let n = items.len();
    if n > max {
        let mut index = 0;
        items.retain(|_| {
            let keeps = index * max / n != (index + 1) * max / n;
            index += 1;
            keeps
        });
    }
}

/// Returns the characters of the lines in the order of their tokens, and the number of occurrences of all others.
fn characters(pairs: &[(String, String)], seq_len: usize) -> (Vec<char>, usize) {
    let mut counts = BTreeMap::<char, usize>::new();
    for c in pairs.iter().flat_map(|(text, _)| text.chars().take(seq_len)) {
        *counts.entry(c).or_default() += 1;
    }
    // One token pads.
    let max = MAX_CHARACTERS as usize - 1;
    if counts.len() <= max {
        return (counts.into_keys().collect(), 0);
    }
    let mut kept: Vec<(char, usize)> = counts.into_iter().filter(|(c, _)| *c != FOLDED).collect();
    // The sort is stable, so equally frequent characters stay in order.
    kept.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let rare = kept.split_off(kept.len().min(max - 1));
    let mut characters: Vec<char> = kept.into_iter().map(|(c, _)| c).collect();
    characters.sort_unstable();
    characters.push(FOLDED);
    (characters, rare.iter().map(|(_, n)| n).sum())
}

/// Returns the classes and the tokens as bytes.
fn content(
    pairs: &[(String, String)],
    classes: &[(&str, u32)],
    characters: &[char],
    seq_len: usize,
) -> Vec<u8> {
    let folded = characters.iter().position(|c| *c == FOLDED);
    let ids: BTreeMap<char, u8> = characters.iter().zip(1u8..).map(|(c, id)| (*c, id)).collect();
    let rare = folded.map_or(PAD, |at| (at + 1) as u8);
    let mut content = Vec::with_capacity(pairs.len() * (seq_len + 1));
    let class = |label: &str| classes.iter().position(|(known, _)| *known == label).unwrap_or_default();
    content.extend(pairs.iter().map(|(_, label)| class(label) as u8));
    for (text, _) in pairs {
        let tokens: Vec<u8> =
            text.chars().take(seq_len).map(|c| ids.get(&c).copied().unwrap_or(rare)).collect();
        content.extend(std::iter::repeat_n(PAD, seq_len - tokens.len()));
        content.extend(tokens);
    }
    content
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
