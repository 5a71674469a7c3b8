//! Section 2: what a convolution gives out and costs, and what making it depthwise separable saves.
//!
//! The probe holds the output-size formula and the counts of parameters and multiply-adds against real convolutions; the
//! run trains a five-block net and its depthwise separable twin on the same batches from the same seed.

mod chapters;
mod checks;
mod config;
mod experiments;
#[cfg(feature = "compute")]
mod inspect;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
#[cfg(feature = "compute")]
mod probe;
mod products;
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
pub use products::{ChannelSum, Conv, Layer, Mixed, Sum, Tap};
pub use record::{CONV, ActivationMaps, NetRecord, Record, SEPARABLE, Wrongs};

use crate::core::curve::RunSeries;
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
pub use crate::data::dataset::Dataset;
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
/// Layers whose convolutions are sent number by number: the first, and the first that is separable in one of the nets.
pub const N_LAYERS: usize = 2;
/// Wrongly classified test images that are sent.
pub const N_WRONG: usize = 12;
/// Height and width of the maps that the blocks' multiply-adds are counted on.
pub const BLOCK_SIDE: u32 = 8;

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// What real convolutions gave: the one of the settings, if it is possible, and the known ones.
    Shapes { measured: Option<u32>, known: Vec<u32> },
    /// Parameters and multiply-adds counted from the two blocks.
    Blocks(BlockCounts),
    /// Parameters and MACs for one image, counted from the two nets.
    Nets { conv: Cost, separable: Cost },
    /// Whether CIFAR-10 is at hand.
    Available { cifar10: bool },
    /// Images of the data set.
    Samples(Rc<Samples>),
    /// The next steps of an arm's training.
    Train { steps: StepBatch, steps_per_epoch: u32 },
    /// How an arm's net does on the test images after an epoch; 0 is before training.
    Score { epoch: u32, score: Rc<Score> },
    /// What an arm's net makes of some of the test images.
    ActivationMaps(Vec<Rc<ImageView>>),
    /// What both nets make of the chosen test image before any training.
    Untrained([Rc<ImageView>; 2]),
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

/// What a net makes of one test image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageView {
    /// Its number.
    pub image: u32,
    pub step: u32,
    /// The weights of the first convolution, `[c_out, c_in, 3, 3]`.
    pub filters: Vec<f32>,
    /// What the first layers compute, number by number.
    pub layers: Vec<Layer>,
    /// The first maps of each block.
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
    /// `[at most N_MAPS, side, side]`: what ReLU is given.
    pub sums: Vec<f32>,
}

impl Maps {
    /// What ReLU gives, before pooling: each map by itself.
    pub fn activations(&self) -> impl Iterator<Item = Vec<f32>> {
        let size = (self.side * self.side).max(1) as usize;
        self.sums.chunks_exact(size).map(|map| map.iter().map(|sum| sum.max(0.0)).collect())
    }
}

impl Experiment for Cnn {
    const SLUG: &'static str = "cnn";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    crate::own_files!();
    const ARMS: &'static [Arm] = &[
        Arm { slug: "conv", title: "convolutional", net: "convolutional network" },
        Arm { slug: "separable", title: "separable", net: "separable network" },
    ];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        record.apply_frame(arm, frame);
    }

    fn copy_probe(probed: &Record, further: &mut Record) {
        further.measured = probed.measured;
        further.known = probed.known.clone();
        further.blocks = probed.blocks;
        further.nets = probed.nets;
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            // Tested after each epoch; as curves over the run all count steps.
            let steps = f64::from(net.steps_per_epoch);
            let accuracies = net.accuracies.iter().map(|(epoch, y)| (epoch * steps, *y)).collect();
            vec![
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Test accuracy", "", &accuracies),
            ]
        })
    }
}
