//! The chapters of section 4, one question each, in the order of the page.

use crate::core::chapter::Chapter;

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "memory",
        title: "Which network remembers the first token?",
        figures: &[("loss", "Training loss"), ("accuracy", "Accuracy")],
        trains: true,
    },
    Chapter {
        slug: "backpropagation",
        title: "How far back does the gradient reach?",
        figures: &[
            ("gradients", "Gradient at every position"),
            ("gradient-map-rnn", "RNN: gradient over the run"),
            ("gradient-map-lstm", "LSTM: gradient over the run"),
        ],
        trains: true,
    },
    Chapter {
        slug: "survival",
        title: "How much of a change survives?",
        figures: &[("paths", "Paths back through time")],
        trains: false,
    },
    Chapter {
        slug: "architecture",
        title: "What is inside the two cells?",
        figures: &[("cell", "The two cells at one position")],
        trains: true,
    },
];
