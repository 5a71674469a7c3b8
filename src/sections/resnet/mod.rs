//! Section 3: what shortcuts do for the gradient and for training.
//!
//! The probe counts parameters, follows the shapes through a real net, and sends one gradient back through a plain net
//! and its residual twin, with batch norm and without; the run trains both on the same batches.

mod chapters;
mod checks;
mod experiments;
mod metrics;
#[cfg(feature = "compute")]
mod nets;
#[cfg(feature = "page")]
mod panel;
mod paths;
#[cfg(feature = "compute")]
mod probe;
#[cfg(feature = "compute")]
mod train;

pub use checks::{Cause, Decay, cause, decay, params_formula};
#[cfg(feature = "page")]
pub use panel::ResNetPanel;
pub use paths::{BlockPaths, Flow as PathFlow, Paths};

use crate::core::curve::{Curve, RunSeries};
use crate::run::Experiment;
use crate::run::arm::{Arm, ArmSeries, StepBatch, series_of};
pub use crate::data::dataset::Dataset;
pub use crate::run::optimizer_kind::OptimizerKind;
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The experiment of section 3.
#[derive(Debug)]
pub struct ResNet;

crate::choices! {
    /// What a block is made of.
    pub enum BlockChoice {
        Basic = "basic", "Basic";
        Bottleneck = "bottleneck", "Bottleneck";
    }
}

crate::choices! {
    /// How initial weights are drawn.
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
        width: f64 = 0.25, list(0.25 "¼: 4, 8, 16", 0.5 "½: 8, 16, 32", 1 "1: 16, 32, 64"), "Width", "c",
            "Channels in the three stages. The paper has 16, 32 and 64; a quarter of that is bearable on a CPU.";
        batch_norm: bool = false, switch, "Batch norm", "",
            "Whether each convolution is followed by batch norm (Ioffe and Szegedy 2015), or has a bias instead.";
        init: InitChoice = InitChoice::Pytorch, choice, "Initialization", "",
            "PyTorch's default (variance 1/(3 fan-in), random biases), He (2/fan-in; He et al. 2015) or LeCun (1/fan-in; LeCun et al. 1998). With batch norm the scale hardly matters.";
        dataset: Dataset = Dataset::FashionMnist, choice, "Images", "",
            "Grayscale images of clothes, or color photographs if you have added their files.";
        side: u32 = 16, list(16 "16 (averaged)", 32), "Image side", "",
            "Pixels. Averaging 2 × 2 pixels of the 32 × 32 images makes a step about four times faster.";
        augment: bool = false, switch, "Crop and flip", "",
            "Whether training images are moved by up to 4 pixels and mirrored at random.";
        optimizer: OptimizerKind = OptimizerKind::Adam, choice, "Optimizer", "",
            "Adam (Kingma and Ba 2015), SGD with momentum 0.9 as in the paper, or plain SGD.";
        learning_rate: f64 = 0.003, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "Step size along the gradient. You can change it during training.";
        batch_size: u32 = 32, int(2, 128, log), "Batch size", "B",
            "Images in one step; both networks see the same ones.";
        steps: u32 = 240, int(1, 20_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the initial weights and the order of images. The same seed gives the same run on the same device.";
        n_seeds: u32 = 3, int(1, 20) live, "Random initializations", "",
            "Initial networks whose gradients are measured in the gradient figures: the line is their geometric mean, the band goes from the least to the greatest.";
    }
    presets {
        "vanishing", "Vanishing gradients",
            "20 layers without batch norm, PyTorch's default initialization: almost no gradient reaches the first blocks of the plain network, and it stays at chance. The residual network learns."
            => {}
        "batch-norm", "The same with batch norm",
            "Batch norm alone mends 20 layers: the gradients no longer vanish, they grow toward the input, and the plain network learns too, if more slowly."
            => { batch_norm: "1" }
        "degradation", "Degradation",
            "56 layers with batch norm: no gradient vanishes, and yet the plain network falls far behind: about half the residual one’s test accuracy, or less. This is what residual networks were made for."
            => { depth: "56", batch_norm: "1", init: "he", optimizer: "momentum", learning_rate: "0.05", steps: "160" }
        "he", "He’s initialization",
            "20 layers without batch norm, but with larger initial weights: gradients keep their size in the plain network, and it learns."
            => { init: "he" }
        "explosion", "Exploding signal",
            "56 layers, He’s initialization, no batch norm: each block adds as much as it is given, so the residual network’s signal grows by two fifths a block, its first loss is in the thousands, and neither network learns in these steps. A shortcut alone is not enough."
            => { depth: "56", init: "he", steps: "120" }
        "paper", "ResNet-20 of the paper",
            "Full width, 32 × 32 pixels, batch norm, batches of 128 with crop and flip, momentum, learning rate 0.1: for a real GPU. On a CPU each step needs seconds."
            => { width: "1", side: "32", batch_norm: "1", init: "he", augment: "1", optimizer: "momentum", learning_rate: "0.1", batch_size: "128", steps: "2000" }
    }
    sweeps {
        "Accuracy over depth", "Test accuracy after 60 steps without batch norm: at 20 layers the plain network is still at chance (0.1), while the residual one learns at each depth."
            => { sweep: "depth:8,14,20", measure: "accuracy", seeds: "3"; steps: "60" }
        "Accuracy over depth, batch norm", "Test accuracy after 60 steps with batch norm: about equal at 8 layers. With more layers the plain network gets worse, the residual one does not. This is degradation."
            => { sweep: "depth:8,14,20", measure: "accuracy", seeds: "3"; batch_norm: "1", steps: "60" }
    }
}

