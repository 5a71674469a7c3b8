//! Measurements that need no training: parameters, shapes, and the gradient through untrained networks.

use super::answers::{answers, sample_batches, samples};
use super::nets::{load, norm, plan};
use super::paths::{Watch, Watched};
use super::shortcut_check::shortcut_check;
use super::{Config, DEPTHS, Dataset, DepthFlow, Flow, Frame, NetFlow, ResNet, Samples, Structure};
use crate::core::{LabError, Progress};
use crate::data::dataset::{Cifar10Files, PictureShape};
use crate::models::resnet::{PathPosition, ResNet as Net};
use crate::models::weights::count_params;
use crate::run::training::{cross_entropy, one_hot, read_groups};
use crate::run::{Directive, Probe, RunContext};
use burn::tensor::{Device, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use std::rc::Rc;

/// The number of images in the batch for the untrained networks; few, to keep deep networks fast.
const BATCH: usize = 8;

impl Probe for ResNet {
    async fn probe(config: Config, device: &Device, ctx: &mut impl RunContext<Self>) -> Result<(), LabError> {
        ctx.send(Frame::Structure(Rc::new(structure(&config, device))));
        // Networks per batch norm, and three other measurements.
        let steps = 2 * config.n_seeds + 3;
        let mut step = 1;
        if ctx.step_done(Progress { step, steps }).await == Directive::Stop {
            return Ok(());
        }
        // Everything else is measured even if there are no images.
        let mut loaded = Ok(());
        // The other setting of batch norm is measured, too, so that the page can compare claims about both.
        for chosen in [true, false] {
            let batch_norm = config.batch_norm == chosen;
            let mut flow = Flow { batch_norm, ..Flow::default() };
            for index in 0..config.n_seeds {
                let seed = u64::from(config.seed) + u64::from(index);
                let autodiff = device.clone().autodiff();
                let [plain, residual] = flows(&config, batch_norm, seed, &autodiff).await?;
                flow.plain.push(plain);
                flow.residual.push(residual);
                ctx.send(Frame::Flow { chosen, flow: Rc::new(flow.clone()) });
                step += 1;
                if ctx.step_done(Progress { step, steps }).await == Directive::Stop {
                    return Ok(());
                }
            }
            if chosen {
                // The networks of the settings are measured first, because the page shows them.
                let (frames, result) = others(&config, device, ctx).await?;
                for frame in frames {
                    ctx.send(frame);
                }
                loaded = result;
                step += 2;
                if ctx.step_done(Progress { step, steps }).await == Directive::Stop {
                    return Ok(());
                }
            }
        }
        loaded
    }
}

/// Measures the shortcut, the sample images and the networks of the prepared sweep. The second value tells whether there are
/// images.
async fn others(
    config: &Config,
    device: &Device,
    ctx: &mut impl RunContext<ResNet>,
) -> Result<(Vec<Frame>, Result<(), LabError>), LabError> {
    let (mut frames, mut loaded) = (Vec::new(), Ok(()));
    let autodiff = device.clone().autodiff();
    let (x, _) = noise(config, config.seed.into(), &autodiff);
    let net = Net::new(&plan(config, true, config.batch_norm), config.seed.into(), &autodiff);
    frames.extend(shortcut_check(&net, x).await?.map(|check| Frame::Shortcut(Rc::new(check))));
    // Without files there are no images. Training says so.
    if config.dataset != Dataset::Cifar10 || Cifar10Files::find(ctx).await?.is_complete() {
        match untrained_answers(config, &autodiff, ctx).await {
            Ok(samples) => frames.push(Frame::Samples(Rc::new(samples))),
            Err(error) => loaded = Err(error),
        }
    }
    let mut depths = Vec::new();
    for depth in DEPTHS {
        let config = Config::of_depth_sweep(depth);
        let nets = flows(&config, config.batch_norm, config.seed.into(), &autodiff).await?;
        depths.push(DepthFlow { depth, nets });
    }
    frames.push(Frame::Depths(Rc::new(depths)));
    Ok((frames, loaded))
}

/// Returns the sample images with the answers of both untrained networks. Batch norm has no running statistics
/// yet, so it uses those of the sample images.
async fn untrained_answers(
    config: &Config,
    autodiff: &Device,
    ctx: &mut impl RunContext<ResNet>,
) -> Result<Samples, LabError> {
    let images = load(config, ctx).await?;
    let mut samples = samples(config, &images);
    let batches = sample_batches(config, &images, autodiff);
    for (arm, shortcuts) in [false, true].into_iter().enumerate() {
        let net = Net::new(&plan(config, shortcuts, config.batch_norm), config.seed.into(), autodiff);
        let found = [&mut samples.untrained, &mut samples.untrained_held_out];
        for (found, batch) in found.into_iter().zip(&batches) {
            let of_net = Rc::new(answers(&net, batch.clone()).await?);
            found.get_mut(arm).into_iter().for_each(|found| *found = of_net.clone());
        }
    }
    Ok(samples)
}

/// Returns one backward pass through the plain and through the residual network.
async fn flows(
    config: &Config,
    batch_norm: bool,
    seed: u64,
    autodiff: &Device,
) -> Result<[NetFlow; 2], LabError> {
    let (x, y) = noise(config, seed, autodiff);
    let tensors = |shortcuts: bool| {
        let net = Net::new(&plan(config, shortcuts, batch_norm), seed, autodiff);
        flow_tensors(&net, x.clone(), y.clone())
    };
    let ((plain, norms, values), (residual, norms_r, values_r)) = (tensors(false), tensors(true));
    let read = [norms, values, norms_r, values_r];
    let [norms, values, norms_r, values_r] = read_groups(read).await?;
    Ok([NetFlow::new(norms, plain.paths(0, &values)), NetFlow::new(norms_r, residual.paths(0, &values_r))])
}

/// Builds both networks, and follows one image of zeros through the residual one.
fn structure(config: &Config, device: &Device) -> Structure {
    let net = |shortcuts| Net::new(&plan(config, shortcuts, config.batch_norm), config.seed.into(), device);
    let (plain, residual) = (net(false), net(true));
    let side = config.side as usize;
    let shape = |[_, channels, height, width]: [usize; 4]| [channels as u32, height as u32, width as u32];
    let x = Tensor::zeros([1, config.picture_shape().channels as usize, side, side], device);
    let mut shapes = vec![shape(x.dims())];
    let logits = residual.forward_with(x, |_, position, h| {
        if position == PathPosition::Output {
            shapes.push(shape(h.dims()));
        }
        h
    });
    Structure {
        params_plain: count_params(&plain) as u32,
        params_residual: count_params(&residual) as u32,
        shapes,
        shortcuts: residual.blocks.iter().filter_map(|block| block.shortcut().map(Into::into)).collect(),
        n_classes: logits.dims()[1] as u32,
        block: Some(config.block),
    }
}

/// Returns the watched positions, the gradient norms of the first convolutions, and signal and gradient at
/// every position, `[1]` each.
fn flow_tensors(net: &Net, x: Tensor<4>, y: Tensor<2>) -> (Watched, Vec<Tensor<1>>, Vec<Tensor<1>>) {
    let mut watch = Watch::new(net);
    let logits = net.forward_with(x, |index, position, h| watch.at(index, position, h));
    let grads = cross_entropy(logits, y).backward();
    let norms = net.first_convs().filter_map(|weight| weight.val().grad(&grads).map(norm)).collect();
    let (watched, values) = watch.measured(&grads);
    (watched, norms, values)
}

/// Returns images of independent standard normal values, which resemble normalized images, and cyclic one-hot
/// labels.
fn noise(config: &Config, seed: u64, device: &Device) -> (Tensor<4>, Tensor<2>) {
    let PictureShape { channels, n_classes } = config.picture_shape();
    let (channels, n_classes, side) = (channels as usize, n_classes as usize, config.side as usize);
    let rng = ChaCha12Rng::seed_from_u64(seed ^ 0x0910_15e5);
    let n = BATCH * channels * side * side;
    let values: Vec<f32> = rng.sample_iter(StandardNormal).take(n).collect();
    let x = Tensor::from_data(TensorData::new(values, [BATCH, channels, side, side]), device);
    (x, one_hot((0..BATCH).map(|i| (i % n_classes.max(1)) as u8), n_classes, device))
}
