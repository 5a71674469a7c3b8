//! The training data: windows of a text, or random sequences that repeat.

use super::induction::order_unknown;
use super::{Config, TaskChoice, TextInfo, Transformer, text};
use crate::core::LabError;
use crate::data::repeats::{self, Repeats, Sequences, first_block_loss};
use crate::data::text::{Corpus, Vocabulary, Windows, fixed_windows, window_len};
use crate::run::RunContext;

/// The number of tokens of the repeating sequences for validation: fewer, since they are evaluated more often.
const N_VALIDATION_TOKENS: usize = 2048;
/// The number of characters in the windows of which only the last character is predicted.
const N_LAST_CHARACTERS: usize = 16_384;
/// The seed of those sequences; no run trains with it.
const VALIDATION_SEED: u64 = 0x0add_5eed;

/// The training and validation data of a run.
#[derive(Debug)]
pub(super) struct Source {
    /// The vocabulary of the model.
    pub vocabulary: Vocabulary,
    /// The validation windows, one after the other.
    pub validation: Vec<u8>,
    /// The length of each validation window.
    pub validation_len: usize,
    /// The period of each validation window; empty for a text.
    pub periods: Vec<usize>,
    /// The windows on whose last characters a model without a mask is measured.
    pub last_windows: Vec<u8>,
    /// The window whose attention is shown, and its period.
    pub window: (Vec<u8>, usize),
    batches: Batches,
    batch_size: usize,
    context: usize,
}

#[derive(Debug)]
enum Batches {
    Text { train: Vec<u8>, windows: Windows },
    Repeats(Repeats),
}

