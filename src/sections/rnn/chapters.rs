//! The chapters of section 4, one question each, in the order of the page.

use crate::core::chapter::Chapter;

/// The metrics that stay visible while one scrolls.
pub(super) const MAIN_METRICS: &str = "loss_rnn loss_lstm accuracy_rnn accuracy_lstm";

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "memory",
        tab: "Memory",
        title: "Which network remembers the first token?",
        figures: &[
            ("sequence", "One sequence, and the gradient at every position"),
            ("loss", "Training loss"),
            ("accuracy", "Accuracy"),
        ],
        readouts: &["chance steps_rnn steps_lstm ms_per_step_rnn ms_per_step_lstm"],
        trains: true,
    },
    Chapter {
        slug: "backpropagation",
        tab: "Gradients",
        title: "How far back does the gradient reach?",
        figures: &[
            ("gradients", "Gradient at every position"),
            ("gradient-norm", "Gradient norm and clipping"),
            ("gradient-map-rnn", "RNN: gradient over the run"),
            ("gradient-map-lstm", "LSTM: gradient over the run"),
        ],
        readouts: &["grad_first_rnn grad_first_lstm grad_ratio"],
        trains: true,
    },
    Chapter {
        slug: "survival",
        tab: "Survival",
        title: "How much of a change survives?",
        figures: &[("paths", "Paths back through time")],
        readouts: &["path_rnn path_lstm", "step_mean_rnn spectral_radius_measured step_bound_rnn"],
        trains: false,
    },
    Chapter {
        slug: "architecture",
        tab: "Cells",
        title: "What is inside the two cells?",
        figures: &[("cell", "The two cells at one position"), ("cell-units", "Every unit over the sequence")],
        readouts: &[
            "params_rnn params_rnn_counted params_lstm params_lstm_counted spectral_radius_measured max_abs_err_rnn max_abs_err_lstm",
        ],
        trains: true,
    },
    Chapter {
        slug: "own",
        tab: "Your lines",
        title: "What do they learn from your own lines?",
        figures: &[
            ("line", "A held-out line, character by character"),
            ("line-accuracy", "Training and held-out accuracy"),
        ],
        readouts: &["accuracy_train_rnn accuracy_train_lstm"],
        trains: true,
    },
];
