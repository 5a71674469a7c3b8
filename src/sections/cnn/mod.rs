//! Section 2: the output size and the cost of a convolution, and the savings of a depthwise separable one.
//!
//! The probe compares the formulas for output sizes, parameters and multiply-accumulates with real
//! convolutions. The run trains a five-block network and a depthwise separable one on the same batches from
//! the same seed.

mod chapters;
mod checks;
mod code;
mod config;
mod experiments;
mod formulas;
#[cfg(feature = "compute")]
mod inspect;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
mod planes;
mod pooling;
#[cfg(feature = "compute")]
mod probe;
mod products;
mod receptive;
mod record;
#[cfg(feature = "compute")]
mod score;
#[cfg(feature = "compute")]
mod train;

pub use config::{Compare, Config};
pub use formulas::{
    BlockCounts, ConvShape, KNOWN_SHAPES, N_NET_LAYERS, block_formula, conv_params, effective_kernel,
    net_layers, net_params, output_size, separable_params, separable_savings, taps,
};
#[cfg(feature = "page")]
pub use panel::{CnnPanel, cover};
pub use planes::{Dense, N_SHIFT_MAPS, Planes, Shift, dense_layer, drawn, edge_kernels};
pub use pooling::{POOLINGS, Pooling, Windows, relative_change, shift_changes};
pub use products::{ChannelSum, Conv, Layer, Mixed, Sum, Tap};
pub use receptive::{
    REACH_SIDE, Reach, StackKind, StackLayer, effective_size, extent, path_counts, reaches, span,
};
pub use record::{ActivationMaps, CONV, Misclassified, NetRecord, Record, SEPARABLE};

use crate::core::curve::{Curve, RunSeries};
pub use crate::data::dataset::Dataset;
use crate::data::dataset::SetInfo;
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 2.
#[derive(Debug)]
pub struct Cnn;

/// The number of training images in the sample grid.
pub const N_SAMPLES: usize = 30;
/// The number of test images that can be selected for the feature maps.
pub const N_CHOICES: usize = 12;
/// The maximum number of feature maps per block that are sent to the page.
pub const N_MAPS: usize = 8;
/// The number of layers whose convolutions are sent with all their numbers: the first, and the first
/// separable one.
pub const N_LAYERS: usize = 2;
/// The maximum number of misclassified test images that are sent.
pub const N_MISCLASSIFIED: usize = 12;
/// The maximum number of test images on which the untrained networks are tested, so that changes of settings stay fast.
pub const N_UNTRAINED: usize = 200;
/// Height and width of the maps for which the multiply-accumulates of the blocks are counted.
pub const BLOCK_SIDE: u32 = 8;

/// A message from the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// Output sizes of real convolutions.
    Shapes {
        /// The convolution of the settings; `None` if it is impossible.
        measured: Option<u32>,
        /// The convolutions of [`KNOWN_SHAPES`].
        known: Vec<u32>,
    },
    /// Parameters and multiply-accumulates counted in the two blocks.
    Blocks(BlockCounts),
    /// Parameters, and multiply-accumulates for one image, counted in the network of each arm.
    Nets([Cost; 2]),
    /// True if the files of CIFAR-10 are available.
    Cifar10(bool),
    /// Images of the data set.
    Samples(Rc<Samples>),
    /// The next steps of an arm's training.
    Train {
        /// The steps and their losses.
        steps: StepBatch,
        /// The number of steps per epoch.
        steps_per_epoch: u32,
    },
    /// The result of an arm's network on the test images.
    Score {
        /// The number of epochs done; 0 is before training.
        epoch: u32,
        /// The result.
        score: Rc<Score>,
    },
    /// The activations of an arm's network for some test images.
    ActivationMaps(Vec<Rc<ImageView>>),
    /// The activations of both untrained networks for the selected test image.
    Untrained([Rc<ImageView>; 2]),
    /// The results of both untrained networks on the first [`N_UNTRAINED`] test images.
    UntrainedScores([Rc<Score>; 2]),
    /// The size of the receptive field of a real stack of convolutions; `None` if it is larger than the image on
    /// which it is measured.
    Reach(Option<u32>),
}

