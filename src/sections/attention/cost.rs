//! The cost of a layer: multiplications in closed form, and the time of a forward pass at growing lengths.

#[cfg(feature = "compute")]
use super::{Attention, COST_LENGTHS, Config, Cost, CostPoint, head_dim};
#[cfg(feature = "compute")]
use crate::core::LabError;
#[cfg(feature = "compute")]
use crate::models::attention::{MultiHeadAttention, merge_heads, scaled_dot_product_attention};
#[cfg(feature = "compute")]
use crate::models::weights::WeightRng;
#[cfg(feature = "compute")]
use crate::run::{RunContext, training::read};
#[cfg(feature = "compute")]
use burn::tensor::{Device, Tensor};

/// The multiplications of a layer for one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplications {
    /// The four projections: `4 n d²`.
    pub project: u64,
    /// Scores and weighted sums, of all heads together: `2 n² d`.
    pub attend: u64,
}

impl Multiplications {
    /// Returns the multiplications for `n` tokens of `d_model` dimensions. The number of heads does not matter,
    /// because their dimensions add up to `d_model`.
    pub fn of(n: u32, d_model: u32) -> Self {
        let (n, d) = (u64::from(n), u64::from(d_model));
        Self { project: 4 * n * d * d, attend: 2 * n * n * d }
    }
}

/// Returns the length from which on scores and sums cost more than the projections: `2 d`.
pub fn break_even(d_model: u32) -> u32 {
    2 * d_model
}

/// A round is repeated until it has taken this long, in milliseconds, because a browser's clock is coarse.
#[cfg(feature = "compute")]
const MIN_MS: f64 = 2.0;
#[cfg(feature = "compute")]
const MAX_REPEATS: u32 = 32;
/// The number of rounds, of which the fastest counts: other programs can only make one slower.
#[cfg(feature = "compute")]
const ROUNDS: usize = 3;

/// Times a random layer without a mask, with the heads of the settings or with one if they do not divide the model
/// dimension.
#[cfg(feature = "compute")]
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
#[cfg(feature = "compute")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_cost_the_same_at_twice_the_dimension() {
        for d in [2, 32, 128] {
            let Multiplications { project, attend } = Multiplications::of(break_even(d), d);
            assert_eq!(project, attend);
            let longer = Multiplications::of(2 * break_even(d), d);
            assert_eq!((longer.project, longer.attend), (2 * project, 4 * attend));
        }
    }
}
