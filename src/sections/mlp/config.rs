//! The settings of section 1.

use super::OptimizerKind;

crate::choices! {
    /// The data set.
    pub enum Dataset {
        Spirals = "spirals", "Spirals";
        Circles = "circles", "Circles";
        Moons = "moons", "Moons";
        Xor = "xor", "XOR";
        FashionMnist = "fashion-mnist", "Fashion-MNIST (3.8 MB)";
    }
}

crate::choices! {
    /// The activation function of the non-linear network.
    pub enum ActivationChoice {
        Relu = "relu", "ReLU";
        Gelu = "gelu", "GELU";
        Tanh = "tanh", "tanh";
        Sigmoid = "sigmoid", "Sigmoid";
        Identity = "identity", "Identity (none)";
    }
}

crate::choices! {
    /// The function of one variable that ReLU pieces follow.
    pub enum Target {
        Wave = "wave", "Wave: sin(2πx)";
        Bump = "bump", "Bump";
        Step = "step", "Steep step";
        Root = "root", "Square root";
    }
}

crate::settings! {
    /// Settings of section 1.
    pub struct Config {
        dataset: Dataset = Dataset::Spirals, choice, "Data set", "",
            "Points of two classes in the plane, or images of ten kinds of clothes. This page’s Fashion-MNIST has 10,000 of the original 60,000 training images and 2,000 of the 10,000 test images. They have 28 × 28 pixels in 64 shades of gray.";
        noise: f64 = 0.03, float(0.0, 0.5), "Noise", "σ",
            "Standard deviation of the Gaussian noise on both coordinates; images are left as they are.";
        depth: u32 = 3, int(1, 12), "Hidden layers", "L",
            "Hidden layers between input and output. Without a non-linearity, all layers together are equivalent to a single one.";
        width: u32 = 32, int(1, 256, log), "Width", "d",
            "Units in each hidden layer. Where the layers differ, it is the widest; changing this or the number of layers gives all layers this width.";
        hidden: Vec<u32> = Vec::new(), int_list(1, 256, 12, depth, width), "Widths, layer by layer", "",
            "Units of every hidden layer by itself, such as 8, 16, 4. Empty: all layers have the same width.";
        activation: ActivationChoice = ActivationChoice::Relu, choice, "Activation", "f",
            "The function between the layers of the non-linear network. The linear network has none.";
        optimizer: OptimizerKind = OptimizerKind::Adam, choice, "Optimizer", "",
            "SGD, SGD with momentum 0.9, or Adam (Kingma and Ba 2015).";
        learning_rate: f64 = 0.01, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "SGD moves each weight by η times its gradient; momentum adds a part of the earlier moves. Adam divides by the recent size of the gradient, so its moves are at most about η, however large the gradient is. You can change it during training.";
        batch_size: u32 = 64, int(1, 512, log), "Batch size", "B",
            "Samples in one step; both networks see the same ones.";
        steps: u32 = 1500, int(1, 20_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the samples, the initial weights and the order of batches. The same seed gives the same run on the same device.";
        d_in: u32 = 8, int(1, 64) live, "Input dimensions", "d_in",
            "Columns of the random batch that goes through the untrained networks in the figures of singular values and ranks.";
        n_probe: u32 = 96, int(2, 256, log) live, "Rows in the batch", "n",
            "Rows of the random batch in the figures of singular values and ranks.";
        bias: bool = true, switch, "Biases", "b",
            "Whether the layers have biases. Biases add one direction, so they raise the rank bound from d_in to d_in + 1.";
        directions: u32 = 9, int(0, 64) live, "Directions removed", "k",
            "The strongest directions, those with the largest singular values, are subtracted from the matrices of outputs. What is left shows whether a matrix has more directions.";
        pieces: u32 = 8, int(1, 32) live, "ReLU units", "n",
            "Units in the one hidden layer that follows a function of one variable. Each adds one bend.";
        target: Target = Target::Wave, choice live, "Function", "",
            "The function that the units follow. The bump and the wave are smooth, the step bends sharply, and the square root has an infinite slope at 0.";
    }
    presets {
    }
    sweeps {
        "Rank over depth", "The rank of the untrained networks' output. At any depth the linear network stays within the bound of a single layer; the non-linear one exceeds it."
            => { sweep: "depth:1,2,4,6,8,12", measure: "rank", seeds: "3" }
        "Accuracy over width", "How many units the non-linear network needs for the spirals, with three seeds."
            => { sweep: "width:2,4,8,16,32", measure: "accuracy", seeds: "3"; steps: "500" }
    }
}

impl Config {
    /// Returns the number of units in each hidden layer.
    pub fn hidden_dims(&self) -> Vec<u32> {
        if self.hidden.is_empty() { vec![self.width; self.depth as usize] } else { self.hidden.clone() }
    }
}