impl Config {
    /// `n`: blocks in each of the three stages.
    pub const fn blocks_per_stage(&self) -> u32 {
        match (self.block, self.depth) {
            (BlockChoice::Basic, depth) => depth.saturating_sub(2) / 6,
            // The nearest of 9n + 2.
            (BlockChoice::Bottleneck, 0..=14) => 1,
            (BlockChoice::Bottleneck, 15..=20) => 2,
            (BlockChoice::Bottleneck, 21..=32) => 3,
            (BlockChoice::Bottleneck, 33..=44) => 5,
            (BlockChoice::Bottleneck, _) => 6,
        }
    }

    /// Layers with weights of the net that is built, projections aside.
    pub const fn depth_built(&self) -> u32 {
        let convs = match self.block {
            BlockChoice::Basic => 2,
            BlockChoice::Bottleneck => 3,
        };
        3 * convs * self.blocks_per_stage() + 2
    }

    /// Steps from one measurement of the gradients in training to the next: about [`COLUMNS`] in a run.
    pub fn norm_interval(&self) -> u32 {
        self.steps.div_ceil(COLUMNS).max(1)
    }

    /// Channels of the first stage: the paper's 16, or a part of them.
    pub fn channels(&self) -> u32 {
        (16.0 * self.width) as u32
    }
}

/// The most columns that a heatmap of gradients has.
const COLUMNS: u32 = 60;

/// What one message brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Frame {
    /// What has been built.
    Structure(Rc<Structure>),
    /// Gradients of untrained nets as far as they are measured: of the batch norm that was chosen, or of the other.
    Flow { chosen: bool, flow: Rc<Flow> },
    /// The next steps of an arm's training.
    Train { steps: StepBatch, measured: Measured },
}

/// The nets as they were built.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// Counted in the models.
    pub params_plain: u32,
    pub params_residual: u32,
    /// Channels, height and width of what came in, out of the first convolution, and out of every block, from one
    /// forward pass.
    pub shapes: Vec<[u32; 3]>,
    /// Whether the shortcut of each block is a projection.
    pub projected: Vec<bool>,
    /// Logits that came out.
    pub n_classes: u32,
    pub block: Option<BlockChoice>,
}

/// One backward pass through some untrained nets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    pub batch_norm: bool,
    /// One for each net drawn.
    pub plain: Vec<NetFlow>,
    pub residual: Vec<NetFlow>,
}

/// One backward pass through one net; an entry for each block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetFlow {
    /// L2 norm of the gradient by the weight of the block's first convolution.
    pub weights: Vec<f32>,
    /// Root mean square of the block's output.
    pub signals: Vec<f32>,
    /// L2 norm of the gradient by the block's output.
    pub deltas: Vec<f32>,
    /// Both, on every path of the block.
    pub paths: Rc<Paths>,
}

