//! The run: training, looking at it, and answering the visitor.

use super::checks::{sample_steps, validate_every};
use super::{Config, Frame, Learner, Request, Sample, Transformer, WriteRequest, files, text, writing};
use crate::core::{LabError, Progress};
use crate::data::text::{Corpus, Windows, fixed_windows, window_len};
use crate::run::training::{check_finite, read_all};
use crate::run::{RunContext, Tick, Train};
use burn::module::Module;
use burn::tensor::Device;
use std::rc::Rc;

/// Characters of the validation part that the loss is measured on: always the same ones.
const VALIDATED: usize = 8192;
/// A file larger than this is not kept by the page.
const MOST_KEPT_BYTES: u64 = 48_000_000;

impl Train for Transformer {
    async fn run(config: Config, device: &Device, out: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let corpus = text::load(&config, out).await?;
        let mut run = Run::new(config, corpus, device);
        out.send(Frame::Window(Rc::new(run.window_chars.clone())));

        // A run may be started with a file to go on from.
        let mut train = true;
        if let Some(request) = out.request().as_deref().and_then(decode) {
            train = !matches!(request, Request::Load(_));
            run.answer(request, out).await?;
        }
        run.look(out).await?;
        if train {
            run.train(out).await?;
        }
        while out.idle().await == Tick::Request {
            while let Some(request) = out.request() {
                if let Some(request) = decode(&request) {
                    run.answer(request, out).await?;
                }
            }
        }
        Ok(())
    }
}

fn decode(bytes: &[u8]) -> Option<Request> {
    postcard::from_bytes(bytes).ok()
}

struct Run<'a> {
    config: Config,
    corpus: Corpus,
    device: &'a Device,
    learner: Learner,
    windows: Windows,
    /// The windows that the loss is measured on, and how long each is.
    validation: (Vec<u8>, usize),
    /// The window whose attention is shown.
    window: Vec<u8>,
    window_chars: Vec<char>,
}

impl<'a> Run<'a> {
    fn new(config: Config, corpus: Corpus, device: &'a Device) -> Self {
        let context = config.context as usize;
        let len = window_len(&corpus.validation, context);
        let n = (VALIDATED / len.max(1)).max(1);
        // The last character of a window is only predicted; the map shows those that are looked at.
        let mut window = fixed_windows(&corpus.validation, 1, context);
        window.truncate(len.saturating_sub(1).max(1));
        Self {
            learner: Learner::new(&config, corpus.vocabulary.len(), device),
            windows: Windows::new(config.seed.into()),
            validation: (fixed_windows(&corpus.validation, n, context), len),
            window_chars: window.iter().map(|&id| corpus.vocabulary.char(id)).collect(),
            window,
            device,
            corpus,
            config,
        }
    }

    async fn train(&mut self, out: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        let steps = self.config.steps;
        let saved = sample_steps(steps);
        let every = validate_every(steps);
        let (batch, context) = (self.config.batch_size as usize, self.config.context as usize);
        let len = window_len(&self.corpus.train, context);
        // What a run that goes on has seen already is drawn and passed over.
        self.windows.skip(self.learner.step, &self.corpus.train, batch, context);
        while self.learner.step < steps {
            let ids = self.windows.next(&self.corpus.train, batch, context);
            self.learner.descend(&self.config, &ids, len);
            let step = self.learner.step;
            let last = step == steps;
            if saved.contains(&step) {
                self.drain(out).await?;
                self.look(out).await?;
            } else if step.is_multiple_of(every) {
                self.drain(out).await?;
                self.validate(out).await?;
            }
            if step.is_multiple_of(every) && !last {
                self.keep(out).await?;
            }
            let stop = loop {
                let tick = out.step_done(Progress { step, steps }).await;
                if let Some(changed) = out.update() {
                    self.config.learning_rate = changed.learning_rate;
                    self.config.dropout = changed.dropout;
                    self.config.sample_length = changed.sample_length;
                }
                match tick {
                    Tick::Continue => break false,
                    Tick::Frame => {
                        self.drain(out).await?;
                        break false;
                    }
                    Tick::Stop => break true,
                    Tick::Request => {
                        self.drain(out).await?;
                        while let Some(request) = out.request() {
                            if let Some(request) = decode(&request) {
                                self.answer(request, out).await?;
                            }
                        }
                    }
                }
            };
            if stop {
                self.drain(out).await?;
                if !saved.contains(&step) {
                    self.look(out).await?;
                }
                break;
            }
        }
        self.drain(out).await
    }

    /// Reads the losses since the last frame, and sends them.
    async fn drain(&mut self, out: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        let losses = read_all(self.learner.take_losses()).await?;
        if losses.is_empty() {
            return Ok(());
        }
        let first_step = self.learner.step + 1 - losses.len() as u32;
        check_finite(&losses, first_step, "transformer")?;
        out.send(Frame::Losses { first_step, losses });
        Ok(())
    }

    async fn validate(&self, out: &mut impl RunContext<Transformer>) -> Result<f32, LabError> {
        let (windows, len) = &self.validation;
        let loss = self.learner.validate(windows, *len, None, out).await?;
        out.send(Frame::Validated { step: self.learner.step, loss });
        Ok(loss)
    }

    /// What is kept of a saved step: the loss, a sample, and what every head does.
    async fn look(&self, out: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        let step = self.learner.step;
        self.validate(out).await?;
        let snapshot = self.learner.look(&self.window, &self.window_chars).await?;
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
            let net = self.learner.net.valid();
            let vocabulary = &self.corpus.vocabulary;
            writing::write(&net, vocabulary, &request, self.device, out, |part| {
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
            let file = files::save(&self.learner, &self.config, vocabulary, true).await?;
            out.send(Frame::Checkpoint { step: self.learner.step, file: Rc::new(file) });
        }
        Ok(())
    }

    async fn answer(
        &mut self,
        request: Request,
        out: &mut impl RunContext<Transformer>,
    ) -> Result<(), LabError> {
        match request {
            Request::Write(request) => {
                let net = self.learner.net.valid();
                let show = |part| Some(Frame::Written(Rc::new(part)));
                writing::write(&net, &self.corpus.vocabulary, &request, self.device, out, show).await?;
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
                let file = files::save(&self.learner, &self.config, &self.corpus.vocabulary, false).await?;
                out.send(Frame::Saved(Rc::new(file)));
            }
            Request::Load(bytes) | Request::Continue(bytes) => {
                let loaded = files::load(&mut self.learner, &self.config, &self.corpus.vocabulary, &bytes);
                out.send(match loaded {
                    Ok(()) => Frame::Loaded { step: self.learner.step },
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
        self.learner.validate(windows, *len, Some(&gates), out).await
    }
}
