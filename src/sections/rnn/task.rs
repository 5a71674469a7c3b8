//! The sequences of a run: random ones whose first token is to be recalled, or lines of the user.

use super::{Config, LineSet, Rnn, TaskChoice, nets};
use crate::core::LabError;
use crate::core::data_set::{Card, Content};
use crate::data::batches::Batches;
use crate::data::own;
use crate::data::own::lines::Lines;
use crate::data::recall::{Recall, Sequences, stream};
use crate::run::RunContext;
use crate::run::step::Input;
use crate::run::training::one_hot_rows;
use burn::tensor::{Device, Tensor};
use chacha20::ChaCha12Rng;

/// The number of held-out sequences, and the maximum number of lines on which accuracies are measured.
const N_HELD_OUT: usize = 256;
/// The maximum number of held-out lines that the page shows.
const N_SHOWN: usize = 12;

/// The task of a run.
#[derive(Debug)]
pub(super) struct Task {
    /// The length of a sequence.
    pub seq_len: usize,
    /// The number of classes.
    pub n_classes: usize,
    /// The number of different tokens.
    pub n_tokens: usize,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Recall(Recall),
    Lines { card: Box<Card>, lines: Lines, train: Vec<usize>, test: Vec<usize> },
}

/// The random draws of training batches.
#[derive(Debug)]
pub(super) enum Draws {
    Recall(ChaCha12Rng),
    Lines(Batches),
}

/// The sequences of the traces, on a device.
pub(super) struct Shown {
    /// One-hot tokens, `[seq_len, n, n_tokens]`.
    pub x: Tensor<3>,
    /// The tokens of the first one.
    pub tokens: Vec<u8>,
}

impl Task {
    /// Loads the task of the settings.
    ///
    /// # Errors
    /// Fails if the user's lines are missing or cannot be read.
    pub(super) async fn load(config: &Config, ctx: &mut impl RunContext<Rnn>) -> Result<Self, LabError> {
        if config.task == TaskChoice::Recall {
            let recall = nets::task(config);
            let (seq_len, n_classes, n_tokens) = (recall.seq_len, recall.n_classes, recall.n_tokens());
            return Ok(Self { seq_len, n_classes, n_tokens, source: Source::Recall(recall) });
        }
        let (card, lines) = Lines::open(&own::load(&config.data, "set of lines", ctx).await?)?;
        let [train, test] = lines.split(config.seed.into());
        if train.is_empty() || test.is_empty() {
            return Err(LabError::Data(
                "Each class needs at least two lines, so that one can be held out.".to_owned(),
            ));
        }
        let (seq_len, n_classes, n_tokens) = (lines.seq_len, lines.n_classes, lines.n_characters);
        Ok(Self {
            seq_len,
            n_classes,
            n_tokens,
            source: Source::Lines { card: Box::new(card), lines, train, test },
        })
    }

    /// Returns the random draws of a run, which are the same for both networks.
    pub(super) fn draws(&self, config: &Config) -> Draws {
        match &self.source {
            Source::Recall(_) => Draws::Recall(stream(config.seed.into(), 0)),
            Source::Lines { train, .. } => {
                Draws::Lines(Batches::new(train.len(), config.batch_size as usize, config.seed.into()))
            }
        }
    }

    /// Returns the next batch. A batch of lines has at most all lines.
    pub(super) fn draw(&self, config: &Config, draws: &mut Draws) -> Sequences {
        match (&self.source, draws) {
            (Source::Recall(recall), Draws::Recall(rng)) => recall.draw(config.batch_size as usize, rng),
            (Source::Lines { lines, train, .. }, Draws::Lines(batches)) => {
                let chosen = batches.next_batch().iter().filter_map(|at| train.get(*at).copied());
                sequences(lines, &chosen.collect::<Vec<_>>())
            }
            // Draws belong to the task that returned them.
            _ => Sequences { tokens: Vec::new(), labels: Vec::new() },
        }
    }

