//! Measurements that need no training: the parameter count, and the collapse of a network without
//! non-linearity to a single layer.

use super::checks::probe_out;
use super::nets::{boundary, grid, net, snapshot};
use super::train::plane_samples;
use super::{
    BOUNDARY_SIDE, Collapse, Config, Dataset, Frame, LINEAR, LayerSpectra, MAP_SIDE, Mlp, NONLINEAR,
    Untrained, training_dims,
};
use crate::core::{LabError, Progress};
use crate::models::mlp::{Activation, Mlp as Net};
use crate::models::weights::count_params;
use crate::run::spectrum::{centered, spectrum};
use crate::run::training::read;
use crate::run::{Directive, Probe, RunContext};
use burn::tensor::{Device, Tensor, TensorData};
use chacha20::ChaCha12Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;
use std::rc::Rc;

impl Probe for Mlp {
    async fn probe(config: Config, device: &Device, ctx: &mut impl RunContext<Self>) -> Result<(), LabError> {
        let (d_in, d_out) = training_dims(config.dataset);
        let trained = [LINEAR, NONLINEAR].map(|arm| net(&config, arm, d_in as usize, d_out as usize, device));
        ctx.send(Frame::Counted(count_params(&trained[NONLINEAR]) as u32));
        ctx.send(Frame::Untrained(Rc::new(untrained(&config, &trained, device).await?)));

        let (rows, width) = (config.n_probe as usize, probe_out(&config) as usize);
        let [linear, nonlinear] =
            [LINEAR, NONLINEAR].map(|arm| net(&config, arm, config.d_in as usize, width, device));
        let x = gaussian_batch(rows, config.d_in as usize, config.seed, device);

        let linear_layers = linear.forward_layers(x.clone());
        let nonlinear_layers = nonlinear.forward_layers(x.clone());
        let steps = linear_layers.len() as u32;
        let mut collapse = Collapse::default();
        let mut output = Vec::new();
        for (step, (linear, nonlinear)) in linear_layers.into_iter().zip(nonlinear_layers).enumerate() {
            let [rows, cols] = linear.dims();
            output = read(linear).await?;
            let nonlinear = read(nonlinear).await?;
            collapse.layers.push(LayerSpectra {
                linear: spectrum(rows, cols, &output),
                nonlinear: spectrum(rows, cols, &nonlinear),
            });
            // A large spectrum takes a while, and a newer setting should not wait for it.
            if ctx.step_done(Progress { step: step as u32 + 1, steps }).await == Directive::Stop {
                return Ok(());
            }
        }
        collapse.linear_centered = spectrum(rows, width, &centered(rows, width, &output));

        if let Some((w, b)) = linear.collapsed() {
            let y = x.matmul(w);
            let y = read(match b {
                Some(b) => y + b,
                None => y,
            })
            .await?;
            let largest =
                |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, |max, v| max.max(v.abs()));
            collapse.max_abs_diff = largest(&mut y.iter().zip(&output).map(|(a, b)| a - b)).into();
            collapse.max_abs = largest(&mut output.iter().copied()).into();
            let layers = f64::from(steps);
            let terms = config.hidden_dims().into_iter().fold(config.d_in, u32::max);
            let terms = f64::from(terms);
            collapse.diff_tolerance = f64::from(f32::EPSILON) * collapse.max_abs * layers * terms.sqrt();
        }
        ctx.send(Frame::Collapse(Rc::new(collapse)));
        Ok(())
    }
}

/// Returns snapshots of both networks before training. The page requests them while a slider moves, so slow
/// maps are left to the run.
async fn untrained(config: &Config, nets: &[Net; 2], device: &Device) -> Result<Untrained, LabError> {
    const MAX_PARAMS: usize = 50_000;
    let is_plane = config.dataset != Dataset::FashionMnist;
    let has_maps = is_plane && nets.iter().all(|net| count_params(net) <= MAX_PARAMS);
    let (cells, plane) = (grid(MAP_SIDE, device), grid(BOUNDARY_SIDE, device));
    let mut untrained = Untrained::default();
    for (arm, net) in nets.iter().enumerate() {
        untrained.nets[arm] = Rc::new(snapshot(net, 0, has_maps.then_some(&cells)).await?);
        if has_maps {
            untrained.boundaries[arm] = Rc::new(boundary(net, &plane).await?);
        }
    }
    if is_plane {
        untrained.samples = Some(Rc::new(plane_samples(config)));
    }
    Ok(untrained)
}

/// Returns independent standard normal numbers, `[rows, cols]`.
fn gaussian_batch(rows: usize, cols: usize, seed: u32, device: &Device) -> Tensor<2> {
    let rng = ChaCha12Rng::seed_from_u64(u64::from(seed) ^ 0x9a55);
    let values: Vec<f32> = rng.sample_iter(StandardNormal).take(rows * cols).collect();
    Tensor::from_data(TensorData::new(values, [rows, cols]), device)
}

impl From<super::ActivationChoice> for Activation {
    fn from(choice: super::ActivationChoice) -> Self {
        match choice {
            super::ActivationChoice::Relu => Self::Relu,
            super::ActivationChoice::Gelu => Self::Gelu,
            super::ActivationChoice::Tanh => Self::Tanh,
            super::ActivationChoice::Sigmoid => Self::Sigmoid,
            super::ActivationChoice::Identity => Self::Identity,
        }
    }
}
