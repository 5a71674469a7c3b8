//! Predictions and samples of a model, before, during and after training.

use super::model::Model;
use super::source::Source;
use super::{Config, NextRequest, NextToken, Sample, Transformer, WriteRequest, writing};
use crate::core::LabError;
use crate::run::RunContext;
use burn::module::Module;
use burn::tensor::Device;
use std::rc::Rc;

/// The temperature of samples.
const SAMPLE_TEMPERATURE: f64 = 0.8;

/// Returns the prediction after a text, with some heads switched off; `None` if the model knows none of its characters.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn next(
    model: &Model,
    source: &Source,
    request: NextRequest,
) -> Result<Option<NextToken>, LabError> {
    let mut ids = source.vocabulary.encode(&request.text);
    ids.drain(..ids.len().saturating_sub(model.sizes.context));
    if ids.is_empty() {
        return Ok(None);
    }
    let chars: Vec<char> = ids.iter().map(|&id| source.vocabulary.char(id)).collect();
    let gates = (!request.off.is_empty()).then(|| gates(model, &request.off));
    let (logits, whole, maps) = model.predict(&ids, &chars, gates.as_deref()).await?;
    Ok(Some(NextToken { request, chars, logits, whole, maps: Rc::new(maps) }))
}

/// Returns a factor per head: 0 if it is switched off, else 1.
pub(super) fn gates(model: &Model, off: &[(u32, u32)]) -> Vec<Vec<f32>> {
    let gate = |layer: usize, head: usize| {
        if off.contains(&(layer as u32, head as u32)) { 0.0 } else { 1.0 }
    };
    let (layers, heads) = (model.sizes.n_layers, model.sizes.n_heads);
    (0..layers).map(|layer| (0..heads).map(|head| gate(layer, head)).collect()).collect()
}

/// Returns a text that the model writes, or `None` if the settings want no samples. Requests wait until it is complete.
///
/// # Errors
/// Fails if the device cannot be read.
pub(super) async fn sample(
    model: &Model,
    source: &Source,
    config: &Config,
    device: &Device,
    ctx: &mut impl RunContext<Transformer>,
) -> Result<Option<Sample>, LabError> {
    if config.sample_length == 0 {
        return Ok(None);
    }
    let prompt = source.prompt();
    let request = WriteRequest {
        prompt: prompt.clone(),
        temperature: SAMPLE_TEMPERATURE,
        top_k: u32::MAX,
        seed: config.seed,
        count: config.sample_length,
    };
    let mut text = String::new();
    let net = model.net().valid();
    writing::write(&net, &source.vocabulary, &request, true, device, ctx, |part| {
        text.extend(part.chars.iter().map(|written| written.char));
        None
    })
    .await?;
    Ok(Some(Sample { step: model.step(), prompt, text }))
}
