//! The settings of section 6.

use crate::core::data_set::DataId;

crate::choices! {
    /// The training task.
    pub enum TaskChoice {
        Text = "text", "A text";
        Repeat = "repeat", "Random sequences that repeat";
    }
}

crate::choices! {
    /// The training text.
    pub enum TextChoice {
        Shakespeare = "shakespeare", "Shakespeare, nine plays (0.4 MB)";
        Own = "own", "Your own text";
    }
}

crate::choices! {
    /// The positional encoding.
    pub enum PositionsChoice {
        Sinusoidal = "sinusoidal", "Sinusoidal";
        Learned = "learned", "Learned";
        None = "none", "None";
    }
}

crate::choices! {
    /// The mask of the attention.
    pub enum MaskChoice {
        Causal = "causal", "Causal";
        None = "none", "None";
    }
}

crate::settings! {
    /// Settings of section 6.
    pub struct Config {
        layers: u32 = 3, int(1, 8), "Layers", "L",
            "Blocks of attention and perceptron, one after the other.";
        // Each number divides every width, so all combinations are valid.
        heads: u32 = 4, list(1, 2, 4, 8), "Heads in a layer", "h",
            "Attention heads per layer, each with its own d / h dimensions.";
        d_model: u32 = 64, list(16, 32, 64, 96, 128, 192, 256, 384), "Width", "d",
            "Dimensions of a character's vector; the MLPs are four times as wide.";
        context: u32 = 256, int(8, 512, log), "Context", "T",
            "How many characters the model can attend to. The cost of attention grows with its square.";
        positions: PositionsChoice = PositionsChoice::Sinusoidal, choice, "Positions", "P",
            "Sines and cosines of fixed wavelengths, a learned vector for each position, or nothing but the causal mask.";
        mask: MaskChoice = MaskChoice::Causal, choice, "Mask", "",
            "Causal: each position sees itself and the characters before it. None: it also sees the character that it is to predict.";
        mlp: bool = true, switch, "MLP", "",
            "Whether each block has an MLP after its attention. Without it, the model is attention only.";
        tied: bool = true, switch, "Tied head", "",
            "Whether the last layer is the embedding's transpose, which saves its parameters.";
        task: TaskChoice = TaskChoice::Text, choice, "Task", "",
            "The training data: a text, or sequences of random tokens that repeat, where copying predicts almost everything.";
        text: TextChoice = TextChoice::Shakespeare, choice, "Text", "",
            "The training text: nine plays by Shakespeare, or a text of your own, which stays on this device.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws the initial weights and the training windows. The same seed gives the same run on the same device.";
        batch_size: u32 = 8, int(1, 64, log), "Batch size", "B",
            "Windows of T characters in one step.";
        shards: u32 = 4, list(1, 2, 4, 8), "Shards of a batch", "",
            "Parts of each batch that different cores may compute. Their gradients are added in a fixed order, so that a run gives the same numbers on any number of cores. Another number of shards changes the rounding only.";
        steps: u32 = 2420, int(1, 20_000, log), "Training steps", "",
            "Steps until training ends by itself; the learning rate falls to a tenth by then.";
        learning_rate: f64 = 3e-3, float(1e-5, 0.1, log) live, "Learning rate", "η",
            "The highest learning rate of AdamW, at the end of the warm-up. It may be changed while the model trains.";
        warmup: u32 = 100, int(0, 1000), "Warm-up steps", "",
            "Steps over which the learning rate rises from 0: Adam's first averages are of few gradients.";
        dropout: f64 = 0.0, float(0.0, 0.6) live, "Dropout", "p",
            "Fraction of each branch's output set to 0 during training. It may be changed while the model trains.";
        weight_decay: f64 = 0.1, float(0.0, 1.0), "Weight decay", "λ",
            "AdamW multiplies each matrix by 1 − ηλ at every step (Loshchilov and Hutter 2019). Biases and layer norms do not decay. 0 turns it off.";
        clip: f64 = 1.0, float(0.0, 10.0) live, "Clipping", "",
            "Maximum gradient norm over all weights; longer gradients are scaled down to it (Pascanu et al. 2013). 0 turns clipping off.";
        // 0.9 as in GPT-3 (Brown et al. 2020, appendix B), 0.99 as in nanoGPT's configuration for characters.
        beta1: f64 = 0.9, float(0.0, 0.999), "First-moment decay", "β₁",
            "Decay rate of AdamW’s average of the gradients: about 1 / (1 − β₁) steps are averaged.";
        beta2: f64 = 0.99, float(0.0, 0.9999), "Second-moment decay", "β₂",
            "Decay rate of AdamW’s average of the squared gradients: about 1 / (1 − β₂) steps are averaged.";
        sample_length: u32 = 160, int(0, 500) live, "Length of samples", "",
            "Characters that the model writes at each saved step.";
        data: String = String::new(), text(DataId::check_text, "the name of a text"), "Your own text", "",
            "The text of your own that the model trains on. It stays on this device.";
    }
    presets {
        "first-look", "First look",
            "A small model and 800 steps. Compare its validation loss with the bigram baseline, and its last sample with the first."
            => { layers: "2", heads: "4", d_model: "64", context: "64", batch_size: "8", steps: "800", warmup: "50", learning_rate: "0.005" }
        "course", "Course",
            "Context 256, five epochs of the nine plays. Compare the samples of its snapshots. The estimated time is next to the figure."
            => {}
        "nanogpt-cpu", "nanoGPT, CPU",
            "The sizes that nanoGPT’s README suggests for a laptop (Karpathy 2022). It reports a validation loss of 1.88 nats after 2,000 steps on tiny Shakespeare, a different text."
            => { layers: "4", heads: "4", d_model: "128", context: "64", positions: "learned", batch_size: "12", steps: "2000", learning_rate: "0.001", warmup: "100" }
        "full-gpu", "Full, GPU",
            "Six layers, eight heads, width 384, 10.8 million parameters: for a real GPU alone."
            => { layers: "6", heads: "8", d_model: "384", context: "256", positions: "learned", batch_size: "64", steps: "5000", learning_rate: "0.001", warmup: "100", dropout: "0.2" }
        "induction", "Induction, two layers",
            "Attention only, on random sequences that repeat. Watch the loss on the repeats: does it fall steadily or suddenly?"
            => { task: "repeat", layers: "2", heads: "2", mlp: "0", tied: "0", context: "24", batch_size: "16", steps: "600", warmup: "50", sample_length: "20" }
        "induction-one-layer", "Induction, one layer",
            "The same with a single layer, which cannot find what came after an earlier token."
            => { task: "repeat", layers: "1", heads: "2", mlp: "0", tied: "0", context: "24", batch_size: "16", steps: "600", warmup: "50", sample_length: "20" }
    }
    sweeps {
        "Validation loss over context", "How much context a small model can use: validation loss over context length."
            => { sweep: "context:8,16,32,64", measure: "loss_val"; layers: "2", d_model: "32", heads: "2", batch_size: "8", steps: "200", sample_length: "0" }
        "Induction over layers", "One, two and three layers of attention on sequences that repeat: the highest prefix-matching score of any head."
            => { sweep: "layers:1,2,3", measure: "induction_score"; task: "repeat", heads: "2", mlp: "0", tied: "0", context: "24", batch_size: "16", steps: "600", warmup: "50", sample_length: "0" }
    }
}
