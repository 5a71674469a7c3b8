//! The settings of section 5.

use super::OptimizerKind;

crate::choices! {
    /// The keys that are hidden in the figures of the probe.
    pub enum MaskChoice {
        None = "none", "None";
        Causal = "causal", "Causal";
        Padding = "padding", "Padding";
    }
}

crate::choices! {
    /// The task of the run, which also determines what its two networks differ in.
    pub enum Task {
        LookUp = "look-up", "One look-up, with and without the scale";
        TwoLookUps = "two-look-ups", "Two look-ups, with several heads and with one";
    }
}

impl Task {
    /// Returns the number of questions that each token asks.
    pub fn questions(self) -> usize {
        match self {
            Self::LookUp => 1,
            Self::TwoLookUps => 2,
        }
    }
}

crate::settings! {
    /// Settings of section 5.
    pub struct Config {
        d_k: u32 = 64, int(4, 512, log), "Key dimension", "d_k",
            "Dimensions of each query and key in a head, for the heatmaps, the bars and training. The sweep covers all sizes.";
        sigma: f64 = 1.0, float(0.25, 2.0, log), "Standard deviation of queries and keys", "σ",
            "Standard deviation of each number in the queries and keys; in the training, at its start. Scores grow with its square.";
        n_tokens: u32 = 8, int(2, 24), "Tokens", "n",
            "Tokens in a sequence, in the heatmaps and in the training.";
        mask: MaskChoice = MaskChoice::None, choice live, "Mask", "",
            "Which keys a query may not attend to: none, those after it (causal), or the padding. The look-up task is trained without a mask.";
        length: u32 = 6, int(0, 24) live, "Sequence length before padding", "",
            "The padding mask hides all keys after these. With 0 nothing is left to see, and all weights are zero.";
        n_keys: u32 = 64, int(2, 128, log) live, "Keys in the sweep", "n",
            "Keys that each query in the sweep may attend to. Uniform weights over them have entropy ln n.";
        n_seeds: u32 = 8, int(2, 16) live, "Random samples in the sweep", "",
            "Independent random samples of queries and keys; the bands show how much they differ.";
        d_model: u32 = 32, int(2, 128, log), "Model dimension", "d_model",
            "Size of a token's vector between layers.";
        n_heads: u32 = 2, int(1, 8), "Heads", "h",
            "Parallel attention heads, each with its own projections. Each head gets d_model / h dimensions, so h must divide d_model.";
        task: Task = Task::LookUp, choice, "Task", "",
            "With one look-up, each token asks for one value, and the networks differ in the scale. With two, it asks for two values, and they differ in the number of heads, not of parameters.";
        optimizer: OptimizerKind = OptimizerKind::Adam, choice, "Optimizer", "",
            "SGD, SGD with momentum 0.9, or Adam (Kingma and Ba 2015).";
        learning_rate: f64 = 0.003, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "Factor of the gradient in a step of SGD. With Adam, about the size of each weight’s step, however large the gradient. You can change it during training.";
        batch_size: u32 = 32, int(1, 128, log), "Batch size", "B",
            "Sequences per step; both networks see the same ones.";
        shards: u32 = 1, list(1, 2, 4, 8), "Shards of a batch", "",
            "Parts of each batch that different cores may compute. Their gradients are added in a fixed order, so that a run gives the same numbers on any number of cores. Another number of shards changes the rounding only.";
        steps: u32 = 200, int(1, 10_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws queries, keys, initial weights and sequences. The same seed gives the same run on the same device.";
    }
    presets {
        "two-look-ups", "Two look-ups: one head against two",
            "Each token asks for the values of two others. A single softmax has to divide its weight between them. Compare the losses."
            => { task: "two-look-ups", steps: "300" }
        "small-keys", "d_k = 8: sharper, yet trainable",
            "Without the scale, scores of 8 products have a standard deviation of 2.8 rather than 1. The weights are clearly sharper, yet still trainable. Compare the steps to learn."
            => { d_k: "8" }
        "saturated", "d_k = 256: unscaled starts saturated",
            "Without the scale, most queries start with almost all of their weight on one random key. Compare the steps to learn."
            => { d_k: "256", steps: "150" }
        "small-weights", "d_k = 256, small initial weights",
            "Queries and keys that start at a quarter of the size keep the scores small as well. Compare the steps to learn: does the scale still help?"
            => { d_k: "256", sigma: "0.25", steps: "150" }
        "plain-descent", "SGD, d_k = 128: larger gradients unscaled",
            "Without the scale, the gradients of both projections are √d_k times larger for the same scores. Plain SGD takes larger steps, which can make up for the saturation. Adam’s steps do not grow with the gradient."
            => { d_k: "128", optimizer: "sgd", learning_rate: "0.3", steps: "150" }
    }
    sweeps {
        "Final loss over d_k", "Training loss after 40 steps, with three seeds. How does it depend on d_k, with the scale and without? The project’s findings have one measured result."
            => { sweep: "d_k:4,16,64,256", measure: "loss", seeds: "3"; steps: "40" }
    }
}

impl Config {
    /// Returns the dimension of each head if several share the key dimension of the settings.
    pub fn shared_d_k(&self) -> u32 {
        (self.d_k / self.n_heads.max(1)).max(1)
    }
}
