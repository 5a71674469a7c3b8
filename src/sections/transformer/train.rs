//! Trains the model, inspects it, and answers the requests of the page.

use super::checks::{saved_steps, validate_every};
use super::source::Source;
use super::{
    Ablation, Config, Frame, MaskChoice, Model, Request, TEMPERATURES, Transformer, files, memory_bytes,
    nanogpt, predict, writing,
};
use crate::core::LabError;
use crate::data::safetensors::NamedTensor;
use crate::run::arm::StepBatch;
use crate::run::driver::{Training, at_multiples};
use crate::run::train_state::AnyTrainState;
use crate::run::{Directive, RunContext, Train};
use burn::module::Module;
use burn::tensor::Device;
use std::rc::Rc;

impl Train for Transformer {
    type Training = TransformerTraining;

    fn adapt_names(tensors: Vec<NamedTensor>) -> Vec<NamedTensor> {
        nanogpt::adapt_names(tensors)
    }
}

/// The model in training.
#[allow(missing_debug_implementations, reason = "burn's gradients have none")]
pub struct TransformerTraining {
    config: Config,
    source: Source,
    device: Device,
    model: Model,
    window_chars: Vec<char>,
    /// The steps after which the heads are inspected and a sample is written.
    saved: Vec<u32>,
    /// The last of these steps.
    inspected: Option<u32>,
}

impl Training<Transformer> for TransformerTraining {
    /// Windows of a text, concatenated.
    type Batch = Vec<u8>;

    const HANDLES_REQUESTS: bool = true;

    /// Its steps are timed by the probe.
    const TIMES_STEPS: bool = false;

