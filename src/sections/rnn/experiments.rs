//! The guided experiments of section 4, from easy to surprising.

use super::checks::LEARNED;
use super::{Config, FLOAT_FLOOR, LSTM, RNN, Record, chance, steps_to_learn};
use crate::core::findings::{both, known};
use crate::core::guided::{Answer, GuidedExperiment, Prediction, percent};
use crate::keys;

/// The networks that learned the task, in the order of [`who_learned`].
const WHO: &[&str] = &["Both networks", "Only the LSTM", "Only the RNN", "Neither network"];

pub(super) const EXPERIMENTS: &[GuidedExperiment<Config, Record>] = &[
    GuidedExperiment {
        slug: "twelve-tokens",
        chapter: "memory",
        figures: &["loss", "accuracy"],
        question: "The first of 12 tokens must be recalled after the last. Which network learns it in 120 steps?",
        values: keys!(@pairs Config; seq_len: "12", forget_bias: "one", steps: "120"),
        trains: true,
        prediction: Prediction::Choice(WHO),
        answer: learners,
        reason: "Going back over 12 tokens, the RNN's gradient is multiplied by 11 Jacobians. Each halves it, more or less, so about a thousandth arrives. Adam rescales small gradients, and a thousandth is far above rounding error. Long sequences are the difficulty, not recurrence itself.",
        source: (
            "Bengio, Simard and Frasconi 1994, Learning long-term dependencies with gradient descent is difficult",
            "https://doi.org/10.1109/72.279181",
        ),
    },
    GuidedExperiment {
        slug: "first-token-gradient",
        chapter: "backpropagation",
        figures: &["gradients"],
        question: "Before training, how large is the RNN's gradient at the first of 200 tokens, as a fraction of its gradient at the last?",
        values: keys!(@pairs Config; steps: "1"),
        trains: true,
        prediction: Prediction::Choice(&["About a hundredth", "About a millionth", "Less than 1e-30"]),
        answer: first_token,
        reason: "Each step back multiplies the gradient by the recurrent matrix and the slope of the tanh. A single step is bounded by the largest singular value of the matrix, which is about 1. Over many steps the spectral radius decides: about 0.58 per step or less on average, and 0.58^199 is about 1e-47. The direct path through the LSTM's cells has only forget gates as factors, and some of them start very near 1.",
        source: (
            "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks, section 2",
            "https://arxiv.org/abs/1211.5063",
        ),
    },
    GuidedExperiment {
        slug: "chrono",
        chapter: "survival",
        figures: &["paths"],
        question: "An untrained LSTM starts with chrono initialization. What fraction of a change in the cell at the first token is left 199 steps later, along the direct path (RMS over units)?",
        values: keys!(@pairs Config;),
        trains: false,
        prediction: Prediction::Number { metric: "path_lstm" },
        answer: chrono,
        reason: "Chrono initialization samples forget biases as ln u with u from U(1, T − 1). A unit then keeps the fraction u / (1 + u) of its cell per step. After u steps, about 1/e = 37% of a change is left. Only units with u near T still have that much after 199 steps, so the RMS over units is lower. One bias for all units, such as 1, keeps 73% per step, and nothing is left after 199.",
        source: (
            "Tallec and Ollivier 2018, Can recurrent neural networks warp time?",
            "https://arxiv.org/abs/1804.11188",
        ),
    },
    GuidedExperiment {
        slug: "forget-bias",
        chapter: "memory",
        figures: &["loss", "accuracy"],
        question: "All forget gates of the LSTM start half open (bias 0). Which network learns to recall the first of 100 tokens in 100 steps?",
        values: keys!(@pairs Config; seq_len: "100", forget_bias: "zero", steps: "100"),
        trains: true,
        prediction: Prediction::Choice(WHO),
        answer: forget_bias,
        reason: "The direct path through the cell has no matrix and no tanh, but every step multiplies by the forget gate. Half open, the gates halve the cell and the gradient: 0.5^99 is about 1e-30. An LSTM needs forget gates that start near 1; the architecture alone is not enough.",
        source: (
            "Jozefowicz, Zaremba and Sutskever 2015, An empirical exploration of recurrent network architectures",
            "https://proceedings.mlr.press/v37/jozefowicz15.html",
        ),
    },
    GuidedExperiment {
        slug: "four-gates",
        chapter: "memory",
        figures: &["loss", "accuracy"],
        question: "The LSTM has four times the recurrent weights of the RNN. How much longer does a training step take on this device?",
        values: keys!(@pairs Config; seq_len: "100", steps: "40"),
        trains: true,
        prediction: Prediction::Choice(&[
            "About the same (less than 1.5 times)",
            "About twice (1.5 to 3 times)",
            "About four times (3 to 5 times)",
            "More than 5 times",
        ]),
        answer: four_gates,
        reason: "The three gates and the candidate are one matrix product, four times as wide, which is faster than four narrow products. But per step the LSTM also has three sigmoids, two tanhs and several elementwise products, where the RNN has one tanh. The balance depends on the device and the hidden size.",
        source: (
            "Appleyard, Kočiský and Blunsom 2016, Optimizing performance of recurrent neural networks on GPUs, section 3",
            "https://arxiv.org/abs/1604.01946",
        ),
    },
    GuidedExperiment {
        slug: "shared-noise",
        chapter: "memory",
        figures: &["loss", "accuracy"],
        question: "The noise is made of the class tokens themselves, and only the first token counts. Which network learns to recall the first of 60 tokens in 150 steps?",
        values: keys!(@pairs Config; seq_len: "60", alphabet: "shared", steps: "150"),
        trains: true,
        prediction: Prediction::Choice(WHO),
        answer: learners,
        reason: "A cell with open forget gates adds up every token. Noise with its own tokens adds nothing about the class, but 59 random class tokens drown the first one. The input gate must learn to close after one token, and the gradient for that is small at the start.",
        source: (
            "Hochreiter and Schmidhuber 1997, Long short-term memory, section 5 (noise and signal on one line)",
            "https://doi.org/10.1162/neco.1997.9.8.1735",
        ),
    },
    GuidedExperiment {
        slug: "good-start",
        chapter: "memory",
        figures: &["loss", "accuracy"],
        question: "The RNN's recurrent matrix is scaled to a spectral radius of 1.1, the LSTM keeps its chrono start. Which network recalls the first of 40 tokens after 150 steps?",
        values: keys!(@pairs Config; seq_len: "40", spectral_radius: "1.1", steps: "150"),
        trains: true,
        prediction: Prediction::Choice(WHO),
        answer: good_start,
        reason: "The RNN's difficulty is often blamed on its architecture, but its initialization matters as much. At a radius of 0.58 the same network stays at chance. A little above 1, the matrix makes up for the slope of the tanh, and the gradient arrives. Over longer sequences this gets fragile: over 200 tokens it depends on the seed.",
        source: (
            "Sutskever et al. 2013, On the importance of initialization and momentum in deep learning, section 5",
            "https://proceedings.mlr.press/v28/sutskever13.html",
        ),
    },
    GuidedExperiment {
        slug: "radius-two",
        chapter: "backpropagation",
        figures: &["gradients"],
        question: "A spectral radius of 1.1 lets the RNN learn. At a radius of 2, how large is its gradient at the first of 60 tokens, compared with the last, at the first step?",
        values: keys!(@pairs Config; seq_len: "60", spectral_radius: "2", steps: "150"),
        trains: true,
        prediction: Prediction::Choice(&[
            "It vanishes (less than a millionth)",
            "It is smaller (a millionth to a tenth)",
            "It does not shrink (more than a tenth)",
        ]),
        answer: radius_two,
        reason: "Well above 1, an untrained tanh network is chaotic: small differences grow until the tanh saturates. The gradient does not vanish and often explodes, and it differs from sequence to sequence. An average over a batch then says little about the first token, so it depends on the seed whether the RNN learns. Compare several seeds.",
        source: (
            "Sompolinsky, Crisanti and Sommers 1988, Chaos in random neural networks",
            "https://doi.org/10.1103/PhysRevLett.61.259",
        ),
    },
];

