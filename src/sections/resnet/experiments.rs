//! The guided experiments of section 3, from easy to surprising.

use super::decay::is_nearer;
use super::{Config, Decay, PLAIN, RESIDUAL, Record, decay};
use crate::core::findings::both;
use crate::core::guided::{Answer, GuidedExperiment, Prediction};
use crate::keys;

type Experiment = GuidedExperiment<Config, Record>;

pub(super) const EXPERIMENTS: &[Experiment] =
    &[VANISHING, SHORTCUT, FLAT_LOSS, BATCH_NORM, HE, EXPLOSION, DEGRADATION];

const RECTIFIERS: (&str, &str) =
    ("He et al. 2015, \"Delving deep into rectifiers\", section 2.2", "https://arxiv.org/abs/1502.01852");
const WITHOUT_NORM: (&str, &str) =
    ("Zhang, Dauphin and Ma 2019, section 2", "https://arxiv.org/abs/1901.09321");

const VANISHING: Experiment = GuidedExperiment {
    slug: "vanishing-gradient",
    chapter: "gradients",
    figures: &["gradient-flow", "signal-flow"],
    question: "A plain network of 20 layers, without batch norm, is drawn at random. By what factor does the weight gradient change from one block to the block before it?",
    values: &[],
    trains: false,
    prediction: Prediction::Number { metric: "decay_plain" },
    answer: plain_decay,
    reason: "PyTorch's default weights have a sixth of the variance that ReLU needs. Each layer passes on a fraction of the gradient, and over nine blocks the fractions multiply. Biases keep the signal up meanwhile, so only the gradient vanishes.",
    source: RECTIFIERS,
};

fn plain_decay(config: &Config, record: &Record) -> Option<Answer> {
    let plain = measured(config, record, PLAIN)?;
    let words = format!(
        "{} In the plain network the first block gets {:.1e}, the last {:.1e}.",
        per_block(plain),
        plain.first,
        plain.last
    );
    let numbers = [
        ("decay_plain", plain.per_block),
        ("grad_first_plain", plain.first),
        ("grad_last_plain", plain.last),
    ];
    Some(Answer::new(words, None, numbers))
}

/// Returns the decay of the weight gradients of untrained networks, once all random initializations are
/// measured.
fn measured(config: &Config, record: &Record, arm: usize) -> Option<Decay> {
    let flow = record.flow.as_ref().filter(|flow| flow.batch_norm == config.batch_norm)?;
    let nets = flow.nets(arm);
    (nets.len() == config.n_seeds as usize).then(|| decay(nets, |net| &net.weights)).flatten()
}

fn per_block(decay: Decay) -> String {
    let factor = decay.per_block;
    let verdict = match factor {
        factor if factor < 0.5 => "the gradient vanishes toward the input",
        factor if factor < 0.9 => "the gradient shrinks slowly toward the input",
        factor if factor <= 1.1 => "the gradient keeps its size",
        _ => "the gradient grows toward the input",
    };
    format!("× {factor:.2} per block: {verdict}.")
}

const SHORTCUT: Experiment = GuidedExperiment {
    slug: "shortcut-gradient",
    chapter: "gradients",
    figures: &["gradient-flow", "signal-flow"],
    question: "The same weights, with a shortcut around every block. By what factor does the weight gradient change now?",
    values: &[],
    trains: false,
    prediction: Prediction::Number { metric: "decay_residual" },
    answer: residual_decay,
    reason: "Nothing is split: both paths receive the full gradient of the sum. The identity returns it unchanged, and the branch adds its own, which is small here. The gradient therefore shrinks mainly where a ReLU blocks it or a projection scales it.",
    source: ("He et al. 2016b, \"Identity mappings\", section 2", "https://arxiv.org/abs/1603.05027"),
};

