//! Durations of training steps, and the duration of a run that follows from them.

use serde::{Deserialize, Serialize};

/// The number of durations kept; older ones are dropped, so that the median follows the current pace.
const MAX_TIMES: usize = 31;

/// Durations of single steps of one network, in milliseconds, each measured until the device had finished.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepTimes(Vec<f32>);

impl StepTimes {
    /// Adds a duration.
    pub fn push(&mut self, ms: f32) {
        self.extend(&Self(vec![ms]));
    }

    /// Adds later durations.
    pub fn extend(&mut self, later: &Self) {
        self.0.extend_from_slice(&later.0);
        let extra = self.0.len().saturating_sub(MAX_TIMES);
        self.0.drain(..extra);
    }

    /// Returns the median, which a step that had to wait does not move; `None` if there are no durations.
    pub fn median(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.0.iter().map(|&ms| ms.into()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }
}

/// A value at a fraction of the sorted list: 0.5 for the median. `None` if the list is empty.
fn quantile(values: &[f64], fraction: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get((fraction * last as f64).round() as usize).copied()
}

/// The step times of a network that has just started, in blocks of steps. The first ones are slow: memory is allocated, and
/// the browser replaces quickly compiled code by optimized code while it runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WarmUp {
    /// Milliseconds per step of each block.
    blocks: Vec<f64>,
    total_ms: f64,
}

impl WarmUp {
    /// Steps are timed for at least this long: after 0.3 s, a new worker still takes twice as long for the small steps of an MLP.
    const MIN_MS: f64 = 700.0;
    /// Steps that have not settled after this time are taken as they are.
    const MAX_MS: f64 = 1800.0;
    /// The times have settled if the latest third is not faster than the third before by more than this factor.
    const SETTLED: f64 = 0.93;
    const MIN_BLOCKS: usize = 6;

    /// Adds a block of `steps` steps that took `ms` together.
    pub fn push(&mut self, steps: u32, ms: f64) {
        self.blocks.push(ms / f64::from(steps.max(1)));
        self.total_ms += ms;
    }

    /// Returns true if the times no longer fall, or if enough time was spent on them. A single block is never enough.
    pub fn is_settled(&self) -> bool {
        let count = self.blocks.len();
        if count < 2 || self.total_ms < Self::MIN_MS {
            return false;
        }
        if self.total_ms >= Self::MAX_MS {
            return true;
        }
        let third = count / 3;
        let (earlier, latest) = self.blocks.split_at(count - third);
        let before = earlier.get(earlier.len() - third.min(earlier.len())..).unwrap_or_default();
        let medians = quantile(before, 0.5).zip(quantile(latest, 0.5));
        count >= Self::MIN_BLOCKS && medians.is_some_and(|(before, latest)| latest >= Self::SETTLED * before)
    }

    /// Returns the blocks of the second half, which the slow steps at the start are not part of.
    fn later_half(&self) -> &[f64] {
        self.blocks.get(self.blocks.len() / 2..).unwrap_or_default()
    }

    /// Returns the milliseconds of a step: the first quartile of the later half, which stalls hardly move.
    pub fn step_ms(&self) -> f64 {
        quantile(self.later_half(), 0.25).unwrap_or_default()
    }

    /// Returns the factor by which a slow block of the later half takes longer: about 1 on an idle machine.
    pub fn spread(&self) -> f64 {
        let step_ms = self.step_ms();
        let slow = quantile(self.later_half(), 0.9).unwrap_or_default();
        if step_ms > 0.0 { (slow / step_ms).max(1.0) } else { 1.0 }
    }
}

/// The measured costs of one network, on one worker or on a team, from which the duration of its run follows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmCost {
    /// The number of steps of the run.
    pub steps: u32,
    /// The milliseconds of a step.
    pub step_ms: f64,
    /// The factor by which a slow step takes longer.
    pub spread: f64,
    /// The milliseconds until the first step.
    pub init_ms: f64,
    /// The milliseconds of all scores of the run.
    pub scores_ms: f64,
    /// The milliseconds of one report to the page.
    pub report_ms: f64,
    /// The milliseconds of the last report.
    pub end_ms: f64,
}

impl ArmCost {
    /// The minimum time from one report to the next.
    const REPORT_EVERY_MS: f64 = 1000.0 / 30.0;

    /// Returns the seconds that this worker or team needs for the run. Between two reports there is at least one step, and at least
    /// [`Self::REPORT_EVERY_MS`] including the report.
    pub fn seconds(&self) -> f64 {
        let period = Self::REPORT_EVERY_MS.max(self.step_ms + self.report_ms);
        let reported = period / (period - self.report_ms).max(1e-3);
        let steps = f64::from(self.steps) * self.step_ms * reported;
        (self.init_ms + steps + self.scores_ms + self.end_ms) / 1000.0
    }
}

