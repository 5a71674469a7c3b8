//! The chapters of section 5, one question each, in the order of the page.

use crate::core::chapter::Chapter;

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "weights",
        title: "How does a query choose among keys?",
        figures: &[
            ("query", "One query, step by step"),
            ("weights-scaled", "Attention weights, scaled"),
            ("weights-unscaled", "Attention weights, unscaled"),
        ],
        trains: true,
    },
    Chapter {
        slug: "saturation",
        title: "Why divide by the square root of d_k?",
        figures: &[
            ("entropy", "Entropy of the weights"),
            ("largest-weight", "Largest weight"),
            ("jacobian", "Norm of the softmax's Jacobian"),
            ("distribution", "The distribution at d_k"),
        ],
        trains: false,
    },
    Chapter {
        slug: "heads",
        title: "Why several heads?",
        figures: &[("head-maps", "Weights of each head")],
        trains: false,
    },
    Chapter {
        slug: "look-up",
        title: "Does the scale make learning faster?",
        figures: &[
            ("loss", "Training loss"),
            ("training-entropy", "Entropy of the weights, in training"),
            ("maps-scaled", "Scaled: where each token looks"),
            ("maps-unscaled", "Unscaled: where each token looks"),
            ("accuracy", "Accuracy and attention to the correct token"),
        ],
        trains: true,
    },
];