/// Returns the accuracies of the two networks at the end of a complete run.
fn accuracies(config: &Config, record: &Record) -> Option<[f64; 2]> {
    both(|arm| {
        let (step, accuracy) = *record.arms[arm].accuracy.last()?;
        (step >= f64::from(config.steps)).then_some(accuracy)
    })
}

/// Returns the index in [`WHO`] for the accuracies of the RNN and the LSTM.
fn who_learned(accuracies: [f64; 2]) -> usize {
    match accuracies.map(|accuracy| accuracy > LEARNED) {
        [true, true] => 0,
        [false, true] => 1,
        [true, false] => 2,
        [false, false] => 3,
    }
}

/// Answers which networks learned the task.
fn learners(config: &Config, record: &Record) -> Option<Answer> {
    let both @ [rnn, lstm] = accuracies(config, record)?;
    let who = who_learned(both);
    let outcome = match who {
        0 => "both networks recall the first token",
        1 => "the LSTM recalls the first token and the RNN does not",
        2 => "the RNN recalls the first token and the LSTM does not",
        _ => "neither network recalls the first token",
    };
    let words = format!(
        "After {} steps the accuracy is {} for the RNN and {} for the LSTM, with {} at chance: {outcome}.",
        config.steps,
        percent(rnn),
        percent(lstm),
        percent(chance(config))
    );
    let numbers = [("accuracy_rnn", rnn), ("accuracy_lstm", lstm), ("chance", chance(config))];
    Some(Answer::new(words, who, numbers))
}

