//! The run: training, looking at it, and answering the visitor.

use super::checks::{sample_steps, validate_every};
use super::{
    Config, Frame, Request, Sample, TrainState, Transformer, WriteRequest, files, memory_bytes, text, writing,
};
use crate::core::LabError;
use crate::data::text::{Corpus, Windows, fixed_windows, window_len};
use crate::run::arm::StepBatch;
use crate::run::driver::Training;
use crate::run::{RunContext, Tick, Train};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::rc::Rc;

/// Characters of the validation part that the loss is measured on: always the same ones.
const VALIDATED: usize = 8192;
/// A file larger than this is not kept by the page.
const MOST_KEPT_BYTES: u64 = 48_000_000;

impl Train for Transformer {
    type Training = TransformerTraining;
}

/// The model in training, and all that it is judged with.
#[allow(missing_debug_implementations, reason = "burn's gradients have none")]
pub struct TransformerTraining {
    config: Config,
    corpus: Corpus,
    device: Device,
    model: TrainState,
    windows: Windows,
    /// The windows that the loss is measured on, and how long each is.
    validation: (Vec<u8>, usize),
    /// The window whose attention is shown.
    window: Vec<u8>,
    window_chars: Vec<char>,
    /// The steps after which the heads are looked at and a sample is written.
    saved: Vec<u32>,
    looked_at: Option<u32>,
    begun: bool,
}

impl Training<Transformer> for TransformerTraining {
    const ANSWERS: bool = true;

    async fn begin(
        config: Config,
        _arm: usize,
        device: &Device,
        out: &mut impl RunContext<Transformer>,
    ) -> Result<Self, LabError> {
        let corpus = text::load(&config, out).await?;
        let needed = memory_bytes(&config, corpus.vocabulary.len() as u64);
        if let Some(limit) = out.memory_limit().filter(|limit| needed > *limit) {
            return Err(LabError::Config(format!(
                "A run of these settings needs about {:.1} GB of memory, and a worker on the CPU has {:.1}. Choose a smaller batch, context or number of layers.",
                needed as f64 / 1e9,
                limit as f64 / 1e9
            )));
        }
        let context = config.context as usize;
        let len = window_len(&corpus.validation, context);
        let n = (VALIDATED / len.max(1)).max(1);
        // The last character of a window is only predicted; the map shows those that are looked at.
        let mut window = fixed_windows(&corpus.validation, 1, context);
        window.truncate(len.saturating_sub(1).max(1));
        let window_chars: Vec<char> = window.iter().map(|&id| corpus.vocabulary.char(id)).collect();
        out.send(Frame::Window(Rc::new(window_chars.clone())));
        Ok(Self {
            model: TrainState::new(&config, corpus.vocabulary.len(), device),
            windows: Windows::new(config.seed.into()),
            validation: (fixed_windows(&corpus.validation, n, context), len),
            window,
            window_chars,
            saved: sample_steps(config.steps),
            looked_at: None,
            begun: false,
            device: device.clone(),
            corpus,
            config,
        })
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn steps_done(&self) -> u32 {
        self.model.step
    }

    fn step(&mut self, step: u32) -> Result<(), LabError> {
        let (batch, context) = (self.config.batch_size as usize, self.config.context as usize);
        if !std::mem::replace(&mut self.begun, true) {
            // What a run that goes on has seen already is drawn and passed over.
            self.windows.skip(step - 1, &self.corpus.train, batch, context);
        }
        let ids = self.windows.next(&self.corpus.train, batch, context);
        self.model.descend(&self.config, &ids, window_len(&self.corpus.train, context));
        Ok(())
    }

    fn take_losses(&mut self) -> Vec<Tensor<1>> {
        self.model.take_losses()
    }

    fn last_changed(&self) -> Option<Tensor<1>> {
        // Its steps are timed by the probe.
        None
    }

    fn update(&mut self, config: Config) {
        self.config.learning_rate = config.learning_rate;
        self.config.dropout = config.dropout;
        self.config.sample_length = config.sample_length;
    }

    fn is_due(&self, step: u32) -> bool {
        step == 0 || self.saved.contains(&step) || step.is_multiple_of(validate_every(self.config.steps))
    }

    async fn score(&mut self, step: u32, out: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        // A run that goes on from a file shows at once what the file holds.
        let looks = self.saved.contains(&step) || self.looked_at.is_none();
        if looks {
            self.look(out).await?;
        } else {
            self.validate(out).await?;
        }
        let keeps =
            step > 0 && step < self.config.steps && step.is_multiple_of(validate_every(self.config.steps));
        if keeps { self.keep(out).await } else { Ok(()) }
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        out: &mut impl RunContext<Transformer>,
    ) -> Result<(), LabError> {
        out.send(Frame::Train(steps));
        if over && self.looked_at != Some(self.model.step) {
            self.look(out).await?;
        }
        Ok(())
    }

    async fn answer(
        &mut self,
        request: &[u8],
        out: &mut impl RunContext<Transformer>,
    ) -> Result<bool, LabError> {
        // A file that is opened is looked at and written with, not trained further.
        let Ok(request) = postcard::from_bytes(request) else { return Ok(true) };
        let trains = !matches!(request, Request::Load(_));
        self.respond(request, out).await?;
        Ok(trains)
    }
}

impl TransformerTraining {
    async fn validate(&self, out: &mut impl RunContext<Transformer>) -> Result<f32, LabError> {
        let (windows, len) = &self.validation;
        let loss = self.model.validate(windows, *len, None, out).await?;
        out.send(Frame::Validated { step: self.model.step, loss });
        Ok(loss)
    }