impl Source {
    /// Loads the data of the settings.
    ///
    /// # Errors
    /// Fails if a file is missing or cannot be read.
    pub(super) async fn load(
        config: &Config,
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<Self, LabError> {
        Ok(match config.task {
            TaskChoice::Text => Self::of_text(config, text::load(config, ctx).await?),
            TaskChoice::Repeat => Self::of_repeats(config),
        })
    }

    /// Loads the data and its description for the page.
    ///
    /// # Errors
    /// Fails if a file is missing or cannot be read.
    pub(super) async fn load_described(
        config: &Config,
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<(TextInfo, Self), LabError> {
        Ok(match config.task {
            TaskChoice::Text => {
                let corpus = text::load(config, ctx).await?;
                (text::describe(config, &corpus), Self::of_text(config, corpus))
            }
            TaskChoice::Repeat => {
                let source = Self::of_repeats(config);
                (source.describe(), source)
            }
        })
    }

    fn of_text(config: &Config, corpus: Corpus) -> Self {
        let context = config.context as usize;
        let (validation, validation_len) = corpus.validation_windows(context);
        let last_windows =
            fixed_windows(&corpus.validation, (N_LAST_CHARACTERS / (context + 1)).max(8), context);
        let mut window = fixed_windows(&corpus.validation, 1, context);
        // The last character of a window is only predicted, so it is not in the map.
        window.truncate(validation_len.saturating_sub(1).max(1));
        Self {
            validation,
            validation_len,
            periods: Vec::new(),
            last_windows,
            window: (window, 0),
            vocabulary: corpus.vocabulary,
            batches: Batches::Text { train: corpus.train, windows: Windows::new(config.seed.into()) },
            batch_size: config.batch_size as usize,
            context,
        }
    }

    fn of_repeats(config: &Config) -> Self {
        let context = config.context as usize;
        let Sequences { ids, periods } =
            Repeats::new(VALIDATION_SEED).next((N_VALIDATION_TOKENS / context).max(4), context);
        // The sequence that comes nearest to two and a half repetitions is shown.
        let wanted = 2 * context / 5;
        let shown = periods.iter().enumerate().min_by_key(|(_, period)| period.abs_diff(wanted));
        let (at, period) = shown.map_or((0, 0), |(at, &period)| (at, period));
        Self {
            vocabulary: Vocabulary::of(repeats::TOKENS),
            window: (ids.iter().skip(at * (context + 1)).take(context).copied().collect(), period),
            last_windows: ids.clone(),
            validation: ids,
            validation_len: context + 1,
            periods,
            batches: Batches::Repeats(Repeats::new(config.seed.into())),
            batch_size: config.batch_size as usize,
            context,
        }
    }

    /// Returns the length of a training window: the context and one more token.
    pub(super) fn len(&self) -> usize {
        match &self.batches {
            Batches::Text { train, .. } => window_len(train, self.context),
            Batches::Repeats(_) => self.context + 1,
        }
    }

    /// Returns the next batch: windows, one after the other.
    pub(super) fn next(&mut self) -> Vec<u8> {
        self.next_of(self.batch_size)
    }

    /// Returns the next batch with a given number of windows.
    pub(super) fn next_of(&mut self, batch_size: usize) -> Vec<u8> {
        match &mut self.batches {
            Batches::Text { train, windows } => windows.next(train, batch_size, self.context),
            Batches::Repeats(repeats) => repeats.next(batch_size, self.context).ids,
        }
    }

    /// Returns the prompt of a sample: a newline, or a block and its first token.
    pub(super) fn prompt(&self) -> String {
        match &self.batches {
            Batches::Text { .. } => "\n".to_owned(),
            Batches::Repeats(_) => {
                let (window, period) = &self.window;
                self.vocabulary.decode(window.get(..=*period).unwrap_or_default())
            }
        }
    }

    /// Describes the repeating sequences, with closed forms for the losses of predictions without attention.
    fn describe(&self) -> TextInfo {
        let n = self.vocabulary.len() as f64;
        let lines: Vec<String> = self
            .validation
            .chunks(self.validation_len.max(1))
            .take(6)
            .map(|ids| self.vocabulary.decode(ids))
            .collect();
        TextInfo {
            name: "Random sequences that repeat".to_owned(),
            train: 0,
            validation: self.validation.len() as u32,
            predicted: (self.periods.len() * self.context) as u32,
            vocabulary: self.vocabulary.chars().to_vec(),
            counts: Vec::new(),
            folded: (0, 0),
            first_lines: lines.join("\n"),
            uniform: n.ln(),
            unigram: n.ln(),
            // No token follows itself.
            bigram: (n - 1.0).ln(),
            first_block: Some(first_block_loss(self.periods.iter().copied())),
            order_unknown: Some(order_unknown(self.context, &self.periods)),
            remark: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the loss of a table of counts on every prediction of some windows, by its definition: interpolated with single
    /// characters, which are smoothed by adding one.
    fn bigram_loss(train: &[u8], windows: &[u8], len: usize, n_chars: usize) -> (f64, usize) {
        let count = |c: u8| train.iter().filter(|&&other| other == c).count() as f64;
        let pairs = |a: u8, b: u8| train.windows(2).filter(|pair| *pair == [a, b]).count() as f64;
        let mut losses = Vec::new();
        for window in windows.chunks(len) {
            for t in 1..len {
                let (before, next) = (window[t - 1], window[t]);
                let unigram = (count(next) + 1.0) / (train.len() + n_chars) as f64;
                losses.push(-((pairs(before, next) + unigram) / (count(before) + 1.0)).ln());
            }
        }
        (losses.iter().sum::<f64>() / losses.len() as f64, losses.len())
    }

    #[test]
    fn baselines_and_model_are_scored_on_the_same_characters() {
        // The end differs from the rest, so that other windows would have another loss.
        let text = "abc abd\nabc abe\n".repeat(120) + &"ecba aab\n".repeat(30) + &"abc abe\n".repeat(4);
        for context in [8, 100, 256] {
            let config = Config { context, ..Config::default() };
            let corpus = Corpus::new(&text);
            let (train, n_chars) = (corpus.train.clone(), corpus.vocabulary.len());
            let info = text::describe(&config, &corpus);
            let source = Source::of_text(&config, corpus);
            let (loss, predicted) = bigram_loss(&train, &source.validation, source.validation_len, n_chars);
            assert!((info.bigram - loss).abs() < 1e-9, "context {context}: {} and {loss}", info.bigram);
            // The model predicts every character of a window but the first.
            let windows = source.validation.len() / source.validation_len;
            assert_eq!(info.predicted as usize, predicted);
            assert_eq!(predicted, windows * (source.validation_len - 1));
        }
    }

    #[test]
    fn the_minimum_of_the_first_block_is_that_of_the_validation_sequences() {
        for context in [8, 24, 64] {
            let source = Source::of_repeats(&Config { context, ..Config::default() });
            let info = source.describe();
            assert_eq!(info.first_block, Some(first_block_loss(source.periods.iter().copied())));
            let of_generator = first_block_loss(repeats::periods(context as usize));
            let gap = info.first_block.unwrap_or_default() - of_generator;
            assert!(gap.abs() < 0.1, "context {context}: {gap} off the generator's mean {of_generator}");
            assert_eq!(
                info.predicted as usize,
                source.validation.len() / (context as usize + 1) * context as usize
            );
        }
    }
}
