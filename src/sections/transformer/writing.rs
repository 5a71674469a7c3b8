//! Writing one character at a time, each sampled from the model's prediction.

use super::model::{all_ids, ids, one_hot};
use super::next::by_score;
use super::{Transformer, WriteRequest, Written, WrittenChar};
use crate::core::LabError;
use crate::data::text::Vocabulary;
use crate::models::transformer::{Cache, Transformer as Net};
use crate::run::training::read;
use crate::run::{Directive, RunContext};
use burn::tensor::{Device, Tensor};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};

/// The number of reported alternatives per character.
const N_REPORTED: usize = 10;

/// Writes a text. `show` gets the new part whenever a frame is due. Writing stops early if the run is stopped or a newer request
/// arrives. With `of_run`, a sample of the run itself, requests wait until it is complete.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn write(
    net: &Net,
    vocabulary: &Vocabulary,
    request: &WriteRequest,
    of_run: bool,
    device: &Device,
    ctx: &mut impl RunContext<Transformer>,
    mut show: impl FnMut(Written) -> Option<super::Frame>,
) -> Result<(), LabError> {
    let mut writer = Writer::new(net, vocabulary, &request.prompt, device);
    let mut rng = ChaCha12Rng::seed_from_u64(u64::from(request.seed) ^ 0x3a17_5eed);
    let mut part = Written { prompt: Some(request.prompt.clone()), ..Written::default() };
    for _ in 0..request.count {
        let logits = writer.next_logits().await?;
        let id = draw(&logits, request.temperature, request.top_k as usize, &mut rng);
        part.chars.push(WrittenChar { char: vocabulary.char(id), likeliest: likeliest(&logits, vocabulary) });
        writer.push(id);
        match ctx.yield_now().await {
            Directive::Continue => {}
            Directive::Frame => show(std::mem::take(&mut part)).into_iter().for_each(|frame| ctx.send(frame)),
            Directive::Request if of_run => {}
            Directive::Stop | Directive::Request => break,
        }
    }
    part.done = true;
    show(part).into_iter().for_each(|frame| ctx.send(frame));
    Ok(())
}

/// A model, and the text that it has read and written.
#[allow(missing_debug_implementations, reason = "it holds the network")]
pub struct Writer<'a> {
    net: &'a Net,
    /// All character ids, on the device.
    all_ids: Tensor<3>,
    cache: Cache,
    /// All characters so far.
    text: Vec<u8>,
    /// The number of characters that are not in the cache yet.
    unread: usize,
}

impl<'a> Writer<'a> {
    /// Starts with a prompt. A prompt without known characters is replaced by a newline.
    pub fn new(net: &'a Net, vocabulary: &Vocabulary, prompt: &str, device: &Device) -> Self {
        let mut text = vocabulary.encode(prompt);
        if text.is_empty() {
            text.push(vocabulary.id('\n').unwrap_or(0));
        }
        let unread = text.len();
        let all_ids = all_ids(vocabulary.len(), device);
        Self { net, all_ids, cache: Cache::default(), text, unread }
    }

    /// Returns the logits of all characters for the next position.
    ///
    /// When the context is full, its older half is dropped. The rest is read again from position 0, since keys and values
    /// depend on their positions.
    ///
    /// # Errors
    /// Fails if the device cannot be read.
    pub async fn next_logits(&mut self) -> Result<Vec<f32>, LabError> {
        let context = self.net.context().max(1);
        if !self.net.is_causal() {
            // Every character changes what earlier positions attend to, so all are read again.
            self.cache = Cache::default();
            self.unread = self.text.len().min(context);
        } else if self.cache.len() + self.unread > context {
            self.cache = Cache::default();
            self.unread = self.text.len().min(context.div_ceil(2));
        }
        let n = self.unread.max(1);
        let recent = self.text.get(self.text.len() - n..).unwrap_or_default();
        let logits = self.net.forward_cached(
            one_hot(ids(recent, n).tensor(&self.all_ids.device()), &self.all_ids),
            &mut self.cache,
        );
        self.unread = 0;
        let [_, _, n_chars] = logits.dims();
        let last: Tensor<3> = logits.slice([0..1, n - 1..n, 0..n_chars]);
        read(last).await
    }

    /// Adds a character.
    pub fn push(&mut self, id: u8) {
        self.text.push(id);
        self.unread += 1;
    }
}

/// Samples one of the `top_k` most likely characters from `softmax(logits / temperature)`. At temperature 0, returns the most
/// likely one.
pub fn draw(logits: &[f32], temperature: f64, top_k: usize, rng: &mut ChaCha12Rng) -> u8 {
    let order = by_score(logits);
    let kept = order.get(..top_k.clamp(1, order.len().max(1))).unwrap_or(&order);
    let Some(&best) = kept.first() else { return 0 };
    let score = |id: usize| f64::from(logits.get(id).copied().unwrap_or(f32::NEG_INFINITY));
    let weights: Vec<f64> =
        kept.iter().map(|&id| ((score(id) - score(best)) / temperature.max(1e-6)).exp()).collect();
    let mut left = rng.random::<f64>() * weights.iter().sum::<f64>();
    for (&id, weight) in kept.iter().zip(&weights) {
        left -= weight;
        if left < 0.0 {
            return id as u8;
        }
    }
    best as u8
}

/// Returns the most likely characters with their probabilities.
fn likeliest(logits: &[f32], vocabulary: &Vocabulary) -> Vec<(char, f32)> {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|l| (l - highest).exp()).sum();
    let reported = by_score(logits).into_iter().take(N_REPORTED);
    reported
        .filter_map(|id| Some((vocabulary.char(id as u8), (logits.get(id)? - highest).exp() / sum)))
        .collect()
}