    /// What is kept of a saved step: the loss, a sample, and what every head does.
    async fn look(&mut self, out: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        let step = self.model.step;
        self.looked_at = Some(step);
        self.validate(out).await?;
        let snapshot = self.model.look(&self.window, &self.window_chars).await?;
        out.send(Frame::Heads(Rc::new(snapshot)));
        if self.config.sample_length > 0 {
            let request = WriteRequest {
                prompt: "\n".to_owned(),
                temperature: 0.8,
                top_k: u32::MAX,
                seed: self.config.seed,
                count: self.config.sample_length,
            };
            let mut text = String::new();
            let net = self.model.net.valid();
            let vocabulary = &self.corpus.vocabulary;
            writing::write(&net, vocabulary, &request, &self.device, out, |part| {
                text.extend(part.chars.iter().map(|written| written.char));
                part.done.then(|| Frame::Sample(Rc::new(Sample { step, text: std::mem::take(&mut text) })))
            })
            .await?;
        }
        Ok(())
    }

    /// Sends all that is needed to go on after the page has gone.
    async fn keep(&self, out: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        let vocabulary = &self.corpus.vocabulary;
        let params = super::param_count(&self.config, vocabulary.len() as u64).total();
        if 12 * params <= MOST_KEPT_BYTES {
            let file = files::save(&self.model, &self.config, vocabulary, true).await?;
            out.send(Frame::Checkpoint { step: self.model.step, file: Rc::new(file) });
        }
        Ok(())
    }

    async fn respond(
        &mut self,
        request: Request,
        out: &mut impl RunContext<Transformer>,
    ) -> Result<(), LabError> {
        match request {
            Request::Write(request) => {
                let net = self.model.net.valid();
                let show = |part| Some(Frame::Written(Rc::new(part)));
                writing::write(&net, &self.corpus.vocabulary, &request, &self.device, out, show).await?;
            }
            // What was being written has ended when this is read.
            Request::Cancel => {}
            Request::Ablate(off) => {
                let whole = self.loss_without(&[], out).await?;
                let loss = self.loss_without(&off, out).await?;
                out.send(Frame::Ablated { off, loss, whole });
            }
            Request::AblateEach => {
                let whole = self.loss_without(&[], out).await?;
                let (layers, heads) = (self.config.layers, self.config.heads);
                for head in (0..layers).flat_map(|layer| (0..heads).map(move |head| (layer, head))) {
                    let off = vec![head];
                    let loss = self.loss_without(&off, out).await?;
                    out.send(Frame::Ablated { off, loss, whole });
                    // A newer request, or the end, is not kept waiting by some fifty measurements.
                    if matches!(out.yield_now().await, Tick::Stop | Tick::Request) {
                        break;
                    }
                }
            }
            Request::Save => {
                let file = files::save(&self.model, &self.config, &self.corpus.vocabulary, false).await?;
                out.send(Frame::Saved(Rc::new(file)));
            }
            Request::Load(bytes) | Request::Continue(bytes) => {
                let loaded = files::load(&mut self.model, &self.config, &self.corpus.vocabulary, &bytes);
                out.send(match loaded {
                    Ok(()) => Frame::Loaded { step: self.model.step },
                    Err(why) => Frame::Refused(why),
                });
            }
        }
        Ok(())
    }

    /// The validation loss with these heads switched off.
    async fn loss_without(
        &self,
        off: &[(u32, u32)],
        out: &mut impl RunContext<Transformer>,
    ) -> Result<f32, LabError> {
        let gate = |layer: u32, head: u32| if off.contains(&(layer, head)) { 0.0 } else { 1.0 };
        let heads = self.config.heads;
        let gates: Vec<Vec<f32>> =
            (0..self.config.layers).map(|layer| (0..heads).map(|head| gate(layer, head)).collect()).collect();
        let (windows, len) = &self.validation;
        self.model.validate(windows, *len, Some(&gates), out).await
    }
}
