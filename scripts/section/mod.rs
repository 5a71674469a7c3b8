//! SECTION_TITLE: one weight learns the slope of a line. This is the template; replace it with your own question.

mod checks;
mod config;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod train;

pub use config::Config;
#[cfg(feature = "page")]
pub use panel::{SectionPanel, cover};

use crate::core::Check;
use crate::core::chapter::Chapter;
use crate::core::curve::{Curve, RunSeries};
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
use serde::{Deserialize, Serialize};

/// The experiment of this section.
#[derive(Debug)]
pub struct Section;

/// A message from the worker to the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The steps since the last frame, and the weight after them.
    Train {
        /// The steps.
        steps: StepBatch,
        /// The weight.
        weight: f32,
    },
}

/// Everything that the page has received from the current run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// One entry per network.
    pub arms: [NetRecord; 1],
}

/// The part of the record that belongs to one network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// The loss of every step.
    pub losses: Curve,
    /// The weight after the last step.
    pub weight: Option<f64>,
}

impl Experiment for Section {
    const SLUG: &'static str = "section_slug";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    const CHAPTERS: &'static [Chapter] = &[Chapter {
        slug: "training",
        tab: "Training",
        title: "Does gradient descent find the slope?",
        figures: &[("loss", "Training loss")],
        readouts: &[],
        trains: true,
    }];
    const MAIN_METRICS: &'static str = "loss_line weight";
    const ARMS: &'static [Arm] = &[Arm { slug: "line", title: "line", net: "line" }];

    fn apply_frame(record: &mut Record, _arm: usize, frame: Frame) {
        let ([net], Frame::Train { steps, weight }) = (&mut record.arms, frame);
        net.losses.extend_steps(steps.first_step, &steps.losses);
        net.weight = Some(weight.into());
    }

    crate::own_arms!();

    fn metrics(_config: &Config, record: &Record) -> Vec<Metric> {
        let [net] = &record.arms;
        vec![
            Metric::new("loss_line", "Loss", net.losses.last_y()),
            Metric::new("weight", "Weight", net.weight),
        ]
    }

    fn checks(config: &Config, record: &Record) -> Vec<Check> {
        checks::checks(config, record)
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| vec![ArmSeries::new("loss", "Loss", "", &net.losses)])
    }
}
