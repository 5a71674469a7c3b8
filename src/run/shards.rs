//! One network on several workers, each of which computes the gradients of some shards of every batch.
//!
//! A batch is split into shards of consecutive samples. Their number is a property of the run, and their
//! gradients are always added in the same order, so a run gives the same numbers on one worker, which
//! computes one shard after another, as on several. All workers hold a copy of the network and do the same
//! update, so no weights are sent: only the gradients of each shard, and their sum.

use crate::core::LabError;
use crate::run::step::Input;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

/// A future of this thread.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The workers that train one network, as one of them sees them. The first leads: it decides when a step is
/// done, and it alone scores the network and reports to the page.
pub trait Team {
    /// Returns the number of this worker; the leader is 0.
    fn place(&self) -> usize;

    /// Returns the number of workers.
    fn workers(&self) -> usize;

    /// Tells the others to do the next step with these settings, some of which may change during a run. For
    /// the leader.
    fn begin(&self, settings: Vec<u8>);

    /// Waits for the leader's next step, and returns its settings; `None` if there are no further steps.
    fn next(&self) -> LocalFuture<'_, Option<Vec<u8>>>;

    /// Adds the numbers of all shards, in the order of the shards; see [`sum_in_order`]. `own` has those of
    /// this worker's shards, in their order. Fails if another worker is lost.
    fn sum(&self, own: Vec<Vec<f32>>) -> LocalFuture<'_, Result<Vec<f32>, LabError>>;

    /// Returns the milliseconds that this worker has spent on sums so far: on waiting for the others, and on messages.
    fn waited_ms(&self) -> f64;

    /// Tells the others that there are no further steps.
    fn end(&self);
}

/// The shards of a batch, and those that this worker computes.
#[derive(Clone)]
pub struct Shards {
    count: usize,
    own: Range<usize>,
    team: Option<Rc<dyn Team>>,
}

impl std::fmt::Debug for Shards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shards").field("count", &self.count).field("own", &self.own).finish_non_exhaustive()
    }
}

impl Shards {
    /// Splits batches into `count` shards, and the shards over the workers of a team.
    pub fn new(count: usize, team: Option<Rc<dyn Team>>) -> Self {
        let own = team.as_ref().map_or(0..count, |team| part(team.place(), team.workers(), count));
        Self { count, own, team }
    }

    /// Returns the number of shards.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Returns the shards of this worker.
    pub(super) fn own(&self) -> Range<usize> {
        self.own.clone()
    }

    /// Returns the samples of a shard, of `samples` in all.
    pub(super) fn samples(&self, shard: usize, samples: usize) -> Range<usize> {
        part(shard, self.count, samples)
    }

    /// Adds the numbers of all shards, in their order. `own` has those of this worker's shards.
    pub(super) async fn sum(&self, own: Vec<Vec<f32>>) -> Result<Vec<f32>, LabError> {
        match &self.team {
            Some(team) => team.sum(own).await,
            None => Ok(sum_in_order(own)),
        }
    }
}

/// Returns part `index` of `0..total`, cut into `parts` consecutive parts whose lengths differ by at most 1.
fn part(index: usize, parts: usize, total: usize) -> Range<usize> {
    let parts = parts.max(1);
    index * total / parts..(index + 1) * total / parts
}

/// Returns the sum of several lists of the same length. The order of the additions is that of the lists,
/// because the rounding of a sum depends on it.
pub fn sum_in_order(lists: impl IntoIterator<Item = Vec<f32>>) -> Vec<f32> {
    let mut lists = lists.into_iter();
    let mut sum = lists.next().unwrap_or_default();
    for list in lists {
        for (sum, value) in sum.iter_mut().zip(&list) {
            *sum += value;
        }
    }
    sum
}

