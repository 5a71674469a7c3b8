//! The guided experiments of section 6, from easy to surprising.

use super::induction::{HeadScores, drop_of};
use super::metrics::{at_temperature, best_temperature, head_words, previous_on_text};
use super::{Config, Record, TEMPERATURES};
use crate::core::guided::{Answer, GuidedExperiment, Prediction};
use crate::keys;

/// The quality of the prediction of the repeats, in the order of [`share_gone`].
const COPIED: &[&str] = &["Hardly at all", "About half of the loss is gone", "Almost perfectly"];

pub(super) const EXPERIMENTS: &[GuidedExperiment<Config, Record>] = &[
    GuidedExperiment {
        slug: "untrained-loss",
        chapter: "training",
        figures: &["loss"],
        question: "An untrained model knows nothing of its 62 characters. What is its loss in nats, compared with ln 62 = 4.13?",
        values: keys!(@pairs Config; layers: "1", d_model: "32", context: "32", steps: "20", warmup: "5", sample_length: "0"),
        trains: true,
        prediction: Prediction::Number { metric: "loss_start" },
        answer: untrained,
        reason: "Equal logits would give exactly ln V, but they differ from the start. Embeddings have length 1 and the head is their transpose, so the logits vary with a standard deviation of about 1. That costs about half a nat, because the mean of exp(z) is exp(1/2) for a standard normal z. The current character’s vector is still in the residual stream, so its own logit is two to three higher. The model therefore expects that character again, which costs about 0.1 nats more. With a head of its own (tied off), no character is preferred and the logits are smaller. The loss then starts 0.1 to 0.2 nats above ln V.",
        source: (
            "Press and Wolf 2017, Using the output embedding to improve language models",
            "https://arxiv.org/abs/1608.05859",
        ),
    },
    GuidedExperiment {
        slug: "beat-bigram",
        chapter: "training",
        figures: &["loss"],
        question: "A bigram table predicts a character from the one before it alone. Does one layer of attention do better after 500 small steps?",
        values: keys!(@pairs Config; layers: "1", d_model: "32", context: "32", steps: "500", warmup: "20", learning_rate: "0.01", sample_length: "0"),
        trains: true,
        prediction: Prediction::Choice(&[
            "It stays above the bigram’s loss",
            "It ends below the bigram’s loss",
        ]),
        answer: beat_bigram,
        reason: "The embedding and the MLP of one position can hold a bigram table. Attention adds the characters before, which a table of pairs cannot have; a table of all triples would have 62 times as many entries.",
        source: (
            "Elhage et al. 2021, A mathematical framework for transformer circuits: zero-layer transformers",
            "https://transformer-circuits.pub/2021/framework/",
        ),
    },
    GuidedExperiment {
        slug: "temperature",
        chapter: "generation",
        figures: &["temperatures"],
        question: "Low temperatures make the text more predictable. At which temperature is the loss on held-out text lowest?",
        values: keys!(@pairs Config; layers: "1", d_model: "32", context: "32", steps: "300", warmup: "20", learning_rate: "0.01", sample_length: "0"),
        trains: true,
        prediction: Prediction::Choice(&["0.5", "0.7", "1", "1.4", "2"]),
        answer: temperature,
        reason: "Training lowers the cross-entropy at temperature 1, so its probabilities are about as certain as they should be: at 0.5 each mistake costs more than the gains are worth, at 2 all probabilities are too even. A lower temperature writes cleaner text, but as a prediction of real text it is worse. A network that has overfitted would want more than 1.",
        source: (
            "Guo et al. 2017, On calibration of modern neural networks",
            "https://arxiv.org/abs/1706.04599",
        ),
    },
    GuidedExperiment {
        slug: "no-mask",
        chapter: "mask",
        figures: &["mask-loss"],
        question: "Without the mask, the training loss falls far below the bigram baseline. What is the loss on a character that the model cannot see?",
        values: keys!(@pairs Config; mask: "none", layers: "2", heads: "2", d_model: "32", context: "32", steps: "400", warmup: "20", learning_rate: "0.01", sample_length: "60"),
        trains: true,
        prediction: Prediction::Choice(&[
            "Also far below the bigram’s loss",
            "Between the bigram’s loss and the uniform loss",
            "Above the uniform loss, ln V",
        ]),
        answer: no_mask,
        reason: "At every position but the last, the target is also an input, one position ahead. Copying it is easy to learn, and then nothing is left to learn from these positions. When the model writes, the next character does not exist yet, so the skill is useless. The causal mask makes training and writing the same task.",
        source: (
            "Vaswani et al. 2017, Attention is all you need, section 3.2.3",
            "https://arxiv.org/abs/1706.03762",
        ),
    },
    GuidedExperiment {
        slug: "no-positions",
        chapter: "training",
        figures: &["loss"],
        question: "Take the positions away. Can the model still do better than a bigram table?",
        values: keys!(@pairs Config; layers: "2", d_model: "32", context: "32", positions: "none", steps: "500", warmup: "20", learning_rate: "0.01", sample_length: "0"),
        trains: true,
        prediction: Prediction::Choice(&[
            "No: without an order it is a bag of characters",
            "Yes: it still ends below the bigram’s loss",
        ]),
        answer: no_positions,
        reason: "Attention alone ignores order, but the causal mask does not: the first position sees one character, the tenth sees ten. From that a layer can tell how far along it is, and the next one can use it. The present character, which the bigram uses, is known without any position.",
        source: (
            "Haviv et al. 2022, Transformer language models without positional encodings still learn positional information",
            "https://arxiv.org/abs/2203.16634",
        ),
    },
    GuidedExperiment {
        slug: "one-layer-copy",
        chapter: "induction-heads",
        figures: &["halves", "induction", "copying"],
        question: "Random tokens, then the same again. How well does a model of one attention layer predict the repeats?",
        values: keys!(@pairs Config; task: "repeat", layers: "1", heads: "2", mlp: "0", tied: "0", context: "24", batch_size: "16", steps: "500", warmup: "50", sample_length: "0"),
        trains: true,
        prediction: Prediction::Choice(COPIED),
        answer: copy,
        reason: "To copy, a query must find the position whose previous token is its own. A key of the first layer knows its own token and its position, not what stood before it, so no single head can look there. It can see which tokens have occurred, and can exclude them in the first block, but not which token comes next. A fixed period would be another matter: then position alone would tell.",
        source: (
            "Elhage et al. 2021, A mathematical framework for transformer circuits",
            "https://transformer-circuits.pub/2021/framework/",
        ),
    },
    GuidedExperiment {
        slug: "two-layer-copy",
        chapter: "induction-heads",
        figures: &["halves", "induction", "copying"],
        question: "Now two layers. Draw the validation loss over the steps: what will its shape be?",
        values: keys!(@pairs Config; task: "repeat", layers: "2", heads: "2", mlp: "0", tied: "0", context: "24", batch_size: "16", steps: "600", warmup: "50", sample_length: "0"),
        trains: true,
        prediction: Prediction::Curve { metric: "loss_val", low: 0.0, high: 4.0 },
        answer: copy_suddenly,
        reason: "Two heads are needed, and neither alone predicts the repeats: one that tells each position the token before, and one that looks for it. So the loss stays on a plateau. Once one of them is there, the other has a gradient, and both grow at once. In large language models the same drop comes early in training, when they begin to learn from their context.",
        source: (
            "Olsson et al. 2022, In-context learning and induction heads",
            "https://arxiv.org/abs/2209.11895",
        ),
    },
    GuidedExperiment {
        slug: "tied-copy",
        chapter: "induction-heads",
        figures: &["halves", "induction", "copying"],
        question: "Tying the head to the embedding saves parameters. Two layers, as many steps as before: do they still learn to copy?",
        values: keys!(@pairs Config; task: "repeat", layers: "2", heads: "2", mlp: "0", context: "24", batch_size: "16", steps: "600", warmup: "50", sample_length: "0"),
        trains: true,
        prediction: Prediction::Choice(COPIED),
        answer: copy,
        reason: "With a tied head the path from embedding to logits is the same matrix twice, so every token votes for itself, and here a token never follows itself. The layers must first undo that, in the same directions in which they would have to match tokens. What saves parameters can cost steps.",
        source: (
            "Elhage et al. 2021, A mathematical framework for transformer circuits: the direct path",
            "https://transformer-circuits.pub/2021/framework/",
        ),
    },
];

