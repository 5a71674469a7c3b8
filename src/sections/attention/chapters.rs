//! The chapters of section 5, one question each, in the order of the page.

use crate::core::chapter::Chapter;

/// The metrics that stay visible while one scrolls. A run has those of its task.
pub(super) const MAIN_METRICS: &str = "loss_scaled loss_unscaled loss_heads loss_one_head";

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
            ("distribution", "The distribution at d_k"),
            ("largest-weight", "Largest weight"),
            ("jacobian", "Norm of the softmax's Jacobian"),
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
        figures: &[
            ("heads-loss", "Training loss, two look-ups at once"),
            ("task-maps", "Where each token looks"),
            ("heads-accuracy", "Accuracy, two look-ups at once"),
            ("head-maps", "Weights of each head"),
        ],
        readouts: &["steps_heads steps_one_head", "params_formula params_counted max_abs_err_mha"],
        trains: true,
    },
    Chapter {
        slug: "roles",
        tab: "Q, K and V",
        title: "Why separate queries, keys and values?",
        figures: &[
            ("roles-shared", "One projection: Q = K"),
            ("roles-separate", "Two projections: Q and K"),
            ("cross-attention", "Self-attention and cross-attention"),
        ],
        readouts: &["diagonal_shared diagonal_separate asymmetry_shared asymmetry_separate"],
        trains: false,
    },
    Chapter {
        slug: "permutation",
        tab: "Order",
        title: "Does attention know the order?",
        figures: &[("order", "The same words in two orders")],
        readouts: &[],
        trains: false,
    },
    Chapter {
        slug: "cost",
        tab: "Cost",
        title: "What does a longer sequence cost?",
        figures: &[("multiplications", "Multiplications, closed form"), ("cost-time", "Time, measured here")],
        readouts: &[],
        trains: false,
    },
    Chapter {
        slug: "look-up",
        tab: "Look-up",
        title: "Does the scale make learning faster?",
        figures: &[
            ("loss", "Training loss"),
            ("accuracy", "Accuracy and attention to the correct token"),
            ("maps-scaled", "Scaled: where each token looks"),
            ("maps-unscaled", "Unscaled: where each token looks"),
            ("training-entropy", "Entropy of the weights, in training"),
        ],
        readouts: &["steps_scaled steps_unscaled"],
        trains: true,
    },
];