    /// Returns the held-out sequences.
    pub(super) fn held_out(&self, config: &Config) -> Sequences {
        match &self.source {
            Source::Recall(recall) => recall.draw(N_HELD_OUT, &mut stream(config.seed.into(), 1)),
            Source::Lines { lines, test, .. } => sequences(lines, first(test, N_HELD_OUT)),
        }
    }

    /// Returns sequences that are trained on, to be measured like held-out ones. In the task of recall no sequence occurs twice,
    /// so there are none.
    pub(super) fn trained_on(&self) -> Option<Sequences> {
        match &self.source {
            Source::Recall(_) => None,
            Source::Lines { lines, train, .. } => Some(sequences(lines, first(train, N_HELD_OUT))),
        }
    }

    /// Returns the sequences of the traces: one that is neither in the batches nor in the evaluation, or held-out lines.
    pub(super) fn shown(&self, config: &Config, device: &Device) -> Shown {
        let sequences = match &self.source {
            Source::Recall(recall) => recall.draw(1, &mut stream(config.seed.into(), 2)),
            Source::Lines { lines, test, .. } => sequences(lines, first(test, N_SHOWN)),
        };
        let n = sequences.labels.len().max(1);
        let tokens = sequences.tokens.iter().step_by(n).copied().collect();
        Shown { x: self.inputs(&sequences).tensor(device), tokens }
    }

    /// Returns `n` sequences with at most `max_len` tokens, to compare two implementations.
    pub(super) fn compared(&self, config: &Config, n: usize, max_len: usize) -> Sequences {
        let seq_len = self.seq_len.min(max_len);
        match &self.source {
            Source::Recall(recall) => {
                let recall = Recall { seq_len, ..*recall };
                recall.draw(n, &mut stream(config.seed.into(), 3))
            }
            Source::Lines { lines, train, .. } => {
                let all = sequences(lines, first(train, n));
                // The end of a line is never padding.
                let start = (self.seq_len - seq_len) * all.labels.len();
                let tokens = all.tokens.get(start..).unwrap_or_default().to_vec();
                Sequences { tokens, labels: all.labels }
            }
        }
    }

    /// Returns one-hot tokens, `[seq_len, n, n_tokens]`. The sequences may be shorter than those of the task.
    pub(super) fn inputs(&self, sequences: &Sequences) -> Input {
        let rows = one_hot_rows(sequences.tokens.iter().copied(), self.n_tokens);
        let n = sequences.labels.len();
        Input::new(rows, [sequences.tokens.len() / n.max(1), n, self.n_tokens]).with_samples_on(1)
    }

    /// Describes lines for the page; `None` for the task of recall.
    pub(super) fn describe(&self) -> Option<LineSet> {
        let Source::Lines { card, lines, train, test } = &self.source else { return None };
        let Content::Lines { characters, classes, .. } = &card.content else { return None };
        let label = |n: &usize| lines.labels.get(*n).copied().unwrap_or_default();
        let count = |part: &[usize]| {
            let of = |class: usize| part.iter().filter(|n| usize::from(label(n)) == class).count() as u32;
            (0..self.n_classes).map(of).collect()
        };
        Some(LineSet {
            title: card.title.clone(),
            characters: characters.clone(),
            classes: classes.clone(),
            train: count(train),
            test: count(test),
            shown: first(test, N_SHOWN).iter().map(|n| (lines.line(*n).to_vec(), label(n))).collect(),
        })
    }
}

fn first(items: &[usize], n: usize) -> &[usize] {
    items.get(..n).unwrap_or(items)
}

/// Returns some lines as sequences, whose tokens are in the order of positions.
fn sequences(lines: &Lines, chosen: &[usize]) -> Sequences {
    let label = |n: &usize| lines.labels.get(*n).copied().unwrap_or_default();
    let at = |t: usize| chosen.iter().filter_map(move |n| lines.line(*n).get(t).copied());
    Sequences {
        tokens: (0..lines.seq_len).flat_map(at).collect(),
        labels: chosen.iter().map(label).collect(),
    }
}