fn untrained(_config: &Config, record: &Record) -> Option<Answer> {
    let uniform = record.text.as_ref()?.uniform;
    let start = record.run().validation.first()?.1;
    let words = if (start - uniform).abs() < 0.1 {
        format!("About as much as knowing nothing: {start:.2} nats, and ln V is {uniform:.2}.")
    } else if start > uniform {
        format!(
            "More than knowing nothing: {start:.2} nats, {:.2} above ln V = {uniform:.2}. The untrained model prefers some characters, and is mostly wrong.",
            start - uniform
        )
    } else {
        format!("Less than ln V = {uniform:.2}: {start:.2} nats.")
    };
    Some(Answer::new(words, None, [("loss_start", start), ("baseline_uniform", uniform)]))
}

/// Returns the validation loss of the trained model, the loss of the bigram table, and the words for their difference.
fn against_bigram(record: &Record) -> Option<(f64, f64, String)> {
    let (_, loss) = record.run().trained_loss()?;
    let bigram = record.text.as_ref()?.bigram;
    let side = if loss < bigram { "below" } else { "above" };
    Some((loss, bigram, format!("{:.3} {side} the bigram’s {bigram:.3}", (loss - bigram).abs())))
}

fn beat_bigram(config: &Config, record: &Record) -> Option<Answer> {
    let (loss, bigram, difference) = against_bigram(record)?;
    let below = loss < bigram;
    let words = format!(
        "{} After {} steps its validation loss is {loss:.3} nats, {difference}.",
        if below { "Yes." } else { "Not yet." },
        config.steps,
    );
    Some(Answer::new(words, usize::from(below), [("loss_val", loss), ("baseline_bigram", bigram)]))
}

