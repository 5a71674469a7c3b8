//! The time of the forward pass of a layer at growing lengths.

use super::{Attention, COST_LENGTHS, Config, Cost, CostPoint, head_dim};
use crate::core::LabError;
use crate::models::attention::{MultiHeadAttention, merge_heads, scaled_dot_product_attention};
use crate::models::weights::WeightRng;
use crate::run::{RunContext, training::read};
use burn::tensor::{Device, Tensor};

/// A round is repeated until it has taken this long, in milliseconds, because a browser's clock is coarse.
const MIN_MS: f64 = 2.0;
const MAX_REPEATS: u32 = 32;
/// The number of rounds, of which the fastest counts: other programs can only make one slower.
const ROUNDS: usize = 3;

/// Times a random layer without a mask, with the heads of the settings or with one if they do not divide the model
/// dimension.
pub(super) async fn cost(
    config: &Config,
    device: &Device,
    ctx: &mut impl RunContext<Attention>,
) -> Result<Cost, LabError> {
    let d_model = config.d_model as usize;
    let n_heads = head_dim(config).map_or(1, |_| config.n_heads as usize);
    let mut rng = WeightRng::new(config.seed.into());
    let Ok(layer) = MultiHeadAttention::new(d_model, n_heads, true, &mut rng, device) else {
        return Ok(Cost::default());
    };
    let mut points = Vec::with_capacity(COST_LENGTHS.len());
    for n in COST_LENGTHS {
        let x = Tensor::<3>::ones([1, n as usize, d_model], device);
        let heads = layer.project(x.clone());
        let project = || {
            let heads = layer.project(x.clone());
            let output = layer.output.forward(x.clone());
            (heads.q + heads.k + heads.v).sum() + output.sum()
        };
        let attend = || {
            let (q, k, v) = (heads.q.clone(), heads.k.clone(), heads.v.clone());
            merge_heads(scaled_dot_product_attention(q, k, v, None, layer.scale).output).sum()
        };
        let (project_ms, attend_ms) = (time(project, ctx).await?, time(attend, ctx).await?);
        points.push(CostPoint { n, project_ms, attend_ms });
    }
    Ok(Cost { d_model: config.d_model, points })
}

/// Returns the time of a computation in milliseconds. Its first run, which may prepare the device, is not timed.
async fn time(
    compute: impl Fn() -> Tensor<1>,
    ctx: &mut impl RunContext<Attention>,
) -> Result<f64, LabError> {
    read(compute()).await?;
    let mut fastest = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (started, mut passed, mut repeats) = (ctx.now_ms(), 0.0, 0);
        while passed < MIN_MS && repeats < MAX_REPEATS {
            // On a GPU, work is queued until a result is read.
            read(compute()).await?;
            (passed, repeats) = (ctx.now_ms() - started, repeats + 1);
        }
        fastest = fastest.min(passed / f64::from(repeats));
    }
    Ok(fastest)
}
