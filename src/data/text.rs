//! Text for character models: what is learned from, its vocabulary, its parts, and how well counting alone predicts it.
//!
//! The page ships nine plays by Shakespeare; `static/data/README.md` gives their origin and layout. A visitor may bring any
//! other text.

use crate::core::LabError;
use crate::data::packed;
use rand::{RngExt, SeedableRng, rngs::ChaCha12Rng};
use std::collections::{BTreeMap, BTreeSet};

/// Where the plays lie below the page.
pub const PATH: &str = "data/shakespeare.bin";

/// A text of fewer bytes has too little to learn from, and one of more takes too long to count.
pub const BYTES: std::ops::RangeInclusive<usize> = 2_000..=20_000_000;

/// The most characters that a vocabulary has; rarer ones become [`FOLDED`].
pub const MAX_CHARS: usize = 160;

/// What stands for all characters that are too rare for the vocabulary.
pub const FOLDED: char = '\u{fffd}';

/// The share of a text that is trained on; the rest is held out.
const TRAIN_SHARE: f64 = 0.9;

const MAGIC: &[u8; 8] = b"NNLABTXT";
const VERSION: u32 = 1;

/// Reads the plays; an error says what was expected and what was found.
pub fn read_plays(bytes: &[u8]) -> Result<String, LabError> {
    let wrong = |what: String| {
        LabError::Data(format!("The file with the plays {what}. Start again to fetch it anew."))
    };
    let header = MAGIC.len() + 8;
    if !bytes.starts_with(MAGIC) || bytes.len() < header + 4 {
        let found: String =
            bytes.iter().take(8).map(|&b| char::from(b).escape_default().to_string()).collect();
        return Err(wrong(format!("should begin with NNLABTXT, and begins with \"{found}\"")));
    }
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0u32, |sum, &b| sum << 8 | u32::from(b));
    let (version, size) = (number(&bytes[8..12]), number(&bytes[12..16]) as usize);
    if version != VERSION {
        return Err(wrong(format!("should be of version {VERSION}, and is of version {version}")));
    }
    let (body, crc) = bytes[header..].split_at(bytes.len() - header - 4);
    if size > *BYTES.end() {
        return Err(wrong(format!("should unpack to {} bytes at most, and says {size}", BYTES.end())));
    }
    let text = packed::unpack(body, crc, size).map_err(wrong)?;
    String::from_utf8(text).map_err(|_| wrong("should be text, and is not".to_owned()))
}

/// A visitor's own text, or a sentence that says why it cannot be learned from.
pub fn read_own(bytes: &[u8]) -> Result<String, LabError> {
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
    // Some editors mark UTF-8 with a character of no width at the start.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.replace("\r\n", "\n").replace('\r', "\n")),
        Err(error) => Err(LabError::Data(format!(
            "This file is not UTF-8 text: byte {} is invalid. Save it as UTF-8 and try again.",
            error.valid_up_to() + 1
        ))),
    }
}

/// The characters that a model knows, each with its number: its place in the order of code points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    chars: Vec<char>,
}

impl Vocabulary {
    /// The vocabulary of a text: all its characters, or the most frequent ones and [`FOLDED`] for the others.
    pub fn of(text: &str) -> Self {
        let mut counts = BTreeMap::<char, usize>::new();
        for c in text.chars() {
            *counts.entry(c).or_default() += 1;
        }
        let mut kept: Vec<(char, usize)> = counts.into_iter().collect();
        if kept.len() > MAX_CHARS {
            kept.retain(|(c, _)| *c != FOLDED);
            // The sort is stable, so that equally frequent characters stay in order.
            kept.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            kept.truncate(MAX_CHARS - 1);
            kept.push((FOLDED, 0));
        }
        let chars: BTreeSet<char> = kept.into_iter().map(|(c, _)| c).collect();
        Self { chars: chars.into_iter().collect() }
    }

    /// A vocabulary of these characters, as a file of weights brings it; `None` where they are not in order or too many.
    pub fn from_chars(chars: Vec<char>) -> Option<Self> {
        let in_order = chars.windows(2).all(|pair| pair[0] < pair[1]);
        (in_order && !chars.is_empty() && chars.len() <= MAX_CHARS).then_some(Self { chars })
    }

    /// How many characters there are.
    pub fn len(&self) -> usize {
        self.chars.len()
    }

    /// Whether there are none, which no text of any length gives.
    pub fn is_empty(&self) -> bool {
        self.chars.is_empty()
    }

