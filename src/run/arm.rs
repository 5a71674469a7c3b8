//! Arms: the networks that one run trains side by side on the same batches, so that they differ in one
//! respect only.
//!
//! A section lists its arms once. The names and titles of its curves and metrics follow from that list.

use crate::core::curve::{Curve, RunSeries};
use crate::core::metric::Metric;
use crate::run::timing::StepTimes;
use serde::{Deserialize, Serialize};

/// One network of a section. Its index among the section's arms also selects its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The suffix of the names of its series and metrics; empty if the section has only one network.
    pub slug: &'static str,
    /// Its name in a legend.
    pub title: &'static str,
    /// Its name in a sentence.
    pub net: &'static str,
}

impl Arm {
    /// Returns a metric of this arm, named `{name}_{slug}` and titled `{title}, {arm}`.
    pub fn metric(&self, name: &str, title: &str, value: impl Into<Option<f64>>) -> Metric {
        Metric::new(format!("{name}_{}", self.slug), format!("{title}, {}", self.title), value)
    }

    /// Returns the training loss of this arm as a metric: the mean of the last `n` steps, since a single
    /// batch is noisy.
    pub fn loss(&self, losses: &Curve, n: usize) -> Metric {
        self.metric("loss", "Loss", losses.recent_mean(n)).unit("nats").note(format!("mean of {n} steps"))
    }

    /// Returns the number of steps that this arm needed to learn its task as a metric.
    pub fn steps(&self, steps: Option<u32>, note: &'static str) -> Metric {
        self.metric("steps", "Steps to learn", steps.map(f64::from)).digits(5).unit("steps").note(note)
    }

    /// Returns the duration of a training step of this arm as a metric.
    pub fn ms_per_step(&self, ms: Option<f64>) -> Metric {
        self.metric("ms_per_step", "Time per step", ms).unit("ms")
    }
}

/// Returns the metrics of all arms. Metrics of the same quantity are next to each other, in the order of the
/// arms.
pub fn per_arm<N, const M: usize>(
    arms: &[Arm],
    nets: &[N],
    metrics: impl Fn(&Arm, &N) -> [Metric; M],
) -> Vec<Metric> {
    let of_arms: Vec<[Metric; M]> = arms.iter().zip(nets).map(|(arm, net)| metrics(arm, net)).collect();
    (0..M).flat_map(|index| of_arms.iter().map(move |metrics| metrics[index].clone())).collect()
}

/// The losses of the steps since an arm's last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepBatch {
    /// The step of the first loss; the first step of a run is 1.
    pub first_step: u32,
    /// The loss of each step's batch.
    pub losses: Vec<f32>,
    /// The durations of the steps that were timed.
    pub times: StepTimes,
}

impl StepBatch {
    /// Returns the last step of the batch, or the step before `first_step` if the batch is empty.
    pub fn last_step(&self) -> u32 {
        (self.first_step + self.losses.len() as u32).saturating_sub(1)
    }
}

/// A curve of one arm, before the arm completes its name and title.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmSeries {
    /// The first part of its name.
    pub metric: &'static str,
    /// The title of the quantity.
    pub title: &'static str,
    /// The unit of y, or an empty string.
    pub unit: &'static str,
    /// The layer, block or head that it belongs to, if any: a word and a number from 1.
    pub part: Option<(&'static str, usize)>,
    /// The points.
    pub curve: Curve,
}

impl ArmSeries {
    /// Returns a curve of a whole network.
    pub fn new(metric: &'static str, title: &'static str, unit: &'static str, curve: &Curve) -> Self {
        Self { metric, title, unit, part: None, curve: curve.clone() }
    }

    /// Returns one series for each layer, block or head, numbered from 1.
    pub fn of_parts<'a>(
        metric: &'static str,
        title: &'static str,
        word: &'static str,
        curves: impl IntoIterator<Item = &'a Curve>,
    ) -> impl Iterator<Item = Self> {
        let numbered = curves.into_iter().zip(1..);
        numbered.map(move |(curve, number)| Self {
            part: Some((word, number)),
            ..Self::new(metric, title, "", curve)
        })
    }
}

/// Adds one point to each of a list of curves. The list grows if there are more values than curves.
pub fn push_each(curves: &mut Vec<Curve>, step: u32, values: &[f32]) {
    curves.resize_with(values.len().max(curves.len()), Curve::default);
    for (curve, &value) in curves.iter_mut().zip(values) {
        curve.push(step, value);
    }
}

