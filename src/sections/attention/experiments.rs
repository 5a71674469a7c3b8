//! The guided experiments of section 5, from easy to surprising.

use super::{
    Config, Record, Task, UNSCALED, entropy_uniform, one_head_loss, params_formula, solved_below,
    steps_to_solve,
};
use crate::core::findings::{Numbers, both, known};
use crate::core::guided::{Answer, GuidedExperiment, Prediction};
use crate::keys;

/// The options of the experiments about pace, in the order of the choices of [`pace`].
const SOONER: &[&str] = &[
    "The scaled one, in at most three-quarters as many steps",
    "Both in about as many steps",
    "The unscaled one, in at most three-quarters as many steps",
    "Only the scaled one learns",
];
/// Networks whose numbers of steps differ by less than this factor are called equally fast. With five seeds, no experiment had
/// a ratio between 1.2 and 1.45, so the answers do not depend on the seed.
const ABOUT: f64 = 4.0 / 3.0;
/// The factor in the options of the experiment `unscaled-learns`, whose ratios are about 2.
const MORE: f64 = 1.5;

const SCALE: (&str, &str) =
    ("Vaswani et al. 2017, Attention is all you need, section 3.2.1", "https://arxiv.org/abs/1706.03762");
const ADAM: (&str, &str) = (
    "Kingma and Ba 2015, Adam, section 2.1 (steps do not depend on the gradient's scale)",
    "https://arxiv.org/abs/1412.6980",
);

