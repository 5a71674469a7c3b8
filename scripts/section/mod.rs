//! SECTION_TITLE: one weight learns the slope of a line. Made from the template; put your own question in its place.

mod checks;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod train;

#[cfg(feature = "page")]
pub use panel::SectionPanel;

use crate::core::Check;
use crate::core::chapter::Chapter;
use crate::core::metric::Metric;
use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
use serde::{Deserialize, Serialize};

/// The experiment of this section.
#[derive(Debug)]
pub struct Section;

crate::settings! {
    /// Settings of this section.
    pub struct Config {
        slope: f64 = 2.0, float(-10.0, 10.0), "Slope", "a",
            "The slope that the weight should find.";
        learning_rate: f64 = 0.1, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "Step size of gradient descent. It may be changed during a run.";
        batch_size: u32 = 16, int(1, 256, log), "Batch size", "B",
            "Points in one step.";
        steps: u32 = 100, int(1, 10_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the points. The same seed gives the same run on the same device.";
    }
    presets {
        "steep", "Steep", "A larger slope takes more steps." => { slope: "8" }
    }
    sweeps {
        "Loss over learning rate", "How far the weight comes with steps of different sizes."
            => { sweep: "learning_rate:0.001,0.01,0.1,1", measure: "loss" }
    }
}

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// The next steps, and the weight after them.
    Train { steps: StepBatch, weight: f32 },
}

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub arms: [NetRecord; 1],
}

/// The weight's run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    pub losses: Curve,
    pub weight: Option<f64>,
}

impl Experiment for Section {
    const SLUG: &'static str = "section_slug";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    const CHAPTERS: &'static [Chapter] = &[Chapter {
        slug: "training",
        title: "Does gradient descent find the slope?",
        figures: &[("loss", "Training loss")],
        trains: true,
    }];
    const ARMS: &'static [Arm] = &[Arm { slug: "line", title: "line", net: "line" }];

    fn apply_frame(record: &mut Record, _arm: usize, frame: Frame) {
        let ([net], Frame::Train { steps, weight }) = (&mut record.arms, frame);
        net.losses.extend_steps(steps.first_step, &steps.losses);
        net.weight = Some(weight.into());
    }

    crate::own_arms!();

    fn metrics(_config: &Config, record: &Record) -> Vec<Metric> {
        let [net] = &record.arms;
        vec![Metric::new("loss_line", "Loss", net.losses.last_y()), Metric::new("weight", "Weight", net.weight)]
    }

    fn checks(config: &Config, record: &Record) -> Vec<Check> {
        checks::checks(config, record)
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| vec![ArmSeries::new("loss", "Loss", "", &net.losses)])
    }
}