/// Returns the given samples of each input. An input has one entry per sample on the axis of the samples, or
/// the same number of entries for each.
pub(super) fn samples_of(inputs: &[Input], samples: &Range<usize>, all: usize) -> Vec<Input> {
    let of_input = |input: &Input| {
        let each = input.samples() / all.max(1);
        input.part(samples.start * each..samples.end * each)
    };
    inputs.iter().map(of_input).collect()
}

/// Returns the gradients of a network's parameters, flattened, in the module's order.
pub(super) fn flat_gradients<M: Module>(net: &M, grads: &GradientsParams) -> Vec<Tensor<1>> {
    struct Flat<'a>(&'a GradientsParams, Vec<Tensor<1>>);
    impl ModuleVisitor for Flat<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(grad) = self.0.get::<D>(param.id) {
                let n = grad.shape().num_elements();
                self.1.push(grad.reshape([n]));
            }
        }
    }
    let mut flat = Flat(grads, Vec::new());
    net.visit(&mut flat);
    flat.1
}

/// Returns the gradients from their elements in the order of [`flat_gradients`], for the parameters that
/// have one in `like`.
pub(super) fn gradients_from<M: Module>(
    net: &M,
    like: &GradientsParams,
    values: &[f32],
    device: &Device,
) -> GradientsParams {
    struct Reader<'a> {
        like: &'a GradientsParams,
        rest: &'a [f32],
        grads: GradientsParams,
        device: &'a Device,
    }
    impl ModuleVisitor for Reader<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let Some(like) = self.like.get::<D>(param.id) else { return };
            let shape = like.shape();
            let Some((own, rest)) = self.rest.split_at_checked(shape.num_elements()) else { return };
            self.rest = rest;
            let grad = Tensor::from_data(TensorData::new(own.to_vec(), shape), self.device);
            self.grads.register::<D>(param.id, grad);
        }
    }
    let mut reader = Reader { like, rest: values, grads: GradientsParams::new(), device };
    net.visit(&mut reader);
    reader.grads
}

#[cfg(test)]
mod tests {
    use crate::run::shards::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_are_consecutive_and_complete(parts in 1..9usize, total in 0..70usize) {
            let all: Vec<usize> = (0..parts).flat_map(|index| part(index, parts, total)).collect();
            prop_assert_eq!(all, (0..total).collect::<Vec<_>>());
            let lengths: Vec<usize> = (0..parts).map(|index| part(index, parts, total).len()).collect();
            let (min, max) = (lengths.iter().min().unwrap(), lengths.iter().max().unwrap());
            prop_assert!(max - min <= 1, "{lengths:?}");
        }
    }

    #[test]
    fn sums_are_added_in_order() {
        // 1e8 + 1 - 1e8 is 0 in this order, and 1 in another.
        assert_eq!(sum_in_order([vec![1e8, 1.0], vec![1.0, 2.0], vec![-1e8, 3.0]]), [0.0, 6.0]);
        assert!(sum_in_order([]).is_empty());
    }

    #[test]
    fn inputs_with_several_rows_per_sample_are_split_by_sample() {
        let x = Input::new((0..8).map(|v| v as f32).collect(), [4, 2]);
        let y = Input::new((0..12).map(|v| v as f32).collect(), [12]);
        let of = samples_of(&[x, y], &(1..3), 4);
        assert_eq!((of[0].shape(), of[0].values()), (&[2, 2][..], &[2.0, 3.0, 4.0, 5.0][..]));
        assert_eq!((of[1].shape(), of[1].values()), (&[6][..], &[3.0, 4.0, 5.0, 6.0, 7.0, 8.0][..]));
        let by_time = Input::new((0..12).map(|v| v as f32).collect(), [2, 3, 2]).with_samples_on(1);
        let of = samples_of(&[by_time], &(1..3), 3);
        assert_eq!(of[0].shape(), [2, 2, 2]);
        assert_eq!(of[0].values(), [2.0, 3.0, 4.0, 5.0, 8.0, 9.0, 10.0, 11.0]);
    }
}
