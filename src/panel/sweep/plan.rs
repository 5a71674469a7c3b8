//! The runs of a sweep, read from the address.

use crate::client::{
    BatchHandle, BatchState, Enough, RunResult, RunTimes, Timing, is_known, is_named, workers_for,
};
use crate::core::measure::{Measure, MeasureError};
use crate::core::metric::Spread;
use crate::core::query::Query;
use crate::core::schema::Values;
use crate::core::suggest::no_such;
use crate::core::sweep::{Axis, Point, SweepError, points, seed};
use crate::protocol::{DeviceChoice, DeviceKind};
use crate::run::any::{AnyConfig, AnyExperiment};
use crate::run::timing::RunTime;
use crate::ui::readout::time_words;

/// The runs of a sweep, and the quantity that is measured.
#[derive(Clone, Debug)]
pub(in crate::panel) struct Plan {
    pub(super) experiment: &'static AnyExperiment,
    pub(super) axes: Vec<Axis>,
    pub(super) measure: Measure,
    pub(super) points: Vec<Point>,
    seeds: u32,
    base: AnyConfig,
}

/// The reason why an address has no valid sweep.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(in crate::panel) enum PlanError {
    /// The axes or the number of runs are invalid.
    #[error(transparent)]
    Sweep(#[from] SweepError),
    /// The measure cannot be read.
    #[error(transparent)]
    Measure(#[from] MeasureError),
    /// The section has no such quantity; the text is the sentence about it.
    #[error("{0}")]
    UnknownMeasure(String),
}

/// A line of the result: a curve or a metric of one network.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantity {
    pub(super) name: String,
    pub(super) legend: String,
    pub(super) color: usize,
}

impl Plan {
    /// Returns the sweep of an address: `None` if it has none.
    pub(in crate::panel) fn read(
        experiment: &'static AnyExperiment,
        query: &Query,
        config: &AnyConfig,
        seeds: u32,
    ) -> Option<Result<Self, PlanError>> {
        let first = query.get("sweep")?;
        let axes = || -> Result<Vec<Axis>, SweepError> {
            let params = experiment.schema.params;
            std::iter::once(first).chain(query.get("sweep2")).map(|text| Axis::read(params, text)).collect()
        };
        let plan = || -> Result<Self, PlanError> {
            let axes = axes()?;
            let known = measures(experiment);
            let measure = match query.get("measure") {
                Some(text) => Measure::read(text),
                None => Measure::read(known.first().map_or("loss", |(name, _)| name)),
            }?;
            if known.iter().all(|(name, _)| *name != measure.name) {
                let names: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
                let words = no_such("quantity {} to measure", &measure.name, &names);
                return Err(PlanError::UnknownMeasure(words));
            }
            let points = points(&experiment.schema, config.values(), &axes, seeds)?;
            Ok(Self { experiment, axes, measure, points, seeds, base: config.clone() })
        };
        Some(plan())
    }

    /// Returns a text that identifies the sweep: its settings, axes and seeds.
    pub(super) fn key(&self) -> String {
        // The panel may have any value of a swept setting.
        let fixed = self.experiment.schema.query(self.base.values());
        let fixed = fixed.keep(|key| self.axes.iter().all(|axis| axis.param.key != key));
        let fixed: Vec<String> = fixed.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let axes: Vec<String> = self.axes.iter().map(ToString::to_string).collect();
        format!(
            "{} | {} | seeds {} | {}",
            axes.join(" x "),
            fixed.join(" "),
            self.seeds,
            self.number().unwrap_or_default()
        )
    }

    /// Returns a description for the reader.
    pub(super) fn title(&self) -> String {
        let axes: Vec<String> =
            self.axes.iter().map(|axis| format!("{} {}", axis.param.label, axis.values.join(", "))).collect();
        let first = seed(self.base.values());
        let seeds = match self.seeds {
            0 | 1 => format!("seed {first}"),
            n => format!("{n} seeds from {first}"),
        };
        format!("{}; {seeds}", axes.join(" and "))
    }

