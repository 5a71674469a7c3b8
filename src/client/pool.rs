//! The distribution of a run over workers.

use crate::protocol::DeviceKind;

/// The maximum number of workers: each has its own copy of the module's memory.
const MAX_WORKERS: usize = 4;

/// Returns the number of workers for this number of arms and cores.
pub(super) fn size(arms: usize, cores: usize) -> usize {
    arms.min(cores).clamp(1, MAX_WORKERS)
}

/// The maximum number of workers that train one network.
const MAX_TEAM: usize = 8;

/// Returns the number of workers that train each network of a run together. Every network gets as many, and
/// each of them computes at least one shard.
pub(super) fn team(arms: usize, shards: usize, cores: usize) -> usize {
    (cores.min(MAX_TEAM) / arms.max(1)).min(shards).max(1)
}

/// Returns the size of the teams of a run on a device; see [`team`]. A single worker holds the GPU.
pub(super) fn team_on(kind: DeviceKind, arms: usize, shards: usize) -> usize {
    if kind == DeviceKind::Cpu { team(arms, shards, cores()) } else { 1 }
}

/// Returns the worker of the arm with this index in its run. Each seed is shifted by one worker, since arms
/// of one kind may cost more than those of another.
pub(super) fn worker_of(index: usize, arms_per_seed: usize, workers: usize) -> usize {
    let (seed, arm) = (index / arms_per_seed.max(1), index % arms_per_seed.max(1));
    (seed + arm) % workers.max(1)
}

/// Returns the number of cores that the browser reports, or 1 if it reports none.
pub(super) fn cores() -> usize {
    let cores = gloo::utils::window().navigator().hardware_concurrency();
    if cores.is_finite() { (cores as usize).max(1) } else { 1 }
}

#[cfg(test)]
mod tests {
    use crate::client::pool::*;
    use proptest::prelude::*;

    #[test]
    fn no_more_workers_than_arms_cores_or_four() {
        assert_eq!([size(2, 8), size(20, 8), size(20, 2), size(2, 1), size(0, 0)], [2, 4, 2, 1, 1]);
    }

    #[test]
    fn arms_of_each_kind_are_spread_over_all_workers() {
        let of = |n: usize| (0..6).map(|index| worker_of(index, 2, n)).collect::<Vec<_>>();
        assert_eq!(of(2), [0, 1, 1, 0, 0, 1]);
        assert_eq!(of(1), [0; 6]);
    }

    #[test]
    fn cores_that_networks_leave_free_train_shards() {
        // One network, then two, then ten, on 1, 2, 4 and 16 cores.
        let of = |arms: usize| [1, 2, 4, 16].map(|cores| team(arms, 4, cores));
        assert_eq!([of(1), of(2), of(10)], [[1, 2, 4, 4], [1, 1, 2, 4], [1; 4]]);
        assert_eq!([team(1, 1, 8), team(1, 8, 16), team(0, 0, 0)], [1, 8, 1]);
    }

    proptest! {
        #[test]
        fn every_worker_has_its_share(seeds in 1..11usize, arms in 1..4usize, cores in 0..17usize) {
            let workers = size(seeds * arms, cores);
            let mut shares = vec![0usize; workers];
            (0..seeds * arms).for_each(|index| shares[worker_of(index, arms, workers)] += 1);
            let (min, max) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
            prop_assert!(max - min <= arms, "{shares:?}");
        }
    }
}
