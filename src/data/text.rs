//! Text for character-level models: the corpus, its vocabulary, its split, and n-gram baselines.
//!
//! The page ships nine plays by Shakespeare; `static/data/README.md` gives their origin and layout. The user
//! may open any other text.

use crate::core::LabError;
use crate::data::{formats, packed};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The path of the plays, relative to the page.
pub const PATH: &str = "data/shakespeare.bin";

/// The sizes of a text in bytes. A shorter text is too short to train on, and a longer one takes too long to
/// count.
pub const BYTES: std::ops::RangeInclusive<usize> = 2_000..=20_000_000;

/// The maximum size of a vocabulary. Rarer characters become [`FOLDED`].
pub const MAX_CHARS: usize = 160;

/// The character that replaces all characters that are too rare for the vocabulary.
pub const FOLDED: char = '\u{fffd}';

/// The fraction of a text used for training. The rest is held out.
const TRAIN_SHARE: f64 = 0.9;

const MAGIC: &[u8; 8] = b"NNLABTXT";

/// Reads the plays.
///
/// # Errors
///
/// Fails if the file is damaged or has another layout. The message says what was expected and what was found.
pub fn read_plays(bytes: &[u8]) -> Result<String, LabError> {
    let wrong = |what: &dyn std::fmt::Display| {
        LabError::Data(format!("The file with the plays {what}. Start again to fetch it anew."))
    };
    let text = packed::read(bytes, MAGIC, *BYTES.end()).map_err(|error| wrong(&error))?;
    String::from_utf8(text).map_err(|_| wrong(&"should be text, and is not"))
}

/// The user's own text, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnText {
    /// The text, with `\n` as the end of each line.
    pub text: String,
    /// A sentence for the user on the encoding of the file, if it is not UTF-8.
    pub remark: Option<String>,
}

/// Reads the user's own text: in UTF-8, in UTF-16 with a byte order mark, or in Windows-1252, which contains all
/// printable characters of Latin-1.
///
/// # Errors
///
/// Fails if the text is too short or too long, or if the file is not a text in one of these encodings. The message
/// quotes nothing from the file.
pub fn read_own(bytes: &[u8]) -> Result<OwnText, LabError> {
    let size = bytes.len();
    if size < *BYTES.start() {
        return Err(LabError::Data(format!(
            "This text has {size} bytes; a text needs at least {}.",
            BYTES.start()
        )));
    }
    if size > *BYTES.end() {
        return Err(LabError::Data(format!(
            "This text has {:.1} MB; the most is {} MB. Shorten it and try again.",
            size as f64 / 1e6,
            BYTES.end() / 1_000_000
        )));
    }
    let (text, remark) = decode(bytes)?;
    Ok(OwnText { text: text.replace("\r\n", "\n").replace('\r', "\n"), remark })
}

/// Decodes a text, and returns a remark if it is not UTF-8.
///
/// # Errors
///
/// Fails if the bytes are not a text in one of the encodings of [`read_own`].
pub(crate) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Option<String>), LabError> {
    let refused = |what: &str| {
        let found =
            formats::name_of(bytes).map_or(what.to_owned(), |format| format!("is not a text but {format}."));
        LabError::Data(format!("This file {found} Save it as UTF-8 text and try again."))
    };
    if let [first @ (0xff | 0xfe), second @ (0xff | 0xfe), units @ ..] = bytes
        && first != second
    {
        let unit = if *first == 0xff { u16::from_le_bytes } else { u16::from_be_bytes };
        let (pairs, rest) = units.as_chunks::<2>();
        let decoded: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
        let text = decoded.ok().filter(|text| rest.is_empty() && !text.contains('\0'));
        let text = text.ok_or_else(|| refused("begins as UTF-16 text, but is cut short or damaged."))?;
        return Ok((text.into(), Some("This file is UTF-16 text. It was converted.".to_owned())));
    }
    // Some editors write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        return Err(refused(
            "contains zero bytes, so it is not a text, or is UTF-16 without a byte order mark.",
        ));
    }
    let Err(error) = std::str::from_utf8(bytes) else {
        return Ok((String::from_utf8_lossy(bytes), None));
    };
    // Bytes above 127 form valid sequences in UTF-8, and hardly ever in Windows-1252.
    let (mut sequences, mut invalid) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        sequences += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        invalid += usize::from(!chunk.invalid().is_empty());
    }
    if sequences > invalid {
        let at = error.valid_up_to() + 1;
        return Err(refused(&format!("is UTF-8 text, but damaged: byte {at} is invalid.")));
    }
    let text: Option<String> = bytes.iter().map(|&byte| windows_1252(byte)).collect();
    // Most bytes of a text in another alphabet are above 127, and its letters would be wrong.
    let high = bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let Some(text) = text.filter(|_| high * 10 <= bytes.len() * 3) else {
        return Err(refused("is not text in UTF-8, UTF-16 or Windows-1252 (Latin-1)."));
    };
    let remark = "This file is not UTF-8, so it was read as Windows-1252 (Latin-1). If its letters are wrong, save it as UTF-8.";
    Ok((text.into(), Some(remark.to_owned())))
}