pub(super) const EXPERIMENTS: &[GuidedExperiment<Config, Record>] = &[
    GuidedExperiment {
        slug: "eight-heads",
        chapter: "heads",
        figures: &["head-maps"],
        question: "Multi-head attention over 32 dimensions has 4,224 parameters with one head. How many does it have with eight?",
        values: keys!(@pairs Config; n_heads: "8"),
        trains: false,
        prediction: Prediction::Number { metric: "params_counted" },
        answer: eight_heads,
        reason: "The heads share the model's dimensions: 8 heads have 4 dimensions each, and their projections side by side are the same square matrices. More heads mean more and smaller projections, not more weights.",
        source: (
            "Vaswani et al. 2017, Attention is all you need, section 3.2.2",
            "https://arxiv.org/abs/1706.03762",
        ),
    },
    GuidedExperiment {
        slug: "two-look-ups-one-head",
        chapter: "heads",
        figures: &["heads-loss", "task-maps"],
        question: "Each token asks for the values of two others. One network has two heads, the other one head of twice the size. What happens to the loss of the single head?",
        values: keys!(@pairs Config; task: "two-look-ups"),
        trains: true,
        prediction: Prediction::Choice(&[
            "It falls as fast as with two heads",
            "It falls as low, but needs more steps",
            "It stays above 0.3 nats; two heads get below",
            "Neither network gets below 0.3 nats",
        ]),
        answer: two_look_ups,
        reason: "A head returns one weighted mean of the values. The answer with the smaller weight always looks less likely than the other one, so a linear readout cannot tell the values apart there: that costs at least ln 2 nats whenever they differ. Two heads return two means, one for each question.",
        source: (
            "Vaswani et al. 2017, Attention is all you need, section 3.2.2 (averaging inhibits this)",
            "https://arxiv.org/abs/1706.03762",
        ),
    },
    GuidedExperiment {
        slug: "entropy-512",
        chapter: "saturation",
        figures: &["entropy"],
        question: "A query has 64 random keys of 512 dimensions; uniform weights would have an entropy of 4.16 nats. What is the entropy of its softmax without the scale?",
        values: keys!(@pairs Config; d_k: "512"),
        trains: false,
        prediction: Prediction::Number { metric: "entropy_unscaled" },
        answer: entropy_512,
        reason: "A score is a sum of 512 products of variance 1, so its standard deviation is about 22.6. Among 64 such scores the largest is ahead by several nats, and the softmax puts almost everything on it. Divided by √512 the scores have variance 1 at any size.",
        source: SCALE,
    },
    GuidedExperiment {
        slug: "small-keys-pace",
        chapter: "look-up",
        figures: &["loss"],
        question: "With queries and keys of 8 dimensions, which network learns the look-up task sooner?",
        values: keys!(@pairs Config; d_k: "8", steps: "120"),
        trains: true,
        prediction: Prediction::Choice(SOONER),
        answer: pace,
        reason: "Without the scale a score of 8 products has a standard deviation of 2.8 rather than 1. The softmax over 8 tokens is clearly sharper, yet still trainable. With random queries and keys its mean entropy is about 0.97 of 2.08 nats, and 1.73 with the scale. The scale matters more where keys are large.",
        source: SCALE,
    },
    GuidedExperiment {
        slug: "unscaled-learns",
        chapter: "look-up",
        figures: &["loss", "accuracy"],
        question: "With keys of 256 dimensions the unscaled softmax starts saturated. Does that network learn the look-up task with Adam?",
        values: keys!(@pairs Config; d_k: "256", steps: "150"),
        trains: true,
        prediction: Prediction::Choice(&[
            "No, its loss stays above 0.5 nats",
            "Yes, but it needs at least 1.5 times as many steps",
            "Yes, in less than 1.5 times as many steps",
        ]),
        answer: unscaled_learns,
        reason: "Few queries pass on a gradient, but some waver between two keys. Adam divides each step by the size of the gradients, so small ones move the weights as far as large ones. The projections can then learn to make the scores smaller. The scale is a better start, not a condition.",
        source: ADAM,
    },
    GuidedExperiment {
        slug: "small-weights-start",
        chapter: "look-up",
        figures: &["loss", "training-entropy"],
        question: "Queries and keys of 256 dimensions start at a quarter of their usual size. Which network learns sooner now?",
        values: keys!(@pairs Config; d_k: "256", sigma: "0.25", steps: "150"),
        trains: true,
        prediction: Prediction::Choice(SOONER),
        answer: pace,
        reason: "The unscaled scores have the standard deviation σ²√d_k = 0.0625 · 16 = 1, which is what the scale makes of unit-variance keys. Scaled once more they start at 1/16: almost uniform weights that must grow first. What counts is the size of the scores, and initialization can set it as well as a division.",
        source: (
            "Vaswani et al. 2017, Attention is all you need, footnote 4",
            "https://arxiv.org/abs/1706.03762",
        ),
    },
    GuidedExperiment {
        slug: "jacobian-shape",
        chapter: "saturation",
        figures: &["jacobian"],
        question: "Without the scale, how does the gradient through the softmax (the median norm of its Jacobian) change as d_k grows from 4 to 512?",
        values: keys!(@pairs Config; n_seeds: "16"),
        trains: false,
        prediction: Prediction::Choice(&[
            "It falls all the way",
            "It rises all the way",
            "It rises, then falls",
            "It stays about the same",
        ]),
        answer: jacobian_shape,
        reason: "The Jacobian diag(w) − w wᵀ is small for uniform weights, since each is only 1/n. It is small again where one weight is 1 and all others are 0. Between them it is largest: a softmax that has just begun to choose passes on the most gradient. So a little saturation helps, and much of it ends learning for the typical query.",
        source: (
            "Vaswani et al. 2017, Attention is all you need, section 3.2.1 (extremely small gradients)",
            "https://arxiv.org/abs/1706.03762",
        ),
    },
    GuidedExperiment {
        slug: "plain-descent-pace",
        chapter: "look-up",
        figures: &["loss"],
        question: "Keys have 128 dimensions and the optimizer is plain SGD, which does not make up for small gradients. Which network learns sooner?",
        values: keys!(@pairs Config; d_k: "128", optimizer: "sgd", learning_rate: "0.3", steps: "150"),
        trains: true,
        prediction: Prediction::Choice(SOONER),
        answer: pace,
        reason: "Without the scale the gradients of the query and key projections are √d_k times larger wherever the softmax passes them on. SGD's steps grow with the gradient, which makes up for part of the saturation. Adam's steps do not, so there the scale matters more.",
        source: ADAM,
    },
];

