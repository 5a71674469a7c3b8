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
        optimizer: OptimizerKind = OptimizerKind::Adam, choice, "Optimizer", "",
            "SGD, SGD with momentum 0.9, or Adam (Kingma and Ba 2015).";
        learning_rate: f64 = 0.003, float(1e-5, 10.0, log) live, "Learning rate", "η",
            "Step size along the gradient. You can change it during training.";
        batch_size: u32 = 32, int(1, 128, log), "Batch size", "B",
            "Sequences per step; both networks see the same ones.";
        steps: u32 = 200, int(1, 10_000, log), "Training steps", "",
            "Steps until training ends by itself.";
        seed: u32 = 1, int(0, 999_999), "Seed", "",
            "Draws queries, keys, initial weights and sequences. The same seed gives the same run on the same device.";
    }
    presets {
        "small-keys", "d_k = 8: the scale hardly matters",
            "Scores of 8 products are small with or without the scale: both networks learn at the same pace."
            => { d_k: "8" }
        "saturated", "d_k = 256: unscaled starts saturated",
            "Without the scale each query starts with almost all of its weight on one random key. It learns, but takes at least one and a half times as many steps."
            => { d_k: "256", steps: "150" }
        "small-weights", "d_k = 256, small weights: no scale needed",
            "Queries and keys that start at a quarter of the size keep the scores small as well. Unscaled, the network then learns at least as fast."
            => { d_k: "256", sigma: "0.25", steps: "150" }
        "plain-descent", "SGD, d_k = 128: no slower unscaled",
            "Without the scale the gradients of both projections are longer by the square root of d_k. Plain descent takes longer steps for it, which makes up for the saturation; Adam's steps do not grow with the gradient."
            => { d_k: "128", optimizer: "sgd", learning_rate: "0.3", steps: "150" }
    }
    sweeps {
        "Final loss over d_k", "Training loss after 40 steps. Scaled, it falls toward 0 as the keys get larger; unscaled, it is still about 1 nat at d_k = 256. In 200 steps both networks learn at each of these sizes."
            => { sweep: "d_k:4,16,64,256", measure: "loss", seeds: "3"; steps: "40" }
    }
}