    /// All of them, in the order of their numbers.
    pub fn chars(&self) -> &[char] {
        &self.chars
    }

    /// The number of a character: that of [`FOLDED`] if it is too rare, `None` if the model never saw it nor any rare one.
    pub fn id(&self, c: char) -> Option<u8> {
        let at = self.chars.binary_search(&c).or_else(|_| self.chars.binary_search(&FOLDED));
        at.ok().map(|id| id as u8)
    }

    /// The character of a number.
    pub fn char(&self, id: u8) -> char {
        self.chars.get(usize::from(id)).copied().unwrap_or(FOLDED)
    }

    /// The text as numbers, without what the vocabulary has no number for.
    pub fn encode(&self, text: &str) -> Vec<u8> {
        text.chars().filter_map(|c| self.id(c)).collect()
    }

    /// The numbers as text.
    pub fn decode(&self, ids: &[u8]) -> String {
        ids.iter().map(|&id| self.char(id)).collect()
    }
}

/// A text as a model sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Corpus {
    pub vocabulary: Vocabulary,
    pub train: Vec<u8>,
    pub validation: Vec<u8>,
    /// How many characters of the text, and how many kinds, were too rare for the vocabulary.
    pub folded: (usize, usize),
}

impl Corpus {
    /// Numbers a text's characters, and holds out its last tenth.
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
        let validation = ids.split_off((ids.len() as f64 * TRAIN_SHARE) as usize);
        Self { vocabulary, train: ids, validation, folded: (folded, kinds.len()) }
    }

    /// Losses of predictors that only count, in nats for each character of the validation part.
    pub fn baselines(&self) -> Baselines {
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
        // Every character is thought to have been seen once more than it was: what never occurred stays possible.
        let unigram = |c: u8| (single[usize::from(c)] + 1.0) / (total + n as f64);
        // What follows a character is counted, with one count spread as the unigram says (Witten and Bell 1991 weigh
        // this by the number of kinds; for characters it makes no difference that could be seen).
        let bigram = |before: u8, c: u8| {
            let pair = pairs[usize::from(before) * n + usize::from(c)];
            (pair + unigram(c)) / (single[usize::from(before)] + 1.0)
        };
        let count = self.validation.len().max(1) as f64;
        let by_unigram: f64 = self.validation.iter().map(|&c| -unigram(c).ln()).sum();
        let pairs_seen = self.validation.windows(2).map(|pair| -bigram(pair[0], pair[1]).ln());
        let pair_count = self.validation.len().saturating_sub(1).max(1) as f64;
        Baselines {
            uniform: (n as f64).ln(),
            unigram: by_unigram / count,
            bigram: pairs_seen.sum::<f64>() / pair_count,
        }
    }
}

/// Mean losses on the validation part, in nats for each character.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baselines {
    /// Every character of the vocabulary is equally likely: `ln V`.
    pub uniform: f64,
    /// As frequent as in the training part.
    pub unigram: f64,
    /// As frequent as in the training part after the one character before.
    pub bigram: f64,
}

/// Random windows of a text, determined by the seed.
#[derive(Debug)]
pub struct Windows {
    rng: ChaCha12Rng,
}

impl Windows {
    /// Creates a stream that differs from those that draw weights and dropout from the same seed.
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha12Rng::seed_from_u64(seed ^ 0x7e87_0f0f) }
    }

    /// Draws `batch` windows of `context + 1` characters, concatenated. The last character of each is only a target. A
    /// text shorter than a window gives shorter windows; see [`window_len`].
    pub fn next(&mut self, text: &[u8], batch: usize, context: usize) -> Vec<u8> {
        let len = window_len(text, context);
        let mut ids = Vec::with_capacity(batch * len);
        for _ in 0..batch {
            let start = self.rng.random_range(0..=text.len() - len);
            ids.extend_from_slice(&text[start..start + len]);
        }
        ids
    }
}

/// How long a window of `context` characters and the next is in this text.
pub fn window_len(text: &[u8], context: usize) -> usize {
    (context + 1).min(text.len())
}

/// At most `n` windows, spread evenly over the text, that are the same at each call.
pub fn fixed_windows(text: &[u8], n: usize, context: usize) -> Vec<u8> {
    let len = window_len(text, context);
    let n = n.min(text.len() / len.max(1)).max(1);
    let room = text.len() - len;
    (0..n).flat_map(|i| &text[room * i / n..room * i / n + len]).copied().collect()
}
