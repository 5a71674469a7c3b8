//! Section 2: what a convolution gives out and costs, and what making it depthwise separable saves.
//!
//! The probe holds the output-size formula and the counts of parameters and multiply-adds against real convolutions; the
//! run trains a five-block net and its depthwise separable twin on the same batches from the same seed.

mod checks;
mod config;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
mod record;
#[cfg(feature = "compute")]
mod train;

pub use checks::{
    BlockCounts, ConvShape, KNOWN_SHAPES, block_formula, conv_params, net_params, output_size, reach,
    separable_params, separable_share,
};
pub use config::Config;
#[cfg(feature = "page")]
pub use panel::CnnPanel;
pub use record::{Looks, NetRecord, Record, Wrongs};

use crate::core::Check;
use crate::core::curve::RunSeries;
use crate::run::Experiment;
pub use crate::run::images::Dataset;
use crate::run::timing::StepTimes;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 2.
#[derive(Debug)]
pub struct Cnn;

/// Training images in the sample grid.
pub const N_SAMPLES: usize = 30;
/// Test images of which one is chosen to look inside with.
pub const N_CHOICES: usize = 12;
/// Feature maps of each block that are sent; more would not be seen.
pub const N_MAPS: usize = 8;
/// Wrongly classified test images that are sent.
pub const N_WRONG: usize = 15;
/// Height and width of the maps that the blocks' multiply-adds are counted on.
pub const BLOCK_SIDE: u32 = 8;

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// What real convolutions gave: the one of the settings, if it is possible, and the known ones.
    Shapes { measured: Option<u32>, known: Vec<u32> },
    /// Parameters and multiply-adds counted from the two blocks.
    Blocks(BlockCounts),
    /// Parameters and multiply-adds for one image, counted from the two nets.
    Nets { conv: Cost, separable: Cost },
    /// Whether CIFAR-10 is at hand.
    Available { cifar10: bool },
    /// Images of the data set.
    Samples(Rc<Samples>),
    /// The next stretch of training.
    Train(Rc<StepBatch>),
    /// How both nets do on the test images.
    Scores(Rc<Scores>),
    /// What both nets make of some of the test images.
    Looks(Rc<Vec<ImageView>>),
}

/// What a net or a block costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    pub params: u64,
    pub multiply_adds: u64,
}

/// Some images and what they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// 1 or 3.
    pub channels: u32,
    pub side: u32,
    /// `[n, channels, side, side]`
    pub pixels: Vec<u8>,
    /// `[n]`
    pub labels: Vec<u8>,
}

/// What there is to learn from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    pub dataset: Dataset,
    /// Training images as they are.
    pub train: Pictures,
    /// The same, moved and mirrored as the settings say; empty where they say neither.
    pub augmented: Pictures,
    /// Test images to look inside with.
    pub test: Pictures,
    pub n_train: u32,
    pub n_test: u32,
    /// Of each channel, between 0 and 1.
    pub mean: Vec<f32>,
    pub std: Vec<f32>,
}

/// What happened since the last frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepBatch {
    /// The step of the first loss; the first step of a run is 1.
    pub first_step: u32,
    pub steps_per_epoch: u32,
    pub conv: NetStepBatch,
    pub separable: NetStepBatch,
}

/// One net's part of a stretch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetStepBatch {
    /// Cross-entropy of each step's batch, in nats.
    pub losses: Vec<f32>,
    /// How long steps took that were waited for, in milliseconds.
    pub times: StepTimes,
}

/// Both nets on the test images, at an epoch's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// 0 before training.
    pub epoch: u32,
    pub conv: Score,
    pub separable: Score,
}

/// One net on the test images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub accuracy: f32,
    /// `[class, predicted]`: how many.
    pub confusion: Vec<u32>,
    /// The first images that it is wrong about.
    pub wrong: Pictures,
    /// What it takes them for, and how sure it is.
    pub answers: Vec<(u8, f32)>,
}

/// What both nets make of one test image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageView {
    /// Its number.
    pub image: u32,
    pub step: u32,
    pub conv: NetView,
    pub separable: NetView,
}

/// What one net makes of an image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetView {
    /// The weights of the first convolution, `[c_out, c_in, 3, 3]`.
    pub filters: Vec<f32>,
    /// The first maps of each block, after ReLU and before pooling.
    pub blocks: Vec<Maps>,
    /// A probability for each class.
    pub probabilities: Vec<f32>,
}

/// The first maps of a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Maps {
    /// How many the block has.
    pub channels: u32,
    pub side: u32,
    /// `[at most N_MAPS, side, side]`
    pub values: Vec<f32>,
}

impl Experiment for Cnn {
    const SLUG: &'static str = "cnn";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    fn absorb(record: &mut Record, frame: Frame) {
        record.absorb(frame);
    }

    fn clear_run(record: &mut Record) {
        record.clear_run();
    }

    fn checks(config: &Config, record: &Record) -> Vec<Check> {
        checks::checks(config, record)
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        let steps = f64::from(record.steps_per_epoch);
        let net = |slug: &'static str, words: &'static str, net: &NetRecord| {
            // Tested after each epoch; as curves over the run all count steps.
            let accuracies = net.accuracies.points().iter().map(|(epoch, y)| (epoch * steps, *y)).collect();
            [
                RunSeries::new(format!("loss_{slug}"), format!("Loss, {words}"), "nats", &net.losses),
                RunSeries::new(
                    format!("accuracy_{slug}"),
                    format!("Test accuracy, {words}"),
                    "",
                    &accuracies,
                ),
            ]
        };
        let mut series = Vec::from(net("conv", "ordinary", &record.conv));
        series.extend(net("separable", "separable", &record.separable));
        series
    }
}
