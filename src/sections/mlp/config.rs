//! The settings of section 1.

use super::OptimizerKind;
use crate::core::data_set::{DataId, Shape};
use crate::core::points::Points;

crate::choices! {
    /// The data set.
    pub enum Dataset {
        Spirals = "spirals", "Spirals";
        Circles = "circles", "Circles";
        Moons = "moons", "Moons";
        Xor = "xor", "XOR";
        FashionMnist = "fashion-mnist", "Fashion-MNIST (3.8 MB)";
        Drawn = "drawn", "Points you draw";
        Curve = "curve", "A curve you draw";
        Own = "own", "Your own table";
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

crate::choices! {
    /// The plane in which figures show a table with more than two features.
    pub enum PlaneChoice {
        Features = "features", "Two features";
        Components = "components", "First two principal components";
    }
}

crate::settings! {
    /// Settings of section 1.
    pub struct Config {
        dataset: Dataset = Dataset::Spirals, choice, "Data set", "",
            "Points of two classes in the plane, images of ten kinds of clothes, or your own data: the chapter “Your own data” has what you need to draw points and to open tables. This page’s Fashion-MNIST has 10,000 of the original 60,000 training images and 2,000 of the 10,000 test images. They have 28 × 28 pixels in 64 shades of gray.";
        noise: f64 = 0.03, float(0.0, 0.5), "Noise", "σ",
            "Standard deviation of the Gaussian noise on both coordinates. It applies to spirals, circles, moons and XOR; other data are left as they are.";
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
        weight_decay: f64 = 0.0, float(0.0, 1.0), "L2 weight decay", "λ",
            "Adds λ/2 times the sum of all squared weights to the loss that is minimized, which adds λw to the gradient of each weight w. Biases are not decayed. The loss in figures and numbers is that of the data alone.";
        points: String = String::new(), text(Points::check, "points as text"), "Drawn points", "",
            "The points that were drawn. With a curve, the horizontal coordinate predicts the vertical one.";
        data: String = String::new(), text(DataId::check_table, "the name of a table, such as `f4k3-9f86d081884c7d65`"), "Table", "",
            "The name of your own table: its shape and a hash of its content.";
        plane: PlaneChoice = PlaneChoice::Components, choice, "Plane of the figures", "",
            "A table with more than two features is shown in the plane of its first two principal components, in which its rows differ the most, or of two features, with the others at their mean. Networks always see all features.";
        axis_x: u32 = 1, int(1, 64), "Feature on the x axis", "",
            "The number of the feature in the table. It applies to tables with more than two features, in the plane of two of them.";
        axis_y: u32 = 2, int(1, 64), "Feature on the y axis", "",
            "The number of the feature in the table. It applies to tables with more than two features.";
    }
    presets {
        "overfit", "Overfit twelve points", "The labels are random, so there is nothing to learn. The network gets its training points right all the same."
            => { dataset: "drawn", points: "WgNwhAYgJwKwlg1wxQUwuApQ.mwJwJQfgbgvg3AIgWAjgwQ1g", width: "64", batch_size: "16" }
        "curve", "A curve through sixteen points", "Predict a number from one feature: a wave with a little noise."
            => { dataset: "curve", points: "DwiNHbc5LFR1OwRLSbNPWFPIZwYUdbbwhFi_kwrcobxGsFwsvwwfzbo33FjY6wbn", activation: "tanh" }
    }
    sweeps {
        "Rank over depth", "The rank of the untrained networks' output. At any depth the linear network stays within the bound of a single layer; the non-linear one exceeds it."
            => { sweep: "depth:1,2,4,6,8,12", measure: "rank", seeds: "3" }
        "Accuracy over width", "How many units the non-linear network needs for the spirals, with three seeds."
            => { sweep: "width:2,4,8,16,32", measure: "accuracy", seeds: "3"; steps: "500" }
    }
}

/// The sizes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskShape {
    /// The number of inputs.
    pub d_in: u32,
    /// The number of classes; `None` if a number is predicted.
    pub classes: Option<u32>,
}

impl TaskShape {
    /// Returns the number of outputs: a logit for each class, or the prediction.
    pub fn d_out(self) -> u32 {
        self.classes.unwrap_or(1)
    }

    /// Returns true if a number is predicted.
    pub fn is_regression(self) -> bool {
        self.classes.is_none()
    }

    /// Returns the accuracy at chance level, or `None` if a number is predicted.
    pub fn chance(self) -> Option<f64> {
        self.classes.map(|classes| 1.0 / f64::from(classes.max(1)))
    }
}

impl Config {
    /// Returns the sizes of the task. The points and the name of the table have them, so the data are not needed.
    pub fn task(&self) -> TaskShape {
        let classes = |d_in, classes| TaskShape { d_in, classes: Some(classes) };
        match self.dataset {
            Dataset::Spirals | Dataset::Circles | Dataset::Moons | Dataset::Xor => classes(2, 2),
            Dataset::FashionMnist => classes(784, 10),
            Dataset::Drawn => classes(2, self.drawn().n_classes().max(2) as u32),
            Dataset::Curve => TaskShape { d_in: 1, classes: None },
            Dataset::Own => match self.data.parse().map(|id: DataId| id.shape) {
                Ok(Shape::Classes { features, classes: n }) => classes(features, n),
                Ok(Shape::Numbers { features }) => TaskShape { d_in: features, classes: None },
                _ => classes(2, 2),
            },
        }
    }

    /// Returns the drawn points.
    pub fn drawn(&self) -> Points {
        Points::decode(&self.points).unwrap_or_default()
    }

    /// Returns the number of units in each hidden layer.
    pub fn hidden_dims(&self) -> Vec<u32> {
        if self.hidden.is_empty() { vec![self.width; self.depth as usize] } else { self.hidden.clone() }
    }
}