/// Returns the curves of all arms. Curves of the same quantity are next to each other, in the order of the
/// arms.
pub fn series_of<N>(arms: &[Arm], nets: &[N], series: impl Fn(&N) -> Vec<ArmSeries>) -> Vec<RunSeries> {
    let of_arms: Vec<(usize, &Arm, Vec<ArmSeries>)> =
        arms.iter().zip(nets).enumerate().map(|(index, (arm, net))| (index, arm, series(net))).collect();
    let mut metrics: Vec<&str> = Vec::new();
    for series in of_arms.iter().flat_map(|(_, _, series)| series) {
        if !metrics.contains(&series.metric) {
            metrics.push(series.metric);
        }
    }
    let of_metric = |metric: &str| {
        let series =
            of_arms.iter().flat_map(|(index, arm, all)| all.iter().map(move |one| (*index, *arm, one)));
        let same = series.filter(|(_, _, series)| series.metric == metric);
        same.map(|(index, arm, series)| named(index, arm, series)).collect::<Vec<_>>()
    };
    metrics.iter().flat_map(|metric| of_metric(metric)).collect()
}

fn named(index: usize, arm: &Arm, series: &ArmSeries) -> RunSeries {
    let number = series.part.map(|(_, number)| number.to_string());
    let part = series.part.map(|(word, number)| format!("{word} {number}"));
    let join = |parts: [&str; 3], with: &str| {
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(with)
    };
    RunSeries {
        metric: join([series.metric, arm.slug, number.as_deref().unwrap_or_default()], "_").into(),
        title: join([series.title, arm.title, part.as_deref().unwrap_or_default()], ", ").into(),
        base: series.metric,
        arm: index,
        part,
        unit: series.unit,
        points: series.curve.points(),
    }
}

#[cfg(test)]
mod tests {
    use crate::run::arm::*;

    const ARMS: [Arm; 2] = [
        Arm { slug: "plain", title: "plain", net: "plain network" },
        Arm { slug: "residual", title: "residual", net: "residual network" },
    ];

    #[test]
    fn curves_of_one_quantity_are_adjacent_and_named_after_their_arm() {
        let series = series_of(&ARMS, &[1, 2], |parts| {
            let loss = ArmSeries::new("loss", "Loss", "nats", &Curve::default());
            let norms = vec![Curve::default(); *parts];
            std::iter::once(loss).chain(ArmSeries::of_parts("norm", "Norm", "block", &norms)).collect()
        });
        let names: Vec<&str> = series.iter().map(|series| &*series.metric).collect();
        assert_eq!(
            names,
            ["loss_plain", "loss_residual", "norm_plain_1", "norm_residual_1", "norm_residual_2"]
        );
        assert_eq!(series[4].title, "Norm, residual, block 2");
        assert_eq!((series[4].arm, series[4].base), (1, "norm"));
        let single = [Arm { slug: "", title: "", net: "model" }];
        let series = series_of(&single, &[()], |()| {
            vec![ArmSeries::new("loss_val", "Validation loss", "", &Curve::default())]
        });
        assert_eq!((&*series[0].metric, &*series[0].title), ("loss_val", "Validation loss"));
    }

    #[test]
    fn metrics_are_named_after_their_arm() {
        let mut curve = Curve::default();
        curve.extend_steps(1, &[4.0, 2.0]);
        let metrics = per_arm(&ARMS, &[curve, Curve::default()], |arm, losses| {
            [arm.loss(losses, 20), arm.steps(None, "")]
        });
        let shown: Vec<_> = metrics.iter().map(|m| (&*m.name, &*m.title, m.value, &*m.note)).collect();
        assert_eq!(shown[0], ("loss_plain", "Loss, plain", Some(3.0), "mean of 20 steps"));
        assert_eq!(shown[1], ("loss_residual", "Loss, residual", None, "mean of 20 steps"));
        assert_eq!((shown[2].0, shown[3].0), ("steps_plain", "steps_residual"));
    }

    #[test]
    fn curves_are_added_for_new_values() {
        let mut curves = Vec::new();
        push_each(&mut curves, 1, &[0.5]);
        push_each(&mut curves, 2, &[0.25, 1.0]);
        assert_eq!(curves.iter().map(|curve| curve.len()).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn the_last_step_of_a_batch() {
        assert_eq!(StepBatch { first_step: 5, losses: vec![1.0; 3], ..StepBatch::default() }.last_step(), 7);
        assert_eq!(StepBatch { first_step: 1, ..StepBatch::default() }.last_step(), 0);
    }
}