fn first_token(_: &Config, record: &Record) -> Option<Answer> {
    let [(first, last), (lstm, lstm_last)] = both(|arm| record.arms[arm].first_gradient(|row| &row.hidden))?;
    if last <= 0.0 || lstm_last <= 0.0 {
        return None;
    }
    let (choice, size) = match first / last {
        share if share < 1e-30 => (Some(2), "nothing that could be learned from"),
        share if (1e-8..1e-4).contains(&share) => (Some(1), "about a millionth"),
        share if (1e-3..0.1).contains(&share) => (Some(0), "about a hundredth"),
        _ => (None, "none of the three"),
    };
    let rnn = if first < FLOAT_FLOOR {
        format!("{first:.0e}, below the smallest normal 32-bit number")
    } else {
        format!("{first:.1e}")
    };
    let per_step = record.arms[RNN].first_gradient_per_step().map_or_else(String::new, |(factor, steps)| {
        format!(" The average factor per step back is {factor:.2}, over the {steps} steps that 32-bit numbers can represent.")
    });
    let words = format!(
        "In the RNN ‖∂L/∂h‖ is {last:.1e} at the last token and {rnn} at the first: {size}.{per_step} In the LSTM {lstm:.1e} arrives at the first token.",
    );
    Some(Answer::new(words, choice, [("grad_first_rnn", first), ("grad_first_lstm", lstm)]))
}

fn chrono(_: &Config, record: &Record) -> Option<Answer> {
    let paths = record.untrained.as_deref()?;
    let (rnn, lstm) = (*paths.rnn.first()?, *paths.cell.first()?);
    let steps = paths.cell.len().saturating_sub(1);
    let verdict = match lstm {
        lstm if lstm > 0.5 => "Most of a change survives",
        lstm if lstm > 0.01 => "Part of a change survives",
        _ => "Almost nothing of a change survives",
    };
    let units = record.untrained_traces[LSTM].as_deref().map_or_else(String::new, |trace| {
        let kept = trace.kept();
        let mean = kept.iter().sum::<f64>() / kept.len().max(1) as f64;
        let largest = kept.iter().copied().fold(0.0, f64::max);
        format!(" The mean over {} units is {mean:.2}, and the largest factor is {largest:.2}.", kept.len())
    });
    let words = format!(
        "{verdict}: the RMS factor over {steps} steps is {lstm:.2} along the direct path through the LSTM's cells, and {rnn:.0e} through the RNN's states.{units}"
    );
    Some(Answer::new(words, None, [("path_lstm", lstm), ("path_rnn", rnn)]))
}