    /// Returns the runs that are timed: the first, the middle and the last.
    fn samples(&self) -> Vec<AnyConfig> {
        let last = self.points.len().saturating_sub(1);
        let mut numbers = vec![0, last / 2, last];
        numbers.dedup();
        let sampled = numbers.iter().filter_map(|&number| self.points.get(number));
        sampled.map(|point| self.experiment.config(point.config.clone())).collect()
    }

    /// Returns the runs that are timed before the sweep starts.
    pub(super) fn timing(&self, device: DeviceChoice) -> Timing {
        let (experiment, configs) = (self.experiment, self.samples());
        let encoded = configs.iter().map(|config| experiment.encode(config).unwrap_or_default()).collect();
        let is_enough = self.number().map(|wanted| -> Enough {
            Box::new(move |run, frames| {
                let mut record = experiment.empty();
                // A damaged frame measures nothing.
                frames.iter().for_each(|frame| drop(experiment.apply_frame(&mut record, 0, frame)));
                configs.get(run).is_some_and(|config| is_known(experiment, config, &record, &wanted))
            })
        });
        let arms = experiment.arms.len();
        Timing { slug: experiment.slug, device, arms, shards: 1, configs: encoded, is_enough }
    }

    /// Returns the estimated seconds of `left` runs, from the times of the timed ones. The middle one counts
    /// twice.
    fn estimate(&self, times: &[RunTime], left: usize, kind: DeviceKind) -> f64 {
        let times: Vec<f64> = times.iter().map(RunTime::one_worker).collect();
        let mean = match *times {
            [first, middle, last] => (first + 2.0 * middle + last) / 4.0,
            _ => times.iter().sum::<f64>() / times.len().max(1) as f64,
        };
        let workers = workers_for(left * self.experiment.arms.len(), kind);
        mean * left as f64 / workers as f64
    }

    /// Returns the size of the sweep in words. `left` runs are not done yet.
    pub(super) fn words(
        &self,
        batch: &BatchHandle,
        times: &RunTimes,
        left: usize,
        kind: DeviceKind,
    ) -> String {
        let runs = self.points.len();
        let arms = self.experiment.arms.len();
        let each = if arms == 1 { "one network".to_owned() } else { format!("{arms} networks") };
        let known: Vec<&RunResult> = batch.results.iter().collect();
        let mean = known.iter().map(|result| result.seconds).sum::<f64>() / known.len().max(1) as f64;
        let time = match times {
            _ if batch.state == BatchState::Running => {
                "The time left is estimated after the first run.".to_owned()
            }
            RunTimes::Known(times) => {
                let seconds = self.estimate(times, left, kind);
                let of = if left < runs { format!(" for the {left} that are left") } else { String::new() };
                format!("It takes {}{of}, going by a few timed steps.", time_words(seconds))
            }
            _ if !known.is_empty() => {
                format!(
                    "At {mean:.1} s per run, as measured before, {} of computing.",
                    time_words(mean * left as f64)
                )
            }
            RunTimes::Open => "Timing a few steps…".to_owned(),
            RunTimes::Unknown => "The time is estimated after the first run.".to_owned(),
        };
        format!("{runs} runs of {each} each. {time}")
    }

    /// Returns the lines of the result.
    pub(super) fn quantities(&self) -> Vec<Quantity> {
        let experiment = self.experiment;
        let (curves, arms) =
            (experiment.series(&self.base, &experiment.empty()), experiment.arms_of(&self.base));
        let of_curves = curves.iter().filter(|series| series.base == self.measure.name);
        let arm = |index: usize| arms.get(index).map_or("", |arm| arm.title).to_owned();
        let found: Vec<Quantity> = of_curves
            .map(|series| Quantity {
                name: series.metric.to_string(),
                legend: arm(series.arm),
                color: series.arm,
            })
            .collect();
        if !found.is_empty() {
            return found;
        }
        let metrics = experiment.metrics(&self.base, &experiment.empty());
        let named = metrics.into_iter().filter(|metric| is_named(arms, &metric.name, &self.measure.name));
        named
            .enumerate()
            .map(|(color, metric)| {
                let of_arm = arms
                    .iter()
                    .find(|arm| !arm.slug.is_empty() && metric.name.ends_with(&format!("_{}", arm.slug)));
                Quantity {
                    name: metric.name.into_owned(),
                    legend: of_arm.map_or_else(|| metric.title.to_string(), |arm| arm.title.to_owned()),
                    color,
                }
            })
            .collect()
    }

