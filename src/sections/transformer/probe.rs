//! Measurements that need no training: the text, the positions, the model before training, and the duration of a step.

use super::checks::step_flops;
use super::model::Model;
use super::positions::{rotation, shown_positions};
use super::source::Source;
use super::{Config, Frame, PositionTable, Request, Transformer, Untrained, predict, writing};
use crate::core::{LabError, Progress};
use crate::models::transformer::sinusoidal_table;
use crate::models::weights::count_params;
use crate::run::graph_capture::FIRST_REPLAYED;
use crate::run::training::{read, read_all};
use crate::run::{Directive, Probe, RunContext};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use nn_lab_kernels::{is_cpu, on_cpu};
use std::rc::Rc;

/// The number of parts of the probe. It may be stopped between them, so that newer settings need not wait.
const PARTS: u32 = 4;

impl Probe for Transformer {
    async fn probe(config: Config, device: &Device, ctx: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let source = Source::load_described(&config, ctx).await;
        if let Ok((info, _)) = &source {
            ctx.send(Frame::Text(Rc::new(info.clone())));
        }
        if ctx.step_done(Progress { step: 1, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        ctx.send(Frame::Positions(Rc::new(position_table(&config, device).await?)));
        if ctx.step_done(Progress { step: 2, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        // A missing text is an error only here, since the figures above do not need one.
        let (_, mut source) = source?;
        let model = Model::new(&config, source.vocabulary.len(), device);
        ctx.send(Frame::Counted(count_params(model.net()) as u64));
        answer(&model, &source, ctx).await?;
        let untrained = untrained(&model, &source, &config, device, ctx).await?;
        ctx.send(Frame::Untrained(Rc::new(untrained)));
        answer(&model, &source, ctx).await?;
        if ctx.step_done(Progress { step: 3, steps: PARTS }).await == Directive::Stop {
            return Ok(());
        }
        // The first step on a GPU compiles its shaders, so its duration is not representative; the run measures there.
        if is_cpu(device)
            && let Some(ms) = step_time(&config, &mut source, device, ctx).await?
        {
            ctx.send(Frame::StepTime(ms));
        }
        answer(&model, &source, ctx).await?;
        // Until the settings change, the model before training predicts what the user types.
        while ctx.idle().await == Directive::Request {
            answer(&model, &source, ctx).await?;
        }
        Ok(())
    }
}

/// Measures the model before training: its heads, a sample, and its residual stream.
async fn untrained(
    model: &Model,
    source: &Source,
    config: &Config,
    device: &Device,
    ctx: &mut impl RunContext<Transformer>,
) -> Result<Untrained, LabError> {
    let (ids, period) = &source.window;
    let window: Vec<char> = ids.iter().map(|&id| source.vocabulary.char(id)).collect();
    let heads = Rc::new(model.inspect(ids, &window).await?);
    let stream = model.stream(ids).await?;
    let sample = predict::sample(model, source, config, device, ctx).await?.map(Rc::new);
    Ok(Untrained { window, period: *period as u32, heads, sample, stream })
}

/// Answers pending requests to predict the next character and to write. Others need a run, and are dropped.
async fn answer(
    model: &Model,
    source: &Source,
    ctx: &mut impl RunContext<Transformer>,
) -> Result<(), LabError> {
    while let Some(request) = ctx.request() {
        match postcard::from_bytes(&request) {
            Ok(Request::Next(request)) => {
                if let Some(next) = predict::next(model, source, request).await? {
                    ctx.send(Frame::UntrainedNext(Rc::new(next)));
                }
            }
            Ok(Request::Write(request)) => {
                let net = model.net().valid();
                let device = net.embedding.val().device();
                let show = |part| Some(Frame::UntrainedWritten(Rc::new(part)));
                writing::write(&net, &source.vocabulary, &request, false, &device, ctx, show).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Computes the table of sinusoidal positions on the device, and measures it.
async fn position_table(config: &Config, device: &Device) -> Result<PositionTable, LabError> {
    let (t, d) = (config.context as usize, config.d_model as usize);
    let table = sinusoidal_table(t, d, device);
    let products = table.clone().matmul(table.clone().transpose());
    // The shift must leave positions to compare with.
    let k = (t / 4).clamp(1, 16);
    let turn = Tensor::from_data(TensorData::new(rotation(k as u32, d as u32), [d, d]), device);
    let turned = table.clone().matmul(turn).slice([0..t - k, 0..d]);
    let off = (turned - table.clone().slice([k..t, 0..d])).abs().max();
    let values = read_all(vec![table.reshape([t * d]), products.reshape([t * t]), off.reshape([1])]).await?;
    let (values, rest) = values.split_at(t * d);
    let (products, off) = rest.split_at(t * t);
    let at = |p: usize, k: usize| products.get(p * t + p + k).copied();
    let mut max: f64 = 0.0;
    for k in 0..t {
        let along: Vec<f64> = (0..t - k).filter_map(|p| at(p, k)).map(f64::from).collect();
        let mean = along.iter().sum::<f64>() / along.len().max(1) as f64;
        max = along.iter().fold(max, |max, value| {
            // `f64::max` would ignore a NaN, and the check would confirm a broken table.
            let deviation = (value - mean).abs();
            if max.is_nan() || deviation.is_nan() { f64::NAN } else { max.max(deviation) }
        });
    }
    Ok(PositionTable {
        context: config.context,
        d_model: config.d_model,
        values: values.to_vec(),
        products: shown_positions(config.context)
            .map(|p| (0..t - p as usize).filter_map(|k| at(p as usize, k)).collect())
            .to_vec(),
        shift_max_dev: max,
        rotation: (k as u32, f64::from(off.first().copied().unwrap_or(f32::NAN))),
    })
}

/// Estimates the duration of a step from steps of a single layer with one and with two windows: a fixed cost per layer, and a
/// cost per window. Returns `None` if the page no longer listens.
async fn step_time(
    config: &Config,
    source: &mut Source,
    device: &Device,
    ctx: &mut impl RunContext<Transformer>,
) -> Result<Option<f64>, LabError> {
    let vocabulary = source.vocabulary.len();
    let mut times = [f64::INFINITY; 2];
    for (windows, best) in (1..).zip(&mut times) {
        let small = Config { layers: 1, batch_size: windows, dropout: 0.0, ..config.clone() };
        let mut state = Model::new(&small, vocabulary, device);
        let ids = source.next_of(windows as usize);
        // On a GPU the first steps are not replayed from a captured graph.
        let tries = if on_cpu(&state.net().embedding.val()) { 4 } else { FIRST_REPLAYED + 3 };
        for _ in 0..tries {
            let start = ctx.now_ms();
            state.descend(&small, &ids, source.len()).await?;
            read(Tensor::cat(state.state_mut().take_losses(), 0)).await?;
            *best = best.min(ctx.now_ms() - start);
            if ctx.yield_now().await == Directive::Stop {
                return Ok(None);
            }
        }
    }
    let [one, two] = times;
    // With a coarse clock or other load, a second window may appear to be free.
    let window = (two - one).max(0.1 * one);
    let layers = f64::from(config.layers);
    let v = vocabulary as u64;
    let share = |layers| {
        step_flops(&Config { layers, ..config.clone() }, v)
            / step_flops(&Config { layers: 1, ..config.clone() }, v)
    };
    let all = layers * (one - window).max(0.0) + f64::from(config.batch_size) * window * share(config.layers);
    Ok(Some(all))
}
