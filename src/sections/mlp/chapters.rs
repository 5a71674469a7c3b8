//! The chapters of section 1, one question each, in the order of the page.

use crate::core::chapter::Chapter;

/// The metrics that stay visible while one scrolls.
pub(super) const MAIN_METRICS: &str =
    "loss_linear loss_activated accuracy_linear accuracy_activated rmse_linear rmse_activated";

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "boundary",
        tab: "Boundary",
        title: "What can a linear network not learn?",
        figures: &[
            ("loss", "Training loss"),
            ("accuracy", "Accuracy"),
            ("boundary-linear", "Decision boundary, linear network"),
            ("boundary-activated", "Decision boundary, non-linear network"),
        ],
        readouts: &[],
        trains: true,
    },
    Chapter {
        slug: "units",
        tab: "Units",
        title: "What does each unit see?",
        figures: &[("network", "The network")],
        readouts: &["params_edited"],
        trains: true,
    },
    Chapter {
        slug: "width",
        tab: "Width",
        title: "What does width buy?",
        figures: &[
            ("pieces-formula", "Placed by a formula"),
            ("pieces-trained", "Found by training"),
            ("pieces-error", "Maximum error over width"),
        ],
        readouts: &["pieces_error pieces_bound pieces_trained_error"],
        trains: false,
    },
    Chapter {
        slug: "collapse",
        tab: "Rank",
        title: "Why is a deep linear network just one layer?",
        figures: &[
            ("outputs-linear", "Outputs, linear network"),
            ("outputs-activated", "Outputs, non-linear network"),
            ("spectrum", "Singular values"),
            ("layer-ranks", "Rank, layer by layer"),
        ],
        readouts: &["rank_linear rank_activated rank_bound collapse_max_abs_diff"],
        trains: false,
    },
    Chapter {
        slug: "gradients",
        tab: "Gradients",
        title: "How much gradient does each layer receive?",
        figures: &[
            ("gradient-bars", "Gradient norm of each layer"),
            ("gradients-linear", "Gradient norms, linear network"),
            ("gradients-activated", "Gradient norms, non-linear network"),
        ],
        readouts: &["grad_ratio_linear grad_ratio_activated"],
        trains: true,
    },
    Chapter {
        slug: "parameters",
        tab: "Parameters",
        title: "How many parameters are there?",
        figures: &[("matrices", "Weights and biases")],
        readouts: &["params_formula params_counted"],
        trains: false,
    },
    Chapter {
        slug: "own",
        tab: "Your own data",
        title: "What happens with your own data?",
        figures: &[("board", "Your data and the networks’ predictions")],
        readouts: &[],
        trains: true,
    },
];
