//! The leader of a team of workers, which goes on alone if the others do not make it faster.
//!
//! A step of a small network takes less time than its messages. This depends on the machine, so it is measured in the
//! first steps of each run. The numbers are the same in either case; see [`shards`](crate::run::shards).

use crate::run::shards::Team;
use std::rc::Rc;

/// The team as its leader sees it, if there is one.
pub(super) struct Leader {
    team: Option<Rc<dyn Team>>,
    /// The time waited so far.
    waited_ms: f64,
    /// The number of steps measured so far.
    steps: u32,
    /// The time by which the others have made these steps longer and shorter, in milliseconds.
    cost: f64,
    gain: f64,
}

impl Leader {
    /// The first steps are slow for other reasons.
    const SKIPPED: u32 = 5;
    /// The number of steps after which the decision is made.
    const MEASURED: u32 = 25;
    /// The part of a step that workers divide among themselves. Each draws its own batch and does its own update.
    const DIVIDED: f64 = 0.75;

    pub(super) fn new(team: Option<Rc<dyn Team>>) -> Self {
        let waited_ms = team.as_ref().map_or(0.0, |team| team.waited_ms());
        Self { team, waited_ms, steps: 0, cost: 0.0, gain: 0.0 }
    }

    /// Begins a step on the other workers, with the settings that `encode` returns.
    pub(super) fn begin(&self, encode: impl FnOnce() -> Vec<u8>) {
        if let Some(team) = &self.team {
            team.begin(encode());
        }
    }

    /// Notes the duration of a step, in milliseconds. Returns true if the leader is to go on alone from the next step on.
    pub(super) fn leaves_after(&mut self, step_ms: f64) -> bool {
        let Some(team) = &self.team else { return false };
        let waited = team.waited_ms() - std::mem::replace(&mut self.waited_ms, team.waited_ms());
        // Some steps are done whole by every worker.
        if waited <= 0.0 || self.steps == Self::MEASURED {
            return false;
        }
        self.steps += 1;
        if self.steps > Self::SKIPPED {
            self.cost += waited;
            // Alone, the leader would also do the work of the others.
            let others = team.workers().saturating_sub(1) as f64;
            self.gain += others * Self::DIVIDED * (step_ms - waited);
        }
        let leaves = self.steps == Self::MEASURED && self.cost > self.gain;
        if leaves {
            self.end();
            self.team = None;
        }
        leaves
    }

    /// Tells the other workers that there are no further steps.
    pub(super) fn end(&self) {
        if let Some(team) = &self.team {
            team.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::core::LabError;
    use crate::run::leader::*;
    use crate::run::shards::LocalFuture;
    use std::cell::Cell;

    /// Three workers.
    #[derive(Default)]
    struct Three {
        waited_ms: Cell<f64>,
        has_ended: Cell<bool>,
    }

    impl Team for Three {
        fn place(&self) -> usize {
            0
        }

        fn workers(&self) -> usize {
            3
        }

        fn begin(&self, _: Vec<u8>) {}

        fn next(&self) -> LocalFuture<'_, Option<Vec<u8>>> {
            Box::pin(async { None })
        }

        fn sum(&self, _: Vec<Vec<f32>>) -> LocalFuture<'_, Result<Vec<f32>, LabError>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn waited_ms(&self) -> f64 {
            self.waited_ms.get()
        }

        fn end(&self) {
            self.has_ended.set(true);
        }
    }

    /// Returns the step after which the leader leaves, if it does, and whether the others know.
    fn leaves(waited_ms: impl Fn(u32) -> f64) -> (Option<u32>, bool) {
        let team = Rc::new(Three::default());
        let mut leader = Leader::new(Some(team.clone()));
        let step = (1..100).find(|step| {
            team.waited_ms.set(team.waited_ms.get() + waited_ms(*step));
            leader.leaves_after(3.0)
        });
        (step, team.has_ended.get())
    }

    #[test]
    fn a_leader_leaves_if_waiting_takes_longer_than_the_work_of_the_others() {
        // The two others save 1.5 (3 - w) ms of a step of 3 ms, of which w are spent waiting.
        assert_eq!(leaves(|_| 1.9), (Some(Leader::MEASURED), true));
        assert_eq!(leaves(|_| 1.7), (None, false));
        // Neither the first steps count, nor those that every worker does whole.
        assert_eq!(leaves(|step| if step <= Leader::SKIPPED { 3.0 } else { 1.7 }), (None, false));
        assert_eq!(
            leaves(|step| if step % 2 == 0 { 0.0 } else { 1.9 }),
            (Some(2 * Leader::MEASURED - 1), true)
        );
        assert!(!Leader::new(None).leaves_after(1.0));
    }
}
