//! The text of a run: loading and description.

use super::{Config, TextChoice, TextInfo, Transformer};
use crate::core::LabError;
use crate::data::text::{self, Corpus, OwnText};
use crate::run::RunContext;

/// The path of the user's own text.
pub const OWN_PATH: &str = "user/text/own.txt";

/// Loads the text of the settings.
///
/// # Errors
/// Fails if the text is missing or cannot be read.
pub async fn load(config: &Config, ctx: &mut impl RunContext<Transformer>) -> Result<Corpus, LabError> {
    match config.text {
        TextChoice::Shakespeare => Ok(Corpus::new(&text::read_plays(&ctx.asset(text::PATH).await?)?)),
        TextChoice::Own => {
            let OwnText { text, remark } = text::read_own(&ctx.asset(OWN_PATH).await.map_err(|_| {
                LabError::Data("Add a text first: drop a file on the panel, or paste one.".to_owned())
            })?)?;
            Ok(Corpus { remark, ..Corpus::new(&text) })
        }
    }
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