/// Returns the character of a byte in Windows-1252, or `None` for unused bytes and for control characters that no
/// text has. A crate for encodings would add the tables of all of them to the worker.
fn windows_1252(byte: u8) -> Option<char> {
    const FROM_128: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', //
        '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    let c = match byte {
        0x80..0xa0 => FROM_128.get(usize::from(byte - 0x80)).copied().unwrap_or_default(),
        _ => char::from(byte),
    };
    (!c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\x0c')).then_some(c)
}

/// The characters that a model knows, in the order of code points. The id of a character is its index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    chars: Vec<char>,
}

impl Vocabulary {
    /// Returns the vocabulary of a text: all its characters, or the most frequent ones and [`FOLDED`] for the
    /// others.
    pub fn of(text: &str) -> Self {
        let mut counts = BTreeMap::<char, usize>::new();
        for c in text.chars() {
            *counts.entry(c).or_default() += 1;
        }
        let mut kept: Vec<(char, usize)> = counts.into_iter().collect();
        if kept.len() > MAX_CHARS {
            kept.retain(|(c, _)| *c != FOLDED);
            // The sort is stable, so equally frequent characters stay in order.
            kept.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            kept.truncate(MAX_CHARS - 1);
            kept.push((FOLDED, 0));
        }
        let chars: BTreeSet<char> = kept.into_iter().map(|(c, _)| c).collect();
        Self { chars: chars.into_iter().collect() }
    }

    /// Returns the vocabulary of a file of weights, or `None` if the characters are not in order or too many.
    pub fn from_chars(chars: Vec<char>) -> Option<Self> {
        let in_order = chars.windows(2).all(|pair| pair[0] < pair[1]);
        (in_order && !chars.is_empty() && chars.len() <= MAX_CHARS).then_some(Self { chars })
    }

    /// Returns the number of characters.
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    /// Returns true if there are no characters.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// Returns all characters, in the order of their ids.
    pub fn chars(&self) -> &[char] {
        &self.chars
    }

    /// Returns the id of a character, or the id of [`FOLDED`] if the character is unknown. `None` if the
    /// vocabulary has neither.
    pub fn id(&self, c: char) -> Option<u8> {
        let at = self.chars.binary_search(&c).or_else(|_| self.chars.binary_search(&FOLDED));
        at.ok().map(|id| id as u8)
    }

    /// Returns the character with an id, or [`FOLDED`] if there is none.
    pub fn char(&self, id: u8) -> char {
        self.chars.get(usize::from(id)).copied().unwrap_or(FOLDED)
    }

    /// Returns the ids of a text. Skips characters without one.
    pub fn encode(&self, text: &str) -> Vec<u8> {
        text.chars().filter_map(|c| self.id(c)).collect()
    }

    /// Returns the text of some ids.
    pub fn decode(&self, ids: &[u8]) -> String {
        ids.iter().map(|&id| self.char(id)).collect()
    }
}

/// Returns how many of the characters of a text are trained on. The rest, at the end, is held out.
pub(crate) fn train_length(length: usize) -> usize {
    (length as f64 * TRAIN_SHARE) as usize
}

/// A text as ids, split into training and validation part.
#[derive(Clone, Debug, PartialEq)]
pub struct Corpus {
    /// The vocabulary.
    pub vocabulary: Vocabulary,
    /// The training part.
    pub train: Vec<u8>,
    /// The validation part.
    pub validation: Vec<u8>,
    /// The number of characters in the text that are too rare for the vocabulary, and the number of different
    /// ones.
    pub folded: (usize, usize),
    /// A sentence for the user on the encoding of the file, if it is not UTF-8.
    pub remark: Option<String>,
}

impl Corpus {
    /// Encodes a text, and holds out its last tenth.
    pub fn new(text: &str) -> Self {
        let vocabulary = Vocabulary::of(text);
        let mut ids = Vec::with_capacity(text.len());
        let (mut folded, mut kinds) = (0, BTreeSet::new());
        for c in text.chars() {
            if vocabulary.chars.binary_search(&c).is_err() {
                folded += 1;
                kinds.insert(c);
            }
            ids.extend(vocabulary.id(c));
        }
        let validation = ids.split_off(train_length(ids.len()));
        Self { vocabulary, train: ids, validation, folded: (folded, kinds.len()), remark: None }
    }