fn forget_bias(config: &Config, record: &Record) -> Option<Answer> {
    let answer = learners(config, record)?;
    // The probe measures the path, and only the first seed is probed.
    let Some(&path) = record.untrained.as_deref().and_then(|paths| paths.cell.first()) else {
        return Some(answer);
    };
    let why = match answer.choice {
        Some(0 | 1) => format!(
            "Although its untrained cells carry only {path:.0e} of the first token to the end, the LSTM has found it."
        ),
        _ => format!("The LSTM's untrained cells carry only {path:.0e} of the first token to the end."),
    };
    let numbers = [answer.numbers, vec![("path_lstm", path)]].concat();
    Some(Answer { words: format!("{} {why}", answer.words), numbers, ..answer })
}

fn four_gates(config: &Config, record: &Record) -> Option<Answer> {
    accuracies(config, record)?;
    let [rnn, lstm] = both(|arm| record.arms[arm].times.median())?;
    if rnn <= 0.0 {
        return None;
    }
    let ratio = lstm / rnn;
    let (choice, compared) = match ratio {
        ratio if ratio < 1.5 => (0, "less than the four times that the weights would suggest"),
        ratio if ratio < 3.0 => (1, "less than the four times that the weights would suggest"),
        ratio if ratio <= 5.0 => (2, "about what the weights would suggest"),
        _ => (3, "even more than the weights would suggest"),
    };
    let words = format!(
        "A step takes {rnn:.1} ms for the RNN and {lstm:.1} ms for the LSTM on this device, {ratio:.1} times as long: {compared}."
    );
    Some(Answer::new(words, choice, [("ms_per_step_rnn", rnn), ("ms_per_step_lstm", lstm)]))
}

fn good_start(config: &Config, record: &Record) -> Option<Answer> {
    let accuracies @ [rnn, lstm] = accuracies(config, record)?;
    let steps = |arm: usize| {
        let steps = steps_to_learn(&record.arms[arm].accuracy).map(f64::from);
        steps.filter(|_| accuracies[arm] > LEARNED)
    };
    let both = (steps(RNN), steps(LSTM));
    let outcome = match both {
        (Some(rnn), Some(lstm)) if rnn < lstm => {
            format!("the RNN is above 90% after {rnn} steps, the LSTM only after {lstm}")
        }
        (Some(rnn), Some(lstm)) if lstm < rnn => {
            format!("the LSTM is above 90% after {lstm} steps, the RNN only after {rnn}")
        }
        (Some(steps), Some(_)) => format!("both are above 90% after the same {steps} steps"),
        (Some(rnn), None) => format!("the RNN is above 90% after {rnn} steps, the LSTM not at the end"),
        (None, Some(lstm)) => format!("the LSTM is above 90% after {lstm} steps, the RNN not at the end"),
        (None, None) => "neither is above 90% at the end".to_owned(),
    };
    let words = format!(
        "Of {} steps, {outcome}. At the end the accuracy is {} for the RNN and {} for the LSTM.",
        config.steps,
        percent(rnn),
        percent(lstm)
    );
    let numbers = known([
        ("accuracy_rnn", Some(rnn)),
        ("accuracy_lstm", Some(lstm)),
        ("steps_rnn", both.0),
        ("steps_lstm", both.1),
    ]);
    // The order depends on the seed, so the question is only which of the two learn.
    Some(Answer::new(words, who_learned(accuracies), numbers))
}

fn radius_two(config: &Config, record: &Record) -> Option<Answer> {
    let learned = learners(config, record)?;
    let (first, last) = record.arms[RNN].first_gradient(|row| &row.hidden)?;
    if last <= 0.0 {
        return None;
    }
    let ratio = first / last;
    let (choice, outcome) = match ratio {
        ratio if ratio > 1.0 => (2, "the RNN's gradient grew on the backward pass"),
        ratio if ratio > 0.1 => (2, "the RNN's gradient hardly shrank on the backward pass"),
        ratio if ratio >= 1e-6 => (1, "part of the RNN's gradient arrived at the first token"),
        _ => (0, "the RNN's gradient vanished before the first token"),
    };
    let words = format!(
        "At the first step {outcome}: at the first token it was {ratio:.0e} times as large as at the last. {}",
        learned.words
    );
    Some(Answer { words, choice: Some(choice), ..learned })
}
