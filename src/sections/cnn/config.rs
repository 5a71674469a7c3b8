//! What the visitor sets in section 2.

use super::{Dataset, N_CHOICES};
use crate::core::settings::{Kind, Param, Preset, Settings};
use serde::{Deserialize, Serialize};

/// Settings of section 2; [`Settings::PARAMS`] explains each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub size: u32,
    pub kernel: u32,
    pub stride: u32,
    pub padding: u32,
    pub dilation: u32,
    pub c_in: u32,
    pub c_out: u32,
    pub block_kernel: u32,
    pub dataset: Dataset,
    pub n_train: u32,
    pub n_test: u32,
    pub crop: bool,
    pub flip: bool,
    pub width: u32,
    pub learning_rate: f64,
    pub batch_size: u32,
    pub epochs: u32,
    pub seed: u32,
    pub image: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            size: 7,
            kernel: 3,
            stride: 2,
            padding: 1,
            dilation: 1,
            c_in: 64,
            c_out: 128,
            block_kernel: 3,
            dataset: Dataset::FashionMnist,
            n_train: 4000,
            n_test: 1000,
            crop: false,
            flip: false,
            width: 8,
            learning_rate: 0.003,
            batch_size: 32,
            epochs: 10,
            seed: 1,
            image: 1,
        }
    }
}

const fn int(
    key: &'static str,
    label: &'static str,
    symbol: &'static str,
    (min, max, log): (u32, u32, bool),
    live: bool,
    help: &'static str,
) -> Param {
    Param { key, label, symbol, help, kind: Kind::Int { min, max, log }, live }
}

const fn switch(key: &'static str, label: &'static str, help: &'static str) -> Param {
    Param { key, label, symbol: "", help, kind: Kind::Switch, live: false }
}

impl Settings for Config {
    const PARAMS: &'static [Param] = &[
        int("size", "Input size", "H", (1, 32, false), true, "Height and width of the input, in pixels."),
        int(
            "kernel",
            "Kernel size",
            "K",
            (1, 11, false),
            true,
            "Height and width of the kernel, in weights.",
        ),
        int("stride", "Stride", "S", (1, 8, false), true, "Pixels from one stop of the kernel to the next."),
        int(
            "padding",
            "Padding",
            "P",
            (0, 8, false),
            true,
            "Zeros laid around the input, in pixels on each side.",
        ),
        int(
            "dilation",
            "Dilation",
            "D",
            (1, 6, false),
            true,
            "Pixels between neighbouring weights of the kernel; 1 leaves no gap.",
        ),
        int("c_in", "Channels in", "C_in", (1, 256, true), true, "Channels that the two blocks take."),
        int("c_out", "Channels out", "C_out", (1, 256, true), true, "Channels that the two blocks give."),
        int(
            "block_kernel",
            "Kernel size",
            "K",
            (1, 11, false),
            true,
            "Kernel of the two blocks that are counted.",
        ),
        Param {
            key: "dataset",
            label: "Data set",
            symbol: "",
            help: "Fashion-MNIST: grey images of ten kinds of clothes, 28 × 28, padded to 32 × 32. CIFAR-10: colour photographs, \
                   32 × 32, which you add yourself.",
            kind: Kind::Choice(Dataset::CHOICES),
            live: false,
        },
        int(
            "n_train",
            "Training images",
            "n",
            (20, 50_000, true),
            false,
            "Images that are learned, the first ones of the set; all of them where there are fewer. An epoch sees each once.",
        ),
        int(
            "n_test",
            "Test images",
            "",
            (20, 10_000, true),
            false,
            "Images never trained on that accuracy is measured on after every epoch.",
        ),
        switch(
            "crop",
            "Random crop",
            "Moves each training image by up to 4 pixels each way, at random, anew in every epoch.",
        ),
        switch("flip", "Random flip", "Mirrors each training image left to right, every other time."),
        int(
            "width",
            "Width",
            "w",
            (1, 32, true),
            false,
            "Channels after the first block; the five blocks have w, 2w, 4w, 8w and 8w.",
        ),
        Param {
            key: "learning_rate",
            label: "Learning rate",
            symbol: "η",
            help: "Length of a step of Adam (Kingma and Ba 2015). It may be changed while the nets train.",
            kind: Kind::Float { min: 1e-5, max: 1.0, log: true },
            live: true,
        },
        int(
            "batch_size",
            "Batch size",
            "B",
            (1, 256, true),
            false,
            "Images in one step; both nets see the same ones.",
        ),
        int("epochs", "Epochs", "", (1, 100, true), false, "Times that every training image is seen."),
        int(
            "seed",
            "Seed",
            "",
            (0, 999_999, false),
            false,
            "Draws the initial weights, the order of batches, crops and flips. The same seed gives the same run on the same device.",
        ),
        int(
            "image",
            "Test image",
            "",
            (1, N_CHOICES as u32, false),
            true,
            "Which of the test images goes through the nets in the figures of the feature maps.",
        ),
    ];

    const PRESETS: &'static [Preset] = &[
        Preset {
            slug: "quick",
            title: "A first look",
            help: "1,000 images, three epochs: half a minute on a slow computer, and well above a guess.",
            values: &[("n_train", "1000"), ("epochs", "3"), ("n_test", "500")],
        },
        Preset {
            slug: "wide",
            title: "Wider nets",
            help: "With more channels most of the time goes into multiply-adds, and the separable twin pulls ahead. A step takes longer.",
            values: &[("width", "24"), ("n_train", "1000"), ("epochs", "5"), ("n_test", "500")],
        },
        Preset {
            slug: "augmented",
            title: "Crop and flip",
            help: "Few images, many epochs, each image a little different every time: the nets cannot learn them by heart.",
            values: &[
                ("n_train", "1000"),
                ("epochs", "30"),
                ("n_test", "500"),
                ("crop", "true"),
                ("flip", "true"),
            ],
        },
    ];
}