fn residual_decay(config: &Config, record: &Record) -> Option<Answer> {
    let [plain, residual] = both(|arm| measured(config, record, arm))?;
    let words = format!(
        "{} That is {} to × 1 than × {:.2} without shortcuts: the first block gets {:.1e} instead of {:.1e}.",
        per_block(residual),
        if is_nearer(residual, plain) { "nearer" } else { "no nearer" },
        plain.per_block,
        residual.first,
        plain.first
    );
    let numbers = [
        ("decay_residual", residual.per_block),
        ("decay_plain", plain.per_block),
        ("grad_first_residual", residual.first),
    ];
    Some(Answer::new(words, None, numbers))
}

const FLAT_LOSS: Experiment = GuidedExperiment {
    slug: "loss-without-gradient",
    chapter: "degradation",
    figures: &["loss", "accuracy"],
    question: "Next to no gradient reaches the first blocks of the plain network. Chance level is ln 10 = 2.3. What will its training loss look like over the steps?",
    values: keys!(@pairs Config; steps: "60"),
    trains: true,
    prediction: Prediction::Curve { metric: "loss_plain", low: 0.0, high: 3.0 },
    answer: flat_loss,
    reason: "The last layer could learn by itself, but all it sees is the same for every image: biases alone have survived the way through 19 layers. So it learns how frequent each class is, and all ten are equally frequent.",
    source: RECTIFIERS,
};

/// The number of losses that are averaged.
const RECENT: usize = 10;
/// Losses that differ by less than this, in nats, are called equal.
const SAME: f64 = 0.05;

fn losses(record: &Record) -> Option<[f64; 2]> {
    both(|arm| record.arms[arm].losses.recent_mean(RECENT))
}

fn flat_loss(config: &Config, record: &Record) -> Option<Answer> {
    let [plain, residual] = losses(record)?;
    let chance = config.picture_shape().uniform_loss();
    let verdict = match plain - chance {
        off if off.abs() <= SAME => "It is a flat line at chance level",
        off if off < 0.0 => "It falls below chance level",
        _ => "It is above chance level",
    };
    let words = format!(
        "{verdict}: {plain:.2} nats at the end, where chance is {chance:.2}. The residual network, from the same weights, is at {residual:.2}."
    );
    Some(Answer::new(words, None, [("loss_plain", plain), ("loss_residual", residual)]))
}

const FASTER_NETWORK: &[&str] =
    &["The plain network learns faster", "Both about equally fast", "The residual network learns faster"];

/// Returns the index of the result in [`FASTER_NETWORK`], and a sentence for it.
fn faster_network(plain: f64, residual: f64) -> (usize, &'static str) {
    match plain - residual {
        ahead if ahead > SAME => (2, "The residual network learns faster"),
        ahead if ahead < -SAME => (0, "The plain network learns faster"),
        _ => (1, "Both are about equally fast"),
    }
}

fn compared(config: &Config, record: &Record) -> Option<Answer> {
    let [plain, residual] = losses(record)?;
    let (choice, verdict) = faster_network(plain, residual);
    let steps = record.arms[RESIDUAL].losses.len();
    let mut words = format!(
        "{verdict}: after {steps} steps the loss is {plain:.2} (plain) and {residual:.2} (residual) nats."
    );
    let mut numbers = vec![("loss_plain", plain), ("loss_residual", residual)];
    // The probe measures the gradient, and only the first seed is probed.
    let Some(Decay { per_block: gradient, .. }) = measured(config, record, PLAIN) else {
        return Some(Answer::new(words, choice, numbers));
    };
    let but = match (gradient > 0.9, choice) {
        (true, 2) => "missing gradients are not the cause",
        (true, _) => "the gradient arrives, and it is enough here",
        (false, 2) => "too little gradient arrives",
        (false, _) => "the gradient shrinks, and it is enough all the same",
    };
    words += &format!(" The plain network's gradient changes by × {gradient:.2} per block, so {but}.");
    numbers.push(("decay_plain", gradient));
    Some(Answer::new(words, choice, numbers))
}

