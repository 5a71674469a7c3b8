//! The chapters of section 2, one question each, in the order of the page.

use crate::core::chapter::Chapter;

/// The metrics that stay visible while one scrolls.
pub(super) const MAIN_METRICS: &str = "loss_conv loss_separable accuracy_conv accuracy_separable";

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "shift",
        tab: "Shift",
        title: "Why slide one small kernel?",
        figures: &[("shifted-maps", "The same image, shifted")],
        readouts: &["dense_params"],
        trains: false,
    },
    Chapter {
        slug: "products",
        tab: "Convolution",
        title: "What does a convolution compute?",
        figures: &[("kernel", "A kernel over an image, product by product")],
        readouts: &[],
        trains: true,
    },
    Chapter {
        slug: "shape",
        tab: "Output size",
        title: "How large is the output?",
        figures: &[("output-size", "Input, kernel and output"), ("known-sizes", "Well-known convolutions")],
        readouts: &["out_formula out_measured"],
        trains: false,
    },
    Chapter {
        slug: "receptive",
        tab: "Receptive field",
        title: "How far does one unit see?",
        figures: &[
            ("receptive-field", "The receptive field of one unit"),
            ("receptive-stack", "From the unit down to the image"),
            ("receptive-profile", "Weight of each pixel, all kernels uniform"),
        ],
        readouts: &["rf_formula rf_measured"],
        trains: false,
    },
    Chapter {
        slug: "pooling",
        tab: "Pooling",
        title: "What does pooling keep?",
        figures: &[
            ("pooling-windows", "A map, pooled window by window"),
            ("pooling-shifts", "Change of the output over the shift"),
        ],
        readouts: &[],
        trains: false,
    },
    Chapter {
        slug: "separable",
        tab: "Separable",
        title: "What does separating space from channels save?",
        figures: &[
            ("layer-params", "Parameters per layer"),
            ("layer-macs", "Multiply-accumulates per layer"),
            ("factor-kernel", "Savings over kernel size"),
            ("factor-channels", "Savings over output channels"),
            ("cost", "Work and time of both networks"),
        ],
        readouts: &[
            "width_separable net_params_conv net_params_separable net_macs_conv net_macs_separable",
            "params_conv params_separable params_ratio",
            "macs_conv macs_separable macs_ratio net_macs_ratio speedup",
        ],
        trains: false,
    },
    Chapter {
        slug: "training",
        tab: "Training",
        title: "Does the cheaper convolution learn as well?",
        figures: &[
            ("networks", "Both networks, block by block"),
            ("loss", "Training loss"),
            ("accuracy", "Test accuracy"),
            ("confusion-conv", "Confusion matrix, standard CNN"),
            ("confusion-separable", "Confusion matrix, separable CNN"),
            ("wrong-conv", "Misclassified images, standard CNN"),
            ("wrong-separable", "Misclassified images, separable CNN"),
            ("samples", "Training images"),
        ],
        readouts: &["ms_per_step_conv ms_per_step_separable epoch steps_per_epoch"],
        trains: true,
    },
    Chapter {
        slug: "features",
        tab: "Features",
        title: "What does each layer respond to?",
        figures: &[
            ("inside-conv", "Inside the standard CNN"),
            ("inside-separable", "Inside the separable CNN"),
        ],
        readouts: &[],
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
        readouts: &["train_accuracy_conv train_accuracy_separable"],
        trains: true,
    },
];