impl NetFlow {
    #[cfg(feature = "compute")]
    fn new(weights: Vec<f32>, paths: Paths) -> Self {
        let of =
            |value: fn(&PathFlow) -> f32| paths.blocks.iter().map(|block| value(&block.output)).collect();
        Self {
            weights,
            signals: of(|flow| flow.signal),
            deltas: of(|flow| flow.gradient),
            paths: Rc::new(paths),
        }
    }
}

/// What was measured of a net since its last report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    pub scores: Vec<Score>,
    pub norms: Vec<Norms>,
    /// The last of the steps whose gradients were measured.
    pub paths: Option<Rc<Paths>>,
}

/// The gradient norm of every block's first convolution at one step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Norms {
    pub step: u32,
    pub blocks: Vec<f32>,
}

/// How well a net does at one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub step: u32,
    /// Share of right answers on images never trained on.
    pub test: f32,
}

/// All that the page has heard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    pub structure: Option<Rc<Structure>>,
    pub flow: Option<Rc<Flow>>,
    /// The same with the other choice of batch norm.
    pub other_flow: Option<Rc<Flow>>,
    pub arms: [NetRecord; 2],
}

/// The plain net among the arms.
pub const PLAIN: usize = 0;
/// Its residual twin.
pub const RESIDUAL: usize = 1;

/// One net's run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetRecord {
    /// Step and loss.
    pub losses: Curve,
    /// Step and test accuracy.
    pub accuracy: Curve,
    /// In the order of steps, which are evenly spaced.
    pub norms: Rc<Vec<Norms>>,
    /// Signal and gradient on every path, at the last of these steps that was reported.
    pub paths: Option<Rc<Paths>>,
}

impl NetRecord {
    fn apply_frame(&mut self, steps: &StepBatch, measured: &Measured) {
        self.losses.extend_steps(steps.first_step, &steps.losses);
        for score in &measured.scores {
            self.accuracy.push(score.step, score.test);
        }
        if !measured.norms.is_empty() {
            Rc::make_mut(&mut self.norms).extend_from_slice(&measured.norms);
        }
        if measured.paths.is_some() {
            self.paths.clone_from(&measured.paths);
        }
    }
}

impl Record {
    /// Signal and gradient in an arm's net: at the latest step, or before training, with noise images.
    pub fn paths(&self, arm: usize) -> Option<&Rc<Paths>> {
        let untrained = || {
            let flow = self.flow.as_ref()?;
            let nets = if arm == PLAIN { &flow.plain } else { &flow.residual };
            nets.first().map(|net| &net.paths)
        };
        self.arms.get(arm).and_then(|net| net.paths.as_ref()).or_else(untrained)
    }
}

impl Experiment for ResNet {
    const SLUG: &'static str = "resnet";
    type Config = Config;
    type Frame = Frame;
    type Record = Record;

    crate::own_files!();

    const ARMS: &'static [Arm] = &[
        Arm { slug: "plain", title: "plain", net: "plain network" },
        Arm { slug: "residual", title: "residual", net: "residual network" },
    ];

    fn apply_frame(record: &mut Record, arm: usize, frame: Frame) {
        match (frame, record.arms.get_mut(arm)) {
            (Frame::Structure(structure), _) => record.structure = Some(structure),
            (Frame::Flow { chosen: true, flow }, _) => {
                // The chosen one is measured first; what is known of the other belongs to older settings.
                record.other_flow = None;
                record.flow = Some(flow);
            }
            (Frame::Flow { chosen: false, flow }, _) => record.other_flow = Some(flow),
            (Frame::Train { steps, measured }, Some(net)) => net.apply_frame(&steps, &measured),
            (_, None) => {}
        }
    }

    fn series(record: &Record) -> Vec<RunSeries> {
        series_of(Self::ARMS, &record.arms, |net| {
            let blocks = net.norms.first().map_or(0, |norms| norms.blocks.len());
            let norms = (0..blocks).map(|index| {
                let at = |norms: &Norms| Some((norms.step.into(), norms.blocks.get(index).copied()?.into()));
                let curve = net.norms.iter().filter_map(at).collect();
                ArmSeries::new("grad_norm", "Gradient norm", "", &curve).of_part("block", index + 1)
            });
            let of_net = [
                ArmSeries::new("loss", "Loss", "nats", &net.losses),
                ArmSeries::new("accuracy", "Test accuracy", "", &net.accuracy),
            ];
            of_net.into_iter().chain(norms).collect()
        })
    }
}