fn eight_heads(config: &Config, record: &Record) -> Option<Answer> {
    let counted = record.heads.as_ref()?.params_counted;
    let one = params_formula(&Config { n_heads: 1, ..config.clone() });
    let verdict = match counted.cmp(&one) {
        std::cmp::Ordering::Equal => "exactly as many as one head",
        std::cmp::Ordering::Greater => "more than one head",
        std::cmp::Ordering::Less => "fewer than one head",
    };
    let words = format!("{} heads have {counted} parameters, {verdict} ({one}).", config.n_heads);
    Some(Answer::new(words, None, [("params_counted", counted.into()), ("params_formula", one.into())]))
}

fn entropy_512(config: &Config, record: &Record) -> Option<Answer> {
    let here = record.sweep.as_ref()?.here;
    if here.d_k != config.d_k {
        return None;
    }
    let (scaled, unscaled) = (here.scaled.entropy.mean, here.unscaled.entropy.mean);
    let uniform = entropy_uniform(config);
    let share = here.unscaled.largest.mean;
    let verdict = match unscaled {
        unscaled if unscaled < 0.25 * uniform => "the softmax has all but chosen a single key",
        unscaled if unscaled < 0.75 * uniform => "the softmax prefers some keys",
        _ => "the softmax is still close to uniform",
    };
    let words = format!(
        "Without the scale the entropy is {unscaled:.2} nats of {uniform:.2}: {verdict}, and the largest weight is {share:.2} on average. With the scale the same keys give {scaled:.2} nats."
    );
    let numbers = [("entropy_unscaled", unscaled), ("entropy_scaled", scaled), ("entropy_uniform", uniform)];
    Some(Answer::new(words, None, numbers))
}

/// Returns the numbers of steps to a loss below 0.5 nats, once both runs have ended; `None` for a network that did not reach
/// it.
fn steps(config: &Config, record: &Record) -> Option<[Option<f64>; 2]> {
    both(|arm| {
        let losses = &record.arms[arm].losses;
        (losses.len() >= config.steps as usize)
            .then(|| steps_to_solve(losses, solved_below(Task::LookUp)).map(f64::from))
    })
}

fn numbers([scaled, unscaled]: [Option<f64>; 2]) -> Numbers {
    known([("steps_scaled", scaled), ("steps_unscaled", unscaled)])
}

fn pace(config: &Config, record: &Record) -> Option<Answer> {
    let both = steps(config, record)?;
    let (choice, words) = match both {
        [Some(scaled), Some(unscaled)] => {
            let ratio = unscaled / scaled;
            let (choice, verdict) = match ratio {
                ratio if ratio >= ABOUT => (0, format!("the scaled network is {ratio:.1} times sooner")),
                ratio if ratio <= 1.0 / ABOUT => {
                    (2, format!("the unscaled network is {:.1} times sooner", 1.0 / ratio))
                }
                _ => (1, format!("a ratio of {ratio:.2}, so both learn at about the same pace")),
            };
            (
                Some(choice),
                format!(
                    "The loss is below 0.5 nats after {scaled} steps with the scale and after {unscaled} without it: {verdict}."
                ),
            )
        }
        [Some(scaled), None] => (
            Some(3),
            format!(
                "The scaled network's loss is below 0.5 nats after {scaled} steps; the unscaled one's is not within {}.",
                config.steps
            ),
        ),
        [None, Some(unscaled)] => (
            None,
            format!(
                "The unscaled network's loss is below 0.5 nats after {unscaled} steps; the scaled one's is not within {}.",
                config.steps
            ),
        ),
        [None, None] => {
            (None, format!("Neither network's loss is below 0.5 nats within {} steps.", config.steps))
        }
    };
    Some(Answer::new(words, choice, numbers(both)))
}