/// The cost of a network or a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// The number of parameters.
    pub params: u64,
    /// The number of multiply-accumulates.
    pub multiply_adds: u64,
}

/// Images and their classes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pictures {
    /// The number of channels: 1 or 3.
    pub channels: u32,
    /// Height and width in pixels.
    pub side: u32,
    /// `[n, channels, side, side]`.
    pub pixels: Vec<u8>,
    /// Classes, `[n]`.
    pub labels: Vec<u8>,
}

/// The data set and some of its images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// The data set that the images are from.
    pub info: SetInfo,
    /// Training images without augmentation.
    pub train: Pictures,
    /// The same images, cropped and flipped by the settings; empty without augmentation.
    pub augmented: Pictures,
    /// Test images for the feature maps.
    pub test: Pictures,
    /// The number of training images.
    pub n_train: u32,
    /// The number of test images.
    pub n_test: u32,
    /// The mean of each channel, between 0 and 1.
    pub mean: Vec<f32>,
    /// The standard deviation of each channel.
    pub std: Vec<f32>,
}

/// The result of a network on the test images.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Test accuracy.
    pub accuracy: f32,
    /// The accuracy on the first training images, if it was measured.
    pub train_accuracy: Option<f32>,
    /// The number of images per class and prediction, `[n_classes, n_classes]`.
    pub confusion: Vec<u32>,
    /// The first misclassified images.
    pub misclassified: Pictures,
    /// The predicted class of each, and its probability.
    pub answers: Vec<(u8, f32)>,
    /// The probabilities of the classes for the first [`N_CHOICES`] test images, `[n, n_classes]`.
    pub first: Vec<f32>,
}

/// The activations and the output of a network for one test image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ImageView {
    /// The number of the image, from 1.
    pub image: u32,
    /// The number of steps done.
    pub step: u32,
    /// The weights of the first convolution, `[c_out, c_in, 3, 3]`.
    pub filters: Vec<f32>,
    /// The first convolutions with all their numbers.
    pub layers: Vec<Layer>,
    /// The first maps of each block.
    pub blocks: Vec<Maps>,
    /// The probability of each class.
    pub probabilities: Vec<f32>,
}

/// The first maps of a block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Maps {
    /// The number of maps in the block.
    pub channels: u32,
    /// Height and width in pixels.
    pub side: u32,
    /// The input of ReLU for at most [`N_MAPS`] maps, `[maps, side, side]`.
    pub sums: Vec<f32>,
}

impl Maps {
    /// Returns the output of ReLU before pooling, map by map.
    pub fn activations(&self) -> impl Iterator<Item = Vec<f32>> {
        let size = (self.side * self.side).max(1) as usize;
        self.sums.chunks_exact(size).map(|map| map.iter().map(|sum| sum.max(0.0)).collect())
    }
}

impl Experiment for Cnn {
    const SLUG: &'static str = "cnn";

    crate::own_files!();

    fn shards(config: &Config) -> u32 {
        config.shards
    }

    const ARMS: &'static [Arm] = &[
        Arm { slug: "conv", title: "standard", net: "standard CNN" },
        Arm { slug: "separable", title: "separable", net: "separable CNN" },
    ];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        record.apply_frame(arm, frame);
    }

    fn copy_probe(probed: &Record, further: &mut Record) {
        further.measured = probed.measured;
        further.known = probed.known.clone();
        further.blocks = probed.blocks;
        further.nets = probed.nets;
        further.reach = probed.reach;
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            // Accuracies are measured per epoch, and curves of a run are over steps.
            let steps = f64::from(net.steps_per_epoch);
            let over_steps = |curve: &Curve| curve.iter().map(|(epoch, y)| (epoch * steps, *y)).collect();
            vec![
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Test accuracy", "", &over_steps(&net.accuracies)),
                ArmSeries::new("train_accuracy", "Training accuracy", "", &over_steps(&net.train_accuracies)),
            ]
        })
    }
}