    /// Returns the windows of the validation part on which models and baselines are compared, one after the
    /// other, and the length of each: `context + 1` characters, of which the last is only a target.
    pub fn validation_windows(&self, context: usize) -> (Vec<u8>, usize) {
        let len = window_len(&self.validation, context);
        let n = (N_VALIDATION_CHARS / len.max(1)).max(1);
        (fixed_windows(&self.validation, n, context), len)
    }

    /// Returns the losses of n-gram models, counted in the training part, in nats per character. They are
    /// measured on the same predictions as a model with this context: every character after the first of each
    /// of the [`validation_windows`](Self::validation_windows).
    pub fn baselines(&self, context: usize) -> Baselines {
        let (windows, len) = self.validation_windows(context);
        let n = self.vocabulary.len().max(1);
        let mut single = vec![0.0f64; n];
        let mut pairs = vec![0.0f64; n * n];
        for &c in &self.train {
            single[usize::from(c)] += 1.0;
        }
        for pair in self.train.windows(2) {
            pairs[usize::from(pair[0]) * n + usize::from(pair[1])] += 1.0;
        }
        let total = self.train.len() as f64;
        // Add-one smoothing, so that no character has probability 0.
        let unigram = |c: u8| (single[usize::from(c)] + 1.0) / (total + n as f64);
        // Interpolation with the unigram model, which has the weight of one count. Witten and Bell (1991) use
        // the number of different successors instead; for characters the difference is negligible.
        let bigram = |before: u8, c: u8| {
            let pair = pairs[usize::from(before) * n + usize::from(c)];
            (pair + unigram(c)) / (single[usize::from(before)] + 1.0)
        };
        let (mut by_unigram, mut by_bigram, mut predicted) = (0.0, 0.0, 0usize);
        for window in windows.chunks_exact(len.max(1)) {
            for pair in window.windows(2) {
                by_unigram -= unigram(pair[1]).ln();
                by_bigram -= bigram(pair[0], pair[1]).ln();
                predicted += 1;
            }
        }
        let count = predicted.max(1) as f64;
        Baselines {
            uniform: (n as f64).ln(),
            unigram: by_unigram / count,
            bigram: by_bigram / count,
            predicted,
        }
    }
}

/// Mean losses on the validation windows, in nats per character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baselines {
    /// The loss of the uniform distribution, `ln V`.
    pub uniform: f64,
    /// The loss of the unigram model.
    pub unigram: f64,
    /// The loss of the bigram model.
    pub bigram: f64,
    /// The number of predicted characters.
    pub predicted: usize,
}

/// Random windows of a text, determined by the seed.
#[derive(Debug)]
pub struct Windows {
    rng: ChaCha12Rng,
}

impl Windows {
    /// Returns the stream of a seed. It differs from the streams of weights and dropout, which have the same
    /// seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha12Rng::seed_from_u64(seed ^ 0x7e87_0f0f) }
    }

    /// Returns the next `batch` windows of `context + 1` characters, of which the last is only a target. If
    /// the text is shorter than a window, so are the windows; see [`window_len`].
    pub fn next(&mut self, text: &[u8], batch: usize, context: usize) -> Vec<u8> {
        let len = window_len(text, context);
        let mut ids = Vec::with_capacity(batch * len);
        for _ in 0..batch {
            let start = self.rng.random_range(0..=text.len() - len);
            ids.extend_from_slice(&text[start..start + len]);
        }
        ids
    }

    /// Advances the stream by `n` batches, so that a run resumed from a checkpoint sees the same batches.
    pub fn skip(&mut self, n: u32, text: &[u8], batch: usize, context: usize) {
        let len = window_len(text, context);
        for _ in 0..n as usize * batch {
            self.rng.random_range(0..=text.len() - len);
        }
    }
}

/// Returns the length of a window of `context + 1` characters in this text.
pub fn window_len(text: &[u8], context: usize) -> usize {
    (context + 1).min(text.len())
}

/// The number of characters in the windows of [`Corpus::validation_windows`], at most.
pub const N_VALIDATION_CHARS: usize = 8192;

/// Returns at most `n` windows, spread evenly over the text.
pub fn fixed_windows(text: &[u8], n: usize, context: usize) -> Vec<u8> {
    let len = window_len(text, context);
    let n = n.min(text.len() / len.max(1)).max(1);
    let room = text.len() - len;
    (0..n).flat_map(|i| &text[room * i / n..room * i / n + len]).copied().collect()
}
