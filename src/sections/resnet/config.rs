//! The settings of section 3.

use super::{Dataset, OptimizerKind};
use crate::core::data_set::DataId;
use crate::core::settings::{Settings, SweepPreset, from_query};
use crate::data::dataset::{PictureShape, SetInfo};

crate::choices! {
    /// The layers of a residual block.
    pub enum BlockChoice {
        Basic = "basic", "Basic";
        Bottleneck = "bottleneck", "Bottleneck";
    }
}

crate::choices! {
    /// The shortcuts of the residual network: the options of He et al. 2016, section 4.1.
    pub enum ShortcutChoice {
        A = "a", "A: zero padding";
        B = "b", "B: projection where the shape changes";
        C = "c", "C: projection everywhere";
    }
}

crate::choices! {
    /// The order of the layers in a block.
    pub enum OrderChoice {
        Post = "post", "ReLU after the addition";
        Pre = "pre", "Pre-activation";
    }
}

crate::choices! {
    /// The distribution of the initial weights.
    pub enum InitChoice {
        Pytorch = "pytorch", "PyTorch's default";
        He = "he", "He";
        Lecun = "lecun", "LeCun";
    }
}

crate::settings! {
    /// Settings of section 3.
    pub struct Config {
        depth: u32 = 20, list(8, 14, 20, 32, 44, 56), "Depth", "",
            "Layers with weights: 6n + 2 with basic blocks. Bottleneck networks have 9n + 2, so the nearest of those is built: 11 for 8 and 14, 29 for 32, 47 for 44.";
        block: BlockChoice = BlockChoice::Basic, choice, "Block", "F",
            "Basic: two 3 × 3 convolutions. Bottleneck: 1 × 1, 3 × 3, and 1 × 1 to four times the channels.";
        shortcut: ShortcutChoice = ShortcutChoice::B, choice, "Shortcuts", "s",
            "Options of He et al. 2016, section 4.1. A has no parameters: where the shape changes, it skips pixels and adds channels of zeros. B has a 1 × 1 convolution there, C in every block.";
        order: OrderChoice = OrderChoice::Post, choice, "Order of layers", "",
            "ReLU after the addition: convolution, batch norm, ReLU (He et al. 2016). Pre-activation: batch norm, ReLU, convolution, and nothing after the addition, so that the shortcuts carry the signal unchanged (He et al. 2016b).";
        width: f64 = 0.25, list(0.25 "¼: 4, 8, 16", 0.5 "½: 8, 16, 32", 1 "1: 16, 32, 64"), "Width", "c",
            "Channels in the three stages. The paper has 16, 32 and 64; a quarter of that is bearable on a CPU.";
        batch_norm: bool = false, switch, "Batch norm", "",
            "Whether each convolution is followed by batch norm (Ioffe and Szegedy 2015), or has a bias instead.";
        init: InitChoice = InitChoice::Pytorch, choice, "Initialization", "",
            "Of the convolutions: PyTorch's default (variance 1/(3 fan-in), random biases), He (2/fan-in; He et al. 2015) or LeCun (1/fan-in; LeCun et al. 1998). The last layer always has variance 1/fan-in and biases of zero. With batch norm the scale hardly matters.";
        dataset: Dataset = Dataset::FashionMnist, choice, "Images", "",
            "Grayscale images of clothes at 64 gray levels, or color photographs if you have added their files. Networks train on 10,000 images and are tested on 500. Your own pictures: what you add in the chapter “Your pictures”.";
        data: String = String::new(), text(DataId::check_pictures, "the name of a set of pictures, such as `c3s32k4-9f86d081884c7d65`"), "Your pictures", "",
            "The set of your own pictures, by its shape and the hash of its content. The chapter “Your pictures” sets it.";
        side: u32 = 16, list(16 "16 (averaged)", 32), "Image side", "",
            "Pixels. Averaging 2 × 2 pixels of the 32 × 32 images makes a step about four times faster.";
        augment: bool = false, switch, "Crop and flip", "",
            "Whether training images are moved by up to 4 pixels and mirrored at random.";
        optimizer: OptimizerKind = OptimizerKind::Adam, choice, "Optimizer", "",
            "Adam (Kingma and Ba 2015), SGD with momentum 0.9 as in the paper, or plain SGD.";
        learning_rate: f64 = 0.003, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "With SGD, an update is η times the gradient. Adam first divides each gradient by its recent size. You can change η during training.";
        batch_size: u32 = 32, int(2, 128, log), "Batch size", "B",
            "Images in one step; both networks see the same ones.";
        shards: u32 = 1, list(1, 2, 4, 8), "Shards of a batch", "",
            "Parts of each batch that different cores may compute. Their gradients are added in a fixed order, so that a run gives the same numbers on any number of cores. Another number of shards changes the rounding only. Batch norm needs whole batches, so a network with it is not split.";
        steps: u32 = 240, int(1, 20_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the initial weights, the order of images, and which of your own pictures are held out. The same seed gives the same run on the same device.";
        n_seeds: u32 = 3, int(1, 20) live, "Random initializations", "",
            "Initial networks whose gradients are measured in the gradient figures: the line is their geometric mean, the band goes from minimum to maximum.";
    }
    presets {
        "vanishing", "Vanishing gradients",
            "20 layers without batch norm, PyTorch's default initialization: almost no gradient reaches the first blocks of the plain network, and it stays at chance. The residual network learns."
            => {}
        "batch-norm", "The same with batch norm",
            "Batch norm alone is enough at 20 layers: the gradients no longer vanish, they grow toward the input, and the plain network learns, too. Compare the speed of both."
            => { batch_norm: "1" }
        "degradation", "Degradation",
            "56 layers with batch norm: no gradient vanishes, and yet the plain network’s training loss falls more slowly. Residual networks were made for this. He et al. compare two depths; so does the sweep “Degradation” in the chapter of checks."
            => { depth: "56", batch_norm: "1", init: "he", optimizer: "momentum", learning_rate: "0.05", steps: "160" }
        "he", "He’s initialization",
            "20 layers without batch norm, but with larger initial weights: weight gradients keep their size in the plain network, and it learns."
            => { init: "he" }
        "explosion", "Exploding signal",
            "56 layers, He’s initialization, no batch norm: every block roughly doubles the mean square of the residual network’s signal, so its first loss is huge, and neither network learns in these steps. A shortcut alone is not enough."
            => { depth: "56", init: "he", steps: "120" }
        "paper", "ResNet-20 of the paper",
            "The paper’s network with option A, full width, 32 × 32 pixels, He initialization, batches of 128 with crop and flip, momentum and learning rate 0.1. Three things differ from the paper’s run. It takes 64,000 steps; this preset takes 2,000. It divides the learning rate by 10 after 32,000 and 48,000 steps, and uses weight decay 0.0001; this preset does neither. Its images are all 50,000 of CIFAR-10; here they are 10,000 of Fashion-MNIST, or of CIFAR-10 if you add its files. You need a real GPU: on a CPU each step takes seconds."
            => { shortcut: "a", width: "1", side: "32", batch_norm: "1", init: "he", augment: "1", optimizer: "momentum", learning_rate: "0.1", batch_size: "128", steps: "2000" }
    }
    sweeps {
        "Accuracy over depth", "Test accuracy after 60 steps without batch norm: at 20 layers the plain network is still at chance (0.1), while the residual one learns at each depth."
            => { sweep: "depth:8,14,20", measure: "accuracy", seeds: "3"; steps: "60" }
        "Accuracy over depth, batch norm", "Test accuracy after 60 steps with batch norm: about equal at 8 layers. With more layers the plain network is slower to learn, the residual one is not."
            => { sweep: "depth:8,14,20", measure: "accuracy", seeds: "3"; batch_norm: "1", steps: "60" }
        "Degradation: 20 and 56 layers", "Training error with batch norm. He et al. (2016) call it degradation when the deeper of two plain networks ends with the higher training error. In these 160 steps no network has converged, so the sweep shows its start: compare the plain networks of 20 and 56 layers, then the residual ones."
            => { sweep: "depth:20,56", measure: "train_error", seeds: "3"; batch_norm: "1", init: "he", optimizer: "momentum", learning_rate: "0.05", steps: "160" }
    }
}

impl Config {
    /// Returns the number of blocks in each of the three stages, `n`.
    pub const fn blocks_per_stage(&self) -> u32 {
        match (self.block, self.depth) {
            (BlockChoice::Basic, depth) => depth.saturating_sub(2) / 6,
            // The nearest depth of the form 9n + 2.
            (BlockChoice::Bottleneck, 0..=14) => 1,
            (BlockChoice::Bottleneck, 15..=20) => 2,
            (BlockChoice::Bottleneck, 21..=32) => 3,
            (BlockChoice::Bottleneck, 33..=44) => 5,
            (BlockChoice::Bottleneck, _) => 6,
        }
    }

    /// Returns the number of layers with weights that are built, without projections.
    pub const fn depth_built(&self) -> u32 {
        let convs = match self.block {
            BlockChoice::Basic => 2,
            BlockChoice::Bottleneck => 3,
        };
        3 * convs * self.blocks_per_stage() + 2
    }

    /// Returns the number of steps between measurements of the gradients: at most [`MAX_COLUMNS`] per run.
    pub fn norm_interval(&self) -> u32 {
        self.steps.div_ceil(MAX_COLUMNS).max(1)
    }

    /// Returns the sizes of the data set on which networks depend.
    pub fn picture_shape(&self) -> PictureShape {
        self.dataset.shape(&self.data)
    }

    /// Returns true if this is the data set of the settings.
    pub fn is_data(&self, info: &SetInfo) -> bool {
        info.is_of(self.dataset, &self.data)
    }

    /// Returns the number of channels in the first stage: the paper's 16 times the width.
    pub fn channels(&self) -> u32 {
        (16.0 * self.width) as u32
    }
}

/// The depths of the prepared sweep about degradation.
pub const DEPTHS: [u32; 2] = [20, 56];

impl Config {
    /// Returns the prepared sweep over [`DEPTHS`].
    pub fn depth_sweep() -> Option<&'static SweepPreset> {
        let first = format!("depth:{}", DEPTHS.map(|depth| depth.to_string()).join(","));
        Self::SWEEPS.iter().find(|sweep| sweep.sweep.contains(&("sweep", first.as_str())))
    }

    /// Returns the settings of the prepared sweep for one of its depths.
    pub fn of_depth_sweep(depth: u32) -> Self {
        let values = Self::depth_sweep().map(|sweep| sweep.values).unwrap_or_default();
        let (config, _) = from_query(&Self::default(), &values.iter().copied().collect());
        Self { depth, ..config }
    }
}

/// The maximum number of columns in a heatmap of gradients.
const MAX_COLUMNS: u32 = 60;
