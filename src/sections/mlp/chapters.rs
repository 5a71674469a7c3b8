//! The chapters of section 1, one question each, in the order of the page.

use crate::core::chapter::Chapter;

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "boundary",
        title: "What can a linear network not learn?",
        figures: &[
            ("loss", "Training loss"),
            ("accuracy", "Accuracy"),
            ("boundary-linear", "Decision boundary, linear network"),
            ("boundary-activated", "Decision boundary, non-linear network"),
        ],
        trains: true,
    },
    Chapter {
        slug: "units",
        title: "What does each unit see?",
        figures: &[("network", "The network")],
        trains: true,
    },
    Chapter {
        slug: "collapse",
        title: "Why is a deep linear network just one matrix?",
        figures: &[("spectrum", "Singular values"), ("layer-ranks", "Rank, layer by layer")],
        trains: false,
    },
    Chapter {
        slug: "gradients",
        title: "How much gradient does each layer receive?",
        figures: &[
            ("gradients-linear", "Gradient norms, linear network"),
            ("gradients-activated", "Gradient norms, non-linear network"),
        ],
        trains: true,
    },
    Chapter { slug: "parameters", title: "How many parameters are there?", figures: &[], trains: false },
];
