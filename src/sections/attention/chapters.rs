//! The chapters of section 5, one question each, in the order of the page.

use crate::core::chapter::Chapter;

/// The metrics that stay visible while one scrolls.
pub(super) const MAIN_METRICS: &str = "loss_scaled loss_unscaled steps_scaled steps_unscaled";

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "weights",
        tab: "One query",
        title: "How does a query choose among keys?",
        figures: &[
            ("query", "One query, step by step"),
            ("weights-scaled", "Attention weights, scaled"),
            ("weights-unscaled", "Attention weights, unscaled"),
        ],
        readouts: &[],
        trains: true,
    },
    Chapter {
        slug: "saturation",
        tab: "Scale",
        title: "Why divide by the square root of d_k?",
        figures: &[
            ("entropy", "Entropy of the weights"),
            ("largest-weight", "Largest weight"),
            ("jacobian", "Norm of the softmax's Jacobian"),
            ("distribution", "The distribution at d_k"),
        ],
        readouts: &[
            "entropy_scaled entropy_unscaled entropy_uniform entropy_drop jacobian_first jacobian_peak jacobian_last",
        ],
        trains: false,
    },
    Chapter {
        slug: "heads",
        tab: "Heads",
        title: "Why several heads?",
        figures: &[("head-maps", "Weights of each head")],
        readouts: &["params_formula params_counted max_abs_err_mha"],
        trains: false,
    },
    Chapter {
        slug: "look-up",
        tab: "Look-up",
        title: "Does the scale make learning faster?",
        figures: &[
            ("loss", "Training loss"),
            ("training-entropy", "Entropy of the weights, in training"),
            ("maps-scaled", "Scaled: where each token looks"),
            ("maps-unscaled", "Unscaled: where each token looks"),
            ("accuracy", "Accuracy and attention to the correct token"),
        ],
        readouts: &[],
        trains: true,
    },
];
