//! The text of a run: loading and description.

use super::{Config, TextChoice, TextInfo, Transformer};
use crate::core::LabError;
use crate::data::own::{self, texts};
use crate::data::text::{self, Corpus, OwnText};
use crate::run::RunContext;

/// The path of the user's own text in browsers that an earlier version stored it in. Links without a name of a text still read
/// it.
pub const OWN_PATH: &str = "user/text/own.txt";

/// Loads the text of the settings.
///
/// # Errors
/// Fails if the text is missing or cannot be read.
pub async fn load(config: &Config, ctx: &mut impl RunContext<Transformer>) -> Result<Corpus, LabError> {
    match config.text {
        TextChoice::Shakespeare => Ok(Corpus::new(&text::read_plays(&ctx.asset(text::PATH).await?)?)),
        TextChoice::Own if config.data.is_empty() => {
            let bytes = ctx.asset(OWN_PATH).await.map_err(|_| {
                LabError::NoData(
                    "Add a text first: open files in the chapter “Your text”, or paste one.".to_owned(),
                )
            })?;
            let OwnText { text, remark } = text::read_own(&bytes)?;
            Ok(Corpus { remark, ..Corpus::new(&text) })
        }
        TextChoice::Own => {
            let (card, text) = texts::open(&own::load(&config.data, "text", ctx).await?)?;
            // The numbers of rare characters are in the description.
            let remarks: Vec<&str> = card
                .remarks
                .iter()
                .map(String::as_str)
                .filter(|remark| !remark.contains("rare kinds"))
                .collect();
            let remark = Some(remarks.join(" ")).filter(|remark| !remark.is_empty());
            Ok(Corpus { remark, ..Corpus::new(&text) })
        }
    }
}

/// Returns how often each of `n` characters occurs.
fn counts(corpus: &Corpus, n: usize) -> Vec<u32> {
    let mut counts = vec![0u32; n];
    for id in corpus.train.iter().chain(&corpus.validation) {
        if let Some(count) = counts.get_mut(usize::from(*id)) {
            *count = count.saturating_add(1);
        }
    }
    counts
}

/// Describes a text for the page.
pub(super) fn describe(config: &Config, corpus: &Corpus) -> TextInfo {
    let baselines = corpus.baselines(config.context as usize);
    let first = corpus.train.get(..corpus.train.len().min(400)).unwrap_or_default();
    TextInfo {
        name: match config.text {
            TextChoice::Shakespeare => "Shakespeare, nine plays".to_owned(),
            TextChoice::Own => "Your own text".to_owned(),
        },
        train: corpus.train.len() as u32,
        validation: corpus.validation.len() as u32,
        predicted: baselines.predicted as u32,
        vocabulary: corpus.vocabulary.chars().to_vec(),
        counts: counts(corpus, corpus.vocabulary.len()),
        folded: (corpus.folded.0 as u32, corpus.folded.1 as u32),
        first_lines: corpus.vocabulary.decode(first),
        uniform: baselines.uniform,
        unigram: baselines.unigram,
        bigram: baselines.bigram,
        first_block: None,
        order_unknown: None,
        remark: corpus.remark.clone(),
    }
}