fn no_positions(config: &Config, record: &Record) -> Option<Answer> {
    let (loss, bigram, difference) = against_bigram(record)?;
    let (below, (_, previous)) = (loss < bigram, previous_on_text(record)?);
    let words = format!(
        "{}: {loss:.3} nats after {} steps, {difference}. The best head gives {previous:.2} of its attention to the character before, though nothing told it where that is.",
        if below { "Yes" } else { "No" },
        config.steps,
    );
    let numbers = [("loss_val", loss), ("baseline_bigram", bigram), ("previous_score", previous.into())];
    Some(Answer::new(words, usize::from(below), numbers))
}

fn no_mask(config: &Config, record: &Record) -> Option<Answer> {
    let run = record.run();
    let text = record.text.as_ref()?;
    let (uniform, bigram) = (text.uniform, text.bigram);
    let (step, last) = run.last_character.last().copied()?;
    if step < f64::from(config.steps) {
        return None;
    }
    let (training, validation) = (run.losses.recent_mean(20)?, run.validation.last_y()?);
    let (choice, verdict) = if last < bigram {
        (0, "It can also predict what it does not see")
    } else if last <= uniform {
        (1, "It predicts badly what it cannot see")
    } else {
        (2, "It predicts what it cannot see worse than equal probabilities would")
    };
    let words = format!(
        "{verdict}. After {} steps the training loss is {training:.3} nats and the validation loss {validation:.3}, where the bigram’s is {bigram:.3}. On the last character of each window, which is not among the inputs, the loss is {last:.3}; ln V is {uniform:.3}.",
        config.steps
    );
    let numbers = [("loss_train", training), ("loss_val", validation), ("loss_last", last)];
    Some(Answer::new(words, choice, numbers))
}