/// The seconds of a run's networks, each on a worker or a team of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunTime {
    /// The seconds of each network.
    pub arms: Vec<f64>,
    /// The largest factor by which slow steps of a network take longer.
    pub spread: f64,
    /// The number of workers that computed each network.
    pub team: usize,
}

impl RunTime {
    /// Returns the seconds that one worker or team needs for all networks.
    pub fn one_worker(&self) -> f64 {
        self.arms.iter().sum()
    }

    /// Returns the seconds of a run with this number of seeds if `worker_of` returns the worker of each network of each seed,
    /// seed by seed: the seconds of the worker that has the longest part.
    pub fn spread_over(&self, seeds: usize, workers: usize, worker_of: impl Fn(usize) -> usize) -> f64 {
        let mut sums = vec![0.0_f64; workers.max(1)];
        let all = std::iter::repeat_n(&self.arms, seeds).flatten();
        for (index, seconds) in all.enumerate() {
            if let Some(sum) = sums.get_mut(worker_of(index)) {
                *sum += seconds;
            }
        }
        sums.into_iter().fold(0.0, f64::max)
    }
}

/// Returns by what factor a team of workers trains a network faster than one worker.
pub fn shard_speed_up(workers: usize) -> f64 {
    // Each further worker adds less than a whole core, because gradients travel between workers. Two were 1.6 times as fast as
    // one for the transformer's default; more have not been measured.
    const EACH_FURTHER: f64 = 0.6;
    1.0 + EACH_FURTHER * workers.saturating_sub(1) as f64
}

/// Returns the steps at which a run scores its networks, from `first` on, including the last step. `after` returns the next
/// step after one.
pub fn score_steps(first: u32, steps: u32, after: impl Fn(u32) -> u32) -> Vec<u32> {
    let next = |step: &u32| Some(after(*step).max(step + 1));
    let before_last = std::iter::successors(Some(first), next).take_while(|step| *step < steps);
    before_last.chain([steps]).collect()
}

/// The pace of a run under way, measured over its last seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecentPace {
    /// Times in milliseconds, and the step at each.
    seen: std::collections::VecDeque<(f64, u32)>,
}

impl RecentPace {
    /// The pace is that of at least this many milliseconds, so that it includes scores, which are rare.
    const MIN_WINDOW_MS: f64 = 10_000.0;
    /// The part of the run so far that counts.
    const WINDOW_SHARE: f64 = 0.5;
    const APART_MS: f64 = 250.0;
    /// No pace is known before this time, because the first steps are slow.
    const FIRST_MS: f64 = 1000.0;

    /// Notes the step that was reached at this time. A step that is not after the last one starts again.
    pub fn note(&mut self, now: f64, step: u32) {
        if self.seen.back().is_some_and(|(_, last)| step < *last) {
            self.seen.clear();
        }
        match self.seen.back() {
            Some((then, last)) if now - then < Self::APART_MS || step == *last => return,
            _ => self.seen.push_back((now, step)),
        }
        let start = self.seen.front().map_or(now, |(then, _)| *then);
        let window = Self::MIN_WINDOW_MS.max(Self::WINDOW_SHARE * (now - start));
        // The second entry becomes the first, so it has to be old enough.
        while self.seen.len() > 2 && self.seen.get(1).is_some_and(|(then, _)| now - then > window) {
            self.seen.pop_front();
        }
    }

    /// Forgets everything, as after a pause.
    pub fn clear(&mut self) {
        self.seen.clear();
    }

