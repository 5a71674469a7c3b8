//! The chapters of section 6, one question each, in the order of the page.

use crate::core::chapter::Chapter;

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "training",
        title: "How well does it predict the next character?",
        figures: &[("loss", "Loss")],
        trains: true,
    },
    Chapter {
        slug: "attention-heads",
        title: "What does each head attend to?",
        figures: &[("attention", "Attention of one head"), ("heads", "What each head does")],
        trains: true,
    },
    Chapter {
        slug: "generation",
        title: "What comes next, and what does it write?",
        figures: &[("next-token", "The next character")],
        trains: true,
    },
    Chapter {
        slug: "induction-heads",
        title: "How does a model copy what it has seen before?",
        figures: &[
            ("induction", "Scores of all heads"),
            ("halves", "Loss on both halves"),
            ("copying", "One sequence, and where a head looks"),
        ],
        trains: true,
    },
    Chapter {
        slug: "architecture",
        title: "What is the model made of?",
        figures: &[
            ("positions", "The positional encoding"),
            ("wave", "One wave of it"),
            ("products", "Dot products of positions"),
        ],
        trains: false,
    },
];