fn two_look_ups(config: &Config, record: &Record) -> Option<Answer> {
    let last = both(|arm| {
        let losses = &record.arms[arm].losses;
        (losses.len() >= config.steps as usize).then(|| losses.recent_mean(10)).flatten()
    });
    let [several, one] = last?;
    let bound = one_head_loss();
    let steps = both(|arm| Some(steps_to_solve(&record.arms[arm].losses, solved_below(Task::TwoLookUps))));
    let [several_steps, one_steps] = steps?;
    let (choice, verdict) = match (several < bound, one < bound) {
        (true, false) => (Some(2), "only several heads get below the level of one head".to_owned()),
        (false, false) => (Some(3), "neither network gets below the level of one head".to_owned()),
        (true, true) => match (several_steps, one_steps) {
            (Some(several), Some(one)) if f64::from(one) < MORE * f64::from(several) => {
                (Some(0), format!("both learn, in {several} and {one} steps"))
            }
            _ => (Some(1), "both get below the level".to_owned()),
        },
        (false, true) => (None, "only the single head gets below the level".to_owned()),
    };
    let words = format!(
        "After {} steps the loss is {several:.2} nats with {} heads and {one:.2} with one. The level is {bound:.2}: {verdict}.",
        config.steps, config.n_heads
    );
    Some(Answer::new(words, choice, [("loss_heads", several), ("loss_one_head", one)]))
}

fn unscaled_learns(config: &Config, record: &Record) -> Option<Answer> {
    let both = steps(config, record)?;
    let entropy = record.arms[UNSCALED].entropy.first().map(|(_, entropy)| *entropy)?;
    let start = format!("The unscaled network starts with an entropy of {entropy:.2} nats.");
    let (choice, outcome) = match both {
        [Some(scaled), Some(unscaled)] => {
            let ratio = unscaled / scaled;
            let more = format!("{unscaled} steps to a loss below 0.5 nats, the scaled one {scaled}");
            match ratio >= MORE {
                true => (Some(1), format!("It learns, but it needs {more}: {ratio:.1} times as many")),
                false => (Some(2), format!("It learns, and needs {more}: {ratio:.2} times as many")),
            }
        }
        [scaled, None] => (
            Some(0),
            match scaled {
                Some(scaled) => format!(
                    "It does not reach a loss of 0.5 nats within {} steps; the scaled one needs {scaled}",
                    config.steps
                ),
                None => format!("Neither network reaches a loss of 0.5 nats within {} steps", config.steps),
            },
        ),
        // None of the options compares it with a scaled network that did not learn.
        [None, Some(unscaled)] => {
            (None, format!("It learns in {unscaled} steps, and the scaled one not within {}", config.steps))
        }
    };
    Some(Answer::new(format!("{start} {outcome}."), choice, numbers(both)))
}

fn jacobian_shape(_: &Config, record: &Record) -> Option<Answer> {
    let sweep = record.sweep.as_ref()?;
    let unscaled = sweep.unscaled_jacobian();
    let (first, last) = (unscaled.first()?, unscaled.last()?);
    let peak = sweep.jacobian_peak()?;
    let min = unscaled.iter().map(|(_, norm)| *norm).fold(f64::INFINITY, f64::min);
    let (choice, shape) = match () {
        () if peak.1 < 1.25 * min => (3, "stays about the same".to_owned()),
        () if peak.0 == first.0 => (0, "falls all the way".to_owned()),
        () if peak.0 == last.0 => (1, "rises all the way".to_owned()),
        () => (2, format!("rises to {:.3} at d_k = {} and then falls", peak.1, peak.0)),
    };
    let words = format!(
        "From {:.3} at d_k = {} the median norm {shape}; at d_k = {} it is {:.1e}. With the scale it is {:.3} there.",
        first.1,
        first.0,
        last.0,
        last.1,
        sweep.points.last()?.scaled.jacobian_median.mean
    );
    let numbers = [("jacobian_first", first.1), ("jacobian_peak", peak.1), ("jacobian_last", last.1)];
    Some(Answer::new(words, choice, numbers))
}