    /// Returns the seconds until this step; `None` while the pace is not known.
    pub fn seconds_to(&self, steps: u32) -> Option<f64> {
        let ((first_ms, first), (last_ms, last)) = (self.seen.front()?, self.seen.back()?);
        let (took, done) = (last_ms - first_ms, last.checked_sub(*first)?);
        let known = took >= Self::FIRST_MS && done > 0;
        known.then(|| f64::from(steps.saturating_sub(*last)) * took / f64::from(done) / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::run::timing::*;

    #[test]
    fn a_slow_step_does_not_move_the_median_and_old_steps_are_dropped() {
        let mut times = StepTimes::default();
        assert_eq!(times.median(), None);
        [2.0, 900.0, 3.0].into_iter().for_each(|ms| times.push(ms));
        assert_eq!(times.median(), Some(3.0));
        (0..MAX_TIMES).for_each(|_| times.push(1.0));
        assert_eq!(times, StepTimes(vec![1.0; MAX_TIMES]));
    }

    fn warm_up(blocks: &[f64]) -> WarmUp {
        let mut warm_up = WarmUp::default();
        blocks.iter().for_each(|&ms| warm_up.push(1, ms));
        warm_up
    }

    #[test]
    fn slow_first_steps_and_stalls_do_not_count() {
        let mut blocks = vec![400.0, 300.0, 120.0, 60.0];
        assert!(!warm_up(&blocks).is_settled(), "they still fall");
        blocks.extend([50.0; 6]);
        blocks.insert(8, 240.0);
        let times = warm_up(&blocks);
        assert!(times.is_settled());
        assert_eq!(times.step_ms(), 50.0);
    }

    #[test]
    fn steps_that_never_settle_end_the_warm_up_after_a_time() {
        let slow = warm_up(&[1000.0]);
        assert!(!slow.is_settled(), "one step is not enough");
        assert!(warm_up(&[1000.0, 900.0]).is_settled());
        // Each block is faster than the last.
        let falling: Vec<f64> = (0..40).map(|i| 400.0 * 0.8_f64.powi(i)).collect();
        assert!(warm_up(&falling).is_settled());
        assert!(!warm_up(&falling[..4]).is_settled());
    }

    #[test]
    fn the_spread_tells_a_busy_machine() {
        assert_eq!(warm_up(&[50.0; 10]).spread(), 1.0);
        let busy = warm_up(&[50.0, 50.0, 50.0, 50.0, 50.0, 50.0, 150.0, 50.0, 150.0, 50.0]);
        assert_eq!((busy.step_ms(), busy.spread()), (50.0, 3.0));
        assert_eq!(warm_up(&[]).spread(), 1.0);
    }

    #[test]
    fn a_run_takes_the_time_of_its_steps_scores_and_reports() {
        let cost = ArmCost {
            steps: 1000,
            step_ms: 1.0,
            spread: 1.0,
            init_ms: 100.0,
            scores_ms: 400.0,
            report_ms: 0.0,
            end_ms: 500.0,
        };
        assert_eq!(cost.seconds(), 2.0);
        // A third of the time between two reports is the report.
        let reported = ArmCost { report_ms: 1000.0 / 90.0, ..cost.clone() };
        assert!((reported.seconds() - 2.5).abs() < 1e-9);
        // Long steps are reported one by one.
        let long = ArmCost { step_ms: 90.0, report_ms: 10.0, steps: 10, ..cost };
        assert!((long.seconds() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn the_worker_with_the_longest_part_decides() {
        let time = RunTime { arms: vec![3.0, 1.0], spread: 1.0, team: 1 };
        assert_eq!(time.one_worker(), 4.0);
        assert_eq!(time.spread_over(1, 2, |arm| arm % 2), 3.0);
        assert_eq!(time.spread_over(1, 1, |_| 0), 4.0);
        // The second seed is shifted by one worker.
        assert_eq!(time.spread_over(2, 2, |arm| (arm / 2 + arm % 2) % 2), 4.0);
        assert_eq!(RunTime::default().spread_over(1, 0, |_| 0), 0.0);
    }

    #[test]
    fn a_network_that_is_not_split_is_not_faster() {
        assert_eq!([0, 1].map(shard_speed_up), [1.0, 1.0]);
        assert!(shard_speed_up(2) > 1.4 && shard_speed_up(4) < 4.0);
    }

    #[test]
    fn every_score_is_counted() {
        assert_eq!(score_steps(0, 10, |step| step + 4), [0, 4, 8, 10]);
        assert_eq!(score_steps(5, 3, |step| step + 4), [3]);
        assert_eq!(score_steps(0, 2, |step| step), [0, 1, 2], "a schedule that stands still");
    }

    #[test]
    fn the_pace_includes_scores_and_starts_again_after_a_pause() {
        let mut pace = RecentPace::default();
        assert_eq!(pace.seconds_to(100), None);
        // Ten steps take a second, and a score of two seconds follows.
        let mut now = 0.0;
        for step in 0..40 {
            now += if step % 10 == 0 { 2100.0 } else { 100.0 };
            pace.note(now, step);
        }
        let left = pace.seconds_to(139).unwrap();
        assert!((20.0..=40.0).contains(&left), "{left}");
        pace.clear();
        assert_eq!(pace.seconds_to(139), None);
        pace.note(0.0, 40);
        pace.note(500.0, 45);
        assert_eq!(pace.seconds_to(100), None, "too short to tell");
        pace.note(2000.0, 60);
        assert_eq!(pace.seconds_to(100), Some(4.0));
        // The run has been started again.
        pace.note(3000.0, 1);
        assert_eq!(pace.seconds_to(100), None);
    }
}
