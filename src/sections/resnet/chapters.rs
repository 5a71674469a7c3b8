//! The chapters of section 3, one question each, in the order of the page.

use crate::core::chapter::Chapter;

/// The metrics that stay visible while one scrolls.
pub(super) const MAIN_METRICS: &str = "loss_plain loss_residual accuracy_plain accuracy_residual";

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "chain",
        tab: "Shortcuts",
        title: "What does adding the input back change?",
        figures: &[("block-gradients", "Gradient that reaches each block")],
        readouts: &[],
        trains: true,
    },
    Chapter {
        slug: "paths",
        tab: "Paths",
        title: "What flows through each path of a block?",
        figures: &[("block", "Signal and gradient on each path of a block")],
        readouts: &[],
        trains: true,
    },
    Chapter {
        slug: "degradation",
        tab: "Training",
        title: "Do shortcuts help a deep network learn?",
        figures: &[
            ("loss", "Training loss"),
            ("train-error", "Training error"),
            ("answers", "Answers to ten test images"),
            ("accuracy", "Test accuracy"),
        ],
        readouts: &["train_error_plain train_error_residual"],
        trains: true,
    },
    Chapter {
        slug: "depth",
        tab: "Degradation",
        title: "Why is deeper not better without shortcuts?",
        figures: &[
            ("depth-error", "Training error at two depths"),
            ("depth-flow", "Gradients before training"),
        ],
        readouts: &[],
        trains: false,
    },
    Chapter {
        slug: "architecture",
        tab: "Architecture",
        title: "What is a residual network made of?",
        figures: &[
            ("network", "The network, block by block"),
            ("options", "Three shortcuts between shapes"),
            ("projection", "One shortcut by hand"),
        ],
        readouts: &["params_plain params_residual params_formula depth_built"],
        trains: false,
    },
    Chapter {
        slug: "gradients",
        tab: "Advanced",
        title: "How much gradient reaches the first block?",
        figures: &[
            ("gradient-flow", "Gradient norm of each block"),
            ("signal-flow", "Signal forward, gradient backward"),
            ("gradients-plain", "Gradients in training, plain network"),
            ("gradients-residual", "Gradients in training, residual network"),
        ],
        readouts: &[
            "grad_first_plain grad_last_plain decay_plain",
            "grad_first_residual grad_last_residual decay_residual",
        ],
        trains: true,
    },
    Chapter {
        slug: "own",
        tab: "Your pictures",
        title: "What happens with your own pictures?",
        figures: &[
            ("held-out", "What both networks say about held-out pictures"),
            ("overfitting", "Accuracy on training and held-out pictures"),
        ],
        readouts: &["train_accuracy_plain train_accuracy_residual"],
        trains: true,
    },
];
