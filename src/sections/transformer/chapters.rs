//! The chapters of section 6, one question each, in the order of the page.

use crate::core::chapter::Chapter;

/// The metrics that stay visible while one scrolls.
pub(super) const MAIN_METRICS: &str = "loss_train loss_val";

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        slug: "next",
        tab: "Next character",
        title: "What character comes next?",
        figures: &[("next-token", "The next character"), ("next-heads", "Attention on your text")],
        readouts: &[],
        trains: true,
    },
    Chapter {
        slug: "architecture",
        tab: "Block",
        title: "What is the model made of?",
        figures: &[
            ("block", "The parts of the model"),
            ("window", "One window gives T predictions"),
            ("layer-norm", "Layer norm of one vector"),
            ("stream", "The residual stream"),
            ("positions", "The positional encoding"),
            ("wave", "One wave of it"),
            ("products", "Dot products of positions"),
        ],
        readouts: &["params_formula params_counted", "pe_shift_max_dev pe_rotation_max_dev"],
        trains: false,
    },
    Chapter {
        slug: "mask",
        tab: "Mask",
        title: "Why can it not see the future?",
        figures: &[
            ("mask-map", "What each position sees"),
            ("mask-loss", "Loss on all characters, and on the last one"),
        ],
        readouts: &["loss_last"],
        trains: true,
    },
    Chapter {
        slug: "training",
        tab: "Training",
        title: "How well does it predict the next character?",
        figures: &[("loss", "Loss")],
        readouts: &["bits_per_char loss_start baseline_uniform baseline_unigram baseline_bigram epoch"],
        trains: true,
    },
    Chapter {
        slug: "attention-heads",
        tab: "Heads",
        title: "What does each head attend to?",
        figures: &[("attention", "Attention of one head"), ("heads", "What each head does")],
        readouts: &[],
        trains: true,
    },
    Chapter {
        slug: "induction-heads",
        tab: "Induction",
        title: "How does a model copy what it has seen before?",
        figures: &[
            ("sequence", "One sequence, and what to copy"),
            ("halves", "Loss on the first block and the repeats"),
            ("induction", "Attention scores over training"),
            ("head-scores", "Prefix matching and copying"),
            ("copying", "Where a head attends"),
        ],
        readouts: &[
            "loss_first baseline_first loss_second induction_score copying_score previous_score drop_step",
        ],
        trains: true,
    },
    Chapter {
        slug: "generation",
        tab: "Generation",
        title: "What does it write?",
        figures: &[("samples", "Samples of the run"), ("temperatures", "Loss at each temperature")],
        readouts: &["loss_cold loss_hot best_temperature"],
        trains: true,
    },
    Chapter {
        slug: "own",
        tab: "Your text",
        title: "What does it learn from your own text?",
        figures: &[("vocabulary", "The characters of the text")],
        readouts: &[],
        trains: true,
    },
];