    /// Returns the name of the measured quantity if it is a metric and not a curve.
    pub(super) fn number(&self) -> Option<String> {
        let curves = self.experiment.series(&self.base, &self.experiment.empty());
        (!curves.iter().any(|series| series.base == self.measure.name)).then(|| self.measure.name.clone())
    }

    /// Returns the label of the vertical axis.
    pub(super) fn label(&self) -> String {
        let title = measures(self.experiment).into_iter().find(|(name, _)| *name == self.measure.name);
        self.measure.words(&title.map_or_else(|| self.measure.name.clone(), |(_, title)| title))
    }

    /// Returns the measured value of a run.
    pub(super) fn value(&self, result: &RunResult, name: &str) -> Option<f64> {
        match result.curves.get(name) {
            Some(points) => self.measure.of(points),
            None => result.numbers.get(name).copied(),
        }
    }

    /// Returns the settings and the value of each seed at one point, seed by seed.
    fn values_at(&self, results: &[RunResult], name: &str, at: &[usize]) -> Vec<(&Values, f64)> {
        let here = |result: &RunResult| {
            let point = self.points.get(result.run).filter(|point| point.at == at)?;
            Some((point.seed, &point.config, self.value(result, name)?))
        };
        let mut found: Vec<_> = results.iter().filter_map(here).collect();
        // Results are in the order in which the runs ended.
        found.sort_by_key(|(seed, ..)| *seed);
        found.into_iter().map(|(_, config, value)| (config, value)).collect()
    }

    /// Returns the spread over the seeds at one point.
    pub(super) fn spread(&self, results: &[RunResult], name: &str, at: &[usize]) -> Option<Spread> {
        Spread::of(self.values_at(results, name, at).into_iter().map(|(_, value)| value))
    }

    /// Returns the settings of the run that represents a point of the chart: the seed nearest to the median.
    pub(super) fn median_run(&self, results: &[RunResult], name: &str, at: &[usize]) -> Option<&Values> {
        let found = self.values_at(results, name, at);
        let values = || found.iter().map(|(_, value)| *value);
        let nearest = Spread::of(values())?.nearest(values())?;
        found.get(nearest).map(|(config, _)| *config)
    }
}

/// Returns the quantities of a run: kinds of curves, then metrics, each with its title without the network's
/// name.
pub(super) fn measures(experiment: &AnyExperiment) -> Vec<(String, String)> {
    let AnyExperiment { schema, arms, .. } = experiment;
    let (record, defaults) = (experiment.empty(), experiment.config(schema.defaults()));
    let mut known: Vec<(String, String)> = Vec::new();
    let curves = experiment
        .series(&defaults, &record)
        .into_iter()
        .map(|series| (series.base.to_owned(), series.title.to_string(), series.arm));
    let numbers = experiment.metrics(&defaults, &record).into_iter().map(|metric| {
        let arm = arms
            .iter()
            .position(|arm| !arm.slug.is_empty() && metric.name.ends_with(&format!("_{}", arm.slug)));
        let base = arm.and_then(|arm| metric.name.strip_suffix(&format!("_{}", arms.get(arm)?.slug)));
        (base.unwrap_or(&metric.name).to_owned(), metric.title.to_string(), arm.unwrap_or(0))
    });
    for (name, title, arm) in curves.chain(numbers) {
        let net = arms.get(arm).map_or("", |arm| arm.title);
        let title = title.replace(&format!(", {net}"), "");
        if known.iter().all(|(other, _)| *other != name) {
            known.push((name, title));
        }
    }
    known
}
