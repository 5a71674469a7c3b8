//! Arms: the nets that one run trains side by side on the same batches, so that they differ in one thing only.

use crate::core::curve::{Curve, RunSeries};
use crate::run::timing::StepTimes;
use serde::{Deserialize, Serialize};

/// One net of a section. Its number among the section's arms is also that of its color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arm {
    /// The end of its series' and metrics' names; empty where a section has one net only.
    pub slug: &'static str,
    /// What it is called in a legend.
    pub title: &'static str,
    /// What it is called in a sentence.
    pub net: &'static str,
}

/// What every arm reports of the steps since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepBatch {
    /// The step of the first loss; the first step of a run is 1.
    pub first_step: u32,
    /// The loss of each step's batch.
    pub losses: Vec<f32>,
    /// How long steps took that were waited for.
    pub times: StepTimes,
}

impl StepBatch {
    /// The last step in it; the step before the first where there is none.
    pub fn last_step(&self) -> u32 {
        (self.first_step + self.losses.len() as u32).saturating_sub(1)
    }
}

/// A curve of one arm; its name and title are completed by the arm's.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmSeries {
    /// The beginning of its name.
    pub metric: &'static str,
    pub title: &'static str,
    pub unit: &'static str,
    /// Which layer, block or head it belongs to, if to one: a word and a number from 1.
    pub part: Option<(&'static str, usize)>,
    pub curve: Curve,
}

impl ArmSeries {
    pub fn new(metric: &'static str, title: &'static str, unit: &'static str, curve: &Curve) -> Self {
        Self { metric, title, unit, part: None, curve: curve.clone() }
    }

    /// The same for one layer, block or head; the first is 1.
    pub fn of_part(self, word: &'static str, number: usize) -> Self {
        Self { part: Some((word, number)), ..self }
    }
}

/// The curves of all arms: those that are compared stand together.
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
        Arm { slug: "plain", title: "plain", net: "plain net" },
        Arm { slug: "residual", title: "residual", net: "residual net" },
    ];

    #[test]
    fn what_is_compared_stands_together_and_is_named_after_its_arm() {
        let series = series_of(&ARMS, &[1, 2], |parts| {
            let loss = ArmSeries::new("loss", "Loss", "nats", &Curve::default());
            let norm = ArmSeries::new("norm", "Norm", "", &Curve::default());
            std::iter::once(loss)
                .chain((1..=*parts).map(|part| norm.clone().of_part("block", part)))
                .collect()
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
    fn the_last_step_of_a_batch() {
        assert_eq!(StepBatch { first_step: 5, losses: vec![1.0; 3], ..StepBatch::default() }.last_step(), 7);
        assert_eq!(StepBatch { first_step: 1, ..StepBatch::default() }.last_step(), 0);
    }
}