    async fn init(
        config: Config,
        _arm: usize,
        device: &Device,
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<Self, LabError> {
        let source = Source::load(&config, ctx).await?;
        let needed = memory_bytes(&config, source.vocabulary.len() as u64);
        if let Some(limit) = ctx.memory_limit().filter(|limit| needed > *limit) {
            return Err(LabError::Config(format!(
                "A run of these settings needs about {:.1} GB of memory, and a worker on the CPU has {:.1}. Choose a smaller batch, context or number of layers.",
                needed as f64 / 1e9,
                limit as f64 / 1e9
            )));
        }
        let (window, period) = &source.window;
        let window_chars: Vec<char> = window.iter().map(|&id| source.vocabulary.char(id)).collect();
        ctx.send(Frame::Window { chars: Rc::new(window_chars.clone()), period: *period as u32 });
        Ok(Self {
            model: Model::new(&config, source.vocabulary.len(), device),
            window_chars,
            saved: saved_steps(&config),
            inspected: None,
            device: device.clone(),
            source,
            config,
        })
    }

    fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    fn state_mut(&mut self) -> &mut dyn AnyTrainState {
        self.model.state_mut()
    }

    fn steps(&self) -> u32 {
        self.config.steps
    }

    fn draw(&mut self) -> Vec<u8> {
        self.source.next()
    }

    async fn step(&mut self, _step: u32, batch: Vec<u8>) -> Result<(), LabError> {
        self.model.descend(&self.config, &batch, self.source.len()).await
    }

    fn score_after(&self, step: u32) -> u32 {
        let next = at_multiples(step, validate_every(&self.config));
        self.saved.iter().copied().find(|saved| *saved > step).map_or(next, |saved| next.min(saved))
    }

    fn is_large_score(&self, step: u32) -> bool {
        self.saved.contains(&step)
    }

    async fn score(&mut self, step: u32, ctx: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        // A model from a file is inspected at once.
        let inspects = self.saved.contains(&step) || self.inspected.is_none();
        if inspects { self.inspect(ctx).await } else { self.validate(ctx).await }
    }

    async fn report(
        &mut self,
        steps: StepBatch,
        over: bool,
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<(), LabError> {
        ctx.send(Frame::Train(steps));
        if over && self.inspected != Some(self.model.step()) {
            self.inspect(ctx).await?;
        }
        Ok(())
    }

    async fn answer(
        &mut self,
        request: &[u8],
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<bool, LabError> {
        // A model from a file is inspected and used for writing, but not trained further.
        let Ok(request) = postcard::from_bytes(request) else { return Ok(true) };
        let trains = !matches!(request, Request::Load(_));
        self.respond(request, ctx).await?;
        Ok(trains)
    }

    fn on_restore(&mut self, _extra_state: &[u8]) {
        let step = self.model.step();
        self.inspected = self.saved.iter().copied().filter(|saved| *saved <= step).max().or(Some(0));
    }
}

impl TransformerTraining {
    async fn validate(&self, ctx: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        let Source { validation, validation_len, periods, .. } = &self.source;
        let loss = if periods.is_empty() {
            self.model.validate(validation, *validation_len, None, ctx).await?
        } else {
            let (loss, scores, copying) =
                self.model.validate_repeats(validation, periods, self.config.context as usize).await?;
            ctx.send(Frame::Induction { scores: Rc::new(scores), copying });
            loss
        };
        let step = self.model.step();
        ctx.send(Frame::Validated { step, loss });
        if self.config.mask == MaskChoice::None {
            let loss = self.model.last_loss(&self.source.last_windows, self.source.len(), ctx).await?;
            ctx.send(Frame::LastCharacter { step, loss });
        }
        Ok(())
    }

    /// Sends the validation loss, the attention of every head, and a sample.
    async fn inspect(&mut self, ctx: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        let step = self.model.step();
        self.inspected = Some(step);
        self.validate(ctx).await?;
        let snapshot = self.model.inspect(&self.source.window.0, &self.window_chars).await?;
        ctx.send(Frame::Heads(Rc::new(snapshot)));
        self.try_temperatures(ctx).await?;
        if let Some(sample) =
            predict::sample(&self.model, &self.source, &self.config, &self.device, ctx).await?
        {
            ctx.send(Frame::Sample(Rc::new(sample)));
        }
        Ok(())
    }

    /// Sends the loss at each of [`TEMPERATURES`], on the windows of one validation batch.
    async fn try_temperatures(&self, ctx: &mut impl RunContext<Transformer>) -> Result<(), LabError> {
        const AT_ONCE: usize = 2048;
        let Source { validation, validation_len, .. } = &self.source;
        let windows = (AT_ONCE / validation_len.max(&1)).max(1) * validation_len;
        let some = validation.get(..windows).unwrap_or(validation);
        let losses = self.model.losses_at(&TEMPERATURES, some, *validation_len).await?;
        ctx.send(Frame::Temperatures(losses));
        Ok(())
    }

    async fn respond(
        &mut self,
        request: Request,
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<(), LabError> {
        match request {
            Request::Write(request) => {
                let net = self.model.net().valid();
                let show = |part| Some(Frame::Written(Rc::new(part)));
                writing::write(&net, &self.source.vocabulary, &request, false, &self.device, ctx, show)
                    .await?;
            }
            Request::Next(request) => {
                if let Some(next) = predict::next(&self.model, &self.source, request).await? {
                    ctx.send(Frame::Next(Rc::new(next)));
                }
            }
            // Writing stops before a request is handled.
            Request::Cancel => {}
            Request::Ablate(off) => {
                let whole = self.loss_without(&[], ctx).await?;
                self.ablate(off, whole, ctx).await?;
            }
            Request::AblateEach => {
                let whole = self.loss_without(&[], ctx).await?;
                let (layers, heads) = (self.config.layers, self.config.heads);
                for head in (0..layers).flat_map(|layer| (0..heads).map(move |head| (layer, head))) {
                    self.ablate(vec![head], whole, ctx).await?;
                    // Dozens of measurements must not delay a newer request or the end of the run.
                    if matches!(ctx.yield_now().await, Directive::Stop | Directive::Request) {
                        break;
                    }
                }
            }
            Request::Save => {
                let file = files::save(&self.model, &self.config, &self.source.vocabulary).await?;
                ctx.send(Frame::Saved(Rc::new(file)));
            }
            Request::Load(bytes) => {
                let loaded = files::load(&mut self.model, &self.config, &self.source.vocabulary, &bytes);
                match loaded {
                    Ok(remarks) => {
                        ctx.send(Frame::Remarks(remarks));
                        ctx.send(Frame::Loaded(self.model.step()));
                    }
                    Err(error) => ctx.send(Frame::Refused(error.to_string())),
                }
            }
        }
        Ok(())
    }

    /// Sends the validation loss with these heads switched off; `whole` is the loss of the full model.
    async fn ablate(
        &self,
        off: Vec<(u32, u32)>,
        whole: f32,
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<(), LabError> {
        let loss = self.loss_without(&off, ctx).await?.into();
        ctx.send(Frame::Ablated(Ablation { off, loss, whole: whole.into() }));
        Ok(())
    }

    /// Returns the validation loss with these heads switched off.
    async fn loss_without(
        &self,
        off: &[(u32, u32)],
        ctx: &mut impl RunContext<Transformer>,
    ) -> Result<f32, LabError> {
        let Source { validation, validation_len, .. } = &self.source;
        self.model.validate(validation, *validation_len, Some(&predict::gates(&self.model, off)), ctx).await
    }
}