fn temperature(config: &Config, record: &Record) -> Option<Answer> {
    let run = record.run();
    // The losses before the end of training do not answer the question.
    if run.losses.len() < config.steps as usize {
        return None;
    }
    let losses = &run.temperatures;
    let best = best_temperature(losses)?;
    let at = |temperature: f32| at_temperature(losses, temperature);
    let (cold, plain, hot) = (at(0.5)?, at(1.0)?, at(2.0)?);
    let lowest = losses.iter().copied().fold(f32::INFINITY, f32::min);
    let choice = TEMPERATURES.iter().zip(losses).position(|(_, &loss)| loss == lowest);
    let verdict = if best == 1.0 {
        "At 1, where it was trained"
    } else if best < 1.0 {
        "Below 1: so far the model is less certain than it could be"
    } else {
        "Above 1: the model is more certain than it should be"
    };
    let words = format!(
        "{verdict}. The lowest loss is {lowest:.3} nats at temperature {best}; it is {cold:.3} at 0.5, {plain:.3} at 1 and {hot:.3} at 2."
    );
    Some(Answer::new(words, choice, [("best_temperature", best), ("loss_cold", cold), ("loss_hot", hot)]))
}

/// Returns the index in [`COPIED`] for the decrease of the loss on the repeats.
fn share_gone(start: f64, second: f64) -> usize {
    match 1.0 - second / start.max(1e-9) {
        gone if gone < 0.25 => 0,
        gone if gone < 0.75 => 1,
        _ => 2,
    }
}

fn copy(config: &Config, record: &Record) -> Option<Answer> {
    let run = record.run();
    let last = run.induction.last().filter(|last| last.step >= config.steps)?;
    let start = run.curves.second.first()?.1;
    let head = run.best_head()?;
    let (first, second) = (f64::from(last.first), f64::from(last.second));
    let choice = share_gone(start, second);
    let verdict = ["Hardly at all", "In part", "Almost perfectly"].get(choice).copied().unwrap_or_default();
    let HeadScores { prefix, copying, .. } = head;
    let heads = if head.is_induction_head() {
        format!(
            "{} has become an induction head: its prefix-matching score is {prefix:.2} and its copying score {copying:.2}",
            head_words(config, head.head)
        )
    } else {
        format!(
            "No head is an induction head: the highest prefix-matching score is {prefix:.2}, and that head’s copying score is {copying:.2}"
        )
    };
    let words = format!(
        "{verdict}. After {} steps the loss is {second:.2} nats in the repeats, where it was {start:.2} at first, and {first:.2} in the first block. {heads}.",
        last.step
    );
    let numbers = [
        ("loss_second", second),
        ("loss_first", first),
        ("induction_score", prefix),
        ("copying_score", copying),
    ];
    Some(Answer::new(words, choice, numbers))
}

fn copy_suddenly(config: &Config, record: &Record) -> Option<Answer> {
    let run = record.run();
    let last = run.induction.last().filter(|last| last.step >= config.steps)?;
    let HeadScores { head, prefix, copying } = run.best_head()?;
    let second = f64::from(last.second);
    let mut numbers = vec![("loss_second", second), ("induction_score", prefix), ("copying_score", copying)];
    let words = match drop_of(&run.curves.second) {
        Some((step, took)) => {
            numbers.push(("drop_step", step));
            format!(
                "A plateau, then a cliff. The loss on the repeats is halved at step {step}, and the way from 90% to 50% took {took} of the {} steps. It ends at {second:.2} nats. The prefix-matching score of {} is {prefix:.2}, and its copying score {copying:.2}.",
                config.steps,
                head_words(config, head)
            )
        }
        None => format!(
            "No cliff in {} steps: the loss on the repeats is still {second:.2} nats, and the highest prefix-matching score is {prefix:.2}. Try more steps or another seed.",
            config.steps
        ),
    };
    Some(Answer::new(words, None, numbers))
}