const BATCH_NORM: Experiment = GuidedExperiment {
    slug: "batch-norm-alone",
    chapter: "degradation",
    figures: &["loss", "accuracy"],
    question: "Batch norm keeps the gradients of 20 layers from vanishing. Does the plain network then learn as fast as the residual one?",
    values: keys!(@pairs Config; batch_norm: "1", steps: "60"),
    trains: true,
    prediction: Prediction::Choice(FASTER_NETWORK),
    answer: compared,
    reason: "Batch norm rescales every layer, so the signal keeps its size, and the gradient even grows toward the input. A gradient of the right size can still be of little use. In a deep plain network, gradients at inputs that differ slightly are almost unrelated, like white noise; in a residual network they are more alike (Balduzzi et al. 2017).",
    source: ("He et al. 2016, section 4.1; Balduzzi et al. 2017", "https://arxiv.org/abs/1702.08591"),
};

const HE: Experiment = GuidedExperiment {
    slug: "he-without-shortcuts",
    chapter: "degradation",
    figures: &["loss", "accuracy"],
    question: "He initialization alone, without batch norm: the gradient keeps its size through all 20 layers. Which network learns faster?",
    values: keys!(@pairs Config; init: "he", steps: "60"),
    trains: true,
    prediction: Prediction::Choice(FASTER_NETWORK),
    answer: compared,
    reason: "He initialization makes up for what ReLU removes, so the weight gradients of a plain network of 20 layers keep their size. The same weights are too large for a residual network: each block roughly doubles the mean square of its signal, and the first losses are far above chance. Shortcuts help only together with a scale that fits them, such as batch norm.",
    source: WITHOUT_NORM,
};

const EXPLOSION: Experiment = GuidedExperiment {
    slug: "exploding-signal",
    chapter: "gradients",
    figures: &["signal-flow"],
    question: "56 layers with He initialization and shortcuts, without batch norm. What is the residual network's first loss? A network that knows nothing has ln 10 = 2.3.",
    values: keys!(@pairs Config; depth: "56", init: "he", steps: "2", batch_size: "8", n_seeds: "1"),
    trains: true,
    prediction: Prediction::Choice(&["About 2.3", "Between 3 and 50", "Over 50"]),
    answer: explosion,
    reason: "With He initialization the branch’s output has about twice the mean square of its input, so the sum has about three times, and ReLU leaves about 2.3 times. Zero padding in the convolutions lowers this, but the mean square still roughly doubles in each of 27 blocks. Weights that suit a plain network destabilize a residual one; batch norm, or branches that start at zero, fix it.",
    source: WITHOUT_NORM,
};

fn explosion(_: &Config, record: &Record) -> Option<Answer> {
    let [plain, residual] = both(|arm| record.arms[arm].losses.first().map(|(_, loss)| *loss))?;
    let (choice, verdict) = match residual {
        loss if loss > 50.0 => (2, "Far beyond chance"),
        loss if loss > 3.0 => (1, "Above chance"),
        _ => (0, "At chance"),
    };
    let signal =
        record.paths(RESIDUAL).and_then(|paths| paths.blocks.last()).map(|block| block.output.signal);
    let signal = signal.map_or_else(String::new, |signal| {
        format!(" The signal after the last block is {signal:.1e} (root mean square).")
    });
    let words =
        format!("{verdict}: {residual:.3e} nats, where the plain network starts at {plain:.2}.{signal}");
    let numbers = [("first_loss_residual", residual), ("first_loss_plain", plain)];
    Some(Answer::new(words, choice, numbers))
}

const DEGRADATION: Experiment = GuidedExperiment {
    slug: "degradation-56",
    chapter: "degradation",
    figures: &["loss", "accuracy"],
    question: "56 layers with batch norm, as in the paper. Which network's training loss falls faster?",
    values: keys!(@pairs Config; depth: "56", batch_norm: "1", init: "he", optimizer: "momentum", learning_rate: "0.05", steps: "80", n_seeds: "1"),
    trains: true,
    prediction: Prediction::Choice(FASTER_NETWORK),
    answer: compared,
    reason: "A deeper plain network could copy a shallower one and set its other layers to the identity. Still, He et al. found that its training error ended higher, which they call degradation. This run compares two networks of one depth, so it shows slower optimization. To become nearly the identity, a residual block only has to drive F to zero; plain layers have to learn it.",
    source: ("He et al. 2016, sections 1 and 4.2", "https://arxiv.org/abs/1512.03385"),
};
